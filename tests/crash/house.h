/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CRASH_HOUSE_H
#define TESTS_CRASH_HOUSE_H

#include <sys/types.h>

#include "oracle.h"
#include "proto/base/fault.h"

/*
 * One real lienthongd, started and ended again and again over the same folder: keys, configuration,
 * data, log. It is our child, dies with us, and is only ever hit by its own number. It tells that
 * it serves through the notification socket of systemd, so nothing is polled.
 */
struct house_options {
    const char *parent; /* the folder is made in it */
    const char *broker; /* programs and the interposer */
    const char *ltctl;
    const char *faults;
    const char *clock; /* the library that shifts the wall clock */
    struct line *line; /* the broker lives behind it; NULL: on loopback */
};

struct house {
    struct house_options options;
    struct oracle *oracle; /* what goes wrong here ends the run, too */
    char folder[200];
    char data[220];
    char endpoint[64];
    const char *host;
    uint16_t port;
    uint16_t blob_port;
    uint32_t free_low_mib;
    struct lt_key server_key; /* public */
    struct lt_key operator_secret;
    char operator_text[65];
    char notify[64]; /* name of the abstract socket */
    int notify_fd;
    pid_t pid; /* 0: none runs */
    int pid_fd;
    int64_t started_ms;
    int64_t ready_ms; /* 0: does not serve yet */
};

/* Environment of the interposer, each NULL or as tests/harness/io_faults.c reads it. */
struct house_faults {
    const char *file;
    const char *kill;
    const char *eio;
    const char *full;
    const char *every;   /* LT_FAULT_SHORT */
    const char *marker;  /* LT_FAULT_WHILE */
    const char *sync_ms; /* LT_FAULT_SYNC_MS */
    const char *shift;   /* LT_SHIFT_FILE: the clock's library instead of the interposer */
};

LT_CHECK enum lt_status house_open(struct house *house, const struct house_options *options,
                                   struct oracle *oracle, struct fault *fault);
void house_close(struct house *house, bool keep); /* kills what runs, removes the folder */
void house_clear(struct house *house);            /* a fresh data folder; nothing runs */
void house_configure(struct house *house);        /* writes the configuration anew */

void house_start(struct house *house, const struct house_faults *faults);
void house_look(struct house *house, int64_t now_ms); /* has it said that it serves? */
/* True when it has ended by itself; *ret_wait as waitpid gives it. */
LT_CHECK bool house_ended(struct house *house, int *ret_wait);
void house_kill(struct house *house); /* SIGKILL; that it had ended by itself ends the run */
void house_signal(struct house *house, int signal_number);
/* SIGTERM; it must end with 0. */
void house_stop(struct house *house);

/* `ltctl journal verify` on the data folder, which must end with 0. */
void house_verify(struct house *house);
int house_verify_code(struct house *house); /* the same, and what it ended with */

#endif
