/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Verified submissions are put in order again and decided. The unit of order is the agency: its
 * frames are decided in the order in which they were received, by whichever of its sessions they
 * came and in whatever order the verifier was through with them. So a second asker of an id or a
 * sender key waits for the first one's verdict, a transfer finds the one it names in `after`
 * decided if that came before it, and no other agency waits for any of it.
 *
 * A submission whose session ended is dropped when its turn comes: nothing of it is stored, and
 * the sender asks again in its next session. One that does not fit the batch or the overlay stays
 * where it is until a later turn.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "steps.h"

#define BUSY_MS       500
#define SEAL_RETRY_MS 30000
#define ANSWERS_KEPT  (2 * LT_PARCELS_PER_FRAME)

static bool over_rate(struct flow *flow, struct desk *desk, const struct agency *agency)
{
    if (flow->mono_ms - desk->second_ms >= 1000) {
        desk->second_ms = flow->mono_ms;
        desk->accepted_this_second = 0;
        desk->refused_this_second = 0;
    }
    return agency->rate_per_s != 0 && desk->accepted_this_second >= agency->rate_per_s;
}

static void answer_parcel(struct flow *flow, struct session *session, const struct parcel *parcel,
                          const struct lt_id *id, const struct decision *decision)
{
    uint64_t bytes = parcel->header.size + parcel->body.size;
    struct answer *answer =
        answer_make(&flow->answers, &flow->sessions, session, ANSWER_VERDICT, decision->wait);
    if (answer == NULL) {
        session_doom(session, LT_BUSY); /* cannot happen while join_room keeps answers back */
        return;
    }
    answer->parcel_bytes = (uint32_t)bytes;
    answer->code = (uint16_t)decision->code;
    answer->id = *id;
    answer->known_as = decision->known_as;
    answer->decided = decision->position;
    answer->time_ms = decision->time_ms;
    answer->retry_after_ms = decision->retry_after_ms;
    text_copy(answer->field, sizeof(answer->field), text_bytes(decision->fault.field));
    text_copy(answer->detail, sizeof(answer->detail), text_bytes(decision->fault.detail));
}

static void count_decision(struct flow *flow, struct session *session, const struct lt_id *id,
                           const struct decision *decision)
{
    struct desk *desk = desk_of(&flow->desks, session->agency);
    if (decision->code == LT_OK) {
        desk->accepted_this_second++;
        return;
    }
    enum lt_class class = lt_class(decision->code);
    if (class == LT_CLASS_REFUSE) {
        char text[ID_TEXT_BYTES];
        id_write(text, id);
        flow->counters.refused++;
        desk->refused_this_second++;
        /* A case code is for its sender, not for the log. */
        const char *detail = decision->code == LT_KEY_CONFLICT ? "" : decision->fault.detail;
        log_info("parcel-refused", "agency=%s id=%s code=%s field=%s detail=%s", session->user,
                 text, lt_code(decision->code), decision->fault.field, detail);
        if (desk->refused_this_second > REFUSALS_PER_SECOND_MAX) {
            session_doom(session, LT_RATE);
        }
    }
}

/* What the registry says of the agency today; what it may send is asked of new transfers only, in
 * decide.c. */
static enum lt_status may_send(struct flow *flow, const struct agency *agency,
                               struct decision *decision)
{
    if (agency->suspended) {
        decision->retry_after_ms = 60000;
        return LT_AGENCY_SUSPENDED;
    }
    if (over_rate(flow, desk_of(&flow->desks, agency->number), agency)) {
        decision->retry_after_ms = 1000;
        return LT_RATE;
    }
    return LT_OK;
}

/* `seal`: the code of the seal, with its fault, for every parcel that is sound in itself. */
static enum lt_status join_parcel(struct flow *flow, struct session *session,
                                  const struct agency *agency, const struct submission *submission,
                                  uint32_t index, const struct fault *seal)
{
    const struct checked *checked = &submission->parcels[index];
    struct sealed sealed = {submission->sealing, index};
    struct decision decision;
    memset(&decision, 0, sizeof(decision));
    decision.fault = checked->fault;
    decision.code = checked->code;
    if (decision.code == LT_OK && seal->status != LT_OK) {
        decision.fault = *seal;
        decision.code = seal->status;
        decision.retry_after_ms = lt_class(seal->status) == LT_CLASS_RETRY ? SEAL_RETRY_MS : 0;
    }
    if (decision.code == LT_OK) {
        decision.code = may_send(flow, agency, &decision);
    }
    if (decision.code == LT_OK) {
        enum lt_status status =
            decide(flow, agency, &checked->parcel, &checked->header, &sealed, &decision);
        if (status != LT_OK) {
            return status;
        }
    }
    if (lt_class(decision.code) == LT_CLASS_BUSY && decision.retry_after_ms == 0) {
        decision.retry_after_ms = BUSY_MS;
    }
    count_decision(flow, session, &checked->header.id, &decision);
    answer_parcel(flow, session, &checked->parcel, &checked->header.id, &decision);
    return LT_OK;
}

static enum lt_status join_one(struct flow *flow, const struct submission *submission)
{
    struct session *session = submission->session;
    const struct agency *agency = registry_by_number(flow->registry, submission->agency);
    struct fault seal;
    if (session == NULL || agency == NULL) {
        return LT_OK;
    }
    fault_init(&seal);
    seal.status = sealing_judge(flow, agency, submission, &seal);
    if (lt_class(seal.status) == LT_CLASS_STOP) {
        return seal.status;
    }
    for (uint32_t i = 0; i < submission->count && session->doomed == 0; i++) {
        enum lt_status status = join_parcel(flow, session, agency, submission, i, &seal);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

static void let_go(struct flow *flow, struct submission *submission)
{
    sealing_drop(submission->sealing);
    if (submission->kept) {
        flow->verifying--;
        flow->verifying_bytes -= submission->kept_bytes;
        arena_deinit(&submission->arena);
        free(submission);
    }
}

static struct submission *head_of(const struct desk *desk)
{
    struct list_node *node = list_first(&desk->submissions);
    return node == NULL ? NULL : LIST_ENTRY(node, struct submission, order);
}

bool join_room(const struct flow *flow)
{
    return flow_room(flow) && answers_left(&flow->answers) > ANSWERS_KEPT;
}

enum lt_status join_desk(struct flow *flow, struct desk *desk, uint32_t *ret_joined)
{
    struct submission *head = head_of(desk);
    enum lt_status status = LT_OK;
    while (head != NULL && head->verified && status == LT_OK && join_room(flow)) {
        list_remove(&desk->submissions, &head->order);
        flow_note(flow, head->agency);
        status = join_one(flow, head);
        flow_note(flow, 0);
        let_go(flow, head);
        (*ret_joined)++;
        head = head_of(desk);
    }
    if (head != NULL && !list_linked(&desk->verifying)) {
        list_push(&flow->desks.verifying, &desk->verifying);
    } else if (head == NULL && list_linked(&desk->verifying)) {
        list_remove(&flow->desks.verifying, &desk->verifying);
    }
    return status;
}

enum lt_status step_join(struct flow *flow, uint32_t *ret_joined)
{
    struct submission *submission;
    enum lt_status status = LT_OK;
    uint32_t joined = 0;
    while ((submission = flow->verifier.take(flow->verifier.self)) != NULL) {
        submission->verified = true;
    }
    /* Each desk goes to the tail, so that a turn that ran out of room goes on with the next. */
    uint32_t count = flow->desks.verifying.count;
    while (count-- > 0 && status == LT_OK && join_room(flow)) {
        struct list_node *node = list_pop(&flow->desks.verifying);
        status = join_desk(flow, LIST_ENTRY(node, struct desk, verifying), &joined);
    }
    *ret_joined = joined;
    return status;
}

void submissions_leave(struct flow *flow, struct session *session)
{
    struct desk *desk = desk_of(&flow->desks, session->agency);
    for (struct list_node *n = list_first(&desk->submissions); n != NULL;
         n = list_next(&desk->submissions, n)) {
        struct submission *submission = LIST_ENTRY(n, struct submission, order);
        if (submission->session == session) {
            submission->session = NULL;
        }
    }
}

void submissions_clear(struct flow *flow)
{
    struct list_node *node;
    if (flow->desks.slots == NULL) {
        return;
    }
    while ((node = list_pop(&flow->desks.verifying)) != NULL) {
        struct desk *desk = LIST_ENTRY(node, struct desk, verifying);
        while ((node = list_pop(&desk->submissions)) != NULL) {
            let_go(flow, LIST_ENTRY(node, struct submission, order));
        }
    }
}
