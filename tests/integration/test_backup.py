#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Hot backups while agencies send; the copy verifies, serves, and tells of a bit that is wrong."""
import json
import os
import shutil
import time

import ltp_rules as rules
from basics import check
from hostile import header_of, make
from house import House, run_cases
from ltp_blobs import Blobs
from names import DEPARTMENT

BLOB_BYTES = 300_000
CASE_S = 90
SHOWN = 20


def backup(house, target):
    """ltctl backup; the position it reaches, as JSON has it."""
    done = house.tool("backup", house.path("data"), target, "--json")
    check(done.returncode == 0, "ltctl backup: %s%s" % (done.stdout, done.stderr))
    return int(json.loads(done.stdout)[0]["to"])


def verified(house, target, wanted, told=""):
    done = house.tool("backup", "verify", target)
    said = done.stdout + done.stderr
    check(done.returncode == wanted, "backup verify: exit %d\n%s" % (done.returncode, said))
    check(told in said, "%s in %s" % (told, said))


def with_file(house, case_code):
    """A transfer with an attachment of our own, accepted; the file's name."""
    client = house.hostile()
    data = os.urandom(BLOB_BYTES)
    port = Blobs(client.blob_endpoint, house.server_public, house.secrets[client.agency])
    port.upload(data)
    port.close()
    header = header_of(client.agency, case_code.encode(), case_code)
    header.attachments.add(sha256=rules.sha256(data), size=len(data), component="TP.01",
                           name="Đơn.pdf")
    client.passed(make(header))
    client.close()
    return rules.sha256(data).hex()


def file_of(target, name):
    """Where the copy keeps an attachment."""
    for folder, _, names in os.walk(os.path.join(target, "blobs")):
        for found in names:
            if found.startswith(name) or os.path.basename(folder) + found == name:
                return os.path.join(folder, found)
    raise AssertionError("no copy of " + name)


def turn_bit(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x10]))


# ---- the cases ----------------------------------------------------------------------------------

def twice_under_load(house):
    """The second backup takes what is new; both verify, and the broker knows how far they reach."""
    target = house.path("copy-1")
    with_file(house, "FILE-1")
    first = backup(house, target)
    verified(house, target, 0)
    house.honest.served()
    name = with_file(house, "FILE-2")
    second = backup(house, target)
    check(second > first, "%d, then %d" % (first, second))
    verified(house, target, 0)
    check(os.path.getsize(file_of(target, name)) == BLOB_BYTES, "the new file is there")


def bits_of_the_copy(house):
    """One bit of a copied attachment, one of the copied journal: both are found, exit 5."""
    target = house.path("copy-2")
    name = with_file(house, "FILE-3")
    backup(house, target)
    path = file_of(target, name)
    turn_bit(path, 12345)
    verified(house, target, 5, name)
    turn_bit(path, 12345)
    verified(house, target, 0)
    journal = os.path.join(target, "journal.mdb")
    with open(journal, "rb") as file:
        at = file.read().index(b"FILE-3")
    turn_bit(journal, at)
    verified(house, target, 5)
    turn_bit(journal, at)
    verified(house, target, 0)


def bit_of_the_store(house):
    """One bit of an attachment on the broker's disk: the receiver does not take it for the file, the
    check names it, and the file of the backup in its place makes it good."""
    target = house.path("copy-4")
    name = with_file(house, "FILE-5")
    backup(house, target)
    path = file_of(house.path("data"), name)
    turn_bit(path, 23456)
    port = Blobs(house.blob_endpoint, house.server_public, house.secrets[DEPARTMENT])
    try:
        port.download(bytes.fromhex(name))
        raise AssertionError("other bytes were taken for the file")
    except rules.Refused as why:
        check(why.code == "blob-hash-wrong", why.code)
    verified(house, house.path("data"), 5, name)
    port.close()
    shutil.copyfile(file_of(target, name), path)
    port = Blobs(house.blob_endpoint, house.server_public, house.secrets[DEPARTMENT])
    check(len(port.download(bytes.fromhex(name))) == BLOB_BYTES, "good again")
    port.close()


def copy_serves(house):
    """A second broker opens the copy, on another machine as it were: all up to the copied position
    is there, and nothing that came later."""
    target = house.path("copy-3")
    with_file(house, "FILE-4")
    house.honest.served()
    before = list(house.honest.done)[-SHOWN:]
    position = backup(house, target)
    copied = time.monotonic()
    house.honest.served()
    after = {i for i in list(house.honest.done) if house.honest.begun[i] > copied}
    other = House(house.bin)
    try:
        shutil.copytree(target, other.path("data"), dirs_exist_ok=True)
        other.start()
        status = other.status()
        check(int(status["accepted"]) > 0, "%s" % status)
        for id_ in before:
            check(other.tool("show", uuid_text(id_)).returncode == 0, "it has " + uuid_text(id_))
        for id_ in after:
            check(other.tool("show", uuid_text(id_)).returncode == 3, "later: " + uuid_text(id_))
        check(before and after, "there was load")
        check(int(other.rows("conservation")[-1]["difference"]) == 0, "its sums are right")
        check("FILE-4" in other.ltctl("case", "FILE-4"), "it has the case with the file")
        check(position > 0, "a position")
    finally:
        other.close()


def uuid_text(id_):
    text = id_.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


if __name__ == "__main__":
    run_cases([twice_under_load, bits_of_the_copy, bit_of_the_store, copy_serves], __doc__,
              case_s=CASE_S)
