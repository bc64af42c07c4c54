/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One row of BOX_META. A new box knows nothing, so it goes along with whatever axis it meets first;
 * from then on positions only rise within one incarnation. An axis that was rolled back writes on
 * from there, and may soon be beyond what we know; but then a later start wrote a position that we
 * were told by an earlier one.
 */
#include "box_axis.h"

#include "proto/base/text.h"
#include "proto/base/wire.h"

#define AXIS_NAME  "axis"
#define AXIS_BYTES (4 + 8 + 8)
#define RUN_BYTES  8 /* that rows of the releases before do not have */

enum lt_status axis_known(struct box_txn *txn, struct axis_known *ret_known)
{
    struct lt_bytes value;
    struct wire_reader r;
    enum lt_status status = box_get(txn, BOX_META, text_bytes(AXIS_NAME), &value);
    if (status == LT_NOT_FOUND) {
        *ret_known = (struct axis_known){0};
        return LT_OK;
    }
    if (status != LT_OK) {
        return status;
    }
    wire_read_init(&r, value);
    struct axis_known known = {.incarnation = wire_u32(&r)};
    known.position = wire_u64(&r);
    known.run = value.size > AXIS_BYTES - RUN_BYTES ? wire_u64(&r) : 0;
    if (!wire_read_done(&r)) {
        return LT_DAMAGED;
    }
    *ret_known = known;
    return LT_OK;
}

void axis_know(struct box_txn *txn, const struct axis_known *known)
{
    uint8_t room[AXIS_BYTES];
    struct wire_writer w;
    wire_write_init(&w, room, sizeof(room));
    wire_put_u32(&w, known->incarnation);
    wire_put_u64(&w, known->position);
    wire_put_u64(&w, known->run);
    box_put(txn, BOX_META, text_bytes(AXIS_NAME), wire_written(&w));
}

void axis_told(struct box_txn *txn, uint64_t position)
{
    struct axis_known known;
    if (axis_known(txn, &known) == LT_OK && position > known.position) {
        known.position = position;
        axis_know(txn, &known);
    }
}

enum axis_meeting axis_meet(const struct axis_known *known, const struct axis_says *says)
{
    if (says->incarnation < known->incarnation) {
        return AXIS_ROLLED_BACK;
    }
    if (says->incarnation > known->incarnation) {
        return known->position == 0 && known->incarnation == 0 ? AXIS_SAME : AXIS_RESTORED;
    }
    bool behind = says->durable != 0 && says->durable < known->position;
    bool other_run = known->run != 0 && says->run != 0 && says->run != known->run;
    bool written_again = other_run && says->run_from != 0 && says->run_from <= known->position;
    return behind || written_again ? AXIS_ROLLED_BACK : AXIS_SAME;
}
