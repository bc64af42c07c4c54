/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lt-adapter.yaml: what a good one gives, and what every kind of slip says, with key and line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/host/config.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

#define TOKEN "token-of-one-agency"
#define HEAD                                                                                       \
    "endpoint: tcp://truc.example:7760\n"                                                          \
    "server_key: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"               \
    "data: /var/lib/lt-adapter\n"
#define DRIVERS  "drivers:\n  http:\n    listen: 127.0.0.1:8060\n"     /* lines 4 to 6 */
#define AGENCIES "agencies:\n  - id: H24.15\n    key: /k/H24.15.key\n" /* lines 7 to 9 */

static char folder[64];

static void path_of(char *out, size_t out_size, const char *name)
{
    snprintf(out, out_size, "%s/%s", folder, name);
}

static void put(const char *name, const char *text, int mode)
{
    char path[128];
    struct fault fault;
    fault_init(&fault);
    path_of(path, sizeof(path), name);
    assert_int_equal(file_write(path, text_bytes(text), mode, &fault), LT_OK);
}

static enum lt_status read_text(const char *text, struct host_config **ret_config,
                                struct fault *fault)
{
    char path[128];
    put("lt-adapter.yaml", text, 0600);
    path_of(path, sizeof(path), "lt-adapter.yaml");
    fault_init(fault);
    return host_config_read(path, HOST_EN, ret_config, fault);
}

static struct host_config *good(const char *text)
{
    struct host_config *config = NULL;
    struct fault fault;
    enum lt_status status = read_text(text, &config, &fault);
    if (status != LT_OK) {
        fail_msg("%s\n%s: %s", text, fault.field, fault.detail);
    }
    return config;
}

static void bad(const char *text, const char *field, int line, const char *said)
{
    struct host_config *config = NULL;
    struct fault fault;
    enum lt_status status = read_text(text, &config, &fault);
    char place[32];
    snprintf(place, sizeof(place), "lt-adapter.yaml:%d: ", line);
    if (status != LT_CONFIG_BAD || strcmp(fault.field, field) != 0 || fault.line != line ||
        strstr(fault.detail, said) == NULL || strncmp(fault.detail, place, strlen(place)) != 0) {
        fail_msg("%s\n gave %s %s line %d: %s", text, lt_code(status), fault.field, fault.line,
                 fault.detail);
    }
    assert_null(config);
}

static void everything_is_read(void **state)
{
    (void)state;
    put("token", "token-from-a-file-x\n", 0600);
    char text[2048];
    snprintf(text, sizeof(text),
             HEAD "blob_endpoint: tcp://truc.example:7761\nlanguage: en\nlog_level: debug\n" DRIVERS
                  "    tls_cert: /c.pem\n    tls_key: /k.pem\n  spool: {poll_ms: 250}\n"
                  "  loopback: {answer_results: true, pause_ms: 5}\n" AGENCIES "    token: " TOKEN
                  "\n    folder: /srv/a\n    wake_url: http://127.0.0.1:1/w\n"
                  "    held_url: https://127.0.0.1:1/h?a=1\n"
                  "    signing_key: /k/a.seal.key\n"
                  "    blob_kib_s: 64\n    outbox_mib: 3\n"
                  "  - {id: H24.16, key: /k/b.key, token_file: %s/token, loopback: true}\n"
                  "  - {id: H24.17, key: /k/c.key}\n",
             folder);
    struct host_config *config = good(text);
    assert_string_equal(config->endpoint, "tcp://truc.example:7760");
    assert_string_equal(config->blob_endpoint, "tcp://truc.example:7761");
    assert_string_equal(config->data, "/var/lib/lt-adapter");
    assert_int_equal(config->language, HOST_EN);
    assert_string_equal(config->log_level, "debug");
    assert_true(config->http && config->spool && config->loopback && config->answer_results);
    assert_string_equal(config->listen, "127.0.0.1:8060");
    assert_string_equal(config->tls_key, "/k.pem");
    assert_int_equal(config->poll_ms, 250);
    assert_int_equal(config->pause_ms, 5);
    assert_int_equal(config->agencies_count, 3);
    const struct host_agency *a = &config->agencies[0];
    assert_string_equal(a->token, TOKEN);
    assert_string_equal(a->wake_url, "http://127.0.0.1:1/w");
    assert_string_equal(a->held_url, "https://127.0.0.1:1/h?a=1");
    assert_string_equal(a->signing_key, "/k/a.seal.key");
    assert_string_equal(config->agencies[1].signing_key, "");
    assert_int_equal(a->blob_kib_s, 64);
    assert_int_equal(a->outbox_mib, 3);
    assert_true(host_serves(a, "http") && host_serves(a, "spool") && !host_serves(a, "loopback"));
    const struct host_agency *b = &config->agencies[1];
    assert_string_equal(b->token, "token-from-a-file-x");
    assert_true(host_serves(b, "http") && !host_serves(b, "spool") && host_serves(b, "loopback"));
    const struct host_agency *c = &config->agencies[2];
    assert_true(!host_serves(c, "http") && !host_serves(c, "spool") && host_serves(c, "loopback"));
    host_config_free(&config);
    assert_null(config);
}

static void defaults(void **state)
{
    (void)state;
    struct host_config *config =
        good(HEAD "drivers: {spool: {}}\n" AGENCIES "    folder: /srv/a\n");
    assert_int_equal(config->language, HOST_VI);
    assert_string_equal(config->log_level, "info");
    assert_int_equal(config->poll_ms, 1000);
    assert_int_equal(config->agencies[0].outbox_mib, 1024);
    host_config_free(&config);
}

static void slips_of_a_schema(void **state)
{
    (void)state;
    bad("endpont: tcp://truc.example:7760\n", "endpont", 1, "did you mean \"endpoint\"");
    bad(HEAD DRIVERS AGENCIES "    tokn: x\n", "agencies[1].tokn", 10, "did you mean \"token\"");
    bad(HEAD DRIVERS, "agencies", 1, "required");
    bad(HEAD DRIVERS "agencies:\n  - id: H24.15\n", "agencies[1].key", 8, "required");
    bad(HEAD DRIVERS AGENCIES "    outbox_mib: many\n", "agencies[1].outbox_mib", 10, "whole");
    bad(HEAD "drivers: {http: {}}\n" AGENCIES, "drivers.http.listen", 4, "required");
    bad(HEAD DRIVERS "agencies: []\n", "agencies", 7, "few");
    bad(HEAD DRIVERS "  spool: 3\n" AGENCIES, "drivers.spool", 7, "key: value");
}

static void slips_of_values(void **state)
{
    (void)state;
    bad("endpoint: truc.example:7760\nserver_key: a.pub\ndata: /d\ndrivers: {spool: {}}\n" AGENCIES,
        "endpoint", 1, "tcp://HOST:7760");
    bad("endpoint: tcp://*:7760\nserver_key: a.pub\ndata: /d\ndrivers: {spool: {}}\n" AGENCIES,
        "endpoint", 1, "tcp://HOST:7760");
    bad("endpoint: tcp://a:65536\nserver_key: a.pub\ndata: /d\ndrivers: {spool: {}}\n" AGENCIES,
        "endpoint", 1, "tcp://HOST:7760");
    bad("endpoint: tcp://a:1\nserver_key: abc\ndata: /d\ndrivers: {spool: {}}\n" AGENCIES,
        "server_key", 2, "64 hex digits");
    bad(HEAD "log_key: abc\n" DRIVERS AGENCIES, "log_key", 4, "NAME+ID+BASE64");
    bad(HEAD "receipt_wait_s: 9\n" DRIVERS AGENCIES, "receipt_wait_s", 4, "10..86400");
    bad(HEAD "language: fr\n" DRIVERS AGENCIES, "language", 4, "vi, en");
    bad(HEAD "log_level: debg\n" DRIVERS AGENCIES, "log_level", 4, "debug, info");
    bad(HEAD "drivers: {}\n" AGENCIES, "drivers", 4, "http, spool, loopback");
    bad(HEAD "drivers: {spool: {poll_ms: 49}}\n" AGENCIES, "drivers.spool.poll_ms", 4, "50..60000");
    bad(HEAD "drivers: {spool: {poll_ms: 60001}}\n" AGENCIES, "drivers.spool.poll_ms", 4, "50..");
    bad(HEAD DRIVERS AGENCIES "    token: " TOKEN "\n    outbox_mib: 1048577\n",
        "agencies[1].outbox_mib", 11, "1..1048576");
    bad(HEAD DRIVERS AGENCIES "    token: " TOKEN "\n    wake_url: ftp://x\n",
        "agencies[1].wake_url", 11, "http://");
    bad(HEAD DRIVERS AGENCIES "    token: " TOKEN "\n    held_url: file:///etc/passwd\n",
        "agencies[1].held_url", 11, "http://");
    bad(HEAD DRIVERS "agencies:\n  - id: h24\n    key: k\n", "agencies[1].id", 8, "0-9A-Z");
}

static void the_open_port_needs_tls(void **state)
{
    (void)state;
    bad(HEAD "drivers: {http: {listen: 0.0.0.0:8060}}\n" AGENCIES, "drivers.http.listen", 4,
        "127.0.0.1");
    bad(HEAD "drivers: {http: {listen: 127.0.0.1}}\n" AGENCIES, "drivers.http.listen", 4,
        "127.0.0.1:8060");
    bad(HEAD "drivers: {http: {listen: \"127.0.0.1:1\", tls_cert: c}}\n" AGENCIES,
        "drivers.http.tls_cert", 4, "tls_key");
    struct host_config *config =
        good(HEAD "drivers: {http: {listen: \"0.0.0.0:1\", tls_cert: c, tls_key: k}}\n" AGENCIES
                  "    token: " TOKEN "\n");
    host_config_free(&config);
}

static void tokens_are_secrets_of_one_agency(void **state)
{
    (void)state;
    char path[128];
    struct host_config *config = NULL;
    struct fault fault;
    bad(HEAD DRIVERS AGENCIES "    token: fifteen-letters\n", "agencies[1].token", 10, "16..128");
    config = good(HEAD DRIVERS AGENCIES "    token: sixteen-letters-\n");
    host_config_free(&config);
    bad(HEAD DRIVERS AGENCIES "    token: \"token with a blank\"\n", "agencies[1].token", 10,
        "no blanks");
    bad(HEAD DRIVERS AGENCIES "    token: " TOKEN "\n  - {id: H24.16, key: k, token: " TOKEN "}\n",
        "agencies[2].token", 11, "1 token");
    bad(HEAD DRIVERS AGENCIES "    token: " TOKEN "\n    token_file: t\n", "agencies[1].token_file",
        11, "token");
    put("lt-adapter.yaml", HEAD DRIVERS AGENCIES "    token: " TOKEN "\n", 0644);
    path_of(path, sizeof(path), "lt-adapter.yaml");
    fault_init(&fault);
    assert_int_equal(host_config_read(path, HOST_EN, &config, &fault), LT_SECRET_READABLE);
    put("open", TOKEN "\n", 0640);
    char text[1024];
    snprintf(text, sizeof(text), HEAD DRIVERS AGENCIES "    token_file: %s/open\n", folder);
    assert_int_equal(read_text(text, &config, &fault), LT_SECRET_READABLE);
    assert_string_equal(fault.field, "agencies[1].token_file");
    assert_int_equal(fault.line, 10);
    assert_null(config);
}

static void nobody_twice_and_nobody_unserved(void **state)
{
    (void)state;
    bad(HEAD DRIVERS AGENCIES "    token: " TOKEN "\n  - {id: H24.15, key: k, token: other-" TOKEN
                              "}\n",
        "agencies[2].id", 11, "H24.15");
    bad(HEAD DRIVERS AGENCIES, "agencies[1].id", 8, "token_file, folder");
    bad(HEAD DRIVERS AGENCIES "    folder: /srv/a\n", "agencies[1].folder", 10, "drivers.spool");
    bad(HEAD DRIVERS AGENCIES "    token: " TOKEN "\n    loopback: true\n", "agencies[1].loopback",
        11, "drivers.loopback");
    bad(HEAD "drivers: {spool: {}}\n" AGENCIES "    token: " TOKEN "\n", "agencies[1].token", 8,
        "drivers.http");
}

static void missing_file(void **state)
{
    (void)state;
    struct host_config *config = NULL;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(host_config_read("/nonexistent/x.yaml", HOST_VI, &config, &fault),
                     LT_NOT_FOUND);
    assert_string_equal(fault.field, "/nonexistent/x.yaml");
}

static void listen_forms(void **state)
{
    (void)state;
    char host[16];
    uint16_t port = 0;
    assert_true(host_listen_split("127.0.0.1:65535", host, sizeof(host), &port));
    assert_int_equal(port, 65535);
    assert_true(host_is_loopback(host));
    assert_true(host_listen_split("[::1]:0", host, sizeof(host), &port));
    assert_string_equal(host, "::1");
    assert_true(host_is_loopback(host));
    assert_false(host_listen_split("::1:80", host, sizeof(host), &port));
    assert_false(host_listen_split("127.0.0.1:65536", host, sizeof(host), &port));
    assert_false(host_listen_split("127.0.0.1:", host, sizeof(host), &port));
    assert_false(host_listen_split(":80", host, sizeof(host), &port));
    assert_false(host_listen_split("a-host-name-of16:80", host, sizeof(host), &port));
    assert_true(host_listen_split("a-host-name-o15:80", host, sizeof(host), &port));
    assert_false(host_is_loopback("10.0.0.1"));
    assert_true(host_is_loopback("localhost"));
}

static int folder_open(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/lt-host-config-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int folder_close(void **state)
{
    (void)state;
    static const char *const names[] = {"lt-adapter.yaml", "token", "open"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];
        path_of(path, sizeof(path), names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(defaults),
        cmocka_unit_test(slips_of_a_schema),
        cmocka_unit_test(slips_of_values),
        cmocka_unit_test(the_open_port_needs_tls),
        cmocka_unit_test(tokens_are_secrets_of_one_agency),
        cmocka_unit_test(nobody_twice_and_nobody_unserved),
        cmocka_unit_test(missing_file),
        cmocka_unit_test(listen_forms),
    };
    return cmocka_run_group_tests(tests, folder_open, folder_close);
}
