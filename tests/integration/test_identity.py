#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Who one is comes from the key alone: unknown, revoked, borrowed and rotated keys, and other names."""
import os
import threading
import time

import zmq
from zmq.utils.monitor import recv_monitor_message

import ltp_pb2
import ltp_rules as rules
from basics import SLOW, check, run_until, wait_for
from hostile import Hostile, chunk, dealer, header_of, make
from house import run_cases
from ltp_blobs import Blobs
from ltp_client import Parcel, uuid7

AUTH_FAILED = zmq.EVENT_HANDSHAKE_FAILED_AUTH


def zap_status(monitor, seconds=10):
    """What the handshake said: 200 or 400; None: nothing in time, as with 300."""
    end = time.monotonic() + seconds * SLOW
    while monitor.poll(max(0, int((end - time.monotonic()) * 1000))):
        event = recv_monitor_message(monitor)
        if event["event"] == AUTH_FAILED:
            return event["value"]
        if event["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            return 200
    return None


def watched(client):
    return client.socket.get_monitor_socket(AUTH_FAILED | zmq.EVENT_HANDSHAKE_SUCCEEDED)


def good(client, name):
    return make(header_of(client.agency, name, "IDENTITY-" + name.decode()))


# ---- the cases ----------------------------------------------------------------------------------

def unknown_key(house):
    """Not let in, named in the log with its key, and connected by itself once it is registered."""
    public, secret = house.key_make("H24.77001")
    mark = house.mark()
    client = Hostile(house.endpoint, house.server_public, secret).connect()
    line = house.log_wait(mark, "key-refused .*code=key-unknown")
    check("key=" + public.hex() in line and "peer=127.0.0.1" in line, line)
    check(zap_status(watched(client), 1) is None, "an unknown key is neither let in nor sent away")
    client.socket.disable_monitor()
    house.ltctl("agency", "add", "H24.77001", "--name", "Xã mới", "--kind", "commune",
                "--locality", "00001", "--public-key", public.hex())
    run_until([client], lambda: client.session, 15, "the session of the key just registered")
    check(client.agency == "H24.77001", "the broker knows who it is")
    client.passed(good(client, b"newcomer"))
    client.close()


class Flood(threading.Thread):
    """Keeps the journal busy: frames of 64 small parcels, as many as the window holds."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client = client
        self.ending = threading.Event()
        self.count = 0

    def run(self):
        client = self.client
        while not self.ending.is_set():
            while len(client.pending) < 512:
                name = b"flood-%d" % self.count
                self.count += 1
                header = good(client, name)
                header.to[:] = [client.agency]  # stays here: nobody takes it
                data = header.SerializeToString()
                client.submit(Parcel(header.id, data, b"", rules.sha256(data)))
            client.step(0)


def registered_under_load(house):
    """A change of the registry takes effect although something is always on its way to the disk."""
    floods = [Flood(house.hostile()) for _ in range(3)]
    for flood in floods:
        flood.start()
    try:
        time.sleep(1)
        before = house.accepted()
        client = house.hostile()  # let in within the time that hostile() waits
        check(house.accepted() > before, "there was load: %d" % (house.accepted() - before))
        client.close()
    finally:
        for flood in floods:
            flood.ending.set()
            flood.join(5)
            flood.client.close()


def wrong_server_key(house):
    """A client that takes another broker's key for ours gets nowhere."""
    agency = house.agency()
    other = house.key_make("other-broker")[0]
    client = Hostile(house.endpoint, other, house.secrets[agency]).connect()
    end = time.monotonic() + 2
    while time.monotonic() < end:
        client.step(0.05)
    check(not client.session, "no session with another's server key")
    client.socket.close(linger=0)


def revoked_key(house):
    """Revoking cuts the live session at once, here and at the blob port; a new dial is told 400."""
    client = house.hostile()
    agency = client.agency
    secret = house.secrets[agency]
    client.passed(good(client, b"before-revocation"))
    ports = Blobs(client.blob_endpoint, house.server_public, secret)
    held, _ = ports.upload(b"scan" * 2000)
    check(ports.download(held), "the file can be fetched before")
    mark = house.mark()
    with open(house.path(agency + ".pub"), encoding="ascii") as file:
        house.ltctl("agency", "key", "revoke", agency, file.read().strip())
    got = client.ended()
    check(got[0] == "key-revoked" and got[1], got)
    house.log_wait(mark, "session-cut agency=%s reason=key" % agency)
    client.hello()  # the line still stands; what is said on it is refused
    check(client.ended()[0] == "key-revoked", "a Hello on the old line is refused")
    house.log_wait(mark, "session-refused user=%s code=key-revoked" % agency)
    for what, act in (("upload", lambda: ports.upload(os.urandom(5000))),
                      ("download", lambda: ports.download(held))):
        try:
            act()
            raise AssertionError("a revoked key went on with an " + what)
        except rules.Refused as why:
            check(why.code == "key-unknown" and "revoked" in why.detail, "%s: %s" % (what, why))
    ports.close()
    again = Hostile(house.endpoint, house.server_public, secret).connect()
    check(zap_status(watched(again)) == 400, "a revoked key is told 400")
    house.log_wait(mark, "key-refused .*code=key-revoked")
    again.socket.disable_monitor()
    again.socket.close(linger=0)
    client.socket.close(linger=0)
    # The agency itself lives on: a new key, and what was accepted is still its own.
    public, secret = house.key_make(agency + "-2")
    house.ltctl("agency", "key", "add", agency, public.hex())
    house.secrets[agency] = secret
    fresh = house.hostile(agency)
    item = fresh.verdict(good(fresh, b"before-revocation"))
    check(item.code == 0 and item.known_as, "known from before the revocation")
    fresh.close()


def key_with_dates(house):
    """A key comes into force and out of it by the clock, without anybody doing anything."""
    agency = house.agency()
    public, secret = house.key_make(agency + "-later")
    at = int(time.time() + 2 + SLOW)
    stamps = [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(t + 7 * 3600)) for t in (at, at + 8)]
    house.ltctl("agency", "key", "add", agency, public.hex(), "--from", stamps[0], "--to",
                stamps[1])
    client = Hostile(house.endpoint, house.server_public, secret).connect()
    check(zap_status(watched(client), 1) is None, "not yet")
    client.socket.disable_monitor()
    begin = time.time()
    run_until([client], lambda: client.session, 10, "the session of a key whose day has come")
    check(time.time() >= at, "not before its time: %.1f" % (time.time() - at))
    check(begin < at, "the test itself was too slow")
    mark = house.mark()
    check(client.ended(10)[0] == "key-revoked", "out of force: the session is cut")
    check(time.time() >= at + 8, "not before its time")
    house.log_wait(mark, "session-cut agency=%s" % agency)
    client.socket.close(linger=0)


def suspended(house):
    """The live session is cut and told why: the agency must not go looking for a lost key."""
    client = house.hostile()
    mark = house.mark()
    house.ltctl("agency", "suspend", client.agency, "--reason", "lo khoa")
    got = client.ended()
    check(got[0] == "agency-suspended", got)
    house.log_wait(mark, "session-cut agency=%s reason=suspended" % client.agency)
    client.hello()
    check(client.ended()[0] == "agency-suspended", "a Hello says why")
    house.ltctl("agency", "resume", client.agency, "--reason", "khoa moi")
    client.reopen()
    client.passed(good(client, b"resumed"))
    client.close()


def foreign_from(house):
    """Another agency's name in `from` is refused, and that agency sees nothing of it."""
    client = house.hostile()
    victim = house.hostile()
    mark = house.mark()
    header = good(client, b"foreign")
    setattr(header, "from", victim.agency)
    item = client.refused("from-foreign", "from", header)
    check(victim.agency in item.detail and client.agency in item.detail, item.detail)
    house.log_wait(mark, "parcel-refused agency=%s .*code=from-foreign" % client.agency)
    setattr(header, "from", "H24.NOBODY")
    client.refused("from-foreign", "from", header)
    # The victim may use the same id and the same key: they are its own.
    setattr(header, "from", victim.agency)
    victim.passed(header)
    check(not victim.endings and not victim.notices, "the victim was left alone")
    check(house.tool("show", header_id(header)).returncode == 0, "it is known under its id")


def header_id(header):
    text = bytes(header.id).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def same_id_two_agencies(house):
    """One id used by two agencies is two transfers."""
    one, two = house.hostile(), house.hostile()
    id_ = uuid7()
    for client in (one, two):
        header = good(client, b"same-id")
        header.id = id_
        client.passed(header)
    found = house.tool("show", header_id(header))
    check(found.returncode != 0 and "from" in found.stdout + found.stderr,
          "show asks whose: %s %s" % (found.stdout, found.stderr))


def foreign_settlement(house):
    """What was delivered to one agency cannot be settled by another."""
    sender, receiver, thief = house.hostile(), house.hostile(deliveries_max=64), house.hostile()
    receiver.deliveries_max = 64
    receiver.send(grant=ltp_pb2.Grant(deliver=ltp_pb2.Window(parcels=64, bytes=1 << 20), notices=9))
    header = make(header_of(sender.agency, b"loot", "IDENTITY-LOOT",
                            to=[receiver.agency]))
    item = sender.verdict(header)
    check(item.code == 0, "accepted")
    run_until([receiver, sender, thief], lambda: receiver.deliveries, 5, "the delivery")
    delivery, received = receiver.deliveries.popleft()
    thief.settle(delivery, received)
    run_until([thief], lambda: thief.settled, 5, "an answer for the thief")
    check(rules.CODES[thief.settled[(received.id, 0)]] == "not-here", "not here, says the broker")
    row = house.rows("case", "IDENTITY-LOOT")[0]
    check(row["state"] == "sent", "the leg is still with its receiver: %s" % row)
    receiver.settle(delivery, received)
    run_until([receiver], lambda: receiver.settled, 5, "the receiver's own settlement")
    wait_for(lambda: house.rows("case", "IDENTITY-LOOT")[0]["state"] == "taken", 5, "taken")


def operator_keys(house):
    """An operator's verbs are not for agencies, nor an agency's for operators."""
    client = house.hostile()
    query = ltp_pb2.Query(number=1, verb="status")
    client.raw(client.enclose(chunk(30, query.SerializeToString())))
    check(client.ended()[0] in ("frame-bad", "not-permitted"), "an agency asks like an operator")
    with open(house.path("operator.key"), encoding="ascii") as file:
        secret = bytes.fromhex(file.read())
    bare = dealer(house, secret)
    bare.send(ltp_pb2.Frame(hello=ltp_pb2.Hello(protocol_min=1, protocol_max=1, role=3,
                                                instance=b"o" * 16)).SerializeToString())
    check(bare.poll(int(3000 * SLOW)), "an answer to an operator's Hello")
    answer = rules.frame_read(bare.recv())
    check(rules.CODES[answer.no_session.code] == "not-permitted", answer)
    bare.close()


def hello_limits(house):
    """Four sessions of an agency, not five; sixty Hellos a minute, not sixty-one."""
    agency = house.agency()
    four = [house.hostile(agency) for _ in range(4)]
    fifth = Hostile(house.endpoint, house.server_public, house.secrets[agency]).connect()
    mark = house.mark()
    check(fifth.ended()[0] == "sessions-too-many", "a fifth session")
    house.log_wait(mark, "session-refused agency=%s code=sessions-too-many" % agency)
    check(not any(c.endings for c in four), "the four stay")
    four[0].close()
    fifth.reopen()
    old = Hostile(house.endpoint, house.server_public, house.secrets[agency],
                  instance=fifth.instance, epoch=fifth.epoch - 1).connect()
    check(old.ended()[0] == "epoch-old", "an older process of the same instance")
    for client in four[1:] + [fifth, old]:
        client.socket.close(linger=0)
    agency = house.agency()
    client = house.hostile(agency)
    for count in range(2, 61):
        client.session = 0
        client.hello()
        run_until([client], lambda: client.session, 5, "Hello %d" % count)
    client.session = 0
    client.hello()
    check(client.ended()[0] == "rate", "the sixty-first Hello of a minute")
    client.socket.close(linger=0)


if __name__ == "__main__":
    run_cases([unknown_key, registered_under_load, wrong_server_key, revoked_key, key_with_dates,
               suspended, foreign_from, same_id_two_agencies, foreign_settlement, operator_keys,
               hello_limits], __doc__)
