/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a living process goes through without ending: it stands still for a while, its wall clock
 * jumps, its disk is slow. Each comes under load, is followed by a moment in which everything must
 * flow again, and ends at rest with the oracle's sums.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "modes.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

#define LOAD      600
#define FLOWS     30
#define SYNC_MS   "2000"
#define HOUR_S    3600
#define DAY_S     86400
#define JUMP_MS   1500 /* of load under each clock */
#define SMOOTH_MS 300

static void pass(struct stage *stage, int64_t ms)
{
    if (!stage_pass(stage, ms)) {
        oracle_fail(&stage->oracle, NULL, "the broker ended by itself");
    }
}

static void begin(struct stage *stage, const struct house_faults *faults)
{
    stage_start(stage, faults);
    stage_register(stage);
    stage_serve(stage, true);
    stage->load_per_s = LOAD;
    stage_flow(stage, FLOWS, "before any fault");
}

static void finish(struct stage *stage)
{
    stage_rest(stage);
    stage_last_look(stage);
}

/* ---- stopped ----------------------------------------------------------------------------- */

void mode_stop(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    begin(stage, NULL);
    for (uint32_t i = 0; i < options->rounds; i++) {
        house_signal(&stage->house, SIGSTOP);
        pass(stage, (int64_t)options->seconds * 1000);
        house_signal(&stage->house, SIGCONT);
        stage_mended(stage);
        stage_flow(stage, FLOWS, "after it was stopped");
        ret_note->faults++;
        pass(stage, SMOOTH_MS);
    }
    (void)snprintf(ret_note->text, sizeof(ret_note->text), "stopped for %u s", options->seconds);
    finish(stage);
}

/* ---- the clock --------------------------------------------------------------------------- */

static _Atomic int64_t *map_shift(struct stage *stage, const char *path)
{
    const int64_t zero = 0;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status =
        file_write(path, (struct lt_bytes){(const uint8_t *)&zero, sizeof(zero)}, 0600, &fault);
    int fd = status == LT_OK ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *memory =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(zero), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        oracle_fail(&stage->oracle, NULL, "%s: cannot be mapped", path);
    }
    close(fd);
    return memory;
}

static void jump(struct stage *stage, _Atomic int64_t *shift, int64_t seconds, const char *when)
{
    atomic_store(shift, seconds);
    stage_mended(stage);
    stage_flow(stage, FLOWS, when);
    pass(stage, JUMP_MS);
}

/* A start under another clock than that of the life before. */
static void restart(struct stage *stage, const struct house_faults *faults, _Atomic int64_t *shift,
                    int64_t seconds, const char *when)
{
    stage_kill(stage);
    atomic_store(shift, seconds);
    stage_start(stage, faults);
    stage_serve(stage, false);
    stage_flow(stage, FLOWS, when);
    pass(stage, JUMP_MS);
}

void mode_clock(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    char path[sizeof(stage->house.folder) + 8];
    (void)snprintf(path, sizeof(path), "%s/shift", stage->house.folder);
    const struct house_faults faults = {.shift = path};
    _Atomic int64_t *shift = map_shift(stage, path);
    begin(stage, &faults);
    for (uint32_t i = 0; i < options->rounds; i++) {
        jump(stage, shift, -HOUR_S, "after the clock went back an hour");
        jump(stage, shift, 0, "after the clock was right again");
        jump(stage, shift, DAY_S, "after the clock went forward a day");
        jump(stage, shift, 0, "after the clock was right again");
        restart(stage, &faults, shift, -HOUR_S, "started an hour back");
        jump(stage, shift, 0, "after the clock was right again");
        ret_note->faults += 5;
    }
    stage_rest(stage);
    stage_kill(stage);
    stage_start(stage, NULL);
    stage_serve(stage, false);
    stage_last_look(stage);
    (void)munmap(shift, sizeof(*shift));
}

/* ---- a slow disk ------------------------------------------------------------------------- */

static uint64_t lives(const struct stage *stage)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < AGENCIES; i++) {
        sum += actor_lives(stage->actors[i]);
    }
    return sum;
}

void mode_slow(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    char marker[sizeof(stage->house.folder) + 8];
    const struct oracle_counts *counts = &stage->oracle.counts;
    struct fault fault;
    (void)snprintf(marker, sizeof(marker), "%s/slow", stage->house.folder);
    const struct house_faults faults = {.file = "/data/", .marker = marker, .sync_ms = SYNC_MS};
    fault_init(&fault);
    begin(stage, &faults);
    uint64_t ended = lives(stage);
    uint64_t accepted = counts->accepted;
    uint64_t busy = counts->busy;
    if (file_write(marker, text_bytes("slow\n"), 0600, &fault) != LT_OK) {
        oracle_fail(&stage->oracle, NULL, "%s: %s", marker, fault.detail);
    }
    pass(stage, (int64_t)options->seconds * 1000);
    accepted = counts->accepted - accepted;
    busy = counts->busy - busy;
    (void)unlink(marker);
    stage_mended(stage);
    stage_flow(stage, FLOWS, "after the disk was quick again");
    if (lives(stage) != ended) {
        oracle_fail(&stage->oracle, NULL, "%llu sessions ended while the disk was slow",
                    (unsigned long long)(lives(stage) - ended));
    }
    if (accepted == 0) {
        oracle_fail(&stage->oracle, NULL, "nothing was accepted while the disk was slow");
    }
    ret_note->faults = 1;
    (void)snprintf(ret_note->text, sizeof(ret_note->text),
                   "%u s of 2 s syncs: %llu accepted, %llu answered busy, no session ended",
                   options->seconds, (unsigned long long)accepted, (unsigned long long)busy);
    finish(stage);
}
