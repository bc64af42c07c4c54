/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_RESTORED_MARK_H
#define BROKER_CORE_RESTORED_MARK_H

#include "proto/base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * FOLDER/journal.restored, left by `ltctl restore`: who restored this folder and why. The broker
 * declares it as a fact and removes the file when that is durable; a crash in between declares it
 * once more, which changes nothing for anybody.
 */
#define RESTORED_MARK_NAME "journal.restored"

struct restored_mark {
    uint64_t position; /* the backup reached to there; 0: the file does not say */
    char person[64];
    char reason[LT_REASON_MAX + 1];
};

/* LT_NOT_FOUND: nothing was restored. LT_DAMAGED: the file does not say who and why. */
LT_CHECK enum lt_status restored_mark_read(const char *folder, struct restored_mark *ret_mark,
                                           struct fault *fault);
LT_CHECK enum lt_status restored_mark_remove(const char *folder, struct fault *fault);

#endif
