/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * BytesAsk -> restored deliveries: an agency whose database was restored gets back the bytes of
 * what it took or refused, and of what it sent itself. Nothing else: a transfer that never reached
 * it is delivered in its time, not given here, and the asking session's agency is the one of the
 * registry (P4). No fact is made, no window is used, nothing is awaited of the agency.
 *
 * A BytesAsk waits in one of GIVINGS_MAX places; GIVINGS_TURN of them give a frame each in one
 * turn, by turns. Bodies come from the cache, cold ones through the fetch pool. What is not given
 * is named with its code in a List of number 0: not the agency's own, cut from the journal (the
 * archive has it), no place left, or a body that could not be read within GIVING_MS_MAX. The places
 * of a session that ended are free again.
 */
#include <string.h>

#include "broker/transfer/record.h"
#include "carry.h"
#include "fold_leg.h"
#include "proto/message.h"
#include "steps.h"

#define ITEM_BYTES 96 /* of one delivery beside header and body */

/* ---- asking ---- */

static bool own(const struct session *session, const struct bytes_item *item,
                const struct transfer_key *key, const struct transfer *t)
{
    if (memcmp(&key->id, &item->id, sizeof(key->id)) != 0 || t->code != 0) {
        return false;
    }
    if (item->sent) {
        return key->from == session->agency;
    }
    if (item->leg >= t->legs_count || t->legs[item->leg].agency != session->agency) {
        return false;
    }
    enum leg_state state = t->legs[item->leg].state;
    return state == LEG_TAKEN || state == LEG_REFUSED;
}

static enum lt_status item_check(struct flow *flow, const struct session *session,
                                 const struct bytes_item *item)
{
    struct transfer_key key;
    struct transfer t;
    if (item->position > flow->durable) {
        return LT_NOT_HERE;
    }
    enum lt_status status = transfer_at(flow, item->position, &key, &t);
    if (status == LT_OK) {
        bool here = t.bytes_at >= journal_first(flow->journal); /* else cut: in the archive */
        status = here && own(session, item, &key, &t) ? LT_OK : LT_NOT_HERE;
    }
    return status == LT_NOT_FOUND ? LT_NOT_HERE : status;
}

static struct giving *giving_free(struct flow *flow, const struct session *session)
{
    struct giving *found = NULL;
    for (uint32_t i = 0; i < GIVINGS_MAX; i++) {
        struct giving *giving = &flow->givings.all[i];
        if (giving->used && giving->session == session->number) {
            return NULL; /* one at a time */
        }
        if (!giving->used && found == NULL) {
            found = giving;
        }
    }
    return found;
}

/* Names what is not given. If it does not go out, the agency asks again after a while. */
static void say_not_given(struct flow *flow, struct session *session, struct list_item *items,
                          uint32_t count)
{
    struct frame frame = {.kind = FRAME_LIST, .list = {.items = items, .count = count}};
    if (count > 0) {
        (void)session_out(flow, session, &frame);
    }
}

static struct list_item not_given(const struct bytes_item *item, enum lt_status code)
{
    return (struct list_item){
        .id = item->id, .leg = item->leg, .position = item->position, .code = (uint32_t)code};
}

enum lt_status take_bytes_ask(struct flow *flow, struct session *session,
                              const struct bytes_ask *ask)
{
    struct list_item refused[LT_BYTES_PER_FRAME];
    struct giving *giving = giving_free(flow, session);
    uint32_t refused_count = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < ask->count; i++) {
        const struct bytes_item *item = &ask->items[i];
        enum lt_status status = giving == NULL ? LT_BUSY : item_check(flow, session, item);
        if (lt_class(status) == LT_CLASS_STOP) {
            return status;
        }
        if (status == LT_OK) {
            giving->items[count++] = *item;
        } else {
            refused[refused_count++] = not_given(item, status);
        }
    }
    say_not_given(flow, session, refused, refused_count);
    if (count > 0) {
        giving->used = true;
        giving->route = session->route;
        giving->session = session->number;
        giving->agency = session->agency;
        giving->count = count;
        giving->moved_ms = flow->mono_ms;
    }
    return LT_OK;
}

/* ---- giving ---- */

struct load {
    struct delivery items[LT_PARCELS_PER_FRAME];
    uint32_t of[LT_PARCELS_PER_FRAME]; /* index in the giving */
    uint32_t count;
    uint64_t bytes;
};

/* Gathers what is in the cache and asks for what is not; in any order. */
static void gather(struct flow *flow, const struct giving *giving, struct load *load)
{
    for (uint32_t i = 0; i < giving->count; i++) {
        const struct bytes_item *item = &giving->items[i];
        struct cached cached;
        struct lt_bytes header;
        struct lt_bytes body;
        if (!cache_get(&flow->cache, item->position, &cached, &header, &body)) {
            if (!parcel_ask(flow, item->position, giving->agency)) {
                break; /* the pool is busy: the next turn looks again */
            }
            continue;
        }
        uint64_t bytes = header.size + body.size;
        if (load->bytes + bytes + ITEM_BYTES * (load->count + 1u) > DELIVER_BYTES_MAX) {
            break;
        }
        load->items[load->count] = (struct delivery){
            .header = header,
            .body = body,
            .position = item->position,
            .leg = item->leg,
            .accepted_ms = cached.accepted_ms,
            .digest = cached.digest,
            .restored = true,
            .seal = cache_proof(&flow->cache, &cached),
        };
        load->of[load->count++] = i;
        load->bytes += bytes;
    }
}

/* Takes out what was given; indices rise. */
static void take_out(struct giving *giving, const struct load *load)
{
    uint32_t kept = 0;
    uint32_t at = 0;
    for (uint32_t i = 0; i < giving->count; i++) {
        if (at < load->count && load->of[at] == i) {
            at++;
        } else {
            giving->items[kept++] = giving->items[i];
        }
    }
    giving->count = kept;
}

static void give_up(struct flow *flow, struct session *session, struct giving *giving)
{
    struct list_item items[LT_BYTES_PER_FRAME];
    for (uint32_t i = 0; i < giving->count; i++) {
        items[i] = not_given(&giving->items[i], LT_BUSY);
    }
    say_not_given(flow, session, items, giving->count);
    giving->count = 0;
}

static void give(struct flow *flow, struct giving *giving)
{
    struct session *session = session_by_route(&flow->sessions, &giving->route);
    if (session == NULL || session->number != giving->session || session->doomed != 0) {
        giving->used = false;
        return;
    }
    struct load load = {.count = 0};
    if (session->blocked_ms == 0) {
        gather(flow, giving, &load);
    }
    struct frame frame = {.kind = FRAME_DELIVER, .deliver = {load.items, load.count}};
    if (load.count > 0 && session_out(flow, session, &frame) == LT_OK) {
        take_out(giving, &load);
        giving->moved_ms = flow->mono_ms;
    } else if (flow->mono_ms - giving->moved_ms >= GIVING_MS_MAX) {
        give_up(flow, session, giving);
    }
    giving->used = giving->count > 0;
}

bool step_giving(struct flow *flow)
{
    struct givings *givings = &flow->givings;
    uint32_t first = givings->turn;
    uint32_t given = 0;
    bool more = false;
    givings->list_looks = LIST_LOOKS_TURN;
    for (uint32_t i = 0; i < GIVINGS_MAX && given < GIVINGS_TURN; i++) {
        uint32_t at = (first + i) % GIVINGS_MAX;
        struct giving *giving = &givings->all[at];
        if (!giving->used) {
            continue;
        }
        uint32_t before = giving->count;
        give(flow, giving);
        more = more || (giving->used && giving->count < before);
        given += giving->count < before ? 1 : 0;
        givings->turn = (at + 1) % GIVINGS_MAX;
    }
    return more || given == GIVINGS_TURN;
}
