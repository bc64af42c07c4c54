/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_CRC32C_H
#define PROTO_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (RFC 3720 appendix B.4); start with crc 0, feed on. Uses SSE4.2 where the CPU has it. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);

#endif
