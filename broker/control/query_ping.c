/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Ping: a question without a transfer goes to the receiving session of an agency, through its
 * adapter, and back. It says that the line carries, that the adapter works, and which local system
 * the adapter would ask; and how long that took. Nothing is a fact.
 *
 * The verb never waits: LT_HELD_ASKED means "ask again", as for the acts.
 */
#include <string.h>

#include "judge.h"

enum lt_status query_ping(struct ask *ask)
{
    uint32_t number = AGENCY_NONE;
    bool given = false;
    struct held_pong pong = {.took_ms = 0};
    enum lt_status status = ask_agency(ask, "id", &number, &given);
    if (status != LT_OK) {
        return status;
    }
    if (!given) {
        return ask_missing(ask, "id");
    }
    const struct agency *agency = registry_by_number(ask->flow->registry, number);
    if (agency == NULL) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "id", "%.*s", (int)ask_arg(ask, "id").size,
                         (const char *)ask_arg(ask, "id").data);
    }
    status = held_ping(ask->flow, number, &pong);
    if (status == LT_HELD_ASKED) {
        return fault_set(&ask->fault, status, "id", "%s", agency->id);
    }
    const struct desk *desk = desk_of(&ask->flow->desks, number);
    struct page_draft *page = &ask->page;
    page_row(page);
    page_text(page, "id", agency->id);
    page_text(page, "name", agency->name);
    page_text(page, "result",
              status == LT_OK        ? (pong.local ? "answered" : "adapter-only")
              : status == LT_TIMEOUT ? "no-answer"
                                     : "not-connected");
    page_flag(page, "connected", desk->receiving != NULL);
    page_time(page, "since_ms", desk->line_since_ms);
    if (status == LT_OK) {
        page_number(page, "took_ms", (uint64_t)pong.took_ms);
        page_text(page, "by", pong.by);
    }
    return LT_OK;
}
