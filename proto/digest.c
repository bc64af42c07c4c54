/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * SHA-256, the one digest of the house, through OpenSSL as sign.c and trust.c. The algorithm is
 * fetched once and the context is used again and again: for the short inputs of a transfer that is
 * about three times faster than the one-shot call. A digester belongs to one thread and carries one
 * stream at a time.
 *
 * Opening may fail and says so. After that nothing can: a library that stops hashing in the middle
 * leaves no digest to trust, so the process ends instead of answering with a wrong one.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/log.h"
#include "digest.h"

struct digester {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
    bool streaming;
};

enum lt_status digester_open(struct digester **ret_digester)
{
    struct digester *digester = calloc(1, sizeof(*digester));
    if (!digester) {
        return LT_NO_MEMORY;
    }
    digester->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    digester->context = EVP_MD_CTX_new();
    if (!digester->algorithm || !digester->context) {
        ERR_clear_error();
        digester_close(&digester);
        return LT_CRYPTO;
    }
    *ret_digester = digester;
    return LT_OK;
}

void digester_close(struct digester **digester_p)
{
    struct digester *digester = *digester_p;
    if (!digester) {
        return;
    }
    EVP_MD_CTX_free(digester->context);
    EVP_MD_free(digester->algorithm);
    free(digester);
    *digester_p = NULL;
}

static void must(int answer, const char *step)
{
    if (answer == 1) {
        return;
    }
    log_error("digest-failed", "step=%s code=%lu", step, ERR_peek_last_error());
    abort();
}

struct lt_digest digest_of(struct digester *digester, struct lt_bytes bytes)
{
    return digest_of_two(digester, bytes, (struct lt_bytes){NULL, 0});
}

struct lt_digest digest_of_two(struct digester *digester, struct lt_bytes a, struct lt_bytes b)
{
    digest_start(digester);
    digest_feed(digester, a);
    digest_feed(digester, b);
    return digest_finish(digester);
}

void digest_start(struct digester *digester)
{
    assert(!digester->streaming);
    must(EVP_DigestInit_ex2(digester->context, digester->algorithm, NULL), "start");
    digester->streaming = true;
}

void digest_feed(struct digester *digester, struct lt_bytes bytes)
{
    assert(digester->streaming);
    if (bytes.size > 0) {
        must(EVP_DigestUpdate(digester->context, bytes.data, bytes.size), "feed");
    }
}

struct lt_digest digest_finish(struct digester *digester)
{
    struct lt_digest digest;
    unsigned int size = 0;
    assert(digester->streaming);
    must(EVP_DigestFinal_ex(digester->context, digest.bytes, &size), "finish");
    assert(size == sizeof(digest.bytes));
    digester->streaming = false;
    return digest;
}

bool digest_equal(const struct lt_digest *a, const struct lt_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool digest_empty(const struct lt_digest *digest)
{
    static const struct lt_digest none;
    return digest_equal(digest, &none);
}
