/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Signing keys of agencies as registrars see and change them. An operator hands in a public key or
 * a certificate in DER; what it is, whose it is and since when it is known is written by the
 * broker. A key is never removed: it is revoked, or its dates end, and it goes on naming the seals
 * that were made with it. Revoking is immediate: what is being verified at that moment is refused.
 *
 * Before the format that seals came with is enabled no key is registered, and so nothing is sealed.
 *
 * A certificate is registered whatever its chain says today; each seal is judged when it comes, and
 * the list shows what would be said now.
 */
#include <string.h>

#include "broker/flow/enable.h"
#include "broker/registry/seal_key.h"
#include "judge.h"
#include "proto/base/text.h"

#define FACT_BYTES     (SEAL_KEY_BYTES_MAX + 512 + LT_REASON_MAX)
#define KEY_PREFIX_MIN 8

static enum lt_status named(struct ask *ask, const struct agency **ret_agency)
{
    uint32_t number = AGENCY_NONE;
    bool given = false;
    enum lt_status status = ask_agency(ask, "id", &number, &given);
    if (status != LT_OK) {
        return status;
    }
    if (!given) {
        return ask_missing(ask, "id");
    }
    *ret_agency = registry_by_number(ask->flow->registry, number);
    if (*ret_agency == NULL) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "id", "%.*s", (int)ask_arg(ask, "id").size,
                         (const char *)ask_arg(ask, "id").data);
    }
    return LT_OK;
}

/* What would be said of a seal of this key now; LT_OK: it counts. */
static enum lt_status judged_now(struct ask *ask, const struct seal_key *key)
{
    struct flow *flow = ask->flow;
    bool stale = false;
    enum lt_status status = seal_key_at(key, flow->now_ms, NULL);
    if (status == LT_OK && key->certificate) {
        status = flow->trust == NULL ? LT_SEAL_CHAIN
                                     : trust_judge(flow->trust, key->der, key->since_ms,
                                                   flow->now_ms, &stale, NULL);
    }
    return status;
}

static enum lt_status put_key(struct ask *ask, const struct agency *agency,
                              const struct seal_key *key)
{
    struct page_draft *page = &ask->page;
    struct public_key *opened =
        seal_keys_public(registry_seal_keys(ask->flow->registry), agency->number, &key->id);
    struct certificate_about about;
    memset(&about, 0, sizeof(about));
    if (key->certificate && certificate_about(key->der, &about) != LT_OK) {
        about.subject[0] = '\0';
    }
    enum lt_status now = judged_now(ask, key);
    if (lt_class(now) == LT_CLASS_STOP) {
        public_key_close(&opened);
        return now;
    }
    page_row(page);
    page_text(page, "id", agency->id);
    page_hex(page, "key", (struct lt_bytes){key->id.bytes, sizeof(key->id.bytes)});
    page_text(page, "algorithm",
              sign_algorithm_name(opened == NULL ? SIGN_NONE : public_key_algorithm(opened)));
    page_text(page, "subject", about.subject);
    page_time(page, "from_ms", key->from_ms);
    page_time(page, "to_ms", key->to_ms != 0 ? key->to_ms : about.to_ms);
    page_time(page, "since_ms", key->since_ms);
    page_flag(page, "revoked", key->revoked);
    page_flag(page, "valid", now == LT_OK);
    page_text(page, "why", now == LT_OK ? "" : lt_code(now));
    public_key_close(&opened);
    return LT_OK;
}

enum lt_status query_seal_keys(struct ask *ask)
{
    const struct agency *agency = NULL;
    const struct seal_key *key;
    enum lt_status status = named(ask, &agency);
    const struct seal_keys *keys = registry_seal_keys(ask->flow->registry);
    if (agency == NULL) {
        return status;
    }
    for (uint32_t i = 0; status == LT_OK && (key = seal_keys_nth(keys, agency->number, i)) != NULL;
         i++) {
        status = put_key(ask, agency, key);
    }
    return status;
}

static enum lt_status stage(struct ask *ask, const struct agency *agency,
                            const struct seal_key *key, const char *change)
{
    uint8_t entry[SEAL_KEY_BYTES_MAX];
    uint8_t memory[FACT_BYTES];
    uint64_t position = 0;
    struct fact_registry fact = {
        .change = REGISTRY_SEAL_KEY,
        .person = text_bytes(ask->person->name),
        .entry = seal_key_write(entry, sizeof(entry), key),
        .reason = ask_arg(ask, "reason"),
    };
    fact.reason.size = utf8_cut((const char *)fact.reason.data, fact.reason.size, LT_REASON_MAX);
    enum lt_status status = LT_OK;
    if (change[0] != 's' && !ask_flag(ask, "dry_run")) {
        status = ask_fact(ask, FACT_REGISTRY, fact_write_registry(memory, sizeof(memory), &fact),
                          &position);
    }
    if (status == LT_OK) {
        page_row(&ask->page);
        page_text(&ask->page, "id", agency->id);
        page_hex(&ask->page, "key", (struct lt_bytes){key->id.bytes, sizeof(key->id.bytes)});
        page_text(&ask->page, "change", change);
        page_number(&ask->page, "position", position);
    }
    return status;
}

static enum lt_status dates_take(struct ask *ask, struct seal_key *key)
{
    uint64_t ms = 0;
    bool given = false;
    enum lt_status status = ask_number(ask, "from", INT64_MAX, &ms, &given);
    key->from_ms = given ? (int64_t)ms : 0;
    if (status == LT_OK) {
        given = false;
        status = ask_number(ask, "to", INT64_MAX, &ms, &given);
        key->to_ms = given ? (int64_t)ms : 0;
    }
    return status;
}

enum lt_status act_seal_key_put(struct ask *ask)
{
    const struct agency *agency = NULL;
    struct seal_key key;
    const struct seal_keys *keys = registry_seal_keys(ask->flow->registry);
    enum lt_status status = named(ask, &agency);
    if (agency == NULL) {
        return status;
    }
    if (!flow_writes(ask->flow, FACT_SEAL)) {
        return fault_set(&ask->fault, LT_FORMAT_NOT_ENABLED, "format",
                         "%u is written, seals need %u", ask->flow->format, FORMAT_TRUST);
    }
    status = judge_scope(ask, agency->number);
    if (status == LT_OK) {
        status = seal_key_make(ask->query->payload, &key, &ask->fault);
    }
    if (status == LT_OK) {
        key.agency = agency->number;
        status = dates_take(ask, &key);
    }
    if (status != LT_OK) {
        return status;
    }
    const struct seal_key *known = seal_keys_find(keys, key.agency, &key.id);
    key.since_ms = known != NULL ? known->since_ms : ask->flow->now_ms;
    key.revoked = known != NULL && known->revoked; /* what is revoked stays so */
    status = seal_keys_check(keys, &key, &ask->fault);
    if (status != LT_OK) {
        return status;
    }
    bool same = known != NULL && bytes_equal(known->der, key.der) &&
                known->from_ms == key.from_ms && known->to_ms == key.to_ms;
    return stage(ask, agency, &key, same ? "same" : known != NULL ? "changed" : "added");
}

/* The one key of the agency whose id begins with these digits. */
static enum lt_status key_named(struct ask *ask, const struct agency *agency,
                                const struct seal_key **ret_key)
{
    const struct seal_keys *keys = registry_seal_keys(ask->flow->registry);
    struct lt_bytes prefix = ask_arg(ask, "key");
    const struct seal_key *key;
    uint32_t found = 0;
    if (prefix.size < KEY_PREFIX_MIN) {
        return ask_bad(ask, "key");
    }
    for (uint32_t i = 0; (key = seal_keys_nth(keys, agency->number, i)) != NULL; i++) {
        char hex[2 * sizeof(key->id.bytes) + 1];
        hex_write(hex, key->id.bytes, sizeof(key->id.bytes));
        if (prefix.size < sizeof(hex) && memcmp(hex, prefix.data, prefix.size) == 0) {
            *ret_key = key;
            found++;
        }
    }
    return found == 1 ? LT_OK
                      : fault_set(&ask->fault, LT_NOT_FOUND, "key", "%.*s", (int)prefix.size,
                                  (const char *)prefix.data);
}

enum lt_status act_seal_key_revoke(struct ask *ask)
{
    const struct agency *agency = NULL;
    const struct seal_key *known = NULL;
    enum lt_status status = named(ask, &agency);
    if (agency == NULL) {
        return status;
    }
    status = judge_scope(ask, agency->number);
    if (status == LT_OK) {
        status = key_named(ask, agency, &known);
    }
    if (status != LT_OK || known == NULL) {
        return status;
    }
    struct seal_key key = *known;
    key.revoked = true;
    return stage(ask, agency, &key, known->revoked ? "same" : "changed");
}
