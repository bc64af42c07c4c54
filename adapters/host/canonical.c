/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * RFC 8785 (JSON Canonicalization Scheme). It exists for one question: is this the same request
 * again? Applications rebuild their JSON for every retry, with fields in another order and 1.0
 * where 1 stood; the content digest is taken over this form, so none of that is a difference.
 *
 * Numbers: the fewest digits that read back as the same double, found by trying 1 to 17 of them.
 * At a power of two the nearest short number may miss where its neighbour away from zero hits, so
 * the neighbour is tried as well; ties are even, as ECMAScript advises.
 *
 * Depth is bounded by whoever parsed the value (JSON_DEPTH_MAX of json_scan.h). Nothing fails here
 * but memory, which text_out remembers.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canonical.h"

#define DIGITS_MAX 17

/* The shortest decimal digits of a number above zero, and where its point stands. */
struct decimal {
    char digits[DIGITS_MAX + 3];
    int count;
    int point; /* value = 0.digits * 10^point */
};

static double decimal_value(const struct decimal *decimal)
{
    char text[DIGITS_MAX + 16];
    snprintf(text, sizeof(text), "0.%se%d", decimal->digits, decimal->point);
    return strtod(text, NULL);
}

/* One more in the last place; the count stays, a carry out of the front moves the point. */
static void decimal_next(struct decimal *decimal)
{
    int at = decimal->count - 1;
    while (at >= 0 && decimal->digits[at] == '9') {
        decimal->digits[at--] = '0';
    }
    if (at >= 0) {
        decimal->digits[at]++;
        return;
    }
    decimal->digits[0] = '1';
    decimal->point++;
}

/* The number rounded to `count` digits. */
static void decimal_round(struct decimal *decimal, double number, int count)
{
    char text[DIGITS_MAX + 16];
    snprintf(text, sizeof(text), "%.*e", count - 1, number);
    decimal->digits[0] = text[0];
    if (count > 1) {
        memcpy(decimal->digits + 1, text + 2, (size_t)count - 1);
    }
    decimal->digits[count] = '\0';
    decimal->count = count;
    decimal->point = atoi(strchr(text, 'e') + 1) + 1;
}

static void decimal_shortest(struct decimal *decimal, double number)
{
    for (int count = 1; count <= DIGITS_MAX; count++) {
        decimal_round(decimal, number, count);
        if (decimal_value(decimal) == number) {
            return;
        }
        decimal_next(decimal);
        if (decimal_value(decimal) == number) {
            return;
        }
    }
    decimal_round(decimal, number, DIGITS_MAX);
}

static void zeros_drop(struct decimal *decimal)
{
    while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0') {
        decimal->digits[--decimal->count] = '\0';
    }
}

void canonical_number(char out[CANONICAL_NUMBER_BYTES], double number)
{
    assert(isfinite(number));
    if (fpclassify(number) == FP_ZERO) {
        snprintf(out, CANONICAL_NUMBER_BYTES, "0");
        return;
    }
    const char *sign = number < 0 ? "-" : "";
    struct decimal decimal;
    decimal_shortest(&decimal, fabs(number));
    zeros_drop(&decimal);
    const char *digits = decimal.digits;
    int count = decimal.count;
    int point = decimal.point;
    if (point >= count && point <= 21) {
        snprintf(out, CANONICAL_NUMBER_BYTES, "%s%s%.*s", sign, digits, point - count,
                 "000000000000000000000");
    } else if (point > 0 && point <= 21) {
        snprintf(out, CANONICAL_NUMBER_BYTES, "%s%.*s.%s", sign, point, digits, digits + point);
    } else if (point > -6 && point <= 0) {
        snprintf(out, CANONICAL_NUMBER_BYTES, "%s0.%.*s%s", sign, -point, "00000", digits);
    } else if (count == 1) {
        snprintf(out, CANONICAL_NUMBER_BYTES, "%s%se%+d", sign, digits, point - 1);
    } else {
        snprintf(out, CANONICAL_NUMBER_BYTES, "%s%c.%se%+d", sign, digits[0], digits + 1,
                 point - 1);
    }
}

int canonical_compare(const char *a, const char *b)
{
    const unsigned char *x = (const unsigned char *)a;
    const unsigned char *y = (const unsigned char *)b;
    while (*x != 0 && *x == *y) {
        x++;
        y++;
    }
    /* UTF-8 sorts as code points do. UTF-16 differs in one place: what lies beyond U+FFFF (lead
     * bytes from F0) is written with surrogates and so stands before U+E000 (lead bytes EE, EF). */
    bool beyond_x = *x >= 0xF0;
    bool beyond_y = *y >= 0xF0;
    if (beyond_x != beyond_y && *x >= 0xEE && *y >= 0xEE) {
        return beyond_x ? -1 : 1;
    }
    return *x - *y;
}

static int key_order(const void *a, const void *b)
{
    return canonical_compare(*(const char *const *)a, *(const char *const *)b);
}

static void string_write(struct text_out *out, const char *text, size_t size)
{
    static const char letters[] = "btn?fr"; /* of U+0008 to U+000D */
    text_out_add(out, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            text_out_format(out, "\\%c", c);
        } else if (c >= 8 && c <= 13 && c != 11) {
            text_out_format(out, "\\%c", letters[c - 8]);
        } else if (c < 0x20) {
            text_out_format(out, "\\u%04x", c);
        } else {
            text_out_add(out, text + i, 1);
        }
    }
    text_out_add(out, "\"", 1);
}

static void array_write(struct text_out *out, json_t *array)
{
    text_out_add(out, "[", 1);
    for (size_t i = 0; i < json_array_size(array); i++) {
        text_out_add(out, ",", i > 0 ? 1 : 0);
        canonical_json(out, json_array_get(array, i));
    }
    text_out_add(out, "]", 1);
}

/* The keys of an object, sorted; NULL when memory ran out. */
static const char **keys_sorted(json_t *object, size_t *ret_count)
{
    size_t count = json_object_size(object);
    const char **keys = malloc((count + 1) * sizeof(*keys));
    if (keys == NULL) {
        return NULL;
    }
    size_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        keys[n++] = key;
    }
    qsort(keys, n, sizeof(*keys), key_order);
    *ret_count = n;
    return keys;
}

static void object_write(struct text_out *out, json_t *object)
{
    size_t count = 0;
    const char **keys = keys_sorted(object, &count);
    if (keys == NULL) {
        out->failed = true;
        return;
    }
    text_out_add(out, "{", 1);
    for (size_t i = 0; i < count; i++) {
        text_out_add(out, ",", i > 0 ? 1 : 0);
        string_write(out, keys[i], strlen(keys[i]));
        text_out_add(out, ":", 1);
        canonical_json(out, json_object_get(object, keys[i]));
    }
    text_out_add(out, "}", 1);
    free(keys);
}

void canonical_json(struct text_out *out, json_t *value)
{
    char number[CANONICAL_NUMBER_BYTES];
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        object_write(out, value);
        break;
    case JSON_ARRAY:
        array_write(out, value);
        break;
    case JSON_STRING:
        string_write(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        text_out_format(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        canonical_number(number, json_real_value(value));
        text_out_text(out, number);
        break;
    case JSON_TRUE:
        text_out_text(out, "true");
        break;
    case JSON_FALSE:
        text_out_text(out, "false");
        break;
    case JSON_NULL:
        text_out_text(out, "null");
        break;
    }
}
