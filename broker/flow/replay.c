/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One parked leg is tried again: it becomes ready when its lane is free and goes behind the holder
 * when it is not; id and bytes stay. A transfer that nobody was competent for has one leg for
 * nobody: its header is read back and the registry is asked again; the new legs are a fact of their
 * own and take the old one's place.
 */
#include "replay.h"

#include <string.h>

#include "carry.h"
#include "lane.h"
#include "proto/message.h"
#include "steps.h"

#define FACT_BYTES (LT_REASON_MAX + 256)
#define ASSIGNED_BYTES                                                                             \
    (256 + LT_LEGS_MAX * sizeof(struct fact_leg) +                                                 \
     LT_ATTACHMENTS_MAX * sizeof(struct fact_attachment))

enum lt_status parcel_read(struct flow *flow, uint64_t position, struct header *ret_header,
                           struct lt_bytes *ret_header_bytes, struct lt_bytes *ret_body)
{
    struct cached cached;
    struct fact fact;
    struct fact_accepted accepted;
    struct lt_bytes payload;
    int64_t time_ms;
    struct lt_bytes header;
    struct lt_bytes body;
    if (!cache_get(&flow->cache, position, &cached, &header, &body)) {
        uint64_t at = parcel_where(flow, position);
        enum lt_status status = journal_read(flow->journal, at, &flow->arena, &fact);
        if (status != LT_OK) {
            /* A fact that is staged only is nowhere else than in the cache. */
            return status == LT_NOT_FOUND && at > flow->durable ? LT_AGAIN : status;
        }
        if (!fact_acceptance(&fact, position, &time_ms, &payload) ||
            !fact_read_accepted(payload, &accepted)) {
            return LT_DAMAGED;
        }
        header = accepted.header;
        body = accepted.body;
    }
    if (header_read(header, &flow->arena, ret_header, NULL) != LT_OK) {
        return LT_DAMAGED;
    }
    *ret_header_bytes = header;
    *ret_body = body;
    return LT_OK;
}

enum leg_state replay_next(struct flow *flow, const struct transfer *t, uint8_t leg)
{
    return lane_held(flow, t, leg) ? LEG_BEHIND : LEG_READY;
}

enum lt_status replay_stage(struct flow *flow, const struct transfer *t, uint8_t leg,
                            struct lt_bytes person, struct lt_bytes reason,
                            enum leg_state *ret_next)
{
    uint8_t memory[FACT_BYTES];
    uint64_t position;
    enum leg_state next = replay_next(flow, t, leg);
    struct fact_act act = {
        .position = t->position,
        .leg = leg,
        .act = ACT_REPLAY,
        .next = (uint8_t)next,
        .person = person,
        .reason = reason,
    };
    if (!flow_room_small(flow)) {
        return LT_BUSY;
    }
    enum lt_status status =
        flow_fact(flow, FACT_ACT, fact_write_act(memory, sizeof(memory), &act), &position);
    if (status == LT_OK) {
        *ret_next = next;
    }
    return status;
}

enum lt_status replay_assign(struct flow *flow, const struct transfer *t, struct lt_bytes person,
                             struct fact_assigned *ret_assigned, struct fault *fault)
{
    struct header header;
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    struct fact_accepted accepted;
    uint32_t named[LT_LEGS_MAX];
    memset(&accepted, 0, sizeof(accepted));
    ret_assigned->attachments_count = 0;
    enum lt_status status = parcel_read(flow, t->position, &header, &header_bytes, &body);
    if (status == LT_DAMAGED) {
        /* One record that does not read must not end the house; the leg stays where it is. */
        accepted.legs[0] = (struct fact_leg){.agency = 0, .parked = LT_DAMAGED};
        accepted.legs_count = 1;
    } else if (status != LT_OK) {
        return status;
    } else {
        status = assign(flow->registry, &header, flow->now_ms, &accepted, named, fault);
        if (status != LT_OK) {
            return status;
        }
        for (uint32_t i = 0; i < header.attachments_count; i++) {
            ret_assigned->attachments[ret_assigned->attachments_count++] = (struct fact_attachment){
                .sha256 = header.attachments[i].sha256, .size = header.attachments[i].size};
        }
    }
    ret_assigned->position = t->position;
    ret_assigned->person = person;
    memcpy(ret_assigned->legs, accepted.legs, sizeof(ret_assigned->legs));
    ret_assigned->legs_count = accepted.legs_count;
    return LT_OK;
}

enum lt_status replay_assign_stage(struct flow *flow, const struct fact_assigned *assigned)
{
    uint64_t position;
    if (!flow_room_small(flow)) {
        return LT_BUSY;
    }
    uint8_t *memory = arena_alloc(&flow->arena, ASSIGNED_BYTES);
    if (memory == NULL) {
        return LT_BUSY;
    }
    return flow_fact(flow, FACT_ASSIGNED, fact_write_assigned(memory, ASSIGNED_BYTES, assigned),
                     &position);
}
