/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Queries go out of their session: session 0, a number of our own, the same number again when
 * silence was the answer. An act that was done before its answer was lost is simply done again: an
 * agency is put with the same entry.
 */
#include "desk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/registry/agency.h"
#include "proto/base/arena.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define AGAIN_MS  300
#define ROWS      100
#define RATE_MAX  10000000U
#define BEFORE_MS 60000

enum asked { ASKED_NOTHING, ASKED_PUT, ASKED_SUMS };

struct desk {
    struct client_zmq *client;
    struct client_port port;
    const struct lt_clock *clock;
    struct oracle *oracle;
    struct arena arena;
    enum asked asked;
    uint64_t number;
    int64_t again_ms;
    int link;
    uint32_t put; /* agencies put so far */
    const char *const *ids;
    const struct lt_key *public_keys;
    struct desk_sums sums;
};

struct desk *desk_open(struct client_zmq *client, const struct lt_clock *clock,
                       struct oracle *oracle)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    assert(desk != NULL);
    desk->client = client;
    desk->port = client_zmq_port(client);
    desk->clock = clock;
    desk->oracle = oracle;
    enum lt_status status = arena_init(&desk->arena, 256 * 1024, 2 * 1024 * 1024);
    assert(status == LT_OK);
    return desk;
}

void desk_close(struct desk **desk_p)
{
    struct desk *desk = *desk_p;
    if (desk == NULL) {
        return;
    }
    arena_deinit(&desk->arena);
    free(desk);
    *desk_p = NULL;
}

/* ---- questions --------------------------------------------------------------------------- */

static void ask(struct desk *desk, enum asked asked)
{
    desk->asked = asked;
    desk->number++;
    desk->again_ms = 0;
}

void desk_register(struct desk *desk, const char *const *ids, const struct lt_key *public_keys)
{
    desk->ids = ids;
    desk->public_keys = public_keys;
    desk->put = 0;
    ask(desk, ASKED_PUT);
}

void desk_ask_sums(struct desk *desk)
{
    memset(&desk->sums, 0, sizeof(desk->sums));
    ask(desk, ASKED_SUMS);
}

bool desk_quiet(const struct desk *desk)
{
    return desk->asked == ASKED_NOTHING;
}

const struct desk_sums *desk_sums(const struct desk *desk)
{
    return &desk->sums;
}

void desk_redial(struct desk *desk)
{
    if (desk->link != LINK_UP) {
        desk->port.redial(desk->port.self);
    }
}

static struct lt_bytes agency_entry(struct desk *desk, uint8_t *memory, size_t size)
{
    struct agency agency = {
        .kind = AGENCY_OTHER, .locality = "31", .keys_count = 1, .rate_per_s = RATE_MAX};
    (void)snprintf(agency.id, sizeof(agency.id), "%s", desk->ids[desk->put]);
    (void)snprintf(agency.name, sizeof(agency.name), "Đơn vị thử %u", desk->put);
    agency.keys[0].key = desk->public_keys[desk->put];
    agency.keys[0].from_ms = desk->clock->wall_ms(desk->clock->self) - BEFORE_MS;
    return agency_write(memory, size, &agency);
}

static void send_question(struct desk *desk)
{
    uint8_t entry[AGENCY_BYTES_MAX];
    struct lt_bytes bytes;
    struct frame frame = {.kind = FRAME_QUERY};
    frame.query = (struct query){.number = desk->number, .rows = ROWS};
    if (desk->asked == ASKED_PUT) {
        frame.query.verb = text_bytes("agency-put");
        frame.query.payload = agency_entry(desk, entry, sizeof(entry));
    } else {
        frame.query.verb = text_bytes("conservation");
    }
    int64_t now_ms = desk->clock->mono_ms(desk->clock->self);
    if (frame_write(&frame, &desk->arena, &bytes) == LT_OK &&
        desk->port.send(desk->port.self, bytes) == LT_OK) {
        desk->again_ms = now_ms + AGAIN_MS;
    }
}

/* ---- pages ------------------------------------------------------------------------------- */

static int64_t field(const struct row *row, const char *name)
{
    for (uint32_t i = 0; i < row->count; i++) {
        if (bytes_equal(row->fields[i].name, text_bytes(name))) {
            char text[32];
            text_copy(text, sizeof(text), row->fields[i].value);
            return strtoll(text, NULL, 10);
        }
    }
    return 0;
}

/* The last row is the total. */
static void take_sums(struct desk *desk, const struct page *page)
{
    if (page->count == 0 || page->cursor.size != 0) {
        oracle_fail(desk->oracle, NULL, "the conservation page has %u rows and goes on",
                    page->count);
    }
    const struct row *total = &page->rows[page->count - 1];
    desk->sums = (struct desk_sums){
        .accepted = (uint64_t)field(total, "accepted"),
        .taken = (uint64_t)field(total, "taken"),
        .refused = (uint64_t)field(total, "refused"),
        .expired = (uint64_t)field(total, "expired"),
        .cancelled = (uint64_t)field(total, "cancelled"),
        .open = (uint64_t)field(total, "open"),
        .counted = (uint64_t)field(total, "counted"),
        .difference = field(total, "difference"),
    };
    for (uint32_t i = 0; i < page->count; i++) {
        desk->sums.differing += field(&page->rows[i], "difference") != 0;
    }
    desk->asked = ASKED_NOTHING;
}

static void take_page(struct desk *desk, const struct page *page)
{
    enum lt_status code = lt_error((enum lt_status)page->code)->status;
    if (lt_class(code) == LT_CLASS_BUSY || lt_class(code) == LT_CLASS_RETRY) {
        return; /* asked again by itself */
    }
    if (code != LT_OK) {
        oracle_fail(desk->oracle, NULL, "the operator port answered %s: %.*s", lt_code(code),
                    (int)page->detail.size, (const char *)page->detail.data);
    }
    if (desk->asked == ASKED_SUMS) {
        take_sums(desk, page);
        return;
    }
    desk->put++;
    ask(desk, desk->put < AGENCIES ? ASKED_PUT : ASKED_NOTHING);
}

void desk_step(struct desk *desk)
{
    struct lt_bytes bytes;
    struct frame frame;
    desk->link = desk->port.link(desk->port.self);
    arena_reset(&desk->arena);
    while (desk->port.receive(desk->port.self, &bytes)) {
        arena_reset(&desk->arena);
        if (frame_read(bytes, &desk->arena, &frame, NULL) == LT_OK && frame.kind == FRAME_PAGE &&
            frame.page.number == desk->number && desk->asked != ASKED_NOTHING) {
            take_page(desk, &frame.page);
        }
    }
    arena_reset(&desk->arena);
    if (desk->asked != ASKED_NOTHING && desk->clock->mono_ms(desk->clock->self) >= desk->again_ms) {
        send_question(desk);
    }
}
