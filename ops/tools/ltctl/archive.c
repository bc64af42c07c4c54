/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `archive run` and `archive verify`: the journal by months, in files that need no broker. A run
 * may be made beside a running broker, as often as one likes; it takes what is new and completes
 * the months that are over. In the end the broker is told how far complete months reach, because
 * nothing above that may ever be cut (--no-mark: not told).
 *
 * Exit code 5 when anything was found; a bad record is archived as it is and ends nothing.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/journal/archive.h"
#include "ltctl.h"
#include "proto/base/text.h"

#define FINDINGS_SHOWN_MAX 1000
#define PATH_BYTES         512

struct work {
    struct ltctl *ltctl;
    struct output output;
    bool progress; /* standard error is a terminal */
    uint64_t found;
};

static void work_init(struct work *work, struct ltctl *ltctl)
{
    memset(work, 0, sizeof(*work));
    work->ltctl = ltctl;
    work->progress = isatty(STDERR_FILENO) == 1;
    output_init(&work->output, ltctl->mode, ltctl->language, stdout);
}

static void show_position(void *context, uint64_t position, uint64_t last)
{
    const struct work *work = context;
    if (work->progress) {
        fprintf(stderr, "\r%llu / %llu", (unsigned long long)position, (unsigned long long)last);
    }
}

static bool show_verified(void *context, uint64_t position, uint64_t last, uint64_t bytes)
{
    (void)bytes;
    show_position(context, position, last);
    return true;
}

static void show_end(const struct work *work)
{
    if (work->progress) {
        fputs("\r\033[K", stderr);
    }
}

static void take_finding(void *context, const struct verify_finding *finding)
{
    struct work *work = context;
    char position[24];
    if (++work->found > FINDINGS_SHOWN_MAX) {
        return;
    }
    snprintf(position, sizeof(position), "%llu", (unsigned long long)finding->position);
    struct pair fields[] = {
        {text_bytes("position"), text_bytes(position)},
        {text_bytes("what"), text_bytes(finding->what)},
    };
    const struct row row = {fields, 2};
    if (work->found == 1) {
        output_section(&work->output, &columns_finding);
    }
    output_row(&work->output, &row);
}

static enum exit_code end(struct work *work, enum exit_code code)
{
    enum exit_code finished = finish(work->ltctl, &work->output, false);
    if (code != EXIT_GOOD) {
        return code;
    }
    return finished != EXIT_GOOD ? finished : work->found == 0 ? EXIT_GOOD : EXIT_FINDINGS;
}

/* ---- run ---- */

static void show_report(struct work *work, const struct archive_run_report *report, bool marked)
{
    char numbers[7][24];
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"records", report->records},         {"bytes", report->bytes},
        {"completed", report->completed},     {"to", report->to},
        {"archived_to", report->archived_to}, {"findings", report->findings},
        {"marked", marked ? 1 : 0},
    };
    struct pair fields[7];
    for (size_t i = 0; i < 7; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%llu", (unsigned long long)values[i].value);
        fields[i] = (struct pair){text_bytes(values[i].name), text_bytes(numbers[i])};
    }
    const struct row row = {fields, 7};
    output_section(&work->output, &columns_archive);
    output_row(&work->output, &row);
}

/* Tells the broker; the archive stands either way. */
static enum exit_code mark(struct ltctl *ltctl, uint64_t position)
{
    char number[24];
    struct question question;
    struct page page;
    snprintf(number, sizeof(number), "%llu", (unsigned long long)position);
    question_init(&question, "archive-mark");
    question_add(&question, "position", number);
    return ask(ltctl, &question, &page);
}

static enum lt_status run(struct work *work, int32_t until, struct archive_run_report *ret_report,
                          struct fault *fault)
{
    const struct ltctl *ltctl = work->ltctl;
    const struct backend_lmdb_options options = {.folder = ltctl->arguments[0], .read_only = true};
    struct backend_lmdb *backend = NULL;
    char path[PATH_BYTES];
    struct stat info;
    snprintf(path, sizeof(path), "%s/journal.mdb", ltctl->arguments[0]);
    if (stat(path, &info) != 0) {
        return fault_set(fault, LT_NOT_FOUND, "", "%s", path);
    }
    enum lt_status status = backend_lmdb_open(&backend, &options, fault);
    if (status == LT_OK) {
        struct journal_backend door = backend_lmdb_door(backend);
        struct archive_run_options archive = {.from = &door,
                                              .folder = ltctl->arguments[1],
                                              .until = until,
                                              .found = take_finding,
                                              .progress = show_position,
                                              .context = work};
        status = archive_run(&archive, ret_report, fault);
    }
    backend_lmdb_close(&backend);
    show_end(work);
    return status;
}

enum exit_code run_archive_run(struct ltctl *ltctl)
{
    struct work work;
    struct archive_run_report report;
    struct fault fault;
    int32_t until = ARCHIVE_MONTH_LAST;
    const char *text = ltctl->options.values[OPTION_UNTIL];
    if (text != NULL && !archive_month_read(&until, text)) {
        char said[256];
        PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_BAD, "until", text, "2026-09");
        return complain_usage(ltctl, said);
    }
    memset(&report, 0, sizeof(report));
    fault_init(&fault);
    work_init(&work, ltctl);
    enum lt_status status = run(&work, until, &report, &fault);
    if (status != LT_OK) {
        (void)finish(ltctl, &work.output, false);
        return complain(ltctl, status, &fault);
    }
    bool marks = ltctl->options.values[OPTION_NO_MARK] == NULL && report.archived_to != 0;
    enum exit_code code = marks ? mark(ltctl, report.archived_to) : EXIT_GOOD;
    show_report(&work, &report, marks && code == EXIT_GOOD);
    return end(&work, code);
}

/* ---- verify ---- */

static void show_month(struct work *work, const struct archive_about *about)
{
    char month[ARCHIVE_MONTH_BYTES];
    char seal[2 * sizeof(about->seal.bytes) + 1] = "";
    char numbers[4][24];
    const uint64_t values[] = {about->from, about->to, about->records, about->damaged};
    archive_month_write(month, about->month);
    if (about->complete) {
        hex_write(seal, about->seal.bytes, sizeof(about->seal.bytes));
    }
    for (size_t i = 0; i < 4; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%llu", (unsigned long long)values[i]);
    }
    struct pair fields[] = {
        {text_bytes("month"), text_bytes(month)},
        {text_bytes("from"), text_bytes(numbers[0])},
        {text_bytes("to"), text_bytes(numbers[1])},
        {text_bytes("records"), text_bytes(numbers[2])},
        {text_bytes("damaged"), text_bytes(numbers[3])},
        {text_bytes("complete"), text_bytes(about->complete ? "1" : "0")},
        {text_bytes("seal"), text_bytes(seal)},
    };
    const struct row row = {fields, sizeof(fields) / sizeof(fields[0])};
    output_row(&work->output, &row);
}

enum exit_code run_archive_verify(struct ltctl *ltctl)
{
    struct work work;
    struct archive *archive = NULL;
    struct verify_report report;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = archive_open(&archive, ltctl->arguments[0], &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    work_init(&work, ltctl);
    status = archive_verify(archive, show_verified, take_finding, &work, &report);
    show_end(&work);
    output_section(&work.output, &columns_archive_month);
    for (uint32_t i = 0; i < archive_months(archive); i++) {
        show_month(&work, archive_month(archive, i));
    }
    archive_close(&archive);
    enum exit_code code = end(&work, status == LT_OK ? EXIT_GOOD : complain(ltctl, status, &fault));
    if (ltctl->mode == OUTPUT_TABLE && status == LT_OK) {
        bool clean = work.found == 0;
        printf("%s\n",
               phrase(ltctl->language, clean ? PHRASE_ARCHIVE_CLEAN : PHRASE_ARCHIVE_DAMAGED));
    }
    return code;
}
