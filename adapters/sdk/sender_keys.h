/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_SENDER_KEYS_H
#define ADAPTERS_SDK_SENDER_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include "proto/seal.h"

/*
 * The signing keys of other agencies that people gave this adapter, to check seals without taking
 * the axis' word for them: FOLDER/AGENCY/NAME.pem, each a public key or a certificate. What is put
 * there is seen within SENDER_KEYS_LOOK_MS. One thread.
 */
#define SENDER_KEYS_LOOK_MS 60000
#define SENDER_KEYS_MAX     8192

struct sender_keys;

/* NULL or "": no folder, nothing is known. LT_CONFIG_BAD: it cannot be read. */
LT_CHECK enum lt_status sender_keys_open(struct sender_keys **ret_keys, const char *folder,
                                         struct fault *fault);
void sender_keys_close(struct sender_keys **keys_p);

/* The key of an agency with that id; NULL: nobody gave it. Valid until the next call. */
const struct public_key *sender_keys_find(struct sender_keys *keys, struct lt_bytes agency,
                                          const struct lt_digest *key_id, int64_t mono_ms);

#endif
