/* SPDX-License-Identifier: EUPL-1.2 */
/* The journal of the simulated world is cut: the order to carry, and the cut itself. */
#include "cut.h"

#include <assert.h>

#include "broker/core/cut.h"
#include "proto/base/text.h"

static enum lt_status in_the_archive(void *archive, uint64_t first, struct lt_bytes record,
                                     struct fault *fault)
{
    (void)archive;
    (void)first;
    (void)record;
    (void)fault;
    return LT_OK;
}

void cut_order(struct flow *flow)
{
    uint8_t memory[64];
    uint64_t position;
    if (!flow_room_small(flow) || flow->durable <= flow->carry.below) {
        return;
    }
    struct fact_backup order = {
        .position = flow->durable, .person = text_bytes("sim"), .what = MARK_CARRY};
    enum lt_status status =
        flow_fact(flow, FACT_BACKUP, fact_write_backup(memory, sizeof(memory), &order), &position);
    assert(status == LT_OK);
}

enum lt_status cut_make(struct backend_memory *backend, const char *state_path,
                        const char *base_path, uint64_t below, struct fault *fault)
{
    struct cut_report report;
    uint64_t epoch;
    struct cut_options options = {.journal = backend_memory_door(backend),
                                  .state_path = state_path,
                                  .base_path = base_path,
                                  .below = below,
                                  .archived = in_the_archive};
    enum lt_status status = options.journal.acquire(options.journal.self, "cut", &epoch, fault);
    return status == LT_OK ? cut_run(&options, &report, fault) : status;
}
