/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The outbox pump: sends what the axis has not decided, in sequence, within the window it lent, and
 * makes its verdicts durable. The list here is only a memory of the box: it may be lost at any time
 * and is read again, and everything sent twice carries the id it had the first time.
 *
 * A verdict of one frame is one transaction. What stands (accepted, refused for good) leaves the
 * queue; "busy", "later" and a missing attachment set the transfer aside; a predecessor the axis
 * does not know is mended in the outbox (box_outbox.h), and both go again in their order.
 *
 * Limits: PUMP_MAX transfers at hand; if that many are set aside at once, what is behind them waits
 * with them. A record that cannot be read is set aside and named in the client's state: it holds
 * back its own case only.
 */
#include <assert.h>
#include <string.h>

#include "box_outbox.h"
#include "client_parts.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define RETRY_FIRST_MS   1000
#define RETRY_MS_MAX     60000
#define DAMAGED_RETRY_MS 600000
#define STALLED_BEAT_MS  1000
#define HEADER_ARENA     (1 << 20)

enum lt_status pump_init(struct pump *pump)
{
    memset(pump, 0, sizeof(*pump));
    list_init(&pump->ready);
    list_init(&pump->flight);
    list_init(&pump->aside);
    return pool_init(&pump->pool, "pump", sizeof(struct outgoing), PUMP_MAX);
}

void pump_deinit(struct pump *pump)
{
    pool_deinit(&pump->pool);
}

/* ---- the lists ---- */

static struct outgoing *outgoing_of(struct list_node *node)
{
    return node == NULL ? NULL : LIST_ENTRY(node, struct outgoing, node);
}

static struct list *list_of(struct pump *pump, enum outgoing_state state)
{
    switch (state) {
    case OUTGOING_READY:
        return &pump->ready;
    case OUTGOING_FLIGHT:
        return &pump->flight;
    default:
        return &pump->aside;
    }
}

/* Keeps the list in sequence; what comes new belongs at its end. */
static void insert(struct list *list, struct outgoing *one)
{
    struct list_node *at = list_last(list);
    while (at != NULL && outgoing_of(at)->waiting.sequence > one->waiting.sequence) {
        at = list_prev(list, at);
    }
    list_insert(list, at, &one->node);
}

static void leave(struct pump *pump, struct outgoing *one)
{
    list_remove(list_of(pump, one->state), &one->node);
    if (one->state == OUTGOING_FLIGHT) {
        pump->outstanding.parcels--;
        pump->outstanding.bytes -= one->waiting.wire_bytes;
    } else if (one->state == OUTGOING_READY) {
        pump->ready_bytes -= one->waiting.wire_bytes;
    }
}

static void enter(struct pump *pump, struct outgoing *one, enum outgoing_state state)
{
    one->state = state;
    insert(list_of(pump, state), one);
    if (state == OUTGOING_FLIGHT) {
        pump->outstanding.parcels++;
        pump->outstanding.bytes += one->waiting.wire_bytes;
    } else if (state == OUTGOING_READY) {
        pump->ready_bytes += one->waiting.wire_bytes;
    }
}

static void move(struct pump *pump, struct outgoing *one, enum outgoing_state state)
{
    leave(pump, one);
    enter(pump, one, state);
}

static void drop(struct pump *pump, struct outgoing *one)
{
    leave(pump, one);
    pool_give(&pump->pool, one);
}

static struct outgoing *find(struct list *list, const struct lt_id *id)
{
    for (struct list_node *node = list_first(list); node != NULL; node = list_next(list, node)) {
        struct outgoing *one = outgoing_of(node);
        if (memcmp(&one->waiting.id, id, sizeof(*id)) == 0) {
            return one;
        }
    }
    return NULL;
}

static struct outgoing *find_sequence(struct pump *pump, uint64_t sequence)
{
    struct list *lists[] = {&pump->ready, &pump->flight, &pump->aside};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct list_node *node = list_first(lists[i]);
        for (; node != NULL; node = list_next(lists[i], node)) {
            if (outgoing_of(node)->waiting.sequence == sequence) {
                return outgoing_of(node);
            }
        }
    }
    return NULL;
}

static void set_aside(struct lt_client *client, struct outgoing *one, int64_t wait_ms)
{
    uint32_t chance = 0;
    client->entropy->fill(client->entropy->self, &chance, sizeof(chance));
    one->tries++;
    one->due_ms = client_mono_ms(client) + wait_ms + (int64_t)(chance % (wait_ms / 4 + 1));
    move(&client->pump, one, OUTGOING_ASIDE);
}

static int64_t backoff_ms(const struct outgoing *one)
{
    int64_t wait_ms = one->tries < 16 ? (int64_t)RETRY_FIRST_MS << one->tries : RETRY_MS_MAX;
    return wait_ms < RETRY_MS_MAX ? wait_ms : RETRY_MS_MAX;
}

/* ---- in from the box ---- */

static void take_in(struct pump *pump, const struct waiting_record *waiting)
{
    bool known =
        waiting->sequence <= pump->highest && find_sequence(pump, waiting->sequence) != NULL;
    pump->loaded = waiting->sequence;
    if (known) {
        return;
    }
    struct outgoing *one = pool_take(&pump->pool);
    assert(one != NULL); /* the caller looked */
    pump->highest = pump->loaded > pump->highest ? pump->loaded : pump->highest;
    list_node_init(&one->node);
    one->waiting = *waiting;
    enter(pump, one, waiting->attachments > 0 ? OUTGOING_UPLOAD : OUTGOING_READY);
}

static bool room(const struct pump *pump)
{
    return pump->pool.free_count > 0;
}

static void load(struct lt_client *client)
{
    struct pump *pump = &client->pump;
    struct box_txn txn;
    struct box_counts counts;
    uint64_t before = pump->loaded;
    box_counts(client->box, &counts);
    if (counts.sequence == pump->loaded || !room(pump)) {
        return;
    }
    enum lt_status status = box_read(client->box, &txn);
    if (status != LT_OK) {
        client_note(client, status, "the outbox cannot be read");
        return;
    }
    while (status == LT_OK && room(pump)) {
        struct waiting_record waiting;
        status = outbox_waiting(&txn, pump->loaded, &waiting);
        if (status == LT_OK) {
            take_in(pump, &waiting);
        }
    }
    box_read_end(&txn);
    /* The snapshot may be newer than the counts, never older. */
    if (status == LT_NOT_FOUND && pump->loaded < counts.sequence) {
        pump->loaded = counts.sequence;
    } else if (status != LT_OK && status != LT_NOT_FOUND) {
        client_note(client, status, "a waiting transfer cannot be read");
    }
    if (pump->loaded != before) {
        pump_uploaded(client);
    }
}

void pump_reload(struct lt_client *client)
{
    client->pump.loaded = 0;
}

void pump_uploaded(struct lt_client *client)
{
    struct pump *pump = &client->pump;
    struct list_node *node = list_first(&pump->aside);
    while (node != NULL) {
        struct outgoing *one = outgoing_of(node);
        node = list_next(&pump->aside, node);
        if (one->state == OUTGOING_UPLOAD && mover_uploaded(client, one->waiting.sequence)) {
            move(pump, one, OUTGOING_READY);
        }
    }
}

/* ---- out to the axis ---- */

/* An earlier transfer of the same case is set aside. */
static bool held_back(struct pump *pump, const struct outgoing *one)
{
    struct list_node *node = list_first(&pump->aside);
    for (; node != NULL; node = list_next(&pump->aside, node)) {
        const struct outgoing *other = outgoing_of(node);
        if (other->waiting.sequence > one->waiting.sequence) {
            return false;
        }
        if (other->waiting.case_hash == one->waiting.case_hash) {
            return true;
        }
    }
    return false;
}

struct load {
    struct box_txn txn;
    struct parcel parcels[LT_PARCELS_PER_FRAME];
    struct outgoing *ones[LT_PARCELS_PER_FRAME];
    uint32_t count;
    uint64_t bytes;
};

static bool fits(const struct lt_client *client, const struct load *load,
                 const struct outgoing *one)
{
    const struct session *session = &client->session;
    const struct pump *pump = &client->pump;
    uint64_t bytes = load->bytes + one->waiting.wire_bytes;
    return load->count < LT_PARCELS_PER_FRAME && bytes <= LT_SUBMIT_BYTES_MAX &&
           pump->outstanding.parcels + load->count < session->submit.parcels &&
           pump->outstanding.bytes + bytes <= session->submit.bytes;
}

static bool add(struct lt_client *client, struct load *load, struct outgoing *one)
{
    struct parcel *parcel = &load->parcels[load->count];
    enum lt_status status =
        outbox_parcel(&load->txn, one->waiting.sequence, &parcel->header, &parcel->body);
    if (status != LT_OK) {
        log_error("outbox-unreadable", "agency=%s sequence=%llu code=%s", client->agency,
                  (unsigned long long)one->waiting.sequence, lt_code(status));
        client_note(client, LT_DAMAGED, "a transfer in the outbox cannot be read");
        set_aside(client, one, DAMAGED_RETRY_MS);
        return false;
    }
    parcel->digest = digest_of_two(client->digester, parcel->header, parcel->body);
    load->ones[load->count++] = one;
    load->bytes += one->waiting.wire_bytes;
    return true;
}

/* What may go in one frame, views into the snapshot of load->txn. */
static void gather(struct lt_client *client, struct load *load)
{
    struct pump *pump = &client->pump;
    struct list_node *node = list_first(&pump->ready);
    while (node != NULL) {
        struct outgoing *one = outgoing_of(node);
        node = list_next(&pump->ready, node);
        if (held_back(pump, one)) {
            continue;
        }
        if (!fits(client, load, one)) {
            pump->stalled = load->count == 0 && pump->outstanding.parcels == 0;
            return;
        }
        (void)add(client, load, one);
    }
}

static enum lt_status submit_load(struct lt_client *client, struct load *load)
{
    struct seal seal;
    struct frame frame = {.kind = FRAME_SUBMIT};
    frame.submit = (struct submit){.parcels = load->parcels,
                                   .count = load->count,
                                   .want_bytes = client->pump.ready_bytes - load->bytes};
    if (sealer_seals(&client->sealer)) {
        enum lt_status status = sealer_seal(&client->sealer, client_mono_ms(client),
                                            client->digester, load->parcels, load->count, &seal);
        if (status != LT_OK) {
            client_note(client, status, "no seal can be made");
            return LT_AGAIN;
        }
        frame.submit.seal = seal_give(&seal);
    }
    enum lt_status status = session_send(&client->session, &client->arena, &frame);
    arena_reset(&client->arena);
    return status;
}

/* True when a frame went out. */
static bool send_one(struct lt_client *client)
{
    struct pump *pump = &client->pump;
    struct load load = {.count = 0};
    enum lt_status status = box_read(client->box, &load.txn);
    if (status != LT_OK) {
        client_note(client, status, "the outbox cannot be read");
        return false;
    }
    gather(client, &load);
    if (load.count > 0) {
        status = submit_load(client, &load);
    }
    box_read_end(&load.txn);
    if (load.count == 0 || status != LT_OK) {
        return false;
    }
    for (uint32_t i = 0; i < load.count; i++) {
        move(pump, load.ones[i], OUTGOING_FLIGHT);
    }
    return true;
}

/* A new life: nothing that was sent is sure to have arrived. */
static void life_look(struct lt_client *client)
{
    struct pump *pump = &client->pump;
    if (pump->lives == client->session.lives) {
        return;
    }
    pump->lives = client->session.lives;
    while (pump->flight.count > 0) {
        move(pump, outgoing_of(list_first(&pump->flight)), OUTGOING_READY);
    }
}

static void due_look(struct lt_client *client)
{
    struct pump *pump = &client->pump;
    int64_t now_ms = client_mono_ms(client);
    struct list_node *node = list_first(&pump->aside);
    while (node != NULL) {
        struct outgoing *one = outgoing_of(node);
        node = list_next(&pump->aside, node);
        if (one->state == OUTGOING_ASIDE && now_ms >= one->due_ms) {
            move(pump, one, OUTGOING_READY);
        }
    }
}

/* Something is ready, nothing is out, and still it does not fit: only a Beat can say so. */
static void stalled_look(struct lt_client *client)
{
    struct pump *pump = &client->pump;
    int64_t now_ms = client_mono_ms(client);
    client->session.want_bytes = pump->ready_bytes;
    if (pump->stalled && now_ms >= pump->stalled_ms + STALLED_BEAT_MS) {
        pump->stalled_ms = now_ms;
        client->session.beat_due_ms = 0;
    }
}

void pump_step(struct lt_client *client)
{
    pool_turn(&client->pump.pool);
    life_look(client);
    load(client);
    due_look(client);
    if (!client->session.open || client->draining || client->restoring) {
        return;
    }
    client->pump.stalled = false;
    while (client->pump.ready.count > 0 && send_one(client)) {
    }
    stalled_look(client);
}

int64_t pump_wait_ms(const struct lt_client *client)
{
    const struct list *aside = &client->pump.aside;
    int64_t now_ms = client_mono_ms(client);
    int64_t least_ms = -1;
    for (struct list_node *node = list_first(aside); node != NULL; node = list_next(aside, node)) {
        const struct outgoing *one = outgoing_of(node);
        int64_t wait_ms = one->due_ms > now_ms ? one->due_ms - now_ms : 0;
        if (one->state == OUTGOING_ASIDE && (least_ms < 0 || wait_ms < least_ms)) {
            least_ms = wait_ms;
        }
    }
    return least_ms;
}

/* ---- verdicts ---- */

#define DECIDED_MAX (2 * LT_PARCELS_PER_FRAME) /* of one transaction; a frame has half of that */

struct decided {
    const struct verdict_item *items[DECIDED_MAX];
    struct outgoing *ones[DECIDED_MAX];
    uint32_t count;
    struct receipt_due due;
};

static bool decided_has(const struct decided *decided, const struct outgoing *one)
{
    bool has = false;
    for (uint32_t i = 0; i < decided->count && !has; i++) {
        has = decided->ones[i] == one;
    }
    return has;
}

static enum lt_status decided_run(struct box_txn *txn, void *self)
{
    const struct decided *decided = self;
    for (uint32_t i = 0; i < decided->count; i++) {
        enum lt_status status =
            outbox_decide(txn, decided->ones[i]->waiting.sequence, decided->items[i]);
        if (status != LT_OK) {
            log_error("verdict-unkept", "sequence=%llu code=%s",
                      (unsigned long long)decided->ones[i]->waiting.sequence, lt_code(status));
        } else if (decided->items[i]->code == LT_OK) {
            receipt_owed(txn, &decided->due, decided->items[i]->position);
        }
    }
    return LT_OK;
}

static void decided_commit(struct lt_client *client, struct decided *decided)
{
    if (decided->count == 0) {
        return;
    }
    decided->due = log_expects(client);
    enum lt_status status = box_commit(client->box, decided_run, decided);
    for (uint32_t i = 0; i < decided->count; i++) {
        if (status == LT_OK) {
            drop(&client->pump, decided->ones[i]);
        } else {
            /* Not durable here: asked again, and the axis answers the same. */
            set_aside(client, decided->ones[i], backoff_ms(decided->ones[i]));
        }
    }
    decided->count = 0;
    if (status != LT_OK) {
        client_fail(client, status, "verdict");
        return;
    }
    client_changed(client);
}

struct repair {
    uint64_t sequence;
    uint64_t again;
    struct arena *arena;
};

static enum lt_status repair_run(struct box_txn *txn, void *self)
{
    struct repair *repair = self;
    arena_reset(repair->arena);
    return outbox_repair(txn, repair->sequence, repair->arena, &repair->again);
}

/* The axis does not know the transfer in front of this one. */
static void order_mend(struct lt_client *client, struct outgoing *one)
{
    struct arena arena;
    struct repair repair = {.sequence = one->waiting.sequence, .arena = &arena};
    struct box_txn txn;
    struct waiting_record waiting;
    enum lt_status status = arena_init(&arena, 65536, 1 << 20);
    if (status == LT_OK) {
        status = box_commit(client->box, repair_run, &repair);
        arena_deinit(&arena);
    }
    set_aside(client, one, backoff_ms(one));
    if (status != LT_OK) {
        client_fail(client, status, "order");
        return;
    }
    if (box_read(client->box, &txn) == LT_OK) {
        /* Its bytes may be other ones now. */
        if (outbox_waiting(&txn, one->waiting.sequence - 1, &waiting) == LT_OK &&
            waiting.sequence == one->waiting.sequence) {
            one->waiting = waiting;
        }
        box_read_end(&txn);
    }
    if (repair.again != 0 && repair.again <= client->pump.loaded) {
        client->pump.loaded = repair.again - 1; /* it is read again from there */
    }
}

/* A verdict that does not stand: set aside by what it says. */
static void not_now(struct lt_client *client, struct outgoing *one, const struct verdict_item *item)
{
    enum lt_status code = lt_error((enum lt_status)item->code)->status;
    if (code == LT_PREDECESSOR_UNKNOWN) {
        order_mend(client, one);
        return;
    }
    client_note(client, code, lt_error(code)->en);
    if (code == LT_BLOB_MISSING && one->waiting.attachments > 0) {
        mover_missing(client, one->waiting.sequence, item->detail);
        move(&client->pump, one, OUTGOING_UPLOAD);
        if (!mover_uploaded(client, one->waiting.sequence)) {
            return;
        }
    }
    int64_t wait_ms = item->retry_after_ms;
    if (wait_ms == 0) {
        wait_ms = backoff_ms(one);
    }
    set_aside(client, one, wait_ms);
}

static bool stands(uint32_t code)
{
    return code == LT_OK || lt_class((enum lt_status)code) == LT_CLASS_REFUSE;
}

/* What stands is kept first: what does not may depend on it (a predecessor that was refused). */
void pump_verdict(struct lt_client *client, const struct verdict *verdict)
{
    struct decided decided = {.count = 0};
    for (uint32_t i = 0; i < verdict->count; i++) {
        const struct verdict_item *item = &verdict->items[i];
        struct outgoing *one = find(&client->pump.flight, &item->id);
        if (id_empty(&item->id)) {
            log_error("parcel-unreadable", "agency=%s code=%s", client->agency,
                      lt_code((enum lt_status)item->code));
            client_note(client, LT_HEADER_BAD, "the axis could not read a header of ours");
        }
        if (one == NULL || !stands(item->code) || decided_has(&decided, one)) {
            continue; /* without a match: of an earlier life */
        }
        decided.items[decided.count] = item;
        decided.ones[decided.count++] = one;
        if (decided.count == DECIDED_MAX) {
            decided_commit(client, &decided);
        }
    }
    decided_commit(client, &decided);
    for (uint32_t i = 0; i < verdict->count; i++) {
        const struct verdict_item *item = &verdict->items[i];
        struct outgoing *one = stands(item->code) ? NULL : find(&client->pump.flight, &item->id);
        if (one != NULL) {
            not_now(client, one, item);
        }
    }
}

/* ---- attachments the axis will not have ---- */

static bool names(struct lt_client *client, uint64_t sequence, const struct lt_digest *sha256)
{
    struct arena arena;
    struct box_txn txn;
    struct header header = {.attachments_count = 0};
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    bool named = false;
    if (arena_init(&arena, 16384, HEADER_ARENA) != LT_OK) {
        return false;
    }
    if (box_read(client->box, &txn) == LT_OK) {
        enum lt_status status = outbox_parcel(&txn, sequence, &header_bytes, &body);
        if (status == LT_OK) {
            status = header_read(header_bytes, &arena, &header, NULL);
        }
        for (uint32_t i = 0; status == LT_OK && i < header.attachments_count; i++) {
            named = named || digest_equal(&header.attachments[i].sha256, sha256);
        }
        box_read_end(&txn);
    }
    arena_deinit(&arena);
    return named;
}

void pump_refused(struct lt_client *client, const struct lt_digest *sha256, enum lt_status code,
                  const char *detail)
{
    struct list_node *node = list_first(&client->pump.aside);
    while (node != NULL) {
        struct outgoing *one = outgoing_of(node);
        node = list_next(&client->pump.aside, node);
        if (one->state != OUTGOING_UPLOAD || !names(client, one->waiting.sequence, sha256)) {
            continue;
        }
        struct verdict_item item = {.id = one->waiting.id,
                                    .code = (uint32_t)code,
                                    .field = text_bytes("attachments"),
                                    .detail = text_bytes(detail)};
        struct decided decided = {.items = {&item}, .ones = {one}, .count = 1};
        decided_commit(client, &decided);
    }
}

uint64_t pump_uploads(const struct lt_client *client)
{
    const struct list *aside = &client->pump.aside;
    uint64_t count = 0;
    for (struct list_node *node = list_first(aside); node != NULL; node = list_next(aside, node)) {
        count += outgoing_of(node)->state == OUTGOING_UPLOAD ? 1 : 0;
    }
    return count;
}
