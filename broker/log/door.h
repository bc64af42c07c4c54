/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_LOG_DOOR_H
#define BROKER_LOG_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/list.h"
#include "proto/frame_log.h"
#include "proto/note.h"

/*
 * What the core asks of the signer, and what the signer gives back: bounded queues both ways,
 * nothing waits. `ask` copies the wish; false: too many are waiting. What `take` gives is freed by
 * free(): its views point into its own memory.
 */
struct log_wish {
    uint64_t session; /* public number of the session that gets the answer */
    uint32_t agency;
    uint64_t number;
    char origin[NOTE_NAME_MAX + 1];
    uint64_t size;
    uint64_t position;
    uint64_t also; /* size of another checkpoint to prove; 0: none */
};

enum log_news_kind { NEWS_RECEIPTS = 1, NEWS_PROOF = 2 };

struct log_news {
    struct list_node node; /* the taker's */
    enum log_news_kind kind;
    uint32_t agency;
    uint64_t session; /* 0: any of the agency's */
    union {
        struct receipts receipts;
        struct log_proof proof;
    };
};

struct log_about {
    uint64_t size; /* commits */
    uint64_t signed_size;
    uint64_t position;    /* of the journal, followed to here */
    uint64_t checkpoints; /* signed since start */
    uint64_t receipts;    /* leaves told since start */
    uint64_t dropped;     /* leaves not told: they may be asked for */
    uint64_t failures;
    uint32_t incarnation;
};

struct log_door {
    void *self;
    /* Everything up to `durable` may be followed; time_ms 0: the clock is suspect. */
    void (*tell)(void *self, uint64_t durable, int64_t time_ms);
    bool (*ask)(void *self, const struct log_wish *wish);
    struct log_news *(*take)(void *self); /* NULL: nothing now */
    int (*fd)(void *self);                /* readable when there is something to take; -1: none */
    /* The newest checkpoint, copied; its size, 0: none yet. */
    size_t (*checkpoint)(void *self, uint8_t out[NOTE_BYTES_MAX]);
    const char *key; /* the log's name and key as a line; lives as long as the door */
    void (*about)(void *self, struct log_about *ret_about);
};

#endif
