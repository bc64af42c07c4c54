/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The axis' log as this agency sees it: the newest checkpoint believed. The key that was configured
 * counts, or else the first one told over the authenticated line, for good; everything signed by
 * another is refused.
 *
 * A checkpoint is believed when it extends the one believed before. That one is told in Hello, and
 * the axis answers with the proof right after Welcome; while receipts name newer ones it is asked
 * every ASK_MS. The largest checkpoint that came with receipts is proven beside ours, to the same
 * newest one: an axis that shows one log to the asker and signs receipts of another is caught.
 *
 * A log that is shorter, forked or signed by a stranger is refused, and so is a proof that is cut
 * short, which says nothing of a fork: the old checkpoint stays, it is told as an error with a code
 * of its own, kept with the bytes, and shown until the axis proves otherwise, over restarts. So is
 * one that is asked for its proof and gives none for ASK_MS and the time a receipt may take.
 * Transfers go on; what is refused is the proof. A declared restore is believed by rule: a
 * statement signed by the same key that leads from an incarnation at or after ours to the new one.
 *
 * When the axis goes over to another key, the one we know leads to it (log_keys.h): the checkpoint
 * believed last names it, and both signed. An adapter that slept while both signed refuses, and so
 * does one whose key was configured: a person changes that line while both sign.
 */
#include "client_log.h"
#include "log_peek.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/log_keys.h"
#include "proto/receipt.h"

#define ASK_MS         60000
#define ASK_AGAIN_MS   5000
#define RECEIPT_WAIT_S 60

struct note_trust log_trust(struct lt_client *client)
{
    struct log_watch *log = client->log;
    return (struct note_trust){client->digester, log->checker, {log->name, log->key}};
}

struct sign_checker *log_checker(const struct lt_client *client)
{
    return client->log->checker;
}

void log_publish(struct lt_client *client)
{
    struct log_watch *log = client->log;
    pthread_mutex_lock(&client->mutex);
    struct lt_client_state *state = &client->state;
    state->log_size = log->any ? log->known.head.size : 0;
    state->log_time_ms = log->any ? log->known.time_ms : 0;
    state->log_refused = log->refused;
    state->log_pinned = log->pinned;
    state->receipts_overdue = log->overdue;
    text_copy(state->log_key, sizeof(state->log_key), text_bytes(log->key_text));
    pthread_mutex_unlock(&client->mutex);
}

static enum lt_status refusal_run(struct box_txn *txn, void *self)
{
    log_refusal_put(txn, self);
    return LT_OK;
}

void log_refuse(struct lt_client *client, enum lt_status code, const char *what,
                struct lt_bytes note)
{
    struct log_watch *log = client->log;
    if (log->refused == code) {
        return;
    }
    log_error("log-refused", "agency=%s code=%s what=%s known=%llu origin=%s", client->agency,
              lt_code(code), what, (unsigned long long)log->known.head.size, log->known.origin);
    client_note(client, code, lt_error(code)->en);
    log->refusal = (struct log_refusal){.code = code, .time_ms = client_wall_ms(client)};
    text_copy(log->refusal.what, sizeof(log->refusal.what), text_bytes(what));
    if (note.size > 0 && note.size <= sizeof(log->refusal.note)) {
        memcpy(log->refusal.note, note.data, note.size);
        log->refusal.note_size = note.size;
    }
    enum lt_status status = box_commit(client->box, refusal_run, &log->refusal);
    if (status != LT_OK) {
        client_fail(client, status, "log");
    }
    log->refused = code;
    log_publish(client);
}

/* ---- opening ---- */

static enum lt_status key_take(struct lt_client *client, const char *text)
{
    struct log_watch *log = client->log;
    enum lt_status status = note_vkey_open(text, client->digester, log->name, &log->key);
    if (status == LT_OK) {
        text_copy(log->key_text, sizeof(log->key_text), text_bytes(text));
    }
    return status;
}

static enum lt_status know_key_run(struct box_txn *txn, void *self)
{
    log_know_key(txn, self);
    return LT_OK;
}

static enum lt_status pin(struct lt_client *client, const char *configured, struct fault *fault)
{
    char text[NOTE_VKEY_MAX];
    enum lt_status status = log_key_read(configured, text, fault);
    if (status != LT_OK) {
        return status;
    }
    client->log->pinned = true;
    return key_take(client, text) == LT_OK
               ? LT_OK
               : fault_set(fault, LT_CONFIG_BAD, "log_key", "not a key NAME+ID+BASE64: %.100s",
                           configured);
}

/* What was kept before, judged by the key that counts now. */
static enum lt_status kept_take(struct lt_client *client, const struct log_known *kept)
{
    struct log_watch *log = client->log;
    struct lt_bytes note = {kept->note, kept->note_size};
    if (kept->key[0] == '\0' && log->key == NULL) {
        return LT_OK;
    }
    if (kept->key[0] != '\0' && log->key == NULL) {
        enum lt_status status = key_take(client, kept->key);
        if (status != LT_OK) {
            return status;
        }
    }
    struct note_trust trust = log_trust(client);
    if (strcmp(kept->key, log->key_text) != 0) {
        bool leads = log_key_named(note, &trust, kept->key); /* the line was changed in time */
        if (kept->key[0] != '\0' && !leads) {
            log_refuse(client, LT_NOTE_FOREIGN, "kept-key", note);
        }
        enum lt_status status = box_commit(client->box, know_key_run, log->key_text);
        if (status != LT_OK || !leads) {
            return status;
        }
    }
    if (kept->note_size == 0) {
        return LT_OK;
    }
    log->any = checkpoint_open(note, &trust, &log->known) == LT_OK;
    if (!log->any && !log->pinned) {
        return LT_DAMAGED;
    }
    if (log->any) {
        memcpy(log->note, kept->note, kept->note_size);
        log->note_size = kept->note_size;
    }
    return LT_OK;
}

static enum lt_status kept_read(struct lt_client *client, struct log_known *ret_kept)
{
    struct box_txn txn;
    struct log_watch *log = client->log;
    enum lt_status status = box_read(client->box, &txn);
    if (status != LT_OK) {
        return status;
    }
    status = log_known_read(&txn, ret_kept);
    if (status == LT_OK) {
        status = log_refusal_read(&txn, &log->refusal);
    }
    log->overdue = overdue_since(&txn) != 0;
    box_read_end(&txn);
    if (status == LT_OK && log->refusal.cleared_ms == 0) {
        log->refused = log->refusal.code;
    }
    return status;
}

enum lt_status log_watch_open(struct lt_client *client, const struct lt_client_options *options,
                              struct fault *fault)
{
    struct log_known *kept = calloc(1, sizeof(*kept));
    struct log_watch *log = calloc(1, sizeof(*log));
    client->log = log;
    enum lt_status status = kept == NULL || log == NULL ? LT_NO_MEMORY : LT_OK;
    if (status == LT_OK) {
        uint32_t wait_s = options->receipt_wait_s > 0 ? options->receipt_wait_s : RECEIPT_WAIT_S;
        log->wait_ms = 1000LL * wait_s;
        log->looked_ms = client_mono_ms(client);
        log->unproven_ms = -1;
        status = sign_checker_open(&log->checker);
    }
    if (status == LT_OK) {
        status = kept_read(client, kept);
    }
    if (status == LT_OK && options->log_key != NULL && options->log_key[0] != '\0') {
        status = pin(client, options->log_key, fault);
    }
    if (status == LT_OK) {
        status = kept_take(client, kept);
    }
    free(kept);
    if (status == LT_OK) {
        log_publish(client);
    }
    return status;
}

void log_watch_close(struct lt_client *client)
{
    if (client->log != NULL) {
        public_key_close(&client->log->key);
        sign_checker_close(&client->log->checker);
    }
    free(client->log);
    client->log = NULL;
}

struct lt_bytes log_believed(const struct lt_client *client)
{
    return (struct lt_bytes){client->log->note, client->log->note_size};
}

/* ---- believing ---- */

struct believing {
    struct lt_bytes note;
    const struct log_refusal *cleared; /* NULL: nothing stood */
};

static enum lt_status know_note_run(struct box_txn *txn, void *self)
{
    const struct believing *believing = self;
    log_know_note(txn, believing->note);
    if (believing->cleared != NULL) {
        log_refusal_put(txn, believing->cleared);
    }
    return LT_OK;
}

static void believe(struct lt_client *client, const struct checkpoint *checkpoint,
                    struct lt_bytes note)
{
    struct log_watch *log = client->log;
    struct believing believing = {.note = note};
    if (log->refused != LT_OK) {
        log->refusal.cleared_ms = client_wall_ms(client);
        believing.cleared = &log->refusal;
    }
    enum lt_status status = box_commit(client->box, know_note_run, &believing);
    if (status != LT_OK) {
        client_fail(client, status, "log");
        return;
    }
    if (log->refused != LT_OK) {
        log_info("log-believed-again", "agency=%s size=%llu", client->agency,
                 (unsigned long long)checkpoint->head.size);
    }
    memcpy(log->note, note.data, note.size); /* a note that was read is not larger */
    log->note_size = note.size;
    log->known = *checkpoint;
    log->any = true;
    log->refused = LT_OK;
    log->unproven_ms = -1;
    if (log->receipt_any && strcmp(log->receipt.origin, checkpoint->origin) != 0) {
        log->receipt_any = false; /* of an incarnation that ended */
    }
    client->session.checkpoint = log_believed(client);
    log_publish(client);
}

/* Something is told that is to be proven: `soon`, or with the next question. */
static void unproven(struct lt_client *client, uint64_t size, bool soon)
{
    struct log_watch *log = client->log;
    int64_t due_ms = client_mono_ms(client) + ASK_AGAIN_MS; /* the axis may prove it by itself */
    log->seen = size > log->seen ? size : log->seen;
    log->ask_due_ms = soon ? due_ms : log->ask_due_ms;
}

static void look_at_welcome(struct lt_client *client, const struct welcome *welcome,
                            const struct checkpoint *checkpoint)
{
    struct log_watch *log = client->log;
    struct lt_bytes note = welcome->checkpoint;
    uint32_t incarnation = 0;
    if (!log->any) {
        believe(client, checkpoint, note);
        return;
    }
    bool behind = origin_read(checkpoint->origin, log->name, &incarnation) &&
                  incarnation < welcome->incarnation;
    if (behind || strcmp(checkpoint->origin, log->known.origin) != 0) {
        /* Another incarnation, or one that is about to begin: the proof says by what right. */
        unproven(client, UINT64_MAX, true);
    } else if (checkpoint->head.size > log->known.head.size) {
        unproven(client, checkpoint->head.size, true);
    } else if (checkpoint->head.size < log->known.head.size) {
        log_refuse(client, LT_LOG_ROLLED_BACK, "welcome", note);
    } else if (!digest_equal(&checkpoint->head.root, &log->known.head.root)) {
        log_refuse(client, LT_LOG_FORKED, "root", note);
    } else if (!log->receipt_any &&
               (log->refused != LT_OK || !bytes_equal(note, log_believed(client)))) {
        believe(client, checkpoint, note); /* it may name keys that ours does not */
    }
}

void log_receipt_seen(struct lt_client *client, const struct checkpoint *checkpoint,
                      struct lt_bytes note)
{
    struct log_watch *log = client->log;
    if (!log->any) {
        believe(client, checkpoint, note);
        return;
    }
    if (strcmp(checkpoint->origin, log->known.origin) != 0) {
        unproven(client, UINT64_MAX, false);
        return;
    }
    if (checkpoint->head.size == log->known.head.size) {
        if (!digest_equal(&checkpoint->head.root, &log->known.head.root)) {
            log_refuse(client, LT_LOG_FORKED, "receipt", note);
        }
        return;
    }
    bool proof_of_fork = log->receipt_any && log->refused == LT_LOG_FORKED;
    if (!proof_of_fork && (!log->receipt_any || checkpoint->head.size > log->receipt.head.size)) {
        log->receipt = *checkpoint;
        log->receipt_any = true;
    }
    unproven(client, checkpoint->head.size, false);
}

/* Another key than ours: may we go over to it? Not while both sign: ours is as good until then. */
static bool key_follow(struct lt_client *client, char *text, struct lt_bytes checkpoint)
{
    struct log_watch *log = client->log;
    struct note_trust trust = log_trust(client);
    struct lt_bytes known = {log->note, log->note_size};
    if (log_key_named(checkpoint, &trust, text)) {
        return true;
    }
    if (log->pinned || !log_key_named(known, &trust, text) ||
        box_commit(client->box, know_key_run, text) != LT_OK) {
        return false;
    }
    log_info("log-key-followed", "agency=%s from=%s to=%s", client->agency, log->key_text, text);
    public_key_close(&log->key);
    return key_take(client, text) == LT_OK;
}

/* The one place where keys of the log are judged: ours, the first one told, one that ours leads to,
 * or another's. */
static enum lt_status key_judge(struct lt_client *client, char *text, struct lt_bytes checkpoint)
{
    struct log_watch *log = client->log;
    if (log->key != NULL) {
        bool good = strcmp(text, log->key_text) == 0 || key_follow(client, text, checkpoint);
        return good ? LT_OK : LT_NOTE_FOREIGN;
    }
    if (key_take(client, text) != LT_OK) {
        return LT_NOTE_FOREIGN;
    }
    log_info("log-key-kept", "agency=%s key=%s", client->agency, text);
    enum lt_status status = box_commit(client->box, know_key_run, log->key_text);
    if (status != LT_OK) {
        client_fail(client, status, "log");
    }
    return LT_OK;
}

void log_welcome(struct lt_client *client, const struct welcome *welcome)
{
    struct log_watch *log = client->log;
    struct checkpoint checkpoint;
    char text[NOTE_VKEY_MAX];
    log->asked = false;
    log->told = welcome->log_key.size > 0 && welcome->log_key.size < sizeof(text);
    receipts_welcome(client);
    if (!log->told || welcome->checkpoint.size == 0) {
        if (log->any) {
            unproven(client, UINT64_MAX, true); /* where is it? */
        }
        if (!log->told) {
            return;
        }
    }
    text_copy(text, sizeof(text), welcome->log_key);
    enum lt_status status = key_judge(client, text, welcome->checkpoint);
    if (status != LT_OK) {
        log_refuse(client, status, "key", welcome->checkpoint);
        return;
    }
    log_publish(client);
    if (welcome->checkpoint.size == 0) {
        return;
    }
    struct note_trust trust = log_trust(client);
    status = checkpoint_open(welcome->checkpoint, &trust, &checkpoint);
    if (status != LT_OK) {
        log_refuse(client, status, "welcome", welcome->checkpoint);
        return;
    }
    look_at_welcome(client, welcome, &checkpoint);
}

/* Does it extend what we know? A declared restore is told. */
static enum lt_status extends(struct lt_client *client, const struct log_proof *proof,
                              const struct checkpoint *newest)
{
    const struct log_watch *log = client->log;
    struct note_trust trust = log_trust(client);
    struct break_statement broken;
    enum lt_status status = checkpoint_extends(&trust, &log->known, newest, proof, &broken);
    if (status == LT_OK && broken.from[0] != '\0') {
        log_warn("log-break-believed", "agency=%s from=%s to=%s named=%llu known=%llu by=%s",
                 client->agency, broken.from, broken.to, (unsigned long long)broken.head.size,
                 (unsigned long long)log->known.head.size, broken.by);
    }
    return status;
}

/* The largest checkpoint of the receipts, as it was when we asked, leads to the same one. */
static bool receipt_fits(struct lt_client *client, const struct log_proof *proof,
                         const struct checkpoint *newest)
{
    struct log_watch *log = client->log;
    struct merkle_path path;
    if (!log->asked_also || strcmp(newest->origin, log->also.origin) != 0) {
        return true;
    }
    return newest->head.size >= log->also.head.size && path_from_bytes(proof->also_path, &path) &&
           merkle_consistency_check(client->digester, &log->also.head, &newest->head, path.nodes,
                                    path.count) == LT_OK;
}

/* Is it the answer to our question, or to what our Hello told? */
static bool expected(const struct log_watch *log, const struct log_proof *proof)
{
    bool by_itself = proof->number == 0 && (proof->code != 0 || proof->first == 0 ||
                                            proof->first == log->known.head.size);
    return log->key != NULL && log->any &&
           (by_itself || (log->asked && proof->number == log->number));
}

static void believe_proof(struct lt_client *client, const struct log_proof *proof)
{
    struct log_watch *log = client->log;
    struct checkpoint newest;
    struct note_trust trust = log_trust(client);
    enum lt_status status = checkpoint_open(proof->checkpoint, &trust, &newest);
    if (status == LT_OK) {
        status = extends(client, proof, &newest);
    }
    if (status == LT_OK && proof->number != 0 && !receipt_fits(client, proof, &newest)) {
        log->receipt = log->also;
        log->receipt_any = true;
        log_refuse(client, LT_LOG_FORKED, "receipt", proof->checkpoint);
        return;
    }
    if (status != LT_OK) {
        log_refuse(client, status, "proof", proof->checkpoint);
        return;
    }
    if (log->asked_also && proof->number != 0 && log->receipt.head.size <= log->also.head.size) {
        log->receipt_any = false; /* else a larger one came since: that is asked about next */
    }
    if (log->receipt_any && log->refused == LT_LOG_FORKED) {
        return; /* what was refused is not what was proven */
    }
    believe(client, &newest, proof->checkpoint);
    log->seen = log->seen == UINT64_MAX || log->seen <= newest.head.size ? 0 : log->seen;
}

void log_proof(struct lt_client *client, const struct log_proof *proof)
{
    struct log_watch *log = client->log;
    if (receipts_denied(client, proof) || !expected(log, proof)) {
        return;
    }
    log->asked = log->asked && proof->number == 0;
    log->ask_due_ms = client_mono_ms(client) + ASK_MS;
    if (proof->code == LT_LOG_ROLLED_BACK || proof->code == LT_NOTE_FOREIGN) {
        log_refuse(client, (enum lt_status)proof->code, "proof", proof->checkpoint);
    } else if (proof->code != 0) {
        log->ask_due_ms = client_mono_ms(client) + ASK_AGAIN_MS;
    } else {
        believe_proof(client, proof);
    }
}

static void ask(struct lt_client *client)
{
    struct log_watch *log = client->log;
    bool same = log->receipt_any && strcmp(log->receipt.origin, log->known.origin) == 0;
    struct frame frame = {.kind = FRAME_LOG_ASK,
                          .log_ask = {.number = log->number + 1,
                                      .origin = text_bytes(log->known.origin),
                                      .size = log->known.head.size,
                                      .also = same ? log->receipt.head.size : 0}};
    if (session_send(&client->session, &client->arena, &frame) == LT_OK) {
        log->number++;
        log->asked = true;
        log->asked_also = same;
        log->also = log->receipt;
        log->ask_due_ms = client_mono_ms(client) + ASK_MS;
    }
    arena_reset(&client->arena);
}

void log_step(struct lt_client *client)
{
    struct log_watch *log = client->log;
    int64_t now_ms = client_mono_ms(client);
    log->session_ms += client->session.open ? now_ms - log->looked_ms : 0;
    log->looked_ms = now_ms;
    if (!client->session.open) {
        return;
    }
    receipts_step(client);
    bool wanted =
        log->any && (log->seen > log->known.head.size || log->receipt_any || log->refused != LT_OK);
    if (!wanted) {
        return;
    }
    if (log->unproven_ms < 0) {
        log->unproven_ms = log->session_ms;
    }
    if (now_ms >= log->ask_due_ms) {
        ask(client);
    }
    if (log->refused == LT_OK && log->session_ms - log->unproven_ms >= ASK_MS + log->wait_ms) {
        log_refuse(client, LT_LOG_UNPROVEN, "no-proof", (struct lt_bytes){0});
    }
}
