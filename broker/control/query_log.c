/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The log, for operators: the newest signed checkpoint, the proof that it extends one that somebody
 * kept, and the last statement about a restore. They are what any agency gets over its session, and
 * whoever asks checks them by themselves: a broker that lies here lies to nobody who looks.
 *
 * The verb never waits: LT_BUSY means "ask again", the signer is at it.
 */
#include <stdlib.h>

#include "ask.h"
#include "broker/flow/log_desk.h"
#include "proto/base/text.h"

enum lt_status query_log_proof(struct ask *ask)
{
    char origin[NOTE_NAME_MAX + 1];
    uint64_t size = 0;
    bool given = false;
    struct log_news *news = NULL;
    enum lt_status status = ask_text(ask, "origin", origin, sizeof(origin));
    if (status == LT_OK) {
        status = ask_number(ask, "size", INT64_MAX, &size, &given);
    }
    if (status == LT_OK && given != (origin[0] != '\0')) {
        return ask_missing(ask, given ? "origin" : "size");
    }
    if (status == LT_OK) {
        status = log_desk_ask(ask->flow, origin, size, &news);
    }
    if (status != LT_OK) {
        return status;
    }
    if (news->proof.code == LT_NOT_HERE || news->proof.code == LT_BUSY) {
        status = (enum lt_status)news->proof.code; /* nothing was signed yet, or it went wrong */
        free(news);
        return status;
    }
    struct page_draft *page = &ask->page;
    page_row(page);
    page_text(page, "key", ask->flow->log.key);
    page_code(page, "code", (uint16_t)news->proof.code);
    page_bytes(page, "checkpoint", news->proof.checkpoint);
    page_number(page, "first", news->proof.first);
    page_hex(page, "path", news->proof.path);
    page_bytes(page, "broken", news->proof.broken);
    free(news);
    return LT_OK;
}
