/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Uploads: an offer is checked and answered with the offset to go on from, chunks are written as
 * they come, and a complete file goes to the finisher, then to the core, and only then is its
 * agency told that it is stored.
 *
 * A file known from somebody else is uploaded all the same: who has not sent the bytes has not
 * shown to possess them. Only what the journal says this very agency holds is answered at once.
 *
 * The window is absolute: a BlobWant with offset o and credit c lets the peer send up to c full
 * chunks beyond o. A chunk that does not begin where the last one ended means that the two sides
 * disagree; the upload is put away, and the next offer asks for the offset again.
 *
 * One agency may have BLOB_PARTIALS_AGENCY_MAX files begun and not finished, and partial_bytes_max
 * bytes in them; its own oldest one makes room.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "blob_server.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/digest.h"

#define WINDOW_BYTES ((uint64_t)BLOB_WINDOW_CHUNKS * LT_CHUNK_BYTES_MAX)

static void put_away(struct blob_server *server, struct blob_moving *moving, enum lt_status status,
                     const char *detail)
{
    log_info("blob-refused", "agency=%s code=%s at=%" PRIu64 " size=%" PRIu64 " detail=%s",
             moving->agency->id, lt_code(status), moving->offset, moving->size, detail);
    blob_refuse(server, &moving->route, &moving->sha256, status, detail);
    blob_end(&server->table, moving);
}

static void tell_stored(struct blob_server *server, const struct port_route *route,
                        const struct lt_digest *sha256, uint64_t size)
{
    struct blob blob;
    memset(&blob, 0, sizeof(blob));
    blob.sha256 = *sha256;
    blob.size = size;
    blob_say(server, route, FRAME_BLOB_STORED, &blob);
}

/* Everything is there: the finisher takes over. */
static void finish(struct blob_server *server, struct blob_moving *moving)
{
    struct errand *errand = &moving->errand;
    memset(errand, 0, sizeof(*errand));
    errand->kind = ERRAND_FINISH;
    errand->moving = moving;
    errand->fd = moving->fd;
    memcpy(errand->event.agency, moving->agency->id, sizeof(errand->event.agency));
    errand->event.sha256 = moving->sha256;
    errand->event.size = moving->size;
    moving->phase = BLOB_FINISHING;
    bool passed = queue_push(server->options.to_finish, errand);
    assert(passed);
}

/* Room for one more unfinished file of the agency, at the cost of its own oldest idle one. */
static enum lt_status make_room(struct blob_server *server, struct blob_agency *agency,
                                const struct blob *offer)
{
    struct blob_store *store = server->options.store;
    uint64_t bytes_max = server->options.policy.partial_bytes_max;
    if (bytes_max == 0) {
        bytes_max = BLOB_PARTIAL_BYTES;
    }
    for (int i = 0; i <= BLOB_PARTIALS_AGENCY_MAX; i++) {
        struct partials partials;
        enum lt_status status = partials_of(store, agency->id, &partials);
        if (status != LT_OK) {
            return status;
        }
        if (partials.count < BLOB_PARTIALS_AGENCY_MAX &&
            partials.bytes + offer->size <= bytes_max) {
            return LT_OK;
        }
        if (partials.count == 0 || digest_equal(&partials.oldest, &offer->sha256) ||
            blob_upload_of(agency, &partials.oldest) != NULL) {
            break;
        }
        partial_remove(store, agency->id, &partials.oldest);
    }
    return LT_BLOB_QUOTA;
}

/* The checks that need nothing but the offer. */
static enum lt_status offer_check(const struct blob_server *server, const struct blob *offer)
{
    if (digest_empty(&offer->sha256) || offer->size == 0) {
        return LT_ATTACHMENT_BAD;
    }
    if (offer->size > LT_ATTACHMENT_BYTES_MAX) {
        return LT_BLOB_TOO_LARGE;
    }
    return server->stopped ? LT_BUSY : LT_OK;
}

/* Space on the disk above the reserve, then room among the agency's own. */
static enum lt_status disk_check(struct blob_server *server, struct blob_agency *agency,
                                 const struct blob *offer)
{
    uint64_t free_bytes = 0;
    enum lt_status status = blob_store_free(server->options.store, &free_bytes);
    if (status != LT_OK) {
        return status;
    }
    if (free_bytes < server->options.policy.free_low_bytes + offer->size) {
        return LT_DISK_RESERVE;
    }
    return make_room(server, agency, offer);
}

/* The same upload again, on a connection that may be another one. */
static void rejoin(struct blob_server *server, struct blob_moving *moving,
                   const struct port_route *route, const struct blob *offer)
{
    if (offer->size != moving->size) {
        blob_refuse(server, route, &offer->sha256, LT_ATTACHMENT_BAD, "size");
        return;
    }
    moving->route = *route;
    moving->moved_ms = server->now_ms;
    if (moving->phase == BLOB_RECEIVING) {
        moving->reached = moving->offset;
        moving->owed = true;
    }
}

static void begin(struct blob_server *server, struct blob_agency *agency,
                  const struct port_route *route, const struct blob *offer)
{
    struct fault fault;
    fault_init(&fault);
    struct blob_moving *moving = blob_begin(&server->table, agency);
    if (moving == NULL) {
        blob_refuse(server, route, &offer->sha256, LT_BUSY, "transfers");
        return;
    }
    moving->phase = BLOB_RECEIVING;
    moving->sha256 = offer->sha256;
    moving->size = offer->size;
    moving->route = *route;
    moving->moved_ms = server->now_ms;
    enum lt_status status = partial_open(server->options.store, agency->id, &offer->sha256,
                                         offer->size, &moving->fd, &moving->offset, &fault);
    if (status != LT_OK) {
        log_error("blob-open", "agency=%s status=%s detail=%s", agency->id, lt_code(status),
                  fault.detail);
        put_away(server, moving, status == LT_FULL ? LT_FULL : LT_BUSY, "");
        return;
    }
    moving->reached = moving->offset;
    moving->owed = true;
    if (moving->offset == moving->size) {
        finish(server, moving);
    }
}

void blob_offered(struct blob_server *server, struct blob_agency *agency,
                  const struct port_route *route, const struct blob *offer)
{
    const struct blob_rights *rights = &server->options.rights;
    uint64_t stored_size = 0;
    struct blob_moving *moving = blob_upload_of(agency, &offer->sha256);
    if (!blob_agency_ask(agency, server->now_ms)) {
        blob_refuse(server, route, &offer->sha256, LT_RATE, "");
        return;
    }
    if (moving != NULL) {
        rejoin(server, moving, route, offer);
        return;
    }
    enum lt_status status = offer_check(server, offer);
    if (status == LT_OK) {
        status = rights->may_store(rights->self, agency->id, &offer->sha256, offer->size,
                                   blob_pending(agency));
    }
    if (status == LT_EXISTS) {
        enum lt_status there = blob_store_has(server->options.store, &offer->sha256, &stored_size);
        if (there == LT_OK && stored_size == offer->size) {
            tell_stored(server, route, &offer->sha256, offer->size);
            return;
        }
        /* Promised and not there: the disk has lost it, and its owner brings it back. */
        log_error("blob-lost", "agency=%s", agency->id);
        status = LT_OK;
    }
    if (status == LT_OK) {
        status = disk_check(server, agency, offer);
    }
    if (status != LT_OK) {
        char detail[64];
        snprintf(detail, sizeof(detail), "%" PRIu64 " bytes offered", offer->size);
        log_info("blob-refused", "agency=%s code=%s detail=%s", agency->id, lt_code(status),
                 detail);
        blob_refuse(server, route, &offer->sha256, status, detail);
        return;
    }
    begin(server, agency, route, offer);
}

/* Where and how large a chunk may be. */
static enum lt_status chunk_check(const struct blob_moving *moving, const struct blob *chunk)
{
    if (chunk->offset != moving->offset) {
        return LT_BLOB_OFFSET;
    }
    if (chunk->data.size == 0 || chunk->data.size > LT_CHUNK_BYTES_MAX ||
        chunk->data.size > moving->size - moving->offset) {
        return LT_FRAME_BAD;
    }
    uint64_t end = moving->offset + chunk->data.size;
    if (chunk->data.size < BLOB_CHUNK_BYTES_MIN && end != moving->size) {
        return LT_FRAME_BAD;
    }
    return end > moving->reached ? LT_CREDIT_EXCEEDED : LT_OK;
}

void blob_chunk_came(struct blob_server *server, struct blob_agency *agency,
                     const struct port_route *route, const struct blob *chunk)
{
    struct blob_moving *moving = blob_upload_of(agency, &chunk->sha256);
    if (moving == NULL || moving->phase != BLOB_RECEIVING || !route_equal(&moving->route, route)) {
        blob_refuse(server, route, &chunk->sha256, LT_BLOB_OFFSET, "offer it first");
        return;
    }
    enum lt_status status = chunk_check(moving, chunk);
    if (status != LT_OK) {
        put_away(server, moving, status, "chunk");
        return;
    }
    status = partial_write(moving->fd, moving->offset, chunk->data);
    if (status != LT_OK) {
        if (lt_class(status) == LT_CLASS_STOP) {
            blob_broken(server, status, NULL);
        }
        put_away(server, moving, status, "");
        return;
    }
    moving->offset += chunk->data.size;
    moving->moved_ms = server->now_ms;
    server->stat.bytes_in += chunk->data.size;
    if (moving->offset == moving->size) {
        finish(server, moving);
    }
}

void blob_finished(struct blob_server *server, struct errand *errand)
{
    struct blob_moving *moving = errand->moving;
    assert(moving->phase == BLOB_FINISHING);
    if (lt_class(errand->status) == LT_CLASS_STOP) {
        blob_broken(server, errand->status, NULL);
    }
    if (errand->status != LT_OK) {
        bool wrong = errand->status == LT_BLOB_HASH_WRONG;
        server->stat.hash_wrong += wrong ? 1 : 0;
        put_away(server, moving, errand->status,
                 wrong ? "what came has another SHA-256 and was thrown away" : "");
        return;
    }
    moving->phase = BLOB_TELLING;
    errand->kind = ERRAND_TELL;
    bool told = queue_push(server->options.events, &errand->event);
    assert(told);
}

void blob_answered(struct blob_server *server, struct errand *errand)
{
    struct blob_moving *moving = errand->moving;
    assert(moving->phase == BLOB_TELLING);
    if (errand->status != LT_OK) {
        put_away(server, moving, errand->status, "");
        return;
    }
    server->stat.uploads++;
    log_debug("blob-stored", "agency=%s size=%" PRIu64, moving->agency->id, moving->size);
    tell_stored(server, &moving->route, &moving->sha256, moving->size);
    blob_end(&server->table, moving);
}

/* Widens the window by one chunk when credit, cap and memory allow. */
static bool widen(struct blob_server *server, struct blob_moving *moving)
{
    uint64_t limit = moving->offset + WINDOW_BYTES;
    if (limit > moving->size) {
        limit = moving->size;
    }
    if (moving->reached >= limit) {
        return false;
    }
    uint64_t piece = moving->size - moving->reached;
    if (piece > LT_CHUNK_BYTES_MAX) {
        piece = LT_CHUNK_BYTES_MAX;
    }
    if (server->flight + piece > BLOB_FLIGHT_BYTES_MAX ||
        !bucket_take(&moving->agency->bucket, server->bytes_per_s, server->now_ms, piece)) {
        server->waiting = true;
        if (moving->reached == moving->offset) {
            moving->moved_ms = server->now_ms; /* the peer waits for us */
        }
        return false;
    }
    moving->reached += piece;
    moving->moved_ms = server->now_ms;
    server->flight += piece;
    return true;
}

bool blob_serve_upload(struct blob_server *server, struct blob_moving *moving)
{
    bool widened = widen(server, moving);
    if (!widened && !moving->owed) {
        return false;
    }
    struct blob want;
    uint64_t open_bytes = moving->reached - moving->offset;
    memset(&want, 0, sizeof(want));
    want.sha256 = moving->sha256;
    want.offset = moving->offset;
    want.credit = (uint32_t)((open_bytes + LT_CHUNK_BYTES_MAX - 1) / LT_CHUNK_BYTES_MAX);
    enum lt_status status = blob_send(server, &moving->route, FRAME_BLOB_WANT, &want);
    if (status == LT_PEER_GONE) {
        blob_end(&server->table, moving);
        return false;
    }
    moving->owed = status != LT_OK;
    server->waiting = server->waiting || moving->owed;
    return widened;
}
