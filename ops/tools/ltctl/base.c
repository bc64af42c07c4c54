/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `journal base`: the base of a cut journal made anew from the archive, with the broker stopped.
 * For an upgrade whose release does not load the base it found, and for a base that is lost or
 * damaged. The broker's own code folds; what crashed it before is passed over here as it is there.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/core/rebase.h"
#include "ltctl.h"
#include "proto/base/clock_os.h"
#include "proto/base/text.h"

#define PATH_BYTES 512

static void show_progress(void *self, uint64_t position, uint64_t last)
{
    (void)self;
    if (isatty(STDERR_FILENO) == 1) {
        fprintf(stderr, "\r%llu / %llu", (unsigned long long)position, (unsigned long long)last);
    }
}

static enum exit_code show_report(struct ltctl *ltctl, const struct rebase_report *report)
{
    struct output output;
    char numbers[4][24];
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"first", report->base.below},
        {"base", report->base.position},
        {"base_bytes", report->base.bytes},
        {"damaged", report->damaged},
    };
    struct pair fields[4];
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    for (size_t i = 0; i < 4; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%llu", (unsigned long long)values[i].value);
        fields[i] = (struct pair){text_bytes(values[i].name), text_bytes(numbers[i])};
    }
    const struct row row = {fields, 4};
    output_section(&output, &columns_base);
    output_row(&output, &row);
    enum exit_code code = finish(ltctl, &output, false);
    return code == EXIT_GOOD && report->damaged != 0 ? EXIT_FINDINGS : code;
}

static enum lt_status rebase(const char *folder, struct archive *archive,
                             struct rebase_report *ret_report, struct fault *fault)
{
    const struct backend_lmdb_options backend_options = {.folder = folder};
    struct backend_lmdb *backend = NULL;
    char state_path[PATH_BYTES];
    char base_path[PATH_BYTES];
    snprintf(state_path, sizeof(state_path), "%s/state.mdb", folder);
    snprintf(base_path, sizeof(base_path), "%s/base", folder);
    enum lt_status status = backend_lmdb_vacant(folder, fault);
    if (status == LT_OK) {
        status = backend_lmdb_open(&backend, &backend_options, fault);
    }
    if (status == LT_OK) {
        struct rebase_options options = {
            .broker = {.clock = clock_os(),
                       .entropy = entropy_os(),
                       .backend = backend_lmdb_door(backend),
                       .state = {.path = state_path, .base = base_path},
                       .owner = "ltctl journal base",
                       .progress = show_progress},
            .folder = folder,
            .archive = archive,
        };
        status = rebase_run(&options, ret_report, fault);
    }
    backend_lmdb_close(&backend);
    return status;
}

enum exit_code run_journal_base(struct ltctl *ltctl)
{
    char path[PATH_BYTES];
    struct stat info;
    struct fault fault;
    struct rebase_report report;
    struct archive *archive = NULL;
    const char *folder = ltctl->arguments[0];
    fault_init(&fault);
    if (ltctl->options.values[OPTION_ARCHIVE] == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_ARCHIVE_MISSING));
    }
    snprintf(path, sizeof(path), "%s/journal.mdb", folder);
    enum lt_status status =
        stat(path, &info) == 0 ? LT_OK : fault_set(&fault, LT_NOT_FOUND, "", "%s", path);
    if (status == LT_OK) {
        status = archive_open(&archive, ltctl->options.values[OPTION_ARCHIVE], &fault);
    }
    if (status == LT_OK) {
        status = rebase(folder, archive, &report, &fault);
    }
    archive_close(&archive);
    if (isatty(STDERR_FILENO) == 1) {
        fputs("\r\033[K", stderr);
    }
    return status == LT_OK ? show_report(ltctl, &report) : complain(ltctl, status, &fault);
}
