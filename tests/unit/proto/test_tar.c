/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Archives: what is written is what any tar unpacks, what is read is what was written, and nothing
 * else is an archive: no other order, no name twice, no name that leads out, no byte turned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/tar.h"

static struct tar_entry files[] = {
    {.name = "b/c.txt"}, {.name = "a"}, {.name = "b/dai.bin"}, {.name = "z-rong"}};
#define FILES 4

static uint8_t long_file[1300];
static uint8_t out[16384];

static struct lt_bytes packed(void)
{
    memset(long_file, 'x', sizeof(long_file));
    for (uint32_t i = 0; i < FILES; i++) {
        files[i].content = strcmp(files[i].name, "b/dai.bin") == 0
                               ? (struct lt_bytes){long_file, sizeof(long_file)}
                               : text_bytes(strcmp(files[i].name, "z-rong") == 0 ? "" : "xin chào");
    }
    tar_sort(files, FILES);
    size_t size = tar_size(files, FILES);
    assert_in_range(size, 1, sizeof(out));
    tar_write(out, files, FILES);
    return (struct lt_bytes){out, size};
}

static void written_and_read(void **state)
{
    (void)state;
    struct tar_entry back[8];
    uint32_t count = 0;
    struct lt_bytes tar = packed();
    assert_int_equal(tar_read(tar, back, 8, &count, NULL), LT_OK);
    assert_int_equal(count, FILES);
    for (uint32_t i = 0; i < count; i++) {
        assert_string_equal(back[i].name, files[i].name);
        assert_true(bytes_equal(back[i].content, files[i].content));
    }
    assert_int_equal(tar_read(tar, back, FILES - 1, &count, NULL), LT_FILE_BAD);
}

static void any_tar_unpacks_it(void **state)
{
    (void)state;
    char folder[] = "/tmp/lt-tar-XXXXXX";
    char command[512];
    struct lt_bytes tar = packed();
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof(command), "%s/x.tar", folder);
    FILE *file = fopen(command, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(tar.data, 1, tar.size, file), tar.size);
    fclose(file);
    snprintf(command, sizeof(command),
             "cd %s && tar -xf x.tar && test \"$(cat b/c.txt)\" = 'xin chào' && test -e z-rong && "
             "test $(wc -c < b/dai.bin) = 1300 && test $(stat -c %%a a) = 644",
             folder);
    int unpacked = system(command); /* NOLINT(cert-env33-c): any tar is a program */
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    assert_int_equal(unpacked, 0);
}

static void every_byte_counts(void **state)
{
    (void)state;
    struct tar_entry back[8];
    uint32_t count = 0;
    uint32_t contents = 0;
    struct lt_bytes tar = packed();
    for (size_t i = 0; i < tar.size; i++) {
        out[i] ^= (uint8_t)(1u << i % 8);
        contents += tar_read(tar, back, 8, &count, NULL) == LT_OK;
        out[i] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(tar_read((struct lt_bytes){out, i}, back, 8, &count, NULL), LT_FILE_BAD);
    }
    assert_int_equal(contents, 2 * strlen("xin chào") + sizeof(long_file));
}

static void names(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "/a",  "a/",   "a//b", ".", "..",  "../a", "a/../b",
                                      "a/.b", "a b", "a\\b", "a\n",  "é", "a:b", "./a"};
    static const char *const good[] = {"a", "a/b", "a-b_c.d/e", "README.txt"};
    char name[TAR_NAME_MAX + 3];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(tar_name_valid(bad[i]));
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(tar_name_valid(good[i]));
    }
    memset(name, 'a', sizeof(name));
    name[TAR_NAME_MAX] = '\0';
    assert_true(tar_name_valid(name));
    name[TAR_NAME_MAX] = 'a';
    name[TAR_NAME_MAX + 1] = '\0';
    assert_false(tar_name_valid(name));
}

static void order(void **state)
{
    (void)state;
    struct tar_entry two[2] = {{.name = "b"}, {.name = "a"}};
    assert_int_equal(tar_size(two, 2), 0);
    tar_sort(two, 2);
    assert_int_equal(tar_size(two, 2), 4 * TAR_BLOCK);
    two[1] = two[0];
    assert_int_equal(tar_size(two, 2), 0);
    /* as a forger packs it: the same file twice, each with a good header */
    tar_write(out, &two[0], 1);
    tar_write(out + TAR_BLOCK, &two[1], 1);
    struct tar_entry back[8];
    uint32_t count;
    assert_int_equal(tar_read((struct lt_bytes){out, 4 * TAR_BLOCK}, back, 8, &count, NULL),
                     LT_FILE_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(any_tar_unpacks_it),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(names),
        cmocka_unit_test(order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
