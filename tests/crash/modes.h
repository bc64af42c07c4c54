/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CRASH_MODES_H
#define TESTS_CRASH_MODES_H

#include "stage.h"

/*
 * The ways a broker can be made to suffer. Each mode works on an open stage without a process, ends
 * at rest with the process ended, and fails through the oracle. What is worth telling beside the
 * common counts goes to *ret_note.
 */
struct mode_options {
    uint32_t kills;
    uint32_t steps;
    uint32_t rounds;
    uint32_t seconds; /* that a fault lasts */
};

struct mode_note {
    uint64_t faults; /* that really happened */
    uint64_t unreached;
    char text[160];
};

typedef void mode_run(struct stage *stage, const struct mode_options *options,
                      struct mode_note *ret_note);

/* SIGKILL at random moments under load. */
mode_run mode_kills;
/* SIGKILL before, after and in the middle of the n-th call of a kind on the files of the stores: of
 * those of a start, and of those under load. */
mode_run mode_steps;
/* A sync or write of a store fails once with EIO. */
mode_run mode_eio;
/* Every n-th write of a store takes half of its bytes. */
mode_run mode_short;
/* No space for a while; little space. */
mode_run mode_full;
/* The process is stopped for a while (SIGSTOP) and goes on. */
mode_run mode_stop;
/* The wall clock jumps an hour back and a day forward, in a running process and before a start. */
mode_run mode_clock;
/* Every sync takes two seconds. */
mode_run mode_slow;
/* A line that loses 30 % of the packets and delays the rest by 200 ms, each way. */
mode_run mode_loss;
/* Connections that only one end knows of. */
mode_run mode_half_open;
/* One bit of a store's file is another. */
mode_run mode_flips;

#endif
