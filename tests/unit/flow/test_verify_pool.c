/* SPDX-License-Identifier: EUPL-1.2 */
/* The verifier pool: every submission comes back once, with what is wrong in it, threads or not. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/flow/sealing.h"
#include "broker/flow/verify.h"
#include "broker/limits.h"
#include "proto/base/text.h"

#define FRAMES  200 /* more than the queue holds */
#define PARCELS 5

struct work {
    struct submission submission;
    struct checked parcels[PARCELS];
    struct sealing sealing;
    struct lt_digest leaves[SEAL_NODES(PARCELS)];
    bool spoilt; /* its seal */
    bool back;
};

static struct signer signer;
static struct public_key *shared; /* one key for all: threads share it */

static const char header_text[] = "a header";
static const char body_text[] = "a body";

/* Parcels 0 and 3 are sound, 1 has a wrong digest, 2 a wrong body digest, 4 was refused before. */
static void work_fill(struct work *work, struct digester *digester)
{
    memset(work, 0, sizeof(*work));
    work->submission.parcels = work->parcels;
    work->submission.count = PARCELS;
    for (uint32_t i = 0; i < PARCELS; i++) {
        struct checked *checked = &work->parcels[i];
        fault_init(&checked->fault);
        checked->parcel.header = text_bytes(header_text);
        checked->parcel.body = text_bytes(body_text);
        checked->parcel.digest =
            digest_of_two(digester, checked->parcel.header, checked->parcel.body);
        checked->header.body_size = checked->parcel.body.size;
        checked->header.body_sha256 = digest_of(digester, checked->parcel.body);
    }
    work->parcels[1].parcel.digest.bytes[31] ^= 1;
    work->parcels[2].header.body_sha256.bytes[0] ^= 0x80;
    work->parcels[4].code = LT_FROM_FOREIGN;
    work->parcels[4].parcel.digest.bytes[0] ^= 1;
}

/* A seal over the parcels as they claim to be; every third one is spoilt. */
static void work_seal(struct work *work, struct digester *digester, uint32_t number)
{
    struct sealing *sealing = &work->sealing;
    for (uint32_t i = 0; i < PARCELS; i++) {
        work->leaves[i] = seal_leaf(digester, &work->parcels[i].parcel);
    }
    assert_int_equal(seal_make(&signer, digester, work->leaves, PARCELS, &sealing->seal), LT_OK);
    fault_init(&sealing->fault);
    sealing->leaves = work->leaves;
    sealing->count = PARCELS;
    sealing->key = public_key_keep(shared);
    work->spoilt = number % 3 == 0;
    sealing->seal.signature[10] ^= work->spoilt ? 1 : 0;
    work->submission.sealing = sealing;
}

static void work_judge(const struct work *work)
{
    assert_int_equal(work->sealing.code, work->spoilt ? LT_SEAL_BAD : LT_OK);
    assert_int_equal(work->parcels[0].code, LT_OK);
    assert_int_equal(work->parcels[1].code, LT_DIGEST_WRONG);
    assert_string_equal(work->parcels[1].fault.field, "digest");
    assert_int_equal(work->parcels[2].code, LT_DIGEST_WRONG);
    assert_string_equal(work->parcels[2].fault.field, "body_sha256");
    assert_int_equal(work->parcels[3].code, LT_OK);
    assert_int_equal(work->parcels[4].code, LT_FROM_FOREIGN);
}

static uint32_t take_all(struct verifier *verifier)
{
    uint32_t taken = 0;
    struct submission *submission;
    while ((submission = verifier->take(verifier->self)) != NULL) {
        struct work *work = LIST_ENTRY(submission, struct work, submission);
        assert_false(work->back);
        work->back = true;
        work_judge(work);
        taken++;
    }
    return taken;
}

static void run_pool(uint32_t threads)
{
    struct verifier verifier;
    struct fault fault;
    struct digester *digester;
    struct work *works = calloc(FRAMES, sizeof(*works));
    uint32_t taken = 0;
    assert_non_null(works);
    fault_init(&fault);
    assert_int_equal(digester_open(&digester), LT_OK);
    assert_int_equal(verify_pool_open(&verifier, threads, &fault), LT_OK);
    for (uint32_t i = 0; i < FRAMES; i++) {
        work_fill(&works[i], digester);
        work_seal(&works[i], digester, i);
        while (!verifier.put(verifier.self, &works[i].submission)) {
            taken += take_all(&verifier);
        }
    }
    while (taken < FRAMES) {
        struct pollfd wait = {.fd = verifier.fd(verifier.self), .events = POLLIN};
        assert_true((wait.fd >= 0) == (threads > 0));
        if (wait.fd >= 0) {
            assert_int_equal(poll(&wait, 1, 60000), 1);
        }
        taken += take_all(&verifier);
    }
    assert_int_equal(taken, FRAMES);
    assert_null(verifier.take(verifier.self));
    verifier.close(verifier.self);
    for (uint32_t i = 0; i < FRAMES; i++) {
        sealing_drop(&works[i].sealing);
    }
    digester_close(&digester);
    free(works);
}

static void without_threads(void **state)
{
    (void)state;
    run_pool(0);
}

static void with_threads(void **state)
{
    (void)state;
    run_pool(1);
    run_pool(VERIFY_THREADS_MAX);
}

static void closed_with_work_left(void **state)
{
    struct verifier verifier;
    struct fault fault;
    struct digester *digester;
    static struct work works[VERIFY_QUEUE_MAX];
    (void)state;
    fault_init(&fault);
    assert_int_equal(digester_open(&digester), LT_OK);
    assert_int_equal(verify_pool_open(&verifier, 2, &fault), LT_OK);
    for (uint32_t i = 0; i < VERIFY_QUEUE_MAX; i++) {
        work_fill(&works[i], digester);
        assert_true(verifier.put(verifier.self, &works[i].submission));
    }
    verifier.close(verifier.self); /* afterwards nobody touches them */
    memset(works, 0, sizeof(works));
    digester_close(&digester);
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(signer_generate(SIGN_ECDSA_P256, 0, &signer, NULL), LT_OK);
    return public_key_open(public_key_spki(signer.public_key), &shared, NULL) == LT_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    public_key_close(&shared);
    signer_close(&signer);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_threads),
        cmocka_unit_test(with_threads),
        cmocka_unit_test(closed_with_work_left),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
