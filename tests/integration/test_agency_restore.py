#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""An agency's own system goes back to yesterday's backup; lt-adapter restore brings it up to the axis.

The axis and the adapter's box keep everything: what is lost is the local system's alone. It speaks
through folders (driver spool) and keeps its index in held/. In the end everything is there once, in
order, and no citizen was told twice.
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time

from adapter import Adapter
from basics import SLOW, check, wait_for
from house import run_cases
from names import PROCEDURE

CASES = 10
EACH = 4       # transfers of a case before the backup, and as many after it
OWN = 5        # transfers of the office itself after the backup
PAGE = b"a scanned page " * 3000


class Office(threading.Thread):
    """A one-stop system that can only write files: its database is `records` and held/ together."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.records, self.order = folder, {}, []
        self.told = []      # citizens told: outside of the database, as a message sent is sent
        self.ending, self.lock = threading.Event(), threading.Lock()

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run(self):
        while not self.ending.wait(0.02):
            with self.lock:
                self.turn()

    def turn(self):
        for name in sorted(os.listdir(self.path("in"))) if os.path.isdir(self.path("in")) else ():
            key = name[:-5] if name.endswith(".json") else name
            whole = name.endswith(".json") or os.path.isdir(self.path("in", name))
            if not whole or name.startswith(".") or name == "done":
                continue
            if not os.path.exists(self.path("in", key + ".taken")):
                self.take(key, name)

    def take(self, key, name):
        file = name if name.endswith(".json") else os.path.join(name, "delivery.json")
        try:
            with open(self.path("in", file), encoding="utf-8") as text:
                delivery = json.load(text)
        except FileNotFoundError:
            return  # shelved while we looked
        if key not in self.records:
            self.records[key] = delivery
            self.order.append(key)
            if not delivery.get("restored"):
                self.told.append(key)
            with open(self.path("held", key), "w", encoding="ascii"):
                pass
        with open(self.path("in", key + ".taken"), "w", encoding="ascii"):
            pass

    def backup(self):
        with self.lock:
            shutil.copytree(self.path("held"), self.path("held.backup"))
            return dict(self.records), list(self.order)

    def go_back(self, backup):
        """The database as it was, and no file of later days."""
        with self.lock:
            self.records, self.order = dict(backup[0]), list(backup[1])
            for name in ("held", "in", "sent", "events"):
                shutil.rmtree(self.path(name))
            os.rename(self.path("held.backup"), self.path("held"))


class SpoolAdapter(Adapter):
    """A real adapter of one agency with the folder driver."""

    def __init__(self, house, agency, folder):
        super().__init__(house, [agency], "spool-" + agency)
        self.folder = folder
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("endpoint: %s\nserver_key: %s\ndata: %s\nlanguage: en\ndrivers:\n"
                       "  spool: {poll_ms: 50}\nagencies:\n  - id: %s\n    key: %s\n    folder: %s\n"
                       % (house.endpoint, house.path("broker.pub"), self.data, agency,
                          house.path(agency + ".key"), folder))

    def start(self, connected=True, **environment):
        with open(self.house.path(self.name + ".log"), "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.house.bin, "lt-adapter"), "run", "-c", self.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def restore(self, since_ms, *more):
        done = self.command("restore", "-c", self.config, "--since", str(since_ms), "--lang", "en",
                            *more)
        return done.returncode, done.stdout + done.stderr


def send(door, receiver, first):
    """EACH transfers of every case, some with a page."""
    check(door.put(PAGE), "the page is in the adapter")
    for number in range(first, first + EACH):
        for case in range(CASES):
            value = {"kind": "forward" if number == 0 else "status", "to": [receiver],
                     "case_code": "RESTORE-%d" % case, "procedure": PROCEDURE,
                     "locality": "00001", "body": {"number": number},
                     "business": {"status": 4, "event_ms": 1700000000000 + number}}
            if case < 3:
                value["attachments"] = [{"sha256": hashlib.sha256(PAGE).hexdigest(),
                                         "size": len(PAGE), "name": "page.pdf"}]
            status, answer = door.call("POST", "/v1/transfers", value,
                                       {"Idempotency-Key": "%d-%d" % (case, number)})
            check(status in (200, 202), "%s %s" % (status, answer))


def settled(house, agency, count):
    row = [r for r in house.rows("conservation") if r["agency"] == agency][0]
    return int(row["taken"]) == count


def work_until_the_backup(house):
    house.sender, house.receiver = house.agency(), house.agency()
    folder = house.path("office")
    os.makedirs(os.path.join(folder, "held"))
    house.office = Office(folder)
    house.there = Adapter(house, [house.sender], "there").start()
    house.here = SpoolAdapter(house, house.receiver, folder).start()
    house.ends += [house.there.stop, house.here.stop, house.office.ending.set]
    wait_for(lambda: os.path.isdir(os.path.join(folder, "in")), 10, "the folders")
    house.office.start()
    send(house.there.door(), house.receiver, 0)
    wait_for(lambda: len(house.office.records) == CASES * EACH, 25, "the first half taken")
    wait_for(lambda: settled(house, house.receiver, CASES * EACH), 10, "the first half settled")
    house.since_ms = int(time.time() * 1000)
    house.backup = house.office.backup()


def work_after_the_backup(house):
    send(house.there.door(), house.receiver, EACH)
    for number in range(OWN):
        name = house.office.path("out", "own-%d.json" % number)
        with open(name + ".tmp", "w", encoding="utf-8") as file:
            json.dump({"kind": "opinion", "case_code": "OWN-%d" % number, "to": [house.sender],
                       "procedure": PROCEDURE, "body": {"own": number}}, file)
        os.rename(name + ".tmp", name)
    wait_for(lambda: len(house.office.records) == 2 * CASES * EACH, 25, "the second half taken")
    wait_for(lambda: settled(house, house.receiver, 2 * CASES * EACH), 10, "it is settled")
    wait_for(lambda: house.accepted() >= 2 * CASES * EACH + OWN, 10, "our own are accepted")
    wait_for(lambda: len(os.listdir(house.office.path("sent"))) >= 2 * OWN, 10, "taken from out/")


def status_query(house):
    """The sender asks the axis what became of its transfers, page by page."""
    after, legs = 0, []
    while True:
        status, page = house.there.door().call("GET", "/v1/sent?after=%d&limit=50" % after)
        check(status == 200, "%s %s" % (status, page))
        legs += page["transfers"]
        after = page["next"]
        if after == 0:
            break
    check(len(legs) == 2 * CASES * EACH, "%d legs" % len(legs))
    check(all(l["state"] == "taken" and l["agency"] == house.receiver for l in legs), legs[:3])
    check({l["sender_key"] for l in legs} ==
          {"%d-%d" % (c, n) for c in range(CASES) for n in range(2 * EACH)}, "by sender key")


def asked_through_the_axis(house):
    """An operator's question goes to the office itself and back."""
    done = house.tool("ping", house.receiver)
    check(done.returncode == 0 and "spool held/" in done.stdout, done.stdout + done.stderr)


def compared_only(house):
    house.all = dict(house.office.records)
    code, text = house.here.restore(house.since_ms - 1000)
    check(code == 1 and "fenced" in text, "a running adapter holds the box: %s" % text)
    house.here.stop()
    house.office.go_back(house.backup)
    code, text = house.here.restore(house.since_ms - 1000, "--dry-run")
    check(code == 0, text)
    check("missing here           %d" % (CASES * EACH) in text, text)
    check("missing here           %d" % OWN in text, text)
    check("missing there          0" in text, text)
    check("nothing was changed" in text, text)
    check(len(house.office.records) == CASES * EACH, "the office has the backup")


def killed_on_the_way(house):
    """A restore that is killed leaves nothing that another run does not mend."""
    process = subprocess.Popen(
        [os.path.join(house.bin, "lt-adapter"), "restore", "-c", house.here.config, "--since",
         str(house.since_ms - 1000)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    time.sleep(0.7 * SLOW)
    process.send_signal(signal.SIGKILL)
    process.wait()


def brought_up_to_the_axis(house):
    code, text = house.here.restore(house.since_ms - 1000)
    check(code == 0, text)
    check("Done." in text, text)
    house.here.start()
    wait_for(lambda: len(house.office.records) == 2 * CASES * EACH, 25, "everything is back")
    time.sleep(0.5 * SLOW)
    office = house.office
    with office.lock:
        check(set(office.records) == set(house.all), "the same, and nothing else")
        check(len(office.told) == 2 * CASES * EACH, "citizens told %d times" % len(office.told))
        check(sorted(office.told) == sorted(house.all), "each once")
        restored = [k for k, d in office.records.items() if d.get("restored")]
        check(len(restored) == CASES * EACH, "%d restored" % len(restored))
        seen = {}
        for key in office.order:
            delivery = office.records[key]
            number = delivery["body"]["number"]
            check(number == seen.get(delivery["case_code"], 0), "order of " + key)
            seen[delivery["case_code"]] = number + 1
    own = os.listdir(office.path("restored-sent"))
    check(len(own) == OWN, own)
    with open(office.path("restored-sent", own[0]), encoding="utf-8") as file:
        back = json.load(file)
    check(back["sent"] and back["restored"] and back["from"] == house.receiver, back)
    check("own" in back["body"], back)
    files = [f for key in restored for f in
             (os.listdir(office.path("in", "done", key))
              if os.path.isdir(office.path("in", "done", key)) else ())]
    check(sum(f.endswith("page.pdf") for f in files) >= 1, "attachments came back: %s" % files)


def nothing_is_missing_any_more(house):
    house.here.stop()
    for name in os.listdir(house.office.path("restored-sent")):
        with open(house.office.path("held", name[:-5]), "w", encoding="ascii"):
            pass  # the office has taken its own back into its books
    code, text = house.here.restore(house.since_ms - 1000, "--dry-run")
    check(code == 0, text)
    check(text.count("missing here           0") == 2, text)


def another_content_is_named(house):
    """The office has something else under an id: nothing is written over, people must look."""
    key = house.office.order[-1]
    with open(house.office.path("held", key), "w", encoding="ascii") as file:
        json.dump({"held": True, "digest": "ab" * 32}, file)
    code, text = house.here.restore(house.since_ms - 1000)
    check(code == 3 and "differs                1" in text and key in text, text)
    with open(house.office.path("held", key), "w", encoding="ascii"):
        pass
    house.here.start()


def traffic_is_open_again(house):
    """The axis noticed nothing of it all but a break."""
    send(house.there.door(), house.receiver, 2 * EACH)
    wait_for(lambda: len(house.office.records) == 3 * CASES * EACH, 25, "live ones come")
    wait_for(lambda: settled(house, house.receiver, 3 * CASES * EACH), 10, "and are settled")
    check(len(house.office.told) == 3 * CASES * EACH, "told once each")


if __name__ == "__main__":
    run_cases([work_until_the_backup, work_after_the_backup, status_query,
               asked_through_the_axis, compared_only,
               killed_on_the_way, brought_up_to_the_axis, nothing_is_missing_any_more, another_content_is_named,
               traffic_is_open_again], __doc__)
