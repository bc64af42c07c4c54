/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Receipts and proofs to the agencies: what the signer made is put on the agency's desk and leaves
 * over one of its sessions, two frames a turn so that verdicts and deliveries are never behind a
 * row of receipts. Nobody waits for them: an agency without a session, or with more than
 * NEWS_DESK_MAX waiting, asks for what it lacks (LogAsk).
 *
 * What an agency asks goes to the signer with the number of its session, and the answer comes back
 * by the same way. The door is bounded; beyond it the answer is busy. The checkpoint that a Hello
 * tells is such a question, with number 0.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/checkpoint.h"
#include "steps.h"

#define NEWS_TAKE_MAX  64   /* from the signer in one turn */
#define NEWS_EACH_TURN 2    /* to one agency */
#define NEWS_DESK_MAX  1024 /* waiting for one agency */
#define NEWS_ALL_MAX   16384

static struct session *session_for(struct flow *flow, const struct desk *desk, uint64_t number)
{
    if (number == 0 && desk->teller != NULL && desk->teller->doomed == 0) {
        return desk->teller;
    }
    if (number == 0 && desk->receiving != NULL && desk->receiving->doomed == 0) {
        return desk->receiving;
    }
    for (struct list_node *n = list_first(&flow->sessions.all); n != NULL && desk->sessions > 0;
         n = list_next(&flow->sessions.all, n)) {
        struct session *session = LIST_ENTRY(n, struct session, all);
        if (session->agency == desk->agency && session->doomed == 0 &&
            (number == 0 || session->number == number)) {
            return session;
        }
    }
    return NULL;
}

static struct log_news *first_news(const struct desk *desk)
{
    struct list_node *node = list_first(&desk->news);
    return node == NULL ? NULL : LIST_ENTRY(node, struct log_news, node);
}

static void drop_first(struct flow *flow, struct desk *desk)
{
    struct list_node *node = list_pop(&desk->news);
    flow->desks.news_count--;
    free(LIST_ENTRY(node, struct log_news, node));
    if (desk->news.count == 0) {
        list_remove(&flow->desks.news, &desk->has_news);
    }
}

static void put(struct flow *flow, struct log_news *news)
{
    if (news->agency == LOG_DESK_AGENCY) {
        log_desk_take(flow, news);
        return;
    }
    struct desk *desk = desk_of(&flow->desks, news->agency);
    if (desk->sessions == 0 || desk->news.count >= NEWS_DESK_MAX ||
        flow->desks.news_count >= NEWS_ALL_MAX) {
        flow->counters.receipts_unsent++;
        free(news);
        return;
    }
    if (desk->news.count == 0) {
        list_push(&flow->desks.news, &desk->has_news);
    }
    list_node_init(&news->node);
    list_push(&desk->news, &news->node);
    flow->desks.news_count++;
}

static enum lt_status send_news(struct flow *flow, struct session *session,
                                const struct log_news *news)
{
    struct frame frame = {.kind = FRAME_RECEIPTS};
    if (news->kind == NEWS_RECEIPTS) {
        frame.receipts = news->receipts;
    } else {
        frame.kind = FRAME_LOG_PROOF;
        frame.log_proof = news->proof;
    }
    return session_out(flow, session, &frame);
}

/* True: something is left that could go at once. */
static bool send_desk(struct flow *flow, struct desk *desk)
{
    struct log_news *news = first_news(desk);
    for (uint32_t sent = 0; news != NULL && sent < NEWS_EACH_TURN; sent++) {
        struct session *session = session_for(flow, desk, news->session);
        if (session != NULL && send_news(flow, session, news) == LT_AGAIN) {
            return false;
        }
        if (session == NULL) {
            flow->counters.receipts_unsent++;
        }
        drop_first(flow, desk);
        news = first_news(desk);
    }
    return news != NULL;
}

bool step_receipts(struct flow *flow)
{
    struct log_door *door = &flow->log;
    struct log_news *news;
    bool more = false;
    if (door->take == NULL) {
        return false;
    }
    if (flow->durable != flow->log_told) {
        door->tell(door->self, flow->durable, flow->clock_suspect ? 0 : flow->now_ms);
        flow->log_told = flow->durable;
    }
    for (uint32_t i = 0; i < NEWS_TAKE_MAX && (news = door->take(door->self)) != NULL; i++) {
        put(flow, news);
    }
    uint32_t desks = flow->desks.news.count;
    for (uint32_t i = 0; i < desks; i++) {
        struct list_node *node = list_first(&flow->desks.news);
        struct desk *desk = LIST_ENTRY(node, struct desk, has_news);
        /* To the tail first: sending takes it off when nothing is left. */
        list_remove(&flow->desks.news, node);
        list_push(&flow->desks.news, node);
        more = send_desk(flow, desk) || more;
    }
    return more;
}

bool receipts_drained(const struct flow *flow)
{
    struct log_about about;
    if (flow->log.take == NULL) {
        return true;
    }
    flow->log.about(flow->log.self, &about);
    return about.position >= flow->durable && about.size == about.signed_size &&
           flow->desks.news_count == 0;
}

void receipts_clear(struct flow *flow)
{
    log_desk_clear(flow);
    while (flow->desks.slots != NULL && flow->desks.news.count > 0) {
        struct list_node *node = list_first(&flow->desks.news);
        drop_first(flow, LIST_ENTRY(node, struct desk, has_news));
    }
}

void receipts_hello(struct flow *flow, const struct session *session, struct lt_bytes note)
{
    uint8_t newest[NOTE_BYTES_MAX];
    struct note told;
    struct checkpoint checkpoint;
    struct log_wish wish = {.session = session->number, .agency = session->agency};
    if (flow->log.take == NULL || note_read(note, &told) != LT_OK ||
        checkpoint_read(told.text, &checkpoint) != LT_OK) {
        return;
    }
    struct lt_bytes ours = {newest, flow->log.checkpoint(flow->log.self, newest)};
    if (bytes_equal(note, ours)) {
        return;
    }
    text_copy(wish.origin, sizeof(wish.origin), text_bytes(checkpoint.origin));
    wish.size = checkpoint.head.size;
    (void)flow->log.ask(flow->log.self, &wish); /* too many wait: the agency will ask */
}

enum lt_status take_log_ask(struct flow *flow, struct session *session, const struct log_ask *ask)
{
    struct log_wish wish = {.session = session->number,
                            .agency = session->agency,
                            .number = ask->number,
                            .size = ask->size,
                            .position = ask->position,
                            .also = ask->also};
    text_copy(wish.origin, sizeof(wish.origin), ask->origin);
    if (flow->log.take != NULL && flow->log.ask(flow->log.self, &wish)) {
        return LT_OK;
    }
    struct frame frame = {
        .kind = FRAME_LOG_PROOF,
        .log_proof = {.number = ask->number,
                      .code = flow->log.take == NULL ? LT_NOT_HERE : (uint32_t)LT_BUSY},
    };
    (void)session_out(flow, session, &frame); /* not there any more: it asks again */
    return LT_OK;
}
