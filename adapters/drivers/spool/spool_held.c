/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * held/: the index by which the local system says what it has, so that a question about a delivery
 * is answered by it and not by the adapter's memory. The local system makes the folder and keeps it
 * with its data: one file per leg, ID-LEG (empty, or JSON as in the HTTP door), or lines of one
 * file held.csv: id,leg or id,leg,outcome,digest. A transfer it sent itself is ID, or id,sent.
 *
 * The folder being there is the promise that it is complete: then what is not in it is not held.
 * Without the folder, with one that cannot be read, or with a line or file that cannot be
 * understood, the answer is "unknown". The adapter never writes here.
 *
 * Limits: HELD_BYTES_MAX of held.csv, read whole for each question; beyond it, files are to be
 * used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "adapters/host/door_json.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "spool.h"

#define HELD_BYTES_MAX (64u * 1024 * 1024)
#define FILE_BYTES_MAX (64u * 1024)
#define CSV_FIELDS     4

/* What stands in the index, by the name it has there. */
struct name {
    char id[ID_TEXT_BYTES];
    char leg[8]; /* "sent" for a transfer of our own */
    char file[64];
};

static struct name name_of(const struct lt_question *question)
{
    struct name name;
    id_write(name.id, &question->id);
    if (question->sent) {
        snprintf(name.leg, sizeof(name.leg), "sent");
        snprintf(name.file, sizeof(name.file), "%s", name.id);
    } else {
        snprintf(name.leg, sizeof(name.leg), "%u", question->leg % 100);
        snprintf(name.file, sizeof(name.file), "%s-%s", name.id, name.leg);
    }
    return name;
}

static void unknown(struct lt_held_answer *ret_answer, const char *reason)
{
    ret_answer->held = LT_HELD_UNKNOWN;
    text_copy(ret_answer->reason, sizeof(ret_answer->reason), text_bytes(reason));
}

/* ---- one file per leg ---- */

/* True: there is a file, and the answer is known. */
static bool file_look(const struct spool_agency *agency, const struct name *name,
                      struct lt_held_answer *ret_answer)
{
    static const char *const ends[] = {"", ".json"};
    for (size_t i = 0; i < 2; i++) {
        char path[FOLDER_PATH_BYTES];
        uint8_t *data = NULL;
        size_t size = 0;
        if (!spool_path(agency, path, "held/%s%s", name->file, ends[i]) || !folder_exists(path)) {
            continue;
        }
        if (file_read(path, FILE_BYTES_MAX, &data, &size, NULL) != LT_OK) {
            unknown(ret_answer, "a file in held/ cannot be read");
            return true;
        }
        struct lt_problem problem;
        door_problem_init(&problem);
        ret_answer->held = LT_HELD_YES;
        if (size > 0 &&
            door_held_read(ret_answer, (struct lt_bytes){data, size}, &problem) != LT_OK) {
            unknown(ret_answer, "a file in held/ is neither empty nor an answer");
        }
        free(data);
        return true;
    }
    return false;
}

/* ---- held.csv ---- */

/* The fields of one line, without blanks and quotes around them; at most CSV_FIELDS. */
static size_t line_split(char *line, char *fields[CSV_FIELDS])
{
    size_t count = 0;
    char *at = line;
    while (at != NULL && count < CSV_FIELDS) {
        char *field = strsep(&at, ",;");
        field += strspn(field, " \t\"");
        field[strcspn(field, " \t\"\r")] = '\0';
        fields[count++] = field;
    }
    return count;
}

/* -1: not this line; 0: this line, not to be understood; 1: held. */
static int line_read(char *line, const struct name *name, struct lt_held_answer *ret_answer)
{
    char none[] = "";
    char *fields[CSV_FIELDS] = {none, none, none, none};
    size_t count = line_split(line, fields);
    if (count < 2 || strcasecmp(fields[0], name->id) != 0 || strcmp(fields[1], name->leg) != 0) {
        return -1;
    }
    struct lt_digest digest = {{0}};
    if (fields[3][0] != '\0' && !hex_read(digest.bytes, sizeof(digest.bytes), fields[3])) {
        return 0;
    }
    static const char *const outcomes[] = {"", "taken", "refused", "failed", "later"};
    for (int i = 0; i <= LT_OUTCOME_LATER; i++) {
        if (strcmp(fields[2], outcomes[i]) == 0) {
            ret_answer->held = LT_HELD_YES;
            ret_answer->outcome = (enum lt_outcome)i;
            ret_answer->digest = digest;
            return 1;
        }
    }
    return 0;
}

static void csv_look(const struct spool_agency *agency, const struct name *name,
                     struct lt_held_answer *ret_answer)
{
    char path[FOLDER_PATH_BYTES];
    uint8_t *data = NULL;
    size_t size = 0;
    ret_answer->held = LT_HELD_NO;
    if (!spool_path(agency, path, "held/held.csv") || !folder_exists(path)) {
        return;
    }
    if (file_read(path, HELD_BYTES_MAX, &data, &size, NULL) != LT_OK) {
        unknown(ret_answer, "held/held.csv cannot be read, or is over 64 MiB");
        return;
    }
    char *at = (char *)data; /* file_read puts a NUL behind it */
    while (at != NULL && at < (char *)data + size) {
        char *line = strsep(&at, "\n");
        int found = line_read(line, name, ret_answer);
        if (found == 0) {
            unknown(ret_answer, "a line in held/held.csv cannot be understood");
        }
        if (found >= 0) {
            break;
        }
    }
    free(data);
}

/* Still lying in in/, unanswered: the local system may be reading it at this moment. */
static bool lies_unanswered(const struct spool_agency *agency, const struct name *name)
{
    char path[FOLDER_PATH_BYTES];
    return (spool_path(agency, path, "in/%s.json", name->file) && folder_exists(path)) ||
           (spool_path(agency, path, "in/%s", name->file) && folder_exists(path));
}

void spool_held_ask(void *self, const struct asker *asker, const struct lt_question *question,
                    struct lt_held_answer *ret_answer)
{
    const struct spool_agency *agency = self;
    char path[FOLDER_PATH_BYTES];
    struct stat info;
    (void)asker;
    snprintf(ret_answer->by, sizeof(ret_answer->by), "spool held/");
    if (!spool_path(agency, path, "held") || stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        unknown(ret_answer, "the local system keeps no index held/");
        return;
    }
    if (question->ping) {
        ret_answer->held = LT_HELD_YES;
        return;
    }
    struct name name = name_of(question);
    if (!file_look(agency, &name, ret_answer)) {
        csv_look(agency, &name, ret_answer);
    }
    if (ret_answer->held == LT_HELD_NO && !question->sent && lies_unanswered(agency, &name)) {
        unknown(ret_answer, "it lies in in/ and is not answered yet");
    }
}
