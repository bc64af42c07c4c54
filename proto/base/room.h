/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_ROOM_H
#define PROTO_BASE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/status.h>

/*
 * Disk space of one file, taken before it is written to, so that a full disk shows while nothing
 * has been written yet and never in the middle of a write. One thread at a time.
 */
struct room {
    int fd;       /* borrowed */
    uint64_t end; /* every block below is the file's */
    bool untold;  /* the file system cannot take room ahead */
};

void room_init(struct room *room, int fd);

/*
 * From now on `need` bytes behind `used` can be written, and all below. LT_FULL: not now, nothing
 * changed. Takes more than is needed where there is plenty, to be asked seldom.
 */
LT_CHECK enum lt_status room_take(struct room *room, uint64_t used, uint64_t need);

/* What a transaction of a store meets: sums over its trees, in pages. */
struct room_trees {
    uint64_t page_bytes;
    uint64_t count; /* of trees, those of the store's own included */
    uint64_t leaves;
    uint64_t branches;
    uint64_t overflow;
    uint64_t depth;  /* of the deepest */
    uint64_t listed; /* pages that the free list takes */
};

/* The most pages that a commit writes which touched so many entries and put so many bytes. */
uint64_t room_pages_of(const struct room_trees *trees, uint64_t touched, uint64_t bytes);

#endif
