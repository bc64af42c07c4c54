/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_STAMPER_H
#define BROKER_CORE_STAMPER_H

#include <stdbool.h>

#include "proto/base/fault.h"
#include "proto/timestamp.h"
#include <lienthong/clock.h>

/*
 * Time-stamps on the log's checkpoints (RFC 3161), by a thread of its own and never in anybody's
 * way. A stamp is on the SHA-256 of the newest checkpoint's note, which covers everything before
 * it: so there is never more than one to be made, however long the authority was away.
 *
 *   FOLDER/00000000000000001234.note   the checkpoint of that size, as it was stamped
 *   FOLDER/00000000000000001234.tsr    the answer, as it came
 *
 * The note is written first and the answer last; each appears whole or not at all. A size that has
 * its answer is never asked for again, so a crash or a second start costs nothing.
 */
#define STAMPER_RETRY_FIRST_MS 10000
#define STAMPER_RETRY_MS_MAX   600000
#define STAMPER_CALL_MS_MAX    30000
#define STAMPER_NOTE_BYTES_MAX 16384

/* The newest checkpoint that was issued; false: there is none yet. Called by the stamper's thread.
 */
struct stamper_source {
    void *self;
    bool (*newest)(void *self, uint64_t *ret_size, uint8_t note[STAMPER_NOTE_BYTES_MAX],
                   size_t *ret_note_size);
};

/* The texts need to live only until the call returns. */
struct stamper_options {
    const char *folder;
    const char *url;    /* of the authority, http or https; "": nothing is stamped */
    const char *trust;  /* PEM: whom time is believed (timestamp.h) */
    const char *policy; /* NULL or "": any */
    int64_t every_ms;   /* between two stamps */
    int64_t retry_ms;   /* after a failure, doubling; 0: STAMPER_RETRY_FIRST_MS */
    int64_t call_ms;    /* one call at most; 0: STAMPER_CALL_MS_MAX */
    struct stamper_source source;
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
};

struct stamper;

/* LT_CONFIG_BAD when the trust file does not read. The folder is made when it is not there. */
LT_CHECK enum lt_status stamper_open(struct stamper **ret_stamper,
                                     const struct stamper_options *options, struct fault *fault);
void stamper_close(struct stamper **stamper_p); /* ends a call that is under way */

/* From now on another authority, trust, policy or pace; the rest of the options is not looked at.
 * Waits for nobody: the thread takes it up after what it is at. LT_CONFIG_BAD: nothing changed. */
LT_CHECK enum lt_status stamper_change(struct stamper *stamper,
                                       const struct stamper_options *options, struct fault *fault);

struct stamper_state {
    uint64_t size;            /* of the last checkpoint that has its stamp; 0: none */
    int64_t time_ms;          /* what that stamp says */
    uint32_t failures;        /* since then */
    int64_t failing_since_ms; /* 0: it does not */
    bool wrong;               /* the last failure is an answer that does not count */
    char why[64];             /* the last failure: a finding's name, or what the line did */
    char detail[160];
};
void stamper_state(struct stamper *stamper, struct stamper_state *ret_state); /* any thread */

/* A person should know: it has failed for longer than the time between two stamps, there never was
 * a stamp at all, or the authority's answer does not count. */
bool stamper_late(const struct stamper_state *state, int64_t every_ms, int64_t now_ms);

#endif
