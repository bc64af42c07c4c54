/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_CONFIG_H
#define ADAPTERS_HOST_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include <lienthong/adapter.h>

/*
 * lt-adapter.yaml through libcyaml. Errors name file, line and key and say what is allowed.
 *
 *   endpoint: tcp://truc.example:7760
 *   blob_endpoint: tcp://truc.example:7761   empty: what the axis says
 *   enrol_endpoint: tcp://truc.example:7762  where `lt-adapter enrol` asks to be let in; or empty
 *   server_key: <64 hex> or a .pub file      of the axis
 *   data: /var/lib/lt-adapter                one folder per agency is made in it, mode 0700
 *
 *   log_key: truc.example/log+1c2d3e4f+AZ...    key of the axis' log, or /PATH of a file with it;
 *                                            absent: the first one told is kept
 *
 *   sender_keys: /etc/lienthong/senders      AGENCY/NAME.pem in it: seals are checked with them
 *   renew_by_hand: false                     certificates are asked for over the session
 *   receipt_wait_s: 60                       session time until a receipt is overdue
 *   language: vi                             vi, en
 *   log_level: info                          debug, info, warn, error
 *   drivers:
 *     http: {listen: 127.0.0.1:8060, tls_cert: "", tls_key: ""}
 *     spool: {poll_ms: 1000}
 *     loopback: {answer_results: false, pause_ms: 0}
 *   agencies:
 *     - id: H24.15
 *       key: /etc/lienthong/H24.15.key       its CURVE secret key, mode 0600
 *
 *       signing_key: /etc/lienthong/H24.15.seal.key   PEM, 0600: seals what is sent; "" no seal
 *
 *       token: ...  or  token_file: ...      served by http; 16 to 128 printable characters
 *
 *       folder: /srv/lienthong/H24.15        served by spool
 *
 *       loopback: false                      served by loopback; so is who has neither of the above
 *
 *       wake_url: http://127.0.0.1:9000/wake called when there is news
 *
 *       held_url: http://127.0.0.1:9000/held asked whether the application holds a transfer
 *
 *       blob_kib_s: 0                        upload cap, 0 none
 *       outbox_mib: 1024
 */
#define CONFIG_AGENCIES_MAX  256
#define CONFIG_PATH_BYTES    256
#define CONFIG_LOG_KEY_BYTES 512
#define CONFIG_TOKEN_LEAST   16
#define CONFIG_TOKEN_MOST    128

enum host_language { HOST_VI, HOST_EN };

struct host_agency {
    char id[LT_AGENCY_ID_MAX + 1];
    char key[CONFIG_PATH_BYTES];
    char signing_key[CONFIG_PATH_BYTES];
    char token[CONFIG_TOKEN_MOST + 1]; /* "" when absent, also when read from token_file */
    char folder[CONFIG_PATH_BYTES];
    char wake_url[CONFIG_PATH_BYTES];
    char held_url[CONFIG_PATH_BYTES];
    bool loopback; /* resolved by the rule above */
    uint32_t blob_kib_s;
    uint32_t outbox_mib;
};

struct host_config {
    char endpoint[CONFIG_PATH_BYTES];
    char blob_endpoint[CONFIG_PATH_BYTES];
    char enrol_endpoint[CONFIG_PATH_BYTES];
    char server_key[CONFIG_PATH_BYTES];
    char data[CONFIG_PATH_BYTES];
    char log_key[CONFIG_LOG_KEY_BYTES]; /* of the axis' log; "": the first one told is kept */
    uint32_t receipt_wait_s;
    char sender_keys[CONFIG_PATH_BYTES]; /* "": seals are kept and not checked */
    bool renew_by_hand;                  /* certificates come from elsewhere than the registrar */
    enum host_language language;
    char log_level[8];
    bool http;
    char listen[128];
    char tls_cert[CONFIG_PATH_BYTES];
    char tls_key[CONFIG_PATH_BYTES];
    bool spool;
    uint32_t poll_ms;
    bool loopback;
    bool answer_results;
    uint32_t pause_ms;
    struct host_agency *agencies;
    uint32_t agencies_count;
};

/* Fault in the language asked for: field is the key ("agencies[2].id"), line its line. */
LT_CHECK enum lt_status host_config_read(const char *path, enum host_language language,
                                         struct host_config **ret_config, struct fault *fault);
void host_config_free(struct host_config **config_p); /* wipes the tokens */

/* "127.0.0.1:8060", "[::1]:8060", "localhost:8060" into host and port; false for other forms. */
LT_CHECK bool host_listen_split(const char *listen, char *host, size_t host_size,
                                uint16_t *ret_port);
bool host_is_loopback(const char *host);

/* The agencies of a driver: those it serves by the rules above. */
bool host_serves(const struct host_agency *agency, const char *driver);

#endif
