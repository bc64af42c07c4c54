#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Rights of agencies, roles and dates of operators, bodies seen with a purpose, and what auditors are told."""
import datetime
import os
import signal

from basics import check, run_until, wait_for
from hostile import header_of
from house import run_cases
from ltp_client import Client, parcel_make

PEOPLE = {"auditor": "auditor", "viewer": "viewer", "operator-2": "operator", "approver": "approver"}
NOT_PERMITTED = 113
KIND_NOT_ALLOWED = 20
SENSITIVE = "3.000333"


def people(house):
    """Adds a person of each role, once; the configuration is read again."""
    path = house.path("lienthongd.yaml")
    if getattr(house, "people", None):
        return
    house.people = {name: house.key_make(name)[0].hex() for name in PEOPLE}
    mark = house.mark()
    configure(house, {})
    house.log_wait(mark, "reloaded operators=%d" % (1 + len(PEOPLE)))
    wait_for(lambda: house.tool("status", key="auditor.key").returncode == 0, 10, "the auditor")
    check(os.path.exists(path), path)


def configure(house, more):
    """Everybody again, with more lines for some."""
    path = house.path("lienthongd.yaml")
    with open(path, encoding="utf-8") as file:
        before = file.read()
    begin, end = before.index("operators:\n"), before.index("log_level:")
    entries = ["operators:\n  - name: truc-ban-1\n    public_key: %s\n    role: registrar\n"
               % house.operator_public.hex()]
    entries += ["  - name: %s\n    public_key: %s\n    role: %s\n%s"
                % (name, key, PEOPLE[name], more.get(name, "")) for name, key in house.people.items()]
    with open(path, "w", encoding="utf-8") as file:
        file.write(before[:begin] + "".join(entries) + before[end:])
    house.process.send_signal(signal.SIGHUP)


def connected(house):
    agency = house.agency()
    client = Client(house.endpoint, house.server_public, house.secrets[agency]).connect()
    run_until([client], lambda: client.session, 10, "a session")
    return agency, client


SENT = [0]


def send(client, agency, to, case, body=b"{}", procedure="1.001193"):
    """The verdict on one forward: code, field; and the id as text."""
    SENT[0] += 1
    header = header_of(agency, b"rights-%d" % SENT[0], case, (to,))
    header.procedure_raw = header.procedure = procedure
    parcel = parcel_make(header, body)
    client.submit(parcel)
    seen = run_until([client], lambda: client.verdicts.get(parcel.id), 10, "a verdict")
    text = parcel.id.hex()
    text = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    return seen.code, seen.field, text


# ---- the cases ----------------------------------------------------------------------------------

def limited_sender(house):
    """What is not granted is refused by field; what is granted later goes; an import says the same."""
    sender, client = connected(house)
    other, third = house.agency(), house.agency()
    check(send(client, sender, other, "QUYEN-1")[0] == 0, "nothing is limited at first")
    done = house.tool("agency", "rights", "set", sender, "--procedures", "1.001193,3.00*", "--to",
                      other, "--reason", "quy che", "--dry-run")
    check(done.returncode == 0 and "1.001193" in done.stdout, done.stderr)
    check(send(client, sender, third, "QUYEN-2")[0] == 0, "a dry run changes nothing")
    house.ltctl("agency", "rights", "set", sender, "--procedures", "1.001193,3.00*", "--to", other)
    row = house.rows("agency", "rights", "show", sender)[0]
    check(row["procedures"] == "1.001193,3.00*" and row["receivers"] == other and
          row["kinds"] == "all", row)
    check(send(client, sender, other, "QUYEN-3", procedure="3.000334")[0] == 0, "granted")
    check(send(client, sender, other, "QUYEN-4", procedure="2.000815")[:2] ==
          (NOT_PERMITTED, "procedure"), "another procedure")
    check(send(client, sender, third, "QUYEN-5")[:2] == (NOT_PERMITTED, "to"), "another receiver")
    house.ltctl("agency", "rights", "set", sender, "--kinds", "status,result")
    check(send(client, sender, other, "QUYEN-6")[:2] == (KIND_NOT_ALLOWED, "kind"), "another kind")
    for wrong in (("--kinds", "forwrd"), ("--procedures", "1*2"), ("--to", "h24")):
        done = house.tool("agency", "rights", "set", sender, *wrong)
        check(done.returncode != 0, "%s: %s" % (wrong, done.stdout))
    with open(house.path("rights.csv"), "w", encoding="utf-8") as file:
        file.write("id,name,kind,send_kinds,send_procedures,send_to\n%s,A,commune,all,all,all\n" % sender)
    house.ltctl("registry", "import", house.path("rights.csv"))
    check(send(client, sender, third, "QUYEN-7", procedure="2.000815")[0] == 0, "no limit any more")


def body_with_purpose(house):
    """A body is seen by an operator with a purpose, and the auditor is told; by nobody else."""
    people(house)
    sender, client = connected(house)
    code, _, transfer = send(client, sender, house.agency(), "XEM-1", b'{"ten":"NGUYEN VAN THU"}')
    check(code == 0, "accepted")
    check("NGUYEN" not in house.tool("show", transfer, "--json").stdout, "show tells no body")
    asks = (("viewer.key", ("--purpose", "xem"), 1), ("auditor.key", ("--purpose", "xem"), 1),
            ("operator-2.key", (), 2), ("operator-2.key", ("--purpose", " "), 1))
    for key, more, wanted in asks:
        done = house.tool("show", transfer, "--body", *more, key=key)
        check(done.returncode == wanted and "NGUYEN" not in done.stdout,
              "%s: %d %s%s" % (key, done.returncode, done.stdout, done.stderr))
    nobody = house.tool("audit", "who-saw", "XEM-1", "--json", key="auditor.key")
    check(nobody.returncode == 0 and "operator-2" not in nobody.stdout, nobody.stdout + nobody.stderr)
    done = house.tool("show", transfer, "--body", "--purpose", "xac minh don 12", key="operator-2.key")
    check(done.returncode == 0 and "NGUYEN VAN THU" in done.stdout, done.stdout + done.stderr)
    house.process.send_signal(signal.SIGKILL)  # what was shown was durable
    house.process.wait()
    house.start()
    for named in ("XEM-1", transfer):
        done = house.tool("audit", "who-saw", named, "--csv", key="auditor.key")
        check(done.returncode == 0 and "operator-2" in done.stdout and "xac minh don 12" in done.stdout,
              done.stdout + done.stderr)
    check("NGUYEN" not in house.log_from(0), "no body in the log")
    house.honest.served(25)  # they come back in their own time


def sensitive_procedure(house):
    """Codes of a sensitive procedure are tokens in every list and in no log; with a purpose they show."""
    people(house)
    sender, client = connected(house)
    receiver = house.agency()
    _, _, transfer = send(client, sender, receiver, "BIMAT-0042", procedure=SENSITIVE)
    send(client, sender, receiver, "BIMAT-0042", procedure=SENSITIVE)
    send(client, sender, receiver, "BIMAT-0043", procedure=SENSITIVE)
    cases = [r["case"] for r in house.rows("transfers", "--from", sender)]
    check(all(c.startswith("~") for c in cases) and cases[0] == cases[1] != cases[2], cases)
    # The sender hears of its own code when a key is used twice; the log does not.
    again = header_of(sender, b"rights-%d" % SENT[0], "BIMAT-0099", (receiver,))
    again.procedure_raw = again.procedure = SENSITIVE
    parcel = parcel_make(again, b"{}")
    client.submit(parcel)
    told = run_until([client], lambda: client.verdicts.get(parcel.id), 10, "a verdict")
    check(told.code == 11 and "BIMAT-0043" in told.detail, told)
    for arguments in (("show", transfer), ("parked",), ("alarms",), ("metrics",), ("status",),
                      ("transfers", "--csv")):
        said = house.tool(*arguments)
        check("BIMAT" not in said.stdout, "%s: %s" % (arguments, said.stdout))
    check("BIMAT" not in house.log_from(0), "no code in the log")
    check("BIMAT-0042" in house.tool("where", "BIMAT-0042").stdout, "who names it may hear it")
    done = house.tool("show", transfer, "--purpose", "xac minh", key="viewer.key")
    check(done.returncode == 1 and "BIMAT" not in done.stdout, done.stdout)
    done = house.tool("show", transfer, "--purpose", "xac minh", key="operator-2.key")
    check("BIMAT-0042" in done.stdout, done.stdout + done.stderr)
    done = house.tool("audit", "who-saw", transfer, "--csv", key="auditor.key")
    check("operator-2" in done.stdout and "codes" in done.stdout and "BIMAT" not in done.stdout,
          done.stdout + done.stderr)


def acts_of_a_person(house):
    """Every act and view of a person, for the auditor alone; who can do nothing himself."""
    people(house)
    sender, client = connected(house)
    _, _, transfer = send(client, sender, house.agency(), "VIEC-1")
    house.tool("hold", transfer, "--reason", "cho xac minh", key="operator-2.key")
    house.tool("show", transfer, "--body", "--purpose", "doi chieu", key="operator-2.key")
    done = house.tool("audit", "acts", "--person", "operator-2", "--since", "1h", "--csv",
                      key="auditor.key")
    check("cho xac minh" in done.stdout and "doi chieu" in done.stdout and "VIEC-1" in done.stdout,
          done.stdout + done.stderr)
    for key in ("operator.key", "viewer.key", "approver.key"):
        check(house.tool("audit", "acts", "--person", "operator-2", key=key).returncode == 1, key)
    for verb in (("release", transfer, "--reason", "x"), ("agency", "suspend", sender, "--reason", "x")):
        done = house.tool(*verb, key="auditor.key")
        check(done.returncode == 1 and "role" in done.stderr, done.stderr)
    check(house.tool("show", transfer, key="auditor.key").returncode == 0, "an auditor reads")


def dates_of_a_key(house):
    """A key whose day is over is not let in; one that is let in is cut off when it is."""
    people(house)
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))).date()
    yesterday, tomorrow = (today + datetime.timedelta(days=n) for n in (-1, 1))
    try:
        for lines, good in (("    to: %s\n" % yesterday, False), ("    from: %s\n" % tomorrow, False),
                            ("    from: %s\n    to: %s\n" % (today, today), True)):
            configure(house, {"viewer": lines})
            wait_for(lambda: (house.tool("status", "--timeout", "2", key="viewer.key").returncode == 0)
                     == good, 20, "%s: %s" % (lines.strip(), good))
    finally:
        configure(house, {})


if __name__ == "__main__":
    run_cases([limited_sender, body_with_purpose, sensitive_procedure, acts_of_a_person, dates_of_a_key],
              __doc__, extra="sensitive_procedures: [\"%s\"]\n" % SENSITIVE)
