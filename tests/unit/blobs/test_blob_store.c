/* SPDX-License-Identifier: EUPL-1.2 */
/* The store alone, on real files: what a name promises, what survives, what is thrown away. */
#include "blob_world.h"

static int setup(void **state)
{
    static struct blob_world world;
    memset(&world, 0, sizeof(world));
    snprintf(world.folder, sizeof(world.folder), "/tmp/lt-store-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    snprintf(world.blobs_folder, sizeof(world.blobs_folder), "%s/a/blobs", world.folder);
    assert_int_equal(digester_open(&world.digester), LT_OK);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct blob_world *world = *state;
    digester_close(&world->digester);
    return nftw(world->folder, blob_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static struct blob_store *store_open(struct blob_world *world)
{
    struct blob_store *store = NULL;
    assert_int_equal(blob_store_open(&store, world->blobs_folder, NULL), LT_OK);
    return store;
}

static enum lt_status store_whole(struct blob_world *world, struct blob_store *store,
                                  const char *agency, const struct lt_digest *sha256,
                                  const uint8_t *bytes, size_t size)
{
    int fd = -1;
    uint64_t offset = 0;
    assert_int_equal(partial_open(store, agency, sha256, size, &fd, &offset, NULL), LT_OK);
    struct lt_bytes rest = {bytes + offset, size - offset};
    assert_int_equal(partial_write(fd, offset, rest), LT_OK);
    enum lt_status status = partial_finish(store, world->digester, agency, sha256, size, fd, NULL);
    close(fd);
    return status;
}

static void test_whole_file_appears_under_its_digest(void **state)
{
    struct blob_world *world = *state;
    struct blob_store *store = store_open(world);
    struct lt_digest sha256;
    char path[256];
    uint64_t size = 7;
    int fd = -1;
    uint8_t *bytes = blob_bytes(world, 1, 100000, &sha256);
    assert_int_equal(blob_store_has(store, &sha256, &size), LT_NOT_FOUND);
    assert_int_equal(blob_open(store, &sha256, &fd, &size), LT_NOT_FOUND);
    assert_int_equal(size, 7);
    assert_int_equal(store_whole(world, store, "H24.1", &sha256, bytes, 100000), LT_OK);
    blob_path(world, &sha256, path, sizeof(path));
    assert_int_equal(blob_file_size(path), 100000);
    blob_partial_path(world, 0, &sha256, path, sizeof(path));
    assert_int_equal(blob_file_size(path), -1);

    /* Read in pieces; past the end is damage, not zeros. */
    uint8_t piece[1000];
    assert_int_equal(blob_open(store, &sha256, &fd, &size), LT_OK);
    assert_int_equal(size, 100000);
    assert_int_equal(blob_read(fd, 99000, piece, 1000), LT_OK);
    assert_memory_equal(piece, bytes + 99000, 1000);
    assert_int_equal(blob_read(fd, 99001, piece, 1000), LT_DAMAGED);
    close(fd);

    /* Again, from another agency: the same name, no harm. */
    assert_int_equal(store_whole(world, store, "H24.2", &sha256, bytes, 100000), LT_OK);
    assert_int_equal(blob_store_has(store, &sha256, &size), LT_OK);
    assert_int_equal(blob_delete(store, &sha256), LT_OK);
    assert_int_equal(blob_delete(store, &sha256), LT_NOT_FOUND);
    assert_int_equal(blob_store_has(store, &sha256, &size), LT_NOT_FOUND);
    free(bytes);
    blob_store_close(&store);
    assert_null(store);
}

static void test_wrong_bytes_never_get_the_name(void **state)
{
    struct blob_world *world = *state;
    struct blob_store *store = store_open(world);
    struct lt_digest sha256;
    char path[256];
    uint64_t size = 0;
    uint8_t *bytes = blob_bytes(world, 2, 70000, &sha256);
    bytes[69999] ^= 1;
    assert_int_equal(store_whole(world, store, "H24.1", &sha256, bytes, 70000), LT_BLOB_HASH_WRONG);
    blob_partial_path(world, 0, &sha256, path, sizeof(path));
    assert_int_equal(blob_file_size(path), -1);
    assert_int_equal(blob_store_has(store, &sha256, &size), LT_NOT_FOUND);

    /* Too short, as after a crash that lost the end. */
    bytes[69999] ^= 1;
    int fd = -1;
    uint64_t offset = 0;
    assert_int_equal(partial_open(store, "H24.1", &sha256, 70000, &fd, &offset, NULL), LT_OK);
    assert_int_equal(partial_write(fd, 0, (struct lt_bytes){bytes, 69999}), LT_OK);
    assert_int_equal(partial_finish(store, world->digester, "H24.1", &sha256, 70000, fd, NULL),
                     LT_BLOB_HASH_WRONG);
    close(fd);
    assert_int_equal(store_whole(world, store, "H24.1", &sha256, bytes, 70000), LT_OK);
    free(bytes);
    blob_store_close(&store);
}

static void test_partial_survives_and_is_per_agency(void **state)
{
    struct blob_world *world = *state;
    struct blob_store *store = store_open(world);
    struct lt_digest sha256;
    uint64_t offset = 7;
    int fd = -1;
    uint8_t *bytes = blob_bytes(world, 3, 50000, &sha256);
    assert_int_equal(partial_open(store, "H24.1", &sha256, 50000, &fd, &offset, NULL), LT_OK);
    assert_int_equal(offset, 0);
    assert_int_equal(partial_write(fd, 0, (struct lt_bytes){bytes, 12345}), LT_OK);
    close(fd);
    blob_store_close(&store);

    store = store_open(world);
    assert_int_equal(partial_open(store, "H24.1", &sha256, 50000, &fd, &offset, NULL), LT_OK);
    assert_int_equal(offset, 12345);
    close(fd);
    assert_int_equal(partial_open(store, "H24.2", &sha256, 50000, &fd, &offset, NULL), LT_OK);
    assert_int_equal(offset, 0);
    close(fd);
    assert_int_equal(store_whole(world, store, "H24.1", &sha256, bytes, 50000), LT_OK);

    /* Longer than announced: cannot be right, begins anew. As long as announced: complete. */
    assert_int_equal(partial_open(store, "H24.2", &sha256, 50000, &fd, &offset, NULL), LT_OK);
    assert_int_equal(partial_write(fd, 0, (struct lt_bytes){bytes, 50000}), LT_OK);
    close(fd);
    assert_int_equal(partial_open(store, "H24.2", &sha256, 50000, &fd, &offset, NULL), LT_OK);
    assert_int_equal(offset, 50000);
    close(fd);
    assert_int_equal(partial_open(store, "H24.2", &sha256, 49999, &fd, &offset, NULL), LT_OK);
    assert_int_equal(offset, 0);
    close(fd);
    free(bytes);
    blob_store_close(&store);
}

static void age(const char *path, int64_t seconds)
{
    struct timespec times[2];
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &times[0]), 0);
    times[0].tv_sec -= seconds;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_partials_are_counted_and_the_oldest_named(void **state)
{
    struct blob_world *world = *state;
    struct blob_store *store = store_open(world);
    struct partials partials;
    struct lt_digest sha256[4];
    char path[256];
    assert_int_equal(partials_of(store, "H24.1", &partials), LT_OK);
    assert_int_equal(partials.count, 0);
    for (uint64_t i = 0; i < 4; i++) {
        int fd = -1;
        uint64_t offset = 0;
        uint8_t *bytes = blob_bytes(world, 10 + i, 1000, &sha256[i]);
        const char *agency = i < 3 ? "H24.1" : "H24.2";
        assert_int_equal(partial_open(store, agency, &sha256[i], 1000, &fd, &offset, NULL), LT_OK);
        assert_int_equal(partial_write(fd, 0, (struct lt_bytes){bytes, 100 * (i + 1)}), LT_OK);
        close(fd);
        free(bytes);
    }
    blob_partial_path(world, 0, &sha256[1], path, sizeof(path));
    age(path, 100);
    assert_int_equal(partials_of(store, "H24.1", &partials), LT_OK);
    assert_int_equal(partials.count, 3);
    assert_int_equal(partials.bytes, 600);
    assert_true(digest_equal(&partials.oldest, &sha256[1]));
    partial_remove(store, "H24.1", &sha256[1]);
    partial_remove(store, "H24.1", &sha256[1]);
    assert_int_equal(partials_of(store, "H24.1", &partials), LT_OK);
    assert_int_equal(partials.count, 2);
    blob_store_close(&store);
}

static void test_walk_meets_everything_once(void **state)
{
    struct blob_world *world = *state;
    struct blob_store *store = store_open(world);
    struct lt_digest sha256[20];
    uint32_t met[20] = {0};
    char path[256];
    for (uint64_t i = 0; i < 20; i++) {
        int fd = -1;
        uint64_t offset = 0;
        uint8_t *bytes = blob_bytes(world, 100 + i, 500 + i, &sha256[i]);
        if (i % 2 == 0) {
            assert_int_equal(store_whole(world, store, "H24.1", &sha256[i], bytes, 500 + i), LT_OK);
        } else {
            const char *agency = i % 3 == 0 ? "H24.2" : "H24.1";
            assert_int_equal(partial_open(store, agency, &sha256[i], 900, &fd, &offset, NULL),
                             LT_OK);
            close(fd);
        }
        free(bytes);
    }
    /* Things that are not ours are passed over. */
    snprintf(path, sizeof(path), "%s/README", world->blobs_folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    snprintf(path, sizeof(path), "%s/%02x/notes.txt", world->blobs_folder, sha256[0].bytes[0]);
    close(open(path, O_CREAT | O_WRONLY, 0600));

    struct blob_walk walk;
    struct blob_found found;
    uint32_t count = 0;
    blob_walk_begin(&walk, store);
    while (blob_walk_next(&walk, &found) == LT_OK) {
        count++;
        for (uint64_t i = 0; i < 20; i++) {
            if (digest_equal(&found.sha256, &sha256[i])) {
                met[i]++;
                assert_int_equal(found.place, i % 2 == 0 ? BLOB_WHOLE : BLOB_PARTIAL);
                assert_int_equal(found.size, i % 2 == 0 ? 500 + i : 0);
                assert_string_equal(found.agency, i % 2 == 0 ? "" : i % 3 == 0 ? "H24.2" : "H24.1");
            }
        }
    }
    blob_walk_end(&walk);
    assert_int_equal(count, 20);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(met[i], 1);
    }
    blob_store_close(&store);
}

static void test_folder_that_cannot_be(void **state)
{
    struct blob_world *world = *state;
    struct blob_store *store = NULL;
    char path[128];
    snprintf(path, sizeof(path), "%s/file", world->folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    struct fault fault;
    fault_init(&fault);
    assert_int_not_equal(blob_store_open(&store, path, &fault), LT_OK);
    assert_int_not_equal(fault.status, LT_OK);
    assert_null(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_file_appears_under_its_digest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_bytes_never_get_the_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_partial_survives_and_is_per_agency, setup, teardown),
        cmocka_unit_test_setup_teardown(test_partials_are_counted_and_the_oldest_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_walk_meets_everything_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_that_cannot_be, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
