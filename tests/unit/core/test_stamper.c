/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The stamper against an authority on loopback: stamps as they should be, the authority away before
 * the first one ever (R12), a second start on the same checkpoint (R13), and everything an
 * authority can do wrong. Pauses are short here; what is asserted is what happened, not how fast.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "broker/core/stamper.h"
#include "harness/tsa.h"
#include "proto/base/clock_os.h"

#define WITHIN_MS 60000

struct log {
    uint64_t size;
    char note[64];
};

struct world {
    struct tsa *tsa;
    char folder[64];
    struct log log;
    struct stamper *stamper;
    struct stamper_options options;
};

static struct world world;

static bool newest(void *self, uint64_t *ret_size, uint8_t note[STAMPER_NOTE_BYTES_MAX],
                   size_t *ret_note_size)
{
    const struct log *log = self;
    *ret_size = log->size;
    *ret_note_size = strlen(log->note);
    memcpy(note, log->note, *ret_note_size);
    return log->size > 0;
}

static void grow(uint64_t size)
{
    world.log.size = size;
    snprintf(world.log.note, sizeof(world.log.note), "truc.thu\n%d\n", (int)size);
}

static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.tsa = tsa_open();
    snprintf(world.folder, sizeof(world.folder), "/tmp/lt-stamps-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    world.options = (struct stamper_options){.folder = world.folder,
                                             .url = tsa_url(world.tsa),
                                             .trust = tsa_root(world.tsa),
                                             .every_ms = 3600000,
                                             .retry_ms = 20,
                                             .call_ms = 20000,
                                             .source = {&world.log, newest},
                                             .clock = clock_os(),
                                             .entropy = entropy_os()};
    grow(5);
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    stamper_close(&world.stamper);
    tsa_close(world.tsa);
    snprintf(command, sizeof(command), "rm -rf %s", world.folder);
    return system(command); /* NOLINT(cert-env33-c) */
}

static void start(void)
{
    struct fault fault;
    fault_init(&fault);
    if (stamper_open(&world.stamper, &world.options, &fault) != LT_OK) {
        fail_msg("%s: %s", fault.field, fault.detail);
    }
}

static int64_t now_ms(void)
{
    return clock_os()->wall_ms(clock_os()->self);
}

static struct stamper_state await_stamp(uint64_t size)
{
    struct stamper_state state;
    int64_t end_ms = now_ms() + WITHIN_MS;
    do {
        assert_true(now_ms() < end_ms);
        usleep(5000);
        stamper_state(world.stamper, &state);
    } while (state.size != size);
    return state;
}

static struct stamper_state await_failure(const char *why)
{
    struct stamper_state state;
    int64_t end_ms = now_ms() + WITHIN_MS;
    do {
        assert_true(now_ms() < end_ms);
        usleep(5000);
        stamper_state(world.stamper, &state);
    } while (state.failures == 0 || strcmp(state.why, why) != 0);
    return state;
}

static bool there(uint64_t size, const char *kind)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%020d.%s", world.folder, (int)size, kind);
    return access(path, R_OK) == 0;
}

static void test_stamps(void **unused)
{
    (void)unused;
    start();
    struct stamper_state state = await_stamp(5);
    assert_in_range(state.time_ms, now_ms() - WITHIN_MS, now_ms() + 2000);
    assert_int_equal(state.failures, 0);
    assert_false(stamper_late(&state, world.options.every_ms, now_ms()));
    assert_true(there(5, "tsr") && there(5, "note"));
    stamper_close(&world.stamper);
    /* The stock program says the same of the two files. */
    char command[512];
    snprintf(command, sizeof(command),
             "openssl ts -verify -in %s/%020d.tsr -data %s/%020d.note -CAfile %s >/dev/null 2>&1",
             world.folder, 5, world.folder, 5, tsa_root(world.tsa));
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

/* R13: the same checkpoint is not stamped twice, over any number of starts. */
static void test_second_start(void **unused)
{
    (void)unused;
    struct stamper_state first;
    start();
    first = await_stamp(5);
    stamper_close(&world.stamper);
    world.options.every_ms = 1; /* due at once */
    for (int i = 0; i < 3; i++) {
        start();
        usleep(50000);
        struct stamper_state again;
        stamper_state(world.stamper, &again);
        assert_int_equal(again.size, 5);
        assert_int_equal(again.time_ms, first.time_ms);
        stamper_close(&world.stamper);
    }
    assert_int_equal(tsa_asked(world.tsa), 1);
    grow(9);
    start();
    (void)await_stamp(9);
    assert_int_equal(tsa_asked(world.tsa), 2);
}

/* R12: away before the first token ever; one stamp makes good for all of it. */
static void test_away_before_the_first(void **unused)
{
    (void)unused;
    const char *real = world.options.url;
    world.options.url = "http://127.0.0.1:9/tsa"; /* nobody listens there */
    start();
    struct stamper_state state = await_failure("no-answer");
    assert_int_equal(state.size, 0);
    assert_true(stamper_late(&state, world.options.every_ms, now_ms())); /* there never was one */
    assert_false(there(5, "tsr"));
    stamper_close(&world.stamper);
    grow(7000);
    world.options.url = real;
    start();
    state = await_stamp(7000);
    assert_int_equal(state.failures, 0);
    assert_false(there(5, "tsr"));
    assert_int_equal(tsa_asked(world.tsa), 1);
}

static void test_wrong_in_every_way(void **unused)
{
    (void)unused;
    static const struct {
        enum tsa_mood mood;
        const char *why;
    } ways[] = {
        {TSA_LOGIN, "not-a-reply"}, {TSA_BROKEN, "not-a-reply"}, {TSA_TRAILING, "trailing-bytes"},
        {TSA_LONG, "too-long"},     {TSA_AGAIN, "wrong-nonce"},  {TSA_FOREIGN, "chain"},
    };
    tsa_mood(world.tsa, TSA_LOGIN);
    start();
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        tsa_mood(world.tsa, ways[i].mood);
        (void)await_failure(ways[i].why);
        assert_false(there(5, "tsr"));
    }
    tsa_mood(world.tsa, TSA_GOOD);
    (void)await_stamp(5);
}

/* A call that does not end is ended: by its time, and by the end of the broker. */
static void test_silent(void **unused)
{
    (void)unused;
    tsa_mood(world.tsa, TSA_SILENT);
    world.options.call_ms = 100;
    start();
    (void)await_failure("no-answer");
    stamper_close(&world.stamper);
    world.options.call_ms = 0;
    unsigned asked = tsa_asked(world.tsa);
    start();
    tsa_mood(world.tsa, TSA_SILENT);
    int64_t end_ms = now_ms() + WITHIN_MS;
    while (tsa_asked(world.tsa) == asked) {
        assert_true(now_ms() < end_ms);
        usleep(5000);
        /* The one before may still be in the authority's hands. */
        tsa_mood(world.tsa, TSA_BROKEN);
        usleep(20000);
        tsa_mood(world.tsa, TSA_SILENT);
    }
    stamper_close(&world.stamper); /* returns, or the test runs into its time limit */
    assert_false(there(5, "tsr"));
}

/* A reload names another authority: taken up at once, whatever was failing; none: nobody is asked.
 */
static void test_change(void **unused)
{
    (void)unused;
    struct fault fault;
    const char *real = world.options.url;
    fault_init(&fault);
    world.options.url = "http://127.0.0.1:9/tsa";
    world.options.retry_ms = 600000;
    start();
    (void)await_failure("no-answer");
    world.options.url = real;
    world.options.trust = "/nowhere/goc.pem";
    assert_int_equal(stamper_change(world.stamper, &world.options, &fault), LT_CONFIG_BAD);
    world.options.trust = tsa_root(world.tsa);
    assert_int_equal(stamper_change(world.stamper, &world.options, &fault), LT_OK);
    struct stamper_state state = await_stamp(5);
    assert_int_equal(state.failures, 0);
    world.options.url = "";
    world.options.every_ms = 1;
    assert_int_equal(stamper_change(world.stamper, &world.options, &fault), LT_OK);
    grow(6);
    usleep(50000);
    assert_int_equal(tsa_asked(world.tsa), 1);
    world.options.url = real;
    assert_int_equal(stamper_change(world.stamper, &world.options, &fault), LT_OK);
    (void)await_stamp(6);
}

static void test_no_checkpoint_yet(void **unused)
{
    (void)unused;
    world.log.size = 0;
    start();
    usleep(50000);
    struct stamper_state state;
    stamper_state(world.stamper, &state);
    assert_int_equal(state.failures, 0);
    assert_int_equal(tsa_asked(world.tsa), 0);
}

static void test_bad_trust(void **unused)
{
    (void)unused;
    struct fault fault;
    fault_init(&fault);
    world.options.trust = "/nowhere/goc.pem";
    assert_int_equal(stamper_open(&world.stamper, &world.options, &fault), LT_CONFIG_BAD);
    assert_null(world.stamper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stamps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_away_before_the_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_in_every_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_checkpoint_yet, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_trust, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
