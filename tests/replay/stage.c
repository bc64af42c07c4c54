/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Time, names and the end of a story. A step is: the clock moves, everybody reads, the broker takes
 * its turns until it is idle. Steps are of one millisecond while something moves and longer while
 * nothing does, so that a wait of days costs little; the broker's own looks at the clock (every
 * 100 ms) are then as coarse as the steps.
 *
 * A failure ends the process: a story that has left its path says nothing more.
 */
#include "stage.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "sim/check.h"

#define STEP_IDLE_MS_MIN 50
#define STEP_IDLE_MS_MAX 5000             /* beats are due every 15 s */
#define STEP_ALONE_MS    (10 * 60 * 1000) /* nobody has a session */
#define SEED             1

/* ---- failing ----------------------------------------------------------------------------------
 */

void stage_fail(const struct stage *stage, const char *seen, ...)
{
    va_list args;
    va_start(args, seen);
    uint32_t line = stage->statement == NULL ? 0 : stage->statement->line;
    fprintf(stderr, "%s:%u: failed\n  expected: %s\n  seen:     ", stage->script->path, line,
            stage->statement == NULL ? "a story that ends well" : stage->statement->text);
    vfprintf(stderr, seen, args);
    fprintf(stderr, "\n  again:    lt-replay --verbose %s\n", stage->script->path);
    va_end(args);
    exit(1);
}

/* ---- words ------------------------------------------------------------------------------------
 */

const char *stage_word(struct stage *stage, const char *what)
{
    const char *word = word_next(stage->statement);
    if (word == NULL) {
        stage_fail(stage, "the statement ends where %s should stand", what);
    }
    return word;
}

struct names stage_names(struct stage *stage)
{
    struct names names;
    const char *word = stage_word(stage, "the name of a transfer");
    if (!names_read(word, &names)) {
        stage_fail(stage, "\"%s\" is no name and no run of names", word);
    }
    return names;
}

int64_t stage_span(struct stage *stage, const char *text)
{
    int64_t ms = 0;
    if (!span_read(text, &ms)) {
        stage_fail(stage, "\"%s\" is no time (250ms, 30s, 10m, 2h, 3d)", text == NULL ? "" : text);
    }
    return ms;
}

uint64_t stage_count(struct stage *stage, const char *text)
{
    uint64_t count = 0;
    if (!count_read(text, &count)) {
        stage_fail(stage, "\"%s\" is no number", text == NULL ? "" : text);
    }
    return count;
}

struct parcel_made *stage_transfer_find(struct stage *stage, const char *name)
{
    for (uint32_t i = 0; i < stage->transfers_count; i++) {
        if (strcmp(stage->transfers[i].name, name) == 0) {
            return &stage->transfers[i];
        }
    }
    return NULL;
}

struct parcel_made *stage_transfer(struct stage *stage, const char *name)
{
    struct parcel_made *made = stage_transfer_find(stage, name);
    if (made == NULL) {
        stage_fail(stage, "nobody has submitted \"%s\"", name);
    }
    return made;
}

struct parcel_made *stage_transfer_by_id(struct stage *stage, const struct lt_id *id)
{
    for (uint32_t i = 0; i < stage->transfers_count; i++) {
        if (memcmp(&stage->transfers[i].id, id, sizeof(*id)) == 0) {
            return &stage->transfers[i];
        }
    }
    return NULL;
}

struct peer *stage_peer(struct stage *stage, const char *name)
{
    for (uint32_t i = 0; i < stage->peers_count; i++) {
        if (strcmp(stage->peers[i]->name, name) == 0) {
            return stage->peers[i];
        }
    }
    return NULL;
}

/* ---- time -------------------------------------------------------------------------------------
 */

/* A link redials when it is looked at; one that nobody looks at would be due for ever. */
static void look_at_links(struct stage *stage)
{
    for (uint32_t i = 0; i < PEOPLE + stage->peers_count; i++) {
        struct world_link *link = i < PEOPLE ? stage->people[i] : stage->peers[i - PEOPLE]->link;
        if (link != NULL) {
            struct client_port port = world_link_port(link);
            (void)port.link(port.self);
        }
    }
}

static bool step_busy(struct stage *stage, int64_t ms)
{
    bool busy = false;
    world_advance(&stage->world, ms);
    look_at_links(stage);
    if (stage->broker != NULL) {
        busy = stage_broker_turn(stage);
    }
    for (uint32_t i = 0; i < stage->peers_count; i++) {
        busy |= peer_pump(stage, stage->peers[i]);
    }
    return busy;
}

void stage_step(struct stage *stage, int64_t ms)
{
    (void)step_busy(stage, ms);
}

/* A longer step while nothing moves, never over what is due on the network. */
static int64_t idle_step(const struct stage *stage, int64_t left_ms)
{
    int64_t step_ms = left_ms / 1000;
    int64_t most_ms = STEP_ALONE_MS;
    for (uint32_t i = 0; i < stage->peers_count; i++) {
        most_ms = stage->peers[i]->session != 0 ? STEP_IDLE_MS_MAX : most_ms;
    }
    step_ms = step_ms < STEP_IDLE_MS_MIN ? STEP_IDLE_MS_MIN : step_ms;
    step_ms = step_ms > most_ms ? most_ms : step_ms;
    int64_t next_ms = world_net_next_ms(stage->net);
    if (next_ms < stage->world.mono_ms + step_ms) {
        step_ms = next_ms > stage->world.mono_ms ? next_ms - stage->world.mono_ms : 1;
    }
    return step_ms < left_ms ? step_ms : left_ms;
}

void stage_run(struct stage *stage, int64_t ms)
{
    int64_t end_ms = stage->world.mono_ms + ms;
    bool busy = true;
    while (stage->world.mono_ms < end_ms) {
        int64_t left_ms = end_ms - stage->world.mono_ms;
        busy = step_busy(stage, busy ? 1 : idle_step(stage, left_ms));
    }
}

bool stage_until(struct stage *stage, int64_t ms, bool (*done)(void *context), void *context)
{
    int64_t end_ms = stage->world.mono_ms + ms;
    bool busy = true;
    while (!done(context)) {
        int64_t left_ms = end_ms - stage->world.mono_ms;
        if (left_ms <= 0) {
            return false;
        }
        busy = step_busy(stage, busy ? 1 : idle_step(stage, left_ms));
    }
    return true;
}

/* ---- opening and closing ----------------------------------------------------------------------
 */

static void keep_line(void *self, const char *line)
{
    struct stage *stage = self;
    if (stage->verbose) {
        fprintf(stderr, "    %s\n", line);
    }
    if (stage->lines_count == LINES_MAX) {
        stage->lines_lost++;
        return;
    }
    stage->lines[stage->lines_count++] = strdup(line);
}

static void open_people(struct stage *stage)
{
    static const char *const names[PEOPLE] = {"viewer", "operator", "approver", "registrar"};
    for (uint32_t i = 0; i < PEOPLE; i++) {
        char user[64];
        struct operator_entry *entry = &stage->config.operators[stage->config.operators_count++];
        snprintf(entry->name, sizeof(entry->name), "%s-1", names[i]);
        snprintf(user, sizeof(user), "operator/%s", entry->name);
        entry->role = (enum operator_role)(OPERATOR_VIEWER + i);
        stage->entropy.entropy.fill(stage->entropy.entropy.self, &entry->key, sizeof(entry->key));
        enum lt_status status = world_net_admit(stage->net, &entry->key, user);
        assert(status == LT_OK);
    }
}

void stage_open(struct stage *stage, const struct script *script, bool verbose)
{
    struct weather calm = {.delay_ms_min = 1, .delay_ms_max = 1};
    memset(stage, 0, sizeof(*stage));
    stage->script = script;
    stage->verbose = verbose;
    stage->disk_free_bytes = UINT64_MAX;
    stage->settings = (struct flow_settings){.plan_second_over = PLAN_SECOND_OVER,
                                             .attempts_max = 4,
                                             .backoff_first_ms = 1000,
                                             .settle_timeout_ms = 10 * 60 * 1000,
                                             .lease_ms = LEASE_MS,
                                             .beat_ms = BEAT_MS,
                                             .blob_endpoint = "",
                                             .software = "replay/1"};
    world_init(&stage->world, SEED);
    world_clock_init(&stage->clock, &stage->world, 0);
    world_entropy_init(&stage->entropy, &stage->world, 1);
    snprintf(stage->folder, sizeof(stage->folder), "/tmp/lt-replay-XXXXXX");
    if (mkdtemp(stage->folder) == NULL) {
        stage_fail(stage, "no folder for state.mdb");
    }
    snprintf(stage->state_path, sizeof(stage->state_path), "%s/state.mdb", stage->folder);
    enum lt_status status = world_net_open(&stage->net, &stage->world);
    assert(status == LT_OK);
    world_net_weather(stage->net, &calm);
    status = backend_memory_open(&stage->backend);
    assert(status == LT_OK);
    status = digester_open(&stage->digester);
    assert(status == LT_OK);
    status = arena_init(&stage->arena, 1 << 20, 64 << 20);
    assert(status == LT_OK);
    status = arena_init(&stage->ask_arena, 1 << 20, 64 << 20);
    assert(status == LT_OK);
    status = operators_open(&stage->operators, &stage->config);
    assert(status == LT_OK);
    open_people(stage);
    log_capture(keep_line, stage);
    stage_broker_start(stage);
}

void stage_end(struct stage *stage)
{
    struct state_picture used;
    struct state_picture refolded;
    stage->statement = NULL;
    if (stage->broker == NULL) {
        return;
    }
    stage->plan_result = APPEND_DURABLE;
    stage->plan_polls = 0;
    stage_run(stage, 1000);
    if (!check_conservation(stage_flow(stage))) {
        stage_fail(stage, "the sum of the legs is not zero");
    }
    if (!check_heads(stage_flow(stage))) {
        stage_fail(stage, "a lane's head is wrong");
    }
    stage_broker_stop(stage);
    stage_broker_start(stage);
    check_picture(stage_flow(stage), &used);
    stage_broker_stop(stage);
    unlink(stage->state_path);
    stage_broker_start(stage);
    check_picture(stage_flow(stage), &refolded);
    if (!check_same(&used, &refolded)) {
        stage_fail(stage, "a state refolded from the journal differs from the one in use");
    }
}

void stage_close(struct stage *stage)
{
    char lock[128];
    log_capture(NULL, NULL);
    for (uint32_t i = 0; i < stage->peers_count; i++) {
        peer_close(&stage->peers[i]);
    }
    broker_close(&stage->broker);
    operators_close(&stage->operators);
    world_net_close(&stage->net);
    backend_memory_close(&stage->backend);
    digester_close(&stage->digester);
    arena_deinit(&stage->arena);
    arena_deinit(&stage->ask_arena);
    for (uint32_t i = 0; i < stage->transfers_count; i++) {
        free(stage->transfers[i].header);
        free(stage->transfers[i].body);
    }
    for (uint32_t i = 0; i < stage->lines_count; i++) {
        free(stage->lines[i]);
    }
    snprintf(lock, sizeof(lock), "%s-lock", stage->state_path);
    unlink(stage->state_path);
    unlink(lock);
    rmdir(stage->folder);
}
