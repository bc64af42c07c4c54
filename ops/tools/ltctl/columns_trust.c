/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the rows of the verbs about trust look like: the authority in a folder, kept checkpoints of
 * the log, and requests to be let in. As in columns.c; fields are those of broker/control/query.h
 * and of proto/ca.h.
 */
#include "columns_table.h"

/* clang-format off */
COLUMNS(ca, false,
    C("serial", TEXT, "Số sê-ri", "Serial"),
    C("id", TEXT, "Mã", "Id"),
    C("state", RESULT, "Trạng thái", "State"),
    C("from_ms", TIME, "Từ", "From"),
    C("to_ms", TIME, "Đến", "To"),
    C("revoked_ms", TIME, "Thu hồi lúc", "Revoked"));

COLUMNS(log_kept, false,
    C("file", TEXT, "Tệp", "File"),
    C("origin", TEXT, "Sổ", "Log"),
    C("size", NUMBER, "Số mục", "Size"),
    C("position", NUMBER, "Vị trí", "Position"),
    C("time_ms", TIME, "Ký lúc", "Signed"),
    C("code", RESULT, "Kết quả", "Result"));

COLUMNS(enrol, false,
    C("code", TEXT, "Mã yêu cầu", "Code"),
    C("id", TEXT, "Mã", "Id"),
    C("name", TEXT, "Đơn vị", "Name"),
    C("state", RESULT, "Trạng thái", "State"),
    C("known", FLAG, "Đã có trên trục", "Known"),
    C("renewal", FLAG, "Gia hạn", "Renewal"),
    C("from", TEXT, "Gửi từ", "From"),
    C("seen_ms", TIME, "Nhận lúc", "Seen"),
    C("until_ms", TIME, "Hạn", "Until"));

COLUMNS(enrol_one, true,
    C("code", TEXT, "Mã yêu cầu", "Code"),
    C("id", TEXT, "Mã đơn vị", "Agency"),
    C("name", TEXT, "Tên trong yêu cầu", "Name in the request"),
    C("state", RESULT, "Trạng thái", "State"),
    C("known", FLAG, "Đã có trên trục", "Known"),
    C("renewal", FLAG, "Gia hạn với khóa đang dùng", "Renewal with the same keys"),
    C("from", TEXT, "Gửi từ", "From"),
    C("made_ms", TIME, "Tạo lúc", "Made"),
    C("seen_ms", TIME, "Nhận lúc", "Seen"),
    C("until_ms", TIME, "Hạn", "Until"),
    C("public_key", TEXT, "Khóa CURVE", "CURVE key"),
    C("key", TEXT, "Khóa ký (SHA-256)", "Signing key (SHA-256)"),
    C("algorithm", TEXT, "Thuật toán", "Algorithm"),
    C("reason", TEXT, "Lý do", "Reason"));

COLUMNS(enrol_approve, false,
    C("code", TEXT, "Mã yêu cầu", "Code"),
    C("id", TEXT, "Mã", "Id"),
    C("state", RESULT, "Trạng thái", "State"),
    C("change", RESULT, "Đơn vị", "Agency"),
    C("certificate", FLAG, "Chứng thư", "Certificate"),
    C("position", NUMBER, "Vị trí", "Position"));
/* clang-format on */
