/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A map that is too small: batches are replayed and none is lost, growth waits for who reads, and
 * processes that only read follow. Children are forked before the parent opens its store, since
 * LMDB must not be open across a fork; pipes tell them when to go on.
 */
#include "base_test.h"

#include <pthread.h>

#include "proto/base/store.h"

#define VALUE_BYTES 1000
#define BATCH       100

struct place {
    char *folder;
    char path[128];
    struct store *store;
    struct store_tree tree;
};

static enum lt_status open_store(struct place *place, uint32_t flags, uint64_t map_bytes)
{
    struct store_options options = {
        .path = place->path, .flags = flags, .trees_max = 1, .map_bytes = map_bytes};
    enum lt_status status = store_open(&place->store, &options, NULL);
    if (status == LT_OK) {
        status = store_tree(place->store, "facts", &place->tree, NULL);
    }
    return status;
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    place->folder = folder_take();
    snprintf(place->path, sizeof(place->path), "%s/test.mdb", place->folder);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    store_close(&place->store);
    folder_drop(place->folder);
    free(place);
    return 0;
}

static void make_key(uint8_t key[4], uint32_t number)
{
    for (int i = 0; i < 4; i++) {
        key[i] = (uint8_t)(number >> (24 - 8 * i));
    }
}

static enum lt_status write_batch(struct place *place, uint32_t first, uint32_t count,
                                  bool *ret_map_full)
{
    struct store_txn txn;
    enum lt_status status = store_begin(place->store, true, &txn);
    if (status != LT_OK) {
        return status;
    }
    for (uint32_t i = first; i < first + count; i++) {
        uint8_t key[4], value[VALUE_BYTES];
        make_key(key, i);
        memset(value, (int)(i % 256), sizeof(value));
        store_append(&txn, place->tree, run_of(key, 4), run_of(value, sizeof(value)));
    }
    status = store_commit(&txn);
    *ret_map_full = txn.map_full;
    return status;
}

/* As the writer does it: grow and replay. Returns how often the map grew. */
static int write_all(struct place *place, uint32_t first, uint32_t count)
{
    int grown = 0;
    for (uint32_t at = first; at < first + count; at += BATCH) {
        bool map_full = false;
        enum lt_status status = write_batch(place, at, BATCH, &map_full);
        while (status == LT_FULL && map_full) {
            assert_int_equal(store_grow(place->store), LT_OK);
            grown++;
            status = write_batch(place, at, BATCH, &map_full);
        }
        assert_int_equal(status, LT_OK);
    }
    return grown;
}

/* Records 0 to n - 1, each whole, and no other: n, or UINT32_MAX. */
static uint32_t count_all(struct place *place, struct store_txn *txn)
{
    struct store_cursor cursor;
    struct lt_bytes key, value;
    uint32_t count = 0;
    if (store_cursor_open(txn, place->tree, &cursor) != LT_OK) {
        return UINT32_MAX;
    }
    enum lt_status status = store_seek(&cursor, text_bytes(""), &key, &value);
    for (; status == LT_OK; status = store_next(&cursor, &key, &value)) {
        uint8_t expected[4];
        make_key(expected, count);
        if (!bytes_equal(key, run_of(expected, 4)) || value.size != VALUE_BYTES ||
            value.data[0] != count % 256 || value.data[VALUE_BYTES - 1] != count % 256) {
            count = UINT32_MAX;
            break;
        }
        count++;
    }
    store_cursor_close(&cursor);
    return status == LT_NOT_FOUND ? count : UINT32_MAX;
}

static void replay_loses_nothing(void **state)
{
    struct place *place = *state;
    assert_int_equal(open_store(place, STORE_UNSAFE_NO_SYNC, 256 << 10), LT_OK);
    assert_true(write_all(place, 0, 4000) >= 4); /* 4 MB from 256 KiB on */
    struct store_txn txn;
    assert_int_equal(store_begin(place->store, false, &txn), LT_OK);
    assert_int_equal(count_all(place, &txn), 4000);
    store_abort(&txn);
    struct store_stat stat;
    store_stat(place->store, &stat);
    assert_true(stat.map_bytes >= stat.used_bytes && stat.used_bytes > 4000000);

    /* Opened with the old, small size again, it is as large as its content at least. */
    store_close(&place->store);
    assert_int_equal(open_store(place, STORE_UNSAFE_NO_SYNC, 256 << 10), LT_OK);
    (void)write_all(place, 4000, 1000);
    assert_int_equal(store_begin(place->store, false, &txn), LT_OK);
    assert_int_equal(count_all(place, &txn), 5000);
    store_abort(&txn);
}

static void *grow(void *store)
{
    return store_grow(store) == LT_OK ? store : NULL;
}

static void growth_waits_for_readers(void **state)
{
    struct place *place = *state;
    assert_int_equal(open_store(place, STORE_UNSAFE_NO_SYNC, 256 << 10), LT_OK);
    (void)write_all(place, 0, 100);
    struct store_txn reader;
    struct lt_bytes value;
    uint8_t key[4];
    make_key(key, 7);
    assert_int_equal(store_begin(place->store, false, &reader), LT_OK);
    assert_int_equal(store_get(&reader, place->tree, run_of(key, 4), &value), LT_OK);
    struct store_stat before, after;
    store_stat(place->store, &before);

    pthread_t thread;
    void *grown;
    assert_int_equal(pthread_create(&thread, NULL, grow, place->store), 0);
    usleep(50000);
    store_stat(place->store, &after); /* does not hang, and nothing has moved */
    assert_int_equal(after.map_bytes, before.map_bytes);
    for (size_t i = 0; i < VALUE_BYTES; i++) {
        assert_int_equal(value.data[i], 7);
    }
    store_reset(&reader); /* kept, but without a snapshot: growth may go on */
    assert_int_equal(pthread_join(thread, &grown), 0);
    assert_non_null(grown);
    store_stat(place->store, &after);
    assert_int_equal(after.map_bytes, before.map_bytes * 2);
    assert_int_equal(store_renew(&reader), LT_OK);
    assert_int_equal(count_all(place, &reader), 100);
    store_abort(&reader);
}

struct crowd {
    struct place *place;
    uint32_t stop;
};

static void *read_on(void *self)
{
    struct crowd *crowd = self;
    struct store_txn reader;
    uint32_t last = 0;
    if (store_begin(crowd->place->store, false, &reader) != LT_OK) {
        return NULL;
    }
    bool good = true;
    while (good && __atomic_load_n(&crowd->stop, __ATOMIC_ACQUIRE) == 0) {
        uint32_t count = count_all(crowd->place, &reader);
        good = count != UINT32_MAX && count >= last;
        last = count;
        store_reset(&reader);
        usleep(100); /* somebody else may want to grow */
        good = good && store_renew(&reader) == LT_OK;
    }
    store_abort(&reader);
    return good ? self : NULL;
}

/* Readers that never rest for long, and a map that moves under them eight times. */
static void growth_under_readers(void **state)
{
    struct place *place = *state;
    assert_int_equal(open_store(place, STORE_UNSAFE_NO_SYNC, 256 << 10), LT_OK);
    struct crowd crowd = {.place = place};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &crowd), 0);
    }
    (void)write_all(place, 0, 1500);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(store_grow(place->store), LT_OK);
    }
    __atomic_store_n(&crowd.stop, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < 3; i++) {
        void *good;
        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_non_null(good);
    }
}

/* Two pipes between parent and child; each side says one byte when the other may go on. */
struct line {
    int down[2];
    int up[2];
};

static void line_open(struct line *line)
{
    assert_int_equal(pipe(line->down), 0);
    assert_int_equal(pipe(line->up), 0);
}

/* Gives up the ends of the other side, so that a death there is heard. */
static void line_take_side(struct line *line, bool child)
{
    close(child ? line->down[1] : line->down[0]);
    close(child ? line->up[0] : line->up[1]);
}

static void line_close(struct line *line)
{
    close(line->down[1]);
    close(line->up[0]);
}

static void say(int fd)
{
    if (write(fd, "x", 1) != 1) {
        abort();
    }
}

static void hear(int fd)
{
    char byte;
    if (read(fd, &byte, 1) != 1) {
        abort();
    }
}

/* Exit code 0: saw everything, before and after the parent's map had grown. */
static void follow(struct place *place, const struct line *line)
{
    struct store_txn kept, fresh;
    hear(line->down[0]);
    if (open_store(place, STORE_READ_ONLY, 0) != LT_OK ||
        store_begin(place->store, false, &kept) != LT_OK || count_all(place, &kept) != 200) {
        _exit(1);
    }
    store_reset(&kept);
    say(line->up[1]);
    hear(line->down[0]);
    if (store_begin(place->store, false, &fresh) != LT_OK || count_all(place, &fresh) != 3000) {
        _exit(2);
    }
    store_abort(&fresh);
    say(line->up[1]);
    hear(line->down[0]);
    if (store_renew(&kept) != LT_OK || count_all(place, &kept) != 6000) {
        _exit(3);
    }
    store_abort(&kept);
    store_close(&place->store);
    _exit(0);
}

static void readers_in_another_process(void **state)
{
    struct place *place = *state;
    struct line line;
    line_open(&line);
    pid_t child = fork();
    line_take_side(&line, child == 0);
    if (child == 0) {
        follow(place, &line);
    }
    assert_int_equal(open_store(place, STORE_UNSAFE_NO_SYNC, 512 << 10), LT_OK);
    (void)write_all(place, 0, 200);
    say(line.down[1]);
    hear(line.up[0]);
    assert_true(write_all(place, 200, 2800) > 0);
    say(line.down[1]);
    hear(line.up[0]);
    assert_true(write_all(place, 3000, 3000) > 0);
    say(line.down[1]);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    line_close(&line);
}

/* Opens, takes a snapshot, and is killed with it. */
static void pin(struct place *place, const struct line *line)
{
    struct store_txn reader;
    hear(line->down[0]);
    if (open_store(place, STORE_READ_ONLY, 0) != LT_OK ||
        store_begin(place->store, false, &reader) != LT_OK) {
        _exit(1);
    }
    say(line->up[1]);
    pause();
}

static void dead_readers_are_swept(void **state)
{
    struct place *place = *state;
    struct line line;
    line_open(&line);
    pid_t child = fork();
    line_take_side(&line, child == 0);
    if (child == 0) {
        pin(place, &line);
    }
    assert_int_equal(open_store(place, STORE_UNSAFE_NO_SYNC, 4 << 20), LT_OK);
    (void)write_all(place, 0, 100);
    say(line.down[1]);
    hear(line.up[0]);
    (void)write_all(place, 100, 100);
    struct store_stat stat;
    store_stat(place->store, &stat);
    assert_int_equal(stat.oldest_reader, stat.last_txn - 1);
    assert_int_equal(store_sweep_readers(place->store), 0); /* it lives */
    assert_int_equal(kill(child, SIGKILL), 0);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    store_stat(place->store, &stat);
    assert_int_equal(stat.oldest_reader, stat.last_txn - 1); /* its slot still pins pages */
    assert_int_equal(store_sweep_readers(place->store), 1);
    store_stat(place->store, &stat);
    assert_int_equal(stat.oldest_reader, stat.last_txn);
    line_close(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replay_loses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(growth_waits_for_readers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(growth_under_readers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(readers_in_another_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dead_readers_are_swept, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
