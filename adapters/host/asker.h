/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_ASKER_H
#define ADAPTERS_HOST_ASKER_H

#include <lienthong/client.h>

/*
 * A thread of its own that takes one client's questions ("do you hold it?") and has a driver ask
 * its local system, one after the other. `ask` fills an answer that starts as unknown, and must
 * come back within LT_HELD_WAIT_MS or soon after it; asker_stopped says when to hurry.
 */
struct asker;

struct asker_options {
    struct lt_client *client;
    void *self;
    void (*ask)(void *self, const struct asker *asker, const struct lt_question *question,
                struct lt_held_answer *ret_answer);
};

LT_CHECK enum lt_status asker_open(struct asker **ret_asker, const struct asker_options *options);
void asker_close(struct asker **asker_p); /* joins the thread */
bool asker_stopped(const struct asker *asker);

#endif
