/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_REPLAY_STAGE_H
#define TESTS_REPLAY_STAGE_H

#include "broker/control/operators.h"
#include "broker/core/broker.h"
#include "harness/world_net.h"
#include "parse.h"
#include "peer.h"
#include "proto/base/arena.h"
#include "proto/base/uuid7.h"

/*
 * The place where a story is played: the broker as it is, in a world of its own, with whoever the
 * story names. Time stands still between statements. Whatever goes wrong ends the program through
 * stage_fail, which names the line, what was expected and what was seen.
 */
#define AGENCIES_STAGE_MAX 16
#define PEERS_MAX          16
#define TRANSFERS_MAX      4096
#define PATIENCE_MS        5000 /* how long an expectation waits when it does not say */
#define LINES_MAX          20000

enum person { VIEWER, OPERATOR, APPROVER, REGISTRAR, PEOPLE };

struct stage_agency {
    char id[LT_AGENCY_ID_MAX + 1];
    struct lt_key key;
};

/* The last page an operator was given, all its parts put together. */
struct asked {
    struct page page;
    struct row rows[4096];
    bool given;
};

struct stage {
    const struct script *script;
    struct statement *statement; /* being carried out */
    bool verbose;

    struct world world;
    struct world_net *net;
    struct world_clock clock;
    struct world_entropy entropy;
    struct uuid7 ids;
    struct digester *digester;
    char folder[64];
    char state_path[96];

    struct backend_memory *backend;
    struct flow_settings settings;
    enum append_result plan_result;
    uint32_t plan_polls;
    bool plan_written;
    uint64_t disk_free_bytes;

    struct config config;
    struct operators *operators;
    struct broker *broker;  /* NULL: down */
    enum lt_status stopped; /* why it ended by itself */
    struct fault stop_fault;

    struct stage_agency agencies[AGENCIES_STAGE_MAX];
    uint32_t agencies_count;
    struct peer *peers[PEERS_MAX];
    uint32_t peers_count;
    struct parcel_made transfers[TRANSFERS_MAX];
    uint32_t transfers_count;

    struct world_link *people[PEOPLE];
    struct arena ask_arena;
    struct asked asked;
    uint64_t queries;

    struct arena arena;     /* of one frame */
    char *lines[LINES_MAX]; /* of the log; NULL where one was expected and found */
    uint32_t lines_count;
    uint32_t lines_lost;
};

void stage_open(struct stage *stage, const struct script *script, bool verbose);
/* Every story ends so: the sum is zero, lanes have the right heads, and a state refolded from the
 * journal equals the one in use. */
void stage_end(struct stage *stage);
void stage_close(struct stage *stage);

_Noreturn void stage_fail(const struct stage *stage, const char *seen, ...) LT_PRINTF(2, 3);
/* Words of the statement; a missing one ends the story. */
const char *stage_word(struct stage *stage, const char *what);
struct names stage_names(struct stage *stage);
int64_t stage_span(struct stage *stage, const char *text);
uint64_t stage_count(struct stage *stage, const char *text);
/* The transfer of that name. */
struct parcel_made *stage_transfer(struct stage *stage, const char *name);
struct parcel_made *stage_transfer_find(struct stage *stage, const char *name);
struct parcel_made *stage_transfer_by_id(struct stage *stage, const struct lt_id *id);
struct peer *stage_peer(struct stage *stage, const char *name); /* NULL: nobody of that name */

/* ---- time ---- */
void stage_step(struct stage *stage, int64_t ms);
void stage_run(struct stage *stage, int64_t ms);
/* Until it is done or the time is over; false: it was not. */
bool stage_until(struct stage *stage, int64_t ms, bool (*done)(void *context), void *context);

/* ---- the broker (stage_broker.c) ---- */
enum lt_status stage_broker_open(struct stage *stage, struct fault *fault);
void stage_broker_start(struct stage *stage);
void stage_broker_stop(struct stage *stage); /* in order */
void stage_broker_crash(struct stage *stage, bool keep_in_flight);
bool stage_broker_turn(struct stage *stage); /* true: it was busy */
struct flow *stage_flow(struct stage *stage);

/* ---- statements (act.c, ask.c, expect.c, expect_broker.c) ---- */
void act_run(struct stage *stage);
void expect_run(struct stage *stage);
bool expect_broker(struct stage *stage); /* false: not one of its statements */
void expect_row(struct stage *stage);
void ask_as(struct stage *stage, enum person person);
bool person_by_name(const char *name, enum person *ret_person);
struct page ask_payload(struct stage *stage, const char *verb, struct lt_bytes payload);

#endif
