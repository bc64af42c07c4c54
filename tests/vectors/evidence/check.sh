#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Evidence that another build made (case.tar.gz.b64: gzip, Base64) is proven by this build's
# lt-verify, and by the commands in the archive's own README.txt:   check.sh PATH/TO/lt-verify
# Certificates and tokens count at the moments that they are about, so it stays proven.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
base64 -d "$here/case.tar.gz.b64" | gunzip > "$work/case.tar"
"$1" "$work/case.tar" --trust "$here/trust" --lang en
mkdir "$work/unpacked"
tar -xf "$work/case.tar" -C "$work/unpacked"
cd "$work/unpacked"
sed -n 's/^    //p' README.txt > "$work/check-by-openssl.sh"
AXIS=authorities/axis.pem AGENCIES=$here/trust/agencies.pem sh "$work/check-by-openssl.sh"
