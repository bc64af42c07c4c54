/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `enrol list`, `show`, `approve`, `refuse`, `import`: requests of agencies that want to be let in.
 *
 * The code that the agency's person read over the telephone is the whole protection here, so it is
 * not believed from the broker: the request itself is fetched, read by the same rules, and its code
 * computed again on this machine. With --ca the certificate is issued here too, only after the
 * broker has said, in a dry run, that it would take the rest; so a refused approval costs no
 * certificate and the broker never sees the authority's key.
 */
#include <stdio.h>
#include <string.h>

#include "entry.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"
#include "proto/ca.h"
#include "proto/enrol.h"

#define CERT_DAYS_NORMAL 365
#define DAYS_MAX         3650
#define OVERLAP_MS       (30LL * 24 * 3600 * 1000)
#define PAYLOAD_BYTES    (AGENCY_BYTES_MAX + CERTIFICATE_BYTES_MAX + 16)
#define SAID_MAX         1200

/* A request as fetched and read here. */
struct fetched {
    struct enrol_request request;
    struct lt_bytes der;
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
};

enum exit_code run_enrol_list(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "enrol-list");
    return ask_all(ltctl, &question, &columns_enrol, 0);
}

enum exit_code run_enrol_show(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "enrol-show");
    question_add(&question, "code", ltctl->arguments[0]);
    return ask_all(ltctl, &question, &columns_enrol_one, 0);
}

static enum exit_code reason_missing(const struct ltctl *ltctl)
{
    return complain_usage(ltctl, phrase(ltctl->language, PHRASE_REASON_MISSING));
}

enum exit_code run_enrol_refuse(struct ltctl *ltctl)
{
    struct question question;
    if (ltctl->options.values[OPTION_REASON] == NULL) {
        return reason_missing(ltctl);
    }
    question_init(&question, "enrol-refuse");
    question_add(&question, "code", ltctl->arguments[0]);
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    return ask_all(ltctl, &question, &columns_enrol, 0);
}

enum exit_code run_enrol_import(struct ltctl *ltctl)
{
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    struct question question;
    struct enrol_request request;
    struct lt_bytes der;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = enrol_request_from_file(ltctl->arguments[0], memory, &der, &fault);
    if (status == LT_OK) {
        status = enrol_request_read(der, &request, &fault);
    }
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    question_init(&question, "enrol-put");
    question.query.payload = der;
    return ask_all(ltctl, &question, &columns_enrol, 0);
}

/* ---- approving ---- */

/* The request behind the code, and that it is the one. */
static enum exit_code fetch(struct ltctl *ltctl, const char *code, struct fetched *fetched)
{
    struct question question;
    struct page page;
    struct fault fault;
    char hex[2 * ENROL_REQUEST_BYTES_MAX + 1];
    fault_init(&fault);
    question_init(&question, "enrol-show");
    question_add(&question, "code", code);
    enum exit_code asked = ask(ltctl, &question, &page);
    if (asked != EXIT_GOOD) {
        return asked;
    }
    struct lt_bytes text =
        page.count == 1 ? row_field(&page.rows[0], "request") : (struct lt_bytes){0};
    text_copy(hex, sizeof(hex), text);
    if (text.size == 0 || text.size >= sizeof(hex) ||
        !hex_read(fetched->memory, text.size / 2, hex)) {
        return complain(ltctl, LT_FRAME_BAD, NULL);
    }
    fetched->der = (struct lt_bytes){fetched->memory, text.size / 2};
    enum lt_status status = enrol_request_read(fetched->der, &fetched->request, &fault);
    if (status == LT_OK && strcmp(fetched->request.code, code) != 0) {
        status = fault_set(&fault, LT_SEAL_BAD, "code", "%s is not that of the request: %s", code,
                           fetched->request.code);
    }
    return status == LT_OK ? EXIT_GOOD : complain(ltctl, status, &fault);
}

/* --agency says whom the registrar means to let in. */
static enum exit_code agency_check_named(const struct ltctl *ltctl, const struct fetched *fetched)
{
    const char *named = ltctl->options.values[OPTION_AGENCY];
    char said[SAID_MAX];
    if (named == NULL || strcmp(named, fetched->request.agency) == 0) {
        return EXIT_GOOD;
    }
    PHRASE_FILL(said, sizeof(said), ltctl->language, ENROL_OTHER_AGENCY, fetched->request.agency,
                named);
    return complain_usage(ltctl, said);
}

/* The other keys end a month from now: by then the adapter works with the new one. */
static void others_end(struct agency *agency, const struct lt_key *curve, int64_t now_ms)
{
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        struct agency_key *key = &agency->keys[i];
        bool open = key->to_ms == 0 || key->to_ms > now_ms + OVERLAP_MS;
        if (memcmp(&key->key, curve, sizeof(*curve)) != 0 && !key->revoked && open) {
            key->to_ms = now_ms + OVERLAP_MS;
        }
    }
}

/* The agency's entry with the key of the request in it. */
static enum exit_code compose(struct ltctl *ltctl, const struct fetched *fetched,
                              struct agency *agency)
{
    const struct enrol_request *request = &fetched->request;
    struct agency_key key = {.key = request->curve};
    enum exit_code code = entry_get(ltctl, request->agency, false, agency);
    if (code == EXIT_NOT_FOUND) {
        memset(agency, 0, sizeof(*agency));
        agency->kind = AGENCY_COMMUNE;
        memcpy(agency->id, request->agency, sizeof(agency->id));
        memcpy(agency->name, request->name, sizeof(agency->name));
        code = agency_options(ltctl, agency);
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    if (agency->name[0] == '\0') {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_NAME_MISSING));
    }
    others_end(agency, &request->curve, ltctl->clock->wall_ms(ltctl->clock->self));
    if (!entry_key_add(agency, &key)) {
        char said[SAID_MAX];
        PHRASE_FILL(said, sizeof(said), ltctl->language, KEYS_FULL, agency->id);
        return complain_usage(ltctl, said);
    }
    return EXIT_GOOD;
}

static struct lt_bytes payload_of(uint8_t memory[PAYLOAD_BYTES], const struct agency *agency,
                                  struct lt_bytes certificate)
{
    uint8_t entry[AGENCY_BYTES_MAX];
    struct wire_writer w;
    wire_write_init(&w, memory, PAYLOAD_BYTES);
    wire_put_run16(&w, agency_write(entry, sizeof(entry), agency));
    wire_put_run16(&w, certificate);
    return wire_written(&w);
}

static void approval_question(const struct ltctl *ltctl, const struct fetched *fetched,
                              struct lt_bytes payload, bool dry_run, struct question *question)
{
    question_init(question, "enrol-approve");
    question_add(question, "code", fetched->request.code);
    question_add(question, "reason", ltctl->options.values[OPTION_REASON]);
    question_add(question, "dry_run", dry_run ? "1" : NULL);
    question->query.payload = payload;
}

static enum exit_code issue(struct ltctl *ltctl, const struct fetched *fetched, uint32_t days,
                            uint8_t memory[CERTIFICATE_BYTES_MAX], struct lt_bytes *ret_der)
{
    struct ca *ca = NULL;
    struct fault fault;
    const char *out = ltctl->options.values[OPTION_OUT];
    fault_init(&fault);
    enum lt_status status = ca_open(ltctl->options.values[OPTION_CA], &ca, &fault);
    if (status == LT_OK) {
        status = ca_issue(ca, fetched->der, days, ltctl->clock->wall_ms(ltctl->clock->self), memory,
                          ret_der, &fault);
    }
    ca_close(&ca);
    if (status == LT_OK && out != NULL) {
        status = certificate_write_file(out, *ret_der, &fault);
    }
    return status == LT_OK ? EXIT_GOOD : complain(ltctl, status, &fault);
}

enum exit_code run_enrol_approve(struct ltctl *ltctl)
{
    char code[ENROL_CODE_BYTES];
    uint8_t payload[PAYLOAD_BYTES];
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct lt_bytes certificate = {0};
    struct fetched fetched;
    struct agency agency;
    struct question question;
    struct page page;
    uint64_t days = 0;
    bool dry_run = ltctl->options.values[OPTION_DRY_RUN] != NULL;
    if (!enrol_code_read(ltctl->arguments[0], code)) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_ENROL_CODE_BAD));
    }
    if (ltctl->options.values[OPTION_REASON] == NULL) {
        return reason_missing(ltctl);
    }
    enum exit_code result = option_number(ltctl, OPTION_DAYS, 1, DAYS_MAX, CERT_DAYS_NORMAL, &days);
    if (result == EXIT_GOOD) {
        result = fetch(ltctl, code, &fetched);
    }
    if (result == EXIT_GOOD) {
        result = agency_check_named(ltctl, &fetched);
    }
    if (result == EXIT_GOOD) {
        result = compose(ltctl, &fetched, &agency);
    }
    bool with_ca = ltctl->options.values[OPTION_CA] != NULL;
    if (result == EXIT_GOOD && with_ca && !dry_run) {
        approval_question(ltctl, &fetched, payload_of(payload, &agency, certificate), true,
                          &question);
        result = ask(ltctl, &question, &page);
    }
    if (result == EXIT_GOOD && with_ca && !dry_run) {
        result = issue(ltctl, &fetched, (uint32_t)days, memory, &certificate);
    }
    if (result != EXIT_GOOD) {
        return result;
    }
    approval_question(ltctl, &fetched, payload_of(payload, &agency, certificate), dry_run,
                      &question);
    return ask_all(ltctl, &question, &columns_enrol_approve, 0);
}
