/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Due legs to receiving sessions. Per agency the scan of STATE_DUE goes from the highest priority
 * down and resumes where the last one found work, so tombstones of what was settled are not walked
 * again. A leg is sent only when the fact that made it due is durable, when it is not in flight,
 * and within the receiver's grant; at most one leg of a lane is due at a time (fold_leg.c), so the
 * order per lane holds by itself. Bodies come from the cache; a miss is asked of the fetch pool and
 * the leg goes in a later turn; one whose record does not read is parked as damaged. A sealed
 * parcel takes the proof of its seal along, which the cache keeps behind its bytes. After a
 * Deliver has left, FACT_SENT says so in the next batch.
 */
#include <assert.h>
#include <string.h>

#include "carry.h"
#include "fold.h"
#include "fold_leg.h"
#include "incident.h"
#include "proto/base/log.h"
#include "proto/message.h"
#include "proto/seal.h"
#include "steps.h"

#define LOOK_MAX   512 /* due entries looked at per agency and turn */
#define MISSES_MAX 32  /* cold bodies asked for per agency and turn */
#define ITEM_BYTES 96  /* of one delivery beside header and body */

static_assert(DELIVER_BYTES_MAX + LT_PARCELS_PER_FRAME * (PROOF_BYTES_MAX + 8) < LT_FRAME_BYTES_MAX,
              "a Deliver fits its frame, each parcel with the largest seal");

struct load {
    struct session *session;
    struct desk *desk;
    struct delivery items[LT_PARCELS_PER_FRAME];
    struct fact_sent_item sent[LT_PARCELS_PER_FRAME];
    struct due due[LT_PARCELS_PER_FRAME];
    uint32_t count;
    uint32_t most; /* one when the breaker lets a probe through */
    uint64_t bytes;
    uint32_t looked;
    uint32_t misses;
    bool more;         /* something is left that could go now */
    bool waits_ticket; /* something goes as soon as its fact is durable */
};

static bool granted(const struct load *load, uint64_t bytes)
{
    const struct session *session = load->session;
    const struct desk *desk = load->desk;
    return desk->in_flight + load->count < session->deliver.parcels &&
           desk->in_flight_bytes + load->bytes + bytes <= session->deliver.bytes &&
           load->bytes + bytes + ITEM_BYTES * (load->count + 1u) <= DELIVER_BYTES_MAX;
}

static void add_item(struct load *load, const struct due_key *key, const struct due *due,
                     const struct cached *cached, struct lt_bytes header, struct lt_bytes body,
                     struct lt_bytes proof)
{
    uint16_t attempt = (uint16_t)(due->attempts + 1);
    load->items[load->count] = (struct delivery){
        .header = header,
        .body = body,
        .position = key->position,
        .leg = key->leg,
        .attempt = attempt,
        .accepted_ms = cached->accepted_ms,
        .again = (due->flags & LEG_FLAG_SENT_ONCE) != 0,
        .digest = cached->digest,
        .seal = proof,
    };
    load->sent[load->count] =
        (struct fact_sent_item){.position = key->position, .leg = key->leg, .attempt = attempt};
    load->due[load->count] = *due;
    load->bytes += header.size + body.size;
    load->count++;
}

/* What became of one due entry: GO on to the next, or STOP this agency for now. */
enum looked { LOOKED_GO, LOOKED_STOP };

static enum looked look_at(struct flow *flow, struct load *load, const struct due_key *key,
                           const struct due *due)
{
    struct cached cached;
    struct lt_bytes header;
    struct lt_bytes body;
    if (due->made_by > flow->durable) {
        load->waits_ticket = true;
        return LOOKED_GO;
    }
    if (!granted(load, due->parcel_bytes) || load->count == load->most) {
        load->more = load->count != 0 && load->most > 1;
        return LOOKED_STOP;
    }
    if (cache_get(&flow->cache, key->position, &cached, &header, &body)) {
        add_item(load, key, due, &cached, header, body, cache_proof(&flow->cache, &cached));
        return LOOKED_GO;
    }
    load->misses++;
    if (!parcel_ask(flow, key->position, load->desk->agency)) {
        desk_wait_room(&flow->desks, load->desk);
        return LOOKED_STOP;
    }
    return load->misses < MISSES_MAX && load->most > 1 ? LOOKED_GO : LOOKED_STOP;
}

/* Scans one priority; false: stop this agency for now. */
static bool scan_priority(struct flow *flow, struct load *load, uint8_t priority)
{
    struct desk *desk = load->desk;
    uint8_t from_bytes[RECORD_KEY_MAX];
    struct due_key from = {.agency = desk->agency, .priority = priority};
    struct state_entry at;
    bool first = true;
    if (desk->from_known[priority]) {
        from = desk->from[priority];
    }
    enum lt_status status = state_seek_part(
        flow->state, STATE_DUE, due_key_write(from_bytes, &from), DUE_KEY_PRIORITY_BYTES, &at);
    while (status == LT_OK && at.found) {
        struct due_key key;
        struct due due;
        if (!due_key_read(at.key, &key) || !due_read(at.value, &due) ||
            key.agency != desk->agency || key.priority != priority) {
            break;
        }
        if (flight_find(&flow->flights, key.position, key.leg) != NULL) {
            /* It comes back with a new due entry, which lowers the cursor again. */
            status = state_step(flow->state, &at);
            continue;
        }
        if (first) {
            desk->from[priority] = key;
            desk->from_known[priority] = true;
            first = false;
        }
        if (key.due_ms > flow->now_ms) {
            desk->next_due_ms = key.due_ms < desk->next_due_ms ? key.due_ms : desk->next_due_ms;
            return true;
        }
        if (++load->looked > LOOK_MAX || look_at(flow, load, &key, &due) == LOOKED_STOP) {
            return false;
        }
        status = state_step(flow->state, &at);
    }
    if (first) {
        /* Nothing there: the next entry to appear lowers this again (desk_due). */
        desk->from[priority] =
            (struct due_key){.agency = desk->agency, .priority = priority, .due_ms = INT64_MAX};
        desk->from_known[priority] = true;
    }
    return true;
}

static bool mark_flights(struct flow *flow, struct load *load)
{
    for (uint32_t i = 0; i < load->count; i++) {
        struct flight *flight = flight_make(&flow->flights, load->session, load->items[i].position,
                                            (uint8_t)load->items[i].leg);
        if (flight == NULL) {
            load->count = i; /* the table is full: the rest was not marked and is not sent */
            return i != 0;
        }
        flight->transfer = load->due[i].transfer;
        flight->attempt = load->sent[i].attempt;
        flight->agency = load->desk->agency;
        flight->parcel_bytes = load->due[i].parcel_bytes;
        flight->sent_ms = flow->mono_ms;
        load->desk->in_flight++;
        load->desk->in_flight_bytes += load->due[i].parcel_bytes;
    }
    return load->count != 0;
}

static void unmark_flights(struct flow *flow, struct load *load)
{
    for (uint32_t i = 0; i < load->count; i++) {
        struct flight *flight =
            flight_find(&flow->flights, load->items[i].position, (uint8_t)load->items[i].leg);
        load->desk->in_flight--;
        load->desk->in_flight_bytes -= flight->parcel_bytes;
        flight_free(&flow->flights, flight);
    }
}

static enum lt_status send_load(struct flow *flow, struct load *load)
{
    struct frame frame = {.kind = FRAME_DELIVER};
    assert(load->session->agency == load->desk->agency); /* P4 */
    if (!mark_flights(flow, load)) {
        return LT_OK;
    }
    frame.deliver = (struct deliver){.items = load->items, .count = load->count};
    enum lt_status status = session_out(flow, load->session, &frame);
    if (status != LT_OK) {
        unmark_flights(flow, load);
        memset(load->desk->from_known, 0, sizeof(load->desk->from_known));
        load->more = false; /* blocked: sweep.c wakes the desk when the session reads again */
        load->waits_ticket = false;
        return LT_OK;
    }
    load->desk->probing = load->desk->incident != 0;
    flow->counters.delivered += load->count;
    flow->counters.deliver_frames++;
    uint8_t memory[64 + LT_PARCELS_PER_FRAME * 16];
    uint64_t position;
    return flow_fact(
        flow, FACT_SENT,
        fact_write_sent(memory, sizeof(memory), load->desk->agency, load->sent, load->count),
        &position);
}

/* An operator lets nothing be delivered to it for now. */
static bool paused(struct flow *flow, const struct desk *desk)
{
    const struct agency *agency = registry_by_number(flow->registry, desk->agency);
    return agency != NULL && agency->paused;
}

static enum lt_status dispatch_desk(struct flow *flow, struct desk *desk)
{
    struct session *session = desk->receiving;
    struct load load = {.session = session, .desk = desk};
    if (session == NULL || session->doomed != 0 || session->deliver.parcels == 0 ||
        session->blocked_ms != 0 || paused(flow, desk) || !flow_room_small(flow)) {
        return LT_OK;
    }
    desk->next_due_ms = INT64_MAX;
    load.most = incident_allows(flow, desk);
    if (load.most == 0) {
        return LT_OK;
    }
    for (int p = DESK_PRIORITIES - 1; p >= 0; p--) {
        if (!scan_priority(flow, &load, (uint8_t)p)) {
            break;
        }
    }
    enum lt_status status = send_load(flow, &load);
    if (load.more || load.looked > LOOK_MAX) {
        desk_wake(&flow->desks, desk);
    } else if (load.waits_ticket) {
        desk_wait_ticket(&flow->desks, desk);
    }
    return status;
}

enum lt_status step_dispatch(struct flow *flow)
{
    desks_room(&flow->desks, fetch_room(flow->fetch));
    uint32_t count = flow->desks.active.count;
    while (count-- > 0) {
        struct desk *desk = desk_next_active(&flow->desks);
        enum lt_status status = dispatch_desk(flow, desk);
        if (status != LT_OK) {
            return status;
        }
        if (!flow_room_small(flow)) {
            desk_wake(&flow->desks, desk);
            return LT_OK;
        }
    }
    return LT_OK;
}

/* The bytes cannot be read any more: asking again would go on for ever, so a person is asked. */
static enum lt_status park_unreadable(struct flow *flow, const struct fetched *fetched)
{
    uint8_t memory[128];
    struct transfer_key key;
    struct transfer t;
    enum lt_status status = transfer_at(flow, fetched->position, &key, &t);
    if (status != LT_OK) {
        return lt_class(status) == LT_CLASS_STOP ? status : LT_OK;
    }
    for (uint8_t i = 0; status == LT_OK && i < t.legs_count && flow_room_small(flow); i++) {
        const struct leg *leg = &t.legs[i];
        struct fact_settled parked = {.position = fetched->position,
                                      .leg = i,
                                      .attempt = leg->attempts,
                                      .agency = leg->agency,
                                      .outcome = LT_OUTCOME_NONE,
                                      .code = LT_DAMAGED,
                                      .next = LEG_PARKED};
        uint64_t position;
        if (leg->agency == fetched->agency && transfer_next(leg->state, LEG_ON_PARK) != LEG_NONE &&
            flight_find(&flow->flights, fetched->position, i) == NULL) {
            status = flow_fact(flow, FACT_SETTLED,
                               fact_write_settled(memory, sizeof(memory), &parked), &position);
        }
    }
    return status;
}

static enum lt_status take_unreadable(struct flow *flow, const struct fetched *fetched)
{
    flow_set_aside(flow, fetched->position, FACT_ACCEPTED, "body");
    bool for_good = fetched->status == LT_OK || fetched->status == LT_DAMAGED ||
                    fetched->status == LT_NOT_FOUND;
    return for_good ? park_unreadable(flow, fetched) : LT_OK;
}

enum lt_status step_fetched(struct flow *flow)
{
    enum lt_status status = LT_OK;
    struct fetched fetched;
    while (status == LT_OK && fetch_done(flow->fetch, &fetched)) {
        struct fact_accepted accepted;
        struct lt_bytes payload;
        int64_t accepted_ms;
        if (fetched.agency == FETCH_CARRY) {
            status = carry_take(flow, &fetched);
            fetch_release(flow->fetch, &fetched);
            continue;
        }
        uint8_t proof[PROOF_BYTES_MAX];
        if (fetched.status == LT_OK &&
            fact_acceptance(&fetched.fact, fetched.position, &accepted_ms, &payload) &&
            fact_read_accepted(payload, &accepted)) {
            cache_put(&flow->cache, fetched.position, accepted_ms, &accepted.digest,
                      accepted.header, accepted.body,
                      seal_proof_of(flow, &fetched, &accepted, proof));
        } else {
            status = take_unreadable(flow, &fetched);
        }
        desk_wake(&flow->desks, desk_of(&flow->desks, fetched.agency));
        fetch_release(flow->fetch, &fetched);
    }
    return status;
}
