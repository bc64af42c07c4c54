/* SPDX-License-Identifier: EUPL-1.2 */
/* The agencies of the world; what they send is drawn from its seed. */
#include "town.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "adapters/sdk/client_parts.h"
#include "adapters/sdk/client_step.h"
#include "harness/seeded_key.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define CASES      3 /* of each commune: few, so that each has a chain */
#define EACH_MAX   5
#define STEP_MS    400
#define ROUND_MS   9000
#define ARENA_CAP  (1024u * 1024 * 1024)
#define REFUSE_PER 250 /* of 1000 */

static void open_agency(struct town *town, uint32_t at)
{
    struct agency_here *here = &town->agencies[at];
    struct lt_problem problem;
    struct fault fault;
    struct public_key *key = NULL;
    fault_init(&fault);
    world_clock_init(&here->clock, &town->world, (int64_t)at * 300);
    world_entropy_init(&here->entropy, &town->world, 10 + at);
    snprintf(here->folder, sizeof(here->folder), "%.100s/%u", town->folder, at);
    snprintf(here->key_path, sizeof(here->key_path), "%.100s/%u.key", town->folder, at);
    enum lt_status status = seeded_key_make(here->key_path, &here->entropy.entropy, &fault);
    assert(status == LT_OK);
    status = seeded_key_public(here->key_path, &key, &fault);
    assert(status == LT_OK);
    here->key_id = *public_key_id(key);
    here->spki = arena_copy(&town->arena, public_key_spki(key));
    public_key_close(&key);
    struct lt_client_options options = {
        .agency = agency_ids[at], .folder = here->folder, .signing_key = here->key_path};
    status = client_open_port(&here->client, line_port(&town->axis.lines[at]), NULL,
                              &here->clock.clock, &here->entropy.entropy, &options, &problem);
    if (status != LT_OK) {
        fprintf(stderr, "cheat: %s %s %s\n", lt_code(status), problem.field, problem.detail);
    }
    assert(status == LT_OK);
}

static void open_key(struct town *town, uint64_t owner, const char *name, struct signer *ret_signer)
{
    char path[160];
    struct world_entropy entropy;
    struct fault fault;
    fault_init(&fault);
    world_entropy_init(&entropy, &town->world, owner);
    snprintf(path, sizeof(path), "%.100s/%s.key", town->folder, name);
    enum lt_status status = seeded_key_make(path, &entropy.entropy, &fault);
    assert(status == LT_OK);
    status = signer_open_file(path, ret_signer, &fault);
    assert(status == LT_OK);
}

static void open_axis(struct town *town, enum cheat cheat)
{
    struct axis *axis = &town->axis;
    axis->world = &town->world;
    axis->arena = &town->arena;
    axis->cheat = cheat;
    world_random_init(&axis->random, &town->world, 2);
    enum lt_status status = digester_open(&axis->digester);
    assert(status == LT_OK);
    open_key(town, 3, "axis", &axis->signer);
    open_key(town, 4, "stranger", &axis->stranger);
    struct note_key key = {VIEW_NAME, axis->signer.public_key};
    bool written = note_vkey_write(axis->vkey, axis->digester, &key);
    assert(written);
    for (uint32_t i = 0; i < 2; i++) {
        view_init(&axis->views[i], axis->digester, axis->arena);
    }
    for (uint32_t i = 0; i < AGENCIES; i++) {
        line_init(&axis->lines[i], axis->arena);
    }
}

/* What one adapter tells its people, once: that it refuses the log, with a code, or that receipts
 * are overdue. */
static bool alarm_read(const char *text, char agency[32], char code[32])
{
    const char *refused = strstr(text, "log-refused ");
    const char *overdue = strstr(text, "receipts-overdue ");
    if (overdue != NULL) {
        snprintf(code, 32, "%s", lt_code(LT_RECEIPT_OVERDUE));
        return sscanf(overdue, "receipts-overdue agency=%31s", agency) == 1;
    }
    return refused != NULL &&
           sscanf(refused, "log-refused agency=%31s code=%31s", agency, code) == 2;
}

static void hear(void *self, const char *text)
{
    struct town *town = self;
    char agency[32], code[32];
    if (town->verbose) {
        fprintf(stderr, "%s\n", text);
    }
    if (!alarm_read(text, agency, code)) {
        return;
    }
    for (uint32_t i = 0; i < AGENCIES; i++) {
        struct agency_here *here = &town->agencies[i];
        if (strcmp(agency_ids[i], agency) == 0 && here->refused_count < REFUSED_MAX) {
            snprintf(here->refused[here->refused_count++], sizeof(code), "%s", code);
        }
    }
}

void town_open(struct town *town, uint64_t seed, enum cheat cheat, const char *folder, bool verbose)
{
    memset(town, 0, sizeof(*town));
    town->verbose = verbose;
    log_capture(hear, town);
    world_init(&town->world, seed);
    world_random_init(&town->random, &town->world, 1);
    snprintf(town->folder, sizeof(town->folder), "%.80s/town", folder);
    int made = mkdir(town->folder, 0700);
    assert(made == 0);
    enum lt_status status = arena_init(&town->arena, 1 << 20, ARENA_CAP);
    assert(status == LT_OK);
    open_axis(town, cheat);
    for (uint32_t i = 0; i < AGENCIES; i++) {
        open_agency(town, i);
    }
}

static int drop_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

void town_close(struct town *town)
{
    for (uint32_t i = 0; i < AGENCIES; i++) {
        lt_client_close(&town->agencies[i].client);
    }
    signer_close(&town->axis.signer);
    signer_close(&town->axis.stranger);
    digester_close(&town->axis.digester);
    arena_deinit(&town->arena);
    log_capture(NULL, NULL);
    (void)nftw(town->folder, drop_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- what they do ---- */

static void send_one(struct town *town, uint32_t agency)
{
    struct agency_here *here = &town->agencies[agency];
    const char *to[1] = {agency_ids[DEPARTMENT]};
    char key[32], case_code[64], body[80];
    struct lt_sent sent;
    struct lt_problem problem;
    uint32_t number = here->sent++;
    uint32_t matter = (number / 2) % CASES; /* in pairs */
    snprintf(key, sizeof(key), "k-%u", number);
    snprintf(case_code, sizeof(case_code), "000.00.0%u.H24-%u", agency, matter);
    snprintf(body, sizeof(body), "{\"ho_so\": %u, \"chu\": \"NGUYỄN VĂN THỬ NGHIỆM\"}", number);
    struct lt_request request = {.sender_key = text_bytes(key),
                                 .kind = LT_KIND_FORWARD,
                                 .to = to,
                                 .to_count = 1,
                                 .case_code = case_code,
                                 .procedure = "1.001193",
                                 .body_type = "application/json",
                                 .body = text_bytes(body)};
    enum lt_status status = lt_client_submit(here->client, &request, &sent, &problem);
    if (status != LT_OK) {
        fprintf(stderr, "cheat: %s %s %s\n", lt_code(status), problem.field, problem.detail);
    }
    assert(status == LT_OK);
}

/* The department's system keeps what it was given. */
static void hold(struct town *town, const struct lt_delivery *delivery)
{
    for (uint32_t i = 0; i < town->axis.transfers_count; i++) {
        struct carried *carried = &town->axis.transfers[i];
        if (memcmp(carried->id.bytes, delivery->id.bytes, sizeof(carried->id)) == 0) {
            carried->held_header = arena_copy(&town->arena, delivery->header);
            carried->held_body = arena_copy(&town->arena, delivery->body);
        }
    }
}

static void answer_some(struct town *town)
{
    struct lt_delivery deliveries[8];
    struct lt_client *client = town->agencies[DEPARTMENT].client;
    uint32_t count = lt_client_inbox(client, "nut-1", 60000, 0, deliveries, 8);
    for (uint32_t i = 0; i < count; i++) {
        bool refuse = world_random_chance(&town->random, REFUSE_PER);
        struct lt_answer answer = {.outcome = refuse ? LT_OUTCOME_REFUSED : LT_OUTCOME_TAKEN,
                                   .code = refuse ? LT_WRONG_AUTHORITY : LT_OK,
                                   .reason = refuse ? "Không thuộc thẩm quyền" : "",
                                   .decided_ms = town->world.wall_ms};
        hold(town, &deliveries[i]);
        enum lt_status status =
            lt_client_settle(client, &deliveries[i].id, deliveries[i].leg, "nut-1", &answer);
        assert(status == LT_OK);
    }
    lt_inbox_release(deliveries, count);
}

static void step(struct town *town)
{
    for (uint32_t i = 0; i < AGENCIES; i++) {
        (void)client_step(town->agencies[i].client);
    }
    axis_turn(&town->axis);
    answer_some(town);
    world_advance(&town->world, 1 + (int64_t)world_random_below(&town->random, 2 * STEP_MS));
}

void town_pass(struct town *town, int64_t ms)
{
    int64_t until_ms = town->world.mono_ms + ms;
    while (town->world.mono_ms < until_ms) {
        step(town);
        /* Long waits go in long steps, within the lease. */
        world_advance(&town->world, ms > 60000 ? 4000 : 0);
    }
}

void town_round(struct town *town)
{
    for (uint32_t i = 0; i < DEPARTMENT; i++) {
        uint32_t count = 1 + (uint32_t)world_random_below(&town->random, EACH_MAX);
        for (uint32_t j = 0; j < count; j++) {
            send_one(town, i);
        }
    }
    town_pass(town, ROUND_MS);
}

bool town_refused(const struct town *town, uint32_t agency, const char *code)
{
    const struct agency_here *here = &town->agencies[agency];
    for (uint32_t i = 0; i < here->refused_count; i++) {
        if (strcmp(here->refused[i], code) == 0) {
            return true;
        }
    }
    return false;
}
