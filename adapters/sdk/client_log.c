/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The axis' log as this agency sees it: the newest checkpoint believed, and receipts. The first key
 * told over the authenticated line is kept for good (or the one that was configured); everything
 * signed by another is refused.
 *
 * A checkpoint is believed when it extends the one believed before, which the axis proves when it
 * is asked: after every Welcome, and every ASK_MS while receipts name newer ones. A log that is
 * shorter, forked or signed by a stranger is refused: the old checkpoint stays, it is told as an
 * error with a code of its own and shown until the axis proves otherwise. Transfers go on; what is
 * refused is the proof. A declared restore is believed by rule: a statement signed by the same key
 * that leads from an incarnation at or after ours to the new one.
 *
 * Receipts are proven up to their signed checkpoint and compared with what was sent before they are
 * kept. One whose leaf says other things is refused and told.
 */
#include <stdlib.h>
#include <string.h>

#include "box_outbox.h"
#include "box_receipts.h"
#include "client_parts.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "proto/receipt.h"

#define ASK_MS       60000
#define ASK_AGAIN_MS 5000

struct log_watch {
    struct sign_checker *checker;
    struct public_key *key; /* NULL: none told yet */
    char key_text[NOTE_VKEY_MAX];
    char name[NOTE_NAME_MAX + 1];
    bool any; /* a checkpoint is believed */
    struct checkpoint known;
    uint64_t seen; /* the largest size that somebody signed and we have not asked about */
    bool asked;
    uint64_t number; /* of the last question */
    int64_t ask_due_ms;
    enum lt_status refused; /* LT_OK: nothing is */
};

static struct note_trust trust_of(struct lt_client *client)
{
    struct log_watch *log = client->log;
    return (struct note_trust){client->digester, log->checker, {log->name, log->key}};
}

static void publish(struct lt_client *client)
{
    struct log_watch *log = client->log;
    pthread_mutex_lock(&client->mutex);
    client->state.log_size = log->any ? log->known.head.size : 0;
    client->state.log_refused = log->refused;
    pthread_mutex_unlock(&client->mutex);
}

static void refuse(struct lt_client *client, enum lt_status code, const char *what)
{
    struct log_watch *log = client->log;
    if (log->refused != code) {
        log_error("log-refused", "agency=%s code=%s what=%s known=%llu origin=%s", client->agency,
                  lt_code(code), what, (unsigned long long)log->known.head.size, log->known.origin);
        client_note(client, code, lt_error(code)->en);
    }
    log->refused = code;
    publish(client);
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

enum lt_status log_watch_open(struct lt_client *client)
{
    struct box_txn txn;
    struct log_known *known = calloc(1, sizeof(*known));
    struct log_watch *log = calloc(1, sizeof(*log));
    client->log = log;
    enum lt_status status = known == NULL || log == NULL ? LT_NO_MEMORY : LT_OK;
    if (status == LT_OK) {
        status = sign_checker_open(&log->checker);
    }
    if (status == LT_OK) {
        status = box_read(client->box, &txn);
    }
    if (status == LT_OK) {
        status = log_known_read(&txn, known);
        box_read_end(&txn);
    }
    if (status == LT_OK && known->key[0] != '\0') {
        status = key_take(client, known->key);
    }
    if (status == LT_OK && known->note_size > 0) {
        struct note_trust trust = trust_of(client);
        struct lt_bytes note = {known->note, known->note_size};
        status = checkpoint_open(note, &trust, &log->known) == LT_OK ? LT_OK : LT_DAMAGED;
        log->any = status == LT_OK;
    }
    free(known);
    if (status == LT_OK) {
        publish(client);
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

/* ---- believing ---- */

static enum lt_status know_key_run(struct box_txn *txn, void *self)
{
    log_know_key(txn, self);
    return LT_OK;
}

static enum lt_status know_note_run(struct box_txn *txn, void *self)
{
    log_know_note(txn, *(const struct lt_bytes *)self);
    return LT_OK;
}

static void believe(struct lt_client *client, const struct checkpoint *checkpoint,
                    struct lt_bytes note)
{
    struct log_watch *log = client->log;
    enum lt_status status = box_commit(client->box, know_note_run, &note);
    if (status != LT_OK) {
        client_fail(client, status, "log");
        return;
    }
    if (log->refused != LT_OK) {
        log_info("log-believed-again", "agency=%s size=%llu", client->agency,
                 (unsigned long long)checkpoint->head.size);
    }
    log->known = *checkpoint;
    log->any = true;
    log->refused = LT_OK;
    publish(client);
}

/* A checkpoint that somebody signed with the key: is there something to ask about it? */
static void look_at(struct lt_client *client, const struct checkpoint *checkpoint,
                    struct lt_bytes note, bool newest)
{
    struct log_watch *log = client->log;
    if (!log->any) {
        believe(client, checkpoint, note);
        return;
    }
    if (strcmp(checkpoint->origin, log->known.origin) != 0) {
        log->seen = UINT64_MAX; /* another incarnation: the proof will say by what right */
        log->ask_due_ms = newest ? client_mono_ms(client) : log->ask_due_ms;
        return;
    }
    if (checkpoint->head.size == log->known.head.size) {
        if (!digest_equal(&checkpoint->head.root, &log->known.head.root)) {
            refuse(client, LT_LOG_FORKED, "root");
        } else if (newest && log->refused != LT_OK) {
            believe(client, checkpoint, note);
        }
        return;
    }
    if (checkpoint->head.size < log->known.head.size) {
        if (newest) {
            refuse(client, LT_LOG_ROLLED_BACK, "welcome");
        }
        return; /* an older receipt */
    }
    log->seen = checkpoint->head.size > log->seen ? checkpoint->head.size : log->seen;
    log->ask_due_ms = newest ? client_mono_ms(client) : log->ask_due_ms;
}

void log_welcome(struct lt_client *client, const struct welcome *welcome)
{
    struct log_watch *log = client->log;
    struct checkpoint checkpoint;
    char text[NOTE_VKEY_MAX];
    log->asked = false;
    if (welcome->log_key.size == 0 || welcome->log_key.size >= sizeof(text)) {
        return; /* an axis without a log */
    }
    text_copy(text, sizeof(text), welcome->log_key);
    if (log->key == NULL) {
        if (key_take(client, text) != LT_OK) {
            refuse(client, LT_NOTE_FOREIGN, "key");
            return;
        }
        enum lt_status status = box_commit(client->box, know_key_run, text);
        if (status != LT_OK) {
            client_fail(client, status, "log");
            return;
        }
        log_info("log-key-kept", "agency=%s key=%s", client->agency, text);
    } else if (strcmp(text, log->key_text) != 0) {
        refuse(client, LT_NOTE_FOREIGN, "key");
        return;
    }
    if (welcome->checkpoint.size == 0) {
        return;
    }
    struct note_trust trust = trust_of(client);
    enum lt_status status = checkpoint_open(welcome->checkpoint, &trust, &checkpoint);
    if (status != LT_OK) {
        refuse(client, status, "welcome");
        return;
    }
    look_at(client, &checkpoint, welcome->checkpoint, true);
}

/* Another incarnation: by what right? */
static bool break_allows(struct lt_client *client, const struct log_proof *proof,
                         const struct checkpoint *newest)
{
    struct log_watch *log = client->log;
    struct note_trust trust = trust_of(client);
    struct break_statement statement;
    uint32_t ours, from;
    if (break_open(proof->broken, &trust, &statement) != LT_OK ||
        strcmp(statement.to, newest->origin) != 0 ||
        !origin_read(log->known.origin, log->name, &ours) ||
        !origin_read(statement.from, log->name, &from) || from < ours) {
        return false;
    }
    bool same_size = from == ours && statement.head.size == log->known.head.size;
    if (same_size && !digest_equal(&statement.head.root, &log->known.head.root)) {
        return false; /* it names another log than the one we know */
    }
    log_warn("log-break-believed", "agency=%s from=%s to=%s named=%llu known=%llu by=%s",
             client->agency, statement.from, statement.to, (unsigned long long)statement.head.size,
             (unsigned long long)log->known.head.size, statement.by);
    return true;
}

static enum lt_status extends(struct lt_client *client, const struct log_proof *proof,
                              const struct checkpoint *newest)
{
    const struct log_watch *log = client->log;
    struct merkle_path path;
    if (strcmp(newest->origin, log->known.origin) != 0) {
        return break_allows(client, proof, newest) ? LT_OK : LT_LOG_FORKED;
    }
    if (newest->head.size < log->known.head.size) {
        return LT_LOG_ROLLED_BACK;
    }
    if (proof->first != log->known.head.size || !path_from_bytes(proof->path, &path)) {
        return LT_LOG_FORKED;
    }
    enum lt_status status = merkle_consistency_check(client->digester, &log->known.head,
                                                     &newest->head, path.nodes, path.count);
    return status == LT_OK ? LT_OK : LT_LOG_FORKED;
}

void log_proof(struct lt_client *client, const struct log_proof *proof)
{
    struct log_watch *log = client->log;
    struct checkpoint newest;
    if (!log->asked || proof->number != log->number || log->key == NULL || !log->any) {
        return;
    }
    log->asked = false;
    log->ask_due_ms = client_mono_ms(client) + ASK_MS;
    if (proof->code == LT_LOG_ROLLED_BACK || proof->code == LT_NOTE_FOREIGN) {
        refuse(client, (enum lt_status)proof->code, "proof");
        return;
    }
    if (proof->code != 0) {
        log->ask_due_ms = client_mono_ms(client) + ASK_AGAIN_MS;
        return;
    }
    struct note_trust trust = trust_of(client);
    enum lt_status status = checkpoint_open(proof->checkpoint, &trust, &newest);
    if (status == LT_OK) {
        status = extends(client, proof, &newest);
    }
    if (status != LT_OK) {
        refuse(client, status, "proof");
        return;
    }
    believe(client, &newest, proof->checkpoint);
    log->seen = log->seen == UINT64_MAX || log->seen <= newest.head.size ? 0 : log->seen;
}

void log_step(struct lt_client *client)
{
    struct log_watch *log = client->log;
    bool wanted = log->seen > log->known.head.size || log->refused != LT_OK;
    if (!client->session.open || !log->any || !wanted || client_mono_ms(client) < log->ask_due_ms) {
        return;
    }
    struct frame frame = {.kind = FRAME_LOG_ASK,
                          .log_ask = {.number = log->number + 1,
                                      .origin = text_bytes(log->known.origin),
                                      .size = log->known.head.size}};
    if (session_send(&client->session, &client->arena, &frame) == LT_OK) {
        log->number++;
        log->asked = true;
        log->ask_due_ms = client_mono_ms(client) + ASK_MS;
    }
    arena_reset(&client->arena);
}

/* ---- receipts ---- */

struct keeping {
    struct lt_client *client;
    const struct receipts *receipts;
    struct lt_bytes frame;
    uint64_t position; /* of the first leaf */
    bool other;        /* a leaf says other things than what was sent */
};

/* An acceptance of ours: the very bytes, at the very place. What we do not have any more cannot be
 * compared. */
static bool leaf_fits(struct box_txn *txn, struct lt_client *client, const struct leaf *leaf)
{
    struct sent_record record;
    struct lt_bytes header, body;
    uint64_t sequence;
    if (leaf->kind != LEAF_ACCEPTED) {
        return true; /* what somebody settled is compared when it is needed as evidence */
    }
    if (!bytes_equal(leaf->accepted.from, text_bytes(client->agency))) {
        return false;
    }
    if (outbox_by_id(txn, &leaf->accepted.id, &sequence) != LT_OK ||
        outbox_get(txn, sequence, &record) != LT_OK ||
        outbox_parcel(txn, sequence, &header, &body) != LT_OK) {
        return true;
    }
    struct lt_id known = outbox_axis_id(&record);
    if (memcmp(known.bytes, leaf->accepted.id.bytes, sizeof(known.bytes)) != 0 ||
        memcmp(record.sent.id.bytes, known.bytes, sizeof(known.bytes)) != 0) {
        return true; /* it was accepted under an earlier id, with bytes of its own */
    }
    struct lt_digest digest = digest_of_two(client->digester, header, body);
    return digest_equal(&digest, &leaf->accepted.digest) &&
           (record.position == 0 || record.position == leaf->accepted.position);
}

static enum lt_status keep_run(struct box_txn *txn, void *self)
{
    struct keeping *keeping = self;
    keeping->other = false;
    for (uint32_t i = 0; i < keeping->receipts->count; i++) {
        struct leaf leaf;
        if (!leaf_read(keeping->receipts->items[i].leaf, &leaf) ||
            !leaf_fits(txn, keeping->client, &leaf)) {
            keeping->other = true;
            return LT_OK;
        }
    }
    receipts_put(txn, keeping->position, client_wall_ms(keeping->client), keeping->frame);
    return LT_OK;
}

void log_receipts(struct lt_client *client, const struct receipts *receipts)
{
    struct log_watch *log = client->log;
    struct checkpoint checkpoint;
    struct leaf first;
    struct frame frame = {.kind = FRAME_RECEIPTS, .receipts = *receipts};
    struct keeping keeping = {.client = client, .receipts = receipts};
    if (log->key == NULL) {
        return;
    }
    struct note_trust trust = trust_of(client);
    enum lt_status status = receipts_check(receipts, &trust, &checkpoint);
    if (status == LT_OK && !leaf_read(receipts->items[0].leaf, &first)) {
        status = LT_RECEIPT_WRONG;
    }
    if (status != LT_OK) {
        refuse(client, status, "receipt");
        return;
    }
    keeping.position =
        first.kind == LEAF_ACCEPTED ? first.accepted.position : first.outcome.position;
    status = frame_write(&frame, &client->arena, &keeping.frame);
    if (status == LT_OK) {
        status = box_commit(client->box, keep_run, &keeping);
    }
    if (status != LT_OK) {
        client_fail(client, status, "receipts");
        return;
    }
    if (keeping.other) {
        refuse(client, LT_RECEIPT_WRONG, "leaf");
        return;
    }
    pthread_mutex_lock(&client->mutex);
    client->state.receipts += receipts->count;
    pthread_mutex_unlock(&client->mutex);
    look_at(client, &checkpoint, receipts->checkpoint, false);
}
