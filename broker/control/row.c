/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Fields that many rows share, so that the same thing has the same name and meaning in every verb.
 *
 * The record of a leg keeps the code of what happened last, not the words: those are in the notice
 * that told the sender, and notices of one sender stand in the order of time. So the words are
 * found by halving, at the instant the leg came into its state; a page of two hundred rows costs
 * some thousand lookups, which are counted like everything a page looks at. Many legs may have
 * changed in one instant: after REASONS_LOOK_MAX of them the words are left out.
 */
#include <string.h>

#include "ask.h"
#include "mask.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define REASONS_LOOK_MAX JOURNAL_BATCH_FACTS_MAX

void row_agency(struct ask *ask, const char *field, const char *name_field, uint32_t number)
{
    const struct agency *agency = registry_by_number(ask->flow->registry, number);
    page_text(&ask->page, field, agency == NULL ? "" : agency->id);
    if (name_field != NULL) {
        page_text(&ask->page, name_field, agency == NULL ? "" : agency->name);
    }
}

void row_kind(struct ask *ask, enum lt_kind kind)
{
    const char *name = kind_name(kind);
    if (name != NULL) {
        page_text(&ask->page, "kind", name);
    } else {
        page_number(&ask->page, "kind", (uint64_t)kind); /* of a newer release */
    }
}

void row_receiver(struct ask *ask, const struct leg *leg)
{
    row_agency(ask, "to", "to_name", leg->agency);
}

/* Sent once and not settled since: something may have happened at the receiver. */
void row_unknown(struct ask *ask, const struct leg *leg)
{
    bool settled = leg->state == LEG_TAKEN || leg->state == LEG_REFUSED;
    page_flag(&ask->page, "unknown", (leg->flags & LEG_FLAG_SENT_ONCE) != 0 && !settled);
}

void row_leg_state(struct ask *ask, const struct transfer_key *key, uint8_t index,
                   const struct leg *leg)
{
    struct page_draft *page = &ask->page;
    page_text(page, "state", leg_state_name(leg->state));
    page_time(page, "since_ms", leg->since_ms);
    page_number(page, "attempts", leg->attempts);
    if (leg->state == LEG_READY || leg->state == LEG_BACKOFF) {
        page_time(page, "due_ms", leg->due_ms);
    }
    page_code(page, "code", leg->code);
    row_reason(ask, key, index, leg);
    row_unknown(ask, leg);
}

/* ---- who must act ---------------------------------------------------------------------------- */

enum lt_who row_who_of(uint16_t code)
{
    switch (lt_error((enum lt_status)code)->who) {
    case LT_WHO_SENDER:
        return LT_WHO_SENDER;
    case LT_WHO_RECEIVER:
    case LT_WHO_VENDOR:
        return LT_WHO_RECEIVER;
    case LT_WHO_NOBODY:
    case LT_WHO_OPERATOR:
        break;
    }
    return LT_WHO_OPERATOR;
}

const char *row_who_name(enum lt_who who)
{
    return who == LT_WHO_SENDER ? "sender" : who == LT_WHO_RECEIVER ? "receiver" : "operator";
}

void row_who(struct ask *ask, enum lt_who who)
{
    page_text(&ask->page, "who", row_who_name(who));
}

void row_contact(struct ask *ask, enum lt_who who, uint32_t from, uint32_t to)
{
    uint32_t number = who == LT_WHO_SENDER ? from : who == LT_WHO_RECEIVER ? to : 0;
    const struct agency *agency = registry_by_number(ask->flow->registry, number);
    if (agency != NULL && agency->contact[0] != '\0') {
        page_text(&ask->page, "contact", agency->contact);
    }
}

/* ---- words beside a code ----------------------------------------------------------------------
 */

static enum lt_status notice_at(struct ask *ask, uint32_t agency, uint64_t seq,
                                struct notice_record *ret_notice)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct lt_bytes value;
    ask->looked++;
    enum lt_status status =
        state_get(ask->flow->state, STATE_NOTICES, notice_key(key_bytes, agency, seq), &value);
    if (status != LT_OK) {
        return status;
    }
    return notice_read(value, ret_notice) ? LT_OK : LT_DAMAGED;
}

/* The first notice of that sender which is not older than the instant. */
static uint64_t notice_since(struct ask *ask, uint32_t agency, int64_t since_ms)
{
    struct notice_record notice;
    uint64_t low = 1;
    uint64_t high = desk_of(&ask->flow->desks, agency)->counts.notice_seq + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        bool older = notice_at(ask, agency, middle, &notice) != LT_OK || notice.time_ms < since_ms;
        if (older) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool notice_is_of(const struct notice_record *notice, const struct transfer_key *key,
                         uint8_t index, const struct leg *leg)
{
    return memcmp(&notice->transfer.id, &key->id, sizeof(key->id)) == 0 && notice->leg == index &&
           notice->state == leg->state;
}

/* Has the sender been told of this state, with words that matter? */
static bool has_words(const struct leg *leg)
{
    return leg->state == LEG_PARKED || (!leg_open(leg->state) && leg->state != LEG_TAKEN);
}

void row_reason(struct ask *ask, const struct transfer_key *key, uint8_t index,
                const struct leg *leg)
{
    struct notice_record notice;
    struct transfer t;
    bool words = has_words(leg);
    /* Words about a sensitive case may name people. */
    if (words && ask->operators->config->sensitive_count > 0 &&
        (transfer_load(ask->flow, key, &t) != LT_OK || mask_hides(ask, &t))) {
        words = false;
    }
    if (!words) {
        return;
    }
    uint64_t seq = notice_since(ask, key->from, leg->since_ms);
    for (uint32_t i = 0; i < REASONS_LOOK_MAX; i++, seq++) {
        if (notice_at(ask, key->from, seq, &notice) != LT_OK || notice.time_ms != leg->since_ms) {
            return;
        }
        if (notice_is_of(&notice, key, index, leg)) {
            page_bytes(&ask->page, "reason",
                       (struct lt_bytes){(const uint8_t *)notice.reason, notice.reason_size});
            return;
        }
    }
}
