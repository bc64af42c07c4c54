/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A restore from begin to end, told line by line: connect without taking part in traffic, give back
 * to the axis what the local system has not taken yet, wait until every answer is confirmed,
 * compare what was delivered, fetch what is missing into the inbox, oldest first, then the same for
 * what the agency itself had sent. The inbox hands it out as always, now or by the next `lt-adapter
 * run`, each marked "restored" so that no citizen is told a second time.
 *
 * It may be run again at any time: what is in the inbox already stays as it is, and what the local
 * system has meanwhile taken is held. The end of the program opens nothing; people start the
 * service when the last line says so.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "restore.h"
#include "restore_compare.h"
#include "stopper.h"

#define CONNECT_MS_MAX 60000
#define CONNECT_STEP   200
#define FETCH_WAIT_MS  45000
#define FETCH_TRIES    4

struct restore {
    const struct restore_options *options;
    const char *agency;
    struct host *host;
    struct lt_client *client;
    struct stopper *stopper; /* to rest on */
    bool incomplete;
    bool line_open; /* a progress line stands without its end */
};

/* ---- words ---- */

static bool english(const struct restore *restore)
{
    return restore->options->language == HOST_EN;
}

LT_PRINTF(3, 4)
static void say(struct restore *restore, bool progress, const char *format, ...)
{
    FILE *out = restore->options->out;
    va_list args;
    if (progress && !restore->options->terminal) {
        return;
    }
    fputs(restore->line_open ? "\r\033[K" : "", out);
    va_start(args, format);
    vfprintf(out, format, args);
    va_end(args);
    fputs(progress ? "" : "\n", out);
    restore->line_open = progress;
    fflush(out);
}

#define SAY(restore, vi, en, ...)                                                                  \
    say(restore, false, english(restore) ? en : vi __VA_OPT__(, ) __VA_ARGS__)

static void say_failed(struct restore *restore, enum lt_status status, const char *detail)
{
    const struct lt_error *error = lt_error(status);
    SAY(restore, "Không khôi phục được: %s (%s) %s", "The restore failed: %s (%s) %s",
        english(restore) ? error->en : error->vi, error->code, detail);
    if (status == LT_FENCED) {
        SAY(restore, "Hãy dừng dịch vụ lt-adapter rồi chạy lại.",
            "Stop the lt-adapter service, then run this again.");
    }
}

static void step_say(void *self, const struct restore_sums *sums)
{
    struct restore *restore = self;
    say(restore, true,
        english(restore) ? "  listed %llu, held %llu, missing %llu"
                         : "  đã đối chiếu %llu, có %llu, thiếu %llu",
        (unsigned long long)sums->listed, (unsigned long long)sums->held,
        (unsigned long long)sums->missing);
}

/* ---- connecting ---- */

static bool agency_find(struct restore *restore)
{
    const struct host_config *config = restore->options->config;
    const char *wanted = restore->options->agency;
    for (uint32_t i = 0; i < config->agencies_count; i++) {
        if (wanted == NULL ? config->agencies_count == 1
                           : strcmp(config->agencies[i].id, wanted) == 0) {
            restore->agency = config->agencies[i].id;
            return true;
        }
    }
    SAY(restore, "Cấu hình có %u đơn vị; hãy chỉ rõ một đơn vị bằng --agency.",
        "The configuration has %u agencies; name one of them by --agency.", config->agencies_count);
    return false;
}

static enum lt_status host_start(struct restore *restore)
{
    const struct restore_options *options = restore->options;
    struct lt_problem problem = {0};
    const struct host_options host = {
        .config = options->config,
        .drivers = options->drivers,
        .drivers_count = options->drivers_count,
        .clock = options->clock,
        .entropy = options->entropy,
        .agency = restore->agency,
        .restoring = true,
    };
    enum lt_status status = host_open(&restore->host, &host, &problem);
    if (status != LT_OK) {
        say_failed(restore, status, problem.detail);
        return status;
    }
    restore->client = host_client(restore->host, restore->agency);
    return LT_OK;
}

static enum lt_status connect_wait(struct restore *restore)
{
    struct lt_client_state state = {.connected = false};
    for (int waited_ms = 0; waited_ms < CONNECT_MS_MAX; waited_ms += CONNECT_STEP) {
        lt_client_state(restore->client, &state);
        if (state.connected) {
            return LT_OK;
        }
        say(restore, true, english(restore) ? "  connecting ..." : "  đang kết nối ...");
        if (!stopper_rest(restore->stopper, CONNECT_STEP)) {
            break;
        }
    }
    say_failed(restore, LT_PEER_GONE, state.last_problem);
    return LT_PEER_GONE;
}

/* An answer of before that the axis has not yet would make it list the leg as open, and take it
 * from nobody's hands a moment later: what was answered is confirmed first. */
static enum lt_status answers_wait(struct restore *restore)
{
    struct lt_client_state state = {.unconfirmed = 0};
    for (int waited_ms = 0; waited_ms < CONNECT_MS_MAX; waited_ms += CONNECT_STEP) {
        lt_client_state(restore->client, &state);
        if (state.unconfirmed == 0) {
            return LT_OK;
        }
        say(restore, true,
            english(restore) ? "  %llu answers wait for the axis ..."
                             : "  còn %llu trả lời chờ trục xác nhận ...",
            (unsigned long long)state.unconfirmed);
        if (!stopper_rest(restore->stopper, CONNECT_STEP)) {
            break;
        }
    }
    say_failed(restore, LT_TIMEOUT, state.last_problem);
    return LT_TIMEOUT;
}

/* ---- comparing ---- */

static void sums_say(struct restore *restore, const struct restore_compare *compare)
{
    const struct restore_sums *sums = &compare->sums;
    bool sent = compare->what == LT_LIST_SENT;
    SAY(restore, "%s: trục có %llu", "%s: the axis has %llu",
        english(restore) ? (sent ? "Sent by the agency" : "Delivered to the agency")
                         : (sent ? "Đơn vị đã gửi" : "Đã giao cho đơn vị"),
        (unsigned long long)sums->listed);
    SAY(restore, "  có ở cả hai bên        %llu", "  on both sides          %llu",
        (unsigned long long)sums->held);
    SAY(restore, "  đã ở hộp nhận          %llu", "  in the inbox already   %llu",
        (unsigned long long)sums->waiting);
    SAY(restore, "  thiếu ở đơn vị         %llu", "  missing here           %llu",
        (unsigned long long)sums->missing);
    SAY(restore, "  khác nội dung          %llu", "  differs                %llu",
        (unsigned long long)sums->differs);
    SAY(restore, "  không hỏi được         %llu", "  could not be asked     %llu",
        (unsigned long long)sums->unknown);
    if (!sent) {
        SAY(restore, "  thiếu ở trục           %llu", "  missing there          %llu",
            (unsigned long long)sums->ahead);
        SAY(restore, "  chưa giao xong         %llu", "  still on their way     %llu",
            (unsigned long long)sums->open);
        SAY(restore, "  kết thúc, không nhận   %llu", "  ended, not taken       %llu",
            (unsigned long long)sums->other);
    }
    for (uint32_t i = 0; i < compare->differing_count; i++) {
        char id[ID_TEXT_BYTES];
        id_write(id, &compare->differing[i].id);
        SAY(restore, "  khác nội dung: %s-%u", "  differs: %s-%u", id, compare->differing[i].leg);
    }
    if (sums->unknown > 0) {
        SAY(restore, "  Hệ thống của đơn vị không trả lời rõ ràng: %s",
            "  The local system gave no clear answer: %s", compare->reason);
    }
}

/* ---- fetching ---- */

/* One frame's worth; *ret_stored how many are in the inbox. */
static enum lt_status batch_fetch(struct restore *restore, const struct restore_compare *compare,
                                  uint64_t first, uint32_t count, uint64_t *ret_stored)
{
    struct lt_list_row *rows = calloc(count, sizeof(*rows));
    enum lt_status statuses[LT_BYTES_PER_FRAME] = {LT_OK};
    if (rows == NULL) {
        return LT_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct restore_missing *missing = &compare->missing[first + i];
        rows[i] = (struct lt_list_row){.id = missing->id,
                                       .leg = missing->leg,
                                       .position = missing->position,
                                       .digest = missing->digest};
    }
    enum lt_status status = lt_client_fetch(restore->client, rows, count,
                                            compare->what == LT_LIST_SENT, FETCH_WAIT_MS, statuses);
    for (uint32_t i = 0; i < count && status == LT_OK; i++) {
        char id[ID_TEXT_BYTES];
        id_write(id, &rows[i].id);
        if (statuses[i] == LT_TIMEOUT) {
            status = LT_TIMEOUT;
        } else if (statuses[i] == LT_OK) {
            (*ret_stored)++;
        } else {
            restore->incomplete = true;
            SAY(restore, "  không lấy lại được %s-%u: %s", "  not to be had: %s-%u: %s", id,
                rows[i].leg, lt_code(statuses[i]));
        }
    }
    free(rows);
    return status;
}

/* Oldest first over all cases, so oldest first in each. A batch that is not whole is fetched again
 * before the next one, because what follows in its cases stands behind it. */
static enum lt_status missing_fetch(struct restore *restore, const struct restore_compare *compare,
                                    uint64_t *ret_stored)
{
    enum lt_status status = LT_OK;
    uint64_t at = 0;
    while (at < compare->sums.missing && status == LT_OK) {
        uint64_t left = compare->sums.missing - at;
        uint32_t count = left < LT_BYTES_PER_FRAME ? (uint32_t)left : LT_BYTES_PER_FRAME;
        uint64_t stored = 0;
        status = LT_TIMEOUT;
        for (int i = 0; i < FETCH_TRIES && status == LT_TIMEOUT; i++) {
            stored = 0;
            status = batch_fetch(restore, compare, at, count, &stored);
        }
        *ret_stored += stored;
        at += count;
        say(restore, true, english(restore) ? "  fetched %llu of %llu" : "  đã lấy lại %llu / %llu",
            (unsigned long long)at, (unsigned long long)compare->sums.missing);
    }
    return status;
}

static enum lt_status side_run(struct restore *restore, enum lt_list what)
{
    struct restore_compare compare = {
        .client = restore->client,
        .what = what,
        .since_ms = restore->options->since_ms,
        .self = restore,
        .step = step_say,
    };
    uint64_t stored = 0;
    enum lt_status status = restore_compare_run(&compare);
    if (status == LT_OK) {
        sums_say(restore, &compare);
        restore->incomplete = restore->incomplete || compare.sums.unknown > 0 ||
                              compare.sums.differs > 0 || compare.sums.ahead > 0;
    }
    if (status == LT_OK && !restore->options->dry_run && compare.sums.missing > 0) {
        status = missing_fetch(restore, &compare, &stored);
        SAY(restore, "  đã đưa vào hộp nhận    %llu", "  put into the inbox     %llu",
            (unsigned long long)stored);
    }
    restore_compare_free(&compare);
    if (status != LT_OK) {
        say_failed(restore, status, "");
    }
    return status;
}

/* ---- from begin to end ---- */

static enum lt_status give_back(struct restore *restore)
{
    uint32_t count = 0;
    if (restore->options->dry_run) {
        return LT_OK;
    }
    enum lt_status status = lt_client_give_back(restore->client, &count);
    if (status != LT_OK) {
        say_failed(restore, status, "");
        return status;
    }
    if (count > 0) {
        SAY(restore, "Trả lại trục %u lượt chưa được nhận; trục sẽ giao lại sau.",
            "%u deliveries that nobody had taken go back to the axis; it sends them again.", count);
    }
    return LT_OK;
}

static void end_say(struct restore *restore)
{
    if (restore->options->dry_run) {
        SAY(restore, "Chỉ đối chiếu, chưa thay đổi gì.", "Compared only; nothing was changed.");
    } else if (restore->incomplete) {
        SAY(restore, "Chưa trọn vẹn: xử lý các mục nêu trên rồi chạy lại lệnh này.",
            "Not complete: look at what is named above, then run this again.");
    } else {
        SAY(restore, "Xong. Hãy chạy lại dịch vụ lt-adapter để mở lại việc chuyển nhận.",
            "Done. Start the lt-adapter service to open traffic again.");
    }
}

enum restore_end restore_run(const struct restore_options *options)
{
    struct restore restore = {.options = options};
    char since[TIME_TEXT_BYTES];
    enum lt_status status = agency_find(&restore) ? stopper_open(&restore.stopper) : LT_CONFIG_BAD;
    if (status == LT_OK) {
        status = host_start(&restore);
    }
    if (status == LT_OK) {
        time_write(since, options->since_ms);
        SAY(&restore, "Khôi phục %s từ %s", "Restore of %s since %s", restore.agency, since);
        status = connect_wait(&restore);
    }
    if (status == LT_OK) {
        status = give_back(&restore);
    }
    if (status == LT_OK) {
        status = answers_wait(&restore);
    }
    if (status == LT_OK) {
        status = side_run(&restore, LT_LIST_DELIVERED);
    }
    if (status == LT_OK && options->sent_too) {
        status = side_run(&restore, LT_LIST_SENT);
    }
    if (status == LT_OK) {
        end_say(&restore);
    }
    if (restore.host != NULL) {
        host_close(&restore.host);
    }
    stopper_close(&restore.stopper);
    if (status != LT_OK) {
        return RESTORE_FAILED;
    }
    return restore.incomplete ? RESTORE_INCOMPLETE : RESTORE_DONE;
}
