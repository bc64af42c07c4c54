/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The feed of outcomes, read by cursor, as often as one likes. Any thread. An unreadable record
 * ends a page early rather than being passed over, and shows in the client's state.
 */
#include "box_events.h"
#include "client_parts.h"

static uint32_t list(struct lt_client *client, uint64_t after, struct lt_event *out, uint32_t count)
{
    struct box_txn txn;
    uint32_t found = 0;
    enum lt_status status = box_read(client->box, &txn);
    if (status == LT_OK) {
        status = events_list(&txn, after, out, count, &found);
        box_read_end(&txn);
    }
    if (status != LT_OK) {
        client_note(client, status, "the events cannot be read");
    }
    return found;
}

uint32_t lt_client_events(struct lt_client *client, uint64_t after, int wait_ms,
                          struct lt_event *out, uint32_t count)
{
    struct client_wait wait;
    uint32_t found = 0;
    if (count == 0) {
        return 0;
    }
    client_wait_start(client, wait_ms, &wait);
    do {
        found = list(client, after, out, count);
    } while (found == 0 && client_wait_more(&wait));
    return found;
}
