/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * "NAME submits t1 case X to H24.15": a transfer is made once, under its name in the story, and its
 * bytes are kept; "again" sends the same bytes, "like t0" makes what a wiped adapter would make of
 * the same wish: the same sender key and content under a new id. Parcels go one to a frame unless
 * "in one frame" is said; what the broker has lent is respected by waiting for its verdicts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/sdk/content.h"
#include "proto/base/text.h"
#include "stage.h"

#define TO_MAX    LT_LEGS_MAX
#define CREDIT_MS 10000

/* What the statement says of every transfer it names. */
struct wish {
    const char *from;
    const char *to;
    const char *case_code;
    const char *kind;
    const char *key;
    const char *after;
    const char *body;
    const char *procedure;
    const char *locality;
    uint64_t body_bytes;
    uint64_t priority;
    struct parcel_made *like;
};

static void read_wish(struct stage *stage, struct wish *wish)
{
    struct statement *st = stage->statement;
    const char *like = word_after(st, "like");
    const char *priority = word_after(st, "priority");
    const char *bytes = word_after(st, "bytes");
    memset(wish, 0, sizeof(*wish));
    wish->from = word_after(st, "from");
    wish->to = word_after(st, "to");
    wish->case_code = word_after(st, "case");
    wish->kind = word_after(st, "kind");
    wish->key = word_after(st, "key");
    wish->after = word_after(st, "after");
    wish->body = word_after(st, "body");
    wish->procedure = word_after(st, "procedure");
    wish->locality = word_after(st, "locality");
    wish->priority = priority == NULL ? 0 : stage_count(stage, priority);
    wish->body_bytes = bytes == NULL ? 0 : stage_count(stage, bytes);
    wish->like = like == NULL ? NULL : stage_transfer(stage, like);
}

/* "*" stands for the number of the transfer in its run. */
static void put_star(char *out, size_t size, const char *pattern, uint32_t number)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL) {
        snprintf(out, size, "%s", pattern);
        return;
    }
    snprintf(out, size, "%.*s%u%s", (int)(star - pattern), pattern, number, star + 1);
}

static uint32_t split_to(char *text, struct lt_bytes to[TO_MAX])
{
    uint32_t count = 0;
    char *rest = NULL;
    for (char *one = strtok_r(text, ",", &rest); one != NULL && count < TO_MAX;
         one = strtok_r(NULL, ",", &rest)) {
        to[count++] = text_bytes(one);
    }
    return count;
}

static void keep_bytes(struct stage *stage, struct parcel_made *made, struct lt_bytes header,
                       struct lt_bytes body)
{
    made->header = malloc(header.size + 1);
    made->body = malloc(body.size + 1);
    if (made->header == NULL || made->body == NULL) {
        stage_fail(stage, "no memory");
    }
    memcpy(made->header, header.data, header.size);
    memcpy(made->body, body.data, body.size);
    made->header_size = header.size;
    made->body_size = body.size;
    made->digest = digest_of_two(stage->digester, header, body);
}

static struct lt_bytes body_of(struct stage *stage, const struct wish *wish, const char *name)
{
    if (wish->body_bytes > 0) {
        uint8_t *bytes = arena_alloc(&stage->arena, wish->body_bytes);
        if (bytes == NULL) {
            stage_fail(stage, "no memory");
        }
        memset(bytes, 'x', wish->body_bytes);
        return (struct lt_bytes){bytes, wish->body_bytes};
    }
    return arena_copy(&stage->arena, text_bytes(wish->body != NULL ? wish->body : name));
}

/* The twin of a transfer: everything as it was but the id. */
static void make_like(struct stage *stage, struct parcel_made *made, const struct wish *wish)
{
    struct header header;
    struct lt_bytes bytes;
    struct lt_bytes old = {wish->like->header, wish->like->header_size};
    if (header_read(old, &stage->arena, &header, NULL) != LT_OK) {
        stage_fail(stage, "the header of %s does not read", wish->like->name);
    }
    header.id = made->id;
    if (header_write(&header, &stage->arena, &bytes) != LT_OK) {
        stage_fail(stage, "the header of %s cannot be written", made->name);
    }
    keep_bytes(stage, made, bytes, (struct lt_bytes){wish->like->body, wish->like->body_size});
}

static void make_new(struct stage *stage, struct parcel_made *made, const struct wish *wish,
                     uint32_t number)
{
    char to_text[LT_LEGS_MAX * (LT_AGENCY_ID_MAX + 1)] = "";
    char case_code[2 * LT_CASE_CODE_MAX];
    char key[2 * LT_SENDER_KEY_MAX];
    struct lt_bytes to[TO_MAX];
    struct lt_bytes bytes;
    struct header header;
    struct lt_bytes body = body_of(stage, wish, made->name);
    put_star(case_code, sizeof(case_code), wish->case_code != NULL ? wish->case_code : made->name,
             number);
    put_star(key, sizeof(key), wish->key != NULL ? wish->key : made->name, number);
    snprintf(to_text, sizeof(to_text), "%s", wish->to != NULL ? wish->to : "");
    memset(&header, 0, sizeof(header));
    header.id = made->id;
    header.sender_key = text_bytes(key);
    header.kind = wish->kind == NULL ? LT_KIND_FORWARD : kind_by_name(text_bytes(wish->kind));
    header.from = text_bytes(wish->from != NULL ? wish->from : stage->agencies[made->agency].id);
    header.to = to;
    header.to_count = split_to(to_text, to);
    header.case_code = text_bytes(case_code);
    header.procedure = text_bytes(wish->procedure);
    header.procedure_raw = header.procedure;
    header.locality = text_bytes(wish->locality);
    header.priority = (uint32_t)wish->priority;
    header.schema_version = 1;
    header.created_ms = stage->world.wall_ms;
    header.body_size = body.size;
    header.body_sha256 = digest_of(stage->digester, body);
    if (wish->after != NULL) {
        header.after = stage_transfer(stage, wish->after)->id;
    }
    header.content_digest = content_digest(stage->digester, &header);
    if (header.kind == LT_KIND_NONE || header_write(&header, &stage->arena, &bytes) != LT_OK) {
        stage_fail(stage, "the header of %s cannot be written", made->name);
    }
    keep_bytes(stage, made, bytes, body);
}

static struct parcel_made *make(struct stage *stage, struct peer *peer, const char *name,
                                const struct wish *wish, uint32_t number)
{
    if (stage_transfer_find(stage, name) != NULL) {
        stage_fail(stage, "%s has been submitted before (say \"again\")", name);
    }
    if (stage->transfers_count == TRANSFERS_MAX) {
        stage_fail(stage, "more than %d transfers", TRANSFERS_MAX);
    }
    struct parcel_made *made = &stage->transfers[stage->transfers_count++];
    snprintf(made->name, sizeof(made->name), "%s", name);
    made->agency = peer->agency;
    made->id = uuid7_next(&stage->ids, &stage->clock.clock, &stage->entropy.entropy);
    arena_reset(&stage->arena);
    if (wish->like != NULL) {
        make_like(stage, made, wish);
    } else {
        make_new(stage, made, wish, number);
    }
    return made;
}

struct credit {
    struct peer *peer;
    uint64_t bytes;
};

static bool has_credit(void *context)
{
    const struct credit *credit = context;
    const struct peer *peer = credit->peer;
    return peer->session == 0 || (peer->outstanding.parcels < peer->submit.parcels &&
                                  peer->outstanding.bytes + credit->bytes <= peer->submit.bytes);
}

static void send_parcels(struct stage *stage, struct peer *peer, struct parcel *parcels,
                         uint32_t count, bool heed_credit)
{
    struct credit credit = {.peer = peer};
    for (uint32_t i = 0; i < count; i++) {
        credit.bytes += parcels[i].header.size + parcels[i].body.size;
    }
    if (heed_credit && !stage_until(stage, CREDIT_MS, has_credit, &credit)) {
        /* Asked for with a Beat; without an answer the story goes over its credit on purpose. */
        stage_fail(stage, "%s was not lent %llu bytes", peer->name,
                   (unsigned long long)credit.bytes);
    }
    struct frame frame = {.kind = FRAME_SUBMIT, .submit = {.parcels = parcels, .count = count}};
    peer_say(stage, peer, &frame);
    peer->outstanding.parcels += count;
    peer->outstanding.bytes += credit.bytes;
}

static void want_credit(struct stage *stage, struct peer *peer)
{
    struct frame beat = {
        .kind = FRAME_BEAT,
        .beat = {.clock_ms = stage->world.wall_ms, .want_bytes = LT_SUBMIT_BYTES_MAX}};
    peer_say(stage, peer, &beat);
    stage_run(stage, 20);
}

void peer_submit(struct stage *stage, struct peer *peer)
{
    struct parcel parcels[LT_PARCELS_PER_FRAME + 8];
    struct wish wish;
    struct statement *st = stage->statement;
    struct names names = stage_names(stage);
    bool again = word_has(st, "again");
    bool together = word_has(st, "together");
    bool heed = !word_has(st, "over-credit");
    uint32_t count = names_count(&names);
    uint32_t held = 0;
    read_wish(stage, &wish);
    if (together && count > sizeof(parcels) / sizeof(parcels[0])) {
        stage_fail(stage, "that many do not go into one frame");
    }
    if (heed && (together || wish.body_bytes > 0)) {
        want_credit(stage, peer);
    }
    for (uint32_t i = 0; i < count; i++) {
        char name[NAME_MAX_];
        names_at(&names, i, name);
        const struct parcel_made *made =
            again ? stage_transfer(stage, name) : make(stage, peer, name, &wish, names.first + i);
        parcels[held++] = (struct parcel){.header = {made->header, made->header_size},
                                          .body = {made->body, made->body_size},
                                          .digest = made->digest};
        if (!together) {
            send_parcels(stage, peer, parcels, held, heed);
            held = 0;
        }
    }
    if (held > 0) {
        send_parcels(stage, peer, parcels, held, heed);
    }
}
