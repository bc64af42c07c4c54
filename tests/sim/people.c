/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One errand per person at a time: an act or a question, asked again until a page comes or patience
 * ends. What to act on is found by looking into the broker, as a list on a screen would show it;
 * that it may have changed before the act arrives is part of the game. Every act is noted with the
 * oracle before it is sent: it may happen although no page ever says so.
 */
#include "people.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/control/operators.h"
#include "broker/flow/fold_leg.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define PEOPLE       4
#define AGAIN_MS     3000  /* no page: the same question once more */
#define PATIENCE_MS  20000 /* in all */
#define BEGIN_CHANCE 14    /* permille, per step and person */
#define ARGS         6

enum errand_kind { ERRAND_NONE, ERRAND_ACT, ERRAND_GATE, ERRAND_CLOCK, ERRAND_LOOK };

struct errand {
    enum errand_kind kind;
    enum act_kind act;
    const char *verb;
    struct wish *wish;
    uint32_t agency; /* index: whose share, or whose gate */
    uint32_t from;
    uint32_t to;
    uint8_t leg;
    bool second;
    bool sent;
    int64_t due_ms;
    int64_t until_ms;
    char id[ID_TEXT_BYTES];
    char gate[8];
};

struct person {
    struct world_link *link;
    struct arena arena;
    uint64_t number; /* of the last question */
    struct errand errand;
};

struct people {
    struct world *world;
    struct oracle *oracle;
    const char *const *ids;
    struct world_random random;
    struct config config;
    struct operators *operators;
    struct person all[PEOPLE];
    struct people_sum sum;
    bool calm;
};

/* ---- who they are ---- */

static void admit(struct people *people, struct world_net *net, struct world_entropy *entropy,
                  const char *name, enum operator_role role)
{
    char user[80];
    struct operator_entry *entry = &people->config.operators[people->config.operators_count++];
    snprintf(entry->name, sizeof(entry->name), "%s", name);
    snprintf(user, sizeof(user), "operator/%s", name);
    entry->role = role;
    entropy->entropy.fill(entropy->entropy.self, &entry->key, sizeof(entry->key));
    enum lt_status status = world_net_admit(net, &entry->key, user);
    assert(status == LT_OK);
}

struct people *people_open(struct world *world, struct world_net *net, struct oracle *oracle,
                           const char *const *ids)
{
    struct people *people = calloc(1, sizeof(*people));
    struct world_entropy entropy;
    assert(people != NULL);
    people->world = world;
    people->oracle = oracle;
    people->ids = ids;
    world_random_init(&people->random, world, 5);
    world_entropy_init(&entropy, world, 6);
    admit(people, net, &entropy, "operator-1", OPERATOR_OPERATOR);
    admit(people, net, &entropy, "operator-2", OPERATOR_OPERATOR);
    admit(people, net, &entropy, "approver-1", OPERATOR_APPROVER);
    admit(people, net, &entropy, "approver-2", OPERATOR_APPROVER);
    admit(people, net, &entropy, "sim", OPERATOR_REGISTRAR); /* who makes plans (operator.c) */
    admit(people, net, &entropy, "second", OPERATOR_APPROVER);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        people->all[i].link = world_net_dial(net, 0, &people->config.operators[i].key);
        assert(people->all[i].link != NULL);
        enum lt_status status = arena_init(&people->all[i].arena, 64 * 1024, 4 << 20);
        assert(status == LT_OK);
    }
    return people;
}

void people_close(struct people **people_p)
{
    struct people *people = *people_p;
    for (uint32_t i = 0; i < PEOPLE; i++) {
        world_link_close(&people->all[i].link);
        arena_deinit(&people->all[i].arena);
    }
    operators_close(&people->operators);
    free(people);
    *people_p = NULL;
}

struct flow_operators people_door(struct people *people)
{
    operators_close(&people->operators);
    enum lt_status status = operators_open(&people->operators, &people->config);
    assert(status == LT_OK);
    return operators_door(people->operators);
}

void people_calm(struct people *people)
{
    people->calm = true;
    for (uint32_t i = 0; i < PEOPLE; i++) {
        people->all[i].errand.kind = ERRAND_NONE;
    }
}

void people_weather(struct people *people, const struct weather *weather)
{
    for (uint32_t i = 0; i < PEOPLE; i++) {
        world_link_weather(people->all[i].link, weather);
    }
}

const struct people_sum *people_sum(const struct people *people)
{
    return &people->sum;
}

/* ---- asking ---- */

static void send(struct people *people, struct person *person)
{
    const struct errand *errand = &person->errand;
    struct client_port port = world_link_port(person->link);
    char leg[8];
    struct pair args[ARGS];
    uint32_t count = 0;
    struct lt_bytes bytes;
    snprintf(leg, sizeof(leg), "%u", (unsigned)errand->leg);
    if (errand->kind == ERRAND_ACT) {
        args[count++] = (struct pair){text_bytes("id"), text_bytes(errand->id)};
        args[count++] = (struct pair){text_bytes("from"), text_bytes(people->ids[errand->from])};
        args[count++] = (struct pair){text_bytes("leg"), text_bytes(leg)};
        if (errand->act == ACT_REROUTE) {
            args[count++] = (struct pair){text_bytes("to"), text_bytes(people->ids[errand->to])};
        }
        if (errand->second) {
            args[count++] = (struct pair){text_bytes("second"), text_bytes("1")};
        }
    } else if (errand->kind == ERRAND_GATE) {
        args[count++] = (struct pair){text_bytes("id"), text_bytes(people->ids[errand->agency])};
        args[count++] = (struct pair){text_bytes("gate"), text_bytes(errand->gate)};
    }
    if (errand->kind != ERRAND_LOOK) {
        args[count++] = (struct pair){text_bytes("reason"), text_bytes("by chance")};
    }
    struct frame frame = {.kind = FRAME_QUERY,
                          .query = {.number = person->number,
                                    .verb = text_bytes(errand->verb),
                                    .args = args,
                                    .args_count = count}};
    arena_reset(&person->arena);
    enum lt_status status = frame_write(&frame, &person->arena, &bytes);
    assert(status == LT_OK);
    person->errand.sent = port.send(port.self, bytes) == LT_OK;
    person->errand.due_ms = people->world->mono_ms + (person->errand.sent ? AGAIN_MS : 200);
}

static void begin(struct people *people, struct person *person, struct errand *errand)
{
    errand->until_ms = people->world->mono_ms + PATIENCE_MS;
    errand->due_ms = people->world->mono_ms;
    person->errand = *errand;
    person->number++;
    if (errand->kind == ERRAND_ACT) {
        people->sum.asked += errand->second ? 0 : 1;
        errand->wish->shares[errand->agency].acts_asked |= 1u << errand->act;
    }
}

/* ---- what came ---- */

/* Another person repeats the act. */
static void hand_over(struct people *people, struct person *person)
{
    struct errand errand = person->errand;
    struct person *other = &people->all[2 + world_random_below(&people->random, PEOPLE - 2)];
    errand.second = true;
    errand.sent = false;
    person->errand.kind = ERRAND_NONE;
    if (other != person && other->errand.kind == ERRAND_NONE &&
        world_random_chance(&people->random, 700)) {
        begin(people, other, &errand);
    }
}

static void take_page(struct people *people, struct person *person, const struct page *page)
{
    struct errand *errand = &person->errand;
    enum lt_status code = lt_error((enum lt_status)page->code)->status;
    bool act = errand->kind == ERRAND_ACT;
    if (errand->kind == ERRAND_NONE || page->number != person->number) {
        return;
    }
    if (code == LT_HELD_ASKED || code == LT_BUSY) {
        people->sum.waited += code == LT_HELD_ASKED ? 1 : 0;
        person->number++;
        errand->due_ms = people->world->mono_ms + 1500;
        return;
    }
    if (code == LT_SECOND_PERSON && !errand->second) {
        hand_over(people, person);
        return;
    }
    people->sum.done += act && code == LT_OK ? 1 : 0;
    people->sum.agreed += act && code == LT_OK && errand->second ? 1 : 0;
    people->sum.refused += act && code != LT_OK ? 1 : 0;
    errand->kind = ERRAND_NONE;
}

static void receive(struct people *people, struct person *person)
{
    struct client_port port = world_link_port(person->link);
    struct lt_bytes bytes;
    (void)port.link(port.self);
    while (port.receive(port.self, &bytes)) {
        struct frame frame;
        struct fault fault;
        fault_init(&fault);
        arena_reset(&person->arena);
        if (frame_read(bytes, &person->arena, &frame, &fault) == LT_OK &&
            frame.kind == FRAME_PAGE) {
            take_page(people, person, &frame.page);
        }
    }
}

/* ---- what to do ---- */

/* From `at` on, the first leg that a person could let step aside. */
static bool find_waiting(struct flow *flow, struct state_entry *at, struct lane_entry *entry)
{
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < 200 && status == LT_OK && at->found; i++) {
        if (lane_entry_read(at->value, entry) &&
            (entry->state == LEG_HELD || entry->state == LEG_PARKED)) {
            return true;
        }
        status = state_step(flow->state, at);
    }
    return false;
}

static bool find_leg(struct people *people, struct flow *flow, const struct witness *witness,
                     struct errand *errand)
{
    struct lane_key key = {.agency =
                               1 + (uint32_t)world_random_below(&people->random, AGENCIES_SIM)};
    uint8_t from[RECORD_KEY_MAX];
    struct state_entry at;
    struct lane_entry entry;
    key.lane.bytes[0] = (uint8_t)world_random_below(&people->random, 256);
    if (state_seek(flow->state, STATE_LANES, lane_key_write(from, &key), &at) != LT_OK ||
        !at.found || !lane_entry_read(at.value, &entry)) {
        return false;
    }
    bool waiting = errand->act == ACT_SKIP || errand->act == ACT_RELEASE;
    if ((waiting && !find_waiting(flow, &at, &entry)) || !lane_key_read(at.key, &key)) {
        return false;
    }
    errand->wish = witness_wish(witness, key.position);
    errand->agency = key.agency - 1;
    errand->from = entry.transfer.from - 1;
    errand->leg = key.leg;
    id_write(errand->id, &entry.transfer.id);
    return errand->wish != NULL;
}

static bool choose_act(struct people *people, struct flow *flow, const struct witness *witness,
                       struct errand *errand)
{
    static const struct {
        enum act_kind act;
        const char *verb;
        uint32_t share; /* of 100 */
    } acts[] = {
        {ACT_HOLD, "hold", 20},       {ACT_RELEASE, "release", 14}, {ACT_SKIP, "skip", 16},
        {ACT_REPLAY, "replay", 14},   {ACT_CANCEL, "cancel", 8},    {ACT_EXPIRE, "expire", 6},
        {ACT_REROUTE, "reroute", 22},
    };
    uint64_t draw = world_random_below(&people->random, 100);
    size_t at = 0;
    while (draw >= acts[at].share) {
        draw -= acts[at++].share;
    }
    errand->kind = ERRAND_ACT;
    errand->act = acts[at].act;
    errand->verb = acts[at].verb;
    errand->to = (uint32_t)world_random_below(&people->random, AGENCIES_SIM);
    return find_leg(people, flow, witness, errand);
}

static bool choose(struct people *people, struct flow *flow, const struct witness *witness,
                   struct errand *errand)
{
    static const char *const gates[] = {"pause", "drain", "open", "open"};
    static const char *const looks[] = {"status",    "agencies",     "parked",  "incidents",
                                        "alarms",    "conservation", "metrics", "transfers",
                                        "plan-list", "quarantine"};
    uint64_t draw = world_random_below(&people->random, 100);
    memset(errand, 0, sizeof(*errand));
    if (draw < 5) {
        errand->kind = ERRAND_GATE;
        errand->verb = "agency-gate";
        errand->agency = (uint32_t)world_random_below(&people->random, AGENCIES_SIM);
        snprintf(errand->gate, sizeof(errand->gate), "%s",
                 gates[world_random_below(&people->random, 4)]);
        return true;
    }
    if (draw < 8) {
        errand->kind = ERRAND_CLOCK;
        errand->verb = "clock-confirm";
        return true;
    }
    if (draw < 15) {
        errand->kind = ERRAND_LOOK;
        errand->verb = looks[world_random_below(&people->random, sizeof(looks) / sizeof(looks[0]))];
        return true;
    }
    return choose_act(people, flow, witness, errand);
}

static void person_step(struct people *people, struct person *person, struct flow *flow,
                        const struct witness *witness)
{
    struct errand errand;
    receive(people, person);
    if (people->calm) {
        return;
    }
    if (person->errand.kind == ERRAND_NONE && world_random_chance(&people->random, BEGIN_CHANCE) &&
        choose(people, flow, witness, &errand)) {
        begin(people, person, &errand);
    }
    if (person->errand.kind == ERRAND_NONE || people->world->mono_ms < person->errand.due_ms) {
        return;
    }
    if (people->world->mono_ms >= person->errand.until_ms) {
        people->sum.unheard++;
        person->errand.kind = ERRAND_NONE;
        return;
    }
    send(people, person);
}

void people_step(struct people *people, struct flow *flow, const struct witness *witness)
{
    for (uint32_t i = 0; i < PEOPLE; i++) {
        person_step(people, &people->all[i], flow, witness);
    }
}
