/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The journal of the simulated broker is cut, backed up, and set back to its backup: with a word,
 * as `ltctl restore` leaves one, or without, as a machine does that was rolled back behind
 * everybody's back. Then nobody may talk to it, and nothing may get into it, until it is gone.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/flow/steps.h"
#include "broker/state/base.h"
#include "cut.h"
#include "disk.h"
#include "proto/base/text.h"
#include "sim.h"

#define ROLLED_BACK_MS    20000
#define RESTORES_APART_MS 10000

/* ---- the journal is cut ---- */

void disaster_cut(struct sim *sim)
{
    struct flow *flow = broker_flow(sim->broker);
    struct state_picture before;
    struct state_picture after;
    struct fault fault;
    uint64_t below = flow->carry.ready;
    fault_init(&fault);
    if (below <= journal_first(flow->journal) || !sim_stop(sim)) {
        return;
    }
    if (!check_accepted_order(flow, &sim->order)) {
        sim_fail(sim, "the order of acceptance is not the sender's");
    }
    check_picture(flow, &before);
    sim->carried += (uint32_t)flow->carry.carried;
    sim->timed += flow->sweeper.timed;
    world_net_stop(sim->net, 0);
    notary_end(sim->notary, sim->broker);
    broker_close(&sim->broker);
    if (world_random_chance(&sim->random, 300)) {
        disk_fail(1 + (int)world_random_below(&sim->random, 6));
    }
    enum lt_status status = LT_AGAIN;
    if (notary_covers(sim->notary, below)) {
        status = cut_make(sim->backend, sim->state_path, sim->base_path, below, &fault);
    }
    sim_heal_disk(sim);
    sim->cuts += status == LT_OK ? 1 : 0;
    sim->oracle.cut_below =
        status == LT_OK && below > sim->oracle.cut_below ? below : sim->oracle.cut_below;
    /* A leg that moved while it was carried, or the disk: nothing was cut then. */
    if (status != LT_OK && status != LT_AGAIN && status != LT_IO) {
        sim_die(sim, "the journal is not cut", status, &fault);
    }
    if (world_random_chance(&sim->random, 500)) {
        unlink(sim->state_path);
    }
    sim_open_broker(sim);
    check_picture(broker_flow(sim->broker), &after);
    after.digest[STATE_PLANS] = before.digest[STATE_PLANS]; /* one being chosen ends with a life */
    if (!check_same(&before, &after)) {
        sim_fail(sim, "the state after a cut differs");
    }
}

/* ---- backups ---- */

static uint64_t last_of(struct backend_memory *backend)
{
    struct backend_status status;
    struct journal_backend door = backend_memory_door(backend);
    door.status(door.self, &status);
    return status.last;
}

static void put_base(const char *from, bool there, const char *to)
{
    struct base_about about;
    struct fault fault;
    fault_init(&fault);
    unlink(to);
    if (there) {
        enum lt_status status = base_copy(from, to, &about, &fault);
        assert(status == LT_OK);
    }
}

static void put_journal(struct sim *sim, struct backend_memory *from)
{
    struct backend_memory *copy = NULL;
    enum lt_status status = backend_memory_copy(from, &copy);
    assert(status == LT_OK);
    backend_memory_close(&sim->backend);
    sim->backend = copy;
}

/* Without stopping anything; now and then nobody tells the broker of it. */
void disaster_backup(struct sim *sim)
{
    struct backups *backups = &sim->backups;
    struct flow *flow = broker_flow(sim->broker);
    uint8_t memory[128];
    uint64_t position;
    sim_heal_disk(sim);
    backend_memory_close(&backups->journal);
    enum lt_status status = backend_memory_copy(sim->backend, &backups->journal);
    assert(status == LT_OK);
    backups->to = last_of(backups->journal);
    backups->made_ms = sim->world.mono_ms;
    backups->base = access(sim->base_path, F_OK) == 0;
    put_base(sim->base_path, backups->base, backups->base_path);
    if (!check_accepted_order(flow, &sim->order)) {
        sim_fail(sim, "the order of acceptance is not the sender's");
    }
    backups->order = sim->order;
    if (backups->to > flow->durable || !flow_room_small(flow) ||
        world_random_chance(&sim->random, 300)) {
        return;
    }
    struct fact_backup mark = {.position = backups->to, .person = text_bytes("sim")};
    status =
        flow_fact(flow, FACT_BACKUP, fact_write_backup(memory, sizeof(memory), &mark), &position);
    assert(status == LT_OK);
}

/* The machine is gone; what is left of it is the backup. */
static void lose_all(struct sim *sim)
{
    sim_heal_disk(sim);
    sim->timed += broker_flow(sim->broker)->sweeper.timed;
    world_net_stop(sim->net, 0);
    notary_end(sim->notary, sim->broker);
    broker_abandon(sim->broker);
    broker_close(&sim->broker);
    unlink(sim->state_path);
    put_journal(sim, sim->backups.journal);
    put_base(sim->backups.base_path, sim->backups.base, sim->base_path);
}

void disaster_restore(struct sim *sim)
{
    if (sim->backups.journal == NULL) {
        return;
    }
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        if (actor_wiped_ms(sim->actors[i]) + 10000 > sim->backups.made_ms) {
            return; /* see wipe() in trouble.c */
        }
    }
    /* Nobody is so quick, not even beside a clock that is set back a little in between. */
    if (sim->world.mono_ms - sim->restored_ms < RESTORES_APART_MS) {
        return;
    }
    lose_all(sim);
    sim->restored_ms = sim->world.mono_ms;
    sim->clock.skew_ms = 0; /* whoever restores looks at the clock first */
    witness_forget(sim->witness, sim->backups.to);
    sim->order = sim->backups.order;
    sim->restored_by = "sim";
    sim->restores++;
    sim_open_broker(sim);
    act_keys(sim);
}

/* ---- rolled back without a word ---- */

static bool would_all_see(struct sim *sim)
{
    uint32_t incarnation = broker_flow(sim->broker)->restored.incarnation;
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        if (actor_told(sim->actors[i], incarnation) <= sim->backups.to) {
            return false;
        }
    }
    return true;
}

static enum lt_status nothing_came_in(void *context, const struct fact *fact)
{
    (void)context;
    return fact->kind == FACT_ACCEPTED || fact->kind == FACT_SENT || fact->kind == FACT_SETTLED
               ? LT_EXISTS
               : LT_OK;
}

void disaster_roll_back(struct sim *sim)
{
    struct backend_memory *good = NULL;
    if (sim->backups.journal == NULL || !would_all_see(sim) || sim->notary != NULL) {
        return; /* an axis with a log would not start */
    }
    sim_crash(sim); /* what was in flight is decided */
    enum lt_status status = backend_memory_copy(sim->backend, &good);
    assert(status == LT_OK);
    bool base = access(sim->base_path, F_OK) == 0;
    char kept[sizeof(sim->base_path) + 8];
    snprintf(kept, sizeof(kept), "%s.kept", sim->base_path);
    put_base(sim->base_path, base, kept);
    lose_all(sim);
    sim_open_broker(sim);
    int64_t end_ms = sim->world.mono_ms + ROLLED_BACK_MS;
    sim->blind = true;
    while (sim->world.mono_ms < end_ms) {
        sim_turn(sim);
        for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
            actor_step(sim->actors[i]);
        }
        world_advance(&sim->world, 1 + (int64_t)world_random_below(&sim->random, 50));
    }
    sim->blind = false;
    if (journal_walk(broker_flow(sim->broker)->journal, sim->backups.to + 1, nothing_came_in,
                     NULL) != LT_OK) {
        sim_fail(sim, "an axis that was rolled back without a word was believed");
    }
    lose_all(sim);
    backend_memory_close(&sim->backend);
    sim->backend = good;
    put_base(kept, base, sim->base_path);
    unlink(kept);
    sim->rolled_back++;
    sim_open_broker(sim);
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        actor_restart(sim->actors[i]); /* their operators were called */
    }
}
