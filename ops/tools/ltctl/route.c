/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `route add` and `route remove`: one route by competence at a time. An absent option means "any";
 * the procedure may be given raw and is brought to its first two groups, as the axis compares it.
 */
#include <stdio.h>
#include <string.h>

#include "entry.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define SAID_MAX 512

static enum exit_code value_bad(const struct ltctl *ltctl, enum option option, const char *allowed)
{
    char said[SAID_MAX];
    PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_BAD, option_text(option),
                ltctl->options.values[option], allowed);
    return complain_usage(ltctl, said);
}

static enum exit_code route_take(struct ltctl *ltctl, struct route *route)
{
    const char *const *values = ltctl->options.values;
    const char *procedure = values[OPTION_PROCEDURE];
    const char *locality = values[OPTION_LOCALITY];
    const char *kind = values[OPTION_KIND];
    const char *to = values[OPTION_TO];
    memset(route, 0, sizeof(*route));
    if (to == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_TO_MISSING));
    }
    if (procedure != NULL && strlen(procedure) > LT_PROCEDURE_MAX) {
        return value_bad(ltctl, OPTION_PROCEDURE, "<= 40 byte");
    }
    if (locality != NULL && strlen(locality) > LT_LOCALITY_MAX) {
        return value_bad(ltctl, OPTION_LOCALITY, "<= 16 [0-9]");
    }
    if (!agency_id_valid(text_bytes(to))) {
        return value_bad(ltctl, OPTION_TO, "1..35 [0-9A-Z.]");
    }
    if (kind != NULL && kind_by_name(text_bytes(kind)) == LT_KIND_NONE) {
        return value_bad(ltctl, OPTION_KIND, "forward, result, petition ...");
    }
    procedure_normalise(route->procedure, sizeof(route->procedure), text_bytes(procedure));
    text_copy(route->locality, sizeof(route->locality), text_bytes(locality));
    route->kind = kind != NULL ? (uint8_t)kind_by_name(text_bytes(kind)) : 0;
    text_copy(route->to, sizeof(route->to), text_bytes(to));
    return EXIT_GOOD;
}

static enum exit_code put(struct ltctl *ltctl, bool gone)
{
    struct route route;
    enum exit_code code = route_take(ltctl, &route);
    if (code != EXIT_GOOD) {
        return code;
    }
    struct output output;
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    bool dry_run = ltctl->options.values[OPTION_DRY_RUN] != NULL;
    code = entry_put_route(ltctl, &route, gone, dry_run, &output);
    enum exit_code finished = finish(ltctl, &output, false);
    return code != EXIT_GOOD ? code : finished;
}

enum exit_code run_route_add(struct ltctl *ltctl)
{
    return put(ltctl, false);
}

enum exit_code run_route_remove(struct ltctl *ltctl)
{
    return put(ltctl, true);
}
