#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Takes deliveries from the adapter into a small database, once in effect.

    LT_TOKEN=... receive.py DATABASE [--once]

The order is the whole lesson: commit your own work with (id, leg) as a unique key, then answer. If
this program dies in between, the delivery comes again, is found in the database, and is answered
again without a second effect.
"""
import json
import os
import sqlite3
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("LT_URL", "http://127.0.0.1:8060")
TOKEN = os.environ["LT_TOKEN"]
NODE = os.environ.get("LT_NODE", "receive-1")
REFUSED = {"code": "wrong-procedure", "reason": "Đơn vị không giải quyết thủ tục này."}


def call(method, path, value=None):
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(URL + path, data=body, method=method)
    request.add_header("Authorization", "Bearer " + TOKEN)
    with urllib.request.urlopen(request, timeout=70) as answer:
        return json.loads(answer.read())


def download(sha256, folder):
    """Attachments are complete in the adapter before the delivery is shown."""
    os.makedirs(folder, exist_ok=True)
    request = urllib.request.Request(URL + "/v1/attachments/" + sha256)
    request.add_header("Authorization", "Bearer " + TOKEN)
    with urllib.request.urlopen(request, timeout=70) as answer:
        with open(os.path.join(folder, sha256), "wb") as file:
            file.write(answer.read())


def handles(procedure):
    wanted = os.environ.get("LT_PROCEDURES")
    return wanted is None or procedure in wanted.split(",")


def take(database, delivery, folder):
    """Own work and own record in one transaction; nothing happens for a delivery seen before."""
    for attachment in delivery.get("attachments", []):
        download(attachment["sha256"], folder)
    with database:
        done = database.execute(
            "INSERT OR IGNORE INTO deliveries (id, leg, case_code, kind, sender, body) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (delivery["id"], delivery["leg"], delivery["case_code"], delivery["kind"],
             delivery["from"], json.dumps(delivery.get("body"), ensure_ascii=False)))
    return done.rowcount == 1


def answer(delivery, outcome, value):
    call("POST", "/v1/inbox/%s/%d/%s?node=%s" % (delivery["id"], delivery["leg"], outcome, NODE),
         value)


def work(database, delivery, folder):
    restored = delivery.get("restored")  # records only: no citizen hears of it again
    if not (restored or delivery["kind"] != "forward" or handles(delivery["procedure_normal"])):
        answer(delivery, "refused", REFUSED)
        print("từ chối", delivery["case_code"])
        return
    try:
        fresh = take(database, delivery, folder)
    except (sqlite3.Error, OSError) as error:
        answer(delivery, "later", {"retry_after_s": 60, "reason": str(error)[:200]})
        return
    answer(delivery, "taken", {})
    print("đã nhận" if fresh else "đã có", delivery["kind"], delivery["case_code"], delivery["id"])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    database = sqlite3.connect(sys.argv[1])
    database.execute("CREATE TABLE IF NOT EXISTS deliveries (id TEXT, leg INTEGER, case_code TEXT, "
                     "kind TEXT, sender TEXT, body TEXT, PRIMARY KEY (id, leg))")
    while True:
        try:
            page = call("GET", "/v1/inbox?node=%s&wait=20&limit=20" % NODE)
            for delivery in page["deliveries"]:
                work(database, delivery, sys.argv[1] + ".files")
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            print("bộ nối chưa trả lời:", error, file=sys.stderr)
            time.sleep(5)
        if "--once" in sys.argv:
            return


if __name__ == "__main__":
    main()
