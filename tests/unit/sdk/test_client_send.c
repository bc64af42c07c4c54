/* SPDX-License-Identifier: EUPL-1.2 */
/* Handing over, the pump, verdicts and outcomes, against a broker played by hand. */
#include "sdk_test.h"

#include "adapters/sdk/content.h"

#define CONTENT_VECTOR "e4b1696461b12820be00e50f60aae738d65098652d99b8cdc3b8a7088e993041"

static void test_recorded_then_accepted(void **state)
{
    struct bench *b = *state;
    struct lt_sent sent = submit_ok(b, "k-1", "000.00.15.H26-260101-0001", "{\"a\":1}");
    assert_int_equal(sent.state, LT_SENT_RECORDED);
    assert_int_equal(sent.sequence, 1);
    assert_false(sent.known);
    connect_line(b, 5);
    struct frame frame = hear_submit(b, 1);
    struct header header = header_of(&b->line, frame.submit.parcels[0].header);
    assert_same_id(&header.id, &sent.id);
    assert_true(bytes_equal(header.from, text_bytes(US)));
    assert_true(bytes_equal(header.procedure, text_bytes("1.001193")));
    assert_int_equal(header.handed_over_ms, sent.recorded_ms);
    assert_true(bytes_equal(frame.submit.parcels[0].body, text_bytes("{\"a\":1}")));

    say_verdict(b, &sent.id, LT_OK);
    sent = sent_of(b, &sent.id);
    assert_int_equal(sent.state, LT_SENT_ACCEPTED);
    struct lt_event event;
    assert_int_equal(lt_client_events(b->client, 0, 0, &event, 1), 1);
    assert_string_equal(event.what, "accepted");
    assert_int_equal(event.level, LT_LEVEL_ACCEPTED);
    assert_same_id(&event.id, &sent.id);
    assert_int_equal(event.sender_key_size, 3);
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.outbox, 0);
    assert_int_equal(now.outbox_bytes, 0);
    assert_true(now.connected);
}

static void test_same_key(void **state)
{
    struct bench *b = *state;
    struct lt_problem problem;
    struct lt_sent first = submit_ok(b, "k-1", "C-1", "one");
    struct lt_sent again = submit_ok(b, "k-1", "C-1", "one");
    assert_true(again.known);
    assert_same_id(&again.id, &first.id);
    assert_int_equal(again.sequence, 1);
    assert_int_equal(submit_status(b, "k-1", "C-1", "two", &problem), LT_KEY_CONFLICT);
    assert_string_equal(problem.field, "body");
    assert_int_equal(submit_status(b, "k-1", "C-2", "one", &problem), LT_KEY_CONFLICT);
    assert_string_equal(problem.field, "case_code");
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.outbox, 1);
}

static void test_mistakes_are_named(void **state)
{
    struct bench *b = *state;
    struct ask ask;
    struct lt_sent sent;
    struct lt_problem problem;
    ask_for(&ask, "", "C-1", "x");
    assert_int_equal(lt_client_submit(b->client, &ask.request, &sent, &problem), LT_SENDER_KEY_BAD);
    assert_string_equal(problem.field, "sender_key");
    uint8_t key[LT_SENDER_KEY_MAX + 1] = {1};
    ask_for(&ask, "", "C-1", "x");
    ask.request.sender_key = (struct lt_bytes){key, LT_SENDER_KEY_MAX + 1};
    assert_int_equal(lt_client_submit(b->client, &ask.request, &sent, &problem), LT_SENDER_KEY_BAD);
    ask.request.sender_key.size = LT_SENDER_KEY_MAX;
    assert_int_equal(lt_client_submit(b->client, &ask.request, &sent, &problem), LT_OK);
    ask_for(&ask, "k-2", "", "x");
    assert_int_equal(lt_client_submit(b->client, &ask.request, &sent, &problem), LT_FIELD_MISSING);
    ask_for(&ask, "k-2", "C-1", "x");
    char code[LT_CASE_CODE_MAX + 2];
    memset(code, 'A', sizeof(code));
    code[LT_CASE_CODE_MAX + 1] = '\0';
    ask.request.case_code = code;
    assert_int_equal(lt_client_submit(b->client, &ask.request, &sent, &problem), LT_FIELD_BAD);
    code[LT_CASE_CODE_MAX] = '\0';
    assert_int_equal(lt_client_submit(b->client, &ask.request, &sent, &problem), LT_OK);
    ask_for(&ask, "k-3", "C-1", "x");
    ask.request.kind = LT_KINDS_END;
    assert_int_equal(lt_client_submit(b->client, &ask.request, &sent, &problem), LT_FIELD_BAD);
    assert_string_equal(problem.field, "kind");
    ask_for(&ask, "k-4", "C-1", "x");
    ask.to[0] = "not an id";
    assert_int_equal(lt_client_submit(b->client, &ask.request, &sent, &problem), LT_FIELD_BAD);
    assert_string_equal(problem.field, "to");
    struct lt_attachment missing = {.sha256 = {{1}}, .size = 10};
    ask_for(&ask, "k-5", "C-1", "x");
    ask.request.attachments = &missing;
    ask.request.attachments_count = 1;
    assert_int_equal(lt_client_submit(b->client, &ask.request, &sent, &problem), LT_BLOB_MISSING);
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.outbox, 2);
}

static void test_outbox_limit(void **state)
{
    struct bench *b = *state;
    struct lt_problem problem;
    submit_ok(b, "k-1", "C-1", "12345678");
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    uint64_t one = now.outbox_bytes;
    assert_true(one > 8);
    /* Three of one size: room for exactly three, then for one byte less. */
    b->client->outbox_bytes_max = one + 2 * (one + 16 + 2); /* `after` makes the next two larger */
    submit_ok(b, "k-2", "C-1", "12345678");
    lt_client_state(b->client, &now);
    uint64_t two = now.outbox_bytes;
    b->client->outbox_bytes_max = two + (two - one) - 1;
    assert_int_equal(submit_status(b, "k-3", "C-1", "12345678", &problem), LT_OUTBOX_FULL);
    b->client->outbox_bytes_max = two + (two - one);
    submit_ok(b, "k-3", "C-1", "12345678");
    assert_int_equal(submit_status(b, "k-4", "C-1", "", &problem), LT_OUTBOX_FULL);

    /* A decision makes room again, and a known key needs none. */
    struct lt_sent known = submit_ok(b, "k-1", "C-1", "12345678");
    assert_true(known.known);
    connect_line(b, 5);
    hear_submit(b, 3);
    say_verdict(b, &known.id, LT_OK);
    submit_ok(b, "k-4", "C-1", "");
}

static void test_after_names_the_case_before(void **state)
{
    struct bench *b = *state;
    struct lt_sent a1 = submit_ok(b, "k-1", "A", "1");
    struct lt_sent b1 = submit_ok(b, "k-2", "B", "1");
    struct lt_sent a2 = submit_ok(b, "k-3", "A", "2");
    submit_ok(b, "k-4", "AB", "1");
    connect_line(b, 5);
    struct frame frame = hear_submit(b, 4);
    struct header first = header_of(&b->line, frame.submit.parcels[0].header);
    struct header third = header_of(&b->line, frame.submit.parcels[2].header);
    struct header fourth = header_of(&b->line, frame.submit.parcels[3].header);
    assert_true(id_empty(&first.after));
    assert_same_id(&third.after, &a1.id);
    assert_same_id(&third.id, &a2.id);
    assert_true(id_empty(&fourth.after));
    (void)b1;
}

static void test_window_bounds_what_is_out(void **state)
{
    struct bench *b = *state;
    char key[16];
    struct frame frame;
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "k-%d", i);
        submit_ok(b, key, key, "x");
    }
    connect_line(b, 5); /* 64 parcels */
    frame = hear_submit(b, 64);
    assert_false(line_hear(&b->line, &frame));
    assert_true(b->client->session.want_bytes > 0);
    struct verdict_item items[10];
    struct frame again = {.kind = FRAME_BEAT};
    again.beat.submit = (struct window){70, 256 * 1024};
    line_say(&b->line, &again);
    step(b);
    frame = hear_submit(b, 6);
    for (uint32_t i = 0; i < 6; i++) {
        items[i] = (struct verdict_item){.id = parcel_id(b, &frame, i), .position = i + 1};
    }
    say_verdicts(b, items, 6); /* window 64 again: 64 are out */
    assert_false(line_hear(&b->line, &frame));
    again.beat.submit.parcels = 65;
    line_say(&b->line, &again);
    step(b);
    hear_submit(b, 1);
}

static void test_window_too_small_is_said_at_once(void **state)
{
    struct bench *b = *state;
    static char body[20000];
    memset(body, 'x', sizeof(body) - 1);
    submit_ok(b, "k-1", "C-1", body);
    step(b);
    struct frame frame = line_hear_one(&b->line, FRAME_HELLO);
    frame = fake_welcome(&b->line, 5, b->time.wall_ms);
    frame.welcome.submit = (struct window){1024, 16384};
    line_say_raw(&b->line, &frame);
    step(b);
    line_hear_one(&b->line, FRAME_GRANT);
    frame = line_hear_one(&b->line, FRAME_BEAT);
    assert_true(frame.beat.want_bytes >= 20000);
    frame = (struct frame){.kind = FRAME_BEAT};
    frame.beat.submit = (struct window){1024, 256 * 1024};
    line_say(&b->line, &frame);
    step(b);
    hear_submit(b, 1);
}

static void test_lost_session_sends_the_same_again(void **state)
{
    struct bench *b = *state;
    struct lt_sent one = submit_ok(b, "k-1", "A", "1");
    struct lt_sent two = submit_ok(b, "k-2", "B", "2");
    connect_line(b, 5);
    struct frame first = hear_submit(b, 2);
    struct frame bye = {.kind = FRAME_BYE};
    line_say(&b->line, &bye);
    step(b);
    connect_line(b, 6);
    struct frame second = hear_submit(b, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(bytes_equal(first.submit.parcels[i].header, second.submit.parcels[i].header));
        assert_true(bytes_equal(first.submit.parcels[i].body, second.submit.parcels[i].body));
    }
    say_verdict(b, &one.id, LT_OK);
    say_verdict(b, &two.id, LT_OK);
    assert_int_equal(sent_of(b, &two.id).state, LT_SENT_ACCEPTED);
}

static void test_refused_for_good(void **state)
{
    struct bench *b = *state;
    struct lt_sent one = submit_ok(b, "k-1", "A", "1");
    connect_line(b, 5);
    hear_submit(b, 1);
    struct verdict_item item = {.id = one.id,
                                .code = LT_AGENCY_UNKNOWN,
                                .field = text_bytes("to"),
                                .detail = text_bytes("nobody of that id")};
    say_verdicts(b, &item, 1);
    struct lt_sent sent = sent_of(b, &one.id);
    assert_int_equal(sent.state, LT_SENT_REFUSED);
    assert_int_equal(sent.code, LT_AGENCY_UNKNOWN);
    assert_string_equal(sent.field, "to");
    struct lt_event event;
    assert_int_equal(lt_client_events(b->client, 0, 0, &event, 1), 1);
    assert_string_equal(event.what, "refused");
    assert_int_equal(event.code, LT_AGENCY_UNKNOWN);
    assert_string_equal(event.reason, "to: nobody of that id");
    /* Final: a new session does not send it again. */
    struct frame bye = {.kind = FRAME_BYE};
    line_say(&b->line, &bye);
    connect_line(b, 6);
    struct frame frame;
    assert_false(line_hear(&b->line, &frame));
}

static void test_busy_comes_again_and_keeps_its_case(void **state)
{
    struct bench *b = *state;
    struct lt_sent a1 = submit_ok(b, "k-1", "A", "1");
    struct lt_sent a2 = submit_ok(b, "k-2", "A", "2");
    connect_line(b, 5);
    hear_submit(b, 2);
    struct verdict_item items[2] = {
        {.id = a1.id, .code = LT_BUSY, .retry_after_ms = 3000},
        {.id = a2.id, .code = LT_PREDECESSOR_UNKNOWN},
    };
    say_verdicts(b, items, 2);
    submit_ok(b, "k-3", "A", "3");
    submit_ok(b, "k-4", "B", "1");
    fake_time_pass(&b->time, 1000);
    step(b);
    struct frame frame = hear_submit(b, 1); /* the other case is not held up */
    struct header other = header_of(&b->line, frame.submit.parcels[0].header);
    assert_true(bytes_equal(other.case_code, text_bytes("B")));
    assert_false(line_hear(&b->line, &frame));
    fake_time_pass(&b->time, 2800); /* 3 s and the jitter */
    step(b);
    frame = hear_submit(b, 3);
    struct lt_id first = parcel_id(b, &frame, 0);
    struct lt_id second = parcel_id(b, &frame, 1);
    assert_same_id(&first, &a1.id);
    assert_same_id(&second, &a2.id);
}

/* The predecessor was refused, which the axis does not remember: the chain closes around it. */
static void test_refused_predecessor_is_left_out(void **state)
{
    struct bench *b = *state;
    struct lt_sent a1 = submit_ok(b, "k-1", "A", "1");
    struct lt_sent a2 = submit_ok(b, "k-2", "A", "2");
    struct lt_sent a3 = submit_ok(b, "k-3", "A", "3");
    connect_line(b, 5);
    hear_submit(b, 3);
    struct verdict_item items[3] = {
        {.id = a1.id, .position = 1},
        {.id = a2.id, .code = LT_KIND_NOT_ALLOWED},
        {.id = a3.id, .code = LT_PREDECESSOR_UNKNOWN},
    };
    say_verdicts(b, items, 3);
    fake_time_pass(&b->time, 1260);
    step(b);
    struct frame frame = hear_submit(b, 1);
    struct header header = header_of(&b->line, frame.submit.parcels[0].header);
    assert_same_id(&header.id, &a3.id);
    assert_same_id(&header.after, &a1.id);
    say_verdict(b, &a3.id, LT_OK);
    assert_int_equal(sent_of(b, &a3.id).state, LT_SENT_ACCEPTED);
}

/* The axis has lost what it had accepted: it gets it again, first. */
static void test_lost_predecessor_goes_again(void **state)
{
    struct bench *b = *state;
    struct lt_sent a1 = submit_ok(b, "k-1", "A", "1");
    connect_line(b, 5);
    hear_submit(b, 1);
    say_verdict(b, &a1.id, LT_OK);
    struct lt_sent a2 = submit_ok(b, "k-2", "A", "2");
    step(b);
    hear_submit(b, 1);
    say_verdict(b, &a2.id, LT_PREDECESSOR_UNKNOWN);
    fake_time_pass(&b->time, 1260);
    step(b);
    struct frame frame = line_hear_one(&b->line, FRAME_SUBMIT);
    struct lt_id first = parcel_id(b, &frame, 0);
    assert_same_id(&first, &a1.id);
    if (frame.submit.count == 1) {
        frame = hear_submit(b, 1);
        first = parcel_id(b, &frame, 0);
    } else {
        first = parcel_id(b, &frame, 1);
    }
    assert_same_id(&first, &a2.id);
    say_verdict(b, &a1.id, LT_OK);
    say_verdict(b, &a2.id, LT_OK);
    struct lt_event events[8];
    assert_int_equal(lt_client_events(b->client, 0, 0, events, 8), 2); /* no second "accepted" */
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.outbox, 0);
}

static void say_notice(struct bench *b, uint64_t seq, const struct lt_id *id, uint32_t leg,
                       const char *what, uint32_t level)
{
    struct notice_item item = {.seq = seq,
                               .id = *id,
                               .leg = leg,
                               .agency = text_bytes(THEM),
                               .state = text_bytes(what),
                               .time_ms = b->time.wall_ms,
                               .level = level};
    struct frame frame = {.kind = FRAME_NOTICE};
    frame.notice = (struct notice){.items = &item, .count = 1};
    line_say(&b->line, &frame);
    step(b);
}

static void test_known_as_is_adopted(void **state)
{
    struct bench *b = *state;
    struct lt_sent one = submit_ok(b, "k-1", "A", "1");
    connect_line(b, 5);
    hear_submit(b, 1);
    struct lt_id known = one.id;
    known.bytes[15] ^= 0x55;
    struct verdict_item item = {.id = one.id, .known_as = known, .position = 3, .time_ms = 99};
    say_verdicts(b, &item, 1);
    struct lt_sent sent = sent_of(b, &known); /* by either id */
    assert_same_id(&sent.id, &one.id);
    assert_int_equal(sent.state, LT_SENT_ACCEPTED);
    assert_non_null(strstr(sent.detail, "known as "));

    say_notice(b, 1, &known, 0, "taken", LT_LEVEL_TAKEN);
    assert_int_equal(line_hear_one(&b->line, FRAME_NOTICE_ACK).notice_cursor, 1);
    struct lt_event events[3];
    assert_int_equal(lt_client_events(b->client, 0, 0, events, 3), 2);
    assert_string_equal(events[1].what, "taken");
    assert_same_id(&events[1].id, &one.id);
    assert_memory_equal(events[1].sender_key, "k-1", 3);
    assert_string_equal(events[1].agency, THEM);
    assert_int_equal(sent_of(b, &one.id).state, LT_SENT_DONE);

    /* The next of the case names the predecessor as the axis knows it. */
    submit_ok(b, "k-2", "A", "2");
    step(b);
    struct frame frame = hear_submit(b, 1);
    struct header header = header_of(&b->line, frame.submit.parcels[0].header);
    assert_same_id(&header.after, &known);
}

static void test_notices_make_events_once(void **state)
{
    struct bench *b = *state;
    struct ask ask;
    struct lt_sent one;
    const char *both[] = {THEM, "H26.99.8"};
    ask_for(&ask, "k-1", "A", "1");
    ask.request.to = both;
    ask.request.to_count = 2;
    assert_int_equal(lt_client_submit(b->client, &ask.request, &one, NULL), LT_OK);
    connect_line(b, 5);
    hear_submit(b, 1);
    /* The outcome of one leg overtakes the verdict. */
    say_notice(b, 1, &one.id, 0, "taken", LT_LEVEL_TAKEN);
    say_verdict(b, &one.id, LT_OK);
    assert_int_equal(sent_of(b, &one.id).state, LT_SENT_ACCEPTED);
    say_notice(b, 1, &one.id, 0, "taken", LT_LEVEL_TAKEN); /* again: not a second event */
    say_notice(b, 2, &one.id, 1, "parked", LT_LEVEL_ACCEPTED);
    assert_int_equal(sent_of(b, &one.id).state, LT_SENT_ACCEPTED);
    say_notice(b, 3, &one.id, 1, "refused", LT_LEVEL_OFFICER);
    assert_int_equal(sent_of(b, &one.id).state, LT_SENT_DONE);
    struct lt_event events[8];
    assert_int_equal(lt_client_events(b->client, 0, 0, events, 8), 4);
    assert_int_equal(events[3].cursor, 4);
    assert_string_equal(events[3].what, "refused");
    assert_int_equal(events[3].leg, 1);
    /* Re-readable from any cursor, also by another life; the cursor is told in Hello. */
    bench_restart(b);
    assert_int_equal(lt_client_events(b->client, 2, 0, events, 8), 2);
    assert_string_equal(events[0].what, "parked");
    assert_int_equal(lt_client_events(b->client, 4, 0, events, 8), 0);
    step(b);
    assert_int_equal(line_hear_one(&b->line, FRAME_HELLO).hello.notice_cursor, 3);
}

/* An adapter that lost its disk posts everything again and finds itself known at the axis. */
static void test_wiped_box_adopts(void **state)
{
    struct bench *b = *state;
    enum { MANY = 1000 };
    struct lt_id *first = calloc(MANY, sizeof(*first));
    struct lt_digest *content = calloc(MANY, sizeof(*content));
    struct lt_id instance = b->client->box->instance;
    assert_non_null(first);
    assert_non_null(content);
    for (int life = 0; life < 2; life++) {
        for (int i = 0; i < MANY; i++) {
            char key[16];
            char code[16];
            snprintf(key, sizeof(key), "k-%d", i);
            snprintf(code, sizeof(code), "C-%d", i % 100);
            submit_ok(b, key, code, key);
        }
        connect_line(b, 5);
        for (int seen = 0; seen < MANY;) {
            struct frame frame = line_hear_one(&b->line, FRAME_SUBMIT);
            struct verdict_item items[64];
            memset(items, 0, sizeof(items));
            for (uint32_t i = 0; i < frame.submit.count; i++, seen++) {
                struct header header = header_of(&b->line, frame.submit.parcels[i].header);
                items[i].id = header.id;
                items[i].position = (uint64_t)seen + 1;
                if (life == 0) {
                    first[seen] = header.id;
                    content[seen] = header.content_digest;
                } else {
                    assert_true(digest_equal(&content[seen], &header.content_digest));
                    assert_memory_not_equal(&first[seen], &header.id, sizeof(header.id));
                    items[i].known_as = first[seen];
                }
            }
            say_verdicts(b, items, frame.submit.count);
            arena_reset(&b->line.arena);
        }
        struct lt_client_state now;
        lt_client_state(b->client, &now);
        assert_int_equal(now.outbox, 0);
        assert_int_equal(now.last_cursor, MANY);
        if (life == 0) {
            lt_client_close(&b->client);
            folder_drop(b->folder);
            b->folder = folder_take();
            b->options.folder = b->folder;
            line_deinit(&b->line);
            line_init(&b->line);
            bench_open(b);
            assert_memory_not_equal(&instance, &b->client->box->instance, sizeof(instance));
        }
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(sent_of(b, &first[i]).state, LT_SENT_ACCEPTED);
    }
    free(first);
    free(content);
}

static void test_restart_keeps_everything(void **state)
{
    struct bench *b = *state;
    struct lt_sent one = submit_ok(b, "k-1", "A", "1");
    struct lt_sent two = submit_ok(b, "k-2", "A", "2");
    struct lt_id instance = b->client->box->instance;
    uint64_t epoch = b->client->box->epoch;
    connect_line(b, 5);
    struct frame first = hear_submit(b, 2);
    struct lt_bytes bytes = fake_copy(first.submit.parcels[1].header);
    say_verdict(b, &one.id, LT_OK);
    bench_restart(b);
    assert_memory_equal(&instance, &b->client->box->instance, sizeof(instance));
    assert_true(b->client->box->epoch > epoch);
    assert_int_equal(sent_of(b, &one.id).state, LT_SENT_ACCEPTED);
    assert_true(submit_ok(b, "k-2", "A", "2").known);
    connect_line(b, 6);
    struct frame again = hear_submit(b, 1);
    assert_true(bytes_equal(bytes, again.submit.parcels[0].header));
    free((void *)(uintptr_t)bytes.data);
    struct lt_sent list[4];
    assert_int_equal(lt_client_sent_list(b->client, NULL, 0, list, 4), 2);
    assert_same_id(&list[1].id, &two.id);
    assert_int_equal(submit_ok(b, "k-3", "A", "3").sequence, 3);
}

static void test_lists(void **state)
{
    struct bench *b = *state;
    struct lt_sent list[16];
    struct lt_sent a1 = submit_ok(b, "k-1", "A", "1");
    submit_ok(b, "k-2", "AB", "1");
    submit_ok(b, "k-3", "A", "2");
    connect_line(b, 5);
    hear_submit(b, 3);
    say_verdict(b, &a1.id, LT_OK);
    struct lt_sent_filter of_case = {.case_code = "A"};
    assert_int_equal(lt_client_sent_list(b->client, &of_case, 0, list, 16), 2);
    assert_int_equal(list[0].sequence, 1);
    assert_int_equal(list[1].sequence, 3);
    assert_int_equal(lt_client_sent_list(b->client, &of_case, 1, list, 16), 1);
    struct lt_sent_filter waiting = {.state = LT_SENT_RECORDED};
    assert_int_equal(lt_client_sent_list(b->client, &waiting, 0, list, 16), 2);
    assert_int_equal(list[0].sequence, 2);
    struct lt_sent_filter late = {.since_ms = b->time.wall_ms + 1};
    assert_int_equal(lt_client_sent_list(b->client, &late, 0, list, 16), 0);
    assert_int_equal(lt_client_sent_list(b->client, NULL, 0, list, 1), 1);
    struct lt_id unknown = {{9}};
    assert_int_equal(lt_client_sent(b->client, &unknown, list), LT_NOT_HERE);
    uint8_t header[LT_HEADER_BYTES_MAX];
    uint32_t size = 0;
    assert_int_equal(lt_client_sent_header(b->client, &a1.id, header, sizeof(header), &size),
                     LT_OK);
    struct header read = header_of(&b->line, (struct lt_bytes){header, size});
    assert_same_id(&read.id, &a1.id);
    assert_int_equal(lt_client_sent_header(b->client, &a1.id, header, size - 1, &size), LT_FULL);
    assert_int_equal(lt_client_sent_header(b->client, &a1.id, header, size, &size), LT_OK);
}

static void test_wait(void **state)
{
    struct bench *b = *state;
    struct lt_sent one = submit_ok(b, "k-1", "A", "1");
    struct lt_sent sent;
    assert_int_equal(lt_client_wait(b->client, &one.id, 30, &sent), LT_TIMEOUT);
    assert_int_equal(sent.state, LT_SENT_RECORDED);
    connect_line(b, 5);
    hear_submit(b, 1);
    say_verdict(b, &one.id, LT_OK);
    assert_int_equal(lt_client_wait(b->client, &one.id, 30, &sent), LT_OK);
    assert_int_equal(sent.state, LT_SENT_ACCEPTED);
}

static void test_body_over_the_limit_is_attached(void **state)
{
    struct bench *b = *state;
    char *body = malloc(LT_BODY_INLINE_MAX + 2);
    assert_non_null(body);
    memset(body, 'y', LT_BODY_INLINE_MAX + 1);
    body[LT_BODY_INLINE_MAX + 1] = '\0';
    struct lt_sent large = submit_ok(b, "k-1", "A", body);
    body[LT_BODY_INLINE_MAX] = '\0';
    submit_ok(b, "k-2", "B", body);
    connect_line(b, 5);
    /* Without a way to bring the file up only the inline one goes. */
    struct frame frame = hear_submit(b, 1);
    assert_int_equal(frame.submit.parcels[0].body.size, LT_BODY_INLINE_MAX);
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.uploads, 1);
    uint8_t header[LT_HEADER_BYTES_MAX];
    uint32_t size = 0;
    char path[4096];
    assert_int_equal(lt_client_sent_header(b->client, &large.id, header, sizeof(header), &size),
                     LT_OK);
    struct header read = header_of(&b->line, (struct lt_bytes){header, size});
    assert_true(read.body_attached);
    assert_int_equal(read.body_size, LT_BODY_INLINE_MAX + 1);
    assert_int_equal(read.attachments_count, 1);
    assert_int_equal(lt_client_blob_path(b->client, &read.body_sha256, path, sizeof(path)), LT_OK);
    free(body);
}

static void test_content_digest(void **state)
{
    (void)state;
    struct digester *digester = NULL;
    struct lt_bytes to[2] = {text_bytes("H26.99.7"), text_bytes("H26.99.8")};
    struct attachment files[2] = {{.sha256 = {{7}}, .size = 70000}, {.sha256 = {{8}}, .size = 5}};
    struct header inlined = {.kind = LT_KIND_FORWARD,
                             .to = to,
                             .to_count = 2,
                             .case_code = text_bytes("C-1"),
                             .body_sha256 = {{7}},
                             .attachments = &files[1],
                             .attachments_count = 1};
    struct header attached = inlined;
    attached.body_attached = true;
    attached.attachments = files;
    attached.attachments_count = 2;
    attached.priority = 4;
    assert_int_equal(digester_open(&digester), LT_OK);
    struct lt_digest a = content_digest(digester, &inlined);
    struct lt_digest b = content_digest(digester, &attached);
    assert_true(digest_equal(&a, &b)); /* how a body travels does not change what was asked */
    /* Computed once with another implementation of the words in content.h. */
    char hex[65];
    hex_write(hex, a.bytes, sizeof(a.bytes));
    assert_string_equal(hex, CONTENT_VECTOR);
    inlined.to_count = 1;
    b = content_digest(digester, &inlined);
    assert_false(digest_equal(&a, &b));
    digester_close(&digester);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recorded_then_accepted, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_same_key, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_mistakes_are_named, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_outbox_limit, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_after_names_the_case_before, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_window_bounds_what_is_out, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_window_too_small_is_said_at_once, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_lost_session_sends_the_same_again, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_refused_for_good, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_busy_comes_again_and_keeps_its_case, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_refused_predecessor_is_left_out, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_lost_predecessor_goes_again, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_known_as_is_adopted, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_notices_make_events_once, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_wiped_box_adopts, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_restart_keeps_everything, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_lists, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_wait, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_body_over_the_limit_is_attached, bench_setup,
                                        bench_teardown),
        cmocka_unit_test(test_content_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
