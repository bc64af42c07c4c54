/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Seeds from files, for the replayer and for the unpacker of corpora. Binary seeds are kept as hex
 * text, so that the repository holds no binary files and a seed can be read and commented in review
 * (everything from a '#' to the end of its line is passed over).
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seeds.h"

static void fail(const char *what, const char *path)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(1);
}

static uint8_t *file_read(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        fail("cannot be opened", path);
    }
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc((size_t)size + 1);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size) {
        fail("cannot be read", path);
    }
    data[size] = 0;
    fclose(file);
    *ret_size = (size_t)size;
    return data;
}

static int digit(int c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower(c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* In place; the result is never longer than the text. */
static size_t unhex(uint8_t *data, size_t size, const char *path)
{
    size_t digits = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '#') {
            while (i < size && data[i] != '\n') {
                i++;
            }
            continue;
        }
        if (isspace(data[i])) {
            continue;
        }
        int value = digit(data[i]);
        if (value < 0) {
            fail("not hex", path);
        }
        if (digits % 2 == 0) {
            data[digits / 2] = (uint8_t)(value << 4);
        } else {
            data[digits / 2] = (uint8_t)(data[digits / 2] | value);
        }
        digits++;
    }
    if (digits % 2 != 0) {
        fail("half a byte at the end", path);
    }
    return digits / 2;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct seed *)a)->name, ((const struct seed *)b)->name);
}

static struct seed seed_read(const char *folder, const char *file)
{
    struct seed seed;
    char path[1024];
    memset(&seed, 0, sizeof(seed));
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    snprintf(seed.name, sizeof(seed.name), "%s", file);
    seed.data = file_read(path, &seed.size);
    char *end = strstr(seed.name, ".hex");
    if (end && strcmp(end, ".hex") == 0) {
        *end = '\0';
        seed.size = unhex(seed.data, seed.size, path);
    }
    return seed;
}

struct seed *seeds_read(const char *folder, size_t *ret_count)
{
    struct seed *seeds = NULL;
    size_t count = 0;
    DIR *dir = opendir(folder);
    if (!dir) {
        fail("no such folder of seeds", folder);
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        seeds = realloc(seeds, (count + 1) * sizeof(*seeds));
        if (!seeds) {
            fail("no memory", folder);
        }
        seeds[count++] = seed_read(folder, entry->d_name);
    }
    closedir(dir);
    if (count == 0) {
        fail("holds no seeds", folder);
    }
    qsort(seeds, count, sizeof(*seeds), by_name);
    *ret_count = count;
    return seeds;
}

void seeds_free(struct seed *seeds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(seeds[i].data);
    }
    free(seeds);
}
