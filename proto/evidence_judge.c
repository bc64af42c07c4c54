/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Judging evidence, from the key that is believed downwards: the checkpoint, the receipts below it,
 * the bytes and seals that the receipts name, the outside time-stamps. A finding is PROVEN only
 * when everything it stands on is; what contradicts itself is WRONG whoever is believed.
 *
 * What an acceptance says of the time is the axis' word. A time-stamp bounds it from above, and two
 * contradictions of the two are told: a stamp older than the acceptance it covers, and a stamped
 * checkpoint younger than an acceptance that it does not have.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "evidence_private.h"
#include "message.h"

struct good_stamp {
    uint64_t size;
    struct timestamp stamp;
};

struct judging {
    const struct evidence *evidence;
    struct evidence_trust *trust;
    struct digester *digester;
    struct sign_checker *checker;
    struct arena *arena;
    struct evidence_report *report;
    struct evidence_view *view;
    struct good_stamp stamps[EVIDENCE_STAMPS_MAX];
    uint32_t stamps_count;
};

static void tell(struct judging *judging, struct evidence_finding *finding,
                 enum evidence_result result, const char *why)
{
    finding->result = result;
    finding->why = why;
    evidence_tell(judging->report, finding);
}

static void tell_status(struct judging *judging, struct evidence_finding *finding,
                        enum lt_status status)
{
    tell(judging, finding, EVIDENCE_WRONG, lt_error(status)->code);
}

/* ---- notes ---- */

static enum lt_status open_with(struct judging *judging, struct lt_bytes note, const char *name,
                                const struct public_key *key, struct checkpoint *ret)
{
    struct note_trust trust = {judging->digester, judging->checker, {name, key}};
    return checkpoint_open(note, &trust, ret);
}

static enum lt_status open_with_line(struct judging *judging, struct lt_bytes note,
                                     const char *vkey, struct checkpoint *ret)
{
    char name[NOTE_NAME_MAX + 1];
    struct public_key *key = NULL;
    enum lt_status status = note_vkey_open(vkey, judging->digester, name, &key);
    if (status == LT_OK) {
        status = open_with(judging, note, name, key, ret);
    }
    public_key_close(&key);
    return status;
}

/* With the key that lies in the archive itself: what it says is not believed. */
static enum lt_status open_with_own(struct judging *judging, struct lt_bytes note,
                                    struct checkpoint *ret)
{
    struct note read;
    if (judging->evidence->vkey[0] == '\0') {
        enum lt_status status = note_read(note, &read);
        return status == LT_OK ? checkpoint_read(read.text, ret) : status;
    }
    return open_with_line(judging, note, judging->evidence->vkey, ret);
}

/* A stamped note may be of a key from before the one in force. */
static enum lt_status open_with_any_own(struct judging *judging, struct lt_bytes note,
                                        struct checkpoint *ret)
{
    const struct evidence *evidence = judging->evidence;
    enum lt_status status = open_with_own(judging, note, ret);
    for (uint32_t i = 0; i < evidence->before_count && status == LT_NOTE_FOREIGN; i++) {
        status = open_with_line(judging, note, evidence->before[i].vkey, ret);
    }
    return status;
}

/* LT_OK: by a key of the trust list; LT_AGAIN: it reads, and nobody of the axis is believed. */
static enum lt_status open_note(struct judging *judging, struct lt_bytes note,
                                struct checkpoint *ret)
{
    const struct evidence_trust *trust = judging->trust;
    enum lt_status status = LT_NOTE_FOREIGN;
    if (trust->axis_count == 0) {
        status = open_with_own(judging, note, ret);
        return status == LT_OK ? LT_AGAIN : status;
    }
    for (uint32_t i = 0; i < trust->axis_count && status == LT_NOTE_FOREIGN; i++) {
        status = open_with(judging, note, trust->axis[i].name, trust->axis[i].key, ret);
    }
    return status;
}

/* The key that the archive names must be the one that signed, whoever is believed. */
static void judge_own_key(struct judging *judging)
{
    struct checkpoint again;
    struct evidence_finding finding = {.check = EVIDENCE_FILES, .file = "authorities/axis.vkey"};
    enum lt_status status = open_with_own(judging, judging->evidence->checkpoint, &again);
    if (status != LT_OK) {
        tell(judging, &finding, EVIDENCE_WRONG, "differs");
    }
}

static void judge_checkpoint(struct judging *judging)
{
    const struct evidence *evidence = judging->evidence;
    struct evidence_finding finding = {.check = EVIDENCE_CHECKPOINT,
                                       .number = evidence->checkpoint_size};
    if (evidence->checkpoint.size == 0) {
        tell(judging, &finding, EVIDENCE_UNPROVEN, "no-checkpoint");
        return;
    }
    enum lt_status status = open_note(judging, evidence->checkpoint, &judging->view->checkpoint);
    if (status != LT_OK && status != LT_AGAIN) {
        tell_status(judging, &finding, status);
        return;
    }
    finding.checkpoint = &judging->view->checkpoint;
    finding.detail = judging->view->checkpoint.origin;
    if (judging->view->checkpoint.head.size != evidence->checkpoint_size) {
        tell(judging, &finding, EVIDENCE_WRONG, "other-size");
        return;
    }
    judging->view->readable = true;
    judging->view->confirmed = status == LT_OK;
    judge_own_key(judging);
    tell(judging, &finding, judging->view->confirmed ? EVIDENCE_PROVEN : EVIDENCE_UNPROVEN,
         judging->view->confirmed ? NULL : "no-trust");
}

/* ---- time-stamps ---- */

enum lt_status evidence_growth(struct digester *digester, const struct growth_proof *growth,
                               const struct merkle_head *first, const struct merkle_head *second)
{
    if (growth->first != first->size || growth->second != second->size) {
        return LT_PATH_LENGTH;
    }
    bool whole = (first->size & (first->size - 1)) == 0;
    if (whole && first->size != second->size && !digest_equal(&growth->start, &first->root)) {
        return LT_PATH_WRONG;
    }
    return merkle_consistency_check(digester, first, second, growth->path.nodes,
                                    growth->path.count);
}

static enum lt_status check_growth(struct judging *judging, const struct evidence_stamp *stamp,
                                   const struct checkpoint *stamped)
{
    const struct merkle_head *newest = &judging->view->checkpoint.head;
    bool younger = stamped->head.size > newest->size;
    return evidence_growth(judging->digester, &stamp->growth, younger ? newest : &stamped->head,
                           younger ? &stamped->head : newest);
}

static void judge_token(struct judging *judging, const struct evidence_stamp *stamp,
                        struct evidence_finding *finding)
{
    struct fault fault;
    struct timestamp read;
    struct timestamp_question question = {.digest = digest_of(judging->digester, stamp->note)};
    if (judging->trust->stamps == NULL) {
        tell(judging, finding, EVIDENCE_UNPROVEN, "no-trust");
        return;
    }
    fault_init(&fault);
    enum timestamp_finding found =
        timestamp_check(judging->trust->stamps, &question, stamp->token, &read, &fault);
    finding->detail = fault.detail;
    if (found != TIMESTAMP_GOOD) {
        bool unproven =
            found == TIMESTAMP_CHAIN || found == TIMESTAMP_LIST || found == TIMESTAMP_WEAK;
        tell(judging, finding, unproven ? EVIDENCE_UNPROVEN : EVIDENCE_WRONG,
             timestamp_finding_name(found));
        return;
    }
    finding->stamp = &read;
    finding->detail = read.authority;
    if (!judging->view->confirmed) {
        tell(judging, finding, EVIDENCE_UNPROVEN, "no-checkpoint");
        return;
    }
    judging->stamps[judging->stamps_count++] = (struct good_stamp){stamp->size, read};
    tell(judging, finding, EVIDENCE_PROVEN, NULL);
}

static void judge_stamp(struct judging *judging, const struct evidence_stamp *stamp)
{
    struct checkpoint stamped = {.origin = ""};
    struct evidence_finding finding = {.check = EVIDENCE_TIMESTAMP, .number = stamp->size};
    enum lt_status status = open_note(judging, stamp->note, &stamped);
    if (status == LT_NOTE_FOREIGN && judging->evidence->before_count > 0) {
        status = open_with_any_own(judging, stamp->note, &stamped);
        if (status == LT_OK && judging->trust->axis_count > 0) {
            tell(judging, &finding, EVIDENCE_UNPROVEN, "no-trust");
            return;
        }
    }
    if (status != LT_OK && status != LT_AGAIN) {
        tell_status(judging, &finding, status);
        return;
    }
    if (stamped.head.size != stamp->size) {
        tell(judging, &finding, EVIDENCE_WRONG, "other-size");
        return;
    }
    if (!judging->view->readable || !stamp->joined) {
        tell(judging, &finding, EVIDENCE_UNPROVEN, "other-log");
        return;
    }
    status = check_growth(judging, stamp, &stamped);
    if (status != LT_OK) {
        tell(judging, &finding, EVIDENCE_WRONG, "other-log");
        return;
    }
    judging->view->stamped[judging->view->stamped_count++] = stamped.head;
    judge_token(judging, stamp, &finding);
}

/* ---- receipts ---- */

/* The way from a leaf to the checkpoint. */
static enum lt_status climb(struct judging *judging, const struct receipt_proof *proof)
{
    uint8_t bytes[COMMIT_BYTES];
    const struct place_proof *place = &proof->in_commit;
    struct lt_digest hash = merkle_leaf(judging->digester, proof->leaf);
    enum lt_status status =
        merkle_path_check(judging->digester, &hash, place->index, place->size, place->path.nodes,
                          place->path.count, &proof->entry.root);
    if (status != LT_OK) {
        return status;
    }
    commit_entry_write(bytes, &proof->entry);
    hash = merkle_leaf(judging->digester, (struct lt_bytes){bytes, sizeof(bytes)});
    place = &proof->in_log;
    if (place->size != judging->view->checkpoint.head.size) {
        return LT_PATH_LENGTH;
    }
    return merkle_path_check(judging->digester, &hash, place->index, place->size, place->path.nodes,
                             place->path.count, &judging->view->checkpoint.head.root);
}

/* A receipt that reads and is in the log, as far as that can be said. */
static bool judge_path(struct judging *judging, const struct evidence_receipt *receipt,
                       struct evidence_finding *finding)
{
    const struct leaf *leaf = finding->leaf;
    uint64_t position =
        leaf->kind == LEAF_ACCEPTED ? leaf->accepted.position : leaf->outcome.position;
    if (position != receipt->position || receipt->proof.entry.position > position) {
        tell(judging, finding, EVIDENCE_WRONG, "other-size");
        return false;
    }
    enum lt_status status = judging->view->readable ? climb(judging, &receipt->proof) : LT_OK;
    if (status != LT_OK) {
        tell_status(judging, finding, status);
    } else if (!judging->view->confirmed) {
        tell(judging, finding, EVIDENCE_UNPROVEN, "no-checkpoint");
    } else {
        tell(judging, finding, EVIDENCE_PROVEN, NULL);
        return true;
    }
    return false;
}

static void judge_accepted(struct judging *judging, struct evidence_item *item,
                           const struct evidence_receipt *receipt, struct leaf *leaf)
{
    struct evidence_finding finding = {.check = EVIDENCE_ACCEPTED,
                                       .transfer = &item->transfer->id,
                                       .number = receipt->position,
                                       .leaf = leaf};
    if (memcmp(leaf->accepted.id.bytes, item->transfer->id.bytes, sizeof(leaf->accepted.id)) != 0) {
        tell(judging, &finding, EVIDENCE_WRONG, "other-transfer");
        return;
    }
    if (item->found) {
        tell(judging, &finding, EVIDENCE_WRONG, "accepted-twice");
        return;
    }
    item->found = true;
    item->accepted = *leaf;
    item->index = receipt->proof.in_log.index;
    item->proven = judge_path(judging, receipt, &finding);
}

static void judge_outcome(struct judging *judging, const struct evidence_item *item,
                          const struct evidence_receipt *receipt, struct leaf *leaf)
{
    struct evidence_finding finding = {.check = EVIDENCE_OUTCOME,
                                       .transfer = &item->transfer->id,
                                       .number = receipt->position,
                                       .leaf = leaf};
    if (!item->found) {
        tell(judging, &finding, EVIDENCE_UNPROVEN, "no-receipt");
    } else if (leaf->outcome.accepted != item->accepted.accepted.position) {
        tell(judging, &finding, EVIDENCE_WRONG, "other-transfer");
    } else {
        (void)judge_path(judging, receipt, &finding);
    }
}

static void judge_receipts(struct judging *judging, struct evidence_item *item)
{
    struct evidence_finding finding = {.check = EVIDENCE_ACCEPTED, .transfer = &item->transfer->id};
    for (uint32_t i = 0; i < item->transfer->receipts_count; i++) {
        const struct evidence_receipt *receipt = &item->transfer->receipts[i];
        struct leaf leaf;
        if (!leaf_read(receipt->proof.leaf, &leaf)) {
            finding.number = receipt->position;
            tell_status(judging, &finding, LT_RECEIPT_WRONG);
        } else if (leaf.kind == LEAF_ACCEPTED) {
            judge_accepted(judging, item, receipt, &leaf);
        } else {
            judge_outcome(judging, item, receipt, &leaf);
        }
    }
    if (!item->found) {
        finding.number = 0;
        tell(judging, &finding, EVIDENCE_UNPROVEN, "no-receipt");
    }
}

/* ---- bytes and seals ---- */

static struct lt_digest bytes_digest(struct judging *judging, const struct evidence_item *item)
{
    const struct evidence_transfer *transfer = item->transfer;
    return transfer->body_left_out
               ? item->accepted.accepted.digest
               : digest_of_two(judging->digester, transfer->header, transfer->body);
}

static void judge_parcel(struct judging *judging, struct evidence_item *item)
{
    const struct evidence_transfer *transfer = item->transfer;
    const struct leaf_accepted *accepted = &item->accepted.accepted;
    struct evidence_finding finding = {.check = EVIDENCE_PARCEL, .transfer = &transfer->id};
    struct header header;
    enum lt_status status = header_read(transfer->header, judging->arena, &header, NULL);
    if (status != LT_OK) {
        tell_status(judging, &finding, status);
        return;
    }
    item->after = header.after;
    item->kind = header.kind;
    struct lt_digest digest = bytes_digest(judging, item);
    if (memcmp(header.id.bytes, transfer->id.bytes, sizeof(header.id)) != 0) {
        tell(judging, &finding, EVIDENCE_WRONG, "other-transfer");
    } else if (item->found && !bytes_equal(header.from, accepted->from)) {
        tell_status(judging, &finding, LT_FROM_FOREIGN);
    } else if (item->found && !digest_equal(&digest, &accepted->digest)) {
        tell_status(judging, &finding, LT_DIGEST_WRONG);
    } else if (transfer->body_left_out) {
        tell(judging, &finding, EVIDENCE_UNPROVEN, "body-left-out");
    } else if (!item->proven) {
        tell(judging, &finding, EVIDENCE_UNPROVEN, item->found ? "no-checkpoint" : "no-receipt");
    } else {
        tell(judging, &finding, EVIDENCE_PROVEN, NULL);
    }
}

/* Does the signature fit, over these bytes, and is the seal the one that was accepted? */
static enum lt_status check_seal(struct judging *judging, const struct evidence_item *item,
                                 const struct public_key *key)
{
    uint8_t bytes[SEAL_BYTES_MAX];
    const struct evidence_transfer *transfer = item->transfer;
    struct parcel parcel = {transfer->header, transfer->body, bytes_digest(judging, item)};
    struct lt_digest seal =
        digest_of(judging->digester, seal_write(bytes, sizeof(bytes), &transfer->seal.seal));
    if (transfer->body_left_out) {
        parcel.body.size = (size_t)transfer->body_size;
    }
    struct lt_digest leaf = seal_leaf(judging->digester, &parcel);
    enum lt_status status =
        seal_proof_check(&transfer->seal, &leaf, key, judging->checker, judging->digester);
    if (status == LT_OK && item->found && !digest_equal(&seal, &item->accepted.accepted.seal)) {
        status = LT_RECEIPT_WRONG;
    }
    return status;
}

/* The key that fits; NULL when there is none. The caller closes it. */
static struct public_key *judge_seal(struct judging *judging, const struct evidence_item *item)
{
    const struct evidence_transfer *transfer = item->transfer;
    struct evidence_finding finding = {.check = EVIDENCE_SEAL, .transfer = &transfer->id};
    struct public_key *key = NULL;
    if (!transfer->sealed) {
        bool missing = item->found && !digest_empty(&item->accepted.accepted.seal);
        tell(judging, &finding, missing ? EVIDENCE_WRONG : EVIDENCE_UNPROVEN,
             missing ? lt_error(LT_SEAL_MISSING)->code : "no-seal");
        return NULL;
    }
    if (transfer->key.size == 0) {
        tell(judging, &finding, EVIDENCE_UNPROVEN, "no-key");
        return NULL;
    }
    if (transfer->body_left_out && !item->found) {
        tell(judging, &finding, EVIDENCE_UNPROVEN, "no-receipt");
        return NULL;
    }
    enum lt_status status = public_key_open(transfer->key, &key, NULL);
    if (status == LT_OK) {
        status = check_seal(judging, item, key);
    }
    if (status != LT_OK) {
        tell_status(judging, &finding, status);
        public_key_close(&key);
        return NULL;
    }
    finding.detail = sign_algorithm_name(transfer->seal.seal.algorithm);
    tell(judging, &finding, EVIDENCE_PROVEN, NULL);
    return key;
}

/* ---- keys of agencies ---- */

/* What the listed keys say of it at that moment: LT_NOT_FOUND when it is on no line. */
static enum lt_status listed(const struct evidence_trust *trust, const struct lt_digest *id,
                             const struct leaf_accepted *accepted)
{
    enum lt_status status = LT_NOT_FOUND;
    for (uint32_t i = 0; i < trust->keys_count; i++) {
        const struct agency_key *key = &trust->keys[i];
        if (!digest_equal(&key->id, id)) {
            continue;
        }
        if (!bytes_equal(text_bytes(key->agency), accepted->from)) {
            status = status == LT_NOT_FOUND ? LT_FROM_FOREIGN : status;
        } else if (accepted->time_ms < key->from_ms) {
            status = LT_SEAL_KEY_EARLY;
        } else if (key->to_ms != 0 && accepted->time_ms >= key->to_ms) {
            status = LT_SEAL_KEY_EXPIRED;
        } else {
            return LT_OK;
        }
    }
    return status;
}

static bool certificate_fits(struct lt_bytes certificate, const struct public_key *key)
{
    struct public_key *other = NULL;
    bool fits = certificate_key(certificate, &other, NULL) == LT_OK &&
                digest_equal(public_key_id(other), public_key_id(key));
    public_key_close(&other);
    return fits;
}

static void judge_certificate(struct judging *judging, const struct evidence_item *item,
                              const struct public_key *key, struct evidence_finding *finding)
{
    struct certificate_about about = {.subject = ""};
    struct lt_bytes certificate = item->transfer->certificate;
    struct fault fault;
    bool stale = false;
    fault_init(&fault);
    if (!certificate_fits(certificate, key)) {
        tell(judging, finding, EVIDENCE_WRONG, "certificate-of-another");
        return;
    }
    if (judging->trust->certificates == NULL) {
        tell(judging, finding, EVIDENCE_UNPROVEN, "no-trust");
        return;
    }
    enum lt_status status = trust_judge(judging->trust->certificates, certificate, 0,
                                        item->accepted.accepted.time_ms, &stale, &fault);
    finding->detail = fault.detail;
    if (status == LT_SEAL_CHAIN || status == LT_SEAL_WEAK || status == LT_SEAL_CRL_STALE ||
        status == LT_SEAL_CRL_BAD) {
        tell(judging, finding, EVIDENCE_UNPROVEN, lt_error(status)->code);
    } else if (status != LT_OK) {
        tell_status(judging, finding, status);
    } else {
        if (certificate_about(certificate, &about) == LT_OK) {
            finding->detail = about.subject;
        }
        tell(judging, finding, item->proven ? EVIDENCE_PROVEN : EVIDENCE_UNPROVEN,
             item->proven ? NULL : "no-checkpoint");
    }
}

static void judge_key(struct judging *judging, const struct evidence_item *item,
                      const struct public_key *key)
{
    char hex[65];
    const struct lt_digest *id = public_key_id(key);
    struct evidence_finding finding = {.check = EVIDENCE_KEY, .transfer = &item->transfer->id};
    hex_write(hex, id->bytes, sizeof(id->bytes));
    finding.detail = hex;
    if (!item->found) {
        tell(judging, &finding, EVIDENCE_UNPROVEN, "no-receipt");
        return;
    }
    enum lt_status status = listed(judging->trust, id, &item->accepted.accepted);
    if (status == LT_FROM_FOREIGN) {
        tell(judging, &finding, EVIDENCE_WRONG, "key-of-another");
    } else if (status != LT_OK && status != LT_NOT_FOUND) {
        tell_status(judging, &finding, status);
    } else if (status == LT_OK) {
        tell(judging, &finding, item->proven ? EVIDENCE_PROVEN : EVIDENCE_UNPROVEN,
             item->proven ? NULL : "no-checkpoint");
    } else if (item->transfer->certificate.size > 0) {
        judge_certificate(judging, item, key, &finding);
    } else {
        bool nobody = judging->trust->keys_count == 0;
        tell(judging, &finding, EVIDENCE_UNPROVEN, nobody ? "no-trust" : "key-not-listed");
    }
}

/* ---- time ---- */

static void judge_time(struct judging *judging, const struct evidence_item *item)
{
    const struct good_stamp *first = NULL;
    int64_t accepted_ms = item->accepted.accepted.time_ms;
    bool late = false;
    struct evidence_finding finding = {.check = EVIDENCE_TIME, .transfer = &item->transfer->id};
    for (uint32_t i = 0; i < judging->stamps_count; i++) {
        const struct good_stamp *stamp = &judging->stamps[i];
        bool covers = stamp->size > item->index;
        if (covers && (first == NULL || stamp->stamp.time_ms < first->stamp.time_ms)) {
            first = stamp;
        }
        late = late || (!covers && stamp->stamp.time_ms > accepted_ms + CLOCKS_APART_MS);
    }
    if (!item->proven || first == NULL) {
        tell(judging, &finding, EVIDENCE_UNPROVEN, "no-timestamp");
        return;
    }
    finding.stamp = &first->stamp;
    finding.number = first->size;
    finding.detail = first->stamp.authority;
    if (first->stamp.time_ms + first->stamp.accuracy_ms + CLOCKS_APART_MS < accepted_ms) {
        tell(judging, &finding, EVIDENCE_WRONG, "stamped-before");
    } else if (late) {
        tell(judging, &finding, EVIDENCE_UNPROVEN, "logged-late");
    } else {
        tell(judging, &finding, EVIDENCE_PROVEN, NULL);
    }
}

static void judge_transfer(struct judging *judging, struct evidence_item *item)
{
    judge_receipts(judging, item);
    judge_parcel(judging, item);
    struct public_key *key = judge_seal(judging, item);
    if (key != NULL) {
        judge_key(judging, item, key);
    }
    public_key_close(&key);
    judge_time(judging, item);
}

/* The archive's own authorities count below those that are believed, and its lists where the
 * reader has none: both are signed by them. */
static void lend(struct judging *judging)
{
    const struct evidence *evidence = judging->evidence;
    struct evidence_trust *trust = judging->trust;
    struct fault fault;
    struct evidence_finding finding = {.check = EVIDENCE_FILES, .file = "authorities/"};
    struct lt_bytes lists = trust->own_lists ? (struct lt_bytes){0} : evidence->crls;
    fault_init(&fault);
    if (trust->certificates != NULL && !trust->lent &&
        trust_lend(trust->certificates, evidence->chain, lists, &fault) != LT_OK) {
        finding.detail = fault.detail;
        tell(judging, &finding, EVIDENCE_WRONG, "not-read");
    }
    trust->lent = true;
}

static void judge_all(struct judging *judging)
{
    const struct evidence *evidence = judging->evidence;
    lend(judging);
    judge_checkpoint(judging);
    for (uint32_t i = 0; i < evidence->stamps_count; i++) {
        judge_stamp(judging, &evidence->stamps[i]);
    }
    for (uint32_t i = 0; i < evidence->transfers_count; i++) {
        judging->view->items[i].transfer = &evidence->transfers[i];
        judge_transfer(judging, &judging->view->items[i]);
    }
    evidence_order(judging->view, judging->report);
}

enum lt_status evidence_judge(struct lt_bytes tar, struct evidence_trust *trust,
                              struct arena *arena, struct evidence_report *report,
                              const struct evidence_view **ret_view, struct fault *fault)
{
    struct evidence *evidence = arena_alloc(arena, sizeof(*evidence));
    struct judging *judging = arena_zalloc(arena, sizeof(*judging));
    struct evidence_view *view = arena_zalloc(arena, sizeof(*view));
    bool read = false;
    if (evidence == NULL || judging == NULL || view == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "evidence", "no memory");
    }
    view->evidence = evidence;
    *judging = (struct judging){
        .evidence = evidence, .view = view, .trust = trust, .arena = arena, .report = report};
    enum lt_status status = digester_open(&judging->digester);
    if (status == LT_OK) {
        status = sign_checker_open(&judging->checker);
    }
    if (status == LT_OK) {
        status = evidence_read(tar, judging->digester, arena, report, evidence, &read, fault);
    }
    if (status == LT_OK && read) {
        view->items = arena_zalloc(arena, (evidence->transfers_count + 1) * sizeof(*view->items));
        status =
            view->items == NULL ? fault_set(fault, LT_NO_MEMORY, "evidence", "no memory") : LT_OK;
    }
    if (status == LT_OK && read) {
        judge_all(judging);
    }
    if (status == LT_OK && ret_view != NULL) {
        *ret_view = read ? view : NULL;
    }
    sign_checker_close(&judging->checker);
    digester_close(&judging->digester);
    return status;
}
