/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_BROKER_H
#define OPS_TOOLS_BENCH_BROKER_H

#include <sys/types.h>

#include "options.h"
#include "proto/port_zmq.h"

/*
 * The broker that is measured: one of our own in a fresh folder, ended with SIGTERM by its number,
 * or one that runs already and is left alone.
 */
struct broker {
    bool own;
    bool keep;
    pid_t pid; /* 0: unknown */
    int pid_fd;
    char folder[160];
    char endpoint[128];
    struct lt_key server_key;      /* public */
    struct lt_key operator_secret; /* of a registrar */
};

/* Own: makes keys and configuration and starts the program; whether it serves is for the operator
 * port to say. `self` is the path of this program, beside which lienthongd is looked for. */
LT_CHECK enum lt_status broker_open(struct broker *broker, const struct bench_options *options,
                                    const char *self, struct fault *fault);

/* True while the own broker's process lives (always for another's). */
bool broker_alive(const struct broker *broker);

/* Own: SIGTERM, wait, remove the folder. The exit status was not 0: LT_IO. */
LT_CHECK enum lt_status broker_close(struct broker *broker, struct fault *fault);

#endif
