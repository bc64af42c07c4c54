/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * RFC 8785: the number samples of its appendix B, its sorting sample, its string sample, and the
 * two ways in which the scan behind a body can go wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/canonical.h"
#include "adapters/host/json_scan.h"
#include "proto/base/base64.h"
#include "proto/base/text.h"

static char *form_of(const char *text)
{
    struct text_out out;
    text_out_init(&out);
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    canonical_json(&out, value);
    json_decref(value);
    char *form = text_out_take(&out, NULL);
    assert_non_null(form);
    return form;
}

static void assert_form(const char *text, const char *wanted)
{
    char *form = form_of(text);
    assert_string_equal(form, wanted);
    free(form);
}

static void numbers_of_appendix_b(void **state)
{
    (void)state;
    static const struct {
        uint64_t bits;
        const char *text;
    } samples[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        double number;
        char text[CANONICAL_NUMBER_BYTES];
        memcpy(&number, &samples[i].bits, sizeof(number));
        canonical_number(text, number);
        assert_string_equal(text, samples[i].text);
    }
}

/* Whatever is written reads back as the same double; steps through the exponents. */
static void numbers_read_back(void **state)
{
    (void)state;
    uint64_t bits = 1;
    for (int i = 0; i < 20000; i++) {
        double number;
        char text[CANONICAL_NUMBER_BYTES];
        bits = bits * 6364136223846793005ULL + 1442695040888963407ULL;
        memcpy(&number, &bits, sizeof(number));
        if ((bits >> 52 & 0x7FF) == 0x7FF) {
            continue;
        }
        canonical_number(text, number);
        double again = strtod(text, NULL);
        assert_memory_equal(&again, &number, sizeof(number));
    }
    for (int power = -1074; power < 1024; power++) {
        char text[CANONICAL_NUMBER_BYTES];
        uint64_t two = power < -1022 ? 1ULL << (power + 1074) : (uint64_t)(power + 1023) << 52;
        double number;
        memcpy(&number, &two, sizeof(number));
        canonical_number(text, number);
        assert_true(strtod(text, NULL) == number);
    }
}

static void keys_sort_by_utf16(void **state)
{
    (void)state;
    assert_form(
        "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
        "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
        "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
        "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
        "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
        "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
        "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
    assert_true(canonical_compare("a", "ab") < 0);
    assert_int_equal(canonical_compare("ab", "ab"), 0);
    assert_true(canonical_compare("\xef\xbf\xbd", "\xf0\x90\x80\x80") > 0);
    assert_true(canonical_compare("\xed\x9f\xbf", "\xf0\x90\x80\x80") < 0);
}

static void strings_and_literals(void **state)
{
    (void)state;
    assert_form("{\"numbers\":[333333333.33333329,1E30,4.50,2e-3,"
                "0.000000000000000000000000001],"
                "\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
                "\"literals\":[null,true,false]}",
                "{\"literals\":[null,true,false],"
                "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
                "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    assert_form("\"\\b\\t\\n\\f\\r\\u000b\\u001f\\u007f\"",
                "\"\\b\\t\\n\\f\\r\\u000b\\u001f\x7f\"");
    assert_form("[]", "[]");
    assert_form("{}", "{}");
    assert_form("1.0", "1");
    assert_form("-0.0", "0");
}

/* Two neighbours beyond 2^53 are one double; they must not be one content. */
static void large_integers_stay_apart(void **state)
{
    (void)state;
    assert_form("9007199254740993", "9007199254740993");
    assert_form("9007199254740992", "9007199254740992");
}

static void depth_is_counted_outside_strings(void **state)
{
    (void)state;
    assert_true(json_scan_depth(text_bytes("[[[]]]"), 3));
    assert_false(json_scan_depth(text_bytes("[[[[]]]]"), 3));
    assert_true(json_scan_depth(text_bytes("[\"[[[[[\\\"[[[\"]"), 1));
    assert_true(json_scan_depth(text_bytes("[][][][]"), 1));
    assert_true(json_scan_depth(text_bytes("\"\\"), 1));
}

static void assert_member(const char *text, const char *key, const char *wanted)
{
    struct lt_bytes found = json_scan_member(text_bytes(text), key);
    assert_int_equal(found.size, strlen(wanted));
    if (found.size > 0) {
        assert_memory_equal(found.data, wanted, found.size);
    }
}

static void members_keep_their_bytes(void **state)
{
    (void)state;
    const char *text = " { \"a\" : 1.50 ,\"body\":\t{\"x\":[1,{\"body\":2}],\"y\":\"}\\\"\"} ,"
                       "\"c\":\"d\",\"e\":null}";
    assert_member(text, "a", "1.50");
    assert_member(text, "body", "{\"x\":[1,{\"body\":2}],\"y\":\"}\\\"\"}");
    assert_member(text, "c", "\"d\"");
    assert_member(text, "e", "null");
    assert_member(text, "x", "");
    assert_member("{}", "a", "");
    assert_member("{\"a\":[]}", "a", "[]");
    assert_member("{\"a\"", "a", "");
    assert_member("", "a", "");
}

static void mark_is_stepped_over(void **state)
{
    (void)state;
    assert_int_equal(json_scan_without_mark(text_bytes("\xEF\xBB\xBF{}")).size, 2);
    assert_int_equal(json_scan_without_mark(text_bytes("{}")).size, 2);
}

static void base64_is_strict(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    static const char *const bad[] = {
        "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "Zm 9v", "Zm9v\n", "Zm-_"};
    char text[16];
    uint8_t bytes[16];
    size_t size = 0;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        base64_write(text, text_bytes(pairs[i][0]));
        assert_string_equal(text, pairs[i][1]);
        assert_true(base64_read(bytes, &size, text, strlen(text)));
        assert_int_equal(size, strlen(pairs[i][0]));
        assert_memory_equal(bytes, pairs[i][0], size);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(base64_read(bytes, &size, bad[i], strlen(bad[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_appendix_b),
        cmocka_unit_test(numbers_read_back),
        cmocka_unit_test(keys_sort_by_utf16),
        cmocka_unit_test(strings_and_literals),
        cmocka_unit_test(large_integers_stay_apart),
        cmocka_unit_test(depth_is_counted_outside_strings),
        cmocka_unit_test(members_keep_their_bytes),
        cmocka_unit_test(mark_is_stepped_over),
        cmocka_unit_test(base64_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
