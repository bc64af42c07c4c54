/* SPDX-License-Identifier: EUPL-1.2 */
/* Windows lent to senders: what binds a peer is what it has read, not what was sent last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "broker/flow/session.h"
#include "broker/limits.h"

#define KIB 1024u

struct scene {
    struct sessions sessions;
    struct session *session;
};

static struct scene scene;

static int set_up(void **state)
{
    struct port_route route = {.bytes = {0, 0, 0, 0, 1}, .size = 5};
    (void)state;
    assert_int_equal(sessions_open(&scene.sessions, 1), LT_OK);
    scene.session = session_make(&scene.sessions, &route, 7);
    assert_non_null(scene.session);
    session_lend(&scene.sessions, scene.session);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    session_free(&scene.sessions, scene.session);
    sessions_close(&scene.sessions);
    return 0;
}

/* Lends for `want` bytes; the frame that says so is the next one. */
static void lend(uint64_t want)
{
    scene.session->want_bytes = want;
    session_lend(&scene.sessions, scene.session);
    scene.session->seq++;
}

/* Would this much be within the window? Leaves nothing outstanding. */
static bool fits(uint64_t bytes)
{
    bool within = session_take(scene.session, bytes);
    session_answered(scene.session, bytes);
    return within;
}

static void idle_window_to_the_byte(void **state)
{
    (void)state;
    assert_true(fits(SUBMIT_IDLE_BYTES));
    assert_false(fits(SUBMIT_IDLE_BYTES + 1));
}

static void a_narrower_window_binds_when_it_was_read(void **state)
{
    (void)state;
    lend(600 * KIB);
    assert_true(fits(600 * KIB));
    assert_false(fits(600 * KIB + 1));
    lend(0);
    assert_true(fits(600 * KIB));
    session_confirmed(scene.session, scene.session->seq - 1);
    assert_true(fits(600 * KIB));
    session_confirmed(scene.session, scene.session->seq);
    assert_false(fits(SUBMIT_IDLE_BYTES + 1));
    assert_true(fits(SUBMIT_IDLE_BYTES));
}

static void narrowed_twice_before_the_first_was_read(void **state)
{
    (void)state;
    lend(600 * KIB);
    lend(300 * KIB);
    uint64_t first = scene.session->seq;
    lend(0);
    assert_true(fits(600 * KIB));
    session_confirmed(scene.session, first);
    /* The peer knows of 300 KiB and not yet of 16. */
    assert_true(fits(300 * KIB));
    session_confirmed(scene.session, scene.session->seq);
    assert_false(fits(SUBMIT_IDLE_BYTES + 1));
}

static void widened_between_two_narrowings(void **state)
{
    (void)state;
    lend(300 * KIB);
    lend(0);
    lend(600 * KIB);
    assert_true(fits(600 * KIB));
    lend(0);
    assert_true(fits(600 * KIB));
    session_confirmed(scene.session, scene.session->seq);
    assert_false(fits(SUBMIT_IDLE_BYTES + 1));
}

static void the_pool_gets_back_what_was_lent(void **state)
{
    (void)state;
    lend(SUBMIT_SESSION_BYTES_MAX + 1);
    assert_int_equal(scene.session->submit.bytes, SUBMIT_SESSION_BYTES_MAX);
    assert_int_equal(scene.sessions.lent_bytes, SUBMIT_SESSION_BYTES_MAX);
    lend(0);
    assert_int_equal(scene.sessions.lent_bytes, SUBMIT_IDLE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(idle_window_to_the_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_narrower_window_binds_when_it_was_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(narrowed_twice_before_the_first_was_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(widened_between_two_narrowings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_pool_gets_back_what_was_lent, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
