/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Walks all open legs in the background, some thousand entries every SWEEP_MS, agency by agency in
 * the order of their lanes, round after round with a rest between. One walk serves three ends:
 *
 *   deadlines     kinds that may expire park for a person when their deadline is past; a leg that
 *                 is out, held or parked is left to whoever has it, and so is one that a person
 *                 has sent again. Never while the clock is suspect.
 *   stuck         what stays in one state for longer than that state's limit is an alarm with its
 *                 id; legs behind an open incident are that incident's and no alarms of their own.
 *   conservation  the entries of every agency are counted and compared with the counters that the
 *                 facts made; a difference is an alarm.
 *
 * An agency with no more open legs than a slice is counted within one turn and exactly. A larger
 * one is counted over several, and as much of a difference as legs that came or went meanwhile
 * explain is none. The entries say all that is needed: no transfer is looked up for a leg that is
 * well. Alarms are those of the last whole round: what has been mended is gone with the next.
 */
#include "sweeper.h"

#include <string.h>

#include "flow.h"
#include "fold_leg.h"
#include "lane.h"
#include "proto/base/log.h"

#define TIMED_MAX 16 /* legs parked in one slice */

struct slice {
    uint32_t left; /* entries that may still be looked at */
    struct lane_key timed[TIMED_MAX];
    uint32_t timed_count;
};

/* ---- the sum -----------------------------------------------------------------------------------
 */

uint64_t counts_changes(const struct counts *counts)
{
    return counts->accepted + counts->taken + counts->refused + counts->expired + counts->cancelled;
}

uint64_t counts_open(const struct counts *counts)
{
    return counts->accepted - counts->taken - counts->refused - counts->expired - counts->cancelled;
}

int64_t counts_difference(const struct counts *counts, uint64_t counted, uint64_t moved)
{
    int64_t difference = (int64_t)(counts_open(counts) - counted);
    int64_t most = (int64_t)moved;
    if (difference > most) {
        return difference - most;
    }
    return difference < -most ? difference + most : 0;
}

/* ---- alarms ------------------------------------------------------------------------------------
 */

static void alarm_add(struct sweep_round *round, const struct alarm *alarm)
{
    if (round->alarms_count < ALARMS_MAX) {
        round->alarms[round->alarms_count++] = *alarm;
    }
}

static int64_t stuck_after_ms(const struct flow *flow, enum leg_state state)
{
    /* What waits for another leg or for a person gets three times as long. */
    bool patient = state == LEG_BEHIND || state == LEG_HELD || state == LEG_PARKED;
    return flow->settings.stuck_ms * (patient ? 3 : 1);
}

static void look_stuck(struct flow *flow, const struct lane_key *key,
                       const struct lane_entry *entry)
{
    struct sweep_round *round = &flow->sweeper.round;
    bool persons = entry->state == LEG_HELD || entry->state == LEG_PARKED;
    bool explained = !persons && desk_of(&flow->desks, key->agency)->incident != 0;
    if (flow->settings.stuck_ms == 0 || flow->clock_suspect || explained ||
        flow->now_ms - entry->since_ms <= stuck_after_ms(flow, entry->state)) {
        return;
    }
    struct alarm alarm = {
        .what = ALARM_STUCK,
        .agency = key->agency,
        .transfer = entry->transfer,
        .leg = key->leg,
        .state = entry->state,
        .since_ms = entry->since_ms,
    };
    round->stuck++;
    alarm_add(round, &alarm);
}

static void look_difference(struct flow *flow, struct desk *desk)
{
    struct sweeper *sweeper = &flow->sweeper;
    uint64_t now = counts_changes(&desk->counts);
    uint64_t moved = now > sweeper->changes ? now - sweeper->changes : sweeper->changes - now;
    int64_t difference = counts_difference(&desk->counts, sweeper->counted, moved);
    if (difference != 0 && difference != desk->difference) {
        const struct agency *agency = registry_by_number(flow->registry, desk->agency);
        log_error("conservation-differs", "agency=%s difference=%lld",
                  agency == NULL ? "-" : agency->id, (long long)difference);
    }
    desk->counted = sweeper->counted;
    desk->difference = difference;
    if (difference != 0) {
        struct alarm alarm = {
            .what = ALARM_DIFFERENCE, .agency = desk->agency, .difference = difference};
        sweeper->round.differing++;
        alarm_add(&sweeper->round, &alarm);
    }
}

/* ---- deadlines ---------------------------------------------------------------------------------
 */

static bool deadline_past(const struct flow *flow, const struct lane_entry *entry)
{
    int64_t limit_ms = entry->limit_ms;
    bool kept = (entry->flags & LEG_FLAG_KEPT) != 0;
    if (entry->expires == LIMIT_NONE || kept || flow->clock_suspect) {
        return false;
    }
    if (entry->expires == LIMIT_NORMAL) {
        if (flow->settings.deadline_ms == 0) {
            return false;
        }
        limit_ms += flow->settings.deadline_ms;
    }
    return flow->now_ms > limit_ms &&
           (entry->state == LEG_READY || entry->state == LEG_BACKOFF || entry->state == LEG_BEHIND);
}

static enum lt_status park_timed(struct flow *flow, const struct lane_key *key)
{
    uint8_t memory[32];
    uint64_t position;
    struct fact_timed timed = {
        .position = key->position, .leg = key->leg, .code = LT_DEADLINE_PASSED, .next = LEG_PARKED};
    if (flight_find(&flow->flights, key->position, key->leg) != NULL) {
        return LT_OK; /* it went out in this turn */
    }
    flow->sweeper.timed++;
    return flow_fact(flow, FACT_TIMED, fact_write_timed(memory, sizeof(memory), &timed), &position);
}

static enum lt_status park_all(struct flow *flow, const struct slice *slice)
{
    for (uint32_t i = 0; i < slice->timed_count; i++) {
        if (!flow_room_small(flow)) {
            return LT_OK; /* found again by the next round */
        }
        enum lt_status status = park_timed(flow, &slice->timed[i]);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

/* ---- the walk ----------------------------------------------------------------------------------
 */

static void look_at(struct flow *flow, struct slice *slice, const struct lane_key *key,
                    const struct lane_entry *entry)
{
    struct sweeper *sweeper = &flow->sweeper;
    sweeper->counted++;
    if (entry->state < LEG_STATES_END) {
        sweeper->round.states[entry->state]++;
    }
    look_stuck(flow, key, entry);
    if (deadline_past(flow, entry) && slice->timed_count < TIMED_MAX) {
        slice->timed[slice->timed_count++] = *key;
    }
}

/* *ret_all: the agency is through; else sweeper->next says where to go on. */
static enum lt_status walk(struct flow *flow, struct slice *slice, bool *ret_all)
{
    struct sweeper *sweeper = &flow->sweeper;
    uint8_t from[RECORD_KEY_MAX];
    struct state_entry at;
    *ret_all = false;
    enum lt_status status =
        state_seek(flow->state, STATE_LANES, lane_key_write(from, &sweeper->next), &at);
    slice->left--;
    while (status == LT_OK && at.found) {
        struct lane_key key;
        struct lane_entry entry;
        if (!lane_key_read(at.key, &key) || !lane_entry_read(at.value, &entry)) {
            flow->counters.damaged++;
            status = state_step(flow->state, &at);
            continue;
        }
        if (key.agency != sweeper->agency) {
            break;
        }
        if (slice->left == 0 || slice->timed_count == TIMED_MAX) {
            sweeper->next = key;
            return LT_OK;
        }
        look_at(flow, slice, &key, &entry);
        slice->left--;
        status = state_step(flow->state, &at);
    }
    *ret_all = status == LT_OK;
    return status;
}

static void begin_agency(struct sweeper *sweeper, const struct desk *desk)
{
    sweeper->begun = true;
    sweeper->next = (struct lane_key){.agency = sweeper->agency};
    sweeper->counted = 0;
    sweeper->changes = counts_changes(&desk->counts);
}

static void end_round(struct flow *flow)
{
    struct sweeper *sweeper = &flow->sweeper;
    sweeper->round.ended_ms = flow->now_ms;
    if (sweeper->round.stuck != 0 && sweeper->round.stuck != sweeper->last.stuck) {
        log_warn("legs-stuck", "count=%llu", (unsigned long long)sweeper->round.stuck);
    }
    sweeper->last = sweeper->round;
    sweeper->rounds++;
    sweeper->agency = 0;
    memset(&sweeper->round, 0, sizeof(sweeper->round));
    sweeper->round.began_ms = flow->mono_ms;
}

static enum lt_status one_slice(struct flow *flow, struct slice *slice)
{
    struct sweeper *sweeper = &flow->sweeper;
    while (slice->left > 1) {
        struct desk *desk = desk_of(&flow->desks, sweeper->agency);
        bool all;
        if (!sweeper->begun && slice->left < SWEEPER_ENTRIES &&
            counts_open(&desk->counts) >= slice->left) {
            return LT_OK; /* with a whole slice it may be counted within one turn */
        }
        if (!sweeper->begun) {
            begin_agency(sweeper, desk);
        }
        enum lt_status status = walk(flow, slice, &all);
        if (status != LT_OK || !all) {
            return status;
        }
        look_difference(flow, desk);
        sweeper->begun = false;
        if (sweeper->agency++ >= flow->desks.highest) {
            end_round(flow);
            return LT_OK;
        }
    }
    return LT_OK;
}

enum lt_status sweeper_step(struct flow *flow)
{
    struct sweeper *sweeper = &flow->sweeper;
    struct slice slice = {.left = SWEEPER_ENTRIES};
    bool resting = sweeper->agency == 0 && !sweeper->begun && sweeper->rounds != 0 &&
                   flow->mono_ms - sweeper->round.began_ms < SWEEPER_REST_MS;
    if (resting) {
        return LT_OK;
    }
    enum lt_status status = one_slice(flow, &slice);
    return status == LT_OK ? park_all(flow, &slice) : status;
}
