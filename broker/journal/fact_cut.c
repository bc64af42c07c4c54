/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The facts around a cut: how far copies reach (backup, archive), the bytes of a live transfer
 * carried over the place where the journal will be cut, and the cut itself. Written and read side
 * by side; the rules are those of fact_write.c and fact_read.c: a field is never moved or dropped,
 * a new one comes last and is absent in old facts, a payload reads whole or not at all.
 *
 * A carried acceptance is the same bytes under another position, so that every digest and seal made
 * over them stays true; who wants a transfer's bytes gives its own position and does not see which
 * of the two facts they came from.
 */
#include "fact_parts.h"
#include "journal.h"

struct lt_bytes fact_write_backup(void *memory, size_t size, const struct fact_backup *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->position);
    wire_put_run16(&w, f->person);
    wire_put_u8(&w, f->what);
    return wire_written(&w);
}

bool fact_read_backup(struct lt_bytes payload, struct fact_backup *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_backup f = {.position = wire_u64(&r)};
    f.person = wire_run16(&r);
    f.what = r.at == r.end ? MARK_BACKUP : wire_u8(&r);
    if (!wire_read_done(&r) || f.what > MARK_CARRIED) {
        return false;
    }
    *ret = f;
    return true;
}

struct lt_bytes fact_write_carried(void *memory, size_t size, const struct fact_carried *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->position);
    wire_put_i64(&w, f->time_ms);
    wire_put_run32(&w, f->accepted);
    if (f->proof.size > 0) {
        wire_put_run16(&w, f->proof);
    }
    return wire_written(&w);
}

bool fact_read_carried(struct lt_bytes payload, struct fact_carried *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_carried f = {.position = wire_u64(&r)};
    f.time_ms = wire_i64(&r);
    f.accepted = wire_run32(&r);
    if (fact_take_more(&r)) {
        f.proof = wire_run16(&r);
        r.bad |= f.proof.size == 0;
    }
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

struct lt_bytes fact_write_cut(void *memory, size_t size, const struct fact_cut *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->below);
    wire_put_raw(&w, f->base.bytes, sizeof(f->base.bytes));
    wire_put_run16(&w, f->person);
    return wire_written(&w);
}

bool fact_read_cut(struct lt_bytes payload, struct fact_cut *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_cut f = {.below = wire_u64(&r)};
    wire_raw(&r, f.base.bytes, sizeof(f.base.bytes));
    f.person = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_acceptance(const struct fact *fact, uint64_t position, int64_t *ret_time_ms,
                     struct lt_bytes *ret_payload)
{
    struct fact_carried carried;
    if (fact->kind == FACT_ACCEPTED && fact->position == position) {
        *ret_time_ms = fact->time_ms;
        *ret_payload = fact->payload;
        return true;
    }
    if (fact->kind != FACT_CARRIED || !fact_read_carried(fact->payload, &carried) ||
        carried.position != position) {
        return false;
    }
    *ret_time_ms = carried.time_ms;
    *ret_payload = carried.accepted;
    return true;
}
