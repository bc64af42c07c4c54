/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_DRIVERS_HTTP_HELD_H
#define ADAPTERS_DRIVERS_HTTP_HELD_H

#include <lienthong/adapter.h>

/*
 * Asks one agency's application whether it holds a transfer: GET held_url with id, leg, case and
 * sender_key (sent=1: a transfer of its own; ping=1: just a sign of life). HTTP 200 with a JSON
 * object whose `held` is true or false is the answer; everything else is unknown.
 */
struct http_held;
LT_CHECK enum lt_status http_held_open(struct http_held **ret_held, const struct lt_tenant *tenant);
void http_held_close(struct http_held **held_p);

#endif
