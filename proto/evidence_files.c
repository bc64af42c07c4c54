/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From evidence to files. The reader uses this too: what it took out of an archive is made into
 * files again and compared, so that no file can say anything that was not read, and none can be
 * there twice or for nothing.
 */
#include "evidence_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/wire.h"

#define INDEX_LINE (64 + 2 + TAR_NAME_MAX + 1)

/* Files as they are added; sticky. */
struct folder {
    struct arena *arena;
    struct tar_entry *entries;
    uint32_t count;
    enum lt_status status;
    struct fault *fault;
};

static void fail(struct folder *folder, enum lt_status status, const char *name, const char *what)
{
    if (folder->status == LT_OK) {
        folder->status = fault_set(folder->fault, status, name, "%s", what);
    }
}

static void add_file(struct folder *folder, const char *name, struct lt_bytes content)
{
    if (folder->status != LT_OK) {
        return;
    }
    if (folder->count >= TAR_ENTRIES_MAX - 2) {
        fail(folder, LT_FULL, name, "too many files");
        return;
    }
    struct tar_entry *entry = &folder->entries[folder->count++];
    memset(entry, 0, sizeof(*entry));
    snprintf(entry->name, sizeof(entry->name), "%s", name);
    entry->content = content;
}

static void add_copy(struct folder *folder, const char *name, struct lt_bytes content)
{
    struct lt_bytes copy = arena_copy(folder->arena, content);
    if (content.size == 0) {
        fail(folder, LT_FIELD_BAD, name, "it has no file form");
    } else if (copy.data == NULL) {
        fail(folder, LT_NO_MEMORY, name, "no memory");
    }
    add_file(folder, name, copy);
}

static void add_pem(struct folder *folder, const char *name, const char *label, struct lt_bytes der)
{
    uint8_t text[PEM_TEXT_MAX];
    if (der.size > 0) {
        add_copy(folder, name, pem_write(text, sizeof(text), label, der));
    }
}

/* transfers/ID/WHAT */
static void name_of(char out[TAR_NAME_MAX + 1], const struct lt_id *id, const char *what)
{
    char text[ID_TEXT_BYTES];
    id_write(text, id);
    snprintf(out, TAR_NAME_MAX + 1, "transfers/%s/%s", text, what);
}

static void add_seal(struct folder *folder, const struct evidence_transfer *transfer)
{
    const struct seal_proof *proof = &transfer->seal;
    char name[TAR_NAME_MAX + 1];
    uint8_t bytes[SEAL_BYTES_MAX];
    uint8_t text[PROOF_TEXT_MAX];
    uint8_t message[SEAL_MESSAGE_BYTES];
    struct place_proof place = {.index = proof->index, .size = proof->seal.batch};
    place.path.count = proof->path_count;
    memcpy(place.path.nodes, proof->path, sizeof(proof->path));
    seal_message(&proof->seal, &proof->root, message);
    name_of(name, &transfer->id, "seal.bin");
    add_copy(folder, name, seal_write(bytes, sizeof(bytes), &proof->seal));
    name_of(name, &transfer->id, "seal.path.txt");
    add_copy(folder, name, place_proof_write(text, &place));
    name_of(name, &transfer->id, "seal.message");
    add_copy(folder, name, (struct lt_bytes){message, sizeof(message)});
    name_of(name, &transfer->id, "seal.sig");
    add_copy(folder, name, (struct lt_bytes){proof->seal.signature, proof->seal.signature_size});
}

static void add_receipt(struct folder *folder, const struct lt_id *id,
                        const struct evidence_receipt *receipt)
{
    char name[TAR_NAME_MAX + 1];
    char file[40];
    uint8_t text[PROOF_TEXT_MAX];
    snprintf(file, sizeof(file), "receipts/%020" PRIu64 ".txt", receipt->position);
    name_of(name, id, file);
    add_copy(folder, name, receipt_proof_write(text, &receipt->proof));
}

static void add_transfer(struct folder *folder, const struct evidence_transfer *transfer)
{
    char name[TAR_NAME_MAX + 1];
    char text[32];
    name_of(name, &transfer->id, "header.bin");
    add_file(folder, name, transfer->header);
    if (transfer->body_left_out) {
        snprintf(text, sizeof(text), "%" PRIu64 "\n", transfer->body_size);
        name_of(name, &transfer->id, "body.left-out");
        add_copy(folder, name, text_bytes(text));
    } else {
        name_of(name, &transfer->id, "body.bin");
        add_file(folder, name, transfer->body);
    }
    if (transfer->sealed) {
        add_seal(folder, transfer);
    }
    name_of(name, &transfer->id, "seal.key.pem");
    add_pem(folder, name, "PUBLIC KEY", transfer->key);
    name_of(name, &transfer->id, "seal.cert.pem");
    add_pem(folder, name, "CERTIFICATE", transfer->certificate);
    for (uint32_t i = 0; i < transfer->receipts_count; i++) {
        add_receipt(folder, &transfer->id, &transfer->receipts[i]);
    }
}

static void add_stamp(struct folder *folder, const struct evidence_stamp *stamp)
{
    char name[TAR_NAME_MAX + 1];
    uint8_t text[PROOF_TEXT_MAX];
    snprintf(name, sizeof(name), "timestamps/%020" PRIu64 ".note", stamp->size);
    add_file(folder, name, stamp->note);
    snprintf(name, sizeof(name), "timestamps/%020" PRIu64 ".tsr", stamp->size);
    add_file(folder, name, stamp->token);
    if (stamp->joined) {
        snprintf(name, sizeof(name), "timestamps/%020" PRIu64 ".consistency.txt", stamp->size);
        add_copy(folder, name, growth_proof_write(text, &stamp->growth));
    }
}

/* The key in force first. */
static void add_keys(struct folder *folder, const struct evidence *evidence)
{
    char text[(NOTE_VKEY_MAX + 1) * (1 + EVIDENCE_BEFORE_MAX)];
    char name[TAR_NAME_MAX + 1];
    int size = snprintf(text, sizeof(text), "%s\n", evidence->vkey);
    if (evidence->vkey[0] == '\0') {
        return;
    }
    for (uint32_t i = 0; i < evidence->before_count; i++) {
        size +=
            snprintf(text + size, sizeof(text) - (size_t)size, "%s\n", evidence->before[i].vkey);
        snprintf(name, sizeof(name), "authorities/axis-before-%" PRIu32 ".pem", i + 1);
        add_pem(folder, name, "PUBLIC KEY", evidence->before[i].key);
    }
    add_copy(folder, "authorities/axis.vkey", text_bytes(text));
    add_pem(folder, "authorities/axis.pem", "PUBLIC KEY", evidence->axis_key);
}

static void add_axis(struct folder *folder, const struct evidence *evidence)
{
    char name[TAR_NAME_MAX + 1];
    add_keys(folder, evidence);
    if (evidence->chain.size > 0) {
        add_file(folder, "authorities/chain.pem", evidence->chain);
    }
    if (evidence->crls.size > 0) {
        add_file(folder, "authorities/crl.pem", evidence->crls);
    }
    if (evidence->checkpoint.size > 0) {
        snprintf(name, sizeof(name), "checkpoints/%020" PRIu64 ".note", evidence->checkpoint_size);
        add_file(folder, name, evidence->checkpoint);
    }
}

enum lt_status evidence_files(const struct evidence *evidence, struct arena *arena,
                              struct tar_entry *entries, uint32_t *ret_count, struct fault *fault)
{
    struct folder folder = {.arena = arena, .entries = entries, .fault = fault, .status = LT_OK};
    add_axis(&folder, evidence);
    for (uint32_t i = 0; i < evidence->stamps_count; i++) {
        add_stamp(&folder, &evidence->stamps[i]);
    }
    for (uint32_t i = 0; i < evidence->transfers_count; i++) {
        add_transfer(&folder, &evidence->transfers[i]);
    }
    if (folder.status == LT_OK) {
        tar_sort(entries, folder.count);
        *ret_count = folder.count;
    }
    return folder.status;
}

struct lt_bytes evidence_index(const struct tar_entry *entries, uint32_t count,
                               struct digester *digester, struct arena *arena)
{
    struct wire_writer w;
    size_t size = (size_t)count * INDEX_LINE + 1;
    void *memory = arena_alloc(arena, size);
    if (memory == NULL) {
        return (struct lt_bytes){0};
    }
    wire_write_init(&w, memory, size);
    for (uint32_t i = 0; i < count; i++) {
        char hex[65];
        struct lt_digest digest = digest_of(digester, entries[i].content);
        hex_write(hex, digest.bytes, sizeof(digest.bytes));
        wire_put_raw(&w, hex, 64);
        wire_put_raw(&w, "  ", 2);
        wire_put_raw(&w, entries[i].name, strlen(entries[i].name));
        wire_put_u8(&w, '\n');
    }
    return wire_written(&w);
}

enum lt_status evidence_write(const struct evidence *evidence, struct digester *digester,
                              struct arena *arena, struct lt_bytes *ret_tar, struct fault *fault)
{
    struct tar_entry *entries = arena_alloc(arena, TAR_ENTRIES_MAX * sizeof(*entries));
    uint32_t count = 0;
    if (entries == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "evidence", "no memory");
    }
    enum lt_status status = evidence_files(evidence, arena, entries, &count, fault);
    if (status != LT_OK) {
        return status;
    }
    struct folder folder = {
        .arena = arena, .entries = entries, .count = count, .fault = fault, .status = LT_OK};
    add_file(&folder, README_FILE, evidence_readme());
    tar_sort(entries, folder.count);
    struct lt_bytes index = evidence_index(entries, folder.count, digester, arena);
    if (index.data == NULL || folder.status != LT_OK) {
        return fault_set(fault, LT_NO_MEMORY, INDEX_FILE, "no memory");
    }
    memset(&entries[folder.count], 0, sizeof(entries[0]));
    snprintf(entries[folder.count].name, sizeof(entries[0].name), "%s", INDEX_FILE);
    entries[folder.count++].content = index;
    tar_sort(entries, folder.count);
    size_t size = tar_size(entries, folder.count);
    uint8_t *out = size == 0 ? NULL : arena_alloc(arena, size);
    if (out == NULL) {
        return fault_set(fault, size == 0 ? LT_FIELD_BAD : LT_NO_MEMORY, "evidence",
                         "no archive of these files");
    }
    tar_write(out, entries, folder.count);
    *ret_tar = (struct lt_bytes){out, size};
    return LT_OK;
}
