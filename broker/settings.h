/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_SETTINGS_H
#define BROKER_SETTINGS_H

#include "broker/blobs/blobs.h"
#include "broker/flow/flow.h"
#include "broker/registry/config.h"
#include "proto/base/log.h"

/* What a configuration means to the parts that main.c wires, and what an end means to who started
 * it. Nothing here opens, keeps or fails. */
#define EXIT_USAGE   2
#define EXIT_START   64
#define EXIT_STOP    70
#define EXIT_DAMAGED 71
#define EXIT_BUS     72
#define EXIT_FENCED  73
#define EXIT_FORMAT  74
#define EXIT_CONFIG  78
#define SOFTWARE     "lienthongd/" LT_VERSION

struct flow_settings settings_flow(const struct config *config);
struct blob_policy settings_blobs(const struct config *config);
enum log_level settings_log_level(const char *name);
int settings_exit_code(enum lt_status status); /* lienthongd(8), EXIT STATUS */

#endif
