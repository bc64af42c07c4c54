/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A base is one release's fold of facts; the facts themselves outlive every release. So a release
 * that folds otherwise is not made to read what another one folded: it folds again. That needs the
 * archive, which by the rules of the cut holds every record that is gone.
 */
#include "rebase.h"

#include "safe_start.h"

static enum lt_status make_base(const struct state_options *state, uint64_t first,
                                struct base_about *ret_about, struct fault *fault)
{
    struct base_about about;
    enum lt_status status = base_write(state->path, state->base, first, NULL, NULL, &about, fault);
    if (status == LT_OK) {
        status = base_check_new(state->base, &about, fault);
    }
    if (status != LT_OK) {
        base_drop(state->base);
        return status;
    }
    status = base_place(state->base, fault);
    if (status == LT_OK) {
        *ret_about = about;
    }
    return status;
}

/* By the broker's own fold, with what it passes over passed over. */
static enum lt_status refold(const struct rebase_options *options,
                             const struct journal_backend *joined, uint64_t *ret_damaged,
                             struct fault *fault)
{
    struct safe_start safe_start = {.trail = NULL};
    struct broker_options broker = options->broker;
    const struct lt_clock *clock = broker.clock;
    enum lt_status status =
        options->folder == NULL
            ? LT_OK
            : safe_start_open(&safe_start, options->folder, clock->wall_ms(clock->self), fault);
    if (status == LT_OK) {
        broker.backend = *joined;
        broker.passed_over = safe_start.passed_over;
        broker.passed_over_count = safe_start.passed_over_count;
        status = broker_refold(&broker, ret_damaged, fault);
    }
    safe_start_close(&safe_start);
    return status;
}

enum lt_status rebase_run(const struct rebase_options *options, struct rebase_report *ret_report,
                          struct fault *fault)
{
    struct backend_status at;
    struct archive_joined joined;
    struct rebase_report report = {.damaged = 0};
    const struct journal_backend *journal = &options->broker.backend;
    journal->status(journal->self, &at);
    if (at.first <= 1) {
        return fault_set(fault, LT_FIELD_BAD, "journal", "was never cut: it needs no base");
    }
    enum lt_status status = archive_join(&joined, options->archive, journal, fault);
    if (status != LT_OK) {
        return status;
    }
    struct journal_backend door = archive_joined_door(&joined);
    status = refold(options, &door, &report.damaged, fault);
    if (status == LT_OK) {
        status = make_base(&options->broker.state, at.first, &report.base, fault);
    }
    if (status == LT_OK) {
        *ret_report = report;
    }
    return status;
}
