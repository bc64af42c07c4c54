/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Many threads at one client under the real clock: submitters, a waiter of events, two application
 * nodes at the inbox, and the network thread with a broker that accepts, delivers and confirms
 * everything. Made to be run under the thread sanitizer as well.
 */
#include "sdk_test.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

enum { SUBMITTERS = 8, EACH = 40, DELIVERIES = 120, NODES = 2 };

struct arena_run {
    struct bench b;
    atomic_bool stop;
    atomic_int taken;
    uint32_t accepted;
    uint32_t settled;
    uint64_t wakes;
};

struct worker {
    struct arena_run *run;
    pthread_t thread;
    int number;
};

static void *submitter(void *self)
{
    struct worker *worker = self;
    for (int i = 0; i < EACH; i++) {
        char key[32];
        char code[32];
        struct ask ask;
        struct lt_sent sent;
        struct lt_sent again;
        snprintf(key, sizeof(key), "t%d-%d", worker->number, i);
        snprintf(code, sizeof(code), "C-%d", i % 5);
        ask_for(&ask, key, code, key);
        assert_int_equal(lt_client_submit(worker->run->b.client, &ask.request, &sent, NULL), LT_OK);
        /* Half of them at the same moment as another thread: one of the two is known. */
        assert_int_equal(lt_client_submit(worker->run->b.client, &ask.request, &again, NULL),
                         LT_OK);
        assert_true(again.known);
        assert_same_id(&again.id, &sent.id);
        if (i % 10 == 0) {
            assert_int_equal(lt_client_wait(worker->run->b.client, &sent.id, 5000, &again), LT_OK);
            assert_int_equal(again.state, LT_SENT_ACCEPTED);
        }
    }
    return NULL;
}

static void *reader(void *self)
{
    struct worker *worker = self;
    struct lt_event events[16];
    uint64_t cursor = 0;
    while (cursor < SUBMITTERS * EACH && !atomic_load(&worker->run->stop)) {
        uint32_t count = lt_client_events(worker->run->b.client, cursor, 200, events, 16);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(events[i].cursor, cursor + 1);
            cursor = events[i].cursor;
        }
    }
    return NULL;
}

static void *node(void *self)
{
    struct worker *worker = self;
    char name[16];
    snprintf(name, sizeof(name), "node-%d", worker->number);
    while (atomic_load(&worker->run->taken) < DELIVERIES && !atomic_load(&worker->run->stop)) {
        struct lt_delivery out[4];
        struct lt_answer taken = {.outcome = LT_OUTCOME_TAKEN};
        uint32_t count = lt_client_inbox(worker->run->b.client, name, 60000, 50, out, 4);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(
                lt_client_settle(worker->run->b.client, &out[i].id, out[i].leg, name, &taken),
                LT_OK);
            atomic_fetch_add(&worker->run->taken, 1);
        }
        lt_inbox_release(out, count);
    }
    return NULL;
}

/* ---- the broker's side, on the network thread ---- */

static void say_welcome(struct fake_line *line)
{
    struct frame frame = fake_welcome(line, 5, 0);
    frame.welcome.clock_ms = clock_os()->wall_ms(NULL);
    line_say_raw(line, &frame);
}

static void say_deliver(struct fake_line *line, struct digester *digester, uint32_t number)
{
    char code[16];
    snprintf(code, sizeof(code), "D-%u", number % 6);
    struct header header = {.id = {{0x01, 0x9b, 0, 0, 0, 0, 0x70, 0, 0x80}},
                            .kind = LT_KIND_FORWARD,
                            .from = text_bytes(THEM),
                            .case_code = text_bytes(code)};
    header.id.bytes[14] = (uint8_t)(number >> 8);
    header.id.bytes[15] = (uint8_t)number;
    struct delivery item = {.position = number + 1, .attempt = 1};
    assert_int_equal(header_write(&header, &line->arena, &item.header), LT_OK);
    item.digest = digest_of_two(digester, item.header, item.body);
    struct frame frame = {.kind = FRAME_DELIVER};
    frame.deliver = (struct deliver){.items = &item, .count = 1};
    line_say(line, &frame);
}

static void say_answers(struct arena_run *run, const struct frame *heard)
{
    struct fake_line *line = &run->b.line;
    struct frame frame = {.kind = FRAME_NONE};
    struct verdict_item verdicts[64];
    struct settled_item settled[64];
    if (heard->kind == FRAME_HELLO) {
        say_welcome(line);
    } else if (heard->kind == FRAME_SUBMIT) {
        memset(verdicts, 0, sizeof(verdicts));
        for (uint32_t i = 0; i < heard->submit.count; i++) {
            verdicts[i].id = header_of(line, heard->submit.parcels[i].header).id;
            verdicts[i].position = ++run->accepted;
        }
        frame.kind = FRAME_VERDICT;
        frame.verdict = (struct verdict){
            .items = verdicts, .count = heard->submit.count, .submit = {64, 256 * 1024}};
    } else if (heard->kind == FRAME_SETTLE) {
        for (uint32_t i = 0; i < heard->settle.count; i++) {
            settled[i] = (struct settled_item){.id = heard->settle.items[i].id,
                                               .number = heard->settle.items[i].number};
        }
        run->settled += heard->settle.count;
        frame.kind = FRAME_SETTLED;
        frame.settled = (struct settled){.items = settled, .count = heard->settle.count};
    }
    if (frame.kind != FRAME_NONE) {
        line_say(line, &frame);
    }
}

static void broker_step(struct arena_run *run, struct digester *digester, uint32_t *delivered)
{
    struct frame frame;
    while (line_hear(&run->b.line, &frame)) {
        say_answers(run, &frame);
    }
    if (run->b.line.seq > 0 && *delivered < DELIVERIES) {
        say_deliver(&run->b.line, digester, (*delivered)++);
    }
    arena_reset(&run->b.line.arena);
}

static void *network(void *self)
{
    struct arena_run *run = self;
    struct digester *digester = NULL;
    uint32_t delivered = 0;
    assert_int_equal(digester_open(&digester), LT_OK);
    while (!atomic_load(&run->stop)) {
        struct pollfd wake = {.fd = client_wake_fd(run->b.client), .events = POLLIN};
        int wait_ms = client_step(run->b.client);
        broker_step(run, digester, &delivered);
        run->wakes += poll(&wake, 1, wait_ms < 2 ? wait_ms : 2) > 0 ? 1 : 0;
    }
    digester_close(&digester);
    return NULL;
}

static void start(struct worker *worker, struct arena_run *run, int number, void *(*act)(void *))
{
    worker->run = run;
    worker->number = number;
    assert_int_equal(pthread_create(&worker->thread, NULL, act, worker), 0);
}

static void test_everybody_at_once(void **state)
{
    (void)state;
    struct arena_run *run = calloc(1, sizeof(*run));
    struct worker workers[SUBMITTERS + NODES + 1];
    pthread_t net;
    assert_non_null(run);
    run->b.folder = folder_take();
    line_init(&run->b.line);
    struct lt_client_options options = {.agency = US, .folder = run->b.folder};
    assert_int_equal(client_open_port(&run->b.client, line_port(&run->b.line), NULL, clock_os(),
                                      entropy_os(), &options, NULL),
                     LT_OK);
    uint64_t commits = box_commits(run->b.client->box);
    assert_int_equal(pthread_create(&net, NULL, network, run), 0);
    for (int i = 0; i < SUBMITTERS; i++) {
        start(&workers[i], run, i, submitter);
    }
    for (int i = 0; i < NODES; i++) {
        start(&workers[SUBMITTERS + i], run, i, node);
    }
    start(&workers[SUBMITTERS + NODES], run, 0, reader);
    for (int i = 0; i < SUBMITTERS + NODES + 1; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    }
    struct lt_client_state now;
    for (int i = 0; i < 1000; i++) {
        lt_client_state(run->b.client, &now);
        if (now.outbox == 0 && now.unconfirmed == 0) {
            break;
        }
        (void)poll(NULL, 0, 5);
    }
    atomic_store(&run->stop, true);
    client_wake(run->b.client);
    assert_int_equal(pthread_join(net, NULL), 0);
    assert_int_equal(now.outbox, 0);
    assert_int_equal(now.inbox, 0);
    assert_int_equal(now.unconfirmed, 0);
    assert_int_equal(now.last_cursor, SUBMITTERS * EACH);
    assert_int_equal(atomic_load(&run->taken), DELIVERIES);
    assert_true(run->settled >= DELIVERIES);
    assert_true(run->wakes > 0);
    /* Several threads' submits went into one transaction again and again. */
    assert_true(box_commits(run->b.client->box) - commits < 2 * SUBMITTERS * EACH);
    lt_client_close(&run->b.client);
    line_deinit(&run->b.line);
    folder_drop(run->b.folder);
    free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_everybody_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
