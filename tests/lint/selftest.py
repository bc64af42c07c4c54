#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Every lint check is fed what it must catch, and what it must let pass.

Each case is a small tree of its own in a temporary git repository; the check runs over it and its
words are compared. A check that no longer finds its bad snippet fails here.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SPDX = "/* SPDX-License-Identifier: EUPL-1.2 */\n"


class Tree:
    """A git repository made of a dictionary path -> content."""

    def __init__(self, files):
        self.root = tempfile.mkdtemp(prefix="lint-")
        for path, content in files.items():
            full = os.path.join(self.root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(content)
        for command in (["init", "-q"], ["add", "-A", "-f"]):
            subprocess.run(["git", "-C", self.root] + command, check=True, capture_output=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def run(self, script, *more):
        command = [os.path.join(HERE, script), self.root, *more]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


class Floors(unittest.TestCase):
    BASE = {
        "include/lienthong/status.h": SPDX + "int lt_x(void);\n",
        "include/lienthong/clock.h": SPDX,
        "include/lienthong/client.h": SPDX,
        "proto/base/list.h": SPDX,
        "proto/base/store.h": SPDX,
        "proto/port.h": SPDX + '#include <lienthong/status.h>\n#include "base/list.h"\n',
        "broker/limits.h": SPDX,
        "broker/journal/journal.h": SPDX,
        "broker/state/state.h": SPDX,
        "broker/registry/registry.h": SPDX,
        "broker/core/core.h": SPDX,
        "adapters/sdk/session.h": SPDX,
        "adapters/host/host.h": SPDX,
        "adapters/drivers/http/http.h": SPDX,
        "tests/harness/world.h": SPDX,
        "ops/tools/bench/world.h": SPDX,
    }

    def check(self, files, words=None):
        with Tree({**self.BASE, **files}) as tree:
            status, out = tree.run("floors.py")
        if words is None:
            self.assertEqual((status, out), (0, ""))
        else:
            self.assertEqual(status, 1, out)
            self.assertIn(words, out)

    def test_good_tree(self):
        self.check({
            "broker/core/core.c": SPDX + '#include <stdio.h>\n#include "core.h"\n'
                                  '#include "broker/journal/journal.h"\n#include "proto/port.h"\n'
                                  "static const int limits[] = {1, 2};\n"
                                  "struct place;\nenum { ONE };\n"
                                  "int core_sleepy(struct core *core)\n{\n"
                                  "    static const int two = 2;\n"
                                  '    const char *text = "time(NULL) /* rand() */";\n'
                                  "    return core->clock->time(two) + uptime(text);\n}\n",
            "broker/main.c": SPDX + "static int stop;\nint main(void)\n{\n    return getenv(0);\n}\n",
            "tests/unit/core/test_core.c": SPDX + '#include "harness/world.h"\n#include <zmq.h>\n'
                                           '#include "broker/core/core.h"\nstatic int n;\n',
            "tests/CMakeLists.txt": "", "README.md": "",
            "ops/tools/bench/load.c": SPDX + '#include "world.h"\n'
                                      '#include "adapters/sdk/session.h"\n',
        })

    def bad(self, path, line, words, extra=None):
        self.check({path: SPDX + line + "\n", **(extra or {})}, words)

    def test_looks_up(self):
        self.bad("broker/flow/x.c", '#include "broker/limits.h"\n#include "broker/core/core.h"',
                 "broker/flow/x.c:3: includes broker/core/core.h: floor 6 looks up to floor 7")
        self.bad("proto/frame.c", '#include "broker/limits.h"', "proto is below the broker")
        self.bad("proto/base/x.c", '#include "proto/port.h"', "floor 2 looks up to floor 3")
        self.bad("broker/journal/x.c", '#include "broker/core/core.h"', "looks up")
        self.bad("include/lienthong/types.h", '#include "proto/port.h"', "floor 1 looks up")
        self.bad("adapters/sdk/client.c", '#include "adapters/host/host.h"', "its host")

    def test_strangers(self):
        self.bad("broker/registry/x.c", '#include "broker/journal/journal.h"', "knows neither")
        self.bad("broker/registry/x.c", '#include "broker/state/state.h"', "knows neither")
        self.bad("broker/transfer/x.c", "#include <lienthong/clock.h>", "asks no clock")
        self.bad("broker/transfer/x.c", '#include "proto/base/store.h"', "no input or output")
        self.bad("broker/case/x.c", '#include "proto/port.h"', "no input or output")
        self.bad("broker/flow/x.c", "#include <lienthong/client.h>", "not a client")
        self.bad("adapters/sdk/x.c", '#include "broker/limits.h"', "floors 1 to 3")
        self.bad("ops/tools/bench/x.c", '#include "broker/core/core.h"', "floors 1 to 3")
        self.bad("adapters/drivers/spool/x.c", '#include "adapters/drivers/http/http.h"',
                 "does not know another")

    def test_nobody_includes_tests_or_ops(self):
        self.bad("broker/core/x.c", '#include "tests/harness/world.h"', "nothing includes tests")
        self.bad("broker/core/x.c", '#include "ops/tools/bench/world.h"', "nothing includes ops")

    def test_doors(self):
        for header in ("lmdb.h", "zmq.h", "openssl/evp.h", "ltp.pb-c.h"):
            self.bad("broker/journal/x.c", f"#include <{header}>", f"includes {header} beside")
        self.check({
            "proto/base/store_lmdb.c": SPDX + "#include <lmdb.h>\n",
            "proto/port_zmq_server.c": SPDX + "#include <zmq.h>\n",
            "proto/digest.c": SPDX + "#include <openssl/evp.h>\n",
            "proto/message_header.c": SPDX + "#include <ltp.pb-c.h>\n",
        })

    def test_calls(self):
        for call in ("time(NULL)", "clock_gettime(0, &t)", "getenv(name)", "usleep(3)", "rand()",
                     "getrandom(b, 1, 0)"):
            body = "int f(void)\n{\n    x = 1 + " + call + ";\n    return x;\n}"
            self.bad("broker/flow/x.c", body, "broker/flow/x.c:4: calls " + call.split("(")[0])
            self.check({"proto/base/clock_os.c": SPDX + body + "\n"})
        self.bad("broker/flow/x.c", "int f(void)\n{\n    return time(0);\n}", "calls time()")

    def test_state(self):
        self.bad("broker/flow/x.c", "static int counter;", "state of its own: static int counter")
        self.bad("broker/flow/x.c", "struct table table = {0};", "state of its own: struct table")
        self.bad("broker/flow/x.c", "int f(void)\n{\n    static int n = 0;\n    return n++;\n}",
                 "state of its own: static int n")

    def test_shape(self):
        long_body = "int f(void)\n{\n" + "    x++;\n" * 68 + "}\n"
        self.check({"broker/flow/x.c": SPDX + long_body})
        self.bad("broker/flow/x.c", long_body.replace("}", "    x++;\n}"), "function of 71 lines")
        self.check({"broker/flow/x.c": "int x(void);\n"}, "first line is not the SPDX line")
        self.check({"tests/x.sh": "echo\n"}, "no SPDX line")
        self.check({"broker/flow/x.c": SPDX + "\n" * 699})
        self.check({"broker/flow/x.c": SPDX + "\n" * 700}, "701 lines, at most 700")
        self.check({"broker/flow/x.h": SPDX + "\n" * 350}, "351 lines, at most 350")


class Format(unittest.TestCase):
    def run_on(self, content):
        with open(os.path.join(TOP, ".clang-format"), encoding="utf-8") as file:
            rules = file.read()
        with Tree({".clang-format": rules, "x.c": SPDX + content}) as tree:
            return tree.run("format.sh")

    def test_good(self):
        self.assertEqual(self.run_on("int f(void)\n{\n    return 1;\n}\n")[0], 0)

    def test_bad(self):
        status, out = self.run_on("int f(void) {\n  return 1; }\n")
        self.assertNotEqual(status, 0)
        self.assertIn("x.c:2", out)


class Tidy(unittest.TestCase):
    def run_on(self, content, tracked=True):
        with open(os.path.join(TOP, ".clang-tidy"), encoding="utf-8") as file:
            rules = file.read()
        path = "proto/x.c" if tracked else "proto/other.c"
        with Tree({".clang-tidy": rules, "proto/x.c": SPDX + content}) as tree:
            command = f"cc -std=c11 -Wlogical-op -c {path}"
            entry = [{"directory": tree.root, "file": path, "command": command}]
            with open(os.path.join(tree.root, "compile_commands.json"), "w") as file:
                json.dump(entry, file)
            return tree.run("tidy.sh", tree.root)

    def test_good(self):
        status, out = self.run_on("int f(int a);\nint f(int a)\n{\n    return a;\n}\n")
        self.assertEqual((status, out), (0, ""))

    BAD = "#include <stdlib.h>\nint f(void);\nint f(void)\n{\n    int *p = malloc(4);\n" \
          "    free(p);\n    return *p;\n}\n"

    def test_use_after_free(self):
        status, out = self.run_on(self.BAD)
        self.assertNotEqual(status, 0)
        self.assertIn("unix.Malloc", out)

    def test_only_what_the_build_knows(self):
        self.assertEqual(self.run_on(self.BAD, tracked=False)[0], 0)


class Names(unittest.TestCase):
    def check(self, files, words=None):
        with Tree({"README.md": "", **files}) as tree:
            status, out = tree.run("names.sh")
        if words is None:
            self.assertEqual((status, out), (0, ""))
        else:
            self.assertEqual(status, 1, out)
            self.assertIn(words, out)

    def test_good(self):
        self.check({"broker/x.c": "/var/lib/lienthong /etc/x https://example.org\n", ".ci/run": "",
                    "CMakeLists.txt": "", "ops/x": "see docs/wor" + "k/plan, /home and $HOME\n"})

    def test_paths(self):
        for path in ("/wor" + "k/main", "/hom" + "e/somebody/x", "/roo" + "t/.cache",
                     "/tm" + "p/b-x"):
            self.check({"ops/x": f"cd {path}\n"}, "paths of a machine")

    def test_hosts(self):
        for host in ("py" + "pi.org", "registry.npm" + "js.org", "crat" + "es.io",
                     "deb.debia" + "n.org"):
            self.check({"ops/x": f"see https://{host}/y\n"}, "hosts of a package registry")

    def test_top_level(self):
        self.check({"docs/x.md": ""}, "the top level is fixed, but there is: docs")
        self.check({"tests/x.pyc": ""}, "built files are tracked")


class Stories(unittest.TestCase):
    NUMBERS = [f"R{n}" for n in range(1, 21)] + [f"B{n}" for n in range(1, 13)]

    def check(self, words, changed=(), more=None):
        """Rows that all wait, but for those changed; `words` None: nothing to find."""
        cells = {row: "waits for x" for row in self.NUMBERS} | dict(changed)
        table = "".join(f"| {row} | shows | {cell} |\n" for row, cell in cells.items() if cell)
        files = {"tests/replay/README.md": table, "tests/x.c": "static void it_works(void)\n",
                 "tests/replay/R07-x.case": ""}
        files["tests/replay/README.md"] += more or ""
        with Tree(files) as tree:
            status, out = tree.run("stories.py")
        if words is None:
            self.assertEqual((status, out), (0, ""))
        else:
            self.assertEqual(status, 1, out)
            self.assertIn(words, out)

    def test_good(self):
        self.check(None, {"R7": "`R07`; `tests/x.c`: `it_works`"})

    def test_bad(self):
        good = {"R7": "`R07`"}
        self.check("R3: no row", good | {"R3": None})
        self.check("R7: two rows", good, "| R7 | shows | `R07` |\n")
        self.check("R3: no such story: R03", good | {"R3": "`R03`"})
        self.check("R3: no such file: tests/y.c", good | {"R3": "`tests/y.c`"})
        self.check("R3: no test works in x.c", good | {"R3": "`tests/x.c`: `works`"})
        self.check("R3: works: behind no file", good | {"R3": "`works`"})
        self.check("R3: names no test", good | {"R3": "somewhere"})
        self.check("R3: it waits, and names R07", good | {"R3": "waits for `R07`"})
        self.check("R7: its story is not named", {"R7": "`tests/x.c`"})
        self.check("R07: a story without a row", {"R7": None})


class Mutations(unittest.TestCase):
    def check(self, words, row):
        files = {
            "ops/mutations.md": "| mutation | code or finding | test |\n|---|---|---|\n" + row,
            "include/lienthong/errors.def": 'LT_ERROR(SEAL_BAD, 19, "seal-bad", x)\n',
            "proto/timestamp.c": '    [TIMESTAMP_CHAIN] = "chain",\n',
            "proto/evidence_words.def": 'EVIDENCE_WHY("extra", "x", "y")\n',
            "tests/x.c": "static void it_works(void)\n{\n    is(LT_SEAL_BAD);\n    is(TIMESTAMP_CHAIN);\n}\n"}
        with Tree(files) as tree:
            status, out = tree.run("mutations.py")
        if words is None:
            self.assertEqual((status, out), (0, ""))
        else:
            self.assertEqual(status, 1, out)
            self.assertIn(words, out)

    def test_good(self):
        self.check(None, "| a bit | `seal-bad` | `tests/x.c`: `it_works` |\n")
        self.check(None, "| a root | `chain` | `tests/x.c`: `it_works` |\n")

    def test_bad(self):
        self.check("no rows", "")
        self.check("a bit: names no code", "| a bit | bad | `tests/x.c`: `it_works` |\n")
        self.check("a bit: names no test", "| a bit | `seal-bad` | somewhere |\n")
        self.check("no such code: seal-good", "| a bit | `seal-good` | `tests/x.c` |\n")
        self.check("no such file: tests/y.c", "| a bit | `seal-bad` | `tests/y.c` |\n")
        self.check("no test works in x.c", "| a bit | `seal-bad` | `tests/x.c`: `works` |\n")
        self.check("extra: in none of its files", "| a bit | `extra` | `tests/x.c`: `it_works` |\n")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
