/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_ASK_H
#define BROKER_CONTROL_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/flow/flow.h"
#include "broker/flow/fold_leg.h"
#include "broker/registry/config.h"
#include "expiry_log.h"
#include "operators.h"
#include "page.h"
#include "proto/base/fault.h"
#include "wish.h"

/*
 * One query being answered, handed from verb to verb. Private to the control floor; query.h says
 * what each verb takes and gives. A verb returns LT_OK, a stop class, or the code of a Page without
 * rows, with `fault` saying why.
 */
struct ask {
    struct operators *operators;
    struct flow *flow;
    const struct operator_entry *person;
    const struct query *query;
    struct page_draft page;
    struct fault fault;
    bool unmasked;   /* a fact says that this person sees what is masked */
    uint32_t looked; /* entries looked at for this page, of SCAN_ROWS_MAX */
};

struct mask_key {
    uint8_t bytes[32];
};

struct operators {
    struct mask_key mask_key;
    const struct config *config;
    struct enrolments *enrolments; /* borrowed; NULL: nobody is enrolled here */
    struct wishes wishes;
    struct expiry_log expiry;
    struct operators_about about;
    bool about_known;
    struct {
        int64_t mono_ms; /* when the last sample was taken; 0: none yet */
        uint64_t accepted;
        uint64_t per_s;
    } rate;
};

/* query_status.c, query_registry.c */
enum lt_status query_status(struct ask *ask);
enum lt_status query_agencies(struct ask *ask);
enum lt_status query_routes(struct ask *ask);
enum lt_status query_agency_get(struct ask *ask);

/* act_rights.c, query_body.c, query_audit.c */
enum lt_status query_rights_get(struct ask *ask);
enum lt_status act_rights_put(struct ask *ask);
enum lt_status query_body(struct ask *ask);
enum lt_status query_audit_acts(struct ask *ask);
enum lt_status query_who_saw(struct ask *ask);

/* query_log.c */
enum lt_status query_log_proof(struct ask *ask);

/* query_transfers.c */
enum lt_status query_transfers(struct ask *ask);
enum lt_status query_case(struct ask *ask);

/* query_parked.c, query_show.c, query_where.c, query_conservation.c */
enum lt_status query_parked(struct ask *ask);
enum lt_status query_show(struct ask *ask);
enum lt_status query_where(struct ask *ask);
enum lt_status query_conservation(struct ask *ask);

/* act_leg.c, act_reroute.c, act_gate.c, query_ping.c */
enum lt_status act_hold(struct ask *ask);
enum lt_status act_release(struct ask *ask);
enum lt_status act_skip(struct ask *ask);
enum lt_status act_cancel(struct ask *ask);
enum lt_status act_expire(struct ask *ask);
enum lt_status act_reroute(struct ask *ask);
enum lt_status act_gate(struct ask *ask);
enum lt_status query_ping(struct ask *ask);

/* query_alarms.c, query_metrics.c */
enum lt_status query_alarms(struct ask *ask);
enum lt_status query_metrics(struct ask *ask);

/* query_incidents.c, query_parked_count.c */
enum lt_status query_incidents(struct ask *ask);
enum lt_status act_incident_note(struct ask *ask);
enum lt_status query_parked_count(struct ask *ask, struct lt_bytes group);

/* query_plan.c */
enum lt_status query_plan_list(struct ask *ask);
enum lt_status query_plan_show(struct ask *ask);
enum lt_status query_plan_look(struct ask *ask);
enum lt_status query_plan_report(struct ask *ask);

/* act_pending.c */
enum lt_status query_pending(struct ask *ask);
enum lt_status act_pending_approve(struct ask *ask);
enum lt_status act_pending_refuse(struct ask *ask);
uint32_t pending_count(struct ask *ask); /* what waits for a second person now */

/* act_plan.c */
enum lt_status act_plan_make(struct ask *ask);
enum lt_status act_plan_add(struct ask *ask);
enum lt_status act_plan_freeze(struct ask *ask);
enum lt_status act_plan_approve(struct ask *ask);
enum lt_status act_plan_run(struct ask *ask);
enum lt_status act_plan_pause(struct ask *ask);
enum lt_status act_plan_cancel(struct ask *ask);

/* act_replay.c, act_backup.c, act_carry.c, act_clock.c, act_enable.c, act_shield.c, act_registry.c
 */
enum lt_status act_replay(struct ask *ask);
enum lt_status act_backup_mark(struct ask *ask);
enum lt_status act_archive_mark(struct ask *ask);
enum lt_status act_carry(struct ask *ask);
enum lt_status act_clock_confirm(struct ask *ask);
enum lt_status act_enable(struct ask *ask);
enum lt_status act_agency_unshield(struct ask *ask);
enum lt_status query_quarantine(struct ask *ask);
enum lt_status act_restore_done(struct ask *ask);
enum lt_status act_agency_put(struct ask *ask);
enum lt_status act_route_put(struct ask *ask);
enum lt_status act_route_gone(struct ask *ask);

/* act_seal_key.c */
enum lt_status query_seal_keys(struct ask *ask);
enum lt_status act_seal_key_put(struct ask *ask);
enum lt_status act_seal_key_revoke(struct ask *ask);

/* act_enrol.c */
enum lt_status query_enrol_list(struct ask *ask);
enum lt_status query_enrol_show(struct ask *ask);
enum lt_status act_enrol_put(struct ask *ask);
enum lt_status act_enrol_approve(struct ask *ask);
enum lt_status act_enrol_refuse(struct ask *ask);

/* ---- arguments (ask.c) ------------------------------------------------------------------------
 */

/* Empty when absent: an empty value and no value are the same. */
struct lt_bytes ask_arg(const struct ask *ask, const char *name);
bool ask_flag(const struct ask *ask, const char *name); /* "1" */

/* Fault and status of an argument that does not read, or is not there. */
enum lt_status ask_bad(struct ask *ask, const char *name);
enum lt_status ask_missing(struct ask *ask, const char *name);

/* Copies a text of at most size - 1 bytes; "" when absent. LT_FIELD_BAD when it is longer. */
LT_CHECK enum lt_status ask_text(struct ask *ask, const char *name, char *out, size_t size);

/* A decimal number of at most `most`; *ret_given false and nothing written when absent. */
LT_CHECK enum lt_status ask_number(struct ask *ask, const char *name, uint64_t most,
                                   uint64_t *ret_value, bool *ret_given);

/* An agency's number, AGENCY_NONE when its id is well formed and unknown. */
#define AGENCY_NONE UINT32_MAX
LT_CHECK enum lt_status ask_agency(struct ask *ask, const char *name, uint32_t *ret_number,
                                   bool *ret_given);

/* The transfer that arguments id and from name; another id of the same transfer leads to it.
 * LT_NOT_FOUND; LT_FIELD_MISSING when two senders used the id and from does not say which. */
LT_CHECK enum lt_status ask_transfer(struct ask *ask, struct transfer_key *ret_key,
                                     struct transfer *ret_transfer);

/* The cursor as numbers written with wire.h; false: an empty cursor (the first page). LT_FIELD_BAD
 * when its size is another. */
LT_CHECK enum lt_status ask_cursor(struct ask *ask, size_t size, struct wire_reader *ret_reader,
                                   bool *ret_given);

/* Says in a fact that this person sees what is masked of a transfer (query_body.c): argument
 * `purpose`, within the person's scope. LT_FIELD_MISSING, LT_SCOPE, LT_BUSY. */
LT_CHECK enum lt_status seen_stage(struct ask *ask, const struct transfer_key *key,
                                   const struct transfer *t, uint8_t what, uint64_t *ret_position);

/* Counts one entry looked at; false: enough for this page. */
bool ask_look(struct ask *ask);

/* How the time-stamps are; false: none are wanted. */
bool ask_stamps(const struct ask *ask, struct operators_stamps *ret_stamps);

/* Header and body of a transfer, from the cache or the journal. LT_NOT_FOUND, LT_AGAIN when the
 * record cannot be read now, LT_DAMAGED when it never can. */
LT_CHECK enum lt_status ask_parcel(struct ask *ask, uint64_t position, struct header *ret_header,
                                   struct lt_bytes *ret_header_bytes, struct lt_bytes *ret_body);

/* Stages a fact. LT_BUSY: no room in this turn, nothing was changed; else LT_OK or a stop class. */
LT_CHECK enum lt_status ask_fact(struct ask *ask, enum fact_kind kind, struct lt_bytes payload,
                                 uint64_t *ret_position);

/* The status of something staged in flow/, as ask_fact gives it: a fact that was staged and could
 * not be folded ends the process. */
LT_CHECK enum lt_status ask_staged(enum lt_status status);

/* The plan that argument number names. LT_NOT_FOUND. */
struct plan;
struct plan_now;
LT_CHECK enum lt_status ask_plan(struct ask *ask, uint64_t *ret_number, struct plan *ret_plan,
                                 struct plan_now *ret_now);

/* A stable code of errors.def in argument `code`; *ret_code 0: any. */
LT_CHECK enum lt_status ask_code_arg(struct ask *ask, uint16_t *ret_code);

/* ---- fields that many rows share (row.c) ------------------------------------------------------
 */

/* The agency's id, and its name beside it when name_field is given; nobody: empty texts. */
void row_agency(struct ask *ask, const char *field, const char *name_field, uint32_t number);
void row_kind(struct ask *ask, enum lt_kind kind);

/* to, to_name of a leg; state since_ms attempts due_ms code reason unknown. */
void row_receiver(struct ask *ask, const struct leg *leg);
void row_leg_state(struct ask *ask, const struct transfer_key *key, uint8_t index,
                   const struct leg *leg);
void row_unknown(struct ask *ask, const struct leg *leg);

/* What the receiver or an operator said when the leg came into its present state. */
void row_reason(struct ask *ask, const struct transfer_key *key, uint8_t index,
                const struct leg *leg);

/* Everything there is to say of a plan in one row (query_plan.c). */
LT_CHECK enum lt_status row_plan(struct ask *ask, uint64_t number);

/* Who must act on a code: "sender", "receiver", "operator". */
enum lt_who row_who_of(uint16_t code);
const char *row_who_name(enum lt_who who);
void row_who(struct ask *ask, enum lt_who who);

/* How to reach the one who must act, when it is the sender or the receiver and the registry knows.
 */
void row_contact(struct ask *ask, enum lt_who who, uint32_t from, uint32_t to);

#endif
