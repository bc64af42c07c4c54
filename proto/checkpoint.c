/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The texts of checkpoints and break statements, written and read. One reader of lines serves both:
 * a line is taken whole or the text is LT_NOTE_BAD. Numbers have no leading zeros, times one form,
 * so that no two texts mean the same checkpoint.
 *
 * Whatever is read here was signed by a key that somebody trusts, or will be refused for want of
 * it; the reader trusts nothing all the same: bounds first, and no line is believed twice.
 */
#include "checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"

#define BREAK_FIRST_LINE "lienthong/break/1"
#define ROOT_TEXT_BYTES  (BASE64_BYTES(sizeof(struct lt_digest)) + 1)
#define LINES_MAX        32

/* ---- writing ---- */

static void root_write(char out[ROOT_TEXT_BYTES], const struct lt_digest *root)
{
    base64_write(out, (struct lt_bytes){root->bytes, sizeof(root->bytes)});
}

struct lt_bytes checkpoint_write(uint8_t *out, const struct checkpoint *checkpoint)
{
    char root[ROOT_TEXT_BYTES], time[TIME_TEXT_BYTES] = "";
    root_write(root, &checkpoint->head.root);
    if (checkpoint->time_ms != 0) {
        time_write(time, checkpoint->time_ms);
    }
    int size = snprintf((char *)out, CHECKPOINT_TEXT_MAX,
                        "%s\n%" PRIu64 "\n%s\nposition %" PRIu64 "\n%s%s%s", checkpoint->origin,
                        checkpoint->head.size, root, checkpoint->position,
                        time[0] == '\0' ? "" : "time ", time, time[0] == '\0' ? "" : "\n");
    return (struct lt_bytes){out, (size_t)size};
}

size_t checkpoint_add_key(uint8_t out[CHECKPOINT_TEXT_MAX], size_t size, const char *vkey)
{
    int more = snprintf((char *)out + size, CHECKPOINT_TEXT_MAX - size, "key %s\n", vkey);
    return more > 0 && (size_t)more < CHECKPOINT_TEXT_MAX - size ? size + (size_t)more : 0;
}

struct lt_bytes break_write(uint8_t *out, const struct break_statement *statement)
{
    char root[ROOT_TEXT_BYTES], time[TIME_TEXT_BYTES];
    root_write(root, &statement->head.root);
    time_write(time, statement->time_ms);
    int size = snprintf((char *)out, CHECKPOINT_TEXT_MAX,
                        BREAK_FIRST_LINE "\nfrom %s\nto %s\nsize %" PRIu64
                                         "\nroot %s\nposition %" PRIu64 "\ntime %s\nby %s\n",
                        statement->from, statement->to, statement->head.size, root,
                        statement->position, time, statement->by);
    return (struct lt_bytes){out, (size_t)size};
}

/* ---- reading ---- */

/* Lines of a text, one after the other; sticky. */
struct lines {
    struct lt_bytes rest;
    bool bad;
};

static struct lt_bytes line_next(struct lines *lines)
{
    const uint8_t *end =
        lines->rest.size > 0 ? memchr(lines->rest.data, '\n', lines->rest.size) : NULL;
    if (end == NULL || end == lines->rest.data) {
        lines->bad = true; /* none left, or an empty one */
        return (struct lt_bytes){NULL, 0};
    }
    struct lt_bytes line = {lines->rest.data, (size_t)(end - lines->rest.data)};
    lines->rest.data += line.size + 1;
    lines->rest.size -= line.size + 1;
    return line;
}

/* The line behind its word; bad when it begins otherwise. */
static struct lt_bytes line_of(struct lines *lines, const char *word)
{
    struct lt_bytes line = line_next(lines);
    size_t size = strlen(word);
    if (lines->bad || line.size <= size + 1 || memcmp(line.data, word, size) != 0 ||
        line.data[size] != ' ') {
        lines->bad = true;
        return (struct lt_bytes){NULL, 0};
    }
    return (struct lt_bytes){line.data + size + 1, line.size - size - 1};
}

static bool line_begins(const struct lines *lines, const char *word)
{
    size_t size = strlen(word);
    return lines->rest.size > size && memcmp(lines->rest.data, word, size) == 0;
}

static void take_text(struct lines *lines, struct lt_bytes text, char *out, size_t out_size)
{
    if (text.size == 0 || text.size >= out_size) {
        lines->bad = true;
        return;
    }
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

static void take_origin(struct lines *lines, struct lt_bytes text, char out[NOTE_NAME_MAX + 1])
{
    if (!note_name_valid(text)) {
        lines->bad = true;
        return;
    }
    take_text(lines, text, out, NOTE_NAME_MAX + 1);
}

static uint64_t take_number(struct lines *lines, struct lt_bytes text)
{
    uint64_t number = 0;
    bool good = text.size > 0 && text.size <= 20 && (text.data[0] != '0' || text.size == 1);
    for (size_t i = 0; i < text.size && good; i++) {
        uint64_t digit = (uint64_t)text.data[i] - '0';
        good = digit <= 9 && number <= (UINT64_MAX - digit) / 10;
        number = number * 10 + digit;
    }
    lines->bad = lines->bad || !good;
    return number;
}

static struct lt_digest take_root(struct lines *lines, struct lt_bytes text)
{
    struct lt_digest root = {{0}};
    uint8_t bytes[ROOT_TEXT_BYTES];
    size_t size;
    if (text.size != ROOT_TEXT_BYTES - 1 ||
        !base64_read(bytes, &size, (const char *)text.data, text.size) || size != sizeof(root)) {
        lines->bad = true;
        return root;
    }
    memcpy(root.bytes, bytes, sizeof(root.bytes));
    return root;
}

static int64_t take_time(struct lines *lines, struct lt_bytes text)
{
    char given[TIME_TEXT_BYTES] = "", written[TIME_TEXT_BYTES];
    int64_t time_ms = 0;
    take_text(lines, text, given, sizeof(given));
    if (lines->bad || !time_read(&time_ms, given)) {
        lines->bad = true;
        return 0;
    }
    time_write(written, time_ms);
    lines->bad = time_ms <= 0 || strcmp(given, written) != 0;
    return time_ms;
}

enum lt_status checkpoint_read(struct lt_bytes text, struct checkpoint *ret_checkpoint)
{
    struct checkpoint read = {.time_ms = 0};
    struct lines lines = {.rest = text};
    take_origin(&lines, line_next(&lines), read.origin);
    read.head.size = take_number(&lines, line_next(&lines));
    read.head.root = take_root(&lines, line_next(&lines));
    read.position = take_number(&lines, line_of(&lines, "position"));
    if (!lines.bad && line_begins(&lines, "time ")) {
        read.time_ms = take_time(&lines, line_of(&lines, "time"));
    }
    for (uint32_t i = 0; !lines.bad && lines.rest.size > 0; i++) {
        (void)line_next(&lines);
        lines.bad = lines.bad || i >= LINES_MAX;
    }
    if (lines.bad) {
        return LT_NOTE_BAD;
    }
    *ret_checkpoint = read;
    return LT_OK;
}

enum lt_status break_read(struct lt_bytes text, struct break_statement *ret_statement)
{
    struct break_statement read = {.time_ms = 0};
    struct lines lines = {.rest = text};
    if (!bytes_equal(line_next(&lines), text_bytes(BREAK_FIRST_LINE))) {
        return LT_NOTE_BAD;
    }
    take_origin(&lines, line_of(&lines, "from"), read.from);
    take_origin(&lines, line_of(&lines, "to"), read.to);
    read.head.size = take_number(&lines, line_of(&lines, "size"));
    read.head.root = take_root(&lines, line_of(&lines, "root"));
    read.position = take_number(&lines, line_of(&lines, "position"));
    read.time_ms = take_time(&lines, line_of(&lines, "time"));
    take_text(&lines, line_of(&lines, "by"), read.by, sizeof(read.by));
    if (lines.bad || lines.rest.size > 0) {
        return LT_NOTE_BAD;
    }
    *ret_statement = read;
    return LT_OK;
}

/* ---- origins, and notes that are believed ---- */

bool origin_write(char out[NOTE_NAME_MAX + 1], const char *name, uint32_t incarnation)
{
    int size = incarnation == 0
                   ? snprintf(out, NOTE_NAME_MAX + 1, "%s", name)
                   : snprintf(out, NOTE_NAME_MAX + 1, "%s/%" PRIu32, name, incarnation);
    return size > 0 && size <= NOTE_NAME_MAX;
}

bool origin_read(const char *origin, const char *name, uint32_t *ret_incarnation)
{
    size_t size = strlen(name);
    if (strncmp(origin, name, size) != 0) {
        return false;
    }
    if (origin[size] == '\0') {
        *ret_incarnation = 0;
        return true;
    }
    struct lines lines = {.bad = origin[size] != '/' || origin[size + 1] == '0'};
    uint64_t number = take_number(&lines, text_bytes(origin + size + 1));
    if (lines.bad || number > UINT32_MAX) {
        return false;
    }
    *ret_incarnation = (uint32_t)number;
    return true;
}

static enum lt_status open_text(struct lt_bytes bytes, const struct note_trust *trust,
                                struct lt_bytes *ret_text)
{
    struct note note;
    enum lt_status status = note_read(bytes, &note);
    if (status == LT_OK) {
        status = note_check(&note, trust->digester, trust->checker, &trust->key);
    }
    if (status == LT_OK) {
        *ret_text = note.text;
    }
    return status;
}

enum lt_status checkpoint_open(struct lt_bytes note, const struct note_trust *trust,
                               struct checkpoint *ret_checkpoint)
{
    struct lt_bytes text;
    struct checkpoint read;
    uint32_t incarnation;
    enum lt_status status = open_text(note, trust, &text);
    if (status == LT_OK) {
        status = checkpoint_read(text, &read);
    }
    if (status == LT_OK && !origin_read(read.origin, trust->key.name, &incarnation)) {
        status = LT_NOTE_FOREIGN;
    }
    if (status == LT_OK) {
        *ret_checkpoint = read;
    }
    return status;
}

enum lt_status break_open(struct lt_bytes note, const struct note_trust *trust,
                          struct break_statement *ret_statement)
{
    struct lt_bytes text;
    struct break_statement read;
    uint32_t from, to;
    enum lt_status status = open_text(note, trust, &text);
    if (status == LT_OK) {
        status = break_read(text, &read);
    }
    if (status == LT_OK && (!origin_read(read.from, trust->key.name, &from) ||
                            !origin_read(read.to, trust->key.name, &to) || to <= from)) {
        status = LT_NOTE_FOREIGN;
    }
    if (status == LT_OK) {
        *ret_statement = read;
    }
    return status;
}
