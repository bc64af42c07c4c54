/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The table of errors.def as data. Looking a status up is a walk over a few dozen rows: it happens
 * where an answer is written for people, never on the path of a transfer; the class, which decides,
 * is a switch.
 */
#include <string.h>

#include <lienthong/status.h>

static const struct lt_error errors[] = {
#define LT_ERROR(name, number, code, class, stored, http, who, vi, en, do_vi, do_en)               \
    {LT_##name, code, class, stored, http, who, vi, en, do_vi, do_en},
#include <lienthong/errors.def>
#undef LT_ERROR
};

#define ERRORS_COUNT (sizeof(errors) / sizeof(errors[0]))

const struct lt_error *lt_error(enum lt_status status)
{
    const struct lt_error *unknown = &errors[0];
    for (size_t i = 0; i < ERRORS_COUNT; i++) {
        if (errors[i].status == status) {
            return &errors[i];
        }
        if (errors[i].status == LT_UNKNOWN_CODE) {
            unknown = &errors[i];
        }
    }
    return unknown;
}

const struct lt_error *lt_error_by_code(const char *code)
{
    for (size_t i = 0; i < ERRORS_COUNT; i++) {
        if (strcmp(errors[i].code, code) == 0) {
            return &errors[i];
        }
    }
    return NULL;
}

enum lt_class lt_class(enum lt_status status)
{
    switch (status) {
#define LT_ERROR(name, number, code, class, stored, http, who, vi, en, do_vi, do_en)               \
    case LT_##name:                                                                                \
        return class;
#include <lienthong/errors.def>
#undef LT_ERROR
    }
    return LT_CLASS_RETRY;
}

const char *lt_code(enum lt_status status)
{
    return lt_error(status)->code;
}
