#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Real adapters on lines that break in the middle of a file, and on machines with a wrong clock."""
import hashlib
import os
import time

from adapter import Adapter, events
from basics import SLOW, check, wait_for
from house import run_cases
from line import Line
from names import PROCEDURE

DAY_S = 24 * 60 * 60
SHIFT = "LT_CLOCK_SHIFT"  # where the library that shifts a clock lies


def request(case, receiver, **more):
    return {"kind": "forward", "case_code": case, "procedure": PROCEDURE, "to": [receiver],
            "locality": "00001", "body": {"of": case}, **more}


def post(door, key, value, wait=0):
    return door.call("POST", "/v1/transfers?wait=%d" % wait, value, {"Idempotency-Key": key})


def port_of(endpoint):
    return int(endpoint.rsplit(":", 1)[1])


def taken(door, case):
    """Takes what is in the inbox; the delivery of this case when it was there."""
    found = None
    for delivery in door.inbox():
        check(door.settle(delivery, "taken"), delivery)
        if delivery["case_code"] == case:
            found = delivery
    return found


# ---- the cases ----------------------------------------------------------------------------------

def cut_again_and_again(house):
    """12 MB over a line that breaks every half second, both ways: whole at the end, once."""
    sender, receiver = house.agency(), house.agency()
    blobs = Line(port_of(house.blob_endpoint))
    wire = Line(port_of(house.endpoint))
    more = dict(endpoint="tcp://127.0.0.1:%d" % wire.port,
                blob_endpoint="tcp://127.0.0.1:%d" % blobs.port)
    with Adapter(house, [sender], "up", of_agency="    blob_kib_s: 4096\n", **more) as up, \
            Adapter(house, [receiver], "down", **more) as down:
        door, desk = up.door(), down.door()
        data = os.urandom(12 * 1000 * 1000)
        named = door.put(data)
        status, answer = post(door, "page", request("LINES-CUT", receiver, attachments=[named]))
        check(status == 202, "%s %s" % (status, answer))
        for _ in range(4):
            time.sleep(0.5 * SLOW)
            blobs.blink()
            wire.blink()
        got = wait_for(lambda: taken(desk, "LINES-CUT"), 20, "the delivery with its file")
        check(got["attachments"][0]["sha256"] == named["sha256"], got)
        back = desk.call("GET", "/v1/attachments/" + named["sha256"], raw=True)
        check(back[0] == 200 and hashlib.sha256(back[1]).hexdigest() == named["sha256"], back[0])
        wait_for(lambda: [e for e in events(door)[0] if e["what"] == "taken"], 15, "told as taken")
        check(len(house.rows("case", "LINES-CUT")) == 1, "one transfer")


def shift(seconds):
    """Environment of a process whose wall clock is wrong by so much."""
    return {"LD_PRELOAD": os.environ[SHIFT], "LT_SHIFT_S": str(seconds),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


def clock_shifted(house, name, shift_s):
    """An adapter on such a machine hands over and takes; its skew is seen on both sides."""
    sender, receiver = house.agency(), house.agency()
    mark = house.mark()
    environment = shift(shift_s)
    adapter = Adapter(house, [sender, receiver], name)
    try:
        adapter.start(connected=True, **environment)
        line = house.log_wait(mark, "clock-off agency=%s" % sender)
        check("set the clock" in line, line)
        state = adapter.door(sender).state()
        check(abs(state["skew_ms"] + shift_s * 1000) < 60000 * SLOW, state)
        told = adapter.command("check", "-c", adapter.config, "--lang", "en", **environment).stdout
        check("[failed] Clock against the axis" in told and "timedatectl" in told, told)
        status, answer = post(adapter.door(sender), "shifted", request("LINES-" + name, receiver),
                              wait=int(10 * SLOW))
        check(status == 201, "accepted in spite of the clock: %s %s" % (status, answer))
        wait_for(lambda: taken(adapter.door(receiver), "LINES-" + name), 10, "taken")
    finally:
        adapter.stop()
    return adapter, sender, receiver


def clock_a_day_ahead(house):
    clock_shifted(house, "ahead", DAY_S + 3600)


def clock_a_day_behind(house):
    clock_shifted(house, "behind", -DAY_S - 3600)


def clock_never_set(house):
    """The clock of a board without a battery; what was handed over before the line was up, too."""
    clock_shifted(house, "unset", -56 * 365 * DAY_S)


def recorded_by_a_wrong_clock(house):
    """Handed over before the axis told the time: refused by name; a new key passes from then on."""
    sender, receiver = house.agency(), house.agency()
    wire = Line(port_of(house.endpoint))
    wire.cut()
    adapter = Adapter(house, [sender], "early", endpoint="tcp://127.0.0.1:%d" % wire.port)
    try:
        adapter.start(connected=False, **shift(3 * DAY_S))
        door = adapter.door()
        value = request("LINES-EARLY", receiver)
        status, answer = post(door, "early", value)
        check(status == 202, "%s %s" % (status, answer))
        wire.restore()

        def told():
            return [e for e in events(door)[0] if e["sender_key"] == "early"]
        refused = wait_for(told, 15, "the outcome")[0]
        check((refused["what"], refused["code"]) == ("refused", "id-time") and refused["message"],
              refused)
        status, answer = post(door, "early-again", value, wait=int(10 * SLOW))
        check(status == 201, "once the time is known: %s %s" % (status, answer))
    finally:
        adapter.stop()


if __name__ == "__main__":
    cases = [cut_again_and_again]
    if SHIFT in os.environ:
        cases += [clock_a_day_ahead, clock_a_day_behind, clock_never_set,
                  recorded_by_a_wrong_clock]
    run_cases(cases, __doc__)
