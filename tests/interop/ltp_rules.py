# SPDX-License-Identifier: EUPL-1.2
"""The rules of LTP/1 that need no network, written from proto/LTP.md alone.

scan(bytes, message)     section 2, before anything is decoded
header_check, parcel_check   section 7
content_digest           section 8
CODES, CLASSES           section 15, read from the page itself
"""
import hashlib
import re
import struct
from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor

import ltp_pb2

FRAME_BYTES = 320 * 1024
SUBMIT_BYTES = 256 * 1024
HEADER_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024
PARCELS = 64
DEPTH = 8
FIELDS = 16384
UNKNOWN = 32
ELEMENTS = 1024
DAY_MS = 24 * 60 * 60 * 1000

LTP_MD = Path(__file__).resolve().parents[2] / "proto" / "LTP.md"
CODES = {}    # number -> code
CLASSES = {}  # number -> class
for _row in re.findall(r"^\| (\d+) \| ([a-z-]+) \| (\w+) \|", LTP_MD.read_text("utf-8"), re.M):
    CODES[int(_row[0])] = _row[1]
    CLASSES[int(_row[0])] = _row[2]


class Refused(Exception):
    """A rule is broken: the stable code, the field, and what is wrong."""

    def __init__(self, code, field, detail=""):
        super().__init__("%s: %s %s" % (code, field, detail))
        self.code, self.field, self.detail = code, field, detail


# ---- section 2: what is refused before decoding ------------------------------------------------

IDS = {"id", "instance", "known_as", "after", "reply_to"}
DIGESTS = {"digest", "sha256", "from_digest", "content_digest", "body_sha256"}
SHORT = {("Hello", "software"), ("Welcome", "agency"), ("Welcome", "blob_endpoint"),
         ("VerdictItem", "field"), ("NoticeItem", "agency"), ("NoticeItem", "state"),
         ("Query", "verb"), ("Pair", "name"), ("Seal", "key_id"), ("HeldSaid", "by"),
         ("ListItem", "state"), ("ListItem", "agency")}
LENGTHS = {("NoticeItem", "case_code"): 50, ("NoticeItem", "sender_key"): 64,
           ("ListItem", "case_code"): 50, ("ListItem", "sender_key"): 64,
           ("Hello", "checkpoint"): 4096, ("Welcome", "checkpoint"): 4096,
           ("Seal", "signature"): 4096, ("Pair", "value"): 65536, ("BlobChunk", "data"): 262144}
COUNTS = {("Submit", "parcels"): 64, ("Deliver", "items"): 64, ("Settle", "items"): 64,
          ("HeldAsk", "items"): 64, ("HeldAnswer", "items"): 64, ("List", "items"): 200,
          ("BytesAsk", "items"): 64}
NUMBERS = {FieldDescriptor.TYPE_UINT32: 2**32 - 1, FieldDescriptor.TYPE_ENUM: 2**31 - 1,
           FieldDescriptor.TYPE_BOOL: 1, FieldDescriptor.TYPE_UINT64: 2**64 - 1,
           FieldDescriptor.TYPE_INT64: 2**64 - 1}


def length_limit(message, field):
    key = (message.name, field.name)
    if key in SHORT:
        return 128
    if field.name == "detail" or (field.name == "cursor" and message.name in ("Query", "Page")):
        return 1024
    if field.name == "reason":
        return 500
    return LENGTHS.get(key)


class Scan:
    def __init__(self, data, in_header):
        self.data, self.in_header = data, in_header
        self.fields = self.unknown = 0

    def varint(self, at, end, longest, path):
        value = 0
        for i in range(longest):
            if at >= end:
                raise Refused("frame-bad", path, "cut short")
            byte = self.data[at]
            at += 1
            value |= (byte & 0x7F) << (7 * i)
            if byte < 0x80:
                if value >= 2**64:
                    raise Refused("frame-bad", path, "over 64 bits")
                return value, at
        raise Refused("frame-bad", path, "too many bytes")

    def run(self, at, end, path):
        size, at = self.varint(at, end, 5, path)
        if size > end - at:
            raise Refused("frame-bad", path, "cut short")
        return at, at + size

    def skip(self, kind, at, end, path):
        self.unknown += 1
        if self.unknown > UNKNOWN:
            raise Refused("frame-crowded", path, "unknown fields")
        if kind == 0:
            return self.varint(at, end, 10, path)[1]
        if kind == 2:
            return self.run(at, end, path)[1]
        if kind not in (1, 5):
            raise Refused("frame-bad", path, "wire type %d" % kind)
        at += 8 if kind == 1 else 4
        if at > end:
            raise Refused("frame-bad", path, "cut short")
        return at

    def value(self, message, field, at, end, depth, path):
        if field.type in NUMBERS:
            number, at = self.varint(at, end, 10, path)
            if number > NUMBERS[field.type]:
                raise Refused("field-bad", path, "out of range")
            return at
        start, end = self.run(at, end, path)
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if depth == DEPTH:
                raise Refused("frame-deep", path)
            self.message(field.message_type, start, end, depth + 1, path + ".")
            return end
        size = end - start
        exact = field.type == FieldDescriptor.TYPE_BYTES and (
            16 if field.name in IDS else 32 if field.name in DIGESTS else 0)
        limit = None if self.in_header else length_limit(message, field)
        if (exact and size not in (0, exact)) or (limit and size > limit):
            raise Refused("field-bad", path, "%d bytes" % size)
        if field.type == FieldDescriptor.TYPE_STRING:
            text_check("text-bad", path, bytes(self.data[start:end]))
        return end

    def message(self, message, at, end, depth=1, prefix=""):
        seen, counts, chosen = set(), {}, False
        while at < end:
            self.fields += 1
            if self.fields > FIELDS:
                raise Refused("frame-crowded", prefix.rstrip("."), "fields")
            tag, at = self.varint(at, end, 5, prefix + "0")
            number, kind = tag >> 3, tag & 7
            path = prefix + str(number)
            if number == 0 or tag >= 2**32:
                raise Refused("frame-bad", path, "field number")
            field = message.fields_by_number.get(number)
            if field is None:
                at = self.skip(kind, at, end, path)
                continue
            path = prefix + field.name
            if kind != (0 if field.type in NUMBERS else 2):
                raise Refused("frame-bad", path, "wrong wire type")
            if field.containing_oneof:
                if chosen:
                    raise Refused("frame-bad", path, "two bodies")
                chosen = True
            if field.label == FieldDescriptor.LABEL_REPEATED:
                counts[number] = counts.get(number, 0) + 1
                if counts[number] > COUNTS.get((message.name, field.name), ELEMENTS):
                    raise Refused("frame-crowded", path, "elements")
            elif number in seen:
                raise Refused("field-twice", path)
            seen.add(number)
            at = self.value(message, field, at, end, depth, path)


def text_check(code, path, data):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(code, path, "not UTF-8") from None
    if "\0" in text:
        raise Refused(code, path, "NUL")


def frame_read(data):
    if len(data) > FRAME_BYTES:
        raise Refused("frame-too-large", "")
    Scan(data, False).message(ltp_pb2.Frame.DESCRIPTOR, 0, len(data))
    return ltp_pb2.Frame.FromString(bytes(data))


def header_read(data):
    if not 1 <= len(data) <= HEADER_BYTES:
        raise Refused("header-bad", "header")
    try:
        Scan(data, True).message(ltp_pb2.Header.DESCRIPTOR, 0, len(data))
    except Refused as why:
        if why.code in ("text-bad", "field-bad"):
            raise
        raise Refused("header-bad", why.field, why.detail) from None
    return ltp_pb2.Header.FromString(bytes(data))


# ---- section 7: the header and its parcel -------------------------------------------------------

AGENCY_ID = re.compile(r"(?=.{1,35}\Z)[0-9A-Z]+(\.[0-9A-Z]+)*\Z")
PROCEDURE = re.compile(r"([0-9]+\.[0-9]+)\.")


def agency_ok(agency):
    return AGENCY_ID.match(agency) is not None


def procedure_of(raw):
    match = PROCEDURE.match(raw)
    return match.group(1) if match else raw


def need(truth, code, field, detail=""):
    if not truth:
        raise Refused(code, field, detail)


def fits(field, text, limit):
    data = text.encode("utf-8")
    need(len(data) <= limit, "field-bad", field, "%d bytes" % len(data))
    text_check("text-bad", field, data)


def id_check(h, now_ms):
    need(any(h.id), "field-missing", "id")
    need(len(h.id) == 16 and h.id[6] >> 4 == 7 and h.id[8] >> 6 == 2, "field-bad", "id", "version")
    time_ms = int.from_bytes(h.id[:6], "big")
    need(now_ms - 400 * DAY_MS <= time_ms <= now_ms + DAY_MS, "id-time", "id")


def header_check(h, now_ms):
    id_check(h, now_ms)
    need(1 <= len(h.sender_key) <= 64, "sender-key-bad", "sender_key")
    need(any(h.content_digest), "field-missing", "content_digest")
    need(1 <= h.kind <= 20, "field-bad", "kind")
    need(getattr(h, "from"), "field-missing", "from")
    need(agency_ok(getattr(h, "from")), "field-bad", "from")
    need(h.schema_version == 1, "field-bad", "schema_version")
    need(h.created_ms != 0, "field-missing", "created_ms")
    for field in ("created_ms", "handed_over_ms"):
        need(getattr(h, field) >= 0, "field-bad", field)
    need(len(h.to) <= 16, "legs-too-many", "to")
    need(all(agency_ok(a) for a in h.to), "field-bad", "to")
    need(len(set(h.to)) == len(h.to), "field-bad", "to", "twice")
    case_check(h)
    fits("locality", h.locality, 16)
    fits("task.task_id", h.task.task_id, 40)
    fits("body_type", h.body_type, 100)
    fits("traceparent", h.traceparent, 64)
    need(h.priority <= 4, "field-bad", "priority")
    need(h.task.deadline_ms >= 0, "field-bad", "task.deadline_ms")
    attachments_check(h)
    business_check(h.business)


def case_check(h):
    need(h.case_code, "field-missing", "case_code")
    fits("case_code", h.case_code, 50)
    need(len(h.aliases) <= 8 and all(h.aliases), "field-bad", "aliases")
    for alias in h.aliases:
        fits("aliases", alias, 50)
    need(not any(h.after) or h.after != h.id, "field-bad", "after")
    need(h.reply_to != h.id, "field-bad", "reply_to")
    fits("procedure_raw", h.procedure_raw, 40)
    need(h.procedure == procedure_of(h.procedure_raw), "field-bad", "procedure")


def attachments_check(h):
    need(len(h.attachments) <= 64, "attachment-bad", "attachments")
    seen = set()
    for one in h.attachments:
        need(any(one.sha256) and one.sha256 not in seen, "attachment-bad", "attachments.sha256")
        seen.add(one.sha256)
        need(1 <= one.size <= 104857600, "attachment-bad", "attachments.size")
        fits("attachments.component", one.component, 40)
        fits("attachments.name", one.name, 255)
    if h.body_attached:
        first = h.attachments[0] if h.attachments else None
        need(first and first.sha256 == h.body_sha256 and first.size == h.body_size,
             "attachment-bad", "body_attached")


def business_check(b):
    for field, limit in (("pause_reason", 500), ("handing_officer", 60), ("handing_unit", 120),
                         ("receiving_officer", 60), ("receiving_unit", 120),
                         ("return_place", 120)):
        fits("business." + field, getattr(b, field), limit)
    for field, limit in (("status", 10), ("channel", 3), ("return_method", 3)):
        need(getattr(b, field) <= limit, "field-bad", "business." + field)
    for field in ("event_ms", "received_ms", "promised_old_ms", "promised_new_ms",
                  "supplement_due_ms"):
        need(getattr(b, field) >= 0, "field-bad", "business." + field)


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def parcel_check(header_bytes, body, digest, h):
    need(len(header_bytes) <= HEADER_BYTES, "header-bad", "header")
    need(len(body) <= BODY_BYTES, "body-too-large", "body")
    need(sha256(header_bytes, body) == digest, "digest-wrong", "digest")
    if h.body_attached:
        need(not body, "field-bad", "body_attached")
        return
    need(h.body_size == len(body), "field-bad", "body_size")
    if body or any(h.body_sha256):
        need(sha256(body) == h.body_sha256, "digest-wrong", "body_sha256")


# ---- section 8: content digest -------------------------------------------------------------------

def content_digest(h):
    def number(value):
        return struct.pack(">I", value)

    def run(data):
        return number(len(data)) + data

    files = h.attachments[1:] if h.body_attached else h.attachments
    return sha256(b"lienthong content 1", number(h.kind), number(len(h.to)),
                  b"".join(run(agency.encode()) for agency in h.to), run(h.case_code.encode()),
                  h.body_sha256 or bytes(32), number(len(files)),
                  b"".join(one.sha256 for one in files))
