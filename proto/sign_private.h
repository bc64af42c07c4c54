/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_SIGN_PRIVATE_H
#define PROTO_SIGN_PRIVATE_H

/* Between sign.c and trust.c: what a PEM reader is given instead of a person at the terminal. */
int pem_no_password(char *out, int size, int writing, void *context);

#endif
