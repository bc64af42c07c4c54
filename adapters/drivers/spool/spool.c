/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The folder driver: one-stop software that can only write files hands cases over by dropping them
 * into out/ and finds deliveries, outcomes and refusals as files. One thread per agency looks at
 * its folders every poll_ms, so that a share that hangs holds up nobody else.
 *
 * Files are a view of the box, never its truth: what was taken from out/ is durable before it is
 * moved to sent/, a delivery is settled only by an answer that was read, and everything written
 * here can be written again. A crash between two steps repeats the second one.
 *
 * The folders are made when they are missing. A folder that cannot be read or written is logged and
 * tried again at the next look; only a folder that cannot be made at the start refuses to open.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/door_fields.h"
#include "adapters/host/text_out.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "spool.h"

#define DAY_MS   (24LL * 60 * 60 * 1000)
#define REST_MS  1000
#define BOM      "\xEF\xBB\xBF"
#define LINE_END "\r\n" /* these texts are read with Windows' editors */

struct spool {
    struct lt_driver_options options;
    struct stopper *stopper;
    struct spool_agency *agencies;
};

bool spool_path(const struct spool_agency *agency, char out[FOLDER_PATH_BYTES], const char *format,
                ...)
{
    int used = snprintf(out, FOLDER_PATH_BYTES, "%s/", agency->tenant.folder);
    if (used < 0 || used >= FOLDER_PATH_BYTES) {
        return false;
    }
    va_list args;
    va_start(args, format);
    int size = vsnprintf(out + used, (size_t)(FOLDER_PATH_BYTES - used), format, args);
    va_end(args);
    return size >= 0 && used + size < FOLDER_PATH_BYTES;
}

int64_t spool_mono_ms(const struct spool_agency *agency)
{
    return agency->options->clock->mono_ms(agency->options->clock->self);
}

/* ---- refusals people read ---- */

static char *reason_text(const char *name, const struct lt_problem *problem)
{
    const struct lt_error *error = lt_error(problem->status);
    struct text_out out;
    text_out_init(&out);
    text_out_format(&out, BOM "%s" LINE_END LINE_END "%s" LINE_END, name, error->vi);
    text_out_format(&out, "Trường: %s" LINE_END "Chi tiết: %s" LINE_END "Cách xử lý: %s" LINE_END,
                    problem->field, problem->detail, error->do_vi);
    text_out_format(&out, LINE_END "%s" LINE_END "Field: %s" LINE_END "Detail: %s" LINE_END,
                    error->en, problem->field, problem->detail);
    text_out_format(&out, "What to do: %s" LINE_END LINE_END "code: %s" LINE_END, error->do_en,
                    error->code);
    return text_out_take(&out, NULL);
}

void spool_reject(const struct spool_agency *agency, const char *folder, const char *name,
                  const struct lt_problem *problem)
{
    char from[FOLDER_PATH_BYTES];
    char to[FOLDER_PATH_BYTES];
    char note[FOLDER_PATH_BYTES];
    size_t size = strlen(name);
    bool json = size > 5 && strcasecmp(name + size - 5, ".json") == 0;
    char *text = reason_text(name, problem);
    log_warn("spool-rejected", "agency=%s file=\"%s\" code=%s field=%s detail=\"%s\"",
             agency->tenant.agency, name, lt_code(problem->status), problem->field,
             problem->detail);
    if (text == NULL || !spool_path(agency, from, "%s/%s", folder, name) ||
        !spool_path(agency, to, "rejected/%s", name) ||
        !spool_path(agency, note, "rejected/%.*s.reason.txt", (int)(json ? size - 5 : size),
                    name)) {
        free(text);
        return;
    }
    enum lt_status status = folder_put(note, text_bytes(text));
    if (status == LT_OK) {
        status = folder_move(from, to);
    }
    if (status != LT_OK) {
        log_warn("spool-reject-failed", "agency=%s file=\"%s\" code=%s", agency->tenant.agency,
                 name, lt_code(status));
    }
    free(text);
}

/* ---- the thread ---- */

/* What was handed over, answered or read long ago. rejected/ is left for people. */
static void tidy(struct spool_agency *agency)
{
    static const char *const folders[] = {"sent", "in/done", "events"};
    const struct lt_clock *clock = agency->options->clock;
    if (spool_mono_ms(agency) < agency->tidy_due_ms) {
        return;
    }
    agency->tidy_due_ms = spool_mono_ms(agency) + SPOOL_TIDY_MS;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[FOLDER_PATH_BYTES];
        if (spool_path(agency, path, "%s", folders[i])) {
            folder_tidy(path, clock->wall_ms(clock->self) - SPOOL_KEEP_DAYS * DAY_MS);
        }
    }
}

static void *agency_run(void *argument)
{
    struct spool_agency *agency = argument;
    int rest_ms = agency->options->poll_ms > 0 ? (int)agency->options->poll_ms : REST_MS;
    spool_events_recover(agency);
    spool_in_recover(agency);
    do {
        spool_out_poll(agency);
        spool_in_poll(agency);
        spool_events_poll(agency);
        tidy(agency);
    } while (stopper_rest(agency->stopper, rest_ms));
    return NULL;
}

/* ---- life ---- */

static enum lt_status folders_make(const struct spool_agency *agency, struct lt_problem *problem)
{
    static const char *const folders[] = {"out",    "in/done", "rejected",
                                          "events", "sent",    "restored-sent"};
    struct fault fault;
    fault_init(&fault);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[FOLDER_PATH_BYTES];
        if (!spool_path(agency, path, "%s", folders[i])) {
            return problem_set(problem, LT_CONFIG_BAD, "", "folder", "the path is too long");
        }
        enum lt_status status = folder_make(path, 0770, &fault);
        if (status != LT_OK) {
            return problem_set(problem, status, "", fault.field, "%s", fault.detail);
        }
    }
    return LT_OK;
}

static enum lt_status agency_open(struct spool *spool, struct spool_agency *agency,
                                  const struct lt_tenant *tenant, struct lt_problem *problem)
{
    agency->tenant = *tenant;
    agency->options = &spool->options;
    agency->stopper = spool->stopper;
    if (tenant->folder == NULL) {
        return problem_set(problem, LT_CONFIG_BAD, "", "folder", "%s has none", tenant->agency);
    }
    enum lt_status status = folders_make(agency, problem);
    if (status == LT_OK) {
        status = digester_open(&agency->digester);
    }
    if (status == LT_OK) {
        agency->thread_runs = pthread_create(&agency->thread, NULL, agency_run, agency) == 0;
        status = agency->thread_runs ? LT_OK : LT_NO_MEMORY;
    }
    if (status == LT_OK) {
        const struct asker_options options = {tenant->client, agency, spool_held_ask};
        status = asker_open(&agency->asker, &options);
    }
    return status;
}

static void agency_close(struct spool_agency *agency)
{
    asker_close(&agency->asker);
    if (agency->thread_runs) {
        pthread_join(agency->thread, NULL);
    }
    if (agency->digester != NULL) {
        digester_close(&agency->digester);
    }
    folder_scan_free(&agency->out_scan);
}

static void spool_close(void **self_p)
{
    struct spool *spool = *self_p;
    if (spool == NULL) {
        return;
    }
    if (spool->stopper != NULL) {
        stopper_stop(spool->stopper);
    }
    for (uint32_t i = 0; spool->agencies != NULL && i < spool->options.tenants_count; i++) {
        agency_close(&spool->agencies[i]);
    }
    stopper_close(&spool->stopper);
    free(spool->agencies);
    free(spool);
    *self_p = NULL;
}

static enum lt_status spool_open(void **ret_self, const struct lt_driver_options *options,
                                 struct lt_problem *problem)
{
    struct spool *spool = calloc(1, sizeof(*spool));
    enum lt_status status = spool != NULL ? LT_OK : LT_NO_MEMORY;
    if (status == LT_OK) {
        spool->options = *options;
        spool->agencies = calloc(options->tenants_count + 1, sizeof(*spool->agencies));
        status = spool->agencies != NULL ? stopper_open(&spool->stopper) : LT_NO_MEMORY;
    }
    for (uint32_t i = 0; status == LT_OK && i < options->tenants_count; i++) {
        status = agency_open(spool, &spool->agencies[i], &options->tenants[i], problem);
    }
    void *self = spool;
    if (status != LT_OK) {
        problem->status = status;
        spool_close(&self);
        return status;
    }
    *ret_self = self;
    return LT_OK;
}

const struct lt_driver lt_driver_spool = {"spool", spool_open, spool_close};
