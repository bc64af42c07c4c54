/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The results, for people and for programs. The JSON object has the same keys in every mode and
 * stands alone on the last line, so that `tail -n 1` is all a script needs.
 */
#include <inttypes.h>
#include <jansson.h>

#include "report.h"
#include <lienthong/status.h>

static const char *mode_name(enum bench_mode mode)
{
    static const char *const names[] = {
        [BENCH_FLOW] = "flow",
        [BENCH_BACKLOG] = "backlog",
        [BENCH_HOLD] = "hold-windows",
        [BENCH_IDLE] = "idle",
    };
    return names[mode];
}

static void print_people(const struct report *r, const struct bench_options *options, FILE *out)
{
    (void)fprintf(out, "%s: %u agencies, %u senders, %u receivers, window %u, %u bytes, %.1f s\n",
                  mode_name(options->mode), options->agencies, options->senders, options->receivers,
                  options->window, options->size, r->seconds);
    (void)fprintf(out, "accepted  %10.0f /s   %12" PRIu64 "\n", r->accepted_per_s, r->accepted);
    (void)fprintf(out, "settled   %10.0f /s   %12" PRIu64 "\n", r->settled_per_s, r->settled);
    (void)fprintf(out, "latency   p50 %.2f ms   p99 %.2f ms   p99.9 %.2f ms\n", r->p50_ms,
                  r->p99_ms, r->p999_ms);
    (void)fprintf(out,
                  "lost %" PRIu64 "   duplicated %" PRIu64 "   again %" PRIu64 "   busy %" PRIu64
                  "   refused %" PRIu64,
                  r->lost, r->duplicated, r->again, r->busy, r->refused);
    if (r->refusal != 0) {
        (void)fprintf(out, " (%s)", lt_code((enum lt_status)r->refusal));
    }
    (void)fprintf(out,
                  "   strange %" PRIu64 "   sessions lost %" PRIu64 "   difference %" PRId64 "\n",
                  r->strange, r->lives, r->left.difference);
    if (r->left.open > 0) {
        (void)fprintf(out,
                      "open      %" PRIu64 ": ready %" PRIu64 ", sent %" PRIu64 ", behind %" PRIu64
                      ", backoff %" PRIu64 ", parked %" PRIu64 "\n",
                      r->left.open, r->left.ready, r->left.sent, r->left.behind, r->left.backoff,
                      r->left.parked);
    }
    (void)fprintf(out,
                  "broker    %.4f CPU s per 1,000 (%.0f %% of a core)   %.2f syncs per 1,000   "
                  "%.1f parcels per frame\n",
                  r->broker_cpu_s_per_1000, r->broker_cpu_share * 100, r->syncs_per_1000,
                  r->parcels_per_frame);
    (void)fprintf(out, "memory    %.1f MiB own (most %.1f), %.1f MiB with mapped files\n",
                  r->broker_rss_mib, r->broker_rss_max_mib, r->broker_vmrss_mib);
}

static void print_json(const struct report *r, const struct bench_options *options, FILE *out)
{
    const struct {
        const char *name;
        double value;
    } reals[] = {
        {"seconds", r->seconds},
        {"settled_per_s", r->settled_per_s},
        {"accepted_per_s", r->accepted_per_s},
        {"p50_ms", r->p50_ms},
        {"p99_ms", r->p99_ms},
        {"p999_ms", r->p999_ms},
        {"broker_cpu_s_per_1000", r->broker_cpu_s_per_1000},
        {"broker_cpu_share", r->broker_cpu_share},
        {"broker_rss_mib", r->broker_rss_mib},
        {"broker_rss_max_mib", r->broker_rss_max_mib},
        {"broker_vmrss_mib", r->broker_vmrss_mib},
        {"syncs_per_1000", r->syncs_per_1000},
        {"parcels_per_frame", r->parcels_per_frame},
    };
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"agencies", options->agencies},
        {"senders", options->senders},
        {"receivers", options->receivers},
        {"window", options->window},
        {"size", options->size},
        {"connected", r->connected},
        {"submitted", (int64_t)r->submitted},
        {"accepted", (int64_t)r->accepted},
        {"settled", (int64_t)r->settled},
        {"lost", (int64_t)r->lost},
        {"duplicated", (int64_t)r->duplicated},
        {"again", (int64_t)r->again},
        {"refused", (int64_t)r->refused},
        {"busy", (int64_t)r->busy},
        {"strange", (int64_t)r->strange},
        {"sessions_lost", (int64_t)r->lives},
        {"open", (int64_t)r->left.open},
        {"difference", r->left.difference},
    };
    json_t *object = json_object();
    (void)json_object_set_new(object, "mode", json_string(mode_name(options->mode)));
    for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
        (void)json_object_set_new(object, reals[i].name, json_real(reals[i].value));
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        (void)json_object_set_new(object, numbers[i].name, json_integer(numbers[i].value));
    }
    (void)json_dumpf(object, out, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    (void)fputc('\n', out);
    json_decref(object);
}

void report_print(const struct report *report, const struct bench_options *options, FILE *out)
{
    print_people(report, options, out);
    if (options->json) {
        print_json(report, options, out);
    }
    (void)fflush(out);
}

bool report_is_bad(const struct report *report, const struct bench_options *options)
{
    bool moved = options->mode == BENCH_IDLE || report->accepted > 0;
    bool settled = options->mode != BENCH_FLOW || report->settled > 0;
    return report->lost > 0 || report->duplicated > 0 || report->refused > 0 ||
           report->strange > 0 || report->left.difference != 0 || !moved || !settled;
}
