/* SPDX-License-Identifier: EUPL-1.2 */
/* Legs by competence: the table of exactness, equals, successors, and the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/limits.h"
#include "broker/registry/agency.h"
#include "broker/registry/route.h"
#include "proto/base/text.h"

static void fold_agency(struct registry *registry, uint32_t number, const char *successor)
{
    struct agency agency = {.number = number, .kind = AGENCY_DEPARTMENT, .name = "Sở mẫu"};
    snprintf(agency.id, sizeof(agency.id), "H24.%u", number);
    snprintf(agency.successor, sizeof(agency.successor), "%s", successor);
    uint8_t memory[AGENCY_BYTES_MAX];
    struct lt_bytes entry = agency_write(memory, sizeof(memory), &agency);
    assert_int_equal(registry_fold_agency(registry, entry), LT_OK);
}

static void fold_route(struct registry *registry, const char *procedure, const char *locality,
                       uint8_t kind, uint32_t to)
{
    struct route route = {.kind = kind};
    snprintf(route.procedure, sizeof(route.procedure), "%s", procedure);
    snprintf(route.locality, sizeof(route.locality), "%s", locality);
    snprintf(route.to, sizeof(route.to), "H24.%u", to);
    uint8_t memory[ROUTE_BYTES_MAX];
    struct lt_bytes entry = route_write(memory, sizeof(memory), &route);
    assert_int_equal(registry_fold_route(registry, entry, false), LT_OK);
}

/* The one agency for a matter, 0 for nobody. */
static uint32_t one(const struct registry *registry, const char *procedure, const char *locality,
                    enum lt_kind kind)
{
    struct assigned legs[LT_LEGS_MAX];
    bool known;
    uint32_t count = registry_assign(registry, text_bytes(procedure), text_bytes(locality), kind, 0,
                                     legs, &known);
    assert_in_range(count, 0, 1);
    return count == 0 ? 0 : legs[0].number;
}

static bool known(const struct registry *registry, const char *procedure)
{
    struct assigned legs[LT_LEGS_MAX];
    bool ret;
    (void)registry_assign(registry, text_bytes(procedure), text_bytes(""), LT_KIND_FORWARD, 0, legs,
                          &ret);
    return ret;
}

static int setup(void **state)
{
    struct registry *registry = NULL;
    assert_int_equal(registry_open(&registry), LT_OK);
    for (uint32_t number = 1; number <= 20; number++) {
        fold_agency(registry, number, "");
    }
    *state = registry;
    return 0;
}

static int teardown(void **state)
{
    struct registry *registry = *state;
    registry_close(&registry);
    return 0;
}

static void the_most_exact_route_wins(void **state)
{
    struct registry *registry = *state;
    const enum lt_kind forward = LT_KIND_FORWARD;
    const enum lt_kind result = LT_KIND_RESULT;
    /* From the least exact to the most: each new route takes over what it names and no more. */
    assert_int_equal(one(registry, "1.001", "11824", forward), 0);
    fold_route(registry, "", "", 0, 1);
    assert_int_equal(one(registry, "1.001", "11824", forward), 1);
    fold_route(registry, "", "", LT_KIND_FORWARD, 2);
    assert_int_equal(one(registry, "1.001", "11824", forward), 2);
    assert_int_equal(one(registry, "1.001", "11824", result), 1);
    fold_route(registry, "", "118", 0, 3);
    assert_int_equal(one(registry, "1.001", "11824", forward), 3); /* place before kind */
    assert_int_equal(one(registry, "1.001", "11724", forward), 2);
    fold_route(registry, "", "11824", 0, 4);
    assert_int_equal(one(registry, "1.001", "11824", forward), 4); /* the longer place */
    assert_int_equal(one(registry, "1.001", "118", forward), 3);
    assert_int_equal(one(registry, "1.001", "11", forward),
                     2); /* a prefix of a route is no match */
    fold_route(registry, "", "11824", LT_KIND_FORWARD, 5);
    assert_int_equal(one(registry, "1.001", "11824", forward), 5);
    assert_int_equal(one(registry, "1.001", "11824", result), 4);
    fold_route(registry, "1.001", "", 0, 6);
    assert_int_equal(one(registry, "1.001", "11824", forward), 6); /* procedure before place */
    assert_int_equal(one(registry, "1.002", "11824", forward), 5);
    fold_route(registry, "1.001", "", LT_KIND_FORWARD, 7);
    assert_int_equal(one(registry, "1.001", "11824", forward), 7);
    fold_route(registry, "1.001", "118", LT_KIND_RESULT, 8);
    assert_int_equal(one(registry, "1.001", "11824", forward), 7);
    assert_int_equal(one(registry, "1.001", "11824", result), 8);
    fold_route(registry, "1.001", "11824", 0, 9);
    assert_int_equal(one(registry, "1.001", "11824", forward), 9);
    assert_int_equal(one(registry, "1.001", "", forward), 7);
    assert_int_equal(one(registry, "", "11824", forward), 5); /* no procedure named */
}

static void names_of_procedures_are_known_or_not(void **state)
{
    struct registry *registry = *state;
    fold_route(registry, "1.001", "11824", LT_KIND_RESULT, 1);
    fold_route(registry, "", "", 0, 2);
    assert_true(known(registry, "1.001")); /* though no route of it fits */
    assert_false(known(registry, "1.00"));
    assert_false(known(registry, "1.0011"));
    assert_true(known(registry, ""));
}

static void equals_make_the_legs(void **state)
{
    struct registry *registry = *state;
    fold_route(registry, "2.000", "", 0, 5);
    fold_route(registry, "2.000", "", 0, 3);
    fold_route(registry, "2.000", "", 0, 3); /* twice is once */
    fold_route(registry, "2.000", "", 0, 19);
    struct assigned legs[LT_LEGS_MAX];
    bool ret;
    uint32_t count = registry_assign(registry, text_bytes("2.000"), text_bytes("11824"),
                                     LT_KIND_FORWARD, 0, legs, &ret);
    assert_int_equal(count, 3);
    assert_int_equal(legs[0].number, 19); /* in the order of ids: the same on every machine */
    assert_int_equal(legs[1].number, 3);
    assert_int_equal(legs[2].number, 5);
    assert_true(ret);
}

static void no_more_than_sixteen_legs(void **state)
{
    struct registry *registry = *state;
    for (uint32_t to = 1; to <= LT_LEGS_MAX + 1; to++) {
        fold_route(registry, "2.000", "", 0, to);
    }
    struct assigned legs[LT_LEGS_MAX + 1] = {{0}};
    bool ret;
    assert_int_equal(registry_assign(registry, text_bytes("2.000"), text_bytes(""), LT_KIND_FORWARD,
                                     0, legs, &ret),
                     LT_LEGS_MAX);
    assert_int_equal(legs[LT_LEGS_MAX].number, 0);
}

static void dissolved_agencies_hand_over(void **state)
{
    struct registry *registry = *state;
    fold_route(registry, "2.000", "", 0, 1);
    fold_route(registry, "2.000", "", 0, 2);
    fold_agency(registry, 1, "H24.2");
    assert_int_equal(one(registry, "2.000", "", LT_KIND_FORWARD), 2); /* one leg, not two */
    fold_agency(registry, 1, "H24.99");
    assert_int_equal(one(registry, "2.000", "", LT_KIND_FORWARD), 2); /* a broken chain: nobody */
    fold_route(registry, "3.000", "", 0, 1);
    assert_int_equal(one(registry, "3.000", "", LT_KIND_FORWARD), 0);
    assert_true(known(registry, "3.000"));
}

static void hostile_matters_are_only_unknown(void **state)
{
    struct registry *registry = *state;
    fold_route(registry, "1.001", "11824", 0, 1);
    char text[300];
    memset(text, '1', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(one(registry, text, text, LT_KIND_FORWARD), 0);
    assert_int_equal(one(registry, "1.001", "11824", (enum lt_kind)77), 1);
    assert_int_equal(one(registry, "1.001", "11824", (enum lt_kind)(256 + 1)), 1);
}

static void as_many_routes_as_the_limit(void **state)
{
    (void)state;
    struct routes routes = {0};
    struct route route = {.to = "H24.1"};
    for (uint32_t i = 0; i < ROUTES_MAX; i++) {
        snprintf(route.procedure, sizeof(route.procedure), "1.%06u", i);
        assert_int_equal(routes_put(&routes, &route), LT_OK);
    }
    assert_int_equal(routes_put(&routes, &route), LT_OK); /* one that is there */
    struct route more = {"2.000000", "", 0, "H24.1"};
    assert_int_equal(routes_put(&routes, &more), LT_NO_MEMORY);
    assert_int_equal(routes.count, ROUTES_MAX);
    assert_false(routes_have(&routes, &more));
    routes_remove(&routes, &route);
    assert_false(routes_have(&routes, &route));
    routes_remove(&routes, &route); /* gone already: nothing */
    assert_int_equal(routes.count, ROUTES_MAX - 1);
    assert_int_equal(routes_put(&routes, &more), LT_OK);
    assert_true(routes_have(&routes, &more));
    routes_deinit(&routes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_most_exact_route_wins),    TEST(names_of_procedures_are_known_or_not),
        TEST(equals_make_the_legs),         TEST(no_more_than_sixteen_legs),
        TEST(dissolved_agencies_hand_over), TEST(hostile_matters_are_only_unknown),
        TEST(as_many_routes_as_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
