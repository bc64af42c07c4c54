/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Desks: one fixed slot per agency number. The slots are reserved as zero pages, so agencies that
 * do not exist cost no memory. The active list carries each desk at most once; dispatch takes it
 * from the head, which gives every agency its turn however much one of them has waiting.
 */
#include "desk.h"

#include <assert.h>
#include <stdlib.h>

#include "broker/limits.h"
#include <lienthong/status.h>

enum lt_status desks_open(struct desks *desks)
{
    desks->slots = calloc(AGENCIES_MAX + 1, sizeof(struct desk));
    if (desks->slots == NULL) {
        return LT_NO_MEMORY;
    }
    list_init(&desks->active);
    list_init(&desks->later);
    list_init(&desks->telling);
    list_init(&desks->cold);
    list_init(&desks->verifying);
    list_init(&desks->news);
    desks->highest = 0;
    return LT_OK;
}

void desks_close(struct desks *desks)
{
    free(desks->slots);
    desks->slots = NULL;
}

struct desk *desk_of(struct desks *desks, uint32_t agency)
{
    assert(agency <= AGENCIES_MAX);
    struct desk *desk = &desks->slots[agency];
    if (desk->next_due_ms == 0) {
        desk->agency = agency;
        desk->next_due_ms = INT64_MAX;
        list_node_init(&desk->active);
        list_node_init(&desk->telling);
        list_node_init(&desk->cold);
        list_node_init(&desk->verifying);
        list_node_init(&desk->has_news);
        list_init(&desk->news);
        list_init(&desk->submissions);
        if (agency > desks->highest) {
            desks->highest = agency;
        }
    }
    return desk;
}

void desk_wake(struct desks *desks, struct desk *desk)
{
    if (desk->receiving == NULL) {
        return;
    }
    if (desk->later) {
        list_remove(&desks->later, &desk->active);
        desk->later = false;
    }
    if (!list_linked(&desk->active)) {
        list_push(&desks->active, &desk->active);
    }
}

void desk_wait_ticket(struct desks *desks, struct desk *desk)
{
    if (!list_linked(&desk->active)) {
        list_push(&desks->later, &desk->active);
        desk->later = true;
    }
}

void desks_ticket(struct desks *desks)
{
    struct list_node *node;
    while ((node = list_pop(&desks->later)) != NULL) {
        LIST_ENTRY(node, struct desk, active)->later = false;
        list_push(&desks->active, node);
    }
}

struct desk *desk_next_active(struct desks *desks)
{
    struct list_node *node = list_pop(&desks->active);
    return node == NULL ? NULL : LIST_ENTRY(node, struct desk, active);
}

void desk_wait_room(struct desks *desks, struct desk *desk)
{
    if (!list_linked(&desk->cold)) {
        list_push(&desks->cold, &desk->cold);
    }
}

void desks_room(struct desks *desks, uint32_t room)
{
    struct list_node *node;
    while (room > 0 && (node = list_pop(&desks->cold)) != NULL) {
        desk_wake(desks, LIST_ENTRY(node, struct desk, cold));
        room--;
    }
}

void desk_tell(struct desks *desks, struct desk *desk)
{
    if (desk->sessions != 0 && !list_linked(&desk->telling)) {
        list_push(&desks->telling, &desk->telling);
    }
}

struct desk *desk_next_telling(struct desks *desks)
{
    struct list_node *node = list_pop(&desks->telling);
    return node == NULL ? NULL : LIST_ENTRY(node, struct desk, telling);
}

static int due_order(const struct due_key *a, const struct due_key *b)
{
    if (a->due_ms != b->due_ms) {
        return a->due_ms < b->due_ms ? -1 : 1;
    }
    if (a->position != b->position) {
        return a->position < b->position ? -1 : 1;
    }
    return (int)a->leg - (int)b->leg;
}

void desk_due(struct desks *desks, struct desk *desk, const struct due_key *key)
{
    assert(key->priority < DESK_PRIORITIES);
    struct due_key *from = &desk->from[key->priority];
    if (desk->from_known[key->priority] && due_order(key, from) < 0) {
        *from = *key;
    }
    desk_wake(desks, desk);
}
