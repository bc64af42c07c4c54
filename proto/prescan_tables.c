/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The schema as the pre-scan sees it: one array for each message of schema/ltp.proto, indexed by
 * field number, inner messages before those that hold them. A field that is missing here would pass
 * as unknown and still be decoded, so tests/unit/proto/test_prescan.c compares every row with the
 * generated descriptors.
 *
 * Lengths: ids and digests have one size; short texts have the bound of types.h. Parcel and
 * delivery bytes have none of their own, for a body that is too large is a decision on that parcel
 * (parcel_check), not on the frame. For the same reason the texts of a header are only held to
 * UTF-8 here and to their lengths in header_check, which can name the transfer it refuses.
 */
#include "prescan_tables.h"
#include "prescan.h"

#define ID_BYTES       16
#define DIGEST_BYTES   32
#define SHORT_MAX      128 /* software, endpoints, names of pairs, verbs */
#define DETAIL_MAX     1024
#define VALUE_MAX      (64 * 1024)
#define CURSOR_MAX     1024
#define RESERVED_MAX   4096 /* checkpoints and signatures */
#define LEAF_MAX       1024
#define PATH_MAX_BYTES 2048  /* 64 digests */
#define NODES_MAX      65536 /* 2,048 digests */

/* The inside of one row. */
#define U32(n)         .name = n, .type = PRESCAN_U32
#define U64(n)         .name = n, .type = PRESCAN_U64
#define BOOL(n)        .name = n, .type = PRESCAN_BOOL
#define ENUM(n)        .name = n, .type = PRESCAN_ENUM
#define TEXT(n, most)  .name = n, .type = PRESCAN_TEXT, .size_max = (most)
#define BYTES(n, most) .name = n, .type = PRESCAN_BYTES, .size_max = (most)
#define ID(n)          .name = n, .type = PRESCAN_EXACT, .size_max = ID_BYTES
#define DIGEST(n)      .name = n, .type = PRESCAN_EXACT, .size_max = DIGEST_BYTES
#define INNER(n, m)    .name = n, .type = PRESCAN_MESSAGE, .message = &(m)
#define CHOICE(n, m)   INNER(n, m), .choice = true
#define LIST(r, most)  .repeated = (r), .count_max = (most)
#define COUNT(fields)  ((uint32_t)(sizeof(fields) / sizeof((fields)[0])))
#define MESSAGE(n)     static const struct prescan_message n = {#n, n##_fields, COUNT(n##_fields)}

static const struct prescan_field window_fields[] = {
    [1] = {U32("parcels")},
    [2] = {U64("bytes")},
};
MESSAGE(window);

static const struct prescan_field hello_fields[] = {
    [1] = {U32("protocol_min")},
    [2] = {U32("protocol_max")},
    [3] = {ID("instance")},
    [4] = {U64("epoch")},
    [5] = {ENUM("role")},
    [6] = {TEXT("software", SHORT_MAX)},
    [7] = {U64("clock_ms")},
    [8] = {U64("notice_cursor")},
    [9] = {BYTES("checkpoint", RESERVED_MAX)},
};
MESSAGE(hello);

static const struct prescan_field limits_fields[] = {
    [1] = {U32("frame_bytes")},  [2] = {U32("submit_bytes")},     [3] = {U32("parcels")},
    [4] = {U32("header_bytes")}, [5] = {U32("body_bytes")},       [6] = {U32("legs")},
    [7] = {U32("attachments")},  [8] = {U64("attachment_bytes")}, [9] = {U32("beat_ms")},
    [10] = {U32("lease_ms")},
};
MESSAGE(limits);

static const struct prescan_field welcome_fields[] = {
    [1] = {U32("version")},
    [2] = {U64("session")},
    [3] = {U64("broker_epoch")},
    [4] = {INNER("limits", limits)},
    [5] = {INNER("submit", window)},
    [6] = {U64("clock_ms")},
    [7] = {BOOL("standby")},
    [8] = {TEXT("agency", SHORT_MAX)},
    [9] = {BYTES("checkpoint", RESERVED_MAX)},
    [10] = {U64("backed_up_to")},
    [11] = {TEXT("blob_endpoint", SHORT_MAX)},
    [12] = {U32("incarnation")},
    [13] = {U64("durable")},
    [14] = {U64("restored_to")},
    [15] = {U64("notice_seq")},
    [16] = {U64("run")},
    [17] = {U64("run_from")},
    [18] = {TEXT("log_key", DETAIL_MAX)},
};
MESSAGE(welcome);

/* NoSession and Bye. */
static const struct prescan_field ending_fields[] = {
    [1] = {U32("code")},
    [2] = {TEXT("detail", DETAIL_MAX)},
    [3] = {U32("retry_after_ms")},
};
MESSAGE(ending);

static const struct prescan_field beat_fields[] = {
    [1] = {U64("clock_ms")}, [2] = {INNER("submit", window)}, [3] = {U64("want_bytes")},
    [4] = {BOOL("standby")}, [5] = {U64("backed_up_to")},     [6] = {U64("durable")},
};
MESSAGE(beat);

static const struct prescan_field parcel_fields[] = {
    [1] = {BYTES("header", 0)},
    [2] = {BYTES("body", 0)},
    [3] = {DIGEST("digest")},
};
MESSAGE(parcel);

static const struct prescan_field seal_fields[] = {
    [1] = {U32("algorithm")},
    [2] = {BYTES("key_id", SHORT_MAX)},
    [3] = {BYTES("signature", RESERVED_MAX)},
    [4] = {U32("batch")},
};
MESSAGE(seal);

static const struct prescan_field submit_fields[] = {
    [1] = {INNER("seal", seal)},
    [2] = {INNER("parcels", parcel), LIST(1, LT_PARCELS_PER_FRAME)},
    [3] = {U64("want_bytes")},
};
MESSAGE(submit);

static const struct prescan_field verdict_item_fields[] = {
    [1] = {ID("id")},
    [2] = {U32("code")},
    [3] = {ID("known_as")},
    [4] = {U64("position")},
    [5] = {U64("time_ms")},
    [6] = {TEXT("field", SHORT_MAX)},
    [7] = {TEXT("detail", DETAIL_MAX)},
    [8] = {U32("retry_after_ms")},
};
MESSAGE(verdict_item);

static const struct prescan_field verdict_fields[] = {
    [1] = {INNER("items", verdict_item), LIST(1, PRESCAN_ELEMENTS_MAX)},
    [2] = {INNER("submit", window)},
    [3] = {U64("broker_epoch")},
};
MESSAGE(verdict);

static const struct prescan_field grant_fields[] = {
    [1] = {INNER("deliver", window)},
    [2] = {U32("notices")},
};
MESSAGE(grant);

static const struct prescan_field delivery_fields[] = {
    [1] = {BYTES("header", 0)}, [2] = {BYTES("body", 0)},
    [3] = {U64("position")},    [4] = {U32("leg")},
    [5] = {U32("attempt")},     [6] = {U64("accepted_ms")},
    [7] = {BOOL("again")},      [8] = {DIGEST("digest")},
    [9] = {BOOL("restored")},   [10] = {BYTES("seal", LEAF_MAX)},
};
MESSAGE(delivery);

static const struct prescan_field deliver_fields[] = {
    [1] = {INNER("items", delivery), LIST(1, LT_PARCELS_PER_FRAME)},
};
MESSAGE(deliver);

static const struct prescan_field settlement_fields[] = {
    [1] = {ID("id")},
    [2] = {U32("leg")},
    [3] = {U32("attempt")},
    [4] = {ENUM("outcome")},
    [5] = {U32("code")},
    [6] = {TEXT("reason", LT_REASON_MAX)},
    [7] = {U32("retry_after_ms")},
    [8] = {BOOL("permanent")},
    [9] = {U64("time_ms")},
    [10] = {DIGEST("from_digest")},
    [11] = {U64("position")},
    [12] = {U64("number")},
};
MESSAGE(settlement);

static const struct prescan_field settle_fields[] = {
    [1] = {INNER("items", settlement), LIST(1, LT_PARCELS_PER_FRAME)},
};
MESSAGE(settle);

static const struct prescan_field settled_item_fields[] = {
    [1] = {ID("id")},        [2] = {U32("leg")},    [3] = {U32("code")},
    [6] = {U64("position")}, [7] = {U64("number")},
};
MESSAGE(settled_item);

static const struct prescan_field settled_fields[] = {
    [1] = {INNER("items", settled_item), LIST(1, PRESCAN_ELEMENTS_MAX)},
    [2] = {U64("broker_epoch")},
};
MESSAGE(settled);

static const struct prescan_field notice_item_fields[] = {
    [1] = {U64("seq")},
    [2] = {ID("id")},
    [3] = {U32("leg")},
    [4] = {TEXT("agency", SHORT_MAX)},
    [5] = {TEXT("state", SHORT_MAX)},
    [6] = {U32("code")},
    [7] = {TEXT("reason", LT_REASON_MAX)},
    [8] = {U64("time_ms")},
    [9] = {U32("level")},
    [10] = {BYTES("sender_key", LT_SENDER_KEY_MAX)},
    [11] = {TEXT("case_code", LT_CASE_CODE_MAX)},
    [12] = {U64("position")},
};
MESSAGE(notice_item);

static const struct prescan_field notice_fields[] = {
    [1] = {INNER("items", notice_item), LIST(1, PRESCAN_ELEMENTS_MAX)},
    [2] = {U64("broker_epoch")},
};
MESSAGE(notice);

static const struct prescan_field notice_ack_fields[] = {
    [1] = {U64("cursor")},
};
MESSAGE(notice_ack);

static const struct prescan_field held_item_fields[] = {
    [1] = {U64("number")},   [2] = {ID("id")},         [3] = {U32("leg")},
    [4] = {U64("position")}, [5] = {DIGEST("digest")},
};
MESSAGE(held_item);

static const struct prescan_field held_ask_fields[] = {
    [1] = {INNER("items", held_item), LIST(1, LT_HELD_PER_FRAME)},
};
MESSAGE(held_ask);

static const struct prescan_field held_said_fields[] = {
    [1] = {U64("number")},  [2] = {ID("id")},
    [3] = {U32("leg")},     [4] = {U64("position")},
    [5] = {ENUM("held")},   [6] = {ENUM("outcome")},
    [7] = {U32("code")},    [8] = {TEXT("reason", LT_REASON_MAX)},
    [9] = {U64("time_ms")}, [10] = {TEXT("by", SHORT_MAX)},
};
MESSAGE(held_said);

static const struct prescan_field held_answer_fields[] = {
    [1] = {INNER("items", held_said), LIST(1, LT_HELD_PER_FRAME)},
};
MESSAGE(held_answer);

static const struct prescan_field list_ask_fields[] = {
    [1] = {U64("number")},   [2] = {U32("what")}, [3] = {U64("after")},
    [4] = {U64("since_ms")}, [5] = {U32("rows")},
};
MESSAGE(list_ask);

static const struct prescan_field list_item_fields[] = {
    [1] = {ID("id")},
    [2] = {U32("leg")},
    [3] = {U64("position")},
    [4] = {DIGEST("digest")},
    [5] = {TEXT("state", SHORT_MAX)},
    [6] = {U32("code")},
    [7] = {TEXT("agency", SHORT_MAX)},
    [8] = {TEXT("case_code", LT_CASE_CODE_MAX)},
    [9] = {U32("kind")},
    [10] = {U64("accepted_ms")},
    [11] = {BYTES("sender_key", LT_SENDER_KEY_MAX)},
    [12] = {U64("since_ms")},
};
MESSAGE(list_item);

static const struct prescan_field list_fields[] = {
    [1] = {U64("number")},
    [2] = {U32("code")},
    [3] = {INNER("items", list_item), LIST(1, LT_LIST_ROWS_MAX)},
    [4] = {U64("next")},
};
MESSAGE(list);

static const struct prescan_field bytes_item_fields[] = {
    [1] = {U64("position")},
    [2] = {U32("leg")},
    [3] = {ID("id")},
    [4] = {BOOL("sent")},
};
MESSAGE(bytes_item);

static const struct prescan_field bytes_ask_fields[] = {
    [1] = {INNER("items", bytes_item), LIST(1, LT_BYTES_PER_FRAME)},
};
MESSAGE(bytes_ask);

static const struct prescan_field pair_fields[] = {
    [1] = {TEXT("name", SHORT_MAX)},
    [2] = {TEXT("value", VALUE_MAX)},
};
MESSAGE(pair);

static const struct prescan_field row_fields[] = {
    [1] = {INNER("fields", pair), LIST(1, PRESCAN_ELEMENTS_MAX)},
};
MESSAGE(row);

static const struct prescan_field query_fields[] = {
    [1] = {U64("number")},
    [2] = {TEXT("verb", SHORT_MAX)},
    [3] = {INNER("args", pair), LIST(1, PRESCAN_ELEMENTS_MAX)},
    [4] = {BYTES("cursor", CURSOR_MAX)},
    [5] = {U32("rows")},
    [6] = {BYTES("payload", 0)},
};
MESSAGE(query);

static const struct prescan_field page_fields[] = {
    [1] = {U64("number")},
    [2] = {U32("code")},
    [3] = {TEXT("detail", DETAIL_MAX)},
    [4] = {INNER("rows", row), LIST(1, PRESCAN_ELEMENTS_MAX)},
    [5] = {BYTES("cursor", CURSOR_MAX)},
};
MESSAGE(page);

static const struct prescan_field blob_offer_fields[] = {
    [1] = {DIGEST("sha256")},
    [2] = {U64("size")},
};
MESSAGE(blob_offer);

/* BlobWant and BlobFetch. */
static const struct prescan_field blob_want_fields[] = {
    [1] = {DIGEST("sha256")},
    [2] = {U64("offset")},
    [3] = {U32("credit")},
};
MESSAGE(blob_want);

static const struct prescan_field blob_chunk_fields[] = {
    [1] = {DIGEST("sha256")},
    [2] = {U64("offset")},
    [3] = {BYTES("data", LT_CHUNK_BYTES_MAX)},
    [4] = {U64("size")},
};
MESSAGE(blob_chunk);

static const struct prescan_field blob_stored_fields[] = {
    [1] = {DIGEST("sha256")},
    [2] = {U64("size")},
};
MESSAGE(blob_stored);

static const struct prescan_field blob_refused_fields[] = {
    [1] = {DIGEST("sha256")},
    [2] = {U32("code")},
    [3] = {TEXT("detail", DETAIL_MAX)},
    [4] = {U32("retry_after_ms")},
};
MESSAGE(blob_refused);

static const struct prescan_field receipt_item_fields[] = {
    [1] = {U32("index")},
    [2] = {BYTES("leaf", LEAF_MAX)},
};
MESSAGE(receipt_item);

static const struct prescan_field receipts_fields[] = {
    [1] = {BYTES("checkpoint", RESERVED_MAX)},
    [2] = {U64("index")},
    [3] = {U64("position")},
    [4] = {U32("leaves")},
    [5] = {BYTES("log_path", PATH_MAX_BYTES)},
    [6] = {INNER("items", receipt_item), LIST(1, LT_PARCELS_PER_FRAME)},
    [7] = {BYTES("nodes", NODES_MAX)},
};
MESSAGE(receipts);

static const struct prescan_field log_ask_fields[] = {
    [1] = {U64("number")}, [2] = {TEXT("origin", SHORT_MAX)},
    [3] = {U64("size")},   [4] = {U64("position")},
    [5] = {U64("also")},
};
MESSAGE(log_ask);

static const struct prescan_field log_proof_fields[] = {
    [1] = {U64("number")},
    [2] = {U32("code")},
    [3] = {BYTES("checkpoint", RESERVED_MAX)},
    [4] = {U64("first")},
    [5] = {BYTES("path", PATH_MAX_BYTES)},
    [6] = {BYTES("broken", RESERVED_MAX)},
    [7] = {BYTES("also_path", PATH_MAX_BYTES)},
};
MESSAGE(log_proof);

static const struct prescan_field enrol_ask_fields[] = {
    [1] = {BYTES("request", RESERVED_MAX)},
};
MESSAGE(enrol_ask);

static const struct prescan_field enrol_answer_fields[] = {
    [1] = {U32("state")},
    [2] = {U32("code")},
    [3] = {TEXT("detail", DETAIL_MAX)},
    [4] = {BYTES("certificate", RESERVED_MAX)},
    [5] = {U32("retry_after_ms")},
    [6] = {U64("until_ms")},
};
MESSAGE(enrol_answer);

static const struct prescan_field frame_fields[] = {
    [1] = {U64("session")},
    [2] = {U64("seq")},
    [3] = {U64("seq_received")},
    [10] = {CHOICE("hello", hello)},
    [11] = {CHOICE("welcome", welcome)},
    [12] = {CHOICE("no_session", ending)},
    [13] = {CHOICE("beat", beat)},
    [14] = {CHOICE("bye", ending)},
    [15] = {CHOICE("submit", submit)},
    [16] = {CHOICE("verdict", verdict)},
    [17] = {CHOICE("grant", grant)},
    [18] = {CHOICE("deliver", deliver)},
    [19] = {CHOICE("settle", settle)},
    [20] = {CHOICE("settled", settled)},
    [21] = {CHOICE("notice", notice)},
    [22] = {CHOICE("notice_ack", notice_ack)},
    [23] = {CHOICE("held_ask", held_ask)},
    [24] = {CHOICE("held_answer", held_answer)},
    [25] = {CHOICE("receipts", receipts)},
    [26] = {CHOICE("log_ask", log_ask)},
    [27] = {CHOICE("log_proof", log_proof)},
    [30] = {CHOICE("query", query)},
    [31] = {CHOICE("page", page)},
    [32] = {CHOICE("list_ask", list_ask)},
    [33] = {CHOICE("list", list)},
    [34] = {CHOICE("bytes_ask", bytes_ask)},
    [40] = {CHOICE("blob_offer", blob_offer)},
    [41] = {CHOICE("blob_want", blob_want)},
    [42] = {CHOICE("blob_chunk", blob_chunk)},
    [43] = {CHOICE("blob_stored", blob_stored)},
    [44] = {CHOICE("blob_refused", blob_refused)},
    [45] = {CHOICE("blob_fetch", blob_want)},
    [46] = {CHOICE("enrol_ask", enrol_ask)},
    [47] = {CHOICE("enrol_answer", enrol_answer)},
};

const struct prescan_message prescan_frame_message = {"frame", frame_fields, COUNT(frame_fields)};

/* ---- header of a transfer ---- */

static const struct prescan_field task_fields[] = {
    [1] = {BOOL("lead")},
    [2] = {BOOL("parallel")},
    [3] = {TEXT("task_id", 0)},
    [4] = {U64("deadline_ms")},
};
MESSAGE(task);

static const struct prescan_field attachment_fields[] = {
    [1] = {DIGEST("sha256")},
    [2] = {U64("size")},
    [3] = {TEXT("component", 0)},
    [4] = {TEXT("name", 0)},
};
MESSAGE(attachment);

static const struct prescan_field business_fields[] = {
    [1] = {U32("status")},
    [2] = {U64("event_ms")},
    [3] = {U64("received_ms")},
    [4] = {U32("channel")},
    [5] = {U64("promised_old_ms")},
    [6] = {U64("promised_new_ms")},
    [7] = {TEXT("pause_reason", 0)},
    [8] = {U64("supplement_due_ms")},
    [9] = {TEXT("handing_officer", 0)},
    [10] = {TEXT("handing_unit", 0)},
    [11] = {TEXT("receiving_officer", 0)},
    [12] = {TEXT("receiving_unit", 0)},
    [13] = {U32("return_method")},
    [14] = {TEXT("return_place", 0)},
    [15] = {U32("copies")},
    [16] = {BOOL("digitised")},
    [17] = {BOOL("e_result")},
    [18] = {BOOL("paid_online")},
    [19] = {BOOL("assisted")},
    [20] = {BOOL("mobile_reception")},
    [21] = {BOOL("representative")},
};
MESSAGE(business);

static const struct prescan_field header_fields[] = {
    [1] = {ID("id")},
    [2] = {BYTES("sender_key", 0)},
    [3] = {DIGEST("content_digest")},
    [4] = {ENUM("kind")},
    [5] = {TEXT("from", 0)},
    [6] = {TEXT("to", 0), LIST(1, PRESCAN_ELEMENTS_MAX)},
    [7] = {TEXT("locality", 0)},
    [8] = {TEXT("case_code", 0)},
    [9] = {TEXT("aliases", 0), LIST(2, PRESCAN_ELEMENTS_MAX)},
    [10] = {ID("after")},
    [11] = {TEXT("procedure_raw", 0)},
    [12] = {TEXT("procedure", 0)},
    [13] = {INNER("task", task)},
    [14] = {ID("reply_to")},
    [15] = {U32("priority")},
    [16] = {U64("created_ms")},
    [17] = {U64("handed_over_ms")},
    [18] = {U64("skew_ms")},
    [19] = {U32("schema_version")},
    [20] = {TEXT("body_type", 0)},
    [21] = {DIGEST("body_sha256")},
    [22] = {U64("body_size")},
    [23] = {INNER("attachments", attachment), LIST(3, PRESCAN_ELEMENTS_MAX)},
    [24] = {TEXT("traceparent", 0)},
    [25] = {INNER("business", business)},
    [26] = {BOOL("body_attached")},
};

const struct prescan_message prescan_header_message = {"header", header_fields,
                                                       COUNT(header_fields)};
