/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The payload of a decision about a request to be let in, under the rules of fact_write.c and
 * fact_read.c: nothing is allocated, a payload reads whole or not at all. Nothing is folded from
 * it; it is there for whoever asks, years later, who let this key in and why.
 */
#include "fact_enrol.h"

#include "fact_parts.h"

struct lt_bytes fact_write_enrol(void *memory, size_t size, const struct fact_enrol *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u8(&w, f->approved ? 1 : 0);
    fact_put_digest(&w, &f->request);
    fact_put_digest(&w, &f->key_id);
    wire_put_run16(&w, f->agency);
    wire_put_run16(&w, f->from);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->reason);
    return wire_written(&w);
}

bool fact_read_enrol(struct lt_bytes payload, struct fact_enrol *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_enrol f = {.approved = fact_take_flag(&r)};
    fact_take_digest(&r, &f.request);
    fact_take_digest(&r, &f.key_id);
    f.agency = wire_run16(&r);
    f.from = wire_run16(&r);
    f.person = wire_run16(&r);
    f.reason = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}
