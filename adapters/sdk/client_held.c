/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Questions to the local system: "do you hold it?". They come from the axis (HeldAsk) or from a
 * restore in this process, wait here for whoever stands next to the local system, and leave with
 * its word. This file never looks into the box for an answer: what is read there are only the names
 * by which the local system may find the transfer.
 *
 * "No" is the dangerous word, because the operator will send the transfer elsewhere on the strength
 * of it. So before it is told, a copy that still waits here goes back to the axis; while a node
 * works on it, or has answered since the question came, the word is "unknown" (box_back.h).
 *
 * Limits: HELD_AXIS questions of the axis and LT_HELD_ASKS_MAX of a restore at a time; more are
 * answered unknown. One that is not answered within LT_HELD_WAIT_MS is told as unknown. A session
 * that ends takes its questions with it: the axis asks again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box_back.h"
#include "client_parts.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define HELD_AXIS    LT_HELD_PER_FRAME
#define HELD_SLOTS   (HELD_AXIS + LT_HELD_ASKS_MAX)
#define HEADER_ARENA (1 << 20)

enum slot_state { SLOT_FREE, SLOT_OPEN, SLOT_BUSY, SLOT_ANSWERED };

/* One question; SLOT_BUSY while its answer is being made ready. */
struct slot {
    enum slot_state state;
    bool of_axis;
    uint32_t lives; /* of the session, when the axis asked */
    uint64_t wire_number;
    int64_t asked_ms; /* wall */
    int64_t due_ms;   /* monotonic */
    struct lt_question question;
    struct lt_held_answer answer;
};

/* Everything under the client's mutex. */
struct desk_of_questions {
    uint64_t number; /* last given out */
    struct slot slots[HELD_SLOTS];
};

enum lt_status held_open(struct lt_client *client)
{
    client->held = calloc(1, sizeof(*client->held));
    return client->held != NULL ? LT_OK : LT_NO_MEMORY;
}

void held_close(struct lt_client *client)
{
    free(client->held);
    client->held = NULL;
}

/* ---- slots: under the mutex ---- */

static struct slot *slot_free(struct lt_client *client, bool of_axis)
{
    struct slot *slots = client->held->slots;
    uint32_t first = of_axis ? 0 : HELD_AXIS;
    uint32_t end = of_axis ? HELD_AXIS : HELD_SLOTS;
    for (uint32_t i = first; i < end; i++) {
        if (slots[i].state == SLOT_FREE) {
            return &slots[i];
        }
    }
    return NULL;
}

static struct slot *slot_find(struct lt_client *client, uint64_t number)
{
    for (uint32_t i = 0; i < HELD_SLOTS; i++) {
        struct slot *slot = &client->held->slots[i];
        if (slot->state != SLOT_FREE && slot->question.number == number) {
            return slot;
        }
    }
    return NULL;
}

static void slot_fill(struct lt_client *client, struct slot *slot,
                      const struct lt_question *question)
{
    slot->question = *question;
    slot->question.number = ++client->held->number;
    slot->asked_ms = client_wall_ms(client);
    slot->due_ms = client_mono_ms(client) + LT_HELD_WAIT_MS;
    slot->question.until_ms = slot->asked_ms + LT_HELD_WAIT_MS;
    slot->answer = (struct lt_held_answer){.held = LT_HELD_UNKNOWN};
    slot->state = SLOT_OPEN;
}

static void slot_answer(struct slot *slot, const struct lt_held_answer *answer)
{
    slot->answer = *answer;
    slot->state = SLOT_ANSWERED;
}

static void slot_unknown(struct slot *slot, const char *reason)
{
    struct lt_held_answer answer = {.held = LT_HELD_UNKNOWN};
    text_copy(answer.reason, sizeof(answer.reason), text_bytes(reason));
    slot_answer(slot, &answer);
}

/* ---- what is known here to find it by ---- */

static void names_take(struct lt_question *question, const struct inbox_record *record,
                       struct lt_bytes header_bytes, struct arena *arena)
{
    struct header header;
    memcpy(question->from, record->from, sizeof(question->from));
    memcpy(question->case_code, record->case_code, sizeof(question->case_code));
    if (header_read(header_bytes, arena, &header, NULL) == LT_OK &&
        header.sender_key.size <= sizeof(question->sender_key)) {
        memcpy(question->sender_key, header.sender_key.data, header.sender_key.size);
        question->sender_key_size = (uint32_t)header.sender_key.size;
    }
}

static void names_look(struct lt_client *client, struct lt_question *question)
{
    struct box_txn txn;
    struct arena arena;
    uint64_t number = 0;
    if (arena_init(&arena, 65536, HEADER_ARENA) != LT_OK) {
        return;
    }
    if (box_read(client->box, &txn) == LT_OK) {
        struct inbox_record record;
        struct lt_bytes header;
        struct lt_bytes body;
        if (inbox_leg_at(&txn, &question->id, question->leg, 0, &number) == LT_OK &&
            inbox_get(&txn, number, &record) == LT_OK &&
            inbox_parcel(&txn, number, &header, &body) == LT_OK) {
            names_take(question, &record, header, &arena);
        }
        box_read_end(&txn);
    }
    arena_deinit(&arena);
}

/* ---- the network thread ---- */

static struct lt_question question_of(struct lt_client *client, const struct held_item *item)
{
    struct lt_question question = {
        .ping = id_empty(&item->id),
        .id = item->id,
        .leg = item->leg,
        .position = item->position,
        .digest = item->digest,
    };
    if (!question.ping && item->leg < LT_LEGS_MAX) {
        names_look(client, &question);
    }
    return question;
}

/* An answer on the spot, outside of the table. */
static void say_unknown(struct lt_client *client, const struct held_item *item, const char *reason)
{
    struct held_said said = {.number = item->number,
                             .id = item->id,
                             .leg = item->leg,
                             .position = item->position,
                             .reason = text_bytes(reason),
                             .time_ms = client_wall_ms(client)};
    struct frame frame = {.kind = FRAME_HELD_ANSWER, .held_answer = {&said, 1}};
    /* If it does not go out, silence says the same. */
    enum lt_status status = session_send(&client->session, &client->arena, &frame);
    (void)status;
}

void held_ask(struct lt_client *client, const struct held_ask *ask)
{
    for (uint32_t i = 0; i < ask->count; i++) {
        struct lt_question question = question_of(client, &ask->items[i]);
        pthread_mutex_lock(&client->mutex);
        struct slot *slot = slot_free(client, true);
        if (slot != NULL) {
            slot_fill(client, slot, &question);
            slot->of_axis = true;
            slot->lives = client->session.lives;
            slot->wire_number = ask->items[i].number;
        }
        pthread_mutex_unlock(&client->mutex);
        if (slot == NULL) {
            say_unknown(client, &ask->items[i], "too many questions at once");
        }
    }
    client_changed(client);
}

/* Questions of a session that is over go; those whose time is over are unknown. True: some were. */
static bool slots_look(struct lt_client *client)
{
    struct desk_of_questions *desk = client->held;
    int64_t now_ms = client_mono_ms(client);
    bool changed = false;
    for (uint32_t i = 0; i < HELD_SLOTS; i++) {
        struct slot *slot = &desk->slots[i];
        if (slot->state == SLOT_OPEN && now_ms >= slot->due_ms) {
            slot_unknown(slot, "the local system did not answer in time");
            changed = true;
        }
        bool other_life = slot->of_axis && slot->lives != client->session.lives;
        if (other_life && slot->state != SLOT_BUSY) {
            slot->state = SLOT_FREE;
        }
    }
    return changed;
}

static struct held_said said_of(const struct slot *slot)
{
    return (struct held_said){
        .number = slot->wire_number,
        .id = slot->question.id,
        .leg = slot->question.leg,
        .position = slot->question.position,
        .held = slot->answer.held,
        .outcome = slot->answer.outcome,
        .code = (uint32_t)slot->answer.code,
        .reason = text_bytes(slot->answer.reason),
        .time_ms = slot->answer.time_ms,
        .by = text_bytes(slot->answer.by),
    };
}

/* Under the mutex: the frame is packed before it is given up. */
static void answers_send(struct lt_client *client)
{
    struct held_said items[HELD_AXIS];
    struct slot *slots[HELD_AXIS];
    struct frame frame = {.kind = FRAME_HELD_ANSWER};
    uint32_t count = 0;
    for (uint32_t i = 0; i < HELD_AXIS; i++) {
        struct slot *slot = &client->held->slots[i];
        if (slot->state == SLOT_ANSWERED) {
            slots[count] = slot;
            items[count++] = said_of(slot);
        }
    }
    if (count == 0 || !client->session.open) {
        return;
    }
    frame.held_answer = (struct held_answer){items, count};
    enum lt_status status = session_send(&client->session, &client->arena, &frame);
    for (uint32_t i = 0; i < count && status == LT_OK; i++) {
        slots[i]->state = SLOT_FREE;
    }
    arena_reset(&client->arena);
}

void held_step(struct lt_client *client)
{
    pthread_mutex_lock(&client->mutex);
    bool changed = slots_look(client);
    answers_send(client);
    pthread_mutex_unlock(&client->mutex);
    if (changed) {
        client_changed(client);
    }
}

int64_t held_wait_ms(struct lt_client *client)
{
    int64_t now_ms = client_mono_ms(client);
    int64_t least_ms = -1;
    pthread_mutex_lock(&client->mutex);
    for (uint32_t i = 0; i < HELD_SLOTS; i++) {
        const struct slot *slot = &client->held->slots[i];
        int64_t wait_ms = slot->due_ms > now_ms ? slot->due_ms - now_ms : 0;
        if (slot->state == SLOT_OPEN && (least_ms < 0 || wait_ms < least_ms)) {
            least_ms = wait_ms;
        }
    }
    pthread_mutex_unlock(&client->mutex);
    return least_ms;
}

/* ---- who asks the local system: any thread ---- */

static uint32_t questions_list(struct lt_client *client, uint64_t after, struct lt_question *out,
                               uint32_t count)
{
    uint32_t filled = 0;
    uint64_t last = after;
    pthread_mutex_lock(&client->mutex);
    while (filled < count) {
        const struct slot *next = NULL;
        for (uint32_t i = 0; i < HELD_SLOTS; i++) {
            const struct slot *slot = &client->held->slots[i];
            bool older = next == NULL || slot->question.number < next->question.number;
            if (slot->state == SLOT_OPEN && slot->question.number > last && older) {
                next = slot;
            }
        }
        if (next == NULL) {
            break;
        }
        out[filled++] = next->question;
        last = next->question.number;
    }
    pthread_mutex_unlock(&client->mutex);
    return filled;
}

uint32_t lt_client_questions(struct lt_client *client, uint64_t after, int wait_ms,
                             struct lt_question *out, uint32_t count)
{
    struct client_wait wait;
    client_wait_start(client, wait_ms, &wait);
    uint32_t filled = questions_list(client, after, out, count);
    while (filled == 0 && client_wait_more(&wait)) {
        filled = questions_list(client, after, out, count);
    }
    return filled;
}

struct backing {
    struct inbox_asker asker;
    const struct slot *slot;
    enum inbox_back back;
};

static enum lt_status back_run(struct box_txn *txn, void *self)
{
    struct backing *backing = self;
    const struct lt_question *question = &backing->slot->question;
    return inbox_back(txn, &backing->asker, &question->id, question->leg, &question->digest,
                      backing->slot->asked_ms, &backing->back);
}

/* "No" as the axis may hear it. */
static void no_check(struct lt_client *client, const struct slot *slot,
                     struct lt_held_answer *answer)
{
    struct backing backing = {
        .asker = {.node = "", .mono_ms = client_mono_ms(client), .wall_ms = client_wall_ms(client)},
        .slot = slot,
    };
    enum lt_status status = box_commit(client->box, back_run, &backing);
    if (status == LT_OK && backing.back != INBOX_BACK_BUSY) {
        return;
    }
    if (lt_class(status) == LT_CLASS_STOP) {
        client_fail(client, status, "held");
    }
    answer->held = LT_HELD_UNKNOWN;
    text_copy(answer->reason, sizeof(answer->reason),
              text_bytes(status == LT_OK ? "it is being handed over to the local system right now"
                                         : "the adapter could not give it back"));
}

enum lt_status lt_client_held_answer(struct lt_client *client, uint64_t number,
                                     const struct lt_held_answer *answer)
{
    struct lt_held_answer copy = *answer;
    if (!utf8_valid(text_bytes(copy.reason)) || !utf8_valid(text_bytes(copy.by))) {
        return LT_TEXT_BAD;
    }
    pthread_mutex_lock(&client->mutex);
    struct slot *slot = slot_find(client, number);
    bool open = slot != NULL && slot->state == SLOT_OPEN;
    if (open) {
        slot->state = SLOT_BUSY;
    }
    pthread_mutex_unlock(&client->mutex);
    if (!open) {
        return LT_NOT_HERE;
    }
    if (copy.held == LT_HELD_NO && slot->of_axis && !slot->question.ping) {
        no_check(client, slot, &copy);
    }
    copy.time_ms = copy.time_ms != 0 ? copy.time_ms : client_wall_ms(client);
    pthread_mutex_lock(&client->mutex);
    slot_answer(slot, &copy);
    pthread_mutex_unlock(&client->mutex);
    log_info("held-answered", "agency=%s number=%llu held=%d by=\"%s\"", client->agency,
             (unsigned long long)number, (int)copy.held, copy.by);
    client_wake(client);
    client_changed(client);
    return LT_OK;
}

/* ---- a restore asks: any thread ---- */

static uint32_t asks_left(struct lt_client *client, const uint64_t *numbers, uint32_t count)
{
    uint32_t left = 0;
    pthread_mutex_lock(&client->mutex);
    for (uint32_t i = 0; i < count; i++) {
        const struct slot *slot = slot_find(client, numbers[i]);
        left += slot != NULL && slot->state != SLOT_ANSWERED ? 1 : 0;
    }
    pthread_mutex_unlock(&client->mutex);
    return left;
}

static void asks_collect(struct lt_client *client, const uint64_t *numbers, uint32_t count,
                         struct lt_held_answer *out)
{
    pthread_mutex_lock(&client->mutex);
    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = slot_find(client, numbers[i]);
        out[i] = slot != NULL ? slot->answer : (struct lt_held_answer){.held = LT_HELD_UNKNOWN};
        if (slot != NULL && slot->state != SLOT_BUSY) {
            slot->state = SLOT_FREE;
        }
    }
    pthread_mutex_unlock(&client->mutex);
}

void lt_client_ask_local(struct lt_client *client, const struct lt_question *asks, uint32_t count,
                         struct lt_held_answer *out)
{
    struct client_wait wait;
    uint64_t numbers[LT_HELD_ASKS_MAX] = {0};
    uint32_t asked = count < LT_HELD_ASKS_MAX ? count : LT_HELD_ASKS_MAX;
    client_wait_start(client, LT_HELD_WAIT_MS, &wait);
    pthread_mutex_lock(&client->mutex);
    for (uint32_t i = 0; i < asked; i++) {
        struct slot *slot = slot_free(client, false);
        if (slot != NULL) {
            slot_fill(client, slot, &asks[i]);
            slot->of_axis = false;
            numbers[i] = slot->question.number;
        }
    }
    pthread_mutex_unlock(&client->mutex);
    client_changed(client);
    while (asks_left(client, numbers, asked) > 0 && client_wait_more(&wait)) {
    }
    asks_collect(client, numbers, asked, out);
}
