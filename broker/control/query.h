/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_QUERY_H
#define BROKER_CONTROL_QUERY_H

#include <lienthong/status.h>
#include "proto/base/arena.h"
#include "proto/frame.h"

/*
 * What ltctl asks, as verbs of the operator port (Query -> Page; rows of named texts; ltctl makes
 * tables, JSON and CSV). Reading verbs, paged by cursor:
 *
 *   status                          one row: epoch, uptime, positions, sessions, open legs, sums ...
 *   agencies [id=]                  one row per agency: id, name, kind, connected, open, parked ...
 *   routes
 *   transfers [agency= from= case= state= kind= procedure= since= until=]   one row per leg
 *   show id=                        rows of one transfer: its legs, then its history
 *   case code=                      every transfer of a case, in order
 *   where code=                     the facts for one sentence: who has it, since when, waits for what
 *   parked [agency= code=]
 *   conservation                    per agency: accepted, taken, refused, expired, cancelled, open,
 *                                   counted (open, from the lists), difference
 * Acts (roles checked; each a fact):
 *   replay id= [leg=] reason= [dry_run=1]
 *   agency-put  payload=<entry>     registrar; add or change, key add and revoke come as whole entries
 *   route-put, route-gone payload=<entry>
 */

#endif
