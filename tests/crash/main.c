/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lt-crash: the real lienthongd, over real loopback ZeroMQ, with real LMDB files, killed and
 * starved; and an oracle that outlives it. What a run decides comes from its seed; what the machine
 * does in between does not, so a failure may need more than one try.
 *
 *   lt-crash --kills [N] | --at-every-step | --eio | --short-write | --enospc | --stop | --clock |
 *            --slow-disk | --loss | --half-open | --flips | --all
 *
 * Exit codes: 0 sound; 1 a promise was broken; 2 usage; 3 could not run.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "modes.h"
#include "proto/base/clock_os.h"

#define EXIT_USAGE  2
#define EXIT_FAILED 3
#define KILLS       200
#define STEPS       40
#define ROUNDS      12
#define SECONDS     10
#define SLOW        4

struct mode {
    const char *name;
    mode_run *run;
    char option;
    uint32_t slow;    /* every limit of time is so many times as long */
    bool behind_line; /* in networks of its own */
};

enum {
    MODE_KILLS,
    MODE_STEPS,
    MODE_EIO,
    MODE_SHORT,
    MODE_FULL,
    MODE_STOP,
    MODE_CLOCK,
    MODE_SLOW,
    MODE_LOSS,
    MODE_HALF_OPEN,
    MODE_FLIPS,
    MODES
};

static const struct mode modes[MODES] = {
    [MODE_KILLS] = {"kills", mode_kills, 'k', 1, false},
    [MODE_STEPS] = {"at-every-step", mode_steps, 'a', 1, false},
    [MODE_EIO] = {"eio", mode_eio, 'e', 1, false},
    [MODE_SHORT] = {"short-write", mode_short, 'w', 1, false},
    [MODE_FULL] = {"enospc", mode_full, 'n', 1, false},
    [MODE_STOP] = {"stop", mode_stop, 'T', 1, false},
    [MODE_CLOCK] = {"clock", mode_clock, 'C', 1, false},
    [MODE_SLOW] = {"slow-disk", mode_slow, 'D', 2, false},
    [MODE_LOSS] = {"loss", mode_loss, 'L', 6, true},
    [MODE_HALF_OPEN] = {"half-open", mode_half_open, 'H', 3, true},
    [MODE_FLIPS] = {"flips", mode_flips, 'B', 1, false},
};

struct run {
    struct house_options house;
    struct mode_options mode;
    bool wanted[MODES];
    uint64_t seed;
    uint32_t slow;
    bool keep;
    bool json;
    bool help;
    const char *self;
};

static int usage(FILE *out, int code)
{
    (void)fprintf(out, "lt-crash MODE [OPTION]...\n"
                       "  --kills [N]       SIGKILL at N random moments (default LT_CRASH_KILLS,"
                       " else 200)\n"
                       "  --at-every-step   SIGKILL at every call on the stores' files\n"
                       "  --eio             a sync or write fails once\n"
                       "  --short-write     a write takes half of its bytes\n"
                       "  --enospc          no space, little space\n"
                       "  --stop            SIGSTOP for a while\n"
                       "  --clock           the wall clock jumps an hour back, a day forward\n"
                       "  --slow-disk       every sync takes two seconds\n"
                       "  --loss            30 %% of the packets lost, the others 200 ms late\n"
                       "  --half-open       connections that one end knows of\n"
                       "  --flips           one bit of a store's file is another\n"
                       "  --all\n"
                       "  --steps N         calls of each kind (40)\n"
                       "  --rounds N        of every other mode (12)\n"
                       "  --seconds N       that a fault lasts (10)\n"
                       "  --json            one object a line\n"
                       "  --seed S  --slow  --keep  --folder DIR\n"
                       "  --broker PATH  --ltctl PATH  --faults PATH\n");
    return code;
}

/* ---- options ----------------------------------------------------------------------------- */

static bool number_of(const char *text, uint64_t *ret_number)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != '\0') {
        return false;
    }
    *ret_number = value;
    return true;
}

static bool small_of(const char *text, uint32_t *ret_number)
{
    uint64_t value;
    if (!number_of(text, &value) || value > 1000000) {
        return false;
    }
    *ret_number = (uint32_t)value;
    return true;
}

static uint32_t kills_asked(void)
{
    const char *text = environment_os("LT_CRASH_KILLS");
    uint32_t kills = KILLS;
    if (text != NULL && !small_of(text, &kills)) {
        (void)fprintf(stderr, "lt-crash: LT_CRASH_KILLS=%s is no number\n", text);
        exit(EXIT_USAGE);
    }
    return kills;
}

static bool take_mode(struct run *run, int option)
{
    for (int i = 0; i < MODES; i++) {
        if (modes[i].option == option) {
            run->wanted[i] = true;
            return true;
        }
    }
    return false;
}

static bool take_option(struct run *run, int option)
{
    switch (option) {
    case 'A':
        memset(run->wanted, true, sizeof(run->wanted));
        return true;
    case 's':
        return number_of(optarg, &run->seed);
    case 'S':
        return small_of(optarg, &run->mode.steps);
    case 'r':
        return small_of(optarg, &run->mode.rounds);
    case 't':
        return small_of(optarg, &run->mode.seconds);
    case 'l':
        run->slow = SLOW;
        return true;
    case 'K':
        run->keep = true;
        return true;
    case 'j':
        run->json = true;
        return true;
    case 'h':
        run->help = true;
        return true;
    default:
        return take_mode(run, option) &&
               (option != 'k' || optarg == NULL || small_of(optarg, &run->mode.kills));
    }
}

static bool take_path(struct run *run, int option)
{
    switch (option) {
    case 'f':
        run->house.parent = optarg;
        return true;
    case 'b':
        run->house.broker = optarg;
        return true;
    case 'c':
        run->house.ltctl = optarg;
        return true;
    case 'F':
        run->house.faults = optarg;
        return true;
    default:
        return take_option(run, option);
    }
}

static bool read_options(int count, char **arguments, struct run *run)
{
    static const struct option options[] = {{"kills", optional_argument, NULL, 'k'},
                                            {"at-every-step", no_argument, NULL, 'a'},
                                            {"eio", no_argument, NULL, 'e'},
                                            {"short-write", no_argument, NULL, 'w'},
                                            {"enospc", no_argument, NULL, 'n'},
                                            {"stop", no_argument, NULL, 'T'},
                                            {"clock", no_argument, NULL, 'C'},
                                            {"slow-disk", no_argument, NULL, 'D'},
                                            {"loss", no_argument, NULL, 'L'},
                                            {"half-open", no_argument, NULL, 'H'},
                                            {"flips", no_argument, NULL, 'B'},
                                            {"all", no_argument, NULL, 'A'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"steps", required_argument, NULL, 'S'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"seconds", required_argument, NULL, 't'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"slow", no_argument, NULL, 'l'},
                                            {"keep", no_argument, NULL, 'K'},
                                            {"folder", required_argument, NULL, 'f'},
                                            {"broker", required_argument, NULL, 'b'},
                                            {"ltctl", required_argument, NULL, 'c'},
                                            {"faults", required_argument, NULL, 'F'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(count, arguments, "h", options, NULL)) != -1) {
        /* "--kills 200" reads as well as "--kills=200". */
        if (option == 'k' && optarg == NULL && optind < count && arguments[optind][0] != '-') {
            optarg = arguments[optind++];
        }
        if (!take_path(run, option)) {
            return false;
        }
    }
    bool any = run->help;
    for (int i = 0; i < MODES; i++) {
        any = any || run->wanted[i];
    }
    return any && optind == count;
}

/* ---- running ----------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

struct spread {
    uint32_t median;
    uint32_t most;
};

static struct spread spread_of(uint32_t *numbers, uint32_t count)
{
    if (count == 0) {
        return (struct spread){0, 0};
    }
    qsort(numbers, count, sizeof(numbers[0]), compare_numbers);
    return (struct spread){numbers[count / 2], numbers[count - 1]};
}

/* Lost and doubled are what ends a run: whoever comes here has none. */
static void print_json(struct stage *stage, const struct mode *mode, const struct mode_note *note)
{
    const struct oracle_counts *sums = &stage->sums;
    struct spread restart = spread_of(stage->restarts, stage->restarts_count);
    struct spread recover = spread_of(stage->recovers, stage->recovers_count);
    (void)printf("{\"mode\": \"%s\", \"kills\": %llu, \"faults\": %llu, \"not_reached\": %llu,"
                 " \"accepted\": %llu, \"legs\": %llu, \"delivered\": %llu, \"again\": %llu,"
                 " \"known\": %llu, \"busy\": %llu, \"lost\": 0, \"doubled\": 0,"
                 " \"restart_ms\": %u, \"restart_ms_max\": %u,"
                 " \"recover_ms\": %u, \"recover_ms_max\": %u, \"note\": \"%s\"}\n",
                 mode->name, (unsigned long long)stage->kills, (unsigned long long)note->faults,
                 (unsigned long long)note->unreached, (unsigned long long)sums->accepted,
                 (unsigned long long)sums->legs, (unsigned long long)(sums->taken + sums->refused),
                 (unsigned long long)sums->again, (unsigned long long)sums->known,
                 (unsigned long long)sums->busy, restart.median, restart.most, recover.median,
                 recover.most, note->text);
    (void)fflush(stdout);
}

static void print_row(struct stage *stage, const struct mode *mode, const struct mode_note *note)
{
    const struct oracle_counts *sums = &stage->sums;
    struct spread restart = spread_of(stage->restarts, stage->restarts_count);
    struct spread recover = spread_of(stage->recovers, stage->recovers_count);
    (void)printf("%-14s %6llu %6llu %9llu %9llu %9llu %7llu %6llu %7llu %4d %7d %6u %6u %6u %6u",
                 mode->name, (unsigned long long)stage->kills, (unsigned long long)note->faults,
                 (unsigned long long)sums->accepted, (unsigned long long)sums->legs,
                 (unsigned long long)(sums->taken + sums->refused), (unsigned long long)sums->again,
                 (unsigned long long)sums->known, (unsigned long long)sums->busy, 0, 0,
                 restart.median, restart.most, recover.median, recover.most);
    if (note->unreached > 0) {
        (void)printf("  not reached: %llu", (unsigned long long)note->unreached);
    }
    (void)printf("%s%s\n", note->text[0] == '\0' ? "" : "  ", note->text);
    (void)fflush(stdout);
}

static void command_of(const struct run *run, const struct mode *mode, char *out, size_t size)
{
    int length = snprintf(out, size, "%s --%s", run->self, mode->name);
    if (mode->run == mode_kills) {
        length += snprintf(out + length, size - (size_t)length, " %u", run->mode.kills);
    } else if (mode->run == mode_steps) {
        length += snprintf(out + length, size - (size_t)length, " --steps %u", run->mode.steps);
    } else {
        length += snprintf(out + length, size - (size_t)length, " --rounds %u --seconds %u",
                           run->mode.rounds, run->mode.seconds);
    }
    (void)snprintf(out + length, size - (size_t)length, "%s --seed %llu",
                   run->slow > 1 ? " --slow" : "", (unsigned long long)run->seed);
}

static void play(const struct run *run, const struct mode *mode, struct stage *stage,
                 const struct house_options *house, bool *ret_played)
{
    struct mode_note note = {0};
    struct fault fault;
    char command[512];
    fault_init(&fault);
    command_of(run, mode, command, sizeof(command));
    (void)fprintf(stderr, "crash: seed %llu; again with: %s\n", (unsigned long long)run->seed,
                  command);
    stage->slow = run->slow * mode->slow;
    enum lt_status status = stage_open(stage, house, run->seed, command, &fault);
    if (status == LT_OK) {
        mode->run(stage, &run->mode, &note);
    } else {
        (void)fprintf(stderr, "lt-crash: %s: %s (%s)\n", fault.field, fault.detail,
                      lt_code(status));
    }
    stage_close(stage, run->keep);
    if (status == LT_OK && run->json) {
        print_json(stage, mode, &note);
    } else if (status == LT_OK) {
        print_row(stage, mode, &note);
    }
    *ret_played = status == LT_OK;
}

static bool run_mode(const struct run *run, const struct mode *mode)
{
    struct house_options house = run->house;
    struct fault fault;
    bool played = false;
    struct stage *stage = calloc(1, sizeof(*stage));
    fault_init(&fault);
    if (stage == NULL) {
        return false;
    }
    if (mode->behind_line && line_open(&house.line, run->seed, &fault) != LT_OK) {
        (void)printf(run->json ? "{\"mode\": \"%s\", \"skipped\": \"no network of its own: %s\"}\n"
                               : "%-14s left out, no network of its own may be made here: %s\n",
                     mode->name, fault.detail);
        free(stage);
        return true;
    }
    play(run, mode, stage, &house, &played);
    if (house.line != NULL) {
        line_close(&house.line);
    }
    free(stage);
    return played;
}

int main(int count, char **arguments)
{
    struct run run = {
        .house = {.parent = CRASH_FOLDER,
                  .broker = CRASH_BROKER,
                  .ltctl = CRASH_LTCTL,
                  .faults = CRASH_FAULTS,
                  .clock = CRASH_CLOCK},
        .mode = {.kills = kills_asked(), .steps = STEPS, .rounds = ROUNDS, .seconds = SECONDS},
        .slow = 1,
        .self = arguments[0],
    };
    entropy_os()->fill(entropy_os()->self, &run.seed, 4);
    if (!read_options(count, arguments, &run)) {
        return usage(stderr, EXIT_USAGE);
    }
    if (run.help) {
        return usage(stdout, EXIT_SUCCESS);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (!run.json) {
        (void)printf("mode            kills faults  accepted      legs delivered   again  known"
                     "    busy lost doubled restart    max recover    max  (ms)\n");
    }
    for (int i = 0; i < MODES; i++) {
        if (run.wanted[i] && !run_mode(&run, &modes[i])) {
            return EXIT_FAILED;
        }
    }
    return EXIT_SUCCESS;
}
