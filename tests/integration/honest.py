# SPDX-License-Identifier: EUPL-1.2
"""A commune and a department that never stop working: the ones who must be served."""
import threading
import time
import traceback

from basics import wait_for
from hostile import header_of
from ltp_client import Client, parcel_make
from names import COMMUNE, DEPARTMENT


class Honest(threading.Thread):
    """Keeps forwarding cases from a commune to a department, and takes them there."""

    EVERY_S = 0.05
    OPEN_MAX = 40

    def __init__(self, house):
        super().__init__(daemon=True)
        self.house = house
        self.commune, self.department = (
            Client(house.endpoint, house.server_public, house.secret(agency, name, kind, code))
            for agency, name, kind, code in ((COMMUNE, "Xã ngay thẳng", "commune", "00001"),
                                             (DEPARTMENT, "Sở ngay thẳng", "department", "24")))
        self.begun = {}      # id -> when it was handed over
        self.done = {}       # id -> when the sender was told "taken"
        self.received = set()
        self.resting = threading.Event()
        self.ending = threading.Event()
        self.redialling = threading.Event()
        self.failure = None

    def run(self):
        try:
            for client in (self.commune, self.department):
                client.connect()
            while not self.ending.is_set():
                self.turn()
            for client in (self.commune, self.department):
                client.close()
        except Exception as why:
            traceback.print_exc()
            self.failure = why

    def turn(self):
        now = time.monotonic()
        if now >= getattr(self, "due", 0) and not self.resting.is_set() \
                and len(self.begun) - len(self.done) < self.OPEN_MAX:
            self.due = now + self.EVERY_S
            number = len(self.begun)
            header = header_of(COMMUNE, b"honest-%d" % number, "HONEST-%d" % (number % 7))
            parcel = parcel_make(header, b"{}")
            self.begun[parcel.id] = now
            self.commune.submit(parcel)
        if self.redialling.is_set():
            self.redialling.clear()
            for client in (self.commune, self.department):
                client.end(0)
                client.backoff_s, client.hello_due = 0.0, now
        for client in (self.commune, self.department):
            while client.step(0.002):
                pass
        while self.department.deliveries:
            item, header = self.department.deliveries.popleft()
            self.received.add(header.id)
            self.department.settle(item, header)
        for notice in self.commune.notices:
            if notice.state == "taken":
                self.done.setdefault(notice.id, time.monotonic())
        self.commune.notices.clear()

    def redial(self):
        """Sessions anew, now: for a test that restarts the broker and does not want to wait for
        the next beat, which would tell."""
        self.redialling.set()

    def served(self, seconds=10):
        """One whole round trip that begins now; how long it took."""
        begin = time.monotonic()

        def look():
            if self.failure:
                raise self.failure
            return [i for i, at in list(self.done.items()) if self.begun[i] >= begin]
        wait_for(look, seconds, "an honest transfer from hand to hand")
        return time.monotonic() - begin

    def finish(self, accepted=(), seconds=20):
        """Stops the work; all that was accepted, by whomever, must have arrived."""
        self.resting.set()
        wait_for(lambda: self.failure or len(self.done) == len(self.begun), seconds,
                 "the honest rest (%d of %d)" % (len(self.done), len(self.begun)))
        missing = set(accepted) - self.received
        wait_for(lambda: self.failure or not set(accepted) - self.received, seconds,
                 "%d accepted transfers that did not arrive" % len(missing))
        self.ending.set()
        self.join(10)
        if self.failure:
            raise self.failure
