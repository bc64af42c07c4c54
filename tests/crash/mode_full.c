/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * No space. While a file named `full` stands in the folder, no store's file gets more room and the
 * disk seems to have none. Then intake must answer disk-reserve and accept nothing, what was
 * accepted must go on to its receivers, the process must live, and all must go on by itself when
 * the space is back. What receivers say is confirmed as long as the room lasts that was taken
 * before.
 *
 * A second part puts the watermark of the configuration above what the disk has: intake refuses,
 * but everything accepted goes on to its end.
 *
 * A third part fills up a real small disk, which is mounted for this process alone; where that is
 * not permitted the row says so. With the watermark above the reserve, what was accepted comes to
 * its end from the reserve; without a watermark and with somebody who takes whatever becomes free,
 * commits themselves find no room.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modes.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

#define EXIT_STOP    70
#define LIMIT_MS     20000
#define SETTLE_MS    60
#define STILL_MS     1000 /* without a verdict: none is on its way any more */
#define BACKLOG      40   /* accepted and kept back before the space goes */
#define ON_THEIR_WAY 5    /* effects that must be seen while there is no space */
#define LOAD         600
#define LOAD_LITTLE                                                                                \
    20 /* so that somebody has no wish in the batch that finds no room: what is                    \
        * refused after it waits behind such a one, like every answer */
#define WATERMARK_MIB (1024 * 1024)
#define PLENTY_MIB    1
#define DISK_SIZE     "size=256m" /* the reserve of 64 MiB, and twice that to spare */
#define LOW_MIB       100         /* above the reserve */
#define FILL_BYTES    (4LL * 1024 * 1024)
#define BLOCK_BYTES   4096LL

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

/* Nothing is on its way to a verdict: what comes from now on comes slowly. */
static void quieten(struct stage *stage)
{
    const struct oracle_counts *counts = &stage->oracle.counts;
    stage->load_per_s = 0;
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_stop(stage->actors[i]);
    }
    pass(stage, SETTLE_MS);
    wait_for(stage, &counts->accepted, counts->wishes, "verdicts before the disk is full");
    stage->load_per_s = LOAD_LITTLE;
}

/* Verdicts on their way when the first one said "full" have come: how many are accepted for good.
 */
static uint64_t accepted_at_last(struct stage *stage)
{
    const struct oracle_counts *counts = &stage->oracle.counts;
    int64_t until_ms = stage_now_ms(stage) + LIMIT_MS * stage->slow;
    uint64_t accepted;
    do {
        accepted = counts->accepted;
        pass(stage, (int64_t)STILL_MS * stage->slow);
        if (stage_now_ms(stage) > until_ms) {
            oracle_fail(&stage->oracle, NULL, "never came: an end of what is accepted");
        }
    } while (counts->accepted != accepted);
    return accepted;
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
    if (!full && stage->house.pid != 0) {
        stage_mended(stage);
    }
}

static void fill_up(struct stage *stage, const char *marker)
{
    struct oracle_counts *counts = &stage->oracle.counts;
    make_backlog(stage);
    quieten(stage);
    space(stage, marker, true);
    wait_for(stage, &counts->full, counts->full + 1, "disk-reserve");
    uint64_t accepted = accepted_at_last(stage);
    uint64_t before = effects(stage);
    hold_all(stage, false);
    wait_effects(stage, before + ON_THEIR_WAY, "a delivery while there is no space");
    pass(stage, 50 + (int64_t)world_random_below(&stage->random, 500));
    if (counts->accepted != accepted) {
        oracle_fail(&stage->oracle, NULL, "without space %llu were accepted",
                    (unsigned long long)(counts->accepted - accepted));
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

/* Killed while there is no space: it serves from the room it has, or ends with 70 and says why. */
static void die_full(struct stage *stage, const char *marker, const struct house_faults *faults)
{
    int wait_status = 0;
    int64_t until_ms = stage_now_ms(stage) + LIMIT_MS * stage->slow;
    bool runs = true;
    fill_up(stage, marker);
    stage_kill(stage);
    stage_start(stage, faults);
    while (runs && !stage->served && stage_now_ms(stage) < until_ms) {
        runs = stage_pass(stage, 1);
    }
    if (!runs && house_ended(&stage->house, &wait_status)) {
        stage_expect_exit(stage, wait_status, EXIT_STOP);
    } else if (stage->served) {
        stage_kill(stage);
    } else {
        oracle_fail(&stage->oracle, NULL, "neither serves nor ends without any space");
    }
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
    uint64_t accepted = accepted_at_last(stage);
    hold_all(stage, false);
    wait_through(stage);
    if (counts->accepted != accepted) {
        oracle_fail(&stage->oracle, NULL, "under the watermark %llu were accepted",
                    (unsigned long long)(counts->accepted - accepted));
    }
    watermark(stage, PLENTY_MIB);
    stage_mended(stage);
    wait_for(stage, &counts->accepted, accepted + 10, "intake above the watermark");
    note->faults++;
    stage_rest(stage);
    house_stop(&stage->house);
}

/* ---- a real small disk ------------------------------------------------------------------- */

/* Mounted for this thread and its children; false: not permitted. */
static bool disk_mount(struct stage *stage)
{
    const char *data = stage->house.data;
    return (mkdir(data, 0700) == 0 || errno == EEXIST) && unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", data, "tmpfs", 0, DISK_SIZE) == 0;
}

/* Takes what is free, to the last block. */
static void disk_fill(int fd)
{
    struct stat info;
    off_t step = FILL_BYTES;
    while (step >= BLOCK_BYTES && fstat(fd, &info) == 0) {
        if (fallocate(fd, 0, info.st_size, step) != 0) {
            step /= 4;
        }
    }
}

static void disk_empty(struct stage *stage, int fd)
{
    if (ftruncate(fd, 0) != 0) {
        oracle_fail(&stage->oracle, NULL, "filler: %s", strerror(errno));
    }
    stage_mended(stage);
}

/* What was accepted goes all the way while the disk is full, from what was kept for that. */
static void drain_from_reserve(struct stage *stage, int filler)
{
    const struct oracle_counts *counts = &stage->oracle.counts;
    make_backlog(stage);
    quieten(stage);
    disk_fill(filler);
    wait_for(stage, &counts->full, counts->full + 1, "disk-reserve on a full disk");
    uint64_t accepted = accepted_at_last(stage);
    hold_all(stage, false);
    wait_through(stage);
    if (counts->accepted != accepted) {
        oracle_fail(&stage->oracle, NULL, "on a full disk %llu were accepted",
                    (unsigned long long)(counts->accepted - accepted));
    }
    disk_empty(stage, filler);
    wait_for(stage, &counts->accepted, accepted + 10, "intake after the disk had space again");
}

/* No watermark, and whatever becomes free is gone at once: commits find no room. */
static void commits_without_room(struct stage *stage, int filler)
{
    const struct oracle_counts *counts = &stage->oracle.counts;
    int64_t until_ms = stage_now_ms(stage) + 3LL * LIMIT_MS * stage->slow;
    uint64_t full = counts->full;
    make_backlog(stage);
    quieten(stage);
    hold_all(stage, false);
    while (counts->full == full) {
        disk_fill(filler);
        pass(stage, 1);
        if (stage_now_ms(stage) > until_ms) {
            oracle_fail(&stage->oracle, NULL, "never came: disk-reserve from a commit");
        }
    }
    disk_fill(filler);
    pass(stage, 500);
    uint64_t accepted = counts->accepted;
    disk_empty(stage, filler);
    wait_for(stage, &counts->accepted, accepted + 10, "intake after commits found room again");
    wait_for(stage, &counts->confirmed, counts->confirmed + 10, "confirmations after it");
}

static void small_disk(struct stage *stage, uint32_t rounds, struct mode_note *note)
{
    char path[sizeof(stage->house.data) + 16];
    stage_fresh(stage);
    if (!disk_mount(stage)) {
        (void)snprintf(note->text, sizeof(note->text), "no small disk: may not mount one here");
        return;
    }
    (void)snprintf(path, sizeof(path), "%s/filler", stage->house.data);
    int filler = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    stage->house.free_low_mib = LOW_MIB;
    house_configure(&stage->house);
    stage_start(stage, NULL);
    stage_register(stage);
    stage_serve(stage, true);
    for (uint32_t i = 0; i < rounds; i++) {
        drain_from_reserve(stage, filler);
        note->faults++;
    }
    watermark(stage, 0);
    for (uint32_t i = 0; i < rounds; i++) {
        commits_without_room(stage, filler);
        note->faults++;
    }
    stage_rest(stage);
    stage_last_look(stage);
    close(filler);
    (void)umount2(stage->house.data, MNT_DETACH);
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
    small_disk(stage, options->rounds, ret_note);
}
