# SPDX-License-Identifier: EUPL-1.2
"""An agency's end that says what it likes and remembers every answer; headers and protobuf by hand."""
import time

import zmq
from zmq.utils import z85

import ltp_pb2
import ltp_rules as rules
from basics import check, run_until
from ltp_client import Client, now_ms, uuid7
from names import DEPARTMENT, PROCEDURE


def header_of(agency, key, case_code, to=(DEPARTMENT,), **more):
    """A forward's header as an honest client would make it; ids and digests come later."""
    header = ltp_pb2.Header(kind=ltp_pb2.FORWARD, sender_key=key, case_code=case_code,
                            procedure_raw=PROCEDURE, locality="00001", handed_over_ms=now_ms(),
                            **more)
    setattr(header, "from", agency)
    header.to.extend(to)
    return header


class Hostile(Client):
    """Remembers the ends of its sessions and every verdict item instead of acting on them."""

    def __post_init__(self):
        super().__post_init__()
        self.endings = []       # (code, detail)
        self.items = []         # VerdictItems as they came
        self.detail = ""
        self.again_s = 0.02     # pause before the next Hello, whatever the broker asks for
        self.deliveries_max = 0  # nothing is delivered here unless a test says so

    def take(self, frame):
        kind = frame.WhichOneof("body")
        if kind in ("no_session", "bye"):
            self.detail = getattr(frame, kind).detail
        super().take(frame)

    def end(self, code, retry_after_ms=0):
        self.endings.append((rules.CODES.get(code, str(code)), self.detail))
        self.session = 0
        self.hello_due = time.monotonic() + self.again_s

    def take_verdict(self, verdict):
        self.window = verdict.submit
        for item in verdict.items:
            self.items.append(item)
            self.pending.pop(item.id, None)
            self.on_the_way.discard(item.id)

    def raw(self, data, flags=0):
        """Any bytes as a message."""
        self.socket.send(data, flags)

    def enclose(self, body):
        """The bytes of a frame of this session around encoded bodies, in sequence."""
        self.seq += 1
        return (number(1, self.session) + number(2, self.seq) + number(3, self.seq_received)
                + body)

    def ended(self, seconds=5):
        """The code and detail of the next end of a session."""
        before = len(self.endings)
        run_until([self], lambda: len(self.endings) > before, seconds, "the end of the session")
        return self.endings[before]

    def reopen(self, seconds=10):
        run_until([self], lambda: self.session, seconds, "a new session")
        return self

    def verdict(self, header, body=b"", digest=None, header_bytes=None):
        """Submits one parcel, however wrong, and gives its verdict item."""
        header_bytes = header.SerializeToString() if header_bytes is None else header_bytes
        digest = rules.sha256(header_bytes, body) if digest is None else digest
        parcel = ltp_pb2.Parcel(header=header_bytes, body=body, digest=digest)
        before = len(self.items)
        size = len(header_bytes) + len(body)
        if size > self.window.bytes:
            self.send(beat=ltp_pb2.Beat(want_bytes=size))
            run_until([self], lambda: self.window.bytes >= size, 5, "a wider window")
        self.send(submit=ltp_pb2.Submit(parcels=[parcel]))
        run_until([self], lambda: len(self.items) > before or not self.session, 10, "a verdict")
        check(len(self.items) > before, "a verdict, not the end of the session: %s"
              % self.endings[-1:])
        return self.items[before]

    def refused(self, code, field, header, *arguments, **more):
        """The verdict must be this code at this field; gives the item."""
        item = self.verdict(header, *arguments, **more)
        got = (rules.CODES[item.code], item.field)
        check(got == (code, field), "verdict %s, wanted %s: %s" % (got, (code, field), item.detail))
        return item

    def passed(self, header, *arguments, **more):
        item = self.verdict(header, *arguments, **more)
        check(item.code == 0, "accepted, not %s %s %s"
              % (rules.CODES[item.code], item.field, item.detail))
        ACCEPTED.add(bytes(item.known_as or item.id))
        return item


ACCEPTED = set()  # ids that the broker has accepted from a hostile agency, for DEPARTMENT


# ---- protobuf by hand, for what no library would write ------------------------------------------

def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def chunk(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def dealer(house, secret, **options):
    """A bare connection; options by their ZeroMQ names."""
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    for name, value in options.items():
        socket.setsockopt(getattr(zmq, name), value)
    socket.curve_secretkey = z85.encode(secret)
    socket.curve_publickey = zmq.curve_public(z85.encode(secret))
    socket.curve_serverkey = z85.encode(house.server_public)
    socket.connect(house.endpoint)
    return socket


def make(header, body=b""):
    """parcel_make without its checks: completes what is not set and leaves the rest wrong."""
    header.id = header.id or uuid7()
    header.schema_version = header.schema_version or 1
    header.created_ms = header.created_ms or now_ms()
    header.procedure = rules.procedure_of(header.procedure_raw)
    if body and not header.body_size:
        header.body_sha256, header.body_size = rules.sha256(body), len(body)
    if not header.content_digest:
        header.content_digest = rules.content_digest(header)
    return header
