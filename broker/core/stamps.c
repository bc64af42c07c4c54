/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Between configuration, log and stamper. What is stamped is the newest checkpoint that the log's
 * signer issued, as anybody was given it; its size is read from its own text. Files go where
 * `ltctl evidence` looks for them: DATA/log/timestamps.
 *
 * The authority is no part of the start: only a trust file that does not read keeps a broker from
 * starting, as any wrong word of the configuration does.
 */
#include "stamps.h"

#include <stdio.h>

#include "proto/base/text.h"
#include "proto/checkpoint.h"

static_assert(NOTE_BYTES_MAX <= STAMPER_NOTE_BYTES_MAX, "a checkpoint fits into the stamper");

static bool newest(void *self, uint64_t *ret_size, uint8_t out[STAMPER_NOTE_BYTES_MAX],
                   size_t *ret_note_size)
{
    struct stamps *stamps = self;
    struct note note;
    struct checkpoint checkpoint;
    size_t size = stamps->log.checkpoint(stamps->log.self, out);
    if (size == 0 || note_read((struct lt_bytes){out, size}, &note) != LT_OK ||
        checkpoint_read(note.text, &checkpoint) != LT_OK) {
        return false;
    }
    *ret_size = checkpoint.head.size;
    *ret_note_size = size;
    return true;
}

static int64_t every_ms(const struct config *config)
{
    return (int64_t)config->timestamp_hours * 3600 * 1000;
}

enum lt_status stamps_check(const struct config *config, struct fault *fault)
{
    const char *policy = config->timestamp_policy[0] == '\0' ? NULL : config->timestamp_policy;
    struct timestamp_trust *trust = NULL;
    if (config->timestamp_url[0] == '\0') {
        return LT_OK;
    }
    enum lt_status status = timestamp_trust_open(config->timestamp_trust, policy, &trust, fault);
    timestamp_trust_close(&trust);
    return status;
}

enum lt_status stamps_apply(struct stamps *stamps, const struct log_door *log,
                            const struct config *config, const struct lt_clock *clock,
                            const struct lt_entropy *entropy, struct fault *fault)
{
    char folder[sizeof(config->data) + 32];
    enum lt_status status = LT_OK;
    snprintf(folder, sizeof(folder), "%s/log/timestamps", config->data);
    struct stamper_options options = {.folder = folder,
                                      .url = config->timestamp_url,
                                      .trust = config->timestamp_trust,
                                      .policy = config->timestamp_policy,
                                      .every_ms = every_ms(config),
                                      .source = {stamps, newest},
                                      .clock = clock,
                                      .entropy = entropy};
    stamps->log = *log;
    if (stamps->stamper != NULL) {
        status = stamper_change(stamps->stamper, &options, fault);
    } else if (options.url[0] != '\0') {
        status = stamper_open(&stamps->stamper, &options, fault);
    }
    if (status == LT_OK) {
        stamps->every_ms = options.every_ms;
        stamps->on = options.url[0] != '\0';
    }
    return status;
}

void stamps_close(struct stamps *stamps)
{
    stamper_close(&stamps->stamper);
}

bool stamps_about(struct stamps *stamps, int64_t now_ms, struct operators_stamps *ret_about)
{
    struct stamper_state state;
    if (!stamps->on) {
        return false;
    }
    stamper_state(stamps->stamper, &state);
    struct operators_stamps about = {.size = state.size,
                                     .time_ms = state.time_ms,
                                     .failures = state.failures,
                                     .failing_since_ms = state.failing_since_ms,
                                     .late = stamper_late(&state, stamps->every_ms, now_ms)};
    text_copy(about.why, sizeof(about.why), text_bytes(state.why));
    text_copy(about.detail, sizeof(about.detail), text_bytes(state.detail));
    *ret_about = about;
    return true;
}
