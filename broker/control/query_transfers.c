/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Transfers, leg by leg, in the order of their acceptance: all of them that pass a filter, or those
 * of one case. The list walked is that of the positions, or that of the case; `since` is found by
 * halving, because positions stand in the order of time. A filter that finds little is paid for by
 * the one who asks: a page ends after SCAN_ROWS_MAX entries with whatever it has, and a cursor.
 */
#include <string.h>

#include "ask.h"
#include "broker/limits.h"
#include "mask.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define CURSOR_BYTES   9 /* position, leg */
#define POSITION_BYTES 8

struct filter {
    uint32_t to;
    uint32_t from;
    bool to_given;
    bool from_given;
    bool until_given;
    enum leg_state state; /* LEG_NONE: any */
    enum lt_kind kind;    /* LT_KIND_NONE: any */
    char procedure[LT_PROCEDURE_MAX + 1];
    char case_code[LT_CASE_CODE_MAX + 1];
    int64_t since_ms;
    int64_t until_ms;
};

/* A list whose keys end with a position and whose values name transfers. */
struct walk {
    enum state_tree tree;
    uint8_t prefix_bytes[RECORD_KEY_MAX];
    struct lt_bytes prefix;
    uint64_t position; /* where it begins */
    uint8_t leg;       /* of the transfer there */
};

/* ---- the filter -------------------------------------------------------------------------------
 */

static enum lt_status read_instant(struct ask *ask, const char *name, int64_t *ret_ms,
                                   bool *ret_given)
{
    uint64_t value = 0;
    enum lt_status status = ask_number(ask, name, INT64_MAX, &value, ret_given);
    if (status == LT_OK && *ret_given) {
        *ret_ms = (int64_t)value;
    }
    return status;
}

static enum lt_status read_names(struct ask *ask, struct filter *filter)
{
    struct lt_bytes state = ask_arg(ask, "state");
    struct lt_bytes kind = ask_arg(ask, "kind");
    if (state.size > 0) {
        filter->state = leg_state_by_name(state);
        if (filter->state == LEG_NONE) {
            return ask_bad(ask, "state");
        }
    }
    if (kind.size > 0) {
        filter->kind = kind_by_name(kind);
        if (filter->kind == LT_KIND_NONE) {
            return ask_bad(ask, "kind");
        }
    }
    struct lt_bytes procedure = ask_arg(ask, "procedure");
    if (procedure.size > LT_PROCEDURE_MAX) {
        return ask_bad(ask, "procedure");
    }
    procedure_normalise(filter->procedure, sizeof(filter->procedure), procedure);
    return LT_OK;
}

static enum lt_status filter_read(struct ask *ask, struct filter *filter)
{
    bool since_given;
    memset(filter, 0, sizeof(*filter));
    enum lt_status status = ask_agency(ask, "agency", &filter->to, &filter->to_given);
    if (status == LT_OK) {
        status = ask_agency(ask, "from", &filter->from, &filter->from_given);
    }
    if (status == LT_OK) {
        status = read_names(ask, filter);
    }
    if (status == LT_OK) {
        status = ask_text(ask, "case", filter->case_code, sizeof(filter->case_code));
    }
    if (status == LT_OK) {
        status = read_instant(ask, "since", &filter->since_ms, &since_given);
    }
    if (status == LT_OK) {
        status = read_instant(ask, "until", &filter->until_ms, &filter->until_given);
    }
    return status;
}

static bool transfer_passes(const struct filter *filter, const struct transfer_key *key,
                            const struct transfer *t)
{
    return (!filter->from_given || key->from == filter->from) &&
           (filter->kind == LT_KIND_NONE || t->kind == filter->kind) &&
           (filter->procedure[0] == '\0' || strcmp(t->procedure, filter->procedure) == 0) &&
           t->time_ms >= filter->since_ms;
}

static bool leg_passes(const struct filter *filter, const struct leg *leg)
{
    return (!filter->to_given || leg->agency == filter->to) &&
           (filter->state == LEG_NONE || leg->state == filter->state);
}

/* ---- the walk ---------------------------------------------------------------------------------
 */

static struct lt_bytes walk_key(const struct walk *walk, uint64_t position,
                                uint8_t out[RECORD_KEY_MAX])
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_raw(&w, walk->prefix.data, walk->prefix.size);
    wire_put_u64(&w, position);
    return wire_written(&w);
}

static void walk_positions(struct walk *walk)
{
    memset(walk, 0, sizeof(*walk));
    walk->tree = STATE_POSITIONS;
    walk->prefix = (struct lt_bytes){walk->prefix_bytes, 0};
}

static void walk_case(struct walk *walk, const char *case_code)
{
    memset(walk, 0, sizeof(*walk));
    walk->tree = STATE_CASES;
    walk->prefix = case_prefix(walk->prefix_bytes, text_bytes(case_code));
}

static bool walk_entry(const struct walk *walk, const struct state_entry *at,
                       uint64_t *ret_position, struct transfer_key *ret_key)
{
    struct wire_reader r;
    if (!at->found || at->key.size != walk->prefix.size + POSITION_BYTES ||
        memcmp(at->key.data, walk->prefix.data, walk->prefix.size) != 0) {
        return false;
    }
    wire_read_init(&r, (struct lt_bytes){at->key.data + walk->prefix.size, POSITION_BYTES});
    *ret_position = wire_u64(&r);
    return case_value_read(at->value, ret_key);
}

/* The first transfer accepted at or after the instant. */
static enum lt_status seek_since(struct ask *ask, struct walk *walk, int64_t since_ms)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint64_t low = 0;
    uint64_t high = journal_staged(ask->flow->journal) + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        uint64_t position;
        struct transfer_key key;
        struct transfer t;
        struct state_entry at;
        enum lt_status status =
            state_seek(ask->flow->state, walk->tree, walk_key(walk, middle, key_bytes), &at);
        if (status != LT_OK) {
            return status;
        }
        if (!walk_entry(walk, &at, &position, &key)) {
            high = middle;
            continue;
        }
        status = transfer_load(ask->flow, &key, &t);
        if (status != LT_OK) {
            return status;
        }
        if (t.time_ms < since_ms) {
            low = position + 1;
        } else {
            high = middle;
        }
    }
    walk->position = low;
    return LT_OK;
}

static void put_cursor(struct ask *ask, uint64_t position, uint8_t leg)
{
    uint8_t cursor[CURSOR_BYTES];
    struct wire_writer w;
    wire_write_init(&w, cursor, sizeof(cursor));
    wire_put_u64(&w, position);
    wire_put_u8(&w, leg);
    page_cursor(&ask->page, wire_written(&w));
}

static void put_leg(struct ask *ask, const struct transfer_key *key, const struct transfer *t,
                    uint8_t index)
{
    struct page_draft *page = &ask->page;
    page_row(page);
    page_id(page, "id", &key->id);
    page_number(page, "leg", index);
    row_kind(ask, t->kind);
    row_agency(ask, "from", NULL, key->from);
    row_receiver(ask, &t->legs[index]);
    row_case(ask, t);
    page_text(page, "procedure", t->procedure);
    row_leg_state(ask, key, index, &t->legs[index]);
    page_time(page, "accepted_ms", t->time_ms);
}

/* Legs from `first` on; the number of the leg for which there was no room, or legs_count. */
static uint8_t put_legs(struct ask *ask, const struct filter *filter,
                        const struct transfer_key *key, const struct transfer *t, uint8_t first)
{
    uint8_t leg = first;
    while (leg < t->legs_count) {
        if (leg_passes(filter, &t->legs[leg])) {
            if (page_full(&ask->page)) {
                break;
            }
            put_leg(ask, key, t, leg);
        }
        leg++;
    }
    return leg;
}

static enum lt_status walk_run(struct ask *ask, const struct filter *filter, struct walk *walk)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint64_t position;
    struct transfer_key key;
    struct transfer t;
    struct state_entry at;
    enum lt_status status =
        state_seek(ask->flow->state, walk->tree, walk_key(walk, walk->position, key_bytes), &at);
    while (status == LT_OK && walk_entry(walk, &at, &position, &key)) {
        uint8_t leg = position == walk->position ? walk->leg : 0;
        if (!ask_look(ask)) {
            put_cursor(ask, position, leg);
            return LT_OK;
        }
        status = transfer_load(ask->flow, &key, &t);
        if (status != LT_OK || (filter->until_given && t.time_ms >= filter->until_ms)) {
            return status;
        }
        if (transfer_passes(filter, &key, &t)) {
            leg = put_legs(ask, filter, &key, &t, leg);
            if (leg < t.legs_count) {
                put_cursor(ask, position, leg);
                return LT_OK;
            }
        }
        status = state_step(ask->flow->state, &at);
    }
    return status;
}

/* Continues where the cursor says; *ret_resumed false on the first page. */
static enum lt_status walk_resume(struct ask *ask, struct walk *walk, bool *ret_resumed)
{
    struct wire_reader reader;
    enum lt_status status = ask_cursor(ask, CURSOR_BYTES, &reader, ret_resumed);
    if (status == LT_OK && *ret_resumed) {
        walk->position = wire_u64(&reader);
        walk->leg = wire_u8(&reader);
    }
    return status;
}

enum lt_status query_transfers(struct ask *ask)
{
    struct filter filter;
    struct walk walk;
    bool resumed = false;
    enum lt_status status = filter_read(ask, &filter);
    if (status != LT_OK) {
        return status;
    }
    if (filter.case_code[0] != '\0') {
        walk_case(&walk, filter.case_code);
    } else {
        walk_positions(&walk);
    }
    status = walk_resume(ask, &walk, &resumed);
    if (status == LT_OK && !resumed && filter.since_ms > 0) {
        status = seek_since(ask, &walk, filter.since_ms);
    }
    return status == LT_OK ? walk_run(ask, &filter, &walk) : status;
}

enum lt_status query_case(struct ask *ask)
{
    struct filter filter;
    struct walk walk;
    bool resumed = false;
    memset(&filter, 0, sizeof(filter));
    if (ask_arg(ask, "code").size == 0) {
        return ask_missing(ask, "code");
    }
    enum lt_status status = ask_text(ask, "code", filter.case_code, sizeof(filter.case_code));
    if (status != LT_OK) {
        return status;
    }
    walk_case(&walk, filter.case_code);
    status = walk_resume(ask, &walk, &resumed);
    if (status == LT_OK) {
        status = walk_run(ask, &filter, &walk);
    }
    if (status == LT_OK && !resumed && ask->page.count == 0) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "code", "%s", filter.case_code);
    }
    return status;
}
