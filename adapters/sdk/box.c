/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The box as a store: opening it, giving it an identity, and making many threads' writes durable
 * with few syncs. It exists because a local door with sixteen threads would otherwise pay one disk
 * flush per transfer, one after the other.
 *
 * Group commit: who comes with a job puts it into the queue; if nobody leads, it leads: takes what
 * waits (at most JOBS_MAX), runs every job in one transaction, commits, and tells each its answer.
 * Who comes meanwhile waits and is the next batch. No delay is ever added.
 *
 * Limits: one process opens a box (an advisory lock beside it), because two would take each other's
 * sequence. How it fails: a full disk fails the batch and nothing of it stands; a commit that
 * failed in any other way makes the box broken for good, since nobody knows what is on disk.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "box.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"

#define FORMAT        1
#define JOBS_MAX      256u
#define MAP_BYTES     (4ULL << 30)
#define COUNTS_BYTES  (9 * 8)
#define VERSION_BYTES 128

struct job {
    struct list_node node;
    enum lt_status (*run)(struct box_txn *txn, void *self);
    void *self;
    enum lt_status status;
    bool done;
};

static const char *const tree_names[BOX_TREES_END] = {
    [BOX_META] = "meta",         [BOX_OUTBOX] = "outbox", [BOX_PARCELS] = "parcels",
    [BOX_WAITING] = "waiting",   [BOX_KEYS] = "keys",     [BOX_IDS] = "ids",
    [BOX_CASES] = "cases",       [BOX_INBOX] = "inbox",   [BOX_BODIES] = "bodies",
    [BOX_OPEN] = "open",         [BOX_LEGS] = "legs",     [BOX_TELL] = "tell",
    [BOX_EVENTS] = "events",     [BOX_BLOBS] = "blobs",   [BOX_UPLOADED] = "uploaded",
    [BOX_RECEIPTS] = "receipts", [BOX_OWED] = "owed",     [BOX_SEALS] = "seals",
};

/* ---- keys and values ---- */

struct box_key box_key_of(uint64_t number)
{
    struct box_key key;
    for (int i = 7; i >= 0; i--) {
        key.bytes[i] = (uint8_t)number;
        number >>= 8;
    }
    return key;
}

struct lt_bytes box_key_bytes(const struct box_key *key)
{
    return (struct lt_bytes){key->bytes, sizeof(key->bytes)};
}

uint64_t box_key_number(struct lt_bytes key)
{
    uint64_t number = 0;
    assert(key.size >= 8);
    for (size_t i = key.size - 8; i < key.size; i++) {
        number = number << 8 | key.data[i];
    }
    return number;
}

enum lt_status box_get(struct box_txn *txn, enum box_tree tree, struct lt_bytes key,
                       struct lt_bytes *ret_value)
{
    return store_get(&txn->store, txn->box->trees[tree], key, ret_value);
}

/* Failures of a put stick to the transaction and are seen by its leader. */
void box_put(struct box_txn *txn, enum box_tree tree, struct lt_bytes key, struct lt_bytes value)
{
    txn->puts++;
    (void)store_put(&txn->store, txn->box->trees[tree], key, value);
}

void box_delete(struct box_txn *txn, enum box_tree tree, struct lt_bytes key)
{
    txn->puts++;
    (void)store_delete(&txn->store, txn->box->trees[tree], key);
}

enum lt_status box_get_number(struct box_txn *txn, enum box_tree tree, uint64_t number,
                              struct lt_bytes *ret_value)
{
    struct box_key key = box_key_of(number);
    return box_get(txn, tree, box_key_bytes(&key), ret_value);
}

void box_put_number(struct box_txn *txn, enum box_tree tree, uint64_t number, struct lt_bytes value)
{
    struct box_key key = box_key_of(number);
    box_put(txn, tree, box_key_bytes(&key), value);
}

void box_delete_number(struct box_txn *txn, enum box_tree tree, uint64_t number)
{
    struct box_key key = box_key_of(number);
    box_delete(txn, tree, box_key_bytes(&key));
}

/* ---- counts ---- */

static void counts_write(struct box_txn *txn)
{
    uint8_t room[COUNTS_BYTES];
    struct wire_writer w;
    wire_write_init(&w, room, sizeof(room));
    wire_put_u64(&w, txn->counts.sequence);
    wire_put_u64(&w, txn->counts.cursor);
    wire_put_u64(&w, txn->counts.inbox);
    wire_put_u64(&w, txn->counts.tell);
    wire_put_u64(&w, txn->counts.notice_cursor);
    wire_put_u64(&w, txn->counts.waiting);
    wire_put_u64(&w, txn->counts.waiting_bytes);
    wire_put_u64(&w, txn->counts.open);
    wire_put_u64(&w, txn->counts.telling);
    box_put(txn, BOX_META, text_bytes("counts"), wire_written(&w));
}

static enum lt_status counts_read(struct box_txn *txn)
{
    struct lt_bytes value;
    enum lt_status status = box_get(txn, BOX_META, text_bytes("counts"), &value);
    if (status == LT_NOT_FOUND) {
        return LT_OK; /* a new box */
    }
    if (status != LT_OK) {
        return status;
    }
    struct wire_reader r;
    struct box_counts counts;
    wire_read_init(&r, value);
    counts.sequence = wire_u64(&r);
    counts.cursor = wire_u64(&r);
    counts.inbox = wire_u64(&r);
    counts.tell = wire_u64(&r);
    counts.notice_cursor = wire_u64(&r);
    counts.waiting = wire_u64(&r);
    counts.waiting_bytes = wire_u64(&r);
    counts.open = wire_u64(&r);
    counts.telling = wire_u64(&r);
    if (!wire_read_done(&r)) {
        return LT_DAMAGED;
    }
    txn->counts = counts;
    return LT_OK;
}

void box_counts(struct box *box, struct box_counts *ret_counts)
{
    pthread_mutex_lock(&box->mutex);
    *ret_counts = box->counts;
    pthread_mutex_unlock(&box->mutex);
}

uint64_t box_commits(struct box *box)
{
    pthread_mutex_lock(&box->mutex);
    uint64_t commits = box->commits;
    pthread_mutex_unlock(&box->mutex);
    return commits;
}

/* ---- open and close ---- */

/* Holds the lock until the process ends or the box is closed. */
static enum lt_status lock_take(const char *path, int *ret_fd, struct fault *fault)
{
    char name[4096];
    int length = snprintf(name, sizeof(name), "%s.owner", path);
    if (length < 0 || (size_t)length >= sizeof(name)) {
        return fault_set(fault, LT_CONFIG_BAD, "folder", "the path is too long");
    }
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fault_set(fault, LT_IO, "folder", "%s: %s", name, strerrordesc_np(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return fault_set(fault, LT_FENCED, "folder", "%s: another process has it open", path);
    }
    *ret_fd = fd;
    return LT_OK;
}

static enum lt_status format_check(struct box_txn *txn)
{
    static const uint8_t format[] = {FORMAT};
    struct lt_bytes value;
    enum lt_status status = box_get(txn, BOX_META, text_bytes("format"), &value);
    if (status == LT_NOT_FOUND) {
        box_put(txn, BOX_META, text_bytes("format"), (struct lt_bytes){format, sizeof(format)});
        return LT_OK;
    }
    if (status != LT_OK) {
        return status;
    }
    return value.size == 1 && value.data[0] == FORMAT ? LT_OK : LT_FORMAT_UNKNOWN;
}

static enum lt_status instance_take(struct box_txn *txn)
{
    struct box *box = txn->box;
    struct lt_bytes value;
    enum lt_status status = box_get(txn, BOX_META, text_bytes("instance"), &value);
    if (status == LT_OK) {
        if (value.size != sizeof(box->instance.bytes)) {
            return LT_DAMAGED;
        }
        memcpy(box->instance.bytes, value.data, sizeof(box->instance.bytes));
        return LT_OK;
    }
    if (status != LT_NOT_FOUND) {
        return status;
    }
    box->entropy->fill(box->entropy->self, box->instance.bytes, sizeof(box->instance.bytes));
    box_put(txn, BOX_META, text_bytes("instance"),
            (struct lt_bytes){box->instance.bytes, sizeof(box->instance.bytes)});
    return LT_OK;
}

/* At least the time: a box that came back from a backup is not older than its former self. */
static enum lt_status epoch_raise(struct box_txn *txn)
{
    struct box *box = txn->box;
    struct lt_bytes value;
    uint64_t last = 0;
    enum lt_status status = box_get(txn, BOX_META, text_bytes("epoch"), &value);
    if (status == LT_OK && value.size == 8) {
        last = box_key_number(value);
    } else if (status != LT_NOT_FOUND) {
        return status == LT_OK ? LT_DAMAGED : status;
    }
    uint64_t now_s = (uint64_t)(box->clock->wall_ms(box->clock->self) / 1000);
    box->epoch = last + 1 > now_s ? last + 1 : now_s;
    struct box_key key = box_key_of(box->epoch);
    box_put(txn, BOX_META, text_bytes("epoch"), box_key_bytes(&key));
    return LT_OK;
}

/* Which software had the box open, and since when: one line per change, for people. */
static void version_note(struct box_txn *txn, const char *software)
{
    char now[TIME_TEXT_BYTES];
    char name[64];
    struct lt_bytes last;
    if (box_get(txn, BOX_META, text_bytes("version"), &last) == LT_OK &&
        bytes_equal(last, text_bytes(software))) {
        return;
    }
    time_write(now, txn->box->clock->wall_ms(txn->box->clock->self));
    snprintf(name, sizeof(name), "version %s", now);
    box_put(txn, BOX_META, text_bytes(name), text_bytes(software));
    box_put(txn, BOX_META, text_bytes("version"), text_bytes(software));
}

static enum lt_status open_run(struct box_txn *txn, void *self)
{
    enum lt_status status = format_check(txn);
    if (status == LT_OK) {
        status = instance_take(txn);
    }
    if (status == LT_OK) {
        status = epoch_raise(txn);
    }
    if (status == LT_OK) {
        status = counts_read(txn);
    }
    if (status == LT_OK) {
        version_note(txn, self);
    }
    return status;
}

/* The first transaction writes before it may find a reason to fail, so it is not a job. */
static enum lt_status box_begin(struct box *box, const char *software)
{
    struct box_txn txn = {.box = box};
    char version[VERSION_BYTES];
    text_copy(version, sizeof(version), text_bytes(software));
    enum lt_status status = store_begin(box->store, true, &txn.store);
    if (status != LT_OK) {
        return status;
    }
    status = open_run(&txn, version);
    if (status != LT_OK) {
        store_abort(&txn.store);
        return status;
    }
    status = store_commit(&txn.store);
    box->counts = txn.counts;
    return status;
}

enum lt_status box_open(struct box **ret_box, const char *path, uint64_t map_bytes,
                        const struct lt_clock *clock, const struct lt_entropy *entropy,
                        const char *software, struct fault *fault)
{
    struct box *box = calloc(1, sizeof(*box));
    if (box == NULL) {
        return LT_NO_MEMORY;
    }
    box->clock = clock;
    box->entropy = entropy;
    box->owner_fd = -1;
    list_init(&box->jobs);
    pthread_mutex_init(&box->mutex, NULL);
    pthread_cond_init(&box->changed, NULL);
    struct store_options options = {.path = path,
                                    .trees_max = BOX_TREES_END,
                                    .map_bytes = map_bytes > 0 ? map_bytes : MAP_BYTES};
    enum lt_status status = lock_take(path, &box->owner_fd, fault);
    if (status == LT_OK) {
        status = store_open(&box->store, &options, fault);
    }
    for (int i = 0; status == LT_OK && i < BOX_TREES_END; i++) {
        status = store_tree(box->store, tree_names[i], &box->trees[i], fault);
    }
    if (status == LT_OK) {
        status = box_begin(box, software);
    }
    if (status != LT_OK) {
        box_close(&box);
        return fault_set(fault, status, "box.mdb", "%s", lt_error(status)->en);
    }
    *ret_box = box;
    return LT_OK;
}

void box_close(struct box **box_p)
{
    struct box *box = *box_p;
    if (box == NULL) {
        return;
    }
    assert(box->jobs.count == 0 && !box->leading);
    store_close(&box->store);
    if (box->owner_fd >= 0) {
        close(box->owner_fd);
    }
    pthread_cond_destroy(&box->changed);
    pthread_mutex_destroy(&box->mutex);
    free(box);
    *box_p = NULL;
}

/* ---- reading ---- */

enum lt_status box_read(struct box *box, struct box_txn *ret_txn)
{
    memset(ret_txn, 0, sizeof(*ret_txn));
    ret_txn->box = box;
    return store_begin(box->store, false, &ret_txn->store);
}

void box_read_end(struct box_txn *txn)
{
    store_abort(&txn->store);
}

/* ---- group commit ---- */

/* Every job of the batch in one transaction, not yet committed. */
static enum lt_status batch_run(struct box_txn *txn, struct list *batch)
{
    for (struct list_node *node = list_first(batch); node != NULL; node = list_next(batch, node)) {
        struct job *job = LIST_ENTRY(node, struct job, node);
        struct box_counts before = txn->counts;
        uint64_t puts = txn->puts;
        job->status = job->run(txn, job->self);
        if (txn->store.status != LT_OK) {
            return txn->store.status;
        }
        if (job->status != LT_OK) {
            assert(txn->puts == puts);
            txn->counts = before;
        }
    }
    return LT_OK;
}

static enum lt_status batch_try(struct box_txn *txn, struct list *batch)
{
    struct box_counts before = txn->counts;
    txn->puts = 0;
    enum lt_status status = store_begin(txn->box->store, true, &txn->store);
    if (status != LT_OK) {
        return status;
    }
    status = batch_run(txn, batch);
    if (status == LT_OK && memcmp(&before, &txn->counts, sizeof(before)) != 0) {
        counts_write(txn);
    }
    if (txn->puts == 0) {
        store_abort(&txn->store);
        return status;
    }
    /* A failure that stuck to the transaction comes back from here. */
    return store_commit(&txn->store);
}

static enum lt_status batch_commit(struct box *box, struct list *batch,
                                   struct box_counts *ret_counts)
{
    struct box_txn txn = {.box = box, .counts = *ret_counts};
    enum lt_status status = batch_try(&txn, batch);
    while (status == LT_FULL && txn.store.map_full) {
        status = store_grow(box->store);
        if (status == LT_OK) {
            txn.counts = *ret_counts;
            status = batch_try(&txn, batch);
        }
    }
    if (status == LT_OK) {
        *ret_counts = txn.counts;
    }
    return status;
}

/* With the mutex held, and again when it returns. */
static void lead(struct box *box)
{
    struct list batch;
    list_init(&batch);
    while (box->jobs.count > 0 && batch.count < JOBS_MAX) {
        list_push(&batch, list_pop(&box->jobs));
    }
    struct box_counts counts = box->counts;
    enum lt_status broken = box->broken;
    box->leading = true;
    pthread_mutex_unlock(&box->mutex);

    enum lt_status status = broken != LT_OK ? broken : batch_commit(box, &batch, &counts);

    pthread_mutex_lock(&box->mutex);
    box->leading = false;
    if (status == LT_OK) {
        box->counts = counts;
        box->commits++;
    } else if (lt_class(status) == LT_CLASS_STOP && broken == LT_OK) {
        box->broken = status;
        log_error("box-broken", "code=%s", lt_code(status));
    }
    while (batch.count > 0) {
        struct job *job = LIST_ENTRY(list_pop(&batch), struct job, node);
        job->status = status == LT_OK ? job->status : status;
        job->done = true;
    }
    pthread_cond_broadcast(&box->changed);
}

enum lt_status box_commit(struct box *box, enum lt_status (*run)(struct box_txn *txn, void *self),
                          void *self)
{
    struct job job = {.run = run, .self = self};
    list_node_init(&job.node);
    pthread_mutex_lock(&box->mutex);
    list_push(&box->jobs, &job.node);
    while (!job.done) {
        if (box->leading) {
            pthread_cond_wait(&box->changed, &box->mutex);
        } else {
            lead(box);
        }
    }
    pthread_mutex_unlock(&box->mutex);
    return job.status;
}
