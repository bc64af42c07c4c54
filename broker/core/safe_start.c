/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From the trail of the last lives to the options of this one. The list of positions is written
 * before the trail forgets, so a crash in between costs another look, never the knowledge. A list
 * that cannot be read stops the start: passing over less than was meant would crash again, and
 * passing over more would lose facts.
 */
#include "safe_start.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

#define PATH_BYTES 512
#define LINE_BYTES 24
#define LIST_BYTES (PASSED_OVER_MAX * LINE_BYTES)

static void path_of(char out[PATH_BYTES], const char *folder, const char *name)
{
    snprintf(out, PATH_BYTES, "%s/%s", folder, name);
}

/* One position a line; empty lines and what follows a blank are for people. */
static enum lt_status list_parse(struct safe_start *start, char *text, struct fault *fault)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *end;
        uint64_t position = strtoull(line, &end, 10);
        if (end == line || position == 0 || (*end != '\0' && *end != ' ')) {
            return fault_set(fault, LT_DAMAGED, "passed-over", "%.60s", line);
        }
        if (start->passed_over_count == PASSED_OVER_MAX) {
            return fault_set(fault, LT_FULL, "passed-over", "over %d positions", PASSED_OVER_MAX);
        }
        start->passed_over[start->passed_over_count++] = position;
    }
    return LT_OK;
}

static enum lt_status list_read(struct safe_start *start, const char *path, struct fault *fault)
{
    uint8_t *text = NULL;
    size_t size;
    enum lt_status status = file_read(path, LIST_BYTES, &text, &size, NULL);
    if (status == LT_NOT_FOUND) {
        return LT_OK;
    }
    if (status != LT_OK) {
        return fault_set(fault, status, path, "cannot be read");
    }
    status = list_parse(start, (char *)text, fault);
    free(text);
    return status;
}

static enum lt_status list_add(struct safe_start *start, const char *path, uint64_t position,
                               struct fault *fault)
{
    char text[LIST_BYTES + 1];
    size_t used = 0;
    if (start->passed_over_count == PASSED_OVER_MAX) {
        return fault_set(fault, LT_FULL, "passed-over", "over %d positions", PASSED_OVER_MAX);
    }
    start->passed_over[start->passed_over_count++] = position;
    for (uint32_t i = 0; i < start->passed_over_count; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%" PRIu64 "\n",
                                 start->passed_over[i]);
    }
    return file_write(path, (struct lt_bytes){(const uint8_t *)text, used}, 0600, fault);
}

enum lt_status safe_start_open(struct safe_start *start, const char *folder, int64_t now_ms,
                               struct fault *fault)
{
    char path[PATH_BYTES];
    struct trail_crash cause;
    memset(start, 0, sizeof(*start));
    path_of(path, folder, "trail");
    enum lt_status status = trail_open(&start->trail, path, fault);
    if (status != LT_OK) {
        return status;
    }
    path_of(path, folder, "passed-over");
    status = list_read(start, path, fault);
    if (status != LT_OK || !trail_loop(start->trail, now_ms, &cause)) {
        return status;
    }
    start->loop = true;
    log_error("safe-start", "crashes=%d place=%s agency=%u position=%" PRIu64, TRAIL_CRASHES,
              cause.place == TRAIL_FOLD ? "fold" : "frame", cause.agency, cause.position);
    if (cause.place == TRAIL_FOLD) {
        return list_add(start, path, cause.position, fault);
    }
    start->shield = cause.agency;
    return LT_OK;
}

static void note(void *self, bool folding, uint32_t agency, uint64_t position)
{
    struct safe_start *start = self;
    enum trail_place place = folding ? TRAIL_FOLD : agency != 0 ? TRAIL_FRAME : TRAIL_NOWHERE;
    trail_at(start->trail, place, agency, position);
}

void safe_start_options(struct safe_start *start, struct broker_options *options)
{
    options->trail = note;
    options->trail_self = start;
    options->shield = start->shield;
    options->passed_over = start->passed_over;
    options->passed_over_count = start->passed_over_count;
}

void safe_start_done(struct safe_start *start)
{
    if (start->loop) {
        trail_forget(start->trail);
    }
}

void safe_start_close(struct safe_start *start)
{
    trail_close(&start->trail);
}
