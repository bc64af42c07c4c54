#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Yesterday's backup under load: the broker's data is lost and restored, nothing is lost or doubled.

A commune and a department work through real adapters. A backup is made while they do, the work goes
on, then the broker's folder is gone. Put back without a word, the adapters refuse the axis; declared,
they hand over again what the backup did not hold, under the same ids, and the department's adapter
answers what it had settled before.
"""
import shutil
import sys
import threading
import unittest

from adapter import Adapter, events
from basics import check, wait_for
from house import House, arguments
from names import PROCEDURE

BEFORE, AFTER = 120, 150  # transfers before and after the backup
CASES = 12


class Office(threading.Thread):
    """The department's software: takes what its inbox gives, and remembers every effect."""

    def __init__(self, door):
        super().__init__(daemon=True)
        self.door, self.ending = door, threading.Event()
        self.taken = {}  # key of the request -> ids it had an effect under
        self.twice = []
        self.order = {}  # case -> numbers in the order they took effect
        self.limit = 10 ** 9

    def run(self):
        while not self.ending.is_set():
            for delivery in self.door.inbox(20) if len(self.taken) < self.limit else []:
                if self.door.settle(delivery, "taken"):
                    self.effect(delivery)
            self.ending.wait(0.02)

    def effect(self, delivery):
        number = delivery["body"]["number"]
        if number in self.taken:
            self.twice.append((number, self.taken[number], delivery["id"]))
        self.taken[number] = delivery["id"]
        self.order.setdefault(delivery["case_code"], []).append(number)


class Restore(unittest.TestCase):
    def setUp(self):
        self.house = House(GIVEN.bin, "restore_minutes: 600\n").start()
        self.addCleanup(self.house.close, GIVEN.keep)
        self.sender, self.receiver = self.house.agency(), self.house.agency()
        self.adapters = [Adapter(self.house, [a], name).start()
                         for a, name in ((self.sender, "commune"), (self.receiver, "department"))]
        for adapter in self.adapters:
            self.house.ends.append(adapter.stop)
        self.door = self.adapters[0].door()
        self.office = Office(self.adapters[1].door())
        self.house.ends.append(self.office.ending.set)
        self.office.start()

    def post(self, first, count):
        for number in range(first, first + count):
            request = {"kind": "forward", "case_code": "RESTORE-%d" % (number % CASES),
                       "procedure": PROCEDURE, "to": [self.receiver], "locality": "00001",
                       "body": {"number": number}}
            check(self.door.submit("row-%d" % number, request), "row %d is recorded" % number)

    def told(self, what):
        return [e["sender_key"] for e in events(self.door)[0] if e["what"] == what]

    def wait_taken(self, count):
        wait_for(lambda: len(self.office.taken) >= count, 60, "%d taken" % count)

    def adapters_again(self, connected=True):
        """A refused adapter asks again only after a minute; a person starts it anew."""
        for adapter in self.adapters:
            adapter.stop()
            adapter.start(connected)

    def tool(self, *words):
        done = self.house.tool(*words)
        check(done.returncode == 0, "%s: %s%s" % (words, done.stdout, done.stderr))
        return done.stdout

    def lose_the_data(self):
        """Everything but a backup of the middle of the day."""
        data, backup = self.house.path("data"), self.house.path("backup")
        self.post(0, BEFORE)
        self.office.limit = BEFORE // 2  # the rest is under way while the backup is made
        self.wait_taken(self.office.limit)
        self.tool("backup", data, backup)
        self.post(BEFORE, AFTER)
        wait_for(lambda: len(self.told("accepted")) == BEFORE + AFTER, 60, "all are accepted")
        self.office.limit = BEFORE + AFTER // 2
        self.wait_taken(self.office.limit)
        self.house.kill()
        shutil.rmtree(data)
        return data, backup

    def undeclared(self, data, backup):
        shutil.copytree(backup, data)
        self.house.start()
        self.adapters_again(connected=False)
        for adapter in self.adapters:
            wait_for(lambda a=adapter: "axis-rolled-back" in a.log(), 30, "the adapter says so")
            check(not adapter.door().connected(), "it does not work with that axis")
        self.house.kill()
        shutil.rmtree(data)

    def test_a_restore_loses_and_doubles_nothing(self):
        data, backup = self.lose_the_data()
        self.undeclared(data, backup)
        self.tool("restore", backup, data, "--by", "truc-ban-1", "--reason", "hỏng đĩa")
        self.house.start()
        self.adapters_again()
        self.office.limit = 10 ** 9
        self.wait_taken(BEFORE + AFTER)
        self.new_ones_wait()
        self.assertEqual(self.office.twice, [])
        for case, numbers in self.office.order.items():
            self.assertEqual(numbers, sorted(numbers), case)
        self.sums()

    def new_ones_wait(self):
        """Until somebody says that it is over, nothing new comes in."""
        total = BEFORE + AFTER
        self.post(total, 1)
        check(int(self.house.status()["reconciling"]) == 1, "it is being reconciled")
        wait_for(lambda: any(r["agency"] == self.receiver and int(r["open"]) == 0
                             for r in self.house.rows("conservation")), 30, "all has settled")
        self.assertNotIn("row-%d" % total, self.told("accepted"))
        self.tool("restore", "done", "--reason", "mọi đơn vị đã gửi lại")
        self.wait_taken(total + 1)

    def sums(self):
        total = BEFORE + AFTER + 1
        row = [r for r in self.house.rows("conservation") if r["agency"] == self.receiver][0]
        self.assertEqual((int(row["accepted"]), int(row["taken"]), int(row["difference"])),
                         (total, total, 0))
        accepted = self.told("accepted")
        self.assertEqual(len(accepted), len(set(accepted)))
        wait_for(lambda: len(set(self.told("taken"))) == total, 30, "all are told as taken")
        clean = self.house.tool("journal", "verify", self.house.path("data"))
        self.assertEqual(clean.returncode, 0, clean.stdout)


GIVEN = arguments(__doc__)

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, defaultTest="Restore")
