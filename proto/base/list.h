/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_LIST_H
#define PROTO_BASE_LIST_H

#include <stddef.h>
#include <stdint.h>

/*
 * Intrusive, doubly linked, counted lists: a node is on one list at most, and the count of a list
 * is a statistic for free. Misuse (unlinking a free node, linking twice) stops the program.
 */
struct list_node {
    struct list_node *next;
    struct list_node *prev;
};

struct list {
    struct list_node head;
    uint32_t count;
};

#define LIST_ENTRY(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

void list_init(struct list *list);
void list_node_init(struct list_node *node);
int list_linked(const struct list_node *node);
void list_push(struct list *list, struct list_node *node); /* at the tail */
void list_push_front(struct list *list, struct list_node *node);
void list_remove(struct list *list, struct list_node *node);
struct list_node *list_pop(struct list *list);         /* from the head, or NULL */
struct list_node *list_first(const struct list *list); /* or NULL */
struct list_node *list_last(const struct list *list);  /* or NULL */
struct list_node *list_next(const struct list *list, const struct list_node *node); /* or NULL */
struct list_node *list_prev(const struct list *list, const struct list_node *node); /* or NULL */
/* Behind `after`, which is on the list; NULL: at the head. */
void list_insert(struct list *list, struct list_node *after, struct list_node *node);

#endif
