#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What a backlog of parked legs costs people and the broker: the first page of `parked`, a plan over
a tenth of it with its dry run, and the broker's memory, beside a broker that has none.

Figures are printed, never held: only what is counted must be right.
  PYTHONPATH=tests/interop /usr/bin/python3 tests/bench/plans.py --bin build/bin [--legs 1000000 --agencies 100]
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time

from world import World


def cpu_s(world):
    """What the broker has computed so far; unlike the clock on the wall, nobody else is in it."""
    with open("/proc/%d/stat" % world.process.pid, encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(world, *words):
    """(how long it took, how long the broker computed, what came out)"""
    begin, cpu = time.monotonic(), cpu_s(world)
    out = world.ltctl(*words)
    return "%.2f s, of which the broker computed %.2f s" % (
        time.monotonic() - begin, cpu_s(world) - cpu), out


def memory_mib(world, what="RssAnon"):
    with open("/proc/%d/status" % world.process.pid, encoding="utf-8") as status:
        return int(re.search(what + r":\s+(\d+)", status.read()).group(1)) / 1024


def ready(world):
    world.start()
    for _ in range(6000):
        try:
            return world.ltctl("status")
        except RuntimeError:
            time.sleep(0.1)
    raise RuntimeError("the broker does not answer")


def row(what, value):
    print("%-58s %s" % (what, value), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--legs", type=int, default=1000000)
    parser.add_argument("--agencies", type=int, default=100)
    given = parser.parse_args()
    empty = World(given.bin)
    world = World(given.bin)
    try:
        ready(empty)
        row("memory of its own of a broker with nothing parked", "%.1f MiB" % memory_mib(empty))
        empty.close()
        begin = time.monotonic()
        subprocess.run([os.path.join(given.bin, "lt-backlog"), world.path("data"), str(given.legs),
                        str(given.agencies)], check=True, stdin=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        row("%d parked legs over %d agencies, made in" % (given.legs, given.agencies),
            "%.0f s" % (time.monotonic() - begin))
        ready(world)
        row("memory of its own with the backlog", "%.1f MiB" % memory_mib(world))
        row("ltctl plan list (an empty answer)", timed(world, "plan", "list")[0])
        seconds, out = timed(world, "parked", "--limit", "200", "--json")
        rows = json.loads(out)
        row("ltctl parked, the first %d, oldest first" % len(rows), seconds)
        good = len(rows) == min(200, given.legs)
        seconds, out = timed(world, "plan", "make", "--code", "receiver-never", "--reason",
                             "đo thời gian", "--json")
        plan = json.loads(out)
        row("ltctl plan make over %s of them, with its dry run" % plan[0]["items"],
            seconds)
        good = good and int(plan[0]["items"]) == (given.legs + 9) // 10
        good = good and int(plan[1]["items"]) == (given.legs + 9) // 10
        row("ltctl plan show (the dry run again)",
            timed(world, "plan", "show", str(plan[0]["number"]))[0])
        row("memory of its own afterwards", "%.1f MiB" % memory_mib(world))
        row("... page cache of LMDB beside it", "%.1f MiB" % memory_mib(world, "RssFile"))
        return 0 if good else 1
    finally:
        empty.close()
        world.close()


if __name__ == "__main__":
    sys.exit(main())
