/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The agency's client and the broker's blob port together, over real loopback TCP and real files,
 * with a fault in the middle: the client gone after any chunk, the broker restarted, wrong bytes, a
 * broken line, a core that is slow or says no.
 */
#include "adapters/sdk/blob_client.h"
#include "blob_world.h"

#define FILE_CHUNKS 5

struct agency {
    struct client_zmq *zmq;
    struct blob_client *client;
    int number;
};

static struct blob_world world;

static int setup(void **state)
{
    blob_world_open(&world);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    blob_world_close(&world);
    return 0;
}

static struct agency agency_open(int number, uint64_t cap)
{
    struct agency agency = {.number = number, .zmq = blob_dial(&world, number)};
    struct blob_client_options options = {
        .port = client_zmq_port(agency.zmq), .clock = clock_os(), .upload_bytes_per_s = cap};
    assert_int_equal(blob_client_open(&agency.client, &options, NULL), LT_OK);
    return agency;
}

static void agency_close(struct agency *agency)
{
    blob_client_close(&agency->client);
    client_zmq_close(&agency->zmq);
}

/* One turn of the agency and of the core. */
static void turn(struct agency *agency)
{
    blob_client_step(agency->client);
    blob_core(&world);
    int wait_ms = blob_client_wait_ms(agency->client);
    client_zmq_wait(&agency->zmq, 1, NULL, 0, wait_ms < 0 || wait_ms > 5 ? 5 : wait_ms);
}

static struct blob_done run(struct agency *agency)
{
    struct blob_done done;
    int64_t end_ms = blob_now_ms() + BLOB_WITHIN_MS;
    while (!blob_client_next(agency->client, &done)) {
        assert_true(blob_now_ms() < end_ms);
        turn(agency);
    }
    return done;
}

/* A file of the agency's in the test's folder. */
static void file_of(const char *name, const uint8_t *bytes, size_t size, char out[128])
{
    snprintf(out, 128, "%s/%s", world.folder, name);
    int fd = open(out, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    close(fd);
}

static bool file_is(const char *path, const uint8_t *bytes, size_t size)
{
    uint8_t *got = malloc(size + 1);
    int fd = open(path, O_RDONLY);
    bool same =
        fd >= 0 && read(fd, got, size + 1) == (ssize_t)size && memcmp(got, bytes, size) == 0;
    if (fd >= 0) {
        close(fd);
    }
    free(got);
    return same;
}

static uint64_t give_upload(struct agency *agency, const char *path, const struct lt_digest *sha256,
                            uint64_t size)
{
    uint64_t number = 0;
    assert_int_equal(blob_client_upload(agency->client, path, sha256, size, &number, NULL), LT_OK);
    return number;
}

static void upload(int number, const char *path, const struct lt_digest *sha256, uint64_t size)
{
    struct agency agency = agency_open(number, 0);
    uint64_t job = give_upload(&agency, path, sha256, size);
    struct blob_done done = run(&agency);
    assert_int_equal(done.status, LT_OK);
    assert_int_equal(done.number, job);
    agency_close(&agency);
}

static void test_up_and_down(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, CHUNK - 1, CHUNK, CHUNK + 1, 20 * CHUNK + 77};
    struct agency agency = agency_open(0, 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct lt_digest sha256;
        char from[128];
        char to[256];
        uint64_t number = 0;
        uint8_t *bytes = blob_bytes(&world, i, sizes[i], &sha256);
        file_of("up", bytes, sizes[i], from);
        give_upload(&agency, from, &sha256, sizes[i]);
        assert_int_equal(run(&agency).status, LT_OK);
        blob_path(&world, &sha256, to, sizeof(to));
        assert_true(file_is(to, bytes, sizes[i]));
        snprintf(to, sizeof(to), "%s/down-%zu", world.folder, i);
        assert_int_equal(blob_client_download(agency.client, to, &sha256, sizes[i], &number, NULL),
                         LT_OK);
        struct blob_done done = run(&agency);
        assert_int_equal(done.status, LT_OK);
        assert_true(done.download);
        assert_true(file_is(to, bytes, sizes[i]));
        free(bytes);
    }
    assert_int_equal(world.events, 5);
    struct blobs_stat stat = blob_stat(&world);
    assert_int_equal(stat.uploads, 5);
    assert_int_equal(stat.downloads, 5);
    assert_int_equal(stat.bytes_in, stat.bytes_out);
    agency_close(&agency);
}

/* Steps until the axis has written `offset` bytes; the client then dies. */
static void upload_until(const char *path, const struct lt_digest *sha256, uint64_t size,
                         uint64_t offset)
{
    char partial[256];
    struct agency agency = agency_open(0, 40 * CHUNK); /* slow enough to be caught */
    int64_t end_ms = blob_now_ms() + BLOB_WITHIN_MS;
    blob_partial_path(&world, 0, sha256, partial, sizeof(partial));
    give_upload(&agency, path, sha256, size);
    while (blob_file_size(partial) < (int64_t)offset) {
        assert_true(blob_now_ms() < end_ms);
        turn(&agency);
    }
    agency_close(&agency);
}

static void test_client_dies_at_any_chunk(void **state)
{
    (void)state;
    const uint64_t size = FILE_CHUNKS * CHUNK + 5;
    for (uint64_t at = 0; at < FILE_CHUNKS; at++) {
        struct lt_digest sha256;
        char from[128];
        char whole[256];
        uint8_t *bytes = blob_bytes(&world, 100 + at, size, &sha256);
        file_of("up", bytes, size, from);
        uint64_t before = blob_stat(&world).bytes_in;
        upload_until(from, &sha256, size, at * CHUNK);
        upload(0, from, &sha256, size);
        blob_path(&world, &sha256, whole, sizeof(whole));
        assert_true(file_is(whole, bytes, size));
        /* Nothing that had arrived was sent twice. */
        assert_int_equal(blob_stat(&world).bytes_in - before, size);
        free(bytes);
    }
}

static void test_broker_restarts_in_the_middle(void **state)
{
    (void)state;
    const uint64_t size = 12 * CHUNK;
    struct lt_digest sha256;
    char from[128];
    char path[256];
    uint8_t *bytes = blob_bytes(&world, 7, size, &sha256);
    file_of("up", bytes, size, from);
    struct agency agency = agency_open(0, 40 * CHUNK);
    give_upload(&agency, from, &sha256, size);
    blob_partial_path(&world, 0, &sha256, path, sizeof(path));
    while (blob_file_size(path) < (int64_t)(4 * CHUNK)) {
        turn(&agency);
    }
    blob_stop(&world);
    int64_t kept = blob_file_size(path);
    assert_in_range(kept, 4 * CHUNK, 12 * CHUNK - 1);
    for (int i = 0; i < 20; i++) {
        turn(&agency);
    }
    blob_serve(&world);
    assert_int_equal(run(&agency).status, LT_OK);
    assert_int_equal(blob_stat(&world).bytes_in, size - (uint64_t)kept);
    blob_path(&world, &sha256, path, sizeof(path));
    assert_true(file_is(path, bytes, size));

    /* The same on the way down. */
    uint64_t number = 0;
    snprintf(path, sizeof(path), "%s/down", world.folder);
    assert_int_equal(blob_client_download(agency.client, path, &sha256, size, &number, NULL),
                     LT_OK);
    strcat(path, ".part");
    while (blob_file_size(path) < (int64_t)(3 * CHUNK)) {
        turn(&agency);
    }
    blob_stop(&world);
    for (int i = 0; i < 20; i++) {
        turn(&agency);
    }
    struct blob_progress progress;
    assert_true(blob_client_look(agency.client, number, &progress));
    assert_int_equal(progress.waiting, LT_PEER_GONE);
    kept = blob_file_size(path);
    blob_serve(&world);
    assert_int_equal(run(&agency).status, LT_OK);
    assert_int_equal(blob_stat(&world).bytes_out, size - (uint64_t)kept);
    path[strlen(path) - 5] = '\0';
    assert_true(file_is(path, bytes, size));
    free(bytes);
    agency_close(&agency);
}

static void test_stored_is_said_after_the_core(void **state)
{
    (void)state;
    struct lt_digest sha256;
    char from[128];
    struct blob_done done;
    uint8_t *bytes = blob_bytes(&world, 8, 1000, &sha256);
    file_of("up", bytes, 1000, from);
    world.core_silent = true;
    struct agency agency = agency_open(0, 0);
    uint64_t job = give_upload(&agency, from, &sha256, 1000);
    int64_t end_ms = blob_now_ms() + 700;
    while (blob_now_ms() < end_ms) {
        turn(&agency);
    }
    assert_int_equal(queue_count(blobs_events(world.blobs)), 1);
    assert_false(blob_client_next(agency.client, &done));
    assert_int_equal(blob_client_count(agency.client), 1);

    /* The agency comes back on another connection: the same errand answers it. */
    agency_close(&agency);
    agency = agency_open(0, 0);
    give_upload(&agency, from, &sha256, 1000);
    end_ms = blob_now_ms() + 300;
    while (blob_now_ms() < end_ms) {
        turn(&agency);
    }
    assert_int_equal(queue_count(blobs_events(world.blobs)), 1);
    world.core_silent = false;
    assert_int_equal(run(&agency).status, LT_OK);
    assert_int_equal(world.events, 1);
    assert_int_equal(job, 1);

    /* Held according to the journal: said at once, without a chunk. */
    give_upload(&agency, from, &sha256, 1000);
    assert_int_equal(run(&agency).status, LT_OK);
    assert_int_equal(world.events, 1);
    assert_int_equal(blob_stat(&world).bytes_in, 1000);
    free(bytes);
    agency_close(&agency);
}

static void test_core_says_no(void **state)
{
    (void)state;
    struct lt_digest sha256;
    char from[128];
    struct blob_progress progress;
    uint8_t *bytes = blob_bytes(&world, 9, 1000, &sha256);
    file_of("up", bytes, 1000, from);
    world.core_says = LT_BUSY;
    struct agency agency = agency_open(0, 0);
    uint64_t job = give_upload(&agency, from, &sha256, 1000);
    int64_t end_ms = blob_now_ms() + BLOB_WITHIN_MS;
    do {
        assert_true(blob_now_ms() < end_ms);
        turn(&agency);
        assert_true(blob_client_look(agency.client, job, &progress));
    } while (progress.waiting != LT_BUSY);
    assert_true(progress.next_ms > blob_now_ms());
    world.core_says = LT_OK;
    assert_int_equal(run(&agency).status, LT_OK);
    assert_int_equal(world.held_count, 1);
    free(bytes);
    agency_close(&agency);
}

static void test_wrong_bytes_end_the_job(void **state)
{
    (void)state;
    struct lt_digest sha256;
    char from[128];
    char path[256];
    uint8_t *bytes = blob_bytes(&world, 10, 3 * CHUNK, &sha256);
    bytes[CHUNK + 3] ^= 0x40;
    file_of("up", bytes, 3 * CHUNK, from);
    struct agency agency = agency_open(0, 0);
    give_upload(&agency, from, &sha256, 3 * CHUNK);
    struct blob_done done = run(&agency);
    assert_int_equal(done.status, LT_BLOB_HASH_WRONG);
    assert_int_equal(done.fault.status, LT_BLOB_HASH_WRONG);
    assert_int_equal(blob_stat(&world).hash_wrong, 3);
    assert_int_equal(world.events, 0);
    blob_partial_path(&world, 0, &sha256, path, sizeof(path));
    assert_int_equal(blob_file_size(path), -1);
    blob_path(&world, &sha256, path, sizeof(path));
    assert_int_equal(blob_file_size(path), -1);
    free(bytes);
    agency_close(&agency);
}

/* What the disk kept of a partial was damaged by a crash: found, thrown away, sent again. */
static void test_damaged_partial_is_sent_again(void **state)
{
    (void)state;
    const uint64_t size = 6 * CHUNK;
    struct lt_digest sha256;
    char from[128];
    char path[256];
    uint8_t zeros[512] = {0};
    uint8_t *bytes = blob_bytes(&world, 11, size, &sha256);
    file_of("up", bytes, size, from);
    upload_until(from, &sha256, size, 3 * CHUNK);
    blob_stop(&world);
    blob_partial_path(&world, 0, &sha256, path, sizeof(path));
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, zeros, sizeof(zeros), 1000), sizeof(zeros));
    close(fd);
    blob_serve(&world);
    upload(0, from, &sha256, size);
    assert_int_equal(blob_stat(&world).hash_wrong, 1);
    blob_path(&world, &sha256, path, sizeof(path));
    assert_true(file_is(path, bytes, size));

    /* And a damaged download. */
    struct agency agency = agency_open(0, 0);
    uint64_t number = 0;
    file_of("down.part", zeros, sizeof(zeros), path);
    snprintf(path, sizeof(path), "%s/down", world.folder);
    assert_int_equal(blob_client_download(agency.client, path, &sha256, size, &number, NULL),
                     LT_OK);
    assert_int_equal(run(&agency).status, LT_OK);
    assert_true(file_is(path, bytes, size));
    agency_close(&agency);
    free(bytes);
}

static void test_foreign_file_is_not_given_and_not_saved(void **state)
{
    (void)state;
    const uint64_t size = 2 * CHUNK;
    struct lt_digest sha256;
    char from[128];
    char to[256];
    uint64_t number = 0;
    uint8_t *bytes = blob_bytes(&world, 12, size, &sha256);
    file_of("up", bytes, size, from);
    upload(0, from, &sha256, size);

    /* Knowing the digest is not holding the file ... */
    struct agency other = agency_open(1, 0);
    snprintf(to, sizeof(to), "%s/stolen", world.folder);
    assert_int_equal(blob_client_download(other.client, to, &sha256, size, &number, NULL), LT_OK);
    assert_int_equal(run(&other).status, LT_BLOB_NOT_YOURS);
    assert_int_equal(blob_file_size(to), -1);
    assert_int_equal(blob_stat(&world).bytes_out, 0);

    /* ... and offering it uploads it, whole. */
    give_upload(&other, from, &sha256, size);
    assert_int_equal(run(&other).status, LT_OK);
    assert_int_equal(blob_stat(&world).bytes_in, 2 * size);
    assert_int_equal(blob_client_download(other.client, to, &sha256, size, &number, NULL), LT_OK);
    assert_int_equal(run(&other).status, LT_OK);
    assert_true(file_is(to, bytes, size));
    free(bytes);
    agency_close(&other);
}

static void test_quota_pushes_back_until_there_is_room(void **state)
{
    (void)state;
    struct lt_digest sha256[2];
    char from[2][128];
    uint8_t *bytes[2];
    struct blob_progress progress;
    for (uint64_t i = 0; i < 2; i++) {
        char name[8];
        bytes[i] = blob_bytes(&world, 20 + i, 2 * CHUNK, &sha256[i]);
        snprintf(name, sizeof(name), "up%d", (int)i);
        file_of(name, bytes[i], 2 * CHUNK, from[i]);
    }
    /* Exactly one file, though both are under way at the same time. */
    blob_quota(&world, 2 * CHUNK);
    struct agency agency = agency_open(0, 0);
    give_upload(&agency, from[0], &sha256[0], 2 * CHUNK);
    uint64_t second = give_upload(&agency, from[1], &sha256[1], 2 * CHUNK);
    struct blob_done done = run(&agency);
    assert_int_equal(done.status, LT_OK);
    assert_int_equal(done.number, 1);
    int64_t end_ms = blob_now_ms() + BLOB_WITHIN_MS;
    do {
        assert_true(blob_now_ms() < end_ms);
        turn(&agency);
        assert_true(blob_client_look(agency.client, second, &progress));
    } while (progress.waiting != LT_BLOB_QUOTA);
    assert_in_range(progress.next_ms - blob_now_ms(), 25000, 30000);
    assert_int_equal(world.held_count, 1);
    assert_true(blob_client_cancel(agency.client, second));
    assert_false(blob_client_cancel(agency.client, second));
    blob_quota(&world, 4 * CHUNK);
    give_upload(&agency, from[1], &sha256[1], 2 * CHUNK);
    assert_int_equal(run(&agency).status, LT_OK);
    free(bytes[0]);
    free(bytes[1]);
    agency_close(&agency);
}

/* Nobody waits for a stall timer because a last word found the queue full. */
static void test_last_words_reach_a_slow_reader(void **state)
{
    (void)state;
    struct lt_digest sha256;
    char from[128];
    uint8_t *bytes = blob_bytes(&world, 30, CHUNK, &sha256);
    file_of("up", bytes, CHUNK, from);
    blob_stop(&world);
    world.full = 5;
    blob_serve(&world);
    world.core_says = LT_DISK_RESERVE;
    struct agency agency = agency_open(0, 0);
    uint64_t job = give_upload(&agency, from, &sha256, CHUNK);
    struct blob_progress progress = {0};
    int64_t end_ms = blob_now_ms() + BLOB_STALL_MS / 2;
    while (progress.waiting != LT_DISK_RESERVE) {
        assert_true(blob_now_ms() < end_ms);
        turn(&agency);
        assert_true(blob_client_look(agency.client, job, &progress));
    }
    assert_true(blob_client_cancel(agency.client, job));
    world.core_says = LT_OK;
    give_upload(&agency, from, &sha256, CHUNK);
    struct blob_done done;
    while (!blob_client_next(agency.client, &done)) {
        assert_true(blob_now_ms() < end_ms);
        turn(&agency);
    }
    assert_int_equal(done.status, LT_OK);
    free(bytes);
    agency_close(&agency);
}

static void test_caps(void **state)
{
    (void)state;
    const uint64_t size = 5 * CHUNK;
    struct lt_digest sha256;
    char from[128];
    char to[256];
    uint64_t number = 0;
    uint8_t *bytes = blob_bytes(&world, 30, size, &sha256);
    file_of("up", bytes, size, from);

    /* The agency's own: the first chunk passes, each next one pays for the one before. */
    struct agency agency = agency_open(0, 4 * CHUNK);
    int64_t start_ms = blob_now_ms();
    give_upload(&agency, from, &sha256, size);
    assert_int_equal(run(&agency).status, LT_OK);
    assert_in_range(blob_now_ms() - start_ms, 700, BLOB_WITHIN_MS);
    agency_close(&agency);

    /* The axis's, on the way down. */
    world.policy.bytes_per_s = 4 * CHUNK;
    blobs_policy(world.blobs, &world.policy);
    agency = agency_open(0, 0);
    snprintf(to, sizeof(to), "%s/down", world.folder);
    start_ms = blob_now_ms();
    assert_int_equal(blob_client_download(agency.client, to, &sha256, size, &number, NULL), LT_OK);
    assert_int_equal(run(&agency).status, LT_OK);
    assert_in_range(blob_now_ms() - start_ms, 700, BLOB_WITHIN_MS);
    assert_true(file_is(to, bytes, size));
    agency_close(&agency);
    free(bytes);
}

static void test_many_files_of_three_agencies(void **state)
{
    (void)state;
    struct agency agencies[BLOB_AGENCIES];
    uint32_t ended = 0;
    enum { FILES = 30 };
    for (int i = 0; i < BLOB_AGENCIES; i++) {
        agencies[i] = agency_open(i, 0);
        for (int j = 0; j < FILES; j++) {
            struct lt_digest sha256;
            char from[128];
            char name[32];
            size_t size = j % 5 == 0 ? 3 * CHUNK : 3000 + (size_t)j;
            uint8_t *bytes =
                blob_bytes(&world, 1000 + 100 * (uint64_t)i + (uint64_t)j, size, &sha256);
            snprintf(name, sizeof(name), "many-%d-%d", i, j);
            file_of(name, bytes, size, from);
            give_upload(&agencies[i], from, &sha256, size);
            free(bytes);
        }
    }
    int64_t end_ms = blob_now_ms() + BLOB_WITHIN_MS;
    while (ended < BLOB_AGENCIES * FILES) {
        assert_true(blob_now_ms() < end_ms);
        for (int i = 0; i < BLOB_AGENCIES; i++) {
            struct blob_done done;
            blob_client_step(agencies[i].client);
            while (blob_client_next(agencies[i].client, &done)) {
                assert_int_equal(done.status, LT_OK);
                ended++;
            }
        }
        blob_core(&world);
        usleep(500);
    }
    assert_int_equal(world.held_count, BLOB_AGENCIES * FILES);
    for (int i = 0; i < BLOB_AGENCIES; i++) {
        assert_int_equal(blob_client_count(agencies[i].client), 0);
        agency_close(&agencies[i]);
    }
    assert_int_equal(blob_stat(&world).transfers, 0);
}

static void test_large_files_do_not_hold_up_a_small_one(void **state)
{
    (void)state;
    const uint64_t large = 64 * CHUNK;
    struct lt_digest sha256;
    struct blob_done done;
    char from[128];
    struct agency busy = agency_open(0, 0);
    struct agency small = agency_open(1, 0);
    for (uint64_t i = 0; i < 4; i++) {
        char name[16];
        uint8_t *bytes = blob_bytes(&world, 500 + i, large, &sha256);
        snprintf(name, sizeof(name), "large-%d", (int)i);
        file_of(name, bytes, large, from);
        give_upload(&busy, from, &sha256, large);
        free(bytes);
    }
    while (blob_stat(&world).bytes_in < 4 * CHUNK) {
        for (int i = 0; i < 50; i++) {
            turn(&busy);
        }
    }
    uint8_t *bytes = blob_bytes(&world, 600, 3000, &sha256);
    file_of("small", bytes, 3000, from);
    give_upload(&small, from, &sha256, 3000);
    int64_t start_ms = blob_now_ms();
    while (!blob_client_next(small.client, &done)) {
        assert_true(blob_now_ms() - start_ms < BLOB_WITHIN_MS);
        turn(&busy);
        turn(&small);
    }
    assert_int_equal(done.status, LT_OK);
    assert_int_equal(blob_client_count(busy.client), 4);
    free(bytes);
    agency_close(&small);
    agency_close(&busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_up_and_down, setup, teardown),
        cmocka_unit_test_setup_teardown(test_client_dies_at_any_chunk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broker_restarts_in_the_middle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stored_is_said_after_the_core, setup, teardown),
        cmocka_unit_test_setup_teardown(test_core_says_no, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_bytes_end_the_job, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_partial_is_sent_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_file_is_not_given_and_not_saved, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_quota_pushes_back_until_there_is_room, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_last_words_reach_a_slow_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(test_caps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_files_of_three_agencies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_files_do_not_hold_up_a_small_one, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
