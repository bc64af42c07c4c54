/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The loop of one thread over its agencies: step each, then wait until one of the sockets has
 * something, a settlement is signalled, or the first of them has something due. Fifty milliseconds
 * are the longest wait, so that a new phase is seen soon.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crowd.h"

#define WAIT_MS_MAX   50
#define ARENA_BYTES   (4U * 1024 * 1024)
#define SCRATCH_BYTES (256U * 1024)

enum lt_status crowd_init(struct crowd *crowd, struct stage *stage, uint32_t room, int wake_fd)
{
    memset(crowd, 0, sizeof(*crowd));
    crowd->stage = stage;
    crowd->room = room;
    crowd->wake_fd = wake_fd;
    crowd->parties = calloc(room + 1U, sizeof(*crowd->parties));
    crowd->clients = calloc(room + 1U, sizeof(struct client_zmq *));
    if (crowd->parties == NULL || crowd->clients == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = arena_init(&crowd->arena, 1024 * 1024, ARENA_BYTES);
    if (status == LT_OK) {
        status = arena_init(&crowd->scratch, 64 * 1024, SCRATCH_BYTES);
    }
    return status;
}

void crowd_deinit(struct crowd *crowd)
{
    crowd_join(crowd);
    for (uint32_t i = 0; i < crowd->count; i++) {
        party_deinit(&crowd->parties[i]);
        client_zmq_close(&crowd->clients[i]);
    }
    arena_deinit(&crowd->arena);
    arena_deinit(&crowd->scratch);
    free(crowd->parties);
    free((void *)crowd->clients);
    memset(crowd, 0, sizeof(*crowd));
}

enum lt_status crowd_add(struct crowd *crowd, enum party_role role, uint32_t number,
                         struct net *net, const struct client_options *options,
                         struct party **ret_party, struct fault *fault)
{
    if (crowd->count == crowd->room) {
        return fault_set(fault, LT_LIMIT_BAD, "crowd", "%u agencies", crowd->room);
    }
    struct client_zmq *client = NULL;
    enum lt_status status = client_zmq_open(&client, net, options, fault);
    if (status != LT_OK) {
        return status;
    }
    struct lt_id instance;
    const struct lt_entropy *entropy = crowd->stage->entropy;
    entropy->fill(entropy->self, &instance, sizeof(instance));
    struct party *party = &crowd->parties[crowd->count];
    crowd->clients[crowd->count] = client;
    crowd->count++;
    status = party_init(party, role, number, crowd->stage, client, &instance);
    if (status != LT_OK) {
        return fault_set(fault, status, "agency", "no memory for a window");
    }
    *ret_party = party;
    return LT_OK;
}

static int step_all(struct crowd *crowd)
{
    int wait_ms = WAIT_MS_MAX;
    for (uint32_t i = 0; i < crowd->count; i++) {
        party_step(&crowd->parties[i], &crowd->arena, &crowd->scratch);
        int one_ms = party_wait_ms(&crowd->parties[i]);
        wait_ms = one_ms < wait_ms ? one_ms : wait_ms;
    }
    return wait_ms;
}

static void *serve(void *self)
{
    struct crowd *crowd = self;
    while (atomic_load(&crowd->stage->phase) != PHASE_END) {
        int wait_ms = step_all(crowd);
        uint64_t woken;
        client_zmq_wait(crowd->clients, crowd->count, &crowd->wake_fd, crowd->wake_fd >= 0 ? 1 : 0,
                        wait_ms);
        if (crowd->wake_fd >= 0) {
            ssize_t got = read(crowd->wake_fd, &woken, sizeof(woken));
            (void)got;
        }
    }
    (void)step_all(crowd); /* Bye */
    return NULL;
}

enum lt_status crowd_start(struct crowd *crowd)
{
    if (crowd->count == 0) {
        return LT_OK;
    }
    crowd->started = pthread_create(&crowd->thread, NULL, serve, crowd) == 0;
    return crowd->started ? LT_OK : LT_NO_MEMORY;
}

void crowd_join(struct crowd *crowd)
{
    if (crowd->started) {
        (void)pthread_join(crowd->thread, NULL);
        crowd->started = false;
    }
}
