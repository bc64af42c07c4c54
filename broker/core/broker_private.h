/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_BROKER_PRIVATE_H
#define BROKER_CORE_BROKER_PRIVATE_H

#include "broker.h"
#include "disk_trend.h"
#include "timekeeper.h"

struct broker {
    struct broker_options options;
    struct flow flow;
    uint64_t restored_at; /* position of the declaration of a restore; 0: none was made */
    struct timekeeper keeper;
    bool clock_told; /* suspect, as the last fact about it says */
    struct scrub *scrub;
    struct blob_desk *blobs;
    int64_t started_ms;
    int64_t disk_looked_ms; /* monotonic */
    struct disk_trend trend;
    bool disk_told;        /* that it fills, as the last line of the log says */
    int64_t commit_due_ms; /* monotonic: when a batch that met a full disk is tried again */
    bool failed;           /* a stop class was met: never acknowledge again */
};

#endif
