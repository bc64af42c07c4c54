/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_SIGN_PRIVATE_H
#define PROTO_SIGN_PRIVATE_H

#include <openssl/types.h>

#include "base/fault.h"

/* Between sign.c, trust.c and ca.c: what a PEM reader is given instead of a person at the terminal.
 */
int pem_no_password(char *out, int size, int writing, void *context);

/* The private key of a PEM file that nobody else may read; the caller frees it. */
LT_CHECK enum lt_status private_key_from_file(const char *path, EVP_PKEY **ret_key,
                                              struct fault *fault);

#endif
