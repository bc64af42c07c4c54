/* SPDX-License-Identifier: EUPL-1.2 */
/* Outcomes told to a sender over more than one session. */
#include "house_test.h"

#define SENDER_KEY   1
#define RECEIVER_KEY 2
#define WINDOW       2

static struct house house;

static int set_up(void **state)
{
    (void)state;
    house_init(&house);
    add_agency(&house, "H24.1", SENDER_KEY);
    add_agency(&house, "H24.15", RECEIVER_KEY);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

/* So many transfers taken: as many notices. */
static void take_transfers(uint32_t count)
{
    struct wish wish = {.from = "H24.1", .to = {"H24.15"}, .case_code = "HS-1"};
    for (uint32_t i = 0; i < count; i++) {
        struct given given = accept_now(&house, &wish);
        say_sent(&house, &given, 0);
        say(&house, &given, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    }
}

static void grant(struct party *party)
{
    struct frame frame = {.kind = FRAME_GRANT, .grant = {.notices = WINDOW}};
    party_say(&house, party, &frame);
}

static void acknowledge(struct party *party, uint64_t cursor)
{
    struct frame frame = {.kind = FRAME_NOTICE_ACK, .notice_cursor = cursor};
    party_say(&house, party, &frame);
}

/* The next notices are these, in one frame or in several. */
static void hears(struct party *party, uint64_t first, uint64_t last)
{
    while (first <= last) {
        struct frame frame;
        if (!house_hear(&house, party->link, FRAME_NOTICE, 500, &frame)) {
            fail_msg("notice %llu was not told", (unsigned long long)first);
        }
        for (uint32_t i = 0; i < frame.notice.count; i++) {
            assert_int_equal(frame.notice.items[i].seq, first);
            first++;
        }
    }
    assert_int_equal(first, last + 1);
}

static void hears_nothing(struct party *party)
{
    struct frame frame;
    assert_false(house_hear(&house, party->link, FRAME_NOTICE, 200, &frame));
}

static void the_window_binds(void **state)
{
    (void)state;
    struct party party = party_connect(&house, SENDER_KEY);
    take_transfers(5);
    grant(&party);
    hears(&party, 1, 2);
    hears_nothing(&party);
    acknowledge(&party, 1);
    hears(&party, 3, 3);
    acknowledge(&party, 3);
    hears(&party, 4, 5);
}

/* Two application nodes with one store: what came over the first is acknowledged over the second,
 * which had not been told so far. It would never have been told anything more. */
static void a_cursor_ahead_of_what_this_session_was_told(void **state)
{
    (void)state;
    struct party one = party_connect_as(&house, SENDER_KEY, 1);
    struct party two = party_connect_as(&house, SENDER_KEY, 2);
    take_transfers(6);
    grant(&one);
    hears(&one, 1, 2);
    acknowledge(&one, 2);
    hears(&one, 3, 4);
    grant(&two);
    hears(&two, 1, 2); /* its Hello said 0 */
    acknowledge(&two, 4);
    hears(&two, 5, 6);
}

/* The other way round a late acknowledgement takes nothing from a session that reads again. */
static void a_cursor_of_another_session_skips_nothing(void **state)
{
    (void)state;
    struct party one = party_connect_as(&house, SENDER_KEY, 1);
    struct party two = party_connect_as(&house, SENDER_KEY, 2);
    take_transfers(6);
    grant(&one);
    hears(&one, 1, 2);
    acknowledge(&one, 2);
    hears(&one, 3, 4);
    grant(&two);
    hears(&two, 1, 2);
    acknowledge(&one, 4);
    hears_nothing(&two);
    acknowledge(&two, 2);
    hears(&two, 3, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_window_binds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cursor_ahead_of_what_this_session_was_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_cursor_of_another_session_skips_nothing, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
