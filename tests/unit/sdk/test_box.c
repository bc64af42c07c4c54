/* SPDX-License-Identifier: EUPL-1.2 */
/* The box alone, on real LMDB: identity, shared commits, growth, refusals, what a restart finds. */
#include "sdk_test.h"

#include <pthread.h>

#include "adapters/sdk/box_events.h"

struct place {
    char folder[32];
    char path[64];
    struct fake_time time;
};

static void place_init(struct place *p)
{
    snprintf(p->folder, sizeof(p->folder), "/tmp/lt-test-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->path, sizeof(p->path), "%s/box.mdb", p->folder);
    fake_time_init(&p->time, 3);
}

static struct box *open_box(struct place *p, uint64_t map_bytes, const char *software)
{
    struct box *box = NULL;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status =
        box_open(&box, p->path, map_bytes, &p->time.clock, &p->time.entropy, software, &fault);
    if (status != LT_OK) {
        fail_msg("%s %s", lt_code(status), fault.detail);
    }
    return box;
}

static void test_identity(void **state)
{
    (void)state;
    struct place p;
    place_init(&p);
    struct box *box = open_box(&p, 0, "a/1");
    struct lt_id instance = box->instance;
    uint64_t epoch = box->epoch;
    struct box *second = NULL;
    assert_int_equal(box_open(&second, p.path, 0, &p.time.clock, &p.time.entropy, "a/1", NULL),
                     LT_FENCED);
    box_close(&box);
    box = open_box(&p, 0, "a/2");
    assert_same_id(&box->instance, &instance);
    assert_int_equal(box->epoch, epoch + 1);
    box_close(&box);
    /* A copy from a backup is opened a week later: it is still the newest. */
    fake_time_pass(&p.time, 7LL * 86400 * 1000);
    box = open_box(&p, 0, "a/2");
    assert_true(box->epoch >= epoch + 7 * 86400);
    epoch = box->epoch;
    box_close(&box);
    /* A clock that went back does not take it below. */
    fake_time_pass(&p.time, -30LL * 86400 * 1000);
    box = open_box(&p, 0, "a/2");
    assert_int_equal(box->epoch, epoch + 1);
    box_close(&box);
    folder_empty(p.folder);
}

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool open;
};

static enum lt_status slow_run(struct box_txn *txn, void *self)
{
    struct gate *gate = self;
    box_put(txn, BOX_META, text_bytes("slow"), text_bytes("1"));
    pthread_mutex_lock(&gate->mutex);
    while (!gate->open) {
        pthread_cond_wait(&gate->changed, &gate->mutex);
    }
    pthread_mutex_unlock(&gate->mutex);
    return LT_OK;
}

struct worker {
    pthread_t thread;
    struct box *box;
    struct gate *gate;
    int number;
    uint64_t cursor;
    enum lt_status status;
};

static enum lt_status event_run(struct box_txn *txn, void *self)
{
    struct worker *worker = self;
    struct lt_event event = {.leg = (uint32_t)worker->number};
    if (worker->number % 5 == 0) {
        return LT_OUTBOX_FULL; /* refuses, and must not spoil the others */
    }
    events_add(txn, &event);
    worker->cursor = event.cursor;
    return LT_OK;
}

static void *work(void *self)
{
    struct worker *worker = self;
    worker->status = worker->gate != NULL ? box_commit(worker->box, slow_run, worker->gate)
                                          : box_commit(worker->box, event_run, worker);
    return NULL;
}

/* Fifteen threads come while a sixteenth commits: one more transaction serves them all. */
static void test_commits_are_shared(void **state)
{
    (void)state;
    struct place p;
    struct gate gate = {.open = false};
    struct worker workers[16] = {0};
    place_init(&p);
    pthread_mutex_init(&gate.mutex, NULL);
    pthread_cond_init(&gate.changed, NULL);
    struct box *box = open_box(&p, 0, "a/1");
    uint64_t before = box_commits(box);
    for (int i = 0; i < 16; i++) {
        workers[i] = (struct worker){.box = box, .number = i, .gate = i == 0 ? &gate : NULL};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
        bool leading = false;
        while (i == 0 && !leading) {
            pthread_mutex_lock(&box->mutex);
            leading = box->leading;
            pthread_mutex_unlock(&box->mutex);
        }
    }
    for (uint32_t waiting = 0; waiting < 15;) {
        pthread_mutex_lock(&box->mutex);
        waiting = box->jobs.count;
        pthread_mutex_unlock(&box->mutex);
    }
    pthread_mutex_lock(&gate.mutex);
    gate.open = true;
    pthread_cond_signal(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
    uint64_t sum = 0;
    for (int i = 0; i < 16; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].status, i > 0 && i % 5 == 0 ? LT_OUTBOX_FULL : LT_OK);
        sum += workers[i].cursor;
    }
    assert_int_equal(box_commits(box) - before, 2);
    assert_int_equal(sum, 12 * 13 / 2); /* each of 1 .. 12 once */
    struct box_counts counts;
    box_counts(box, &counts);
    assert_int_equal(counts.cursor, 12);
    box_close(&box);
    pthread_cond_destroy(&gate.changed);
    pthread_mutex_destroy(&gate.mutex);
    folder_empty(p.folder);
}

static enum lt_status fill_run(struct box_txn *txn, void *self)
{
    static const uint8_t block[60000];
    const uint64_t *number = self;
    struct lt_event event = {.leg = (uint32_t)*number};
    box_put_number(txn, BOX_BODIES, *number, (struct lt_bytes){block, sizeof(block)});
    events_add(txn, &event);
    return LT_OK;
}

/* The map is full again and again; every job is run once more and counted once. */
static void test_map_grows(void **state)
{
    (void)state;
    struct place p;
    place_init(&p);
    struct box *box = open_box(&p, 1 << 20, "a/1");
    for (uint64_t i = 1; i <= 100; i++) {
        assert_int_equal(box_commit(box, fill_run, &i), LT_OK);
    }
    struct box_counts counts;
    box_counts(box, &counts);
    assert_int_equal(counts.cursor, 100);
    box_close(&box);
    box = open_box(&p, 0, "a/1");
    box_counts(box, &counts);
    assert_int_equal(counts.cursor, 100);
    struct box_txn txn;
    struct lt_event events[101];
    uint32_t count = 0;
    assert_int_equal(box_read(box, &txn), LT_OK);
    assert_int_equal(events_list(&txn, 0, events, 101, &count), LT_OK);
    box_read_end(&txn);
    assert_int_equal(count, 100);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(events[i].cursor, i + 1);
        assert_int_equal(events[i].leg, i + 1);
    }
    box_close(&box);
    folder_empty(p.folder);
}

static enum lt_status newer_run(struct box_txn *txn, void *self)
{
    (void)self;
    box_put(txn, BOX_META, text_bytes("format"), text_bytes("\x63"));
    return LT_OK;
}

static void test_newer_format_is_left_alone(void **state)
{
    (void)state;
    struct place p;
    place_init(&p);
    struct box *box = open_box(&p, 0, "a/1");
    assert_int_equal(box_commit(box, newer_run, NULL), LT_OK);
    box_close(&box);
    assert_int_equal(box_open(&box, p.path, 0, &p.time.clock, &p.time.entropy, "a/1", NULL),
                     LT_FORMAT_UNKNOWN);
    folder_empty(p.folder);
}

static void test_records_survive_their_bytes(void **state)
{
    (void)state;
    uint8_t room[RECORD_BYTES_MAX];
    struct sent_record sent = {
        .axis_id = {{1}}, .bytes = 7, .legs_final = 3, .position = 1ULL << 60};
    struct sent_record sent_again;
    memset(sent.sent.case_code, 'c', LT_CASE_CODE_MAX);
    memset(sent.sent.field, 'f', sizeof(sent.sent.field) - 1);
    memset(sent.sent.detail, 'd', sizeof(sent.sent.detail) - 1);
    sent.sent.sender_key_size = LT_SENDER_KEY_MAX;
    sent.sent.state = LT_SENT_DONE;
    struct lt_bytes bytes = sent_record_write(&sent, room);
    assert_int_equal(sent_record_read(bytes, &sent_again), LT_OK);
    assert_string_equal(sent_again.sent.detail, sent.sent.detail);
    assert_int_equal(sent_again.position, sent.position);
    struct inbox_record in = {.leg = 15, .tell = 9, .outcome = LT_OUTCOME_LATER};
    struct inbox_record in_again;
    memset(in.reason, 'r', LT_REASON_MAX);
    memset(in.case_code, 'c', LT_CASE_CODE_MAX);
    bytes = inbox_record_write(&in, room);
    assert_int_equal(inbox_record_read(bytes, &in_again), LT_OK);
    assert_string_equal(in_again.reason, in.reason);
    /* Cut anywhere it is damaged, never something else. */
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_equal(inbox_record_read((struct lt_bytes){bytes.data, size}, &in_again),
                         LT_DAMAGED);
    }
    room[0] = 2;
    assert_int_equal(inbox_record_read(bytes, &in_again), LT_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_commits_are_shared),
        cmocka_unit_test(test_map_grows),
        cmocka_unit_test(test_newer_format_is_left_alone),
        cmocka_unit_test(test_records_survive_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
