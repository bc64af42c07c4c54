/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A request for a new certificate, over the session that stands: asked until it is answered for
 * good, again in every session and every ASK_MS, because whoever decides is a person. The axis
 * keeps such requests in memory and knows by the next question what it has forgotten. Making the
 * request and keeping the certificate is the host's; nothing of this is durable here.
 */
#include <stdlib.h>
#include <string.h>

#include "client_parts.h"
#include "proto/base/text.h"

#define ASK_MS  10000
#define BUSY_MS 5000

struct enrol_call {
    bool open; /* not answered for good */
    int64_t ask_ms;
    uint32_t lives; /* of the session it was asked in */
    size_t size;
    uint8_t request[ENROL_REQUEST_BYTES_MAX];
    struct client_enrol_end end;
};

enum lt_status client_enrol(struct lt_client *client, struct lt_bytes request)
{
    struct enrol_call *call = client->enrol != NULL ? client->enrol : calloc(1, sizeof(*call));
    if (call == NULL) {
        return LT_NO_MEMORY;
    }
    client->enrol = call;
    *call = (struct enrol_call){.open = true, .size = request.size};
    memcpy(call->request, request.data, request.size);
    return LT_OK;
}

void enrol_close(struct lt_client *client)
{
    free(client->enrol);
    client->enrol = NULL;
}

const struct client_enrol_end *client_enrolled(const struct lt_client *client)
{
    const struct enrol_call *call = client->enrol;
    return call == NULL || call->open ? NULL : &call->end;
}

void enrol_answer(struct lt_client *client, const struct enrol_answer *answer)
{
    struct enrol_call *call = client->enrol;
    bool later = answer->state == ENROL_WAITS || answer->code == LT_BUSY;
    if (call == NULL || !call->open) {
        return;
    }
    if (later) {
        int64_t wait_ms = answer->code == LT_BUSY ? BUSY_MS : ASK_MS;
        call->ask_ms = client_mono_ms(client) +
                       (answer->retry_after_ms > wait_ms ? answer->retry_after_ms : wait_ms);
        return;
    }
    struct client_enrol_end *end = &call->end;
    enum lt_status code = answer->code == 0 ? LT_FRAME_BAD : (enum lt_status)answer->code;
    end->status = answer->state == ENROL_APPROVED ? LT_OK : code;
    text_copy(end->detail, sizeof(end->detail), answer->detail);
    if (answer->certificate.size > 0 && answer->certificate.size <= sizeof(end->certificate)) {
        memcpy(end->certificate, answer->certificate.data, answer->certificate.size);
        end->size = answer->certificate.size;
    }
    call->open = false;
}

void enrol_step(struct lt_client *client)
{
    struct enrol_call *call = client->enrol;
    int64_t now_ms = client_mono_ms(client);
    if (call == NULL || !call->open || !client->session.open) {
        return;
    }
    if (call->lives == client->session.lives + 1 && now_ms < call->ask_ms) {
        return;
    }
    struct frame frame = {.kind = FRAME_ENROL_ASK, .enrol_ask = {call->request, call->size}};
    if (session_send(&client->session, &client->arena, &frame) == LT_OK) {
        call->lives = client->session.lives + 1;
        call->ask_ms = now_ms + ASK_MS;
    }
    arena_reset(&client->arena);
}
