/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Kills at moments drawn from the seed. One in six comes while the broker is still starting: while
 * it opens, refolds, binds. Between two lives an adapter may lose the ids it gave out lately.
 */
#include <stdio.h>

#include "modes.h"

#define LIFE_MS_MIN 20
#define LIFE_MS_MAX 320
#define START_MS    90
#define LOAD_MIN    300 /* transfers per second, all senders together */
#define LOAD_MAX    2500

static void live_and_die(struct stage *stage, bool first)
{
    uint64_t start_ms = (uint64_t)START_MS * stage->slow;
    bool early = !first && world_random_chance(&stage->random, 167);
    int64_t life_ms = early ? (int64_t)world_random_below(&stage->random, start_ms)
                            : LIFE_MS_MIN + (int64_t)world_random_below(&stage->random,
                                                                        LIFE_MS_MAX - LIFE_MS_MIN);
    stage->load_per_s =
        LOAD_MIN + (uint32_t)world_random_below(&stage->random, LOAD_MAX - LOAD_MIN);
    stage_start(stage, NULL);
    if (first) {
        stage_register(stage);
    }
    if (!early) {
        stage_serve(stage, first);
    }
    if (!stage_pass(stage, life_ms)) {
        oracle_fail(&stage->oracle, NULL, "the broker ended by itself");
    }
    stage_kill(stage);
}

void mode_kills(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    for (uint32_t i = 0; i < options->kills; i++) {
        live_and_die(stage, i == 0);
        if (world_random_chance(&stage->random, 120)) {
            actor_wipe(stage->actors[world_random_below(&stage->random, SENDERS)]);
        }
    }
    stage_start(stage, NULL);
    stage_serve(stage, options->kills == 0);
    stage_rest(stage);
    stage_last_look(stage);
    ret_note->faults = stage->kills;
}
