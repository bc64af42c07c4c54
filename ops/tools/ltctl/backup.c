/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `backup`, `backup verify` and `restore`: copies of what a broker must not lose, its journal and
 * its attachments. state.mdb is not copied, it is refolded; configuration and keys belong to the
 * machine's own backup.
 *
 * A backup may be made beside a running broker, as often as one likes into the same folder: it
 * takes what is new. The journal goes first, so that every attachment it names was there when the
 * attachments are copied; then the base, where the journal was cut. In the end the broker is told
 * how far the backup reaches; adapters keep what lies above. Without that (--no-mark) the copy is
 * as good, but nobody relies on it.
 *
 * A restore only fills an empty folder, and leaves a mark there that says who did it and why: the
 * broker that finds it declares the restore, because everything above the backup is missing and the
 * agencies must send it again.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/journal/backend.h"
#include "broker/journal/copy.h"
#include "broker/state/base.h"
#include "files.h"
#include "ltctl.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

#define PATH_BYTES    512
#define FINDINGS_MAX  1000
#define RESTORED_NAME "journal.restored"
#define MARK_BYTES    1024
#define SAID_BYTES    2048

struct work {
    struct ltctl *ltctl;
    struct output output;
    bool progress; /* standard error is a terminal */
    uint64_t findings;
    uint64_t position;
    uint64_t last;
};

static void path_of(char out[PATH_BYTES], const char *folder, const char *name)
{
    snprintf(out, PATH_BYTES, "%s/%s", folder, name);
}

static bool there(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    struct stat info;
    path_of(path, folder, name);
    return stat(path, &info) == 0;
}

static void show_records(void *context, uint64_t position, uint64_t last)
{
    struct work *work = context;
    if (work->progress) {
        fprintf(stderr, "\r%llu / %llu", (unsigned long long)position, (unsigned long long)last);
    }
}

static void show_files(void *context, uint64_t files)
{
    struct work *work = context;
    if (work->progress) {
        fprintf(stderr, "\r\033[K%llu", (unsigned long long)files);
    }
}

static void show_end(const struct work *work)
{
    if (work->progress) {
        fputs("\r\033[K", stderr);
    }
}

static void finding(void *context, const char *name)
{
    struct work *work = context;
    if (++work->findings > FINDINGS_MAX) {
        return;
    }
    struct pair fields[] = {
        {text_bytes("position"), text_bytes("blobs")},
        {text_bytes("what"), text_bytes(name)},
    };
    const struct row row = {fields, 2};
    if (work->findings == 1) {
        output_section(&work->output, &columns_finding);
    }
    output_row(&work->output, &row);
}

static enum lt_status open_source(const char *folder, struct backend_lmdb **ret_backend,
                                  struct fault *fault)
{
    if (!there(folder, "journal.mdb")) {
        return fault_set(fault, LT_NOT_FOUND, "", "%s/journal.mdb", folder);
    }
    const struct backend_lmdb_options options = {.folder = folder, .read_only = true};
    return backend_lmdb_open(ret_backend, &options, fault);
}

struct report {
    struct copy_report journal;
    struct files_report files;
};

static enum lt_status copy_files(struct work *work, const char *from, const char *to,
                                 struct files_report *ret_report, struct fault *fault)
{
    char from_blobs[PATH_BYTES];
    char to_blobs[PATH_BYTES];
    const struct files_watch watch = {.damaged = finding, .progress = show_files, .context = work};
    path_of(from_blobs, from, "blobs");
    path_of(to_blobs, to == NULL ? "" : to, "blobs");
    return files_copy(from_blobs, to == NULL ? NULL : to_blobs, &watch, ret_report, fault);
}

/* What stands for the part of the journal that was cut. */
static enum lt_status copy_base(const char *from, const char *to, uint64_t last,
                                struct fault *fault)
{
    char from_base[PATH_BYTES];
    char to_base[PATH_BYTES];
    struct base_about about;
    path_of(from_base, from, "base");
    path_of(to_base, to, "base");
    if (!there(from, "base")) {
        return LT_OK;
    }
    enum lt_status status = base_copy(from_base, to_base, &about, fault);
    if (status == LT_OK && about.position > last) {
        /* The journal was cut while it was copied. */
        return fault_set(fault, LT_AGAIN, "base", "reaches %llu, the copy %llu",
                         (unsigned long long)about.position, (unsigned long long)last);
    }
    return status;
}

static enum lt_status copy_all(struct work *work, const char *from, const char *to,
                               struct report *ret_report, struct fault *fault)
{
    struct backend_lmdb *backend = NULL;
    enum lt_status status = open_source(from, &backend, fault);
    if (status == LT_OK) {
        status = folder_make(to, 0700, fault);
    }
    if (status == LT_OK) {
        struct journal_backend door = backend_lmdb_door(backend);
        status = journal_copy(&door, to, show_records, work, &ret_report->journal, fault);
    }
    backend_lmdb_close(&backend);
    if (status == LT_OK) {
        status = copy_base(from, to, ret_report->journal.to, fault);
    }
    if (status == LT_OK) {
        status = copy_files(work, from, to, &ret_report->files, fault);
    }
    show_end(work);
    return status;
}

static void show_report(struct work *work, const struct report *report, bool marked)
{
    char numbers[7][24];
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"to", report->journal.to},       {"records", report->journal.records},
        {"bytes", report->journal.bytes}, {"files", report->files.files},
        {"copied", report->files.copied}, {"findings", work->findings},
        {"marked", marked ? 1 : 0},
    };
    struct pair fields[7];
    for (size_t i = 0; i < 7; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%llu", (unsigned long long)values[i].value);
        fields[i] = (struct pair){text_bytes(values[i].name), text_bytes(numbers[i])};
    }
    const struct row row = {fields, 7};
    output_section(&work->output, &columns_backup);
    output_row(&work->output, &row);
}

static void work_init(struct work *work, struct ltctl *ltctl)
{
    memset(work, 0, sizeof(*work));
    work->ltctl = ltctl;
    work->progress = isatty(STDERR_FILENO) == 1;
    output_init(&work->output, ltctl->mode, ltctl->language, stdout);
}

/* Tells the broker; the copy stands either way. */
static enum exit_code mark(struct ltctl *ltctl, uint64_t position)
{
    char number[24];
    struct question question;
    struct page page;
    snprintf(number, sizeof(number), "%llu", (unsigned long long)position);
    question_init(&question, "backup-mark");
    question_add(&question, "position", number);
    return ask(ltctl, &question, &page);
}

static enum exit_code end(struct work *work, enum exit_code code)
{
    enum exit_code finished = finish(work->ltctl, &work->output, false);
    if (code != EXIT_GOOD) {
        return code;
    }
    return finished != EXIT_GOOD ? finished : work->findings == 0 ? EXIT_GOOD : EXIT_FINDINGS;
}

/* A record that does not read is in the journal, not in the backup, and ends every later one. */
static enum exit_code complain_copy(const struct ltctl *ltctl, enum lt_status status,
                                    const struct fault *fault)
{
    char instead[SAID_BYTES];
    bool record = status == LT_DAMAGED && strcmp(fault->field, COPY_RECORD) == 0;
    PHRASE_FILL(instead, sizeof(instead), ltctl->language, BACKUP_DAMAGED_DO, ltctl->arguments[0],
                ltctl->arguments[1]);
    return complain_and(ltctl, status, fault, record ? instead : NULL);
}

enum exit_code run_backup(struct ltctl *ltctl)
{
    struct work work;
    struct report report;
    struct fault fault;
    memset(&report, 0, sizeof(report));
    fault_init(&fault);
    work_init(&work, ltctl);
    enum lt_status status =
        copy_all(&work, ltctl->arguments[0], ltctl->arguments[1], &report, &fault);
    if (status != LT_OK) {
        (void)finish(ltctl, &work.output, false);
        return complain_copy(ltctl, status, &fault);
    }
    /* A backup with a damaged attachment is none that agencies may rely on. */
    bool marks = ltctl->options.values[OPTION_NO_MARK] == NULL && work.findings == 0 &&
                 report.journal.to != 0;
    enum exit_code code = marks ? mark(ltctl, report.journal.to) : EXIT_GOOD;
    show_report(&work, &report, marks && code == EXIT_GOOD);
    return end(&work, code);
}

enum exit_code run_backup_verify(struct ltctl *ltctl)
{
    struct work work;
    struct files_report files;
    struct fault fault;
    fault_init(&fault);
    enum exit_code journal = run_journal_verify(ltctl);
    if (journal != EXIT_GOOD && journal != EXIT_FINDINGS) {
        return journal;
    }
    work_init(&work, ltctl);
    enum lt_status status = copy_files(&work, ltctl->arguments[0], NULL, &files, &fault);
    show_end(&work);
    enum exit_code code = end(&work, status == LT_OK ? EXIT_GOOD : complain(ltctl, status, &fault));
    return journal != EXIT_GOOD ? journal : code;
}

/* ---- restore ---- */

static enum exit_code who_and_why(struct ltctl *ltctl)
{
    const char *const *values = ltctl->options.values;
    if (values[OPTION_BY] == NULL || values[OPTION_REASON] == NULL ||
        strpbrk(values[OPTION_BY], "\n") != NULL || strpbrk(values[OPTION_REASON], "\n") != NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_RESTORE_WHO));
    }
    return EXIT_GOOD;
}

/* What the next lienthongd on that folder declares (broker/core/restored_mark.h). */
static enum lt_status leave_mark(const struct ltctl *ltctl, const char *folder, uint64_t position,
                                 struct fault *fault)
{
    char path[PATH_BYTES];
    char text[MARK_BYTES];
    char now[TIME_TEXT_BYTES];
    path_of(path, folder, RESTORED_NAME);
    time_write(now, ltctl->clock->wall_ms(ltctl->clock->self));
    snprintf(text, sizeof(text), "%llu\n%s\n%.63s\n%.500s\n", (unsigned long long)position, now,
             ltctl->options.values[OPTION_BY], ltctl->options.values[OPTION_REASON]);
    enum lt_status status = file_write(path, text_bytes(text), 0600, fault);
    char journal[PATH_BYTES];
    path_of(journal, folder, "journal.mdb");
    file_owner_follow(path, journal);
    return status;
}

enum exit_code run_restore(struct ltctl *ltctl)
{
    struct work work;
    struct report report;
    struct fault fault;
    const char *to = ltctl->arguments[1];
    memset(&report, 0, sizeof(report));
    fault_init(&fault);
    enum exit_code code = who_and_why(ltctl);
    if (code != EXIT_GOOD) {
        return code;
    }
    if (there(to, "journal.mdb") || there(to, "journal.made")) {
        return complain(ltctl, fault_set(&fault, LT_EXISTS, "", "%s/journal.mdb", to), &fault);
    }
    work_init(&work, ltctl);
    enum lt_status status = copy_all(&work, ltctl->arguments[0], to, &report, &fault);
    if (status == LT_OK) {
        status = leave_mark(ltctl, to, report.journal.to, &fault);
    }
    if (status != LT_OK) {
        (void)finish(ltctl, &work.output, false);
        return complain(ltctl, status, &fault);
    }
    show_report(&work, &report, false);
    return end(&work, EXIT_GOOD);
}

/* A folder that was put back by other means than ours. */
enum exit_code run_restore_declare(struct ltctl *ltctl)
{
    struct fault fault;
    struct backend_status at;
    struct backend_lmdb *backend = NULL;
    const char *folder = ltctl->arguments[0];
    fault_init(&fault);
    enum exit_code code = who_and_why(ltctl);
    if (code != EXIT_GOOD) {
        return code;
    }
    enum lt_status status = open_source(folder, &backend, &fault);
    if (status == LT_OK) {
        struct journal_backend door = backend_lmdb_door(backend);
        door.status(door.self, &at);
        status = leave_mark(ltctl, folder, at.last, &fault);
    }
    backend_lmdb_close(&backend);
    return status == LT_OK ? EXIT_GOOD : complain(ltctl, status, &fault);
}

enum exit_code run_restore_done(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "restore-done");
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    return ask_all(ltctl, &question, &columns_change, 0);
}
