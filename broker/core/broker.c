/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Opening, refolding and closing. Order at start: the journal is acquired (its end checked),
 * state.mdb is opened and whatever it lacks is folded from the journal, the epoch is written as the
 * first fact. A missing or discarded state.mdb is the same path with a longer walk, from the base
 * on where the journal was cut. A damaged fact is passed over and counted; an unknown kind, or a
 * format that is enabled and not known here, ends the start: a newer release wrote it. A start that
 * ends so writes nothing of what it folded, so that the newer release goes on at the same place.
 */
#include "broker.h"

#include <stdlib.h>
#include <string.h>

#include "broker/flow/enable.h"
#include "broker/flow/fold.h"
#include "broker/flow/plan.h"
#include "broker/flow/restored.h"
#include "broker/flow/shield.h"
#include "broker/flow/steps.h"
#include "broker/state/base.h"
#include "broker_private.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

#define REFOLD_SLICE 1024

/* Said before each fact, so that one that crashes the fold is known by name. */
static void note_fold(struct broker *broker, uint64_t position)
{
    if (broker->options.trail != NULL) {
        broker->options.trail(broker->options.trail_self, true, 0, position);
    }
}

static bool is_passed_over(const struct broker *broker, uint64_t position)
{
    for (uint32_t i = 0; i < broker->options.passed_over_count; i++) {
        if (broker->options.passed_over[i] == position) {
            return true;
        }
    }
    return false;
}

static enum lt_status fold_one(struct broker *broker, const struct fact *fact)
{
    struct flow *flow = &broker->flow;
    if (is_passed_over(broker, fact->position)) {
        state_fold_begin(flow->state, fact->position);
        flow_set_aside(flow, fact->position, fact->kind, "fold");
        return state_fold_end(flow->state);
    }
    note_fold(broker, fact->position);
    enum lt_status status = fold_fact(flow, fact, NULL);
    return status == LT_DAMAGED ? LT_OK : status; /* quarantined: counted and shown */
}

/* What to tell of a journal that a newer release has written. */
static enum lt_status newer(const struct flow *flow, const struct fact *fact, struct fault *fault)
{
    if (fact == NULL || fact->kind == FACT_FORMAT) {
        return fault_set(fault, LT_FORMAT_UNKNOWN, "format",
                         "%u is enabled, this release knows formats up to %u", flow->format,
                         format_known());
    }
    return fault_set(fault, LT_FORMAT_UNKNOWN, "format",
                     "position %llu: kind %u, this release knows formats up to %u",
                     (unsigned long long)fact->position, fact->kind, format_known());
}

struct refolding {
    struct broker *broker;
    struct fault *fault;
};

static enum lt_status refold_one(void *context, const struct fact *fact)
{
    struct refolding *refolding = context;
    struct broker *broker = refolding->broker;
    struct flow *flow = &broker->flow;
    if (fact->position <= state_folded(flow->state)) {
        return LT_OK;
    }
    enum lt_status status = fold_one(broker, fact);
    if (status != LT_OK) {
        return status == LT_FORMAT_UNKNOWN ? newer(flow, fact, refolding->fault) : status;
    }
    if (fact->position % REFOLD_SLICE != 0 && state_room(flow->state)) {
        return LT_OK;
    }
    arena_reset(&flow->arena);
    if (broker->options.progress != NULL) {
        broker->options.progress(broker->options.progress_self, fact->position,
                                 journal_durable(flow->journal));
    }
    if (!state_room(flow->state)) {
        return state_flush(flow->state, journal_durable(flow->journal));
    }
    return state_turn(flow->state, journal_durable(flow->journal), flow->mono_ms);
}

static enum lt_status refold(struct broker *broker, struct fault *fault)
{
    struct flow *flow = &broker->flow;
    struct refolding refolding = {broker, fault};
    enum lt_status status = fold_load(flow);
    if (status == LT_FORMAT_UNKNOWN && flow->format > format_known()) {
        return newer(flow, NULL, fault);
    }
    if (status != LT_OK) {
        return fault_set(fault, status, "state.mdb", "counters or registry do not read");
    }
    uint64_t from = state_applied(flow->state) + 1;
    if (state_applied(flow->state) > journal_durable(flow->journal)) {
        return fault_set(fault, LT_DAMAGED, "state.mdb", "is ahead of the journal: %llu > %llu",
                         (unsigned long long)state_applied(flow->state),
                         (unsigned long long)journal_durable(flow->journal));
    }
    status = journal_walk(flow->journal, from, refold_one, &refolding);
    if (status != LT_OK) {
        return fault_set(fault, status, "refold", "at position %llu",
                         (unsigned long long)state_folded(flow->state) + 1);
    }
    arena_reset(&flow->arena);
    log_info("refolded", "from=%llu to=%llu damaged=%llu", (unsigned long long)from,
             (unsigned long long)journal_durable(flow->journal),
             (unsigned long long)flow->counters.damaged);
    return state_flush(flow->state, journal_durable(flow->journal));
}

static void note_frame(void *self, uint32_t agency, uint64_t position)
{
    struct broker *broker = self;
    broker->options.trail(broker->options.trail_self, false, agency, position);
}

static enum lt_status stage_shield(struct broker *broker)
{
    uint64_t position;
    if (broker->options.shield == 0 || broker->options.shield > AGENCIES_MAX) {
        return LT_OK;
    }
    return shield_set(&broker->flow, broker->options.shield, true, (struct lt_bytes){0},
                      text_bytes("crashes"), &position);
}

static enum lt_status stage_epoch(struct flow *flow)
{
    uint8_t memory[256];
    uint64_t position;
    struct fact_epoch epoch = {.epoch = journal_epoch(flow->journal),
                               .software = text_bytes(flow->settings.software)};
    return flow_fact(flow, FACT_EPOCH, fact_write_epoch(memory, sizeof(memory), &epoch), &position);
}

/* A fresh journal says its format; in any other only a person changes it. */
static enum lt_status stage_format(struct flow *flow)
{
    uint64_t position;
    if (flow->durable != 0) {
        return LT_OK;
    }
    return enable_stage(flow, format_known(), (struct lt_bytes){0}, text_bytes("fresh"), &position);
}

/* Of the next format: tells that it is written, and nothing else. */
static enum lt_status stage_trial(struct flow *flow)
{
    static const uint8_t nothing;
    uint64_t position;
    return flow_writes(flow, FACT_TRIAL)
               ? flow_fact(flow, FACT_TRIAL, (struct lt_bytes){&nothing, 1}, &position)
               : LT_OK;
}

/* The journal begins higher than it did: a cut was made meanwhile, offline. */
static enum lt_status stage_cut(struct broker *broker)
{
    struct flow *flow = &broker->flow;
    uint8_t memory[128];
    uint64_t position;
    uint64_t first = journal_first(flow->journal);
    struct fault fault;
    struct base_about about = {.position = 0};
    if (first <= 1) {
        return LT_OK;
    }
    fault_init(&fault);
    if (broker->options.state.base == NULL ||
        base_foot(broker->options.state.base, &about, &fault) != LT_OK) {
        /* The state speaks for what is gone, as long as it is there. */
        log_error("base-missing", "first=%llu", (unsigned long long)first);
    }
    if (first <= flow->cut_below) {
        return LT_OK;
    }
    log_info("cut", "first=%llu", (unsigned long long)first);
    struct fact_cut cut = {.below = first, .base = about.digest};
    return flow_fact(flow, FACT_CUT, fact_write_cut(memory, sizeof(memory), &cut), &position);
}

static enum lt_status stage_first(struct broker *broker)
{
    enum lt_status status = stage_epoch(&broker->flow);
    if (status == LT_OK) {
        status = stage_format(&broker->flow);
    }
    if (status == LT_OK) {
        status = stage_trial(&broker->flow);
    }
    if (status == LT_OK) {
        status = stage_cut(broker);
    }
    return status == LT_OK ? stage_shield(broker) : status;
}

static enum lt_status open_tables(struct broker *broker)
{
    struct flow *flow = &broker->flow;
    uint64_t seed = 0;
    flow->entropy->fill(flow->entropy->self, &seed, sizeof(seed));
    flow->entropy->fill(flow->entropy->self, &flow->random, sizeof(flow->random));
    flow->entropy->fill(flow->entropy->self, &flow->run, sizeof(flow->run));
    flow->run |= 1; /* 0: it does not say */
    enum lt_status status = arena_init(&flow->arena, 1024 * 1024, TURN_ARENA_BYTES);
    if (status == LT_OK) {
        status = digester_open(&flow->digester);
    }
    if (status == LT_OK) {
        status = sign_checker_open(&flow->checker);
    }
    if (status == LT_OK) {
        status = registry_open(&flow->registry);
    }
    if (status == LT_OK) {
        status = sessions_open(&flow->sessions, seed);
    }
    if (status == LT_OK) {
        status = desks_open(&flow->desks);
    }
    if (status == LT_OK) {
        status = flights_open(&flow->flights, seed + 1);
    }
    if (status == LT_OK) {
        status = cache_open(&flow->cache, BODY_CACHE_BYTES);
    }
    if (status == LT_OK) {
        status = plans_open(&flow->plans);
    }
    return status;
}

static enum lt_status open_stores(struct broker *broker, struct fault *fault)
{
    struct flow *flow = &broker->flow;
    const struct broker_options *options = &broker->options;
    enum lt_status status =
        journal_open(&flow->journal, &broker->options.backend, options->owner, fault);
    if (status != LT_OK) {
        return status;
    }
    struct state_options state = options->state;
    state.journal_first = journal_first(flow->journal);
    status = state_open(&flow->state, &state, fault);
    if (status != LT_OK) {
        return status;
    }
    status = answers_open(&flow->answers, journal_durable(flow->journal));
    if (status != LT_OK) {
        return status;
    }
    status = fetch_open(&flow->fetch, flow->journal, options->fetch_threads, fault);
    if (status == LT_OK && flow->verifier.close == NULL) {
        status = verify_pool_open(&flow->verifier, options->verify_threads, fault);
    }
    return status;
}

/* Everything open, and the state at the journal's end. */
static enum lt_status open_refolded(struct broker *broker, const struct broker_options *options,
                                    struct fault *fault)
{
    struct flow *flow = &broker->flow;
    broker->options = *options;
    flow->clock = options->clock;
    flow->entropy = options->entropy;
    flow->port = options->port;
    flow->settings = options->settings;
    flow->operators = options->operators;
    flow->enrol = options->enrol;
    flow->verifier = options->verifier;
    flow->now_ms = flow->clock->wall_ms(flow->clock->self);
    flow->mono_ms = flow->clock->mono_ms(flow->clock->self);
    flow->opened_ms = flow->mono_ms;
    flow->disk_left_ms = TREND_NEVER;
    broker->started_ms = flow->now_ms;
    enum lt_status status = open_tables(broker);
    if (status != LT_OK) {
        return fault_set(fault, status, "broker", "tables");
    }
    status = open_stores(broker, fault);
    if (status != LT_OK) {
        return status;
    }
    timekeeper_start(&broker->keeper, journal_time_ms(flow->journal), flow->now_ms, flow->mono_ms);
    return refold(broker, fault);
}

enum lt_status broker_refold(const struct broker_options *options, uint64_t *ret_damaged,
                             struct fault *fault)
{
    struct broker *broker = calloc(1, sizeof(*broker));
    if (broker == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "broker", "no memory");
    }
    enum lt_status status = open_refolded(broker, options, fault);
    if (status == LT_OK) {
        *ret_damaged = broker->flow.counters.damaged;
    }
    broker->failed = true; /* what there was to flush is flushed */
    broker_close(&broker);
    return status;
}

enum lt_status broker_open(struct broker **ret_broker, const struct broker_options *options,
                           struct fault *fault)
{
    struct broker *broker = calloc(1, sizeof(*broker));
    if (broker == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "broker", "no memory");
    }
    struct flow *flow = &broker->flow;
    enum lt_status status = open_refolded(broker, options, fault);
    if (status != LT_OK) {
        goto done;
    }
    flow->now_ms = timekeeper_now(&broker->keeper, flow->clock->wall_ms(flow->clock->self),
                                  flow->clock->mono_ms(flow->clock->self));
    flow->durable = journal_durable(flow->journal);
    flow->batch_start = journal_staged(flow->journal);
    flow->opened_at = flow->durable;
    flow->opened_at_ms = journal_time_ms(flow->journal);
    status = stage_first(broker);
    if (status == LT_OK && options->restored_by != NULL) {
        status = restored_declare(flow, options->restored_to, options->restored_above,
                                  text_bytes(options->restored_by),
                                  text_bytes(options->restored_why), &broker->restored_at);
    }
    if (status != LT_OK) {
        fault_set(fault, status, "broker", "cannot stage the epoch");
        goto done;
    }
    if (options->trail != NULL) {
        flow->trace = (struct flow_trace){.self = broker, .note = note_frame};
        note_frame(broker, 0, 0);
    }
    status = plans_restart(flow);
    if (status != LT_OK) {
        fault_set(fault, status, "broker", "cannot end the plans that were being chosen");
        goto done;
    }
    *ret_broker = broker;
    return LT_OK;
done:
    broker->failed = true; /* nothing half done is flushed */
    broker_close(&broker);
    return status;
}

static void end_sessions(struct flow *flow)
{
    struct list_node *node;
    if (flow->sessions.by_route == NULL) {
        return;
    }
    while ((node = list_first(&flow->sessions.all)) != NULL) {
        struct session *session = LIST_ENTRY(node, struct session, all);
        struct list_node *sent;
        while ((sent = list_first(&session->flights)) != NULL) {
            flight_free(&flow->flights, LIST_ENTRY(sent, struct flight, node));
        }
        answers_drop(&flow->answers, session);
        session_free(&flow->sessions, session);
    }
}

void broker_close(struct broker **broker_p)
{
    struct broker *broker = *broker_p;
    if (broker == NULL) {
        return;
    }
    struct flow *flow = &broker->flow;
    if (flow->fetch != NULL) {
        fetch_close(&flow->fetch);
    }
    if (flow->verifier.close != NULL) {
        flow->verifier.close(flow->verifier.self);
    }
    submissions_clear(flow);
    receipts_clear(flow);
    end_sessions(flow);
    if (flow->answers.pool.memory != NULL) {
        answers_close(&flow->answers);
    }
    if (flow->state != NULL) {
        if (!broker->failed && state_flush(flow->state, journal_durable(flow->journal)) != LT_OK) {
            log_warn("state-not-flushed", "refold=1");
        }
        state_close(&flow->state);
    }
    if (flow->journal != NULL) {
        journal_close(&flow->journal);
    }
    if (flow->desks.slots != NULL) {
        sessions_close(&flow->sessions);
        desks_close(&flow->desks);
        flights_close(&flow->flights);
        cache_close(&flow->cache);
        plans_close(&flow->plans);
    }
    if (flow->registry != NULL) {
        registry_close(&flow->registry);
    }
    sign_checker_close(&flow->checker);
    trust_close(&flow->trust);
    if (flow->digester != NULL) {
        digester_close(&flow->digester);
    }
    arena_deinit(&flow->arena);
    free(broker);
    *broker_p = NULL;
}

void broker_abandon(struct broker *broker)
{
    broker->failed = true;
}

bool broker_restore_told(const struct broker *broker)
{
    const struct flow *flow = &broker->flow;
    struct log_about about = {.incarnation = flow->restored.incarnation};
    if (flow->log.take != NULL) {
        flow->log.about(flow->log.self, &about);
    }
    return broker->restored_at != 0 && broker->restored_at <= flow->durable &&
           about.incarnation >= flow->restored.incarnation;
}

struct flow *broker_flow(struct broker *broker)
{
    return &broker->flow;
}

void broker_settings(struct broker *broker, const struct flow_settings *settings,
                     uint64_t free_low_bytes)
{
    broker->flow.settings = *settings;
    broker->options.free_low_bytes = free_low_bytes;
}

void broker_trust(struct broker *broker, struct trust **trust_p)
{
    trust_close(&broker->flow.trust);
    broker->flow.trust = *trust_p;
    broker->flow.stale_noted_ms = 0;
    *trust_p = NULL;
}
