/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Seals are made at send and never kept: what waits in the outbox for a week while the line is down
 * is sealed with the key of the day it leaves, and a transfer sent again after a rotation is the
 * same transfer under another seal.
 *
 * How it fails: a key that cannot be opened at start keeps the client from starting, because
 * whatever it sent would be refused. Later a file that is gone or does not read is logged and the
 * key at hand goes on; a signature that cannot be made leaves the frame unsent, and it is tried
 * again.
 */
#include "sealer.h"

#include <string.h>
#include <sys/stat.h>

#include "proto/base/log.h"
#include "proto/base/text.h"

#define LOOK_MS 5000

static bool same_file(const struct sealer *sealer, const struct stat *file)
{
    return sealer->inode == (uint64_t)file->st_ino &&
           sealer->changed.tv_sec == file->st_mtim.tv_sec &&
           sealer->changed.tv_nsec == file->st_mtim.tv_nsec;
}

static enum lt_status key_read(struct sealer *sealer, struct fault *fault)
{
    struct stat file;
    struct signer signer;
    if (stat(sealer->path, &file) != 0) {
        return fault_set(fault, LT_NOT_FOUND, sealer->path, "no such file");
    }
    if (sealer->signer.sign != NULL && same_file(sealer, &file)) {
        return LT_OK;
    }
    enum lt_status status = signer_open_file(sealer->path, &signer, fault);
    if (status != LT_OK) {
        return status;
    }
    char hex[2 * sizeof(struct lt_digest) + 1];
    hex_write(hex, public_key_id(signer.public_key)->bytes, sizeof(struct lt_digest));
    log_info("signing-key", "file=%s key=%s", sealer->path, hex);
    signer_close(&sealer->signer);
    sealer->signer = signer;
    sealer->inode = (uint64_t)file.st_ino;
    sealer->changed = file.st_mtim;
    return LT_OK;
}

enum lt_status sealer_open(struct sealer *sealer, const char *path, struct fault *fault)
{
    memset(sealer, 0, sizeof(*sealer));
    if (path == NULL || path[0] == '\0') {
        return LT_OK;
    }
    if (strlen(path) >= sizeof(sealer->path)) {
        return fault_set(fault, LT_CONFIG_BAD, "signing_key", "too long");
    }
    text_copy(sealer->path, sizeof(sealer->path), text_bytes(path));
    enum lt_status status = key_read(sealer, fault);
    if (status != LT_OK) {
        sealer->path[0] = '\0';
    }
    return status;
}

void sealer_close(struct sealer *sealer)
{
    signer_close(&sealer->signer);
    sealer->path[0] = '\0';
}

bool sealer_seals(const struct sealer *sealer)
{
    return sealer->path[0] != '\0';
}

static void look_again(struct sealer *sealer, int64_t mono_ms)
{
    struct fault fault;
    if (mono_ms < sealer->look_ms) {
        return;
    }
    sealer->look_ms = mono_ms + LOOK_MS;
    fault_init(&fault);
    enum lt_status status = key_read(sealer, &fault);
    if (status != LT_OK) {
        log_warn("signing-key-unread", "code=%s field=%s detail=%s", lt_code(status), fault.field,
                 fault.detail);
    }
}

enum lt_status sealer_seal(struct sealer *sealer, int64_t mono_ms, struct digester *digester,
                           const struct parcel *parcels, uint32_t count, struct seal *ret_seal)
{
    struct lt_digest leaves[SEAL_BATCH_MAX];
    look_again(sealer, mono_ms);
    for (uint32_t i = 0; i < count; i++) {
        leaves[i] = seal_leaf(digester, &parcels[i]);
    }
    return seal_make(&sealer->signer, digester, leaves, count, ret_seal);
}
