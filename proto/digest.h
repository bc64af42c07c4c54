/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_DIGEST_H
#define PROTO_DIGEST_H

#include <stdbool.h>

#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * SHA-256 through OpenSSL, algorithm fetched once and context reused (about three times faster than
 * the one-shot call for short inputs). One digester per thread. A failure of the library is
 * LT_CRYPTO, class stop; digest_* below end the program on it, because nothing can be trusted then.
 */
struct digester;

enum lt_status digester_open(struct digester **ret_digester);
void digester_close(struct digester **digester_p);

struct lt_digest digest_of(struct digester *digester, struct lt_bytes bytes);
struct lt_digest digest_of_two(struct digester *digester, struct lt_bytes a, struct lt_bytes b);

/* Streams: start, feed, finish. One stream at a time per digester. */
void digest_start(struct digester *digester);
void digest_feed(struct digester *digester, struct lt_bytes bytes);
struct lt_digest digest_finish(struct digester *digester);

bool digest_equal(const struct lt_digest *a, const struct lt_digest *b);
bool digest_empty(const struct lt_digest *digest);

#endif
