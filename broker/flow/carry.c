/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Carrying what is live over the place of a cut: a pass over all open legs in the order of their
 * lanes, CARRY_LOOK_MAX in a turn. The bytes are read by the fetch pool, so that a slow disk holds
 * nobody, and staged as they came. What found no room, or was not readable just now, is found again
 * by the next pass; the order is done when a pass carried nothing.
 *
 * A transfer whose bytes do not read any more is carried with none: whoever wants them gets the
 * same answer as before (damaged), the record itself stands in the archive as it is, and one bad
 * record does not hold up the cut of everything else.
 *
 * A leg that moves to another agency while a pass runs may slip behind it. That costs nothing: the
 * cut itself looks at every open leg again and refuses, and the order can be given again.
 */
#include "carry.h"

#include <string.h>

#include "broker/journal/fact_seal.h"
#include "flow.h"
#include "fold_leg.h"
#include "proto/base/log.h"

uint64_t parcel_where(struct flow *flow, uint64_t position)
{
    struct transfer_key key;
    struct transfer t;
    return transfer_at(flow, position, &key, &t) == LT_OK ? t.bytes_at : position;
}

bool parcel_ask(struct flow *flow, uint64_t position, uint32_t agency)
{
    uint64_t at = parcel_where(flow, position);
    /* Carried a moment ago: the fact can be read when it is durable. */
    return at <= flow->durable && fetch_ask(flow->fetch, position, at, agency);
}

void carry_start(struct carry *carry)
{
    carry->from_size = 0;
    carry->again = false;
}

static bool being_read(const struct carry *carry, uint64_t position)
{
    for (uint32_t i = 0; i < carry->asked_count; i++) {
        if (carry->asked[i] == position) {
            return true;
        }
    }
    return false;
}

static void read_no_more(struct carry *carry, uint64_t position)
{
    for (uint32_t i = 0; i < carry->asked_count; i++) {
        if (carry->asked[i] == position) {
            carry->asked[i] = carry->asked[--carry->asked_count];
            return;
        }
    }
}

/* False: this leg cannot be passed now. */
static bool pass_leg(struct flow *flow, const struct state_entry *at)
{
    struct carry *carry = &flow->carry;
    struct lane_key key;
    struct lane_entry entry;
    struct transfer t;
    if (!lane_key_read(at->key, &key) || !lane_entry_read(at->value, &entry) ||
        key.position >= carry->below || transfer_load(flow, &entry.transfer, &t) != LT_OK ||
        t.bytes_at >= carry->below || being_read(carry, key.position)) {
        return true;
    }
    if (carry->asked_count == CARRY_ASKED_MAX ||
        !fetch_ask(flow->fetch, key.position, t.bytes_at, FETCH_CARRY)) {
        return false;
    }
    carry->asked[carry->asked_count++] = key.position;
    carry->again = true;
    return true;
}

static void go_on_behind(struct carry *carry, struct lt_bytes key)
{
    memcpy(carry->from, key.data, key.size);
    carry->from[key.size] = 0; /* the least key behind this one */
    carry->from_size = key.size + 1;
}

static enum lt_status end_pass(struct flow *flow)
{
    struct carry *carry = &flow->carry;
    uint8_t memory[64];
    uint64_t position;
    if (carry->asked_count != 0 || !flow_room_small(flow)) {
        return LT_OK;
    }
    if (carry->again) {
        carry_start(carry);
        return LT_OK;
    }
    log_info("carried", "below=%llu transfers=%llu", (unsigned long long)carry->below,
             (unsigned long long)carry->carried);
    struct fact_backup done = {.position = carry->below, .what = MARK_CARRIED};
    return flow_fact(flow, FACT_BACKUP, fact_write_backup(memory, sizeof(memory), &done),
                     &position);
}

enum lt_status step_carry(struct flow *flow, bool *ret_more)
{
    struct carry *carry = &flow->carry;
    struct state_entry at;
    uint32_t looked = 0;
    if (carry->ready == carry->below || flow->draining) {
        return LT_OK; /* a broker that ends has nothing more to write; the next life goes on */
    }
    enum lt_status status =
        state_seek(flow->state, STATE_LANES, (struct lt_bytes){carry->from, carry->from_size}, &at);
    while (status == LT_OK && at.found && looked < CARRY_LOOK_MAX) {
        if (!pass_leg(flow, &at)) {
            return LT_OK;
        }
        go_on_behind(carry, at.key);
        looked++;
        status = state_step(flow->state, &at);
    }
    if (status != LT_OK) {
        return status;
    }
    *ret_more = at.found || (carry->asked_count == 0 && flow_room_small(flow));
    return at.found ? LT_OK : end_pass(flow);
}

/* The proof of a seal that the cut takes away, into `memory` of PROOF_BYTES_MAX; empty: there is
 * none to keep, or it was damaged. What was carried before keeps what it has. */
static struct lt_bytes proof_of(struct flow *flow, const struct fetched *fetched, uint8_t *memory)
{
    struct fact_accepted accepted;
    struct fact_carried before;
    struct seal_proof proof;
    struct lt_bytes none = {NULL, 0};
    if (fetched->fact.kind == FACT_CARRIED) {
        return fact_read_carried(fetched->fact.payload, &before) ? before.proof : none;
    }
    if (fact_seal_position(&fetched->fact) == 0 ||
        !fact_read_accepted(fetched->fact.payload, &accepted)) {
        return none;
    }
    if (fetched->seal.position == 0 || fetched->seal.kind != FACT_SEAL ||
        fact_seal_prove(&accepted, fetched->seal.payload, flow->digester, &proof) != LT_OK) {
        flow_set_aside(flow, fetched->position, FACT_SEAL, "seal");
        return none;
    }
    return seal_proof_write(memory, PROOF_BYTES_MAX, &proof);
}

struct lt_bytes seal_proof_of(struct flow *flow, const struct fetched *fetched,
                              const struct fact_accepted *accepted, uint8_t *memory)
{
    struct lt_bytes none = {NULL, 0};
    struct seal_proof proof;
    struct lt_bytes kept =
        fetched->fact.kind == FACT_CARRIED ? proof_of(flow, fetched, memory) : none;
    if (accepted->seal.size == 0 || kept.size > 0) {
        return kept;
    }
    struct lt_bytes batch = fetched->seal.position != 0 ? fetched->seal.payload : none;
    return fact_seal_prove(accepted, batch, flow->digester, &proof) == LT_OK
               ? seal_proof_write(memory, PROOF_BYTES_MAX, &proof)
               : none;
}

enum lt_status carry_take(struct flow *flow, const struct fetched *fetched)
{
    struct carry *carry = &flow->carry;
    struct transfer_key key;
    struct transfer t;
    uint64_t position;
    read_no_more(carry, fetched->position);
    bool for_good = fetched->status == LT_OK || fetched->status == LT_DAMAGED ||
                    fetched->status == LT_NOT_FOUND;
    if (!for_good || flow->draining || !flow_room_small(flow) ||
        transfer_at(flow, fetched->position, &key, &t) != LT_OK || t.bytes_at >= carry->below) {
        return LT_OK; /* the next pass finds it if it is still to be carried */
    }
    struct fact_carried carried = {.position = fetched->position, .time_ms = t.time_ms};
    if (fetched->status != LT_OK ||
        !fact_acceptance(&fetched->fact, fetched->position, &carried.time_ms, &carried.accepted)) {
        flow_set_aside(flow, fetched->position, FACT_ACCEPTED, "body");
        carried.accepted = (struct lt_bytes){NULL, 0};
    }
    uint8_t proof[PROOF_BYTES_MAX];
    if (carried.accepted.size > 0) {
        carried.proof = proof_of(flow, fetched, proof);
    }
    size_t size = carried.accepted.size + carried.proof.size + 64;
    void *memory = arena_alloc(&flow->arena, size);
    if (memory == NULL) {
        return LT_OK;
    }
    carry->carried++;
    return flow_fact(flow, FACT_CARRIED, fact_write_carried(memory, size, &carried), &position);
}
