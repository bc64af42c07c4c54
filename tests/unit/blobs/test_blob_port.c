/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The blob port against a peer that speaks frame by frame and not always by the rules: limits at n
 * and n + 1, credit, offsets, floods, strangers; and what the core orders away.
 */
#include "blob_world.h"

static struct blob_world world;
static struct arena arena;
static struct client_zmq *peer;

static int setup(void **state)
{
    blob_world_open(&world);
    assert_int_equal(arena_init(&arena, 1 << 20, 8 << 20), LT_OK);
    peer = blob_dial(&world, 0);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    client_zmq_close(&peer);
    arena_deinit(&arena);
    blob_world_close(&world);
    return 0;
}

static void say_as(struct client_zmq *from, enum frame_kind kind, const struct blob *blob)
{
    struct client_port port = client_zmq_port(from);
    struct lt_bytes bytes;
    struct frame frame;
    memset(&frame, 0, sizeof(frame));
    frame.kind = kind;
    frame.blob = *blob;
    arena_reset(&arena);
    assert_int_equal(frame_write(&frame, &arena, &bytes), LT_OK);
    int64_t end_ms = blob_now_ms() + BLOB_WITHIN_MS;
    while (port.send(port.self, bytes) != LT_OK) {
        assert_true(blob_now_ms() < end_ms);
        client_zmq_wait(&from, 1, NULL, 0, 2);
        port.link(port.self);
    }
}

static bool hear_as(struct client_zmq *to, struct frame *ret_frame, int64_t within_ms)
{
    struct client_port port = client_zmq_port(to);
    struct lt_bytes bytes;
    int64_t end_ms = blob_now_ms() + within_ms;
    while (!port.receive(port.self, &bytes)) {
        if (blob_now_ms() >= end_ms) {
            return false;
        }
        blob_core(&world);
        client_zmq_wait(&to, 1, NULL, 0, 5);
    }
    arena_reset(&arena);
    assert_int_equal(frame_read(bytes, &arena, ret_frame, NULL), LT_OK);
    return true;
}

static struct blob hear(enum frame_kind kind)
{
    struct frame frame = {.kind = FRAME_NONE};
    assert_true(hear_as(peer, &frame, BLOB_WITHIN_MS));
    assert_int_equal(frame.kind, kind);
    return frame.blob;
}

static void hear_refusal(enum lt_status status)
{
    struct frame frame;
    do {
        assert_true(hear_as(peer, &frame, BLOB_WITHIN_MS));
    } while (frame.kind == FRAME_BLOB_WANT);
    assert_int_equal(frame.kind, FRAME_BLOB_REFUSED);
    assert_int_equal(frame.blob.code, status);
}

/* Wants come one by one as the window opens: the last one before silence. */
static struct blob hear_wants(void)
{
    struct frame frame;
    struct blob want = hear(FRAME_BLOB_WANT);
    while (hear_as(peer, &frame, 50)) {
        assert_int_equal(frame.kind, FRAME_BLOB_WANT);
        want = frame.blob;
    }
    return want;
}

static struct blob offer_of(const struct lt_digest *sha256, uint64_t size)
{
    struct blob blob;
    memset(&blob, 0, sizeof(blob));
    blob.sha256 = *sha256;
    blob.size = size;
    return blob;
}

static struct lt_digest digest_number(uint64_t number)
{
    return digest_of(world.digester, (struct lt_bytes){(const uint8_t *)&number, sizeof(number)});
}

static void offer(const struct lt_digest *sha256, uint64_t size)
{
    struct blob blob = offer_of(sha256, size);
    say_as(peer, FRAME_BLOB_OFFER, &blob);
}

static void chunk(const struct lt_digest *sha256, uint64_t offset, const uint8_t *bytes,
                  size_t size)
{
    struct blob blob = offer_of(sha256, 0);
    blob.offset = offset;
    blob.data = (struct lt_bytes){bytes, size};
    say_as(peer, FRAME_BLOB_CHUNK, &blob);
}

static void store(uint64_t seed, size_t size, struct lt_digest *ret_sha256)
{
    uint8_t *bytes = blob_bytes(&world, seed, size, ret_sha256);
    assert_true(size <= CHUNK);
    offer(ret_sha256, size);
    assert_int_equal(hear_wants().credit, 1);
    chunk(ret_sha256, 0, bytes, size);
    assert_int_equal(hear(FRAME_BLOB_STORED).size, size);
    free(bytes);
}

static void test_sizes(void **state)
{
    (void)state;
    struct lt_digest sha256 = digest_number(1);
    static const struct lt_digest none;
    offer(&sha256, 0);
    hear_refusal(LT_ATTACHMENT_BAD);
    offer(&none, 5);
    hear_refusal(LT_ATTACHMENT_BAD);
    offer(&sha256, LT_ATTACHMENT_BYTES_MAX + 1);
    hear_refusal(LT_BLOB_TOO_LARGE);
    offer(&sha256, LT_ATTACHMENT_BYTES_MAX);
    struct blob want = hear_wants();
    assert_int_equal(want.offset, 0);
    assert_int_equal(want.credit, BLOB_WINDOW_CHUNKS);
    /* The same file cannot have two sizes. */
    offer(&sha256, LT_ATTACHMENT_BYTES_MAX - 1);
    hear_refusal(LT_ATTACHMENT_BAD);
}

static void test_chunk_rules(void **state)
{
    (void)state;
    static uint8_t bytes[CHUNK];
    struct lt_digest sha256 = digest_number(2);
    const uint64_t size = 20 * CHUNK;
    chunk(&sha256, 0, bytes, CHUNK);
    hear_refusal(LT_BLOB_OFFSET);

    /* A gap, an overlap. */
    offer(&sha256, size);
    hear_wants();
    chunk(&sha256, CHUNK, bytes, CHUNK);
    hear_refusal(LT_BLOB_OFFSET);
    offer(&sha256, size);
    assert_int_equal(hear_wants().offset, 0);
    chunk(&sha256, 0, bytes, CHUNK);
    assert_int_equal(hear_wants().offset, CHUNK);
    chunk(&sha256, 0, bytes, CHUNK);
    hear_refusal(LT_BLOB_OFFSET);

    /* Too small, but not the smallest that is allowed; and nothing at all. */
    offer(&sha256, size);
    assert_int_equal(hear_wants().offset, CHUNK);
    chunk(&sha256, CHUNK, bytes, BLOB_CHUNK_BYTES_MIN);
    hear_wants();
    chunk(&sha256, CHUNK + BLOB_CHUNK_BYTES_MIN, bytes, BLOB_CHUNK_BYTES_MIN - 1);
    hear_refusal(LT_FRAME_BAD);
    offer(&sha256, size);
    hear_wants();
    chunk(&sha256, CHUNK + BLOB_CHUNK_BYTES_MIN, bytes, 0);
    hear_refusal(LT_FRAME_BAD);

    /* Past the end of the file. */
    struct lt_digest small = digest_number(3);
    offer(&small, 100);
    hear_wants();
    chunk(&small, 0, bytes, 101);
    hear_refusal(LT_FRAME_BAD);
}

static void test_credit(void **state)
{
    (void)state;
    static uint8_t bytes[CHUNK];
    struct lt_digest sha256 = digest_number(4);
    world.policy.bytes_per_s = 1000; /* one chunk in hand, the next in minutes */
    blobs_policy(world.blobs, &world.policy);
    usleep(150 * 1000);
    offer(&sha256, 20 * CHUNK);
    struct blob want = hear_wants();
    assert_int_equal(want.credit, 1);
    chunk(&sha256, 0, bytes, CHUNK);
    chunk(&sha256, CHUNK, bytes, CHUNK);
    hear_refusal(LT_CREDIT_EXCEEDED);
    assert_int_equal(blob_stat(&world).bytes_in, CHUNK);
}

static void test_transfers_of_one_agency(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < BLOB_TRANSFERS_AGENCY_MAX; i++) {
        struct lt_digest sha256 = digest_number(10 + i);
        offer(&sha256, CHUNK);
        hear_wants();
    }
    struct lt_digest sha256 = digest_number(99);
    offer(&sha256, CHUNK);
    hear_refusal(LT_BUSY);

    /* Another agency is not concerned. */
    struct frame frame;
    struct blob blob = offer_of(&sha256, CHUNK);
    struct client_zmq *other = blob_dial(&world, 1);
    say_as(other, FRAME_BLOB_OFFER, &blob);
    assert_true(hear_as(other, &frame, BLOB_WITHIN_MS));
    assert_int_equal(frame.kind, FRAME_BLOB_WANT);
    client_zmq_close(&other);
}

static void test_asks_of_one_second(void **state)
{
    (void)state;
    uint32_t rate = 0;
    uint32_t other = 0;
    struct lt_digest sha256 = digest_number(5);
    while (blob_now_ms() % 1000 > 200) {
        usleep(5000);
    }
    for (int i = 0; i < 2 * BLOB_ASKS_PER_SECOND_MAX; i++) {
        struct frame frame;
        offer(&sha256, 0);
        assert_true(hear_as(peer, &frame, BLOB_WITHIN_MS));
        assert_int_equal(frame.kind, FRAME_BLOB_REFUSED);
        rate += frame.blob.code == LT_RATE ? 1 : 0;
        other += frame.blob.code == LT_ATTACHMENT_BAD ? 1 : 0;
    }
    assert_true(other >= BLOB_ASKS_PER_SECOND_MAX);
    assert_true(rate > 0);
}

static void test_unfinished_files_make_room_for_each_other(void **state)
{
    (void)state;
    char path[256];
    struct partials partials;
    struct blob_store *store_now = NULL;
    assert_int_equal(blob_store_open(&store_now, world.blobs_folder, NULL), LT_OK);
    for (uint64_t i = 0; i < BLOB_PARTIALS_AGENCY_MAX; i++) {
        struct lt_digest sha256 = digest_number(200 + i);
        int fd = -1;
        uint64_t offset = 0;
        assert_int_equal(partial_open(store_now, "H24.1", &sha256, 50, &fd, &offset, NULL), LT_OK);
        assert_int_equal(partial_write(fd, 0, (struct lt_bytes){(const uint8_t *)"0123456789", 10}),
                         LT_OK);
        close(fd);
        usleep(5000);
    }
    struct lt_digest oldest = digest_number(200);
    struct lt_digest next = digest_number(300);
    offer(&next, 1000);
    hear_wants();
    assert_int_equal(partials_of(store_now, "H24.1", &partials), LT_OK);
    assert_int_equal(partials.count, BLOB_PARTIALS_AGENCY_MAX);
    blob_partial_path(&world, 0, &oldest, path, sizeof(path));
    assert_int_equal(blob_file_size(path), -1);

    /* Bytes are bounded, too: 15 x 10 are there; what does not fit even alone is refused. */
    world.policy.partial_bytes_max = 5000;
    blobs_policy(world.blobs, &world.policy);
    usleep(150 * 1000);
    struct lt_digest large = digest_number(301);
    offer(&large, 5001);
    hear_refusal(LT_BLOB_QUOTA);
    offer(&large, 5000);
    hear_wants();
    blob_store_close(&store_now);
}

static void test_disk_reserve(void **state)
{
    (void)state;
    uint64_t free_bytes = 0;
    struct lt_digest sha256 = digest_number(6);
    struct lt_digest held;
    store(60, 5000, &held);
    assert_int_equal(disk_free(world.folder, &free_bytes, NULL), LT_OK);
    world.policy.free_low_bytes = free_bytes + (1 << 30);
    blobs_policy(world.blobs, &world.policy);
    usleep(150 * 1000);
    offer(&sha256, 1000);
    hear_refusal(LT_DISK_RESERVE);
    /* What is there already is still said. */
    offer(&held, 5000);
    assert_int_equal(hear(FRAME_BLOB_STORED).size, 5000);
}

static void test_fetch_rules(void **state)
{
    (void)state;
    struct lt_digest sha256;
    struct lt_digest unknown = digest_number(7);
    struct frame frame;
    store(61, 10000, &sha256);
    struct blob fetch = offer_of(&unknown, 0);
    fetch.credit = 1;
    say_as(peer, FRAME_BLOB_FETCH, &fetch);
    hear_refusal(LT_BLOB_NOT_YOURS);

    fetch.sha256 = sha256;
    fetch.offset = 10000;
    say_as(peer, FRAME_BLOB_FETCH, &fetch);
    hear_refusal(LT_BLOB_OFFSET);
    fetch.offset = 9999;
    say_as(peer, FRAME_BLOB_FETCH, &fetch);
    struct blob last = hear(FRAME_BLOB_CHUNK);
    assert_int_equal(last.offset, 9999);
    assert_int_equal(last.data.size, 1);
    assert_int_equal(last.size, 10000);

    /* Moved after the end was sent: nothing comes twice. Back to the start: all of it does. */
    fetch.offset = 9999;
    say_as(peer, FRAME_BLOB_FETCH, &fetch);
    assert_false(hear_as(peer, &frame, 300));
    fetch.offset = 0;
    say_as(peer, FRAME_BLOB_FETCH, &fetch);
    assert_int_equal(hear(FRAME_BLOB_CHUNK).data.size, 10000);
    /* No credit, no chunk. */
    fetch.credit = 0;
    say_as(peer, FRAME_BLOB_FETCH, &fetch);
    say_as(peer, FRAME_BLOB_FETCH, &fetch);
    assert_false(hear_as(peer, &frame, 300));
}

static void test_lost_file_is_said_and_healed(void **state)
{
    (void)state;
    struct lt_digest sha256;
    char path[256];
    uint8_t *bytes = blob_bytes(&world, 62, 9000, &sha256);
    store(62, 9000, &sha256);
    blob_path(&world, &sha256, path, sizeof(path));
    assert_int_equal(truncate(path, 8999), 0);
    struct blob fetch = offer_of(&sha256, 0);
    fetch.credit = 1;
    say_as(peer, FRAME_BLOB_FETCH, &fetch);
    hear_refusal(LT_BLOB_MISSING);
    assert_int_equal(unlink(path), 0);
    say_as(peer, FRAME_BLOB_FETCH, &fetch);
    hear_refusal(LT_BLOB_MISSING);

    /* The journal says it is held, the disk does not: its owner brings it back. */
    offer(&sha256, 9000);
    hear_wants();
    chunk(&sha256, 0, bytes, 9000);
    hear(FRAME_BLOB_STORED);
    assert_int_equal(blob_file_size(path), 9000);
    free(bytes);
}

static void test_frames_that_do_not_belong(void **state)
{
    (void)state;
    struct client_port port = client_zmq_port(peer);
    struct frame frame;
    struct lt_bytes bytes;
    static const uint8_t noise[] = {0xff, 0xff, 0xff, 0x07, 0x00, 0x13};
    offer(&(struct lt_digest){{1}}, 0);
    hear_refusal(LT_ATTACHMENT_BAD);
    assert_int_equal(port.send(port.self, (struct lt_bytes){noise, sizeof(noise)}), LT_OK);
    hear_refusal(LT_FRAME_BAD);
    assert_int_equal(port.send(port.self, (struct lt_bytes){noise, 0}), LT_OK);
    struct blob answer = hear(FRAME_BLOB_REFUSED);
    assert_int_equal(answer.code, LT_FRAME_BAD);
    memset(&frame, 0, sizeof(frame));
    frame.kind = FRAME_BEAT;
    arena_reset(&arena);
    assert_int_equal(frame_write(&frame, &arena, &bytes), LT_OK);
    assert_int_equal(port.send(port.self, bytes), LT_OK);
    hear_refusal(LT_FRAME_BAD);
    assert_int_equal(blob_stat(&world).refused, 4);
}

static void test_operators_are_no_agencies(void **state)
{
    (void)state;
    struct net_key key = {.user = "operator/truc-ban-1"};
    assert_int_equal(curve_public(&world.secrets[2], &key.key), LT_OK);
    assert_int_equal(net_keys(world.net, &key, 1), LT_OK);
    struct client_zmq *person = blob_dial(&world, 2);
    struct frame frame;
    struct lt_digest sha256 = digest_number(8);
    struct blob blob = offer_of(&sha256, 5);
    say_as(person, FRAME_BLOB_OFFER, &blob);
    assert_true(hear_as(person, &frame, BLOB_WITHIN_MS));
    assert_int_equal(frame.kind, FRAME_BLOB_REFUSED);
    assert_int_equal(frame.blob.code, LT_NOT_PERMITTED);
    client_zmq_close(&person);
}

static void collect(const struct lt_digest *sha256)
{
    assert_true(blobs_collect(world.blobs, sha256));
    usleep(300 * 1000);
}

static void test_collect(void **state)
{
    (void)state;
    struct lt_digest sha256;
    char path[256];
    uint8_t *bytes = blob_bytes(&world, 63, 3 * CHUNK, &sha256);
    struct lt_digest gone;
    store(64, 5000, &gone);
    blob_path(&world, &gone, path, sizeof(path));
    assert_int_equal(blob_file_size(path), 5000);
    collect(&gone);
    assert_int_equal(blob_file_size(path), -1);
    collect(&gone);
    assert_int_equal(blob_stat(&world).collected, 1);

    /* Somebody is bringing the same bytes at this moment: they stay. */
    offer(&sha256, 3 * CHUNK);
    hear_wants();
    for (uint64_t i = 0; i < 3; i++) {
        world.core_silent = i == 2;
        chunk(&sha256, i * CHUNK, bytes + i * CHUNK, CHUNK);
        usleep(i == 2 ? 300 * 1000 : 0);
    }
    assert_int_equal(queue_count(blobs_events(world.blobs)), 1);
    collect(&sha256);
    blob_path(&world, &sha256, path, sizeof(path));
    assert_int_equal(blob_file_size(path), 3 * CHUNK);
    world.core_silent = false;
    struct frame frame;
    do {
        assert_true(hear_as(peer, &frame, BLOB_WITHIN_MS));
    } while (frame.kind == FRAME_BLOB_WANT);
    assert_int_equal(frame.kind, FRAME_BLOB_STORED);
    assert_int_equal(blob_file_size(path), 3 * CHUNK);
    free(bytes);
}

static void test_left_overs_go_after_a_week(void **state)
{
    (void)state;
    struct lt_digest held;
    struct lt_digest orphan;
    struct lt_digest begun = digest_number(9);
    char paths[3][256];
    store(65, 5000, &held);
    store(66, 6000, &orphan);
    blob_forget(&world, 1);
    offer(&begun, 20 * CHUNK);
    hear_wants();
    blob_path(&world, &held, paths[0], sizeof(paths[0]));
    blob_path(&world, &orphan, paths[1], sizeof(paths[1]));
    blob_partial_path(&world, 0, &begun, paths[2], sizeof(paths[2]));

    /* A walk begins with the port; a minute short of a week nothing goes, a minute over all does.
     */
    for (int i = 0; i < 2; i++) {
        blob_stop(&world);
        world.ahead_ms = BLOB_ORPHAN_MS + (i == 0 ? -60000 : 60000);
        blob_serve(&world);
        usleep(1500 * 1000);
        assert_int_equal(blob_file_size(paths[0]), 5000);
        assert_int_equal(blob_file_size(paths[1]), i == 0 ? 6000 : -1);
        assert_int_equal(blob_file_size(paths[2]), i == 0 ? 0 : -1);
    }
    assert_int_equal(blob_stat(&world).orphans, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chunk_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_credit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transfers_of_one_agency, setup, teardown),
        cmocka_unit_test_setup_teardown(test_asks_of_one_second, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unfinished_files_make_room_for_each_other, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_disk_reserve, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetch_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_file_is_said_and_healed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frames_that_do_not_belong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_operators_are_no_agencies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_collect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left_overs_go_after_a_week, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
