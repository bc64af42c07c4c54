# SPDX-License-Identifier: EUPL-1.2
"""An agency's end of LTP/1 in Python, written from proto/LTP.md alone; pyzmq and protobuf.

One Client is one session after another over one connection. It keeps in memory what a durable
adapter would keep on disk: parcels without a verdict, settlements without a Settled, the notice
cursor. Every wait is a loop over step(), which takes one frame and sends what is due.
"""
import collections
import os
import random
import time
from dataclasses import dataclass, field

import zmq
from zmq.utils import z85

import ltp_pb2
import ltp_rules as rules

BEAT_S = 15.0
LEASE_S = 60.0
ANSWER_S = 5.0
BACKOFF_S = (0.5, 30.0)
BARRED = {"key-revoked", "not-permitted", "epoch-old", "version-unknown"}
BARRED_S = 60.0


def key_read(text):
    """64 hex digits, or a file that holds them, as 32 bytes."""
    if os.path.exists(text):
        with open(text, encoding="ascii") as file:
            text = file.read().strip()
    key = bytes.fromhex(text)
    if len(key) != 32:
        raise ValueError("a key has 64 hex digits")
    return key


def now_ms():
    return time.time_ns() // 1_000_000


def uuid7(at_ms=None):
    """RFC 9562 section 5.7."""
    data = bytearray((at_ms or now_ms()).to_bytes(6, "big") + os.urandom(10))
    data[6] = data[6] & 0x0F | 0x70
    data[8] = data[8] & 0x3F | 0x80
    return bytes(data)


@dataclass
class Parcel:
    """A transfer as bytes: made once, sent as often as needed."""
    id: bytes
    header: bytes
    body: bytes
    digest: bytes

    @property
    def size(self):
        return len(self.header) + len(self.body)


def parcel_make(header, body=b""):
    """Completes a Header (digests, sizes, id, times), checks it, and encodes it for good."""
    if not header.id:
        header.id = uuid7()
    header.schema_version = 1
    header.created_ms = header.created_ms or now_ms()
    header.procedure = rules.procedure_of(header.procedure_raw)
    if body:
        header.body_sha256, header.body_size = rules.sha256(body), len(body)
    if not header.content_digest:
        header.content_digest = rules.content_digest(header)
    rules.header_check(header, now_ms())
    data = header.SerializeToString()
    rules.header_read(data)
    return Parcel(header.id, data, body, rules.sha256(data, body))


class Ended(Exception):
    """The session was refused for a reason only people can lift."""


@dataclass
class Client:
    endpoint: str
    server_key: bytes
    secret_key: bytes
    role: int = ltp_pb2.BOTH
    instance: bytes = field(default_factory=lambda: os.urandom(16))
    epoch: int = field(default_factory=now_ms)
    notice_cursor: int = 0
    deliveries_max: int = 64
    sealer: object = None        # ltp_seal.Sealer: seals every Submit
    context: object = field(default_factory=zmq.Context.instance)

    def __post_init__(self):
        self.socket = None
        self.session = 0            # 0: not open
        self.agency = ""
        self.lives = 0
        self.log = []               # (frame kind) of everything received, for tests
        self.pending = collections.OrderedDict()   # id -> Parcel without a verdict
        self.on_the_way = set()     # ids of pending that were sent in this session
        self.verdicts = {}          # id -> VerdictItem
        self.deliveries = collections.deque()
        self.seen = {}              # (from, id, leg) -> Settlement once given, else None
        self.settling = collections.OrderedDict()  # (id, leg) -> Settlement without Settled
        self.settled = {}           # (id, leg) -> code
        self.tellings = 0
        self.notices = []
        self.holds = None           # the local system's answer: HeldItem -> fields of HeldSaid
        self.questions = []         # HeldItems it was asked
        self.lists = {}             # number -> List
        self.restored = []          # (Delivery, Header) given back by a BytesAsk
        self.resend_at = {}         # id -> when a retry or busy parcel may go again
        self.backoff_s = 0.0
        self.hello_due = 0.0

    # ---- connection and session (sections 1 and 3) ----

    def connect(self):
        socket = self.context.socket(zmq.DEALER)
        secret = z85.encode(self.secret_key)
        for option, value in ((zmq.IMMEDIATE, 1), (zmq.LINGER, 0), (zmq.SNDHWM, 8),
                              (zmq.RCVHWM, 8), (zmq.MAXMSGSIZE, rules.FRAME_BYTES),
                              (zmq.RECONNECT_IVL, 500 + random.randrange(250)),
                              (zmq.RECONNECT_IVL_MAX, 30000), (zmq.HANDSHAKE_IVL, 4000),
                              (zmq.CONNECT_TIMEOUT, 5000),
                              (zmq.TCP_KEEPALIVE, 1)):
            socket.setsockopt(option, value)
        socket.curve_secretkey = secret
        socket.curve_publickey = zmq.curve_public(secret)
        socket.curve_serverkey = z85.encode(self.server_key)
        socket.connect(self.endpoint)
        self.socket = socket
        self.hello_due = time.monotonic()
        return self

    def close(self):
        """Bye, if there is a session."""
        if self.session:
            self.send(bye=ltp_pb2.Bye())
            self.session = 0
        self.socket.close(linger=1000)

    def send(self, **body):
        """Numbers a frame of the session and sends it; False: the line does not take it now."""
        frame = ltp_pb2.Frame(session=self.session, seq=self.seq + 1,
                              seq_received=self.seq_received, **body)
        if not self.send_raw(frame):
            return False
        self.seq += 1
        return True

    def send_raw(self, frame):
        try:
            self.socket.send(frame.SerializeToString(), zmq.DONTWAIT)
            return True
        except zmq.Again:
            return False

    def hello(self):
        frame = ltp_pb2.Frame(hello=ltp_pb2.Hello(
            protocol_min=1, protocol_max=1, instance=self.instance, epoch=self.epoch,
            role=self.role, software="ltp-client-py/1", clock_ms=now_ms(),
            notice_cursor=self.notice_cursor))
        if self.send_raw(frame):
            self.hello_due = time.monotonic() + ANSWER_S

    def end(self, code, retry_after_ms=0):
        """The session is over: what was outstanding goes again in the next one."""
        name = rules.CODES.get(code, "unknown-code")
        if name in BARRED:
            raise Ended(name)
        self.session = 0
        pause = max(self.backoff_s, retry_after_ms / 1000)
        self.hello_due = time.monotonic() + pause * (1 + random.random() / 2)
        self.backoff_s = min(max(2 * self.backoff_s, BACKOFF_S[0]), BACKOFF_S[1])

    def welcome(self, welcome):
        if self.session:
            return  # the answer to a Hello that was repeated
        self.session, self.agency = welcome.session, welcome.agency
        self.seq = self.seq_received = 0
        self.window = welcome.submit
        self.limits = welcome.limits
        self.skew_ms = welcome.clock_ms - now_ms()
        self.standby = welcome.standby
        self.blob_endpoint = welcome.blob_endpoint
        self.on_the_way.clear()
        self.settle_due = True
        self.backoff_s = 0.0
        self.heard = time.monotonic()
        self.beat_due = self.heard + BEAT_S
        self.lives += 1
        deliver = ltp_pb2.Window()
        if self.role != ltp_pb2.SENDING:
            deliver = ltp_pb2.Window(parcels=self.deliveries_max, bytes=4 * rules.SUBMIT_BYTES)
        self.send(grant=ltp_pb2.Grant(deliver=deliver, notices=256))

    def step(self, timeout_s=0.1):
        """Sends what is due and takes at most one frame. True: a frame came."""
        now = time.monotonic()
        if not self.session:
            if now >= self.hello_due:
                self.hello()
        else:
            if now - self.heard > LEASE_S:
                self.end(0)
                return False
            if now >= self.beat_due and self.beat():
                self.beat_due = now + BEAT_S
            self.send_settlements()
            self.send_parcels()
        if not self.socket.poll(int(timeout_s * 1000)):
            return False
        self.take(rules.frame_read(self.socket.recv()))
        return True

    def beat(self):
        waiting = sum(p.size for i, p in self.pending.items() if i not in self.on_the_way)
        return self.send(beat=ltp_pb2.Beat(clock_ms=now_ms(), want_bytes=waiting))

    def take(self, frame):
        kind = frame.WhichOneof("body")
        self.log.append(kind)
        if kind == "welcome":
            self.welcome(frame.welcome)
        elif kind == "no_session":
            self.end(frame.no_session.code, frame.no_session.retry_after_ms)
        elif self.session and frame.session == self.session:
            if frame.seq != self.seq_received + 1:
                self.end(0)  # a frame was lost
                return
            self.seq_received = frame.seq
            self.heard = time.monotonic()
            if kind:
                getattr(self, "take_" + kind, lambda body: None)(getattr(frame, kind))

    def take_beat(self, beat):
        self.window, self.standby = beat.submit, beat.standby

    def take_bye(self, bye):
        self.end(bye.code, bye.retry_after_ms)

    # ---- sending (sections 4 and 5) ----

    def submit(self, *parcels):
        for parcel in parcels:
            self.pending[parcel.id] = parcel

    def send_parcels(self):
        """As many waiting parcels as one Submit and the window hold, in their order."""
        now = time.monotonic()
        outstanding = [self.pending[i] for i in self.on_the_way]
        count, size = len(outstanding), sum(p.size for p in outstanding)
        chosen, chosen_size, waiting = [], 0, 0
        for id_, parcel in self.pending.items():
            if id_ in self.on_the_way:
                continue
            if self.resend_at.get(id_, 0) > now:
                break  # what follows may be of the same case: keep the order
            if (waiting or len(chosen) == rules.PARCELS
                    or chosen_size + parcel.size > rules.SUBMIT_BYTES
                    or count + len(chosen) + 1 > self.window.parcels
                    or size + chosen_size + parcel.size > self.window.bytes):
                waiting += parcel.size
                continue
            chosen.append(parcel)
            chosen_size += parcel.size
        if chosen:
            parcels = [ltp_pb2.Parcel(header=p.header, body=p.body, digest=p.digest)
                       for p in chosen]
            seal = ltp_pb2.Seal(**self.sealer.seal(chosen)) if self.sealer else None
            if self.send(submit=ltp_pb2.Submit(seal=seal, parcels=parcels, want_bytes=waiting)):
                self.on_the_way.update(p.id for p in chosen)
        elif waiting and not outstanding and now >= self.beat_due - BEAT_S + 1:
            if self.beat():  # not even one fits: ask for a wider window, once a second
                self.beat_due = now + BEAT_S

    def take_verdict(self, verdict):
        self.window = verdict.submit
        for item in verdict.items:
            if not item.id:
                raise RuntimeError("the broker could not read a header of ours: " + item.detail)
            self.on_the_way.discard(item.id)
            self.verdicts[item.id] = item
            if rules.CLASSES.get(item.code, "retry") in ("retry", "busy"):
                pause = max(item.retry_after_ms / 1000, 1.0)
                self.resend_at[item.id] = time.monotonic() + pause
            else:
                self.pending.pop(item.id, None)

    # ---- receiving (section 9) ----

    def take_deliver(self, deliver):
        for item in deliver.items:
            header = rules.header_read(item.header)
            if rules.sha256(item.header, item.body) != item.digest:
                raise RuntimeError("a delivery with a wrong digest")
            if item.restored:
                self.restored.append((item, header))  # section 10: nothing to settle
                continue
            key = (getattr(header, "from"), header.id, item.leg)
            known = self.seen.get(key)
            if known is not None:
                answer = ltp_pb2.Settlement()
                answer.CopyFrom(known)
                answer.attempt, answer.position = item.attempt, item.position
                answer.number = self.number()
                self.settling[(header.id, item.leg)] = answer
                self.settle_due = True
            elif key not in self.seen:
                self.seen[key] = None
                self.deliveries.append((item, header))

    def number(self):
        """Of the next telling: what comes back to an earlier one lets go of nothing."""
        self.tellings += 1
        return self.tellings

    def settle(self, item, header, outcome=ltp_pb2.TAKEN, code=0, reason="", **more):
        """Answers a delivery; repeated until the broker has confirmed it."""
        answer = ltp_pb2.Settlement(
            id=header.id, leg=item.leg, attempt=item.attempt, outcome=outcome, code=code,
            reason=reason, time_ms=now_ms(), from_digest=item.digest, position=item.position,
            number=self.number(), **more)
        key = (getattr(header, "from"), header.id, item.leg)
        if outcome in (ltp_pb2.TAKEN, ltp_pb2.REFUSED):
            self.seen[key] = answer
        else:
            self.seen.pop(key, None)  # it will come again and be looked at anew
        self.settling[(header.id, item.leg)] = answer
        self.settle_due = True

    def send_settlements(self):
        if self.settle_due and self.settling:
            items = list(self.settling.values())
            for at in range(0, len(items), rules.PARCELS):
                if not self.send(settle=ltp_pb2.Settle(items=items[at:at + rules.PARCELS])):
                    return
        self.settle_due = False

    def take_settled(self, settled):
        for item in settled.items:
            said = self.settling.get((item.id, item.leg))
            if said and said.number == item.number:
                del self.settling[(item.id, item.leg)]
            self.settled[(item.id, item.leg)] = item.code

    # ---- do you hold it? what did you have of mine? (section 10) ----

    def take_held_ask(self, ask):
        """Answered by the local system; without one, unknown. Never from self.seen."""
        said = []
        for item in ask.items:
            self.questions.append(item)
            answer = self.holds(item) if self.holds else {}
            said.append(ltp_pb2.HeldSaid(number=item.number, id=item.id, leg=item.leg,
                                         position=item.position, **answer))
        self.send(held_answer=ltp_pb2.HeldAnswer(items=said))

    def ask_list(self, number, what, after=0, since_ms=0, rows=200):
        return self.send(list_ask=ltp_pb2.ListAsk(number=number, what=what, after=after,
                                                  since_ms=since_ms, rows=rows))

    def take_list(self, page):
        self.lists[page.number] = page

    def ask_bytes(self, *items):
        return self.send(bytes_ask=ltp_pb2.BytesAsk(items=items))

    # ---- notices (section 6) ----

    def take_notice(self, notice):
        for item in notice.items:
            if item.seq <= self.notice_cursor:
                continue  # told twice
            if item.seq != self.notice_cursor + 1 and self.notices:
                raise RuntimeError("a gap in the notices")
            self.notices.append(item)
            self.notice_cursor = item.seq
        self.send(notice_ack=ltp_pb2.NoticeAck(cursor=self.notice_cursor))


def run_until(clients, done, timeout_s, what):
    """Steps all clients until done() gives something true, which it returns."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        for client in clients:
            while client.step(0.005):
                pass
        result = done()
        if result:
            return result
    raise TimeoutError("%s: not within %g s" % (what, timeout_s))
