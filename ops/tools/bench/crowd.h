/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_CROWD_H
#define OPS_TOOLS_BENCH_CROWD_H

#include <pthread.h>

#include "party.h"

/*
 * Agencies that one thread serves. Parties are added before the start; the thread ends by itself
 * when the phase is PHASE_END.
 */
struct crowd {
    struct stage *stage;
    struct party *parties;
    struct client_zmq **clients;
    uint32_t count;
    uint32_t room;
    int wake_fd; /* -1: none */
    struct arena arena;
    struct arena scratch;
    pthread_t thread;
    bool started;
};

enum lt_status crowd_init(struct crowd *crowd, struct stage *stage, uint32_t room, int wake_fd);
void crowd_deinit(struct crowd *crowd); /* waits for the thread */

/* One more agency with this key; the party, to be given its parcels. */
LT_CHECK enum lt_status crowd_add(struct crowd *crowd, enum party_role role, uint32_t number,
                                  struct net *net, const struct client_options *options,
                                  struct party **ret_party, struct fault *fault);
LT_CHECK enum lt_status crowd_start(struct crowd *crowd);
void crowd_join(struct crowd *crowd);

#endif
