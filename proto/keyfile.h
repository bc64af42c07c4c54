/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_KEYFILE_H
#define PROTO_KEYFILE_H

#include "base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Key files: one line of 64 hex digits. NAME.key is secret, mode 0600 and checked (refused when
 * readable by others); NAME.pub is public.
 */
LT_CHECK enum lt_status keyfile_read_secret(const char *path, struct lt_key *ret_key,
                                            struct fault *fault);
LT_CHECK enum lt_status keyfile_read_public(const char *path, struct lt_key *ret_key,
                                            struct fault *fault);
LT_CHECK enum lt_status keyfile_make(const char *secret_path, const char *public_path,
                                     struct fault *fault);

#endif
