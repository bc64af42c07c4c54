/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Rings of nodes that live inside the objects they chain. A state of the house is a list and moving
 * an object is moving its node, so the totals of every state are there without counting.
 *
 * A free node has no neighbours (both NULL); that is what makes a second link or a second unlink
 * visible. Both are mistakes of ours and stop the program at once, because a ring that was linked
 * wrongly loses objects silently. Which list a node is on is not stored: the caller knows, and the
 * counts would drift apart otherwise, so an empty list refuses to give up a node.
 */
#include <assert.h>

#include "list.h"

void list_init(struct list *list)
{
    list->head.next = &list->head;
    list->head.prev = &list->head;
    list->count = 0;
}

void list_node_init(struct list_node *node)
{
    node->next = NULL;
    node->prev = NULL;
}

int list_linked(const struct list_node *node)
{
    return node->next != NULL;
}

static void link_behind(struct list *list, struct list_node *before, struct list_node *node)
{
    assert(!list_linked(node));
    assert(list->count < UINT32_MAX);
    node->prev = before;
    node->next = before->next;
    before->next->prev = node;
    before->next = node;
    list->count++;
}

void list_push(struct list *list, struct list_node *node)
{
    link_behind(list, list->head.prev, node);
}

void list_push_front(struct list *list, struct list_node *node)
{
    link_behind(list, &list->head, node);
}

void list_insert(struct list *list, struct list_node *after, struct list_node *node)
{
    assert(after == NULL || list_linked(after));
    link_behind(list, after == NULL ? &list->head : after, node);
}

void list_remove(struct list *list, struct list_node *node)
{
    assert(list_linked(node));
    assert(list->count > 0 && node != &list->head);
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_node_init(node);
    list->count--;
}

struct list_node *list_pop(struct list *list)
{
    struct list_node *node = list_first(list);
    if (node != NULL) {
        list_remove(list, node);
    }
    return node;
}

struct list_node *list_first(const struct list *list)
{
    return list_next(list, &list->head);
}

struct list_node *list_last(const struct list *list)
{
    return list_prev(list, &list->head);
}

struct list_node *list_next(const struct list *list, const struct list_node *node)
{
    assert(list_linked(node));
    return node->next == &list->head ? NULL : node->next;
}

struct list_node *list_prev(const struct list *list, const struct list_node *node)
{
    assert(list_linked(node));
    return node->prev == &list->head ? NULL : node->prev;
}
