/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Handing over: what lt_client_submit has accepted is on disk when it returns, whatever becomes of
 * the line, the process or the power. Any thread; threads that come together share one sync.
 *
 * Looking and putting happen in one job of the box: that the sender key is new, that there is room,
 * which transfer of the case stands in front. So two threads with the same key cannot both be
 * first. Bodies over LT_BODY_INLINE_MAX go to the local attachments before that, in the order file,
 * then reference: what is recorded never names a file that may be gone.
 *
 * How it fails: the request's own mistakes by name and field, LT_OUTBOX_FULL and LT_DISK_RESERVE as
 * push-back with nothing recorded, class stop when the box can no longer be trusted.
 */
#include <string.h>

#include "box_outbox.h"
#include "client_parts.h"
#include "content.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/header_check.h"
#include "proto/message.h"
#include "request.h"

#define ARENA_CHUNK_BYTES  65536
#define ARENA_BYTES_MAX    (1024 * 1024)
#define RESERVE_BYTES      (64ULL * 1024 * 1024)
#define LIST_LOOKS         1000 /* of one snapshot */
#define MAKER_AHEAD_MS_MAX (60 * 60 * 1000)

struct draft {
    struct lt_client *client;
    const struct lt_request *request;
    struct header header;
    struct lt_bytes body; /* inline; empty when it is attached */
    struct arena *arena;  /* of the job: reset at each run */
    struct lt_sent sent;
    int64_t now_ms;
    int64_t skew_ms;
    struct fault fault;
};

/* ---- the job ---- */

static enum lt_status known(struct box_txn *txn, struct draft *draft, uint64_t sequence)
{
    struct sent_record record;
    struct header before;
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    enum lt_status status = outbox_get(txn, sequence, &record);
    if (status != LT_OK) {
        return status == LT_NOT_FOUND ? LT_DAMAGED : status;
    }
    draft->sent = record.sent;
    draft->sent.known = true;
    if (digest_equal(&record.content, &draft->header.content_digest)) {
        return LT_OK;
    }
    const char *field = "";
    if (outbox_parcel(txn, sequence, &header_bytes, &body) == LT_OK &&
        header_read(header_bytes, draft->arena, &before, NULL) == LT_OK) {
        field = content_difference(&before, &draft->header);
    }
    char id[ID_TEXT_BYTES];
    id_write(id, &record.sent.id);
    return fault_set(&draft->fault, LT_KEY_CONFLICT, field,
                     "the key was first used for %s, case %s", id, record.sent.case_code);
}

static enum lt_status attachments_here(const struct draft *draft, struct fault *fault)
{
    for (uint32_t i = 0; i < draft->header.attachments_count; i++) {
        const struct attachment *one = &draft->header.attachments[i];
        uint64_t size = 0;
        bool complete = false;
        char hex[65];
        hex_write(hex, one->sha256.bytes, sizeof(one->sha256.bytes));
        enum lt_status status =
            blob_folder_have(draft->client->blobs, &one->sha256, &size, &complete);
        if (status != LT_OK) {
            return status;
        }
        if (!complete) {
            return fault_set(fault, LT_BLOB_MISSING, "attachments", "%s is not here", hex);
        }
        if (size != one->size) {
            return fault_set(fault, LT_ATTACHMENT_BAD, "attachments.size",
                             "%s has %llu bytes, not %llu", hex, (unsigned long long)size,
                             (unsigned long long)one->size);
        }
    }
    return LT_OK;
}

/* The time of the axis as far as it is known: an id of a wrong clock would be refused there. */
static int64_t axis_wall_ms(void *self)
{
    const struct draft *draft = self;
    return draft->now_ms + draft->skew_ms;
}

static struct lt_id id_make(struct box *box, struct draft *draft)
{
    struct lt_clock clock = {.self = draft, .wall_ms = axis_wall_ms};
    if (box->maker.last_ms > axis_wall_ms(draft) + MAKER_AHEAD_MS_MAX) {
        box->maker = (struct uuid7){0}; /* the clock was wrong before and is not now */
    }
    return uuid7_next(&box->maker, &clock, box->entropy);
}

/* What only the outbox knows: id, predecessor, times. Then the header's bytes. */
static enum lt_status complete_header(struct box_txn *txn, struct draft *draft,
                                      struct lt_bytes *ret_bytes)
{
    struct header *header = &draft->header;
    struct sent_record before;
    struct lt_id none = {{0}};
    enum lt_status status = outbox_before(txn, draft->request->case_code, UINT64_MAX, &before);
    if (status != LT_OK && status != LT_NOT_FOUND) {
        return status;
    }
    header->after = status == LT_OK ? outbox_axis_id(&before) : none;
    header->id = id_make(txn->box, draft);
    header->handed_over_ms = draft->now_ms;
    header->skew_ms = draft->skew_ms;
    status = header_check(header, axis_wall_ms(draft), &draft->fault);
    if (status != LT_OK) {
        return status;
    }
    status = header_write(header, draft->arena, ret_bytes);
    if (status == LT_FRAME_TOO_LARGE ||
        (status == LT_OK && ret_bytes->size > LT_HEADER_BYTES_MAX)) {
        return fault_set(&draft->fault, LT_FIELD_BAD, "header", "over %d bytes",
                         LT_HEADER_BYTES_MAX);
    }
    return status;
}

static struct sent_record record_of(const struct draft *draft, struct lt_bytes header_bytes)
{
    const struct header *header = &draft->header;
    struct sent_record record = {
        .sent = {.id = header->id,
                 .state = LT_SENT_RECORDED,
                 .recorded_ms = draft->now_ms,
                 .kind = header->kind,
                 .sender_key_size = (uint32_t)header->sender_key.size},
        .content = header->content_digest,
        .wire_bytes = (uint32_t)parcel_bytes(header_bytes.size, draft->body.size),
        .bytes = (uint32_t)(header_bytes.size + draft->body.size),
        .attachments = header->attachments_count,
        .to_count = header->to_count,
    };
    text_copy(record.sent.case_code, sizeof(record.sent.case_code), header->case_code);
    memcpy(record.sent.sender_key, header->sender_key.data, header->sender_key.size);
    return record;
}

static enum lt_status submit_run(struct box_txn *txn, void *self)
{
    struct draft *draft = self;
    struct lt_bytes header_bytes;
    uint64_t sequence = 0;
    fault_init(&draft->fault);
    arena_reset(draft->arena);
    enum lt_status status = outbox_by_key(txn, draft->header.sender_key, &sequence);
    if (status == LT_OK) {
        return known(txn, draft, sequence);
    }
    if (status == LT_NOT_FOUND) {
        status = complete_header(txn, draft, &header_bytes);
    }
    if (status == LT_OK) {
        status = attachments_here(draft, &draft->fault);
    }
    if (status != LT_OK) {
        return status;
    }
    struct sent_record record = record_of(draft, header_bytes);
    if (txn->counts.waiting_bytes + record.bytes > draft->client->outbox_bytes_max) {
        return fault_set(&draft->fault, LT_OUTBOX_FULL, "outbox", "%llu bytes wait, at most %llu",
                         (unsigned long long)txn->counts.waiting_bytes,
                         (unsigned long long)draft->client->outbox_bytes_max);
    }
    outbox_add(txn, &record, header_bytes, draft->body, draft->header.attachments);
    draft->sent = record.sent;
    return LT_OK;
}

/* ---- the call ---- */

/* Checks that need no look into the box; a job must not begin with what cannot be a key. */
static enum lt_status draft_check(const struct draft *draft, struct fault *fault)
{
    const struct header *header = &draft->header;
    if (header->sender_key.size == 0 || header->sender_key.size > LT_SENDER_KEY_MAX) {
        return fault_set(fault, LT_SENDER_KEY_BAD, "sender_key", "%zu bytes; 1 to %d are allowed",
                         header->sender_key.size, LT_SENDER_KEY_MAX);
    }
    if (header->case_code.size == 0) {
        return fault_set(fault, LT_FIELD_MISSING, "case_code", "required");
    }
    if (header->case_code.size > LT_CASE_CODE_MAX) {
        return fault_set(fault, LT_FIELD_BAD, "case_code", "%zu bytes, at most %d",
                         header->case_code.size, LT_CASE_CODE_MAX);
    }
    return LT_OK;
}

/* Before anything grows: below the reserve only answers and outcomes still write. */
static enum lt_status disk_check(struct lt_client *client, uint64_t bytes, struct fault *fault)
{
    uint64_t left = 0;
    enum lt_status status = disk_free(client->folder, &left, fault);
    if (status == LT_OK && left < RESERVE_BYTES + bytes) {
        status = fault_set(fault, LT_DISK_RESERVE, "disk", "%llu bytes are free",
                           (unsigned long long)left);
    }
    return status;
}

static enum lt_status submit(struct draft *draft, struct arena *arena, struct digester *digester)
{
    struct lt_client *client = draft->client;
    const struct lt_request *request = draft->request;
    enum lt_status status = request_header(request, client->agency, draft->now_ms, digester, arena,
                                           &draft->header, &draft->fault);
    if (status == LT_OK) {
        status = draft_check(draft, &draft->fault);
    }
    if (status == LT_OK) {
        status = disk_check(client, request->body.size, &draft->fault);
    }
    if (status == LT_OK && draft->header.body_attached) {
        status = blob_folder_bring(client->blobs, &draft->header.body_sha256, request->body,
                                   &draft->fault);
    } else if (status == LT_OK) {
        draft->body = request->body;
    }
    if (status != LT_OK) {
        return status;
    }
    status = box_commit(client->box, submit_run, draft);
    return status == LT_FULL ? LT_DISK_RESERVE : status;
}

enum lt_status lt_client_submit(struct lt_client *client, const struct lt_request *request,
                                struct lt_sent *ret_sent, struct lt_problem *problem)
{
    struct arena arena;
    struct arena job_arena;
    struct digester *digester = NULL;
    struct draft draft = {.client = client,
                          .request = request,
                          .arena = &job_arena,
                          .now_ms = client_wall_ms(client)};
    fault_init(&draft.fault);
    pthread_mutex_lock(&client->mutex);
    draft.skew_ms = client->state.skew_ms;
    pthread_mutex_unlock(&client->mutex);

    enum lt_status status = arena_init(&arena, ARENA_CHUNK_BYTES / 4, ARENA_BYTES_MAX);
    if (status != LT_OK) {
        return client_problem(problem, status, NULL);
    }
    status = arena_init(&job_arena, ARENA_CHUNK_BYTES, ARENA_BYTES_MAX);
    if (status != LT_OK) {
        arena_deinit(&arena);
        return client_problem(problem, status, NULL);
    }
    status = digester_open(&digester);
    if (status == LT_OK) {
        status = submit(&draft, &arena, digester);
    }
    digester_close(&digester);
    arena_deinit(&job_arena);
    arena_deinit(&arena);
    if (lt_class(status) == LT_CLASS_STOP) {
        client_fail(client, status, "submit");
    }
    if (status != LT_OK) {
        return client_problem(problem, status, &draft.fault);
    }
    if (!draft.sent.known) {
        client_wake(client);
    }
    *ret_sent = draft.sent;
    return LT_OK;
}

/* ---- looking ---- */

enum lt_status lt_client_sent(struct lt_client *client, const struct lt_id *id,
                              struct lt_sent *ret_sent)
{
    struct box_txn txn;
    struct sent_record record;
    uint64_t sequence = 0;
    enum lt_status status = box_read(client->box, &txn);
    if (status != LT_OK) {
        return status;
    }
    status = outbox_by_id(&txn, id, &sequence);
    if (status == LT_OK) {
        status = outbox_get(&txn, sequence, &record);
    }
    box_read_end(&txn);
    if (status == LT_OK) {
        *ret_sent = record.sent;
        ret_sent->known = true;
    }
    return status == LT_NOT_FOUND ? LT_NOT_HERE : status;
}

enum lt_status lt_client_wait(struct lt_client *client, const struct lt_id *id, int timeout_ms,
                              struct lt_sent *ret_sent)
{
    struct client_wait wait;
    client_wait_start(client, timeout_ms, &wait);
    for (;;) {
        enum lt_status status = lt_client_sent(client, id, ret_sent);
        if (status != LT_OK || ret_sent->state != LT_SENT_RECORDED) {
            return status;
        }
        if (!client_wait_more(&wait)) {
            return LT_TIMEOUT;
        }
    }
}

uint32_t lt_client_sent_list(struct lt_client *client, const struct lt_sent_filter *filter,
                             uint64_t after, struct lt_sent *out, uint32_t count)
{
    static const struct lt_sent_filter every = {.case_code = NULL};
    uint32_t found = 0;
    filter = filter != NULL ? filter : &every;
    if (filter->case_code != NULL &&
        (filter->case_code[0] == '\0' || strlen(filter->case_code) > LT_CASE_CODE_MAX)) {
        return 0;
    }
    while (found < count && after != UINT64_MAX) {
        struct box_txn txn;
        uint32_t more = 0;
        if (box_read(client->box, &txn) != LT_OK) {
            break;
        }
        enum lt_status status =
            outbox_list(&txn, filter, after, LIST_LOOKS, out + found, count - found, &more, &after);
        box_read_end(&txn);
        found += status == LT_OK ? more : 0;
        if (status != LT_OK) {
            break;
        }
    }
    return found;
}
