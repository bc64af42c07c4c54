/* SPDX-License-Identifier: EUPL-1.2 */
/* The content digest: one known value, and every field that must or must not change it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/content.h"
#include "vectors/wire_bytes.h"

static struct digester *digester;

static int setup(void **state)
{
    (void)state;
    return digester_open(&digester) == LT_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    digester_close(&digester);
    return 0;
}

static struct lt_bytes to[2];
static struct attachment files[2];

static struct header request(void)
{
    to[0] = text_bytes("H24.15");
    to[1] = text_bytes("H24.16.2");
    files[0] = (struct attachment){.sha256 = {{0xaa}}, .size = 7};
    files[1] = (struct attachment){.sha256 = {{0xbb}}, .size = 8};
    return (struct header){
        .kind = LT_KIND_RESULT,
        .to = to,
        .to_count = 2,
        .case_code = text_bytes("A-1"),
        .body_sha256 = {{0xcc}},
        .body_size = 3,
        .attachments = files,
        .attachments_count = 2,
    };
}

/* The layout of LTP.md, written out by hand. */
static void the_layout(void **state)
{
    (void)state;
    static const uint8_t expected[] = "LTP/1 content"
                                      "\0\0\0\3"
                                      "\0\0\0\2"
                                      "\0\0\0\6H24.15"
                                      "\0\0\0\10H24.16.2"
                                      "\0\0\0\3A-1";
    struct wire_bytes w = {0};
    uint8_t count[4] = {0, 0, 0, 2};
    uint8_t zeros[31] = {0};
    wire_bytes_raw(&w, expected, sizeof(expected) - 1);
    wire_bytes_raw(&w, "\xcc", 1);
    wire_bytes_raw(&w, zeros, 31);
    wire_bytes_raw(&w, count, 4);
    wire_bytes_raw(&w, "\xaa", 1);
    wire_bytes_raw(&w, zeros, 31);
    wire_bytes_raw(&w, "\xbb", 1);
    wire_bytes_raw(&w, zeros, 31);
    struct header header = request();
    struct lt_digest by_hand = digest_of(digester, wire_bytes_view(&w));
    struct lt_digest made = content_digest(digester, &header);
    assert_true(digest_equal(&by_hand, &made));
    wire_bytes_free(&w);
}

static void what_changes_it(void **state)
{
    (void)state;
    struct header header = request();
    struct lt_digest first = content_digest(digester, &header), other;
    for (int i = 0; i < 6; i++) {
        header = request();
        switch (i) {
        case 0:
            header.kind = LT_KIND_STATUS;
            break;
        case 1:
            header.to_count = 1;
            break;
        case 2:
            header.case_code = text_bytes("A-2");
            break;
        case 3:
            header.body_sha256.bytes[31] = 1;
            break;
        case 4:
            header.attachments_count = 1;
            break;
        default:
            to[0] = text_bytes("H24.15H");
            to[1] = text_bytes("24.16.2");
            break;
        }
        other = content_digest(digester, &header);
        assert_false(digest_equal(&first, &other));
    }
}

static void what_does_not(void **state)
{
    (void)state;
    struct header header = request();
    struct lt_digest first = content_digest(digester, &header);
    header.id.bytes[0] = 1;
    header.created_ms = 5;
    header.sender_key = text_bytes("key");
    struct lt_digest other = content_digest(digester, &header);
    assert_true(digest_equal(&first, &other));

    /* The same body, attached. */
    struct attachment with_body[3] = {{.sha256 = {{0xcc}}, .size = 3}, files[0], files[1]};
    header.attachments = with_body;
    header.attachments_count = 3;
    header.body_attached = true;
    other = content_digest(digester, &header);
    assert_true(digest_equal(&first, &other));

    /* No body: named or not. */
    header = request();
    header.body_sha256 = digest_of(digester, (struct lt_bytes){NULL, 0});
    first = content_digest(digester, &header);
    memset(&header.body_sha256, 0, sizeof(header.body_sha256));
    other = content_digest(digester, &header);
    assert_true(digest_equal(&first, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_layout, setup, teardown),
        cmocka_unit_test_setup_teardown(what_changes_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
