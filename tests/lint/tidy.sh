#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# clang-tidy, with the checks of .clang-tidy, over the C files that git tracks and the build knows.
#   tidy.sh ROOT BUILD     BUILD holds compile_commands.json and the generated schema
set -euo pipefail
root=$(realpath "$1")
build=$(realpath "$2")
cd "$root"

# Long files first, so that no core idles at the end.
files=$(mktemp)
trap 'rm -f "$files"' EXIT
git -c safe.directory='*' ls-files -z -- '*.c' | python3 -c '
import json, os, sys
build = sys.argv[1]
commands = json.load(open(os.path.join(build, "compile_commands.json")))
known = {os.path.realpath(os.path.join(e["directory"], e["file"])) for e in commands}
paths = [p for p in sys.stdin.read().split("\0") if p and os.path.realpath(p) in known]
sys.stdout.write("".join(p + "\0" for p in sorted(paths, key=os.path.getsize, reverse=True)))
' "$build" >"$files"

# The compile commands may be those of gcc, with options that clang does not know.
xargs -0 -r -n 1 -P "$(nproc)" clang-tidy --quiet -p "$build" --warnings-as-errors='*' \
    --extra-arg=-Wno-unknown-warning-option <"$files" 2>&1 |
    { grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter' || true; }
