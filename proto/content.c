/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The content digest of requests that came as structs, folders or rows: one fixed layout, so that
 * two programs on two days make the same digest of the same request. Every list and every text has
 * its length in front; nothing can slide from one field into the next. A body counts by its digest,
 * so it makes no difference whether it travels inline or as an attachment.
 */
#include "content.h"
#include "base/text.h"

static const char domain[] = "LTP/1 content";

static void feed_number(struct digester *digester, uint32_t number)
{
    const uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                              (uint8_t)(number >> 8), (uint8_t)number};
    digest_feed(digester, (struct lt_bytes){bytes, sizeof(bytes)});
}

static void feed_text(struct digester *digester, struct lt_bytes text)
{
    feed_number(digester, (uint32_t)text.size);
    digest_feed(digester, text);
}

static void feed_digest(struct digester *digester, const struct lt_digest *digest)
{
    digest_feed(digester, (struct lt_bytes){digest->bytes, sizeof(digest->bytes)});
}

struct lt_digest content_digest(struct digester *digester, const struct header *header)
{
    struct lt_digest body = header->body_sha256;
    /* An attached body is the first attachment; it is counted as the body. */
    uint32_t first = header->body_attached && header->attachments_count > 0 ? 1 : 0;
    if (digest_empty(&body)) {
        body = digest_of(digester, (struct lt_bytes){NULL, 0});
    }
    digest_start(digester);
    digest_feed(digester, text_bytes(domain));
    feed_number(digester, (uint32_t)header->kind);
    feed_number(digester, header->to_count);
    for (uint32_t i = 0; i < header->to_count; i++) {
        feed_text(digester, header->to[i]);
    }
    feed_text(digester, header->case_code);
    feed_digest(digester, &body);
    feed_number(digester, header->attachments_count - first);
    for (uint32_t i = first; i < header->attachments_count; i++) {
        feed_digest(digester, &header->attachments[i].sha256);
    }
    return digest_finish(digester);
}
