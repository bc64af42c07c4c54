/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The judge. It hears what agencies were told and what they did, and what stands in the journal of
 * a broker that has just died. Wishes live in chunks that never move, found by sender and number.
 */
#include "oracle.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"

#define LOG_TAIL 3000

void oracle_init(struct oracle *oracle)
{
    memset(oracle, 0, sizeof(*oracle));
    memset(oracle->last_number, 0xff, sizeof(oracle->last_number));
}

void oracle_deinit(struct oracle *oracle)
{
    struct oracle kept;
    for (uint32_t i = 0; i < AGENCIES; i++) {
        for (uint32_t j = 0; oracle->chunks[i] != NULL && j < WISHES_CHUNKS; j++) {
            free(oracle->chunks[i][j]);
        }
        free((void *)oracle->chunks[i]);
    }
    oracle_init(&kept);
    kept.seed = oracle->seed;
    memcpy(kept.command, oracle->command, sizeof(kept.command));
    memcpy(kept.folder, oracle->folder, sizeof(kept.folder));
    *oracle = kept;
}

/* ---- a violation ------------------------------------------------------------------------- */

static void print_log(const struct oracle *oracle)
{
    char path[sizeof(oracle->folder) + 8];
    char tail[LOG_TAIL + 1];
    (void)snprintf(path, sizeof(path), "%s/log", oracle->folder);
    FILE *file = oracle->folder[0] == '\0' ? NULL : fopen(path, "re");
    if (file == NULL) {
        return;
    }
    if (fseek(file, -LOG_TAIL, SEEK_END) != 0) {
        rewind(file);
    }
    size_t size = fread(tail, 1, LOG_TAIL, file);
    tail[size] = '\0';
    (void)fclose(file);
    (void)fprintf(stderr, "---- the end of %s\n%s----\n", path, tail);
}

_Noreturn void oracle_fail(const struct oracle *oracle, const struct wish *wish, const char *format,
                           ...)
{
    va_list values;
    print_log(oracle);
    (void)fprintf(stderr, "crash: ");
    va_start(values, format);
    (void)vfprintf(stderr, format, values);
    va_end(values);
    if (wish != NULL) {
        char id[ID_TEXT_BYTES];
        id_write(id, &wish->id);
        (void)fprintf(stderr, "\n  sender %u, wish %u, case %u, id %s, accepted %d, position %llu",
                      wish->from, wish->number, wish->lane, id, wish->accepted ? 1 : 0,
                      (unsigned long long)wish->position);
    }
    for (uint32_t i = 0; wish != NULL && i < wish->legs_count; i++) {
        const struct wish_leg *leg = &wish->legs[i];
        (void)fprintf(stderr,
                      "\n  leg %u to %u: deliveries %u, effect %d, confirmed %d, journal %d,"
                      " told %d",
                      i, leg->to, leg->deliveries, leg->effect ? (int)leg->outcome : 0,
                      leg->confirmed ? 1 : 0, (int)leg->journaled, leg->told ? 1 : 0);
    }
    (void)fprintf(stderr, "\n  what is left: %s\n  again with: %s\n", oracle->folder,
                  oracle->command);
    exit(1);
}

/* ---- wishes ------------------------------------------------------------------------------ */

struct wish *oracle_wish(struct oracle *oracle, uint32_t from, uint32_t number)
{
    if (from >= AGENCIES || number >= oracle->made[from]) {
        return NULL;
    }
    return &oracle->chunks[from][number / WISHES_CHUNK][number % WISHES_CHUNK];
}

struct wish *oracle_make(struct oracle *oracle, uint32_t from, uint32_t lane)
{
    uint32_t number = oracle->made[from];
    uint32_t chunk = number / WISHES_CHUNK;
    if (chunk >= WISHES_CHUNKS) {
        return NULL;
    }
    if (oracle->chunks[from] == NULL) {
        oracle->chunks[from] = calloc(WISHES_CHUNKS, sizeof(struct wish *));
        assert(oracle->chunks[from] != NULL);
    }
    if (oracle->chunks[from][chunk] == NULL) {
        oracle->chunks[from][chunk] = calloc(WISHES_CHUNK, sizeof(struct wish));
        assert(oracle->chunks[from][chunk] != NULL);
    }
    oracle->made[from]++;
    oracle->counts.wishes++;
    struct wish *wish = oracle_wish(oracle, from, number);
    *wish = (struct wish){.from = from, .number = number, .lane = lane};
    wish->before = oracle->last_made[from][lane];
    oracle->last_made[from][lane] = wish;
    return wish;
}

/* ---- what agencies saw ------------------------------------------------------------------- */

static bool same_id(const struct lt_id *a, const struct lt_id *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

void oracle_accepted(struct oracle *oracle, struct wish *wish, const struct lt_id *id)
{
    if (wish->accepted && !same_id(&wish->accepted_as, id)) {
        oracle_fail(oracle, wish, "one wish was accepted under two ids");
    }
    if (!wish->accepted) {
        oracle->counts.accepted++;
        oracle->counts.legs += wish->legs_count;
    }
    wish->accepted = true;
    wish->accepted_as = *id;
}

void oracle_delivered(struct oracle *oracle, struct wish_leg *leg, const struct lt_id *id)
{
    oracle->counts.delivered++;
    oracle->counts.again += leg->deliveries > 0;
    leg->deliveries++;
    if (leg->effect && !same_id(&leg->effect_id, id)) {
        oracle_fail(oracle, leg->wish, "handed over again under another id: a second effect");
    }
    if (leg->confirmed) {
        oracle_fail(oracle, leg->wish, "handed over after its end was confirmed");
    }
}

static void check_order(struct oracle *oracle, const struct wish_leg *leg, uint64_t position)
{
    const struct wish *wish = leg->wish;
    uint64_t *last = &oracle->last_position[leg->to][wish->lane];
    int64_t *number = &oracle->last_number[leg->to][wish->lane][wish->from];
    if (wish->aside) {
        return;
    }
    if (position <= *last || (int64_t)wish->number <= *number) {
        oracle_fail(oracle, wish, "order of the lane broken: after position %llu and number %lld",
                    (unsigned long long)*last, (long long)*number);
    }
    *last = position;
    *number = wish->number;
}

void oracle_effect(struct oracle *oracle, struct wish_leg *leg, const struct lt_id *id,
                   uint64_t position, enum lt_outcome outcome)
{
    if (leg->effect) {
        oracle_fail(oracle, leg->wish, "second effect of one wish");
    }
    check_order(oracle, leg, position);
    leg->effect = true;
    leg->effect_id = *id;
    leg->outcome = outcome;
    oracle->counts.taken += outcome == LT_OUTCOME_TAKEN;
    oracle->counts.refused += outcome == LT_OUTCOME_REFUSED;
}

void oracle_confirmed(struct oracle *oracle, struct wish_leg *leg)
{
    if (leg->effect && !leg->confirmed) {
        leg->confirmed = true;
        oracle->counts.confirmed++;
    }
}

void oracle_told(struct oracle *oracle, struct wish_leg *leg, enum lt_outcome outcome)
{
    if (!leg->effect || leg->outcome != outcome) {
        oracle_fail(oracle, leg->wish, "the sender was told outcome %d, the receiver said %d",
                    (int)outcome, leg->effect ? (int)leg->outcome : 0);
    }
    leg->told = true;
}

/* ---- what the journal says --------------------------------------------------------------- */

void oracle_stands(struct oracle *oracle, struct wish *wish, uint64_t position,
                   const struct lt_id *id, uint32_t legs_count)
{
    if (wish->position != 0) {
        oracle_fail(oracle, wish, "accepted twice, again at position %llu",
                    (unsigned long long)position);
    }
    if (wish->accepted && !same_id(&wish->accepted_as, id)) {
        oracle_fail(oracle, wish, "told accepted under another id than the journal has");
    }
    if (legs_count != wish->legs_count) {
        oracle_fail(oracle, wish, "accepted with %u legs", legs_count);
    }
    wish->position = position;
}

void oracle_stands_final(struct oracle *oracle, struct wish_leg *leg, enum lt_outcome outcome)
{
    if (leg->journaled != LT_OUTCOME_NONE) {
        oracle_fail(oracle, leg->wish, "ended twice in the journal, again with %d", (int)outcome);
    }
    if (!leg->effect || leg->outcome != outcome) {
        oracle_fail(oracle, leg->wish, "the journal has end %d, the receiver said another",
                    (int)outcome);
    }
    leg->journaled = outcome;
}

static void look_at(struct oracle *oracle, const struct wish *wish)
{
    if (wish->accepted && wish->position == 0) {
        oracle_fail(oracle, wish, "told accepted and not in the journal: lost");
    }
    for (uint32_t i = 0; i < wish->legs_count; i++) {
        const struct wish_leg *leg = &wish->legs[i];
        if ((leg->confirmed || leg->told) && leg->journaled == LT_OUTCOME_NONE) {
            oracle_fail(oracle, wish, "leg %u was %s and its end is not in the journal", i,
                        leg->confirmed ? "confirmed" : "told");
        }
        if (leg->deliveries > 0 && wish->position == 0) {
            oracle_fail(oracle, wish, "leg %u was handed over before it was durable", i);
        }
    }
}

void oracle_look(struct oracle *oracle)
{
    for (uint32_t from = 0; from < AGENCIES; from++) {
        for (uint32_t i = 0; i < oracle->made[from]; i++) {
            look_at(oracle, oracle_wish(oracle, from, i));
        }
    }
}

static void rest_of(struct oracle *oracle, const struct wish *wish)
{
    if (!wish->accepted) {
        oracle_fail(oracle, wish, "a wish never got its verdict");
    }
    for (uint32_t i = 0; i < wish->legs_count; i++) {
        const struct wish_leg *leg = &wish->legs[i];
        if (!leg->effect) {
            oracle_fail(oracle, wish, "leg %u was accepted and never ended", i);
        }
        if (!same_id(&leg->effect_id, &wish->accepted_as)) {
            oracle_fail(oracle, wish, "leg %u took effect under another id than was accepted", i);
        }
        if (!leg->confirmed || !leg->told) {
            oracle_fail(oracle, wish, "leg %u was never %s", i,
                        leg->confirmed ? "told to its sender" : "confirmed");
        }
    }
}

void oracle_rest(struct oracle *oracle)
{
    for (uint32_t from = 0; from < AGENCIES; from++) {
        for (uint32_t i = 0; i < oracle->made[from]; i++) {
            rest_of(oracle, oracle_wish(oracle, from, i));
        }
    }
}
