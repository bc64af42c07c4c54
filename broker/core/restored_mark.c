/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Lines of the file: position, time, person, reason. The time is for people. The position is what
 * the backup holds: when the broker dies between the declaration and the end of this file, the
 * journal reaches further and the backup does not.
 */
#include "restored_mark.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/file.h"
#include "proto/base/text.h"

#define PATH_BYTES 512
#define MARK_BYTES 2048

static bool parse(char *text, struct restored_mark *mark)
{
    char *rest = NULL;
    const char *lines[4];
    for (int i = 0; i < 4; i++) {
        lines[i] = strtok_r(i == 0 ? text : NULL, "\n", &rest);
        if (lines[i] == NULL) {
            return false;
        }
    }
    if (!utf8_valid(text_bytes(lines[2])) || !utf8_valid(text_bytes(lines[3]))) {
        return false;
    }
    mark->position = strtoull(lines[0], NULL, 10);
    text_copy(mark->person, sizeof(mark->person), text_bytes(lines[2]));
    text_copy(mark->reason, sizeof(mark->reason), text_bytes(lines[3]));
    return true;
}

enum lt_status restored_mark_read(const char *folder, struct restored_mark *ret_mark,
                                  struct fault *fault)
{
    char path[PATH_BYTES];
    uint8_t *text = NULL;
    size_t size;
    struct restored_mark mark;
    snprintf(path, sizeof(path), "%s/" RESTORED_MARK_NAME, folder);
    enum lt_status status = file_read(path, MARK_BYTES, &text, &size, NULL);
    if (status == LT_NOT_FOUND) {
        return status;
    }
    if (status != LT_OK) {
        return fault_set(fault, status, path, "cannot be read");
    }
    bool reads = parse((char *)text, &mark);
    free(text);
    if (!reads) {
        return fault_set(fault, LT_DAMAGED, path,
                         "say who and why: ltctl restore declare FOLDER --by NAME --reason WHY");
    }
    *ret_mark = mark;
    return LT_OK;
}

enum lt_status restored_mark_remove(const char *folder, struct fault *fault)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/" RESTORED_MARK_NAME, folder);
    if (unlink(path) != 0 && errno != ENOENT) {
        return fault_set(fault, LT_IO, path, "remove: %s", strerrordesc_np(errno));
    }
    return folder_sync_of(path, fault);
}
