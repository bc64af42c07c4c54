/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_CORE_PLAN_TEST_H
#define TESTS_UNIT_CORE_PLAN_TEST_H

/* Plans in a house: many parked legs at little cost, the questions that every test asks, and the
 * house that every test opens: A sends, B and C receive. */
#include "house_test.h"

#include "broker/flow/plan.h"

/* Accepted and parked without a settle between: the batch decides. */
static inline struct given parked_leg(struct house *house, const char *to, const char *case_code,
                                      uint16_t code)
{
    uint8_t memory[256];
    uint64_t position;
    while (!flow_room(house->flow)) {
        house_turn(house);
    }
    struct given given =
        accept(house, &(struct wish){.from = "A", .to = {to}, .case_code = case_code});
    assert_int_equal(given.code, LT_OK);
    uint32_t agency = leg_of(house, &given, 0).agency;
    struct fact_sent_item item = {.position = given.position, .leg = 0, .attempt = 1};
    assert_int_equal(flow_fact(house->flow, FACT_SENT,
                               fact_write_sent(memory, sizeof(memory), agency, &item, 1),
                               &position),
                     LT_OK);
    struct fact_settled settled = {.position = given.position,
                                   .attempt = 1,
                                   .agency = agency,
                                   .outcome = LT_OUTCOME_FAILED,
                                   .code = code,
                                   .next = LEG_PARKED,
                                   .decided_ms = house->world.wall_ms};
    assert_int_equal(flow_fact(house->flow, FACT_SETTLED,
                               fact_write_settled(memory, sizeof(memory), &settled), &position),
                     LT_OK);
    return given;
}

/* `count` parked legs for one receiver, a case each; the first of them in ret. */
static inline void parked_legs(struct house *house, const char *to, uint32_t count,
                               struct given *ret)
{
    for (uint32_t i = 0; i < count; i++) {
        char code[40];
        snprintf(code, sizeof(code), "%s-%u-%u", to, count, i);
        struct given given = parked_leg(house, to, code, LT_RECEIVER_NEVER);
        if (ret != NULL) {
            ret[i] = given;
        }
    }
    house_settle(house);
}

static inline void turns(struct house *house, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        house_turn(house);
    }
}

/* Made, and chosen to its end: frozen, or cancelled with a code. */
static inline uint64_t plan_made(struct house *house, const char *const *args)
{
    struct page page = ask_ok(house, OPERATOR, "plan-make", args);
    uint64_t number = strtoull(field(house, &page, 0, "number"), NULL, 10);
    assert_field(house, &page, 0, "state", "selecting");
    for (int i = 0; i < 10000; i++) {
        const struct plan_slot *slot = plan_slot_of(house->flow, number);
        if (slot == NULL || slot->state != PLAN_SELECTING || slot->phase == PLAN_PHASE_LIST) {
            return number;
        }
        house_turn(house);
    }
    fail_msg("the plan is never chosen");
    return 0;
}

static inline struct page plan_act(struct house *house, enum person person, const char *verb,
                                   uint64_t number, uint32_t code)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    return ask_code(house, person, verb, ARGS("number", text), code);
}

static inline struct page plan_row(struct house *house, uint64_t number)
{
    return plan_act(house, VIEWER, "plan-show", number, LT_OK);
}

static inline struct plan_now now_of(struct house *house, uint64_t number)
{
    struct plan_now now;
    assert_int_equal(plan_now_load(house->flow, number, &now), LT_OK);
    return now;
}

static inline void assert_state(struct house *house, uint64_t number, enum plan_state state)
{
    struct plan_now now = now_of(house, number);
    if (now.state != state) {
        fail_msg("plan %llu is %s (%s %s), not %s", (unsigned long long)number,
                 plan_state_name(now.state), lt_code((enum lt_status)now.code), now.reason,
                 plan_state_name(state));
    }
}

/* A clean end, or a crash that takes state.mdb with it; then the house opens again. */
static inline void house_restart(struct house *house, bool lose_state)
{
    house_settle(house);
    world_net_stop(house->net, 0);
    broker_close(&house->broker);
    if (lose_state) {
        assert_int_equal(unlink(house->state_path), 0);
    }
    house_open_broker(house);
    world_net_start(house->net, 0);
    world_advance(&house->world, 5000);
}

/* What a receiver says of a leg that a plan has sent again. */
static inline void receiver_says(struct house *house, const struct given *given,
                                 enum lt_outcome outcome)
{
    say_sent(house, given, 0);
    say(house, given, 0, outcome, outcome == LT_OUTCOME_TAKEN ? 0 : LT_RECEIVER_NEVER,
        outcome == LT_OUTCOME_TAKEN     ? LEG_TAKEN
        : outcome == LT_OUTCOME_REFUSED ? LEG_REFUSED
                                        : LEG_PARKED,
        "");
}

/* ---- the house ---- */

static struct house house;
static uint32_t number_b;
static uint32_t number_c;

static inline int open_house(void **state)
{
    (void)state;
    house_init(&house);
    add_agency(&house, "A", 1);
    number_b = add_agency(&house, "B", 2);
    number_c = add_agency(&house, "C", 3);
    return 0;
}

static inline int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

/* The items of a plan; `result` "": all. */
static inline struct page report(uint64_t number, const char *result)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    return ask_ok(&house, VIEWER, "plan-report", ARGS("number", text, "result", result));
}

/* The receiver's local system has said so after the last delivery. */
static inline void answered(const struct given *given, enum lt_held held)
{
    uint8_t memory[256];
    uint64_t position;
    struct leg leg = leg_of(&house, given, 0);
    struct fact_held said = {.position = given->position,
                             .attempt = leg.attempts,
                             .agency = leg.agency,
                             .held = (uint8_t)held,
                             .decided_ms = house.world.wall_ms,
                             .by = text_bytes("một cửa")};
    assert_int_equal(
        flow_fact(house.flow, FACT_HELD, fact_write_held(memory, sizeof(memory), &said), &position),
        LT_OK);
    house_settle(&house);
}

#endif
