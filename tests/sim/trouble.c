/* SPDX-License-Identifier: EUPL-1.2 */
/* The weather of the network, the journal and the disk, and what befalls somebody at random. */

#include "cut.h"
#include "disk.h"
#include "sim.h"

#define HOUR_MS (3600 * 1000LL)

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
        sim_heal_disk(sim);
    }
    switch (world_random_below(&sim->random, 1500)) {
    case 0:
        disk_fill();
        sim->disk_fillings++;
        sim->disk_full_until_ms =
            sim->world.mono_ms + (int64_t)world_random_below(&sim->random, 8000);
        break;
    case 1:
        disk_fail(1 + (int)world_random_below(&sim->random, 12));
        break;
    default:
        break;
    }
}

/* The broker's clock jumps, or is set right again; an agency's clock is wrong by less than a day.
 */
static void jump_clock(struct sim *sim)
{
    static const int64_t jumps_ms[] = {-HOUR_MS, 24 * HOUR_MS, -5 * 60000, 7 * 60000, 0, 0, 0, 0};
    uint64_t draw = world_random_below(&sim->random, 8);
    sim->clock_jumps += sim->clock.skew_ms != jumps_ms[draw] ? 1 : 0;
    sim->clock.skew_ms = jumps_ms[draw];
    if (world_random_chance(&sim->random, 300)) {
        int64_t skew_ms = (int64_t)world_random_below(&sim->random, 4 * HOUR_MS) - 2 * HOUR_MS;
        actor_skew(sim->actors[world_random_below(&sim->random, AGENCIES_SIM)], skew_ms);
    }
}

void trouble_end(struct sim *sim)
{
    struct flow *flow = broker_flow(sim->broker);
    sim->clock.skew_ms = 0;
    if (flow->clock_suspect) {
        flow->clock_confirmed = true; /* somebody looked at it */
    }
}

/* The local system of an agency is saved, or set back to what was saved. */
static void set_back(struct sim *sim, struct actor *actor)
{
    if (world_random_chance(&sim->random, 650)) {
        actor_save(actor, broker_flow(sim->broker)->now_ms);
    } else if (actor_restore(actor)) {
        sim->agency_restores++;
    }
}

/* One that is wiped has only sender keys left; when the axis lost the same transfers to a restore,
 * nobody knows their first ids any more. No house survives both at once. */
static void wipe(struct sim *sim, struct actor *actor)
{
    if (world_random_chance(&sim->random, 200) &&
        actor_may_wipe(actor, broker_flow(sim->broker)->restored.incarnation)) {
        actor_wipe(actor);
    }
}

static void trouble(struct sim *sim)
{
    struct actor *actor = sim->actors[world_random_below(&sim->random, AGENCIES_SIM)];
    switch (world_random_below(&sim->random, 600)) {
    case 0:
        sim_crash(sim);
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
        wipe(sim, actor);
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
        act_hold_some(sim);
        break;
    case 14:
        cut_order(broker_flow(sim->broker));
        break;
    case 15:
    case 16:
    case 17:
        disaster_cut(sim);
        break;
    case 18:
    case 19:
        set_back(sim, actor);
        break;
    case 20:
        jump_clock(sim);
        break;
    case 21:
        act_change_key(sim);
        break;
    case 22:
        disaster_backup(sim);
        break;
    case 23:
        if (world_random_chance(&sim->random, 250)) {
            disaster_restore(sim);
        } else if (world_random_chance(&sim->random, 300)) {
            disaster_roll_back(sim);
        }
        break;
    default:
        break;
    }
}

void trouble_step(struct sim *sim)
{
    journal_weather(sim);
    disk_weather(sim);
    trouble(sim);
}

void trouble_weather(struct sim *sim, bool storm)
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
    people_weather(sim->people, &w);
}
