/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_BOOK_H
#define OPS_TOOLS_BENCH_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * What became of every transfer of the run, one entry each, so that lost and duplicated are counted
 * and not estimated. Transfers are numbered per sender; the number stands inside the id (a valid
 * UUIDv7: time, 12 bits of the run, sender and number), so that the id finds its entry without a
 * search. Senders and receivers write the same entry from different threads.
 */
struct book;

/* `run` makes ids of different runs differ; `base_ms` is their wall time. LT_NO_MEMORY. */
enum lt_status book_open(struct book **ret_book, uint32_t senders, uint16_t run, int64_t base_ms);
void book_close(struct book **book_p);

struct lt_id book_id(const struct book *book, uint32_t sender, uint32_t number);
/* False: not the id of a transfer of this run. */
LT_CHECK bool book_find(const struct book *book, const struct lt_id *id, uint32_t *ret_sender,
                        uint32_t *ret_number);

/* Before the first Submit; a repeated one keeps the first time. LT_NO_MEMORY. */
LT_CHECK enum lt_status book_submitted(struct book *book, uint32_t sender, uint32_t number,
                                       int64_t now_us);
void book_accepted(struct book *book, uint32_t sender, uint32_t number);

/* Handed over; true when it had been handed over before. */
LT_CHECK bool book_delivered(struct book *book, uint32_t sender, uint32_t number);
/* Durably settled; the time since it was submitted, or -1 when it was settled before. */
LT_CHECK int64_t book_settled(struct book *book, uint32_t sender, uint32_t number, int64_t now_us);
LT_CHECK bool book_is_settled(const struct book *book, uint32_t sender, uint32_t number);

struct book_sum {
    uint64_t submitted;
    uint64_t accepted;
    uint64_t settled;
    uint64_t lost; /* accepted, not settled */
};
void book_sum(const struct book *book, struct book_sum *ret_sum);

#endif
