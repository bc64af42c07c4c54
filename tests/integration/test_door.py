#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The local HTTP door of a real adapter, given what applications get wrong: told what, where, what to do."""
import hashlib
import http.client
import json
import os
import socket

from adapter import Adapter, events, problem
from basics import SLOW, check, wait_for
from house import run_cases
from names import DEPARTMENT, PROCEDURE

DOOR_JSON = 16 * 1024 * 1024
MOST = 104857600


def request(case, **more):
    return {"kind": "forward", "case_code": case, "procedure": PROCEDURE, "to": [DEPARTMENT],
            "locality": "00001", "body": {"note": "dữ liệu thử", "of": case}, **more}


def post(door, key, value, wait=0):
    """value: JSON, or bytes as they are."""
    return door.call("POST", "/v1/transfers?wait=%d" % wait, value,
                     {"Idempotency-Key": key, "Content-Type": "application/json"})


def adapter_of(house):
    """One adapter of two agencies for all cases of this file."""
    if not hasattr(house, "adapter"):
        house.adapter = Adapter(house, [house.agency(), house.agency()]).start()
        house.ends.append(house.adapter.stop)
    return house.adapter


def accepted(door, key, value):
    status, answer = post(door, key, value, wait=int(10 * SLOW))
    check(status == 201, "accepted by the axis: %s %s" % (status, answer))
    return answer


# ---- the cases ----------------------------------------------------------------------------------

def other_order(house):
    """The same request with its fields, and those within, in another order is the same transfer."""
    door = adapter_of(house).door()
    value = request("DOOR-ORDER", business={"status": 2, "channel": 1})
    first = accepted(door, "order", value)
    turned = {k: value[k] for k in reversed(list(value))}
    turned["body"] = dict(reversed(list(value["body"].items())))
    turned["business"] = {"channel": 1, "status": 2}
    for again in (turned, json.dumps(turned, indent=4, ensure_ascii=True).encode()):
        status, answer = post(door, "order", again)
        check(status == 200 and answer["id"] == first["id"], "%s %s" % (status, answer))
    body = problem(post(door, "order", request("DOOR-ORDER", priority=3)), 409, "key-conflict")
    check(body["detail"], "what the key was used for: %s" % body)
    other = request("DOOR-ORDER-2", business={"status": 2, "channel": 1})
    problem(post(door, "order", other), 409, "key-conflict", "case_code")


def foreign_token(house):
    """A token acts for its own agency alone, whatever `from` says."""
    adapter = adapter_of(house)
    one, two = adapter.agencies
    door = adapter.door(one)
    body = problem(post(door, "foreign", request("DOOR-FROM", **{"from": two})), 403,
                   "token-foreign", "from")
    check(two in body["detail"], body)
    own = accepted(door, "foreign", request("DOOR-FROM", **{"from": one}))
    borrowed = adapter.door(two)
    problem(borrowed.call("GET", "/v1/transfers/" + own["id"]), 404, "not-here")
    problem(borrowed.call("POST", "/v1/transfers/%s/recall" % own["id"]), 404, "not-here")
    check(not events(borrowed)[0], "the other agency's feed has nothing of it")
    for token in ("", "x" * 16, adapter.tokens[one][:-1], adapter.tokens[one] + "0"):
        door.token = token
        problem(post(door, "foreign", request("DOOR-FROM")), 401, "token-missing")


def bad_requests(house):
    """Each is refused with its field; JSON that cannot be read with line and column."""
    door = adapter_of(house).door()
    for name, status, code, field, value in (
            ("json", 400, "json-bad", None, b'{"kind": "forward",\n  "case_code": }'),
            ("cut", 400, "json-bad", None, b'{"kind": "forward", "case_code": "X'),
            ("bytes", 400, None, None, b'{"kind": "forward", "case_code": "\xff\xfe"}'),
            ("nul", 400, "json-bad", None, request("DOOR\0NUL")),
            ("twice", 400, None, None, b'{"kind":"forward","kind":"status","case_code":"X"}'),
            ("unknown", 400, "field-bad", None, request("X", case_cod="X")),
            ("kind", 400, "field-bad", "kind", request("X", kind="forwrad")),
            ("missing", 400, "field-missing", "case_code", {"kind": "forward"}),
            ("long", 400, "field-bad", "case_code", request("X" * 51)),
            ("to", 400, "field-bad", None, request("X", to=["h24.901"])),
            ("legs", 422, "legs-too-many", "to", request("X", to=["H24.%d" % i for i in range(17)])),
            ("deep", 400, None, None, b'{"kind":"forward","case_code":"X","body":'
             + b"[" * 30000 + b"]" * 30000 + b"}")):
        got = post(door, "bad-" + name, value)
        body = problem(got, status, code or got[1]["code"], field)
        check(body.get("detail"), "%s: the detail: %s" % (name, body))
        if code == "json-bad":
            check("line" in body["detail"], "%s: the place: %s" % (name, body))
    problem(post(door, "", request("X")), 400, "sender-key-bad")
    problem(post(door, "k" * 65, request("X")), 400, "sender-key-bad")
    problem(door.call("GET", "/v2/transfers"), 404, "path-unknown")
    problem(door.call("DELETE", "/v1/transfers"), 405, "method-wrong")
    check(not [t for t in door.call("GET", "/v1/transfers?case=X")[1]["transfers"]],
          "nothing of it was recorded")


def body_over_limit(house):
    """Over 64 KiB it travels as a file unseen; over 16 MiB it is refused with the limit named."""
    door = adapter_of(house).door()
    accepted(door, "large", request("DOOR-LARGE", body={"text": "x" * 200000}))
    too_much = json.dumps(request("DOOR-MORE", body={"text": "x" * DOOR_JSON})).encode()
    answer = post(door, "more", too_much)
    body = problem(answer, 413, "body-too-large")
    check(str(DOOR_JSON) in body["detail"], body)
    check(not door.call("GET", "/v1/transfers?case=DOOR-MORE")[1]["transfers"], "not recorded")
    body = problem(door.call("PUT", "/v1/attachments/" + "ab" * 32, bytes(MOST + 1)), 413,
                   "blob-too-large", "Content-Length")
    check(str(MOST) in body["detail"], body)


def unknown_receiver(house):
    """Level 0 says yes, the axis says no: the feed tells it with code, field and what to do."""
    door = adapter_of(house).door()
    status, answer = post(door, "nobody", request("DOOR-NOBODY", to=["H24.404"]),
                          wait=int(10 * SLOW))
    body = problem((status, answer), 422, "agency-unknown", "to")
    check("H24.404" in body["detail"], body)
    told = [e for e in events(door)[0] if e["sender_key"] == "nobody"]
    check(told and told[-1]["what"] == "refused" and told[-1]["code"] == "agency-unknown"
          and told[-1]["message"], told)


def wrong_file(house):
    """A PUT of other bytes is thrown away; a transfer that names the file must wait for it."""
    door = adapter_of(house).door()
    data = os.urandom(70000)
    digest = hashlib.sha256(data).hexdigest()
    path = "/v1/attachments/" + digest
    problem(door.call("PUT", path, b"x" * len(data)), 422, "blob-hash-wrong", "sha256")
    named = request("DOOR-FILE", attachments=[{"sha256": digest, "size": len(data)}])
    problem(post(door, "file", named), 409, "blob-missing")
    check(door.call("HEAD", path, raw=True)[0] == 404, "nothing of it was kept")
    check(door.call("PUT", path, data)[0] == 201, "the right bytes")
    problem(post(door, "file", {**named, "attachments": [{"sha256": digest, "size": 69999}]}), 400,
            "attachment-bad")
    accepted(door, "file", named)


def cut_file(house):
    """The connection breaks in the middle of a PUT: what has come stays, the rest follows."""
    adapter = adapter_of(house)
    door = adapter.door()
    data = os.urandom(3000000)
    digest = hashlib.sha256(data).hexdigest()
    path = "/v1/attachments/" + digest
    with socket.create_connection(("127.0.0.1", adapter.port)) as line:
        line.sendall(("PUT %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                      "Content-Length: %d\r\n\r\n" % (path, door.token, len(data))).encode())
        line.sendall(data[:2000000])
    line = http.client.HTTPConnection("127.0.0.1", adapter.port, timeout=20)

    def reached():
        line.request("HEAD", path, headers={"Authorization": "Bearer " + door.token})
        answer = line.getresponse()
        answer.read()
        offset = int(answer.headers.get("Upload-Offset", "0"))
        return answer.status == 204 and offset == 2000000
    wait_for(reached, 10, "the adapter keeps the 2,000,000 bytes that came")
    named = request("DOOR-CUT", attachments=[{"sha256": digest, "size": len(data)}])
    problem(post(door, "cut", named), 409, "blob-missing")
    for first in (2500000,):
        body = problem(door.call("PUT", path, data[first:], {
            "Content-Range": "bytes %d-%d/%d" % (first, len(data) - 1, len(data))}), 409,
            "blob-offset", "Content-Range")
        check("2000000" in body["detail"], body)
    status, answer = door.call("PUT", path, data[2000000:], {
        "Content-Range": "bytes 2000000-%d/%d" % (len(data) - 1, len(data))})
    check(status == 201 and answer["complete"], "%s %s" % (status, answer))
    check(door.call("GET", path, raw=True)[1] == data, "it is whole")
    accepted(door, "cut", named)
    line.close()


def junk(house):
    """What is no HTTP, and requests that never end, cost the door nothing."""
    adapter = adapter_of(house)
    lines = []
    for data in (b"\x00\xff" * 5000, b"GET\r\n\r\n", b"POST /v1/transfers HTTP/1.1\r\n",
                 b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 100000 + b"\r\n\r\n"):
        line = socket.create_connection(("127.0.0.1", adapter.port))
        try:
            line.sendall(data)
        except OSError:
            pass
        lines.append(line)
    check(adapter.door().connected(), "the door serves on")
    for line in lines:
        line.close()


if __name__ == "__main__":
    run_cases([other_order, foreign_token, bad_requests, body_over_limit, unknown_receiver,
               wrong_file, cut_file, junk], __doc__)
