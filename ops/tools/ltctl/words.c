/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Names of states, kinds, events and codes in the words of the screens. States and codes come from
 * the tables the broker itself is made of (states.def, errors.def); the rest stands here. The words
 * are those of the glossary: "từ chối" is a business refusal and never a technical failure, "chờ
 * can thiệp" is parked, "giữ lại" is an operator's hold.
 *
 * A name from a newer broker is shown as it came.
 */
#include <string.h>

#include <lienthong/status.h>

#include "words.h"

struct word {
    const char *name;
    const char *said[LANGUAGES_END];
};

static const struct word states[] = {
#define LEG_STATE(name, number, text, open, vi, en) {text, {vi, en}},
#include "broker/transfer/states.def"
};

static const struct word kinds[] = {
    {"forward", {"chuyển hồ sơ", "forward"}},
    {"status", {"cập nhật trạng thái", "status"}},
    {"result", {"trả kết quả", "result"}},
    {"supplement-request", {"yêu cầu bổ sung", "supplement request"}},
    {"supplement", {"bổ sung", "supplement"}},
    {"fee-request", {"yêu cầu nghĩa vụ tài chính", "fee request"}},
    {"fee-paid", {"đã nộp nghĩa vụ tài chính", "fee paid"}},
    {"return-wrong", {"trả lại", "return as wrong"}},
    {"wrong-result", {"kết quả sai", "wrong result"}},
    {"withdraw", {"rút hồ sơ", "withdraw"}},
    {"stop", {"dừng giải quyết", "stop"}},
    {"extension", {"xin lỗi và hẹn lại", "extension"}},
    {"opinion-request", {"lấy ý kiến", "opinion request"}},
    {"opinion", {"cho ý kiến", "opinion"}},
    {"recall", {"thu hồi", "recall"}},
    {"replace", {"thay thế", "replace"}},
    {"petition", {"phản ánh, kiến nghị", "petition"}},
    {"petition-reply", {"trả lời phản ánh, kiến nghị", "petition reply"}},
    {"citizen-notice", {"thông báo công dân", "citizen notice"}},
    {"reconcile", {"đối soát", "reconcile"}},
};

static const struct word agency_kinds[] = {
    {"commune", {"cấp xã", "commune"}},
    {"department", {"sở, ngành", "department"}},
    {"ministry", {"bộ, ngành TW", "ministry"}},
    {"other", {"khác", "other"}},
};

static const struct word events[] = {
    {"epoch", {"trục khởi động", "broker started"}},
    {"accepted", {"trục nhận", "accepted"}},
    {"refused", {"trục không nhận", "not accepted"}},
    {"sent", {"gửi đi", "sent"}},
    {"settled", {"bên nhận trả lời", "settled"}},
    {"returned", {"chưa có trả lời, sẽ gửi lại", "unanswered, returned"}},
    {"act", {"thao tác vận hành", "operator act"}},
    {"assigned", {"định tuyến lại", "assigned"}},
    {"noticed", {"bên gửi đã nhận thông báo", "notice stored"}},
    {"incident", {"sự cố", "incident"}},
    {"timed", {"quá hạn", "deadline passed"}},
    {"registry", {"đổi danh bạ", "registry change"}},
    {"blob", {"tệp đính kèm đã lưu", "attachment stored"}},
    {"blob-gone", {"tệp đính kèm đã dọn", "attachment collected"}},
    {"held", {"hỏi bên nhận có giữ không", "receiver asked"}},
    {"rerouted", {"chuyển hướng", "rerouted"}},
    {"plan-step", {"một bước của kế hoạch", "a step of a plan"}},
    {"damaged", {"bản ghi hỏng", "damaged record"}},
    {"carried", {"chép lên trên chỗ cắt sổ", "carried over a cut"}},
    {"cut", {"phần trước đó nằm trong kho lưu trữ", "what came before is in the archive"}},
    {"backup", {"mốc sao lưu, lưu trữ", "mark of a copy"}},
    {"seen", {"xem dữ liệu được che", "masked data seen"}},
    {"plan", {"lập kế hoạch gửi lại", "replay plan made"}},
    {"plan-state", {"kế hoạch gửi lại", "replay plan"}},
    {"shield", {"cách ly đơn vị", "shield"}},
    {"clock", {"đồng hồ", "clock"}},
    {"restored", {"khôi phục", "restore"}},
};

static const struct word people[] = {
    {"sender", {"bên gửi", "the sender"}},
    {"receiver", {"bên nhận", "the receiver"}},
    {"operator", {"người vận hành", "the operators"}},
    {"vendor", {"nhà cung cấp phần mềm", "the vendor"}},
};

static const struct word results[] = {
    {"replayed", {"đã cho gửi lại", "replayed"}},
    {"would-replay", {"sẽ gửi lại", "would be replayed"}},
    {"not-parked", {"không ở trạng thái chờ can thiệp", "not parked"}},
    {"replay", {"gửi lại", "replay"}},
    {"hold", {"giữ lại", "hold"}},
    {"release", {"thôi giữ", "release"}},
    {"skip", {"bỏ qua trong làn", "skip in lane"}},
    {"cancel", {"hủy", "cancel"}},
    {"expire", {"cho hết hạn", "expire"}},
    {"reroute", {"chuyển hướng", "reroute"}},
    {"held", {"đã giữ lại", "held"}},
    {"released", {"đã thôi giữ", "released"}},
    {"skipped", {"đã bỏ qua trong làn", "skipped in its lane"}},
    {"cancelled", {"đã hủy", "cancelled"}},
    {"expired", {"đã cho hết hạn", "expired"}},
    {"rerouted", {"đã chuyển hướng", "rerouted"}},
    {"would-hold", {"sẽ giữ lại", "would be held"}},
    {"would-release", {"sẽ thôi giữ", "would be released"}},
    {"would-skip", {"sẽ bỏ qua trong làn", "would be skipped in its lane"}},
    {"would-cancel", {"sẽ hủy", "would be cancelled"}},
    {"would-expire", {"sẽ cho hết hạn", "would expire"}},
    {"would-reroute", {"sẽ chuyển hướng", "would be rerouted"}},
    {"would-ask", {"sẽ hỏi bên nhận trước", "the receiver would be asked first"}},
    {"needs-second", {"cần người thứ hai", "needs a second person"}},
    {"body", {"nội dung", "the body"}}, /* what was seen */
    {"codes", {"mã hồ sơ", "the codes"}},
    {"agency", {"đơn vị", "agency"}}, /* what was changed */
    {"route", {"định tuyến", "route"}},
    {"route-gone", {"bỏ định tuyến", "route removed"}},
    {"rights", {"quyền gửi", "rights"}},
    {"plan-made", {"lập", "made"}},
    {"noted", {"ghi chú", "noted"}},
    {"unshielded", {"thôi cách ly", "let in again"}},
    {"confirmed", {"xác nhận", "confirmed"}},
    {"backup-mark", {"mốc sao lưu", "backup mark"}},
    {"archive-mark", {"mốc lưu trữ", "archive mark"}},
    {"carry", {"lệnh chuyển trước khi cắt", "order to carry"}},
    {"yes", {"bên nhận có giữ", "held"}},
    {"no", {"bên nhận không giữ", "not held"}},
    {"unknown", {"bên nhận không rõ", "cannot say"}},
    {"answered", {"có trả lời", "answered"}},
    {"adapter-only", {"chỉ bộ nối trả lời", "only the adapter answered"}},
    {"no-answer", {"không trả lời", "no answer"}},
    {"not-connected", {"không kết nối", "not connected"}},
    {"added", {"đã thêm", "added"}},
    {"ok", {"bình thường", "ok"}},
    {"suspect", {"nghi ngờ, chờ xác nhận", "suspect, to be confirmed"}},
    {"changed", {"đã sửa", "changed"}},
    {"would-order", {"sẽ ra lệnh", "would be ordered"}},
    {"ordered", {"đã ra lệnh", "ordered"}},
    {"removed", {"đã xóa", "removed"}},
    {"same", {"không đổi", "unchanged"}},
    {"open", {"đang diễn ra", "open"}},
    {"closed", {"đã kết thúc", "closed"}},
    {"stuck", {"đứng yên quá lâu", "stuck"}},
    {"base", {"bản nền không đọc được", "base does not read"}},
    {"quarantined", {"bản ghi bị để riêng", "records set aside"}},
    {"disk", {"đĩa sắp đầy", "disk soon full"}},
    {"share", {"đơn vị hết phần dung lượng", "share used up"}},
    {"difference", {"tổng bảo toàn lệch", "sum differs"}},
    {"crl-stale", {"danh sách thu hồi chứng thư quá hạn", "list of revoked certificates is late"}},
    {"timestamp", {"không có dấu thời gian của bên ngoài", "no outside time-stamp"}},
    {"more", {"còn nữa", "more"}},
    {"waiting", {"chưa tới lượt", "waiting"}},
    {"waits", {"chờ duyệt", "waits"}}, /* requests and certificates */
    {"valid", {"có hiệu lực", "valid"}},
    {"expired", {"hết hạn", "expired"}},
    {"revoked", {"đã thu hồi", "revoked"}},
    {"key-ending", {"khóa kết nối sắp hết hạn", "connection key ends"}},
    {"seal-key-ending", {"khóa ký, chứng thư sắp hết hạn", "signing key or certificate ends"}},
    {"crl-ending", {"danh sách thu hồi sắp hết hạn", "list of revoked certificates ends"}},
    {"sent-again", {"đã cho gửi lại, chưa có kết quả", "sent again, no outcome yet"}},
    {"taken", {"đã nhận", "taken"}},
    {"refused", {"từ chối", "refused"}},
    {"parked-again", {"chờ can thiệp lại", "parked again"}},
    {"ended", {"hết hạn hoặc hủy", "expired or cancelled"}},
    {"carried-out", {"đã thực hiện", "carried out"}},
    {"passed-over", {"bỏ qua", "passed over"}},
    {"not-found", {"không tìm thấy", "not found"}},
    {"leased", {"đang thuộc kế hoạch khác", "in another plan"}},
    {"selecting", {"đang chọn", "selecting"}}, /* states of a plan */
    {"frozen", {"đã chốt danh sách", "frozen"}},
    {"approved", {"đã phê duyệt", "approved"}},
    {"running", {"đang chạy", "running"}},
    {"paused", {"tạm nghỉ", "paused"}},
    {"stopped", {"đã dừng vì nhiều lỗi", "stopped"}},
    {"done", {"đã xong", "done"}},
    {"act", {"thao tác", "act"}}, /* what waits for a second person */
    {"plan", {"kế hoạch", "plan"}},
    {"waits-second", {"chờ người thứ hai", "waits for a second person"}},
    {"refused-here", {"không được đồng ý", "not agreed to"}},
    {"redirect", {"chuyển sang đơn vị kế thừa", "redirect to the successor"}},
    {"moved", {"đã chuyển, chưa có kết quả", "moved, no outcome yet"}}, /* of a redirect */
    {"joined", {"đơn vị kế thừa đã có", "the successor had it"}},
    {"agency-open", {"trục vẫn đang gửi đến đơn vị cũ", "the old agency is still delivered to"}},
    {"incident-open", {"sự cố đang diễn ra", "an open incident"}}, /* what a plan waits for */
    {"gate-closed", {"đang ngừng gửi đến đơn vị", "a paused agency"}},
    {"restore-open", {"khôi phục trục chưa đối soát xong", "a restore being reconciled"}},
    {"cancelled", {"đã hủy", "cancelled"}},
};

#define WORDS_COUNT(words) (sizeof(words) / sizeof((words)[0]))

static const char *find(const struct word *words, size_t count, enum language language,
                        const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].name, name) == 0) {
            return words[i].said[language];
        }
    }
    return name;
}

const char *word_state(enum language language, const char *name)
{
    return find(states, WORDS_COUNT(states), language, name);
}

const char *word_kind(enum language language, const char *name)
{
    return find(kinds, WORDS_COUNT(kinds), language, name);
}

const char *word_agency_kind(enum language language, const char *name)
{
    return find(agency_kinds, WORDS_COUNT(agency_kinds), language, name);
}

const char *word_event(enum language language, const char *name)
{
    return find(events, WORDS_COUNT(events), language, name);
}

const char *word_who(enum language language, const char *name)
{
    return find(people, WORDS_COUNT(people), language, name);
}

const char *word_result(enum language language, const char *name)
{
    return find(results, WORDS_COUNT(results), language, name);
}

const char *word_code(enum language language, const char *code)
{
    const struct lt_error *error = lt_error_by_code(code);
    if (error == NULL) {
        return code;
    }
    return language == LANGUAGE_VI ? error->vi : error->en;
}

const char *word_do(enum language language, const char *code)
{
    const struct lt_error *error = lt_error_by_code(code);
    if (error == NULL) {
        return "";
    }
    return language == LANGUAGE_VI ? error->do_vi : error->do_en;
}
