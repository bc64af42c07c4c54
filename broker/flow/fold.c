/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What each kind of fact means for state.mdb, the registry snapshot and the desks. One function per
 * kind; legs go through fold_leg.c. An unknown kind stops the broker: only a newer release can have
 * written it. A fact that names a transfer which is not there is damage: it is counted, logged and
 * passed over, so that one bad record holds nobody else.
 */
#include "fold.h"

#include <string.h>

#include "broker/journal/format.h"
#include "broker/registry/agency.h"
#include "broker/registry/rights.h"
#include "broker/registry/seal_key.h"
#include "enable.h"
#include "fold_act.h"
#include "fold_audit.h"
#include "fold_cut.h"
#include "fold_incident.h"
#include "fold_leg.h"
#include "plan.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "restored.h"
#include "shield.h"

struct lane lane_of(struct digester *digester, struct lt_bytes case_code)
{
    struct lane lane;
    struct lt_digest digest = digest_of(digester, case_code);
    memcpy(lane.bytes, digest.bytes, sizeof(lane.bytes));
    return lane;
}

static void put_reference(struct flow *flow, enum state_tree tree, struct lt_bytes key,
                          const struct transfer_key *transfer)
{
    uint8_t value[RECORD_KEY_MAX];
    state_put(flow->state, tree, key, transfer_key_write(value, transfer));
}

static void put_names(struct flow *flow, const struct fact *fact, const struct header *header,
                      const struct transfer_key *key)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    struct known_key known = {.id = header->id, .content_digest = header->content_digest};
    state_put(flow->state, STATE_KEYS, known_key_key(key_bytes, key->from, header->sender_key),
              known_key_write(value, &known));
    put_reference(flow, STATE_CASES, case_key(key_bytes, header->case_code, fact->position), key);
    for (uint32_t i = 0; i < header->aliases_count; i++) {
        put_reference(flow, STATE_CASES, case_key(key_bytes, header->aliases[i], fact->position),
                      key);
    }
    struct wire_writer w;
    wire_write_init(&w, key_bytes, sizeof(key_bytes));
    wire_put_u64(&w, fact->position);
    put_reference(flow, STATE_POSITIONS, wire_written(&w), key);
}

/* The entry as it is, or a new one of that size. */
static struct blob_record blob_entry(struct flow *flow, struct lt_bytes key, uint64_t size,
                                     int64_t time_ms, bool *ret_present)
{
    struct lt_bytes value;
    struct blob_record blob = {.size = size, .time_ms = time_ms};
    *ret_present =
        state_get(flow->state, STATE_BLOBS, key, &value) == LT_OK && blob_record_read(value, &blob);
    return blob;
}

static void put_reference_to_blob(struct flow *flow, const struct attachment *a, int64_t time_ms)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    bool present;
    struct lt_bytes key = blob_record_key(key_bytes, &a->sha256, 0);
    struct blob_record blob = blob_entry(flow, key, a->size, time_ms, &present);
    blob.references++;
    state_put(flow->state, STATE_BLOBS, key, blob_record_write(value, &blob));
}

bool fold_holder(struct flow *flow, const struct lt_digest *sha256, uint32_t agency, uint64_t size,
                 int64_t time_ms, bool uploaded)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    bool present;
    struct lt_bytes key = blob_record_key(key_bytes, sha256, agency);
    struct blob_record blob = blob_entry(flow, key, size, time_ms, &present);
    bool more = uploaded && agency != 0 && blob.references == 0;
    if (present && !more) {
        return false;
    }
    blob.references = more ? 1 : blob.references;
    state_put(flow->state, STATE_BLOBS, key, blob_record_write(value, &blob));
    return more;
}

static void put_attachments(struct flow *flow, const struct fact *fact, const struct header *header,
                            const struct fact_accepted *accepted)
{
    for (uint32_t i = 0; i < header->attachments_count; i++) {
        const struct attachment *a = &header->attachments[i];
        put_reference_to_blob(flow, a, fact->time_ms);
        for (uint32_t leg = 0; leg < accepted->legs_count; leg++) {
            if (accepted->legs[leg].agency != 0) {
                (void)fold_holder(flow, &a->sha256, accepted->legs[leg].agency, a->size,
                                  fact->time_ms, false);
            }
        }
    }
}

static void transfer_fill(struct flow *flow, const struct fact *fact,
                          const struct fact_accepted *accepted, const struct header *header,
                          struct transfer *t)
{
    memset(t, 0, sizeof(*t));
    t->digest = accepted->digest;
    t->position = fact->position;
    t->bytes_at = fact->position;
    t->time_ms = fact->time_ms;
    t->kind = header->kind;
    t->priority =
        (uint8_t)(header->priority < DESK_PRIORITIES ? header->priority : DESK_PRIORITIES - 1);
    t->lane = lane_of(flow->digester, header->case_code);
    t->parcel_bytes = (uint32_t)(accepted->header.size + accepted->body.size);
    t->deadline_ms = header->task.deadline_ms;
    t->after = header->after;
    text_copy(t->case_code, sizeof(t->case_code), header->case_code);
    text_copy(t->procedure, sizeof(t->procedure), header->procedure);
    size_t key_size =
        header->sender_key.size < LT_SENDER_KEY_MAX ? header->sender_key.size : LT_SENDER_KEY_MAX;
    memcpy(t->sender_key, header->sender_key.data, key_size);
    t->sender_key_size = (uint8_t)key_size;
    t->legs_count = (uint8_t)accepted->legs_count;
    for (uint32_t i = 0; i < accepted->legs_count; i++) {
        t->legs[i].agency = accepted->legs[i].agency;
    }
}

static enum lt_status fold_accepted(struct flow *flow, const struct fact *fact,
                                    const struct header *header)
{
    struct fact_accepted accepted;
    struct header decoded;
    struct transfer t;
    if (!fact_read_accepted(fact->payload, &accepted)) {
        return LT_DAMAGED;
    }
    if (header == NULL) {
        if (header_read(accepted.header, &flow->arena, &decoded, NULL) != LT_OK) {
            return LT_DAMAGED;
        }
        header = &decoded;
    }
    struct transfer_key key = {.id = header->id, .from = accepted.from};
    transfer_fill(flow, fact, &accepted, header, &t);
    for (uint8_t i = 0; i < t.legs_count; i++) {
        leg_enter(flow, fact, &key, &t, i, accepted.legs[i].parked);
    }
    struct desk *sender = desk_of(&flow->desks, accepted.from);
    sender->counts.sent++;
    counts_store(flow, sender);
    transfer_store(flow, &key, &t);
    put_names(flow, fact, header, &key);
    put_attachments(flow, fact, header, &accepted);
    return LT_OK;
}

static enum lt_status fold_refused(struct flow *flow, const struct fact *fact)
{
    struct fact_refused refused;
    if (!fact_read_refused(fact->payload, &refused)) {
        return LT_DAMAGED;
    }
    struct transfer_key key = {.id = refused.id, .from = refused.from};
    struct transfer t;
    memset(&t, 0, sizeof(t));
    t.code = refused.code;
    t.digest = refused.digest;
    t.position = fact->position;
    t.time_ms = fact->time_ms;
    if (refused.code == 0) {
        t.twin = (struct transfer_key){.id = refused.known_as, .from = refused.from};
    }
    transfer_store(flow, &key, &t);
    return LT_OK;
}

static enum lt_status fold_sent(struct flow *flow, const struct fact *fact)
{
    struct fact_sent sent;
    if (!fact_read_sent(fact->payload, &sent)) {
        return LT_DAMAGED;
    }
    for (uint32_t i = 0; i < sent.count; i++) {
        struct fact_sent_item item = fact_sent_at(&sent, i);
        struct transfer t;
        struct move move = {.fact = fact, .transfer = &t, .leg = item.leg, .event = LEG_ON_SEND};
        if (transfer_at(flow, item.position, &move.key, &t) != LT_OK || item.leg >= t.legs_count) {
            flow->counters.damaged++;
            continue;
        }
        struct leg *leg = &t.legs[item.leg];
        move.code = leg->code;
        if (transfer_next(leg->state, LEG_ON_SEND) == LEG_NONE) {
            continue; /* settled or acted on in the same turn, before this fact */
        }
        leg->attempts = item.attempt;
        leg->flags |= LEG_FLAG_SENT_ONCE;
        if (leg_move(flow, &move)) {
            transfer_store(flow, &move.key, &t);
        }
    }
    return LT_OK;
}

static enum leg_event settle_event(const struct fact_settled *settled)
{
    switch (settled->next) {
    case LEG_TAKEN:
        return LEG_ON_TAKE;
    case LEG_REFUSED:
        return LEG_ON_REFUSE;
    case LEG_PARKED:
        return LEG_ON_PARK;
    default:
        return LEG_ON_RETRY;
    }
}

static enum lt_status fold_settled(struct flow *flow, const struct fact *fact)
{
    struct fact_settled settled;
    struct transfer t;
    struct move move = {.fact = fact, .transfer = &t};
    if (!fact_read_settled(fact->payload, &settled)) {
        return LT_DAMAGED;
    }
    if (transfer_leg(flow, settled.position, settled.leg, &move.key, &t) != LT_OK) {
        return LT_DAMAGED;
    }
    move.leg = settled.leg;
    move.event = settle_event(&settled);
    move.code = settled.code;
    move.due_ms = settled.due_ms;
    move.reason = settled.reason;
    if (settled.outcome != LT_OUTCOME_NONE) {
        t.legs[settled.leg].flags |= LEG_FLAG_SENT_ONCE;
    }
    bool attempt = settled.outcome == LT_OUTCOME_FAILED && !code_costs_time(settled.code) &&
                   desk_of(&flow->desks, t.legs[settled.leg].agency)->incident == 0;
    if (attempt && t.legs[settled.leg].failures < UINT8_MAX) {
        t.legs[settled.leg].failures++;
    }
    if (leg_move(flow, &move)) {
        transfer_store(flow, &move.key, &t);
    }
    return LT_OK;
}

static enum lt_status fold_returned(struct flow *flow, const struct fact *fact)
{
    struct fact_returned returned;
    struct transfer t;
    struct move move = {.fact = fact, .transfer = &t, .event = LEG_ON_RETURN};
    if (!fact_read_returned(fact->payload, &returned) ||
        transfer_leg(flow, returned.position, returned.leg, &move.key, &t) != LT_OK) {
        return LT_DAMAGED;
    }
    move.leg = returned.leg;
    move.code = returned.code;
    move.due_ms = returned.due_ms;
    if (leg_move(flow, &move)) {
        transfer_store(flow, &move.key, &t);
    }
    return LT_OK;
}

static enum lt_status fold_timed(struct flow *flow, const struct fact *fact)
{
    struct fact_timed timed;
    struct transfer t;
    struct move move = {.fact = fact, .transfer = &t, .event = LEG_ON_PARK};
    if (!fact_read_timed(fact->payload, &timed) || timed.next != LEG_PARKED ||
        transfer_leg(flow, timed.position, timed.leg, &move.key, &t) != LT_OK) {
        return LT_DAMAGED;
    }
    move.leg = timed.leg;
    move.code = timed.code;
    if (leg_move(flow, &move)) {
        transfer_store(flow, &move.key, &t);
    }
    return LT_OK;
}

static enum lt_status fold_noticed(struct flow *flow, const struct fact *fact)
{
    struct fact_noticed noticed;
    if (!fact_read_noticed(fact->payload, &noticed)) {
        return LT_DAMAGED;
    }
    struct desk *desk = desk_of(&flow->desks, noticed.agency);
    if (noticed.cursor > desk->counts.notice_cursor && noticed.cursor <= desk->counts.notice_seq) {
        desk->counts.notice_cursor = noticed.cursor;
        counts_store(flow, desk);
    }
    return LT_OK;
}

static enum lt_status fold_agency(struct flow *flow, struct lt_bytes entry)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct agency agency;
    if (!agency_read(entry, &agency) || agency.number > AGENCIES_MAX) {
        return LT_DAMAGED;
    }
    enum lt_status status = registry_fold_agency(flow->registry, entry);
    if (status != LT_OK) {
        return status;
    }
    state_put(flow->state, STATE_REGISTRY, agency_key_write(key_bytes, sizeof(key_bytes), &agency),
              entry);
    desk_wake(&flow->desks, desk_of(&flow->desks, agency.number)); /* it may be paused no more */
    return LT_OK;
}

static enum lt_status fold_route(struct flow *flow, struct lt_bytes entry, bool gone)
{
    uint8_t key_bytes[ROUTE_BYTES_MAX];
    struct route route;
    if (!route_read(entry, &route)) {
        return LT_DAMAGED;
    }
    enum lt_status status = registry_fold_route(flow->registry, entry, gone);
    if (status != LT_OK) {
        return status;
    }
    struct lt_bytes key = route_key_write(key_bytes, sizeof(key_bytes), &route);
    if (gone) {
        state_delete(flow->state, STATE_REGISTRY, key);
    } else {
        state_put(flow->state, STATE_REGISTRY, key, entry);
    }
    return LT_OK;
}

static enum lt_status fold_seal_key(struct flow *flow, struct lt_bytes entry)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct seal_key key;
    if (!seal_key_read(entry, &key) || key.agency > AGENCIES_MAX) {
        return LT_DAMAGED;
    }
    enum lt_status status = seal_keys_fold(registry_seal_keys(flow->registry), entry);
    if (status == LT_OK) {
        state_put(flow->state, STATE_REGISTRY,
                  seal_key_key_write(key_bytes, sizeof(key_bytes), &key), entry);
    }
    return status;
}

static enum lt_status fold_rights(struct flow *flow, struct lt_bytes entry)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct rights rights;
    if (!rights_read(entry, &rights)) {
        return LT_DAMAGED;
    }
    enum lt_status status = registry_fold_rights(flow->registry, entry);
    if (status != LT_OK) {
        return status;
    }
    struct lt_bytes key = rights_key_write(key_bytes, sizeof(key_bytes), rights.agency);
    if (rights_empty(&rights)) {
        state_delete(flow->state, STATE_REGISTRY, key);
    } else {
        state_put(flow->state, STATE_REGISTRY, key, entry);
    }
    return LT_OK;
}

static enum lt_status fold_registry(struct flow *flow, const struct fact *fact)
{
    struct fact_registry change;
    if (!fact_read_registry(fact->payload, &change)) {
        return LT_DAMAGED;
    }
    switch (change.change) {
    case REGISTRY_AGENCY:
        return fold_agency(flow, change.entry);
    case REGISTRY_ROUTE:
        return fold_route(flow, change.entry, false);
    case REGISTRY_ROUTE_GONE:
        return fold_route(flow, change.entry, true);
    case REGISTRY_SEAL_KEY:
        return fold_seal_key(flow, change.entry);
    case REGISTRY_RIGHTS:
        return fold_rights(flow, change.entry);
    default:
        return LT_FORMAT_UNKNOWN;
    }
}

static enum lt_status fold_blob(struct flow *flow, const struct fact *fact)
{
    struct fact_blob blob;
    if (!fact_read_blob(fact->payload, &blob)) {
        return LT_DAMAGED;
    }
    (void)fold_holder(flow, &blob.sha256, 0, blob.size, fact->time_ms, true);
    if (fold_holder(flow, &blob.sha256, blob.agency, blob.size, fact->time_ms, true)) {
        struct desk *desk = desk_of(&flow->desks, blob.agency);
        desk->counts.blob_bytes += blob.size;
        counts_store(flow, desk);
    }
    return LT_OK;
}

/* An uploader's quota gets its bytes back. */
static void blob_released(struct flow *flow, struct lt_bytes key, struct lt_bytes value)
{
    struct wire_reader r;
    struct blob_record blob;
    wire_read_init(&r, key);
    (void)wire_run(&r, sizeof(struct lt_digest));
    uint32_t agency = wire_u32(&r);
    if (agency == 0 || agency > AGENCIES_MAX || !blob_record_read(value, &blob) ||
        blob.references == 0) {
        return;
    }
    struct desk *desk = desk_of(&flow->desks, agency);
    desk->counts.blob_bytes -=
        blob.size < desk->counts.blob_bytes ? blob.size : desk->counts.blob_bytes;
    desk->counts_changed = true;
}

static enum lt_status fold_blob_gone(struct flow *flow, const struct fact *fact)
{
    struct fact_blob_gone gone;
    uint8_t from[RECORD_KEY_MAX];
    uint8_t keys[64][36];
    if (!fact_read_blob_gone(fact->payload, &gone)) {
        return LT_DAMAGED;
    }
    uint32_t count;
    do {
        struct state_entry at;
        count = 0;
        enum lt_status status =
            state_seek(flow->state, STATE_BLOBS, blob_record_key(from, &gone.sha256, 0), &at);
        while (status == LT_OK && at.found && at.key.size == sizeof(keys[0]) && count < 64 &&
               memcmp(at.key.data, gone.sha256.bytes, sizeof(gone.sha256.bytes)) == 0) {
            memcpy(keys[count++], at.key.data, sizeof(keys[0]));
            blob_released(flow, at.key, at.value);
            status = state_step(flow->state, &at);
        }
        for (uint32_t i = 0; i < count; i++) {
            state_delete(flow->state, STATE_BLOBS, (struct lt_bytes){keys[i], sizeof(keys[i])});
        }
    } while (count != 0);
    for (uint32_t i = 0; i <= flow->desks.highest; i++) {
        struct desk *desk = desk_of(&flow->desks, i);
        if (desk->counts_changed) {
            desk->counts_changed = false;
            counts_store(flow, desk);
        }
    }
    return LT_OK;
}

static enum lt_status fold_kind(struct flow *flow, const struct fact *fact,
                                const struct header *header)
{
    switch (fact->kind) {
    case FACT_DAMAGED:
        return LT_DAMAGED;
    case FACT_EPOCH:
    case FACT_CLOCK:
    case FACT_TRIAL:
    case FACT_SEAL:
    case FACT_SEED:
    case FACT_ENROL:
    case FACT_SEEN:
        return LT_OK; /* told for those who read the journal */
    case FACT_ACCEPTED:
        return fold_accepted(flow, fact, header);
    case FACT_REFUSED:
        return fold_refused(flow, fact);
    case FACT_SENT:
        return fold_sent(flow, fact);
    case FACT_SETTLED:
        return fold_settled(flow, fact);
    case FACT_RETURNED:
        return fold_returned(flow, fact);
    case FACT_ACT:
        return fold_act(flow, fact);
    case FACT_ASSIGNED:
        return fold_assigned(flow, fact);
    case FACT_NOTICED:
        return fold_noticed(flow, fact);
    case FACT_TIMED:
        return fold_timed(flow, fact);
    case FACT_INCIDENT:
        return fold_incident(flow, fact);
    case FACT_REGISTRY:
        return fold_registry(flow, fact);
    case FACT_BLOB:
        return fold_blob(flow, fact);
    case FACT_BLOB_GONE:
        return fold_blob_gone(flow, fact);
    case FACT_HELD:
        return fold_held(flow, fact);
    case FACT_REROUTED:
        return fold_rerouted(flow, fact);
    case FACT_FORMAT:
        return fold_format(flow, fact);
    case FACT_BACKUP:
        return fold_backup(flow, fact);
    case FACT_CARRIED:
        return fold_carried(flow, fact);
    case FACT_CUT:
        return fold_cut(flow, fact);
    case FACT_RESTORED:
        return fold_restored(flow, fact);
    case FACT_SHIELD:
        return fold_shield(flow, fact);
    case FACT_PLAN:
        return fold_plan(flow, fact);
    case FACT_PLAN_ITEMS:
        return fold_plan_items(flow, fact);
    case FACT_PLAN_STEP:
        return fold_plan_step(flow, fact);
    case FACT_PLAN_STATE:
        return fold_plan_state(flow, fact);
    default:
        return LT_FORMAT_UNKNOWN;
    }
}

enum lt_status fold_fact(struct flow *flow, const struct fact *fact, const struct header *header)
{
    if (!format_knows(fact->kind)) {
        return LT_FORMAT_UNKNOWN;
    }
    state_fold_begin(flow->state, fact->position);
    enum lt_status status = fold_kind(flow, fact, header);
    if (status == LT_OK) {
        fold_audit(flow, fact);
    }
    enum lt_status ended = state_fold_end(flow->state);
    if (status == LT_DAMAGED) {
        flow_set_aside(flow, fact->position, fact->kind,
                       fact->kind == FACT_DAMAGED ? "crc" : "payload");
    }
    return ended != LT_OK ? ended : status;
}

static enum lt_status load_counts(struct flow *flow)
{
    struct state_entry at;
    enum lt_status status = state_seek(flow->state, STATE_COUNTS, (struct lt_bytes){0}, &at);
    while (status == LT_OK && at.found) {
        struct wire_reader r;
        wire_read_init(&r, at.key);
        uint32_t agency = wire_u32(&r);
        if (!wire_read_done(&r) || agency > AGENCIES_MAX ||
            !counts_read(at.value, &desk_of(&flow->desks, agency)->counts)) {
            return LT_DAMAGED;
        }
        status = state_step(flow->state, &at);
    }
    return status;
}

/* Agencies come first in the order of the keys, so what refers to one finds it. */
static enum lt_status load_entry(struct flow *flow, struct lt_bytes key, struct lt_bytes value)
{
    switch (key.size > 0 ? key.data[0] : 0) {
    case 'A':
        return registry_fold_agency(flow->registry, value);
    case 'S':
        return seal_keys_fold(registry_seal_keys(flow->registry), value);
    case 'G':
        return registry_fold_rights(flow->registry, value);
    case 'R':
        return registry_fold_route(flow->registry, value, false);
    default:
        return LT_DAMAGED;
    }
}

static enum lt_status load_registry(struct flow *flow)
{
    struct state_entry at;
    enum lt_status status = state_seek(flow->state, STATE_REGISTRY, (struct lt_bytes){0}, &at);
    while (status == LT_OK && at.found) {
        enum lt_status folded = load_entry(flow, at.key, at.value);
        if (folded != LT_OK) {
            return folded;
        }
        status = state_step(flow->state, &at);
    }
    return status;
}

enum lt_status fold_load(struct flow *flow)
{
    enum lt_status status = format_load(flow);
    if (status == LT_OK) {
        status = load_registry(flow);
    }
    if (status == LT_OK) {
        status = load_counts(flow);
    }
    if (status == LT_OK) {
        status = marks_load(flow);
    }
    if (status == LT_OK) {
        status = restored_load(flow);
    }
    if (status == LT_OK) {
        status = load_incidents(flow);
    }
    if (status == LT_OK) {
        status = plans_load(flow);
    }
    return status == LT_OK ? shields_load(flow) : status;
}
