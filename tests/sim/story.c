/* SPDX-License-Identifier: EUPL-1.2 */
/* One line per fact about a transfer of the case; positions name the acceptances. */
#include "story.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal/fact.h"
#include "broker/transfer/leg.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define OF_CASE_MAX 2048

struct kept {
    struct fact fact; /* kind 0: a note */
    const char *note;
};

struct story {
    struct kept *kept;
    uint32_t kept_count;
    uint32_t kept_room;
    char case_code[32];
    struct arena arena;
    uint64_t positions[OF_CASE_MAX];
    uint32_t count;
};

static bool about(const struct story *story, uint64_t position)
{
    for (uint32_t i = 0; i < story->count; i++) {
        if (story->positions[i] == position) {
            return true;
        }
    }
    return false;
}

static void line(const struct fact *fact, uint64_t position, unsigned leg, const char *what)
{
    fprintf(stderr, "  %6llu %13lld %-10s of %llu leg %u %s\n", (unsigned long long)fact->position,
            (long long)fact->time_ms, fact_kind_name(fact->kind), (unsigned long long)position, leg,
            what);
}

static void accepted(struct story *story, const struct fact *fact)
{
    struct fact_accepted a;
    struct header header;
    char what[160] = "";
    arena_reset(&story->arena);
    if (!fact_read_accepted(fact->payload, &a) ||
        header_read(a.header, &story->arena, &header, NULL) != LT_OK ||
        !bytes_equal(header.case_code, text_bytes(story->case_code)) ||
        story->count == OF_CASE_MAX) {
        return;
    }
    story->positions[story->count++] = fact->position;
    size_t used = (size_t)snprintf(what, sizeof(what), "%.*s%s to", (int)header.sender_key.size,
                                   (const char *)header.sender_key.data,
                                   header.kind == LT_KIND_STATUS ? " status" : "");
    for (uint32_t i = 0; i < a.legs_count && used < sizeof(what); i++) {
        used += (size_t)snprintf(what + used, sizeof(what) - used, " %u", a.legs[i].agency - 1);
    }
    line(fact, fact->position, 0, what);
}

static void sent(const struct story *story, const struct fact *fact)
{
    struct fact_sent f;
    if (!fact_read_sent(fact->payload, &f)) {
        return;
    }
    for (uint32_t i = 0; i < f.count; i++) {
        struct fact_sent_item item = fact_sent_at(&f, i);
        char what[32];
        snprintf(what, sizeof(what), "to %u attempt %u", f.agency - 1, item.attempt);
        if (about(story, item.position)) {
            line(fact, item.position, item.leg, what);
        }
    }
}

static void told(const struct story *story, const struct fact *fact)
{
    struct fact_settled settled;
    struct fact_returned returned;
    struct fact_act act;
    struct fact_rerouted rerouted;
    struct fact_timed timed;
    struct fact_held held;
    char what[160];
    if (fact->kind == FACT_SETTLED && fact_read_settled(fact->payload, &settled) &&
        about(story, settled.position)) {
        snprintf(what, sizeof(what), "attempt %u outcome %u code %u next %s", settled.attempt,
                 settled.outcome, settled.code, leg_state_name((enum leg_state)settled.next));
        line(fact, settled.position, settled.leg, what);
    } else if (fact->kind == FACT_RETURNED && fact_read_returned(fact->payload, &returned) &&
               about(story, returned.position)) {
        line(fact, returned.position, returned.leg, "");
    } else if (fact->kind == FACT_ACT && fact_read_act(fact->payload, &act) &&
               about(story, act.position)) {
        snprintf(what, sizeof(what), "%s next %s by %.*s risk %d", act_kind_name(act.act),
                 leg_state_name((enum leg_state)act.next), (int)act.person.size,
                 (const char *)act.person.data, act.risk ? 1 : 0);
        line(fact, act.position, act.leg, what);
    } else if (fact->kind == FACT_REROUTED && fact_read_rerouted(fact->payload, &rerouted) &&
               about(story, rerouted.position)) {
        snprintf(what, sizeof(what), "to %u risk %d", rerouted.to - 1, rerouted.risk ? 1 : 0);
        line(fact, rerouted.position, rerouted.leg, what);
    } else if (fact->kind == FACT_TIMED && fact_read_timed(fact->payload, &timed) &&
               about(story, timed.position)) {
        line(fact, timed.position, timed.leg, leg_state_name((enum leg_state)timed.next));
    } else if (fact->kind == FACT_HELD && fact_read_held(fact->payload, &held) &&
               about(story, held.position)) {
        snprintf(what, sizeof(what), "held %u outcome %u about attempt %u", held.held, held.outcome,
                 held.attempt);
        line(fact, held.position, held.leg, what);
    }
}

static void tell(struct story *story, const struct kept *kept)
{
    const struct fact *fact = &kept->fact;
    if (kept->note != NULL) {
        fprintf(stderr, "  ------ %s %llu\n", kept->note, (unsigned long long)fact->position);
    } else if (fact->kind == FACT_ACCEPTED) {
        accepted(story, fact);
    } else if (fact->kind == FACT_SENT) {
        sent(story, fact);
    } else if (fact->kind == FACT_RESTORED || fact->kind == FACT_CUT || fact->kind == FACT_EPOCH) {
        line(fact, 0, 0, "");
    } else {
        told(story, fact);
    }
}

struct story *story_open(void)
{
    struct story *story = calloc(1, sizeof(*story));
    assert(story != NULL);
    return story;
}

void story_close(struct story **story_p)
{
    struct story *story = *story_p;
    for (uint32_t i = 0; story != NULL && i < story->kept_count; i++) {
        free((void *)(uintptr_t)story->kept[i].fact.payload.data);
    }
    free(story != NULL ? story->kept : NULL);
    free(story);
    *story_p = NULL;
}

static struct kept *keep(struct story *story)
{
    if (story->kept_count == story->kept_room) {
        story->kept_room = story->kept_room == 0 ? 1024 : story->kept_room * 2;
        story->kept = realloc(story->kept, story->kept_room * sizeof(*story->kept));
        assert(story->kept != NULL);
    }
    struct kept *kept = &story->kept[story->kept_count++];
    memset(kept, 0, sizeof(*kept));
    return kept;
}

void story_add(struct story *story, const struct fact *fact)
{
    struct kept *kept = keep(story);
    uint8_t *payload = malloc(fact->payload.size + 1);
    assert(payload != NULL);
    memcpy(payload, fact->payload.data, fact->payload.size);
    kept->fact = *fact;
    kept->fact.payload.data = payload;
}

void story_note(struct story *story, const char *what, uint64_t position)
{
    struct kept *kept = keep(story);
    kept->note = what;
    kept->fact.position = position;
}

void story_tell(struct story *story, const struct wish *wish)
{
    snprintf(story->case_code, sizeof(story->case_code), "SIM-%u", wish->lane);
    story->count = 0;
    if (arena_init(&story->arena, 64 * 1024, LT_FRAME_BYTES_MAX) != LT_OK) {
        return;
    }
    fprintf(stderr, "  what the journal said of case %s:\n", story->case_code);
    for (uint32_t i = 0; i < story->kept_count; i++) {
        tell(story, &story->kept[i]);
    }
    arena_deinit(&story->arena);
}
