/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Acts that wait for a second person, found by what they are: the act, the transfer, its legs and
 * where they go. So the second person repeats the very same command and can agree to nothing else;
 * both keys were used at the operators' port, and the fact carries both names. The list of what is
 * pending numbers them, so that the second person need not type the command again; agreeing by
 * number is the same command, made here (act_pending.c). One that was refused stays in the list for
 * the rest of its hour, so that the one who asked sees by whom and why.
 */
#include "wish.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool same_act(const struct wish *a, const struct wish *b)
{
    return a->act == b->act && a->position == b->position && a->legs == b->legs && a->to == b->to;
}

static bool stands(const struct wish *wish, int64_t mono_ms)
{
    return wish->number != 0 && mono_ms - wish->asked_ms < ACT_WISH_KEEP_MS;
}

static struct wish *find(struct wishes *wishes, const struct wish *like)
{
    for (uint32_t i = 0; i < ACT_WISHES_MAX; i++) {
        if (wishes->slots[i].number != 0 && same_act(&wishes->slots[i], like)) {
            return &wishes->slots[i];
        }
    }
    return NULL;
}

struct wish *wish_find(struct wishes *wishes, const struct wish *like, int64_t mono_ms)
{
    struct wish *wish = find(wishes, like);
    return wish != NULL && stands(wish, mono_ms) && wish->refused_by[0] == '\0' ? wish : NULL;
}

struct wish *wish_numbered(struct wishes *wishes, uint64_t number, int64_t mono_ms)
{
    for (uint32_t i = 0; i < ACT_WISHES_MAX && number != 0; i++) {
        if (wishes->slots[i].number == number && stands(&wishes->slots[i], mono_ms)) {
            return &wishes->slots[i];
        }
    }
    return NULL;
}

const struct wish *wish_after(const struct wishes *wishes, uint64_t number, int64_t mono_ms)
{
    const struct wish *next = NULL;
    for (uint32_t i = 0; i < ACT_WISHES_MAX; i++) {
        const struct wish *wish = &wishes->slots[i];
        if (wish->number > number && stands(wish, mono_ms) &&
            (next == NULL || wish->number < next->number)) {
            next = wish;
        }
    }
    return next;
}

void wish_put(struct wishes *wishes, const struct wish *wish)
{
    struct wish *slot = find(wishes, wish);
    if (slot == NULL) {
        slot = &wishes->slots[0];
        for (uint32_t i = 1; i < ACT_WISHES_MAX && slot->number != 0; i++) {
            struct wish *other = &wishes->slots[i];
            slot = other->number == 0 || other->asked_ms < slot->asked_ms ? other : slot;
        }
    }
    *slot = *wish;
    slot->number = ++wishes->last;
}

void wish_drop(struct wishes *wishes, const struct wish *like)
{
    struct wish *wish = find(wishes, like);
    if (wish != NULL) {
        memset(wish, 0, sizeof(*wish));
    }
}
