/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One checked parcel meets everything the broker knows: overlay, state and what this turn has
 * staged (which is in the overlay already). In this order:
 *
 *   1 the same id        same digest: the stored decision; another: id-conflict
 *   2 the same key       same content: accepted, under the id it first came with, and the new id is
 *                        remembered as that one's twin; another: key-conflict
 *   3 its rights         kind, procedure, receivers named: refused, nothing stored
 *   4 anything new?      draining, disk, restore: busy, nothing stored
 *   5 the sender's order `after` without a decision: predecessor-unknown
 *   6 attachments        each must be here and the sender's to refer to
 *   7 legs               named or by competence; those found must be within its rights, too
 *   8 room               the sender's share of the journal: busy, nothing stored
 *   9 the fact           staged and folded; the verdict waits for its ticket
 *
 * A known transfer is answered also while intake is closed or when a right has been taken away
 * since: the sender needs its verdict to let go.
 */
#include <string.h>

#include "broker/journal/fact_seal.h"
#include "broker/registry/rights.h"
#include "fold.h"
#include "fold_leg.h"
#include "lane.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "restored.h"
#include "steps.h"

#define DISK_RETRY_MS       30000
#define DRAIN_RETRY_MS      5000
#define BLOB_RETRY_MS       2000
#define RECOVERING_RETRY_MS 15000
#define GATE_RETRY_MS       60000
#define SHARE_RETRY_MS      60000

static enum lt_status same_id(struct flow *flow, const struct transfer_key *key,
                              const struct parcel *parcel, struct decision *decision)
{
    struct transfer known;
    enum lt_status status = transfer_load(flow, key, &known);
    if (status != LT_OK) {
        return status;
    }
    flow->counters.known++;
    decision->wait = known.position;
    decision->position = known.position;
    decision->time_ms = known.time_ms;
    decision->code = (enum lt_status)known.code;
    if (known.code == 0 && known.twin.from != 0) {
        decision->known_as = known.twin.id;
    }
    if (!digest_equal(&known.digest, &parcel->digest)) {
        decision->code = fault_set(&decision->fault, LT_ID_CONFLICT, "id", "other bytes before");
    }
    return LT_OK;
}

static enum lt_status stage_twin(struct flow *flow, const struct transfer_key *key,
                                 const struct parcel *parcel, const struct lt_id *known_as,
                                 uint64_t *ret_position)
{
    uint8_t memory[128];
    struct fact_refused twin = {
        .from = key->from, .id = key->id, .digest = parcel->digest, .known_as = *known_as};
    return flow_fact(flow, FACT_REFUSED, fact_write_refused(memory, sizeof(memory), &twin),
                     ret_position);
}

static enum lt_status same_key(struct flow *flow, const struct transfer_key *key,
                               const struct parcel *parcel, const struct header *header,
                               struct decision *decision)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct lt_bytes value;
    struct known_key known;
    struct transfer first;
    enum lt_status status = state_get(
        flow->state, STATE_KEYS, known_key_key(key_bytes, key->from, header->sender_key), &value);
    if (status != LT_OK) {
        return status;
    }
    if (!known_key_read(value, &known)) {
        return LT_DAMAGED;
    }
    struct transfer_key first_key = {.id = known.id, .from = key->from};
    status = transfer_load(flow, &first_key, &first);
    if (status != LT_OK) {
        return LT_DAMAGED;
    }
    flow->counters.known++;
    decision->position = first.position;
    decision->time_ms = first.time_ms;
    if (!digest_equal(&known.content_digest, &header->content_digest)) {
        decision->wait = first.position;
        decision->code = fault_set(&decision->fault, LT_KEY_CONFLICT, "sender_key",
                                   "first used for case %s", first.case_code);
        return LT_OK;
    }
    decision->known_as = known.id;
    return stage_twin(flow, key, parcel, &known.id, &decision->wait);
}

/* Code class busy when nothing new may come in now, else LT_OK. */
static enum lt_status intake_open(const struct flow *flow, const struct agency *from,
                                  struct decision *decision)
{
    if (flow->draining) {
        decision->retry_after_ms = DRAIN_RETRY_MS;
        return LT_DRAINING;
    }
    if (flow_disk_full(flow)) {
        decision->retry_after_ms = DISK_RETRY_MS;
        return LT_DISK_RESERVE;
    }
    if (from->draining) {
        decision->retry_after_ms = GATE_RETRY_MS;
        return LT_AGENCY_DRAINING;
    }
    return LT_OK;
}

/* LT_AGENCY_SHARE when the sender's open transfers and this one are more bytes than one agency may
 * keep here. */
static enum lt_status share_left(struct flow *flow, const struct agency *from, uint64_t bytes,
                                 struct decision *decision)
{
    struct desk *desk = desk_of(&flow->desks, from->number);
    uint64_t most = flow->settings.share_bytes;
    uint64_t open = desk->counts.open_bytes;
    if (most == 0 || open + bytes <= most) {
        return LT_OK;
    }
    if (desk->share_said_ms == 0 || flow->mono_ms - desk->share_said_ms >= SHARE_RETRY_MS) {
        desk->share_said_ms = flow->mono_ms;
        log_warn("agency-share-full", "agency=%s open_bytes=%llu share_bytes=%llu", from->id,
                 (unsigned long long)open, (unsigned long long)most);
    }
    desk->share_full = true;
    decision->retry_after_ms = SHARE_RETRY_MS;
    return fault_set(&decision->fault, LT_AGENCY_SHARE, "share", "%llu bytes are open, %llu may be",
                     (unsigned long long)open, (unsigned long long)most);
}

static enum lt_status predecessor(struct flow *flow, uint32_t from, const struct header *header,
                                  struct fault *fault)
{
    static const struct lt_id none;
    if (memcmp(&header->after, &none, sizeof(none)) == 0) {
        return LT_OK;
    }
    struct transfer_key key = {.id = header->after, .from = from};
    struct transfer before;
    enum lt_status status = transfer_load(flow, &key, &before);
    if (status == LT_NOT_FOUND) {
        return fault_set(fault, LT_PREDECESSOR_UNKNOWN, "after", "no decision yet");
    }
    return status;
}

static enum lt_status attachments_here(struct flow *flow, uint32_t from,
                                       const struct header *header, struct fault *fault)
{
    for (uint32_t i = 0; i < header->attachments_count; i++) {
        uint8_t key_bytes[RECORD_KEY_MAX];
        struct lt_bytes value;
        enum lt_status status =
            state_get(flow->state, STATE_BLOBS,
                      blob_record_key(key_bytes, &header->attachments[i].sha256, from), &value);
        if (status == LT_NOT_FOUND) {
            char hex[65];
            hex_write(hex, header->attachments[i].sha256.bytes, 32);
            return fault_set(fault, LT_BLOB_MISSING, "attachments", "%s", hex);
        }
        if (status != LT_OK) {
            return status;
        }
        struct blob_record blob;
        if (!blob_record_read(value, &blob)) {
            return LT_DAMAGED;
        }
        if (blob.size != header->attachments[i].size) {
            return fault_set(fault, LT_ATTACHMENT_BAD, "attachments.size", "%llu, stored are %llu",
                             (unsigned long long)header->attachments[i].size,
                             (unsigned long long)blob.size);
        }
    }
    return LT_OK;
}

static enum lt_status stage_accepted(struct flow *flow, const struct agency *from,
                                     const struct parcel *parcel, const struct header *header,
                                     const struct sealed *sealed, struct fact_accepted *accepted,
                                     struct decision *decision)
{
    uint8_t link[SEAL_LINK_BYTES_MAX], proof[PROOF_BYTES_MAX];
    const struct sealing *sealing = sealed == NULL ? NULL : sealed->sealing;
    size_t size = parcel->header.size + parcel->body.size + sizeof(link) + 256;
    void *memory = arena_alloc(&flow->arena, size);
    if (memory == NULL) {
        decision->code = LT_BUSY;
        return LT_OK;
    }
    accepted->from = from->number;
    accepted->digest = parcel->digest;
    accepted->header = parcel->header;
    accepted->body = parcel->body;
    uint64_t position = 0;
    enum lt_status status =
        sealing_link(flow, from->number, sealed == NULL ? NULL : sealed->sealing,
                     sealed == NULL ? 0 : sealed->index, link, &accepted->seal);
    if (status == LT_OK) {
        status = flow_fact_accepted(flow, fact_write_accepted(memory, size, accepted), header,
                                    &position);
    }
    if (status != LT_OK) {
        return status;
    }
    decision->code = LT_OK;
    decision->wait = position;
    decision->position = position;
    decision->time_ms = journal_time_ms(flow->journal);
    cache_put(&flow->cache, position, decision->time_ms, &parcel->digest, parcel->header,
              parcel->body, sealing_proof(sealing, sealing == NULL ? 0 : sealed->index, proof));
    flow->counters.accepted++;
    return LT_OK;
}

/* A code of the table goes to the sender; damage and stop classes end the broker. */
static bool ends(enum lt_status status)
{
    return lt_class(status) == LT_CLASS_STOP;
}

/* A dissolved agency's successor gets what comes now, but not before what came first: while earlier
 * transfers of the case are still with the old agency this one goes behind them there, and moves
 * with the next redirect. */
static void stay_in_order(struct flow *flow, const struct header *header,
                          struct fact_accepted *accepted, const uint32_t named[LT_LEGS_MAX])
{
    for (uint32_t i = 0; i < accepted->legs_count; i++) {
        if (named[i] == accepted->legs[i].agency) {
            continue;
        }
        struct lane lane = lane_of(flow->digester, header->case_code);
        if (lane_left(flow, named[i], &lane, UINT64_MAX)) {
            accepted->legs[i].agency = named[i];
        }
    }
}

/* Kind, procedure and the receivers named, as the registry grants them today. */
static enum lt_status granted(const struct agency *from, const struct header *header,
                              struct fault *fault)
{
    if ((from->kinds_denied >> header->kind & 1u) != 0) {
        return fault_set(fault, LT_KIND_NOT_ALLOWED, "kind", "%s", kind_name(header->kind));
    }
    return rights_allow(from->rights, header, fault);
}

/* Receivers found by competence, as the routes name them: a successor takes over with the right.
 * Those that the sender named have been asked for. */
static enum lt_status may_reach(const struct flow *flow, const struct agency *from,
                                const struct header *header, uint32_t count,
                                const uint32_t named[LT_LEGS_MAX], struct fault *fault)
{
    enum lt_status status = LT_OK;
    bool ask = from->rights != NULL && header->to_count == 0;
    for (uint32_t i = 0; ask && i < count && status == LT_OK; i++) {
        const struct agency *to = registry_by_number(flow->registry, named[i]);
        status = to == NULL ? LT_OK : rights_reach(from->rights, text_bytes(to->id), fault);
    }
    return status;
}

static enum lt_status decide_new(struct flow *flow, const struct agency *from,
                                 const struct parcel *parcel, const struct header *header,
                                 const struct sealed *sealed, struct decision *decision)
{
    struct fact_accepted accepted;
    uint32_t named[LT_LEGS_MAX];
    memset(&accepted, 0, sizeof(accepted));
    enum lt_status code = granted(from, header, &decision->fault);
    if (code == LT_OK) {
        code = intake_open(flow, from, decision);
    }
    if (code == LT_OK && !restored_admits(flow, &header->id)) {
        code = LT_RECOVERING;
        decision->retry_after_ms = RECOVERING_RETRY_MS;
    }
    if (code == LT_OK) {
        code = predecessor(flow, from->number, header, &decision->fault);
    }
    if (code == LT_OK) {
        code = attachments_here(flow, from->number, header, &decision->fault);
        decision->retry_after_ms = code == LT_BLOB_MISSING ? BLOB_RETRY_MS : 0;
    }
    if (code == LT_OK) {
        code = assign(flow->registry, header, flow->now_ms, &accepted, named, &decision->fault);
    }
    if (code == LT_OK) {
        code = may_reach(flow, from, header, accepted.legs_count, named, &decision->fault);
    }
    if (code == LT_OK) {
        stay_in_order(flow, header, &accepted, named);
    }
    if (code == LT_OK) {
        code = share_left(flow, from, parcel->header.size + parcel->body.size, decision);
    }
    if (code != LT_OK) {
        decision->code = code;
        return ends(code) ? code : LT_OK;
    }
    return stage_accepted(flow, from, parcel, header, sealed, &accepted, decision);
}

enum lt_status decide(struct flow *flow, const struct agency *from, const struct parcel *parcel,
                      const struct header *header, const struct sealed *sealed,
                      struct decision *ret_decision)
{
    struct transfer_key key = {.id = header->id, .from = from->number};
    enum lt_status status = same_id(flow, &key, parcel, ret_decision);
    if (status != LT_NOT_FOUND) {
        return status;
    }
    status = same_key(flow, &key, parcel, header, ret_decision);
    if (status != LT_NOT_FOUND) {
        return status;
    }
    return decide_new(flow, from, parcel, header, sealed, ret_decision);
}
