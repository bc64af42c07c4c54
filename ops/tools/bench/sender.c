/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A sending agency with a window of slots, one for each transfer on its way. A slot is ready, sent
 * or (when only a settlement makes room) accepted; a verdict frees it, a push-back makes it ready
 * again after the time the broker named, a lost session makes every sent one ready at once. A
 * transfer keeps its number, so what is sent again is byte for byte the same.
 *
 * Two windows bind: our own, and the one the broker lends in parcels and bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "proto/message.h"

enum slot_state { SLOT_FREE, SLOT_READY, SLOT_SENT, SLOT_ACCEPTED };

struct slot {
    uint32_t number;
    enum slot_state state;
    int64_t due_us;
};

static uint32_t slots_count(const struct party *party)
{
    return party->stage->options->window;
}

enum lt_status sender_init(struct party *party)
{
    party->slots = calloc(slots_count(party), sizeof(*party->slots));
    if (party->slots == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = LT_OK;
    if (party->stage->options->sealed) {
        status = signer_generate(SIGN_ECDSA_P256, 0, &party->signer, NULL);
        if (status == LT_OK) {
            status = digester_open(&party->digester);
        }
    }
    return status;
}

void sender_deinit(struct party *party)
{
    free(party->slots);
    party->slots = NULL;
    parcels_close(&party->parcels);
    signer_close(&party->signer);
    digester_close(&party->digester);
}

static struct slot *slot_of(struct party *party, uint32_t number)
{
    return &party->slots[number % slots_count(party)];
}

/* ---- what came ------------------------------------------------------------------------------- */

static void session_anew(struct party *party)
{
    for (uint32_t i = 0; i < slots_count(party); i++) {
        struct slot *slot = &party->slots[i];
        if (slot->state == SLOT_SENT) {
            slot->state = SLOT_READY;
            slot->due_us = 0;
            party->ready++;
        }
    }
    party->out = (struct window){0, 0};
}

static void take_item(struct party *party, const struct verdict_item *item)
{
    struct stage *stage = party->stage;
    uint32_t sender;
    uint32_t number;
    if (!book_find(stage->book, &item->id, &sender, &number) || sender != party->number) {
        party->counts.strange++;
        return;
    }
    struct slot *slot = slot_of(party, number);
    if (slot->number != number || slot->state != SLOT_SENT) {
        return; /* an answer from before the session was lost */
    }
    party->out.parcels--;
    party->out.bytes -= parcels_bytes(party->parcels);
    enum lt_status code = lt_error((enum lt_status)item->code)->status;
    if (code == LT_OK) {
        book_accepted(stage->book, sender, number);
        atomic_fetch_add(&stage->accepted, 1);
        slot->state = stage->options->until == UNTIL_SETTLED ? SLOT_ACCEPTED : SLOT_FREE;
    } else if (lt_class(code) == LT_CLASS_REFUSE || lt_class(code) == LT_CLASS_STOP) {
        uint32_t none = 0;
        (void)atomic_compare_exchange_strong(&stage->refusal, &none, item->code);
        party->counts.refused++;
        slot->state = SLOT_FREE;
    } else {
        uint32_t wait_ms = item->retry_after_ms > 0 ? item->retry_after_ms : 5;
        party->counts.busy++;
        slot->state = SLOT_READY;
        slot->due_us = stage->micros() + wait_ms * 1000LL;
        party->ready++;
    }
}

/* Outcomes are told apart elsewhere; here they only have to be taken and acknowledged. */
static void take_notice(struct party *party, const struct notice *notice, struct arena *arena)
{
    for (uint32_t i = 0; i < notice->count; i++) {
        if (notice->items[i].seq == party->notice_cursor + 1) {
            party->notice_cursor++;
        }
    }
    struct frame frame = {.kind = FRAME_NOTICE_ACK};
    frame.notice_cursor = party->notice_cursor;
    party->session.notice_cursor = party->notice_cursor;
    /* A lost acknowledgement is made good by the next one. */
    enum lt_status status = session_send(&party->session, arena, &frame);
    (void)status;
}

static void ask_notices(struct party *party, struct arena *arena)
{
    struct frame frame = {.kind = FRAME_GRANT};
    frame.grant = (struct grant){.notices = 1024};
    enum lt_status status = session_send(&party->session, arena, &frame);
    (void)status;
}

void sender_take(struct party *party, const struct frame *frame, struct arena *arena)
{
    if (frame->kind == FRAME_WELCOME) {
        session_anew(party);
        party->session.beat_due_ms = 0; /* tells what we want; the window lent first is small */
        if (party->stage->options->notices) {
            ask_notices(party, arena);
        }
    } else if (frame->kind == FRAME_VERDICT) {
        for (uint32_t i = 0; i < frame->verdict.count; i++) {
            take_item(party, &frame->verdict.items[i]);
        }
    } else if (frame->kind == FRAME_NOTICE) {
        take_notice(party, &frame->notice, arena);
    }
}

/* ---- what is sent ---------------------------------------------------------------------------- */

/* New transfers into free slots, while the phase is to make some. */
static void open_slots(struct party *party)
{
    struct stage *stage = party->stage;
    while (atomic_load(&stage->phase) == PHASE_RUN && party->next < party->limit) {
        struct slot *slot = slot_of(party, party->next);
        if (slot->state == SLOT_ACCEPTED &&
            book_is_settled(stage->book, party->number, slot->number)) {
            slot->state = SLOT_FREE;
        }
        if (slot->state != SLOT_FREE) {
            break;
        }
        slot->number = party->next++;
        slot->state = SLOT_READY;
        slot->due_us = 0;
        party->ready++;
    }
}

static bool window_has_room(const struct party *party, uint32_t parcels)
{
    const struct window *lent = &party->session.submit;
    uint64_t bytes = party->out.bytes + parcels * parcels_bytes(party->parcels);
    return party->out.parcels + parcels <= lent->parcels && bytes <= lent->bytes &&
           parcels * (parcels_bytes(party->parcels) + 64) <= LT_SUBMIT_BYTES_MAX;
}

/* Fills one frame from ready slots, oldest first; how many. */
static uint32_t gather(struct party *party, struct arena *arena, struct slot **slots,
                       struct parcel *parcels)
{
    uint32_t count = 0;
    uint32_t window = slots_count(party);
    int64_t now_us = party->stage->micros();
    for (uint32_t i = 0; i < window && count < party->stage->options->batch && count < party->ready;
         i++) {
        struct slot *slot = slot_of(party, party->next + i);
        if (slot->state != SLOT_READY || slot->due_us > now_us) {
            continue;
        }
        if (!window_has_room(party, count + 1) ||
            book_submitted(party->stage->book, party->number, slot->number, now_us) != LT_OK ||
            parcels_make(party->parcels, slot->number, arena, &parcels[count]) != LT_OK) {
            break;
        }
        slots[count++] = slot;
    }
    return count;
}

/* The seal over a frame's parcels; false: none can be made. */
static bool seal(struct party *party, const struct parcel *parcels, uint32_t count,
                 struct seal *ret_seal)
{
    struct lt_digest leaves[SEAL_BATCH_MAX];
    for (uint32_t i = 0; i < count; i++) {
        leaves[i] = seal_leaf(party->digester, &parcels[i]);
    }
    return seal_make(&party->signer, party->digester, leaves, count, ret_seal) == LT_OK;
}

void sender_work(struct party *party, struct arena *arena)
{
    uint64_t wanted = (uint64_t)slots_count(party) * parcels_bytes(party->parcels);
    party->session.want_bytes = wanted;
    if (!party->session.open) {
        return;
    }
    open_slots(party);
    struct slot *slots[LT_PARCELS_PER_FRAME];
    struct parcel parcels[LT_PARCELS_PER_FRAME];
    while (party->ready > 0) {
        arena_reset(arena);
        uint32_t count = gather(party, arena, slots, parcels);
        struct frame frame = {.kind = FRAME_SUBMIT};
        frame.submit = (struct submit){.parcels = parcels, .count = count, .want_bytes = wanted};
        struct seal made;
        if (count > 0 && party->signer.sign != NULL) {
            if (!seal(party, parcels, count, &made)) {
                return;
            }
            frame.submit.seal = seal_give(&made);
        }
        if (count == 0 || session_send(&party->session, arena, &frame) != LT_OK) {
            return;
        }
        for (uint32_t i = 0; i < count; i++) {
            slots[i]->state = SLOT_SENT;
        }
        party->ready -= count;
        party->out.parcels += count;
        party->out.bytes += count * parcels_bytes(party->parcels);
        party->counts.submit_frames++;
        party->counts.submit_parcels += count;
        open_slots(party);
    }
}
