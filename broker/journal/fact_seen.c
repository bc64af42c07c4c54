/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The payload that says who saw what, of which transfer, and what for. Under the rules of
 * fact_write.c and fact_read.c: nothing is allocated, a payload reads whole or not at all. It
 * begins with the position of its transfer, as the facts about legs do. A view without a name or
 * without a purpose is none, so such a payload is damage.
 */
#include "fact_seen.h"

#include "fact_parts.h"

struct lt_bytes fact_write_seen(void *memory, size_t size, const struct fact_seen *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->position);
    wire_put_u8(&w, f->what);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->purpose);
    return wire_written(&w);
}

bool fact_read_seen(struct lt_bytes payload, struct fact_seen *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_seen f = {.position = wire_u64(&r)};
    f.what = fact_take_choice(&r, SEEN_CODES);
    f.person = wire_run16(&r);
    f.purpose = wire_run16(&r);
    if (!wire_read_done(&r) || f.person.size == 0 || f.purpose.size == 0) {
        return false;
    }
    *ret = f;
    return true;
}

const char *seen_what_name(uint8_t what)
{
    return what == SEEN_BODY ? "body" : what == SEEN_CODES ? "codes" : "";
}
