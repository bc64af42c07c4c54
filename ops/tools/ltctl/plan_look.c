/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The dry run: the broker gives parts, some receivers a page, and here they are added up, so that a
 * look at a hundred thousand legs costs the broker short turns and no memory. Parts of one receiver
 * follow each other. Legs change meanwhile: a dry run is a look, not a promise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "proto/base/text.h"

struct sums {
    uint64_t items;
    uint64_t passed;
    uint64_t taken;
    uint64_t moved;
    uint64_t unknown;
    uint64_t joined;
    uint64_t reassign;
    uint64_t nobody;
    uint64_t unreadable;
    uint64_t bytes;
    int64_t oldest_ms;
    int64_t newest_ms;
};

struct receiver {
    char to[64];
    char to_name[256];
    char successor[64];
    bool suspended;
    struct sums sums;
};

struct dry_run {
    struct receiver *receivers;
    size_t count;
    size_t capacity;
    struct sums total;
    uint64_t suspended;
    uint64_t succeeded;
};

static void sums_add(struct sums *sums, const struct row *row)
{
    int64_t oldest_ms = row_number(row, "oldest_ms");
    int64_t newest_ms = row_number(row, "newest_ms");
    sums->items += (uint64_t)row_number(row, "items");
    sums->passed += (uint64_t)row_number(row, "passed");
    sums->taken += (uint64_t)row_number(row, "taken");
    sums->moved += (uint64_t)row_number(row, "moved");
    sums->unknown += (uint64_t)row_number(row, "unknown");
    sums->joined += (uint64_t)row_number(row, "joined");
    sums->reassign += (uint64_t)row_number(row, "reassign");
    sums->nobody += (uint64_t)row_number(row, "nobody");
    sums->unreadable += (uint64_t)row_number(row, "unreadable");
    sums->bytes += (uint64_t)row_number(row, "bytes");
    if (oldest_ms != 0 && (sums->oldest_ms == 0 || oldest_ms < sums->oldest_ms)) {
        sums->oldest_ms = oldest_ms;
    }
    if (newest_ms > sums->newest_ms) {
        sums->newest_ms = newest_ms;
    }
}

/* The receiver of a part: the present one, or a new one behind it; NULL: no memory. */
static struct receiver *receiver_of(struct dry_run *run, const struct row *row)
{
    struct lt_bytes to = row_field(row, "to");
    if (run->count > 0 && bytes_equal(text_bytes(run->receivers[run->count - 1].to), to)) {
        return &run->receivers[run->count - 1];
    }
    if (run->count == run->capacity) {
        size_t capacity = run->capacity == 0 ? 64 : run->capacity * 2;
        struct receiver *grown = realloc(run->receivers, capacity * sizeof(*grown));
        if (grown == NULL) {
            return NULL;
        }
        run->receivers = grown;
        run->capacity = capacity;
    }
    struct receiver *receiver = &run->receivers[run->count++];
    memset(receiver, 0, sizeof(*receiver));
    text_copy(receiver->to, sizeof(receiver->to), to);
    text_copy(receiver->to_name, sizeof(receiver->to_name), row_field(row, "to_name"));
    text_copy(receiver->successor, sizeof(receiver->successor), row_field(row, "successor"));
    receiver->suspended = bytes_equal(row_field(row, "suspended"), text_bytes("1"));
    return receiver;
}

static enum exit_code add_part(struct ltctl *ltctl, struct dry_run *run, const struct row *row)
{
    struct receiver *receiver = receiver_of(run, row);
    uint64_t items = (uint64_t)row_number(row, "items");
    if (receiver == NULL) {
        return complain(ltctl, LT_NO_MEMORY, NULL);
    }
    sums_add(&receiver->sums, row);
    sums_add(&run->total, row);
    run->suspended += receiver->suspended ? items : 0;
    run->succeeded += receiver->successor[0] != '\0' ? items : 0;
    return EXIT_GOOD;
}

static void put_sums(struct plan_row *row, const struct sums *sums)
{
    plan_row_number(row, "items", sums->items);
    plan_row_number(row, "passed", sums->passed);
    plan_row_number(row, "oldest_ms", (uint64_t)sums->oldest_ms);
    plan_row_number(row, "newest_ms", (uint64_t)sums->newest_ms);
    plan_row_number(row, "bytes", sums->bytes);
    plan_row_number(row, "taken", sums->taken);
    plan_row_number(row, "moved", sums->moved);
    plan_row_number(row, "unknown", sums->unknown);
    plan_row_number(row, "joined", sums->joined);
    plan_row_number(row, "reassign", sums->reassign);
    plan_row_number(row, "nobody", sums->nobody);
    plan_row_number(row, "unreadable", sums->unreadable);
}

static void put_share(struct plan_row *row, const char *name, uint64_t part, uint64_t whole)
{
    char text[24];
    double share = whole == 0 ? 0 : (double)part * 100.0 / (double)whole;
    snprintf(text, sizeof(text), "%.1f %%", share);
    plan_row_text(row, name, text);
}

static void put_total(struct output *output, const struct dry_run *run)
{
    struct plan_row row = {.row = {.count = 0}};
    output_section(output, &columns_plan_total);
    plan_row_text(&row, "row", "total");
    put_sums(&row, &run->total);
    plan_row_number(&row, "receivers", run->count);
    plan_row_number(&row, "suspended", run->suspended);
    plan_row_number(&row, "succeeded", run->succeeded);
    put_share(&row, "taken_share", run->total.taken, run->total.items);
    put_share(&row, "unknown_share", run->total.unknown, run->total.items);
    output_row(output, &row.row);
}

static void put_receivers(struct output *output, const struct dry_run *run)
{
    output_section(output, &columns_plan_receiver);
    for (size_t i = 0; i < run->count; i++) {
        const struct receiver *receiver = &run->receivers[i];
        struct plan_row row = {.row = {.count = 0}};
        plan_row_text(&row, "row", "receiver");
        plan_row_text(&row, "to", receiver->to[0] == '\0' ? "-" : receiver->to);
        plan_row_text(&row, "to_name", receiver->to_name);
        put_sums(&row, &receiver->sums);
        plan_row_text(&row, "suspended", receiver->suspended ? "1" : "0");
        plan_row_text(&row, "successor", receiver->successor);
        output_row(output, &row.row);
    }
}

enum exit_code plan_look(struct ltctl *ltctl, const char *number, struct output *output)
{
    struct dry_run run;
    struct question question;
    struct page page;
    memset(&run, 0, sizeof(run));
    question_init(&question, "plan-look");
    question_add(&question, "number", number);
    question.patient = true;
    enum exit_code code;
    do {
        code = ask(ltctl, &question, &page);
        for (uint32_t i = 0; code == EXIT_GOOD && i < page.count; i++) {
            code = add_part(ltctl, &run, &page.rows[i]);
        }
    } while (code == EXIT_GOOD && question_next(&question, &page));
    if (code == EXIT_GOOD && run.count > 0) {
        put_total(output, &run);
        put_receivers(output, &run);
    }
    free(run.receivers);
    return code;
}
