/* SPDX-License-Identifier: EUPL-1.2 */
/* Times, widths, sentences and the command line of ltctl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ops/tools/ltctl/help.h"
#include "ops/tools/ltctl/ltctl.h"
#include "ops/tools/ltctl/moment.h"
#include "ops/tools/ltctl/width.h"
#include "ops/tools/ltctl/words.h"
#include "proto/base/text.h"

#define NOON 1759204800000LL /* 2025-09-30T04:00:00Z, 11:00 in Hải Phòng */

static int64_t moment(const char *text)
{
    int64_t ms = -1;
    return moment_read(&ms, text, NOON) ? ms : -1;
}

static void times_are_local(void **state)
{
    (void)state;
    char text[MOMENT_BYTES];
    moment_write(text, NOON);
    assert_string_equal(text, "2025-09-30 11:00:00");
    moment_write(text, 0);
    assert_string_equal(text, "-");
    moment_say(text, NOON, true);
    assert_string_equal(text, "11:00 ngày 30/09/2025");
    moment_say(text, NOON, false);
    assert_string_equal(text, "11:00 on 2025-09-30");
    moment_iso(text, NOON);
    assert_string_equal(text, "2025-09-30T11:00:00.000+07:00");
    moment_iso(text, 0);
    assert_string_equal(text, "");
    duration_write(text, 59999);
    assert_string_equal(text, "00:00:59");
    duration_write(text, (3 * 86400 + 4 * 3600 + 5 * 60 + 6) * 1000LL);
    assert_string_equal(text, "3d 04:05:06");
    duration_write(text, -5);
    assert_string_equal(text, "00:00:00");
}

static void times_are_read_in_every_form(void **state)
{
    (void)state;
    const int64_t midnight = NOON - 11 * 3600000LL;
    assert_int_equal(moment("2025-09-30"), midnight);
    assert_int_equal(moment("30/09/2025"), midnight);
    assert_int_equal(moment("2025-09-30 11:00"), NOON);
    assert_int_equal(moment("2025-09-30T11:00"), NOON);
    assert_int_equal(moment("30/09/2025 11:00:00"), NOON);
    assert_int_equal(moment("2025-09-30T04:00:00Z"), NOON);
    assert_int_equal(moment("30m"), NOON - 30 * 60000LL);
    assert_int_equal(moment("2h"), NOON - 2 * 3600000LL);
    assert_int_equal(moment("7d"), NOON - 7 * 86400000LL);
}

static void impossible_times_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",    "31/02/2025",       "2025-13-01",       "30-09-2025",          "2025-09-30 24:00",
        "2x",  "2025-09-30x11:00", "2025-09-30 11:0x", "2025-09-30 11:00:0",  "h",
        "-2h", "12345678h",        "30/09/25",         "2025-09-30 11:00+07", "hôm qua",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (moment(bad[i]) != -1) {
            print_error("\"%s\" was taken\n", bad[i]);
            fail();
        }
    }
}

static void numbers_are_digits_only(void **state)
{
    (void)state;
    uint64_t number = 7;
    assert_true(number_read(&number, "0"));
    assert_int_equal(number, 0);
    assert_true(number_read(&number, "9999999999999999999"));
    assert_false(number_read(&number, "99999999999999999999"));
    assert_false(number_read(&number, ""));
    assert_false(number_read(&number, "-1"));
    assert_false(number_read(&number, "1 "));
    assert_false(number_read(&number, "0x1"));
}

static void widths_count_what_is_seen(void **state)
{
    (void)state;
    assert_int_equal(text_columns(""), 0);
    assert_int_equal(text_columns("xã Vĩnh Bảo"), 11);
    assert_int_equal(text_columns("Ba\xCC\x89o"), 3); /* decomposed */
    assert_int_equal(text_front("Vĩnh Bảo", 2), strlen("Vĩ"));
    assert_int_equal(text_front("Vĩnh", 10), strlen("Vĩnh"));
    assert_int_equal(text_front("a\xCC\x89z", 1), 3); /* the mark stays with its letter */
    assert_int_equal(text_columns("\xE1\xBA"), 1);    /* cut off: never past the NUL */
}

static void nothing_reaches_a_terminal_raw(void **state)
{
    (void)state;
    char out[64];
    text_safe(out, sizeof(out), text_bytes("a\033[2Jb\n\x7F"));
    assert_string_equal(out, "a\\x1B[2Jb\\x0A\\x7F");
    text_safe(out, sizeof(out),
              text_bytes("\xC2\x9B"
                         "31m Hải"));
    assert_string_equal(out, "\\xC2\\x9B31m Hải");
    text_safe(out, sizeof(out), text_bytes("x\xFFy"));
    assert_string_equal(out, "x\\xFFy");
    text_safe(out, sizeof(out), (struct lt_bytes){NULL, 0});
    assert_string_equal(out, "");
    text_safe(out, 4, text_bytes("Vĩnh")); /* V, ĩ and no half of anything */
    assert_string_equal(out, "Vĩ");
    text_safe(out, 3, text_bytes("Vĩnh"));
    assert_string_equal(out, "V");
}

static void phrases_fill_their_places(void **state)
{
    (void)state;
    char out[64];
    const char *const values[] = {"một", "hai", NULL};
    phrase_fill(out, sizeof(out), "{2} {1} {2}!", values, 3);
    assert_string_equal(out, "hai một hai!");
    phrase_fill(out, sizeof(out), "a{3}b{4}c", values, 3);
    assert_string_equal(out, "abc");
    phrase_fill(out, sizeof(out), "{x} {", values, 3);
    assert_string_equal(out, "{x} {");
    const char *const hostile[] = {"{1}%s%n"};
    phrase_fill(out, sizeof(out), "<{1}>", hostile, 1);
    assert_string_equal(out, "<{1}%s%n>");
    phrase_fill(out, 6, "ab {1}", values, 3); /* cut at a rune */
    assert_string_equal(out, "ab m");
}

static void every_phrase_has_both_languages_and_the_same_places(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PHRASES_END; i++) {
        const char *vi = phrase(LANGUAGE_VI, (enum phrase)i);
        const char *en = phrase(LANGUAGE_EN, (enum phrase)i);
        assert_non_null(vi);
        assert_non_null(en);
        for (char place = '1'; place <= '9'; place++) {
            const char text[] = {'{', place, '}', '\0'};
            if ((strstr(vi, text) == NULL) != (strstr(en, text) == NULL)) {
                print_error("{%c} differs: %s\n", place, en);
                fail();
            }
        }
    }
}

static void names_become_words(void **state)
{
    (void)state;
    assert_string_equal(word_state(LANGUAGE_VI, "parked"), "chờ can thiệp");
    assert_string_equal(word_state(LANGUAGE_VI, "refused"), "từ chối");
    assert_string_equal(word_kind(LANGUAGE_VI, "return-wrong"), "trả lại");
    assert_string_equal(word_state(LANGUAGE_VI, "of-tomorrow"), "of-tomorrow");
    assert_string_equal(word_code(LANGUAGE_EN, "busy"), lt_error(LT_BUSY)->en);
    assert_string_equal(word_code(LANGUAGE_EN, "of-tomorrow"), "of-tomorrow");
    assert_string_equal(word_do(LANGUAGE_VI, "of-tomorrow"), "");
}

static enum lt_status options(struct options *options_of, struct fault *fault, int argc,
                              const char *const *argv)
{
    fault_init(fault);
    return options_read(options_of, argc, argv, fault);
}

static void options_stand_anywhere(void **state)
{
    (void)state;
    struct options read;
    struct fault fault;
    const char *const argv[] = {"ltctl", "--json", "where",  "--lang=en",
                                "A-1",   "--",     "--case", "-"};
    assert_int_equal(options(&read, &fault, 8, argv), LT_OK);
    assert_non_null(read.values[OPTION_JSON]);
    assert_string_equal(read.values[OPTION_LANG], "en");
    assert_null(read.values[OPTION_CASE]);
    assert_int_equal(read.words_count, 4);
    assert_string_equal(read.words[1], "A-1");
    assert_string_equal(read.words[2], "--case");
    assert_int_equal(options_foreign(&read, OPTIONS_COMMON), OPTIONS_END);
    assert_int_equal(options_foreign(&read, OPTION_BIT(JSON)), OPTION_LANG);
    const char *const help[] = {"ltctl", "-h"};
    assert_int_equal(options(&read, &fault, 2, help), LT_OK);
    assert_non_null(read.values[OPTION_HELP]);
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    struct options read;
    struct fault fault;
    const char *const typo[] = {"ltctl", "--agnecy", "H24"};
    assert_int_equal(options(&read, &fault, 3, typo), LT_FIELD_BAD);
    assert_string_equal(fault.field, "--agnecy");
    assert_string_equal(fault.detail, "agency");
    const char *const letter[] = {"ltctl", "-x"};
    assert_int_equal(options(&read, &fault, 2, letter), LT_FIELD_BAD);
    const char *const missing[] = {"ltctl", "--case"};
    assert_int_equal(options(&read, &fault, 2, missing), LT_FIELD_MISSING);
    const char *const twice[] = {"ltctl", "--case", "a", "--case=b"};
    assert_int_equal(options(&read, &fault, 4, twice), LT_FIELD_TWICE);
    const char *const joined[] = {"ltctl", "--json=yes"};
    assert_int_equal(options(&read, &fault, 2, joined), LT_FIELD_BAD);
}

static void words_have_a_limit(void **state)
{
    (void)state;
    static const char *argv[WORDS_MAX + 2];
    static struct options read;
    struct fault fault;
    for (size_t i = 0; i < WORDS_MAX + 2; i++) {
        argv[i] = "x";
    }
    assert_int_equal(options(&read, &fault, WORDS_MAX + 1, argv), LT_OK);
    assert_int_equal(options(&read, &fault, WORDS_MAX + 2, argv), LT_FIELD_BAD);
}

static void the_longest_command_is_found(void **state)
{
    (void)state;
    uint32_t used;
    const char *const key[] = {"agency", "key", "add", "H24.1"};
    assert_string_equal(command_find(key, 4, &used)->words, "agency key add");
    assert_int_equal(used, 3);
    const char *const code[] = {"case", "status"};
    assert_string_equal(command_find(code, 2, &used)->words, "case");
    assert_int_equal(used, 1);
    const char *const group[] = {"agency", "key"};
    assert_null(command_find(group, 2, &used));
    assert_null(command_find(group, 0, &used));
}

static void every_command_is_explained_with_all_its_options(void **state)
{
    (void)state;
    for (const struct command *command = commands; command->words != NULL; command++) {
        for (unsigned language = 0; language < LANGUAGES_END; language++) {
            char *text = NULL;
            size_t size = 0;
            FILE *stream = open_memstream(&text, &size);
            assert_non_null(stream);
            help_command(stream, (enum language)language, command->words);
            assert_int_equal(fclose(stream), 0);
            assert_true(size > strlen(command->words) + 20);
            for (unsigned option = 0; option < OPTIONS_END; option++) {
                char name[32];
                snprintf(name, sizeof(name), "--%s", option_text((enum option)option));
                if ((command->options >> option & 1) != 0 && strstr(text, name) == NULL) {
                    print_error("%s: no word about %s\n", command->words, name);
                    fail();
                }
            }
            free(text);
        }
    }
}

static void help_lists_every_command(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    help_all(stream, LANGUAGE_EN, "");
    assert_int_equal(fclose(stream), 0);
    for (const struct command *command = commands; command->words != NULL; command++) {
        char line[64];
        snprintf(line, sizeof(line), "\n  %s  ", command->words);
        assert_non_null(strstr(text, line));
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_local),
        cmocka_unit_test(times_are_read_in_every_form),
        cmocka_unit_test(impossible_times_are_refused),
        cmocka_unit_test(numbers_are_digits_only),
        cmocka_unit_test(widths_count_what_is_seen),
        cmocka_unit_test(nothing_reaches_a_terminal_raw),
        cmocka_unit_test(phrases_fill_their_places),
        cmocka_unit_test(every_phrase_has_both_languages_and_the_same_places),
        cmocka_unit_test(names_become_words),
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(words_have_a_limit),
        cmocka_unit_test(the_longest_command_is_found),
        cmocka_unit_test(every_command_is_explained_with_all_its_options),
        cmocka_unit_test(help_lists_every_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
