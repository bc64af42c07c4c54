/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The log's sink and the making of one line. A line is what an engineer on call greps: one event,
 * its name, pairs. Formatting is done here and not by printf, because only here it is known where a
 * value begins and ends: whatever a value holds, it can neither start a new line nor forge a pair.
 *
 * The format knows the conversions d i u x c s p f g, their precision and length; a
 * blank in the format separates pairs, quotes in it keep several words in one value. A width counts
 * only with zeros in front. A line is at most LINE_BYTES long, the rest is cut, and goes out in one
 * write(2), so that threads and processes do not mix theirs. A failing write is not reported: there
 * is nowhere to report it to.
 *
 * A peer that fails twenty thousand times a second must not fill the disk. Lines of one event about
 * one subject (the first pair) share a budget: LINES_BURST at once, then LINES_PER_S; what was left
 * out is counted on the next line that goes out (left_out=N). Debug lines have no budget.
 *
 * The sink is set by log_open before the first thread starts and only read afterwards, budgets
 * apart, which have a lock.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock_os.h"
#include "log.h"
#include "text.h"

#define LINE_BYTES 1024
#define WORD_BYTES 768

#define LINES_BURST 100
#define LINES_PER_S 10
#define BUDGETS     1024

/* Events and subjects share one by their hash. */
struct budget {
    int64_t earned_ms; /* up to when lines have been earned back */
    uint32_t spent;
    uint32_t left_out;
};

static struct {
    pthread_mutex_t lock;
    struct budget budgets[BUDGETS];
} torrent = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct {
    const char *program;
    const struct lt_clock *clock;
    void (*take)(void *self, const char *line);
    void *take_self;
    enum log_level least;
    bool journal; /* standard error goes to systemd's journal */
} sink = {.least = LOG_INFO_};

/* Takes whole pieces up to `room`; after the first that does not fit it takes nothing more. */
struct buffer {
    char *text;
    size_t room;
    size_t used;
    bool full;
};

static void put_piece(struct buffer *out, const void *piece, size_t size)
{
    if (out->full || size > out->room - out->used) {
        out->full = true;
        return;
    }
    memcpy(out->text + out->used, piece, size);
    out->used += size;
}

/* Text that needs no care; cut at a rune where it does not fit. */
static void put_text(struct buffer *out, struct lt_bytes text)
{
    if (text.size == 0 || out->full) {
        return;
    }
    size_t fits = utf8_cut((const char *)text.data, text.size, out->room - out->used);
    put_piece(out, text.data, fits);
    out->full = fits < text.size;
}

static void put_string(struct buffer *out, const char *text)
{
    put_text(out, text_bytes(text));
}

/* systemd names the device and inode it connected, since children may have been redirected. */
static bool journal_behind_stderr(void)
{
    const char *stream = environment_os("JOURNAL_STREAM");
    struct stat info;
    if (stream == NULL || fstat(STDERR_FILENO, &info) != 0) {
        return false;
    }
    char own[64];
    snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino);
    return strcmp(own, stream) == 0;
}

void log_open(const char *program, enum log_level least, const struct lt_clock *clock)
{
    sink.program = program;
    sink.least = least;
    sink.clock = clock;
    sink.journal = journal_behind_stderr();
}

void log_capture(void (*take)(void *self, const char *line), void *self)
{
    sink.take = take;
    sink.take_self = self;
}

/* A byte that may not stand as it is. */
static void put_escape(struct buffer *out, uint8_t byte)
{
    char escape[8];
    if (byte == '\\') {
        put_piece(out, "\\\\", 2);
    } else if (byte == '\n') {
        put_piece(out, "\\n", 2);
    } else {
        snprintf(escape, sizeof(escape), "\\x%02x", byte);
        put_piece(out, escape, 4);
    }
}

/* The value rune by rune; bytes of what is not UTF-8 are escaped one by one. */
static void put_escaped(struct buffer *out, struct lt_bytes value, bool blanks_stand)
{
    bool broken = !utf8_valid(value);
    size_t at = 0;
    while (at < value.size) {
        uint8_t byte = value.data[at];
        size_t rune = 1;
        while (!broken && at + rune < value.size && (value.data[at + rune] & 0xC0) == 0x80) {
            rune++;
        }
        bool stands = byte > ' ' && byte != '"' && byte != '\\' && byte < 0x7F;
        if (stands || rune > 1 || (byte == ' ' && blanks_stand)) {
            put_piece(out, value.data + at, rune);
        } else {
            put_escape(out, byte);
        }
        at += rune;
    }
}

static bool plain(struct lt_bytes value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = value.data[i];
        if (byte <= ' ' || byte == '"' || byte == 0x7F) {
            return false;
        }
    }
    return value.size > 0 && utf8_valid(value);
}

static void put_value(struct buffer *line, struct lt_bytes value)
{
    if (plain(value)) {
        put_text(line, value);
        return;
    }
    put_piece(line, "\"", 1);
    if (line->full) {
        return;
    }
    put_escaped(line, value, true);
    line->text[line->used++] = '"'; /* also behind a cut value: there is a byte in reserve */
    line->full = line->full || line->used >= line->room;
}

/* The pair being put together: a name up to the first '=' of the format, then the value. */
struct word {
    struct buffer buffer;
    size_t name_size; /* with the '=', or 0 */
};

static void flush_word(struct word *word, struct buffer *line)
{
    const uint8_t *text = (const uint8_t *)word->buffer.text;
    size_t used = word->buffer.used;
    if (used > 0) {
        put_piece(line, " ", 1);
        put_text(line, (struct lt_bytes){text, word->name_size});
        put_value(line, (struct lt_bytes){text + word->name_size, used - word->name_size});
    }
    word->buffer.used = 0;
    word->buffer.full = false;
    word->name_size = 0;
}

/* One conversion of a format. */
struct conversion {
    bool zeros;
    int width;
    int precision; /* -1: none */
    int size;      /* 0 int, 1 long, 2 long long, intmax_t, 3 size_t, ptrdiff_t */
    char letter;
};

/* A va_list that can be handed on by reference. */
struct arguments {
    va_list list;
};

static int number_or_argument(const char **at, struct arguments *args)
{
    int value = 0;
    if (**at == '*') {
        (*at)++;
        return va_arg(args->list, int);
    }
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        value = value * 10 + (**at - '0');
    }
    return value;
}

/* Reads what stands between % and behind the letter. */
static struct conversion read_conversion(const char **at, struct arguments *args)
{
    struct conversion c = {.precision = -1};
    for (; **at != '\0' && strchr("-+ #0", **at) != NULL; (*at)++) {
        c.zeros = c.zeros || **at == '0';
    }
    c.width = number_or_argument(at, args);
    if (**at == '.') {
        (*at)++;
        c.precision = number_or_argument(at, args);
    }
    for (; **at != '\0' && strchr("hlzjt", **at) != NULL; (*at)++) {
        c.size = **at == 'l' ? c.size + 1 : **at == 'j' ? 2 : **at == 'h' ? 0 : 3;
    }
    c.letter = **at;
    *at += c.letter != '\0';
    return c;
}

static long long signed_argument(int size, struct arguments *args)
{
    return size == 0   ? va_arg(args->list, int)
           : size == 1 ? va_arg(args->list, long)
           : size == 2 ? va_arg(args->list, long long)
                       : va_arg(args->list, ptrdiff_t);
}

static unsigned long long unsigned_argument(int size, struct arguments *args)
{
    return size == 0   ? va_arg(args->list, unsigned)
           : size == 1 ? va_arg(args->list, unsigned long)
           : size == 2 ? va_arg(args->list, unsigned long long)
                       : va_arg(args->list, size_t);
}

static void put_padded(struct buffer *out, const struct conversion *c, const char *text)
{
    for (int length = (int)strlen(text); c->zeros && length < c->width; length++) {
        put_piece(out, "0", 1);
    }
    put_string(out, text);
}

static void put_string_argument(struct buffer *out, const struct conversion *c,
                                struct arguments *args)
{
    const char *text = va_arg(args->list, const char *);
    if (text == NULL) {
        text = "-";
    }
    size_t size = c->precision >= 0 ? strnlen(text, (size_t)c->precision) : strlen(text);
    put_text(out, (struct lt_bytes){(const uint8_t *)text, size});
}

/* False for a conversion that is not known: what its argument is, is not known either. */
static bool put_conversion(struct buffer *out, const struct conversion *c, struct arguments *args)
{
    char text[400]; /* a double may have 309 digits */
    int digits = c->precision < 0 ? 6 : c->precision > 60 ? 60 : c->precision;
    switch (c->letter) {
    case 's':
        put_string_argument(out, c, args);
        return true;
    case 'c':
        text[0] = (char)va_arg(args->list, int);
        put_piece(out, text, 1);
        return true;
    case 'd':
    case 'i':
        snprintf(text, sizeof(text), "%lld", signed_argument(c->size, args));
        break;
    case 'u':
        snprintf(text, sizeof(text), "%llu", unsigned_argument(c->size, args));
        break;
    case 'x':
        snprintf(text, sizeof(text), "%llx", unsigned_argument(c->size, args));
        break;
    case 'p':
        snprintf(text, sizeof(text), "%p", va_arg(args->list, void *));
        break;
    case 'f':
        snprintf(text, sizeof(text), "%.*f", digits, va_arg(args->list, double));
        break;
    case 'g':
        snprintf(text, sizeof(text), "%.*g", digits, va_arg(args->list, double));
        break;
    case '%':
        put_piece(out, "%", 1);
        return true;
    default:
        put_piece(out, "?", 1);
        return false;
    }
    put_padded(out, c, text);
    return true;
}

static void put_pairs(struct buffer *line, const char *format, struct arguments *args)
{
    char text[WORD_BYTES];
    struct word word = {.buffer = {.text = text, .room = sizeof(text)}};
    bool quoted = false;
    const char *at = format;
    while (*at != '\0') {
        char c = *at++;
        if (c == '%') {
            struct conversion conversion = read_conversion(&at, args);
            if (!put_conversion(&word.buffer, &conversion, args)) {
                break;
            }
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == ' ' && !quoted) {
            flush_word(&word, line);
        } else {
            put_piece(&word.buffer, &c, 1);
            if (c == '=' && word.name_size == 0) {
                word.name_size = word.buffer.used;
            }
        }
    }
    flush_word(&word, line);
}

static void put_head(struct buffer *line, enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    static const char *const priorities[] = {"<7>", "<6>", "<4>", "<3>"};
    if (sink.journal) {
        put_string(line, priorities[level]);
    } else if (sink.clock != NULL) {
        char time[TIME_TEXT_BYTES];
        time_write(time, sink.clock->wall_ms(sink.clock->self));
        put_string(line, time);
        put_string(line, " ");
    }
    if (sink.program != NULL && !sink.journal) {
        put_string(line, sink.program);
        put_string(line, " ");
    }
    put_string(line, names[level]);
    put_string(line, " ");
}

/* What a line is about: event and first pair, as far as the first blanks behind them. */
static uint64_t subject_of(const char *text, size_t size)
{
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */
    int blanks = 0;
    for (size_t i = 0; i < size; i++) {
        blanks += text[i] == ' ';
        if (blanks == 2) {
            break;
        }
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001B3u;
    }
    return hash;
}

/* False: too many of these already; else how many were left out since the last one. */
static bool budget_take(uint64_t subject, uint32_t *ret_left_out)
{
    struct budget *budget = &torrent.budgets[subject % BUDGETS];
    int64_t now_ms = sink.clock->mono_ms(sink.clock->self);
    pthread_mutex_lock(&torrent.lock);
    int64_t earned = (now_ms - budget->earned_ms) * LINES_PER_S / 1000;
    if (earned > 0) {
        budget->spent = earned < budget->spent ? budget->spent - (uint32_t)earned : 0;
        budget->earned_ms = now_ms;
    }
    bool may = budget->spent < LINES_BURST;
    if (may) {
        budget->spent++;
        *ret_left_out = budget->left_out;
        budget->left_out = 0;
    } else {
        budget->left_out++;
    }
    pthread_mutex_unlock(&torrent.lock);
    return may;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    if (level < sink.least) {
        return;
    }
    char text[LINE_BYTES + 32]; /* a closing quote, left_out, the end of the line, NUL */
    uint32_t left_out = 0;
    struct buffer line = {.text = text, .room = LINE_BYTES};
    put_head(&line, level);
    size_t head = line.used;
    put_string(&line, event);
    struct arguments args;
    va_start(args.list, format);
    put_pairs(&line, format, &args);
    va_end(args.list);
    if (level > LOG_DEBUG_ && sink.clock != NULL &&
        !budget_take(subject_of(text + head, line.used - head), &left_out)) {
        return;
    }
    if (left_out > 0) {
        line.used += (size_t)snprintf(text + line.used, sizeof(text) - line.used - 1,
                                      " left_out=%u", left_out);
    }
    if (sink.take != NULL) {
        text[line.used] = '\0';
        sink.take(sink.take_self, text);
        return;
    }
    text[line.used] = '\n';
    ssize_t wrote = write(STDERR_FILENO, text, line.used + 1);
    (void)wrote;
}

const char *log_safe(char *out, unsigned size, const void *data, unsigned data_size)
{
    struct buffer buffer = {.text = out, .room = size > 0 ? size - 1 : 0};
    put_escaped(&buffer, (struct lt_bytes){data, data_size}, false);
    if (size > 0) {
        out[buffer.used] = '\0';
    }
    return out;
}
