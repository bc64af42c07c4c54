/* SPDX-License-Identifier: EUPL-1.2 */
/* Rows as tables, JSON and CSV, and the sentences of `where`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "ops/tools/ltctl/output.h"
#include "ops/tools/ltctl/where.h"
#include "proto/base/text.h"

#define NOON "1759204800000" /* 11:00 on 2025-09-30 in Hải Phòng */

struct paper {
    FILE *stream;
    char *text;
    size_t size;
    struct output output;
};

static void paper_open(struct paper *paper, enum output_mode mode, enum language language)
{
    paper->text = NULL;
    paper->stream = open_memstream(&paper->text, &paper->size);
    assert_non_null(paper->stream);
    output_init(&paper->output, mode, language, paper->stream);
}

static void paper_close(struct paper *paper)
{
    assert_int_equal(output_finish(&paper->output, true), LT_OK);
    assert_int_equal(fclose(paper->stream), 0);
}

/* name, value, name, value ... NULL */
static void row_put(struct output *output, const char *name, ...)
{
    struct pair fields[24];
    struct row row = {fields, 0};
    va_list args;
    va_start(args, name);
    for (; name != NULL; name = va_arg(args, const char *)) {
        fields[row.count++] =
            (struct pair){text_bytes(name), text_bytes(va_arg(args, const char *))};
    }
    va_end(args);
    output_row(output, &row);
}

static void a_table_lines_up(void **state)
{
    (void)state;
    struct paper paper;
    paper_open(&paper, OUTPUT_TABLE, LANGUAGE_EN);
    output_section(&paper.output, &columns_routes);
    row_put(&paper.output, "to", "H24.1", "procedure", "1.001193", "to_name", "Sở mẫu", NULL);
    row_put(&paper.output, "to", "H24.12345", "kind", "forward", "to_name", "Vĩnh Bảo", NULL);
    paper_close(&paper);
    assert_string_equal(paper.text, "Procedure  Locality  Kind     To         Name\n"
                                    "1.001193                      H24.1      Sở mẫu\n"
                                    "                     forward  H24.12345  Vĩnh Bảo\n");
    free(paper.text);
}

static void headings_are_vietnamese_and_values_too(void **state)
{
    (void)state;
    struct paper paper;
    paper_open(&paper, OUTPUT_TABLE, LANGUAGE_VI);
    output_section(&paper.output, &columns_agencies);
    row_put(&paper.output, "id", "H24.1", "connected", "1", "since_ms", NOON, "kind", "commune",
            "parked", "3", "name", "x\033[31m", NULL);
    paper_close(&paper);
    assert_non_null(strstr(paper.text, "Chờ can thiệp"));
    assert_non_null(strstr(paper.text, "cấp xã"));
    assert_non_null(strstr(paper.text, "2025-09-30 11:00:00"));
    assert_non_null(strstr(paper.text, "x\\x1B[31m"));
    assert_null(strchr(paper.text, '\033'));
    free(paper.text);
}

static void an_empty_table_says_so(void **state)
{
    (void)state;
    struct paper paper;
    paper_open(&paper, OUTPUT_TABLE, LANGUAGE_EN);
    output_section(&paper.output, &columns_routes);
    paper_close(&paper);
    assert_string_equal(paper.text, "No rows.\n");
    free(paper.text);
}

static void a_long_table_streams(void **state)
{
    (void)state;
    struct paper paper;
    paper_open(&paper, OUTPUT_TABLE, LANGUAGE_EN);
    output_section(&paper.output, &columns_finding);
    for (int i = 0; i < OUTPUT_ROWS_FIRST - 1; i++) {
        row_put(&paper.output, "position", "7", "what", "crc", NULL);
    }
    fflush(paper.stream);
    assert_int_equal(paper.size, 0); /* widths are still being learnt */
    row_put(&paper.output, "position", "7", "what", "crc", NULL);
    fflush(paper.stream);
    assert_true(paper.size > 0);
    size_t before = paper.size;
    row_put(&paper.output, "position", "8", "what", "gap", NULL);
    fflush(paper.stream);
    assert_true(paper.size > before);
    paper_close(&paper);
    size_t lines = 0;
    for (const char *at = paper.text; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    assert_int_equal(lines, OUTPUT_ROWS_FIRST + 2);
    free(paper.text);
}

static void a_long_cell_is_cut(void **state)
{
    (void)state;
    struct paper paper;
    char reason[200];
    memset(reason, 'r', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    paper_open(&paper, OUTPUT_TABLE, LANGUAGE_EN);
    output_section(&paper.output, &columns_parked);
    row_put(&paper.output, "reason", reason, "id", "x", NULL);
    paper_close(&paper);
    assert_null(strstr(paper.text, reason));
    assert_non_null(strstr(paper.text, "rrr…"));
    free(paper.text);
}

static void json_is_json(void **state)
{
    (void)state;
    struct paper paper;
    paper_open(&paper, OUTPUT_JSON, LANGUAGE_VI);
    output_section(&paper.output, &columns_agencies);
    row_put(&paper.output, "id", "H24.1", "connected", "1", "open", "12", "since_ms", NOON, "name",
            "a\"b\n", "parked", "many", "of_tomorrow", "7", "seen_ms", "5", "contact", "", NULL);
    row_put(&paper.output, "id", "H24.2", "connected", "0", NULL);
    paper_close(&paper);
    json_error_t error;
    json_t *array = json_loads(paper.text, 0, &error);
    assert_non_null(array);
    assert_int_equal(json_array_size(array), 2);
    const json_t *row = json_array_get(array, 0);
    assert_string_equal(json_string_value(json_object_get(row, "name")), "a\"b\n");
    assert_true(json_is_true(json_object_get(row, "connected")));
    assert_int_equal(json_integer_value(json_object_get(row, "open")), 12);
    assert_int_equal(json_integer_value(json_object_get(row, "since_ms")), 1759204800000LL);
    assert_string_equal(json_string_value(json_object_get(row, "parked")), "many");
    assert_string_equal(json_string_value(json_object_get(row, "of_tomorrow")), "7");
    assert_int_equal(json_integer_value(json_object_get(row, "seen_ms")), 5);
    assert_string_equal(json_string_value(json_object_get(row, "contact")), "");
    assert_true(json_is_false(json_object_get(json_array_get(array, 1), "connected")));
    json_decref(array);
    free(paper.text);
}

static void json_without_rows_is_an_empty_array(void **state)
{
    (void)state;
    struct paper paper;
    paper_open(&paper, OUTPUT_JSON, LANGUAGE_VI);
    output_section(&paper.output, &columns_agencies);
    paper_close(&paper);
    assert_string_equal(paper.text, "[]\n");
    free(paper.text);
}

static void csv_quotes_what_it_must(void **state)
{
    (void)state;
    struct paper paper;
    paper_open(&paper, OUTPUT_CSV, LANGUAGE_VI);
    output_section(&paper.output, &columns_keys);
    row_put(&paper.output, "public_key", "a\"b,c", "from_ms", NOON, "to_ms", "0", "revoked", "0",
            NULL);
    row_put(&paper.output, "public_key", "=cmd()", NULL);
    paper_close(&paper);
    assert_string_equal(paper.text, "public_key,from_ms,to_ms,revoked\n"
                                    "\"a\"\"b,c\",2025-09-30T11:00:00.000+07:00,,0\n"
                                    "\"'=cmd()\",,,\n");
    free(paper.text);
}

static void sections_stand_apart(void **state)
{
    (void)state;
    struct paper paper;
    paper_open(&paper, OUTPUT_TABLE, LANGUAGE_EN);
    output_section(&paper.output, &columns_agency);
    row_put(&paper.output, "id", "H24.1", "name", "A", NULL);
    output_section(&paper.output, &columns_finding);
    row_put(&paper.output, "position", "1", "what", "x", NULL);
    paper_close(&paper);
    assert_string_equal(paper.text, "Id                    H24.1\n"
                                    "Name                  A\n"
                                    "\n"
                                    "Position  What\n"
                                    "       1  x\n");
    free(paper.text);
}

/* ---- where ---- */

struct fact {
    const char *name;
    const char *value;
};

static void assert_where(const struct fact *facts, const char *vi, const char *en)
{
    struct pair fields[24] = {
        {text_bytes("case"), text_bytes("A-1")},
        {text_bytes("kind"), text_bytes("forward")},
        {text_bytes("agency"), text_bytes("H24.15")},
        {text_bytes("agency_name"), text_bytes("Sở mẫu")},
        {text_bytes("since_ms"), text_bytes(NOON)},
    };
    struct row row = {fields, 5};
    for (; facts->name != NULL; facts++) {
        bool replaced = false;
        for (uint32_t i = 0; i < row.count; i++) {
            if (bytes_equal(fields[i].name, text_bytes(facts->name))) {
                fields[i].value = text_bytes(facts->value);
                replaced = true;
            }
        }
        if (!replaced) {
            fields[row.count++] = (struct pair){text_bytes(facts->name), text_bytes(facts->value)};
        }
    }
    char said[2048];
    where_write(said, sizeof(said), &row, LANGUAGE_VI);
    assert_string_equal(said, vi);
    if (en != NULL) {
        where_write(said, sizeof(said), &row, LANGUAGE_EN);
        assert_string_equal(said, en);
    }
}

static void where_tells_the_incident_and_the_time_left(void **state)
{
    (void)state;
    const struct fact incident[] = {{"state", "ready"},
                                    {"waits_for", "incident"},
                                    {"incident", "12"},
                                    {"incident_code", "receiver-unreachable"},
                                    {"incident_ms", NOON},
                                    {"deadline_ms", NOON},
                                    {"left_ms", "273600000"},
                                    {"holds", "1"},
                                    {NULL, NULL}};
    assert_where(incident,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" chờ gửi đến Sở mẫu (H24.15) từ 11:00 ngày "
                 "30/09/2025. Chờ Sở mẫu (H24.15): Không kết nối được với đơn vị nhận, từ 11:00 "
                 "ngày 30/09/2025 (sự cố số 12). Còn 3 ngày 4 giờ đến hạn 11:00 ngày 30/09/2025.",
                 "Case A-1: \"forward\" waits to be sent to Sở mẫu (H24.15) since 11:00 on "
                 "2025-09-30. Waiting for Sở mẫu (H24.15): The receiver cannot be reached, since "
                 "11:00 on 2025-09-30 (incident 12). 3 days 4 hours left until 11:00 on "
                 "2025-09-30.");
    const struct fact behind[] = {{"state", "behind"},
                                  {"waits_for", "lane"},
                                  {"waits_id", "0199a0b1-2c3d-7e4f-8a5b-6c7d8e9f0a1b"},
                                  {"waits_state", "parked"},
                                  {"waits_since_ms", NOON},
                                  {"waits_code", "cannot-open"},
                                  {"deadline_ms", NOON},
                                  {"left_ms", "-4320000"},
                                  {"holds", "1"},
                                  {NULL, NULL}};
    assert_where(behind,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" đến Sở mẫu (H24.15) chờ theo thứ tự hồ sơ từ "
                 "11:00 ngày 30/09/2025. Lượt 0199a0b1-2c3d-7e4f-8a5b-6c7d8e9f0a1b phải xong "
                 "trước, lượt đó đang chờ can thiệp từ 11:00 ngày 30/09/2025: Đơn vị nhận không mở "
                 "được nội dung. Đã quá hạn 11:00 ngày 30/09/2025, trễ 1 giờ 12 phút.",
                 NULL);
    const struct fact taken[] = {{"state", "taken"}, {"holds", "0"}, {NULL, NULL}};
    assert_where(taken,
                 "Hồ sơ A-1: Sở mẫu (H24.15) đã nhận lượt \"chuyển hồ sơ\" lúc 11:00 ngày "
                 "30/09/2025. Trục không còn giữ gì của hồ sơ này.",
                 NULL);
}

static void where_tells_who_has_it(void **state)
{
    (void)state;
    const struct fact ready[] = {
        {"state", "ready"}, {"waits_for", "line"}, {"line_since_ms", NOON}, {NULL, NULL}};
    assert_where(ready,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" chờ gửi đến Sở mẫu (H24.15) từ 11:00 ngày "
                 "30/09/2025. Đường truyền đến đơn vị này mất từ 11:00 ngày 30/09/2025.",
                 "Case A-1: \"forward\" waits to be sent to Sở mẫu (H24.15) since 11:00 on "
                 "2025-09-30. The line to this agency is down since 11:00 on 2025-09-30.");
    const struct fact never[] = {{"state", "ready"}, {"waits_for", "line"}, {NULL, NULL}};
    assert_where(never,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" chờ gửi đến Sở mẫu (H24.15) từ 11:00 ngày "
                 "30/09/2025. Từ khi trục khởi động, đơn vị này chưa kết nối.",
                 NULL);
    const struct fact sent[] = {
        {"state", "sent"}, {"attempts", "2"}, {"agency_name", ""}, {NULL, NULL}};
    assert_where(sent,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" đã gửi đến H24.15 lúc 11:00 ngày 30/09/2025 "
                 "(lần 2), đang chờ nơi nhận trả lời.",
                 NULL);
    const struct fact behind[] = {
        {"state", "behind"}, {"waits_for", "lane"}, {"waits_id", "X"}, {NULL, NULL}};
    assert_where(behind,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" đến Sở mẫu (H24.15) chờ theo thứ tự hồ sơ từ "
                 "11:00 ngày 30/09/2025. Lượt X phải xong trước.",
                 NULL);
}

static void where_tells_a_suspension(void **state)
{
    (void)state;
    const struct fact head[] = {
        {"state", "ready"}, {"waits_for", "suspended"}, {"suspended", "1"}, {NULL, NULL}};
    assert_where(head,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" chờ gửi đến Sở mẫu (H24.15) từ 11:00 ngày "
                 "30/09/2025. Đơn vị này đang bị tạm khóa trên trục: chưa gửi gì đến đó.",
                 "Case A-1: \"forward\" waits to be sent to Sở mẫu (H24.15) since 11:00 on "
                 "2025-09-30. This agency is suspended on the axis: nothing is sent to it.");
    const struct fact behind[] = {{"state", "behind"},
                                  {"waits_for", "lane"},
                                  {"waits_id", "X"},
                                  {"waits_state", "ready"},
                                  {"waits_since_ms", NOON},
                                  {"suspended", "1"},
                                  {NULL, NULL}};
    assert_where(behind,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" đến Sở mẫu (H24.15) chờ theo thứ tự hồ sơ từ "
                 "11:00 ngày 30/09/2025. Lượt X phải xong trước, lượt đó đang chờ gửi từ 11:00 "
                 "ngày 30/09/2025. Đơn vị này đang bị tạm khóa trên trục: chưa gửi gì đến đó.",
                 NULL);
    const struct fact taken[] = {
        {"state", "taken"}, {"holds", "0"}, {"suspended", "1"}, {NULL, NULL}};
    assert_where(taken,
                 "Hồ sơ A-1: Sở mẫu (H24.15) đã nhận lượt \"chuyển hồ sơ\" lúc 11:00 ngày "
                 "30/09/2025. Trục không còn giữ gì của hồ sơ này.",
                 NULL);
}

static void where_tells_who_must_act(void **state)
{
    (void)state;
    const struct fact parked[] = {{"state", "parked"},
                                  {"code", "attempts-exhausted"},
                                  {"reason", "HTTP 500"},
                                  {"who", "receiver"},
                                  {NULL, NULL}};
    assert_where(parked,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" đến Sở mẫu (H24.15) chờ can thiệp từ 11:00 ngày "
                 "30/09/2025: Đã hết số lần gửi (HTTP 500). Cần bên nhận xử lý: Mời can thiệp: xem "
                 "lỗi của các lần gửi.",
                 NULL);
    const struct fact nobody[] = {{"state", "parked"}, {"code", "undetermined"}, {"agency", ""},
                                  {"agency_name", ""}, {"who", "operator"},      {NULL, NULL}};
    assert_where(nobody,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" chưa có nơi nhận, chờ can thiệp từ 11:00 ngày "
                 "30/09/2025: Chưa xác định thẩm quyền. Cần người vận hành xử lý: Người vận hành "
                 "bổ sung định tuyến rồi gửi lại.",
                 NULL);
}

static void where_tells_the_end(void **state)
{
    (void)state;
    const struct fact taken[] = {{"state", "taken"}, {NULL, NULL}};
    assert_where(taken,
                 "Hồ sơ A-1: Sở mẫu (H24.15) đã nhận lượt \"chuyển hồ sơ\" lúc 11:00 ngày "
                 "30/09/2025.",
                 NULL);
    const struct fact refused[] = {
        {"state", "refused"}, {"reason", "sai \033[1mthẩm quyền"}, {NULL, NULL}};
    assert_where(refused,
                 "Hồ sơ A-1: Sở mẫu (H24.15) từ chối lượt \"chuyển hồ sơ\" lúc 11:00 ngày "
                 "30/09/2025: sai \\x1B[1mthẩm quyền.",
                 NULL);
    const struct fact tomorrow[] = {{"state", "of-tomorrow"}, {NULL, NULL}};
    assert_where(tomorrow,
                 "Hồ sơ A-1: lượt \"chuyển hồ sơ\" đến Sở mẫu (H24.15): of-tomorrow từ 11:00 ngày "
                 "30/09/2025.",
                 NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_lines_up),
        cmocka_unit_test(headings_are_vietnamese_and_values_too),
        cmocka_unit_test(an_empty_table_says_so),
        cmocka_unit_test(a_long_table_streams),
        cmocka_unit_test(a_long_cell_is_cut),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(json_without_rows_is_an_empty_array),
        cmocka_unit_test(csv_quotes_what_it_must),
        cmocka_unit_test(sections_stand_apart),
        cmocka_unit_test(where_tells_who_has_it),
        cmocka_unit_test(where_tells_the_incident_and_the_time_left),
        cmocka_unit_test(where_tells_a_suspension),
        cmocka_unit_test(where_tells_who_must_act),
        cmocka_unit_test(where_tells_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
