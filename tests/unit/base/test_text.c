/* SPDX-License-Identifier: EUPL-1.2 */
/* Bytes, hex, ids, UTF-8, codes of the field and times, each at its bounds. */
#include "base_test.h"

#include <time.h>

static void bytes_order(void **state)
{
    (void)state;
    assert_true(bytes_equal(text_bytes(NULL), text_bytes("")));
    assert_false(bytes_equal(text_bytes("a"), text_bytes("b")));
    assert_false(bytes_equal(text_bytes("a"), text_bytes("aa")));
    assert_int_equal(bytes_compare(text_bytes(""), text_bytes("a")), -1);
    assert_int_equal(bytes_compare(text_bytes("a"), text_bytes("")), 1);
    assert_int_equal(bytes_compare(text_bytes("ab"), text_bytes("b")), -1);
    assert_int_equal(bytes_compare(text_bytes("a"), text_bytes("ab")), -1);
    assert_int_equal(bytes_compare(text_bytes("\xFF"), text_bytes("a")), 1);
    assert_int_equal(bytes_compare(text_bytes("same"), text_bytes("same")), 0);
}

static void hex_both_ways(void **state)
{
    (void)state;
    const uint8_t data[] = {0x00, 0x7F, 0x80, 0xFF};
    char text[9];
    hex_write(text, data, sizeof(data));
    assert_string_equal(text, "007f80ff");
    uint8_t back[4] = {1, 2, 3, 4};
    assert_false(hex_read(back, 4, "007f80f"));
    assert_false(hex_read(back, 4, "007f80fff"));
    assert_false(hex_read(back, 4, "007f80fg"));
    assert_int_equal(back[0], 1); /* untouched on failure */
    assert_true(hex_read(back, 4, "007F80ff"));
    assert_memory_equal(back, data, 4);
    assert_true(hex_read(back, 0, ""));
}

static void ids(void **state)
{
    (void)state;
    /* The example of RFC 9562 appendix A.6. */
    const char *text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    struct lt_id id = {{0}};
    assert_true(id_empty(&id));
    assert_true(id_read(&id, text));
    assert_false(id_empty(&id));
    assert_int_equal(id_time_ms(&id), 0x017F22E279B0);
    char out[ID_TEXT_BYTES];
    id_write(out, &id);
    assert_string_equal(out, text);

    struct lt_id kept = id;
    assert_false(id_read(&id, "017f22e2-79b0-7cc3-98c4-dc0c0c07398"));
    assert_false(id_read(&id, "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff"));
    assert_false(id_read(&id, "017f22e279b07cc398c4dc0c0c07398f"));
    assert_false(id_read(&id, "017f22e2_79b0-7cc3-98c4-dc0c0c07398f"));
    assert_false(id_read(&id, "017f22e2-79b0-7cc3-98c4-dc0c0c0739-f"));
    assert_false(id_read(&id, ""));
    assert_memory_equal(&id, &kept, sizeof(id));

    assert_true(id_read(&id, "017F22E2-79B0-4CC3-98C4-DC0C0C07398F"));
    assert_int_equal(id_time_ms(&id), -1); /* version 4 */
    assert_true(id_read(&id, "017f22e2-79b0-7cc3-58c4-dc0c0c07398f"));
    assert_int_equal(id_time_ms(&id), -1); /* foreign variant */
}

static void utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\x7F",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF",
                                       "Ph\xC6\xB0\xE1\xBB\x9Dng"};
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2\x41",
                                      "\xC2\xC2",
                                      "\xE0\x9F\xBF",
                                      "\xE0\xA0",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xE1\x80\x41",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF0\x90\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFE",
                                      "\xFF",
                                      "ok\xE1\xBB"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(utf8_valid(text_bytes(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(utf8_valid(text_bytes(bad[i])));
    }
    assert_false(utf8_valid(run_of("a\0b", 3)));
}

/* A scan of all two-byte and three-byte leads against the definition by code points. */
static void utf8_by_definition(void **state)
{
    (void)state;
    for (uint32_t value = 0; value < 0x1000000; value += 7) {
        uint8_t text[3] = {(uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
        if (text[0] < 0xE0 || text[0] > 0xEF) {
            continue;
        }
        uint32_t point = (text[0] & 15u) << 12 | (text[1] & 63u) << 6 | (text[2] & 63u);
        bool right = (text[1] & 0xC0) == 0x80 && (text[2] & 0xC0) == 0x80 && point >= 0x800 &&
                     (point < 0xD800 || point > 0xDFFF);
        assert_int_equal(utf8_valid(run_of(text, 3)), right);
    }
}

static void cuts(void **state)
{
    (void)state;
    const char *text = "a\xE1\xBB\x9D"
                       "b"; /* a, three bytes, b */
    assert_int_equal(utf8_cut(text, 5, 5), 5);
    assert_int_equal(utf8_cut(text, 5, 9), 5);
    assert_int_equal(utf8_cut(text, 5, 4), 4);
    assert_int_equal(utf8_cut(text, 5, 3), 1);
    assert_int_equal(utf8_cut(text, 5, 2), 1);
    assert_int_equal(utf8_cut(text, 5, 1), 1);
    assert_int_equal(utf8_cut(text, 5, 0), 0);
    char out[5];
    text_copy(out, sizeof(out), text_bytes(text));
    assert_string_equal(out, "a\xE1\xBB\x9D");
    text_copy(out, 4, text_bytes(text));
    assert_string_equal(out, "a");
    text_copy(out, 1, text_bytes(text));
    assert_string_equal(out, "");
    text_copy(out, sizeof(out), text_bytes(NULL));
    assert_string_equal(out, "");
}

static void agency_ids(void **state)
{
    (void)state;
    char longest[LT_AGENCY_ID_MAX + 2];
    memset(longest, 'H', sizeof(longest));
    assert_true(agency_id_valid(run_of(longest, LT_AGENCY_ID_MAX)));
    assert_false(agency_id_valid(run_of(longest, LT_AGENCY_ID_MAX + 1)));
    static const char *const good[] = {"H24", "000.00.15.H24", "A", "0"};
    static const char *const bad[] = {"",    ".",    ".H24", "H24.",       "H..24",
                                      "h24", "H 24", "H-24", "H24\xC4\x90"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(agency_id_valid(text_bytes(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(agency_id_valid(text_bytes(bad[i])));
    }
}

static void procedures(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"1.001193.000.00.00.H56", "1.001193"},
        {"1.012781.H19", "1.012781"},
        {"1.001193", "1.001193"},
        {"1.001193.", "1.001193"},
        {"1.00119X.H56", "1.00119X.H56"},
        {"LOCAL-7", "LOCAL-7"},
        {"1..H56", "1..H56"},
        {"", ""},
        {".1.2", ".1.2"},
    };
    char out[LT_PROCEDURE_MAX + 1];
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        procedure_normalise(out, sizeof(out), text_bytes(pairs[i][0]));
        assert_string_equal(out, pairs[i][1]);
    }
    procedure_normalise(out, 5, text_bytes("1.001193.H56"));
    assert_string_equal(out, "1.00");
}

static void times_written(void **state)
{
    (void)state;
    char out[TIME_TEXT_BYTES];
    time_write(out, 0);
    assert_string_equal(out, "1970-01-01T00:00:00.000Z");
    time_write(out, -1);
    assert_string_equal(out, "1969-12-31T23:59:59.999Z");
    time_write(out, 951782400123);
    assert_string_equal(out, "2000-02-29T00:00:00.123Z");
    time_write(out, INT64_MAX);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    time_write(out, INT64_MIN);
    assert_string_equal(out, "0000-01-01T00:00:00.000Z");
}

/* The C library is the judge, over the whole range, and reading gives back what was written. */
static void times_against_libc(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 200000; i++) {
        int64_t ms = (int64_t)(dice(&seed) % 315569519999999ULL) - 62167219200000LL;
        time_t seconds = (time_t)((ms - ((ms % 1000) + 1000) % 1000) / 1000);
        struct tm parts;
        assert_non_null(gmtime_r(&seconds, &parts));
        char expected[64];
        snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                 parts.tm_sec, (int)(ms - (int64_t)seconds * 1000));
        char out[TIME_TEXT_BYTES];
        time_write(out, ms);
        assert_string_equal(out, expected);
        int64_t back;
        assert_true(time_read(&back, out));
        assert_int_equal(back, ms);
    }
}

static void times_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T07:00:00+07:00", 0},
        {"1970-01-01T07:00:00+0700", 0},
        {"1969-12-31T19:30:00-04:30", 0},
        {"1970-01-01T00:00:00.5Z", 500},
        {"1970-01-01T00:00:00.123456789Z", 123},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"1970-01-01T23:59:59.999Z", 86399999},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ms = -5;
        assert_true(time_read(&ms, good[i].text));
        assert_int_equal(ms, good[i].ms);
    }
    static const char *const bad[] = {"",
                                      "1970-01-01",
                                      "1970-01-01T00:00:00",
                                      "1970-01-01 00:00:00Z",
                                      "1970-13-01T00:00:00Z",
                                      "1970-00-01T00:00:00Z",
                                      "1970-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "1970-04-31T00:00:00Z",
                                      "1970-01-00T00:00:00Z",
                                      "1970-01-01T24:00:00Z",
                                      "1970-01-01T00:60:00Z",
                                      "1970-01-01T00:00:60Z",
                                      "1970-01-01T00:00:00.Z",
                                      "1970-01-01T00:00:00.1234567890Z",
                                      "1970-01-01T00:00:00+24:00",
                                      "1970-01-01T00:00:00+07:60",
                                      "1970-01-01T00:00:00+07",
                                      "1970-01-01T00:00:00ZZ",
                                      "01970-01-01T00:00:00Z",
                                      "1970-1-01T00:00:00Z",
                                      "1970-01-01T00:00:00z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms = -5;
        assert_false(time_read(&ms, bad[i]));
        assert_int_equal(ms, -5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_order),
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(ids),
        cmocka_unit_test(utf8),
        cmocka_unit_test(utf8_by_definition),
        cmocka_unit_test(cuts),
        cmocka_unit_test(agency_ids),
        cmocka_unit_test(procedures),
        cmocka_unit_test(times_written),
        cmocka_unit_test(times_against_libc),
        cmocka_unit_test(times_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
