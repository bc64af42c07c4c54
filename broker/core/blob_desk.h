/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_BLOB_DESK_H
#define BROKER_CORE_BLOB_DESK_H

#include "broker/blobs/blobs.h"
#include "broker/flow/flow.h"

/*
 * The core's side of attachments. The blob threads decide nothing about who holds what: they ask,
 * and the core answers from overlay and state in its next turn (the asking thread waits for it).
 * What became durable is journaled before the agency is told; orphans older than BLOB_ORPHAN_AGE_MS
 * are journaled as gone before their file is deleted.
 */
struct blob_desk;

enum lt_status blob_desk_open(struct blob_desk **ret_desk, uint64_t quota_bytes);
void blob_desk_close(struct blob_desk **desk_p); /* after blobs_close */

struct blob_rights blob_desk_rights(struct blob_desk *desk);
void blob_desk_quota(struct blob_desk *desk, uint64_t quota_bytes);
void blob_desk_attach(struct blob_desk *desk, struct blobs *blobs);

/* One step of the turn: questions, events, tickets, orphans. *ret_busy: something was done. */
LT_CHECK enum lt_status blob_desk_turn(struct blob_desk *desk, struct flow *flow, bool *ret_busy);

/* No more answers: askers are told to come again. Before blobs_close. */
void blob_desk_stop(struct blob_desk *desk);

/* Readable when the core has something to do. */
uint32_t blob_desk_fds(const struct blob_desk *desk, int fds[2]);

#endif
