/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A data folder with a backlog, made fast: so many parked legs over so many agencies, as facts in a
 * real journal.mdb, folded into a real state.mdb by the broker's own code. Every tenth leg is
 * parked as receiver-never, the others as attempts-exhausted. The real broker is then started on
 * it. lt-backlog FOLDER LEGS AGENCIES
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/core/broker.h"
#include "broker/flow/flow.h"
#include "broker/journal/backend.h"
#include "broker/registry/agency.h"
#include "harness/world_net.h"
#include "proto/base/clock_os.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define WAIT_TURNS_MAX 100000

struct yard {
    struct world world;
    struct world_net *net;
    struct backend_lmdb *backend;
    struct broker *broker;
    struct flow *flow;
    struct digester *digester;
    struct uuid7 ids;
};

static void die(const char *what, enum lt_status status)
{
    fprintf(stderr, "lt-backlog: %s: %s\n", what, lt_code(status));
    exit(1);
}

static enum lt_status no_operators(void *self, struct flow *flow, struct session *session,
                                   const struct query *query)
{
    (void)self;
    (void)flow;
    (void)session;
    (void)query;
    return LT_OK;
}

static void yard_open(struct yard *yard, const char *folder)
{
    static char state_path[512];
    struct fault fault;
    fault_init(&fault);
    world_init(&yard->world, 1);
    struct backend_lmdb_options options = {.folder = folder};
    enum lt_status status = world_net_open(&yard->net, &yard->world);
    if (status == LT_OK) {
        status = backend_lmdb_open(&yard->backend, &options, &fault);
    }
    if (status == LT_OK) {
        status = digester_open(&yard->digester);
    }
    if (status != LT_OK) {
        die(fault.detail, status);
    }
    snprintf(state_path, sizeof(state_path), "%s/state.mdb", folder);
    struct broker_options broker = {
        .clock = clock_os(),
        .entropy = entropy_os(),
        .port = world_net_server(yard->net, 0),
        .backend = backend_lmdb_door(yard->backend),
        .state = {.path = state_path, .seed = 1},
        .settings = {.attempts_max = 8, .software = "lt-backlog", .blob_endpoint = ""},
        .operators = {.take = no_operators},
        .owner = "lt-backlog",
        .fetch_threads = 1,
    };
    status = broker_open(&yard->broker, &broker, &fault);
    if (status != LT_OK) {
        die(fault.detail, status);
    }
    yard->flow = broker_flow(yard->broker);
}

static void turn(struct yard *yard)
{
    bool idle;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = broker_turn(yard->broker, &idle, &fault);
    if (status != LT_OK) {
        die(fault.detail, status);
    }
}

static void fact(struct yard *yard, uint8_t kind, struct lt_bytes payload,
                 const struct header *header)
{
    uint64_t position;
    for (int i = 0; !flow_room(yard->flow); i++) {
        if (i == WAIT_TURNS_MAX) {
            die("no room", LT_BUSY);
        }
        turn(yard);
        if (!flow_room(yard->flow)) {
            (void)poll(NULL, 0, 2); /* the disk is behind; the net of this world never waits */
        }
    }
    enum lt_status status = header != NULL
                                ? flow_fact_accepted(yard->flow, payload, header, &position)
                                : flow_fact(yard->flow, kind, payload, &position);
    if (status != LT_OK) {
        die("fact", status);
    }
}

static void add_agency(struct yard *yard, uint32_t number)
{
    uint8_t entry[AGENCY_BYTES_MAX];
    uint8_t memory[AGENCY_BYTES_MAX + 64];
    struct agency agency;
    memset(&agency, 0, sizeof(agency));
    agency.number = number;
    agency.kind = AGENCY_COMMUNE;
    snprintf(agency.id, sizeof(agency.id), "H24.%u", number);
    snprintf(agency.name, sizeof(agency.name), "Đơn vị thử số %u", number);
    memcpy(agency.keys[0].key.bytes, &number, sizeof(number));
    agency.keys[0].key.bytes[31] = 1;
    agency.keys_count = 1;
    struct fact_registry change = {.change = REGISTRY_AGENCY,
                                   .person = text_bytes("lt-backlog"),
                                   .entry = agency_write(entry, sizeof(entry), &agency)};
    fact(yard, FACT_REGISTRY, fact_write_registry(memory, sizeof(memory), &change), NULL);
}

static void add_leg(struct yard *yard, uint32_t number, uint32_t agencies)
{
    uint8_t memory[2048];
    char key[24];
    char code[32];
    struct header header;
    struct fact_accepted accepted;
    uint32_t to = number % agencies + 1;
    memset(&header, 0, sizeof(header));
    memset(&accepted, 0, sizeof(accepted));
    snprintf(key, sizeof(key), "k%u", number);
    snprintf(code, sizeof(code), "H24.%u-%u", to, number);
    header.id = uuid7_next(&yard->ids, clock_os(), entropy_os());
    header.kind = LT_KIND_FORWARD;
    header.sender_key = text_bytes(key);
    header.content_digest = digest_of(yard->digester, header.sender_key);
    header.from = text_bytes("H24.1");
    header.case_code = text_bytes(code);
    header.procedure = text_bytes("1.001193");
    header.procedure_raw = header.procedure;
    header.locality = text_bytes("00001");
    header.schema_version = 1;
    header.created_ms = yard->flow->now_ms;
    accepted.from = 1;
    accepted.body = text_bytes("{\"thu\":true}");
    accepted.legs_count = 1;
    accepted.legs[0] = (struct fact_leg){
        .agency = to, .parked = number % 10 == 0 ? LT_RECEIVER_NEVER : LT_ATTEMPTS_EXHAUSTED};
    enum lt_status status = header_write(&header, &yard->flow->arena, &accepted.header);
    if (status != LT_OK) {
        die("header", status);
    }
    accepted.digest = digest_of_two(yard->digester, accepted.header, accepted.body);
    fact(yard, FACT_ACCEPTED, fact_write_accepted(memory, sizeof(memory), &accepted), &header);
}

int main(int argc, char **argv)
{
    static struct yard yard;
    if (argc != 4) {
        fprintf(stderr, "lt-backlog FOLDER LEGS AGENCIES\n");
        return 2;
    }
    uint32_t legs = (uint32_t)strtoul(argv[2], NULL, 10);
    uint32_t agencies = (uint32_t)strtoul(argv[3], NULL, 10);
    if (legs == 0 || agencies == 0 || agencies > AGENCIES_MAX) {
        return 2;
    }
    yard_open(&yard, argv[1]);
    for (uint32_t i = 1; i <= agencies; i++) {
        add_agency(&yard, i);
    }
    for (uint32_t i = 0; i < legs; i++) {
        add_leg(&yard, i, agencies);
    }
    broker_drain(yard.broker);
    while (!broker_drained(yard.broker)) {
        turn(&yard);
    }
    broker_close(&yard.broker);
    backend_lmdb_close(&yard.backend);
    world_net_close(&yard.net);
    digester_close(&yard.digester);
    return 0;
}
