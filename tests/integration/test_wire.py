#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Frames that no honest client sends: each is refused by name, its session ends, nobody else sees it."""
import socket
import sys
import time

import zmq
from zmq.utils.monitor import recv_monitor_message

import ltp_pb2
import ltp_rules as rules
from basics import SLOW, check, run_until, wait_for
from hostile import chunk, dealer, header_of, make, number, varint
from house import run_cases
from ltp_client import now_ms, uuid7

FRAME_BYTES = 320 * 1024


def hello_bytes(**more):
    return ltp_pb2.Frame(hello=ltp_pb2.Hello(**{
        "protocol_min": 1, "protocol_max": 1, "instance": b"i" * 16, "epoch": now_ms(),
        "role": ltp_pb2.BOTH, "software": "hostile/1", **more})).SerializeToString()


def hello_answer(house, agency, data, seconds=5):
    """What the broker says to a first message; None: nothing."""
    bare = dealer(house, house.secrets[agency])
    try:
        bare.send(data)
        if not bare.poll(int(seconds * SLOW * 1000)):
            return None
        return rules.frame_read(bare.recv())
    finally:
        bare.close()


def parcel_of(client, key, size=0):
    """(header bytes, body) of a good parcel, of `size` bytes together when given."""
    header = header_of(client.agency, key, "WIRE-" + key.decode())
    header.id = uuid7()
    if size:
        make(header, b"x" * size)
        while len(header.SerializeToString()) + header.body_size > size:
            header.body_size -= 1
        body = b"x" * header.body_size
        header.body_sha256 = rules.sha256(body)
        header.content_digest = rules.content_digest(header)
        check(len(header.SerializeToString()) + len(body) == size, "a parcel of %d bytes" % size)
    else:
        body = b"{}"
        make(header, body)
    return header.SerializeToString(), body


def submit_bytes(parts):
    return chunk(15, b"".join(chunk(2, part) for part in parts))


def parcel_bytes(header, body):
    return chunk(1, header) + chunk(2, body) + chunk(3, rules.sha256(header, body))


def refused_frame(house, client, data, code, field=None):
    """Sends bytes; the session must end with this code, and the log say who, what and where."""
    mark = house.mark()
    client.raw(data)
    got = client.ended()
    check(got[0] == code, "%s, wanted %s" % (got, code))
    check(got[1] != "", "the end says why in words")
    line = house.log_wait(mark, "frame-refused user=%s code=%s" % (client.agency, code))
    check(field is None or "field=%s " % field in line, "the field %s stands in: %s" % (field, line))
    client.reopen()


# ---- the cases ----------------------------------------------------------------------------------

def version(house):
    agency = house.agency()
    mark = house.mark()
    for low, high in ((2, 3), (0, 0)):
        answer = hello_answer(house, agency, hello_bytes(protocol_min=low, protocol_max=high))
        check(rules.CODES[answer.no_session.code] == "version-unknown", "%d..%d: %s"
              % (low, high, answer))
    house.log_wait(mark, "session-refused user=%s code=version-unknown" % agency)
    for low, high in ((1, 1), (0, 9)):
        answer = hello_answer(house, agency, hello_bytes(protocol_min=low, protocol_max=high))
        check(answer.welcome.version == 1, "%d..%d holds version 1: %s" % (low, high, answer))


def oversize(house):
    """The largest frame is taken; one byte more cuts the connection, and only that one."""
    client = house.hostile()
    other = house.hostile()
    monitor = client.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    room = FRAME_BYTES - len(client.enclose(b"")) - len(chunk(90, b"y" * 300000)) + 300000
    client.seq -= 1  # that one was for measuring
    frame = client.enclose(chunk(90, b"y" * room))
    check(len(frame) == FRAME_BYTES, "a frame of exactly the limit: %d" % len(frame))
    client.raw(frame)  # its body is unknown: counted in the sequence and passed over
    client.passed(make(header_of(client.agency, b"after-large", "WIRE-LARGE")))
    for size in (FRAME_BYTES + 1, 4 * FRAME_BYTES):
        client.raw(b"y" * size)
        check(monitor.poll(int(5000 * SLOW)), "%d bytes cut the connection" % size)
        recv_monitor_message(monitor)
        client.end(0)
        client.reopen()
    client.socket.disable_monitor()
    check(other.session and not other.endings, "another connection saw nothing of it")
    client.passed(make(header_of(client.agency, b"after-cut", "WIRE-LARGE")))


def truncated(house):
    client = house.hostile()
    header, body = parcel_of(client, b"truncated")
    whole = submit_bytes([parcel_bytes(header, body)])
    for cut in (1, 3, len(whole) // 2, len(whole) - 33, len(whole) - 1):
        refused_frame(house, client, client.enclose(whole)[:cut - len(whole)], "frame-bad",
                      None)
    client.raw(client.enclose(whole))
    run_until([client], lambda: client.items, 5, "the whole one")
    check(client.items[0].code == 0, "the whole one is accepted")


def nested(depth, field=2):
    """Messages in messages, made from the inside."""
    data = b""
    for _ in range(depth):
        data = chunk(field, data)
    return data


def nesting(house):
    """58 KB of nesting: what is unknown is stepped over, what is known has a bound."""
    client = house.hostile()
    deep = nested(16000)
    check(len(deep) > 58000, "%d bytes of nesting" % len(deep))
    client.raw(client.enclose(chunk(90, deep)))     # unknown body: counted, passed over
    client.passed(make(header_of(client.agency, b"after-deep", "WIRE-DEEP")))
    groups = varint(90 << 3 | 3) * 29000
    refused_frame(house, client, client.enclose(groups), "frame-bad")
    refused_frame(house, client, client.enclose(chunk(15, chunk(2, deep[:-1]))), "frame-bad")
    header = make(header_of(client.agency, b"deep", "WIRE-DEEP")).SerializeToString()
    inner = chunk(13, nested(3500, 9))  # known task, with what it does not know inside
    client.refused("header-bad", "0", None, header_bytes=header + inner + b"\x07")
    client.passed(None, header_bytes=header + inner)


def empties(house):
    """A million empty messages in seven frames cost no memory and no second."""
    client = house.hostile()
    before_kib, before_s = house.memory_kib(), house.cpu_s()
    empty = chunk(2, b"") * 150000
    for _ in range(7):
        refused_frame(house, client, client.enclose(chunk(15, empty)), "frame-crowded",
                      "submit.parcels")
    grown_kib, used_s = house.memory_kib() - before_kib, house.cpu_s() - before_s
    check(SLOW > 1 or grown_kib < 16 * 1024, "the broker grew by %d KiB" % grown_kib)
    print("seven frames: %.2f s of CPU, %d KiB " % (used_s, grown_kib), end="", file=sys.stderr)
    unknown = b"".join(number(100 + i, 1) for i in range(32))
    client.raw(client.enclose(unknown + chunk(13, b"")))   # 32 unknown fields and a beat
    refused_frame(house, client, client.enclose(unknown + number(99, 1)), "frame-crowded")
    header = make(header_of(client.agency, b"crowded", "WIRE-CROWD"))
    client.refused("header-bad", "aliases", None,
                   header_bytes=header.SerializeToString() + chunk(9, b"") * 5000)


def twice(house):
    client = house.hostile()
    refused_frame(house, client, client.enclose(number(2, client.seq)) , "field-twice", "seq")
    refused_frame(house, client, client.enclose(chunk(13, b"") * 2), "frame-bad")
    header, body = parcel_of(client, b"twice")
    doubled = parcel_bytes(header, body) + chunk(3, bytes(32))
    refused_frame(house, client, client.enclose(submit_bytes([doubled])), "field-twice",
                  "submit.parcels.digest")
    client.refused("header-bad", "id", None, header_bytes=header + chunk(1, uuid7()))


def texts(house):
    agency = house.agency()
    for text in (b"a\0b", b"\xc3\x28", b"\xed\xa0\x80", b"\xc0\xaf"):
        mark = house.mark()
        hello = hello_bytes(software="S" * len(text)).replace(b"S" * len(text), text)
        answer = hello_answer(house, agency, hello)
        check(rules.CODES[answer.no_session.code] == "text-bad", "%r: %s" % (text, answer))
        check(answer.no_session.detail == "hello.software", "the field is named")
        line = house.log_wait(mark, "frame-refused user=%s code=text-bad" % agency)
        check("field=hello.software" in line and "\0" not in line, line)
    client = house.hostile(agency)
    for text in (b"A\0B", b"\xff\xfe", b"\xed\xa0\x80"):
        header = make(header_of(agency, b"text", "T" * len(text))).SerializeToString()
        client.refused("text-bad", "case_code", None,
                       header_bytes=header.replace(b"T" * len(text), text))
    settlement = chunk(1, uuid7()) + number(4, 1) + chunk(6, b"because\0")
    refused_frame(house, client, client.enclose(chunk(19, chunk(1, settlement))), "text-bad",
                  "settle.items.reason")
    vietnamese = "H24-HỒ-SƠ-ẤẬỀ"
    client.passed(make(header_of(agency, "khóa-ấ".encode(), vietnamese)))


def digests(house):
    client = house.hostile()
    header = make(header_of(client.agency, b"digest", "WIRE-DIGEST"), b"body")
    client.refused("digest-wrong", "digest", header, b"body", digest=bytes(32))
    client.refused("digest-wrong", "digest", header, b"body", digest=rules.sha256(b"else"))
    header.body_sha256 = rules.sha256(b"ydob")
    client.refused("digest-wrong", "body_sha256", header, b"body")
    header.body_sha256, header.body_size = rules.sha256(b"body"), 5
    client.refused("field-bad", "body_size", header, b"body")
    header.body_size = 4
    client.passed(header, b"body")  # never accepted before, so the id may be kept


def shapes(house):
    """More parts than one, a part too few, and bytes that are no protobuf at all."""
    client = house.hostile()
    mark = house.mark()
    client.raw(hello_bytes(), zmq.SNDMORE)
    client.raw(b"second part")
    house.log_wait(mark, "frame-dropped user=%s .*reason=parts" % client.agency)
    client.raw(b"")
    got = client.ended()  # an empty frame is a frame out of sequence
    check(got[0] in ("sequence-gap", "session-unknown"), got)
    client.reopen()
    refused_frame(house, client, b"\xff" * 5000, "frame-bad")
    refused_frame(house, client, b"GET / HTTP/1.1\r\nHost: axis\r\n\r\n", "frame-bad")
    client.passed(make(header_of(client.agency, b"shape", "WIRE-SHAPE")))


def routing_id(house):
    """A peer that names its own route is not heard, whatever it sends; the log says so."""
    agency = house.agency()
    mark = house.mark()
    for name in (b"broker", b"\x01\x00\x00\x00\x01", b"x" * 255):
        pair = [dealer(house, house.secrets[agency], ROUTING_ID=name) for _ in range(2)]
        for bare in pair:
            bare.send(hello_bytes())
        for bare in pair:
            check(not bare.poll(300), "no answer to a peer with a routing id")
            bare.close()
    line = house.log_wait(mark, "frame-dropped user=%s .*reason=routing-id" % agency)
    check("must not set ZMQ_ROUTING_ID" in line, "the line says what to do: " + line)
    house.hostile(agency)


def over_credit(house):
    """The window to the byte is taken; one byte more ends the session and is counted."""
    client = house.hostile()
    window = client.window.bytes
    client.raw(client.enclose(submit_bytes(
        [parcel_bytes(*parcel_of(client, b"credit-%d" % i, window // 2)) for i in range(2)])))
    run_until([client], lambda: len(client.items) == 2 or client.endings, 5, "two verdicts")
    check([i.code for i in client.items] == [0, 0], "%d bytes are within the window: %s %s"
          % (window, client.items, client.endings))
    mark = house.mark()
    accepted = house.accepted()
    header, body = parcel_of(client, b"credit-over", window + 1)
    client.raw(client.enclose(submit_bytes([parcel_bytes(header, body)])))
    got = client.ended()
    check(got[0] == "credit-exceeded" and got[1], got)
    house.log_wait(mark, "over-credit agency=%s .*lent=%d" % (client.agency, window))
    client.reopen()
    far = [parcel_of(client, b"far-%d" % i, 60000) for i in range(40)]
    for header, body in far:
        client.raw(client.enclose(submit_bytes([parcel_bytes(header, body)])))
    check(client.ended()[0] == "credit-exceeded", "far over the credit")
    house.log_wait(mark, "session-close agency=%s code=credit-exceeded" % client.agency)
    house.honest.served()
    client.reopen()
    check(house.accepted() >= accepted, "the sums stand")


def junk(house):
    """Bytes on the port that are no ZeroMQ, or half of its greeting."""
    port = int(house.endpoint.rsplit(":", 1)[1])
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00"
    pieces = [b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 4096, greeting, greeting + b"NULL" + bytes(48),
              greeting + b"CURVE" + bytes(47) + b"\x04\x26\x05HELLO" + bytes(33), b"\x00" * 70000]
    lines = []
    for piece in pieces * 3:
        line = socket.create_connection(("127.0.0.1", port), 5)
        line.settimeout(8 * SLOW)
        try:
            line.sendall(piece)
        except OSError:
            pass
        lines.append(line)
    house.honest.served()
    end = time.monotonic() + 8 * SLOW

    def closed(line):
        try:
            while line.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True
    check(all(closed(line) for line in lines if time.monotonic() < end),
          "connections without a handshake are closed")
    for line in lines:
        line.close()


def noise(house):
    """A stream of bad frames: the honest are served and the log is not flooded."""
    client = house.hostile()
    mark = house.mark()
    end = time.monotonic() + 3
    sent = 0
    while time.monotonic() < end:
        try:
            client.socket.send(b"\xff\xff\xff", zmq.DONTWAIT)
            sent += 1
        except zmq.Again:
            time.sleep(0.001)
        while client.socket.poll(0):
            client.socket.recv()
    house.honest.served()
    lines = house.log_from(mark).count("frame-refused")
    check(sent > 1000, "a stream: %d frames" % sent)
    check(lines < 300, "%d bad frames made %d lines" % (sent, lines))
    wait_for(lambda: house.status(), 5, "the operators are served")


if __name__ == "__main__":
    run_cases([version, oversize, truncated, nesting, empties, twice, texts, digests, shapes,
               routing_id, over_credit, junk, noise], __doc__)
