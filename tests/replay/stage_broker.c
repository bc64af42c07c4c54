/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The broker of a story: opened as main.c opens it, but on the world's clock, network and journal.
 * The journal's weather is said anew before every turn, because the twin in memory forgets a plan
 * with the append it was made for. A broker that ends by itself stays down, with its reason kept
 * for "expect broker stopped"; agencies notice as they would: their lines are cut.
 *
 * Memory comes from a crash as from kill -9: what was staged is gone, what was in flight is kept
 * or lost as the story says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stage.h"

#define TURNS_MAX 64 /* without time between them */
#define DRAIN_MS  10000

static enum lt_status disk_free(void *self, uint64_t *ret_bytes)
{
    const struct stage *stage = self;
    *ret_bytes = stage->disk_free_bytes;
    return LT_OK;
}

enum lt_status stage_broker_open(struct stage *stage, struct fault *fault)
{
    struct broker_options options = {
        .clock = &stage->clock.clock,
        .entropy = &stage->entropy.entropy,
        .port = world_net_server(stage->net, 0),
        .backend = backend_memory_door(stage->backend),
        .state = {.path = stage->state_path,
                  .map_bytes = 256 << 20,
                  .applier_inline = true,
                  .no_sync = true,
                  .seed = stage->world.seed},
        .settings = stage->settings,
        .operators = operators_door(stage->operators),
        .owner = "replay",
        .disk_free = disk_free,
        .disk_self = stage,
        .free_low_bytes = FREE_LOW_BYTES,
    };
    return broker_open(&stage->broker, &options, fault);
}

void stage_broker_start(struct stage *stage)
{
    struct fault fault;
    fault_init(&fault);
    if (stage->broker != NULL) {
        stage_fail(stage, "the broker is running");
    }
    if (stage->stopped != LT_OK) {
        backend_memory_crash(stage->backend, false); /* the process that failed is gone */
    }
    enum lt_status status = stage_broker_open(stage, &fault);
    if (status != LT_OK) {
        stage_fail(stage, "the broker does not start: %s %s %s", lt_code(status), fault.field,
                   fault.detail);
    }
    stage->stopped = LT_OK;
    world_net_start(stage->net, 0);
    stage_run(stage, 50); /* its epoch becomes durable */
}

struct flow *stage_flow(struct stage *stage)
{
    if (stage->broker == NULL) {
        stage_fail(stage, "the broker is down (%s %s)", lt_code(stage->stopped),
                   stage->stop_fault.detail);
    }
    return broker_flow(stage->broker);
}

static void lines_are_cut(struct stage *stage)
{
    world_net_stop(stage->net, 0);
    for (uint32_t i = 0; i < stage->peers_count; i++) {
        stage->peers[i]->session = 0;
    }
}

void stage_broker_crash(struct stage *stage, bool keep_in_flight)
{
    lines_are_cut(stage);
    if (stage->broker != NULL) {
        broker_abandon(stage->broker);
    }
    backend_memory_crash(stage->backend, keep_in_flight);
    broker_close(&stage->broker);
}

static bool drained(void *context)
{
    struct stage *stage = context;
    return stage->broker == NULL || broker_drained(stage->broker);
}

void stage_broker_stop(struct stage *stage)
{
    (void)stage_flow(stage);
    broker_drain(stage->broker);
    if (!stage_until(stage, DRAIN_MS, drained, stage) || stage->broker == NULL) {
        stage_fail(stage, "the broker does not come to an orderly end");
    }
    broker_say_bye(stage->broker);
    lines_are_cut(stage);
    broker_close(&stage->broker);
}

static bool works(const struct stage *stage)
{
    struct flow *flow = broker_flow(stage->broker);
    return journal_in_flight(flow->journal) || journal_has_staged(flow->journal) ||
           flow->sessions.waiting.count != 0;
}

static void weather(struct stage *stage)
{
    if (stage->plan_result == APPEND_DURABLE && stage->plan_polls == 0) {
        return;
    }
    backend_memory_plan(stage->backend, stage->plan_result, stage->plan_polls, stage->plan_written);
}

bool stage_broker_turn(struct stage *stage)
{
    bool busy = false;
    for (uint32_t i = 0; i < TURNS_MAX && stage->broker != NULL; i++) {
        bool idle = false;
        struct fault fault;
        fault_init(&fault);
        weather(stage);
        enum lt_status status = broker_turn(stage->broker, &idle, &fault);
        if (status != LT_OK) {
            stage->stopped = status;
            stage->stop_fault = fault;
            lines_are_cut(stage);
            broker_abandon(stage->broker);
            broker_close(&stage->broker);
            return true;
        }
        if (idle) {
            break;
        }
        busy = true;
    }
    return busy || works(stage);
}
