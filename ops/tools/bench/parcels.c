/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The encoded header of one transfer serves as the form for all: marks of the right length stand
 * where id, sender key, case code, receiver and content digest go, and are found once. A lane is a
 * case of this sender's, bound to one receiver, with its content digest computed beforehand.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/sdk/content.h"
#include "parcels.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define CODE_BYTES 22 /* G.2026.0001.0000000001 */
#define KEY_BYTES  16
#define FORM_BYTES 2048
#define MARK_CODE  "?CODE?CODE?CODE?CODE?C"
#define MARK_KEY   "?KEY?KEY?KEY?KEY"

struct lane {
    char code[CODE_BYTES + 1];
    uint32_t to;
    struct lt_digest content;
};

struct place {
    size_t id;
    size_t key;
    size_t code;
    size_t to;
    size_t content;
};

struct parcels {
    struct parcels_plan plan;
    struct digester *digester;
    struct lane *lanes;
    uint8_t *body;
    uint8_t form[FORM_BYTES];
    size_t form_size;
    struct place place;
};

static struct lt_bytes body_of(const struct parcels *parcels)
{
    return (struct lt_bytes){parcels->body, parcels->plan.size};
}

static enum lt_status make_lanes(struct parcels *parcels, struct header *header)
{
    const struct parcels_plan *plan = &parcels->plan;
    parcels->lanes = calloc(plan->lanes, sizeof(*parcels->lanes));
    if (parcels->lanes == NULL) {
        return LT_NO_MEMORY;
    }
    for (uint32_t i = 0; i < plan->lanes; i++) {
        struct lane *lane = &parcels->lanes[i];
        (void)snprintf(lane->code, sizeof(lane->code), "G.2026.%04u.%010u", plan->sender, i);
        lane->to = (i + plan->sender) % plan->to_count;
        header->to[0] = text_bytes(plan->to[lane->to]);
        header->case_code = text_bytes(lane->code);
        lane->content = content_digest(parcels->digester, header);
    }
    return LT_OK;
}

static size_t find_mark(const struct parcels *parcels, const void *mark, size_t size)
{
    const uint8_t *found = memmem(parcels->form, parcels->form_size, mark, size);
    assert(found != NULL);
    return (size_t)(found - parcels->form);
}

/* Encodes the header with marks in the places that differ. */
static enum lt_status make_form(struct parcels *parcels, struct header *header)
{
    struct arena arena;
    enum lt_status status = arena_init(&arena, 64 * 1024, 256 * 1024);
    if (status != LT_OK) {
        return status;
    }
    static const char mark_to[16] = "ZZZZZZZZZZZZZZZZ";
    size_t to_size = strlen(parcels->plan.to[0]);
    header->to[0] = (struct lt_bytes){(const uint8_t *)mark_to, to_size};
    header->case_code = text_bytes(MARK_CODE);
    header->sender_key = text_bytes(MARK_KEY);
    memset(&header->id, '!', sizeof(header->id));
    memset(&header->content_digest, '#', sizeof(header->content_digest));
    struct lt_bytes bytes;
    status = header_write(header, &arena, &bytes);
    if (status == LT_OK && bytes.size > sizeof(parcels->form)) {
        status = LT_FRAME_TOO_LARGE;
    }
    if (status == LT_OK) {
        memcpy(parcels->form, bytes.data, bytes.size);
        parcels->form_size = bytes.size;
        parcels->place = (struct place){
            .id = find_mark(parcels, &header->id, sizeof(header->id)),
            .key = find_mark(parcels, MARK_KEY, KEY_BYTES),
            .code = find_mark(parcels, MARK_CODE, CODE_BYTES),
            .to = find_mark(parcels, mark_to, to_size),
            .content = find_mark(parcels, &header->content_digest, sizeof(struct lt_digest)),
        };
    }
    arena_deinit(&arena);
    return status;
}

enum lt_status parcels_open(struct parcels **ret_parcels, const struct parcels_plan *plan,
                            const struct lt_entropy *entropy)
{
    struct parcels *parcels = calloc(1, sizeof(*parcels));
    if (parcels == NULL) {
        return LT_NO_MEMORY;
    }
    parcels->plan = *plan;
    enum lt_status status = digester_open(&parcels->digester);
    parcels->body = malloc(plan->size + 1U);
    if (status != LT_OK || parcels->body == NULL) {
        parcels_close(&parcels);
        return status != LT_OK ? status : LT_NO_MEMORY;
    }
    entropy->fill(entropy->self, parcels->body, plan->size);
    struct lt_bytes to = {NULL, 0};
    struct header header = {
        .to = &to,
        .kind = LT_KIND_FORWARD,
        .from = text_bytes(plan->from),
        .to_count = 1,
        .locality = text_bytes("11383"),
        .procedure_raw = text_bytes("1.001193.000.00.00.H24"),
        .procedure = text_bytes("1.001193"),
        .created_ms = plan->created_ms,
        .handed_over_ms = plan->created_ms,
        .schema_version = 1,
        .body_type = text_bytes("application/octet-stream"),
        .body_sha256 = digest_of(parcels->digester, body_of(parcels)),
        .body_size = plan->size,
    };
    status = make_lanes(parcels, &header);
    if (status == LT_OK) {
        status = make_form(parcels, &header);
    }
    if (status != LT_OK) {
        parcels_close(&parcels);
        return status;
    }
    *ret_parcels = parcels;
    return LT_OK;
}

void parcels_close(struct parcels **parcels_p)
{
    struct parcels *parcels = *parcels_p;
    if (parcels == NULL) {
        return;
    }
    digester_close(&parcels->digester);
    free(parcels->lanes);
    free(parcels->body);
    free(parcels);
    *parcels_p = NULL;
}

size_t parcels_bytes(const struct parcels *parcels)
{
    return parcels->form_size + parcels->plan.size;
}

/* Scatters numbers over the lanes, always the same way. */
static uint32_t lane_of(const struct parcels *parcels, uint32_t number)
{
    uint64_t z = (number + 1ULL) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 32)) * 0xd6e8feb86659fd93U;
    return (uint32_t)((z >> 32) % parcels->plan.lanes);
}

enum lt_status parcels_make(struct parcels *parcels, uint32_t number, struct arena *arena,
                            struct parcel *ret_parcel)
{
    uint8_t *header = arena_alloc(arena, parcels->form_size);
    if (header == NULL) {
        return LT_NO_MEMORY;
    }
    const struct place *place = &parcels->place;
    const struct lane *lane = &parcels->lanes[lane_of(parcels, number)];
    const char *to = parcels->plan.to[lane->to];
    struct lt_id id = book_id(parcels->plan.book, parcels->plan.sender, number);
    char key[KEY_BYTES + 1];
    (void)snprintf(key, sizeof(key), "bench-%010u", number);

    memcpy(header, parcels->form, parcels->form_size);
    memcpy(header + place->id, &id, sizeof(id));
    memcpy(header + place->key, key, KEY_BYTES);
    memcpy(header + place->code, lane->code, CODE_BYTES);
    memcpy(header + place->to, to, strlen(to));
    memcpy(header + place->content, &lane->content, sizeof(lane->content));
    struct lt_bytes bytes = {header, parcels->form_size};
    *ret_parcel = (struct parcel){
        .header = bytes,
        .body = body_of(parcels),
        .digest = digest_of_two(parcels->digester, bytes, body_of(parcels)),
    };
    return LT_OK;
}
