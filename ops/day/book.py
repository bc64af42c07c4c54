# SPDX-License-Identifier: EUPL-1.2
"""The demo's own books, kept by the agencies' side only: what must be equal in the end."""
import threading

PLACE = {"forward": 0, "supplement": 1, "status": 0, "supplement-request": 1, "result": 2}


class Book:
    def __init__(self):
        self.lock = threading.Lock()
        self.cases = {}       # code -> {"from", "resolved", "refused"}
        self.posted_count = {}
        self.recorded_count = 0
        self.seen = {}        # (id, leg) -> agency: effects
        self.twice = 0
        self.disorder = []
        self.last = {}        # (agency, case, from) -> place of the last one taken
        self.counts = {"taken": 0, "refused": 0}

    def posted(self, code, agency, kind):
        with self.lock:
            self.posted_count[kind] = self.posted_count.get(kind, 0) + 1
            if kind == "forward":
                self.cases[code] = {"from": agency, "resolved": False, "refused": False}

    def recorded(self, _key):
        with self.lock:
            self.recorded_count += 1

    def taken(self, d, agency):
        """True when this is the first time: the effect happens now."""
        with self.lock:
            effect = (d["id"], d["leg"])
            if effect in self.seen:
                self.twice += 1
                return False
            self.seen[effect] = agency
            self.counts["taken"] += 1
            lane = (agency, d["case_code"], d["from"])
            place = PLACE[d["kind"]]
            if place < self.last.get(lane, -1):
                self.disorder.append((lane, d["kind"]))
            self.last[lane] = max(place, self.last.get(lane, -1))
            if d["kind"] == "result":
                self.cases[d["case_code"]]["resolved"] = True
            return True

    def refused(self, d, _agency):
        with self.lock:
            effect = (d["id"], d["leg"])
            if effect not in self.seen:
                self.seen[effect] = "refused"
                self.counts["refused"] += 1
                self.cases[d["case_code"]]["refused"] = True

    def open_cases(self):
        with self.lock:
            return sum(1 for c in self.cases.values() if not c["resolved"] and not c["refused"])

    def summary(self):
        with self.lock:
            done = sum(1 for c in self.cases.values() if c["resolved"])
            return len(self.cases), done, self.counts["taken"], self.counts["refused"]
