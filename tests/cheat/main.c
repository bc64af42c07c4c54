/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Worlds with an axis that lies, one lie each, and worlds with one that does not. Every lie has a
 * row in cheats.def: who finds it, and by which named finding. A lie that nobody finds, one that is
 * found by another name, and an honest axis that anybody accuses, end the run with the seed and the
 * command that repeats it.
 *
 * The agencies are real clients of the SDK, and evidence is judged by the code of lt-verify. The
 * axis is small (axis.c), because the real one cannot be told to lie; what it signs is made by the
 * same hashing and signing.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auditor.h"

#define ROUNDS      8
#define WAIT_MS     (6 * 60 * 1000) /* an overdue receipt is told after one */
#define VICTIM_FROM 12              /* everybody has seen a checkpoint by then */
#define VICTIM_OF   10

enum finder { NOBODY, SENDER, RECEIVER, ADAPTER, VERIFY, PAIR };

static const struct lie {
    const char *name;
    const char *words;
    enum finder finder;
    enum evidence_check check;
    enum evidence_result result;
    const char *why;
} lies[CHEATS_END] = {
#define CHEAT(name, words, by, check, result, why)                                                 \
    {#name, words, by, EVIDENCE_##check, EVIDENCE_##result, why},
#include "cheats.def"
#undef CHEAT
};

struct day {
    uint64_t seed;
    enum cheat cheat;
    struct town town;
    struct auditor auditor;
    struct lt_bytes early[DEPARTMENT]; /* evidence from before the lie */
    uint32_t early_size[DEPARTMENT];
    struct lt_bytes late[DEPARTMENT];
};

static void fail(const struct day *day, const char *what)
{
    const struct lie *lie = &lies[day->cheat];
    fprintf(stderr, "cheat: seed %llu, %s: %s\n", (unsigned long long)day->seed, lie->words, what);
    for (uint32_t i = 0; i < AGENCIES; i++) {
        const struct agency_here *here = &day->town.agencies[i];
        for (uint32_t j = 0; j < here->refused_count; j++) {
            fprintf(stderr, "  %s refused: %s\n", agency_ids[i], here->refused[j]);
        }
    }
    for (uint32_t i = 0; i < day->auditor.found_count; i++) {
        const struct found *found = &day->auditor.found[i];
        if (found->result != EVIDENCE_PROVEN && strcmp(found->why, "no-timestamp") != 0) {
            fprintf(stderr, "  found: %s %s %s\n", evidence_check_name(found->check),
                    evidence_result_name(found->result), found->why);
        }
    }
    fprintf(stderr, "  again: lt-cheat --cheat %s --seed %llu --verbose\n", lie->name,
            (unsigned long long)day->seed);
    exit(1);
}

/* ---- the day ---- */

static uint32_t view_size(const struct day *day, uint32_t agency)
{
    const struct axis *axis = &day->town.axis;
    return axis->views[axis->view_of[agency]].count;
}

static void live(struct day *day)
{
    struct axis *axis = &day->town.axis;
    axis->victim = VICTIM_FROM + (uint32_t)world_random_below(&day->town.random, VICTIM_OF);
    town_pass(&day->town, 5000);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        /* One Submit is up to five of one agency and then of the other. */
        for (uint32_t j = 0;
             j < DEPARTMENT && i > 0 && axis->transfers_count + 12 > axis->victim && !axis->done;
             j++) {
            bool before = axis->transfers_count <= axis->victim &&
                          day->cheat != CHEAT_FOREIGN_EVIDENCE && lies[day->cheat].finder != VERIFY;
            if (before) {
                day->early[j] = auditor_gather(&day->auditor, j);
                day->early_size[j] = view_size(day, j);
            }
        }
        town_round(&day->town);
        if (!axis->done && world_random_chance(&day->town.random, 150)) {
            axis_restart(axis);
        }
    }
    town_pass(&day->town, WAIT_MS);
    axis_evening(axis);
    town_pass(&day->town, WAIT_MS);
    for (uint32_t i = 0; i < DEPARTMENT; i++) {
        day->late[i] = auditor_gather(&day->auditor, i);
    }
}

/* ---- who finds it ---- */

/* What the axis can say to an auditor who asks how one size became the other. */
static struct growth_proof growth(const struct day *day, uint32_t agency, uint32_t first)
{
    const struct axis *axis = &day->town.axis;
    const struct view *view = &axis->views[axis->view_of[agency]];
    struct growth_proof proof;
    struct merkle_head head = view_head(view, first);
    struct merkle_path path = view_growth(view, first, view->count);
    growth_proof_make(&proof, &head, view->count, &path);
    return proof;
}

static void compare(struct day *day, struct lt_bytes one, uint32_t one_size, uint32_t agency)
{
    struct growth_proof proof = growth(day, agency, one_size);
    auditor_compare(&day->auditor, one, day->late[agency], &proof);
}

static bool seen_by_pair(struct day *day)
{
    const struct lie *lie = &lies[day->cheat];
    const struct carried *victim = &day->town.axis.transfers[day->town.axis.victim];
    if (day->cheat == CHEAT_BACK_DATE_UNSEEN) {
        uint32_t other = 1 - victim->from;
        compare(day, day->early[other], day->early_size[other], victim->from);
    } else if (day->cheat == CHEAT_FORK_ONE_SIZE) {
        auditor_compare(&day->auditor, day->late[0], day->late[1], NULL);
    } else {
        uint32_t small = view_size(day, 0) < view_size(day, 1) ? 0 : 1;
        compare(day, day->late[small], view_size(day, small), 1 - small);
    }
    return auditor_found(&day->auditor, lie->check, lie->result, lie->why);
}

static bool seen(struct day *day)
{
    const struct lie *lie = &lies[day->cheat];
    switch (lie->finder) {
    case SENDER:
        return town_refused(&day->town, 0, lie->why) || town_refused(&day->town, 1, lie->why);
    case RECEIVER:
        return town_refused(&day->town, DEPARTMENT, lie->why);
    case ADAPTER:
        return town_refused(&day->town, 0, lie->why) || town_refused(&day->town, 1, lie->why) ||
               town_refused(&day->town, DEPARTMENT, lie->why);
    case VERIFY:
        (void)auditor_judge(&day->auditor, day->late[0]);
        (void)auditor_judge(&day->auditor, day->late[1]);
        return auditor_found(&day->auditor, lie->check, lie->result, lie->why);
    default:
        return seen_by_pair(day);
    }
}

/* Nobody is accused: all that is not proven is what there is no authority for. */
static void honest(struct day *day)
{
    uint32_t proven = 0;
    for (uint32_t i = 0; i < AGENCIES; i++) {
        if (day->town.agencies[i].refused_count > 0) {
            fail(day, "an adapter accuses an honest axis");
        }
    }
    compare(day, day->early[0], day->early_size[0], 1);
    compare(day, day->early[1], day->early_size[1], 0);
    auditor_compare(&day->auditor, day->late[0], day->late[1], NULL);
    for (uint32_t i = 0; i < day->auditor.found_count; i++) {
        const struct found *found = &day->auditor.found[i];
        if (found->result != EVIDENCE_PROVEN && strcmp(found->why, "no-timestamp") != 0) {
            fail(day, "lt-verify accuses an honest axis");
        }
        proven += found->result == EVIDENCE_PROVEN &&
                  (found->check == EVIDENCE_LOG || found->check == EVIDENCE_ORDER);
    }
    if (proven < 4) {
        fail(day, "nothing was compared");
    }
    for (uint32_t i = 0; i < day->town.axis.transfers_count; i++) {
        if (!day->town.axis.transfers[i].settled) {
            fail(day, "not everything was settled");
        }
    }
}

static void run(uint64_t seed, enum cheat cheat, const char *folder, bool verbose)
{
    struct day *day = calloc(1, sizeof(*day));
    if (day == NULL) {
        abort();
    }
    day->seed = seed;
    day->cheat = cheat;
    town_open(&day->town, seed, cheat, folder, verbose);
    auditor_open(&day->auditor, &day->town);
    live(day);
    if (cheat == CHEAT_NONE) {
        honest(day);
    } else if (!day->town.axis.done) {
        fail(day, "the lie was not told");
    } else if (!seen(day)) {
        fail(day, "nobody found it");
    }
    if (verbose) {
        printf("%-22s %u transfers, %u commits: found as %s\n", lies[cheat].name,
               day->town.axis.transfers_count, view_size(day, 0), lies[cheat].why);
    }
    auditor_close(&day->auditor);
    town_close(&day->town);
    free(day);
}

/* ---- the command ---- */

struct options {
    uint64_t from;
    uint64_t count;
    int cheat; /* -1: every one */
    bool verbose;
    const char *under;
};

static bool options_read(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"seed", required_argument, NULL, 's'},   {"from", required_argument, NULL, 'f'},
        {"seeds", required_argument, NULL, 'n'},  {"fresh", no_argument, NULL, 'r'},
        {"cheat", required_argument, NULL, 'c'},  {"verbose", no_argument, NULL, 'v'},
        {"folder", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 's' || option == 'f') {
            options->from = strtoull(optarg, NULL, 10);
        } else if (option == 'n') {
            options->count = strtoull(optarg, NULL, 10);
        } else if (option == 'r') {
            options->from = (uint64_t)time(NULL) * 1000;
        } else if (option == 'v') {
            options->verbose = true;
        } else if (option == 'd') {
            options->under = optarg;
        } else if (option == 'c') {
            options->cheat = CHEATS_END;
            for (int i = 0; i < CHEATS_END; i++) {
                options->cheat = strcmp(lies[i].name, optarg) == 0 ? i : options->cheat;
            }
        }
        if (option == '?' || options->cheat == CHEATS_END) {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {.from = 1, .count = 1, .cheat = -1};
    char folder[80];
    /* Boxes are synced after every frame: on a disk that takes minutes. */
    options.under = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    if (!options_read(argc, argv, &options)) {
        return 2;
    }
    snprintf(folder, sizeof(folder), "%.60s/lt-cheat-XXXXXX", options.under);
    if (mkdtemp(folder) == NULL) {
        return 2;
    }
    for (uint64_t seed = options.from; seed < options.from + options.count; seed++) {
        for (int i = 0; i < CHEATS_END; i++) {
            if (options.cheat < 0 || options.cheat == i) {
                run(seed, (enum cheat)i, folder, options.verbose);
            }
        }
    }
    rmdir(folder);
    printf("cheat: %llu seeds from %llu, every lie found and no honest axis accused\n",
           (unsigned long long)options.count, (unsigned long long)options.from);
    return 0;
}
