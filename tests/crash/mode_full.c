/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * No space. While a file named `full` stands in the folder, every write to a store fails with
 * ENOSPC. Then intake must answer disk-reserve and accept nothing, what was accepted must go on to
 * its receivers as far as nothing has to be written for it, the process must live, and all must go
 * on by itself when the space is back. What receivers say meanwhile is confirmed only then.
 *
 * A second part puts the watermark of the configuration above what the disk has: intake refuses,
 * but here everything accepted goes on to its end, because the journal can still be written.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "modes.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

#define EXIT_STOP     70
#define LIMIT_MS      6000
#define SETTLE_MS     60 /* verdicts on their way when the first one says "full" */
#define BACKLOG       40 /* accepted and kept back before the space goes */
#define ON_THEIR_WAY  5  /* effects that must be seen while there is no space */
#define LOAD          600
#define WATERMARK_MIB (1024 * 1024)
#define PLENTY_MIB    1

/* ---- waiting for something --------------------------------------------------------------- */

static void wait_for(struct stage *stage, const uint64_t *count, uint64_t at_least,
                     const char *what)
{
    int64_t until_ms = stage_now_ms(stage) + LIMIT_MS * stage->slow;
    while (*count < at_least) {
        if (!stage_pass(stage, 1)) {
            oracle_fail(&stage->oracle, NULL, "the broker ended instead of: %s", what);
        }
        if (stage_now_ms(stage) > until_ms) {
            oracle_fail(&stage->oracle, NULL, "never came: %s", what);
        }
    }
}

static void pass(struct stage *stage, int64_t ms)
{
    if (!stage_pass(stage, ms)) {
        oracle_fail(&stage->oracle, NULL, "the broker ended by itself");
    }
}

static void hold_all(struct stage *stage, bool hold)
{
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_hold(stage->actors[i], hold);
    }
}

static uint64_t effects(const struct stage *stage)
{
    return stage->oracle.counts.taken + stage->oracle.counts.refused;
}

static void wait_effects(struct stage *stage, uint64_t at_least, const char *what)
{
    int64_t until_ms = stage_now_ms(stage) + LIMIT_MS * stage->slow;
    while (effects(stage) < at_least) {
        pass(stage, 1);
        if (stage_now_ms(stage) > until_ms) {
            oracle_fail(&stage->oracle, NULL, "never came: %s", what);
        }
    }
}

/* Something accepted is kept back from the receivers. */
static void make_backlog(struct stage *stage)
{
    const struct oracle_counts *counts = &stage->oracle.counts;
    stage->load_per_s = LOAD;
    hold_all(stage, true);
    pass(stage, SETTLE_MS);
    wait_for(stage, &counts->accepted, counts->accepted + BACKLOG, "a backlog");
}

/* ---- no space ---------------------------------------------------------------------------- */

static void space(struct stage *stage, const char *marker, bool full)
{
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = LT_OK;
    if (full) {
        status = file_write(marker, text_bytes("full\n"), 0600, &fault);
    } else if (unlink(marker) != 0) {
        status = LT_IO;
    }
    if (status != LT_OK) {
        oracle_fail(&stage->oracle, NULL, "%s: %s", marker, fault.detail);
    }
}

static void fill_up(struct stage *stage, const char *marker)
{
    struct oracle_counts *counts = &stage->oracle.counts;
    make_backlog(stage);
    space(stage, marker, true);
    wait_for(stage, &counts->full, counts->full + 1, "disk-reserve");
    pass(stage, SETTLE_MS * stage->slow);

    uint64_t accepted = counts->accepted;
    uint64_t confirmed = counts->confirmed;
    uint64_t before = effects(stage);
    hold_all(stage, false);
    wait_effects(stage, before + ON_THEIR_WAY, "a delivery while there is no space");
    pass(stage, 50 + (int64_t)world_random_below(&stage->random, 500));
    if (counts->accepted != accepted || counts->confirmed != confirmed) {
        oracle_fail(&stage->oracle, NULL,
                    "without space %llu were accepted and %llu settlements confirmed",
                    (unsigned long long)(counts->accepted - accepted),
                    (unsigned long long)(counts->confirmed - confirmed));
    }
}

static void one_round(struct stage *stage, const char *marker)
{
    const struct oracle_counts *counts = &stage->oracle.counts;
    fill_up(stage, marker);
    space(stage, marker, false);
    wait_for(stage, &counts->accepted, counts->accepted + 10, "intake after the space came back");
    wait_for(stage, &counts->confirmed, counts->confirmed + 10, "confirmations after it");
}

/* Killed while there is no space: it cannot start before there is, and says so with 70. */
static void die_full(struct stage *stage, const char *marker, const struct house_faults *faults)
{
    int wait_status = 0;
    fill_up(stage, marker);
    stage_kill(stage);
    stage_start(stage, faults);
    if (stage_pass(stage, LIMIT_MS * stage->slow) || !house_ended(&stage->house, &wait_status)) {
        oracle_fail(&stage->oracle, NULL, "started without any space");
    }
    stage_expect_exit(stage, wait_status, EXIT_STOP);
    space(stage, marker, false);
}

static void no_space(struct stage *stage, const char *file, uint32_t rounds, struct mode_note *note)
{
    char marker[sizeof(stage->house.folder) + 8];
    (void)snprintf(marker, sizeof(marker), "%s/full", stage->house.folder);
    const struct house_faults faults = {.file = file, .full = marker};
    stage_start(stage, &faults);
    stage_register(stage);
    stage_serve(stage, true);
    for (uint32_t i = 0; i < rounds; i++) {
        one_round(stage, marker);
        note->faults++;
    }
    die_full(stage, marker, &faults);
    note->faults++;
    stage_start(stage, &faults);
    stage_serve(stage, false);
    hold_all(stage, false);
    stage_rest(stage);
    stage_kill(stage);
}

/* ---- the watermark ----------------------------------------------------------------------- */

static void watermark(struct stage *stage, uint32_t mib)
{
    stage->house.free_low_mib = mib;
    house_configure(&stage->house);
    house_signal(&stage->house, SIGHUP);
}

/* Each one accepted goes on to its end. */
static void wait_through(struct stage *stage)
{
    int64_t until_ms = stage_now_ms(stage) + LIMIT_MS * stage->slow;
    const struct oracle_counts *counts = &stage->oracle.counts;
    while (counts->confirmed < counts->legs) {
        pass(stage, 1);
        if (stage_now_ms(stage) > until_ms) {
            oracle_fail(&stage->oracle, NULL, "under the watermark %llu of %llu legs came through",
                        (unsigned long long)counts->confirmed, (unsigned long long)counts->legs);
        }
    }
}

static void little_space(struct stage *stage, struct mode_note *note)
{
    struct oracle_counts *counts = &stage->oracle.counts;
    uint64_t bytes = 0;
    if (disk_free(stage->house.folder, &bytes, NULL) != LT_OK ||
        bytes >= (uint64_t)WATERMARK_MIB * 1024 * 1024) {
        (void)snprintf(note->text, sizeof(note->text), "watermark not tested: over 1 TiB free");
        return;
    }
    stage_start(stage, NULL);
    stage_serve(stage, false);
    make_backlog(stage);
    watermark(stage, WATERMARK_MIB);
    wait_for(stage, &counts->full, counts->full + 1, "disk-reserve under the watermark");
    pass(stage, SETTLE_MS * stage->slow);
    uint64_t accepted = counts->accepted;
    hold_all(stage, false);
    wait_through(stage);
    if (counts->accepted != accepted) {
        oracle_fail(&stage->oracle, NULL, "under the watermark %llu were accepted",
                    (unsigned long long)(counts->accepted - accepted));
    }
    watermark(stage, PLENTY_MIB);
    wait_for(stage, &counts->accepted, accepted + 10, "intake above the watermark");
    note->faults++;
    stage_rest(stage);
    house_stop(&stage->house);
}

void mode_full(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    no_space(stage, "/journal.mdb", options->rounds, ret_note);
    no_space(stage, "/data/", options->rounds, ret_note);
    little_space(stage, ret_note);
    stage_start(stage, NULL);
    stage_serve(stage, false);
    stage_rest(stage);
    stage_last_look(stage);
}
