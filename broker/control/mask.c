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

#include <stdio.h>
#include <string.h>

#include "broker/flow/plan.h"
#include "proto/base/text.h"

#define BLOCK_BYTES  64
#define TOKEN_DIGITS (MASK_TOKEN_BYTES - 2)
#define LOOKS_MAX    64 /* at the transfers of a case, or the items of a plan */

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

/* ---- words of people, and plans ---- */

bool mask_shows_words(const struct ask *ask, const char *person)
{
    return ask->person->role >= OPERATOR_APPROVER || strcmp(ask->person->name, person) == 0;
}

bool mask_hides_words(const struct ask *ask, const struct transfer *t, const char *person)
{
    return mask_hides(ask, t) && !mask_shows_words(ask, person);
}

/* The value behind "name=" in a selection, which goes as far as the next name (act_plan.c). */
static struct lt_bytes selected(const struct plan *plan, const char *name)
{
    static const char *const next[] = {" procedure=", " code=", " since=", " until="};
    const char *at = plan->selection;
    size_t size = strlen(name);
    while (at != NULL && strncmp(at, name, size) != 0) {
        at = strchr(at, ' ');
        at = at == NULL ? NULL : at + 1;
    }
    if (at == NULL) {
        return (struct lt_bytes){NULL, 0};
    }
    const char *from = at + size;
    const char *end = from + strlen(from);
    for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++) {
        const char *other = strstr(from, next[i]);
        end = other != NULL && other < end ? other : end;
    }
    return (struct lt_bytes){(const uint8_t *)from, (size_t)(end - from)};
}

static bool case_sensitive(struct ask *ask, struct lt_bytes code)
{
    uint8_t from[RECORD_KEY_MAX];
    struct state_entry at;
    struct transfer_key key;
    struct transfer t;
    size_t same = case_prefix(from, code).size;
    enum lt_status status =
        state_seek_part(ask->flow->state, STATE_CASES, case_key(from, code, 0), same, &at);
    for (int i = 0; i < LOOKS_MAX && status == LT_OK && at.found; i++) {
        if (!case_value_read(at.value, &key) || transfer_load(ask->flow, &key, &t) != LT_OK ||
            mask_hides(ask, &t)) {
            return true;
        }
        status = state_step(ask->flow->state, &at);
    }
    return status != LT_OK || at.found;
}

static bool items_sensitive(struct ask *ask, uint64_t number)
{
    uint8_t from[RECORD_KEY_MAX];
    struct plan_key item = {0};
    struct state_entry at;
    struct transfer_key key;
    struct transfer t;
    enum lt_status status =
        state_seek(ask->flow->state, STATE_PLANS, plan_item_key(from, number, &item), &at);
    for (int i = 0; i < LOOKS_MAX && status == LT_OK; i++) {
        if (!at.found || !plan_item_key_read(at.key, number, &item)) {
            return false; /* that was all of it */
        }
        if (transfer_at(ask->flow, item.position, &key, &t) != LT_OK || mask_hides(ask, &t)) {
            return true;
        }
        status = state_step(ask->flow->state, &at);
    }
    return true;
}

bool mask_plan_sensitive(struct ask *ask, uint64_t number, const struct plan *plan)
{
    if (ask->operators->config->sensitive_count == 0) {
        return false;
    }
    struct lt_bytes code = selected(plan, "case=");
    return config_sensitive(ask->operators->config, selected(plan, "procedure=")) ||
           (code.size > 0 && case_sensitive(ask, code)) || items_sensitive(ask, number);
}

void row_selection(struct ask *ask, const struct plan *plan, bool hidden)
{
    char text[PLAN_SELECTION_MAX + MASK_TOKEN_BYTES];
    char token[MASK_TOKEN_BYTES];
    struct lt_bytes code = selected(plan, "case=");
    if (!hidden || code.size == 0) {
        page_text(&ask->page, "selection", plan->selection);
        return;
    }
    mask_token(token, ask, 'c', code);
    int before = (int)((const char *)code.data - plan->selection);
    snprintf(text, sizeof(text), "%.*s%s%s", before, plan->selection, token,
             (const char *)code.data + code.size);
    page_text(&ask->page, "selection", text);
}
