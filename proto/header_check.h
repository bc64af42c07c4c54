/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_HEADER_CHECK_H
#define PROTO_HEADER_CHECK_H

#include "base/fault.h"
#include "frame.h"
#include <lienthong/status.h>

/*
 * The rules of a header that need neither registry nor journal; broker and SDK apply the same.
 * Fault names the field, the value and the limit. `now_ms` is the checker's wall clock.
 *
 * Required: id (version 7, LT_ID_TIME outside -400 d .. +1 d), sender_key (LT_SENDER_KEY_BAD),
 * content_digest, kind (LT_FIELD_BAD when 0; unknown kinds above 20 are refused with FIELD_BAD
 * too), from (agency id), case_code 1..50 bytes, schema_version 1, created_ms. Optional fields
 * within the bounds of types.h; priority 0..4; status 0..10; channel 0..3; to at most 16
 * (LT_LEGS_TOO_MANY), agency ids, none twice; attachments at most 64, size 1..100 MiB, none with
 * the same digest twice (LT_ATTACHMENT_BAD); after and reply_to differ from id; procedure =
 * normalised procedure_raw.
 */
LT_CHECK enum lt_status header_check(const struct header *header, int64_t now_ms,
                                     struct fault *fault);

/* The parcel against its header: digests (LT_DIGEST_WRONG), sizes (LT_BODY_TOO_LARGE). */
struct digester;
LT_CHECK enum lt_status parcel_check(struct digester *digester, const struct parcel *parcel,
                                     const struct header *header, struct fault *fault);

#endif
