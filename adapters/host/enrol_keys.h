/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_ENROL_KEYS_H
#define ADAPTERS_HOST_ENROL_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "proto/enrol.h"

/*
 * The files of an agency's keys, beside one another:
 *
 *   NAME.key NAME.pub            CURVE, as the configuration's `key` names it
 *   SIGN.key SIGN.pem            the signing key, as `signing_key` names it, or NAME.seal.key
 *   SIGN.csr                     the request that waits, SIGN.crt the certificate
 *
 * A rotation works on NAME.next.key and SIGN.next.key until it is approved; what was before stays
 * as *.old. Secrets are made with mode 0600 and never written over.
 */
struct enrol_paths {
    char key[CONFIG_PATH_BYTES + 16];
    char pub[CONFIG_PATH_BYTES + 16];
    char signing_key[CONFIG_PATH_BYTES + 16];
    char signing_pub[CONFIG_PATH_BYTES + 16];
    char request[CONFIG_PATH_BYTES + 16];
    char certificate[CONFIG_PATH_BYTES + 16];
};

/* `rotated`: the names of the next ones. */
void enrol_paths(const char *key, const char *signing_key, bool rotated,
                 struct enrol_paths *ret_paths);

struct enrol_wish {
    const char *agency;
    const char *name; /* or "" */
    bool again;       /* a new request with the keys that are there */
    bool renew;       /* likewise, unless one made after the present certificate waits */
    int64_t now_ms;
};

/* Keys that are missing are made; a request that waits is taken up, unless it is another's. */
LT_CHECK enum lt_status enrol_keys_open(const struct enrol_paths *paths,
                                        const struct enrol_wish *wish, struct lt_key *ret_secret,
                                        uint8_t memory[ENROL_REQUEST_BYTES_MAX],
                                        struct lt_bytes *ret_der, struct enrol_request *ret_request,
                                        struct fault *fault);

/* When the present certificate begins and ends; false: there is none that reads. */
bool enrol_keys_dates(const struct enrol_paths *paths, int64_t *ret_from_ms, int64_t *ret_to_ms);

/* The certificate belongs to the request's key; empty: none was issued. */
LT_CHECK enum lt_status enrol_keys_keep(const struct enrol_paths *paths,
                                        const struct enrol_request *request,
                                        struct lt_bytes certificate, struct fault *fault);

/* The next ones become those in use. */
LT_CHECK enum lt_status enrol_keys_switch(const struct enrol_paths *next,
                                          const struct enrol_paths *paths, struct fault *fault);

#endif
