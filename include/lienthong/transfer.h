/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef LIENTHONG_TRANSFER_H
#define LIENTHONG_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/types.h>

/*
 * A transfer as local software asks for it. Texts are NUL-terminated UTF-8, NULL or "" when absent.
 * Everything is borrowed for the length of the call. Times are milliseconds since 1970 UTC, 0 when
 * absent. What is legal is said in proto/LTP.md ("Header") and checked by lt_client_submit.
 */
struct lt_attachment {
    struct lt_digest sha256;
    uint64_t size;         /* bytes, 1 .. LT_ATTACHMENT_BYTES_MAX */
    const char *component; /* MaThanhPhanHoSo */
    const char *name;      /* file name */
};

/* The signed business block of design section 5; statuses as domain list 3.1. */
struct lt_business {
    uint32_t status; /* 1..10, 0 absent */
    int64_t event_ms;
    int64_t received_ms;
    uint32_t channel; /* 1 trực tiếp, 2 trực tuyến, 3 BCCI */
    int64_t promised_old_ms;
    int64_t promised_new_ms;
    const char *pause_reason;
    int64_t supplement_due_ms;
    const char *handing_officer;
    const char *handing_unit;
    const char *receiving_officer;
    const char *receiving_unit;
    uint32_t return_method;
    const char *return_place;
    uint32_t copies;
    bool digitised;
    bool e_result;
    bool paid_online;
    bool assisted;
    bool mobile_reception;
    bool representative;
};

struct lt_request {
    struct lt_bytes sender_key;      /* 1..64 bytes: the local system's own idempotency key */
    struct lt_digest content_digest; /* of the canonical request; all zero: computed by the SDK */
    enum lt_kind kind;
    const char *const *to; /* agency ids; none: by competence */
    uint32_t to_count;
    const char *locality;
    const char *case_code;
    const char *const *aliases;
    uint32_t aliases_count;
    const char *procedure; /* raw code */
    bool task_present;
    bool task_lead;
    bool task_parallel;
    const char *task_id;
    int64_t task_deadline_ms;
    struct lt_id reply_to;
    uint32_t priority; /* 0..4 */
    int64_t created_ms;
    const char *body_type;
    struct lt_bytes body; /* over LT_BODY_INLINE_MAX it travels as an attachment by itself */
    const struct lt_attachment *attachments;
    uint32_t attachments_count;
    const char *traceparent;
    bool business_present;
    struct lt_business business;
};

#endif
