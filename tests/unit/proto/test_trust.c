/* SPDX-License-Identifier: EUPL-1.2 */
/* Certificates at a given moment: one good chain, and after the manner of PKITS everything that may
 * be wrong with one, each with a code of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pki_world.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

#define DAY  (24 * 3600)
#define NOW  1790000000
#define HOUR 3600

/* Root, an authority below it, and an agency's certificate below that; and what is on file. */
struct house {
    char folder[64];
    char anchors[96];
    char crls[96];
    struct pki root;
    struct pki middle;
    struct pki leaf;
    int64_t grace_ms;
    int64_t known_ms;
    int64_t now_ms;
};

static struct house house;

static const struct pki_wish root_wish = {.name = "Root thu nghiem",
                                          .from = NOW - 900 * DAY,
                                          .to = NOW + 900 * DAY,
                                          .basic = "critical,CA:TRUE",
                                          .usage = "critical,keyCertSign,cRLSign"};

static struct pki_wish middle_wish(void)
{
    return (struct pki_wish){.name = "CA thu nghiem",
                             .issuer = &house.root,
                             .from = NOW - 500 * DAY,
                             .to = NOW + 500 * DAY,
                             .basic = "critical,CA:TRUE,pathlen:0",
                             .usage = "critical,keyCertSign,cRLSign",
                             .serial = 11};
}

static struct pki_wish leaf_wish(void)
{
    return (struct pki_wish){.name = "UBND xã thử nghiệm",
                             .issuer = &house.middle,
                             .from = NOW - 100 * DAY,
                             .to = NOW + 100 * DAY,
                             .usage = "critical,digitalSignature",
                             .serial = 22};
}

static void files_write(X509_CRL *of_root, X509_CRL *of_middle)
{
    FILE *file = fopen(house.anchors, "w");
    assert_non_null(file);
    PEM_write_X509(file, house.root.certificate);
    PEM_write_X509(file, house.middle.certificate);
    fclose(file);
    file = fopen(house.crls, "w");
    assert_non_null(file);
    if (of_root != NULL) {
        PEM_write_X509_CRL(file, of_root);
    }
    if (of_middle != NULL) {
        PEM_write_X509_CRL(file, of_middle);
    }
    fclose(file);
    X509_CRL_free(of_root);
    X509_CRL_free(of_middle);
}

static X509_CRL *list_of(const struct pki *issuer, long revoked)
{
    return pki_list(issuer, issuer, NOW - DAY, NOW + DAY, revoked);
}

static int setup(void **state)
{
    (void)state;
    memset(&house, 0, sizeof(house));
    snprintf(house.folder, sizeof(house.folder), "/tmp/lt-trust-XXXXXX");
    assert_non_null(mkdtemp(house.folder));
    snprintf(house.anchors, sizeof(house.anchors), "%s/anchors.pem", house.folder);
    snprintf(house.crls, sizeof(house.crls), "%s/crls.pem", house.folder);
    house.root = pki_make(&root_wish);
    struct pki_wish middle = middle_wish();
    house.middle = pki_make(&middle);
    struct pki_wish leaf = leaf_wish();
    house.leaf = pki_make(&leaf);
    house.now_ms = NOW * 1000LL;
    house.known_ms = (NOW - 50 * DAY) * 1000LL;
    house.grace_ms = 72 * HOUR * 1000LL;
    files_write(list_of(&house.root, 0), list_of(&house.middle, 0));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_free(&house.leaf);
    pki_free(&house.middle);
    pki_free(&house.root);
    unlink(house.anchors);
    unlink(house.crls);
    return rmdir(house.folder);
}

static struct trust *trust_new(void)
{
    struct trust_files files = {
        .anchors = house.anchors, .crls = house.crls, .grace_ms = house.grace_ms};
    struct trust *trust = NULL;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(trust_open(&files, &trust, &fault), LT_OK);
    return trust;
}

/* What becomes of the leaf with the files as they are; twice, so that the cache says the same. */
static enum lt_status judged(bool *ret_stale)
{
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct lt_bytes der = pki_der(&house.leaf, memory);
    struct trust *trust = trust_new();
    struct fault fault;
    bool stale[2] = {false, false};
    fault_init(&fault);
    enum lt_status first = trust_judge(trust, der, house.known_ms, house.now_ms, &stale[0], &fault);
    enum lt_status again = trust_judge(trust, der, house.known_ms, house.now_ms, &stale[1], NULL);
    assert_int_equal(first, again);
    assert_int_equal(stale[0], stale[1]);
    assert_true(first == LT_OK || fault.detail[0] != '\0');
    trust_close(&trust);
    if (ret_stale != NULL) {
        *ret_stale = stale[0];
    }
    return first;
}

static enum lt_status judged_as(const struct pki_wish *wish)
{
    pki_free(&house.leaf);
    house.leaf = pki_make(wish);
    return judged(NULL);
}

/* With another authority between. */
static enum lt_status judged_under(const struct pki_wish *wish)
{
    pki_free(&house.leaf);
    pki_free(&house.middle);
    house.middle = pki_make(wish);
    struct pki_wish leaf = leaf_wish();
    house.leaf = pki_make(&leaf);
    files_write(list_of(&house.root, 0), list_of(&house.middle, 0));
    return judged(NULL);
}

static void test_a_good_chain(void **state)
{
    (void)state;
    bool stale = true;
    assert_int_equal(judged(&stale), LT_OK);
    assert_false(stale);
}

static void test_its_dates(void **state)
{
    (void)state;
    struct pki_wish wish = leaf_wish();
    wish.to = NOW - 1;
    assert_int_equal(judged_as(&wish), LT_SEAL_KEY_EXPIRED);
    wish.to = NOW + 1;
    assert_int_equal(judged_as(&wish), LT_OK);
    wish.from = NOW + 1;
    wish.to = NOW + DAY;
    assert_int_equal(judged_as(&wish), LT_SEAL_KEY_EARLY);
    wish.from = NOW;
    assert_int_equal(judged_as(&wish), LT_OK);
}

/* The moment is the caller's: what was good then is good, whatever it is now. */
static void test_the_moment_counts(void **state)
{
    (void)state;
    struct pki_wish wish = leaf_wish();
    wish.to = NOW + HOUR;
    assert_int_equal(judged_as(&wish), LT_OK);
    house.now_ms += 2 * HOUR * 1000LL;
    assert_int_equal(judged(NULL), LT_SEAL_KEY_EXPIRED);
}

static void test_its_purpose(void **state)
{
    static const struct {
        const char *usage;
        const char *purposes;
        enum lt_status code;
    } cases[] = {
        {"critical,digitalSignature", NULL, LT_OK},
        {"nonRepudiation", NULL, LT_OK},
        {"critical,digitalSignature,keyEncipherment", "emailProtection,clientAuth", LT_OK},
        {"critical,digitalSignature", "anyExtendedKeyUsage", LT_OK},
        {"critical,digitalSignature", "1.3.6.1.5.5.7.3.36", LT_OK},
        {"critical,digitalSignature", "1.3.6.1.4.1.311.10.3.12", LT_OK},
        {NULL, NULL, LT_SEAL_PURPOSE},
        {"critical,keyEncipherment", NULL, LT_SEAL_PURPOSE},
        {"critical,keyAgreement", "emailProtection", LT_SEAL_PURPOSE},
        {"critical,digitalSignature", "serverAuth", LT_SEAL_PURPOSE},
        {"critical,digitalSignature", "timeStamping", LT_SEAL_PURPOSE},
        {"critical,digitalSignature", "codeSigning,OCSPSigning", LT_SEAL_PURPOSE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pki_wish wish = leaf_wish();
        wish.usage = cases[i].usage;
        wish.purposes = cases[i].purposes;
        assert_int_equal(judged_as(&wish), cases[i].code);
    }
    struct pki_wish authority = leaf_wish();
    authority.basic = "critical,CA:TRUE";
    authority.usage = "critical,digitalSignature,keyCertSign";
    assert_int_equal(judged_as(&authority), LT_SEAL_PURPOSE);
}

static void test_a_broken_chain(void **state)
{
    (void)state;
    struct pki other = pki_make(&root_wish); /* the same name, another key */
    struct pki_wish wish = leaf_wish();
    wish.issuer = &other;
    assert_int_equal(judged_as(&wish), LT_SEAL_CHAIN);
    wish.issuer = NULL; /* by itself */
    assert_int_equal(judged_as(&wish), LT_SEAL_CHAIN);
    pki_free(&other);
    wish = middle_wish(); /* the authority between is of another root of the same name */
    other = pki_make(&root_wish);
    wish.issuer = &other;
    assert_int_equal(judged_under(&wish), LT_SEAL_CHAIN);
    pki_free(&other);
}

static void test_what_the_authority_may_not(void **state)
{
    static const struct {
        const char *basic;
        const char *usage;
    } cases[] = {
        {NULL, "critical,keyCertSign,cRLSign"},
        {"critical,CA:FALSE", "critical,keyCertSign,cRLSign"},
        {"critical,CA:TRUE", "critical,cRLSign"},
        {"critical,CA:TRUE", "critical,digitalSignature,cRLSign"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pki_wish wish = middle_wish();
        wish.basic = cases[i].basic;
        wish.usage = cases[i].usage;
        assert_int_equal(judged_under(&wish), LT_SEAL_CHAIN);
    }
}

static void test_the_authority_s_dates(void **state)
{
    (void)state;
    struct pki_wish wish = middle_wish();
    wish.to = NOW - 1;
    assert_int_equal(judged_under(&wish), LT_SEAL_AUTHORITY);
    wish = middle_wish();
    wish.from = NOW + 1;
    assert_int_equal(judged_under(&wish), LT_SEAL_AUTHORITY);
}

/* An authority that may not have another below it has one. */
static void test_the_length_of_the_path(void **state)
{
    (void)state;
    struct pki_wish lower = middle_wish();
    lower.name = "CA cap duoi";
    lower.issuer = &house.middle;
    struct pki below = pki_make(&lower);
    struct pki_wish wish = leaf_wish();
    wish.issuer = &below;
    pki_free(&house.leaf);
    house.leaf = pki_make(&wish);
    FILE *file = fopen(house.anchors, "a");
    assert_non_null(file);
    PEM_write_X509(file, below.certificate);
    fclose(file);
    assert_int_equal(judged(NULL), LT_SEAL_CHAIN);
    pki_free(&below);
}

static void test_weak_keys_and_digests(void **state)
{
    (void)state;
    struct pki_wish wish = leaf_wish();
    wish.digest = EVP_sha1();
    assert_int_equal(judged_as(&wish), LT_SEAL_WEAK);
    wish = leaf_wish();
    wish.rsa_bits = 1024;
    assert_int_equal(judged_as(&wish), LT_SEAL_WEAK);
    wish.rsa_bits = 2048;
    assert_int_equal(judged_as(&wish), LT_OK);
    wish = leaf_wish();
    wish.critical = "1.2.3.4.5";
    assert_int_equal(judged_as(&wish), LT_SEAL_CHAIN);
}

static void test_revoked(void **state)
{
    (void)state;
    files_write(list_of(&house.root, 0), list_of(&house.middle, 22));
    assert_int_equal(judged(NULL), LT_SEAL_KEY_REVOKED);
    files_write(list_of(&house.root, 0), list_of(&house.middle, 23)); /* another one */
    assert_int_equal(judged(NULL), LT_OK);
    files_write(list_of(&house.root, 11), list_of(&house.middle, 0)); /* the authority itself */
    assert_int_equal(judged(NULL), LT_SEAL_AUTHORITY);
}

/* The whole chain: a list of the root is missed as well as one of the authority. */
static void test_a_list_is_missing(void **state)
{
    (void)state;
    files_write(list_of(&house.root, 0), NULL);
    assert_int_equal(judged(NULL), LT_SEAL_CRL_STALE);
    files_write(NULL, list_of(&house.middle, 0));
    assert_int_equal(judged(NULL), LT_SEAL_CRL_STALE);
    files_write(list_of(&house.root, 0), /* of the authority, signed by somebody else */
                pki_list(&house.middle, &house.leaf, NOW - DAY, NOW + DAY, 0));
    assert_int_equal(judged(NULL), LT_SEAL_CRL_BAD);
    files_write(list_of(&house.root, 0), /* of tomorrow */
                pki_list(&house.middle, &house.middle, NOW + DAY, NOW + 2 * DAY, 0));
    assert_int_equal(judged(NULL), LT_SEAL_CRL_STALE);
}

static void test_a_list_is_late(void **state)
{
    (void)state;
    bool stale = false;
    X509_CRL *late = pki_list(&house.middle, &house.middle, NOW - 3 * DAY, NOW - 2 * DAY, 0);
    files_write(list_of(&house.root, 0), late);
    assert_int_equal(judged(&stale), LT_OK); /* known before, within the grace: with an alarm */
    assert_true(stale);
    house.known_ms = (NOW - HOUR) * 1000LL; /* registered after the list ran out */
    assert_int_equal(judged(NULL), LT_SEAL_CRL_STALE);
    house.known_ms = (NOW - 50 * DAY) * 1000LL;
    house.now_ms += DAY * 1000LL; /* the grace is over */
    assert_int_equal(judged(NULL), LT_SEAL_CRL_STALE);
    house.now_ms -= DAY * 1000LL;
    house.grace_ms = 0;
    assert_int_equal(judged(NULL), LT_SEAL_CRL_STALE);
    house.grace_ms = 72 * HOUR * 1000LL; /* a late list that names it names it still */
    late = pki_list(&house.middle, &house.middle, NOW - 3 * DAY, NOW - 2 * DAY, 22);
    files_write(list_of(&house.root, 0), late);
    assert_int_equal(judged(NULL), LT_SEAL_KEY_REVOKED);
}

/* Looking back with lists of today: whoever was revoked since counted then, and a list says nothing
 * of those who had run out when it was made. Somebody else's list and authority between count as
 * far as they are signed by the anchors. */
static void test_looking_back(void **state)
{
    (void)state;
    struct trust_files files = {.anchors = house.anchors, .looking_back = true};
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct trust *trust = NULL;
    uint8_t *lists = NULL;
    size_t size = 0;
    bool stale;
    house.now_ms -= 5 * DAY * 1000LL; /* before the lists were made */
    files_write(list_of(&house.root, 0), list_of(&house.middle, 22));
    assert_int_equal(judged(NULL), LT_SEAL_CRL_STALE);
    assert_int_equal(file_read(house.crls, 1 << 20, &lists, &size, NULL), LT_OK);
    struct lt_bytes lent = {lists, size};
    for (int days = 0; days <= 5; days += 5) { /* revoked a day before NOW */
        assert_int_equal(trust_open(&files, &trust, NULL), LT_OK);
        assert_int_equal(trust_lend(trust, (struct lt_bytes){0}, lent, NULL), LT_OK);
        assert_int_equal(trust_judge(trust, pki_der(&house.leaf, memory), 0,
                                     house.now_ms + days * DAY * 1000LL, &stale, NULL),
                         days == 0 ? LT_OK : LT_SEAL_KEY_REVOKED);
        trust_close(&trust);
    }
    free(lists);
    assert_int_equal(trust_open(&files, &trust, NULL), LT_OK);
    assert_int_equal(trust_lend(trust, text_bytes("khong phai PEM"), lent, NULL), LT_CONFIG_BAD);
    trust_close(&trust);
}

static void test_without_a_trust_list(void **state)
{
    (void)state;
    struct trust_files files = {.crls = ""};
    struct trust *trust = NULL;
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    bool stale;
    assert_int_equal(trust_open(&files, &trust, NULL), LT_OK);
    assert_int_equal(trust_lists_until_ms(trust), 0);
    assert_int_equal(
        trust_judge(trust, pki_der(&house.leaf, memory), 0, house.now_ms, &stale, NULL),
        LT_SEAL_CHAIN);
    assert_int_equal(trust_judge(trust, text_bytes("x"), 0, house.now_ms, &stale, NULL),
                     LT_SEAL_CHAIN);
    trust_close(&trust);
}

static void test_files_that_do_not_read(void **state)
{
    (void)state;
    struct trust_files files = {.anchors = house.crls, .crls = house.anchors}; /* swapped */
    struct trust *trust = NULL;
    assert_int_equal(trust_open(&files, &trust, NULL), LT_CONFIG_BAD);
    files = (struct trust_files){.anchors = house.anchors, .crls = house.folder};
    assert_int_not_equal(trust_open(&files, &trust, NULL), LT_OK);
    assert_int_equal(file_write(house.crls, text_bytes("nothing"), 0644, NULL), LT_OK);
    files = (struct trust_files){.anchors = house.anchors, .crls = house.crls};
    assert_int_equal(trust_open(&files, &trust, NULL), LT_CONFIG_BAD);
    assert_null(trust);
}

/* A judgement is not given again for longer than it is good for. */
static void test_the_cache_forgets(void **state)
{
    (void)state;
    struct pki_wish wish = leaf_wish();
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    bool stale;
    wish.to = NOW + 60;
    pki_free(&house.leaf);
    house.leaf = pki_make(&wish);
    struct lt_bytes der = pki_der(&house.leaf, memory);
    struct trust *trust = trust_new();
    assert_int_equal(trust_judge(trust, der, 0, house.now_ms, &stale, NULL), LT_OK);
    assert_int_equal(trust_judge(trust, der, 0, house.now_ms + 59000, &stale, NULL), LT_OK);
    assert_int_equal(trust_judge(trust, der, 0, house.now_ms + 62000, &stale, NULL),
                     LT_SEAL_KEY_EXPIRED);
    assert_int_equal(trust_judge(trust, der, 0, house.now_ms, &stale, NULL), LT_OK);
    trust_close(&trust);
}

static void test_what_a_certificate_says(void **state)
{
    (void)state;
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    uint8_t from_file[CERTIFICATE_BYTES_MAX];
    char path[96];
    struct lt_bytes der = pki_der(&house.leaf, memory);
    struct lt_bytes read;
    struct certificate_about about;
    struct public_key *key = NULL;
    bool certificate = false;
    assert_int_equal(certificate_about(der, &about), LT_OK);
    assert_string_equal(about.subject, "CN = UBND xã thử nghiệm");
    assert_int_equal(about.from_ms, (NOW - 100 * DAY) * 1000LL);
    assert_int_equal(about.to_ms, (NOW + 100 * DAY) * 1000LL);
    assert_int_equal(certificate_key(der, &key, NULL), LT_OK);
    assert_int_equal(public_key_algorithm(key), SIGN_ECDSA_P256);
    public_key_close(&key);
    der.size--;
    assert_int_equal(certificate_key(der, &key, NULL), LT_FIELD_BAD);
    assert_int_equal(certificate_about(der, &about), LT_FIELD_BAD);
    der.size++;
    snprintf(path, sizeof(path), "%s/one.pem", house.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    PEM_write_X509(file, house.leaf.certificate);
    PEM_write_X509(file, house.middle.certificate);
    fclose(file);
    assert_int_equal(credential_from_file(path, from_file, &read, &certificate, NULL), LT_OK);
    assert_true(certificate);
    assert_true(bytes_equal(read, der));
    file = fopen(path, "w");
    assert_non_null(file);
    PEM_write_PUBKEY(file, house.leaf.key);
    fclose(file);
    assert_int_equal(credential_from_file(path, from_file, &read, &certificate, NULL), LT_OK);
    assert_false(certificate);
    assert_int_equal(public_key_open(read, &key, NULL), LT_OK);
    public_key_close(&key);
    assert_int_equal(file_write(path, text_bytes("x"), 0644, NULL), LT_OK);
    assert_int_equal(credential_from_file(path, from_file, &read, &certificate, NULL),
                     LT_CONFIG_BAD);
    unlink(path);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_good_chain),          CASE(test_its_dates),
        CASE(test_the_moment_counts),     CASE(test_its_purpose),
        CASE(test_a_broken_chain),        CASE(test_what_the_authority_may_not),
        CASE(test_the_authority_s_dates), CASE(test_the_length_of_the_path),
        CASE(test_weak_keys_and_digests), CASE(test_revoked),
        CASE(test_a_list_is_missing),     CASE(test_a_list_is_late),
        CASE(test_looking_back),          CASE(test_files_that_do_not_read),
        CASE(test_without_a_trust_list),  CASE(test_files_that_do_not_read),
        CASE(test_the_cache_forgets),     CASE(test_what_a_certificate_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
