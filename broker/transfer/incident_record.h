/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_TRANSFER_INCIDENT_RECORD_H
#define BROKER_TRANSFER_INCIDENT_RECORD_H

#include "record.h"

/*
 * STATE_INCIDENTS: incidents and what is counted of parked legs, so that "how many, by which cause"
 * never needs a walk. Keys by their first letter:
 *
 *   N number                -> struct incident, kept for good
 *   A agency code           -> number, while it is open
 *   L                       -> the last number given
 *   C agency code           -> parked legs of that agency and cause; agency COUNT_ALL: of all
 *   R agency code words     -> the same with the words beside the cause
 */
#define INCIDENT_PERSON_MAX  63
#define INCIDENT_COMMENT_MAX 500
#define COUNT_ALL            UINT32_MAX

struct incident {
    uint64_t number;
    uint32_t agency;
    uint16_t code;
    uint32_t count;  /* failures: those that opened it and every failed probe */
    uint32_t probes; /* sent in vain */
    int64_t opened_ms;
    int64_t last_ms;   /* the last change */
    int64_t closed_ms; /* 0: open */
    int64_t due_ms;    /* of the next probe */
    char person[INCIDENT_PERSON_MAX + 1];
    char comment[INCIDENT_COMMENT_MAX + 1];
};

struct lt_bytes incident_key(uint8_t out[RECORD_KEY_MAX], uint64_t number);
struct lt_bytes incident_write(uint8_t out[RECORD_VALUE_MAX], const struct incident *incident);
bool incident_read(struct lt_bytes bytes, struct incident *ret_incident);

struct lt_bytes incident_open_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency, uint16_t code);
bool incident_open_key_read(struct lt_bytes bytes, uint32_t *ret_agency, uint16_t *ret_code);
struct lt_bytes incident_last_key(uint8_t out[RECORD_KEY_MAX]);

/* `words` empty: the count of the cause alone. */
struct lt_bytes parked_count_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency, uint16_t code,
                                 struct lt_bytes words);
struct parked_count {
    uint32_t agency;
    uint16_t code;
    char words[PARKED_WORDS_MAX + 1];
};
bool parked_count_key_read(struct lt_bytes bytes, struct parked_count *ret_count);

/* One number, as A, L, C and R hold it. */
struct lt_bytes incident_number_write(uint8_t out[RECORD_VALUE_MAX], uint64_t number);
bool incident_number_read(struct lt_bytes bytes, uint64_t *ret_number);

/* What a reason is counted by: its first bytes with every run of digits as one '#', so that words
 * that differ in a number alone are the same. */
void parked_words(char out[PARKED_WORDS_MAX + 1], struct lt_bytes reason);

#endif
