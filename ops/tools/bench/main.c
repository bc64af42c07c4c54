/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lt-bench: many agencies on the session layer, without outbox, against one broker. Wiring only:
 * the options, the broker (first, before any thread), the sockets, one run, the report.
 *
 * Exit codes: 0 measured and sound; 1 measured, but something was lost, doubled or refused;
 * 2 usage; 3 could not measure.
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "process.h"
#include "proto/base/clock_os.h"
#include "run.h"

#define EXIT_UNSOUND 1
#define EXIT_USAGE   2
#define EXIT_FAILED  3

static int64_t micros(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        abort();
    }
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int fail(const struct fault *fault, int code)
{
    (void)fprintf(stderr, "lt-bench: %s: %s (%s)\n", fault->field, fault->detail,
                  lt_code(fault->status));
    return code;
}

static enum lt_status measure(const struct bench_options *options, const struct broker *broker,
                              struct report *ret_report, struct fault *fault)
{
    struct net *net = NULL;
    struct stage *stage = calloc(1, sizeof(*stage));
    if (stage == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "stage", "no memory");
    }
    stage->clock = clock_os();
    stage->entropy = entropy_os();
    stage->micros = micros;
    stage->options = options;
    enum lt_status status = net_open(&net, 1, fault);
    if (status == LT_OK) {
        status = run_bench(stage, net, broker, ret_report, fault);
        net_close(&net);
    }
    free(stage);
    return status;
}

int main(int count, char **arguments)
{
    struct bench_options options;
    struct fault fault;
    bool help = false;
    fault_init(&fault);
    enum lt_status status = options_read(count, arguments, &options, &help, &fault);
    if (status != LT_OK) {
        options_usage(stderr);
        return fail(&fault, EXIT_USAGE);
    }
    if (help) {
        options_usage(stdout);
        return EXIT_SUCCESS;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)process_files_max();
    struct broker broker;
    struct report report;
    struct fault last;
    fault_init(&last);
    status = broker_open(&broker, &options, arguments[0], &fault);
    if (status == LT_OK) {
        status = measure(&options, &broker, &report, &fault);
    }
    broker.keep = broker.keep || status != LT_OK;
    if (broker_close(&broker, &last) != LT_OK && status == LT_OK) {
        return fail(&last, EXIT_FAILED);
    }
    if (status != LT_OK) {
        return fail(&fault, EXIT_FAILED);
    }
    report_print(&report, &options, stdout);
    return report_is_bad(&report, &options) ? EXIT_UNSOUND : EXIT_SUCCESS;
}
