/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The course of a measurement: register, connect everybody, let go, look at the counters at the
 * start and the end of the measured time, let what is on its way arrive, count. Senders are one
 * thread, everybody else another; this one only looks.
 *
 * The end is generous (QUIET_MS without any progress) because lost means never settled, not late.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "crowd.h"
#include "process.h"
#include "run.h"

#define SERVE_MS   20000 /* until a broker answers its operators */
#define CONNECT_MS 60000
#define QUIET_MS   10000
#define LOOK_MS    50
#define RATE_MAX   10000000U

struct run {
    struct stage *stage;
    const struct bench_options *options;
    struct net *net;
    const struct broker *broker;
    struct operator_line *line;
    struct crowd senders;
    struct crowd others;
    struct lt_key *secrets; /* of the agencies */
    char (*ids)[16];
    uint32_t registered;
    uint32_t expected; /* sessions */
    double rss_max_mib;
    bool terminal;
};

struct look {
    int64_t us;
    uint64_t accepted;
    uint64_t settled;
    uint64_t syncs;
    struct process_use use;
};

static enum lt_status look_now(struct run *run, struct look *ret_look, struct fault *fault)
{
    struct operator_status status;
    enum lt_status asked = operator_status(run->line, SERVE_MS, &status, fault);
    if (asked != LT_OK) {
        return asked;
    }
    struct look look = {
        .us = run->stage->micros(),
        .accepted = atomic_load(&run->stage->accepted),
        .settled = atomic_load(&run->stage->settled),
        .syncs = status.syncs,
    };
    (void)process_read(run->broker->pid, &look.use);
    *ret_look = look;
    return LT_OK;
}

/* Passes time; sees the broker's greatest memory, and tells a terminal how far it is. */
static enum lt_status pause_ms(struct run *run, int64_t ms, const char *what, struct fault *fault)
{
    int64_t until_us = run->stage->micros() + ms * 1000;
    int64_t left_us = ms * 1000;
    while (left_us > 0) {
        struct process_use use;
        operator_pause(run->line, (int)(left_us < LOOK_MS * 1000 ? left_us / 1000 + 1 : LOOK_MS));
        if (process_read(run->broker->pid, &use) && (double)use.own_kib / 1024 > run->rss_max_mib) {
            run->rss_max_mib = (double)use.own_kib / 1024;
        }
        if (run->terminal) {
            (void)fprintf(stderr, "\r%-10s accepted %llu settled %llu   ", what,
                          (unsigned long long)atomic_load(&run->stage->accepted),
                          (unsigned long long)atomic_load(&run->stage->settled));
        }
        if (!broker_alive(run->broker)) {
            return fault_set(fault, LT_IO, "lienthongd", "ended by itself, see %s/log",
                             run->broker->folder);
        }
        left_us = until_us - run->stage->micros();
    }
    return LT_OK;
}

/* ---- the beginning --------------------------------------------------------------------------- */

static struct client_options dial_options(const struct run *run, const struct lt_key *secret,
                                          uint32_t seed)
{
    return (struct client_options){
        .endpoint = run->broker->endpoint,
        .server_key = run->broker->server_key,
        .secret_key = *secret,
        .reconnect_ms = 100,
        .seed = seed,
        .handshake_ms = 4000,
    };
}

/* A fresh broker needs a moment until it listens. */
static enum lt_status wait_serving(struct run *run, struct fault *fault)
{
    int64_t until_us = run->stage->micros() + SERVE_MS * 1000LL;
    for (;;) {
        struct operator_status status;
        struct fault last;
        fault_init(&last);
        enum lt_status asked = operator_status(run->line, 1000, &status, &last);
        if (asked == LT_OK) {
            return LT_OK;
        }
        if (asked != LT_TIMEOUT || run->stage->micros() > until_us || !broker_alive(run->broker)) {
            return fault_set(fault, asked, "lienthongd", "does not serve (%s): see %s/log",
                             last.detail, run->broker->folder);
        }
    }
}

static enum lt_status register_all(struct run *run, struct fault *fault)
{
    const struct lt_clock *clock = run->stage->clock;
    for (uint32_t i = 0; i < run->registered; i++) {
        struct agency agency = {
            .kind = AGENCY_OTHER,
            .locality = "31",
            .keys_count = 1,
            .rate_per_s = RATE_MAX,
        };
        (void)snprintf(run->ids[i], sizeof(run->ids[i]), "G99.%05u", i);
        (void)snprintf(agency.id, sizeof(agency.id), "%s", run->ids[i]);
        (void)snprintf(agency.name, sizeof(agency.name), "Đơn vị thử %05u", i);
        curve_make(&agency.keys[0].key, &run->secrets[i]);
        agency.keys[0].from_ms = clock->wall_ms(clock->self) - 60000;
        enum lt_status status = operator_put_agency(run->line, &agency, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

static enum lt_status add_party(struct run *run, struct crowd *crowd, enum party_role role,
                                uint32_t number, uint32_t agency, struct fault *fault)
{
    struct client_options options = dial_options(run, &run->secrets[agency], agency + 1);
    struct party *party;
    enum lt_status status = crowd_add(crowd, role, number, run->net, &options, &party, fault);
    if (status != LT_OK || (role != PARTY_SENDER && role != PARTY_HOLDER)) {
        return status;
    }
    uint32_t lanes = run->options->lanes / run->senders.room;
    struct parcels_plan plan = {
        .book = run->stage->book,
        .sender = number,
        .from = run->ids[agency],
        .to = (const char(*)[16])(run->ids + run->senders.room),
        .to_count = run->options->mode == BENCH_FLOW ? run->options->receivers : 1,
        .lanes = lanes > 0 ? lanes : 1,
        .size = run->options->size,
        .created_ms = run->stage->clock->wall_ms(run->stage->clock->self),
    };
    if (run->options->mode == BENCH_BACKLOG) {
        uint32_t share = run->options->backlog / run->senders.room;
        party->limit = share + (number < run->options->backlog % run->senders.room);
    }
    status = parcels_open(&party->parcels, &plan, run->stage->entropy);
    if (status == LT_OK && party->signer.sign != NULL) {
        return operator_put_seal_key(run->line, run->ids[agency],
                                     public_key_spki(party->signer.public_key), fault);
    }
    return status == LT_OK ? LT_OK : fault_set(fault, status, "parcels", "%s", lt_code(status));
}

/* Agencies in order: senders, receivers (the absent one too), idle ones. */
static enum lt_status add_all(struct run *run, struct fault *fault)
{
    const struct bench_options *options = run->options;
    enum party_role sender = options->mode == BENCH_HOLD ? PARTY_HOLDER : PARTY_SENDER;
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < run->senders.room && status == LT_OK; i++) {
        status = add_party(run, &run->senders, sender, i, i, fault);
    }
    uint32_t first = run->senders.room;
    uint32_t absent = options->mode == BENCH_BACKLOG || options->mode == BENCH_HOLD ? 1 : 0;
    uint32_t receivers = options->mode == BENCH_FLOW ? options->receivers : 0;
    for (uint32_t i = first + absent; i < run->registered && status == LT_OK; i++) {
        enum party_role role = i < first + receivers ? PARTY_RECEIVER : PARTY_IDLE;
        status = add_party(run, &run->others, role, i - first, i, fault);
    }
    run->expected = run->registered - absent;
    return status;
}

static enum lt_status connect_all(struct run *run, struct fault *fault)
{
    int64_t until_us = run->stage->micros() + CONNECT_MS * 1000LL;
    enum lt_status status = crowd_start(&run->senders);
    if (status == LT_OK) {
        status = crowd_start(&run->others);
    }
    while (status == LT_OK && atomic_load(&run->stage->connected) < run->expected) {
        if (run->stage->micros() > until_us) {
            return fault_set(fault, LT_TIMEOUT, "sessions", "%u of %u within %d s",
                             atomic_load(&run->stage->connected), run->expected, CONNECT_MS / 1000);
        }
        status = pause_ms(run, LOOK_MS, "connect", fault);
    }
    return status;
}

/* ---- the measured time ----------------------------------------------------------------------- */

static void fill_rates(struct report *report, const struct look *a, const struct look *b)
{
    double seconds = (double)(b->us - a->us) / 1e6;
    uint64_t accepted = b->accepted - a->accepted;
    uint64_t settled = b->settled - a->settled;
    double thousands = (double)(settled > 0 ? settled : accepted) / 1000;
    double cpu_s = b->use.cpu_s - a->use.cpu_s;
    report->seconds = seconds;
    report->accepted_per_s = (double)accepted / seconds;
    report->settled_per_s = (double)settled / seconds;
    report->broker_cpu_share = cpu_s / seconds;
    if (thousands > 0) {
        report->broker_cpu_s_per_1000 = cpu_s / thousands;
        report->syncs_per_1000 = (double)(b->syncs - a->syncs) / thousands;
    }
    report->broker_rss_mib = (double)b->use.own_kib / 1024;
    report->broker_vmrss_mib = (double)b->use.rss_kib / 1024;
}

/* Until everything accepted is settled, or nothing moves any more. */
static enum lt_status drain(struct run *run, struct fault *fault)
{
    int64_t moved_us = run->stage->micros();
    uint64_t before = 0;
    for (;;) {
        uint64_t settled = atomic_load(&run->stage->settled);
        uint64_t sum = settled + atomic_load(&run->stage->accepted);
        int64_t now_us = run->stage->micros();
        if (sum != before) {
            before = sum;
            moved_us = now_us;
        }
        /* Half a second of rest, for a verdict on its way: accepted may still grow. */
        bool even = settled >= atomic_load(&run->stage->accepted);
        if (now_us - moved_us > (even ? 500 : QUIET_MS) * 1000LL) {
            return LT_OK;
        }
        enum lt_status status = pause_ms(run, LOOK_MS, "drain", fault);
        if (status != LT_OK) {
            return status;
        }
    }
}

static enum lt_status measure_time(struct run *run, struct report *report, struct fault *fault)
{
    struct look a;
    struct look b;
    struct stage *stage = run->stage;
    atomic_store(&stage->phase, PHASE_RUN);
    enum lt_status status = pause_ms(run, run->options->warmup_seconds * 1000LL, "warm-up", fault);
    if (status == LT_OK) {
        status = look_now(run, &a, fault);
    }
    atomic_store(&stage->measuring, true);
    if (status == LT_OK) {
        status = pause_ms(run, run->options->seconds * 1000LL, "measure", fault);
    }
    atomic_store(&stage->measuring, false);
    if (status == LT_OK) {
        status = look_now(run, &b, fault);
    }
    if (status == LT_OK) {
        fill_rates(report, &a, &b);
    }
    atomic_store(&stage->phase, PHASE_DRAIN);
    return status == LT_OK && run->options->mode == BENCH_FLOW ? drain(run, fault) : status;
}

static enum lt_status measure_backlog(struct run *run, struct report *report, struct fault *fault)
{
    struct look a;
    struct look b;
    struct stage *stage = run->stage;
    enum lt_status status = look_now(run, &a, fault);
    atomic_store(&stage->phase, PHASE_RUN);
    uint64_t before = 0;
    int64_t moved_us = stage->micros();
    while (status == LT_OK && before < run->options->backlog) {
        status = pause_ms(run, LOOK_MS, "backlog", fault);
        uint64_t accepted = atomic_load(&stage->accepted);
        moved_us = accepted != before ? stage->micros() : moved_us;
        before = accepted;
        if (status == LT_OK && stage->micros() - moved_us > 3 * QUIET_MS * 1000LL) {
            status = fault_set(fault, LT_TIMEOUT, "backlog", "stands at %llu of %u",
                               (unsigned long long)accepted, run->options->backlog);
        }
    }
    if (status == LT_OK) {
        status = look_now(run, &b, fault);
    }
    if (status == LT_OK) {
        fill_rates(report, &a, &b);
        /* What is left when the broker has come to rest. */
        status = pause_ms(run, 3000, "rest", fault);
    }
    struct process_use use;
    if (status == LT_OK && process_read(run->broker->pid, &use)) {
        report->broker_rss_mib = (double)use.own_kib / 1024;
        report->broker_vmrss_mib = (double)use.rss_kib / 1024;
    }
    return status;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void add_counts(struct report *report, const struct crowd *crowd, uint64_t *frames,
                       uint64_t *parcels, struct histogram *latency)
{
    for (uint32_t i = 0; i < crowd->count; i++) {
        const struct party *party = &crowd->parties[i];
        const struct party_counts *counts = &party->counts;
        *frames += counts->submit_frames;
        *parcels += counts->submit_parcels;
        report->busy += counts->busy;
        report->refused += counts->refused;
        report->duplicated += counts->duplicated;
        report->again += counts->again;
        report->strange += counts->strange + counts->settle_refused;
        report->lives += counts->lives;
        if (party->latency != NULL) {
            histogram_merge(latency, party->latency);
        }
    }
}

static void sum_up(struct run *run, struct report *report)
{
    struct histogram *latency = calloc(1, sizeof(*latency));
    uint64_t frames = 0;
    uint64_t parcels = 0;
    if (latency != NULL) {
        add_counts(report, &run->senders, &frames, &parcels, latency);
        add_counts(report, &run->others, &frames, &parcels, latency);
        report->p50_ms = histogram_ms(latency, 500);
        report->p99_ms = histogram_ms(latency, 990);
        report->p999_ms = histogram_ms(latency, 999);
        free(latency);
    }
    /* The own Bye at the end is a life too. */
    report->lives -= report->lives < run->expected ? report->lives : run->expected;
    report->parcels_per_frame = frames > 0 ? (double)parcels / (double)frames : 0;
    struct book_sum sum;
    book_sum(run->stage->book, &sum);
    report->submitted = sum.submitted;
    report->accepted = sum.accepted;
    report->settled = sum.settled;
    report->lost = run->options->mode == BENCH_FLOW ? sum.lost : 0;
    report->refusal = atomic_load(&run->stage->refusal);
    report->broker_rss_max_mib =
        run->rss_max_mib > report->broker_rss_mib ? run->rss_max_mib : report->broker_rss_mib;
}

static void end_all(struct run *run, struct report *report)
{
    report->connected = atomic_load(&run->stage->connected);
    atomic_store(&run->stage->phase, PHASE_END);
    crowd_join(&run->senders);
    crowd_join(&run->others);
    if (run->terminal) {
        (void)fprintf(stderr, "\r%70s\r", "");
    }
    sum_up(run, report);
    /* Best effort: a broker that no longer answers has been noticed before. */
    enum lt_status asked = operator_status(run->line, SERVE_MS, &report->left, NULL);
    (void)asked;
}

static enum lt_status prepare(struct run *run, struct fault *fault)
{
    const struct bench_options *options = run->options;
    run->registered = options->mode == BENCH_HOLD ? options->agencies + 1 : options->agencies;
    run->secrets = calloc(run->registered, sizeof(*run->secrets));
    run->ids = calloc(run->registered, sizeof(*run->ids));
    run->terminal = isatty(STDERR_FILENO) != 0;
    run->stage->wake_senders = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (run->secrets == NULL || run->ids == NULL || run->stage->wake_senders < 0) {
        return fault_set(fault, LT_NO_MEMORY, "agencies", "%u", run->registered);
    }
    enum lt_status status =
        crowd_init(&run->senders, run->stage, options->senders, run->stage->wake_senders);
    if (status == LT_OK) {
        status = crowd_init(&run->others, run->stage, run->registered - options->senders, -1);
    }
    uint16_t number;
    run->stage->entropy->fill(run->stage->entropy->self, &number, sizeof(number));
    if (status == LT_OK) {
        status = book_open(&run->stage->book, options->senders > 0 ? options->senders : 1, number,
                           run->stage->clock->wall_ms(run->stage->clock->self));
    }
    if (status != LT_OK) {
        return fault_set(fault, status, "agencies", "%u", run->registered);
    }
    struct client_options dial = dial_options(run, &run->broker->operator_secret, 0);
    return operator_open(&run->line, run->net, &dial, run->stage->clock, fault);
}

enum lt_status run_bench(struct stage *stage, struct net *net, const struct broker *broker,
                         struct report *ret_report, struct fault *fault)
{
    struct run run = {.stage = stage, .options = stage->options, .net = net, .broker = broker};
    struct report report = {0};
    enum lt_status status = prepare(&run, fault);
    if (status == LT_OK) {
        status = wait_serving(&run, fault);
    }
    if (status == LT_OK) {
        status = register_all(&run, fault);
    }
    if (status == LT_OK) {
        status = add_all(&run, fault);
    }
    if (status == LT_OK) {
        status = connect_all(&run, fault);
    }
    if (status == LT_OK) {
        status = stage->options->mode == BENCH_BACKLOG ? measure_backlog(&run, &report, fault)
                                                       : measure_time(&run, &report, fault);
    }
    if (status == LT_OK) {
        end_all(&run, &report);
        *ret_report = report;
    }
    atomic_store(&stage->phase, PHASE_END);
    crowd_deinit(&run.senders);
    crowd_deinit(&run.others);
    operator_close(&run.line);
    book_close(&stage->book);
    if (stage->wake_senders > 0) {
        close(stage->wake_senders);
    }
    if (run.secrets != NULL) {
        explicit_bzero(run.secrets, run.registered * sizeof(*run.secrets));
    }
    free(run.secrets);
    free(run.ids);
    return status;
}
