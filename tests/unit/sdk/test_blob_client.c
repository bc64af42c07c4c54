/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The agency's side of attachments against a scripted axis, under a clock the test turns: what is
 * said when, what a break, a silence, a refusal or a full disk leads to.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/sdk/blob_client.h"
#include "fake_line.h"
#include "proto/base/file.h"
#include "proto/digest.h"

#define CHUNK ((uint64_t)LT_CHUNK_BYTES_MAX)
#define SIZE  (6 * CHUNK + 10)

struct scene {
    struct fake_time time;
    struct fake_line line;
    struct blob_client *client;
    char folder[64];
    char file[96];
    char down[96];
    char part[112];
    uint8_t *bytes;
    struct lt_digest sha256;
};

static int setup(void **state)
{
    static struct scene scene;
    struct digester *digester = NULL;
    memset(&scene, 0, sizeof(scene));
    fake_time_init(&scene.time, 1);
    line_init(&scene.line);
    snprintf(scene.folder, sizeof(scene.folder), "/tmp/lt-blob-client-XXXXXX");
    assert_non_null(mkdtemp(scene.folder));
    snprintf(scene.file, sizeof(scene.file), "%s/file", scene.folder);
    snprintf(scene.down, sizeof(scene.down), "%s/down", scene.folder);
    snprintf(scene.part, sizeof(scene.part), "%s.part", scene.down);
    scene.bytes = malloc(SIZE);
    assert_non_null(scene.bytes);
    for (size_t i = 0; i < SIZE; i++) {
        scene.bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    struct lt_bytes all = {scene.bytes, SIZE};
    assert_int_equal(digester_open(&digester), LT_OK);
    scene.sha256 = digest_of(digester, all);
    digester_close(&digester);
    assert_int_equal(file_write(scene.file, all, 0600, NULL), LT_OK);
    struct blob_client_options options = {.port = line_port(&scene.line),
                                          .clock = &scene.time.clock};
    assert_int_equal(blob_client_open(&scene.client, &options, NULL), LT_OK);
    *state = &scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    blob_client_close(&scene->client);
    assert_null(scene->client);
    line_deinit(&scene->line);
    free(scene->bytes);
    unlink(scene->file);
    unlink(scene->down);
    unlink(scene->part);
    return rmdir(scene->folder);
}

static int64_t file_size(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_size : -1;
}

static void pass(struct scene *scene, int64_t ms)
{
    fake_time_pass(&scene->time, ms);
    blob_client_step(scene->client);
}

static uint64_t upload(struct scene *scene)
{
    uint64_t number = 0;
    assert_int_equal(
        blob_client_upload(scene->client, scene->file, &scene->sha256, SIZE, &number, NULL), LT_OK);
    blob_client_step(scene->client);
    return number;
}

static uint64_t download(struct scene *scene)
{
    uint64_t number = 0;
    assert_int_equal(
        blob_client_download(scene->client, scene->down, &scene->sha256, SIZE, &number, NULL),
        LT_OK);
    blob_client_step(scene->client);
    return number;
}

static struct frame frame_of(struct scene *scene, enum frame_kind kind)
{
    struct frame frame;
    memset(&frame, 0, sizeof(frame));
    frame.kind = kind;
    frame.blob.sha256 = scene->sha256;
    return frame;
}

static void say_want(struct scene *scene, uint64_t offset, uint32_t credit)
{
    struct frame frame = frame_of(scene, FRAME_BLOB_WANT);
    frame.blob.offset = offset;
    frame.blob.credit = credit;
    line_say_raw(&scene->line, &frame);
    blob_client_step(scene->client);
}

static void say_refused(struct scene *scene, enum lt_status status, uint32_t retry_after_ms)
{
    struct frame frame = frame_of(scene, FRAME_BLOB_REFUSED);
    frame.blob.code = (uint32_t)status;
    frame.blob.retry_after_ms = retry_after_ms;
    line_say_raw(&scene->line, &frame);
    blob_client_step(scene->client);
}

static void say_chunk(struct scene *scene, uint64_t offset, uint64_t size)
{
    struct frame frame = frame_of(scene, FRAME_BLOB_CHUNK);
    uint64_t left = SIZE - offset;
    frame.blob.offset = offset;
    frame.blob.size = size;
    frame.blob.data =
        (struct lt_bytes){scene->bytes + offset, (size_t)(left < CHUNK ? left : CHUNK)};
    line_say_raw(&scene->line, &frame);
    blob_client_step(scene->client);
}

static void say_stored(struct scene *scene)
{
    struct frame frame = frame_of(scene, FRAME_BLOB_STORED);
    frame.blob.size = SIZE;
    line_say_raw(&scene->line, &frame);
    blob_client_step(scene->client);
}

static struct blob hear(struct scene *scene, enum frame_kind kind)
{
    return line_hear_one(&scene->line, kind).blob;
}

static void hear_chunk(struct scene *scene, uint64_t offset)
{
    struct blob chunk = hear(scene, FRAME_BLOB_CHUNK);
    uint64_t left = SIZE - offset;
    assert_int_equal(chunk.offset, offset);
    assert_int_equal(chunk.size, SIZE);
    assert_int_equal(chunk.data.size, left < CHUNK ? left : CHUNK);
    assert_memory_equal(chunk.data.data, scene->bytes + offset, chunk.data.size);
}

static void hear_nothing(struct scene *scene)
{
    struct frame frame;
    assert_false(line_hear(&scene->line, &frame));
}

static enum lt_status waiting(struct scene *scene, uint64_t number)
{
    struct blob_progress progress;
    assert_true(blob_client_look(scene->client, number, &progress));
    return progress.waiting;
}

static struct blob_done ended(struct scene *scene)
{
    struct blob_done done;
    assert_true(blob_client_next(scene->client, &done));
    return done;
}

static void test_upload_keeps_to_the_window(void **state)
{
    struct scene *scene = *state;
    struct blob_done done;
    uint64_t number = upload(scene);
    struct blob offer = hear(scene, FRAME_BLOB_OFFER);
    assert_int_equal(offer.size, SIZE);
    assert_memory_equal(&offer.sha256, &scene->sha256, 32);
    hear_nothing(scene);

    /* Two are there already; from there on one, then two beyond it, then the rest. */
    say_want(scene, 2 * CHUNK, 1);
    hear_chunk(scene, 2 * CHUNK);
    hear_nothing(scene);
    say_want(scene, 2 * CHUNK, 3);
    hear_chunk(scene, 3 * CHUNK);
    hear_chunk(scene, 4 * CHUNK);
    hear_nothing(scene);
    say_want(scene, 4 * CHUNK, 8);
    hear_chunk(scene, 5 * CHUNK);
    hear_chunk(scene, 6 * CHUNK);
    hear_nothing(scene);
    assert_false(blob_client_next(scene->client, &done));
    say_stored(scene);
    done = ended(scene);
    assert_int_equal(done.number, number);
    assert_int_equal(done.status, LT_OK);
    assert_false(done.download);
    assert_int_equal(blob_client_count(scene->client), 0);
    assert_int_equal(blob_client_wait_ms(scene->client), -1);
}

static void test_break_begins_again_with_an_offer(void **state)
{
    struct scene *scene = *state;
    uint64_t number = upload(scene);
    hear(scene, FRAME_BLOB_OFFER);
    say_want(scene, 0, 2);
    hear_chunk(scene, 0);
    hear_chunk(scene, CHUNK);
    scene->line.link = LINK_DOWN;
    pass(scene, 10);
    assert_int_equal(waiting(scene, number), LT_PEER_GONE);
    scene->line.link = LINK_UP;
    pass(scene, 10);
    hear(scene, FRAME_BLOB_OFFER);
    /* One of the two was lost with the line. */
    say_want(scene, CHUNK, 1);
    hear_chunk(scene, CHUNK);
    say_stored(scene);
    assert_int_equal(ended(scene).status, LT_OK);
}

static void test_silence_is_not_waited_out_for_ever(void **state)
{
    struct scene *scene = *state;
    upload(scene);
    hear(scene, FRAME_BLOB_OFFER);
    assert_in_range(blob_client_wait_ms(scene->client), 60000, 60001);
    pass(scene, 60000);
    hear_nothing(scene);
    pass(scene, 1);
    hear(scene, FRAME_BLOB_OFFER);
    /* No progress a second time: now with a pause. */
    pass(scene, 60001);
    hear_nothing(scene);
    assert_in_range(blob_client_wait_ms(scene->client), 1000, 1500);
    pass(scene, 1500);
    hear(scene, FRAME_BLOB_OFFER);
}

static void test_pauses_grow_and_progress_forgets_them(void **state)
{
    struct scene *scene = *state;
    static const int64_t least_ms[] = {0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    uint64_t number = upload(scene);
    for (size_t i = 0; i < sizeof(least_ms) / sizeof(least_ms[0]); i++) {
        hear(scene, FRAME_BLOB_OFFER);
        say_refused(scene, LT_BUSY, 0);
        if (least_ms[i] > 0) {
            assert_int_equal(waiting(scene, number), LT_BUSY);
            pass(scene, least_ms[i] - 1);
            hear_nothing(scene);
            pass(scene, least_ms[i] / 2 + 2);
        } else {
            pass(scene, 0);
        }
    }
    hear(scene, FRAME_BLOB_OFFER);
    say_want(scene, CHUNK, 1);
    hear_chunk(scene, CHUNK);
    say_refused(scene, LT_BLOB_OFFSET, 0);
    pass(scene, 0);
    hear(scene, FRAME_BLOB_OFFER);
    /* What the axis asks for is kept to when it is longer. */
    say_refused(scene, LT_BLOB_QUOTA, 30000);
    pass(scene, 29999);
    hear_nothing(scene);
    pass(scene, 1);
    hear(scene, FRAME_BLOB_OFFER);
}

static void test_refusals_that_cannot_change_end_the_job(void **state)
{
    struct scene *scene = *state;
    upload(scene);
    hear(scene, FRAME_BLOB_OFFER);
    struct frame refused = frame_of(scene, FRAME_BLOB_REFUSED);
    refused.blob.code = LT_NOT_PERMITTED;
    refused.blob.detail = text_bytes("agencies only");
    line_say_raw(&scene->line, &refused);
    blob_client_step(scene->client);
    struct blob_done done = ended(scene);
    assert_int_equal(done.status, LT_NOT_PERMITTED);
    assert_string_equal(done.fault.detail, "agencies only");

    /* An answer to a try that was given up changes nothing. */
    upload(scene);
    hear(scene, FRAME_BLOB_OFFER);
    say_refused(scene, LT_BUSY, 5000);
    say_refused(scene, LT_NOT_PERMITTED, 0);
    assert_int_equal(blob_client_count(scene->client), 1);
}

static void test_wrong_digest_thrice(void **state)
{
    struct scene *scene = *state;
    uint64_t number = upload(scene);
    for (int i = 0; i < 3; i++) {
        hear(scene, FRAME_BLOB_OFFER);
        say_refused(scene, LT_BLOB_HASH_WRONG, 0);
        pass(scene, i == 2 ? 0 : 10000);
    }
    struct blob_done done = ended(scene);
    assert_int_equal(done.number, number);
    assert_int_equal(done.status, LT_BLOB_HASH_WRONG);
}

static void test_file_that_changes(void **state)
{
    struct scene *scene = *state;
    upload(scene);
    hear(scene, FRAME_BLOB_OFFER);
    assert_int_equal(truncate(scene->file, (off_t)CHUNK), 0);
    say_want(scene, 2 * CHUNK, 1);
    struct blob_done done = ended(scene);
    assert_int_equal(done.status, LT_FILE_BAD);
    uint64_t number = 0;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(
        blob_client_upload(scene->client, scene->file, &scene->sha256, SIZE, &number, &fault),
        LT_FILE_BAD);
    assert_int_equal(
        blob_client_upload(scene->client, "/nowhere/at/all", &scene->sha256, SIZE, &number, &fault),
        LT_FILE_BAD);
}

static void test_jobs_have_limits(void **state)
{
    struct scene *scene = *state;
    static const struct lt_digest none;
    uint64_t number = 0;
    uint64_t again = 0;
    struct blob_client *client = scene->client;
    assert_int_equal(blob_client_download(client, scene->down, &none, 5, &number, NULL),
                     LT_ATTACHMENT_BAD);
    assert_int_equal(blob_client_download(client, scene->down, &scene->sha256, 0, &number, NULL),
                     LT_ATTACHMENT_BAD);
    assert_int_equal(blob_client_download(client, scene->down, &scene->sha256,
                                          LT_ATTACHMENT_BYTES_MAX + 1, &number, NULL),
                     LT_BLOB_TOO_LARGE);
    for (int i = 0; i < BLOB_JOBS_MAX; i++) {
        struct lt_digest sha256 = {{1, (uint8_t)i}};
        assert_int_equal(blob_client_download(client, scene->down, &sha256, LT_ATTACHMENT_BYTES_MAX,
                                              &number, NULL),
                         LT_OK);
        assert_int_equal(blob_client_download(client, scene->down, &sha256, 5, &again, NULL),
                         LT_EXISTS);
        assert_int_equal(number, again);
    }
    assert_int_equal(blob_client_download(client, scene->down, &scene->sha256, 5, &number, NULL),
                     LT_BUSY);
    /* So many talk at a time, in order; the next one comes when one has ended. */
    blob_client_step(client);
    for (int i = 0; i < BLOB_JOBS_MOVING; i++) {
        assert_int_equal(hear(scene, FRAME_BLOB_FETCH).sha256.bytes[1], i);
    }
    hear_nothing(scene);
    assert_true(blob_client_wait_ms(client) > 1000);
    assert_true(blob_client_cancel(client, 1));
    assert_int_equal(blob_client_wait_ms(client), 0);
    blob_client_step(client);
    assert_int_equal(hear(scene, FRAME_BLOB_FETCH).sha256.bytes[1], BLOB_JOBS_MOVING);
}

static void test_download_moves_its_window(void **state)
{
    struct scene *scene = *state;
    download(scene);
    struct blob fetch = hear(scene, FRAME_BLOB_FETCH);
    assert_int_equal(fetch.offset, 0);
    assert_in_range(fetch.credit, 7, 64); /* the whole file fits: nothing more to ask */
    for (uint64_t offset = 0; offset < SIZE; offset += CHUNK) {
        hear_nothing(scene);
        assert_int_equal(file_size(scene->down), -1);
        say_chunk(scene, offset, SIZE);
    }
    /* The end is told, the file read back in slices, then it is there. */
    fetch = hear(scene, FRAME_BLOB_FETCH);
    assert_int_equal(fetch.offset, SIZE);
    assert_int_equal(fetch.credit, 0);
    for (int i = 0; i < 3 && blob_client_count(scene->client) > 0; i++) {
        assert_int_equal(blob_client_wait_ms(scene->client), 0);
        blob_client_step(scene->client);
    }
    assert_int_equal(ended(scene).status, LT_OK);
    assert_int_equal(file_size(scene->down), SIZE);
    assert_int_equal(file_size(scene->part), -1);
}

static void test_download_of_a_large_file_asks_on(void **state)
{
    struct scene *scene = *state;
    uint64_t number = 0;
    const uint64_t size = 30 * CHUNK;
    assert_int_equal(
        blob_client_download(scene->client, scene->down, &scene->sha256, size, &number, NULL),
        LT_OK);
    blob_client_step(scene->client);
    uint32_t credit = hear(scene, FRAME_BLOB_FETCH).credit;
    uint64_t sent = 0;
    uint64_t reached = credit * CHUNK;
    while (sent < 6 * CHUNK) {
        struct frame frame;
        assert_true(sent < reached);
        say_chunk(scene, sent, size);
        sent += CHUNK;
        while (line_hear(&scene->line, &frame)) {
            assert_int_equal(frame.kind, FRAME_BLOB_FETCH);
            assert_int_equal(frame.blob.offset, sent);
            reached = frame.blob.offset + frame.blob.credit * CHUNK;
        }
    }
    /* The window moved before it was used up. */
    assert_true(reached > credit * CHUNK);
    unlink(scene->part);
}

static void test_download_resumes(void **state)
{
    struct scene *scene = *state;
    struct lt_bytes begun = {scene->bytes, 2 * CHUNK + 5};
    assert_int_equal(file_write(scene->part, begun, 0600, NULL), LT_OK);
    download(scene);
    assert_int_equal(hear(scene, FRAME_BLOB_FETCH).offset, 2 * CHUNK + 5);

    /* A gap: given up and fetched again. An old chunk: passed over. */
    say_chunk(scene, 3 * CHUNK, SIZE);
    struct blob stop = hear(scene, FRAME_BLOB_FETCH);
    assert_int_equal(stop.credit, 0);
    pass(scene, 1000);
    assert_int_equal(hear(scene, FRAME_BLOB_FETCH).offset, 2 * CHUNK + 5);
    say_chunk(scene, CHUNK, SIZE);
    hear_nothing(scene);
    for (uint64_t offset = 2 * CHUNK + 5; offset < SIZE; offset += CHUNK) {
        say_chunk(scene, offset, SIZE);
    }
    for (int i = 0; i < 3; i++) {
        blob_client_step(scene->client);
    }
    assert_int_equal(ended(scene).status, LT_OK);
    assert_int_equal(file_size(scene->down), SIZE);
}

static void test_damaged_part_is_fetched_anew(void **state)
{
    struct scene *scene = *state;
    struct lt_bytes begun = {scene->bytes + 1, SIZE - 1};
    assert_int_equal(file_write(scene->part, begun, 0600, NULL), LT_OK);
    download(scene);
    assert_int_equal(hear(scene, FRAME_BLOB_FETCH).offset, SIZE - 1);
    say_chunk(scene, SIZE - 1, SIZE);
    hear(scene, FRAME_BLOB_FETCH);
    for (int i = 0; i < 3; i++) {
        blob_client_step(scene->client);
    }
    assert_int_equal(file_size(scene->down), -1);
    assert_int_equal(hear(scene, FRAME_BLOB_FETCH).offset, 0);
    assert_int_equal(file_size(scene->part), 0);
}

static void test_size_that_the_axis_knows_otherwise(void **state)
{
    struct scene *scene = *state;
    download(scene);
    hear(scene, FRAME_BLOB_FETCH);
    say_chunk(scene, 0, SIZE + 1);
    assert_int_equal(ended(scene).status, LT_ATTACHMENT_BAD);
}

static void test_refused_key_is_dialled_again_slowly(void **state)
{
    struct scene *scene = *state;
    scene->line.link = LINK_KEY_REFUSED;
    uint64_t number = upload(scene);
    assert_int_equal(waiting(scene, number), LT_KEY_UNKNOWN);
    assert_int_equal(scene->line.redials, 1);
    assert_int_equal(blob_client_wait_ms(scene->client), 30000);
    pass(scene, 29999);
    assert_int_equal(scene->line.redials, 1);
    pass(scene, 1);
    assert_int_equal(scene->line.redials, 2);
    scene->line.link = LINK_UP;
    pass(scene, 1);
    hear(scene, FRAME_BLOB_OFFER);
}

static void test_full_port_is_tried_again(void **state)
{
    struct scene *scene = *state;
    scene->line.full = true;
    upload(scene);
    hear_nothing(scene);
    assert_in_range(blob_client_wait_ms(scene->client), 1, 10);
    scene->line.full = false;
    pass(scene, 10);
    hear(scene, FRAME_BLOB_OFFER);
    scene->line.full = true;
    say_want(scene, 0, 2);
    assert_in_range(blob_client_wait_ms(scene->client), 1, 10);
    scene->line.full = false;
    pass(scene, 10);
    hear_chunk(scene, 0);
    hear_chunk(scene, CHUNK);
}

static void test_cap(void **state)
{
    struct scene *scene = *state;
    blob_client_cap(scene->client, CHUNK);
    upload(scene);
    hear(scene, FRAME_BLOB_OFFER);
    say_want(scene, 0, 4);
    for (uint64_t i = 0; i < 4; i++) {
        hear_chunk(scene, i * CHUNK);
        hear_nothing(scene);
        if (i < 3) {
            assert_in_range(blob_client_wait_ms(scene->client), 900, 1002);
            pass(scene, 1002);
        }
    }
}

static void test_frames_of_nobody_are_left_alone(void **state)
{
    struct scene *scene = *state;
    struct frame frame = frame_of(scene, FRAME_BLOB_STORED);
    line_say_raw(&scene->line, &frame);
    frame = frame_of(scene, FRAME_BEAT);
    memset(&frame.beat, 0, sizeof(frame.beat));
    line_say_raw(&scene->line, &frame);
    blob_client_step(scene->client);
    download(scene);
    hear(scene, FRAME_BLOB_FETCH);
    say_stored(scene);
    say_want(scene, 0, 5);
    hear_nothing(scene);
    assert_int_equal(blob_client_count(scene->client), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_upload_keeps_to_the_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_break_begins_again_with_an_offer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silence_is_not_waited_out_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pauses_grow_and_progress_forgets_them, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_refusals_that_cannot_change_end_the_job, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_wrong_digest_thrice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_that_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_jobs_have_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_download_moves_its_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_download_of_a_large_file_asks_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_download_resumes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_part_is_fetched_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_size_that_the_axis_knows_otherwise, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_key_is_dialled_again_slowly, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_port_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frames_of_nobody_are_left_alone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
