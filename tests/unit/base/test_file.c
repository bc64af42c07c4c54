/* SPDX-License-Identifier: EUPL-1.2 */
/* Whole files in and out, their limits, secrets, folders. */
#include "base_test.h"

#include <sys/stat.h>

#include "proto/base/file.h"

struct place {
    char *folder;
    char path[256];
    struct fault fault;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    place->folder = folder_take();
    snprintf(place->path, sizeof(place->path), "%s/file", place->folder);
    fault_init(&place->fault);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    folder_drop(place->folder);
    free(place);
    return 0;
}

static void write_then_read(void **state)
{
    struct place *place = *state;
    assert_int_equal(file_write(place->path, text_bytes("first"), 0600, &place->fault), LT_OK);
    assert_int_equal(file_write(place->path, text_bytes("second text"), 0640, &place->fault),
                     LT_OK);
    struct stat info;
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    char temporary[300];
    snprintf(temporary, sizeof(temporary), "%s.tmp", place->path);
    assert_int_not_equal(access(temporary, F_OK), 0);

    uint8_t *data = NULL;
    size_t size = 99;
    assert_int_equal(file_read(place->path, 10, &data, &size, &place->fault), LT_BODY_TOO_LARGE);
    assert_null(data);
    assert_int_equal(size, 99);
    fault_init(&place->fault);
    assert_int_equal(file_read(place->path, 11, &data, &size, &place->fault), LT_OK);
    assert_int_equal(size, 11);
    assert_string_equal((char *)data, "second text");
    free(data);
}

static void large_and_empty(void **state)
{
    struct place *place = *state;
    size_t size = 300001; /* several steps of the reader */
    uint8_t *content = malloc(size);
    assert_non_null(content);
    for (size_t i = 0; i < size; i++) {
        content[i] = (uint8_t)(i * 31);
    }
    assert_int_equal(file_write(place->path, run_of(content, size), 0600, NULL), LT_OK);
    uint8_t *data;
    size_t got;
    assert_int_equal(file_read(place->path, size - 1, &data, &got, NULL), LT_BODY_TOO_LARGE);
    assert_int_equal(file_read(place->path, size, &data, &got, NULL), LT_OK);
    assert_int_equal(got, size);
    assert_memory_equal(data, content, size);
    assert_int_equal(data[size], 0);
    free(data);
    free(content);
    assert_int_equal(file_write(place->path, run_of(NULL, 0), 0600, NULL), LT_OK);
    assert_int_equal(file_read(place->path, 0, &data, &got, NULL), LT_OK);
    assert_int_equal(got, 0);
    free(data);
    /* A file whose size the system does not tell. */
    assert_int_equal(file_read("/proc/self/status", 1 << 20, &data, &got, NULL), LT_OK);
    assert_true(got > 100);
    free(data);
}

static void leftovers_are_replaced(void **state)
{
    struct place *place = *state;
    char temporary[300];
    snprintf(temporary, sizeof(temporary), "%s.tmp", place->path);
    assert_int_equal(file_write(temporary, text_bytes("half a secr"), 0644, NULL), LT_OK);
    assert_int_equal(file_write(place->path, text_bytes("secret"), 0600, NULL), LT_OK);
    assert_int_equal(file_secret(place->path, NULL), LT_OK);
}

static void failures_have_a_place(void **state)
{
    struct place *place = *state;
    uint8_t *data;
    size_t size;
    assert_int_equal(file_read(place->path, 10, &data, &size, &place->fault), LT_NOT_FOUND);
    assert_int_equal(place->fault.status, LT_NOT_FOUND);
    assert_memory_equal(place->fault.field, place->path, 20);
    assert_non_null(strstr(place->fault.detail, "open"));
    char path[300];
    snprintf(path, sizeof(path), "%s/none/file", place->folder);
    assert_int_equal(file_write(path, text_bytes("x"), 0600, NULL), LT_NOT_FOUND);
    assert_int_equal(file_read(place->folder, 10, &data, &size, NULL), LT_IO); /* a folder */
    assert_int_equal(file_write("/dev/full/x", text_bytes("x"), 0600, NULL), LT_NOT_FOUND);
    char longest[5000];
    memset(longest, 'x', sizeof(longest));
    longest[4999] = '\0';
    assert_int_equal(file_write(longest, text_bytes("x"), 0600, NULL), LT_IO);
    assert_int_equal(folder_make(longest, 0700, NULL), LT_IO);
}

/* A target that cannot be replaced: what was written beside it is gone again. */
static void failed_write_leaves_nothing(void **state)
{
    struct place *place = *state;
    char inner[300], temporary[300];
    snprintf(inner, sizeof(inner), "%s/inner", place->path);
    snprintf(temporary, sizeof(temporary), "%s.tmp", place->path);
    assert_int_equal(folder_make(inner, 0700, NULL), LT_OK);
    assert_int_equal(file_write(place->path, text_bytes("x"), 0600, NULL), LT_IO);
    assert_int_not_equal(access(temporary, F_OK), 0);
    assert_int_equal(access(inner, F_OK), 0);
}

static uid_t owner(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_uid;
}

/* What root leaves in a service's folder is that service's; nobody is led by links. */
static void root_follows_the_owner(void **state)
{
    struct place *place = *state;
    char like[300];
    char link_path[300];
    snprintf(like, sizeof(like), "%s.like", place->path);
    snprintf(link_path, sizeof(link_path), "%s.link", place->path);
    assert_int_equal(file_write(place->path, text_bytes("k"), 0600, NULL), LT_OK);
    assert_int_equal(file_write(like, text_bytes("k"), 0600, NULL), LT_OK);
    if (geteuid() != 0) {
        file_owner_follow(place->path, like);
        assert_int_equal(owner(place->path), geteuid());
        return;
    }
    file_owner_follow(place->path, like);
    assert_int_equal(owner(place->path), 0); /* root's own folder stays root's */
    assert_int_equal(chown(like, 65534, 65534), 0);
    assert_int_equal(symlink(place->path, link_path), 0);
    file_owner_follow(link_path, like);
    assert_int_equal(owner(place->path), 0);
    assert_int_equal(owner(link_path), 0);
    file_owner_follow(place->path, like);
    assert_int_equal(owner(place->path), 65534);
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(unlink(like), 0);
    file_owner_follow(like, place->path); /* what is not there is nothing */
}

static void secrets(void **state)
{
    struct place *place = *state;
    assert_int_equal(file_secret(place->path, NULL), LT_NOT_FOUND);
    static const int bad[] = {0640, 0604, 0660, 0610, 0644};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(file_write(place->path, text_bytes("k"), bad[i], NULL), LT_OK);
        assert_int_equal(file_secret(place->path, NULL), LT_SECRET_READABLE);
    }
    assert_int_equal(file_write(place->path, text_bytes("k"), 0400, NULL), LT_OK);
    assert_int_equal(file_secret(place->path, NULL), LT_OK);
    if (geteuid() == 0) {
        assert_int_equal(chown(place->path, 65534, 65534), 0);
        assert_int_equal(file_secret(place->path, NULL), LT_SECRET_READABLE);
    } else {
        assert_int_equal(file_secret("/etc/passwd", NULL), LT_SECRET_READABLE);
    }
}

static void folders(void **state)
{
    struct place *place = *state;
    char path[300];
    snprintf(path, sizeof(path), "%s/a/b//c/", place->folder);
    assert_int_equal(folder_make(path, 0700, NULL), LT_OK);
    assert_int_equal(folder_make(path, 0700, NULL), LT_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    assert_int_equal(folder_sync(path, NULL), LT_OK);
    assert_int_equal(folder_sync_of(path, NULL), LT_OK);
    assert_int_equal(folder_sync("/no/such/folder", NULL), LT_NOT_FOUND);
    assert_int_equal(folder_make("", 0700, NULL), LT_NOT_FOUND);
    assert_int_equal(file_write(place->path, text_bytes("x"), 0600, NULL), LT_OK);
    assert_int_equal(folder_make(place->path, 0700, &place->fault), LT_IO);
    uint64_t bytes = 0;
    assert_int_equal(disk_free(place->folder, &bytes, NULL), LT_OK);
    assert_true(bytes > 0);
    assert_int_equal(disk_free("/no/such/folder", &bytes, NULL), LT_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(write_then_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_and_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leftovers_are_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failures_have_a_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_write_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(root_follows_the_owner, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secrets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(folders, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
