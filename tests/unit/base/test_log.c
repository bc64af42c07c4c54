/* SPDX-License-Identifier: EUPL-1.2 */
/* Lines as they are read by people and by grep; nothing a value holds can forge one. */
#include "base_test.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "proto/base/log.h"

static char line[4096];
static int lines;

static void take(void *self, const char *text)
{
    assert_ptr_equal(self, line);
    snprintf(line, sizeof(line), "%s", text);
    lines++;
}

static int64_t fixed_ms(void *self)
{
    (void)self;
    return 1790755200000;
}

static const struct lt_clock fixed = {NULL, fixed_ms, fixed_ms};

static int set_up(void **state)
{
    (void)state;
    log_capture(take, line);
    log_open("brokerd", LOG_INFO_, &fixed);
    lines = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_capture(NULL, NULL);
    return 0;
}

#define HEAD "2026-09-30T08:00:00.000Z brokerd "

static void pairs(void **state)
{
    (void)state;
    log_info("session-open", "agency=%s n=%u", "H24.15", 7u);
    assert_string_equal(line, HEAD "info session-open agency=H24.15 n=7");
    log_warn("x", "a=%d b=%ld c=%" PRId64 " d=%zu e=%llu f=%" PRIu64, -1, -2L, INT64_MIN, (size_t)5,
             6ULL, UINT64_MAX);
    assert_string_equal(line, HEAD "warn x a=-1 b=-2 c=-9223372036854775808 d=5 e=6 "
                                   "f=18446744073709551615");
    log_error("y", "hex=%02x pad=%04u part=%.*s pct=%d%% f=%.2f c=%c z=%hu", 5u, 12u, 3, "abcdef",
              50, 1.5, 'q', (unsigned short)9);
    assert_string_equal(line, HEAD "error y hex=05 pad=0012 part=abc pct=50% f=1.50 c=q z=9");
    log_info("only-name", "%s", "word");
    assert_string_equal(line, HEAD "info only-name word");
    log_info("ratio", "at=%u/%u", 3u, 4u);
    assert_string_equal(line, HEAD "info ratio at=3/4");
    assert_int_equal(lines, 5);
}

static void values_cannot_forge(void **state)
{
    (void)state;
    log_info("x", "a=%s b=%s", "one two=3", "n\nerror y");
    assert_string_equal(line, HEAD "info x a=\"one two=3\" b=\"n\\nerror y\"");
    log_info("x", "a=%s b=%s c=%s", "say \"no\"", "tab\there", "");
    assert_string_equal(line, HEAD "info x a=\"say \\x22no\\x22\" b=\"tab\\x09here\" c=\"\"");
    log_info("x", "a=%s b=%s", "Ph\xC6\xB0\xE1\xBB\x9Dng M\xE1\xBB\x99t", "\xFF\x1B[31m");
    assert_string_equal(line, HEAD "info x a=\"Ph\xC6\xB0\xE1\xBB\x9Dng M\xE1\xBB\x99t\" "
                                   "b=\"\\xff\\x1b[31m\"");
    log_info("x", "why=\"disk %s is gone\" n=%d", "sda", 1);
    assert_string_equal(line, HEAD "info x why=\"disk sda is gone\" n=1");
}

static void levels(void **state)
{
    (void)state;
    log_debug("quiet", "a=%d", 1);
    assert_int_equal(lines, 0);
    log_info("loud", "a=%d", 1);
    assert_int_equal(lines, 1);
    log_open("brokerd", LOG_ERROR_, &fixed);
    log_warn("quiet", "a=%d", 1);
    assert_int_equal(lines, 1);
    log_error("loud", "a=%d", 1);
    assert_int_equal(lines, 2);
}

static int64_t moving_now;

static int64_t moving_ms(void *self)
{
    (void)self;
    return moving_now;
}

static void a_torrent_is_held_back(void **state)
{
    static const struct lt_clock moving = {NULL, moving_ms, moving_ms};
    (void)state;
    moving_now = 5000;
    log_open("brokerd", LOG_DEBUG_, &moving);
    for (int i = 0; i < 100; i++) {
        log_warn("torrent", "agency=%s n=%d", "H24.15", i);
    }
    assert_int_equal(lines, 100);
    for (int i = 0; i < 1000; i++) {
        log_warn("torrent", "agency=%s n=%d", "H24.15", i);
    }
    assert_int_equal(lines, 100);
    log_warn("torrent", "agency=%s", "H24.16"); /* another subject has its own */
    log_warn("trickle", "agency=%s", "H24.15");
    assert_int_equal(lines, 102);
    moving_now += 99;
    log_warn("torrent", "agency=%s", "H24.15");
    assert_int_equal(lines, 102);
    moving_now += 1; /* a tenth of a second earns one line */
    log_warn("torrent", "agency=%s", "H24.15");
    assert_int_equal(lines, 103);
    assert_non_null(strstr(line, "warn torrent agency=H24.15 left_out=1001"));
    log_warn("torrent", "agency=%s", "H24.15");
    assert_int_equal(lines, 103);
    moving_now += 60000;
    for (int i = 0; i < 200; i++) {
        log_warn("torrent", "agency=%s", "H24.15");
    }
    assert_int_equal(lines, 203);
    for (int i = 0; i < 300; i++) {
        log_debug("detail", "agency=%s", "H24.15");
    }
    assert_int_equal(lines, 503);
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'v', sizeof(text));
    text[1999] = '\0';
    log_info("x", "a=%s b=%s c=%d", text, text, 5);
    assert_true(strlen(line) <= 1024);
    assert_true(strlen(line) > 1000);
    /* Many short words, each escaped: the quote is closed all the same. */
    memset(text, '\n', sizeof(text));
    text[1999] = '\0';
    log_info("x", "a=%s d=%d", text, 5);
    assert_true(strlen(line) <= 1025);
    assert_int_equal(line[strlen(line) - 1], '"');
    for (size_t size = 700; size < 1100; size++) {
        memset(text, 'w', size);
        text[size] = '\0';
        text[600] = ' ';
        text[300] = ' ';
        log_info("x", "a=%s b=\"%s %s\" c=%d", text, text, text, 5);
        assert_true(strlen(line) <= 1025);
    }
}

static void safe_values(void **state)
{
    (void)state;
    char out[16];
    assert_string_equal(log_safe(out, sizeof(out), "ab c", 4), "ab\\x20c");
    assert_string_equal(log_safe(out, sizeof(out), "a\\\"\n", 4), "a\\\\\\x22\\n");
    assert_string_equal(log_safe(out, sizeof(out), "0123456789abcdefgh", 18), "0123456789abcde");
    assert_string_equal(log_safe(out, sizeof(out), "0123456789abc\n", 14), "0123456789abc\\n");
    assert_string_equal(log_safe(out, sizeof(out), "0123456789abcd\n", 15), "0123456789abcd");
    assert_string_equal(log_safe(out, sizeof(out), "\0", 1), "\\x00");
    assert_string_equal(log_safe(out, sizeof(out), "", 0), "");
    assert_string_equal(log_safe(out, 1, "abc", 3), "");
    log_safe(out, sizeof(out), "a b", 3);
    log_info("x", "v=%s", out);
    assert_string_equal(line, HEAD "info x v=a\\x20b");
}

/* Without a capture the line goes to standard error, in the form the journal wants. */
static void journal_form(void **state)
{
    (void)state;
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    int kept = dup(STDERR_FILENO);
    assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
    struct stat info;
    assert_int_equal(fstat(STDERR_FILENO, &info), 0);
    char stream[64];
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_capture(NULL, NULL);
    log_open("brokerd", LOG_INFO_, &fixed);
    log_error("lost", "n=%d", 1);
    setenv("JOURNAL_STREAM", "1:1", 1); /* somebody redirected us */
    log_open("brokerd", LOG_INFO_, &fixed);
    log_error("lost", "n=%d", 2);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    char got[512];
    ssize_t size = read(pipes[0], got, sizeof(got) - 1);
    assert_true(size > 0);
    got[size] = '\0';
    assert_string_equal(got, "<3>error lost n=1\n" HEAD "error lost n=2\n");
    unsetenv("JOURNAL_STREAM");
    close(pipes[0]);
    close(pipes[1]);
    close(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pairs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_cannot_forge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torrent_is_held_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(levels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_lines_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(safe_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(journal_form, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
