/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Shields stand in STATE_META under "shield" and the agency's number, and as a mark on the desk,
 * where Hello looks. A shield does not touch what waits for the agency: it only keeps its frames
 * away from the decoder and the fold.
 */
#include "shield.h"

#include <string.h>

#include "proto/base/log.h"
#include "proto/base/wire.h"

#define SHIELD_NAME       "shield"
#define SHIELD_NAME_BYTES (sizeof(SHIELD_NAME) - 1)
#define SHIELD_KEY_BYTES  (SHIELD_NAME_BYTES + 4)

static struct lt_bytes shield_key(uint8_t out[SHIELD_KEY_BYTES], uint32_t agency)
{
    struct wire_writer w;
    wire_write_init(&w, out, SHIELD_KEY_BYTES);
    wire_put_raw(&w, SHIELD_NAME, SHIELD_NAME_BYTES);
    wire_put_u32(&w, agency);
    return wire_written(&w);
}

enum lt_status shield_set(struct flow *flow, uint32_t agency, bool on, struct lt_bytes person,
                          struct lt_bytes reason, uint64_t *ret_position)
{
    uint8_t memory[LT_REASON_MAX + 256];
    struct fact_shield shield = {.agency = agency, .on = on, .person = person, .reason = reason};
    return flow_fact(flow, FACT_SHIELD, fact_write_shield(memory, sizeof(memory), &shield),
                     ret_position);
}

enum lt_status fold_shield(struct flow *flow, const struct fact *fact)
{
    uint8_t key[SHIELD_KEY_BYTES];
    static const uint8_t one = 1;
    struct fact_shield shield;
    if (!fact_read_shield(fact->payload, &shield) || shield.agency == 0 ||
        shield.agency > AGENCIES_MAX) {
        return LT_DAMAGED;
    }
    desk_of(&flow->desks, shield.agency)->shielded = shield.on;
    if (shield.on) {
        state_put(flow->state, STATE_META, shield_key(key, shield.agency),
                  (struct lt_bytes){&one, 1});
    } else {
        state_delete(flow->state, STATE_META, shield_key(key, shield.agency));
    }
    return LT_OK;
}

enum lt_status shields_load(struct flow *flow)
{
    uint8_t first[SHIELD_KEY_BYTES];
    struct state_entry at;
    enum lt_status status = state_seek(flow->state, STATE_META, shield_key(first, 0), &at);
    while (status == LT_OK && at.found && at.key.size == SHIELD_KEY_BYTES &&
           memcmp(at.key.data, SHIELD_NAME, SHIELD_NAME_BYTES) == 0) {
        struct wire_reader r;
        wire_read_init(&r, at.key);
        (void)wire_run(&r, SHIELD_NAME_BYTES);
        uint32_t agency = wire_u32(&r);
        if (!wire_read_done(&r) || agency == 0 || agency > AGENCIES_MAX) {
            return LT_DAMAGED;
        }
        desk_of(&flow->desks, agency)->shielded = true;
        status = state_step(flow->state, &at);
    }
    return status;
}
