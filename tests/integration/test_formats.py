#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Upgrade and downgrade between two built releases, under load.

Forth and back as long as nobody enabled the newer format; once it is enabled the older release says
so and does not start, and the newer one goes on. Played with the present release as the newer one
and again as the older one; a folder is never begun anew in between.
"""
import os
import subprocess
import sys

from basics import SLOW, check
from honest import Honest
from house import House, afterwards, arguments

OTHER_RELEASE = 74  # exit code
ROUNDS = 3


class Story:
    """A folder that two releases take turns at."""

    def __init__(self, given, older, newer, formats):
        self.house = House(given.bin)
        self.older, self.newer, self.formats = older, newer, formats

    def begin(self):
        self.house.broker = self.older
        self.house.start()
        self.house.honest = Honest(self.house)
        self.house.honest.start()
        self.house.honest.served()

    def turn(self, release, killed=False):
        """The other release, in the middle of the work."""
        if killed:
            self.house.kill()
        elif self.house.alive():
            self.house.process.terminate()
            check(self.house.wait_end(30 * SLOW) == 0, "stopped in order")
        self.house.broker = release
        self.house.start()
        self.house.honest.redial()
        self.house.honest.served(20 * SLOW)

    def expect(self, used, known):
        status = self.house.status()
        check((int(status["format"]), int(status["format_known"])) == (used, known), status)

    def does_not_start(self):
        """It says what is wrong and what to do, and leaves everything as it was."""
        done = subprocess.run([self.older, "--config", self.house.path("lienthongd.yaml")],
                              capture_output=True, text=True, timeout=60 * SLOW, check=False)
        check(done.returncode == OTHER_RELEASE, "exit %d: %s" % (done.returncode, done.stderr))
        said = "%d is enabled, this release knows formats up to %d" % (self.formats[1],
                                                                      self.formats[0])
        check(said in done.stderr and "upgrade.md" in done.stderr, done.stderr)

    def play(self):
        old, new = self.formats
        house = self.house
        self.begin()
        self.expect(old, old)
        for number in range(ROUNDS):
            self.turn(self.newer, killed=number % 2 == 1)
            self.expect(old, new)
            self.turn(self.older, killed=number % 2 == 0)
            self.expect(old, old)
        refused = house.tool("enable", str(new), "--reason", "thử bật sớm")
        check(refused.returncode != 0 and "known are 1 to %d" % old in refused.stderr, refused)
        self.turn(self.newer)
        house.ltctl("enable", str(new), "--reason", "bản mới chạy ổn")
        self.expect(new, new)
        house.honest.served()
        self.turn(self.newer, killed=True)  # from its start on it writes what only it has
        house.process.terminate()
        check(house.wait_end(30 * SLOW) == 0, "stopped in order")
        self.does_not_start()
        os.remove(house.path("data/state.mdb"))
        self.does_not_start()
        self.turn(self.newer)
        self.expect(new, new)
        afterwards(house)


def main():
    given = arguments(__doc__)
    present = os.path.join(given.bin, "lienthongd")
    built = os.path.join(os.path.dirname(os.path.abspath(given.bin)), "tests", "lienthongd-%s")
    for older, newer, formats in ((built % "older", present, (1, 2)),
                                  (present, built % "newer", (2, 3))):
        story = Story(given, older, newer, formats)
        try:
            story.play()
        except Exception:
            print(story.house.log_from(0)[-6000:], file=sys.stderr)
            raise
        finally:
            story.house.close(given.keep)


if __name__ == "__main__":
    main()
