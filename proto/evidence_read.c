/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From an archive to evidence. Three things are looked at: whether it is an archive of the one
 * encoding, whether its index names every file with the digest it has, and whether every file is
 * one of evidence: read, made again, and the same. So an extra file, a file that is missing, one
 * that stands twice and one that says another thing than its neighbours each have their finding.
 *
 * Anything may be in an archive; all counts are bounded, and memory is the caller's arena.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "evidence_private.h"

#define TRANSFERS    "transfers/"
#define TRANSFER_LEN (sizeof(TRANSFERS) - 1 + ID_TEXT_BYTES - 1 + 1) /* with the slash behind */
#define DIGITS       20

struct reading {
    struct arena *arena;
    struct digester *digester;
    struct evidence_report *report;
    struct evidence *evidence;
    struct tar_entry *entries;
    uint32_t count;
    uint32_t max; /* places in entries */
    bool *told;   /* of an entry: its finding is told already */
    bool no_memory;
};

/* What a file's place in a transfer was seen to hold. */
struct transfer_seen {
    bool seal;
    bool place;
    bool message;
    struct place_proof path;
};

static void tell(struct reading *reading, enum evidence_check check, const char *file,
                 const char *why)
{
    struct evidence_finding finding = {.check = check,
                                       .result = why == NULL ? EVIDENCE_PROVEN : EVIDENCE_WRONG,
                                       .why = why,
                                       .file = file};
    evidence_tell(reading->report, &finding);
}

/* ---- the index ---- */

static bool plain_file(const struct tar_entry *entry)
{
    return strcmp(entry->name, INDEX_FILE) != 0;
}

/* The next line of the index: false at a line that is none. */
static bool index_line(struct lt_bytes *rest, struct lt_digest *ret_digest,
                       char name[TAR_NAME_MAX + 1])
{
    char hex[65];
    const uint8_t *end = memchr(rest->data, '\n', rest->size);
    size_t size = end == NULL ? 0 : (size_t)(end - rest->data);
    if (size < 67 || size > 66 + TAR_NAME_MAX || memcmp(rest->data + 64, "  ", 2) != 0) {
        return false;
    }
    memcpy(hex, rest->data, 64);
    hex[64] = '\0';
    for (size_t i = 0; i < 64; i++) {
        if (hex[i] >= 'A' && hex[i] <= 'F') {
            return false;
        }
    }
    memcpy(name, rest->data + 66, size - 66);
    name[size - 66] = '\0';
    rest->data += size + 1;
    rest->size -= size + 1;
    return hex_read(ret_digest->bytes, sizeof(ret_digest->bytes), hex) && tar_name_valid(name);
}

/* Files up to (not with) `name` are not listed. */
static void pass_unlisted(struct reading *reading, uint32_t *at, const char *name)
{
    while (*at < reading->count &&
           (!plain_file(&reading->entries[*at]) || strcmp(reading->entries[*at].name, name) < 0)) {
        if (plain_file(&reading->entries[*at])) {
            tell(reading, EVIDENCE_INDEX, reading->entries[*at].name, "not-listed");
        }
        (*at)++;
    }
}

static void check_lines(struct reading *reading, struct lt_bytes rest)
{
    char name[TAR_NAME_MAX + 1];
    char before[TAR_NAME_MAX + 1] = "";
    struct lt_digest listed;
    uint32_t at = 0;
    while (rest.size > 0) {
        if (!index_line(&rest, &listed, name)) {
            tell(reading, EVIDENCE_INDEX, INDEX_FILE, "not-read");
            return;
        }
        if (strcmp(before, name) >= 0) {
            tell(reading, EVIDENCE_INDEX, name, "listed-twice");
            continue;
        }
        memcpy(before, name, sizeof(before));
        pass_unlisted(reading, &at, name);
        if (at == reading->count || strcmp(reading->entries[at].name, name) != 0) {
            tell(reading, EVIDENCE_INDEX, name, "missing");
            continue;
        }
        struct lt_digest digest = digest_of(reading->digester, reading->entries[at].content);
        if (!digest_equal(&digest, &listed)) {
            tell(reading, EVIDENCE_INDEX, name, "digest");
        }
        at++;
    }
    pass_unlisted(reading, &at, "\x7F");
}

static void check_index(struct reading *reading)
{
    uint32_t before = reading->report->counts[EVIDENCE_WRONG];
    for (uint32_t i = 0; i < reading->count; i++) {
        if (!plain_file(&reading->entries[i])) {
            check_lines(reading, reading->entries[i].content);
            if (reading->report->counts[EVIDENCE_WRONG] == before) {
                tell(reading, EVIDENCE_INDEX, NULL, NULL);
            }
            return;
        }
    }
    tell(reading, EVIDENCE_INDEX, INDEX_FILE, "missing");
}

/* ---- one file ---- */

static struct lt_bytes keep(struct reading *reading, struct lt_bytes bytes)
{
    struct lt_bytes copy = arena_copy(reading->arena, bytes);
    reading->no_memory = reading->no_memory || copy.data == NULL;
    return copy;
}

static bool take_pem(struct reading *reading, struct lt_bytes text, const char *label,
                     struct lt_bytes *ret_der)
{
    uint8_t der[CERTIFICATE_BYTES_MAX];
    size_t size = 0;
    if (!pem_read(text, label, der, sizeof(der), &size)) {
        return false;
    }
    *ret_der = keep(reading, (struct lt_bytes){der, size});
    return true;
}

/* Decimal digits of exactly that many places, with `tail` behind them. */
static bool take_number(const char *text, const char *tail, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (strlen(text) != DIGITS + strlen(tail) || strcmp(text + DIGITS, tail) != 0) {
        return false;
    }
    for (size_t i = 0; i < DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9' || number > (UINT64_MAX - 9) / 10) {
            return false;
        }
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    *ret_number = number;
    return true;
}

/* One line: a key of the axis, the one in force first. */
static bool take_key_line(struct reading *reading, struct lt_bytes text)
{
    struct evidence *evidence = reading->evidence;
    struct public_key *key = NULL;
    char name[NOTE_NAME_MAX + 1];
    char line[NOTE_VKEY_MAX];
    bool first = evidence->vkey[0] == '\0';
    if (text.size == 0 || text.size >= sizeof(line) ||
        (!first && evidence->before_count == EVIDENCE_BEFORE_MAX)) {
        return false;
    }
    memcpy(line, text.data, text.size);
    line[text.size] = '\0';
    if (strlen(line) != text.size || note_vkey_open(line, reading->digester, name, &key) != LT_OK) {
        return false;
    }
    struct lt_bytes spki = keep(reading, public_key_spki(key));
    public_key_close(&key);
    if (first) {
        memcpy(evidence->vkey, line, text.size + 1);
        evidence->axis_key = spki;
    } else {
        struct evidence_key *before = &evidence->before[evidence->before_count++];
        memcpy(before->vkey, line, text.size + 1);
        before->key = spki;
    }
    return true;
}

static bool take_vkey(struct reading *reading, struct lt_bytes text)
{
    if (text.size == 0 || text.data[text.size - 1] != '\n') {
        return false;
    }
    while (text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = (size_t)(end - text.data);
        if (!take_key_line(reading, (struct lt_bytes){text.data, size})) {
            return false;
        }
        text.data += size + 1;
        text.size -= size + 1;
    }
    return true;
}

static bool take_authority(struct reading *reading, const char *name, struct lt_bytes content)
{
    if (strcmp(name, "axis.vkey") == 0) {
        return take_vkey(reading, content);
    }
    if (strcmp(name, "chain.pem") == 0) {
        reading->evidence->chain = content;
    } else if (strcmp(name, "crl.pem") == 0) {
        reading->evidence->crls = content;
    }
    return true; /* what it is otherwise is told when files are made again */
}

static bool take_checkpoint(struct reading *reading, const char *name, struct lt_bytes content)
{
    uint64_t size;
    if (!take_number(name, ".note", &size)) {
        return true;
    }
    reading->evidence->checkpoint_size = size;
    reading->evidence->checkpoint = content;
    return content.size > 0;
}

static struct evidence_stamp *stamp_of(struct evidence *evidence, uint64_t size)
{
    struct evidence_stamp *last = &evidence->stamps[evidence->stamps_count];
    if (evidence->stamps_count > 0 && last[-1].size == size) {
        return &last[-1];
    }
    if (evidence->stamps_count == EVIDENCE_STAMPS_MAX) {
        return NULL;
    }
    evidence->stamps_count++;
    *last = (struct evidence_stamp){.size = size};
    return last;
}

static bool take_stamp(struct reading *reading, const char *name, struct lt_bytes content)
{
    uint64_t size;
    bool note = take_number(name, ".note", &size);
    bool token = !note && take_number(name, ".tsr", &size);
    bool growth = !note && !token && take_number(name, ".consistency.txt", &size);
    if (!note && !token && !growth) {
        return true;
    }
    struct evidence_stamp *stamp = stamp_of(reading->evidence, size);
    if (stamp == NULL) {
        return false;
    }
    if (growth) {
        stamp->joined = growth_proof_read(content, &stamp->growth);
        return stamp->joined;
    }
    *(note ? &stamp->note : &stamp->token) = content;
    return content.size > 0;
}

/* ---- a transfer's files ---- */

static bool take_message(struct evidence_transfer *transfer, struct lt_bytes content)
{
    struct lt_digest *root = &transfer->seal.root;
    if (content.size != SEAL_MESSAGE_BYTES) {
        return false;
    }
    memcpy(root->bytes, content.data + content.size - sizeof(root->bytes), sizeof(root->bytes));
    return true;
}

static bool take_left_out(struct evidence_transfer *transfer, struct lt_bytes content)
{
    char text[32];
    char again[32];
    text_copy(text, sizeof(text), content);
    transfer->body_size = strtoull(text, NULL, 10);
    transfer->body_left_out = true;
    snprintf(again, sizeof(again), "%llu\n", (unsigned long long)transfer->body_size);
    return transfer->body_size <= LT_BODY_INLINE_MAX && bytes_equal(content, text_bytes(again));
}

static bool take_receipt(struct reading *reading, struct evidence_transfer *transfer,
                         const char *name, struct lt_bytes content)
{
    struct evidence_receipt *receipt = &transfer->receipts[transfer->receipts_count];
    if (transfer->receipts_count == EVIDENCE_RECEIPTS_MAX ||
        !take_number(name, ".txt", &receipt->position) ||
        !receipt_proof_read(content, reading->arena, &receipt->proof)) {
        return false;
    }
    transfer->receipts_count++;
    return true;
}

static bool take_part(struct reading *reading, struct evidence_transfer *transfer,
                      struct transfer_seen *seen, const char *name, struct lt_bytes content)
{
    if (strcmp(name, "header.bin") == 0) {
        transfer->header = content;
    } else if (strcmp(name, "body.bin") == 0) {
        transfer->body = content;
    } else if (strcmp(name, "body.left-out") == 0) {
        return take_left_out(transfer, content);
    } else if (strcmp(name, "seal.bin") == 0) {
        seen->seal = seal_read(content, &transfer->seal.seal);
        return seen->seal;
    } else if (strcmp(name, "seal.path.txt") == 0) {
        seen->place = place_proof_read(content, &seen->path);
        return seen->place;
    } else if (strcmp(name, "seal.message") == 0) {
        seen->message = take_message(transfer, content);
        return seen->message;
    } else if (strcmp(name, "seal.key.pem") == 0) {
        return take_pem(reading, content, "PUBLIC KEY", &transfer->key);
    } else if (strcmp(name, "seal.cert.pem") == 0) {
        return take_pem(reading, content, "CERTIFICATE", &transfer->certificate);
    } else if (strncmp(name, "receipts/", 9) == 0) {
        return take_receipt(reading, transfer, name + 9, content);
    }
    return true;
}

static void join_seal(struct evidence_transfer *transfer, const struct transfer_seen *seen)
{
    struct seal_proof *proof = &transfer->seal;
    proof->index = (uint32_t)seen->path.index;
    proof->path_count = seen->path.path.count;
    memcpy(proof->path, seen->path.path.nodes, proof->path_count * sizeof(proof->path[0]));
    transfer->sealed = true;
}

/* The seal is there when all its parts are, and agree about the batch; what is told of the parts is
 * told here. */
static void check_seal(struct reading *reading, struct evidence_transfer *transfer,
                       const struct transfer_seen *seen, uint32_t first, uint32_t files)
{
    bool whole = seen->seal && seen->place && seen->message;
    if (whole && seen->path.size == transfer->seal.seal.batch &&
        seen->path.path.count <= SEAL_PATH_MAX) {
        join_seal(transfer, seen);
        return;
    }
    for (uint32_t i = first; i < first + files; i++) {
        const char *name = reading->entries[i].name;
        const char *part = name + TRANSFER_LEN;
        bool of_seal = strcmp(part, "seal.bin") == 0 || strcmp(part, "seal.path.txt") == 0 ||
                       strcmp(part, "seal.message") == 0 || strcmp(part, "seal.sig") == 0;
        if (of_seal && !reading->told[i]) {
            tell(reading, EVIDENCE_FILES, name, whole ? "differs" : "alone");
            reading->told[i] = true;
        }
    }
}

/* All files under one transfer's folder, from `first` on; how many. */
static uint32_t folder_files(const struct reading *reading, uint32_t first)
{
    uint32_t count = 1;
    while (first + count < reading->count &&
           strncmp(reading->entries[first].name, reading->entries[first + count].name,
                   TRANSFER_LEN) == 0) {
        count++;
    }
    return count;
}

static bool folder_id(const char *name, struct lt_id *ret_id)
{
    char text[ID_TEXT_BYTES];
    char again[ID_TEXT_BYTES];
    if (strlen(name) <= TRANSFER_LEN || name[TRANSFER_LEN - 1] != '/') {
        return false;
    }
    memcpy(text, name + sizeof(TRANSFERS) - 1, ID_TEXT_BYTES - 1);
    text[ID_TEXT_BYTES - 1] = '\0';
    if (!id_read(ret_id, text)) {
        return false;
    }
    id_write(again, ret_id);
    return strcmp(text, again) == 0;
}

/* One transfer out of the files from `first` on; the next one's first. */
static uint32_t take_transfer(struct reading *reading, uint32_t first)
{
    struct evidence *evidence = reading->evidence;
    struct evidence_transfer *transfer = &evidence->transfers[evidence->transfers_count];
    struct transfer_seen seen = {.seal = false};
    uint32_t files = folder_files(reading, first);
    uint32_t places = files < EVIDENCE_RECEIPTS_MAX ? files : EVIDENCE_RECEIPTS_MAX;
    memset(transfer, 0, sizeof(*transfer));
    transfer->receipts =
        arena_alloc(reading->arena, (places + 1) * sizeof(struct evidence_receipt));
    if (transfer->receipts == NULL || evidence->transfers_count == EVIDENCE_TRANSFERS_MAX ||
        !folder_id(reading->entries[first].name, &transfer->id)) {
        reading->no_memory = reading->no_memory || transfer->receipts == NULL;
        return first + files;
    }
    evidence->transfers_count++;
    for (uint32_t i = first; i < first + files; i++) {
        const struct tar_entry *entry = &reading->entries[i];
        if (!take_part(reading, transfer, &seen, entry->name + TRANSFER_LEN, entry->content)) {
            tell(reading, EVIDENCE_FILES, entry->name, "not-read");
            reading->told[i] = true;
        }
    }
    check_seal(reading, transfer, &seen, first, files);
    return first + files;
}

/* ---- all of it ---- */

static bool under(const char *name, const char *folder, const char **ret_rest)
{
    size_t size = strlen(folder);
    *ret_rest = name + size;
    return strncmp(name, folder, size) == 0;
}

static void take_files(struct reading *reading)
{
    for (uint32_t i = 0; i < reading->count && !reading->no_memory;) {
        const struct tar_entry *entry = &reading->entries[i];
        const char *rest;
        bool read = true;
        if (under(entry->name, TRANSFERS, &rest)) {
            i = take_transfer(reading, i);
            continue;
        }
        if (under(entry->name, "authorities/", &rest)) {
            read = take_authority(reading, rest, entry->content);
        } else if (under(entry->name, "checkpoints/", &rest)) {
            read = take_checkpoint(reading, rest, entry->content);
        } else if (under(entry->name, "timestamps/", &rest)) {
            read = take_stamp(reading, rest, entry->content);
        }
        if (!read) {
            tell(reading, EVIDENCE_FILES, entry->name, "not-read");
            reading->told[i] = true;
        }
        i++;
    }
}

static bool made_here(const struct tar_entry *entry)
{
    return strcmp(entry->name, INDEX_FILE) != 0 && strcmp(entry->name, README_FILE) != 0;
}

/* What was read, made into files again, is what was there. */
static void compare(struct reading *reading, const struct tar_entry *made, uint32_t count)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < reading->count; i++) {
        const struct tar_entry *entry = &reading->entries[i];
        while (at < count && strcmp(made[at].name, entry->name) < 0) {
            tell(reading, EVIDENCE_FILES, made[at++].name, "missing");
        }
        bool found = at < count && strcmp(made[at].name, entry->name) == 0;
        const char *why = found ? "differs" : "extra";
        if (found && bytes_equal(made[at].content, entry->content)) {
            why = NULL;
        }
        if (why != NULL && made_here(entry) && !reading->told[i]) {
            tell(reading, EVIDENCE_FILES, entry->name, why);
        }
        at += found;
    }
    while (at < count) {
        tell(reading, EVIDENCE_FILES, made[at++].name, "missing");
    }
}

static enum lt_status check_files(struct reading *reading, struct fault *fault)
{
    uint32_t before = reading->report->counts[EVIDENCE_WRONG];
    uint32_t count = 0;
    struct tar_entry *made = arena_alloc(reading->arena, TAR_ENTRIES_MAX * sizeof(*made));
    take_files(reading);
    if (made == NULL || reading->no_memory) {
        return fault_set(fault, LT_NO_MEMORY, "evidence", "no memory");
    }
    enum lt_status status = evidence_files(reading->evidence, reading->arena, made, &count, fault);
    if (status == LT_NO_MEMORY) {
        return status;
    }
    if (status != LT_OK) {
        tell(reading, EVIDENCE_FILES, NULL, "not-read");
        return LT_OK;
    }
    compare(reading, made, count);
    if (reading->report->counts[EVIDENCE_WRONG] == before) {
        tell(reading, EVIDENCE_FILES, NULL, NULL);
    }
    return LT_OK;
}

enum lt_status evidence_read(struct lt_bytes tar, struct digester *digester, struct arena *arena,
                             struct evidence_report *report, struct evidence *ret_evidence,
                             bool *ret_read, struct fault *fault)
{
    struct fault why;
    struct reading reading = {
        .arena = arena, .digester = digester, .report = report, .evidence = ret_evidence};
    fault_init(&why);
    memset(ret_evidence, 0, sizeof(*ret_evidence));
    reading.max = (uint32_t)(tar.size / TAR_BLOCK < TAR_ENTRIES_MAX ? tar.size / TAR_BLOCK + 1
                                                                    : TAR_ENTRIES_MAX);
    reading.entries = arena_alloc(arena, reading.max * sizeof(*reading.entries));
    reading.told = arena_zalloc(arena, reading.max * sizeof(*reading.told));
    ret_evidence->transfers =
        arena_alloc(arena, (EVIDENCE_TRANSFERS_MAX + 1) * sizeof(struct evidence_transfer));
    if (reading.entries == NULL || reading.told == NULL || ret_evidence->transfers == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "evidence", "no memory");
    }
    *ret_read = tar_read(tar, reading.entries, reading.max, &reading.count, &why) == LT_OK;
    struct evidence_finding finding = {.check = EVIDENCE_ARCHIVE,
                                       .result = *ret_read ? EVIDENCE_PROVEN : EVIDENCE_WRONG,
                                       .why = *ret_read ? "" : "not-read",
                                       .detail = why.detail,
                                       .file = *ret_read ? NULL : why.field};
    evidence_tell(report, &finding);
    if (!*ret_read) {
        return LT_OK;
    }
    check_index(&reading);
    return check_files(&reading, fault);
}
