/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `agency rights show|set`: what an agency may send, to whom, how fast and how much. Kinds, rate
 * and quota stand in the agency's entry, procedures and receivers in an entry of their own; here
 * they are one thing. Both entries are tried as a dry run before either is put, so a value that
 * would be refused changes nothing; a line that breaks between the two leaves the first, and the
 * same command again finishes the work.
 */
#include <stdio.h>
#include <string.h>

#include "entry.h"
#include "grants.h"
#include "proto/base/text.h"

#define SAID_MAX 512
#define WIDE_MAX (2 * RIGHTS_BYTES_MAX + 1)

static enum exit_code value_bad(const struct ltctl *ltctl, enum option option, const char *allowed)
{
    char said[SAID_MAX];
    PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_BAD, option_text(option),
                ltctl->options.values[option], allowed);
    return complain_usage(ltctl, said);
}

/* ---- asked for and put back ---- */

enum exit_code entry_rights_get(struct ltctl *ltctl, const char *id, struct rights *ret_rights)
{
    char text[WIDE_MAX];
    uint8_t entry[RIGHTS_BYTES_MAX];
    struct question question;
    struct page page;
    question_init(&question, "rights-get");
    question_add(&question, "id", id);
    enum exit_code code = ask(ltctl, &question, &page);
    if (code != EXIT_GOOD) {
        return code;
    }
    if (page.count != 1) {
        return complain(ltctl, LT_FRAME_BAD, NULL);
    }
    struct lt_bytes hex = row_field(&page.rows[0], "rights");
    text_copy(text, sizeof(text), hex);
    if (hex.size >= sizeof(text) || !hex_read(entry, hex.size / 2, text) ||
        !rights_read((struct lt_bytes){entry, hex.size / 2}, ret_rights)) {
        return complain(ltctl, LT_FORMAT_UNKNOWN, NULL);
    }
    return EXIT_GOOD;
}

enum exit_code entry_rights_put(struct ltctl *ltctl, const char *id, const struct rights *rights,
                                bool dry_run, bool *ret_changed)
{
    uint8_t entry[RIGHTS_BYTES_MAX];
    struct question question;
    struct page page;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = rights_check(rights, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    question_init(&question, "rights-put");
    question_add(&question, "id", id);
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    question_add(&question, "dry_run", dry_run ? "1" : NULL);
    question.query.payload = rights_write(entry, sizeof(entry), rights);
    enum exit_code code = ask(ltctl, &question, &page);
    if (code == EXIT_GOOD) {
        *ret_changed = page.count == 1 &&
                       bytes_equal(row_field(&page.rows[0], "change"), text_bytes("changed"));
    }
    return code;
}

/* ---- show ---- */

static enum exit_code rights_show(struct ltctl *ltctl, const struct agency *agency,
                                  const struct rights *rights, const char *change)
{
    char rate[16];
    char quota[24];
    char kinds[512];
    char procedures[GRANTS_TEXT_BYTES];
    char receivers[GRANTS_TEXT_BYTES];
    struct output output;
    snprintf(rate, sizeof(rate), "%u", agency->rate_per_s);
    snprintf(quota, sizeof(quota), "%llu", (unsigned long long)agency->blob_quota_bytes);
    grants_kinds_write(kinds, sizeof(kinds), agency->kinds_denied);
    grants_procedures_write(procedures, rights);
    grants_receivers_write(receivers, rights);
    struct pair fields[] = {
        {text_bytes("id"), text_bytes(agency->id)},
        {text_bytes("name"), text_bytes(agency->name)},
        {text_bytes("kinds"), text_bytes(kinds)},
        {text_bytes("procedures"), text_bytes(procedures)},
        {text_bytes("receivers"), text_bytes(receivers)},
        {text_bytes("rate_per_s"), text_bytes(agency->rate_per_s != 0 ? rate : "")},
        {text_bytes("blob_quota_bytes"), text_bytes(agency->blob_quota_bytes != 0 ? quota : "")},
        {text_bytes("change"), text_bytes(change)},
    };
    const struct row row = {fields, sizeof(fields) / sizeof(fields[0]) - (change[0] == '\0')};
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, &columns_rights);
    output_row(&output, &row);
    return finish(ltctl, &output, false);
}

enum exit_code run_agency_rights_show(struct ltctl *ltctl)
{
    struct agency agency;
    struct rights rights;
    enum exit_code code = entry_get(ltctl, ltctl->arguments[0], true, &agency);
    if (code == EXIT_GOOD) {
        code = entry_rights_get(ltctl, agency.id, &rights);
    }
    return code == EXIT_GOOD ? rights_show(ltctl, &agency, &rights, "") : code;
}

/* ---- set ---- */

/* What the options say, over what is there. */
static enum exit_code options_take(const struct ltctl *ltctl, struct agency *agency,
                                   struct rights *rights)
{
    const char *const *values = ltctl->options.values;
    if (values[OPTION_KINDS] != NULL &&
        !grants_kinds(values[OPTION_KINDS], &agency->kinds_denied)) {
        return value_bad(ltctl, OPTION_KINDS, "all, forward,result,petition ...");
    }
    if (values[OPTION_PROCEDURES] != NULL &&
        !grants_procedures(values[OPTION_PROCEDURES], rights)) {
        return value_bad(ltctl, OPTION_PROCEDURES, "all, 1.001193,1.00*; <= 64");
    }
    if (values[OPTION_TO] != NULL && !grants_receivers(values[OPTION_TO], rights)) {
        return value_bad(ltctl, OPTION_TO, "all, H24.15,H24.1*; <= 32");
    }
    return entry_numbers_take(ltctl, agency);
}

static enum exit_code put_both(struct ltctl *ltctl, const struct agency *agency,
                               const struct rights *rights, bool dry_run, bool *ret_changed)
{
    bool changed = false;
    enum exit_code code = entry_put(ltctl, agency, dry_run, NULL);
    if (code == EXIT_GOOD) {
        code = entry_rights_put(ltctl, agency->id, rights, dry_run, &changed);
    }
    *ret_changed = changed;
    return code;
}

enum exit_code run_agency_rights_set(struct ltctl *ltctl)
{
    uint8_t before[AGENCY_BYTES_MAX];
    uint8_t after[AGENCY_BYTES_MAX];
    struct agency agency;
    struct agency known;
    struct rights rights;
    bool changed = false;
    bool dry_run = ltctl->options.values[OPTION_DRY_RUN] != NULL;
    enum exit_code code = entry_get(ltctl, ltctl->arguments[0], true, &agency);
    known = agency;
    if (code == EXIT_GOOD) {
        code = entry_rights_get(ltctl, agency.id, &rights);
    }
    if (code == EXIT_GOOD) {
        code = options_take(ltctl, &agency, &rights);
    }
    if (code == EXIT_GOOD) {
        code = put_both(ltctl, &agency, &rights, true, &changed);
    }
    if (code == EXIT_GOOD && !dry_run) {
        code = put_both(ltctl, &agency, &rights, false, &changed);
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    changed |= !bytes_equal(agency_write(before, sizeof(before), &known),
                            agency_write(after, sizeof(after), &agency));
    return rights_show(ltctl, &agency, &rights, changed ? "changed" : "same");
}
