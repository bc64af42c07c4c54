/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_SAFE_START_H
#define BROKER_CORE_SAFE_START_H

#include <stdbool.h>
#include <stdint.h>

#include "broker.h"
#include "trail.h"

/*
 * What a start does about crashes before it: three of one cause within a minute set the cause
 * aside. A fact that crashes the fold goes into FOLDER/passed-over, a list of positions that people
 * can read and shorten; an agency whose frames crash the broker is shielded by a fact. With
 * anything set aside the start is a safe start: said in the log, served for everyone else.
 */
#define PASSED_OVER_MAX 256

struct safe_start {
    struct trail *trail;
    uint64_t passed_over[PASSED_OVER_MAX];
    uint32_t passed_over_count;
    uint32_t shield; /* agency number; 0 none */
    bool loop;       /* the last crashes had one cause, and it is set aside now */
};

/* LT_IO; LT_DAMAGED when the list does not read; LT_FULL when it has no more room: then people must
 * look. */
LT_CHECK enum lt_status safe_start_open(struct safe_start *start, const char *folder,
                                        int64_t now_ms, struct fault *fault);
void safe_start_options(struct safe_start *start, struct broker_options *options);
void safe_start_done(struct safe_start *start); /* the broker is open: the causes are set aside */
void safe_start_close(struct safe_start *start);

#endif
