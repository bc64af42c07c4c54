/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The whole broker in a world of its own: virtual time, six agencies with two sessions each, a
 * network that drops, duplicates, delays, reorders and cuts, verifiers that are slow, full and out
 * of order, a journal that is slow, full, unknown or dies, a state.mdb whose disk fills up or
 * fails, crashes and restarts of broker and agencies, wiped adapters, changes of keys, clocks that
 * jump by an hour and a day. People at the operators' port hold, release, skip, cancel, expire,
 * reroute, replay, pause and drain, and make plans; the journal is cut; agencies' local systems are
 * set back and catch up; the broker is restored from its backup, with a word, or without one, and
 * then nobody may believe it. After a while the faults end; then everything must come to rest
 * within a bound, the oracle must be content, the sum must be zero and a state refolded from the
 * journal must equal the one in use. One seed, one run, to the byte.
 */
#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broker/flow/fold_leg.h"
#include "broker/flow/steps.h"
#include "disk.h"
#include "proto/base/log.h"
#include "sim.h"

#define STORM_MS    (120 * 1000)
#define REST_MS_MAX (4 * 3600 * 1000)
#define WISHES_EACH 60
#define TURNS_MAX   64
#define LOG_WORLDS  10 /* one world in so many has a log: signatures and syncs take real time */

const char *const sim_ids[AGENCIES_SIM] = {"H24.1", "H24.2", "H24.3", "H24.15", "H24.16", "G12.18"};

void sim_die(const struct sim *sim, const char *what, enum lt_status status,
             const struct fault *fault)
{
    fprintf(stderr, "sim: %s: %s %s %s\n", what, lt_code(status), fault->field, fault->detail);
    sim_fail(sim, what);
}

void sim_open_broker(struct sim *sim)
{
    struct fault fault;
    fault_init(&fault);
    struct broker_options options = {
        .clock = &sim->clock.clock,
        .entropy = &sim->entropy.entropy,
        .port = world_net_server(sim->net, 0),
        .backend = backend_memory_door(sim->backend),
        .state = {.path = sim->state_path,
                  .base = sim->base_path,
                  .map_bytes = 64 << 20,
                  .applier_inline = true,
                  .no_sync = true,
                  .seed = sim->seed},
        .settings = {.attempts_max = 4,
                     .backoff_first_ms = 1000,
                     .settle_timeout_ms = 30000,
                     .lease_ms = LEASE_MS,
                     .beat_ms = BEAT_MS,
                     .line_incident_ms = 3000,
                     .deadline_ms = 15000,
                     .stuck_ms = 60000,
                     .reconcile_ms = 8000,
                     .log = sim->notary != NULL,
                     .blob_endpoint = "",
                     .software = "sim"},
        .operators = people_door(sim->people),
        .verifier = slow_verifier_door(&sim->verifier),
        .owner = "sim",
        .restored_by = sim->restored_by,
        .restored_to = sim->backups.to,
        .restored_above = notary_began(sim->notary),
        .restored_why = "restored from the last backup",
    };
    enum lt_status status = broker_open(&sim->broker, &options, &fault);
    if (status != LT_OK) {
        sim_die(sim, "the broker does not open", status, &fault);
    }
    notary_begin(sim->notary, sim->broker, sim->backend, sim->restored_by != NULL);
    world_net_start(sim->net, 0);
}

/* Another host may do better: a crash heals the disk of state.mdb. */
void sim_heal_disk(struct sim *sim)
{
    disk_heal();
    sim->disk_full_until_ms = 0;
}

void sim_crash(struct sim *sim)
{
    sim_heal_disk(sim);
    world_net_stop(sim->net, 0);
    sim->timed += broker_flow(sim->broker)->sweeper.timed;
    notary_end(sim->notary, sim->broker);
    broker_abandon(sim->broker);
    backend_memory_crash(sim->backend, world_random_chance(&sim->random, 500));
    broker_close(&sim->broker);
    sim->crashes++;
    if (world_random_chance(&sim->random, 200)) {
        unlink(sim->state_path); /* a lost state.mdb is only a longer start */
    }
    sim_open_broker(sim);
}

static void turn_broker(struct sim *sim)
{
    for (uint32_t i = 0; i < TURNS_MAX; i++) {
        bool idle = false;
        struct fault fault;
        fault_init(&fault);
        enum lt_status status = broker_turn(sim->broker, &idle, &fault);
        if (status != LT_OK && !sim->storm) {
            sim_die(sim, "the broker stopped in calm weather", status, &fault);
        }
        if (status != LT_OK) {
            sim->disk_failures += strcmp(fault.field, "state.mdb") == 0 ? 1 : 0;
            sim_crash(sim);
            return;
        }
        if (idle) {
            return;
        }
    }
}

void sim_turn(struct sim *sim)
{
    turn_broker(sim);
    if (broker_restore_told(sim->broker)) {
        sim->restored_by = NULL; /* main removes the file now */
    }
    if (!sim->blind && !witness_look(sim->witness, broker_flow(sim->broker))) {
        sim_fail(sim, "a fact does not read");
    }
}

/* Stopped in order: everything staged is durable. False when it crashed on the way, or will not. */
bool sim_stop(struct sim *sim)
{
    uint32_t crashes = sim->crashes;
    sim_heal_disk(sim);
    broker_drain(sim->broker);
    for (uint32_t i = 0; i < 500 && !broker_drained(sim->broker); i++) {
        sim_turn(sim);
        if (sim->crashes != crashes) {
            return false;
        }
        world_advance(&sim->world, 10);
    }
    if (!broker_drained(sim->broker)) {
        sim_crash(sim);
        return false;
    }
    return true;
}

/* Some worlds have quick verifiers, some slow ones, in some nothing is too small for them. */
static void open_verifier(struct sim *sim)
{
    static const uint32_t delays[] = {5, 60, 400, 3000};
    static const size_t sizes[] = {0, 0, 400, 2000};
    enum lt_status status = slow_verifier_init(&sim->verifier, &sim->world, 3);
    assert(status == LT_OK);
    sim->verifier.delay_ms_max = delays[world_random_below(&sim->random, 4)];
    sim->verifier.inline_bytes = sizes[world_random_below(&sim->random, 4)];
    sim->verifier.full_permille = 30;
}

static bool at_rest(struct sim *sim)
{
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        if (!actor_done(sim->actors[i])) {
            return false;
        }
        const struct desk *desk = desk_of(&broker_flow(sim->broker)->desks, i + 1);
        if (actor_notices(sim->actors[i]) != desk->counts.notice_seq) {
            return false; /* every outcome is told in the end, also to one that was wiped */
        }
    }
    return check_open_legs(broker_flow(sim->broker)) == 0 &&
           broker_flow(sim->broker)->plans.count == 0;
}

static void say_open(struct flow *flow)
{
    struct state_entry at;
    struct lane_key key;
    struct transfer_key transfer;
    struct transfer t;
    enum lt_status status = state_seek(flow->state, STATE_LANES, (struct lt_bytes){0}, &at);
    while (status == LT_OK && at.found && lane_key_read(at.key, &key) &&
           transfer_at(flow, key.position, &transfer, &t) == LT_OK) {
        const struct leg *leg = &t.legs[key.leg];
        fprintf(stderr, "    %llu leg %u at %u is %s, flags %u, code %u, due in %lld ms\n",
                (unsigned long long)key.position, (unsigned)key.leg, key.agency - 1,
                leg_state_name(leg->state), (unsigned)leg->flags, (unsigned)leg->code,
                (long long)(leg->due_ms - flow->now_ms));
        status = state_step(flow->state, &at);
    }
}

/* What a person wants to know first about a world that does not come to rest. */
static void say_unrest(struct sim *sim)
{
    struct flow *flow = broker_flow(sim->broker);
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        const struct desk *desk = desk_of(&flow->desks, i + 1);
        fprintf(stderr, "  %s: done %d, notices %llu of %llu, told %llu, teller %d, in flight %u\n",
                sim_ids[i], actor_done(sim->actors[i]) ? 1 : 0,
                (unsigned long long)actor_notices(sim->actors[i]),
                (unsigned long long)desk->counts.notice_seq, (unsigned long long)desk->notice_told,
                desk->teller != NULL ? 1 : 0, desk->in_flight);
        actor_say(sim->actors[i]);
    }
    fprintf(stderr, "  axis time %lld, wall %lld, suspect %d\n", (long long)flow->now_ms,
            (long long)sim->world.wall_ms, flow->clock_suspect ? 1 : 0);
    fprintf(stderr, "  open legs %llu, sessions %u, under verification %u\n",
            (unsigned long long)check_open_legs(flow), flow->sessions.all.count, flow->verifying);
    say_open(flow);
}

static void run_storm(struct sim *sim)
{
    int64_t end_ms = sim->world.mono_ms + STORM_MS;
    sim->storm = true;
    while (sim->world.mono_ms < end_ms) {
        if (sim->world.mono_ms % 5000 < 40) {
            trouble_weather(sim, true);
        }
        trouble_step(sim);
        if (world_random_chance(&sim->random, 5)) {
            act_replay_parked(sim);
        }
        if (world_random_chance(&sim->random, 20)) {
            act_release_held(sim);
        }
        operator_step(&sim->operator, broker_flow(sim->broker), &sim->random, AGENCIES_SIM);
        people_step(sim->people, broker_flow(sim->broker), sim->witness);
        sim_turn(sim);
        if (world_random_chance(&sim->random, 20) && !check_heads(broker_flow(sim->broker))) {
            sim_fail(sim, "a lane's head is wrong");
        }
        if (broker_flow(sim->broker)->sweeper.last.differing != 0) {
            sim_fail(sim, "the sweeper counts another sum");
        }
        if (world_random_chance(&sim->random, 20) && !check_parked(broker_flow(sim->broker))) {
            sim_fail(sim, "parked legs are counted wrongly");
        }
        for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
            actor_step(sim->actors[i]);
        }
        world_advance(&sim->world, 1 + (int64_t)world_random_below(&sim->random, 50));
    }
}

static void run_calm(struct sim *sim)
{
    int64_t end_ms = sim->world.mono_ms + REST_MS_MAX;
    backend_memory_plan(sim->backend, APPEND_DURABLE, 0, true);
    while (journal_in_flight(broker_flow(sim->broker)->journal)) {
        sim_turn(sim); /* what was begun in the storm may still fail */
        world_advance(&sim->world, 10);
    }
    sim->storm = false;
    sim_heal_disk(sim);
    trouble_weather(sim, false);
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        actor_calm(sim->actors[i]);
    }
    people_calm(sim->people);
    do {
        trouble_end(sim);
        act_open_gates(sim);
        act_replay_parked(sim);
        act_release_held(sim);
        operator_calm(broker_flow(sim->broker));
        sim_turn(sim);
        people_step(sim->people, broker_flow(sim->broker), sim->witness);
        for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
            actor_step(sim->actors[i]);
        }
        world_advance(&sim->world, 50);
        if (sim->world.mono_ms > end_ms) {
            say_unrest(sim);
            sim_fail(sim, "the world does not come to rest");
        }
    } while (!at_rest(sim));
}

static void judge(struct sim *sim)
{
    struct state_picture used;
    struct state_picture refolded;
    broker_drain(sim->broker);
    while (!broker_drained(sim->broker)) {
        sim_turn(sim);
        world_advance(&sim->world, 10);
    }
    oracle_rest(&sim->oracle);
    witness_rest(sim->witness);
    const struct wish *wrong = check_finals(broker_flow(sim->broker), &sim->oracle);
    if (wrong != NULL) {
        oracle_fail(&sim->oracle, "the broker says otherwise than the world", wrong);
    }
    if (!check_conservation(broker_flow(sim->broker))) {
        sim_fail(sim, "the sum is not zero");
    }
    if (!operator_check(broker_flow(sim->broker))) {
        sim_fail(sim, "a plan's numbers are wrong");
    }
    if (!check_accepted_order(broker_flow(sim->broker), &sim->order)) {
        sim_fail(sim, "the order of acceptance is not the sender's");
    }
    check_picture(broker_flow(sim->broker), &used);
    world_net_stop(sim->net, 0);
    sim->timed += broker_flow(sim->broker)->sweeper.timed;
    notary_end(sim->notary, sim->broker);
    broker_close(&sim->broker);
    unlink(sim->state_path);
    sim_open_broker(sim);
    sim->receipts = notary_judge(sim->notary, sim->broker, sim->backend);
    sim->sealed = seals_judge(sim->seals, broker_flow(sim->broker), &sim->oracle);
    check_picture(broker_flow(sim->broker), &refolded);
    if (!check_same(&used, &refolded)) {
        sim_fail(sim, "the refolded state differs");
    }
}

static void say_all(struct sim *sim)
{
    const struct people_sum *people = people_sum(sim->people);
    struct witnessed acts = witness_sum(sim->witness);
    printf("seed %llu: %u wishes, %u crashes (%u of state.mdb, full %u times), "
           "%llu incidents, %llu parked by time, %u cuts (%u carried), %llu frames late, "
           "%llu plans (%llu runs, %llu pauses, %llu cancelled), %lld s\n",
           (unsigned long long)sim->seed, sim->oracle.count, sim->crashes, sim->disk_failures,
           sim->disk_fillings, (unsigned long long)broker_flow(sim->broker)->incidents,
           (unsigned long long)sim->timed, sim->cuts, sim->carried,
           (unsigned long long)sim->verifier.put, (unsigned long long)sim->operator.made,
           (unsigned long long)sim->operator.run, (unsigned long long)sim->operator.paused,
           (unsigned long long)sim->operator.cancelled, (long long)(sim->world.mono_ms / 1000));
    printf("  %llu acts asked for: %llu done, %llu by two, %llu refused, %llu unheard, %llu waits; "
           "%u skipped, %u ended, %u rerouted, %u at risk\n",
           (unsigned long long)people->asked, (unsigned long long)people->done,
           (unsigned long long)people->agreed, (unsigned long long)people->refused,
           (unsigned long long)people->unheard, (unsigned long long)people->waited, acts.skipped,
           acts.ended, acts.rerouted, acts.risked);
    printf("  %u restores, %u roll-backs refused, %u agencies restored, %u keys changed, "
           "%u clock jumps, %llu receipts, %llu seals\n",
           sim->restores, sim->rolled_back, sim->agency_restores, sim->keys_changed,
           sim->clock_jumps, (unsigned long long)sim->receipts, (unsigned long long)sim->sealed);
}

static void tell_story(void *self, const struct wish *wish)
{
    story_tell(self, wish);
}

static void open_notary(struct sim *sim, const char *folder)
{
    if (sim->seed % LOG_WORLDS == 0) {
        sim->notary = notary_open(folder, &sim->clock.clock, &sim->oracle);
    }
}

static void close_all(struct sim *sim)
{
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        actor_close(&sim->actors[i]);
    }
    world_net_stop(sim->net, 0);
    notary_end(sim->notary, sim->broker);
    broker_close(&sim->broker);
    notary_close(&sim->notary);
    seals_close(&sim->seals);
    people_close(&sim->people);
    witness_close(&sim->witness);
    story_close(&sim->story);
    backend_memory_close(&sim->backend);
    backend_memory_close(&sim->backups.journal);
    slow_verifier_deinit(&sim->verifier);
    world_net_close(&sim->net);
    unlink(sim->state_path);
    unlink(sim->base_path);
    unlink(sim->backups.base_path);
    free(sim);
}

static void run_seed(uint64_t seed, const char *folder, bool verbose)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    assert(sim != NULL);
    sim->seed = seed;
    oracle_init(&sim->oracle, seed);
    if (verbose) {
        sim->story = story_open();
        sim->oracle.story = tell_story;
        sim->oracle.story_self = sim->story;
    }
    world_init(&sim->world, seed);
    world_random_init(&sim->random, &sim->world, 1);
    world_clock_init(&sim->clock, &sim->world, 0);
    world_entropy_init(&sim->entropy, &sim->world, 2);
    snprintf(sim->state_path, sizeof(sim->state_path), "%s/state.mdb", folder);
    snprintf(sim->base_path, sizeof(sim->base_path), "%s/base", folder);
    snprintf(sim->backups.base_path, sizeof(sim->backups.base_path), "%s/base.copy", folder);
    check_order_init(&sim->order);
    enum lt_status status = world_net_open(&sim->net, &sim->world);
    assert(status == LT_OK);
    status = backend_memory_open(&sim->backend);
    assert(status == LT_OK);
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        sim->entropy.entropy.fill(sim->entropy.entropy.self, &sim->keys[i], sizeof(sim->keys[i]));
    }
    sim->witness = witness_open(&sim->oracle, sim->story);
    sim->people = people_open(&sim->world, sim->net, &sim->oracle, sim_ids);
    open_verifier(sim);
    open_notary(sim, folder);
    struct world_entropy keys;
    world_entropy_init(&keys, &sim->world, 3);
    sim->seals = seals_open(folder, &keys.entropy, seed);
    sim_open_broker(sim);
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        act_register(sim, i);
    }
    seals_register(sim->seals, broker_flow(sim->broker));
    while (!broker_drained(sim->broker)) {
        sim_turn(sim);
        world_advance(&sim->world, 10);
    }
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        struct actor_options options = {.world = &sim->world,
                                        .net = sim->net,
                                        .oracle = &sim->oracle,
                                        .index = i,
                                        .ids = sim_ids,
                                        .key = sim->keys[i],
                                        .notary = sim->notary,
                                        .signer = seals_signer(sim->seals, i),
                                        .wishes_max = WISHES_EACH};
        sim->actors[i] = actor_open(&options);
    }
    run_storm(sim);
    run_calm(sim);
    judge(sim);
    if (verbose) {
        say_all(sim);
    }
    close_all(sim);
}

static void quiet(void *self, const char *line)
{
    (void)self;
    (void)line;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"seed", required_argument, NULL, 's'},
                                            {"from", required_argument, NULL, 'f'},
                                            {"seeds", required_argument, NULL, 'n'},
                                            {"fresh", no_argument, NULL, 'r'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {"folder", required_argument, NULL, 'd'},
                                            {NULL, 0, NULL, 0}};
    uint64_t from = 1;
    uint64_t count = 1;
    bool verbose = false;
    int option;
    const char *under = "/tmp";
    char folder[80];
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
        case 'f':
            from = strtoull(optarg, NULL, 10);
            break;
        case 'n':
            count = strtoull(optarg, NULL, 10);
            break;
        case 'r':
            from = (uint64_t)time(NULL) * 1000;
            break;
        case 'd':
            under = optarg;
            break;
        case 'v':
            verbose = true;
            break;
        default:
            return 2;
        }
    }
    snprintf(folder, sizeof(folder), "%s/lt-sim-XXXXXX", under);
    if (mkdtemp(folder) == NULL) {
        return 2;
    }
    if (!verbose || count > 1) {
        log_capture(quiet, NULL);
    }
    for (uint64_t seed = from; seed < from + count; seed++) {
        run_seed(seed, folder, verbose);
    }
    char path[sizeof(folder) + 16];
    snprintf(path, sizeof(path), "%s/state.mdb-lock", folder);
    unlink(path);
    rmdir(folder);
    printf("sim: %llu seeds from %llu at rest, every wish once\n", (unsigned long long)count,
           (unsigned long long)from);
    return 0;
}
