/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4): guards every record on disk against rot
 * and torn writes. It is a check against accidents only; against people there are digests.
 *
 * Processors of the x86-64 line have had an instruction for it since 2008; it is asked for at run
 * time because the build is for the oldest machine. Everywhere else a table of sixteen words does
 * the same, half a byte at a time. Both give the same result for any way of cutting the input.
 */
#include <string.h>

#include "crc32c.h"

static uint32_t feed_table(uint32_t crc, const uint8_t *at, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    for (size_t i = 0; i < size; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t feed_sse42(uint32_t crc, const uint8_t *at,
                                                             size_t size)
{
    uint64_t wide = crc;
    for (; size >= 8; size -= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        wide = __builtin_ia32_crc32di(wide, word);
        at += 8;
    }
    crc = (uint32_t)wide;
    for (; size > 0; size--) {
        crc = __builtin_ia32_crc32qi(crc, *at++);
    }
    return crc;
}

static uint32_t feed(uint32_t crc, const uint8_t *at, size_t size)
{
    return __builtin_cpu_supports("sse4.2") ? feed_sse42(crc, at, size) : feed_table(crc, at, size);
}

#else

static uint32_t feed(uint32_t crc, const uint8_t *at, size_t size)
{
    return feed_table(crc, at, size);
}

#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
    return size > 0 ? ~feed(~crc, data, size) : crc;
}
