/* SPDX-License-Identifier: EUPL-1.2 */
/* The session against a broker played by hand: what it says, when, and what it makes of trouble. */
#include "fake_line.h"

#include "adapters/sdk/session.h"

struct world {
    struct fake_time time;
    struct fake_line line;
    struct arena arena;
    struct session session;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    struct lt_id instance = {{1, 2, 3}};
    fake_time_init(&w->time, 42);
    line_init(&w->line);
    assert_int_equal(arena_init(&w->arena, 65536, 1 << 20), LT_OK);
    session_init(&w->session, line_port(&w->line), &w->time.clock, &w->time.entropy, &instance, 9,
                 ROLE_BOTH, "test/1");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    line_deinit(&w->line);
    arena_deinit(&w->arena);
    free(w);
    return 0;
}

/* Steps until nothing is left; returns how many frames the caller was given. */
static uint32_t run(struct world *w)
{
    struct frame frame;
    uint32_t count = 0;
    while (session_step(&w->session, &w->arena, &frame)) {
        arena_reset(&w->arena);
        count++;
    }
    arena_reset(&w->arena);
    return count;
}

static void open_session(struct world *w, uint64_t number)
{
    run(w);
    line_hear_one(&w->line, FRAME_HELLO);
    struct frame welcome = fake_welcome(&w->line, number, w->time.wall_ms);
    line_say_raw(&w->line, &welcome);
    assert_int_equal(run(w), 1);
    assert_true(w->session.open);
}

/* Time passes in steps of `step_ms` until a Hello is said; returns how long it took. */
static int64_t until_hello(struct world *w, int64_t step_ms, int64_t most_ms)
{
    for (int64_t passed = 0; passed <= most_ms; passed += step_ms) {
        run(w);
        struct frame frame;
        if (line_hear(&w->line, &frame)) {
            assert_int_equal(frame.kind, FRAME_HELLO);
            return passed;
        }
        fake_time_pass(&w->time, step_ms);
    }
    return -1;
}

static void beat_in(struct world *w)
{
    struct frame beat = {.kind = FRAME_BEAT};
    beat.beat.submit = (struct window){64, 256 * 1024};
    line_say(&w->line, &beat);
}

static void test_hello_says_who_we_are(void **state)
{
    struct world *w = *state;
    w->session.notice_cursor = 77;
    run(w);
    struct frame hello = line_hear_one(&w->line, FRAME_HELLO);
    assert_int_equal(hello.session, 0);
    assert_int_equal(hello.seq, 0);
    assert_int_equal(hello.hello.epoch, 9);
    assert_int_equal(hello.hello.notice_cursor, 77);
    assert_int_equal(hello.hello.role, ROLE_BOTH);
    assert_int_equal(hello.hello.protocol_min, 1);
    assert_true(bytes_equal(hello.hello.software, text_bytes("test/1")));
}

static void test_welcome_sets_windows_and_skew(void **state)
{
    struct world *w = *state;
    run(w);
    line_hear_one(&w->line, FRAME_HELLO);
    fake_time_pass(&w->time, 400); /* the way there and back */
    struct frame welcome = fake_welcome(&w->line, 5, w->time.wall_ms - 200 + 90000);
    line_say_raw(&w->line, &welcome);
    assert_int_equal(run(w), 1);
    assert_true(w->session.open);
    assert_int_equal(w->session.number, 5);
    assert_int_equal(w->session.skew_ms, 90000);
    assert_int_equal(w->session.submit.parcels, 64);
    assert_string_equal(w->session.agency, "H26.99.1");
    assert_int_equal(w->session.lives, 0);

    /* Somebody mends our clock in mid-session: the skew follows. */
    w->time.wall_ms += 90000;
    run(w);
    assert_int_equal(w->session.skew_ms, 0);
}

static void test_numbers_count_up_in_both_directions(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    beat_in(w);
    beat_in(w);
    run(w);
    struct frame grant = {.kind = FRAME_GRANT};
    for (uint64_t n = 1; n <= 3; n++) {
        assert_int_equal(session_send(&w->session, &w->arena, &grant), LT_OK);
        struct frame heard = line_hear_one(&w->line, FRAME_GRANT);
        assert_int_equal(heard.seq, n);
        assert_int_equal(heard.session, 5);
        assert_int_equal(heard.seq_received, 2);
    }
}

static void test_full_line_counts_nothing(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    struct frame grant = {.kind = FRAME_GRANT};
    w->line.full = true;
    assert_int_equal(session_send(&w->session, &w->arena, &grant), LT_AGAIN);
    w->line.full = false;
    assert_int_equal(session_send(&w->session, &w->arena, &grant), LT_OK);
    assert_int_equal(line_hear_one(&w->line, FRAME_GRANT).seq, 1);
}

static void test_send_without_session(void **state)
{
    struct world *w = *state;
    struct frame grant = {.kind = FRAME_GRANT};
    assert_int_equal(session_send(&w->session, &w->arena, &grant), LT_AGAIN);
}

static void test_gap_ends_the_session(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    beat_in(w);
    w->line.seq++; /* one frame is lost */
    beat_in(w);
    assert_int_equal(run(w), 0);
    assert_false(w->session.open);
    assert_int_equal(w->session.lives, 1);
    assert_int_equal(w->session.last_code, LT_SEQUENCE_GAP);
    assert_int_equal(w->session.submit.bytes, 0);
    int64_t waited = until_hello(w, 10, 2000);
    assert_in_range(waited, 0, 520);
    assert_int_equal(w->session.epoch, 9);

    /* What still comes of the old session is dropped, also after the new Welcome. */
    struct frame welcome = fake_welcome(&w->line, 6, w->time.wall_ms);
    line_say_raw(&w->line, &welcome);
    struct frame old = {.kind = FRAME_VERDICT, .session = 5, .seq = 3};
    line_say_raw(&w->line, &old);
    assert_int_equal(run(w), 1);
    assert_int_equal(w->session.number, 6);
    assert_int_equal(w->session.seq, 0);
    assert_int_equal(w->session.lives, 1);
}

static void test_copy_is_dropped(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    struct frame verdict = {.kind = FRAME_VERDICT};
    line_say(&w->line, &verdict);
    line_say_raw(&w->line, &verdict);
    assert_int_equal(run(w), 1);
    assert_true(w->session.open);
}

static void test_garbage_ends_the_session(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    static const uint8_t garbage[] = {0x07, 0xff, 0xff};
    w->line.in[w->line.in_first % FAKE_FRAMES_MAX] =
        fake_copy((struct lt_bytes){garbage, sizeof(garbage)});
    w->line.in_count = 1;
    assert_int_equal(run(w), 0);
    assert_false(w->session.open);
    assert_int_equal(w->session.lives, 1);
}

static void test_beats_and_lease(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    w->session.want_bytes = 4711;
    fake_time_pass(&w->time, 14999);
    run(w);
    struct frame frame;
    assert_false(line_hear(&w->line, &frame));
    assert_int_equal(session_wait_ms(&w->session), 1);
    fake_time_pass(&w->time, 1);
    run(w);
    struct frame beat = line_hear_one(&w->line, FRAME_BEAT);
    assert_int_equal(beat.seq, 1);
    assert_int_equal(beat.beat.want_bytes, 4711);
    assert_int_equal(beat.beat.clock_ms, w->time.wall_ms);

    beat_in(w); /* heard here, at 15 s: the lease ends at 75 s */
    run(w);
    fake_time_pass(&w->time, 59999);
    run(w);
    assert_true(w->session.open);
    fake_time_pass(&w->time, 1);
    run(w);
    assert_false(w->session.open);
    assert_int_equal(w->session.last_code, LT_TIMEOUT);
    assert_int_equal(w->line.redials, 1);
    assert_int_equal(w->session.lives, 1);
}

static void test_beat_changes_window(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    struct frame beat = {.kind = FRAME_BEAT};
    beat.beat.submit = (struct window){1, 16384};
    beat.beat.standby = true;
    beat.beat.backed_up_to = 99;
    line_say(&w->line, &beat);
    assert_int_equal(run(w), 0);
    assert_int_equal(w->session.submit.parcels, 1);
    assert_int_equal(w->session.submit.bytes, 16384);
    assert_true(w->session.standby);
    assert_int_equal(w->session.backed_up_to, 99);
    struct frame verdict = {.kind = FRAME_VERDICT};
    verdict.verdict.submit = (struct window){9, 90000};
    line_say(&w->line, &verdict);
    assert_int_equal(run(w), 1);
    assert_int_equal(w->session.submit.parcels, 9);
}

static void test_no_session_and_retry_after(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    struct frame ending = {.kind = FRAME_NO_SESSION};
    ending.ending = (struct ending){
        .code = LT_DRAINING, .detail = text_bytes("stopping"), .retry_after_ms = 7000};
    line_say_raw(&w->line, &ending);
    run(w);
    assert_false(w->session.open);
    assert_int_equal(w->session.last_code, LT_DRAINING);
    assert_string_equal(w->session.last_detail, "stopping");
    int64_t waited = until_hello(w, 10, 60000);
    assert_in_range(waited, 7000, 10510);
}

static void test_bye_ends_the_session(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    struct frame bye = {.kind = FRAME_BYE};
    bye.ending.code = LT_BLOCKED;
    bye.ending.retry_after_ms = 1000;
    line_say(&w->line, &bye);
    run(w);
    assert_false(w->session.open);
    assert_int_equal(w->session.last_code, LT_BLOCKED);
    assert_in_range(until_hello(w, 10, 60000), 1000, 1510);
}

static void test_late_no_session_is_ignored(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    struct frame ending = {.kind = FRAME_NO_SESSION};
    ending.ending.code = LT_SESSION_UNKNOWN;
    line_say_raw(&w->line, &ending);
    line_say_raw(&w->line, &ending);
    run(w);
    assert_int_equal(w->session.lives, 1);
    assert_in_range(until_hello(w, 10, 2000), 0, 520);
    line_say_raw(&w->line, &ending); /* an answer to a frame sent before the Hello */
    run(w);
    assert_true(w->session.asked);
    struct frame welcome = fake_welcome(&w->line, 6, w->time.wall_ms);
    line_say_raw(&w->line, &welcome);
    assert_int_equal(run(w), 1);
    assert_true(w->session.open);
}

static void test_barred_waits_long(void **state)
{
    static const uint32_t codes[] = {LT_KEY_REVOKED, LT_NOT_PERMITTED, LT_EPOCH_OLD};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct world *w;
        void *one;
        setup(&one);
        w = one;
        run(w);
        line_hear_one(&w->line, FRAME_HELLO);
        struct frame ending = {.kind = FRAME_NO_SESSION};
        ending.ending.code = codes[i];
        line_say_raw(&w->line, &ending);
        run(w);
        assert_int_equal(w->session.last_code, codes[i]);
        assert_in_range(until_hello(w, 100, 1000000), 60000, 90100);
        line_say_raw(&w->line, &ending);
        run(w);
        assert_in_range(until_hello(w, 100, 1000000), 120000, 180100);
        teardown(&one);
    }
    (void)state;
}

/* Unanswered Hellos come ever more slowly, with jitter, and the line is dialled again. */
static void test_silence_backs_off(void **state)
{
    struct world *w = *state;
    int64_t waits[6];
    until_hello(w, 10, 10);
    for (int i = 0; i < 6; i++) {
        fake_time_pass(&w->time, 10);
        waits[i] = until_hello(w, 10, 200000) + 10;
    }
    assert_in_range(waits[0], 5000, 7520);
    assert_in_range(waits[1], 10000, 15020);
    assert_in_range(waits[2], 20000, 30020);
    assert_int_equal(w->line.redials, 2);
    assert_int_equal(w->session.lives, 0);
}

static void test_jitter_spreads_agencies(void **state)
{
    (void)state;
    int64_t least = INT64_MAX, most = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        void *one;
        setup(&one);
        struct world *w = one;
        w->time.random = seed * 0x9E3779B97F4A7C15ULL;
        open_session(w, 5);
        struct frame ending = {.kind = FRAME_NO_SESSION};
        ending.ending.code = LT_SESSION_UNKNOWN;
        line_say_raw(&w->line, &ending);
        int64_t waited = until_hello(w, 1, 2000);
        least = waited < least ? waited : least;
        most = waited > most ? waited : most;
        teardown(&one);
    }
    assert_in_range(least, 0, 100);
    assert_in_range(most, 400, 501);
}

/* A session that ends as soon as it stands does not become a storm of Hellos. */
static void test_short_lives_back_off(void **state)
{
    struct world *w = *state;
    int64_t waited = 0;
    for (uint64_t n = 1; n <= 6; n++) {
        waited = until_hello(w, 10, 100000);
        assert_true(waited >= 0);
        struct frame welcome = fake_welcome(&w->line, n, w->time.wall_ms);
        line_say_raw(&w->line, &welcome);
        assert_int_equal(run(w), 1);
        struct frame bye = {.kind = FRAME_BYE};
        line_say(&w->line, &bye);
        run(w);
    }
    assert_in_range(waited, 4000, 6010);
    assert_int_equal(w->session.lives, 6);
}

static void test_line_down_is_noticed(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    w->line.link = LINK_DOWN;
    run(w);
    assert_false(w->session.open);
    assert_int_equal(w->session.last_code, LT_PEER_GONE);
    fake_time_pass(&w->time, 60000);
    run(w);
    struct frame frame;
    assert_false(line_hear(&w->line, &frame));
    w->line.link = LINK_UP;
    assert_in_range(until_hello(w, 10, 2000), 0, 260);
}

static void test_refused_key_is_redialled_slowly(void **state)
{
    struct world *w = *state;
    w->line.link = LINK_KEY_REFUSED;
    for (int64_t passed = 0; passed < 59000; passed += 250) {
        run(w);
        fake_time_pass(&w->time, 250);
    }
    assert_int_equal(w->session.last_code, LT_KEY_REVOKED);
    assert_int_equal(w->line.redials, 0);
    for (int64_t passed = 0; passed < 33000; passed += 250) {
        run(w);
        fake_time_pass(&w->time, 250);
    }
    assert_int_equal(w->line.redials, 1);
    w->line.link = LINK_UP; /* the operator registered it */
    assert_in_range(until_hello(w, 10, 2000), 0, 260);
}

static void test_second_welcome_replaces(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    struct frame welcome = fake_welcome(&w->line, 5, w->time.wall_ms);
    line_say_raw(&w->line, &welcome);
    assert_int_equal(run(w), 0); /* the same one twice */
    welcome = fake_welcome(&w->line, 6, w->time.wall_ms);
    line_say_raw(&w->line, &welcome);
    assert_int_equal(run(w), 1);
    assert_int_equal(w->session.number, 6);
    assert_int_equal(w->session.lives, 1);
}

static void test_end_says_bye(void **state)
{
    struct world *w = *state;
    open_session(w, 5);
    session_end(&w->session, &w->arena);
    line_hear_one(&w->line, FRAME_BYE);
    assert_false(w->session.open);
    fake_time_pass(&w->time, 600000);
    run(w);
    struct frame frame;
    assert_false(line_hear(&w->line, &frame));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hello_says_who_we_are, setup, teardown),
        cmocka_unit_test_setup_teardown(test_welcome_sets_windows_and_skew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_count_up_in_both_directions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_line_counts_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_send_without_session, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gap_ends_the_session, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage_ends_the_session, setup, teardown),
        cmocka_unit_test_setup_teardown(test_beats_and_lease, setup, teardown),
        cmocka_unit_test_setup_teardown(test_beat_changes_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_session_and_retry_after, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bye_ends_the_session, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_no_session_is_ignored, setup, teardown),
        cmocka_unit_test(test_barred_waits_long),
        cmocka_unit_test_setup_teardown(test_silence_backs_off, setup, teardown),
        cmocka_unit_test(test_jitter_spreads_agencies),
        cmocka_unit_test_setup_teardown(test_short_lives_back_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line_down_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_key_is_redialled_slowly, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_welcome_replaces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_says_bye, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
