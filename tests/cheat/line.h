/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CHEAT_LINE_H
#define TESTS_CHEAT_LINE_H

#include "proto/base/arena.h"
#include "proto/frame.h"
#include "proto/port.h"

/* A line between an agency's client and the axis, frame by frame; nothing is lost on it. */
#define LINE_FRAMES 512

struct line_end {
    struct lt_bytes frames[LINE_FRAMES];
    uint32_t first;
    uint32_t count;
};

struct line {
    struct arena *arena; /* of everything that is ever said */
    struct line_end up;  /* to the axis */
    struct line_end down;
    bool cut; /* until the client dials again */
    uint64_t session;
    uint64_t seq;
};

void line_init(struct line *line, struct arena *arena);
struct client_port line_port(struct line *line);
/* The axis' end. A frame lives as long as the arena. */
void line_say(struct line *line, struct frame *frame);
bool line_hear(struct line *line, struct frame *ret_frame);
/* The axis goes away and comes back: what was on the line is gone. */
void line_cut(struct line *line);

#endif
