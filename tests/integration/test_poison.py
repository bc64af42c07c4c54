#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Messages that crash the broker: three times, then the cause is set aside, everyone else served.

The crash is made from outside: a library in front of protobuf-c ends the process when the bytes
hold a certain case code (tests/harness/poison.c).
"""
import os
import signal

from basics import SLOW, check, run_until, wait_for
from hostile import header_of, make
from house import House, run_cases
from ltp_client import Client, parcel_make
from names import DEPARTMENT

FRAME_MARKER = "POISON-FRAME"
FACT_MARKER = "POISON-FACT"
CRASHES = 3
CASE_S = 120


def library(house, marker):
    """The broker's next lives: poisoned by this case code, or by none."""
    path = os.environ.get("LT_POISON_LIBRARY") or os.path.join(house.bin, "../tests/poison.so")
    house.environment = {}
    if marker:
        options = os.environ.get("ASAN_OPTIONS", "")
        house.environment = {
            "LD_PRELOAD": path, "LT_POISON": marker,
            "ASAN_OPTIONS": (options + ":" if options else "") + "verify_asan_link_order=0"}


def restart(house):
    """Stops it in order and starts it again, with its present environment."""
    house.process.terminate()
    house.wait_end(20 * SLOW)
    house.start()


def crashed(house):
    """Ends by itself with a signal."""
    wait_for(lambda: not house.alive(), 15, "the broker crashes")
    check(house.process.returncode == -signal.SIGABRT, "ended with %d" % house.process.returncode)


def start_crashing(house):
    """Starts it; it may crash before it listens."""
    try:
        super(House, house).start()
    except RuntimeError:
        pass


def served(house):
    """The honest ones, after a restart they have not heard of."""
    house.honest.redial()
    house.honest.served(20)


def agency_row(house, agency):
    return next(row for row in house.rows("agencies") if row["id"] == agency)


def poison_of(agency, marker, to=(DEPARTMENT,)):
    return header_of(agency, b"poison", marker, to)


# ---- the cases ----------------------------------------------------------------------------------

def kills_blame_nobody(house):
    """SIGKILL three times within a minute is no crash of ours: nothing is set aside."""
    mark = house.mark()
    for _ in range(CRASHES):
        house.kill()
        house.start()
        served(house)
    check("safe-start" not in house.log_from(mark), "no safe start")
    check(not house.rows("quarantine"), "nothing set aside")
    check(not any(row["shielded"] for row in house.rows("agencies")), "nobody shielded")


def agency_that_crashes_us(house):
    """An agency whose message crashes the broker is kept out by the fourth start, until a person
    lets it in; the others are served."""
    library(house, FRAME_MARKER)
    restart(house)
    mark = house.mark()
    agency = house.agency()
    client = house.hostile(agency)
    client.submit(parcel_make(poison_of(agency, FRAME_MARKER)))
    for number in range(CRASHES):
        run_until([client], lambda: not house.alive(), 20, "crash %d" % (number + 1))
        crashed(house)
        client.end(0)
        house.start()
    house.log_wait(mark, "safe-start.*place=frame")
    run_until([client], lambda: "shielded" in [code for code, _ in client.endings], 15,
              "refused as shielded: %s" % client.endings)
    row = agency_row(house, agency)
    check(row["shielded"], "ltctl agencies shows it: %s" % row)
    served(house)
    check(house.alive(), "it lives on")

    library(house, None)  # a release that no longer crashes
    restart(house)
    check(agency_row(house, agency)["shielded"], "a restart keeps it out")
    client.endings.clear()
    run_until([client], lambda: client.endings, 15, "refused again")
    check(client.endings[0][0] == "shielded", "%s" % client.endings[0][0])
    done = house.tool("agency", "unshield", agency, "--reason", "đã sửa phần mềm")
    check(done.returncode == 0, done.stdout + done.stderr)
    run_until([client], lambda: client.session and not client.pending, 20,
              "let in, and what waited is accepted")
    check(not agency_row(house, agency)["shielded"], "and shown so")


def fact_that_crashes_the_fold(house):
    """A stored message that crashes the fold is passed over by the fourth start; a later release
    that can read it gets it back."""
    library(house, None)
    restart(house)
    sender, receiver = house.agency(), house.agency()
    client = house.hostile(sender)
    item = client.verdict(make(poison_of(sender, FACT_MARKER, (receiver,))))
    check(item.code == 0, "accepted")
    served(house)
    house.process.terminate()
    house.wait_end(20 * SLOW)
    os.unlink(house.path("data/state.mdb"))
    mark = house.mark()
    library(house, FACT_MARKER)
    for _ in range(CRASHES):
        start_crashing(house)
        crashed(house)
    house.start()
    house.log_wait(mark, "safe-start.*place=fold.*position=%d" % item.position)
    with open(house.path("data/passed-over"), encoding="ascii") as file:
        check(file.read().split() == [str(item.position)], "the list of what was passed over")
    rows = house.rows("quarantine")
    check([int(row["position"]) for row in rows] == [item.position], "ltctl quarantine: %s" % rows)
    served(house)
    restart(house)
    served(house)

    house.process.terminate()
    house.wait_end(20 * SLOW)
    os.unlink(house.path("data/passed-over"))
    os.unlink(house.path("data/state.mdb"))
    library(house, None)
    house.start()
    check(FACT_MARKER in house.ltctl("case", FACT_MARKER), "read again, it is there")
    taker = Client(house.endpoint, house.server_public, house.secrets[receiver]).connect()
    run_until([taker], lambda: taker.deliveries, 15, "and delivered")
    taker.settle(*taker.deliveries.popleft())
    run_until([taker], lambda: not taker.settling, 15, "and settled")
    taker.close()


if __name__ == "__main__":
    run_cases([kills_blame_nobody, agency_that_crashes_us, fact_that_crashes_the_fold], __doc__,
              case_s=CASE_S)
