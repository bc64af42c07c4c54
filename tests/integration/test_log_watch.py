#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What adapters do about the axis' log, with real processes: they ask for what they need by
themselves, a configured key counts and no other, receipts that do not come are an alarm until they
do, a declared restore is believed by its statement, and `lt-adapter check` shows all of it beside
the running adapter.
"""
import os
import shutil
import sys
import unittest

from adapter import Adapter
from basics import check, wait_for
from house import House, arguments
from names import PROCEDURE

WORK = 20
WAIT_S = 10  # the least that receipt_wait_s may be


class Watch(unittest.TestCase):
    def setUp(self):
        self.house = House(GIVEN.bin, "log_origin: truc.vidu.invalid/so\nrestore_minutes: 600\n")
        self.addCleanup(self.house.close, GIVEN.keep)
        with open(self.house.path("lienthongd.yaml"), "a", encoding="utf-8") as file:
            file.write("log_signing_key: %s\n" % self.house.path("log.key"))
        self.house.start()
        self.sender, self.receiver = self.house.agency(), self.house.agency()
        wait = "receipt_wait_s: %d\n" % WAIT_S
        pinned = "log_key: %s\n" % self.house.path("given.key")
        shutil.copyfile(self.data("log/key"), self.house.path("given.key"))
        self.adapters = [Adapter(self.house, [self.sender], "commune", options=wait + pinned),
                         Adapter(self.house, [self.receiver], "department", options=wait)]
        for adapter in self.adapters:
            self.house.ends.append(adapter.start().stop)
        self.doors = [adapter.door() for adapter in self.adapters]
        self.sent = 0

    def data(self, name=""):
        return os.path.join(self.house.path("data"), name)

    def work(self, count=WORK):
        """The commune sends, the department takes."""
        for _ in range(count):
            self.sent += 1
            self.doors[0].submit("so-%d" % self.sent, {
                "kind": "forward", "to": [self.receiver], "case_code": "H24.66-%04d" % self.sent,
                "procedure": PROCEDURE, "body": {"number": self.sent}})
        taken = 0

        def take():
            nonlocal taken
            for delivery in self.doors[1].inbox(20):
                taken += bool(self.doors[1].settle(delivery, "taken"))
            return taken >= count
        wait_for(take, 40, "%d transfers are taken" % count)

    def states(self):
        return [door.state() for door in self.doors]

    def believed(self, seconds=30):
        """Both believe the log, have every receipt, and know more of it than before."""
        sizes = [state["log_size"] for state in self.states()]

        def good():
            return all(s.get("log_refused", "") == "" and s["receipts_missing"] == 0 and
                       not s["receipts_overdue"] for s in self.states())
        wait_for(good, seconds, "the log is believed and nothing is missing: %s" % self.states())
        return sizes

    def said(self, end, *wanted, code=0):
        """What check says, soon: receipts and refusals come within a second or two."""
        told = []

        def good():
            done = self.adapters[end].command("check", "-c", self.adapters[end].config, "--lang", "en")
            told[:] = [done.returncode, done.stdout]
            return done.returncode == code and all(words in done.stdout for words in wanted)
        try:
            wait_for(good, 20, "check")
        except TimeoutError:
            check(False, "check ends with %d, wanted %d and %s:\n%s" % (told[0], code, wanted, told[1]))

    def stop_broker(self):
        self.house.process.terminate()
        self.house.process.wait(20)

    def refused(self, code):
        wait_for(lambda: all(s.get("log_refused") == code for s in self.states()), 30,
                 "both refuse: " + code)

    def adapters_again(self):
        for adapter in self.adapters:
            adapter.stop()
            adapter.start()

    def test_another_key(self):
        self.work()
        self.believed()
        self.said(0, "(pinned by log_key)", "Newest checkpoint believed: truc.vidu.invalid/so",
                  "receipts missing 0", "Last refusal of the log: none")
        self.said(1, "(kept from the first meeting)")
        # Somebody made a log and a key of their own; transfers go on.
        self.stop_broker()
        os.rename(self.data("log"), self.house.path("log.kept"))
        os.rename(self.house.path("log.key"), self.house.path("log.key.kept"))
        self.house.start()
        self.refused("note-foreign")
        self.work()
        self.said(0, "[failed] Last refusal of the log: note-foreign (key)",
                  "[failed] Key of the axis' log: ", code=1)
        self.stop_broker()
        shutil.rmtree(self.data("log"))
        os.rename(self.house.path("log.kept"), self.data("log"))
        os.replace(self.house.path("log.key.kept"), self.house.path("log.key"))
        self.house.start()
        self.work()
        self.believed(60)
        self.said(0, "[note]   Last refusal of the log: note-foreign (key)", ", over since ")

    def test_the_signer_stops(self):
        self.work()
        self.believed()
        os.rename(self.data("log/tile"), self.data("log/away"))
        with open(self.data("log/tile"), "wb"):
            pass
        mark = self.house.mark()
        self.work()
        self.house.log_wait(mark, "log-stopped")
        wait_for(lambda: all(s["receipts_overdue"] for s in self.states()), 4 * WAIT_S,
                 "receipts are overdue")
        check(all(s["receipts_missing"] >= WORK for s in self.states()), str(self.states()))
        self.said(0, "[failed] Receipts of the axis: ", ", overdue since ", code=1)
        self.said(1, "[failed] Receipts of the axis: ", code=1)
        os.unlink(self.data("log/tile"))
        os.rename(self.data("log/away"), self.data("log/tile"))
        self.house.log_wait(mark, "log-goes-on")
        # What was told of before is asked for again.
        self.believed(90)
        self.said(0, "[ok]     Receipts of the axis: ", "receipts missing 0")

    def test_a_declared_restore(self):
        self.work()
        self.believed()
        backup = self.house.path("backup")
        check(self.house.tool("backup", self.data(), backup).returncode == 0, "a backup")
        self.work()
        self.believed()
        self.house.kill()
        shutil.rmtree(self.data())
        done = self.house.tool("restore", backup, self.data(), "--by", "truc-ban-1", "--reason",
                               "hỏng đĩa")
        check(done.returncode == 0, done.stdout + done.stderr)
        self.house.start()
        self.adapters_again()
        for adapter in self.adapters:
            wait_for(lambda a=adapter: "log-break-believed" in a.log(), 90,
                     "the statement is believed")
            check("log-refused" not in adapter.log(), "nothing was refused")
        self.believed(90)
        self.said(0, "Newest checkpoint believed: truc.vidu.invalid/so/1", "refusal of the log: none")


GIVEN = arguments(__doc__)

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, defaultTest="Watch")
