/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `journal verify`: walks a journal offline and checks all that can be checked without the broker:
 * order, gaps, frames, the chain of digests, checksums, digests of stored parcels, seals (over
 * these very bytes, by a key that was registered for the sender before), and the base where it was
 * cut. The folder is opened for reading only and may belong to a running broker: what is verified
 * is the journal as it was when the walk began.
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
#include "broker/registry/seal_key.h"
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
    char numbers[6][24];
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"records", report->records}, {"facts", report->facts}, {"transfers", report->transfers},
        {"seals", report->seals},     {"bytes", report->bytes}, {"findings", report->findings},
    };
    struct pair fields[6];
    for (size_t i = 0; i < 6; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%llu", (unsigned long long)values[i].value);
        fields[i] = (struct pair){text_bytes(values[i].name), text_bytes(numbers[i])};
    }
    const struct row row = {fields, 6};
    output_section(&walk->output, &columns_verify);
    output_row(&walk->output, &row);
}

/* ---- keys of senders, as the journal tells them ---- */

struct keys {
    struct seal_keys *keys;
    struct digester *digester;
    struct sign_checker *checker;
    struct verify_seals seals;
};

static void learn(void *self, const struct fact_registry *fact)
{
    struct keys *keys = self;
    if (fact->change == REGISTRY_SEAL_KEY && seal_keys_fold(keys->keys, fact->entry) != LT_OK) {
        return; /* its seals are not found to be theirs, then */
    }
}

static bool fits(void *self, uint32_t from, const struct seal_proof *proof,
                 const struct lt_digest *leaf)
{
    struct keys *keys = self;
    struct public_key *key = seal_keys_public(keys->keys, from, &proof->seal.key_id);
    bool good =
        key != NULL && seal_proof_check(proof, leaf, key, keys->checker, keys->digester) == LT_OK;
    public_key_close(&key);
    return good;
}

static enum lt_status keys_open(struct keys *keys)
{
    keys->seals = (struct verify_seals){keys, learn, fits};
    enum lt_status status = seal_keys_open(&keys->keys);
    if (status == LT_OK) {
        status = digester_open(&keys->digester);
    }
    return status == LT_OK ? sign_checker_open(&keys->checker) : status;
}

static void keys_close(struct keys *keys)
{
    sign_checker_close(&keys->checker);
    digester_close(&keys->digester);
    seal_keys_close(&keys->keys);
}

/* Keys of below a cut. */
static enum lt_status base_entry(void *context, enum state_tree tree, struct lt_bytes key,
                                 struct lt_bytes value)
{
    struct keys *keys = context;
    bool sealing = tree == STATE_REGISTRY && key.size > 0 && key.data[0] == 'S';
    return sealing ? seal_keys_fold(keys->keys, value) : LT_OK;
}

/* Where the journal was cut its base is as much the truth: missing or damaged, it is a finding. */
static bool verify_base(struct walk *walk, struct keys *keys, uint64_t first, uint64_t last)
{
    char path[PATH_BYTES];
    struct base_about about;
    struct fault fault;
    if (first <= 1) {
        return true;
    }
    fault_init(&fault);
    snprintf(path, sizeof(path), "%s/base", walk->ltctl->arguments[0]);
    if (base_read(path, base_entry, keys, &about, &fault) == LT_OK && about.position + 1 >= first &&
        about.position <= last) {
        return true;
    }
    finding_take(walk, &(struct verify_finding){first - 1, "base"});
    return false;
}

static enum exit_code verify(struct ltctl *ltctl, const struct journal_backend *door,
                             struct keys *keys)
{
    struct walk walk = {.ltctl = ltctl, .progress = isatty(STDERR_FILENO) == 1, .percent = -1};
    struct verify_report report;
    memset(&report, 0, sizeof(report));
    output_init(&walk.output, ltctl->mode, ltctl->language, stdout);
    struct backend_status at;
    door->status(door->self, &at);
    /* Without a base that reads nobody knows whose the seals are. */
    bool whole = verify_base(&walk, keys, at.first, at.last);
    enum lt_status status = journal_verify(door, at.last, progress_show, finding_take, &walk,
                                           whole ? &keys->seals : NULL, &report);
    if (walk.progress && walk.percent >= 0) {
        fputs("\r\033[K", stderr);
    }
    if (status == LT_OK) {
        report.findings += !whole;
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
    struct keys keys = {.keys = NULL};
    status = keys_open(&keys);
    enum exit_code code =
        status == LT_OK ? verify(ltctl, &door, &keys) : complain(ltctl, status, NULL);
    keys_close(&keys);
    backend_lmdb_close(&backend);
    return code;
}
