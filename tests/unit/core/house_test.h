/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_CORE_HOUSE_TEST_H
#define TESTS_UNIT_CORE_HOUSE_TEST_H

/*
 * A whole broker in memory with its operators' door: journal in memory, state in a folder of its
 * own, agencies and operators on a scripted network. Operators speak over that network; transfers
 * may come by `accept`, which is the broker's own decision without a line in front of it.
 */
#include "harness/slow_verifier.h"
#include "harness/world.h"
#include "harness/world_net.h"
#include "unit/base/base_test.h"

#include "broker/control/operators.h"
#include "broker/core/broker.h"
#include "broker/flow/fold_leg.h"
#include "broker/flow/steps.h"
#include "broker/registry/agency.h"
#include "proto/base/uuid7.h"
#include "proto/message.h"

#define HOUSE_ARGS_MAX 16
#define HOUSE_PAGE_MS  2000

enum person { VIEWER, OPERATOR, APPROVER, REGISTRAR, PEOPLE };

struct house {
    char *folder;
    char state_path[256];
    char base_path[256];
    struct world world;
    struct world_net *net;
    struct world_clock clock;
    struct world_entropy entropy;
    struct backend_memory *backend;
    struct slow_verifier *slow; /* NULL: the broker's own, without threads */
    struct config config;
    struct operators *operators;
    struct broker *broker;
    struct flow *flow;
    struct world_link *people[PEOPLE];
    struct digester *digester;
    struct uuid7 ids;
    struct arena arena; /* of the pages received */
    uint64_t number;    /* of the last query */
    uint64_t keys;      /* sender keys given */
};

static const char *const house_people[PEOPLE] = {"viewer-1", "operator-1", "approver-1",
                                                 "registrar-1"};

static inline struct lt_key house_key(uint8_t first, uint8_t second)
{
    struct lt_key key = {.bytes = {first, second, 1}};
    return key;
}

static inline enum lt_status house_try_broker(struct house *house, struct fault *fault)
{
    fault_init(fault);
    struct broker_options options = {
        .clock = &house->clock.clock,
        .entropy = &house->entropy.entropy,
        .port = world_net_server(house->net, 0),
        .backend = backend_memory_door(house->backend),
        .state = {.path = house->state_path,
                  .base = house->base_path,
                  .map_bytes = 256 << 20,
                  .applier_inline = true,
                  .no_sync = true,
                  .seed = 11},
        .settings = {.attempts_max = 3,
                     .backoff_first_ms = 1000,
                     .settle_timeout_ms = 600000,
                     .lease_ms = LEASE_MS,
                     .plan_second_over = PLAN_SECOND_OVER,
                     .beat_ms = BEAT_MS,
                     .blob_endpoint = "",
                     .software = "house/1"},
        .operators = operators_door(house->operators),
        .verifier = house->slow == NULL ? (struct verifier){0} : slow_verifier_door(house->slow),
        .owner = "test",
    };
    return broker_open(&house->broker, &options, fault);
}

static inline void house_open_broker(struct house *house)
{
    struct fault fault;
    enum lt_status status = house_try_broker(house, &fault);
    if (status != LT_OK) {
        fail_msg("%s: %s %s", lt_code(status), fault.field, fault.detail);
    }
    house->flow = broker_flow(house->broker);
}

static inline void house_init(struct house *house)
{
    memset(house, 0, sizeof(*house));
    house->folder = folder_take();
    snprintf(house->state_path, sizeof(house->state_path), "%s/state.mdb", house->folder);
    snprintf(house->base_path, sizeof(house->base_path), "%s/base", house->folder);
    world_init(&house->world, 5);
    world_clock_init(&house->clock, &house->world, 0);
    world_entropy_init(&house->entropy, &house->world, 1);
    assert_int_equal(world_net_open(&house->net, &house->world), LT_OK);
    assert_int_equal(backend_memory_open(&house->backend), LT_OK);
    assert_int_equal(digester_open(&house->digester), LT_OK);
    assert_int_equal(arena_init(&house->arena, 1 << 20, 512 << 20), LT_OK);
    for (uint8_t i = 0; i < PEOPLE; i++) {
        char user[64];
        struct operator_entry *entry = &house->config.operators[house->config.operators_count++];
        snprintf(entry->name, sizeof(entry->name), "%s", house_people[i]);
        snprintf(user, sizeof(user), "operator/%s", house_people[i]);
        entry->role = (enum operator_role)(OPERATOR_VIEWER + i);
        entry->key = house_key(200, i);
        assert_int_equal(world_net_admit(house->net, &entry->key, user), LT_OK);
    }
    assert_int_equal(operators_open(&house->operators, &house->config), LT_OK);
    house_open_broker(house);
    world_net_start(house->net, 0);
    for (uint8_t i = 0; i < PEOPLE; i++) {
        struct lt_key key = house_key(200, i);
        house->people[i] = world_net_dial(house->net, 0, &key);
        assert_non_null(house->people[i]);
    }
}

static inline void house_deinit(struct house *house)
{
    broker_close(&house->broker);
    operators_close(&house->operators);
    world_net_close(&house->net);
    backend_memory_close(&house->backend);
    digester_close(&house->digester);
    arena_deinit(&house->arena);
    folder_drop(house->folder);
}

/* One turn, one millisecond later. */
static inline void house_turn(struct house *house)
{
    bool idle;
    struct fault fault;
    fault_init(&fault);
    world_advance(&house->world, 1);
    enum lt_status status = broker_turn(house->broker, &idle, &fault);
    if (status != LT_OK) {
        fail_msg("turn: %s: %s %s", lt_code(status), fault.field, fault.detail);
    }
}

/* Turns until everything staged is durable. */
static inline void house_settle(struct house *house)
{
    for (int i = 0; i < 100; i++) {
        house_turn(house);
        if (house->flow->durable == journal_staged(house->flow->journal)) {
            return;
        }
    }
    fail_msg("nothing becomes durable");
}

/* ---- operators --------------------------------------------------------------------------------
 */

static inline void house_say(struct house *house, struct world_link *link, struct frame *frame)
{
    struct lt_bytes bytes;
    struct client_port port = world_link_port(link);
    assert_int_equal(frame_write(frame, &house->arena, &bytes), LT_OK);
    for (int i = 0; i < 1000; i++) {
        if (port.send(port.self, bytes) == LT_OK) {
            return;
        }
        house_turn(house);
    }
    fail_msg("the line stays closed");
}

/* The next frame of that kind, within the time; false: none came. */
static inline bool house_hear(struct house *house, struct world_link *link, enum frame_kind kind,
                              int64_t ms, struct frame *ret_frame)
{
    struct client_port port = world_link_port(link);
    int64_t end_ms = house->world.mono_ms + ms;
    while (house->world.mono_ms < end_ms) {
        struct lt_bytes bytes;
        while (port.receive(port.self, &bytes)) {
            struct fault fault;
            fault_init(&fault);
            struct lt_bytes copy = arena_copy(&house->arena, bytes);
            if (frame_read(copy, &house->arena, ret_frame, &fault) != LT_OK) {
                fail_msg("frame: %s %s", fault.field, fault.detail);
            }
            if (ret_frame->kind == kind) {
                return true;
            }
        }
        house_turn(house);
    }
    return false;
}

/* The same, where one must come. */
static inline struct frame house_heard(struct house *house, struct world_link *link,
                                       enum frame_kind kind, int64_t ms)
{
    struct frame frame;
    if (!house_hear(house, link, kind, ms, &frame)) {
        fail_msg("no frame of kind %d within %lld ms", (int)kind, (long long)ms);
        abort(); /* never: fail_msg jumps away, which its header does not say */
    }
    return frame;
}

/* "name", "value" ... NULL behind the last. */
static inline void query_fill(struct query *query, struct pair *pairs, const char *const *args)
{
    query->args = pairs;
    for (; *args != NULL; args += 2) {
        assert_true(query->args_count < HOUSE_ARGS_MAX);
        pairs[query->args_count++] =
            (struct pair){.name = text_bytes(args[0]), .value = text_bytes(args[1])};
    }
}

static inline struct page house_ask(struct house *house, enum person person, struct query *query)
{
    struct frame frame = {.kind = FRAME_QUERY};
    query->number = ++house->number;
    frame.query = *query;
    house_say(house, house->people[person], &frame);
    if (!house_hear(house, house->people[person], FRAME_PAGE, HOUSE_PAGE_MS, &frame)) {
        fail_msg("no page for %.*s", (int)query->verb.size, (const char *)query->verb.data);
    }
    assert_int_equal(frame.session, 0);
    assert_int_equal(frame.seq, 0);
    assert_int_equal(frame.page.number, house->number);
    return frame.page;
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* One page of at most `rows` rows (0: as many as there may be). */
static inline struct page ask_page(struct house *house, enum person person, const char *verb,
                                   const char *const *args, uint32_t rows, struct lt_bytes cursor)
{
    struct pair pairs[HOUSE_ARGS_MAX];
    struct query query = {.verb = text_bytes(verb), .rows = rows, .cursor = cursor};
    query_fill(&query, pairs, args);
    return house_ask(house, person, &query);
}

static inline struct page ask_code(struct house *house, enum person person, const char *verb,
                                   const char *const *args, uint32_t code)
{
    struct page page = ask_page(house, person, verb, args, 0, (struct lt_bytes){NULL, 0});
    if (page.code != code) {
        fail_msg("%s: %s %.*s", verb, lt_code((enum lt_status)page.code), (int)page.detail.size,
                 (const char *)page.detail.data);
    }
    return page;
}

static inline struct page ask_ok(struct house *house, enum person person, const char *verb,
                                 const char *const *args)
{
    return ask_code(house, person, verb, args, LT_OK);
}

/* All pages put together, each of at most `rows` rows; *ret_pages how many there were. */
static inline struct page ask_all(struct house *house, enum person person, const char *verb,
                                  const char *const *args, uint32_t rows, uint32_t *ret_pages)
{
    struct page all = {.rows = arena_zalloc(&house->arena, 65536 * sizeof(struct row))};
    struct page page = {.cursor = {NULL, 0}};
    uint32_t pages = 0;
    assert_non_null(all.rows);
    do {
        page = ask_page(house, person, verb, args, rows, page.cursor);
        if (page.code != 0) {
            fail_msg("%s: %s %.*s", verb, lt_code((enum lt_status)page.code), (int)page.detail.size,
                     (const char *)page.detail.data);
        }
        assert_true(rows == 0 || page.count <= rows);
        assert_true(all.count + page.count <= 65536);
        if (page.count > 0) {
            memcpy(&all.rows[all.count], page.rows, page.count * sizeof(struct row));
        }
        all.count += page.count;
        pages++;
        assert_true(pages < 65536);
    } while (page.cursor.size > 0);
    if (ret_pages != NULL) {
        *ret_pages = pages;
    }
    return all;
}

/* The value of a field, or NULL when the row has none of that name. */
static inline const char *field(struct house *house, const struct page *page, uint32_t row,
                                const char *name)
{
    assert_true(row < page->count);
    for (uint32_t i = 0; i < page->rows[row].count; i++) {
        if (bytes_equal(page->rows[row].fields[i].name, text_bytes(name))) {
            struct lt_bytes copy = arena_copy(&house->arena, page->rows[row].fields[i].value);
            assert_non_null(copy.data);
            return (const char *)copy.data;
        }
    }
    return NULL;
}

static inline void check_field(struct house *house, const struct page *page, uint32_t row,
                               const char *name, const char *expected, int line)
{
    const char *value = field(house, page, row, name);
    bool same = value == NULL ? expected == NULL : expected != NULL && strcmp(value, expected) == 0;
    if (!same) {
        fail_msg("line %d: row %u: %s is \"%s\", not \"%s\"", line, row, name,
                 value == NULL ? "(absent)" : value, expected == NULL ? "(absent)" : expected);
    }
}
#define assert_field(house, page, row, name, expected)                                             \
    check_field(house, page, row, name, expected, __LINE__)

static inline void assert_detail(const struct page *page, const char *text)
{
    if (memmem(page->detail.data, page->detail.size, text, strlen(text)) == NULL) {
        fail_msg("\"%.*s\" does not say \"%s\"", (int)page->detail.size,
                 (const char *)page->detail.data, text);
    }
}

/* ---- the registry ------------------------------------------------------------------------------
 */

static inline struct page put_payload(struct house *house, enum person person, const char *verb,
                                      struct lt_bytes payload, bool dry_run)
{
    struct pair pairs[HOUSE_ARGS_MAX];
    struct query query = {.verb = text_bytes(verb), .payload = payload};
    query_fill(&query, pairs, dry_run ? ARGS("dry_run", "1") : ARGS());
    return house_ask(house, person, &query);
}

static inline struct agency agency_make(const char *id, uint8_t key)
{
    struct agency agency;
    memset(&agency, 0, sizeof(agency));
    snprintf(agency.id, sizeof(agency.id), "%s", id);
    snprintf(agency.name, sizeof(agency.name), "Đơn vị thử %s", id);
    snprintf(agency.contact, sizeof(agency.contact), "liên hệ %s", id);
    agency.kind = AGENCY_COMMUNE;
    agency.keys[0].key = house_key(1, key);
    agency.keys_count = 1;
    return agency;
}

static inline struct page agency_put(struct house *house, const struct agency *agency, bool dry_run)
{
    uint8_t memory[AGENCY_BYTES_MAX];
    return put_payload(house, REGISTRAR, "agency-put", agency_write(memory, sizeof(memory), agency),
                       dry_run);
}

static inline struct page agency_suspend(struct house *house, const char *id, bool suspended,
                                         const char *reason)
{
    uint8_t memory[AGENCY_BYTES_MAX];
    struct pair pairs[HOUSE_ARGS_MAX];
    struct agency agency = *registry_by_id(house->flow->registry, text_bytes(id));
    agency.suspended = suspended;
    struct query query = {.verb = text_bytes("agency-put"),
                          .payload = agency_write(memory, sizeof(memory), &agency)};
    query_fill(&query, pairs, ARGS("reason", reason));
    return house_ask(house, REGISTRAR, &query);
}

/* Registers an agency; its key may connect. Gives its number. */
static inline uint32_t add_agency(struct house *house, const char *id, uint8_t key)
{
    struct agency agency = agency_make(id, key);
    struct page page = agency_put(house, &agency, false);
    assert_int_equal(page.code, LT_OK);
    assert_field(house, &page, 0, "change", "added");
    assert_int_equal(world_net_admit(house->net, &agency.keys[0].key, id), LT_OK);
    return registry_by_id(house->flow->registry, text_bytes(id))->number;
}

static inline struct page route_put(struct house *house, const char *verb, const char *procedure,
                                    const char *locality, const char *to, bool dry_run)
{
    uint8_t memory[ROUTE_BYTES_MAX];
    struct route route;
    memset(&route, 0, sizeof(route));
    snprintf(route.procedure, sizeof(route.procedure), "%s", procedure);
    snprintf(route.locality, sizeof(route.locality), "%s", locality);
    snprintf(route.to, sizeof(route.to), "%s", to);
    return put_payload(house, REGISTRAR, verb, route_write(memory, sizeof(memory), &route),
                       dry_run);
}

/* ---- transfers ---------------------------------------------------------------------------------
 */

/* What is sent; what is zero gets a value of its own. */
struct wish {
    const char *from;
    const char *to[4]; /* none: by competence */
    const char *case_code;
    const char *alias;
    const char *procedure;
    const char *sender_key;
    const struct lt_id *id;
    enum lt_kind kind;
    uint32_t priority;
};

struct given {
    struct lt_id id;
    char id_text[ID_TEXT_BYTES];
    uint64_t position;
    enum lt_status code;
    struct lt_id known_as;
};

static inline struct given accept(struct house *house, const struct wish *wish)
{
    struct given given;
    struct flow *flow = house->flow;
    struct header header;
    struct lt_bytes to[4];
    struct lt_bytes alias = text_bytes(wish->alias);
    char key[32];
    memset(&given, 0, sizeof(given));
    memset(&header, 0, sizeof(header));
    snprintf(key, sizeof(key), "key-%llu", (unsigned long long)++house->keys);
    header.id = wish->id != NULL
                    ? *wish->id
                    : uuid7_next(&house->ids, &house->clock.clock, &house->entropy.entropy);
    header.sender_key = text_bytes(wish->sender_key == NULL ? key : wish->sender_key);
    header.content_digest = digest_of(house->digester, header.sender_key);
    header.kind = wish->kind == LT_KIND_NONE ? LT_KIND_FORWARD : wish->kind;
    header.from = text_bytes(wish->from);
    header.to = to;
    while (header.to_count < 4 && wish->to[header.to_count] != NULL) {
        to[header.to_count] = text_bytes(wish->to[header.to_count]);
        header.to_count++;
    }
    header.case_code = text_bytes(wish->case_code);
    header.aliases = &alias;
    header.aliases_count = wish->alias == NULL ? 0 : 1;
    header.procedure = text_bytes(wish->procedure);
    header.procedure_raw = text_bytes(wish->procedure);
    header.locality = text_bytes("11824");
    header.priority = wish->priority;
    header.created_ms = house->world.wall_ms - 5;
    header.schema_version = 1;
    header.body_type = text_bytes("application/json");
    struct parcel parcel = {.body = text_bytes("{\"thu\":true}")};
    assert_int_equal(header_write(&header, &flow->arena, &parcel.header), LT_OK);
    parcel.digest = digest_of_two(house->digester, parcel.header, parcel.body);
    const struct agency *from = registry_by_id(flow->registry, text_bytes(wish->from));
    assert_non_null(from);
    struct decision decision;
    memset(&decision, 0, sizeof(decision));
    fault_init(&decision.fault);
    assert_int_equal(decide(flow, from, &parcel, &header, NULL, &decision), LT_OK);
    given.id = header.id;
    id_write(given.id_text, &given.id);
    given.position = decision.position;
    given.code = decision.code;
    given.known_as = decision.known_as;
    return given;
}

/* Accepted and durable. */
static inline struct given accept_now(struct house *house, const struct wish *wish)
{
    struct given given = accept(house, wish);
    if (given.code != LT_OK) {
        fail_msg("refused: %s", lt_code(given.code));
    }
    house_settle(house);
    return given;
}

static inline struct leg leg_of(struct house *house, const struct given *given, uint8_t leg)
{
    struct transfer_key key;
    struct transfer t;
    assert_int_equal(transfer_at(house->flow, given->position, &key, &t), LT_OK);
    assert_true(leg < t.legs_count);
    return t.legs[leg];
}

/* What a receiver says, as the fact it becomes. */
static inline void say(struct house *house, const struct given *given, uint8_t leg,
                       enum lt_outcome outcome, uint16_t code, enum leg_state next,
                       const char *reason)
{
    uint8_t memory[1024];
    uint64_t position;
    struct fact_settled settled = {
        .position = given->position,
        .leg = leg,
        .attempt = (uint16_t)(leg_of(house, given, leg).attempts),
        .agency = leg_of(house, given, leg).agency,
        .outcome = (uint8_t)outcome,
        .code = code,
        .next = (uint8_t)next,
        .due_ms = next == LEG_BACKOFF ? house->world.wall_ms + 60000 : 0,
        .decided_ms = house->world.wall_ms,
        .reason = text_bytes(reason),
    };
    assert_int_equal(flow_fact(house->flow, FACT_SETTLED,
                               fact_write_settled(memory, sizeof(memory), &settled), &position),
                     LT_OK);
    house_settle(house);
}

static inline void say_sent(struct house *house, const struct given *given, uint8_t leg)
{
    uint8_t memory[128];
    uint64_t position;
    struct leg before = leg_of(house, given, leg);
    struct fact_sent_item item = {
        .position = given->position, .leg = leg, .attempt = (uint16_t)(before.attempts + 1)};
    assert_int_equal(flow_fact(house->flow, FACT_SENT,
                               fact_write_sent(memory, sizeof(memory), before.agency, &item, 1),
                               &position),
                     LT_OK);
    house_settle(house);
}

static inline void park(struct house *house, const struct given *given, uint8_t leg,
                        const char *reason)
{
    say_sent(house, given, leg);
    say(house, given, leg, LT_OUTCOME_FAILED, LT_RECEIVER_NEVER, LEG_PARKED, reason);
}

/* ---- agencies on the line ----------------------------------------------------------------------
 */

struct party {
    struct world_link *link;
    uint64_t session;
    uint64_t seq;
};

static inline void party_say(struct house *house, struct party *party, struct frame *frame)
{
    frame->session = party->session;
    frame->seq = ++party->seq;
    house_say(house, party->link, frame);
}

static inline struct party party_connect_as(struct house *house, uint8_t key, uint8_t instance)
{
    struct lt_key own = house_key(1, key);
    struct party party = {.link = world_net_dial(house->net, 0, &own)};
    struct frame frame = {.kind = FRAME_HELLO};
    frame.hello = (struct hello){.protocol_min = 1,
                                 .protocol_max = 1,
                                 .instance = {{key, instance}},
                                 .epoch = 1,
                                 .role = ROLE_BOTH,
                                 .software = text_bytes("party")};
    assert_non_null(party.link);
    house_say(house, party.link, &frame);
    assert_true(house_hear(house, party.link, FRAME_WELCOME, HOUSE_PAGE_MS, &frame));
    party.session = frame.welcome.session;
    return party;
}

static inline struct party party_connect(struct house *house, uint8_t key)
{
    return party_connect_as(house, key, 7);
}

static inline void party_grant(struct house *house, struct party *party, uint32_t parcels)
{
    struct frame frame = {.kind = FRAME_GRANT};
    frame.grant.deliver = (struct window){.parcels = parcels, .bytes = 1 << 20};
    party_say(house, party, &frame);
    for (int i = 0; i < 5; i++) {
        house_turn(house);
    }
}

#endif
