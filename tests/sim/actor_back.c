/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an agency says of its local system, and how that catches up after it was set back: the
 * adapter stops, says what it still has to say, lists what was delivered, has the missing given
 * back, oldest first; then the same for what the agency sent itself; then it opens again. What
 * went into the archive with a cut is taken from there, as people do it.
 */
#include "actor_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"

#define ASK_AGAIN_MS 5000
#define BUSY_MS      300
#define BARRED_MS    5000
#define BATCH        16u

/* ---- do you hold it? ---- */

static struct held_said say(struct actor *actor, const struct line *line,
                            const struct held_item *item)
{
    const struct line *other = &actor->lines[line == &actor->lines[0] ? 1 : 0];
    struct held_said said = {.number = item->number,
                             .id = item->id,
                             .leg = item->leg,
                             .position = item->position,
                             .held = LT_HELD_UNKNOWN};
    if (id_empty(&item->id)) {
        said.held = LT_HELD_YES;
        return said;
    }
    if (actor->back != BACK_NONE || (!actor->calm && world_random_chance(&actor->random, 100))) {
        return said;
    }
    struct given *given = actor_given_make(actor, &item->id, item->leg);
    if (!given->effect) {
        said.held = LT_HELD_NO;
        given->barred_ms = actor_now(actor) + BARRED_MS;
        given->barred = other->session.open ? other->session.number : 0;
        return said;
    }
    said.held = LT_HELD_YES;
    if (given->outcome == LT_OUTCOME_REFUSED || world_random_chance(&actor->random, 700)) {
        said.outcome = given->outcome;
        said.code = given->code;
    }
    return said;
}

void actor_held(struct actor *actor, struct line *line, const struct held_ask *ask)
{
    for (uint32_t i = 0; i < ask->count; i++) {
        if (!actor->calm && world_random_chance(&actor->random, 300)) {
            continue; /* silence */
        }
        struct held_said said = say(actor, line, &ask->items[i]);
        struct frame frame = {.kind = FRAME_HELD_ANSWER, .held_answer = {&said, 1}};
        (void)!session_send(&line->session, &actor->arena, &frame); /* silence, too */
    }
}

/* ---- the local system is saved, and set back ---- */

void actor_save(struct actor *actor, int64_t axis_ms)
{
    if (actor->back != BACK_NONE) {
        return;
    }
    for (uint32_t i = 0; i < actor->given_count; i++) {
        actor->given[i].saved = actor->given[i].effect;
    }
    actor->saved = true;
    actor->saved_axis_ms = axis_ms;
    actor->saved_incarnation = actor->known.incarnation;
    actor->saved_items = actor->items_count;
}

static void lose(struct actor *actor)
{
    for (uint32_t i = 0; i < actor->given_count; i++) {
        struct given *given = &actor->given[i];
        if (given->effect && !given->saved && given->outcome == LT_OUTCOME_TAKEN) {
            given->effect = false;
            given->gone = true;
            oracle_effect_gone(actor->options.oracle, given->wish, actor->options.index);
        }
    }
}

/* What both sides have lost comes again by itself, behind what only one of them had lost. */
void actor_back_lost_by_both(struct actor *actor)
{
    for (uint32_t i = 0; i < actor->given_count; i++) {
        struct given *given = &actor->given[i];
        if (given->gone && !given->effect) {
            given->wish->shares[actor->options.index].own_way = true;
        }
    }
}

void actor_back_anew(struct actor *actor)
{
    actor->back = BACK_SETTLE;
    actor->back_what = LT_LIST_DELIVERED;
    actor->back_count = 0;
    actor->back_first = 0;
    actor->back_after = 0;
    actor->back_asked_ms = 0;
    memset(actor->back_listed, 0, sizeof(actor->back_listed));
}

bool actor_restore(struct actor *actor)
{
    if (!actor->saved || actor->back != BACK_NONE) {
        return false;
    }
    actor_restart(actor);
    lose(actor);
    actor_back_anew(actor);
    return true;
}

/* ---- asking the axis ---- */

static bool asked(const struct actor *actor)
{
    return actor->back_asked_ms != 0 && actor_now(actor) - actor->back_asked_ms < ASK_AGAIN_MS;
}

static void ask_list(struct actor *actor)
{
    /* The clock of a restored axis may have gone back, too: then everything is compared. */
    bool same = actor->saved_incarnation == actor->known.incarnation;
    int64_t since_ms = same ? actor->saved_axis_ms : 0;
    struct frame frame = {.kind = FRAME_LIST_ASK,
                          .list_ask = {.number = actor->back_number + 1,
                                       .what = actor->back_what,
                                       .after = actor->back_after,
                                       .since_ms = since_ms}};
    if (session_send(&actor->lines[0].session, &actor->arena, &frame) == LT_OK) {
        actor->back_number++;
        actor->back_asked_ms = actor_now(actor);
    }
}

static void ask_bytes(struct actor *actor)
{
    struct bytes_item items[BATCH];
    struct frame frame = {.kind = FRAME_BYTES_ASK, .bytes_ask = {.items = items}};
    for (uint32_t i = actor->back_first; i < actor->back_count && i < actor->back_first + BATCH;
         i++) {
        const struct back_item *item = &actor->back_items[i];
        if (!item->here) {
            items[frame.bytes_ask.count++] =
                (struct bytes_item){.position = item->position,
                                    .leg = item->leg,
                                    .id = item->id,
                                    .sent = actor->back_what == LT_LIST_SENT};
        }
    }
    if (session_send(&actor->lines[0].session, &actor->arena, &frame) == LT_OK) {
        actor->back_asked_ms = actor_now(actor);
    }
}

/* ---- what came ---- */

static struct item *item_of(struct actor *actor, struct lt_bytes sender_key)
{
    for (uint32_t i = 0; i < actor->items_count; i++) {
        char key[32];
        snprintf(key, sizeof(key), "k-%u-%u", actor->items[i].wish->from,
                 actor->items[i].wish->number);
        if (bytes_equal(sender_key, text_bytes(key))) {
            return &actor->items[i];
        }
    }
    oracle_fail(actor->options.oracle, "listed with a strange key", NULL);
    return NULL;
}

static void take_row(struct actor *actor, const struct list_item *row)
{
    bool sent = actor->back_what == LT_LIST_SENT;
    if (sent) {
        struct item *item = item_of(actor, row->sender_key);
        actor->back_listed[item - actor->items] = true;
        if (row->leg != 0 || item < &actor->items[actor->saved_items]) {
            return;
        }
    } else {
        const struct given *given = actor_given(actor, &row->id, row->leg);
        bool taken = bytes_equal(row->state, text_bytes("taken"));
        if (!taken || given == NULL || given->effect) {
            return;
        }
    }
    assert(actor->back_count < BACK_MAX);
    actor->back_items[actor->back_count++] =
        (struct back_item){.id = row->id, .leg = row->leg, .position = row->position};
}

static void side_end(struct actor *actor)
{
    actor->back_count = 0;
    actor->back_first = 0;
    actor->back_after = 0;
    if (actor->back_what == LT_LIST_DELIVERED) {
        actor->back_what = LT_LIST_SENT;
        actor->back = BACK_LIST;
        return;
    }
    actor->back = BACK_NONE;
    actor_restart(actor);
}

static void list_end(struct actor *actor)
{
    for (uint32_t i = actor->saved_items;
         actor->back_what == LT_LIST_SENT && i < actor->items_count; i++) {
        if (actor->items[i].state == ITEM_DECIDED && !actor->back_listed[i]) {
            oracle_fail(actor->options.oracle, "accepted and not listed", actor->items[i].wish);
        }
    }
    actor->back = BACK_FETCH;
    if (actor->back_count == 0) {
        side_end(actor);
    }
}

static void take_list(struct actor *actor, const struct list_page *page)
{
    if (actor->back != BACK_LIST || page->number != actor->back_number) {
        return;
    }
    if (page->code != LT_OK) {
        actor->back_asked_ms = actor_now(actor) - ASK_AGAIN_MS + BUSY_MS;
        return;
    }
    for (uint32_t i = 0; i < page->count; i++) {
        take_row(actor, &page->items[i]);
    }
    actor->back_asked_ms = 0;
    actor->back_after = page->next;
    if (page->next == 0) {
        list_end(actor);
    }
}

static struct back_item *item_find(struct actor *actor, const struct lt_id *id, uint32_t leg)
{
    for (uint32_t i = actor->back_first; i < actor->back_count; i++) {
        struct back_item *item = &actor->back_items[i];
        if (memcmp(&item->id, id, sizeof(*id)) == 0 && item->leg == leg) {
            return item;
        }
    }
    return NULL;
}

static void take_not_given(struct actor *actor, const struct list_page *page)
{
    for (uint32_t i = 0; i < page->count; i++) {
        const struct list_item *row = &page->items[i];
        struct back_item *item = item_find(actor, &row->id, row->leg);
        if (item == NULL) {
            continue;
        }
        if (row->code == LT_BUSY) {
            actor->back_asked_ms = actor_now(actor) - ASK_AGAIN_MS + BUSY_MS;
        } else if (row->code == LT_NOT_HERE && item->position < actor->options.oracle->cut_below) {
            item->here = true; /* the archive has it */
        } else {
            oracle_fail(actor->options.oracle, "listed and not given back", NULL);
        }
    }
}

static void take_given_back(struct actor *actor, const struct delivery *d)
{
    struct header header;
    enum lt_status status = header_read(d->header, &actor->arena, &header, NULL);
    struct lt_digest digest = digest_of_two(actor->digester, d->header, d->body);
    if (status != LT_OK || !digest_equal(&digest, &d->digest)) {
        oracle_fail(actor->options.oracle, "bytes given back differ", NULL);
    }
    struct back_item *item = item_find(actor, &header.id, d->leg);
    if (item == NULL) {
        return;
    }
    if (actor->back_what == LT_LIST_SENT) {
        const struct item *own = item_of(actor, header.sender_key);
        if (!bytes_equal(d->body, (struct lt_bytes){own->body, own->body_size})) {
            oracle_fail(actor->options.oracle, "not what was sent", own->wish);
        }
    }
    item->here = true;
}

/* In the order of acceptance, whatever order they came in. */
static void take_effect(struct actor *actor, const struct back_item *item)
{
    struct given *given = actor_given(actor, &item->id, item->leg);
    given->effect = true;
    given->outcome = LT_OUTCOME_TAKEN;
    given->code = 0;
    oracle_effect_back(actor->options.oracle, given->wish, actor->options.index, &given->id,
                       given->leg);
}

static void batch_end(struct actor *actor)
{
    uint32_t end = actor->back_first + BATCH;
    end = end < actor->back_count ? end : actor->back_count;
    for (uint32_t i = actor->back_first; i < end; i++) {
        if (!actor->back_items[i].here) {
            return;
        }
    }
    for (uint32_t i = actor->back_first; i < end && actor->back_what == LT_LIST_DELIVERED; i++) {
        take_effect(actor, &actor->back_items[i]);
    }
    actor->back_first = end;
    actor->back_asked_ms = 0;
    if (end == actor->back_count) {
        side_end(actor);
    }
}

bool actor_back_frame(struct actor *actor, const struct frame *frame)
{
    bool fetching = actor->back == BACK_FETCH;
    switch (frame->kind) {
    case FRAME_LIST:
        if (frame->list.number == 0 && fetching) {
            take_not_given(actor, &frame->list);
        } else if (frame->list.number != 0) {
            take_list(actor, &frame->list);
        }
        break;
    case FRAME_DELIVER:
        for (uint32_t i = 0; fetching && i < frame->deliver.count; i++) {
            if (frame->deliver.items[i].restored) {
                take_given_back(actor, &frame->deliver.items[i]);
            }
        }
        break;
    default:
        return false;
    }
    if (actor->back == BACK_FETCH) {
        batch_end(actor);
    }
    return true;
}

/* ---- step by step ---- */

static bool all_said(const struct actor *actor)
{
    for (uint32_t i = 0; i < actor->given_count; i++) {
        if (actor->given[i].open) {
            return false;
        }
    }
    return true;
}

void actor_back_step(struct actor *actor)
{
    if (!actor->lines[0].session.open) {
        return;
    }
    if (actor->back == BACK_SETTLE) {
        actor_settle(actor, &actor->lines[0]);
        actor->back = all_said(actor) ? BACK_LIST : BACK_SETTLE;
        return;
    }
    if (asked(actor)) {
        return;
    }
    if (actor->back == BACK_LIST) {
        ask_list(actor);
    } else {
        ask_bytes(actor);
    }
}
