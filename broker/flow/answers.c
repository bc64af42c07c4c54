/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The waiting room between the journal and the wire. Positions within one session only rise,
 * because facts are staged in turn order, so looking at the head is enough.
 */
#include "answers.h"

#include <assert.h>
#include <stdlib.h>

enum lt_status answers_open(struct answers *answers, uint64_t durable_at_start)
{
    answers->line = durable_at_start;
    return pool_init(&answers->pool, "answers", sizeof(struct answer), ANSWERS_MAX);
}

void answers_close(struct answers *answers)
{
    pool_deinit(&answers->pool);
}

struct answer *answer_make(struct answers *answers, struct sessions *sessions,
                           struct session *session, enum answer_kind kind, uint64_t position)
{
    struct answer *answer = pool_take(&answers->pool);
    if (answer == NULL) {
        return NULL;
    }
    answer->kind = kind;
    answer->position = position;
    list_node_init(&answer->node);
    list_push(&session->answers, &answer->node);
    session_wake(sessions, session);
    return answer;
}

uint32_t answers_left(const struct answers *answers)
{
    return answers->pool.capacity - pool_used(&answers->pool);
}

void answers_release(struct answers *answers, const struct journal_ticket *ticket)
{
    uint64_t position = ticket_position(ticket);
    assert(position >= answers->line);
    answers->line = position;
}

static struct answer *passed(const struct answers *answers, struct list_node *node)
{
    if (node == NULL) {
        return NULL;
    }
    struct answer *answer = LIST_ENTRY(node, struct answer, node);
    return answer->position <= answers->line ? answer : NULL;
}

struct answer *answer_ready(const struct answers *answers, const struct session *session)
{
    return passed(answers, list_first(&session->answers));
}

struct answer *answer_after(const struct answers *answers, const struct session *session,
                            const struct answer *answer)
{
    return passed(answers, list_next(&session->answers, &answer->node));
}

void answer_free(struct answers *answers, struct session *session, struct answer *answer)
{
    list_remove(&session->answers, &answer->node);
    free(answer->page);
    answer->page = NULL;
    pool_give(&answers->pool, answer);
}

void answers_drop(struct answers *answers, struct session *session)
{
    struct list_node *node;
    while ((node = list_first(&session->answers)) != NULL) {
        answer_free(answers, session, LIST_ENTRY(node, struct answer, node));
    }
}
