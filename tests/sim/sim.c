/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The whole broker in a world of its own: virtual time, six agencies with two sessions each, a
 * network that drops, duplicates, delays, reorders and cuts, verifiers that are slow, full and out
 * of order, a journal that is slow, full, unknown or dies, a state.mdb whose disk fills up or
 * fails, crashes and restarts of broker and agencies, wiped adapters. After a while the faults end;
 * then everything must come to rest within a bound, the oracle must be content, the sum must be
 * zero and a state refolded from the journal must equal the one in use. One seed, one run, to the
 * byte.
 */
#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "actor.h"
#include "broker/core/broker.h"
#include "broker/flow/fold_leg.h"
#include "broker/flow/lane.h"
#include "broker/flow/steps.h"
#include "broker/registry/agency.h"
#include "check.h"
#include "cut.h"
#include "harness/io_faults.h"
#include "harness/slow_verifier.h"
#include "harness/world_net.h"
#include "operator.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

#define STORM_MS    (120 * 1000)
#define REST_MS_MAX (4 * 3600 * 1000)
#define WISHES_EACH 60
#define TURNS_MAX   64

static const char *const ids[AGENCIES_SIM] = {"H24.1",  "H24.2",  "H24.3",
                                              "H24.15", "H24.16", "G12.18"};

struct sim {
    uint64_t seed;
    struct world world;
    struct world_net *net;
    struct world_random random;
    struct world_clock clock;
    struct world_entropy entropy;
    struct backend_memory *backend;
    struct slow_verifier verifier;
    struct broker *broker;
    struct oracle oracle;
    struct actor *actors[AGENCIES_SIM];
    struct lt_key keys[AGENCIES_SIM];
    struct sim_operator operator;
    char state_path[128];
    char base_path[128];
    struct check_order order;
    uint32_t cuts;
    uint32_t carried; /* transfers whose bytes went over a cut */
    uint32_t crashes;
    uint64_t timed;         /* legs parked by time */
    uint32_t disk_failures; /* of state.mdb that ended the broker */
    uint32_t disk_fillings;
    int64_t disk_full_until_ms;
    bool storm;
};

static enum lt_status no_operators(void *self, struct flow *flow, struct session *session,
                                   const struct query *query)
{
    (void)self;
    (void)flow;
    (void)session;
    (void)query;
    return LT_OK;
}

static void die(const struct sim *sim, const char *what, enum lt_status status,
                const struct fault *fault)
{
    fprintf(stderr, "sim: %s: %s %s %s\n", what, lt_code(status), fault->field, fault->detail);
    oracle_fail(&sim->oracle, what, NULL);
}

static void open_broker(struct sim *sim)
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
                     .blob_endpoint = "",
                     .software = "sim"},
        .operators = {.take = no_operators},
        .verifier = slow_verifier_door(&sim->verifier),
        .owner = "sim",
    };
    enum lt_status status = broker_open(&sim->broker, &options, &fault);
    if (status != LT_OK) {
        die(sim, "the broker does not open", status, &fault);
    }
    world_net_start(sim->net, 0);
}

static void register_agencies(struct sim *sim)
{
    struct flow *flow = broker_flow(sim->broker);
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        uint8_t entry[AGENCY_BYTES_MAX];
        uint8_t memory[AGENCY_BYTES_MAX + 64];
        struct agency agency;
        uint64_t position;
        memset(&agency, 0, sizeof(agency));
        agency.number = i + 1;
        agency.kind = AGENCY_OTHER;
        snprintf(agency.id, sizeof(agency.id), "%s", ids[i]);
        snprintf(agency.name, sizeof(agency.name), "agency %u", i);
        agency.keys[0].key = sim->keys[i];
        agency.keys_count = 1;
        struct fact_registry change = {.change = REGISTRY_AGENCY,
                                       .person = text_bytes("sim"),
                                       .entry = agency_write(entry, sizeof(entry), &agency)};
        enum lt_status status = flow_fact(
            flow, FACT_REGISTRY, fact_write_registry(memory, sizeof(memory), &change), &position);
        assert(status == LT_OK);
        status = world_net_admit(sim->net, &sim->keys[i], ids[i]);
        assert(status == LT_OK);
    }
}

/* Another host may do better: a crash heals the disk of state.mdb. */
static void heal_disk(struct sim *sim)
{
    io_heal();
    sim->disk_full_until_ms = 0;
}

static void crash(struct sim *sim)
{
    heal_disk(sim);
    world_net_stop(sim->net, 0);
    sim->timed += broker_flow(sim->broker)->sweeper.timed;
    broker_abandon(sim->broker);
    backend_memory_crash(sim->backend, world_random_chance(&sim->random, 500));
    broker_close(&sim->broker);
    sim->crashes++;
    if (world_random_chance(&sim->random, 200)) {
        unlink(sim->state_path); /* a lost state.mdb is only a longer start */
    }
    open_broker(sim);
}

static void turn_broker(struct sim *sim)
{
    for (uint32_t i = 0; i < TURNS_MAX; i++) {
        bool idle = false;
        struct fault fault;
        fault_init(&fault);
        enum lt_status status = broker_turn(sim->broker, &idle, &fault);
        if (status != LT_OK && !sim->storm) {
            die(sim, "the broker stopped in calm weather", status, &fault);
        }
        if (status != LT_OK) {
            sim->disk_failures += strcmp(fault.field, "state.mdb") == 0 ? 1 : 0;
            crash(sim);
            return;
        }
        if (idle) {
            return;
        }
    }
}

static void journal_weather(struct sim *sim)
{
    uint32_t polls = (uint32_t)world_random_below(&sim->random, 5);
    uint64_t draw = world_random_below(&sim->random, 1000);
    enum append_result result = APPEND_DURABLE;
    if (draw < 10) {
        result = APPEND_FULL;
    } else if (draw < 16) {
        result = APPEND_UNKNOWN;
    } else if (draw < 19) {
        result = APPEND_REFUSED;
    }
    backend_memory_plan(sim->backend, result, polls, world_random_chance(&sim->random, 500));
}

/* state.mdb alone: the journal of this world is in memory. */
static void disk_weather(struct sim *sim)
{
    if (sim->disk_full_until_ms != 0 && sim->world.mono_ms >= sim->disk_full_until_ms) {
        heal_disk(sim);
    }
    switch (world_random_below(&sim->random, 1500)) {
    case 0:
        atomic_store(&io_disk_full, true);
        sim->disk_fillings++;
        sim->disk_full_until_ms =
            sim->world.mono_ms + (int64_t)world_random_below(&sim->random, 8000);
        break;
    case 1:
        io_plan(1 + (int)world_random_below(&sim->random, 12), EIO, false);
        break;
    default:
        break;
    }
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

/* An operator replays what is parked, one look at a time. */
static void replay_parked(struct sim *sim)
{
    struct flow *flow = broker_flow(sim->broker);
    struct state_entry at;
    uint32_t agency;
    uint64_t position;
    uint8_t leg;
    enum lt_status status = state_seek(flow->state, STATE_PARKED, (struct lt_bytes){0}, &at);
    if (status != LT_OK || !at.found || !flow_room_small(flow) ||
        !parked_key_read(at.key, &agency, &position, &leg) ||
        plan_leased(flow, position, leg) != 0) {
        return;
    }
    struct transfer_key key;
    struct transfer t;
    uint8_t memory[128];
    status = transfer_at(flow, position, &key, &t);
    assert(status == LT_OK);
    struct fact_act act = {.position = position,
                           .leg = leg,
                           .act = ACT_REPLAY,
                           .next = lane_held(flow, &t, leg) ? LEG_BEHIND : LEG_READY,
                           .person = text_bytes("sim"),
                           .reason = text_bytes("again")};
    status = flow_fact(flow, FACT_ACT, fact_write_act(memory, sizeof(memory), &act), &position);
    assert(status == LT_OK);
}

static void act_on(struct flow *flow, const struct lane_key *lane, enum act_kind act,
                   enum leg_state next)
{
    uint8_t memory[128];
    uint64_t position;
    struct fact_act fact = {.position = lane->position,
                            .leg = lane->leg,
                            .act = (uint8_t)act,
                            .next = (uint8_t)next,
                            .person = text_bytes("sim"),
                            .reason = text_bytes("hold and release")};
    enum lt_status status =
        flow_fact(flow, FACT_ACT, fact_write_act(memory, sizeof(memory), &fact), &position);
    assert(status == LT_OK);
    flight_land(flow, lane->position, lane->leg);
}

/* An operator holds some open leg, wherever it is; one that was sent, too. */
static void hold_some(struct sim *sim)
{
    struct flow *flow = broker_flow(sim->broker);
    struct lane_key key = {.agency = 1 + (uint32_t)world_random_below(&sim->random, AGENCIES_SIM)};
    uint8_t from[RECORD_KEY_MAX];
    struct state_entry at;
    struct lane_entry entry;
    key.lane.bytes[0] = (uint8_t)world_random_below(&sim->random, 256);
    enum lt_status status = state_seek(flow->state, STATE_LANES, lane_key_write(from, &key), &at);
    if (status == LT_OK && at.found && flow_room_small(flow) && lane_key_read(at.key, &key) &&
        lane_entry_read(at.value, &entry) && transfer_next(entry.state, LEG_ON_HOLD) != LEG_NONE) {
        act_on(flow, &key, ACT_HOLD, LEG_HELD);
    }
}

/* And lets the first held one go again. */
static void release_held(struct sim *sim)
{
    struct flow *flow = broker_flow(sim->broker);
    struct state_entry at;
    struct lane_key key;
    struct lane_entry entry;
    enum lt_status status = state_seek(flow->state, STATE_LANES, (struct lt_bytes){0}, &at);
    while (status == LT_OK && at.found && lane_key_read(at.key, &key) &&
           lane_entry_read(at.value, &entry) && entry.state != LEG_HELD) {
        status = state_step(flow->state, &at);
    }
    struct transfer_key transfer;
    struct transfer t;
    if (status != LT_OK || !at.found || !flow_room_small(flow) ||
        transfer_at(flow, key.position, &transfer, &t) != LT_OK) {
        return;
    }
    act_on(flow, &key, ACT_RELEASE, lane_held(flow, &t, key.leg) ? LEG_BEHIND : LEG_READY);
}

/* ---- the journal is cut ---- */

/* Stopped in order: everything staged is durable. False when it crashed on the way, or will not. */
static bool stop_in_order(struct sim *sim)
{
    uint32_t crashes = sim->crashes;
    heal_disk(sim);
    broker_drain(sim->broker);
    for (uint32_t i = 0; i < 500 && !broker_drained(sim->broker); i++) {
        turn_broker(sim);
        if (sim->crashes != crashes) {
            return false;
        }
        world_advance(&sim->world, 10);
    }
    if (!broker_drained(sim->broker)) {
        crash(sim);
        return false;
    }
    return true;
}

static void cut_journal(struct sim *sim)
{
    struct flow *flow = broker_flow(sim->broker);
    struct state_picture before;
    struct state_picture after;
    struct fault fault;
    uint64_t below = flow->carry.ready;
    fault_init(&fault);
    if (below <= journal_first(flow->journal) || !stop_in_order(sim)) {
        return;
    }
    if (!check_accepted_order(flow, &sim->order)) {
        oracle_fail(&sim->oracle, "the order of acceptance is not the sender's", NULL);
    }
    check_picture(flow, &before);
    sim->carried += (uint32_t)flow->carry.carried;
    sim->timed += flow->sweeper.timed;
    world_net_stop(sim->net, 0);
    broker_close(&sim->broker);
    if (world_random_chance(&sim->random, 300)) {
        io_plan(1 + (int)world_random_below(&sim->random, 6), EIO, false);
    }
    enum lt_status status = cut_make(sim->backend, sim->state_path, sim->base_path, below, &fault);
    heal_disk(sim);
    sim->cuts += status == LT_OK ? 1 : 0;
    /* A leg that moved while it was carried, or the disk: nothing was cut then. */
    if (status != LT_OK && status != LT_AGAIN && status != LT_IO) {
        die(sim, "the journal is not cut", status, &fault);
    }
    if (world_random_chance(&sim->random, 500)) {
        unlink(sim->state_path);
    }
    open_broker(sim);
    check_picture(broker_flow(sim->broker), &after);
    after.digest[STATE_PLANS] = before.digest[STATE_PLANS]; /* one being chosen ends with a life */
    if (!check_same(&before, &after)) {
        oracle_fail(&sim->oracle, "the state after a cut differs", NULL);
    }
}

static void trouble(struct sim *sim)
{
    struct actor *actor = sim->actors[world_random_below(&sim->random, AGENCIES_SIM)];
    switch (world_random_below(&sim->random, 600)) {
    case 0:
        crash(sim);
        break;
    case 1:
        actor_restart(actor);
        break;
    case 2:
        actor_cut(actor);
        break;
    case 3:
        actor_vanish(actor);
        break;
    case 4:
        if (world_random_chance(&sim->random, 200)) {
            actor_wipe(actor);
        }
        break;
    case 6:
    case 7:
        actor_break(actor, world_random_chance(&sim->random, 500) ? LT_RECEIVER_FAULTY
                                                                  : LT_RECEIVER_UNREACHABLE);
        break;
    case 8:
        actor_break(actor, LT_RECEIVER_REJECTED);
        break;
    case 9:
    case 10:
        actor_break(actor, 0);
        break;
    case 5:
        world_step_wall(&sim->world, (int64_t)world_random_below(&sim->random, 4000) - 2000);
        break;
    case 11:
    case 12:
    case 13:
        hold_some(sim);
        break;
    case 14:
        cut_order(broker_flow(sim->broker));
        break;
    case 15:
    case 16:
    case 17:
        cut_journal(sim);
        break;
    default:
        break;
    }
}

static void weather(struct sim *sim, bool storm)
{
    struct weather w = {.delay_ms_min = 1, .delay_ms_max = 5};
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        if (storm) {
            w.drop_permille = (uint32_t)world_random_below(&sim->random, 30);
            w.duplicate_permille = (uint32_t)world_random_below(&sim->random, 20);
            w.reorder_permille = (uint32_t)world_random_below(&sim->random, 20);
            w.cut_permille = (uint32_t)world_random_below(&sim->random, 5);
            w.delay_ms_max = 1 + (uint32_t)world_random_below(&sim->random, 300);
        }
        actor_weather(sim->actors[i], &w);
    }
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

/* What a person wants to know first about a world that does not come to rest. */
static void say_unrest(struct sim *sim)
{
    struct flow *flow = broker_flow(sim->broker);
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        const struct desk *desk = desk_of(&flow->desks, i + 1);
        fprintf(stderr, "  %s: done %d, notices %llu of %llu, told %llu, teller %d, in flight %u\n",
                ids[i], actor_done(sim->actors[i]) ? 1 : 0,
                (unsigned long long)actor_notices(sim->actors[i]),
                (unsigned long long)desk->counts.notice_seq, (unsigned long long)desk->notice_told,
                desk->teller != NULL ? 1 : 0, desk->in_flight);
    }
    fprintf(stderr, "  open legs %llu, sessions %u, under verification %u\n",
            (unsigned long long)check_open_legs(flow), flow->sessions.all.count, flow->verifying);
}

static void run_storm(struct sim *sim)
{
    int64_t end_ms = sim->world.mono_ms + STORM_MS;
    sim->storm = true;
    while (sim->world.mono_ms < end_ms) {
        if (sim->world.mono_ms % 5000 < 40) {
            weather(sim, true);
        }
        journal_weather(sim);
        disk_weather(sim);
        trouble(sim);
        if (world_random_chance(&sim->random, 5)) {
            replay_parked(sim);
        }
        release_held(sim);
        operator_step(&sim->operator, broker_flow(sim->broker), &sim->random, AGENCIES_SIM);
        turn_broker(sim);
        if (world_random_chance(&sim->random, 20) && !check_heads(broker_flow(sim->broker))) {
            oracle_fail(&sim->oracle, "a lane's head is wrong", NULL);
        }
        if (broker_flow(sim->broker)->sweeper.last.differing != 0) {
            oracle_fail(&sim->oracle, "the sweeper counts another sum", NULL);
        }
        if (world_random_chance(&sim->random, 20) && !check_parked(broker_flow(sim->broker))) {
            oracle_fail(&sim->oracle, "parked legs are counted wrongly", NULL);
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
        turn_broker(sim); /* what was begun in the storm may still fail */
        world_advance(&sim->world, 10);
    }
    sim->storm = false;
    heal_disk(sim);
    weather(sim, false);
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        actor_calm(sim->actors[i]);
    }
    do {
        replay_parked(sim);
        release_held(sim);
        operator_calm(broker_flow(sim->broker));
        turn_broker(sim);
        for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
            actor_step(sim->actors[i]);
        }
        world_advance(&sim->world, 50);
        if (sim->world.mono_ms > end_ms) {
            say_unrest(sim);
            oracle_fail(&sim->oracle, "the world does not come to rest", NULL);
        }
    } while (!at_rest(sim));
}

static void judge(struct sim *sim)
{
    struct state_picture used;
    struct state_picture refolded;
    broker_drain(sim->broker);
    while (!broker_drained(sim->broker)) {
        turn_broker(sim);
        world_advance(&sim->world, 10);
    }
    oracle_rest(&sim->oracle);
    if (!check_conservation(broker_flow(sim->broker))) {
        oracle_fail(&sim->oracle, "the sum is not zero", NULL);
    }
    if (!operator_check(broker_flow(sim->broker))) {
        oracle_fail(&sim->oracle, "a plan's numbers are wrong", NULL);
    }
    if (!check_accepted_order(broker_flow(sim->broker), &sim->order)) {
        oracle_fail(&sim->oracle, "the order of acceptance is not the sender's", NULL);
    }
    check_picture(broker_flow(sim->broker), &used);
    world_net_stop(sim->net, 0);
    sim->timed += broker_flow(sim->broker)->sweeper.timed;
    broker_close(&sim->broker);
    unlink(sim->state_path);
    open_broker(sim);
    check_picture(broker_flow(sim->broker), &refolded);
    if (!check_same(&used, &refolded)) {
        oracle_fail(&sim->oracle, "the refolded state differs", NULL);
    }
}

static void run_seed(uint64_t seed, const char *folder, bool verbose)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    assert(sim != NULL);
    sim->seed = seed;
    oracle_init(&sim->oracle, seed);
    world_init(&sim->world, seed);
    world_random_init(&sim->random, &sim->world, 1);
    world_clock_init(&sim->clock, &sim->world, 0);
    world_entropy_init(&sim->entropy, &sim->world, 2);
    snprintf(sim->state_path, sizeof(sim->state_path), "%s/state.mdb", folder);
    snprintf(sim->base_path, sizeof(sim->base_path), "%s/base", folder);
    check_order_init(&sim->order);
    enum lt_status status = world_net_open(&sim->net, &sim->world);
    assert(status == LT_OK);
    status = backend_memory_open(&sim->backend);
    assert(status == LT_OK);
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        sim->entropy.entropy.fill(sim->entropy.entropy.self, &sim->keys[i], sizeof(sim->keys[i]));
    }
    open_verifier(sim);
    open_broker(sim);
    register_agencies(sim);
    while (!broker_drained(sim->broker)) {
        turn_broker(sim);
        world_advance(&sim->world, 10);
    }
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        struct actor_options options = {.world = &sim->world,
                                        .net = sim->net,
                                        .oracle = &sim->oracle,
                                        .index = i,
                                        .ids = ids,
                                        .key = sim->keys[i],
                                        .wishes_max = WISHES_EACH};
        sim->actors[i] = actor_open(&options);
    }
    run_storm(sim);
    run_calm(sim);
    judge(sim);
    if (verbose) {
        printf("seed %llu: %u wishes, %u crashes (%u of state.mdb, full %u times), "
               "%llu incidents, %llu parked by time, %u cuts (%u carried), %llu frames late, "
               "%llu plans (%llu runs, %llu pauses, %llu cancelled), %lld s\n",
               (unsigned long long)seed, sim->oracle.count, sim->crashes, sim->disk_failures,
               sim->disk_fillings, (unsigned long long)broker_flow(sim->broker)->incidents,
               (unsigned long long)sim->timed, sim->cuts, sim->carried,
               (unsigned long long)sim->verifier.put, (unsigned long long)sim->operator.made,
               (unsigned long long)sim->operator.run, (unsigned long long)sim->operator.paused,
               (unsigned long long)sim->operator.cancelled, (long long)(sim->world.mono_ms / 1000));
    }
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        actor_close(&sim->actors[i]);
    }
    world_net_stop(sim->net, 0);
    broker_close(&sim->broker);
    backend_memory_close(&sim->backend);
    slow_verifier_deinit(&sim->verifier);
    world_net_close(&sim->net);
    unlink(sim->state_path);
    unlink(sim->base_path);
    free(sim);
}

static void quiet(void *self, const char *line)
{
    (void)self;
    (void)line;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},  {"from", required_argument, NULL, 'f'},
        {"seeds", required_argument, NULL, 'n'}, {"fresh", no_argument, NULL, 'r'},
        {"verbose", no_argument, NULL, 'v'},     {NULL, 0, NULL, 0}};
    uint64_t from = 1;
    uint64_t count = 1;
    bool verbose = false;
    int option;
    char folder[] = "/tmp/lt-sim-XXXXXX";
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
        case 'v':
            verbose = true;
            break;
        default:
            return 2;
        }
    }
    if (mkdtemp(folder) == NULL) {
        return 2;
    }
    if (!verbose || count > 1) {
        log_capture(quiet, NULL);
    }
    for (uint64_t seed = from; seed < from + count; seed++) {
        run_seed(seed, folder, verbose);
    }
    char path[64];
    snprintf(path, sizeof(path), "%s/state.mdb-lock", folder);
    unlink(path);
    rmdir(folder);
    printf("sim: %llu seeds from %llu at rest, every wish once\n", (unsigned long long)count,
           (unsigned long long)from);
    return 0;
}
