/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_REGISTRY_REGISTRY_H
#define BROKER_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Who may talk to whom: an immutable snapshot with a version, replaced whole when a registry fact
 * is folded. Knows neither journal nor state: entries come in as bytes (agency.h writes and reads
 * them), the caller keeps them in STATE_REGISTRY.
 *
 * An agency has a number, given once at its first appearance and never reused: facts and indexes
 * name agencies by it. Ids follow QĐ 20/2020/QĐ-TTg (current order, level 1 leftmost).
 */
/* Two valid during a rotation, the rest revoked ones still remembered. */
#define AGENCY_KEYS_MAX 4

struct rights;

enum agency_kind {
    AGENCY_COMMUNE = 1,
    AGENCY_DEPARTMENT = 2,
    AGENCY_MINISTRY = 3,
    AGENCY_OTHER = 4
};

struct agency_key {
    struct lt_key key;
    int64_t from_ms;
    int64_t to_ms; /* 0: open end */
    bool revoked;
};

struct agency {
    uint32_t number;
    char id[LT_AGENCY_ID_MAX + 1];
    char name[128]; /* Vietnamese */
    enum agency_kind kind;
    char locality[LT_LOCALITY_MAX + 1];
    char successor[LT_AGENCY_ID_MAX + 1]; /* of a dissolved agency, or empty */
    int64_t successor_from_ms;            /* takes its place from then on; 0: at once */
    char contact[128];
    bool suspended;
    bool paused;   /* nothing is delivered to it: its legs wait */
    bool draining; /* nothing new is accepted from it: what is under way goes on */
    struct agency_key keys[AGENCY_KEYS_MAX];
    uint32_t keys_count;
    uint32_t rate_per_s;       /* 0: the default */
    uint64_t blob_quota_bytes; /* 0: the default */
    uint32_t kinds_denied;     /* bit n: may not send kind n */
    /* Of an entry of its own (rights.h), NULL: no limit. Looked up, never written by agency.h. */
    struct rights *rights;
};

/*
 * A route by competence: procedure (normalised, "" = any) and locality of the matter ("" = any;
 * a prefix matches: "31" province, "11824" commune) for one kind of transfer (0 = any) lead to one
 * agency. The most exact match wins: procedure before locality before kind; all equally exact
 * routes together make the legs (1..16).
 */
struct route {
    char procedure[LT_PROCEDURE_MAX + 1];
    char locality[LT_LOCALITY_MAX + 1];
    uint8_t kind;
    char to[LT_AGENCY_ID_MAX + 1];
};

struct registry;

enum lt_status registry_open(struct registry **ret_registry);
void registry_close(struct registry **registry_p);
uint64_t registry_version(const struct registry *registry);

/* Fold one entry (the bytes of agency.h): last one wins. LT_DAMAGED, LT_NO_MEMORY (AGENCIES_MAX).
 */
LT_CHECK enum lt_status registry_fold_agency(struct registry *registry, struct lt_bytes entry);
LT_CHECK enum lt_status registry_fold_route(struct registry *registry, struct lt_bytes entry,
                                            bool gone);
/* The rights of an agency that is there already: else LT_DAMAGED. */
LT_CHECK enum lt_status registry_fold_rights(struct registry *registry, struct lt_bytes entry);

/*
 * Before an entry becomes a fact: agency_check and route_check, and what is wrong between entries:
 * a key of another agency (LT_EXISTS), a number of another id, an unknown successor or receiver
 * (LT_AGENCY_UNKNOWN), successors in a circle or over 8 steps, more than LT_LEGS_MAX equally exact
 * routes (LT_LEGS_TOO_MANY), AGENCIES_MAX and ROUTES_MAX (LT_NO_MEMORY), a route to remove that is
 * not there (LT_NOT_FOUND). Folding itself does not ask again.
 */
LT_CHECK enum lt_status registry_check(const struct registry *registry, const struct agency *agency,
                                       struct fault *fault);
LT_CHECK enum lt_status registry_check_route(const struct registry *registry,
                                             const struct route *route, bool gone,
                                             struct fault *fault);

/* The signing keys of the agencies (seal_key.h); folded and asked by themselves. */
struct seal_keys;
struct seal_keys *registry_seal_keys(const struct registry *registry);

/* Views valid until the next fold. registry_at goes by number. */
const struct agency *registry_by_id(const struct registry *registry, struct lt_bytes id);
const struct agency *registry_by_number(const struct registry *registry, uint32_t number);
const struct agency *registry_by_key(const struct registry *registry, const struct lt_key *key);
const struct agency *registry_at(const struct registry *registry, uint32_t index); /* or NULL */
const struct route *registry_route_at(const struct registry *registry,
                                      uint32_t index); /* or NULL */
uint32_t registry_count(const struct registry *registry);
uint32_t registry_next_number(const struct registry *registry);

/* Follows the successors of that moment (at most 8 steps), the agency itself without one; NULL when
 * the chain is broken or `agency` is NULL. */
const struct agency *registry_successor(const struct registry *registry,
                                        const struct agency *agency, int64_t now_ms);

/* Outside its dates a key is unknown, not revoked: its owner's library keeps trying. */
enum key_state { KEY_UNKNOWN, KEY_VALID, KEY_REVOKED };
enum key_state registry_key_state(const struct registry *registry, const struct lt_key *key,
                                  int64_t now_ms);

/*
 * Legs by competence, pure: fills agency numbers, returns their count. 0: nobody;
 * *ret_procedure_known says whether any route names the procedure (true when it is empty).
 * Successors are followed, an agency is counted once, a route to nobody not at all. `named` is whom
 * the route names, before any successor.
 */
struct assigned {
    uint32_t number;
    uint32_t named;
};
uint32_t registry_assign(const struct registry *registry, struct lt_bytes procedure,
                         struct lt_bytes locality, enum lt_kind kind, int64_t now_ms,
                         struct assigned legs[LT_LEGS_MAX], bool *ret_procedure_known);

#endif
