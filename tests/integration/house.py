# SPDX-License-Identifier: EUPL-1.2
"""What every integration test stands on: a real broker with honest work going on beside the hostile.

House      a broker in a folder of its own, its log, its registry, its numbers
Honest     a commune and a department that never stop working: the ones who must be served
Hostile    an agency's end that says what it likes and remembers every answer
run_cases  runs the cases of a file against one house, 30 s each, and looks at the sums at the end
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback

import zmq
from zmq.utils import z85

import ltp_pb2
import ltp_rules as rules
from ltp_client import Client, now_ms, parcel_make, run_until
from world import World

COMMUNE = "H24.11001"
DEPARTMENT = "H24.901"
PROCEDURE = "1.001193.000.00.00.H24"
CASE_S = 30


def check(truth, what):
    if not truth:
        raise AssertionError(what)


def wait_for(ready, seconds, what):
    """Polls until ready() gives something true, which it returns."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = ready()
        if result:
            return result
        time.sleep(0.02)
    raise TimeoutError("%s: not within %g s" % (what, seconds))


def header_of(agency, key, case_code, to=(DEPARTMENT,), **more):
    """A forward's header as an honest client would make it; ids and digests come later."""
    header = ltp_pb2.Header(kind=ltp_pb2.FORWARD, sender_key=key, case_code=case_code,
                            procedure_raw=PROCEDURE, locality="00001", handed_over_ms=now_ms(),
                            **more)
    setattr(header, "from", agency)
    header.to.extend(to)
    return header


class House(World):
    """World with a log that can be searched, more configuration, and agencies by the dozen."""

    def __init__(self, bin_folder, extra=""):
        super().__init__(bin_folder)
        self.made = 0
        self.secrets = {}
        with open(self.path("lienthongd.yaml"), "a", encoding="utf-8") as file:
            file.write(extra)

    def start(self):
        super().start()
        wait_for(lambda: self.tool("status").returncode == 0, 20, "the broker answers")
        return self

    def agency(self, agency=None, kind="commune"):
        """A new agency with a key of its own; its id."""
        if agency is None:
            self.made += 1
            agency = "H24.66%03d" % self.made
        self.secrets[agency] = self.agency_add(agency, "Đơn vị thử " + agency, kind, "00001")
        return agency

    def hostile(self, agency=None, **more):
        """A connected client of an agency (a new one unless named), with its session open."""
        agency = agency or self.agency()
        client = Hostile(self.endpoint, self.server_public, self.secrets[agency], **more).connect()
        run_until([client], lambda: client.session, 10, "a session for " + agency)
        return client

    # ---- the operator's tool ----

    def tool(self, *arguments, key="operator.key"):
        """ltctl with its exit code, whatever it is."""
        return subprocess.run(
            [os.path.join(self.bin, "ltctl"), "--endpoint", self.endpoint, "--lang", "en",
             "--server-key", self.path("broker.pub"), "--key", self.path(key), *arguments],
            capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.folder})

    def rows(self, *arguments):
        return json.loads(self.ltctl(*arguments, "--json"))

    def status(self):
        return self.rows("status")[0]

    def accepted(self):
        return int(self.status()["accepted"])

    # ---- the log and the process ----

    def mark(self):
        return os.path.getsize(self.path("broker.log"))

    def log_from(self, mark):
        with open(self.path("broker.log"), "rb") as log:
            log.seek(mark)
            return log.read().decode("utf-8", "replace")

    def log_wait(self, mark, pattern, seconds=10):
        """The first line since the mark that matches."""
        def look():
            return re.search("^.*(?:%s).*$" % pattern, self.log_from(mark), re.M)
        return wait_for(look, seconds, "log line /%s/" % pattern).group(0)

    def proc(self, name):
        with open("/proc/%d/%s" % (self.process.pid, name), encoding="utf-8") as file:
            return file.read()

    def memory_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", self.proc("status")).group(1))

    def cpu_s(self):
        fields = self.proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def alive(self):
        return self.process.poll() is None

    def wait_end(self, seconds=15):
        return self.process.wait(seconds)


class Honest(threading.Thread):
    """Keeps forwarding cases from a commune to a department, and takes them there."""

    EVERY_S = 0.05
    OPEN_MAX = 40

    def __init__(self, house):
        super().__init__(daemon=True)
        self.house = house
        self.commune, self.department = (
            Client(house.endpoint, house.server_public, house.agency_add(agency, name, kind, code))
            for agency, name, kind, code in ((COMMUNE, "Xã ngay thẳng", "commune", "00001"),
                                             (DEPARTMENT, "Sở ngay thẳng", "department", "24")))
        self.begun = {}      # id -> when it was handed over
        self.done = {}       # id -> when the sender was told "taken"
        self.received = set()
        self.resting = threading.Event()
        self.ending = threading.Event()
        self.failure = None

    def run(self):
        try:
            for client in (self.commune, self.department):
                client.connect()
            while not self.ending.is_set():
                self.turn()
            for client in (self.commune, self.department):
                client.close()
        except Exception as why:
            traceback.print_exc()
            self.failure = why

    def turn(self):
        now = time.monotonic()
        if now >= getattr(self, "due", 0) and not self.resting.is_set() \
                and len(self.begun) - len(self.done) < self.OPEN_MAX:
            self.due = now + self.EVERY_S
            number = len(self.begun)
            header = header_of(COMMUNE, b"honest-%d" % number, "HONEST-%d" % (number % 7))
            parcel = parcel_make(header, b"{}")
            self.begun[parcel.id] = now
            self.commune.submit(parcel)
        for client in (self.commune, self.department):
            while client.step(0.002):
                pass
        while self.department.deliveries:
            item, header = self.department.deliveries.popleft()
            self.received.add(header.id)
            self.department.settle(item, header)
        for notice in self.commune.notices:
            if notice.state == "taken":
                self.done.setdefault(notice.id, time.monotonic())
        self.commune.notices.clear()

    def served(self, seconds=10):
        """One whole round trip that begins now; how long it took."""
        begin = time.monotonic()

        def look():
            if self.failure:
                raise self.failure
            return [i for i, at in list(self.done.items()) if self.begun[i] >= begin]
        wait_for(look, seconds, "an honest transfer from hand to hand")
        return time.monotonic() - begin

    def finish(self, accepted=(), seconds=20):
        """Stops the work; all that was accepted, by whomever, must have arrived."""
        self.resting.set()
        wait_for(lambda: self.failure or len(self.done) == len(self.begun), seconds,
                 "the honest rest (%d of %d)" % (len(self.done), len(self.begun)))
        missing = set(accepted) - self.received
        wait_for(lambda: self.failure or not set(accepted) - self.received, seconds,
                 "%d accepted transfers that did not arrive" % len(missing))
        self.ending.set()
        self.join(10)
        if self.failure:
            raise self.failure


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
    header.schema_version = header.schema_version or 1
    header.created_ms = header.created_ms or now_ms()
    header.procedure = rules.procedure_of(header.procedure_raw)
    if body and not header.body_size:
        header.body_sha256, header.body_size = rules.sha256(body), len(body)
    if not header.content_digest:
        header.content_digest = rules.content_digest(header)
    return header


# ---- running ------------------------------------------------------------------------------------

class TooLong(Exception):
    pass


def on_alarm(_number, _frame):
    raise TooLong("the case took longer than it may")


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bin", required=True, help="folder of lienthongd, ltctl and lt-adapter")
    parser.add_argument("--shift", help="the library that shifts a process's clock")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    parser.add_argument("cases", nargs="*", help="only these")
    return parser.parse_args()


def run_one(case, argument, seconds=CASE_S):
    """True when the case holds."""
    begin = time.monotonic()
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(seconds)
    try:
        case(argument)
        print("ok     %-28s %5.1f s" % (case.__name__, time.monotonic() - begin), flush=True)
        return True
    except Exception:
        traceback.print_exc()
        print("FAILED %-28s %5.1f s" % (case.__name__, time.monotonic() - begin), flush=True)
        return False
    finally:
        signal.alarm(0)


def sums(house):
    """Nothing accepted is lost: the broker's own sum, counted twice, has no difference."""
    total = house.rows("conservation")[-1]
    check(int(total["difference"]) == 0, "the conservation sum: %s" % total)
    return total


def run_cases(cases, description="", extra="", seconds=CASE_S):
    """All cases of a file against one house, beside honest work."""
    given = arguments(description)
    chosen = [c for c in cases if not given.cases or c.__name__ in given.cases]
    house = House(given.bin, extra)
    house.given = given
    failed = 0
    try:
        house.start()
        honest = house.honest = Honest(house)
        honest.start()
        honest.served()
        for case in chosen:
            def and_well(argument, case=case):
                case(argument)
                check(argument.alive(), "the broker is up")
                argument.honest.served()
            and_well.__name__ = case.__name__
            failed += not run_one(and_well, house, seconds)

        def afterwards(argument):
            argument.honest.finish(ACCEPTED)
            sums(argument)
        failed += not run_one(afterwards, house)
        if failed:
            print(house.log_from(0)[-6000:], file=sys.stderr)
    finally:
        house.close(given.keep)
    if given.keep:
        print(house.folder)
    check(failed == 0, "%d cases failed" % failed)
