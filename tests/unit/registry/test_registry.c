/* SPDX-License-Identifier: EUPL-1.2 */
/* The snapshot: folding in any order, lookups, keys with dates, successors, limits, and the rules
 * between entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/limits.h"
#include "broker/registry/agency.h"
#include "proto/base/text.h"

static struct agency make(uint32_t number, const char *id)
{
    struct agency agency = {.number = number, .kind = AGENCY_COMMUNE};
    text_copy(agency.id, sizeof(agency.id), text_bytes(id));
    snprintf(agency.name, sizeof(agency.name), "Đơn vị %s", id);
    return agency;
}

static void key_add(struct agency *agency, uint8_t fill)
{
    memset(agency->keys[agency->keys_count++].key.bytes, fill, 32);
}

static struct lt_key key_of(uint8_t fill)
{
    struct lt_key key;
    memset(key.bytes, fill, sizeof(key.bytes));
    return key;
}

static enum lt_status fold(struct registry *registry, const struct agency *agency)
{
    uint8_t memory[AGENCY_BYTES_MAX];
    return registry_fold_agency(registry, agency_write(memory, sizeof(memory), agency));
}

static enum lt_status fold_route(struct registry *registry, const struct route *route, bool gone)
{
    uint8_t memory[ROUTE_BYTES_MAX];
    return registry_fold_route(registry, route_write(memory, sizeof(memory), route), gone);
}

static const struct agency *by_id(const struct registry *registry, const char *id)
{
    return registry_by_id(registry, text_bytes(id));
}

static int setup(void **state)
{
    struct registry *registry = NULL;
    assert_int_equal(registry_open(&registry), LT_OK);
    *state = registry;
    return 0;
}

static int teardown(void **state)
{
    struct registry *registry = *state;
    registry_close(&registry);
    assert_null(registry);
    registry_close(&registry); /* tolerates NULL */
    return 0;
}

static void an_empty_registry_knows_nobody(void **state)
{
    struct registry *registry = *state;
    struct lt_key key = key_of(1);
    assert_int_equal(registry_count(registry), 0);
    assert_int_equal(registry_next_number(registry), 1);
    assert_null(registry_at(registry, 0));
    assert_null(registry_route_at(registry, 0));
    assert_null(by_id(registry, "H24"));
    assert_null(registry_by_number(registry, 1));
    assert_null(registry_by_key(registry, &key));
    assert_null(by_id(registry,
                      "A.TEXT.LONGER.THAN.ANY.AGENCY.ID.MAY.EVER.BE.ON.THE.AXIS.AND.LONGER."
                      "THAN.THE.KEYS.OF.THE.MAP"));
}

static void lookups_and_the_last_entry_wins(void **state)
{
    struct registry *registry = *state;
    struct agency agency = make(3, "H24.15");
    key_add(&agency, 0x33);
    assert_int_equal(fold(registry, &agency), LT_OK);
    assert_int_equal(registry_version(registry), 1);
    struct lt_key key = key_of(0x33);
    const struct agency *found = by_id(registry, "H24.15");
    assert_non_null(found);
    assert_ptr_equal(registry_by_number(registry, 3), found);
    assert_ptr_equal(registry_by_key(registry, &key), found);
    assert_int_equal(registry_next_number(registry), 4);

    snprintf(agency.name, sizeof(agency.name), "Tên mới");
    agency.suspended = true;
    agency.keys_count = 0;
    key_add(&agency, 0x44);
    assert_int_equal(fold(registry, &agency), LT_OK);
    assert_int_equal(registry_version(registry), 2);
    assert_int_equal(registry_count(registry), 1);
    assert_string_equal(by_id(registry, "H24.15")->name, "Tên mới");
    assert_true(by_id(registry, "H24.15")->suspended);
    assert_null(registry_by_key(registry, &key)); /* the key given up is nobody's */
    key = key_of(0x44);
    assert_non_null(registry_by_key(registry, &key));
}

static void damage_changes_nothing(void **state)
{
    struct registry *registry = *state;
    struct agency agency = make(1, "H24.1");
    assert_int_equal(fold(registry, &agency), LT_OK);
    struct agency nobody = make(0, "H24.2");
    assert_int_equal(fold(registry, &nobody), LT_DAMAGED);
    struct agency renamed = make(1, "H24.9"); /* a number is never another id's */
    assert_int_equal(fold(registry, &renamed), LT_DAMAGED);
    struct agency renumbered = make(2, "H24.1");
    assert_int_equal(fold(registry, &renumbered), LT_DAMAGED);
    assert_int_equal(registry_fold_agency(registry, text_bytes("rubbish")), LT_DAMAGED);
    assert_int_equal(registry_fold_route(registry, text_bytes("rubbish"), false), LT_DAMAGED);
    assert_int_equal(registry_version(registry), 1);
    assert_int_equal(registry_count(registry), 1);
    assert_null(by_id(registry, "H24.9"));
}

static void the_order_of_folding_does_not_matter(void **state)
{
    struct registry *registry = *state;
    const uint32_t order[] = {5, 2, 9, 1, 7};
    for (size_t i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof(id), "H24.%u", order[i]);
        struct agency agency = make(order[i], id);
        assert_int_equal(fold(registry, &agency), LT_OK);
    }
    const uint32_t sorted[] = {1, 2, 5, 7, 9};
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(registry_at(registry, i)->number, sorted[i]);
        assert_ptr_equal(registry_by_number(registry, sorted[i]), registry_at(registry, i));
    }
    assert_null(registry_at(registry, 5));
    assert_null(registry_by_number(registry, 3));
    assert_int_equal(registry_next_number(registry), 10);
}

static void a_key_claimed_twice_belongs_to_the_lower_number(void **state)
{
    struct registry *registry = *state;
    struct lt_key key = key_of(0x55);
    struct agency high = make(8, "H24.8");
    struct agency low = make(2, "H24.2");
    key_add(&high, 0x55);
    key_add(&low, 0x55);
    assert_int_equal(fold(registry, &high), LT_OK);
    assert_int_equal(registry_by_key(registry, &key)->number, 8);
    assert_int_equal(fold(registry, &low), LT_OK);
    assert_int_equal(registry_by_key(registry, &key)->number, 2);
    assert_int_equal(fold(registry, &high), LT_OK);
    assert_int_equal(registry_by_key(registry, &key)->number, 2);
    low.keys_count = 0; /* given up: the other claim shows */
    assert_int_equal(fold(registry, &low), LT_OK);
    assert_int_equal(registry_by_key(registry, &key)->number, 8);
}

static void keys_have_dates(void **state)
{
    struct registry *registry = *state;
    struct agency agency = make(1, "H24.1");
    key_add(&agency, 1);
    agency.keys[0].from_ms = 1000;
    agency.keys[0].to_ms = 2000;
    key_add(&agency, 2);
    agency.keys[1].from_ms = 1500;
    key_add(&agency, 3);
    agency.keys[2].revoked = true;
    assert_int_equal(fold(registry, &agency), LT_OK);
    struct lt_key ending = key_of(1);
    struct lt_key open = key_of(2);
    struct lt_key revoked = key_of(3);
    struct lt_key foreign = key_of(4);
    assert_int_equal(registry_key_state(registry, &ending, 999), KEY_UNKNOWN);
    assert_int_equal(registry_key_state(registry, &ending, 1000), KEY_VALID);
    assert_int_equal(registry_key_state(registry, &ending, 1999), KEY_VALID);
    assert_int_equal(registry_key_state(registry, &ending, 2000), KEY_UNKNOWN);
    assert_int_equal(registry_key_state(registry, &open, 1499), KEY_UNKNOWN);
    assert_int_equal(registry_key_state(registry, &open, 1500), KEY_VALID);
    assert_int_equal(registry_key_state(registry, &open, INT64_MAX), KEY_VALID);
    assert_int_equal(registry_key_state(registry, &revoked, 1500), KEY_REVOKED);
    assert_int_equal(registry_key_state(registry, &foreign, 1500), KEY_UNKNOWN);
}

/* H24.1 -> H24.2 -> ... -> H24.n */
static void chain(struct registry *registry, uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++) {
        char id[16];
        snprintf(id, sizeof(id), "H24.%u", i);
        struct agency agency = make(i, id);
        if (i < count) {
            snprintf(agency.successor, sizeof(agency.successor), "H24.%u", i + 1);
        }
        assert_int_equal(fold(registry, &agency), LT_OK);
    }
}

static void successors_are_followed_eight_steps(void **state)
{
    struct registry *registry = *state;
    chain(registry, 10);
    const struct agency *last = by_id(registry, "H24.10");
    assert_ptr_equal(registry_successor(registry, last, 0), last);
    assert_ptr_equal(registry_successor(registry, by_id(registry, "H24.2"), 0), last); /* 8 steps */
    assert_null(registry_successor(registry, by_id(registry, "H24.1"), 0));            /* 9 steps */
    assert_null(registry_successor(registry, NULL, 0));
    struct agency broken = make(2, "H24.2");
    snprintf(broken.successor, sizeof(broken.successor), "H99");
    assert_int_equal(fold(registry, &broken), LT_OK);
    assert_null(registry_successor(registry, by_id(registry, "H24.2"), 0));
    struct agency circle = make(10, "H24.10");
    snprintf(circle.successor, sizeof(circle.successor), "H24.9");
    assert_int_equal(fold(registry, &circle), LT_OK);
    assert_null(registry_successor(registry, by_id(registry, "H24.9"), 0));
}

static void as_many_agencies_as_the_limit(void **state)
{
    struct registry *registry = *state;
    for (uint32_t i = 1; i <= AGENCIES_MAX; i++) {
        char id[16];
        snprintf(id, sizeof(id), "H24.%u", i);
        struct agency agency = make(i, id);
        memcpy(agency.keys[0].key.bytes, &i, sizeof(i));
        agency.keys_count = 1;
        assert_int_equal(fold(registry, &agency), LT_OK);
    }
    struct agency more = make(AGENCIES_MAX + 1, "H25");
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(registry_check(registry, &more, &fault), LT_NO_MEMORY);
    assert_int_equal(fold(registry, &more), LT_NO_MEMORY);
    assert_int_equal(registry_count(registry), AGENCIES_MAX);
    assert_null(by_id(registry, "H25"));
    struct agency again = make(77, "H24.77"); /* a change of one that is there has room */
    assert_int_equal(fold(registry, &again), LT_OK);
    /* Every one is found after all the growing. */
    for (uint32_t i = 1; i <= AGENCIES_MAX; i += 61) {
        struct lt_key key = {{0}};
        memcpy(key.bytes, &i, sizeof(i));
        if (i != 77) {
            assert_int_equal(registry_by_key(registry, &key)->number, i);
        }
        assert_int_equal(registry_by_number(registry, i)->number, i);
    }
}

static void assert_refused(const struct registry *registry, const struct agency *agency,
                           enum lt_status status, const char *field)
{
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(registry_check(registry, agency, &fault), status);
    assert_string_equal(fault.field, field);
}

static void rules_between_agencies(void **state)
{
    struct registry *registry = *state;
    struct agency first = make(1, "H24.1");
    key_add(&first, 0x11);
    assert_int_equal(fold(registry, &first), LT_OK);
    assert_refused(registry, &first, LT_OK, ""); /* itself again */

    struct agency second = make(0, "H24.2");
    assert_refused(registry, &second, LT_OK, "");
    second.number = 2; /* the next number, as the broker gives it */
    assert_refused(registry, &second, LT_OK, "");
    key_add(&second, 0x11);
    assert_refused(registry, &second, LT_EXISTS, "public_key");
    second = make(1, "H24.2");
    assert_refused(registry, &second, LT_FIELD_BAD, "number");
    first.number = 2;
    assert_refused(registry, &first, LT_FIELD_BAD, "number");
    second = make(0, "h24");
    assert_refused(registry, &second, LT_FIELD_BAD, "id"); /* the rules of one entry come first */
}

static void rules_of_successors(void **state)
{
    struct registry *registry = *state;
    chain(registry, 9);
    struct agency agency = make(0, "H24.100");
    snprintf(agency.successor, sizeof(agency.successor), "H25");
    assert_refused(registry, &agency, LT_AGENCY_UNKNOWN, "successor");
    snprintf(agency.successor, sizeof(agency.successor), "H24.2"); /* 8 steps in all */
    assert_refused(registry, &agency, LT_OK, "");
    snprintf(agency.successor, sizeof(agency.successor), "H24.1"); /* 9 */
    assert_refused(registry, &agency, LT_FIELD_BAD, "successor");
    struct agency last = make(9, "H24.9");
    snprintf(last.successor, sizeof(last.successor), "H24.4"); /* a circle */
    assert_refused(registry, &last, LT_FIELD_BAD, "successor");
}

static void rules_between_routes(void **state)
{
    struct registry *registry = *state;
    struct fault fault;
    struct route route = {"1.001193", "11824", 0, "H24.1"};
    fault_init(&fault);
    assert_int_equal(registry_check_route(registry, &route, false, &fault), LT_AGENCY_UNKNOWN);
    fault_init(&fault);
    assert_int_equal(registry_check_route(registry, &route, true, &fault), LT_NOT_FOUND);
    for (uint32_t i = 1; i <= LT_LEGS_MAX + 1; i++) {
        char id[16];
        snprintf(id, sizeof(id), "H24.%u", i);
        struct agency agency = make(i, id);
        assert_int_equal(fold(registry, &agency), LT_OK);
        snprintf(route.to, sizeof(route.to), "%s", id);
        fault_init(&fault);
        enum lt_status wanted = i <= LT_LEGS_MAX ? LT_OK : LT_LEGS_TOO_MANY;
        assert_int_equal(registry_check_route(registry, &route, false, &fault), wanted);
        if (wanted == LT_OK) {
            assert_int_equal(fold_route(registry, &route, false), LT_OK);
            /* That it is there already is no fault. */
            assert_int_equal(registry_check_route(registry, &route, false, NULL), LT_OK);
            assert_int_equal(registry_check_route(registry, &route, true, NULL), LT_OK);
        }
    }
    route.kind = LT_KIND_RESULT; /* another run of equals */
    assert_int_equal(registry_check_route(registry, &route, false, NULL), LT_OK);
    assert_int_equal(fold_route(registry, &route, false), LT_OK);
    assert_int_equal(fold_route(registry, &route, true), LT_OK);
    assert_int_equal(registry_check_route(registry, &route, true, NULL), LT_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_registry_knows_nobody),
        TEST(lookups_and_the_last_entry_wins),
        TEST(damage_changes_nothing),
        TEST(the_order_of_folding_does_not_matter),
        TEST(a_key_claimed_twice_belongs_to_the_lower_number),
        TEST(keys_have_dates),
        TEST(successors_are_followed_eight_steps),
        TEST(as_many_agencies_as_the_limit),
        TEST(rules_between_agencies),
        TEST(rules_of_successors),
        TEST(rules_between_routes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
