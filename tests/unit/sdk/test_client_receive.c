/* SPDX-License-Identifier: EUPL-1.2 */
/* Deliveries, leases, answers and confirmations, against a broker played by hand. */
#include "sdk_test.h"

struct leg {
    struct lt_id id;
    const char *case_code;
    uint32_t attempt;
    const char *body;
    const char *from; /* NULL: THEM */
};

static struct lt_id id_of(uint8_t number)
{
    struct lt_id id = {{0x01, 0x9b, 0x12, 0x34, 0x56, 0x78, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0}};
    id.bytes[15] = number;
    return id;
}

static struct delivery delivery_of(struct bench *b, const struct leg *leg)
{
    struct digester *digester = NULL;
    struct lt_bytes to = text_bytes(US);
    struct header header = {
        .id = leg->id,
        .sender_key = text_bytes("their-key"),
        .content_digest = {{1}},
        .kind = LT_KIND_FORWARD,
        .from = text_bytes(leg->from != NULL ? leg->from : THEM),
        .to = &to,
        .to_count = 1,
        .case_code = text_bytes(leg->case_code),
        .created_ms = b->time.wall_ms,
        .schema_version = 1,
        .body_size = strlen(leg->body),
    };
    struct delivery delivery = {.body = text_bytes(leg->body),
                                .position = 100 + leg->id.bytes[15],
                                .attempt = leg->attempt,
                                .accepted_ms = b->time.wall_ms - 5};
    assert_int_equal(digester_open(&digester), LT_OK);
    header.body_sha256 = digest_of(digester, delivery.body);
    assert_int_equal(header_write(&header, &b->line.arena, &delivery.header), LT_OK);
    delivery.digest = digest_of_two(digester, delivery.header, delivery.body);
    digester_close(&digester);
    return delivery;
}

static void say_deliver(struct bench *b, const struct leg *legs, uint32_t count)
{
    struct delivery items[16];
    struct frame frame = {.kind = FRAME_DELIVER};
    for (uint32_t i = 0; i < count; i++) {
        items[i] = delivery_of(b, &legs[i]);
    }
    frame.deliver = (struct deliver){.items = items, .count = count};
    line_say(&b->line, &frame);
    step(b);
}

static void deliver(struct bench *b, uint8_t number, const char *case_code, uint32_t attempt)
{
    struct leg leg = {id_of(number), case_code, attempt, "{}", NULL};
    say_deliver(b, &leg, 1);
}

/* Takes what is there and gives back the numbers, in order. */
static uint32_t take(struct bench *b, const char *node, uint8_t numbers[16])
{
    struct lt_delivery out[16];
    uint32_t count = lt_client_inbox(b->client, node, 60000, 0, out, 16);
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = out[i].id.bytes[15];
    }
    lt_inbox_release(out, count);
    return count;
}

static enum lt_status answer(struct bench *b, uint8_t number, const char *node,
                             enum lt_outcome outcome, enum lt_status code)
{
    struct lt_id id = id_of(number);
    struct lt_answer said = {.outcome = outcome, .code = code, .reason = "so it is"};
    enum lt_status status = lt_client_settle(b->client, &id, 0, node, &said);
    step(b);
    return status;
}

/* Of each leg and attempt the number that was heard last. */
static uint64_t tellings[256][8];

static struct settlement hear_settle(struct bench *b)
{
    struct frame frame = line_hear_one(&b->line, FRAME_SETTLE);
    assert_int_equal(frame.settle.count, 1);
    struct settlement *heard = &frame.settle.items[0];
    assert_true(heard->attempt < 8);
    tellings[heard->id.bytes[15]][heard->attempt] = heard->number;
    return *heard;
}

static void say_settled_of(struct bench *b, const struct settlement *of, enum lt_status code)
{
    struct settled_item item = {
        .id = of->id, .leg = of->leg, .code = (uint32_t)code, .number = of->number};
    struct frame frame = {.kind = FRAME_SETTLED};
    frame.settled = (struct settled){.items = &item, .count = 1};
    line_say(&b->line, &frame);
    step(b);
}

static void say_settled(struct bench *b, uint8_t number, uint32_t attempt, enum lt_status code)
{
    struct settlement of = {.id = id_of(number), .number = tellings[number][attempt]};
    say_settled_of(b, &of, code);
}

static void assert_quiet(struct bench *b)
{
    struct frame frame;
    step(b);
    assert_false(line_hear(&b->line, &frame));
}

static uint64_t open_count(struct bench *b)
{
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    return now.inbox;
}

static void test_grant_at_welcome(void **state)
{
    struct bench *b = *state;
    step(b);
    line_hear_one(&b->line, FRAME_HELLO);
    struct frame frame = fake_welcome(&b->line, 5, b->time.wall_ms);
    line_say_raw(&b->line, &frame);
    step(b);
    frame = line_hear_one(&b->line, FRAME_GRANT);
    assert_int_equal(frame.grant.deliver.parcels, 256);
    assert_true(frame.grant.deliver.bytes >= LT_HEADER_BYTES_MAX + LT_BODY_INLINE_MAX);
    assert_true(frame.grant.notices > 0);
}

static void test_delivered_taken_confirmed(void **state)
{
    struct bench *b = *state;
    struct lt_delivery out;
    connect_line(b, 5);
    struct leg leg = {id_of(1), "A", 3, "the body", NULL};
    say_deliver(b, &leg, 1);
    assert_int_equal(lt_client_inbox(b->client, "node-1", 60000, 0, &out, 1), 1);
    assert_same_id(&out.id, &leg.id);
    assert_int_equal(out.attempt, 3);
    assert_string_equal(out.from, THEM);
    assert_true(out.complete);
    assert_true(bytes_equal(out.body, text_bytes("the body")));
    struct header header = header_of(&b->line, out.header);
    assert_true(bytes_equal(header.case_code, text_bytes("A")));
    assert_int_equal(out.lease_until_ms, b->time.wall_ms + 60000);
    lt_inbox_release(&out, 1);

    assert_int_equal(answer(b, 1, "node-1", LT_OUTCOME_TAKEN, LT_OK), LT_OK);
    struct settlement settlement = hear_settle(b);
    assert_int_equal(settlement.outcome, LT_OUTCOME_TAKEN);
    assert_int_equal(settlement.attempt, 3);
    assert_int_equal(settlement.position, 101);
    assert_int_equal(settlement.time_ms, b->time.wall_ms);
    assert_int_equal(open_count(b), 0);
    assert_quiet(b);
    say_settled(b, 1, 3, LT_OK);
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.unconfirmed, 0);
}

/* The axis was restored: it may have forgotten that we took it. */
static void test_decisions_told_again_to_a_restored_axis(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    connect_line(b, 5);
    deliver(b, 1, "A", 1);
    assert_int_equal(take(b, "node-1", numbers), 1);
    assert_int_equal(answer(b, 1, "node-1", LT_OUTCOME_TAKEN, LT_OK), LT_OK);
    (void)hear_settle(b);
    say_settled(b, 1, 1, LT_OK);
    bench_restart(b);
    step(b);
    line_hear_one(&b->line, FRAME_HELLO);
    struct frame frame = fake_welcome(&b->line, 6, b->time.wall_ms);
    frame.welcome.incarnation = 1;
    frame.welcome.durable = 50;
    frame.welcome.restored_to = 40;
    line_say_raw(&b->line, &frame);
    step(b);
    line_hear_one(&b->line, FRAME_GRANT);
    struct settlement settlement = hear_settle(b);
    assert_int_equal(settlement.outcome, LT_OUTCOME_TAKEN);
    assert_int_equal(settlement.id.bytes[15], 1);
    say_settled(b, 1, 1, LT_NOT_HERE); /* it will deliver it anew */
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.unconfirmed, 0);
}

static void test_order_per_case(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    connect_line(b, 5);
    struct leg legs[] = {
        {id_of(1), "A", 1, "", NULL}, {id_of(2), "A", 1, "", NULL}, {id_of(3), "B", 1, "", NULL},
        {id_of(4), "A", 1, "", NULL}, {id_of(5), "C", 1, "", NULL},
    };
    say_deliver(b, legs, 5);
    assert_int_equal(take(b, "n", numbers), 3);
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[1], 3);
    assert_int_equal(numbers[2], 5);
    assert_int_equal(take(b, "n", numbers), 0);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK), LT_OK);
    assert_int_equal(take(b, "n", numbers), 1);
    assert_int_equal(numbers[0], 2);
    /* A business refusal frees the lane as well. */
    assert_int_equal(answer(b, 2, "n", LT_OUTCOME_REFUSED, LT_INELIGIBLE), LT_OK);
    assert_int_equal(take(b, "n", numbers), 1);
    assert_int_equal(numbers[0], 4);
    assert_int_equal(open_count(b), 3);
}

static void test_leases(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    struct lt_id one = id_of(1);
    connect_line(b, 5);
    deliver(b, 1, "A", 1);
    assert_int_equal(answer(b, 1, "n1", LT_OUTCOME_TAKEN, LT_OK), LT_LEASE_LOST); /* never taken */
    assert_int_equal(take(b, "n1", numbers), 1);
    assert_int_equal(take(b, "n2", numbers), 0);
    assert_int_equal(answer(b, 1, "n2", LT_OUTCOME_TAKEN, LT_OK), LT_LEASE_LOST);
    assert_int_equal(lt_client_renew(b->client, &one, 0, "n2", 60000), LT_LEASE_LOST);
    fake_time_pass(&b->time, 59999);
    assert_int_equal(take(b, "n2", numbers), 0);
    assert_int_equal(lt_client_renew(b->client, &one, 0, "n1", 60000), LT_OK);
    fake_time_pass(&b->time, 59999);
    assert_int_equal(take(b, "n2", numbers), 0);
    fake_time_pass(&b->time, 1);
    assert_int_equal(take(b, "n2", numbers), 1);
    assert_int_equal(answer(b, 1, "n1", LT_OUTCOME_TAKEN, LT_OK), LT_LEASE_LOST);
    /* It ran out and nobody else has it: the one who did the work may still say so. */
    fake_time_pass(&b->time, 100000);
    assert_int_equal(answer(b, 1, "n2", LT_OUTCOME_TAKEN, LT_OK), LT_OK);
    assert_int_equal(lt_client_renew(b->client, &one, 0, "n2", 60000), LT_ALREADY_SETTLED);
    struct lt_id unknown = id_of(99);
    assert_int_equal(lt_client_renew(b->client, &unknown, 0, "n2", 60000), LT_NOT_HERE);
}

static void test_lease_survives_a_restart(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    connect_line(b, 5);
    deliver(b, 1, "A", 1);
    deliver(b, 2, "B", 1);
    struct lt_delivery out;
    assert_int_equal(lt_client_inbox(b->client, "n1", 60000, 0, &out, 1), 1);
    lt_inbox_release(&out, 1);
    b->time.mono_ms = 5; /* the machine, too */
    bench_restart(b);
    assert_int_equal(open_count(b), 2);
    assert_int_equal(take(b, "n2", numbers), 1);
    assert_int_equal(numbers[0], 2);
    assert_int_equal(answer(b, 1, "n1", LT_OUTCOME_TAKEN, LT_OK), LT_OK);
    connect_line(b, 6);
    struct frame frame = line_hear_one(&b->line, FRAME_SETTLE);
    assert_int_equal(frame.settle.count, 1);
    assert_int_equal(frame.settle.items[0].id.bytes[15], 1);
}

static void test_settling_twice(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    connect_line(b, 5);
    deliver(b, 1, "A", 1);
    take(b, "n", numbers);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_REFUSED, LT_WRONG_AUTHORITY), LT_OK);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_REFUSED, LT_WRONG_AUTHORITY), LT_OK);
    assert_int_equal(answer(b, 1, "other", LT_OUTCOME_REFUSED, LT_WRONG_AUTHORITY), LT_OK);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_REFUSED, LT_INELIGIBLE), LT_ALREADY_SETTLED);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK), LT_ALREADY_SETTLED);
    assert_int_equal(hear_settle(b).code, LT_WRONG_AUTHORITY);
    assert_quiet(b);
    say_settled(b, 1, 1, LT_OK);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_REFUSED, LT_WRONG_AUTHORITY), LT_OK);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK), LT_ALREADY_SETTLED);
    assert_int_equal(answer(b, 7, "n", LT_OUTCOME_TAKEN, LT_OK), LT_NOT_HERE);
    assert_quiet(b);
}

static void test_answers_that_make_no_sense(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    connect_line(b, 5);
    deliver(b, 1, "A", 1);
    take(b, "n", numbers);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_NONE, LT_OK), LT_FIELD_BAD);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_INELIGIBLE), LT_FIELD_BAD);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_REFUSED, LT_OK), LT_FIELD_BAD);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_REFUSED, (enum lt_status)149), LT_FIELD_BAD);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_REFUSED, (enum lt_status)200), LT_FIELD_BAD);
    assert_int_equal(open_count(b), 1);
}

static void test_told_until_confirmed(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    connect_line(b, 5);
    deliver(b, 1, "A", 1);
    take(b, "n", numbers);
    answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK);
    hear_settle(b);
    struct frame bye = {.kind = FRAME_BYE};
    line_say(&b->line, &bye);
    connect_line(b, 6);
    hear_settle(b); /* in the next session again */
    bench_restart(b);
    connect_line(b, 7);
    hear_settle(b); /* and in the next life */
    say_settled(b, 1, 1, LT_OK);
    bye = (struct frame){.kind = FRAME_BYE};
    line_say(&b->line, &bye);
    connect_line(b, 8);
    assert_quiet(b);
}

static void test_unanswered_tell_is_repeated(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    struct frame frame;
    connect_line(b, 5);
    deliver(b, 1, "A", 1);
    take(b, "n", numbers);
    answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK);
    hear_settle(b);
    uint32_t told = 0;
    for (int i = 0; i < 5; i++) {
        fake_time_pass(&b->time, 14000);
        struct frame beat = {.kind = FRAME_BEAT};
        beat.beat.submit = (struct window){64, 65536};
        line_say(&b->line, &beat);
        step(b);
        while (line_hear(&b->line, &frame)) {
            told += frame.kind == FRAME_SETTLE ? 1 : 0;
        }
    }
    assert_int_equal(told, 1);
}

/* The first answer was told twice; the axis' second confirmation comes when the answer to the next
 * attempt is on its way, and lost. */
static void test_late_confirmation_of_an_earlier_answer(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    struct lt_client_state now;
    connect_line(b, 5);
    deliver(b, 1, "A", 1);
    take(b, "n", numbers);
    answer(b, 1, "n", LT_OUTCOME_LATER, LT_STEP_BEFORE_MISSING);
    assert_int_equal(hear_settle(b).attempt, 1);
    deliver(b, 1, "A", 2);
    assert_int_equal(take(b, "n", numbers), 1);
    answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK);
    assert_int_equal(hear_settle(b).attempt, 2);
    say_settled(b, 1, 1, LT_OK);
    lt_client_state(b->client, &now);
    assert_int_equal(now.unconfirmed, 1);
    struct frame bye = {.kind = FRAME_BYE};
    line_say(&b->line, &bye);
    connect_line(b, 6);
    assert_int_equal(hear_settle(b).attempt, 2);
    say_settled(b, 1, 2, LT_OK);
    lt_client_state(b->client, &now);
    assert_int_equal(now.unconfirmed, 0);
}

/* A restored axis says that it has no such leg; before that word comes, the sender has handed the
 * transfer over again and the axis has delivered it, as the same attempt. */
static void test_not_here_behind_the_delivery(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    struct lt_client_state now;
    connect_line(b, 5);
    deliver(b, 1, "A", 1);
    take(b, "n", numbers);
    answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK);
    struct settlement before = hear_settle(b);
    deliver(b, 1, "A", 1);
    struct settlement since = hear_settle(b);
    assert_int_not_equal(since.number, before.number);
    say_settled_of(b, &before, LT_NOT_HERE);
    lt_client_state(b->client, &now);
    assert_int_equal(now.unconfirmed, 1);
    struct frame bye = {.kind = FRAME_BYE}; /* the answer was lost: it is told again */
    line_say(&b->line, &bye);
    connect_line(b, 6);
    assert_int_equal(hear_settle(b).number, since.number);
    say_settled_of(b, &since, LT_OK);
    lt_client_state(b->client, &now);
    assert_int_equal(now.unconfirmed, 0);
}

static void test_delivered_again(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    connect_line(b, 5);
    deliver(b, 1, "A", 1);
    deliver(b, 1, "A", 1); /* the same again: nothing new */
    assert_int_equal(open_count(b), 1);
    deliver(b, 1, "A", 2); /* another attempt: answered under its number */
    assert_int_equal(open_count(b), 1);
    assert_int_equal(take(b, "n", numbers), 1);
    answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK);
    assert_int_equal(hear_settle(b).attempt, 2);
    say_settled(b, 1, 2, LT_OK);
    deliver(b, 1, "A", 3); /* taken long ago: told once more, never shown again */
    struct settlement settlement = hear_settle(b);
    assert_int_equal(settlement.outcome, LT_OUTCOME_TAKEN);
    assert_int_equal(settlement.attempt, 3);
    assert_int_equal(open_count(b), 0);
    assert_int_equal(take(b, "n", numbers), 0);
    say_settled(b, 1, 3, LT_OK);
    assert_quiet(b);
}

/* An id is unique per sender only: nobody can have another's transfer answered by using its id. */
static void test_same_id_of_two_senders(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    connect_line(b, 5);
    struct leg legs[] = {{id_of(1), "A", 1, "", NULL}, {id_of(1), "B", 1, "", "H26.99.66"}};
    say_deliver(b, legs, 1);
    take(b, "n", numbers);
    answer(b, 1, "n", LT_OUTCOME_REFUSED, LT_INELIGIBLE);
    hear_settle(b);
    say_settled(b, 1, 1, LT_OK);
    say_deliver(b, legs + 1, 1);
    assert_quiet(b); /* not answered with the other's answer */
    struct lt_delivery out;
    assert_int_equal(lt_client_inbox(b->client, "n", 60000, 0, &out, 1), 1);
    assert_string_equal(out.from, "H26.99.66");
    lt_inbox_release(&out, 1);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK), LT_OK);
    assert_int_equal(hear_settle(b).outcome, LT_OUTCOME_TAKEN);
    say_settled(b, 1, 1, LT_OK);
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.unconfirmed, 0);
}

static void test_later_comes_back(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    connect_line(b, 5);
    struct leg legs[] = {
        {id_of(1), "A", 1, "", NULL}, {id_of(2), "A", 1, "", NULL}, {id_of(3), "B", 1, "", NULL}};
    say_deliver(b, legs, 3);
    take(b, "n", numbers);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_LATER, LT_STEP_BEFORE_MISSING), LT_OK);
    /* What stood behind it in its case goes back, too; the other case stays. */
    struct frame frame = line_hear_one(&b->line, FRAME_SETTLE);
    assert_int_equal(frame.settle.count, 2);
    assert_int_equal(frame.settle.items[0].id.bytes[15], 1);
    assert_int_equal(frame.settle.items[1].id.bytes[15], 2);
    assert_int_equal(frame.settle.items[1].outcome, LT_OUTCOME_LATER);
    assert_int_equal(open_count(b), 1);
    deliver(b, 1, "A", 1); /* an echo of the first attempt: told again */
    assert_int_equal(hear_settle(b).outcome, LT_OUTCOME_LATER);
    assert_int_equal(open_count(b), 1);
    deliver(b, 1, "A", 2);
    assert_int_equal(open_count(b), 2);
    say_settled(b, 2, 1, LT_OK);
    deliver(b, 2, "A", 2);
    assert_int_equal(take(b, "n", numbers), 1);
    assert_int_equal(numbers[0], 1);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK), LT_OK);
    assert_int_equal(hear_settle(b).attempt, 2);
    assert_int_equal(take(b, "n", numbers), 1);
    assert_int_equal(numbers[0], 2);
}

static void test_damaged_delivery_is_not_kept(void **state)
{
    struct bench *b = *state;
    connect_line(b, 5);
    struct leg leg = {id_of(1), "A", 1, "body", NULL};
    struct delivery item = delivery_of(b, &leg);
    item.body = text_bytes("b0dy");
    struct frame frame = {.kind = FRAME_DELIVER};
    frame.deliver = (struct deliver){.items = &item, .count = 1};
    line_say(&b->line, &frame);
    step(b);
    struct settlement settlement = hear_settle(b);
    assert_int_equal(settlement.outcome, LT_OUTCOME_FAILED);
    assert_int_equal(settlement.code, LT_RECEIVER_REJECTED);
    assert_int_equal(open_count(b), 0);
    item = delivery_of(b, &leg);
    item.header = text_bytes("\x07\x01");
    frame = (struct frame){.kind = FRAME_DELIVER};
    frame.deliver = (struct deliver){.items = &item, .count = 1};
    line_say(&b->line, &frame);
    assert_quiet(b);
    assert_int_equal(open_count(b), 0);
    assert_true(b->client->session.open);
}

/* Not shown before its attachment is here; the attachment may come by any way. */
static void test_incomplete_is_not_shown(void **state)
{
    struct bench *b = *state;
    static const uint8_t file[] = "a scanned page";
    struct lt_bytes bytes = {file, sizeof(file)};
    struct digester *digester = NULL;
    struct lt_delivery out;
    connect_line(b, 5);
    assert_int_equal(digester_open(&digester), LT_OK);
    struct attachment one = {.sha256 = digest_of(digester, bytes), .size = sizeof(file)};
    struct header header = {.id = id_of(1),
                            .kind = LT_KIND_FORWARD,
                            .from = text_bytes(THEM),
                            .case_code = text_bytes("A"),
                            .body_attached = true,
                            .body_sha256 = one.sha256,
                            .body_size = one.size,
                            .attachments = &one,
                            .attachments_count = 1};
    struct delivery item = {.position = 1, .attempt = 1};
    assert_int_equal(header_write(&header, &b->line.arena, &item.header), LT_OK);
    item.digest = digest_of_two(digester, item.header, item.body);
    digester_close(&digester);
    struct frame frame = {.kind = FRAME_DELIVER};
    frame.deliver = (struct deliver){.items = &item, .count = 1};
    line_say(&b->line, &frame);
    deliver(b, 2, "A", 1);
    assert_int_equal(open_count(b), 2);
    assert_int_equal(lt_client_inbox(b->client, "n", 1000, 0, &out, 1), 0);
    assert_int_equal(lt_client_blob_put(b->client, &one.sha256, 0, bytes, true, NULL), LT_OK);
    mover_look(b->client);
    step(b);
    assert_int_equal(lt_client_inbox(b->client, "n", 1000, 0, &out, 1), 1);
    assert_same_id(&out.id, &header.id);
    assert_true(bytes_equal(out.body, bytes)); /* the body that travelled as an attachment */
    lt_inbox_release(&out, 1);
}

/* Events, done transfers and confirmed deliveries go when their days are over, keys with them. */
static void test_retention(void **state)
{
    struct bench *b = *state;
    uint8_t numbers[16];
    struct lt_event event;
    connect_line(b, 5);
    struct lt_sent refused = submit_ok(b, "k-1", "A", "1");
    struct lt_sent waiting = submit_ok(b, "k-2", "B", "2");
    step(b);
    line_hear_one(&b->line, FRAME_SUBMIT);
    say_verdict(b, &refused.id, LT_AGENCY_UNKNOWN);
    deliver(b, 1, "A", 1);
    deliver(b, 2, "A", 1);
    take(b, "n", numbers);
    answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK);
    hear_settle(b);
    say_settled(b, 1, 1, LT_OK);
    fake_time_pass(&b->time, 29LL * 86400 * 1000);
    for (int i = 0; i < 5; i++) {
        fake_time_pass(&b->time, 600000);
        step(b);
    }
    assert_int_equal(sent_of(b, &refused.id).state, LT_SENT_REFUSED);
    assert_int_equal(lt_client_events(b->client, 0, 0, &event, 1), 1);
    fake_time_pass(&b->time, 86400LL * 1000);
    for (int i = 0; i < 5; i++) {
        fake_time_pass(&b->time, 600000);
        step(b);
    }
    struct lt_sent sent;
    assert_int_equal(lt_client_sent(b->client, &refused.id, &sent), LT_NOT_HERE);
    assert_int_equal(lt_client_sent(b->client, &waiting.id, &sent), LT_OK);
    assert_int_equal(lt_client_events(b->client, 0, 0, &event, 1), 0);
    assert_int_equal(answer(b, 1, "n", LT_OUTCOME_TAKEN, LT_OK), LT_NOT_HERE);
    assert_int_equal(open_count(b), 1); /* what nobody has answered stays */
    sent = submit_ok(b, "k-1", "A", "1");
    assert_false(sent.known);
    assert_int_equal(sent.sequence, 3); /* numbers are never used twice */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_grant_at_welcome, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_delivered_taken_confirmed, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_decisions_told_again_to_a_restored_axis, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_order_per_case, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_leases, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_lease_survives_a_restart, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_settling_twice, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_answers_that_make_no_sense, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_told_until_confirmed, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_unanswered_tell_is_repeated, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_late_confirmation_of_an_earlier_answer, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_not_here_behind_the_delivery, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_delivered_again, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_same_id_of_two_senders, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_later_comes_back, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_delivery_is_not_kept, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_incomplete_is_not_shown, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(test_retention, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
