/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The folder driver over a real client whose line to the axis is played by the test: files that are
 * still being written, attachments that come late, refusals with their reasons, deliveries and
 * every way to answer them, restarts.
 */
#include "unit/sdk/sdk_test.h"

#include <dirent.h>
#include <sys/stat.h>

#include <lienthong/adapter.h>

#include "proto/base/file.h"

#define POLL_MS      40
#define SLOW_POLL_MS 300 /* far above what a busy machine delays a writer */
#define ONE          "{\"kind\":\"forward\",\"case_code\":\"HS-1\",\"to\":[\"" THEM "\"],\"body\":{\"a\":1}}"

struct desk {
    struct bench b;
    char *folder;
    struct lt_tenant tenant;
    struct lt_driver_options options;
    void *self;
};

static void desk_open_at(struct desk *desk, uint32_t poll_ms)
{
    struct lt_problem problem = {0};
    desk->tenant =
        (struct lt_tenant){.client = desk->b.client, .agency = US, .folder = desk->folder};
    desk->options = (struct lt_driver_options){
        .tenants = &desk->tenant, .tenants_count = 1, .poll_ms = poll_ms, .clock = clock_os()};
    enum lt_status status = lt_driver_spool.open(&desk->self, &desk->options, &problem);
    if (status != LT_OK) {
        fail_msg("open: %s %s %s", lt_code(status), problem.field, problem.detail);
    }
}

static void desk_open(struct desk *desk)
{
    desk_open_at(desk, POLL_MS);
}

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    bench_init(&desk->b);
    desk->folder = folder_take();
    desk_open(desk);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    lt_driver_spool.close(&desk->self);
    bench_deinit(&desk->b);
    folder_drop(desk->folder);
    free(desk);
    return 0;
}

/* ---- files ---- */

static const char *path_of(const struct desk *desk, const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", desk->folder, name);
    return path;
}

static void put(const struct desk *desk, const char *name, const char *text)
{
    FILE *file = fopen(path_of(desk, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static bool there(const struct desk *desk, const char *name)
{
    return access(path_of(desk, name), F_OK) == 0;
}

static void assert_comes(const struct desk *desk, const char *name)
{
    for (int i = 0; i < 400 && !there(desk, name); i++) {
        usleep(10000);
    }
    if (!there(desk, name)) {
        fail_msg("%s did not come", name);
    }
}

static void assert_goes(const struct desk *desk, const char *name)
{
    for (int i = 0; i < 400 && there(desk, name); i++) {
        usleep(10000);
    }
    if (there(desk, name)) {
        fail_msg("%s did not go", name);
    }
}

static void assert_holds(const struct desk *desk, const char *name, const char *said)
{
    uint8_t *text = NULL;
    size_t size = 0;
    assert_comes(desk, name);
    assert_int_equal(file_read(path_of(desk, name), 1 << 20, &text, &size, NULL), LT_OK);
    if (strstr((const char *)text, said) == NULL) {
        fail_msg("%s holds %s", name, (const char *)text);
    }
    free(text);
}

static uint32_t sent_count(struct desk *desk)
{
    struct lt_sent out[16];
    return lt_client_sent_list(desk->b.client, NULL, 0, out, 16);
}

static struct lt_sent sent_at(struct desk *desk, uint32_t at)
{
    struct lt_sent out[16];
    assert_true(lt_client_sent_list(desk->b.client, NULL, 0, out, 16) > at);
    return out[at];
}

static void looks(int count)
{
    usleep((useconds_t)(count * POLL_MS * 1000));
}

/* ---- requests ---- */

static void a_request_is_taken(void **state)
{
    struct desk *desk = *state;
    put(desk, "out/hs-1.json", "\xEF\xBB\xBF" ONE);
    assert_comes(desk, "sent/hs-1.json");
    assert_holds(desk, "sent/hs-1.sent.json", "\"state\":\"recorded\"");
    assert_false(there(desk, "out/hs-1.json"));
    struct lt_sent sent = sent_at(desk, 0);
    assert_int_equal(sent.sender_key_size, 4);
    assert_memory_equal(sent.sender_key, "hs-1", 4);
    put(desk, "out/hs-1.json",
        "{\"to\":[\"" THEM "\"],\"case_code\":\"HS-1\",\"body\":{\"a\":1.0},"
        "\"kind\":\"forward\"}");
    assert_goes(desk, "out/hs-1.json");
    assert_holds(desk, "sent/hs-1.sent.json", "\"known\":true");
    assert_int_equal(sent_count(desk), 1);
}

static void a_growing_file_is_left(void **state)
{
    struct desk *desk = *state;
    lt_driver_spool.close(&desk->self);
    desk_open_at(desk, SLOW_POLL_MS);
    FILE *file = fopen(path_of(desk, "out/slow.json"), "wb");
    assert_non_null(file);
    /* Whole JSON from the first byte on: only its size and time say that it still grows. */
    fputs(ONE, file);
    for (int i = 0; i < 60; i++) {
        fputc(' ', file);
        fflush(file);
        usleep(SLOW_POLL_MS * 50);
        assert_true(there(desk, "out/slow.json"));
    }
    fclose(file);
    assert_comes(desk, "sent/slow.json");
}

static void a_temporary_name_is_left_and_a_rename_taken(void **state)
{
    struct desk *desk = *state;
    char from[512];
    put(desk, "out/a.json.tmp", ONE);
    looks(5);
    assert_true(there(desk, "out/a.json.tmp"));
    assert_int_equal(sent_count(desk), 0);
    snprintf(from, sizeof(from), "%s", path_of(desk, "out/a.json.tmp"));
    assert_int_equal(rename(from, path_of(desk, "out/a.json")), 0);
    assert_comes(desk, "sent/a.json");
}

static void a_bad_request_is_rejected_with_its_reason(void **state)
{
    struct desk *desk = *state;
    put(desk, "out/bad.json", "{\"kind\":\"forward\",\"case_code\":\"1\",\"prority\":3}");
    assert_comes(desk, "rejected/bad.json");
    assert_holds(desk, "rejected/bad.reason.txt", "prority");
    assert_holds(desk, "rejected/bad.reason.txt", lt_error(LT_FIELD_BAD)->vi);
    assert_holds(desk, "rejected/bad.reason.txt", lt_error(LT_FIELD_BAD)->en);
    assert_holds(desk, "rejected/bad.reason.txt", "code: field-bad");
    put(desk, "out/cut.json", "{\"kind\":");
    assert_holds(desk, "rejected/cut.reason.txt", "line 1");
    put(desk, "out/foreign.json", "{\"kind\":\"forward\",\"case_code\":\"1\",\"from\":\"H99\"}");
    assert_holds(desk, "rejected/foreign.reason.txt", "code: from-foreign");
    assert_int_equal(sent_count(desk), 0);
}

static void a_name_means_one_request(void **state)
{
    struct desk *desk = *state;
    put(desk, "out/k.json", ONE);
    assert_comes(desk, "sent/k.json");
    put(desk, "out/k.json", "{\"kind\":\"status\",\"case_code\":\"HS-1\"}");
    assert_holds(desk, "rejected/k.reason.txt", "code: key-conflict");
    put(desk, "out/other.json",
        "{\"kind\":\"status\",\"case_code\":\"HS-1\",\"sender_key\":\"K9\"}");
    assert_comes(desk, "sent/other.json");
    struct lt_sent sent = sent_at(desk, 1);
    assert_int_equal(sent.sender_key_size, 2);
}

static void names_have_a_bound(void **state)
{
    struct desk *desk = *state;
    char name[128] = "out/";
    memset(name + 4, 'n', 65);
    memcpy(name + 4 + 65, ".json", 6);
    put(desk, name, ONE);
    memcpy(name + 4 + 64, ".json", 6);
    put(desk, name, ONE);
    assert_goes(desk, name);
    assert_int_equal(sent_count(desk), 1);
    assert_int_equal(sent_at(desk, 0).sender_key_size, 64);
    memcpy(name, "rej", 3);
    char reason[160];
    snprintf(reason, sizeof(reason), "rejected/%.*sn.reason.txt", 64, name + 4);
    assert_holds(desk, reason, "code: sender-key-bad");
}

static void attachments_may_come_late(void **state)
{
    struct desk *desk = *state;
    put(desk, "out/a.json",
        "{\"kind\":\"forward\",\"case_code\":\"HS-1\",\"attachments\":[{\"file\":\"don.pdf\","
        "\"component\":\"TP-1\"}]}");
    looks(2);
    put(desk, "out/b.json", "{\"kind\":\"status\",\"case_code\":\"HS-1\"}");
    put(desk, "out/c.json", "{\"kind\":\"status\",\"case_code\":\"HS-2\"}");
    assert_comes(desk, "sent/c.json");
    looks(3);
    assert_true(there(desk, "out/a.json"));
    assert_true(there(desk, "out/b.json")); /* of the same case: it must not overtake */
    put(desk, "out/don.pdf", "scanned paper");
    assert_comes(desk, "sent/a.json");
    assert_comes(desk, "sent/b.json");
    assert_comes(desk, "sent/don.pdf");
    assert_int_equal(sent_at(desk, 1).kind, LT_KIND_FORWARD);
    assert_int_equal(sent_at(desk, 2).kind, LT_KIND_STATUS);
    uint8_t bytes[LT_HEADER_BYTES_MAX];
    uint32_t size = 0;
    struct lt_id id = sent_at(desk, 1).id;
    assert_int_equal(lt_client_sent_header(desk->b.client, &id, bytes, sizeof(bytes), &size),
                     LT_OK);
    struct header header = header_of(&desk->b.line, (struct lt_bytes){bytes, size});
    assert_int_equal(header.attachments_count, 1);
    assert_int_equal(header.attachments[0].size, 13);
    assert_true(bytes_equal(header.attachments[0].name, text_bytes("don.pdf")));
    assert_true(bytes_equal(header.attachments[0].component, text_bytes("TP-1")));
}

static void attachments_are_held_to_their_word(void **state)
{
    struct desk *desk = *state;
    put(desk, "out/x.pdf", "scanned paper");
    put(desk, "out/empty.pdf", "");
    put(desk, "out/a.json",
        "{\"kind\":\"forward\",\"case_code\":\"1\",\"attachments\":[{\"file\":\"x.pdf\","
        "\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}]}");
    assert_holds(desk, "rejected/a.reason.txt", "code: blob-hash-wrong");
    assert_true(there(desk, "out/x.pdf"));
    put(desk, "out/b.json",
        "{\"kind\":\"forward\",\"case_code\":\"2\",\"attachments\":[{\"file\":"
        "\"../x.pdf\"}]}");
    assert_holds(desk, "rejected/b.reason.txt", "attachments[0].file");
    put(desk, "out/c.json",
        "{\"kind\":\"forward\",\"case_code\":\"3\",\"attachments\":[{\"file\":"
        "\"x.pdf\",\"size\":12}]}");
    assert_holds(desk, "rejected/c.reason.txt", "code: blob-hash-wrong");
    put(desk, "out/d.json",
        "{\"kind\":\"forward\",\"case_code\":\"4\",\"attachments\":[{\"file\":"
        "\"empty.pdf\"}]}");
    assert_holds(desk, "rejected/d.reason.txt", "code: attachment-bad");
    put(desk, "out/e.json",
        "{\"kind\":\"forward\",\"case_code\":\"5\",\"attachments\":[{\"file\":"
        "\"x.pdf\",\"size\":13}]}");
    assert_comes(desk, "sent/e.json");
}

/* ---- deliveries ---- */

#define PLAIN "019b1234-5678-7000-8000-0000000000"

static struct lt_id id_number(uint8_t number)
{
    struct lt_id id;
    assert_true(id_read(&id, PLAIN "00"));
    id.bytes[15] = number;
    return id;
}

static const char *in_name(uint8_t number, const char *end)
{
    static char name[96];
    snprintf(name, sizeof(name), "in/" PLAIN "%02x-0%s", number, end);
    return name;
}

static void deliver(struct desk *desk, uint8_t number, uint32_t attempt,
                    struct attachment *attachments, uint32_t count)
{
    struct bench *b = &desk->b;
    char case_code[16];
    snprintf(case_code, sizeof(case_code), "HS-%u", number);
    struct digester *digester = NULL;
    struct lt_bytes to = text_bytes(US);
    struct header header = {
        .id = id_number(number),
        .sender_key = text_bytes("their-key"),
        .content_digest = {{1}},
        .kind = LT_KIND_FORWARD,
        .from = text_bytes(THEM),
        .to = &to,
        .to_count = 1,
        .case_code = text_bytes(case_code),
        .created_ms = b->time.wall_ms,
        .schema_version = 1,
        .body_type = text_bytes("application/json"),
        .body_size = 7,
        .attachments = attachments,
        .attachments_count = count,
    };
    struct delivery item = {
        .body = text_bytes("{\"a\":1}"), .position = number, .attempt = attempt};
    assert_int_equal(digester_open(&digester), LT_OK);
    header.body_sha256 = digest_of(digester, item.body);
    assert_int_equal(header_write(&header, &b->line.arena, &item.header), LT_OK);
    item.digest = digest_of_two(digester, item.header, item.body);
    digester_close(&digester);
    struct frame frame = {.kind = FRAME_DELIVER};
    frame.deliver = (struct deliver){.items = &item, .count = 1};
    line_say(&b->line, &frame);
    step(b);
}

static struct settlement settled(struct bench *b)
{
    for (int i = 0; i < 300 && b->line.out_count == 0; i++) {
        step(b);
        usleep(10000);
    }
    struct frame frame = line_hear_one(&b->line, FRAME_SETTLE);
    assert_int_equal(frame.settle.count, 1);
    return frame.settle.items[0];
}

static void a_delivery_is_taken(void **state)
{
    struct desk *desk = *state;
    connect_line(&desk->b, 5);
    deliver(desk, 1, 1, NULL, 0);
    assert_holds(desk, in_name(1, ".json"), "\"body\":{\"a\":1}");
    put(desk, in_name(1, ".taken"), "");
    assert_int_equal(settled(&desk->b).outcome, LT_OUTCOME_TAKEN);
    assert_comes(desk, "in/done/" PLAIN "01-0.json");
    assert_comes(desk, "in/done/" PLAIN "01-0.taken");
    assert_false(there(desk, in_name(1, ".json")));
}

static void moving_to_done_is_taking(void **state)
{
    struct desk *desk = *state;
    char from[512];
    connect_line(&desk->b, 5);
    deliver(desk, 1, 1, NULL, 0);
    assert_comes(desk, in_name(1, ".json"));
    snprintf(from, sizeof(from), "%s", path_of(desk, in_name(1, ".json")));
    assert_int_equal(rename(from, path_of(desk, "in/done/" PLAIN "01-0.json")), 0);
    assert_int_equal(settled(&desk->b).outcome, LT_OUTCOME_TAKEN);
}

static void a_refusal_needs_its_words(void **state)
{
    struct desk *desk = *state;
    struct frame frame;
    connect_line(&desk->b, 5);
    deliver(desk, 1, 1, NULL, 0);
    assert_comes(desk, in_name(1, ".json"));
    put(desk, in_name(1, ".refused"), "");
    assert_holds(desk, "rejected/" PLAIN "01-0.refused.reason.txt", "code: field-missing");
    assert_true(there(desk, in_name(1, ".json")));
    step(&desk->b);
    assert_false(line_hear(&desk->b.line, &frame));
    put(desk, in_name(1, ".refused"),
        "\xEF\xBB\xBF{\"code\":\"wrong-procedure\",\"reason\":\"sai thủ tục\"}");
    struct settlement said = settled(&desk->b);
    assert_int_equal(said.outcome, LT_OUTCOME_REFUSED);
    assert_int_equal(said.code, LT_WRONG_PROCEDURE);
    assert_comes(desk, "in/done/" PLAIN "01-0.refused");
}

static void a_failed_delivery_comes_again(void **state)
{
    struct desk *desk = *state;
    connect_line(&desk->b, 5);
    deliver(desk, 1, 1, NULL, 0);
    assert_comes(desk, in_name(1, ".json"));
    put(desk, in_name(1, ".failed"), "{\"reason\":\"cơ sở dữ liệu bận\"}");
    struct settlement said = settled(&desk->b);
    assert_int_equal(said.outcome, LT_OUTCOME_FAILED);
    assert_goes(desk, in_name(1, ".json"));
    assert_false(there(desk, "in/done/" PLAIN "01-0.json"));
    struct settled_item item = {.id = id_number(1), .number = said.number};
    struct frame frame = {.kind = FRAME_SETTLED};
    frame.settled = (struct settled){.items = &item, .count = 1};
    line_say(&desk->b.line, &frame);
    step(&desk->b);
    deliver(desk, 1, 2, NULL, 0);
    assert_holds(desk, in_name(1, ".json"), "\"attempt\":2");
}

static void attachments_come_beside(void **state)
{
    struct desk *desk = *state;
    struct digester *digester = NULL;
    struct lt_problem problem;
    struct attachment attachment = {.size = 13, .name = text_bytes("a/b:đơn.pdf")};
    struct lt_bytes bytes = text_bytes("scanned paper");
    assert_int_equal(digester_open(&digester), LT_OK);
    attachment.sha256 = digest_of(digester, bytes);
    digester_close(&digester);
    assert_int_equal(
        lt_client_blob_put(desk->b.client, &attachment.sha256, 0, bytes, true, &problem), LT_OK);
    connect_line(&desk->b, 5);
    deliver(desk, 1, 1, &attachment, 1);
    assert_holds(desk, in_name(1, "/delivery.json"), "\"file\":\"01-a_b_đơn.pdf\"");
    assert_holds(desk, in_name(1, "/01-a_b_đơn.pdf"), "scanned paper");
    put(desk, in_name(1, ".taken"), "{}");
    assert_int_equal(settled(&desk->b).outcome, LT_OUTCOME_TAKEN);
    assert_comes(desk, "in/done/" PLAIN "01-0/delivery.json");
    assert_goes(desk, in_name(1, ""));
}

static void an_answer_survives_a_restart(void **state)
{
    struct desk *desk = *state;
    connect_line(&desk->b, 5);
    deliver(desk, 1, 1, NULL, 0);
    assert_comes(desk, in_name(1, ".json"));
    lt_driver_spool.close(&desk->self);
    bench_restart(&desk->b);
    put(desk, in_name(1, ".taken"), "");
    desk_open(desk);
    connect_line(&desk->b, 6);
    assert_int_equal(settled(&desk->b).outcome, LT_OUTCOME_TAKEN);
    assert_comes(desk, "in/done/" PLAIN "01-0.taken");
}

/* ---- events ---- */

static void events_are_numbered_files(void **state)
{
    struct desk *desk = *state;
    connect_line(&desk->b, 5);
    put(desk, "out/k.json", ONE);
    for (int i = 0; i < 300 && desk->b.line.out_count == 0; i++) {
        step(&desk->b);
        usleep(10000);
    }
    struct frame frame = hear_submit(&desk->b, 1);
    struct lt_id id = parcel_id(&desk->b, &frame, 0);
    say_verdict(&desk->b, &id, LT_OK);
    assert_holds(desk, "events/000000000001.json", "\"what\":\"accepted\"");
    assert_holds(desk, "events/.cursor", "1");
    lt_driver_spool.close(&desk->self);
    assert_int_equal(unlink(path_of(desk, "events/000000000001.json")), 0);
    desk_open(desk);
    looks(4);
    assert_false(there(desk, "events/000000000001.json")); /* it was read */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_taken),
        TEST(a_growing_file_is_left),
        TEST(a_temporary_name_is_left_and_a_rename_taken),
        TEST(a_bad_request_is_rejected_with_its_reason),
        TEST(a_name_means_one_request),
        TEST(names_have_a_bound),
        TEST(attachments_may_come_late),
        TEST(attachments_are_held_to_their_word),
        TEST(a_delivery_is_taken),
        TEST(moving_to_done_is_taking),
        TEST(a_refusal_needs_its_words),
        TEST(a_failed_delivery_comes_again),
        TEST(attachments_come_beside),
        TEST(an_answer_survives_a_restart),
        TEST(events_are_numbered_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
