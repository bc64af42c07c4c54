#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The log goes over to another key while adapters work: for a time both sign, the old key leads to the
new one, and adapters follow by that rule alone. One that slept through all of it refuses, loudly. The
log verifies by the new key from its first checkpoint on. A key that comes without that time does not
start the broker, unless a restore is declared.
"""
import os
import subprocess
import sys
import unittest

from adapter import Adapter
from basics import check, wait_for
from house import House, arguments
from names import PROCEDURE

ORIGIN = "truc.vidu.invalid/so"
EACH = 20


class LogKey(unittest.TestCase):
    def setUp(self):
        self.house = House(GIVEN.bin)
        self.addCleanup(self.house.close, GIVEN.keep)
        self.configure()
        self.house.start()
        self.agencies = [self.house.agency() for _ in range(3)]
        self.adapters = []
        for agency, name in zip(self.agencies, ("commune", "department", "sleeper")):
            self.adapters.append(Adapter(self.house, [agency], name).start())
            self.house.ends.append(self.adapters[-1].stop)
        self.doors = [adapter.door() for adapter in self.adapters]
        self.sent = 0

    def configure(self, words=""):
        path = self.house.path("lienthongd.yaml")
        with open(path, encoding="utf-8") as file:
            kept = file.read().split("log_origin:")[0]
        with open(path, "w", encoding="utf-8") as file:
            file.write(kept + "log_origin: %s\n%s" % (ORIGIN, words))

    def submit(self, count, end=0):
        for _ in range(count):
            self.sent += 1
            self.doors[end].submit("so-%d" % self.sent, {
                "kind": "forward", "to": [self.agencies[1]], "procedure": PROCEDURE,
                "case_code": "H24.66-%04d" % self.sent, "body": {"number": self.sent}})

    def work(self):
        before = [self.state(end).get("receipts", 0) for end in (0, 1)]
        self.submit(EACH)
        taken = 0

        def take():
            nonlocal taken
            for delivery in self.doors[1].inbox(20):
                taken += bool(self.doors[1].settle(delivery, "taken"))
            return taken >= EACH
        wait_for(take, 40, "they are taken")
        wait_for(lambda: all(self.state(end).get("receipts", 0) >= before[end] + EACH
                             for end in (0, 1)), 20, "receipts of all")

    def state(self, end):
        return self.doors[end].state()

    def again(self, words):
        """Another configuration, with transfers handed over while the broker is away."""
        house = self.house
        house.process.terminate()
        check(house.wait_end(30) == 0, "an orderly end")
        self.configure(words)
        self.submit(5)
        house.start()
        wait_for(lambda: all(self.doors[i].connected() for i in (0, 1)), 40, "adapters are back")

    def log(self, *words):
        return subprocess.run([os.path.join(GIVEN.bin, "ltctl"), "log", *words, "--lang", "en"],
                              capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "HOME": self.house.folder})

    def file(self, name, text):
        with open(self.house.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.house.path(name)

    def note(self):
        done = self.log("checkpoint", "--data", self.house.path("data"))
        check(done.returncode == 0, done.stderr)
        return done.stdout

    def key(self):
        with open(self.house.path("data/log/key"), encoding="utf-8") as file:
            return file.read().strip()

    def verified(self, key):
        done = self.log("verify", "--data", self.house.path("data"),
                        "--public-key", self.file("k", key + "\n"))
        check(done.returncode == 0, "by %s: %s%s" % (key, done.stdout, done.stderr))

    def trusting(self):
        for end in (0, 1):
            check(self.state(end).get("log_refused", "") == "", self.state(end))

    def test_rotation(self):
        house = self.house
        self.work()
        wait_for(lambda: self.doors[2].connected(), 20, "the sleeper knows the key")
        self.adapters[2].stop()
        old, first = self.key(), self.file("first", self.note())
        second_key = house.path("log-2.key")

        # Both sign: the newest checkpoint names them, and either verifies all of the log.
        self.again("log_signing_key_next: %s\n" % second_key)
        named = [line[4:] for line in self.note().split("\n") if line.startswith("key ")]
        check(len(named) == 2 and named[0] == old == self.key(), named)
        new = named[1]
        self.work()
        check(self.note().count("\n— ") == 2, self.note())
        self.trusting()
        self.verified(old)
        self.verified(new)

        # The new one alone: adapters follow, and stay there when they are started anew.
        self.again("log_signing_key: %s\n" % second_key)
        check(self.key() == new, "the key that is told")
        self.work()
        self.trusting()
        for end in (0, 1):
            check("log-key-followed" in self.adapters[end].log(), "adapter %d says so" % end)
        check(self.note().count("\n— ") == 1 and "\nkey " not in self.note(), self.note())
        self.adapters[0].stop()
        self.adapters[0].start()
        self.work()
        self.trusting()
        self.verified(new)
        kept = self.log("consistency", first, "--data", house.path("data"))
        check(kept.returncode == 0, "what was kept under the old key: " + kept.stdout + kept.stderr)

        # Who slept through it refuses the log, loudly; transfers go on.
        self.adapters[2].start()
        wait_for(lambda: self.state(2).get("log_refused") == "note-foreign", 20, "it refuses")
        check("log-refused" in self.adapters[2].log(), "and says so")
        self.submit(1, end=2)
        wait_for(lambda: self.doors[1].inbox(1), 20, "its transfers go on")

    def test_no_time_for_both(self):
        """A key put in the place of the old one: the broker says what is wrong and does not start."""
        house = self.house
        self.work()
        house.process.terminate()
        check(house.wait_end(30) == 0, "an orderly end")
        self.configure("log_signing_key: %s\n" % house.path("log-3.key"))
        mark = house.mark()
        super(House, house).start()
        check(house.wait_end(20) == 71, "it does not start")
        check("note-foreign" in house.log_from(mark), "it says why")

    def test_lost_key(self):
        """No key any more: the log is set aside and a restore is declared; another key begins another
        incarnation. It verifies; adapters, who cannot know by what right, refuse until a person says so."""
        house = self.house
        self.work()
        house.process.terminate()
        check(house.wait_end(30) == 0, "an orderly end")
        os.rename(house.path("data/log"), house.path("log-before"))
        os.unlink(house.path("data/log.key"))
        house.ltctl("restore", "declare", house.path("data"), "--by", "truc-ban-1", "--reason",
                    "mất khóa ký của sổ")
        house.start()
        wait_for(lambda: self.log("checkpoint", "--data", house.path("data")).stdout.startswith(ORIGIN + "/"),
                 20, "another incarnation")
        wait_for(lambda: all(self.state(end).get("log_refused") == "note-foreign" for end in (0, 1)),
                 40, "adapters refuse")
        self.verified(self.key())


GIVEN = arguments(__doc__)

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, defaultTest="LogKey")
