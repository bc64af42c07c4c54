#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Asking to be let in: from a folder without keys to a transfer that arrives, and everything that must not."""
import json
import os
import re
import signal
import stat
import subprocess
import threading
import time

import zmq

import ltp_pb2
import ltp_rules as rules
from adapter import Adapter
from basics import SLOW, check, run_until, wait_for
from hostile import dealer
from house import run_cases
from names import DEPARTMENT, PROCEDURE
from world import free_port

PORT = free_port()
ENDPOINT = "tcp://127.0.0.1:%d" % PORT
EXTRA = "enrol_listen: %s\nenrol_hours: 2\n" % ENDPOINT
CODE = re.compile(r"\b\d{4}-\d{4}-\d{4}-\d{4}\b")
WAITS, APPROVED, REFUSED = 1, 2, 3
OPEN = 3  # exit code: a request waits


def fresh(house):
    """An id nobody has, and the path of its keys."""
    house.made += 1
    return "H24.77%03d" % house.made


def adapter_for(house, agencies, name, **more):
    """It seals with the key that it asks for."""
    options = "enrol_endpoint: %s\n" % ENDPOINT
    sealing = "    signing_key: %s\n" % house.path(agencies[0] + ".seal.key")
    return Adapter(house, agencies, name, options=options, of_agency=sealing, **more)


def enrol(adapter, *arguments):
    return adapter.command("enrol", "-c", adapter.config, *arguments)


def code_of(done, exit_code=OPEN):
    check(done.returncode == exit_code, "%s %s %s" % (done.returncode, done.stdout, done.stderr))
    return CODE.search(done.stdout).group(0)


def reload(house):
    mark = house.mark()
    house.process.send_signal(signal.SIGHUP)
    house.log_wait(mark, "reloaded")


def ca_of(house):
    """The authority's folder; the broker trusts it."""
    folder = house.path("ca")
    if not os.path.exists(folder):
        made = house.tool("ca", "init", folder, "--name", "Nơi cấp thử")
        check(made.returncode == 0, made.stderr)
        with open(house.path("lienthongd.yaml"), "a", encoding="utf-8") as file:
            file.write("trust_list: %s/ca.pem\ntrust_crl: %s/crl.pem\n" % (folder, folder))
        reload(house)
    return folder


def approve(house, code, *arguments):
    return house.tool("enrol", "approve", code, "--reason", "đã gọi lại", "--ca", ca_of(house),
                      *arguments)


def good(done):
    check(done.returncode == 0, "%s %s %s" % (done.returncode, done.stdout, done.stderr))
    return done.stdout


def listed(house, code):
    return [row for row in house.rows("enrol", "list") if row["code"] == code]


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def submit(door, key, wait=int(10 * SLOW)):
    return door.call("POST", "/v1/transfers?wait=%d" % wait,
                     {"kind": "forward", "case_code": "ENROL-" + key, "procedure": PROCEDURE,
                      "to": [DEPARTMENT], "locality": "00001", "body": {"note": "thử"}},
                     {"Idempotency-Key": key, "Content-Type": "application/json"})


# ---- a stranger by hand -------------------------------------------------------------------------

class Stranger:
    """A line to the enrolment port with a key of its own, and a request made by openssl."""

    def __init__(self, house, agency, made_s=None):
        self.house, self.agency = house, agency
        house.made += 1
        self.stem = house.path("stranger-%d" % house.made)
        self.public, self.secret = house.key_make("stranger-%d" % house.made)
        self.request = self.make(self.public.hex(), made_s or int(time.time()))
        self.socket = self.line()

    def make(self, curve, made_s):
        if not os.path.exists(self.stem + ".pem"):
            subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
                            "-out", self.stem + ".pem"], check=True)
        return subprocess.run(
            ["openssl", "req", "-new", "-key", self.stem + ".pem", "-subj", "/CN=" + self.agency,
             "-addext", "subjectAltName=URI:urn:lienthong:curve:%s,URI:urn:lienthong:made:%d"
             % (curve, made_s), "-outform", "DER"], check=True, capture_output=True).stdout

    def line(self):
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.linger = 0
        socket.curve_publickey = zmq.utils.z85.encode(self.public)
        socket.curve_secretkey = zmq.utils.z85.encode(self.secret)
        socket.curve_serverkey = zmq.utils.z85.encode(self.house.server_public)
        socket.connect(ENDPOINT)
        return socket

    def ask(self, request=None, seconds=10):
        self.socket.send(ltp_pb2.Frame(enrol_ask=ltp_pb2.EnrolAsk(
            request=self.request if request is None else request)).SerializeToString())
        return self.answer(seconds)

    def answer(self, seconds=10):
        if not self.socket.poll(int(seconds * 1000 * SLOW)):
            return None
        frame = ltp_pb2.Frame.FromString(self.socket.recv())
        check(frame.WhichOneof("body") == "enrol_answer", frame)
        return frame.enrol_answer

    def refused(self, code, request=None):
        answer = self.ask(request)
        check(answer and rules.CODES[answer.code] == code, "%s: %s" % (code, answer))
        return answer

    def close(self):
        self.socket.close()


# ---- the cases ----------------------------------------------------------------------------------

def from_nothing_to_a_transfer(house):
    """Keys, request, code, approval with a certificate, connection, and a transfer that arrives."""
    agency = fresh(house)
    adapter = adapter_for(house, [agency], "adapter-new")
    code = code_of(enrol(adapter, "--name", "Xã vừa vào"))
    for name in (agency + ".key", agency + ".seal.key"):
        check(mode_of(house.path(name)) == 0o600, "%s is its owner's alone" % name)
    row = listed(house, code)[0]
    check((row["id"], row["name"], row["state"], row["known"], row["from"]) ==
          (agency, "Xã vừa vào", "waits", False, "127.0.0.1"), row)
    check(house.tool("agency", "show", agency).returncode == 3, "nothing is registered yet")
    keys = {name: open(house.path(name), "rb").read() for name in
            (agency + ".key", agency + ".seal.key")}
    check(code_of(enrol(adapter)) == code, "asked again it is the same request")
    check(all(open(house.path(n), "rb").read() == was for n, was in keys.items()),
          "keys are never written over")

    waiting = subprocess.Popen([os.path.join(house.bin, "lt-adapter"), "enrol", "--wait", "-c",
                                adapter.config], stdout=subprocess.PIPE, text=True)
    dry = good(approve(house, code, "--dry-run", "--json"))
    check(json.loads(dry)[0]["state"] == "waits", dry)
    check(house.tool("agency", "show", agency).returncode == 3, "a dry run changes nothing")
    done = json.loads(good(approve(house, code, "--kind", "commune", "--locality", "00001",
                                   "--json")))[0]
    check(done["state"] == "approved" and done["change"] == "added" and done["certificate"] is True,
          done)
    told = waiting.communicate(timeout=30 * SLOW)[0]
    check(waiting.returncode == 0 and "approved" in told, told)
    verified = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-crl_check", "-CAfile", house.path("ca/ca.pem"),
         "-CRLfile", house.path("ca/crl.pem"), house.path(agency + ".seal.crt")],
        capture_output=True, text=True, check=False)
    check(verified.returncode == 0, verified.stdout + verified.stderr)
    row = house.rows("agency", "show", agency)[0]
    check(row["name"] == "Xã vừa vào" and row["locality"] == "00001", row)
    again = approve(house, code)
    check(again.returncode == 1 and "decided" in again.stderr, again.stderr)
    with adapter:
        status, answer = submit(adapter.door(), "first")
        check(status == 201, "%s %s" % (status, answer))
        wait_for(lambda: house.rows("case", "ENROL-first")[0]["state"] == "taken", 20, "taken")


def refused(house):
    """The reason gets to the agency, nothing to the registry; a new request may be made."""
    agency = fresh(house)
    adapter = adapter_for(house, [agency], "adapter-refused")
    code = code_of(enrol(adapter))
    check(house.tool("enrol", "refuse", code).returncode == 2, "a reason is wanted")
    good(house.tool("enrol", "refuse", code, "--reason", "văn phòng không gửi"))
    told = enrol(adapter)
    check(told.returncode == 1 and "văn phòng không gửi" in told.stdout, told.stdout)
    check(approve(house, code, "--name", "Xã").returncode == 1, "what is refused stays so")
    check(house.tool("agency", "show", agency).returncode == 3, "nothing was registered")
    other = code_of(enrol(adapter, "--again"))
    check(other != code, "a new request has another code")
    good(approve(house, other, "--name", "Xã hỏi lại"))
    check(enrol(adapter).returncode == 0, "and may be approved")


def wrong_code(house):
    """Codes that are nobody's, mistyped, or another agency's let nobody in."""
    agency = fresh(house)
    adapter = adapter_for(house, [agency], "adapter-wrong")
    code = code_of(enrol(adapter))
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    check(approve(house, wrong).returncode == 3, "nobody's code")
    check(approve(house, code[:-1]).returncode == 2, "a digit is missing")
    check(approve(house, code, "--agency", DEPARTMENT).returncode == 2, "another agency is meant")
    check(house.tool("enrol", "approve", code).returncode == 2, "a reason is wanted")
    check(listed(house, code)[0]["state"] == "waits", "it waits on")
    check(approve(house, code).returncode == 2, "a new agency needs a name")
    good(approve(house, code.replace("-", " "), "--agency", agency, "--name", "Xã gõ mã"))


def too_old(house):
    """A request says when it was made; one too old or from the future is not taken in."""
    agency = fresh(house)
    for made in (int(time.time()) - 2 * 3600 - 60, int(time.time()) + 25 * 3600):
        stranger = Stranger(house, agency, made)
        stranger.refused("enrol-expired")
        stranger.close()
    check(not [r for r in house.rows("enrol", "list") if r["id"] == agency], "nothing is kept")


def foreign_keys(house):
    """Both keys must be in one hand, and no key is let in for two agencies."""
    stranger, other = Stranger(house, fresh(house)), Stranger(house, fresh(house))
    check(other.ask().state == WAITS, "the other one waits")
    stranger.refused("enrol-other-key", other.request)  # known already
    stranger.refused("enrol-other-key", stranger.make(other.public.hex(), int(time.time())))
    for broken in (b"", b"x" * 500, stranger.request[:-1], stranger.request + b"\0"):
        stranger.refused("field-bad", broken)
    swapped = bytearray(stranger.request)
    swapped[-5] ^= 1
    answer = stranger.ask(bytes(swapped))
    check(rules.CODES[answer.code] in ("seal-bad", "field-bad"), answer)
    # Another agency asks with a key that is registered for this one.
    agency = house.agency()
    with open(house.path(agency + ".pub"), encoding="ascii") as file:
        taken = file.read().strip()
    with open(house.path("taken.csr"), "wb") as file:
        file.write(stranger.make(taken, int(time.time())))
    subprocess.run(["openssl", "req", "-inform", "DER", "-in", house.path("taken.csr"), "-out",
                    house.path("taken.pem")], check=True)
    code = json.loads(good(house.tool("enrol", "import", house.path("taken.pem"), "--json")))[0]
    done = approve(house, code["code"], "--name", "Xã giả")
    check(done.returncode == 1 and agency in done.stderr, done.stderr)
    check(house.tool("ca", "list", ca_of(house), "--json").stdout.count(stranger.agency) == 0,
          "no certificate was spent on it")
    for line in (stranger, other):
        line.close()


def nothing_else_at_this_port(house):
    """No session, no transfer, no question of an operator comes in here, whoever asks."""
    stranger = Stranger(house, fresh(house))
    for frame in (ltp_pb2.Frame(hello=ltp_pb2.Hello(protocol_min=1, protocol_max=1, role=3,
                                                    instance=b"o" * 16)),
                  ltp_pb2.Frame(query=ltp_pb2.Query(number=1, verb="status")),
                  ltp_pb2.Frame(enrol_answer=ltp_pb2.EnrolAnswer(state=APPROVED))):
        stranger.socket.send(frame.SerializeToString())
    stranger.socket.send(b"\xff" * 100)
    check(stranger.answer(1) is None, "no answer")
    check(stranger.ask().state == WAITS, "a request is still answered")
    stranger.socket.send(b"x" * 9000)  # over the limit of this port: the line is cut
    stranger.close()
    # The same key at the agencies' port: not let in.
    line = dealer(house, stranger.secret)
    line.send(ltp_pb2.Frame(hello=ltp_pb2.Hello(protocol_min=1, protocol_max=1, role=3,
                                                instance=b"o" * 16)).SerializeToString(),
              zmq.DONTWAIT) if line.poll(500, zmq.POLLOUT) else None
    check(not line.poll(1000), "a stranger is no agency")
    line.close()


def by_file(house):
    """No line to the port: the request and the certificate travel as files."""
    agency = fresh(house)
    adapter = Adapter(house, [agency], "adapter-file", of_agency="    signing_key: %s\n"
                      % house.path(agency + ".seal.key"))
    check(enrol(adapter).returncode == 2, "without enrol_endpoint a file is wanted")
    path = house.path(agency + ".out.csr")
    code = code_of(enrol(adapter, "--to-file", path, "--name", "Xã ngoài đường truyền"))
    row = json.loads(good(house.tool("enrol", "import", path, "--json")))[0]
    check(row["code"] == code and row["from"] == "file", row)
    back = house.path(agency + ".back.crt")
    good(approve(house, code, "--out", back))
    wrong = enrol(adapter, "--certificate", house.path("ca/ca.pem"))
    check(wrong.returncode == 1, "a certificate of another key: %s" % wrong.stdout)
    check(enrol(adapter, "--certificate", back).returncode == 0, "its own certificate")
    with adapter:
        status, answer = submit(adapter.door(), "by-file")
        check(status == 201, "%s %s" % (status, answer))


def many_tenants(house):
    """A vendor asks for thirty at once; the list has one code each."""
    tenants = [fresh(house) for _ in range(30)]
    adapter = adapter_for(house, [fresh(house)], "adapter-batch")
    path = house.path("tenants.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("id,name\n" + "".join('%s,"Xã thử %s"\n' % (t, t) for t in tenants))
    done = enrol(adapter, "--batch", path)
    codes = dict(line.split(",") for line in done.stdout.split())
    check(done.returncode == OPEN and sorted(codes) == sorted(tenants), done.stdout + done.stderr)
    for tenant in tenants[:3]:
        good(approve(house, codes[tenant], "--agency", tenant))
    check(house.rows("agency", "show", tenants[0])[0]["name"] == "Xã thử " + tenants[0], "its name")
    done = enrol(adapter, "--batch", path)
    check(done.returncode == OPEN and done.stdout.count("approved") == 3, done.stdout)


def broker_restarted(house):
    """What waits is asked for again and keeps its code; what was approved stays approved."""
    waiting, approved = Stranger(house, fresh(house)), Stranger(house, fresh(house))
    check(waiting.ask().state == WAITS and approved.ask().state == WAITS, "both wait")
    code = [r["code"] for r in house.rows("enrol", "list") if r["id"] == approved.agency][0]
    good(approve(house, code, "--name", "Xã đã duyệt"))
    house.honest.resting.set()
    house.process.terminate()
    house.wait_end()
    house.start()
    house.honest.resting.clear()
    check(not house.rows("enrol", "list"), "the table was memory")
    answer = wait_for(lambda: approved.ask(seconds=3), 20, "an answer after the restart")
    check(answer.state == APPROVED and answer.certificate, answer)
    check(waiting.ask(seconds=10).state == WAITS, "it waits again")
    check([r["id"] for r in house.rows("enrol", "list")] == [waiting.agency], "and is listed")
    for line in (waiting, approved):
        line.close()


def crowd_at_the_door(house):
    """Strangers fill every place: agencies feel nothing, and places come back."""
    lines = []
    stranger = Stranger(house, fresh(house))
    for _ in range(170):
        public, secret = zmq.curve_keypair()
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.linger = 0
        socket.curve_publickey, socket.curve_secretkey = public, secret
        socket.curve_serverkey = zmq.utils.z85.encode(house.server_public)
        socket.connect(ENDPOINT)
        lines.append(socket)
    check(wait_for(lambda: stranger.ask(seconds=2), 20, "an answer").state == WAITS, "it waits")
    client = house.hostile()
    client.close()
    house.honest.served()
    for socket in lines:
        socket.close()
    stranger.close()
    late = Stranger(house, fresh(house))
    wait_for(lambda: late.ask(seconds=2), 40, "a place")
    late.close()


def rotation_under_load(house):
    """New keys while transfers flow: both count for a month, none is lost, and the old one may go."""
    agency = fresh(house)
    adapter = adapter_for(house, [agency], "adapter-rotate")
    good(approve(house, code_of(enrol(adapter, "--name", "Xã đổi khóa"))))
    check(enrol(adapter).returncode == 0, "approved")
    adapter.start()
    ending, sent = threading.Event(), []

    def load():
        door = adapter.door()
        while not ending.is_set():
            key = "load-%d" % len(sent)
            while submit(door, key, wait=0)[0] not in (200, 201, 202):
                time.sleep(0.1)
            sent.append(key)
            time.sleep(0.02)
    worker = threading.Thread(target=load, daemon=True)
    worker.start()
    try:
        old = open(house.path(agency + ".pub"), encoding="ascii").read().strip()
        code = code_of(enrol(adapter, "--rotate"))
        good(approve(house, code, "--agency", agency))
        done = enrol(adapter, "--rotate")
        check(done.returncode == 0, done.stdout + done.stderr)
        new = open(house.path(agency + ".pub"), encoding="ascii").read().strip()
        check(new != old and mode_of(house.path(agency + ".key")) == 0o600, "the new key is in place")
        keys = {k["public_key"]: k for k in house.rows("agency", "show", agency) if "public_key" in k}
        check(set(keys) == {old, new} and keys[old]["to_ms"] and not keys[new]["to_ms"],
              keys)
        submit(adapter.door(), "with-the-old-key")
        adapter.stop()
        adapter.start()
        good(house.tool("agency", "key", "revoke", agency, old))
        status, answer = submit(adapter.door(), "with-the-new-key")
        check(status == 201, "%s %s" % (status, answer))
    finally:
        ending.set()
        worker.join(20 * SLOW)
    check(len(sent) > 20, "there was load: %d" % len(sent))
    wait_for(lambda: all(house.rows("case", "ENROL-" + key)[0]["state"] == "taken"
                         for key in (sent[0], sent[len(sent) // 2], sent[-1])), 30, "all arrived")
    total = [t for t in house.rows("transfers", "--from", agency)]
    check(len(total) == len(sent) + 2, "none twice, none lost: %d of %d" % (len(total), len(sent)))
    adapter.stop()


def renewal(house):
    """A certificate near its end is renewed without a person: for keys this authority knows, no others."""
    agency = fresh(house)
    adapter = adapter_for(house, [agency], "adapter-renew")
    good(approve(house, code_of(enrol(adapter, "--name", "Xã gia hạn")), "--days", "30"))
    check(enrol(adapter).returncode == 0, "approved")
    alarm = [a for a in json.loads(house.tool("alarms", "--json").stdout) if a.get("agency") == agency]
    check([(a["what"], a["within_days"]) for a in alarm] == [("seal-key-ending", 30)], alarm)
    checked = adapter.command("check", "-c", adapter.config).stdout
    check(re.search(r"\[note\] +Certificate.*seal\.crt", checked), checked)
    first = open(house.path(agency + ".seal.crt"), "rb").read()
    asking = subprocess.Popen([os.path.join(house.bin, "lt-adapter"), "enrol", "--renew", "--wait",
                               "-c", adapter.config], stdout=subprocess.PIPE, text=True)
    rows = wait_for(lambda: [r for r in house.rows("enrol", "list")
                             if r["id"] == agency and r["renewal"] and r["state"] == "waits"], 10,
                    "the renewal is listed")
    other = house.path("other-ca")
    good(house.tool("ca", "init", other, "--name", "Nơi khác"))
    check(good(house.tool("enrol", "renew", "--ca", other, "--csv")).count(agency) == 0,
          "an authority that has not issued to this key does not renew it")
    done = json.loads(good(house.tool("enrol", "renew", "--ca", ca_of(house), "--json")))
    check([r["code"] for r in done] == [rows[0]["code"]], done)
    told = asking.communicate(timeout=30 * SLOW)[0]
    check(asking.returncode == 0, told)
    check(open(house.path(agency + ".seal.crt"), "rb").read() != first, "a new certificate")
    done = enrol(adapter, "--renew")
    check(done.returncode == 0 and "364 days" in done.stdout, done.stdout)
    alarms = house.tool("alarms", "--json").stdout
    check(agency not in alarms, "no alarm any more: %s" % alarms)
    checked = adapter.command("check", "-c", adapter.config).stdout
    check(re.search(r"\[ok\] +Certificate.*seal\.crt", checked), checked)
    with adapter:
        status, answer = submit(adapter.door(), "renewed")
        check(status == 201, "%s %s" % (status, answer))
    # What was revoked is not renewed.
    serials = [c["serial"] for c in json.loads(house.tool("ca", "list", ca_of(house), "--json").stdout)
               if c["id"] == agency]
    for serial in serials:
        good(house.tool("ca", "revoke", ca_of(house), serial))
    asked = enrol(adapter, "--again")
    code = code_of(asked)
    good(house.tool("enrol", "renew", "--ca", ca_of(house)))
    check(listed(house, code)[0]["state"] == "waits", "a revoked key is not renewed")


def renewal_over_the_session(house):
    """A running adapter asks for its next certificate by itself and puts it in place; nobody starts it anew."""
    agency = fresh(house)
    adapter = adapter_for(house, [agency], "adapter-renews")
    good(approve(house, code_of(enrol(adapter, "--name", "Xã tự gia hạn")), "--days", "30"))
    check(enrol(adapter).returncode == 0, "approved")
    first = open(house.path(agency + ".seal.crt"), "rb").read()
    mark = house.mark()
    with adapter:
        house.log_wait(mark, "enrol-asked agency=%s .*session=1" % agency)
        row = [r for r in house.rows("enrol", "list") if r["id"] == agency and r["renewal"]
               and r["state"] == "waits"][0]
        check(row["code"] in adapter.log(), "the adapter's log has the code: %s" % adapter.log())
        done = json.loads(good(house.tool("enrol", "renew", "--ca", ca_of(house), "--json")))
        check([r["code"] for r in done] == [row["code"]], done)
        wait_for(lambda: "renewed agency=%s" % agency in adapter.log(), 45, "a new certificate")
        check(open(house.path(agency + ".seal.crt"), "rb").read() != first, "it is another")
        status, answer = submit(adapter.door(), "renewed-alive")
        check(status == 201, "%s %s" % (status, answer))
    checked = adapter.command("check", "-c", adapter.config).stdout
    check(re.search(r"\[ok\] +Certificate.*seal\.crt", checked), checked)
    mark = house.mark()
    with adapter:
        submit(adapter.door(), "good-for-long")
    check("enrol-asked" not in house.log_from(mark), "what is good for long is not asked for")


def renewal_refused(house):
    """The registrar's no gets into the adapter's log; transfers go on. By hand: nothing is asked."""
    agency = fresh(house)
    adapter = adapter_for(house, [agency], "adapter-renew-no")
    good(approve(house, code_of(enrol(adapter, "--name", "Xã không gia hạn")), "--days", "30"))
    check(enrol(adapter).returncode == 0, "approved")
    mark = house.mark()
    with adapter:
        house.log_wait(mark, "enrol-asked agency=%s .*session=1" % agency)
        code = [r for r in house.rows("enrol", "list") if r["id"] == agency and r["renewal"]
                and r["state"] == "waits"][0]["code"]
        good(house.tool("enrol", "refuse", code, "--reason", "đơn vị sắp sáp nhập"))
        wait_for(lambda: "renewal-refused" in adapter.log(), 45, "the refusal")
        check("đơn vị sắp sáp nhập" in adapter.log(), adapter.log())
        check(submit(adapter.door(), "refused-alive")[0] == 201, "transfers go on")
    with open(adapter.config, "a", encoding="utf-8") as file:
        file.write("renew_by_hand: true\n")
    mark = house.mark()
    with adapter:
        check(submit(adapter.door(), "by-hand")[0] == 201, "it runs")
        wait_for(lambda: adapter.log().count("certificate-ending") == 2, 10, "it is told")
    check("enrol-asked" not in house.log_from(mark), "nobody asks")


def over_a_session_only_its_own(house):
    """A session asks for its agency and with its key; what is wrong with a request ends no session."""
    client = house.hostile()
    answers = []
    client.take_enrol_answer = answers.append

    def asked(request):
        client.send(enrol_ask=ltp_pb2.EnrolAsk(request=request))
        before = len(answers)
        run_until([client], lambda: len(answers) > before, 10, "an answer")
        return answers[-1]

    stranger = Stranger(house, client.agency)
    with open(house.path(client.agency + ".pub"), encoding="ascii") as file:
        curve = file.read().strip()
    right = stranger.make(curve, int(time.time()))
    stranger.agency = DEPARTMENT
    for code, request in (("enrol-other-key", stranger.request),
                          ("field-bad", stranger.make(curve, int(time.time()))),
                          ("field-bad", b""), ("field-bad", right + b"\0")):
        answer = asked(request)
        check(rules.CODES[answer.code] == code and answer.state == 0, "%s: %s" % (code, answer))
    check(asked(right).state == WAITS and asked(right).state == WAITS, "its own waits")
    check([r["id"] for r in house.rows("enrol", "list") if r["state"] == "waits"
           and r["id"] in (client.agency, DEPARTMENT)] == [client.agency], "and nothing else")
    check(not client.endings, client.endings)
    stranger.agency = client.agency
    newest = stranger.make(curve, int(time.time()) - 30)
    check(asked(newest).state == WAITS, "a newer one")
    check(len([r for r in house.rows("enrol", "list") if r["id"] == client.agency]) == 1,
          "takes the place of the one before")
    stranger.close()
    client.close()


def revocation(house):
    """A certificate on the list of revoked ones seals nothing from the reload on; a cut key, at once."""
    agency = fresh(house)
    adapter = adapter_for(house, [agency], "adapter-revoked")
    good(approve(house, code_of(enrol(adapter, "--name", "Xã bị thu hồi"))))
    check(enrol(adapter).returncode == 0, "approved")
    with adapter:
        door = adapter.door()
        check(submit(door, "before-revocation")[0] == 201, "it seals")
        serial = [c["serial"] for c in json.loads(
            house.tool("ca", "list", ca_of(house), "--json").stdout) if c["id"] == agency][0]
        good(house.tool("ca", "revoke", ca_of(house), serial[:8]))
        check(submit(door, "list-not-there-yet")[0] == 201, "the broker has the old list")
        reload(house)
        status, answer = submit(door, "after-revocation", wait=3)
        check(status == 202, "%s %s" % (status, answer))
        wait_for(lambda: "seal-key-revoked" in door.state().get("last_problem", ""), 15,
                 "the adapter says why it waits")
        mark = house.mark()
        with open(house.path(agency + ".pub"), encoding="ascii") as file:
            good(house.tool("agency", "key", "revoke", agency, file.read().strip()))
        house.log_wait(mark, "session-cut agency=%s reason=key" % agency)


if __name__ == "__main__":
    run_cases([from_nothing_to_a_transfer, refused, wrong_code, too_old, foreign_keys,
               nothing_else_at_this_port, by_file, many_tenants, broker_restarted,
               renewal, renewal_over_the_session, renewal_refused,
               over_a_session_only_its_own, revocation, crowd_at_the_door, rotation_under_load], __doc__, EXTRA, case_s=90)
