/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_ALARM_EXPIRY_H
#define BROKER_CONTROL_ALARM_EXPIRY_H

#include "ask.h"

/* Rows of `alarms` for keys, certificates and lists that end within 60 days. */
void alarms_expiring(struct ask *ask);

#endif
