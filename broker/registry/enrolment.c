/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A small table of requests, looked through from end to end: five hundred entries, some agencies
 * a day, a person at the other side. Full tables push back; what is decided makes room for what
 * waits, and nothing that waits makes room for anything but time.
 */
#include "enrolment.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/digest.h"

struct enrolments {
    int64_t keep_ms;
    struct enrolment *slots[ENROLMENTS_MAX];
    uint32_t count;
};

enum lt_status enrolments_open(struct enrolments **ret_enrolments)
{
    struct enrolments *enrolments = calloc(1, sizeof(*enrolments));
    if (enrolments == NULL) {
        return LT_NO_MEMORY;
    }
    *ret_enrolments = enrolments;
    return LT_OK;
}

void enrolments_close(struct enrolments **enrolments_p)
{
    struct enrolments *enrolments = *enrolments_p;
    if (enrolments == NULL) {
        return;
    }
    for (uint32_t i = 0; i < enrolments->count; i++) {
        free(enrolments->slots[i]);
    }
    free(enrolments);
    *enrolments_p = NULL;
}

void enrolments_keep(struct enrolments *enrolments, int64_t keep_ms)
{
    enrolments->keep_ms = keep_ms;
}

struct enrolment *enrolments_find(struct enrolments *enrolments, const struct lt_digest *request)
{
    for (uint32_t i = 0; i < enrolments->count; i++) {
        struct enrolment *slot = enrolments->slots[i];
        assert(slot != NULL);
        if (digest_equal(&slot->request.digest, request)) {
            return slot;
        }
    }
    return NULL;
}

struct enrolment *enrolments_at(struct enrolments *enrolments, uint32_t index)
{
    return index < enrolments->count ? enrolments->slots[index] : NULL;
}

enum lt_status enrolments_by_code(struct enrolments *enrolments, const char code[ENROL_CODE_BYTES],
                                  struct enrolment **ret_enrolment, struct fault *fault)
{
    struct enrolment *found = NULL;
    for (uint32_t i = 0; i < enrolments->count; i++) {
        struct enrolment *slot = enrolments->slots[i];
        if (strcmp(slot->request.code, code) == 0) {
            if (found != NULL) {
                return fault_set(fault, LT_ENROL_CODE_TWICE, "code", "%s: %s and %s", code,
                                 found->request.agency, slot->request.agency);
            }
            found = slot;
        }
    }
    if (found == NULL) {
        return fault_set(fault, LT_NOT_FOUND, "code", "%s", code);
    }
    *ret_enrolment = found;
    return LT_OK;
}

static void drop(struct enrolments *enrolments, uint32_t index)
{
    free(enrolments->slots[index]);
    enrolments->count--;
    memmove(&enrolments->slots[index], &enrolments->slots[index + 1],
            (enrolments->count - index) * sizeof(enrolments->slots[0]));
}

void enrolments_sweep(struct enrolments *enrolments, int64_t now_ms)
{
    for (uint32_t i = enrolments->count; i-- > 0;) {
        if (enrolments->slots[i]->until_ms <= now_ms) {
            drop(enrolments, i);
        }
    }
}

/* A free slot, or that of the one decided first. */
static bool make_room(struct enrolments *enrolments)
{
    for (uint32_t i = 0; enrolments->count == ENROLMENTS_MAX && i < enrolments->count; i++) {
        if (enrolments->slots[i]->state != ENROL_WAITS) {
            drop(enrolments, i);
        }
    }
    return enrolments->count < ENROLMENTS_MAX;
}

static bool strangers_have_room(const struct enrolments *enrolments, const char *address)
{
    uint32_t waiting = 0;
    uint32_t of_address = 0;
    for (uint32_t i = 0; i < enrolments->count; i++) {
        const struct enrolment *slot = enrolments->slots[i];
        if (slot->state == ENROL_WAITS && !slot->session) {
            waiting++;
            of_address += strcmp(slot->address, address) == 0;
        }
    }
    return waiting < ENROLMENTS_STRANGERS && of_address < ENROLMENTS_ADDRESS_MAX;
}

/* What the agency asked for over a session before is not wanted any more. */
static void forget_earlier(struct enrolments *enrolments, const char *agency)
{
    for (uint32_t i = enrolments->count; i-- > 0;) {
        const struct enrolment *slot = enrolments->slots[i];
        if (slot->session && slot->state == ENROL_WAITS &&
            strcmp(slot->request.agency, agency) == 0) {
            drop(enrolments, i);
        }
    }
}

static bool has_room(struct enrolments *enrolments, const struct enrol_request *request,
                     const struct enrol_origin *origin)
{
    if (origin->session) {
        forget_earlier(enrolments, request->agency);
    } else if (!strangers_have_room(enrolments, origin->address)) {
        return false;
    }
    return make_room(enrolments);
}

enum lt_status enrolments_put(struct enrolments *enrolments, const struct enrol_request *request,
                              struct lt_bytes der, const struct enrol_origin *origin,
                              int64_t now_ms, struct enrolment **ret_enrolment)
{
    struct enrolment *known = enrolments_find(enrolments, &request->digest);
    if (known != NULL) {
        *ret_enrolment = known;
        return LT_OK;
    }
    int64_t until_ms = request->made_ms + enrolments->keep_ms;
    if (request->made_ms > now_ms + ENROLMENT_EARLY_MS || until_ms <= now_ms) {
        return LT_ENROL_EXPIRED;
    }
    if (der.size > ENROL_REQUEST_BYTES_MAX || !has_room(enrolments, request, origin)) {
        return LT_BUSY;
    }
    struct enrolment *slot = calloc(1, sizeof(*slot));
    if (slot == NULL) {
        return LT_BUSY;
    }
    slot->request = *request;
    slot->state = ENROL_WAITS;
    slot->seen_ms = now_ms;
    slot->until_ms = until_ms;
    slot->der_size = der.size;
    memcpy(slot->der, der.data, der.size);
    slot->session = origin->session;
    text_copy(slot->address, sizeof(slot->address), text_bytes(origin->address));
    enrolments->slots[enrolments->count++] = slot;
    *ret_enrolment = slot;
    return LT_OK;
}
