/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_FACT_SEEN_H
#define BROKER_JOURNAL_FACT_SEEN_H

#include "fact.h"

/* FACT_SEEN: a person looked at what is masked for everybody, and said what for. Durable before it
 * is shown. */
enum seen_what {
    SEEN_BODY = 1,  /* the body, and the fields of the header that name people */
    SEEN_CODES = 2, /* the codes of a case of a sensitive procedure */
};

struct fact_seen {
    uint64_t position; /* of the accepted fact */
    uint8_t what;      /* enum seen_what */
    struct lt_bytes person;
    struct lt_bytes purpose;
};

struct lt_bytes fact_write_seen(void *memory, size_t size, const struct fact_seen *f);
/* Without person or purpose it does not read. */
LT_CHECK bool fact_read_seen(struct lt_bytes payload, struct fact_seen *ret);

const char *seen_what_name(uint8_t what); /* "body", "codes"; "" when unknown */

#endif
