#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The table of stories in tests/replay/README.md, held against the tree.

R1 to R20 and B1 to B12 have a row each, and so has every .case file. The last cell of a row names
what shows it: a story by its number (`R07`), or a file of the tests with, behind it, the names of
the tests in it (`tests/unit/core/test_cut.c`: `nothing_live_is_cut`). Each of them is there. A row
that has nothing yet says "waits for" and names nothing.

    stories.py ROOT       prints one line per finding; status 1 when there are any
"""

import pathlib
import re
import sys

WANTED = [f"R{n}" for n in range(1, 21)] + [f"B{n}" for n in range(1, 13)]
ROW = re.compile(r"^\| ([A-Z]\d+) \| (.*) \| (.*) \|$", re.M)
NAME = re.compile(r"`([^`]+)`")


def story_of(row):
    """R7 is R07-....case."""
    return "%s%02d" % (row[0], int(row[1:]))


def look_at_name(name, cases, root, file):
    """(finding or None, the file the following test names are in)"""
    if "/" in name:
        path = root / name
        return (None, path) if path.is_file() else (f"no such file: {name}", None)
    if re.fullmatch(r"[A-Z]\d\d", name):
        return (None if name in cases else f"no such story: {name}"), None
    if file is None:
        return f"{name}: behind no file", None
    here = re.search(rf"\b{re.escape(name)}\b", file.read_text("utf-8"))
    return (None if here else f"no test {name} in {file.name}"), file


def look_at_row(row, cell, cases, root):
    names = NAME.findall(cell)
    if "waits for" in cell:
        return [f"{row}: it waits, and names {names[0]}"] if names else []
    if not names:
        return [f"{row}: names no test"]
    findings, file = [], None
    for name in names:
        finding, file = look_at_name(name, cases, root, file)
        findings += [f"{row}: {finding}"] if finding else []
    if story_of(row) in cases and story_of(row) not in names:
        findings.append(f"{row}: its story is not named")
    return findings


def main(root):
    folder = root / "tests/replay"
    cases = {path.name.split("-")[0] for path in folder.glob("*.case")}
    rows = ROW.findall((folder / "README.md").read_text("utf-8"))
    seen = [row for row, _, _ in rows]
    findings = [f"{row}: no row" for row in WANTED if row not in seen]
    findings += [f"{row}: two rows" for row in sorted(set(seen)) if seen.count(row) > 1]
    findings += [f"{case}: a story without a row" for case in sorted(cases)
                 if case not in map(story_of, seen)]
    for row, _, cell in rows:
        findings += look_at_row(row, cell, cases, root)
    for finding in findings:
        print(f"tests/replay/README.md: {finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
