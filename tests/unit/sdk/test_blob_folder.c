/* SPDX-License-Identifier: EUPL-1.2 */
/* Local attachments: resuming, verifying, limits at n and n + 1, what the sweep may take. */
#include "sdk_test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "adapters/sdk/box_blobs.h"

struct place {
    char *folder;
    struct blob_folder *blobs;
    struct digester *digester;
};

static void place_open(struct place *p, uint64_t bytes_max)
{
    p->folder = folder_take();
    assert_int_equal(digester_open(&p->digester), LT_OK);
    assert_int_equal(blob_folder_open(&p->blobs, p->folder, bytes_max, NULL), LT_OK);
}

static void place_close(struct place *p)
{
    blob_folder_close(&p->blobs);
    digester_close(&p->digester);
    folder_drop(p->folder);
}

static void test_comes_in_parts(void **state)
{
    (void)state;
    struct place p;
    struct lt_bytes all = text_bytes("page one, page two");
    struct lt_bytes one = {all.data, 8};
    struct lt_bytes two = {all.data + 8, all.size - 8};
    uint64_t offset = 9;
    bool complete = true;
    char path[BLOB_PATH_MAX];
    place_open(&p, 1000);
    struct lt_digest name = digest_of(p.digester, all);
    assert_int_equal(blob_folder_have(p.blobs, &name, &offset, &complete), LT_OK);
    assert_int_equal(offset, 0);
    assert_false(complete);
    assert_int_equal(blob_folder_put(p.blobs, &name, 0, one, false, NULL), LT_OK);
    /* The process ends here; the next one goes on. */
    blob_folder_close(&p.blobs);
    assert_int_equal(blob_folder_open(&p.blobs, p.folder, 1000, NULL), LT_OK);
    assert_int_equal(p.blobs->used_bytes, 8);
    assert_int_equal(blob_folder_have(p.blobs, &name, &offset, &complete), LT_OK);
    assert_int_equal(offset, 8);
    assert_false(complete);
    assert_int_equal(blob_folder_put(p.blobs, &name, 7, two, true, NULL), LT_BLOB_OFFSET);
    assert_int_equal(blob_folder_put(p.blobs, &name, 9, two, true, NULL), LT_BLOB_OFFSET);
    assert_int_equal(blob_folder_path(p.blobs, &name, path, sizeof(path), &offset), LT_NOT_HERE);
    assert_int_equal(blob_folder_put(p.blobs, &name, 8, two, true, NULL), LT_OK);
    assert_int_equal(blob_folder_have(p.blobs, &name, &offset, &complete), LT_OK);
    assert_int_equal(offset, all.size);
    assert_true(complete);
    assert_int_equal(blob_folder_path(p.blobs, &name, path, sizeof(path), &offset), LT_OK);
    assert_int_equal(offset, all.size);
    assert_int_equal(blob_folder_put(p.blobs, &name, 0, one, false, NULL), LT_OK); /* no matter */
    assert_int_equal(p.blobs->used_bytes, all.size);
    place_close(&p);
}

static void test_wrong_digest_is_removed(void **state)
{
    (void)state;
    struct place p;
    struct lt_digest name = {{1, 2, 3}};
    uint64_t offset = 9;
    bool complete = true;
    place_open(&p, 1000);
    assert_int_equal(blob_folder_put(p.blobs, &name, 0, text_bytes("abc"), true, NULL),
                     LT_BLOB_HASH_WRONG);
    assert_int_equal(blob_folder_have(p.blobs, &name, &offset, &complete), LT_OK);
    assert_int_equal(offset, 0);
    assert_int_equal(p.blobs->used_bytes, 0);
    place_close(&p);
}

static void test_quota(void **state)
{
    (void)state;
    struct place p;
    struct lt_digest one = {{1}};
    struct lt_digest two = {{2}};
    place_open(&p, 10);
    assert_int_equal(blob_folder_put(p.blobs, &one, 0, text_bytes("12345"), false, NULL), LT_OK);
    assert_int_equal(blob_folder_put(p.blobs, &two, 0, text_bytes("123456"), false, NULL),
                     LT_BLOB_QUOTA);
    assert_int_equal(blob_folder_put(p.blobs, &two, 0, text_bytes("12345"), false, NULL), LT_OK);
    assert_false(blob_folder_room(p.blobs, 1));
    blob_folder_remove(p.blobs, &one);
    assert_true(blob_folder_room(p.blobs, 5));
    assert_false(blob_folder_room(p.blobs, 6));
    place_close(&p);
}

static void test_largest(void **state)
{
    (void)state;
    struct place p;
    struct lt_digest one = {{1}};
    char path[BLOB_PATH_MAX];
    place_open(&p, UINT64_MAX);
    assert_int_equal(blob_folder_put(p.blobs, &one, 0, text_bytes("x"), false, NULL), LT_OK);
    char hex[65];
    hex_write(hex, one.bytes, sizeof(one.bytes));
    snprintf(path, sizeof(path), "%s/parts/%s", p.folder, hex);
    assert_int_equal(truncate(path, LT_ATTACHMENT_BYTES_MAX - 2), 0); /* sparse */
    uint64_t at = (uint64_t)LT_ATTACHMENT_BYTES_MAX - 2;
    assert_int_equal(blob_folder_put(p.blobs, &one, at, text_bytes("123"), false, NULL),
                     LT_BLOB_TOO_LARGE);
    assert_int_equal(blob_folder_put(p.blobs, &one, at, text_bytes("12"), false, NULL), LT_OK);
    place_close(&p);
}

/* Only what is old and what no transfer names. */
static void test_sweep_takes_orphans(void **state)
{
    struct bench *b = *state;
    struct digester *digester = NULL;
    struct lt_digest orphan;
    struct lt_digest needed;
    uint64_t offset = 0;
    bool complete = false;
    assert_int_equal(digester_open(&digester), LT_OK);
    orphan = digest_of(digester, text_bytes("orphan"));
    needed = digest_of(digester, text_bytes("needed"));
    digester_close(&digester);
    assert_int_equal(lt_client_blob_put(b->client, &orphan, 0, text_bytes("orphan"), true, NULL),
                     LT_OK);
    assert_int_equal(lt_client_blob_put(b->client, &needed, 0, text_bytes("needed"), true, NULL),
                     LT_OK);
    struct ask ask;
    struct lt_sent sent;
    struct lt_attachment one = {.sha256 = needed, .size = 6};
    ask_for(&ask, "k-1", "A", "x");
    ask.request.attachments = &one;
    ask.request.attachments_count = 1;
    assert_int_equal(lt_client_submit(b->client, &ask.request, &sent, NULL), LT_OK);
    /* The files carry the machine's time; the client's clock is moved against it. */
    const struct lt_clock *clock = clock_os();
    b->time.wall_ms = clock->wall_ms(clock->self) + 6LL * 86400 * 1000;
    for (int i = 0; i < 300; i++) {
        fake_time_pass(&b->time, 1000);
        (void)client_step(b->client);
    }
    assert_int_equal(blob_folder_have(b->client->blobs, &orphan, &offset, &complete), LT_OK);
    assert_true(complete);
    b->time.wall_ms += 2LL * 86400 * 1000;
    fake_time_pass(&b->time, 600000);
    for (int i = 0; i < 300; i++) {
        fake_time_pass(&b->time, 1000);
        (void)client_step(b->client);
    }
    assert_int_equal(lt_client_blob_have(b->client, &orphan, &offset, &complete), LT_OK);
    assert_false(complete);
    assert_int_equal(offset, 0);
    assert_int_equal(lt_client_blob_have(b->client, &needed, &offset, &complete), LT_OK);
    assert_true(complete);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_in_parts),
        cmocka_unit_test(test_wrong_digest_is_removed),
        cmocka_unit_test(test_quota),
        cmocka_unit_test(test_largest),
        cmocka_unit_test_setup_teardown(test_sweep_takes_orphans, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
