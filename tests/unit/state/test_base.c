/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The base: what a state.mdb holds and nothing else, to the byte the same however often it is
 * written; any flipped byte and any missing end is seen; an empty state.mdb becomes what it says.
 */
#include "unit/base/base_test.h"

#include <sys/stat.h>

#include "broker/state/base.h"
#include "proto/base/text.h"

#define ENTRIES 300

static char *folder;
static char state_path[300];
static char base_path[300];

static struct state *open_at(const char *path, uint64_t journal_first, enum lt_status expected)
{
    struct state *state = NULL;
    struct fault fault;
    struct state_options options = {.path = path,
                                    .base = base_path,
                                    .journal_first = journal_first,
                                    .map_bytes = 1 << 20,
                                    .applier_inline = true,
                                    .no_sync = true,
                                    .seed = 3};
    fault_init(&fault);
    enum lt_status status = state_open(&state, &options, &fault);
    if (status != expected) {
        fail_msg("%s: %s %s", lt_code(status), fault.field, fault.detail);
    }
    return state;
}

/* Three trees with entries of different sizes, one of them the largest there may be. */
static int open_folder(void **unused)
{
    (void)unused;
    static uint8_t large[STATE_VALUE_MAX];
    folder = folder_take();
    snprintf(state_path, sizeof(state_path), "%s/state.mdb", folder);
    snprintf(base_path, sizeof(base_path), "%s/base", folder);
    struct state *state = open_at(state_path, 0, LT_OK);
    for (uint32_t i = 1; i <= ENTRIES; i++) {
        char key[STATE_KEY_MAX];
        int size = snprintf(key, sizeof(key), "%0*u", (int)(4 + i % 60), i);
        struct lt_bytes value = {large, i == 7 ? sizeof(large) : i % 40};
        state_fold_begin(state, i);
        state_put(state,
                  i % 3 == 0   ? STATE_META
                  : i % 3 == 1 ? STATE_KEYS
                               : STATE_HEADS,
                  run_of(key, (size_t)size), value);
        assert_int_equal(state_fold_end(state), LT_OK);
    }
    assert_int_equal(state_flush(state, ENTRIES), LT_OK);
    state_close(&state);
    return 0;
}

static int drop_folder(void **unused)
{
    (void)unused;
    folder_drop(folder);
    return 0;
}

static struct base_about write_base(void)
{
    struct base_about about;
    struct base_about read;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(base_write(state_path, base_path, 77, NULL, NULL, &about, &fault), LT_OK);
    assert_int_equal(base_read(base_path, NULL, NULL, &read, &fault), LT_NOT_FOUND);
    fault_init(&fault);
    assert_int_equal(base_read_new(base_path, &read, &fault), LT_OK);
    assert_int_equal(base_place(base_path, &fault), LT_OK);
    assert_int_equal(base_read(base_path, NULL, NULL, &read, &fault), LT_OK);
    assert_memory_equal(&read.digest, &about.digest, sizeof(read.digest));
    assert_int_equal(read.position, ENTRIES);
    assert_int_equal(read.below, 77);
    assert_int_equal(read.entries, ENTRIES);
    assert_int_equal(read.bytes, about.bytes);
    return about;
}

static void what_is_written_reads_back(void **unused)
{
    (void)unused;
    struct base_about about = write_base();
    struct base_about foot;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(base_foot(base_path, &foot, &fault), LT_OK);
    assert_int_equal(foot.position, ENTRIES);
    assert_memory_equal(&foot.digest, &about.digest, sizeof(foot.digest));
    assert_int_equal(remove(base_path), 0);
    struct base_about again = write_base();
    assert_memory_equal(&again.digest, &about.digest, sizeof(again.digest));
}

static uint64_t counted;

static enum lt_status count(void *context, enum state_tree tree, struct lt_bytes key,
                            struct lt_bytes value)
{
    (void)context;
    (void)tree;
    (void)key;
    (void)value;
    counted++;
    return LT_OK;
}

static void an_empty_state_becomes_what_it_says(void **unused)
{
    (void)unused;
    char other[300];
    struct base_about about;
    struct fault fault;
    fault_init(&fault);
    write_base();
    snprintf(other, sizeof(other), "%s/other.mdb", folder);
    struct state *state = open_at(other, 250, LT_OK);
    assert_int_equal(state_applied(state), ENTRIES);
    state_close(&state);
    counted = 0;
    assert_int_equal(state_each(other, count, NULL, &about, &fault), LT_OK);
    assert_int_equal(counted, ENTRIES);
    assert_int_equal(about.position, ENTRIES);
    /* A journal that begins behind the base is not reached by it; one that begins at 1 wants none.
     */
    remove(other);
    assert_null(open_at(other, ENTRIES + 2, LT_DAMAGED));
    state = open_at(other, ENTRIES + 1, LT_OK);
    state_close(&state);
    remove(other);
    state = open_at(other, 1, LT_OK);
    assert_int_equal(state_applied(state), 0);
    state_close(&state);
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static bool count_bytes(void *context, uint64_t bytes)
{
    uint64_t *left = context;
    *left -= bytes < *left ? bytes : *left;
    return *left != 0;
}

static void a_walk_at_a_pace(void **unused)
{
    (void)unused;
    struct base_about about = write_base();
    struct fault fault;
    uint64_t left = about.bytes;
    fault_init(&fault);
    assert_int_equal(base_walk(base_path, count_bytes, &left, &fault), LT_OK);
    assert_in_range(left, 1, about.bytes - 1);
    left = 10;
    assert_int_equal(base_walk(base_path, count_bytes, &left, &fault), LT_AGAIN);
    assert_int_equal(unlink(base_path), 0);
    assert_int_equal(base_walk(base_path, count_bytes, &left, &fault), LT_NOT_FOUND);
}

static void every_flipped_byte_and_every_lost_end_is_seen(void **unused)
{
    (void)unused;
    struct base_about about = write_base();
    struct base_about read;
    size_t size = about.bytes;
    uint8_t *bytes = malloc(size + 1);
    assert_non_null(bytes);
    FILE *file = fopen(base_path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, size + 1, file), size);
    assert_int_equal(fclose(file), 0);
    bytes[size] = 0;
    for (size_t i = 0; i < size; i += i < 400 || size - i < 200 ? 1 : 97) {
        struct fault fault;
        fault_init(&fault);
        bytes[i] ^= 0x20;
        write_file(base_path, bytes, size);
        enum lt_status status = base_read(base_path, NULL, NULL, &read, &fault);
        assert_true(status == LT_DAMAGED || (status == LT_FORMAT_UNKNOWN && i < 8));
        bytes[i] ^= 0x20;
        fault_init(&fault);
        write_file(base_path, bytes, i);
        assert_int_equal(base_read(base_path, NULL, NULL, &read, &fault), LT_DAMAGED);
    }
    struct fault fault;
    fault_init(&fault);
    write_file(base_path, bytes, size + 1); /* something behind its end */
    assert_int_equal(base_read(base_path, NULL, NULL, &read, &fault), LT_DAMAGED);
    write_file(base_path, bytes, size);
    assert_int_equal(base_read(base_path, NULL, NULL, &read, &fault), LT_OK);
    free(bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, drop_folder)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_reads_back),
        TEST(an_empty_state_becomes_what_it_says),
        TEST(a_walk_at_a_pace),
        TEST(every_flipped_byte_and_every_lost_end_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
