/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The operator's own settings: address of the broker, the broker's public key and the operator's
 * secret. They come from a small YAML file and from options, which win. Keys are read here, so that
 * everything wrong with them is said before anything is dialled.
 *
 * The secret never stands in the YAML file itself: it is a path, and the file behind it must be
 * readable by its owner alone. Limits: 64 KiB of text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/base/yamlfile.h"
#include "proto/keyfile.h"
#include "settings.h"

#define SETTINGS_BYTES_MAX (64 * 1024)
#define PATH_BYTES         512

struct settings_text {
    char endpoint[256];
    char server_key[PATH_BYTES];
    char secret_key[PATH_BYTES];
    char language[16];
};

#define FIELD(name) CYAML_FIELD_STRING(#name, CYAML_FLAG_OPTIONAL, struct settings_text, name, 1)

static const cyaml_schema_field_t fields[] = {
    FIELD(endpoint), FIELD(server_key), FIELD(secret_key), FIELD(language), CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct settings_text, fields),
};

bool language_read(enum language *ret_language, const char *text)
{
    if (text == NULL || (strcmp(text, "vi") != 0 && strcmp(text, "en") != 0)) {
        return false;
    }
    *ret_language = text[0] == 'v' ? LANGUAGE_VI : LANGUAGE_EN;
    return true;
}

enum lt_status public_key_read(const char *text, struct lt_key *ret_key, struct fault *fault)
{
    if (hex_read(ret_key->bytes, sizeof(ret_key->bytes), text)) {
        return LT_OK;
    }
    return keyfile_read_public(text, ret_key, fault);
}

/* A path of the file is taken from the folder of that file. */
static void path_join(char *out, size_t out_size, const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    int folder = path[0] == '/' || slash == NULL ? 0 : (int)(slash - file) + 1;
    snprintf(out, out_size, "%.*s%s", folder, file, path);
}

static enum lt_status wrong_settings(const char *path, const struct yamlfile_fault *wrong,
                                     enum language language, struct fault *fault)
{
    char sentence[160];
    yamlfile_sentence(wrong, language == LANGUAGE_VI ? YAMLFILE_VI : YAMLFILE_EN, sentence,
                      sizeof(sentence));
    const char *slash = strrchr(path, '/');
    char name[40];
    text_copy(name, sizeof(name), text_bytes(slash != NULL ? slash + 1 : path));
    enum lt_status status =
        fault_set(fault, LT_CONFIG_BAD, wrong->path, "%s:%d: %s", name, wrong->line, sentence);
    if (fault != NULL) {
        fault->line = wrong->line;
    }
    return status;
}

/* The values of the file, or none of them. */
static enum lt_status content_take(struct lt_bytes content, struct settings_text *text,
                                   struct yamlfile_fault *wrong)
{
    struct yamlfile *file = NULL;
    void *value = NULL;
    enum lt_status status = yamlfile_open(&file, content, wrong);
    if (status != LT_OK) {
        return status;
    }
    status = yamlfile_load(file, &schema, &value, wrong);
    if (status == LT_OK) {
        memcpy(text, value, sizeof(*text));
        yamlfile_free(&schema, value);
        enum language language;
        if (text->language[0] != '\0' && !language_read(&language, text->language)) {
            status = yamlfile_value_bad(file, wrong, "language", text->language, "vi, en");
        }
    }
    yamlfile_close(&file);
    return status;
}

static enum lt_status file_take(const char *path, bool wanted, enum language language,
                                struct settings_text *text, struct fault *fault)
{
    uint8_t *content = NULL;
    size_t size = 0;
    struct fault missing;
    fault_init(&missing);
    enum lt_status status = file_read(path, SETTINGS_BYTES_MAX, &content, &size, &missing);
    if (status == LT_NOT_FOUND && !wanted) {
        return LT_OK;
    }
    if (status != LT_OK) {
        return fault_set(fault, status, path, "%s", missing.detail);
    }
    struct yamlfile_fault wrong;
    memset(&wrong, 0, sizeof(wrong));
    status = content_take((struct lt_bytes){content, size}, text, &wrong);
    free(content);
    return status == LT_CONFIG_BAD ? wrong_settings(path, &wrong, language, fault) : status;
}

static enum lt_status server_key_take(const char *given, const char *path,
                                      const struct settings_text *text, struct settings *settings,
                                      struct fault *fault)
{
    char joined[2 * PATH_BYTES];
    struct lt_key ignored;
    if (given == NULL && text->server_key[0] == '\0') {
        return LT_OK;
    }
    if (given == NULL && !hex_read(ignored.bytes, sizeof(ignored.bytes), text->server_key)) {
        path_join(joined, sizeof(joined), path, text->server_key);
        given = joined;
    }
    enum lt_status status =
        public_key_read(given != NULL ? given : text->server_key, &settings->server_key, fault);
    settings->server_key_given = status == LT_OK;
    return status;
}

static enum lt_status secret_key_take(const char *given, const char *path,
                                      const struct settings_text *text, struct settings *settings,
                                      struct fault *fault)
{
    char joined[2 * PATH_BYTES];
    if (given == NULL && text->secret_key[0] == '\0') {
        return LT_OK;
    }
    if (given == NULL) {
        path_join(joined, sizeof(joined), path, text->secret_key);
        given = joined;
    }
    enum lt_status status = keyfile_read_secret(given, &settings->secret_key, fault);
    settings->secret_key_given = status == LT_OK;
    return status;
}

enum lt_status settings_read(const struct options *options, const struct surroundings *surroundings,
                             enum language language, struct settings *ret_settings,
                             struct fault *fault)
{
    struct settings settings;
    struct settings_text text;
    memset(&settings, 0, sizeof(settings));
    memset(&text, 0, sizeof(text));
    settings.language = language;
    char path[PATH_BYTES] = "";
    const char *given = options->values[OPTION_CONFIG];
    if (given != NULL || surroundings->home != NULL) {
        snprintf(path, sizeof(path), "%s%s", given != NULL ? given : surroundings->home,
                 given != NULL ? "" : "/.config/lienthong/ltctl.yaml");
        enum lt_status status = file_take(path, given != NULL, language, &text, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    bool chosen = options->values[OPTION_LANG] != NULL || surroundings->language != NULL;
    if (!chosen && text.language[0] != '\0') {
        settings.language = text.language[0] == 'v' ? LANGUAGE_VI : LANGUAGE_EN;
    }
    const char *endpoint = options->values[OPTION_ENDPOINT];
    text_copy(settings.endpoint, sizeof(settings.endpoint),
              text_bytes(endpoint != NULL ? endpoint : text.endpoint));
    enum lt_status status =
        server_key_take(options->values[OPTION_SERVER_KEY], path, &text, &settings, fault);
    if (status == LT_OK) {
        status = secret_key_take(options->values[OPTION_KEY], path, &text, &settings, fault);
    }
    if (status == LT_OK) {
        *ret_settings = settings;
    }
    explicit_bzero(&settings.secret_key, sizeof(settings.secret_key));
    return status;
}
