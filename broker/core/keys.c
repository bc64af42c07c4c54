/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The directory of keys that may connect, made anew as a whole. Agencies stand under their id,
 * operators under "operator/NAME". A key whose dates are over or not yet begun is left out (300:
 * its owner keeps trying); a revoked one stays in as revoked (400: its library gives up).
 */
#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/limits.h"

/* The earlier one, of those that lie ahead. */
static int64_t sooner(int64_t due_ms, int64_t date_ms, int64_t now_ms)
{
    return date_ms > now_ms && date_ms < due_ms ? date_ms : due_ms;
}

static void add_agency(struct net_key *out, uint32_t *count, const struct agency *agency,
                       int64_t now_ms, int64_t *due_ms)
{
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        const struct agency_key *key = &agency->keys[i];
        bool in_time = key->from_ms <= now_ms && (key->to_ms == 0 || now_ms < key->to_ms);
        *due_ms = sooner(*due_ms, key->from_ms, now_ms);
        *due_ms = sooner(*due_ms, key->to_ms, now_ms);
        if (!in_time && !key->revoked) {
            continue;
        }
        struct net_key *entry = &out[(*count)++];
        entry->key = key->key;
        entry->revoked = key->revoked;
        memcpy(entry->user, agency->id, sizeof(agency->id));
    }
}

static void add_operators(struct net_key *out, uint32_t *count, const struct config *config,
                          int64_t now_ms, int64_t *due_ms)
{
    for (uint32_t i = 0; i < config->operators_count; i++) {
        const struct operator_entry *person = &config->operators[i];
        *due_ms = sooner(*due_ms, person->from_ms, now_ms);
        *due_ms = sooner(*due_ms, person->to_ms, now_ms);
        if (!operator_in_time(person, now_ms)) {
            continue;
        }
        struct net_key *entry = &out[(*count)++];
        entry->key = person->key;
        snprintf(entry->user, sizeof(entry->user), "operator/%.54s", person->name);
    }
}

/* Is there something to push, and may it be? Under load something is always staged, so it is not
 * the whole journal that has to be durable but what the registry was made of. */
static bool wanted(struct keys *keys, const struct flow *flow)
{
    uint64_t version = registry_version(flow->registry);
    if (version != keys->seen_version) {
        keys->seen_version = version;
        keys->seen_position = journal_staged(flow->journal);
    }
    bool stale = version != keys->version || keys->changed || flow->now_ms >= keys->due_ms;
    return !keys->pushed || (stale && flow->durable >= keys->seen_position);
}

enum lt_status keys_push(struct keys *keys, struct broker *broker, const struct config *config,
                         struct net *net)
{
    struct flow *flow = broker_flow(broker);
    if (!wanted(keys, flow)) {
        return LT_OK;
    }
    size_t most = (size_t)registry_count(flow->registry) * AGENCY_KEYS_MAX + CONFIG_OPERATORS_MAX;
    struct net_key *all = calloc(most, sizeof(*all));
    uint32_t count = 0;
    int64_t due_ms = INT64_MAX;
    if (all == NULL) {
        return LT_NO_MEMORY;
    }
    const struct agency *agency;
    for (uint32_t i = 0; (agency = registry_at(flow->registry, i)) != NULL; i++) {
        add_agency(all, &count, agency, flow->now_ms, &due_ms);
    }
    add_operators(all, &count, config, flow->now_ms, &due_ms);
    enum lt_status status = net_keys(net, all, count);
    free(all);
    if (status == LT_OK) {
        keys->version = keys->seen_version;
        keys->due_ms = due_ms;
        keys->pushed = true;
        keys->changed = false;
    }
    return status;
}

void keys_changed(struct keys *keys)
{
    keys->changed = true;
}
