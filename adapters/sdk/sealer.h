/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_SEALER_H
#define ADAPTERS_SDK_SEALER_H

#include <time.h>

#include "proto/seal.h"

/*
 * An agency's signing key at work: seals what is about to be sent, each time it is sent. The key
 * lies in a file that is looked at again every few seconds, so a rotation is a new file in the old
 * one's place (renamed over it) and nothing is restarted. A new file that does not read changes
 * nothing. Network thread only.
 */
struct sealer {
    char path[400]; /* "": nothing is sealed */
    struct signer signer;
    int64_t look_ms; /* monotonic: not sooner */
    struct timespec changed;
    uint64_t inode;
};

/* `path` NULL or "": nothing is sealed. LT_CONFIG_BAD, LT_NOT_FOUND, LT_SECRET_READABLE. */
LT_CHECK enum lt_status sealer_open(struct sealer *sealer, const char *path, struct fault *fault);
void sealer_close(struct sealer *sealer); /* one that was not opened too */

/* The seal over the parcels of a Submit, whose digests stand in them; nothing without a key. */
LT_CHECK enum lt_status sealer_seal(struct sealer *sealer, int64_t mono_ms,
                                    struct digester *digester, const struct parcel *parcels,
                                    uint32_t count, struct seal *ret_seal);
bool sealer_seals(const struct sealer *sealer);

#endif
