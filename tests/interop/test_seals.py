#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Seals spoken by the Python client with a real broker: what is taken, and what is refused how.

test_seals.py --bin BUILD/bin
"""
import argparse
import datetime
import os
import signal
import sys
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import ltp_pb2
import ltp_rules as rules
from ltp_client import Client, now_ms, parcel_make, run_until
from ltp_seal import Sealer, delivery_check, spki_of
from world import World

SENDER, OTHER, RECEIVER = "H24.15.8", "H24.15.9", "H24.16"
WAIT_S = 20
MORE = """\
trust_list: {folder}/trust.pem
trust_crl: {folder}/crl.pem
"""


def check(truth, what):
    if not truth:
        raise AssertionError(what)
    print("ok  " + what)


# ---- a certification authority of our own ------------------------------------------------------

def day(n):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=n)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(**on):
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{one: one in on for one in every})


class Authority:
    def __init__(self, text):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name(text)
        public = self.key.public_key()
        self.certificate = (
            x509.CertificateBuilder().subject_name(self.name).issuer_name(self.name)
            .public_key(public).serial_number(1).not_valid_before(day(-900))
            .not_valid_after(day(900))
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(usage(key_cert_sign=1, crl_sign=1), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .sign(self.key, hashes.SHA256()))

    def issue(self, key, serial, first=-100, last=100, purposes=None, **use):
        public = self.key.public_key()
        builder = (
            x509.CertificateBuilder().subject_name(name("UBND thử nghiệm")).issuer_name(self.name)
            .public_key(key.public_key()).serial_number(serial).not_valid_before(day(first))
            .not_valid_after(day(last))
            .add_extension(usage(**(use or {"digital_signature": 1})), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False))
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
        return builder.sign(self.key, hashes.SHA256())

    def crl(self, revoked=(), first=-1, last=1):
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.name)
                   .last_update(day(first)).next_update(day(last))
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                       self.key.public_key()), False))
        for serial in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial)
                .revocation_date(day(first)).build())
        return builder.sign(self.key, hashes.SHA256())


def pem(thing):
    if hasattr(thing, "public_bytes") and not isinstance(
            thing, (x509.Certificate, x509.CertificateRevocationList)):
        return thing.public_bytes(serialization.Encoding.PEM,
                                  serialization.PublicFormat.SubjectPublicKeyInfo)
    return thing.public_bytes(serialization.Encoding.PEM)


def start(world):
    """Until it serves: it listens before it knows its operators."""
    world.start()
    for _ in range(100):
        try:
            world.ltctl("status")
            return
        except RuntimeError:
            time.sleep(0.1)
    raise AssertionError("the broker does not serve")


# ---- the stage -----------------------------------------------------------------------------------

class Stage:
    def __init__(self, world):
        self.world = world
        self.made = 0
        self.secret = world.agency_add(SENDER, "Xã thử", "commune", "00001")
        world.agency_add(OTHER, "Xã khác", "commune", "00002")
        self.receiver_secret = world.agency_add(RECEIVER, "Sở thử", "department", "00")
        self.client = None

    def connect(self):
        self.client = Client(self.world.endpoint, self.world.server_public, self.secret).connect()
        run_until([self.client], lambda: self.client.session, WAIT_S, "a session")

    def write(self, file_name, *things):
        path = self.world.path(file_name)
        with open(path, "wb") as file:
            for thing in things:
                file.write(pem(thing))
        return path

    def register(self, agency, thing, *options):
        self.made += 1
        return self.world.ltctl("agency", "seal-key", "add", agency,
                                self.write("key-%d.pem" % self.made, thing), *options)

    def reload(self):
        before = self.world.log_text().count("reloaded")
        self.world.process.send_signal(signal.SIGHUP)
        for _ in range(100):
            if self.world.log_text().count("reloaded") > before:
                return
            time.sleep(0.05)
        raise AssertionError("no reload: " + self.world.log_text())

    def parcels(self, count):
        out = []
        for _ in range(count):
            self.made += 1
            header = ltp_pb2.Header(
                kind=ltp_pb2.FORWARD, case_code="000.00.08.H24-SEAL-%d" % self.made,
                sender_key=b"seal-%d-%d" % (os.getpid(), self.made), skew_ms=self.client.skew_ms,
                handed_over_ms=now_ms(), body_type="application/json")
            setattr(header, "from", SENDER)
            header.to.append(RECEIVER)
            out.append(parcel_make(header, b'{"test": true}'))
        return out

    def send(self, parcels, seal):
        """One Submit with exactly these parcels and this seal; the set of codes it got."""
        client = self.client
        run_until([client], lambda: client.session and client.window.parcels >= len(parcels)
                  and client.window.bytes >= sum(p.size for p in parcels) or self.want(client),
                  WAIT_S, "a window")
        for parcel in parcels:
            client.verdicts.pop(parcel.id, None)
        wire = [ltp_pb2.Parcel(header=p.header, body=p.body, digest=p.digest) for p in parcels]
        sent = ltp_pb2.Submit(seal=ltp_pb2.Seal(**seal) if seal else None, parcels=wire)
        assert client.send(submit=sent)
        run_until([client], lambda: all(p.id in client.verdicts for p in parcels), WAIT_S,
                  "verdicts")
        return {rules.CODES[client.verdicts[p.id].code] for p in parcels}

    @staticmethod
    def want(client):
        if client.session and client.beat_due > time.monotonic() + 14:
            return False
        if client.session and client.send(beat=ltp_pb2.Beat(clock_ms=now_ms(), want_bytes=200000)):
            client.beat_due = time.monotonic() + 15
        return False


def keys(stage):
    """Whose key, when, and in a rotation."""
    p256, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ours, theirs = Sealer(p256), Sealer(other)
    parcels = stage.parcels(2)
    check(stage.send(parcels, ours.seal(parcels)) == {"seal-key-unknown"}, "a key nobody knows")
    check(stage.send(parcels, None) == {"ok"}, "without a registered key nothing is sealed")
    stage.register(SENDER, p256.public_key())
    stage.register(OTHER, other.public_key())
    parcels = stage.parcels(3)
    check(stage.send(parcels, None) == {"seal-missing"}, "with one a seal is missed")
    check(stage.send(parcels, theirs.seal(parcels)) == {"seal-key-unknown"},
          "another agency's key is none of ours")
    check(stage.send(parcels, ours.seal(parcels)) == {"ok"}, "three under one seal")
    newer = ed25519.Ed25519PrivateKey.generate()
    stage.register(SENDER, newer.public_key())
    many = stage.parcels(64)
    check(stage.send(many, Sealer(newer).seal(many)) == {"ok"}, "64 under one of Ed25519")
    position = stage.client.verdicts[parcels[0].id].position
    stage.world.ltctl("agency", "seal-key", "revoke", SENDER, ours.key_id.hex()[:12],
                      "--reason", "đổi khóa")
    check(stage.send(parcels, ours.seal(parcels)) == {"seal-key-revoked"}, "revoked at once")
    check(stage.send(parcels, Sealer(newer).seal(parcels)) == {"ok"}
          and stage.client.verdicts[parcels[0].id].position == position,
          "the same transfers under the new key are the same transfers")
    late = rsa.generate_private_key(65537, 3072)
    stage.register(SENDER, late.public_key(), "--from", "2020-01-01", "--to", "2021-01-01")
    parcels = stage.parcels(1)
    check(stage.send(parcels, Sealer(late).seal(parcels)) == {"seal-key-expired"}, "out of date")
    stage.register(SENDER, late.public_key(), "--from", "2090-01-01")
    check(stage.send(parcels, Sealer(late).seal(parcels)) == {"seal-key-not-yet-valid"},
          "not valid yet")
    stage.register(SENDER, late.public_key())
    check(stage.send(parcels, Sealer(late).seal(parcels)) == {"ok"}, "RSA 3072")
    stage.world.ltctl("agency", "seal-key", "revoke", SENDER, Sealer(late).key_id.hex())
    return Sealer(newer)


def mutations(stage, sealer):
    good = stage.parcels(4)
    seal = sealer.seal(good)
    other = stage.parcels(1)
    check(stage.send([good[0], other[0], good[2], good[3]], seal) == {"seal-bad"},
          "another message under the seal")
    check(stage.send([good[1], good[0], good[2], good[3]], seal) == {"seal-bad"}, "another order")
    check(stage.send(good[:3], seal) == {"seal-wrong-batch"}, "one left out")
    check(stage.send(good[:3], {**seal, "batch": 3}) == {"seal-bad"}, "and the number changed")
    check(stage.send(good, {**seal, "batch": 0}) == {"seal-wrong-batch"}, "no number")
    check(stage.send(good, {**seal, "signature": seal["signature"][:-1]}) == {"seal-bad"},
          "a signature cut short")
    check(stage.send(good, {**seal, "algorithm": 1}) == {"seal-bad"}, "another algorithm")
    check(stage.send(good, {**seal, "algorithm": 99}) == {"seal-bad"}, "no algorithm")
    check(stage.send(good, {**seal, "key_id": b"short"}) == {"seal-bad"}, "no key id")
    check(stage.send(good, seal) == {"ok"}, "the seal itself, after all that")


def certificates(stage, authority):
    root, stranger = authority, Authority("CA thu")
    key = ec.generate_private_key(ec.SECP256R1())
    sealer, parcels = Sealer(key), stage.parcels(2)

    def said(certificate, crl):
        stage.register(SENDER, certificate)
        stage.write("crl.pem", crl)
        stage.reload()
        return stage.send(parcels, sealer.seal(parcels))

    check(said(stranger.issue(key, 5), root.crl()) == {"seal-chain"}, "of another authority")
    check(said(root.issue(key, 5, key_encipherment=1), root.crl()) == {"seal-purpose"},
          "not for signatures")
    check(said(root.issue(key, 5, purposes=[ExtendedKeyUsageOID.SERVER_AUTH]), root.crl())
          == {"seal-purpose"}, "for servers")
    check(said(root.issue(key, 5, -100, -1), root.crl()) == {"seal-key-expired"}, "expired")
    check(said(root.issue(key, 5, 1, 100), root.crl()) == {"seal-key-not-yet-valid"}, "of tomorrow")
    good = root.issue(key, 5)
    check(said(good, root.crl([5])) == {"seal-key-revoked"}, "on the list of revoked ones")
    check(said(good, stranger.crl()) == {"seal-crl-stale"}, "a list of somebody else")
    check(said(good, root.crl((), -9, -5)) == {"seal-crl-stale"},
          "a list that ran out before the key was known")
    check(said(good, root.crl([6])) == {"ok"}, "a good chain")
    listed = stage.world.ltctl("agency", "seal-key", "list", SENDER, "--json")
    check("UBND thử nghiệm" in listed and sealer.key_id.hex() in listed, "ltctl lists it")


def receiver(stage, sealer):
    """What arrives carries its sender's seal; the receiver needs the sender's key and nothing else."""
    spki = spki_of(sealer.key.public_key())
    parcels = stage.parcels(3)
    check(stage.send(parcels, sealer.seal(parcels)) == {"ok"}, "three to be delivered")
    wanted = {p.digest for p in parcels}
    client = Client(stage.world.endpoint, stage.world.server_public, stage.receiver_secret,
                    deliveries_max=256).connect()
    got = {}

    def all_came():
        while client.deliveries:
            item, _ = client.deliveries.popleft()
            got[item.digest] = item
        return wanted <= set(got)
    run_until([client], all_came, WAIT_S, "the three deliveries")
    check({delivery_check(spki, got[digest]) for digest in wanted} == {"ok"},
          "each delivery proves its sender's seal")
    codes = {delivery_check(spki, item) for digest, item in got.items() if digest not in wanted}
    check(None in codes, "what was not sealed has none")
    check(codes <= {None, "ok", "seal-key-unknown"}, "and every other one reads: %s" % codes)
    one, two = (got[p.digest] for p in parcels[:2])
    swapped = ltp_pb2.Delivery(header=one.header, body=one.body, digest=one.digest, seal=two.seal)
    check(delivery_check(spki, swapped) == "path-wrong", "another parcel's proof does not fit")
    changed = ltp_pb2.Delivery(header=one.header, body=one.body + b" ", digest=one.digest,
                               seal=one.seal)
    check(delivery_check(spki, changed) == "path-wrong", "nor another body")
    client.close()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--bin", required=True)
    options.add_argument("--keep", action="store_true")
    args = options.parse_args()
    world = World(args.bin, MORE)
    authority = Authority("CA thu")
    try:
        for file_name, thing in (("trust.pem", authority.certificate),
                                 ("crl.pem", authority.crl())):
            with open(world.path(file_name), "wb") as file:
                file.write(pem(thing))
        start(world)
        stage = Stage(world)
        stage.connect()
        sealer = keys(stage)
        mutations(stage, sealer)
        certificates(stage, authority)
        world.kill()
        start(world)
        stage.connect()
        parcels = stage.parcels(5)
        check(stage.send(parcels, None) == {"seal-missing"}, "the keys outlive a power cut")
        check(stage.send(parcels, sealer.seal(parcels)) == {"ok"}, "and count")
        receiver(stage, sealer)
        found = world.ltctl("journal", "verify", world.path("data"))
        check("0" in found, "the journal verifies")
        stage.client.close()
    except BaseException:
        print(world.log_text(), file=sys.stderr)
        raise
    finally:
        world.close(args.keep)


if __name__ == "__main__":
    main()
