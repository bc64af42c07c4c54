/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The words of the command line, sorted into options and the rest. All options of all commands
 * share one table, so that one name means one thing everywhere; which of them a command takes is
 * decided after the command is known, because options may stand before it.
 *
 * Nothing is copied: values point into argv. At most WORDS_MAX words that are no options.
 */
#include <assert.h>
#include <string.h>

#include "options.h"
#include "proto/base/text.h"

static const struct {
    const char *text;
    bool value;
} table[OPTIONS_END] = {
#define OPTION(name, text, value) [OPTION_##name] = {text, value},
    OPTIONS_TABLE
#undef OPTION
};

static_assert(OPTIONS_END <= 64, "options are bits of one number");

const char *option_text(enum option option)
{
    return table[option].text;
}

/* The option of a name of `size` bytes, or OPTIONS_END. */
static enum option find(const char *name, size_t size)
{
    for (unsigned i = 0; i < OPTIONS_END; i++) {
        if (strlen(table[i].text) == size && memcmp(table[i].text, name, size) == 0) {
            return (enum option)i;
        }
    }
    return OPTIONS_END;
}

/* An option that begins as `name` begins: the typo is most often further on. */
static const char *nearest(const char *name, size_t size)
{
    for (size_t front = size < 3 ? size : size - 1; front >= 2; front--) {
        for (unsigned i = 0; i < OPTIONS_END; i++) {
            if (strncmp(table[i].text, name, front) == 0) {
                return table[i].text;
            }
        }
    }
    return "";
}

static enum lt_status option_take(struct options *options, int argc, const char *const *argv,
                                  int *at, struct fault *fault)
{
    const char *word = argv[*at];
    const char *name = strcmp(word, "-h") == 0   ? "help"
                       : strcmp(word, "-o") == 0 ? "output"
                                                 : word + 2;
    size_t size = strcspn(name, "=");
    bool joined = name[size] == '=';
    enum option option = word[1] == '-' || name != word + 2 ? find(name, size) : OPTIONS_END;
    if (option == OPTIONS_END) {
        return fault_set(fault, LT_FIELD_BAD, word, "%s",
                         word[1] == '-' ? nearest(name, size) : "");
    }
    if (options->values[option] != NULL) {
        return fault_set(fault, LT_FIELD_TWICE, word, "%s", "");
    }
    if (!table[option].value) {
        options->values[option] = "";
        return joined ? fault_set(fault, LT_FIELD_BAD, word, "%s", table[option].text) : LT_OK;
    }
    if (joined) {
        options->values[option] = name + size + 1;
        return LT_OK;
    }
    if (*at + 1 >= argc) {
        return fault_set(fault, LT_FIELD_MISSING, word, "%s", "");
    }
    (*at)++;
    options->values[option] = argv[*at];
    return LT_OK;
}

enum lt_status options_read(struct options *ret_options, int argc, const char *const *argv,
                            struct fault *fault)
{
    struct options options;
    memset(&options, 0, sizeof(options));
    bool open = true;
    for (int at = 1; at < argc; at++) {
        const char *word = argv[at];
        if (open && strcmp(word, "--") == 0) {
            open = false;
        } else if (open && word[0] == '-' && word[1] != '\0') {
            enum lt_status status = option_take(&options, argc, argv, &at, fault);
            if (status != LT_OK) {
                return status;
            }
        } else if (options.words_count == WORDS_MAX) {
            return fault_set(fault, LT_FIELD_BAD, word, "> %d", WORDS_MAX);
        } else {
            options.words[options.words_count++] = word;
        }
    }
    *ret_options = options;
    return LT_OK;
}

enum option options_foreign(const struct options *options, uint64_t allowed)
{
    for (unsigned i = 0; i < OPTIONS_END; i++) {
        if (options->values[i] != NULL && (allowed >> i & 1) == 0) {
            return (enum option)i;
        }
    }
    return OPTIONS_END;
}
