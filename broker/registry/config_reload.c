/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A reload takes only what may change under way; a difference in any other key refuses the whole
 * reload by that key's name, so that file and process never disagree in silence.
 */
#include <string.h>

#include "config.h"

static const char *restart_key(const struct config *config, const struct config *next)
{
    if (strcmp(config->data, next->data) != 0) {
        return "data";
    }
    if (config->listen_count != next->listen_count ||
        memcmp(config->listen, next->listen, sizeof(config->listen)) != 0) {
        return "listen";
    }
    if (strcmp(config->blob_listen, next->blob_listen) != 0) {
        return "blob_listen";
    }
    if (strcmp(config->blob_public, next->blob_public) != 0) {
        return "blob_public";
    }
    if (strcmp(config->enrol_listen, next->enrol_listen) != 0) {
        return "enrol_listen";
    }
    if (strcmp(config->secret_key, next->secret_key) != 0) {
        return "secret_key";
    }
    if (strcmp(config->secret_key_next, next->secret_key_next) != 0) {
        return "secret_key_next";
    }
    if (strcmp(config->listen_next, next->listen_next) != 0) {
        return "listen_next";
    }
    if (strcmp(config->blob_listen_next, next->blob_listen_next) != 0) {
        return "blob_listen_next";
    }
    if (strcmp(config->blob_public_next, next->blob_public_next) != 0) {
        return "blob_public_next";
    }
    if (config->scrub_kib_s != next->scrub_kib_s) {
        return "scrub_kib_s";
    }
    if (strcmp(config->log_origin, next->log_origin) != 0) {
        return "log_origin";
    }
    if (strcmp(config->log_signing_key, next->log_signing_key) != 0) {
        return "log_signing_key";
    }
    if (strcmp(config->log_signing_key_next, next->log_signing_key_next) != 0) {
        return "log_signing_key_next";
    }
    if (config->log_checkpoint_ms != next->log_checkpoint_ms) {
        return "log_checkpoint_ms";
    }
    return config->io_threads != next->io_threads ? "io_threads" : NULL;
}

enum lt_status config_reload(struct config *config, const struct config *next, struct fault *fault)
{
    const char *key = restart_key(config, next);
    if (key != NULL) {
        return fault_set(fault, LT_CONFIG_BAD, key, "changes at a restart only; nothing was taken");
    }
    *config = *next;
    return LT_OK;
}
