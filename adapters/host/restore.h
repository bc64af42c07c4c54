/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_RESTORE_H
#define ADAPTERS_HOST_RESTORE_H

#include <stdio.h>

#include "host.h"

/*
 * `lt-adapter restore`: after the database of an agency's own system was restored from a backup,
 * brings it up to what the axis has. The agency's live traffic stands still for as long as this
 * runs; the service must not hold the agency's box (LT_FENCED).
 */
struct restore_options {
    const struct host_config *config;
    const char *agency; /* NULL: the only one of the configuration */
    int64_t since_ms;   /* journal time from which on to compare */
    bool dry_run;       /* compare only */
    bool sent_too;      /* give back what the agency itself had sent */
    enum host_language language;
    const struct lt_driver *const *drivers;
    uint32_t drivers_count;
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    FILE *out;
    bool terminal; /* progress in place */
};

enum restore_end {
    RESTORE_DONE,       /* both sides agree, or everything missing is in the inbox */
    RESTORE_INCOMPLETE, /* something could not be asked or had: run it again */
    RESTORE_FAILED,     /* nothing was changed */
};
enum restore_end restore_run(const struct restore_options *options);

#endif
