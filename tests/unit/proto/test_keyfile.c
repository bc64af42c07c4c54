/* SPDX-License-Identifier: EUPL-1.2 */
/* Key files: what is written is read, modes are kept, and nothing else is taken for a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"
#include "proto/port_zmq.h"

struct folder {
    char path[64];
    char secret[96];
    char public[96];
};

static int setup(void **state)
{
    static struct folder folder;
    snprintf(folder.path, sizeof(folder.path), "/tmp/lt-keyfile-XXXXXX");
    assert_non_null(mkdtemp(folder.path));
    snprintf(folder.secret, sizeof(folder.secret), "%s/a.key", folder.path);
    snprintf(folder.public, sizeof(folder.public), "%s/a.pub", folder.path);
    *state = &folder;
    return 0;
}

static int teardown(void **state)
{
    struct folder *folder = *state;
    unlink(folder->secret);
    unlink(folder->public);
    return rmdir(folder->path);
}

static void test_made_keys_are_read(void **state)
{
    struct folder *folder = *state;
    struct lt_key secret;
    struct lt_key public;
    struct lt_key derived;
    struct stat info;
    assert_int_equal(keyfile_make(folder->secret, folder->public, NULL), LT_OK);
    assert_int_equal(stat(folder->secret, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(info.st_size, 65);
    assert_int_equal(keyfile_read_secret(folder->secret, &secret, NULL), LT_OK);
    assert_int_equal(keyfile_read_public(folder->public, &public, NULL), LT_OK);
    assert_int_equal(curve_public(&secret, &derived), LT_OK);
    assert_memory_equal(&public, &derived, sizeof(public));
}

static void test_secret_is_never_written_over(void **state)
{
    struct folder *folder = *state;
    struct lt_key before;
    struct lt_key after;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(keyfile_make(folder->secret, folder->public, NULL), LT_OK);
    assert_int_equal(keyfile_read_public(folder->public, &before, NULL), LT_OK);
    assert_int_equal(keyfile_make(folder->secret, folder->public, &fault), LT_EXISTS);
    assert_int_equal(keyfile_read_public(folder->public, &after, NULL), LT_OK);
    assert_memory_equal(&before, &after, sizeof(before));
}

static void test_readable_secret_is_refused(void **state)
{
    struct folder *folder = *state;
    static const mode_t wrong[] = {0640, 0604, 0660, 0644};
    static const mode_t right[] = {0600, 0400};
    struct lt_key key;
    memset(&key, 7, sizeof(key));
    struct lt_key untouched = key;
    assert_int_equal(keyfile_make(folder->secret, folder->public, NULL), LT_OK);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct fault fault;
        fault_init(&fault);
        assert_int_equal(chmod(folder->secret, wrong[i]), 0);
        assert_int_equal(keyfile_read_secret(folder->secret, &key, &fault), LT_SECRET_READABLE);
        assert_int_equal(fault.status, LT_SECRET_READABLE);
        assert_memory_equal(&key, &untouched, sizeof(key));
    }
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        assert_int_equal(chmod(folder->secret, right[i]), 0);
        assert_int_equal(keyfile_read_secret(folder->secret, &key, NULL), LT_OK);
    }
}

static void test_other_content_is_refused(void **state)
{
    struct folder *folder = *state;
    static const char digits[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static const struct {
        size_t size;
        const char *behind;
        enum lt_status status;
    } cases[] = {
        {64, "", LT_OK},           {64, "\n", LT_OK},          {64, "\r\n", LT_OK},
        {63, "\n", LT_CONFIG_BAD}, {64, "0\n", LT_CONFIG_BAD}, {63, "g\n", LT_CONFIG_BAD},
        {0, "", LT_CONFIG_BAD},
    };
    struct lt_key key;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[80];
        snprintf(text, sizeof(text), "%.*s%s", (int)cases[i].size, digits, cases[i].behind);
        assert_int_equal(file_write(folder->public, text_bytes(text), 0644, NULL), LT_OK);
        assert_int_equal(keyfile_read_public(folder->public, &key, NULL), cases[i].status);
    }
    assert_int_equal(unlink(folder->public), 0);
    assert_int_equal(keyfile_read_public(folder->public, &key, NULL), LT_NOT_FOUND);
    assert_int_equal(keyfile_read_secret(folder->secret, &key, NULL), LT_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_keys_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secret_is_never_written_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_readable_secret_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_content_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
