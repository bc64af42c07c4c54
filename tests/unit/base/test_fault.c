/* SPDX-License-Identifier: EUPL-1.2 */
/* The first explanation stands, and cut texts are still UTF-8. */
#include "base_test.h"

#include "proto/base/fault.h"

static void first_filling_stands(void **state)
{
    (void)state;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(fault.status, LT_OK);
    assert_int_equal(fault_set(&fault, LT_FIELD_BAD, "header.to", "%d over %d", 17, 16),
                     LT_FIELD_BAD);
    /* The second status is returned, but what is told is the first. */
    assert_int_equal(fault_set(&fault, LT_IO, "elsewhere", "no"), LT_IO);
    assert_int_equal(fault.status, LT_FIELD_BAD);
    assert_string_equal(fault.field, "header.to");
    assert_string_equal(fault.detail, "17 over 16");
    assert_int_equal(fault.line, 0);
}

static void nobody_listens(void **state)
{
    (void)state;
    assert_int_equal(fault_set(NULL, LT_BUSY, "x", "y"), LT_BUSY);
}

static void cut_at_runes(void **state)
{
    (void)state;
    struct fault fault;
    fault_init(&fault);
    char field[64];
    memset(field, 'f', sizeof(field));
    memcpy(field + 46, "\xE1\xBB\x9D", 4); /* would need bytes 46 to 48 */
    char detail[512];
    memset(detail, 'd', sizeof(detail));
    memcpy(detail + 205, "\xE1\xBB\x9D", 4); /* the last three that fit into 207 would be 204.. */
    fault_set(&fault, LT_IO, field, "%s", detail);
    assert_int_equal(strlen(fault.field), 46);
    assert_int_equal(strlen(fault.detail), 205);
    assert_true(utf8_valid(text_bytes(fault.detail)));
}

static void null_field_is_empty(void **state)
{
    (void)state;
    struct fault fault;
    fault_init(&fault);
    fault_set(&fault, LT_IO, NULL, "only a detail");
    assert_string_equal(fault.field, "");
    assert_string_equal(fault.detail, "only a detail");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_filling_stands),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(cut_at_runes),
        cmocka_unit_test(null_field_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
