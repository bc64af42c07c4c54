/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One turn of the house (broker/README.md has the picture):
 *
 *   clock -> tickets -> fetched -> blobs -> join -> receive (intake, join, decide, fold) -> commit
 *         -> answer -> notice -> dispatch -> carry -> sweep -> plans -> commit
 *
 * Tickets come first, so that whatever became durable while the last turn ran is answered by this
 * one. A batch is sent to the disk as soon as none is in flight: batches form by themselves while
 * the disk works, and an idle broker commits a single transfer at once. When a commit meets a full
 * disk the batch is kept and tried again every FULL_RETRY_MS; intake answers busy until it went
 * through.
 */
#include <stdlib.h>
#include <string.h>

#include "blob_desk.h"
#include "broker/flow/plan.h"
#include "broker/flow/restored.h"
#include "broker/flow/steps.h"
#include "broker/journal/scrub.h"
#include "broker_private.h"
#include "proto/base/log.h"

#define FULL_RETRY_MS 250
#define DISK_LOOK_MS  1000
#define WAIT_FDS_MAX  16

/* What a turn found to do. */
struct work {
    uint32_t joined;
    uint32_t frames;
    bool ticket;
    bool blobs;
    bool gives; /* bytes an agency asked back could go at once */
    bool carried;
    bool receipts; /* more could be sent at once */
};

static void read_clock(struct broker *broker)
{
    struct flow *flow = &broker->flow;
    int64_t wall_ms = flow->clock->wall_ms(flow->clock->self);
    flow->mono_ms = flow->clock->mono_ms(flow->clock->self);
    if (flow->clock_confirmed) {
        timekeeper_confirm(&broker->keeper, wall_ms, flow->mono_ms);
        flow->clock_confirmed = false;
        broker->clock_told = false; /* the operator's act told it */
    }
    flow->now_ms = timekeeper_now(&broker->keeper, wall_ms, flow->mono_ms);
    flow->clock_suspect = broker->keeper.suspect;
    flow->clock_drift_ms = wall_ms - flow->now_ms;
}

/* A clock that becomes suspect, or agrees again, is a fact and a line in the log. */
static enum lt_status tell_clock(struct broker *broker)
{
    struct flow *flow = &broker->flow;
    uint8_t memory[64];
    uint64_t position;
    if (broker->clock_told == flow->clock_suspect || !flow_room_small(flow)) {
        return LT_OK;
    }
    struct fact_clock clock = {
        .change = flow->clock_suspect ? CLOCK_SUSPECT : CLOCK_AGREES,
        .drift_ms = flow->clock_drift_ms,
    };
    broker->clock_told = flow->clock_suspect;
    if (flow->clock_suspect) {
        log_error("clock-suspect", "drift_ms=%lld", (long long)clock.drift_ms);
    } else {
        log_info("clock-agrees", "drift_ms=%lld", (long long)clock.drift_ms);
    }
    return flow_fact(flow, FACT_CLOCK, fact_write_clock(memory, sizeof(memory), &clock), &position);
}

static void look_at_trend(struct broker *broker, uint64_t free_bytes)
{
    struct flow *flow = &broker->flow;
    disk_trend_look(&broker->trend, flow->mono_ms, free_bytes);
    flow->disk_left_ms =
        disk_trend_left(&broker->trend, flow->mono_ms, free_bytes, broker->options.free_low_bytes);
    bool soon = flow_disk_soon_full(flow);
    if (soon != broker->disk_told) {
        broker->disk_told = soon;
        log_warn(soon ? "disk-soon-full" : "disk-lasts", "free_bytes=%llu left_ms=%lld",
                 (unsigned long long)free_bytes, (long long)flow->disk_left_ms);
    }
}

static void look_at_disk(struct broker *broker)
{
    struct flow *flow = &broker->flow;
    uint64_t free_bytes;
    if (broker->options.disk_free == NULL ||
        (broker->disk_looked_ms != 0 && flow->mono_ms - broker->disk_looked_ms < DISK_LOOK_MS)) {
        return;
    }
    broker->disk_looked_ms = flow->mono_ms;
    if (broker->options.disk_free(broker->options.disk_self, &free_bytes) != LT_OK) {
        return;
    }
    bool closed = free_bytes < broker->options.free_low_bytes;
    if (closed != flow->intake_closed) {
        log_warn(closed ? "intake-closed" : "intake-open", "free_bytes=%llu low_bytes=%llu",
                 (unsigned long long)free_bytes,
                 (unsigned long long)broker->options.free_low_bytes);
    }
    flow->intake_closed = closed;
    look_at_trend(broker, free_bytes);
}

static enum lt_status take_ticket(struct broker *broker, bool *ret_done, struct fault *fault)
{
    struct flow *flow = &broker->flow;
    const struct journal_ticket *ticket;
    enum lt_status status = journal_poll(flow->journal, &ticket, fault);
    switch (status) {
    case LT_OK:
        if (flow->commit_full) {
            log_info("commit-recovered", "position=%llu",
                     (unsigned long long)ticket_position(ticket));
        }
        flow->commit_full = false;
        flow->durable = ticket_position(ticket);
        answers_release(&flow->answers, ticket);
        desks_ticket(&flow->desks);
        *ret_done = true;
        return LT_OK;
    case LT_AGAIN:
        return LT_OK;
    case LT_FULL:
        if (!flow->commit_full) {
            log_error("commit-full", "position=%llu",
                      (unsigned long long)journal_staged(flow->journal));
        }
        fault_init(fault); /* not a reason to end: the next one must be heard */
        flow->commit_full = true;
        broker->commit_due_ms = flow->mono_ms + FULL_RETRY_MS;
        return LT_OK;
    default:
        return status;
    }
}

static void commit(struct broker *broker)
{
    struct flow *flow = &broker->flow;
    if (flow->commit_full && flow->mono_ms < broker->commit_due_ms) {
        return;
    }
    uint64_t staged = journal_staged(flow->journal);
    if (journal_commit(flow->journal) == LT_OK && !flow->commit_full) {
        flow->batch_start = staged;
        flow->batch_bytes = 0;
    }
}

/* What the background check found is set aside like everything else that does not read. */
static void take_findings(struct broker *broker)
{
    struct verify_finding finding;
    while (broker->scrub != NULL && scrub_take(broker->scrub, &finding)) {
        flow_set_aside(&broker->flow, finding.position, FACT_DAMAGED, finding.what);
    }
    bool damaged = broker->scrub != NULL && scrub_base_damaged(broker->scrub);
    if (damaged && !broker->flow.base_damaged) {
        log_error("base-damaged", "first=%llu",
                  (unsigned long long)journal_first(broker->flow.journal));
    }
    broker->flow.base_damaged = damaged;
}

void broker_attach_scrub(struct broker *broker, struct scrub *scrub)
{
    broker->scrub = scrub;
}

static enum lt_status steps(struct broker *broker, struct work *work)
{
    struct flow *flow = &broker->flow;
    take_findings(broker);
    enum lt_status status = tell_clock(broker);
    if (status == LT_OK) {
        status = step_fetched(flow);
    }
    if (status == LT_OK && broker->blobs != NULL) {
        status = blob_desk_turn(broker->blobs, flow, &work->blobs);
    }
    if (status == LT_OK) {
        status = step_join(flow, &work->joined);
    }
    if (status == LT_OK) {
        status = step_receive(flow, &work->frames);
    }
    if (status != LT_OK) {
        return status;
    }
    commit(broker);
    step_answer(flow);
    step_notice(flow);
    work->receipts = step_receipts(flow);
    work->gives = step_giving(flow);
    status = step_dispatch(flow);
    if (status == LT_OK) {
        status = step_carry(flow, &work->carried);
    }
    if (status == LT_OK) {
        status = step_sweep(flow);
    }
    if (status == LT_OK) {
        status = restored_step(flow);
    }
    if (status == LT_OK) {
        status = step_plans(flow);
    }
    if (flow->operators.watch != NULL) {
        flow->operators.watch(flow->operators.self, flow);
    }
    if (status == LT_OK) {
        commit(broker);
    }
    return status;
}

static void end_turn(struct flow *flow)
{
    pool_turn(&flow->sessions.pool);
    pool_turn(&flow->answers.pool);
    pool_turn(&flow->flights.pool);
    arena_reset(&flow->arena);
}

enum lt_status broker_turn(struct broker *broker, bool *ret_idle, struct fault *fault)
{
    struct flow *flow = &broker->flow;
    struct work work = {0};
    if (broker->failed) {
        return LT_IO;
    }
    read_clock(broker);
    look_at_disk(broker);
    enum lt_status status = take_ticket(broker, &work.ticket, fault);
    if (status == LT_OK) {
        status = state_turn(flow->state, flow->durable, flow->mono_ms);
        if (status != LT_OK) {
            fault_set(fault, status, "state.mdb", "the applier failed");
        }
    }
    if (status == LT_OK) {
        status = steps(broker, &work);
    }
    end_turn(flow);
    if (status != LT_OK) {
        broker->failed = true;
        fault_set(fault, status, "turn", "position %llu",
                  (unsigned long long)journal_staged(flow->journal));
        return status;
    }
    *ret_idle = work.frames == 0 && work.joined == 0 && !work.ticket && !work.blobs &&
                !work.gives && !work.carried && !work.receipts && flow->desks.active.count == 0 &&
                !plans_due(flow);
    return LT_OK;
}

void broker_wait(struct broker *broker, const int *fds, uint32_t fds_count)
{
    struct flow *flow = &broker->flow;
    int all[WAIT_FDS_MAX];
    uint32_t count = 0;
    int journal = journal_fd(flow->journal);
    int fetched = fetch_fd(flow->fetch);
    int verified = flow->verifier.fd(flow->verifier.self);
    if (journal >= 0) {
        all[count++] = journal;
    }
    if (fetched >= 0) {
        all[count++] = fetched;
    }
    if (verified >= 0) {
        all[count++] = verified;
    }
    int told = flow->log.take == NULL ? -1 : flow->log.fd(flow->log.self);
    if (told >= 0) {
        all[count++] = told;
    }
    if (broker->blobs != NULL) {
        count += blob_desk_fds(broker->blobs, &all[count]);
    }
    for (uint32_t i = 0; i < fds_count && count < WAIT_FDS_MAX; i++) {
        all[count++] = fds[i];
    }
    flow->port.wait(flow->port.self, all, count, IDLE_WAIT_MS_MAX);
}

void broker_drain(struct broker *broker)
{
    broker->flow.draining = true;
}

bool broker_drained(const struct broker *broker)
{
    const struct flow *flow = &broker->flow;
    return !journal_in_flight(flow->journal) && !journal_has_staged(flow->journal) &&
           flow->sessions.waiting.count == 0 && flow->desks.verifying.count == 0;
}

bool broker_receipted(const struct broker *broker)
{
    return receipts_drained(&broker->flow);
}

void broker_say_bye(struct broker *broker)
{
    struct flow *flow = &broker->flow;
    for (struct list_node *n = list_first(&flow->sessions.all); n != NULL;
         n = list_next(&flow->sessions.all, n)) {
        struct session *session = LIST_ENTRY(n, struct session, all);
        struct frame frame = {.kind = FRAME_BYE,
                              .ending = {.code = LT_DRAINING, .retry_after_ms = 1000}};
        if (session->agency != 0) {
            /* Whoever does not get it finds out by its lease. */
            (void)session_out(flow, session, &frame);
        }
    }
    arena_reset(&flow->arena);
}

void broker_attach(struct broker *broker, struct blob_desk *desk)
{
    broker->blobs = desk;
}

void broker_attach_log(struct broker *broker, const struct log_door *door)
{
    receipts_clear(&broker->flow);
    broker->flow.log = *door;
    broker->flow.log_told = 0;
}
