/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_CONTENT_H
#define PROTO_CONTENT_H

#include "digest.h"
#include "frame.h"

/*
 * The content digest of a request that did not come as JSON: what the sender asked for, without its
 * id, times and route, so that the same request made twice (by a twin, by a wiped adapter) is
 * known. The byte layout stands in LTP.md, "Content digest". Reads of the header: kind, to,
 * case_code, body_sha256 (all zero counts as the digest of nothing), body_attached and attachments.
 * For JSON requests the digest is that of their RFC 8785 form instead.
 */
struct lt_digest content_digest(struct digester *digester, const struct header *header);

#endif
