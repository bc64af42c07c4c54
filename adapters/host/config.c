/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The adapter's configuration file as a struct: defaults, schema, and the rules a schema cannot
 * say: addresses, names used twice, tokens that are too short or shared, an agency that nobody
 * serves. The first fault ends the reading and the caller gets nothing; it names key, line and what
 * is allowed, in the language asked for.
 *
 * A token in the file makes the file itself a secret: it must not be readable by everybody then.
 * Key files are looked at by `lt-adapter check` and when a client opens, not here, so that a
 * configuration can be checked on another machine.
 *
 * Limits: 1 MiB of text, CONFIG_AGENCIES_MAX agencies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/base/yamlfile.h"

#define CONFIG_BYTES_MAX (1024 * 1024)
#define TOKEN_FILE_BYTES 512
#define POLL_MS          1000
#define OUTBOX_MIB       1024
#define RECEIPT_WAIT_S   60
#define HEX_KEY_DIGITS   64

/* ---- the file as libcyaml fills it ---- */

struct http_text {
    char listen[128];
    char tls_cert[CONFIG_PATH_BYTES];
    char tls_key[CONFIG_PATH_BYTES];
};

struct spool_text {
    int64_t poll_ms;
};

struct loopback_text {
    bool answer_results;
    int64_t pause_ms;
};

struct drivers_text {
    struct http_text *http;
    struct spool_text *spool;
    struct loopback_text *loopback;
};

struct agency_text {
    char id[CONFIG_PATH_BYTES];
    char key[CONFIG_PATH_BYTES];
    char signing_key[CONFIG_PATH_BYTES];
    char token[CONFIG_PATH_BYTES];
    char token_file[CONFIG_PATH_BYTES];
    char folder[CONFIG_PATH_BYTES];
    char wake_url[CONFIG_PATH_BYTES];
    char held_url[CONFIG_PATH_BYTES];
    bool loopback;
    int64_t blob_kib_s;
    int64_t outbox_mib;
};

struct config_text {
    char endpoint[CONFIG_PATH_BYTES];
    char blob_endpoint[CONFIG_PATH_BYTES];
    char enrol_endpoint[CONFIG_PATH_BYTES];
    char server_key[CONFIG_PATH_BYTES];
    char data[CONFIG_PATH_BYTES];
    char log_key[CONFIG_LOG_KEY_BYTES];
    int64_t receipt_wait_s;
    bool renew_by_hand;
    char sender_keys[CONFIG_PATH_BYTES];
    char language[16];
    char log_level[16];
    struct drivers_text drivers;
    struct agency_text *agencies;
    uint32_t agencies_count;
};

#define TEXT(type, name)     CYAML_FIELD_STRING(#name, CYAML_FLAG_OPTIONAL, struct type, name, 0)
#define REQUIRED(type, name) CYAML_FIELD_STRING(#name, CYAML_FLAG_DEFAULT, struct type, name, 1)
#define NUMBER(type, name)   CYAML_FIELD_INT(#name, CYAML_FLAG_OPTIONAL, struct type, name)
#define FLAG(type, name)     CYAML_FIELD_BOOL(#name, CYAML_FLAG_OPTIONAL, struct type, name)
#define GROUP(type, name, fields)                                                                  \
    CYAML_FIELD_MAPPING_PTR(#name, CYAML_FLAG_OPTIONAL, struct type, name, fields)

static const cyaml_schema_field_t http_fields[] = {
    REQUIRED(http_text, listen),
    TEXT(http_text, tls_cert),
    TEXT(http_text, tls_key),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t spool_fields[] = {
    NUMBER(spool_text, poll_ms),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t loopback_fields[] = {
    FLAG(loopback_text, answer_results),
    NUMBER(loopback_text, pause_ms),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t drivers_fields[] = {
    GROUP(drivers_text, http, http_fields),
    GROUP(drivers_text, spool, spool_fields),
    GROUP(drivers_text, loopback, loopback_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t agency_fields[] = {
    REQUIRED(agency_text, id),       REQUIRED(agency_text, key),
    TEXT(agency_text, signing_key),  TEXT(agency_text, token),
    TEXT(agency_text, token_file),   TEXT(agency_text, folder),
    TEXT(agency_text, wake_url),     TEXT(agency_text, held_url),
    FLAG(agency_text, loopback),     NUMBER(agency_text, blob_kib_s),
    NUMBER(agency_text, outbox_mib), CYAML_FIELD_END,
};

static const cyaml_schema_value_t agency_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct agency_text, agency_fields),
};

static const cyaml_schema_field_t config_fields[] = {
    REQUIRED(config_text, endpoint),
    TEXT(config_text, blob_endpoint),
    TEXT(config_text, enrol_endpoint),
    REQUIRED(config_text, server_key),
    REQUIRED(config_text, data),
    TEXT(config_text, log_key),
    NUMBER(config_text, receipt_wait_s),
    FLAG(config_text, renew_by_hand),
    TEXT(config_text, sender_keys),
    TEXT(config_text, language),
    TEXT(config_text, log_level),
    CYAML_FIELD_MAPPING("drivers", CYAML_FLAG_DEFAULT, struct config_text, drivers, drivers_fields),
    CYAML_FIELD_SEQUENCE("agencies", CYAML_FLAG_POINTER, struct config_text, agencies,
                         &agency_schema, 1, CONFIG_AGENCIES_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config_text, config_fields),
};

/* What one reading needs at hand. */
struct reading {
    const char *path;
    const struct yamlfile *file;
    const struct config_text *text;
    struct yamlfile_fault *wrong;
    struct fault *fault; /* of token files */
};

static enum lt_status value_bad(const struct reading *reading, const char *path, const char *value,
                                const char *hint)
{
    return yamlfile_value_bad(reading->file, reading->wrong, path, value, hint);
}

/* ---- addresses ---- */

static bool port_read(const char *text, uint16_t *ret_port)
{
    size_t digits = strspn(text, "0123456789");
    long number = digits >= 1 && digits <= 5 ? strtol(text, NULL, 10) : -1;
    if (text[digits] != '\0' || number < 0 || number > UINT16_MAX) {
        return false;
    }
    *ret_port = (uint16_t)number;
    return true;
}

bool host_listen_split(const char *listen, char *host, size_t host_size, uint16_t *ret_port)
{
    const char *colon = strrchr(listen, ':');
    if (colon == NULL || colon == listen || !port_read(colon + 1, ret_port)) {
        return false;
    }
    struct lt_bytes name = {(const uint8_t *)listen, (size_t)(colon - listen)};
    bool bracketed = name.size > 2 && listen[0] == '[' && colon[-1] == ']';
    if (bracketed) {
        name.data++;
        name.size -= 2;
    } else if (memchr(listen, ':', name.size) != NULL) {
        return false;
    }
    if (name.size >= host_size) {
        return false;
    }
    text_copy(host, host_size, name);
    return true;
}

bool host_is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

/* tcp://HOST:PORT to dial. */
static bool endpoint_valid(const char *endpoint)
{
    char host[CONFIG_PATH_BYTES];
    uint16_t port = 0;
    return strncmp(endpoint, "tcp://", 6) == 0 &&
           host_listen_split(endpoint + 6, host, sizeof(host), &port) && port > 0 &&
           strcmp(host, "*") != 0 && strcmp(host, "0.0.0.0") != 0 && strchr(host, ' ') == NULL;
}

static enum lt_status addresses_take(const struct reading *reading, struct host_config *config)
{
    const struct config_text *text = reading->text;
    uint8_t key[HEX_KEY_DIGITS / 2];
    static const char hint[] = "tcp://HOST:7760";
    if (!endpoint_valid(text->endpoint)) {
        return value_bad(reading, "endpoint", text->endpoint, hint);
    }
    if (text->blob_endpoint[0] != '\0' && !endpoint_valid(text->blob_endpoint)) {
        return value_bad(reading, "blob_endpoint", text->blob_endpoint, "tcp://HOST:7761");
    }
    if (text->enrol_endpoint[0] != '\0' && !endpoint_valid(text->enrol_endpoint)) {
        return value_bad(reading, "enrol_endpoint", text->enrol_endpoint, "tcp://HOST:7762");
    }
    size_t size = strlen(text->server_key);
    bool is_file = size > 4 && strcmp(text->server_key + size - 4, ".pub") == 0;
    if (!is_file && !hex_read(key, sizeof(key), text->server_key)) {
        return value_bad(reading, "server_key", text->server_key, "64 hex digits, or NAME.pub");
    }
    memcpy(config->endpoint, text->endpoint, sizeof(config->endpoint));
    memcpy(config->blob_endpoint, text->blob_endpoint, sizeof(config->blob_endpoint));
    memcpy(config->enrol_endpoint, text->enrol_endpoint, sizeof(config->enrol_endpoint));
    memcpy(config->server_key, text->server_key, sizeof(config->server_key));
    memcpy(config->data, text->data, sizeof(config->data));
    return LT_OK;
}

static enum lt_status number_take(const struct reading *reading, const char *path, int64_t value,
                                  uint32_t least, uint32_t most, uint32_t *ret_number)
{
    if (value < least || value > most) {
        char text[32];
        char hint[48];
        snprintf(text, sizeof(text), "%lld", (long long)value);
        snprintf(hint, sizeof(hint), "%u..%u", least, most);
        return value_bad(reading, path, text, hint);
    }
    *ret_number = (uint32_t)value;
    return LT_OK;
}

/* Keys: of the axis' log, with how long its receipts may take, of senders, and our own. */
static enum lt_status log_take(const struct reading *reading, struct host_config *config)
{
    const struct config_text *text = reading->text;
    const char *key = text->log_key;
    const char *plus = strchr(key, '+');
    bool line = plus != NULL && plus != key && strchr(plus + 1, '+') != NULL;
    int64_t wait_s = text->receipt_wait_s != 0 ? text->receipt_wait_s : RECEIPT_WAIT_S;
    if (key[0] != '\0' && key[0] != '/' && !line) {
        return value_bad(reading, "log_key", key, "NAME+ID+BASE64, /PATH");
    }
    memcpy(config->log_key, key, sizeof(config->log_key));
    memcpy(config->sender_keys, text->sender_keys, sizeof(config->sender_keys));
    config->renew_by_hand = text->renew_by_hand;
    return number_take(reading, "receipt_wait_s", wait_s, 10, 86400, &config->receipt_wait_s);
}

/* ---- words ---- */

static enum lt_status words_take(const struct reading *reading, struct host_config *config)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const char *language = reading->text->language;
    const char *level = reading->text->log_level;
    bool known = level[0] == '\0';
    if (language[0] != '\0' && strcmp(language, "vi") != 0 && strcmp(language, "en") != 0) {
        return value_bad(reading, "language", language, "vi, en");
    }
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        known = known || strcmp(levels[i], level) == 0;
    }
    if (!known) {
        return value_bad(reading, "log_level", level, "debug, info, warn, error");
    }
    config->language = strcmp(language, "en") == 0 ? HOST_EN : HOST_VI;
    snprintf(config->log_level, sizeof(config->log_level), "%.7s",
             level[0] != '\0' ? level : "info");
    return LT_OK;
}

/* ---- drivers ---- */

static enum lt_status http_take(const struct reading *reading, const struct http_text *text,
                                struct host_config *config)
{
    char host[128];
    uint16_t port = 0;
    if (!host_listen_split(text->listen, host, sizeof(host), &port)) {
        return value_bad(reading, "drivers.http.listen", text->listen, "127.0.0.1:8060");
    }
    bool cert = text->tls_cert[0] != '\0';
    bool key = text->tls_key[0] != '\0';
    if (cert != key) {
        return value_bad(reading, cert ? "drivers.http.tls_cert" : "drivers.http.tls_key",
                         cert ? text->tls_cert : text->tls_key, "tls_cert + tls_key");
    }
    if (!cert && !host_is_loopback(host)) {
        return value_bad(reading, "drivers.http.listen", text->listen,
                         "127.0.0.1, or tls_cert + tls_key");
    }
    config->http = true;
    memcpy(config->listen, text->listen, sizeof(config->listen));
    memcpy(config->tls_cert, text->tls_cert, sizeof(config->tls_cert));
    memcpy(config->tls_key, text->tls_key, sizeof(config->tls_key));
    return LT_OK;
}

static enum lt_status drivers_take(const struct reading *reading, struct host_config *config)
{
    const struct drivers_text *drivers = &reading->text->drivers;
    enum lt_status status = LT_OK;
    if (drivers->http == NULL && drivers->spool == NULL && drivers->loopback == NULL) {
        return value_bad(reading, "drivers", "", "http, spool, loopback");
    }
    if (drivers->http != NULL) {
        status = http_take(reading, drivers->http, config);
    }
    config->spool = drivers->spool != NULL;
    if (status == LT_OK && config->spool) {
        int64_t poll_ms = drivers->spool->poll_ms != 0 ? drivers->spool->poll_ms : POLL_MS;
        status =
            number_take(reading, "drivers.spool.poll_ms", poll_ms, 50, 60000, &config->poll_ms);
    }
    config->loopback = drivers->loopback != NULL;
    if (status == LT_OK && config->loopback) {
        config->answer_results = drivers->loopback->answer_results;
        status = number_take(reading, "drivers.loopback.pause_ms", drivers->loopback->pause_ms, 0,
                             60000, &config->pause_ms);
    }
    return status;
}

/* ---- agencies ---- */

/* "agencies[3].KEY": the key of one agency. */
struct agency_path {
    char text[48];
};

static struct agency_path path_of(uint32_t index, const char *key)
{
    struct agency_path path;
    snprintf(path.text, sizeof(path.text), "agencies[%u].%s", index + 1, key);
    return path;
}

static bool token_valid(const char *token)
{
    size_t size = strlen(token);
    for (size_t i = 0; i < size; i++) {
        if (token[i] <= ' ' || token[i] > '~') {
            return false;
        }
    }
    return size >= CONFIG_TOKEN_LEAST && size <= CONFIG_TOKEN_MOST;
}

static enum lt_status token_file_read(const char *path, char *token, size_t token_size,
                                      struct fault *fault)
{
    uint8_t *content = NULL;
    size_t size = 0;
    enum lt_status status = file_secret(path, fault);
    if (status != LT_OK) {
        return status;
    }
    status = file_read(path, TOKEN_FILE_BYTES, &content, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    while (size > 0 && (content[size - 1] == '\n' || content[size - 1] == '\r')) {
        size--;
    }
    bool fits = size < token_size;
    if (fits) {
        text_copy(token, token_size, (struct lt_bytes){content, size});
    }
    explicit_bzero(content, size);
    free(content);
    return fits ? LT_OK
                : fault_set(fault, LT_CONFIG_BAD, path, "%zu bytes, at most %d", size,
                            CONFIG_TOKEN_MOST);
}

/* A token that stands in the file itself: nobody else may read the file then. */
static enum lt_status inline_token_check(const struct reading *reading)
{
    struct stat info;
    if (stat(reading->path, &info) == 0 && (info.st_mode & S_IROTH) != 0) {
        return fault_set(reading->fault, LT_SECRET_READABLE, reading->path,
                         "chmod o-r, or token_file");
    }
    return LT_OK;
}

/* The fault names the key and its line as well as the file. */
static enum lt_status token_file_take(const struct reading *reading, uint32_t index, char *token,
                                      size_t token_size)
{
    const char *path = reading->text->agencies[index].token_file;
    struct agency_path key = path_of(index, "token_file");
    struct fault inner;
    fault_init(&inner);
    enum lt_status status = token_file_read(path, token, token_size, &inner);
    if (status != LT_OK && reading->fault != NULL) {
        status = fault_set(reading->fault, status, key.text, "%s: %s", path, inner.detail);
        reading->fault->line = yamlfile_line(reading->file, key.text);
    }
    return status;
}

static enum lt_status token_take(const struct reading *reading, uint32_t index,
                                 struct host_agency *agency)
{
    const struct agency_text *text = &reading->text->agencies[index];
    char token[CONFIG_PATH_BYTES] = "";
    const char *key = text->token[0] != '\0' ? "token" : "token_file";
    enum lt_status status = LT_OK;
    if (text->token[0] != '\0' && text->token_file[0] != '\0') {
        return value_bad(reading, path_of(index, "token_file").text, text->token_file,
                         "token | token_file");
    }
    if (text->token[0] != '\0') {
        memcpy(token, text->token, sizeof(token));
        status = inline_token_check(reading);
    } else if (text->token_file[0] != '\0') {
        status = token_file_take(reading, index, token, sizeof(token));
    }
    bool given = text->token[0] != '\0' || text->token_file[0] != '\0';
    if (status == LT_OK && given && !token_valid(token)) {
        status = value_bad(reading, path_of(index, key).text, "",
                           "16..128 printable characters, no blanks");
    }
    if (status == LT_OK) {
        text_copy(agency->token, sizeof(agency->token), text_bytes(token));
    }
    explicit_bzero(token, sizeof(token));
    return status;
}

/* What no two agencies may share. */
static enum lt_status distinct_check(const struct reading *reading,
                                     const struct host_config *config, uint32_t index)
{
    const struct host_agency *agency = &config->agencies[index];
    for (uint32_t i = 0; i < index; i++) {
        const struct host_agency *other = &config->agencies[i];
        if (strcmp(agency->id, other->id) == 0) {
            return value_bad(reading, path_of(index, "id").text, agency->id, "1x");
        }
        if (agency->token[0] != '\0' && strcmp(agency->token, other->token) == 0) {
            return value_bad(reading, path_of(index, "token").text, "", "1 token = 1 id");
        }
        if (agency->folder[0] != '\0' && strcmp(agency->folder, other->folder) == 0) {
            return value_bad(reading, path_of(index, "folder").text, agency->folder, "1x");
        }
    }
    return LT_OK;
}

/* Who serves the agency; nobody is an error, and so is what a driver that is off would need. */
static enum lt_status service_check(const struct reading *reading, struct host_config *config,
                                    uint32_t index)
{
    struct host_agency *agency = &config->agencies[index];
    bool token = agency->token[0] != '\0';
    bool folder = agency->folder[0] != '\0';
    if (token && !config->http) {
        return value_bad(reading, path_of(index, "token").text, "", "drivers.http");
    }
    if (folder && !config->spool) {
        return value_bad(reading, path_of(index, "folder").text, agency->folder, "drivers.spool");
    }
    if (agency->loopback && !config->loopback) {
        return value_bad(reading, path_of(index, "loopback").text, "true", "drivers.loopback");
    }
    if (!token && !folder && !config->loopback) {
        return value_bad(reading, path_of(index, "id").text, agency->id,
                         "+ token, token_file, folder");
    }
    agency->loopback = agency->loopback || (!token && !folder);
    return LT_OK;
}

static enum lt_status url_check(const struct reading *reading, const char *path, const char *url)
{
    bool fits =
        url[0] == '\0' || strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
    return fits ? LT_OK : value_bad(reading, path, url, "http://, https://");
}

static enum lt_status agency_take(const struct reading *reading, struct host_config *config,
                                  uint32_t index)
{
    const struct agency_text *text = &reading->text->agencies[index];
    struct host_agency *agency = &config->agencies[index];
    if (!agency_id_valid(text_bytes(text->id))) {
        return value_bad(reading, path_of(index, "id").text, text->id, "1..35 [0-9A-Z.]");
    }
    enum lt_status status = url_check(reading, path_of(index, "wake_url").text, text->wake_url);
    if (status == LT_OK) {
        status = url_check(reading, path_of(index, "held_url").text, text->held_url);
    }
    if (status != LT_OK) {
        return status;
    }
    text_copy(agency->id, sizeof(agency->id), text_bytes(text->id));
    memcpy(agency->key, text->key, sizeof(agency->key));
    memcpy(agency->signing_key, text->signing_key, sizeof(agency->signing_key));
    memcpy(agency->folder, text->folder, sizeof(agency->folder));
    memcpy(agency->wake_url, text->wake_url, sizeof(agency->wake_url));
    memcpy(agency->held_url, text->held_url, sizeof(agency->held_url));
    agency->loopback = text->loopback;
    status = number_take(reading, path_of(index, "blob_kib_s").text, text->blob_kib_s, 0, 16777216,
                         &agency->blob_kib_s);
    if (status == LT_OK) {
        int64_t outbox_mib = text->outbox_mib != 0 ? text->outbox_mib : OUTBOX_MIB;
        status = number_take(reading, path_of(index, "outbox_mib").text, outbox_mib, 1, 1048576,
                             &agency->outbox_mib);
    }
    if (status == LT_OK) {
        status = token_take(reading, index, agency);
    }
    if (status == LT_OK) {
        status = distinct_check(reading, config, index);
    }
    if (status == LT_OK) {
        status = service_check(reading, config, index);
    }
    return status;
}

static enum lt_status agencies_take(const struct reading *reading, struct host_config *config)
{
    config->agencies = calloc(reading->text->agencies_count, sizeof(*config->agencies));
    if (config->agencies == NULL) {
        return LT_NO_MEMORY;
    }
    config->agencies_count = reading->text->agencies_count;
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < config->agencies_count && status == LT_OK; i++) {
        status = agency_take(reading, config, i);
    }
    return status;
}

bool host_serves(const struct host_agency *agency, const char *driver)
{
    if (strcmp(driver, "http") == 0) {
        return agency->token[0] != '\0';
    }
    if (strcmp(driver, "spool") == 0) {
        return agency->folder[0] != '\0';
    }
    return agency->loopback;
}

/* ---- reading ---- */

static enum lt_status config_take(const struct reading *reading, struct host_config *config)
{
    enum lt_status status = words_take(reading, config);
    if (status == LT_OK) {
        status = addresses_take(reading, config);
    }
    if (status == LT_OK) {
        status = log_take(reading, config);
    }
    if (status == LT_OK) {
        status = drivers_take(reading, config);
    }
    if (status == LT_OK) {
        status = agencies_take(reading, config);
    }
    return status;
}

static enum lt_status text_read(const char *path, struct lt_bytes content,
                                struct host_config *config, struct yamlfile_fault *wrong,
                                struct fault *fault)
{
    struct yamlfile *file = NULL;
    void *value = NULL;
    enum lt_status status = yamlfile_open(&file, content, wrong);
    if (status != LT_OK) {
        return status;
    }
    status = yamlfile_load(file, &config_schema, &value, wrong);
    if (status == LT_OK) {
        const struct reading reading = {path, file, value, wrong, fault};
        status = config_take(&reading, config);
        yamlfile_free(&config_schema, value);
    }
    yamlfile_close(&file);
    return status;
}

static enum lt_status config_fault(const char *path, const struct yamlfile_fault *wrong,
                                   enum host_language language, struct fault *fault)
{
    char sentence[160];
    yamlfile_sentence(wrong, language == HOST_EN ? YAMLFILE_EN : YAMLFILE_VI, sentence,
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

enum lt_status host_config_read(const char *path, enum host_language language,
                                struct host_config **ret_config, struct fault *fault)
{
    uint8_t *content = NULL;
    size_t size = 0;
    enum lt_status status = file_read(path, CONFIG_BYTES_MAX, &content, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    struct yamlfile_fault wrong;
    memset(&wrong, 0, sizeof(wrong));
    struct host_config *config = calloc(1, sizeof(*config));
    if (config == NULL) {
        status = LT_NO_MEMORY;
    } else {
        status = text_read(path, (struct lt_bytes){content, size}, config, &wrong, fault);
    }
    explicit_bzero(content, size);
    free(content);
    if (status == LT_CONFIG_BAD && (fault == NULL || fault->status == LT_OK)) {
        status = config_fault(path, &wrong, language, fault);
    }
    if (status != LT_OK) {
        host_config_free(&config);
        return status;
    }
    *ret_config = config;
    return LT_OK;
}

void host_config_free(struct host_config **config_p)
{
    struct host_config *config = *config_p;
    if (config == NULL) {
        return;
    }
    if (config->agencies != NULL) {
        explicit_bzero(config->agencies, config->agencies_count * sizeof(*config->agencies));
        free(config->agencies);
    }
    free(config);
    *config_p = NULL;
}
