/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The one door by which anything changes: stage a fact, fold it. A fact is folded before it is
 * committed, so a fact that cannot be folded is never written; and because nothing leaves the house
 * before its ticket, running ahead is invisible outside.
 */
#include "flow.h"

#include "broker/journal/fact_seed.h"
#include "enable.h"
#include "fold.h"
#include "proto/base/log.h"

/* A frame carries at most 64 parcels or settlements, each one fact, and a few facts beside. */
#define FRAME_FACTS_MAX (LT_PARCELS_PER_FRAME + 64)
#define SMALL_FACTS_MAX 4

static uint64_t batch_facts(const struct flow *flow)
{
    return journal_staged(flow->journal) - flow->batch_start;
}

bool flow_disk_full(const struct flow *flow)
{
    return flow->intake_closed || flow->commit_full || state_full(flow->state);
}

bool flow_disk_soon_full(const struct flow *flow)
{
    return flow->disk_left_ms >= 0 && flow->disk_left_ms < flow->settings.disk_alarm_ms;
}

bool flow_room(const struct flow *flow)
{
    return state_room(flow->state) &&
           batch_facts(flow) + FRAME_FACTS_MAX <= JOURNAL_BATCH_FACTS_MAX &&
           flow->batch_bytes + 2 * LT_FRAME_BYTES_MAX <= JOURNAL_BATCH_BYTES_MAX;
}

bool flow_room_small(const struct flow *flow)
{
    return state_room(flow->state) &&
           batch_facts(flow) + SMALL_FACTS_MAX <= JOURNAL_BATCH_FACTS_MAX &&
           journal_room(flow->journal, JOURNAL_FACT_BYTES_MAX);
}

/* What becomes a leaf of the log (broker/log/leaves.c). */
static bool makes_leaf(uint8_t kind)
{
    return kind == FACT_ACCEPTED || kind == FACT_SETTLED || kind == FACT_ACT ||
           kind == FACT_TIMED || kind == FACT_REROUTED;
}

/* Chance for the salts, once in a batch and before its first leaf. */
static enum lt_status stage_seed(struct flow *flow, uint8_t kind)
{
    uint8_t memory[FACT_SEED_BYTES];
    struct fact_seed seed;
    struct fact fact;
    if (!flow->settings.log || !makes_leaf(kind) || flow->seed_position > flow->batch_start ||
        !flow_writes(flow, FACT_SEED)) {
        return LT_OK;
    }
    flow->entropy->fill(flow->entropy->self, seed.seed, sizeof(seed.seed));
    enum lt_status status = journal_stage(flow->journal, FACT_SEED, flow->now_ms,
                                          fact_write_seed(memory, sizeof(memory), &seed), &fact);
    if (status == LT_OK) {
        flow->seed_position = fact.position;
        status = fold_fact(flow, &fact, NULL);
    }
    return status;
}

static enum lt_status stage(struct flow *flow, uint8_t kind, struct lt_bytes payload,
                            const struct header *header, uint64_t *ret_position)
{
    struct fact fact;
    if (!flow_writes(flow, kind)) {
        return LT_FORMAT_NOT_ENABLED;
    }
    enum lt_status status = stage_seed(flow, kind);
    if (status == LT_OK) {
        status = journal_stage(flow->journal, kind, flow->now_ms, payload, &fact);
    }
    if (status != LT_OK) {
        return status;
    }
    flow->batch_bytes += payload.size;
    status = fold_fact(flow, &fact, header);
    if (status != LT_OK) {
        return status;
    }
    *ret_position = fact.position;
    return LT_OK;
}

enum lt_status flow_fact(struct flow *flow, uint8_t kind, struct lt_bytes payload,
                         uint64_t *ret_position)
{
    return stage(flow, kind, payload, NULL, ret_position);
}

enum lt_status flow_fact_accepted(struct flow *flow, struct lt_bytes payload,
                                  const struct header *header, uint64_t *ret_position)
{
    return stage(flow, FACT_ACCEPTED, payload, header, ret_position);
}

void flow_note(const struct flow *flow, uint32_t agency)
{
    if (flow->trace.note != NULL) {
        flow->trace.note(flow->trace.self, agency, journal_staged(flow->journal));
    }
}

void flow_set_aside(struct flow *flow, uint64_t position, uint8_t kind, const char *why)
{
    flow->counters.damaged++;
    if (quarantine_add(&flow->quarantine, position, kind, why, flow->now_ms)) {
        log_error("fact-quarantined", "position=%llu kind=%s why=%s", (unsigned long long)position,
                  fact_kind_name(kind), why);
    }
}

uint32_t flow_random(struct flow *flow)
{
    flow->random = flow->random * 1664525u + 1013904223u;
    return flow->random >> 8;
}
