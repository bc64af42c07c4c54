/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_JOURNAL_PRIVATE_H
#define BROKER_JOURNAL_JOURNAL_PRIVATE_H

#include "backend.h"
#include "journal.h"

/* The one thing readers (journal_scan.c) take from a journal: the backend, whose `view` serves any
 * thread. */
const struct journal_backend *journal_backend_of(const struct journal *journal);

#endif
