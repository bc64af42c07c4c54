/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_HARNESS_SEEDED_KEY_H
#define TESTS_HARNESS_SEEDED_KEY_H

#include "proto/sign.h"
#include <lienthong/clock.h>

/* An Ed25519 key out of a world's chance, so that the same seed has the same keys and signatures:
 * a PEM file of mode 0600. */
LT_CHECK enum lt_status seeded_key_make(const char *path, const struct lt_entropy *entropy,
                                        struct fault *fault);
/* Its public half; public_key_close. */
LT_CHECK enum lt_status seeded_key_public(const char *path, struct public_key **ret_key,
                                          struct fault *fault);

#endif
