/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_BLOBS_BLOB_SERVER_H
#define BROKER_BLOBS_BLOB_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "blob_store.h"
#include "blob_transfer.h"
#include "proto/base/arena.h"
#include "proto/frame.h"

/*
 * The blob port's own side of the protocol (LTP.md, "Attachments"), one step at a time, on the blob
 * thread. blobs.c gives it the queues and runs it; blob_upload.c and blob_download.c are its two
 * halves.
 */
struct blob_server_options {
    struct blob_store *store;
    struct server_port port;
    const struct lt_clock *clock;
    struct blob_rights rights;
    struct blob_policy policy;
    uint64_t seed;
    struct queue *to_finish; /* struct errand: to the finisher */
    struct queue *finished;  /* struct errand: from it */
    struct queue *events;    /* struct blob_event: to the core */
    struct queue *orders;    /* struct errand: from the core */
    struct queue *collects;  /* struct errand: ERRAND_COLLECT objects that are free */
};

/* An answer that did not leave: said again until it does. */
struct blob_owed {
    struct port_route route;
    enum frame_kind kind;
    struct blob blob;
    char detail[128];
};

struct blob_server {
    struct blob_server_options options;
    struct blob_table table;
    struct arena arena; /* of one frame */
    struct blobs_stat stat;
    struct errand broken; /* tells the core of a disk that failed outside of a finish */
    bool stopped;         /* ... and it has: nothing new is begun */
    bool waiting;         /* something waits for tokens or for a slow reader */
    int64_t now_ms;       /* monotonic, of this step */
    uint64_t bytes_per_s; /* the cap of this step */
    uint64_t flight;      /* bytes, kept up to date within a step */
    int64_t swept_ms;
    uint8_t *chunk; /* LT_CHUNK_BYTES_MAX */
    struct blob_owed owed[BLOB_OWED_MAX];
    uint32_t owed_count;
};

LT_CHECK enum lt_status blob_server_open(struct blob_server **ret_server,
                                         const struct blob_server_options *options,
                                         struct fault *fault);
void blob_server_close(struct blob_server **server_p); /* the finisher has ended */

/* Does what can be done now; false when there was nothing. */
bool blob_server_step(struct blob_server *server);

/* Waits until there is something to do, at most `timeout_ms`. */
void blob_server_wait(struct blob_server *server, int timeout_ms);

/* ---- between the files of the server ---- */

/* What the peer is told: it comes again, or gives up, by the class. Stop class becomes LT_BUSY. */
void blob_refuse(struct blob_server *server, const struct port_route *route,
                 const struct lt_digest *sha256, enum lt_status status, const char *detail);
LT_CHECK enum lt_status blob_send(struct blob_server *server, const struct port_route *route,
                                  enum frame_kind kind, const struct blob *blob);
/* A last word on a file: sent, or kept and sent when the peer reads again. */
void blob_say(struct blob_server *server, const struct port_route *route, enum frame_kind kind,
              const struct blob *blob);
void blob_say_owed(struct blob_server *server);
/* The disk under the blobs has failed. */
void blob_broken(struct blob_server *server, enum lt_status status, const struct fault *fault);

void blob_offered(struct blob_server *server, struct blob_agency *agency,
                  const struct port_route *route, const struct blob *offer);
void blob_chunk_came(struct blob_server *server, struct blob_agency *agency,
                     const struct port_route *route, const struct blob *chunk);
void blob_fetched(struct blob_server *server, struct blob_agency *agency,
                  const struct port_route *route, const struct blob *fetch);

/* The finisher or the core has done its part. */
void blob_finished(struct blob_server *server, struct errand *errand);
void blob_answered(struct blob_server *server, struct errand *errand);

/* One chunk's worth of work for a file; false when there was none. `moving` may be gone after. */
bool blob_serve_upload(struct blob_server *server, struct blob_moving *moving);
bool blob_serve_download(struct blob_server *server, struct blob_moving *moving);

#endif
