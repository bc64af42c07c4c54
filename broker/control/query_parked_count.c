/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * How many wait for a person, by cause, by owner, by agency or by the words of their reasons. The
 * counts are folded with every leg that parks or leaves (fold_incident.c), so a million parked legs
 * cost as many looks as there are causes and agencies, not legs.
 */
#include <string.h>

#include "ask.h"
#include "broker/flow/fold_incident.h"
#include "broker/limits.h"
#include "mask.h"
#include "proto/base/text.h"

#define WORDS_LOOK_MAX 256

static struct lt_bytes count_prefix(uint8_t out[RECORD_KEY_MAX], uint32_t agency, bool words)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u8(&w, words ? 'R' : 'C');
    wire_put_u32(&w, agency);
    return wire_written(&w);
}

/* The next count whose key begins with `prefix`, from `from` on. */
static enum lt_status next_count(struct ask *ask, struct state_entry *at, struct lt_bytes prefix,
                                 struct parked_count *ret_count, uint64_t *ret_number,
                                 bool *ret_found)
{
    *ret_found = at->found && at->key.size >= prefix.size &&
                 memcmp(at->key.data, prefix.data, prefix.size) == 0;
    if (!*ret_found) {
        return LT_OK;
    }
    ask->looked++;
    return parked_count_key_read(at->key, ret_count) && incident_number_read(at->value, ret_number)
               ? LT_OK
               : LT_DAMAGED;
}

/* ---- by owner: at most one row each ------------------------------------------------------------
 */

static enum lt_status by_owner(struct ask *ask, uint32_t agency)
{
    static const enum lt_who all[] = {LT_WHO_SENDER, LT_WHO_RECEIVER, LT_WHO_OPERATOR};
    uint8_t key[RECORD_KEY_MAX];
    struct lt_bytes prefix = count_prefix(key, agency, false);
    struct parked_count count;
    uint64_t number;
    uint64_t sums[3] = {0};
    struct state_entry at;
    bool found = true;
    enum lt_status status = state_seek(ask->flow->state, STATE_INCIDENTS, prefix, &at);
    while (status == LT_OK && found) {
        status = next_count(ask, &at, prefix, &count, &number, &found);
        if (status != LT_OK || !found) {
            break;
        }
        for (int i = 0; i < 3; i++) {
            sums[i] += all[i] == row_who_of(count.code) ? number : 0;
        }
        status = state_step(ask->flow->state, &at);
    }
    for (int i = 0; status == LT_OK && i < 3; i++) {
        if (sums[i] != 0) {
            page_row(&ask->page);
            row_who(ask, all[i]);
            page_number(&ask->page, "count", sums[i]);
        }
    }
    return status;
}

/* ---- by agency: from the desks -----------------------------------------------------------------
 */

static enum lt_status by_agency(struct ask *ask)
{
    struct wire_reader r;
    uint8_t cursor[4];
    bool resumed;
    uint32_t next = 0;
    enum lt_status status = ask_cursor(ask, sizeof(cursor), &r, &resumed);
    if (status != LT_OK) {
        return status;
    }
    next = resumed ? wire_u32(&r) : 0;
    for (uint32_t i = next; i <= ask->flow->desks.highest; i++) {
        const struct desk *desk = desk_of(&ask->flow->desks, i);
        if (desk->counts.parked == 0) {
            continue;
        }
        if (page_full(&ask->page)) {
            struct wire_writer w;
            wire_write_init(&w, cursor, sizeof(cursor));
            wire_put_u32(&w, i);
            page_cursor(&ask->page, wire_written(&w));
            return LT_OK;
        }
        page_row(&ask->page);
        row_agency(ask, "agency", "agency_name", i);
        row_contact(ask, LT_WHO_RECEIVER, 0, i);
        page_number(&ask->page, "count", desk->counts.parked);
    }
    return LT_OK;
}

/* ---- by code or by words: as the counts stand --------------------------------------------------
 */

/* Words that may be about a sensitive case: of that agency a leg of such a procedure waits with
 * that cause, or there are more than are looked at. */
static bool words_hidden(struct ask *ask, const struct parked_count *count)
{
    uint8_t from[RECORD_KEY_MAX];
    struct state_entry at;
    struct parked parked;
    struct transfer t;
    uint32_t agency;
    uint64_t position;
    uint8_t leg;
    if (ask->operators->config->sensitive_count == 0) {
        return false;
    }
    enum lt_status status =
        state_seek(ask->flow->state, STATE_PARKED, parked_key(from, count->agency, 0, 0), &at);
    for (int i = 0; i < WORDS_LOOK_MAX && status == LT_OK; i++) {
        if (!at.found || !parked_key_read(at.key, &agency, &position, &leg) ||
            agency != count->agency) {
            return false; /* that was the last of that agency */
        }
        if (!parked_read(at.value, &parked) ||
            (parked.code == count->code &&
             (transfer_load(ask->flow, &parked.transfer, &t) != LT_OK || mask_hides(ask, &t)))) {
            return true;
        }
        status = state_step(ask->flow->state, &at);
    }
    return true;
}

static void put_count(struct ask *ask, const struct parked_count *count, uint64_t number)
{
    char token[MASK_TOKEN_BYTES];
    page_row(&ask->page);
    if (count->words[0] != '\0') {
        row_agency(ask, "agency", "agency_name", count->agency);
        if (words_hidden(ask, count)) {
            mask_token(token, ask, 'w', text_bytes(count->words));
            page_text(&ask->page, "reason", token);
            page_flag(&ask->page, "masked", true);
        } else {
            page_text(&ask->page, "reason", count->words);
        }
    }
    page_code(&ask->page, "code", count->code);
    row_who(ask, row_who_of(count->code));
    page_number(&ask->page, "count", number);
}

/* Every count whose key begins with `prefix`; the cursor is the key of the next one. */
static enum lt_status by_count(struct ask *ask, struct lt_bytes prefix)
{
    struct lt_bytes cursor = ask->query->cursor;
    struct parked_count count;
    uint64_t number;
    struct state_entry at;
    uint8_t here[RECORD_KEY_MAX];
    bool found = true;
    if (cursor.size > RECORD_KEY_MAX) {
        return ask_bad(ask, "cursor");
    }
    enum lt_status status =
        state_seek(ask->flow->state, STATE_INCIDENTS, cursor.size > 0 ? cursor : prefix, &at);
    while (status == LT_OK && found) {
        status = next_count(ask, &at, prefix, &count, &number, &found);
        if (status != LT_OK || !found) {
            break;
        }
        if (page_full(&ask->page)) {
            page_cursor(&ask->page, at.key);
            return LT_OK;
        }
        size_t size = at.key.size;
        memcpy(here, at.key.data, size);
        put_count(ask, &count, number); /* may have a scan of its own: it is taken up again */
        status = state_seek(ask->flow->state, STATE_INCIDENTS, (struct lt_bytes){here, size}, &at);
        if (status == LT_OK) {
            status = state_step(ask->flow->state, &at);
        }
    }
    return status;
}

enum lt_status query_parked_count(struct ask *ask, struct lt_bytes group)
{
    uint8_t key[RECORD_KEY_MAX];
    uint32_t agency = COUNT_ALL;
    bool only;
    enum lt_status status = ask_agency(ask, "agency", &agency, &only);
    if (status != LT_OK || (only && agency == AGENCY_NONE)) {
        return status;
    }
    if (bytes_equal(group, text_bytes("code"))) {
        return by_count(ask, count_prefix(key, agency, false));
    }
    if (bytes_equal(group, text_bytes("who"))) {
        return by_owner(ask, agency);
    }
    if (bytes_equal(group, text_bytes("agency")) && !only) {
        return by_agency(ask);
    }
    if (bytes_equal(group, text_bytes("reason"))) {
        struct lt_bytes prefix = count_prefix(key, agency, true);
        prefix.size = only ? prefix.size : 1; /* of all agencies */
        return by_count(ask, prefix);
    }
    return ask_bad(ask, "group");
}
