/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_JOURNAL_JOURNAL_TEST_H
#define TESTS_UNIT_JOURNAL_JOURNAL_TEST_H

/* A journal on the twin in memory, and facts in one line. */

#include "unit/base/base_test.h"

#include "broker/journal/backend.h"
#include "broker/journal/fact.h"
#include "broker/journal/journal.h"
#include "broker/journal/layout.h"
#include "proto/digest.h"

struct desk {
    struct backend_memory *twin;
    struct journal_backend door;
    struct journal *journal;
    struct fault fault;
};

static inline enum lt_status desk_journal(struct desk *desk)
{
    fault_init(&desk->fault);
    return journal_open(&desk->journal, &desk->door, "test", &desk->fault);
}

static inline void desk_init(struct desk *desk)
{
    memset(desk, 0, sizeof(*desk));
    assert_int_equal(backend_memory_open(&desk->twin), LT_OK);
    desk->door = backend_memory_door(desk->twin);
    assert_int_equal(desk_journal(desk), LT_OK);
}

static inline void desk_deinit(struct desk *desk)
{
    journal_close(&desk->journal);
    backend_memory_close(&desk->twin);
}

/* Stages one fact whose payload holds `number`; its position. */
static inline uint64_t stage_number(struct journal *journal, int64_t now_ms, uint64_t number)
{
    uint8_t memory[64];
    struct fact_noticed noticed = {.agency = 7, .cursor = number};
    struct fact fact;
    assert_int_equal(journal_stage(journal, FACT_NOTICED, now_ms,
                                   fact_write_noticed(memory, sizeof(memory), &noticed), &fact),
                     LT_OK);
    assert_int_equal(fact.position, journal_staged(journal));
    return fact.position;
}

static inline uint64_t number_of(const struct fact *fact)
{
    struct fact_noticed noticed;
    assert_int_equal(fact->kind, FACT_NOTICED);
    assert_true(fact_read_noticed(fact->payload, &noticed));
    return noticed.cursor;
}

/* Polls until something is decided. */
static inline enum lt_status poll_answer(struct desk *desk,
                                         const struct journal_ticket **ret_ticket)
{
    enum lt_status status = LT_AGAIN;
    for (int i = 0; i < 1000 && status == LT_AGAIN; i++) {
        status = journal_poll(desk->journal, ret_ticket, &desk->fault);
    }
    return status;
}

/* A record of its own for each call: `count` numbers from `number` on, durable. */
static inline void write_record(struct desk *desk, uint64_t number, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        stage_number(desk->journal, 1000, number + i);
    }
    const struct journal_ticket *ticket = NULL;
    assert_int_equal(journal_commit(desk->journal), LT_OK);
    assert_int_equal(poll_answer(desk, &ticket), LT_OK);
    assert_int_equal(ticket_position(ticket), journal_staged(desk->journal));
}

#endif
