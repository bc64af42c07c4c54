/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From the words of the configuration file to the numbers the parts of the broker work with, unit
 * by unit; and from a status to the exit code that says to systemd and to people what to do. Pure:
 * the same configuration gives the same settings, at the start and after SIGHUP.
 */
#include <string.h>

#include "limits.h"
#include "settings.h"

struct flow_settings settings_flow(const struct config *config)
{
    return (struct flow_settings){
        .attempts_max = config->attempts_max,
        .backoff_first_ms = config->backoff_first_ms,
        .settle_timeout_ms = (int64_t)config->settle_timeout_s * 1000,
        .line_incident_ms = (int64_t)config->line_incident_minutes * 60 * 1000,
        .deadline_ms = (int64_t)config->status_deadline_days * 24 * 3600 * 1000,
        .stuck_ms = (int64_t)config->stuck_hours * 3600 * 1000,
        .share_bytes = (uint64_t)config->agency_share_mib * 1024 * 1024,
        .disk_alarm_ms = (int64_t)config->disk_alarm_days * 24 * 3600 * 1000,
        .lease_ms = LEASE_MS,
        .beat_ms = BEAT_MS,
        .reconcile_ms = (int64_t)config->restore_minutes * 60 * 1000,
        .seals_required = config->seals_required,
        .plan_items_max = config->plan_items_max,
        .plan_second_over = config->plan_second_person_over,
        .log = true,
        .blob_endpoint = config->blob_public,
        .blob_endpoint_next = config->blob_public_next,
        .software = SOFTWARE,
    };
}

struct blob_policy settings_blobs(const struct config *config)
{
    struct blob_policy policy = blob_policy_default();
    policy.free_low_bytes = (uint64_t)config->free_low_mib * 1024 * 1024;
    policy.bytes_per_s = (uint64_t)config->blob_bandwidth_kib_s * 1024;
    policy.office_bytes_per_s = (uint64_t)config->blob_bandwidth_office_kib_s * 1024;
    return policy;
}

enum log_level settings_log_level(const char *name)
{
    if (strcmp(name, "debug") == 0) {
        return LOG_DEBUG_;
    }
    if (strcmp(name, "warn") == 0) {
        return LOG_WARN_;
    }
    return strcmp(name, "error") == 0 ? LOG_ERROR_ : LOG_INFO_;
}

int settings_exit_code(enum lt_status status)
{
    switch (status) {
    case LT_OK:
        return 0;
    case LT_FENCED:
        return EXIT_FENCED;
    case LT_DAMAGED:
    case LT_LOG_DAMAGED:
    case LT_LOG_AHEAD:
        return EXIT_DAMAGED;
    case LT_FORMAT_UNKNOWN:
        return EXIT_FORMAT;
    case LT_IO:
    case LT_FULL:
        return EXIT_STOP;
    case LT_CONFIG_BAD:
    case LT_SECRET_READABLE:
    case LT_LIMIT_BAD:
        return EXIT_CONFIG;
    default:
        return EXIT_START;
    }
}
