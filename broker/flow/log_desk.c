/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Operators' questions to the log. Four places: a question that is asked again finds its place, and
 * one that nobody fetches is overwritten by the next. An answer that was lost on its way (the
 * signer's queue was full) is asked for once more after a while. Nothing of this is a fact.
 */
#include "log_desk.h"

#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "proto/base/text.h"

#define ASK_AGAIN_MS 3000

static void place_free(struct log_question *place)
{
    free(place->news);
    *place = (struct log_question){.number = 0};
}

static struct log_question *place_of(struct log_desk *desk, const char *origin, uint64_t size)
{
    for (int i = 0; i < LOG_QUESTIONS_MAX; i++) {
        struct log_question *place = &desk->questions[i];
        if (place->number != 0 && place->size == size && strcmp(place->origin, origin) == 0) {
            return place;
        }
    }
    return NULL;
}

/* A free one, else the one that was asked first. */
static struct log_question *place_take(struct log_desk *desk)
{
    struct log_question *found = &desk->questions[0];
    for (int i = 0; i < LOG_QUESTIONS_MAX && found->number != 0; i++) {
        struct log_question *place = &desk->questions[i];
        found = place->number < found->number ? place : found;
    }
    place_free(found);
    return found;
}

enum lt_status log_desk_ask(struct flow *flow, const char *origin, uint64_t size,
                            struct log_news **ret_news)
{
    struct log_desk *desk = &flow->log_desk;
    struct log_wish wish = {.agency = LOG_DESK_AGENCY, .size = size};
    if (flow->log.take == NULL) {
        return LT_NOT_HERE;
    }
    struct log_question *place = place_of(desk, origin, size);
    if (place != NULL && place->news != NULL) {
        *ret_news = place->news;
        place->news = NULL;
        place_free(place);
        return LT_OK;
    }
    if (place != NULL && flow->mono_ms - place->asked_ms < ASK_AGAIN_MS) {
        return LT_BUSY;
    }
    if (place == NULL) {
        place = place_take(desk);
        place->size = size;
        text_copy(place->origin, sizeof(place->origin), text_bytes(origin));
    }
    place->number = ++desk->numbers;
    place->asked_ms = flow->mono_ms;
    wish.number = place->number;
    text_copy(wish.origin, sizeof(wish.origin), text_bytes(origin));
    if (!flow->log.ask(flow->log.self, &wish)) {
        place_free(place);
    }
    return LT_BUSY;
}

void log_desk_take(struct flow *flow, struct log_news *news)
{
    for (int i = 0; i < LOG_QUESTIONS_MAX; i++) {
        struct log_question *place = &flow->log_desk.questions[i];
        if (news->kind == NEWS_PROOF && place->number == news->proof.number &&
            place->news == NULL) {
            place->news = news;
            return;
        }
    }
    free(news);
}

void log_desk_clear(struct flow *flow)
{
    for (int i = 0; i < LOG_QUESTIONS_MAX; i++) {
        place_free(&flow->log_desk.questions[i]);
    }
}
