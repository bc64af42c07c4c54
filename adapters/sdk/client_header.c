/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The header of one of our own transfers, for doors that make another transfer about it (a recall
 * goes to the same receivers). Copied out of the box, because a view into it ends with the reading.
 *
 * LT_NOT_HERE for an id we never sent and for one whose retention is over; LT_FULL when the
 * caller's room is smaller than the header.
 */
#include <string.h>

#include "box_outbox.h"
#include "client_parts.h"

enum lt_status lt_client_sent_header(struct lt_client *client, const struct lt_id *id, uint8_t *out,
                                     uint32_t out_size, uint32_t *ret_size)
{
    struct box_txn txn;
    struct lt_bytes header;
    struct lt_bytes body;
    uint64_t sequence = 0;
    enum lt_status status = box_read(client->box, &txn);
    if (status != LT_OK) {
        return status;
    }
    status = outbox_by_id(&txn, id, &sequence);
    if (status == LT_OK) {
        status = outbox_parcel(&txn, sequence, &header, &body);
    }
    if (status == LT_OK && header.size > out_size) {
        status = LT_FULL;
    }
    if (status == LT_OK) {
        memcpy(out, header.data, header.size);
        *ret_size = (uint32_t)header.size;
    }
    box_read_end(&txn);
    return status == LT_NOT_FOUND ? LT_NOT_HERE : status;
}
