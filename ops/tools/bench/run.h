/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_RUN_H
#define OPS_TOOLS_BENCH_RUN_H

#include "broker.h"
#include "operator.h"
#include "party.h"
#include "report.h"

/* One measurement against a broker that runs: agencies are registered, connected, driven, ended. */
LT_CHECK enum lt_status run_bench(struct stage *stage, struct net *net, const struct broker *broker,
                                  struct report *ret_report, struct fault *fault);

#endif
