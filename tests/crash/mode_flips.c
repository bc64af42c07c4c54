/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Disks that lose a bit. Each round has a world of its own: transfers that came to their end, some
 * that wait, the broker told to end, and then one bit of the journal or of the state is another.
 * The next broker may find it at once, later, or never, because nothing stands there. What must
 * hold, wherever it was:
 *
 *   nobody is handed other bytes than were sent, and nothing has a second effect;
 *   a broker that goes on has everything, or names what it had to set aside;
 *   a broker that ends for its journal says so with its exit code, and with the bit put right
 *   nothing is missing;
 *   a broker that ends for its state has everything after the next start, without anybody's help.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modes.h"

#define LOAD       800
#define FLOWS      150
#define BACKLOG    40
#define REST_MS    6000
#define LOADED_MS  400
#define EXIT_FOUND 5 /* of ltctl journal verify */

struct flip {
    char path[260];
    off_t at;
    uint8_t bit;
};

struct tally {
    uint32_t harmless; /* nothing stood there */
    uint32_t found;    /* serves all, journal verify names the record */
    uint32_t aside;    /* serves the others */
    uint64_t legs;     /* of those, that wait */
    uint32_t ended;    /* says so and ends; with the bit put right all is there */
    uint32_t refolded; /* a wrong state was seen, and folded anew */
};

static void hold_all(struct stage *stage, bool hold)
{
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_hold(stage->actors[i], hold);
    }
}

static void turn_bit(struct stage *stage, const struct flip *flip)
{
    uint8_t byte;
    int fd = open(flip->path, O_RDWR | O_CLOEXEC);
    bool done = fd >= 0 && pread(fd, &byte, 1, flip->at) == 1;
    if (done) {
        byte ^= flip->bit;
        done = pwrite(fd, &byte, 1, flip->at) == 1;
    }
    if (!done) {
        oracle_fail(&stage->oracle, NULL, "%s: the bit cannot be turned", flip->path);
    }
    close(fd);
}

static void damage(struct stage *stage, const char *name, struct flip *flip)
{
    struct stat info;
    (void)snprintf(flip->path, sizeof(flip->path), "%s/%s", stage->house.data, name);
    if (stat(flip->path, &info) != 0 || info.st_size == 0) {
        oracle_fail(&stage->oracle, NULL, "%s is not there", flip->path);
    }
    flip->at = (off_t)world_random_below(&stage->random, (uint64_t)info.st_size);
    flip->bit = (uint8_t)(1U << world_random_below(&stage->random, 8));
    turn_bit(stage, flip);
}

/* Some that came to their end, some that wait; the process ended in order. */
static void prepare(struct stage *stage)
{
    stage_fresh(stage);
    stage_start(stage, NULL);
    stage_register(stage);
    stage_serve(stage, true);
    stage->load_per_s = LOAD;
    stage_flow(stage, FLOWS, "before the bit is turned");
    hold_all(stage, true);
    uint64_t accepted = stage->oracle.counts.accepted;
    while (stage->oracle.counts.accepted < accepted + BACKLOG) {
        if (!stage_pass(stage, 1)) {
            oracle_fail(&stage->oracle, NULL, "the broker ended by itself");
        }
    }
    house_stop(&stage->house);
    witness_look(stage->witness, stage->house.data);
}

/* False: it ended. Load for a moment, then none, until all is done or the time is over. */
static bool live_with_it(struct stage *stage)
{
    int64_t until_ms = stage_now_ms(stage) + (int64_t)REST_MS * stage->slow;
    stage_start(stage, NULL);
    hold_all(stage, false);
    while (!stage->served) {
        if (!stage_pass(stage, 1)) {
            return false;
        }
    }
    if (!stage_pass(stage, LOADED_MS)) {
        return false;
    }
    stage->load_per_s = 0;
    for (uint32_t i = 0; i < AGENCIES; i++) {
        actor_stop(stage->actors[i]);
        actor_calm(stage->actors[i], true);
    }
    while (!stage_done(stage) && stage_now_ms(stage) < until_ms) {
        if (!stage_pass(stage, 1)) {
            return false;
        }
    }
    desk_ask_sums(stage->desk);
    while (!desk_quiet(stage->desk)) {
        if (!stage_pass(stage, 1)) {
            return false;
        }
    }
    return true;
}

/* Nothing is missing any more. */
static void rest_sound(struct stage *stage)
{
    stage_start(stage, NULL);
    stage_serve(stage, false);
    hold_all(stage, false);
    stage_rest(stage);
    stage_last_look(stage);
}

/* It said why and ended. A state is folded anew by the next start; a journal with its bit put right
 * has everything. */
static void after_end(struct stage *stage, const struct flip *flip, bool state, struct tally *tally)
{
    int wait_status = 0;
    bool ended = house_ended(&stage->house, &wait_status);
    if (!ended || wait_status == 0) {
        oracle_fail(&stage->oracle, NULL, "ended with 0x%x with a bit turned", wait_status);
    }
    (void)fprintf(stderr, "crash: %s, byte %lld bit 0x%x: ended with %s %d\n", flip->path,
                  (long long)flip->at, flip->bit, WIFSIGNALED(wait_status) ? "signal" : "code",
                  WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status));
    tally->refolded += state;
    tally->ended += !state;
    if (!state) {
        turn_bit(stage, flip);
    }
    rest_sound(stage);
}

/* What has not come to its end is known to the broker, leg by leg: it waits, it is not lost. */
static void look_aside(struct stage *stage, struct tally *tally)
{
    const struct desk_sums *sums = desk_sums(stage->desk);
    const struct oracle_counts *counts = &stage->oracle.counts;
    uint64_t missing = counts->legs - counts->taken - counts->refused;
    if (sums->difference != 0 || sums->differing != 0 || sums->accepted != counts->legs ||
        sums->open != missing) {
        oracle_fail(&stage->oracle, NULL,
                    "%llu legs were not handed over, the broker knows %llu, of %llu and %llu",
                    (unsigned long long)missing, (unsigned long long)sums->open,
                    (unsigned long long)counts->legs, (unsigned long long)sums->accepted);
    }
    tally->legs += missing;
}

static void after_life(struct stage *stage, const struct flip *flip, bool state,
                       struct tally *tally)
{
    bool all = stage_done(stage);
    uint64_t open = desk_sums(stage->desk)->open;
    bool sums = stage_sums_hold(stage);
    if (state && (!all || !sums)) {
        stage_kill(stage);
        stage->kills--;
        if (unlink(flip->path) != 0) {
            oracle_fail(&stage->oracle, NULL, "no %s", flip->path);
        }
        tally->refolded++;
        rest_sound(stage);
        return;
    }
    house_stop(&stage->house);
    int code = house_verify_code(&stage->house);
    if (code != 0 && code != EXIT_FOUND) {
        oracle_fail(&stage->oracle, NULL, "ltctl journal verify ended with %d", code);
    }
    if (code == 0 && (!all || !sums)) {
        oracle_fail(&stage->oracle, NULL, "all verifies and something is missing; open %llu",
                    (unsigned long long)open);
    }
    if (code == 0) {
        witness_look(stage->witness, stage->house.data);
    } else {
        look_aside(stage, tally);
    }
    tally->harmless += code == 0;
    tally->found += code != 0 && all;
    tally->aside += code != 0 && !all;
}

void mode_flips(struct stage *stage, const struct mode_options *options, struct mode_note *ret_note)
{
    struct tally tally = {0};
    for (uint32_t i = 0; i < options->rounds; i++) {
        struct flip flip;
        bool state = i % 2 == 1;
        prepare(stage);
        damage(stage, state ? "state.mdb" : "journal.mdb", &flip);
        if (live_with_it(stage)) {
            after_life(stage, &flip, state, &tally);
        } else {
            after_end(stage, &flip, state, &tally);
        }
        ret_note->faults++;
    }
    (void)snprintf(ret_note->text, sizeof(ret_note->text),
                   "nothing hit %u, verify names it %u, set aside %u (%llu legs wait), ended %u,"
                   " state folded anew %u",
                   tally.harmless, tally.found, tally.aside, (unsigned long long)tally.legs,
                   tally.ended, tally.refolded);
}
