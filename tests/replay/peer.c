/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The line of a scripted agency. What is checked here is what holds in every story: the broker
 * numbers its frames without a gap, delivered bytes are those that were submitted, notices come
 * without a gap. Everything else is kept as heard and judged by "expect".
 *
 * Limits: one frame is written at a time, into the stage's arena; a line that takes no frame for
 * SAY_MS of the world's time ends the story.
 */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/digest.h"
#include "stage.h"

#define SAY_MS        5000
#define CONNECT_MS    10000
#define NOTICES       1000
#define HEARD_AT_ONCE 256

struct peer *peer_open(struct stage *stage, const char *name, uint32_t agency, uint64_t instance)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL) {
        stage_fail(stage, "no memory");
    }
    snprintf(peer->name, sizeof(peer->name), "%s", name);
    peer->agency = agency;
    peer->instance.bytes[0] = (uint8_t)(agency + 1);
    peer->instance.bytes[15] = (uint8_t)instance;
    return peer;
}

void peer_close(struct peer **peer_p)
{
    peer_hang_up(*peer_p);
    free((*peer_p)->heard);
    free(*peer_p);
    *peer_p = NULL;
}

void peer_hang_up(struct peer *peer)
{
    if (peer->link != NULL) {
        world_link_close(&peer->link);
    }
    peer->session = 0;
}

/* ---- saying -----------------------------------------------------------------------------------
 */

void peer_say(struct stage *stage, struct peer *peer, struct frame *frame)
{
    struct lt_bytes bytes;
    if (peer->link == NULL || (peer->session == 0 && frame->kind != FRAME_HELLO)) {
        stage_fail(stage, "%s has no session", peer->name);
    }
    struct client_port port = world_link_port(peer->link);
    frame->session = frame->kind == FRAME_HELLO ? 0 : peer->session;
    frame->seq = frame->kind == FRAME_HELLO ? 0 : ++peer->seq;
    frame->seq_received = peer->seq_received;
    arena_reset(&stage->arena);
    enum lt_status status = frame_write(frame, &stage->arena, &bytes);
    if (status != LT_OK) {
        stage_fail(stage, "%s cannot write its frame: %s", peer->name, lt_code(status));
    }
    uint8_t *copy = malloc(bytes.size + 1); /* the arena is used by whoever reads meanwhile */
    if (copy == NULL) {
        stage_fail(stage, "no memory");
    }
    memcpy(copy, bytes.data, bytes.size);
    int64_t end_ms = stage->world.mono_ms + SAY_MS;
    while ((status = port.send(port.self, (struct lt_bytes){copy, bytes.size})) == LT_AGAIN &&
           stage->world.mono_ms < end_ms) {
        stage_step(stage, 1);
    }
    free(copy);
    if (status != LT_OK) {
        stage_fail(stage, "the line of %s takes no frame: %s", peer->name, lt_code(status));
    }
}

static void hello(struct stage *stage, struct peer *peer, enum frame_role role)
{
    struct frame frame = {.kind = FRAME_HELLO};
    frame.hello = (struct hello){.protocol_min = 1,
                                 .protocol_max = 1,
                                 .instance = peer->instance,
                                 .epoch = ++peer->epoch,
                                 .role = role,
                                 .software = text_bytes("replay"),
                                 .clock_ms = stage->world.wall_ms,
                                 .notice_cursor = peer->notice_cursor};
    peer_say(stage, peer, &frame);
}

static bool answered(void *context)
{
    const struct peer *peer = context;
    return peer->session != 0 ||
           (peer->heard_count != 0 && peer->heard[peer->heard_count - 1].kind == HEARD_END &&
            !peer->heard[peer->heard_count - 1].expected);
}

static bool linked(void *context)
{
    const struct peer *peer = context;
    struct client_port port = world_link_port(peer->link);
    return port.link(port.self) == LINK_UP;
}

void peer_connect(struct stage *stage, struct peer *peer, enum frame_role role, uint64_t cursor)
{
    if (peer->link == NULL) {
        peer->link = world_net_dial(stage->net, 0, &stage->agencies[peer->agency].key);
    }
    for (uint32_t i = 0; i < peer->heard_count; i++) {
        peer->heard[i].expected |= peer->heard[i].kind == HEARD_END; /* of the session before */
    }
    peer->session = 0;
    peer->silent = false;
    peer->notice_cursor = cursor;
    if (peer->link == NULL || !stage_until(stage, CONNECT_MS, linked, peer)) {
        stage_fail(stage, "%s gets no line", peer->name);
    }
    hello(stage, peer, role);
    if (!stage_until(stage, CONNECT_MS, answered, peer)) {
        stage_fail(stage, "no answer to the Hello of %s", peer->name);
    }
    if (peer->session == 0) {
        return; /* the story may expect it: "expect NAME ended CODE" */
    }
    struct frame frame = {.kind = FRAME_GRANT, .grant = {.notices = NOTICES}};
    peer_say(stage, peer, &frame);
}

/* ---- hearing ----------------------------------------------------------------------------------
 */

static struct heard *hear(struct stage *stage, struct peer *peer, enum heard_kind kind)
{
    if (peer->heard_count == peer->heard_room) {
        uint32_t room = peer->heard_room + HEARD_AT_ONCE;
        struct heard *heard = realloc(peer->heard, room * sizeof(*heard));
        if (heard == NULL) {
            stage_fail(stage, "no memory");
        }
        peer->heard = heard;
        peer->heard_room = room;
    }
    struct heard *heard = &peer->heard[peer->heard_count++];
    memset(heard, 0, sizeof(*heard));
    heard->kind = kind;
    return heard;
}

static void hear_verdict(struct stage *stage, struct peer *peer, const struct verdict *verdict)
{
    peer->submit = verdict->submit;
    for (uint32_t i = 0; i < verdict->count; i++) {
        const struct verdict_item *item = &verdict->items[i];
        struct parcel_made *made = stage_transfer_by_id(stage, &item->id);
        struct heard *heard = hear(stage, peer, HEARD_VERDICT);
        heard->made = made;
        heard->code = item->code;
        heard->position = item->position;
        heard->known_as =
            id_empty(&item->known_as) ? NULL : stage_transfer_by_id(stage, &item->known_as);
        text_copy(heard->field, sizeof(heard->field), item->field);
        text_copy(heard->reason, sizeof(heard->reason), item->detail);
        if (made != NULL) {
            peer->outstanding.parcels--;
            peer->outstanding.bytes -= made->header_size + made->body_size;
            made->position = item->code == LT_OK ? item->position : made->position;
        }
    }
}

static void hear_deliver(struct stage *stage, struct peer *peer, const struct deliver *deliver)
{
    for (uint32_t i = 0; i < deliver->count; i++) {
        const struct delivery *item = &deliver->items[i];
        struct lt_digest digest = digest_of_two(stage->digester, item->header, item->body);
        struct heard *heard = hear(stage, peer, HEARD_DELIVERY);
        for (uint32_t t = 0; t < stage->transfers_count; t++) {
            const struct parcel_made *made = &stage->transfers[t];
            if (digest_equal(&made->digest, &digest)) {
                heard->made = made;
            }
        }
        if (heard->made == NULL || !digest_equal(&item->digest, &digest)) {
            stage_fail(stage, "%s was delivered bytes that nobody submitted", peer->name);
        }
        heard->leg = item->leg;
        heard->attempt = item->attempt;
        heard->again = item->again;
        heard->position = item->position;
    }
}

static void hear_settled(struct stage *stage, struct peer *peer, const struct settled *settled)
{
    for (uint32_t i = 0; i < settled->count; i++) {
        struct heard *heard = hear(stage, peer, HEARD_SETTLED);
        heard->made = stage_transfer_by_id(stage, &settled->items[i].id);
        heard->leg = settled->items[i].leg;
        heard->code = settled->items[i].code;
    }
}

static void hear_notice(struct stage *stage, struct peer *peer, const struct notice *notice)
{
    for (uint32_t i = 0; i < notice->count; i++) {
        const struct notice_item *item = &notice->items[i];
        if (item->seq <= peer->notice_cursor) {
            continue; /* told again, because the acknowledgement was lost */
        }
        if (item->seq != peer->notice_cursor + 1) {
            stage_fail(stage, "%s was told notice %llu after %llu", peer->name,
                       (unsigned long long)item->seq, (unsigned long long)peer->notice_cursor);
        }
        struct heard *heard = hear(stage, peer, HEARD_NOTICE);
        peer->notice_cursor = item->seq;
        heard->made = stage_transfer_by_id(stage, &item->id);
        heard->leg = item->leg;
        heard->code = item->code;
        heard->seq = item->seq;
        text_copy(heard->state, sizeof(heard->state), item->state);
        text_copy(heard->reason, sizeof(heard->reason), item->reason);
    }
    struct frame frame = {.kind = FRAME_NOTICE_ACK, .notice_cursor = peer->notice_cursor};
    peer_say(stage, peer, &frame);
}

static void hear_ask(struct stage *stage, struct peer *peer, const struct held_ask *ask)
{
    for (uint32_t i = 0; i < ask->count; i++) {
        struct heard *heard = hear(stage, peer, HEARD_ASK);
        heard->made = stage_transfer_by_id(stage, &ask->items[i].id);
        heard->leg = ask->items[i].leg;
        heard->position = ask->items[i].position;
        heard->seq = ask->items[i].number;
    }
}

static void hear_end(struct stage *stage, struct peer *peer, const struct ending *ending)
{
    struct heard *heard = hear(stage, peer, HEARD_END);
    heard->code = ending->code;
    peer->session = 0;
}

static void hear_welcome(struct peer *peer, const struct welcome *welcome, int64_t mono_ms)
{
    peer->session = welcome->session;
    peer->submit = welcome->submit;
    peer->standby = welcome->standby;
    peer->outstanding = (struct window){0};
    peer->seq = 0;
    peer->seq_received = 0;
    peer->beat_due_ms = mono_ms + BEAT_MS;
}

static void hear_frame(struct stage *stage, struct peer *peer, const struct frame *frame)
{
    if (frame->session != 0 && frame->session == peer->session && frame->seq != 0) {
        if (frame->seq != peer->seq_received + 1) {
            stage_fail(stage, "%s missed a frame of the broker", peer->name);
        }
        peer->seq_received = frame->seq;
    }
    switch (frame->kind) {
    case FRAME_WELCOME:
        hear_welcome(peer, &frame->welcome, stage->world.mono_ms);
        return;
    case FRAME_NO_SESSION:
    case FRAME_BYE:
        hear_end(stage, peer, &frame->ending);
        return;
    case FRAME_BEAT:
        peer->submit = frame->beat.submit;
        peer->standby = frame->beat.standby;
        return;
    case FRAME_VERDICT:
        hear_verdict(stage, peer, &frame->verdict);
        return;
    case FRAME_DELIVER:
        hear_deliver(stage, peer, &frame->deliver);
        return;
    case FRAME_SETTLED:
        hear_settled(stage, peer, &frame->settled);
        return;
    case FRAME_NOTICE:
        hear_notice(stage, peer, &frame->notice);
        return;
    case FRAME_HELD_ASK:
        hear_ask(stage, peer, &frame->held_ask);
        return;
    default:
        return;
    }
}

bool peer_pump(struct stage *stage, struct peer *peer)
{
    struct lt_bytes bytes;
    bool came = false;
    if (peer->link == NULL || peer->silent) {
        return false;
    }
    struct client_port port = world_link_port(peer->link);
    while (port.receive(port.self, &bytes)) {
        struct frame frame;
        struct fault fault;
        struct arena arena;
        fault_init(&fault);
        if (arena_init(&arena, 1 << 16, 8 << 20) != LT_OK ||
            frame_read(bytes, &arena, &frame, &fault) != LT_OK) {
            stage_fail(stage, "%s cannot read a frame: %s %s", peer->name, fault.field,
                       fault.detail);
        }
        hear_frame(stage, peer, &frame);
        arena_deinit(&arena);
        came = true;
    }
    if (peer->session != 0 && stage->world.mono_ms >= peer->beat_due_ms) {
        struct frame beat = {.kind = FRAME_BEAT, .beat = {.clock_ms = stage->world.wall_ms}};
        peer->beat_due_ms = stage->world.mono_ms + BEAT_MS;
        peer_say(stage, peer, &beat);
    }
    return came;
}

/* ---- what was heard ---------------------------------------------------------------------------
 */

struct heard *peer_heard(struct peer *peer, enum heard_kind kind)
{
    for (uint32_t i = 0; i < peer->heard_count; i++) {
        if (peer->heard[i].kind == kind && !peer->heard[i].expected) {
            return &peer->heard[i];
        }
    }
    return NULL;
}

const struct heard *delivery_of(struct stage *stage, uint32_t agency,
                                const struct parcel_made *made, uint32_t leg)
{
    const struct heard *last = NULL;
    for (uint32_t p = 0; p < stage->peers_count; p++) {
        const struct peer *peer = stage->peers[p];
        for (uint32_t i = 0; peer->agency == agency && i < peer->heard_count; i++) {
            const struct heard *heard = &peer->heard[i];
            bool same = heard->kind == HEARD_DELIVERY && heard->made == made;
            if (same && (leg == UINT32_MAX || heard->leg == leg) &&
                (last == NULL || heard->attempt >= last->attempt)) {
                last = heard;
            }
        }
    }
    return last;
}

const struct heard *ask_of(struct peer *peer, const struct parcel_made *made)
{
    const struct heard *last = NULL;
    for (uint32_t i = 0; i < peer->heard_count; i++) {
        const struct heard *heard = &peer->heard[i];
        last = heard->kind == HEARD_ASK && heard->made == made ? heard : last;
    }
    return last;
}
