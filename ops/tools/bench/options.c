/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The command line of lt-bench. Every number has bounds and every combination that would measure
 * something else than what was asked for is refused, because a bench that quietly corrects its
 * input is believed all the same.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include <lienthong/types.h>

enum option_code {
    OPT_AGENCIES = 1000,
    OPT_SENDERS,
    OPT_RECEIVERS,
    OPT_WINDOW,
    OPT_SIZE,
    OPT_SECONDS,
    OPT_WARMUP,
    OPT_LANES,
    OPT_UNTIL,
    OPT_BATCH,
    OPT_SEALED,
    OPT_NOTICES,
    OPT_JSON,
    OPT_KEEP,
    OPT_BROKER_BIN,
    OPT_FOLDER,
    OPT_ENDPOINT,
    OPT_SERVER_KEY,
    OPT_OPERATOR_KEY,
    OPT_PID,
    OPT_BACKLOG,
    OPT_PEERS,
    OPT_HOLD_WINDOWS,
    OPT_SESSIONS,
    OPT_IDLE,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"agencies", required_argument, NULL, OPT_AGENCIES},
    {"senders", required_argument, NULL, OPT_SENDERS},
    {"receivers", required_argument, NULL, OPT_RECEIVERS},
    {"window", required_argument, NULL, OPT_WINDOW},
    {"size", required_argument, NULL, OPT_SIZE},
    {"seconds", required_argument, NULL, OPT_SECONDS},
    {"warmup", required_argument, NULL, OPT_WARMUP},
    {"lanes", required_argument, NULL, OPT_LANES},
    {"until", required_argument, NULL, OPT_UNTIL},
    {"batch", required_argument, NULL, OPT_BATCH},
    {"sealed", no_argument, NULL, OPT_SEALED},
    {"notices", no_argument, NULL, OPT_NOTICES},
    {"json", no_argument, NULL, OPT_JSON},
    {"keep", no_argument, NULL, OPT_KEEP},
    {"broker-bin", required_argument, NULL, OPT_BROKER_BIN},
    {"folder", required_argument, NULL, OPT_FOLDER},
    {"endpoint", required_argument, NULL, OPT_ENDPOINT},
    {"server-key", required_argument, NULL, OPT_SERVER_KEY},
    {"operator-key", required_argument, NULL, OPT_OPERATOR_KEY},
    {"pid", required_argument, NULL, OPT_PID},
    {"backlog", required_argument, NULL, OPT_BACKLOG},
    {"peers", required_argument, NULL, OPT_PEERS},
    {"hold-windows", no_argument, NULL, OPT_HOLD_WINDOWS},
    {"sessions", required_argument, NULL, OPT_SESSIONS},
    {"idle", no_argument, NULL, OPT_IDLE},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

void options_usage(FILE *out)
{
    (void)fputs(
        "usage: lt-bench [options]\n"
        "  --agencies N      agencies registered and connected (senders + receivers)\n"
        "  --senders N       agencies that submit (4)\n"
        "  --receivers N     agencies that take and settle (4)\n"
        "  --window W        parcels of one sender on their way, legs at one receiver (64)\n"
        "  --size BYTES      of a body (1024)\n"
        "  --seconds S       measured (10), after --warmup S (1)\n"
        "  --lanes N         different cases (100000)\n"
        "  --until WHAT      accepted or settled: what gives room in a window (accepted)\n"
        "  --batch N         parcels of one Submit, at most (64)\n"
        "  --sealed          senders seal every Submit with a P-256 key of their own\n"
        "  --notices         senders take their notices\n"
        "  --json            one JSON object on the last line\n"
        "Broker: an own one is made, started and stopped, unless an endpoint is given.\n"
        "  --broker-bin PATH lienthongd (beside lt-bench)\n"
        "  --folder PATH     where its folder is made (/var/tmp); --keep leaves it there\n"
        "  --endpoint E --server-key KEY --operator-key FILE [--pid PID]\n"
        "Other measurements:\n"
        "  --backlog N                 N legs for an absent agency, then the broker's memory\n"
        "  --peers N --hold-windows    N peers fill their windows and read nothing\n"
        "  --sessions N --idle         N sessions that only beat, for --seconds\n",
        out);
}

static enum lt_status read_number(const char *name, const char *text, uint32_t least, uint32_t most,
                                  uint32_t *ret_value, struct fault *fault)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || end == text || end[0] != '\0' || text[0] == '-' || value < least ||
        value > most) {
        return fault_set(fault, LT_FIELD_BAD, name, "\"%s\": %u..%u", text, least, most);
    }
    *ret_value = (uint32_t)value;
    return LT_OK;
}

static enum lt_status read_until(const char *text, enum bench_until *ret_until, struct fault *fault)
{
    if (strcmp(text, "accepted") == 0) {
        *ret_until = UNTIL_ACCEPTED;
    } else if (strcmp(text, "settled") == 0) {
        *ret_until = UNTIL_SETTLED;
    } else {
        return fault_set(fault, LT_FIELD_BAD, "--until", "\"%s\": accepted|settled", text);
    }
    return LT_OK;
}

/* Options that hold a number; LT_NOT_FOUND for the others. */
static enum lt_status take_number(struct bench_options *options, int code, struct fault *fault)
{
    const struct {
        int code;
        const char *name;
        uint32_t least;
        uint32_t most;
        uint32_t *value;
    } numbers[] = {
        {OPT_AGENCIES, "--agencies", 1, BENCH_AGENCIES_MAX, &options->agencies},
        {OPT_SENDERS, "--senders", 1, BENCH_AGENCIES_MAX, &options->senders},
        {OPT_RECEIVERS, "--receivers", 1, BENCH_AGENCIES_MAX, &options->receivers},
        {OPT_WINDOW, "--window", 1, BENCH_WINDOW_MAX, &options->window},
        {OPT_SIZE, "--size", 0, BENCH_SIZE_MAX, &options->size},
        {OPT_SECONDS, "--seconds", 1, 86400, &options->seconds},
        {OPT_WARMUP, "--warmup", 0, 3600, &options->warmup_seconds},
        {OPT_LANES, "--lanes", 1, 10000000, &options->lanes},
        {OPT_PID, "--pid", 1, INT32_MAX, &options->pid},
        {OPT_BATCH, "--batch", 1, LT_PARCELS_PER_FRAME, &options->batch},
        {OPT_BACKLOG, "--backlog", 1, 100000000, &options->backlog},
        {OPT_PEERS, "--peers", 1, BENCH_AGENCIES_MAX, &options->agencies},
        {OPT_SESSIONS, "--sessions", 1, BENCH_AGENCIES_MAX, &options->agencies},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].code == code) {
            return read_number(numbers[i].name, optarg, numbers[i].least, numbers[i].most,
                               numbers[i].value, fault);
        }
    }
    return LT_NOT_FOUND;
}

static enum lt_status take_option(struct bench_options *options, int code, struct fault *fault)
{
    switch (code) {
    case OPT_UNTIL:
        return read_until(optarg, &options->until, fault);
    case OPT_SEALED:
        options->sealed = true;
        return LT_OK;
    case OPT_NOTICES:
        options->notices = true;
        return LT_OK;
    case OPT_JSON:
        options->json = true;
        return LT_OK;
    case OPT_KEEP:
        options->keep = true;
        return LT_OK;
    case OPT_BROKER_BIN:
        options->broker_bin = optarg;
        return LT_OK;
    case OPT_FOLDER:
        options->folder = optarg;
        return LT_OK;
    case OPT_ENDPOINT:
        options->endpoint = optarg;
        return LT_OK;
    case OPT_SERVER_KEY:
        options->server_key = optarg;
        return LT_OK;
    case OPT_OPERATOR_KEY:
        options->operator_key = optarg;
        return LT_OK;
    case OPT_HOLD_WINDOWS:
        options->mode = BENCH_HOLD;
        return LT_OK;
    case OPT_IDLE:
        options->mode = BENCH_IDLE;
        return LT_OK;
    default:
        return take_number(options, code, fault);
    }
}

static enum lt_status check_together(struct bench_options *options, struct fault *fault)
{
    if (options->backlog > 0 && options->mode != BENCH_FLOW) {
        return fault_set(fault, LT_FIELD_BAD, "--backlog", "not with --hold-windows or --idle");
    }
    if (options->backlog > 0) {
        options->mode = BENCH_BACKLOG;
        options->receivers = 1; /* the absent one */
    }
    if (options->endpoint != NULL &&
        (options->server_key == NULL || options->operator_key == NULL)) {
        return fault_set(fault, LT_FIELD_MISSING, "--endpoint",
                         "needs --server-key and --operator-key");
    }
    if (options->mode == BENCH_HOLD || options->mode == BENCH_IDLE) {
        if (options->agencies == 0) {
            return fault_set(fault, LT_FIELD_MISSING, "--peers", "how many peers or --sessions");
        }
        options->senders = options->mode == BENCH_HOLD ? options->agencies : 0;
        options->receivers = 0;
        return LT_OK;
    }
    uint32_t least = options->senders + options->receivers;
    if (options->agencies == 0) {
        options->agencies = least;
    }
    if (options->agencies < least || options->agencies > BENCH_AGENCIES_MAX) {
        return fault_set(fault, LT_FIELD_BAD, "--agencies",
                         "%u: senders and receivers are apart, so at least %u and at most %u",
                         options->agencies, least, BENCH_AGENCIES_MAX);
    }
    return LT_OK;
}

enum lt_status options_read(int count, char **arguments, struct bench_options *ret_options,
                            bool *ret_help, struct fault *fault)
{
    struct bench_options options = {
        .senders = 4,
        .receivers = 4,
        .window = 64,
        .size = 1024,
        .seconds = 10,
        .warmup_seconds = 1,
        .lanes = 100000,
        .batch = LT_PARCELS_PER_FRAME,
        .folder = "/var/tmp",
    };
    int code;
    optind = 0; /* a second reading in one process starts over */
    opterr = 0;
    while ((code = getopt_long(count, arguments, ":", long_options, NULL)) != -1) {
        if (code == OPT_HELP) {
            *ret_help = true;
            return LT_OK;
        }
        if (code == '?' || code == ':') {
            return fault_set(fault, LT_FIELD_BAD, arguments[optind - 1],
                             code == '?' ? "no such option" : "needs a value");
        }
        enum lt_status status = take_option(&options, code, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    if (optind < count) {
        return fault_set(fault, LT_FIELD_BAD, arguments[optind], "not an option");
    }
    enum lt_status status = check_together(&options, fault);
    if (status != LT_OK) {
        return status;
    }
    *ret_help = false;
    *ret_options = options;
    return LT_OK;
}
