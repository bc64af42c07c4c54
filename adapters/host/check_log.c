/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an agency's box knows of the axis' log, in four lines: the key and why it is believed, the
 * newest checkpoint, receipts, and the last thing that was refused. The box is read beside its
 * owner; a box that is not there yet has only a key to tell.
 *
 * The key that the axis told in the session of this very check is compared as well, so that another
 * key shows before the adapter is started; and so is its journal with what the box was told before,
 * because a running adapter that refuses an axis only says so in its log.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "adapters/sdk/log_peek.h"
#include "check_private.h"
#include "proto/base/text.h"
#include "proto/checkpoint.h"

static void key_other(struct check *check, const char *told, const char *trusted)
{
    static const struct words what = {"Khóa sổ minh bạch của trục", "Key of the axis' log"};
    char detail[CHECK_DETAIL_BYTES];
    snprintf(detail, sizeof(detail), "%.300s != %.300s", told, trusted);
    check_say(
        check, FAILED, what, detail,
        (struct words){"không dùng khóa mới khi chưa đối chiếu với người vận hành trục; xem sổ "
                       "tay adapter-refuses-the-log",
                       "do not take the new one before it was compared with the operators of "
                       "the axis; see the runbook adapter-refuses-the-log"});
}

static void key_line(struct check *check, const char *kept, const char *told)
{
    static const struct words what = {"Khóa sổ minh bạch của trục", "Key of the axis' log"};
    static const struct words mend = {
        "đọc khóa này với người vận hành trục rồi ghi vào log_key trong cấu hình",
        "read it to the operators of the axis and write it into log_key of the configuration"};
    const char *configured = check->options->config->log_key;
    char pinned[NOTE_VKEY_MAX] = "", detail[CHECK_DETAIL_BYTES];
    struct fault fault;
    fault_init(&fault);
    if (configured[0] != '\0' && log_key_read(configured, pinned, &fault) != LT_OK) {
        check_say(check, FAILED, what, fault.detail,
                  (struct words){"NAME+ID+BASE64, hoặc đường dẫn /... của tệp chứa nó",
                                 "NAME+ID+BASE64, or the path /... of a file that has it"});
        return;
    }
    const char *trusted = pinned[0] != '\0' ? pinned : kept;
    const char *shown = trusted[0] != '\0' ? trusted : told;
    if (told[0] != '\0' && trusted[0] != '\0' && strcmp(told, trusted) != 0) {
        key_other(check, told, trusted);
        return;
    }
    const struct words how =
        pinned[0] != '\0' ? (struct words){"đã ghim bằng log_key", "pinned by log_key"}
        : kept[0] != '\0' ? (struct words){"giữ theo lần gặp đầu", "kept from the first meeting"}
        : told[0] != '\0' ? (struct words){"trục báo, chưa giữ", "told by the axis, not kept yet"}
                          : (struct words){"trục chưa báo khóa nào", "the axis told none yet"};
    snprintf(detail, sizeof(detail), "%.400s%s(%s)", shown, shown[0] != '\0' ? " " : "",
             check_words(check, how));
    check_say(check, pinned[0] != '\0' ? PASSED : NOTED, what, detail, mend);
}

static void checkpoint_line(struct check *check, const struct log_known *known)
{
    static const struct words what = {"Mốc mới nhất được tin", "Newest checkpoint believed"};
    char detail[CHECK_DETAIL_BYTES], time[TIME_TEXT_BYTES] = "-";
    struct checkpoint checkpoint;
    struct note note;
    if (known->note_size == 0 ||
        note_read((struct lt_bytes){known->note, known->note_size}, &note) != LT_OK ||
        checkpoint_read(note.text, &checkpoint) != LT_OK) {
        return;
    }
    if (checkpoint.time_ms != 0) {
        time_write(time, checkpoint.time_ms);
    }
    snprintf(detail, sizeof(detail), "%s, %" PRIu64 ", %s", checkpoint.origin, checkpoint.head.size,
             time);
    check_say(check, PASSED, what, detail, (struct words){"", ""});
}

static void receipts_line(struct check *check, const struct log_peek *peek)
{
    static const struct words what = {"Xác nhận của trục", "Receipts of the axis"};
    static const struct words mend = {
        "bộ nối tự hỏi lại; nếu kéo dài, báo người vận hành trục (sổ minh bạch có thể đã dừng)",
        "the adapter asks again by itself; if it lasts, tell the operators of the axis (its log "
        "may "
        "have stopped)"};
    char detail[CHECK_DETAIL_BYTES], since[TIME_TEXT_BYTES] = "";
    if (peek->overdue_ms != 0) {
        time_write(since, peek->overdue_ms);
    }
    bool overdue = peek->overdue_ms != 0;
    snprintf(detail, sizeof(detail), "%s %" PRIu64 ", %s %" PRIu64 "%s%s",
             check_words(check, (struct words){"số khung đã giữ", "frames kept"}), peek->frames,
             check_words(check, (struct words){"số xác nhận còn thiếu", "receipts missing"}),
             peek->missing,
             overdue ? check_words(check, (struct words){", quá hạn từ ", ", overdue since "}) : "",
             since);
    check_say(check, peek->overdue_ms != 0 ? FAILED : PASSED, what, detail, mend);
}

static void refusal_line(struct check *check, const struct log_refusal *refusal)
{
    static const struct words what = {"Lần từ chối sổ gần nhất", "Last refusal of the log"};
    static const struct words none = {"không có", "none"};
    const struct lt_error *error = lt_error(refusal->code);
    char detail[CHECK_DETAIL_BYTES], since[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES] = "";
    if (refusal->code == LT_OK) {
        check_say(check, PASSED, what, check_words(check, none), (struct words){"", ""});
        return;
    }
    time_write(since, refusal->time_ms);
    if (refusal->cleared_ms != 0) {
        time_write(until, refusal->cleared_ms);
    }
    bool stands = refusal->cleared_ms == 0;
    snprintf(detail, sizeof(detail), "%s (%s), %s%s%s: %s", error->code, refusal->what, since,
             stands ? "" : check_words(check, (struct words){", hết từ ", ", over since "}), until,
             check_words(check, (struct words){error->vi, error->en}));
    check_say(check, stands ? FAILED : NOTED, what, detail,
              stands
                  ? (struct words){"xem sổ tay vận hành adapter-refuses-the-log; hồ sơ vẫn chuyển",
                                   "see the runbook adapter-refuses-the-log; transfers go on"}
                  : (struct words){"hỏi người vận hành trục nguyên nhân nếu chưa rõ",
                                   "ask the operators of the axis why, if you do not know"});
}

/* Compared with what was known before this session began: a running adapter is told more. */
static void axis_line(struct check *check, const struct axis_known *known, const struct told *told)
{
    static const struct words what = {"Sổ nhật ký của trục so với lần trước",
                                      "Journal of the axis against what was known"};
    static const struct words mend = {
        "trục bị đưa lùi mà không khai báo, bộ nối không làm việc với nó: báo người vận hành trục "
        "(sổ tay adapter-refuses-the-log)",
        "the axis was rolled back without being declared, the adapter does not work with it: tell "
        "its operators (runbook adapter-refuses-the-log)"};
    char detail[CHECK_DETAIL_BYTES];
    if (!told->stood || known->position == 0) {
        return;
    }
    snprintf(detail, sizeof(detail), "%" PRIu64 " / %" PRIu64, told->says.durable, known->position);
    bool back = axis_meet(known, &told->says) == AXIS_ROLLED_BACK;
    check_say(check, back ? FAILED : PASSED, what, detail, mend);
}

bool check_peek(struct check *check, const struct host_agency *agency, struct log_peek *ret_peek)
{
    char path[CONFIG_PATH_BYTES + LT_AGENCY_ID_MAX + 16];
    char detail[CHECK_DETAIL_BYTES];
    struct fault fault;
    fault_init(&fault);
    snprintf(path, sizeof(path), "%s/%s/box.mdb", check->options->config->data, agency->id);
    enum lt_status status = log_peek(path, ret_peek, &fault);
    if (status != LT_OK && status != LT_NOT_FOUND) {
        snprintf(detail, sizeof(detail), "%.300s: %s %s", path, lt_code(status), fault.detail);
        check_say(
            check, FAILED, (struct words){"Hộp dữ liệu của đơn vị", "Box of the agency"}, detail,
            (struct words){"chạy bằng người dùng của lt-adapter", "run it as lt-adapter's user"});
    }
    return status == LT_OK;
}

void check_log(struct check *check, const struct log_peek *peek, const struct told *told)
{
    axis_line(check, &peek->axis, told);
    key_line(check, peek->known.key, told->log_key);
    checkpoint_line(check, &peek->known);
    if (peek->known.key[0] != '\0') {
        receipts_line(check, peek);
        refusal_line(check, &peek->refusal);
    }
}

enum lt_status check_checkpoint(const struct host_config *config, const char *agency, bool refused,
                                FILE *out)
{
    char path[CONFIG_PATH_BYTES + LT_AGENCY_ID_MAX + 16];
    const struct host_agency *found = NULL;
    struct log_peek peek;
    struct fault fault;
    fault_init(&fault);
    for (uint32_t i = 0; i < config->agencies_count; i++) {
        bool named = agency != NULL && strcmp(config->agencies[i].id, agency) == 0;
        if (named || (agency == NULL && config->agencies_count == 1)) {
            found = &config->agencies[i];
        }
    }
    if (found == NULL) {
        return LT_CONFIG_BAD;
    }
    snprintf(path, sizeof(path), "%s/%s/box.mdb", config->data, found->id);
    enum lt_status status = log_peek(path, &peek, &fault);
    if (status != LT_OK) {
        return status;
    }
    struct lt_bytes note = {peek.known.note, peek.known.note_size};
    if (refused) {
        note = (struct lt_bytes){peek.refusal.note, peek.refusal.note_size};
    }
    if (note.size == 0) {
        return LT_NOT_FOUND;
    }
    return fwrite(note.data, 1, note.size, out) == note.size ? LT_OK : LT_IO;
}
