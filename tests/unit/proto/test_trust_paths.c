/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Paths and lists after the order of NIST PKITS, and what x509-limbo adds: signatures that do not
 * fit, names that do not chain, rollover, loops, depth, names and policies that an authority may
 * not give, lists of every wrong kind. Everything is judged through our own trust settings; what is
 * asserted is the code, and that what is good stays good beside it. Dates, purposes, pathlen and
 * grace are in test_trust.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pki_world.h"

#define DAY       (24 * 3600)
#define NOW       1790000000
#define PKIS_MAX  8
#define LISTS_MAX 8
#define AUTHORITY "critical,keyCertSign,cRLSign"

/* Certificates from the root down; the last one is judged. */
struct path {
    char folder[64];
    char anchors[96];
    char crls[96];
    struct pki pkis[PKIS_MAX];
    uint32_t count;
    X509_CRL *lists[LISTS_MAX];
    uint32_t lists_count;
};

static struct path path;

static int setup(void **state)
{
    (void)state;
    memset(&path, 0, sizeof(path));
    snprintf(path.folder, sizeof(path.folder), "/tmp/lt-paths-XXXXXX");
    assert_non_null(mkdtemp(path.folder));
    snprintf(path.anchors, sizeof(path.anchors), "%s/anchors.pem", path.folder);
    snprintf(path.crls, sizeof(path.crls), "%s/crls.pem", path.folder);
    return 0;
}

static void clear(void)
{
    for (uint32_t i = 0; i < path.count; i++) {
        pki_free(&path.pkis[i]);
    }
    for (uint32_t i = 0; i < path.lists_count; i++) {
        X509_CRL_free(path.lists[i]);
    }
    path.count = 0;
    path.lists_count = 0;
}

static int teardown(void **state)
{
    (void)state;
    clear();
    unlink(path.anchors);
    unlink(path.crls);
    return rmdir(path.folder);
}

static struct pki *add(struct pki_wish wish)
{
    assert_true(path.count < PKIS_MAX);
    wish.from = wish.from == 0 ? NOW - 100 * DAY : wish.from;
    wish.to = wish.to == 0 ? NOW + 100 * DAY : wish.to;
    wish.serial = wish.serial == 0 ? 100 + path.count : wish.serial;
    path.pkis[path.count] = pki_make(&wish);
    return &path.pkis[path.count++];
}

static void list(X509_CRL *crl)
{
    assert_true(path.lists_count < LISTS_MAX);
    path.lists[path.lists_count++] = crl;
}

static X509_CRL *good_list(const struct pki *issuer)
{
    return pki_list(issuer, issuer, NOW - DAY, NOW + DAY, 0);
}

static struct pki *add_root(void)
{
    struct pki *root =
        add((struct pki_wish){.name = "Root thu", .basic = "critical,CA:TRUE", .usage = AUTHORITY});
    list(good_list(root));
    return root;
}

static struct pki_wish middle_of(const struct pki *issuer, const char *name)
{
    return (struct pki_wish){
        .name = name, .issuer = issuer, .basic = "critical,CA:TRUE", .usage = AUTHORITY};
}

static struct pki *add_middle(const struct pki *issuer, const char *name)
{
    struct pki *middle = add(middle_of(issuer, name));
    list(good_list(middle));
    return middle;
}

static struct pki_wish leaf_of(const struct pki *issuer)
{
    return (struct pki_wish){
        .name = "UBND thu", .issuer = issuer, .usage = "critical,digitalSignature", .serial = 22};
}

static struct pki *add_leaf(const struct pki *issuer)
{
    return add(leaf_of(issuer));
}

/* All but the last are anchors and authorities between. */
static struct trust *trust_new(void)
{
    struct trust_files files = {.anchors = path.anchors, .crls = path.crls};
    struct trust *trust = NULL;
    FILE *file = fopen(path.anchors, "w");
    assert_non_null(file);
    for (uint32_t i = 0; i + 1 < path.count; i++) {
        PEM_write_X509(file, path.pkis[i].certificate);
    }
    fclose(file);
    file = fopen(path.crls, "w");
    assert_non_null(file);
    for (uint32_t i = 0; i < path.lists_count; i++) {
        PEM_write_X509_CRL(file, path.lists[i]);
    }
    fclose(file);
    assert_int_equal(trust_open(&files, &trust, NULL), LT_OK);
    return trust;
}

static enum lt_status judge(struct lt_bytes der)
{
    struct trust *trust = trust_new();
    struct fault fault;
    bool stale = false;
    fault_init(&fault);
    enum lt_status status =
        trust_judge(trust, der, (NOW - 50 * DAY) * 1000LL, NOW * 1000LL, &stale, &fault);
    trust_close(&trust);
    return status;
}

static void expect_kept(enum lt_status code)
{
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    enum lt_status status = judge(pki_der(&path.pkis[path.count - 1], memory));
    if (status != code) {
        fail_msg("%s, expected %s", lt_code(status), lt_code(code));
    }
}

static void expect(enum lt_status code)
{
    expect_kept(code);
    clear();
}

/* ---- 4.1 signatures ---- */

static void signatures(void **state)
{
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    (void)state;
    struct pki *middle = add_middle(add_root(), "CA thu");
    struct lt_bytes der = pki_der(add_leaf(middle), memory);
    assert_int_equal(judge(der), LT_OK);
    memory[der.size - 4] ^= 1; /* inside its signature */
    assert_int_equal(judge(der), LT_SEAL_CHAIN);
    memory[der.size - 4] ^= 1;
    memory[der.size - 100] ^= 1; /* inside what is signed */
    assert_int_not_equal(judge(der), LT_OK);
    clear();
    /* The authority between is signed by somebody of its issuer's name. */
    struct pki *root = add_root();
    struct pki *other =
        add((struct pki_wish){.name = "Root thu", .basic = "critical,CA:TRUE", .usage = AUTHORITY});
    struct pki forged = *root;
    forged.key = other->key;
    middle = add_middle(&forged, "CA thu");
    add_leaf(middle);
    expect(LT_SEAL_CHAIN);
}

/* ---- 4.3 names ---- */

static void names(void **state)
{
    (void)state;
    struct pki *root = add_root();
    struct pki *middle = add_middle(root, "CA thu");
    struct pki *twin = add((struct pki_wish){.name = "CA khac",
                                             .issuer = root,
                                             .basic = "critical,CA:TRUE",
                                             .usage = AUTHORITY,
                                             .key_of = middle});
    struct pki misnamed = *middle; /* the authority's key under a name that no anchor has */
    misnamed.certificate = X509_dup(twin->certificate);
    X509_NAME *name = X509_get_subject_name(misnamed.certificate);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)"nhanh", -1, -1, 0);
    add_leaf(&misnamed);
    expect_kept(LT_SEAL_CHAIN);
    X509_free(misnamed.certificate);
    clear();
}

/* ---- 4.5 an authority issues itself a new key ---- */

static void rollover(void **state)
{
    (void)state;
    struct pki *root = add_root();
    struct pki_wish wish = middle_of(root, "CA thu");
    wish.basic = "critical,CA:TRUE,pathlen:0";
    struct pki *old = add(wish);
    list(good_list(old));
    struct pki *renewed = add_middle(old, "CA thu"); /* of the same name: not counted by pathlen */
    add_leaf(renewed);
    expect(LT_OK);
    root = add_root();
    wish.issuer = root;
    old = add(wish);
    list(good_list(old));
    struct pki *below = add_middle(old, "CA cap duoi");
    add_leaf(below);
    expect(LT_SEAL_CHAIN);
}

/* ---- paths that do not end ---- */

static void loops(void **state)
{
    (void)state;
    /* Two that vouch for each other, and no root. */
    struct pki *one =
        add((struct pki_wish){.name = "CA mot", .basic = "critical,CA:TRUE", .usage = AUTHORITY});
    struct pki *two = add_middle(one, "CA hai");
    struct pki crossed = pki_make(&(struct pki_wish){.name = "CA mot",
                                                     .issuer = two,
                                                     .from = NOW - DAY,
                                                     .to = NOW + DAY,
                                                     .basic = "critical,CA:TRUE",
                                                     .usage = AUTHORITY,
                                                     .key_of = one});
    X509_free(one->certificate);
    one->certificate = crossed.certificate;
    EVP_PKEY_free(crossed.key);
    list(good_list(one));
    add_leaf(two);
    expect(LT_SEAL_CHAIN);
    /* By itself: in nobody's list, and put there. */
    add_root();
    add(leaf_of(NULL));
    expect(LT_SEAL_CHAIN);
}

static void depth(void **state)
{
    (void)state;
    static const char *const called[] = {"CA 1", "CA 2", "CA 3", "CA 4", "CA 5"};
    for (uint32_t between = 3; between <= 5; between++) {
        struct pki *issuer = add_root();
        for (uint32_t i = 0; i < between; i++) {
            issuer = add_middle(issuer, called[i]);
        }
        add_leaf(issuer);
        expect(between <= 4 ? LT_OK : LT_SEAL_CHAIN);
    }
}

/* An anchor that has run out carries nobody, nor does one without the extensions of an authority.
 */
static void anchors(void **state)
{
    (void)state;
    struct pki *root = add((struct pki_wish){
        .name = "Root cu", .to = NOW - 1, .basic = "critical,CA:TRUE", .usage = AUTHORITY});
    list(good_list(root));
    add_leaf(root);
    expect(LT_SEAL_AUTHORITY);
    root = add((struct pki_wish){.name = "Root tho"});
    list(good_list(root));
    add_leaf(root);
    expect(LT_SEAL_CHAIN);
    root = add_root();
    struct pki *leaf = add_leaf(root);
    add_leaf(leaf); /* what one agency's certificate vouches for */
    expect(LT_SEAL_CHAIN);
}

/* ---- 4.8 to 4.12 policies ---- */

static enum lt_status with_policy(const char *authority, const char *leaf)
{
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct pki *root = add_root();
    struct pki_wish wish = middle_of(root, "CA thu");
    wish.more[0] =
        (struct pki_more){NID_policy_constraints, "critical,requireExplicitPolicy:0", NULL};
    wish.more[1] = (struct pki_more){NID_certificate_policies, authority, NULL};
    struct pki *middle = add(wish);
    list(good_list(middle));
    wish = leaf_of(middle);
    if (leaf != NULL) {
        wish.more[0] = (struct pki_more){NID_certificate_policies, leaf, NULL};
    }
    enum lt_status status = judge(pki_der(add(wish), memory));
    clear();
    return status;
}

static void policies(void **state)
{
    (void)state;
    assert_int_equal(with_policy("1.2.3.4.1", "1.2.3.4.1"), LT_OK);
    assert_int_equal(with_policy("2.5.29.32.0", "1.2.3.4.1"), LT_OK);
    assert_int_equal(with_policy("1.2.3.4.1", "1.2.3.4.2"), LT_SEAL_CHAIN);
    assert_int_equal(with_policy("1.2.3.4.1", NULL), LT_SEAL_CHAIN);
}

/* ---- 4.13 names that an authority may give ---- */

static enum lt_status with_names(const char *value, const char *mail)
{
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct pki *root = add_root();
    struct pki_wish wish = middle_of(root, "CA thu");
    wish.more[0] =
        (struct pki_more){NID_name_constraints, value, "[ten]\nCN = UBND thu\n[khac]\nCN = So\n"};
    struct pki *middle = add(wish);
    list(good_list(middle));
    wish = leaf_of(middle);
    if (mail != NULL) {
        wish.more[0] = (struct pki_more){NID_subject_alt_name, mail, NULL};
    }
    enum lt_status status = judge(pki_der(add(wish), memory));
    clear();
    return status;
}

static void name_constraints(void **state)
{
    (void)state;
    assert_int_equal(with_names("critical,permitted;dirName:ten", NULL), LT_OK);
    assert_int_equal(with_names("critical,permitted;dirName:khac", NULL), LT_SEAL_CHAIN);
    assert_int_equal(with_names("critical,excluded;dirName:ten", NULL), LT_SEAL_CHAIN);
    assert_int_equal(with_names("critical,permitted;email:thu.vn", "email:mot@thu.vn"), LT_OK);
    assert_int_equal(with_names("critical,permitted;email:thu.vn", "email:mot@khac.vn"),
                     LT_SEAL_CHAIN);
    assert_int_equal(with_names("critical,excluded;email:thu.vn", "email:mot@thu.vn"),
                     LT_SEAL_CHAIN);
}

/* ---- 4.16 extensions nobody knows ---- */

static void unknown_extensions(void **state)
{
    (void)state;
    struct pki *middle = add_middle(add_root(), "CA thu");
    struct pki_wish wish = leaf_of(middle);
    wish.more[0] = (struct pki_more){NID_netscape_comment, "khong ai biet", NULL};
    add(wish);
    expect(LT_OK);
    struct pki *root = add_root();
    wish = middle_of(root, "CA thu");
    wish.critical = "1.2.3.4.5";
    middle = add(wish);
    list(good_list(middle));
    add_leaf(middle);
    expect(LT_SEAL_CHAIN);
}

/* ---- 4.4, 4.14, 4.15 lists ---- */

/* A root with its list, an authority without, a leaf: the case brings the authority's list. */
static struct pki *add_without_list(void)
{
    struct pki *middle = add(middle_of(add_root(), "CA thu"));
    return middle;
}

static void lists_of_others(void **state)
{
    (void)state;
    struct pki *middle = add_without_list();
    add_middle(&path.pkis[0], "CA khac"); /* its list names another issuer */
    add_leaf(middle);
    expect(LT_SEAL_CRL_STALE);
    /* One of its name, signed by itself: a foreign list under our authority's name. */
    middle = add_without_list();
    struct pki twin = pki_make(&(struct pki_wish){.name = "CA thu",
                                                  .from = NOW - DAY,
                                                  .to = NOW + DAY,
                                                  .basic = "critical,CA:TRUE",
                                                  .usage = AUTHORITY});
    list(pki_list(&twin, &twin, NOW - DAY, NOW + DAY, 0));
    pki_free(&twin);
    add_leaf(middle);
    expect(LT_SEAL_CRL_STALE);
    /* Under the authority's own key id, and signed by somebody else. */
    middle = add_without_list();
    list(pki_list(middle, &path.pkis[0], NOW - DAY, NOW + DAY, 0));
    add_leaf(middle);
    expect(LT_SEAL_CRL_BAD);
}

/* A bit of a list turned: what it says of others does not count either. */
static void a_list_that_was_changed(void **state)
{
    uint8_t der[2048];
    (void)state;
    struct pki *middle = add_without_list();
    X509_CRL *made = pki_list(middle, middle, NOW - DAY, NOW + DAY, 22);
    uint8_t *at = der;
    int size = i2d_X509_CRL(made, &at);
    assert_in_range(size, 1, sizeof(der));
    X509_CRL_free(made);
    static const uint8_t serial[] = {0x02, 0x01, 22};
    uint8_t *named = memmem(der, (size_t)size, serial, sizeof(serial));
    assert_non_null(named);
    named[2] = 23; /* the revoked one lets somebody else take its place */
    const uint8_t *from = der;
    made = d2i_X509_CRL(NULL, &from, size);
    assert_non_null(made);
    list(made);
    add_leaf(middle);
    expect(LT_SEAL_CRL_BAD);
}

static void an_authority_that_signs_no_lists(void **state)
{
    (void)state;
    struct pki *root = add_root();
    struct pki_wish wish = middle_of(root, "CA thu");
    wish.usage = "critical,keyCertSign";
    struct pki *middle = add(wish);
    list(good_list(middle));
    add_leaf(middle);
    expect(LT_SEAL_CRL_BAD);
}

/* Lists that are not the whole list: of some kinds of certificates, of some reasons, changes only,
 * of other issuers. None stands for the whole one. */
static void lists_in_part(void **state)
{
    static const struct {
        struct pki_more more;
        enum lt_status code;
    } cases[] = {
        {{NID_issuing_distribution_point, "critical,@p", "[p]\nonlyCA = TRUE\n"},
         LT_SEAL_CRL_STALE},
        {{NID_issuing_distribution_point, "critical,@p", "[p]\nonlyAA = TRUE\n"},
         LT_SEAL_CRL_STALE},
        {{NID_issuing_distribution_point, "critical,@p", "[p]\nonlyuser = TRUE\n"}, LT_OK},
        {{NID_issuing_distribution_point, "critical,@p",
          "[p]\nfullname = URI:http://thu.vn/a\nonlysomereasons = keyCompromise\n"},
         LT_SEAL_CRL_STALE},
        {{NID_issuing_distribution_point, "critical,@p", "[p]\nindirectCRL = TRUE\n"},
         LT_SEAL_CRL_STALE},
        {{NID_issuing_distribution_point, "critical,@p", "[p]\nfullname = URI:http://thu.vn/a\n"},
         LT_SEAL_CRL_STALE}, /* of a place that the certificate does not name */
        {{NID_delta_crl, "critical,DER:020101", NULL}, LT_SEAL_CRL_STALE},
        {{NID_netscape_comment, "critical,DER:1600", NULL}, LT_SEAL_CRL_BAD}, /* nobody knows it */
        {{NID_netscape_comment, "DER:1600", NULL}, LT_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pki *middle = add_without_list();
        X509_CRL *part = good_list(middle);
        pki_list_more(part, middle, &cases[i].more);
        list(part);
        add_leaf(middle);
        expect(cases[i].code);
    }
}

/* Of two lists the one in time counts; the root is asked about the authority before the authority
 * about the leaf, and a list of the root that is missing is missed. */
static void lists_beside_each_other(void **state)
{
    (void)state;
    struct pki *middle = add_without_list();
    list(pki_list(middle, middle, NOW - 30 * DAY, NOW - 20 * DAY, 0));
    list(good_list(middle));
    add_leaf(middle);
    expect(LT_OK);
    middle = add_without_list(); /* the newer one names it */
    list(pki_list(middle, middle, NOW - 30 * DAY, NOW - 20 * DAY, 0));
    list(pki_list(middle, middle, NOW - DAY, NOW + DAY, 22));
    add_leaf(middle);
    expect(LT_SEAL_KEY_REVOKED);
    middle = add_without_list();
    list(good_list(middle));
    X509_CRL_free(path.lists[0]);
    path.lists[0] = path.lists[--path.lists_count];
    add_leaf(middle);
    expect(LT_SEAL_CRL_STALE);
    middle = add_without_list(); /* the authority is revoked, whatever its own list says */
    list(good_list(middle));
    list(pki_list(&path.pkis[0], &path.pkis[0], NOW - DAY / 2, NOW + DAY, 101));
    add_leaf(middle);
    expect(LT_SEAL_AUTHORITY);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(signatures),
        CASE(names),
        CASE(rollover),
        CASE(loops),
        CASE(depth),
        CASE(anchors),
        CASE(policies),
        CASE(name_constraints),
        CASE(unknown_extensions),
        CASE(lists_of_others),
        CASE(a_list_that_was_changed),
        CASE(an_authority_that_signs_no_lists),
        CASE(lists_in_part),
        CASE(lists_beside_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
