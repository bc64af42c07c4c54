/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What every engine behind the journal's door must do, on the LMDB backend and on its twin in
 * memory, with every fault that can be planned there: the twin's plans, and a failing disk under
 * the real LMDB. What holds here on the twin is what simulations rely on.
 */
#undef _FORTIFY_SOURCE
#include "unit/base/base_test.h"

#include <poll.h>
#include <pthread.h>

#include "harness/io_faults.h"

#include "broker/journal/backend.h"
#include "broker/journal/layout.h"
#include "proto/digest.h"

#define RECORD_ROOM 16384

struct world {
    const char *name;
    void (*open)(struct world *world);
    void (*close)(struct world *world); /* what was durable stays */
    void (*drop)(struct world *world);
    bool (*plan)(struct world *world, enum append_result result, bool written); /* false: cannot */
    struct journal_backend door;
    uint64_t epoch;
    char *folder;
    struct backend_lmdb *lmdb;
    struct backend_memory *twin;
};

/* ---- the worlds ---- */

static void lmdb_open(struct world *world)
{
    struct fault fault;
    fault_init(&fault);
    if (world->folder == NULL) {
        world->folder = folder_take();
    }
    struct backend_lmdb_options options = {.folder = world->folder, .map_bytes = 1 << 24};
    enum lt_status status = backend_lmdb_open(&world->lmdb, &options, &fault);
    if (status != LT_OK) {
        fail_msg("%s: %s %s", lt_code(status), fault.field, fault.detail);
    }
    world->door = backend_lmdb_door(world->lmdb);
}

static void lmdb_close(struct world *world)
{
    io_heal();
    backend_lmdb_close(&world->lmdb);
}

static void lmdb_drop(struct world *world)
{
    lmdb_close(world);
    folder_drop(world->folder);
    world->folder = NULL;
}

static bool lmdb_plan(struct world *world, enum append_result result, bool written)
{
    (void)world;
    if (written || (result != APPEND_FULL && result != APPEND_REFUSED)) {
        return false;
    }
    io_plan(1, result == APPEND_FULL ? ENOSPC : EIO, false);
    return true;
}

static void memory_open(struct world *world)
{
    if (world->twin == NULL) {
        assert_int_equal(backend_memory_open(&world->twin), LT_OK);
    }
    world->door = backend_memory_door(world->twin);
}

static void memory_close(struct world *world)
{
    backend_memory_crash(world->twin, false);
}

static void memory_drop(struct world *world)
{
    backend_memory_close(&world->twin);
}

static bool memory_plan(struct world *world, enum append_result result, bool written)
{
    backend_memory_plan(world->twin, result, 3, written);
    return true;
}

static const struct world worlds[] = {
    {.name = "lmdb", .open = lmdb_open, .close = lmdb_close, .drop = lmdb_drop, .plan = lmdb_plan},
    {.name = "memory",
     .open = memory_open,
     .close = memory_close,
     .drop = memory_drop,
     .plan = memory_plan},
};

/* ---- one record and one append ---- */

struct page {
    uint8_t memory[RECORD_ROOM];
    struct append append;
};

static struct record_builder builder;

/* `count` facts behind `last`, with bytes that depend on `mark`. */
static void page_fill(struct world *world, struct page *page, uint64_t last, uint32_t count,
                      uint8_t mark)
{
    const struct lt_digest before = {.bytes = {mark}};
    struct digester *digester = NULL;
    assert_int_equal(digester_open(&digester), LT_OK);
    record_start(&builder, page->memory, RECORD_ROOM, last + 1);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t payload[100];
        struct lt_bytes copy;
        memset(payload, mark, sizeof(payload));
        assert_int_equal(record_add(&builder, 1, 1, run_of(payload, sizeof(payload)), &copy),
                         LT_OK);
    }
    page->append = (struct append){.epoch = world->epoch, .expected_last = last, .facts = count};
    page->append.record = record_finish(&builder, world->epoch, 1, &before);
    page->append.digest = digest_of(digester, page->append.record);
    digester_close(&digester);
}

static enum append_result wait_done(struct world *world, struct fault *fault)
{
    enum append_result result;
    fault_init(fault);
    int fd = world->door.fd(world->door.self);
    for (int i = 0; i < 2000; i++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = fd >= 0 ? poll(&wait, 1, 5000) : 1;
        assert_int_equal(ready, 1); /* the answer shows on the fd */
        if (world->door.append_done(world->door.self, &result, fault)) {
            assert_true(fd < 0 || poll(&wait, 1, 0) == 0); /* and only the answer */
            return result;
        }
        assert_true(fd < 0);
    }
    fail_msg("no answer");
    return APPEND_REFUSED;
}

static enum append_result append(struct world *world, struct page *page)
{
    struct fault fault;
    assert_int_equal(world->door.append_start(world->door.self, &page->append), LT_OK);
    return wait_done(world, &fault);
}

static void append_good(struct world *world, uint64_t last, uint32_t count, uint8_t mark)
{
    struct page page;
    page_fill(world, &page, last, count, mark);
    assert_int_equal(append(world, &page), APPEND_DURABLE);
}

static void acquire(struct world *world)
{
    struct fault fault;
    uint64_t before = world->epoch;
    fault_init(&fault);
    assert_int_equal(world->door.acquire(world->door.self, "owner", &world->epoch, &fault), LT_OK);
    assert_true(world->epoch > before);
}

static uint64_t last_of(struct world *world)
{
    struct backend_status at;
    world->door.status(world->door.self, &at);
    return at.last;
}

/* ---- looking ---- */

struct looked {
    uint64_t first;
    uint32_t count;
    uint8_t mark;
    enum lt_status answer;
};

static enum lt_status look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct looked *looked = context;
    struct record record;
    assert_int_equal(record_read(bytes, &record, NULL), LT_OK);
    assert_int_equal(record.first, first);
    looked->first = first;
    looked->count = record.count;
    looked->mark = record.before.bytes[0];
    return looked->answer;
}

static void check_view(struct world *world, uint64_t position, uint64_t first, uint8_t mark)
{
    struct looked looked = {.answer = LT_OK};
    assert_int_equal(world->door.view(world->door.self, position, look, &looked), LT_OK);
    assert_int_equal(looked.first, first);
    assert_int_equal(looked.mark, mark);
}

static void check_no_view(struct world *world, uint64_t position)
{
    struct looked looked = {.answer = LT_OK};
    assert_int_equal(world->door.view(world->door.self, position, look, &looked), LT_NOT_FOUND);
    assert_int_equal(looked.first, 0);
}

/* ---- the suite ---- */

static void an_empty_journal(struct world *world)
{
    struct backend_status at;
    world->door.status(world->door.self, &at);
    assert_int_equal(at.first, 0);
    assert_int_equal(at.last, 0);
    check_no_view(world, 0);
    check_no_view(world, 1);
    struct page page;
    page_fill(world, &page, 0, 1, 1);
    assert_int_equal(world->door.append_start(world->door.self, &page.append), LT_FENCED);
    enum append_result result;
    struct fault fault;
    fault_init(&fault);
    assert_false(world->door.append_done(world->door.self, &result, &fault));
}

static void appends_and_views(struct world *world)
{
    acquire(world);
    append_good(world, 0, 1, 11);
    append_good(world, 1, 40, 12);
    append_good(world, 41, 3, 13);
    struct backend_status at;
    world->door.status(world->door.self, &at);
    assert_int_equal(at.first, 1);
    assert_int_equal(at.last, 44);
    assert_int_equal(at.epoch, world->epoch);
    assert_true(at.used_bytes >= 44 * 100);
    check_view(world, 0, 1, 11);
    check_view(world, 1, 1, 11);
    check_view(world, 2, 2, 12);
    check_view(world, 20, 2, 12);
    check_view(world, 41, 2, 12);
    check_view(world, 42, 42, 13);
    check_view(world, 44, 42, 13);
    check_no_view(world, 45);
    check_no_view(world, UINT64_MAX);
    struct looked looked = {.answer = LT_TIMEOUT};
    assert_int_equal(world->door.view(world->door.self, 1, look, &looked), LT_TIMEOUT);
}

static void what_is_durable_stays(struct world *world)
{
    acquire(world);
    append_good(world, 0, 2, 1);
    append_good(world, 2, 2, 2);
    uint64_t epoch = world->epoch;
    world->close(world);
    world->open(world);
    assert_int_equal(last_of(world), 4);
    check_view(world, 3, 3, 2);
    acquire(world);
    assert_true(world->epoch > epoch);
    append_good(world, 4, 1, 3);
    assert_int_equal(last_of(world), 5);
}

static void one_append_in_flight(struct world *world)
{
    struct page page;
    struct fault fault;
    acquire(world);
    page_fill(world, &page, 0, 1, 1);
    assert_int_equal(world->door.append_start(world->door.self, &page.append), LT_OK);
    assert_int_equal(world->door.append_start(world->door.self, &page.append), LT_AGAIN);
    uint64_t epoch = 0;
    fault_init(&fault);
    assert_int_equal(world->door.acquire(world->door.self, "owner", &epoch, &fault), LT_AGAIN);
    assert_int_equal(world->door.cut(world->door.self, 1, &fault), LT_AGAIN);
    assert_int_equal(wait_done(world, &fault), APPEND_DURABLE);
    enum append_result result;
    assert_false(world->door.append_done(world->door.self, &result, &fault));
}

static void the_same_record_again_is_durable(struct world *world)
{
    struct backend_status before;
    struct backend_status after;
    struct page page;
    acquire(world);
    append_good(world, 0, 3, 1);
    page_fill(world, &page, 3, 2, 2);
    assert_int_equal(append(world, &page), APPEND_DURABLE);
    world->door.status(world->door.self, &before);
    assert_int_equal(append(world, &page), APPEND_DURABLE);
    world->door.status(world->door.self, &after);
    assert_int_equal(after.last, 5);
    assert_int_equal(after.syncs, before.syncs);
    append_good(world, 5, 1, 3);
}

/* Out of place in every direction: nothing is written, and the engine is stopped. */
static void out_of_place_is_refused(struct world *world)
{
    static const struct {
        uint64_t last;
        uint32_t facts;
    } wrong[] = {{3, 2}, {6, 1}, {4, 1}, {0, 5}, {3, 3}};
    acquire(world);
    append_good(world, 0, 3, 1);
    append_good(world, 3, 2, 2);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct page page;
        struct fault fault;
        page_fill(world, &page, wrong[i].last, wrong[i].facts, 99); /* other bytes */
        assert_int_equal(world->door.append_start(world->door.self, &page.append), LT_OK);
        assert_int_equal(wait_done(world, &fault), APPEND_REFUSED);
        assert_int_equal(fault.status, LT_IO);
        assert_int_equal(last_of(world), 5);
        check_view(world, 5, 4, 2);
        check_no_view(world, 6);
        page_fill(world, &page, 5, 1, 3);
        assert_int_equal(world->door.append_start(world->door.self, &page.append), LT_IO);
        world->close(world);
        world->open(world);
        acquire(world);
    }
    append_good(world, 5, 1, 3);
}

static void an_old_epoch_is_fenced(struct world *world)
{
    struct page page;
    acquire(world);
    append_good(world, 0, 1, 1);
    page_fill(world, &page, 1, 1, 2);
    acquire(world);
    assert_int_equal(append(world, &page), APPEND_FENCED);
    assert_int_equal(last_of(world), 1);
    check_no_view(world, 2);
}

static void cuts_whole_records_only(struct world *world)
{
    struct fault fault;
    fault_init(&fault);
    acquire(world);
    for (uint8_t i = 0; i < 6; i++) {
        append_good(world, i * 3U, 3, i); /* 1-3, 4-6, ... 16-18 */
    }
    assert_int_equal(world->door.cut(world->door.self, 3, &fault), LT_OK);
    check_view(world, 0, 1, 0);
    assert_int_equal(world->door.cut(world->door.self, 4, &fault), LT_OK);
    check_view(world, 0, 4, 1);
    check_view(world, 3, 4, 1);
    assert_int_equal(world->door.cut(world->door.self, 12, &fault), LT_OK);
    check_view(world, 0, 10, 3);
    /* The last record stays whatever is asked: it carries the position and the chain. */
    assert_int_equal(world->door.cut(world->door.self, UINT64_MAX, &fault), LT_OK);
    check_view(world, 0, 16, 5);
    struct backend_status at;
    world->door.status(world->door.self, &at);
    assert_int_equal(at.first, 16);
    assert_int_equal(at.last, 18);
    append_good(world, 18, 1, 7);
    world->close(world);
    world->open(world);
    world->door.status(world->door.self, &at);
    assert_int_equal(at.first, 16);
    assert_int_equal(at.last, 19);
}

/* Every fault that can be planned: its answer, no ticket without the record, no record twice. */
static void planned_faults(struct world *world)
{
    static const enum append_result results[] = {APPEND_FULL, APPEND_UNKNOWN, APPEND_FENCED,
                                                 APPEND_REFUSED};
    uint64_t last = 0;
    uint8_t mark = 1;
    acquire(world);
    append_good(world, last++, 1, mark);
    for (int i = 0; i < 8; i++) {
        enum append_result result = results[i % 4];
        bool written = i >= 4;
        struct page page;
        page_fill(world, &page, last, 2, (uint8_t)(100 + i));
        if (!world->plan(world, result, written)) {
            continue;
        }
        assert_int_equal(append(world, &page), result);
        if (result == APPEND_FULL || result == APPEND_UNKNOWN) {
            bool there = written && result == APPEND_UNKNOWN;
            assert_int_equal(last_of(world), there ? last + 2 : last);
            assert_int_equal(append(world, &page), APPEND_DURABLE);
            last += 2;
        } else {
            world->close(world);
            world->open(world);
            assert_int_equal(last_of(world), written ? last + 2 : last);
            last = last_of(world);
            acquire(world);
        }
        if (last > 1) {
            bool kept = result == APPEND_FULL || result == APPEND_UNKNOWN || written;
            mark = kept ? (uint8_t)(100 + i) : mark;
            check_view(world, last, last - 1, mark);
        }
    }
}

/* ---- views from other threads while the owner appends ---- */

struct watcher {
    struct world *world;
    atomic_bool stop;
    atomic_uint looks;
    atomic_bool wrong;
};

static enum lt_status watch_look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct watcher *watcher = context;
    struct record record;
    struct fact fact;
    bool sound = record_read(bytes, &record, NULL) == LT_OK && record.first == first &&
                 record_fact(&record, record.count - 1, &fact) == LT_OK &&
                 fact.payload.data[0] == record.before.bytes[0];
    if (!sound) {
        atomic_store(&watcher->wrong, true);
    }
    return LT_OK;
}

static void *watch(void *self)
{
    struct watcher *watcher = self;
    uint64_t position = 0;
    while (!atomic_load(&watcher->stop)) {
        const struct journal_backend *door = &watcher->world->door;
        enum lt_status status = door->view(door->self, position, watch_look, watcher);
        if (status != LT_OK && status != LT_NOT_FOUND) {
            atomic_store(&watcher->wrong, true);
        }
        position = status == LT_OK ? position + 1 : 0;
        atomic_fetch_add(&watcher->looks, 1);
    }
    return NULL;
}

static void views_beside_appends(struct world *world)
{
    struct watcher watcher = {.world = world};
    pthread_t threads[3];
    acquire(world);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, watch, &watcher), 0);
    }
    uint64_t last = 0;
    for (int i = 0; i < 200 || (atomic_load(&watcher.looks) < 500 && i < 5000); i++) {
        append_good(world, last, 4, (uint8_t)i);
        last += 4;
    }
    atomic_store(&watcher.stop, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_false(atomic_load(&watcher.wrong));
    assert_int_equal(last_of(world), last);
}

static void on_all_worlds(void (*check)(struct world *world))
{
    for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++) {
        struct world world = worlds[i];
        print_message("on %s\n", world.name);
        world.open(&world);
        check(&world);
        world.drop(&world);
    }
}

#define ON_ALL(check)                                                                              \
    static void check##_on_all(void **unused)                                                      \
    {                                                                                              \
        (void)unused;                                                                              \
        on_all_worlds(check);                                                                      \
    }

ON_ALL(an_empty_journal)
ON_ALL(appends_and_views)
ON_ALL(what_is_durable_stays)
ON_ALL(one_append_in_flight)
ON_ALL(the_same_record_again_is_durable)
ON_ALL(out_of_place_is_refused)
ON_ALL(an_old_epoch_is_fenced)
ON_ALL(cuts_whole_records_only)
ON_ALL(planned_faults)
ON_ALL(views_beside_appends)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_journal_on_all),
        cmocka_unit_test(appends_and_views_on_all),
        cmocka_unit_test(what_is_durable_stays_on_all),
        cmocka_unit_test(one_append_in_flight_on_all),
        cmocka_unit_test(the_same_record_again_is_durable_on_all),
        cmocka_unit_test(out_of_place_is_refused_on_all),
        cmocka_unit_test(an_old_epoch_is_fenced_on_all),
        cmocka_unit_test(cuts_whole_records_only_on_all),
        cmocka_unit_test(planned_faults_on_all),
        cmocka_unit_test(views_beside_appends_on_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
