/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One row in STATE_META says which incarnation of the journal this is, up to where the backup had
 * reached, when the restore was declared and whether it is being reconciled. The time inside an id
 * (UUIDv7) tells whether it was made before the declaration; senders' ids carry the time of the
 * axis, so a wrong clock of theirs does not matter much, and what is turned away is only late.
 */
#include "restored.h"

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"

#define RESTORED_NAME  "restored"
#define RESTORED_BYTES (4 + 8 + 8 + 1)
#define ID_AHEAD_MS    (24LL * 60 * 60 * 1000)

static enum lt_status stage(struct flow *flow, enum restored_change change, uint32_t incarnation,
                            uint64_t restored_to, struct lt_bytes person, struct lt_bytes reason,
                            uint64_t *ret_position)
{
    uint8_t memory[LT_REASON_MAX + 256];
    struct fact_restored restored = {
        .change = (uint8_t)change,
        .incarnation = incarnation,
        .position = restored_to,
        .person = person,
        .reason = reason,
    };
    return flow_fact(flow, FACT_RESTORED, fact_write_restored(memory, sizeof(memory), &restored),
                     ret_position);
}

/*
 * A backup may be restored twice, and what it holds knows nothing of the first time: counting on
 * from there would give both restores one number. So it is the second of the declaration, and only
 * ever higher than the number before and the one the log has reached: the clock may be behind.
 */
static uint32_t next_incarnation(const struct flow *flow, uint32_t above)
{
    int64_t wall_s = flow->clock->wall_ms(flow->clock->self) / 1000;
    uint32_t last = flow->restored.incarnation;
    uint32_t next = (last > above ? last : above) + 1;
    return wall_s > next && wall_s <= UINT32_MAX ? (uint32_t)wall_s : next;
}

enum lt_status restored_declare(struct flow *flow, uint64_t to, uint32_t above,
                                struct lt_bytes person, struct lt_bytes reason,
                                uint64_t *ret_position)
{
    uint8_t memory[256];
    uint64_t position;
    uint64_t reached = to == 0 || to > flow->durable ? flow->durable : to;
    struct fact_backup backup = {.position = reached, .person = person};
    enum lt_status status = stage(flow, RESTORED_DECLARED, next_incarnation(flow, above), reached,
                                  person, reason, ret_position);
    if (status != LT_OK || reached <= flow->backed_up_to) {
        return status;
    }
    /* The mark of that backup was made after it, so it is not in it. */
    return flow_fact(flow, FACT_BACKUP, fact_write_backup(memory, sizeof(memory), &backup),
                     &position);
}

enum lt_status restored_done(struct flow *flow, struct lt_bytes person, struct lt_bytes reason,
                             uint64_t *ret_position)
{
    return stage(flow, RESTORED_DONE, flow->restored.incarnation, flow->restored.to, person, reason,
                 ret_position);
}

bool restored_admits(const struct flow *flow, const struct lt_id *id)
{
    return !flow->restored.reconciling || id_time_ms(id) <= flow->restored.declared_ms;
}

bool restored_doubts(const struct flow *flow, const struct lt_id *id)
{
    return flow->restored.incarnation != 0 &&
           id_time_ms(id) <= flow->restored.declared_ms + ID_AHEAD_MS;
}

enum lt_status restored_step(struct flow *flow)
{
    uint64_t position;
    bool over = flow->restored.reconciling && !flow->clock_suspect &&
                flow->now_ms - flow->restored.declared_ms >= flow->settings.reconcile_ms;
    if (!over || !flow_room_small(flow)) {
        return LT_OK;
    }
    log_info("restore-reconciled", "incarnation=%u", flow->restored.incarnation);
    return restored_done(flow, (struct lt_bytes){0}, text_bytes("time"), &position);
}

static void store(struct flow *flow)
{
    uint8_t value[RESTORED_BYTES];
    struct wire_writer w;
    wire_write_init(&w, value, sizeof(value));
    wire_put_u32(&w, flow->restored.incarnation);
    wire_put_u64(&w, flow->restored.to);
    wire_put_i64(&w, flow->restored.declared_ms);
    wire_put_u8(&w, flow->restored.reconciling ? 1 : 0);
    state_put(flow->state, STATE_META, text_bytes(RESTORED_NAME), wire_written(&w));
}

enum lt_status fold_restored(struct flow *flow, const struct fact *fact)
{
    struct fact_restored restored;
    if (!fact_read_restored(fact->payload, &restored)) {
        return LT_DAMAGED;
    }
    if (restored.change == RESTORED_DECLARED) {
        flow->restored.incarnation = restored.incarnation;
        /* An agency that missed a restore before this one lacks what that one took away, too. */
        bool lower = flow->restored.to != 0 && flow->restored.to < restored.position;
        flow->restored.to = lower ? flow->restored.to : restored.position;
        flow->restored.declared_ms = fact->time_ms;
    }
    flow->restored.reconciling = restored.change == RESTORED_DECLARED;
    store(flow);
    return LT_OK;
}

enum lt_status restored_load(struct flow *flow)
{
    struct lt_bytes value;
    struct wire_reader r;
    enum lt_status status = state_get(flow->state, STATE_META, text_bytes(RESTORED_NAME), &value);
    if (status != LT_OK) {
        return status == LT_NOT_FOUND ? LT_OK : status;
    }
    wire_read_init(&r, value);
    flow->restored.incarnation = wire_u32(&r);
    flow->restored.to = wire_u64(&r);
    flow->restored.declared_ms = wire_i64(&r);
    flow->restored.reconciling = wire_u8(&r) != 0;
    return wire_read_done(&r) ? LT_OK : LT_DAMAGED;
}
