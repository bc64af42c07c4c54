/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Room is taken before it is needed and is never less than what a commit then writes: the second is
 * shown on real transactions drawn by chance, whose file must not grow but by fallocate.
 */
#undef _FORTIFY_SOURCE
#include "base_test.h"

#include <sys/stat.h>

#include "harness/io_faults.h"

#include "proto/base/room.h"
#include "proto/base/store.h"

#define ROUNDS    400
#define VALUE_MAX 9000
#define KEYS      3000

struct place {
    char *folder;
    char path[256];
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    place->folder = folder_take();
    snprintf(place->path, sizeof(place->path), "%s/file", place->folder);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    io_heal();
    folder_drop(place->folder);
    free(place);
    return 0;
}

static void room_is_taken_or_not_at_all(void **state)
{
    struct place *place = *state;
    struct room room;
    struct stat info;
    int fd = open(place->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 1 << 20), 0); /* all of it a hole */
    room_init(&room, fd);
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_size, 1 << 20);
    assert_true(info.st_blocks * 512 >= 1 << 20);

    assert_int_equal(room_take(&room, 1 << 20, 100), LT_OK);
    assert_true(room.end >= (1 << 20) + 100);
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_size, room.end);
    assert_true((uint64_t)info.st_blocks * 512 >= room.end);

    uint64_t before = room.end;
    atomic_store(&io_disk_full, true);
    assert_int_equal(room_take(&room, 1 << 20, before - (1 << 20)), LT_OK); /* it is ours */
    assert_int_equal(room_take(&room, 1 << 20, before - (1 << 20) + 1), LT_FULL);
    assert_int_equal(room.end, before);
    io_heal();
    io_plan(1, EDQUOT, true);
    assert_int_equal(room_take(&room, before, 1), LT_FULL);
    io_plan(1, EIO, false);
    assert_int_equal(room_take(&room, before, 1), LT_IO);
    io_heal();
    io_plan(1, EOPNOTSUPP, false);
    assert_int_equal(room_take(&room, before, 1), LT_OK); /* and only looked at from now on */
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_size, before + 1); /* but long enough all the same */
    io_heal();
    atomic_store(&io_disk_full, true);
    assert_int_equal(room_take(&room, 1 << 20, 1), LT_FULL);
    close(fd);
}

static uint32_t chance(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*seed >> 33) % below;
}

static enum lt_status one_commit(struct store *store, const struct store_tree *trees,
                                 uint64_t *seed)
{
    static uint8_t value[VALUE_MAX];
    struct store_txn txn;
    uint32_t count = 1 + chance(seed, chance(seed, 4) == 0 ? 600 : 20);
    uint32_t size_max = chance(seed, 3) == 0 ? VALUE_MAX : 100;
    assert_int_equal(store_begin(store, true, &txn), LT_OK);
    for (uint32_t i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%u", chance(seed, KEYS));
        struct store_tree tree = trees[chance(seed, 2)];
        if (chance(seed, 3) == 0) {
            store_delete(&txn, tree, text_bytes(key));
        } else {
            store_put(&txn, tree, text_bytes(key), run_of(value, 1 + chance(seed, size_max)));
        }
    }
    return store_commit(&txn);
}

static void no_commit_writes_past_its_room(void **state)
{
    struct place *place = *state;
    struct store *store = NULL;
    struct store_tree trees[2];
    struct store_options options = {.path = place->path, .trees_max = 2, .map_bytes = 1ULL << 30};
    assert_int_equal(store_open(&store, &options, NULL), LT_OK);
    assert_int_equal(store_tree(store, "a", &trees[0], NULL), LT_OK);
    assert_int_equal(store_tree(store, "b", &trees[1], NULL), LT_OK);
    uint64_t seed = 11;
    uint32_t full = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct stat before;
        struct stat after;
        /* Without more room a commit fits in what it has, or writes nothing. */
        atomic_store(&io_disk_full, i % 2 == 1);
        assert_int_equal(stat(place->path, &before), 0);
        enum lt_status status = one_commit(store, trees, &seed);
        assert_int_equal(stat(place->path, &after), 0);
        assert_true(status == LT_OK || (i % 2 == 1 && status == LT_FULL));
        assert_true(i % 2 == 0 || after.st_size == before.st_size);
        full += status == LT_FULL;
        struct store_stat used;
        store_stat(store, &used);
        assert_true(used.used_bytes <= (uint64_t)after.st_size);
        assert_true((uint64_t)after.st_blocks * 512 >= (uint64_t)after.st_size);
    }
    assert_in_range(full, 1, ROUNDS / 2);
    store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(room_is_taken_or_not_at_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_commit_writes_past_its_room, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
