/* SPDX-License-Identifier: EUPL-1.2 */
/* Order, counts, and that misuse stops the program. */
#include "base_test.h"

#include "proto/base/list.h"

struct item {
    int number;
    struct list_node node;
};

static int number_of(const struct list_node *node)
{
    return ((const struct item *)(const void *)((const char *)node - offsetof(struct item, node)))
        ->number;
}

static void order_and_count(void **state)
{
    (void)state;
    struct list list;
    struct item items[5];
    list_init(&list);
    assert_null(list_first(&list));
    assert_null(list_pop(&list));
    for (int i = 0; i < 5; i++) {
        items[i].number = i;
        list_node_init(&items[i].node);
        assert_false(list_linked(&items[i].node));
        if (i < 3) {
            list_push(&list, &items[i].node);
        } else {
            list_push_front(&list, &items[i].node);
        }
        assert_true(list_linked(&items[i].node));
    }
    assert_int_equal(list.count, 5);
    static const int expected[] = {4, 3, 0, 1, 2};
    const struct list_node *at = list_first(&list);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(number_of(at), expected[i]);
        at = list_next(&list, at);
    }
    assert_null(at);

    list_remove(&list, &items[0].node);
    assert_int_equal(list.count, 4);
    assert_false(list_linked(&items[0].node));
    struct list_node *popped = list_pop(&list);
    assert_int_equal(LIST_ENTRY(popped, struct item, node)->number, 4);
    list_push(&list, popped); /* free again, may be linked again */
    assert_int_equal(list.count, 4);
    while (list_pop(&list) != NULL) {
    }
    assert_int_equal(list.count, 0);
}

static void link_twice(void)
{
    struct list a, b;
    struct list_node node;
    list_init(&a);
    list_init(&b);
    list_node_init(&node);
    list_push(&a, &node);
    list_push(&b, &node);
}

static void unlink_free(void)
{
    struct list a;
    struct list_node one, other;
    list_init(&a);
    list_node_init(&one);
    list_node_init(&other);
    list_push(&a, &one);
    list_remove(&a, &other);
}

static void unlink_from_empty(void)
{
    struct list a, b;
    struct list_node node;
    list_init(&a);
    list_init(&b);
    list_node_init(&node);
    list_push(&a, &node);
    list_remove(&b, &node);
}

static void misuse_stops(void **state)
{
    (void)state;
    assert_true(dies(link_twice));
    assert_true(dies(unlink_free));
    assert_true(dies(unlink_from_empty));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_count),
        cmocka_unit_test(misuse_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
