/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A receiving agency that takes everything: each Deliver is answered by one Settle, and a
 * settlement is a promise until the broker confirms that it is durable. Promises are kept in order
 * of delivery; confirmations come nearly in that order, so the search from the front is short. A
 * lost session makes all promises unsent: the broker takes them from any session of the agency.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "party.h"
#include "proto/message.h"

#define GRANT_BYTES (4U * 1024 * 1024)
#define PROMISES    256U /* room at first */

struct promise {
    struct lt_id id;
    struct lt_digest digest;
    uint64_t position;
    uint32_t leg;
    uint32_t attempt;
    uint32_t sender;
    uint32_t number;
    bool kept; /* confirmed, waits only for those before it */
};

enum lt_status receiver_init(struct party *party)
{
    party->promises_room = PROMISES;
    party->promises = calloc(party->promises_room, sizeof(*party->promises));
    party->latency = calloc(1, sizeof(*party->latency));
    return party->promises == NULL || party->latency == NULL ? LT_NO_MEMORY : LT_OK;
}

void receiver_deinit(struct party *party)
{
    free(party->promises);
    free(party->latency);
    party->promises = NULL;
    party->latency = NULL;
}

/* ---- what came ------------------------------------------------------------------------------- */

/* The broker's window counts what is unsettled; what waits for its confirmation comes on top. */
static bool promise_room(struct party *party)
{
    if (party->promises_count < party->promises_room) {
        return true;
    }
    uint32_t room = party->promises_room * 2;
    struct promise *more = realloc(party->promises, room * sizeof(*more));
    if (more != NULL) {
        party->promises = more;
        party->promises_room = room;
    }
    return more != NULL;
}

static void take_delivery(struct party *party, const struct delivery *delivery,
                          struct arena *scratch)
{
    struct stage *stage = party->stage;
    struct header header;
    uint32_t sender;
    uint32_t number;
    arena_reset(scratch);
    if (header_read(delivery->header, scratch, &header, NULL) != LT_OK ||
        !book_find(stage->book, &header.id, &sender, &number) || !promise_room(party)) {
        party->counts.strange++;
        return;
    }
    party->counts.delivered++;
    if (book_delivered(stage->book, sender, number)) {
        bool twice = !delivery->again || book_is_settled(stage->book, sender, number);
        party->counts.duplicated += twice;
        party->counts.again += !twice;
    }
    party->promises[party->promises_count++] = (struct promise){
        .id = header.id,
        .digest = delivery->digest,
        .position = delivery->position,
        .leg = delivery->leg,
        .attempt = delivery->attempt,
        .sender = sender,
        .number = number,
    };
    party->promises_unsent++;
}

static struct promise *find_promise(struct party *party, const struct settled_item *item)
{
    uint32_t sent = party->promises_count - party->promises_unsent;
    for (uint32_t i = 0; i < sent; i++) {
        struct promise *promise = &party->promises[i];
        if (!promise->kept && promise->leg == item->leg &&
            memcmp(&promise->id, &item->id, sizeof(item->id)) == 0) {
            return promise;
        }
    }
    return NULL;
}

static void take_settled(struct party *party, const struct settled *settled)
{
    struct stage *stage = party->stage;
    int64_t now_us = stage->micros();
    bool measuring = atomic_load(&stage->measuring);
    for (uint32_t i = 0; i < settled->count; i++) {
        struct promise *promise = find_promise(party, &settled->items[i]);
        if (promise == NULL) {
            continue;
        }
        promise->kept = true;
        if (settled->items[i].code != LT_OK) {
            party->counts.settle_refused++;
            continue;
        }
        int64_t took_us = book_settled(stage->book, promise->sender, promise->number, now_us);
        if (took_us < 0) {
            continue; /* a redelivery, settled the second time */
        }
        atomic_fetch_add(&stage->settled, 1);
        if (measuring) {
            atomic_fetch_add(&stage->settled_measured, 1);
            histogram_add(party->latency, took_us);
        }
    }
    if (stage->options->until == UNTIL_SETTLED) {
        uint64_t one = 1;
        ssize_t put = write(stage->wake_senders, &one, sizeof(one));
        (void)put;
    }
}

/* Drops the promises that were kept, from the front. */
static void drop_kept(struct party *party)
{
    uint32_t kept = 0;
    while (kept < party->promises_count && party->promises[kept].kept) {
        kept++;
    }
    party->promises_count -= kept;
    memmove(party->promises, party->promises + kept,
            party->promises_count * sizeof(*party->promises));
}

void receiver_take(struct party *party, const struct frame *frame, struct arena *scratch)
{
    if (frame->kind == FRAME_WELCOME) {
        party->granted = false;
        drop_kept(party);
        party->promises_unsent = party->promises_count;
    } else if (frame->kind == FRAME_DELIVER) {
        for (uint32_t i = 0; i < frame->deliver.count; i++) {
            take_delivery(party, &frame->deliver.items[i], scratch);
        }
    } else if (frame->kind == FRAME_SETTLED) {
        take_settled(party, &frame->settled);
        drop_kept(party);
    }
}

/* ---- what is sent ---------------------------------------------------------------------------- */

static bool send_grant(struct party *party, struct arena *arena)
{
    struct frame frame = {.kind = FRAME_GRANT};
    frame.grant.deliver = (struct window){party->stage->options->window, GRANT_BYTES};
    return session_send(&party->session, arena, &frame) == LT_OK;
}

static bool send_settle(struct party *party, struct arena *arena)
{
    struct settlement items[LT_PARCELS_PER_FRAME];
    uint32_t first = party->promises_count - party->promises_unsent;
    uint32_t count = party->promises_unsent < LT_PARCELS_PER_FRAME ? party->promises_unsent
                                                                   : LT_PARCELS_PER_FRAME;
    int64_t now_ms = party->stage->clock->wall_ms(party->stage->clock->self);
    for (uint32_t i = 0; i < count; i++) {
        const struct promise *promise = &party->promises[first + i];
        items[i] = (struct settlement){
            .id = promise->id,
            .leg = promise->leg,
            .attempt = promise->attempt,
            .outcome = LT_OUTCOME_TAKEN,
            .time_ms = now_ms,
            .from_digest = promise->digest,
            .position = promise->position,
        };
    }
    struct frame frame = {.kind = FRAME_SETTLE};
    frame.settle = (struct settle){items, count};
    if (session_send(&party->session, arena, &frame) != LT_OK) {
        return false;
    }
    party->promises_unsent -= count;
    return true;
}

void receiver_work(struct party *party, struct arena *arena)
{
    if (!party->session.open) {
        return;
    }
    if (!party->granted) {
        party->granted = send_grant(party, arena);
    }
    while (party->promises_unsent > 0) {
        arena_reset(arena);
        if (!send_settle(party, arena)) {
            return;
        }
    }
}
