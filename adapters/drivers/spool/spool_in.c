/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * in/: one delivery as ID-LEG.json, or, with attachments, as a folder ID-LEG/ with delivery.json
 * and the files. The local system answers by dropping ID-LEG.taken, .refused, .failed or .later
 * (empty, or JSON as in the HTTP door), or by moving the delivery to in/done/, which means taken.
 *
 * Deliveries lie there on lease, renewed while they do, at most SPOOL_OUTSTANDING_MAX at a time. A
 * final answer moves delivery and answer to in/done/; "failed" and "later" take the delivery away,
 * because the axis sends it again. An answer that cannot be read goes to rejected/ and the delivery
 * goes on waiting.
 *
 * After a restart what lies in in/ is taken up again by name; what was moved while the adapter was
 * down is found in in/done/ when the delivery comes again.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/host/door_fields.h"
#include "adapters/host/door_json.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "spool.h"

#define ANSWER_BYTES_MAX (64 * 1024)
#define OUTCOMES         4

static const char *const outcomes[OUTCOMES] = {"taken", "refused", "failed", "later"};

static bool final_outcome(const char *outcome)
{
    return strcmp(outcome, "taken") == 0 || strcmp(outcome, "refused") == 0;
}

/* ---- what lies there ---- */

static struct spool_delivery *delivery_find(struct spool_agency *agency, const struct lt_id *id,
                                            uint32_t leg)
{
    for (uint32_t i = 0; i < agency->deliveries_count; i++) {
        struct spool_delivery *delivery = &agency->deliveries[i];
        if (delivery->leg == leg && memcmp(&delivery->id, id, sizeof(*id)) == 0) {
            return delivery;
        }
    }
    return NULL;
}

static void delivery_add(struct spool_agency *agency, const struct lt_id *id, uint32_t leg,
                         int64_t renew_due_ms)
{
    if (agency->deliveries_count == SPOOL_OUTSTANDING_MAX) {
        return;
    }
    struct spool_delivery *delivery = &agency->deliveries[agency->deliveries_count++];
    char text[ID_TEXT_BYTES];
    id_write(text, id);
    *delivery = (struct spool_delivery){.id = *id, .leg = leg, .renew_due_ms = renew_due_ms};
    snprintf(delivery->name, sizeof(delivery->name), "%s-%u", text, leg);
}

static void delivery_drop(struct spool_agency *agency, struct spool_delivery *delivery)
{
    *delivery = agency->deliveries[--agency->deliveries_count];
}

/* "ID-LEG" or "ID-LEG.json" */
static bool name_read(const char *name, struct lt_id *ret_id, uint32_t *ret_leg)
{
    char id[ID_TEXT_BYTES];
    size_t id_size = ID_TEXT_BYTES - 1;
    if (strlen(name) < id_size + 2 || name[id_size] != '-') {
        return false;
    }
    text_copy(id, sizeof(id), (struct lt_bytes){(const uint8_t *)name, id_size});
    const char *leg = name + id_size + 1;
    size_t digits = strspn(leg, "0123456789");
    bool ends = leg[digits] == '\0' || strcmp(leg + digits, ".json") == 0;
    if (digits == 0 || digits > 2 || !ends || !id_read(ret_id, id)) {
        return false;
    }
    *ret_leg = (uint32_t)strtoul(leg, NULL, 10);
    return true;
}

void spool_in_recover(struct spool_agency *agency)
{
    char path[FOLDER_PATH_BYTES];
    DIR *folder = spool_path(agency, path, "in") ? opendir(path) : NULL;
    if (folder == NULL) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        struct lt_id id;
        uint32_t leg = 0;
        if (name_read(entry->d_name, &id, &leg) && delivery_find(agency, &id, leg) == NULL) {
            delivery_add(agency, &id, leg, 0);
        }
    }
    closedir(folder);
}

/* ---- writing a delivery ---- */

struct writing {
    const struct spool_agency *agency;
    const struct lt_delivery *delivery;
    const char *name;
    const char *folder; /* "in", or "restored-sent" */
    struct door_attachment attachments[LT_ATTACHMENTS_MAX];
    char files[LT_ATTACHMENTS_MAX][280];
    const char *names[LT_ATTACHMENTS_MAX];
    uint32_t count;
};

static enum lt_status files_write(struct writing *writing)
{
    char blob[FOLDER_PATH_BYTES];
    char path[FOLDER_PATH_BYTES];
    for (uint32_t i = 0; i < writing->count; i++) {
        enum lt_status status = lt_client_blob_path(
            writing->agency->tenant.client, &writing->attachments[i].sha256, blob, sizeof(blob));
        if (status == LT_OK && !spool_path(writing->agency, path, "%s/.%s.new/%s", writing->folder,
                                           writing->name, writing->files[i])) {
            status = LT_IO;
        }
        if (status == LT_OK) {
            status = folder_copy(blob, path);
        }
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

static enum lt_status folder_write(struct writing *writing, const char *text)
{
    char fresh[FOLDER_PATH_BYTES];
    char path[FOLDER_PATH_BYTES];
    if (!spool_path(writing->agency, fresh, "%s/.%s.new", writing->folder, writing->name) ||
        !spool_path(writing->agency, path, "%s/.%s.new/delivery.json", writing->folder,
                    writing->name)) {
        return LT_IO;
    }
    folder_remove(fresh);
    enum lt_status status = mkdir(fresh, 0770) == 0 ? LT_OK : LT_IO;
    if (status == LT_OK) {
        status = files_write(writing);
    }
    if (status == LT_OK) {
        status = folder_put(path, text_bytes(text));
    }
    if (status == LT_OK &&
        !spool_path(writing->agency, path, "%s/%s", writing->folder, writing->name)) {
        status = LT_IO;
    }
    if (status == LT_OK) {
        status = folder_move(fresh, path);
    }
    if (status != LT_OK) {
        folder_remove(fresh);
    }
    return status;
}

/* Files of the delivery: a number, so that none is there twice, and the sender's name for it. */
static void files_name(struct writing *writing)
{
    for (uint32_t i = 0; i < writing->count; i++) {
        char clean[200];
        folder_name_clean(clean, sizeof(clean), writing->attachments[i].name);
        snprintf(writing->files[i], sizeof(writing->files[i]), "%02u-%s", i + 1,
                 clean[0] != '\0' ? clean : "attachment");
        writing->names[i] = writing->files[i];
    }
}

static enum lt_status delivery_write(const struct spool_agency *agency, const char *folder,
                                     const struct lt_delivery *delivery, const char *name)
{
    struct writing *writing = calloc(1, sizeof(*writing));
    if (writing == NULL) {
        return LT_NO_MEMORY;
    }
    char path[FOLDER_PATH_BYTES];
    writing->agency = agency;
    writing->delivery = delivery;
    writing->name = name;
    writing->folder = folder;
    writing->count = door_attachments(delivery, writing->attachments);
    files_name(writing);
    char *text = door_delivery_json(delivery, writing->names);
    enum lt_status status = text != NULL ? LT_OK : LT_NO_MEMORY;
    if (status == LT_OK && writing->count > 0) {
        status = folder_write(writing, text);
    } else if (status == LT_OK) {
        status = spool_path(agency, path, "%s/%s.json", folder, name)
                     ? folder_put(path, text_bytes(text))
                     : LT_IO;
    }
    free(text);
    free(writing);
    return status;
}

/* Is it there in one of its two shapes? */
static bool lies_in(const struct spool_agency *agency, const char *folder, const char *name)
{
    char path[FOLDER_PATH_BYTES];
    return (spool_path(agency, path, "%s/%s.json", folder, name) && folder_exists(path)) ||
           (spool_path(agency, path, "%s/%s", folder, name) && folder_exists(path));
}

/* What lies in in/done from before the restore would answer for a system that forgot it. */
static void done_remove(const struct spool_agency *agency, const char *name)
{
    char path[FOLDER_PATH_BYTES];
    static const char *const ends[] = {"", ".json", ".taken", ".refused", ".failed", ".later"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (spool_path(agency, path, "in/done/%s%s", name, ends[i])) {
            folder_remove(path);
        }
    }
}

/* A transfer of our own that came back: written for good, and that is all there is to answer. */
static void own_take(struct spool_agency *agency, const struct lt_delivery *delivery)
{
    const struct lt_answer taken = {.outcome = LT_OUTCOME_TAKEN};
    char name[ID_TEXT_BYTES];
    id_write(name, &delivery->id);
    enum lt_status status = delivery_write(agency, "restored-sent", delivery, name);
    if (status == LT_OK) {
        status = lt_client_settle(agency->tenant.client, &delivery->id, delivery->leg, SPOOL_NODE,
                                  &taken);
    }
    log_info("spool-restored-sent", "agency=%s name=%s code=%s", agency->tenant.agency, name,
             lt_code(status)); /* if not, it comes again when the lease has run out */
}

static void delivery_take(struct spool_agency *agency, const struct lt_delivery *delivery)
{
    int64_t renew_due_ms = spool_mono_ms(agency) + SPOOL_LEASE_MS / 2;
    struct spool_delivery *known = delivery_find(agency, &delivery->id, delivery->leg);
    if (known != NULL) {
        known->renew_due_ms = renew_due_ms;
        return;
    }
    delivery_add(agency, &delivery->id, delivery->leg, renew_due_ms);
    known = delivery_find(agency, &delivery->id, delivery->leg);
    if (known != NULL && delivery->restored && !lies_in(agency, "in", known->name)) {
        done_remove(agency, known->name);
    }
    if (known == NULL || lies_in(agency, "in", known->name) ||
        lies_in(agency, "in/done", known->name)) {
        return;
    }
    enum lt_status status = delivery_write(agency, "in", delivery, known->name);
    log_info("spool-delivery", "agency=%s name=%s code=%s", agency->tenant.agency, known->name,
             lt_code(status));
    if (status != LT_OK) {
        delivery_drop(agency, known); /* it comes again when the lease has run out */
    }
}

static void deliveries_fetch(struct spool_agency *agency)
{
    struct lt_delivery delivery;
    while (agency->deliveries_count < SPOOL_OUTSTANDING_MAX &&
           lt_client_inbox(agency->tenant.client, SPOOL_NODE, SPOOL_LEASE_MS, 0, &delivery, 1) ==
               1) {
        if (delivery.sent) {
            own_take(agency, &delivery);
        } else {
            delivery_take(agency, &delivery);
        }
        lt_inbox_release(&delivery, 1);
    }
}

/* ---- answers ---- */

/* Moves a delivery, in whichever shape, and its answer to in/done/. */
static void delivery_shelve(const struct spool_agency *agency, const char *name,
                            const char *outcome)
{
    const char *const ends[] = {".json", "", outcome};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char from[FOLDER_PATH_BYTES];
        char to[FOLDER_PATH_BYTES];
        const char *dot = i == 2 ? "." : "";
        if (spool_path(agency, from, "in/%s%s%s", name, dot, ends[i]) && folder_exists(from) &&
            spool_path(agency, to, "in/done/%s%s%s", name, dot, ends[i])) {
            enum lt_status status = folder_move(from, to);
            if (status != LT_OK) {
                log_warn("spool-move-failed", "agency=%s file=%s code=%s", agency->tenant.agency,
                         name, lt_code(status));
            }
        }
    }
}

static void delivery_withdraw(const struct spool_agency *agency, const char *name,
                              const char *outcome)
{
    char path[FOLDER_PATH_BYTES];
    if (spool_path(agency, path, "in/%s.json", name)) {
        folder_remove(path);
    }
    if (spool_path(agency, path, "in/%s", name)) {
        folder_remove(path);
    }
    if (spool_path(agency, path, "in/%s.%s", name, outcome)) {
        folder_remove(path);
    }
}

/* What an answer led to: true when the delivery need not be watched any more. */
static bool answered(struct spool_agency *agency, const struct spool_delivery *delivery,
                     const char *outcome, enum lt_status status)
{
    log_info("spool-answer", "agency=%s name=%s outcome=%s code=%s", agency->tenant.agency,
             delivery->name, outcome, lt_code(status));
    if (status == LT_OK || status == LT_ALREADY_SETTLED || status == LT_NOT_HERE) {
        if (final_outcome(outcome)) {
            delivery_shelve(agency, delivery->name, outcome);
        } else {
            delivery_withdraw(agency, delivery->name, outcome);
        }
        return true;
    }
    return status == LT_LEASE_LOST; /* it comes again, and finds its answer lying there */
}

static bool answer_settle(struct spool_agency *agency, const struct spool_delivery *delivery,
                          const char *outcome, struct lt_bytes text)
{
    struct door_answer answer;
    struct lt_problem problem;
    char file[96];
    door_problem_init(&problem);
    if (door_answer_read(&answer, outcome, text, &problem) != LT_OK) {
        snprintf(file, sizeof(file), "%s.%s", delivery->name, outcome);
        spool_reject(agency, "in", file, &problem);
        return false;
    }
    enum lt_status status = lt_client_settle(agency->tenant.client, &delivery->id, delivery->leg,
                                             SPOOL_NODE, &answer.answer);
    return answered(agency, delivery, outcome, status);
}

/* An answer file that stands still since the last look, or is empty and says taken. */
static bool answer_ready(struct spool_delivery *delivery, const char *path, const char *outcome)
{
    struct folder_mark mark;
    if (!folder_look(path, &mark)) {
        return false;
    }
    bool same = strcmp(delivery->answer, outcome) == 0 && folder_mark_equal(&mark, &delivery->mark);
    snprintf(delivery->answer, sizeof(delivery->answer), "%s", outcome);
    delivery->mark = mark;
    return same || (mark.size == 0 && strcmp(outcome, "taken") == 0);
}

/* Looks for an answer; true when the delivery is done with. */
static bool answer_look(struct spool_agency *agency, struct spool_delivery *delivery)
{
    static const char *const folders[] = {"in", "in/done"};
    for (size_t i = 0; i < 2 * OUTCOMES; i++) {
        const char *outcome = outcomes[i % OUTCOMES];
        char path[FOLDER_PATH_BYTES];
        uint8_t *data = NULL;
        size_t size = 0;
        if (!spool_path(agency, path, "%s/%s.%s", folders[i / OUTCOMES], delivery->name, outcome) ||
            !answer_ready(delivery, path, outcome) ||
            file_read(path, ANSWER_BYTES_MAX, &data, &size, NULL) != LT_OK) {
            continue;
        }
        bool done = answer_settle(agency, delivery, outcome, (struct lt_bytes){data, size});
        free(data);
        return done;
    }
    if (lies_in(agency, "in/done", delivery->name)) {
        return answer_settle(agency, delivery, "taken", (struct lt_bytes){NULL, 0});
    }
    return false;
}

/* False: the lease is another's or gone, and so is our part in it. */
static bool lease_renew(struct spool_agency *agency, struct spool_delivery *delivery)
{
    if (spool_mono_ms(agency) < delivery->renew_due_ms) {
        return true;
    }
    delivery->renew_due_ms = spool_mono_ms(agency) + SPOOL_LEASE_MS / 2;
    enum lt_status status = lt_client_renew(agency->tenant.client, &delivery->id, delivery->leg,
                                            SPOOL_NODE, SPOOL_LEASE_MS);
    if (status == LT_NOT_HERE || status == LT_ALREADY_SETTLED) {
        delivery_shelve(agency, delivery->name, "taken");
    }
    return status == LT_OK || lt_class(status) == LT_CLASS_BUSY;
}

void spool_in_poll(struct spool_agency *agency)
{
    deliveries_fetch(agency);
    uint32_t at = 0;
    while (at < agency->deliveries_count && !stopper_stopped(agency->stopper)) {
        struct spool_delivery *delivery = &agency->deliveries[at];
        if (answer_look(agency, delivery) || !lease_renew(agency, delivery)) {
            delivery_drop(agency, delivery);
        } else {
            at++;
        }
    }
}
