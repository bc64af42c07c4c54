/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The broker's configuration file as a struct: defaults, the schema, and the rules that a schema
 * cannot say (addresses, ranges, names used twice). Everything wrong is LT_CONFIG_BAD with the key
 * in fault->field, its line in fault->line and a sentence with file name and hint in fault->detail;
 * the first fault ends the reading and the caller's struct stays as it was. The secret key's file
 * is looked at too, because a broker that starts with a readable secret will go on with it for
 * years: LT_SECRET_READABLE, LT_NOT_FOUND.
 *
 * Limits: 256 KiB of text, CONFIG_OPERATORS_MAX people, CONFIG_LISTEN_MAX addresses.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_valid.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/base/yamlfile.h"
#include "proto/note.h"

#define CONFIG_BYTES_MAX   (256 * 1024)
#define DAY_MS             86400000
#define LOG_ORIGIN_MAX     100
#define OPERATOR_ROLES_END (OPERATOR_REGISTRAR + 1)

/* The file as libcyaml fills it. */
struct person_text {
    char name[64];
    char public_key[65];
    char role[16];
    char from[40];
    char to[40];
    char agencies[CONFIG_SCOPE_MAX][LT_AGENCY_ID_MAX + 2];
    uint32_t agencies_count;
};

struct config_text {
    char data[256];
    char listen[CONFIG_LISTEN_MAX][128];
    uint32_t listen_count;
    char blob_listen[128];
    char blob_public[128];
    char enrol_listen[128];
    char secret_key[256];
    char secret_key_next[256];
    char listen_next[128];
    char blob_listen_next[128];
    char blob_public_next[128];
    char log_origin[128];
    char log_signing_key[256];
    char log_signing_key_next[256];
    struct person_text operators[CONFIG_OPERATORS_MAX];
    uint32_t operators_count;
    char sensitive[CONFIG_SENSITIVE_MAX][LT_PROCEDURE_MAX + 2];
    uint32_t sensitive_count;
    char log_level[8];
    /* Wide and signed, so that the ranges below and not a cast decide. */
    int64_t free_low_mib;
    int64_t disk_alarm_days;
    int64_t agency_share_mib;
    int64_t attempts_max;
    int64_t backoff_first_ms;
    int64_t settle_timeout_s;
    int64_t line_incident_minutes;
    int64_t status_deadline_days;
    int64_t stuck_hours;
    int64_t plan_items_max;
    int64_t plan_second_person_over;
    int64_t blob_quota_mib;
    int64_t blob_bandwidth_kib_s;
    int64_t blob_bandwidth_office_kib_s;
    int64_t restore_minutes;
    char seals[16];
    char trust_list[256];
    char trust_crl[256];
    int64_t crl_grace_hours;
    int64_t enrol_hours;
    int64_t scrub_kib_s;
    int64_t log_checkpoint_ms;
    char timestamp_url[256];
    char timestamp_trust[256];
    char timestamp_policy[64];
    int64_t timestamp_hours;
    int64_t io_threads;
};

/* The numbers of the file: where they stand, what they may be, what they are when absent. */
struct number {
    const char *key;
    size_t text_offset;
    size_t config_offset;
    uint32_t least;
    uint32_t most;
    uint32_t normal;
};

#define NUMBER(name, least, most, normal)                                                          \
    {                                                                                              \
#name, offsetof(struct config_text, name), offsetof(struct config, name), least, most,     \
            normal                                                                                 \
    }

static const struct number numbers[] = {
    NUMBER(free_low_mib, 0, 1024 * 1024, 256),
    NUMBER(disk_alarm_days, 0, 3660, 14),
    NUMBER(agency_share_mib, 0, 64 * 1024 * 1024, 8192),
    NUMBER(attempts_max, 1, 1000, 8),
    NUMBER(backoff_first_ms, 10, 600000, 2000),
    NUMBER(settle_timeout_s, 1, 86400, 600),
    NUMBER(line_incident_minutes, 0, 44640, 15),
    NUMBER(status_deadline_days, 0, 3660, 30),
    NUMBER(stuck_hours, 0, 8784, 24),
    NUMBER(plan_items_max, 1, 1000000, 200000),
    NUMBER(plan_second_person_over, 0, 1000000, 100),
    NUMBER(blob_quota_mib, 1, 64 * 1024 * 1024, 20480),
    NUMBER(blob_bandwidth_kib_s, 0, 16 * 1024 * 1024, 0),
    NUMBER(blob_bandwidth_office_kib_s, 0, 16 * 1024 * 1024, 0),
    NUMBER(restore_minutes, 0, 10080, 15),
    NUMBER(crl_grace_hours, 0, 720, 72),
    NUMBER(enrol_hours, 1, 8784, 72),
    NUMBER(scrub_kib_s, 0, 1024 * 1024, 1024),
    NUMBER(log_checkpoint_ms, 0, 60000, 200),
    NUMBER(timestamp_hours, 1, 720, 24),
    NUMBER(io_threads, 1, 16, 1),
};
#define NUMBERS_COUNT (sizeof(numbers) / sizeof(numbers[0]))

static const cyaml_schema_value_t scope_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_DEFAULT, char[LT_AGENCY_ID_MAX + 2], 1, LT_AGENCY_ID_MAX + 1),
};

static const cyaml_schema_value_t sensitive_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_DEFAULT, char[LT_PROCEDURE_MAX + 2], 1, LT_PROCEDURE_MAX + 1),
};

static const cyaml_schema_field_t person_fields[] = {
    CYAML_FIELD_STRING("name", CYAML_FLAG_DEFAULT, struct person_text, name, 1),
    CYAML_FIELD_STRING("public_key", CYAML_FLAG_DEFAULT, struct person_text, public_key, 1),
    CYAML_FIELD_STRING("role", CYAML_FLAG_DEFAULT, struct person_text, role, 1),
    CYAML_FIELD_STRING("from", CYAML_FLAG_OPTIONAL, struct person_text, from, 0),
    CYAML_FIELD_STRING("to", CYAML_FLAG_OPTIONAL, struct person_text, to, 0),
    CYAML_FIELD_SEQUENCE("agencies", CYAML_FLAG_OPTIONAL, struct person_text, agencies,
                         &scope_schema, 0, CONFIG_SCOPE_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t person_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct person_text, person_fields),
};

static const cyaml_schema_value_t listen_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_DEFAULT, char[128], 1, 127),
};

#define FIELD_TEXT(name)   CYAML_FIELD_STRING(#name, CYAML_FLAG_OPTIONAL, struct config_text, name, 0)
#define FIELD_NUMBER(name) CYAML_FIELD_INT(#name, CYAML_FLAG_OPTIONAL, struct config_text, name)

static const cyaml_schema_field_t config_fields[] = {
    CYAML_FIELD_STRING("data", CYAML_FLAG_DEFAULT, struct config_text, data, 1),
    CYAML_FIELD_SEQUENCE("listen", CYAML_FLAG_DEFAULT, struct config_text, listen, &listen_schema,
                         1, CONFIG_LISTEN_MAX),
    FIELD_TEXT(blob_listen),
    FIELD_TEXT(blob_public),
    FIELD_TEXT(enrol_listen),
    CYAML_FIELD_STRING("secret_key", CYAML_FLAG_DEFAULT, struct config_text, secret_key, 1),
    FIELD_TEXT(secret_key_next),
    FIELD_TEXT(listen_next),
    FIELD_TEXT(blob_listen_next),
    FIELD_TEXT(blob_public_next),
    CYAML_FIELD_SEQUENCE("operators", CYAML_FLAG_OPTIONAL, struct config_text, operators,
                         &person_schema, 0, CONFIG_OPERATORS_MAX),
    CYAML_FIELD_SEQUENCE("sensitive_procedures", CYAML_FLAG_OPTIONAL, struct config_text, sensitive,
                         &sensitive_schema, 0, CONFIG_SENSITIVE_MAX),
    FIELD_TEXT(log_level),
    FIELD_TEXT(log_origin),
    FIELD_TEXT(log_signing_key),
    FIELD_TEXT(log_signing_key_next),
    FIELD_NUMBER(free_low_mib),
    FIELD_NUMBER(disk_alarm_days),
    FIELD_NUMBER(agency_share_mib),
    FIELD_NUMBER(attempts_max),
    FIELD_NUMBER(backoff_first_ms),
    FIELD_NUMBER(settle_timeout_s),
    FIELD_NUMBER(line_incident_minutes),
    FIELD_NUMBER(status_deadline_days),
    FIELD_NUMBER(stuck_hours),
    FIELD_NUMBER(plan_items_max),
    FIELD_NUMBER(plan_second_person_over),
    FIELD_NUMBER(blob_quota_mib),
    FIELD_NUMBER(blob_bandwidth_kib_s),
    FIELD_NUMBER(blob_bandwidth_office_kib_s),
    FIELD_NUMBER(restore_minutes),
    FIELD_TEXT(seals),
    FIELD_TEXT(trust_list),
    FIELD_TEXT(trust_crl),
    FIELD_NUMBER(crl_grace_hours),
    FIELD_NUMBER(enrol_hours),
    FIELD_NUMBER(scrub_kib_s),
    FIELD_NUMBER(log_checkpoint_ms),
    FIELD_TEXT(timestamp_url),
    FIELD_TEXT(timestamp_trust),
    FIELD_TEXT(timestamp_policy),
    FIELD_NUMBER(timestamp_hours),
    FIELD_NUMBER(io_threads),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config_text, config_fields),
};

/* What one reading needs at hand. */
struct reading {
    const struct yamlfile *file;
    const struct config_text *text;
    struct yamlfile_fault *fault;
};

static const char *const role_names[OPERATOR_ROLES_END] = {
    [OPERATOR_AUDITOR] = "auditor",     [OPERATOR_VIEWER] = "viewer",
    [OPERATOR_OPERATOR] = "operator",   [OPERATOR_APPROVER] = "approver",
    [OPERATOR_REGISTRAR] = "registrar",
};

const char *operator_role_name(enum operator_role role)
{
    bool known = role >= OPERATOR_AUDITOR && role < OPERATOR_ROLES_END;
    return known ? role_names[role] : "";
}

/* ---- addresses ---- */

static enum lt_status addresses_take(const struct reading *reading, struct config *config)
{
    const struct config_text *text = reading->text;
    static const char hint[] = "tcp://0.0.0.0:7760";
    for (uint32_t i = 0; i < text->listen_count; i++) {
        char path[32];
        snprintf(path, sizeof(path), "listen[%u]", i + 1);
        bool twice = false;
        for (uint32_t n = 0; n < i; n++) {
            twice |= strcmp(text->listen[n], text->listen[i]) == 0;
        }
        if (twice || !config_address_valid(text->listen[i], true)) {
            return yamlfile_value_bad(reading->file, reading->fault, path, text->listen[i], hint);
        }
        memcpy(config->listen[i], text->listen[i], sizeof(config->listen[i]));
    }
    config->listen_count = text->listen_count;
    if (text->blob_listen[0] != '\0') {
        memcpy(config->blob_listen, text->blob_listen, sizeof(config->blob_listen));
    }
    if (!config_address_valid(config->blob_listen, true)) {
        return yamlfile_value_bad(reading->file, reading->fault, "blob_listen", config->blob_listen,
                                  "tcp://0.0.0.0:7761");
    }
    memcpy(config->blob_public, text->blob_public, sizeof(config->blob_public));
    if (config->blob_public[0] != '\0' && !config_address_valid(config->blob_public, false)) {
        return yamlfile_value_bad(reading->file, reading->fault, "blob_public", config->blob_public,
                                  "tcp://HOST:7761");
    }
    memcpy(config->enrol_listen, text->enrol_listen, sizeof(config->enrol_listen));
    if (config->enrol_listen[0] != '\0' && !config_address_valid(config->enrol_listen, true)) {
        return yamlfile_value_bad(reading->file, reading->fault, "enrol_listen",
                                  config->enrol_listen, "tcp://0.0.0.0:7762");
    }
    return LT_OK;
}

/* ---- people ---- */

static enum operator_role role_by_name(const char *name)
{
    for (unsigned role = OPERATOR_AUDITOR; role < OPERATOR_ROLES_END; role++) {
        if (strcmp(role_names[role], name) == 0) {
            return (enum operator_role)role;
        }
    }
    return (enum operator_role)0;
}

static enum lt_status scope_take(const struct reading *reading, uint32_t index,
                                 struct operator_entry *entry)
{
    const struct person_text *text = &reading->text->operators[index];
    for (uint32_t i = 0; i < text->agencies_count; i++) {
        if (!config_scope_valid(text->agencies[i])) {
            char path[64];
            snprintf(path, sizeof(path), "operators[%u].agencies[%u]", index + 1, i + 1);
            return yamlfile_value_bad(reading->file, reading->fault, path, text->agencies[i],
                                      "H24.15, H24.1*");
        }
        memcpy(entry->scope[i], text->agencies[i], sizeof(entry->scope[i]));
    }
    entry->scope_count = text->agencies_count;
    return LT_OK;
}

/* A day of the axis (+07:00), or an instant; "" gives 0. `end`: of a day its end is meant. */
static bool date_read(const char *text, bool end, int64_t *ret_ms)
{
    char whole[64];
    bool day = strlen(text) == sizeof("2026-09-30") - 1;
    int64_t ms = 0;
    if (text[0] == '\0') {
        *ret_ms = 0;
        return true;
    }
    snprintf(whole, sizeof(whole), "%s%s", text, day ? "T00:00:00+07:00" : "");
    if (!time_read(&ms, whole) || ms <= 0) {
        return false;
    }
    *ret_ms = ms + (day && end ? DAY_MS : 0);
    return true;
}

static enum lt_status dates_take(const struct reading *reading, uint32_t index,
                                 struct operator_entry *entry)
{
    const struct person_text *text = &reading->text->operators[index];
    char path[48];
    if (!date_read(text->from, false, &entry->from_ms)) {
        snprintf(path, sizeof(path), "operators[%u].from", index + 1);
        return yamlfile_value_bad(reading->file, reading->fault, path, text->from,
                                  "2026-09-30, 2026-09-30T08:00:00+07:00");
    }
    bool good = date_read(text->to, true, &entry->to_ms);
    if (!good || (entry->to_ms != 0 && entry->to_ms <= entry->from_ms)) {
        snprintf(path, sizeof(path), "operators[%u].to", index + 1);
        return yamlfile_value_bad(reading->file, reading->fault, path, text->to,
                                  good ? "after `from`" : "2026-09-30, 2026-09-30T08:00:00+07:00");
    }
    return LT_OK;
}

bool operator_in_time(const struct operator_entry *person, int64_t now_ms)
{
    return person->from_ms <= now_ms && (person->to_ms == 0 || now_ms < person->to_ms);
}

bool operator_may_touch(const struct operator_entry *person, const char *agency_id)
{
    bool may = person->scope_count == 0;
    for (uint32_t i = 0; i < person->scope_count && !may; i++) {
        const char *pattern = person->scope[i];
        size_t size = strlen(pattern);
        bool open = pattern[size - 1] == '*';
        may = open ? strncmp(agency_id, pattern, size - 1) == 0 && agency_id[0] != '\0'
                   : strcmp(agency_id, pattern) == 0;
    }
    return may;
}

static enum lt_status operator_take(const struct reading *reading, struct config *config,
                                    uint32_t index)
{
    const struct person_text *text = &reading->text->operators[index];
    struct operator_entry entry;
    memset(&entry, 0, sizeof(entry));
    const char *key = NULL;
    const char *value = text->name;
    const char *hint = "";
    entry.role = role_by_name(text->role);
    if (!config_operator_name_valid(text->name)) {
        key = "name";
        hint = "1..54 of [A-Za-z0-9._-]";
    } else if (config_operator(config, text->name) != NULL) {
        key = "name";
        hint = "each name once";
    } else if (!hex_read(entry.key.bytes, sizeof(entry.key.bytes), text->public_key)) {
        key = "public_key";
        value = text->public_key;
        hint = "64 hex digits";
    } else if (entry.role == 0) {
        key = "role";
        value = text->role;
        hint = "viewer, operator, approver, registrar, auditor";
    }
    for (uint32_t i = 0; i < config->operators_count && key == NULL; i++) {
        if (memcmp(&config->operators[i].key, &entry.key, sizeof(entry.key)) == 0) {
            key = "public_key";
            value = text->public_key;
            hint = "each key once";
        }
    }
    if (key != NULL) {
        char path[48];
        snprintf(path, sizeof(path), "operators[%u].%s", index + 1, key);
        return yamlfile_value_bad(reading->file, reading->fault, path, value, hint);
    }
    enum lt_status status = dates_take(reading, index, &entry);
    if (status == LT_OK) {
        status = scope_take(reading, index, &entry);
    }
    if (status != LT_OK) {
        return status;
    }
    memcpy(entry.name, text->name, sizeof(entry.name));
    config->operators[config->operators_count++] = entry;
    return LT_OK;
}

/* ---- sensitive procedures ---- */

static enum lt_status sensitive_take(const struct reading *reading, struct config *config)
{
    const struct config_text *text = reading->text;
    for (uint32_t i = 0; i < text->sensitive_count; i++) {
        if (!config_sensitive_valid(text->sensitive[i])) {
            char path[48];
            snprintf(path, sizeof(path), "sensitive_procedures[%u]", i + 1);
            return yamlfile_value_bad(reading->file, reading->fault, path, text->sensitive[i],
                                      "3.000333, 3.0003*");
        }
        memcpy(config->sensitive[i], text->sensitive[i], sizeof(config->sensitive[i]));
    }
    config->sensitive_count = text->sensitive_count;
    return LT_OK;
}

bool config_sensitive(const struct config *config, struct lt_bytes procedure)
{
    bool found = false;
    for (uint32_t i = 0; i < config->sensitive_count && !found; i++) {
        struct lt_bytes line = text_bytes(config->sensitive[i]);
        bool open = line.data[line.size - 1] == '*';
        line.size -= open;
        found =
            open ? procedure.size >= line.size && memcmp(procedure.data, line.data, line.size) == 0
                 : bytes_equal(procedure, line);
    }
    return found;
}

/* ---- numbers and words ---- */

static enum lt_status numbers_take(const struct reading *reading, struct config *config)
{
    for (size_t i = 0; i < NUMBERS_COUNT; i++) {
        const struct number *number = &numbers[i];
        if (!yamlfile_has(reading->file, number->key)) {
            continue; /* libcyaml leaves 0 there, which may be a wish of its own */
        }
        int64_t value;
        memcpy(&value, (const char *)reading->text + number->text_offset, sizeof(value));
        if (value < number->least || value > number->most) {
            char text[32];
            char hint[48];
            snprintf(text, sizeof(text), "%lld", (long long)value);
            snprintf(hint, sizeof(hint), "%u..%u", number->least, number->most);
            return yamlfile_value_bad(reading->file, reading->fault, number->key, text, hint);
        }
        uint32_t taken = (uint32_t)value;
        memcpy((char *)config + number->config_offset, &taken, sizeof(taken));
    }
    return LT_OK;
}

/* The next key of the broker and where it answers: all of it or nothing. */
static enum lt_status next_take(const struct reading *reading, struct config *config)
{
    const struct config_text *text = reading->text;
    const struct {
        const char *name;
        const char *value;
        const char *hint;
        bool optional;
    } words[] = {
        {"listen_next", text->listen_next, "tcp://0.0.0.0:7770", false},
        {"blob_listen_next", text->blob_listen_next, "tcp://0.0.0.0:7771", false},
        {"blob_public_next", text->blob_public_next, "tcp://HOST:7771", true},
    };
    bool wanted = text->secret_key_next[0] != '\0';
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        bool there = words[i].value[0] != '\0';
        bool right = there ? wanted && config_address_valid(words[i].value, !words[i].optional)
                           : !wanted || words[i].optional;
        if (!right) {
            return yamlfile_value_bad(reading->file, reading->fault,
                                      wanted ? words[i].name : "secret_key_next",
                                      wanted ? words[i].value : "",
                                      wanted ? words[i].hint : "/etc/lienthong/broker-2.key");
        }
    }
    memcpy(config->secret_key_next, text->secret_key_next, sizeof(config->secret_key_next));
    memcpy(config->listen_next, text->listen_next, sizeof(config->listen_next));
    memcpy(config->blob_listen_next, text->blob_listen_next, sizeof(config->blob_listen_next));
    memcpy(config->blob_public_next, text->blob_public_next, sizeof(config->blob_public_next));
    return LT_OK;
}

/* Who must seal, and where trust comes from. */
static enum lt_status seals_take(const struct reading *reading, struct config *config)
{
    const struct config_text *text = reading->text;
    memcpy(config->trust_list, text->trust_list, sizeof(config->trust_list));
    memcpy(config->trust_crl, text->trust_crl, sizeof(config->trust_crl));
    config->seals_required = strcmp(text->seals, "required") == 0;
    if (text->seals[0] != '\0' && !config->seals_required &&
        strcmp(text->seals, "registered") != 0) {
        return yamlfile_value_bad(reading->file, reading->fault, "seals", text->seals,
                                  "registered, required");
    }
    return LT_OK;
}

static enum lt_status words_take(const struct reading *reading, struct config *config)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const struct config_text *text = reading->text;
    memcpy(config->data, text->data, sizeof(config->data));
    memcpy(config->secret_key, text->secret_key, sizeof(config->secret_key));
    if (text->log_level[0] == '\0') {
        return LT_OK;
    }
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(levels[i], text->log_level) == 0) {
            memcpy(config->log_level, text->log_level, sizeof(config->log_level));
            return LT_OK;
        }
    }
    return yamlfile_value_bad(reading->file, reading->fault, "log_level", text->log_level,
                              "debug, info, warn, error");
}

/* The log has its name and key, whatever the file says of them. */
static enum lt_status log_take(const struct reading *reading, struct config *config)
{
    const struct config_text *text = reading->text;
    if (text->log_signing_key[0] != '\0') {
        memcpy(config->log_signing_key, text->log_signing_key, sizeof(text->log_signing_key));
    } else {
        snprintf(config->log_signing_key, sizeof(config->log_signing_key), "%s/log.key",
                 config->data);
    }
    memcpy(config->log_signing_key_next, text->log_signing_key_next,
           sizeof(config->log_signing_key_next));
    if (strcmp(config->log_signing_key, config->log_signing_key_next) == 0) {
        return yamlfile_value_bad(reading->file, reading->fault, "log_signing_key_next",
                                  text->log_signing_key_next, "/etc/lienthong/log-2.key");
    }
    if (text->log_origin[0] == '\0') {
        return LT_OK;
    }
    /* Room for the incarnation behind it. */
    if (strlen(text->log_origin) > LOG_ORIGIN_MAX ||
        !note_name_valid(text_bytes(text->log_origin))) {
        return yamlfile_value_bad(reading->file, reading->fault, "log_origin", text->log_origin,
                                  "truc.example/log");
    }
    memcpy(config->log_origin, text->log_origin, sizeof(config->log_origin));
    return LT_OK;
}

static enum lt_status stamps_take(const struct reading *reading, struct config *config)
{
    const struct config_text *text = reading->text;
    const char *url = text->timestamp_url;
    if (url[0] != '\0' && !config_url_valid(url)) {
        return yamlfile_value_bad(reading->file, reading->fault, "timestamp_url", url,
                                  "http://tsa.example/tsa");
    }
    if (url[0] != '\0' && text->timestamp_trust[0] == '\0') {
        return yamlfile_value_bad(reading->file, reading->fault, "timestamp_trust", "",
                                  "/etc/lienthong/tsa.pem");
    }
    memcpy(config->timestamp_url, url, sizeof(config->timestamp_url));
    memcpy(config->timestamp_trust, text->timestamp_trust, sizeof(config->timestamp_trust));
    memcpy(config->timestamp_policy, text->timestamp_policy, sizeof(config->timestamp_policy));
    return LT_OK;
}

static void config_init(struct config *config)
{
    memset(config, 0, sizeof(*config));
    snprintf(config->blob_listen, sizeof(config->blob_listen), "tcp://0.0.0.0:7761");
    snprintf(config->log_level, sizeof(config->log_level), "info");
    snprintf(config->log_origin, sizeof(config->log_origin), "lienthong/log");
    for (size_t i = 0; i < NUMBERS_COUNT; i++) {
        memcpy((char *)config + numbers[i].config_offset, &numbers[i].normal, sizeof(uint32_t));
    }
}

static enum lt_status config_take(const struct reading *reading, struct config *config)
{
    enum lt_status status = words_take(reading, config);
    if (status == LT_OK) {
        status = seals_take(reading, config);
    }
    if (status == LT_OK) {
        status = addresses_take(reading, config);
    }
    if (status == LT_OK) {
        status = next_take(reading, config);
    }
    if (status == LT_OK) {
        status = numbers_take(reading, config);
    }
    if (status == LT_OK) {
        status = log_take(reading, config);
    }
    if (status == LT_OK) {
        status = stamps_take(reading, config);
    }
    if (status == LT_OK) {
        status = sensitive_take(reading, config);
    }
    for (uint32_t i = 0; i < reading->text->operators_count && status == LT_OK; i++) {
        status = operator_take(reading, config, i);
    }
    return status;
}

/* ---- reading ---- */

static enum lt_status text_read(struct lt_bytes content, struct config *config,
                                struct yamlfile_fault *wrong)
{
    struct yamlfile *file = NULL;
    void *value = NULL;
    enum lt_status status = yamlfile_open(&file, content, wrong);
    if (status != LT_OK) {
        return status;
    }
    status = yamlfile_load(file, &config_schema, &value, wrong);
    if (status == LT_OK) {
        const struct reading reading = {file, value, wrong};
        status = config_take(&reading, config);
        yamlfile_free(&config_schema, value);
    }
    yamlfile_close(&file);
    return status;
}

static enum lt_status config_fault(const char *path, const struct yamlfile_fault *wrong,
                                   struct fault *fault)
{
    char sentence[160];
    yamlfile_sentence(wrong, YAMLFILE_EN, sentence, sizeof(sentence));
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

enum lt_status config_read(const char *path, struct config *ret_config, struct fault *fault)
{
    uint8_t *content = NULL;
    size_t size = 0;
    enum lt_status status = file_read(path, CONFIG_BYTES_MAX, &content, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    struct config config;
    struct yamlfile_fault wrong;
    memset(&wrong, 0, sizeof(wrong));
    config_init(&config);
    status = text_read((struct lt_bytes){content, size}, &config, &wrong);
    free(content);
    if (status == LT_CONFIG_BAD) {
        return config_fault(path, &wrong, fault);
    }
    if (status == LT_OK) {
        status = file_secret(config.secret_key, fault);
    }
    if (status == LT_OK && config.secret_key_next[0] != '\0') {
        status = file_secret(config.secret_key_next, fault);
    }
    if (status == LT_OK) {
        *ret_config = config;
    }
    return status;
}

const struct operator_entry *config_operator(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->operators_count; i++) {
        if (strcmp(config->operators[i].name, name) == 0) {
            return &config->operators[i];
        }
    }
    return NULL;
}
