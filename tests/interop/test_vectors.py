#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The golden vectors of LTP/1 in another language: test_vectors.py VECTORS.json

Decoding is that of Google's protobuf; the rules are those of ltp_rules.py, written from LTP.md.
"""
import json
import sys
import unittest

from google.protobuf.descriptor import FieldDescriptor

import ltp_pb2
import ltp_rules as rules
import ltp_seal

VECTORS = {}


def plain(field, value):
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return fields_of(value)
    return value.hex() if isinstance(value, bytes) else value


def fields_of(message):
    """A message as the vectors write it: zero values left out, bytes as hex, enums as numbers."""
    out = {}
    for field, value in message.ListFields():
        if field.label == FieldDescriptor.LABEL_REPEATED:
            out[field.name] = [plain(field, one) for one in value]
        else:
            out[field.name] = plain(field, value)
    return out


def outcome(check, *arguments):
    """(code, field) of a check."""
    try:
        check(*arguments)
    except rules.Refused as why:
        return why.code, why.field
    return "ok", ""


def each(name):
    """Runs a test for every entry of a list, which must not be empty."""
    def of(check):
        def run(self):
            self.assertTrue(VECTORS[name])
            for entry in VECTORS[name]:
                with self.subTest(entry["name"]):
                    check(self, entry)
        return run
    return of


class Vectors(unittest.TestCase):
    @each("frames")
    def test_frames(self, entry):
        data = bytes.fromhex(entry["bytes"])
        frame = rules.frame_read(data)
        self.assertEqual(fields_of(frame), entry["fields"])
        # Two encoders may differ in order; what they mean may not.
        self.assertEqual(ltp_pb2.Frame.FromString(frame.SerializeToString()), frame)

    @each("accepted")
    def test_accepted(self, entry):
        frame = rules.frame_read(bytes.fromhex(entry["bytes"]))
        self.assertEqual(fields_of(frame), entry["fields"])

    @each("headers")
    def test_headers(self, entry):
        data = bytes.fromhex(entry["bytes"])
        header = rules.header_read(data)
        self.assertEqual(fields_of(header), entry["fields"])
        self.assertEqual(rules.sha256(data).hex(), entry["sha256"])
        self.assertEqual(outcome(rules.header_check, header, VECTORS["now_ms"]),
                         (entry["code"], entry["field"]))

    @each("parcels")
    def test_parcels(self, entry):
        header, body, digest = (bytes.fromhex(entry[k]) for k in ("header", "body", "digest"))
        self.assertEqual(rules.sha256(header, body).hex(), entry["header_and_body_sha256"])
        self.assertEqual(rules.sha256(body).hex(), entry["body_sha256"])
        self.assertEqual(
            outcome(rules.parcel_check, header, body, digest, rules.header_read(header)),
            (entry["code"], entry["field"]))

    @each("contents")
    def test_contents(self, entry):
        header = rules.header_read(bytes.fromhex(entry["header"]))
        self.assertEqual(rules.content_digest(header).hex(), entry["digest"])

    @each("requests")
    def test_requests(self, entry):
        # Enough of RFC 8785 for requests of texts, whole numbers, truths and lists.
        canonical = json.dumps(json.loads(entry["json"]), ensure_ascii=False, sort_keys=True,
                               separators=(",", ":"))
        self.assertEqual(canonical, entry["canonical"])
        self.assertEqual(rules.sha256(canonical.encode()).hex(), entry["digest"])

    @each("refused")
    def test_refused(self, entry):
        read = {"frame": rules.frame_read, "header": rules.header_read}
        self.assertEqual(outcome(read[entry["root"]], bytes.fromhex(entry["bytes"])),
                         (entry["code"], entry["field"]))

    @each("leaves")
    def test_leaves(self, entry):
        runs = [bytes.fromhex(entry[name]) for name in ("header", "body", "digest")]
        self.assertEqual(ltp_seal.leaf(*runs).hex(), entry["leaf"])

    @each("seals")
    def test_seals(self, entry):
        leaves = [bytes.fromhex(one) for one in entry["leaves"]]
        spki, key_id, signature = (bytes.fromhex(entry[k]) for k in ("spki", "key_id", "signature"))
        self.assertEqual(ltp_seal.root(leaves).hex(), entry["root"])
        self.assertEqual(ltp_seal.message(entry["algorithm"], entry["batch"], key_id,
                                          bytes.fromhex(entry["root"])).hex(), entry["message"])
        self.assertEqual(ltp_seal.check(spki, entry["algorithm"], key_id, signature,
                                        entry["batch"], leaves), entry["code"])
        if entry["code"] == "ok":
            for index, one in enumerate(leaves):
                nodes = ltp_seal.path(leaves, index)
                self.assertEqual(ltp_seal.proof_check(
                    spki, entry["algorithm"], key_id, signature, entry["batch"],
                    bytes.fromhex(entry["root"]), index, one, nodes), "ok")

    @each("proofs")
    def test_proofs(self, entry):
        spki, key_id, signature, root, one = (
            bytes.fromhex(entry[k]) for k in ("spki", "key_id", "signature", "root", "leaf"))
        nodes = [bytes.fromhex(node) for node in entry["path"]]
        self.assertEqual(ltp_seal.proof_check(
            spki, entry["algorithm"], key_id, signature, entry["batch"], root, entry["index"],
            one, nodes), entry["code"])

    def test_codes(self):
        known = {entry["code"] for name in ("headers", "parcels", "refused", "seals",
                                                         "proofs")
                 for entry in VECTORS[name]}
        self.assertLessEqual(known, set(rules.CODES.values()))
        self.assertEqual(rules.CLASSES[12], "retry")


if __name__ == "__main__":
    with open(sys.argv.pop(1), encoding="utf-8") as file:
        VECTORS.update(json.load(file))
    unittest.main()
