/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One Submit of a session on its way in. What is cheap is checked here (credit, the header's shape,
 * whose it is), what is costly goes to the verifier; join.c decides.
 *
 * A frame is verified in this very step when it is small and none of its agency is under way: it is
 * decided before the next frame is taken and nothing of it is copied. Any other is copied into
 * memory of its own, because the port's frame and the turn's arena end with the turn. What is kept
 * is bounded in frames and bytes; beyond that no frame is taken at all. More than was lent closes
 * the session.
 */
#include <assert.h>
#include <stdlib.h>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/header_check.h"
#include "proto/message.h"
#include "steps.h"

/* The most one frame may take: its bytes, and headers decoded, which is several times their size
 * when they are full of attachments. */
#define KEPT_FRAME_BYTES                                                                           \
    (8 * (size_t)LT_SUBMIT_BYTES_MAX + LT_PARCELS_PER_FRAME * sizeof(struct checked))

#define SEALING_BYTES (sizeof(struct sealing) + LT_PARCELS_PER_FRAME * sizeof(struct lt_digest))

static_assert(VERIFY_BYTES_MAX >= 4 * (long long)KEPT_FRAME_BYTES, "some frames of the largest");

bool submit_room(const struct flow *flow)
{
    return flow->verifying < VERIFY_FRAMES_MAX &&
           flow->verifying_bytes + KEPT_FRAME_BYTES <= VERIFY_BYTES_MAX;
}

/* Checks that need neither journal nor state nor any time. */
static enum lt_status look_at(struct flow *flow, struct arena *arena, const struct agency *agency,
                              struct checked *checked)
{
    struct header *header = &checked->header;
    struct fault *fault = &checked->fault;
    enum lt_status status = header_read(checked->parcel.header, arena, header, fault);
    if (status != LT_OK) {
        return lt_class(status) == LT_CLASS_REFUSE && status != LT_TEXT_BAD ? LT_HEADER_BAD
                                                                            : status;
    }
    status = header_check(header, flow->now_ms, fault);
    if (status != LT_OK) {
        return status;
    }
    if (!bytes_equal(header->from, text_bytes(agency->id))) {
        return fault_set(fault, LT_FROM_FOREIGN, "from", "%.*s, connected as %s",
                         (int)header->from.size, (const char *)header->from.data, agency->id);
    }
    return LT_OK;
}

/* False: no memory. A kept submission has its own copy of the parcels. */
static bool fill(struct flow *flow, struct submission *submission, const struct agency *agency,
                 const struct submit *submit, struct arena *arena)
{
    submission->agency = agency->number;
    submission->count = submit->count;
    submission->parcels = arena_zalloc(arena, submit->count * sizeof(struct checked));
    if (submission->parcels == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < submit->count; i++) {
        struct checked *checked = &submission->parcels[i];
        checked->parcel = submit->parcels[i];
        if (submission->kept) {
            checked->parcel.header = arena_copy(arena, submit->parcels[i].header);
            checked->parcel.body = arena_copy(arena, submit->parcels[i].body);
            if (checked->parcel.header.data == NULL || checked->parcel.body.data == NULL) {
                return false;
            }
        }
        fault_init(&checked->fault);
        checked->code = look_at(flow, arena, agency, checked);
    }
    submission->received_ms = flow->now_ms;
    return sealing_take(flow, agency, &submit->seal, submit->count, arena, &submission->sealing);
}

static void verify_here(const struct flow *flow, struct submission *submission)
{
    struct verify_tools tools = {flow->digester, flow->checker};
    verify_submission(&tools, submission);
    submission->verified = true;
}

static struct submission *make_for_now(struct flow *flow, const struct agency *agency,
                                       const struct submit *submit)
{
    struct submission *submission = arena_zalloc(&flow->arena, sizeof(*submission));
    if (submission == NULL || !fill(flow, submission, agency, submit, &flow->arena)) {
        return NULL;
    }
    verify_here(flow, submission);
    return submission;
}

static struct submission *make_to_keep(struct flow *flow, const struct agency *agency,
                                       const struct submit *submit, uint64_t bytes)
{
    size_t first = bytes + submit->count * (sizeof(struct checked) + 512) + SEALING_BYTES;
    struct submission *submission = calloc(1, sizeof(*submission));
    if (submission == NULL) {
        return NULL;
    }
    submission->kept = true;
    if (arena_init(&submission->arena, first, KEPT_FRAME_BYTES) != LT_OK) {
        free(submission);
        return NULL;
    }
    if (!fill(flow, submission, agency, submit, &submission->arena)) {
        arena_deinit(&submission->arena);
        free(submission);
        return NULL;
    }
    submission->kept_bytes = submission->arena.used + first; /* the last chunk is not full */
    flow->verifying++;
    flow->verifying_bytes += submission->kept_bytes;
    if (!flow->verifier.put(flow->verifier.self, submission)) {
        verify_here(flow, submission);
    }
    return submission;
}

/* False: more than was lent. */
static bool take_credit(struct session *session, const struct submit *submit, uint64_t *ret_bytes)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < submit->count; i++) {
        uint64_t size = submit->parcels[i].header.size + submit->parcels[i].body.size;
        bytes += size;
        if (!session_take(session, size)) {
            log_warn("over-credit", "agency=%s bytes=%llu lent=%llu", session->user,
                     (unsigned long long)session->outstanding.bytes,
                     (unsigned long long)session->submit.bytes);
            return false;
        }
    }
    *ret_bytes = bytes;
    return true;
}

enum lt_status take_submit(struct flow *flow, struct session *session, const struct submit *submit)
{
    const struct agency *agency = registry_by_number(flow->registry, session->agency);
    uint64_t bytes = 0;
    uint32_t joined = 0;
    if (!take_credit(session, submit, &bytes)) {
        session_doom(session, LT_CREDIT_EXCEEDED);
        return LT_OK;
    }
    if (agency == NULL || session->role == ROLE_RECEIVING || submit->count == 0 ||
        submit->count > LT_PARCELS_PER_FRAME || bytes > LT_SUBMIT_BYTES_MAX) {
        session_doom(session, LT_FRAME_BAD);
        return LT_OK;
    }
    struct desk *desk = desk_of(&flow->desks, agency->number);
    uint64_t cost = bytes + (seal_present(&submit->seal) ? SEALING_COST_BYTES : 0);
    bool now = desk->submissions.count == 0 && cost <= flow->verifier.inline_bytes;
    struct submission *submission =
        now ? make_for_now(flow, agency, submit) : make_to_keep(flow, agency, submit, bytes);
    if (submission == NULL) {
        session_doom(session, LT_BUSY); /* no memory: it asks again in a new session */
        return LT_OK;
    }
    submission->session = session;
    list_node_init(&submission->order);
    list_push(&desk->submissions, &submission->order);
    enum lt_status status = join_desk(flow, desk, &joined);
    assert(!now || status != LT_OK || desk->submissions.count == 0); /* the arena ends */
    return status;
}
