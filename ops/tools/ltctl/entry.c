/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Registry entries on their way between ltctl and the broker. The broker takes whole entries, the
 * bytes of agency_write, so every change is: read the present entry, change one thing, put it back.
 * Two registrars at the same moment are rare and the last one wins; both changes stand in the
 * journal with their names.
 *
 * Entries are checked here by the same rules the broker applies, so that most mistakes are told
 * without a question; what only the broker can know (a key of another agency) it tells itself.
 */
#include <stdio.h>
#include <string.h>

#include "entry.h"
#include "proto/base/text.h"
#include "proto/message.h"

static enum exit_code entry_take(struct ltctl *ltctl, const struct row *row,
                                 struct agency *ret_agency)
{
    struct lt_bytes hex = row_field(row, "entry");
    char text[2 * AGENCY_BYTES_MAX + 1];
    uint8_t entry[AGENCY_BYTES_MAX];
    text_copy(text, sizeof(text), hex);
    if (hex.size >= sizeof(text) || !hex_read(entry, hex.size / 2, text) ||
        !agency_read((struct lt_bytes){entry, hex.size / 2}, ret_agency)) {
        return complain(ltctl, LT_FORMAT_UNKNOWN, NULL);
    }
    return EXIT_GOOD;
}

enum exit_code entry_get(struct ltctl *ltctl, const char *id, bool wanted,
                         struct agency *ret_agency)
{
    struct question question;
    struct page page;
    question_init(&question, "agency-get");
    question_add(&question, "id", id);
    question.quiet = !wanted;
    enum exit_code code = ask(ltctl, &question, &page);
    if (code != EXIT_GOOD) {
        return code;
    }
    if (page.count != 1) {
        return complain(ltctl, LT_FRAME_BAD, NULL);
    }
    return entry_take(ltctl, &page.rows[0], ret_agency);
}

/* The answer's row with the fields of the entry in front: what changed, and how. */
static void answer_show(const struct page *page, const struct columns *columns, struct pair *fields,
                        uint32_t count, struct output *output)
{
    struct row row = {fields, count + 1};
    if (page->count == 0 || output == NULL) {
        return;
    }
    if (output->columns != columns) {
        output_section(output, columns);
    }
    fields[count] = (struct pair){text_bytes("change"), row_field(&page->rows[0], "change")};
    output_row(output, &row);
}

enum exit_code entry_put(struct ltctl *ltctl, const struct agency *agency, bool dry_run,
                         struct output *output)
{
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = agency_check(agency, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    uint8_t entry[AGENCY_BYTES_MAX];
    struct question question;
    struct page page;
    question_init(&question, "agency-put");
    question.query.payload = agency_write(entry, sizeof(entry), agency);
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    question_add(&question, "dry_run", dry_run ? "1" : NULL);
    enum exit_code code = ask(ltctl, &question, &page);
    if (code == EXIT_GOOD) {
        struct pair fields[3] = {
            {text_bytes("id"), text_bytes(agency->id)},
            {text_bytes("name"), text_bytes(agency->name)},
        };
        answer_show(&page, &columns_change, fields, 2, output);
    }
    return code;
}

enum exit_code entry_put_route(struct ltctl *ltctl, const struct route *route, bool gone,
                               bool dry_run, struct output *output)
{
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = route_check(route, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    uint8_t entry[ROUTE_BYTES_MAX];
    struct question question;
    struct page page;
    question_init(&question, gone ? "route-gone" : "route-put");
    question.query.payload = route_write(entry, sizeof(entry), route);
    question_add(&question, "dry_run", dry_run ? "1" : NULL);
    enum exit_code code = ask(ltctl, &question, &page);
    if (code == EXIT_GOOD) {
        const char *kind = kind_name((enum lt_kind)route->kind);
        struct pair fields[5] = {
            {text_bytes("procedure"), text_bytes(route->procedure)},
            {text_bytes("locality"), text_bytes(route->locality)},
            {text_bytes("kind"), text_bytes(kind)},
            {text_bytes("to"), text_bytes(route->to)},
        };
        answer_show(&page, &columns_change_route, fields, 4, output);
    }
    return code;
}

bool entry_key_add(struct agency *agency, const struct agency_key *key)
{
    uint32_t oldest = agency->keys_count;
    for (uint32_t i = agency->keys_count; i-- > 0;) {
        if (memcmp(&agency->keys[i].key, &key->key, sizeof(key->key)) == 0) {
            return true;
        }
        oldest = agency->keys[i].revoked ? i : oldest;
    }
    if (agency->keys_count == AGENCY_KEYS_MAX) {
        if (oldest == agency->keys_count) {
            return false;
        }
        agency->keys_count--;
        memmove(&agency->keys[oldest], &agency->keys[oldest + 1],
                (agency->keys_count - oldest) * sizeof(*key));
    }
    agency->keys[agency->keys_count++] = *key;
    return true;
}
