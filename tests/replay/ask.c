/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Operators of a story: "operator asks parked agency=H24.15" goes through the operators' door as
 * ltctl's questions do, over a connection of its own. The page that comes (all its parts put
 * together) is kept for "expect row", "expect rows" and "expect answer". Where a value is the name
 * of a transfer, its id is asked for.
 *
 * One person per role: viewer, operator, approver, registrar.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/registry/agency.h"
#include "proto/base/text.h"
#include "stage.h"

#define ANSWER_MS 10000
#define ARGS_MAX  16
#define ROWS_MAX  (sizeof(((struct asked *)0)->rows) / sizeof(struct row))

bool person_by_name(const char *name, enum person *ret_person)
{
    static const char *const names[PEOPLE] = {"viewer", "operator", "approver", "registrar"};
    for (uint32_t i = 0; i < PEOPLE; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_person = (enum person)i;
            return true;
        }
    }
    return false;
}

static bool linked(void *context)
{
    struct client_port port = world_link_port(context);
    return port.link(port.self) == LINK_UP;
}

static struct client_port line_of(struct stage *stage, enum person person)
{
    if (stage->people[person] == NULL) {
        stage->people[person] = world_net_dial(stage->net, 0, &stage->config.operators[person].key);
    }
    if (stage->people[person] == NULL ||
        !stage_until(stage, ANSWER_MS, linked, stage->people[person])) {
        stage_fail(stage, "the operator gets no line");
    }
    return world_link_port(stage->people[person]);
}

struct awaited {
    struct stage *stage;
    struct client_port port;
    struct frame frame;
    bool came;
};

static bool page_came(void *context)
{
    struct awaited *awaited = context;
    struct lt_bytes bytes;
    while (!awaited->came && awaited->port.receive(awaited->port.self, &bytes)) {
        struct fault fault;
        fault_init(&fault);
        struct lt_bytes copy = arena_copy(&awaited->stage->ask_arena, bytes);
        if (frame_read(copy, &awaited->stage->ask_arena, &awaited->frame, &fault) != LT_OK) {
            stage_fail(awaited->stage, "a page does not read: %s %s", fault.field, fault.detail);
        }
        awaited->came = awaited->frame.kind == FRAME_PAGE &&
                        awaited->frame.page.number == awaited->stage->queries;
    }
    return awaited->came;
}

static struct page ask_once(struct stage *stage, enum person person, struct query *query)
{
    struct lt_bytes bytes;
    struct awaited awaited = {.stage = stage, .port = line_of(stage, person)};
    struct frame frame = {.kind = FRAME_QUERY};
    query->number = ++stage->queries;
    frame.query = *query;
    if (frame_write(&frame, &stage->ask_arena, &bytes) != LT_OK ||
        awaited.port.send(awaited.port.self, bytes) != LT_OK) {
        stage_fail(stage, "the question cannot be sent");
    }
    if (!stage_until(stage, ANSWER_MS, page_came, &awaited)) {
        stage_fail(stage, "no answer from the operators' door");
    }
    return awaited.frame.page;
}

static void ask_all(struct stage *stage, enum person person, struct query *query)
{
    struct asked *asked = &stage->asked;
    arena_reset(&stage->ask_arena);
    memset(asked, 0, sizeof(*asked));
    do {
        asked->page.cursor = query->cursor;
        struct page page = ask_once(stage, person, query);
        if (asked->page.count + page.count > ROWS_MAX) {
            stage_fail(stage, "more rows than a story can look at");
        }
        for (uint32_t i = 0; i < page.count; i++) {
            asked->rows[asked->page.count + i] = page.rows[i];
        }
        asked->page.count += page.count;
        asked->page.code = page.code;
        asked->page.detail = page.detail;
        query->cursor = page.cursor;
    } while (query->cursor.size > 0);
    asked->page.rows = asked->rows;
    asked->given = true;
}

struct page ask_payload(struct stage *stage, const char *verb, struct lt_bytes payload)
{
    struct query query = {.verb = text_bytes(verb), .payload = payload};
    ask_all(stage, REGISTRAR, &query);
    return stage->asked.page;
}

/* "name=value"; a value that names a transfer becomes its id. */
static void read_arg(struct stage *stage, const char *word, struct pair *ret_pair,
                     char id[ID_TEXT_BYTES])
{
    const char *sign = strchr(word, '=');
    if (sign == NULL) {
        stage_fail(stage, "\"%s\" is no name=value", word);
    }
    const struct parcel_made *made = stage_transfer_find(stage, sign + 1);
    ret_pair->name = (struct lt_bytes){(const uint8_t *)word, (size_t)(sign - word)};
    ret_pair->value = text_bytes(sign + 1);
    if (made != NULL && bytes_equal(ret_pair->name, text_bytes("id"))) {
        id_write(id, &made->id);
        ret_pair->value = text_bytes(id);
    }
}

static void ask_verb(struct stage *stage, enum person person)
{
    struct pair pairs[ARGS_MAX];
    char ids[ARGS_MAX][ID_TEXT_BYTES];
    struct query query = {.verb = text_bytes(stage_word(stage, "a verb")), .args = pairs};
    const char *word;
    while ((word = word_next(stage->statement)) != NULL) {
        if (query.args_count == ARGS_MAX) {
            stage_fail(stage, "more than %d arguments", ARGS_MAX);
        }
        read_arg(stage, word, &pairs[query.args_count], ids[query.args_count]);
        query.args_count++;
    }
    ask_all(stage, person, &query);
}

static void add_route(struct stage *stage)
{
    uint8_t memory[ROUTE_BYTES_MAX];
    struct route route;
    struct statement *st = stage->statement;
    const char *procedure = word_after(st, "procedure");
    const char *locality = word_after(st, "locality");
    const char *to = word_after(st, "to");
    memset(&route, 0, sizeof(route));
    snprintf(route.procedure, sizeof(route.procedure), "%s", procedure == NULL ? "" : procedure);
    snprintf(route.locality, sizeof(route.locality), "%s", locality == NULL ? "" : locality);
    snprintf(route.to, sizeof(route.to), "%s", to == NULL ? "" : to);
    struct page page = ask_payload(stage, "route-put", route_write(memory, sizeof(memory), &route));
    if (page.code != LT_OK) {
        stage_fail(stage, "the registry refuses the route: %s %.*s",
                   lt_code((enum lt_status)page.code), (int)page.detail.size,
                   (const char *)page.detail.data);
    }
}

/* "registrar names H24.16 successor of H24.15 [in 1h]" */
static void name_successor(struct stage *stage)
{
    uint8_t memory[AGENCY_BYTES_MAX];
    struct statement *st = stage->statement;
    const char *in = word_after(st, "in");
    const char *successor = stage_word(stage, "an agency");
    if (!word_is(st, "successor") || !word_is(st, "of")) {
        stage_fail(stage, "registrar names AGENCY successor of AGENCY");
    }
    const struct agency *known =
        registry_by_id(stage_flow(stage)->registry, text_bytes(stage_word(stage, "an agency")));
    if (known == NULL) {
        stage_fail(stage, "no such agency");
    }
    struct agency agency = *known;
    snprintf(agency.successor, sizeof(agency.successor), "%s", successor);
    agency.successor_from_ms = in == NULL ? 0 : stage->world.wall_ms + stage_span(stage, in);
    struct page page =
        ask_payload(stage, "agency-put", agency_write(memory, sizeof(memory), &agency));
    if (page.code != LT_OK) {
        stage_fail(stage, "the registry refuses: %s %.*s", lt_code((enum lt_status)page.code),
                   (int)page.detail.size, (const char *)page.detail.data);
    }
}

/* "operator acts for H24.15 only": the scope of the configuration, as a reload changes it. */
static void act_for(struct stage *stage, enum person person)
{
    struct operator_entry *entry = &stage->config.operators[person];
    snprintf(entry->scope[0], sizeof(entry->scope[0]), "%s", stage_word(stage, "an agency"));
    entry->scope_count = 1;
    if (!word_is(stage->statement, "only")) {
        stage_fail(stage, "acts for AGENCY only");
    }
}

void ask_as(struct stage *stage, enum person person)
{
    struct statement *st = stage->statement;
    if (word_is(st, "asks")) {
        ask_verb(stage, person);
    } else if (word_is(st, "adds") && word_is(st, "a") && word_is(st, "route") &&
               person == REGISTRAR) {
        add_route(stage);
    } else if (person == REGISTRAR && word_is(st, "names")) {
        name_successor(stage);
    } else if (word_is(st, "acts") && word_is(st, "for")) {
        act_for(stage, person);
    } else {
        stage_fail(stage, "asks VERB, acts for AGENCY only, or registrar adds a route, names");
    }
}
