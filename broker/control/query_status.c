/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * How the house is, in one row. Sums come from the desks. How the open legs divide over their
 * states is counted from the lanes, which is also what `difference` compares the sums with; with
 * more than SCAN_ROWS_MAX open legs those fields are left out and `conservation` has to be asked.
 *
 * The speed is that between two calls at least RATE_MS apart, so two people watching see the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "broker/journal/format.h"
#include "broker/limits.h"

#define RATE_MS 1000

struct sums {
    struct counts counts;
    uint64_t open;
    uint64_t in_flight;
    uint64_t notices_waiting;
    uint64_t connected;
    uint64_t sessions_next;
};

static struct sums sum_desks(struct flow *flow)
{
    struct sums sums;
    memset(&sums, 0, sizeof(sums));
    for (uint32_t i = 0; i <= flow->desks.highest; i++) {
        const struct desk *desk = desk_of(&flow->desks, i);
        sums.counts.accepted += desk->counts.accepted;
        sums.counts.taken += desk->counts.taken;
        sums.counts.refused += desk->counts.refused;
        sums.counts.expired += desk->counts.expired;
        sums.counts.cancelled += desk->counts.cancelled;
        sums.counts.parked += desk->counts.parked;
        sums.in_flight += desk->in_flight;
        sums.notices_waiting += desk->counts.notice_seq - desk->counts.notice_cursor;
        sums.connected += desk->sessions != 0;
        sums.sessions_next += desk->sessions_next;
    }
    sums.open = sums.counts.accepted - sums.counts.taken - sums.counts.refused -
                sums.counts.expired - sums.counts.cancelled;
    return sums;
}

static uint64_t count_sessions(const struct flow *flow)
{
    uint64_t count = 0;
    for (struct list_node *n = list_first(&flow->sessions.all); n != NULL;
         n = list_next(&flow->sessions.all, n)) {
        count += LIST_ENTRY(n, struct session, all)->agency != 0;
    }
    return count;
}

static const char *intake_code(const struct flow *flow)
{
    if (flow->draining) {
        return lt_code(LT_DRAINING);
    }
    if (flow_disk_full(flow)) {
        return lt_code(LT_DISK_RESERVE);
    }
    return lt_code(state_room(flow->state) ? LT_OK : LT_BUSY);
}

static uint64_t speed(struct operators *operators, const struct flow *flow)
{
    int64_t past_ms = flow->mono_ms - operators->rate.mono_ms;
    uint64_t accepted = flow->counters.accepted;
    if (operators->rate.mono_ms == 0) {
        operators->rate.mono_ms = flow->mono_ms;
        operators->rate.accepted = accepted;
    } else if (past_ms >= RATE_MS) {
        operators->rate.per_s = (accepted - operators->rate.accepted) * 1000 / (uint64_t)past_ms;
        operators->rate.mono_ms = flow->mono_ms;
        operators->rate.accepted = accepted;
    }
    return operators->rate.per_s;
}

/* Open legs by state, from the lists; *ret_all: every one of them was seen. */
static enum lt_status count_states(struct ask *ask, uint64_t states[LEG_STATES_END],
                                   uint64_t *ret_counted, bool *ret_all)
{
    struct state_entry at;
    enum lt_status status =
        state_seek(ask->flow->state, STATE_LANES, (struct lt_bytes){NULL, 0}, &at);
    while (status == LT_OK && at.found && ask_look(ask)) {
        struct lane_entry entry;
        if (!lane_entry_read(at.value, &entry) || entry.state >= LEG_STATES_END) {
            return LT_DAMAGED;
        }
        states[entry.state]++;
        (*ret_counted)++;
        status = state_step(ask->flow->state, &at);
    }
    *ret_all = status == LT_OK && !at.found;
    return status;
}

static void put_process(struct ask *ask)
{
    const struct operators_about *about = &ask->operators->about;
    uint64_t bytes;
    if (!ask->operators->about_known) {
        return;
    }
    page_time(&ask->page, "started_ms", about->started_ms);
    page_time(&ask->page, "uptime_ms", ask->flow->mono_ms - about->started_mono_ms);
    if (about->disk_free != NULL && about->disk_free(about->self, &bytes) == LT_OK) {
        page_number(&ask->page, "disk_free_bytes", bytes);
    }
    if (ask->flow->disk_left_ms >= 0) {
        page_time(&ask->page, "disk_left_ms", ask->flow->disk_left_ms);
    }
    if (about->memory != NULL && about->memory(about->self, &bytes) == LT_OK) {
        page_number(&ask->page, "memory_bytes", bytes);
    }
}

/* Of the log's time-stamps, when an authority is named. */
static void put_stamps(struct ask *ask)
{
    struct operators_stamps stamps;
    if (ask_stamps(ask, &stamps)) {
        page_number(&ask->page, "stamped_size", stamps.size);
        page_time(&ask->page, "stamped_ms", stamps.time_ms);
        page_number(&ask->page, "stamp_failures", stamps.failures);
    }
}

static void put_sums(struct ask *ask, const struct sums *sums)
{
    struct page_draft *page = &ask->page;
    page_number(page, "open", sums->open);
    page_number(page, "parked", sums->counts.parked);
    page_number(page, "in_flight", sums->in_flight);
    page_number(page, "notices_waiting", sums->notices_waiting);
    page_number(page, "accepted", sums->counts.accepted);
    page_number(page, "taken", sums->counts.taken);
    page_number(page, "refused", sums->counts.refused);
    page_number(page, "expired", sums->counts.expired);
    page_number(page, "cancelled", sums->counts.cancelled);
}

static enum lt_status put_states(struct ask *ask, const struct sums *sums)
{
    struct page_draft *page = &ask->page;
    uint64_t states[LEG_STATES_END] = {0};
    uint64_t counted = 0;
    bool all = false;
    enum lt_status status = count_states(ask, states, &counted, &all);
    if (status == LT_OK && all) {
        page_number(page, "ready", states[LEG_READY]);
        page_number(page, "sent", states[LEG_SENT]);
        page_number(page, "behind", states[LEG_BEHIND]);
        page_number(page, "backoff", states[LEG_BACKOFF]);
        page_number(page, "held", states[LEG_HELD]);
        page_difference(page, "difference", (int64_t)(sums->open - counted));
    }
    return status;
}

enum lt_status query_status(struct ask *ask)
{
    struct flow *flow = ask->flow;
    struct page_draft *page = &ask->page;
    struct sums sums = sum_desks(flow);
    page_row(page);
    page_text(page, "software", flow->settings.software);
    page_number(page, "epoch", journal_epoch(flow->journal));
    page_number(page, "format", flow->format);
    page_number(page, "format_known", format_known());
    put_process(ask);
    page_time(page, "now_ms", flow->now_ms);
    page_text(page, "clock", flow->clock_suspect ? "suspect" : "ok");
    page_difference(page, "drift_ms", flow->clock_drift_ms);
    page_text(page, "intake", intake_code(flow));
    page_number(page, "durable", flow->durable);
    page_number(page, "applied", state_applied(flow->state));
    page_number(page, "journal_bytes", journal_used_bytes(flow->journal));
    page_number(page, "journal_first", journal_first(flow->journal));
    page_number(page, "backed_up_to", flow->backed_up_to);
    page_number(page, "archived_to", flow->archived_to);
    page_number(page, "carry_below", flow->carry.below);
    page_number(page, "cut_ready", flow->carry.ready);
    page_number(page, "agencies", registry_count(flow->registry));
    page_number(page, "connected", sums.connected);
    page_number(page, "sessions", count_sessions(flow));
    page_number(page, "sessions_next", sums.sessions_next);
    put_sums(ask, &sums);
    page_number(page, "transfers_per_s", speed(ask->operators, flow));
    page_number(page, "syncs", journal_syncs(flow->journal));
    page_number(page, "quarantined", flow->quarantine.found);
    page_number(page, "pending", pending_count(ask));
    page_number(page, "incarnation", flow->restored.incarnation);
    page_flag(page, "reconciling", flow->restored.reconciling);
    put_stamps(ask);
    return put_states(ask, &sums);
}

enum lt_status process_memory(void *self, uint64_t *ret_bytes)
{
    char text[128];
    unsigned long long pages_all;
    unsigned long long pages_resident;
    (void)self;
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return LT_IO;
    }
    ssize_t size = read(file, text, sizeof(text) - 1);
    close(file);
    if (size <= 0) {
        return LT_IO;
    }
    text[size] = '\0';
    if (sscanf(text, "%llu %llu", &pages_all, &pages_resident) != 2) {
        return LT_IO;
    }
    *ret_bytes = pages_resident * (uint64_t)sysconf(_SC_PAGESIZE);
    return LT_OK;
}
