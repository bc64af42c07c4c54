/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BOX_BLOBS_H
#define ADAPTERS_SDK_BOX_BLOBS_H

#include "box.h"

/*
 * Who needs which attachment, and which the axis has. Attachments themselves are files
 * (blob_folder.h). For jobs and readers.
 */
enum blob_user { BLOB_USER_OUTBOX = 'o', BLOB_USER_INBOX = 'i' };

void box_blob_need(struct box_txn *txn, const struct lt_digest *sha256, enum blob_user user,
                   uint64_t number);
void box_blob_unneed(struct box_txn *txn, const struct lt_digest *sha256, enum blob_user user,
                     uint64_t number);
bool box_blob_needed(struct box_txn *txn, const struct lt_digest *sha256);

void box_blob_uploaded(struct box_txn *txn, const struct lt_digest *sha256);
void box_blob_missing(struct box_txn *txn, const struct lt_digest *sha256);
bool box_blob_is_uploaded(struct box_txn *txn, const struct lt_digest *sha256);

#endif
