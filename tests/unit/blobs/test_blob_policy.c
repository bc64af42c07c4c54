/* SPDX-License-Identifier: EUPL-1.2 */
/* Which cap holds when, and the table's limits. */
#include "blob_world.h"
#include "broker/blobs/blob_transfer.h"

static int64_t at(const char *text)
{
    int64_t wall_ms = 0;
    assert_true(time_read(&wall_ms, text));
    return wall_ms;
}

static void test_office_hours(void **state)
{
    (void)state;
    struct blob_policy policy = blob_policy_default();
    static const struct {
        const char *time;
        bool office;
    } cases[] = {
        {"2026-09-30T07:29:59+07:00", false}, /* a Wednesday */
        {"2026-09-30T07:30:00+07:00", true},  {"2026-09-30T16:59:59+07:00", true},
        {"2026-09-30T17:00:00+07:00", false}, {"2026-10-02T09:00:00+07:00", true},
        {"2026-10-03T09:00:00+07:00", false}, /* Saturday */
        {"2026-10-04T09:00:00+07:00", false}, {"2026-10-05T09:00:00+07:00", true},
        {"1970-01-01T09:00:00+07:00", true}, /* a Thursday */
        {"1960-01-01T09:00:00+07:00", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(blob_office_hours(&policy, at(cases[i].time)), cases[i].office);
    }
}

static void test_rate(void **state)
{
    (void)state;
    struct blob_policy policy = blob_policy_default();
    int64_t noon = at("2026-09-30T12:00:00+07:00");
    int64_t night = at("2026-09-30T23:00:00+07:00");
    assert_int_equal(blob_rate(&policy, noon), 0);
    policy.office_bytes_per_s = 1000;
    assert_int_equal(blob_rate(&policy, noon), 1000);
    assert_int_equal(blob_rate(&policy, night), 0);
    policy.bytes_per_s = 5000;
    assert_int_equal(blob_rate(&policy, noon), 1000);
    assert_int_equal(blob_rate(&policy, night), 5000);
    policy.office_bytes_per_s = 0;
    assert_int_equal(blob_rate(&policy, noon), 5000);
}

static void test_table_limits(void **state)
{
    (void)state;
    struct blob_table table;
    char id[16];
    assert_int_equal(blob_table_open(&table, 7), LT_OK);
    struct blob_agency *first = blob_agency_of(&table, "H24.1");
    assert_ptr_equal(first, blob_agency_of(&table, "H24.1"));
    for (int i = 0; i < BLOB_TRANSFERS_AGENCY_MAX; i++) {
        assert_non_null(blob_begin(&table, first));
    }
    assert_null(blob_begin(&table, first));
    for (int i = 2; i <= BLOB_TRANSFERS_MAX / BLOB_TRANSFERS_AGENCY_MAX; i++) {
        snprintf(id, sizeof(id), "H24.%d", i);
        struct blob_agency *agency = blob_agency_of(&table, id);
        for (int j = 0; j < BLOB_TRANSFERS_AGENCY_MAX; j++) {
            assert_non_null(blob_begin(&table, agency));
        }
    }
    struct blob_agency *late = blob_agency_of(&table, "H25");
    assert_null(blob_begin(&table, late));
    blob_agency_forget(&table, late);
    struct list_node *node = list_first(&first->moving);
    blob_end(&table, LIST_ENTRY(node, struct blob_moving, in_agency));
    pool_turn(&table.moving);
    assert_non_null(blob_begin(&table, first));
    blob_table_close(&table);
}

static void test_asks_per_second(void **state)
{
    (void)state;
    struct blob_agency agency;
    memset(&agency, 0, sizeof(agency));
    for (int i = 0; i < BLOB_ASKS_PER_SECOND_MAX; i++) {
        assert_true(blob_agency_ask(&agency, 5000 + i));
    }
    assert_false(blob_agency_ask(&agency, 5999));
    assert_true(blob_agency_ask(&agency, 6000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_office_hours),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_table_limits),
        cmocka_unit_test(test_asks_per_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
