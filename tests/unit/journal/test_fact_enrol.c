/* SPDX-License-Identifier: EUPL-1.2 */
/* The fact of a decision about a request: whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/journal/fact_enrol.h"
#include "proto/base/text.h"

static void there_and_back(void **unused)
{
    (void)unused;
    uint8_t memory[512];
    struct fact_enrol f = {
        .approved = true,
        .agency = text_bytes("H24.15"),
        .from = text_bytes("10.1.2.3"),
        .person = text_bytes("truc-ban-1"),
        .reason = text_bytes("đã gọi lại"),
    };
    struct fact_enrol got;
    memset(f.request.bytes, 1, sizeof(f.request.bytes));
    memset(f.key_id.bytes, 2, sizeof(f.key_id.bytes));
    struct lt_bytes payload = fact_write_enrol(memory, sizeof(memory), &f);
    assert_true(payload.size > 0);
    assert_true(fact_read_enrol(payload, &got));
    assert_true(got.approved);
    assert_memory_equal(&got.request, &f.request, sizeof(f.request));
    assert_memory_equal(&got.key_id, &f.key_id, sizeof(f.key_id));
    assert_true(bytes_equal(got.agency, f.agency) && bytes_equal(got.from, f.from));
    assert_true(bytes_equal(got.person, f.person) && bytes_equal(got.reason, f.reason));
    for (size_t size = 0; size < payload.size; size++) {
        assert_false(fact_read_enrol((struct lt_bytes){payload.data, size}, &got));
    }
    memory[0] = 2;
    assert_false(fact_read_enrol(payload, &got));
    assert_int_equal(fact_write_enrol(memory, 40, &f).size, 0);
    assert_string_equal(fact_kind_name(FACT_ENROL), "enrol");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_and_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
