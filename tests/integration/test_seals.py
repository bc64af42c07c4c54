#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A real adapter that seals: from the day its key is registered, through a rotation, without being stopped."""
import itertools
import os
import shutil

from adapter import Adapter
from basics import SLOW, check, wait_for
from house import run_cases
from names import DEPARTMENT, PROCEDURE


def post(door, key, wait=0):
    value = {"kind": "forward", "case_code": "SEAL-" + key, "procedure": PROCEDURE,
             "to": [DEPARTMENT], "locality": "00001", "body": {"note": "dữ liệu thử", "of": key}}
    return door.call("POST", "/v1/transfers?wait=%d" % wait, value,
                     {"Idempotency-Key": key, "Content-Type": "application/json"})


def accepted(door, key):
    status, answer = post(door, key, wait=min(60, int(15 * SLOW)))
    check(status == 201, "accepted by the axis: %s %s" % (status, answer))
    return answer


def state_of(door, sent):
    return door.call("GET", "/v1/transfers/" + sent["id"])[1]["state"]


def has_gone(door, sent):
    return state_of(door, sent) in ("accepted", "done")


def key_new(house, name):
    """NAME.seal.key and NAME.seal.pem; the id."""
    return house.ltctl("seal-key", "make", house.path(name)).split()[0]


def seals(house, adapter_name):
    agency = house.agency()
    key_new(house, adapter_name)
    return agency, house.path(adapter_name + ".seal")


def with_a_key_from_the_first_day(house):
    """A key in the configuration before anybody registered it waits; nothing is lost by it."""
    agency, seal = seals(house, "first")
    with Adapter(house, [agency], "first", of_agency="    signing_key: %s.key\n" % seal) as adapter:
        door = adapter.door()
        status, sent = post(door, "early")
        check(status == 202, "recorded: %s %s" % (status, sent))
        wait_for(lambda: "seal-key-unknown" in door.state().get("last_problem", ""), 15,
                 "the adapter says why it waits")
        check(state_of(door, sent) == "recorded", "it waits")
    house.ltctl("agency", "seal-key", "add", agency, seal + ".pem")
    with adapter:  # which asks again at once; else it would after half a minute
        wait_for(lambda: has_gone(door, sent), 20, "it is accepted once the key is known")
        accepted(door, "later")


def unsealed_waits_for_its_key(house):
    """From the registration on nothing goes without a seal; the same transfer goes with one."""
    agency, seal = seals(house, "second")
    with Adapter(house, [agency], "second") as adapter:
        accepted(adapter.door(), "unsealed")
        house.ltctl("agency", "seal-key", "add", agency, seal + ".pem")
        status, sent = post(adapter.door(), "now-sealed")
        check(status == 202, "recorded: %s" % status)
        wait_for(lambda: "seal-missing" in adapter.door().state().get("last_problem", ""), 15,
                 "the adapter says what is missing")
    text = open(adapter.config, encoding="utf-8").read()
    with open(adapter.config, "w", encoding="utf-8") as file:
        file.write(text.replace("    token:", "    signing_key: %s.key\n    token:" % seal))
    with adapter:
        wait_for(lambda: has_gone(adapter.door(), sent), 20, "it goes sealed")


def rotation(house):
    """A new key in the old one's place: nothing is stopped, nothing is refused."""
    agency, seal = seals(house, "third")
    first = house.rows("agency", "seal-key", "list", agency)
    check(first == [], "no key yet: %s" % first)
    house.ltctl("agency", "seal-key", "add", agency, seal + ".pem")
    with Adapter(house, [agency], "third", of_agency="    signing_key: %s.key\n" % seal) as adapter:
        door = adapter.door()
        accepted(door, "old-key")
        old = house.rows("agency", "seal-key", "list", agency)[0]["key"]
        new = key_new(house, "third-next")
        house.ltctl("agency", "seal-key", "add", agency, house.path("third-next.seal.pem"))
        shutil.copy(house.path("third-next.seal.key"), seal + ".next")
        os.chmod(seal + ".next", 0o600)
        os.rename(seal + ".next", seal + ".key")
        turn = itertools.count()
        wait_for(lambda: accepted(door, "turn-%d" % next(turn)) and new in adapter.log(), 20,
                 "the adapter has read its new key")
        house.ltctl("agency", "seal-key", "revoke", agency, old, "--reason", "đổi khóa")
        mark = house.mark()
        accepted(door, "new-key")
        check("seal-key" not in house.log_from(mark), "nobody was refused")
    rows = {row["key"]: row for row in house.rows("agency", "seal-key", "list", agency)}
    check(rows[old]["why"] == "seal-key-revoked" and rows[new]["valid"], "listed: %s" % rows)


def readable_key(house):
    """A key that others can read keeps the agency from starting, and the check says so."""
    agency, seal = seals(house, "fourth")
    adapter = Adapter(house, [agency], "fourth", of_agency="    signing_key: %s.key\n" % seal)
    os.chmod(seal + ".key", 0o644)
    done = adapter.command("check", "-c", adapter.config)
    check(done.returncode != 0 and "Signing key" in done.stdout + done.stderr,
          "checked: %s%s" % (done.stdout, done.stderr))
    done = adapter.command("run", "-c", adapter.config)
    check(done.returncode != 0, "it does not run with it")
    os.chmod(seal + ".key", 0o600)
    done = adapter.command("check", "-c", adapter.config)
    check("Signing key" in done.stdout, "checked: %s" % done.stdout)


if __name__ == "__main__":
    run_cases([with_a_key_from_the_first_day, unsealed_waits_for_its_key, rotation, readable_key],
              __doc__)
