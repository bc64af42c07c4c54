/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The trust list of whoever checks evidence: a folder of a few files, each of which may be missing,
 * because not everybody believes the same people. A file that is there and does not read whole is
 * an error: nobody should think that a key is trusted which was passed over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "evidence_private.h"

#define PATH_BYTES  4096
#define LISTS_BYTES (4 * 1024 * 1024)
#define KEYS_MAX    20000
#define AXIS_MAX    64
#define GRACE_MS    (72 * 3600 * 1000LL)

static bool path_of(char out[PATH_BYTES], const char *folder, const char *name)
{
    int size = snprintf(out, PATH_BYTES, "%s/%s", folder, name);
    return size > 0 && size < PATH_BYTES && access(out, F_OK) == 0;
}

/* ---- files of lines ---- */

struct lines_of {
    struct evidence_trust *trust;
    struct digester *digester;
    enum lt_status (*take)(struct lines_of *lines, struct lt_bytes line);
    struct fault *fault;
};

static enum lt_status each_line(struct lines_of *lines, const char *path)
{
    uint8_t *data = NULL;
    size_t size = 0;
    int number = 0;
    enum lt_status status = file_read(path, LISTS_BYTES, &data, &size, lines->fault);
    if (status != LT_OK) {
        return status;
    }
    const uint8_t *at = data;
    const uint8_t *end = data + size;
    while (at < end && status == LT_OK) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        struct lt_bytes line = {at, (size_t)(stop - at)};
        number++;
        if (line.size > 0 && line.data[0] != '#' && lines->take(lines, line) != LT_OK) {
            status = fault_set(lines->fault, LT_CONFIG_BAD, path, "line %d does not read", number);
        }
        at = stop + 1;
    }
    free(data);
    return status;
}

static enum lt_status take_axis(struct lines_of *lines, struct lt_bytes line)
{
    struct evidence_trust *trust = lines->trust;
    if (trust->axis_count == AXIS_MAX) {
        return LT_FULL;
    }
    char text[NOTE_VKEY_MAX];
    struct axis_key *axis = &trust->axis[trust->axis_count];
    text_copy(text, sizeof(text), line);
    enum lt_status status = line.size >= sizeof(text)
                                ? LT_CONFIG_BAD
                                : note_vkey_open(text, lines->digester, axis->name, &axis->key);
    trust->axis_count += status == LT_OK;
    return status;
}

/* AGENCY KEY-ID [FROM [TO]] */
static enum lt_status take_key(struct lines_of *lines, struct lt_bytes line)
{
    struct evidence_trust *trust = lines->trust;
    struct agency_key key = {.from_ms = 0};
    char text[256];
    char agency[64];
    char id[72];
    char from[40] = "-";
    char to[40] = "-";
    char more[2];
    if (line.size >= sizeof(text) || trust->keys_count == KEYS_MAX) {
        return LT_CONFIG_BAD;
    }
    text_copy(text, sizeof(text), line);
    int count = sscanf(text, "%63s %71s %39s %39s %1s", agency, id, from, to, more);
    if (count < 2 || count > 4 || !agency_id_valid(text_bytes(agency)) ||
        !hex_read(key.id.bytes, sizeof(key.id.bytes), id) ||
        (strcmp(from, "-") != 0 && !time_read(&key.from_ms, from)) ||
        (strcmp(to, "-") != 0 && !time_read(&key.to_ms, to))) {
        return LT_CONFIG_BAD;
    }
    text_copy(key.agency, sizeof(key.agency), text_bytes(agency));
    trust->keys[trust->keys_count++] = key;
    return LT_OK;
}

static enum lt_status read_lines(struct evidence_trust *trust, const char *folder,
                                 struct digester *digester, struct fault *fault)
{
    char path[PATH_BYTES];
    struct lines_of lines = {trust, digester, take_axis, fault};
    enum lt_status status = LT_OK;
    if (path_of(path, folder, "axis.vkey")) {
        status = each_line(&lines, path);
    }
    lines.take = take_key;
    if (status == LT_OK && path_of(path, folder, "agencies.txt")) {
        status = each_line(&lines, path);
    }
    return status;
}

/* ---- authorities ---- */

static enum lt_status read_authorities(struct evidence_trust *trust, const char *folder,
                                       struct fault *fault)
{
    char anchors[PATH_BYTES];
    char crls[PATH_BYTES];
    char stamps[PATH_BYTES];
    enum lt_status status = LT_OK;
    struct trust_files files = {
        .anchors = anchors, .crls = NULL, .grace_ms = GRACE_MS, .looking_back = true};
    if (path_of(crls, folder, "crls.pem")) {
        files.crls = crls;
        trust->own_lists = true;
    }
    if (path_of(anchors, folder, "agencies.pem")) {
        status = trust_open(&files, &trust->certificates, fault);
    }
    if (status == LT_OK && path_of(stamps, folder, "tsa.pem")) {
        status = timestamp_trust_open(stamps, NULL, &trust->stamps, fault);
    }
    return status;
}

enum lt_status evidence_trust_open(const char *folder, struct evidence_trust **ret_trust,
                                   struct fault *fault)
{
    struct stat about;
    struct digester *digester = NULL;
    struct evidence_trust *trust = calloc(1, sizeof(*trust));
    enum lt_status status = digester_open(&digester);
    if (trust != NULL) {
        trust->axis = calloc(AXIS_MAX, sizeof(*trust->axis));
        trust->keys = calloc(KEYS_MAX, sizeof(*trust->keys));
    }
    if (status != LT_OK || trust == NULL || trust->axis == NULL || trust->keys == NULL) {
        status = fault_set(fault, LT_NO_MEMORY, "trust", "no memory");
        goto done;
    }
    if (folder != NULL && (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))) {
        status = fault_set(fault, LT_NOT_FOUND, folder, "no such folder");
        goto done;
    }
    if (folder != NULL) {
        status = read_lines(trust, folder, digester, fault);
    }
    if (folder != NULL && status == LT_OK) {
        status = read_authorities(trust, folder, fault);
    }
done:
    digester_close(&digester);
    if (status != LT_OK) {
        evidence_trust_close(&trust);
        return status;
    }
    *ret_trust = trust;
    return LT_OK;
}

void evidence_trust_close(struct evidence_trust **trust_p)
{
    struct evidence_trust *trust = *trust_p;
    if (trust == NULL) {
        return;
    }
    for (uint32_t i = 0; i < trust->axis_count; i++) {
        public_key_close(&trust->axis[i].key);
    }
    trust_close(&trust->certificates);
    timestamp_trust_close(&trust->stamps);
    free(trust->axis);
    free(trust->keys);
    free(trust);
    *trust_p = NULL;
}
