/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_PUMP_H
#define ADAPTERS_SDK_PUMP_H

#include "box_record.h"
#include "proto/base/list.h"
#include "proto/base/pool.h"
#include "proto/frame.h"
#include <lienthong/client.h>

/*
 * From the outbox to the axis: the near end of the queue as a list in memory, at most PUMP_MAX
 * transfers; the rest waits in the box. Network thread only.
 *
 * The order: everything is sent in sequence, within the lent window. What cannot go now (its
 * attachments are on their way up, or the axis said "later") is set aside and holds back only the
 * transfers of its own case; the chain of `after` does the same at the axis.
 */
#define PUMP_MAX 1024

enum outgoing_state {
    OUTGOING_READY,  /* on pump.ready, in sequence */
    OUTGOING_FLIGHT, /* on pump.flight: sent, no verdict yet */
    OUTGOING_ASIDE,  /* on pump.aside until due_ms */
    OUTGOING_UPLOAD, /* on pump.aside until its attachments are up */
};

struct outgoing {
    struct list_node node;
    struct waiting_record waiting;
    enum outgoing_state state;
    uint32_t tries;
    int64_t due_ms; /* monotonic */
};

struct pump {
    struct pool pool;
    struct list ready;
    struct list flight;
    struct list aside;
    uint64_t loaded;  /* sequence up to which the box was read */
    uint64_t highest; /* sequence ever taken in */
    struct window outstanding;
    uint64_t ready_bytes;
    uint32_t lives;     /* of the session, as last seen */
    bool stalled;       /* the next one does not fit though nothing is out */
    int64_t stalled_ms; /* when the broker was last told so */
};

struct lt_client;

LT_CHECK enum lt_status pump_init(struct pump *pump);
void pump_deinit(struct pump *pump);

/* Sends what may go. */
void pump_step(struct lt_client *client);
void pump_verdict(struct lt_client *client, const struct verdict *verdict);
/* What the box holds in its queue is read again from the start. */
void pump_reload(struct lt_client *client);
/* Transfers whose attachments are all up go on. */
void pump_uploaded(struct lt_client *client);
/* The axis will never take the attachment: transfers that name it are refused. */
void pump_refused(struct lt_client *client, const struct lt_digest *sha256, enum lt_status code,
                  const char *detail);
uint64_t pump_uploads(const struct lt_client *client); /* transfers that wait for attachments */
/* Milliseconds until something set aside is due; -1: nothing. */
int64_t pump_wait_ms(const struct lt_client *client);

#endif
