/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Small, pure functions over bytes and texts: hexadecimal digits, UTF-8, the text form of ids, the
 * codes of the field and times. They exist because the C library's own depend on a locale, on a
 * time zone or on a terminating NUL, and what travels between agencies may depend on none of them.
 *
 * Limits: times are those of the proleptic Gregorian calendar in the years 0000 to 9999; outside of
 * it a time is written as the nearest end. Leap seconds do not exist here, as in POSIX.
 *
 * Everything that reads a text says no by returning false and leaves its output untouched; nothing
 * allocates and nothing keeps state.
 */
#include <assert.h>
#include <string.h>

#include "text.h"

#define DAY_MS        86400000LL
#define TIME_MS_LEAST (-62167219200000LL) /* 0000-01-01T00:00:00.000Z */
#define TIME_MS_MOST  253402300799999LL   /* 9999-12-31T23:59:59.999Z */

struct lt_bytes text_bytes(const char *text)
{
    if (text == NULL) {
        return (struct lt_bytes){NULL, 0};
    }
    return (struct lt_bytes){(const uint8_t *)text, strlen(text)};
}

bool bytes_equal(struct lt_bytes a, struct lt_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int bytes_compare(struct lt_bytes a, struct lt_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    if (order != 0) {
        return order < 0 ? -1 : 1;
    }
    return (a.size > b.size) - (a.size < b.size);
}

void hex_write(char *out, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

/* The value of one hexadecimal digit, or -1. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/* Two digits as one byte, or -1; never looks behind a NUL. */
static int hex_pair(const char *text)
{
    int high = hex_digit(text[0]);
    int low = high < 0 ? -1 : hex_digit(text[1]);
    return low < 0 ? -1 : high * 16 + low;
}

bool hex_read(void *out, size_t size, const char *text)
{
    if (strnlen(text, 2 * size + 1) != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (hex_pair(text + 2 * i) < 0) {
            return false;
        }
    }
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)hex_pair(text + 2 * i);
    }
    return true;
}

static bool dash_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void id_write(char out[ID_TEXT_BYTES], const struct lt_id *id)
{
    char *at = out;
    for (size_t i = 0; i < sizeof(id->bytes); i++) {
        if (dash_before(i)) {
            *at++ = '-';
        }
        hex_write(at, &id->bytes[i], 1);
        at += 2;
    }
}

bool id_read(struct lt_id *ret_id, const char *text)
{
    struct lt_id id;
    for (size_t i = 0; i < sizeof(id.bytes); i++) {
        if (dash_before(i) && *text++ != '-') {
            return false;
        }
        int byte = hex_pair(text);
        if (byte < 0) {
            return false;
        }
        id.bytes[i] = (uint8_t)byte;
        text += 2;
    }
    if (*text != '\0') {
        return false;
    }
    *ret_id = id;
    return true;
}

int64_t id_time_ms(const struct lt_id *id)
{
    if (id->bytes[6] >> 4 != 7 || id->bytes[8] >> 6 != 2) {
        return -1;
    }
    uint64_t ms = 0;
    for (size_t i = 0; i < 6; i++) {
        ms = ms << 8 | id->bytes[i];
    }
    return (int64_t)ms;
}

bool id_empty(const struct lt_id *id)
{
    static const struct lt_id empty;
    return memcmp(id->bytes, empty.bytes, sizeof(empty.bytes)) == 0;
}

/* The length of the rune at the front of `at`, of which `left` bytes are there; 0 when bad. */
static size_t rune_size(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    if (lead < 0x80) {
        return lead == 0 ? 0 : 1;
    }
    size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || left < size) {
        return 0;
    }
    /* The second byte is where overlong forms, surrogates and values over U+10FFFF show. */
    uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < least || at[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return size;
}

/* Eight bytes from 0x01 to 0x7F; may say no to some that are. Most texts are codes. */
static bool plain_run(const uint8_t *at)
{
    uint64_t run;
    memcpy(&run, at, sizeof(run));
    return ((run | (run - 0x0101010101010101ull)) & 0x8080808080808080ull) == 0;
}

bool utf8_valid(struct lt_bytes text)
{
    size_t at = 0;
    while (at < text.size) {
        if (text.size - at >= 8 && plain_run(text.data + at)) {
            at += 8;
            continue;
        }
        size_t size = rune_size(text.data + at, text.size - at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

size_t utf8_cut(const char *text, size_t size, size_t size_max)
{
    if (size <= size_max) {
        return size;
    }
    size_t cut = size_max;
    while (cut > 0 && size_max - cut < 4 && ((uint8_t)text[cut] & 0xC0) == 0x80) {
        cut--;
    }
    /* Four continuation bytes in a row are no UTF-8: nothing to keep whole. */
    return size_max - cut < 4 ? cut : size_max;
}

void text_copy(char *out, size_t out_size, struct lt_bytes text)
{
    assert(out_size > 0);
    size_t size = utf8_cut((const char *)text.data, text.size, out_size - 1);
    if (size > 0) {
        memcpy(out, text.data, size);
    }
    out[size] = '\0';
}

bool agency_id_valid(struct lt_bytes id)
{
    if (id.size < 1 || id.size > LT_AGENCY_ID_MAX) {
        return false;
    }
    uint8_t before = '.';
    for (size_t i = 0; i < id.size; i++) {
        uint8_t c = id.data[i];
        bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
        if (!letter && (c != '.' || before == '.')) {
            return false;
        }
        before = c;
    }
    return before != '.';
}

static size_t digits_count(struct lt_bytes text, size_t from)
{
    size_t at = from;
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9') {
        at++;
    }
    return at - from;
}

void procedure_normalise(char *out, size_t out_size, struct lt_bytes raw)
{
    size_t first = digits_count(raw, 0);
    if (first > 0 && first < raw.size && raw.data[first] == '.') {
        size_t second = digits_count(raw, first + 1);
        size_t both = first + 1 + second;
        if (second > 0 && both < raw.size && raw.data[both] == '.') {
            raw.size = both;
        }
    }
    text_copy(out, out_size, raw);
}

/*
 * Days since 1970-01-01. Years are counted from March, so that a leap day is the last of one, and
 * from 400 years earlier, so that none is negative.
 */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = 400 + (month > 2 ? year : year - 1);
    int64_t month_from_march = (month + 9) % 12;
    int64_t century_days = y * 365 + y / 4 - y / 100 + y / 400;
    return century_days + (month_from_march * 153 + 2) / 5 + day - 1 - 719468 - 146097;
}

static bool leap_year(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t month_days(int64_t year, int64_t month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap_year(year) ? 1 : 0);
}

static void decimal_write(char *out, int64_t value, size_t digits)
{
    for (size_t i = digits; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

void time_write(char out[TIME_TEXT_BYTES], int64_t wall_ms)
{
    int64_t ms = wall_ms < TIME_MS_LEAST  ? TIME_MS_LEAST
                 : wall_ms > TIME_MS_MOST ? TIME_MS_MOST
                                          : wall_ms;
    int64_t in_day = ((ms % DAY_MS) + DAY_MS) % DAY_MS;
    int64_t days = (ms - in_day) / DAY_MS;
    /* A guess by the mean year is off by one at most; then the month by walking. */
    int64_t year = 1970 + days * 400 / 146097;
    while (year > 0 && days_from_date(year, 1, 1) > days) {
        year--;
    }
    while (days_from_date(year + 1, 1, 1) <= days) {
        year++;
    }
    int64_t day = days - days_from_date(year, 1, 1);
    int64_t month = 1;
    while (day >= month_days(year, month)) {
        day -= month_days(year, month);
        month++;
    }
    memcpy(out, "0000-00-00T00:00:00.000Z", TIME_TEXT_BYTES);
    decimal_write(out, year, 4);
    decimal_write(out + 5, month, 2);
    decimal_write(out + 8, day + 1, 2);
    decimal_write(out + 11, in_day / 3600000, 2);
    decimal_write(out + 14, in_day / 60000 % 60, 2);
    decimal_write(out + 17, in_day / 1000 % 60, 2);
    decimal_write(out + 20, in_day % 1000, 3);
}

/* Reads exactly `digits` digits and moves on; false leaves the place undefined. */
static bool decimal_read(const char **at, size_t digits, int64_t least, int64_t most,
                         int64_t *ret_value)
{
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = **at;
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
        (*at)++;
    }
    *ret_value = value;
    return value >= least && value <= most;
}

static bool char_read(const char **at, char c)
{
    if (**at != c) {
        return false;
    }
    (*at)++;
    return true;
}

/* ".5", ".123", ".123456789": finer than a millisecond is cut off. Absent is zero. */
static bool fraction_read(const char **at, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (!char_read(at, '.')) {
        return true;
    }
    int64_t weight = 100;
    size_t digits = 0;
    for (; **at >= '0' && **at <= '9' && digits < 9; (*at)++) {
        *ret_ms += (**at - '0') * weight;
        weight /= 10;
        digits++;
    }
    return digits > 0;
}

/* "Z", "+07:00" or "+0700". */
static bool offset_read(const char **at, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (char_read(at, 'Z')) {
        return true;
    }
    int64_t sign = char_read(at, '+') ? 1 : char_read(at, '-') ? -1 : 0;
    int64_t hours;
    int64_t minutes;
    if (sign == 0 || !decimal_read(at, 2, 0, 23, &hours)) {
        return false;
    }
    (void)char_read(at, ':');
    if (!decimal_read(at, 2, 0, 59, &minutes)) {
        return false;
    }
    *ret_ms = sign * (hours * 60 + minutes) * 60000;
    return true;
}

bool time_read(int64_t *ret_ms, const char *text)
{
    const char *at = text;
    int64_t year, month, day, hour, minute, second, ms, offset_ms;
    if (!decimal_read(&at, 4, 0, 9999, &year) || !char_read(&at, '-') ||
        !decimal_read(&at, 2, 1, 12, &month) || !char_read(&at, '-') ||
        !decimal_read(&at, 2, 1, month_days(year, month), &day) || !char_read(&at, 'T')) {
        return false;
    }
    if (!decimal_read(&at, 2, 0, 23, &hour) || !char_read(&at, ':') ||
        !decimal_read(&at, 2, 0, 59, &minute) || !char_read(&at, ':') ||
        !decimal_read(&at, 2, 0, 59, &second)) {
        return false;
    }
    if (!fraction_read(&at, &ms) || !offset_read(&at, &offset_ms) || *at != '\0') {
        return false;
    }
    int64_t in_day = (hour * 3600 + minute * 60 + second) * 1000 + ms;
    *ret_ms = days_from_date(year, month, day) * DAY_MS + in_day - offset_ms;
    return true;
}
