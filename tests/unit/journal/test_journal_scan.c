/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading back: one fact, all facts, damage shown and never passed over, records that are gone. */
#include "journal_test.h"

#define SEEN_MAX 64

struct seen {
    uint64_t positions[SEEN_MAX];
    uint8_t kinds[SEEN_MAX];
    uint32_t count;
    uint32_t stop_after; /* 0: never */
    enum lt_status stop_with;
};

static enum lt_status note(void *context, const struct fact *fact)
{
    struct seen *seen = context;
    assert_true(seen->count < SEEN_MAX);
    seen->positions[seen->count] = fact->position;
    seen->kinds[seen->count] = fact->kind;
    seen->count++;
    if (fact->kind == FACT_DAMAGED) {
        assert_int_equal(fact->payload.size, 0);
    } else {
        assert_int_equal(number_of(fact), fact->position * 10);
    }
    return seen->count == seen->stop_after ? seen->stop_with : LT_OK;
}

/* Records of 1, 4, 1, 6 and 3 facts: positions 1 | 2-5 | 6 | 7-12 | 13-15. */
static void write_five(struct desk *desk)
{
    static const uint32_t counts[] = {1, 4, 1, 6, 3};
    for (int i = 0; i < 5; i++) {
        const struct journal_ticket *ticket = NULL;
        for (uint32_t j = 0; j < counts[i]; j++) {
            uint64_t number = (journal_staged(desk->journal) + 1) * 10;
            stage_number(desk->journal, 1000, number);
        }
        assert_int_equal(journal_commit(desk->journal), LT_OK);
        assert_int_equal(poll_answer(desk, &ticket), LT_OK);
    }
    assert_int_equal(journal_durable(desk->journal), 15);
}

/* Everything from `from` to 15 comes once, in order; those of `damaged` (0 ends) with kind 0. */
static void check_walk(struct desk *desk, uint64_t from, const uint64_t *damaged)
{
    struct seen seen = {0};
    assert_int_equal(journal_walk(desk->journal, from, note, &seen), LT_OK);
    uint64_t first = from == 0 ? 1 : from;
    assert_int_equal(seen.count, first > 15 ? 0 : 15 - first + 1);
    for (uint32_t i = 0; i < seen.count; i++) {
        assert_int_equal(seen.positions[i], first + i);
        if (*damaged != 0 && *damaged == seen.positions[i]) {
            assert_int_equal(seen.kinds[i], FACT_DAMAGED);
            damaged++;
        } else {
            assert_int_equal(seen.kinds[i], FACT_NOTICED);
        }
    }
}

static void check_read(struct desk *desk, uint64_t position, enum lt_status expected)
{
    struct arena arena;
    struct fact fact = {.position = 99};
    assert_int_equal(arena_init(&arena, 256, 256), LT_OK);
    assert_int_equal(journal_read(desk->journal, position, &arena, &fact), expected);
    if (expected == LT_OK) {
        assert_int_equal(fact.position, position);
        assert_int_equal(number_of(&fact), position * 10);
    } else {
        assert_int_equal(fact.position, 99);
    }
    arena_deinit(&arena);
}

static const uint64_t nothing[] = {0};

static void every_position_from_everywhere(void **unused)
{
    (void)unused;
    struct desk desk;
    desk_init(&desk);
    check_read(&desk, 1, LT_NOT_FOUND);
    struct seen seen = {0};
    assert_int_equal(journal_walk(desk.journal, 1, note, &seen), LT_OK);
    assert_int_equal(seen.count, 0);
    write_five(&desk);
    check_read(&desk, 0, LT_NOT_FOUND);
    for (uint64_t position = 1; position <= 15; position++) {
        check_read(&desk, position, LT_OK);
        check_walk(&desk, position, nothing);
    }
    check_walk(&desk, 0, nothing);
    check_walk(&desk, 16, nothing);
    check_read(&desk, 16, LT_NOT_FOUND);
    check_read(&desk, UINT64_MAX, LT_NOT_FOUND);
    desk_deinit(&desk);
}

static void the_walk_ends_when_told(void **unused)
{
    (void)unused;
    struct desk desk;
    desk_init(&desk);
    write_five(&desk);
    /* Also with the statuses that the walk itself knows. */
    static const enum lt_status words[] = {LT_IO, LT_NOT_FOUND, LT_DAMAGED, LT_AGAIN};
    for (int i = 0; i < 4; i++) {
        struct seen seen = {.stop_after = 4, .stop_with = words[i]};
        assert_int_equal(journal_walk(desk.journal, 1, note, &seen), words[i]);
        assert_int_equal(seen.count, 4);
    }
    desk_deinit(&desk);
}

static void a_read_needs_room(void **unused)
{
    (void)unused;
    struct desk desk;
    struct arena arena;
    struct fact fact;
    desk_init(&desk);
    write_five(&desk);
    assert_int_equal(arena_init(&arena, 16, 8), LT_OK);
    assert_int_equal(journal_read(desk.journal, 3, &arena, &fact), LT_NO_MEMORY);
    arena_deinit(&arena);
    desk_deinit(&desk);
}

static void a_damaged_fact_is_shown(void **unused)
{
    (void)unused;
    struct desk desk;
    desk_init(&desk);
    write_five(&desk);
    const uint32_t fact_bytes = FACT_HEADER_BYTES + 12;
    /* The payload of position 4, third of its record. */
    backend_memory_damage(desk.twin, 2,
                          (RECORD_HEADER_BYTES + 2 * fact_bytes + FACT_HEADER_BYTES + 3) * 8);
    const uint64_t four[] = {4, 0};
    check_walk(&desk, 1, four);
    check_walk(&desk, 4, four);
    check_walk(&desk, 5, nothing);
    check_read(&desk, 3, LT_OK);
    check_read(&desk, 4, LT_DAMAGED);
    check_read(&desk, 5, LT_OK);
    desk_deinit(&desk);
}

static void a_record_that_does_not_read_is_shown_fact_by_fact(void **unused)
{
    (void)unused;
    struct desk desk;
    desk_init(&desk);
    write_five(&desk);
    backend_memory_damage(desk.twin, 7, 50 * 8 + 1); /* the header of 7-12 */
    const uint64_t six[] = {7, 8, 9, 10, 11, 12, 0};
    check_walk(&desk, 1, six);
    check_walk(&desk, 7, six);
    check_walk(&desk, 10, six + 3);
    check_walk(&desk, 13, nothing);
    check_read(&desk, 6, LT_OK);
    for (uint64_t position = 7; position <= 12; position++) {
        check_read(&desk, position, LT_DAMAGED);
    }
    check_read(&desk, 13, LT_OK);
    /* And the one before, too: two in a row. */
    backend_memory_damage(desk.twin, 6, 50 * 8 + 1);
    const uint64_t seven[] = {6, 7, 8, 9, 10, 11, 12, 0};
    check_walk(&desk, 1, seven);
    desk_deinit(&desk);
}

static void what_was_cut_is_passed_over(void **unused)
{
    (void)unused;
    struct desk desk;
    desk_init(&desk);
    write_five(&desk);
    assert_int_equal(desk.door.cut(desk.door.self, 8, &desk.fault), LT_OK);
    check_read(&desk, 6, LT_NOT_FOUND);
    check_read(&desk, 7, LT_OK); /* its record reaches beyond the cut */
    struct seen seen = {0};
    assert_int_equal(journal_walk(desk.journal, 1, note, &seen), LT_OK);
    assert_int_equal(seen.count, 9);
    assert_int_equal(seen.positions[0], 7);
    desk_deinit(&desk);
}

/* ---- a backend with a hole: records as the test wants them ---- */

struct shelf {
    struct lt_bytes records[3];
    uint64_t firsts[3];
    uint32_t counts[3];
    uint64_t epoch;
};

static enum lt_status shelf_acquire(void *self, const char *owner, uint64_t *ret_epoch,
                                    struct fault *fault)
{
    struct shelf *shelf = self;
    (void)owner;
    (void)fault;
    *ret_epoch = ++shelf->epoch + 1;
    return LT_OK;
}

static enum lt_status shelf_view(void *self, uint64_t position,
                                 enum lt_status (*look)(void *context, uint64_t first,
                                                        struct lt_bytes record),
                                 void *context)
{
    struct shelf *shelf = self;
    for (int i = 0; i < 3; i++) {
        if (shelf->records[i].size > 0 && position < shelf->firsts[i] + shelf->counts[i]) {
            return look(context, shelf->firsts[i], shelf->records[i]);
        }
    }
    return LT_NOT_FOUND;
}

static void shelf_status(void *self, struct backend_status *ret_status)
{
    struct shelf *shelf = self;
    *ret_status = (struct backend_status){.first = shelf->firsts[0],
                                          .last = shelf->firsts[2] + shelf->counts[2] - 1};
}

static void build(struct shelf *shelf, int at, uint8_t *memory, uint64_t first, uint32_t count)
{
    static struct record_builder builder;
    struct lt_digest before = {0};
    record_start(&builder, memory, 4096, first);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t payload[64];
        struct lt_bytes copy;
        struct fact_noticed noticed = {.agency = 7, .cursor = (first + i) * 10};
        assert_int_equal(record_add(&builder, FACT_NOTICED, 1000,
                                    fact_write_noticed(payload, sizeof(payload), &noticed), &copy),
                         LT_OK);
    }
    shelf->records[at] = record_finish(&builder, 1, 1000, &before);
    shelf->firsts[at] = first;
    shelf->counts[at] = count;
}

static void missing_records_are_shown_or_stop_the_walk(void **unused)
{
    (void)unused;
    static uint8_t memory[3][4096];
    /* One record can hold as many as are missing, and one more than that. */
    for (uint64_t over = 0; over <= 1; over++) {
        struct shelf shelf = {.epoch = 0};
        struct desk desk = {0};
        uint64_t behind = 2 + JOURNAL_BATCH_FACTS_MAX + over;
        build(&shelf, 0, memory[0], 1, 1);
        build(&shelf, 1, memory[1], behind, 1);
        build(&shelf, 2, memory[2], behind + 1, 1);
        desk.door = (struct journal_backend){
            .self = &shelf, .acquire = shelf_acquire, .view = shelf_view, .status = shelf_status};
        assert_int_equal(desk_journal(&desk), LT_OK);
        check_read(&desk, 1, LT_OK);
        check_read(&desk, 2, LT_DAMAGED);
        check_read(&desk, behind, LT_OK);
        struct seen seen = {.stop_after = SEEN_MAX, .stop_with = LT_AGAIN};
        enum lt_status status = journal_walk(desk.journal, 1, note, &seen);
        assert_int_equal(status, over == 0 ? LT_AGAIN : LT_DAMAGED);
        assert_int_equal(seen.count, over == 0 ? SEEN_MAX : 1);
        journal_close(&desk.journal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_position_from_everywhere),
        cmocka_unit_test(the_walk_ends_when_told),
        cmocka_unit_test(a_read_needs_room),
        cmocka_unit_test(a_damaged_fact_is_shown),
        cmocka_unit_test(a_record_that_does_not_read_is_shown_fact_by_fact),
        cmocka_unit_test(what_was_cut_is_passed_over),
        cmocka_unit_test(missing_records_are_shown_or_stop_the_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
