/* SPDX-License-Identifier: EUPL-1.2 */
/* Attachments of a client, up and down, with both ports of the axis played by hand. */
#include "sdk_test.h"

static int files_setup(void **state)
{
    bench_setup(state);
    struct bench *b = *state;
    b->has_files = true;
    bench_restart(b);
    return 0;
}

static struct lt_attachment put_file(struct bench *b, const char *content)
{
    struct digester *digester = NULL;
    struct lt_bytes bytes = text_bytes(content);
    assert_int_equal(digester_open(&digester), LT_OK);
    struct lt_attachment one = {.sha256 = digest_of(digester, bytes), .size = bytes.size};
    digester_close(&digester);
    assert_int_equal(lt_client_blob_put(b->client, &one.sha256, 0, bytes, true, NULL), LT_OK);
    return one;
}

static struct lt_sent submit_with(struct bench *b, const char *key, const char *case_code,
                                  const struct lt_attachment *files, uint32_t count)
{
    struct ask ask;
    struct lt_sent sent;
    struct lt_problem problem;
    ask_for(&ask, key, case_code, "x");
    ask.request.attachments = files;
    ask.request.attachments_count = count;
    enum lt_status status = lt_client_submit(b->client, &ask.request, &sent, &problem);
    if (status != LT_OK) {
        fail_msg("%s %s", lt_code(status), problem.detail);
    }
    return sent;
}

static struct lt_digest hear_offer(struct bench *b, const char *content)
{
    struct frame frame = line_hear_one(&b->files, FRAME_BLOB_OFFER);
    assert_int_equal(frame.blob.size, strlen(content));
    return frame.blob.sha256;
}

/* The axis takes one file that was offered. */
static void take_file(struct bench *b, struct lt_digest sha256, const char *content)
{
    struct frame frame = {.kind = FRAME_BLOB_WANT};
    frame.blob = (struct blob){.sha256 = sha256, .credit = 4};
    line_say_raw(&b->files, &frame);
    step(b);
    frame = line_hear_one(&b->files, FRAME_BLOB_CHUNK);
    assert_true(bytes_equal(frame.blob.data, text_bytes(content)));
    frame = (struct frame){.kind = FRAME_BLOB_STORED};
    frame.blob = (struct blob){.sha256 = sha256, .size = strlen(content)};
    line_say_raw(&b->files, &frame);
    step(b);
}

static void take_upload(struct bench *b, const char *content)
{
    take_file(b, hear_offer(b, content), content);
}

static void test_goes_up_before_its_transfer(void **state)
{
    struct bench *b = *state;
    struct lt_attachment file = put_file(b, "scan");
    struct lt_sent with = submit_with(b, "k-1", "A", &file, 1);
    struct lt_sent behind = submit_ok(b, "k-2", "A", "2");
    submit_ok(b, "k-3", "B", "3");
    connect_line(b, 5);
    struct frame frame = hear_submit(b, 1); /* the other case is not held up */
    struct header header = header_of(&b->line, frame.submit.parcels[0].header);
    assert_true(bytes_equal(header.case_code, text_bytes("B")));
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.uploads, 1);
    take_upload(b, "scan");
    frame = hear_submit(b, 2);
    struct lt_id first = parcel_id(b, &frame, 0);
    struct lt_id second = parcel_id(b, &frame, 1);
    assert_same_id(&first, &with.id);
    assert_same_id(&second, &behind.id);
    /* Once up, a second transfer that names it goes at once, also after a restart. */
    say_verdict(b, &with.id, LT_OK);
    say_verdict(b, &behind.id, LT_OK);
    bench_restart(b);
    submit_with(b, "k-4", "C", &file, 1);
    connect_line(b, 6);
    hear_submit(b, 2);
    assert_false(line_hear(&b->files, &frame));
}

static void test_missing_at_the_axis_goes_up_again(void **state)
{
    struct bench *b = *state;
    struct lt_attachment files[2] = {put_file(b, "one"), put_file(b, "two")};
    struct lt_sent sent = submit_with(b, "k-1", "A", files, 2);
    struct frame frame;
    connect_line(b, 5);
    struct lt_digest one = hear_offer(b, "one");
    struct lt_digest two = hear_offer(b, "two");
    take_file(b, one, "one");
    assert_false(line_hear(&b->line, &frame));
    take_file(b, two, "two");
    hear_submit(b, 1);
    char hex[65];
    hex_write(hex, files[1].sha256.bytes, 32);
    struct verdict_item item = {
        .id = sent.id, .code = LT_BLOB_MISSING, .detail = text_bytes(hex), .retry_after_ms = 2000};
    say_verdicts(b, &item, 1);
    take_upload(b, "two"); /* that one only */
    hear_submit(b, 1);
    say_verdict(b, &sent.id, LT_OK);
    assert_int_equal(sent_of(b, &sent.id).state, LT_SENT_ACCEPTED);
    assert_false(line_hear(&b->files, &frame));
}

static void test_refused_file_refuses_its_transfers(void **state)
{
    struct bench *b = *state;
    struct lt_attachment file = put_file(b, "bad");
    struct lt_attachment good = put_file(b, "good");
    struct lt_sent with = submit_with(b, "k-1", "A", &file, 1);
    struct lt_sent other = submit_with(b, "k-2", "B", &good, 1);
    struct frame frame;
    connect_line(b, 5);
    frame = line_hear_one(&b->files, FRAME_BLOB_OFFER);
    assert_memory_equal(&frame.blob.sha256, &file.sha256, 32);
    struct frame refused = {.kind = FRAME_BLOB_REFUSED};
    refused.blob = (struct blob){.sha256 = file.sha256, .code = LT_BLOB_TOO_LARGE};
    line_say_raw(&b->files, &refused);
    step(b);
    assert_int_equal(sent_of(b, &with.id).state, LT_SENT_REFUSED);
    assert_int_equal(sent_of(b, &with.id).code, LT_BLOB_TOO_LARGE);
    assert_int_equal(sent_of(b, &other.id).state, LT_SENT_RECORDED);
    struct lt_event event;
    assert_int_equal(lt_client_events(b->client, 0, 0, &event, 1), 1);
    assert_string_equal(event.what, "refused");
    assert_same_id(&event.id, &with.id);
}

static void say_delivery(struct bench *b, const struct attachment *file)
{
    struct digester *digester = NULL;
    struct attachment list = *file;
    struct header header = {.id = {{0x01, 0x9b, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 9}},
                            .kind = LT_KIND_RESULT,
                            .from = text_bytes(THEM),
                            .case_code = text_bytes("A"),
                            .attachments = &list,
                            .attachments_count = 1};
    struct delivery item = {.position = 1, .attempt = 1};
    assert_int_equal(digester_open(&digester), LT_OK);
    assert_int_equal(header_write(&header, &b->line.arena, &item.header), LT_OK);
    item.digest = digest_of_two(digester, item.header, item.body);
    digester_close(&digester);
    struct frame frame = {.kind = FRAME_DELIVER};
    frame.deliver = (struct deliver){.items = &item, .count = 1};
    line_say(&b->line, &frame);
    step(b);
}

static struct attachment file_of(const char *content)
{
    struct digester *digester = NULL;
    assert_int_equal(digester_open(&digester), LT_OK);
    struct attachment one = {.sha256 = digest_of(digester, text_bytes(content)),
                             .size = strlen(content)};
    digester_close(&digester);
    return one;
}

static void test_comes_down_before_it_is_shown(void **state)
{
    struct bench *b = *state;
    struct attachment file = file_of("result");
    struct lt_delivery out;
    char path[4096];
    connect_line(b, 5);
    say_delivery(b, &file);
    struct frame frame = line_hear_one(&b->files, FRAME_BLOB_FETCH);
    assert_memory_equal(&frame.blob.sha256, &file.sha256, 32);
    assert_int_equal(lt_client_inbox(b->client, "n", 1000, 0, &out, 1), 0);
    frame = (struct frame){.kind = FRAME_BLOB_CHUNK};
    frame.blob =
        (struct blob){.sha256 = file.sha256, .data = text_bytes("result"), .size = file.size};
    line_say_raw(&b->files, &frame);
    step(b);
    assert_int_equal(lt_client_inbox(b->client, "n", 1000, 0, &out, 1), 1);
    assert_true(out.complete);
    lt_inbox_release(&out, 1);
    assert_int_equal(lt_client_blob_path(b->client, &file.sha256, path, sizeof(path)), LT_OK);
    assert_int_equal(b->client->blobs->used_bytes, file.size);
}

static void test_not_to_be_had_is_a_failure(void **state)
{
    struct bench *b = *state;
    struct attachment file = file_of("gone");
    connect_line(b, 5);
    say_delivery(b, &file);
    line_hear_one(&b->files, FRAME_BLOB_FETCH);
    struct frame frame = {.kind = FRAME_BLOB_REFUSED};
    frame.blob = (struct blob){.sha256 = file.sha256, .code = LT_BLOB_NOT_YOURS};
    line_say_raw(&b->files, &frame);
    step(b);
    frame = line_hear_one(&b->line, FRAME_SETTLE);
    assert_int_equal(frame.settle.items[0].outcome, LT_OUTCOME_FAILED);
    assert_true(frame.settle.items[0].permanent);
    struct lt_client_state now;
    lt_client_state(b->client, &now);
    assert_int_equal(now.inbox, 0);
}

/* A restart in the middle of a fetch asks again. */
static void test_fetch_goes_on_after_a_restart(void **state)
{
    struct bench *b = *state;
    struct attachment file = file_of("result");
    connect_line(b, 5);
    say_delivery(b, &file);
    line_hear_one(&b->files, FRAME_BLOB_FETCH);
    bench_restart(b);
    connect_line(b, 6);
    step(b);
    struct frame frame = line_hear_one(&b->files, FRAME_BLOB_FETCH);
    assert_memory_equal(&frame.blob.sha256, &file.sha256, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_goes_up_before_its_transfer, files_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_missing_at_the_axis_goes_up_again, files_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_refused_file_refuses_its_transfers, files_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_comes_down_before_it_is_shown, files_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_not_to_be_had_is_a_failure, files_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(test_fetch_goes_on_after_a_restart, files_setup,
                                        bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
