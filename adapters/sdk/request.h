/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_REQUEST_H
#define ADAPTERS_SDK_REQUEST_H

#include "proto/base/arena.h"
#include "proto/digest.h"
#include "proto/frame.h"
#include <lienthong/transfer.h>

/*
 * A request of the local software as a header: everything it says, the normal form of the procedure
 * code, digests, and a body over LT_BODY_INLINE_MAX as first attachment. What only the outbox knows
 * (id, after, handing over) is left empty. Texts are borrowed from the request, lists are in the
 * arena. LT_FIELD_BAD for counts over their limits and impossible sizes; header_check says the
 * rest.
 */
LT_CHECK enum lt_status request_header(const struct lt_request *request, const char *agency,
                                       int64_t now_ms, struct digester *digester,
                                       struct arena *arena, struct header *ret_header,
                                       struct fault *fault);

#endif
