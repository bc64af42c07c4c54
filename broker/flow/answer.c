/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Answers whose ticket has come, gathered into frames: up to 64 verdicts or settlements of one
 * session in one frame, in the order of their positions. A peer that does not read keeps its
 * answers here (its windows bound them); if it stays blocked its session is closed and it asks
 * again.
 */
#include "proto/base/text.h"
#include "proto/message.h"
#include "steps.h"

static uint32_t gather(struct flow *flow, struct session *session, enum answer_kind kind,
                       struct answer **out, uint32_t count)
{
    uint32_t n = 0;
    struct answer *answer = answer_ready(&flow->answers, session);
    while (answer != NULL && answer->kind == kind && n < count) {
        out[n++] = answer;
        answer = answer_after(&flow->answers, session, answer);
    }
    return n;
}

static void let_go(struct flow *flow, struct session *session, struct answer **answers,
                   uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        answer_free(&flow->answers, session, answers[i]);
    }
}

static enum lt_status send_verdicts(struct flow *flow, struct session *session,
                                    struct answer **answers, uint32_t count)
{
    struct verdict_item items[LT_PARCELS_PER_FRAME];
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        items[i] = (struct verdict_item){
            .id = answers[i]->id,
            .code = answers[i]->code,
            .known_as = answers[i]->known_as,
            .position = answers[i]->decided,
            .time_ms = answers[i]->time_ms,
            .field = text_bytes(answers[i]->field),
            .detail = text_bytes(answers[i]->detail),
            .retry_after_ms = answers[i]->retry_after_ms,
        };
        bytes += answers[i]->parcel_bytes;
    }
    struct window before = session->outstanding;
    session->outstanding.parcels -= count;
    session->outstanding.bytes -= bytes;
    session_lend(&flow->sessions, session);
    struct frame frame = {
        .kind = FRAME_VERDICT,
        .verdict = {.items = items,
                    .count = count,
                    .submit = session->submit,
                    .broker_epoch = journal_epoch(flow->journal)},
    };
    enum lt_status status = session_out(flow, session, &frame);
    if (status != LT_OK) {
        session->outstanding = before;
        return status;
    }
    let_go(flow, session, answers, count);
    return LT_OK;
}

static enum lt_status send_settled(struct flow *flow, struct session *session,
                                   struct answer **answers, uint32_t count)
{
    struct settled_item items[LT_PARCELS_PER_FRAME];
    for (uint32_t i = 0; i < count; i++) {
        items[i] = (struct settled_item){
            .id = answers[i]->id,
            .leg = answers[i]->leg,
            .code = answers[i]->code,
            .number = answers[i]->number,
            .position = answers[i]->decided,
        };
    }
    struct frame frame = {
        .kind = FRAME_SETTLED,
        .settled = {.items = items, .count = count, .broker_epoch = journal_epoch(flow->journal)},
    };
    enum lt_status status = session_out(flow, session, &frame);
    if (status == LT_OK) {
        let_go(flow, session, answers, count);
    }
    return status;
}

/* Operators' pages are encoded already and carry neither session nor sequence number. */
static enum lt_status send_page(struct flow *flow, struct session *session, struct answer *answer)
{
    enum lt_status status = flow->port.send(flow->port.self, &session->route,
                                            (struct lt_bytes){answer->page, answer->page_bytes});
    if (status == LT_AGAIN) {
        session->blocked_ms = session->blocked_ms == 0 ? flow->mono_ms : session->blocked_ms;
        return status;
    }
    if (status != LT_OK) {
        session_doom(session, LT_PEER_GONE);
        return status;
    }
    session->blocked_ms = 0;
    let_go(flow, session, &answer, 1);
    return LT_OK;
}

/* Encoded like a page, but of a session: decoded, numbered and written once more. */
static enum lt_status send_list(struct flow *flow, struct session *session, struct answer *answer)
{
    struct frame frame;
    enum lt_status status =
        frame_read((struct lt_bytes){answer->page, answer->page_bytes}, &flow->arena, &frame, NULL);
    if (status == LT_OK) {
        status = session_out(flow, session, &frame);
        if (status != LT_OK) {
            return status;
        }
    }
    session->listing = false;
    let_go(flow, session, &answer, 1);
    return LT_OK;
}

static void answer_session(struct flow *flow, struct session *session)
{
    struct answer *answers[LT_PARCELS_PER_FRAME];
    enum lt_status status = LT_OK;
    while (status == LT_OK && session->doomed == 0) {
        struct answer *first = answer_ready(&flow->answers, session);
        if (first == NULL) {
            return;
        }
        uint32_t count = gather(flow, session, first->kind, answers, LT_PARCELS_PER_FRAME);
        switch (first->kind) {
        case ANSWER_VERDICT:
            status = send_verdicts(flow, session, answers, count);
            break;
        case ANSWER_SETTLED:
            status = send_settled(flow, session, answers, count);
            break;
        case ANSWER_PAGE:
            status = send_page(flow, session, first);
            break;
        case ANSWER_LIST:
            status = send_list(flow, session, first);
            break;
        }
    }
}

void step_answer(struct flow *flow)
{
    uint32_t count = flow->sessions.waiting.count;
    while (count-- > 0) {
        struct list_node *node = list_pop(&flow->sessions.waiting);
        struct session *session = LIST_ENTRY(node, struct session, waiting);
        answer_session(flow, session);
        if (session->answers.count != 0 && session->doomed == 0) {
            session_wake(&flow->sessions, session);
        }
    }
}
