/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every pair of state and event of states.def, and what must hold of the whole table: taken is
 * absorbing, final states are left by a late "taken" only, every open state can come to an end and
 * can be taken whatever an operator did, sending is possible only from where a leg is due.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/transfer/leg.h"
#include "proto/base/text.h"

#define STATES LEG_STATES_END
#define EVENTS LEG_EVENTS_END

static void nothing_moves_what_is_not_there(void **unused)
{
    (void)unused;
    for (int e = 0; e < EVENTS; e++) {
        assert_int_equal(transfer_next(LEG_NONE, (enum leg_event)e), LEG_NONE);
    }
}

static void taken_is_absorbing(void **unused)
{
    (void)unused;
    for (int e = 0; e < EVENTS; e++) {
        assert_int_equal(transfer_next(LEG_TAKEN, (enum leg_event)e), LEG_NONE);
    }
}

static void final_states_are_left_only_by_a_late_decision(void **unused)
{
    (void)unused;
    for (int s = LEG_READY; s < STATES; s++) {
        for (int e = 0; e < EVENTS && !leg_open((enum leg_state)s); e++) {
            enum leg_state next = transfer_next((enum leg_state)s, (enum leg_event)e);
            if (next != LEG_NONE) {
                assert_true(e == LEG_ON_TAKE || e == LEG_ON_REFUSE);
                assert_int_equal(next, e == LEG_ON_TAKE ? LEG_TAKEN : LEG_REFUSED);
                assert_true(s == LEG_EXPIRED || s == LEG_CANCELLED);
            }
        }
    }
}

static void every_open_state_can_be_taken(void **unused)
{
    (void)unused;
    for (int s = LEG_READY; s < STATES; s++) {
        if (leg_open((enum leg_state)s)) {
            assert_int_equal(transfer_next((enum leg_state)s, LEG_ON_TAKE), LEG_TAKEN);
        }
    }
}

/* Which states can be reached from `from`, whatever happens. */
static uint32_t reachable(enum leg_state from)
{
    uint32_t seen = 1u << from;
    for (uint32_t before = 0; before != seen;) {
        before = seen;
        for (int s = LEG_READY; s < STATES; s++) {
            for (int e = 0; e < EVENTS && (seen >> s & 1u) != 0; e++) {
                enum leg_state next = transfer_next((enum leg_state)s, (enum leg_event)e);
                seen |= next == LEG_NONE ? 0u : 1u << next;
            }
        }
    }
    return seen;
}

static void every_open_state_can_reach_every_end(void **unused)
{
    (void)unused;
    for (int s = LEG_READY; s < STATES; s++) {
        if (!leg_open((enum leg_state)s)) {
            continue;
        }
        uint32_t seen = reachable((enum leg_state)s);
        assert_true((seen >> LEG_TAKEN & 1u) != 0);
        assert_true((seen >> LEG_REFUSED & 1u) != 0);
        assert_true((seen >> LEG_CANCELLED & 1u) != 0);
        assert_true((seen >> LEG_EXPIRED & 1u) != 0);
    }
}

static void only_what_is_due_is_sent(void **unused)
{
    (void)unused;
    for (int s = LEG_READY; s < STATES; s++) {
        bool due = s == LEG_READY || s == LEG_BACKOFF || s == LEG_SENT;
        enum leg_state next = transfer_next((enum leg_state)s, LEG_ON_SEND);
        assert_int_equal(next, due ? LEG_SENT : LEG_NONE);
    }
}

static void a_parked_leg_moves_only_by_a_person_or_a_late_answer(void **unused)
{
    (void)unused;
    for (int e = 0; e < EVENTS; e++) {
        bool allowed = e == LEG_ON_TAKE || e == LEG_ON_REFUSE || e == LEG_ON_REPLAY ||
                       e == LEG_ON_WAIT || e == LEG_ON_HOLD || e == LEG_ON_EXPIRE ||
                       e == LEG_ON_CANCEL || e == LEG_ON_SKIP;
        bool moves = transfer_next(LEG_PARKED, (enum leg_event)e) != LEG_NONE;
        assert_int_equal(moves, allowed);
    }
}

static void an_operator_may_end_or_hold_every_open_leg(void **unused)
{
    (void)unused;
    for (int s = LEG_READY; s < STATES; s++) {
        if (!leg_open((enum leg_state)s)) {
            continue;
        }
        enum leg_state held = transfer_next((enum leg_state)s, LEG_ON_HOLD);
        assert_int_equal(held, s == LEG_HELD ? LEG_NONE : LEG_HELD);
        assert_int_equal(transfer_next((enum leg_state)s, LEG_ON_CANCEL), LEG_CANCELLED);
        assert_int_equal(transfer_next((enum leg_state)s, LEG_ON_EXPIRE), LEG_EXPIRED);
    }
}

/* What is skipped is neither sent nor ended: it stands where it stood and lets others pass. */
static void skipping_keeps_the_state(void **unused)
{
    (void)unused;
    for (int s = LEG_NONE; s < STATES; s++) {
        bool stands = s == LEG_PARKED || s == LEG_HELD;
        assert_int_equal(transfer_next((enum leg_state)s, LEG_ON_SKIP), stands ? s : LEG_NONE);
    }
}

/* Whatever a receiver says after an act is believed if it took it; nothing else wakes a held leg.
 */
static void a_held_leg_moves_only_by_a_person_or_a_late_answer(void **unused)
{
    (void)unused;
    for (int e = 0; e < EVENTS; e++) {
        bool allowed = e == LEG_ON_TAKE || e == LEG_ON_REFUSE || e == LEG_ON_RELEASE ||
                       e == LEG_ON_WAIT || e == LEG_ON_SKIP || e == LEG_ON_EXPIRE ||
                       e == LEG_ON_CANCEL;
        bool moves = transfer_next(LEG_HELD, (enum leg_event)e) != LEG_NONE;
        assert_int_equal(moves, allowed);
    }
}

static void names_are_whole_and_read_back(void **unused)
{
    (void)unused;
    for (int s = LEG_READY; s < STATES; s++) {
        const char *name = leg_state_name((enum leg_state)s);
        assert_int_equal(leg_state_by_name(text_bytes(name)), s);
    }
    assert_int_equal(leg_state_by_name(text_bytes("asleep")), LEG_NONE);
    for (int e = 0; e < EVENTS; e++) {
        assert_string_not_equal(leg_event_name((enum leg_event)e), "none");
    }
}

static void backoff_doubles_to_its_bound(void **unused)
{
    (void)unused;
    int64_t wanted = 2000;
    for (uint32_t attempt = 1; attempt <= 40; attempt++) {
        int64_t least = backoff_ms(attempt, 2000, 600000, 0);
        int64_t most = backoff_ms(attempt, 2000, 600000, UINT32_MAX);
        assert_int_equal(least, wanted);
        assert_true(most >= least && most <= least + least / 4);
        wanted = wanted * 2 < 600000 ? wanted * 2 : 600000;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_moves_what_is_not_there),
        cmocka_unit_test(taken_is_absorbing),
        cmocka_unit_test(final_states_are_left_only_by_a_late_decision),
        cmocka_unit_test(every_open_state_can_be_taken),
        cmocka_unit_test(every_open_state_can_reach_every_end),
        cmocka_unit_test(only_what_is_due_is_sent),
        cmocka_unit_test(a_parked_leg_moves_only_by_a_person_or_a_late_answer),
        cmocka_unit_test(an_operator_may_end_or_hold_every_open_leg),
        cmocka_unit_test(skipping_keeps_the_state),
        cmocka_unit_test(a_held_leg_moves_only_by_a_person_or_a_late_answer),
        cmocka_unit_test(names_are_whole_and_read_back),
        cmocka_unit_test(backoff_doubles_to_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
