/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Import files of the registry, CSV or YAML, as lists of entries with their lines. A city's list of
 * agencies comes out of a spreadsheet that somebody typed; so every mistake is told with its line,
 * its column and what is allowed, and a list with one mistake is not used at all.
 *
 * Both forms end in the same two functions, agency_take and route_take, and in one walk for things
 * that stand twice. What only the broker can know (a key of another agency, an unknown receiver) is
 * asked of it later, as a dry run.
 *
 * Limits: IMPORT_BYTES_MAX, AGENCIES_MAX, ROUTES_MAX. Memory: the file, and the entries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/limits.h"
#include "broker/registry/agency.h"
#include "csv.h"
#include "grants.h"
#include "import.h"
#include "proto/base/file.h"
#include "proto/base/map.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define MAP_SEED 0x696d706f7274ULL

/* The columns of both shapes, and the fields of a line behind them. */
enum field {
    FIELD_ID,
    FIELD_NAME,
    FIELD_KIND,
    FIELD_LOCALITY,
    FIELD_PUBLIC_KEY,
    FIELD_CONTACT,
    FIELD_PROCEDURE,
    FIELD_TO,
    FIELD_SEND_KINDS,
    FIELD_SEND_PROCEDURES,
    FIELD_SEND_TO,
    FIELDS_END,
};

static const char *const field_names[FIELDS_END] = {
    "id",        "name", "kind",       "locality",        "public_key", "contact",
    "procedure", "to",   "send_kinds", "send_procedures", "send_to",
};

struct entry {
    const char *values[FIELDS_END]; /* NULL or "": absent */
    int line;
};

/* A list under construction. */
struct building {
    struct import *import;
    uint32_t agencies_room;
    uint32_t routes_room;
    struct import_fault *fault;
};

static enum lt_status wrong_set(struct import_fault *fault, enum import_wrong wrong, int line,
                                const char *field, const char *value, const char *hint)
{
    fault->wrong = wrong;
    fault->line = line;
    text_copy(fault->field, sizeof(fault->field), text_bytes(field));
    text_copy(fault->value, sizeof(fault->value), text_bytes(value));
    text_copy(fault->hint, sizeof(fault->hint), text_bytes(hint));
    return LT_CONFIG_BAD;
}

/* ---- one entry ---- */

static enum lt_status value_take(const struct building *building, const struct entry *entry,
                                 enum field field, char *out, size_t out_size)
{
    const char *value = entry->values[field] != NULL ? entry->values[field] : "";
    if (strlen(value) >= out_size) {
        char limit[24];
        snprintf(limit, sizeof(limit), "%zu", out_size - 1);
        return wrong_set(building->fault, IMPORT_TOO_LONG, entry->line, field_names[field], value,
                         limit);
    }
    memcpy(out, value, strlen(value) + 1);
    return LT_OK;
}

static enum agency_kind kind_of(const char *text)
{
    static const struct {
        const char *name;
        enum agency_kind kind;
    } said[] = {
        {"xã", AGENCY_COMMUNE},    {"phường", AGENCY_COMMUNE}, {"đặc khu", AGENCY_COMMUNE},
        {"sở", AGENCY_DEPARTMENT}, {"bộ", AGENCY_MINISTRY},    {"khác", AGENCY_OTHER},
    };
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        if (strcmp(said[i].name, text) == 0) {
            return said[i].kind;
        }
    }
    return agency_kind_by_name(text_bytes(text));
}

static enum lt_status key_take(const struct building *building, const struct entry *entry,
                               struct agency *agency)
{
    const char *text = entry->values[FIELD_PUBLIC_KEY];
    if (text == NULL || text[0] == '\0') {
        return LT_OK;
    }
    struct lt_key *key = &agency->keys[0].key;
    if (!hex_read(key->bytes, sizeof(key->bytes), text)) {
        return wrong_set(building->fault, IMPORT_VALUE, entry->line, "public_key", text,
                         "64 hex [0-9a-f]");
    }
    agency->keys_count = 1;
    return LT_OK;
}

static enum lt_status rule_set(const struct building *building, const struct entry *entry,
                               const struct fault *fault)
{
    return wrong_set(building->fault, IMPORT_RULE, entry->line, fault->field, fault->detail, "");
}

#define AGENCY_COLUMNS                                                                             \
    "id, name, kind, locality, public_key, contact, send_kinds, send_procedures, send_to"

static bool given(const struct entry *entry, enum field field)
{
    return entry->values[field] != NULL && entry->values[field][0] != '\0';
}

/* What the agency may send, as far as the file says it; the room for lists is made when wanted. */
static enum lt_status grants_take(const struct building *building, const struct entry *entry,
                                  struct import_agency *item)
{
    struct fault fault;
    fault_init(&fault);
    item->kinds_given = given(entry, FIELD_SEND_KINDS);
    item->procedures_given = given(entry, FIELD_SEND_PROCEDURES);
    item->receivers_given = given(entry, FIELD_SEND_TO);
    const char *const *values = entry->values;
    if (item->kinds_given && !grants_kinds(values[FIELD_SEND_KINDS], &item->agency.kinds_denied)) {
        return wrong_set(building->fault, IMPORT_VALUE, entry->line, "send_kinds",
                         values[FIELD_SEND_KINDS], "all, forward result petition ...");
    }
    if (!item->procedures_given && !item->receivers_given) {
        return LT_OK;
    }
    item->rights = calloc(1, sizeof(*item->rights));
    if (item->rights == NULL) {
        return LT_NO_MEMORY;
    }
    if (item->procedures_given && !grants_procedures(values[FIELD_SEND_PROCEDURES], item->rights)) {
        return wrong_set(building->fault, IMPORT_VALUE, entry->line, "send_procedures",
                         values[FIELD_SEND_PROCEDURES], "all, 1.001193 1.00* ...; <= 64");
    }
    if (item->receivers_given && !grants_receivers(values[FIELD_SEND_TO], item->rights)) {
        return wrong_set(building->fault, IMPORT_VALUE, entry->line, "send_to",
                         values[FIELD_SEND_TO], "all, H24.15 H24.1* ...; <= 32");
    }
    return rights_check(item->rights, &fault) == LT_OK ? LT_OK : rule_set(building, entry, &fault);
}

static enum lt_status agency_take(const struct building *building, const struct entry *entry,
                                  struct agency *agency)
{
    struct fault fault;
    fault_init(&fault);
    memset(agency, 0, sizeof(*agency));
    enum lt_status status = value_take(building, entry, FIELD_ID, agency->id, sizeof(agency->id));
    if (status == LT_OK) {
        status = value_take(building, entry, FIELD_NAME, agency->name, sizeof(agency->name));
    }
    if (status == LT_OK) {
        status =
            value_take(building, entry, FIELD_LOCALITY, agency->locality, sizeof(agency->locality));
    }
    if (status == LT_OK) {
        status =
            value_take(building, entry, FIELD_CONTACT, agency->contact, sizeof(agency->contact));
    }
    if (status == LT_OK) {
        status = key_take(building, entry, agency);
    }
    if (status != LT_OK) {
        return status;
    }
    const char *kind = entry->values[FIELD_KIND] != NULL ? entry->values[FIELD_KIND] : "";
    agency->kind = kind_of(kind);
    if (agency->kind == 0) {
        return wrong_set(building->fault, IMPORT_VALUE, entry->line, "kind", kind,
                         "commune, department, ministry, other");
    }
    return agency_check(agency, &fault) == LT_OK ? LT_OK : rule_set(building, entry, &fault);
}

static enum lt_status route_take(const struct building *building, const struct entry *entry,
                                 struct route *route)
{
    struct fault fault;
    char raw[LT_PROCEDURE_MAX + 1];
    fault_init(&fault);
    memset(route, 0, sizeof(*route));
    enum lt_status status = value_take(building, entry, FIELD_PROCEDURE, raw, sizeof(raw));
    if (status == LT_OK) {
        status =
            value_take(building, entry, FIELD_LOCALITY, route->locality, sizeof(route->locality));
    }
    if (status == LT_OK) {
        status = value_take(building, entry, FIELD_TO, route->to, sizeof(route->to));
    }
    if (status != LT_OK) {
        return status;
    }
    procedure_normalise(route->procedure, sizeof(route->procedure), text_bytes(raw));
    const char *kind = entry->values[FIELD_KIND];
    if (kind != NULL && kind[0] != '\0') {
        route->kind = (uint8_t)kind_by_name(text_bytes(kind));
        if (route->kind == LT_KIND_NONE) {
            return wrong_set(building->fault, IMPORT_VALUE, entry->line, "kind", kind,
                             "forward, result, supplement, petition ...");
        }
    }
    return route_check(route, &fault) == LT_OK ? LT_OK : rule_set(building, entry, &fault);
}

/* ---- the lists ---- */

/* Room for one more of `size` bytes; NULL without memory. */
static void *room_make(void *items, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room) {
        return items;
    }
    uint32_t more = *room == 0 ? 64 : *room * 2;
    void *grown = realloc(items, more * size);
    if (grown != NULL) {
        *room = more;
    }
    return grown;
}

static enum lt_status too_many(const struct building *building, int line, uint32_t limit)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", limit);
    return wrong_set(building->fault, IMPORT_TOO_MANY, line, "", "", text);
}

static enum lt_status entry_add(struct building *building, bool route, const struct entry *entry)
{
    struct import *import = building->import;
    if (route) {
        if (import->routes_count == ROUTES_MAX) {
            return too_many(building, entry->line, ROUTES_MAX);
        }
        void *grown = room_make(import->routes, import->routes_count, &building->routes_room,
                                sizeof(import->routes[0]));
        if (grown == NULL) {
            return LT_NO_MEMORY;
        }
        import->routes = grown;
        struct import_route *item = &import->routes[import->routes_count];
        item->line = entry->line;
        enum lt_status status = route_take(building, entry, &item->route);
        import->routes_count += status == LT_OK;
        return status;
    }
    if (import->agencies_count == AGENCIES_MAX) {
        return too_many(building, entry->line, AGENCIES_MAX);
    }
    void *grown = room_make(import->agencies, import->agencies_count, &building->agencies_room,
                            sizeof(import->agencies[0]));
    if (grown == NULL) {
        return LT_NO_MEMORY;
    }
    import->agencies = grown;
    struct import_agency *item = &import->agencies[import->agencies_count];
    memset(item, 0, sizeof(*item));
    item->line = entry->line;
    enum lt_status status = agency_take(building, entry, &item->agency);
    if (status == LT_OK) {
        status = grants_take(building, entry, item);
    }
    if (status != LT_OK) {
        free(item->rights);
        return status;
    }
    import->agencies_count++;
    return LT_OK;
}

/* ---- twice ---- */

/* Puts a key that must be new; the line where it stood first otherwise. */
static enum lt_status once(struct map *map, struct lt_bytes key, int *line, int *ret_before)
{
    const int *before = map_get(map, key);
    if (before != NULL) {
        *ret_before = *before;
        return LT_EXISTS;
    }
    return map_put(map, key, line);
}

static enum lt_status twice_set(struct import_fault *fault, enum import_wrong wrong, int line,
                                int before, const char *value)
{
    fault->line_before = before;
    return wrong_set(fault, wrong, line, "", value, "");
}

static enum lt_status agencies_once(struct import *import, struct import_fault *fault)
{
    struct map *ids = NULL;
    struct map *keys = NULL;
    enum lt_status status = map_open(&ids, import->agencies_count + 1, MAP_SEED);
    if (status == LT_OK) {
        status = map_open(&keys, import->agencies_count + 1, MAP_SEED);
    }
    for (uint32_t i = 0; i < import->agencies_count && status == LT_OK; i++) {
        struct import_agency *item = &import->agencies[i];
        int before = 0;
        status = once(ids, text_bytes(item->agency.id), &item->line, &before);
        if (status == LT_EXISTS) {
            status = twice_set(fault, IMPORT_ID_TWICE, item->line, before, item->agency.id);
        }
        if (status == LT_OK && item->agency.keys_count > 0) {
            const struct lt_key *key = &item->agency.keys[0].key;
            struct lt_bytes bytes = {key->bytes, sizeof(key->bytes)};
            status = once(keys, bytes, &item->line, &before);
            if (status == LT_EXISTS) {
                status = twice_set(fault, IMPORT_KEY_TWICE, item->line, before, item->agency.id);
            }
        }
    }
    map_close(&ids);
    map_close(&keys);
    return status;
}

static int route_order(const void *a, const void *b)
{
    const struct import_route *one = a;
    const struct import_route *other = b;
    int order = memcmp(&one->route, &other->route, sizeof(one->route));
    return order != 0 ? order : (one->line > other->line) - (one->line < other->line);
}

/* Routes are longer than a map's key, so they are sorted: the axis does not mind their order. */
static enum lt_status routes_once(struct import *import, struct import_fault *fault)
{
    if (import->routes_count > 1) {
        qsort(import->routes, import->routes_count, sizeof(import->routes[0]), route_order);
    }
    for (uint32_t i = 1; i < import->routes_count; i++) {
        const struct import_route *before = &import->routes[i - 1];
        const struct import_route *item = &import->routes[i];
        if (memcmp(&before->route, &item->route, sizeof(item->route)) == 0) {
            return twice_set(fault, IMPORT_ROUTE_TWICE, item->line, before->line, item->route.to);
        }
    }
    return LT_OK;
}

/* ---- CSV ---- */

struct heading {
    enum field columns[CSV_FIELDS_MAX];
    uint32_t count;
    bool routes;
};

static enum lt_status header_take(struct heading *heading, char *const *fields, uint32_t count,
                                  int line, struct import_fault *fault)
{
    bool seen[FIELDS_END] = {false};
    for (uint32_t i = 0; i < count; i++) {
        enum field field = FIELD_ID;
        while (field < FIELDS_END && strcmp(fields[i], field_names[field]) != 0) {
            field++;
        }
        if (field == FIELDS_END) {
            return wrong_set(fault, IMPORT_COLUMN_UNKNOWN, line, fields[i], "",
                             AGENCY_COLUMNS " | to, procedure, locality, kind");
        }
        if (seen[field]) {
            return wrong_set(fault, IMPORT_COLUMN_TWICE, line, fields[i], "", "");
        }
        seen[field] = true;
        heading->columns[i] = field;
    }
    heading->count = count;
    heading->routes = !seen[FIELD_ID] && (seen[FIELD_TO] || seen[FIELD_PROCEDURE]);
    static const enum field wanted[2][3] = {
        {FIELD_ID, FIELD_NAME, FIELD_KIND},
        {FIELD_TO, FIELD_TO, FIELD_TO},
    };
    for (size_t i = 0; i < 3; i++) {
        enum field want = wanted[heading->routes][i];
        if (!seen[want]) {
            return wrong_set(fault, IMPORT_COLUMN_MISSING, line, field_names[want], "", "");
        }
    }
    static const enum field strangers[2][7] = {
        {FIELD_PROCEDURE, FIELD_TO, FIELD_TO, FIELD_TO, FIELD_TO, FIELD_TO, FIELD_TO},
        {FIELD_NAME, FIELD_PUBLIC_KEY, FIELD_CONTACT, FIELD_ID, FIELD_SEND_KINDS,
         FIELD_SEND_PROCEDURES, FIELD_SEND_TO},
    };
    for (size_t i = 0; i < 7; i++) {
        enum field stranger = strangers[heading->routes][i];
        if (seen[stranger]) {
            return wrong_set(fault, IMPORT_COLUMN_UNKNOWN, line, field_names[stranger], "",
                             heading->routes ? "to, procedure, locality, kind" : AGENCY_COLUMNS);
        }
    }
    return LT_OK;
}

static enum lt_status record_take(struct building *building, const struct heading *heading,
                                  char *const *fields, uint32_t count, int line)
{
    struct entry entry = {.line = line};
    if (count != heading->count) {
        char found[16];
        char wanted[16];
        snprintf(found, sizeof(found), "%u", count);
        snprintf(wanted, sizeof(wanted), "%u", heading->count);
        return wrong_set(building->fault, IMPORT_FIELDS, line, "", found, wanted);
    }
    for (uint32_t i = 0; i < count; i++) {
        entry.values[heading->columns[i]] = fields[i];
    }
    return entry_add(building, heading->routes, &entry);
}

static enum lt_status csv_take(struct building *building, char *text, size_t size)
{
    struct csv csv;
    struct heading heading = {0};
    char *fields[CSV_FIELDS_MAX];
    uint32_t count = 0;
    int line = 0;
    csv_init(&csv, text, size);
    if (csv_next(&csv, fields, &count, &line) != CSV_RECORD) {
        return wrong_set(building->fault, IMPORT_EMPTY, 1, "", "", "");
    }
    enum lt_status status = header_take(&heading, fields, count, line, building->fault);
    enum csv_result result = CSV_RECORD;
    while (status == LT_OK && result == CSV_RECORD) {
        result = csv_next(&csv, fields, &count, &line);
        if (result == CSV_RECORD) {
            status = record_take(building, &heading, fields, count, line);
        }
    }
    if (status == LT_OK && result != CSV_END) {
        enum import_wrong wrong = result == CSV_CROWDED ? IMPORT_FIELDS : IMPORT_QUOTE;
        status = wrong_set(building->fault, wrong, line, "", "> 32", "");
    }
    return status;
}

/* ---- YAML ---- */

struct yaml_entry {
    char *values[FIELDS_END];
};

struct yaml_lists {
    struct yaml_entry *agencies;
    uint32_t agencies_count;
    struct yaml_entry *routes;
    uint32_t routes_count;
};

#define YAML_FIELD(name, field)                                                                    \
    CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_entry,      \
                           values[field], 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t agency_fields[] = {
    YAML_FIELD("id", FIELD_ID),
    YAML_FIELD("name", FIELD_NAME),
    YAML_FIELD("kind", FIELD_KIND),
    YAML_FIELD("locality", FIELD_LOCALITY),
    YAML_FIELD("public_key", FIELD_PUBLIC_KEY),
    YAML_FIELD("contact", FIELD_CONTACT),
    YAML_FIELD("send_kinds", FIELD_SEND_KINDS),
    YAML_FIELD("send_procedures", FIELD_SEND_PROCEDURES),
    YAML_FIELD("send_to", FIELD_SEND_TO),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t route_fields[] = {
    YAML_FIELD("to", FIELD_TO),
    YAML_FIELD("procedure", FIELD_PROCEDURE),
    YAML_FIELD("locality", FIELD_LOCALITY),
    YAML_FIELD("kind", FIELD_KIND),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t agency_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_entry, agency_fields),
};

static const cyaml_schema_value_t route_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_entry, route_fields),
};

static const cyaml_schema_field_t list_fields[] = {
    CYAML_FIELD_SEQUENCE("agencies", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_lists,
                         agencies, &agency_schema, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("routes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_lists,
                         routes, &route_schema, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t lists_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_lists, list_fields),
};

static enum lt_status yaml_list_take(struct building *building, const struct yamlfile *file,
                                     bool routes, const struct yaml_entry *items, uint32_t count)
{
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < count && status == LT_OK; i++) {
        char path[32];
        struct entry entry;
        snprintf(path, sizeof(path), "%s[%u]", routes ? "routes" : "agencies", i + 1);
        for (size_t field = 0; field < FIELDS_END; field++) {
            entry.values[field] = items[i].values[field];
        }
        entry.line = yamlfile_line(file, path);
        status = entry_add(building, routes, &entry);
    }
    return status;
}

static enum lt_status yaml_take(struct building *building, const char *text, size_t size)
{
    struct yamlfile *file = NULL;
    void *value = NULL;
    struct yamlfile_fault *wrong = &building->fault->yaml;
    const struct lt_bytes bytes = {(const uint8_t *)text, size};
    enum lt_status status = yamlfile_open(&file, bytes, wrong);
    if (status == LT_OK) {
        status = yamlfile_load(file, &lists_schema, &value, wrong);
    }
    if (status != LT_OK) {
        yamlfile_close(&file);
        return status != LT_CONFIG_BAD
                   ? status
                   : wrong_set(building->fault, IMPORT_YAML, wrong->line, wrong->path, "", "");
    }
    const struct yaml_lists *lists = value;
    status = yaml_list_take(building, file, false, lists->agencies, lists->agencies_count);
    if (status == LT_OK) {
        status = yaml_list_take(building, file, true, lists->routes, lists->routes_count);
    }
    yamlfile_free(&lists_schema, value);
    yamlfile_close(&file);
    return status;
}

/* ---- reading ---- */

/* The first line that is no UTF-8 or holds a NUL; 0 when all are good. */
static int line_bad(const char *text, size_t size)
{
    int line = 1;
    for (size_t at = 0; at < size; line++) {
        const char *feed = memchr(text + at, '\n', size - at);
        size_t end = feed != NULL ? (size_t)(feed - text) : size;
        if (!utf8_valid((struct lt_bytes){(const uint8_t *)text + at, end - at})) {
            return line;
        }
        at = end + 1;
    }
    return 0;
}

enum lt_status import_read_text(bool yaml, char *text, size_t size, struct import **ret_import,
                                struct import_fault *ret_fault)
{
    struct import *import = calloc(1, sizeof(*import));
    if (import == NULL) {
        return LT_NO_MEMORY;
    }
    struct building building = {.import = import, .fault = ret_fault};
    memset(ret_fault, 0, sizeof(*ret_fault));
    int bad = line_bad(text, size);
    enum lt_status status = LT_OK;
    if (bad != 0) {
        status = wrong_set(ret_fault, IMPORT_NOT_TEXT, bad, "", "", "");
    } else if (yaml) {
        status = yaml_take(&building, text, size);
    } else {
        status = csv_take(&building, text, size);
    }
    if (status == LT_OK && import->agencies_count + import->routes_count == 0) {
        status = wrong_set(ret_fault, IMPORT_EMPTY, 1, "", "", "");
    }
    if (status == LT_OK) {
        status = agencies_once(import, ret_fault);
    }
    if (status == LT_OK) {
        status = routes_once(import, ret_fault);
    }
    if (status != LT_OK) {
        import_close(&import);
        return status;
    }
    *ret_import = import;
    return LT_OK;
}

enum lt_status import_read(const char *path, struct import **ret_import,
                           struct import_fault *ret_fault, struct fault *fault)
{
    uint8_t *content = NULL;
    size_t size = 0;
    enum lt_status status = file_read(path, IMPORT_BYTES_MAX, &content, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    const char *dot = strrchr(path, '.');
    bool yaml = dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
    status = import_read_text(yaml, (char *)content, size, ret_import, ret_fault);
    free(content);
    return status;
}

void import_close(struct import **import_p)
{
    if (*import_p != NULL) {
        for (uint32_t i = 0; i < (*import_p)->agencies_count; i++) {
            free((*import_p)->agencies[i].rights);
        }
        free((*import_p)->agencies);
        free((*import_p)->routes);
        free(*import_p);
        *import_p = NULL;
    }
}

/* ---- words ---- */

void import_sentence(const struct import_fault *fault, enum language language, char *out,
                     size_t out_size)
{
    static const enum phrase phrases[] = {
        [IMPORT_YAML] = PHRASE_IMPORT_YAML,
        [IMPORT_NOT_TEXT] = PHRASE_IMPORT_NOT_TEXT,
        [IMPORT_EMPTY] = PHRASE_IMPORT_EMPTY,
        [IMPORT_COLUMN_UNKNOWN] = PHRASE_IMPORT_COLUMN_UNKNOWN,
        [IMPORT_COLUMN_MISSING] = PHRASE_IMPORT_COLUMN_MISSING,
        [IMPORT_COLUMN_TWICE] = PHRASE_IMPORT_COLUMN_TWICE,
        [IMPORT_FIELDS] = PHRASE_IMPORT_FIELDS,
        [IMPORT_QUOTE] = PHRASE_IMPORT_QUOTE,
        [IMPORT_TOO_LONG] = PHRASE_IMPORT_TOO_LONG,
        [IMPORT_VALUE] = PHRASE_IMPORT_VALUE,
        [IMPORT_RULE] = PHRASE_IMPORT_RULE,
        [IMPORT_ID_TWICE] = PHRASE_IMPORT_ID_TWICE,
        [IMPORT_KEY_TWICE] = PHRASE_IMPORT_KEY_TWICE,
        [IMPORT_ROUTE_TWICE] = PHRASE_IMPORT_ROUTE_TWICE,
        [IMPORT_TOO_MANY] = PHRASE_IMPORT_TOO_MANY,
    };
    char before[16];
    char yaml[256] = "";
    snprintf(before, sizeof(before), "%d", fault->line_before);
    if (fault->wrong == IMPORT_YAML) {
        yamlfile_sentence(&fault->yaml, language == LANGUAGE_VI ? YAMLFILE_VI : YAMLFILE_EN, yaml,
                          sizeof(yaml));
    }
    const char *values[] = {fault->field, fault->value, fault->hint, before, yaml};
    phrase_fill(out, out_size, phrase(language, phrases[fault->wrong]), values, 5);
}
