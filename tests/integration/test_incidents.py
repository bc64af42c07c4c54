#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A receiver whose local system is broken, and how the one on duty sees it: incidents, alarms, metrics."""
import re
import signal

import ltp_pb2
from basics import check, run_until, wait_for
from hostile import header_of
from house import run_cases
from ltp_client import Client, parcel_make

CASES = 40
FAULTY = 169


def pair(house):
    """A sender and a receiver of their own."""
    made = []
    for _ in range(2):
        agency = house.agency()
        client = Client(house.endpoint, house.server_public, house.secrets[agency]).connect()
        made.append((agency, client))
    run_until([c for _, c in made], lambda: all(c.session for _, c in made), 10, "two sessions")
    return made


def answer_all(client, outcome, code, reason=""):
    count = len(client.deliveries)
    while client.deliveries:
        client.settle(*client.deliveries.popleft(), outcome=outcome, code=code, reason=reason)
    return count


def broken_receiver(house):
    """Forty cases, one incident, nothing parked; a note; a kill in between; then all are taken."""
    (sender_id, sender), (receiver_id, receiver) = pair(house)
    parcels = [parcel_make(header_of(sender_id, b"incident-%d" % n, "SUCO-%d" % n, (receiver_id,)),
                           b"{}") for n in range(CASES)]
    sender.submit(*parcels)
    both = [sender, receiver]

    def incident():
        answer_all(receiver, ltp_pb2.FAILED, FAULTY, "HTTP 200: trang dang nhap")
        rows = [r for r in house.rows("incidents") if r["agency"] == receiver_id]
        return rows and rows[0]["waiting"] == CASES and rows[0]
    row = run_until(both, incident, 30, "an incident")
    check(row["code"] == "receiver-faulty" and row["owner"] == "receiver", row)
    check(row["parked"] == 0 and row["state"] == "open", row)
    said = house.tool("incident", "note", str(row["number"]), "--reason", "da goi truc ban")
    check(said.returncode == 0, said.stderr)
    told = "sự cố số %s" % row["number"]  # while it is not the one that is out to try

    def where():
        answer_all(receiver, ltp_pb2.FAILED, FAULTY)
        return told in house.ltctl("where", "SUCO-39")
    run_until(both, where, 20, "where names the incident")

    house.process.send_signal(signal.SIGKILL)
    house.process.wait()
    house.start()
    wait_for(lambda: house.tool("status").returncode == 0, 20, "the broker answers")
    rows = [r for r in house.rows("incidents") if r["agency"] == receiver_id]
    check(len(rows) == 1 and rows[0]["number"] == row["number"], rows)
    check(rows[0]["comment"] == "da goi truc ban", rows)

    def taken():
        answer_all(receiver, ltp_pb2.TAKEN, 0)
        return not [r for r in house.rows("incidents") if r["agency"] == receiver_id] and \
            next(r for r in house.rows("agencies") if r["id"] == receiver_id)["open"] == 0
    run_until(both, taken, 60, "the incident ends and all are taken")
    ended = [r for r in house.rows("incidents", "--all") if r["agency"] == receiver_id]
    check(len(ended) == 1 and ended[0]["state"] == "closed", ended)
    for client in both:
        client.close()


def parked_by_cause(house):
    """Counted by cause and by the receiver's words, without the numbers in them."""
    (sender_id, sender), (receiver_id, receiver) = pair(house)
    sender.submit(*[parcel_make(header_of(sender_id, b"parked-%d" % n, "CHO-%d" % n,
                                          (receiver_id,)), b"{}") for n in range(3)])

    def parked():
        while receiver.deliveries:
            item, header = receiver.deliveries.popleft()
            receiver.settle(item, header, outcome=ltp_pb2.FAILED, code=162, permanent=True,
                            reason="loi %d tai buoc 7" % item.position)
        rows = [r for r in house.rows("parked", "--group", "reason") if r["agency"] == receiver_id]
        return rows and rows[0]["count"] == 3 and rows[0]
    row = run_until([sender, receiver], parked, 20, "three parked")
    check(row["reason"] == "loi # tai buoc #", row)
    codes = {r["code"]: r["count"] for r in house.rows("parked", "--group", "code")}
    check(codes["receiver-never"] == 3, codes)
    ids = [r["id"] for r in house.rows("parked", "--agency", receiver_id)]
    check(house.tool("replay", *ids, "--reason", "da sua").returncode == 0, ids)

    def taken():
        answer_all(receiver, ltp_pb2.TAKEN, 0)
        return not [r for r in house.rows("parked", "--group", "agency")
                    if r["agency"] == receiver_id]
    run_until([sender, receiver], taken, 20, "all taken")
    for client in (sender, receiver):
        client.close()


SAMPLE = re.compile(r'^lienthong_[a-z0-9_]+(\{[a-z]+="[0-9A-Za-z.-]+"\})? -?[0-9]+$')


def numbers_for_a_monitor(house):
    """Prometheus text: every sample whole, one TYPE per name before its samples, the sums zero."""
    text = house.tool("metrics").stdout
    types, seen = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            check(name not in types and kind in ("counter", "gauge"), line)
            types[name] = kind
        elif not line.startswith("#"):
            check(SAMPLE.match(line), line)
            check(re.split(r"[{ ]", line)[0] == list(types)[-1], line)
            check(line.rsplit(" ", 1)[0] not in seen, line)
            seen.add(line.rsplit(" ", 1)[0])
    check("lienthong_sum_conservation_difference 0" in text, text[-2000:])
    for name in ("syncs_total", "disk_free_bytes", "sessions", "open", "incidents_open"):
        check("lienthong_" + name in types, name)
    check("SUCO" not in text and "CHO-" not in text, "no case codes")
    alarms = house.tool("alarms", "--json")
    check(alarms.returncode == 0, alarms.stdout)


if __name__ == "__main__":
    run_cases([broken_receiver, parked_by_cause, numbers_for_a_monitor], __doc__)
