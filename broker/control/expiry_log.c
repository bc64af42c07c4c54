/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Tells of ends in time: walks the registry in slices of a few agencies, so that no turn looks at
 * all certificates at once, rests an hour between two rounds, and looks at nothing while the clock
 * is suspect. A threshold is told once. A key that is followed by a longer one is told of no more;
 * when that one comes near its own end, its thresholds are told.
 *
 * Nothing is kept over a restart: what is within a threshold then is told once more, which is what
 * somebody who just started the broker wants to know. What was over for longer than a week is not
 * told again at every start.
 */
#include "expiry_log.h"

#include "alarm_expiry.h"
#include "broker/registry/seal_key.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

#define SLICE_AGENCIES 16
#define SLICE_MS       100
#define ROUND_MS       (3600 * 1000LL)
#define OVER_TOLD_MS   (7 * 24 * 3600 * 1000LL)

/* True: a threshold that was not told of before, or not of this end. */
static bool reached(uint8_t *told, int64_t until_ms, int64_t now_ms, int64_t *ret_days)
{
    int64_t days = until_ms > 0 ? expiry_step(until_ms, now_ms) : -1;
    uint8_t step = (uint8_t)(days + 1); /* 0: far off, or no end */
    bool news = step != *told && step != 0 && until_ms > now_ms - OVER_TOLD_MS;
    *told = step;
    *ret_days = days;
    return news;
}

static void tell(const char *event, const char *subject, const char *name, int64_t until_ms,
                 int64_t days)
{
    char until[TIME_TEXT_BYTES];
    time_write(until, until_ms);
    log_warn(event, "%s=%s until=%s within_days=%lld", subject, name, until, (long long)days);
}

static void look_at_agency(struct expiry_log *log, const struct flow *flow,
                           const struct agency *agency)
{
    static const char *const events[EXPIRY_KINDS] = {
        [EXPIRY_KEY] = "key-ending",
        [EXPIRY_SEAL_KEY] = "seal-key-ending",
    };
    const int64_t until_ms[EXPIRY_KINDS] = {
        [EXPIRY_KEY] = expiry_of_key(agency),
        [EXPIRY_SEAL_KEY] = expiry_of_seal_key(registry_seal_keys(flow->registry), agency->number),
    };
    int64_t days;
    for (int i = 0; i < EXPIRY_KINDS && agency->number <= AGENCIES_MAX; i++) {
        if (reached(&log->agencies[i][agency->number], until_ms[i], flow->now_ms, &days)) {
            tell(events[i], "agency", agency->id, until_ms[i], days);
        }
    }
}

/* What is not of agencies: the list of revoked certificates, and people's keys. */
static void look_at_house(struct expiry_log *log, const struct flow *flow,
                          const struct config *config)
{
    int64_t days;
    int64_t list_ms = flow->trust == NULL ? 0 : trust_lists_until_ms(flow->trust);
    if (reached(&log->list, list_ms, flow->now_ms, &days)) {
        tell("crl-ending", "list", "trust_crl", list_ms, days);
    }
    for (uint32_t i = 0; i < config->operators_count; i++) {
        const struct operator_entry *person = &config->operators[i];
        if (reached(&log->people[i], person->to_ms, flow->now_ms, &days)) {
            tell("operator-key-ending", "operator", person->name, person->to_ms, days);
        }
    }
}

void expiry_log_step(struct expiry_log *log, const struct flow *flow, const struct config *config)
{
    if (flow->clock_suspect || flow->mono_ms < log->due_ms) {
        return;
    }
    if (log->at == 0) {
        look_at_house(log, flow, config);
    }
    const struct agency *agency = NULL;
    for (uint32_t i = 0; i < SLICE_AGENCIES; i++) {
        agency = registry_at(flow->registry, log->at);
        if (agency == NULL) {
            break;
        }
        log->at++;
        if (expiry_matters(agency)) {
            look_at_agency(log, flow, agency);
        }
    }
    log->at = agency == NULL ? 0 : log->at;
    log->due_ms = flow->mono_ms + (agency == NULL ? ROUND_MS : SLICE_MS);
}
