/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_HARNESS_TSA_H
#define TESTS_HARNESS_TSA_H

#include <stddef.h>

/*
 * A time-stamping authority on loopback, made with the openssl program in a folder of its own: a
 * root, an authority under it, and an HTTP port that answers as it is told. Aborts when it cannot
 * be made.
 */
enum tsa_mood {
    TSA_GOOD,
    TSA_SILENT,   /* takes the question and never answers */
    TSA_LOGIN,    /* 200 and a page */
    TSA_BROKEN,   /* 500 */
    TSA_AGAIN,    /* the answer to the question before */
    TSA_TRAILING, /* a byte behind the answer */
    TSA_LONG,     /* more than anybody takes */
    TSA_FOREIGN,  /* an authority under another root */
};

struct tsa;

struct tsa *tsa_open(void);
void tsa_close(struct tsa *tsa);

void tsa_mood(struct tsa *tsa, enum tsa_mood mood);
const char *tsa_url(const struct tsa *tsa);
const char *tsa_root(const struct tsa *tsa); /* PEM file */
unsigned tsa_asked(const struct tsa *tsa);   /* questions that came in */

#endif
