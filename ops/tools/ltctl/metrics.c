/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The broker's numbers as Prometheus text (exposition format 0.0.4). All samples of one name must
 * stand together under their TYPE line, and the broker gives all numbers of an agency in one row;
 * so the agencies are kept until the last page has come and are then written name by name. Labels
 * are agency ids, states and codes; ids are of [0-9A-Z.] and need no escaping, the rest is checked.
 *
 * With --json the rows go out as they come.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "ltctl.h"
#include "proto/base/text.h"

#define PREFIX "lienthong_"

/* What an agency's row holds, and the name it gets. */
static const struct {
    const char *field;
    const char *name;
    const char *help;
} sums[] = {
    {"accepted", "legs_accepted_total", "Legs accepted for the agency."},
    {"taken", "legs_taken", "Legs taken by the agency's system."},
    {"refused", "legs_refused", "Legs refused for a business reason."},
    {"expired", "legs_expired", "Legs expired by a person."},
    {"cancelled", "legs_cancelled", "Legs cancelled by a person."},
    {"open", "legs_open", "Open legs by the counters."},
    {"counted", "legs_counted", "Open legs as the sweeper counted them in its last round."},
    {"difference", "conservation_difference", "Must be 0."},
    {"parked", "legs_parked", "Legs that wait for a person."},
    {"connected", "agency_connected", "1 while its receiving session stands."},
    {"incident", "agency_incident", "1 while an incident of it is open."},
};
#define SUMS (sizeof(sums) / sizeof(sums[0]))

struct agency_row {
    char id[LT_AGENCY_ID_MAX + 2];
    int64_t values[SUMS];
};

struct agency_rows {
    struct agency_row *rows;
    size_t count;
    size_t room;
};

static bool keep(struct agency_rows *kept, const struct row *row)
{
    if (kept->count == kept->room) {
        size_t room = kept->room == 0 ? 256 : 2 * kept->room;
        struct agency_row *rows = realloc(kept->rows, room * sizeof(*rows));
        if (rows == NULL) {
            return false;
        }
        kept->rows = rows;
        kept->room = room;
    }
    struct agency_row *agency = &kept->rows[kept->count++];
    text_copy(agency->id, sizeof(agency->id), row_field(row, "agency"));
    for (size_t i = 0; i < SUMS; i++) {
        agency->values[i] = row_number(row, sums[i].field);
    }
    return true;
}

/* A name or label of the broker: of [a-z0-9_-] or it is left out. */
static bool plain(struct lt_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.data[i];
        bool sound = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!sound) {
            return false;
        }
    }
    return text.size > 0;
}

static bool ends_total(struct lt_bytes name)
{
    static const char end[] = "_total";
    size_t size = sizeof(end) - 1;
    return name.size > size && memcmp(name.data + name.size - size, end, size) == 0;
}

/* Samples of one name come one behind the other. */
static void house_line(const struct row *row, char before[64])
{
    struct lt_bytes name = row_field(row, "name");
    struct lt_bytes label = row_field(row, "label");
    struct lt_bytes of = row_field(row, "of");
    if (!plain(name) || (label.size > 0 && (!plain(label) || !plain(of)))) {
        return;
    }
    if (!bytes_equal(name, text_bytes(before))) {
        text_copy(before, 64, name);
        printf("# TYPE " PREFIX "%s %s\n", before, ends_total(name) ? "counter" : "gauge");
    }
    printf(PREFIX "%s", before);
    if (label.size > 0) {
        printf("{%.*s=\"%.*s\"}", (int)label.size, (const char *)label.data, (int)of.size,
               (const char *)of.data);
    }
    printf(" %lld\n", (long long)row_number(row, "value"));
}

static void head_line(const char *scope, size_t sum)
{
    bool counter = ends_total(text_bytes(sums[sum].name));
    printf("# HELP " PREFIX "%s%s %s\n", scope, sums[sum].name, sums[sum].help);
    printf("# TYPE " PREFIX "%s%s %s\n", scope, sums[sum].name, counter ? "counter" : "gauge");
}

/* Per agency, and all together under a name of its own, so that a sum over labels stays right. */
static void write_agencies(const struct agency_rows *kept)
{
    for (size_t i = 0; i < SUMS; i++) {
        int64_t all = 0;
        head_line("", i);
        for (size_t row = 0; row < kept->count; row++) {
            printf(PREFIX "%s{agency=\"%s\"} %lld\n", sums[i].name, kept->rows[row].id,
                   (long long)kept->rows[row].values[i]);
            all += kept->rows[row].values[i];
        }
        head_line("sum_", i);
        printf(PREFIX "sum_%s %lld\n", sums[i].name, (long long)all);
    }
}

enum exit_code run_metrics(struct ltctl *ltctl)
{
    struct question question;
    struct page page;
    struct agency_rows kept = {NULL, 0, 0};
    char before[64] = "";
    enum exit_code code;
    question_init(&question, "metrics");
    if (ltctl->mode == OUTPUT_JSON) {
        static const struct columns none = {NULL, 0, false};
        return ask_all(ltctl, &question, &none, 0);
    }
    do {
        code = ask(ltctl, &question, &page);
        for (uint32_t i = 0; code == EXIT_GOOD && i < page.count; i++) {
            const struct row *row = &page.rows[i];
            if (row_field(row, "agency").size == 0) {
                house_line(row, before);
            } else if (!keep(&kept, row)) {
                code = complain(ltctl, LT_NO_MEMORY, NULL);
            }
        }
    } while (code == EXIT_GOOD && question_next(&question, &page));
    if (code == EXIT_GOOD) {
        write_agencies(&kept);
    }
    free(kept.rows);
    return code;
}
