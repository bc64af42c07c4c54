/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_ALARM_EXPIRY_H
#define BROKER_CONTROL_ALARM_EXPIRY_H

#include "ask.h"

/* The least of 0 (over), 1, 7, 30 and 60 days that `until_ms` lies within; -1: it is far off. */
int64_t expiry_step(int64_t until_ms, int64_t now_ms);

/* When the agency's last key of a kind ends; 0: one has no end; -1: it has none. */
struct seal_keys;
int64_t expiry_of_key(const struct agency *agency);
int64_t expiry_of_seal_key(const struct seal_keys *keys, uint32_t agency);
/* Not of one that is suspended or has a successor. */
bool expiry_matters(const struct agency *agency);

/* Rows of `alarms` for keys, certificates and lists that end within 60 days. */
void alarms_expiring(struct ask *ask);

#endif
