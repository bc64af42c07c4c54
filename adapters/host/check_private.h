/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_CHECK_PRIVATE_H
#define ADAPTERS_HOST_CHECK_PRIVATE_H

#include <stdbool.h>

#include "check.h"

/* What the files of `lt-adapter check` share: lines, and who says them. */
enum level { PASSED, NOTED, FAILED };

struct words {
    const char *vi;
    const char *en;
};

struct check {
    const struct check_options *options;
    uint32_t failures;
    bool reachable; /* TCP works */
};

#define CHECK_DETAIL_BYTES 640

const char *check_words(const struct check *check, struct words words);
/* One line; with FAILED and NOTED a second one that says what to do. */
void check_say(struct check *check, enum level level, struct words what, const char *detail,
               struct words mend);

/* check_log.c: what this agency knows of the axis' log. `told`: the key that the axis told in the
 * session of this check; "": none stood, or it has no log. */
void check_log(struct check *check, const struct host_agency *agency, const char *told);

#endif
