/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `archive find`: what happened to a case, or to one transfer, told from the archive alone, in the
 * columns in which `show` tells it from a broker. Agencies are named as the registry of the
 * archive's end names them; one that is not in it is shown by its number.
 *
 * With --from the words are also taken for that agency's own key of a transfer: what a vendor's log
 * has when it has nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal/archive.h"
#include "broker/journal/fact.h"
#include "broker/journal/fact_plan.h"
#include "broker/journal/fact_seen.h"
#include "broker/limits.h"
#include "broker/registry/agency.h"
#include "ltctl.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define FIELDS_MAX 20
#define ROOM_BYTES 64
#define IDS_MAX    256 /* transfers whose id is remembered */

struct name {
    char id[LT_AGENCY_ID_MAX + 1];
};

/* A transfer that was told of, and whose its legs are: facts about a leg name it by number. */
struct known {
    uint64_t position;
    char id[ID_TEXT_BYTES];
    uint32_t legs[LT_LEGS_MAX];
    uint32_t legs_count;
};

struct telling {
    struct output output;
    struct name *names; /* by number */
    struct arena arena;
    struct known ids[IDS_MAX];
    uint32_t ids_count;
};

/* One row being put together; texts made here live in `rooms`. */
struct draft {
    struct pair fields[FIELDS_MAX];
    char rooms[FIELDS_MAX][ROOM_BYTES];
    uint32_t count;
};

static const char *const states[] = {
#define LEG_STATE(name, number, text, open, vi, en) [number] = text,
#include "broker/transfer/states.def"
};

/* ---- rows ---- */

static void put_bytes(struct draft *draft, const char *name, struct lt_bytes value)
{
    if (draft->count < FIELDS_MAX) {
        draft->fields[draft->count++] = (struct pair){text_bytes(name), value};
    }
}

static void put_text(struct draft *draft, const char *name, const char *value)
{
    if (draft->count < FIELDS_MAX) {
        char *room = draft->rooms[draft->count];
        snprintf(room, ROOM_BYTES, "%s", value);
        put_bytes(draft, name, text_bytes(room));
    }
}

static void put_number(struct draft *draft, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    put_text(draft, name, text);
}

static void put_code(struct draft *draft, uint16_t code)
{
    put_text(draft, "code", code == 0 ? "" : lt_code((enum lt_status)code));
}

static void put_state(struct draft *draft, uint8_t state)
{
    put_text(draft, "state", state < sizeof(states) / sizeof(states[0]) ? states[state] : "");
}

static void put_agency(struct telling *telling, struct draft *draft, const char *field,
                       uint32_t number)
{
    char text[24] = "";
    if (number <= AGENCIES_MAX && telling->names[number].id[0] != '\0') {
        put_text(draft, field, telling->names[number].id);
        return;
    }
    if (number != 0) {
        snprintf(text, sizeof(text), "#%u", number);
    }
    put_text(draft, field, text);
}

static struct known *known_of(struct telling *telling, uint64_t transfer)
{
    for (uint32_t i = 0; i < telling->ids_count; i++) {
        if (telling->ids[i].position == transfer) {
            return &telling->ids[i];
        }
    }
    return NULL;
}

static const char *id_of(struct telling *telling, uint64_t transfer)
{
    const struct known *known = known_of(telling, transfer);
    return known == NULL ? "" : known->id;
}

static struct known *remember(struct telling *telling, uint64_t transfer, const struct lt_id *id)
{
    if (telling->ids_count == IDS_MAX) {
        return NULL;
    }
    struct known *known = &telling->ids[telling->ids_count++];
    known->position = transfer;
    known->legs_count = 0;
    id_write(known->id, id);
    return known;
}

static void remember_legs(struct known *known, const struct fact_leg *legs, uint32_t count)
{
    for (uint32_t i = 0; known != NULL && i < count && i < LT_LEGS_MAX; i++) {
        known->legs[i] = legs[i].agency;
        known->legs_count = i + 1;
    }
}

/* The leg by its number, and whose it is where that is known. */
static void put_leg(struct telling *telling, struct draft *draft, uint64_t transfer, uint8_t leg)
{
    const struct known *known = known_of(telling, transfer);
    put_number(draft, "leg", leg);
    if (known != NULL && leg < known->legs_count) {
        put_agency(telling, draft, "agency", known->legs[leg]);
    }
}

static void put_people(struct draft *draft, struct lt_bytes person, struct lt_bytes second,
                       bool risk)
{
    put_bytes(draft, "person", person);
    if (second.size > 0) {
        put_bytes(draft, "second", second);
    }
    if (risk) {
        put_text(draft, "risk", "1");
    }
}

static void draft_start(struct telling *telling, struct draft *draft,
                        const struct archive_found *found, uint64_t transfer)
{
    char month[ARCHIVE_MONTH_BYTES];
    archive_month_write(month, found->month);
    draft->count = 0;
    put_number(draft, "time_ms", (uint64_t)found->fact->time_ms);
    put_number(draft, "position", found->fact->position);
    put_text(draft, "event", fact_kind_name(found->fact->kind));
    put_text(draft, "id", id_of(telling, transfer));
    put_text(draft, "month", month);
}

static void draft_end(struct telling *telling, struct draft *draft)
{
    const struct row row = {draft->fields, draft->count};
    output_row(&telling->output, &row);
}

/* ---- facts ---- */

static bool wanted(const struct archive_found *found, uint64_t transfer)
{
    for (uint32_t i = 0; i < found->transfers_count; i++) {
        if (found->transfers[i] == transfer) {
            return true;
        }
    }
    return false;
}

static void tell_accepted(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct fact_accepted accepted;
    struct header header;
    arena_reset(&telling->arena);
    if (!fact_read_accepted(found->fact->payload, &accepted) ||
        header_read(accepted.header, &telling->arena, &header, NULL) != LT_OK) {
        return;
    }
    remember_legs(remember(telling, found->fact->position, &header.id), accepted.legs,
                  accepted.legs_count);
    draft_start(telling, &draft, found, found->fact->position);
    put_agency(telling, &draft, "agency", accepted.from);
    put_bytes(&draft, "case", header.case_code);
    put_bytes(&draft, "procedure", header.procedure);
    put_number(&draft, "body_bytes", accepted.body.size);
    draft_end(telling, &draft);
}

static void tell_refused(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct fact_refused refused;
    if (!fact_read_refused(found->fact->payload, &refused)) {
        return;
    }
    (void)remember(telling, found->fact->position, &refused.id);
    draft_start(telling, &draft, found, found->fact->position);
    put_agency(telling, &draft, "agency", refused.from);
    put_code(&draft, refused.code);
    draft_end(telling, &draft);
}

static void tell_sent(struct telling *telling, const struct archive_found *found)
{
    struct fact_sent sent;
    if (!fact_read_sent(found->fact->payload, &sent)) {
        return;
    }
    for (uint32_t i = 0; i < sent.count; i++) {
        struct fact_sent_item item = fact_sent_at(&sent, i);
        struct draft draft;
        if (!wanted(found, item.position)) {
            continue;
        }
        draft_start(telling, &draft, found, item.position);
        put_number(&draft, "leg", item.leg);
        put_agency(telling, &draft, "agency", sent.agency);
        put_number(&draft, "attempt", item.attempt);
        put_text(&draft, "state", "sent");
        draft_end(telling, &draft);
    }
}

static void tell_settled(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct fact_settled settled;
    if (!fact_read_settled(found->fact->payload, &settled)) {
        return;
    }
    draft_start(telling, &draft, found, settled.position);
    put_number(&draft, "leg", settled.leg);
    put_agency(telling, &draft, "agency", settled.agency);
    put_number(&draft, "attempt", settled.attempt);
    put_state(&draft, settled.next);
    put_code(&draft, settled.code);
    put_bytes(&draft, "reason", settled.reason);
    draft_end(telling, &draft);
}

static void tell_returned(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct fact_returned returned;
    if (!fact_read_returned(found->fact->payload, &returned)) {
        return;
    }
    draft_start(telling, &draft, found, returned.position);
    put_number(&draft, "leg", returned.leg);
    put_agency(telling, &draft, "agency", returned.agency);
    put_text(&draft, "state", "ready");
    put_code(&draft, returned.code);
    draft_end(telling, &draft);
}

static void tell_act(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct fact_act act;
    if (!fact_read_act(found->fact->payload, &act)) {
        return;
    }
    draft_start(telling, &draft, found, act.position);
    put_leg(telling, &draft, act.position, act.leg);
    put_text(&draft, "act", act_kind_name(act.act));
    put_state(&draft, act.next);
    put_bytes(&draft, "reason", act.reason);
    put_people(&draft, act.person, act.second, act.risk);
    draft_end(telling, &draft);
}

static void tell_assigned(struct telling *telling, const struct archive_found *found)
{
    struct fact_assigned assigned;
    if (!fact_read_assigned(found->fact->payload, &assigned)) {
        return;
    }
    remember_legs(known_of(telling, assigned.position), assigned.legs, assigned.legs_count);
    for (uint32_t i = 0; i < assigned.legs_count; i++) {
        struct draft draft;
        draft_start(telling, &draft, found, assigned.position);
        put_number(&draft, "leg", i);
        put_agency(telling, &draft, "agency", assigned.legs[i].agency);
        put_bytes(&draft, "person", assigned.person);
        draft_end(telling, &draft);
    }
}

/* What a receiver's local system said when it was asked. */
static void tell_held(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct fact_held held;
    if (!fact_read_held(found->fact->payload, &held)) {
        return;
    }
    draft_start(telling, &draft, found, held.position);
    put_number(&draft, "leg", held.leg);
    put_agency(telling, &draft, "agency", held.agency);
    put_number(&draft, "attempt", held.attempt);
    if (held.outcome == LT_OUTCOME_TAKEN || held.outcome == LT_OUTCOME_REFUSED) {
        put_text(&draft, "state", held.outcome == LT_OUTCOME_TAKEN ? "taken" : "refused");
    }
    put_text(&draft, "held",
             held.held == LT_HELD_YES  ? "yes"
             : held.held == LT_HELD_NO ? "no"
                                       : "unknown");
    put_code(&draft, held.code);
    put_bytes(&draft, "by", held.by);
    put_bytes(&draft, "reason", held.reason);
    draft_end(telling, &draft);
}

/* The old leg's end, and whose the new one is. */
static void tell_rerouted(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct fact_rerouted rerouted;
    if (!fact_read_rerouted(found->fact->payload, &rerouted)) {
        return;
    }
    struct known *known = known_of(telling, rerouted.position);
    draft_start(telling, &draft, found, rerouted.position);
    put_leg(telling, &draft, rerouted.position, rerouted.leg);
    put_text(&draft, "state", "cancelled");
    put_agency(telling, &draft, "to", rerouted.to);
    put_bytes(&draft, "reason", rerouted.reason);
    put_people(&draft, rerouted.person, rerouted.second, rerouted.risk);
    draft_end(telling, &draft);
    if (known != NULL && known->legs_count != 0 && known->legs_count < LT_LEGS_MAX) {
        known->legs[known->legs_count++] = rerouted.to;
    }
}

static void tell_timed(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct fact_timed timed;
    if (!fact_read_timed(found->fact->payload, &timed)) {
        return;
    }
    draft_start(telling, &draft, found, timed.position);
    put_leg(telling, &draft, timed.position, timed.leg);
    put_state(&draft, timed.next);
    put_code(&draft, timed.code);
    draft_end(telling, &draft);
}

/* A plan came to this leg: its deed stands beside it, what it left alone only here. */
static void tell_plan_step(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct fact_plan_step step;
    if (!fact_read_plan_step(found->fact->payload, &step)) {
        return;
    }
    draft_start(telling, &draft, found, step.item.position);
    put_number(&draft, "leg", step.item.leg);
    put_agency(telling, &draft, "agency", step.item.agency);
    put_number(&draft, "plan", step.number);
    put_text(&draft, "act", step.done ? "carried-out" : "passed-over");
    put_state(&draft, step.state);
    put_code(&draft, step.code);
    draft_end(telling, &draft);
}

static void tell_seen(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct fact_seen seen;
    if (!fact_read_seen(found->fact->payload, &seen)) {
        return;
    }
    draft_start(telling, &draft, found, seen.position);
    put_text(&draft, "act", seen_what_name(seen.what));
    put_bytes(&draft, "reason", seen.purpose);
    put_bytes(&draft, "person", seen.person);
    draft_end(telling, &draft);
}

/* Kinds of which no more is told here than that they happened. All facts about one leg begin with
 * the position of their transfer and the leg. */
static void tell_other(struct telling *telling, const struct archive_found *found)
{
    struct draft draft;
    struct wire_reader r;
    wire_read_init(&r, found->fact->payload);
    draft_start(telling, &draft, found, wire_u64(&r));
    if (found->fact->kind != FACT_CARRIED && found->fact->kind != FACT_DAMAGED) {
        put_number(&draft, "leg", wire_u8(&r));
    }
    draft_end(telling, &draft);
}

static enum lt_status tell(void *context, const struct archive_found *found)
{
    struct telling *telling = context;
    switch (found->fact->kind) {
    case FACT_ACCEPTED:
        tell_accepted(telling, found);
        break;
    case FACT_REFUSED:
        tell_refused(telling, found);
        break;
    case FACT_SENT:
        tell_sent(telling, found);
        break;
    case FACT_SETTLED:
        tell_settled(telling, found);
        break;
    case FACT_RETURNED:
        tell_returned(telling, found);
        break;
    case FACT_ACT:
        tell_act(telling, found);
        break;
    case FACT_ASSIGNED:
        tell_assigned(telling, found);
        break;
    case FACT_HELD:
        tell_held(telling, found);
        break;
    case FACT_REROUTED:
        tell_rerouted(telling, found);
        break;
    case FACT_TIMED:
        tell_timed(telling, found);
        break;
    case FACT_PLAN_STEP:
        tell_plan_step(telling, found);
        break;
    case FACT_SEEN:
        tell_seen(telling, found);
        break;
    default:
        tell_other(telling, found);
        break;
    }
    return telling->output.status;
}

/* ---- the command ---- */

static enum lt_status take_name(void *context, struct lt_bytes payload)
{
    struct telling *telling = context;
    struct fact_registry change;
    struct agency agency;
    if (fact_read_registry(payload, &change) && change.change == REGISTRY_AGENCY &&
        agency_read(change.entry, &agency) && agency.number <= AGENCIES_MAX) {
        snprintf(telling->names[agency.number].id, sizeof(telling->names[0].id), "%s", agency.id);
    }
    return LT_OK;
}

static uint32_t number_of(const struct telling *telling, const char *id)
{
    for (uint32_t i = 1; i <= AGENCIES_MAX; i++) {
        if (strcmp(telling->names[i].id, id) == 0) {
            return i;
        }
    }
    return 0;
}

static enum lt_status find(struct telling *telling, struct archive *archive, const char *words,
                           const char *from, struct fault *fault)
{
    struct lt_id id;
    struct archive_wanted what = {.from = from == NULL ? 0 : number_of(telling, from)};
    if (from != NULL && what.from == 0) {
        return fault_set(fault, LT_NOT_FOUND, "from", "%s", from);
    }
    if (id_read(&id, words)) {
        what.id = &id;
    } else if (from != NULL) {
        what.sender_key = text_bytes(words);
    } else {
        what.case_code = text_bytes(words);
    }
    output_section(&telling->output, &columns_archive_event);
    return archive_find(archive, &what, tell, telling, fault);
}

enum exit_code run_archive_find(struct ltctl *ltctl)
{
    struct archive *archive = NULL;
    struct fault fault;
    struct telling *telling = calloc(1, sizeof(*telling));
    struct name *names = calloc(AGENCIES_MAX + 1, sizeof(*names));
    fault_init(&fault);
    enum lt_status status = telling == NULL || names == NULL ? LT_NO_MEMORY : LT_OK;
    if (status == LT_OK) {
        telling->names = names;
        output_init(&telling->output, ltctl->mode, ltctl->language, stdout);
        status = arena_init(&telling->arena, 64 * 1024, 1024 * 1024);
    }
    if (status == LT_OK) {
        status = archive_open(&archive, ltctl->arguments[0], &fault);
    }
    if (status == LT_OK) {
        status = archive_registry(archive, take_name, telling, &fault);
    }
    if (status == LT_OK) {
        status =
            find(telling, archive, ltctl->arguments[1], ltctl->options.values[OPTION_FROM], &fault);
    }
    archive_close(&archive);
    enum exit_code finished = telling == NULL ? EXIT_ERROR : finish(ltctl, &telling->output, false);
    if (telling != NULL) {
        arena_deinit(&telling->arena);
    }
    free(names);
    free(telling);
    return status == LT_OK ? finished : complain(ltctl, status, &fault);
}
