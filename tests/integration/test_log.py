#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The log with real processes: receipts reach real adapters, the folder verifies while the broker runs
and after it was killed, a checkpoint that was kept is still the beginning, an edited tile is found and
made again, and a journal that was taken back without a word does not start.
"""
import os
import shutil
import subprocess
import sys
import time
import unittest

from adapter import Adapter
from basics import check, wait_for
from house import House, arguments
from names import PROCEDURE

TRANSFERS = 60


class Log(unittest.TestCase):
    def setUp(self):
        self.house = House(GIVEN.bin, "log_origin: truc.vidu.invalid/so\n").start()
        self.addCleanup(self.house.close, GIVEN.keep)
        self.sender, self.receiver = self.house.agency(), self.house.agency()
        self.adapters = [Adapter(self.house, [a], name).start()
                         for a, name in ((self.sender, "commune"), (self.receiver, "department"))]
        for adapter in self.adapters:
            self.house.ends.append(adapter.stop)
        self.doors = [adapter.door() for adapter in self.adapters]
        self.sent = 0

    def work(self, count):
        """The commune sends, the department takes."""
        for _ in range(count):
            self.sent += 1
            self.doors[0].submit("so-%d" % self.sent, {
                "kind": "forward", "to": [self.receiver], "case_code": "H24.66-%04d" % (self.sent % 9),
                "procedure": PROCEDURE, "body": {"number": self.sent}})
        taken = 0

        def take():
            nonlocal taken
            for delivery in self.doors[1].inbox(20):
                taken += bool(self.doors[1].settle(delivery, "taken"))
            return taken >= count
        wait_for(take, 40, "%d transfers are taken" % count)

    def state(self, end):
        return self.doors[end].state()

    def log(self, *words):
        return subprocess.run([os.path.join(GIVEN.bin, "ltctl"), "log", *words, "--lang", "en"],
                              capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "HOME": self.house.folder})

    def data(self, name=""):
        return os.path.join(self.house.path("data"), name)

    def verified(self, code=0):
        done = self.log("verify", "--data", self.data())
        check(done.returncode == code, "log verify: " + done.stdout + done.stderr)
        return done.stdout

    def kept(self, name):
        done = self.log("checkpoint", "--data", self.data())
        check(done.returncode == 0, done.stderr)
        with open(self.house.path(name), "w", encoding="utf-8") as file:
            file.write(done.stdout)
        return done.stdout

    def asked(self, code, *words):
        done = self.house.tool("log", *words, "--public-key", self.data("log/key"))
        check(done.returncode == code, "log %s: exit %d, not %d\n%s%s"
              % (" ".join(words), done.returncode, code, done.stdout, done.stderr))
        return done.stdout

    def asked_of_the_broker(self):
        """The same by the operators' port: the broker proves, ltctl checks."""
        first, second = self.house.path("first"), self.house.path("second")
        note = self.asked(0, "checkpoint")
        with open(second, "w", encoding="utf-8") as file:
            file.write(note)
        check(note.startswith("truc.vidu.invalid/so\n"), "a checkpoint of ours")
        check("extends" in self.asked(0, "consistency", first), "it extends what was kept")
        self.asked(0, "consistency", first, second)
        check("beginning of the log" in self.asked(0, "verify", first, second), "both are")
        told = self.house.tool("log", "verify", first)
        check(told.returncode == 0 and "told by the broker" in told.stderr, "by the key it tells")
        # A checkpoint that was changed, of a longer log, of another one: exit 5, each by its code.
        lines = open(first, encoding="utf-8").read().split("\n")
        other = self.house.path("other")
        for bad, found in (([lines[0], str(int(lines[1]) + 1)] + lines[2:], "note-signature"),
                           (["khac.vidu.invalid/so"] + lines[1:], "note-signature"),
                           (lines[:4], "note-bad")):
            with open(other, "w", encoding="utf-8") as file:
                file.write("\n".join(bad))
            self.asked(5, "consistency", other)
            rows = self.asked(5, "verify", first, other, "--json")
            check('"%s"' % found in rows and '"ok"' in rows, "%s in %s" % (found, rows))
        check(self.house.tool("log", "verify", first, "--data", self.data()).returncode == 2,
              "kept ones or a folder")

    def test_life(self):
        self.work(TRANSFERS)
        wait_for(lambda: self.state(0).get("receipts", 0) >= TRANSFERS, 10, "the sender's receipts")
        wait_for(lambda: self.state(1).get("receipts", 0) >= TRANSFERS, 10, "the receiver's receipts")
        check(self.state(0).get("log_refused", "") == "", str(self.state(0)))
        check(self.kept("first").startswith("truc.vidu.invalid/so\n"), "the origin is ours")
        self.verified()

        # Killed and started again: the same log, grown.
        self.house.kill()
        self.verified()
        self.house.start()
        self.work(TRANSFERS)
        wait_for(lambda: self.state(0).get("receipts", 0) >= 2 * TRANSFERS, 15, "receipts go on")
        check(self.log("consistency", self.house.path("first"), "--data", self.data()).returncode == 0,
              "what was kept is the beginning")
        check(self.state(0).get("log_refused", "") == "", str(self.state(0)))

        self.asked_of_the_broker()

        # An edited tile is found by name, and made again by the next start.
        self.house.process.terminate()
        self.house.process.wait(20)
        tile = self.data("log/tile/0/000")
        with open(tile, "r+b") as file:
            file.seek(100)
            byte = file.read(1)
            file.seek(100)
            file.write(bytes([byte[0] ^ 8]))
        check("tile" in self.verified(5), "the tile is named")
        mark = self.house.mark()
        self.house.start()
        self.house.log_wait(mark, "log-made-again")
        wait_for(lambda: self.log("verify", "--data", self.data()).returncode == 0, 10, "whole again")

        # A journal from before, put back without a word: it does not start.
        self.house.process.terminate()
        self.house.process.wait(20)
        shutil.copytree(self.data(), self.house.path("before"))
        self.house.start()
        self.work(TRANSFERS)
        time.sleep(1)
        self.kept("last")
        self.house.kill()
        for name in ("journal.mdb", "state.mdb"):
            shutil.copyfile(os.path.join(self.house.path("before"), name), self.data(name))
        mark = self.house.mark()
        super(House, self.house).start()
        check(self.house.wait_end(20) == 71, "it does not start")
        self.house.log_wait(mark, "log-ahead")


GIVEN = arguments(__doc__)

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, defaultTest="Log")
