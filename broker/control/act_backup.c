/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An operator's word that a backup, or an archive, reaches up to a position. The broker tells how
 * far the backup reaches to every adapter (Welcome, Beat), and adapters forget nothing above it;
 * how far the archive reaches bounds what may be carried and cut. So both may only go forward, and
 * never beyond what is durable here.
 */
#include "ask.h"
#include "proto/base/text.h"

static enum lt_status mark(struct ask *ask, enum mark_what what, const uint64_t *now,
                           const char *field)
{
    uint8_t memory[256];
    uint64_t position = 0;
    uint64_t fact_position = 0;
    bool given;
    enum lt_status status = ask_number(ask, "position", UINT64_MAX, &position, &given);
    if (status != LT_OK) {
        return status;
    }
    if (!given) {
        return ask_missing(ask, "position");
    }
    if (position > ask->flow->durable) {
        return fault_set(&ask->fault, LT_FIELD_BAD, "position", "%llu, durable is %llu",
                         (unsigned long long)position, (unsigned long long)ask->flow->durable);
    }
    bool same = position <= *now;
    if (!same) {
        struct fact_backup backup = {
            .position = position, .person = text_bytes(ask->person->name), .what = (uint8_t)what};
        status = ask_fact(ask, FACT_BACKUP, fact_write_backup(memory, sizeof(memory), &backup),
                          &fact_position);
        if (status != LT_OK) {
            return status;
        }
    }
    page_row(&ask->page);
    page_text(&ask->page, "change", same ? "same" : "changed");
    page_number(&ask->page, field, *now);
    page_number(&ask->page, "position", fact_position);
    return LT_OK;
}

enum lt_status act_backup_mark(struct ask *ask)
{
    return mark(ask, MARK_BACKUP, &ask->flow->backed_up_to, "backed_up_to");
}

enum lt_status act_archive_mark(struct ask *ask)
{
    return mark(ask, MARK_ARCHIVE, &ask->flow->archived_to, "archived_to");
}
