/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ltctl, the operator's tool. Main sorts the command line, finds out the language, reads the
 * settings when a command needs the broker, and runs the one row of the command table that the
 * words name. Everything a command does is in a file of its own.
 *
 * Wrong usage is told before anything is dialled. The exit codes are those of ltctl.h.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "help.h"
#include "ltctl.h"
#include "proto/base/clock_os.h"

#define SAID_MAX 512

static void language_find(struct ltctl *ltctl)
{
    ltctl->language = LANGUAGE_VI;
    bool known = language_read(&ltctl->language, ltctl->options.values[OPTION_LANG]) ||
                 language_read(&ltctl->language, ltctl->surroundings.language);
    (void)known; /* neither says anything: Vietnamese */
}

static enum exit_code option_complain(const struct ltctl *ltctl, enum lt_status status,
                                      const struct fault *fault)
{
    char said[SAID_MAX];
    if (status == LT_FIELD_MISSING) {
        PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_VALUE, fault->field);
    } else if (status == LT_FIELD_TWICE) {
        PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_TWICE, fault->field);
    } else if (fault->detail[0] != '\0') {
        PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_NEAR, fault->field, fault->detail);
    } else {
        PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_UNKNOWN, fault->field);
    }
    return complain_usage(ltctl, said);
}

/* Options that fit together, and with the command. */
static enum exit_code options_check(struct ltctl *ltctl)
{
    const char *const *values = ltctl->options.values;
    char said[SAID_MAX];
    enum language language;
    if (values[OPTION_LANG] != NULL && !language_read(&language, values[OPTION_LANG])) {
        PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_BAD, "lang", values[OPTION_LANG],
                    "vi, en");
        return complain_usage(ltctl, said);
    }
    if (values[OPTION_JSON] != NULL && values[OPTION_CSV] != NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_MODES_BOTH));
    }
    enum option foreign =
        options_foreign(&ltctl->options, OPTIONS_COMMON | ltctl->command->options);
    if (foreign != OPTIONS_END) {
        PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_FOREIGN, option_text(foreign));
        return complain_usage(ltctl, said);
    }
    if (ltctl->arguments_count < ltctl->command->arguments_min) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_ARGUMENTS_FEW));
    }
    if (ltctl->arguments_count > ltctl->command->arguments_max) {
        PHRASE_FILL(said, sizeof(said), ltctl->language, ARGUMENTS_MANY,
                    ltctl->arguments[ltctl->command->arguments_max]);
        return complain_usage(ltctl, said);
    }
    ltctl->mode = values[OPTION_JSON] != NULL  ? OUTPUT_JSON
                  : values[OPTION_CSV] != NULL ? OUTPUT_CSV
                                               : OUTPUT_TABLE;
    return EXIT_GOOD;
}

static enum exit_code command_complain(const struct ltctl *ltctl)
{
    const struct options *options = &ltctl->options;
    char said[SAID_MAX];
    if (options->words_count == 0) {
        help_all(stderr, ltctl->language, "");
        return EXIT_USAGE;
    }
    PHRASE_FILL(said, sizeof(said), ltctl->language, COMMAND_UNKNOWN, options->words[0]);
    return complain_usage(ltctl, said);
}

static enum exit_code run(struct ltctl *ltctl)
{
    struct fault fault;
    fault_init(&fault);
    enum exit_code code = options_check(ltctl);
    if (code != EXIT_GOOD) {
        return code;
    }
    enum lt_status status = settings_read(&ltctl->options, &ltctl->surroundings, ltctl->language,
                                          &ltctl->settings, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    ltctl->language = ltctl->settings.language;
    code = ltctl->command->run(ltctl);
    connection_close(&ltctl->connection);
    explicit_bzero(&ltctl->settings.secret_key, sizeof(ltctl->settings.secret_key));
    return code;
}

/* "replay plan ..." is "plan ...", and alone it makes one. */
static void replay_plan(struct options *options)
{
    if (options->words_count < 2 || strcmp(options->words[0], "replay") != 0 ||
        strcmp(options->words[1], "plan") != 0) {
        return;
    }
    if (options->words_count == 2) {
        options->words[0] = "plan";
        options->words[1] = "make";
        return;
    }
    options->words_count--;
    memmove(options->words, options->words + 1, options->words_count * sizeof(options->words[0]));
}

static enum exit_code start(struct ltctl *ltctl)
{
    const struct options *options = &ltctl->options;
    uint32_t used;
    replay_plan(&ltctl->options);
    ltctl->command = command_find(options->words, options->words_count, &used);
    ltctl->arguments = options->words + used;
    ltctl->arguments_count = options->words_count - used;
    if (options->values[OPTION_VERSION] != NULL) {
        printf("ltctl %s\n", LT_VERSION);
        return EXIT_GOOD;
    }
    if (options->values[OPTION_HELP] != NULL) {
        if (ltctl->command != NULL) {
            help_command(stdout, ltctl->language, ltctl->command->words);
        } else {
            help_all(stdout, ltctl->language, options->words_count > 0 ? options->words[0] : "");
        }
        return EXIT_GOOD;
    }
    return ltctl->command != NULL ? run(ltctl) : command_complain(ltctl);
}

int main(int argc, char **argv)
{
    struct ltctl ltctl;
    struct fault fault;
    memset(&ltctl, 0, sizeof(ltctl));
    fault_init(&fault);
    ltctl.clock = clock_os();
    ltctl.entropy = entropy_os();
    ltctl.surroundings.home = environment_os("HOME");
    ltctl.surroundings.language = environment_os("LT_LANG");
    ltctl.terminal = isatty(STDOUT_FILENO) == 1;
    enum lt_status status = options_read(&ltctl.options, argc, (const char *const *)argv, &fault);
    language_find(&ltctl);
    return (int)(status == LT_OK ? start(&ltctl) : option_complain(&ltctl, status, &fault));
}
