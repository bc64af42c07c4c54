#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Parcels that read well and ask for what cannot be: each gets its verdict, and the good one passes."""
import ltp_pb2
import ltp_rules as rules
from basics import check, run_until, wait_for
from hostile import header_of, make
from house import run_cases
from ltp_client import now_ms, uuid7
from names import DEPARTMENT

DAY_MS = rules.DAY_MS


def header(client, name, **more):
    return header_of(client.agency, name, "PARCEL-" + name.decode(), **more)


def refusal_logged(house, client, mark, code, field):
    """The log says who, which transfer, what and where."""
    line = house.log_wait(mark, "parcel-refused agency=%s .*code=%s" % (client.agency, code))
    check("field=%s" % field in line and "id=" in line, line)


# ---- the cases ----------------------------------------------------------------------------------

def unknown_to(house):
    """A receiver that is not there is named; the same request to a real one passes."""
    client = house.hostile()
    mark = house.mark()
    item = client.refused("agency-unknown", "to",
                          make(header(client, b"to", to=(DEPARTMENT, "H24.404"))))
    check(item.detail == "H24.404", "the unknown one is named: " + item.detail)
    refusal_logged(house, client, mark, "agency-unknown", "to")
    for wrong in ("h24.901", "H24..901", ".H24", "H24.901\n", "X" * 36):
        client.refused("field-bad", "to", make(header(client, b"to", to=(wrong,))))
    many = ["H24.%d" % i for i in range(17)]
    client.refused("legs-too-many", "to", make(header(client, b"to", to=many)))
    client.refused("field-bad", "to", make(header(client, b"to", to=(DEPARTMENT, DEPARTMENT))))
    client.passed(make(header(client, b"to")))


def unknown_procedure(house):
    """With nobody named and no route it is accepted, kept, and waits for an operator, who adds one."""
    client = house.hostile()
    one = make(header(client, b"procedure", to=()))
    one.procedure_raw, one.procedure = "9.999999.000.00.00.H24", "9.999999"
    client.passed(one)
    row = wait_for(lambda: [r for r in house.rows("parked", "--code", "procedure-unknown")
                            if r["case"] == "PARCEL-procedure"], 5, "the parked leg")[0]
    text = house.tool("parked", "--code", "procedure-unknown").stdout
    check("PARCEL-procedure" in text and "operator" in text, "who must act: %s" % text)
    where = house.tool("where", "PARCEL-procedure").stdout
    check("PARCEL-procedure" in where, "where answers: " + where)
    run_until([client], lambda: [n for n in client.notices if n.state == "parked"], 5,
              "the sender is told that it is parked")
    house.ltctl("route", "add", "--procedure", "9.999999", "--to", DEPARTMENT)
    house.ltctl("replay", row["id"], "--reason", "đã bổ sung định tuyến")
    run_until([client], lambda: [n for n in client.notices if n.state == "taken"], 10,
              "taken after the route was added")


def body_over_limit(house):
    client = house.hostile()
    most = b"x" * rules.BODY_BYTES
    mark = house.mark()
    item = client.refused("body-too-large", "body", make(header(client, b"body"), most + b"x"),
                          most + b"x")
    check(str(rules.BODY_BYTES) in item.detail, "the limit is named: " + item.detail)
    refusal_logged(house, client, mark, "body-too-large", "body")
    client.passed(make(header(client, b"body"), most), most)
    large = header(client, b"header")
    large.aliases.extend("A" * 50 for _ in range(400))
    item = client.refused("header-bad", "header", make(large))
    check(str(rules.HEADER_BYTES) in item.detail, "the limit is named: " + item.detail)


def id_of_another_century(house):
    client = house.hostile()
    now = now_ms()
    mark = house.mark()
    for at in (1, now - 36525 * DAY_MS if now > 36525 * DAY_MS else 2, now + 36525 * DAY_MS,
               now - 401 * DAY_MS, now + 2 * DAY_MS, 2**48 - 1):
        wrong = make(header(client, b"century", id=uuid7(at)))
        item = client.refused("id-time", "id", wrong)
        check(item.detail, "the detail says what time it holds")
    refusal_logged(house, client, mark, "id-time", "id")
    for at in (now - 399 * DAY_MS, now + DAY_MS - 600000):
        client.passed(make(header(client, b"in-range-%d" % at, id=uuid7(at))))
    four = bytearray(uuid7())
    four[6] = 0x40 | four[6] & 0x0F
    client.refused("field-bad", "id", make(header(client, b"century", id=bytes(four))))
    unset = make(header(client, b"century"))
    unset.id = bytes(16)
    client.refused("field-missing", "id", unset)
    client.passed(make(header(client, b"century")))


def key_of_another_request(house):
    """A sender key names one request for ever, here and from a second session."""
    client = house.hostile()
    first = make(header(client, b"key"), b"one")
    client.passed(first, b"one")
    mark = house.mark()
    for change in (dict(case_code="PARCEL-other"), dict(kind=ltp_pb2.STATUS)):
        other = header(client, b"key")
        for name, value in change.items():
            setattr(other, name, value)
        client.refused("key-conflict", "sender_key", make(other, b"one"), b"one")
    client.refused("key-conflict", "sender_key", make(header(client, b"key"), b"two"), b"two")
    twin = house.hostile(client.agency)
    twin.refused("key-conflict", "sender_key", make(header(client, b"key"), b"three"), b"three")
    refusal_logged(house, client, mark, "key-conflict", "sender_key")
    item = twin.verdict(make(header(client, b"key"), b"one"), b"one")
    check(item.code == 0 and item.known_as == first.id, "the same request is the same transfer")
    stranger = house.hostile()
    stranger.passed(make(header(stranger, b"key"), b"two"), b"two")  # its keys are its own
    other = make(header(client, b"another"), b"one")
    other.id = first.id
    client.refused("id-conflict", "id", make(other, b"one"), b"one")


def after_unknown(house):
    """What must follow waits for it, is not kept, and passes once it is there; another's is no help."""
    client = house.hostile()
    stranger = house.hostile()
    theirs = make(header(stranger, b"theirs"))
    stranger.passed(theirs)
    first = make(header(client, b"first"))
    first.case_code = "PARCEL-after"
    for before in (first.id, theirs.id, uuid7(1)):
        second = make(header(client, b"second", after=before))
        second.case_code = "PARCEL-after"
        item = client.verdict(second)
        check(rules.CODES[item.code] == "predecessor-unknown" and item.field == "after",
              "%s %s" % (rules.CODES[item.code], item.field))
    itself = make(header(client, b"itself"))
    itself.after = itself.id
    client.refused("field-bad", "after", itself)
    client.passed(first)
    second = make(header(client, b"second", after=first.id))
    second.case_code = "PARCEL-after"
    client.passed(second)


def clock_a_day_off(house):
    """The broker tells its time and notes the skew; times that a wrong clock wrote change nothing."""
    client = house.hostile()
    mark = house.mark()
    for skew_ms in (-DAY_MS - 3600000, DAY_MS + 3600000):
        client.session = 0
        client.send_raw(ltp_pb2.Frame(hello=ltp_pb2.Hello(
            protocol_min=1, protocol_max=1, instance=client.instance, epoch=client.epoch,
            role=client.role, software="wrong-clock/1", clock_ms=now_ms() + skew_ms)))
        run_until([client], lambda: client.session, 5, "a session in spite of the clock")
        check(abs(client.skew_ms) < 60000, "Welcome tells the broker's time")
        sign = "-" if skew_ms > 0 else ""
        house.log_wait(mark, "session-open agency=%s .*skew_ms=%s[89][0-9]{7} " % (client.agency, sign))
        line = house.log_wait(mark, "clock-off agency=%s skew_ms=%s[89]" % (client.agency, sign))
        check("set the clock" in line, "the line says what to do: " + line)
        wrong = header(client, b"skewed%d" % skew_ms, created_ms=now_ms() + skew_ms,
                       id=uuid7(now_ms() + skew_ms))
        wrong.handed_over_ms = now_ms() + skew_ms
        make(wrong)
        if skew_ms > 0:
            client.refused("id-time", "id", wrong)
            wrong.id = uuid7()
        client.passed(wrong)
        shown = house.rows("case", wrong.case_code)[0]
        check(abs(int(shown["since_ms"]) - now_ms()) < 600000, "by the broker's clock: %s" % shown)


def clock_of_another_world(house):
    """The ends of 64 bits as a clock: noted, and no sum runs over."""
    client = house.hostile()
    for clock_ms in (-2**63, 2**63 - 1, -1):
        client.send(beat=ltp_pb2.Beat(clock_ms=clock_ms))
        mark = house.mark()
        client.session = 0
        client.send_raw(ltp_pb2.Frame(hello=ltp_pb2.Hello(
            protocol_min=1, protocol_max=1, instance=client.instance, epoch=client.epoch,
            role=client.role, software="no-clock/1", clock_ms=clock_ms)))
        run_until([client], lambda: client.session, 5, "a session in spite of the clock")
        line = house.log_wait(mark, "clock-off agency=%s" % client.agency)
        check(("skew_ms=-" in line) == (clock_ms > 0), "ahead is minus: " + line)
    client.passed(make(header(client, b"another-world")))


if __name__ == "__main__":
    run_cases([unknown_to, unknown_procedure, body_over_limit, id_of_another_century,
               key_of_another_request, after_unknown, clock_a_day_off,
               clock_of_another_world], __doc__)
