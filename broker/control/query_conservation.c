/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The sum that must be zero: what was accepted for an agency, less what ended, less what is open as
 * counted one by one from its lanes. Two sources that know nothing of each other: counters folded
 * from facts, and the lists.
 *
 * An agency with more open legs than one page looks at is counted over several turns, and meanwhile
 * legs come and go. How many did is known from the counters and shown as `moved`; as much of the
 * difference as that explains is no difference. Counted within one turn, as nearly always, it is
 * exact.
 *
 * The legs of nobody (competence not determined) stand under "-". The total is the sum of the rows
 * shown, carried from page to page by the cursor.
 */
#include <string.h>

#include "ask.h"
#include "broker/limits.h"
#include "proto/base/text.h"

#define NOBODY       "-"
#define LANE_BYTES   (16 + 8 + 1)
#define SUMS         8
#define CURSOR_BYTES (4 + 1 + LANE_BYTES + 8 + 8 + SUMS * 8)

struct sums {
    uint64_t accepted;
    uint64_t taken;
    uint64_t refused;
    uint64_t expired;
    uint64_t cancelled;
    uint64_t counted;
    int64_t difference;
    uint64_t moved;
};

struct tally {
    uint32_t agency;      /* being counted, or to be counted next */
    bool begun;           /* its count goes on from `next` */
    struct lane_key next; /* of that agency */
    uint64_t counted;     /* of it so far */
    uint64_t changes;     /* its counters when the count began */
    struct sums total;
};

/* ---- the cursor --------------------------------------------------------------------------------
 */

static void put_cursor(struct ask *ask, const struct tally *tally)
{
    uint8_t cursor[CURSOR_BYTES];
    const struct sums *total = &tally->total;
    struct wire_writer w;
    wire_write_init(&w, cursor, sizeof(cursor));
    wire_put_u32(&w, tally->agency);
    wire_put_u8(&w, tally->begun ? 1 : 0);
    wire_put_raw(&w, tally->next.lane.bytes, sizeof(tally->next.lane.bytes));
    wire_put_u64(&w, tally->next.position);
    wire_put_u8(&w, tally->next.leg);
    wire_put_u64(&w, tally->counted);
    wire_put_u64(&w, tally->changes);
    wire_put_u64(&w, total->accepted);
    wire_put_u64(&w, total->taken);
    wire_put_u64(&w, total->refused);
    wire_put_u64(&w, total->expired);
    wire_put_u64(&w, total->cancelled);
    wire_put_u64(&w, total->counted);
    wire_put_i64(&w, total->difference);
    wire_put_u64(&w, total->moved);
    page_cursor(&ask->page, wire_written(&w));
}

static enum lt_status read_cursor(struct ask *ask, struct tally *tally)
{
    struct sums *total = &tally->total;
    struct wire_reader r;
    bool resumed;
    memset(tally, 0, sizeof(*tally));
    enum lt_status status = ask_cursor(ask, CURSOR_BYTES, &r, &resumed);
    if (status != LT_OK || !resumed) {
        return status;
    }
    tally->agency = wire_u32(&r);
    tally->begun = wire_u8(&r) != 0;
    wire_raw(&r, tally->next.lane.bytes, sizeof(tally->next.lane.bytes));
    tally->next.position = wire_u64(&r);
    tally->next.leg = wire_u8(&r);
    tally->next.agency = tally->agency;
    tally->counted = wire_u64(&r);
    tally->changes = wire_u64(&r);
    total->accepted = wire_u64(&r);
    total->taken = wire_u64(&r);
    total->refused = wire_u64(&r);
    total->expired = wire_u64(&r);
    total->cancelled = wire_u64(&r);
    total->counted = wire_u64(&r);
    total->difference = wire_i64(&r);
    total->moved = wire_u64(&r);
    return LT_OK;
}

/* ---- counting -----------------------------------------------------------------------------------
 */

/* Counts on; *ret_all false: enough for this page, tally->next is where it goes on. */
static enum lt_status count_lanes(struct ask *ask, struct tally *tally, bool *ret_all)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct state_entry at;
    struct lane_key key;
    *ret_all = false;
    enum lt_status status =
        state_seek(ask->flow->state, STATE_LANES, lane_key_write(key_bytes, &tally->next), &at);
    while (status == LT_OK && at.found) {
        if (!lane_key_read(at.key, &key)) {
            return LT_DAMAGED;
        }
        if (key.agency != tally->agency) {
            break;
        }
        if (!ask_look(ask)) {
            tally->next = key;
            return LT_OK;
        }
        tally->counted++;
        status = state_step(ask->flow->state, &at);
    }
    *ret_all = status == LT_OK;
    return status;
}

static struct sums sums_of(const struct tally *tally, const struct counts *counts)
{
    uint64_t now = counts_changes(counts);
    struct sums sums = {
        .accepted = counts->accepted,
        .taken = counts->taken,
        .refused = counts->refused,
        .expired = counts->expired,
        .cancelled = counts->cancelled,
        .counted = tally->counted,
        .moved = now > tally->changes ? now - tally->changes : tally->changes - now,
    };
    sums.difference = counts_difference(counts, tally->counted, sums.moved);
    return sums;
}

static void add(struct sums *total, const struct sums *sums)
{
    total->accepted += sums->accepted;
    total->taken += sums->taken;
    total->refused += sums->refused;
    total->expired += sums->expired;
    total->cancelled += sums->cancelled;
    total->counted += sums->counted;
    total->difference += sums->difference;
    total->moved += sums->moved;
}

/* ---- rows
 * ---------------------------------------------------------------------------------------- */

static void put_sums(struct ask *ask, const char *agency, const char *name, const struct sums *sums)
{
    struct page_draft *page = &ask->page;
    page_row(page);
    page_text(page, "agency", agency);
    page_text(page, "name", name);
    page_number(page, "accepted", sums->accepted);
    page_number(page, "taken", sums->taken);
    page_number(page, "refused", sums->refused);
    page_number(page, "expired", sums->expired);
    page_number(page, "cancelled", sums->cancelled);
    page_number(page, "open",
                sums->accepted - sums->taken - sums->refused - sums->expired - sums->cancelled);
    page_number(page, "counted", sums->counted);
    page_difference(page, "difference", sums->difference);
    if (sums->moved != 0) {
        page_number(page, "moved", sums->moved);
    }
}

/* The next agency that has a row, from tally->agency on; false: all are through. */
static bool next_agency(struct ask *ask, struct tally *tally)
{
    const struct agency *agency;
    if (tally->agency == 0) {
        if (counts_changes(&desk_of(&ask->flow->desks, 0)->counts) != 0) {
            return true;
        }
        tally->agency = 1;
    }
    for (uint32_t i = 0; (agency = registry_at(ask->flow->registry, i)) != NULL; i++) {
        if (agency->number >= tally->agency) {
            tally->agency = agency->number;
            return true;
        }
    }
    return false;
}

/* Counts the agency and shows it; *ret_all as of count_lanes. */
static enum lt_status put_agency(struct ask *ask, struct tally *tally, bool *ret_all)
{
    const struct agency *agency = registry_by_number(ask->flow->registry, tally->agency);
    const struct counts *counts = &desk_of(&ask->flow->desks, tally->agency)->counts;
    if (!tally->begun) {
        tally->begun = true;
        tally->next = (struct lane_key){.agency = tally->agency};
        tally->counted = 0;
        tally->changes = counts_changes(counts);
    }
    enum lt_status status = count_lanes(ask, tally, ret_all);
    if (status != LT_OK || !*ret_all) {
        return status;
    }
    struct sums sums = sums_of(tally, counts);
    put_sums(ask, agency == NULL ? NOBODY : agency->id, agency == NULL ? "" : agency->name, &sums);
    add(&tally->total, &sums);
    tally->begun = false;
    tally->agency++;
    return LT_OK;
}

enum lt_status query_conservation(struct ask *ask)
{
    struct tally tally;
    enum lt_status status = read_cursor(ask, &tally);
    while (status == LT_OK && next_agency(ask, &tally)) {
        bool all = false;
        if (!page_full(&ask->page)) {
            status = put_agency(ask, &tally, &all);
        }
        if (status == LT_OK && !all) {
            put_cursor(ask, &tally);
            return LT_OK;
        }
    }
    if (status != LT_OK) {
        return status;
    }
    if (page_full(&ask->page)) {
        put_cursor(ask, &tally); /* the total has a page of its own */
    } else {
        put_sums(ask, "", "", &tally.total);
    }
    return LT_OK;
}
