/* SPDX-License-Identifier: EUPL-1.2 */
/* The receiver that takes everything: what it settles, and the result it answers with, once. */
#include "unit/sdk/sdk_test.h"

#include <lienthong/adapter.h>

struct desk {
    struct bench b;
    struct lt_tenant tenant;
    struct lt_driver_options options;
    void *self;
};

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    bench_init(&desk->b);
    connect_line(&desk->b, 5);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    lt_driver_loopback.close(&desk->self);
    assert_null(desk->self);
    bench_deinit(&desk->b);
    free(desk);
    return 0;
}

static void driver_open(struct desk *desk, bool answer_results)
{
    struct lt_problem problem = {0};
    desk->tenant = (struct lt_tenant){.client = desk->b.client, .agency = US};
    desk->options = (struct lt_driver_options){.tenants = &desk->tenant,
                                               .tenants_count = 1,
                                               .answer_results = answer_results,
                                               .clock = clock_os()};
    assert_int_equal(lt_driver_loopback.open(&desk->self, &desk->options, &problem), LT_OK);
}

static void deliver(struct bench *b, enum lt_kind kind, uint32_t attempt)
{
    struct digester *digester = NULL;
    struct lt_bytes to = text_bytes(US);
    struct header header = {
        .id = {{0x01, 0x9b, 0x12, 0x34, 0x56, 0x78, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}},
        .sender_key = text_bytes("their-key"),
        .content_digest = {{1}},
        .kind = kind,
        .from = text_bytes(THEM),
        .to = &to,
        .to_count = 1,
        .case_code = text_bytes("HS-1"),
        .procedure_raw = text_bytes("1.001193.H26"),
        .procedure = text_bytes("1.001193"),
        .created_ms = b->time.wall_ms,
        .schema_version = 1,
        .body_size = 2,
    };
    struct delivery item = {.body = text_bytes("{}"),
                            .position = 1,
                            .attempt = attempt,
                            .accepted_ms = b->time.wall_ms};
    assert_int_equal(digester_open(&digester), LT_OK);
    header.body_sha256 = digest_of(digester, item.body);
    assert_int_equal(header_write(&header, &b->line.arena, &item.header), LT_OK);
    item.digest = digest_of_two(digester, item.header, item.body);
    digester_close(&digester);
    struct frame frame = {.kind = FRAME_DELIVER};
    frame.deliver = (struct deliver){.items = &item, .count = 1};
    line_say(&b->line, &frame);
    step(b);
}

/* What the agency says next: until `wanted` has come, at most 3 s. */
static struct frame heard(struct bench *b, enum frame_kind wanted)
{
    struct frame frame = {.kind = FRAME_NONE};
    for (int i = 0; i < 300; i++) {
        step(b);
        while (line_hear(&b->line, &frame)) {
            if (frame.kind == wanted) {
                return frame;
            }
        }
        usleep(10000);
    }
    fail_msg("%s did not come", frame_kind_name(wanted));
    return frame;
}

static uint32_t sent_count(struct bench *b, struct lt_sent *out)
{
    return lt_client_sent_list(b->client, NULL, 0, out, 4);
}

static void everything_is_taken(void **state)
{
    struct desk *desk = *state;
    struct lt_sent sents[4];
    driver_open(desk, false);
    deliver(&desk->b, LT_KIND_FORWARD, 1);
    struct frame frame = heard(&desk->b, FRAME_SETTLE);
    assert_int_equal(frame.settle.count, 1);
    assert_int_equal(frame.settle.items[0].outcome, LT_OUTCOME_TAKEN);
    assert_int_equal(sent_count(&desk->b, sents), 0);
}

static void a_forward_is_answered_once(void **state)
{
    struct desk *desk = *state;
    struct lt_sent sents[4];
    driver_open(desk, true);
    deliver(&desk->b, LT_KIND_FORWARD, 1);
    for (int i = 0; i < 300 && sent_count(&desk->b, sents) == 0; i++) {
        usleep(10000);
    }
    assert_int_equal(sent_count(&desk->b, sents), 1);
    assert_int_equal(sents[0].kind, LT_KIND_RESULT);
    assert_string_equal(sents[0].case_code, "HS-1");
    uint8_t bytes[LT_HEADER_BYTES_MAX];
    uint32_t size = 0;
    assert_int_equal(
        lt_client_sent_header(desk->b.client, &sents[0].id, bytes, sizeof(bytes), &size), LT_OK);
    struct header header = header_of(&desk->b.line, (struct lt_bytes){bytes, size});
    assert_int_equal(header.to_count, 1);
    assert_true(bytes_equal(header.to[0], text_bytes(THEM)));
    assert_int_equal(header.reply_to.bytes[15], 1);
    assert_true(bytes_equal(header.procedure_raw, text_bytes("1.001193.H26")));
    assert_true(header.business.present && header.business.status == 10);
    /* The connection falls before the settlement is confirmed; the axis delivers again. */
    (void)heard(&desk->b, FRAME_SETTLE);
    deliver(&desk->b, LT_KIND_FORWARD, 2);
    (void)heard(&desk->b, FRAME_SETTLE);
    assert_int_equal(sent_count(&desk->b, sents), 1);
}

static void only_forwards_are_answered(void **state)
{
    struct desk *desk = *state;
    struct lt_sent sents[4];
    driver_open(desk, true);
    deliver(&desk->b, LT_KIND_STATUS, 1);
    (void)heard(&desk->b, FRAME_SETTLE);
    assert_int_equal(sent_count(&desk->b, sents), 0);
}

static struct held_said asked(struct bench *b, uint64_t number, const struct lt_id *id)
{
    struct held_item item = {.number = number, .id = *id};
    struct frame frame = {.kind = FRAME_HELD_ASK, .held_ask = {&item, 1}};
    line_say(&b->line, &frame);
    frame = heard(b, FRAME_HELD_ANSWER);
    assert_int_equal(frame.held_answer.count, 1);
    return frame.held_answer.items[0];
}

/* It is its own local system: what it took it holds, what is older than its start it cannot say. */
static void it_answers_for_itself(void **state)
{
    struct desk *desk = *state;
    struct lt_id taken = {{0x01, 0x9b, 0x12, 0x34, 0x56, 0x78, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};
    struct lt_id old = taken;
    struct lt_id young = {{0x7f, 0xff, 0, 0, 0, 0, 0x70, 0, 0x80}};
    driver_open(desk, false);
    deliver(&desk->b, LT_KIND_FORWARD, 1);
    (void)heard(&desk->b, FRAME_SETTLE);
    struct held_said said = asked(&desk->b, 1, &taken);
    assert_int_equal(said.held, LT_HELD_YES);
    assert_int_equal(said.outcome, LT_OUTCOME_TAKEN);
    old.bytes[15] = 2;
    assert_int_equal(asked(&desk->b, 2, &old).held, LT_HELD_UNKNOWN);
    assert_int_equal(asked(&desk->b, 3, &young).held, LT_HELD_NO);
    static const struct lt_id ping;
    assert_int_equal(asked(&desk->b, 4, &ping).held, LT_HELD_YES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(everything_is_taken),
        TEST(a_forward_is_answered_once),
        TEST(only_forwards_are_answered),
        TEST(it_answers_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
