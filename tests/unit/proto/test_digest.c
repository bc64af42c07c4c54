/* SPDX-License-Identifier: EUPL-1.2 */
/* SHA-256 against the published examples (FIPS 180-4), whole, in two parts and as a stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/digest.h"

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
    digester_close(&digester); /* tolerates what is closed */
    return digester ? -1 : 0;
}

static const struct {
    const char *text;
    const char *hex;
} examples[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void assert_digest(struct lt_digest digest, const char *hex)
{
    char found[65];
    hex_write(found, digest.bytes, sizeof(digest.bytes));
    assert_string_equal(found, hex);
}

static void published_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct lt_bytes text = text_bytes(examples[i].text);
        assert_digest(digest_of(digester, text), examples[i].hex);
        for (size_t cut = 0; cut <= text.size; cut++) {
            struct lt_bytes head = {text.data, cut};
            struct lt_bytes tail = {text.data + cut, text.size - cut};
            assert_digest(digest_of_two(digester, head, tail), examples[i].hex);
        }
    }
}

static void a_million_times_a(void **state)
{
    (void)state;
    uint8_t block[1000];
    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] = 'a';
    }
    digest_start(digester);
    for (int i = 0; i < 1000; i++) {
        digest_feed(digester, (struct lt_bytes){block, sizeof(block)});
    }
    assert_digest(digest_finish(digester),
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void nothing_at_all(void **state)
{
    (void)state;
    assert_digest(digest_of(digester, (struct lt_bytes){NULL, 0}), examples[0].hex);
}

static void equal_and_empty(void **state)
{
    (void)state;
    struct lt_digest a = digest_of(digester, text_bytes("a")), b = a, none = {{0}};
    assert_true(digest_equal(&a, &b));
    b.bytes[31] ^= 1;
    assert_false(digest_equal(&a, &b));
    assert_true(digest_empty(&none));
    none.bytes[31] = 1;
    assert_false(digest_empty(&none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(published_examples, setup, teardown),
        cmocka_unit_test_setup_teardown(a_million_times_a, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(equal_and_empty, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
