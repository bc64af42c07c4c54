/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_LOG_NEWS_H
#define BROKER_CORE_LOG_NEWS_H

#include "broker/log/door.h"
#include "broker/log/log.h"

/*
 * Receipts and proofs as the core gets them, each one block of memory. Commits wait here from when
 * they were followed until a checkpoint covers them.
 */
struct pending;

LT_CHECK enum lt_status pending_open(struct pending **ret_pending);
void pending_close(struct pending **pending_p);
void pending_clear(struct pending *pending);
bool pending_any(const struct pending *pending);

/* The leaves just made, as commit `index` of the log; false: no room, they are not told. */
bool pending_add(struct pending *pending, const struct leaves *leaves, uint64_t index);

/* Gives the receipts of the oldest commit to `give`, one for each agency and 64 leaves, and forgets
 * it. `give` owns what it gets. LT_NO_MEMORY, or what the log says. */
typedef void news_give(void *context, struct log_news *news);
LT_CHECK enum lt_status pending_tell(struct pending *pending, struct log_store *log,
                                     struct digester *digester, news_give *give, void *context,
                                     struct fault *fault);

/* Leaves of one commit, wherever they stand. */
struct leaf_set {
    uint64_t first; /* position of the record */
    uint32_t count;
    const struct log_leaf *items;
    const struct lt_digest *hashes;
};
struct leaf_set leaf_set_of(const struct leaves *leaves);

/* Receipts of one commit for one agency: leaves of hers, or with `position` the one there. */
struct news_part {
    uint32_t agency;
    uint64_t session;
    const uint32_t *indices;
    uint32_t count;
};
LT_CHECK enum lt_status news_receipts(struct log_store *log, struct digester *digester,
                                      const struct leaf_set *leaves, uint64_t index,
                                      const struct news_part *part, struct log_news **ret_news,
                                      struct fault *fault);
LT_CHECK enum lt_status news_proof(struct log_store *log, const struct log_wish *wish,
                                   const char *name, struct log_news **ret_news,
                                   struct fault *fault);

#endif
