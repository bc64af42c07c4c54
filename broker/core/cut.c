/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The checks and steps of a cut. What is live is asked of the state itself, transfer by transfer,
 * while the base is written, and not of what the broker said before: a mark may be old, an open leg
 * is one. Records are compared with the archive before anything is written.
 *
 * The base speaks of the journal's last position, so it also stands for what lies between the cut
 * and the end; a refold begins behind it.
 */
#include "cut.h"

#include "broker/journal/layout.h"
#include "broker/transfer/record.h"

struct cutting {
    const struct cut_options *options;
    struct cut_report report;
    uint64_t last;
    uint64_t next;    /* position the next record begins with */
    uint64_t live_at; /* the first live transfer below */
    struct fault *fault;
};

/* ---- is everything in the archive? ---- */

static enum lt_status compare(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct cutting *cutting = context;
    const struct cut_options *options = cutting->options;
    struct record record;
    bool reads = record_read(bytes, &record, NULL) == LT_OK && record.first == first;
    uint64_t end = first + (reads ? record.count : 1);
    if (end > options->below || end > cutting->last) {
        cutting->report.first = first;
        return LT_NOT_FOUND; /* this one stays */
    }
    enum lt_status status = options->archived(options->archive, first, bytes, cutting->fault);
    if (status != LT_OK) {
        return status == LT_NOT_FOUND ? LT_EXISTS : status;
    }
    cutting->report.records++;
    cutting->report.bytes += bytes.size;
    cutting->next = end;
    return LT_OK;
}

static enum lt_status compare_all(struct cutting *cutting)
{
    const struct journal_backend *journal = &cutting->options->journal;
    enum lt_status status = LT_OK;
    while (status == LT_OK) {
        status = journal->view(journal->self, cutting->next, compare, cutting);
        if (status == LT_OK && cutting->options->progress != NULL) {
            cutting->options->progress(cutting->options->context, cutting->next - 1,
                                       cutting->options->below);
        }
    }
    if (status == LT_EXISTS) {
        return LT_NOT_FOUND; /* not in the archive; the fault says where */
    }
    return status == LT_NOT_FOUND ? LT_OK : status;
}

/* ---- is anything live below? ---- */

static enum lt_status look(void *context, enum state_tree tree, struct lt_bytes key,
                           struct lt_bytes value)
{
    struct cutting *cutting = context;
    struct transfer t;
    (void)key;
    if (tree != STATE_TRANSFERS) {
        return LT_OK;
    }
    if (!transfer_read(value, &t)) {
        return LT_DAMAGED;
    }
    bool open = false;
    for (uint8_t i = 0; t.code == 0 && i < t.legs_count; i++) {
        open = open || leg_open(t.legs[i].state);
    }
    if (open && t.bytes_at < cutting->options->below) {
        cutting->live_at = cutting->report.live == 0 ? t.position : cutting->live_at;
        cutting->report.live++;
    }
    return LT_OK;
}

static enum lt_status judge(struct cutting *cutting, const struct base_about *state)
{
    if (state->position != cutting->last) {
        return fault_set(cutting->fault, LT_AGAIN, "state.mdb",
                         "reaches %llu, the journal %llu: start the broker and stop it in order",
                         (unsigned long long)state->position, (unsigned long long)cutting->last);
    }
    if (cutting->report.live != 0) {
        return fault_set(cutting->fault, LT_AGAIN, "carry",
                         "%llu live transfers lie below %llu, the first at %llu",
                         (unsigned long long)cutting->report.live,
                         (unsigned long long)cutting->options->below,
                         (unsigned long long)cutting->live_at);
    }
    return LT_OK;
}

/* ---- the steps ---- */

static enum lt_status make_base(struct cutting *cutting)
{
    const struct cut_options *options = cutting->options;
    enum lt_status status = base_write(options->state_path, options->base_path, options->below,
                                       look, cutting, &cutting->report.base, cutting->fault);
    if (status == LT_OK) {
        status = judge(cutting, &cutting->report.base);
    }
    if (status == LT_OK) {
        status = base_check_new(options->base_path, &cutting->report.base, cutting->fault);
    }
    if (status != LT_OK) {
        base_drop(options->base_path);
        return status;
    }
    return base_place(options->base_path, cutting->fault);
}

static enum lt_status only_look(struct cutting *cutting)
{
    enum lt_status status = state_each(cutting->options->state_path, look, cutting,
                                       &cutting->report.base, cutting->fault);
    return status == LT_OK ? judge(cutting, &cutting->report.base) : status;
}

enum lt_status cut_run(const struct cut_options *options, struct cut_report *ret_report,
                       struct fault *fault)
{
    struct backend_status at;
    struct cutting cutting = {.options = options, .fault = fault};
    options->journal.status(options->journal.self, &at);
    cutting.last = at.last;
    cutting.next = at.first;
    cutting.report.first = at.first;
    if (options->below > at.last) {
        return fault_set(fault, LT_FIELD_BAD, "below", "%llu, the last position is %llu",
                         (unsigned long long)options->below, (unsigned long long)at.last);
    }
    enum lt_status status = compare_all(&cutting);
    if (status == LT_OK && options->dry_run) {
        status = only_look(&cutting);
    } else if (status == LT_OK && cutting.report.records != 0) {
        status = make_base(&cutting);
        if (status == LT_OK) {
            status = options->journal.cut(options->journal.self, options->below, fault);
        }
    }
    *ret_report = cutting.report;
    return status;
}
