/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lt-seals MILLISECONDS: what checking costs per parcel of 1 KiB, its digests alone and with a seal
 * over 1 and over 64 parcels, for each algorithm; then how many sealed frames a second one thread
 * and more of them check, each with a core of its own. No broker: the same functions its verifier
 * calls, in a loop.
 */
#include <pthread.h>
#include <stdatomic.h>
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
    struct lt_digest leaves[SEAL_BATCH_MAX];
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

/* ---- threads ---- */

struct crew {
    const struct signer *signer;
    uint32_t count;
    int64_t us;
    atomic_ullong frames_per_s;
};

static void *run(void *argument)
{
    struct crew *crew = argument;
    struct work *work = malloc(sizeof(*work));
    struct verify_tools tools;
    int64_t took_us = 0;
    must(work != NULL && verify_tools_open(&tools) == LT_OK, "no memory");
    work_fill(work, &tools, crew->count, crew->signer);
    uint64_t times = check_for(work, &tools, crew->us, &took_us);
    atomic_fetch_add(&crew->frames_per_s, times * 1000000 / (uint64_t)took_us);
    public_key_close(&work->sealing.key);
    verify_tools_close(&tools);
    free(work);
    return NULL;
}

static void scale(const struct signer *signer, uint32_t count, int64_t us)
{
    printf("%u parcels per seal, frames/s:", count);
    for (uint32_t threads = 1; threads <= VERIFY_THREADS_MAX; threads *= 2) {
        pthread_t crowd[VERIFY_THREADS_MAX];
        struct crew crew = {.signer = signer, .count = count, .us = us};
        for (uint32_t i = 0; i < threads; i++) {
            must(pthread_create(&crowd[i], NULL, run, &crew) == 0, "no thread");
        }
        for (uint32_t i = 0; i < threads; i++) {
            pthread_join(crowd[i], NULL);
        }
        printf("  %u threads %llu", threads, (unsigned long long)crew.frames_per_s);
    }
    printf("\n");
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
    printf("us per parcel of %d bytes, checked without a seal: %.2f\n", HEADER_BYTES + BODY_BYTES,
           us_per_parcel(&tools, SEAL_BATCH_MAX, NULL, us));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct signer signer;
        must(signer_generate(kinds[i].algorithm, kinds[i].bits, &signer, NULL) == LT_OK, "no key");
        printf("%-10s %4u   1 per seal %.2f   64 per seal %.2f\n",
               sign_algorithm_name(kinds[i].algorithm), kinds[i].bits,
               us_per_parcel(&tools, 1, &signer, us), us_per_parcel(&tools, 64, &signer, us));
        if (i == 0) {
            scale(&signer, 1, us);
            scale(&signer, 64, us);
        }
        signer_close(&signer);
    }
    verify_tools_close(&tools);
    return 0;
}
