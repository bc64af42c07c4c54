/* SPDX-License-Identifier: EUPL-1.2 */
/* Entries of the registry as bytes and back, damaged bytes, and every rule of one entry alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/registry/agency.h"
#include "proto/base/text.h"

static struct agency sample(void)
{
    struct agency agency = {
        .number = 7,
        .id = "H24.15",
        .name = "UBND xã Vĩnh Bảo",
        .kind = AGENCY_COMMUNE,
        .locality = "11824",
        .successor = "H24.16",
        .contact = "truc@vidu.invalid",
        .suspended = true,
        .keys_count = 2,
        .rate_per_s = 50,
        .blob_quota_bytes = 1ULL << 33,
        .kinds_denied = 1u << LT_KIND_PETITION,
    };
    memset(agency.keys[0].key.bytes, 0x11, 32);
    agency.keys[0].from_ms = 1000;
    agency.keys[0].to_ms = 5000;
    agency.keys[0].revoked = true;
    memset(agency.keys[1].key.bytes, 0x22, 32);
    agency.keys[1].from_ms = 2000;
    return agency;
}

static struct route sample_route(void)
{
    struct route route = {"1.001193", "11824", LT_KIND_FORWARD, "H24.15"};
    return route;
}

static void assert_rule(const struct agency *agency, enum lt_status status, const char *field)
{
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(agency_check(agency, &fault), status);
    assert_string_equal(fault.field, field);
}

static void assert_route_rule(const struct route *route, enum lt_status status, const char *field)
{
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(route_check(route, &fault), status);
    assert_string_equal(fault.field, field);
}

static void an_agency_comes_back_whole(void **state)
{
    (void)state;
    uint8_t memory[AGENCY_BYTES_MAX];
    struct agency agency = sample();
    struct lt_bytes bytes = agency_write(memory, sizeof(memory), &agency);
    struct agency back;
    assert_true(bytes.size > 0);
    assert_true(agency_read(bytes, &back));
    assert_int_equal(back.number, 7);
    assert_string_equal(back.id, agency.id);
    assert_string_equal(back.name, agency.name);
    assert_int_equal(back.kind, AGENCY_COMMUNE);
    assert_string_equal(back.locality, "11824");
    assert_string_equal(back.successor, "H24.16");
    assert_string_equal(back.contact, agency.contact);
    assert_true(back.suspended);
    assert_int_equal(back.keys_count, 2);
    assert_memory_equal(&back.keys[0].key, &agency.keys[0].key, 32);
    assert_true(back.keys[0].revoked);
    assert_int_equal(back.keys[0].to_ms, 5000);
    assert_false(back.keys[1].revoked);
    assert_int_equal(back.keys[1].from_ms, 2000);
    assert_int_equal(back.rate_per_s, 50);
    assert_int_equal(back.blob_quota_bytes, 1ULL << 33);
    assert_int_equal(back.kinds_denied, 1u << LT_KIND_PETITION);
}

static void each_gate_is_a_flag_of_its_own(void **state)
{
    (void)state;
    uint8_t memory[AGENCY_BYTES_MAX];
    for (unsigned flags = 0; flags < 8; flags++) {
        struct agency agency = sample();
        struct agency back;
        agency.suspended = (flags & 1) != 0;
        agency.paused = (flags & 2) != 0;
        agency.draining = (flags & 4) != 0;
        struct lt_bytes bytes = agency_write(memory, sizeof(memory), &agency);
        assert_true(agency_read(bytes, &back));
        assert_int_equal(back.suspended, agency.suspended);
        assert_int_equal(back.paused, agency.paused);
        assert_int_equal(back.draining, agency.draining);
    }
    struct agency plain = sample();
    plain.suspended = false;
    struct lt_bytes bytes = agency_write(memory, sizeof(memory), &plain);
    struct agency back;
    /* The flags stand behind the contact, as they always did; a bit of tomorrow is not read. */
    size_t flags_at = bytes.size - 4 - 8 - 4 - 2 * (32 + 8 + 8 + 1) - 1 - 1;
    assert_int_equal(memory[flags_at], 0);
    memory[flags_at] = 1;
    assert_true(agency_read(bytes, &back));
    assert_true(back.suspended && !back.paused && !back.draining);
    memory[flags_at] = 8;
    assert_false(agency_read(bytes, &back));
}

/* It came later: an entry without it is the same to the byte as before, and a zero is never
 * written. */
static void the_day_of_a_successor_is_written_when_there_is_one(void **state)
{
    (void)state;
    uint8_t without[AGENCY_BYTES_MAX];
    uint8_t with[AGENCY_BYTES_MAX];
    struct agency agency = sample();
    struct agency back;
    struct lt_bytes before = agency_write(without, sizeof(without), &agency);
    agency.successor_from_ms = 1782838800000;
    struct lt_bytes after = agency_write(with, sizeof(with), &agency);
    assert_int_equal(after.size, before.size + 8);
    assert_memory_equal(after.data, before.data, before.size);
    assert_true(agency_read(after, &back));
    assert_int_equal(back.successor_from_ms, 1782838800000);
    assert_true(agency_read(before, &back));
    assert_int_equal(back.successor_from_ms, 0);
    memset(with + before.size, 0, 8);
    assert_false(agency_read(after, &back));
    agency.successor[0] = '\0';
    assert_rule(&agency, LT_FIELD_BAD, "successor_from");
}

static void the_longest_agency_fits(void **state)
{
    (void)state;
    struct agency agency = sample();
    memset(agency.id, 'A', LT_AGENCY_ID_MAX);
    memset(agency.successor, 'B', LT_AGENCY_ID_MAX);
    memset(agency.name, 'n', sizeof(agency.name) - 1);
    memset(agency.contact, 'c', sizeof(agency.contact) - 1);
    memset(agency.locality, '1', LT_LOCALITY_MAX);
    agency.keys_count = AGENCY_KEYS_MAX;
    uint8_t memory[AGENCY_BYTES_MAX];
    struct lt_bytes bytes = agency_write(memory, sizeof(memory), &agency);
    struct agency back;
    assert_true(bytes.size > 0);
    assert_true(agency_read(bytes, &back));
    assert_string_equal(back.name, agency.name);
    /* One byte less room: nothing at all. */
    assert_int_equal(agency_write(memory, bytes.size - 1, &agency).size, 0);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    uint8_t memory[AGENCY_BYTES_MAX + 1];
    struct agency agency = sample();
    struct lt_bytes bytes = agency_write(memory, AGENCY_BYTES_MAX, &agency);
    struct agency back = {.number = 99};
    for (size_t size = 0; size < bytes.size; size++) {
        assert_false(agency_read((struct lt_bytes){memory, size}, &back));
    }
    memory[bytes.size] = 0;
    assert_false(agency_read((struct lt_bytes){memory, bytes.size + 1}, &back));
    assert_int_equal(back.number, 99); /* untouched */

    struct route route = sample_route();
    bytes = route_write(memory, ROUTE_BYTES_MAX, &route);
    struct route route_back;
    for (size_t size = 0; size < bytes.size; size++) {
        assert_false(route_read((struct lt_bytes){memory, size}, &route_back));
    }
    assert_true(route_read(bytes, &route_back));
    assert_memory_equal(&route_back, &route, sizeof(route));
}

static void damaged_agencies_are_refused(void **state)
{
    (void)state;
    uint8_t memory[AGENCY_BYTES_MAX];
    struct agency agency = sample();
    struct agency back;
    struct lt_bytes bytes = agency_write(memory, sizeof(memory), &agency);
    memory[0] = 2; /* a version of tomorrow */
    assert_false(agency_read(bytes, &back));
    memory[0] = 1;
    memory[7] = 0; /* NUL inside the id */
    assert_false(agency_read(bytes, &back));
    memory[7] = 0xFF; /* not UTF-8 */
    assert_false(agency_read(bytes, &back));
    memory[7] = 'H';
    assert_true(agency_read(bytes, &back));
    agency.kind = (enum agency_kind)5;
    assert_false(agency_read(agency_write(memory, sizeof(memory), &agency), &back));
    agency = sample();
    agency.id[0] = '\0';
    assert_false(agency_read(agency_write(memory, sizeof(memory), &agency), &back));
}

static void keys_of_the_tree(void **state)
{
    (void)state;
    uint8_t memory[128];
    struct agency agency = sample();
    struct lt_bytes key = agency_key_write(memory, sizeof(memory), &agency);
    const uint8_t wanted[] = {'A', 0, 0, 0, 7};
    assert_int_equal(key.size, sizeof(wanted));
    assert_memory_equal(key.data, wanted, sizeof(wanted));

    struct route route = sample_route();
    key = route_key_write(memory, sizeof(memory), &route);
    const char route_wanted[] = "R1.001193\00011824\0\001H24.15";
    assert_int_equal(key.size, sizeof(route_wanted) - 1);
    assert_memory_equal(key.data, route_wanted, key.size);
}

static void names_of_kinds(void **state)
{
    (void)state;
    for (unsigned kind = AGENCY_COMMUNE; kind <= AGENCY_OTHER; kind++) {
        const char *name = agency_kind_name((enum agency_kind)kind);
        assert_int_equal(agency_kind_by_name(text_bytes(name)), kind);
    }
    assert_string_equal(agency_kind_name((enum agency_kind)0), "");
    assert_string_equal(agency_kind_name((enum agency_kind)5), "");
    assert_int_equal(agency_kind_by_name(text_bytes("Commune")), 0);
    assert_int_equal(agency_kind_by_name(text_bytes("")), 0);
}

static void a_good_entry_passes(void **state)
{
    (void)state;
    struct agency agency = sample();
    assert_rule(&agency, LT_OK, "");
    agency.locality[0] = '\0';
    agency.contact[0] = '\0';
    agency.successor[0] = '\0';
    agency.keys_count = 0;
    agency.number = 0;
    assert_rule(&agency, LT_OK, "");
}

static void rules_of_texts(void **state)
{
    (void)state;
    struct agency agency = sample();
    agency.id[0] = '\0';
    assert_rule(&agency, LT_FIELD_MISSING, "id");
    agency = sample();
    agency.id[0] = 'h';
    assert_rule(&agency, LT_FIELD_BAD, "id");
    agency = sample();
    agency.name[0] = '\0';
    assert_rule(&agency, LT_FIELD_MISSING, "name");
    agency = sample();
    agency.name[3] = '\n';
    assert_rule(&agency, LT_TEXT_BAD, "name");
    agency = sample();
    agency.name[1] = (char)0xC3;
    assert_rule(&agency, LT_TEXT_BAD, "name");
    agency = sample();
    agency.contact[0] = 0x1B;
    assert_rule(&agency, LT_TEXT_BAD, "contact");
    agency = sample();
    agency.locality[1] = 'x';
    assert_rule(&agency, LT_FIELD_BAD, "locality");
    agency = sample();
    agency.kind = (enum agency_kind)0;
    assert_rule(&agency, LT_FIELD_BAD, "kind");
    agency = sample();
    memcpy(agency.successor, agency.id, sizeof(agency.id));
    assert_rule(&agency, LT_FIELD_BAD, "successor");
    agency = sample();
    agency.successor[0] = '.';
    assert_rule(&agency, LT_FIELD_BAD, "successor");
    agency = sample();
    agency.kinds_denied = 1u << (LT_KINDS_END - 1);
    assert_rule(&agency, LT_OK, "");
    agency.kinds_denied = 1u << LT_KINDS_END;
    assert_rule(&agency, LT_FIELD_BAD, "kinds_denied");
}

static void rules_of_keys(void **state)
{
    (void)state;
    struct agency agency = sample();
    memset(agency.keys[1].key.bytes, 0, 32);
    assert_rule(&agency, LT_FIELD_BAD, "public_key");
    agency = sample();
    memset(agency.keys[1].key.bytes, 0x11, 32);
    assert_rule(&agency, LT_FIELD_BAD, "public_key"); /* the same key twice */
    agency = sample();
    agency.keys[1].to_ms = agency.keys[1].from_ms;
    assert_rule(&agency, LT_FIELD_BAD, "key.to");
    agency.keys[1].to_ms = agency.keys[1].from_ms + 1;
    assert_rule(&agency, LT_OK, "");
    agency = sample();
    agency.keys_count = AGENCY_KEYS_MAX + 1;
    assert_rule(&agency, LT_FIELD_BAD, "public_key");
}

static void two_keys_valid_at_once_and_not_three(void **state)
{
    (void)state;
    struct agency agency = sample();
    agency.keys[0].revoked = false;
    agency.keys[0].to_ms = 0;
    agency.keys_count = 3;
    memset(agency.keys[2].key.bytes, 0x33, 32);
    agency.keys[2].from_ms = 9000;
    assert_rule(&agency, LT_FIELD_BAD, "public_key");
    agency.keys[0].to_ms = 9001; /* one moment of three */
    assert_rule(&agency, LT_FIELD_BAD, "public_key");
    agency.keys[0].to_ms = 9000; /* the first ends where the third begins */
    assert_rule(&agency, LT_OK, "");
    agency.keys[0].to_ms = 0;
    agency.keys[0].revoked = true;
    assert_rule(&agency, LT_OK, "");
}

static void rules_of_routes(void **state)
{
    (void)state;
    struct route route = sample_route();
    assert_route_rule(&route, LT_OK, "");
    struct route any = {"", "", 0, "H24.15"};
    assert_route_rule(&any, LT_OK, "");
    struct route raw = {"1.001193.000.00.00.H56", "", 0, "H24.15"};
    assert_route_rule(&raw, LT_FIELD_BAD, "procedure");
    route.procedure[1] = '\t';
    assert_route_rule(&route, LT_TEXT_BAD, "procedure");
    route = sample_route();
    route.procedure[1] = ' ';
    assert_route_rule(&route, LT_TEXT_BAD, "procedure");
    route = sample_route();
    route.locality[0] = 'H';
    assert_route_rule(&route, LT_FIELD_BAD, "locality");
    route = sample_route();
    route.kind = LT_KINDS_END - 1;
    assert_route_rule(&route, LT_OK, "");
    route.kind = LT_KINDS_END;
    assert_route_rule(&route, LT_FIELD_BAD, "kind");
    route = sample_route();
    route.to[0] = '\0';
    assert_route_rule(&route, LT_FIELD_MISSING, "to");
    route = sample_route();
    route.to[1] = 'x';
    assert_route_rule(&route, LT_FIELD_BAD, "to");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agency_comes_back_whole),
        cmocka_unit_test(each_gate_is_a_flag_of_its_own),
        cmocka_unit_test(the_day_of_a_successor_is_written_when_there_is_one),
        cmocka_unit_test(the_longest_agency_fits),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(damaged_agencies_are_refused),
        cmocka_unit_test(keys_of_the_tree),
        cmocka_unit_test(names_of_kinds),
        cmocka_unit_test(a_good_entry_passes),
        cmocka_unit_test(rules_of_texts),
        cmocka_unit_test(rules_of_keys),
        cmocka_unit_test(two_keys_valid_at_once_and_not_three),
        cmocka_unit_test(rules_of_routes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
