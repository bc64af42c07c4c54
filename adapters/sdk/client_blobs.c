/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Attachments of a client: the local side that any thread may call, and the moving of files between
 * the local folder and the axis on the network thread.
 *
 * Up: a transfer that names files waits in the pump until the axis has stored each of them; jobs
 * are given in the order of the transfers, and given again after a restart. Down: a delivery that
 * names files is not shown before they are here. The connection for files is opened when there is
 * something to move and closed after IDLE_MS without.
 *
 * How it fails: a file the axis refuses for good makes the transfer refused; a file the axis will
 * not give makes the delivery a technical failure, so that somebody hears of it. Everything else
 * waits and is tried again, and the client's state says how many files wait.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blob_client.h"
#include "box_blobs.h"
#include "box_inbox.h"
#include "box_outbox.h"
#include "client_parts.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define IDLE_MS       30000
#define LOOK_AGAIN_MS 60000
#define CONNECT_MS    5000 /* between two tries to open the connection */
#define HEADER_ARENA  (1 << 20)

struct mover {
    struct blob_client *moving; /* NULL: nothing to move */
    struct client_zmq *socket;
    bool wanted;         /* somebody asked for a file while there was no connection */
    bool look;           /* deliveries may miss files */
    int64_t look_due_ms; /* monotonic; 0: none */
    int64_t idle_ms;     /* monotonic time since which nothing moves */
    int64_t connect_ms;  /* monotonic time of the next try */
    uint64_t waiting;    /* uploads asked for and not done */
};

/* ---- the local side: any thread ---- */

enum lt_status lt_client_blob_have(struct lt_client *client, const struct lt_digest *sha256,
                                   uint64_t *ret_offset, bool *ret_complete)
{
    return blob_folder_have(client->blobs, sha256, ret_offset, ret_complete);
}

enum lt_status lt_client_blob_put(struct lt_client *client, const struct lt_digest *sha256,
                                  uint64_t offset, struct lt_bytes bytes, bool last,
                                  struct lt_problem *problem)
{
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = blob_folder_put(client->blobs, sha256, offset, bytes, last, &fault);
    status = status == LT_FULL ? LT_DISK_RESERVE : status;
    return status == LT_OK ? LT_OK : client_problem(problem, status, &fault);
}

enum lt_status lt_client_blob_path(struct lt_client *client, const struct lt_digest *sha256,
                                   char *out, uint32_t out_size)
{
    uint64_t size = 0;
    return blob_folder_path(client->blobs, sha256, out, out_size, &size);
}

/* ---- the connection ---- */

enum lt_status mover_open(struct lt_client *client, struct fault *fault)
{
    (void)fault;
    client->mover = calloc(1, sizeof(*client->mover));
    if (client->mover == NULL) {
        return LT_NO_MEMORY;
    }
    client->mover->look = true; /* what an earlier run left incomplete */
    return LT_OK;
}

static void disconnect(struct mover *mover)
{
    if (mover->moving != NULL) {
        blob_client_close(&mover->moving);
    }
    client_zmq_close(&mover->socket);
}

void mover_close(struct lt_client *client)
{
    if (client->mover == NULL) {
        return;
    }
    disconnect(client->mover);
    free(client->mover);
    client->mover = NULL;
}

struct client_zmq *mover_socket(struct lt_client *client)
{
    return client->mover->socket;
}

uint64_t mover_uploads(const struct lt_client *client)
{
    return client->mover->waiting;
}

/* What was configured, else what Welcome says, else the next port of the same host. */
static bool endpoint_find(const struct lt_client *client, char *out, size_t out_size)
{
    const char *named = client->blob_endpoint;
    if (named[0] == '\0') {
        named = client->session.blob_endpoint;
    }
    if (named[0] != '\0') {
        return snprintf(out, out_size, "%s", named) < (int)out_size;
    }
    const char *colon = strrchr(client->endpoint, ':');
    long port = colon != NULL ? strtol(colon + 1, NULL, 10) : 0;
    if (port <= 0 || port >= 65535) {
        return false;
    }
    int length = snprintf(out, out_size, "%.*s:%ld", (int)(colon - client->endpoint),
                          client->endpoint, port + 1);
    return length > 0 && (size_t)length < out_size;
}

static enum lt_status connect_socket(struct lt_client *client, struct client_port *ret_port,
                                     struct fault *fault)
{
    char endpoint[256];
    if (client->blob_port != NULL) {
        *ret_port = *client->blob_port;
        return LT_OK;
    }
    if (client->net == NULL || !endpoint_find(client, endpoint, sizeof(endpoint))) {
        return fault_set(fault, LT_CONFIG_BAD, "blob_endpoint", "none is known");
    }
    enum lt_status status = client_connect(client, endpoint, &client->mover->socket, fault);
    if (status == LT_OK) {
        *ret_port = client_zmq_port(client->mover->socket);
    }
    return status;
}

static bool connected(struct lt_client *client)
{
    struct mover *mover = client->mover;
    struct blob_client_options options = {
        .clock = client->clock, .upload_bytes_per_s = (uint64_t)client->blob_kib_s * 1024};
    struct fault fault;
    int64_t now_ms = client_mono_ms(client);
    if (mover->moving != NULL) {
        return true;
    }
    if (!client->session.open || now_ms < mover->connect_ms) {
        mover->wanted = true; /* files go up only beside a session */
        return false;
    }
    fault_init(&fault);
    enum lt_status status = connect_socket(client, &options.port, &fault);
    if (status == LT_OK) {
        status = blob_client_open(&mover->moving, &options, &fault);
    }
    if (status != LT_OK) {
        client_zmq_close(&mover->socket);
        client_note(client, status, fault.detail);
        mover->connect_ms = now_ms + CONNECT_MS;
        mover->wanted = true;
        return false;
    }
    mover->idle_ms = now_ms;
    return true;
}

/* ---- up ---- */

/* The attachments of a transfer that the axis does not have; the list is in the arena. */
static enum lt_status missing_list(struct lt_client *client, uint64_t sequence, struct arena *arena,
                                   struct attachment **ret_list, uint32_t *ret_count)
{
    struct box_txn txn;
    struct header header;
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    uint32_t count = 0;
    enum lt_status status = box_read(client->box, &txn);
    if (status != LT_OK) {
        return status;
    }
    status = outbox_parcel(&txn, sequence, &header_bytes, &body);
    if (status == LT_OK) {
        status = header_read(header_bytes, arena, &header, NULL);
    }
    for (uint32_t i = 0; status == LT_OK && i < header.attachments_count; i++) {
        if (!box_blob_is_uploaded(&txn, &header.attachments[i].sha256)) {
            header.attachments[count++] = header.attachments[i];
        }
    }
    box_read_end(&txn);
    if (status == LT_OK) {
        *ret_list = header.attachments;
        *ret_count = count;
    }
    return status;
}

static void upload_ask(struct lt_client *client, const struct attachment *one)
{
    char path[BLOB_PATH_BYTES];
    uint64_t size = 0;
    uint64_t number = 0;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status =
        blob_folder_path(client->blobs, &one->sha256, path, sizeof(path), &size);
    if (status == LT_OK) {
        status =
            blob_client_upload(client->mover->moving, path, &one->sha256, size, &number, &fault);
    }
    if (status != LT_OK && status != LT_EXISTS && status != LT_BUSY) {
        client_note(client, status, "an attachment cannot be read");
        client->mover->look_due_ms = client_mono_ms(client) + LOOK_AGAIN_MS;
    }
}

bool mover_uploaded(struct lt_client *client, uint64_t sequence)
{
    struct arena arena;
    struct attachment *list = NULL;
    uint32_t count = 0;
    if (arena_init(&arena, 16384, HEADER_ARENA) != LT_OK) {
        return false;
    }
    enum lt_status status = missing_list(client, sequence, &arena, &list, &count);
    for (uint32_t i = 0; status == LT_OK && i < count && connected(client); i++) {
        upload_ask(client, &list[i]);
    }
    arena_deinit(&arena);
    if (status != LT_OK) {
        client_note(client, status, "a transfer in the outbox cannot be read");
    }
    return status == LT_OK && count == 0;
}

struct forgetting {
    struct arena *arena;
    uint64_t sequence;
    struct lt_digest one;
    bool one_known;
};

static enum lt_status missing_run(struct box_txn *txn, void *self)
{
    struct forgetting *forgetting = self;
    struct header header;
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    if (forgetting->one_known) {
        box_blob_missing(txn, &forgetting->one);
        return LT_OK;
    }
    arena_reset(forgetting->arena);
    enum lt_status status = outbox_parcel(txn, forgetting->sequence, &header_bytes, &body);
    if (status == LT_OK) {
        status = header_read(header_bytes, forgetting->arena, &header, NULL);
    }
    for (uint32_t i = 0; status == LT_OK && i < header.attachments_count; i++) {
        box_blob_missing(txn, &header.attachments[i].sha256);
    }
    return status;
}

void mover_missing(struct lt_client *client, uint64_t sequence, struct lt_bytes hex)
{
    struct arena arena;
    struct forgetting forgetting = {.arena = &arena, .sequence = sequence};
    char text[65];
    text_copy(text, sizeof(text), hex);
    forgetting.one_known =
        hex.size == 64 && hex_read(forgetting.one.bytes, sizeof(forgetting.one.bytes), text);
    enum lt_status status = arena_init(&arena, 16384, HEADER_ARENA);
    if (status == LT_OK) {
        status = box_commit(client->box, missing_run, &forgetting);
        arena_deinit(&arena);
    }
    if (status != LT_OK) {
        client_fail(client, status, "upload");
    }
}

static enum lt_status uploaded_run(struct box_txn *txn, void *self)
{
    box_blob_uploaded(txn, self);
    return LT_OK;
}

static void upload_done(struct lt_client *client, struct blob_done *done)
{
    if (done->status != LT_OK) {
        log_warn("upload-refused", "agency=%s code=%s detail=%s", client->agency,
                 lt_code(done->status), done->fault.detail);
        pump_refused(client, &done->sha256, done->status, done->fault.detail);
        return;
    }
    enum lt_status status = box_commit(client->box, uploaded_run, &done->sha256);
    if (status != LT_OK) {
        client_fail(client, status, "upload");
        return;
    }
    pump_uploaded(client);
}

/* ---- down ---- */

void mover_look(struct lt_client *client)
{
    client->mover->look = true;
}

/* One delivery that misses files: asks for them; true when it misses none any more. */
static bool delivery_look(struct lt_client *client, const struct header *header)
{
    bool whole = true;
    for (uint32_t i = 0; i < header->attachments_count; i++) {
        const struct attachment *one = &header->attachments[i];
        char path[BLOB_PATH_BYTES];
        uint64_t offset = 0;
        uint64_t number = 0;
        bool complete = false;
        enum lt_status status = blob_folder_have(client->blobs, &one->sha256, &offset, &complete);
        if (status == LT_OK && complete) {
            continue;
        }
        whole = false;
        if (!blob_folder_room(client->blobs, one->size)) {
            client_note(client, LT_BLOB_QUOTA, "no room for attachments of deliveries");
            client->mover->look_due_ms = client_mono_ms(client) + LOOK_AGAIN_MS;
            continue;
        }
        if (connected(client) &&
            blob_folder_place(client->blobs, &one->sha256, path, sizeof(path)) == LT_OK) {
            status = blob_client_download(client->mover->moving, path, &one->sha256, one->size,
                                          &number, NULL);
            if (status != LT_OK && status != LT_EXISTS && status != LT_BUSY) {
                client_note(client, status, "an attachment cannot be fetched");
            }
        }
    }
    return whole;
}

struct completing {
    uint64_t number;
    const struct lt_answer *answer; /* NULL: it is complete */
    int64_t now_ms;
};

static enum lt_status complete_run(struct box_txn *txn, void *self)
{
    const struct completing *completing = self;
    struct inbox_record record;
    struct open_record open;
    uint64_t number = 0;
    enum lt_status status = inbox_next(txn, completing->number - 1, &number, &open);
    if (status != LT_OK || number != completing->number) {
        return status == LT_NOT_FOUND ? LT_OK : status; /* answered meanwhile */
    }
    if (completing->answer == NULL) {
        inbox_complete(txn, number, &open);
        return LT_OK;
    }
    status = inbox_get(txn, number, &record);
    if (status == LT_OK) {
        inbox_answer(txn, number, &record, completing->answer, completing->now_ms);
    }
    return status;
}

static void complete(struct lt_client *client, uint64_t number, const struct lt_answer *answer)
{
    struct completing completing = {number, answer, client_wall_ms(client)};
    enum lt_status status = box_commit(client->box, complete_run, &completing);
    if (status != LT_OK) {
        client_fail(client, status, "attachments");
        return;
    }
    client_changed(client);
}

/* The next incomplete delivery after `after`, its header in the arena. */
static enum lt_status incomplete_next(struct lt_client *client, uint64_t after, struct arena *arena,
                                      uint64_t *ret_number, struct header *ret_header)
{
    struct box_txn txn;
    struct open_record open = {.complete = true};
    struct lt_bytes header;
    struct lt_bytes body;
    uint64_t number = after;
    enum lt_status status = box_read(client->box, &txn);
    if (status != LT_OK) {
        return status;
    }
    while (status == LT_OK && open.complete) {
        status = inbox_next(&txn, number, &number, &open);
    }
    if (status == LT_OK) {
        status = inbox_parcel(&txn, number, &header, &body);
    }
    if (status == LT_OK) {
        header = arena_copy(arena, header);
        status = header.data == NULL ? LT_NO_MEMORY : header_read(header, arena, ret_header, NULL);
    }
    box_read_end(&txn);
    if (status == LT_OK) {
        *ret_number = number;
    }
    return status;
}

static bool names(const struct header *header, const struct lt_digest *sha256)
{
    for (uint32_t i = 0; i < header->attachments_count; i++) {
        if (digest_equal(&header->attachments[i].sha256, sha256)) {
            return true;
        }
    }
    return false;
}

/* All incomplete deliveries: asks for files, completes, or gives up those that name `lost`. */
static void deliveries_look(struct lt_client *client, const struct lt_digest *lost)
{
    static const struct lt_answer failed = {
        .outcome = LT_OUTCOME_FAILED,
        .code = LT_RECEIVER_NEVER,
        .reason = "an attachment is not to be had from the axis",
        .permanent = true,
    };
    struct arena arena;
    struct header header;
    uint64_t number = 0;
    if (arena_init(&arena, 65536, HEADER_ARENA) != LT_OK) {
        return;
    }
    while (incomplete_next(client, number, &arena, &number, &header) == LT_OK) {
        if (lost != NULL && names(&header, lost)) {
            complete(client, number, &failed);
        } else if (delivery_look(client, &header)) {
            complete(client, number, NULL);
        }
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}

static void download_done(struct lt_client *client, const struct blob_done *done)
{
    if (done->status == LT_OK) {
        blob_folder_placed(client->blobs, done->size);
        client->mover->look = true;
        return;
    }
    log_warn("download-refused", "agency=%s code=%s detail=%s", client->agency,
             lt_code(done->status), done->fault.detail);
    deliveries_look(client, &done->sha256);
}

/* ---- the step ---- */

static void done_take(struct lt_client *client)
{
    struct mover *mover = client->mover;
    struct blob_done done;
    while (mover->moving != NULL && blob_client_next(mover->moving, &done)) {
        if (done.download) {
            download_done(client, &done);
        } else {
            upload_done(client, &done);
        }
    }
}

static void idle_look(struct lt_client *client)
{
    struct mover *mover = client->mover;
    int64_t now_ms = client_mono_ms(client);
    if (mover->moving == NULL) {
        return;
    }
    if (blob_client_count(mover->moving) > 0) {
        mover->idle_ms = now_ms;
    } else if (now_ms - mover->idle_ms >= IDLE_MS) {
        disconnect(mover);
    }
}

int mover_step(struct lt_client *client)
{
    struct mover *mover = client->mover;
    int64_t now_ms = client_mono_ms(client);
    if (mover->wanted && client->session.open && now_ms >= mover->connect_ms) {
        mover->wanted = false;
        mover->look = true;
        pump_uploaded(client);
    }
    if (mover->look_due_ms != 0 && now_ms >= mover->look_due_ms) {
        mover->look_due_ms = 0;
        mover->look = true;
        pump_uploaded(client);
    }
    if (mover->moving != NULL) {
        blob_client_step(mover->moving);
        done_take(client);
    }
    if (mover->look) {
        mover->look = false;
        deliveries_look(client, NULL);
    }
    idle_look(client);
    mover->waiting = pump_uploads(client);
    return mover->moving != NULL ? blob_client_wait_ms(mover->moving) : -1;
}
