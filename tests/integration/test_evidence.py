#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Evidence of a case that went there and came back, through the real processes: three forwards under
one seal with a certificate, a result under another agency's key, time-stamps on the log. What `ltctl
evidence` gathers is checked by lt-verify, and by exactly the commands that its README.txt prints.

LT_VERIFY=PROGRAM has another build's lt-verify check the same archives."""
import argparse
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

import ltp_pb2
from basics import SLOW, check, run_until, wait_for
from ltp_client import Client, now_ms, parcel_make
from ltp_seal import Sealer, spki_of
from tsa import Authority
from world import World

# The certification authority of the seals' own test; tests/integration has a file of that name too.
_spec = importlib.util.spec_from_file_location("interop_seals", os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "interop", "test_seals.py"))
seals = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(seals)

COMMUNE, DEPARTMENT = "H24.66.701", "H24.66.702"
CASE = "000.00.01.H24-BANG-CHUNG-1"
MORE = "trust_list: {folder}/ca.pem\ntrust_crl: {folder}/crl.pem\n"
QUESTION = 'openssl ts -query -data "$1" -sha256 -cert -out q.tsq'


def shell(folder, script, *arguments, **environment):
    return subprocess.run(["sh", "-c", script, "sh", *arguments], cwd=folder, capture_output=True,
                          text=True, timeout=60 * SLOW, check=False,
                          env={**os.environ, **environment})


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


# ---- what happens ---------------------------------------------------------------------------------

class Stage:
    """A commune and a department, each with a signing key, and a case between them."""

    def __init__(self, world):
        self.world = world
        self.authority = seals.Authority("Goc thu nghiem")
        self.keys = {COMMUNE: ec.generate_private_key(ec.SECP256R1()),
                     DEPARTMENT: ed25519.Ed25519PrivateKey.generate()}
        write(world.path("ca.pem"), seals.pem(self.authority.certificate))
        write(world.path("crl.pem"), seals.pem(self.authority.crl()))
        self.clients = {}

    def open(self):
        for agency, kind in ((COMMUNE, "commune"), (DEPARTMENT, "department")):
            secret = self.world.agency_add(agency, "Đơn vị thử " + agency, kind, "00001")
            key = self.keys[agency]
            thing = self.authority.issue(key, 77) if agency == COMMUNE else key.public_key()
            self.world.ltctl("agency", "seal-key", "add", agency,
                             write(self.world.path(agency + ".pem"), seals.pem(thing)))
            client = Client(self.world.endpoint, self.world.server_public, secret,
                            sealer=Sealer(key))
            self.clients[agency] = client.connect()
        run_until(self.both(), lambda: all(c.session for c in self.both()), 20, "two sessions")

    def both(self):
        return list(self.clients.values())

    def parcel(self, sender, receiver, kind, number, body, case=CASE):
        header = ltp_pb2.Header(kind=kind, case_code=case, sender_key=b"bc-%d" % number,
                                handed_over_ms=now_ms(), body_type="application/json")
        setattr(header, "from", sender)
        header.to.append(receiver)
        return parcel_make(header, body)

    def send(self, sender, receiver, kind, bodies):
        """All under one seal; each is taken by the receiver, but what it refuses."""
        parcels = [self.parcel(sender, receiver, kind, len(bodies) * 100 + i, body)
                   for i, body in enumerate(bodies)]
        client, other = self.clients[sender], self.clients[receiver]
        run_until(self.both(), lambda: client.window.parcels >= len(parcels), 20, "a window")
        client.submit(*parcels)
        run_until(self.both(), lambda: all(p.id in client.verdicts for p in parcels), 20, "verdicts")
        check(all(client.verdicts[p.id].code == 0 for p in parcels), "accepted: %s" % client.verdicts)
        settled = set()

        def settle():
            while other.deliveries:
                item, header = other.deliveries.popleft()
                last = header.id == parcels[-1].id and len(parcels) > 1
                other.settle(item, header, ltp_pb2.REFUSED if last else ltp_pb2.TAKEN,
                             152 if last else 0, "Không thuộc thẩm quyền" if last else "")
                settled.add(header.id)
            return len(settled) == len(parcels) and not other.settling
        run_until(self.both(), settle, 20, "settlements")
        return [p.id for p in parcels]


# ---- what it proves -------------------------------------------------------------------------------

class Bench:
    """The reader's side: a trust list and the programs."""

    def __init__(self, world, stage, bin_folder):
        self.world, self.bin = world, bin_folder
        self.folder = tempfile.mkdtemp(prefix="doi-chieu-", dir=world.folder)
        self.trust = self.path("trust")
        os.mkdir(self.trust)
        self.authority = Authority(self.path("tsa"))
        key_id = hashlib.sha256(spki_of(stage.keys[DEPARTMENT].public_key())).hexdigest()
        write(self.trust + "/axis.vkey", read(self.data("log/key")) + b"\n")
        write(self.trust + "/agencies.pem", read(world.path("ca.pem")))
        write(self.trust + "/agencies.txt", ("%s %s\n" % (DEPARTMENT, key_id)).encode())
        write(self.trust + "/tsa.pem", read(self.authority.root()))
        made = shell(self.folder, 'openssl pkey -in "$1" -pubout -out axis.pem',
                     self.data("log.key"))
        check(made.returncode == 0, made.stderr)

    def path(self, name):
        return os.path.join(self.folder, name)

    def data(self, name):
        return os.path.join(self.world.path("data"), name)

    def stamp(self):
        """What the stamper leaves in the folder of a checkpoint."""
        note = self.world.ltctl("log", "checkpoint", "--data", self.world.path("data")).encode()
        os.makedirs(self.data("log/timestamps"), exist_ok=True)
        base = self.data("log/timestamps/%020d" % int(note.split(b"\n")[1]))
        write(base + ".note", note)
        made = shell(self.folder, QUESTION, base + ".note")
        check(made.returncode == 0, made.stderr)
        write(base + ".tsr", self.authority.answer(read(self.path("q.tsq"))))

    def gather(self, name, subject, *options):
        path = self.path(name)
        self.world.ltctl("evidence", subject, "--data", self.world.path("data"), "-o", path,
                         "--crl", self.world.path("crl.pem"), *options)
        return path

    def try_gather(self, name, subject):
        try:
            return self.gather(name, subject)
        except RuntimeError:
            return None

    def verify(self, path, wanted, *options, program=None):
        program = program or os.path.join(self.bin, "lt-verify")
        done = subprocess.run([program, path, "--json", *options], capture_output=True, text=True,
                              timeout=60 * SLOW, check=False)
        check(done.returncode == wanted, "lt-verify: exit %d, not %d\n%s%s"
              % (done.returncode, wanted, done.stdout, done.stderr))
        return json.loads(done.stdout)["findings"]

    def by_openssl(self, path, change=None):
        """README.txt's own commands in the unpacked folder."""
        folder = tempfile.mkdtemp(dir=self.folder)
        check(shell(folder, 'tar -xf "$1"', path).returncode == 0, "any tar unpacks it")
        if change:
            change(folder)
        script = shell(folder, "sed -n 's/^    //p' README.txt").stdout
        return shell(folder, script, AXIS=self.path("axis.pem"), TSA=self.authority.root(),
                     AGENCIES=self.trust + "/agencies.pem")


def outcomes(findings):
    return sum(f["check"] == "outcome" and f["result"] == "proven" for f in findings)


def relist(folder):
    """A forger's index."""
    shell(folder, "find . -type f ! -name index.sha256 | sed 's,^./,,' | LC_ALL=C sort |"
                  " xargs sha256sum > index.new; mv index.new index.sha256")


def whole(bench):
    """A case of four transfers: every check proven; the same bytes again; by openssl too."""
    def settled():
        bench.gather("case.tar", CASE)
        done = subprocess.run([os.path.join(bench.bin, "lt-verify"), bench.path("case.tar"),
                               "--json", "--trust", bench.trust], capture_output=True, text=True,
                              check=False, timeout=60 * SLOW)
        return outcomes(json.loads(done.stdout)["findings"]) == 4
    wait_for(settled, 20, "a checkpoint over all outcomes")
    bench.stamp()
    looked = json.loads(bench.world.ltctl("journal", "verify", bench.world.path("data"), "--json"))[0]
    check(int(looked["seals"]) == 4 and int(looked["findings"]) == 0, looked)
    path = bench.gather("case.tar", CASE)
    check(read(path) == read(bench.gather("again.tar", CASE)), "two runs, the same bytes")
    findings = bench.verify(path, 0, "--trust", bench.trust)
    check(len({f.get("transfer") for f in findings} - {None}) == 4, "four transfers")
    check(sum(f["check"] == "key" for f in findings) == 4, "four keys")
    done = bench.by_openssl(path)
    check(done.returncode == 0 and "all that was checked fits" in done.stdout,
          "the README's commands:\n%s%s" % (done.stdout, done.stderr))
    other = os.environ.get("LT_VERIFY")
    if other:
        check(bench.verify(path, 0, "--trust", bench.trust, program=other) == findings,
              "another build finds the same")


def two_archives(bench):
    """One of this noon and one of the evening, held together: one log, by the proof that it grew."""
    def sides(*options):
        done = subprocess.run([os.path.join(bench.bin, "lt-verify"), bench.path("early.tar"),
                               bench.path("case.tar"), "--json", "--trust", bench.trust, *options],
                              capture_output=True, text=True, timeout=60 * SLOW, check=False)
        check(done.returncode == 2, "lt-verify: %d\n%s" % (done.returncode, done.stdout))
        return [f for f in json.loads(done.stdout)["findings"] if f["check"] == "log"]
    check([f["why"] for f in sides()] == ["no-consistency"], "not without a proof")
    text = subprocess.run(["tar", "-xOf", bench.path("early.tar"), "--wildcards",
                           "checkpoints/*.note"], capture_output=True, check=True).stdout
    note = write(bench.path("early.note"), text)
    proof = bench.path("growth.txt")
    bench.world.ltctl("log", "consistency", note, "--data", bench.world.path("data"), "-o", proof)
    check(read(proof).startswith(b"lienthong/consistency/1\n"), "a proof")
    check(sides("--consistency", proof)[0]["result"] == "proven", "with the proof")


def one_transfer(bench, ids):
    """By its id alone, out of the middle of a seal; without bodies; believing nobody."""
    text = "%s-%s-%s-%s-%s" % tuple(ids[1].hex()[a:b] for a, b in
                                    ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
    findings = bench.verify(bench.gather("one.tar", text), 0, "--trust", bench.trust)
    check({f.get("transfer") for f in findings} - {None} == {text}, "one transfer")
    bare = bench.gather("bare.tar", text, "--without-bodies")
    check(b"chu_ho_so" not in read(bare), "no body in it")
    findings = bench.verify(bare, 2, "--trust", bench.trust)
    check({f["why"] for f in findings if f["result"] != "proven"} == {"body-left-out"}, findings)
    check(bench.by_openssl(bare).returncode == 0, "by openssl without a body")
    bench.verify(bench.path("one.tar"), 2)
    for wanted, words in ((64, ()), (66, ("a.tar", "b.tar")), (64, ("a.tar", "--lang", "fr")),
                          (66, (bench.path("none.tar"),)),
                          (66, (bench.path("one.tar"), "--trust", bench.path("none"))),
                          (0, ("--version",)), (0, ("--help", "--lang", "en"))):
        done = subprocess.run([os.path.join(bench.bin, "lt-verify"), *words], capture_output=True,
                              check=False, timeout=60 * SLOW)
        check(done.returncode == wanted, "lt-verify %s: exit %d" % (words, done.returncode))
    gone = subprocess.run([os.path.join(bench.bin, "ltctl"), "evidence", "KHONG-CO", "--data",
                           bench.world.path("data"), "-o", bench.path("no.tar")],
                          capture_output=True, check=False)
    check(gone.returncode == 3 and not os.path.exists(bench.path("no.tar")), "no such case")


def altered(bench, ids):
    """One byte of a body: by lt-verify, by openssl, and by openssl when the index was made anew."""
    path = bench.path("case.tar")
    data = bytearray(read(path))
    data[data.index(b"chu_ho_so")] ^= 1
    findings = bench.verify(write(bench.path("bad.tar"), data), 1, "--trust", bench.trust)
    wrong = {(f["check"], f["why"]) for f in findings if f["result"] == "wrong"}
    check(("index", "digest") in wrong and ("parcel", "digest-wrong") in wrong
          and ("seal", "path-wrong") in wrong, wrong)
    check(bench.by_openssl(bench.path("bad.tar")).returncode != 0, "openssl's path finds it")
    for name in ("body.bin", "seal.sig", "seal.message", "seal.bin"):
        def change(folder, name=name):
            some = os.path.join(folder, "transfers", os.listdir(folder + "/transfers")[0], name)
            data = bytearray(read(some))
            data[-1] ^= 1
            write(some, data)
            relist(folder)
        done = bench.by_openssl(path, change)
        check(done.returncode != 0 and "all that" not in done.stdout, "%s is found" % name)
    for name in ("checkpoints", "timestamps"):
        def note(folder, name=name):
            some = [f for f in os.listdir(folder + "/" + name) if f.endswith(".note")][0]
            some = os.path.join(folder, name, some)
            write(some, read(some).replace(b"\nposition ", b"\nposition 1"))
            relist(folder)
        check(bench.by_openssl(path, note).returncode != 0, "a note of %s is found" % name)


def after_a_cut(stage, bench):
    """Two under one seal wait while the journal is cut below them 40 days later: their bytes and the
    proof of their seal were carried over, and their receipts are in the archive; so is all of the
    case that had come to its end before."""
    world, data = bench.world, bench.world.path("data")
    stage.clients.pop(DEPARTMENT).close()
    client = stage.clients[COMMUNE]
    parcels = [stage.parcel(COMMUNE, DEPARTMENT, ltp_pb2.FORWARD, 900 + i, b'{"cho": true}',
                            "000.00.01.H24-CHO") for i in range(2)]
    client.submit(*parcels)
    run_until([client], lambda: all(p.id in client.verdicts for p in parcels), 20, "verdicts")
    client.close()
    world.process.terminate()
    check(world.process.wait(30 * SLOW) == 0, "stopped in order")
    world.environment = {
        "LD_PRELOAD": os.environ["LT_CLOCK_SHIFT"], "LT_SHIFT_S": str(40 * 24 * 3600),
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    world.start()
    wait_for(lambda: serves(world), 20, "the broker answers")
    # Something of this month, so that the last one is over.
    world.agency_add("H24.66.703", "Đơn vị thử", "commune", "00001")
    world.ltctl("archive", "run", data, world.path("archive"))
    world.ltctl("backup", data, world.path("backup"))
    below = json.loads(world.ltctl("status", "--json"))[0]["archived_to"]
    below = str(int(below) + 1)
    world.ltctl("journal", "carry", "--below", below)
    wait_for(lambda: str(json.loads(world.ltctl("status", "--json"))[0]["cut_ready"]) == below, 20,
             "carried")
    world.process.terminate()
    check(world.process.wait(30 * SLOW) == 0, "stopped in order")
    world.ltctl("journal", "cut", data, "--below", below, "--archive", world.path("archive"))
    findings = bench.verify(bench.gather("carried.tar", "000.00.01.H24-CHO"), 2, "--trust",
                            bench.trust)
    check(sum(f["check"] == "seal" and f["result"] == "proven" for f in findings) == 2, findings)
    check({f["why"] for f in findings if f["result"] == "not-proven"}
          == {"no-receipt", "no-timestamp"}, findings)
    joined = ("--archive", world.path("archive"))
    findings = bench.verify(bench.gather("joined.tar", "000.00.01.H24-CHO", *joined), 2, "--trust",
                            bench.trust)
    check(sum(f["check"] in ("accepted", "seal", "parcel") and f["result"] == "proven"
              for f in findings) == 6, findings)
    check({f["why"] for f in findings if f["result"] == "not-proven"} == {"no-timestamp"}, findings)
    findings = bench.verify(bench.gather("whole.tar", CASE, *joined), 0, "--trust", bench.trust)
    check(outcomes(findings) == 4, "all outcomes of the case that was cut away")


def serves(world):
    try:
        return world.ltctl("status")
    except RuntimeError:
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    world = World(given.bin, MORE)
    try:
        stage = Stage(world)
        world.start()
        wait_for(lambda: serves(world), 20, "the broker answers")
        stage.open()
        bodies = [('{"chu_ho_so": "NGUYỄN VĂN THỬ NGHIỆM %d"}' % i).encode() for i in range(3)]
        ids = stage.send(COMMUNE, DEPARTMENT, ltp_pb2.FORWARD, bodies)
        bench = Bench(world, stage, given.bin)
        wait_for(lambda: bench.try_gather("early.tar", CASE), 20, "a checkpoint")
        stage.send(DEPARTMENT, COMMUNE, ltp_pb2.RESULT, [b'{"chu_ho_so": "KET QUA"}'])
        whole(bench)
        two_archives(bench)
        one_transfer(bench, ids)
        altered(bench, ids)
        after_a_cut(stage, bench)
        print("ok")
    except BaseException:
        print(world.log_text(), file=sys.stderr)
        raise
    finally:
        world.close(given.keep)
        if given.keep:
            print(world.folder)


if __name__ == "__main__":
    main()
