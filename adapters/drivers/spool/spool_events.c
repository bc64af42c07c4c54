/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * events/: one file per outcome, numbered without gaps by the feed's cursor, written in order. The
 * reader may delete or keep them; the place in the feed is in events/.cursor, not in the files.
 *
 * The cursor is written after the files, so a crash writes the last ones again, under the same
 * names and with the same content.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/door_json.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "spool.h"

#define CURSOR_BYTES 64
#define PAGE         64

void spool_events_recover(struct spool_agency *agency)
{
    char path[FOLDER_PATH_BYTES];
    uint8_t *text = NULL;
    size_t size = 0;
    if (spool_path(agency, path, "events/.cursor") &&
        file_read(path, CURSOR_BYTES, &text, &size, NULL) == LT_OK) {
        agency->cursor = strtoull((const char *)text, NULL, 10);
        free(text);
    }
}

static enum lt_status event_put(const struct spool_agency *agency, const struct lt_event *event)
{
    char path[FOLDER_PATH_BYTES];
    char *text = door_event_json(event);
    enum lt_status status = LT_NO_MEMORY;
    if (text != NULL && spool_path(agency, path, "events/%012" PRIu64 ".json", event->cursor)) {
        status = folder_put(path, text_bytes(text));
    }
    free(text);
    return status;
}

static enum lt_status cursor_put(const struct spool_agency *agency)
{
    char path[FOLDER_PATH_BYTES];
    char text[CURSOR_BYTES];
    snprintf(text, sizeof(text), "%" PRIu64 "\n", agency->cursor);
    return spool_path(agency, path, "events/.cursor") ? folder_put(path, text_bytes(text)) : LT_IO;
}

void spool_events_poll(struct spool_agency *agency)
{
    struct lt_event *events = malloc(PAGE * sizeof(*events));
    uint64_t start = agency->cursor;
    uint32_t count = events != NULL ? PAGE : 0;
    enum lt_status status = LT_OK;
    while (count == PAGE && status == LT_OK && agency->cursor - start < SPOOL_EVENTS_PER_POLL) {
        count = lt_client_events(agency->tenant.client, agency->cursor, 0, events, PAGE);
        for (uint32_t i = 0; i < count && status == LT_OK; i++) {
            status = event_put(agency, &events[i]);
            agency->cursor = status == LT_OK ? events[i].cursor : agency->cursor;
        }
    }
    if (agency->cursor != start) {
        enum lt_status kept = cursor_put(agency);
        status = status == LT_OK ? kept : status;
    }
    if (status != LT_OK) {
        log_warn("spool-events-failed", "agency=%s cursor=%" PRIu64 " code=%s",
                 agency->tenant.agency, agency->cursor, lt_code(status));
    }
    free(events);
}
