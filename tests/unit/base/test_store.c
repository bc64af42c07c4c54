/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The store on real LMDB files in a folder of its own: entries, order, cursors, sticky failures,
 * reuse of readers, reopening, and the limits that LMDB sets.
 */
#include "base_test.h"

#include <pthread.h>

#include "proto/base/file.h"
#include "proto/base/store.h"

struct place {
    char *folder;
    char path[128];
    struct store *store;
    struct store_tree tree;
};

static void open_store(struct place *place, uint32_t flags, uint64_t map_bytes)
{
    struct store_options options = {.path = place->path,
                                    .flags = flags,
                                    .trees_max = 2,
                                    .map_bytes = map_bytes,
                                    .readers_max = 4};
    assert_int_equal(store_open(&place->store, &options, NULL), LT_OK);
    assert_int_equal(store_tree(place->store, "facts", &place->tree, NULL), LT_OK);
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    place->folder = folder_take();
    snprintf(place->path, sizeof(place->path), "%s/test.mdb", place->folder);
    open_store(place, 0, 1 << 20);
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

static void put_one(struct place *place, const char *key, const char *value)
{
    struct store_txn txn;
    assert_int_equal(store_begin(place->store, true, &txn), LT_OK);
    assert_int_equal(store_put(&txn, place->tree, text_bytes(key), text_bytes(value)), LT_OK);
    assert_int_equal(store_commit(&txn), LT_OK);
}

static void entries(void **state)
{
    struct place *place = *state;
    put_one(place, "b", "two");
    put_one(place, "a", "one");
    put_one(place, "b", "TWO");
    struct store_txn txn;
    assert_int_equal(store_begin(place->store, false, &txn), LT_OK);
    struct lt_bytes value = {NULL, 77};
    assert_int_equal(store_get(&txn, place->tree, text_bytes("none"), &value), LT_NOT_FOUND);
    assert_int_equal(value.size, 77);
    assert_int_equal(txn.status, LT_OK); /* an answer, no failure */
    assert_int_equal(store_get(&txn, place->tree, text_bytes("b"), &value), LT_OK);
    assert_bytes(value, "TWO");
    assert_int_equal(store_count(&txn, place->tree), 2);
    assert_int_equal(store_commit(&txn), LT_OK);
    store_abort(&txn); /* no-op */

    assert_int_equal(store_begin(place->store, true, &txn), LT_OK);
    assert_int_equal(store_delete(&txn, place->tree, text_bytes("none")), LT_NOT_FOUND);
    assert_int_equal(store_delete(&txn, place->tree, text_bytes("b")), LT_OK);
    assert_int_equal(store_get(&txn, place->tree, text_bytes("b"), &value), LT_NOT_FOUND);
    store_abort(&txn);
    assert_int_equal(store_begin(place->store, true, &txn), LT_OK);
    assert_int_equal(store_get(&txn, place->tree, text_bytes("b"), &value), LT_OK);
    assert_int_equal(store_delete(&txn, place->tree, text_bytes("b")), LT_OK);
    assert_int_equal(store_commit(&txn), LT_OK);
    assert_int_equal(store_begin(place->store, false, &txn), LT_OK);
    assert_int_equal(store_count(&txn, place->tree), 1);
    store_abort(&txn);
}

static void append_keeps_order(void **state)
{
    struct place *place = *state;
    struct store_txn txn;
    assert_int_equal(store_begin(place->store, true, &txn), LT_OK);
    assert_int_equal(store_append(&txn, place->tree, text_bytes("1"), text_bytes("x")), LT_OK);
    assert_int_equal(store_append(&txn, place->tree, text_bytes("3"), text_bytes("y")), LT_OK);
    void *room = NULL;
    assert_int_equal(store_append_room(&txn, place->tree, text_bytes("4"), 5, &room), LT_OK);
    memcpy(room, "later", 5);
    assert_int_equal(store_commit(&txn), LT_OK);

    static const char *const stale[] = {"2", "4", "0"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(store_begin(place->store, true, &txn), LT_OK);
        assert_int_equal(store_append(&txn, place->tree, text_bytes("5"), text_bytes("z")), LT_OK);
        assert_int_equal(store_append(&txn, place->tree, text_bytes(stale[i]), text_bytes("z")),
                         LT_EXISTS);
        /* It sticks: nothing else is done, and nothing of it is committed. */
        assert_int_equal(store_append(&txn, place->tree, text_bytes("6"), text_bytes("z")),
                         LT_EXISTS);
        struct lt_bytes value;
        assert_int_equal(store_get(&txn, place->tree, text_bytes("1"), &value), LT_EXISTS);
        assert_int_equal(store_count(&txn, place->tree), 0);
        struct store_cursor cursor;
        assert_int_equal(store_cursor_open(&txn, place->tree, &cursor), LT_EXISTS);
        assert_int_equal(store_commit(&txn), LT_EXISTS);
        assert_false(txn.map_full);
    }
    assert_int_equal(store_begin(place->store, true, &txn), LT_OK);
    assert_int_equal(store_append_room(&txn, place->tree, text_bytes("3"), 5, &room), LT_EXISTS);
    store_abort(&txn);
    struct lt_bytes value;
    assert_int_equal(store_begin(place->store, false, &txn), LT_OK);
    assert_int_equal(store_count(&txn, place->tree), 3);
    assert_int_equal(store_get(&txn, place->tree, text_bytes("4"), &value), LT_OK);
    assert_bytes(value, "later");
    store_abort(&txn);
}

static void cursors(void **state)
{
    struct place *place = *state;
    struct store_txn txn;
    struct store_cursor cursor;
    struct lt_bytes key, value;
    assert_int_equal(store_begin(place->store, false, &txn), LT_OK);
    assert_int_equal(store_cursor_open(&txn, place->tree, &cursor), LT_OK);
    assert_int_equal(store_seek(&cursor, text_bytes(""), &key, &value), LT_NOT_FOUND);
    assert_int_equal(store_last(&cursor, &key, &value), LT_NOT_FOUND);
    assert_int_equal(store_next(&cursor, &key, &value), LT_NOT_FOUND);
    assert_int_equal(store_prev(&cursor, &key, &value), LT_NOT_FOUND);
    store_cursor_close(&cursor);
    store_abort(&txn);

    put_one(place, "b", "2");
    put_one(place, "d", "4");
    put_one(place, "f", "6");
    assert_int_equal(store_begin(place->store, false, &txn), LT_OK);
    assert_int_equal(store_cursor_open(&txn, place->tree, &cursor), LT_OK);
    assert_int_equal(store_seek(&cursor, text_bytes("c"), &key, &value), LT_OK);
    assert_bytes(key, "d");
    assert_bytes(value, "4");
    assert_int_equal(store_seek(&cursor, text_bytes("d"), &key, NULL), LT_OK);
    assert_bytes(key, "d");
    assert_int_equal(store_next(&cursor, &key, &value), LT_OK);
    assert_bytes(key, "f");
    assert_int_equal(store_next(&cursor, &key, &value), LT_NOT_FOUND);
    assert_bytes(key, "f"); /* untouched */
    assert_int_equal(store_seek(&cursor, text_bytes("g"), &key, &value), LT_NOT_FOUND);
    assert_int_equal(store_last(&cursor, NULL, &value), LT_OK);
    assert_bytes(value, "6");
    assert_int_equal(store_prev(&cursor, &key, &value), LT_OK);
    assert_bytes(key, "d");
    assert_int_equal(store_seek(&cursor, text_bytes(""), &key, &value), LT_OK);
    assert_bytes(key, "b");
    assert_int_equal(store_prev(&cursor, &key, &value), LT_NOT_FOUND);
    store_cursor_close(&cursor);
    store_cursor_close(&cursor);
    store_abort(&txn);
}

/* Closing after the end: a writer's cursor is gone with it, a reader's is not. */
static void cursors_outlive(void **state)
{
    struct place *place = *state;
    struct store_txn txn;
    struct store_cursor cursor;
    struct lt_bytes key;
    for (int write = 0; write <= 1; write++) {
        for (int early = 0; early <= 1; early++) {
            assert_int_equal(store_begin(place->store, write == 1, &txn), LT_OK);
            assert_int_equal(store_cursor_open(&txn, place->tree, &cursor), LT_OK);
            (void)store_seek(&cursor, text_bytes(""), &key, NULL);
            if (early == 1) {
                store_cursor_close(&cursor);
            }
            assert_int_equal(store_commit(&txn), LT_OK);
            store_cursor_close(&cursor);
        }
    }
}

static void reader_is_used_again(void **state)
{
    struct place *place = *state;
    struct store_txn reader;
    struct store_cursor cursor;
    struct lt_bytes key, value;
    put_one(place, "a", "1");
    assert_int_equal(store_begin(place->store, false, &reader), LT_OK);
    assert_int_equal(store_cursor_open(&reader, place->tree, &cursor), LT_OK);
    for (int i = 0; i < 20; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%d", 100 + i);
        put_one(place, "a", text);
        if (i > 0) { /* the snapshot is older */
            assert_int_equal(store_get(&reader, place->tree, text_bytes("a"), &value), LT_OK);
            assert_false(bytes_equal(value, text_bytes(text)));
        }
        store_reset(&reader);
        store_reset(&reader);
        assert_int_equal(store_renew(&reader), LT_OK);
        assert_int_equal(store_cursor_renew(&cursor), LT_OK);
        assert_int_equal(store_get(&reader, place->tree, text_bytes("a"), &value), LT_OK);
        assert_bytes(value, text);
        assert_int_equal(store_seek(&cursor, text_bytes("a"), &key, &value), LT_OK);
        assert_bytes(value, text);
    }
    struct store_stat stat;
    store_stat(place->store, &stat);
    assert_int_equal(stat.oldest_reader, stat.last_txn);
    put_one(place, "a", "later");
    store_stat(place->store, &stat);
    assert_int_equal(stat.oldest_reader, stat.last_txn - 1);
    store_reset(&reader);
    store_stat(place->store, &stat);
    assert_int_equal(stat.oldest_reader, stat.last_txn);
    store_cursor_close(&cursor);
    store_abort(&reader);
}

static void failure_ends_with_the_snapshot(void **state)
{
    struct place *place = *state;
    struct store_txn reader;
    struct lt_bytes value;
    put_one(place, "a", "1");
    assert_int_equal(store_begin(place->store, false, &reader), LT_OK);
    assert_int_equal(store_get(&reader, place->tree, text_bytes(""), &value), LT_FIELD_BAD);
    assert_int_equal(store_get(&reader, place->tree, text_bytes("a"), &value), LT_FIELD_BAD);
    store_reset(&reader);
    assert_int_equal(store_renew(&reader), LT_OK);
    assert_int_equal(store_get(&reader, place->tree, text_bytes("a"), &value), LT_OK);
    store_abort(&reader);
}

static void key_limits(void **state)
{
    struct place *place = *state;
    struct store_txn txn;
    char key[512];
    memset(key, 'k', sizeof(key));
    assert_int_equal(store_begin(place->store, true, &txn), LT_OK);
    assert_int_equal(store_put(&txn, place->tree, run_of(key, 511), text_bytes("x")), LT_OK);
    assert_int_equal(store_put(&txn, place->tree, run_of(key, 512), text_bytes("x")), LT_FIELD_BAD);
    assert_int_equal(store_commit(&txn), LT_FIELD_BAD);
}

static void reader_limits(void **state)
{
    struct place *place = *state;
    struct store_txn readers[5];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(store_begin(place->store, false, &readers[i]), LT_OK);
    }
    assert_int_equal(store_begin(place->store, false, &readers[4]), LT_AGAIN);
    store_abort(&readers[0]);
    assert_int_equal(store_begin(place->store, false, &readers[4]), LT_OK);
    for (int i = 1; i < 5; i++) {
        store_abort(&readers[i]);
    }
    struct store_tree tree;
    assert_int_equal(store_tree(place->store, "second", &tree, NULL), LT_OK);
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(store_tree(place->store, "third", &tree, &fault), LT_NO_MEMORY);
    assert_string_equal(fault.field, "third");
}

static void reopened(void **state)
{
    struct place *place = *state;
    put_one(place, "kept", "yes");
    store_close(&place->store);
    assert_null(place->store);
    store_close(&place->store);
    open_store(place, STORE_READ_ONLY | STORE_NO_READAHEAD, 0);
    struct store_stat stat;
    store_stat(place->store, &stat);
    assert_int_equal(stat.map_bytes, 1 << 20); /* a reader takes what the file says */
    assert_true(stat.used_bytes > 0 && stat.used_bytes < 1 << 20);
    struct store_txn txn;
    struct lt_bytes value;
    assert_int_equal(store_begin(place->store, false, &txn), LT_OK);
    assert_int_equal(store_get(&txn, place->tree, text_bytes("kept"), &value), LT_OK);
    assert_bytes(value, "yes");
    store_abort(&txn);
    struct store_tree tree;
    assert_int_equal(store_tree(place->store, "absent", &tree, NULL), LT_NOT_FOUND);
    store_close(&place->store);
    open_store(place, STORE_UNSAFE_NO_SYNC, 1 << 20);
    put_one(place, "more", "yes");
}

static void bad_files(void **state)
{
    struct place *place = *state;
    struct store *store = NULL;
    struct fault fault;
    char path[200];
    snprintf(path, sizeof(path), "%s/none.mdb", place->folder);
    struct store_options options = {.path = path, .flags = STORE_READ_ONLY, .trees_max = 1};
    fault_init(&fault);
    assert_int_equal(store_open(&store, &options, &fault), LT_NOT_FOUND);
    assert_memory_equal(fault.field, path, 20);
    options.flags = 0;
    static char junk[8192];
    memset(junk, 'j', sizeof(junk));
    assert_int_equal(file_write(path, run_of(junk, sizeof(junk)), 0600, NULL), LT_OK);
    fault_init(&fault);
    assert_int_equal(store_open(&store, &options, &fault), LT_DAMAGED);
    assert_null(store);
    options.path = "/no/such/folder/x.mdb";
    assert_int_equal(store_open(&store, &options, NULL), LT_NOT_FOUND);
}

/* Wherever the end of the file is missing: it is said by name, and nobody looks behind it. */
static void a_file_cut_short_is_refused(void **state)
{
    struct place *place = *state;
    struct store *store = NULL;
    struct store_stat used;
    struct fault fault;
    static uint8_t value[3000];
    uint8_t *bytes = NULL;
    size_t size = 0;
    for (int i = 0; i < 100; i++) {
        char key[16];
        struct store_txn txn;
        snprintf(key, sizeof(key), "%d", i);
        assert_int_equal(store_begin(place->store, true, &txn), LT_OK);
        store_put(&txn, place->tree, text_bytes(key), run_of(value, sizeof(value)));
        assert_int_equal(store_commit(&txn), LT_OK);
    }
    store_stat(place->store, &used);
    store_close(&place->store);
    assert_int_equal(file_read(place->path, 1 << 24, &bytes, &size, NULL), LT_OK);
    assert_true(size >= used.used_bytes);
    for (size_t cut = 8192; cut <= size; cut += 4096) {
        struct store_options options = {.path = place->path, .trees_max = 2, .map_bytes = 1 << 20};
        options.flags = cut % 8192 == 0 ? STORE_READ_ONLY : 0;
        assert_int_equal(file_write(place->path, run_of(bytes, cut), 0600, NULL), LT_OK);
        fault_init(&fault);
        enum lt_status opened = store_open(&store, &options, &fault);
        assert_int_equal(opened, cut < used.used_bytes ? LT_DAMAGED : LT_OK);
        if (opened == LT_OK) {
            store_close(&store);
            continue;
        }
        assert_string_equal(fault.field, "test.mdb");
        assert_non_null(strstr(fault.detail, "cut short"));
    }
    free(bytes);
    open_store(place, 0, 1 << 20);
}

static void *end_it(void *txn)
{
    struct store_txn *reader = txn;
    store_reset(reader);
    if (store_renew(reader) != LT_OK) {
        return NULL;
    }
    store_abort(reader);
    return txn;
}

/* A reader may wander between threads, and the gate must not care. */
static void reader_wanders(void **state)
{
    struct place *place = *state;
    struct store_txn reader;
    pthread_t thread;
    void *ended;
    put_one(place, "a", "1");
    assert_int_equal(store_begin(place->store, false, &reader), LT_OK);
    assert_int_equal(pthread_create(&thread, NULL, end_it, &reader), 0);
    assert_int_equal(pthread_join(thread, &ended), 0);
    assert_non_null(ended);
    assert_int_equal(store_grow(place->store), LT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(append_keeps_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cursors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cursors_outlive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reader_is_used_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failure_ends_with_the_snapshot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(key_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reader_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reopened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_cut_short_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reader_wanders, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
