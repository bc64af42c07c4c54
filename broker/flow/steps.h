/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_STEPS_H
#define BROKER_FLOW_STEPS_H

#include "flow.h"
#include "proto/base/fault.h"

/*
 * The steps of a turn, in the order in which the core takes them. Each returns LT_OK or a stop
 * class; refusals and busy answers are made inside. One file each.
 */

/* intake.c: frames that are there -> checked messages; answers to sessions and operators. */
LT_CHECK enum lt_status step_receive(struct flow *flow, uint32_t *ret_frames);

/* submit.c: one Submit frame of a session: what is cheap to check is checked, the rest verified,
 * here or by the verifier. */
LT_CHECK enum lt_status take_submit(struct flow *flow, struct session *session,
                                    const struct submit *submit);
bool submit_room(const struct flow *flow); /* another frame may be kept under verification */

/* join.c: verified submissions, in the order in which their agency's frames were received, are
 * decided and answered. */
LT_CHECK enum lt_status step_join(struct flow *flow, uint32_t *ret_joined);
LT_CHECK enum lt_status join_desk(struct flow *flow, struct desk *desk, uint32_t *ret_joined);
bool join_room(const struct flow *flow); /* a whole frame may be decided now */
void submissions_leave(struct flow *flow, struct session *session); /* it ends: they are dropped */
void submissions_clear(struct flow *flow);                          /* the verifier is closed */

/* decide.c: one checked parcel -> accepted (fact staged), known, or refused. Class stop ends. */
struct decision {
    enum lt_status code; /* what the sender is told */
    uint64_t wait;       /* position the answer rests on */
    uint64_t position;   /* of the acceptance */
    int64_t time_ms;
    struct lt_id known_as;
    uint32_t retry_after_ms;
    struct fault fault;
};
/* Under which seal a parcel came; NULL instead of one: under none. */
struct sealed {
    struct sealing *sealing;
    uint32_t index;
};
LT_CHECK enum lt_status decide(struct flow *flow, const struct agency *from,
                               const struct parcel *parcel, const struct header *header,
                               const struct sealed *sealed, struct decision *ret_decision);

/* assign.c: legs by explicit receivers or by competence; LT_AGENCY_UNKNOWN names the one. `named`:
 * whom the header or a route names for each leg, before any successor. */
LT_CHECK enum lt_status assign(const struct registry *registry, const struct header *header,
                               int64_t now_ms, struct fact_accepted *accepted,
                               uint32_t named[LT_LEGS_MAX], struct fault *fault);

/* settle.c: what receivers say. */
LT_CHECK enum lt_status take_settle(struct flow *flow, struct session *session,
                                    const struct settle *settle);

/* A leg is no longer in flight: its receiver's window has room again. No flight: nothing. */
void flight_land(struct flow *flow, uint64_t position, uint8_t leg);

/* held.c: what receivers' local systems answer. */
LT_CHECK enum lt_status take_held_answer(struct flow *flow, struct session *session,
                                         const struct held_answer *answer);

/* list.c, bytes.c: what an agency may have of its own. step_giving: true: more could go at once. */
LT_CHECK enum lt_status take_list_ask(struct flow *flow, struct session *session,
                                      const struct list_ask *ask);
LT_CHECK enum lt_status take_bytes_ask(struct flow *flow, struct session *session,
                                       const struct bytes_ask *ask);
bool step_giving(struct flow *flow);

/* receipts.c: what the signer has for the agencies. True: more could be sent at once. */
bool step_receipts(struct flow *flow);
/* The checkpoint that a Hello told: its proof is asked of the signer without another question. */
void receipts_hello(struct flow *flow, const struct session *session, struct lt_bytes note);
LT_CHECK enum lt_status take_log_ask(struct flow *flow, struct session *session,
                                     const struct log_ask *ask);
bool receipts_drained(const struct flow *flow); /* what is durable is signed and told */
void receipts_clear(struct flow *flow);         /* none will be sent any more */

/* answer.c: verdicts and settlements whose ticket has come. */
void step_answer(struct flow *flow);

/* dispatch.c: due legs to receiving sessions, within their grants. */
LT_CHECK enum lt_status step_dispatch(struct flow *flow);
LT_CHECK enum lt_status step_fetched(struct flow *flow);

/* notice.c: outcomes to senders. Another session tells from now on, behind what is known to be
 * stored on both sides. */
void teller_set(struct flow *flow, struct desk *desk, struct session *session);
void step_notice(struct flow *flow);
LT_CHECK enum lt_status take_notice_ack(struct flow *flow, struct session *session,
                                        uint64_t cursor);

/* sweep.c: beats, leases, blocked and doomed sessions, settle time-outs. */
LT_CHECK enum lt_status step_sweep(struct flow *flow);
void session_finish(struct flow *flow, struct session *session); /* no flights left: frees it */

/* hello.c */
void take_hello(struct flow *flow, const struct port_frame *from, const struct frame *frame);
void send_no_session(struct flow *flow, const struct port_route *route, enum lt_status code,
                     const char *detail, uint32_t retry_after_ms);

/* Sends a frame of a session: numbers it, writes it, marks a blocked reader. LT_OK, LT_AGAIN,
 * LT_PEER_GONE (the session is doomed then). */
enum lt_status session_out(struct flow *flow, struct session *session, struct frame *frame);

#endif
