/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lienthongd: wiring only. Reads the configuration, checks the machine's limits, opens the real
 * clock, sockets, journal and state, and turns until SIGTERM (drain, Bye, flush) or a stop class.
 *
 * Exit codes: 0 clean; 2 usage; 64 the start failed; 70 the journal or state could not be written
 * (nothing was acknowledged after it; a restart verifies and resumes); 71 damage; 72 a page of a
 * store could not be read (SIGBUS); 73 another process holds the journal; 74 the journal or the
 * base was written by another release; 78 configuration.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "broker/blobs/blobs.h"
#include "broker/control/operators.h"
#include "broker/core/blob_desk.h"
#include "broker/core/broker.h"
#include "broker/core/enrol_desk.h"
#include "broker/core/keys.h"
#include "broker/core/log_start.h"
#include "broker/core/ports.h"
#include "broker/core/restored_mark.h"
#include "broker/core/safe_start.h"
#include "broker/core/stamps.h"
#include "broker/core/watch.h"
#include "broker/journal/scrub.h"
#include "broker/limits.h"
#include "broker/log/log.h"
#include "broker/registry/config.h"
#include "broker/state/base.h"
#include "proto/base/clock_os.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/keyfile.h"
#include "settings.h"

#define DRAIN_MS_MAX   3000
#define FILES_RESERVED 256
#define SCRUB_REST_MS  (60 * 60 * 1000)

struct house {
    const char *config_path;
    struct config config;
    struct ports ports;
    struct backend_lmdb *backend;
    struct operators *operators;
    struct broker *broker;
    struct blob_desk *blob_desk;
    struct blobs *blobs;
    struct enrol_desk enrol;
    struct watch *watch;
    struct keys keys;
    struct safe_start safe_start;
    struct scrub *scrub;
    struct log_signer *signer;
    struct stamps stamps;
    struct restored_mark restored;
    uint32_t restored_above; /* the incarnation that the log has reached */
    bool restored_here;      /* the mark of a restore waits until its declaration is durable */
    int signals;
    bool reload;
    bool stop;
};

static void on_bus(int signal_number)
{
    static const char text[] = "lienthongd: a page of a store could not be read (SIGBUS)\n";
    (void)signal_number;
    /* Nothing else is safe here; the page is gone and so is what stood on it. */
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
        _exit(EXIT_BUS);
    }
    _exit(EXIT_BUS);
}

/* For the handler of a crash; main sets it. */
static struct trail *crash_trail;

static void on_crash(int signal_number)
{
    struct timespec now;
    if (crash_trail != NULL && clock_gettime(CLOCK_REALTIME, &now) == 0) {
        trail_crashed(crash_trail, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    }
    (void)raise(signal_number); /* the handler was for once: this time it ends the process */
}

static int fail(enum lt_status status, const struct fault *fault)
{
    const struct lt_error *error = lt_error(status);
    log_error("stop", "code=%s field=%s detail=%s line=%d", error->code, fault->field,
              fault->detail, fault->line);
    fprintf(stderr, "lienthongd: %s%s%s%s%s\n  %s\n", fault->field,
            fault->field[0] == '\0' ? "" : ": ", error->vi, fault->detail[0] == '\0' ? "" : " ",
            fault->detail, error->do_vi);
    return settings_exit_code(status);
}

static enum lt_status check_machine(struct fault *fault)
{
    struct rlimit files;
    rlim_t needed = 4 * 1024 + FILES_RESERVED;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return fault_set(fault, LT_IO, "RLIMIT_NOFILE", "%s", strerror(errno));
    }
    if (files.rlim_cur < needed && files.rlim_max >= needed) {
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
            return fault_set(fault, LT_LIMIT_BAD, "RLIMIT_NOFILE", "%s", strerror(errno));
        }
    }
    if (files.rlim_cur < needed) {
        return fault_set(fault, LT_LIMIT_BAD, "RLIMIT_NOFILE", "%llu, needed are %llu",
                         (unsigned long long)files.rlim_cur, (unsigned long long)needed);
    }
    struct rlimit core = {0, 0};
    if (setrlimit(RLIMIT_CORE, &core) != 0) {
        return fault_set(fault, LT_IO, "RLIMIT_CORE", "%s", strerror(errno));
    }
    return LT_OK;
}

/* A folder that `ltctl restore` filled: the person must be one of ours, an approver or above. */
static enum lt_status look_for_restore(struct house *house, struct fault *fault)
{
    enum lt_status status = restored_mark_read(house->config.data, &house->restored, fault);
    if (status == LT_NOT_FOUND) {
        return LT_OK;
    }
    if (status != LT_OK) {
        return status;
    }
    const struct operator_entry *entry = config_operator(&house->config, house->restored.person);
    if (entry == NULL || entry->role < OPERATOR_APPROVER) {
        return fault_set(fault, LT_CONFIG_BAD, RESTORED_MARK_NAME,
                         "%s stands not under operators as %s or above: ltctl restore declare",
                         house->restored.person, operator_role_name(OPERATOR_APPROVER));
    }
    house->restored_here = true;
    log_warn("restore-declared", "by=%s", house->restored.person);
    char folder[sizeof(house->config.data) + 8];
    snprintf(folder, sizeof(folder), "%s/log", house->config.data);
    return log_began(folder, house->config.log_origin, &house->restored_above, fault);
}

static enum lt_status catch_crashes(struct fault *fault)
{
    static const int signals[] = {SIGSEGV, SIGABRT, SIGFPE, SIGILL};
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_crash;
    action.sa_flags = (int)SA_RESETHAND | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (sigaction(signals[i], &action, NULL) != 0) {
            return fault_set(fault, LT_IO, "signals", "%s", strerror(errno));
        }
    }
    return LT_OK;
}

/* What crashed the last lives is set aside; from now on it is noted what this one is at. */
static enum lt_status open_safe_start(struct house *house, struct fault *fault)
{
    enum lt_status status = folder_make(house->config.data, 0700, fault);
    if (status == LT_OK) {
        status = safe_start_open(&house->safe_start, house->config.data,
                                 clock_os()->wall_ms(clock_os()->self), fault);
    }
    crash_trail = house->safe_start.trail;
    return status == LT_OK ? catch_crashes(fault) : status;
}

static enum lt_status open_signals(struct house *house, struct fault *fault)
{
    sigset_t set;
    struct sigaction bus;
    memset(&bus, 0, sizeof(bus));
    bus.sa_handler = on_bus;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || sigaction(SIGBUS, &bus, NULL) != 0) {
        return fault_set(fault, LT_IO, "signals", "%s", strerror(errno));
    }
    signal(SIGPIPE, SIG_IGN);
    house->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (house->signals < 0) {
        return fault_set(fault, LT_IO, "signals", "%s", strerror(errno));
    }
    return LT_OK;
}

static void take_signals(struct house *house)
{
    struct signalfd_siginfo info;
    while (read(house->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP) {
            house->reload = true;
        } else {
            house->stop = true;
        }
    }
}

static enum lt_status journal_free(void *self, uint64_t *ret_bytes)
{
    const struct house *house = self;
    if (house->backend != NULL) {
        (void)backend_lmdb_reserve(house->backend); /* made anew when there is room again */
    }
    return disk_free(house->config.data, ret_bytes, NULL);
}

static bool stamps_now(void *self, int64_t now_ms, struct operators_stamps *ret_stamps)
{
    struct house *house = self;
    return stamps_about(&house->stamps, now_ms, ret_stamps);
}

static void progress(void *self, uint64_t position, uint64_t last)
{
    (void)self;
    sd_notifyf(0, "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=refold %llu / %llu",
               (unsigned long long)position, (unsigned long long)last);
}

static enum lt_status read_trust(const struct config *config, struct trust **ret_trust,
                                 struct fault *fault)
{
    struct trust_files files = {.anchors = config->trust_list,
                                .crls = config->trust_crl,
                                .grace_ms = (int64_t)config->crl_grace_hours * 3600 * 1000};
    return trust_open(&files, ret_trust, fault);
}

/* Codes of sensitive procedures are shown as tokens, made with what only this broker knows. */
static enum lt_status open_mask(struct house *house, struct fault *fault)
{
    struct lt_key secret;
    enum lt_status status = keyfile_read_secret(house->config.secret_key, &secret, fault);
    if (status == LT_OK) {
        status =
            operators_mask(house->operators, (struct lt_bytes){secret.bytes, sizeof(secret.bytes)});
        explicit_bzero(&secret, sizeof(secret));
    }
    return status;
}

static enum lt_status open_broker(struct house *house, struct fault *fault)
{
    const struct config *config = &house->config;
    static char state_path[sizeof(config->data) + 16];
    static char base_path[sizeof(config->data) + 16];
    snprintf(state_path, sizeof(state_path), "%s/state.mdb", config->data);
    snprintf(base_path, sizeof(base_path), "%s/base", config->data);
    struct backend_lmdb_options backend = {.folder = config->data,
                                           .reserve_bytes = (uint64_t)RESERVE_BYTES};
    enum lt_status status = backend_lmdb_open(&house->backend, &backend, fault);
    if (status == LT_OK) {
        status = operators_open(&house->operators, &house->config);
    }
    if (status == LT_OK) {
        status = enrolments_open(&house->enrol.enrolments);
    }
    if (status == LT_OK) {
        status = open_mask(house, fault);
    }
    if (status != LT_OK) {
        return status;
    }
    enrolments_keep(house->enrol.enrolments, (int64_t)config->enrol_hours * 3600 * 1000);
    operators_enrolments(house->operators, house->enrol.enrolments);
    operators_tell(house->operators, &(struct operators_about){
                                         .started_ms = clock_os()->wall_ms(clock_os()->self),
                                         .started_mono_ms = clock_os()->mono_ms(clock_os()->self),
                                         .self = house,
                                         .disk_free = journal_free,
                                         .memory = process_memory,
                                         .stamps = stamps_now,
                                     });
    struct broker_options options = {
        .clock = clock_os(),
        .entropy = entropy_os(),
        .port = server_zmq_port(house->ports.server),
        .backend = backend_lmdb_door(house->backend),
        .state = {.path = state_path, .base = base_path},
        .settings = settings_flow(config),
        .operators = operators_door(house->operators),
        .enrol = enrol_desk_door(&house->enrol),
        .fetch_threads = 2,
        .verify_threads = 1,
        .owner = SOFTWARE,
        .disk_free = journal_free,
        .disk_self = house,
        .free_low_bytes = (uint64_t)config->free_low_mib * 1024 * 1024,
        .progress = progress,
    };
    if (house->restored_here) {
        options.restored_by = house->restored.person;
        options.restored_why = house->restored.reason;
        options.restored_to = house->restored.position;
        options.restored_above = house->restored_above;
    }
    safe_start_options(&house->safe_start, &options);
    struct trust *trust = NULL;
    status = read_trust(config, &trust, fault);
    if (status == LT_OK) {
        status = broker_open(&house->broker, &options, fault);
    }
    if (status == LT_OK) {
        safe_start_done(&house->safe_start);
        broker_trust(house->broker, &trust);
    }
    trust_close(&trust);
    return status;
}

static enum lt_status open_blobs(struct house *house, struct fault *fault)
{
    static char folder[sizeof(house->config.data) + 8];
    snprintf(folder, sizeof(folder), "%s/blobs", house->config.data);
    enum lt_status status =
        blob_desk_open(&house->blob_desk, (uint64_t)house->config.blob_quota_mib * 1024 * 1024);
    if (status != LT_OK) {
        return fault_set(fault, status, "blobs", "no memory");
    }
    struct blobs_options options = {
        .folder = folder,
        .port = server_zmq_port(house->ports.blob_server),
        .clock = clock_os(),
        .rights = blob_desk_rights(house->blob_desk),
        .policy = settings_blobs(&house->config),
    };
    entropy_os()->fill(entropy_os()->self, &options.seed, sizeof(options.seed));
    status = blobs_open(&house->blobs, &options, fault);
    if (status == LT_OK) {
        blob_desk_attach(house->blob_desk, house->blobs);
        broker_attach(house->broker, house->blob_desk);
    }
    return status;
}

static enum lt_status open_log(struct house *house, struct fault *fault)
{
    static char folder[sizeof(house->config.data) + 8];
    const char *next_key = house->config.log_signing_key_next;
    snprintf(folder, sizeof(folder), "%s/log", house->config.data);
    struct log_start start = {.backend = backend_lmdb_door(house->backend),
                              .folder = folder,
                              .name = house->config.log_origin,
                              .signing_key = house->config.log_signing_key,
                              .signing_key_next = next_key[0] == '\0' ? NULL : next_key,
                              .checkpoint_ms = house->config.log_checkpoint_ms,
                              .restored = house->restored_here};
    return log_start(&house->signer, house->broker, &start, clock_os(), fault);
}

static enum lt_status apply_stamps(struct house *house, struct fault *fault)
{
    struct log_door log = log_signer_door(house->signer);
    return stamps_apply(&house->stamps, &log, &house->config, clock_os(), entropy_os(), fault);
}

static enum lt_status read_base(void *self, bool (*pace)(void *context, uint64_t bytes),
                                void *context)
{
    const struct house *house = self;
    char path[sizeof(house->config.data) + 16];
    snprintf(path, sizeof(path), "%s/base", house->config.data);
    return base_walk(path, pace, context, NULL);
}

static enum lt_status open_scrub(struct house *house, struct fault *fault)
{
    struct scrub_options options = {
        .backend = backend_lmdb_door(house->backend),
        .bytes_per_s = (uint64_t)house->config.scrub_kib_s * 1024,
        .rest_ms = SCRUB_REST_MS,
    };
    if (journal_first(broker_flow(house->broker)->journal) > 1) {
        options.base = read_base;
        options.base_self = house;
    }
    if (options.bytes_per_s == 0) {
        return LT_OK;
    }
    enum lt_status status = scrub_open(&house->scrub, &options, fault);
    if (status == LT_OK) {
        broker_attach_scrub(house->broker, house->scrub);
    }
    return status;
}

static void reload(struct house *house)
{
    struct config next;
    struct fault fault;
    fault_init(&fault);
    house->reload = false;
    enum lt_status status = config_read(house->config_path, &next, &fault);
    struct trust *trust = NULL;
    if (status == LT_OK) {
        status = read_trust(&next, &trust, &fault);
    }
    if (status == LT_OK) {
        status = stamps_check(&next, &fault);
    }
    if (status == LT_OK) {
        status = config_reload(&house->config, &next, &fault);
    }
    if (status != LT_OK) {
        trust_close(&trust);
        log_error("reload-refused", "code=%s field=%s detail=%s line=%d", lt_code(status),
                  fault.field, fault.detail, fault.line);
        return;
    }
    struct flow_settings settings = settings_flow(&house->config);
    log_open("lienthongd", settings_log_level(house->config.log_level), clock_os());
    broker_settings(house->broker, &settings, (uint64_t)house->config.free_low_mib * 1024 * 1024);
    broker_trust(house->broker, &trust);
    struct blob_policy policy = settings_blobs(&house->config);
    blobs_policy(house->blobs, &policy);
    blob_desk_quota(house->blob_desk, (uint64_t)house->config.blob_quota_mib * 1024 * 1024);
    enrolments_keep(house->enrol.enrolments, (int64_t)house->config.enrol_hours * 3600 * 1000);
    keys_changed(&house->keys);
    if (apply_stamps(house, &fault) != LT_OK) {
        log_error("timestamp-unchanged", "field=%s detail=%s", fault.field, fault.detail);
    }
    log_info("reloaded", "operators=%u", house->config.operators_count);
}

static void look_at_strangers(struct house *house)
{
    struct flow *flow = broker_flow(house->broker);
    if (house->ports.strangers.net == NULL || !enrol_desk_due(&house->enrol, flow->mono_ms)) {
        return;
    }
    const struct server_port *port = stranger_port_now(&house->ports.strangers, flow->mono_ms);
    if (port != NULL) {
        enrol_desk_turn(&house->enrol, flow, port);
    }
}

/* The last word: no new transfers, what is under way becomes durable and is answered. */
static enum lt_status drain(struct house *house, struct fault *fault)
{
    int64_t end_ms = clock_os()->mono_ms(clock_os()->self) + DRAIN_MS_MAX;
    bool idle;
    sd_notify(0, "STOPPING=1");
    log_info("drain", "limit_ms=%d", DRAIN_MS_MAX);
    broker_drain(house->broker);
    do {
        enum lt_status status = broker_turn(house->broker, &idle, fault);
        if (status != LT_OK) {
            return status;
        }
        if (idle) {
            broker_wait(house->broker, NULL, 0);
        }
    } while (!(broker_drained(house->broker) && broker_receipted(house->broker)) &&
             clock_os()->mono_ms(clock_os()->self) < end_ms);
    broker_say_bye(house->broker);
    return LT_OK;
}

static enum lt_status run(struct house *house, struct fault *fault)
{
    while (!house->stop) {
        bool idle;
        enum lt_status status = broker_turn(house->broker, &idle, fault);
        if (status != LT_OK) {
            return status;
        }
        status = keys_push(&house->keys, house->broker, &house->config, house->ports.net);
        if (status != LT_OK) {
            return status;
        }
        look_at_strangers(house);
        if (house->restored_here && broker_restore_told(house->broker)) {
            status = restored_mark_remove(house->config.data, fault);
            if (status != LT_OK) {
                return status;
            }
            house->restored_here = false;
        }
        if (idle) {
            broker_wait(house->broker, &house->signals, 1);
        }
        take_signals(house);
        if (house->reload) {
            reload(house);
        }
    }
    return drain(house, fault);
}

static void close_house(struct house *house)
{
    watch_close(&house->watch);
    if (house->scrub != NULL) {
        broker_attach_scrub(house->broker, NULL);
        scrub_close(&house->scrub);
    }
    if (house->blobs != NULL) {
        broker_attach(house->broker, NULL);
        blob_desk_stop(house->blob_desk);
        blobs_close(&house->blobs);
    }
    blob_desk_close(&house->blob_desk);
    stamps_close(&house->stamps);
    log_stop(&house->signer, house->broker);
    broker_close(&house->broker);
    operators_close(&house->operators);
    enrolments_close(&house->enrol.enrolments);
    backend_lmdb_close(&house->backend);
    ports_close(&house->ports);
    crash_trail = NULL;
    safe_start_close(&house->safe_start);
}

static enum lt_status start(struct house *house, struct fault *fault)
{
    enum lt_status status = check_machine(fault);
    if (status == LT_OK) {
        status = config_read(house->config_path, &house->config, fault);
    }
    if (status == LT_OK) {
        log_open("lienthongd", settings_log_level(house->config.log_level), clock_os());
        status = open_signals(house, fault);
    }
    if (status == LT_OK) {
        status = backend_lmdb_vacant(house->config.data, fault);
    }
    if (status == LT_OK) {
        status = open_safe_start(house, fault);
    }
    if (status == LT_OK) {
        status = look_for_restore(house, fault);
    }
    if (status == LT_OK) {
        status = ports_open(&house->ports, &house->config, clock_os(), fault);
    }
    if (status == LT_OK) {
        status = open_broker(house, fault);
    }
    if (status == LT_OK) {
        status = open_log(house, fault);
    }
    if (status == LT_OK) {
        status = apply_stamps(house, fault);
    }
    if (status == LT_OK) {
        status = open_blobs(house, fault);
    }
    if (status == LT_OK) {
        status = open_scrub(house, fault);
    }
    if (status == LT_OK) {
        status = keys_push(&house->keys, house->broker, &house->config, house->ports.net);
    }
    if (status == LT_OK) {
        status = server_zmq_self_test(house->ports.server, fault);
    }
    if (status == LT_OK) {
        status = watch_open(&house->watch, house->ports.server);
    }
    return status;
}

static int usage(FILE *out, int code)
{
    fprintf(out,
            "lienthongd -- trục liên thông hồ sơ một cửa\n\n"
            "  lienthongd --config FILE    chạy trục (SIGTERM: dừng có trật tự, SIGHUP: đọc lại)\n"
            "  lienthongd --check FILE     chỉ kiểm tra cấu hình\n"
            "  lienthongd --version\n");
    return code;
}

static int check_only(const char *path)
{
    struct config config;
    struct fault fault;
    fault_init(&fault);
    struct trust *trust = NULL;
    enum lt_status status = config_read(path, &config, &fault);
    if (status == LT_OK) {
        status = read_trust(&config, &trust, &fault);
    }
    if (status == LT_OK) {
        status = stamps_check(&config, &fault);
    }
    trust_close(&trust);
    if (status != LT_OK) {
        return fail(status, &fault);
    }
    printf("%s: ok\n", path);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", required_argument, NULL, 'k'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct house house;
    struct fault fault;
    int option;
    memset(&house, 0, sizeof(house));
    fault_init(&fault);
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            house.config_path = optarg;
            break;
        case 'k':
            return check_only(optarg);
        case 'v':
            printf("%s\n", SOFTWARE);
            return 0;
        case 'h':
            return usage(stdout, 0);
        default:
            return usage(stderr, EXIT_USAGE);
        }
    }
    if (house.config_path == NULL || optind != argc) {
        return usage(stderr, EXIT_USAGE);
    }
    enum lt_status status = start(&house, &fault);
    if (status == LT_OK) {
        log_info("ready", "listen=%s epoch=%llu", server_zmq_endpoint(house.ports.server, 0),
                 (unsigned long long)journal_epoch(broker_flow(house.broker)->journal));
        sd_notify(0, "READY=1");
        status = run(&house, &fault);
    }
    int code = status == LT_OK ? 0 : fail(status, &fault);
    close_house(&house);
    log_info("end", "code=%d", code);
    return code;
}
