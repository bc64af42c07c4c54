/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the axis has of our own: lists, and bytes that come back into the inbox; what a restored
 * delivery does and does not do; a client that restores lets no live traffic through.
 */
#include "sdk_test.h"

#include <pthread.h>

#include <lienthong/restore.h>

#define MINE "H26.99.1"

static struct lt_id id_of(uint8_t last)
{
    struct lt_id id = {{1, 0x9b, 3, 4, 5, 6, 0x70, 8, 0x80}};
    id.bytes[15] = last;
    return id;
}

/* A delivery from `from`, whole, in the arena of the line. */
static struct delivery delivery_of(struct bench *b, uint8_t last, const char *from,
                                   const char *case_code)
{
    struct digester *digester = NULL;
    struct lt_bytes to = text_bytes(US);
    struct lt_bytes body = text_bytes("{\"x\":1}");
    struct delivery item = {.position = last, .body = body, .accepted_ms = b->time.wall_ms};
    assert_int_equal(digester_open(&digester), LT_OK);
    struct header header = {
        .id = id_of(last),
        .sender_key = text_bytes("their-key"),
        .kind = LT_KIND_FORWARD,
        .from = text_bytes(from),
        .to = &to,
        .to_count = 1,
        .case_code = text_bytes(case_code),
        .created_ms = b->time.wall_ms,
        .schema_version = 1,
        .body_sha256 = digest_of(digester, body),
        .body_size = body.size,
    };
    assert_int_equal(header_write(&header, &b->line.arena, &item.header), LT_OK);
    item.digest = digest_of_two(digester, item.header, body);
    digester_close(&digester);
    return item;
}

static void say_deliveries(struct bench *b, struct delivery *items, uint32_t count)
{
    struct frame frame = {.kind = FRAME_DELIVER, .deliver = {items, count}};
    line_say(&b->line, &frame);
}

/* A call on a thread of its own, while the test is the network thread and the axis. */
struct caller {
    struct bench *b;
    pthread_t thread;
    struct lt_list_row rows[LT_LIST_ROWS_MAX];
    uint32_t count;
    uint64_t next;
    uint64_t after;
    bool sent;
    enum lt_status statuses[LT_BYTES_PER_FRAME];
    enum lt_status status;
    int wait_ms;
};

static void *list_run(void *argument)
{
    struct caller *caller = argument;
    caller->status =
        lt_client_list(caller->b->client, LT_LIST_DELIVERED, 1000, caller->after, caller->wait_ms,
                       caller->rows, LT_LIST_ROWS_MAX, &caller->count, &caller->next);
    return NULL;
}

static void *fetch_run(void *argument)
{
    struct caller *caller = argument;
    caller->status = lt_client_fetch(caller->b->client, caller->rows, caller->count, caller->sent,
                                     caller->wait_ms, caller->statuses);
    return NULL;
}

static void call_start(struct caller *caller, void *(*run)(void *argument))
{
    caller->wait_ms = caller->wait_ms == 0 ? 20000 : caller->wait_ms;
    assert_int_equal(pthread_create(&caller->thread, NULL, run, caller), 0);
}

static struct frame heard(struct bench *b, enum frame_kind kind)
{
    struct frame frame = {.kind = FRAME_NONE};
    for (int i = 0; i < 2000; i++) {
        step(b);
        while (line_hear(&b->line, &frame)) {
            if (frame.kind == kind) {
                return frame;
            }
        }
        usleep(2000);
    }
    fail_msg("%s did not come", frame_kind_name(kind));
    return frame;
}

static void call_end(struct caller *caller)
{
    step(caller->b);
    assert_int_equal(pthread_join(caller->thread, NULL), 0);
}

static void a_page_is_asked_and_taken(void **state)
{
    struct bench *b = *state;
    struct caller *caller = calloc(1, sizeof(*caller));
    struct list_item item = {.id = id_of(1),
                             .leg = 2,
                             .position = 70,
                             .state = text_bytes("taken"),
                             .agency = text_bytes(THEM),
                             .case_code = text_bytes("HS-1"),
                             .kind = LT_KIND_RESULT,
                             .accepted_ms = 5,
                             .since_ms = 6,
                             .sender_key = text_bytes("key")};
    connect_line(b, 11);
    caller->b = b;
    call_start(caller, list_run);
    struct frame ask = heard(b, FRAME_LIST_ASK);
    assert_int_equal(ask.list_ask.what, LT_LIST_DELIVERED);
    assert_int_equal(ask.list_ask.since_ms, 1000);
    assert_int_equal(ask.list_ask.rows, LT_LIST_ROWS_MAX);
    struct frame page = {.kind = FRAME_LIST,
                         .list = {.number = ask.list_ask.number + 1, .items = &item, .count = 1}};
    line_say(&b->line, &page); /* the answer to another question */
    page.list.number = ask.list_ask.number;
    page.list.code = LT_BUSY;
    page.list.count = 0;
    line_say(&b->line, &page);
    step(b);
    fake_time_pass(&b->time, 600);
    (void)heard(b, FRAME_LIST_ASK); /* once more */
    page.list.code = LT_OK;
    page.list.count = 1;
    page.list.next = 99;
    line_say(&b->line, &page);
    call_end(caller);
    assert_int_equal(caller->status, LT_OK);
    assert_int_equal(caller->count, 1);
    assert_int_equal(caller->next, 99);
    assert_string_equal(caller->rows[0].state, "taken");
    assert_string_equal(caller->rows[0].agency, THEM);
    assert_int_equal(caller->rows[0].position, 70);
    assert_int_equal(caller->rows[0].kind, LT_KIND_RESULT);
    assert_int_equal(caller->rows[0].sender_key_size, 3);
    free(caller);
}

static void a_call_outlives_its_session_but_not_its_time(void **state)
{
    struct bench *b = *state;
    struct caller *caller = calloc(1, sizeof(*caller));
    connect_line(b, 11);
    caller->b = b;
    call_start(caller, list_run);
    (void)heard(b, FRAME_LIST_ASK);
    b->line.link = LINK_DOWN;
    step(b);
    b->line.link = LINK_UP;
    connect_line(b, 12);
    struct frame ask = heard(b, FRAME_LIST_ASK);
    struct frame page = {.kind = FRAME_LIST, .list = {.number = ask.list_ask.number}};
    line_say(&b->line, &page);
    call_end(caller);
    assert_int_equal(caller->status, LT_OK);
    assert_int_equal(caller->count, 0);

    *caller = (struct caller){.b = b, .wait_ms = 50};
    call_start(caller, list_run);
    assert_int_equal(pthread_join(caller->thread, NULL), 0);
    assert_int_equal(caller->status, LT_TIMEOUT);
    free(caller);
}

static void row_of(struct caller *caller, const struct delivery *item, uint8_t last)
{
    struct lt_list_row *row = &caller->rows[caller->count++];
    row->id = id_of(last);
    row->position = item->position;
    row->digest = item->digest;
}

static struct lt_delivery leased(struct bench *b, uint8_t last)
{
    struct lt_delivery delivery;
    struct lt_id id = id_of(last);
    assert_int_equal(lt_client_inbox(b->client, "n", 60000, 0, &delivery, 1), 1);
    assert_same_id(&delivery.id, &id);
    return delivery;
}

static void settle_taken(struct bench *b, struct lt_delivery *delivery)
{
    const struct lt_answer taken = {.outcome = LT_OUTCOME_TAKEN};
    assert_int_equal(lt_client_settle(b->client, &delivery->id, delivery->leg, "n", &taken), LT_OK);
    lt_inbox_release(delivery, 1);
}

/* Given back out of order, they stand in the order of the list; nothing is told to the axis. */
static void restored_ones_come_in_order_and_are_not_told(void **state)
{
    struct bench *b = *state;
    struct caller *caller = calloc(1, sizeof(*caller));
    struct delivery items[3];
    struct frame frame;
    connect_line(b, 11);
    caller->b = b;
    for (uint8_t i = 0; i < 3; i++) {
        items[i] = delivery_of(b, (uint8_t)(i + 1), THEM, "HS-1");
        items[i].restored = true;
        row_of(caller, &items[i], (uint8_t)(i + 1));
    }
    caller->rows[3] = (struct lt_list_row){.id = id_of(9), .position = 9};
    caller->count = 4;
    call_start(caller, fetch_run);
    struct frame ask = heard(b, FRAME_BYTES_ASK);
    assert_int_equal(ask.bytes_ask.count, 4);
    assert_false(ask.bytes_ask.items[0].sent);
    struct delivery turned[] = {items[2], items[0]};
    say_deliveries(b, turned, 2);
    struct list_item gone = {.id = id_of(9), .position = 9, .code = LT_NOT_HERE};
    struct frame list = {.kind = FRAME_LIST, .list = {.items = &gone, .count = 1}};
    line_say(&b->line, &list);
    say_deliveries(b, &items[1], 1);
    call_end(caller);
    assert_int_equal(caller->status, LT_OK);
    assert_int_equal(caller->statuses[0], LT_OK);
    assert_int_equal(caller->statuses[3], LT_NOT_HERE);

    for (uint8_t i = 1; i <= 3; i++) {
        struct lt_delivery delivery = leased(b, i);
        assert_true(delivery.restored);
        assert_false(delivery.sent);
        settle_taken(b, &delivery);
    }
    step(b);
    assert_false(line_hear(&b->line, &frame));
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.inbox, 0);
    assert_int_equal(now.unconfirmed, 0);
    free(caller);
}

static void fetch_one(struct bench *b, const struct delivery *item, uint8_t last, bool sent,
                      enum lt_status expected)
{
    struct caller *caller = calloc(1, sizeof(*caller));
    struct delivery copy = *item;
    copy.restored = true;
    copy.attempt = 0;
    caller->b = b;
    caller->sent = sent;
    row_of(caller, item, last);
    call_start(caller, fetch_run);
    struct frame ask = heard(b, FRAME_BYTES_ASK);
    assert_int_equal(ask.bytes_ask.items[0].sent, sent);
    say_deliveries(b, &copy, 1);
    call_end(caller);
    assert_int_equal(caller->statuses[0], expected);
    free(caller);
}

/* The adapter took it long ago and its database remembers; the local system's does not. */
static void a_remembered_one_comes_anew(void **state)
{
    struct bench *b = *state;
    connect_line(b, 11);
    struct delivery item = delivery_of(b, 1, THEM, "HS-1");
    item.attempt = 1;
    say_deliveries(b, &item, 1);
    step(b);
    struct lt_delivery delivery = leased(b, 1);
    assert_false(delivery.restored);
    settle_taken(b, &delivery);
    step(b);
    line_hear_one(&b->line, FRAME_SETTLE);
    fetch_one(b, &item, 1, false, LT_OK);
    fetch_one(b, &item, 1, false, LT_OK); /* the same again, still open: once */
    delivery = leased(b, 1);
    assert_true(delivery.restored);
    settle_taken(b, &delivery);
    assert_int_equal(lt_client_inbox(b->client, "n", 60000, 0, &delivery, 1), 0);
}

static void what_does_not_match_the_list_is_not_kept(void **state)
{
    struct bench *b = *state;
    struct lt_delivery delivery;
    connect_line(b, 11);
    struct delivery item = delivery_of(b, 1, THEM, "HS-1");
    item.digest.bytes[0] ^= 1;
    fetch_one(b, &item, 1, false, LT_DIGEST_WRONG);
    assert_int_equal(lt_client_inbox(b->client, "n", 60000, 0, &delivery, 1), 0);
}

static void our_own_come_back_as_sent(void **state)
{
    struct bench *b = *state;
    connect_line(b, 11);
    struct delivery item = delivery_of(b, 1, MINE, "HS-1");
    fetch_one(b, &item, 1, true, LT_OK);
    struct lt_delivery delivery = leased(b, 1);
    assert_true(delivery.restored && delivery.sent);
    assert_string_equal(delivery.from, MINE);
    settle_taken(b, &delivery);
}

/* "Later" about a restored one: nobody sends it again, so it stays and rests. */
static void later_rests_here(void **state)
{
    struct bench *b = *state;
    struct frame frame;
    struct lt_delivery delivery;
    connect_line(b, 11);
    struct delivery item = delivery_of(b, 1, THEM, "HS-1");
    fetch_one(b, &item, 1, false, LT_OK);
    delivery = leased(b, 1);
    const struct lt_answer later = {
        .outcome = LT_OUTCOME_LATER, .code = LT_RECEIVER_UNREACHABLE, .retry_after_ms = 5000};
    assert_int_equal(lt_client_settle(b->client, &delivery.id, 0, "n", &later), LT_OK);
    lt_inbox_release(&delivery, 1);
    step(b);
    assert_false(line_hear(&b->line, &frame));
    assert_int_equal(lt_client_inbox(b->client, "n", 60000, 0, &delivery, 1), 0);
    fake_time_pass(&b->time, 5001);
    delivery = leased(b, 1);
    settle_taken(b, &delivery);
}

static void a_restoring_client_is_deaf_to_traffic(void **state)
{
    struct bench *b = *state;
    struct frame frame;
    connect_line(b, 11);
    struct delivery item = delivery_of(b, 1, THEM, "HS-1");
    item.attempt = 1;
    say_deliveries(b, &item, 1);
    step(b);
    b->options.restoring = true;
    bench_restart(b);
    (void)submit_ok(b, "key-1", "HS-7", "{}");
    for (int i = 0; i < 100 && !line_hear(&b->line, &frame); i++) {
        step(b);
        fake_time_pass(&b->time, 100);
    }
    assert_int_equal(frame.kind, FRAME_HELLO);
    frame = fake_welcome(&b->line, 12, b->time.wall_ms);
    line_say_raw(&b->line, &frame);
    step(b);
    assert_false(line_hear(&b->line, &frame)); /* no Grant, no Submit */
    uint32_t count = 0;
    assert_int_equal(lt_client_give_back(b->client, &count), LT_OK);
    assert_int_equal(count, 1);
    step(b);
    frame = line_hear_one(&b->line, FRAME_SETTLE);
    assert_int_equal(frame.settle.items[0].outcome, LT_OUTCOME_LATER);
    struct lt_remembered known;
    assert_int_equal(lt_client_remembered(b->client, 0, 0, &known, 1), 1);
    assert_int_equal(known.position, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_page_is_asked_and_taken),
        TEST(a_call_outlives_its_session_but_not_its_time),
        TEST(restored_ones_come_in_order_and_are_not_told),
        TEST(a_remembered_one_comes_anew),
        TEST(what_does_not_match_the_list_is_not_kept),
        TEST(our_own_come_back_as_sent),
        TEST(later_rests_here),
        TEST(a_restoring_client_is_deaf_to_traffic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
