#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A replay plan from the first look to the last outcome, by three people at a real broker, which is
killed in the middle. See ops/runbooks/replay.md: these are its commands."""
import os
import sys
import threading
import unittest

import ltp_pb2
from basics import SLOW, check, wait_for
from hostile import header_of
from house import House, arguments
from ltp_client import Client, parcel_make, run_until

ON_ITS_WAY = 20  # within a second, by the pace
LEGS = 105  # over 100: a second person is needed; under 5 of each cause: no incident
COMMUNE, DEPARTMENT = "H24.66001", "H24.901"


class Receiver(threading.Thread):
    """A department that refuses everything for good until it is mended, then takes it."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client = client.connect()
        self.mended = False
        self.ending = False
        self.took = []
        self.failed = 0

    def run(self):
        while not self.ending:
            self.client.step(0.01)
            while self.client.deliveries:
                item, header = self.client.deliveries.popleft()
                if self.mended:
                    self.took.append(header.case_code)
                    self.client.settle(item, header)
                else:
                    # Ever other causes: five of one would be an incident, and nothing would park.
                    self.failed += 1
                    self.client.settle(item, header, ltp_pb2.FAILED, 173 + self.failed % 27,
                                       "sai danh mục", permanent=True)
        self.client.close()


class Plans(unittest.TestCase):
    given = None

    def setUp(self):
        self.house = House(self.given.bin)
        self.people()
        self.house.start()
        self.addCleanup(lambda: self.house.close(self.given.keep))
        clients = []
        for agency, kind in ((COMMUNE, "commune"), (DEPARTMENT, "department")):
            secret = self.house.agency_add(agency, "Đơn vị thử " + agency, kind, "00001")
            clients.append(Client(self.house.endpoint, self.house.server_public, secret))
        self.sender = clients[0].connect()
        self.receiver = Receiver(clients[1])
        self.receiver.start()

    def people(self):
        """An operator and an approver beside the registrar."""
        path = self.house.path("lienthongd.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        more = "".join("  - name: %s\n    public_key: %s\n    role: %s\n"
                       % (name, self.house.key_make(name)[0].hex(), role)
                       for name, role in (("truc-ban-2", "operator"), ("lanh-dao", "approver")))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("log_level:", more + "log_level:"))

    def told(self, *words, key="truc-ban-2.key", code=0):
        done = self.house.tool(*words, key=key)
        if self.given.keep:
            print("$ ltctl " + " ".join(words), done.stdout, done.stderr, sep="\n")
        check(done.returncode == code, "%s: exit %d, wanted %d: %s%s"
              % (" ".join(words), done.returncode, code, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def park(self, count):
        for i in range(count):
            header = header_of(COMMUNE, b"key-%d" % i, "HS-%04d" % i, to=(DEPARTMENT,))
            self.sender.submit(parcel_make(header, b"{}"))
        run_until([self.sender], lambda: int(self.house.status()["parked"]) == count, 60 * SLOW,
                  "%d parked legs" % count)

    def plan(self, number="1"):
        return self.house.rows("plan", "show", number)[0]

    def test_a_plan_by_three_people_and_a_kill(self):
        self.park(LEGS)
        with open(self.house.path("codes.txt"), "w", encoding="utf-8") as file:
            file.writelines("HS-%04d\n" % i for i in range(LEGS))
            file.write("HS-9999\n")
        said = self.told("plan", "make", "--codes", self.house.path("codes.txt"), "--pace", "1200",
                         "--reason", "Sở đã sửa danh mục")
        check("HS-9999" in said and "not found" in said, "the line that is nobody's: " + said)
        check("ltctl plan approve 1" in said, "what comes next: " + said)
        one = self.house.rows("parked")[0]["id"]
        said = self.told("replay", one, "--reason", "x", code=1)
        check("plan: 1" in said, "the plan that has it: " + said)
        self.told("plan", "run", "1", code=1)
        self.told("plan", "approve", "1", code=1)
        self.told("replay", "plan", "approve", "1", key="lanh-dao.key")
        self.receiver.mended = True
        self.told("plan", "run", "1")
        wait_for(lambda: int(self.plan()["passed"]) > 20, 30 * SLOW, "the plan runs")
        self.house.kill()
        before = len(self.receiver.took)
        self.house.start()
        check(self.plan()["state"] in ("running", "done"), "goes on by itself: %s" % self.plan())
        self.told("plan", "pause", "1", "--reason", "giờ cao điểm")
        self.told("plan", "resume", "1", "--every", "1")
        wait_for(lambda: int(self.plan()["taken"]) == LEGS, 30 * SLOW, "every outcome")
        check(len(self.receiver.took) == LEGS, "once in effect: %d" % len(self.receiver.took))
        took = self.receiver.took
        check(took[:before] == sorted(took[:before]), "in the order of acceptance")
        # They are of different cases: what was on its way when the broker died comes again behind others.
        late = [one for i, one in enumerate(took) if i >= before and any(other > one for other in took[:i])]
        check(len(late) <= ON_ITS_WAY, "and in that order after the kill, but for %s" % late)
        rows = self.house.rows("plan", "report", "1")
        check([row["result"] for row in rows] == ["taken"] * LEGS, "an outcome for every leg")
        self.told("plan", "list")
        self.told("plan", "cancel", "1", code=1)
        check(int(self.house.rows("conservation")[-1]["difference"]) == 0, "the sum")

    def test_a_plan_that_fails_stops_by_itself(self):
        self.park(60)
        self.told("plan", "make", "--agency", DEPARTMENT, "--pace", "600", "--stop", "10",
                  "--reason", "thử lại")
        said = self.told("plan", "run", "1", "--every", "1", code=5)
        check("stopped" in said, "it says so: " + said)
        plan = self.plan()
        check(20 <= int(plan["parked_again"]) < 60, "it stopped early: %s" % plan)
        check(int(plan["passed"]) < 60, "the rest was never sent: %s" % plan)
        self.told("plan", "make", "--reason", "x", "--agency", "H24.999", code=1)
        self.told("plan", "make", "--reason", "x", "--case", "HS-9999", code=3)
        self.told("plan", "show", "x", code=2)

    def tearDown(self):
        self.receiver.ending = True
        self.receiver.join(10)
        self.sender.close()


if __name__ == "__main__":
    Plans.given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], "-v", *(["-k"] + Plans.given.cases if Plans.given.cases else [])])
