/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_PARCELS_H
#define OPS_TOOLS_BENCH_PARCELS_H

#include "book.h"
#include "proto/base/arena.h"
#include "proto/digest.h"
#include "proto/frame.h"
#include <lienthong/clock.h>

/*
 * Parcels of one sender, made anew for every transfer: id, sender key, case, receiver and digests
 * are all true. The header is encoded once; the fields that differ have a fixed length and are
 * written over in a copy, so that making a parcel costs a copy and one SHA-256. The same number
 * always gives the same bytes.
 */
struct parcels_plan {
    const struct book *book;
    uint32_t sender;
    const char *from;     /* agency id */
    const char (*to)[16]; /* ids of the receivers, all of one length */
    uint32_t to_count;
    uint32_t lanes; /* cases of this sender; each goes to one receiver */
    uint32_t size;  /* of the body */
    int64_t created_ms;
};

struct parcels;

enum lt_status parcels_open(struct parcels **ret_parcels, const struct parcels_plan *plan,
                            const struct lt_entropy *entropy);
void parcels_close(struct parcels **parcels_p);
size_t parcels_bytes(const struct parcels *parcels); /* header and body, always the same */

/* The header in the arena, the body shared. LT_NO_MEMORY. */
LT_CHECK enum lt_status parcels_make(struct parcels *parcels, uint32_t number, struct arena *arena,
                                     struct parcel *ret_parcel);

#endif
