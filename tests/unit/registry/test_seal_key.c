/* SPDX-License-Identifier: EUPL-1.2 */
/* Signing keys in the registry: entries, dates, overlap in a rotation, and whose a key is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/registry/seal_key.h"

#define KEYS 20

static uint8_t spki[KEYS][SPKI_BYTES_MAX];
static struct lt_bytes ders[KEYS];

static int make_keys(void **state)
{
    (void)state;
    char folder[] = "/tmp/lt-seal-key-XXXXXX";
    char secret[64];
    char public[64];
    assert_non_null(mkdtemp(folder));
    snprintf(secret, sizeof(secret), "%s/a.key", folder);
    snprintf(public, sizeof(public), "%s/a.pem", folder);
    for (int i = 0; i < KEYS; i++) {
        struct public_key *key = NULL;
        assert_int_equal(signer_make_file(SIGN_ED25519, 0, secret, public, NULL), LT_OK);
        assert_int_equal(public_key_from_file(public, &key, NULL), LT_OK);
        memcpy(spki[i], public_key_spki(key).data, public_key_spki(key).size);
        ders[i] = (struct lt_bytes){spki[i], public_key_spki(key).size};
        public_key_close(&key);
        unlink(secret);
        unlink(public);
    }
    return rmdir(folder);
}

static struct seal_key key_of(int index, uint32_t agency, int64_t from_ms, int64_t to_ms)
{
    struct seal_key key;
    assert_int_equal(seal_key_make(ders[index], &key, NULL), LT_OK);
    key.agency = agency;
    key.from_ms = from_ms;
    key.to_ms = to_ms;
    return key;
}

static enum lt_status put(struct seal_keys *keys, const struct seal_key *key)
{
    uint8_t memory[SEAL_KEY_BYTES_MAX];
    enum lt_status status = seal_keys_check(keys, key, NULL);
    return status != LT_OK ? status
                           : seal_keys_fold(keys, seal_key_write(memory, sizeof(memory), key));
}

static int setup(void **state)
{
    struct seal_keys *keys = NULL;
    assert_int_equal(seal_keys_open(&keys), LT_OK);
    *state = keys;
    return 0;
}

static int teardown(void **state)
{
    struct seal_keys *keys = *state;
    seal_keys_close(&keys);
    return 0;
}

static void test_an_entry_is_read_as_written(void **state)
{
    (void)state;
    uint8_t memory[SEAL_KEY_BYTES_MAX];
    struct seal_key key = key_of(0, 7, 100, 200);
    struct seal_key back;
    key.revoked = true;
    key.since_ms = 99;
    struct lt_bytes bytes = seal_key_write(memory, sizeof(memory), &key);
    assert_true(seal_key_read(bytes, &back));
    assert_int_equal(back.agency, 7);
    assert_memory_equal(&back.id, &key.id, sizeof(key.id));
    assert_true(back.revoked);
    assert_false(back.certificate);
    assert_int_equal(back.from_ms, 100);
    assert_int_equal(back.to_ms, 200);
    assert_int_equal(back.since_ms, 99);
    assert_int_equal(back.der.size, ders[0].size);
    for (size_t i = 0; i < bytes.size; i++) {
        assert_false(seal_key_read((struct lt_bytes){memory, i}, &back));
    }
    memory[0]++;
    assert_false(seal_key_read(bytes, &back));
}

static void test_what_is_no_key(void **state)
{
    (void)state;
    struct seal_key key;
    assert_int_equal(seal_key_make((struct lt_bytes){(const uint8_t *)"x", 1}, &key, NULL),
                     LT_FIELD_BAD);
    assert_int_equal(seal_key_make((struct lt_bytes){NULL, 0}, &key, NULL), LT_FIELD_BAD);
}

static void test_dates_and_revocation(void **state)
{
    (void)state;
    struct seal_key key = key_of(0, 1, 100, 200);
    assert_int_equal(seal_key_at(&key, 99, NULL), LT_SEAL_KEY_EARLY);
    assert_int_equal(seal_key_at(&key, 100, NULL), LT_OK);
    assert_int_equal(seal_key_at(&key, 199, NULL), LT_OK);
    assert_int_equal(seal_key_at(&key, 200, NULL), LT_SEAL_KEY_EXPIRED);
    key.to_ms = 0;
    assert_int_equal(seal_key_at(&key, INT64_MAX, NULL), LT_OK);
    key.revoked = true;
    assert_int_equal(seal_key_at(&key, 150, NULL), LT_SEAL_KEY_REVOKED);
}

static void test_found_by_agency_and_id(void **state)
{
    struct seal_keys *keys = *state;
    for (int i = 0; i < KEYS; i++) {
        struct seal_key key = key_of(i, (uint32_t)(1 + i % 10), 0, 0);
        assert_int_equal(put(keys, &key), LT_OK);
    }
    for (int i = 0; i < KEYS; i++) {
        struct seal_key key = key_of(i, 0, 0, 0);
        uint32_t agency = (uint32_t)(1 + i % 10);
        assert_non_null(seal_keys_find(keys, agency, &key.id));
        assert_null(seal_keys_find(keys, agency % 10 + 1, &key.id));
        struct public_key *opened = seal_keys_public(keys, agency, &key.id);
        assert_non_null(opened);
        assert_memory_equal(public_key_id(opened), &key.id, sizeof(key.id));
        public_key_close(&opened);
        assert_null(seal_keys_public(keys, agency % 10 + 1, &key.id));
    }
    assert_true(seal_keys_any(keys, 10));
    assert_false(seal_keys_any(keys, 11));
    assert_non_null(seal_keys_nth(keys, 3, 1));
    assert_null(seal_keys_nth(keys, 3, 2));
}

/* A key that somebody still uses outlives its entry. */
static void test_a_key_in_use_stays(void **state)
{
    struct seal_keys *keys = *state;
    struct seal_key key = key_of(0, 1, 0, 0);
    assert_int_equal(put(keys, &key), LT_OK);
    struct public_key *used = seal_keys_public(keys, 1, &key.id);
    key.revoked = true;
    assert_int_equal(put(keys, &key), LT_OK);
    assert_true(seal_keys_find(keys, 1, &key.id)->revoked);
    assert_memory_equal(public_key_id(used), &key.id, sizeof(key.id));
    public_key_close(&used);
}

static void test_two_are_valid_at_a_time(void **state)
{
    struct seal_keys *keys = *state;
    struct seal_key old = key_of(0, 1, 0, 1000);
    struct seal_key new = key_of(1, 1, 900, 0);
    struct seal_key third = key_of(2, 1, 950, 0);
    struct seal_key early = key_of(3, 1, 0, 950);
    assert_int_equal(put(keys, &old), LT_OK);
    assert_int_equal(put(keys, &new), LT_OK);
    assert_int_equal(put(keys, &third), LT_FIELD_BAD); /* with the old one still there */
    assert_int_equal(put(keys, &early), LT_FIELD_BAD); /* reaches into the overlap */
    third.from_ms = 1000;
    assert_int_equal(put(keys, &third), LT_OK);
    old.revoked = true;
    assert_int_equal(put(keys, &old), LT_OK);
    assert_int_equal(put(keys, &early), LT_OK);
}

static void test_a_key_has_one_owner(void **state)
{
    struct seal_keys *keys = *state;
    struct seal_key key = key_of(0, 1, 0, 0);
    assert_int_equal(put(keys, &key), LT_OK);
    assert_int_equal(put(keys, &key), LT_OK);
    key.agency = 2;
    assert_int_equal(put(keys, &key), LT_EXISTS);
    key = key_of(1, 1, 10, 10);
    assert_int_equal(put(keys, &key), LT_FIELD_BAD);
}

static void test_so_many_are_remembered(void **state)
{
    struct seal_keys *keys = *state;
    for (int i = 0; i < SEAL_KEYS_AGENCY_MAX; i++) {
        struct seal_key key = key_of(i, 1, i * 100, i * 100 + 100);
        assert_int_equal(put(keys, &key), LT_OK);
    }
    struct seal_key more = key_of(SEAL_KEYS_AGENCY_MAX, 1, 0, 0);
    assert_int_equal(put(keys, &more), LT_NO_MEMORY);
    more.agency = 2;
    assert_int_equal(put(keys, &more), LT_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_an_entry_is_read_as_written), CASE(test_what_is_no_key),
        CASE(test_dates_and_revocation),        CASE(test_found_by_agency_and_id),
        CASE(test_a_key_in_use_stays),          CASE(test_two_are_valid_at_a_time),
        CASE(test_a_key_has_one_owner),         CASE(test_so_many_are_remembered),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
