/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The signer's loop: follow what is durable, sign when something is unsigned and the last signature
 * is `checkpoint_ms` old, tell the receipts of what the signature covers, answer what was asked.
 *
 * What the core says reaches it through atomics and a queue of wishes, what it says goes back
 * through a queue of news; a full queue drops receipts (counted, they may be asked for), never a
 * transfer. The newest checkpoint is copied under a lock of its own for whoever says Welcome.
 */
#include "log_signer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/journal/fact.h"
#include "broker/limits.h"
#include "log_news.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/queue.h"
#include "proto/base/text.h"

#define WISHES_MAX 1024
#define NEWS_MAX   8192
#define IDLE_MS    1000
#define FOLLOW_MAX 256 /* records between two looks at wishes and the clock */

struct log_signer {
    struct log_signer_options options;
    struct log_store *log; /* NULL while it is to be opened anew */
    struct pending *pending;
    struct digester *digester;
    struct queue *wishes;
    struct queue *news;
    pthread_t thread;
    bool runs;
    bool failed;       /* told */
    int64_t signed_ms; /* monotonic */
    int64_t again_ms;
    char (*ids)[LT_AGENCY_ID_MAX + 1]; /* learnt before it failed; NULL: it never did */
    char key[NOTE_VKEY_MAX];
    pthread_mutex_t lock; /* of the newest checkpoint and what is told about the log */
    uint8_t note[NOTE_BYTES_MAX];
    size_t note_size;
    struct log_about about;
    struct log_wish wake; /* wakes the thread that waits for wishes; never answered, never freed */
    atomic_bool stopping;
    _Atomic uint64_t durable;
    _Atomic int64_t time_ms;
};

static int64_t mono_ms(const struct log_signer *signer)
{
    return signer->options.clock->mono_ms(signer->options.clock->self);
}

enum lt_status log_key_make(const char *path, struct fault *fault)
{
    char public_path[512];
    if (access(path, F_OK) == 0) {
        return LT_OK;
    }
    snprintf(public_path, sizeof(public_path), "%.500s.pub", path);
    enum lt_status status = signer_make_file(SIGN_ED25519, 0, path, public_path, fault);
    if (status == LT_OK) {
        log_info("log-key-made", "path=%s", path);
    }
    return status;
}

/* ---- the log, opened and told about ---- */

static void keep_about(struct log_signer *signer)
{
    struct lt_bytes note = log_checkpoint(signer->log);
    pthread_mutex_lock(&signer->lock);
    memcpy(signer->note, note.data, note.size);
    signer->note_size = note.size;
    signer->about.size = log_size(signer->log);
    signer->about.signed_size = log_signed(signer->log).size;
    signer->about.position = log_position(signer->log);
    signer->about.incarnation = log_incarnation(signer->log);
    pthread_mutex_unlock(&signer->lock);
}

static void count(struct log_signer *signer, uint64_t *counter, uint64_t more)
{
    pthread_mutex_lock(&signer->lock);
    *counter += more;
    pthread_mutex_unlock(&signer->lock);
}

static enum lt_status open_log(struct log_signer *signer, struct fault *fault)
{
    struct log_options options = signer->options.log;
    struct note_key key = {options.name, NULL};
    char vkey_path[512];
    enum lt_status status = signer_open_file(signer->options.signing_key, &options.signer, fault);
    if (status == LT_OK && signer->options.signing_key_next != NULL) {
        status = signer_open_file(signer->options.signing_key_next, &options.next, fault);
    }
    if (status != LT_OK) {
        signer_close(&options.signer);
        return status;
    }
    key.key = options.signer.public_key;
    if (!note_vkey_write(signer->key, signer->digester, &key)) {
        status = fault_set(fault, LT_CONFIG_BAD, "log.signing_key",
                           "a key of Ed25519 or P-256 signs checkpoints");
    }
    if (status == LT_OK) {
        status = log_store_open(&signer->log, &options, fault);
    }
    if (status != LT_OK) {
        signer_close(&options.signer);
        signer_close(&options.next);
        return status;
    }
    /* For those who verify the folder without a broker. */
    snprintf(vkey_path, sizeof(vkey_path), "%s/key", options.folder);
    status = file_write(vkey_path, text_bytes(signer->key), 0644, fault);
    if (status == LT_OK) {
        keep_about(signer);
    }
    return status;
}

/* Opened again, it asks nobody: the registry is the core's. */
static void tell_ids(void *self, struct leaves *leaves)
{
    const struct log_signer *signer = self;
    for (uint32_t i = 1; i <= AGENCIES_MAX; i++) {
        if (signer->ids[i][0] != '\0') {
            leaves_name(leaves, i, signer->ids[i]);
        }
    }
}

static void keep_ids(struct log_signer *signer)
{
    size_t bytes = (AGENCIES_MAX + 1) * sizeof(signer->ids[0]);
    if (signer->ids == NULL) {
        signer->ids = malloc(bytes);
    }
    if (signer->ids != NULL) {
        memcpy(signer->ids, log_leaves(signer->log)->ids, bytes);
        signer->options.log.names = tell_ids;
        signer->options.log.names_self = signer;
    }
}

static void fail(struct log_signer *signer, enum lt_status status, const struct fault *fault)
{
    if (!signer->failed) {
        log_error("log-stopped", "code=%s field=%s detail=%s", lt_code(status), fault->field,
                  fault->detail);
    }
    signer->failed = true;
    count(signer, &signer->about.failures, 1);
    pending_clear(signer->pending);
    if (signer->log != NULL) {
        keep_ids(signer);
    }
    log_store_close(&signer->log);
    signer->again_ms = mono_ms(signer) + LOG_AGAIN_MS;
}

static bool open_again(struct log_signer *signer)
{
    struct fault fault;
    if (mono_ms(signer) < signer->again_ms || signer->ids == NULL) {
        return false;
    }
    fault_init(&fault);
    signer->options.log.journal_last = atomic_load(&signer->durable);
    enum lt_status status = open_log(signer, &fault);
    if (status != LT_OK) {
        fail(signer, status, &fault);
        return false;
    }
    return true;
}

/* ---- news ---- */

static void give(void *context, struct log_news *news)
{
    struct log_signer *signer = context;
    uint64_t leaves = news->kind == NEWS_RECEIPTS ? news->receipts.count : 0;
    if (queue_push(signer->news, news)) {
        count(signer, &signer->about.receipts, leaves);
        return;
    }
    count(signer, &signer->about.dropped, leaves);
    free(news);
}

/* Whose acceptance stands at a position? */
struct owner {
    uint64_t position;
    uint32_t agency;
};

static enum lt_status owner_look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct owner *owner = context;
    struct record record;
    struct fact fact;
    struct fact_accepted accepted;
    if (first > owner->position || record_read(bytes, &record, NULL) != LT_OK ||
        owner->position - record.first >= record.count ||
        record_fact(&record, (uint32_t)(owner->position - record.first), &fact) != LT_OK ||
        fact.kind != FACT_ACCEPTED || !fact_read_accepted(fact.payload, &accepted)) {
        return LT_NOT_FOUND;
    }
    owner->agency = accepted.from;
    return LT_OK;
}

/* May the agency see this leaf? It is hers, or the outcome of a transfer she sent. */
static bool may_see(const struct log_signer *signer, const struct log_leaf *item, uint32_t agency)
{
    struct leaf leaf;
    struct owner owner;
    const struct journal_backend *backend = &signer->options.log.backend;
    if (item->agency == agency) {
        return true;
    }
    if (!leaf_read(item->bytes, &leaf) || leaf.kind != LEAF_OUTCOME) {
        return false;
    }
    owner = (struct owner){leaf.outcome.accepted, 0};
    return backend->view(backend->self, owner.position, owner_look, &owner) == LT_OK &&
           owner.agency == agency;
}

/* LT_NOT_FOUND: no leaf of hers is there, or no checkpoint covers it yet. */
static enum lt_status answer_receipt(struct log_signer *signer, const struct log_wish *wish,
                                     struct log_news **ret_news, struct fault *fault)
{
    uint64_t index;
    const struct leaves *leaves = log_leaves(signer->log);
    enum lt_status status = log_find(signer->log, wish->position, &index, fault);
    if (status != LT_OK) {
        return status;
    }
    for (uint32_t i = 0; i < leaves->count; i++) {
        struct news_part part = {wish->agency, wish->session, &i, 1};
        if (leaves->items[i].position == wish->position &&
            may_see(signer, &leaves->items[i], wish->agency)) {
            struct leaf_set set = leaf_set_of(leaves);
            return news_receipts(signer->log, signer->digester, &set, index, &part, ret_news,
                                 fault);
        }
    }
    return LT_NOT_FOUND;
}

static void answer(struct log_signer *signer, const struct log_wish *wish)
{
    struct log_news *news = NULL;
    struct fault fault;
    enum lt_status status = LT_NOT_FOUND;
    fault_init(&fault);
    if (wish->position != 0) {
        status = answer_receipt(signer, wish, &news, &fault);
    } else if (log_checkpoint(signer->log).size > 0) {
        status = news_proof(signer->log, wish, signer->options.log.name, &news, &fault);
    }
    if (status != LT_OK) {
        news = calloc(1, sizeof(*news));
        if (news == NULL) {
            return;
        }
        news->kind = NEWS_PROOF;
        news->agency = wish->agency;
        news->session = wish->session;
        news->proof =
            (struct log_proof){.number = wish->number,
                               .code = status == LT_NOT_FOUND ? LT_NOT_HERE : (uint32_t)LT_BUSY};
    }
    give(signer, news);
}

static void answer_wishes(struct log_signer *signer, struct log_wish *wish)
{
    while (wish != NULL) {
        if (wish != &signer->wake) {
            if (signer->log != NULL) {
                answer(signer, wish);
            }
            free(wish);
        }
        wish = queue_pop(signer->wishes);
    }
}

/* ---- following and signing ---- */

static enum lt_status follow(struct log_signer *signer, struct fault *fault)
{
    uint64_t durable = atomic_load(&signer->durable);
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < FOLLOW_MAX && status == LT_OK; i++) {
        status = log_follow(signer->log, durable, fault);
        const struct leaves *leaves = log_leaves(signer->log);
        if (status == LT_OK && leaves->count > 0 &&
            !pending_add(signer->pending, leaves, log_size(signer->log) - 1)) {
            count(signer, &signer->about.dropped, leaves->count);
        }
    }
    pthread_mutex_lock(&signer->lock);
    signer->about.size = log_size(signer->log);
    signer->about.position = log_position(signer->log);
    pthread_mutex_unlock(&signer->lock);
    return status;
}

static enum lt_status sign(struct log_signer *signer, struct fault *fault)
{
    enum lt_status status = log_sign(signer->log, atomic_load(&signer->time_ms), fault);
    while (status == LT_OK && pending_any(signer->pending)) {
        status = pending_tell(signer->pending, signer->log, signer->digester, give, signer, fault);
    }
    if (status == LT_OK) {
        signer->signed_ms = mono_ms(signer);
        count(signer, &signer->about.checkpoints, 1);
        keep_about(signer);
        if (signer->failed) {
            log_info("log-goes-on", "size=%llu", (unsigned long long)log_size(signer->log));
        }
        signer->failed = false;
    }
    return status;
}

/* One round; how long to wait before the next. */
static int work(struct log_signer *signer, struct log_wish *wish)
{
    struct fault fault;
    fault_init(&fault);
    if (signer->log == NULL && !open_again(signer)) {
        answer_wishes(signer, wish);
        return IDLE_MS;
    }
    enum lt_status status = follow(signer, &fault);
    bool more = status == LT_OK;
    int64_t due_ms = signer->signed_ms + signer->options.checkpoint_ms - mono_ms(signer);
    bool open = (status == LT_OK || status == LT_AGAIN) && log_unsigned(signer->log);
    if (open && due_ms <= 0) {
        status = sign(signer, &fault);
        open = false;
    }
    if (status != LT_OK && status != LT_AGAIN) {
        fail(signer, status, &fault);
        answer_wishes(signer, wish);
        return IDLE_MS;
    }
    answer_wishes(signer, wish);
    return more ? 0 : open ? (int)due_ms : IDLE_MS;
}

static void *run(void *self)
{
    struct log_signer *signer = self;
    struct log_wish *wish = NULL;
    while (!atomic_load(&signer->stopping)) {
        int wait_ms = work(signer, wish);
        wish = queue_wait(signer->wishes, wait_ms);
    }
    answer_wishes(signer, wish);
    return NULL;
}

/* ---- opening ---- */

enum lt_status log_signer_open(struct log_signer **ret_signer,
                               const struct log_signer_options *options, struct fault *fault)
{
    struct log_signer *signer = calloc(1, sizeof(*signer));
    if (signer == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "log", "no memory");
    }
    signer->options = *options;
    pthread_mutex_init(&signer->lock, NULL);
    atomic_store(&signer->durable, options->log.journal_last);
    enum lt_status status = digester_open(&signer->digester);
    if (status == LT_OK) {
        status = pending_open(&signer->pending);
    }
    if (status == LT_OK) {
        status = queue_open(&signer->wishes, WISHES_MAX);
    }
    if (status == LT_OK) {
        status = queue_open(&signer->news, NEWS_MAX);
    }
    if (status == LT_OK) {
        status = open_log(signer, fault);
    }
    signer->signed_ms = mono_ms(signer) - options->checkpoint_ms;
    if (status == LT_OK) {
        log_info("log-open", "size=%llu position=%llu incarnation=%u key=%s",
                 (unsigned long long)signer->about.size, (unsigned long long)signer->about.position,
                 signer->about.incarnation, signer->key);
    }
    if (status == LT_OK && options->threaded) {
        signer->runs = pthread_create(&signer->thread, NULL, run, signer) == 0;
        status = signer->runs ? LT_OK : LT_LIMIT_BAD;
    }
    if (status != LT_OK) {
        fault_set(fault, status, "log", "cannot be opened");
        log_signer_close(&signer);
        return status;
    }
    *ret_signer = signer;
    return LT_OK;
}

void log_signer_close(struct log_signer **signer_p)
{
    struct log_signer *signer = *signer_p;
    struct log_wish *wish;
    struct log_news *news;
    if (signer == NULL) {
        return;
    }
    *signer_p = NULL;
    if (signer->runs) {
        atomic_store(&signer->stopping, true);
        queue_stop(signer->wishes);
        pthread_join(signer->thread, NULL);
    }
    while (signer->wishes != NULL && (wish = queue_pop(signer->wishes)) != NULL) {
        if (wish != &signer->wake) {
            free(wish);
        }
    }
    while (signer->news != NULL && (news = queue_pop(signer->news)) != NULL) {
        free(news);
    }
    if (signer->wishes != NULL) {
        queue_close(&signer->wishes);
    }
    if (signer->news != NULL) {
        queue_close(&signer->news);
    }
    log_store_close(&signer->log);
    pending_close(&signer->pending);
    digester_close(&signer->digester);
    free(signer->ids);
    pthread_mutex_destroy(&signer->lock);
    free(signer);
}

/* ---- the door ---- */

static void door_tell(void *self, uint64_t durable, int64_t time_ms)
{
    struct log_signer *signer = self;
    atomic_store(&signer->durable, durable);
    atomic_store(&signer->time_ms, time_ms);
    if (signer->runs && queue_count(signer->wishes) == 0 &&
        !queue_push(signer->wishes, &signer->wake)) {
        return; /* full is awake */
    }
}

static bool door_ask(void *self, const struct log_wish *wish)
{
    struct log_signer *signer = self;
    struct log_wish *copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        return false;
    }
    *copy = *wish;
    if (!queue_push(signer->wishes, copy)) {
        free(copy);
        return false;
    }
    return true;
}

static struct log_news *door_take(void *self)
{
    struct log_signer *signer = self;
    struct log_news *news = queue_pop(signer->news);
    if (news == NULL && !signer->runs && work(signer, queue_pop(signer->wishes)) >= 0) {
        news = queue_pop(signer->news);
    }
    return news;
}

static int door_fd(void *self)
{
    const struct log_signer *signer = self;
    return signer->runs ? queue_fd(signer->news) : -1;
}

static size_t door_checkpoint(void *self, uint8_t out[NOTE_BYTES_MAX])
{
    struct log_signer *signer = self;
    pthread_mutex_lock(&signer->lock);
    size_t size = signer->note_size;
    memcpy(out, signer->note, size);
    pthread_mutex_unlock(&signer->lock);
    return size;
}

static void door_about(void *self, struct log_about *ret_about)
{
    struct log_signer *signer = self;
    pthread_mutex_lock(&signer->lock);
    *ret_about = signer->about;
    pthread_mutex_unlock(&signer->lock);
}

struct log_door log_signer_door(struct log_signer *signer)
{
    return (struct log_door){
        .self = signer,
        .tell = door_tell,
        .ask = door_ask,
        .take = door_take,
        .fd = door_fd,
        .checkpoint = door_checkpoint,
        .key = signer->key,
        .about = door_about,
    };
}
