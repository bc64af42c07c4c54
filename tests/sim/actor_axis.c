/* SPDX-License-Identifier: EUPL-1.2 */
/* How an agency meets the axis: the same as before, restored with a word, or rolled back without
 * one; by the rules of the SDK. And what it waits for, for people. */
#include "actor_private.h"

#include <stdio.h>

/* The axis was restored: what it lost goes again, before anything new, as the SDK does it. */
static void submit_again(struct actor *actor, const struct session *session)
{
    for (uint32_t i = 0; i < actor->items_count; i++) {
        struct item *item = &actor->items[i];
        bool decided = item->state == ITEM_DECIDED;
        if (decided && item->position > session->restored_to) {
            item->backed = item->position <= actor->backed_up_to;
            item->state = ITEM_WAITING;
            item->again_ms = 0;
        }
        item->again = item->tried && item->state != ITEM_DECIDED;
    }
    for (uint32_t i = 0; i < actor->given_count; i++) {
        struct given *given = &actor->given[i];
        if (given->effect) {
            given->open = true; /* what was decided is said again */
            given->number = ++actor->tellings;
            given->said_ms = 0;
        }
    }
    actor->backed_up_to = 0;
    actor->known = (struct axis_known){session->incarnation, session->restored_to, session->run};
    if (actor->notice_cursor > session->notice_seq) {
        actor->notice_cursor = session->notice_seq;
    }
    for (uint32_t i = 0; i < LINES; i++) {
        actor->lines[i].session.notice_cursor = actor->notice_cursor;
    }
    actor_back_lost_by_both(actor);
    if (actor->back != BACK_NONE) {
        actor_back_anew(actor);
    }
}

void actor_welcome(struct actor *actor, struct line *line)
{
    struct session *session = &line->session;
    const struct axis_says says = {session->incarnation, session->durable, session->run,
                                   session->run_from};
    switch (axis_meet(&actor->known, &says)) {
    case AXIS_ROLLED_BACK:
        session_refuse(session, &actor->arena, LT_ROLLED_BACK);
        return;
    case AXIS_RESTORED:
        submit_again(actor, session);
        break;
    case AXIS_SAME:
        actor->known.incarnation = session->incarnation;
        actor->known.run = session->run;
        break;
    }
    if (actor->back == BACK_NONE) {
        actor_grant(actor, line);
    }
}

void actor_say(const struct actor *actor)
{
    static const char *const states[] = {"waiting", "submitted", "decided"};
    if (actor->back != BACK_NONE) {
        fprintf(stderr, "    its local system catches up: %d\n", (int)actor->back);
    }
    for (uint32_t i = 0; i < actor->items_count; i++) {
        const struct item *item = &actor->items[i];
        if (item->state != ITEM_DECIDED) {
            fprintf(stderr, "    wish %u of case %u is %s, last %s\n", item->wish->number,
                    item->wish->lane, states[item->state], lt_code((enum lt_status)item->code));
        }
    }
    for (uint32_t i = 0; i < actor->given_count; i++) {
        const struct given *given = &actor->given[i];
        if (given->open) {
            fprintf(stderr, "    sender %u wish %u is not confirmed\n", given->wish->from,
                    given->wish->number);
        }
    }
}
