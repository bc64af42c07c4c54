#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Two communes become one: the successor in the registry, and everything open taken to it by a plan
at a real broker, which is killed in the middle. Beside it what people see: the list of what waits
for a second person, the timeline, the archive. See ops/runbooks/replay.md."""
import collections
import sys
import threading
import unittest

import ltp_pb2
from basics import SLOW, check, wait_for
from hostile import header_of
from house import House, arguments
from ltp_client import Client, now_ms, parcel_make, run_until

CASES, STEPS = 30, 4
TRANSFERS = CASES * STEPS  # over 100: a second person is needed
SENDER, OLD, NEW = "H24.66001", "H24.66002", "H24.66003"
OPERATOR, APPROVER = "truc-ban-2", "lanh-dao"


class Desk(threading.Thread):
    """An agency that takes what comes, or only has it on the table."""

    def __init__(self, client, takes):
        super().__init__(daemon=True)
        self.client = client.connect()
        self.takes = takes
        self.ending = False
        self.table = []  # (item, header), without an answer
        self.took = collections.defaultdict(list)  # case -> steps

    def run(self):
        while not self.ending:
            self.client.step(0.01)
            while self.client.deliveries:
                item, header = self.client.deliveries.popleft()
                if self.takes:
                    self.took[header.case_code].append(header.sender_key)
                    self.client.settle(item, header)
                else:
                    self.table.append((item, header))
        self.client.close()


class Redirect(unittest.TestCase):
    given = None

    def setUp(self):
        self.house = House(self.given.bin)
        self.people()
        self.house.start()
        self.addCleanup(lambda: self.house.close(self.given.keep))
        clients = {}
        for agency in (SENDER, OLD, NEW):
            secret = self.house.agency_add(agency, "Đơn vị thử " + agency, "commune", "00001")
            clients[agency] = Client(self.house.endpoint, self.house.server_public, secret)
        self.sender = clients[SENDER].connect()
        clients[OLD].deliveries_max = 3
        clients[OLD].holds = self.holds
        self.old = Desk(clients[OLD], takes=False)
        self.new = Desk(clients[NEW], takes=True)
        self.held = b""  # id of what the old system says it holds
        self.sent = 0

    def people(self):
        path = self.house.path("lienthongd.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        more = "".join("  - name: %s\n    public_key: %s\n    role: %s\n"
                       % (name, self.house.key_make(name)[0].hex(), role)
                       for name, role in ((OPERATOR, "operator"), (APPROVER, "approver")))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("log_level:", more + "log_level:"))

    def holds(self, item):
        held = ltp_pb2.HELD if item.id == self.held else ltp_pb2.NOT_HELD
        return {"held": held, "by": "một cửa"}

    def told(self, *words, key=OPERATOR + ".key", code=0):
        done = self.house.tool(*words, key=key)
        if self.given.keep:
            print("$ ltctl " + " ".join(words), done.stdout, done.stderr, sep="\n")
        check(done.returncode == code, "%s: exit %d, wanted %d: %s%s"
              % (" ".join(words), done.returncode, code, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def send(self, case, to=OLD):
        header = header_of(SENDER, b"key-%04d" % self.sent, case, to=(to,))
        self.sent += 1
        self.sender.submit(parcel_make(header, b"{}"))

    def accepted(self, count):
        run_until([self.sender], lambda: self.house.accepted() >= count, 60 * SLOW,
                  "%d accepted" % count)

    def plan(self):
        return self.house.rows("plan", "show", "1")[0]

    def open_ones(self):
        """Four steps of every case; three of the first steps lie on the old commune's table."""
        for _ in range(STEPS):
            for case in range(CASES):
                self.send("HS-%02d" % case)
        self.accepted(TRANSFERS)
        self.old.start()
        wait_for(lambda: len(self.old.table) == 3, 20 * SLOW, "three are being looked at")
        self.held = self.old.table[0][1].id

    def plan_made(self):
        self.told("agency", "redirect", OLD, NEW, "--reason", "sáp nhập", code=1)  # no successor
        self.told("agency", "successor", OLD, NEW, "--from", "2026-01-01", code=1)  # a registrar's
        self.told("agency", "successor", OLD, NEW, "--from", "2020-01-01", key="operator.key")
        check("2020" in self.told("agency", "show", OLD), "since when")
        said = self.told("agency", "redirect", OLD, NEW, "--reason", "sáp nhập", "--pace", "1200")
        check("ltctl plan approve 1" in said and "double effect" in said, "what comes next: " + said)
        self.told("plan", "run", "1", code=1)
        rows = self.house.rows("pending")
        check([row["what"] for row in rows] == ["plan"], rows)
        check(self.house.status()["pending"] == 1, "status counts it")
        self.told("plan", "approve", "1", key=APPROVER + ".key")
        check(not self.house.rows("pending"), "nothing waits any more")
        said = self.told("plan", "run", "1", code=1)
        check("pause" in said, "what is in the way: " + said)
        self.told("agency", "pause", OLD, "--reason", "sáp nhập")

    def test_everything_open_moves_once_and_in_order(self):
        self.open_ones()
        self.plan_made()
        self.told("plan", "run", "1")
        wait_for(lambda: int(self.plan()["passed"]) > 20, 30 * SLOW, "the plan runs")
        self.house.kill()
        self.house.start()
        check(self.plan()["state"] in ("running", "done"), "goes on by itself: %s" % self.plan())
        wait_for(lambda: self.plan()["state"] == "done", 60 * SLOW, "the plan is through")
        self.new.start()
        wait_for(lambda: int(self.plan()["taken"]) == TRANSFERS - 1, 60 * SLOW, "all are taken")
        self.judge()
        self.people_see()
        self.archive_tells()

    def judge(self):
        """All but the one that the old commune holds, once, each case in its order."""
        took = [key for steps in self.new.took.values() for key in steps]
        check(len(took) == len(set(took)) == TRANSFERS - 1, "once in effect: %d" % len(took))
        for case, steps in self.new.took.items():
            check(steps == sorted(steps), "%s in order: %s" % (case, steps))
        plan = self.plan()
        check(plan["passed_over"] == 1 and plan["left_open"] == 1, plan)
        rows = self.house.rows("plan", "report", "1", "--result", "passed-over")
        check([row["code"] for row in rows] == ["receiver-holds"], rows)
        check(int(self.house.rows("conservation")[-1]["difference"]) == 0, "the sum")

    def people_see(self):
        self.send("HS-99")  # addressed to the old one, after all this
        run_until([self.sender], lambda: "HS-99" in self.new.took, 20 * SLOW,
                  "it is the successor's")
        row = self.house.rows("case", "HS-99")[0]
        said = self.told("show", row["id"])
        check(row["to"] == NEW and OLD in said, "both stand in it: " + said)
        events = [r for r in self.house.rows("show", self.house.rows("case", "HS-05")[0]["id"])
                  if r.get("event") == "rerouted"]
        check([(e["agency"], e["to"], e["person"]) for e in events] == [(OLD, NEW, OPERATOR)], events)

    def archive_tells(self):
        folder = self.house.path("archive")
        self.told("archive", "run", self.house.path("data"), folder, "--no-mark")
        self.told("archive", "verify", folder)
        case = self.old.table[1][1].case_code
        rows = self.house.rows("archive", "find", folder, case)
        held = [r for r in rows if r["event"] == "held"]
        moved = [r for r in rows if r["event"] == "rerouted"]
        steps = [r for r in rows if r["event"] == "plan-step"]
        # Once for what had been sent; after the kill for others, too, whose delivery it may have eaten.
        check({(r["agency"], r["held"], r["by"]) for r in held} == {(OLD, "no", "một cửa")}, held)
        check([(r["agency"], r["to"]) for r in moved] == [(OLD, NEW)] * STEPS, moved)
        check([(r["agency"], r["plan"], r["act"]) for r in steps]
              == [(OLD, 1, "carried-out")] * STEPS, steps)
        kept = self.house.rows("archive", "find", folder, self.old.table[0][1].case_code)
        steps = [(r["act"], r["code"]) for r in kept if r["event"] == "plan-step"]
        check(steps[0] == ("passed-over", "receiver-holds"), steps)
        said = self.told("archive", "find", folder, case)
        check("rerouted" in said and "not held" in said and "carried out" in said, said)

    def test_a_wish_is_agreed_to_from_the_list(self):
        self.held = b""
        self.send("HS-00")
        self.accepted(1)
        self.old.start()
        wait_for(lambda: self.old.table, 20 * SLOW, "it is being looked at")
        self.old.ending = True  # nobody can say what became of it
        self.old.join(10)
        one = self.house.rows("case", "HS-00")[0]["id"]
        wait_for(lambda: self.house.tool("cancel", one, "--reason", "nhầm", key=OPERATOR + ".key")
                 .stderr.find("second") >= 0, 40 * SLOW, "a second person is asked for")
        row = self.house.rows("pending")[0]
        check((row["act"], row["person"], row["to"]) == ("cancel", OPERATOR, OLD), row)
        said = self.told("pending")
        check(OPERATOR in said and "HS-00" in said, said)
        self.told("pending", "approve", str(row["number"]), code=1)
        self.told("pending", "refuse", str(row["number"]), "--reason", "chờ", key=APPROVER + ".key")
        self.told("pending", "approve", str(row["number"]), key=APPROVER + ".key", code=3)
        self.told("cancel", one, "--reason", "nhầm", code=1)
        row = self.house.rows("pending")[0]
        self.told("pending", "approve", str(row["number"]), key=APPROVER + ".key")
        check(self.house.rows("case", "HS-00")[0]["state"] == "cancelled", "it is done")
        check(not self.house.rows("pending"), "nothing waits any more")

    def test_the_archive_tells_what_time_did(self):
        """A status parks at its deadline while nobody is there to take it; a forward never does."""
        for kind, key in ((ltp_pb2.STATUS, b"soon"), (ltp_pb2.FORWARD, b"ever")):
            header = header_of(SENDER, key, "HS-HAN", to=(OLD,))
            header.kind = kind
            header.task.deadline_ms = now_ms() + 2000
            self.sender.submit(parcel_make(header, b"{}"))
        self.accepted(2)
        wait_for(lambda: "parked" in [r["state"] for r in self.house.rows("case", "HS-HAN")],
                 40 * SLOW, "the deadline passes")
        folder = self.house.path("archive-han")
        self.told("archive", "run", self.house.path("data"), folder, "--no-mark")
        rows = self.house.rows("archive", "find", folder, "HS-HAN")
        timed = [r for r in rows if r["event"] == "timed"]
        check([(r["code"], r["state"], r["leg"]) for r in timed] == [("deadline-passed", "parked", 0)],
              timed)
        check(timed[0]["id"] == self.house.rows("parked")[0]["id"], "it is the status: %s" % timed)
        check("deadline passed" in self.told("archive", "find", folder, "HS-HAN"), "in words")

    def tearDown(self):
        for desk in (self.old, self.new):
            desk.ending = True
            if desk.is_alive():
                desk.join(10)
        self.sender.close()


if __name__ == "__main__":
    Redirect.given = arguments(__doc__)
    unittest.main(argv=[sys.argv[0], "-v",
                        *(["-k"] + Redirect.given.cases if Redirect.given.cases else [])])
