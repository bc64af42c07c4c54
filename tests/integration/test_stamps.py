#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Time-stamps on the log with real processes: the authority is away before the first token ever, then
answers with a stranger's token, then as it should. Transfers go on all the time; what is missing shows
in alarms, status and metrics; the token that is taken is proven by `ltctl evidence` and lt-verify.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import uuid

import ltp_pb2
from basics import SLOW, check, wait_for
from house import House, arguments
from test_evidence import (COMMUNE, DEPARTMENT, MORE, Bench, CASE, Stage, outcomes, shell, write)
from tsa import Authority
from world import free_port


class Stamps(unittest.TestCase):
    def setUp(self):
        self.house = House(GIVEN.bin)
        self.addCleanup(self.house.close, GIVEN.keep)
        self.authority = Authority(self.house.path("tsa"), free_port())
        self.house.ends.append(self.authority.end)
        self.stage = Stage(self.house)
        self.configure("timestamp_url: %s\ntimestamp_trust: %s\ntimestamp_hours: 1\n"
                       % (self.authority.url(), self.authority.root()))
        self.house.start()
        self.stage.open()
        for client in self.stage.both():
            self.house.ends.append(client.close)
        self.sent, self.transfers, self.first = 0, 0, None

    def configure(self, words):
        path = self.house.path("lienthongd.yaml")
        with open(path, encoding="utf-8") as file:
            kept = file.read().split("# of the test\n")[0]
        with open(path, "w", encoding="utf-8") as file:
            file.write(kept + "# of the test\n" + MORE.format(folder=self.house.folder) + words)

    def reload(self, wanted="reloaded"):
        mark = self.house.mark()
        self.house.process.send_signal(signal.SIGHUP)
        return self.house.log_wait(mark, wanted)

    def send(self):
        self.sent += 1
        self.transfers += self.sent + 1
        ids = self.stage.send(COMMUNE, DEPARTMENT, ltp_pb2.FORWARD,
                        [b'{"chu_ho_so": "NGUYEN VAN THU NGHIEM"}'] * (self.sent + 1))
        self.first = self.first or ids[0]

    def alarm(self):
        rows = json.loads(self.house.tool("alarms", "--json").stdout)
        return [row for row in rows if row["what"] == "timestamp"]

    def tokens(self):
        folder = self.house.path("data/log/timestamps")
        return sorted(name for name in os.listdir(folder) if name.endswith(".tsr"))

    def metric(self, name):
        rows = [row for row in self.house.rows("metrics") if row.get("name") == name]
        return int(rows[0]["value"]) if rows else None

    def test_life(self):
        house = self.house
        # Away before the first token ever: an alarm, and transfers go on. An empty log needs none.
        check(not self.alarm(), "nothing to be stamped")
        self.send()
        alarm = wait_for(self.alarm, 20, "the authority is away")[0]
        check((alarm["why"], self.tokens()) == ("no-answer", []), alarm)
        check(int(house.status()["stamp_failures"]) >= 1, "in status")
        check(self.metric("timestamp_late") == 1 and self.metric("timestamp_size") == 0, "metrics")
        self.send()
        check(self.tokens() == [], "nothing is kept")

        # A token by somebody whom nobody trusts: refused by name, not kept.
        self.authority.signer = "tsa-khac"
        self.authority.begin()
        self.reload()
        wait_for(lambda: [a for a in self.alarm() if a["why"] == "chain"], 30, "a stranger's token")
        check(self.tokens() == [], "it is not kept")
        self.send()

        # A list that does not read, an address that is none: the reload is refused, by name.
        self.configure("timestamp_url: ftp://127.0.0.1/tsa\ntimestamp_trust: /nowhere/tsa.pem\n")
        check("timestamp_url" in self.reload("reload-refused"), "the address is named")
        self.configure("timestamp_url: %s\ntimestamp_trust: /nowhere/tsa.pem\n"
                       % self.authority.url())
        check("/nowhere/tsa.pem" in self.reload("reload-refused"), "the list is named")
        check(self.alarm(), "what was wanted before is wanted still")

        # As it should be: one token covers all of it, and the alarm is over.
        self.authority.signer = "tsa"
        self.configure("timestamp_url: %s\ntimestamp_trust: %s\ntimestamp_hours: 1\n"
                       % (self.authority.url(), self.authority.root()))
        self.reload()
        wait_for(self.tokens, 30, "a token")
        wait_for(lambda: not self.alarm(), 10, "no alarm any more")
        check(int(house.status()["stamped_size"]) > 0, "in status")
        check(self.metric("timestamp_late") == 0, "in metrics")
        self.evidence()

        # Started again: what is stamped is not asked for again.
        asked = self.authority.asked
        house.process.terminate()
        check(house.wait_end(30) == 0, "an orderly end")
        house.start()
        check(int(house.status()["stamped_size"]) > 0, "it is known")
        check(self.authority.asked == asked and len(self.tokens()) == 1, "not asked for again")
        self.another_key()

    def judged(self, bench):
        return subprocess.run([os.path.join(GIVEN.bin, "lt-verify"), bench.gather("case.tar", CASE),
                               "--json", "--trust", bench.trust], capture_output=True, text=True,
                              timeout=60 * SLOW, check=False)

    def another_key(self):
        """The log has gone over to another key: the stamp of before is still evidence, for those who
        know both keys; by openssl, too."""
        house, second = self.house, self.house.path("log-2.key")
        words = "timestamp_url: %s\ntimestamp_trust: %s\n" % (self.authority.url(),
                                                             self.authority.root())
        for more in ("log_signing_key_next: %s\n", "log_signing_key: %s\n"):
            house.process.terminate()
            check(house.wait_end(30) == 0, "an orderly end")
            self.configure(words + more % second)
            house.start()
        bench = Bench(house, self.stage, GIVEN.bin)
        with open(self.authority.root(), "rb") as file:
            write(bench.trust + "/tsa.pem", file.read())
        path = bench.gather("after.tar", CASE)
        findings = bench.verify(path, 2, "--trust", bench.trust)
        check([(f["check"], f["why"]) for f in findings if f["result"] != "proven"
               and f["check"] == "timestamp"] == [("timestamp", "no-trust")], findings)
        keys = subprocess.run(["tar", "-xOf", path, "authorities/axis.vkey"], capture_output=True,
                              check=True).stdout
        check(keys.count(b"\n") == 2, keys)
        write(bench.trust + "/axis.vkey", keys)
        bench.verify(path, 0, "--trust", bench.trust)
        for name, key in (("now.pem", second), ("then.pem", house.path("data/log.key"))):
            made = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out",
                                   bench.path(name)], check=False, capture_output=True)
            check(made.returncode == 0, made.stderr)
        with open(self.authority.root(), "rb") as file:
            write(bench.path("goc.crt"), file.read())
        path = bench.gather("one.tar", str(uuid.UUID(bytes=self.first)))
        for axis, good in (("now.pem then.pem", True), ("now.pem", False), ("", True)):
            folder = tempfile.mkdtemp(dir=bench.folder)
            check(shell(folder, 'tar -xf "$1"', path).returncode == 0, "any tar unpacks it")
            script = shell(folder, "sed -n 's/^    //p' README.txt").stdout
            done = shell(folder, script, TSA=bench.path("goc.crt"),
                         AGENCIES=bench.trust + "/agencies.pem",
                         AXIS=" ".join(bench.path(name) for name in axis.split()))
            check((done.returncode == 0) == good, "%s: %s%s" % (axis, done.stdout, done.stderr))

    def evidence(self):
        """The token is in the archive and holds; with another authority's root it proves nothing."""
        bench = Bench(self.house, self.stage, GIVEN.bin)
        with open(self.authority.root(), "rb") as file:
            write(bench.trust + "/tsa.pem", file.read())

        wait_for(lambda: self.judged(bench).returncode == 0, 20, "all of it is proven")
        findings = json.loads(self.judged(bench).stdout)["findings"]
        check([f["result"] for f in findings if f["check"] == "timestamp"] == ["proven"], findings)
        check(outcomes(findings) == self.transfers, "every outcome")
        with open(self.authority.path("goc-khac.crt"), "rb") as file:
            write(bench.trust + "/tsa.pem", file.read())
        findings = bench.verify(bench.path("case.tar"), 2, "--trust", bench.trust)
        check({f["why"] for f in findings if f["check"] == "timestamp"} == {"chain"}, findings)


GIVEN = arguments(__doc__)

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, defaultTest="Stamps")
