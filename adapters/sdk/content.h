/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_CONTENT_H
#define ADAPTERS_SDK_CONTENT_H

#include "proto/digest.h"
#include "proto/frame.h"

/*
 * What the sender asked for, in one digest (LTP.md, "Content digest"): the same request gives the
 * same digest at every adapter and in every life of it. SHA-256 over
 *
 *   "lienthong content 1"
 *   u32 kind
 *   u32 number of receivers, then each: u32 length, bytes        (in the order asked)
 *   u32 length, bytes of the case code
 *   32 bytes SHA-256 of the body, zero when there is none
 *   u32 number of attachments, then each: 32 bytes SHA-256       (without the body's own)
 *
 * numbers big-endian. A door with a canonical request of its own (RFC 8785) gives its digest
 * instead.
 */
struct lt_digest content_digest(struct digester *digester, const struct header *header);

/* The first field of what was asked in which two headers differ; "" when they ask the same. */
const char *content_difference(const struct header *a, const struct header *b);

#endif
