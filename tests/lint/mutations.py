#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The tables of ops/mutations.md, held against the tree.

A row has three cells: what is changed, the codes or findings it meets, the tests that show it. Every
code is one of errors.def, a finding of a time-stamp, or a word of evidence or of a verification; a
test is a file and the names in it, as in the table of stories; and every code of a row is named in
one of the files of that row, as text or as the name it has in C.

    mutations.py ROOT       prints one line per finding; status 1 when there are any
"""

import pathlib
import re
import sys

import stories

PAGE = "ops/mutations.md"
ROW = re.compile(r"^\| (?!mutation |---)(.+) \| (.+) \| (.+) \|$", re.M)
ERROR = re.compile(r'LT_ERROR\((\w+), \d+, "([^"]+)"')
STAMP = re.compile(r'\[(TIMESTAMP_\w+)\] = "([^"]+)"')
WORD = re.compile(r'EVIDENCE_WHY\("([^"]+)"')
# What journal_verify and archive_verify say of a place (verify.h, archive_verify.c).
VERIFIED = ("crc", "frame", "seal", "link", "gap", "chain", "index", "count", "month")


def codes_of(root):
    """code -> what a test may call it"""
    codes = {}
    for path, pattern, prefix in (("include/lienthong/errors.def", ERROR, "LT_"),
                                  ("proto/timestamp.c", STAMP, "")):
        for name, code in pattern.findall((root / path).read_text("utf-8")):
            codes.setdefault(code, set()).update({prefix + name, f'"{code}"'})
    words = WORD.findall((root / "proto/evidence_words.def").read_text("utf-8"))
    for code in (*words, *VERIFIED):
        codes.setdefault(code, set()).add(f'"{code}"')
    return codes


def look_at_row(row, root, codes):
    what, code_cell, test_cell = row
    findings, file, texts = [], None, []
    for name in stories.NAME.findall(test_cell):
        finding, file = stories.look_at_name(name, {}, root, file)
        findings += [finding] if finding else []
        texts += [file.read_text("utf-8")] if file and "/" in name else []
    wanted = stories.NAME.findall(code_cell)
    findings += [] if wanted else ["names no code"]
    findings += [] if texts else ["names no test"]
    for code in wanted:
        called = codes.get(code)
        if called is None:
            findings.append(f"no such code: {code}")
        elif not any(re.search(re.escape(one) + r"(?!\w)", text) for one in called for text in texts):
            findings.append(f"{code}: in none of its files")
    return [f"{what}: {finding}" for finding in findings]


def main(root):
    codes = codes_of(root)
    rows = ROW.findall((root / PAGE).read_text("utf-8"))
    findings = [] if rows else ["no rows"]
    for row in rows:
        findings += look_at_row(row, root, codes)
    for finding in findings:
        print(f"{PAGE}: {finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
