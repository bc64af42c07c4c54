/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The order to carry what is live below a position over it, so that the journal can be cut there
 * (flow/carry.h). Only where archive and backup reach already: what is cut later must be in both.
 * The order is a fact; the broker carries it out beside the traffic and says in `status` how far it
 * is. Given again it starts again, which is right when the cut found something live after all.
 *
 * A dry run counts what would be carried, over as many open legs as one page may look at.
 */
#include "ask.h"
#include "broker/limits.h"
#include "proto/base/text.h"

struct load {
    uint64_t legs;
    uint64_t bytes;
    bool more; /* there are legs that were not looked at */
};

static enum lt_status count_load(struct ask *ask, uint64_t below, struct load *load)
{
    struct state_entry at;
    enum lt_status status =
        state_seek(ask->flow->state, STATE_LANES, (struct lt_bytes){NULL, 0}, &at);
    while (status == LT_OK && at.found && ask_look(ask)) {
        struct lane_key key;
        struct lane_entry entry;
        struct transfer t;
        if (!lane_key_read(at.key, &key) || !lane_entry_read(at.value, &entry)) {
            return LT_DAMAGED;
        }
        if (key.position < below && transfer_load(ask->flow, &entry.transfer, &t) == LT_OK &&
            t.bytes_at < below) {
            load->legs++;
            load->bytes += t.parcel_bytes;
        }
        status = state_step(ask->flow->state, &at);
    }
    load->more = status == LT_OK && at.found;
    return status;
}

static enum lt_status too_far(struct ask *ask, const char *what, uint64_t below, uint64_t reach)
{
    return fault_set(&ask->fault, LT_FIELD_BAD, "below", "%llu, %s %llu", (unsigned long long)below,
                     what, (unsigned long long)reach);
}

static enum lt_status read_below(struct ask *ask, uint64_t *ret_below)
{
    const struct flow *flow = ask->flow;
    bool given;
    enum lt_status status = ask_number(ask, "below", UINT64_MAX / 2, ret_below, &given);
    if (status != LT_OK) {
        return status;
    }
    if (!given) {
        return ask_missing(ask, "below");
    }
    if (*ret_below > flow->archived_to + 1) {
        return too_far(ask, "archived_to is", *ret_below, flow->archived_to);
    }
    if (*ret_below > flow->backed_up_to + 1) {
        return too_far(ask, "backed_up_to is", *ret_below, flow->backed_up_to);
    }
    if (*ret_below > flow->durable) {
        return too_far(ask, "durable is", *ret_below, flow->durable);
    }
    if (*ret_below < flow->carry.below) {
        return too_far(ask, "already ordered:", *ret_below, flow->carry.below);
    }
    return LT_OK;
}

enum lt_status act_carry(struct ask *ask)
{
    uint8_t memory[256];
    uint64_t below = 0;
    uint64_t position = 0;
    struct load load = {0};
    bool dry_run = ask_flag(ask, "dry_run");
    enum lt_status status = read_below(ask, &below);
    if (status == LT_OK) {
        status = count_load(ask, below, &load);
    }
    if (status == LT_OK && !dry_run) {
        struct fact_backup order = {
            .position = below, .person = text_bytes(ask->person->name), .what = MARK_CARRY};
        status = ask_fact(ask, FACT_BACKUP, fact_write_backup(memory, sizeof(memory), &order),
                          &position);
    }
    if (status != LT_OK) {
        return status;
    }
    page_row(&ask->page);
    page_text(&ask->page, "change", dry_run ? "would-order" : "ordered");
    page_number(&ask->page, "below", below);
    page_number(&ask->page, "legs", load.legs);
    page_number(&ask->page, "bytes", load.bytes);
    page_number(&ask->page, "more", load.more ? 1 : 0);
    page_number(&ask->page, "position", position);
    return LT_OK;
}
