/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `lt-adapter check` against real sockets: an axis that says Welcome, one that does not know the
 * key, one that revoked it, another axis's key, silence, no port, no name, key files out of order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/host/check.h"
#include "adapters/sdk/box_axis.h"
#include "adapters/sdk/box_receipts.h"
#include "proto/base/arena.h"
#include "proto/base/clock_os.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"
#include "proto/message.h"
#include "proto/port_zmq.h"

#define AGENCY "H26.99.1"

struct desk {
    char folder[64];
    struct net *net;
    struct server_zmq *server;
    struct lt_key axis_public;
    struct lt_key agency_public;
    struct host_agency agency;
    struct host_config config;
    pthread_t axis;
    bool axis_runs;
    atomic_bool axis_ends;
    _Atomic int64_t skew_ms; /* the axis has a thread */
    char user[64];
    char log_key[512]; /* that the axis tells */
    char *said;
};

/* ---- the axis ---- */

static void welcome(struct desk *desk, const struct port_frame *from, struct arena *arena)
{
    struct server_port port = server_zmq_port(desk->server);
    struct frame heard;
    struct lt_bytes bytes;
    assert_int_equal(frame_read(from->bytes, arena, &heard, NULL), LT_OK);
    if (heard.kind != FRAME_HELLO) {
        return;
    }
    struct frame frame = {.kind = FRAME_WELCOME};
    frame.welcome = (struct welcome){
        .version = 1,
        .session = 9,
        .broker_epoch = 1,
        .limits = {.beat_ms = 15000, .lease_ms = 60000},
        .clock_ms = clock_os()->wall_ms(NULL) + desk->skew_ms,
        .agency = text_bytes(from->peer.user),
        .log_key = text_bytes(desk->log_key),
        .durable = 100,
    };
    assert_int_equal(frame_write(&frame, arena, &bytes), LT_OK);
    enum lt_status status = port.send(port.self, &from->route, bytes);
    assert_int_equal(status, LT_OK);
}

static void *axis_run(void *argument)
{
    struct desk *desk = argument;
    struct server_port port = server_zmq_port(desk->server);
    struct arena arena;
    struct port_frame frames[8];
    assert_int_equal(arena_init(&arena, 65536, 1 << 20), LT_OK);
    while (!atomic_load(&desk->axis_ends)) {
        port.wait(port.self, NULL, 0, 20);
        uint32_t count = port.receive(port.self, frames, 8);
        for (uint32_t i = 0; i < count; i++) {
            welcome(desk, &frames[i], &arena);
        }
        port.release(port.self, frames, count);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    return NULL;
}

static void axis_start(struct desk *desk)
{
    assert_int_equal(pthread_create(&desk->axis, NULL, axis_run, desk), 0);
    desk->axis_runs = true;
}

static void axis_admits(struct desk *desk, const char *user, bool revoked)
{
    struct net_key key = {.key = desk->agency_public, .revoked = revoked};
    snprintf(key.user, sizeof(key.user), "%s", user);
    assert_int_equal(net_keys(desk->net, &key, 1), LT_OK);
}

/* ---- the desk ---- */

static const char *path_of(const struct desk *desk, const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", desk->folder, name);
    return path;
}

static void axis_open(struct desk *desk)
{
    struct fault fault;
    struct lt_key secret;
    const char *const endpoints[] = {"tcp://127.0.0.1:*"};
    fault_init(&fault);
    curve_make(&desk->axis_public, &secret);
    const struct server_options options = {
        .endpoints = endpoints, .endpoints_count = 1, .secret_key = secret};
    assert_int_equal(net_open(&desk->net, 1, &fault), LT_OK);
    assert_int_equal(server_zmq_open(&desk->server, desk->net, &options, &fault), LT_OK);
    snprintf(desk->config.endpoint, sizeof(desk->config.endpoint), "%s",
             server_zmq_endpoint(desk->server, 0));
    hex_write(desk->config.server_key, desk->axis_public.bytes, 32);
}

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    char public_path[128];
    struct fault fault;
    fault_init(&fault);
    assert_non_null(desk);
    snprintf(desk->folder, sizeof(desk->folder), "/tmp/lt-check-XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    axis_open(desk);
    snprintf(desk->agency.id, sizeof(desk->agency.id), AGENCY);
    snprintf(desk->agency.key, sizeof(desk->agency.key), "%s", path_of(desk, "a.key"));
    snprintf(public_path, sizeof(public_path), "%s", path_of(desk, "a.pub"));
    assert_int_equal(keyfile_make(desk->agency.key, public_path, &fault), LT_OK);
    assert_int_equal(keyfile_read_public(public_path, &desk->agency_public, &fault), LT_OK);
    snprintf(desk->config.data, sizeof(desk->config.data), "%s", path_of(desk, "data"));
    desk->config.agencies = &desk->agency;
    desk->config.agencies_count = 1;
    *state = desk;
    return 0;
}

static int drop_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    atomic_store(&desk->axis_ends, true);
    if (desk->axis_runs) {
        pthread_join(desk->axis, NULL);
    }
    server_zmq_close(&desk->server);
    net_close(&desk->net);
    nftw(desk->folder, drop_one, 8, FTW_DEPTH | FTW_PHYS);
    free(desk->said);
    free(desk);
    return 0;
}

static uint32_t checked(struct desk *desk, enum host_language language)
{
    size_t size = 0;
    free(desk->said);
    desk->said = NULL;
    FILE *out = open_memstream(&desk->said, &size);
    assert_non_null(out);
    const struct check_options options = {
        .config = &desk->config,
        .language = language,
        .clock = clock_os(),
        .entropy = entropy_os(),
        .out = out,
    };
    uint32_t failures = check_run(&options);
    fclose(out);
    return failures;
}

static void assert_said(const struct desk *desk, const char *words)
{
    if (strstr(desk->said, words) == NULL) {
        fail_msg("\"%s\" is not in\n%s", words, desk->said);
    }
}

/* ---- tests ---- */

static void everything_in_order(void **state)
{
    struct desk *desk = *state;
    axis_admits(desk, AGENCY, false);
    axis_start(desk);
    assert_int_equal(checked(desk, HOST_EN), 0);
    assert_said(desk, "[ok]     TCP connection");
    assert_said(desk, "[ok]     Session with the axis: " AGENCY);
    assert_said(desk, "[ok]     Clock against the axis");
    assert_int_equal(checked(desk, HOST_VI), 0);
    assert_said(desk, "[đạt]    Phiên làm việc với trục: " AGENCY);
}

static void clocks_apart(void **state)
{
    struct desk *desk = *state;
    axis_admits(desk, AGENCY, false);
    desk->skew_ms = 5000;
    axis_start(desk);
    assert_int_equal(checked(desk, HOST_EN), 0);
    assert_said(desk, "[note]   Clock against the axis: +");
    desk->skew_ms = -70000;
    assert_int_equal(checked(desk, HOST_EN), 1);
    assert_said(desk, "[failed] Clock against the axis: -");
    assert_said(desk, "timedatectl");
}

static void somebody_elses_key(void **state)
{
    struct desk *desk = *state;
    axis_admits(desk, "H26.99.2", false);
    axis_start(desk);
    assert_int_equal(checked(desk, HOST_EN), 1);
    assert_said(desk, AGENCY " != H26.99.2");
}

static void unknown_key(void **state)
{
    struct desk *desk = *state;
    char hex[65];
    struct net_key nobody = {.user = "H26.99.9"};
    assert_int_equal(net_keys(desk->net, &nobody, 1), LT_OK);
    assert_int_equal(checked(desk, HOST_EN), 1);
    assert_said(desk, "[failed] The axis refuses the keys: " AGENCY);
    hex_write(hex, desk->agency_public.bytes, 32);
    assert_said(desk, hex);
}

static void revoked_key(void **state)
{
    struct desk *desk = *state;
    axis_admits(desk, AGENCY, true);
    assert_int_equal(checked(desk, HOST_VI), 1);
    assert_said(desk, "[lỗi]    Trục không nhận kết nối bằng khóa");
    assert_said(desk, "đã bị thu hồi");
}

static void another_axis(void **state)
{
    struct desk *desk = *state;
    axis_admits(desk, AGENCY, false);
    hex_write(desk->config.server_key, desk->agency_public.bytes, 32);
    assert_int_equal(checked(desk, HOST_EN), 1);
    assert_said(desk, "server_key is not this axis's");
}

static void no_axis(void **state)
{
    struct desk *desk = *state;
    snprintf(desk->config.endpoint, sizeof(desk->config.endpoint), "tcp://127.0.0.1:1");
    assert_int_equal(checked(desk, HOST_VI), 1);
    assert_said(desk, "[lỗi]    Kết nối TCP: tcp://127.0.0.1:1: Connection refused");
    assert_said(desk, "cách sửa: mở tường lửa");
    snprintf(desk->config.endpoint, sizeof(desk->config.endpoint), "tcp://no..such:7760");
    assert_int_equal(checked(desk, HOST_EN), 1);
    assert_said(desk, "[failed] Name of the axis: no..such");
}

static void keys_out_of_order(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(chmod(desk->agency.key, 0644), 0);
    assert_int_equal(checked(desk, HOST_VI), 1);
    assert_said(desk, "đặt quyền 0600 cho tệp.");
    assert_int_equal(unlink(desk->agency.key), 0);
    assert_int_equal(checked(desk, HOST_EN), 1);
    assert_said(desk, "lt-adapter key make");
    snprintf(desk->config.server_key, sizeof(desk->config.server_key), "/nonexistent/x.pub");
    assert_int_equal(checked(desk, HOST_EN), 2);
    assert_said(desk, "[failed] Public key of the axis: /nonexistent/x.pub");
}

static void port_in_use(void **state)
{
    struct desk *desk = *state;
    axis_admits(desk, AGENCY, false);
    axis_start(desk);
    desk->config.http = true;
    snprintf(desk->config.listen, sizeof(desk->config.listen), "%s",
             desk->config.endpoint + strlen("tcp://"));
    assert_int_equal(checked(desk, HOST_EN), 0); /* perhaps the adapter itself */
    assert_said(desk, "[note]   Local HTTP port");
    snprintf(desk->config.listen, sizeof(desk->config.listen), "192.0.2.1:8060");
    assert_int_equal(checked(desk, HOST_EN), 1);
    assert_said(desk, "[failed] Local HTTP port: 192.0.2.1:8060");
}

/* ---- the log ---- */

struct box_fill {
    const char *key;
    const struct log_refusal *refusal;
    int64_t overdue_ms;
    bool owed;
    uint64_t position; /* of the axis, that it was told */
};

static enum lt_status fill_run(struct box_txn *txn, void *self)
{
    const struct box_fill *fill = self;
    log_know_key(txn, fill->key);
    log_know_note(txn, text_bytes("truc.example/log\n7\n"
                                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nposition 71\n"
                                  "time 2026-09-30T08:00:00.000Z\n\n"
                                  "\xe2\x80\x94 truc.example/log AAAAAAAA\n"));
    if (fill->refusal != NULL) {
        log_refusal_put(txn, fill->refusal);
    }
    if (fill->owed) {
        owed_put(txn, &(struct owed){.position = 5});
    }
    overdue_put(txn, fill->overdue_ms);
    axis_told(txn, fill->position);
    return LT_OK;
}

/* The box of the agency, open as its adapter has it. */
static struct box *box_with(struct desk *desk, struct box_fill fill)
{
    char path[CONFIG_PATH_BYTES + 32];
    struct box *box = NULL;
    struct fault fault;
    fault_init(&fault);
    snprintf(path, sizeof(path), "%s/" AGENCY, desk->config.data);
    assert_int_equal(folder_make(desk->config.data, 0700, &fault), LT_OK);
    assert_int_equal(folder_make(path, 0700, &fault), LT_OK);
    snprintf(path, sizeof(path), "%s/" AGENCY "/box.mdb", desk->config.data);
    assert_int_equal(box_open(&box, path, 64 << 20, clock_os(), entropy_os(), "test/1", &fault),
                     LT_OK);
    assert_int_equal(box_commit(box, fill_run, &fill), LT_OK);
    return box;
}

#define KEY_ONE "truc.example/log+01020304+AQAB"
#define KEY_TWO "truc.example/log+05060708+AQAC"

/* Each state of what the agency knows, beside the box's owner. LMDB keeps a process from opening a
 * store twice, so the owner lets go of it here before each look. */
static void looked(struct desk *desk, struct box_fill fill, uint32_t failures)
{
    struct box *box = box_with(desk, fill);
    box_close(&box);
    assert_int_equal(checked(desk, HOST_EN), failures);
}

static void what_is_known_of_the_log(void **state)
{
    struct desk *desk = *state;
    axis_admits(desk, AGENCY, false);
    snprintf(desk->log_key, sizeof(desk->log_key), KEY_ONE);
    axis_start(desk);
    assert_int_equal(checked(desk, HOST_EN), 0);
    assert_said(desk,
                "[note]   Key of the axis' log: " KEY_ONE " (told by the axis, not kept yet)");
    looked(desk, (struct box_fill){.key = KEY_ONE}, 0);
    assert_said(desk, "[note]   Key of the axis' log: " KEY_ONE " (kept from the first meeting)");
    assert_said(desk, "write it into log_key");
    assert_said(desk, "[ok]     Newest checkpoint believed: truc.example/log, 7, 2026-09-30");
    assert_said(desk, "[ok]     Receipts of the axis: frames kept 0, receipts missing 0\n");
    assert_said(desk, "[ok]     Last refusal of the log: none");

    looked(desk, (struct box_fill){.key = KEY_ONE, .position = 100}, 0);
    assert_said(desk, "[ok]     Journal of the axis against what was known: 100 / 100");
    struct log_refusal refusal = {
        .code = LT_LOG_FORKED, .time_ms = 1790000000000, .what = "receipt"};
    looked(desk, (struct box_fill){KEY_ONE, &refusal, 1790000000000, true, 100}, 2);
    assert_said(desk, "[failed] Receipts of the axis: frames kept 0, receipts missing 1, overdue "
                      "since 2026-09-21");
    assert_said(desk, "[failed] Last refusal of the log: log-forked (receipt), 2026-09-21");
    refusal.cleared_ms = 1790000000000;
    looked(desk, (struct box_fill){.key = KEY_ONE, .refusal = &refusal, .overdue_ms = 0}, 0);
    assert_said(desk, "[note]   Last refusal of the log: log-forked (receipt), 2026-09-21");
    looked(desk, (struct box_fill){.key = KEY_ONE, .refusal = &refusal, .position = 101}, 1);
    assert_said(desk, "[failed] Journal of the axis against what was known: 100 / 101");
    assert_int_equal(checked(desk, HOST_VI), 1);
    assert_said(desk, "Lần từ chối sổ gần nhất: log-forked (receipt), 2026-09-21");
}

/* What is believed, and what was refused, as the bytes they are. */
static void as_it_was_signed(void **state)
{
    struct desk *desk = *state;
    char *said = NULL;
    size_t size = 0;
    struct log_refusal refusal = {
        .code = LT_LOG_FORKED, .what = "root", .note = "refused\n", .note_size = 8};
    FILE *out = open_memstream(&said, &size);
    assert_int_equal(check_checkpoint(&desk->config, NULL, false, out), LT_NOT_FOUND);
    struct box *box = box_with(desk, (struct box_fill){.key = KEY_ONE, .refusal = &refusal});
    box_close(&box);
    assert_int_equal(check_checkpoint(&desk->config, "H26.99.5", false, out), LT_CONFIG_BAD);
    assert_int_equal(check_checkpoint(&desk->config, AGENCY, true, out), LT_OK);
    assert_int_equal(check_checkpoint(&desk->config, NULL, false, out), LT_OK);
    fclose(out);
    assert_memory_equal(said, "refused\ntruc.example/log\n7\n", 27);
    free(said);
}

static void which_key_counts(void **state)
{
    struct desk *desk = *state;
    axis_admits(desk, AGENCY, false);
    snprintf(desk->log_key, sizeof(desk->log_key), KEY_TWO);
    axis_start(desk);
    looked(desk, (struct box_fill){.key = KEY_ONE}, 1);
    assert_said(desk, "[failed] Key of the axis' log: " KEY_TWO " != " KEY_ONE);
    snprintf(desk->config.log_key, sizeof(desk->config.log_key), KEY_TWO);
    assert_int_equal(checked(desk, HOST_EN), 0);
    assert_said(desk, "[ok]     Key of the axis' log: " KEY_TWO " (pinned by log_key)");
    snprintf(desk->config.log_key, sizeof(desk->config.log_key), KEY_ONE);
    assert_int_equal(checked(desk, HOST_VI), 1);
    assert_said(desk, "[lỗi]    Khóa sổ minh bạch của trục: " KEY_TWO " != " KEY_ONE);
    snprintf(desk->config.log_key, sizeof(desk->config.log_key), "/nonexistent/key");
    assert_int_equal(checked(desk, HOST_EN), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(everything_in_order),
        TEST(clocks_apart),
        TEST(somebody_elses_key),
        TEST(unknown_key),
        TEST(revoked_key),
        TEST(another_axis),
        TEST(no_axis),
        TEST(keys_out_of_order),
        TEST(port_in_use),
        TEST(what_is_known_of_the_log),
        TEST(which_key_counts),
        TEST(as_it_was_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
