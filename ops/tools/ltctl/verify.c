/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `journal verify`: walks a journal offline and checks all that can be checked without the broker:
 * order, gaps, frames, the chain of digests, checksums, digests of stored parcels, and the base
 * where it was cut. The folder is
 * opened for reading only and may belong to a running broker: what is verified is the journal as it
 * was when the walk began.
 *
 * On a terminal it shows how far it is; in a pipe it says nothing but its findings and the report.
 * Exit code 5 when anything was found: then the runbook "damaged record" applies.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/journal/backend.h"
#include "broker/journal/verify.h"
#include "broker/state/base.h"
#include "ltctl.h"
#include "proto/base/text.h"

#define FINDINGS_SHOWN_MAX 1000
#define PATH_BYTES         512

struct walk {
    struct ltctl *ltctl;
    struct output output;
    bool progress; /* standard error is a terminal */
    uint64_t found;
    int percent;
};

static bool progress_show(void *context, uint64_t position, uint64_t last, uint64_t bytes)
{
    struct walk *walk = context;
    int percent = last == 0 ? 100 : (int)(position * 100 / last);
    if (walk->progress && percent != walk->percent) {
        walk->percent = percent;
        fprintf(stderr, "\r%3d %%  %llu / %llu", percent, (unsigned long long)position,
                (unsigned long long)last);
    }
    (void)bytes;
    return true;
}

static void finding_take(void *context, const struct verify_finding *finding)
{
    struct walk *walk = context;
    walk->found++;
    if (walk->found > FINDINGS_SHOWN_MAX) {
        return;
    }
    char position[24];
    snprintf(position, sizeof(position), "%llu", (unsigned long long)finding->position);
    struct pair fields[] = {
        {text_bytes("position"), text_bytes(position)},
        {text_bytes("what"), text_bytes(finding->what)},
    };
    const struct row row = {fields, 2};
    if (walk->found == 1) {
        output_section(&walk->output, &columns_finding);
    }
    output_row(&walk->output, &row);
}

static void report_show(struct walk *walk, const struct verify_report *report)
{
    char numbers[5][24];
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"records", report->records},     {"facts", report->facts},
        {"transfers", report->transfers}, {"bytes", report->bytes},
        {"findings", report->findings},
    };
    struct pair fields[5];
    for (size_t i = 0; i < 5; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%llu", (unsigned long long)values[i].value);
        fields[i] = (struct pair){text_bytes(values[i].name), text_bytes(numbers[i])};
    }
    const struct row row = {fields, 5};
    output_section(&walk->output, &columns_verify);
    output_row(&walk->output, &row);
}

/* Where the journal was cut its base is as much the truth: missing or damaged, it is a finding. */
static void verify_base(struct walk *walk, uint64_t first, uint64_t last,
                        struct verify_report *report)
{
    char path[PATH_BYTES];
    struct base_about about;
    struct fault fault;
    if (first <= 1) {
        return;
    }
    fault_init(&fault);
    snprintf(path, sizeof(path), "%s/base", walk->ltctl->arguments[0]);
    if (base_read(path, NULL, NULL, &about, &fault) != LT_OK || about.position + 1 < first ||
        about.position > last) {
        report->findings++;
        finding_take(walk, &(struct verify_finding){first - 1, "base"});
    }
}

static enum exit_code verify(struct ltctl *ltctl, const struct journal_backend *door)
{
    struct walk walk = {.ltctl = ltctl, .progress = isatty(STDERR_FILENO) == 1, .percent = -1};
    struct verify_report report;
    memset(&report, 0, sizeof(report));
    output_init(&walk.output, ltctl->mode, ltctl->language, stdout);
    struct backend_status at;
    door->status(door->self, &at);
    enum lt_status status =
        journal_verify(door, at.last, progress_show, finding_take, &walk, &report);
    if (walk.progress && walk.percent >= 0) {
        fputs("\r\033[K", stderr);
    }
    if (status == LT_OK) {
        verify_base(&walk, at.first, at.last, &report);
        report_show(&walk, &report);
    }
    enum exit_code finished = finish(ltctl, &walk.output, false);
    if (status != LT_OK) {
        return complain(ltctl, status, NULL);
    }
    bool clean = report.findings == 0;
    if (ltctl->mode == OUTPUT_TABLE) {
        printf("%s\n",
               phrase(ltctl->language, clean ? PHRASE_JOURNAL_CLEAN : PHRASE_JOURNAL_DAMAGED));
    }
    return finished != EXIT_GOOD ? finished : clean ? EXIT_GOOD : EXIT_FINDINGS;
}

enum exit_code run_journal_verify(struct ltctl *ltctl)
{
    const char *folder = ltctl->arguments[0];
    struct fault fault;
    char path[PATH_BYTES];
    struct stat stat_of;
    fault_init(&fault);
    snprintf(path, sizeof(path), "%s/journal.mdb", folder);
    if (stat(path, &stat_of) != 0) {
        return complain(ltctl, fault_set(&fault, LT_NOT_FOUND, "", "%s", path), &fault);
    }
    struct backend_lmdb *backend = NULL;
    const struct backend_lmdb_options options = {.folder = folder, .read_only = true};
    enum lt_status status = backend_lmdb_open(&backend, &options, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    struct journal_backend door = backend_lmdb_door(backend);
    enum exit_code code = verify(ltctl, &door);
    backend_lmdb_close(&backend);
    return code;
}
