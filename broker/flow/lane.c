/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Entries and heads of lanes. A head counts roles; its `first` is at or before the first entry that
 * holds or waits, so that a walk does not start among the leftovers of what was settled. The
 * numbers are folded like everything else and compared by the sim with what the entries say.
 */
#include "lane.h"

#include <assert.h>
#include <string.h>

#include "fold_leg.h"
#include "held.h"

enum lane_role lane_role_of(const struct leg *leg)
{
    if (!leg_open(leg->state)) {
        return LANE_NO_ROLE;
    }
    if (leg->state == LEG_BEHIND) {
        return LANE_WAITS;
    }
    return (leg->flags & LEG_FLAG_ASIDE) != 0 ? LANE_ASIDE : LANE_HOLDS;
}

static struct lane_head head_get(struct flow *flow, uint32_t agency, const struct lane *lane)
{
    uint8_t key[RECORD_KEY_MAX];
    struct lt_bytes value;
    struct lane_head head;
    memset(&head, 0, sizeof(head));
    if (state_get(flow->state, STATE_HEADS, lane_prefix(key, agency, lane), &value) == LT_OK) {
        (void)lane_head_read(value, &head);
    }
    return head;
}

static void head_put(struct flow *flow, uint32_t agency, const struct lane *lane,
                     const struct lane_head *head)
{
    uint8_t key[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    struct lt_bytes name = lane_prefix(key, agency, lane);
    if (head->blockers == 0 && head->behind == 0) {
        state_delete(flow->state, STATE_HEADS, name);
    } else {
        state_put(flow->state, STATE_HEADS, name, lane_head_write(value, head));
    }
}

static void head_count(struct lane_head *head, enum lane_role role, bool overtakes, int change)
{
    if (role == LANE_HOLDS) {
        assert(change > 0 || head->blockers > 0);
        head->blockers += (uint32_t)change;
    } else if (role == LANE_WAITS) {
        assert(change > 0 || head->behind > 0);
        head->behind += (uint32_t)change;
        head->overtakers += overtakes ? (uint32_t)change : 0;
    }
}

static void entry_put(struct flow *flow, const struct transfer_key *key, const struct transfer *t,
                      uint8_t leg, enum lane_role role)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    struct lane_key lane_key = {
        .agency = t->legs[leg].agency, .lane = t->lane, .position = t->position, .leg = leg};
    struct lt_bytes name = lane_key_write(key_bytes, &lane_key);
    if (role == LANE_NO_ROLE) {
        state_delete(flow->state, STATE_LANES, name);
        return;
    }
    struct lane_entry entry = {
        .transfer = *key,
        .state = t->legs[leg].state,
        .flags = t->legs[leg].flags,
        .overtakes = kind_overtakes(t->kind) ? 1 : 0,
        .since_ms = t->legs[leg].since_ms,
    };
    if (kind_expires(t->kind)) {
        /* A deadline that had passed when it came cannot be meant for its way. */
        bool told = t->deadline_ms > t->time_ms;
        entry.expires = told ? LIMIT_AT : LIMIT_NORMAL;
        entry.limit_ms = told ? t->deadline_ms : t->time_ms;
    }
    state_put(flow->state, STATE_LANES, name, lane_entry_write(value, &entry));
}

void lane_follow(struct flow *flow, const struct transfer_key *key, const struct transfer *t,
                 uint8_t leg, enum lane_role before)
{
    enum lane_role after = lane_role_of(&t->legs[leg]);
    uint32_t agency = t->legs[leg].agency;
    entry_put(flow, key, t, leg, after);
    if (before == after) {
        return;
    }
    struct lane_head head = head_get(flow, agency, &t->lane);
    bool empty = head.blockers == 0 && head.behind == 0;
    head_count(&head, before, kind_overtakes(t->kind), -1);
    head_count(&head, after, kind_overtakes(t->kind), 1);
    if ((after == LANE_HOLDS || after == LANE_WAITS) && (empty || t->position < head.first)) {
        head.first = t->position;
    }
    head_put(flow, agency, &t->lane, &head);
}

bool lane_held(struct flow *flow, const struct transfer *t, uint8_t leg)
{
    struct lane_head head = head_get(flow, t->legs[leg].agency, &t->lane);
    return head.blockers > (lane_role_of(&t->legs[leg]) == LANE_HOLDS ? 1u : 0u);
}

bool lane_waits(struct flow *flow, const struct transfer *t, uint8_t leg)
{
    struct lane_head head = head_get(flow, t->legs[leg].agency, &t->lane);
    return head.behind > (lane_role_of(&t->legs[leg]) == LANE_WAITS ? 1u : 0u);
}

/* Walks from head.first to the first entry with that role (and overtaking, if asked). */
static bool walk(struct flow *flow, uint32_t agency, const struct lane *lane,
                 const struct lane_head *head, enum lane_role role, bool overtaking,
                 struct lane_key *ret_key, struct lane_entry *ret_entry)
{
    uint8_t from_bytes[RECORD_KEY_MAX];
    uint8_t prefix_bytes[RECORD_KEY_MAX];
    struct lt_bytes prefix = lane_prefix(prefix_bytes, agency, lane);
    struct lane_key from = {.agency = agency, .lane = *lane, .position = head->first};
    struct state_entry at;
    enum lt_status status = state_seek_part(flow->state, STATE_LANES,
                                            lane_key_write(from_bytes, &from), prefix.size, &at);
    while (status == LT_OK && at.found && at.key.size > prefix.size) {
        struct lane_key key;
        struct lane_entry entry;
        if (lane_key_read(at.key, &key) && lane_entry_read(at.value, &entry)) {
            struct leg leg = {.state = entry.state, .flags = entry.flags};
            if (lane_role_of(&leg) == role && (!overtaking || entry.overtakes != 0)) {
                *ret_key = key;
                *ret_entry = entry;
                return true;
            }
        }
        status = state_step(flow->state, &at);
    }
    return false;
}

bool lane_next(struct flow *flow, uint32_t agency, const struct lane *lane,
               struct lane_key *ret_key, struct lane_entry *ret_entry)
{
    struct lane_head head = head_get(flow, agency, lane);
    if (head.behind == 0) {
        return false;
    }
    if (head.overtakers != 0) {
        return walk(flow, agency, lane, &head, LANE_WAITS, true, ret_key, ret_entry);
    }
    if (!walk(flow, agency, lane, &head, LANE_WAITS, false, ret_key, ret_entry)) {
        return false;
    }
    if (head.blockers == 0 && ret_key->position > head.first) {
        head.first = ret_key->position; /* nothing that holds or waits stands before it */
        head_put(flow, agency, lane, &head);
    }
    return true;
}

bool lane_holder(struct flow *flow, uint32_t agency, const struct lane *lane,
                 struct lane_key *ret_key, struct lane_entry *ret_entry)
{
    struct lane_head head = head_get(flow, agency, lane);
    return head.blockers != 0 &&
           walk(flow, agency, lane, &head, LANE_HOLDS, false, ret_key, ret_entry);
}

/* Did its local system say after the last delivery that it has the leg? */
static bool has_it(struct flow *flow, const struct lane_key *key, const struct lane_entry *entry)
{
    struct held_record last;
    struct transfer t;
    return (entry->flags & LEG_FLAG_SENT_ONCE) != 0 &&
           held_last(flow, key->position, key->leg, &last) && last.held == LT_HELD_YES &&
           transfer_load(flow, &entry->transfer, &t) == LT_OK && key->leg < t.legs_count &&
           t.legs[key->leg].attempts == last.attempt;
}

bool lane_left(struct flow *flow, uint32_t agency, const struct lane *lane, uint64_t position)
{
    uint8_t from_bytes[RECORD_KEY_MAX];
    uint8_t prefix_bytes[RECORD_KEY_MAX];
    struct lane_head head = head_get(flow, agency, lane);
    if (head.blockers == 0 && head.behind == 0) {
        return false;
    }
    struct lt_bytes prefix = lane_prefix(prefix_bytes, agency, lane);
    struct lane_key from = {.agency = agency, .lane = *lane, .position = head.first};
    struct state_entry at;
    enum lt_status status =
        state_seek(flow->state, STATE_LANES, lane_key_write(from_bytes, &from), &at);
    while (status == LT_OK && at.found && at.key.size > prefix.size &&
           memcmp(at.key.data, prefix.data, prefix.size) == 0) {
        struct lane_key key;
        struct lane_entry entry;
        if (!lane_key_read(at.key, &key) || !lane_entry_read(at.value, &entry) ||
            key.position >= position) {
            return false;
        }
        struct leg leg = {.state = entry.state, .flags = entry.flags};
        if (lane_role_of(&leg) != LANE_ASIDE && !has_it(flow, &key, &entry)) {
            return true;
        }
        status = state_step(flow->state, &at);
    }
    return false;
}
