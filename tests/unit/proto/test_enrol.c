/* SPDX-License-Identifier: EUPL-1.2 */
/* Requests of agencies and the authority that answers them: what is asked, by whom, and whether the
 * broker's own judge (trust.h) takes what comes out. */
#include "harness/program.h"
#include "unit/base/base_test.h"

#include "proto/ca.h"
#include "proto/enrol.h"

#define NOW_MS  1790000000000LL
#define DAY_MS  (24LL * 3600 * 1000)
#define AGENCY  "H24.15"
#define NAME_VI "Sở Thử nghiệm"

struct world {
    char *folder;
    struct signer signer;
    struct lt_key curve;
};

static const char *in_folder(const struct world *world, const char *name)
{
    static char path[4][160];
    static unsigned at;
    char *out = path[at++ % 4];
    snprintf(out, sizeof(path[0]), "%s/%s", world->folder, name);
    return out;
}

static int open_world(void **state, enum sign_algorithm algorithm)
{
    struct world *world = calloc(1, sizeof(*world));
    world->folder = folder_take();
    assert_int_equal(signer_make_file(algorithm, 2048, in_folder(world, "sign.key"),
                                      in_folder(world, "sign.pub"), NULL),
                     LT_OK);
    assert_int_equal(signer_open_file(in_folder(world, "sign.key"), &world->signer, NULL), LT_OK);
    memset(world->curve.bytes, 0xa7, sizeof(world->curve.bytes));
    *state = world;
    return 0;
}

static int open_p256(void **state)
{
    return open_world(state, SIGN_ECDSA_P256);
}

static int open_ed25519(void **state)
{
    return open_world(state, SIGN_ED25519);
}

static int open_rsa(void **state)
{
    return open_world(state, SIGN_RSA);
}

static int close_world(void **state)
{
    struct world *world = *state;
    signer_close(&world->signer);
    folder_drop(world->folder);
    free(world);
    return 0;
}

static struct lt_bytes request_of(const struct world *world,
                                  uint8_t memory[ENROL_REQUEST_BYTES_MAX])
{
    struct lt_bytes der;
    assert_int_equal(enrol_request_make(&world->signer, AGENCY, NAME_VI, &world->curve, NOW_MS,
                                        memory, &der, NULL),
                     LT_OK);
    return der;
}

/* What was put in comes out, whichever key signs it. */
static void test_round(void **state)
{
    const struct world *world = *state;
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    struct enrol_request request;
    struct lt_bytes der = request_of(world, memory);
    assert_int_equal(enrol_request_read(der, &request, NULL), LT_OK);
    assert_string_equal(request.agency, AGENCY);
    assert_string_equal(request.name, NAME_VI);
    assert_memory_equal(&request.curve, &world->curve, sizeof(request.curve));
    assert_int_equal(request.made_ms, NOW_MS);
    assert_memory_equal(&request.key_id, public_key_id(world->signer.public_key),
                        sizeof(request.key_id));
    assert_int_equal(request.algorithm, public_key_algorithm(world->signer.public_key));
    assert_int_equal(strlen(request.code), ENROL_CODE_BYTES - 1);
}

/* No byte of a request can be another one. */
static void test_every_byte(void **state)
{
    const struct world *world = *state;
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    struct enrol_request request;
    struct enrol_request same;
    struct lt_bytes der = request_of(world, memory);
    assert_int_equal(enrol_request_read(der, &request, NULL), LT_OK);
    for (size_t i = 0; i < der.size; i++) {
        memory[i] ^= 0x01;
        enum lt_status status = enrol_request_read(der, &same, NULL);
        assert_true(status == LT_FIELD_BAD || status == LT_SEAL_BAD);
        memory[i] ^= 0x01;
    }
    assert_int_equal(enrol_request_read((struct lt_bytes){der.data, der.size - 1}, &same, NULL),
                     LT_FIELD_BAD);
    memory[der.size] = 0;
    assert_int_equal(enrol_request_read((struct lt_bytes){der.data, der.size + 1}, &same, NULL),
                     LT_FIELD_BAD);
}

/* Stock tools make requests that are read, too; those that lack a part are not requests. */
static void test_openssl_made(void **state)
{
    const struct world *world = *state;
    static const struct {
        const char *names;
        const char *subject;
        enum lt_status status;
    } cases[] = {
        {"URI:urn:lienthong:curve:%s,URI:urn:lienthong:made:1790000000", "/CN=H24.15/O=Xa", LT_OK},
        {"URI:urn:lienthong:curve:%s", "/CN=H24.15", LT_FIELD_BAD},
        {"URI:urn:lienthong:made:1790000000,DNS:%.4s.x", "/CN=H24.15", LT_FIELD_BAD},
        {"URI:urn:lienthong:curve:%s,URI:urn:lienthong:made:x", "/CN=H24.15", LT_FIELD_BAD},
        {"URI:urn:lienthong:curve:%.10s,URI:urn:lienthong:made:1", "/CN=H24.15", LT_FIELD_BAD},
        {"URI:urn:lienthong:curve:%s,URI:urn:lienthong:made:1790000000", "/CN=h24", LT_FIELD_BAD},
        {"URI:urn:lienthong:curve:%s,URI:urn:lienthong:made:1790000000", "/CN=H24.15/CN=H24.16",
         LT_FIELD_BAD},
    };
    char hex[2 * sizeof(world->curve.bytes) + 1];
    hex_write(hex, world->curve.bytes, sizeof(world->curve.bytes));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char names[256];
        uint8_t memory[ENROL_REQUEST_BYTES_MAX];
        struct lt_bytes der;
        struct enrol_request request;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(names, sizeof(names), cases[i].names, hex);
#pragma GCC diagnostic pop
        assert_int_equal(
            program_run(world->folder,
                        "openssl req -new -key sign.key -subj %s -addext subjectAltName=%s "
                        "-out request.pem",
                        cases[i].subject, names),
            0);
        assert_int_equal(
            enrol_request_from_file(in_folder(world, "request.pem"), memory, &der, NULL), LT_OK);
        assert_int_equal(enrol_request_read(der, &request, NULL), cases[i].status);
    }
}

static void test_code(void **state)
{
    char code[ENROL_CODE_BYTES];
    struct lt_digest digest;
    memset(&digest, 0, sizeof(digest));
    (void)state;
    enrol_code(&digest, code);
    assert_string_equal(code, "0000-0000-0000-0000");
    memset(&digest, 0xff, sizeof(digest)); /* 2^64 - 1 = 18446744073709551615 */
    enrol_code(&digest, code);
    assert_string_equal(code, "6744-0737-0955-1615");
    digest.bytes[8] = 0; /* the first eight bytes are what counts */
    enrol_code(&digest, code);
    assert_string_equal(code, "6744-0737-0955-1615");
    assert_true(enrol_code_read("6744 0737 0955 1615", code));
    assert_string_equal(code, "6744-0737-0955-1615");
    assert_true(enrol_code_read("6744073709551615", code));
    assert_false(enrol_code_read("674407370955161", code));
    assert_false(enrol_code_read("67440737095516155", code));
    assert_false(enrol_code_read("6744-0737-0955-161x", code));
    assert_false(enrol_code_read("", code));
}

static void test_request_file(void **state)
{
    const struct world *world = *state;
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    uint8_t again[ENROL_REQUEST_BYTES_MAX];
    struct lt_bytes der = request_of(world, memory);
    struct lt_bytes read;
    const char *path = in_folder(world, "request.pem");
    assert_int_equal(enrol_request_write_file(path, der, NULL), LT_OK);
    assert_int_equal(enrol_request_from_file(path, again, &read, NULL), LT_OK);
    assert_true(bytes_equal(der, read));
    assert_int_equal(enrol_request_from_file(in_folder(world, "sign.pub"), again, &read, NULL),
                     LT_CONFIG_BAD);
}

/* ---- the authority ---- */

static struct ca *make_ca(const struct world *world)
{
    struct ca *ca = NULL;
    assert_int_equal(ca_make(in_folder(world, "ca"), "Cơ quan thử", 10, 30, NOW_MS, NULL), LT_OK);
    assert_int_equal(ca_open(in_folder(world, "ca"), &ca, NULL), LT_OK);
    return ca;
}

static enum lt_status judge(const struct world *world, struct lt_bytes certificate, int64_t at_ms)
{
    char anchors[160];
    char crls[160];
    struct trust *trust = NULL;
    bool stale = false;
    snprintf(anchors, sizeof(anchors), "%s/ca/ca.pem", world->folder);
    snprintf(crls, sizeof(crls), "%s/ca/crl.pem", world->folder);
    struct trust_files files = {.anchors = anchors, .crls = crls};
    assert_int_equal(trust_open(&files, &trust, NULL), LT_OK);
    enum lt_status status = trust_judge(trust, certificate, at_ms, at_ms, &stale, NULL);
    trust_close(&trust);
    return status;
}

/* The judge takes what the authority gives, within its dates, until it is revoked. */
static void test_issue_revoke(void **state)
{
    const struct world *world = *state;
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    uint8_t der[CERTIFICATE_BYTES_MAX];
    struct lt_bytes certificate;
    struct public_key *key = NULL;
    struct ca *ca = make_ca(world);
    assert_int_equal(ca_issue(ca, request_of(world, memory), 20, NOW_MS, der, &certificate, NULL),
                     LT_OK);
    assert_int_equal(judge(world, certificate, NOW_MS), LT_OK);
    assert_int_equal(judge(world, certificate, NOW_MS + 21 * DAY_MS), LT_SEAL_KEY_EXPIRED);
    assert_int_equal(certificate_key(certificate, &key, NULL), LT_OK);
    assert_memory_equal(public_key_id(key), public_key_id(world->signer.public_key), 32);
    public_key_close(&key);
    assert_int_equal(ca_revoke(ca, ca_at(ca, 0)->serial, 30, NOW_MS + DAY_MS, NULL), LT_OK);
    assert_int_equal(judge(world, certificate, NOW_MS + 2 * DAY_MS), LT_SEAL_KEY_REVOKED);
    ca_close(&ca);
}

/* A list past its date says no until it is written again. */
static void test_list(void **state)
{
    const struct world *world = *state;
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    uint8_t der[CERTIFICATE_BYTES_MAX];
    struct lt_bytes certificate;
    struct ca *ca = make_ca(world);
    assert_int_equal(ca_issue(ca, request_of(world, memory), 365, NOW_MS, der, &certificate, NULL),
                     LT_OK);
    assert_int_equal(judge(world, certificate, NOW_MS + 31 * DAY_MS), LT_SEAL_CRL_STALE);
    assert_int_equal(ca_list_write(ca, 30, NOW_MS + 31 * DAY_MS, NULL), LT_OK);
    assert_int_equal(judge(world, certificate, NOW_MS + 31 * DAY_MS), LT_OK);
    ca_close(&ca);
}

/* What was issued is known to the next process; the key is nobody else's; one at a time. */
static void test_folder(void **state)
{
    const struct world *world = *state;
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    uint8_t der[CERTIFICATE_BYTES_MAX];
    struct lt_bytes certificate;
    struct ca *other = NULL;
    struct stat info;
    struct ca *ca = make_ca(world);
    assert_int_equal(ca_issue(ca, request_of(world, memory), 365, NOW_MS, der, &certificate, NULL),
                     LT_OK);
    assert_int_equal(ca_open(in_folder(world, "ca"), &other, NULL), LT_AGAIN);
    ca_close(&ca);
    assert_int_equal(stat(in_folder(world, "ca/ca.key"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(ca_make(in_folder(world, "ca"), "x", 10, 30, NOW_MS, NULL), LT_EXISTS);
    assert_int_equal(ca_open(in_folder(world, "ca"), &ca, NULL), LT_OK);
    assert_int_equal(ca_count(ca), 1);
    assert_string_equal(ca_at(ca, 0)->agency, AGENCY);
    assert_false(ca_at(ca, 0)->revoked);
    assert_int_equal(ca_at(ca, 0)->to_ms, NOW_MS + 365 * DAY_MS);
    assert_int_equal(ca_revoke(ca, "00000000", 30, NOW_MS, NULL), LT_NOT_FOUND);
    assert_int_equal(ca_revoke(ca, "", 30, NOW_MS, NULL), LT_NOT_FOUND);
    ca_close(&ca);
    assert_int_equal(chmod(in_folder(world, "ca/ca.key"), 0644), 0);
    assert_int_equal(ca_open(in_folder(world, "ca"), &ca, NULL), LT_SECRET_READABLE);
    assert_int_equal(ca_open(in_folder(world, "nowhere"), &ca, NULL), LT_NOT_FOUND);
}

/* No certificate lives longer than its authority; none is made for what is no request. */
static void test_bounds(void **state)
{
    const struct world *world = *state;
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    uint8_t der[CERTIFICATE_BYTES_MAX];
    struct lt_bytes certificate;
    struct ca *ca = make_ca(world);
    struct lt_bytes request = request_of(world, memory);
    int64_t late_ms = ca_until_ms(ca) - DAY_MS;
    assert_int_equal(ca_issue(ca, request, 365, late_ms, der, &certificate, NULL), LT_OK);
    assert_int_equal(ca_at(ca, 0)->to_ms, ca_until_ms(ca));
    assert_int_equal(ca_issue(ca, request, 365, ca_until_ms(ca), der, &certificate, NULL),
                     LT_FIELD_BAD);
    memory[request.size - 1] ^= 1;
    assert_int_equal(ca_issue(ca, request, 365, NOW_MS, der, &certificate, NULL), LT_SEAL_BAD);
    assert_int_equal(ca_count(ca), 1);
    ca_close(&ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round, open_p256, close_world),
        cmocka_unit_test_setup_teardown(test_round, open_ed25519, close_world),
        cmocka_unit_test_setup_teardown(test_round, open_rsa, close_world),
        cmocka_unit_test_setup_teardown(test_every_byte, open_p256, close_world),
        cmocka_unit_test_setup_teardown(test_openssl_made, open_p256, close_world),
        cmocka_unit_test(test_code),
        cmocka_unit_test_setup_teardown(test_request_file, open_p256, close_world),
        cmocka_unit_test_setup_teardown(test_issue_revoke, open_p256, close_world),
        cmocka_unit_test_setup_teardown(test_issue_revoke, open_ed25519, close_world),
        cmocka_unit_test_setup_teardown(test_issue_revoke, open_rsa, close_world),
        cmocka_unit_test_setup_teardown(test_list, open_p256, close_world),
        cmocka_unit_test_setup_teardown(test_folder, open_p256, close_world),
        cmocka_unit_test_setup_teardown(test_bounds, open_p256, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
