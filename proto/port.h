/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_PORT_H
#define PROTO_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * The two ends of the wire as vtables, so that the whole broker and the whole SDK run in a scripted
 * world: port_zmq.c is the real one, tests/harness has the other.
 */

/* ---- the broker's end ---- */

#define PORT_ROUTE_BYTES 16

/* Where to answer; opaque, never shown to a peer, in a log or a metric. */
struct port_route {
    uint8_t bytes[PORT_ROUTE_BYTES];
    uint8_t size;
};

/* Who is at the other end, as the authenticated connection says (never the message). */
struct port_peer {
    char user[64];     /* agency id, or "operator/NAME", or "" = not authenticated */
    struct lt_key key; /* the CURVE key of the connection */
    char address[48];  /* of the peer, for logs */
    bool next;         /* it came in by the key of ours that takes the other's place */
    bool barred;       /* the key is not let in any more; only where recheck_keys was asked for */
};

struct port_frame {
    struct port_route route;
    struct port_peer peer;
    struct lt_bytes bytes; /* valid until the next receive */
    void *handle;          /* of the port */
};

struct server_port {
    void *self;
    /* Up to `count` frames that are there now; 0 when none. Never waits. */
    uint32_t (*receive)(void *self, struct port_frame *frames, uint32_t count);
    /* The frames of the last receive are no longer looked at. */
    void (*release)(void *self, struct port_frame *frames, uint32_t count);
    /* LT_OK: handed over (proves nothing); LT_AGAIN: the peer reads too slowly; LT_PEER_GONE;
     * LT_FRAME_TOO_LARGE. */
    enum lt_status (*send)(void *self, const struct port_route *route, struct lt_bytes bytes);
    /* Waits until a frame, one of `fds`, or the time; only a loop without work calls it. */
    void (*wait)(void *self, const int *fds, uint32_t fds_count, int timeout_ms);
};

/* ---- the agency's end ---- */

struct client_port {
    void *self;
    /* One frame that is there now (valid until the next receive), or false. */
    bool (*receive)(void *self, struct lt_bytes *ret_bytes);
    /* LT_OK, LT_AGAIN (no connection or its queue is full), LT_FRAME_TOO_LARGE. */
    enum lt_status (*send)(void *self, struct lt_bytes bytes);
    /* What the connection does: see enum client_link. A break that mended itself between two calls
     * shows as LINK_DOWN once: whoever is at the other end now knows nothing of us. */
    int (*link)(void *self);
    /* Close the connection and dial again (after an authentication failure: with backoff). */
    void (*redial)(void *self);
    /* Readable when there may be something; edge-triggered: drain. Another one after redial. */
    int (*fd)(void *self);
};

enum client_link {
    LINK_DOWN = 0,
    LINK_UP = 1,
    LINK_KEY_REFUSED = 2, /* the broker refused our key: say so to the operator */
};

#endif
