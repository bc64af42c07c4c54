#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# What must not stand in the tree: paths of somebody's machine, hosts of package registries, a new
# folder at the top.   names.sh ROOT
set -uo pipefail
cd "${1:-.}" || exit 2
git() { command git -c safe.directory='*' "$@"; }
status=0

# Brackets keep these patterns from finding themselves.
paths='(^|[^A-Za-z0-9_.$}])/(wor[k]|hom[e]/[a-z]|roo[t]/|User[s]/|tm[p]/b-|mn[t]/)'
hosts='p[y]pi\.org|python[h]osted\.org|npm[j]s\.|crat[e]s\.io|ruby[g]ems\.org|maven\.apach[e]\.org'
hosts+='|proxy\.golan[g]\.org|(deb|security|ftp[a-z.]*)\.debia[n]\.org|archive\.ubunt[u]\.com'
hosts+='|https?://[a-z0-9.-]*\bdeb[.-][a-z0-9]'
if git grep -nIE "$paths" -- .; then
    echo "names: paths of a machine (see above)"
    status=1
fi
if git grep -nIE "$hosts" -- .; then
    echo "names: hosts of a package registry (see above)"
    status=1
fi

allowed='^(CMakeLists\.txt|README\.md|broker|proto|adapters|include|tests|ops|\..*)$'
extra=$(git ls-files | cut -d/ -f1 | sort -u | grep -vE "$allowed")
if [ -n "$extra" ]; then
    echo "names: the top level is fixed, but there is: $(echo $extra)"
    status=1
fi
binaries=$(git ls-files -- '*.o' '*.a' '*.so' '*.mdb' '*.pyc' '*.class' '*.jar')
if [ -n "$binaries" ]; then
    echo "names: built files are tracked: $(echo $binaries)"
    status=1
fi
exit $status
