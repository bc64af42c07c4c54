/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_TRANSFER_AUDIT_RECORD_H
#define BROKER_TRANSFER_AUDIT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * STATE_AUDIT: what people did and saw, found by person and by transfer.
 *
 *   'P' person 0 position(8)            every act and view of a person, in order
 *   'T' transfer(8) position(8)         every view of what is masked of a transfer, in order
 *
 * The value tells the whole entry, so that it is shown without the journal: it outlives a cut.
 */
#define AUDIT_PERSON_MAX  63
#define AUDIT_VALUE_BYTES (1 + 8 + 1 + 1 + 8 + 8 + 4 + 2 + AUDIT_PERSON_MAX + 2 + LT_REASON_MAX)

struct audit_record {
    int64_t time_ms;
    uint8_t kind;      /* enum fact_kind */
    uint8_t act;       /* of that kind: enum act_kind, registry_change, seen_what, plan_state ... */
    uint64_t transfer; /* position of its acceptance; 0: not about a transfer */
    uint64_t number;   /* of a plan or an incident; the position a mark or an order names; 0 */
    uint32_t agency;   /* number; 0: not about an agency */
    struct lt_bytes person;
    struct lt_bytes reason; /* or the purpose of a view */
};

struct lt_bytes audit_person_prefix(uint8_t out[RECORD_KEY_MAX], struct lt_bytes person);
struct lt_bytes audit_person_key(uint8_t out[RECORD_KEY_MAX], struct lt_bytes person,
                                 uint64_t position);
struct lt_bytes audit_transfer_key(uint8_t out[RECORD_KEY_MAX], uint64_t transfer,
                                   uint64_t position);
/* The position at the end of a key that begins with `prefix_size` bytes of it. */
LT_CHECK bool audit_key_position(struct lt_bytes key, size_t prefix_size, uint64_t *ret_position);

/* Longer texts are cut at a rune. */
struct lt_bytes audit_write(uint8_t out[AUDIT_VALUE_BYTES], const struct audit_record *record);
/* Texts are views into `bytes`. */
LT_CHECK bool audit_read(struct lt_bytes bytes, struct audit_record *ret_record);

#endif
