/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The check of a whole journal, for ltctl and for auditors: it reads what is there, record by
 * record, and needs nothing but the backend's view, so it also runs beside a living broker.
 *
 * Each finding names the position it was seen at: "gap" positions that no record holds, "frame" a
 * record that does not read or stands under a foreign key, "chain" a record whose link to the one
 * before does not fit, "crc" and "payload" single facts, "digest" a parcel whose bytes are not
 * those that were accepted, "seal" an acceptance whose seal is over other bytes, is not there or is
 * not signed by a key of its sender, "time" and "epoch" what went back, "format" a kind that this
 * release has not heard of, which a newer one wrote. One damage may be found twice: a flipped bit
 * breaks its fact's crc and the link of the record behind. Nothing stops at the first finding, and
 * nothing is mended.
 *
 * The chain begins with the first record held: in a journal that was never cut its link is zero.
 */
#include "verify.h"

#include <string.h>

#include "fact_enrol.h"
#include "fact_plan.h"
#include "fact_seal.h"
#include "fact_seed.h"
#include "fact_seen.h"
#include "format.h"
#include "layout.h"
#include "proto/digest.h"

struct check {
    void (*found)(void *context, const struct verify_finding *finding);
    void *context;
    struct digester *digester;
    struct verify_report report;
    bool begun;              /* a record was seen */
    uint64_t next;           /* the position the next record should begin with */
    bool unread;             /* the last record's frame did not read: its end is not known */
    struct lt_digest before; /* of the last record seen */
    uint64_t epoch;
    int64_t time_ms;
    const struct verify_seals *seals; /* NULL: whose they are is not asked */
    uint64_t first;                   /* position held */
    uint64_t batch_at;                /* the last FACT_SEAL: acceptances follow theirs */
    size_t batch_size;
    uint8_t batch[FACT_SEAL_BYTES_MAX];
};

static void finding(struct check *check, uint64_t position, const char *what)
{
    check->report.findings++;
    if (check->found != NULL) {
        check->found(check->context, &(struct verify_finding){position, what});
    }
}

/* ---- facts ---- */

static struct lt_digest leaf_of(struct check *check, const struct fact_accepted *accepted)
{
    struct parcel parcel = {accepted->header, accepted->body, accepted->digest};
    return seal_leaf(check->digester, &parcel);
}

static bool is_senders(const struct check *check, uint32_t from, const struct seal_proof *proof,
                       const struct lt_digest *leaf)
{
    return check->seals == NULL || check->seals->fits(check->seals->self, from, proof, leaf);
}

/* A batch is asked about once, by its first leaf. */
static void take_batch(struct check *check, const struct fact *fact, const struct fact_seal *f)
{
    struct seal_proof proof;
    struct seal seal;
    struct lt_digest leaves[SEAL_BATCH_MAX];
    check->batch_at = fact->position;
    check->batch_size = fact->payload.size <= sizeof(check->batch) ? fact->payload.size : 0;
    memcpy(check->batch, fact->payload.data, check->batch_size);
    memcpy(leaves, f->leaves, f->count * sizeof(leaves[0]));
    if (!seal_read(f->seal, &seal) || seal.batch != f->count ||
        seal_prove(&seal, check->digester, leaves, f->count, 0, &proof) != LT_OK ||
        !is_senders(check, f->from, &proof, &leaves[0])) {
        finding(check, fact->position, "seal");
    }
}

/* Over these very bytes? Where the journal was cut what an acceptance names may be gone. */
static bool seal_fits(struct check *check, const struct fact_accepted *accepted,
                      const struct seal_link *link)
{
    struct seal_proof proof;
    struct lt_bytes batch = {0};
    if (link->position != 0 && link->position < check->first) {
        return true;
    }
    if (link->position != 0 && link->position == check->batch_at) {
        batch = (struct lt_bytes){check->batch, check->batch_size};
    }
    check->report.seals++;
    if (fact_seal_prove(accepted, batch, check->digester, &proof) != LT_OK) {
        return false;
    }
    struct lt_digest leaf = leaf_of(check, accepted);
    return link->position != 0 || is_senders(check, accepted->from, &proof, &leaf);
}

static bool acceptance_reads(struct check *check, const struct fact *fact, struct lt_bytes payload)
{
    struct fact_accepted accepted;
    if (!fact_read_accepted(payload, &accepted)) {
        return false;
    }
    struct lt_digest digest = digest_of_two(check->digester, accepted.header, accepted.body);
    check->report.transfers++;
    if (!digest_equal(&digest, &accepted.digest)) {
        finding(check, fact->position, "digest");
    }
    struct seal_link link;
    if (accepted.seal.size == 0) {
        return true;
    }
    if (!seal_link_read(accepted.seal, &link)) {
        return false;
    }
    if (fact->kind == FACT_ACCEPTED && !seal_fits(check, &accepted, &link)) {
        finding(check, fact->position, "seal");
    }
    return true;
}

/* Beside a carried acceptance: the fact that its link names goes with the cut. */
static bool proof_fits(struct check *check, struct lt_bytes payload, const struct seal_proof *proof)
{
    struct fact_accepted accepted;
    if (!fact_read_accepted(payload, &accepted)) {
        return true; /* told as what it is */
    }
    struct lt_digest leaf = leaf_of(check, &accepted);
    check->report.seals++;
    return merkle_path_check(check->digester, &leaf, proof->index, proof->seal.batch, proof->path,
                             proof->path_count, &proof->root) == LT_OK &&
           is_senders(check, accepted.from, proof, &leaf);
}

/* Empty: the bytes did not read any more when they were to be carried. */
static bool carried_reads(struct check *check, const struct fact *fact)
{
    struct fact_carried carried;
    struct seal_proof proof;
    if (!fact_read_carried(fact->payload, &carried) ||
        (carried.proof.size > 0 && !seal_proof_read(carried.proof, &proof))) {
        return false;
    }
    if (carried.proof.size > 0 && !proof_fits(check, carried.accepted, &proof)) {
        finding(check, fact->position, "seal");
    }
    return carried.accepted.size == 0 || acceptance_reads(check, fact, carried.accepted);
}

static bool registry_reads(struct check *check, const struct fact *fact)
{
    struct fact_registry registry;
    bool reads = fact_read_registry(fact->payload, &registry);
    if (reads && check->seals != NULL) {
        check->seals->learn(check->seals->self, &registry);
    }
    return reads;
}

static bool batch_reads(struct check *check, const struct fact *fact)
{
    struct fact_seal seal;
    bool reads = fact_read_seal(fact->payload, &seal);
    if (reads) {
        take_batch(check, fact, &seal);
    }
    return reads;
}

/* One kind, one reader; a kind without one was written by a newer release or by nobody. */
static bool act_reads(const struct fact *fact)
{
    union {
        struct fact_plan plan;
        struct fact_plan_items items;
        struct fact_plan_step step;
        struct fact_plan_state state;
        struct fact_incident incident;
        struct fact_timed timed;
        struct fact_held held;
        struct fact_rerouted rerouted;
        struct fact_enrol enrol;
        struct fact_seen seen;
    } f;
    struct lt_bytes payload = fact->payload;
    return (fact->kind == FACT_PLAN && fact_read_plan(payload, &f.plan)) ||
           (fact->kind == FACT_PLAN_ITEMS && fact_read_plan_items(payload, &f.items)) ||
           (fact->kind == FACT_PLAN_STEP && fact_read_plan_step(payload, &f.step)) ||
           (fact->kind == FACT_PLAN_STATE && fact_read_plan_state(payload, &f.state)) ||
           (fact->kind == FACT_ENROL && fact_read_enrol(payload, &f.enrol)) ||
           (fact->kind == FACT_INCIDENT && fact_read_incident(payload, &f.incident)) ||
           (fact->kind == FACT_TIMED && fact_read_timed(payload, &f.timed)) ||
           (fact->kind == FACT_HELD && fact_read_held(payload, &f.held)) ||
           (fact->kind == FACT_REROUTED && fact_read_rerouted(payload, &f.rerouted)) ||
           (fact->kind == FACT_SEEN && fact_read_seen(payload, &f.seen));
}

/* Of the house and its copies, not of a transfer. */
static bool house_reads(const struct fact *fact)
{
    union {
        struct fact_backup backup;
        struct fact_cut cut;
        struct fact_restored restored;
        struct fact_format format;
        struct fact_shield shield;
        struct fact_clock clock;
        struct fact_seed seed;
    } f;
    struct lt_bytes payload = fact->payload;
    return (fact->kind == FACT_TRIAL && payload.size == 1) ||
           (fact->kind == FACT_FORMAT && fact_read_format(payload, &f.format)) ||
           (fact->kind == FACT_SHIELD && fact_read_shield(payload, &f.shield)) ||
           (fact->kind == FACT_CLOCK && fact_read_clock(payload, &f.clock)) ||
           (fact->kind == FACT_BACKUP && fact_read_backup(payload, &f.backup)) ||
           (fact->kind == FACT_CUT && fact_read_cut(payload, &f.cut)) ||
           (fact->kind == FACT_RESTORED && fact_read_restored(payload, &f.restored)) ||
           (fact->kind == FACT_SEED && fact_read_seed(payload, &f.seed));
}

static bool payload_reads(struct check *check, const struct fact *fact)
{
    union {
        struct fact_epoch epoch;
        struct fact_refused refused;
        struct fact_sent sent;
        struct fact_settled settled;
        struct fact_returned returned;
        struct fact_act act;
        struct fact_assigned assigned;
        struct fact_noticed noticed;
        struct fact_blob blob;
        struct fact_blob_gone blob_gone;
    } f;
    struct lt_bytes payload = fact->payload;
    switch ((enum fact_kind)fact->kind) {
    case FACT_EPOCH:
        return fact_read_epoch(payload, &f.epoch);
    case FACT_ACCEPTED:
        return acceptance_reads(check, fact, payload);
    case FACT_REFUSED:
        return fact_read_refused(payload, &f.refused);
    case FACT_SENT:
        return fact_read_sent(payload, &f.sent);
    case FACT_SETTLED:
        return fact_read_settled(payload, &f.settled);
    case FACT_RETURNED:
        return fact_read_returned(payload, &f.returned);
    case FACT_ACT:
        return fact_read_act(payload, &f.act);
    case FACT_ASSIGNED:
        return fact_read_assigned(payload, &f.assigned);
    case FACT_NOTICED:
        return fact_read_noticed(payload, &f.noticed);
    case FACT_REGISTRY:
        return registry_reads(check, fact);
    case FACT_BLOB:
        return fact_read_blob(payload, &f.blob);
    case FACT_BLOB_GONE:
        return fact_read_blob_gone(payload, &f.blob_gone);
    case FACT_FORMAT:
    case FACT_TRIAL:
    case FACT_SHIELD:
    case FACT_CLOCK:
    case FACT_BACKUP:
    case FACT_CUT:
    case FACT_RESTORED:
    case FACT_SEED:
        return house_reads(fact);
    case FACT_CARRIED:
        return carried_reads(check, fact);
    case FACT_SEAL:
        return batch_reads(check, fact);
    case FACT_REROUTED:
    case FACT_ENROL:
    case FACT_INCIDENT:
    case FACT_TIMED:
    case FACT_HELD:
    case FACT_SEEN:
    case FACT_PLAN:
    case FACT_PLAN_ITEMS:
    case FACT_PLAN_STEP:
    case FACT_PLAN_STATE:
        return act_reads(fact);
    case FACT_DAMAGED:
    case FACT_KINDS_END:
        break;
    }
    return false;
}

static void check_fact(struct check *check, const struct record *record, uint32_t index)
{
    struct fact fact;
    check->report.facts++;
    if (record_fact(record, index, &fact) != LT_OK) {
        finding(check, fact.position, "crc");
        return;
    }
    if (fact.time_ms < check->time_ms) {
        finding(check, fact.position, "time");
    }
    check->time_ms = fact.time_ms;
    if (index + 1 == record->count && fact.time_ms != record->time_ms) {
        finding(check, fact.position, "time");
    }
    if (!format_knows(fact.kind)) {
        finding(check, fact.position, "format");
    } else if (fact.version != FACT_VERSION || !payload_reads(check, &fact)) {
        finding(check, fact.position, "payload");
    }
}

/* ---- records ---- */

/* Does the link of this record name the one before, as far as that one is known? */
static bool link_fits(const struct check *check, const struct record *record)
{
    if (check->begun) {
        return digest_equal(&record->before, &check->before);
    }
    return digest_empty(&record->before) == (record->first == 1);
}

static void check_record(struct check *check, const struct record *record)
{
    if (!link_fits(check, record)) {
        finding(check, record->first, "chain");
    }
    if (record->epoch < check->epoch) {
        finding(check, record->first, "epoch");
    }
    check->epoch = record->epoch;
    for (uint32_t i = 0; i < record->count; i++) {
        check_fact(check, record, i);
    }
}

/* Only the record behind one that does not read tells how many facts that one held. */
static bool follows(const struct check *check, uint64_t first)
{
    if (check->unread) {
        return first >= check->next && first - check->next < JOURNAL_BATCH_FACTS_MAX;
    }
    return first == check->next;
}

static enum lt_status look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct check *check = context;
    if (check->begun && !follows(check, first)) {
        finding(check, check->next, "gap");
    }
    struct record record;
    bool reads = record_read(bytes, &record, NULL) == LT_OK && record.first == first;
    check->first = check->begun ? check->first : first;
    check->report.records++;
    check->report.bytes += bytes.size;
    if (reads) {
        check_record(check, &record);
    } else {
        finding(check, first, "frame");
    }
    check->before = digest_of(check->digester, bytes);
    check->begun = true;
    check->unread = !reads;
    check->next = first + (reads ? record.count : 1);
    return LT_OK;
}

enum lt_status
journal_verify(const struct journal_backend *backend, uint64_t last,
               bool (*progress)(void *context, uint64_t position, uint64_t last, uint64_t bytes),
               void (*found)(void *context, const struct verify_finding *finding), void *context,
               const struct verify_seals *seals, struct verify_report *ret_report)
{
    struct check check = {.found = found, .context = context, .seals = seals, .time_ms = INT64_MIN};
    enum lt_status status = digester_open(&check.digester);
    if (status != LT_OK) {
        return status;
    }
    uint64_t told = 0;
    while (status == LT_OK) {
        status = backend->view(backend->self, check.next, look, &check);
        if (status == LT_OK && progress != NULL) {
            bool more = progress(context, check.next - 1, last, check.report.bytes - told);
            told = check.report.bytes;
            status = more ? LT_OK : LT_AGAIN;
        }
    }
    digester_close(&check.digester);
    if (status != LT_NOT_FOUND) {
        return status;
    }
    *ret_report = check.report;
    return LT_OK;
}
