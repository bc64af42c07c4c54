/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BLOB_TALK_H
#define ADAPTERS_SDK_BLOB_TALK_H

#include "blob_row.h"

/* What a job says to the axis and hears from it; used by blob_client.c only. */

/* A fetch that says how far we are and how much more may come; `owed` when it could not be said. */
void blob_talk_window(struct blob_client *client, struct blob_job *job);

/* Begins a job, or begins it again, with an offer or a fetch. */
void blob_talk_begin(struct blob_client *client, struct blob_job *job);

/* Sends one chunk of an upload when window and cap allow; true when it did. */
bool blob_talk_chunk(struct blob_client *client, struct blob_job *job);

/* Takes one frame of the axis. */
void blob_talk_take(struct blob_client *client, struct lt_bytes bytes);

#endif
