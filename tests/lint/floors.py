#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The house rules a machine can see, over the C files that git tracks.

Includes walk down: a file includes its own floor or lower (FLOORS), some neighbours on one floor do
not know each other (STRANGERS), four foreign libraries have one door each (DOORS), and nothing
includes tests or ops. Time, chance, environment and sleep are asked of the system in one file only.
Every file starts with its SPDX line, is of a readable size, has no function over 70 lines and no
state of its own outside main files and the log.

    floors.py ROOT        prints one line per finding (path:line: words); status 1 when there are any
"""

import os
import re
import subprocess
import sys

SPDX = "SPDX-License-Identifier: EUPL-1.2"

# The longest prefix that fits names the floor of a path.
FLOORS = {
    "include/": 1,
    "proto/base/": 2,
    "proto/": 3,
    "broker/limits.h": 3,
    "broker/journal/": 4,
    "broker/state/": 4,
    "broker/registry/": 4,
    "broker/log/": 4,
    "broker/transfer/": 5,
    "broker/case/": 5,
    "broker/flow/": 6,
    "broker/control/": 6,
    "broker/blobs/": 6,
    "broker/core/": 7,
    "broker/": 8,
    "adapters/sdk/": 4,
    "adapters/host/": 5,
    "adapters/drivers/": 6,
    "adapters/host/main.c": 7,
    "ops/": 8,
    "tests/": 9,
}

# What each of these may not include though the floor would allow it: (who, whom, why).
STRANGERS = [
    ("broker/registry/", "broker/journal/", "the registry knows neither journal nor state"),
    ("broker/registry/", "broker/state/", "the registry knows neither journal nor state"),
    ("broker/journal/", "broker/state/", "the journal is below its index"),
    ("broker/transfer/", "proto/port", "floor 5 does no input or output"),
    ("broker/transfer/", "proto/base/store.h", "floor 5 does no input or output"),
    ("broker/transfer/", "proto/base/clock_os.h", "floor 5 asks no clock: time is a parameter"),
    ("broker/transfer/", "include/lienthong/clock.h", "floor 5 asks no clock: time is a parameter"),
    ("broker/case/", "proto/port", "floor 5 does no input or output"),
    ("broker/case/", "proto/base/store.h", "floor 5 does no input or output"),
    ("broker/case/", "proto/base/clock_os.h", "floor 5 asks no clock: time is a parameter"),
    ("broker/case/", "include/lienthong/clock.h", "floor 5 asks no clock: time is a parameter"),
    ("proto/", "broker/", "proto is below the broker"),
    ("broker/", "adapters/", "the broker does not know its adapters"),
    ("broker/", "include/lienthong/client.h", "the broker is not a client"),
    ("adapters/", "broker/", "adapters stand on floors 1 to 3"),
    ("adapters/sdk/", "adapters/host/", "the SDK does not know its host"),
    ("ops/", "broker/", "tools stand on floors 1 to 3"),
    ("ops/", "adapters/", "tools stand on floors 1 to 3"),
    ("", "tests/", "nothing includes tests"),
    ("", "ops/", "nothing includes ops"),
]

# Exceptions to STRANGERS, each with its reason.
INVITED = [
    ("tests/", ""),                                # tests may see all
    ("ops/tools/ltctl/", "broker/journal/"),       # reads a journal offline
    ("ops/tools/ltctl/", "broker/log/"),           # reads the log offline
    ("ops/tools/ltctl/", "broker/state/base.h"),   # copies and checks the base of a cut journal
    ("ops/tools/ltctl/", "broker/core/cut.h"),     # cuts a journal offline
    ("ops/tools/ltctl/", "broker/core/rebase.h"),  # makes a base anew, folding as the broker does
    ("ops/tools/ltctl/", "broker/registry/"),      # writes registry entries and configurations
    ("ops/tools/ltctl/", "broker/limits.h"),       # the bounds of an import
    ("ops/tools/ltctl/", "broker/transfer/states.def"),  # the names of states, one table
    ("ops/tools/bench/", "broker/registry/"),      # registers its agencies
    ("ops/tools/bench/", "adapters/sdk/"),         # the session layer of the agencies' side
    ("ops/views/", "broker/journal/"),             # the read-only door
    ("ops/views/", "broker/case/"),                # the legal clock
]

DOORS = [  # header, path that may include it
    (r"lmdb\.h", r"proto/base/store_lmdb\.c"),
    (r"zmq(_utils)?\.h", r"proto/port_zmq[a-z_]*\.[ch]"),
    (r"openssl/.*", r"proto/(digest|sign|timestamp|trust|enrol|ca)[a-z_]*\.[ch]"),
    (r".*\.pb-c\.h|protobuf-c/.*", r"proto/message[a-z_]*\.[ch]"),
]

CALLS = re.compile(
    r"(?<![\w.>])(time|clock_gettime|gettimeofday|ftime|clock|rand|srand|random|srandom|rand_r|"
    r"drand48|getrandom|getentropy|getenv|secure_getenv|setenv|putenv|sleep|usleep|nanosleep|"
    r"clock_nanosleep)\s*\("
)
CALLS_ALLOWED = re.compile(r"proto/base/clock_os\.c|(.*/)?main\.c|tests/.*")
STATE_ALLOWED = re.compile(r"(.*/)?main\.c|proto/base/log\.c|tests/.*")

LINES_MAX = {".c": 700, ".h": 350, ".py": 700, ".sh": 700}
FUNCTION_LINES_MAX = 70


def tracked(root):
    out = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"],
        check=True, capture_output=True, text=True,
    ).stdout
    return [p for p in out.split("\0") if p and os.path.isfile(os.path.join(root, p))]


def blank(text):
    """The same lines without comments and without the content of literals."""
    token = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)

    def keep_lines(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found[0] + found[0]
        return " " + "\n" * found.count("\n")

    return token.sub(keep_lines, text)


def floor(path):
    best = max((p for p in FLOORS if path.startswith(p)), key=len, default=None)
    return FLOORS[best] if best else None


def resolve(root, path, name, quoted):
    """The file of the house that an include names, or None when it is not ours."""
    bases = [os.path.dirname(path)] if quoted else []
    bases += ["tests"] if path.startswith("tests/") else []
    for base in bases + ["", "include"]:
        candidate = os.path.normpath(os.path.join(base, name))
        if not candidate.startswith("..") and os.path.isfile(os.path.join(root, candidate)):
            return candidate
    return None


def invited(path, target):
    return any(path.startswith(a) and target.startswith(b) for a, b in INVITED)


def check_include(root, path, name, quoted):
    if not path.startswith("tests/"):
        for header, door in DOORS:
            if re.fullmatch(header, name) and not re.fullmatch(door, path):
                yield f"includes {name} beside its door ({door})"
    target = resolve(root, path, name, quoted)
    if target is None:
        if quoted and not name.endswith(".pb-c.h"):
            yield f'includes "{name}", which is not in the tree'
        return
    mine, theirs = floor(path), floor(target)
    if mine is None or theirs is None:
        yield f"includes {target}: no floor is named for it"
        return
    folder = os.path.dirname(path) + "/"
    if target.startswith(folder) or invited(path, target):
        return
    for who, whom, why in STRANGERS:
        if path.startswith(who) and target.startswith(whom):
            yield f"includes {target}: {why}"
            return
    if path.startswith("adapters/drivers/") and target.startswith("adapters/drivers/"):
        yield f"includes {target}: a driver does not know another"
    elif theirs > mine:
        yield f"includes {target}: floor {mine} looks up to floor {theirs}"


def check_includes(root, path, text):
    pattern = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
    bare = re.sub(r"/\*.*?\*/", keep_newlines, text, flags=re.S)
    for match in pattern.finditer(bare):
        line = bare.count("\n", 0, match.start(2)) + 1
        for words in check_include(root, path, match.group(2), match.group(1) == '"'):
            yield line, words


def keep_newlines(match):
    return "\n" * match.group(0).count("\n")


def check_calls(path, lines):
    if CALLS_ALLOWED.fullmatch(path):
        return
    for number, line in enumerate(lines, 1):
        for match in CALLS.finditer(line):
            before = line[: match.start()]
            # A member or a declaration of that name is not a call of the system's.
            if re.search(r"(->|\.|\*)\s*$", before) or re.match(r"^[\w\s\*]*\w[\s\*]+$", before):
                if "return" not in before:
                    continue
            yield number, f"calls {match.group(1)}() beside lt_clock and lt_entropy"


def check_functions(lines):
    """A body opens with { and closes with } in the first column: the formatter sees to it."""
    opened = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            opened = number
        elif line.startswith("}") and opened is not None:
            length = number - opened + 1
            if length > FUNCTION_LINES_MAX:
                yield opened, f"function of {length} lines, at most {FUNCTION_LINES_MAX}"
            opened = None


def check_state(path, lines):
    if STATE_ALLOWED.fullmatch(path) or not path.endswith(".c"):
        return
    for number, line in enumerate(lines, 1):
        head = re.split(r"[=;]", line, maxsplit=1)[0]
        if "=" not in line and ";" not in line or "(" in head:
            continue
        words = head.split()
        if not words or "const" in words or "*const" in head or words[0] in (
                "typedef", "extern", "return", "#define", "goto", "case", "default:"):
            continue
        in_function = line[0].isspace()
        if in_function and words[0] not in ("static", "_Thread_local"):
            continue
        if not in_function and not re.match(
                r"(static\s+|_Thread_local\s+)*(struct|enum|union|unsigned|signed)?\s*\w+"
                r"[\s\*]+\w+(\[[^\]]*\])*\s*$", head.strip()):
            continue
        if re.fullmatch(r"(struct|union|enum)\s+\w+", head.strip()):
            continue
        yield number, f"state of its own: {head.strip()}"


def check_shape(path, text, lines):
    suffix = os.path.splitext(path)[1]
    limit = LINES_MAX.get(suffix)
    if suffix == ".h" and path.startswith("tests/"):
        limit = LINES_MAX[".c"]  # the scenes of several tests
    if limit and len(lines) > limit:
        yield len(lines), f"{len(lines)} lines, at most {limit}"
    if suffix in (".c", ".h", ".def"):
        if lines[:1] != [f"/* {SPDX} */"]:
            yield 1, "the first line is not the SPDX line"
    elif suffix in (".py", ".sh", ".proto", ".cmake") or text.startswith("#!"):
        if not any(SPDX in line for line in lines[:3]):
            yield 1, "no SPDX line at the head"


def check_file(root, path):
    with open(os.path.join(root, path), "rb") as file:
        data = file.read()
    suffix = os.path.splitext(path)[1]
    if b"\0" in data:
        return
    text = data.decode("utf-8", "replace")
    lines = text.splitlines()
    yield from check_shape(path, text, lines)
    if suffix not in (".c", ".h"):
        return
    bare = blank(text).splitlines()
    yield from check_includes(root, path, text)
    yield from check_calls(path, bare)
    yield from check_functions(bare)
    yield from check_state(path, bare)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    found = 0
    for path in tracked(root):
        for line, words in check_file(root, path):
            print(f"{path}:{line}: {words}")
            found += 1
    if found:
        print(f"{found} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
