/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What people do without the operators' port in between: single acts as facts, and changes of the
 * registry. In the storm they come beside people.h; in the calm they bring everything to its end.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "broker/flow/fold_leg.h"
#include "broker/flow/lane.h"
#include "broker/flow/plan.h"
#include "broker/flow/steps.h"
#include "broker/registry/agency.h"
#include "proto/base/text.h"
#include "sim.h"

/* An operator replays what is parked, one look at a time. */
void act_replay_parked(struct sim *sim)
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
void act_hold_some(struct sim *sim)
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
void act_release_held(struct sim *sim)
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

/* ---- the registry ---- */

static void put_agency(struct sim *sim, const struct agency *agency)
{
    struct flow *flow = broker_flow(sim->broker);
    uint8_t entry[AGENCY_BYTES_MAX];
    uint8_t memory[AGENCY_BYTES_MAX + 64];
    uint64_t position;
    struct fact_registry change = {.change = REGISTRY_AGENCY,
                                   .person = text_bytes("sim"),
                                   .entry = agency_write(entry, sizeof(entry), agency)};
    enum lt_status status = flow_fact(
        flow, FACT_REGISTRY, fact_write_registry(memory, sizeof(memory), &change), &position);
    assert(status == LT_OK);
}

void act_register(struct sim *sim, uint32_t agency)
{
    struct agency entry;
    memset(&entry, 0, sizeof(entry));
    entry.number = agency + 1;
    entry.kind = AGENCY_OTHER;
    snprintf(entry.id, sizeof(entry.id), "%s", sim_ids[agency]);
    snprintf(entry.name, sizeof(entry.name), "agency %u", agency);
    entry.keys[0].key = sim->keys[agency];
    entry.keys_count = 1;
    put_agency(sim, &entry);
    enum lt_status status = world_net_admit(sim->net, &sim->keys[agency], sim_ids[agency]);
    assert(status == LT_OK);
}

static void mend_agency(struct sim *sim, uint32_t i, bool open)
{
    struct flow *flow = broker_flow(sim->broker);
    struct agency agency = *registry_by_number(flow->registry, i + 1);
    bool key = registry_key_state(flow->registry, &sim->keys[i], flow->now_ms) == KEY_VALID;
    bool shut = open && (agency.paused || agency.draining);
    if (!flow_room_small(flow) || (key && !shut)) {
        return;
    }
    if (!key) {
        agency.keys[0] = (struct agency_key){.key = sim->keys[i]};
        agency.keys_count = 1;
    }
    agency.paused = agency.paused && !open;
    agency.draining = agency.draining && !open;
    put_agency(sim, &agency);
}

void act_open_gates(struct sim *sim)
{
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        mend_agency(sim, i, true);
    }
}

void act_keys(struct sim *sim)
{
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        mend_agency(sim, i, false);
    }
}

/* First both keys are valid and the agency takes the new one, later the old one is gone. */
void act_change_key(struct sim *sim)
{
    struct flow *flow = broker_flow(sim->broker);
    uint32_t i = (uint32_t)world_random_below(&sim->random, AGENCIES_SIM);
    struct agency agency = *registry_by_number(flow->registry, i + 1);
    if (!flow_room_small(flow)) {
        return;
    }
    bool ends = (sim->changing >> i & 1u) != 0;
    if (!ends) {
        sim->old_keys[i] = sim->keys[i];
        sim->entropy.entropy.fill(sim->entropy.entropy.self, &sim->keys[i], sizeof(sim->keys[i]));
        enum lt_status status = world_net_admit(sim->net, &sim->keys[i], sim_ids[i]);
        assert(status == LT_OK);
    }
    agency.keys[0] = (struct agency_key){.key = sim->keys[i]};
    agency.keys[1] = (struct agency_key){.key = sim->old_keys[i]};
    agency.keys_count = ends ? 1 : 2;
    put_agency(sim, &agency);
    if (ends) {
        world_net_revoke(sim->net, &sim->old_keys[i]);
        sim->keys_changed++;
    } else {
        actor_key(sim->actors[i], &sim->keys[i]);
    }
    sim->changing ^= 1u << i;
}
