/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Alarms about what ends by the calendar: the last valid CURVE key or signing key of an agency, and
 * the list of revoked certificates. They are looked up when somebody asks, out of the registry: an
 * agency with another key that goes on longer is in a rotation and no alarm. `within_days` is the
 * least of 60, 30, 7, 1 and 0 (over) that fits, so a timer can tell a new step from an old one. The
 * log tells each step once (expiry_log.c).
 *
 * Limits: EXPIRING_MAX rows, the rest as a count; suspended agencies and those with a successor
 * are passed over.
 */
#include "alarm_expiry.h"

#include "broker/registry/seal_key.h"

#define DAY_MS       (24 * 3600 * 1000LL)
#define EXPIRING_MAX 100

static const int64_t steps[] = {0, 1, 7, 30, 60};

int64_t expiry_step(int64_t until_ms, int64_t now_ms)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (until_ms <= now_ms + steps[i] * DAY_MS) {
            return steps[i];
        }
    }
    return -1;
}

/* The later end; 0 is open. */
static int64_t later(int64_t a_ms, int64_t b_ms)
{
    if (a_ms == 0 || b_ms == 0) {
        return 0;
    }
    return a_ms > b_ms ? a_ms : b_ms;
}

int64_t expiry_of_key(const struct agency *agency)
{
    int64_t until_ms = -1;
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        if (!agency->keys[i].revoked) {
            until_ms = later(until_ms, agency->keys[i].to_ms);
        }
    }
    return until_ms;
}

int64_t expiry_of_seal_key(const struct seal_keys *keys, uint32_t agency)
{
    const struct seal_key *key;
    int64_t until_ms = -1;
    for (uint32_t i = 0; (key = seal_keys_nth(keys, agency, i)) != NULL; i++) {
        struct certificate_about about;
        int64_t to_ms = key->to_ms;
        if (key->certificate && certificate_about(key->der, &about) == LT_OK &&
            (to_ms == 0 || about.to_ms < to_ms)) {
            to_ms = about.to_ms;
        }
        if (!key->revoked) {
            until_ms = later(until_ms, to_ms);
        }
    }
    return until_ms;
}

bool expiry_matters(const struct agency *agency)
{
    return !agency->suspended && agency->successor[0] == '\0';
}

static void put(struct ask *ask, const char *what, const struct agency *agency, int64_t until_ms,
                uint32_t *found)
{
    int64_t step = until_ms > 0 ? expiry_step(until_ms, ask->flow->now_ms) : -1;
    if (step < 0) {
        return;
    }
    (*found)++;
    if (*found > EXPIRING_MAX) {
        return;
    }
    page_row(&ask->page);
    page_text(&ask->page, "what", what);
    if (agency != NULL) {
        page_text(&ask->page, "agency", agency->id);
        page_text(&ask->page, "agency_name", agency->name);
    }
    page_time(&ask->page, "until_ms", until_ms);
    page_number(&ask->page, "within_days", (uint64_t)step);
}

void alarms_expiring(struct ask *ask)
{
    const struct flow *flow = ask->flow;
    const struct seal_keys *keys = registry_seal_keys(flow->registry);
    const struct agency *agency;
    uint32_t found = 0;
    int64_t list_ms = flow->trust == NULL ? 0 : trust_lists_until_ms(flow->trust);
    if (list_ms > flow->now_ms && list_ms <= flow->now_ms + 7 * DAY_MS) {
        put(ask, "crl-ending", NULL, list_ms, &found);
    }
    for (uint32_t i = 0; (agency = registry_at(flow->registry, i)) != NULL; i++) {
        if (expiry_matters(agency)) {
            put(ask, "key-ending", agency, expiry_of_key(agency), &found);
            put(ask, "seal-key-ending", agency, expiry_of_seal_key(keys, agency->number), &found);
        }
    }
    if (found > EXPIRING_MAX) {
        page_row(&ask->page);
        page_text(&ask->page, "what", "more");
        page_number(&ask->page, "count", found - EXPIRING_MAX);
    }
}
