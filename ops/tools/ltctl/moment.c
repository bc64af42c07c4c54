/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Local time for people. The axis speaks milliseconds since 1970 in UTC; operators speak the time
 * of the wall clock in Hải Phòng, which is +07:00 all year and has been since 1975, so that no zone
 * tables are asked and the answer does not depend on the machine ltctl happens to run on.
 *
 * Reading is generous about the form (the Vietnamese order of day, month and year too) and strict
 * about the value: there is no 31/02. Nothing here asks for the time; the caller gives it.
 */
#include <stdio.h>
#include <string.h>

#include "moment.h"
#include "proto/base/text.h"

#define ZONE_MS   (7 * 3600 * 1000LL)
#define SECOND_MS 1000LL
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

void moment_write(char out[MOMENT_BYTES], int64_t wall_ms)
{
    if (wall_ms == 0) {
        memcpy(out, "-", 2);
        return;
    }
    char text[TIME_TEXT_BYTES];
    time_write(text, wall_ms + ZONE_MS);
    snprintf(out, MOMENT_BYTES, "%.10s %.8s", text, text + 11);
}

void moment_say(char out[MOMENT_BYTES], int64_t wall_ms, bool vietnamese)
{
    char text[TIME_TEXT_BYTES];
    time_write(text, wall_ms + ZONE_MS);
    if (vietnamese) {
        snprintf(out, MOMENT_BYTES, "%.5s ngày %.2s/%.2s/%.4s", text + 11, text + 8, text + 5,
                 text);
    } else {
        snprintf(out, MOMENT_BYTES, "%.5s on %.10s", text + 11, text);
    }
}

void moment_iso(char out[MOMENT_BYTES], int64_t wall_ms)
{
    if (wall_ms == 0) {
        out[0] = '\0';
        return;
    }
    char text[TIME_TEXT_BYTES];
    time_write(text, wall_ms + ZONE_MS);
    snprintf(out, MOMENT_BYTES, "%.23s+07:00", text);
}

void duration_write(char out[MOMENT_BYTES], int64_t ms)
{
    int64_t seconds = ms < 0 ? 0 : ms / SECOND_MS;
    int64_t days = seconds / 86400;
    int hours = (int)(seconds / 3600 % 24);
    int minutes = (int)(seconds / 60 % 60);
    if (days > 0) {
        snprintf(out, MOMENT_BYTES, "%lldd %02d:%02d:%02d", (long long)days, hours, minutes,
                 (int)(seconds % 60));
    } else {
        snprintf(out, MOMENT_BYTES, "%02d:%02d:%02d", hours, minutes, (int)(seconds % 60));
    }
}

bool number_read(uint64_t *ret_number, const char *text)
{
    uint64_t number = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 19 || text[digits] != '\0') {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    *ret_number = number;
    return true;
}

/* "30m", "2h", "7d" before now. */
static bool distance_read(int64_t *ret_ms, const char *text, int64_t now_ms)
{
    char digits[8];
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size >= sizeof(digits) || text[size] == '\0' || text[size + 1] != '\0') {
        return false;
    }
    memcpy(digits, text, size);
    digits[size] = '\0';
    char unit = text[size];
    int64_t unit_ms = unit == 'm' ? MINUTE_MS : unit == 'h' ? HOUR_MS : unit == 'd' ? DAY_MS : 0;
    uint64_t count;
    if (unit_ms == 0 || !number_read(&count, digits)) {
        return false;
    }
    *ret_ms = now_ms - (int64_t)count * unit_ms;
    return true;
}

/* "30/09/2026" at the front becomes "2026-09-30"; anything else stays as it is. */
static void date_turn(char *text)
{
    if (strlen(text) >= 10 && text[2] == '/' && text[5] == '/') {
        char day[2] = {text[0], text[1]};
        char month[2] = {text[3], text[4]};
        memmove(text, text + 6, 4);
        text[4] = '-';
        memcpy(text + 5, month, 2);
        text[7] = '-';
        memcpy(text + 8, day, 2);
    }
}

bool moment_read(int64_t *ret_ms, const char *text, int64_t now_ms)
{
    if (time_read(ret_ms, text) || distance_read(ret_ms, text, now_ms)) {
        return true;
    }
    size_t size = strlen(text);
    if (size != 10 && size != 16 && size != 19) {
        return false;
    }
    char whole[40];
    memcpy(whole, text, size + 1);
    date_turn(whole);
    if (size > 10 && whole[10] != ' ' && whole[10] != 'T') {
        return false;
    }
    static const char midnight[] = "T00:00:00";
    memcpy(whole + size, midnight + (size - 10), sizeof(midnight) - (size - 10));
    whole[10] = 'T';
    size_t end = strlen(whole);
    memcpy(whole + end, "+07:00", 7);
    return time_read(ret_ms, whole);
}
