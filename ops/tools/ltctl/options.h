/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_OPTIONS_H
#define OPS_TOOLS_LTCTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include <lienthong/status.h>

/* Every option of every command; a command says which it takes. OPTION(NAME, text, has a value) */
#define OPTIONS_TABLE                                                                              \
    OPTION(CONFIG, "config", true)                                                                 \
    OPTION(ENDPOINT, "endpoint", true)                                                             \
    OPTION(SERVER_KEY, "server-key", true)                                                         \
    OPTION(KEY, "key", true)                                                                       \
    OPTION(LANG, "lang", true)                                                                     \
    OPTION(TIMEOUT, "timeout", true)                                                               \
    OPTION(JSON, "json", false)                                                                    \
    OPTION(CSV, "csv", false)                                                                      \
    OPTION(HELP, "help", false)                                                                    \
    OPTION(VERSION, "version", false)                                                              \
    OPTION(AGENCY, "agency", true)                                                                 \
    OPTION(FROM, "from", true)                                                                     \
    OPTION(TO, "to", true)                                                                         \
    OPTION(CASE, "case", true)                                                                     \
    OPTION(STATE, "state", true)                                                                   \
    OPTION(KIND, "kind", true)                                                                     \
    OPTION(PROCEDURE, "procedure", true)                                                           \
    OPTION(LOCALITY, "locality", true)                                                             \
    OPTION(SINCE, "since", true)                                                                   \
    OPTION(UNTIL, "until", true)                                                                   \
    OPTION(LIMIT, "limit", true)                                                                   \
    OPTION(CODE, "code", true)                                                                     \
    OPTION(LEG, "leg", true)                                                                       \
    OPTION(REASON, "reason", true)                                                                 \
    OPTION(DRY_RUN, "dry-run", false)                                                              \
    OPTION(EVERY, "every", true)                                                                   \
    OPTION(NAME, "name", true)                                                                     \
    OPTION(CONTACT, "contact", true)                                                               \
    OPTION(SUCCESSOR, "successor", true)                                                           \
    OPTION(PUBLIC_KEY, "public-key", true)                                                         \
    OPTION(RATE, "rate", true)                                                                     \
    OPTION(QUOTA_MIB, "quota-mib", true)                                                           \
    OPTION(DENY, "deny", true)                                                                     \
    OPTION(NO_MARK, "no-mark", false)                                                              \
    OPTION(BY, "by", true)                                                                         \
    OPTION(SECOND, "second", false)                                                                \
    OPTION(ALL, "all", false)                                                                      \
    OPTION(GROUP, "group", true)                                                                   \
    OPTION(CODES, "codes", true)                                                                   \
    OPTION(IDS, "ids", true)                                                                       \
    OPTION(PACE, "pace", true)                                                                     \
    OPTION(STOP, "stop", true)                                                                     \
    OPTION(RESULT, "result", true)                                                                 \
    OPTION(BELOW, "below", true)                                                                   \
    OPTION(ARCHIVE, "archive", true)                                                               \
    OPTION(DATA, "data", true)                                                                     \
    OPTION(OUTPUT, "output", true)                                                                 \
    OPTION(WITHOUT_BODIES, "without-bodies", false)                                                \
    OPTION(CHAIN, "chain", true)                                                                   \
    OPTION(CRL, "crl", true)                                                                       \
    OPTION(CA, "ca", true)                                                                         \
    OPTION(DAYS, "days", true)                                                                     \
    OPTION(OUT, "out", true)                                                                       \
    OPTION(BODY, "body", false)                                                                    \
    OPTION(PURPOSE, "purpose", true)                                                               \
    OPTION(PERSON, "person", true)                                                                 \
    OPTION(KINDS, "kinds", true)                                                                   \
    OPTION(PROCEDURES, "procedures", true)

enum option {
#define OPTION(name, text, value) OPTION_##name,
    OPTIONS_TABLE
#undef OPTION
        OPTIONS_END,
};

#define OPTION_BIT(name) (1ULL << OPTION_##name)

/* What every command takes. */
#define OPTIONS_COMMON                                                                             \
    (OPTION_BIT(CONFIG) | OPTION_BIT(ENDPOINT) | OPTION_BIT(SERVER_KEY) | OPTION_BIT(KEY) |        \
     OPTION_BIT(LANG) | OPTION_BIT(TIMEOUT) | OPTION_BIT(JSON) | OPTION_BIT(CSV) |                 \
     OPTION_BIT(HELP) | OPTION_BIT(VERSION))

#define WORDS_MAX 1024

struct options {
    const char *values[OPTIONS_END]; /* NULL: not given; "" for one without a value */
    const char *words[WORDS_MAX];    /* what is no option, in order: command and arguments */
    uint32_t words_count;
};

/*
 * Options may stand anywhere; "--" ends them; "--name value" and "--name=value" are the same; "-h"
 * is --help, "-o" --output. LT_FIELD_BAD with the word in fault->field and the nearest option, if
 * any, in fault->detail; LT_FIELD_MISSING when its value is missing; LT_FIELD_TWICE.
 */
LT_CHECK enum lt_status options_read(struct options *ret_options, int argc, const char *const *argv,
                                     struct fault *fault);

const char *option_text(enum option option);

/* The first option that is given and not in `allowed`, or OPTIONS_END. */
enum option options_foreign(const struct options *options, uint64_t allowed);

#endif
