#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The broker goes over to another CURVE key while agencies work: for a time both answer, each at a port
of its own, and a session is the same by either. Adapters move one after the other, `ltctl` tells who is
where, the old port goes at a restart, and nothing is lost or done twice.
"""
import os
import subprocess
import sys
import unittest

from adapter import Adapter
from basics import check, wait_for
from house import House, arguments
from names import PROCEDURE
from world import free_port

EACH = 10


class AxisKey(unittest.TestCase):
    def setUp(self):
        self.house = house = House(GIVEN.bin)
        self.addCleanup(house.close, GIVEN.keep)
        house.key_make("broker-2")
        self.next = ["tcp://127.0.0.1:%d" % free_port() for _ in range(2)]
        self.words = ("secret_key_next: %s\nlisten_next: %s\nblob_listen_next: %s\n"
                      "blob_public_next: %s\n" % (house.path("broker-2.key"), *self.next,
                                                  self.next[1]))
        with open(house.path("lienthongd.yaml"), encoding="utf-8") as file:
            self.before = file.read()
        house.start()
        self.agencies = [house.agency() for _ in range(2)]
        self.adapters = []
        for agency, name in zip(self.agencies, ("commune", "department")):
            self.adapters.append(Adapter(house, [agency], name).start())
            house.ends.append(self.adapters[-1].stop)
        self.doors = [adapter.door() for adapter in self.adapters]
        self.sent, self.taken = 0, []

    def configure(self, text):
        with open(self.house.path("lienthongd.yaml"), "w", encoding="utf-8") as file:
            file.write(text)

    def restart(self, text):
        house = self.house
        house.process.terminate()
        check(house.wait_end(30) == 0, "an orderly end")
        self.configure(text)
        self.submit(3)
        house.start()

    def submit(self, count):
        for _ in range(count):
            self.sent += 1
            check(self.doors[0].submit("tk-%d" % self.sent, {
                "kind": "forward", "to": [self.agencies[1]], "procedure": PROCEDURE,
                "case_code": "H24.66-%04d" % self.sent, "body": {"number": self.sent}}), "recorded")

    def take(self):
        for delivery in self.doors[1].inbox(20):
            if self.doors[1].settle(delivery, "taken"):
                self.taken.append(delivery["id"])
        return len(self.taken) >= self.sent

    def work(self):
        self.submit(EACH)
        wait_for(self.take, 60, "everything is taken")

    def move(self, end):
        """This adapter's configuration names the new address and the new key of the axis."""
        adapter, house = self.adapters[end], self.house
        self.submit(2)
        adapter.stop()
        with open(adapter.config, encoding="utf-8") as file:
            text = file.read()
        text = text.replace(self.endpoint, self.next[0])
        text = text.replace(house.path("broker.pub"), house.path("broker-2.pub"))
        with open(adapter.config, "w", encoding="utf-8") as file:
            file.write(text)
        adapter.start()

    def where(self):
        """Sessions, those by the next key, and whose sessions are."""
        status = self.house.status()
        rows = {row["id"]: row["key_next"] for row in self.house.rows("agencies")}
        return (int(status["sessions"]), int(status["sessions_next"]),
                [int(rows[agency]) for agency in self.agencies])

    def test_two_ports(self):
        house = self.house
        self.endpoint, old_blobs = house.endpoint, house.blob_endpoint
        self.work()
        check(self.where() == (2, 0, [0, 0]), self.where())

        # Half of what is needed is refused, by name.
        self.configure(self.before + "secret_key_next: %s\n" % house.path("broker-2.key"))
        checked = subprocess.run([house.broker, "--check", house.path("lienthongd.yaml")],
                                 capture_output=True, text=True, check=False, timeout=60)
        check(checked.returncode == 78 and "listen_next" in checked.stderr, checked)

        # Both keys answer; the agencies move one after the other and meet across the two ports.
        self.restart(self.before + self.words)
        self.work()
        check(self.where() == (2, 0, [0, 0]), self.where())
        self.move(0)
        self.work()
        wait_for(lambda: self.where() == (2, 1, [1, 0]), 20, "one has moved")
        self.attachment()
        self.move(1)
        self.work()
        wait_for(lambda: self.where() == (2, 2, [1, 1]), 20, "both have moved")

        # The old port goes: the new key is the key now. Nobody has to do anything.
        house.endpoint, house.blob_endpoint = self.next
        os.rename(house.path("broker.pub"), house.path("broker-1.pub"))
        os.link(house.path("broker-2.pub"), house.path("broker.pub"))
        after = self.before.replace(self.endpoint, self.next[0])
        after = after.replace(old_blobs, self.next[1])
        self.restart(after.replace(house.path("broker.key"), house.path("broker-2.key")))
        self.work()
        check(self.where() == (2, 0, [0, 0]), self.where())
        check(len(self.taken) == len(set(self.taken)) == self.sent, "each of them once")
        sums = house.status()
        check((int(sums["accepted"]), int(sums["taken"])) == (self.sent, self.sent), sums)

    def attachment(self):
        """Uploaded by the next key, fetched by the old one: Welcome named the right port to each."""
        content = os.urandom(70000)
        paper = wait_for(lambda: self.doors[0].put(content), 20, "the adapter has the file")
        self.sent += 1
        self.doors[0].submit("tk-%d" % self.sent, {
            "kind": "forward", "to": [self.agencies[1]], "procedure": PROCEDURE,
            "case_code": "H24.66-TEP", "body": {"number": self.sent},
            "attachments": [dict(paper, component="TP-01", name="1.pdf")]})
        got = {}

        def fetched():
            for delivery in self.doors[1].inbox(20):
                if delivery["case_code"] == "H24.66-TEP":
                    status, got["bytes"] = self.doors[1].call(
                        "GET", "/v1/attachments/" + paper["sha256"], raw=True)
                    check(status == 200, "the file: %s" % status)
                if self.doors[1].settle(delivery, "taken"):
                    self.taken.append(delivery["id"])
            return got
        wait_for(fetched, 40, "the file came with it")
        check(got["bytes"] == content, "the same bytes")


GIVEN = arguments(__doc__)

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, defaultTest="AxisKey")
