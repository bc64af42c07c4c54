/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * For every kind of call that the stores make on their files, in front of the first, the second,
 * the third ... of them, behind it, and in its middle: the broker is started on an empty folder
 * with the interposer told to kill it there, loaded until it is dead, looked at, started again
 * without, and brought to rest. A folder is empty at the start so that the first numbers fall into
 * the making of the files; later ones fall into opening, registering, and commits under load.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "modes.h"

#define REACH_MS 1500
#define LOAD     1500

struct series {
    const char *file;
    const char *kind;
    const char *moments[3]; /* take turns; NULL: the first again */
};

static const struct series all[] = {
    {"/journal.mdb", "write", {"", ":half", ":after"}},
    {"/journal.mdb", "sync", {"", ":after", NULL}},
    {"/state.mdb", "write", {":half", "", ":after"}},
    {"/state.mdb", "sync", {"", ":after", NULL}},
    {"/data/", "any", {"", ":half", ":after"}},
};

/* False: that many calls were not made in the time. */
static bool die_there(struct stage *stage, const struct series *series, uint32_t number)
{
    char kill_text[48];
    uint32_t turn = number % (series->moments[2] == NULL ? 2 : 3);
    int wait_status = 0;
    (void)snprintf(kill_text, sizeof(kill_text), "%s:%u%s", series->kind, number,
                   series->moments[turn]);
    const struct house_faults faults = {.file = series->file, .kill = kill_text};
    stage_start(stage, &faults);
    stage_register(stage);
    stage->load_per_s = LOAD;
    if (stage_pass(stage, REACH_MS * stage->slow)) {
        stage_kill(stage);
        return false;
    }
    if (!house_ended(&stage->house, &wait_status) || !WIFSIGNALED(wait_status) ||
        WTERMSIG(wait_status) != SIGKILL) {
        oracle_fail(&stage->oracle, NULL, "%s at %s: ended with wait status 0x%x", series->file,
                    kill_text, wait_status);
    }
    stage->kills++;
    witness_look(stage->witness, stage->house.data);
    return true;
}

static bool one_step(struct stage *stage, const struct series *series, uint32_t number)
{
    stage_fresh(stage);
    bool reached = die_there(stage, series, number);
    stage_start(stage, NULL);
    stage_register(stage);
    stage_serve(stage, true);
    stage_rest(stage);
    stage_kill(stage);
    stage->kills--; /* not one of those that count */
    return reached;
}

void mode_steps(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    for (uint32_t number = 1; number <= options->steps; number++) {
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
            bool reached = one_step(stage, &all[i], number);
            ret_note->faults += reached;
            ret_note->unreached += !reached;
        }
    }
    stage_start(stage, NULL);
    stage_serve(stage, false);
    stage_rest(stage);
    stage_last_look(stage);
}
