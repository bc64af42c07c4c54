/* SPDX-License-Identifier: EUPL-1.2 */
/* The sealing of what is sent: with the key of the file, whichever it is by now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/sdk/sealer.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

struct desk {
    char folder[64];
    char secret[96];
    char public[96];
    struct digester *digester;
    struct sign_checker *checker;
    struct parcel parcels[2];
    struct lt_digest leaves[2];
};

static struct desk desk;

static int setup(void **state)
{
    (void)state;
    memset(&desk, 0, sizeof(desk));
    snprintf(desk.folder, sizeof(desk.folder), "/tmp/lt-sealer-XXXXXX");
    assert_non_null(mkdtemp(desk.folder));
    snprintf(desk.secret, sizeof(desk.secret), "%s/a.key", desk.folder);
    snprintf(desk.public, sizeof(desk.public), "%s/a.pem", desk.folder);
    assert_int_equal(digester_open(&desk.digester), LT_OK);
    assert_int_equal(sign_checker_open(&desk.checker), LT_OK);
    for (int i = 0; i < 2; i++) {
        desk.parcels[i].header = text_bytes(i == 0 ? "header" : "another header");
        desk.parcels[i].body = text_bytes("body");
        desk.parcels[i].digest =
            digest_of_two(desk.digester, desk.parcels[i].header, desk.parcels[i].body);
        desk.leaves[i] = seal_leaf(desk.digester, &desk.parcels[i]);
    }
    assert_int_equal(signer_make_file(SIGN_ECDSA_P256, 0, desk.secret, desk.public, NULL), LT_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    digester_close(&desk.digester);
    sign_checker_close(&desk.checker);
    unlink(desk.secret);
    unlink(desk.public);
    return rmdir(desk.folder);
}

/* Seals at that time; the id of the key it was done with. */
static struct lt_digest sealed_at(struct sealer *sealer, int64_t mono_ms)
{
    struct seal seal;
    assert_int_equal(sealer_seal(sealer, mono_ms, desk.digester, desk.parcels, 2, &seal), LT_OK);
    assert_int_equal(
        seal_check(&seal, sealer->signer.public_key, desk.checker, desk.digester, desk.leaves, 2),
        LT_OK);
    return seal.key_id;
}

static void test_without_a_key_nothing_is_sealed(void **state)
{
    (void)state;
    struct sealer sealer;
    assert_int_equal(sealer_open(&sealer, NULL, NULL), LT_OK);
    assert_false(sealer_seals(&sealer));
    sealer_close(&sealer);
    assert_int_equal(sealer_open(&sealer, "", NULL), LT_OK);
    assert_false(sealer_seals(&sealer));
    sealer_close(&sealer);
}

static void test_a_key_that_cannot_be_had(void **state)
{
    (void)state;
    struct sealer sealer;
    assert_int_equal(sealer_open(&sealer, desk.public, NULL), LT_SECRET_READABLE);
    assert_int_equal(chmod(desk.secret, 0644), 0);
    assert_int_equal(sealer_open(&sealer, desk.secret, NULL), LT_SECRET_READABLE);
    assert_false(sealer_seals(&sealer));
    unlink(desk.secret);
    assert_int_equal(sealer_open(&sealer, desk.secret, NULL), LT_NOT_FOUND);
}

static void test_the_file_of_the_day_seals(void **state)
{
    (void)state;
    struct sealer sealer;
    char next[96];
    char next_public[96];
    snprintf(next, sizeof(next), "%s/b.key", desk.folder);
    snprintf(next_public, sizeof(next_public), "%s/b.pem", desk.folder);
    assert_int_equal(sealer_open(&sealer, desk.secret, NULL), LT_OK);
    struct lt_digest first = sealed_at(&sealer, 1000);
    assert_int_equal(signer_make_file(SIGN_ED25519, 0, next, next_public, NULL), LT_OK);
    assert_int_equal(rename(next, desk.secret), 0);
    struct lt_digest still = sealed_at(&sealer, 2000); /* not looked at yet */
    assert_memory_equal(&first, &still, sizeof(first));
    struct lt_digest second = sealed_at(&sealer, 7000);
    assert_memory_not_equal(&first, &second, sizeof(first));
    unlink(desk.secret); /* gone: the one at hand goes on */
    still = sealed_at(&sealer, 20000);
    assert_memory_equal(&second, &still, sizeof(second));
    assert_int_equal(file_write(desk.secret, text_bytes("half a key"), 0600, NULL), LT_OK);
    still = sealed_at(&sealer, 30000);
    assert_memory_equal(&second, &still, sizeof(second));
    sealer_close(&sealer);
    unlink(next_public);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_without_a_key_nothing_is_sealed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_key_that_cannot_be_had, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_file_of_the_day_seals, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
