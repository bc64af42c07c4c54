/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_STAMPS_H
#define BROKER_CORE_STAMPS_H

#include "broker/control/operators.h"
#include "stamper.h"

/*
 * The broker's time-stamps as its configuration wants them: the stamper over the log's newest
 * checkpoint, begun when an authority is named, changed by a reload, ended before the log is.
 */
struct stamps {
    struct stamper *stamper; /* NULL: no authority was named since the start */
    struct log_door log;
    int64_t every_ms;
    bool on;
};

/* Is what the configuration says of time-stamps usable? Nothing is begun. */
LT_CHECK enum lt_status stamps_check(const struct config *config, struct fault *fault);

/* At the start and after every reload. `stamps` stays where it is until it is closed. */
LT_CHECK enum lt_status stamps_apply(struct stamps *stamps, const struct log_door *log,
                                     const struct config *config, const struct lt_clock *clock,
                                     const struct lt_entropy *entropy, struct fault *fault);
void stamps_close(struct stamps *stamps);

/* For operators; false: no authority is named. */
bool stamps_about(struct stamps *stamps, int64_t now_ms, struct operators_stamps *ret_about);

#endif
