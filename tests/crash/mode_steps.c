/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * For every kind of call that the stores make on their files, in front of the first, the second,
 * the third ... of them, behind it, and in its middle: the broker is told to be killed there.
 *
 * The start: on an empty folder, without load, so that numbers fall into the making of the files,
 * into opening and registering; a series ends with the first number that is not reached any more.
 *
 * Under load: on a folder that lives on for many deaths. Numbers count from a moment at which
 * transfers are accepted and delivered, so each falls into a commit: room taken, pages, sync, the
 * page that makes it valid, and the next one. After each death the journal is looked at and the
 * next broker starts on what is left.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modes.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

#define START_MS   400
#define REACH_MS   4000
#define LOAD       800
#define FLOWS      20 /* accepted and confirmed by this broker before its numbers begin */
#define WORLD_EACH 16 /* brokers, then one that brings everything to rest, and a new folder */

struct series {
    const char *file;
    const char *kind;
    const char *moments[3]; /* take turns; NULL: two of them */
    uint32_t most;          /* numbers under load: the applier commits but four times a second */
};

static const struct series all[] = {
    {"/journal.mdb", "write", {"", ":half", ":after"}, UINT32_MAX},
    {"/journal.mdb", "sync", {"", ":after", NULL}, UINT32_MAX},
    {"/state.mdb", "write", {":half", "", ":after"}, 24},
    {"/state.mdb", "sync", {"", ":after", NULL}, 8},
    {"/data/", "any", {"", ":half", ":after"}, UINT32_MAX},
};
#define SERIES (sizeof(all) / sizeof(all[0]))

/* Calls come in rounds of as many as there are moments, so the turns are moved with each round. */
static void write_trigger(char *out, size_t size, const struct series *series, uint32_t number)
{
    uint32_t turns = series->moments[2] == NULL ? 2 : 3;
    (void)snprintf(out, size, "%s:%u%s", series->kind, number,
                   series->moments[(number + number / turns) % turns]);
}

/* It has died as it was told to. */
static void look_at_death(struct stage *stage, const struct series *series, const char *trigger)
{
    int wait_status = 0;
    if (!house_ended(&stage->house, &wait_status) || !WIFSIGNALED(wait_status) ||
        WTERMSIG(wait_status) != SIGKILL) {
        oracle_fail(&stage->oracle, NULL, "%s at %s: ended with wait status 0x%x", series->file,
                    trigger, wait_status);
    }
    stage->kills++;
    witness_look(stage->witness, stage->house.data);
}

/* ---- the start --------------------------------------------------------------------------- */

/* False: that many calls were not made until it served and all were registered. */
static bool die_starting(struct stage *stage, const struct series *series, uint32_t number)
{
    char trigger[48];
    write_trigger(trigger, sizeof(trigger), series, number);
    const struct house_faults faults = {.file = series->file, .kill = trigger};
    int64_t served_ms = 0;
    stage_start(stage, &faults);
    stage_register(stage);
    while (stage_pass(stage, 1)) {
        int64_t now_ms = stage_now_ms(stage);
        if (!stage->served || !desk_quiet(stage->desk)) {
            served_ms = now_ms;
        } else if (now_ms > served_ms + (int64_t)START_MS * stage->slow) {
            stage_kill(stage);
            stage->kills--; /* not one of those that count */
            return false;
        }
    }
    look_at_death(stage, series, trigger);
    return true;
}

/* What is left serves and takes everybody in. */
static bool one_start(struct stage *stage, const struct series *series, uint32_t number)
{
    stage_fresh(stage);
    stage->load_per_s = 0;
    if (!die_starting(stage, series, number)) {
        return false;
    }
    stage_start(stage, NULL);
    stage_register(stage);
    stage_serve(stage, true);
    stage_kill(stage);
    stage->kills--;
    return true;
}

static void starting(struct stage *stage, uint32_t steps, struct mode_note *note)
{
    for (size_t i = 0; i < SERIES; i++) {
        for (uint32_t number = 1; number <= steps && one_start(stage, &all[i], number); number++) {
            note->faults++;
        }
    }
}

/* ---- under load -------------------------------------------------------------------------- */

static void begin_numbers(struct stage *stage, const char *marker)
{
    struct fault fault;
    fault_init(&fault);
    if (file_write(marker, text_bytes("from here\n"), 0600, &fault) != LT_OK) {
        oracle_fail(&stage->oracle, NULL, "%s: %s", marker, fault.detail);
    }
}

/* False: that many calls were not made in the time. */
static bool die_loaded(struct stage *stage, const struct series *series, uint32_t number)
{
    char trigger[48];
    char marker[sizeof(stage->house.folder) + 8];
    write_trigger(trigger, sizeof(trigger), series, number);
    (void)snprintf(marker, sizeof(marker), "%s/numbers", stage->house.folder);
    const struct house_faults faults = {.file = series->file, .kill = trigger, .marker = marker};
    (void)unlink(marker);
    stage_start(stage, &faults);
    stage_serve(stage, false);
    stage->load_per_s = LOAD;
    stage_flow(stage, FLOWS, "before the numbers begin");
    begin_numbers(stage, marker);
    if (stage_pass(stage, (int64_t)REACH_MS * stage->slow)) {
        stage_kill(stage);
        stage->kills--;
        return false;
    }
    look_at_death(stage, series, trigger);
    return true;
}

static void begin_world(struct stage *stage)
{
    stage_fresh(stage);
    stage_start(stage, NULL);
    stage_register(stage);
    stage_serve(stage, true);
    house_stop(&stage->house);
}

static void end_world(struct stage *stage)
{
    stage_start(stage, NULL);
    stage_serve(stage, false);
    stage_rest(stage);
    stage_last_look(stage);
}

static void loaded(struct stage *stage, uint32_t steps, struct mode_note *note)
{
    uint32_t brokers = 0;
    begin_world(stage);
    for (uint32_t number = 1; number <= steps; number++) {
        for (size_t i = 0; i < SERIES; i++) {
            if (number > all[i].most) {
                continue;
            }
            bool reached = die_loaded(stage, &all[i], number);
            note->faults += reached;
            note->unreached += !reached;
            if (++brokers % WORLD_EACH == 0) {
                end_world(stage);
                begin_world(stage);
            }
        }
    }
    end_world(stage);
}

void mode_steps(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    starting(stage, options->steps, ret_note);
    uint64_t at_start = ret_note->faults;
    loaded(stage, options->steps, ret_note);
    (void)snprintf(ret_note->text, sizeof(ret_note->text), "at the start %llu, under load %llu",
                   (unsigned long long)at_start, (unsigned long long)(ret_note->faults - at_start));
}
