/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `enrol list`, `show`, `approve`, `refuse`, `import`, `renew`: requests of agencies that want to
 * be let in, or a new certificate.
 *
 * The code that the agency's person read over the telephone is the whole protection here, so it is
 * not believed from the broker: the request itself is fetched, read by the same rules, and its code
 * computed again on this machine. With --ca the certificate is issued here too, only after the
 * broker has said, in a dry run, that it would take the rest; so a refused approval costs no
 * certificate and the broker never sees the authority's key. `renew` needs no code: it issues to
 * keys the authority itself has issued to before, to the same agency, and to nobody else.
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
#define RENEWALS_MAX     200
#define RENEWAL_REASON   "gia hạn chứng thư, khóa đã được duyệt trước"

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
    memset(fetched, 0, sizeof(*fetched));
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

static void approval_question(const struct fetched *fetched, const char *reason,
                              struct lt_bytes payload, bool dry_run, struct question *question)
{
    question_init(question, "enrol-approve");
    question_add(question, "code", fetched->request.code);
    question_add(question, "reason", reason);
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

/* The request behind the code becomes an agency that is let in; one row to the output. */
static enum exit_code approve(struct ltctl *ltctl, const struct fetched *fetched, uint32_t days,
                              const char *reason, struct output *output)
{
    uint8_t payload[PAYLOAD_BYTES];
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct lt_bytes certificate = {0};
    struct agency agency;
    struct question question;
    struct page page;
    bool dry_run = ltctl->options.values[OPTION_DRY_RUN] != NULL;
    bool with_ca = ltctl->options.values[OPTION_CA] != NULL && !dry_run;
    enum exit_code result = compose(ltctl, fetched, &agency);
    if (result == EXIT_GOOD && with_ca) {
        approval_question(fetched, reason, payload_of(payload, &agency, certificate), true,
                          &question);
        result = ask(ltctl, &question, &page);
    }
    if (result == EXIT_GOOD && with_ca) {
        result = issue(ltctl, fetched, days, memory, &certificate);
    }
    if (result == EXIT_GOOD) {
        approval_question(fetched, reason, payload_of(payload, &agency, certificate), dry_run,
                          &question);
        result = ask(ltctl, &question, &page);
    }
    for (uint32_t i = 0; result == EXIT_GOOD && i < page.count; i++) {
        output_row(output, &page.rows[i]);
    }
    return result;
}

static enum exit_code cert_days(const struct ltctl *ltctl, uint64_t *ret_days)
{
    return option_number(ltctl, OPTION_DAYS, 1, DAYS_MAX, CERT_DAYS_NORMAL, ret_days);
}

enum exit_code run_enrol_approve(struct ltctl *ltctl)
{
    char code[ENROL_CODE_BYTES];
    struct fetched fetched;
    struct output output;
    uint64_t days = 0;
    const char *reason = ltctl->options.values[OPTION_REASON];
    if (!enrol_code_read(ltctl->arguments[0], code)) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_ENROL_CODE_BAD));
    }
    if (reason == NULL) {
        return reason_missing(ltctl);
    }
    enum exit_code result = cert_days(ltctl, &days);
    if (result == EXIT_GOOD) {
        result = fetch(ltctl, code, &fetched);
    }
    if (result == EXIT_GOOD) {
        result = agency_check_named(ltctl, &fetched);
    }
    if (result != EXIT_GOOD) {
        return result;
    }
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, &columns_enrol_approve);
    result = approve(ltctl, &fetched, (uint32_t)days, reason, &output);
    enum exit_code finished = finish(ltctl, &output, false);
    return result != EXIT_GOOD ? result : finished;
}

/* ---- renewing ---- */

/* Has this authority issued to this agency and key before, and not taken it back? Then a person has
 * looked at it once, and the same key asks again. */
static bool issued_before(const struct ca *ca, const struct enrol_request *request)
{
    bool issued = false;
    for (uint32_t i = 0; i < ca_count(ca); i++) {
        const struct ca_entry *entry = ca_at(ca, i);
        bool same = strcmp(entry->agency, request->agency) == 0 &&
                    memcmp(&entry->key_id, &request->key_id, sizeof(entry->key_id)) == 0;
        if (same && entry->revoked) {
            return false;
        }
        issued |= same;
    }
    return issued;
}

static enum exit_code known_here(struct ltctl *ltctl, const struct fetched *fetched,
                                 bool *ret_known)
{
    struct ca *ca = NULL;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = ca_open(ltctl->options.values[OPTION_CA], &ca, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    *ret_known = issued_before(ca, &fetched->request);
    ca_close(&ca);
    return EXIT_GOOD;
}

/* The codes of the renewals that wait, of one page: those left over come with the next run. */
static enum exit_code renewals(struct ltctl *ltctl, char codes[RENEWALS_MAX][ENROL_CODE_BYTES],
                               uint32_t *ret_count)
{
    struct question question;
    struct page page;
    question_init(&question, "enrol-list");
    enum exit_code result = ask(ltctl, &question, &page);
    *ret_count = 0;
    for (uint32_t i = 0; result == EXIT_GOOD && i < page.count && *ret_count < RENEWALS_MAX; i++) {
        const struct row *row = &page.rows[i];
        if (row_number(row, "renewal") == 1 &&
            bytes_equal(row_field(row, "state"), text_bytes("waits"))) {
            text_copy(codes[(*ret_count)++], ENROL_CODE_BYTES, row_field(row, "code"));
        }
    }
    return result;
}

enum exit_code run_enrol_renew(struct ltctl *ltctl)
{
    char codes[RENEWALS_MAX][ENROL_CODE_BYTES];
    struct fetched fetched;
    struct output output;
    uint64_t days = 0;
    uint32_t count = 0;
    if (ltctl->options.values[OPTION_CA] == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_CA_MISSING));
    }
    enum exit_code result = cert_days(ltctl, &days);
    if (result == EXIT_GOOD) {
        result = renewals(ltctl, codes, &count);
    }
    if (result != EXIT_GOOD) {
        return result;
    }
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, &columns_enrol_approve);
    for (uint32_t i = 0; i < count; i++) {
        bool known = false;
        enum exit_code one = fetch(ltctl, codes[i], &fetched);
        one = one == EXIT_GOOD ? known_here(ltctl, &fetched, &known) : one;
        if (one == EXIT_GOOD && known) {
            one = approve(ltctl, &fetched, (uint32_t)days, RENEWAL_REASON, &output);
        }
        result = one == EXIT_GOOD ? result : one; /* the others get theirs */
    }
    enum exit_code finished = finish(ltctl, &output, true);
    return result != EXIT_GOOD ? result : finished;
}
