/* SPDX-License-Identifier: EUPL-1.2 */
/* The command line of lt-bench: defaults, bounds, what does not go together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ops/tools/bench/options.h"

#define ARGUMENTS_MAX 32

/* Reads a line of words apart by blanks. */
static enum lt_status read_line(const char *line, struct bench_options *options, bool *help,
                                struct fault *fault)
{
    static char copy[512];
    char *arguments[ARGUMENTS_MAX] = {(char[]){"lt-bench"}};
    int count = 1;
    char *rest = NULL;
    (void)strncpy(copy, line, sizeof(copy) - 1);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < ARGUMENTS_MAX - 1;
         word = strtok_r(NULL, " ", &rest)) {
        arguments[count++] = word;
    }
    arguments[count] = NULL;
    fault_init(fault);
    return options_read(count, arguments, options, help, fault);
}

static void assert_good(const char *line, struct bench_options *ret_options)
{
    bool help = true;
    struct fault fault;
    assert_int_equal(read_line(line, ret_options, &help, &fault), LT_OK);
    assert_false(help);
}

static void assert_bad(const char *line, enum lt_status status, const char *field)
{
    struct bench_options options;
    bool help = false;
    struct fault fault;
    assert_int_equal(read_line(line, &options, &help, &fault), status);
    assert_string_equal(fault.field, field);
}

static void test_defaults(void **state)
{
    (void)state;
    struct bench_options options;
    assert_good("", &options);
    assert_int_equal(options.mode, BENCH_FLOW);
    assert_int_equal(options.agencies, 8);
    assert_int_equal(options.window, 64);
    assert_int_equal(options.size, 1024);
    assert_int_equal(options.until, UNTIL_ACCEPTED);
    assert_false(options.json);
    assert_int_equal(options.batch, 64);
    assert_false(options.sealed);
}

static void test_seals(void **state)
{
    (void)state;
    struct bench_options options;
    assert_good("--sealed --batch 1", &options);
    assert_true(options.sealed);
    assert_int_equal(options.batch, 1);
    assert_bad("--batch 65", LT_FIELD_BAD, "--batch");
    assert_bad("--batch 0", LT_FIELD_BAD, "--batch");
}

static void test_all_of_the_flow(void **state)
{
    (void)state;
    struct bench_options options;
    assert_good("--agencies 150 --senders 75 --receivers 70 --window 1024 --size 0 --seconds 3 "
                "--json --until settled",
                &options);
    assert_int_equal(options.agencies, 150);
    assert_int_equal(options.senders, 75);
    assert_int_equal(options.receivers, 70);
    assert_int_equal(options.window, 1024);
    assert_int_equal(options.size, 0);
    assert_int_equal(options.seconds, 3);
    assert_int_equal(options.until, UNTIL_SETTLED);
    assert_true(options.json);
}

static void test_other_modes(void **state)
{
    (void)state;
    struct bench_options options;
    assert_good("--backlog 1000000", &options);
    assert_int_equal(options.mode, BENCH_BACKLOG);
    assert_int_equal(options.receivers, 1);
    assert_int_equal(options.agencies, 5);
    assert_good("--peers 1000 --hold-windows", &options);
    assert_int_equal(options.mode, BENCH_HOLD);
    assert_int_equal(options.agencies, 1000);
    assert_int_equal(options.senders, 1000);
    assert_good("--sessions 150 --idle", &options);
    assert_int_equal(options.mode, BENCH_IDLE);
    assert_bad("--backlog 5 --idle", LT_FIELD_BAD, "--backlog");
    assert_bad("--hold-windows", LT_FIELD_MISSING, "--peers");
}

static void test_bounds(void **state)
{
    (void)state;
    struct bench_options options;
    assert_good("--size 65536 --window 65536", &options);
    assert_bad("--size 65537", LT_FIELD_BAD, "--size");
    assert_bad("--window 65537", LT_FIELD_BAD, "--window");
    assert_bad("--window 0", LT_FIELD_BAD, "--window");
    assert_bad("--seconds -1", LT_FIELD_BAD, "--seconds");
    assert_bad("--seconds 1x", LT_FIELD_BAD, "--seconds");
    assert_good("--agencies 8", &options);
    assert_bad("--agencies 7", LT_FIELD_BAD, "--agencies");
    assert_bad("--senders 2000 --receivers 2001", LT_FIELD_BAD, "--agencies");
}

static void test_words(void **state)
{
    (void)state;
    struct bench_options options;
    bool help = false;
    struct fault fault;
    assert_int_equal(read_line("--help", &options, &help, &fault), LT_OK);
    assert_true(help);
    assert_bad("--until never", LT_FIELD_BAD, "--until");
    assert_bad("--colour", LT_FIELD_BAD, "--colour");
    assert_bad("--window", LT_FIELD_BAD, "--window");
    assert_bad("more", LT_FIELD_BAD, "more");
    assert_bad("--endpoint tcp://127.0.0.1:7760", LT_FIELD_MISSING, "--endpoint");
    assert_good("--endpoint tcp://127.0.0.1:7760 --server-key k --operator-key o", &options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),        cmocka_unit_test(test_seals),
        cmocka_unit_test(test_all_of_the_flow), cmocka_unit_test(test_other_modes),
        cmocka_unit_test(test_bounds),          cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
