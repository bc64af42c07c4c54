/* SPDX-License-Identifier: EUPL-1.2 */
/* lienthongd.yaml: what is read, what is refused with which key and line, what a reload may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/registry/config.h"
#include "proto/base/text.h"

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct place {
    char folder[64];
    char secret[96];
    char file[96];
};

static void put(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    snprintf(place->folder, sizeof(place->folder), "/tmp/lt-config-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->secret, sizeof(place->secret), "%s/broker.key", place->folder);
    snprintf(place->file, sizeof(place->file), "%s/lienthongd.yaml", place->folder);
    put(place->secret, KEY_A "\n", 0600);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    (void)unlink(place->secret);
    (void)unlink(place->file);
    assert_int_equal(rmdir(place->folder), 0);
    free(place);
    return 0;
}

/* Three good lines, then whatever the test adds from line 4 on. */
static enum lt_status read_more(const struct place *place, const char *more,
                                struct config *ret_config, struct fault *fault)
{
    char text[16384];
    snprintf(text, sizeof(text),
             "data: /var/lib/lienthong\nlisten: [tcp://0.0.0.0:7760]\n"
             "secret_key: %s\n%s",
             place->secret, more);
    put(place->file, text, 0644);
    fault_init(fault);
    return config_read(place->file, ret_config, fault);
}

static void assert_bad(const struct place *place, const char *more, const char *field, int line,
                       const char *words)
{
    struct config config = {.attempts_max = 77};
    struct fault fault;
    assert_int_equal(read_more(place, more, &config, &fault), LT_CONFIG_BAD);
    assert_string_equal(fault.field, field);
    assert_int_equal(fault.line, line);
    char where[32];
    snprintf(where, sizeof(where), "lienthongd.yaml:%d: ", line);
    assert_non_null(strstr(fault.detail, where));
    if (strstr(fault.detail, words) == NULL) {
        print_error("\"%s\" is not in \"%s\"\n", words, fault.detail);
        fail();
    }
    assert_int_equal(config.attempts_max, 77); /* untouched */
}

static void what_is_absent_has_a_default(void **state)
{
    struct config config;
    struct fault fault;
    assert_int_equal(read_more(*state, "", &config, &fault), LT_OK);
    assert_string_equal(config.data, "/var/lib/lienthong");
    assert_int_equal(config.listen_count, 1);
    assert_string_equal(config.listen[0], "tcp://0.0.0.0:7760");
    assert_string_equal(config.blob_listen, "tcp://0.0.0.0:7761");
    assert_string_equal(config.blob_public, "");
    assert_int_equal(config.operators_count, 0);
    assert_string_equal(config.log_level, "info");
    assert_int_equal(config.free_low_mib, 256);
    assert_int_equal(config.disk_alarm_days, 14);
    assert_int_equal(config.agency_share_mib, 8192);
    assert_int_equal(config.attempts_max, 8);
    assert_int_equal(config.backoff_first_ms, 2000);
    assert_int_equal(config.settle_timeout_s, 600);
    assert_int_equal(config.blob_quota_mib, 20480);
    assert_int_equal(config.blob_bandwidth_kib_s, 0);
    assert_int_equal(config.blob_bandwidth_office_kib_s, 0);
    assert_int_equal(config.restore_minutes, 15);
    assert_false(config.seals_required);
    assert_string_equal(config.trust_list, "");
    assert_string_equal(config.trust_crl, "");
    assert_int_equal(config.crl_grace_hours, 72);
    assert_int_equal(config.scrub_kib_s, 1024);
    assert_string_equal(config.log_origin, "lienthong/log");
    assert_string_equal(config.log_signing_key, "/var/lib/lienthong/log.key");
    assert_int_equal(config.log_checkpoint_ms, 200);
    assert_int_equal(config.io_threads, 1);
}

static void everything_is_read(void **state)
{
    struct config config;
    struct fault fault;
    const char *more = "blob_listen: tcp://127.0.0.1:*\n"
                       "blob_public: tcp://truc.vidu.invalid:7761\n"
                       "operators:\n"
                       "  - name: truc-ban-1\n"
                       "    public_key: " KEY_A "\n"
                       "    role: registrar\n"
                       "  - {name: xem.2, public_key: " KEY_B ", role: viewer}\n"
                       "log_level: debug\n"
                       "free_low_mib: 0\n"
                       "attempts_max: 3\n"
                       "backoff_first_ms: 50\n"
                       "settle_timeout_s: 5\n"
                       "blob_quota_mib: 1\n"
                       "blob_bandwidth_kib_s: 512\n"
                       "blob_bandwidth_office_kib_s: 128\n"
                       "seals: required\n"
                       "trust_list: /etc/lienthong/trust.pem\n"
                       "trust_crl: /etc/lienthong/crl.pem\n"
                       "crl_grace_hours: 0\n"
                       "scrub_kib_s: 0\n"
                       "log_origin: truc.vidu.invalid/so\n"
                       "log_signing_key: /etc/lienthong/log.key\n"
                       "log_checkpoint_ms: 0\n"
                       "io_threads: 2\n";
    assert_int_equal(read_more(*state, more, &config, &fault), LT_OK);
    assert_string_equal(config.blob_listen, "tcp://127.0.0.1:*");
    assert_string_equal(config.blob_public, "tcp://truc.vidu.invalid:7761");
    assert_int_equal(config.operators_count, 2);
    const struct operator_entry *entry = config_operator(&config, "truc-ban-1");
    assert_non_null(entry);
    assert_int_equal(entry->role, OPERATOR_REGISTRAR);
    assert_int_equal(entry->key.bytes[0], 0xAA);
    assert_string_equal(operator_role_name(entry->role), "registrar");
    assert_int_equal(config_operator(&config, "xem.2")->role, OPERATOR_VIEWER);
    assert_null(config_operator(&config, "xem"));
    assert_string_equal(config.log_level, "debug");
    assert_int_equal(config.free_low_mib, 0); /* a zero that is written is no default */
    assert_int_equal(config.attempts_max, 3);
    assert_int_equal(config.settle_timeout_s, 5);
    assert_int_equal(config.blob_bandwidth_office_kib_s, 128);
    assert_true(config.seals_required);
    assert_string_equal(config.trust_list, "/etc/lienthong/trust.pem");
    assert_string_equal(config.trust_crl, "/etc/lienthong/crl.pem");
    assert_int_equal(config.crl_grace_hours, 0);
    assert_int_equal(config.scrub_kib_s, 0);
    assert_string_equal(config.log_origin, "truc.vidu.invalid/so");
    assert_string_equal(config.log_signing_key, "/etc/lienthong/log.key");
    assert_int_equal(config.log_checkpoint_ms, 0);
    assert_int_equal(config.io_threads, 2);
}

static void a_typo_is_named_with_its_line(void **state)
{
    assert_bad(*state, "\n# a remark\nattempt_max: 3\n", "attempt_max", 6,
               "did you mean \"attempts_max\"?");
    assert_bad(*state, "operators:\n  - name: a\n    public_key: " KEY_A "\n    rol: viewer\n",
               "operators[1].rol", 7, "did you mean \"role\"?");
    assert_bad(*state,
               "operators:\n  - {name: a, public_key: " KEY_A ", role: viewer}\n"
               "  - name: b\n    key: " KEY_B "\n    role: viewer\n",
               "operators[2].key", 7, "no such key");
    assert_bad(*state, "nothing_like_it: 1\n", "nothing_like_it", 4, "no such key");
}

static void wrong_shapes_are_named_with_their_line(void **state)
{
    assert_bad(*state, "attempts_max: many\n", "attempts_max", 4, "whole number");
    assert_bad(*state, "attempts_max: -1\n", "attempts_max", 4, "1..1000");
    assert_bad(*state, "attempts_max:\n", "attempts_max", 4, "whole number");
    assert_bad(*state, "attempts_max: 99999999999999999999999\n", "attempts_max", 4, "");
    assert_bad(*state, "attempts_max: [3]\n", "attempts_max", 4, "whole number");
    assert_bad(*state, "log_level: [info]\n", "log_level", 4, "single value");
    assert_bad(*state, "operators: truc-ban\n", "operators", 4, "list is wanted");
    assert_bad(*state, "operators:\n  - truc-ban\n", "operators[1]", 5, "group of key");
    assert_bad(*state, "attempts_max: 3\nlog_level: info\nattempts_max: 4\n", "attempts_max", 6,
               "twice");
    assert_bad(*state, "operators:\n\n  - name: a\n    role: viewer\n", "operators[1].public_key",
               6, "missing");
    assert_bad(*state, "log_level: information\n", "log_level", 4, "too long");
    assert_bad(*state, "seals: some\n", "seals", 4, "registered, required");
}

static void bad_yaml_is_named_with_its_line(void **state)
{
    assert_bad(*state, "log_level: info\n\tio_threads: 1\n", "", 5, "tab");
    assert_bad(*state, "log_level: \"info\nio_threads: 1\n", "", 6, "not YAML");
    assert_bad(*state, "log_level: in\xFF\n", "", 4, "not YAML");
    assert_bad(*state, "---\ndata: /tmp\n", "", 5, "one YAML document");
    assert_bad(*state, "blob_public: &a x\nlog_level: *a\n", "log_level", 5, "aliases");
}

static void an_empty_file_is_refused(void **state)
{
    const struct place *place = *state;
    struct config config;
    struct fault fault;
    put(place->file, "# only a remark\n", 0644);
    fault_init(&fault);
    assert_int_equal(config_read(place->file, &config, &fault), LT_CONFIG_BAD);
    assert_non_null(strstr(fault.detail, "empty"));
    put(place->file, "- data\n", 0644);
    fault_init(&fault);
    assert_int_equal(config_read(place->file, &config, &fault), LT_CONFIG_BAD);
    put(place->file, "data: /x\n", 0644);
    fault_init(&fault);
    assert_int_equal(config_read(place->file, &config, &fault), LT_CONFIG_BAD);
    assert_string_equal(fault.field, "listen");
    fault_init(&fault);
    assert_int_equal(config_read("/nonexistent/lienthongd.yaml", &config, &fault), LT_NOT_FOUND);
}

static void numbers_have_ranges(void **state)
{
    struct config config;
    struct fault fault;
    static const struct {
        const char *key;
        unsigned long least;
        unsigned long most;
    } rows[] = {
        {"free_low_mib", 0, 1048576},
        {"disk_alarm_days", 0, 3660},
        {"agency_share_mib", 0, 67108864},
        {"attempts_max", 1, 1000},
        {"backoff_first_ms", 10, 600000},
        {"settle_timeout_s", 1, 86400},
        {"plan_items_max", 1, 1000000},
        {"plan_second_person_over", 0, 1000000},
        {"blob_quota_mib", 1, 67108864},
        {"blob_bandwidth_kib_s", 0, 16777216},
        {"blob_bandwidth_office_kib_s", 0, 16777216},
        {"restore_minutes", 0, 10080},
        {"crl_grace_hours", 0, 720},
        {"scrub_kib_s", 0, 1048576},
        {"log_checkpoint_ms", 0, 60000},
        {"io_threads", 1, 16},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char more[64];
        snprintf(more, sizeof(more), "%s: %lu\n", rows[i].key, rows[i].least);
        assert_int_equal(read_more(*state, more, &config, &fault), LT_OK);
        snprintf(more, sizeof(more), "%s: %lu\n", rows[i].key, rows[i].most);
        assert_int_equal(read_more(*state, more, &config, &fault), LT_OK);
        snprintf(more, sizeof(more), "%s: %lu\n", rows[i].key, rows[i].most + 1);
        assert_bad(*state, more, rows[i].key, 4, "..");
        if (rows[i].least > 0) {
            snprintf(more, sizeof(more), "%s: %lu\n", rows[i].key, rows[i].least - 1);
            assert_bad(*state, more, rows[i].key, 4, "..");
        }
    }
}

static void addresses_have_a_form(void **state)
{
    struct config config;
    struct fault fault;
    assert_int_equal(read_more(*state, "blob_listen: tcp://[::]:65535\n", &config, &fault), LT_OK);
    assert_bad(*state, "blob_listen: tcp://0.0.0.0:65536\n", "blob_listen", 4, "65536");
    assert_bad(*state, "blob_listen: tcp://0.0.0.0:0\n", "blob_listen", 4, "allowed");
    assert_bad(*state, "blob_listen: tcp://0.0.0.0\n", "blob_listen", 4, "allowed");
    assert_bad(*state, "blob_listen: ipc:///tmp/x:1\n", "blob_listen", 4, "allowed");
    assert_bad(*state, "blob_listen: tcp://:7761\n", "blob_listen", 4, "allowed");
    assert_bad(*state, "blob_public: tcp://0.0.0.0:7761\n", "blob_public", 4, "HOST");
    assert_bad(*state, "blob_public: tcp://vidu.invalid:*\n", "blob_public", 4, "HOST");
}

static void the_next_key_has_its_addresses(void **state)
{
    struct config config;
    struct fault fault;
    const struct place *place = *state;
    char more[512];
    snprintf(more, sizeof(more),
             "secret_key_next: %s\nlisten_next: tcp://0.0.0.0:7770\n"
             "blob_listen_next: tcp://0.0.0.0:7771\nblob_public_next: tcp://vidu.invalid:7771\n",
             place->secret);
    assert_int_equal(read_more(*state, more, &config, &fault), LT_OK);
    assert_string_equal(config.listen_next, "tcp://0.0.0.0:7770");
    assert_string_equal(config.blob_public_next, "tcp://vidu.invalid:7771");
    struct config next = config;
    next.listen_next[0] = '\0';
    assert_int_equal(config_reload(&config, &next, &fault), LT_CONFIG_BAD);
    assert_string_equal(fault.field, "listen_next");
    /* All of it or nothing. */
    assert_bad(*state, "secret_key_next: /nowhere\n", "listen_next", 1, "7770");
    assert_bad(*state, "listen_next: tcp://0.0.0.0:7770\n", "secret_key_next", 1, "broker-2.key");
    assert_bad(*state, "secret_key_next: /x\nlisten_next: tcp://0.0.0.0:7770\n", "blob_listen_next",
               1, "7771");
    assert_bad(*state, "log_signing_key: /x\nlog_signing_key_next: /x\n", "log_signing_key_next", 5,
               "log-2.key");
}

static void time_stamps_have_an_authority(void **state)
{
    struct config config;
    struct fault fault;
    assert_int_equal(read_more(*state, "", &config, &fault), LT_OK);
    assert_string_equal(config.timestamp_url, "");
    assert_int_equal(config.timestamp_hours, 24);
    assert_int_equal(read_more(*state,
                               "timestamp_url: https://tsa.vidu.invalid/tsa\n"
                               "timestamp_trust: /etc/lienthong/tsa.pem\ntimestamp_hours: 1\n",
                               &config, &fault),
                     LT_OK);
    assert_string_equal(config.timestamp_trust, "/etc/lienthong/tsa.pem");
    assert_bad(*state, "timestamp_url: ftp://tsa\n", "timestamp_url", 4, "http");
    assert_bad(*state, "timestamp_url: http:///tsa\n", "timestamp_url", 4, "http");
    assert_bad(*state, "timestamp_url: http://tsa/\n", "timestamp_trust", 1, "tsa.pem");
    assert_bad(*state, "timestamp_hours: 0\n", "timestamp_hours", 4, "..");
}

static void listen_has_one_to_four_addresses(void **state)
{
    const struct place *place = *state;
    struct config config;
    struct fault fault;
    for (int count = 0; count <= CONFIG_LISTEN_MAX + 1; count++) {
        char text[1024];
        int used = snprintf(text, sizeof(text), "data: /x\nsecret_key: %s\nlisten:%s\n",
                            place->secret, count == 0 ? " []" : "");
        for (int i = 0; i < count; i++) {
            used +=
                snprintf(text + used, sizeof(text) - (size_t)used, "  - tcp://127.0.0.1:77%d\n", i);
        }
        put(place->file, text, 0644);
        fault_init(&fault);
        bool good = count >= 1 && count <= CONFIG_LISTEN_MAX;
        assert_int_equal(config_read(place->file, &config, &fault), good ? LT_OK : LT_CONFIG_BAD);
        if (!good) {
            assert_string_equal(fault.field, "listen");
            assert_int_equal(fault.line, 3);
        }
    }
    char text[1024];
    snprintf(text, sizeof(text),
             "data: /x\nsecret_key: %s\nlisten:\n  - tcp://127.0.0.1:1\n"
             "  - tcp://127.0.0.1:1\n",
             place->secret);
    put(place->file, text, 0644);
    fault_init(&fault);
    assert_int_equal(config_read(place->file, &config, &fault), LT_CONFIG_BAD);
    assert_string_equal(fault.field, "listen[2]");
    assert_int_equal(fault.line, 5);
}

static void an_operator_has_a_scope(void **state)
{
    struct config config;
    struct fault fault;
    assert_int_equal(read_more(*state,
                               "operators:\n"
                               "  - {name: a, public_key: " KEY_A ", role: operator}\n"
                               "  - name: b\n    public_key: " KEY_B "\n    role: operator\n"
                               "    agencies: [H24.15, H24.1*, G.*]\n",
                               &config, &fault),
                     LT_OK);
    const struct operator_entry *all = config_operator(&config, "a");
    const struct operator_entry *some = config_operator(&config, "b");
    assert_int_equal(all->scope_count, 0);
    assert_true(operator_may_touch(all, "H24.15"));
    assert_true(operator_may_touch(all, ""));
    assert_int_equal(some->scope_count, 3);
    static const char *const mine[] = {"H24.15", "H24.1", "H24.19", "H24.1.2", "G.1"};
    static const char *const theirs[] = {"H24.2", "H24", "H2", "G", "", "X", "H24.", "GH.1"};
    for (size_t i = 0; i < sizeof(mine) / sizeof(mine[0]); i++) {
        assert_true(operator_may_touch(some, mine[i]));
    }
    for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
        assert_false(operator_may_touch(some, theirs[i]));
    }
    assert_bad(*state,
               "operators:\n  - name: b\n    public_key: " KEY_B "\n    role: operator\n"
               "    agencies: [H24.15, h24*1]\n",
               "operators[1].agencies[2]", 8, "H24.1*");
    assert_bad(*state,
               "operators:\n  - name: b\n    public_key: " KEY_B "\n    role: operator\n"
               "    agencies: H24.15\n",
               "operators[1].agencies", 8, "list is wanted");
}

static void operators_have_rules(void **state)
{
#define PERSON(name, key, role) "  - {name: " name ", public_key: " key ", role: " role "}\n"
    assert_bad(*state, "operators:\n" PERSON("a", KEY_A, "boss"), "operators[1].role", 5,
               "viewer, operator");
    assert_bad(*state, "operators:\n" PERSON("\"a b\"", KEY_A, "viewer"), "operators[1].name", 5,
               "a b");
    assert_bad(*state, "operators:\n" PERSON("a", "abcd", "viewer"), "operators[1].public_key", 5,
               "64 hex digits");
    assert_bad(*state, "operators:\n" PERSON("a", KEY_A, "viewer") PERSON("a", KEY_B, "viewer"),
               "operators[2].name", 6, "each name once");
    assert_bad(*state, "operators:\n" PERSON("a", KEY_A, "viewer") PERSON("b", KEY_A, "viewer"),
               "operators[2].public_key", 6, "each key once");
    struct config config;
    struct fault fault;
    char more[256];
    snprintf(more, sizeof(more),
             "operators:\n  - {name: %054d, public_key: " KEY_A ", role: viewer}\n", 1);
    assert_int_equal(read_more(*state, more, &config, &fault), LT_OK);
    snprintf(more, sizeof(more),
             "operators:\n  - {name: %055d, public_key: " KEY_A ", role: viewer}\n", 1);
    assert_bad(*state, more, "operators[1].name", 5, "1..54");
}

static void operators_have_a_limit(void **state)
{
    for (int count = CONFIG_OPERATORS_MAX; count <= CONFIG_OPERATORS_MAX + 1; count++) {
        char more[12288];
        int used = snprintf(more, sizeof(more), "operators:\n");
        for (int i = 0; i < count; i++) {
            used += snprintf(more + used, sizeof(more) - (size_t)used,
                             "  - {name: p%d, public_key: \"%064d\", role: viewer}\n", i, i);
        }
        struct config config;
        struct fault fault;
        bool good = count <= CONFIG_OPERATORS_MAX;
        assert_int_equal(read_more(*state, more, &config, &fault), good ? LT_OK : LT_CONFIG_BAD);
        if (good) {
            assert_int_equal(config.operators_count, count);
        } else {
            assert_string_equal(fault.field, "operators");
            assert_non_null(strstr(fault.detail, "too many"));
        }
    }
}

static void a_readable_secret_is_refused(void **state)
{
    const struct place *place = *state;
    struct config config;
    struct fault fault;
    assert_int_equal(chmod(place->secret, 0640), 0);
    assert_int_equal(read_more(place, "", &config, &fault), LT_SECRET_READABLE);
    assert_int_equal(chmod(place->secret, 0604), 0);
    assert_int_equal(read_more(place, "", &config, &fault), LT_SECRET_READABLE);
    assert_int_equal(chmod(place->secret, 0600), 0);
    assert_int_equal(read_more(place, "", &config, &fault), LT_OK);
    assert_int_equal(unlink(place->secret), 0);
    assert_int_equal(read_more(place, "", &config, &fault), LT_NOT_FOUND);
}

static void a_reload_takes_what_it_may(void **state)
{
    struct config config;
    struct config next;
    struct fault fault;
    assert_int_equal(read_more(*state, "", &config, &fault), LT_OK);
    assert_int_equal(
        read_more(*state,
                  "log_level: debug\nattempts_max: 2\noperators:\n" PERSON("a", KEY_A, "viewer"),
                  &next, &fault),
        LT_OK);
    assert_int_equal(config_reload(&config, &next, &fault), LT_OK);
    assert_string_equal(config.log_level, "debug");
    assert_int_equal(config.attempts_max, 2);
    assert_int_equal(config.operators_count, 1);
}

static void a_reload_refuses_the_rest_by_name(void **state)
{
    struct config config;
    struct fault fault;
    assert_int_equal(read_more(*state, "", &config, &fault), LT_OK);
    static const char *const keys[] = {
        "data",        "listen",     "blob_listen",     "blob_public",       "secret_key",
        "scrub_kib_s", "log_origin", "log_signing_key", "log_checkpoint_ms", "io_threads"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct config next = config;
        next.attempts_max = 99;
        switch (i) {
        case 0:
            next.data[1] = 'x';
            break;
        case 1:
            next.listen_count = 2;
            break;
        case 2:
            next.blob_listen[6] = '1';
            break;
        case 3:
            next.blob_public[0] = 'x';
            break;
        case 4:
            next.secret_key[1] = 'x';
            break;
        case 5:
            next.scrub_kib_s = 2;
            break;
        case 6:
            next.log_origin[0] = 'x';
            break;
        case 7:
            next.log_signing_key[0] = 'x';
            break;
        case 8:
            next.log_checkpoint_ms = 2;
            break;
        default:
            next.io_threads = 2;
        }
        fault_init(&fault);
        assert_int_equal(config_reload(&config, &next, &fault), LT_CONFIG_BAD);
        assert_string_equal(fault.field, keys[i]);
        assert_int_equal(config.attempts_max, 8); /* nothing was taken */
    }
}

#define DATED(more) "operators:\n  - {name: a, public_key: " KEY_A ", role: auditor" more "}\n"
static void keys_of_people_have_dates(void **state)
{
    struct config config;
    struct fault fault;
    const int64_t first = 1790787600000; /* 2026-10-01T00:00:00+07:00 */
    const int64_t day = 86400000;
    assert_int_equal(
        read_more(*state, DATED(", from: 2026-10-01, to: 2026-10-02"), &config, &fault), LT_OK);
    const struct operator_entry *entry = config_operator(&config, "a");
    assert_int_equal(entry->role, OPERATOR_AUDITOR);
    assert_string_equal(operator_role_name(entry->role), "auditor");
    assert_true(entry->from_ms == first);
    assert_true(entry->to_ms == first + 2 * day); /* the last day counts */
    assert_false(operator_in_time(entry, first - 1));
    assert_true(operator_in_time(entry, first));
    assert_true(operator_in_time(entry, first + 2 * day - 1));
    assert_false(operator_in_time(entry, first + 2 * day));
    assert_int_equal(read_more(*state, DATED(", to: \"2026-10-01T08:00:00Z\""), &config, &fault),
                     LT_OK);
    entry = config_operator(&config, "a");
    assert_true(entry->from_ms == 0);
    assert_true(entry->to_ms == first + 15 * 3600000LL);
    assert_true(operator_in_time(entry, 0));
    assert_int_equal(read_more(*state, DATED(""), &config, &fault), LT_OK);
    entry = config_operator(&config, "a");
    assert_true(operator_in_time(entry, 0) && operator_in_time(entry, INT64_MAX));
    assert_bad(*state, DATED(", from: 2026-13-01"), "operators[1].from", 5, "2026-09-30");
    assert_bad(*state, DATED(", to: mai"), "operators[1].to", 5, "2026-09-30");
    assert_bad(*state, DATED(", from: 2026-10-02, to: 2026-10-01"), "operators[1].to", 5, "after");
    assert_int_equal(
        read_more(*state, DATED(", from: 2026-10-02, to: 2026-10-02"), &config, &fault),
        LT_OK); /* one day */
}

static void sensitive_procedures_are_listed(void **state)
{
    struct config config;
    struct fault fault;
    char more[8192] = "sensitive_procedures:\n";
    assert_int_equal(
        read_more(*state, "sensitive_procedures: [3.000333, 2.0024*]\n", &config, &fault), LT_OK);
    assert_true(config_sensitive(&config, text_bytes("3.000333")));
    assert_true(config_sensitive(&config, text_bytes("2.002409")));
    assert_true(config_sensitive(&config, text_bytes("2.0024")));
    assert_false(config_sensitive(&config, text_bytes("3.0003333")));
    assert_false(config_sensitive(&config, text_bytes("3.00033")));
    assert_false(config_sensitive(&config, text_bytes("2.002")));
    assert_false(config_sensitive(&config, text_bytes("")));
    assert_int_equal(read_more(*state, "", &config, &fault), LT_OK);
    assert_false(config_sensitive(&config, text_bytes("3.000333")));
    assert_bad(*state, "sensitive_procedures: [\"*\"]\n", "sensitive_procedures[1]", 4, "3.000333");
    assert_bad(*state, "sensitive_procedures: [1.1, 3.000333.000.00.00.H24]\n",
               "sensitive_procedures[2]", 4, "3.000333");
    for (int i = 0; i < CONFIG_SENSITIVE_MAX; i++) {
        snprintf(more + strlen(more), sizeof(more) - strlen(more), "  - \"9.%06d\"\n", i);
    }
    assert_int_equal(read_more(*state, more, &config, &fault), LT_OK);
    assert_int_equal(config.sensitive_count, CONFIG_SENSITIVE_MAX);
    assert_true(config_sensitive(&config, text_bytes("9.000063")));
    strcat(more, "  - \"9.999999\"\n");
    assert_int_equal(read_more(*state, more, &config, &fault), LT_CONFIG_BAD);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_absent_has_a_default),
        TEST(everything_is_read),
        TEST(sensitive_procedures_are_listed),
        TEST(keys_of_people_have_dates),
        TEST(a_typo_is_named_with_its_line),
        TEST(wrong_shapes_are_named_with_their_line),
        TEST(bad_yaml_is_named_with_its_line),
        TEST(an_empty_file_is_refused),
        TEST(numbers_have_ranges),
        TEST(addresses_have_a_form),
        TEST(listen_has_one_to_four_addresses),
        TEST(the_next_key_has_its_addresses),
        TEST(time_stamps_have_an_authority),
        TEST(an_operator_has_a_scope),
        TEST(operators_have_rules),
        TEST(operators_have_a_limit),
        TEST(a_readable_secret_is_refused),
        TEST(a_reload_takes_what_it_may),
        TEST(a_reload_refuses_the_rest_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
