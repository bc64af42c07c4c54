/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Legs and their indexes. The rules:
 *   ready, sent, backoff   one entry in DUE (a sent leg keeps it: after a crash it is sent again)
 *   every open state       one entry in LANES
 *   parked                 one entry in PARKED
 *   final                  no entry; counted
 * A lane is blocked by its open legs that are not behind and have not stepped aside; when the last
 * of them goes, the next one behind becomes ready: a withdrawal first, else the oldest.
 */
#include "fold_leg.h"

#include <assert.h>
#include <string.h>

#include "fold_incident.h"
#include "lane.h"
#include "plan.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

static bool has_due(enum leg_state state)
{
    return state == LEG_READY || state == LEG_SENT || state == LEG_BACKOFF;
}

static struct due_key due_key_of(const struct transfer *t, uint8_t leg)
{
    return (struct due_key){
        .agency = t->legs[leg].agency,
        .priority = t->legs[leg].priority,
        .due_ms = t->legs[leg].due_ms,
        .position = t->position,
        .leg = leg,
    };
}

static void due_put(struct flow *flow, const struct transfer_key *key, const struct transfer *t,
                    uint8_t leg, uint64_t made_by)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    struct due_key due_key = due_key_of(t, leg);
    struct due due = {
        .transfer = *key,
        .made_by = made_by,
        .parcel_bytes = t->parcel_bytes,
        .attempts = t->legs[leg].attempts,
        .flags = t->legs[leg].flags,
    };
    state_put(flow->state, STATE_DUE, due_key_write(key_bytes, &due_key), due_write(value, &due));
    desk_due(&flow->desks, desk_of(&flow->desks, due_key.agency), &due_key);
}

static void due_delete(struct flow *flow, const struct transfer *t, uint8_t leg)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct due_key due_key = due_key_of(t, leg);
    state_delete(flow->state, STATE_DUE, due_key_write(key_bytes, &due_key));
}

static void parked_put(struct flow *flow, const struct transfer_key *key, const struct transfer *t,
                       uint8_t leg, struct lt_bytes reason)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    struct parked parked = {
        .transfer = *key, .code = t->legs[leg].code, .since_ms = t->legs[leg].since_ms};
    parked_words(parked.words, reason);
    parked_counted(flow, t->legs[leg].agency, &parked, 1);
    state_put(flow->state, STATE_PARKED,
              parked_key(key_bytes, t->legs[leg].agency, t->position, leg),
              parked_write(value, &parked));
}

static void parked_delete(struct flow *flow, const struct transfer *t, uint8_t leg)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct lt_bytes key = parked_key(key_bytes, t->legs[leg].agency, t->position, leg);
    struct lt_bytes value;
    struct parked parked;
    if (state_get(flow->state, STATE_PARKED, key, &value) != LT_OK ||
        !parked_read(value, &parked)) {
        flow->counters.damaged++;
        return;
    }
    parked_counted(flow, t->legs[leg].agency, &parked, -1);
    state_delete(flow->state, STATE_PARKED, key);
}

void counts_store(struct flow *flow, const struct desk *desk)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    state_put(flow->state, STATE_COUNTS, counts_key(key_bytes, desk->agency),
              counts_write(value, &desk->counts));
}

/* Adds to what is counted of that state (minus one takes away); false: it is not counted. */
static bool count_add(struct counts *counts, enum leg_state state, uint64_t by)
{
    switch (state) {
    case LEG_TAKEN:
        counts->taken += by;
        return true;
    case LEG_REFUSED:
        counts->refused += by;
        return true;
    case LEG_EXPIRED:
        counts->expired += by;
        return true;
    case LEG_CANCELLED:
        counts->cancelled += by;
        return true;
    case LEG_PARKED:
        counts->parked += by;
        return true;
    default:
        return false;
    }
}

static void count_change(struct flow *flow, uint32_t agency, enum leg_state before,
                         enum leg_state after)
{
    struct desk *desk = desk_of(&flow->desks, agency);
    bool left = count_add(&desk->counts, before, (uint64_t)-1);
    bool entered = count_add(&desk->counts, after, 1);
    if (after == LEG_PARKED && before != LEG_PARKED) {
        flow->counters.parked++;
    }
    if (left || entered) {
        counts_store(flow, desk);
    }
}

static void notice_put(struct flow *flow, const struct move *move, const struct leg *leg)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    struct desk *desk = desk_of(&flow->desks, move->key.from);
    struct notice_record notice = {
        .transfer = move->key,
        .position = move->fact->position,
        .leg = move->leg,
        .agency = leg->agency,
        .state = leg->state,
        .code = leg->code,
        .time_ms = move->fact->time_ms,
        .level = leg->state == LEG_TAKEN     ? LT_LEVEL_TAKEN
                 : leg->state == LEG_REFUSED ? LT_LEVEL_OFFICER
                                             : LT_LEVEL_ACCEPTED,
    };
    size_t size = move->reason.size < LT_REASON_MAX ? move->reason.size : LT_REASON_MAX;
    if (size != 0) {
        size = utf8_cut((const char *)move->reason.data, move->reason.size, LT_REASON_MAX);
        memcpy(notice.reason, move->reason.data, size);
    }
    notice.reason_size = (uint16_t)size;
    desk->counts.notice_seq++;
    desk_tell(&flow->desks, desk);
    state_put(flow->state, STATE_NOTICES,
              notice_key(key_bytes, move->key.from, desk->counts.notice_seq),
              notice_write(value, &notice));
    counts_store(flow, desk);
}

void leg_told(struct flow *flow, const struct move *move)
{
    notice_put(flow, move, &move->transfer->legs[move->leg]);
}

/* ---- lanes --------------------------------------------------------------------------------- */

/* The lane lost a leg that blocked it: let the next one go. */
static void lane_free(struct flow *flow, const struct fact *fact, const struct transfer *gone,
                      uint8_t leg)
{
    struct lane_key next_key;
    struct lane_entry entry;
    struct transfer next;
    if (lane_held(flow, gone, leg) ||
        !lane_next(flow, gone->legs[leg].agency, &gone->lane, &next_key, &entry)) {
        return;
    }
    if (transfer_load(flow, &entry.transfer, &next) != LT_OK) {
        flow->counters.damaged++;
        return;
    }
    struct move move = {
        .fact = fact,
        .key = entry.transfer,
        .transfer = &next,
        .leg = next_key.leg,
        .event = LEG_ON_FREE,
        .code = next.legs[next_key.leg].code,
        .due_ms = fact->time_ms,
    };
    if (leg_move(flow, &move)) {
        transfer_store(flow, &move.key, &next);
    }
}

/* A lane's head inherits the highest priority behind it. */
static void raise_head(struct flow *flow, const struct fact *fact, const struct transfer *t,
                       uint8_t leg_behind)
{
    struct lane_key key;
    struct lane_entry entry;
    struct transfer head;
    if (t->priority == 0 ||
        !lane_holder(flow, t->legs[leg_behind].agency, &t->lane, &key, &entry) ||
        transfer_load(flow, &entry.transfer, &head) != LT_OK ||
        head.legs[key.leg].priority >= t->priority) {
        return;
    }
    bool due = has_due(head.legs[key.leg].state);
    if (due) {
        due_delete(flow, &head, key.leg);
    }
    head.legs[key.leg].priority = t->priority;
    if (due) {
        due_put(flow, &entry.transfer, &head, key.leg, fact->position);
    }
    transfer_store(flow, &entry.transfer, &head);
}

/* ---- the moves --------------------------------------------------------------------------- */

/* The bytes of a transfer count against its sender's share for as long as one leg of it is open;
 * the caller's notice or fact stores the sum. */
static void share_follow(struct flow *flow, const struct transfer_key *key,
                         const struct transfer *t, uint8_t leg, bool was_open)
{
    bool open = leg_open(t->legs[leg].state);
    for (uint8_t i = 0; i < t->legs_count; i++) {
        if (open == was_open || (i != leg && leg_open(t->legs[i].state))) {
            return;
        }
    }
    struct desk *sender = desk_of(&flow->desks, key->from);
    if (open) {
        sender->counts.open_bytes += t->parcel_bytes;
    } else {
        sender->counts.open_bytes -= t->parcel_bytes;
        sender->share_full = false;
    }
}

void leg_enter(struct flow *flow, const struct fact *fact, const struct transfer_key *key,
               struct transfer *t, uint8_t leg, uint16_t parked_code)
{
    struct leg *l = &t->legs[leg];
    struct desk *desk = desk_of(&flow->desks, l->agency);
    l->since_ms = fact->time_ms;
    l->due_ms = fact->time_ms;
    l->priority = t->priority;
    desk->counts.accepted++;
    if (parked_code != 0) {
        struct move move = {.fact = fact, .key = *key, .transfer = t, .leg = leg};
        l->state = LEG_PARKED;
        l->code = parked_code;
        desk->counts.parked++;
        flow->counters.parked++;
        parked_put(flow, key, t, leg, move.reason);
        notice_put(flow, &move, l);
    } else {
        l->state = lane_held(flow, t, leg) || lane_waits(flow, t, leg) ? LEG_BEHIND : LEG_READY;
        if (l->state == LEG_READY) {
            due_put(flow, key, t, leg, fact->position);
        } else {
            raise_head(flow, fact, t, leg);
        }
    }
    share_follow(flow, key, t, leg, false);
    lane_follow(flow, key, t, leg, LANE_NO_ROLE);
    counts_store(flow, desk);
}

void leg_withdraw(struct flow *flow, const struct transfer_key *key, struct transfer *t,
                  uint8_t leg)
{
    struct desk *desk = desk_of(&flow->desks, t->legs[leg].agency);
    if (has_due(t->legs[leg].state)) {
        due_delete(flow, t, leg);
    }
    if (t->legs[leg].state == LEG_PARKED) {
        parked_delete(flow, t, leg);
        desk->counts.parked--;
    }
    enum lane_role before = lane_role_of(&t->legs[leg]);
    bool was_open = leg_open(t->legs[leg].state);
    t->legs[leg].state = LEG_NONE;
    share_follow(flow, key, t, leg, was_open);
    lane_follow(flow, NULL, t, leg, before);
    desk->counts.accepted--;
    counts_store(flow, desk);
}

/* Which moves make a notice is for ever: agencies keep cursors, and a refold must number alike. */
static bool tells_sender(enum leg_state before, enum leg_state after, enum leg_event event)
{
    if (event == LEG_ON_SKIP) {
        return false; /* it stands where it stood */
    }
    bool released = before == LEG_HELD && (event == LEG_ON_RELEASE || event == LEG_ON_WAIT);
    return after == LEG_PARKED || !leg_open(after) || event == LEG_ON_REPLAY ||
           event == LEG_ON_HOLD || released;
}

static void enter_state(struct flow *flow, const struct move *move, enum lane_role before)
{
    struct transfer *t = move->transfer;
    struct leg *l = &t->legs[move->leg];
    switch (l->state) {
    case LEG_READY:
    case LEG_BACKOFF:
        l->due_ms = move->due_ms;
        due_put(flow, &move->key, t, move->leg, move->fact->position);
        break;
    case LEG_SENT:
        due_put(flow, &move->key, t, move->leg, move->fact->position);
        break;
    case LEG_PARKED:
        if (kind_steps_aside(t->kind, l->code)) {
            l->flags |= LEG_FLAG_ASIDE;
        }
        parked_put(flow, &move->key, t, move->leg, move->reason);
        break;
    default:
        break;
    }
    if (leg_open(l->state) || before != LANE_NO_ROLE) {
        lane_follow(flow, &move->key, t, move->leg, before);
    }
}

/* A leg that lets its lane go on does so until it is sent again or ends: holding it changes nothing
 * for those who passed. Only parked and held legs stand aside. */
static void step_aside(struct leg *leg, enum leg_event event)
{
    if (event == LEG_ON_SKIP) {
        leg->flags |= LEG_FLAG_ASIDE;
    } else if (event != LEG_ON_HOLD) {
        leg->flags &= (uint8_t)~LEG_FLAG_ASIDE;
    }
}

bool leg_move(struct flow *flow, const struct move *move)
{
    struct transfer *t = move->transfer;
    struct leg *l = &t->legs[move->leg];
    enum leg_state before = l->state;
    enum leg_state after = transfer_next(before, move->event);
    if (after == LEG_NONE) {
        flow->counters.moves_refused++;
        log_debug("move-refused", "position=%llu leg=%u state=%s event=%s",
                  (unsigned long long)t->position, (unsigned)move->leg, leg_state_name(before),
                  leg_event_name(move->event));
        return false;
    }
    enum lane_role role_before = lane_role_of(l);
    if (has_due(before) && move->event != LEG_ON_SEND) {
        due_delete(flow, t, move->leg); /* sending keeps the entry where it is */
    }
    if (before == LEG_PARKED) {
        parked_delete(flow, t, move->leg);
    }
    step_aside(l, move->event);
    l->state = after;
    l->code = move->code;
    if (after != before) {
        l->since_ms = move->fact->time_ms;
    }
    enter_state(flow, move, role_before);
    count_change(flow, l->agency, before, after);
    share_follow(flow, &move->key, t, move->leg, leg_open(before));
    if (tells_sender(before, after, move->event)) {
        notice_put(flow, move, l);
    }
    plan_follow(flow, move->fact, t->position, move->leg, after, l->code);
    if (role_before == LANE_HOLDS && lane_role_of(l) != LANE_HOLDS) {
        lane_free(flow, move->fact, t, move->leg);
    }
    return true;
}

/* ---- loading ----------------------------------------------------------------------------- */

enum lt_status transfer_load(struct flow *flow, const struct transfer_key *key,
                             struct transfer *ret_transfer)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct lt_bytes value;
    enum lt_status status =
        state_get(flow->state, STATE_TRANSFERS, transfer_key_write(key_bytes, key), &value);
    if (status != LT_OK) {
        return status;
    }
    return transfer_read(value, ret_transfer) ? LT_OK : LT_DAMAGED;
}

enum lt_status transfer_at(struct flow *flow, uint64_t position, struct transfer_key *ret_key,
                           struct transfer *ret_transfer)
{
    uint8_t key_bytes[8];
    struct wire_writer w;
    struct lt_bytes value;
    wire_write_init(&w, key_bytes, sizeof(key_bytes));
    wire_put_u64(&w, position);
    enum lt_status status = state_get(flow->state, STATE_POSITIONS, wire_written(&w), &value);
    if (status != LT_OK) {
        return status;
    }
    struct transfer_key key;
    if (!case_value_read(value, &key)) {
        return LT_DAMAGED;
    }
    status = transfer_load(flow, &key, ret_transfer);
    if (status == LT_OK) {
        *ret_key = key;
    }
    return status;
}

enum lt_status transfer_leg(struct flow *flow, uint64_t position, uint8_t leg,
                            struct transfer_key *ret_key, struct transfer *ret_transfer)
{
    enum lt_status status = transfer_at(flow, position, ret_key, ret_transfer);
    return status != LT_OK || leg >= ret_transfer->legs_count ? LT_DAMAGED : LT_OK;
}

void transfer_store(struct flow *flow, const struct transfer_key *key,
                    const struct transfer *transfer)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    state_put(flow->state, STATE_TRANSFERS, transfer_key_write(key_bytes, key),
              transfer_write(value, transfer));
}
