/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * out/: request files and the attachments beside them. Files are taken oldest first, so that the
 * transfers of a case go in the order they were written; a request that waits for an attachment
 * makes later ones of its case wait too.
 *
 * The sender key is the file's name without .json unless the request gives one, so dropping the
 * same file twice is one transfer, and a name used again for something else is refused by name.
 * What is refused goes to rejected/ with its reason; what cannot be kept right now (disk, outbox)
 * stays where it is and is tried at every look. Attachments of a refused request stay in out/,
 * ready for the mended one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/host/door_fields.h"
#include "adapters/host/door_json.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "spool.h"

#define WAITING_CASES_MAX 64
#define PIECE_BYTES       (256 * 1024)

/* Cases with a request that waits for an attachment: nothing of them may overtake it. */
struct waiting_cases {
    char codes[WAITING_CASES_MAX][LT_CASE_CODE_MAX + 1];
    uint32_t count;
    bool all; /* more than can be remembered: everything waits */
};

/* One request under way. LT_AGAIN everywhere: leave it for the next look. */
struct taking {
    struct spool_agency *agency;
    struct folder_file *file;
    struct door_request *door;
    char stem[256];
    char places[LT_ATTACHMENTS_MAX][FOLDER_PATH_BYTES]; /* of attachments; "" when none */
    struct lt_problem problem;
};

static bool case_waits(const struct waiting_cases *waiting, const char *case_code)
{
    for (uint32_t i = 0; i < waiting->count; i++) {
        if (strcmp(waiting->codes[i], case_code) == 0) {
            return true;
        }
    }
    return waiting->all;
}

static void case_wait(struct waiting_cases *waiting, const char *case_code)
{
    if (waiting->count == WAITING_CASES_MAX) {
        waiting->all = true;
        return;
    }
    snprintf(waiting->codes[waiting->count++], sizeof(waiting->codes[0]), "%s", case_code);
}

/* ---- attachments ---- */

/* Where the file is: still in out/, or moved to sent/ by another request that names it too. */
static enum lt_status place_find(struct taking *taking, uint32_t index)
{
    const char *name = taking->door->files[index];
    char field[32];
    snprintf(field, sizeof(field), "attachments[%u].", index);
    if (!folder_name_safe(name)) {
        return problem_set(&taking->problem, LT_FIELD_BAD, field, "file",
                           "wanted: the name of a file beside the request, without a path");
    }
    const struct folder_file *beside = folder_scan_find(&taking->agency->out_scan, name);
    if (beside != NULL) {
        bool fits = spool_path(taking->agency, taking->places[index], "out/%s", name);
        return beside->ready && fits ? LT_OK : LT_AGAIN;
    }
    if (spool_path(taking->agency, taking->places[index], "sent/%s", name) &&
        folder_exists(taking->places[index])) {
        return LT_OK;
    }
    int64_t waited_ms = spool_mono_ms(taking->agency) - taking->file->first_seen_ms;
    return waited_ms < SPOOL_ATTACHMENT_MS ? LT_AGAIN
                                           : problem_set(&taking->problem, LT_BLOB_MISSING, field,
                                                         "file", "%.80s is not there", name);
}

/* Size and digest of an open file. */
static enum lt_status measure(struct spool_agency *agency, int fd, uint8_t *piece,
                              uint64_t *ret_size, struct lt_digest *ret_digest)
{
    uint64_t size = 0;
    ssize_t got = 0;
    digest_start(agency->digester);
    while ((got = read(fd, piece, PIECE_BYTES)) > 0) {
        digest_feed(agency->digester, (struct lt_bytes){piece, (size_t)got});
        size += (uint64_t)got;
        if (size > (uint64_t)LT_ATTACHMENT_BYTES_MAX) {
            break;
        }
    }
    *ret_digest = digest_finish(agency->digester);
    *ret_size = size;
    return got < 0 ? LT_AGAIN : LT_OK;
}

/* Hands what is missing of the file to the local store. */
static enum lt_status store(struct taking *taking, int fd, uint8_t *piece, uint64_t size,
                            const struct lt_digest *sha256)
{
    struct lt_client *client = taking->agency->tenant.client;
    uint64_t offset = 0;
    bool complete = false;
    enum lt_status status = lt_client_blob_have(client, sha256, &offset, &complete);
    while (status == LT_OK && !complete && offset < size) {
        ssize_t got = pread(fd, piece, PIECE_BYTES, (off_t)offset);
        if (got <= 0) {
            return LT_AGAIN;
        }
        uint64_t next = offset + (uint64_t)got;
        status = lt_client_blob_put(client, sha256, offset, (struct lt_bytes){piece, (size_t)got},
                                    next == size, &taking->problem);
        offset = next;
    }
    /* It changed under our hands: look again. */
    return status == LT_BLOB_HASH_WRONG || status == LT_BLOB_OFFSET ? LT_AGAIN : status;
}

/* What the request says of the file against what it is; fills what it leaves out. */
static enum lt_status declare(struct taking *taking, uint32_t index, uint64_t size,
                              const struct lt_digest *sha256)
{
    struct lt_attachment *attachment = &taking->door->attachments[index];
    char field[32];
    snprintf(field, sizeof(field), "attachments[%u].", index);
    if (size == 0 || size > (uint64_t)LT_ATTACHMENT_BYTES_MAX) {
        return problem_set(&taking->problem, size == 0 ? LT_ATTACHMENT_BAD : LT_BLOB_TOO_LARGE,
                           field, "file", "%.80s: wanted 1 to %lld bytes",
                           taking->door->files[index], LT_ATTACHMENT_BYTES_MAX);
    }
    bool other_digest =
        !digest_empty(&attachment->sha256) && !digest_equal(&attachment->sha256, sha256);
    if (other_digest || (attachment->size != 0 && attachment->size != size)) {
        return problem_set(&taking->problem, LT_BLOB_HASH_WRONG, field, "file",
                           "%.80s is not the file that sha256 and size describe",
                           taking->door->files[index]);
    }
    attachment->sha256 = *sha256;
    attachment->size = size;
    if (attachment->name == NULL || attachment->name[0] == '\0') {
        attachment->name = taking->door->files[index];
    }
    return LT_OK;
}

static enum lt_status attachment_take(struct taking *taking, uint32_t index)
{
    uint64_t size = 0;
    struct lt_digest sha256;
    enum lt_status status = place_find(taking, index);
    if (status != LT_OK) {
        return status;
    }
    uint8_t *piece = malloc(PIECE_BYTES);
    int fd = open(taking->places[index], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    status = piece == NULL || fd < 0 ? LT_AGAIN : LT_OK;
    if (status == LT_OK) {
        status = measure(taking->agency, fd, piece, &size, &sha256);
    }
    if (status == LT_OK) {
        status = declare(taking, index, size, &sha256);
    }
    if (status == LT_OK) {
        status = store(taking, fd, piece, size, &sha256);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(piece);
    return status;
}

static enum lt_status attachments_take(struct taking *taking)
{
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < taking->door->request.attachments_count && status == LT_OK; i++) {
        if (taking->door->files[i] != NULL) {
            status = attachment_take(taking, i);
        }
    }
    return status;
}

/* ---- one request ---- */

static enum lt_status identity_check(struct taking *taking)
{
    struct lt_request *request = &taking->door->request;
    if (taking->door->from[0] != '\0' &&
        strcmp(taking->door->from, taking->agency->tenant.agency) != 0) {
        return problem_set(&taking->problem, LT_FROM_FOREIGN, "", "from", "%s; this folder is %s's",
                           taking->door->from, taking->agency->tenant.agency);
    }
    if (request->sender_key.size == 0) {
        request->sender_key = text_bytes(taking->stem);
    }
    if (request->sender_key.size > LT_SENDER_KEY_MAX) {
        return problem_set(&taking->problem, LT_SENDER_KEY_BAD, "", "sender_key",
                           "the file name has %zu bytes, at most %d; wanted: a shorter one, or "
                           "sender_key inside",
                           request->sender_key.size, LT_SENDER_KEY_MAX);
    }
    return LT_OK;
}

/* Moves what was handed over to sent/ and writes what became of it beside it. */
static void finish(struct taking *taking, const struct lt_sent *sent)
{
    const struct spool_agency *agency = taking->agency;
    char from[FOLDER_PATH_BYTES];
    char to[FOLDER_PATH_BYTES];
    char *text = door_sent_json(sent);
    enum lt_status status = text != NULL ? LT_OK : LT_NO_MEMORY;
    if (status == LT_OK && spool_path(agency, to, "sent/%s.sent.json", taking->stem)) {
        status = folder_put(to, text_bytes(text));
    }
    free(text);
    if (status == LT_OK && spool_path(agency, from, "out/%s", taking->file->name) &&
        spool_path(agency, to, "sent/%s", taking->file->name)) {
        status = folder_move(from, to);
    }
    for (uint32_t i = 0; i < taking->door->request.attachments_count && status == LT_OK; i++) {
        const char *name = taking->door->files[i];
        if (name != NULL && spool_path(agency, to, "sent/%s", name) &&
            strcmp(taking->places[i], to) != 0) {
            status = folder_move(taking->places[i], to);
        }
    }
    if (status != LT_OK) {
        /* It is handed over; the next look finds it known and tries the moving again. */
        log_warn("spool-move-failed", "agency=%s file=\"%s\" code=%s", agency->tenant.agency,
                 taking->file->name, lt_code(status));
    }
}

static enum lt_status hand_over(struct taking *taking)
{
    struct lt_sent sent;
    enum lt_status status = attachments_take(taking);
    if (status == LT_OK) {
        status = door_request_digest(taking->door, taking->agency->digester);
    }
    if (status == LT_OK) {
        status = lt_client_submit(taking->agency->tenant.client, &taking->door->request, &sent,
                                  &taking->problem);
    }
    if (status == LT_OK) {
        char id[ID_TEXT_BYTES];
        id_write(id, &sent.id);
        log_info("spool-recorded", "agency=%s file=\"%s\" id=%s known=%d",
                 taking->agency->tenant.agency, taking->file->name, id, sent.known);
        finish(taking, &sent);
    }
    return status;
}

static enum lt_status request_read(struct taking *taking, struct lt_bytes *ret_text)
{
    char path[FOLDER_PATH_BYTES];
    struct fault fault;
    uint8_t *data = NULL;
    size_t size = 0;
    fault_init(&fault);
    if (!spool_path(taking->agency, path, "out/%s", taking->file->name)) {
        return LT_AGAIN;
    }
    enum lt_status status = file_read(path, DOOR_JSON_BYTES_MAX, &data, &size, &fault);
    if (status == LT_BODY_TOO_LARGE) {
        return problem_set(&taking->problem, status, "", "", "at most %u bytes",
                           DOOR_JSON_BYTES_MAX);
    }
    if (status != LT_OK) {
        return LT_AGAIN;
    }
    *ret_text = (struct lt_bytes){data, size};
    return door_request_read(&taking->door, *ret_text, DOOR_SPOOL, &taking->problem);
}

/* A refusal is final and goes to rejected/; anything else is tried again. */
static void settle(struct taking *taking, enum lt_status status)
{
    const struct spool_agency *agency = taking->agency;
    bool refused = lt_class(status) == LT_CLASS_REFUSE || status == LT_BLOB_MISSING;
    if (status == LT_OK || status == LT_AGAIN) {
        return;
    }
    taking->problem.status = status;
    if (refused) {
        spool_reject(agency, "out", taking->file->name, &taking->problem);
    } else if (!taking->file->told) {
        taking->file->told = true;
        log_warn("spool-postponed", "agency=%s file=\"%s\" code=%s detail=\"%s\"",
                 agency->tenant.agency, taking->file->name, lt_code(status),
                 taking->problem.detail);
    }
}

static void take(struct spool_agency *agency, struct folder_file *file,
                 struct waiting_cases *waiting)
{
    struct taking *taking = calloc(1, sizeof(*taking));
    struct lt_bytes text = {NULL, 0};
    if (taking == NULL) {
        return;
    }
    taking->agency = agency;
    taking->file = file;
    snprintf(taking->stem, sizeof(taking->stem), "%.*s", (int)(strlen(file->name) - 5), file->name);
    enum lt_status status = request_read(taking, &text);
    if (status == LT_OK) {
        status = identity_check(taking);
    }
    if (status == LT_OK) {
        const char *case_code = taking->door->request.case_code;
        status = case_waits(waiting, case_code) ? LT_AGAIN : hand_over(taking);
        if (lt_class(status) != LT_CLASS_OK && lt_class(status) != LT_CLASS_REFUSE) {
            case_wait(waiting, case_code);
        }
    }
    settle(taking, status);
    door_request_free(&taking->door);
    free((void *)(uintptr_t)text.data);
    free(taking);
}

void spool_out_poll(struct spool_agency *agency)
{
    struct waiting_cases waiting = {.count = 0};
    char path[FOLDER_PATH_BYTES];
    if (!spool_path(agency, path, "out")) {
        return;
    }
    enum lt_status status = folder_scan_again(&agency->out_scan, path, spool_mono_ms(agency));
    if (status != LT_OK) {
        log_warn("spool-folder-failed", "agency=%s folder=%s code=%s", agency->tenant.agency, path,
                 lt_code(status));
        return;
    }
    for (uint32_t i = 0; i < agency->out_scan.count && !stopper_stopped(agency->stopper); i++) {
        struct folder_file *file = &agency->out_scan.files[i];
        size_t size = strlen(file->name);
        if (file->ready && size > 5 && strcasecmp(file->name + size - 5, ".json") == 0) {
            take(agency, file, &waiting);
        }
    }
}
