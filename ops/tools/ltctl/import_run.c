/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `registry import`: a file of agencies and routes becomes the registry's. All or nothing, as far
 * as that can be had: the file is checked whole, then every entry is put as a dry run, and only
 * when the broker would take them all are they put for good. A line that breaks in between leaves a
 * part; importing the file again finishes the work, because entries that are there are left alone.
 *
 * Over an agency that is there a file changes name, kind, locality, contact, what it may send, and
 * adds its key; what the file does not know (suspension, successor, limits, other keys) stays.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "import.h"
#include "proto/base/text.h"

#define SAID_MAX 1024

static enum exit_code line_complain(const struct ltctl *ltctl, int line, const char *sentence)
{
    const char *path = ltctl->arguments[0];
    const char *slash = strrchr(path, '/');
    char number[16];
    char said[2 * SAID_MAX];
    snprintf(number, sizeof(number), "%d", line);
    PHRASE_FILL(said, sizeof(said), ltctl->language, IMPORT_LINE, slash != NULL ? slash + 1 : path,
                number, sentence);
    fprintf(stderr, "ltctl: %s\n  -> %s\n", said, phrase(ltctl->language, PHRASE_IMPORT_NOTHING));
    return EXIT_ERROR;
}

static enum exit_code file_read_whole(struct ltctl *ltctl, struct import **ret_import)
{
    struct import_fault wrong;
    struct fault fault;
    fault_init(&fault);
    memset(&wrong, 0, sizeof(wrong));
    enum lt_status status = import_read(ltctl->arguments[0], ret_import, &wrong, &fault);
    if (status == LT_OK) {
        return EXIT_GOOD;
    }
    if (status != LT_CONFIG_BAD) {
        fault_set(&fault, status, "", "%s", ltctl->arguments[0]);
        return complain(ltctl, status, &fault);
    }
    char sentence[SAID_MAX];
    import_sentence(&wrong, ltctl->language, sentence, sizeof(sentence));
    return line_complain(ltctl, wrong.line, sentence);
}

/* The entry that is to stand: the file's over the present one. */
static enum exit_code agency_merge(struct ltctl *ltctl, struct import_agency *item)
{
    struct agency known;
    enum exit_code code = entry_get(ltctl, item->agency.id, false, &known);
    item->is_new = code == EXIT_NOT_FOUND;
    if (code != EXIT_GOOD) {
        return item->is_new ? EXIT_GOOD : code;
    }
    struct agency merged = known;
    memcpy(merged.name, item->agency.name, sizeof(merged.name));
    merged.kind = item->agency.kind;
    memcpy(merged.locality, item->agency.locality, sizeof(merged.locality));
    if (item->agency.contact[0] != '\0') {
        memcpy(merged.contact, item->agency.contact, sizeof(merged.contact));
    }
    if (item->kinds_given) {
        merged.kinds_denied = item->agency.kinds_denied;
    }
    if (item->agency.keys_count > 0 && !entry_key_add(&merged, &item->agency.keys[0])) {
        char said[SAID_MAX];
        PHRASE_FILL(said, sizeof(said), ltctl->language, KEYS_FULL, merged.id);
        return line_complain(ltctl, item->line, said);
    }
    uint8_t before[AGENCY_BYTES_MAX];
    uint8_t after[AGENCY_BYTES_MAX];
    item->same = bytes_equal(agency_write(before, sizeof(before), &known),
                             agency_write(after, sizeof(after), &merged));
    item->agency = merged;
    return EXIT_GOOD;
}

static bool new_in_file(const struct import *import, const char *id)
{
    for (uint32_t i = 0; i < import->agencies_count; i++) {
        if (import->agencies[i].is_new && strcmp(import->agencies[i].agency.id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* What the file says of its rights, over what is there. An agency that this file brings is not
 * there for a dry run; its rights were checked when the file was read. */
static enum exit_code grants_put(struct ltctl *ltctl, const struct import_agency *item,
                                 bool dry_run)
{
    struct rights rights;
    bool changed;
    if (item->rights == NULL || (dry_run && item->is_new)) {
        return EXIT_GOOD;
    }
    enum exit_code code = entry_rights_get(ltctl, item->agency.id, &rights);
    if (code != EXIT_GOOD) {
        return code;
    }
    struct rights merged = *item->rights;
    merged.agency = rights.agency;
    if (!item->procedures_given) {
        merged.procedures_count = rights.procedures_count;
        memcpy(merged.procedures, rights.procedures, sizeof(merged.procedures));
    }
    if (!item->receivers_given) {
        merged.receivers_count = rights.receivers_count;
        memcpy(merged.receivers, rights.receivers, sizeof(merged.receivers));
    }
    return entry_rights_put(ltctl, item->agency.id, &merged, dry_run, &changed);
}

/* Everything once; a dry run shows its rows only when that is what was asked for. */
static enum exit_code put_all(struct ltctl *ltctl, struct import *import, bool dry_run,
                              struct output *output)
{
    enum exit_code code = EXIT_GOOD;
    for (uint32_t i = 0; i < import->agencies_count && code == EXIT_GOOD; i++) {
        struct import_agency *item = &import->agencies[i];
        if (!item->same) {
            code = entry_put(ltctl, &item->agency, dry_run, output);
        }
        if (code == EXIT_GOOD) {
            code = grants_put(ltctl, item, dry_run);
        }
        if (code != EXIT_GOOD) {
            (void)line_complain(ltctl, item->line, item->agency.id);
        }
    }
    for (uint32_t i = 0; i < import->routes_count && code == EXIT_GOOD; i++) {
        const struct import_route *item = &import->routes[i];
        /* A dry run cannot know a receiver that this very file brings. */
        if (dry_run && new_in_file(import, item->route.to)) {
            continue;
        }
        code = entry_put_route(ltctl, &item->route, false, dry_run, output);
        if (code != EXIT_GOOD) {
            (void)line_complain(ltctl, item->line, item->route.to);
        }
    }
    return code;
}

static void summary_say(const struct ltctl *ltctl, const struct import *import, bool dry_run)
{
    uint32_t same = 0;
    char agencies[16];
    char unchanged[16];
    char routes[16];
    char said[SAID_MAX];
    for (uint32_t i = 0; i < import->agencies_count; i++) {
        same += import->agencies[i].same;
    }
    snprintf(agencies, sizeof(agencies), "%u", import->agencies_count - same);
    snprintf(unchanged, sizeof(unchanged), "%u", same);
    snprintf(routes, sizeof(routes), "%u", import->routes_count);
    const char *values[] = {agencies, unchanged, routes};
    phrase_fill(said, sizeof(said),
                phrase(ltctl->language, dry_run ? PHRASE_IMPORT_WOULD : PHRASE_IMPORT_DONE), values,
                3);
    fprintf(stderr, "%s\n", said);
}

static enum exit_code import_put(struct ltctl *ltctl, struct import *import)
{
    bool dry_run = ltctl->options.values[OPTION_DRY_RUN] != NULL;
    struct output output;
    enum exit_code code = EXIT_GOOD;
    for (uint32_t i = 0; i < import->agencies_count && code == EXIT_GOOD; i++) {
        code = agency_merge(ltctl, &import->agencies[i]);
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    code = put_all(ltctl, import, true, dry_run ? &output : NULL);
    if (code == EXIT_GOOD && !dry_run) {
        code = put_all(ltctl, import, false, &output);
    }
    enum exit_code finished = finish(ltctl, &output, false);
    if (code == EXIT_GOOD) {
        summary_say(ltctl, import, dry_run);
    }
    return code != EXIT_GOOD ? code : finished;
}

enum exit_code run_import(struct ltctl *ltctl)
{
    struct import *import = NULL;
    enum exit_code code = file_read_whole(ltctl, &import);
    if (code == EXIT_GOOD) {
        code = import_put(ltctl, import);
    }
    import_close(&import);
    return code;
}
