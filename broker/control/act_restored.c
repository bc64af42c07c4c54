/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The end of a restore: an operator says that the agencies have submitted again what the backup did
 * not hold, and new ids come in from now on. Without that the configured time ends it.
 */
#include "ask.h"
#include "broker/flow/restored.h"
#include "proto/base/text.h"

enum lt_status act_restore_done(struct ask *ask)
{
    uint64_t position = 0;
    struct lt_bytes reason = ask_arg(ask, "reason");
    bool reconciling = ask->flow->restored.reconciling;
    if (reason.size == 0) {
        return ask_missing(ask, "reason");
    }
    reason.size = utf8_cut((const char *)reason.data, reason.size, LT_REASON_MAX);
    if (reconciling) {
        if (!flow_room_small(ask->flow)) {
            return LT_BUSY;
        }
        enum lt_status status =
            restored_done(ask->flow, text_bytes(ask->person->name), reason, &position);
        if (status != LT_OK) {
            return status;
        }
    }
    page_row(&ask->page);
    page_text(&ask->page, "change", reconciling ? "changed" : "same");
    page_number(&ask->page, "position", position);
    return LT_OK;
}
