/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_FACT_PARTS_H
#define BROKER_JOURNAL_FACT_PARTS_H

#include <assert.h>

#include "fact.h"

/* Pieces that payloads of several kinds are made of; for the fact_*.c files of this folder. */

static inline void fact_put_digest(struct wire_writer *w, const struct lt_digest *digest)
{
    wire_put_raw(w, digest->bytes, sizeof(digest->bytes));
}

static inline void fact_take_digest(struct wire_reader *r, struct lt_digest *digest)
{
    wire_raw(r, digest->bytes, sizeof(digest->bytes));
}

static inline bool fact_take_flag(struct wire_reader *r)
{
    uint8_t flag = wire_u8(r);
    if (flag > 1) {
        r->bad = true;
    }
    return flag == 1;
}

/* A number from 1 up to and with `last`. */
static inline uint8_t fact_take_choice(struct wire_reader *r, uint8_t last)
{
    uint8_t choice = wire_u8(r);
    if (choice == 0 || choice > last) {
        r->bad = true;
    }
    return choice;
}

/* Is there a part that an older release did not write? */
static inline bool fact_take_more(const struct wire_reader *r)
{
    return !r->bad && r->at != r->end;
}

static inline void fact_put_attachments(struct wire_writer *w,
                                        const struct fact_attachment *attachments, uint32_t count)
{
    assert(count <= LT_ATTACHMENTS_MAX);
    wire_put_u8(w, (uint8_t)count);
    for (uint32_t i = 0; i < count; i++) {
        fact_put_digest(w, &attachments[i].sha256);
        wire_put_u64(w, attachments[i].size);
    }
}

static inline uint32_t fact_take_attachments(struct wire_reader *r,
                                             struct fact_attachment *attachments)
{
    uint32_t count = wire_u8(r);
    if (count > LT_ATTACHMENTS_MAX) {
        r->bad = true;
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        fact_take_digest(r, &attachments[i].sha256);
        attachments[i].size = wire_u64(r);
    }
    return count;
}

#endif
