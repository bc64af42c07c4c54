/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Attachments by HTTP: whole, in parts, cut in the middle and resumed, wrong, too large, empty; and
 * the transfer that names one.
 */
#include "http_test.h"

#define FILE_BYTES (700 * 1024)

struct sample {
    uint8_t *bytes;
    char sha256[65];
    char path[96];
};

static struct sample sample_make(uint8_t seed)
{
    struct sample sample = {.bytes = malloc(FILE_BYTES)};
    struct digester *digester = NULL;
    assert_non_null(sample.bytes);
    for (size_t i = 0; i < FILE_BYTES; i++) {
        sample.bytes[i] = (uint8_t)(seed + i * 7 + i / 251);
    }
    assert_int_equal(digester_open(&digester), LT_OK);
    struct lt_digest digest = digest_of(digester, (struct lt_bytes){sample.bytes, FILE_BYTES});
    digester_close(&digester);
    hex_write(sample.sha256, digest.bytes, sizeof(digest.bytes));
    snprintf(sample.path, sizeof(sample.path), "/v1/attachments/%s", sample.sha256);
    return sample;
}

static struct reply put(const struct door *door, const struct sample *sample, const char *range,
                        size_t first, size_t size)
{
    char line[96];
    const char *headers[] = {NULL, NULL};
    if (range != NULL) {
        snprintf(line, sizeof(line), "Content-Range: %s", range);
        headers[0] = line;
    }
    return ask_bytes(door, "PUT", sample->path, headers, sample->bytes + first, size);
}

static struct reply head(const struct door *door, const struct sample *sample)
{
    return ask_bytes(door, "HEAD", sample->path, NULL, NULL, 0);
}

static void whole_file(void **state)
{
    struct door *door = *state;
    struct sample sample = sample_make(1);
    struct reply reply = head(door, &sample);
    assert_true(has_header(&reply, "Upload-Offset: 0\r\n"));
    assert_status(reply, 404);
    assert_refused(get(door, sample.path), 404, "not-here", "sha256");
    reply = put(door, &sample, NULL, 0, FILE_BYTES);
    assert_int_equal(reply.status, 201);
    assert_int_equal(number_of(&reply, "offset"), FILE_BYTES);
    assert_true(json_is_true(json_object_get(reply.json, "complete")));
    reply_free(&reply);
    assert_status(put(door, &sample, NULL, 0, FILE_BYTES), 200);
    reply = head(door, &sample);
    assert_true(has_header(&reply, "Upload-Complete: ?1"));
    assert_status(reply, 200);
    reply = get(door, sample.path);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.size, FILE_BYTES);
    assert_memory_equal(reply.body, sample.bytes, FILE_BYTES);
    reply_free(&reply);
    door->token = OTHER_TOKEN; /* another agency's store */
    assert_status(head(door, &sample), 404);
    free(sample.bytes);
}

static void parts_in_order(void **state)
{
    struct door *door = *state;
    struct sample sample = sample_make(2);
    struct reply reply = put(door, &sample, "bytes 0-299999/716800", 0, 300000);
    assert_int_equal(reply.status, 202);
    assert_int_equal(number_of(&reply, "offset"), 300000);
    reply_free(&reply);
    reply = head(door, &sample);
    assert_true(has_header(&reply, "Upload-Offset: 300000"));
    assert_true(has_header(&reply, "Upload-Complete: ?0"));
    assert_status(reply, 204);
    assert_refused(put(door, &sample, "bytes 300001-716799/716800", 300001, FILE_BYTES - 300001),
                   409, "blob-offset", "Content-Range");
    assert_status(put(door, &sample, "bytes 300000-716799/716800", 300000, FILE_BYTES - 300000),
                  201);
    free(sample.bytes);
}

/* Sends the head of a PUT and `size` bytes of it, then hangs up. */
static void put_cut(const struct door *door, const struct sample *sample, size_t size)
{
    char text[512];
    int fd = dial(door);
    snprintf(text, sizeof(text),
             "PUT %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " TOKEN
             "\r\nContent-Length: %d\r\n\r\n",
             sample->path, FILE_BYTES);
    say_text(fd, text);
    say(fd, sample->bytes, size);
    shutdown(fd, SHUT_WR);
    while (recv(fd, text, sizeof(text), 0) > 0) {
    }
    close(fd);
}

static int64_t offset_of(const struct door *door, const struct sample *sample)
{
    struct reply reply = head(door, sample);
    const char *line = strcasestr(reply.headers, "Upload-Offset: ");
    int64_t offset = line != NULL ? strtoll(line + strlen("Upload-Offset: "), NULL, 10) : -1;
    reply_free(&reply);
    return offset;
}

static void cut_and_resumed(void **state)
{
    struct door *door = *state;
    struct sample sample = sample_make(3);
    char range[64];
    put_cut(door, &sample, 400000);
    int64_t offset = 0;
    for (int i = 0; i < 100 && offset < 400000; i++) {
        usleep(20000);
        offset = offset_of(door, &sample);
    }
    assert_int_equal(offset, 400000); /* also the bytes of the last, unfilled piece */
    snprintf(range, sizeof(range), "bytes %lld-%d/%d", (long long)offset, FILE_BYTES - 1,
             FILE_BYTES);
    assert_status(put(door, &sample, range, (size_t)offset, FILE_BYTES - (size_t)offset), 201);
    free(sample.bytes);
}

/* A caller that knows nothing of resuming puts the whole file again, and that works too. */
static void cut_and_put_again(void **state)
{
    struct door *door = *state;
    struct sample sample = sample_make(4);
    put_cut(door, &sample, 300001);
    for (int i = 0; i < 100 && offset_of(door, &sample) < 300001; i++) {
        usleep(20000);
    }
    assert_status(put(door, &sample, NULL, 0, FILE_BYTES), 201);
    struct reply reply = get(door, sample.path);
    assert_int_equal(reply.size, FILE_BYTES);
    assert_memory_equal(reply.body, sample.bytes, FILE_BYTES);
    reply_free(&reply);
    free(sample.bytes);
}

static void wrong_bytes_are_thrown_away(void **state)
{
    struct door *door = *state;
    struct sample sample = sample_make(5);
    sample.bytes[FILE_BYTES - 1] ^= 1;
    struct reply reply = put(door, &sample, NULL, 0, FILE_BYTES);
    assert_int_equal(reply.status, 422);
    assert_string_equal(text_of(&reply, "code"), "blob-hash-wrong");
    reply_free(&reply);
    assert_int_equal(offset_of(door, &sample), 0);
    sample.bytes[FILE_BYTES - 1] ^= 1;
    assert_status(put(door, &sample, NULL, 0, FILE_BYTES), 201);
    free(sample.bytes);
}

static void announced(struct door *door, const char *head_lines, long status)
{
    char text[512];
    int fd = dial(door);
    snprintf(text, sizeof(text),
             "PUT /v1/attachments/"
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 HTTP/1.1\r\nHost: x"
             "\r\nAuthorization: Bearer " TOKEN "\r\n%s\r\n\r\n",
             head_lines);
    say_text(fd, text);
    assert_int_equal(heard_status(fd), status);
    close(fd);
}

static void sizes_have_bounds(void **state)
{
    struct door *door = *state;
    struct sample sample = sample_make(6);
    announced(door, "Content-Length: 104857601\r\nExpect: 100-continue", 413);
    announced(door, "Content-Length: 0", 400);
    announced(door,
              "Content-Length: 2000000\r\nExpect: 100-continue\r\n"
              "Content-Range: bytes 0-1999999/104857601",
              413);
    assert_refused(put(door, &sample, "bytes 0-9/*", 0, 10), 400, "field-bad", "Content-Range");
    assert_refused(put(door, &sample, "bytes 9-0/10", 0, 10), 400, "field-bad", "Content-Range");
    assert_refused(put(door, &sample, "bytes 0-9/9", 0, 10), 400, "field-bad", "Content-Range");
    assert_refused(put(door, &sample, "bytes 0-9/10", 0, 11), 400, "field-bad", "Content-Range");
    assert_refused(ask_bytes(door, "PUT", "/v1/attachments/abc", NULL, "x", 1), 404, "not-here",
                   "{sha256}");
    free(sample.bytes);
}

static void a_transfer_needs_its_files(void **state)
{
    struct door *door = *state;
    struct sample sample = sample_make(7);
    char text[512];
    snprintf(text, sizeof(text),
             "{\"kind\":\"forward\",\"case_code\":\"HS-1\",\"attachments\":[{\"sha256\":\"%s\","
             "\"size\":%d,\"component\":\"TP-1\",\"name\":\"don.pdf\"}]}",
             sample.sha256, FILE_BYTES);
    struct reply reply = post(door, "/v1/transfers", "k1", text);
    assert_int_equal(reply.status, 409);
    assert_string_equal(text_of(&reply, "code"), "blob-missing");
    assert_true(has_header(&reply, "Retry-After: "));
    reply_free(&reply);
    assert_status(put(door, &sample, NULL, 0, FILE_BYTES), 201);
    assert_status(post(door, "/v1/transfers", "k1", text), 202);
    free(sample.bytes);
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
#define TEST(name) cmocka_unit_test_setup_teardown(name, door_setup, door_teardown)
    const struct CMUnitTest tests[] = {
        TEST(whole_file),
        TEST(parts_in_order),
        TEST(cut_and_resumed),
        TEST(cut_and_put_again),
        TEST(wrong_bytes_are_thrown_away),
        TEST(sizes_have_bounds),
        TEST(a_transfer_needs_its_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
