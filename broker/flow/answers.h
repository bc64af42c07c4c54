/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_ANSWERS_H
#define BROKER_FLOW_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/journal/journal.h"
#include "proto/base/list.h"
#include "proto/base/pool.h"
#include "proto/frame.h"
#include "session.h"

/*
 * Answers that wait for their ticket. An answer names the position it rests on; answers_release is
 * the only way to move the line, and only a journal_ticket moves it, so nothing can be acknowledged
 * before it is durable. Per session they leave in the order of their positions.
 */
#define ANSWERS_MAX 65536

enum answer_kind { ANSWER_VERDICT = 1, ANSWER_SETTLED = 2, ANSWER_PAGE = 3, ANSWER_LIST = 4 };

struct answer {
    struct list_node node; /* on session.answers */
    enum answer_kind kind;
    uint64_t position;     /* of the fact it rests on */
    uint32_t parcel_bytes; /* verdict: window given back */
    uint16_t code;
    uint16_t leg;
    uint64_t number; /* settled: the receiver's own */
    uint32_t retry_after_ms;
    struct lt_id id;
    struct lt_id known_as;
    uint64_t decided; /* position told in the verdict, or in Settled */
    int64_t time_ms;
    char field[24];
    char detail[80];
    uint8_t *page; /* encoded Page frame body, owned (malloc): PAGE; a List: LIST */
    uint32_t page_bytes;
};

struct answers {
    struct pool pool;
    uint64_t line; /* everything up to here is durable: moved by tickets only */
};

enum lt_status answers_open(struct answers *answers, uint64_t durable_at_start);
void answers_close(struct answers *answers);

/* A blank answer at the session's tail; NULL when the pool is dry: stop receiving this turn. */
struct answer *answer_make(struct answers *answers, struct sessions *sessions,
                           struct session *session, enum answer_kind kind, uint64_t position);
uint32_t answers_left(const struct answers *answers);

void answers_release(struct answers *answers, const struct journal_ticket *ticket);

/* The session's first answer that may leave, of any kind; NULL when it must wait. */
struct answer *answer_ready(const struct answers *answers, const struct session *session);
struct answer *answer_after(const struct answers *answers, const struct session *session,
                            const struct answer *answer);
void answer_free(struct answers *answers, struct session *session, struct answer *answer);
void answers_drop(struct answers *answers, struct session *session); /* the session ends */

#endif
