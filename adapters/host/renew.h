/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_RENEW_H
#define ADAPTERS_HOST_RENEW_H

#include "adapters/sdk/client_step.h"
#include "config.h"
#include <lienthong/clock.h>

/*
 * Renewal of certificates by the running adapter: for each agency whose own ends within
 * RENEW_DAYS a request goes over its session, with the keys in use, and what is issued is put
 * beside the signing key. Nobody at the agency does anything; the registrar's tool decides
 * (`ltctl enrol renew`). One thread, that of client_step.
 */
#define RENEW_DAYS 60

struct renewals;
LT_CHECK enum lt_status renewals_open(struct renewals **ret_renewals,
                                      const struct host_config *config,
                                      struct lt_client *const *clients,
                                      const struct lt_clock *clock);
void renewals_close(struct renewals **renewals_p);

/* Looks at what is due; it may come a second late and nobody need wait for it. */
void renewals_step(struct renewals *renewals);

#endif
