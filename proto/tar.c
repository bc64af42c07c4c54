/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The reader and the writer of archives are one encoder: a header that is read is made anew from
 * the name and size it states, and must be the same 512 bytes. So there are no fields that one tool
 * reads and another does not, no second name, no link, no hidden tail, and an archive that is read
 * and written again is the archive.
 */
#include "tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK TAR_BLOCK

static bool name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

bool tar_name_valid(const char *name)
{
    size_t size = strnlen(name, TAR_NAME_MAX + 1);
    if (size == 0 || size > TAR_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        bool starts = i == 0 || name[i - 1] == '/';
        bool ends = name[i] == '/';
        if ((!ends && !name_byte(name[i])) || (starts && (ends || name[i] == '.'))) {
            return false;
        }
    }
    return name[size - 1] != '/';
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tar_entry *)a)->name, ((const struct tar_entry *)b)->name);
}

void tar_sort(struct tar_entry *entries, uint32_t count)
{
    if (count > 0) {
        qsort(entries, count, sizeof(*entries), by_name);
    }
}

static size_t padded(size_t size)
{
    return (size + BLOCK - 1) / BLOCK * BLOCK;
}

size_t tar_size(const struct tar_entry *entries, uint32_t count)
{
    size_t size = 2 * BLOCK;
    if (count > TAR_ENTRIES_MAX) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!tar_name_valid(entries[i].name) || entries[i].content.size > TAR_FILE_BYTES ||
            (i > 0 && by_name(&entries[i - 1], &entries[i]) >= 0)) {
            return 0;
        }
        size += BLOCK + padded(entries[i].content.size);
    }
    return size <= TAR_BYTES_MAX ? size : 0;
}

static void header_write_block(uint8_t block[BLOCK], const char *name, size_t size)
{
    char text[16];
    unsigned sum = 0;
    memset(block, 0, BLOCK);
    memcpy(block, name, strlen(name));
    memcpy(block + 100, "0000644", 8);
    memcpy(block + 108, "0000000", 8);
    memcpy(block + 116, "0000000", 8);
    snprintf(text, sizeof(text), "%011zo", size);
    memcpy(block + 124, text, 12);
    memcpy(block + 136, "00000000000", 12);
    memcpy(block + 148, "        ", 8);
    block[156] = '0';
    memcpy(block + 257, "ustar\00000", 8);
    memcpy(block + 329, "0000000", 8);
    memcpy(block + 337, "0000000", 8);
    for (size_t i = 0; i < BLOCK; i++) {
        sum += block[i];
    }
    snprintf(text, sizeof(text), "%06o", sum);
    memcpy(block + 148, text, 7); /* with its NUL; the space behind stays */
}

void tar_write(uint8_t *out, const struct tar_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct lt_bytes content = entries[i].content;
        size_t room = padded(content.size);
        header_write_block(out, entries[i].name, content.size);
        out += BLOCK;
        if (content.size > 0) {
            memcpy(out, content.data, content.size);
        }
        memset(out + content.size, 0, room - content.size);
        out += room;
    }
    memset(out, 0, 2 * BLOCK);
}

static bool zeros(const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (at[i] != 0) {
            return false;
        }
    }
    return true;
}

/* What the header states, if it is the header of that. */
static bool header_read_block(const uint8_t block[BLOCK], struct tar_entry *ret_entry)
{
    uint8_t again[BLOCK];
    struct tar_entry entry = {.name = {0}};
    size_t size = 0;
    for (size_t i = 124; i < 135; i++) {
        if (block[i] < '0' || block[i] > '7') {
            return false;
        }
        size = size * 8 + (size_t)(block[i] - '0');
    }
    memcpy(entry.name, block, TAR_NAME_MAX);
    if (size > TAR_FILE_BYTES || !tar_name_valid(entry.name)) {
        return false;
    }
    entry.content.size = size;
    header_write_block(again, entry.name, size);
    if (memcmp(again, block, BLOCK) != 0) {
        return false;
    }
    *ret_entry = entry;
    return true;
}

enum lt_status tar_read(struct lt_bytes bytes, struct tar_entry *entries, uint32_t max,
                        uint32_t *ret_count, struct fault *fault)
{
    size_t at = 0;
    uint32_t count = 0;
    if (bytes.size > TAR_BYTES_MAX || bytes.size % BLOCK != 0 || bytes.size < 2 * BLOCK) {
        return fault_set(fault, LT_FILE_BAD, "tar", "%zu bytes are no archive", bytes.size);
    }
    for (; at < bytes.size - 2 * BLOCK; count++) {
        struct tar_entry entry;
        if (!header_read_block(bytes.data + at, &entry)) {
            return fault_set(fault, LT_FILE_BAD, "tar", "a header at byte %zu", at);
        }
        size_t room = padded(entry.content.size);
        at += BLOCK;
        if (count == max || room > bytes.size - 2 * BLOCK - at) {
            return fault_set(fault, LT_FILE_BAD, entry.name, "more than there is room for");
        }
        entry.content.data = bytes.data + at;
        if (!zeros(bytes.data + at + entry.content.size, room - entry.content.size)) {
            return fault_set(fault, LT_FILE_BAD, entry.name, "bytes behind its end");
        }
        if (count > 0 && by_name(&entries[count - 1], &entry) >= 0) {
            return fault_set(fault, LT_FILE_BAD, entry.name, "not in order, or there twice");
        }
        entries[count] = entry;
        at += room;
    }
    if (!zeros(bytes.data + at, 2 * BLOCK)) {
        return fault_set(fault, LT_FILE_BAD, "tar", "no end");
    }
    *ret_count = count;
    return LT_OK;
}
