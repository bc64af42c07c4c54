/* SPDX-License-Identifier: EUPL-1.2 */
/* ltctl.yaml and the options over it: where the broker is, whose keys are used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ops/tools/ltctl/settings.h"

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct place {
    char folder[64];
    char config[96];
    char secret[96];
    char public[96];
    struct options options;
    struct surroundings surroundings;
    struct settings settings;
    struct fault fault;
};

static void put(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    snprintf(place->folder, sizeof(place->folder), "/tmp/lt-settings-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->config, sizeof(place->config), "%s/ltctl.yaml", place->folder);
    snprintf(place->secret, sizeof(place->secret), "%s/me.key", place->folder);
    snprintf(place->public, sizeof(place->public), "%s/broker.pub", place->folder);
    put(place->secret, KEY_A "\n", 0600);
    put(place->public, KEY_B "\n", 0644);
    place->options.values[OPTION_CONFIG] = place->config;
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    (void)unlink(place->config);
    (void)unlink(place->secret);
    (void)unlink(place->public);
    assert_int_equal(rmdir(place->folder), 0);
    free(place);
    return 0;
}

static enum lt_status read_text(struct place *place, const char *text)
{
    put(place->config, text, 0644);
    fault_init(&place->fault);
    return settings_read(&place->options, &place->surroundings, LANGUAGE_EN, &place->settings,
                         &place->fault);
}

static void everything_is_read(void **state)
{
    struct place *place = *state;
    /* Paths are taken from the folder of the file. */
    assert_int_equal(read_text(place, "endpoint: tcp://127.0.0.1:7760\nserver_key: broker.pub\n"
                                      "secret_key: me.key\nlanguage: vi\n"),
                     LT_OK);
    assert_string_equal(place->settings.endpoint, "tcp://127.0.0.1:7760");
    assert_true(place->settings.server_key_given);
    assert_int_equal(place->settings.server_key.bytes[0], 0xBB);
    assert_true(place->settings.secret_key_given);
    assert_int_equal(place->settings.secret_key.bytes[0], 0xAA);
    assert_int_equal(place->settings.language, LANGUAGE_VI);
}

static void options_win(void **state)
{
    struct place *place = *state;
    place->options.values[OPTION_ENDPOINT] = "tcp://192.0.2.1:1";
    place->options.values[OPTION_SERVER_KEY] = KEY_A;
    place->options.values[OPTION_LANG] = "en";
    assert_int_equal(
        read_text(place, "endpoint: tcp://127.0.0.1:7760\nserver_key: " KEY_B "\nlanguage: vi\n"),
        LT_OK);
    assert_string_equal(place->settings.endpoint, "tcp://192.0.2.1:1");
    assert_int_equal(place->settings.server_key.bytes[0], 0xAA);
    assert_false(place->settings.secret_key_given);
    assert_int_equal(place->settings.language, LANGUAGE_EN);
}

static void a_missing_file_matters_when_it_was_named(void **state)
{
    struct place *place = *state;
    fault_init(&place->fault);
    assert_int_equal(settings_read(&place->options, &place->surroundings, LANGUAGE_EN,
                                   &place->settings, &place->fault),
                     LT_NOT_FOUND);
    place->options.values[OPTION_CONFIG] = NULL;
    place->surroundings.home = place->folder;
    fault_init(&place->fault);
    assert_int_equal(settings_read(&place->options, &place->surroundings, LANGUAGE_EN,
                                   &place->settings, &place->fault),
                     LT_OK);
    assert_string_equal(place->settings.endpoint, "");
    assert_false(place->settings.secret_key_given);
}

static void typos_are_named(void **state)
{
    struct place *place = *state;
    assert_int_equal(read_text(place, "# mine\nendpont: tcp://127.0.0.1:7760\n"), LT_CONFIG_BAD);
    assert_string_equal(place->fault.field, "endpont");
    assert_int_equal(place->fault.line, 2);
    assert_non_null(strstr(place->fault.detail, "did you mean \"endpoint\""));
    assert_int_equal(read_text(place, "language: fr\n"), LT_CONFIG_BAD);
    assert_non_null(strstr(place->fault.detail, "vi, en"));
}

static void secrets_must_be_secret(void **state)
{
    struct place *place = *state;
    char text[256];
    snprintf(text, sizeof(text), "secret_key: %s\n", place->secret);
    assert_int_equal(chmod(place->secret, 0644), 0);
    assert_int_equal(read_text(place, text), LT_SECRET_READABLE);
    assert_int_equal(read_text(place, "secret_key: nobody.key\n"), LT_NOT_FOUND);
    assert_int_equal(read_text(place, "server_key: nobody.pub\n"), LT_NOT_FOUND);
}

static void languages_have_names(void **state)
{
    (void)state;
    enum language language = LANGUAGE_VI;
    assert_true(language_read(&language, "en"));
    assert_int_equal(language, LANGUAGE_EN);
    assert_true(language_read(&language, "vi"));
    assert_int_equal(language, LANGUAGE_VI);
    assert_false(language_read(&language, "VI"));
    assert_false(language_read(&language, ""));
    assert_false(language_read(&language, NULL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(everything_is_read),
        TEST(options_win),
        TEST(a_missing_file_matters_when_it_was_named),
        TEST(typos_are_named),
        TEST(secrets_must_be_secret),
        cmocka_unit_test(languages_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
