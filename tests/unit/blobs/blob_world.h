/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_BLOBS_BLOB_WORLD_H
#define TESTS_UNIT_BLOBS_BLOB_WORLD_H

/*
 * The blob port on real loopback TCP over a folder of its own, with a core that journals into an
 * array: what the agencies hold is what events said and were answered with LT_OK.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/blobs/blob_store.h"
#include "broker/blobs/blobs.h"
#include "proto/base/clock_os.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/digest.h"
#include "proto/message.h"
#include "proto/port_zmq.h"

#define BLOB_AGENCIES  3
#define BLOB_HELD_MAX  256
#define BLOB_WITHIN_MS 60000 /* nothing hangs; how fast it is, is no matter of tests */
#define CHUNK          ((uint64_t)LT_CHUNK_BYTES_MAX)

static const char *const blob_users[BLOB_AGENCIES] = {"H24.1", "H24.2", "H24.3"};

struct held {
    int agency;
    struct lt_digest sha256;
    uint64_t size;
};

struct blob_world {
    char folder[64];
    char blobs_folder[96];
    struct lt_clock clock;
    int64_t ahead_ms; /* of the wall clock */
    struct net *net;
    struct server_zmq *server;
    char endpoint[64]; /* kept over restarts */
    struct lt_key server_public;
    struct lt_key server_secret;
    struct lt_key secrets[BLOB_AGENCIES];
    struct blobs *blobs;
    struct blob_policy policy;
    struct digester *digester;
    bool core_silent; /* events are left in the queue */
    enum lt_status core_says;
    uint64_t events;
    struct server_port inner; /* what `port` of blobs stands on */
    uint32_t full;            /* last words that find the peer's queue full, each so many times */
    uint32_t full_left;

    pthread_mutex_t lock; /* the rights are asked by other threads */
    struct held held[BLOB_HELD_MAX];
    uint32_t held_count;
    uint64_t quota; /* 0: none */
};

static int blob_agency_number(const char *agency)
{
    for (int i = 0; i < BLOB_AGENCIES; i++) {
        if (strcmp(agency, blob_users[i]) == 0) {
            return i;
        }
    }
    return -1;
}

/* agency -1: anybody. */
static const struct held *blob_held(const struct blob_world *world, int agency,
                                    const struct lt_digest *sha256)
{
    for (uint32_t i = 0; i < world->held_count; i++) {
        if ((agency < 0 || world->held[i].agency == agency) &&
            digest_equal(&world->held[i].sha256, sha256)) {
            return &world->held[i];
        }
    }
    return NULL;
}

static enum lt_status blob_may_store(void *self, const char *agency, const struct lt_digest *sha256,
                                     uint64_t size, uint64_t pending_bytes)
{
    struct blob_world *world = self;
    int number = blob_agency_number(agency);
    uint64_t used = size + pending_bytes;
    pthread_mutex_lock(&world->lock);
    bool exists = blob_held(world, number, sha256) != NULL;
    for (uint32_t i = 0; i < world->held_count; i++) {
        used += world->held[i].agency == number ? world->held[i].size : 0;
    }
    bool over = world->quota > 0 && used > world->quota;
    pthread_mutex_unlock(&world->lock);
    if (exists) {
        return LT_EXISTS;
    }
    return over ? LT_BLOB_QUOTA : LT_OK;
}

static enum lt_status blob_may_fetch(void *self, const char *agency, const struct lt_digest *sha256,
                                     uint64_t *ret_size)
{
    struct blob_world *world = self;
    pthread_mutex_lock(&world->lock);
    const struct held *held = blob_held(world, blob_agency_number(agency), sha256);
    uint64_t size = held != NULL ? held->size : 0;
    pthread_mutex_unlock(&world->lock);
    if (size == 0) {
        return LT_BLOB_NOT_YOURS;
    }
    *ret_size = size;
    return LT_OK;
}

static enum lt_status blob_is_held(void *self, const struct lt_digest *sha256)
{
    struct blob_world *world = self;
    pthread_mutex_lock(&world->lock);
    bool held = blob_held(world, -1, sha256) != NULL;
    pthread_mutex_unlock(&world->lock);
    return held ? LT_OK : LT_NOT_FOUND;
}

static int64_t blob_wall(void *self)
{
    struct blob_world *world = self;
    return clock_os()->wall_ms(clock_os()->self) + world->ahead_ms;
}

static int64_t blob_mono(void *self)
{
    (void)self;
    return clock_os()->mono_ms(clock_os()->self);
}

static inline int64_t blob_now_ms(void)
{
    return blob_mono(NULL);
}

static inline void blob_hold(struct blob_world *world, int agency, const struct lt_digest *sha256,
                             uint64_t size)
{
    pthread_mutex_lock(&world->lock);
    assert_true(world->held_count < BLOB_HELD_MAX);
    world->held[world->held_count++] = (struct held){agency, *sha256, size};
    pthread_mutex_unlock(&world->lock);
}

static inline void blob_quota(struct blob_world *world, uint64_t quota)
{
    pthread_mutex_lock(&world->lock);
    world->quota = quota;
    pthread_mutex_unlock(&world->lock);
}

/* The core forgets what was journaled after the first `count`. */
static inline void blob_forget(struct blob_world *world, uint32_t count)
{
    pthread_mutex_lock(&world->lock);
    world->held_count = count;
    pthread_mutex_unlock(&world->lock);
}

/* One turn of the core. */
static inline void blob_core(struct blob_world *world)
{
    if (world->blobs == NULL || world->core_silent) {
        return;
    }
    for (struct blob_event *event = queue_pop(blobs_events(world->blobs)); event != NULL;
         event = queue_pop(blobs_events(world->blobs))) {
        world->events++;
        assert_int_equal(event->status, LT_OK);
        if (world->core_says == LT_OK) {
            blob_hold(world, blob_agency_number(event->agency), &event->sha256, event->size);
        }
        blobs_answer(world->blobs, event, world->core_says);
    }
}

/* A peer that reads slowly: the last word on a file does not leave at once. */
static enum lt_status blob_slow_send(void *self, const struct port_route *route,
                                     struct lt_bytes bytes)
{
    struct blob_world *world = self;
    struct arena arena;
    struct frame frame;
    assert_int_equal(arena_init(&arena, 4096, 1024 * 1024), LT_OK);
    assert_int_equal(frame_read(bytes, &arena, &frame, NULL), LT_OK);
    enum frame_kind kind = frame.kind;
    arena_deinit(&arena);
    if (kind == FRAME_BLOB_STORED || kind == FRAME_BLOB_REFUSED) {
        if (world->full_left > 0) {
            world->full_left--;
            return LT_AGAIN;
        }
        world->full_left = world->full;
    }
    return world->inner.send(world->inner.self, route, bytes);
}

static uint32_t blob_slow_receive(void *self, struct port_frame *frames, uint32_t count)
{
    const struct blob_world *world = self;
    return world->inner.receive(world->inner.self, frames, count);
}

static void blob_slow_release(void *self, struct port_frame *frames, uint32_t count)
{
    const struct blob_world *world = self;
    world->inner.release(world->inner.self, frames, count);
}

static void blob_slow_wait(void *self, const int *fds, uint32_t fds_count, int timeout_ms)
{
    const struct blob_world *world = self;
    world->inner.wait(world->inner.self, fds, fds_count, timeout_ms);
}

static inline void blob_serve(struct blob_world *world)
{
    const char *const endpoints[] = {world->endpoint};
    struct server_options options = {
        .endpoints = endpoints, .endpoints_count = 1, .secret_key = world->server_secret};
    struct fault fault;
    enum lt_status status = LT_CONFIG_BAD;
    /* After a restart the port may be busy for a moment. */
    for (int i = 0; i < 300 && status != LT_OK; i++) {
        fault_init(&fault);
        status = server_zmq_open(&world->server, world->net, &options, &fault);
        usleep(status == LT_OK ? 0 : 10000);
    }
    if (status != LT_OK) {
        fail_msg("%s: %s", fault.field, fault.detail);
    }
    snprintf(world->endpoint, sizeof(world->endpoint), "%s", server_zmq_endpoint(world->server, 0));
    world->inner = server_zmq_port(world->server);
    world->full_left = world->full;
    struct blobs_options blobs_options = {
        .folder = world->blobs_folder,
        .port = {world, blob_slow_receive, blob_slow_release, blob_slow_send, blob_slow_wait},
        .clock = &world->clock,
        .rights = {world, blob_may_store, blob_may_fetch, blob_is_held},
        .policy = world->policy,
        .seed = 42};
    fault_init(&fault);
    assert_int_equal(blobs_open(&world->blobs, &blobs_options, &fault), LT_OK);
}

/* The broker stops in the middle of whatever it does. */
static inline void blob_stop(struct blob_world *world)
{
    blobs_close(&world->blobs);
    server_zmq_close(&world->server);
}

static inline void blob_world_open(struct blob_world *world)
{
    struct net_key keys[BLOB_AGENCIES];
    memset(world, 0, sizeof(*world));
    memset(keys, 0, sizeof(keys));
    world->clock = (struct lt_clock){world, blob_wall, blob_mono};
    world->policy = blob_policy_default();
    pthread_mutex_init(&world->lock, NULL);
    snprintf(world->folder, sizeof(world->folder), "/tmp/lt-blobs-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->blobs_folder, sizeof(world->blobs_folder), "%s/blobs", world->folder);
    snprintf(world->endpoint, sizeof(world->endpoint), "tcp://127.0.0.1:*");
    assert_int_equal(digester_open(&world->digester), LT_OK);
    assert_int_equal(net_open(&world->net, 1, NULL), LT_OK);
    curve_make(&world->server_public, &world->server_secret);
    for (int i = 0; i < BLOB_AGENCIES; i++) {
        curve_make(&keys[i].key, &world->secrets[i]);
        snprintf(keys[i].user, sizeof(keys[i].user), "%s", blob_users[i]);
    }
    assert_int_equal(net_keys(world->net, keys, BLOB_AGENCIES), LT_OK);
    blob_serve(world);
}

static int blob_unlink(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void blob_world_close(struct blob_world *world)
{
    blob_stop(world);
    net_close(&world->net);
    digester_close(&world->digester);
    pthread_mutex_destroy(&world->lock);
    nftw(world->folder, blob_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct client_zmq *blob_dial(struct blob_world *world, int agency)
{
    struct client_options options = {.endpoint = world->endpoint,
                                     .server_key = world->server_public,
                                     .secret_key = world->secrets[agency],
                                     .reconnect_ms = 50,
                                     .seed = (uint32_t)agency + 1};
    struct client_zmq *client = NULL;
    assert_int_equal(client_zmq_open(&client, world->net, &options, NULL), LT_OK);
    return client;
}

/* Bytes that differ by seed, and their digest. */
static inline uint8_t *blob_bytes(struct blob_world *world, uint64_t seed, size_t size,
                                  struct lt_digest *ret_digest)
{
    uint8_t *bytes = malloc(size + 1);
    uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(state >> 56);
    }
    *ret_digest = digest_of(world->digester, (struct lt_bytes){bytes, size});
    return bytes;
}

/* The path of a whole file in the store. */
static inline void blob_path(const struct blob_world *world, const struct lt_digest *sha256,
                             char *out, size_t size)
{
    char hex[65];
    hex_write(hex, sha256->bytes, 32);
    snprintf(out, size, "%s/%.2s/%s", world->blobs_folder, hex, hex + 2);
}

static inline void blob_partial_path(const struct blob_world *world, int agency,
                                     const struct lt_digest *sha256, char *out, size_t size)
{
    char hex[65];
    hex_write(hex, sha256->bytes, 32);
    snprintf(out, size, "%s/partial/%s/%s", world->blobs_folder, blob_users[agency], hex);
}

static inline int64_t blob_file_size(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_size : -1;
}

static inline struct blobs_stat blob_stat(struct blob_world *world)
{
    struct blobs_stat stat;
    /* Copied at the start of each step of the thread. */
    usleep(150 * 1000);
    blobs_stat(world->blobs, &stat);
    return stat;
}

#endif
