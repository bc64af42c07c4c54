/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_DRIVERS_HTTP_WEBHOOK_H
#define ADAPTERS_DRIVERS_HTTP_WEBHOOK_H

#include <lienthong/adapter.h>

/*
 * Calls one agency's wake_url when there is news: a new event, or a delivery that waits. It is a
 * wake-up call and nothing more: HTTP 200 settles nothing. Only a JSON body {id, leg, outcome, ...}
 * in the answer does, in the words of POST /v1/inbox/{id}/{leg}/{outcome}.
 */
struct webhook;
LT_CHECK enum lt_status webhook_open(struct webhook **ret_webhook, const struct lt_tenant *tenant,
                                     const struct lt_clock *clock);
void webhook_close(struct webhook **webhook_p);

#endif
