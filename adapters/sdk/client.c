/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A client from open to close: what it is made of, in what order it comes to life, and what it says
 * of itself. The folder holds box.mdb (the truth) and blobs/; the connection comes last, so that a
 * client that cannot keep a promise never makes one.
 *
 * How it fails: opening says what is wrong with folder, keys or address and leaves nothing behind.
 * A failure of class stop while it runs (client_fail) ends it: every later call that would promise
 * something answers with that failure, and people must look.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client_parts.h"
#include "proto/base/clock_os.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"

#define SOFTWARE            "liblienthong/" LT_VERSION
#define OUTBOX_BYTES        (1ULL << 30)
#define BLOB_BYTES          (20ULL << 30)
#define DELIVER_PARCELS     256
#define DELIVER_PARCELS_MAX 1024
#define EVENT_DAYS          30
#define ARENA_CHUNK_BYTES   (64 * 1024)
#define ARENA_BYTES_MAX     (8 * 1024 * 1024)

/* ---- small services of all parts ---- */

int64_t client_wall_ms(const struct lt_client *client)
{
    return client->clock->wall_ms(client->clock->self);
}

int64_t client_mono_ms(const struct lt_client *client)
{
    return client->clock->mono_ms(client->clock->self);
}

enum lt_status client_problem(struct lt_problem *problem, enum lt_status status,
                              const struct fault *fault)
{
    if (problem == NULL) {
        return status;
    }
    memset(problem, 0, sizeof(*problem));
    problem->status = status;
    if (fault != NULL) {
        text_copy(problem->field, sizeof(problem->field), text_bytes(fault->field));
        text_copy(problem->detail, sizeof(problem->detail), text_bytes(fault->detail));
    }
    return status;
}

void client_note(struct lt_client *client, enum lt_status status, const char *detail)
{
    pthread_mutex_lock(&client->mutex);
    snprintf(client->state.last_problem, sizeof(client->state.last_problem), "%s: %s",
             lt_code(status), detail);
    pthread_mutex_unlock(&client->mutex);
}

void client_fail(struct lt_client *client, enum lt_status status, const char *where)
{
    client_note(client, status, where);
    if (lt_class(status) != LT_CLASS_STOP) {
        return;
    }
    pthread_mutex_lock(&client->mutex);
    bool first = client->failed == LT_OK;
    client->failed = first ? status : client->failed;
    client->changes++;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->mutex);
    if (first) {
        log_error("client-stopped", "agency=%s code=%s at=%s", client->agency, lt_code(status),
                  where);
    }
}

enum lt_status client_failed(struct lt_client *client)
{
    pthread_mutex_lock(&client->mutex);
    enum lt_status failed = client->failed;
    pthread_mutex_unlock(&client->mutex);
    return failed;
}

/* ---- open ---- */

static enum lt_status options_take(struct lt_client *client,
                                   const struct lt_client_options *options, struct fault *fault)
{
    if (!agency_id_valid(text_bytes(options->agency))) {
        return fault_set(fault, LT_CONFIG_BAD, "agency", "not an agency id");
    }
    if (options->folder == NULL || strlen(options->folder) >= sizeof(client->folder)) {
        return fault_set(fault, LT_CONFIG_BAD, "folder", "missing, or over %zu bytes",
                         sizeof(client->folder) - 1);
    }
    if (options->blob_endpoint != NULL &&
        strlen(options->blob_endpoint) >= sizeof(client->blob_endpoint)) {
        return fault_set(fault, LT_CONFIG_BAD, "blob_endpoint", "too long");
    }
    if (options->deliver_parcels > DELIVER_PARCELS_MAX) {
        return fault_set(fault, LT_CONFIG_BAD, "deliver_parcels", "%u, at most %d",
                         options->deliver_parcels, DELIVER_PARCELS_MAX);
    }
    text_copy(client->agency, sizeof(client->agency), text_bytes(options->agency));
    text_copy(client->folder, sizeof(client->folder), text_bytes(options->folder));
    text_copy(client->endpoint, sizeof(client->endpoint), text_bytes(options->endpoint));
    text_copy(client->blob_endpoint, sizeof(client->blob_endpoint),
              text_bytes(options->blob_endpoint));
    client->outbox_bytes_max =
        options->outbox_bytes_max > 0 ? options->outbox_bytes_max : OUTBOX_BYTES;
    client->deliver_parcels =
        options->deliver_parcels > 0 ? options->deliver_parcels : DELIVER_PARCELS;
    client->event_days = options->event_days > 0 ? options->event_days : EVENT_DAYS;
    client->blob_kib_s = options->blob_kib_s;
    client->restoring = options->restoring;
    return LT_OK;
}

static enum lt_status store_open_all(struct lt_client *client,
                                     const struct lt_client_options *options, struct fault *fault)
{
    char path[sizeof(client->folder) + 16];
    enum lt_status status = folder_make(client->folder, 0700, fault);
    if (status != LT_OK) {
        return status;
    }
    snprintf(path, sizeof(path), "%s/box.mdb", client->folder);
    status = box_open(&client->box, path, 0, client->clock, client->entropy, SOFTWARE, fault);
    if (status != LT_OK) {
        return status;
    }
    snprintf(path, sizeof(path), "%s/blobs", client->folder);
    return blob_folder_open(&client->blobs, path,
                            options->blob_bytes_max > 0 ? options->blob_bytes_max : BLOB_BYTES,
                            fault);
}

/* Everything but the connection. */
static enum lt_status client_make(struct lt_client **ret_client, const struct lt_clock *clock,
                                  const struct lt_entropy *entropy,
                                  const struct lt_client_options *options, struct fault *fault)
{
    struct lt_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return LT_NO_MEMORY;
    }
    client->clock = clock;
    client->entropy = entropy;
    pthread_mutex_init(&client->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&client->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    client->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum lt_status status = client->wake_fd < 0 ? LT_LIMIT_BAD : LT_OK;
    if (status == LT_OK) {
        status = options_take(client, options, fault);
    }
    if (status == LT_OK) {
        status = arena_init(&client->arena, ARENA_CHUNK_BYTES, ARENA_BYTES_MAX);
    }
    if (status == LT_OK) {
        status = pump_init(&client->pump);
    }
    if (status == LT_OK) {
        status = digester_open(&client->digester);
    }
    if (status == LT_OK) {
        status = sealer_open(&client->sealer, options->signing_key, fault);
    }
    if (status == LT_OK) {
        status = sender_keys_open(&client->sender_keys, options->sender_keys, fault);
    }
    if (status == LT_OK) {
        status = store_open_all(client, options, fault);
    }
    if (status == LT_OK) {
        status = mover_open(client, fault);
    }
    if (status == LT_OK) {
        status = held_open(client);
    }
    if (status == LT_OK) {
        status = call_open(client);
    }
    if (status == LT_OK) {
        status = log_watch_open(client, options, fault);
    }
    if (status != LT_OK) {
        lt_client_close(&client);
        return status;
    }
    *ret_client = client;
    return LT_OK;
}

static void session_start(struct lt_client *client, struct client_port port)
{
    struct box_counts counts;
    session_init(&client->session, port, client->clock, client->entropy, &client->box->instance,
                 client->box->epoch, ROLE_BOTH, SOFTWARE);
    box_counts(client->box, &counts);
    client->session.notice_cursor = counts.notice_cursor;
    client->session.checkpoint = log_believed(client);
    client->state.since_ms = client_wall_ms(client);
    log_info("client-open", "agency=%s epoch=%llu outbox=%llu inbox=%llu", client->agency,
             (unsigned long long)client->box->epoch, (unsigned long long)counts.waiting,
             (unsigned long long)counts.open);
}

enum lt_status client_open_port(struct lt_client **ret_client, struct client_port port,
                                const struct client_port *blob_port, const struct lt_clock *clock,
                                const struct lt_entropy *entropy,
                                const struct lt_client_options *options, struct lt_problem *problem)
{
    struct lt_client *client = NULL;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = client_make(&client, clock, entropy, options, &fault);
    if (status != LT_OK) {
        return client_problem(problem, status, &fault);
    }
    client->blob_port = blob_port;
    session_start(client, port);
    *ret_client = client;
    return LT_OK;
}

static enum lt_status keys_read(struct lt_client *client, const struct lt_client_options *options,
                                struct fault *fault)
{
    if (options->server_key == NULL || options->secret_key == NULL) {
        return fault_set(fault, LT_CONFIG_BAD, "server_key", "both keys must be named");
    }
    if (options->endpoint == NULL || strlen(options->endpoint) >= sizeof(client->endpoint)) {
        return fault_set(fault, LT_CONFIG_BAD, "endpoint", "missing, or too long");
    }
    enum lt_status status = LT_OK;
    if (!hex_read(client->server_key.bytes, sizeof(client->server_key.bytes),
                  options->server_key)) {
        status = keyfile_read_public(options->server_key, &client->server_key, fault);
    }
    return status == LT_OK ? keyfile_read_secret(options->secret_key, &client->secret_key, fault)
                           : status;
}

enum lt_status client_connect(struct lt_client *client, const char *endpoint,
                              struct client_zmq **ret_socket, struct fault *fault)
{
    struct client_options options = {
        .endpoint = endpoint, .server_key = client->server_key, .secret_key = client->secret_key};
    client->entropy->fill(client->entropy->self, &options.seed, sizeof(options.seed));
    enum lt_status status = client_zmq_open(ret_socket, client->net, &options, fault);
    explicit_bzero(&options.secret_key, sizeof(options.secret_key));
    return status;
}

enum lt_status lt_client_open_on(struct lt_client **ret_client, struct net *net,
                                 const struct lt_clock *clock, const struct lt_entropy *entropy,
                                 const struct lt_client_options *options,
                                 struct lt_problem *problem)
{
    struct lt_client *client = NULL;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = client_make(&client, clock, entropy, options, &fault);
    if (status == LT_OK) {
        client->net = net;
        status = keys_read(client, options, &fault);
    }
    if (status == LT_OK) {
        status = client_connect(client, client->endpoint, &client->socket, &fault);
    }
    if (status != LT_OK) {
        lt_client_close(&client);
        return client_problem(problem, status, &fault);
    }
    session_start(client, client_zmq_port(client->socket));
    *ret_client = client;
    return LT_OK;
}

enum lt_status lt_client_open(struct lt_client **ret_client,
                              const struct lt_client_options *options, struct lt_problem *problem)
{
    struct net *net = NULL;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = net_open(&net, 1, &fault);
    if (status != LT_OK) {
        return client_problem(problem, status, &fault);
    }
    status = lt_client_open_on(ret_client, net, clock_os(), entropy_os(), options, problem);
    if (status != LT_OK) {
        net_close(&net);
        return status;
    }
    (*ret_client)->own_net = net;
    return LT_OK;
}

void lt_client_close(struct lt_client **client_p)
{
    struct lt_client *client = *client_p;
    if (client == NULL) {
        return;
    }
    *client_p = NULL;
    mover_close(client);
    held_close(client);
    call_close(client);
    enrol_close(client);
    log_watch_close(client);
    client_zmq_close(&client->socket);
    if (client->own_net != NULL) {
        net_close(&client->own_net);
    }
    box_close(&client->box);
    blob_folder_close(&client->blobs);
    sealer_close(&client->sealer);
    sender_keys_close(&client->sender_keys);
    digester_close(&client->digester);
    pump_deinit(&client->pump);
    if (client->arena.first != NULL) {
        arena_deinit(&client->arena);
    }
    if (client->wake_fd >= 0) {
        close(client->wake_fd);
    }
    pthread_cond_destroy(&client->changed);
    pthread_mutex_destroy(&client->mutex);
    explicit_bzero(&client->secret_key, sizeof(client->secret_key));
    free(client);
}

/* ---- what it says of itself ---- */

void lt_client_state(struct lt_client *client, struct lt_client_state *ret_state)
{
    struct box_counts counts;
    box_counts(client->box, &counts);
    pthread_mutex_lock(&client->mutex);
    *ret_state = client->state;
    pthread_mutex_unlock(&client->mutex);
    ret_state->outbox = counts.waiting;
    ret_state->outbox_bytes = counts.waiting_bytes;
    ret_state->inbox = counts.open;
    ret_state->unconfirmed = counts.telling;
    ret_state->last_cursor = counts.cursor;
}

const char *lt_client_agency(const struct lt_client *client)
{
    return client->agency;
}
