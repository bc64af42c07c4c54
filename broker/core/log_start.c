/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Beside a broker its log: opened behind the refold, because it needs the ids of all agencies there
 * are, and before the first frame, so that nobody is answered by an axis whose log refuses to
 * start.
 */
#include "log_start.h"

static void tell_names(void *self, struct leaves *leaves)
{
    const struct registry *registry = broker_flow(self)->registry;
    const struct agency *agency;
    for (uint32_t i = 0; (agency = registry_at(registry, i)) != NULL; i++) {
        leaves_name(leaves, agency->number, agency->id);
    }
}

enum lt_status log_start(struct log_signer **ret_signer, struct broker *broker,
                         const struct log_start *start, const struct lt_clock *clock,
                         struct fault *fault)
{
    const struct journal *journal = broker_flow(broker)->journal;
    struct log_signer_options options = {
        .log = {.folder = start->folder,
                .backend = start->backend,
                .journal_first = journal_first(journal),
                .journal_last = journal_durable(journal),
                .name = start->name,
                .restored = start->restored,
                .names = tell_names,
                .names_self = broker},
        .signing_key = start->signing_key,
        .signing_key_next = start->signing_key_next,
        .checkpoint_ms = start->checkpoint_ms,
        .clock = clock,
        .threaded = true,
    };
    enum lt_status status = log_key_make(start->signing_key, fault);
    if (status == LT_OK && start->signing_key_next != NULL) {
        status = log_key_make(start->signing_key_next, fault);
    }
    if (status == LT_OK) {
        status = log_signer_open(ret_signer, &options, fault);
    }
    if (status == LT_OK) {
        struct log_door door = log_signer_door(*ret_signer);
        broker_attach_log(broker, &door);
    }
    return status;
}

void log_stop(struct log_signer **signer_p, struct broker *broker)
{
    if (*signer_p != NULL) {
        broker_attach_log(broker, &(struct log_door){0});
        log_signer_close(signer_p);
    }
}
