# SPDX-License-Identifier: EUPL-1.2
"""Checking and waiting, for a machine of any speed.

LT_SLOW stretches every wait: under sanitizers everything takes many times as long, and how long it
takes is not what these tests are about.
"""
import os
import time

import ltp_client

SLOW = float(os.environ.get("LT_SLOW", "1"))


def check(truth, what):
    if not truth:
        raise AssertionError(what)


def wait_for(ready, seconds, what):
    """Polls until ready() gives something true, which it returns."""
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        result = ready()
        if result:
            return result
        time.sleep(0.02)
    raise TimeoutError("%s: not within %g s" % (what, seconds))


def run_until(clients, done, seconds, what):
    """Steps all clients until done() gives something true, which it returns."""
    return ltp_client.run_until(clients, done, seconds * SLOW, what)
