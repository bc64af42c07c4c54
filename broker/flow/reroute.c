/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The fact of a reroute, and what stands in its way. The attachments are read back from the header
 * and named in the fact, so that the new receiver may fetch them; a transfer whose bytes cannot be
 * read now cannot be rerouted now. Whether it may be at all (the unknown outcome, rights, order) is
 * asked by whoever wants it.
 */
#include "reroute.h"

#include "replay.h"
#include "restored.h"
#include "steps.h"

#define FACT_BYTES (LT_REASON_MAX + 512 + LT_ATTACHMENTS_MAX * 40)

uint8_t reroute_rival(const struct flow *flow, const struct transfer_key *key,
                      const struct transfer *t, uint32_t to)
{
    uint8_t i = 0;
    for (; i < t->legs_count; i++) {
        const struct leg *leg = &t->legs[i];
        bool sent = (leg->flags & LEG_FLAG_SENT_ONCE) != 0 || restored_doubts(flow, &key->id);
        if (leg->agency == to && (leg_open(leg->state) || leg->state == LEG_TAKEN || sent)) {
            break;
        }
    }
    return i;
}

enum lt_status reroute_stage(struct flow *flow, struct fact_rerouted *rerouted)
{
    uint8_t memory[FACT_BYTES];
    struct header header;
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    uint64_t position;
    enum lt_status status = parcel_read(flow, rerouted->position, &header, &header_bytes, &body);
    if (status != LT_OK) {
        return status;
    }
    rerouted->attachments_count = 0;
    for (uint32_t i = 0; i < header.attachments_count && i < LT_ATTACHMENTS_MAX; i++) {
        rerouted->attachments[rerouted->attachments_count++] = (struct fact_attachment){
            .sha256 = header.attachments[i].sha256, .size = header.attachments[i].size};
    }
    if (!flow_room_small(flow)) {
        return LT_BUSY;
    }
    status = flow_fact(flow, FACT_REROUTED, fact_write_rerouted(memory, sizeof(memory), rerouted),
                       &position);
    if (status == LT_OK) {
        flight_land(flow, rerouted->position, rerouted->leg);
    }
    return status;
}
