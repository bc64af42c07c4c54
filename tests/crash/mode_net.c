/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Bad lines. The broker lives in a network of its own behind line.c.
 *
 * loss: everything, from the first handshake to the last confirmation, over a line that loses 30 %
 * of the packets each way and delays the others by 200 ms.
 *
 * half open: the line is cut without anybody being told. In one round all agencies hang up and dial
 * anew, of which the broker hears nothing: it holds sessions whose other end is gone. In the next
 * the broker is killed and started again, of which the agencies hear nothing. Then the line is
 * whole, and all must be as before.
 */
#include <stdio.h>

#include "line.h"
#include "modes.h"

#define LOAD          300
#define FLOWS         30
#define LOSS_PERMILLE 300
#define DELAY_MS      200
#define CUT_PERMILLE  1000
#define SMOOTH_MS     500

static void pass(struct stage *stage, int64_t ms)
{
    if (!stage_pass(stage, ms)) {
        oracle_fail(&stage->oracle, NULL, "the broker ended by itself");
    }
}

static void begin(struct stage *stage)
{
    stage_start(stage, NULL);
    stage_register(stage);
    stage_serve(stage, true);
    stage->load_per_s = LOAD;
    stage_flow(stage, FLOWS, "before any fault");
}

static struct line *line_of(struct stage *stage)
{
    return stage->house.options.line;
}

void mode_loss(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    const struct oracle_counts *counts = &stage->oracle.counts;
    begin(stage);
    for (uint32_t i = 0; i < options->rounds; i++) {
        line_set(line_of(stage), LOSS_PERMILLE, DELAY_MS);
        uint64_t accepted = counts->accepted;
        pass(stage, (int64_t)options->seconds * 1000);
        stage_flow(stage, FLOWS, "over a line that loses packets");
        (void)snprintf(ret_note->text, sizeof(ret_note->text), "%llu accepted over the bad line",
                       (unsigned long long)(counts->accepted - accepted));
        for (uint32_t j = 0; j < AGENCIES; j++) {
            actor_hang_up(stage->actors[j]);
        }
        stage_flow(stage, FLOWS, "after new handshakes over a line that loses packets");
        line_set(line_of(stage), 0, 0);
        stage_mended(stage);
        stage_flow(stage, FLOWS, "after the line was good again");
        pass(stage, SMOOTH_MS);
        ret_note->faults++;
    }
    stage_rest(stage);
    stage_last_look(stage);
}

static void forget_line(struct stage *stage, uint32_t round)
{
    if (round % 2 == 1) {
        stage_kill(stage);
        stage_start(stage, NULL);
        return;
    }
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_hang_up(stage->actors[i]);
    }
}

void mode_half_open(struct stage *stage, const struct mode_options *options,
                    struct mode_note *ret_note)
{
    begin(stage);
    for (uint32_t i = 0; i < options->rounds; i++) {
        line_set(line_of(stage), CUT_PERMILLE, 0);
        pass(stage, 200);
        forget_line(stage, i);
        pass(stage, (int64_t)options->seconds * 1000);
        line_set(line_of(stage), 0, 0);
        stage_mended(stage);
        stage_flow(stage, FLOWS, "after a line was half open");
        pass(stage, SMOOTH_MS);
        ret_note->faults++;
    }
    stage_rest(stage);
    stage_last_look(stage);
}
