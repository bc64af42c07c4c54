/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The desk for requests of keys, at two doors. At the strangers' port a frame costs a digest and a
 * look through a small table; over a session of an agency likewise. Only a request that was not
 * seen before is read and its signature checked, ENROL_READS_MAX of them in ENROL_LOOK_MS at each
 * door, so there are at most some 80 checks a second however many ask, and strangers cost agencies
 * nothing. What is over is told to come again.
 *
 * A request counts only over a connection of the CURVE key it names: so both keys are shown to be
 * in one hand; and over a session only for the agency whose session it is. A request that the table
 * does not know, whose keys the registry has since it was made, was approved before the broker was
 * started anew and is told so; one made later asks for a new certificate and waits like any other.
 * At the strangers' port anything that is no EnrolAsk gets no answer.
 */
#include "enrol_desk.h"

#include <string.h>

#include "broker/flow/steps.h"
#include "broker/registry/seal_key.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/digest.h"
#include "proto/message.h"

#define SWEEP_MS 60000
#define STRANGER "stranger"

/* Who asks: a stranger, or an agency over its session. */
struct asker {
    const struct port_peer *peer;
    const char *agency; /* NULL: a stranger */
};

/* What is said to one request. */
struct said {
    struct enrol_answer answer;
    struct fault fault;
};

static void note_registry(struct enrol_desk *desk, const struct flow *flow)
{
    uint64_t version = registry_version(flow->registry);
    if (version != desk->seen_version) {
        desk->seen_version = version;
        desk->seen_position = journal_staged(flow->journal);
    }
}

static void say_code(struct said *said, enum lt_status code, uint32_t retry_after_ms)
{
    const struct fault *fault = &said->fault;
    said->answer = (struct enrol_answer){
        .code = (uint32_t)code,
        .detail = text_bytes(fault->detail),
        .retry_after_ms = retry_after_ms,
    };
}

/* The signing key of a request whose keys the registry has both, valid, of the agency it names. */
static const struct seal_key *registered(const struct flow *flow,
                                         const struct enrol_request *request)
{
    const struct agency *agency = registry_by_key(flow->registry, &request->curve);
    if (agency == NULL || strcmp(agency->id, request->agency) != 0 ||
        registry_key_state(flow->registry, &request->curve, flow->now_ms) != KEY_VALID) {
        return NULL;
    }
    const struct seal_key *key =
        seal_keys_find(registry_seal_keys(flow->registry), agency->number, &request->key_id);
    return key != NULL && !key->revoked ? key : NULL;
}

/* What the registry says of a request that the table does not know: approved in another life of the
 * broker, unless it was made after that approval; then it asks for a new certificate. */
static const struct seal_key *approved_before(const struct enrol_desk *desk,
                                              const struct flow *flow,
                                              const struct enrol_request *request)
{
    const struct seal_key *key = registered(flow, request);
    bool answered = key != NULL && request->made_ms <= key->from_ms;
    return answered && desk->seen_position <= flow->durable ? key : NULL;
}

static void say_approved(const struct seal_key *key, struct said *said)
{
    said->answer = (struct enrol_answer){.state = ENROL_APPROVED};
    if (key->certificate) {
        said->answer.certificate = key->der;
    }
}

static void say_known(const struct flow *flow, const struct enrolment *enrolment, struct said *said)
{
    const struct seal_key *key =
        enrolment->state == ENROL_APPROVED ? registered(flow, &enrolment->request) : NULL;
    bool durable = enrolment->position <= flow->durable;
    if (key != NULL && durable) {
        say_approved(key, said);
    } else if (enrolment->state == ENROL_REFUSED && durable) {
        said->answer = (struct enrol_answer){
            .state = ENROL_REFUSED,
            .code = LT_ENROL_REFUSED,
            .detail = text_bytes(enrolment->reason),
        };
    } else {
        said->answer = (struct enrol_answer){
            .state = ENROL_WAITS,
            .retry_after_ms = ENROL_POLL_MS,
            .until_ms = enrolment->until_ms,
        };
    }
}

static void log_request(const char *event, const struct enrol_request *request,
                        const struct asker *asker)
{
    char key[2 * sizeof(request->curve.bytes) + 1];
    hex_write(key, request->curve.bytes, sizeof(request->curve.bytes));
    log_info(event, "agency=%s peer=%s session=%d code=%s key=%s", request->agency,
             asker->peer->address, asker->agency != NULL ? 1 : 0, request->code, key);
}

static bool same_key(const struct enrol_request *request, const struct asker *asker)
{
    return memcmp(&request->curve, &asker->peer->key, sizeof(request->curve)) == 0;
}

static enum lt_status request_take(struct lt_bytes der, const struct asker *asker,
                                   struct enrol_request *request, struct fault *fault)
{
    enum lt_status status = enrol_request_read(der, request, fault);
    if (status == LT_OK && !same_key(request, asker)) {
        status = fault_set(fault, LT_ENROL_OTHER_KEY, "request", "another CURVE key");
    }
    if (status == LT_OK && asker->agency != NULL && strcmp(request->agency, asker->agency) != 0) {
        status = fault_set(fault, LT_FIELD_BAD, "request", "it names %s, the session is of %s",
                           request->agency, asker->agency);
    }
    return status;
}

/* A request that is not in the table: read it, and take it in unless it is done with. */
static void say_new(struct enrol_desk *desk, const struct flow *flow, struct lt_bytes der,
                    const struct asker *asker, struct said *said)
{
    struct enrol_request request;
    struct enrolment *enrolment = NULL;
    struct enrol_origin origin = {asker->peer->address, asker->agency != NULL};
    enum lt_status status = request_take(der, asker, &request, &said->fault);
    if (status != LT_OK) {
        log_warn("enrol-refused", "peer=%s code=%s detail=\"%s\"", origin.address, lt_code(status),
                 said->fault.detail);
        say_code(said, status, 0);
        return;
    }
    const struct seal_key *key = approved_before(desk, flow, &request);
    if (key != NULL) {
        say_approved(key, said);
        return;
    }
    status = enrolments_put(desk->enrolments, &request, der, &origin, flow->now_ms, &enrolment);
    if (status != LT_OK) {
        log_request(status == LT_BUSY ? "enrol-full" : "enrol-expired", &request, asker);
        say_code(said, status, status == LT_BUSY ? ENROL_POLL_MS : 0);
        return;
    }
    log_request("enrol-asked", &request, asker);
    say_known(flow, enrolment, said);
}

static void answer(struct enrol_desk *desk, struct flow *flow, const struct asker *asker,
                   struct lt_bytes der, struct said *said)
{
    uint32_t *reads = asker->agency != NULL ? &desk->session_reads : &desk->stranger_reads;
    desk->asked++;
    fault_init(&said->fault);
    struct lt_digest digest = digest_of(flow->digester, der);
    const struct enrolment *enrolment = enrolments_find(desk->enrolments, &digest);
    if (enrolment != NULL && !same_key(&enrolment->request, asker)) {
        fault_set(&said->fault, LT_ENROL_OTHER_KEY, "request", "another CURVE key");
        say_code(said, LT_ENROL_OTHER_KEY, 0);
    } else if (enrolment != NULL) {
        say_known(flow, enrolment, said);
    } else if (*reads == ENROL_READS_MAX) {
        say_code(said, LT_BUSY, ENROL_LOOK_MS);
    } else {
        (*reads)++;
        say_new(desk, flow, der, asker, said);
    }
}

/* What is due by time, before anybody is answered. */
static void look(struct enrol_desk *desk, const struct flow *flow)
{
    note_registry(desk, flow);
    if (flow->mono_ms - desk->read_ms >= ENROL_LOOK_MS) {
        desk->read_ms = flow->mono_ms;
        desk->session_reads = 0;
        desk->stranger_reads = 0;
    }
    if (flow->mono_ms - desk->swept_ms >= SWEEP_MS) {
        desk->swept_ms = flow->mono_ms;
        enrolments_sweep(desk->enrolments, flow->now_ms);
    }
}

/* ---- over a session ---- */

static void over_session(void *self, struct flow *flow, struct session *session,
                         const struct port_peer *peer, struct lt_bytes request)
{
    struct enrol_desk *desk = self;
    struct asker asker = {peer, session->user};
    struct said said;
    look(desk, flow);
    answer(desk, flow, &asker, request, &said);
    struct frame frame = {.kind = FRAME_ENROL_ANSWER, .enrol_answer = said.answer};
    /* Whoever does not get it asks again. */
    (void)session_out(flow, session, &frame);
}

struct flow_enrol enrol_desk_door(struct enrol_desk *desk)
{
    return (struct flow_enrol){.self = desk, .take = over_session};
}

/* ---- at the port for strangers ---- */

static void send(struct flow *flow, const struct server_port *port, const struct port_route *route,
                 const struct enrol_answer *answer)
{
    struct lt_bytes bytes;
    struct frame frame = {.kind = FRAME_ENROL_ANSWER, .enrol_answer = *answer};
    if (frame_write(&frame, &flow->arena, &bytes) == LT_OK) {
        /* Whoever does not get it asks again. */
        (void)port->send(port->self, route, bytes);
    }
}

static void take(struct enrol_desk *desk, struct flow *flow, const struct server_port *port,
                 const struct port_frame *in)
{
    struct frame frame;
    struct said said;
    struct asker asker = {&in->peer, NULL};
    fault_init(&said.fault);
    if (strcmp(in->peer.user, STRANGER) != 0 ||
        frame_read(in->bytes, &flow->arena, &frame, &said.fault) != LT_OK ||
        frame.kind != FRAME_ENROL_ASK) {
        desk->dropped++;
        return;
    }
    answer(desk, flow, &asker, frame.enrol_ask, &said);
    send(flow, port, &in->route, &said.answer);
}

bool enrol_desk_due(const struct enrol_desk *desk, int64_t mono_ms)
{
    return mono_ms - desk->looked_ms >= ENROL_LOOK_MS;
}

void enrol_desk_turn(struct enrol_desk *desk, struct flow *flow, const struct server_port *port)
{
    struct port_frame frames[ENROL_FRAMES_MAX];
    desk->looked_ms = flow->mono_ms;
    look(desk, flow);
    uint32_t count = port->receive(port->self, frames, ENROL_FRAMES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        take(desk, flow, port, &frames[i]);
        arena_reset(&flow->arena);
    }
    port->release(port->self, frames, count);
}
