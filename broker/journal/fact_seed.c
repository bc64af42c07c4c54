/* SPDX-License-Identifier: EUPL-1.2 */
/* The seed of a record's salts, as it stands in the journal: its bytes and nothing else. A payload
 * of another size does not read, and the leaves behind it are not made (log/leaves.c). */
#include "fact_seed.h"

struct lt_bytes fact_write_seed(void *memory, size_t size, const struct fact_seed *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_raw(&w, f->seed, sizeof(f->seed));
    return wire_written(&w);
}

bool fact_read_seed(struct lt_bytes payload, struct fact_seed *ret)
{
    struct wire_reader r;
    struct fact_seed f;
    wire_read_init(&r, payload);
    wire_raw(&r, f.seed, sizeof(f.seed));
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}
