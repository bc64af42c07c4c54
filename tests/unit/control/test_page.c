/* SPDX-License-Identifier: EUPL-1.2 */
/* A page in the making: what says full can still be written and read, and a dry arena is noticed.
 */
#include "unit/base/base_test.h"

#include "broker/control/page.h"
#include "broker/limits.h"
#include "proto/message.h"

struct desk_top {
    struct arena arena;
    struct page_draft draft;
};

static void start(struct desk_top *top, size_t cap, uint32_t rows_wanted)
{
    assert_int_equal(arena_init(&top->arena, 65536, cap), LT_OK);
    page_init(&top->draft, &top->arena, rows_wanted);
}

/* Written as a frame and read back. */
static struct page through(struct desk_top *top)
{
    struct fault fault;
    struct lt_bytes bytes;
    struct frame frame = {.kind = FRAME_PAGE};
    frame.page = (struct page){.number = UINT64_MAX,
                               .code = 1,
                               .rows = top->draft.rows,
                               .count = top->draft.count,
                               .cursor = {top->draft.cursor, top->draft.cursor_size}};
    fault_init(&fault);
    assert_false(top->draft.dry);
    assert_int_equal(frame_write(&frame, &top->arena, &bytes), LT_OK);
    assert_true(bytes.size <= LT_FRAME_BYTES_MAX);
    struct frame read;
    assert_int_equal(frame_read(bytes, &top->arena, &read, &fault), LT_OK);
    return read.page;
}

static void every_kind_of_field(void **state)
{
    (void)state;
    struct desk_top top;
    struct lt_id id = {{1, 2, 3}};
    static const char *const expected[] = {
        "chữ",
        "18446744073709551615",
        "0",
        "-7",
        "1",
        "0",
        "01020300-0000-0000-0000-000000000000",
        "00ff",
        "busy",
    };
    start(&top, 1 << 20, 1);
    page_row(&top.draft);
    page_text(&top.draft, "text", "chữ");
    page_number(&top.draft, "number", UINT64_MAX);
    page_time(&top.draft, "time", 0);
    page_difference(&top.draft, "difference", -7);
    page_flag(&top.draft, "yes", true);
    page_flag(&top.draft, "no", false);
    page_id(&top.draft, "id", &id);
    page_hex(&top.draft, "hex", run_of("\x00\xff", 2));
    page_code(&top.draft, "code", 0); /* left out */
    page_code(&top.draft, "code", LT_BUSY);
    page_cursor(&top.draft, text_bytes("more"));
    struct page page = through(&top);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.rows[0].count, sizeof(expected) / sizeof(expected[0]));
    for (uint32_t i = 0; i < page.rows[0].count; i++) {
        assert_bytes(page.rows[0].fields[i].value, expected[i]);
    }
    assert_bytes(page.cursor, "more");
    arena_deinit(&top.arena);
}

static void rows_wanted_are_bounded(void **state)
{
    (void)state;
    static const struct {
        uint32_t wanted;
        uint32_t rows;
    } cases[] = {{0, PAGE_ROWS_MAX},
                 {1, 1},
                 {PAGE_ROWS_MAX, PAGE_ROWS_MAX},
                 {PAGE_ROWS_MAX + 1, PAGE_ROWS_MAX},
                 {UINT32_MAX, PAGE_ROWS_MAX}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct desk_top top;
        start(&top, 1 << 20, cases[i].wanted);
        for (uint32_t row = 0; row < cases[i].rows; row++) {
            assert_false(page_full(&top.draft));
            page_row(&top.draft);
        }
        assert_true(page_full(&top.draft));
        arena_deinit(&top.arena);
    }
}

static void full_by_bytes_still_fits_a_frame(void **state)
{
    (void)state;
    struct desk_top top;
    char value[8001];
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    start(&top, 32 << 20, 0);
    while (!page_full(&top.draft)) {
        page_row(&top.draft);
        page_text(&top.draft, "value", value);
    }
    assert_true(top.draft.count < PAGE_ROWS_MAX); /* so it was the bytes */
    assert_true(top.draft.count > 30);
    uint32_t count = top.draft.count;
    assert_int_equal(through(&top).count, count);
    arena_deinit(&top.arena);
}

static void full_by_fields_still_passes_the_scan(void **state)
{
    (void)state;
    struct desk_top top;
    start(&top, 32 << 20, 0);
    while (!page_full(&top.draft)) {
        page_row(&top.draft);
        for (int i = 0; i < PAGE_FIELDS_MAX; i++) {
            page_text(&top.draft, "f", "v");
        }
    }
    assert_true(top.draft.count < PAGE_ROWS_MAX);
    assert_true(top.draft.count > 100);
    assert_int_equal(through(&top).rows[0].count, PAGE_FIELDS_MAX);
    arena_deinit(&top.arena);
}

static void a_dry_arena_is_remembered(void **state)
{
    (void)state;
    struct desk_top top;
    start(&top, 32 * 1024, 4);
    assert_false(top.draft.dry);
    for (int i = 0; i < 200; i++) {
        page_row(&top.draft);
        if (top.draft.dry) {
            break;
        }
        page_text(&top.draft, "name", "value");
        top.draft.count = 1;
    }
    assert_true(top.draft.dry);
    assert_true(page_full(&top.draft));
    page_text(&top.draft, "name", "value"); /* harmless */
    page_hex(&top.draft, "name", text_bytes("value"));
    assert_true(top.draft.dry);
    arena_deinit(&top.arena);

    start(&top, 16, 4); /* not even room for the rows */
    assert_true(top.draft.dry);
    page_row(&top.draft);
    page_number(&top.draft, "name", 1);
    assert_int_equal(top.draft.count, 0);
    arena_deinit(&top.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_field),
        cmocka_unit_test(rows_wanted_are_bounded),
        cmocka_unit_test(full_by_bytes_still_fits_a_frame),
        cmocka_unit_test(full_by_fields_still_passes_the_scan),
        cmocka_unit_test(a_dry_arena_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
