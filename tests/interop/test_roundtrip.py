#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""commune -> department -> commune, spoken by the Python client.

test_roundtrip.py --bin BUILD/bin
    starts a broker of its own, registers two agencies by ltctl, and ends it again
test_roundtrip.py --endpoint tcp://host:7760 --server-key HEX|FILE \\
        --commune ID HEX|FILE --department ID HEX|FILE
    against a broker that runs (also LT_ENDPOINT, LT_SERVER_KEY, LT_COMMUNE_KEY, ...)
"""
import argparse
import os
import sys

import ltp_pb2
import ltp_rules as rules
from ltp_blobs import Blobs
from ltp_client import Client, key_read, now_ms, parcel_make, run_until, uuid7
from world import World

COMMUNE, DEPARTMENT = "H24.15.8", "H24.16"
WAIT_S = 20


def check(truth, what):
    if not truth:
        raise AssertionError(what)
    print("ok  " + what)


def header_of(client, kind, case_code, sender_key, **fields):
    """A header with what every transfer needs; `to_` is a list of agency ids."""
    to = fields.pop("to_", [])
    header = ltp_pb2.Header(kind=kind, case_code=case_code, sender_key=sender_key,
                            skew_ms=client.skew_ms, handed_over_ms=now_ms(),
                            procedure_raw="1.001193.000.00.00.H24", locality="00001",
                            body_type="application/json", **fields)
    setattr(header, "from", client.agency)
    header.to.extend(to)
    return header


def verdict_of(clients, client, parcel, what):
    return run_until(clients, lambda: client.verdicts.get(parcel.id), WAIT_S, what)


def notice_of(clients, client, transfer_id, state):
    return run_until(clients, lambda: next(
        (n for n in client.notices if n.id == transfer_id and n.state == state), None),
        WAIT_S, "notice %s" % state)


def delivery_of(clients, client, transfer_id):
    def find():
        for item, header in client.deliveries:
            if header.id == transfer_id:
                client.deliveries.remove((item, header))
                return item, header
        return None
    return run_until(clients, find, WAIT_S, "delivery")


def forward(clients, commune, department, run):
    """The way up: accepted, delivered as the very bytes, taken, told."""
    body = '{"owner":"NGUYỄN VĂN VÍ DỤ","test":true}'.encode()
    case_code = "000.00.08.H24-TEST-%s" % run
    header = header_of(commune, ltp_pb2.FORWARD, case_code, b"interop-forward-" + run.encode(),
                       to_=[department.agency])
    parcel = parcel_make(header, body)
    commune.submit(parcel)
    verdict = verdict_of(clients, commune, parcel, "verdict of the forward")
    check(verdict.code == 0 and verdict.position > 0, "the forward is accepted")
    item, received = delivery_of(clients, department, parcel.id)
    check(item.header == parcel.header and item.body == body, "delivered byte for byte")
    check(item.digest == parcel.digest and item.position == verdict.position and not item.again,
          "with digest and position")
    department.settle(item, received)
    run_until(clients, lambda: (parcel.id, item.leg) in department.settled, WAIT_S, "Settled")
    check(department.settled[(parcel.id, item.leg)] == 0, "the settlement is confirmed")
    notice = notice_of(clients, commune, parcel.id, "taken")
    check(notice.agency == department.agency and notice.level == 2
          and notice.sender_key == header.sender_key and notice.case_code == case_code,
          "the sender is told: taken, level 2")
    return parcel, header


def back(clients, commune, department, first, run):
    """The way down: a status, and the result that must not overtake it."""
    parcels, after = [], b""
    for kind, name, status in ((ltp_pb2.STATUS, "status", 4), (ltp_pb2.RESULT, "result", 9)):
        header = header_of(department, kind, first.case_code,
                           ("interop-%s-%s" % (name, run)).encode(), to_=[getattr(first, "from")],
                           reply_to=first.id, after=after)
        header.business.status = status
        header.business.event_ms = now_ms()
        parcels.append(parcel_make(header, b"{}"))
        after = parcels[-1].id
    status, result = parcels
    department.submit(result)
    verdict = verdict_of(clients, department, result, "verdict of an early result")
    check(rules.CODES[verdict.code] == "predecessor-unknown",
          "a result before its status: predecessor-unknown")
    department.submit(status)
    department.pending.move_to_end(result.id)
    department.resend_at.clear()
    department.verdicts.pop(result.id)
    for parcel in parcels:
        verdict = run_until(clients, lambda p=parcel: (
            lambda v: v if v and v.code == 0 else None)(department.verdicts.get(p.id)),
            WAIT_S, "acceptance")
    check(verdict.code == 0, "status and result are accepted in order")
    item, received = delivery_of(clients, commune, status.id)
    check(not any(h.id == result.id for _, h in commune.deliveries),
          "one delivery of a case at a time")
    check(received.reply_to == first.id, "the answer names what it answers")
    commune.settle(item, received)
    item, received = delivery_of(clients, commune, result.id)
    check(received.after == status.id, "the result follows its status")
    commune.settle(item, received, ltp_pb2.LATER, retry_after_ms=1000, reason="đang bảo trì")
    item, received = delivery_of(clients, commune, result.id)
    check(item.attempt == 2 and item.again, "after LATER it comes again, marked")
    commune.settle(item, received)
    notice_of(clients, department, result.id, "taken")
    check(True, "the department is told that the result was taken")


def twins(clients, commune, first_parcel, first_header):
    """The same request once more: as it was, from a twin, and with other content."""
    commune.verdicts.clear()
    commune.submit(first_parcel)
    verdict = verdict_of(clients, commune, first_parcel, "verdict of the same id")
    check(verdict.code == 0 and not verdict.known_as, "the same id again: the stored decision")
    twin = ltp_pb2.Header()
    twin.CopyFrom(first_header)
    twin.id, twin.created_ms = uuid7(), now_ms()
    parcel = parcel_make(twin, first_parcel.body)
    commune.submit(parcel)
    verdict = verdict_of(clients, commune, parcel, "verdict of a twin")
    check(verdict.code == 0 and verdict.known_as == first_parcel.id,
          "the same sender key under another id: known_as the first")
    other = ltp_pb2.Header()
    other.CopyFrom(first_header)
    other.id, other.content_digest = uuid7(), b""
    parcel = parcel_make(other, b'{"other":true}')
    commune.submit(parcel)
    verdict = verdict_of(clients, commune, parcel, "verdict of another content")
    check(rules.CODES[verdict.code] == "key-conflict", "the same key for another request: conflict")
    foreign = ltp_pb2.Header()
    foreign.CopyFrom(first_header)
    foreign.id, foreign.sender_key = uuid7(), b"interop-foreign"
    setattr(foreign, "from", "H24.99")
    parcel = parcel_make(foreign, first_parcel.body)
    commune.submit(parcel)
    verdict = verdict_of(clients, commune, parcel, "verdict of a foreign sender")
    check(rules.CODES[verdict.code] == "from-foreign", "nobody speaks for another")


def refusal(clients, commune, department, run):
    """A business refusal is final and told with its reason."""
    header = header_of(commune, ltp_pb2.FORWARD, "000.00.08.H24-REFUSED-%s" % run,
                       b"interop-refused-" + run.encode(), to_=[department.agency])
    parcel = parcel_make(header, b"{}")
    commune.submit(parcel)
    item, received = delivery_of(clients, department, parcel.id)
    department.settle(item, received, ltp_pb2.REFUSED, 150, "Không thuộc thẩm quyền")
    notice = notice_of(clients, commune, parcel.id, "refused")
    check(notice.code == 150 and notice.reason == "Không thuộc thẩm quyền" and notice.level == 3,
          "a business refusal reaches the sender with its reason")


def gap(clients, commune, department, run):
    """A frame that was lost ends the session; the next one carries on with the same ids."""
    lives = commune.lives
    commune.seq += 1
    header = header_of(commune, ltp_pb2.FORWARD, "000.00.08.H24-GAP-%s" % run,
                       b"interop-gap-" + run.encode(), to_=[department.agency])
    parcel = parcel_make(header, b"{}")
    commune.submit(parcel)
    verdict = verdict_of(clients, commune, parcel, "verdict after a gap")
    check(verdict.code == 0 and commune.lives == lives + 1 and "no_session" in commune.log,
          "a gap ends the session, a new one carries the parcel")
    item, received = delivery_of(clients, department, parcel.id)
    department.settle(item, received)
    notice_of(clients, commune, parcel.id, "taken")


def attachments(clients, commune, department, run):
    """A scanned page and a body too large for a parcel, over the blob port."""
    keys = [(c.server_key, c.secret_key) for c in clients]
    ports = [Blobs(c.blob_endpoint or next_port(c.endpoint), *k) for c, k in zip(clients, keys)]
    up, down = ports
    page = os.urandom(700 * 1000)
    body = b'{"text":"' + b"x" * 100000 + b'"}'
    header = header_of(commune, ltp_pb2.FORWARD, "000.00.08.H24-FILES-%s" % run,
                       b"interop-files-" + run.encode(), to_=[department.agency],
                       body_attached=True, body_sha256=rules.sha256(body), body_size=len(body))
    for data, component, name in ((body, "", ""), (page, "TP.01", "Giấy tờ.pdf")):
        header.attachments.add(sha256=rules.sha256(data), size=len(data), component=component,
                               name=name)
    parcel = parcel_make(header)
    commune.submit(parcel)
    verdict = verdict_of(clients, commune, parcel, "verdict without attachments")
    check(rules.CODES[verdict.code] == "blob-missing", "attachments that are not there: blob-missing")
    check(up.upload(page)[1] == len(page), "a page of 700 KB is uploaded")
    check(up.upload(page)[1] == 0, "the same page again: stored at once")
    up.upload(body)
    run_until(clients, lambda: commune.verdicts[parcel.id].code == 0, WAIT_S, "acceptance")
    item, received = delivery_of(clients, department, parcel.id)
    files = [down.download(a.sha256) for a in received.attachments]
    check(files == [body, page], "the receiver fetches body and page")
    department.settle(item, received)
    notice_of(clients, commune, parcel.id, "taken")
    try:
        down.download(bytes(31) + b"1")
        raise AssertionError("a file of nobody was given out")
    except rules.Refused as why:
        check(why.code == "blob-not-yours", "only files sent or received can be fetched")
    for port in ports:
        port.close()


def next_port(endpoint):
    host, port = endpoint.rsplit(":", 1)
    return "%s:%d" % (host, int(port) + 1)


def restart(clients, commune, department, world, run):
    """Power cut: what was accepted is delivered; what was taken is not delivered again."""
    header = header_of(commune, ltp_pb2.FORWARD, "000.00.08.H24-CUT-%s" % run,
                       b"interop-cut-" + run.encode(), to_=[department.agency])
    parcel = parcel_make(header, b"{}")
    commune.submit(parcel)
    check(verdict_of(clients, commune, parcel, "verdict").code == 0, "accepted before the cut")
    world.kill()
    seen = len(department.seen)
    world.start()
    for client in clients:
        client.end(0)
    item, received = delivery_of(clients, department, parcel.id)
    department.settle(item, received)
    notice_of(clients, commune, parcel.id, "taken")
    check(len(department.seen) <= seen + 1, "the broker carries on after a kill; nothing came twice")


def large_and_many(clients, commune, department, run):
    """Windows: parcels that do not fit the idle window, and more than one frame holds."""
    parcels = []
    for i in range(150):
        header = header_of(commune, ltp_pb2.FORWARD, "000.00.08.H24-MANY-%s-%d" % (run, i),
                           ("interop-many-%s-%d" % (run, i)).encode(), to_=[department.agency])
        parcels.append(parcel_make(header, b"x" * (rules.BODY_BYTES if i % 50 == 0 else 100)))
    commune.submit(*parcels)
    taken = set()

    def done():
        while department.deliveries:
            item, received = department.deliveries.popleft()
            department.settle(item, received)
            taken.add(received.id)
        told = {n.id for n in commune.notices if n.state == "taken"}
        return all(p.id in told for p in parcels)
    run_until(clients, done, 2 * WAIT_S, "150 transfers")
    check(all(commune.verdicts[p.id].code == 0 for p in parcels),
          "150 transfers, some of 64 KiB, within the windows")


def listed(clients, client, what):
    """The whole list, page by page."""
    items, after, number = [], 0, 100 * what
    while True:
        number += 1
        client.ask_list(number, what, after=after, rows=50)
        page = run_until(clients, lambda: client.lists.pop(number, None), WAIT_S, "a List")
        check(rules.CODES[page.code] == "ok" and len(page.items) <= 50, "a page of the list")
        items += page.items
        after = page.next
        if not after:
            return items


def own_list_and_bytes(clients, commune, department):
    """What the axis has of one's own, and its bytes again: no delivery, nothing to settle."""
    taken = [i for i in listed(clients, department, 1) if i.state == "taken"]
    check(len(taken) >= 150 and all(i.agency == commune.agency for i in taken),
          "the department lists what it took")
    check(len({i.position for i in taken}) == len(taken)
          and sorted(i.position for i in taken) == [i.position for i in taken],
          "each once, in the order of acceptance")
    sent = listed(clients, commune, 2)
    check({i.id for i in taken} <= {i.id for i in sent} and all(i.sender_key for i in sent),
          "the commune lists what became of its transfers")
    settled = dict(department.settled)
    wanted = [ltp_pb2.BytesItem(position=i.position, leg=i.leg, id=i.id) for i in taken[:20]]
    foreign = ltp_pb2.BytesItem(position=taken[0].position, id=taken[0].id, sent=True)
    department.ask_bytes(*wanted, foreign)
    run_until(clients, lambda: len(department.restored) == 20, WAIT_S, "restored deliveries")
    refused = run_until(clients, lambda: department.lists.pop(0, None), WAIT_S, "what is not given")
    check([rules.CODES[i.code] for i in refused.items] == ["not-here"],
          "another agency's own transfer is not given")
    check({h.id for _, h in department.restored} == {i.id for i in wanted}
          and all(d.attempt == 0 for d, _ in department.restored), "twenty came back, restored")
    check(department.settled == settled and not department.deliveries, "and nothing else happened")


def rounds(commune, department, world):
    clients = (commune, department)
    run = "%x" % now_ms()
    run_until(clients, lambda: commune.session and department.session, WAIT_S, "sessions")
    check(True, "both agencies have a session: %s, %s" % (commune.agency, department.agency))
    first, header = forward(clients, commune, department, run)
    back(clients, commune, department, header, run)
    twins(clients, commune, first, header)
    refusal(clients, commune, department, run)
    gap(clients, commune, department, run)
    large_and_many(clients, commune, department, run)
    own_list_and_bytes(clients, commune, department)
    attachments(clients, commune, department, run)
    if world:
        restart(clients, commune, department, world, run)


def arguments():
    env = os.environ.get
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", help="folder of lienthongd and ltctl: start an own broker")
    parser.add_argument("--endpoint", default=env("LT_ENDPOINT"))
    parser.add_argument("--server-key", default=env("LT_SERVER_KEY"))
    parser.add_argument("--commune", nargs=2, metavar=("ID", "KEY"),
                        default=[env("LT_COMMUNE", COMMUNE), env("LT_COMMUNE_KEY")])
    parser.add_argument("--department", nargs=2, metavar=("ID", "KEY"),
                        default=[env("LT_DEPARTMENT", DEPARTMENT), env("LT_DEPARTMENT_KEY")])
    parser.add_argument("--keep", action="store_true", help="keep the broker's folder")
    given = parser.parse_args()
    if not given.bin and not (given.endpoint and given.server_key and given.commune[1]
                              and given.department[1]):
        parser.error("--bin, or --endpoint with --server-key, --commune and --department")
    return given


def main():
    given = arguments()
    world = World(given.bin).start() if given.bin else None
    try:
        if world:
            endpoint, server_key = world.endpoint, world.server_public
            keys = [world.agency_add(COMMUNE, "Xã Ví Dụ", "commune", "00001"),
                    world.agency_add(DEPARTMENT, "Sở Ví Dụ", "department", "24")]
        else:
            endpoint, server_key = given.endpoint, key_read(given.server_key)
            keys = [key_read(given.commune[1]), key_read(given.department[1])]
        commune, department = (Client(endpoint, server_key, key).connect() for key in keys)
        rounds(commune, department, world)
        commune.close()
        department.close()
    except Exception:
        if world:
            print(world.log_text(), file=sys.stderr)
        raise
    finally:
        if world:
            world.close(given.keep)
    print("round trip: ok")


if __name__ == "__main__":
    main()
