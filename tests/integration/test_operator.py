#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What operators get wrong: a typo, a code twice, a second broker, a reload; told with file and line."""
import os
import re
import signal
import subprocess

from adapter import Adapter
from basics import SLOW, check, wait_for
from house import run_cases
from world import free_port


def lienthongd(house, *arguments):
    return subprocess.run([os.path.join(house.bin, "lienthongd"), *arguments], text=True,
                          capture_output=True, timeout=60 * SLOW, check=False,
                          stdin=subprocess.DEVNULL)


def written(house, name, text):
    with open(os.open(house.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
              encoding="utf-8") as file:
        file.write(text)
    return house.path(name)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def line_of(text, found):
    return text[:text.index(found)].count("\n") + 1


def placed(said, line, told):
    """The line is named; what is no YAML at all may show only at the next one."""
    return any("typo.yaml:%d:" % n in said for n in range(line, line + 1 + (told == "YAML")))


BROKER_TYPOS = (  # what stands there, what is written instead, what the answer must name
    ("log_level:", "log_levl:", "log_levl", "log_level"),
    ("log_level: info", "log_level: loud", "log_level", "debug, info, warn, error"),
    ("log_level: info", "attempts_max: many", "attempts_max", "many"),
    ("log_level: info", "attempts_max: -1", "attempts_max", "-1"),
    ("role: registrar", "role: boss", "role", "registrar"),
    ("blob_listen: tcp://127", "blob_listen: udp://127", "blob_listen", "udp://127"),
    ("  - name: truc-ban-1", " - name truc-ban-1", "", "YAML"),
    ("listen: [\"tcp", "listen: [\"\ttcp", "listen", ""),
)

ADAPTER_TYPOS = (
    ("{listen:", "{lisen:", "drivers.http.lisen", "listen"),
    ("    token:", "    tokn:", "agencies[1].tokn", "token"),
    ("language: en", "language: fr", "language", "vi, en"),
    ("agencies:", "agencies", "", "YAML"),
    ("  - id: ", "  - id: x-", "agencies[1].id", "0-9A-Z"),
    ("127.0.0.1:", "0.0.0.0:", "drivers.http.listen", "tls_cert"),
    ("endpoint: tcp://", "endpoint: http://", "endpoint", "tcp://"),
)


# ---- the cases ----------------------------------------------------------------------------------

def broker_typos(house):
    """lienthongd --check, and a start, name file, line and key, and exit 78."""
    good = read(house.path("lienthongd.yaml"))
    check(lienthongd(house, "--check", house.path("lienthongd.yaml")).returncode == 0, "the good one")
    for right, wrong, field, told in BROKER_TYPOS:
        check(right in good, right)
        text = good.replace(right, wrong, 1)
        path = written(house, "typo.yaml", text)
        for arguments in (("--check", path), ("--config", path)):
            done = lienthongd(house, *arguments)
            said = done.stdout + done.stderr
            check(done.returncode == 78, "%s: exit %d\n%s" % (wrong, done.returncode, said))
            check(placed(said, line_of(text, wrong.strip()), told), "%s: %s" % (wrong, said))
            check(field in said and told in said, "%s: %s" % (wrong, said))
            check("lienthongd: :" not in said, "no empty place: " + said)
    done = lienthongd(house, "--check", house.path("nowhere.yaml"))
    check(done.returncode == 64 and "nowhere.yaml" in done.stderr, done.stderr)


def readable_secret(house):
    """A secret key that others may read is no secret."""
    house.key_make("open")
    os.chmod(house.path("open.key"), 0o644)
    text = read(house.path("lienthongd.yaml"))
    path = written(house, "open.yaml", re.sub("secret_key: .*", "secret_key: " +
                                              house.path("open.key"), text))
    done = lienthongd(house, "--config", path)
    check(done.returncode == 78 and "open.key" in done.stderr and "0600" in done.stderr, done.stderr)


def adapter_typos(house):
    """lt-adapter check and run name file, line and key, say what to mend, and exit 2."""
    adapter = Adapter(house, [house.agency()], "good")
    good = read(adapter.config)
    for right, wrong, field, told in ADAPTER_TYPOS:
        check(right in good, right)
        at = good.index(right, good.index("drivers") if right == "127.0.0.1:" else 0)
        text = good[:at] + wrong + good[at + len(right):]
        written(house, "typo.yaml", text)
        for verb in ("check", "run"):
            done = adapter.command(verb, "-c", house.path("typo.yaml"), "--lang", "en")
            said = done.stdout + done.stderr
            check(done.returncode == 2, "%s %s: exit %d\n%s" % (verb, wrong, done.returncode, said))
            check(placed(said, text[:at].count("\n") + 1, told), "%s: %s" % (wrong, said))
            check(field in said and told in said and "mend:" in said, "%s: %s" % (wrong, said))
            check(": :" not in said, "no empty place: " + said)
    done = adapter.command("check", "-c", adapter.config, "--lang", "en")
    check("[failed]" not in done.stdout, "the good one: " + done.stdout)
    os.chmod(adapter.config, 0o644)  # a token stands in it
    done = adapter.command("check", "-c", adapter.config, "--lang", "en")
    os.chmod(adapter.config, 0o600)
    said = done.stdout + done.stderr
    check(done.returncode == 2 and "chmod" in said and "0600" in said.split("mend:")[-1],
          "a secret that others read: what to do is the mode: " + said)


def code_twice(house):
    """A list of agencies with a code twice: both lines are named and nothing of it is taken."""
    keys = ["%064x" % (i + 1) for i in range(3)]
    rows = ["id,name,kind,locality,public_key,contact"] + [
        "H24.88%03d,Xã %d,commune,0000%d,%s," % (i, i, i, keys[i]) for i in range(3)]
    before = len(house.rows("agencies"))
    for wrong, line, told in (
            (rows + [rows[2].replace(keys[1], "9" * 64)], 5, "line 3"),
            (rows + [rows[2].replace("88001", "88009")], 5, "line 3"),
            (rows[:2] + [rows[2].replace("commune", "communne")], 3, "communne"),
            (rows[:2] + [rows[2].replace("88001", "h-1")], 3, "h-1"),
            (rows[:2] + [rows[2].rsplit(",", 2)[0]], 3, ""),
            ([rows[0].replace("kind", "kidn")] + rows[1:], 1, "kidn"),
            (rows + ["H24.88004,\"Xã,commune"], 5, "")):
        done = house.tool("registry", "import", written(house, "list.csv", "\n".join(wrong) + "\n"))
        said = done.stdout + done.stderr
        check(done.returncode == 1 and "list.csv" in said and "line %d" % line in said
              and told in said, "exit %d: %s" % (done.returncode, said))
        check("othing was imported" in said, said)
    check(len(house.rows("agencies")) == before, "nothing of it was taken")
    done = house.tool("registry", "import", written(house, "list.csv", "\n".join(rows) + "\n"))
    check(done.returncode == 0 and len(house.rows("agencies")) == before + 3, done.stderr)


def second_broker(house):
    """Another broker on the same folder goes away at once and says who holds it."""
    text = read(house.path("lienthongd.yaml"))
    for endpoint in (house.endpoint, house.blob_endpoint):
        text = text.replace(endpoint, "tcp://127.0.0.1:%d" % free_port())
    done = lienthongd(house, "--config", written(house, "second.yaml", text))
    check(done.returncode == 73, "exit %d: %s" % (done.returncode, done.stderr))
    check(str(house.process.pid) in done.stderr, "who holds it: " + done.stderr)
    check(house.path("data") in done.stderr, "which folder: " + done.stderr)
    same = lienthongd(house, "--config", house.path("lienthongd.yaml"))
    check(same.returncode == 73 and str(house.process.pid) in same.stderr, same.stderr)


def port_in_use(house):
    """A broker with a folder of its own on a port that is taken: the address is named."""
    os.mkdir(house.path("data-3"), 0o700)
    text = read(house.path("lienthongd.yaml")).replace(house.path("data"), house.path("data-3"))
    done = lienthongd(house, "--config", written(house, "third.yaml", text))
    check(done.returncode == 78 and house.endpoint in done.stderr
          and "another process listens there" in done.stderr, done.stderr)


def reload_refused(house):
    """SIGHUP with a broken file, or with what needs a restart: refused by name, the old stays."""
    path = house.path("lienthongd.yaml")
    good = read(path)
    second = house.key_make("operator-2")[0].hex()
    try:
        for wrong, told in ((good.replace("role: registrar", "role: boss"), "line=%d" % line_of(good, "role: reg")),
                            (good + "log_levl: debug\n", "did you mean"),
                            (good.replace("operators:", "operators"), "not YAML"),
                            ("", "empty"),
                            (good.replace("data:", "# data:"), "data"),
                            (re.sub("blob_listen: .*", "blob_listen: tcp://127.0.0.1:1", good),
                             "field=blob_listen")):
            mark = house.mark()
            written(house, "lienthongd.yaml", wrong)
            house.process.send_signal(signal.SIGHUP)
            line = house.log_wait(mark, "reload-refused")
            check(told in line, "%s: %s" % (told, line))
            check(house.tool("status").returncode == 0, "the old operators are known")
            check(not re.search(" reloaded ", house.log_from(mark)), "nothing was taken over")
        mark = house.mark()
        check(house.tool("status", key="operator-2.key").returncode != 0, "not an operator yet")
        written(house, "lienthongd.yaml", good.replace(
            "operators:\n", "operators:\n  - name: truc-ban-2\n    public_key: %s\n"
            "    role: viewer\n" % second))
        house.process.send_signal(signal.SIGHUP)
        house.log_wait(mark, "reloaded operators=2")
        wait_for(lambda: house.tool("status", key="operator-2.key").returncode == 0, 10,
                 "the second operator is let in")
    finally:
        written(house, "lienthongd.yaml", good)
        house.process.send_signal(signal.SIGHUP)


def agency_gates(house):
    """A ping goes through a real adapter and back; a gate is turned, seen, and opened again."""
    agency = house.agency()
    silent = house.tool("ping", agency)
    check(silent.returncode == 5 and "not connected" in silent.stdout, silent.stdout)
    with Adapter(house, [agency], "pinged"):
        # Nobody takes questions at this adapter's door: it says so itself, which is a finding.
        answer = house.tool("ping", agency)
        check(answer.returncode == 5 and "only the adapter" in answer.stdout, answer.stdout)
        house.ltctl("agency", "pause", agency, "--reason", "service")
        check(house.rows("agency", "show", agency)[0]["paused"], "paused in its entry")
    house.ltctl("agency", "open", agency, "--reason", "service is over")
    check(not house.rows("agency", "show", agency)[0]["paused"], "open again")


if __name__ == "__main__":
    run_cases([agency_gates, broker_typos, readable_secret, adapter_typos, code_twice, second_broker, port_in_use,
               reload_refused], __doc__)
