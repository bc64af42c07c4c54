/* SPDX-License-Identifier: EUPL-1.2 */
/* state.mdb: opened, refolded, set aside, grown; the applier's thread and looks from others. */
#include "state_test.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>

#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/store.h"

static int files_like(const char *folder, const char *prefix)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    }
    closedir(dir);
    return count;
}

static void no_line(void *self, const char *line)
{
    (void)line;
    (*(int *)self)++;
}

static void what_does_not_open_is_set_aside(void **unused)
{
    (void)unused;
    struct home home;
    int lines = 0;
    log_capture(no_line, &lines);
    home_init(&home, true);
    for (int round = 1; round <= 2; round++) {
        fold_one(&home, STATE_META, "k", "v");
        assert_int_equal(state_flush(home.state, 1), LT_OK);
        state_close(&home.state);
        FILE *file = fopen(home.path, "r+");
        assert_non_null(file);
        for (int i = 0; i < 8192; i++) {
            fputc(0x5A, file);
        }
        fclose(file);
        home_open(&home);
        assert_int_equal(state_applied(home.state), 0);
        assert_has(&home, STATE_META, "k", NULL);
        assert_int_equal(files_like(home.folder, "state.mdb.damaged-"), round);
        assert_int_equal(lines, round);
    }
    log_capture(NULL, NULL);
    home_deinit(&home);
}

/* Writes a number among the state's own names, as another release would. */
static void own_put(const char *path, const char *name, uint8_t number)
{
    struct store *store = NULL;
    struct store_tree own;
    struct store_txn txn;
    const uint8_t value[8] = {[7] = number};
    struct store_options options = {.path = path, .trees_max = 2, .map_bytes = 64 * 1024 * 1024};
    assert_int_equal(store_open(&store, &options, NULL), LT_OK);
    assert_int_equal(store_tree(store, "own", &own, NULL), LT_OK);
    assert_int_equal(store_begin(store, true, &txn), LT_OK);
    store_put(&txn, own, text_bytes(name), run_of(value, sizeof(value)));
    assert_int_equal(store_commit(&txn), LT_OK);
    store_close(&store);
}

static void another_fold_version_is_set_aside(void **unused)
{
    (void)unused;
    struct home home;
    int lines = 0;
    log_capture(no_line, &lines);
    home_init(&home, true);
    fold_one(&home, STATE_META, "k", "v");
    assert_int_equal(state_flush(home.state, 1), LT_OK);
    state_close(&home.state);
    own_put(home.path, "fold", STATE_FOLD_VERSION);
    home_open(&home);
    assert_has(&home, STATE_META, "k", "v"); /* the same version stays */
    state_close(&home.state);
    assert_int_equal(lines, 0);
    own_put(home.path, "fold", STATE_FOLD_VERSION + 1);
    home_open(&home);
    assert_int_equal(state_applied(home.state), 0);
    assert_has(&home, STATE_META, "k", NULL);
    assert_int_equal(files_like(home.folder, "state.mdb.damaged-1"), 1);
    log_capture(NULL, NULL);
    home_deinit(&home);
}

/* One bit of a stored value is another. */
static void turn_bit(const char *path, const char *text)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(file_read(path, 64 * 1024 * 1024, &bytes, &size, &fault), LT_OK);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const uint8_t *at = memmem(bytes, size, text, strlen(text));
    assert_non_null(at);
    for (; at != NULL; at = memmem(at + 1, size - (size_t)(at + 1 - bytes), text, strlen(text))) {
        uint8_t turned = *at ^ 0x04; /* wherever an old page has it, too */
        assert_int_equal(pwrite(fd, &turned, 1, at - bytes), 1);
    }
    close(fd);
    free(bytes);
}

static void a_turned_bit_ends_it_and_the_next_one_is_new(void **unused)
{
    (void)unused;
    struct home home;
    struct lt_bytes value;
    int lines = 0;
    log_capture(no_line, &lines);
    home_init(&home, true);
    fold_one(&home, STATE_META, "k", "a value of some length");
    assert_int_equal(state_flush(home.state, 1), LT_OK);
    state_close(&home.state);
    home_open(&home);
    turn_bit(home.path, "a value of some length"); /* behind the walk at the start */
    assert_int_equal(state_get(home.state, STATE_META, text_bytes("k"), &value), LT_IO);
    assert_int_equal(state_turn(home.state, 1, 0), LT_IO);
    state_close(&home.state);
    home_open(&home);
    assert_int_equal(state_applied(home.state), 0);
    assert_int_equal(files_like(home.folder, "state.mdb.damaged-1"), 1);
    assert_int_equal(files_like(home.folder, "state.mdb.suspect"), 0);
    state_close(&home.state);
    home_open(&home); /* and not once more */
    assert_int_equal(files_like(home.folder, "state.mdb.damaged-2"), 0);
    log_capture(NULL, NULL);
    home_deinit(&home);
}

static void a_folder_that_is_missing_is_told(void **unused)
{
    (void)unused;
    struct state *state = NULL;
    struct fault fault;
    fault_init(&fault);
    struct state_options options = {.path = "/nowhere/at/all/state.mdb"};
    assert_int_equal(state_open(&state, &options, &fault), LT_NOT_FOUND);
    assert_null(state);
    assert_int_equal(fault.status, LT_NOT_FOUND);
}

/* Twenty-four keys per fact, so that a map of one MiB is too small several times over. */
static void fold_many(struct home *home, int facts)
{
    char value[400];
    memset(value, 'v', sizeof(value));
    for (int i = 0; i < facts; i++) {
        uint64_t position = state_folded(home->state) + 1;
        state_fold_begin(home->state, position);
        for (int j = 0; j < 24; j++) {
            char key[32];
            snprintf(key, sizeof(key), "%08llu-%02d", (unsigned long long)position, j);
            state_put(home->state, STATE_NOTICES, text_bytes(key), run_of(value, sizeof(value)));
        }
        assert_int_equal(state_fold_end(home->state), LT_OK);
    }
}

static void the_map_grows(bool applier_inline)
{
    struct home home;
    home_init(&home, applier_inline);
    state_close(&home.state);
    home.options.map_bytes = 1024 * 1024;
    folder_drop(home.folder);
    home.folder = folder_take();
    snprintf(home.path, sizeof(home.path), "%s/state.mdb", home.folder);
    home_open(&home);
    for (int i = 0; i < 8; i++) {
        fold_many(&home, 100);
        turn(&home, state_folded(home.state), STATE_SEAL_AFTER_MS);
    }
    assert_int_equal(state_flush(home.state, 800), LT_OK);
    struct state_stat stat;
    state_stat(home.state, &stat);
    assert_true(stat.used_bytes > 4 * 1024 * 1024);
    struct state_entry entry;
    uint32_t count = 0;
    assert_int_equal(state_seek(home.state, STATE_NOTICES, text_bytes(""), &entry), LT_OK);
    for (; entry.found; count++) {
        assert_int_equal(entry.value.size, 400);
        assert_int_equal(state_step(home.state, &entry), LT_OK);
    }
    assert_int_equal(count, 800 * 24);
    home_deinit(&home);
}

static void the_map_grows_inline(void **unused)
{
    (void)unused;
    the_map_grows(true);
}

static void the_map_grows_beside_the_core(void **unused)
{
    (void)unused;
    the_map_grows(false);
}

struct peeker {
    struct state *state;
    atomic_bool stop;
    atomic_uint looks;
    bool wrong;
};

/* Two looks may show two neighbouring commits in either order (see overlay_release), no others. */
static void *peek_run(void *self)
{
    struct peeker *peeker = self;
    uint64_t last = 0;
    while (!atomic_load(&peeker->stop)) {
        uint64_t seen = 0;
        size_t size = 0;
        enum lt_status status =
            state_peek(peeker->state, STATE_BLOBS, text_bytes("n"), &seen, sizeof(seen), &size);
        bool fits = status == LT_NOT_FOUND || (status == LT_OK && size == 8 && seen + 1 >= last);
        peeker->wrong |= !fits;
        last = status == LT_OK ? seen : last;
        atomic_fetch_add(&peeker->looks, 1);
    }
    return NULL;
}

static void peeking_beside_core_and_applier(void **unused)
{
    (void)unused;
    struct home home;
    home_init(&home, false);
    struct peeker peeker = {.state = home.state};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, peek_run, &peeker), 0);
    for (uint64_t n = 1; n <= 600 || (atomic_load(&peeker.looks) < 200 && n < 20000); n++) {
        state_fold_begin(home.state, n);
        state_put(home.state, STATE_BLOBS, text_bytes("n"), run_of(&n, sizeof(n)));
        assert_int_equal(state_fold_end(home.state), LT_OK);
        turn(&home, n, STATE_SEAL_AFTER_MS);
        struct lt_bytes value;
        assert_int_equal(state_get(home.state, STATE_BLOBS, text_bytes("n"), &value), LT_OK);
        assert_memory_equal(value.data, &n, sizeof(n));
    }
    assert_int_equal(state_flush(home.state, state_folded(home.state)), LT_OK);
    atomic_store(&peeker.stop, true);
    pthread_join(thread, NULL);
    assert_false(peeker.wrong);
    uint64_t n = 0;
    size_t size = 0;
    assert_int_equal(state_peek(home.state, STATE_BLOBS, text_bytes("n"), &n, sizeof(n), &size),
                     LT_OK);
    assert_int_equal(n, state_folded(home.state));
    home_deinit(&home);
}

static void peek_sees_the_disk_only_and_cuts(void **unused)
{
    (void)unused;
    struct home home;
    home_init(&home, true);
    char out[8] = "untouch";
    size_t size = 99;
    fold_one(&home, STATE_BLOBS, "k", "abcdef");
    assert_int_equal(state_peek(home.state, STATE_BLOBS, text_bytes("k"), out, 8, &size),
                     LT_NOT_FOUND);
    assert_int_equal(size, 99);
    assert_string_equal(out, "untouch");
    assert_int_equal(state_flush(home.state, 1), LT_OK);
    assert_int_equal(state_peek(home.state, STATE_BLOBS, text_bytes("k"), out, 3, &size), LT_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(out, "abcouch", 7);
    assert_int_equal(state_peek(home.state, STATE_BLOBS, text_bytes("k"), out, 8, &size), LT_OK);
    assert_int_equal(size, 6);
    home_deinit(&home);
}

static void closing_keeps_what_was_handed_over(void **unused)
{
    (void)unused;
    struct home home;
    home_init(&home, false);
    fold_one(&home, STATE_META, "k", "1");
    turn(&home, 1, STATE_SEAL_AFTER_MS);
    fold_one(&home, STATE_META, "k", "2");
    state_close(&home.state);
    home_open(&home);
    assert_int_equal(state_applied(home.state), 1);
    assert_has(&home, STATE_META, "k", "1");
    home_deinit(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_open_is_set_aside),
        cmocka_unit_test(another_fold_version_is_set_aside),
        cmocka_unit_test(a_turned_bit_ends_it_and_the_next_one_is_new),
        cmocka_unit_test(a_folder_that_is_missing_is_told),
        cmocka_unit_test(the_map_grows_inline),
        cmocka_unit_test(the_map_grows_beside_the_core),
        cmocka_unit_test(peeking_beside_core_and_applier),
        cmocka_unit_test(peek_sees_the_disk_only_and_cuts),
        cmocka_unit_test(closing_keeps_what_was_handed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
