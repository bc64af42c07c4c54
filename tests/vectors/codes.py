#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The table of codes in LTP.md, made from errors.def.

codes.py ROOT           writes it
codes.py ROOT --check   fails when it is not up to date
"""
import re
import sys
from pathlib import Path

ROW = re.compile(
    r'LT_ERROR\((\w+),\s*(\d+),\s*"([^"]+)",\s*LT_CLASS_(\w+),\s*(true|false),\s*(\d+),'
    r'\s*LT_WHO_(\w+),((?:\s*"(?:[^"\\]|\\.)*",?)+)\)', re.S)
STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*,)?')
TRAVELS_TOO = {205}


def sentences(text):
    """The four texts of a row; adjacent literals are one text."""
    out, now = [], ""
    for literal, comma in STRINGS.findall(text):
        now += literal.replace('\\"', '"')
        if comma:
            out.append(now)
            now = ""
    return out + [now]


def table(errors_def):
    lines = ["| number | code | class | stored | who acts | meaning | nghĩa |",
             "|---|---|---|---|---|---|---|"]
    for name, number, code, kind, stored, _, who, texts in ROW.findall(errors_def):
        if int(number) >= 200 and int(number) not in TRAVELS_TOO:
            continue
        vi, en = sentences(texts)[:2]
        lines.append("| %s | %s | %s | %s | %s | %s | %s |" % (
            number, code, kind.lower(), "stored" if stored == "true" else "",
            "" if who == "NOBODY" else who.lower(), en, vi))
    return "\n".join(lines)


def main():
    root = Path(sys.argv[1])
    errors_def = (root / "include/lienthong/errors.def").read_text("utf-8")
    page = root / "proto/LTP.md"
    text = page.read_text("utf-8")
    head, rest = text.split("<!-- codes -->\n", 1)
    tail = rest.split("<!-- /codes -->", 1)[1]
    made = table(errors_def)
    if made.count("\n") < 40:
        sys.exit("codes.py: errors.def was not understood")
    fresh = head + "<!-- codes -->\n" + made + "\n<!-- /codes -->" + tail
    if "--check" not in sys.argv[2:]:
        page.write_text(fresh, "utf-8")
    elif fresh != text:
        sys.exit("LTP.md: the table of codes is old; run tests/vectors/codes.py .")


if __name__ == "__main__":
    main()
