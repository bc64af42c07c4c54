/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Every agency's certificate is looked at when the adapter starts and every LOOK_MS after; one that
 * ends within RENEW_DAYS is told in the log each time and asked for anew. The request lies in a
 * file beside the key, so an adapter that was started anew goes on with the same one. A request
 * that was refused, or whose time is over, is followed by a new one at the next look.
 *
 * Nothing here stops transfers: what cannot be read or written is told and tried again later.
 */
#include "renew.h"

#include <stdlib.h>
#include <string.h>

#include "enrol_keys.h"
#include "proto/base/log.h"

#define DAY_MS  (24 * 3600 * 1000LL)
#define LOOK_MS (6 * 3600 * 1000LL)

struct renewal {
    bool asked; /* the request below is with the client */
    bool again; /* the last one will never be answered otherwise */
    int64_t look_ms;
    struct enrol_paths paths;
    struct enrol_request request;
};

struct renewals {
    const struct host_config *config;
    struct lt_client *const *clients;
    const struct lt_clock *clock;
    struct renewal all[]; /* of each agency */
};

enum lt_status renewals_open(struct renewals **ret_renewals, const struct host_config *config,
                             struct lt_client *const *clients, const struct lt_clock *clock)
{
    struct renewals *renewals =
        calloc(1, sizeof(*renewals) + config->agencies_count * sizeof(renewals->all[0]));
    if (renewals == NULL) {
        return LT_NO_MEMORY;
    }
    renewals->config = config;
    renewals->clients = clients;
    renewals->clock = clock;
    for (uint32_t i = 0; i < config->agencies_count; i++) {
        const struct host_agency *agency = &config->agencies[i];
        enrol_paths(agency->key, agency->signing_key, false, &renewals->all[i].paths);
    }
    *ret_renewals = renewals;
    return LT_OK;
}

void renewals_close(struct renewals **renewals_p)
{
    free(*renewals_p);
    *renewals_p = NULL;
}

/* Whole days until the agency's certificate ends, negative afterwards; false: it has none. */
static bool certificate_days(const struct host_agency *agency, const struct enrol_paths *paths,
                             int64_t now_ms, int64_t *ret_days)
{
    int64_t from_ms;
    int64_t to_ms;
    if (agency->signing_key[0] == '\0' || !enrol_keys_dates(paths, &from_ms, &to_ms)) {
        return false;
    }
    *ret_days = to_ms >= now_ms ? (to_ms - now_ms) / DAY_MS : -1 - (now_ms - to_ms) / DAY_MS;
    return true;
}

static int64_t wall_ms(const struct renewals *renewals)
{
    return renewals->clock->wall_ms(renewals->clock->self);
}

static void tell_failed(const struct host_agency *agency, enum lt_status status,
                        const struct fault *fault)
{
    log_error("renewal-failed", "agency=%s code=%s field=%s detail=\"%s\"", agency->id,
              lt_code(status), fault->field, fault->detail);
}

static void ask(struct renewals *renewals, uint32_t i, int64_t days)
{
    const struct host_agency *agency = &renewals->config->agencies[i];
    struct renewal *renewal = &renewals->all[i];
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    struct lt_bytes der;
    struct lt_key secret;
    struct fault fault;
    fault_init(&fault);
    struct enrol_wish wish = {
        .agency = agency->id,
        .name = "",
        .again = renewal->again,
        .renew = true,
        .now_ms = wall_ms(renewals),
    };
    enum lt_status status =
        enrol_keys_open(&renewal->paths, &wish, &secret, memory, &der, &renewal->request, &fault);
    explicit_bzero(&secret, sizeof(secret));
    if (status == LT_OK) {
        status = client_enrol(renewals->clients[i], der);
    }
    if (status != LT_OK) {
        tell_failed(agency, status, &fault);
        return;
    }
    renewal->asked = true;
    renewal->again = false;
    log_info("renewal-asked", "agency=%s days=%lld code=%s", agency->id, (long long)days,
             renewal->request.code);
}

static void look(struct renewals *renewals, uint32_t i)
{
    const struct host_agency *agency = &renewals->config->agencies[i];
    int64_t days;
    if (!certificate_days(agency, &renewals->all[i].paths, wall_ms(renewals), &days) ||
        days >= RENEW_DAYS) {
        return;
    }
    log_warn("certificate-ending", "agency=%s days=%lld", agency->id, (long long)days);
    if (!renewals->config->renew_by_hand && !renewals->all[i].asked) {
        ask(renewals, i, days);
    }
}

static void take(struct renewals *renewals, uint32_t i, const struct client_enrol_end *end)
{
    const struct host_agency *agency = &renewals->config->agencies[i];
    struct renewal *renewal = &renewals->all[i];
    struct fault fault;
    fault_init(&fault);
    renewal->asked = false;
    if (end->status != LT_OK) {
        renewal->again = true;
        log_error("renewal-refused", "agency=%s code=%s detail=\"%s\" request=%s", agency->id,
                  lt_code(end->status), end->detail, renewal->request.code);
        return;
    }
    enum lt_status status = enrol_keys_keep(&renewal->paths, &renewal->request,
                                            (struct lt_bytes){end->certificate, end->size}, &fault);
    if (status != LT_OK) {
        tell_failed(agency, status, &fault);
        return;
    }
    log_info("renewed", "agency=%s certificate=%s", agency->id,
             end->size > 0 ? renewal->paths.certificate : "");
}

void renewals_step(struct renewals *renewals)
{
    int64_t now_ms = renewals->clock->mono_ms(renewals->clock->self);
    for (uint32_t i = 0; i < renewals->config->agencies_count; i++) {
        struct renewal *renewal = &renewals->all[i];
        const struct lt_client *client = renewals->clients[i];
        const struct client_enrol_end *end =
            client != NULL && renewal->asked ? client_enrolled(client) : NULL;
        if (end != NULL) {
            take(renewals, i, end);
        }
        if (client != NULL && now_ms >= renewal->look_ms) {
            renewal->look_ms = now_ms + LOOK_MS;
            look(renewals, i);
        }
    }
}
