#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The same thousand requests, posted again by a wiped adapter and by its twin, are no new transfers."""
import concurrent.futures
import hashlib
import os
import shutil
import signal

from adapter import Adapter, events
from basics import check, wait_for
from house import run_cases
from names import PROCEDURE

COUNT = 1000
WITH_FILES = 20
PAGE = b"a scanned page " * 500


def request(number, receiver):
    """Ten cases of a hundred transfers each; some carry a page, some a body over 64 KiB."""
    value = {"kind": "status" if number >= 10 else "forward", "case_code": "TWINS-%d" % (number % 10),
             "procedure": PROCEDURE, "to": [receiver], "locality": "00001",
             "business": {"status": 4, "event_ms": 1700000000000 + number},
             "body": {"number": number, "text": "x" * (70000 if number % 200 == 5 else 100)}}
    if number < WITH_FILES:
        value["attachments"] = [{"sha256": hashlib.sha256(PAGE).hexdigest(), "size": len(PAGE)}]
    return value


def post_all(door, receiver):
    """Hands all of them over from eight threads; the ids by key."""
    check(door.put(PAGE), "the page is in the adapter")

    def post(number):
        key = "row-%d" % number
        status, answer = door.call("POST", "/v1/transfers", request(number, receiver),
                                   {"Idempotency-Key": key})
        check(status in (200, 202), "%s: %s %s" % (key, status, answer))
        return key, answer["id"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return dict(pool.map(post, range(COUNT)))


def all_accepted(door):
    """Waits until every key was told accepted; how many were told so."""
    told, cursor = {}, 0

    def look():
        nonlocal cursor
        found, cursor = events(door, cursor)
        for event in found:
            check(event["what"] != "refused", event)
            if event["what"] == "accepted":
                told[event["sender_key"]] = event
        return len(told) == COUNT
    wait_for(look, 25, "all %d told as accepted" % COUNT)
    return told


def on_the_axis(house, receiver):
    row = [r for r in house.rows("conservation") if r["agency"] == receiver][0]
    check(int(row["difference"]) == 0, row)
    return int(row["accepted"])


def first_time(house):
    house.twins = house.agency(), house.agency()
    sender, receiver = house.twins
    house.adapter = Adapter(house, [sender], "first").start()
    house.ends.append(house.adapter.stop)
    post_all(house.adapter.door(), receiver)
    all_accepted(house.adapter.door())
    check(on_the_axis(house, receiver) == COUNT, "the axis has %d" % on_the_axis(house, receiver))


def wiped(house):
    """The disk of the adapter is lost; the application posts everything once more."""
    sender, receiver = house.twins
    house.adapter.stop(signal.SIGKILL)
    shutil.rmtree(os.path.join(house.adapter.data, sender))
    house.adapter.start()
    door = house.adapter.door()
    check(not door.call("GET", "/v1/transfers")[1]["transfers"], "it remembers nothing")
    post_all(door, receiver)
    all_accepted(door)
    check(on_the_axis(house, receiver) == COUNT, "the axis has %d" % on_the_axis(house, receiver))


def twin(house):
    """A second adapter with a key of its own, beside the first, for the same application."""
    sender, receiver = house.twins
    public, _ = house.key_make(sender + "-twin")
    house.ltctl("agency", "key", "add", sender, public.hex())
    with Adapter(house, [sender], "twin", keys={sender: sender + "-twin"}) as other:
        post_all(other.door(), receiver)
        all_accepted(other.door())
        again = post_all(house.adapter.door(), receiver)
        check(len(set(again.values())) == COUNT, "the first one knows them all")
    check(on_the_axis(house, receiver) == COUNT, "the axis has %d" % on_the_axis(house, receiver))


if __name__ == "__main__":
    run_cases([first_time, wiped, twin], __doc__)
