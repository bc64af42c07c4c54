/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One thread gives turns. When a broker says that it serves, agencies whose line is down dial at
 * once instead of when their library would: what is measured and loaded is the broker, and its next
 * death is near.
 */
#include "stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/clock_os.h"

#define RECONNECT_MS 20
#define HANDSHAKE_MS 2000
#define WAIT_MS      2
#define SERVE_MS     20000
#define REST_MS      40000

static const char *const ids[AGENCIES] = {"T99.00", "T99.01", "T99.02",
                                          "T99.03", "T99.04", "T99.05"};

int64_t stage_now_ms(const struct stage *stage)
{
    return stage->clock->mono_ms(stage->clock->self);
}

/* ---- opening ----------------------------------------------------------------------------- */

static enum lt_status dial(struct stage *stage, uint32_t index, const struct lt_key *secret,
                           struct fault *fault)
{
    struct client_options options = {
        .endpoint = stage->house.endpoint,
        .server_key = stage->house.server_key,
        .secret_key = *secret,
        .reconnect_ms = RECONNECT_MS,
        .seed = (uint32_t)stage->oracle.seed + index,
        .handshake_ms = HANDSHAKE_MS * stage->slow,
    };
    return client_zmq_open(&stage->clients[index], stage->net, &options, fault);
}

static enum lt_status open_agencies(struct stage *stage, struct fault *fault)
{
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < AGENCIES && status == LT_OK; i++) {
        struct lt_key secret;
        curve_make(&stage->public_keys[i], &secret);
        status = dial(stage, i, &secret, fault);
        if (status != LT_OK) {
            break;
        }
        struct actor_options options = {.oracle = &stage->oracle,
                                        .client = stage->clients[i],
                                        .clock = stage->clock,
                                        .entropy = entropy_os(),
                                        .world = &stage->world,
                                        .ids = ids,
                                        .index = i};
        stage->actors[i] = actor_open(&options);
    }
    if (status == LT_OK) {
        status = dial(stage, AGENCIES, &stage->house.operator_secret, fault);
    }
    if (status == LT_OK) {
        stage->desk = desk_open(stage->clients[AGENCIES], stage->clock, &stage->oracle);
    }
    return status;
}

enum lt_status stage_open(struct stage *stage, const struct house_options *options, uint64_t seed,
                          const char *command, struct fault *fault)
{
    uint32_t slow = stage->slow;
    memset(stage, 0, sizeof(*stage));
    stage->slow = slow;
    stage->clock = clock_os();
    oracle_init(&stage->oracle);
    stage->oracle.seed = seed;
    (void)snprintf(stage->oracle.command, sizeof(stage->oracle.command), "%s", command);
    world_init(&stage->world, seed);
    world_random_init(&stage->random, &stage->world, 1);
    stage->witness = witness_open(&stage->oracle);
    enum lt_status status = house_open(&stage->house, options, &stage->oracle, fault);
    if (status == LT_OK) {
        status = net_open(&stage->net, 1, fault);
    }
    if (status == LT_OK) {
        status = open_agencies(stage, fault);
    }
    return status;
}

static void add_counts(struct oracle_counts *to, const struct oracle_counts *from)
{
    to->wishes += from->wishes;
    to->accepted += from->accepted;
    to->legs += from->legs;
    to->taken += from->taken;
    to->refused += from->refused;
    to->delivered += from->delivered;
    to->again += from->again;
    to->known += from->known;
    to->busy += from->busy;
    to->full += from->full;
    to->confirmed += from->confirmed;
}

void stage_close(struct stage *stage, bool keep)
{
    add_counts(&stage->sums, &stage->oracle.counts);
    house_close(&stage->house, keep);
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_close(&stage->actors[i]);
    }
    desk_close(&stage->desk);
    for (uint32_t i = 0; i <= AGENCIES; i++) {
        client_zmq_close(&stage->clients[i]);
    }
    if (stage->net != NULL) {
        net_close(&stage->net);
    }
    witness_close(&stage->witness);
    oracle_deinit(&stage->oracle);
}

void stage_fresh(struct stage *stage)
{
    add_counts(&stage->sums, &stage->oracle.counts);
    house_clear(&stage->house);
    oracle_deinit(&stage->oracle);
    witness_forget(stage->witness);
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_forget(stage->actors[i]);
    }
}

/* ---- turns ------------------------------------------------------------------------------- */

/* Shares out what the load allows for the time that went by; nothing before all are registered. */
static void load(struct stage *stage, int64_t now_ms)
{
    if (!desk_quiet(stage->desk)) {
        stage->loaded_ms = now_ms;
        return;
    }
    uint64_t due =
        stage->loaded_ms == 0 ? 0 : (uint64_t)(now_ms - stage->loaded_ms) * stage->load_per_s;
    if (stage->load_per_s == 0 || stage->loaded_ms == 0) {
        stage->loaded_ms = now_ms;
        return;
    }
    if (due < 1000) {
        return;
    }
    stage->loaded_ms = now_ms;
    for (uint64_t i = 0; i < due / 1000; i++) {
        actor_allow(stage->actors[world_random_below(&stage->random, SENDERS)], 1);
    }
}

static void greet(struct stage *stage)
{
    struct house *house = &stage->house;
    if (stage->served || house->ready_ms == 0) {
        return;
    }
    stage->served = true;
    if (stage->restarts_count < RESTARTS_MAX) {
        stage->restarts[stage->restarts_count++] = (uint32_t)(house->ready_ms - house->started_ms);
    }
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_redial(stage->actors[i]);
    }
    desk_redial(stage->desk);
}

void stage_mended(struct stage *stage)
{
    stage->mended_ms = stage_now_ms(stage);
    stage->mended_accepted = stage->oracle.counts.accepted;
    stage->mended_confirmed = stage->oracle.counts.confirmed;
}

static void look_recovered(struct stage *stage)
{
    const struct oracle_counts *counts = &stage->oracle.counts;
    if (stage->mended_ms == 0 || counts->accepted <= stage->mended_accepted ||
        counts->confirmed <= stage->mended_confirmed) {
        return;
    }
    if (stage->recovers_count < RESTARTS_MAX) {
        stage->recovers[stage->recovers_count++] =
            (uint32_t)(stage_now_ms(stage) - stage->mended_ms);
    }
    stage->mended_ms = 0;
}

void stage_turn(struct stage *stage)
{
    int64_t now_ms = stage_now_ms(stage);
    const int fds[2] = {stage->house.notify_fd, stage->house.pid_fd};
    load(stage, now_ms);
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_step(stage->actors[i]);
    }
    desk_step(stage->desk);
    client_zmq_wait(stage->clients, AGENCIES + 1, fds, stage->house.pid_fd >= 0 ? 2 : 1, WAIT_MS);
    house_look(&stage->house, stage_now_ms(stage));
    greet(stage);
    look_recovered(stage);
}

static bool still_runs(const struct stage *stage)
{
    siginfo_t info = {0};
    return stage->house.pid != 0 &&
           waitid(P_PID, (id_t)stage->house.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

bool stage_pass(struct stage *stage, int64_t ms)
{
    int64_t until_ms = stage_now_ms(stage) + ms;
    do {
        stage_turn(stage);
        if (!still_runs(stage)) {
            return false;
        }
    } while (stage_now_ms(stage) < until_ms);
    return true;
}

/* ---- the broker's lives ------------------------------------------------------------------ */

void stage_start(struct stage *stage, const struct house_faults *faults)
{
    stage->served = false;
    if (stage->restarts_count > 0 && stage->load_per_s > 0) {
        stage_mended(stage);
    }
    house_start(&stage->house, faults);
}

void stage_register(struct stage *stage)
{
    desk_register(stage->desk, ids, stage->public_keys);
}

void stage_serve(struct stage *stage, bool registering)
{
    int64_t until_ms = stage_now_ms(stage) + SERVE_MS * stage->slow;
    while (!stage->served || (registering && !desk_quiet(stage->desk))) {
        if (!stage_pass(stage, 1)) {
            oracle_fail(&stage->oracle, NULL, "the broker ended instead of serving");
        }
        if (stage_now_ms(stage) > until_ms) {
            oracle_fail(&stage->oracle, NULL, "the broker does not serve");
        }
    }
}

void stage_flow(struct stage *stage, uint32_t count, const char *when)
{
    const struct oracle_counts *counts = &stage->oracle.counts;
    int64_t until_ms = stage_now_ms(stage) + (int64_t)REST_MS * stage->slow;
    uint64_t accepted = counts->accepted + count;
    uint64_t confirmed = counts->confirmed + count;
    while (counts->accepted < accepted || counts->confirmed < confirmed) {
        if (!stage_pass(stage, 1)) {
            oracle_fail(&stage->oracle, NULL, "the broker ended by itself: %s", when);
        }
        if (stage_now_ms(stage) > until_ms) {
            oracle_fail(&stage->oracle, NULL, "%s: %llu of %u accepted, %llu confirmed", when,
                        (unsigned long long)(counts->accepted + count - accepted), count,
                        (unsigned long long)(counts->confirmed + count - confirmed));
        }
    }
}

void stage_kill(struct stage *stage)
{
    house_kill(&stage->house);
    stage->kills++;
    witness_look(stage->witness, stage->house.data);
}

void stage_expect_exit(struct stage *stage, int wait_status, int code)
{
    if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != code) {
        oracle_fail(&stage->oracle, NULL, "the broker ended with wait status 0x%x, not with %d",
                    wait_status, code);
    }
    witness_look(stage->witness, stage->house.data);
}

/* ---- the end ----------------------------------------------------------------------------- */

bool stage_done(const struct stage *stage)
{
    for (uint32_t i = 0; i < AGENCIES; i++) {
        if (!actor_done(stage->actors[i])) {
            return false;
        }
    }
    return true;
}

bool stage_sums_hold(const struct stage *stage)
{
    const struct desk_sums *sums = desk_sums(stage->desk);
    const struct oracle_counts *counts = &stage->oracle.counts;
    return sums->difference == 0 && sums->differing == 0 && sums->open == 0 && sums->counted == 0 &&
           sums->expired == 0 && sums->cancelled == 0 && sums->accepted == counts->legs &&
           sums->taken == counts->taken && sums->refused == counts->refused;
}

static void check_sums(struct stage *stage)
{
    const struct desk_sums *sums = desk_sums(stage->desk);
    const struct oracle_counts *counts = &stage->oracle.counts;
    if (!stage_sums_hold(stage)) {
        oracle_fail(&stage->oracle, NULL,
                    "conservation: accepted %llu of %llu, taken %llu of %llu, refused %llu of"
                    " %llu, open %llu, counted %llu, difference %lld",
                    (unsigned long long)sums->accepted, (unsigned long long)counts->legs,
                    (unsigned long long)sums->taken, (unsigned long long)counts->taken,
                    (unsigned long long)sums->refused, (unsigned long long)counts->refused,
                    (unsigned long long)sums->open, (unsigned long long)sums->counted,
                    (long long)sums->difference);
    }
}

/* A slow machine takes its time; what counts as hanging is that nothing ends any more. */
static void pass_until(struct stage *stage, bool (*reached)(const struct stage *stage),
                       const char *what)
{
    uint64_t confirmed = 0;
    int64_t until_ms = 0;
    while (!reached(stage)) {
        if (until_ms == 0 || stage->oracle.counts.confirmed > confirmed) {
            confirmed = stage->oracle.counts.confirmed;
            until_ms = stage_now_ms(stage) + (int64_t)REST_MS * stage->slow;
        }
        if (!stage_pass(stage, 1)) {
            oracle_fail(&stage->oracle, NULL, "the broker ended by itself before %s", what);
        }
        if (stage_now_ms(stage) > until_ms) {
            oracle_rest(&stage->oracle); /* names one that waits */
            oracle_fail(&stage->oracle, NULL, "never came: %s", what);
        }
    }
}

static bool asked(const struct stage *stage)
{
    return desk_quiet(stage->desk);
}

void stage_rest(struct stage *stage)
{
    stage->load_per_s = 0;
    stage->loaded_ms = 0;
    stage->mended_ms = 0;
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_stop(stage->actors[i]);
        actor_calm(stage->actors[i], true);
    }
    pass_until(stage, stage_done, "the rest");
    oracle_rest(&stage->oracle);
    desk_ask_sums(stage->desk);
    pass_until(stage, asked, "the conservation sum");
    check_sums(stage);
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_calm(stage->actors[i], false);
    }
}

void stage_last_look(struct stage *stage)
{
    char state[sizeof(stage->house.data) + 16];
    house_stop(&stage->house);
    witness_look(stage->witness, stage->house.data);
    house_verify(&stage->house);
    (void)snprintf(state, sizeof(state), "%s/state.mdb", stage->house.data);
    if (unlink(state) != 0) {
        oracle_fail(&stage->oracle, NULL, "no %s", state);
    }
    stage_start(stage, NULL);
    stage_serve(stage, false);
    desk_ask_sums(stage->desk);
    pass_until(stage, asked, "the conservation sum");
    check_sums(stage);
    house_stop(&stage->house);
}
