/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_FACT_ENROL_H
#define BROKER_JOURNAL_FACT_ENROL_H

#include "fact.h"

/*
 * What a registrar decided about a request to be let in. An approval stands behind the registry
 * facts it led to, in the same batch; the request itself is known by its digest, which gives the
 * code that was read over the telephone.
 */
struct fact_enrol {
    bool approved;
    struct lt_digest request; /* SHA-256 of the request in DER */
    struct lt_digest key_id;  /* of the signing key it named */
    struct lt_bytes agency;   /* the id it named */
    struct lt_bytes from;     /* the address it came from, or "file" */
    struct lt_bytes person;
    struct lt_bytes reason;
};

struct lt_bytes fact_write_enrol(void *memory, size_t size, const struct fact_enrol *f);
LT_CHECK bool fact_read_enrol(struct lt_bytes payload, struct fact_enrol *ret);

#endif
