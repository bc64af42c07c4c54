/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What makes two requests the same request. The digest is what the axis compares when a sender key
 * comes again, so it holds only what the local software said and nothing an adapter adds: no id, no
 * time, no predecessor, and a body that travels as an attachment counts as a body.
 *
 * The difference is for people: a key used twice for different things is a mistake in the local
 * software, and "field case_code differs" finds it faster than two digests. Cannot fail.
 */
#include <string.h>

#include "content.h"
#include "proto/base/text.h"

#define DOMAIN_TEXT "lienthong content 1"

static void feed_number(struct digester *digester, uint32_t number)
{
    uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                        (uint8_t)number};
    digest_feed(digester, (struct lt_bytes){bytes, sizeof(bytes)});
}

static void feed_run(struct digester *digester, struct lt_bytes run)
{
    feed_number(digester, (uint32_t)run.size);
    digest_feed(digester, run);
}

static void feed_digest(struct digester *digester, const struct lt_digest *digest)
{
    digest_feed(digester, (struct lt_bytes){digest->bytes, sizeof(digest->bytes)});
}

struct lt_digest content_digest(struct digester *digester, const struct header *header)
{
    uint32_t first = header->body_attached ? 1 : 0;
    digest_start(digester);
    digest_feed(digester, text_bytes(DOMAIN_TEXT));
    feed_number(digester, (uint32_t)header->kind);
    feed_number(digester, header->to_count);
    for (uint32_t i = 0; i < header->to_count; i++) {
        feed_run(digester, header->to[i]);
    }
    feed_run(digester, header->case_code);
    feed_digest(digester, &header->body_sha256);
    feed_number(digester, header->attachments_count - first);
    for (uint32_t i = first; i < header->attachments_count; i++) {
        feed_digest(digester, &header->attachments[i].sha256);
    }
    return digest_finish(digester);
}

static bool lists_equal(const struct lt_bytes *a, uint32_t a_count, const struct lt_bytes *b,
                        uint32_t b_count)
{
    bool equal = a_count == b_count;
    for (uint32_t i = 0; equal && i < a_count; i++) {
        equal = bytes_equal(a[i], b[i]);
    }
    return equal;
}

static bool attachments_equal(const struct header *a, const struct header *b)
{
    bool equal = a->attachments_count == b->attachments_count;
    for (uint32_t i = 0; equal && i < a->attachments_count; i++) {
        equal = digest_equal(&a->attachments[i].sha256, &b->attachments[i].sha256);
    }
    return equal;
}

static bool tasks_equal(const struct task *a, const struct task *b)
{
    return a->present == b->present && a->lead == b->lead && a->parallel == b->parallel &&
           a->deadline_ms == b->deadline_ms && bytes_equal(a->task_id, b->task_id);
}

static bool businesses_equal(const struct business *a, const struct business *b)
{
    return a->present == b->present && a->status == b->status && a->event_ms == b->event_ms &&
           a->channel == b->channel && a->promised_new_ms == b->promised_new_ms;
}

const char *content_difference(const struct header *a, const struct header *b)
{
    const struct {
        const char *field;
        bool equal;
    } looks[] = {
        {"kind", a->kind == b->kind},
        {"to", lists_equal(a->to, a->to_count, b->to, b->to_count)},
        {"case_code", bytes_equal(a->case_code, b->case_code)},
        {"body", digest_equal(&a->body_sha256, &b->body_sha256)},
        {"attachments", attachments_equal(a, b)},
        {"procedure", bytes_equal(a->procedure_raw, b->procedure_raw)},
        {"locality", bytes_equal(a->locality, b->locality)},
        {"aliases", lists_equal(a->aliases, a->aliases_count, b->aliases, b->aliases_count)},
        {"reply_to", memcmp(&a->reply_to, &b->reply_to, sizeof(a->reply_to)) == 0},
        {"task", tasks_equal(&a->task, &b->task)},
        {"business", businesses_equal(&a->business, &b->business)},
        {"priority", a->priority == b->priority},
        {"body_type", bytes_equal(a->body_type, b->body_type)},
    };
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        if (!looks[i].equal) {
            return looks[i].field;
        }
    }
    return "";
}
