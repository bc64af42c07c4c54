/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_LOG_H
#define PROTO_BASE_LOG_H

#include <stdarg.h>
#include <stdint.h>

#include <lienthong/clock.h>
#include <lienthong/export.h>

/*
 * One line per event on standard error: time, program, level, event name, then name=value pairs;
 * values with blanks or control bytes are quoted and escaped. With JOURNAL_STREAM set (systemd)
 * time and program are left out and a <N> priority stands in front. Citizens' data never comes
 * here, only codes. Of one event about one subject (its first pair) at most 100 lines go out at
 * once and 10 a second after that; the next one says left_out=N. So name the peer in the first
 * pair. The sink is the one piece of global state besides main: log_open sets it; before that lines
 * go to stderr.
 */
enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

void log_open(const char *program, enum log_level least, const struct lt_clock *clock);

/* Tests take the lines instead of stderr; NULL gives it back. */
void log_capture(void (*take)(void *self, const char *line), void *self);

/* `event` names the event ("session-open"); `format` makes the pairs ("agency=%s n=%u"). */
void log_line(enum log_level level, const char *event, const char *format, ...) LT_PRINTF(3, 4);

#define log_debug(...) log_line(LOG_DEBUG_, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO_, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN_, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR_, __VA_ARGS__)

/* A text made safe as one value of a line: control bytes and blanks escaped, cut to size. */
const char *log_safe(char *out, unsigned size, const void *data, unsigned data_size);

#endif
