/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef LIENTHONG_RESTORE_H
#define LIENTHONG_RESTORE_H

#include <lienthong/client.h>

/*
 * What the axis has of an agency's own: the list of it, and its bytes. The list is also the
 * sender's status query. A restore after a lost database is made of these (lt-adapter restore):
 * open the client with `restoring`, so that nothing is granted and nothing submitted; give back
 * what nobody has taken yet; list what was delivered; ask the local system for each
 * (lt_client_ask_local); fetch what is missing, oldest first.
 *
 * Any thread; one call at a time per client, others wait for their turn.
 */
struct lt_list_row {
    struct lt_id id;
    uint32_t leg;
    uint64_t position;       /* in the journal of the axis: the order of acceptance */
    struct lt_digest digest; /* of the parcel */
    char state[24];          /* of the leg: taken, refused, parked, ... */
    enum lt_status code;
    char agency[LT_AGENCY_ID_MAX + 1]; /* the other side: the sender, or who holds the leg */
    char case_code[LT_CASE_CODE_MAX + 1];
    enum lt_kind kind;
    int64_t accepted_ms;
    int64_t since_ms; /* in this state */
    uint8_t sender_key[LT_SENDER_KEY_MAX];
    uint32_t sender_key_size;
};

/*
 * One page in the order of acceptance: `after` 0 begins with what was accepted at or after
 * since_ms, later pages begin behind `after` = *ret_next of the page before; *ret_next 0: the end.
 * A page may be empty and not the last. `count` at least LT_LEGS_MAX, at most LT_LIST_ROWS_MAX.
 * LT_TIMEOUT when the axis did not answer within wait_ms.
 */
LT_EXPORT LT_CHECK enum lt_status lt_client_list(struct lt_client *client, enum lt_list what,
                                                 int64_t since_ms, uint64_t after, int wait_ms,
                                                 struct lt_list_row *out, uint32_t count,
                                                 uint32_t *ret_count, uint64_t *ret_next);

/*
 * Has the bytes of up to LT_BYTES_PER_FRAME rows given back and puts them into the inbox, marked
 * restored, in the order of the rows; `sent`: they are transfers of our own. statuses[i] says what
 * became of row i: LT_OK durable here, LT_NOT_HERE not to be had, LT_DIGEST_WRONG, LT_TIMEOUT.
 */
LT_EXPORT LT_CHECK enum lt_status lt_client_fetch(struct lt_client *client,
                                                  const struct lt_list_row *rows, uint32_t count,
                                                  bool sent, int wait_ms, enum lt_status *statuses);

/* Everything that waits here for the local system goes back to the axis, which sends it again in
 * its order when traffic is open; restored ones stay. */
LT_EXPORT LT_CHECK enum lt_status lt_client_give_back(struct lt_client *client,
                                                      uint32_t *ret_count);

/* Does a delivery of that leg wait here, not yet answered by the local system? */
LT_EXPORT bool lt_client_waits(struct lt_client *client, const struct lt_id *id, uint32_t leg,
                               const struct lt_digest *digest);

/*
 * What this client remembers of deliveries accepted at or after since_ms, for a comparison with the
 * axis only (a position the axis does not list means that the axis was rolled back). `after` is the
 * last number; returns how many were filled.
 */
struct lt_remembered {
    uint64_t number;
    struct lt_id id;
    uint32_t leg;
    uint64_t position;
    struct lt_digest digest;
};
LT_EXPORT uint32_t lt_client_remembered(struct lt_client *client, int64_t since_ms, uint64_t after,
                                        struct lt_remembered *out, uint32_t count);

#endif
