/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * YAML that people write, held against a schema by libcyaml. libcyaml says what is wrong in log
 * lines and a backtrace, but it counts lines from the value before; so the text is parsed a second
 * time by libyaml alone, whose document knows the line of every key, and the backtrace only gives
 * the path. Both parsers read the same bytes, so a path of the one is a path of the other.
 *
 * The words of a fault are made here, in both languages, because a typo in a configuration is the
 * most common failure of a first day: which key, which line, what was perhaps meant.
 *
 * Limits: the caller bounds the text; libyaml bounds the depth. Aliases are refused: nothing people
 * write here needs them, and they are the way to make a small file large. Memory is the libraries'
 * own, freed by yamlfile_close and yamlfile_free.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "text.h"
#include "yamlfile.h"

#define FRAMES_MAX     8
#define FRAME_BYTES    40
#define HINT_DISTANCE  2
#define HINT_KEY_BYTES 32 /* keys of our schemas are shorter */

struct yamlfile {
    struct lt_bytes text;
    yaml_document_t tree;
};

/* What libcyaml said: its sentence, then where, innermost first ("name" or "[n]"). */
struct capture {
    char words[160];
    char frames[FRAMES_MAX][FRAME_BYTES];
    uint32_t count;
};

/* ---- words ---- */

struct words {
    const char *vi;
    const char *en;
};

static const struct words sentences[YAMLFILE_WRONG_END] = {
    [YAMLFILE_SYNTAX] = {"cú pháp YAML sai", "not YAML"},
    [YAMLFILE_EMPTY] = {"tệp trống", "the file is empty"},
    [YAMLFILE_DOCUMENTS] = {"chỉ được có một tài liệu YAML", "only one YAML document is allowed"},
    [YAMLFILE_ALIAS] = {"không dùng bí danh YAML (*)", "YAML aliases (*) are not allowed"},
    [YAMLFILE_KEY_UNKNOWN] = {"không có khóa này", "no such key"},
    [YAMLFILE_KEY_MISSING] = {"thiếu khóa bắt buộc", "a required key is missing"},
    [YAMLFILE_KEY_TWICE] = {"khóa viết hai lần", "the key stands twice"},
    [YAMLFILE_NOT_NUMBER] = {"phải là số nguyên", "a whole number is wanted"},
    [YAMLFILE_NOT_TEXT] = {"phải là một giá trị đơn", "a single value is wanted"},
    [YAMLFILE_NOT_LIST] = {"phải là danh sách", "a list is wanted"},
    [YAMLFILE_NOT_MAPPING] = {"phải là nhóm khóa: giá trị", "a group of key: value is wanted"},
    [YAMLFILE_TOO_LONG] = {"giá trị quá dài", "the value is too long"},
    [YAMLFILE_TOO_SHORT] = {"giá trị quá ngắn", "the value is too short"},
    [YAMLFILE_TOO_MANY] = {"danh sách có quá nhiều mục", "the list has too many entries"},
    [YAMLFILE_TOO_FEW] = {"danh sách có quá ít mục", "the list has too few entries"},
    [YAMLFILE_VALUE_BAD] = {"giá trị không dùng được", "the value is not allowed"},
};

void yamlfile_sentence(const struct yamlfile_fault *fault, enum yamlfile_language language,
                       char *out, size_t out_size)
{
    const struct words *words = &sentences[fault->wrong];
    const char *sentence = language == YAMLFILE_VI ? words->vi : words->en;
    const char *lead = language == YAMLFILE_VI ? "được dùng: " : "allowed: ";
    const char *tail = "";
    if (fault->wrong == YAMLFILE_KEY_UNKNOWN) {
        lead = language == YAMLFILE_VI ? "có phải là \"" : "did you mean \"";
        tail = "\"?";
    }
    bool value = fault->value[0] != '\0';
    bool hint = fault->hint[0] != '\0';
    char text[512];
    snprintf(text, sizeof(text), "%s%s%s%s%s%s%s%s", sentence, value ? ": \"" : "", fault->value,
             value ? "\"" : "", hint ? "; " : "", hint ? lead : "", fault->hint, hint ? tail : "");
    text_copy(out, out_size, text_bytes(text));
}

static enum lt_status wrong_set(struct yamlfile_fault *fault, enum yamlfile_wrong wrong,
                                const char *path, const char *value, const char *hint, int line)
{
    fault->wrong = wrong;
    text_copy(fault->path, sizeof(fault->path), text_bytes(path));
    text_copy(fault->value, sizeof(fault->value), text_bytes(value));
    text_copy(fault->hint, sizeof(fault->hint), text_bytes(hint));
    fault->line = line;
    return LT_CONFIG_BAD;
}

/* ---- lines ---- */

static int mark_line(const yaml_node_t *node)
{
    return (int)node->start_mark.line + 1;
}

/* The value of a key, and the line of that key; the last one when it stands more than once. */
static yaml_node_t *entry_of_mapping(yaml_document_t *tree, const yaml_node_t *mapping,
                                     struct lt_bytes name, int *ret_line)
{
    yaml_node_t *found = NULL;
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(tree, pair->key);
        if (key->type != YAML_SCALAR_NODE) {
            continue;
        }
        struct lt_bytes text = {key->data.scalar.value, key->data.scalar.length};
        if (bytes_equal(text, name)) {
            found = yaml_document_get_node(tree, pair->value);
            *ret_line = mark_line(key);
        }
    }
    return found;
}

static yaml_node_t *entry_of_sequence(yaml_document_t *tree, const yaml_node_t *sequence,
                                      unsigned long number, int *ret_line)
{
    size_t count =
        (size_t)(sequence->data.sequence.items.top - sequence->data.sequence.items.start);
    if (number < 1 || number > count) {
        return NULL;
    }
    yaml_node_t *node =
        yaml_document_get_node(tree, sequence->data.sequence.items.start[number - 1]);
    *ret_line = mark_line(node);
    return node;
}

int yamlfile_line(const struct yamlfile *file, const char *path)
{
    yaml_document_t tree = file->tree;
    yaml_node_t *node = yaml_document_get_root_node(&tree);
    int line = mark_line(node);
    const char *at = path;
    while (node != NULL && *at != '\0') {
        if (*at == '[' && node->type == YAML_SEQUENCE_NODE) {
            char *end;
            node = entry_of_sequence(&tree, node, strtoul(at + 1, &end, 10), &line);
            at = end + (*end == ']');
        } else if (*at != '[' && node->type == YAML_MAPPING_NODE) {
            size_t size = strcspn(at, ".[");
            struct lt_bytes name = {(const uint8_t *)at, size};
            node = entry_of_mapping(&tree, node, name, &line);
            at += size;
        } else {
            break;
        }
        at += *at == '.';
    }
    return line;
}

bool yamlfile_has(const struct yamlfile *file, const char *key)
{
    yaml_document_t tree = file->tree;
    const yaml_node_t *root = yaml_document_get_root_node(&tree);
    int line;
    return root->type == YAML_MAPPING_NODE &&
           entry_of_mapping(&tree, root, text_bytes(key), &line) != NULL;
}

/* ---- parsing ---- */

static enum lt_status parser_fault(const yaml_parser_t *parser, struct yamlfile_fault *ret_fault)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        return LT_NO_MEMORY;
    }
    int line = (int)parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) {
        line = 0;
    }
    return wrong_set(ret_fault, YAMLFILE_SYNTAX, "", parser->problem, "", line);
}

/* libyaml's reader knows the byte, not the line, of what is not UTF-8. */
static int line_of_offset(struct lt_bytes text, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset && i < text.size; i++) {
        line += text.data[i] == '\n';
    }
    return line;
}

static enum lt_status tree_load(yaml_parser_t *parser, struct yamlfile *file,
                                struct yamlfile_fault *ret_fault)
{
    if (!yaml_parser_load(parser, &file->tree)) {
        memset(&file->tree, 0, sizeof(file->tree));
        enum lt_status status = parser_fault(parser, ret_fault);
        if (parser->error == YAML_READER_ERROR) {
            ret_fault->line = line_of_offset(file->text, parser->problem_offset);
        }
        return status;
    }
    if (yaml_document_get_root_node(&file->tree) == NULL) {
        return wrong_set(ret_fault, YAMLFILE_EMPTY, "", "", "", 1);
    }
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second)) {
        return parser_fault(parser, ret_fault);
    }
    const yaml_node_t *root = yaml_document_get_root_node(&second);
    int line = root != NULL ? mark_line(root) : 0;
    yaml_document_delete(&second);
    return line == 0 ? LT_OK : wrong_set(ret_fault, YAMLFILE_DOCUMENTS, "", "", "", line);
}

enum lt_status yamlfile_open(struct yamlfile **ret_file, struct lt_bytes text,
                             struct yamlfile_fault *ret_fault)
{
    struct yamlfile *file = calloc(1, sizeof(*file));
    yaml_parser_t parser;
    if (file == NULL || !yaml_parser_initialize(&parser)) {
        free(file);
        return LT_NO_MEMORY;
    }
    file->text = text;
    yaml_parser_set_input_string(&parser, text.data, text.size);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    enum lt_status status = tree_load(&parser, file, ret_fault);
    yaml_parser_delete(&parser);
    if (status != LT_OK) {
        yamlfile_close(&file);
        return status;
    }
    *ret_file = file;
    return LT_OK;
}

void yamlfile_close(struct yamlfile **file_p)
{
    if (*file_p != NULL) {
        yaml_document_delete(&(*file_p)->tree);
        free(*file_p);
        *file_p = NULL;
    }
}

/* ---- what libcyaml says ---- */

/* "  in mapping field 'data' (line: ..." gives data, "  in sequence entry '2' ..." gives [2]. */
static void frame_take(struct capture *capture, const char *line)
{
    char *frame = capture->frames[capture->count++];
    const char *start = strchr(line, '\'');
    const char *end = start != NULL ? strchr(start + 1, '\'') : NULL;
    if (end == NULL) {
        return; /* a mapping that has no field yet */
    }
    bool entry = strstr(line, "entry '") != NULL;
    snprintf(frame, FRAME_BYTES, entry ? "[%.*s]" : "%.*s", (int)(end - start - 1), start + 1);
}

LT_PRINTF(3, 0)
static void capture_line(cyaml_log_t level, void *context, const char *format, va_list args)
{
    (void)level;
    struct capture *capture = context;
    char line[256];
    vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "  in ", 5) == 0) {
        if (capture->count < FRAMES_MAX) {
            frame_take(capture, line);
        }
    } else if (capture->words[0] == '\0') {
        const char *words = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
        text_copy(capture->words, sizeof(capture->words), text_bytes(words));
    }
}

static void path_add(char *path, size_t path_size, const char *part)
{
    size_t used = strlen(path);
    if (used > 0 && part[0] != '[' && part[0] != '\0' && used + 1 < path_size) {
        path[used++] = '.';
    }
    text_copy(path + used, path_size - used, text_bytes(part));
}

/* From the outermost frame inwards, without the `skipped` innermost ones. */
static void path_write(const struct capture *capture, uint32_t skipped, char *path,
                       size_t path_size)
{
    path[0] = '\0';
    for (uint32_t i = capture->count; i > skipped; i--) {
        path_add(path, path_size, capture->frames[i - 1]);
    }
}

static enum yamlfile_wrong wrong_value(const char *words)
{
    if (strncmp(words, "Expecting STRING", 16) == 0) {
        return YAMLFILE_NOT_TEXT;
    }
    if (strncmp(words, "Expecting SEQUENCE", 18) == 0) {
        return YAMLFILE_NOT_LIST;
    }
    if (strncmp(words, "Expecting MAPPING", 17) == 0) {
        return YAMLFILE_NOT_MAPPING;
    }
    bool number = strstr(words, "INT") != NULL || strstr(words, "int64_t") != NULL;
    return number ? YAMLFILE_NOT_NUMBER : YAMLFILE_VALUE_BAD;
}

static enum yamlfile_wrong wrong_of(cyaml_err_t error, const char *words)
{
    switch (error) {
    case CYAML_ERR_INVALID_KEY:
        return YAMLFILE_KEY_UNKNOWN;
    case CYAML_ERR_MAPPING_FIELD_MISSING:
        return YAMLFILE_KEY_MISSING;
    case CYAML_ERR_ALIAS:
    case CYAML_ERR_INVALID_ALIAS:
        return YAMLFILE_ALIAS;
    case CYAML_ERR_STRING_LENGTH_MAX:
        return YAMLFILE_TOO_LONG;
    case CYAML_ERR_STRING_LENGTH_MIN:
        return YAMLFILE_TOO_SHORT;
    case CYAML_ERR_SEQUENCE_ENTRIES_MAX:
        return YAMLFILE_TOO_MANY;
    case CYAML_ERR_SEQUENCE_ENTRIES_MIN:
        return YAMLFILE_TOO_FEW;
    case CYAML_ERR_UNEXPECTED_EVENT:
        return strstr(words, "already seen") != NULL ? YAMLFILE_KEY_TWICE : YAMLFILE_SYNTAX;
    default:
        return wrong_value(words);
    }
}

/* Letters to change, add or drop to make one word of the other; any large number when far. */
static size_t distance(const char *a, const char *b)
{
    size_t row[HINT_KEY_BYTES + 1];
    size_t b_size = strlen(b);
    if (b_size > HINT_KEY_BYTES) {
        return SIZE_MAX;
    }
    for (size_t n = 0; n <= b_size; n++) {
        row[n] = n;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t n = 0; n < b_size; n++) {
            size_t change = diagonal + (a[i] != b[n]);
            size_t shift = (row[n] < row[n + 1] ? row[n] : row[n + 1]) + 1;
            diagonal = row[n + 1];
            row[n + 1] = change < shift ? change : shift;
        }
    }
    return row[b_size];
}

/* The key of the schema, at any depth, that is nearest to what was written. */
static const char *key_nearest(const cyaml_schema_value_t *schema, const char *written,
                               const char *best)
{
    if (schema->type == CYAML_SEQUENCE || schema->type == CYAML_SEQUENCE_FIXED) {
        return key_nearest(schema->sequence.entry, written, best);
    }
    if (schema->type != CYAML_MAPPING) {
        return best;
    }
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key != NULL; field++) {
        size_t near = distance(written, field->key);
        if (near <= HINT_DISTANCE && near < strlen(field->key) &&
            (best == NULL || near < distance(written, best))) {
            best = field->key;
        }
        best = key_nearest(&field->value, written, best);
    }
    return best;
}

/* What stands behind ": " in libcyaml's sentence, without its quotes. */
static void value_of(const char *words, char *out, size_t out_size)
{
    const char *colon = strncmp(words, "Expecting", 9) == 0 ? NULL : strstr(words, ": ");
    struct lt_bytes value = text_bytes(colon != NULL ? colon + 2 : "");
    if (value.size >= 2 && value.data[0] == '\'' && value.data[value.size - 1] == '\'') {
        value.data++;
        value.size -= 2;
    }
    text_copy(out, out_size, value);
}

static enum lt_status cyaml_fault(const struct yamlfile *file, const cyaml_schema_value_t *schema,
                                  cyaml_err_t error, const struct capture *capture,
                                  struct yamlfile_fault *ret_fault)
{
    if (error == CYAML_ERR_OOM) {
        return LT_NO_MEMORY;
    }
    enum yamlfile_wrong wrong = wrong_of(error, capture->words);
    char value[sizeof(ret_fault->value)];
    char path[sizeof(ret_fault->path)];
    value_of(capture->words, value, sizeof(value));
    bool of_key = wrong == YAMLFILE_KEY_UNKNOWN || wrong == YAMLFILE_KEY_MISSING ||
                  wrong == YAMLFILE_KEY_TWICE;
    bool of_list = (wrong == YAMLFILE_TOO_MANY || wrong == YAMLFILE_TOO_FEW) &&
                   capture->count > 0 && capture->frames[0][0] == '[';
    path_write(capture, of_key || of_list ? 1 : 0, path, sizeof(path));
    const char *hint = NULL;
    if (of_key) {
        path_add(path, sizeof(path), value);
        hint = wrong == YAMLFILE_KEY_UNKNOWN ? key_nearest(schema, value, NULL) : NULL;
        value[0] = '\0';
    }
    return wrong_set(ret_fault, wrong, path, value, hint, yamlfile_line(file, path));
}

enum lt_status yamlfile_load(const struct yamlfile *file, const cyaml_schema_value_t *schema,
                             void **ret_value, struct yamlfile_fault *ret_fault)
{
    struct capture capture;
    memset(&capture, 0, sizeof(capture));
    const cyaml_config_t config = {
        .log_fn = capture_line,
        .log_ctx = &capture,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    cyaml_data_t *value = NULL;
    cyaml_err_t error =
        cyaml_load_data(file->text.data, file->text.size, &config, schema, &value, NULL);
    if (error != CYAML_OK) {
        return cyaml_fault(file, schema, error, &capture, ret_fault);
    }
    if (value == NULL) {
        return wrong_set(ret_fault, YAMLFILE_EMPTY, "", "", "", 1);
    }
    *ret_value = value;
    return LT_OK;
}

void yamlfile_free(const cyaml_schema_value_t *schema, void *value)
{
    const cyaml_config_t config = {.mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR};
    cyaml_err_t error = cyaml_free(&config, schema, value, 0);
    (void)error; /* fails for a wrong schema only, and loading took the same */
}

enum lt_status yamlfile_value_bad(const struct yamlfile *file, struct yamlfile_fault *ret_fault,
                                  const char *path, const char *value, const char *hint)
{
    return wrong_set(ret_fault, YAMLFILE_VALUE_BAD, path, value, hint, yamlfile_line(file, path));
}
