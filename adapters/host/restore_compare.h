/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_RESTORE_COMPARE_H
#define ADAPTERS_HOST_RESTORE_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/restore.h>

/*
 * The comparison of a restore: the list of the axis, page by page, against the local system's word
 * about each. What is missing here is kept, in the order of acceptance, to be fetched.
 */
struct restore_missing {
    struct lt_id id;
    uint32_t leg;
    uint64_t position;
    struct lt_digest digest;
};

struct restore_sums {
    uint64_t listed;  /* legs of the axis's list, of those that matter */
    uint64_t open;    /* not final yet: they come by themselves */
    uint64_t other;   /* final, but not taken */
    uint64_t held;    /* here and there */
    uint64_t waiting; /* in the inbox already, not taken yet */
    uint64_t missing; /* there, not here */
    uint64_t differs; /* same id, other digest */
    uint64_t unknown; /* the local system gave no word */
    uint64_t ahead;   /* the adapter had it from the axis, and the axis does not list it */
};

struct restore_compare {
    struct lt_client *client;
    enum lt_list what;
    int64_t since_ms;
    void *self; /* of `step` */
    void (*step)(void *self, const struct restore_sums *sums);
    /* filled */
    struct restore_sums sums;
    uint64_t last_position; /* of the list */
    struct restore_missing *missing;
    uint64_t missing_room;
    struct restore_missing differing[16]; /* the first of them, for people */
    uint32_t differing_count;
    char reason[LT_REASON_MAX + 1]; /* why the last unknown one is unknown */
};

/* LT_NO_MEMORY, or what the axis said. The caller frees `missing` by restore_compare_free. */
LT_CHECK enum lt_status restore_compare_run(struct restore_compare *compare);
void restore_compare_free(struct restore_compare *compare);

#endif
