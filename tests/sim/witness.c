/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two tables, both in the order of positions, so that a restore shortens them from the end: where
 * each wish was accepted and who has its legs, and what people did. An act is taken back by undoing
 * it, newest first.
 */
#include "witness.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal/fact.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define PLACES_MAX (WISHES_MAX * 4)
#define DEEDS_MAX  (WISHES_MAX * 4)

struct place {
    uint64_t position;
    struct wish *wish;
    uint32_t legs[LT_LEGS_MAX]; /* agency index */
    uint32_t count;
};

struct deed {
    uint64_t position; /* of the act itself */
    uint64_t about;    /* the acceptance */
    enum act_kind act;
    uint32_t agency; /* index: whose share */
    uint32_t leg;
    uint32_t to; /* of a reroute, and the leg it made */
    uint32_t to_leg;
    bool due_before; /* of the share that it goes to */
    bool risk;
};

struct witness {
    struct oracle *oracle;
    struct story *story;
    uint64_t next;
    struct place places[PLACES_MAX];
    uint32_t places_count;
    struct deed deeds[DEEDS_MAX];
    uint32_t deeds_count;
};

struct witness *witness_open(struct oracle *oracle, struct story *story)
{
    struct witness *witness = calloc(1, sizeof(*witness));
    assert(witness != NULL);
    witness->oracle = oracle;
    witness->story = story;
    witness->next = 1;
    return witness;
}

void witness_close(struct witness **witness_p)
{
    free(*witness_p);
    *witness_p = NULL;
}

/* places_count: none */
static uint32_t place_index(const struct witness *witness, uint64_t position)
{
    uint32_t low = 0;
    uint32_t high = witness->places_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (witness->places[middle].position < position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < witness->places_count && witness->places[low].position == position;
    return found ? low : witness->places_count;
}

static struct place *place_at(struct witness *witness, uint64_t position)
{
    uint32_t at = place_index(witness, position);
    return at < witness->places_count ? &witness->places[at] : NULL;
}

struct wish *witness_wish(const struct witness *witness, uint64_t position)
{
    uint32_t at = place_index(witness, position);
    return at < witness->places_count ? witness->places[at].wish : NULL;
}

/* ---- what the facts say ---- */

struct look {
    struct witness *witness;
    uint64_t durable; /* a record may be written that nobody knows of yet */
    struct arena arena;
};

static bool see_accepted(struct look *look, const struct fact *fact)
{
    struct witness *witness = look->witness;
    struct fact_accepted accepted;
    struct header header;
    char key[LT_SENDER_KEY_MAX + 1];
    unsigned from = 0;
    unsigned number = 0;
    arena_reset(&look->arena);
    if (!fact_read_accepted(fact->payload, &accepted) ||
        header_read(accepted.header, &look->arena, &header, NULL) != LT_OK) {
        return false;
    }
    text_copy(key, sizeof(key), header.sender_key);
    assert(witness->places_count < PLACES_MAX);
    struct place *place = &witness->places[witness->places_count++];
    memset(place, 0, sizeof(*place));
    place->position = fact->position;
    place->wish = sscanf(key, "k-%u-%u", &from, &number) == 2
                      ? oracle_wish(witness->oracle, from, number)
                      : NULL;
    for (uint32_t i = 0; i < accepted.legs_count; i++) {
        place->legs[place->count++] = accepted.legs[i].agency - 1;
    }
    return place->wish != NULL;
}

/* The share that an act is about; it must have been asked for. */
static struct deed *see_deed(struct witness *witness, const struct fact *fact, enum act_kind act,
                             uint64_t about, uint8_t leg)
{
    struct place *place = place_at(witness, about);
    if (place == NULL || leg >= place->count) {
        return NULL;
    }
    struct share *share = &place->wish->shares[place->legs[leg]];
    if ((share->acts_asked >> act & 1u) == 0) {
        fprintf(stderr, "position %llu: %s\n", (unsigned long long)fact->position,
                act_kind_name((uint8_t)act));
        oracle_fail(witness->oracle, "an act that nobody asked for", place->wish);
    }
    assert(witness->deeds_count < DEEDS_MAX);
    struct deed *deed = &witness->deeds[witness->deeds_count++];
    *deed = (struct deed){.position = fact->position,
                          .about = about,
                          .act = act,
                          .agency = place->legs[leg],
                          .leg = leg,
                          .to = place->legs[leg]};
    return deed;
}

static bool see_act(struct witness *witness, const struct fact *fact)
{
    struct fact_act act;
    if (!fact_read_act(fact->payload, &act)) {
        return false;
    }
    if (act.act != ACT_SKIP && act.act != ACT_CANCEL && act.act != ACT_EXPIRE) {
        return true;
    }
    struct deed *deed = see_deed(witness, fact, (enum act_kind)act.act, act.position, act.leg);
    if (deed == NULL) {
        return false;
    }
    struct share *share = &witness_wish(witness, act.position)->shares[deed->agency];
    deed->risk = act.risk;
    deed->due_before = share->due;
    if (act.act == ACT_SKIP) {
        share->own_way = true;
    } else {
        share->due = false;
        share->at_risk = act.risk;
    }
    return true;
}

static bool see_rerouted(struct witness *witness, const struct fact *fact)
{
    struct fact_rerouted rerouted;
    if (!fact_read_rerouted(fact->payload, &rerouted)) {
        return false;
    }
    struct deed *deed = see_deed(witness, fact, ACT_REROUTE, rerouted.position, rerouted.leg);
    struct place *place = place_at(witness, rerouted.position);
    if (deed == NULL || rerouted.to == 0 || rerouted.to > AGENCIES_SIM ||
        place->count == LT_LEGS_MAX) {
        return false;
    }
    deed->risk = rerouted.risk;
    deed->to = rerouted.to - 1;
    deed->to_leg = place->count;
    place->legs[place->count++] = deed->to;
    place->wish->shares[deed->agency].due = false;
    place->wish->shares[deed->agency].at_risk = rerouted.risk;
    struct share *share = &place->wish->shares[deed->to];
    deed->due_before = share->due;
    share->known = true;
    share->due = true;
    share->own_way = true;
    return true;
}

static enum lt_status see(void *context, const struct fact *fact)
{
    struct look *look = context;
    bool good = true;
    if (fact->position > look->durable) {
        return LT_OK;
    }
    if (look->witness->story != NULL) {
        story_add(look->witness->story, fact);
    }
    switch (fact->kind) {
    case FACT_ACCEPTED:
        good = see_accepted(look, fact);
        break;
    case FACT_ACT:
        good = see_act(look->witness, fact);
        break;
    case FACT_REROUTED:
        good = see_rerouted(look->witness, fact);
        break;
    default:
        break;
    }
    return good ? LT_OK : LT_DAMAGED;
}

bool witness_look(struct witness *witness, struct flow *flow)
{
    struct look look = {.witness = witness, .durable = journal_durable(flow->journal)};
    if (look.durable < witness->next) {
        return true;
    }
    if (arena_init(&look.arena, 64 * 1024, LT_FRAME_BYTES_MAX) != LT_OK) {
        return false;
    }
    enum lt_status status = journal_walk(flow->journal, witness->next, see, &look);
    witness->next = look.durable + 1;
    arena_deinit(&look.arena);
    return status == LT_OK;
}

/* ---- a restore ---- */

static void take_back(struct witness *witness, const struct deed *deed)
{
    struct place *place = place_at(witness, deed->about);
    struct share *share = &place->wish->shares[deed->agency];
    place->wish->undone = true;
    if (deed->act == ACT_REROUTE) {
        place->wish->shares[deed->to].due = deed->due_before;
        place->count--;
        share->due = true;
    } else if (deed->act != ACT_SKIP) {
        share->due = deed->due_before;
    }
}

void witness_forget(struct witness *witness, uint64_t above)
{
    while (witness->deeds_count > 0 && witness->deeds[witness->deeds_count - 1].position > above) {
        take_back(witness, &witness->deeds[--witness->deeds_count]);
    }
    while (witness->places_count > 0 &&
           witness->places[witness->places_count - 1].position > above) {
        witness->places[--witness->places_count].wish->lost_once = true;
    }
    if (witness->next > above + 1) {
        witness->next = above + 1; /* else it had not seen all of the backup yet */
    }
    if (witness->story != NULL) {
        story_note(witness->story, "set back to", above);
    }
}

/* ---- in the end ---- */

/* The reroute that took that leg of the transfer away from where it led, or NULL. */
static const struct deed *onward(const struct witness *witness, uint64_t about, uint32_t leg)
{
    for (uint32_t i = 0; i < witness->deeds_count; i++) {
        const struct deed *deed = &witness->deeds[i];
        if (deed->act == ACT_REROUTE && deed->about == about && deed->leg == leg) {
            return deed;
        }
    }
    return NULL;
}

/*
 * The promise is about one leg and those that came from it, however many: what was let go as "not
 * held" or never sent has no effect where it was if it has one farther on. An agency may get
 * another leg of the transfer once its own is gone; an effect of that one is no second effect of
 * the first.
 */
static void one_of_chain(const struct witness *witness, const struct deed *deed)
{
    const struct wish *wish = witness_wish(witness, deed->about);
    if (wish->undone || deed->risk || !oracle_effect_of(wish, deed->agency, deed->leg)) {
        return;
    }
    for (const struct deed *next = deed; next != NULL;
         next = onward(witness, next->about, next->to_leg)) {
        if (oracle_effect_of(wish, next->to, next->to_leg)) {
            oracle_fail(witness->oracle, "took effect where it was and where it was sent instead",
                        wish);
        }
    }
}

/* Every effect is of a leg that led there. A restore that takes back a reroute gives the number of
 * its leg to another one: there it cannot be said. */
static void led_there(const struct witness *witness, const struct place *place)
{
    const struct wish *wish = place->wish;
    for (uint32_t to = 0; to < AGENCIES_SIM && !wish->undone; to++) {
        const struct share *share = &wish->shares[to];
        bool led = share->effect_leg < place->count && place->legs[share->effect_leg] == to;
        if (share->effects != 0 && !led) {
            oracle_fail(witness->oracle, "took effect by a leg that did not lead there", wish);
        }
    }
}

void witness_rest(const struct witness *witness)
{
    for (uint32_t i = 0; i < witness->places_count; i++) {
        led_there(witness, &witness->places[i]);
    }
    for (uint32_t i = 0; i < witness->deeds_count; i++) {
        if (witness->deeds[i].act == ACT_REROUTE) {
            one_of_chain(witness, &witness->deeds[i]);
        }
    }
}

struct witnessed witness_sum(const struct witness *witness)
{
    struct witnessed sum = {0};
    for (uint32_t i = 0; i < witness->deeds_count; i++) {
        const struct deed *deed = &witness->deeds[i];
        sum.skipped += deed->act == ACT_SKIP ? 1 : 0;
        sum.ended += deed->act == ACT_CANCEL || deed->act == ACT_EXPIRE ? 1 : 0;
        sum.rerouted += deed->act == ACT_REROUTE ? 1 : 0;
        sum.risked += deed->risk ? 1 : 0;
    }
    return sum;
}
