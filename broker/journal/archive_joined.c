/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A journal that was cut and the archive of what was cut, read as if nothing had been: for whoever
 * must fold everything from the first fact on. A record belongs to one of the two, the line being
 * the journal's first position; records are the same to the byte on both sides of it, so the chain
 * of digests holds across.
 *
 * That the months follow one another is looked at here; that each record is what it says is what
 * archive_verify and the crcs are for.
 */
#include "archive_private.h"

static uint64_t first_held(const struct journal_backend *journal)
{
    struct backend_status at;
    journal->status(journal->self, &at);
    return at.first;
}

enum lt_status archive_join(struct archive_joined *joined, struct archive *archive,
                            const struct journal_backend *journal, struct fault *fault)
{
    uint64_t next = 1;
    uint64_t first = first_held(journal);
    for (uint32_t i = 0; i < archive->months_count && next < first; i++) {
        const struct archive_about *month = &archive->months[i];
        if (!month->complete || month->from != next) {
            break;
        }
        next = month->to + 1;
    }
    if (next < first) {
        return fault_set(fault, LT_NOT_FOUND, "archive",
                         "position %llu is in no complete month, the journal begins at %llu",
                         (unsigned long long)next, (unsigned long long)first);
    }
    *joined = (struct archive_joined){.archive = archive, .journal = *journal};
    return LT_OK;
}

/* The first record at or after a position, if it stands below the line. */
struct below {
    uint64_t line;
    bool above;
    enum lt_status (*look)(void *context, uint64_t first, struct lt_bytes record);
    void *context;
};

static enum lt_status look_below(void *context, uint64_t first, struct lt_bytes record)
{
    struct below *below = context;
    below->above = first >= below->line;
    return below->above ? LT_NOT_FOUND : below->look(below->context, first, record);
}

static enum lt_status joined_view(void *self, uint64_t position,
                                  enum lt_status (*look)(void *context, uint64_t first,
                                                         struct lt_bytes record),
                                  void *context)
{
    struct archive_joined *joined = self;
    struct below below = {.line = first_held(&joined->journal), .look = look, .context = context};
    if (position < below.line) {
        struct journal_backend archive = archive_door(joined->archive);
        enum lt_status status = archive.view(archive.self, position, look_below, &below);
        if (status != LT_NOT_FOUND || !below.above) {
            return status;
        }
    }
    return joined->journal.view(joined->journal.self, position, look, context);
}

static enum lt_status joined_acquire(void *self, const char *owner, uint64_t *ret_epoch,
                                     struct fault *fault)
{
    struct archive_joined *joined = self;
    return joined->journal.acquire(joined->journal.self, owner, ret_epoch, fault);
}

static void joined_status(void *self, struct backend_status *ret_status)
{
    struct archive_joined *joined = self;
    joined->journal.status(joined->journal.self, ret_status);
    if (ret_status->first > 1) {
        ret_status->first = 1;
    }
}

static int joined_fd(void *self)
{
    (void)self;
    return -1;
}

struct journal_backend archive_joined_door(struct archive_joined *joined)
{
    return (struct journal_backend){
        .self = joined,
        .acquire = joined_acquire,
        .fd = joined_fd,
        .view = joined_view,
        .status = joined_status,
    };
}
