/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_LOG_DESK_H
#define BROKER_FLOW_LOG_DESK_H

#include "broker/log/door.h"
#include "proto/base/fault.h"

/*
 * What operators ask of the log: few questions, each kept until its answer has been fetched. The
 * signer answers in its own time, so a verb asks, says "busy", and is asked again.
 */
#define LOG_QUESTIONS_MAX 4
#define LOG_DESK_AGENCY   UINT32_MAX /* of wishes and news: no agency's */

struct log_question {
    char origin[NOTE_NAME_MAX + 1];
    uint64_t size;
    uint64_t number;       /* 0: a free place */
    int64_t asked_ms;      /* monotonic */
    struct log_news *news; /* NULL: not answered yet */
};

struct log_desk {
    struct log_question questions[LOG_QUESTIONS_MAX];
    uint64_t numbers; /* the last one given */
};

struct flow;

/* The newest checkpoint with the proof that it extends what `origin` had at `size` ("" and 0: no
 * proof). LT_OK: *ret_news is the caller's, to be freed with free(). LT_BUSY: ask again;
 * LT_NOT_HERE: there is no log. */
LT_CHECK enum lt_status log_desk_ask(struct flow *flow, const char *origin, uint64_t size,
                                     struct log_news **ret_news);

/* An answer; consumed. */
void log_desk_take(struct flow *flow, struct log_news *news);
void log_desk_clear(struct flow *flow);

#endif
