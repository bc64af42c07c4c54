/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A journal opened read-only, straight through its backend. Facts name transfers by position, so
 * the accepted ones are kept in order of position and found by halving.
 *
 * A folder without a whole journal is what a broker leaves that died while it made one; then nobody
 * may have been told anything, which is what the oracle checks.
 */
#include "witness.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/journal/backend.h"
#include "broker/journal/fact.h"
#include "broker/journal/layout.h"
#include "broker/journal/verify.h"
#include "broker/transfer/leg.h"
#include "proto/base/arena.h"
#include "proto/base/text.h"
#include "proto/message.h"

struct place {
    uint64_t position;
    struct wish *wish;
};

struct witness {
    struct oracle *oracle;
    struct arena arena;
    uint64_t seen; /* the last position looked at */
    struct place *places;
    size_t count;
    size_t room;
};

struct witness *witness_open(struct oracle *oracle)
{
    struct witness *witness = calloc(1, sizeof(*witness));
    assert(witness != NULL);
    witness->oracle = oracle;
    enum lt_status status = arena_init(&witness->arena, 64 * 1024, 1024 * 1024);
    assert(status == LT_OK);
    return witness;
}

void witness_close(struct witness **witness_p)
{
    struct witness *witness = *witness_p;
    if (witness == NULL) {
        return;
    }
    arena_deinit(&witness->arena);
    free(witness->places);
    free(witness);
    *witness_p = NULL;
}

void witness_forget(struct witness *witness)
{
    witness->seen = 0;
    witness->count = 0;
}

/* ---- facts ------------------------------------------------------------------------------- */

static void keep_place(struct witness *witness, uint64_t position, struct wish *wish)
{
    if (witness->count == witness->room) {
        witness->room = witness->room == 0 ? 4096 : witness->room * 2;
        witness->places = realloc(witness->places, witness->room * sizeof(*witness->places));
        assert(witness->places != NULL);
    }
    witness->places[witness->count++] = (struct place){position, wish};
}

static int place_compare(const void *key, const void *element)
{
    uint64_t position = *(const uint64_t *)key;
    const struct place *place = element;
    return position < place->position ? -1 : position > place->position;
}

static void take_accepted(struct witness *witness, const struct fact *fact)
{
    struct fact_accepted accepted;
    struct header header;
    unsigned from = 0;
    unsigned number = 0;
    char key[LT_SENDER_KEY_MAX + 1];
    arena_reset(&witness->arena);
    if (!fact_read_accepted(fact->payload, &accepted) ||
        header_read(accepted.header, &witness->arena, &header, NULL) != LT_OK) {
        oracle_fail(witness->oracle, NULL, "position %llu does not read",
                    (unsigned long long)fact->position);
    }
    text_copy(key, sizeof(key), header.sender_key);
    struct wish *wish = sscanf(key, "k-%u-%u", &from, &number) == 2
                            ? oracle_wish(witness->oracle, from, number)
                            : NULL;
    if (wish == NULL) {
        oracle_fail(witness->oracle, NULL, "position %llu holds what nobody sent: %s",
                    (unsigned long long)fact->position, key);
    }
    oracle_stands(witness->oracle, wish, fact->position, &header.id, accepted.legs_count);
    keep_place(witness, fact->position, wish);
}

static void take_settled(struct witness *witness, const struct fact *fact)
{
    struct fact_settled settled;
    if (!fact_read_settled(fact->payload, &settled)) {
        oracle_fail(witness->oracle, NULL, "position %llu does not read",
                    (unsigned long long)fact->position);
    }
    if (settled.next != LEG_TAKEN && settled.next != LEG_REFUSED) {
        return;
    }
    const struct place *place = witness->count == 0
                                    ? NULL
                                    : bsearch(&settled.position, witness->places, witness->count,
                                              sizeof(*witness->places), place_compare);
    if (place == NULL || settled.leg >= place->wish->legs_count) {
        oracle_fail(witness->oracle, NULL, "position %llu settles nothing that was accepted",
                    (unsigned long long)fact->position);
    }
    oracle_stands_final(witness->oracle, &place->wish->legs[settled.leg],
                        (enum lt_outcome)settled.outcome);
}

static enum lt_status look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct witness *witness = context;
    struct record record;
    enum lt_status status = record_read(bytes, &record, NULL);
    for (uint32_t i = 0; status == LT_OK && i < record.count; i++) {
        struct fact fact;
        status = record_fact(&record, i, &fact);
        if (status == LT_OK && fact.kind == FACT_ACCEPTED) {
            take_accepted(witness, &fact);
        } else if (status == LT_OK && fact.kind == FACT_SETTLED) {
            take_settled(witness, &fact);
        }
    }
    if (status != LT_OK || first != witness->seen + 1) {
        oracle_fail(witness->oracle, NULL, "the record at %llu does not read or does not follow",
                    (unsigned long long)first);
    }
    witness->seen = first + record.count - 1;
    return LT_OK;
}

/* ---- a look ------------------------------------------------------------------------------ */

static void found(void *context, const struct verify_finding *finding)
{
    const struct oracle *oracle = context;
    (void)fprintf(stderr, "crash: position %llu: %s\n", (unsigned long long)finding->position,
                  finding->what);
    (void)oracle;
}

static void read_all(struct witness *witness, const struct journal_backend *door)
{
    struct backend_status at;
    struct verify_report report;
    door->status(door->self, &at);
    if (at.last < witness->seen) {
        oracle_fail(witness->oracle, NULL, "the journal ends at %llu and had ended at %llu",
                    (unsigned long long)at.last, (unsigned long long)witness->seen);
    }
    if (journal_verify(door, 0, NULL, found, witness->oracle, NULL, &report) != LT_OK ||
        report.findings != 0) {
        oracle_fail(witness->oracle, NULL, "the journal does not verify");
    }
    enum lt_status status = LT_OK;
    while (status == LT_OK) {
        status = door->view(door->self, witness->seen + 1, look, witness);
    }
    if (status != LT_NOT_FOUND || witness->seen != at.last) {
        oracle_fail(witness->oracle, NULL, "the journal reads up to %llu of %llu",
                    (unsigned long long)witness->seen, (unsigned long long)at.last);
    }
}

void witness_look(struct witness *witness, const char *data)
{
    char made[300];
    struct fault fault;
    struct backend_lmdb *backend = NULL;
    const struct backend_lmdb_options options = {.folder = data, .read_only = true};
    fault_init(&fault);
    (void)snprintf(made, sizeof(made), "%s/journal.made", data);
    if (access(made, F_OK) == 0) {
        enum lt_status status = backend_lmdb_open(&backend, &options, &fault);
        if (status != LT_OK) {
            oracle_fail(witness->oracle, NULL, "%s: %s: %s", fault.field, lt_code(status),
                        fault.detail);
        }
        struct journal_backend door = backend_lmdb_door(backend);
        read_all(witness, &door);
        backend_lmdb_close(&backend);
    }
    oracle_look(witness->oracle);
}
