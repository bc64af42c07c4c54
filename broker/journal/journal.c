/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The way of a fact to the disk. Two buffers take turns: facts are staged into one while the other,
 * finished as a record, is in flight at the backend. A finished record never changes: when the
 * backend has no room, or cannot say whether it wrote, the very same bytes are offered again.
 *
 * This file alone knows what is inside a ticket, so nothing else can make one: an answer that needs
 * a ticket cannot leave before its batch is durable. The ticket stands in the journal and is
 * written anew by each successful poll.
 *
 * Every record carries the digest of the one before, taken over the bytes as they went to the
 * backend; the chain starts with zeros. Positions and times are given here: positions without gaps,
 * times never going back.
 *
 * A backend that refuses or is fenced latches the journal: the same status comes back from then on,
 * nothing is sent any more and no further ticket is made. Damage found while opening stops the
 * start; damage found later by readers is shown to them (journal_scan.c) and stops nothing.
 */
#include <assert.h>
#include <stdlib.h>

#include "backend.h"
#include "fact.h"
#include "format.h"
#include "journal.h"
#include "journal_private.h"
#include "layout.h"
#include "proto/digest.h"

struct journal_ticket {
    uint64_t position;
    uint64_t epoch;
};

/* One of the two batches. */
struct batch {
    struct record_builder builder;
    uint8_t *memory;
};

struct journal {
    struct journal_backend backend; /* first: journal_backend_of() gives it to the readers */
    struct batch batches[2];
    struct batch *open; /* being staged */
    struct append append;
    bool in_flight;
    bool kept; /* met "full": to be started again with the same bytes */
    struct digester *digester;
    struct lt_digest before; /* of the last finished record */
    uint64_t epoch;
    uint64_t staged;
    uint64_t durable;
    int64_t time_ms;
    struct journal_ticket ticket;
    enum lt_status latched;
};

/* ---- opening ---- */

/* What the end of the journal tells the one who goes on writing. */
struct tail {
    struct digester *digester;
    struct fault *fault;
    uint64_t last;
    uint64_t epoch;
    int64_t time_ms;
    struct lt_digest digest;
};

static enum lt_status tail_look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct tail *tail = context;
    struct record record;
    enum lt_status status = record_read(bytes, &record, tail->fault);
    if (status != LT_OK) {
        return status;
    }
    if (record.first != first || first + record.count - 1 != tail->last) {
        return fault_set(tail->fault, LT_DAMAGED, "record.first",
                         "key %llu, header %llu, last position %llu", (unsigned long long)first,
                         (unsigned long long)record.first, (unsigned long long)tail->last);
    }
    for (uint32_t i = 0; i < record.count; i++) {
        struct fact fact;
        status = record_fact(&record, i, &fact);
        if (status != LT_OK) {
            return fault_set(tail->fault, status, "fact.crc", "position %llu",
                             (unsigned long long)fact.position);
        }
    }
    tail->epoch = record.epoch;
    tail->time_ms = record.time_ms;
    tail->digest = digest_of(tail->digester, bytes);
    return LT_OK;
}

static enum lt_status tail_read(struct journal *journal, struct fault *fault)
{
    struct backend_status at;
    journal->backend.status(journal->backend.self, &at);
    journal->staged = at.last;
    journal->durable = at.last;
    if (at.last == 0) {
        return LT_OK;
    }
    struct tail tail = {.digester = journal->digester, .fault = fault, .last = at.last};
    enum lt_status status = journal->backend.view(journal->backend.self, at.last, tail_look, &tail);
    if (status == LT_NOT_FOUND) {
        return fault_set(fault, LT_DAMAGED, "journal", "the last record, with %llu, is missing",
                         (unsigned long long)at.last);
    }
    if (status != LT_OK) {
        return fault_set(fault, status, "journal", "the last record does not read");
    }
    if (tail.epoch >= journal->epoch) {
        return fault_set(fault, LT_FENCED, "journal.epoch",
                         "ours is %llu, the last record has %llu",
                         (unsigned long long)journal->epoch, (unsigned long long)tail.epoch);
    }
    journal->before = tail.digest;
    journal->time_ms = tail.time_ms;
    return LT_OK;
}

static enum lt_status batches_init(struct journal *journal)
{
    for (int i = 0; i < 2; i++) {
        journal->batches[i].memory = malloc(JOURNAL_BATCH_BYTES_MAX);
        if (journal->batches[i].memory == NULL) {
            return LT_NO_MEMORY;
        }
    }
    return LT_OK;
}

static void batch_start(struct journal *journal, struct batch *batch)
{
    record_start(&batch->builder, batch->memory, JOURNAL_BATCH_BYTES_MAX, journal->staged + 1);
    journal->open = batch;
}

enum lt_status journal_open(struct journal **ret_journal, const struct journal_backend *backend,
                            const char *owner, struct fault *fault)
{
    struct journal *journal = calloc(1, sizeof(*journal));
    if (journal == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "journal", "%zu bytes", sizeof(*journal));
    }
    journal->backend = *backend;
    enum lt_status status = batches_init(journal);
    if (status != LT_OK) {
        fault_set(fault, status, "journal", "two batches of %d bytes", JOURNAL_BATCH_BYTES_MAX);
        goto done;
    }
    status = digester_open(&journal->digester);
    if (status != LT_OK) {
        fault_set(fault, status, "journal", "no digester");
        goto done;
    }
    status = backend->acquire(backend->self, owner, &journal->epoch, fault);
    if (status != LT_OK) {
        goto done;
    }
    status = tail_read(journal, fault);
    if (status != LT_OK) {
        goto done;
    }
    batch_start(journal, &journal->batches[0]);
    *ret_journal = journal;
    journal = NULL;
done:
    journal_close(&journal);
    return status;
}

void journal_close(struct journal **journal_p)
{
    struct journal *journal = *journal_p;
    if (journal == NULL) {
        return;
    }
    digester_close(&journal->digester);
    free(journal->batches[0].memory);
    free(journal->batches[1].memory);
    free(journal);
    *journal_p = NULL;
}

uint64_t journal_epoch(const struct journal *journal)
{
    return journal->epoch;
}

uint64_t journal_staged(const struct journal *journal)
{
    return journal->staged;
}

uint64_t journal_durable(const struct journal *journal)
{
    return journal->durable;
}

int64_t journal_time_ms(const struct journal *journal)
{
    return journal->time_ms;
}

/* ---- staging and committing ---- */

bool journal_room(const struct journal *journal, size_t payload_bytes)
{
    return record_room(&journal->open->builder, payload_bytes);
}

enum lt_status journal_stage(struct journal *journal, uint8_t kind, int64_t now_ms,
                             struct lt_bytes payload, struct fact *ret_fact)
{
    assert(kind != FACT_DAMAGED && format_knows(kind));
    assert(payload.size > 0);
    if (journal->latched != LT_OK) {
        return journal->latched;
    }
    if (payload.size > JOURNAL_FACT_BYTES_MAX) {
        return LT_BODY_TOO_LARGE;
    }
    int64_t time_ms = now_ms > journal->time_ms ? now_ms : journal->time_ms;
    struct lt_bytes copy;
    enum lt_status status = record_add(&journal->open->builder, kind, time_ms, payload, &copy);
    if (status != LT_OK) {
        return status;
    }
    journal->staged++;
    journal->time_ms = time_ms;
    *ret_fact = (struct fact){
        .position = journal->staged,
        .time_ms = time_ms,
        .kind = kind,
        .version = FACT_VERSION,
        .payload = copy,
    };
    return LT_OK;
}

/* Makes the staged batch a record; its bytes stand still from here on. */
static void batch_finish(struct journal *journal)
{
    struct record_builder *builder = &journal->open->builder;
    struct lt_bytes record =
        record_finish(builder, journal->epoch, journal->time_ms, &journal->before);
    assert(record.size > 0);
    journal->append = (struct append){
        .epoch = journal->epoch,
        .expected_last = builder->first - 1,
        .facts = builder->count,
        .record = record,
        .digest = digest_of(journal->digester, record),
    };
    journal->before = journal->append.digest;
    bool first_open = journal->open == &journal->batches[0];
    batch_start(journal, &journal->batches[first_open ? 1 : 0]);
}

/* Offers the finished record to the backend. */
static enum lt_status append_again(struct journal *journal)
{
    enum lt_status status = journal->backend.append_start(journal->backend.self, &journal->append);
    if (status != LT_OK) {
        journal->latched = status;
        return status;
    }
    journal->kept = false;
    journal->in_flight = true;
    return LT_OK;
}

enum lt_status journal_commit(struct journal *journal)
{
    if (journal->latched != LT_OK) {
        return journal->latched;
    }
    if (journal->in_flight) {
        return LT_AGAIN;
    }
    if (!journal->kept) {
        if (journal->open->builder.count == 0) {
            return LT_AGAIN;
        }
        batch_finish(journal);
    }
    return append_again(journal);
}

bool journal_in_flight(const struct journal *journal)
{
    return journal->in_flight;
}

bool journal_has_staged(const struct journal *journal)
{
    return journal->kept || journal->open->builder.count > 0;
}

static enum lt_status latch(struct journal *journal, enum lt_status status, struct fault *fault,
                            const char *why)
{
    journal->latched = status;
    return fault_set(fault, status, "journal", "%s at position %llu", why,
                     (unsigned long long)journal->append.expected_last + 1);
}

enum lt_status journal_poll(struct journal *journal, const struct journal_ticket **ret_ticket,
                            struct fault *fault)
{
    if (journal->latched != LT_OK) {
        return fault_set(fault, journal->latched, "journal", "stopped before");
    }
    enum append_result result;
    if (!journal->in_flight ||
        !journal->backend.append_done(journal->backend.self, &result, fault)) {
        return LT_AGAIN;
    }
    journal->in_flight = false;
    switch (result) {
    case APPEND_DURABLE:
        journal->durable = journal->append.expected_last + journal->append.facts;
        journal->ticket = (struct journal_ticket){journal->durable, journal->epoch};
        *ret_ticket = &journal->ticket;
        return LT_OK;
    case APPEND_UNKNOWN: {
        enum lt_status status = append_again(journal);
        return status == LT_OK ? LT_AGAIN : latch(journal, status, fault, "cannot ask again");
    }
    case APPEND_FULL:
        journal->kept = true;
        return fault_set(fault, LT_FULL, "journal", "no room for %zu bytes",
                         journal->append.record.size);
    case APPEND_FENCED:
        return latch(journal, LT_FENCED, fault, "a newer epoch took over");
    case APPEND_REFUSED:
        break;
    }
    return latch(journal, LT_IO, fault, "the backend refused");
}

uint64_t ticket_position(const struct journal_ticket *ticket)
{
    return ticket->position;
}

uint64_t ticket_epoch(const struct journal_ticket *ticket)
{
    return ticket->epoch;
}

/* ---- the rest of the backend, passed on ---- */

int journal_fd(const struct journal *journal)
{
    return journal->backend.fd(journal->backend.self);
}

const struct journal_backend *journal_backend_of(const struct journal *journal)
{
    return &journal->backend;
}

uint64_t journal_first(const struct journal *journal)
{
    struct backend_status at;
    journal->backend.status(journal->backend.self, &at);
    return at.first;
}

uint64_t journal_used_bytes(const struct journal *journal)
{
    struct backend_status at;
    journal->backend.status(journal->backend.self, &at);
    return at.used_bytes;
}

uint64_t journal_syncs(const struct journal *journal)
{
    struct backend_status at;
    journal->backend.status(journal->backend.self, &at);
    return at.syncs;
}
