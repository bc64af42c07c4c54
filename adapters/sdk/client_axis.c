/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Meeting the axis, once per session, before anything is sent. The same journal as before: go on. A
 * declared restore: everything that was accepted above the backup goes back into the queue, with
 * the bytes and ids it has, in front of what is new, and the notice cursor goes back to where the
 * axis is; what was decided about deliveries is told again, because the axis may have ended a leg
 * that it once knew as taken; deliveries that it makes again are answered from the inbox as always.
 * A roll-back that
 * nobody declared: say Bye, keep everything, tell the operators.
 *
 * Both are done in slices, each durable; only after the last one is the new incarnation
 * written down, so a crash in between begins again and finds less to do.
 */
#include "box_axis.h"
#include "box_inbox.h"
#include "box_outbox.h"
#include "box_receipts.h"
#include "client_parts.h"
#include "proto/base/log.h"

#define SLICE 500u

struct meeting {
    const struct session *session;
    struct axis_known known;
    enum axis_meeting result;
    uint64_t after; /* where the next slice starts; UINT64_MAX: the end */
    uint32_t again;
    uint32_t told; /* decisions that are told again */
};

static enum lt_status look_run(struct box_txn *txn, void *self)
{
    struct meeting *meeting = self;
    const struct session *session = meeting->session;
    enum lt_status status = axis_known(txn, &meeting->known);
    if (status != LT_OK) {
        return status;
    }
    const struct axis_says says = {session->incarnation, session->durable, session->run,
                                   session->run_from};
    meeting->result = axis_meet(&meeting->known, &says);
    bool news =
        session->incarnation != meeting->known.incarnation || session->run != meeting->known.run;
    if (meeting->result == AXIS_SAME && news) {
        meeting->known.incarnation = session->incarnation;
        meeting->known.run = session->run;
        axis_know(txn, &meeting->known);
    }
    return LT_OK;
}

static enum lt_status again_run(struct box_txn *txn, void *self)
{
    struct meeting *meeting = self;
    uint32_t again = 0;
    uint64_t last = 0;
    enum lt_status status =
        outbox_again(txn, meeting->session->restored_to, meeting->after, SLICE, &again, &last);
    if (status == LT_OK) {
        meeting->after = last;
        meeting->again += again;
    }
    return status;
}

static enum lt_status tell_run(struct box_txn *txn, void *self)
{
    struct meeting *meeting = self;
    uint32_t again = 0;
    uint64_t last = 0;
    enum lt_status status = inbox_tell_again(txn, meeting->after, SLICE, &again, &last);
    if (status == LT_OK) {
        meeting->after = last;
        meeting->told += again;
    }
    return status;
}

static enum lt_status end_run(struct box_txn *txn, void *self)
{
    const struct meeting *meeting = self;
    const struct session *session = meeting->session;
    axis_know(txn, &(struct axis_known){.incarnation = session->incarnation,
                                        .position = session->restored_to,
                                        .run = session->run});
    owed_cut(txn, session->restored_to); /* it is submitted again, under other positions */
    if (txn->counts.notice_cursor > session->notice_seq) {
        txn->counts.notice_cursor = session->notice_seq;
    }
    return LT_OK;
}

static enum lt_status submit_again(struct lt_client *client, struct meeting *meeting)
{
    enum lt_status status = LT_OK;
    while (status == LT_OK && meeting->after != UINT64_MAX) {
        status = box_commit(client->box, again_run, meeting);
    }
    meeting->after = 0;
    while (status == LT_OK && meeting->after != UINT64_MAX) {
        status = box_commit(client->box, tell_run, meeting);
    }
    if (status == LT_OK) {
        status = box_commit(client->box, end_run, meeting);
    }
    if (status == LT_OK) {
        log_warn("axis-restored", "agency=%s incarnation=%u restored_to=%llu again=%u told=%u",
                 client->agency, client->session.incarnation,
                 (unsigned long long)client->session.restored_to, meeting->again, meeting->told);
        pump_reload(client);
    }
    return status;
}

bool axis_welcome(struct lt_client *client)
{
    struct meeting meeting = {.session = &client->session};
    enum lt_status status = box_commit(client->box, look_run, &meeting);
    if (status == LT_OK && meeting.result == AXIS_RESTORED) {
        status = submit_again(client, &meeting);
    }
    if (status != LT_OK) {
        client_fail(client, status, "welcome");
        return false;
    }
    if (meeting.result != AXIS_ROLLED_BACK) {
        return true;
    }
    log_error("axis-rolled-back", "agency=%s incarnation=%u known=%u durable=%llu told=%llu",
              client->agency, client->session.incarnation, meeting.known.incarnation,
              (unsigned long long)client->session.durable,
              (unsigned long long)meeting.known.position);
    session_refuse(&client->session, &client->arena, LT_ROLLED_BACK);
    client_note(client, LT_ROLLED_BACK,
                "the axis was rolled back without a word; call its operators");
    return false;
}
