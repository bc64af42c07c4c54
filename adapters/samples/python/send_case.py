#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Hands one case with its scanned papers to the adapter and waits for what becomes of it.

    LT_TOKEN=... send_case.py CASE_CODE PROCEDURE [FILE ...]

Only the standard library and the local HTTP door. The idempotency key is made of the case code:
running it again is the same transfer. In your software take the id of a row that you wrote in the
same database transaction as the act itself.
"""
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("LT_URL", "http://127.0.0.1:8060")
TOKEN = os.environ["LT_TOKEN"]


def call(method, path, body=None, headers=None, timeout=70):
    """Returns (status, JSON). Comes again while the adapter is busy or not there."""
    request = urllib.request.Request(URL + path, data=body, method=method)
    request.add_header("Authorization", "Bearer " + TOKEN)
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    while True:
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            problem = json.loads(error.read() or b"{}")
            if error.code not in (429, 503):
                return error.code, problem
            time.sleep(int(error.headers.get("Retry-After", "5")))
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(5)  # the same key and content again is always safe


def upload(path):
    with open(path, "rb") as file:
        data = file.read()
    digest = hashlib.sha256(data).hexdigest()
    status, answer = call("PUT", "/v1/attachments/" + digest, data,
                          {"Content-Type": "application/octet-stream"})
    if status not in (200, 201):
        sys.exit("%s: %s %s" % (path, answer.get("title"), answer.get("detail", "")))
    return {"sha256": digest, "size": len(data), "name": os.path.basename(path)}


def send(case_code, procedure, files):
    request = {
        "kind": "forward",
        "case_code": case_code,
        "procedure": procedure,
        "to": os.environ["LT_TO"].split(",") if "LT_TO" in os.environ else [],
        "locality": os.environ.get("LT_LOCALITY", ""),
        "business": {"status": 2, "channel": 1},
        "body": {"note": "hồ sơ thử, không phải dữ liệu thật"},
        "attachments": [upload(path) for path in files],
    }
    return call("POST", "/v1/transfers?wait=5", json.dumps(request).encode(),
                {"Content-Type": "application/json", "Idempotency-Key": "forward:" + case_code})


def follow(transfer_id, seconds):
    """Reads the feed. Your software keeps the cursor in its database and starts from there."""
    cursor, until = 0, time.time() + seconds
    while time.time() < until:
        _, page = call("GET", "/v1/events?after=%d&wait=5" % cursor)
        for event in page["events"]:
            if event["id"] == transfer_id:
                print(event["what"], event.get("agency", ""), event.get("reason", ""))
                if event["what"] in ("taken", "refused", "expired", "cancelled"):
                    return
        cursor = page["next"]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    status, answer = send(sys.argv[1], sys.argv[2], sys.argv[3:])
    if status not in (200, 201, 202):
        sys.exit("%s %s\n%s: %s\n%s" % (answer.get("code"), answer.get("title"),
                                        answer.get("field"), answer.get("detail"),
                                        answer.get("do")))
    print({200: "đã có từ trước", 201: "trục đã nhận", 202: "đã ghi tại bộ nối"}[status],
          answer["id"], answer["state"])
    follow(answer["id"], int(os.environ.get("LT_FOLLOW_S", "30")))


if __name__ == "__main__":
    main()
