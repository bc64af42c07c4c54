/* SPDX-License-Identifier: EUPL-1.2 */
/* The background check: walks by itself, finds a flipped bit, ends when told, holds nobody up. */
#include "journal_test.h"

#include "broker/journal/scrub.h"

static struct scrub *start(struct desk *desk)
{
    struct scrub *scrub;
    struct fault fault;
    struct scrub_options options = {.backend = desk->door, .bytes_per_s = 1 << 30, .rest_ms = 1};
    fault_init(&fault);
    assert_int_equal(scrub_open(&scrub, &options, &fault), LT_OK);
    return scrub;
}

static void wait_walks(const struct scrub *scrub, uint64_t walks)
{
    struct scrub_state state = {0};
    for (int i = 0; i < 100000 && state.walks < walks; i++) {
        usleep(100);
        scrub_state(scrub, &state);
    }
    assert_true(state.walks >= walks);
}

static void a_sound_journal_has_no_findings(void **unused)
{
    (void)unused;
    struct desk desk;
    struct verify_finding finding;
    desk_init(&desk);
    for (uint64_t i = 0; i < 20; i++) {
        write_record(&desk, i, 3);
    }
    struct scrub *scrub = start(&desk);
    wait_walks(scrub, 3);
    assert_false(scrub_take(scrub, &finding));
    scrub_close(&scrub);
    assert_null(scrub);
    scrub_close(&scrub);
    desk_deinit(&desk);
}

static void a_flipped_bit_is_found(void **unused)
{
    (void)unused;
    struct desk desk;
    struct verify_finding finding = {0};
    bool crc = false;
    desk_init(&desk);
    for (uint64_t i = 0; i < 20; i++) {
        write_record(&desk, i, 3);
    }
    backend_memory_damage(desk.twin, 10, 8 * (RECORD_HEADER_BYTES + FACT_HEADER_BYTES + 3));
    struct scrub *scrub = start(&desk);
    wait_walks(scrub, 1);
    while (scrub_take(scrub, &finding)) {
        crc = crc || (strcmp(finding.what, "crc") == 0 && finding.position == 10);
    }
    assert_true(crc);
    scrub_close(&scrub);
    desk_deinit(&desk);
}

/* Stands in for the base: three pieces, and what they say. */
struct beside {
    _Atomic uint64_t reads;
    _Atomic int says;
};

static enum lt_status read_beside(void *self, bool (*pace)(void *context, uint64_t bytes),
                                  void *context)
{
    struct beside *beside = self;
    for (int piece = 0; piece < 3; piece++) {
        if (!pace(context, 1000)) {
            return LT_AGAIN;
        }
    }
    beside->reads++;
    return (enum lt_status)beside->says;
}

static void the_base_is_looked_at_after_each_walk(void **unused)
{
    (void)unused;
    struct desk desk;
    struct scrub *scrub;
    struct fault fault;
    struct scrub_state state;
    struct beside beside = {.says = LT_OK};
    desk_init(&desk);
    write_record(&desk, 0, 3);
    struct scrub_options options = {.backend = desk.door,
                                    .bytes_per_s = 1 << 30,
                                    .rest_ms = 1,
                                    .base = read_beside,
                                    .base_self = &beside};
    fault_init(&fault);
    assert_int_equal(scrub_open(&scrub, &options, &fault), LT_OK);
    wait_walks(scrub, 2);
    assert_false(scrub_base_damaged(scrub));
    assert_true(beside.reads >= 1);
    for (int says = LT_DAMAGED;; says = LT_OK) { /* and well again when somebody mended it */
        beside.says = says;
        scrub_state(scrub, &state);
        wait_walks(scrub, state.walks + 3);
        assert_int_equal(scrub_base_damaged(scrub), says != LT_OK);
        if (says == LT_OK) {
            break;
        }
    }
    scrub_close(&scrub);
    desk_deinit(&desk);
}

static void a_base_ends_when_told(void **unused)
{
    (void)unused;
    struct desk desk;
    struct scrub *scrub;
    struct fault fault;
    struct beside beside = {.says = LT_DAMAGED};
    desk_init(&desk);
    write_record(&desk, 0, 3);
    /* A piece a second: it cannot be through before it is told to end. */
    struct scrub_options options = {.backend = desk.door,
                                    .bytes_per_s = 1,
                                    .rest_ms = 60000,
                                    .base = read_beside,
                                    .base_self = &beside};
    fault_init(&fault);
    assert_int_equal(scrub_open(&scrub, &options, &fault), LT_OK);
    scrub_close(&scrub);
    assert_int_equal(beside.reads, 0);
    desk_deinit(&desk);
}

static void findings_that_nobody_takes_are_bounded(void **unused)
{
    (void)unused;
    struct desk desk;
    struct verify_finding finding;
    struct scrub_state state;
    uint32_t taken = 0;
    desk_init(&desk);
    for (uint64_t i = 0; i < 200; i++) {
        write_record(&desk, i, 1);
        backend_memory_damage(desk.twin, i + 1, 8 * (RECORD_HEADER_BYTES + FACT_HEADER_BYTES + 3));
    }
    struct scrub *scrub = start(&desk);
    wait_walks(scrub, 2);
    while (taken <= SCRUB_WAITING_MAX && scrub_take(scrub, &finding)) {
        taken++;
    }
    scrub_state(scrub, &state);
    assert_true(taken >= SCRUB_WAITING_MAX);
    assert_true(state.findings > 200);
    scrub_close(&scrub);
    desk_deinit(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_journal_has_no_findings),
        cmocka_unit_test(a_flipped_bit_is_found),
        cmocka_unit_test(the_base_is_looked_at_after_each_walk),
        cmocka_unit_test(a_base_ends_when_told),
        cmocka_unit_test(findings_that_nobody_takes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
