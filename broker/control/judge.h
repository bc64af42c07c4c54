/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_JUDGE_H
#define BROKER_CONTROL_JUDGE_H

#include "ask.h"

/* Whether an act may be, and in whose name: what the acts on legs have in common. */
struct act_target {
    enum act_kind kind;
    struct transfer_key key;
    struct transfer transfer; /* as it was before */
    uint32_t legs;            /* bit n: leg n is acted on */
    uint32_t to;              /* of a reroute: the new receiver, else 0 */
    struct lt_bytes reason;
    bool dry_run;
    bool second;
    bool leg_given;
    uint8_t leg;
};

/* What becomes of an act whose outcome at the receiver may be unknown; its texts are good until
 * judge_done. */
struct judged {
    enum lt_status code; /* LT_OK; of a dry run also LT_HELD_ASKED, LT_SECOND_PERSON: not yet */
    struct lt_bytes person;
    struct lt_bytes second;
    struct lt_bytes reason;
    bool risk;
};

/* id, from, leg, reason, dry_run, second. LT_NOT_FOUND, LT_FIELD_*. */
LT_CHECK enum lt_status judge_args(struct ask *ask, enum act_kind kind, struct act_target *target);

/* LT_SCOPE when the agency (0: nobody) is none of this person's. */
LT_CHECK enum lt_status judge_scope(struct ask *ask, uint32_t agency);

/*
 * The rule of the unknown outcome over all legs of the act, whole: the receivers are asked, and
 * where no answer comes a second person must repeat the act. LT_OK; LT_HELD_ASKED,
 * LT_RECEIVER_HOLDS, LT_SECOND_PERSON, LT_NOT_PERMITTED, LT_NOT_FOUND (no wish to agree to); or a
 * stop class.
 */
LT_CHECK enum lt_status judge_unknown(struct ask *ask, const struct act_target *target,
                                      struct judged *ret_judged);

/* The same names without the rule, for acts that end nothing. */
void judge_plain(const struct ask *ask, const struct act_target *target, struct judged *ret_judged);

/* The act is a fact: nobody needs to agree to it any more. */
void judge_done(struct ask *ask, const struct act_target *target);

/* One row of an act: id leg to to_name case state next result code second risk. */
void judge_row(struct ask *ask, const struct act_target *target, uint8_t index,
               const struct leg *leg, enum leg_state next, const char *result, uint16_t code,
               const struct judged *judged);

/* "would-..." of a dry run: what stands in the way, if anything does. */
const char *judge_word(const struct act_target *target, const struct judged *judged,
                       const char *done, const char *would);

#endif
