/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_KEYS_H
#define BROKER_CORE_KEYS_H

#include "broker.h"
#include "broker/registry/config.h"
#include "proto/port_zmq.h"

/*
 * Keeps the key directory of the ZAP thread equal to the registry and the operators of the
 * configuration: pushed whole whenever either changed and the change is durable, and when a key's
 * day comes or is over.
 */
struct keys {
    uint64_t version;       /* of the registry pushed last */
    uint64_t seen_version;  /* of the registry seen last ... */
    uint64_t seen_position; /* ... which is durable with this */
    int64_t due_ms;         /* the next date of a key */
    bool pushed;
    bool changed; /* the configuration changed */
};

LT_CHECK enum lt_status keys_push(struct keys *keys, struct broker *broker,
                                  const struct config *config, struct net *net);
void keys_changed(struct keys *keys);

#endif
