/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A disk that fails under real LMDB: the program brings its own writev, pwrite and fdatasync, which
 * LMDB then calls. A full disk is LT_FULL and passes; anything else on the way to a commit is
 * LT_IO, class stop, and what was committed before is there after reopening.
 */
#include "base_test.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "proto/base/store.h"

enum call { CALL_NONE, CALL_DATA, CALL_META, CALL_SYNC };

static enum call armed;
static int armed_errno;
static int calls[4];
static int meta_flags; /* of the file that the last meta page was written to */

/* True when this call is to fail. */
static bool fails(enum call call)
{
    calls[call]++;
    if (armed != call) {
        return false;
    }
    errno = armed_errno;
    return true;
}

/* The C library's own names for these parameters are reserved. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (fails(CALL_DATA)) {
        if (armed_errno == 0) { /* a short write */
            return syscall(SYS_write, fd, parts[0].iov_base, (size_t)1000);
        }
        return -1;
    }
    return syscall(SYS_writev, fd, parts, count);
}

/* Data pages go this way, too, when there is only one; a meta page is 120 bytes. */
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    enum call call = size < 4096 ? CALL_META : CALL_DATA;
    if (call == CALL_META) {
        meta_flags = fcntl(fd, F_GETFL);
    }
    if (fails(call)) {
        return -1;
    }
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

int fdatasync(int fd)
{
    return fails(CALL_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

struct place {
    char *folder;
    char path[128];
    struct store *store;
    struct store_tree tree;
};

static void open_store(struct place *place)
{
    struct store_options options = {.path = place->path, .trees_max = 1, .map_bytes = 1 << 20};
    assert_int_equal(store_open(&place->store, &options, NULL), LT_OK);
    assert_int_equal(store_tree(place->store, "facts", &place->tree, NULL), LT_OK);
}

static enum lt_status append(struct place *place, const char *key, bool *ret_map_full)
{
    static uint8_t value[6000];
    struct store_txn txn;
    enum lt_status status = store_begin(place->store, true, &txn);
    if (status != LT_OK) {
        return status;
    }
    store_append(&txn, place->tree, text_bytes(key), run_of(value, sizeof(value)));
    status = store_commit(&txn);
    *ret_map_full = txn.map_full;
    return status;
}

static bool there(struct place *place, const char *key)
{
    struct store_txn txn;
    struct lt_bytes value;
    assert_int_equal(store_begin(place->store, false, &txn), LT_OK);
    enum lt_status status = store_get(&txn, place->tree, text_bytes(key), &value);
    store_abort(&txn);
    return status == LT_OK && value.size == 6000;
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    armed = CALL_NONE;
    memset(calls, 0, sizeof(calls));
    place->folder = folder_take();
    snprintf(place->path, sizeof(place->path), "%s/test.mdb", place->folder);
    open_store(place);
    bool map_full;
    assert_int_equal(append(place, "1", &map_full), LT_OK);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    armed = CALL_NONE;
    store_close(&place->store);
    folder_drop(place->folder);
    free(place);
    return 0;
}

/* Otherwise none of the rest would prove anything. */
static void calls_come_through_here(void **state)
{
    struct place *place = *state;
    memset(calls, 0, sizeof(calls));
    bool map_full;
    assert_int_equal(append(place, "2", &map_full), LT_OK);
    assert_true(calls[CALL_DATA] >= 1);
    assert_int_equal(calls[CALL_SYNC], 1); /* the default flags sync */
    assert_int_equal(calls[CALL_META], 1);
    assert_int_equal(meta_flags & O_DSYNC, O_DSYNC); /* and so does the meta page by itself */
}

static void full_disk_passes(void **state)
{
    struct place *place = *state;
    static const int full[] = {ENOSPC, EDQUOT};
    for (size_t i = 0; i < 2; i++) {
        bool map_full = true;
        armed = CALL_DATA;
        armed_errno = full[i];
        assert_int_equal(append(place, "2", &map_full), LT_FULL);
        assert_false(map_full);
        assert_true(there(place, "1"));
        assert_false(there(place, "2"));
    }
    armed = CALL_NONE;
    bool map_full;
    assert_int_equal(append(place, "2", &map_full), LT_OK);
    assert_true(there(place, "2"));
}

static void stops(struct place *place, enum call call, int error)
{
    bool map_full = true;
    armed = call;
    armed_errno = error;
    assert_int_equal(append(place, "2", &map_full), LT_IO);
    assert_int_equal(lt_class(LT_IO), LT_CLASS_STOP);
    assert_false(map_full);
    armed = CALL_NONE;
    store_close(&place->store);
    open_store(place);
    assert_true(there(place, "1"));
    assert_int_equal(append(place, "3", &map_full), LT_OK);
}

static void failed_write_stops(void **state)
{
    stops(*state, CALL_DATA, EIO);
}

static void short_write_stops(void **state)
{
    stops(*state, CALL_DATA, 0);
}

static void failed_sync_stops(void **state)
{
    stops(*state, CALL_SYNC, EIO);
}

/* A commit knows three words: done, full, stop. */
static void odd_failures_stop(void **state)
{
    stops(*state, CALL_SYNC, ENOMEM);
}

static void failed_meta_stops(void **state)
{
    stops(*state, CALL_META, EIO);
}

/* After a failed meta page LMDB itself refuses to go on. */
static void panic_is_io(void **state)
{
    struct place *place = *state;
    bool map_full;
    armed = CALL_META;
    armed_errno = EIO;
    assert_int_equal(append(place, "2", &map_full), LT_IO);
    armed = CALL_NONE;
    assert_int_equal(append(place, "2", &map_full), LT_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calls_come_through_here, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk_passes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_write_stops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(short_write_stops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_sync_stops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(odd_failures_stop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_meta_stops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(panic_is_io, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
