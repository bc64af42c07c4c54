/* SPDX-License-Identifier: EUPL-1.2 */
/* The fact of a view: back whole, and never without a person or a purpose. */
#include "unit/base/base_test.h"

#include "broker/journal/fact_seen.h"

static struct fact_seen sample(void)
{
    return (struct fact_seen){.position = 42,
                              .what = SEEN_BODY,
                              .person = text_bytes("truc-ban-1"),
                              .purpose = text_bytes("xác minh")};
}

static void back_whole(void **state)
{
    (void)state;
    uint8_t memory[128];
    struct fact_seen back;
    struct fact_seen f = sample();
    struct lt_bytes payload = fact_write_seen(memory, sizeof(memory), &f);
    assert_true(fact_read_seen(payload, &back));
    assert_int_equal(back.position, 42);
    assert_int_equal(back.what, SEEN_BODY);
    assert_bytes(back.person, "truc-ban-1");
    assert_bytes(back.purpose, "xác minh");
    for (size_t size = 0; size < payload.size; size++) {
        assert_false(fact_read_seen((struct lt_bytes){memory, size}, &back));
    }
    assert_false(fact_read_seen((struct lt_bytes){memory, payload.size + 1}, &back));
    assert_int_equal(fact_write_seen(memory, payload.size - 1, &f).size, 0);
    assert_string_equal(fact_kind_name(FACT_SEEN), "seen");
    assert_string_equal(seen_what_name(SEEN_BODY), "body");
    assert_string_equal(seen_what_name(SEEN_CODES), "codes");
    assert_string_equal(seen_what_name(SEEN_CODES + 1), "");
}

static void nobody_and_for_nothing_is_damage(void **state)
{
    (void)state;
    uint8_t memory[128];
    struct fact_seen back;
    struct fact_seen f = sample();
    f.person = text_bytes("");
    assert_false(fact_read_seen(fact_write_seen(memory, sizeof(memory), &f), &back));
    f = sample();
    f.purpose = text_bytes("");
    assert_false(fact_read_seen(fact_write_seen(memory, sizeof(memory), &f), &back));
    for (unsigned what = 0; what <= SEEN_CODES + 1; what++) {
        f = sample();
        f.what = (uint8_t)what;
        bool reads = fact_read_seen(fact_write_seen(memory, sizeof(memory), &f), &back);
        assert_int_equal(reads, what >= SEEN_BODY && what <= SEEN_CODES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(back_whole),
        cmocka_unit_test(nobody_and_for_nothing_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
