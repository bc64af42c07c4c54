/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_DOOR_JSON_H
#define ADAPTERS_HOST_DOOR_JSON_H

#include "proto/digest.h"
#include <lienthong/client.h>
#include <lienthong/restore.h>

/*
 * The one place where JSON becomes a request or an answer and where deliveries, outcomes and
 * refusals become JSON; http and spool speak exactly the same. What each field means is said in
 * adapters/drivers/http/openapi.yaml.
 */

/* ---- in ---- */

#define DOOR_JSON_BYTES_MAX (16u * 1024 * 1024)
#define DOOR_NODE_MAX       64

enum door_flags {
    DOOR_HTTP = 0,
    DOOR_SPOOL = 1, /* "sender_key" may stand inside, attachments may be named by "file" alone */
};

struct door_request {
    struct lt_request request;
    char from[LT_AGENCY_ID_MAX + 1];       /* "" when not given */
    const char *files[LT_ATTACHMENTS_MAX]; /* DOOR_SPOOL: "file" of each attachment, or NULL */
    const char *to[LT_LEGS_MAX];
    const char *aliases[LT_ALIASES_MAX];
    struct lt_attachment attachments[LT_ATTACHMENTS_MAX];
    void *tree;          /* of the parser; texts live in it */
    uint8_t *body_bytes; /* decoded from base64, or NULL */
};

/*
 * The request borrows `text` (a JSON body is used as it stands there) until it is freed. Problems:
 * LT_JSON_BAD with line and column, LT_TEXT_BAD, LT_FIELD_*, LT_LEGS_TOO_MANY, LT_ATTACHMENT_BAD,
 * LT_BODY_TOO_LARGE over DOOR_JSON_BYTES_MAX. The sender key is the caller's to set with DOOR_HTTP.
 */
LT_CHECK enum lt_status door_request_read(struct door_request **ret_request, struct lt_bytes text,
                                          enum door_flags flags, struct lt_problem *problem);
void door_request_free(struct door_request **request_p);

/*
 * Sets the content digest: SHA-256 over the RFC 8785 form of what is asked for. Not part of it:
 * from, sender_key, created_ms, traceparent and file, which may differ between two tries of the
 * same request. Call it when every attachment has its digest. LT_NO_MEMORY.
 */
LT_CHECK enum lt_status door_request_digest(struct door_request *request,
                                            struct digester *digester);

/*
 * The request that calls a transfer back: kind recall, about `id`, to the same receivers, case,
 * procedure and place as `header` says (the encoded Header as sent); `text` is empty or {reason}.
 * Gives the JSON to hand to door_request_read; the caller frees it.
 */
LT_CHECK enum lt_status door_recall_json(const struct lt_id *id, struct lt_bytes header,
                                         struct lt_bytes text, char **ret_text,
                                         struct lt_problem *problem);

struct door_answer {
    struct lt_answer answer; /* reason points into this struct: do not copy it */
    char reason[LT_REASON_MAX + 1];
    char node[DOOR_NODE_MAX + 1]; /* "" when not given */
    struct lt_id id;              /* door_reply_read only */
    uint32_t leg;
};

/*
 * An answer to a delivery: outcome is "taken", "refused", "failed" or "later"; text is empty or
 * {code, reason, retry_after_s, permanent, node, decided_ms}. A refusal needs code and reason.
 */
LT_CHECK enum lt_status door_answer_read(struct door_answer *ret_answer, const char *outcome,
                                         struct lt_bytes text, struct lt_problem *problem);

/* The same with {id, leg, outcome} inside: what a webhook may answer. */
LT_CHECK enum lt_status door_reply_read(struct door_answer *ret_answer, struct lt_bytes text,
                                        struct lt_problem *problem);

/*
 * A local system's answer to "do you hold it?": {held: true|false, outcome, code, reason, time_ms,
 * digest}. Only a JSON object with a boolean `held` is an answer; everything else is a problem, and
 * the caller tells "unknown". `by` is the caller's to fill.
 */
LT_CHECK enum lt_status door_held_read(struct lt_held_answer *ret_answer, struct lt_bytes text,
                                       struct lt_problem *problem);

/* ---- out: texts the caller frees; NULL when memory ran out ---- */

char *door_sent_json(const struct lt_sent *sent);
/* {"transfers": [...], "next": sequence of the last, or `after`} */
char *door_sents_json(const struct lt_sent *sents, uint32_t count, uint64_t after);

/* {"questions": [...], "next": number of the last, or `after`} */
char *door_questions_json(const struct lt_question *questions, uint32_t count, uint64_t after);

/* {"transfers": [...], "next": position to go on behind, 0 at the end}: legs as the axis has them
 */
char *door_legs_json(const struct lt_list_row *rows, uint32_t count, uint64_t next);

char *door_event_json(const struct lt_event *event);
/* {"events": [...], "next": cursor of the last, or `after`} */
char *door_events_json(const struct lt_event *events, uint32_t count, uint64_t after);

/*
 * A delivery with its header and its body: "body" when it is JSON, as it stands, else
 * "body_base64". `files`, when given, names the file of each attachment of the JSON, in order. A
 * header that cannot be read gives the delivery without its fields and with "problem".
 */
char *door_delivery_json(const struct lt_delivery *delivery, const char *const *files);

/* The attachments of a delivery, without the body that travelled as one; into out[], a count. */
struct door_attachment {
    struct lt_digest sha256;
    uint64_t size;
    char component[LT_COMPONENT_MAX + 1];
    char name[LT_FILE_NAME_MAX + 1];
};
uint32_t door_attachments(const struct lt_delivery *delivery,
                          struct door_attachment out[LT_ATTACHMENTS_MAX]);

/* application/problem+json from the error table. `id` may be NULL: the transfer it is about. */
char *door_problem_json(const struct lt_problem *problem, const struct lt_id *id);
/* Seconds after which trying again makes sense, 0: it does not. */
uint32_t door_retry_after_s(enum lt_status status);

char *door_state_json(const char *agency, const struct lt_client_state *state);

/* "recorded", "accepted", "refused", "done"; 0 for another text. */
const char *door_state_name(enum lt_sent_state state);
int door_state_by_name(const char *name);

/* Lists the driver itself makes: {NAME: [TEXTS...]} plus `tail` (",\"x\":1" or ""). */
char *door_list_json(const char *name, char *const *texts, uint32_t count, const char *tail);

void door_problem_init(struct lt_problem *problem);

#endif
