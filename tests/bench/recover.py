#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""R8: recovery with a million parked transfers in the memory of a broker that has none.

The broker is killed and started again, and then started once more without its state.mdb, which it
folds anew from the journal: then it has used the whole overlay, as live traffic does as well, and
keeps that memory. Times and ratios are printed, never held; what is held is what is counted and that
memory does not follow the backlog.
  PYTHONPATH=tests/interop /usr/bin/python3 tests/bench/recover.py --bin build/bin [--legs 1000000 --agencies 100]
"""
import argparse
import json
import os
import subprocess
import sys
import threading
import time

from plans import memory_mib, ready, row
from world import World

MORE_MIB = 24  # than with none, at rest: what a backlog may cost, however long it is
# than with none, once everything was folded anew: four generations of 24 MiB, and what holds them
FOLDED_MIB = 128
ASKED = 5  # times; the best counts


class Peak(threading.Thread):
    """The most memory of its own that the broker has had, looked at all the time."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.most, self.over = world, 0.0, threading.Event()

    def run(self):
        while not self.over.wait(0.02):
            try:
                self.most = max(self.most, memory_mib(self.world))
            except (OSError, AttributeError):
                pass  # not begun yet, or between two lives

    def end(self):
        self.over.set()
        self.join()
        return self.most


def started(world, what):
    """Starts it; what it took until an operator has an answer, and the most memory on the way."""
    peak = Peak(world)
    peak.start()
    begin = time.monotonic()
    ready(world)
    took = time.monotonic() - begin
    most = peak.end()
    row(what, "%.1f s, %.1f MiB at most, %.1f MiB then" % (took, most, memory_mib(world)))
    return most


def asked(world, *words):
    best = 60.0
    for _ in range(ASKED):
        begin = time.monotonic()
        world.ltctl(*words)
        best = min(best, time.monotonic() - begin)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--legs", type=int, default=1000000)
    parser.add_argument("--agencies", type=int, default=100)
    given = parser.parse_args()
    empty, world = World(given.bin), World(given.bin)
    try:
        none_most = started(empty, "a broker with nothing parked")
        none, none_s = memory_mib(empty), asked(empty, "parked")
        empty.close()
        subprocess.run([os.path.join(given.bin, "lt-backlog"), world.path("data"), str(given.legs),
                        str(given.agencies)], check=True, stdin=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        started(world, "with %d parked" % given.legs)
        good = True
        for what, lost in (("killed, and started again", False),
                           ("killed, its state.mdb lost", True)):
            world.kill()
            if lost:
                os.remove(world.path("data/state.mdb"))
            most = started(world, what)
            held = int(json.loads(world.ltctl("status", "--json"))[0]["parked"])
            good = good and held == given.legs
            more = FOLDED_MIB if lost else MORE_MIB
            good = good and memory_mib(world) <= none + more and most <= none_most + more
        took = asked(world, "parked", "--limit", "200")
        row("ltctl parked, the first 200", "%.3f s, %.1f times what it takes with none (%.3f s)" % (
            took, took / none_s, none_s))
        took = asked(world, "parked", "--group", "code")
        row("ltctl parked --group code", "%.3f s, %.1f times" % (took, took / none_s))
        row("memory of its own at rest", "%.1f MiB, with none %.1f MiB" % (memory_mib(world), none))
        return 0 if good else 1
    finally:
        empty.close()
        world.close()


if __name__ == "__main__":
    sys.exit(main())
