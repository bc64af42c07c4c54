/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_SDK_SDK_TEST_H
#define TESTS_UNIT_SDK_SDK_TEST_H

/* A client on a scripted line, in a folder of its own, and the broker's sentences of the tests. */

#include "fake_line.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include <lienthong/client.h>

#include "adapters/sdk/client_parts.h"
#include "adapters/sdk/client_step.h"
#include "proto/base/clock_os.h"
#include "proto/header_check.h"

#define US   "H26.99.1"
#define THEM "H26.99.7"

static inline char *folder_take(void)
{
    char *path = strdup("/tmp/lt-test-XXXXXX");
    assert_non_null(path);
    assert_non_null(mkdtemp(path));
    return path;
}

static inline int drop_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void folder_empty(const char *path)
{
    assert_int_equal(nftw(path, drop_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void folder_drop(char *path)
{
    folder_empty(path);
    free(path);
}

struct bench {
    char *folder;
    struct fake_time time;
    struct fake_line line;
    struct fake_line files; /* the blob port, when has_files */
    struct client_port files_port;
    bool has_files;
    struct lt_client_options options;
    struct lt_client *client;
};

static inline void bench_open(struct bench *b)
{
    struct lt_problem problem;
    b->files_port = line_port(&b->files);
    enum lt_status status =
        client_open_port(&b->client, line_port(&b->line), b->has_files ? &b->files_port : NULL,
                         &b->time.clock, &b->time.entropy, &b->options, &problem);
    if (status != LT_OK) {
        fail_msg("open: %s %s %s", lt_code(status), problem.field, problem.detail);
    }
}

static inline void bench_init(struct bench *b)
{
    memset(b, 0, sizeof(*b));
    b->folder = folder_take();
    fake_time_init(&b->time, 7);
    line_init(&b->line);
    line_init(&b->files);
    b->options = (struct lt_client_options){.agency = US, .folder = b->folder};
    bench_open(b);
}

static inline void bench_deinit(struct bench *b)
{
    lt_client_close(&b->client);
    line_deinit(&b->line);
    line_deinit(&b->files);
    folder_drop(b->folder);
}

/* What a power cut leaves: the process is gone, the disk stays. */
static inline void bench_restart(struct bench *b)
{
    lt_client_close(&b->client);
    line_deinit(&b->line);
    line_init(&b->line);
    line_deinit(&b->files);
    line_init(&b->files);
    bench_open(b);
}

static inline int bench_setup(void **state)
{
    struct bench *b = malloc(sizeof(*b));
    assert_non_null(b);
    bench_init(b);
    *state = b;
    return 0;
}

static inline int bench_teardown(void **state)
{
    bench_deinit(*state);
    free(*state);
    return 0;
}

static inline void step(struct bench *b)
{
    for (int i = 0; i < 3; i++) {
        (void)client_step(b->client);
    }
}

/* The first that comes is a Hello. */
static inline struct frame hear_hello(struct bench *b)
{
    struct frame frame = {.kind = FRAME_NONE};
    for (int i = 0; i < 200; i++) {
        step(b);
        if (line_hear(&b->line, &frame)) {
            break;
        }
        fake_time_pass(&b->time, 100);
    }
    assert_int_equal(frame.kind, FRAME_HELLO);
    return frame;
}

/* Hello, Welcome, and the Grant is swallowed. */
static inline void connect_line(struct bench *b, uint64_t number)
{
    (void)hear_hello(b);
    struct frame frame = fake_welcome(&b->line, number, b->time.wall_ms);
    line_say_raw(&b->line, &frame);
    step(b);
    line_hear_one(&b->line, FRAME_GRANT);
}

/* ---- sending ---- */

struct ask {
    char key[LT_SENDER_KEY_MAX];
    char case_code[LT_CASE_CODE_MAX + 1];
    const char *to[1];
    struct lt_request request;
};

static inline struct lt_request *ask_for(struct ask *ask, const char *key, const char *case_code,
                                         const char *body)
{
    memset(ask, 0, sizeof(*ask));
    snprintf(ask->key, sizeof(ask->key), "%s", key);
    snprintf(ask->case_code, sizeof(ask->case_code), "%s", case_code);
    ask->to[0] = THEM;
    ask->request = (struct lt_request){
        .sender_key = text_bytes(ask->key),
        .kind = LT_KIND_FORWARD,
        .to = ask->to,
        .to_count = 1,
        .case_code = ask->case_code,
        .procedure = "1.001193.000.00.00.H26",
        .body_type = "application/json",
        .body = text_bytes(body),
    };
    return &ask->request;
}

static inline struct lt_sent submit_ok(struct bench *b, const char *key, const char *case_code,
                                       const char *body)
{
    struct ask ask;
    struct lt_sent sent;
    struct lt_problem problem;
    enum lt_status status =
        lt_client_submit(b->client, ask_for(&ask, key, case_code, body), &sent, &problem);
    if (status != LT_OK) {
        fail_msg("submit: %s %s %s", lt_code(status), problem.field, problem.detail);
    }
    return sent;
}

static inline enum lt_status submit_status(struct bench *b, const char *key, const char *case_code,
                                           const char *body, struct lt_problem *problem)
{
    struct ask ask;
    struct lt_sent sent;
    return lt_client_submit(b->client, ask_for(&ask, key, case_code, body), &sent, problem);
}

static inline struct header header_of(struct fake_line *line, struct lt_bytes bytes)
{
    struct header header;
    assert_int_equal(header_read(bytes, &line->arena, &header, NULL), LT_OK);
    return header;
}

/* The next Submit, its parcels checked the way the broker does. */
static inline struct frame hear_submit(struct bench *b, uint32_t count)
{
    struct frame frame = line_hear_one(&b->line, FRAME_SUBMIT);
    struct digester *digester = NULL;
    assert_int_equal(frame.submit.count, count);
    assert_int_equal(digester_open(&digester), LT_OK);
    for (uint32_t i = 0; i < count; i++) {
        struct header header = header_of(&b->line, frame.submit.parcels[i].header);
        assert_int_equal(header_check(&header, b->time.wall_ms, NULL), LT_OK);
        assert_int_equal(parcel_check(digester, &frame.submit.parcels[i], &header, NULL), LT_OK);
    }
    digester_close(&digester);
    return frame;
}

static inline struct lt_id parcel_id(struct bench *b, const struct frame *submit, uint32_t at)
{
    return header_of(&b->line, submit->submit.parcels[at].header).id;
}

static inline void say_verdicts(struct bench *b, struct verdict_item *items, uint32_t count)
{
    struct frame frame = {.kind = FRAME_VERDICT};
    frame.verdict = (struct verdict){
        .items = items, .count = count, .submit = {64, 256 * 1024}, .broker_epoch = 7};
    line_say(&b->line, &frame);
    step(b);
}

static inline void say_verdict(struct bench *b, const struct lt_id *id, enum lt_status code)
{
    struct verdict_item item = {
        .id = *id, .code = (uint32_t)code, .position = 1, .time_ms = b->time.wall_ms};
    say_verdicts(b, &item, 1);
}

static inline struct lt_sent sent_of(struct bench *b, const struct lt_id *id)
{
    struct lt_sent sent;
    assert_int_equal(lt_client_sent(b->client, id, &sent), LT_OK);
    return sent;
}

static inline void assert_same_id(const struct lt_id *a, const struct lt_id *b)
{
    assert_memory_equal(a->bytes, b->bytes, sizeof(a->bytes));
}

#endif
