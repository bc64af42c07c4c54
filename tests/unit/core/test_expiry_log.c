/* SPDX-License-Identifier: EUPL-1.2 */
/* What ends by the calendar is told in the log at 60, 30, 7 and 1 days and when it is over: once
 * for each of them, however often it is looked at, on a clock that a test moves by days. */
#include "house_test.h"

#include "broker/registry/seal_key.h"
#include "proto/base/log.h"
#include "unit/proto/pki_world.h"

#define DAY_MS    (24 * 3600 * 1000LL)
#define HOUR_MS   (3600 * 1000LL)
#define LINES_MAX 64

static struct house house;
static char lines[LINES_MAX][160];
static uint32_t lines_count;

static void take(void *self, const char *line)
{
    (void)self;
    if (strstr(line, "-ending ") != NULL) {
        assert_true(lines_count < LINES_MAX);
        snprintf(lines[lines_count++], sizeof(lines[0]), "%s", line);
    }
}

static int open_house(void **state)
{
    (void)state;
    lines_count = 0;
    log_capture(take, NULL);
    house_init(&house);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    log_capture(NULL, NULL);
    return 0;
}

static void put_key_until(const char *id, uint8_t key, int64_t until_ms)
{
    struct agency agency = agency_make(id, key);
    agency.keys[0].to_ms = until_ms;
    struct page page = agency_put(&house, &agency, false);
    assert_int_equal(page.code, LT_OK);
}

/* Two rounds of looking and more. */
static void look(void)
{
    for (int i = 0; i < 3; i++) {
        world_advance(&house.world, HOUR_MS + 1000);
        for (int turn = 0; turn < 400; turn++) {
            house_turn(&house);
        }
    }
}

/* How many lines so far, and what the last one says. */
static void expect_lines(uint32_t count, const char *event, const char *subject, const char *days)
{
    char wanted[32];
    if (lines_count != count) {
        for (uint32_t i = 0; i < lines_count; i++) {
            print_message("%s\n", lines[i]);
        }
        fail_msg("%u lines, expected %u", lines_count, count);
    }
    if (count == 0) {
        return;
    }
    const char *last = lines[count - 1];
    snprintf(wanted, sizeof(wanted), "within_days=%s", days);
    if (strstr(last, event) == NULL || strstr(last, subject) == NULL ||
        strstr(last, wanted) == NULL) {
        fail_msg("%s: not %s %s %s", last, event, subject, wanted);
    }
}

static void each_threshold_once(void **state)
{
    static const struct {
        int64_t before_days;
        uint32_t lines;
        const char *days;
    } steps[] = {
        {61, 0, ""}, {59, 1, "60"}, {45, 1, "60"}, {29, 2, "30"}, {8, 2, "30"},
        {6, 3, "7"}, {2, 3, "7"},   {1, 4, "1"},   {0, 5, "0"},   {-3, 5, "0"},
    };
    (void)state;
    int64_t until_ms = house.world.wall_ms + 100 * DAY_MS;
    put_key_until("A", 1, until_ms);
    put_key_until("B", 2, 0); /* without an end */
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int64_t at_ms = until_ms - steps[i].before_days * DAY_MS + HOUR_MS;
        world_advance(&house.world, at_ms - house.world.wall_ms);
        look();
        expect_lines(steps[i].lines, "key-ending", "agency=A", steps[i].days);
    }
}

/* In a rotation nothing is told of the old key; the new one has thresholds of its own. */
static void another_key_goes_on(void **state)
{
    (void)state;
    int64_t now_ms = house.world.wall_ms;
    put_key_until("A", 1, now_ms + 20 * DAY_MS);
    look();
    expect_lines(1, "key-ending", "agency=A", "30");
    struct agency agency = agency_make("A", 1);
    agency.keys[0].to_ms = now_ms + 20 * DAY_MS;
    agency.keys[1].key = house_key(1, 9);
    agency.keys[1].to_ms = now_ms + 75 * DAY_MS;
    agency.keys_count = 2;
    assert_int_equal(agency_put(&house, &agency, false).code, LT_OK);
    world_advance(&house.world, 14 * DAY_MS); /* six days of the old one are left */
    look();
    expect_lines(1, "key-ending", "agency=A", "30");
    world_advance(&house.world, 32 * DAY_MS);
    look();
    expect_lines(2, "key-ending", "agency=A", "30"); /* of the new one */
}

static void put_seal_certificate(const char *id, time_t until_s)
{
    time_t now = (time_t)(house.world.wall_ms / 1000);
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct pair pairs[HOUSE_ARGS_MAX];
    struct query query = {.verb = text_bytes("seal-key-put")};
    struct pki_wish wish = {.name = "UBND thu", .from = now - 500, .to = until_s};
    struct pki leaf = pki_make(&wish);
    query.payload = pki_der(&leaf, memory);
    query_fill(&query, pairs, ARGS("id", id));
    struct page page = house_ask(&house, REGISTRAR, &query);
    assert_int_equal(page.code, LT_OK);
    pki_free(&leaf);
}

/* Certificates, lists and people's keys are told of as keys are. */
static void certificates_lists_and_people(void **state)
{
    (void)state;
    int64_t now_ms = house.world.wall_ms;
    time_t now = (time_t)(now_ms / 1000);
    char path[300];
    put_key_until("A", 1, 0);
    put_seal_certificate("A", now + 40 * 24 * 3600);
    look();
    expect_lines(1, "seal-key-ending", "agency=A", "60");
    house.config.operators[OPERATOR].to_ms = now_ms + 6 * DAY_MS;
    look();
    expect_lines(2, "operator-key-ending", "operator=operator-1", "7");
    struct pki_wish wish = {.name = "Root thu",
                            .from = now - 500,
                            .to = now + 1000000,
                            .basic = "critical,CA:TRUE",
                            .usage = "critical,keyCertSign,cRLSign"};
    struct pki root = pki_make(&wish);
    X509_CRL *list = pki_list(&root, &root, now - 500, now + 20 * 24 * 3600, 0);
    snprintf(path, sizeof(path), "%s/crls", house.folder);
    FILE *file = fopen(path, "w");
    assert_true(file != NULL && PEM_write_X509_CRL(file, list) == 1);
    fclose(file);
    struct trust_files files = {.crls = path};
    struct trust *trust = NULL;
    assert_int_equal(trust_open(&files, &trust, NULL), LT_OK);
    broker_trust(house.broker, &trust);
    unlink(path);
    look();
    expect_lines(3, "crl-ending", "list=trust_crl", "30");
    X509_CRL_free(list);
    pki_free(&root);
}

/* More agencies than a slice: every one is told of, in one round. */
static void all_are_looked_at(void **state)
{
    (void)state;
    char id[16];
    int64_t now_ms = house.world.wall_ms;
    for (uint8_t i = 0; i < 40; i++) {
        snprintf(id, sizeof(id), "H24.%u", i + 1u);
        put_key_until(id, (uint8_t)(i + 1), now_ms + 5 * DAY_MS);
    }
    look();
    assert_int_equal(lines_count, 40);
    for (uint32_t i = 0; i < lines_count; i++) {
        assert_non_null(strstr(lines[i], "within_days=7"));
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        CASE(each_threshold_once),
        CASE(another_key_goes_on),
        CASE(certificates_lists_and_people),
        CASE(all_are_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
