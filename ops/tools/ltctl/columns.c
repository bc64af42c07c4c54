/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the rows of each verb look like: which fields a table shows, in which order, under which
 * heading, and how a value of each type is written for people. Field names are those of
 * broker/control/query.h; fields that stand in no table here still go into JSON.
 */
#include <stdio.h>
#include <string.h>

#include "columns_table.h"
#include "moment.h"
#include "proto/base/text.h"
#include "width.h"
#include "words.h"

/* clang-format off */
COLUMNS(status, true,
    C("intake", CODE, "Tiếp nhận", "Intake"),
    C("now_ms", TIME, "Giờ của trục", "Broker time"),
    C("clock", RESULT, "Đồng hồ", "Clock"),
    C("started_ms", TIME, "Khởi động lúc", "Started"),
    C("uptime_ms", DURATION, "Đã chạy", "Uptime"),
    C("software", TEXT, "Phần mềm", "Software"),
    C("epoch", NUMBER, "Kỷ nguyên", "Epoch"),
    C("format", NUMBER, "Định dạng đang ghi", "Format in use"),
    C("format_known", NUMBER, "Định dạng cao nhất đã biết", "Highest format known"),
    C("durable", NUMBER, "Vị trí đã ghi bền", "Durable position"),
    C("applied", NUMBER, "Vị trí đã áp dụng", "Applied position"),
    C("journal_bytes", BYTES, "Sổ nhật ký", "Journal"),
    C("journal_first", NUMBER, "Sổ nhật ký bắt đầu từ vị trí", "Journal begins at"),
    C("backed_up_to", NUMBER, "Đã sao lưu đến vị trí", "Backed up to"),
    C("archived_to", NUMBER, "Đã lưu trữ đến vị trí", "Archived to"),
    C("carry_below", NUMBER, "Đang chuyển những gì dưới vị trí", "Carrying what lies below"),
    C("cut_ready", NUMBER, "Cắt được dưới vị trí", "May be cut below"),
    C("incarnation", NUMBER, "Số hiệu lần khôi phục", "Number of the restore"),
    C("reconciling", FLAG, "Đang đối chiếu sau khôi phục", "Reconciling after a restore"),
    C("stamped_size", NUMBER, "Dấu thời gian phủ đến", "Time-stamped up to"),
    C("stamped_ms", TIME, "Dấu thời gian lúc", "Time-stamp of"),
    C("stamp_failures", NUMBER, "Lần xin dấu thời gian hỏng", "Time-stamp failures"),
    C("disk_free_bytes", BYTES, "Đĩa còn trống", "Disk free"),
    C("disk_left_ms", DURATION, "Đĩa đầy sau", "Disk is full in"),
    C("memory_bytes", BYTES, "Bộ nhớ", "Memory"),
    C("agencies", NUMBER, "Số đơn vị", "Agencies"),
    C("connected", NUMBER, "Đang kết nối", "Connected"),
    C("sessions", NUMBER, "Phiên", "Sessions"),
    C("sessions_next", NUMBER, "  theo khóa kế tiếp", "  by the next key"),
    C("open", NUMBER, "Lượt chưa xong", "Open legs"),
    C("ready", NUMBER, "  chờ gửi", "  ready"),
    C("sent", NUMBER, "  đã gửi, chờ trả lời", "  sent"),
    C("behind", NUMBER, "  chờ lượt trước của hồ sơ", "  behind"),
    C("backoff", NUMBER, "  chờ gửi lại", "  backoff"),
    C("held", NUMBER, "  giữ lại", "  held"),
    C("parked", NUMBER, "  chờ can thiệp", "  parked"),
    C("pending", NUMBER, "Việc chờ người thứ hai", "Waits for a second person"),
    C("in_flight", NUMBER, "Đang trên đường", "In flight"),
    C("notices_waiting", NUMBER, "Thông báo chờ gửi", "Notices waiting"),
    C("accepted", NUMBER, "Trục đã nhận", "Accepted"),
    C("taken", NUMBER, "Bên nhận đã nhận", "Taken"),
    C("refused", NUMBER, "Từ chối", "Refused"),
    C("expired", NUMBER, "Hết hạn", "Expired"),
    C("cancelled", NUMBER, "Đã hủy", "Cancelled"),
    C("difference", NUMBER, "Chênh lệch bảo toàn", "Conservation difference"),
    C("transfers_per_s", NUMBER, "Lượt chuyển mỗi giây", "Transfers per second"));

COLUMNS(agencies, false,
    C("id", TEXT, "Mã", "Id"),
    C("name", TEXT, "Đơn vị", "Name"),
    C("kind", AGENCY_KIND, "Loại", "Kind"),
    C("connected", FLAG, "Kết nối", "Connected"),
    C("key_next", FLAG, "Khóa kế tiếp", "Next key"),
    C("since_ms", TIME, "Từ lúc", "Since"),
    C("open", NUMBER, "Chưa xong", "Open"),
    C("parked", NUMBER, "Chờ can thiệp", "Parked"),
    C("in_flight", NUMBER, "Đang gửi", "In flight"),
    C("notices_waiting", NUMBER, "Thông báo chờ", "Notices"),
    C("open_bytes", BYTES, "Dung lượng chưa xong", "Open bytes"),
    C("share_full", FLAG, "Hết phần dung lượng", "Share used up"),
    C("suspended", FLAG, "Tạm khóa", "Suspended"),
    C("shielded", FLAG, "Cách ly", "Shielded"),
    C("paused", FLAG, "Ngừng gửi đến", "Paused"),
    C("draining", FLAG, "Ngừng nhận mới", "Draining"));

COLUMNS(agency, true,
    C("id", TEXT, "Mã định danh", "Id"),
    C("number", NUMBER, "Số trong sổ", "Number"),
    C("name", TEXT, "Tên", "Name"),
    C("kind", AGENCY_KIND, "Loại", "Kind"),
    C("locality", TEXT, "Địa bàn", "Locality"),
    C("contact", TEXT, "Liên hệ", "Contact"),
    C("successor", TEXT, "Đơn vị kế thừa", "Successor"),
    C("successor_from_ms", TIME, "  từ lúc", "  from"),
    C("suspended", FLAG, "Tạm khóa", "Suspended"),
    C("paused", FLAG, "Ngừng gửi đến", "Paused"),
    C("draining", FLAG, "Ngừng nhận mới", "Draining"),
    C("rate_per_s", NUMBER, "Lượt chuyển mỗi giây", "Transfers per second"),
    C("blob_quota_bytes", BYTES, "Hạn mức tệp", "Attachment quota"),
    C("denied", TEXT, "Không được gửi", "May not send"));

COLUMNS(rights, true,
    C("id", TEXT, "Mã định danh", "Id"),
    C("name", TEXT, "Tên", "Name"),
    C("kinds", TEXT, "Loại được gửi", "Kinds it may send"),
    C("procedures", TEXT, "Thủ tục được gửi", "Procedures it may send"),
    C("receivers", TEXT, "Được gửi đến", "To whom"),
    C("rate_per_s", NUMBER, "Lượt chuyển mỗi giây", "Transfers per second"),
    C("blob_quota_bytes", BYTES, "Hạn mức tệp", "Attachment quota"),
    C("change", RESULT, "Kết quả", "Change"));

COLUMNS(body, true,
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("seen", NUMBER, "Lần xem này ghi ở vị trí", "This view is recorded at"),
    C("handing_officer", TEXT, "Người giao", "Handing officer"),
    C("handing_unit", TEXT, "Bộ phận giao", "Handing unit"),
    C("receiving_officer", TEXT, "Người nhận", "Receiving officer"),
    C("receiving_unit", TEXT, "Bộ phận nhận", "Receiving unit"),
    C("return_place", TEXT, "Nơi trả kết quả", "Return place"),
    C("body_type", TEXT, "Kiểu nội dung", "Body type"),
    C("body_bytes", NUMBER, "Số byte", "Bytes"),
    C("body_attached", FLAG, "Nội dung là tệp đính kèm", "The body is an attachment"));

COLUMNS(body_attachment, false,
    C("component", TEXT, "Thành phần", "Component"),
    C("name", TEXT, "Tên tệp", "File name"),
    C("size", NUMBER, "Số byte", "Bytes"),
    C("sha256", TEXT, "SHA-256", "SHA-256"));

COLUMNS(who_saw, false,
    C("time_ms", TIME, "Lúc", "Time"),
    C("person", TEXT, "Người xem", "Person"),
    C("act", RESULT, "Đã xem", "Saw"),
    C("purpose", TEXT, "Mục đích", "Purpose"),
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("position", NUMBER, "Vị trí", "Position"));

COLUMNS(audit_acts, false,
    C("time_ms", TIME, "Lúc", "Time"),
    C("event", EVENT, "Việc", "Event"),
    C("act", RESULT, "Thao tác", "Act"),
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("agency", TEXT, "Đơn vị", "Agency"),
    C("number", NUMBER, "Số", "Number"),
    C("purpose", TEXT, "Mục đích", "Purpose"),
    C("reason", TEXT, "Lý do", "Reason"),
    C("position", NUMBER, "Vị trí", "Position"));

COLUMNS(keys, false,
    C("public_key", TEXT, "Khóa công khai", "Public key"),
    C("from_ms", TIME, "Từ", "From"),
    C("to_ms", TIME, "Đến", "To"),
    C("revoked", FLAG, "Đã thu hồi", "Revoked"));

COLUMNS(seal_keys, false,
    C("id", TEXT, "Mã", "Id"),
    C("key", TEXT, "Mã khóa ký", "Key id"),
    C("algorithm", TEXT, "Thuật toán", "Algorithm"),
    C("subject", TEXT, "Chứng thư", "Certificate"),
    C("from_ms", TIME, "Từ", "From"),
    C("to_ms", TIME, "Đến", "To"),
    C("since_ms", TIME, "Đăng ký lúc", "Registered"),
    C("revoked", FLAG, "Đã thu hồi", "Revoked"),
    C("valid", FLAG, "Dùng được", "Valid now"),
    C("why", CODE, "Vì sao không", "Why not"));

COLUMNS(routes, false,
    C("procedure", TEXT, "Thủ tục", "Procedure"),
    C("locality", TEXT, "Địa bàn", "Locality"),
    C("kind", KIND, "Loại", "Kind"),
    C("to", TEXT, "Nơi nhận", "To"),
    C("to_name", TEXT, "Tên nơi nhận", "Name"));

COLUMNS(transfers, false,
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("leg", NUMBER, "Nhánh", "Leg"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("kind", KIND, "Loại", "Kind"),
    C("from", TEXT, "Từ", "From"),
    C("to", TEXT, "Đến", "To"),
    C("state", STATE, "Trạng thái", "State"),
    C("since_ms", TIME, "Từ lúc", "Since"),
    C("attempts", NUMBER, "Lần gửi", "Attempts"),
    C("code", CODE, "Lý do", "Cause"));

COLUMNS(show_transfer, true,
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("kind", KIND, "Loại", "Kind"),
    C("from", TEXT, "Bên gửi", "From"),
    C("from_name", TEXT, "Tên bên gửi", "Sender"),
    C("procedure_raw", TEXT, "Thủ tục", "Procedure"),
    C("locality", TEXT, "Địa bàn", "Locality"),
    C("priority", NUMBER, "Độ khẩn", "Priority"),
    C("sender_key", TEXT, "Khóa của bên gửi", "Sender key"),
    C("created_ms", TIME, "Lập lúc", "Created"),
    C("accepted_ms", TIME, "Trục nhận lúc", "Accepted"),
    C("position", NUMBER, "Vị trí trong sổ", "Position"),
    C("header_bytes", NUMBER, "Phần đầu (byte)", "Header bytes"),
    C("body_bytes", NUMBER, "Nội dung (byte)", "Body bytes"),
    C("body_type", TEXT, "Kiểu nội dung", "Body type"),
    C("attachments", NUMBER, "Tệp đính kèm", "Attachments"),
    C("digest", TEXT, "SHA-256", "SHA-256"),
    C("after", TEXT, "Sau lượt", "After"),
    C("reply_to", TEXT, "Trả lời lượt", "Reply to"),
    C("addressed", TEXT, "Bên gửi ghi nơi nhận", "Addressed to"));

COLUMNS(show_leg, false,
    C("leg", NUMBER, "Nhánh", "Leg"),
    C("to", TEXT, "Đến", "To"),
    C("to_name", TEXT, "Nơi nhận", "Name"),
    C("state", STATE, "Trạng thái", "State"),
    C("since_ms", TIME, "Từ lúc", "Since"),
    C("attempts", NUMBER, "Lần gửi", "Attempts"),
    C("due_ms", TIME, "Gửi lại lúc", "Due"),
    C("code", CODE, "Lý do", "Cause"),
    C("reason", TEXT, "Chi tiết", "Reason"),
    C("unknown", FLAG, "Chưa rõ kết quả", "Outcome unknown"));

COLUMNS(show_event, false,
    C("time_ms", TIME, "Lúc", "Time"),
    C("position", NUMBER, "Vị trí", "Position"),
    C("event", EVENT, "Việc", "Event"),
    C("act", RESULT, "Thao tác", "Act"),
    C("held", RESULT, "Trả lời", "Answer"),
    C("leg", NUMBER, "Nhánh", "Leg"),
    C("agency", TEXT, "Đơn vị", "Agency"),
    C("attempt", NUMBER, "Lần", "Attempt"),
    C("state", STATE, "Thành", "State"),
    C("to", TEXT, "Chuyển đến", "Rerouted to"),
    C("code", CODE, "Lý do", "Cause"),
    C("reason", TEXT, "Chi tiết", "Reason"),
    C("by", TEXT, "Hệ thống trả lời", "Answered by"),
    C("person", TEXT, "Người", "Person"),
    C("second", TEXT, "Người thứ hai", "Second person"),
    C("risk", FLAG, "Rủi ro tác dụng kép", "Risk of double effect"));

COLUMNS(parked, false,
    C("since_ms", TIME, "Từ lúc", "Since"),
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("leg", NUMBER, "Nhánh", "Leg"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("from", TEXT, "Từ", "From"),
    C("to", TEXT, "Đến", "To"),
    C("code", CODE, "Lý do", "Cause"),
    C("reason", TEXT, "Chi tiết", "Reason"),
    C("who", WHO, "Ai xử lý", "Who must act"),
    C("contact", TEXT, "Liên hệ", "Contact"),
    C("attempts", NUMBER, "Lần gửi", "Attempts"));

COLUMNS(parked_count, false,
    C("count", NUMBER, "Số lượt", "Count"),
    C("code", CODE, "Lý do", "Cause"),
    C("who", WHO, "Ai xử lý", "Who must act"),
    C("agency", TEXT, "Đến", "To"),
    C("agency_name", TEXT, "Đơn vị", "Name"),
    C("reason", TEXT, "Chi tiết", "Reason"),
    C("contact", TEXT, "Liên hệ", "Contact"));

COLUMNS(incidents, false,
    C("number", NUMBER, "Số", "Number"),
    C("state", RESULT, "Tình trạng", "State"),
    C("agency", TEXT, "Mã", "Agency"),
    C("agency_name", TEXT, "Đơn vị", "Name"),
    C("code", CODE, "Nguyên nhân", "Cause"),
    C("since_ms", TIME, "Từ lúc", "Since"),
    C("last_ms", TIME, "Lần cuối", "Last"),
    C("waiting", NUMBER, "Đang chờ", "Waiting"),
    C("parked", NUMBER, "Chờ can thiệp", "Parked"),
    C("owner", WHO, "Ai xử lý", "Owner"),
    C("contact", TEXT, "Liên hệ", "Contact"),
    C("probes", NUMBER, "Lần thử", "Probes"),
    C("due_ms", TIME, "Thử lại lúc", "Next probe"),
    C("comment", TEXT, "Ghi chú", "Comment"));

COLUMNS(incident_note, false,
    C("number", NUMBER, "Số", "Number"),
    C("agency", TEXT, "Mã", "Agency"),
    C("code", CODE, "Nguyên nhân", "Cause"),
    C("person", TEXT, "Người", "Person"),
    C("comment", TEXT, "Ghi chú", "Comment"));

COLUMNS(alarms, false,
    C("what", RESULT, "Cảnh báo", "Alarm"),
    C("agency", TEXT, "Mã", "Agency"),
    C("agency_name", TEXT, "Đơn vị", "Name"),
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("leg", NUMBER, "Nhánh", "Leg"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("state", STATE, "Trạng thái", "State"),
    C("since_ms", TIME, "Từ lúc", "Since"),
    C("until_ms", TIME, "Hạn", "Until"),
    C("within_days", NUMBER, "Trong số ngày", "Within days"),
    C("code", CODE, "Lý do", "Cause"),
    C("difference", NUMBER, "Chênh lệch", "Difference"),
    C("left_ms", DURATION, "Còn", "Left"),
    C("count", NUMBER, "Số lượt", "Count"),
    C("why", TEXT, "Vì", "Why"));

COLUMNS(conservation, false,
    C("agency", TEXT, "Mã", "Agency"),
    C("name", TEXT, "Đơn vị", "Name"),
    C("accepted", NUMBER, "Trục nhận", "Accepted"),
    C("taken", NUMBER, "Đã nhận", "Taken"),
    C("refused", NUMBER, "Từ chối", "Refused"),
    C("expired", NUMBER, "Hết hạn", "Expired"),
    C("cancelled", NUMBER, "Hủy", "Cancelled"),
    C("open", NUMBER, "Chưa xong", "Open"),
    C("counted", NUMBER, "Đếm được", "Counted"),
    C("difference", NUMBER, "Chênh lệch", "Difference"));

COLUMNS(where, false,
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("kind", KIND, "Loại", "Kind"),
    C("agency", TEXT, "Đơn vị", "Agency"),
    C("agency_name", TEXT, "Tên", "Name"),
    C("state", STATE, "Trạng thái", "State"),
    C("since_ms", TIME, "Từ lúc", "Since"),
    C("code", CODE, "Lý do", "Cause"));

COLUMNS(replay, false,
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("leg", NUMBER, "Nhánh", "Leg"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("to", TEXT, "Đến", "To"),
    C("state", STATE, "Từ trạng thái", "From state"),
    C("next", STATE, "Thành", "To state"),
    C("result", RESULT, "Kết quả", "Result"),
    C("code", CODE, "Lý do", "Cause"),
    C("bytes", NUMBER, "Byte", "Bytes"));

COLUMNS(act, false,
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("leg", NUMBER, "Nhánh", "Leg"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("to", TEXT, "Đến", "To"),
    C("state", STATE, "Từ trạng thái", "From state"),
    C("next", STATE, "Thành", "To state"),
    C("result", RESULT, "Kết quả", "Result"),
    C("second", TEXT, "Người thứ hai", "Second person"),
    C("risk", FLAG, "Rủi ro tác dụng kép", "Risk of double effect"),
    C("code", CODE, "Lý do", "Cause"));

COLUMNS(gate, false,
    C("id", TEXT, "Mã", "Id"),
    C("name", TEXT, "Đơn vị", "Name"),
    C("change", RESULT, "Kết quả", "Change"),
    C("paused", FLAG, "Ngừng gửi đến", "Paused"),
    C("draining", FLAG, "Ngừng nhận mới", "Draining"));

COLUMNS(ping, false,
    C("id", TEXT, "Mã", "Id"),
    C("name", TEXT, "Đơn vị", "Name"),
    C("result", RESULT, "Kết quả", "Result"),
    C("took_ms", NUMBER, "Đi và về (ms)", "Round trip (ms)"),
    C("by", TEXT, "Hệ thống trả lời", "Answered by"),
    C("since_ms", TIME, "Đường truyền từ lúc", "Line since"));

COLUMNS(plans, false,
    C("number", NUMBER, "Số", "Number"),
    C("state", RESULT, "Trạng thái", "State"),
    C("since_ms", TIME, "Từ lúc", "Since"),
    C("person", TEXT, "Người lập", "Made by"),
    C("items", NUMBER, "Số lượt", "Legs"),
    C("passed", NUMBER, "Đã qua", "Passed"),
    C("taken", NUMBER, "Đã nhận", "Taken"),
    C("parked_again", NUMBER, "Lỗi lại", "Parked again"),
    C("outstanding", NUMBER, "Chờ kết quả", "Outstanding"),
    C("selection", TEXT, "Bộ lọc", "Selection"),
    C("reason", TEXT, "Lý do", "Reason"));

COLUMNS(plan, true,
    C("number", NUMBER, "Kế hoạch", "Plan"),
    C("state", RESULT, "Trạng thái", "State"),
    C("since_ms", TIME, "Từ lúc", "Since"),
    C("code", CODE, "Vì", "Cause"),
    C("state_person", TEXT, "Người thực hiện", "By"),
    C("state_reason", TEXT, "Ghi chú", "Note"),
    C("waits", RESULT, "Đang chờ", "Waits for"),
    C("waits_agency", TEXT, "  phần của đơn vị", "  the part of"),
    C("waits_incident", NUMBER, "  sự cố số", "  incident"),
    C("act", RESULT, "Việc", "What"),
    C("old", TEXT, "  của đơn vị cũ", "  of the old agency"),
    C("to", TEXT, "  sang đơn vị kế thừa", "  to its successor"),
    C("left_open", NUMBER, "  còn ở đơn vị cũ", "  still with the old agency"),
    C("person", TEXT, "Người lập", "Made by"),
    C("made_ms", TIME, "Lập lúc", "Made"),
    C("reason", TEXT, "Lý do", "Reason"),
    C("selection", TEXT, "Bộ lọc", "Selection"),
    C("second", FLAG, "Cần người thứ hai", "Needs a second person"),
    C("approver", TEXT, "Người phê duyệt", "Approved by"),
    C("pace", NUMBER, "Nhịp (lượt mỗi phút)", "Pace per minute"),
    C("stop", NUMBER, "Dừng khi lỗi quá (%)", "Stop above (%)"),
    C("items", NUMBER, "Số lượt", "Legs"),
    C("left_out", NUMBER, "Để lại vì thuộc kế hoạch khác", "Left out, in another plan"),
    C("passed", NUMBER, "Đã qua", "Passed"),
    C("replayed", NUMBER, "  đã cho gửi lại", "  sent again"),
    C("passed_over", NUMBER, "  bỏ qua", "  passed over"),
    C("taken", NUMBER, "Kết quả: đã nhận", "Outcome: taken"),
    C("refused", NUMBER, "  từ chối", "  refused"),
    C("parked_again", NUMBER, "  chờ can thiệp lại", "  parked again"),
    C("ended", NUMBER, "  hết hạn, hủy", "  expired, cancelled"),
    C("outstanding", NUMBER, "  chưa có", "  none yet"),
    C("duration_ms", DURATION, "Thời gian còn lại", "Time left"),
    C("digest", TEXT, "SHA-256 danh sách", "SHA-256 of the set"));

COLUMNS(pending, false,
    C("what", RESULT, "Loại", "What"),
    C("number", NUMBER, "Số", "Number"),
    C("state", RESULT, "Trạng thái", "State"),
    C("act", RESULT, "Việc", "Act"),
    C("person", TEXT, "Người đề nghị", "Asked by"),
    C("since_ms", TIME, "Từ lúc", "Since"),
    C("until_ms", TIME, "Đến lúc", "Until"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("leg", NUMBER, "Nhánh", "Leg"),
    C("to", TEXT, "Đơn vị", "Agency"),
    C("new", TEXT, "Chuyển đến", "Rerouted to"),
    C("items", NUMBER, "Số lượt", "Legs"),
    C("agencies", NUMBER, "Đơn vị nhận", "Receivers"),
    C("reason", TEXT, "Lý do", "Reason"),
    C("refused_by", TEXT, "Người không đồng ý", "Refused by"),
    C("refused_why", TEXT, "Vì", "Because"));

COLUMNS(plan_total, true,
    C("items", NUMBER, "Chạy thử: số lượt", "Dry run: legs"),
    C("passed", NUMBER, "  đã qua", "  passed"),
    C("receivers", NUMBER, "Số đơn vị nhận", "Receivers"),
    C("oldest_ms", TIME, "Cũ nhất", "Oldest"),
    C("newest_ms", TIME, "Mới nhất", "Newest"),
    C("bytes", BYTES, "Dung lượng", "Size"),
    C("taken", NUMBER, "Bên nhận đã có, sẽ bỏ qua", "Taken already, passed over"),
    C("taken_share", TEXT, "  tỷ lệ", "  share"),
    C("moved", NUMBER, "Không còn chờ can thiệp, sẽ bỏ qua", "No longer parked, passed over"),
    C("unknown", NUMBER, "Chưa rõ kết quả lần trước", "Outcome unknown"),
    C("unknown_share", TEXT, "  tỷ lệ", "  share"),
    C("joined", NUMBER, "Đơn vị kế thừa đã có lượt này", "The successor has it as well"),
    C("reassign", NUMBER, "Nay định tuyến được nơi nhận", "Routing now finds a receiver"),
    C("nobody", NUMBER, "Vẫn chưa có nơi nhận", "Still nobody competent"),
    C("suspended", NUMBER, "Thuộc đơn vị đang tạm khóa", "Of suspended agencies"),
    C("succeeded", NUMBER, "Thuộc đơn vị đã có đơn vị kế thừa", "Of agencies with a successor"),
    C("unreadable", NUMBER, "Không đọc được", "Unreadable"));

COLUMNS(plan_receiver, false,
    C("to", TEXT, "Nơi nhận", "Receiver"),
    C("to_name", TEXT, "Tên", "Name"),
    C("items", NUMBER, "Số lượt", "Legs"),
    C("oldest_ms", TIME, "Cũ nhất", "Oldest"),
    C("newest_ms", TIME, "Mới nhất", "Newest"),
    C("taken", NUMBER, "Đã có", "Taken"),
    C("unknown", NUMBER, "Chưa rõ", "Unknown"),
    C("reassign", NUMBER, "Định tuyến lại", "Reassign"),
    C("bytes", BYTES, "Dung lượng", "Size"),
    C("suspended", FLAG, "Tạm khóa", "Suspended"),
    C("successor", TEXT, "Kế thừa", "Successor"));

COLUMNS(plan_line, false,
    C("value", TEXT, "Không lấy được", "Not taken"),
    C("result", RESULT, "Vì", "Why"),
    C("plan", NUMBER, "Kế hoạch", "Plan"));

COLUMNS(plan_item, false,
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("leg", NUMBER, "Nhánh", "Leg"),
    C("case", TEXT, "Mã hồ sơ", "Case"),
    C("from", TEXT, "Từ", "From"),
    C("to", TEXT, "Đến", "To"),
    C("result", RESULT, "Kết quả", "Result"),
    C("time_ms", TIME, "Lúc", "Time"),
    C("code", CODE, "Lý do", "Cause"));

COLUMNS(change, false,
    C("id", TEXT, "Mã", "Id"),
    C("name", TEXT, "Đơn vị", "Name"),
    C("change", RESULT, "Kết quả", "Change"));

COLUMNS(change_seal_key, false,
    C("id", TEXT, "Mã", "Id"),
    C("key", TEXT, "Mã khóa ký", "Key id"),
    C("change", RESULT, "Kết quả", "Change"));

COLUMNS(change_route, false,
    C("procedure", TEXT, "Thủ tục", "Procedure"),
    C("locality", TEXT, "Địa bàn", "Locality"),
    C("kind", KIND, "Loại", "Kind"),
    C("to", TEXT, "Nơi nhận", "To"),
    C("change", RESULT, "Kết quả", "Change"));

COLUMNS(finding, false,
    C("position", NUMBER, "Vị trí", "Position"),
    C("what", TEXT, "Sai ở", "What"));

COLUMNS(verify, true,
    C("records", NUMBER, "Bản ghi", "Records"),
    C("facts", NUMBER, "Sự kiện", "Facts"),
    C("transfers", NUMBER, "Lượt chuyển đã đối chiếu", "Transfers checked"),
    C("seals", NUMBER, "Con dấu số đã đối chiếu", "Seals checked"),
    C("bytes", BYTES, "Dung lượng", "Size"),
    C("findings", NUMBER, "Sai lệch", "Findings"));

COLUMNS(log_finding, false,
    C("place", TEXT, "Ở đâu", "Place"),
    C("what", TEXT, "Sai ở", "What"),
    C("code", TEXT, "Mã", "Code"));

COLUMNS(log_verify, true,
    C("origin", TEXT, "Sổ minh bạch", "Log"),
    C("commits", NUMBER, "Số lần ghi", "Commits"),
    C("checkpoints", NUMBER, "Mốc đã ký", "Checkpoints"),
    C("breaks", NUMBER, "Lần khôi phục có khai báo", "Declared restores"),
    C("compared", NUMBER, "Đã đối chiếu với sổ nhật ký", "Compared with the journal"),
    C("unknown", NUMBER, "Không đối chiếu được nữa", "Not comparable any more"),
    C("position", NUMBER, "Đến vị trí", "Reaches to"),
    C("findings", NUMBER, "Sai lệch", "Findings"));

COLUMNS(quarantine, false,
    C("position", NUMBER, "Vị trí", "Position"),
    C("kind", EVENT, "Sự kiện", "Fact"),
    C("what", TEXT, "Sai ở", "What"),
    C("found_ms", TIME, "Thấy lúc", "Found"));

COLUMNS(clock, true,
    C("change", RESULT, "Kết quả", "Change"),
    C("drift_ms", DURATION, "Đồng hồ máy lệch", "Wall clock drift"));

COLUMNS(base, true,
    C("first", NUMBER, "Sổ nhật ký bắt đầu từ vị trí", "Journal begins at"),
    C("base", NUMBER, "Bản nền đến vị trí", "Base reaches to"),
    C("base_bytes", BYTES, "Bản nền", "Base"),
    C("damaged", NUMBER, "Bản ghi không đọc được", "Facts that do not read"));

COLUMNS(enable, true,
    C("change", RESULT, "Kết quả", "Change"),
    C("format", NUMBER, "Định dạng", "Format"),
    C("position", NUMBER, "Vị trí trong sổ", "Position"));

COLUMNS(backup, true,
    C("to", NUMBER, "Bản sao đến vị trí", "Copy reaches to"),
    C("records", NUMBER, "Bản ghi mới", "New records"),
    C("bytes", BYTES, "Dung lượng mới", "New bytes"),
    C("files", NUMBER, "Tệp đính kèm", "Attachments"),
    C("copied", NUMBER, "Tệp mới", "New attachments"),
    C("findings", NUMBER, "Sai lệch", "Findings"),
    C("marked", FLAG, "Đã báo cho trục", "Told to the axis"));

COLUMNS(archive, true,
    C("records", NUMBER, "Bản ghi mới", "New records"),
    C("bytes", BYTES, "Dung lượng mới", "New bytes"),
    C("completed", NUMBER, "Số tháng vừa khóa", "Months completed"),
    C("to", NUMBER, "Kho lưu trữ đến vị trí", "Archive reaches to"),
    C("archived_to", NUMBER, "Các tháng đã khóa đến vị trí", "Complete months reach to"),
    C("findings", NUMBER, "Sai lệch", "Findings"),
    C("marked", FLAG, "Đã báo cho trục", "Told to the axis"));

COLUMNS(archive_month, false,
    C("month", TEXT, "Tháng", "Month"),
    C("from", NUMBER, "Từ vị trí", "From"),
    C("to", NUMBER, "Đến vị trí", "To"),
    C("records", NUMBER, "Bản ghi", "Records"),
    C("damaged", NUMBER, "Hỏng sẵn", "Damaged"),
    C("complete", FLAG, "Đã khóa", "Complete"),
    C("seal", TEXT, "Dấu niêm", "Seal"));

COLUMNS(archive_event, false,
    C("time_ms", TIME, "Lúc", "Time"),
    C("position", NUMBER, "Vị trí", "Position"),
    C("event", EVENT, "Việc", "Event"),
    C("act", RESULT, "Thao tác", "Act"),
    C("held", RESULT, "Trả lời", "Answer"),
    C("plan", NUMBER, "Kế hoạch", "Plan"),
    C("id", TEXT, "Mã lượt chuyển", "Transfer"),
    C("leg", NUMBER, "Nhánh", "Leg"),
    C("agency", TEXT, "Đơn vị", "Agency"),
    C("attempt", NUMBER, "Lần", "Attempt"),
    C("state", STATE, "Thành", "State"),
    C("to", TEXT, "Chuyển đến", "Rerouted to"),
    C("code", CODE, "Lý do", "Cause"),
    C("reason", TEXT, "Chi tiết", "Reason"),
    C("by", TEXT, "Hệ thống trả lời", "Answered by"),
    C("person", TEXT, "Người", "Person"),
    C("second", TEXT, "Người thứ hai", "Second person"),
    C("risk", FLAG, "Rủi ro tác dụng kép", "Risk of double effect"));

COLUMNS(carry, true,
    C("change", RESULT, "Kết quả", "Change"),
    C("below", NUMBER, "Chuyển những gì nằm dưới vị trí", "Carry what lies below"),
    C("legs", NUMBER, "Nhánh chưa xong phải chuyển", "Open legs to be carried"),
    C("bytes", BYTES, "Dung lượng", "Size"),
    C("more", FLAG, "Còn nữa, chưa đếm", "More, not counted"),
    C("position", NUMBER, "Vị trí của lệnh", "Position of the order"));

COLUMNS(cut, true,
    C("below", NUMBER, "Cắt dưới vị trí", "Cut below"),
    C("records", NUMBER, "Bản ghi được cắt", "Records cut"),
    C("bytes", BYTES, "Dung lượng được cắt", "Bytes cut"),
    C("first", NUMBER, "Sổ nhật ký bắt đầu từ vị trí", "The journal begins at"),
    C("base", NUMBER, "Bản nền đến vị trí", "The base reaches to"),
    C("base_bytes", BYTES, "Dung lượng bản nền", "Size of the base"),
    C("dry_run", FLAG, "Chỉ làm thử", "Dry run"));
/* clang-format on */

struct lt_bytes row_field(const struct row *row, const char *name)
{
    struct lt_bytes wanted = text_bytes(name);
    for (uint32_t i = 0; i < row->count; i++) {
        if (bytes_equal(row->fields[i].name, wanted)) {
            return row->fields[i].value;
        }
    }
    return (struct lt_bytes){NULL, 0};
}

/* A decimal number with an optional sign; false for anything else. */
static bool value_number(int64_t *ret_number, struct lt_bytes value)
{
    char text[24];
    if (value.size == 0 || value.size >= sizeof(text)) {
        return false;
    }
    text_copy(text, sizeof(text), value);
    bool minus = text[0] == '-';
    uint64_t number;
    if (!number_read(&number, text + minus) || number > INT64_MAX) {
        return false;
    }
    *ret_number = minus ? -(int64_t)number : (int64_t)number;
    return true;
}

int64_t row_number(const struct row *row, const char *name)
{
    int64_t number = 0;
    return value_number(&number, row_field(row, name)) ? number : 0;
}

/* The types that are names in one of the tables of words.c; NULL for the others. */
static const char *name_of(enum column_type type, enum language language, const char *text)
{
    switch (type) {
    case COLUMN_STATE:
        return word_state(language, text);
    case COLUMN_KIND:
        return word_kind(language, text);
    case COLUMN_AGENCY_KIND:
        return word_agency_kind(language, text);
    case COLUMN_EVENT:
        return word_event(language, text);
    case COLUMN_CODE:
        return strcmp(text, "ok") == 0 ? phrase(language, PHRASE_OPEN) : word_code(language, text);
    case COLUMN_WHO:
        return word_who(language, text);
    case COLUMN_RESULT:
        return word_result(language, text);
    default:
        return NULL;
    }
}

void cell_write(char *out, size_t out_size, enum column_type type, struct lt_bytes value,
                enum language language)
{
    char moment[MOMENT_BYTES];
    int64_t number;
    text_safe(out, out_size, value);
    if (value.size == 0) {
        return;
    }
    const char *name = name_of(type, language, out);
    if (name != NULL) {
        if (name != out) {
            text_copy(out, out_size, text_bytes(name));
        }
        return;
    }
    if (type == COLUMN_FLAG) {
        bool set = bytes_equal(value, text_bytes("1"));
        snprintf(out, out_size, "%s", phrase(language, set ? PHRASE_YES : PHRASE_NO));
        return;
    }
    if (type == COLUMN_TEXT || type == COLUMN_NUMBER || !value_number(&number, value)) {
        return;
    }
    if (type == COLUMN_BYTES) {
        bool small = number < 1024LL * 1024;
        snprintf(out, out_size, "%.1f %s", (double)number / (small ? 1024.0 : 1024.0 * 1024.0),
                 small ? "KiB" : "MiB");
        return;
    }
    if (type == COLUMN_TIME) {
        moment_write(moment, number);
    } else {
        duration_write(moment, number);
    }
    snprintf(out, out_size, "%s", moment);
}
