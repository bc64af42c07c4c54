/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The actor keeps two tables: what it wants to send (items, in the order made) and what it was
 * given (taken, by id and leg). Everything it sends may be lost, so everything is said again until
 * the broker has confirmed it. It has two lines with a session each and says each thing over
 * either, as two application nodes would; one session receives, the other stands by.
 */
#include "actor_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/sdk/content.h"
#include "notary.h"
#include "proto/base/text.h"
#include "proto/seal.h"

#define CASES       12
#define RETRY_MS    700
#define SUBMIT_EACH 8

static int64_t now(const struct actor *actor)
{
    return actor_now(actor);
}

static void open_session(struct actor *actor, struct line *line)
{
    line->epoch++;
    session_init(&line->session, world_link_port(line->link), &actor->clock.clock,
                 &actor->entropy.entropy, &line->instance, line->epoch, ROLE_BOTH, "sim/1");
    line->session.notice_cursor = actor->notice_cursor;
    line->lives = line->session.lives;
}

static struct line *any_line(struct actor *actor)
{
    return &actor->lines[world_random_below(&actor->random, LINES)];
}

struct actor *actor_open(const struct actor_options *options)
{
    struct actor *actor = calloc(1, sizeof(*actor));
    assert(actor != NULL);
    actor->options = *options;
    actor->wiped_ms = INT64_MIN / 2;
    world_clock_init(&actor->clock, options->world, (int64_t)options->index * 100);
    world_entropy_init(&actor->entropy, options->world, 100 + options->index);
    world_random_init(&actor->random, options->world, 200 + options->index);
    enum lt_status status = arena_init(&actor->arena, 1 << 20, 16 << 20);
    assert(status == LT_OK);
    status = digester_open(&actor->digester);
    assert(status == LT_OK);
    for (uint32_t i = 0; i < LINES; i++) {
        struct line *line = &actor->lines[i];
        line->link = world_net_dial(options->net, 0, &options->key);
        assert(line->link != NULL);
        actor->entropy.entropy.fill(actor->entropy.entropy.self, &line->instance,
                                    sizeof(line->instance));
        open_session(actor, line);
    }
    return actor;
}

void actor_close(struct actor **actor_p)
{
    struct actor *actor = *actor_p;
    for (uint32_t i = 0; i < actor->items_count; i++) {
        free(actor->items[i].header);
    }
    for (uint32_t i = 0; i < LINES; i++) {
        world_link_close(&actor->lines[i].link);
    }
    arena_deinit(&actor->arena);
    digester_close(&actor->digester);
    free(actor);
    *actor_p = NULL;
}

/* ---- wishes ------------------------------------------------------------------------------ */

static struct item *last_of_case(struct actor *actor, const struct item *before)
{
    for (struct item *item = &actor->items[before - actor->items]; item-- > actor->items;) {
        if (item->wish->lane == before->wish->lane) {
            return item;
        }
    }
    return NULL;
}

static void write_parcel(struct actor *actor, struct item *item)
{
    const struct wish *wish = item->wish;
    struct header header;
    struct lt_bytes to[3];
    char case_code[32];
    char key[32];
    memset(&header, 0, sizeof(header));
    item->id = uuid7_next(&actor->ids, &actor->clock.clock, &actor->entropy.entropy);
    snprintf(case_code, sizeof(case_code), "SIM-%u", wish->lane);
    snprintf(key, sizeof(key), "k-%u-%u", wish->from, wish->number);
    item->body_size = (size_t)snprintf((char *)item->body, sizeof(item->body), "body %u %u",
                                       wish->from, wish->number);
    for (uint32_t i = 0; i < wish->to_count; i++) {
        to[i] = text_bytes(actor->options.ids[wish->to[i]]);
    }
    struct item *before = last_of_case(actor, item);
    header.id = item->id;
    header.sender_key = text_bytes(key);
    header.kind = wish->steps_aside ? LT_KIND_STATUS : LT_KIND_FORWARD;
    header.from = text_bytes(actor->options.ids[wish->from]);
    header.to = to;
    header.to_count = wish->to_count;
    header.case_code = text_bytes(case_code);
    header.priority = wish->number % 5;
    header.schema_version = 1;
    header.created_ms = actor->options.world->wall_ms;
    header.body_size = item->body_size;
    header.body_sha256 = digest_of(actor->digester, (struct lt_bytes){item->body, item->body_size});
    header.content_digest = content_digest(actor->digester, &header);
    if (before != NULL) {
        header.after = before->id;
    }
    struct lt_bytes bytes;
    enum lt_status status = header_write(&header, &actor->arena, &bytes);
    assert(status == LT_OK);
    free(item->header);
    item->header = malloc(bytes.size);
    assert(item->header != NULL);
    memcpy(item->header, bytes.data, bytes.size);
    item->header_size = bytes.size;
    item->digest =
        digest_of_two(actor->digester, bytes, (struct lt_bytes){item->body, item->body_size});
}

static void make_wish(struct actor *actor)
{
    struct oracle *oracle = actor->options.oracle;
    if (actor->items_count >= actor->options.wishes_max || oracle->count == WISHES_MAX) {
        return;
    }
    struct wish *wish = &oracle->wishes[oracle->count++];
    wish->from = actor->options.index;
    wish->number = actor->items_count;
    wish->lane = (uint32_t)world_random_below(&actor->random, CASES);
    wish->steps_aside = world_random_chance(&actor->random, 200);
    uint32_t legs = world_random_chance(&actor->random, 150) ? 2 : 1;
    for (uint32_t i = 0; i < legs; i++) {
        uint32_t to = (wish->from + 1 + (uint32_t)world_random_below(&actor->random, 2) + 2 * i) %
                      AGENCIES_SIM;
        wish->to[wish->to_count++] = to;
    }
    oracle_made(wish);
    struct item *item = &actor->items[actor->items_count++];
    item->wish = wish;
    write_parcel(actor, item);
}

/* ---- sending ----------------------------------------------------------------------------- */

static void make_seal(struct actor *actor, const struct parcel *parcels, uint32_t count,
                      struct seal *ret_seal)
{
    struct lt_digest leaves[SUBMIT_EACH];
    for (uint32_t i = 0; i < count; i++) {
        leaves[i] = seal_leaf(actor->digester, &parcels[i]);
    }
    enum lt_status status =
        seal_make(actor->options.signer, actor->digester, leaves, count, ret_seal);
    assert(status == LT_OK);
}

static void submit(struct actor *actor, struct line *line)
{
    struct parcel parcels[SUBMIT_EACH];
    struct item *items[SUBMIT_EACH];
    uint32_t count = 0;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < actor->items_count && count < SUBMIT_EACH; i++) {
        struct item *item = &actor->items[i];
        uint64_t size = item->header_size + item->body_size;
        if (item->state != ITEM_WAITING || item->again_ms > now(actor) ||
            line->outstanding_bytes + bytes + size > line->session.submit.bytes ||
            line->outstanding + count + 1 > line->session.submit.parcels) {
            continue;
        }
        parcels[count] = (struct parcel){.header = {item->header, item->header_size},
                                         .body = {item->body, item->body_size},
                                         .digest = item->digest};
        items[count++] = item;
        bytes += size;
    }
    struct frame frame = {.kind = FRAME_SUBMIT, .submit = {.parcels = parcels, .count = count}};
    struct seal seal;
    if (count > 0 && actor->options.signer != NULL) {
        make_seal(actor, parcels, count, &seal);
        frame.submit.seal = seal_give(&seal);
    }
    if (count == 0 || session_send(&line->session, &actor->arena, &frame) != LT_OK) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        items[i]->state = ITEM_SUBMITTED;
        items[i]->tried = true;
        items[i]->line = (uint32_t)(line - actor->lines);
    }
    line->outstanding += count;
    line->outstanding_bytes += bytes;
}

static struct item *item_by_id(struct actor *actor, const struct lt_id *id)
{
    for (uint32_t i = 0; i < actor->items_count; i++) {
        if (memcmp(&actor->items[i].id, id, sizeof(*id)) == 0) {
            return &actor->items[i];
        }
    }
    return NULL;
}

static void told(struct actor *actor, uint64_t position)
{
    if (position > actor->known.position) {
        actor->known.position = position;
    }
}

/* The axis does not know the id that this one comes after: that one goes again. A restore may have
 * lost the second id of a wish whose first one it has. */
static void say_before(struct actor *actor, const struct item *item)
{
    struct item *before = last_of_case(actor, item);
    if (before != NULL && before->state == ITEM_DECIDED) {
        before->state = ITEM_WAITING;
        before->again_ms = 0;
    }
}

static void take_verdict(struct actor *actor, struct line *line, const struct verdict *verdict)
{
    for (uint32_t i = 0; i < verdict->count; i++) {
        const struct verdict_item *v = &verdict->items[i];
        struct item *item = item_by_id(actor, &v->id);
        if (item == NULL || item->state != ITEM_SUBMITTED || &actor->lines[item->line] != line) {
            continue;
        }
        line->outstanding--;
        line->outstanding_bytes -= item->header_size + item->body_size;
        if (v->code == LT_OK) {
            item->state = ITEM_DECIDED;
            item->again = false;
            /* Of a second id the position is now the first one's, now its own. */
            if (item->backed && id_empty(&v->known_as) && v->position != item->position) {
                oracle_fail(actor->options.oracle, "it was told to be backed up", item->wish);
            }
            item->backed = false;
            item->position = v->position;
            told(actor, v->position);
            oracle_accepted(actor->options.oracle, item->wish,
                            id_empty(&v->known_as) ? &v->id : &v->known_as);
        } else if (lt_class((enum lt_status)v->code) == LT_CLASS_REFUSE) {
            fprintf(stderr, "sim: refused with %s %.*s\n", lt_code((enum lt_status)v->code),
                    (int)v->detail.size, (const char *)v->detail.data);
            oracle_fail(actor->options.oracle, "an honest parcel was refused", item->wish);
        } else {
            item->state = ITEM_WAITING;
            item->again_ms = now(actor) + RETRY_MS;
            item->code = v->code;
            if (v->code == LT_PREDECESSOR_UNKNOWN) {
                say_before(actor, item);
            }
        }
    }
}

/* ---- receiving ----------------------------------------------------------------------------- */

struct given *actor_given(struct actor *actor, const struct lt_id *id, uint32_t leg)
{
    for (uint32_t i = 0; i < actor->given_count; i++) {
        if (memcmp(&actor->given[i].id, id, sizeof(*id)) == 0 && actor->given[i].leg == leg) {
            return &actor->given[i];
        }
    }
    return NULL;
}

struct given *actor_given_make(struct actor *actor, const struct lt_id *id, uint32_t leg)
{
    struct given *given = actor_given(actor, id, leg);
    if (given == NULL) {
        assert(actor->given_count < GIVEN_MAX);
        given = &actor->given[actor->given_count++];
        given->id = *id;
        given->leg = leg;
    }
    return given;
}

static void decide(struct actor *actor, struct given *given, struct wish *wish)
{
    uint64_t draw = actor->calm ? 0 : world_random_below(&actor->random, 100);
    given->permanent = false;
    given->code = 0;
    if (actor->broken != 0) {
        given->outcome = LT_OUTCOME_FAILED;
        given->code = actor->broken;
    } else if (draw < 80) {
        given->outcome = LT_OUTCOME_TAKEN;
    } else if (draw < 86) {
        given->outcome = LT_OUTCOME_REFUSED;
        given->code = LT_INELIGIBLE;
    } else if (draw < 93) {
        given->outcome = LT_OUTCOME_FAILED;
        given->code = LT_RECEIVER_REJECTED;
        given->permanent = draw == 92;
    } else {
        given->outcome = LT_OUTCOME_LATER;
        given->code = LT_RECEIVER_UNREACHABLE;
    }
    given->effect = given->outcome == LT_OUTCOME_TAKEN || given->outcome == LT_OUTCOME_REFUSED;
    if (given->effect) {
        oracle_effect(actor->options.oracle, wish, actor->options.index, &given->id, given->leg,
                      given->outcome == LT_OUTCOME_TAKEN);
    }
}

struct wish *actor_wish(struct actor *actor, const struct header *header)
{
    unsigned from = 0;
    unsigned number = 0;
    char key[LT_SENDER_KEY_MAX + 1];
    text_copy(key, sizeof(key), header->sender_key);
    if (sscanf(key, "k-%u-%u", &from, &number) != 2) {
        oracle_fail(actor->options.oracle, "delivered with a strange key", NULL);
    }
    return oracle_wish(actor->options.oracle, from, number);
}

static void take_delivery(struct actor *actor, const struct line *line, const struct delivery *d)
{
    struct header header;
    enum lt_status status = header_read(d->header, &actor->arena, &header, NULL);
    struct lt_digest digest = digest_of_two(actor->digester, d->header, d->body);
    if (status != LT_OK || !digest_equal(&digest, &d->digest)) {
        oracle_fail(actor->options.oracle, "delivered bytes differ", NULL);
    }
    struct wish *wish = actor_wish(actor, &header);
    struct given *given = actor_given_make(actor, &header.id, d->leg);
    told(actor, d->position);
    given->wish = wish;
    given->attempt = d->attempt;
    given->position = d->position;
    given->incarnation = actor->known.incarnation;
    if (!given->effect && given->barred == line->session.number && now(actor) < given->barred_ms) {
        /* It was under way beside the question that "not held" answered. */
        given->outcome = LT_OUTCOME_LATER;
        given->code = LT_RECEIVER_UNREACHABLE;
        given->permanent = false;
    } else if (!given->effect) {
        decide(actor, given, wish);
    }
    given->open = true;
    given->number = ++actor->tellings;
    given->said_ms = 0;
}

void actor_settle(struct actor *actor, struct line *line)
{
    struct settlement items[16];
    struct given *said[16];
    uint32_t count = 0;
    for (uint32_t i = 0; i < actor->given_count && count < 16; i++) {
        struct given *given = &actor->given[i];
        if (!given->open || (given->said_ms != 0 && now(actor) - given->said_ms < 2000)) {
            continue;
        }
        said[count] = given;
        items[count++] = (struct settlement){.id = given->id,
                                             .leg = given->leg,
                                             .attempt = given->attempt,
                                             .outcome = given->outcome,
                                             .code = given->code,
                                             .permanent = given->permanent,
                                             .retry_after_ms = 1500,
                                             .position = given->position,
                                             .number = given->number};
    }
    struct frame frame = {.kind = FRAME_SETTLE, .settle = {.items = items, .count = count}};
    if (count == 0 || session_send(&line->session, &actor->arena, &frame) != LT_OK) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        said[i]->said_ms = now(actor);
    }
}

/* "Not here" is said of what a restored axis does not have yet: it will come again. */
static bool lost_there(const struct actor *actor, const struct given *given)
{
    return given != NULL && given->incarnation < actor->known.incarnation;
}

static void take_settled(struct actor *actor, const struct settled *settled)
{
    for (uint32_t i = 0; i < settled->count; i++) {
        bool not_here = settled->items[i].code == LT_NOT_HERE;
        struct given *given = actor_given(actor, &settled->items[i].id, settled->items[i].leg);
        if (given != NULL && settled->items[i].number != given->number) {
            continue; /* about what was said of an earlier delivery */
        }
        if (settled->items[i].code != LT_OK && !(not_here && lost_there(actor, given))) {
            oracle_fail(actor->options.oracle, "a settlement was not accepted",
                        given != NULL ? given->wish : NULL);
        }
        if (given != NULL) {
            given->open = false;
        }
    }
}

static void take_notice(struct actor *actor, struct line *line, const struct notice *notice)
{
    for (uint32_t i = 0; i < notice->count; i++) {
        uint64_t seq = notice->items[i].seq;
        if (seq > actor->notice_cursor + 1) {
            oracle_fail(actor->options.oracle, "a notice is missing", NULL);
        }
        if (seq == actor->notice_cursor + 1) {
            actor->notice_cursor = seq;
        }
    }
    for (uint32_t i = 0; i < LINES; i++) {
        actor->lines[i].session.notice_cursor = actor->notice_cursor;
    }
    struct frame frame = {.kind = FRAME_NOTICE_ACK, .notice_cursor = actor->notice_cursor};
    (void)!session_send(&line->session, &actor->arena, &frame); /* said again with the next */
}

void actor_grant(struct actor *actor, struct line *line)
{
    struct frame frame = {.kind = FRAME_GRANT,
                          .grant = {.deliver = {.parcels = 8, .bytes = 64 * 1024}, .notices = 16}};
    (void)!session_send(&line->session, &actor->arena, &frame);
}

/* The session is another one: whatever was under way on it is said again. */
static void new_life(struct actor *actor, struct line *line)
{
    line->lives = line->session.lives;
    line->outstanding = 0;
    line->outstanding_bytes = 0;
    for (uint32_t i = 0; i < actor->items_count; i++) {
        struct item *item = &actor->items[i];
        if (item->state == ITEM_SUBMITTED && &actor->lines[item->line] == line) {
            item->state = ITEM_WAITING;
        }
    }
    for (uint32_t i = 0; i < actor->given_count; i++) {
        actor->given[i].said_ms = 0;
    }
}

static void take_frame(struct actor *actor, struct line *line, const struct frame *frame)
{
    if (actor->back != BACK_NONE && actor_back_frame(actor, frame)) {
        return;
    }
    switch (frame->kind) {
    case FRAME_WELCOME:
        actor_welcome(actor, line);
        break;
    case FRAME_VERDICT:
        take_verdict(actor, line, &frame->verdict);
        break;
    case FRAME_DELIVER:
        for (uint32_t i = 0; i < frame->deliver.count; i++) {
            take_delivery(actor, line, &frame->deliver.items[i]);
        }
        break;
    case FRAME_SETTLED:
        take_settled(actor, &frame->settled);
        break;
    case FRAME_RECEIPTS:
        notary_take(actor->options.notary, actor->options.ids[actor->options.index],
                    &frame->receipts);
        break;
    case FRAME_NOTICE:
        take_notice(actor, line, &frame->notice);
        break;
    case FRAME_HELD_ASK:
        actor_held(actor, line, &frame->held_ask);
        break;
    default:
        break;
    }
    if (line->session.backed_up_to > actor->backed_up_to) {
        actor->backed_up_to = line->session.backed_up_to;
    }
}

static void line_step(struct actor *actor, struct line *line)
{
    struct frame frame;
    while (session_step(&line->session, &actor->arena, &frame)) {
        if (line->lives != line->session.lives) {
            new_life(actor, line);
        }
        take_frame(actor, line, &frame);
        arena_reset(&actor->arena);
    }
    if (line->lives != line->session.lives) {
        new_life(actor, line);
    }
}

void actor_step(struct actor *actor)
{
    arena_reset(&actor->arena);
    if (actor->back != BACK_NONE) {
        line_step(actor, &actor->lines[0]); /* the other node stands still meanwhile */
        if (actor->back != BACK_NONE) {
            actor_back_step(actor);
        }
        return;
    }
    if (world_random_chance(&actor->random, 60)) {
        make_wish(actor);
    }
    for (uint32_t i = 0; i < LINES; i++) {
        line_step(actor, &actor->lines[i]);
    }
    submit(actor, any_line(actor));
    actor_settle(actor, any_line(actor));
}

/* A new process has new connections: what the old ones were told cannot reach it. */
void actor_restart(struct actor *actor)
{
    for (uint32_t i = 0; i < LINES; i++) {
        world_link_cut(actor->lines[i].link);
        open_session(actor, &actor->lines[i]);
        new_life(actor, &actor->lines[i]);
    }
}

void actor_wipe(struct actor *actor)
{
    arena_reset(&actor->arena);
    for (uint32_t i = 0; i < actor->items_count; i++) {
        write_parcel(actor, &actor->items[i]);
        actor->items[i].state = ITEM_WAITING;
        actor->items[i].again_ms = 0;
    }
    for (uint32_t i = 0; i < LINES; i++) {
        struct line *line = &actor->lines[i];
        actor->entropy.entropy.fill(actor->entropy.entropy.self, &line->instance,
                                    sizeof(line->instance));
        line->epoch = 0;
    }
    actor->wiped_ms = now(actor);
    actor->notice_cursor = 0; /* it reads every outcome again */
    actor_restart(actor);
}

bool actor_may_wipe(const struct actor *actor, uint32_t incarnation)
{
    bool may = actor->known.incarnation == incarnation && actor->back == BACK_NONE;
    for (uint32_t i = 0; i < actor->items_count && may; i++) {
        may = !actor->items[i].again;
    }
    return may;
}

int64_t actor_wiped_ms(const struct actor *actor)
{
    return actor->wiped_ms;
}

void actor_skew(struct actor *actor, int64_t skew_ms)
{
    actor->clock.skew_ms = skew_ms;
}

void actor_key(struct actor *actor, const struct lt_key *key)
{
    for (uint32_t i = 0; i < LINES; i++) {
        struct line *line = &actor->lines[i];
        world_link_close(&line->link);
        line->link = world_net_dial(actor->options.net, 0, key);
        assert(line->link != NULL);
        open_session(actor, line);
        new_life(actor, line);
    }
}

uint64_t actor_told(const struct actor *actor, uint32_t incarnation)
{
    return actor->known.incarnation == incarnation ? actor->known.position : 0;
}

uint64_t actor_notices(const struct actor *actor)
{
    return actor->notice_cursor;
}

void actor_break(struct actor *actor, uint32_t code)
{
    actor->broken = code;
}

void actor_cut(struct actor *actor)
{
    world_link_cut(any_line(actor)->link);
}

void actor_vanish(struct actor *actor)
{
    world_link_vanish(any_line(actor)->link);
}

void actor_weather(struct actor *actor, const struct weather *weather)
{
    for (uint32_t i = 0; i < LINES; i++) {
        world_link_weather(actor->lines[i].link, weather);
    }
}

void actor_calm(struct actor *actor)
{
    actor->calm = true;
    actor->broken = 0;
    actor->options.wishes_max = actor->items_count;
}

bool actor_done(const struct actor *actor)
{
    if (actor->back != BACK_NONE) {
        return false;
    }
    for (uint32_t i = 0; i < actor->items_count; i++) {
        if (actor->items[i].state != ITEM_DECIDED) {
            return false;
        }
    }
    for (uint32_t i = 0; i < actor->given_count; i++) {
        if (actor->given[i].open) {
            return false;
        }
    }
    return true;
}
