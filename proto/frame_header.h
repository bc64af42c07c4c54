/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_FRAME_HEADER_H
#define PROTO_FRAME_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/types.h>

/*
 * The part of frame.h that is signed: the header of a transfer, field for field as message Header
 * of schema/ltp.proto. Pointers and absent values are those of frame.h.
 */
struct attachment {
    struct lt_digest sha256;
    uint64_t size;
    struct lt_bytes component;
    struct lt_bytes name;
};

struct task {
    bool present;
    bool lead;
    bool parallel;
    struct lt_bytes task_id;
    int64_t deadline_ms;
};

struct business {
    bool present;
    uint32_t status;
    int64_t event_ms;
    int64_t received_ms;
    uint32_t channel;
    int64_t promised_old_ms;
    int64_t promised_new_ms;
    struct lt_bytes pause_reason;
    int64_t supplement_due_ms;
    struct lt_bytes handing_officer;
    struct lt_bytes handing_unit;
    struct lt_bytes receiving_officer;
    struct lt_bytes receiving_unit;
    uint32_t return_method;
    struct lt_bytes return_place;
    uint32_t copies;
    bool digitised;
    bool e_result;
    bool paid_online;
    bool assisted;
    bool mobile_reception;
    bool representative;
};

struct header {
    struct lt_id id;
    struct lt_bytes sender_key;
    struct lt_digest content_digest;
    enum lt_kind kind; /* unknown numbers are carried */
    struct lt_bytes from;
    struct lt_bytes *to;
    uint32_t to_count;
    struct lt_bytes locality;
    struct lt_bytes case_code;
    struct lt_bytes *aliases;
    uint32_t aliases_count;
    struct lt_id after;
    struct lt_bytes procedure_raw;
    struct lt_bytes procedure;
    struct task task;
    struct lt_id reply_to;
    uint32_t priority;
    int64_t created_ms;
    int64_t handed_over_ms;
    int64_t skew_ms;
    uint32_t schema_version;
    struct lt_bytes body_type;
    struct lt_digest body_sha256;
    uint64_t body_size;
    struct attachment *attachments;
    uint32_t attachments_count;
    struct lt_bytes traceparent;
    struct business business;
    bool body_attached;
};

#endif
