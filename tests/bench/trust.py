#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What trust costs, as ratios: sealed against unsealed at 64 and at 1 parcels per Submit, the share of
a transfer that its seal is, the cost of a receipt, and what a second verifier thread is worth.

Rounds go in turn (unsealed, sealed, unsealed, ...), so that whatever else the machine does is in both;
medians count. All of the broker's figures are of its own processor time, and have receipts in them:
the log is never off. No figure is held here. The last line is one JSON object.
  /usr/bin/python3 tests/bench/trust.py --bin build/bin [--seconds 10 --rounds 5]
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

KINDS = [("unsealed_64", ["--batch", "64"]), ("sealed_64", ["--batch", "64", "--sealed"]),
         ("unsealed_1", ["--batch", "1"]), ("sealed_1", ["--batch", "1", "--sealed"])]


def last_line(words):
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    return json.loads(done.stdout.strip().splitlines()[-1])


def flows(given):
    runs = {name: [] for name, _ in KINDS}
    for _ in range(given.rounds):
        for name, words in KINDS:
            runs[name].append(last_line(
                [os.path.join(given.bin, "lt-bench"), "--folder", given.folder, "--json", "--seconds",
                 str(given.seconds), "--warmup", "1" if given.seconds > 2 else "0", *words]))
    return runs


def median(runs, name, field):
    return statistics.median(run[field] for run in runs[name])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--folder", default="/var/tmp")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    runs = flows(given)
    seals = last_line([os.path.join(given.bin, "lt-seals"), str(100 * given.seconds)])
    receipts = last_line([os.path.join(given.bin, "lt-receipts"), str(20 * given.seconds)])
    cpu = {name: median(runs, name, "broker_cpu_s_per_1000") * 1000 for name, _ in KINDS}
    out = {"%s_cpu_us" % name: round(us, 2) for name, us in cpu.items()}
    for name, _ in KINDS:
        out["%s_settled_per_s" % name] = round(median(runs, name, "settled_per_s"))
        out["%s_parcels_per_frame" % name] = round(median(runs, name, "parcels_per_frame"), 1)
    for size in (64, 1):
        sealed, plain = "sealed_%d" % size, "unsealed_%d" % size
        out["cpu_ratio_%d" % size] = round(cpu[sealed] / cpu[plain], 3)
        out["speed_ratio_%d" % size] = round(
            median(runs, sealed, "settled_per_s") / median(runs, plain, "settled_per_s"), 3)
    # Computed beside measured: the seal's own check, as part of what a transfer costs.
    out["seal_us_64"] = round(seals["p256_64_us"] - seals["plain_us"], 2)
    out["seal_us_1"] = round(seals["p256_1_us"] - seals["plain_us"], 2)
    out["seal_share_64"] = round(out["seal_us_64"] / cpu["unsealed_64"], 3)
    out["seal_share_1"] = round(out["seal_us_1"] / cpu["unsealed_1"], 3)
    out["receipt_us_64"] = round(receipts["receipt_64_us"], 2)
    out["receipt_us_1"] = round(receipts["receipt_1_us"], 2)
    # A transfer has two: its sender's and its receiver's.
    out["receipts_share_64"] = round(2 * receipts["receipt_64_us"] / cpu["unsealed_64"], 3)
    out["receipt_check_us_64"] = round(receipts["check_64_us"], 2)
    out["two_verifiers_1"] = seals["two_threads_1"]
    out["two_verifiers_64"] = seals["two_threads_64"]
    for name in ("cpu_ratio_64", "cpu_ratio_1", "seal_share_64", "receipts_share_64",
                 "two_verifiers_1", "two_verifiers_64"):
        print("%-20s %.3f" % (name, out[name]))
    print("at 64 parcels per seal, of a transfer (to hold: under 10 %%): measured %.1f %% more of the"
          " broker's processor time; its check alone %.1f %%"
          % (100 * (out["cpu_ratio_64"] - 1), 100 * out["seal_share_64"]))
    print(json.dumps(out))


if __name__ == "__main__":
    sys.exit(main())
