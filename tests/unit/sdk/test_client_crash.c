/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * kill -9 in mid-load. A child process submits from four threads and says each key on a pipe only
 * after lt_client_submit gave LT_OK; it is killed at a moment of chance. Whatever it said must be
 * in the box afterwards, once, in sequence, with its bytes.
 */
#include "sdk_test.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "adapters/sdk/box_outbox.h"

enum { ROUNDS = 10, THREADS = 4, KEY_BYTES = 32, FIRST_MS = 60000 };

struct load {
    struct lt_client *client;
    int pipe;
    int round;
    int number;
};

static void *submit_for_ever(void *self)
{
    const struct load *load = self;
    for (int i = 0;; i++) {
        struct ask ask;
        struct lt_sent sent;
        char said[KEY_BYTES] = {0};
        char code[16];
        snprintf(said, sizeof(said), "r%d-t%d-%d", load->round, load->number, i);
        snprintf(code, sizeof(code), "C-%d", i % 7);
        ask_for(&ask, said, code, said);
        if (lt_client_submit(load->client, &ask.request, &sent, NULL) != LT_OK ||
            write(load->pipe, said, sizeof(said)) != (ssize_t)sizeof(said)) {
            _exit(1);
        }
    }
    return NULL;
}

/* Never returns. */
static void child(const char *folder, int pipe, int round)
{
    struct fake_line line;
    struct lt_client *client = NULL;
    struct load loads[THREADS];
    pthread_t threads[THREADS];
    struct lt_client_options options = {.agency = US, .folder = folder};
    line_init(&line);
    line.link = LINK_DOWN;
    if (client_open_port(&client, line_port(&line), NULL, clock_os(), entropy_os(), &options,
                         NULL) != LT_OK) {
        _exit(1);
    }
    for (int i = 0; i < THREADS; i++) {
        loads[i] = (struct load){client, pipe, round, i};
        if (pthread_create(&threads[i], NULL, submit_for_ever, &loads[i]) != 0) {
            _exit(1);
        }
    }
    for (;;) {
        (void)client_step(client); /* sweeps and reads the queue while others write */
        (void)poll(NULL, 0, 5);
    }
}

/* The moment is counted from the first word: how long a child takes to start is no matter here. */
static uint32_t listen_and_kill(pid_t pid, int pipe, int after_ms, char said[][KEY_BYTES],
                                uint32_t room)
{
    uint32_t count = 0;
    bool killed = false;
    const struct lt_clock *clock = clock_os();
    int64_t until_ms = clock->mono_ms(clock->self) + FIRST_MS;
    for (;;) {
        int64_t left_ms = until_ms - clock->mono_ms(clock->self);
        struct pollfd look = {.fd = pipe, .events = POLLIN};
        if (!killed && (left_ms <= 0 || count + 1 >= room)) {
            assert_int_equal(kill(pid, SIGKILL), 0);
            killed = true;
        }
        if (poll(&look, 1, killed ? -1 : (int)left_ms) <= 0) {
            continue;
        }
        if (count == room || read(pipe, said[count], KEY_BYTES) != KEY_BYTES) {
            break; /* the end: the child is gone */
        }
        if (count++ == 0) {
            until_ms = clock->mono_ms(clock->self) + after_ms;
        }
    }
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    return count;
}

static void check(const char *folder, char said[][KEY_BYTES], uint32_t count)
{
    struct box *box = NULL;
    struct box_txn txn;
    char path[64];
    snprintf(path, sizeof(path), "%s/box.mdb", folder);
    assert_int_equal(box_open(&box, path, 0, clock_os(), entropy_os(), "test/1", NULL), LT_OK);
    assert_int_equal(box_read(box, &txn), LT_OK);
    for (uint32_t i = 0; i < count; i++) {
        struct sent_record record;
        struct lt_bytes header;
        struct lt_bytes body;
        uint64_t sequence = 0;
        assert_int_equal(outbox_by_key(&txn, text_bytes(said[i]), &sequence), LT_OK);
        assert_int_equal(outbox_get(&txn, sequence, &record), LT_OK);
        assert_int_equal(outbox_parcel(&txn, sequence, &header, &body), LT_OK);
        assert_true(bytes_equal(body, text_bytes(said[i])));
        assert_int_equal(record.sent.state, LT_SENT_RECORDED);
    }
    uint64_t waiting = 0;
    uint64_t bytes = 0;
    struct waiting_record one = {.sequence = 0};
    while (outbox_waiting(&txn, one.sequence, &one) == LT_OK) {
        struct sent_record record;
        waiting++;
        assert_int_equal(one.sequence, waiting); /* without gaps */
        assert_int_equal(outbox_get(&txn, one.sequence, &record), LT_OK);
        bytes += record.bytes;
    }
    box_read_end(&txn);
    assert_true(waiting >= count);
    struct box_counts counts;
    box_counts(box, &counts);
    assert_int_equal(counts.waiting, waiting);
    assert_int_equal(counts.waiting_bytes, bytes);
    assert_int_equal(counts.sequence, waiting);
    box_close(&box);
}

static void test_kill_in_mid_load(void **state)
{
    (void)state;
    enum { ROOM = 20000 };
    char *folder = folder_take();
    char(*said)[KEY_BYTES] = calloc(ROOM, KEY_BYTES);
    uint32_t count = 0;
    uint64_t random = 12345;
    assert_non_null(said);
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            (void)close(ends[0]);
            child(folder, ends[1], round);
        }
        (void)close(ends[1]);
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        int after_ms = 20 + (int)(random >> 33) % 120;
        count += listen_and_kill(pid, ends[0], after_ms, said + count, ROOM - count);
        (void)close(ends[0]);
        check(folder, said, count);
    }
    assert_true(count >= ROUNDS);
    free(said);
    folder_drop(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill_in_mid_load)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
