/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A person's word that the wall clock is right although it left the monotonic one: a machine that
 * stood still, or a clock that was wrong before and was set. The core takes it up at the start of
 * the next turn.
 */
#include "ask.h"
#include "proto/base/text.h"

enum lt_status act_clock_confirm(struct ask *ask)
{
    struct flow *flow = ask->flow;
    uint8_t memory[LT_REASON_MAX + 256];
    uint64_t position = 0;
    struct fact_clock clock = {
        .change = CLOCK_CONFIRMED,
        .drift_ms = flow->clock_drift_ms,
        .person = text_bytes(ask->person->name),
        .reason = ask_arg(ask, "reason"),
    };
    if (clock.reason.size == 0) {
        return ask_missing(ask, "reason");
    }
    clock.reason.size = utf8_cut((const char *)clock.reason.data, clock.reason.size, LT_REASON_MAX);
    if (flow->clock_suspect) {
        enum lt_status status =
            ask_fact(ask, FACT_CLOCK, fact_write_clock(memory, sizeof(memory), &clock), &position);
        if (status != LT_OK) {
            return status;
        }
        flow->clock_confirmed = true;
    }
    page_row(&ask->page);
    page_text(&ask->page, "change", flow->clock_suspect ? "changed" : "same");
    page_difference(&ask->page, "drift_ms", flow->clock_drift_ms);
    page_number(&ask->page, "position", position);
    return LT_OK;
}
