/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an agency may send, over its own session: its rate at n and n + 1, and its kinds, each with
 * its own refusal and at its own cost. Procedures and receivers are in test_control_audit.c, the
 * share of the journal in test_share.c, the quota of attachments in
 * tests/integration/test_attachments.py.
 */
#include "house_test.h"

static struct house house;
static struct party party;
static uint32_t keys;

static int open_house(void **state)
{
    (void)state;
    keys = 0;
    house_init(&house);
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
    add_agency(&house, "C", 3);
    house_settle(&house);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

/* The entry of A with one thing changed. */
static void limit(uint32_t rate_per_s, uint32_t kinds_denied)
{
    struct agency agency = agency_make("A", 1);
    agency.rate_per_s = rate_per_s;
    agency.kinds_denied = kinds_denied;
    assert_int_equal(agency_put(&house, &agency, false).code, LT_OK);
    party = party_connect(&house, 1);
}

/* One parcel in one Submit; its verdict. */
static struct verdict_item sent_by(struct party *by, const char *from, enum lt_kind kind)
{
    struct header header;
    struct parcel parcel = {.body = text_bytes("{}")};
    struct lt_bytes to = text_bytes("B");
    struct frame frame = {.kind = FRAME_SUBMIT, .submit = {.parcels = &parcel, .count = 1}};
    char key[32];
    memset(&header, 0, sizeof(header));
    snprintf(key, sizeof(key), "k-%u", ++keys);
    header.id = uuid7_next(&house.ids, &house.clock.clock, &house.entropy.entropy);
    header.sender_key = arena_copy(&house.arena, text_bytes(key));
    header.content_digest = digest_of(house.digester, header.sender_key);
    header.kind = kind;
    header.from = text_bytes(from);
    header.to = &to;
    header.to_count = 1;
    header.case_code = header.sender_key;
    header.created_ms = house.world.wall_ms;
    header.schema_version = 1;
    header.body_size = parcel.body.size;
    header.body_sha256 = digest_of(house.digester, parcel.body);
    assert_int_equal(header_write(&header, &house.arena, &parcel.header), LT_OK);
    parcel.digest = digest_of_two(house.digester, parcel.header, parcel.body);
    party_say(&house, by, &frame);
    assert_true(house_hear(&house, by->link, FRAME_VERDICT, 3000, &frame));
    assert_int_equal(frame.verdict.count, 1);
    return frame.verdict.items[0];
}

static void so_many_in_a_second(void **state)
{
    (void)state;
    limit(3, 0);
    struct party other = party_connect(&house, 3);
    world_advance(&house.world, 1000);
    for (int second = 0; second < 2; second++) {
        for (int i = 0; i < 3; i++) {
            assert_int_equal(sent_by(&party, "A", LT_KIND_FORWARD).code, LT_OK);
        }
        uint64_t before = journal_staged(house.flow->journal);
        struct verdict_item item = sent_by(&party, "A", LT_KIND_FORWARD);
        assert_int_equal(item.code, LT_RATE);
        assert_in_range(item.retry_after_ms, 1, 1000);
        assert_int_equal(journal_staged(house.flow->journal), before);
        for (int i = 0; i < 5; i++) { /* nobody else pays for it */
            assert_int_equal(sent_by(&other, "C", LT_KIND_FORWARD).code, LT_OK);
        }
        world_advance(&house.world, 1000);
    }
    limit(0, 0); /* none: as many as the credit allows */
    for (int i = 0; i < 8; i++) {
        assert_int_equal(sent_by(&party, "A", LT_KIND_FORWARD).code, LT_OK);
    }
}

static void kinds_one_by_one(void **state)
{
    (void)state;
    limit(0, 1u << LT_KIND_STATUS);
    assert_int_equal(sent_by(&party, "A", LT_KIND_FORWARD).code, LT_OK);
    uint64_t before = journal_staged(house.flow->journal);
    struct verdict_item item = sent_by(&party, "A", LT_KIND_STATUS);
    assert_int_equal(item.code, LT_KIND_NOT_ALLOWED);
    assert_int_equal(item.retry_after_ms, 0);
    assert_int_equal(journal_staged(house.flow->journal), before); /* and it is not stored */
    struct party other = party_connect(&house, 3);
    assert_int_equal(sent_by(&other, "C", LT_KIND_STATUS).code, LT_OK);
    limit(0, 0);
    assert_int_equal(sent_by(&party, "A", LT_KIND_STATUS).code, LT_OK);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        CASE(so_many_in_a_second),
        CASE(kinds_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
