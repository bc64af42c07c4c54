/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The format in use stands in STATE_META, folded from FACT_FORMAT, and only goes up: what was
 * written once must be readable by everyone who comes after. A format that is enabled and not known
 * ends the start, also when nothing of it was written yet: the release that comes back would
 * otherwise go on for a while and then meet it in the middle of its work.
 */
#include "enable.h"

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"

#define FORMAT_NAME "format"

bool flow_writes(const struct flow *flow, uint8_t kind)
{
    return format_of(kind) <= flow->format;
}

enum lt_status enable_stage(struct flow *flow, uint32_t format, struct lt_bytes person,
                            struct lt_bytes reason, uint64_t *ret_position)
{
    uint8_t memory[LT_REASON_MAX + 256];
    struct fact_format f = {.format = format, .person = person, .reason = reason};
    enum lt_status status =
        flow_fact(flow, FACT_FORMAT, fact_write_format(memory, sizeof(memory), &f), ret_position);
    if (status == LT_OK) {
        log_info("format-enabled", "format=%u known=%u", format, format_known());
    }
    return status;
}

/* Kept also when it is beyond us: the one who stops the start says it. */
static enum lt_status use(struct flow *flow, uint32_t format)
{
    flow->format = format;
    return format <= format_known() ? LT_OK : LT_FORMAT_UNKNOWN;
}

enum lt_status fold_format(struct flow *flow, const struct fact *fact)
{
    uint8_t value[4];
    struct fact_format f;
    struct wire_writer w;
    if (!fact_read_format(fact->payload, &f)) {
        return LT_DAMAGED;
    }
    if (f.format < flow->format) {
        return LT_OK;
    }
    wire_write_init(&w, value, sizeof(value));
    wire_put_u32(&w, f.format);
    state_put(flow->state, STATE_META, text_bytes(FORMAT_NAME), wire_written(&w));
    return use(flow, f.format);
}

enum lt_status format_load(struct flow *flow)
{
    struct lt_bytes value;
    enum lt_status status = state_get(flow->state, STATE_META, text_bytes(FORMAT_NAME), &value);
    if (status == LT_NOT_FOUND) {
        return use(flow, FORMAT_FIRST);
    }
    if (status != LT_OK) {
        return status;
    }
    struct wire_reader r;
    wire_read_init(&r, value);
    uint32_t format = wire_u32(&r);
    return wire_read_done(&r) ? use(flow, format) : LT_DAMAGED;
}
