/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The broker's sockets. While its key is being changed two keys answer side by side, each at an
 * address of its own, on the same socket: what comes in by one or the other is the same traffic,
 * and nothing behind this file knows two ports. Strangers ask by the key in force.
 *
 * The secrets are read here and wiped here; libzmq has copies of its own.
 */
#include "ports.h"

#include <string.h>

#include "proto/keyfile.h"

struct secrets {
    struct lt_key now;
    struct lt_key next;
};

static enum lt_status open_server(struct ports *ports, const struct config *config,
                                  const struct secrets *secrets, struct fault *fault)
{
    const char *endpoints[CONFIG_LISTEN_MAX];
    struct server_options options = {.endpoints = endpoints,
                                     .endpoints_count = config->listen_count,
                                     .secret_key = secrets->now,
                                     .next_secret_key = secrets->next};
    for (uint32_t i = 0; i < config->listen_count; i++) {
        endpoints[i] = config->listen[i];
    }
    options.next_endpoint = config->listen_next[0] == '\0' ? NULL : config->listen_next;
    enum lt_status status = server_zmq_open(&ports->server, ports->net, &options, fault);
    explicit_bzero(&options.secret_key, sizeof(options.secret_key));
    explicit_bzero(&options.next_secret_key, sizeof(options.next_secret_key));
    return status;
}

static enum lt_status open_blob_server(struct ports *ports, const struct config *config,
                                       const struct secrets *secrets, struct fault *fault)
{
    const char *endpoint = config->blob_listen;
    struct server_options options = {.endpoints = &endpoint,
                                     .endpoints_count = 1,
                                     .secret_key = secrets->now,
                                     .next_secret_key = secrets->next,
                                     .recheck_keys = true};
    options.next_endpoint = config->blob_listen_next[0] == '\0' ? NULL : config->blob_listen_next;
    enum lt_status status = server_zmq_open(&ports->blob_server, ports->net, &options, fault);
    explicit_bzero(&options.secret_key, sizeof(options.secret_key));
    explicit_bzero(&options.next_secret_key, sizeof(options.next_secret_key));
    return status;
}

enum lt_status ports_open(struct ports *ports, const struct config *config,
                          const struct lt_clock *clock, struct fault *fault)
{
    struct secrets secrets;
    memset(&secrets, 0, sizeof(secrets));
    enum lt_status status = keyfile_read_secret(config->secret_key, &secrets.now, fault);
    if (status == LT_OK && config->secret_key_next[0] != '\0') {
        status = keyfile_read_secret(config->secret_key_next, &secrets.next, fault);
    }
    if (status == LT_OK) {
        status = net_open(&ports->net, (int)config->io_threads, fault);
    }
    if (status == LT_OK) {
        status = open_server(ports, config, &secrets, fault);
    }
    if (status == LT_OK) {
        status = open_blob_server(ports, config, &secrets, fault);
    }
    if (status == LT_OK && config->enrol_listen[0] != '\0') {
        status = stranger_port_open(&ports->strangers, ports->net, config->enrol_listen,
                                    &secrets.now, clock->mono_ms(clock->self), fault);
    }
    explicit_bzero(&secrets, sizeof(secrets));
    return status;
}

void ports_close(struct ports *ports)
{
    stranger_port_close(&ports->strangers);
    server_zmq_close(&ports->blob_server);
    server_zmq_close(&ports->server);
    net_close(&ports->net);
}
