/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The blob thread's work: frames come in and become files under way, errands come back from the
 * finisher and the core, and then every agency in turn gets one chunk's worth of attention, so that
 * one with a thousand scans delays another by one chunk.
 *
 * Nothing is sent or asked for beyond a credit, and all credits together stay under
 * BLOB_FLIGHT_BYTES_MAX: that, and not the number of agencies, bounds the memory. Work that may
 * take long (reading a file back, fsync) is the finisher's, a thread of its own, because a port
 * that is not read makes honest peers look slow.
 *
 * A peer that stops doing its part is forgotten after BLOB_STALL_MS; what it had sent stays on disk
 * and it goes on from there. Frames of a connection that is no agency's, or whose key is not let in
 * any more, are refused.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "blob_server.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/digest.h"
#include "proto/message.h"

#define FRAMES_MAX      32
#define PIECES_MAX      32 /* chunks served in one step */
#define ARENA_BYTES     (512 * 1024)
#define ARENA_BYTES_MAX (2 * 1024 * 1024)
#define SWEEP_MS        1000
#define SENT_MS         1000 /* a file sent to the end stays known so long */
#define BUSY_WAIT_MS    10

enum lt_status blob_server_open(struct blob_server **ret_server,
                                const struct blob_server_options *options, struct fault *fault)
{
    struct blob_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "blobs", "%zu bytes", sizeof(*server));
    }
    server->options = *options;
    server->swept_ms = INT64_MIN / 2;
    enum lt_status status = LT_NO_MEMORY;
    server->chunk = malloc(LT_CHUNK_BYTES_MAX);
    if (server->chunk != NULL) {
        status = arena_init(&server->arena, ARENA_BYTES, ARENA_BYTES_MAX);
    }
    if (status == LT_OK) {
        status = blob_table_open(&server->table, options->seed);
        if (status != LT_OK) {
            arena_deinit(&server->arena);
        }
    }
    if (status != LT_OK) {
        free(server->chunk);
        free(server);
        return fault_set(fault, status, "blobs", "tables");
    }
    *ret_server = server;
    return LT_OK;
}

void blob_server_close(struct blob_server **server_p)
{
    struct blob_server *server = *server_p;
    if (server == NULL) {
        return;
    }
    *server_p = NULL;
    blob_table_close(&server->table);
    arena_deinit(&server->arena);
    free(server->chunk);
    free(server);
}

void blob_broken(struct blob_server *server, enum lt_status status, const struct fault *fault)
{
    log_error("blob-disk", "status=%s where=%s detail=%s", lt_code(status),
              fault != NULL ? fault->field : "", fault != NULL ? fault->detail : "");
    if (server->stopped) {
        return;
    }
    server->stopped = true;
    server->broken.kind = ERRAND_TELL;
    server->broken.event.status = status;
    bool told = queue_push(server->options.events, &server->broken.event);
    assert(told);
}

/* ---- what comes in ---- */

static void take_frame(struct blob_server *server, const struct port_frame *received)
{
    static const struct lt_digest none;
    struct frame frame;
    struct fault fault;
    fault_init(&fault);
    if (!agency_id_valid(text_bytes(received->peer.user))) {
        blob_refuse(server, &received->route, &none, LT_NOT_PERMITTED, "agencies only");
        return;
    }
    arena_reset(&server->arena);
    enum lt_status status = frame_read(received->bytes, &server->arena, &frame, &fault);
    if (status != LT_OK) {
        log_warn("blob-frame-bad", "agency=%s status=%s field=%s detail=%s", received->peer.user,
                 lt_code(status), fault.field, fault.detail);
        blob_refuse(server, &received->route, &none, status, fault.field);
        return;
    }
    if (received->peer.barred) {
        /* Of class retry: the same file passes with the agency's next key. */
        log_warn("blob-refused", "agency=%s code=%s reason=\"the key was revoked or has run out\"",
                 received->peer.user, lt_code(LT_KEY_UNKNOWN));
        blob_refuse(server, &received->route, &frame.blob.sha256, LT_KEY_UNKNOWN,
                    "the key of this connection was revoked or has run out");
        return;
    }
    struct blob_agency *agency = blob_agency_of(&server->table, received->peer.user);
    if (agency == NULL) {
        blob_refuse(server, &received->route, &none, LT_BUSY, "");
        return;
    }
    switch (frame.kind) {
    case FRAME_BLOB_OFFER:
        blob_offered(server, agency, &received->route, &frame.blob);
        break;
    case FRAME_BLOB_CHUNK:
        blob_chunk_came(server, agency, &received->route, &frame.blob);
        break;
    case FRAME_BLOB_FETCH:
        blob_fetched(server, agency, &received->route, &frame.blob);
        break;
    default:
        blob_refuse(server, &received->route, &none, LT_FRAME_BAD, "not of the blob port");
        break;
    }
}

static bool take_frames(struct blob_server *server)
{
    struct port_frame frames[FRAMES_MAX];
    const struct server_port *port = &server->options.port;
    uint32_t count = port->receive(port->self, frames, FRAMES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        take_frame(server, &frames[i]);
    }
    port->release(port->self, frames, count);
    return count > 0;
}

/* ---- errands ---- */

/* An orphan goes, unless somebody is just bringing the same bytes. */
static void collect(struct blob_server *server, struct errand *errand)
{
    if (blob_table_uploads(&server->table, &errand->event.sha256)) {
        bool kept = queue_push(server->options.collects, errand);
        assert(kept);
        return;
    }
    bool passed = queue_push(server->options.to_finish, errand);
    assert(passed);
}

static bool take_errands(struct blob_server *server)
{
    bool any = false;
    for (struct errand *errand = queue_pop(server->options.finished); errand != NULL;
         errand = queue_pop(server->options.finished)) {
        any = true;
        if (errand->kind == ERRAND_COLLECT) {
            server->stat.collected += errand->status == LT_OK ? 1 : 0;
            bool kept = queue_push(server->options.collects, errand);
            assert(kept);
        } else {
            blob_finished(server, errand);
        }
    }
    for (struct errand *errand = queue_pop(server->options.orders); errand != NULL;
         errand = queue_pop(server->options.orders)) {
        any = true;
        if (errand->kind == ERRAND_COLLECT) {
            collect(server, errand);
        } else if (errand != &server->broken) {
            blob_answered(server, errand);
        }
    }
    return any;
}

/* ---- one chunk for everybody in turn ---- */

/* The agency's files in turn, until one has moved. */
static bool serve_agency(struct blob_server *server, struct blob_agency *agency)
{
    uint32_t count = agency->moving.count;
    for (uint32_t i = 0; i < count; i++) {
        struct list_node *node = list_pop(&agency->moving);
        struct blob_moving *moving = LIST_ENTRY(node, struct blob_moving, in_agency);
        list_push(&agency->moving, node);
        bool moved = false;
        if (moving->phase == BLOB_RECEIVING) {
            moved = blob_serve_upload(server, moving);
        } else if (moving->phase == BLOB_SENDING) {
            moved = blob_serve_download(server, moving);
        }
        if (moved) {
            return true;
        }
    }
    return false;
}

static bool serve(struct blob_server *server)
{
    uint32_t pieces = 0;
    uint32_t quiet = 0;
    server->waiting = false;
    server->flight = blob_table_flight(&server->table);
    while (pieces < PIECES_MAX && quiet < server->table.round.count) {
        struct list_node *node = list_pop(&server->table.round);
        list_push(&server->table.round, node);
        if (serve_agency(server, LIST_ENTRY(node, struct blob_agency, in_round))) {
            pieces++;
            quiet = 0;
        } else {
            quiet++;
        }
    }
    return pieces > 0;
}

/* ---- sweep ---- */

/* Nothing came from the peer for too long. */
static bool stalled(const struct blob_server *server, const struct blob_moving *moving)
{
    if (blob_is_sent(moving)) {
        return server->now_ms - moving->moved_ms > SENT_MS;
    }
    bool moves = moving->phase == BLOB_RECEIVING || moving->phase == BLOB_SENDING;
    return moves && server->now_ms - moving->moved_ms > BLOB_STALL_MS;
}

static void sweep_agency(struct blob_server *server, struct blob_agency *agency)
{
    struct list_node *node = list_first(&agency->moving);
    while (node != NULL) {
        struct blob_moving *moving = LIST_ENTRY(node, struct blob_moving, in_agency);
        node = list_next(&agency->moving, node);
        if (stalled(server, moving)) {
            log_debug("blob-put-away", "agency=%s offset=%" PRIu64 " size=%" PRIu64, agency->id,
                      moving->offset, moving->size);
            blob_end(&server->table, moving);
        }
    }
    if (agency->moving.count == 0 &&
        bucket_full(&agency->bucket, server->bytes_per_s, server->now_ms) &&
        agency->asks_second != server->now_ms / 1000) {
        blob_agency_forget(&server->table, agency);
    }
}

static void sweep(struct blob_server *server)
{
    struct list_node *node = list_first(&server->table.round);
    while (node != NULL) {
        struct blob_agency *agency = LIST_ENTRY(node, struct blob_agency, in_round);
        node = list_next(&server->table.round, node);
        sweep_agency(server, agency);
    }
    server->swept_ms = server->now_ms;
}

bool blob_server_step(struct blob_server *server)
{
    const struct lt_clock *clock = server->options.clock;
    server->now_ms = clock->mono_ms(clock->self);
    server->bytes_per_s = blob_rate(&server->options.policy, clock->wall_ms(clock->self));
    pool_turn(&server->table.moving);
    pool_turn(&server->table.agencies);
    bool any = take_errands(server);
    any = take_frames(server) || any;
    any = serve(server) || any;
    blob_say_owed(server);
    if (server->now_ms - server->swept_ms >= SWEEP_MS) {
        sweep(server);
    }
    server->stat.transfers = pool_used(&server->table.moving);
    server->stat.transfers_max = server->table.moving.high_water;
    return any;
}

void blob_server_wait(struct blob_server *server, int timeout_ms)
{
    const int fds[] = {queue_fd(server->options.finished), queue_fd(server->options.orders)};
    const struct server_port *port = &server->options.port;
    if (server->waiting && timeout_ms > BUSY_WAIT_MS) {
        timeout_ms = BUSY_WAIT_MS;
    }
    port->wait(port->self, fds, 2, timeout_ms);
}
