/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `ca init`, `ca list`, `ca issue`, `ca revoke`, `ca crl`: the built-in certificate authority, a
 * folder on the registrars' machine (proto/ca.h). Nothing here talks to a broker. What the broker
 * needs of it is two files, ca.pem and crl.pem, named by trust_list and trust_crl of its
 * configuration; after a revocation the new crl.pem must get there, and every command that writes
 * one says so.
 */
#include <inttypes.h>
#include <stdio.h>

#include "ltctl.h"
#include "proto/base/text.h"
#include "proto/ca.h"
#include "proto/enrol.h"

#define YEARS_NORMAL     10
#define LIST_DAYS_NORMAL 30
#define CERT_DAYS_NORMAL 365
#define DAYS_MAX         3650
#define SAID_MAX         1200

static int64_t now_of(const struct ltctl *ltctl)
{
    return ltctl->clock->wall_ms(ltctl->clock->self);
}

static enum exit_code list_days(const struct ltctl *ltctl, uint64_t *ret_days)
{
    return option_number(ltctl, OPTION_DAYS, 1, DAYS_MAX, LIST_DAYS_NORMAL, ret_days);
}

static void say_list(const struct ltctl *ltctl)
{
    char said[SAID_MAX];
    char path[SAID_MAX / 2];
    snprintf(path, sizeof(path), "%.500s/crl.pem", ltctl->arguments[0]);
    PHRASE_FILL(said, sizeof(said), ltctl->language, CA_LIST_WRITTEN, path);
    fprintf(stderr, "%s\n", said);
}

enum exit_code run_ca_init(struct ltctl *ltctl)
{
    const char *name = ltctl->options.values[OPTION_NAME];
    uint64_t days = 0;
    struct fault fault;
    char said[SAID_MAX];
    fault_init(&fault);
    if (name == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_CA_NAME_MISSING));
    }
    enum exit_code code = list_days(ltctl, &days);
    if (code != EXIT_GOOD) {
        return code;
    }
    enum lt_status status =
        ca_make(ltctl->arguments[0], name, YEARS_NORMAL, (uint32_t)days, now_of(ltctl), &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    printf("%s/ca.pem\n%s/crl.pem\n", ltctl->arguments[0], ltctl->arguments[0]);
    PHRASE_FILL(said, sizeof(said), ltctl->language, CA_MADE, ltctl->arguments[0]);
    fprintf(stderr, "%s\n", said);
    return EXIT_GOOD;
}

static void entry_show(struct output *output, const struct ca_entry *entry, int64_t now_ms)
{
    char from[24];
    char to[24];
    char revoked[24];
    char key[2 * sizeof(entry->key_id.bytes) + 1];
    const char *state = entry->revoked ? "revoked" : entry->to_ms <= now_ms ? "expired" : "valid";
    snprintf(from, sizeof(from), "%" PRId64, entry->from_ms);
    snprintf(to, sizeof(to), "%" PRId64, entry->to_ms);
    snprintf(revoked, sizeof(revoked), "%" PRId64, entry->revoked_ms);
    hex_write(key, entry->key_id.bytes, sizeof(entry->key_id.bytes));
    struct pair fields[] = {
        {text_bytes("serial"), text_bytes(entry->serial)},
        {text_bytes("id"), text_bytes(entry->agency)},
        {text_bytes("state"), text_bytes(state)},
        {text_bytes("from_ms"), text_bytes(from)},
        {text_bytes("to_ms"), text_bytes(to)},
        {text_bytes("revoked_ms"), text_bytes(revoked)},
        {text_bytes("key"), text_bytes(key)},
    };
    const struct row row = {fields, sizeof(fields) / sizeof(fields[0])};
    output_row(output, &row);
}

enum exit_code run_ca_list(struct ltctl *ltctl)
{
    struct ca *ca = NULL;
    struct fault fault;
    struct output output;
    fault_init(&fault);
    enum lt_status status = ca_open(ltctl->arguments[0], &ca, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, &columns_ca);
    for (uint32_t i = 0; i < ca_count(ca); i++) {
        entry_show(&output, ca_at(ca, i), now_of(ltctl));
    }
    ca_close(&ca);
    return finish(ltctl, &output, true);
}

enum exit_code run_ca_issue(struct ltctl *ltctl)
{
    uint8_t request_memory[ENROL_REQUEST_BYTES_MAX];
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct lt_bytes request;
    struct lt_bytes certificate;
    struct ca *ca = NULL;
    uint64_t days = 0;
    struct fault fault;
    const char *out = ltctl->options.values[OPTION_OUT];
    fault_init(&fault);
    if (out == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_OUT_MISSING));
    }
    enum exit_code code = option_number(ltctl, OPTION_DAYS, 1, DAYS_MAX, CERT_DAYS_NORMAL, &days);
    if (code != EXIT_GOOD) {
        return code;
    }
    enum lt_status status =
        enrol_request_from_file(ltctl->arguments[1], request_memory, &request, &fault);
    if (status == LT_OK) {
        status = ca_open(ltctl->arguments[0], &ca, &fault);
    }
    if (status == LT_OK) {
        status = ca_issue(ca, request, (uint32_t)days, now_of(ltctl), memory, &certificate, &fault);
    }
    if (status == LT_OK) {
        status = certificate_write_file(out, certificate, &fault);
    }
    ca_close(&ca);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    printf("%s\n", out);
    return EXIT_GOOD;
}

/* A new list; with a serial, that certificate is on it from now on. */
static enum exit_code list_renew(struct ltctl *ltctl, const char *serial)
{
    struct ca *ca = NULL;
    uint64_t days = 0;
    struct fault fault;
    fault_init(&fault);
    enum exit_code code = list_days(ltctl, &days);
    if (code != EXIT_GOOD) {
        return code;
    }
    enum lt_status status = ca_open(ltctl->arguments[0], &ca, &fault);
    if (status == LT_OK) {
        status = serial != NULL ? ca_revoke(ca, serial, (uint32_t)days, now_of(ltctl), &fault)
                                : ca_list_write(ca, (uint32_t)days, now_of(ltctl), &fault);
    }
    ca_close(&ca);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    say_list(ltctl);
    return EXIT_GOOD;
}

enum exit_code run_ca_revoke(struct ltctl *ltctl)
{
    return list_renew(ltctl, ltctl->arguments[1]);
}

enum exit_code run_ca_crl(struct ltctl *ltctl)
{
    return list_renew(ltctl, NULL);
}
