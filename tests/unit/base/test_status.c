/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of errors: unique numbers and codes, found both ways, unknown numbers answered. */
#include "base_test.h"

#include <lienthong/status.h>

static const enum lt_status all[] = {
#define LT_ERROR(name, number, code, class, stored, http, who, vi, en, do_vi, do_en) LT_##name,
#include <lienthong/errors.def>
#undef LT_ERROR
};

#define ALL_COUNT (sizeof(all) / sizeof(all[0]))

static void found_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALL_COUNT; i++) {
        const struct lt_error *row = lt_error(all[i]);
        assert_int_equal(row->status, all[i]);
        assert_ptr_equal(lt_error_by_code(row->code), row); /* a code twice would find another */
        assert_int_equal(lt_class(all[i]), row->class);
        assert_string_equal(lt_code(all[i]), row->code);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(all[i], all[j]);
        }
    }
}

static void texts_are_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALL_COUNT; i++) {
        const struct lt_error *row = lt_error(all[i]);
        assert_true(strlen(row->vi) > 0 && utf8_valid(text_bytes(row->vi)));
        assert_true(strlen(row->en) > 0 && utf8_valid(text_bytes(row->en)));
        assert_int_equal(strlen(row->do_vi) > 0, strlen(row->do_en) > 0);
        assert_true(row->http >= 200 && row->http < 600);
        /* Whoever must act is told what to do. */
        assert_true(row->who == LT_WHO_NOBODY || row->class == LT_CLASS_STOP ||
                    strlen(row->do_en) > 0 || all[i] == LT_NO_MEMORY);
    }
}

static void unknown_numbers(void **state)
{
    (void)state;
    enum lt_status foreign = (enum lt_status)97;
    assert_int_equal(lt_error(foreign)->status, LT_UNKNOWN_CODE);
    assert_int_equal(lt_class(foreign), LT_CLASS_RETRY);
    assert_null(lt_error_by_code("no-such-code"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_both_ways),
        cmocka_unit_test(texts_are_there),
        cmocka_unit_test(unknown_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
