/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Outcomes to the sender: STATE_NOTICES in order, behind the agency's durable cursor, within the
 * window its session granted. A notice carries the position of the fact that made it and is not
 * told before that is durable. An agency reads them again from any cursor it says in Hello.
 */
#include <string.h>

#include "fold_leg.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "steps.h"

#define NOTICES_PER_FRAME 128

struct told {
    struct notice_item items[NOTICES_PER_FRAME];
    struct transfer transfers[NOTICES_PER_FRAME];
    struct notice_record records[NOTICES_PER_FRAME];
    uint32_t count;
};

static void fill_item(struct flow *flow, struct told *told, uint64_t seq)
{
    const struct notice_record *record = &told->records[told->count];
    struct transfer *t = &told->transfers[told->count];
    const struct agency *agency = registry_by_number(flow->registry, record->agency);
    bool known = transfer_load(flow, &record->transfer, t) == LT_OK;
    told->items[told->count] = (struct notice_item){
        .seq = seq,
        .id = record->transfer.id,
        .leg = record->leg,
        .agency = text_bytes(agency == NULL ? "" : agency->id),
        .state = text_bytes(leg_state_name(record->state)),
        .code = record->code,
        .reason = {(const uint8_t *)record->reason, record->reason_size},
        .time_ms = record->time_ms,
        .level = record->level,
        .sender_key = {t->sender_key, known ? t->sender_key_size : 0},
        .case_code = text_bytes(known ? t->case_code : ""),
        .position = record->position,
    };
    told->count++;
}

/* Reads up to `limit` notices after desk->notice_told. */
static void read_notices(struct flow *flow, const struct desk *desk, uint32_t limit,
                         struct told *told)
{
    uint64_t seqs[NOTICES_PER_FRAME];
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct state_entry at;
    uint32_t count = 0;
    enum lt_status status = state_seek_part(
        flow->state, STATE_NOTICES, notice_key(key_bytes, desk->agency, desk->notice_told + 1),
        NOTICE_KEY_AGENCY_BYTES, &at);
    while (status == LT_OK && at.found && count < limit) {
        uint32_t agency;
        if (!notice_key_read(at.key, &agency, &seqs[count]) || agency != desk->agency ||
            !notice_read(at.value, &told->records[count])) {
            break;
        }
        if (told->records[count].position > flow->durable) {
            break; /* its ticket has not come */
        }
        count++;
        status = state_step(flow->state, &at);
    }
    told->count = 0;
    while (told->count < count) {
        fill_item(flow, told, seqs[told->count]);
    }
}

static void tell(struct flow *flow, struct desk *desk, struct session *session)
{
    struct told *told = arena_alloc(&flow->arena, sizeof(*told));
    uint64_t open = desk->notice_told - session->notice_acked;
    if (told == NULL || session->blocked_ms != 0 || open >= session->notices) {
        return;
    }
    uint64_t room = session->notices - open;
    read_notices(flow, desk,
                 room < NOTICES_PER_FRAME ? (uint32_t)room : (uint32_t)NOTICES_PER_FRAME, told);
    if (told->count == 0) {
        return;
    }
    struct frame frame = {
        .kind = FRAME_NOTICE,
        .notice = {.items = told->items,
                   .count = told->count,
                   .broker_epoch = journal_epoch(flow->journal)},
    };
    if (session_out(flow, session, &frame) == LT_OK) {
        desk->notice_told = told->items[told->count - 1].seq;
        if (told->count == NOTICES_PER_FRAME) {
            desk_tell(&flow->desks, desk);
        }
    }
}

void teller_set(struct flow *flow, struct desk *desk, struct session *session)
{
    uint64_t stored = desk->counts.notice_cursor;
    desk->teller = session;
    desk->notice_told = session->notice_cursor < stored ? session->notice_cursor : stored;
    session->notice_acked = desk->notice_told;
    desk_tell(&flow->desks, desk);
}

void step_notice(struct flow *flow)
{
    uint32_t count = flow->desks.telling.count;
    while (count-- > 0) {
        struct desk *desk = desk_next_telling(&flow->desks);
        if (desk->counts.notice_seq <= desk->notice_told) {
            continue;
        }
        struct session *session = desk->teller;
        if (session == NULL || session->doomed != 0) {
            continue; /* a Grant wakes it */
        }
        uint64_t before = desk->notice_told;
        tell(flow, desk, session);
        if (desk->notice_told == before && session->blocked_ms == 0 &&
            journal_staged(flow->journal) > flow->durable) {
            desk_tell(&flow->desks, desk); /* waits for a ticket: look again next turn */
        }
    }
}

enum lt_status take_notice_ack(struct flow *flow, struct session *session, uint64_t cursor)
{
    struct desk *desk = desk_of(&flow->desks, session->agency);
    if (cursor > desk->counts.notice_seq) {
        session_doom(session, LT_FIELD_BAD);
        return LT_OK;
    }
    desk_tell(&flow->desks, desk);
    if (session == desk->teller && cursor > desk->notice_told) {
        desk->notice_told = cursor; /* it has them already, by another session */
    }
    if (cursor > session->notice_acked && cursor <= desk->notice_told) {
        session->notice_acked = cursor;
    }
    if (cursor <= desk->counts.notice_cursor) {
        return LT_OK; /* read again from an earlier cursor */
    }
    uint8_t memory[32];
    uint64_t position;
    struct fact_noticed noticed = {.agency = session->agency, .cursor = cursor};
    return flow_fact(flow, FACT_NOTICED, fact_write_noticed(memory, sizeof(memory), &noticed),
                     &position);
}
