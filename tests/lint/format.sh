#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Every C file that git tracks is as clang-format leaves it.   format.sh ROOT
set -euo pipefail
cd "${1:-.}"
git -c safe.directory='*' ls-files -z -- '*.c' '*.h' |
    xargs -0 -r -n 50 -P "$(nproc)" clang-format --dry-run -Werror
