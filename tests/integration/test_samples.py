#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The integrators' samples as they stand, against a real adapter: each hands over, is told, takes once."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

from adapter import Adapter
from basics import SLOW, check, wait_for
from house import run_cases
from names import PROCEDURE

SAMPLES = os.path.join(os.path.dirname(__file__), "..", "..", "adapters", "samples")
PROCEDURE_SHORT = "1.001193"
LINES_MAX = 100


def town(house):
    """A commune and a department on one adapter, and a route between them."""
    if not hasattr(house, "town"):
        one, two = house.agency(), house.agency(kind="department")
        house.ltctl("route", "add", "--procedure", PROCEDURE_SHORT, "--to", two)
        house.town = Adapter(house, [one, two]).start()
        house.ends.append(house.town.stop)
        with open(house.path("đơn.pdf"), "wb") as file:
            file.write(os.urandom(200000))
    return (house.town, *house.town.agencies)


def run(adapter, agency, *command, **environment):
    return subprocess.run(command, capture_output=True, text=True, check=False,
                          timeout=25 * SLOW, stdin=subprocess.DEVNULL,
                          env={**os.environ, "LT_URL": "http://127.0.0.1:%d" % adapter.port,
                               "LT_TOKEN": adapter.tokens[agency], "LC_ALL": "C.UTF-8",
                               "PYTHONUTF8": "1", **environment})


def receive(house, adapter, agency, **environment):
    """receive.py, once; its words and what stands in its database."""
    done = run(adapter, agency, sys.executable, os.path.join(SAMPLES, "python", "receive.py"),
               house.path("received.db"), "--once", **environment)
    check(done.returncode == 0, done.stderr)
    with sqlite3.connect(house.path("received.db")) as database:
        rows = database.execute("SELECT case_code, sender, body FROM deliveries").fetchall()
    return done.stdout, rows


def send(house, adapter, agency, case, **environment):
    return run(adapter, agency, sys.executable, os.path.join(SAMPLES, "python", "send_case.py"),
               case, PROCEDURE, house.path("đơn.pdf"), **{"LT_FOLLOW_S": "0", **environment})


# ---- the cases ----------------------------------------------------------------------------------

def short_enough(_house):
    """A page of code is what an integrator reads."""
    for folder, _, names in os.walk(SAMPLES):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                count = len(file.readlines())
            check(count <= LINES_MAX, "%s has %d lines" % (name, count))


def python_both_ways(house):
    """send_case.py hands over, receive.py takes it and its page, the feed tells; again is the same."""
    adapter, sender, receiver = town(house)
    done = send(house, adapter, sender, "SAMPLE-PY")
    check(done.returncode == 0 and "trục đã nhận" in done.stdout, done.stdout + done.stderr)
    out, rows = receive(house, adapter, receiver)
    check("đã nhận forward SAMPLE-PY" in out, out)
    check([r[:2] for r in rows] == [("SAMPLE-PY", sender)], rows)
    check(json.loads(rows[0][2])["note"], "the body came with it")
    files = os.listdir(house.path("received.db.files"))
    with open(os.path.join(house.path("received.db.files"), files[0]), "rb") as got, \
            open(house.path("đơn.pdf"), "rb") as put:
        check(got.read() == put.read(), "the page came whole")
    again = send(house, adapter, sender, "SAMPLE-PY", LT_FOLLOW_S="10")
    check(again.returncode == 0 and "đã có từ trước" in again.stdout, again.stdout + again.stderr)
    check("taken " + receiver in again.stdout, "the outcome is told: " + again.stdout)


def python_refusals(house):
    """What the receiver does not handle comes back as refused; what the door refuses is explained."""
    adapter, sender, receiver = town(house)
    check(send(house, adapter, sender, "SAMPLE-NO").returncode == 0, "handed over")
    out, rows = receive(house, adapter, receiver, LT_PROCEDURES="9.000001")
    check("từ chối SAMPLE-NO" in out and len(rows) == 1, out)
    again = send(house, adapter, sender, "SAMPLE-NO", LT_FOLLOW_S="10")
    check("refused " + receiver in again.stdout and "không giải quyết" in again.stdout,
          again.stdout + again.stderr)
    wrong = send(house, adapter, sender, "SAMPLE-LONG" + "x" * 42)
    check(wrong.returncode != 0 and "case_code" in wrong.stderr, wrong.stderr)
    stranger = send(house, adapter, sender, "SAMPLE-TOKEN", LT_TOKEN="x" * 32)
    check(stranger.returncode != 0 and stranger.stderr, stranger.stdout)


def java(house):
    """SendCase.java, compiled for Java 8: handed over, taken, and the same again."""
    adapter, sender, receiver = town(house)
    check(shutil.which("javac"), "javac is needed: default-jdk-headless")
    made = subprocess.run(["javac", "--release", "8", "-encoding", "UTF-8", "-Xlint:-options",
                           "-Werror", "-d", house.path("java"),
                           os.path.join(SAMPLES, "java", "SendCase.java")],
                          capture_output=True, text=True, check=False, timeout=30 * SLOW)
    check(made.returncode == 0, made.stdout + made.stderr)
    command = ("java", "-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8", "-cp",
               house.path("java"), "SendCase", "SAMPLE-JAVA", PROCEDURE, house.path("đơn.pdf"))
    first = run(adapter, sender, *command)
    check(first.returncode == 0 and first.stdout.startswith("201 "), first.stdout + first.stderr)
    id_ = json.loads(first.stdout[4:])["id"]
    _, rows = receive(house, adapter, receiver)
    check(("SAMPLE-JAVA", sender) in [r[:2] for r in rows], rows)
    again = run(adapter, sender, *command)
    check(again.stdout.startswith("200 ") and json.loads(again.stdout[4:])["id"] == id_,
          again.stdout + again.stderr)
    wait_for(lambda: house.rows("case", "SAMPLE-JAVA")[0]["state"] == "taken", 10, "taken")
    check(len(house.rows("case", "SAMPLE-JAVA")) == 1, "one transfer")


def adapter_comes_later(house):
    """The sample waits for an adapter that is not there yet, and hands over when it is."""
    adapter, sender, receiver = town(house)
    adapter.stop()
    waiting = subprocess.Popen(
        [sys.executable, os.path.join(SAMPLES, "python", "send_case.py"), "SAMPLE-LATE", PROCEDURE],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "LT_URL": "http://127.0.0.1:%d" % adapter.port, "LT_FOLLOW_S": "0",
             "LT_TOKEN": adapter.tokens[sender], "PYTHONUTF8": "1"})
    try:
        time.sleep(SLOW)  # it has knocked in vain by now
        adapter.start()
        out, err = waiting.communicate(timeout=20 * SLOW)
        check(waiting.returncode == 0 and "trục đã nhận" in out, out + err)
    finally:
        if waiting.poll() is None:
            waiting.kill()
            waiting.wait()
    check("SAMPLE-LATE" in receive(house, adapter, receiver)[0], "it arrived")


if __name__ == "__main__":
    run_cases([short_enough, python_both_ways, python_refusals, java, adapter_comes_later], __doc__)
