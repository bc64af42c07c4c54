/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the axis does in a turn: takes frames, writes what it accepted and what was settled into its
 * log (or logs), gives receipts, delivers. The lies are told where an honest axis would do the
 * other thing, so that all the rest of a cheating world is as in an honest one.
 */
#include "axis.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/message.h"

#define HOUR_MS         (3600 * 1000LL)
#define DELIVER_AT_ONCE 4

const char *const agency_ids[AGENCIES] = {"H24.1", "H24.2", "H24.15"};

static bool lies(const struct axis *axis, enum cheat cheat, uint32_t nth)
{
    return axis->cheat == cheat && axis->victim == nth && !axis->done;
}

static bool forks(const struct axis *axis)
{
    return axis->cheat == CHEAT_FORK || axis->cheat == CHEAT_FORK_ONE_SIZE ||
           axis->cheat == CHEAT_FORK_MEETS;
}

/* ---- leaves ---- */

static void stage(struct axis *axis, uint32_t owner, uint32_t sender, struct leaf *leaf)
{
    uint8_t bytes[LEAF_BYTES_MAX];
    uint32_t at = axis->staged_count++;
    uint64_t position =
        leaf->kind == LEAF_ACCEPTED ? leaf->accepted.position : leaf->outcome.position;
    assert(at < VIEW_LEAVES);
    for (uint32_t i = 0; i < SALT_BYTES; i++) {
        leaf->salt[i] = (uint8_t)world_random_next(&axis->random);
    }
    axis->staged[at] = (struct view_leaf){
        position, owner, arena_copy(axis->arena, leaf_write(bytes, sizeof(bytes), leaf))};
    axis->staged_of[at] = sender;
    axis->staged_accepted[at] = leaf->kind == LEAF_ACCEPTED;
    assert(axis->staged[at].bytes.size > 0);
}

static void stage_accepted(struct axis *axis, const struct carried *carried)
{
    struct leaf leaf = {.kind = LEAF_ACCEPTED,
                        .accepted = {.position = carried->position,
                                     .time_ms = carried->time_ms,
                                     .id = carried->id,
                                     .digest = carried->digest,
                                     .seal = carried->seal_digest,
                                     .from = text_bytes(agency_ids[carried->from]),
                                     .legs = {text_bytes(agency_ids[DEPARTMENT])},
                                     .legs_count = 1}};
    stage(axis, carried->from, carried->from, &leaf);
}

static void stage_outcome(struct axis *axis, struct carried *carried, enum lt_outcome outcome)
{
    struct leaf leaf = {.kind = LEAF_OUTCOME,
                        .outcome = {.position = ++axis->position,
                                    .time_ms = axis->world->wall_ms,
                                    .cause = LEAF_SETTLED,
                                    .accepted = carried->position,
                                    .attempt = (uint16_t)carried->attempt,
                                    .agency = text_bytes(agency_ids[DEPARTMENT]),
                                    .outcome = (uint8_t)outcome,
                                    .decided_ms = axis->world->wall_ms}};
    carried->outcome = leaf.outcome.position;
    stage(axis, DEPARTMENT, carried->from, &leaf);
}

static void give_receipts(struct axis *axis, uint32_t agency)
{
    const struct view *view = &axis->views[axis->view_of[agency]];
    struct receipts receipts;
    const struct signer *signer = &axis->signer;
    uint32_t commit = view->count - 1;
    if (!view_receipts(view, signer, commit, agency, 0, &receipts)) {
        return;
    }
    const struct carried *victim =
        axis->transfers_count > axis->victim ? &axis->transfers[axis->victim] : NULL;
    bool of_victim = victim != NULL && victim->from == agency &&
                     victim->position >= view->commits[commit].entry.position;
    if (axis->cheat == CHEAT_FOREIGN_RECEIPT && of_victim) {
        bool made = view_receipts(view, &axis->stranger, commit, agency, 0, &receipts);
        assert(made);
        axis->done = true;
    }
    if (axis->cheat == CHEAT_BACK_DATE_UNSEEN && of_victim) {
        return;
    }
    struct frame frame = {.kind = FRAME_RECEIPTS, .receipts = receipts};
    line_say(&axis->lines[agency], &frame);
}

/* In a forked axis view 0 does not have what agency 1 sent, but for outcomes, which the department
 * must see somewhere; a log of one size has a commit of no worth in its place. */
static void commit_view(struct axis *axis, uint32_t at)
{
    struct view_leaf leaves[VIEW_LEAVES];
    uint32_t count = 0;
    for (uint32_t i = 0; i < axis->staged_count; i++) {
        bool hidden = axis->split && at == 0 && axis->staged_of[i] == 1 && axis->staged_accepted[i];
        if (!hidden) {
            leaves[count++] = axis->staged[i];
        }
    }
    if (count == 0 && axis->cheat == CHEAT_FORK_ONE_SIZE) {
        leaves[count++] = (struct view_leaf){axis->staged_first, AGENCIES,
                                             axis->views[0].commits[0].leaves[0].bytes};
    }
    if (count > 0) {
        view_commit(&axis->views[at], leaves, count, axis->staged_first, axis->position,
                    axis->world->wall_ms);
    }
}

static void commit(struct axis *axis)
{
    uint32_t before[2] = {axis->views[0].count, axis->views[1].count};
    if (axis->staged_count == 0) {
        return;
    }
    commit_view(axis, 0);
    if (axis->split) {
        commit_view(axis, 1);
    }
    for (uint32_t i = 0; i < AGENCIES; i++) {
        if (axis->views[axis->view_of[i]].count > before[axis->view_of[i]]) {
            give_receipts(axis, i);
        }
    }
    axis->staged_count = 0;
}

/* ---- accepting ---- */

static void keep_seal(struct axis *axis, struct carried *carried, const struct submit *submit,
                      uint32_t at)
{
    struct lt_digest leaves[SEAL_BATCH_MAX];
    uint8_t bytes[SEAL_BYTES_MAX];
    struct seal seal;
    enum lt_status status = seal_take(&submit->seal, &seal, NULL);
    assert(status == LT_OK);
    for (uint32_t i = 0; i < submit->count; i++) {
        leaves[i] = seal_leaf(axis->digester, &submit->parcels[i]);
    }
    status = seal_prove(&seal, axis->digester, leaves, submit->count, at, &carried->seal);
    assert(status == LT_OK);
    carried->seal_digest = digest_of(axis->digester, seal_write(bytes, sizeof(bytes), &seal));
}

/* What somebody would like better, in a parcel that is sound in itself. NULL: the body stays. */
static void alter(struct axis *axis, struct lt_bytes *header, struct lt_bytes *body)
{
    struct header read;
    enum lt_status status = header_read(*header, axis->arena, &read, NULL);
    assert(status == LT_OK);
    read.priority = (read.priority + 1) % 5;
    if (body != NULL) {
        *body = arena_copy(axis->arena, *body);
        ((uint8_t *)(uintptr_t)body->data)[body->size / 2] ^= 1;
        read.body_sha256 = digest_of(axis->digester, *body);
    }
    status = header_write(&read, axis->arena, header);
    assert(status == LT_OK);
}

static void take_parcel(struct axis *axis, uint32_t from, const struct submit *submit, uint32_t at)
{
    struct header header;
    const struct parcel *parcel = &submit->parcels[at];
    uint32_t nth = axis->transfers_count++;
    struct carried *carried = &axis->transfers[nth];
    assert(nth < TRANSFERS_MAX);
    enum lt_status status = header_read(parcel->header, axis->arena, &header, NULL);
    assert(status == LT_OK);
    *carried = (struct carried){.id = header.id,
                                .after = header.after,
                                .from = from,
                                .header = parcel->header,
                                .body = parcel->body,
                                .time_ms = axis->world->wall_ms,
                                .attempt = 1};
    keep_seal(axis, carried, submit, at);
    if (lies(axis, CHEAT_ALTER, nth)) {
        alter(axis, &carried->header, &carried->body);
        axis->done = true;
    }
    carried->dropped = lies(axis, CHEAT_DROP, nth);
    carried->unlogged = carried->dropped || lies(axis, CHEAT_OMIT, nth);
    if (lies(axis, CHEAT_BACK_DATE, nth) || lies(axis, CHEAT_BACK_DATE_UNSEEN, nth)) {
        carried->time_ms -= 2 * HOUR_MS;
        axis->done = true;
    }
    axis->done = axis->done || carried->unlogged;
    carried->digest = digest_of_two(axis->digester, carried->header, carried->body);
    carried->shown_header = carried->header;
    carried->shown_body = carried->body;
    if (lies(axis, CHEAT_ALTER_ON_THE_WAY, nth)) {
        alter(axis, &carried->shown_header, &carried->shown_body);
        axis->done = true;
    }
    if (forks(axis) && nth == axis->victim) {
        view_copy(&axis->views[1], &axis->views[0]);
        axis->view_of[1] = 1;
        axis->split = true;
        axis->done = true;
    }
}

/* The positions of a Submit, in order; a liar turns one case round. */
static void place(struct axis *axis, struct carried *first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        first[i].position = ++axis->position;
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < i && axis->cheat == CHEAT_REORDER && !axis->done; j++) {
            if (memcmp(first[i].after.bytes, first[j].id.bytes, sizeof(first[i].id)) == 0) {
                uint64_t position = first[i].position;
                first[i].position = first[j].position;
                first[j].position = position;
                axis->done = true;
            }
        }
    }
}

static const struct carried *known(const struct axis *axis, const struct lt_id *id)
{
    for (uint32_t i = 0; i < axis->transfers_count; i++) {
        if (memcmp(axis->transfers[i].id.bytes, id->bytes, sizeof(id->bytes)) == 0) {
            return &axis->transfers[i];
        }
    }
    return NULL;
}

static struct lt_id id_of(struct axis *axis, const struct parcel *parcel)
{
    struct header header;
    enum lt_status status = header_read(parcel->header, axis->arena, &header, NULL);
    assert(status == LT_OK);
    return header.id;
}

/* Leaves in the order of their positions. */
static void stage_all(struct axis *axis, const struct carried *first, uint32_t count)
{
    for (uint64_t at = axis->staged_first; at <= axis->position; at++) {
        for (uint32_t i = 0; i < count; i++) {
            if (first[i].position == at && !first[i].unlogged) {
                stage_accepted(axis, &first[i]);
            }
        }
    }
}

static void take_submit(struct axis *axis, uint32_t from, const struct submit *submit)
{
    struct verdict_item items[LT_PARCELS_PER_FRAME];
    struct carried *first = &axis->transfers[axis->transfers_count];
    for (uint32_t i = 0; i < submit->count; i++) {
        struct lt_id id = id_of(axis, &submit->parcels[i]);
        if (known(axis, &id) == NULL) {
            take_parcel(axis, from, submit, i);
        }
    }
    uint32_t fresh = (uint32_t)(&axis->transfers[axis->transfers_count] - first);
    place(axis, first, fresh);
    stage_all(axis, first, fresh);
    for (uint32_t i = 0; i < submit->count; i++) {
        struct lt_id id = id_of(axis, &submit->parcels[i]);
        const struct carried *carried = known(axis, &id);
        items[i] = (struct verdict_item){
            .id = id, .position = carried->position, .time_ms = carried->time_ms};
    }
    struct frame frame = {.kind = FRAME_VERDICT,
                          .verdict = {items, submit->count, {64, 256 * 1024}, 7}};
    line_say(&axis->lines[from], &frame);
}

/* ---- the rest of what comes in ---- */

static void take_settle(struct axis *axis, const struct settle *settle)
{
    struct settled_item items[64];
    uint32_t count = 0;
    for (uint32_t i = 0; i < settle->count && count < 64; i++) {
        const struct settlement *said = &settle->items[i];
        items[count++] =
            (struct settled_item){.id = said->id, .leg = said->leg, .number = said->number};
        for (uint32_t j = 0; j < axis->transfers_count; j++) {
            struct carried *carried = &axis->transfers[j];
            if (memcmp(carried->id.bytes, said->id.bytes, sizeof(said->id)) != 0 ||
                carried->settled) {
                continue;
            }
            carried->settled = true;
            bool lie =
                axis->cheat == CHEAT_OUTCOME && said->outcome == LT_OUTCOME_REFUSED && !axis->done;
            axis->done = axis->done || lie;
            stage_outcome(axis, carried, lie ? LT_OUTCOME_TAKEN : said->outcome);
        }
    }
    struct frame frame = {.kind = FRAME_SETTLED, .settled = {items, count, 7}};
    line_say(&axis->lines[DEPARTMENT], &frame);
}

static void take_ask(struct axis *axis, uint32_t agency, const struct log_ask *ask)
{
    const struct view *view = &axis->views[axis->view_of[agency]];
    struct receipts receipts;
    struct frame frame = {.kind = FRAME_LOG_PROOF, .log_proof = {.number = ask->number}};
    struct merkle_path path, also;
    uint32_t commit, leaf;
    bool hides = axis->cheat == CHEAT_BACK_DATE_UNSEEN && axis->done;
    if (ask->position != 0) {
        if (!hides && view_find(view, ask->position, &commit, &leaf) &&
            view_receipts(view, &axis->signer, commit, agency, ask->position, &receipts)) {
            frame = (struct frame){.kind = FRAME_RECEIPTS, .receipts = receipts};
        } else {
            frame.log_proof.code = LT_NOT_HERE;
        }
    } else if (ask->size > view->count || ask->also > view->count) {
        frame.log_proof.code = LT_LOG_ROLLED_BACK;
    } else {
        path = view_growth(view, (uint32_t)ask->size, view->count);
        frame.log_proof.checkpoint = view_note(view, &axis->signer, view->count);
        frame.log_proof.first = ask->size;
        frame.log_proof.path = (struct lt_bytes){path.nodes[0].bytes, path.count * 32};
    }
    if (ask->position == 0 && ask->also != 0 && frame.log_proof.code == LT_OK) {
        also = view_growth(view, (uint32_t)ask->also, view->count);
        frame.log_proof.also_path = (struct lt_bytes){also.nodes[0].bytes, also.count * 32};
    }
    line_say(&axis->lines[agency], &frame);
}

static void welcome(struct axis *axis, uint32_t agency)
{
    struct line *line = &axis->lines[agency];
    const struct view *view = &axis->views[axis->view_of[agency]];
    struct frame frame = {.kind = FRAME_WELCOME};
    frame.welcome = (struct welcome){.version = 1,
                                     .session = ++axis->session,
                                     .broker_epoch = 7,
                                     .limits = {.frame_bytes = LT_FRAME_BYTES_MAX,
                                                .submit_bytes = LT_SUBMIT_BYTES_MAX,
                                                .parcels = LT_PARCELS_PER_FRAME,
                                                .header_bytes = LT_HEADER_BYTES_MAX,
                                                .body_bytes = LT_BODY_INLINE_MAX,
                                                .beat_ms = 15000,
                                                .lease_ms = 60000},
                                     .submit = {64, 256 * 1024},
                                     .clock_ms = axis->world->wall_ms,
                                     .agency = text_bytes(agency_ids[agency]),
                                     .log_key = text_bytes(axis->vkey)};
    if (view->count > 0) {
        frame.welcome.checkpoint = view_note(view, &axis->signer, view->count);
    }
    line_say(line, &frame);
    line->session = axis->session;
}

static void take(struct axis *axis, uint32_t agency, const struct frame *frame)
{
    struct line *line = &axis->lines[agency];
    if (frame->kind == FRAME_HELLO) {
        welcome(axis, agency);
        return;
    }
    if (line->session == 0 || frame->session != line->session) {
        struct frame ending = {.kind = FRAME_NO_SESSION, .ending = {.code = LT_SESSION_UNKNOWN}};
        line_say(line, &ending);
        return;
    }
    if (frame->kind == FRAME_SUBMIT) {
        take_submit(axis, agency, &frame->submit);
    } else if (frame->kind == FRAME_SETTLE) {
        take_settle(axis, &frame->settle);
    } else if (frame->kind == FRAME_LOG_ASK) {
        take_ask(axis, agency, &frame->log_ask);
    }
}

/* ---- delivering ---- */

/* The one in front of it in its case; NULL: it is the first. */
static const struct carried *in_front(const struct axis *axis, const struct carried *carried)
{
    for (uint32_t i = 0; i < axis->transfers_count; i++) {
        if (memcmp(axis->transfers[i].id.bytes, carried->after.bytes, sizeof(carried->id)) == 0) {
            return &axis->transfers[i];
        }
    }
    return NULL;
}

/* May it go now? A liar lets one go before the one in front, and keeps that back for a while. */
static bool may_go(struct axis *axis, const struct carried *carried)
{
    const struct carried *first = in_front(axis, carried);
    if (carried->dropped || carried->delivered) {
        return false;
    }
    if (axis->cheat != CHEAT_REORDER_DELIVERY) {
        return first == NULL || first->settled || first->dropped;
    }
    for (uint32_t i = 0; i < axis->transfers_count; i++) {
        const struct carried *behind = &axis->transfers[i];
        if (in_front(axis, behind) == carried && !behind->settled) {
            return false; /* the later ones first: all that have come */
        }
    }
    axis->done = axis->done || (first != NULL && !first->settled);
    return true;
}

static void deliver(struct axis *axis)
{
    struct delivery items[DELIVER_AT_ONCE];
    uint32_t count = 0;
    if (axis->lines[DEPARTMENT].session == 0) {
        return;
    }
    for (uint32_t i = 0; i < axis->transfers_count && count < DELIVER_AT_ONCE; i++) {
        struct carried *carried = &axis->transfers[i];
        if (!may_go(axis, carried)) {
            continue;
        }
        carried->delivered = true;
        items[count++] = (struct delivery){
            .header = carried->shown_header,
            .body = carried->shown_body,
            .position = carried->position,
            .attempt = carried->attempt,
            .accepted_ms = carried->time_ms,
            .digest = digest_of_two(axis->digester, carried->shown_header, carried->shown_body)};
    }
    if (count > 0) {
        struct frame frame = {.kind = FRAME_DELIVER, .deliver = {items, count}};
        line_say(&axis->lines[DEPARTMENT], &frame);
    }
}

/* ---- turns ---- */

void axis_turn(struct axis *axis)
{
    struct frame frame;
    for (uint32_t i = 0; i < AGENCIES; i++) {
        while (axis->staged_count + LT_PARCELS_PER_FRAME <= VIEW_LEAVES &&
               line_hear(&axis->lines[i], &frame)) {
            axis->staged_first = axis->position + 1;
            take(axis, i, &frame);
            commit(axis);
        }
    }
    deliver(axis);
    for (uint32_t i = 0; i < AGENCIES; i++) {
        if (axis->lines[i].session != 0) {
            struct frame beat = {
                .kind = FRAME_BEAT,
                .beat = {.clock_ms = axis->world->wall_ms, .submit = {64, 256 * 1024}}};
            line_say(&axis->lines[i], &beat);
        }
    }
}

void axis_restart(struct axis *axis)
{
    for (uint32_t i = 0; i < AGENCIES; i++) {
        line_cut(&axis->lines[i]);
    }
    for (uint32_t i = 0; i < axis->transfers_count; i++) {
        struct carried *carried = &axis->transfers[i];
        if (carried->delivered && !carried->settled) {
            carried->delivered = false;
            carried->attempt++;
        }
    }
}

/* The same history, with what the victim is said to have been. */
static void forge_log(struct axis *axis, const struct carried *victim)
{
    struct view *forged = &axis->views[1];
    const struct view *honest = &axis->views[0];
    for (uint32_t i = 0; i < honest->count; i++) {
        struct view_commit commit = honest->commits[i];
        for (uint32_t j = 0; j < commit.count; j++) {
            uint8_t bytes[LEAF_BYTES_MAX];
            struct leaf leaf;
            bool reads = leaf_read(commit.leaves[j].bytes, &leaf);
            assert(reads);
            if (commit.leaves[j].position == victim->position) {
                leaf.accepted.digest = victim->digest;
                commit.leaves[j].bytes =
                    arena_copy(axis->arena, leaf_write(bytes, sizeof(bytes), &leaf));
            }
        }
        view_commit(forged, commit.leaves, commit.count, commit.entry.position, commit.last,
                    commit.time_ms);
    }
    axis->view_of[victim->from] = 1;
}

void axis_evening(struct axis *axis)
{
    struct carried *victim = &axis->transfers[axis->victim];
    if (axis->cheat == CHEAT_ROLL_BACK) {
        view_cut(&axis->views[0],
                 axis->views[0].count - 1 - (uint32_t)world_random_below(&axis->random, 3));
        axis->done = true;
    } else if (axis->cheat == CHEAT_FORK_MEETS) {
        axis->view_of[0] = 1;
    } else if (axis->cheat == CHEAT_ALTER_LATER) {
        alter(axis, &victim->header, NULL);
        axis->done = true;
    } else if (axis->cheat == CHEAT_ALTER_IN_ANOTHER_LOG) {
        alter(axis, &victim->header, &victim->body);
        victim->digest = digest_of_two(axis->digester, victim->header, victim->body);
        forge_log(axis, victim);
        axis->done = true;
        return; /* that log is for auditors */
    }
    axis_restart(axis);
}
