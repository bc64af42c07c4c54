# SPDX-License-Identifier: EUPL-1.2
# Run by lt_embed at build time: IN, OUT, SYMBOL.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUT} "#include <stddef.h>
extern const unsigned char ${SYMBOL}[];
extern const size_t ${SYMBOL}_size;
const unsigned char ${SYMBOL}[] = {${bytes}0};
const size_t ${SYMBOL}_size = sizeof(${SYMBOL}) - 1;
")
