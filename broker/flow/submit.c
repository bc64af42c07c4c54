/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One Submit of a session: its parcels in order, each checked, decided and given an answer that
 * waits for its ticket. A parcel that cannot be judged now (busy, draining, short of disk) is
 * answered so and nothing is stored. More than was lent closes the session.
 */
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/header_check.h"
#include "proto/message.h"
#include "steps.h"

#define BUSY_MS 500

static bool over_rate(struct flow *flow, struct desk *desk, const struct agency *agency)
{
    if (flow->mono_ms - desk->second_ms >= 1000) {
        desk->second_ms = flow->mono_ms;
        desk->accepted_this_second = 0;
        desk->refused_this_second = 0;
    }
    return agency->rate_per_s != 0 && desk->accepted_this_second >= agency->rate_per_s;
}

/* Checks that need neither journal nor state. */
static enum lt_status check_parcel(struct flow *flow, const struct agency *agency,
                                   const struct parcel *parcel, struct header *header,
                                   struct fault *fault)
{
    enum lt_status status = header_read(parcel->header, &flow->arena, header, fault);
    if (status != LT_OK) {
        return lt_class(status) == LT_CLASS_REFUSE && status != LT_TEXT_BAD ? LT_HEADER_BAD
                                                                            : status;
    }
    status = header_check(header, flow->now_ms, fault);
    if (status != LT_OK) {
        return status;
    }
    if (!bytes_equal(header->from, text_bytes(agency->id))) {
        return fault_set(fault, LT_FROM_FOREIGN, "from", "%.*s, connected as %s",
                         (int)header->from.size, (const char *)header->from.data, agency->id);
    }
    if ((agency->kinds_denied >> header->kind & 1u) != 0) {
        return fault_set(fault, LT_KIND_NOT_ALLOWED, "kind", "%s", kind_name(header->kind));
    }
    return parcel_check(flow->digester, parcel, header, fault);
}

static void answer_parcel(struct flow *flow, struct session *session, const struct parcel *parcel,
                          const struct lt_id *id, const struct decision *decision)
{
    uint64_t bytes = parcel->header.size + parcel->body.size;
    struct answer *answer =
        answer_make(&flow->answers, &flow->sessions, session, ANSWER_VERDICT, decision->wait);
    if (answer == NULL) {
        session_doom(session, LT_BUSY); /* cannot happen while step_receive keeps answers back */
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
        log_info("parcel-refused", "agency=%s id=%s code=%s field=%s detail=%s", session->user,
                 text, lt_code(decision->code), decision->fault.field, decision->fault.detail);
        if (desk->refused_this_second > REFUSALS_PER_SECOND_MAX) {
            session_doom(session, LT_RATE);
        }
    }
}

static enum lt_status take_parcel(struct flow *flow, struct session *session,
                                  const struct agency *agency, const struct parcel *parcel)
{
    struct header header;
    struct decision decision;
    memset(&header, 0, sizeof(header));
    memset(&decision, 0, sizeof(decision));
    fault_init(&decision.fault);
    decision.wait = 0;
    decision.code = check_parcel(flow, agency, parcel, &header, &decision.fault);
    if (decision.code == LT_OK && agency->suspended) {
        decision.code = LT_AGENCY_SUSPENDED;
        decision.retry_after_ms = 60000;
    }
    if (decision.code == LT_OK && over_rate(flow, desk_of(&flow->desks, agency->number), agency)) {
        decision.code = LT_RATE;
        decision.retry_after_ms = 1000;
    }
    if (decision.code == LT_OK) {
        enum lt_status status = decide(flow, agency, parcel, &header, &decision);
        if (status != LT_OK) {
            return status;
        }
    }
    if (lt_class(decision.code) == LT_CLASS_BUSY && decision.retry_after_ms == 0) {
        decision.retry_after_ms = BUSY_MS;
    }
    count_decision(flow, session, &header.id, &decision);
    answer_parcel(flow, session, parcel, &header.id, &decision);
    return LT_OK;
}

enum lt_status take_submit(struct flow *flow, struct session *session, const struct submit *submit)
{
    const struct agency *agency = registry_by_number(flow->registry, session->agency);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < submit->count; i++) {
        uint64_t size = submit->parcels[i].header.size + submit->parcels[i].body.size;
        bytes += size;
        if (!session_take(session, size)) {
            log_warn("over-credit", "agency=%s bytes=%llu lent=%llu", session->user,
                     (unsigned long long)session->outstanding.bytes,
                     (unsigned long long)session->submit.bytes);
            session_doom(session, LT_CREDIT_EXCEEDED);
            return LT_OK;
        }
    }
    if (agency == NULL || session->role == ROLE_RECEIVING || submit->count == 0 ||
        submit->count > LT_PARCELS_PER_FRAME || bytes > LT_SUBMIT_BYTES_MAX) {
        session_doom(session, LT_FRAME_BAD);
        return LT_OK;
    }
    for (uint32_t i = 0; i < submit->count && session->doomed == 0; i++) {
        enum lt_status status = take_parcel(flow, session, agency, &submit->parcels[i]);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}
