/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * test_vectors VECTORS.json: the golden vectors of LTP/1 against this house's own code. What
 * another language must pass is the same file; see tests/interop/test_vectors.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "reflect.h"

#include "adapters/sdk/content.h"
#include "proto/base/arena.h"
#include "proto/header_check.h"
#include "proto/message.h"
#include "proto/seal.h"

static json_t *vectors;
static struct arena arena;
static struct digester *digester;
static struct sign_checker *checker;

static struct lt_bytes bytes_of(const json_t *entry, const char *name)
{
    const char *text = json_string_value(json_object_get(entry, name));
    assert_non_null(text);
    size_t size = strlen(text) / 2;
    uint8_t *data = arena_alloc(&arena, size + 1);
    assert_non_null(data);
    assert_true(hex_read(data, size, text));
    return (struct lt_bytes){data, size};
}

static struct lt_digest digest_in(const json_t *entry, const char *name)
{
    struct lt_digest digest;
    struct lt_bytes bytes = bytes_of(entry, name);
    assert_int_equal(bytes.size, sizeof(digest.bytes));
    memcpy(digest.bytes, bytes.data, sizeof(digest.bytes));
    return digest;
}

static const char *text_in(const json_t *entry, const char *name)
{
    const char *text = json_string_value(json_object_get(entry, name));
    assert_non_null(text);
    return text;
}

static void assert_same(const json_t *entry, bool truth)
{
    if (!truth) {
        fail_msg("vector \"%s\"", text_in(entry, "name"));
    }
}

/* Calls `check` for every entry of a list that must not be empty. */
static void each(const char *list_name, void (*check)(const json_t *entry))
{
    const json_t *list = json_object_get(vectors, list_name);
    assert_true(json_array_size(list) > 0);
    for (size_t i = 0; i < json_array_size(list); i++) {
        check(json_array_get(list, i));
        arena_reset(&arena);
    }
}

static bool fields_match(const json_t *entry, ProtobufCMessage *wire)
{
    json_t *found = wire ? message_json(wire) : NULL;
    bool same = found && json_equal(found, json_object_get(entry, "fields"));
    json_decref(found);
    return same;
}

static struct lt_bytes frame_check(const json_t *entry)
{
    struct frame frame;
    struct lt_bytes bytes = bytes_of(entry, "bytes"), again;
    assert_same(entry, frame_read(bytes, &arena, &frame, NULL) == LT_OK);
    assert_same(entry, frame_write(&frame, &arena, &again) == LT_OK);
    Lienthong__V1__Frame *wire = lienthong__v1__frame__unpack(NULL, bytes.size, bytes.data);
    assert_same(entry, fields_match(entry, &wire->base));
    lienthong__v1__frame__free_unpacked(wire, NULL);
    return again;
}

static void check_frame(const json_t *entry)
{
    assert_same(entry, bytes_equal(frame_check(entry), bytes_of(entry, "bytes")));
}

static void check_accepted(const json_t *entry)
{
    (void)frame_check(entry);
}

static void check_header(const json_t *entry)
{
    struct header header;
    struct fault fault;
    struct lt_bytes bytes = bytes_of(entry, "bytes"), again;
    struct lt_digest expected = digest_in(entry, "sha256"), found = digest_of(digester, bytes);
    assert_same(entry, digest_equal(&expected, &found));
    assert_same(entry, header_read(bytes, &arena, &header, NULL) == LT_OK);
    assert_same(entry, header_write(&header, &arena, &again) == LT_OK);
    assert_same(entry, bytes_equal(bytes, again));
    Lienthong__V1__Header *wire = lienthong__v1__header__unpack(NULL, bytes.size, bytes.data);
    assert_same(entry, fields_match(entry, &wire->base));
    lienthong__v1__header__free_unpacked(wire, NULL);
    fault_init(&fault);
    int64_t now_ms = json_integer_value(json_object_get(vectors, "now_ms"));
    enum lt_status status = header_check(&header, now_ms, &fault);
    assert_string_equal(lt_code(status), text_in(entry, "code"));
    assert_string_equal(fault.field, text_in(entry, "field"));
}

static void check_parcel(const json_t *entry)
{
    struct header header;
    struct fault fault;
    struct parcel parcel = {bytes_of(entry, "header"), bytes_of(entry, "body"),
                            digest_in(entry, "digest")};
    struct lt_digest both = digest_of_two(digester, parcel.header, parcel.body);
    struct lt_digest expected = digest_in(entry, "header_and_body_sha256");
    assert_same(entry, digest_equal(&both, &expected));
    struct lt_digest body = digest_of(digester, parcel.body);
    expected = digest_in(entry, "body_sha256");
    assert_same(entry, digest_equal(&body, &expected));
    assert_same(entry, header_read(parcel.header, &arena, &header, NULL) == LT_OK);
    fault_init(&fault);
    enum lt_status status = parcel_check(digester, &parcel, &header, &fault);
    assert_string_equal(lt_code(status), text_in(entry, "code"));
    assert_string_equal(fault.field, text_in(entry, "field"));
}

static void check_content(const json_t *entry)
{
    struct header header;
    struct lt_digest expected = digest_in(entry, "digest");
    assert_same(entry, header_read(bytes_of(entry, "header"), &arena, &header, NULL) == LT_OK);
    struct lt_digest found = content_digest(digester, &header);
    assert_same(entry, digest_equal(&expected, &found));
}

static void check_request(const json_t *entry)
{
    struct lt_digest expected = digest_in(entry, "digest");
    struct lt_digest found = digest_of(digester, text_bytes(text_in(entry, "canonical")));
    assert_same(entry, digest_equal(&expected, &found));
}

static void check_refused(const json_t *entry)
{
    struct frame frame;
    struct header header;
    struct fault fault;
    struct lt_bytes bytes = bytes_of(entry, "bytes");
    fault_init(&fault);
    enum lt_status status = strcmp(text_in(entry, "root"), "frame") == 0
                                ? frame_read(bytes, &arena, &frame, &fault)
                                : header_read(bytes, &arena, &header, &fault);
    assert_string_equal(lt_code(status), text_in(entry, "code"));
    assert_string_equal(fault.field, text_in(entry, "field"));
}

/* ---- seals ---- */

static struct lt_digest *digests_in(const json_t *entry, const char *name, uint32_t *ret_count)
{
    const json_t *list = json_object_get(entry, name);
    *ret_count = (uint32_t)json_array_size(list);
    struct lt_digest *digests = arena_alloc(&arena, (*ret_count + 1) * sizeof(*digests));
    assert_non_null(digests);
    for (uint32_t i = 0; i < *ret_count; i++) {
        assert_true(hex_read(digests[i].bytes, sizeof(digests[i].bytes),
                             json_string_value(json_array_get(list, i))));
    }
    return digests;
}

static uint32_t number_in(const json_t *entry, const char *name)
{
    return (uint32_t)json_integer_value(json_object_get(entry, name));
}

/* The seal of an entry, and the key to close. */
static struct public_key *seal_in(const json_t *entry, struct seal *ret_seal)
{
    struct public_key *key = NULL;
    struct submit_seal wire = {number_in(entry, "algorithm"), bytes_of(entry, "key_id"),
                               bytes_of(entry, "signature"), number_in(entry, "batch")};
    assert_same(entry, public_key_open(bytes_of(entry, "spki"), &key, NULL) == LT_OK);
    assert_same(entry, seal_take(&wire, ret_seal, NULL) == LT_OK);
    return key;
}

static void check_leaf(const json_t *entry)
{
    struct parcel parcel = {bytes_of(entry, "header"), bytes_of(entry, "body"),
                            digest_in(entry, "digest")};
    struct lt_digest expected = digest_in(entry, "leaf");
    struct lt_digest found = seal_leaf(digester, &parcel);
    assert_same(entry, digest_equal(&expected, &found));
}

static void check_seal(const json_t *entry)
{
    struct seal seal;
    uint8_t message[SEAL_MESSAGE_BYTES];
    uint32_t count = 0;
    struct public_key *key = seal_in(entry, &seal);
    const struct lt_digest *leaves = digests_in(entry, "leaves", &count);
    struct lt_digest root = digest_in(entry, "root");
    struct lt_digest found = merkle_root(digester, leaves, count);
    assert_same(entry, digest_equal(&root, &found));
    seal_message(&seal, &root, message);
    assert_same(entry, bytes_equal(bytes_of(entry, "message"),
                                   (struct lt_bytes){message, sizeof(message)}));
    enum lt_status status = seal_check(&seal, key, checker, digester, leaves, count);
    assert_string_equal(lt_code(status), text_in(entry, "code"));
    public_key_close(&key);
}

static void check_proof(const json_t *entry)
{
    struct seal_proof proof;
    struct public_key *key = seal_in(entry, &proof.seal);
    const struct lt_digest *path = digests_in(entry, "path", &proof.path_count);
    struct lt_digest leaf = digest_in(entry, "leaf");
    assert_same(entry, proof.path_count <= SEAL_PATH_MAX);
    memcpy(proof.path, path, proof.path_count * sizeof(*path));
    proof.root = digest_in(entry, "root");
    proof.index = number_in(entry, "index");
    enum lt_status status = seal_proof_check(&proof, &leaf, key, checker, digester);
    assert_string_equal(lt_code(status), text_in(entry, "code"));
    public_key_close(&key);
}

static void seals(void **state)
{
    (void)state;
    each("leaves", check_leaf);
    each("seals", check_seal);
    each("proofs", check_proof);
}

static void frames(void **state)
{
    (void)state;
    each("frames", check_frame);
    each("accepted", check_accepted);
}

static void headers(void **state)
{
    (void)state;
    each("headers", check_header);
}

static void parcels(void **state)
{
    (void)state;
    each("parcels", check_parcel);
}

static void contents(void **state)
{
    (void)state;
    each("contents", check_content);
    each("requests", check_request);
}

static void refused(void **state)
{
    (void)state;
    each("refused", check_refused);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames),   cmocka_unit_test(headers), cmocka_unit_test(parcels),
        cmocka_unit_test(contents), cmocka_unit_test(refused), cmocka_unit_test(seals),
    };
    json_error_t error;
    if (argc != 2 || (vectors = json_load_file(argv[1], 0, &error)) == NULL) {
        fprintf(stderr, "usage: %s VECTORS.json (%s)\n", argv[0], argc == 2 ? error.text : "");
        return 2;
    }
    if (arena_init(&arena, 1024 * 1024, 8 * 1024 * 1024) != LT_OK ||
        digester_open(&digester) != LT_OK || sign_checker_open(&checker) != LT_OK) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sign_checker_close(&checker);
    digester_close(&digester);
    arena_deinit(&arena);
    json_decref(vectors);
    return failed;
}
