/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_DRIVERS_SPOOL_SPOOL_H
#define ADAPTERS_DRIVERS_SPOOL_SPOOL_H

#include <pthread.h>

#include "adapters/host/asker.h"
#include "adapters/host/stopper.h"
#include "folder.h"
#include "proto/digest.h"
#include <lienthong/adapter.h>

/* Shared by the files of the folder driver: one agency's folders and where it is with each. */

#define SPOOL_NODE            "spool"
#define SPOOL_LEASE_MS        (10 * 60 * 1000)
#define SPOOL_OUTSTANDING_MAX 64
#define SPOOL_ATTACHMENT_MS   (10 * 60 * 1000) /* a named attachment must be there after so long */
#define SPOOL_EVENTS_PER_POLL 512
#define SPOOL_KEEP_DAYS       30
#define SPOOL_TIDY_MS         (60 * 60 * 1000)

/* A delivery that lies in in/ and waits for an answer. */
struct spool_delivery {
    struct lt_id id;
    uint32_t leg;
    char name[64];           /* ID-LEG, of its file or folder */
    int64_t renew_due_ms;    /* monotonic */
    char answer[16];         /* the answer file seen at the last poll: its outcome ... */
    struct folder_mark mark; /* ... and its looks */
};

struct spool_agency {
    struct lt_tenant tenant;
    const struct lt_driver_options *options;
    struct stopper *stopper;
    pthread_t thread;
    bool thread_runs;
    struct digester *digester;
    struct folder_scan out_scan;
    struct spool_delivery deliveries[SPOOL_OUTSTANDING_MAX];
    uint32_t deliveries_count;
    uint64_t cursor;
    int64_t tidy_due_ms;
    struct asker *asker; /* questions about what the local system holds */
};

/* A path below the agency's folder; false when it is too long. */
LT_CHECK bool spool_path(const struct spool_agency *agency, char out[FOLDER_PATH_BYTES],
                         const char *format, ...) LT_PRINTF(3, 4);
int64_t spool_mono_ms(const struct spool_agency *agency);

/* Moves out/NAME or in/NAME to rejected/ and writes NAME.reason.txt beside it, vi and en. */
void spool_reject(const struct spool_agency *agency, const char *folder, const char *name,
                  const struct lt_problem *problem);

/* spool_out.c: requests and their attachments */
void spool_out_poll(struct spool_agency *agency);

/* spool_in.c: deliveries and their answers */
void spool_in_recover(struct spool_agency *agency); /* what lies there from the last run */
void spool_in_poll(struct spool_agency *agency);

/* spool_held.c: the index that the local system keeps in held/ */
void spool_held_ask(void *self, const struct asker *asker, const struct lt_question *question,
                    struct lt_held_answer *ret_answer);

/* spool_events.c */
void spool_events_recover(struct spool_agency *agency);
void spool_events_poll(struct spool_agency *agency);

#endif
