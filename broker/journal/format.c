/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The table of formats, and the fact that enables one. A new kind of fact is a row here and in
 * fact.h; a new format is a number in format.h, and FORMAT_TRIAL and LT_FORMAT_MAX go up by one.
 *
 * LT_FORMAT_MAX is the only place where a program says what it knows. The tests build two more
 * brokers with other numbers: an older one, which has never heard of what came after it, and a
 * newer one, whose format has a kind of its own (FACT_TRIAL) that it writes once it is enabled.
 * Whatever this program does not know is unknown to all of it: it is neither written nor folded.
 */
#include "format.h"

#include "proto/base/wire.h"

#ifndef LT_FORMAT_MAX
#define LT_FORMAT_MAX FORMAT_TRUST
#endif

/* Kinds from `first` to `last` came with `format`. */
static const struct {
    uint8_t first;
    uint8_t last;
    uint32_t format;
} brought[] = {
    {FACT_DAMAGED, FACT_CLOCK, FORMAT_FIRST},
    {FACT_CLOCK + 1, FACT_KINDS_END - 1, FORMAT_TRUST},
    {FACT_TRIAL, FACT_TRIAL, FORMAT_TRIAL},
};

uint32_t format_known(void)
{
    return LT_FORMAT_MAX;
}

uint32_t format_of(uint8_t kind)
{
    for (size_t i = 0; i < sizeof(brought) / sizeof(brought[0]); i++) {
        if (kind >= brought[i].first && kind <= brought[i].last) {
            return brought[i].format;
        }
    }
    return UINT32_MAX;
}

bool format_knows(uint8_t kind)
{
    return format_of(kind) <= format_known();
}

struct lt_bytes fact_write_format(void *memory, size_t size, const struct fact_format *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u32(&w, f->format);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->reason);
    return wire_written(&w);
}

bool fact_read_format(struct lt_bytes payload, struct fact_format *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_format f = {.format = wire_u32(&r)};
    f.person = wire_run16(&r);
    f.reason = wire_run16(&r);
    if (!wire_read_done(&r) || f.format == 0) {
        return false;
    }
    *ret = f;
    return true;
}
