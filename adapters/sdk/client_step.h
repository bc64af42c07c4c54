/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_CLIENT_STEP_H
#define ADAPTERS_SDK_CLIENT_STEP_H

#include "proto/enrol.h"
#include "proto/port_zmq.h"
#include "proto/trust.h"
#include <lienthong/client.h>

/*
 * For hosts of many clients: one network thread steps them all. lt_client_open_on opens a client on
 * a shared net; client_step moves one client on without waiting; client_socket and client_wake_fd
 * are what to wait for (client_zmq_wait). lt_client_run is built on these.
 */
LT_CHECK enum lt_status lt_client_open_on(struct lt_client **ret_client, struct net *net,
                                          const struct lt_clock *clock,
                                          const struct lt_entropy *entropy,
                                          const struct lt_client_options *options,
                                          struct lt_problem *problem);
/* Milliseconds until the next step is due by itself. */
int client_step(struct lt_client *client);
struct client_zmq *client_socket(struct lt_client *client);
struct client_zmq *client_blob_socket(struct lt_client *client); /* NULL while nothing moves */
int client_wake_fd(const struct lt_client *client);
/* LT_OK, or the failure of class stop that ended it: nothing is promised any more. */
enum lt_status client_failed(struct lt_client *client);
/* Nothing sent waits for its answer; then client_bye, and client_step no more. */
bool client_drained(struct lt_client *client);
void client_bye(struct lt_client *client);

/*
 * client_enrol.c: a request (LTP.md section 18) for a new certificate of this agency, asked over
 * its session until it is answered for good; in place of one asked before. At most
 * ENROL_REQUEST_BYTES_MAX bytes, copied. The thread of client_step, like the answer, which is NULL
 * until then and lives until the next request.
 */
struct client_enrol_end {
    enum lt_status status; /* LT_OK: approved */
    char detail[160];
    size_t size; /* of the certificate; 0: none was issued */
    uint8_t certificate[CERTIFICATE_BYTES_MAX];
};
LT_CHECK enum lt_status client_enrol(struct lt_client *client, struct lt_bytes request);
const struct client_enrol_end *client_enrolled(const struct lt_client *client);

#endif
