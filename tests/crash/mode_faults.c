/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A disk that fails: a call ends with EIO, or takes half of what it was given. The broker must end
 * with 70 without another word to anybody: whatever anyone was told stands in the journal, which
 * the witness reads before the restart. Then it is started on a sound disk and must go on.
 *
 * Both stores are hit in turns, and now and then the first calls of all, which are those of the
 * start.
 */
#include <stdio.h>

#include "modes.h"

#define EXIT_STOP  70
#define REACH_MS   6000
#define RESUME_MS  3000
#define LOAD       1200
#define NUMBER_MAX 60 /* of the call that fails */
#define EVERY_MIN  3
#define EVERY_MAX  60

/* Until it ends; false: the planned call was not made in the time. */
static bool suffer(struct stage *stage, const struct house_faults *faults)
{
    int wait_status = 0;
    stage_start(stage, faults);
    stage->load_per_s = LOAD;
    if (stage_pass(stage, REACH_MS * stage->slow)) {
        stage_kill(stage);
        return false;
    }
    if (!house_ended(&stage->house, &wait_status)) {
        oracle_fail(&stage->oracle, NULL, "ended and not there");
    }
    stage_expect_exit(stage, wait_status, EXIT_STOP);
    return true;
}

/* On a sound disk: serves, and accepts. */
static void resume(struct stage *stage)
{
    uint64_t before = stage->oracle.counts.accepted;
    stage_start(stage, NULL);
    stage_serve(stage, false);
    int64_t until_ms = stage_now_ms(stage) + RESUME_MS * stage->slow;
    while (stage->oracle.counts.accepted < before + 20) {
        if (!stage_pass(stage, 1) || stage_now_ms(stage) > until_ms) {
            oracle_fail(&stage->oracle, NULL, "after the restart nothing is accepted");
        }
    }
    house_stop(&stage->house);
    witness_look(stage->witness, stage->house.data);
}

static void begin(struct stage *stage)
{
    stage_start(stage, NULL);
    stage_register(stage);
    stage_serve(stage, true);
    house_stop(&stage->house);
}

static void finish(struct stage *stage)
{
    stage_start(stage, NULL);
    stage_serve(stage, false);
    stage_rest(stage);
    stage_last_look(stage);
}

static void one_round(struct stage *stage, struct house_faults *faults, uint32_t round,
                      struct mode_note *note)
{
    faults->file = round % 3 == 2 ? "/state.mdb" : "/journal.mdb";
    bool reached = suffer(stage, faults);
    note->faults += reached;
    note->unreached += !reached;
    resume(stage);
}

void mode_eio(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    begin(stage);
    for (uint32_t i = 0; i < options->rounds; i++) {
        char text[32];
        struct house_faults faults = {.eio = text};
        uint32_t number =
            1 + (uint32_t)world_random_below(&stage->random, i % 3 == 2 ? 12 : NUMBER_MAX);
        (void)snprintf(text, sizeof(text), "%s:%u", i % 4 == 3 ? "write" : "sync", number);
        one_round(stage, &faults, i, ret_note);
    }
    finish(stage);
}

void mode_short(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    begin(stage);
    for (uint32_t i = 0; i < options->rounds; i++) {
        char text[32];
        struct house_faults faults = {.every = text};
        uint32_t every = EVERY_MIN + (uint32_t)world_random_below(
                                         &stage->random, i % 3 == 2 ? 10 : EVERY_MAX - EVERY_MIN);
        (void)snprintf(text, sizeof(text), "%u", every);
        one_round(stage, &faults, i, ret_note);
    }
    finish(stage);
}
