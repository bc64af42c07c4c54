/* SPDX-License-Identifier: EUPL-1.2 */
/* Rights as bytes and back, the lists in order, and the question at n and n + 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/registry/agency.h"
#include "broker/registry/rights.h"
#include "proto/base/text.h"

static struct rights none(void)
{
    struct rights rights;
    memset(&rights, 0, sizeof(rights));
    rights.agency = 7;
    return rights;
}

static void procedure(struct rights *rights, const char *line)
{
    assert_true(rights_add_procedure(rights, text_bytes(line)));
}

static void receiver(struct rights *rights, const char *line)
{
    assert_true(rights_add_receiver(rights, text_bytes(line)));
}

static enum lt_status ask(const struct rights *rights, const char *code, const char *to,
                          struct fault *fault)
{
    struct header header;
    struct lt_bytes named = text_bytes(to);
    memset(&header, 0, sizeof(header));
    header.procedure = text_bytes(code);
    header.to = &named;
    header.to_count = to == NULL ? 0 : 1;
    fault_init(fault);
    return rights_allow(rights, &header, fault);
}

static bool may(const struct rights *rights, const char *code, const char *to)
{
    struct fault fault;
    enum lt_status status = ask(rights, code, to, &fault);
    assert_true(status == LT_OK || status == LT_NOT_PERMITTED);
    return status == LT_OK;
}

static void no_entry_is_no_limit(void **state)
{
    (void)state;
    struct rights rights = none();
    assert_true(rights_empty(&rights));
    assert_true(may(NULL, "1.001193", "H24.15"));
    assert_true(may(&rights, "", "H24.15"));
}

static void whole_codes_and_beginnings(void **state)
{
    (void)state;
    struct rights rights = none();
    procedure(&rights, "3.000334");
    procedure(&rights, "1.00*");
    procedure(&rights, "1.001193"); /* covered by the line before */
    procedure(&rights, "2");
    procedure(&rights, "3.000333");
    procedure(&rights, "3.000333"); /* twice */
    rights_sort(&rights);
    assert_int_equal(rights.procedures_count, 4);
    assert_true(may(&rights, "1.001193", NULL));
    assert_true(may(&rights, "1.00", NULL)); /* the beginning itself */
    assert_true(may(&rights, "2", NULL));
    assert_true(may(&rights, "3.000333", NULL));
    assert_true(may(&rights, "3.000334", NULL));
    assert_false(may(&rights, "1.0", NULL)); /* one less than the beginning */
    assert_false(may(&rights, "1.01", NULL));
    assert_false(may(&rights, "2.0", NULL)); /* one more than a whole code */
    assert_false(may(&rights, "3.00033", NULL));
    assert_false(may(&rights, "3.0003333", NULL));
    assert_false(may(&rights, "0", NULL));
    assert_false(may(&rights, "9", NULL));
    assert_false(may(&rights, "", NULL)); /* a list wants a procedure named */
}

static void a_refusal_names_field_value_and_whom_to_ask(void **state)
{
    (void)state;
    struct fault fault;
    struct rights rights = none();
    procedure(&rights, "1.001193");
    receiver(&rights, "H24.1*");
    rights_sort(&rights);
    assert_int_equal(ask(&rights, "1.001194", "H24.1", &fault), LT_NOT_PERMITTED);
    assert_string_equal(fault.field, "procedure");
    assert_non_null(strstr(fault.detail, "1.001194"));
    assert_non_null(strstr(fault.detail, "registrar"));
    assert_int_equal(ask(&rights, "1.001193", "H24.2", &fault), LT_NOT_PERMITTED);
    assert_string_equal(fault.field, "to");
    assert_non_null(strstr(fault.detail, "H24.2"));
    assert_int_equal(ask(&rights, "1.001193", "H24.15", &fault), LT_OK);
    assert_int_equal(rights_reach(&rights, text_bytes("H24.15"), &fault), LT_OK);
    assert_int_equal(rights_reach(&rights, text_bytes("H24"), &fault), LT_NOT_PERMITTED);
}

static void every_receiver_named_is_asked_for(void **state)
{
    (void)state;
    struct header header;
    struct fault fault;
    struct lt_bytes to[2] = {text_bytes("H24.1"), text_bytes("H24.2")};
    struct rights rights = none();
    receiver(&rights, "H24.1");
    memset(&header, 0, sizeof(header));
    header.to = to;
    header.to_count = 1;
    fault_init(&fault);
    assert_int_equal(rights_allow(&rights, &header, &fault), LT_OK);
    header.to_count = 2;
    assert_int_equal(rights_allow(&rights, &header, &fault), LT_NOT_PERMITTED);
}

static void lists_end_at_their_limits(void **state)
{
    (void)state;
    char line[64];
    uint8_t memory[RIGHTS_BYTES_MAX];
    struct rights back;
    struct fault fault;
    struct rights rights = none();
    for (int i = 0; i < RIGHTS_PROCEDURES_MAX; i++) {
        snprintf(line, sizeof(line), "%02d.%037d", i, 0);
        procedure(&rights, line);
    }
    for (int i = 0; i < RIGHTS_RECEIVERS_MAX; i++) {
        snprintf(line, sizeof(line), "H%02d.%031d", i, 0);
        receiver(&rights, line);
    }
    assert_false(rights_add_procedure(&rights, text_bytes("9")));
    assert_false(rights_add_receiver(&rights, text_bytes("H9")));
    rights_sort(&rights);
    fault_init(&fault);
    assert_int_equal(rights_check(&rights, &fault), LT_OK);
    struct lt_bytes bytes = rights_write(memory, sizeof(memory), &rights);
    assert_true(bytes.size > 0);
    assert_true(rights_read(bytes, &back));
    assert_memory_equal(&back, &rights, sizeof(back));
    for (uint32_t i = 0; i < rights.procedures_count; i++) {
        assert_true(may(&rights, rights.procedures[i], NULL));
    }
    for (uint32_t i = 0; i < rights.receivers_count; i++) {
        assert_true(may(&rights, rights.procedures[0], rights.receivers[i]));
    }
    struct rights empty = none();
    memset(line, '1', sizeof(line));
    line[LT_PROCEDURE_MAX + 1] = '\0'; /* room for a star only */
    assert_true(rights_add_procedure(&empty, text_bytes(line)));
    assert_int_equal(rights_check(&empty, &fault), LT_FIELD_BAD);
    line[LT_PROCEDURE_MAX + 1] = '1';
    line[LT_PROCEDURE_MAX + 2] = '\0';
    assert_false(rights_add_procedure(&empty, text_bytes(line)));
    assert_false(rights_add_procedure(&empty, text_bytes("")));
}

static void every_rule_of_a_line(void **state)
{
    (void)state;
    static const char *const bad_procedures[] = {
        "*", "1.001193.000.00.00.H56", "1 2", "1,2", "1**", "1*2", "1\x01"};
    static const char *const bad_receivers[] = {"*", "h24", "H24..*", ".H24", "H24 ", "H24.*.1"};
    for (size_t i = 0; i < sizeof(bad_procedures) / sizeof(bad_procedures[0]); i++) {
        struct rights rights = none();
        struct fault fault;
        fault_init(&fault);
        procedure(&rights, bad_procedures[i]);
        assert_int_equal(rights_check(&rights, &fault), LT_FIELD_BAD);
        assert_string_equal(fault.field, "procedures");
    }
    for (size_t i = 0; i < sizeof(bad_receivers) / sizeof(bad_receivers[0]); i++) {
        struct rights rights = none();
        struct fault fault;
        fault_init(&fault);
        receiver(&rights, bad_receivers[i]);
        assert_int_equal(rights_check(&rights, &fault), LT_FIELD_BAD);
        assert_string_equal(fault.field, "receivers");
    }
    struct rights rights = none();
    struct fault fault;
    fault_init(&fault);
    receiver(&rights, "G22.*");
    receiver(&rights, "H24.1*");
    assert_int_equal(rights_check(&rights, &fault), LT_OK);
}

static void what_is_not_in_order_does_not_read(void **state)
{
    (void)state;
    uint8_t memory[RIGHTS_BYTES_MAX];
    struct rights back;
    struct fault fault;
    static const char *const wrong[][2] = {
        {"2", "1"}, {"1", "1"}, {"1*", "1.1"}, {"1", "1*"}, {"1*", "1*"}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct rights rights = none();
        procedure(&rights, wrong[i][0]);
        procedure(&rights, wrong[i][1]);
        fault_init(&fault);
        assert_int_equal(rights_check(&rights, &fault), LT_FIELD_BAD);
        assert_false(rights_read(rights_write(memory, sizeof(memory), &rights), &back));
        rights_sort(&rights);
        assert_true(rights_read(rights_write(memory, sizeof(memory), &rights), &back));
    }
}

static void damaged_bytes_do_not_read(void **state)
{
    (void)state;
    uint8_t memory[RIGHTS_BYTES_MAX + 1];
    struct rights back;
    struct rights rights = none();
    procedure(&rights, "1.001193");
    receiver(&rights, "H24");
    struct lt_bytes bytes = rights_write(memory, sizeof(memory), &rights);
    for (size_t size = 0; size < bytes.size; size++) {
        assert_false(rights_read((struct lt_bytes){memory, size}, &back));
    }
    assert_false(rights_read((struct lt_bytes){memory, bytes.size + 1}, &back));
    memory[0] = 2; /* another version */
    assert_false(rights_read(bytes, &back));
    memory[0] = 1;
    memory[5] = RIGHTS_PROCEDURES_MAX + 1;
    assert_false(rights_read(bytes, &back));
    assert_int_equal(rights_write(memory, bytes.size - 1, &rights).size, 0);
}

/* ---- in the registry ---- */

static struct registry *with_agency(uint32_t number)
{
    uint8_t memory[AGENCY_BYTES_MAX];
    struct registry *registry = NULL;
    struct agency agency = {.number = number, .kind = AGENCY_COMMUNE, .id = "H24.7", .name = "Xã"};
    assert_int_equal(registry_open(&registry), LT_OK);
    assert_int_equal(registry_fold_agency(registry, agency_write(memory, sizeof(memory), &agency)),
                     LT_OK);
    return registry;
}

static void the_registry_keeps_them_over_other_changes(void **state)
{
    (void)state;
    uint8_t memory[RIGHTS_BYTES_MAX];
    struct registry *registry = with_agency(7);
    struct rights rights = none();
    procedure(&rights, "1.001193");
    uint64_t version = registry_version(registry);
    assert_null(registry_by_number(registry, 7)->rights);
    assert_int_equal(registry_fold_rights(registry, rights_write(memory, sizeof(memory), &rights)),
                     LT_OK);
    assert_true(registry_version(registry) > version);
    assert_non_null(registry_by_number(registry, 7)->rights);
    struct agency changed = *registry_by_number(registry, 7);
    changed.suspended = true;
    assert_int_equal(registry_fold_agency(registry, agency_write(memory, sizeof(memory), &changed)),
                     LT_OK);
    assert_true(registry_by_number(registry, 7)->suspended);
    assert_non_null(registry_by_number(registry, 7)->rights);
    assert_false(may(registry_by_number(registry, 7)->rights, "1.001194", NULL));
    rights = none(); /* limits nothing: the entry is gone */
    assert_int_equal(registry_fold_rights(registry, rights_write(memory, sizeof(memory), &rights)),
                     LT_OK);
    assert_null(registry_by_number(registry, 7)->rights);
    registry_close(&registry);
}

static void rights_of_nobody_are_damage(void **state)
{
    (void)state;
    uint8_t memory[RIGHTS_BYTES_MAX];
    struct registry *registry = with_agency(8);
    struct rights rights = none();
    procedure(&rights, "1.001193");
    assert_int_equal(registry_fold_rights(registry, rights_write(memory, sizeof(memory), &rights)),
                     LT_DAMAGED);
    assert_int_equal(registry_fold_rights(registry, text_bytes("?")), LT_DAMAGED);
    registry_close(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_entry_is_no_limit),
        cmocka_unit_test(whole_codes_and_beginnings),
        cmocka_unit_test(a_refusal_names_field_value_and_whom_to_ask),
        cmocka_unit_test(every_receiver_named_is_asked_for),
        cmocka_unit_test(lists_end_at_their_limits),
        cmocka_unit_test(every_rule_of_a_line),
        cmocka_unit_test(what_is_not_in_order_does_not_read),
        cmocka_unit_test(damaged_bytes_do_not_read),
        cmocka_unit_test(the_registry_keeps_them_over_other_changes),
        cmocka_unit_test(rights_of_nobody_are_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
