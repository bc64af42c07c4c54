/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The door of the operators: one table of verbs, and the way from a Query to a Page. Roles are
 * ordered: viewer, operator, approver, registrar; each may do what those before it may. An auditor
 * stands beside them: reads what a viewer reads, alone may ask who did and saw what, and can act on
 * nothing. Role and dates are looked up in the configuration for every query, so a reload or the
 * end of a key's time takes them away at once, whatever connection is open.
 *
 * A page waits for the ticket of everything staged so far, because what it shows may be ahead of
 * the disk. It is encoded here, while the arena stands, and kept in memory of its own until then;
 * one operator may have PAGES_WAITING_MAX of them, which is what a person at a terminal needs and
 * keeps one who does not read from filling the memory.
 *
 * What goes wrong in a verb becomes the code of its page. Stop classes go up and end the process;
 * a turn without memory for the page answers busy, or nothing: the one who asks asks again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "mask.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define OPERATOR_PREFIX   "operator/"
#define PAGES_WAITING_MAX 8

struct verb {
    const char *name;
    enum operator_role role;
    const char *args; /* names with a blank behind each */
    enum lt_status (*run)(struct ask *ask);
};

static const struct verb verbs[] = {
    {"status", OPERATOR_VIEWER, "", query_status},
    {"agencies", OPERATOR_VIEWER, "id ", query_agencies},
    {"routes", OPERATOR_VIEWER, "", query_routes},
    {"agency-get", OPERATOR_VIEWER, "id ", query_agency_get},
    {"transfers", OPERATOR_VIEWER, "agency from case state kind procedure since until ",
     query_transfers},
    {"case", OPERATOR_VIEWER, "code ", query_case},
    {"show", OPERATOR_VIEWER, "id from purpose ", query_show},
    {"where", OPERATOR_VIEWER, "code ", query_where},
    {"parked", OPERATOR_VIEWER, "agency code group ", query_parked},
    {"incidents", OPERATOR_VIEWER, "all ", query_incidents},
    {"alarms", OPERATOR_VIEWER, "", query_alarms},
    {"metrics", OPERATOR_VIEWER, "", query_metrics},
    {"conservation", OPERATOR_VIEWER, "", query_conservation},
    {"log-proof", OPERATOR_VIEWER, "origin size ", query_log_proof},
    {"replay", OPERATOR_OPERATOR, "id from leg reason dry_run ", act_replay},
    {"backup-mark", OPERATOR_OPERATOR, "position ", act_backup_mark},
    {"archive-mark", OPERATOR_OPERATOR, "position ", act_archive_mark},
    {"carry", OPERATOR_APPROVER, "below dry_run ", act_carry},
    {"quarantine", OPERATOR_VIEWER, "", query_quarantine},
    {"agency-unshield", OPERATOR_OPERATOR, "id reason ", act_agency_unshield},
    {"restore-done", OPERATOR_APPROVER, "reason ", act_restore_done},
    {"clock-confirm", OPERATOR_OPERATOR, "reason ", act_clock_confirm},
    {"enable", OPERATOR_APPROVER, "format reason dry_run ", act_enable},
    {"hold", OPERATOR_OPERATOR, "id from leg reason dry_run ", act_hold},
    {"release", OPERATOR_OPERATOR, "id from leg reason dry_run ", act_release},
    {"skip", OPERATOR_OPERATOR, "id from leg reason dry_run ", act_skip},
    {"cancel", OPERATOR_OPERATOR, "id from leg reason dry_run second ", act_cancel},
    {"expire", OPERATOR_OPERATOR, "id from leg reason dry_run second ", act_expire},
    {"reroute", OPERATOR_OPERATOR, "id from leg to reason dry_run second ", act_reroute},
    {"agency-gate", OPERATOR_OPERATOR, "id gate reason dry_run ", act_gate},
    {"ping", OPERATOR_OPERATOR, "id ", query_ping},
    {"incident-note", OPERATOR_OPERATOR, "number reason ", act_incident_note},
    {"plan-make", OPERATOR_OPERATOR,
     "act to agency from case procedure code since until list pace stop reason ", act_plan_make},
    {"plan-add", OPERATOR_OPERATOR, "number what ", act_plan_add},
    {"plan-freeze", OPERATOR_OPERATOR, "number ", act_plan_freeze},
    {"plan-approve", OPERATOR_APPROVER, "number reason ", act_plan_approve},
    {"plan-run", OPERATOR_OPERATOR, "number reason ", act_plan_run},
    {"plan-pause", OPERATOR_OPERATOR, "number reason ", act_plan_pause},
    {"plan-cancel", OPERATOR_OPERATOR, "number reason ", act_plan_cancel},
    {"pending", OPERATOR_VIEWER, "", query_pending},
    {"pending-approve", OPERATOR_APPROVER, "number dry_run ", act_pending_approve},
    {"pending-refuse", OPERATOR_OPERATOR, "number reason ", act_pending_refuse},
    {"plan-list", OPERATOR_VIEWER, "", query_plan_list},
    {"plan-show", OPERATOR_VIEWER, "number ", query_plan_show},
    {"plan-look", OPERATOR_VIEWER, "number ", query_plan_look},
    {"plan-report", OPERATOR_VIEWER, "number result ", query_plan_report},
    {"enrol-list", OPERATOR_VIEWER, "", query_enrol_list},
    {"enrol-show", OPERATOR_VIEWER, "code ", query_enrol_show},
    {"enrol-put", OPERATOR_REGISTRAR, "", act_enrol_put},
    {"enrol-approve", OPERATOR_REGISTRAR, "code reason dry_run ", act_enrol_approve},
    {"enrol-refuse", OPERATOR_REGISTRAR, "code reason ", act_enrol_refuse},
    {"rights-get", OPERATOR_VIEWER, "id ", query_rights_get},
    {"rights-put", OPERATOR_REGISTRAR, "id reason dry_run ", act_rights_put},
    {"body", OPERATOR_OPERATOR, "id from purpose ", query_body},
    {"who-saw", OPERATOR_AUDITOR, "id from code ", query_who_saw},
    {"audit-acts", OPERATOR_AUDITOR, "person since until ", query_audit_acts},
    {"agency-put", OPERATOR_REGISTRAR, "reason dry_run ", act_agency_put},
    {"route-put", OPERATOR_REGISTRAR, "dry_run ", act_route_put},
    {"route-gone", OPERATOR_REGISTRAR, "dry_run ", act_route_gone},
    {"seal-keys", OPERATOR_VIEWER, "id ", query_seal_keys},
    {"seal-key-put", OPERATOR_REGISTRAR, "id from to dry_run ", act_seal_key_put},
    {"seal-key-revoke", OPERATOR_REGISTRAR, "id key reason dry_run ", act_seal_key_revoke},
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

enum lt_status operators_open(struct operators **ret_operators, const struct config *config)
{
    struct operators *operators = calloc(1, sizeof(*operators));
    if (operators == NULL) {
        return LT_NO_MEMORY;
    }
    operators->config = config;
    *ret_operators = operators;
    return LT_OK;
}

void operators_close(struct operators **operators_p)
{
    if (*operators_p != NULL) {
        explicit_bzero(&(*operators_p)->mask_key, sizeof((*operators_p)->mask_key));
    }
    free(*operators_p);
    *operators_p = NULL;
}

void operators_tell(struct operators *operators, const struct operators_about *about)
{
    operators->about = *about;
    operators->about_known = true;
}

void operators_enrolments(struct operators *operators, struct enrolments *enrolments)
{
    operators->enrolments = enrolments;
}

enum lt_status operators_mask(struct operators *operators, struct lt_bytes secret)
{
    struct digester *digester = NULL;
    enum lt_status status = digester_open(&digester);
    if (status == LT_OK) {
        mask_key_make(&operators->mask_key, digester, secret);
        digester_close(&digester);
    }
    return status;
}

/* ---- may it, and does it make sense -----------------------------------------------------------
 */

static const struct verb *verb_named(struct lt_bytes name)
{
    for (size_t i = 0; i < VERBS; i++) {
        if (bytes_equal(name, text_bytes(verbs[i].name))) {
            return &verbs[i];
        }
    }
    return NULL;
}

static bool takes_arg(const struct verb *verb, struct lt_bytes name)
{
    const char *at = verb->args;
    while (*at != '\0') {
        size_t size = strcspn(at, " ");
        if (name.size == size && memcmp(at, name.data, size) == 0) {
            return true;
        }
        at += size + 1;
    }
    return false;
}

static enum lt_status check_args(struct ask *ask, const struct verb *verb)
{
    for (uint32_t i = 0; i < ask->query->args_count; i++) {
        const struct pair *pair = &ask->query->args[i];
        if (!takes_arg(verb, pair->name)) {
            return fault_set(&ask->fault, LT_FIELD_BAD, "argument", "%.*s of %s",
                             (int)pair->name.size, (const char *)pair->name.data, verb->name);
        }
    }
    return LT_OK;
}

/* Those of the auditors are theirs alone; what a viewer may read an auditor may. */
static bool role_may(enum operator_role role, const struct verb *verb)
{
    bool reads = verb->role == OPERATOR_VIEWER;
    return role == OPERATOR_AUDITOR || verb->role == OPERATOR_AUDITOR
               ? role == OPERATOR_AUDITOR && (reads || verb->role == OPERATOR_AUDITOR)
               : role >= verb->role;
}

static enum lt_status run(struct ask *ask)
{
    const struct verb *verb = verb_named(ask->query->verb);
    if (ask->person == NULL) {
        return fault_set(&ask->fault, LT_NOT_PERMITTED, "", "%s",
                         operator_role_name(OPERATOR_VIEWER));
    }
    if (verb == NULL) {
        return fault_set(&ask->fault, LT_FIELD_BAD, "verb", "%.*s", (int)ask->query->verb.size,
                         (const char *)ask->query->verb.data);
    }
    if (!operator_in_time(ask->person, ask->flow->now_ms)) {
        return fault_set(&ask->fault, LT_KEY_UNKNOWN, "operator",
                         "%s: outside the dates of the key", ask->person->name);
    }
    if (!role_may(ask->person->role, verb)) {
        return fault_set(&ask->fault, LT_NOT_PERMITTED, "", "%s", operator_role_name(verb->role));
    }
    enum lt_status status = check_args(ask, verb);
    if (status == LT_OK) {
        status = verb->run(ask);
    }
    if (verb->role > OPERATOR_VIEWER) {
        log_info("operator-act", "operator=%s verb=%s code=%s rows=%u", ask->person->name,
                 verb->name, lt_code(status), ask->page.count);
    }
    return status;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

/* "field: detail"; empty when nothing went wrong. */
static struct lt_bytes detail_of(const struct ask *ask, char *out, size_t size)
{
    const struct fault *fault = &ask->fault;
    bool both = fault->field[0] != '\0' && fault->detail[0] != '\0';
    snprintf(out, size, "%s%s%s", fault->field, both ? ": " : "", fault->detail);
    return text_bytes(out);
}

static enum lt_status encode(struct ask *ask, enum lt_status code, struct lt_bytes *ret_bytes)
{
    char detail[sizeof(ask->fault.field) + sizeof(ask->fault.detail) + 4];
    bool rows = code == LT_OK;
    struct frame frame = {
        .kind = FRAME_PAGE,
        .page = {.number = ask->query->number,
                 .code = (uint32_t)code,
                 .detail = detail_of(ask, detail, sizeof(detail)),
                 .rows = rows ? ask->page.rows : NULL,
                 .count = rows ? ask->page.count : 0,
                 .cursor = {ask->page.cursor, rows ? ask->page.cursor_size : 0}},
    };
    if (rows && ask->page.dry) {
        return LT_NO_MEMORY;
    }
    return frame_write(&frame, &ask->flow->arena, ret_bytes);
}

/* Into memory of its own, behind everything staged so far. */
static void queue_page(struct flow *flow, struct session *session, struct lt_bytes bytes)
{
    uint8_t *memory = malloc(bytes.size);
    struct answer *answer = memory == NULL
                                ? NULL
                                : answer_make(&flow->answers, &flow->sessions, session, ANSWER_PAGE,
                                              journal_staged(flow->journal));
    if (answer == NULL) {
        free(memory);
        return; /* silence: the one who asks asks again */
    }
    memcpy(memory, bytes.data, bytes.size);
    answer->page = memory;
    answer->page_bytes = (uint32_t)bytes.size;
}

static void answer_page(struct ask *ask, struct session *session, enum lt_status code)
{
    struct lt_bytes bytes;
    enum lt_status status = encode(ask, code, &bytes);
    if (status != LT_OK) {
        log_warn("page-not-written", "operator=%s code=%s", session->user, lt_code(status));
        status = encode(ask, LT_BUSY, &bytes);
    }
    if (status == LT_OK) {
        queue_page(ask->flow, session, bytes);
    }
}

static enum lt_status take(void *self, struct flow *flow, struct session *session,
                           const struct query *query)
{
    struct operators *operators = self;
    struct ask ask = {.operators = operators, .flow = flow, .query = query};
    if (session->answers.count >= PAGES_WAITING_MAX) {
        session_doom(session, LT_CREDIT_EXCEEDED);
        return LT_OK;
    }
    fault_init(&ask.fault);
    if (strncmp(session->user, OPERATOR_PREFIX, strlen(OPERATOR_PREFIX)) == 0) {
        ask.person = config_operator(operators->config, session->user + strlen(OPERATOR_PREFIX));
    }
    page_init(&ask.page, &flow->arena, query->rows);
    enum lt_status status = run(&ask);
    if (lt_class(status) == LT_CLASS_STOP) {
        return status;
    }
    answer_page(&ask, session, status);
    return LT_OK;
}

/* Asked of the door for every receiver of a plan; one that is not configured any more has none. */
static bool operators_in_scope(void *self, const char *person, const char *agency)
{
    const struct operators *operators = self;
    const struct operator_entry *entry = config_operator(operators->config, person);
    return entry != NULL && operator_may_touch(entry, agency);
}

static void watch(void *self, const struct flow *flow)
{
    struct operators *operators = self;
    expiry_log_step(&operators->expiry, flow, operators->config);
}

struct flow_operators operators_door(struct operators *operators)
{
    return (struct flow_operators){
        .self = operators, .take = take, .in_scope = operators_in_scope, .watch = watch};
}
