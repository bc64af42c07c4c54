/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The table of states.def as code. transfer_next is pure: the same pair gives the same answer
 * before the commit, while folding, and in the model test that walks every pair.
 */
#include "leg.h"

#include <string.h>

#include <lienthong/status.h>

enum leg_state transfer_next(enum leg_state state, enum leg_event event)
{
#define LEG_MOVE(from, on, to)                                                                     \
    if (state == LEG_##from && event == LEG_ON_##on) {                                             \
        return LEG_##to;                                                                           \
    }
#include "states.def"
    return LEG_NONE;
}

bool leg_open(enum leg_state state)
{
    switch (state) {
#define LEG_STATE(name, number, text, open, vi, en)                                                \
    case LEG_##name:                                                                               \
        return open;
#include "states.def"
    case LEG_STATES_END:
        break;
    }
    return false;
}

const char *leg_state_name(enum leg_state state)
{
    switch (state) {
#define LEG_STATE(name, number, text, open, vi, en)                                                \
    case LEG_##name:                                                                               \
        return text;
#include "states.def"
    case LEG_STATES_END:
        break;
    }
    return "none";
}

enum leg_state leg_state_by_name(struct lt_bytes name)
{
    for (int i = LEG_READY; i < LEG_STATES_END; i++) {
        const char *text = leg_state_name((enum leg_state)i);
        if (strlen(text) == name.size && memcmp(text, name.data, name.size) == 0) {
            return (enum leg_state)i;
        }
    }
    return LEG_NONE;
}

const char *leg_event_name(enum leg_event event)
{
    switch (event) {
#define LEG_EVENT(name, text)                                                                      \
    case LEG_ON_##name:                                                                            \
        return text;
#include "states.def"
    case LEG_EVENTS_END:
        break;
    }
    return "none";
}

bool kind_steps_aside(enum lt_kind kind, uint16_t code)
{
    if (code == LT_STEP_BEFORE_MISSING) {
        return false; /* the receiver waits for an earlier state: order is the cure */
    }
    switch (kind) {
    case LT_KIND_STATUS:
    case LT_KIND_CITIZEN_NOTICE:
    case LT_KIND_OPINION_REQUEST:
    case LT_KIND_EXTENSION:
    case LT_KIND_RECONCILE:
        return true;
    default:
        return false;
    }
}

bool code_costs_time(uint16_t code)
{
    return code == LT_RECEIVER_UNREACHABLE || code == LT_RECEIVER_FAULTY;
}

bool kind_expires(enum lt_kind kind)
{
    switch (kind) {
    case LT_KIND_FORWARD:
    case LT_KIND_SUPPLEMENT:
    case LT_KIND_RESULT:
    case LT_KIND_FEE_REQUEST:
    case LT_KIND_FEE_PAID:
        return false;
    default:
        return true;
    }
}

bool kind_overtakes(enum lt_kind kind)
{
    return kind == LT_KIND_WITHDRAW;
}

int64_t backoff_ms(uint32_t attempt, int64_t first_ms, int64_t max_ms, uint32_t random)
{
    int64_t wait_ms = first_ms;
    for (uint32_t i = 1; i < attempt && wait_ms < max_ms; i++) {
        wait_ms *= 2;
    }
    if (wait_ms > max_ms) {
        wait_ms = max_ms;
    }
    return wait_ms + (int64_t)(random % (uint32_t)(wait_ms / 4 + 1));
}
