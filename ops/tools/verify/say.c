/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The words of lt-verify. Each finding is a line: what was found, what was looked at, and what that
 * means: when the axis accepted, what a receiver said, whose key it was, or why it is not proven.
 * Texts out of an archive go through put_text alone.
 */
#include "say.h"

#include <inttypes.h>
#include <string.h>

#include "proto/base/text.h"
#include <lienthong/status.h>

static const char *pick(const struct say *say, const char *vi, const char *en)
{
    return say->english ? en : vi;
}

/* ---- texts that are not ours ---- */

/* As a person may read it on a terminal, or inside a JSON string. */
static void put_text(const struct say *say, struct lt_bytes text)
{
    bool valid = utf8_valid(text);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        bool escaped = say->json && (byte == '"' || byte == '\\');
        bool plain = byte >= 0x20 && byte < 0x7F && !escaped;
        if (plain || (byte >= 0x80 && valid)) {
            fputc(byte, say->stream);
        } else {
            fprintf(say->stream, say->json ? "\\u%04x" : "<%02x>", byte);
        }
    }
}

static void put_time(const struct say *say, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    time_write(text, ms);
    fputs(text, say->stream);
}

/* ---- what a leaf says ---- */

static const char *outcome_words(const struct say *say, uint8_t outcome)
{
    switch (outcome) {
    case LT_OUTCOME_TAKEN:
        return pick(say, "đã tiếp nhận vào hệ thống", "taken by its system");
    case LT_OUTCOME_REFUSED:
        return pick(say, "từ chối", "refused");
    case LT_OUTCOME_FAILED:
        return pick(say, "lỗi kỹ thuật", "technical failure");
    case LT_OUTCOME_LATER:
        return pick(say, "hẹn gửi lại sau", "later");
    default:
        return pick(say, "không rõ", "unknown");
    }
}

static const char *cause_words(const struct say *say, uint8_t cause)
{
    switch (cause) {
    case LEAF_SETTLED:
        return pick(say, "đơn vị nhận", "the receiver");
    case LEAF_ACT:
        return pick(say, "người vận hành", "an operator");
    case LEAF_TIMED:
        return pick(say, "hết thời hạn", "time ran out");
    case LEAF_REROUTED:
        return pick(say, "chuyển sang đơn vị khác", "sent elsewhere");
    default:
        return "?";
    }
}

static void say_accepted(const struct say *say, const struct leaf_accepted *leaf)
{
    put_time(say, leaf->time_ms);
    fputs(pick(say, ", từ ", ", from "), say->stream);
    put_text(say, leaf->from);
    for (uint32_t i = 0; i < leaf->legs_count; i++) {
        fputs(i == 0 ? pick(say, " đến ", " to ") : ", ", say->stream);
        put_text(say, leaf->legs[i]);
    }
}

static void say_outcome(const struct say *say, const struct leaf_outcome *leaf)
{
    put_time(say, leaf->time_ms);
    fprintf(say->stream, "%s%u: %s", pick(say, ", nhánh ", ", leg "), leaf->leg,
            cause_words(say, leaf->cause));
    if (leaf->agency.size > 0) {
        fputc(' ', say->stream);
        put_text(say, leaf->agency);
    }
    if (leaf->person.size > 0) {
        fputc(' ', say->stream);
        put_text(say, leaf->person);
    }
    if (leaf->cause == LEAF_SETTLED) {
        fprintf(say->stream, ", %s", outcome_words(say, leaf->outcome));
    }
    if (leaf->code != 0) {
        fprintf(say->stream, " (%s)", lt_error((enum lt_status)leaf->code)->code);
    }
}

static void say_leaf(const struct say *say, const struct leaf *leaf)
{
    if (leaf->kind == LEAF_ACCEPTED) {
        say_accepted(say, &leaf->accepted);
    } else {
        say_outcome(say, &leaf->outcome);
    }
}

/* ---- for people ---- */

static const char *result_words(const struct say *say, enum evidence_result result)
{
    switch (result) {
    case EVIDENCE_PROVEN:
        return pick(say, "[đúng]    ", "[proven]    ");
    case EVIDENCE_UNPROVEN:
        return pick(say, "[chưa rõ] ", "[not proven]");
    default:
        return pick(say, "[SAI]     ", "[WRONG]     ");
    }
}

static void say_heading(struct say *say, const struct lt_id *transfer)
{
    char text[ID_TEXT_BYTES];
    if (transfer != NULL &&
        memcmp(transfer->bytes, say->transfer.bytes, sizeof(say->transfer.bytes)) != 0) {
        say->transfer = *transfer;
        id_write(text, transfer);
        fprintf(say->stream, "\n%s %s\n", pick(say, "Lượt chuyển", "Transfer"), text);
    }
}

static void say_what(const struct say *say, const struct evidence_finding *finding)
{
    if (finding->file != NULL) {
        fputs(" ", say->stream);
        put_text(say, text_bytes(finding->file));
    }
    if (finding->stamp != NULL) {
        fputs(" ", say->stream);
        put_time(say, finding->stamp->time_ms);
    }
    if (finding->checkpoint != NULL) {
        fprintf(say->stream, " %" PRIu64 ",", finding->checkpoint->head.size);
    }
    if (finding->leaf != NULL) {
        fputs(" ", say->stream);
        say_leaf(say, finding->leaf);
    }
    if (finding->detail[0] != '\0') {
        fputs(" ", say->stream);
        put_text(say, text_bytes(finding->detail));
    }
}

static void say_line(struct say *say, const struct evidence_finding *finding)
{
    say_heading(say, finding->transfer);
    fprintf(say->stream, "%s %s:", result_words(say, finding->result),
            evidence_check_words(finding->check, say->english));
    say_what(say, finding);
    if (finding->result != EVIDENCE_PROVEN) {
        fprintf(say->stream, "  -- %s (%s)", evidence_why_words(finding->why, say->english),
                finding->why);
    }
    fputc('\n', say->stream);
}

/* ---- for programs ---- */

static void put_field(const struct say *say, const char *name, struct lt_bytes value)
{
    fprintf(say->stream, ",\"%s\":\"", name);
    put_text(say, value);
    fputc('"', say->stream);
}

static void put_text_field(const struct say *say, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        put_field(say, name, text_bytes(value));
    }
}

static void put_time_field(const struct say *say, const char *name, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    time_write(text, ms);
    put_text_field(say, name, text);
}

static void put_leaf(const struct say *say, const struct leaf *leaf)
{
    if (leaf->kind == LEAF_ACCEPTED) {
        put_time_field(say, "time", leaf->accepted.time_ms);
        put_field(say, "from", leaf->accepted.from);
        fputs(",\"to\":[", say->stream);
        for (uint32_t i = 0; i < leaf->accepted.legs_count; i++) {
            fputs(i == 0 ? "\"" : ",\"", say->stream);
            put_text(say, leaf->accepted.legs[i]);
            fputc('"', say->stream);
        }
        fputc(']', say->stream);
        return;
    }
    const struct leaf_outcome *outcome = &leaf->outcome;
    put_time_field(say, "time", outcome->time_ms);
    fprintf(say->stream, ",\"leg\":%u,\"cause\":%u,\"outcome\":%u,\"code\":%u,\"next\":%u",
            outcome->leg, outcome->cause, outcome->outcome, outcome->code, outcome->next);
    put_field(say, "agency", outcome->agency);
    put_field(say, "person", outcome->person);
}

static void say_object(struct say *say, const struct evidence_finding *finding)
{
    char id[ID_TEXT_BYTES] = "";
    if (finding->transfer != NULL) {
        id_write(id, finding->transfer);
    }
    fprintf(say->stream, "%s\n{\"check\":\"%s\",\"result\":\"%s\"", say->any ? "," : "",
            evidence_check_name(finding->check), evidence_result_name(finding->result));
    put_text_field(say, "archive", say->archive);
    put_text_field(say, "other", say->other);
    put_text_field(say, "transfer", id);
    put_text_field(say, "why", finding->why);
    put_text_field(say, "file", finding->file);
    put_text_field(say, "detail", finding->detail);
    if (finding->number != 0) {
        fprintf(say->stream, ",\"number\":%" PRIu64, finding->number);
    }
    if (finding->leaf != NULL) {
        put_leaf(say, finding->leaf);
    }
    if (finding->checkpoint != NULL && finding->checkpoint->time_ms != 0) {
        put_time_field(say, "signed", finding->checkpoint->time_ms);
    }
    if (finding->stamp != NULL) {
        put_time_field(say, "stamped", finding->stamp->time_ms);
    }
    fputc('}', say->stream);
}

/* ---- all of it ---- */

void say_begin(struct say *say)
{
    if (say->json) {
        fputs("{\"findings\":[", say->stream);
    }
}

void say_archive(struct say *say, const char *archive, const char *other)
{
    say->archive = archive;
    say->other = other;
    memset(&say->transfer, 0, sizeof(say->transfer));
    if (say->json) {
        return;
    }
    fputs("\n== ", say->stream);
    put_text(say, text_bytes(archive));
    if (other != NULL) {
        fputs(" <> ", say->stream);
        put_text(say, text_bytes(other));
    }
    fputc('\n', say->stream);
}

void say_finding(struct say *say, const struct evidence_finding *finding)
{
    if (say->json) {
        say_object(say, finding);
    } else {
        say_line(say, finding);
    }
    say->any = true;
}

enum evidence_result say_result(const struct evidence_report *report)
{
    if (report->counts[EVIDENCE_WRONG] > 0) {
        return EVIDENCE_WRONG;
    }
    return report->counts[EVIDENCE_UNPROVEN] > 0 ? EVIDENCE_UNPROVEN : EVIDENCE_PROVEN;
}

static const char *verdict(const struct say *say, enum evidence_result result)
{
    switch (result) {
    case EVIDENCE_PROVEN:
        return pick(say, "Tất cả đều được chứng minh.", "Everything is proven.");
    case EVIDENCE_UNPROVEN:
        return pick(say, "Không có gì sai; có điều chưa được chứng minh.",
                    "Nothing is wrong; not everything is proven.");
    default:
        return pick(say, "BẰNG CHỨNG SAI: đã bị sửa, giả mạo hoặc không thuộc về nhau.",
                    "THE EVIDENCE IS WRONG: altered, forged, or not of one piece.");
    }
}

void say_end(struct say *say, const struct evidence_report *report)
{
    const uint32_t *counts = report->counts;
    enum evidence_result result = say_result(report);
    if (say->json) {
        fprintf(say->stream,
                "\n],\"result\":\"%s\",\"proven\":%u,\"not_proven\":%u,\"wrong\":%u}\n",
                evidence_result_name(result), counts[EVIDENCE_PROVEN], counts[EVIDENCE_UNPROVEN],
                counts[EVIDENCE_WRONG]);
        return;
    }
    fprintf(say->stream, "\n%s %u, %s %u, %s %u\n%s\n", pick(say, "Đúng", "Proven"),
            counts[EVIDENCE_PROVEN], pick(say, "chưa rõ", "not proven"), counts[EVIDENCE_UNPROVEN],
            pick(say, "sai", "wrong"), counts[EVIDENCE_WRONG], verdict(say, result));
}
