/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Tokens in place of codes. A case code is guessable (agency, date, ordinal), so a plain digest
 * would be no mask: the token is HMAC-SHA-256 (RFC 2104) with a key made from the broker's secret
 * key, cut to 48 bits. A broker that gets another secret key gets other tokens.
 *
 * Masking is a matter of what is shown to people. The wire is not masked: agencies get their own
 * codes back, and so do receivers.
 */
#include "mask.h"

#include <string.h>

#include "proto/base/text.h"

#define BLOCK_BYTES  64
#define TOKEN_DIGITS (MASK_TOKEN_BYTES - 2)

void mask_key_make(struct mask_key *ret_key, struct digester *digester, struct lt_bytes secret)
{
    struct lt_digest digest = digest_of_two(digester, text_bytes("lienthong/mask/1"), secret);
    memcpy(ret_key->bytes, digest.bytes, sizeof(ret_key->bytes));
}

static void block_make(uint8_t out[BLOCK_BYTES], const struct mask_key *key, uint8_t pad)
{
    memset(out, pad, BLOCK_BYTES);
    for (size_t i = 0; i < sizeof(key->bytes); i++) {
        out[i] ^= key->bytes[i];
    }
}

void mask_token(char out[MASK_TOKEN_BYTES], const struct ask *ask, char domain,
                struct lt_bytes value)
{
    uint8_t block[BLOCK_BYTES];
    struct digester *digester = ask->flow->digester;
    block_make(block, &ask->operators->mask_key, 0x36);
    digest_start(digester);
    digest_feed(digester, (struct lt_bytes){block, sizeof(block)});
    digest_feed(digester, (struct lt_bytes){(const uint8_t *)&domain, 1});
    digest_feed(digester, value);
    struct lt_digest inner = digest_finish(digester);
    block_make(block, &ask->operators->mask_key, 0x5c);
    struct lt_digest outer = digest_of_two(digester, (struct lt_bytes){block, sizeof(block)},
                                           (struct lt_bytes){inner.bytes, sizeof(inner.bytes)});
    out[0] = '~';
    hex_write(out + 1, outer.bytes, TOKEN_DIGITS / 2);
}

bool mask_hides(const struct ask *ask, const struct transfer *t)
{
    return !ask->unmasked && config_sensitive(ask->operators->config, text_bytes(t->procedure));
}

static bool named(const struct ask *ask, const struct transfer *t)
{
    struct lt_bytes code = text_bytes(t->case_code);
    return code.size > 0 &&
           (bytes_equal(ask_arg(ask, "code"), code) || bytes_equal(ask_arg(ask, "case"), code));
}

void row_case(struct ask *ask, const struct transfer *t)
{
    char token[MASK_TOKEN_BYTES];
    if (t->case_code[0] == '\0' || !mask_hides(ask, t) || named(ask, t)) {
        page_text(&ask->page, "case", t->case_code);
        return;
    }
    mask_token(token, ask, 'c', text_bytes(t->case_code));
    page_text(&ask->page, "case", token);
}
