/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the blob port says. Chunks and windows belong to a file under way, which remembers by itself
 * what it still owes. "Stored" and "refused" are said once, and the file is forgotten with them: a
 * peer whose few queue places are full at that moment would wait for its stall timer, a minute. So
 * they are kept in a short row and said again until they leave or the connection is gone.
 *
 * The row is bounded. What does not fit is not said: the peer offers the file again by itself.
 */
#include <string.h>

#include "blob_server.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define REFUSED_MS      1000  /* come again after */
#define REFUSED_LONG_MS 30000 /* ... when a person or time must help first */

enum lt_status blob_send(struct blob_server *server, const struct port_route *route,
                         enum frame_kind kind, const struct blob *blob)
{
    struct frame frame;
    struct lt_bytes bytes;
    memset(&frame, 0, sizeof(frame));
    frame.kind = kind;
    frame.blob = *blob;
    arena_reset(&server->arena);
    enum lt_status status = frame_write(&frame, &server->arena, &bytes);
    if (status != LT_OK) {
        return status;
    }
    return server->options.port.send(server->options.port.self, route, bytes);
}

/* Keeps an answer for later; the row owns its words. */
static void owe(struct blob_server *server, const struct port_route *route, enum frame_kind kind,
                const struct blob *blob)
{
    if (server->owed_count == BLOB_OWED_MAX) {
        return;
    }
    struct blob_owed *owed = &server->owed[server->owed_count++];
    owed->route = *route;
    owed->kind = kind;
    owed->blob = *blob;
    text_copy(owed->detail, sizeof(owed->detail), blob->detail);
}

void blob_say(struct blob_server *server, const struct port_route *route, enum frame_kind kind,
              const struct blob *blob)
{
    if (blob_send(server, route, kind, blob) == LT_AGAIN) {
        owe(server, route, kind, blob);
    }
}

void blob_say_owed(struct blob_server *server)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < server->owed_count; i++) {
        struct blob_owed *owed = &server->owed[i];
        owed->blob.detail = text_bytes(owed->detail);
        if (blob_send(server, &owed->route, owed->kind, &owed->blob) == LT_AGAIN) {
            server->owed[kept++] = *owed;
        }
    }
    server->owed_count = kept;
    server->waiting = server->waiting || kept > 0;
}

/* How long the peer should stay away. */
static uint32_t pause_after(enum lt_status status)
{
    switch (status) {
    case LT_BLOB_OFFSET:
        return 0;
    case LT_BLOB_QUOTA:
    case LT_DISK_RESERVE:
    case LT_BLOB_MISSING:
    case LT_AGENCY_SUSPENDED:
    case LT_KEY_UNKNOWN:
        return REFUSED_LONG_MS;
    default:
        return REFUSED_MS;
    }
}

void blob_refuse(struct blob_server *server, const struct port_route *route,
                 const struct lt_digest *sha256, enum lt_status status, const char *detail)
{
    struct blob blob;
    if (lt_class(status) == LT_CLASS_STOP || status == LT_NO_MEMORY) {
        status = LT_BUSY;
        detail = "";
    } else if (status == LT_FULL) {
        status = LT_DISK_RESERVE;
    }
    memset(&blob, 0, sizeof(blob));
    blob.sha256 = *sha256;
    blob.code = (uint32_t)status;
    blob.detail = text_bytes(detail);
    blob.retry_after_ms = lt_class(status) == LT_CLASS_REFUSE ? 0 : pause_after(status);
    server->stat.refused++;
    blob_say(server, route, FRAME_BLOB_REFUSED, &blob);
}
