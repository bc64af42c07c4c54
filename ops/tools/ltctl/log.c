/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `log checkpoint|consistency|verify` with --data: the log of a data folder, offline, with the
 * broker running or not. The folder is only read. Without --data the broker is asked (log_wire.c).
 *
 *   checkpoint    the newest signed note as it stands, for whoever keeps it
 *   consistency   a note that somebody kept, against the log: was it signed by this log, and is the
 *                 log of today (or a second note that somebody kept) that one, grown? With -o the
 *                 proof goes to a file, for lt-verify
 *   verify        tiles, entries, every issued checkpoint, and the journal's records against them
 *
 * The key that is believed is the line in --public-key FILE; without it the one that the broker
 * left in the folder, which proves nothing against whoever could write there, and is said so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/journal/backend.h"
#include "broker/log/issued.h"
#include "broker/log/tiles.h"
#include "broker/log/verify_log.h"
#include "log_wire.h"
#include "ltctl.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/proof_text.h"

#define PATH_BYTES         512
#define FINDINGS_SHOWN_MAX 1000

/* A folder's log, and whom to believe. */
struct desk {
    char folder[PATH_BYTES];
    char name[NOTE_NAME_MAX + 1];
    struct public_key *key;
    struct digester *digester;
    struct sign_checker *checker;
    struct issued *checkpoints;
    struct log_keys keys; /* that one, and those it leads to */
};

static enum lt_status key_read(struct ltctl *ltctl, struct desk *desk, struct fault *fault)
{
    char path[PATH_BYTES + 8];
    uint8_t *text = NULL;
    size_t size;
    const char *given = ltctl->options.values[OPTION_PUBLIC_KEY];
    snprintf(path, sizeof(path), "%s/key", desk->folder);
    enum lt_status status =
        file_read(given != NULL ? given : path, NOTE_VKEY_MAX, &text, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    text[strcspn((char *)text, "\n")] = '\0';
    status = note_vkey_open((char *)text, desk->digester, desk->name, &desk->key);
    free(text);
    if (status != LT_OK) {
        return fault_set(fault, status, given != NULL ? given : path, "NAME+ID+KEY");
    }
    if (given == NULL && ltctl->mode == OUTPUT_TABLE) {
        fprintf(stderr, "%s\n", phrase(ltctl->language, PHRASE_LOG_KEY_FOUND));
    }
    return LT_OK;
}

static void desk_close(struct desk *desk)
{
    issued_close(&desk->checkpoints);
    log_keys_close(&desk->keys);
    public_key_close(&desk->key);
    sign_checker_close(&desk->checker);
    digester_close(&desk->digester);
}

static enum lt_status desk_open(struct ltctl *ltctl, struct desk *desk, struct fault *fault)
{
    char path[PATH_BYTES + 16];
    memset(desk, 0, sizeof(*desk));
    snprintf(desk->folder, sizeof(desk->folder), "%s/log", ltctl->options.values[OPTION_DATA]);
    snprintf(path, sizeof(path), "%s/checkpoints", desk->folder);
    enum lt_status status = digester_open(&desk->digester);
    if (status == LT_OK) {
        status = sign_checker_open(&desk->checker);
    }
    if (status == LT_OK) {
        status = key_read(ltctl, desk, fault);
    }
    if (status == LT_OK) {
        status = issued_open(&desk->checkpoints, path, true, fault);
    }
    if (status == LT_OK && issued_newest(desk->checkpoints).size == 0) {
        status = fault_set(fault, LT_NOT_FOUND, path, "no checkpoint");
    }
    if (status == LT_OK) {
        struct note_trust trust = {desk->digester, desk->checker, {desk->name, desk->key}};
        status = log_keys_open(&desk->keys, &trust);
    }
    if (status == LT_OK) {
        log_keys_walk(&desk->keys, desk->checkpoints);
    }
    return status;
}

/* ---- checkpoint ---- */

enum exit_code run_log_checkpoint(struct ltctl *ltctl)
{
    if (ltctl->options.values[OPTION_DATA] == NULL) {
        return log_wire_checkpoint(ltctl);
    }
    struct desk desk;
    struct fault fault;
    struct checkpoint checkpoint;
    fault_init(&fault);
    enum lt_status status = desk_open(ltctl, &desk, &fault);
    if (status == LT_OK) {
        status = log_keys_checkpoint(&desk.keys, issued_newest(desk.checkpoints), &checkpoint);
        if (status != LT_OK) {
            fault_set(&fault, status, "log/checkpoints", "the newest");
        }
    }
    enum exit_code code = EXIT_GOOD;
    if (status == LT_OK) {
        struct lt_bytes note = issued_newest(desk.checkpoints);
        code = fwrite(note.data, 1, note.size, stdout) == note.size && fflush(stdout) == 0
                   ? EXIT_GOOD
                   : EXIT_ERROR;
    } else {
        code = complain(ltctl, status, &fault);
    }
    desk_close(&desk);
    return code;
}

/* ---- consistency ---- */

static enum lt_status note_open(struct desk *desk, const char *path, struct checkpoint *ret,
                                struct fault *fault)
{
    uint8_t *bytes = NULL;
    size_t size;
    enum lt_status status = file_read(path, NOTE_BYTES_MAX, &bytes, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    status = log_keys_checkpoint(&desk->keys, (struct lt_bytes){bytes, size}, ret);
    free(bytes);
    return status == LT_OK ? LT_OK : fault_set(fault, status, path, "refused");
}

static enum lt_status notes_read(struct ltctl *ltctl, struct desk *desk, struct checkpoint *ret_old,
                                 struct checkpoint *ret_new, struct fault *fault)
{
    enum lt_status status = note_open(desk, ltctl->arguments[0], ret_old, fault);
    if (status != LT_OK) {
        return status;
    }
    if (ltctl->arguments_count > 1) {
        return note_open(desk, ltctl->arguments[1], ret_new, fault);
    }
    status = log_keys_checkpoint(&desk->keys, issued_newest(desk->checkpoints), ret_new);
    return status == LT_OK ? LT_OK : fault_set(fault, status, "log/checkpoints", "the newest");
}

static enum lt_status proof_write(const char *path, const struct checkpoint *old,
                                  const struct checkpoint *new, const struct merkle_path *nodes,
                                  struct fault *fault)
{
    uint8_t text[PROOF_TEXT_MAX];
    struct growth_proof growth;
    growth_proof_make(&growth, &old->head, new->head.size, nodes);
    return file_write(path, growth_proof_write(text, &growth), 0644, fault);
}

/* The proof goes to `out`; NULL: nowhere. */
static enum lt_status consistency_check(struct desk *desk, const struct checkpoint *old,
                                        const struct checkpoint *new, const char *out,
                                        struct fault *fault)
{
    struct tiles *tiles = NULL;
    struct merkle_path path;
    if (strcmp(old->origin, new->origin) != 0) {
        return fault_set(fault, LT_LOG_FORKED, "origin", "%.60s, %.60s", old->origin, new->origin);
    }
    if (old->head.size > new->head.size) {
        return fault_set(fault, LT_LOG_ROLLED_BACK, "size", "%llu > %llu",
                         (unsigned long long)old->head.size, (unsigned long long)new->head.size);
    }
    enum lt_status status = tiles_open(&tiles, desk->folder);
    if (status == LT_OK) {
        status = tiles_load(tiles, new->head.size, fault);
    }
    if (status == LT_OK) {
        struct tiles_reader reader = {tiles, desk->digester, fault};
        struct merkle_source source = tiles_source(&reader);
        status = merkle_source_consistency(&source, desk->digester, old->head.size, new->head.size,
                                           &path);
    }
    if (status == LT_OK && merkle_consistency_check(desk->digester, &old->head, &new->head,
                                                    path.nodes, path.count) != LT_OK) {
        status = fault_set(fault, LT_LOG_FORKED, "root", "size %llu",
                           (unsigned long long)old->head.size);
    }
    if (status == LT_OK && out != NULL) {
        status = proof_write(out, old, new, &path, fault);
    }
    tiles_close(&tiles);
    return status;
}

enum exit_code run_log_consistency(struct ltctl *ltctl)
{
    struct desk desk;
    struct fault fault;
    struct checkpoint old, new;
    const char *out = ltctl->options.values[OPTION_OUTPUT];
    if (ltctl->options.values[OPTION_DATA] == NULL) {
        return out == NULL ? log_wire_consistency(ltctl)
                           : complain_usage(ltctl, phrase(ltctl->language, PHRASE_LOG_PROOF_DATA));
    }
    fault_init(&fault);
    enum lt_status status = desk_open(ltctl, &desk, &fault);
    if (status == LT_OK) {
        status = notes_read(ltctl, &desk, &old, &new, &fault);
    }
    if (status == LT_OK) {
        status = consistency_check(&desk, &old, &new, out, &fault);
    }
    desk_close(&desk);
    if (status == LT_OK) {
        printf("%llu -> %llu: %s\n", (unsigned long long)old.head.size,
               (unsigned long long)new.head.size, phrase(ltctl->language, PHRASE_LOG_EXTENDS));
        return EXIT_GOOD;
    }
    enum exit_code code = complain(ltctl, status, &fault);
    return log_finding_code(status) ? EXIT_FINDINGS : code;
}

/* ---- verify ---- */

struct walk {
    struct output output;
    bool progress; /* standard error is a terminal */
    uint64_t found;
    int percent;
};

static bool progress_show(void *context, uint64_t done, uint64_t of)
{
    struct walk *walk = context;
    int percent = of == 0 ? 100 : (int)(done * 100 / of);
    if (walk->progress && percent != walk->percent) {
        walk->percent = percent;
        fprintf(stderr, "\r%3d %%  %llu / %llu\033[K", percent, (unsigned long long)done,
                (unsigned long long)of);
    }
    return true;
}

static void finding_take(void *context, const struct log_finding *finding)
{
    struct walk *walk = context;
    if (++walk->found > FINDINGS_SHOWN_MAX) {
        return;
    }
    struct pair fields[] = {
        {text_bytes("place"), text_bytes(finding->place)},
        {text_bytes("what"), text_bytes(finding->what)},
        {text_bytes("code"), text_bytes(lt_code(finding->status))},
    };
    const struct row row = {fields, 3};
    if (walk->found == 1) {
        output_section(&walk->output, &columns_log_finding);
    }
    output_row(&walk->output, &row);
}

static void report_show(struct walk *walk, const struct log_verify_report *report)
{
    char numbers[7][24];
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"commits", report->commits},   {"checkpoints", report->checkpoints},
        {"breaks", report->breaks},     {"compared", report->compared},
        {"unknown", report->unknown},   {"position", report->newest.position},
        {"findings", report->findings},
    };
    struct pair fields[8];
    for (size_t i = 0; i < 7; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%llu", (unsigned long long)values[i].value);
        fields[i] = (struct pair){text_bytes(values[i].name), text_bytes(numbers[i])};
    }
    fields[7] = (struct pair){text_bytes("origin"), text_bytes(report->newest.origin)};
    const struct row row = {fields, 8};
    output_section(&walk->output, &columns_log_verify);
    output_row(&walk->output, &row);
}

static enum lt_status verify(struct ltctl *ltctl, const struct desk *desk, struct walk *walk,
                             struct log_verify_report *ret_report, struct fault *fault)
{
    struct backend_lmdb *backend = NULL;
    struct backend_status at;
    const struct backend_lmdb_options journal = {.folder = ltctl->options.values[OPTION_DATA],
                                                 .read_only = true};
    enum lt_status status = backend_lmdb_open(&backend, &journal, fault);
    if (status != LT_OK) {
        return status;
    }
    struct journal_backend door = backend_lmdb_door(backend);
    door.status(door.self, &at);
    const struct log_verify_options options = {
        .folder = desk->folder,
        .backend = &door,
        .journal_first = at.first,
        .name = desk->name,
        .key = desk->key,
        .live = backend_lmdb_vacant(ltctl->options.values[OPTION_DATA], NULL) == LT_FENCED,
        .progress = progress_show,
        .found = finding_take,
        .context = walk,
    };
    status = log_verify(&options, ret_report, fault);
    backend_lmdb_close(&backend);
    return status;
}

enum exit_code run_log_verify(struct ltctl *ltctl)
{
    struct desk desk;
    struct fault fault;
    struct log_verify_report report;
    struct walk walk = {.progress = isatty(STDERR_FILENO) == 1, .percent = -1};
    if (ltctl->options.values[OPTION_DATA] == NULL) {
        return log_wire_verify(ltctl);
    }
    if (ltctl->arguments_count > 0) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_LOG_KEPT_OR_DATA));
    }
    fault_init(&fault);
    memset(&report, 0, sizeof(report));
    output_init(&walk.output, ltctl->mode, ltctl->language, stdout);
    enum lt_status status = desk_open(ltctl, &desk, &fault);
    if (status == LT_OK) {
        status = verify(ltctl, &desk, &walk, &report, &fault);
    }
    desk_close(&desk);
    if (walk.progress && walk.percent >= 0) {
        fputs("\r\033[K", stderr);
    }
    if (status == LT_OK) {
        report_show(&walk, &report);
    }
    enum exit_code finished = finish(ltctl, &walk.output, false);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    bool clean = report.findings == 0;
    if (ltctl->mode == OUTPUT_TABLE) {
        printf("%s\n", phrase(ltctl->language, clean ? PHRASE_LOG_CLEAN : PHRASE_LOG_DAMAGED));
    }
    return finished != EXIT_GOOD ? finished : clean ? EXIT_GOOD : EXIT_FINDINGS;
}
