/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_CORE_RECEIVER_TEST_H
#define TESTS_UNIT_CORE_RECEIVER_TEST_H

/*
 * A receiving agency on the scripted line that gives every delivery the same answer at once, until
 * it is told another one. Time passes in steps, so that hours are cheap.
 */
#include "house_test.h"

#define RECEIVER_STEP_MS 20
#define RECEIVER_GONE_MS 1000
#define RECEIVER_BEAT_MS 10000

struct receiver {
    struct party party;
    uint32_t credit;
    struct settlement answer; /* outcome, code, permanent, retry_after_ms, reason */
    bool silent;              /* takes deliveries and says nothing */
    uint32_t delivered;       /* since the last look */
    struct delivery last;     /* header and body are not kept */
    struct lt_id last_id;
    int64_t beat_ms;
};

static inline void receiver_settle(struct house *house, struct receiver *receiver,
                                   const struct deliver *deliver)
{
    struct settlement items[LT_PARCELS_PER_FRAME];
    struct frame frame = {.kind = FRAME_SETTLE};
    for (uint32_t i = 0; i < deliver->count; i++) {
        struct header header;
        assert_int_equal(header_read(deliver->items[i].header, &house->arena, &header, NULL),
                         LT_OK);
        items[i] = receiver->answer;
        items[i].id = header.id;
        items[i].leg = deliver->items[i].leg;
        items[i].attempt = deliver->items[i].attempt;
        items[i].position = deliver->items[i].position;
        items[i].time_ms = house->world.wall_ms;
        receiver->last = deliver->items[i];
        receiver->last_id = header.id;
    }
    receiver->delivered += deliver->count;
    frame.settle = (struct settle){.items = items, .count = deliver->count};
    if (!receiver->silent) {
        party_say(house, &receiver->party, &frame);
    }
}

static inline void receiver_beat(struct house *house, struct receiver *receiver)
{
    struct frame frame = {.kind = FRAME_GRANT};
    frame.grant.deliver = (struct window){.parcels = receiver->credit, .bytes = 1 << 20};
    party_say(house, &receiver->party, &frame);
    receiver->beat_ms = house->world.mono_ms;
}

static inline void receiver_connect(struct house *house, struct receiver *receiver, uint8_t key,
                                    uint32_t credit)
{
    receiver->party = party_connect(house, key);
    receiver->credit = credit;
    receiver_beat(house, receiver);
}

/* The broker ends and starts again on the same journal; state.mdb is kept or lost. */
static inline void house_restart(struct house *house, bool lose_state)
{
    house_settle(house);
    world_net_stop(house->net, 0);
    broker_close(&house->broker);
    if (lose_state) {
        assert_int_equal(unlink(house->state_path), 0);
    }
    house_open_broker(house);
    world_net_start(house->net, 0);
}

static inline void receiver_leave(struct receiver *receiver)
{
    world_link_close(&receiver->party.link);
}

/* Lives for that long; what `field` gave before is gone. Without a line time only passes. */
static inline void receiver_run(struct house *house, struct receiver *receiver, int64_t ms)
{
    int64_t end_ms = house->world.mono_ms + ms;
    while (house->world.mono_ms < end_ms) {
        struct lt_bytes bytes;
        struct fault fault;
        struct frame frame;
        arena_reset(&house->arena);
        fault_init(&fault);
        if (receiver->party.link != NULL) {
            struct client_port port = world_link_port(receiver->party.link);
            while (port.receive(port.self, &bytes)) {
                struct lt_bytes copy = arena_copy(&house->arena, bytes);
                assert_int_equal(frame_read(copy, &house->arena, &frame, &fault), LT_OK);
                if (frame.kind == FRAME_DELIVER) {
                    receiver_settle(house, receiver, &frame.deliver);
                }
            }
            if (house->world.mono_ms - receiver->beat_ms >= RECEIVER_BEAT_MS) {
                receiver_beat(house, receiver);
            }
        }
        house_turn(house);
        int64_t step_ms = receiver->party.link != NULL ? RECEIVER_STEP_MS : RECEIVER_GONE_MS;
        world_advance(&house->world, step_ms - 1);
    }
}

#endif
