/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_REGISTRY_RIGHTS_H
#define BROKER_REGISTRY_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include "proto/frame.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * What an agency may send beyond its kinds (agency.kinds_denied): which procedures, and to whom.
 * Each list holds whole codes, or beginnings with one "*" behind them; an empty list is no limit,
 * and an agency without an entry has none. Lists are sorted and none of their lines is covered by
 * another, so one binary search answers for whole codes and beginnings alike.
 */
#define RIGHTS_PROCEDURES_MAX 64
#define RIGHTS_RECEIVERS_MAX  32

struct rights {
    uint32_t agency; /* its number */
    uint32_t procedures_count;
    uint32_t receivers_count;
    char procedures[RIGHTS_PROCEDURES_MAX][LT_PROCEDURE_MAX + 2];
    char receivers[RIGHTS_RECEIVERS_MAX][LT_AGENCY_ID_MAX + 2];
};

/* Entries as bytes, for facts and for STATE_REGISTRY, whose key is 'G' agency number(4). Lists that
 * are not in order do not read. */
#define RIGHTS_BYTES_MAX 4016

struct lt_bytes rights_write(void *memory, size_t size, const struct rights *rights);
LT_CHECK bool rights_read(struct lt_bytes bytes, struct rights *ret_rights);
struct lt_bytes rights_key_write(void *memory, size_t size, uint32_t agency);

/* Brings the lists into order and drops what is covered by another line. */
void rights_sort(struct rights *rights);

/* The rules of an entry given from outside, sorted: LT_FIELD_BAD names list and line. */
LT_CHECK enum lt_status rights_check(const struct rights *rights, struct fault *fault);

/* Adds a line; false: the list is full, or the line is too long for any code. */
LT_CHECK bool rights_add_procedure(struct rights *rights, struct lt_bytes line);
LT_CHECK bool rights_add_receiver(struct rights *rights, struct lt_bytes line);

bool rights_empty(const struct rights *rights); /* limits nothing */

/*
 * May this transfer be sent? LT_NOT_PERMITTED with field, value and whom to ask. Pure; `rights` may
 * be NULL. Receivers are judged as the sender names them (a successor takes over with the right);
 * those found by competence are asked for one by one with rights_reach.
 */
LT_CHECK enum lt_status rights_allow(const struct rights *rights, const struct header *header,
                                     struct fault *fault);
LT_CHECK enum lt_status rights_reach(const struct rights *rights, struct lt_bytes receiver,
                                     struct fault *fault);

#endif
