/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The life of an adapter process. Order of opening: net, clients (their boxes are checked here),
 * network thread, drivers last, so that no request is taken before it can be kept. Closing walks
 * back the same way.
 *
 * One thread moves every client on; a vendor with sixty communes as tenants costs one thread for
 * the wire, and a slow or refused agency costs the others nothing, because client_step never waits.
 * The drivers' threads meet the clients only through client.h.
 *
 * An agency whose box or key is out of order is logged and left out, so that one slip does not stop
 * sixty communes; only when no agency can be opened does opening fail.
 *
 * The systemd watchdog is fed from the network thread: if that hangs, the process is worthless and
 * must be started again. Failures at opening name the agency or the driver in problem->field.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "adapters/sdk/client_step.h"
#include "host.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "renew.h"

#define STEP_MS_MAX  1000
#define DRAIN_MS     2000
#define DRIVERS_MAX  8
#define MIB          (1024ULL * 1024)
#define WAIT_FDS_MAX (CONFIG_AGENCIES_MAX + 1)

struct running_driver {
    const struct lt_driver *driver;
    void *self;
    struct lt_tenant tenants[CONFIG_AGENCIES_MAX];
};

struct host {
    struct host_options options;
    struct net *net;
    struct lt_client *clients[CONFIG_AGENCIES_MAX]; /* of each agency; NULL: did not open */
    uint32_t clients_count;                         /* places in clients */
    uint32_t clients_open;
    struct renewals *renewals;
    pthread_t thread;
    bool thread_runs;
    atomic_bool stopping;
    int stop_fd;
    int64_t drain_until_ms; /* network thread only; 0: not draining yet */
    int64_t watchdog_ms;
    int64_t watchdog_due_ms;
    struct running_driver drivers[DRIVERS_MAX];
    uint32_t drivers_count;
};

/* ---- the network thread ---- */

static int64_t now_ms(const struct host *host)
{
    return host->options.clock->mono_ms(host->options.clock->self);
}

static void watchdog_feed(struct host *host)
{
    int64_t now = now_ms(host);
    if (host->watchdog_ms > 0 && now >= host->watchdog_due_ms) {
        host->watchdog_due_ms = now + host->watchdog_ms;
        sd_notify(0, "WATCHDOG=1");
    }
}

/* Does a connected client still owe the axis something? */
static bool outstanding(const struct host *host)
{
    for (uint32_t i = 0; i < host->clients_count; i++) {
        struct lt_client_state state = {.connected = false};
        if (host->clients[i] != NULL) {
            lt_client_state(host->clients[i], &state);
        }
        if (state.connected && (state.outbox > 0 || state.unconfirmed > 0)) {
            return true;
        }
    }
    return false;
}

static bool drained(struct host *host)
{
    if (!atomic_load(&host->stopping)) {
        return false;
    }
    if (host->drain_until_ms == 0) {
        host->drain_until_ms = now_ms(host) + DRAIN_MS;
    }
    return now_ms(host) >= host->drain_until_ms || !outstanding(host);
}

/* Moves every client on; milliseconds until the first of them is due again. */
static int step_all(struct host *host)
{
    int wait_ms = STEP_MS_MAX;
    for (uint32_t i = 0; i < host->clients_count; i++) {
        int due_ms = host->clients[i] != NULL ? client_step(host->clients[i]) : wait_ms;
        wait_ms = due_ms < wait_ms ? due_ms : wait_ms;
    }
    return wait_ms;
}

static void wait_all(const struct host *host, int wait_ms)
{
    struct client_zmq *sockets[2 * CONFIG_AGENCIES_MAX];
    int fds[WAIT_FDS_MAX];
    uint32_t sockets_count = 0;
    uint32_t fds_count = 0;
    for (uint32_t i = 0; i < host->clients_count; i++) {
        if (host->clients[i] == NULL) {
            continue;
        }
        struct client_zmq *socket = client_socket(host->clients[i]);
        struct client_zmq *blob_socket = client_blob_socket(host->clients[i]);
        if (socket != NULL) {
            sockets[sockets_count++] = socket;
        }
        if (blob_socket != NULL) {
            sockets[sockets_count++] = blob_socket;
        }
        fds[fds_count++] = client_wake_fd(host->clients[i]);
    }
    if (!atomic_load(&host->stopping)) {
        fds[fds_count++] = host->stop_fd; /* readable for good once it was written */
    }
    client_zmq_wait(sockets, sockets_count, fds, fds_count, wait_ms);
}

static void *network_run(void *argument)
{
    struct host *host = argument;
    while (!drained(host)) {
        watchdog_feed(host);
        int wait_ms = step_all(host);
        if (!host->options.restoring) {
            renewals_step(host->renewals);
        }
        if (wait_ms > 0) {
            bool stopping = atomic_load(&host->stopping);
            wait_all(host, stopping && wait_ms > 50 ? 50 : wait_ms);
        }
    }
    return NULL;
}

/* ---- opening ---- */

static enum lt_status problem_of(struct lt_problem *problem, enum lt_status status,
                                 const char *field, const char *detail)
{
    problem->status = status;
    text_copy(problem->field, sizeof(problem->field), text_bytes(field));
    text_copy(problem->detail, sizeof(problem->detail), text_bytes(detail));
    return status;
}

static enum lt_status client_open(struct host *host, const struct host_agency *agency,
                                  struct lt_client **ret_client, struct lt_problem *problem)
{
    const struct host_config *config = host->options.config;
    char folder[CONFIG_PATH_BYTES + LT_AGENCY_ID_MAX + 2];
    snprintf(folder, sizeof(folder), "%s/%s", config->data, agency->id);
    const struct lt_client_options options = {
        .agency = agency->id,
        .folder = folder,
        .endpoint = config->endpoint,
        .blob_endpoint = config->blob_endpoint[0] != '\0' ? config->blob_endpoint : NULL,
        .server_key = config->server_key,
        .secret_key = agency->key,
        .signing_key = agency->signing_key,
        .log_key = config->log_key[0] != '\0' ? config->log_key : NULL,
        .receipt_wait_s = config->receipt_wait_s,
        .sender_keys = config->sender_keys,
        .outbox_bytes_max = agency->outbox_mib * MIB,
        .blob_kib_s = agency->blob_kib_s,
        .restoring = host->options.restoring,
    };
    return lt_client_open_on(ret_client, host->net, host->options.clock, host->options.entropy,
                             &options, problem);
}

/* Opens every client that can be opened; the last problem when that is none. */
static enum lt_status clients_open(struct host *host, struct lt_problem *problem)
{
    const struct host_config *config = host->options.config;
    enum lt_status last = LT_OK;
    host->clients_count = config->agencies_count;
    for (uint32_t i = 0; i < config->agencies_count; i++) {
        if (host->options.agency != NULL &&
            strcmp(host->options.agency, config->agencies[i].id) != 0) {
            continue;
        }
        enum lt_status status = client_open(host, &config->agencies[i], &host->clients[i], problem);
        if (status == LT_OK) {
            host->clients_open++;
            continue;
        }
        last = status;
        host->clients[i] = NULL;
        log_error("client-failed", "agency=%s code=%s field=%s detail=\"%s\"",
                  config->agencies[i].id, lt_code(status), problem->field, problem->detail);
    }
    if (host->clients_open < config->agencies_count) {
        sd_notifyf(0, "STATUS=%u/%u", host->clients_open, config->agencies_count);
    }
    return host->clients_open > 0 ? LT_OK : last;
}

static enum lt_status net_prepare(struct host *host, struct lt_problem *problem)
{
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = folder_make(host->options.config->data, 0700, &fault);
    if (status == LT_OK) {
        status = net_open(&host->net, 1, &fault);
    }
    return status == LT_OK ? LT_OK : problem_of(problem, status, fault.field, fault.detail);
}

static enum lt_status network_start(struct host *host, struct lt_problem *problem)
{
    uint64_t watchdog_us = 0;
    if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
        host->watchdog_ms = (int64_t)(watchdog_us / 3000);
    }
    host->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (host->stop_fd < 0) {
        return problem_of(problem, LT_IO, "eventfd", "no descriptor left");
    }
    if (pthread_create(&host->thread, NULL, network_run, host) != 0) {
        return problem_of(problem, LT_NO_MEMORY, "thread", "the network thread");
    }
    host->thread_runs = true;
    return LT_OK;
}

static bool wanted(const struct host_config *config, const char *driver)
{
    return (config->http && strcmp(driver, "http") == 0) ||
           (config->spool && strcmp(driver, "spool") == 0) ||
           (config->loopback && strcmp(driver, "loopback") == 0);
}

static uint32_t tenants_fill(const struct host *host, const char *driver, struct lt_tenant *tenants)
{
    const struct host_config *config = host->options.config;
    uint32_t count = 0;
    for (uint32_t i = 0; i < config->agencies_count; i++) {
        const struct host_agency *agency = &config->agencies[i];
        if (host->clients[i] != NULL && host_serves(agency, driver)) {
            tenants[count++] = (struct lt_tenant){
                .client = host->clients[i],
                .agency = agency->id,
                .token = agency->token[0] != '\0' ? agency->token : NULL,
                .folder = agency->folder[0] != '\0' ? agency->folder : NULL,
                .wake_url = agency->wake_url[0] != '\0' ? agency->wake_url : NULL,
                .held_url = agency->held_url[0] != '\0' ? agency->held_url : NULL,
            };
        }
    }
    return count;
}

static enum lt_status driver_add(struct host *host, const struct lt_driver *driver,
                                 struct lt_problem *problem)
{
    const struct host_config *config = host->options.config;
    struct running_driver *running = &host->drivers[host->drivers_count];
    uint32_t tenants_count = tenants_fill(host, driver->name, running->tenants);
    const struct lt_driver_options options = {
        .tenants = running->tenants,
        .tenants_count = tenants_count,
        .listen = config->listen,
        .tls_cert = config->tls_cert[0] != '\0' ? config->tls_cert : NULL,
        .tls_key = config->tls_key[0] != '\0' ? config->tls_key : NULL,
        .poll_ms = config->poll_ms,
        .answer_results = config->answer_results,
        .pause_ms = config->pause_ms,
        .language = config->language == HOST_EN ? "en" : "vi",
        .clock = host->options.clock,
    };
    running->driver = driver;
    enum lt_status status = driver->open(&running->self, &options, problem);
    if (status != LT_OK) {
        log_error("driver-failed", "driver=%s code=%s field=%s detail=%s", driver->name,
                  lt_code(status), problem->field, problem->detail);
        return status;
    }
    host->drivers_count++;
    log_info("driver-open", "driver=%s agencies=%u", driver->name, tenants_count);
    return LT_OK;
}

/* Has the driver a tenant among the clients that are open? */
static bool serves_one(const struct host *host, const char *driver)
{
    const struct host_config *config = host->options.config;
    bool serves = false;
    for (uint32_t i = 0; i < config->agencies_count; i++) {
        serves = serves || (host->clients[i] != NULL && host_serves(&config->agencies[i], driver));
    }
    return serves;
}

static enum lt_status drivers_open(struct host *host, struct lt_problem *problem)
{
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < host->options.drivers_count && status == LT_OK; i++) {
        const struct lt_driver *driver = host->options.drivers[i];
        bool serves = host->options.agency == NULL || serves_one(host, driver->name);
        if (serves && wanted(host->options.config, driver->name) &&
            host->drivers_count < DRIVERS_MAX) {
            status = driver_add(host, driver, problem);
        }
    }
    return status;
}

enum lt_status host_open(struct host **ret_host, const struct host_options *options,
                         struct lt_problem *problem)
{
    struct host *host = calloc(1, sizeof(*host));
    if (host == NULL) {
        return problem_of(problem, LT_NO_MEMORY, "host", "");
    }
    host->options = *options;
    host->stop_fd = -1;
    enum lt_status status = net_prepare(host, problem);
    if (status == LT_OK) {
        status = clients_open(host, problem);
    }
    if (status == LT_OK && renewals_open(&host->renewals, host->options.config, host->clients,
                                         host->options.clock) != LT_OK) {
        status = problem_of(problem, LT_NO_MEMORY, "renewals", "");
    }
    if (status == LT_OK) {
        status = network_start(host, problem);
    }
    if (status == LT_OK) {
        status = drivers_open(host, problem);
    }
    if (status != LT_OK) {
        host_close(&host);
        return status;
    }
    *ret_host = host;
    return LT_OK;
}

struct lt_client *host_client(struct host *host, const char *agency)
{
    for (uint32_t i = 0; i < host->clients_count; i++) {
        if (host->clients[i] != NULL && strcmp(lt_client_agency(host->clients[i]), agency) == 0) {
            return host->clients[i];
        }
    }
    return NULL;
}

/* ---- closing ---- */

static void network_stop(struct host *host)
{
    if (!host->thread_runs) {
        return;
    }
    atomic_store(&host->stopping, true);
    if (eventfd_write(host->stop_fd, 1) != 0) {
        log_warn("wake-failed", "fd=%d", host->stop_fd); /* the thread looks up by itself */
    }
    pthread_join(host->thread, NULL);
    host->thread_runs = false;
}

void host_close(struct host **host_p)
{
    struct host *host = *host_p;
    if (host == NULL) {
        return;
    }
    while (host->drivers_count > 0) {
        struct running_driver *running = &host->drivers[--host->drivers_count];
        running->driver->close(&running->self);
    }
    network_stop(host);
    renewals_close(&host->renewals);
    for (uint32_t i = 0; i < host->clients_count; i++) {
        if (host->clients[i] != NULL) {
            lt_client_close(&host->clients[i]);
        }
    }
    if (host->net != NULL) {
        net_close(&host->net);
    }
    if (host->stop_fd >= 0) {
        close(host->stop_fd);
    }
    explicit_bzero(host->drivers, sizeof(host->drivers));
    free(host);
    *host_p = NULL;
}
