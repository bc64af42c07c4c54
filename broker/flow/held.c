/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A leg that was sent and never settled may have happened at its receiver. Before such a leg is
 * cancelled, expired or sent elsewhere, the receiver's local system is asked through its receiving
 * session. What it says becomes a fact (fold_act.c) with the number of the delivery it is about, so
 * that a later delivery makes it old; an answer that names a decision settles the leg.
 *
 * The questions themselves are nothing to keep: a restart forgets them and the one who asked asks
 * again. A table that is full gives up its oldest. An answer is believed only from a session of the
 * agency that was asked, and only to a question that stands; everything else is logged and dropped.
 */
#include "held.h"

#include <string.h>

#include "fold_leg.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "restored.h"
#include "steps.h"

/* ---- the table ---- */

static bool stands(const struct flow *flow, const struct held_asked *asked)
{
    return asked->number != 0 && flow->mono_ms - asked->asked_ms < HELD_KEEP_MS;
}

static struct held_asked *find(struct flow *flow, uint32_t agency, uint64_t position, uint8_t leg)
{
    for (uint32_t i = 0; i < HELD_ASKS_MAX; i++) {
        struct held_asked *asked = &flow->held.asked[i];
        if (stands(flow, asked) && asked->agency == agency && asked->position == position &&
            asked->leg == leg) {
            return asked;
        }
    }
    return NULL;
}

static struct held_asked *find_number(struct flow *flow, uint64_t number)
{
    for (uint32_t i = 0; i < HELD_ASKS_MAX && number != 0; i++) {
        if (flow->held.asked[i].number == number) {
            return &flow->held.asked[i];
        }
    }
    return NULL;
}

/* A free slot, or the one that was asked first. */
static struct held_asked *make(struct flow *flow)
{
    struct held_asked *slot = &flow->held.asked[0];
    for (uint32_t i = 0; i < HELD_ASKS_MAX && slot->number != 0; i++) {
        struct held_asked *asked = &flow->held.asked[i];
        if (asked->number == 0 || asked->asked_ms < slot->asked_ms) {
            slot = asked;
        }
    }
    memset(slot, 0, sizeof(*slot));
    slot->number = ++flow->held.number;
    slot->asked_ms = flow->mono_ms;
    return slot;
}

/* ---- asking ---- */

static struct session *listener(struct flow *flow, uint32_t agency)
{
    struct session *session = desk_of(&flow->desks, agency)->receiving;
    return session != NULL && session->doomed == 0 ? session : NULL;
}

/* Puts the question to the present session, once to each. */
static void send_ask(struct flow *flow, struct held_asked *asked, struct held_item *item)
{
    struct session *session = listener(flow, asked->agency);
    if (session == NULL || asked->session == session->number) {
        return;
    }
    item->number = asked->number;
    struct frame frame = {.kind = FRAME_HELD_ASK, .held_ask = {.items = item, .count = 1}};
    if (session_out(flow, session, &frame) == LT_OK) {
        asked->session = session->number;
        asked->sent_ms = flow->mono_ms;
    }
}

static bool in_vain(const struct flow *flow, const struct held_asked *asked)
{
    return asked->answered || flow->mono_ms - asked->asked_ms >= HELD_WAIT_MS;
}

bool held_last(struct flow *flow, uint64_t position, uint8_t leg, struct held_record *ret_held)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct lt_bytes value;
    return state_get(flow->state, STATE_HELD, held_key(key_bytes, position, leg), &value) ==
               LT_OK &&
           held_read(value, ret_held);
}

/*
 * A delivery leaves before its fact is durable: a crash may have eaten the fact. So what was here
 * when this broker started may have been sent, whatever its record says, and its receiver is asked
 * as long as it can be: one that was there before a crash comes back within HELD_BACK_MS.
 */
static bool eaten_by_crash(struct flow *flow, const struct transfer *t, uint32_t agency)
{
    bool may_come = flow->mono_ms - flow->opened_ms < HELD_BACK_MS;
    return t->position <= flow->opened_at && (may_come || listener(flow, agency) != NULL);
}

bool held_unknown(struct flow *flow, const struct transfer_key *key, const struct transfer *t,
                  uint8_t leg)
{
    const struct leg *l = &t->legs[leg];
    bool eaten = l->agency != 0 && /* 0: nobody's */
                 (restored_doubts(flow, &key->id) || eaten_by_crash(flow, t, l->agency));
    return (l->flags & LEG_FLAG_SENT_ONCE) != 0 || eaten;
}

/* The receiver is not here yet, and that the leg was ever sent is a mere possibility. */
static bool waits_for_it(struct flow *flow, const struct transfer_key *key, const struct leg *leg)
{
    return listener(flow, leg->agency) == NULL && (leg->flags & LEG_FLAG_SENT_ONCE) == 0 &&
           !restored_doubts(flow, &key->id);
}

/* Is that word about the last delivery? One that was eaten may have come behind it. */
static bool word_stands(const struct flow *flow, const struct leg *leg,
                        const struct held_record *last)
{
    return last->attempt == leg->attempts && last->time_ms > flow->opened_at_ms &&
           last->held != LT_HELD_UNKNOWN;
}

enum lt_status held_rule(struct flow *flow, const struct transfer_key *key,
                         const struct transfer *t, uint8_t leg, bool ask)
{
    const struct leg *l = &t->legs[leg];
    struct held_record last;
    if (!held_unknown(flow, key, t, leg)) {
        return LT_OK;
    }
    if (held_last(flow, t->position, leg, &last) && word_stands(flow, l, &last)) {
        return last.held == LT_HELD_NO ? LT_OK : LT_RECEIVER_HOLDS;
    }
    struct held_asked *asked = find(flow, l->agency, t->position, leg);
    if (asked != NULL && asked->attempt != l->attempts) {
        memset(asked, 0, sizeof(*asked)); /* it was sent again meanwhile: a new question */
        asked = NULL;
    }
    if (asked == NULL && waits_for_it(flow, key, l)) {
        return LT_HELD_ASKED;
    }
    if (asked == NULL ? listener(flow, l->agency) == NULL : in_vain(flow, asked)) {
        return LT_SECOND_PERSON;
    }
    if (!ask) {
        return LT_HELD_ASKED;
    }
    if (asked == NULL) {
        asked = make(flow);
        asked->agency = l->agency;
        asked->position = t->position;
        asked->leg = leg;
        asked->attempt = l->attempts;
    }
    struct held_item item = {
        .id = key->id, .leg = leg, .position = t->position, .digest = t->digest};
    send_ask(flow, asked, &item);
    return LT_HELD_ASKED;
}

enum lt_status held_ping(struct flow *flow, uint32_t agency, struct held_pong *ret_pong)
{
    struct held_asked *asked = find(flow, agency, 0, 0);
    struct held_item item = {.number = 0};
    if (asked == NULL && listener(flow, agency) == NULL) {
        return LT_RECEIVER_UNREACHABLE;
    }
    if (asked == NULL) {
        asked = make(flow);
        asked->agency = agency;
    }
    if (!in_vain(flow, asked)) {
        send_ask(flow, asked, &item);
        return LT_HELD_ASKED;
    }
    bool answered = asked->answered;
    if (answered) {
        ret_pong->took_ms = asked->took_ms;
        ret_pong->local = asked->local;
        memcpy(ret_pong->by, asked->by, sizeof(ret_pong->by));
    }
    memset(asked, 0, sizeof(*asked)); /* told once: the next ping is a new one */
    return answered ? LT_OK : LT_TIMEOUT;
}

/* ---- being answered ---- */

static struct lt_bytes cut(struct lt_bytes text, size_t most)
{
    if (text.size > most) {
        text.size = utf8_cut((const char *)text.data, text.size, most);
    }
    return text;
}

static enum lt_status stage_answer(struct flow *flow, const struct held_asked *asked,
                                   const struct held_said *said)
{
    uint8_t memory[LT_REASON_MAX + HELD_BY_MAX + 64];
    uint64_t position;
    struct fact_held held = {
        .position = asked->position,
        .leg = asked->leg,
        .attempt = asked->attempt,
        .agency = asked->agency,
        .held = (uint8_t)said->held,
        .outcome = (uint8_t)(said->held == LT_HELD_YES ? said->outcome : LT_OUTCOME_NONE),
        .code = (uint16_t)(said->code >= 150 && said->code <= 199 ? said->code : 0),
        .decided_ms = said->time_ms,
        .by = cut(said->by, HELD_BY_MAX),
        .reason = cut(said->reason, LT_REASON_MAX),
    };
    if (held.outcome == LT_OUTCOME_REFUSED && held.code == 0) {
        held.code = LT_OFFICER_REFUSED;
    }
    enum lt_status status =
        flow_fact(flow, FACT_HELD, fact_write_held(memory, sizeof(memory), &held), &position);
    bool settles = held.outcome == LT_OUTCOME_TAKEN || held.outcome == LT_OUTCOME_REFUSED;
    if (status == LT_OK && settles) {
        flight_land(flow, asked->position, asked->leg);
    }
    return status;
}

static enum lt_status take_one(struct flow *flow, struct session *session,
                               const struct held_said *said)
{
    struct held_asked *asked = find_number(flow, said->number);
    bool fits = asked != NULL && asked->agency == session->agency && !asked->answered &&
                asked->position == said->position && asked->leg == said->leg &&
                said->held >= LT_HELD_UNKNOWN && said->held <= LT_HELD_NO;
    if (!fits) {
        log_warn("held-unasked", "agency=%s number=%llu position=%llu", session->user,
                 (unsigned long long)said->number, (unsigned long long)said->position);
        return LT_OK;
    }
    asked->answered = true;
    asked->local = said->held != LT_HELD_UNKNOWN;
    asked->took_ms = flow->mono_ms - asked->sent_ms;
    text_copy(asked->by, sizeof(asked->by), cut(said->by, HELD_BY_MAX));
    return asked->position == 0 ? LT_OK : stage_answer(flow, asked, said);
}

enum lt_status take_held_answer(struct flow *flow, struct session *session,
                                const struct held_answer *answer)
{
    if (answer->count > LT_HELD_PER_FRAME) {
        session_doom(session, LT_FRAME_CROWDED);
        return LT_OK;
    }
    for (uint32_t i = 0; i < answer->count; i++) {
        enum lt_status status = take_one(flow, session, &answer->items[i]);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}
