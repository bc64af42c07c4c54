#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A journal archived, backed up, carried and cut by an operator, on the real processes.

Two months are made by a broker whose wall clock stands 40 days later in its second life. What was
open before the cut is delivered after it, what came before is known again, the archive tells what
the journal no longer has, and without its base the broker does not start.
"""
import hashlib
import os
import shutil
import subprocess
import sys

from basics import SLOW, check, run_until, wait_for
from hostile import header_of
from house import House, arguments
from ltp_client import Client, parcel_make

CASES = 12
TAKEN = 6  # of them before the cut
SHIFT = "LT_CLOCK_SHIFT"
LATER_S = 40 * 24 * 3600
DAMAGED = 71
OTHER_RELEASE = 74
DIGEST_BYTES = 32
BITS = 6


class Story:
    def __init__(self, house):
        self.house = house
        self.data, self.archive = house.path("data"), house.path("archive")
        self.backup = house.path("backup")
        self.desk, self.commune = house.agency("H24.15", "department"), house.agency("H24.31")
        self.parcels = []

    def client(self, agency, **more):
        house = self.house
        return Client(house.endpoint, house.server_public, house.secrets[agency], **more).connect()

    def send(self, first, count):
        sender = self.client(self.commune)
        for number in range(first, first + count):
            parcel = parcel_make(header_of(self.commune, b"own-%d" % number, "CUT-%d" % number,
                                           to=[self.desk]), b'{"so":%d}' % number)
            self.parcels.append(parcel)
            sender.submit(parcel)
        run_until([sender], lambda: len(sender.verdicts) == count, 20, "verdicts")
        check(all(v.code == 0 for v in sender.verdicts.values()), sender.verdicts)
        sender.close()

    def take(self, count):
        """Takes so many; their bodies by case code."""
        desk = self.client(self.desk, deliveries_max=count)
        bodies = {}
        while len(bodies) < count:
            run_until([desk], lambda: desk.deliveries, 20, "a delivery")
            item, header = desk.deliveries.popleft()
            check(header.case_code not in bodies, "once: " + header.case_code)
            bodies[header.case_code] = bytes(item.body)
            desk.settle(item, header)
            run_until([desk], lambda: not desk.settling, 20, "the settlement is stored")
        desk.close()
        return bodies

    def stop(self):
        self.house.process.terminate()
        check(self.house.wait_end(30 * SLOW) == 0, "stopped in order")

    def start(self):
        """Again, 40 days later."""
        later = {"LD_PRELOAD": os.environ[SHIFT], "LT_SHIFT_S": str(LATER_S),
                 "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        before = {name: os.environ.get(name) for name in later}
        os.environ.update(later)
        try:
            self.house.start()
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})

    def tell(self, *words, code=0):
        """What an operator types, and what ltctl says; its exit code is as expected."""
        done = self.house.tool(*words)
        said = done.stdout + done.stderr
        print("$ ltctl %s\n%s" % (" ".join(words), said), file=sys.stderr)
        check(done.returncode == code, "exit %d, not %d: %s" % (done.returncode, code, said))
        return said


def two_months(story):
    story.send(0, CASES)
    bodies = story.take(TAKEN)
    check(len(bodies) == TAKEN, bodies)
    story.stop()
    story.start()
    story.send(CASES, 1)


def archived_and_carried(story):
    """Only as far as archive and backup reach; gives where to cut."""
    story.tell("journal", "carry", "--below", "5", code=1)
    story.tell("archive", "run", story.data, story.archive)
    months = sorted(name for name in os.listdir(story.archive) if name.endswith(".lta"))
    check(len(months) == 2, months)
    check(os.stat(os.path.join(story.archive, months[0])).st_mode & 0o777 == 0o400, "read-only")
    story.tell("archive", "verify", story.archive)
    below = int(story.house.status()["archived_to"]) + 1
    story.tell("journal", "carry", "--below", str(below), code=1)  # not backed up
    story.tell("backup", story.data, story.backup)
    story.tell("journal", "carry", "--below", str(below + 1), code=1)
    story.tell("journal", "carry", "--below", str(below), "--dry-run")
    story.tell("journal", "carry", "--below", str(below))
    wait_for(lambda: int(story.house.status()["cut_ready"]) == below, 20, "carried")
    return str(below)


def cut(story, below):
    cutting = ["journal", "cut", story.data, "--below", below, "--archive", story.archive]
    story.tell(*cutting, code=1)  # the broker runs
    story.stop()
    lost = sorted(os.listdir(story.archive))[0]
    os.rename(os.path.join(story.archive, lost), story.house.path("lost"))
    story.tell(*cutting, code=3)  # not in the archive
    os.rename(story.house.path("lost"), os.path.join(story.archive, lost))
    check(not os.path.exists(os.path.join(story.data, "base")), "nothing was written")
    story.tell(*cutting, "--dry-run")
    check(not os.path.exists(os.path.join(story.data, "base")), "nothing was written")
    story.tell(*cutting)
    story.tell("journal", "verify", story.data)


def nothing_is_lost(story, below):
    status = story.house.status()
    check(int(status["journal_first"]) in range(2, int(below) + 1), status["journal_first"])
    old = story.client(story.commune)
    twin = parcel_make(header_of(story.commune, b"own-1", "CUT-1", to=[story.desk]), b'{"so":1}')
    for parcel in (story.parcels[0], twin):
        old.submit(parcel)
    run_until([old], lambda: len(old.verdicts) == 2, 20, "verdicts")
    check(old.verdicts[twin.id].known_as == story.parcels[1].id, "the twin's name")
    old.close()
    bodies = story.take(CASES + 1 - TAKEN)
    check(bodies == {"CUT-%d" % n: b'{"so":%d}' % n for n in range(TAKEN, CASES + 1)}, bodies)
    total = story.house.rows("conservation")[-1]
    check(int(total["accepted"]) == CASES + 1 == int(total["taken"]), total)
    check(int(total["difference"]) == 0, total)
    found = story.tell("archive", "find", story.archive, "CUT-0")
    check("accepted" in found and "taken" in found and story.desk in found, found)
    found = story.tell("archive", "find", story.archive, "own-0", "--from", story.commune)
    check("accepted" in found, found)
    story.tell("archive", "find", story.archive, "CUT-99", code=3)


def does_not_start(story, code=DAMAGED):
    done = subprocess.run([os.path.join(story.house.bin, "lienthongd"), "--config",
                           story.house.path("lienthongd.yaml")], capture_output=True, text=True,
                          timeout=60 * SLOW, check=False)
    check(done.returncode == code, "exit %d: %s" % (done.returncode, done.stderr))


def base_with_a_bit_turned(story, good):
    """Wherever the bit is, the check tells and nothing starts on it."""
    with open(good, "rb") as file:
        whole = file.read()
    for part in range(BITS):
        wrong = bytearray(whole)
        wrong[(len(wrong) - 1) * part // (BITS - 1)] ^= 1 << part
        with open(os.path.join(story.data, "base"), "wb") as file:
            file.write(wrong)
        story.tell("journal", "verify", story.data, code=5)
        does_not_start(story)


def base_of_another_release(story, good):
    """Whole, and folded otherwise: it is not loaded; the archive makes a new one."""
    with open(good, "rb") as file:
        body = bytearray(file.read()[:-DIGEST_BYTES])
    body[7] ^= 0x40  # the last byte of the fold version
    with open(os.path.join(story.data, "base"), "wb") as file:
        file.write(body + hashlib.sha256(body).digest())
    does_not_start(story, OTHER_RELEASE)
    story.tell("journal", "base", story.data, "--archive", story.house.path("nothing"), code=3)
    made = story.tell("journal", "base", story.data, "--archive", story.archive, "--json")
    check('"damaged":"0"' in made.replace(" ", "").replace(":0", ':"0"'), made)
    story.tell("journal", "verify", story.data)
    story.start()
    total = story.house.rows("conservation")[-1]
    check(int(total["taken"]) == CASES + 1 and int(total["difference"]) == 0, total)
    story.stop()
    os.remove(os.path.join(story.data, "state.mdb"))


def base_damaged_beside_a_good_state(story):
    """The broker starts on its state; the background check reads the base all the same."""
    path = os.path.join(story.data, "base")
    with open(path, "rb") as file:
        whole = file.read()
    before = story.house.tool("alarms")
    check("base" not in before.stdout, before)
    story.stop()
    with open(path, "r+b") as file:
        file.seek(len(whole) // 2)
        file.write(bytes([whole[len(whole) // 2] ^ 1]))
    mark = story.house.mark()
    story.start()
    story.house.log_wait(mark, "base-damaged", 20 * SLOW)
    said = story.tell("alarms", code=5)
    check("base does not read" in said, said)
    with open(path, "wb") as file:
        file.write(whole)


def without_its_base(story):
    """A new backup holds the base; without base and state.mdb nothing starts, with the base all."""
    story.tell("backup", story.data, story.house.path("backup-2"))
    check(os.path.exists(story.house.path("backup-2/base")), "the base is in the backup")
    story.stop()
    os.remove(os.path.join(story.data, "state.mdb"))
    os.rename(os.path.join(story.data, "base"), story.house.path("base"))
    story.tell("journal", "verify", story.data, code=5)
    does_not_start(story)
    base_with_a_bit_turned(story, story.house.path("backup-2/base"))
    base_of_another_release(story, story.house.path("backup-2/base"))
    shutil.copy(story.house.path("backup-2/base"), os.path.join(story.data, "base"))
    story.start()
    total = story.house.rows("conservation")[-1]
    check(int(total["taken"]) == CASES + 1, total)
    check(len(story.house.rows("case", "CUT-0")) == 1, "what lay below is known")


def main():
    given = arguments(__doc__)
    house = House(given.bin).start()
    try:
        story = Story(house)
        two_months(story)
        below = archived_and_carried(story)
        cut(story, below)
        story.start()
        nothing_is_lost(story, below)
        base_damaged_beside_a_good_state(story)
        without_its_base(story)
    except Exception:
        print(house.log_from(0)[-6000:], file=sys.stderr)
        raise
    finally:
        house.close(given.keep)


if __name__ == "__main__":
    main()
