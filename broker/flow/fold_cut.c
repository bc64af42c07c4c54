/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the facts around a cut mean for the state: five positions in STATE_META, mirrored in
 * flow->marks, and where the bytes of a carried transfer stand now. A mark is the last one said;
 * who says it sees to it that it only goes forward.
 */
#include "fold_cut.h"

#include "fold_leg.h"
#include "proto/base/text.h"

/* In STATE_META, by enum mark_what; the cut has a fact of its own and comes last. */
#define MARK_CUT (MARK_CARRIED + 1)
static const char *const names[] = {
    [MARK_BACKUP] = "backed-up-to",   [MARK_ARCHIVE] = "archived-to", [MARK_CARRY] = "carry-below",
    [MARK_CARRIED] = "carried-below", [MARK_CUT] = "cut-below",
};

static uint64_t *mark_of(struct flow *flow, unsigned what)
{
    switch (what) {
    case MARK_ARCHIVE:
        return &flow->archived_to;
    case MARK_CARRY:
        return &flow->carry.below;
    case MARK_CARRIED:
        return &flow->carry.ready;
    case MARK_CUT:
        return &flow->cut_below;
    default:
        return &flow->backed_up_to;
    }
}

static void mark_put(struct flow *flow, unsigned what, uint64_t position)
{
    uint8_t value[8];
    struct wire_writer w;
    wire_write_init(&w, value, sizeof(value));
    wire_put_u64(&w, position);
    state_put(flow->state, STATE_META, text_bytes(names[what]), wire_written(&w));
    *mark_of(flow, what) = position;
}

enum lt_status fold_backup(struct flow *flow, const struct fact *fact)
{
    struct fact_backup backup;
    if (!fact_read_backup(fact->payload, &backup)) {
        return LT_DAMAGED;
    }
    mark_put(flow, backup.what, backup.position);
    if (backup.what == MARK_CARRY) {
        mark_put(flow, MARK_CARRIED, 0);
        carry_start(&flow->carry);
    }
    return LT_OK;
}

enum lt_status fold_carried(struct flow *flow, const struct fact *fact)
{
    struct fact_carried carried;
    struct transfer_key key;
    struct transfer t;
    if (!fact_read_carried(fact->payload, &carried) ||
        transfer_at(flow, carried.position, &key, &t) != LT_OK) {
        return LT_DAMAGED;
    }
    t.bytes_at = fact->position;
    transfer_store(flow, &key, &t);
    return LT_OK;
}

enum lt_status fold_cut(struct flow *flow, const struct fact *fact)
{
    struct fact_cut cut;
    if (!fact_read_cut(fact->payload, &cut)) {
        return LT_DAMAGED;
    }
    mark_put(flow, MARK_CUT, cut.below);
    return LT_OK;
}

/* Absent: never said. */
static enum lt_status mark_load(struct flow *flow, unsigned what)
{
    struct lt_bytes value;
    enum lt_status status = state_get(flow->state, STATE_META, text_bytes(names[what]), &value);
    if (status != LT_OK) {
        return status == LT_NOT_FOUND ? LT_OK : status;
    }
    struct wire_reader r;
    wire_read_init(&r, value);
    uint64_t position = wire_u64(&r);
    if (!wire_read_done(&r)) {
        return LT_DAMAGED;
    }
    *mark_of(flow, what) = position;
    return LT_OK;
}

enum lt_status marks_load(struct flow *flow)
{
    enum lt_status status = LT_OK;
    for (unsigned what = MARK_BACKUP; status == LT_OK && what <= MARK_CUT; what++) {
        status = mark_load(flow, what);
    }
    return status;
}
