/* SPDX-License-Identifier: EUPL-1.2 */
/* A request for a certificate over the session: asked until it is answered for good, and no more.
 */
#include "sdk_test.h"

static const uint8_t request[] = {0x30, 3, 1, 1, 0};
static const struct lt_bytes request_bytes = {request, sizeof(request)};

/* The next question, beats passed over; false: there is none. */
static bool heard(struct bench *b, struct lt_bytes *ret_request)
{
    struct frame frame;
    step(b);
    while (line_hear(&b->line, &frame)) {
        if (frame.kind == FRAME_ENROL_ASK) {
            *ret_request = frame.enrol_ask;
            return true;
        }
    }
    return false;
}

static void assert_asked(struct bench *b)
{
    struct lt_bytes bytes = {NULL, 0};
    assert_true(heard(b, &bytes));
    assert_int_equal(bytes.size, sizeof(request));
    assert_memory_equal(bytes.data, request, sizeof(request));
}

static void assert_silent(struct bench *b)
{
    struct lt_bytes bytes = {NULL, 0};
    assert_false(heard(b, &bytes));
}

static void say_answer(struct bench *b, struct enrol_answer answer)
{
    struct frame frame = {.kind = FRAME_ENROL_ANSWER, .enrol_answer = answer};
    line_say(&b->line, &frame);
    step(b);
}

static void approved(void **state)
{
    static const uint8_t certificate[] = {0x30, 1, 0};
    struct bench *b = *state;
    assert_null(client_enrolled(b->client));
    assert_int_equal(client_enrol(b->client, request_bytes), LT_OK);
    assert_silent(b); /* no session yet */
    connect_line(b, 1);
    assert_asked(b);
    say_answer(b, (struct enrol_answer){.state = ENROL_WAITS, .retry_after_ms = 5000});
    fake_time_pass(&b->time, 9000);
    assert_silent(b);
    fake_time_pass(&b->time, 1100);
    assert_asked(b);
    say_answer(b, (struct enrol_answer){.state = ENROL_WAITS, .retry_after_ms = 30000});
    fake_time_pass(&b->time, 20000); /* the axis asks for more patience than ours */
    assert_silent(b);
    assert_null(client_enrolled(b->client));
    fake_time_pass(&b->time, 10100);
    assert_asked(b);
    say_answer(b, (struct enrol_answer){.state = ENROL_APPROVED,
                                        .certificate = {certificate, sizeof(certificate)}});
    const struct client_enrol_end *end = client_enrolled(b->client);
    assert_non_null(end);
    assert_int_equal(end->status, LT_OK);
    assert_int_equal(end->size, sizeof(certificate));
    assert_memory_equal(end->certificate, certificate, sizeof(certificate));
    fake_time_pass(&b->time, 30000);
    assert_silent(b);
    say_answer(b, (struct enrol_answer){.code = LT_ENROL_REFUSED}); /* a leftover */
    assert_int_equal(client_enrolled(b->client)->status, LT_OK);
}

static void asked_in_every_session(void **state)
{
    struct bench *b = *state;
    connect_line(b, 1);
    assert_int_equal(client_enrol(b->client, request_bytes), LT_OK);
    assert_asked(b);
    struct frame bye = {.kind = FRAME_BYE, .ending = {.code = LT_PEER_GONE}};
    line_say(&b->line, &bye);
    step(b);
    connect_line(b, 2);
    assert_asked(b); /* it may have been lost with the session */
}

static void refused(void **state)
{
    struct bench *b = *state;
    connect_line(b, 1);
    assert_int_equal(client_enrol(b->client, request_bytes), LT_OK);
    assert_asked(b);
    say_answer(b, (struct enrol_answer){.code = LT_BUSY, .retry_after_ms = 200});
    assert_null(client_enrolled(b->client));
    fake_time_pass(&b->time, 5100);
    assert_asked(b);
    say_answer(b, (struct enrol_answer){.state = ENROL_REFUSED,
                                        .code = LT_ENROL_REFUSED,
                                        .detail = text_bytes("not any more")});
    assert_int_equal(client_enrolled(b->client)->status, LT_ENROL_REFUSED);
    assert_string_equal(client_enrolled(b->client)->detail, "not any more");
    assert_int_equal(client_enrol(b->client, request_bytes), LT_OK); /* the next one */
    assert_null(client_enrolled(b->client));
    assert_asked(b);
    say_answer(b, (struct enrol_answer){.state = ENROL_UNSET}); /* says nothing at all */
    assert_int_equal(client_enrolled(b->client)->status, LT_FRAME_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(approved, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(asked_in_every_session, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(refused, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
