/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The life of an adapter with drivers that only count: who is served by whom, in which order things
 * open and close, and that a failure half-way leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/host/host.h"
#include "proto/base/clock_os.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"

#define AGENCIES 3

/* What the drivers saw; one test at a time. */
static struct seen {
    char order[64];
    char agencies[128];
    uint32_t poll_ms;
    bool fails;
} seen;

static void note(const char *what)
{
    strncat(seen.order, what, sizeof(seen.order) - strlen(seen.order) - 1);
}

static enum lt_status driver_open(void **ret_self, const struct lt_driver_options *options,
                                  struct lt_problem *problem, const char *name)
{
    note(name);
    if (seen.fails) {
        snprintf(problem->field, sizeof(problem->field), "drivers.%s", name);
        return LT_CONFIG_BAD;
    }
    for (uint32_t i = 0; i < options->tenants_count; i++) {
        const struct lt_tenant *tenant = &options->tenants[i];
        assert_string_equal(lt_client_agency(tenant->client), tenant->agency);
        strncat(seen.agencies, name, 1);
        strncat(seen.agencies, tenant->agency + strlen("H26."), 8);
    }
    seen.poll_ms = options->poll_ms;
    *ret_self = &seen;
    return LT_OK;
}

static enum lt_status http_open(void **ret_self, const struct lt_driver_options *options,
                                struct lt_problem *problem)
{
    return driver_open(ret_self, options, problem, "h");
}

static void http_close(void **self_p)
{
    note("H");
    *self_p = NULL;
}

static enum lt_status loopback_open(void **ret_self, const struct lt_driver_options *options,
                                    struct lt_problem *problem)
{
    return driver_open(ret_self, options, problem, "l");
}

static void loopback_close(void **self_p)
{
    note("L");
    *self_p = NULL;
}

static const struct lt_driver http = {"http", http_open, http_close};
static const struct lt_driver loopback = {"loopback", loopback_open, loopback_close};
static const struct lt_driver *const drivers[] = {&http, &loopback};

struct desk {
    char folder[64];
    struct host_config config;
    struct host_agency agencies[AGENCIES];
    struct host_options options;
};

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct fault fault;
    fault_init(&fault);
    assert_non_null(desk);
    snprintf(desk->folder, sizeof(desk->folder), "/tmp/lt-host-XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    struct host_config *config = &desk->config;
    snprintf(config->endpoint, sizeof(config->endpoint), "tcp://127.0.0.1:1");
    memset(config->server_key, 'a', 64);
    snprintf(config->data, sizeof(config->data), "%s/data", desk->folder);
    config->http = true;
    config->loopback = true;
    config->agencies = desk->agencies;
    config->agencies_count = AGENCIES;
    for (int i = 0; i < AGENCIES; i++) {
        struct host_agency *agency = &desk->agencies[i];
        char public_path[128];
        snprintf(agency->id, sizeof(agency->id), "H26.%d", i + 1);
        snprintf(agency->key, sizeof(agency->key), "%s/%d.key", desk->folder, i);
        snprintf(public_path, sizeof(public_path), "%s/%d.pub", desk->folder, i);
        assert_int_equal(keyfile_make(agency->key, public_path, &fault), LT_OK);
        agency->outbox_mib = 1;
    }
    snprintf(desk->agencies[0].token, sizeof(desk->agencies[0].token), "a-token-of-the-first");
    desk->agencies[1].loopback = true;
    snprintf(desk->agencies[2].token, sizeof(desk->agencies[2].token), "a-token-of-the-third");
    desk->agencies[2].loopback = true;
    desk->options = (struct host_options){
        .config = config,
        .drivers = drivers,
        .drivers_count = 2,
        .clock = clock_os(),
        .entropy = entropy_os(),
    };
    seen = (struct seen){.fails = false};
    *state = desk;
    return 0;
}

static int drop_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    nftw(desk->folder, drop_one, 8, FTW_DEPTH | FTW_PHYS);
    free(desk);
    return 0;
}

static void opened_and_closed(void **state)
{
    struct desk *desk = *state;
    struct host *host = NULL;
    struct lt_problem problem = {0};
    for (int i = 0; i < 2; i++) {
        seen = (struct seen){.fails = false};
        assert_int_equal(host_open(&host, &desk->options, &problem), LT_OK);
        assert_string_equal(seen.order, "hl");
        assert_string_equal(seen.agencies, "h1h3l2l3");
        host_close(&host);
        assert_null(host);
        assert_string_equal(seen.order, "hlLH");
    }
}

static void only_what_is_configured(void **state)
{
    struct desk *desk = *state;
    struct host *host = NULL;
    struct lt_problem problem = {0};
    desk->config.loopback = false;
    assert_int_equal(host_open(&host, &desk->options, &problem), LT_OK);
    host_close(&host);
    assert_string_equal(seen.order, "hH");
}

static void a_driver_that_fails(void **state)
{
    struct desk *desk = *state;
    struct host *host = NULL;
    struct lt_problem problem = {0};
    seen.fails = true;
    assert_int_equal(host_open(&host, &desk->options, &problem), LT_CONFIG_BAD);
    assert_null(host);
    assert_string_equal(problem.field, "drivers.h");
    assert_string_equal(seen.order, "h"); /* what did not open is not closed */
    seen = (struct seen){.fails = false};
    assert_int_equal(host_open(&host, &desk->options, &problem), LT_OK);
    host_close(&host);
}

static void an_agency_that_fails_is_left_out(void **state)
{
    struct desk *desk = *state;
    struct host *host = NULL;
    struct lt_problem problem = {0};
    assert_int_equal(unlink(desk->agencies[0].key), 0);
    assert_int_equal(host_open(&host, &desk->options, &problem), LT_OK);
    assert_string_equal(seen.agencies, "h3l2l3");
    host_close(&host);
    assert_int_equal(unlink(desk->agencies[1].key), 0);
    assert_int_equal(unlink(desk->agencies[2].key), 0);
    seen = (struct seen){.fails = false};
    assert_int_equal(host_open(&host, &desk->options, &problem), LT_NOT_FOUND);
    assert_null(host);
    assert_string_equal(seen.order, "");
    assert_true(strlen(problem.detail) > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(opened_and_closed),
        TEST(only_what_is_configured),
        TEST(a_driver_that_fails),
        TEST(an_agency_that_fails_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
