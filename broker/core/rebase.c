/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A base is one release's fold of facts; the facts themselves outlive every release. So a release
 * that folds otherwise is not made to read what another one folded: it folds again. That needs the
 * archive, which by the rules of the cut holds every record that is gone.
 */
#include "rebase.h"

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
    struct broker_options broker = options->broker;
    broker.backend = archive_joined_door(&joined);
    status = broker_refold(&broker, &report.damaged, fault);
    if (status == LT_OK) {
        status = make_base(&broker.state, at.first, &report.base, fault);
    }
    if (status == LT_OK) {
        *ret_report = report;
    }
    return status;
}
