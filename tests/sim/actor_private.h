/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_ACTOR_PRIVATE_H
#define TESTS_SIM_ACTOR_PRIVATE_H

#include "actor.h"
#include "adapters/sdk/box_axis.h"
#include "adapters/sdk/session.h"
#include "proto/base/uuid7.h"
#include "proto/digest.h"
#include "proto/message.h"

#define ITEMS_MAX 512
#define GIVEN_MAX 8192
#define LINES     2
#define BACK_MAX  1024

enum item_state { ITEM_WAITING, ITEM_SUBMITTED, ITEM_DECIDED };

struct item {
    struct wish *wish;
    struct lt_id id;
    enum item_state state;
    bool tried;        /* it may have been accepted although no verdict came */
    bool again;        /* the axis lost it to a restore: it goes once more */
    bool backed;       /* the axis had said that a backup holds it: no adapter need keep it */
    uint64_t position; /* told with the verdict */
    uint32_t code;     /* of the last verdict that did not stand */
    uint32_t line;     /* it was submitted on */
    int64_t again_ms;
    uint8_t *header;
    size_t header_size;
    uint8_t body[64];
    size_t body_size;
    struct lt_digest digest;
};

struct given {
    struct lt_id id;
    uint32_t leg;
    uint32_t attempt;
    uint64_t position;
    uint32_t incarnation; /* of the axis, when it came last */
    uint64_t barred;      /* session over which it may not come: "not held" was said beside it */
    int64_t barred_ms;    /* until then: nothing is on its way for so long */
    struct wish *wish;
    bool effect; /* decided for good: taken or refused */
    bool gone;   /* it was, until the local system was set back */
    bool saved;  /* and the saved local system has it */
    bool open;   /* an answer is to be said until it is confirmed */
    bool permanent;
    enum lt_outcome outcome;
    uint32_t code;
    int64_t said_ms;
    uint64_t number; /* of this telling */
};

struct line {
    struct world_link *link;
    struct session session;
    struct lt_id instance;
    uint64_t epoch;
    uint32_t lives;
    uint64_t outstanding_bytes;
    uint32_t outstanding;
};

/* A local system that was set back catches up, in this order. */
enum back { BACK_NONE, BACK_SETTLE, BACK_LIST, BACK_FETCH };

struct back_item {
    struct lt_id id;
    uint32_t leg;
    uint64_t position;
    bool here; /* its bytes came, or the archive has them */
};

struct actor {
    struct actor_options options;
    struct world_clock clock;
    struct world_entropy entropy;
    struct world_random random;
    struct line lines[LINES];
    struct arena arena;
    struct digester *digester;
    struct uuid7 ids;
    struct item items[ITEMS_MAX];
    uint32_t items_count;
    struct given given[GIVEN_MAX];
    uint32_t given_count;
    uint64_t tellings;
    uint64_t notice_cursor;
    struct axis_known known;
    uint64_t backed_up_to;
    int64_t wiped_ms;
    uint32_t broken; /* the class of every answer; 0: it works */
    bool calm;

    bool saved;
    int64_t saved_axis_ms;
    uint32_t saved_incarnation;
    uint32_t saved_items;
    enum back back;
    enum lt_list back_what;
    struct back_item back_items[BACK_MAX];
    uint32_t back_count;
    uint32_t back_first; /* of the batch under way */
    uint64_t back_after;
    uint64_t back_number;
    int64_t back_asked_ms;
    bool back_listed[ITEMS_MAX];
};

static inline int64_t actor_now(const struct actor *actor)
{
    return actor->options.world->mono_ms;
}

/* actor.c */
struct given *actor_given(struct actor *actor, const struct lt_id *id, uint32_t leg);
struct given *actor_given_make(struct actor *actor, const struct lt_id *id, uint32_t leg);
struct wish *actor_wish(struct actor *actor, const struct header *header);
void actor_settle(struct actor *actor, struct line *line);
void actor_grant(struct actor *actor, struct line *line);

/* actor_axis.c: a session was opened */
void actor_welcome(struct actor *actor, struct line *line);

/* actor_back.c */
void actor_held(struct actor *actor, struct line *line, const struct held_ask *ask);
void actor_back_step(struct actor *actor); /* while actor->back != BACK_NONE */
/* Frames of a restore; false: it is none. */
bool actor_back_frame(struct actor *actor, const struct frame *frame);
void actor_back_anew(struct actor *actor);
void actor_back_lost_by_both(struct actor *actor); /* the axis was restored, too */

#endif
