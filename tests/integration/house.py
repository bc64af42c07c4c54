# SPDX-License-Identifier: EUPL-1.2
"""A real broker with honest work going on beside the hostile, and the cases of a file run against it.

House      a broker in a folder of its own, its log, its registry, its numbers
run_cases  each case in turn; after each the broker is up and the honest are served, and at the end
           everything accepted has arrived and the sums are right
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

from basics import SLOW, check, run_until, wait_for
from honest import Honest
from hostile import ACCEPTED, Hostile
from world import World

CASE_S = 30


class House(World):
    """World with a log that can be searched, more configuration, and agencies by the dozen."""

    def __init__(self, bin_folder, extra=""):
        super().__init__(bin_folder)
        self.made = 0
        self.secrets = {}
        self.ends = []  # what a test started beside the broker, to be stopped before it
        with open(self.path("lienthongd.yaml"), "a", encoding="utf-8") as file:
            file.write(extra)

    def start(self):
        super().start()
        wait_for(lambda: self.tool("status").returncode == 0, 20, "the broker answers")
        return self

    def agency(self, agency=None, kind="commune"):
        """A new agency with a key of its own; its id."""
        if agency is None:
            self.made += 1
            agency = "H24.66%03d" % self.made
        self.secret(agency, "Đơn vị thử " + agency, kind, "00001")
        return agency

    def secret(self, agency, name, kind, locality):
        """The secret key of a new agency, kept too."""
        self.secrets[agency] = self.agency_add(agency, name, kind, locality)
        return self.secrets[agency]

    def hostile(self, agency=None, **more):
        """A connected client of an agency (a new one unless named), with its session open."""
        agency = agency or self.agency()
        client = Hostile(self.endpoint, self.server_public, self.secrets[agency], **more).connect()
        run_until([client], lambda: client.session, 10, "a session for " + agency)
        return client

    def close(self, keep=False):
        for end in self.ends:
            end()
        super().close(keep)

    # ---- the operator's tool ----

    def tool(self, *arguments, key="operator.key"):
        """ltctl with its exit code, whatever it is."""
        return subprocess.run(
            [os.path.join(self.bin, "ltctl"), "--endpoint", self.endpoint, "--lang", "en",
             "--server-key", self.path("broker.pub"), "--key", self.path(key), *arguments],
            capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.folder})

    def rows(self, *arguments):
        return json.loads(self.ltctl(*arguments, "--json"))

    def status(self):
        return self.rows("status")[0]

    def accepted(self):
        return int(self.status()["accepted"])

    # ---- the log and the process ----

    def mark(self):
        return os.path.getsize(self.path("broker.log"))

    def log_from(self, mark):
        with open(self.path("broker.log"), "rb") as log:
            log.seek(mark)
            return log.read().decode("utf-8", "replace")

    def log_wait(self, mark, pattern, seconds=10):
        """The first line since the mark that matches."""
        def look():
            return re.search("^.*(?:%s).*$" % pattern, self.log_from(mark), re.M)
        return wait_for(look, seconds, "log line /%s/" % pattern).group(0)

    def proc(self, name):
        with open("/proc/%d/%s" % (self.process.pid, name), encoding="utf-8") as file:
            return file.read()

    def memory_kib(self):
        """Its own memory, without the pages of the stores."""
        return int(re.search(r"RssAnon:\s+(\d+)", self.proc("status")).group(1))

    def cpu_s(self):
        fields = self.proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def alive(self):
        return self.process.poll() is None

    def wait_end(self, seconds=15):
        return self.process.wait(seconds)


# ---- running ------------------------------------------------------------------------------------

class TooLong(Exception):
    pass


def on_alarm(_number, _frame):
    raise TooLong("the case took longer than it may")


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bin", required=True, help="folder of lienthongd, ltctl and lt-adapter")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    parser.add_argument("cases", nargs="*", help="only these")
    return parser.parse_args()


class Case(unittest.TestCase):
    """One function against the house; it must not hang."""

    def __init__(self, house, function, case_s):
        super().__init__("hold")
        self.house, self.function, self.case_s = house, function, case_s

    def __str__(self):
        return self.function.__name__

    def hold(self):
        begin = time.monotonic()
        signal.signal(signal.SIGALRM, on_alarm)
        signal.alarm(int(self.case_s * SLOW))
        try:
            self.function(self.house)
            check(self.house.alive(), "the broker is up")
            if self.function is not afterwards:
                self.house.honest.served()
        finally:
            signal.alarm(0)
        print("%.1f s " % (time.monotonic() - begin), end="", file=sys.stderr)


def afterwards(house):
    """Nothing accepted is lost: all of it has arrived, and the sum counted twice is the same."""
    house.honest.finish(ACCEPTED)
    total = house.rows("conservation")[-1]
    check(int(total["difference"]) == 0, "the conservation sum: %s" % total)


def run_cases(cases, description="", extra="", case_s=CASE_S):
    """All cases of a file against one house, beside honest work."""
    given = arguments(description)
    chosen = [c for c in cases if not given.cases or c.__name__ in given.cases]
    house = House(given.bin, extra)
    try:
        house.start()
        house.honest = Honest(house)
        house.honest.start()
        house.honest.served()
        suite = unittest.TestSuite(Case(house, c, case_s) for c in chosen + [afterwards])
        good = unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful()
        if not good:
            print(house.log_from(0)[-6000:], file=sys.stderr)
    finally:
        house.close(given.keep)
    if given.keep:
        print(house.folder)
    sys.exit(0 if good else 1)
