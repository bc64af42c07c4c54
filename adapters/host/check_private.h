/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_CHECK_PRIVATE_H
#define ADAPTERS_HOST_CHECK_PRIVATE_H

#include <stdbool.h>

#include "adapters/sdk/log_peek.h"
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

/* What the axis told in the session of this check. */
struct told {
    bool stood; /* there was one */
    struct axis_says says;
    char log_key[LT_LOG_KEY_MAX]; /* "": it has no log */
};

/* check_log.c: what this agency knew of the axis before that session, and now of its log. */
LT_CHECK bool check_peek(struct check *check, const struct host_agency *agency,
                         struct log_peek *ret_peek);
void check_log(struct check *check, const struct log_peek *peek, const struct told *told);

#endif
