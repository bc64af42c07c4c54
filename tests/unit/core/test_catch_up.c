/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an agency may have of its own after its database was restored: the list, page by page, and
 * the bytes; and what it may not have.
 */
#include "house_test.h"

#include "broker/flow/steps.h"

#define FIRST  "H24.15"
#define SECOND "H24.16"
#define THIRD  "H24.17"

static int setup(void **state)
{
    struct house *house = malloc(sizeof(*house));
    assert_non_null(house);
    house_init(house);
    (void)add_agency(house, FIRST, 1);
    (void)add_agency(house, SECOND, 2);
    (void)add_agency(house, THIRD, 3);
    house_settle(house);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    house_deinit(*state);
    free(*state);
    return 0;
}

static struct given taken(struct house *house, const char *from, const char *to, const char *code)
{
    struct wish wish = {.from = from, .to = {to}, .case_code = code, .procedure = "1.001193"};
    struct given given = accept_now(house, &wish);
    say_sent(house, &given, 0);
    say(house, &given, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    return given;
}

static struct list_page listed(struct house *house, struct party *party, struct list_ask ask)
{
    struct frame frame = {.kind = FRAME_LIST_ASK, .list_ask = ask};
    party_say(house, party, &frame);
    assert_true(house_hear(house, party->link, FRAME_LIST, HOUSE_PAGE_MS, &frame));
    assert_int_equal(frame.list.number, ask.number);
    return frame.list;
}

static void a_list_is_ones_own(void **state)
{
    struct house *house = *state;
    struct given one = taken(house, FIRST, SECOND, "HS-1");
    struct given two = taken(house, FIRST, THIRD, "HS-2");
    struct wish both = {.from = SECOND, .to = {FIRST, THIRD}, .case_code = "HS-3"};
    struct given three = accept_now(house, &both);
    struct party second = party_connect(house, 2);

    struct list_page page =
        listed(house, &second, (struct list_ask){.number = 7, .what = LT_LIST_DELIVERED});
    assert_int_equal(page.code, LT_OK);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.next, 0);
    assert_memory_equal(page.items[0].id.bytes, one.id.bytes, 16);
    assert_int_equal(page.items[0].position, one.position);
    assert_true(bytes_equal(page.items[0].state, text_bytes("taken")));
    assert_true(bytes_equal(page.items[0].agency, text_bytes(FIRST)));
    assert_true(bytes_equal(page.items[0].case_code, text_bytes("HS-1")));
    assert_int_equal(page.items[0].sender_key.size, 0); /* the sender's own business */
    assert_int_equal(page.items[0].kind, LT_KIND_FORWARD);

    page = listed(house, &second, (struct list_ask){.number = 8, .what = LT_LIST_SENT});
    assert_int_equal(page.count, 2);
    assert_int_equal(page.items[0].position, three.position);
    assert_int_equal(page.items[1].leg, 1);
    assert_true(bytes_equal(page.items[1].agency, text_bytes(THIRD)));
    assert_true(page.items[0].sender_key.size > 0);
    (void)two;

    page = listed(house, &second, (struct list_ask){.number = 9, .what = 3});
    assert_int_equal(page.code, LT_FIELD_BAD);
    assert_int_equal(page.count, 0);
}

/* Accepted long before, taken since: a database that went back to between the two lacks it. */
static void delivered_since_is_not_accepted_since(void **state)
{
    struct house *house = *state;
    struct given early =
        accept_now(house, &(struct wish){.from = FIRST, .to = {SECOND}, .case_code = "HS-1"});
    world_advance(&house->world, 60000);
    house_settle(house);
    int64_t since_ms = house->flow->now_ms;
    world_advance(&house->world, 1000);
    say_sent(house, &early, 0);
    say(house, &early, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    struct party second = party_connect(house, 2);
    struct list_page page =
        listed(house, &second,
               (struct list_ask){.number = 1, .what = LT_LIST_DELIVERED, .since_ms = since_ms});
    assert_int_equal(page.count, 1);
    assert_int_equal(page.items[0].position, early.position);
    page = listed(house, &second,
                  (struct list_ask){
                      .number = 2, .what = LT_LIST_DELIVERED, .since_ms = house->flow->now_ms + 1});
    assert_int_equal(page.count, 0);
}

static void a_list_goes_on_and_begins_at_an_instant(void **state)
{
    struct house *house = *state;
    struct given all[40];
    for (int i = 0; i < 40; i++) {
        all[i] = taken(house, i % 2 == 0 ? FIRST : THIRD, SECOND, "HS-1");
        world_advance(&house->world, 1000);
    }
    struct party second = party_connect(house, 2);
    struct list_ask ask = {.number = 1, .what = LT_LIST_DELIVERED, .rows = 16};
    uint32_t seen = 0;
    do {
        struct list_page page = listed(house, &second, ask);
        assert_int_equal(page.code, LT_OK);
        assert_true(page.count <= 16);
        for (uint32_t i = 0; i < page.count; i++) {
            assert_int_equal(page.items[i].position, all[seen].position);
            seen++;
        }
        ask.after = page.next;
        ask.number++;
    } while (ask.after != 0);
    assert_int_equal(seen, 40);

    struct transfer_key key;
    struct transfer t;
    assert_int_equal(transfer_at(house->flow, all[30].position, &key, &t), LT_OK);
    ask = (struct list_ask){.number = 99, .what = LT_LIST_DELIVERED, .since_ms = t.time_ms};
    struct list_page page = listed(house, &second, ask);
    assert_int_equal(page.count, 10);
    assert_int_equal(page.items[0].position, all[30].position);
    ask.since_ms = t.legs[0].since_ms + 1;
    page = listed(house, &second, ask);
    assert_int_equal(page.items[0].position, all[31].position);
}

/* The record of a transfer in the state made unreadable, or taken out. */
static void spoil(struct house *house, const struct given *given, bool gone)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct state *state = house->flow->state;
    struct transfer_key key;
    struct transfer t;
    assert_int_equal(transfer_at(house->flow, given->position, &key, &t), LT_OK);
    state_fold_begin(state, state_folded(state) + 1);
    if (gone) {
        state_delete(state, STATE_TRANSFERS, transfer_key_write(key_bytes, &key));
    } else {
        state_put(state, STATE_TRANSFERS, transfer_key_write(key_bytes, &key), text_bytes("?"));
    }
    assert_int_equal(state_fold_end(state), LT_OK);
}

/* An instant is looked for among what was accepted; a record that does not read there is no answer
 * but damage, and the list is not one of less. */
static void an_instant_is_not_found_in_damage(void **state)
{
    struct house *house = *state;
    struct list_ask ask = {.number = 1, .what = LT_LIST_SENT, .since_ms = 1};
    for (int gone = 0; gone < 2; gone++) {
        struct given given = taken(house, FIRST, SECOND, "HS-1");
        party_connect(house, 1);
        struct desk *desk = desk_of(&house->flow->desks, 1);
        assert_non_null(desk->receiving);
        assert_int_equal(take_list_ask(house->flow, desk->receiving, &ask), LT_OK);
        house_settle(house);
        spoil(house, &given, gone == 1);
        assert_int_equal(take_list_ask(house->flow, desk->receiving, &ask), LT_DAMAGED);
        teardown(state);
        setup(state);
        house = *state;
    }
}

/* A turn looks at so many positions and no more; a page may then have no row and still go on. */
static void a_long_walk_is_many_short_ones(void **state)
{
    struct house *house = *state;
    struct wish wish = {.from = FIRST, .to = {THIRD}, .case_code = "HS-1"};
    for (int i = 0; i < LIST_LOOKS_MAX + 10; i++) {
        while (accept(house, &wish).code != LT_OK) {
            house_settle(house);
        }
        if (i % 500 == 0) {
            house_settle(house);
        }
    }
    house_settle(house);
    struct given last = taken(house, FIRST, SECOND, "HS-2");
    struct party second = party_connect(house, 2);
    struct list_ask ask = {.number = 1, .what = LT_LIST_DELIVERED};
    struct list_page page = listed(house, &second, ask);
    assert_int_equal(page.count, 0);
    assert_true(page.next > 0);
    ask.after = page.next;
    page = listed(house, &second, ask);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.items[0].position, last.position);
    assert_int_equal(page.next, 0);
}

static void ask_bytes(struct house *house, struct party *party, struct bytes_item *items,
                      uint32_t count)
{
    struct frame frame = {.kind = FRAME_BYTES_ASK, .bytes_ask = {items, count}};
    party_say(house, party, &frame);
}

static void bytes_come_back_restored(void **state)
{
    struct house *house = *state;
    struct frame frame;
    struct given one = taken(house, FIRST, SECOND, "HS-1");
    struct given two = taken(house, FIRST, SECOND, "HS-1");
    struct wish mine = {.from = SECOND, .to = {THIRD}, .case_code = "HS-3"};
    struct given sent = accept_now(house, &mine);
    struct party second = party_connect(house, 2); /* grants nothing */
    uint64_t staged = journal_staged(house->flow->journal);
    struct bytes_item items[] = {{.position = one.position, .id = one.id},
                                 {.position = two.position, .id = two.id},
                                 {.position = sent.position, .id = sent.id, .sent = true}};
    ask_bytes(house, &second, items, 3);
    uint32_t seen = 0;
    while (seen < 3) {
        assert_true(house_hear(house, second.link, FRAME_DELIVER, HOUSE_PAGE_MS, &frame));
        for (uint32_t i = 0; i < frame.deliver.count; i++) {
            const struct delivery *item = &frame.deliver.items[i];
            struct header header;
            assert_true(item->restored);
            assert_int_equal(item->attempt, 0);
            assert_int_equal(header_read(item->header, &house->arena, &header, NULL), LT_OK);
            struct lt_digest digest = digest_of_two(house->digester, item->header, item->body);
            assert_true(digest_equal(&digest, &item->digest));
            seen++;
        }
    }
    assert_int_equal(journal_staged(house->flow->journal), staged); /* nothing changed */
    assert_int_equal(leg_of(house, &one, 0).state, LEG_TAKEN);
    ask_bytes(house, &second, items, 1); /* the place is free again */
    assert_true(house_hear(house, second.link, FRAME_DELIVER, HOUSE_PAGE_MS, &frame));
}

/* P4, and nothing before its time. */
static void what_is_not_ones_own_is_not_given(void **state)
{
    struct house *house = *state;
    struct given foreign = taken(house, FIRST, THIRD, "HS-1");
    struct wish wish = {.from = FIRST, .to = {SECOND}, .case_code = "HS-2"};
    struct given waiting = accept_now(house, &wish);
    struct given own = taken(house, FIRST, SECOND, "HS-3");
    struct party second = party_connect(house, 2);
    struct bytes_item items[] = {
        {.position = foreign.position, .id = foreign.id},
        {.position = foreign.position, .id = foreign.id, .sent = true},
        {.position = waiting.position, .id = waiting.id},
        {.position = own.position, .id = foreign.id},
        {.position = own.position, .id = own.id, .leg = 1},
        {.position = own.position + 1000, .id = own.id},
        {.position = own.position, .id = own.id},
    };
    ask_bytes(house, &second, items, 7);
    struct frame frame = house_heard(house, second.link, FRAME_LIST, HOUSE_PAGE_MS);
    assert_int_equal(frame.list.number, 0);
    assert_int_equal(frame.list.count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(frame.list.items[i].code, LT_NOT_HERE);
        assert_int_equal(frame.list.items[i].position, items[i].position);
    }
    frame = house_heard(house, second.link, FRAME_DELIVER, HOUSE_PAGE_MS);
    assert_int_equal(frame.deliver.count, 1);
    assert_int_equal(frame.deliver.items[0].position, own.position);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_is_ones_own, setup, teardown),
        cmocka_unit_test_setup_teardown(delivered_since_is_not_accepted_since, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_goes_on_and_begins_at_an_instant, setup, teardown),
        cmocka_unit_test_setup_teardown(an_instant_is_not_found_in_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_walk_is_many_short_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_come_back_restored, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_ones_own_is_not_given, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
