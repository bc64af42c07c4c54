/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `journal carry` and `journal cut`: the two halves of making a journal shorter. The first is asked
 * of the running broker, which writes what is live again above the place of the cut. The second is
 * done here, with the broker stopped in order: every record that goes is compared with the archive,
 * a base is written and read back, and only then anything is deleted.
 *
 * The cut takes the journal's lock, so a broker cannot start meanwhile and a running one refuses
 * it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/core/cut.h"
#include "broker/journal/archive.h"
#include "broker/log/log.h"
#include "ltctl.h"
#include "proto/base/text.h"

#define PATH_BYTES 512

static enum exit_code below_read(const struct ltctl *ltctl, uint64_t *ret_below)
{
    if (ltctl->options.values[OPTION_BELOW] == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_BELOW_MISSING));
    }
    return option_number(ltctl, OPTION_BELOW, 1, UINT64_MAX / 4, 0, ret_below);
}

enum exit_code run_journal_carry(struct ltctl *ltctl)
{
    struct question question;
    uint64_t below = 0;
    enum exit_code code = below_read(ltctl, &below);
    if (code != EXIT_GOOD) {
        return code;
    }
    question_init(&question, "carry");
    question_add(&question, "below", ltctl->options.values[OPTION_BELOW]);
    question_add(&question, "dry_run", ltctl->options.values[OPTION_DRY_RUN] == NULL ? NULL : "1");
    return ask_all(ltctl, &question, &columns_carry, 0);
}

static void show_position(void *context, uint64_t position, uint64_t last)
{
    const bool *progress = context;
    if (*progress) {
        fprintf(stderr, "\r%llu / %llu", (unsigned long long)position, (unsigned long long)last);
    }
}

static enum exit_code show_report(struct ltctl *ltctl, const struct cut_options *options,
                                  const struct cut_report *report)
{
    struct output output;
    char numbers[7][24];
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"below", options->below},
        {"records", report->records},
        {"bytes", report->bytes},
        {"first", report->first},
        {"base", report->base.position},
        {"base_bytes", report->base.bytes},
        {"dry_run", options->dry_run ? 1 : 0},
    };
    struct pair fields[7];
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    for (size_t i = 0; i < 7; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%llu", (unsigned long long)values[i].value);
        fields[i] = (struct pair){text_bytes(values[i].name), text_bytes(numbers[i])};
    }
    const struct row row = {fields, 7};
    output_section(&output, &columns_cut);
    output_row(&output, &row);
    enum exit_code code = finish(ltctl, &output, false);
    if (code == EXIT_GOOD && !options->dry_run && ltctl->mode == OUTPUT_TABLE) {
        printf("%s\n", phrase(ltctl->language, PHRASE_CUT_DONE));
    }
    return code;
}

/* Nothing is cut that the log does not hold yet: its leaves could never be made again. */
static enum lt_status log_covers(const char *folder, uint64_t below, struct fault *fault)
{
    char path[PATH_BYTES];
    uint64_t position = 0;
    snprintf(path, sizeof(path), "%s/log", folder);
    enum lt_status status = log_reaches(path, &position, NULL);
    if (status == LT_NOT_FOUND) {
        return LT_OK; /* a journal from before there was a log */
    }
    if (status == LT_OK && position + 1 < below) {
        status = fault_set(fault, LT_AGAIN, "log", "reaches %llu: start the broker once more",
                           (unsigned long long)position);
    }
    return status;
}

static enum lt_status cut(const char *folder, struct cut_options *options,
                          struct cut_report *ret_report, struct fault *fault)
{
    const struct backend_lmdb_options backend_options = {.folder = folder};
    struct backend_lmdb *backend = NULL;
    uint64_t epoch;
    enum lt_status status = backend_lmdb_vacant(folder, fault);
    if (status == LT_OK) {
        status = backend_lmdb_open(&backend, &backend_options, fault);
    }
    if (status == LT_OK) {
        options->journal = backend_lmdb_door(backend);
        status =
            options->journal.acquire(options->journal.self, "ltctl journal cut", &epoch, fault);
    }
    if (status == LT_OK) {
        status = cut_run(options, ret_report, fault);
    }
    backend_lmdb_close(&backend);
    return status;
}

/* Paths, archive and journal end here: the caller's options never hold them. */
static enum lt_status cut_with(struct ltctl *ltctl, const struct cut_options *asked,
                               struct cut_report *ret_report, struct fault *fault)
{
    char path[PATH_BYTES];
    char state_path[PATH_BYTES];
    char base_path[PATH_BYTES];
    struct stat info;
    struct cut_options options = *asked;
    struct archive *archive = NULL;
    const char *folder = ltctl->arguments[0];
    snprintf(path, sizeof(path), "%s/journal.mdb", folder);
    snprintf(state_path, sizeof(state_path), "%s/state.mdb", folder);
    snprintf(base_path, sizeof(base_path), "%s/base", folder);
    if (stat(path, &info) != 0) {
        return fault_set(fault, LT_NOT_FOUND, "", "%s", path);
    }
    enum lt_status status = archive_open(&archive, ltctl->options.values[OPTION_ARCHIVE], fault);
    if (status != LT_OK) {
        return status;
    }
    options.state_path = state_path;
    options.base_path = base_path;
    options.archive = archive;
    options.archived = archive_holds;
    status = log_covers(folder, options.below, fault);
    if (status == LT_OK) {
        status = cut(folder, &options, ret_report, fault);
    }
    archive_close(&archive);
    return status;
}

enum exit_code run_journal_cut(struct ltctl *ltctl)
{
    bool progress = isatty(STDERR_FILENO) == 1;
    struct cut_report report;
    struct fault fault;
    struct cut_options options = {.progress = show_position,
                                  .context = &progress,
                                  .dry_run = ltctl->options.values[OPTION_DRY_RUN] != NULL};
    fault_init(&fault);
    memset(&report, 0, sizeof(report));
    enum exit_code code = below_read(ltctl, &options.below);
    if (code != EXIT_GOOD) {
        return code;
    }
    if (ltctl->options.values[OPTION_ARCHIVE] == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_ARCHIVE_MISSING));
    }
    enum lt_status status = cut_with(ltctl, &options, &report, &fault);
    if (progress) {
        fputs("\r\033[K", stderr);
    }
    if (status == LT_OK) {
        return show_report(ltctl, &options, &report);
    }
    /* A month that is not there yet has a code that says so. */
    bool archive = strcmp(fault.field, "archive") == 0 && status != LT_NOT_FOUND;
    return complain_and(ltctl, status, &fault,
                        archive ? phrase(ltctl->language, PHRASE_CUT_ARCHIVE_DO) : NULL);
}
