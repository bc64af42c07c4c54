/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The verifier's twin. It has no threads: the checks are made when a submission is taken back, as
 * late as a slow thread would have made them, so that whoever frees or changes one on its way is
 * caught.
 */
#include <string.h>

#include "slow_verifier.h"

enum lt_status slow_verifier_init(struct slow_verifier *slow, struct world *world, uint64_t owner)
{
    memset(slow, 0, sizeof(*slow));
    slow->world = world;
    world_random_init(&slow->random, world, owner);
    return verify_tools_open(&slow->tools);
}

void slow_verifier_deinit(struct slow_verifier *slow)
{
    verify_tools_close(&slow->tools);
}

static int64_t next_delay(struct slow_verifier *slow)
{
    if (slow->script_count > 0) {
        slow->script_count--;
        return *slow->script++;
    }
    return slow->delay_ms_max == 0
               ? 0
               : (int64_t)world_random_below(&slow->random, (uint64_t)slow->delay_ms_max + 1);
}

static bool put(void *self, struct submission *submission)
{
    struct slow_verifier *slow = self;
    if (slow->count == VERIFY_FRAMES_MAX ||
        world_random_chance(&slow->random, slow->full_permille)) {
        return false;
    }
    slow->jobs[slow->count++] =
        (struct slow_job){submission, slow->world->mono_ms + next_delay(slow)};
    slow->put++;
    return true;
}

static struct submission *take(void *self)
{
    struct slow_verifier *slow = self;
    uint32_t first = slow->count;
    for (uint32_t i = 0; i < slow->count; i++) {
        if (slow->jobs[i].due_ms <= slow->world->mono_ms &&
            (first == slow->count || slow->jobs[i].due_ms < slow->jobs[first].due_ms)) {
            first = i;
        }
    }
    if (first == slow->count) {
        return NULL;
    }
    struct submission *submission = slow->jobs[first].submission;
    slow->count--;
    memmove(&slow->jobs[first], &slow->jobs[first + 1],
            (slow->count - first) * sizeof(slow->jobs[0]));
    verify_submission(&slow->tools, submission);
    return submission;
}

static int no_fd(void *self)
{
    (void)self;
    return -1;
}

static void forget(void *self)
{
    struct slow_verifier *slow = self;
    slow->count = 0;
}

struct verifier slow_verifier_door(struct slow_verifier *slow)
{
    return (struct verifier){
        .self = slow,
        .inline_bytes = slow->inline_bytes,
        .put = put,
        .take = take,
        .fd = no_fd,
        .close = forget,
    };
}
