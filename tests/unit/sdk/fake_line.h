/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_SDK_FAKE_LINE_H
#define TESTS_UNIT_SDK_FAKE_LINE_H

/*
 * A line with a script at its other end: the test plays the broker by hand, frame by frame, under a
 * clock it turns itself. Header only, because each test is one program of one file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lienthong/clock.h>

#include "proto/base/arena.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "proto/port.h"

#define FAKE_FRAMES_MAX 256
#define FAKE_WALL_MS    1790000000000LL

struct fake_time {
    int64_t wall_ms;
    int64_t mono_ms;
    uint64_t random;
    bool random_zero; /* no jitter at all */
    struct lt_clock clock;
    struct lt_entropy entropy;
};

static int64_t fake_wall(void *self)
{
    return ((struct fake_time *)self)->wall_ms;
}

static int64_t fake_mono(void *self)
{
    return ((struct fake_time *)self)->mono_ms;
}

static void fake_fill(void *self, void *out, size_t size)
{
    struct fake_time *time = self;
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++) {
        time->random = time->random * 6364136223846793005ULL + 1442695040888963407ULL;
        bytes[i] = time->random_zero ? 0 : (uint8_t)(time->random >> 56);
    }
}

static inline void fake_time_init(struct fake_time *time, uint64_t seed)
{
    *time = (struct fake_time){.wall_ms = FAKE_WALL_MS, .mono_ms = 1000, .random = seed};
    time->clock = (struct lt_clock){time, fake_wall, fake_mono};
    time->entropy = (struct lt_entropy){time, fake_fill};
}

static inline void fake_time_pass(struct fake_time *time, int64_t ms)
{
    time->wall_ms += ms;
    time->mono_ms += ms;
}

struct fake_line {
    struct lt_bytes in[FAKE_FRAMES_MAX]; /* to the agency */
    uint32_t in_first;
    uint32_t in_count;
    struct lt_bytes out[FAKE_FRAMES_MAX]; /* from the agency */
    uint32_t out_first;
    uint32_t out_count;
    uint8_t *lent;
    int link;
    bool full; /* send says LT_AGAIN */
    uint32_t redials;
    uint64_t session; /* numbers the frames that line_say sends */
    uint64_t seq;
    struct arena arena; /* of the script's own frames */
};

static inline void line_init(struct fake_line *line)
{
    memset(line, 0, sizeof(*line));
    line->link = LINK_UP;
    assert_int_equal(arena_init(&line->arena, 65536, 64 << 20), LT_OK);
}

static inline void line_deinit(struct fake_line *line)
{
    while (line->in_count > 0) {
        free((void *)(uintptr_t)line->in[line->in_first++ % FAKE_FRAMES_MAX].data);
        line->in_count--;
    }
    while (line->out_count > 0) {
        free((void *)(uintptr_t)line->out[line->out_first++ % FAKE_FRAMES_MAX].data);
        line->out_count--;
    }
    free(line->lent);
    arena_deinit(&line->arena);
}

static inline struct lt_bytes fake_copy(struct lt_bytes bytes)
{
    uint8_t *copy = malloc(bytes.size + 1);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.size);
    return (struct lt_bytes){copy, bytes.size};
}

static bool line_receive(void *self, struct lt_bytes *ret_bytes)
{
    struct fake_line *line = self;
    free(line->lent);
    line->lent = NULL;
    if (line->in_count == 0) {
        return false;
    }
    *ret_bytes = line->in[line->in_first++ % FAKE_FRAMES_MAX];
    line->in_count--;
    line->lent = (uint8_t *)(uintptr_t)ret_bytes->data;
    return true;
}

static enum lt_status line_send(void *self, struct lt_bytes bytes)
{
    struct fake_line *line = self;
    if (line->link != LINK_UP || line->full) {
        return LT_AGAIN;
    }
    assert_true(line->out_count < FAKE_FRAMES_MAX);
    line->out[(line->out_first + line->out_count++) % FAKE_FRAMES_MAX] = fake_copy(bytes);
    return LT_OK;
}

static int line_link(void *self)
{
    return ((struct fake_line *)self)->link;
}

static void line_redial(void *self)
{
    ((struct fake_line *)self)->redials++;
}

static int line_fd(void *self)
{
    (void)self;
    return -1;
}

static inline struct client_port line_port(struct fake_line *line)
{
    return (struct client_port){line, line_receive, line_send, line_link, line_redial, line_fd};
}

/* The script says a frame as it stands. */
static inline void line_say_raw(struct fake_line *line, const struct frame *frame)
{
    struct lt_bytes bytes;
    assert_int_equal(frame_write(frame, &line->arena, &bytes), LT_OK);
    assert_true(line->in_count < FAKE_FRAMES_MAX);
    line->in[(line->in_first + line->in_count++) % FAKE_FRAMES_MAX] = fake_copy(bytes);
}

/* The script says a frame of its session, numbered. */
static inline void line_say(struct fake_line *line, struct frame *frame)
{
    frame->session = line->session;
    frame->seq = ++line->seq;
    line_say_raw(line, frame);
}

/* The next frame the agency sent; false when there is none. Lives until the line is closed. */
static inline bool line_hear(struct fake_line *line, struct frame *ret_frame)
{
    if (line->out_count == 0) {
        return false;
    }
    struct lt_bytes bytes = line->out[line->out_first++ % FAKE_FRAMES_MAX];
    line->out_count--;
    struct lt_bytes kept = arena_copy(&line->arena, bytes);
    free((void *)(uintptr_t)bytes.data);
    assert_int_equal(frame_read(kept, &line->arena, ret_frame, NULL), LT_OK);
    return true;
}

static inline struct frame line_hear_one(struct fake_line *line, enum frame_kind kind)
{
    struct frame frame = {.kind = FRAME_NONE};
    assert_true(line_hear(line, &frame));
    assert_int_equal(frame.kind, kind);
    return frame;
}

static inline struct frame fake_welcome(struct fake_line *line, uint64_t session, int64_t clock_ms)
{
    line->session = session;
    line->seq = 0;
    struct frame frame = {.kind = FRAME_WELCOME};
    frame.welcome = (struct welcome){
        .version = 1,
        .session = session,
        .broker_epoch = 7,
        .limits = {.frame_bytes = LT_FRAME_BYTES_MAX,
                   .submit_bytes = LT_SUBMIT_BYTES_MAX,
                   .parcels = LT_PARCELS_PER_FRAME,
                   .header_bytes = LT_HEADER_BYTES_MAX,
                   .body_bytes = LT_BODY_INLINE_MAX,
                   .beat_ms = 15000,
                   .lease_ms = 60000},
        .submit = {.parcels = 64, .bytes = 256 * 1024},
        .clock_ms = clock_ms,
        .agency = text_bytes("H26.99.1"),
    };
    return frame;
}

#endif
