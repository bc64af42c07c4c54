/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef LIENTHONG_ADAPTER_H
#define LIENTHONG_ADAPTER_H

#include <lienthong/client.h>

/*
 * What a driver of lt-adapter is: the habits of one kind of local system. A driver gets the clients
 * of the agencies it serves and talks to them only through client.h. Its threads are its own.
 */
struct lt_tenant {
    struct lt_client *client;
    const char *agency;
    const char *token;    /* local credential, or NULL */
    const char *folder;   /* of the spool driver, or NULL */
    const char *wake_url; /* webhook, or NULL */
    const char *held_url; /* asked whether the local system holds a transfer, or NULL */
};

struct lt_driver_options {
    const struct lt_tenant *tenants;
    uint32_t tenants_count;
    const char *listen;   /* http: "127.0.0.1:8060" */
    const char *tls_cert; /* http beyond loopback: PEM files */
    const char *tls_key;
    uint32_t poll_ms;     /* spool: how often folders are looked at */
    bool answer_results;  /* loopback: answer every forward with a result */
    uint32_t pause_ms;    /* loopback: between receiving and taking */
    const char *language; /* "vi" or "en" */
    const struct lt_clock *clock;
};

struct lt_driver {
    const char *name;
    enum lt_status (*open)(void **ret_self, const struct lt_driver_options *options,
                           struct lt_problem *problem);
    void (*close)(void **self_p); /* stops its threads; the clients still stand */
};

LT_EXPORT extern const struct lt_driver lt_driver_http;
LT_EXPORT extern const struct lt_driver lt_driver_spool;
LT_EXPORT extern const struct lt_driver lt_driver_loopback;

#endif
