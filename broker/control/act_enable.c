/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An operator's word that there is no way back to the release before: from here on a format of the
 * journal may be written. Asked for after an upgrade that has proved itself, never by it.
 */
#include "ask.h"
#include "broker/flow/enable.h"
#include "proto/base/text.h"

enum lt_status act_enable(struct ask *ask)
{
    uint64_t format = 0;
    uint64_t position = 0;
    bool given;
    struct lt_bytes reason = ask_arg(ask, "reason");
    enum lt_status status = ask_number(ask, "format", UINT32_MAX, &format, &given);
    if (status != LT_OK) {
        return status;
    }
    if (!given || reason.size == 0) {
        return ask_missing(ask, given ? "reason" : "format");
    }
    if (format > format_known()) {
        return fault_set(&ask->fault, LT_FORMAT_BEYOND, "format", "%llu, known are 1 to %u",
                         (unsigned long long)format, format_known());
    }
    bool changes = format > ask->flow->format;
    bool dry_run = ask_flag(ask, "dry_run");
    if (changes && !dry_run) {
        reason.size = utf8_cut((const char *)reason.data, reason.size, LT_REASON_MAX);
        if (!flow_room_small(ask->flow)) {
            return LT_BUSY;
        }
        status = ask_staged(enable_stage(ask->flow, (uint32_t)format, text_bytes(ask->person->name),
                                         reason, &position));
    }
    if (status != LT_OK) {
        return status;
    }
    page_row(&ask->page);
    page_number(&ask->page, "format", format);
    page_text(&ask->page, "change", !changes ? "same" : dry_run ? "would-order" : "changed");
    page_number(&ask->page, "position", position);
    return LT_OK;
}
