/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_WATCH_H
#define BROKER_CORE_WATCH_H

#include "proto/port_zmq.h"
#include <lienthong/status.h>

/*
 * Dials the broker's own port with a throw-away key every WATCH_MS, on a thread of its own. It must
 * be refused: libzmq lets every key in once nobody answers ZAP any more (library rule B2.2), so if
 * the key is ever let in the process ends at once.
 */
#define WATCH_MS 60000

struct watch;

enum lt_status watch_open(struct watch **ret_watch, struct server_zmq *server);
void watch_close(struct watch **watch_p);

#endif
