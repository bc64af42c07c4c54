/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ListAsk -> List: what the axis has of the asking agency's own, in the order of acceptance: the
 * legs that come to it, or those of what it sent (P4: read from the session, never from the frame).
 * The walk goes over STATE_POSITIONS and takes at most LIST_LOOKS_MAX entries for one page and
 * LIST_LOOKS_TURN for all pages of a turn; a page that ends early names the position to go on from,
 * so a long history costs many short turns. What an agency sent since an instant begins at the
 * first acceptance behind it; what was delivered to it may be older, so there the walk begins at
 * the start.
 *
 * The page shows states whose facts may still be on their way to the disk: it waits for its ticket
 * like every answer. One page per session at a time; a second question is answered busy.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/transfer/record.h"
#include "fold_leg.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"
#include "proto/message.h"
#include "steps.h"

#define POSITION_BYTES 8

struct walk {
    struct flow *flow;
    const struct session *session;
    const struct list_ask *ask;
    struct list_item *items;
    struct transfer *kept; /* what the items' texts point into, one per item */
    uint32_t rows;
    uint32_t count;
    uint32_t looks;
    uint64_t next; /* 0: the end was reached */
};

static struct lt_bytes position_key(uint8_t out[POSITION_BYTES], uint64_t position)
{
    struct wire_writer w;
    wire_write_init(&w, out, POSITION_BYTES);
    wire_put_u64(&w, position);
    return wire_written(&w);
}

static bool entry_read(const struct state_entry *at, uint64_t *ret_position,
                       struct transfer_key *ret_key)
{
    struct wire_reader r;
    if (!at->found || at->key.size != POSITION_BYTES) {
        return false;
    }
    wire_read_init(&r, at->key);
    *ret_position = wire_u64(&r);
    return case_value_read(at->value, ret_key);
}

/* Was the transfer of this entry accepted before the instant? One that does not read is neither. */
static enum lt_status is_before(struct flow *flow, const struct transfer_key *key, int64_t since_ms,
                                bool *ret_before)
{
    struct transfer t;
    enum lt_status status = transfer_load(flow, key, &t);
    if (status == LT_OK) {
        *ret_before = t.time_ms < since_ms;
    }
    return status == LT_NOT_FOUND ? LT_DAMAGED : status;
}

/* The last position before the first transfer accepted at or after the instant: positions stand in
 * the order of time, so it is found by halving. */
static enum lt_status before_instant(struct flow *flow, int64_t since_ms, uint64_t *ret_position)
{
    uint64_t low = 0;
    uint64_t high = journal_staged(flow->journal) + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        uint8_t key_bytes[POSITION_BYTES];
        uint64_t position = 0;
        struct transfer_key key;
        struct state_entry at;
        bool before = false;
        enum lt_status status =
            state_seek(flow->state, STATE_POSITIONS, position_key(key_bytes, middle), &at);
        if (status == LT_OK && entry_read(&at, &position, &key)) {
            status = is_before(flow, &key, since_ms, &before);
        }
        if (status != LT_OK) {
            return status;
        }
        if (before) {
            low = position + 1;
        } else {
            high = middle;
        }
    }
    *ret_position = low > 0 ? low - 1 : 0;
    return LT_OK;
}

/* What was delivered since an instant may have been accepted long before it. */
static bool listed(const struct walk *walk, const struct transfer_key *key,
                   const struct transfer *t, const struct leg *leg)
{
    int64_t since_ms = walk->ask->since_ms;
    return walk->ask->what == LT_LIST_SENT
               ? key->from == walk->session->agency
               : leg->agency == walk->session->agency &&
                     (t->time_ms >= since_ms || leg->since_ms >= since_ms);
}

static void item_put(struct walk *walk, const struct transfer_key *key, const struct transfer *t,
                     uint8_t index)
{
    const struct leg *leg = &t->legs[index];
    bool sent = walk->ask->what == LT_LIST_SENT;
    const struct agency *other =
        registry_by_number(walk->flow->registry, sent ? leg->agency : key->from);
    struct transfer *kept = &walk->kept[walk->count];
    *kept = *t;
    walk->items[walk->count++] = (struct list_item){
        .id = key->id,
        .leg = index,
        .position = t->position,
        .digest = t->digest,
        .state = text_bytes(leg_state_name(leg->state)),
        .code = leg->code,
        .agency = text_bytes(other != NULL ? other->id : ""),
        .case_code = text_bytes(kept->case_code),
        .kind = t->kind,
        .accepted_ms = t->time_ms,
        .sender_key = {kept->sender_key, sent ? t->sender_key_size : 0},
        .since_ms = leg->since_ms,
    };
}

/* False: the legs of this transfer do not fit any more. */
static bool transfer_put(struct walk *walk, const struct transfer_key *key,
                         const struct transfer *t)
{
    uint32_t wanted = 0;
    for (uint8_t i = 0; i < t->legs_count; i++) {
        wanted += listed(walk, key, t, &t->legs[i]) ? 1 : 0;
    }
    if (walk->count + wanted > walk->rows) {
        return false;
    }
    for (uint8_t i = 0; i < t->legs_count; i++) {
        if (listed(walk, key, t, &t->legs[i])) {
            item_put(walk, key, t, i);
        }
    }
    return true;
}

/* From behind `after` on, as far as rows and budget go; the texts of one frame are few enough. */
static enum lt_status walk_run(struct walk *walk, uint64_t after)
{
    struct flow *flow = walk->flow;
    uint8_t key_bytes[POSITION_BYTES];
    struct state_entry at;
    uint64_t last = after;
    enum lt_status status =
        state_seek(flow->state, STATE_POSITIONS, position_key(key_bytes, after + 1), &at);
    while (status == LT_OK && at.found) {
        uint64_t position;
        struct transfer_key key;
        struct transfer t;
        bool readable = entry_read(&at, &position, &key);
        if (!readable) {
            break;
        }
        if (walk->looks == 0 || flow->givings.list_looks == 0) {
            walk->next = last;
            return LT_OK;
        }
        walk->looks--;
        flow->givings.list_looks--;
        if (transfer_load(flow, &key, &t) == LT_OK && t.code == 0 && t.position == position &&
            !transfer_put(walk, &key, &t)) {
            walk->next = last;
            return LT_OK;
        }
        last = position;
        status = state_step(flow->state, &at);
    }
    return status;
}

static enum lt_status page_make(struct flow *flow, const struct session *session,
                                const struct list_ask *ask, struct list_page *ret_page)
{
    uint32_t rows = ask->rows == 0 || ask->rows > LT_LIST_ROWS_MAX ? LT_LIST_ROWS_MAX : ask->rows;
    rows = rows < LT_LEGS_MAX ? LT_LEGS_MAX : rows; /* the legs of one transfer always fit */
    struct walk walk = {
        .flow = flow,
        .session = session,
        .ask = ask,
        .items = arena_alloc(&flow->arena, rows * sizeof(*walk.items)),
        .kept = arena_alloc(&flow->arena, rows * sizeof(*walk.kept)),
        .rows = rows,
        .looks = LIST_LOOKS_MAX,
    };
    uint64_t after = ask->after;
    if (walk.items == NULL || walk.kept == NULL) {
        return LT_BUSY;
    }
    if (ask->what != LT_LIST_DELIVERED && ask->what != LT_LIST_SENT) {
        return LT_FIELD_BAD;
    }
    if (flow->givings.list_looks == 0) {
        return LT_BUSY; /* of this turn; to be asked again */
    }
    enum lt_status status = LT_OK;
    if (after == 0 && ask->since_ms > 0 && ask->what == LT_LIST_SENT) {
        status = before_instant(flow, ask->since_ms, &after);
    }
    if (status == LT_OK) {
        status = walk_run(&walk, after);
    }
    *ret_page = (struct list_page){.items = walk.items, .count = walk.count, .next = walk.next};
    return status;
}

/* Encoded now, numbered when it leaves: send_list of answer.c. */
static void page_queue(struct flow *flow, struct session *session, struct lt_bytes bytes)
{
    uint8_t *memory = malloc(bytes.size);
    struct answer *answer = memory == NULL
                                ? NULL
                                : answer_make(&flow->answers, &flow->sessions, session, ANSWER_LIST,
                                              journal_staged(flow->journal));
    if (answer == NULL) {
        free(memory);
        return; /* silence: the agency asks again */
    }
    memcpy(memory, bytes.data, bytes.size);
    answer->page = memory;
    answer->page_bytes = (uint32_t)bytes.size;
    session->listing = true;
}

enum lt_status take_list_ask(struct flow *flow, struct session *session, const struct list_ask *ask)
{
    struct frame frame = {.kind = FRAME_LIST};
    struct list_page page = {.next = 0};
    enum lt_status status = session->listing ? LT_BUSY : page_make(flow, session, ask, &page);
    struct lt_bytes bytes;
    if (lt_class(status) == LT_CLASS_STOP) {
        return status;
    }
    frame.list = page;
    frame.list.number = ask->number;
    frame.list.code = (uint32_t)status;
    if (status != LT_OK) {
        frame.list.count = 0;
        (void)session_out(flow, session, &frame); /* a refusal says nothing of anybody's state */
        return LT_OK;
    }
    if (frame_write(&frame, &flow->arena, &bytes) != LT_OK) {
        log_warn("list-not-written", "agency=%s rows=%u", session->user, page.count);
        return LT_OK;
    }
    page_queue(flow, session, bytes);
    return LT_OK;
}
