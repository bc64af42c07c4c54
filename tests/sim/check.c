/* SPDX-License-Identifier: EUPL-1.2 */
/* The other half of the sum, and the comparison of two states. */
#include "check.h"

#include "broker/flow/fold_incident.h"
#include "broker/flow/fold_leg.h"
#include "broker/flow/lane.h"

#include <stdio.h>
#include <string.h>

#include "broker/journal/fact.h"
#include "oracle.h"
#include "proto/base/text.h"
#include "proto/message.h"

uint64_t check_open_legs(struct flow *flow)
{
    struct state_entry at;
    uint64_t count = 0;
    enum lt_status status = state_seek(flow->state, STATE_LANES, (struct lt_bytes){0}, &at);
    while (status == LT_OK && at.found) {
        count++;
        status = state_step(flow->state, &at);
    }
    return count;
}

static uint64_t open_of(struct flow *flow, uint32_t agency)
{
    struct state_entry at;
    uint64_t count = 0;
    uint8_t from[4];
    struct wire_writer w;
    wire_write_init(&w, from, sizeof(from));
    wire_put_u32(&w, agency);
    enum lt_status status = state_seek(flow->state, STATE_LANES, wire_written(&w), &at);
    while (status == LT_OK && at.found && memcmp(at.key.data, from, sizeof(from)) == 0) {
        count++;
        status = state_step(flow->state, &at);
    }
    return count;
}

bool check_conservation(struct flow *flow)
{
    for (uint32_t i = 0; i <= flow->desks.highest; i++) {
        const struct counts *c = &desk_of(&flow->desks, i)->counts;
        uint64_t right = c->taken + c->refused + c->expired + c->cancelled + open_of(flow, i);
        if (c->accepted != right) {
            fprintf(stderr, "agency %u: accepted %llu, found %llu\n", i,
                    (unsigned long long)c->accepted, (unsigned long long)right);
            return false;
        }
    }
    return true;
}

/* The entries of one lane, counted; moves `at` behind them. */
static struct lane_head count_lane(struct flow *flow, struct state_entry *at, uint8_t name[20])
{
    struct lane_head head = {0};
    memcpy(name, at->key.data, 20);
    while (at->found && memcmp(at->key.data, name, 20) == 0) {
        struct lane_entry entry;
        if (lane_entry_read(at->value, &entry)) {
            struct leg leg = {.state = entry.state, .flags = entry.flags};
            enum lane_role role = lane_role_of(&leg);
            head.blockers += role == LANE_HOLDS ? 1 : 0;
            head.behind += role == LANE_WAITS ? 1 : 0;
            head.overtakers += role == LANE_WAITS && entry.overtakes != 0 ? 1 : 0;
        }
        if (state_step(flow->state, at) != LT_OK) {
            at->found = false;
        }
    }
    return head;
}

bool check_heads(struct flow *flow)
{
    uint8_t from[RECORD_KEY_MAX] = {0};
    size_t from_size = 0;
    for (;;) {
        struct state_entry at;
        uint8_t name[20];
        struct lt_bytes value;
        struct lane_head told = {0};
        if (state_seek(flow->state, STATE_LANES, (struct lt_bytes){from, from_size}, &at) !=
                LT_OK ||
            !at.found) {
            return true;
        }
        struct lane_head counted = count_lane(flow, &at, name);
        if (state_get(flow->state, STATE_HEADS, (struct lt_bytes){name, 20}, &value) == LT_OK &&
            !lane_head_read(value, &told)) {
            return false;
        }
        if (counted.blockers != told.blockers || counted.behind != told.behind ||
            counted.overtakers != told.overtakers ||
            (counted.blockers == 0 && counted.behind != 0)) {
            fprintf(stderr, "lane: counted %u %u %u, told %u %u %u\n", counted.blockers,
                    counted.behind, counted.overtakers, told.blockers, told.behind,
                    told.overtakers);
            return false;
        }
        memcpy(from, name, 20);
        memset(from + 20, 0xff, 10);
        from_size = 30;
    }
}

bool check_parked(struct flow *flow)
{
    struct state_entry at;
    uint64_t counted[1000] = {0};
    enum lt_status status = state_seek(flow->state, STATE_PARKED, (struct lt_bytes){0}, &at);
    while (status == LT_OK && at.found) {
        struct parked parked;
        if (!parked_read(at.value, &parked) || parked.code >= 1000) {
            return false;
        }
        counted[parked.code]++;
        status = state_step(flow->state, &at);
    }
    for (uint16_t code = 0; code < 1000; code++) {
        if (parked_count(flow, COUNT_ALL, code) != counted[code]) {
            fprintf(stderr, "parked %u: %llu in the list, %llu told\n", code,
                    (unsigned long long)counted[code],
                    (unsigned long long)parked_count(flow, COUNT_ALL, code));
            return false;
        }
    }
    return true;
}

static bool final_fits(const struct wish *wish, const struct transfer *t, uint32_t to)
{
    const struct share *share = &wish->shares[to];
    bool has_leg = false;
    bool taken = false;
    bool refused = false;
    for (uint8_t i = 0; i < t->legs_count; i++) {
        bool its = t->legs[i].agency == to + 1;
        has_leg = has_leg || its;
        taken = taken || (its && t->legs[i].state == LEG_TAKEN);
        refused = refused || (its && t->legs[i].state == LEG_REFUSED);
    }
    bool decided = share->effects != 0 || share->refused;
    bool led_there =
        share->effect_leg < t->legs_count && t->legs[share->effect_leg].agency == to + 1;
    if (wish->undone && (!has_leg || (decided && !led_there))) {
        return true; /* it was sent there by an act that is not in the journal any more */
    }
    bool way_lost = wish->lost_once || (wish->undone && share->own_way);
    if (share->at_risk && way_lost && share->effects + share->refused != 0) {
        return true; /* two people ended it, and what could correct them (its acceptance, or the
                      * leg that once led here) went with the old journal */
    }
    return taken == (share->effects != 0) && refused == share->refused;
}

const struct wish *check_finals(struct flow *flow, const struct oracle *oracle)
{
    for (uint32_t i = 0; i < oracle->count; i++) {
        const struct wish *wish = &oracle->wishes[i];
        struct transfer_key key = {.id = wish->accepted_as, .from = wish->from + 1};
        struct transfer t;
        if (transfer_load(flow, &key, &t) != LT_OK || t.code != 0) {
            fprintf(stderr, "sender %u wish %u is not there\n", wish->from, wish->number);
            return wish;
        }
        for (uint32_t to = 0; to < AGENCIES_SIM; to++) {
            const struct share *share = &wish->shares[to];
            if (!final_fits(wish, &t, to)) {
                fprintf(stderr, "sender %u wish %u at %u: took effect %u, refused %d\n", wish->from,
                        wish->number, to, share->effects, share->refused ? 1 : 0);
                return wish;
            }
        }
    }
    return NULL;
}

void check_picture(struct flow *flow, struct state_picture *ret_picture)
{
    memset(ret_picture, 0, sizeof(*ret_picture));
    for (int tree = STATE_TRANSFERS; tree < STATE_TREES_END; tree++) {
        struct state_entry at;
        digest_start(flow->digester);
        enum lt_status status =
            state_seek(flow->state, (enum state_tree)tree, (struct lt_bytes){0}, &at);
        while (status == LT_OK && at.found) {
            digest_feed(flow->digester, at.key);
            digest_feed(flow->digester, at.value);
            ret_picture->entries[tree]++;
            status = state_step(flow->state, &at);
        }
        ret_picture->digest[tree] = digest_finish(flow->digester);
    }
}

bool check_same(const struct state_picture *a, const struct state_picture *b)
{
    bool same = true;
    for (int tree = STATE_TRANSFERS; tree < STATE_TREES_END; tree++) {
        if (!digest_equal(&a->digest[tree], &b->digest[tree])) {
            fprintf(stderr, "tree %d differs: %llu and %llu entries\n", tree,
                    (unsigned long long)a->entries[tree], (unsigned long long)b->entries[tree]);
            same = false;
        }
    }
    return same;
}

/* One walk: what is kept between walks, and memory for headers. */
struct order {
    struct check_order *seen;
    uint64_t durable; /* a record may be written that nobody knows of yet */
    struct arena arena;
};

static enum lt_status look_at(void *context, const struct fact *fact)
{
    struct order *order = context;
    struct fact_accepted accepted;
    struct header header;
    char key[LT_SENDER_KEY_MAX + 1];
    char case_code[LT_CASE_CODE_MAX + 1];
    unsigned from = 0;
    unsigned number = 0;
    unsigned lane = 0;
    if (fact->kind != FACT_ACCEPTED || fact->position > order->durable) {
        return LT_OK;
    }
    arena_reset(&order->arena);
    if (!fact_read_accepted(fact->payload, &accepted) ||
        header_read(accepted.header, &order->arena, &header, NULL) != LT_OK) {
        return LT_DAMAGED;
    }
    text_copy(key, sizeof(key), header.sender_key);
    text_copy(case_code, sizeof(case_code), header.case_code);
    if (sscanf(key, "k-%u-%u", &from, &number) != 2 || sscanf(case_code, "SIM-%u", &lane) != 1 ||
        from >= AGENCIES_SIM || lane >= ORDER_CASES) {
        return LT_DAMAGED;
    }
    if ((int64_t)number <= order->seen->last[from][lane]) {
        fprintf(stderr, "position %llu: sender %u wish %u of case %u after wish %lld\n",
                (unsigned long long)fact->position, from, number, lane,
                (long long)order->seen->last[from][lane]);
        return LT_SEQUENCE_GAP;
    }
    order->seen->last[from][lane] = number;
    return LT_OK;
}

void check_order_init(struct check_order *order)
{
    memset(order->last, 0xff, sizeof(order->last));
    order->next = 1;
}

bool check_accepted_order(struct flow *flow, struct check_order *seen)
{
    struct order order = {.seen = seen, .durable = journal_durable(flow->journal)};
    if (arena_init(&order.arena, 64 * 1024, LT_FRAME_BYTES_MAX) != LT_OK) {
        return false;
    }
    enum lt_status status = journal_walk(flow->journal, seen->next, look_at, &order);
    seen->next = order.durable + 1;
    arena_deinit(&order.arena);
    return status == LT_OK;
}
