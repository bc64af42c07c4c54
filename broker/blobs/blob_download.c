/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Downloads: an agency fetches what it uploaded or was sent, from any offset, as fast as its
 * credit, its cap and its line allow.
 *
 * A BlobFetch with offset o and credit c says: up to o is stored here, send at most c full chunks
 * beyond. The first one of a connection begins, later ones move the window; an offset outside of
 * what is in flight begins anew there, and credit 0 ends. A file sent to its end stays in the table
 * for a moment, so that a window moved meanwhile does not begin it again. The receiver verifies the
 * SHA-256; a file that is missing or short here is reported and never served in part.
 *
 * One agency's many files share its turn, so two downloads of one agency are each half as fast and
 * no other agency notices.
 */
#include <inttypes.h>
#include <string.h>

#include "blob_server.h"
#include "proto/base/log.h"

#define CREDIT_MAX 64 /* chunks believed of one fetch */

static void set_window(struct blob_moving *moving, const struct blob *fetch)
{
    uint64_t credit = fetch->credit < CREDIT_MAX ? fetch->credit : CREDIT_MAX;
    uint64_t reached = fetch->offset + credit * LT_CHUNK_BYTES_MAX;
    if (fetch->offset < moving->acked || fetch->offset > moving->offset) {
        moving->offset = fetch->offset;
        moving->paid = false;
    }
    moving->acked = fetch->offset;
    moving->reached = reached < moving->size ? reached : moving->size;
    if (moving->reached < moving->offset) {
        moving->reached = moving->offset;
    }
}

static void begin(struct blob_server *server, struct blob_agency *agency,
                  const struct port_route *route, const struct blob *fetch, uint64_t size)
{
    uint64_t stored_size = 0;
    struct blob_moving *moving = blob_begin(&server->table, agency);
    if (moving == NULL) {
        blob_refuse(server, route, &fetch->sha256, LT_BUSY, "transfers");
        return;
    }
    enum lt_status status =
        blob_open(server->options.store, &fetch->sha256, &moving->fd, &stored_size);
    if (status != LT_OK || stored_size != size) {
        log_error("blob-lost", "agency=%s status=%s size=%" PRIu64 " found=%" PRIu64, agency->id,
                  lt_code(status), size, stored_size);
        blob_refuse(server, route, &fetch->sha256, LT_BLOB_MISSING, "");
        blob_end(&server->table, moving);
        return;
    }
    moving->phase = BLOB_SENDING;
    moving->sha256 = fetch->sha256;
    moving->size = size;
    moving->route = *route;
    moving->offset = fetch->offset;
    moving->acked = fetch->offset;
    moving->moved_ms = server->now_ms;
    set_window(moving, fetch);
}

/* What a fetch means for a file under way on its connection; false: it begins one anew. */
static bool go_on(struct blob_server *server, struct blob_moving *moving, const struct blob *fetch)
{
    bool sent = moving->offset == moving->size;
    if (fetch->credit == 0 || fetch->offset >= moving->size) {
        blob_end(&server->table, moving);
        return true;
    }
    if (sent && fetch->offset < moving->acked) {
        blob_end(&server->table, moving);
        return false;
    }
    moving->moved_ms = server->now_ms;
    if (sent) {
        moving->acked = fetch->offset;
    } else {
        set_window(moving, fetch);
    }
    return true;
}

void blob_fetched(struct blob_server *server, struct blob_agency *agency,
                  const struct port_route *route, const struct blob *fetch)
{
    const struct blob_rights *rights = &server->options.rights;
    uint64_t size = 0;
    struct blob_moving *moving = blob_download_of(agency, &fetch->sha256, route);
    if (moving != NULL && go_on(server, moving, fetch)) {
        return;
    }
    if (fetch->credit == 0) {
        return;
    }
    if (!blob_agency_ask(agency, server->now_ms)) {
        blob_refuse(server, route, &fetch->sha256, LT_RATE, "");
        return;
    }
    enum lt_status status = rights->may_fetch(rights->self, agency->id, &fetch->sha256, &size);
    if (status == LT_OK && fetch->offset >= size) {
        status = LT_BLOB_OFFSET;
    }
    if (status != LT_OK) {
        blob_refuse(server, route, &fetch->sha256, status, "");
        return;
    }
    begin(server, agency, route, fetch, size);
}

/* Pays for the next chunk, once. */
static bool pay(struct blob_server *server, struct blob_moving *moving, uint64_t piece)
{
    if (!moving->paid) {
        moving->paid =
            server->flight + piece <= BLOB_FLIGHT_BYTES_MAX &&
            bucket_take(&moving->agency->bucket, server->bytes_per_s, server->now_ms, piece);
    }
    if (!moving->paid) {
        server->waiting = true;
        moving->moved_ms = server->now_ms; /* the peer waits for us */
    }
    return moving->paid;
}

bool blob_serve_download(struct blob_server *server, struct blob_moving *moving)
{
    struct blob chunk;
    uint64_t piece = moving->reached - moving->offset;
    if (piece == 0) {
        return false;
    }
    if (piece > LT_CHUNK_BYTES_MAX) {
        piece = LT_CHUNK_BYTES_MAX;
    }
    if (!pay(server, moving, piece)) {
        return false;
    }
    enum lt_status status = blob_read(moving->fd, moving->offset, server->chunk, (size_t)piece);
    if (status != LT_OK) {
        log_error("blob-read", "agency=%s status=%s", moving->agency->id, lt_code(status));
        blob_refuse(server, &moving->route, &moving->sha256, LT_BLOB_MISSING, "");
        blob_end(&server->table, moving);
        return false;
    }
    memset(&chunk, 0, sizeof(chunk));
    chunk.sha256 = moving->sha256;
    chunk.offset = moving->offset;
    chunk.size = moving->size;
    chunk.data = (struct lt_bytes){server->chunk, (size_t)piece};
    status = blob_send(server, &moving->route, FRAME_BLOB_CHUNK, &chunk);
    if (status == LT_AGAIN) {
        server->waiting = true;
        return false;
    }
    if (status != LT_OK) {
        blob_end(&server->table, moving);
        return false;
    }
    moving->paid = false;
    moving->offset += piece;
    moving->moved_ms = server->now_ms;
    server->flight += piece;
    server->stat.bytes_out += piece;
    if (moving->offset == moving->size) {
        server->stat.downloads++;
        blob_sent(moving);
    }
    return true;
}
