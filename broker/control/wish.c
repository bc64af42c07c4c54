/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Acts that wait for a second person, found by what they are: the act, the transfer, its legs and
 * where they go. So the second person repeats the very same command and can agree to nothing else;
 * both keys were used at the operators' port, and the fact carries both names.
 */
#include "wish.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool same_act(const struct wish *a, const struct wish *b)
{
    return a->act == b->act && a->position == b->position && a->legs == b->legs && a->to == b->to;
}

static struct wish *find(struct wishes *wishes, const struct wish *like)
{
    for (uint32_t i = 0; i < ACT_WISHES_MAX; i++) {
        if (same_act(&wishes->slots[i], like)) {
            return &wishes->slots[i];
        }
    }
    return NULL;
}

struct wish *wish_find(struct wishes *wishes, const struct wish *like, int64_t mono_ms)
{
    struct wish *wish = find(wishes, like);
    return wish != NULL && mono_ms - wish->asked_ms < ACT_WISH_KEEP_MS ? wish : NULL;
}

void wish_put(struct wishes *wishes, const struct wish *wish)
{
    struct wish *slot = find(wishes, wish);
    if (slot == NULL) {
        slot = &wishes->slots[0];
        for (uint32_t i = 1; i < ACT_WISHES_MAX && slot->act != 0; i++) {
            struct wish *other = &wishes->slots[i];
            slot = other->act == 0 || other->asked_ms < slot->asked_ms ? other : slot;
        }
    }
    *slot = *wish;
}

void wish_drop(struct wishes *wishes, const struct wish *like)
{
    struct wish *wish = find(wishes, like);
    if (wish != NULL) {
        memset(wish, 0, sizeof(*wish));
    }
}
