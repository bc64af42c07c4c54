/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two tables: parcels on their way to a verdict, and legs whose answer is not confirmed. Whatever
 * was outstanding when a session ended is said again in the next one.
 *
 * Bodies follow from sender and number, mostly small, some of many pages, so that a receiver knows
 * byte for byte what it must get. A parcel pushed back is tried again soon, whatever the broker
 * advises: the test is in a hurry.
 */
#include "actor.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/sdk/content.h"
#include "adapters/sdk/session.h"
#include "proto/base/text.h"
#include "proto/base/uuid7.h"
#include "proto/digest.h"
#include "proto/message.h"

#define ITEMS_MAX     192 /* undecided, and after a wipe the last ones again */
#define WISHES_OPEN   96
#define WIPED_MAX     64 /* decided wishes a wipe forgets */
#define OPEN_MAX      8192
#define SUBMIT_MAX    24
#define SETTLE_MAX    32
#define HEADER_MAX    1024
#define BODY_MAX      (40 * 1024)
#define WANT_BYTES    (512 * 1024)
#define RETRY_MS      60
#define HELLO_MS      5
#define GRANT         ((struct window){.parcels = 48, .bytes = 512 * 1024})
#define GRANT_NOTICES 256

enum item_state { ITEM_WAITING, ITEM_SUBMITTED };

struct item {
    struct wish *wish;
    enum item_state state;
    int64_t again_ms;
    struct lt_id id;
    uint8_t header[HEADER_MAX];
    size_t header_size;
    size_t body_size;
    struct lt_digest digest;
};

struct actor {
    struct actor_options options;
    struct world_random random;
    struct session session;
    struct arena arena;
    struct digester *digester;
    struct uuid7 ids;
    struct lt_id instance;
    uint64_t epoch;
    uint32_t lives;
    struct item *items[ITEMS_MAX]; /* in the order the wishes were made */
    uint32_t items_count;
    struct wish_leg *open[OPEN_MAX]; /* answers not confirmed */
    uint32_t open_count;
    uint64_t tellings;
    uint64_t legs_told; /* final outcomes, of own wishes */
    uint64_t legs_owed; /* legs of own wishes */
    uint64_t notice_cursor;
    struct window out; /* unanswered at the broker */
    uint32_t allowed;
    bool calm;
    bool hold;
    bool grant_due;
    uint8_t *body; /* scratch of BODY_MAX */
};

static int64_t now_ms(const struct actor *actor)
{
    return actor->options.clock->mono_ms(actor->options.clock->self);
}

static struct oracle *oracle_of(const struct actor *actor)
{
    return actor->options.oracle;
}

static bool sends(const struct actor *actor)
{
    return actor->options.index < SENDERS;
}

static bool receives(const struct actor *actor)
{
    return actor->options.index >= AGENCIES - RECEIVERS;
}

/* ---- opening ----------------------------------------------------------------------------- */

static void open_session(struct actor *actor)
{
    enum frame_role role = !receives(actor) ? ROLE_SENDING
                           : !sends(actor)  ? ROLE_RECEIVING
                                            : ROLE_BOTH;
    actor->epoch++;
    session_init(&actor->session, client_zmq_port(actor->options.client), actor->options.clock,
                 actor->options.entropy, &actor->instance, actor->epoch, role, "lt-crash/1");
    actor->session.notice_cursor = actor->notice_cursor;
    actor->session.want_bytes = WANT_BYTES;
    actor->lives = actor->session.lives;
}

struct actor *actor_open(const struct actor_options *options)
{
    struct actor *actor = calloc(1, sizeof(*actor));
    assert(actor != NULL);
    actor->options = *options;
    actor->body = malloc(BODY_MAX);
    assert(actor->body != NULL);
    world_random_init(&actor->random, options->world, 200 + options->index);
    enum lt_status status = arena_init(&actor->arena, 1 << 20, 16 << 20);
    assert(status == LT_OK);
    status = digester_open(&actor->digester);
    assert(status == LT_OK);
    options->entropy->fill(options->entropy->self, &actor->instance, sizeof(actor->instance));
    open_session(actor);
    return actor;
}

static void drop_items(struct actor *actor)
{
    for (uint32_t i = 0; i < actor->items_count; i++) {
        free(actor->items[i]);
    }
    actor->items_count = 0;
}

void actor_close(struct actor **actor_p)
{
    struct actor *actor = *actor_p;
    if (actor == NULL) {
        return;
    }
    drop_items(actor);
    digester_close(&actor->digester);
    arena_deinit(&actor->arena);
    free(actor->body);
    free(actor);
    *actor_p = NULL;
}

static void new_life(struct actor *actor);

void actor_forget(struct actor *actor)
{
    drop_items(actor);
    actor->open_count = 0;
    actor->legs_told = 0;
    actor->legs_owed = 0;
    actor->notice_cursor = 0;
    actor->allowed = 0;
    actor->calm = false;
    actor->hold = false;
    open_session(actor);
    new_life(actor);
}

/* ---- wishes ------------------------------------------------------------------------------ */

static struct lt_bytes body_of(const struct wish *wish, uint8_t *memory)
{
    uint32_t z = (wish->from * 7919U + wish->number + 1U) * 2654435761U;
    uint32_t draw = z >> 16;
    size_t size = 40 + draw % 160;
    if (draw % 16 == 0) {
        size = 1000 + draw % 7000;
    } else if (draw % 97 == 0) {
        size = BODY_MAX - draw % 5000;
    }
    for (size_t i = 0; i < size; i++) {
        z = z * 1664525U + 1013904223U;
        memory[i] = (uint8_t)(z >> 24);
    }
    return (struct lt_bytes){memory, size};
}

static void write_parcel(struct actor *actor, struct item *item)
{
    struct wish *wish = item->wish;
    struct lt_bytes to[LEGS_MAX];
    struct lt_bytes body = body_of(wish, actor->body);
    struct lt_bytes bytes;
    char case_code[32];
    char key[32];
    item->id = uuid7_next(&actor->ids, actor->options.clock, actor->options.entropy);
    wish->id = item->id;
    (void)snprintf(case_code, sizeof(case_code), "CRASH-%u", wish->lane);
    (void)snprintf(key, sizeof(key), "k-%u-%u", wish->from, wish->number);
    for (uint32_t i = 0; i < wish->legs_count; i++) {
        to[i] = text_bytes(actor->options.ids[wish->legs[i].to]);
    }
    struct header header = {
        .id = item->id,
        .sender_key = text_bytes(key),
        .kind = wish->aside ? LT_KIND_STATUS : LT_KIND_FORWARD,
        .from = text_bytes(actor->options.ids[wish->from]),
        .to = to,
        .to_count = wish->legs_count,
        .case_code = text_bytes(case_code),
        .priority = wish->number % 5,
        .schema_version = 1,
        .created_ms = actor->options.clock->wall_ms(actor->options.clock->self),
        .body_size = body.size,
        .body_sha256 = digest_of(actor->digester, body),
    };
    if (wish->before != NULL) {
        header.after = wish->before->id;
    }
    header.content_digest = content_digest(actor->digester, &header);
    enum lt_status status = header_write(&header, &actor->arena, &bytes);
    assert(status == LT_OK && bytes.size <= sizeof(item->header));
    memcpy(item->header, bytes.data, bytes.size);
    item->header_size = bytes.size;
    item->body_size = body.size;
    item->digest = digest_of_two(actor->digester, bytes, body);
}

static struct item *add_item(struct actor *actor, struct wish *wish)
{
    struct item *item = calloc(1, sizeof(*item));
    assert(item != NULL && actor->items_count < ITEMS_MAX);
    item->wish = wish;
    actor->items[actor->items_count++] = item;
    return item;
}

static void make_wish(struct actor *actor)
{
    uint32_t lane = (uint32_t)world_random_below(&actor->random, CASES);
    struct wish *wish = oracle_make(oracle_of(actor), actor->options.index, lane);
    if (wish == NULL) {
        actor->allowed = 0;
        return;
    }
    wish->aside = world_random_chance(&actor->random, 150);
    wish->legs_count = world_random_chance(&actor->random, 200) ? 2 : 1;
    uint32_t first = (uint32_t)world_random_below(&actor->random, RECEIVERS);
    for (uint32_t i = 0; i < wish->legs_count; i++) {
        wish->legs[i].wish = wish;
        wish->legs[i].to = AGENCIES - RECEIVERS + (first + i) % RECEIVERS;
    }
    actor->legs_owed += wish->legs_count;
    write_parcel(actor, add_item(actor, wish));
}

static void make_wishes(struct actor *actor)
{
    while (sends(actor) && actor->allowed > 0 && actor->items_count < WISHES_OPEN) {
        actor->allowed--;
        make_wish(actor);
        arena_reset(&actor->arena);
    }
}

/* ---- sending ----------------------------------------------------------------------------- */

/* The oldest waiting ones that fit the windows. */
static uint32_t gather(struct actor *actor, struct item **items, struct parcel *parcels)
{
    uint32_t count = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < actor->items_count && count < SUBMIT_MAX; i++) {
        struct item *item = actor->items[i];
        uint64_t size = item->header_size + item->body_size;
        if (item->state != ITEM_WAITING || item->again_ms > now_ms(actor)) {
            continue;
        }
        if (actor->out.bytes + bytes + size > actor->session.submit.bytes ||
            actor->out.parcels + count + 1 > actor->session.submit.parcels ||
            bytes + size + 4096 > LT_SUBMIT_BYTES_MAX) {
            break;
        }
        struct lt_bytes body = arena_copy(&actor->arena, body_of(item->wish, actor->body));
        assert(body.data != NULL);
        parcels[count] = (struct parcel){
            .header = {item->header, item->header_size}, .body = body, .digest = item->digest};
        items[count++] = item;
        bytes += size;
    }
    return count;
}

static void submit(struct actor *actor)
{
    struct item *items[SUBMIT_MAX];
    struct parcel parcels[SUBMIT_MAX];
    uint32_t count = actor->session.open ? gather(actor, items, parcels) : 0;
    struct frame frame = {.kind = FRAME_SUBMIT};
    frame.submit = (struct submit){.parcels = parcels, .count = count, .want_bytes = WANT_BYTES};
    if (count == 0 || session_send(&actor->session, &actor->arena, &frame) != LT_OK) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        items[i]->state = ITEM_SUBMITTED;
        actor->out.parcels++;
        actor->out.bytes += items[i]->header_size + items[i]->body_size;
    }
}

static uint32_t item_by_id(const struct actor *actor, const struct lt_id *id)
{
    uint32_t i = 0;
    while (i < actor->items_count && memcmp(&actor->items[i]->id, id, sizeof(*id)) != 0) {
        i++;
    }
    return i;
}

static void decided(struct actor *actor, uint32_t index)
{
    free(actor->items[index]);
    actor->items_count--;
    memmove((void *)&actor->items[index], (void *)&actor->items[index + 1],
            (actor->items_count - index) * sizeof(actor->items[0]));
}

static void take_verdict(struct actor *actor, const struct verdict_item *verdict)
{
    struct oracle *oracle = oracle_of(actor);
    uint32_t index = item_by_id(actor, &verdict->id);
    if (index == actor->items_count || actor->items[index]->state != ITEM_SUBMITTED) {
        return;
    }
    struct item *item = actor->items[index];
    enum lt_status code = (enum lt_status)verdict->code;
    actor->out.parcels--;
    actor->out.bytes -= item->header_size + item->body_size;
    if (code == LT_OK) {
        bool twin = !id_empty(&verdict->known_as);
        oracle->counts.known += twin;
        oracle_accepted(oracle, item->wish, twin ? &verdict->known_as : &verdict->id);
        decided(actor, index);
        return;
    }
    if (lt_class(code) != LT_CLASS_BUSY && lt_class(code) != LT_CLASS_RETRY) {
        oracle_fail(oracle, item->wish, "an honest parcel was answered %s: %.*s", lt_code(code),
                    (int)verdict->detail.size, (const char *)verdict->detail.data);
    }
    oracle->counts.busy++;
    oracle->counts.full += code == LT_DISK_RESERVE;
    item->state = ITEM_WAITING;
    item->again_ms = now_ms(actor) + RETRY_MS;
}

/* ---- receiving --------------------------------------------------------------------------- */

static struct wish_leg *leg_of(struct actor *actor, const struct delivery *delivery,
                               const struct header *header)
{
    unsigned from = 0;
    unsigned number = 0;
    char key[LT_SENDER_KEY_MAX + 1];
    struct wish *wish = NULL;
    text_copy(key, sizeof(key), header->sender_key);
    if (sscanf(key, "k-%u-%u", &from, &number) == 2) {
        wish = oracle_wish(oracle_of(actor), from, number);
    }
    if (wish == NULL || delivery->leg >= wish->legs_count ||
        wish->legs[delivery->leg].to != actor->options.index) {
        oracle_fail(oracle_of(actor), wish, "leg %u of %s handed over to agency %u", delivery->leg,
                    key, actor->options.index);
    }
    struct lt_bytes body = body_of(wish, actor->body);
    struct lt_digest digest = digest_of_two(actor->digester, delivery->header, delivery->body);
    if (!bytes_equal(body, delivery->body) || !digest_equal(&digest, &delivery->digest)) {
        oracle_fail(oracle_of(actor), wish, "handed over with other bytes");
    }
    return &wish->legs[delivery->leg];
}

static enum lt_outcome decide(struct actor *actor)
{
    uint64_t draw = world_random_below(&actor->random, 200);
    if (actor->calm || draw < 176) {
        return LT_OUTCOME_TAKEN;
    }
    if (draw < 188) {
        return LT_OUTCOME_REFUSED;
    }
    return draw < 199 ? LT_OUTCOME_FAILED : LT_OUTCOME_LATER;
}

static void take_delivery(struct actor *actor, const struct delivery *delivery)
{
    struct header header;
    if (header_read(delivery->header, &actor->arena, &header, NULL) != LT_OK) {
        oracle_fail(oracle_of(actor), NULL, "handed over with a header that does not read");
    }
    struct wish_leg *leg = leg_of(actor, delivery, &header);
    struct answer *answer = &leg->answer;
    oracle_delivered(oracle_of(actor), leg, &header.id);
    if (!leg->effect) {
        answer->outcome = decide(actor);
        if (answer->outcome == LT_OUTCOME_TAKEN || answer->outcome == LT_OUTCOME_REFUSED) {
            oracle_effect(oracle_of(actor), leg, &header.id, delivery->position, answer->outcome);
        }
    }
    if (!answer->open) {
        assert(actor->open_count < OPEN_MAX);
        actor->open[actor->open_count++] = leg;
    }
    leg->settled_id = header.id;
    answer->open = true;
    answer->unsaid = true;
    answer->leg = delivery->leg;
    answer->attempt = delivery->attempt;
    answer->position = delivery->position;
    answer->number = ++actor->tellings;
    answer->digest = delivery->digest;
}

static struct settlement settlement_of(const struct wish_leg *leg)
{
    const struct answer *answer = &leg->answer;
    return (struct settlement){
        .id = leg->settled_id,
        .leg = answer->leg,
        .attempt = answer->attempt,
        .outcome = answer->outcome,
        .code = answer->outcome == LT_OUTCOME_REFUSED  ? LT_INELIGIBLE
                : answer->outcome == LT_OUTCOME_FAILED ? LT_RECEIVER_REJECTED
                : answer->outcome == LT_OUTCOME_LATER  ? LT_RECEIVER_UNREACHABLE
                                                       : 0,
        .retry_after_ms = 1000,
        .from_digest = answer->digest,
        .position = answer->position,
        .number = answer->number,
    };
}

static void settle(struct actor *actor)
{
    struct settlement items[SETTLE_MAX];
    struct wish_leg *said[SETTLE_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < actor->open_count && count < SETTLE_MAX; i++) {
        struct wish_leg *leg = actor->open[i];
        if (leg->answer.unsaid) {
            said[count] = leg;
            items[count++] = settlement_of(leg);
        }
    }
    struct frame frame = {.kind = FRAME_SETTLE, .settle = {.items = items, .count = count}};
    if (count == 0 || session_send(&actor->session, &actor->arena, &frame) != LT_OK) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        said[i]->answer.unsaid = false;
    }
}

static void take_settled(struct actor *actor, const struct settled_item *settled)
{
    for (uint32_t i = 0; i < actor->open_count; i++) {
        struct wish_leg *leg = actor->open[i];
        struct answer *answer = &leg->answer;
        if (answer->leg != settled->leg ||
            memcmp(&leg->settled_id, &settled->id, sizeof(settled->id)) != 0) {
            continue;
        }
        if (settled->code != LT_OK) {
            oracle_fail(oracle_of(actor), leg->wish, "a settlement was answered %s",
                        lt_code((enum lt_status)settled->code));
        }
        if (settled->number == answer->number) {
            answer->open = false;
            oracle_confirmed(oracle_of(actor), leg);
            actor->open[i] = actor->open[--actor->open_count];
        }
        return;
    }
}

/* ---- what the sender is told ------------------------------------------------------------- */

static void take_notice_item(struct actor *actor, const struct notice_item *item)
{
    unsigned from = 0;
    unsigned number = 0;
    char key[LT_SENDER_KEY_MAX + 1];
    bool taken = bytes_equal(item->state, text_bytes("taken"));
    if (item->seq != actor->notice_cursor + 1) {
        if (item->seq > actor->notice_cursor + 1) {
            oracle_fail(oracle_of(actor), NULL, "notice %llu comes after %llu",
                        (unsigned long long)item->seq, (unsigned long long)actor->notice_cursor);
        }
        return; /* told before */
    }
    actor->notice_cursor = item->seq;
    if (!taken && !bytes_equal(item->state, text_bytes("refused"))) {
        return;
    }
    text_copy(key, sizeof(key), item->sender_key);
    struct wish *wish = sscanf(key, "k-%u-%u", &from, &number) == 2
                            ? oracle_wish(oracle_of(actor), from, number)
                            : NULL;
    if (wish == NULL || from != actor->options.index || item->leg >= wish->legs_count) {
        oracle_fail(oracle_of(actor), wish, "a notice about %s came to agency %u", key,
                    actor->options.index);
    }
    struct wish_leg *leg = &wish->legs[item->leg];
    actor->legs_told += !leg->told;
    oracle_told(oracle_of(actor), leg, taken ? LT_OUTCOME_TAKEN : LT_OUTCOME_REFUSED);
}

static void take_notice(struct actor *actor, const struct notice *notice)
{
    for (uint32_t i = 0; i < notice->count; i++) {
        take_notice_item(actor, &notice->items[i]);
    }
    actor->session.notice_cursor = actor->notice_cursor;
    struct frame frame = {.kind = FRAME_NOTICE_ACK, .notice_cursor = actor->notice_cursor};
    /* Said again with the next one, or in the next Hello. */
    enum lt_status status = session_send(&actor->session, &actor->arena, &frame);
    (void)status;
}

/* ---- the turn ---------------------------------------------------------------------------- */

static void grant(struct actor *actor)
{
    struct frame frame = {.kind = FRAME_GRANT};
    frame.grant.notices = GRANT_NOTICES;
    if (receives(actor) && !actor->hold) {
        frame.grant.deliver = GRANT;
    }
    actor->grant_due = session_send(&actor->session, &actor->arena, &frame) != LT_OK;
}

/* The session is another one: whatever was under way is said again. */
static void new_life(struct actor *actor)
{
    actor->lives = actor->session.lives;
    actor->out = (struct window){0};
    for (uint32_t i = 0; i < actor->items_count; i++) {
        actor->items[i]->state = ITEM_WAITING;
        actor->items[i]->again_ms = 0;
    }
    for (uint32_t i = 0; i < actor->open_count; i++) {
        actor->open[i]->answer.unsaid = true;
    }
}

static void take_frame(struct actor *actor, const struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_WELCOME:
        actor->grant_due = true;
        actor->session.beat_due_ms = 0; /* tells what we want */
        break;
    case FRAME_VERDICT:
        for (uint32_t i = 0; i < frame->verdict.count; i++) {
            take_verdict(actor, &frame->verdict.items[i]);
        }
        break;
    case FRAME_DELIVER:
        for (uint32_t i = 0; i < frame->deliver.count; i++) {
            take_delivery(actor, &frame->deliver.items[i]);
        }
        break;
    case FRAME_SETTLED:
        for (uint32_t i = 0; i < frame->settled.count; i++) {
            take_settled(actor, &frame->settled.items[i]);
        }
        break;
    case FRAME_NOTICE:
        take_notice(actor, &frame->notice);
        break;
    default:
        break;
    }
}

/* A broker that dies three times a second is no reason to stay away for half a minute. */
static void hurry(struct actor *actor)
{
    struct session *session = &actor->session;
    if (!session->open && !session->asked) {
        session->hello_tries = 0;
        if (session->hello_due_ms > now_ms(actor) + HELLO_MS) {
            session->hello_due_ms = now_ms(actor) + HELLO_MS;
        }
    }
}

void actor_step(struct actor *actor)
{
    struct frame frame;
    arena_reset(&actor->arena);
    hurry(actor);
    while (session_step(&actor->session, &actor->arena, &frame)) {
        if (actor->lives != actor->session.lives) {
            new_life(actor);
        }
        take_frame(actor, &frame);
        arena_reset(&actor->arena);
    }
    if (actor->lives != actor->session.lives) {
        new_life(actor);
    }
    arena_reset(&actor->arena);
    make_wishes(actor);
    if (!actor->session.open) {
        return;
    }
    if (actor->grant_due) {
        grant(actor);
    }
    submit(actor);
    arena_reset(&actor->arena);
    settle(actor);
}

/* ---- from outside ------------------------------------------------------------------------ */

void actor_allow(struct actor *actor, uint32_t wishes)
{
    actor->allowed += wishes;
}

void actor_stop(struct actor *actor)
{
    actor->allowed = 0;
}

void actor_calm(struct actor *actor, bool calm)
{
    actor->calm = calm;
}

void actor_hold(struct actor *actor, bool hold)
{
    actor->hold = hold;
    actor->grant_due = true;
}

void actor_wipe(struct actor *actor)
{
    struct oracle *oracle = oracle_of(actor);
    uint32_t from = actor->options.index;
    uint32_t made = oracle->made[from];
    uint32_t oldest = actor->items_count > 0 ? actor->items[0]->wish->number : made;
    uint32_t first = oldest > WIPED_MAX ? oldest - WIPED_MAX : 0;
    if (made - first > ITEMS_MAX) {
        return; /* one from long ago is still undecided */
    }
    drop_items(actor);
    for (uint32_t i = first; i < made; i++) {
        write_parcel(actor, add_item(actor, oracle_wish(oracle, from, i)));
        arena_reset(&actor->arena);
    }
    actor->options.entropy->fill(actor->options.entropy->self, &actor->instance,
                                 sizeof(actor->instance));
    open_session(actor);
    new_life(actor);
}

void actor_redial(struct actor *actor)
{
    if (!actor->session.open && actor->session.link != LINK_UP) {
        actor->session.port.redial(actor->session.port.self);
    }
}

void actor_hang_up(struct actor *actor)
{
    actor->session.port.redial(actor->session.port.self);
}

uint32_t actor_lives(const struct actor *actor)
{
    return actor->session.lives;
}

bool actor_is_open(const struct actor *actor)
{
    return actor->session.open;
}

bool actor_done(const struct actor *actor)
{
    return actor->items_count == 0 && actor->open_count == 0 &&
           actor->legs_told == actor->legs_owed;
}
