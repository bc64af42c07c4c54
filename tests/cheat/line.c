/* SPDX-License-Identifier: EUPL-1.2 */
/* Two queues; the client sees a port, the axis sees frames. */
#include "line.h"

#include <assert.h>
#include <string.h>

#include "proto/message.h"

void line_init(struct line *line, struct arena *arena)
{
    memset(line, 0, sizeof(*line));
    line->arena = arena;
}

static void push(struct line *line, struct line_end *end, struct lt_bytes bytes)
{
    struct lt_bytes copy = arena_copy(line->arena, bytes);
    assert(copy.data != NULL && end->count < LINE_FRAMES);
    end->frames[(end->first + end->count++) % LINE_FRAMES] = copy;
}

static bool pop(struct line_end *end, struct lt_bytes *ret_bytes)
{
    if (end->count == 0) {
        return false;
    }
    *ret_bytes = end->frames[end->first++ % LINE_FRAMES];
    end->count--;
    return true;
}

static bool receive(void *self, struct lt_bytes *ret_bytes)
{
    return pop(&((struct line *)self)->down, ret_bytes);
}

static enum lt_status send(void *self, struct lt_bytes bytes)
{
    struct line *line = self;
    push(line, &line->up, bytes);
    return LT_OK;
}

static int link_state(void *self)
{
    (void)self;
    return LINK_UP;
}

static void redial(void *self)
{
    (void)self;
}

static int fd(void *self)
{
    (void)self;
    return -1;
}

struct client_port line_port(struct line *line)
{
    return (struct client_port){line, receive, send, link_state, redial, fd};
}

void line_say(struct line *line, struct frame *frame)
{
    struct lt_bytes bytes;
    frame->session = line->session;
    frame->seq = frame->kind == FRAME_WELCOME ? 0 : ++line->seq;
    if (frame->kind == FRAME_WELCOME || frame->kind == FRAME_NO_SESSION) {
        frame->session = 0;
        frame->seq = 0;
        line->seq = 0;
    }
    enum lt_status status = frame_write(frame, line->arena, &bytes);
    assert(status == LT_OK);
    push(line, &line->down, bytes);
}

bool line_hear(struct line *line, struct frame *ret_frame)
{
    struct lt_bytes bytes;
    if (!pop(&line->up, &bytes)) {
        return false;
    }
    enum lt_status status = frame_read(bytes, line->arena, ret_frame, NULL);
    assert(status == LT_OK);
    return true;
}

void line_cut(struct line *line)
{
    line->up.count = 0;
    line->down.count = 0;
    line->session = 0;
    line->seq = 0;
}
