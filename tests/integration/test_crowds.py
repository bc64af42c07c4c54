#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Thousands of mute connections, and agencies that read slowly, or not at all, or die: only they wait."""
import resource
import socket
import sys
import time

import zmq

import ltp_pb2
from basics import SLOW, check, run_until
from hostile import header_of
from house import run_cases
from ltp_client import Client, parcel_make

CONNECTS = 4000
GROWTH_KIB = 64 * 1024


def say(text, *values):
    print(text % values + " ", end="", file=sys.stderr, flush=True)


def files_allow(count):
    """Raises this process's own limit; the broker has raised its before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    check(hard >= count, "%d descriptors are needed, the hard limit is %d" % (count, hard))
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def closed_by_peer(line):
    try:
        while line.recv(4096):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


class Reader(Client):
    """Takes deliveries when told to and counts how often each came."""

    def __post_init__(self):
        super().__post_init__()
        self.times = {}

    def welcome(self, welcome):
        super().welcome(welcome)
        self.send(grant=ltp_pb2.Grant(deliver=ltp_pb2.Window(parcels=1024, bytes=1 << 28),
                                      notices=9))

    def take_all(self):
        while self.deliveries:
            item, header = self.deliveries.popleft()
            self.times[header.id] = self.times.get(header.id, 0) + 1
            self.settle(item, header)


def connected(house, agency, kind=Client, **more):
    client = kind(house.endpoint, house.server_public, house.secrets[agency], **more).connect()
    run_until([client], lambda: client.session, 10, "a session for " + agency)
    return client


def send_many(sender, receiver, count, size, name):
    """Submits and waits until all are accepted; their ids."""
    parcels = [parcel_make(header_of(sender.agency, ("%s-%d" % (name, i)).encode(),
                                     "%s-%d" % (name, i), to=(receiver,)), b"x" * size)
               for i in range(count)]
    sender.submit(*parcels)
    run_until([sender], lambda: all(sender.verdicts.get(p.id) is not None
                                    and sender.verdicts[p.id].code == 0 for p in parcels),
              25, "%d accepted" % count)
    return {p.id for p in parcels}


# ---- the cases ----------------------------------------------------------------------------------

def mute_connections(house):
    """4,000 connections that say nothing: the honest are served, a new agency gets in, they go."""
    files_allow(CONNECTS + 512)
    port = int(house.endpoint.rsplit(":", 1)[1])
    before_s, before_kib = house.cpu_s(), house.memory_kib()
    lines = []
    for i in range(CONNECTS):
        line = socket.create_connection(("127.0.0.1", port), 10 * SLOW)
        line.setblocking(False)
        lines.append(line)
        if i % 1000 == 999:
            house.honest.served(20)
    newcomer = house.hostile()
    house.honest.served(20)
    grown_kib = house.memory_kib() - before_kib
    end = time.monotonic() + 20 * SLOW
    left = lines
    while left and time.monotonic() < end:
        time.sleep(0.1)
        left = [line for line in left if not closed_by_peer(line)]
    check(not left, "%d connections without a handshake are still there" % len(left))
    for line in lines:
        line.close()
    say("%d connects: %.1f s of CPU, %d KiB", CONNECTS, house.cpu_s() - before_s, grown_kib)
    check(SLOW > 1 or grown_kib < GROWTH_KIB, "the broker grew by %d KiB" % grown_kib)
    check(newcomer.session and not newcomer.endings, "who came in between stays")
    newcomer.close()


def slow_reader(house):
    """It grants much and reads one frame at a time: its own transfers wait, on disk and not in memory."""
    sender, receiver = house.agency(), house.agency()
    reader = connected(house, receiver, Reader)
    sender = connected(house, sender)
    before_kib = house.memory_kib()
    ids = send_many(sender, receiver, 500, 60000, "SLOW")
    house.honest.served()
    grown_kib = house.memory_kib() - before_kib
    say("30 MB for a reader that does not read: %d KiB", grown_kib)
    check(SLOW > 1 or grown_kib < GROWTH_KIB, "the broker grew by %d KiB" % grown_kib)
    for _ in range(20):
        reader.step(0.1)
        time.sleep(0.05)
    house.honest.served()

    def done():
        reader.take_all()
        return len(reader.times) == len(ids) and not reader.settling
    run_until([reader, sender], done, 20, "all of it, once it reads")
    check(set(reader.times) == ids and set(reader.times.values()) == {1}, "each of them once")
    for client in (reader, sender):
        client.close()


def dead_reader(house):
    """It dies with deliveries in hand: its next life gets them again, marked, and nothing is lost."""
    sender, receiver = house.agency(), house.agency()
    reader = connected(house, receiver, Reader)
    sender = connected(house, sender)
    ids = send_many(sender, receiver, 200, 2000, "DEAD")
    run_until([reader], lambda: len(reader.deliveries) > 50, 10, "some deliveries")
    in_hand = {header.id for _, header in reader.deliveries}
    reader.socket.close(linger=0)  # no farewell, nothing settled
    house.honest.served()
    again = connected(house, receiver, Reader, instance=reader.instance, epoch=reader.epoch + 1)
    marked = set()

    def done():
        marked.update(h.id for item, h in again.deliveries if item.again)
        again.take_all()
        return len(again.times) == len(ids) and not again.settling
    run_until([again, sender], done, 20, "all of it in the next life")
    check(set(again.times) == ids, "all of them")
    check(in_hand <= marked, "what may have been seen is marked: %d of %d"
          % (len(in_hand & marked), len(in_hand)))
    for client in (again, sender):
        client.close()


def deaf_sender(house):
    """It sends on without ever reading a verdict: held by its window, then closed as over it."""
    client = house.hostile()
    mark, before_kib = house.mark(), house.memory_kib()
    seq = client.seq
    for i in range(400):
        parcel = parcel_make(header_of(client.agency, b"deaf-%d" % i, "DEAF-%d" % i,
                                       to=(client.agency,)), b"x" * 15000)
        seq += 1
        frame = ltp_pb2.Frame(session=client.session, seq=seq, submit=ltp_pb2.Submit(
            parcels=[ltp_pb2.Parcel(header=parcel.header, body=parcel.body,
                                    digest=parcel.digest)]))
        if client.socket.poll(200, zmq.POLLOUT):
            client.socket.send(frame.SerializeToString())
    house.log_wait(mark, "over-credit agency=%s" % client.agency)
    house.honest.served()
    grown_kib = house.memory_kib() - before_kib
    check(SLOW > 1 or grown_kib < GROWTH_KIB, "the broker grew by %d KiB" % grown_kib)
    client.socket.close(linger=0)


if __name__ == "__main__":
    run_cases([mute_connections, slow_reader, dead_reader, deaf_sender], __doc__)
