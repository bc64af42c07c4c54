/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lt-seals MILLISECONDS: what checking costs per parcel of 1 KiB, its digests alone and with a seal
 * over 1 and over 64 parcels, for each algorithm, in processor time; then how many sealed frames a
 * second the broker's verifier pool is through with, with one thread and with more, by the clock on
 * the wall. No broker: the same functions and the same pool. The last line is one JSON object.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/flow/sealing.h"
#include "broker/flow/verify.h"
#include "broker/limits.h"

#define HEADER_BYTES 300
#define BODY_BYTES   1024

struct work {
    struct submission submission;
    struct checked parcels[SEAL_BATCH_MAX];
    struct sealing sealing;
    struct lt_digest leaves[SEAL_NODES(SEAL_BATCH_MAX)];
    uint8_t bytes[HEADER_BYTES + BODY_BYTES];
};

static void must(bool truth, const char *what)
{
    if (!truth) {
        fprintf(stderr, "lt-seals: %s\n", what);
        exit(1);
    }
}

/* Of this thread's processor time: a machine with other work to do changes little about it. */
static int64_t spent_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A submission of `count` equal parcels, sealed when there is a signer. */
static void work_fill(struct work *work, const struct verify_tools *tools, uint32_t count,
                      const struct signer *signer)
{
    memset(work, 0, sizeof(*work));
    memset(work->bytes, 'x', sizeof(work->bytes));
    work->submission = (struct submission){.count = count, .parcels = work->parcels};
    for (uint32_t i = 0; i < count; i++) {
        struct checked *checked = &work->parcels[i];
        checked->parcel.header = (struct lt_bytes){work->bytes, HEADER_BYTES};
        checked->parcel.body = (struct lt_bytes){work->bytes + HEADER_BYTES, BODY_BYTES};
        checked->parcel.digest =
            digest_of_two(tools->digester, checked->parcel.header, checked->parcel.body);
        checked->header.body_size = BODY_BYTES;
        checked->header.body_sha256 = digest_of(tools->digester, checked->parcel.body);
        work->leaves[i] = seal_leaf(tools->digester, &checked->parcel);
    }
    if (signer != NULL) {
        struct sealing *sealing = &work->sealing;
        must(seal_make(signer, tools->digester, work->leaves, count, &sealing->seal) == LT_OK,
             "no seal");
        sealing->key =
            public_key_open(public_key_spki(signer->public_key), &sealing->key, NULL) == LT_OK
                ? sealing->key
                : NULL;
        must(sealing->key != NULL, "no key");
        sealing->leaves = work->leaves;
        sealing->count = count;
        work->submission.sealing = sealing;
    }
}

/* Checks the work again and again for so long; how often. */
static uint64_t check_for(struct work *work, const struct verify_tools *tools, int64_t us,
                          int64_t *ret_us)
{
    uint64_t times = 0;
    int64_t from_us = spent_us();
    int64_t till_us = from_us;
    while (till_us - from_us < us) {
        verify_submission(tools, &work->submission);
        must(work->parcels[0].code == LT_OK && work->sealing.code == LT_OK, "refused");
        times++;
        till_us = spent_us();
    }
    *ret_us = till_us - from_us;
    return times;
}

static double us_per_parcel(const struct verify_tools *tools, uint32_t count,
                            const struct signer *signer, int64_t us)
{
    static struct work work;
    int64_t took_us = 0;
    work_fill(&work, tools, count, signer);
    uint64_t times = check_for(&work, tools, us, &took_us);
    public_key_close(&work.sealing.key);
    return (double)took_us / (double)times / count;
}

/* ---- the pool ---- */

#define IN_FLIGHT 48 /* below VERIFY_QUEUE_MAX: the core would check by itself what has no room */

static int64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static uint64_t take_and_put(struct verifier *verifier)
{
    uint64_t taken = 0;
    struct submission *submission;
    while ((submission = verifier->take(verifier->self)) != NULL) {
        must(submission->parcels[0].code == LT_OK && submission->sealing->code == LT_OK, "refused");
        taken++;
        must(verifier->put(verifier->self, submission), "no room");
    }
    return taken;
}

/* Until the last of them is through: what they point at goes. */
static void take_rest(struct verifier *verifier)
{
    for (uint32_t taken = 0; taken < IN_FLIGHT;) {
        struct pollfd one = {.fd = verifier->fd(verifier->self), .events = POLLIN};
        (void)poll(&one, 1, 100);
        while (verifier->take(verifier->self) != NULL) {
            taken++;
        }
    }
}

static double frames_per_s(const struct verify_tools *tools, const struct signer *signer,
                           uint32_t count, uint32_t threads, int64_t us)
{
    struct work *works = calloc(IN_FLIGHT, sizeof(*works));
    struct verifier verifier;
    struct fault fault;
    uint64_t done = 0;
    fault_init(&fault);
    must(works != NULL && verify_pool_open(&verifier, threads, &fault) == LT_OK, "no pool");
    for (uint32_t i = 0; i < IN_FLIGHT; i++) {
        work_fill(&works[i], tools, count, signer);
        must(verifier.put(verifier.self, &works[i].submission), "no room");
    }
    int64_t from_us = wall_us();
    int64_t till_us = from_us;
    while (till_us - from_us < us) {
        struct pollfd one = {.fd = verifier.fd(verifier.self), .events = POLLIN};
        (void)poll(&one, 1, 10);
        done += take_and_put(&verifier);
        till_us = wall_us();
    }
    take_rest(&verifier);
    verifier.close(verifier.self);
    for (uint32_t i = 0; i < IN_FLIGHT; i++) {
        public_key_close(&works[i].sealing.key);
    }
    free(works);
    return (double)done * 1e6 / (double)(till_us - from_us);
}

/* With one thread and with two; what two are worth. */
static double scale(const struct verify_tools *tools, const struct signer *signer, uint32_t count,
                    int64_t us)
{
    double one = frames_per_s(tools, signer, count, 1, us);
    double two = frames_per_s(tools, signer, count, 2, us);
    printf("%u parcels per seal, frames/s of the pool:  1 thread %.0f  2 threads %.0f\n", count,
           one, two);
    return two / one;
}

int main(int argc, char **argv)
{
    static const struct {
        enum sign_algorithm algorithm;
        unsigned bits;
    } kinds[] = {{SIGN_ECDSA_P256, 0}, {SIGN_ED25519, 0}, {SIGN_RSA, 2048}, {SIGN_RSA, 3072}};
    int64_t us = argc == 2 ? strtoll(argv[1], NULL, 10) * 1000 : 0;
    struct verify_tools tools;
    must(us > 0, "usage: lt-seals MILLISECONDS");
    must(verify_tools_open(&tools) == LT_OK, "no tools");
    double plain = us_per_parcel(&tools, SEAL_BATCH_MAX, NULL, us);
    double worth[2] = {0, 0};
    double each[2] = {0, 0};
    printf("us per parcel of %d bytes, checked without a seal: %.2f\n", HEADER_BYTES + BODY_BYTES,
           plain);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct signer signer;
        must(signer_generate(kinds[i].algorithm, kinds[i].bits, &signer, NULL) == LT_OK, "no key");
        double alone = us_per_parcel(&tools, 1, &signer, us);
        double batch = us_per_parcel(&tools, 64, &signer, us);
        printf("%-10s %4u   1 per seal %.2f   64 per seal %.2f\n",
               sign_algorithm_name(kinds[i].algorithm), kinds[i].bits, alone, batch);
        if (i == 0) {
            each[0] = alone;
            each[1] = batch;
            worth[0] = scale(&tools, &signer, 1, us);
            worth[1] = scale(&tools, &signer, 64, us);
        }
        signer_close(&signer);
    }
    verify_tools_close(&tools);
    printf("{\"plain_us\":%.3f,\"p256_1_us\":%.3f,\"p256_64_us\":%.3f,"
           "\"two_threads_1\":%.3f,\"two_threads_64\":%.3f}\n",
           plain, each[0], each[1], worth[0], worth[1]);
    return 0;
}
