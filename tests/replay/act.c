/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a story makes happen: agencies are registered, connect, submit, grant, settle, lose their
 * line; the broker crashes and starts; journal, disk and clock misbehave. One function per first
 * word, found in one table; README.md shows every form. Nothing here judges: that is expect.c.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/registry/agency.h"
#include "proto/base/text.h"
#include "stage.h"

/* ---- the world --------------------------------------------------------------------------------
 */

static void register_agency(struct stage *stage, const char *id)
{
    uint8_t entry[AGENCY_BYTES_MAX];
    struct agency agency;
    if (stage->agencies_count == AGENCIES_STAGE_MAX) {
        stage_fail(stage, "more than %d agencies", AGENCIES_STAGE_MAX);
    }
    struct stage_agency *own = &stage->agencies[stage->agencies_count];
    memset(&agency, 0, sizeof(agency));
    snprintf(own->id, sizeof(own->id), "%s", id);
    stage->entropy.entropy.fill(stage->entropy.entropy.self, &own->key, sizeof(own->key));
    snprintf(agency.id, sizeof(agency.id), "%s", own->id);
    snprintf(agency.name, sizeof(agency.name), "Đơn vị thử %s", own->id);
    agency.kind = AGENCY_OTHER;
    agency.keys[0].key = own->key;
    agency.keys_count = 1;
    struct page page =
        ask_payload(stage, "agency-put", agency_write(entry, sizeof(entry), &agency));
    if (page.code != LT_OK) {
        stage_fail(stage, "the registry refuses %s: %s %.*s", id,
                   lt_code((enum lt_status)page.code), (int)page.detail.size,
                   (const char *)page.detail.data);
    }
    enum lt_status status = world_net_admit(stage->net, &own->key, own->id);
    assert(status == LT_OK);
    stage->agencies_count++;
}

static void act_agency(struct stage *stage)
{
    do {
        register_agency(stage, stage_word(stage, "an agency"));
    } while (word_left(stage->statement) != NULL);
}

static void act_wait(struct stage *stage)
{
    stage_run(stage, stage_span(stage, stage_word(stage, "a time")));
}

static void act_clock(struct stage *stage)
{
    if (!word_is(stage->statement, "jumps")) {
        return;
    }
    world_step_wall(&stage->world, stage_span(stage, stage_word(stage, "a time")));
}

static void act_disk(struct stage *stage)
{
    struct statement *st = stage->statement;
    if (word_is(st, "has") && word_has(st, "MiB")) {
        stage->disk_free_bytes = stage_count(stage, stage_word(stage, "a size")) << 20;
        (void)word_has(st, "free");
    }
}

static void another_owner(struct stage *stage)
{
    struct journal_backend door = backend_memory_door(stage->backend);
    uint64_t epoch;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = door.acquire(door.self, "another broker", &epoch, &fault);
    if (status != LT_OK) {
        stage_fail(stage, "the journal is not to be had now: %s", fault.detail);
    }
}

static void damage(struct stage *stage)
{
    struct parcel_made *made = stage_transfer(stage, stage_word(stage, "a transfer"));
    struct backend_status now;
    struct journal_backend door = backend_memory_door(stage->backend);
    door.status(door.self, &now);
    if (made->position == 0 || made->position > now.last) {
        stage_fail(stage, "%s is not in the journal", made->name);
    }
    /* A bit of the payload, well behind the record's head. */
    backend_memory_damage(stage->backend, made->position, 8 * 200 + 3);
}

static void act_journal(struct stage *stage)
{
    struct statement *st = stage->statement;
    if (word_is(st, "answers")) {
        if (word_is(st, "unknown")) {
            stage->plan_result = APPEND_UNKNOWN;
            stage->plan_written = word_has(st, "written");
            return;
        }
        const char *turns = word_after(st, "after");
        stage->plan_polls = (uint32_t)stage_count(stage, turns);
        (void)word_has(st, "turns");
        return;
    }
    if (word_is(st, "hangs")) {
        stage->plan_polls = UINT32_MAX;
    } else if (word_is(st, "is")) {
        stage->plan_result = word_is(st, "full") ? APPEND_FULL : stage->plan_result;
    } else if (word_is(st, "fails")) {
        stage->plan_result = APPEND_REFUSED;
    } else if (word_is(st, "works")) {
        stage->plan_result = APPEND_DURABLE;
        stage->plan_polls = 0;
    } else if (word_is(st, "is-taken") || word_is(st, "goes")) {
        another_owner(stage);
        (void)(word_has(st, "to") && word_has(st, "another") && word_has(st, "broker"));
    } else if (word_is(st, "loses") && word_has(st, "a") && word_has(st, "bit") &&
               word_has(st, "of")) {
        damage(stage);
    }
}

static void broker_settings_say(struct stage *stage)
{
    struct statement *st = stage->statement;
    const char *attempts = word_after(st, "attempts");
    const char *backoff = word_after(st, "backoff");
    const char *timeout = word_after(st, "settle-timeout");
    if (attempts != NULL) {
        stage->settings.attempts_max = (uint32_t)stage_count(stage, attempts);
    }
    if (backoff != NULL) {
        stage->settings.backoff_first_ms = stage_span(stage, backoff);
    }
    if (timeout != NULL) {
        stage->settings.settle_timeout_ms = stage_span(stage, timeout);
    }
    (void)stage_flow(stage);
    broker_settings(stage->broker, &stage->settings, FREE_LOW_BYTES);
}

static void act_broker(struct stage *stage)
{
    struct statement *st = stage->statement;
    if (word_is(st, "crashes")) {
        bool keep = word_has(st, "keeping");
        bool told = keep || word_has(st, "losing");
        if (told && !(word_has(st, "the") && word_has(st, "batch") && word_has(st, "in") &&
                      word_has(st, "flight"))) {
            stage_fail(stage, "keeping or losing \"the batch in flight\"");
        }
        stage_broker_crash(stage, keep);
    } else if (word_is(st, "starts")) {
        if (word_has(st, "without") && word_has(st, "its") && word_has(st, "state")) {
            unlink(stage->state_path);
        }
        stage->plan_result = APPEND_DURABLE;
        stage->plan_polls = 0;
        stage_broker_start(stage);
    } else if (word_is(st, "stops")) {
        stage_broker_stop(stage);
    } else if (word_is(st, "settings")) {
        broker_settings_say(stage);
    }
}

/* ---- agencies ---------------------------------------------------------------------------------
 */

static uint32_t agency_index(struct stage *stage, const char *id)
{
    for (uint32_t i = 0; i < stage->agencies_count; i++) {
        if (strcmp(stage->agencies[i].id, id) == 0) {
            return i;
        }
    }
    stage_fail(stage, "nobody has registered %s", id);
}

static void peer_connects(struct stage *stage, struct peer *peer, const char *name)
{
    struct statement *st = stage->statement;
    const char *as = word_after(st, "as");
    const char *instance = word_after(st, "instance");
    const char *cursor = word_after(st, "cursor");
    enum frame_role role = word_has(st, "sending")     ? ROLE_SENDING
                           : word_has(st, "receiving") ? ROLE_RECEIVING
                                                       : ROLE_BOTH;
    uint64_t number = instance == NULL ? 1 : stage_count(stage, instance);
    if (peer == NULL) {
        if (as == NULL || stage->peers_count == PEERS_MAX) {
            stage_fail(stage, "who is %s? (connects as AGENCY; at most %d)", name, PEERS_MAX);
        }
        peer = peer_open(stage, name, agency_index(stage, as), number);
        stage->peers[stage->peers_count++] = peer;
    }
    uint64_t from = cursor == NULL ? peer->notice_cursor : stage_count(stage, cursor);
    peer_connect(stage, peer, role, from);
}

static void peer_grants(struct stage *stage, struct peer *peer)
{
    const char *bytes = word_after(stage->statement, "bytes");
    uint64_t parcels = stage_count(stage, stage_word(stage, "how many parcels"));
    struct frame frame = {.kind = FRAME_GRANT};
    frame.grant.deliver.parcels = (uint32_t)parcels;
    frame.grant.deliver.bytes = bytes == NULL ? 16 << 20 : stage_count(stage, bytes);
    frame.grant.notices = 1000;
    peer_say(stage, peer, &frame);
}

static enum lt_outcome read_outcome(struct stage *stage, struct settlement *item)
{
    struct statement *st = stage->statement;
    if (word_has(st, "taken")) {
        return LT_OUTCOME_TAKEN;
    }
    const char *later = word_after(st, "later");
    if (later != NULL) {
        item->retry_after_ms = (uint32_t)stage_span(stage, later);
        item->code = LT_RECEIVER_UNREACHABLE;
        return LT_OUTCOME_LATER;
    }
    const char *refused = word_after(st, "refused");
    const char *failed = refused == NULL ? word_after(st, "failed") : NULL;
    const char *code = refused != NULL ? refused : failed;
    const struct lt_error *error = code == NULL ? NULL : lt_error_by_code(code);
    if (error == NULL) {
        stage_fail(stage, "taken, refused CODE, failed CODE, or later TIME");
    }
    item->code = (uint32_t)error->status;
    item->permanent = word_has(st, "for-good");
    return refused != NULL ? LT_OUTCOME_REFUSED : LT_OUTCOME_FAILED;
}

static void peer_settles(struct stage *stage, struct peer *peer)
{
    struct settlement items[LT_PARCELS_PER_FRAME];
    struct settlement said = {0};
    struct statement *st = stage->statement;
    struct names names = stage_names(stage);
    const char *leg = word_after(st, "leg");
    const char *attempt = word_after(st, "attempt");
    const char *at = word_after(st, "at");
    said.outcome = read_outcome(stage, &said);
    said.reason = text_bytes(word_after(st, "reason"));
    said.time_ms = stage->world.wall_ms;
    for (uint32_t i = 0, held = 0; i < names_count(&names); i++) {
        char name[NAME_MAX_];
        names_at(&names, i, name);
        const struct parcel_made *made = stage_transfer(stage, name);
        const struct heard *heard =
            delivery_of(stage, peer->agency, made,
                        leg == NULL ? UINT32_MAX : (uint32_t)stage_count(stage, leg));
        if (heard == NULL) {
            stage_fail(stage, "%s was never delivered %s", peer->name, name);
        }
        items[held] = said;
        items[held].id = made->id;
        items[held].leg = heard->leg;
        items[held].attempt =
            attempt == NULL ? heard->attempt : (uint32_t)stage_count(stage, attempt);
        items[held].position = at == NULL ? heard->position : stage_transfer(stage, at)->position;
        held++;
        if (held == LT_PARCELS_PER_FRAME || i + 1 == names_count(&names)) {
            struct frame frame = {.kind = FRAME_SETTLE, .settle = {.items = items, .count = held}};
            peer_say(stage, peer, &frame);
            held = 0;
        }
    }
}

/* What its local system says of a transfer it was asked about. */
static void peer_answers(struct stage *stage, struct peer *peer)
{
    struct statement *st = stage->statement;
    const char *name = stage_word(stage, "a transfer");
    const struct parcel_made *made = stage_transfer(stage, name);
    const struct heard *asked = ask_of(peer, made);
    if (asked == NULL) {
        stage_fail(stage, "%s was never asked about %s", peer->name, name);
    }
    struct held_said said = {.number = asked->seq,
                             .id = made->id,
                             .leg = asked->leg,
                             .position = asked->position,
                             .time_ms = stage->world.wall_ms,
                             .by = text_bytes("local system")};
    if (word_is(st, "held")) {
        said.held = LT_HELD_YES;
        said.outcome = word_has(st, "taken") ? LT_OUTCOME_TAKEN : LT_OUTCOME_NONE;
    } else if (word_is(st, "not-held")) {
        said.held = LT_HELD_NO;
    } else if (!word_is(st, "unknown")) {
        stage_fail(stage, "held [taken], not-held or unknown");
    }
    struct frame frame = {.kind = FRAME_HELD_ANSWER, .held_answer = {.items = &said, .count = 1}};
    peer_say(stage, peer, &frame);
}

static void peer_line(struct stage *stage, struct peer *peer, const char *verb)
{
    struct statement *st = stage->statement;
    if (peer->link == NULL) {
        stage_fail(stage, "%s has no line", peer->name);
    }
    if (strcmp(verb, "is") == 0 && word_is(st, "cut")) {
        world_link_cut(peer->link);
        peer->session = 0;
    } else if (strcmp(verb, "vanishes") == 0) {
        world_link_vanish(peer->link);
        peer->session = 0;
    } else if (strcmp(verb, "hangs-up") == 0) {
        peer_hang_up(peer);
    } else if (strcmp(verb, "is") == 0 && word_is(st, "held") && word_is(st, "up")) {
        world_link_hold(peer->link, stage_span(stage, stage_word(stage, "a time")));
    } else if (strcmp(verb, "is") == 0 && word_is(st, "silent")) {
        peer->silent = true;
    } else if (strcmp(verb, "wakes") == 0) {
        peer->silent = false;
        peer->beat_due_ms = stage->world.mono_ms;
    } else if (strcmp(verb, "skips") == 0 && word_is(st, "a") && word_is(st, "frame")) {
        peer->seq++;
    } else {
        stage_fail(stage, "nobody can \"%s\"", verb);
    }
}

static void peer_act(struct stage *stage, const char *name)
{
    struct peer *peer = stage_peer(stage, name);
    const char *verb = stage_word(stage, "what happens");
    if (strcmp(verb, "connects") == 0) {
        peer_connects(stage, peer, name);
        return;
    }
    if (peer == NULL) {
        stage_fail(stage, "\"%s\" is neither a statement nor a connection", name);
    }
    if (strcmp(verb, "submits") == 0) {
        peer_submit(stage, peer);
    } else if (strcmp(verb, "grants") == 0) {
        peer_grants(stage, peer);
    } else if (strcmp(verb, "settles") == 0) {
        peer_settles(stage, peer);
    } else if (strcmp(verb, "answers") == 0) {
        peer_answers(stage, peer);
    } else if (strcmp(verb, "says") == 0 && word_is(stage->statement, "bye")) {
        struct frame frame = {.kind = FRAME_BYE};
        peer_say(stage, peer, &frame);
    } else {
        peer_line(stage, peer, verb);
    }
}

/* ---- statements -------------------------------------------------------------------------------
 */

void act_run(struct stage *stage)
{
    static const struct {
        const char *word;
        void (*run)(struct stage *stage);
    } statements[] = {
        {"agency", act_agency}, {"wait", act_wait},       {"clock", act_clock},
        {"disk", act_disk},     {"journal", act_journal}, {"broker", act_broker},
        {"expect", expect_run},
    };
    enum person person;
    const char *word = stage_word(stage, "a statement");
    bool found = false;
    for (size_t i = 0; !found && i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (strcmp(statements[i].word, word) == 0) {
            statements[i].run(stage);
            found = true;
        }
    }
    if (!found && person_by_name(word, &person)) {
        ask_as(stage, person);
        found = true;
    }
    if (!found) {
        peer_act(stage, word);
    }
    const char *left = word_left(stage->statement);
    if (left != NULL) {
        stage_fail(stage, "\"%s\" is not understood here", left);
    }
}
