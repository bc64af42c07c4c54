/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Time-stamps against an authority made here with the openssl program: a good token, and each of
 * the ways in which one can be wrong, with the name it must be refused by.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "proto/base/file.h"
#include "proto/timestamp.h"

#define NONCE 0x1122334455667788

/* Roots, authorities and a configuration in a folder of its own. */
static const char make_authorities[] =
    "set -e\n"
    "cat >ts.cnf <<'END'\n"
    "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = thu\n"
    "[ca]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n"
    "[stamps]\nextendedKeyUsage = critical,timeStamping\nkeyUsage = critical,digitalSignature\n"
    "[soft]\nextendedKeyUsage = timeStamping\n"
    "[other]\nextendedKeyUsage = critical,codeSigning\n"
    "[tsa]\ndefault_tsa = good\n"
    "[good]\nserial = serial\ncrypto_device = builtin\ndefault_policy = 1.2.3.4.1\n"
    "other_policies = 1.2.3.4.2\ndigests = sha256, sha384\naccuracy = secs:1, millisecs:500\n"
    "ordering = no\ntsa_name = no\ness_cert_id_chain = no\ness_cert_id_alg = sha256\n"
    "signer_digest = sha256\n"
    "END\n"
    "echo 01 >serial\n"
    "key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }\n"
    "root() { key $1; openssl req -x509 -new -key $1.key -subj /CN=$1 -days 3650 -config ts.cnf "
    "-extensions ca -out $1.crt; }\n"
    /* leaf NAME ROOT EXTENSIONS DAYS */
    "leaf() { key $1; openssl req -new -key $1.key -subj /CN=$1 -config ts.cnf -out $1.csr;\n"
    "openssl x509 -req -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -extfile ts.cnf "
    "-extensions $3 -days $4 -out $1.crt; }\n"
    "root goc; root goc-khac\n"
    "leaf tsa goc stamps 30; leaf tsa-khac goc-khac stamps 30; leaf mem goc soft 30\n"
    "leaf khac goc other 30\n"
    "touch index.txt; echo 01 >crlnumber\n"
    "cat >>ts.cnf <<'END'\n"
    "[crl]\ndefault_ca = crl_ca\n[crl_ca]\ndatabase = index.txt\ncrlnumber = crlnumber\n"
    "default_md = sha256\ndefault_crl_days = 30\n"
    "END\n"
    "openssl ca -gencrl -config ts.cnf -name crl_ca -keyfile goc.key -cert goc.crt -out goc.crl\n"
    "cat goc.crt goc.crl >goc-crl.pem\n"
    "openssl ca -revoke tsa.crt -config ts.cnf -name crl_ca -keyfile goc.key -cert goc.crt\n"
    "openssl ca -gencrl -config ts.cnf -name crl_ca -keyfile goc.key -cert goc.crt -out r.crl\n"
    "cat goc.crt r.crl >goc-revoked.pem\n"
    /* Lists that have run out, and of somebody else; what is too weak. */
    "openssl ca -gencrl -config ts.cnf -name crl_ca -keyfile goc.key -cert goc.crt -crl_lastupdate "
    "20200101000000Z -crl_nextupdate 20200201000000Z -out old.crl\n"
    "cat goc.crt old.crl >goc-late.pem\n"
    "openssl ca -gencrl -config ts.cnf -name crl_ca -keyfile goc-khac.key -cert goc-khac.crt -out "
    "k.crl\n"
    "cat goc.crt k.crl >goc-foreign-list.pem\n"
    "leaf sha1 goc stamps 30\n"
    "openssl x509 -req -sha1 -in sha1.csr -CA goc.crt -CAkey goc.key -CAcreateserial -extfile "
    "ts.cnf -extensions stamps -days 30 -out sha1.crt\n"
    "openssl req -newkey rsa:1024 -nodes -keyout ngan.key -subj /CN=ngan -config ts.cnf -out "
    "ngan.csr\n"
    "openssl x509 -req -in ngan.csr -CA goc.crt -CAkey goc.key -CAcreateserial -extfile ts.cnf "
    "-extensions stamps -days 30 -out ngan.crt\n"
    "sed 's/^ess_cert_id_alg.*/ess_cert_id_alg = sha1/' ts.cnf >v1.cnf\n"
    "sed 's/^signer_digest.*/signer_digest = sha1/' ts.cnf >sd1.cnf\n";

struct world {
    char folder[64];
    uint8_t reply[TIMESTAMP_REPLY_BYTES_MAX];
    size_t size;
    struct timestamp_question question;
};

static struct world world;

static void shell(const char *script)
{
    char command[8192];
    int written =
        snprintf(command, sizeof(command), "cd %s && { %s\n} >>log 2>&1", world.folder, script);
    assert_in_range(written, 1, sizeof(command) - 1);
    if (system(command) != 0) { /* NOLINT(cert-env33-c): the authority is the openssl program */
        fail_msg("%s: see %s/log", script, world.folder);
    }
}

static int64_t now_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static int setup(void **state)
{
    (void)state;
    snprintf(world.folder, sizeof(world.folder), "/tmp/lt-tsa-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    shell(make_authorities);
    memset(world.question.digest.bytes, 0xA5, sizeof(world.question.digest.bytes));
    world.question.nonce = NONCE;
    world.question.now_ms = now_ms();
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", world.folder);
    return system(command); /* NOLINT(cert-env33-c) */
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", world.folder, name);
    return path;
}

static void write_file(const char *name, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path_of(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void read_reply(const char *name)
{
    FILE *file = fopen(path_of(name), "rb");
    assert_non_null(file);
    world.size = fread(world.reply, 1, sizeof(world.reply), file);
    fclose(file);
}

/* The authority answers our question; `options` are more of `openssl ts -reply`. */
static void ask_as(const char *settings, const char *authority, const char *options)
{
    uint8_t request[TIMESTAMP_REQUEST_BYTES_MAX];
    char script[512];
    size_t size = timestamp_request(&world.question, request);
    assert_in_range(size, 1, sizeof(request));
    write_file("question.tsq", request, size);
    snprintf(script, sizeof(script),
             "openssl ts -reply -config %s.cnf -queryfile question.tsq -signer %s.crt -inkey "
             "%s.key %s -out reply.tsr",
             settings, authority, authority, options);
    shell(script);
    read_reply("reply.tsr");
}

static void ask(const char *authority, const char *options)
{
    ask_as("ts", authority, options);
}

static enum timestamp_finding check_by(const char *trusted, const char *policy,
                                       const struct timestamp_question *question,
                                       struct timestamp *ret)
{
    struct timestamp_trust *trust = NULL;
    struct fault fault;
    fault_init(&fault);
    if (timestamp_trust_open(path_of(trusted), policy, &trust, &fault) != LT_OK) {
        fail_msg("%s: %s", fault.field, fault.detail);
    }
    enum timestamp_finding finding =
        timestamp_check(trust, question, (struct lt_bytes){world.reply, world.size}, ret, &fault);
    timestamp_trust_close(&trust);
    if (finding != TIMESTAMP_GOOD) {
        assert_true(fault.detail[0] != '\0');
    }
    return finding;
}

static void expect(enum timestamp_finding expected, const char *trusted)
{
    struct timestamp timestamp;
    enum timestamp_finding found = check_by(trusted, NULL, &world.question, &timestamp);
    assert_string_equal(timestamp_finding_name(found), timestamp_finding_name(expected));
}

static void test_good(void **state)
{
    (void)state;
    struct timestamp timestamp;
    ask("tsa", "");
    assert_int_equal(check_by("goc.crt", "1.2.3.4.1", &world.question, &timestamp), TIMESTAMP_GOOD);
    assert_in_range(timestamp.time_ms, now_ms() - 60000, now_ms() + 2000);
    assert_int_equal(timestamp.accuracy_ms, 1500);
    assert_string_equal(timestamp.policy, "1.2.3.4.1");
    assert_string_equal(timestamp.authority, "/CN=tsa");
    assert_true(timestamp.serial[0] != '\0');
    expect(TIMESTAMP_GOOD, "goc-crl.pem");
    shell("openssl ts -verify -in reply.tsr -CAfile goc.crt -digest "
          "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5");
}

static void test_wrong_claims(void **state)
{
    (void)state;
    struct timestamp timestamp;
    struct timestamp_question other = world.question;
    ask("tsa", "");
    other.digest.bytes[31] ^= 1;
    assert_int_equal(check_by("goc.crt", NULL, &other, &timestamp), TIMESTAMP_WRONG_IMPRINT);
    other = world.question;
    other.nonce++;
    assert_int_equal(check_by("goc.crt", NULL, &other, &timestamp), TIMESTAMP_WRONG_NONCE);
    other.nonce = 0;
    assert_int_equal(check_by("goc.crt", NULL, &other, &timestamp), TIMESTAMP_GOOD);
    assert_int_equal(check_by("goc.crt", "1.2.3.4.2", &world.question, &timestamp),
                     TIMESTAMP_WRONG_POLICY);
    ask("tsa", "-tspolicy 1.2.3.4.2");
    assert_int_equal(check_by("goc.crt", "1.2.3.4.2", &world.question, &timestamp), TIMESTAMP_GOOD);
}

/* A digest of the right size under the name of another algorithm. */
static void test_another_algorithm(void **state)
{
    (void)state;
    shell("openssl ts -query -no_nonce -cert -sha384 -digest "
          "$(printf 'a5%.0s' $(seq 48)) -out question.tsq\n"
          "openssl ts -reply -config ts.cnf -queryfile question.tsq -signer tsa.crt -inkey tsa.key "
          "-out reply.tsr");
    read_reply("reply.tsr");
    expect(TIMESTAMP_WRONG_IMPRINT, "goc.crt");
}

static void test_no_answer(void **state)
{
    (void)state;
    /* A policy that the authority does not have is asked for: rejection. */
    shell("openssl ts -query -no_nonce -cert -tspolicy 1.2.3.4.9 -digest "
          "$(printf 'a5%.0s' $(seq 32)) -out question.tsq\n"
          "openssl ts -reply -config ts.cnf -queryfile question.tsq -signer tsa.crt -inkey tsa.key "
          "-out reply.tsr");
    read_reply("reply.tsr");
    expect(TIMESTAMP_NOT_GRANTED, "goc.crt");
    static const uint8_t granted[] = {0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00};
    memcpy(world.reply, granted, sizeof(granted));
    world.size = sizeof(granted);
    expect(TIMESTAMP_NO_TOKEN, "goc.crt");
    static const uint8_t page[] = "<!DOCTYPE html><title>Đăng nhập</title>";
    memcpy(world.reply, page, sizeof(page));
    world.size = sizeof(page);
    expect(TIMESTAMP_NOT_READ, "goc.crt");
    world.size = 0;
    expect(TIMESTAMP_NOT_READ, "goc.crt");
}

static void test_trailing_bytes(void **state)
{
    (void)state;
    ask("tsa", "");
    world.reply[world.size++] = 0;
    expect(TIMESTAMP_TRAILING, "goc.crt");
    world.size -= 2;
    expect(TIMESTAMP_NOT_READ, "goc.crt");
}

static void test_wrong_signers(void **state)
{
    (void)state;
    ask("tsa-khac", "");
    expect(TIMESTAMP_CHAIN, "goc.crt");
    expect(TIMESTAMP_GOOD, "goc-khac.crt");
    ask("tsa", "");
    expect(TIMESTAMP_REVOKED, "goc-revoked.pem");
}

static void test_expired_certificate(void **state)
{
    (void)state;
    struct timestamp timestamp;
    struct timestamp_question later = world.question;
    ask("tsa", "");
    later.now_ms += (int64_t)31 * 24 * 3600 * 1000;
    assert_int_equal(check_by("goc.crt", NULL, &later, &timestamp), TIMESTAMP_EXPIRED);
    later.now_ms = world.question.now_ms - (int64_t)24 * 3600 * 1000;
    assert_int_equal(check_by("goc.crt", NULL, &later, &timestamp), TIMESTAMP_EXPIRED);
    later.now_ms = 0; /* kept, and judged at the time that it states */
    assert_int_equal(check_by("goc.crt", NULL, &later, &timestamp), TIMESTAMP_GOOD);
}

/* A token as the openssl program's own authority would never make it: its content signed by hand.
 */
static void sign_by_hand(const char *name, const char *options)
{
    char script[1024];
    ask("tsa", "");
    snprintf(script, sizeof(script),
             "openssl ts -reply -in reply.tsr -token_out -out good.der\n"
             "openssl cms -verify -noverify -inform DER -in good.der -out content.der\n"
             "openssl cms -sign -binary -nodetach -econtent_type id-smime-ct-TSTInfo %s -signer "
             "%s.crt -inkey %s.key -in content.der -outform DER -out token.der\n"
             "openssl ts -reply -in token.der -token_in -out reply.tsr",
             options, name, name);
    shell(script);
    read_reply("reply.tsr");
}

static void test_signed_by_hand(void **state)
{
    (void)state;
    sign_by_hand("tsa", "-cades");
    expect(TIMESTAMP_GOOD, "goc.crt");
    sign_by_hand("mem", "-cades"); /* the usage is not critical */
    expect(TIMESTAMP_PURPOSE, "goc.crt");
    sign_by_hand("khac", "-cades"); /* another usage */
    expect(TIMESTAMP_PURPOSE, "goc.crt");
    sign_by_hand("tsa", ""); /* it does not name its certificate (RFC 5816) */
    expect(TIMESTAMP_CERTIFICATE_ID, "goc.crt");
    sign_by_hand("tsa", "-cades -nocerts");
    expect(TIMESTAMP_NO_CERTIFICATE, "goc.crt");
}

/* Two signers, each of them good. */
static void test_two_signers(void **state)
{
    (void)state;
    sign_by_hand("tsa", "-cades -signer mem.crt -inkey mem.key");
    expect(TIMESTAMP_SIGNERS, "goc.crt");
}

/* SHA-1 anywhere, and RSA of 1024 bits. */
static void test_weak(void **state)
{
    (void)state;
    ask_as("v1", "tsa", ""); /* its certificate is named by SHA-1 (ESSCertID, RFC 2634) */
    expect(TIMESTAMP_CERTIFICATE_ID, "goc.crt");
    ask_as("sd1", "tsa", "");
    expect(TIMESTAMP_WEAK, "goc.crt");
    ask("sha1", "");
    expect(TIMESTAMP_WEAK, "goc.crt");
    ask("ngan", "");
    expect(TIMESTAMP_WEAK, "goc.crt");
}

/* With a list, every certificate of the chain needs one that counts. */
static void test_lists(void **state)
{
    (void)state;
    ask("tsa", "");
    expect(TIMESTAMP_GOOD, "goc-crl.pem");
    expect(TIMESTAMP_LIST, "goc-late.pem");
    expect(TIMESTAMP_LIST, "goc-foreign-list.pem");
}

/* The content exchanged under the signature. */
static void test_content_exchanged(void **state)
{
    (void)state;
    ask("tsa", "");
    uint8_t *digest = memmem(world.reply, world.size, world.question.digest.bytes,
                             sizeof(world.question.digest.bytes));
    assert_non_null(digest);
    struct timestamp timestamp;
    struct timestamp_question other = world.question;
    digest[0] ^= 1;
    other.digest.bytes[0] ^= 1;
    assert_int_equal(check_by("goc.crt", NULL, &other, &timestamp), TIMESTAMP_SIGNATURE);
}

/*
 * Any bit of an answer turned: never a crash, and never believed to say something else. A few bytes
 * around the signature are bound by nobody (a version, the name of a digest): those may turn.
 */
static void test_any_bit_turned(void **state)
{
    (void)state;
    struct timestamp_trust *trust = NULL;
    struct timestamp good;
    struct timestamp turned;
    ask("tsa", "");
    struct lt_bytes reply = {world.reply, world.size};
    assert_int_equal(timestamp_trust_open(path_of("goc.crt"), NULL, &trust, NULL), LT_OK);
    assert_int_equal(timestamp_check(trust, &world.question, reply, &good, NULL), TIMESTAMP_GOOD);
    for (size_t bit = 0; bit < world.size * 8; bit++) {
        uint8_t mask = (uint8_t)(1u << bit % 8);
        world.reply[bit / 8] ^= mask;
        if (timestamp_check(trust, &world.question, reply, &turned, NULL) == TIMESTAMP_GOOD) {
            assert_int_equal(turned.time_ms, good.time_ms);
            assert_string_equal(turned.serial, good.serial);
            assert_string_equal(turned.policy, good.policy);
            assert_string_equal(turned.authority, good.authority);
        }
        world.reply[bit / 8] ^= mask;
    }
    timestamp_trust_close(&trust);
}

static void test_trust_file(void **state)
{
    (void)state;
    struct timestamp_trust *trust = NULL;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(timestamp_trust_open(path_of("nowhere"), NULL, &trust, &fault), LT_CONFIG_BAD);
    fault_init(&fault);
    assert_int_equal(timestamp_trust_open(path_of("ts.cnf"), NULL, &trust, &fault), LT_CONFIG_BAD);
    fault_init(&fault);
    assert_int_equal(timestamp_trust_open(path_of("goc.crt"), "a.b", &trust, &fault),
                     LT_CONFIG_BAD);
    assert_string_equal(fault.field, "tsa policy");
    assert_null(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_wrong_claims),
        cmocka_unit_test(test_another_algorithm),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_trailing_bytes),
        cmocka_unit_test(test_wrong_signers),
        cmocka_unit_test(test_expired_certificate),
        cmocka_unit_test(test_signed_by_hand),
        cmocka_unit_test(test_two_signers),
        cmocka_unit_test(test_weak),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_content_exchanged),
        cmocka_unit_test(test_any_bit_turned),
        cmocka_unit_test(test_trust_file),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
