/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Requests to be let in, as registrars see and decide them. A request is named by its code, the one
 * the agency's person reads out; what two requests share is nobody's.
 *
 * An approval carries what the registrar made of the request on the own machine: the agency's whole
 * entry with the new CURVE key in it, and the certificate of the signing key, or none, then the
 * bare key is registered. Both are compared with the request here, so that no typing mistake lets
 * in another key than the one that was asked for; and a certificate that would not count today is
 * refused today. All facts of an approval stand in one batch, the
 * registrar's name and reason in each; the agency hears of it when they are durable.
 *
 * The broker never holds the authority's key: it cannot issue to anybody.
 */
#include <string.h>

#include "broker/flow/enable.h"
#include "broker/journal/fact_enrol.h"
#include "broker/limits.h"
#include "broker/registry/agency.h"
#include "broker/registry/enrolment.h"
#include "broker/registry/seal_key.h"
#include "judge.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"

#define CURSOR_BYTES     4
#define FACT_ENROL_BYTES (LT_REASON_MAX + 512)
#define FACT_KEY_BYTES   (SEAL_KEY_BYTES_MAX + 256 + LT_REASON_MAX)
#define FACT_ENTRY_BYTES (AGENCY_BYTES_MAX + 256 + LT_REASON_MAX)
#define FROM_FILE        "file"

static const char *const state_names[] = {[ENROL_UNSET] = "",
                                          [ENROL_WAITS] = "waits",
                                          [ENROL_APPROVED] = "approved",
                                          [ENROL_REFUSED] = "refused"};

/* ---- rows ---- */

/* Both keys are this agency's already, and valid: nothing but a new certificate is asked for. */
static bool is_renewal(const struct ask *ask, const struct enrol_request *request)
{
    const struct registry *registry = ask->flow->registry;
    const struct agency *agency = registry_by_key(registry, &request->curve);
    if (agency == NULL || strcmp(agency->id, request->agency) != 0 ||
        registry_key_state(registry, &request->curve, ask->flow->now_ms) != KEY_VALID) {
        return false;
    }
    const struct seal_key *key =
        seal_keys_find(registry_seal_keys(registry), agency->number, &request->key_id);
    return key != NULL && !key->revoked;
}

static void put_request(struct ask *ask, const struct enrolment *enrolment)
{
    struct page_draft *page = &ask->page;
    const struct enrol_request *request = &enrolment->request;
    bool known = registry_by_id(ask->flow->registry, text_bytes(request->agency)) != NULL;
    page_row(page);
    page_text(page, "code", request->code);
    page_text(page, "id", request->agency);
    page_text(page, "name", request->name);
    page_text(page, "state", state_names[enrolment->state]);
    page_flag(page, "known", known);
    page_flag(page, "renewal", enrolment->state == ENROL_WAITS && is_renewal(ask, request));
    page_text(page, "from", enrolment->address);
    page_time(page, "made_ms", request->made_ms);
    page_time(page, "seen_ms", enrolment->seen_ms);
    page_time(page, "until_ms", enrolment->until_ms);
    page_text(page, "reason", enrolment->reason);
}

enum lt_status query_enrol_list(struct ask *ask)
{
    struct wire_reader reader;
    struct enrolment *enrolment;
    bool resumed;
    struct enrolments *all = ask->operators->enrolments;
    enum lt_status status = ask_cursor(ask, CURSOR_BYTES, &reader, &resumed);
    if (status != LT_OK || all == NULL) {
        return status;
    }
    if (!resumed) {
        enrolments_sweep(all, ask->flow->now_ms);
    }
    for (uint32_t i = resumed ? wire_u32(&reader) : 0; (enrolment = enrolments_at(all, i)) != NULL;
         i++) {
        if (page_full(&ask->page)) {
            uint8_t cursor[CURSOR_BYTES];
            struct wire_writer w;
            wire_write_init(&w, cursor, sizeof(cursor));
            wire_put_u32(&w, i);
            page_cursor(&ask->page, wire_written(&w));
            return LT_OK;
        }
        put_request(ask, enrolment);
    }
    return LT_OK;
}

/* The one request the argument `code` names. */
static enum lt_status named(struct ask *ask, struct enrolment **ret_enrolment)
{
    char text[64];
    char code[ENROL_CODE_BYTES];
    if (ask_arg(ask, "code").size == 0) {
        return ask_missing(ask, "code");
    }
    if (ask_text(ask, "code", text, sizeof(text)) != LT_OK || !enrol_code_read(text, code)) {
        return ask_bad(ask, "code");
    }
    if (ask->operators->enrolments == NULL) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "code", "%s", code);
    }
    enrolments_sweep(ask->operators->enrolments, ask->flow->now_ms);
    return enrolments_by_code(ask->operators->enrolments, code, ret_enrolment, &ask->fault);
}

enum lt_status query_enrol_show(struct ask *ask)
{
    struct enrolment *enrolment = NULL;
    enum lt_status status = named(ask, &enrolment);
    if (enrolment == NULL) {
        return status;
    }
    struct page_draft *page = &ask->page;
    const struct enrol_request *request = &enrolment->request;
    put_request(ask, enrolment);
    page_hex(page, "public_key",
             (struct lt_bytes){request->curve.bytes, sizeof(request->curve.bytes)});
    page_hex(page, "key", (struct lt_bytes){request->key_id.bytes, sizeof(request->key_id.bytes)});
    page_text(page, "algorithm", sign_algorithm_name(request->algorithm));
    page_hex(page, "request", (struct lt_bytes){enrolment->der, enrolment->der_size});
    return LT_OK;
}

/* ---- putting in by hand ---- */

enum lt_status act_enrol_put(struct ask *ask)
{
    static const struct enrol_origin origin = {.address = FROM_FILE};
    struct enrol_request request;
    struct enrolment *enrolment = NULL;
    if (ask->operators->enrolments == NULL) {
        return fault_set(&ask->fault, LT_NOT_PERMITTED, "enrol", "no table");
    }
    enum lt_status status = enrol_request_read(ask->query->payload, &request, &ask->fault);
    if (status == LT_OK) {
        enrolments_sweep(ask->operators->enrolments, ask->flow->now_ms);
        status = enrolments_put(ask->operators->enrolments, &request, ask->query->payload, &origin,
                                ask->flow->now_ms, &enrolment);
    }
    if (status == LT_OK) {
        put_request(ask, enrolment);
    }
    return status;
}

/* ---- deciding ---- */

struct decision_of {
    struct enrolment *enrolment;
    struct lt_bytes reason;
    bool dry_run;
};

static enum lt_status open_decision(struct ask *ask, struct decision_of *ret)
{
    struct decision_of decision = {.dry_run = ask_flag(ask, "dry_run")};
    if (!flow_writes(ask->flow, FACT_ENROL)) {
        return fault_set(&ask->fault, LT_FORMAT_NOT_ENABLED, "enrol", "a fact of a later format");
    }
    enum lt_status status = named(ask, &decision.enrolment);
    if (decision.enrolment == NULL) {
        return status;
    }
    if (decision.enrolment->state != ENROL_WAITS) {
        return fault_set(&ask->fault, LT_ENROL_DECIDED, "code", "%s: %s",
                         decision.enrolment->request.code, state_names[decision.enrolment->state]);
    }
    decision.reason = ask_arg(ask, "reason");
    if (decision.reason.size == 0 && !decision.dry_run) {
        return ask_missing(ask, "reason");
    }
    decision.reason.size =
        utf8_cut((const char *)decision.reason.data, decision.reason.size, LT_REASON_MAX);
    if (!operator_may_touch(ask->person, decision.enrolment->request.agency)) {
        return fault_set(&ask->fault, LT_SCOPE, "agency", "%s", decision.enrolment->request.agency);
    }
    *ret = decision;
    return LT_OK;
}

static enum lt_status stage_decision(struct ask *ask, const struct decision_of *decision,
                                     bool approved)
{
    uint8_t memory[FACT_ENROL_BYTES];
    struct enrolment *enrolment = decision->enrolment;
    struct fact_enrol fact = {
        .approved = approved,
        .request = enrolment->request.digest,
        .key_id = enrolment->request.key_id,
        .agency = text_bytes(enrolment->request.agency),
        .from = text_bytes(enrolment->address),
        .person = text_bytes(ask->person->name),
        .reason = decision->reason,
    };
    uint64_t position = 0;
    enum lt_status status =
        ask_fact(ask, FACT_ENROL, fact_write_enrol(memory, sizeof(memory), &fact), &position);
    if (status == LT_OK) {
        enrolment->state = approved ? ENROL_APPROVED : ENROL_REFUSED;
        enrolment->position = position;
        text_copy(enrolment->reason, sizeof(enrolment->reason), decision->reason);
    }
    return status;
}

enum lt_status act_enrol_refuse(struct ask *ask)
{
    struct decision_of decision = {.enrolment = NULL};
    enum lt_status status = open_decision(ask, &decision);
    if (decision.enrolment == NULL) {
        return status;
    }
    status = stage_decision(ask, &decision, false);
    if (status == LT_OK) {
        put_request(ask, decision.enrolment);
    }
    return status;
}

/* The two parts of an approval's payload. */
struct approval {
    struct agency agency;
    const struct agency *known;
    struct seal_key key;
    const struct seal_key *known_key;
};

static enum lt_status payload_bad(struct ask *ask, const char *what)
{
    return fault_set(&ask->fault, LT_FIELD_BAD, "payload", "%s", what);
}

static enum lt_status agency_take(struct ask *ask, const struct enrol_request *request,
                                  struct lt_bytes entry, struct approval *approval)
{
    const struct registry *registry = ask->flow->registry;
    struct agency *agency = &approval->agency;
    bool has_key = false;
    if (!agency_read(entry, agency)) {
        return payload_bad(ask, "the agency's entry");
    }
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        const struct agency_key *key = &agency->keys[i];
        has_key |= memcmp(&key->key, &request->curve, sizeof(key->key)) == 0 && !key->revoked;
    }
    if (strcmp(agency->id, request->agency) != 0 || !has_key) {
        return payload_bad(ask, "the entry is of another agency, or lacks the key of the request");
    }
    enum lt_status status = registry_check(registry, agency, &ask->fault);
    if (status != LT_OK) {
        return status;
    }
    approval->known = registry_by_id(registry, text_bytes(agency->id));
    agency->number =
        approval->known != NULL ? approval->known->number : registry_next_number(registry);
    return agency->number <= AGENCIES_MAX
               ? LT_OK
               : fault_set(&ask->fault, LT_NO_MEMORY, "id", "%s", agency->id);
}

static enum lt_status key_take(struct ask *ask, const struct enrol_request *request,
                               struct lt_bytes certificate, struct approval *approval)
{
    const struct seal_keys *keys = registry_seal_keys(ask->flow->registry);
    struct seal_key *key = &approval->key;
    struct lt_bytes der =
        certificate.size > 0 ? certificate : (struct lt_bytes){request->spki, request->spki_size};
    enum lt_status status = seal_key_make(der, key, &ask->fault);
    if (status != LT_OK) {
        return status;
    }
    if (memcmp(&key->id, &request->key_id, sizeof(key->id)) != 0 ||
        key->certificate != (certificate.size > 0)) {
        return payload_bad(ask, "the certificate is of another key");
    }
    bool stale = false;
    struct certificate_about about;
    if (key->certificate) {
        status = ask->flow->trust == NULL
                     ? fault_set(&ask->fault, LT_SEAL_CHAIN, "trust_list", "is empty")
                     : trust_judge(ask->flow->trust, der, ask->flow->now_ms, ask->flow->now_ms,
                                   &stale, &ask->fault);
    }
    if (status != LT_OK) {
        return status;
    }
    if (key->certificate && certificate_about(der, &about) == LT_OK) {
        key->to_ms = about.to_ms; /* so that an old one does not count among the valid */
    }
    key->agency = approval->agency.number;
    approval->known_key = seal_keys_find(keys, key->agency, &key->id);
    if (approval->known_key != NULL && approval->known_key->revoked) {
        return fault_set(&ask->fault, LT_SEAL_KEY_REVOKED, "key", "revoked before");
    }
    key->from_ms = ask->flow->now_ms; /* requests made before this are answered by it */
    key->since_ms = approval->known_key != NULL ? approval->known_key->since_ms : ask->flow->now_ms;
    return seal_keys_check(keys, key, &ask->fault);
}

static enum lt_status approval_take(struct ask *ask, const struct enrol_request *request,
                                    struct approval *ret)
{
    struct wire_reader r;
    memset(ret, 0, sizeof(*ret));
    wire_read_init(&r, ask->query->payload);
    struct lt_bytes entry = wire_run16(&r);
    struct lt_bytes certificate = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return payload_bad(ask, "entry and certificate");
    }
    enum lt_status status = agency_take(ask, request, entry, ret);
    return status == LT_OK ? key_take(ask, request, certificate, ret) : status;
}

static enum lt_status stage_entry(struct ask *ask, enum registry_change change,
                                  struct lt_bytes entry, struct lt_bytes reason)
{
    uint8_t memory[FACT_KEY_BYTES > FACT_ENTRY_BYTES ? FACT_KEY_BYTES : FACT_ENTRY_BYTES];
    uint64_t position;
    struct fact_registry fact = {
        .change = (uint8_t)change,
        .person = text_bytes(ask->person->name),
        .entry = entry,
        .reason = reason,
    };
    return ask_fact(ask, FACT_REGISTRY, fact_write_registry(memory, sizeof(memory), &fact),
                    &position);
}

static enum lt_status stage_approval(struct ask *ask, const struct decision_of *decision,
                                     const struct approval *approval)
{
    uint8_t entry[AGENCY_BYTES_MAX];
    uint8_t before[AGENCY_BYTES_MAX];
    uint8_t key[SEAL_KEY_BYTES_MAX];
    enum lt_status status = LT_OK;
    struct lt_bytes after = agency_write(entry, sizeof(entry), &approval->agency);
    bool same = approval->known != NULL &&
                bytes_equal(agency_write(before, sizeof(before), approval->known), after);
    if (!flow_room(ask->flow)) {
        return LT_BUSY; /* all of it in one batch, or nothing */
    }
    if (!same) {
        status = stage_entry(ask, REGISTRY_AGENCY, after, decision->reason);
    }
    if (status == LT_OK) {
        status = stage_entry(ask, REGISTRY_SEAL_KEY,
                             seal_key_write(key, sizeof(key), &approval->key), decision->reason);
    }
    return status == LT_OK ? stage_decision(ask, decision, true) : status;
}

enum lt_status act_enrol_approve(struct ask *ask)
{
    struct decision_of decision = {.enrolment = NULL};
    struct approval approval;
    enum lt_status status = open_decision(ask, &decision);
    if (decision.enrolment == NULL) {
        return status;
    }
    status = approval_take(ask, &decision.enrolment->request, &approval);
    if (status != LT_OK) {
        return status;
    }
    const char *change = approval.known == NULL ? "added" : "changed";
    if (!decision.dry_run) {
        status = stage_approval(ask, &decision, &approval);
    }
    if (status != LT_OK) {
        return status;
    }
    put_request(ask, decision.enrolment);
    page_number(&ask->page, "number", approval.agency.number);
    page_text(&ask->page, "change", change);
    page_flag(&ask->page, "certificate", approval.key.certificate);
    page_number(&ask->page, "position", decision.enrolment->position);
    return LT_OK;
}
