/* SPDX-License-Identifier: EUPL-1.2 */
/* Evidence is gathered here out of what the small axis keeps; what a liar does to it is done here,
 * too, and judged by the code of lt-verify. */
#include "auditor.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/base/file.h"
#include "proto/base/text.h"

#define ARENA_CAP (1024u * 1024 * 1024)

static void found(void *context, const struct evidence_finding *finding)
{
    struct auditor *auditor = context;
    struct found *place = &auditor->found[auditor->found_count];
    if (auditor->found_count == FOUND_MAX) {
        return;
    }
    auditor->found_count++;
    place->check = finding->check;
    place->result = finding->result;
    snprintf(place->why, sizeof(place->why), "%s", finding->why);
}

static void put(const struct auditor *auditor, const char *name, const char *text)
{
    char path[200];
    struct fault fault;
    fault_init(&fault);
    snprintf(path, sizeof(path), "%s/%s", auditor->trust, name);
    enum lt_status status = file_write(path, text_bytes(text), 0600, &fault);
    assert(status == LT_OK);
}

void auditor_open(struct auditor *auditor, struct town *town)
{
    char text[1024];
    char hex[65];
    size_t size = 0;
    memset(auditor, 0, sizeof(*auditor));
    auditor->town = town;
    auditor->report = (struct evidence_report){.context = auditor, .found = found};
    snprintf(auditor->trust, sizeof(auditor->trust), "%s/trust", town->folder);
    int made = mkdir(auditor->trust, 0700);
    assert(made == 0);
    enum lt_status status = arena_init(&auditor->arena, 1 << 20, ARENA_CAP);
    assert(status == LT_OK);
    snprintf(text, sizeof(text), "%s\n", town->axis.vkey);
    put(auditor, "axis.vkey", text);
    for (uint32_t i = 0; i < AGENCIES; i++) {
        hex_write(hex, town->agencies[i].key_id.bytes, 32);
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s %s\n", agency_ids[i], hex);
    }
    put(auditor, "agencies.txt", text);
}

void auditor_close(struct auditor *auditor)
{
    arena_deinit(&auditor->arena);
}

/* ---- gathering ---- */

/* The receiver's own copy stands in for the axis' where that is what the dispute is about. */
static void bytes_of(const struct auditor *auditor, const struct carried *carried,
                     struct evidence_transfer *transfer)
{
    bool held = auditor->town->axis.cheat == CHEAT_ALTER_ON_THE_WAY && carried->held_body.size > 0;
    transfer->header = held ? carried->held_header : carried->header;
    transfer->body = held ? carried->held_body : carried->body;
}

/* An outcome as a liar would like it, in the place of one that is in the log. */
static void lie_about(struct auditor *auditor, struct evidence_receipt *receipt)
{
    uint8_t bytes[LEAF_BYTES_MAX];
    struct leaf leaf;
    struct axis *axis = &auditor->town->axis;
    bool reads = leaf_read(receipt->proof.leaf, &leaf);
    assert(reads && leaf.kind == LEAF_OUTCOME);
    leaf.outcome.outcome = leaf.outcome.outcome == LT_OUTCOME_TAKEN ? (uint8_t)LT_OUTCOME_REFUSED
                                                                    : (uint8_t)LT_OUTCOME_TAKEN;
    receipt->proof.leaf = arena_copy(&auditor->arena, leaf_write(bytes, sizeof(bytes), &leaf));
    axis->done = true;
}

static void add_receipt(struct evidence_transfer *transfer, const struct view *view,
                        uint64_t position)
{
    uint32_t commit, leaf;
    if (position != 0 && view_find(view, position, &commit, &leaf)) {
        transfer->receipts[transfer->receipts_count++] = view_receipt(view, commit, leaf);
    }
}

static void add_transfer(struct auditor *auditor, struct evidence *evidence,
                         const struct view *view, const struct carried *carried)
{
    struct axis *axis = &auditor->town->axis;
    struct evidence_transfer *transfer = &evidence->transfers[evidence->transfers_count++];
    uint64_t outcome = carried->outcome;
    assert(evidence->transfers_count <= EVIDENCE_TRANSFERS_MAX);
    *transfer = (struct evidence_transfer){.id = carried->id,
                                           .sealed = true,
                                           .seal = carried->seal,
                                           .key = auditor->town->agencies[carried->from].spki};
    bytes_of(auditor, carried, transfer);
    transfer->receipts = arena_alloc(&auditor->arena, 2 * sizeof(*transfer->receipts));
    if (axis->cheat == CHEAT_OUTCOME_OF_ANOTHER && !axis->done && outcome != 0) {
        for (uint32_t i = 0; i < axis->transfers_count && outcome == carried->outcome; i++) {
            bool later = axis->transfers[i].outcome > carried->position;
            outcome = later ? axis->transfers[i].outcome : outcome;
        }
        axis->done = outcome != carried->outcome;
    }
    add_receipt(transfer, view, carried->position);
    add_receipt(transfer, view, outcome);
    if (axis->cheat == CHEAT_OUTCOME_UNLOGGED && !axis->done && transfer->receipts_count == 2) {
        lie_about(auditor, &transfer->receipts[1]);
    }
}

struct lt_bytes auditor_gather(struct auditor *auditor, uint32_t agency)
{
    struct axis *axis = &auditor->town->axis;
    const struct view *view = &axis->views[axis->view_of[agency]];
    struct evidence *evidence = arena_zalloc(&auditor->arena, sizeof(*evidence));
    struct fault fault;
    struct lt_bytes tar;
    fault_init(&fault);
    evidence->transfers =
        arena_zalloc(&auditor->arena, EVIDENCE_TRANSFERS_MAX * sizeof(struct evidence_transfer));
    for (uint32_t i = 0; i < axis->transfers_count; i++) {
        if (axis->transfers[i].from == agency) {
            add_transfer(auditor, evidence, view, &axis->transfers[i]);
        }
    }
    bool foreign = axis->cheat == CHEAT_FOREIGN_EVIDENCE;
    axis->done = axis->done || foreign;
    evidence->checkpoint_size = view->count;
    evidence->checkpoint = view_note(view, foreign ? &axis->stranger : &axis->signer, view->count);
    enum lt_status status = evidence_write(evidence, axis->digester, &auditor->arena, &tar, &fault);
    if (status != LT_OK) {
        fprintf(stderr, "cheat: evidence: %s %s\n", fault.field, fault.detail);
    }
    assert(status == LT_OK);
    return tar;
}

/* ---- judging ---- */

const struct evidence_view *auditor_judge(struct auditor *auditor, struct lt_bytes tar)
{
    const struct evidence_view *view = NULL;
    struct evidence_trust *trust = NULL;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = evidence_trust_open(auditor->trust, &trust, &fault);
    assert(status == LT_OK);
    status = evidence_judge(tar, trust, &auditor->arena, &auditor->report, &view, &fault);
    assert(status == LT_OK);
    evidence_trust_close(&trust);
    return view;
}

void auditor_compare(struct auditor *auditor, struct lt_bytes one, struct lt_bytes other,
                     const struct growth_proof *proof)
{
    const struct evidence_view *a = auditor_judge(auditor, one);
    const struct evidence_view *b = auditor_judge(auditor, other);
    assert(a != NULL && b != NULL);
    enum lt_status status =
        evidence_compare(a, b, proof, proof == NULL ? 0 : 1, &auditor->arena, &auditor->report);
    assert(status == LT_OK);
}

bool auditor_found(const struct auditor *auditor, enum evidence_check check,
                   enum evidence_result result, const char *why)
{
    for (uint32_t i = 0; i < auditor->found_count; i++) {
        const struct found *place = &auditor->found[i];
        if (place->check == check && place->result == result && strcmp(place->why, why) == 0) {
            return true;
        }
    }
    return false;
}
