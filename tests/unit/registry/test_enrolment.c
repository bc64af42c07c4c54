/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of requests to be let in: codes, times, and limits that push back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/registry/enrolment.h"

#define NOW_MS  1790000000000LL
#define HOUR_MS (3600 * 1000LL)
#define KEEP_MS (2 * HOUR_MS)

static int setup(void **state)
{
    struct enrolments *enrolments = NULL;
    assert_int_equal(enrolments_open(&enrolments), LT_OK);
    enrolments_keep(enrolments, KEEP_MS);
    *state = enrolments;
    return 0;
}

static int teardown(void **state)
{
    struct enrolments *enrolments = *state;
    enrolments_close(&enrolments);
    assert_null(enrolments);
    return 0;
}

/* The table takes what was read; who read it is another's business. */
static struct enrol_request request_of(uint32_t number, int64_t made_ms)
{
    struct enrol_request request;
    memset(&request, 0, sizeof(request));
    snprintf(request.agency, sizeof(request.agency), "H24.%u", number);
    memcpy(request.digest.bytes + 4, &number, sizeof(number));
    request.made_ms = made_ms;
    enrol_code(&request.digest, request.code);
    return request;
}

static enum lt_status put(struct enrolments *enrolments, const struct enrol_request *request,
                          const char *address, int64_t now_ms, struct enrolment **ret)
{
    static const uint8_t der[] = {1, 2, 3};
    struct enrol_origin origin = {.address = address};
    return enrolments_put(enrolments, request, (struct lt_bytes){der, sizeof(der)}, &origin, now_ms,
                          ret);
}

static enum lt_status put_session(struct enrolments *enrolments,
                                  const struct enrol_request *request, struct enrolment **ret)
{
    static const uint8_t der[] = {1, 2, 3};
    struct enrol_origin origin = {.address = "10.0.0.9", .session = true};
    return enrolments_put(enrolments, request, (struct lt_bytes){der, sizeof(der)}, &origin, NOW_MS,
                          ret);
}

static void found_by_code(void **state)
{
    struct enrolments *enrolments = *state;
    struct enrol_request request = request_of(1, NOW_MS);
    struct enrol_request other = request_of(2, NOW_MS);
    struct enrolment *entry = NULL;
    struct enrolment *again = NULL;
    assert_int_equal(put(enrolments, &request, "a", NOW_MS, &entry), LT_OK);
    assert_int_equal(put(enrolments, &other, "a", NOW_MS, &again), LT_OK);
    assert_int_equal(enrolments_by_code(enrolments, request.code, &again, NULL), LT_OK);
    assert_ptr_equal(again, entry);
    assert_int_equal(entry->state, ENROL_WAITS);
    assert_int_equal(entry->until_ms, NOW_MS + KEEP_MS);
    assert_int_equal(entry->der_size, 3);
    assert_int_equal(enrolments_by_code(enrolments, "1111-1111-1111-1111", &again, NULL),
                     LT_NOT_FOUND);
    assert_int_equal(put(enrolments, &request, "b", NOW_MS + 5, &again), LT_OK);
    assert_ptr_equal(again, entry); /* the same request is the same entry */
    assert_string_equal(entry->address, "a");
    assert_null(enrolments_at(enrolments, 2));
}

/* Two requests, one code: nobody's, until one of them is gone. */
static void code_twice(void **state)
{
    struct enrolments *enrolments = *state;
    struct enrol_request request = request_of(1, NOW_MS);
    struct enrol_request forged = request_of(1, NOW_MS + HOUR_MS);
    struct enrolment *entry = NULL;
    forged.digest.bytes[31] ^= 1;
    assert_string_equal(request.code, forged.code);
    assert_int_equal(put(enrolments, &request, "a", NOW_MS, &entry), LT_OK);
    assert_int_equal(put(enrolments, &forged, "b", NOW_MS, &entry), LT_OK);
    assert_int_equal(enrolments_by_code(enrolments, request.code, &entry, NULL),
                     LT_ENROL_CODE_TWICE);
    entry->state = ENROL_REFUSED; /* a decision does not make the other one right */
    assert_int_equal(enrolments_by_code(enrolments, request.code, &entry, NULL),
                     LT_ENROL_CODE_TWICE);
    enrolments_sweep(enrolments, NOW_MS + KEEP_MS);
    assert_int_equal(enrolments_by_code(enrolments, request.code, &entry, NULL), LT_OK);
    assert_memory_equal(&entry->request.digest, &forged.digest, sizeof(forged.digest));
}

static void times(void **state)
{
    struct enrolments *enrolments = *state;
    struct enrolment *entry = NULL;
    struct enrol_request old = request_of(1, NOW_MS - KEEP_MS);
    struct enrol_request just = request_of(2, NOW_MS - KEEP_MS + 1);
    struct enrol_request early = request_of(3, NOW_MS + ENROLMENT_EARLY_MS + 1);
    struct enrol_request ahead = request_of(4, NOW_MS + ENROLMENT_EARLY_MS);
    assert_int_equal(put(enrolments, &old, "a", NOW_MS, &entry), LT_ENROL_EXPIRED);
    assert_int_equal(put(enrolments, &early, "a", NOW_MS, &entry), LT_ENROL_EXPIRED);
    assert_int_equal(put(enrolments, &just, "a", NOW_MS, &entry), LT_OK);
    assert_int_equal(put(enrolments, &ahead, "a", NOW_MS, &entry), LT_OK);
    enrolments_sweep(enrolments, NOW_MS);
    assert_non_null(enrolments_at(enrolments, 1));
    enrolments_sweep(enrolments, NOW_MS + 1);
    assert_null(enrolments_find(enrolments, &just.digest));
    assert_non_null(enrolments_find(enrolments, &ahead.digest));
}

/* As many as there may be, each address with as many as it may have; the first of them. */
static struct enrolment *fill_with_strangers(struct enrolments *enrolments)
{
    struct enrolment *first = NULL;
    struct enrolment *entry = NULL;
    char address[16];
    for (uint32_t i = 0; i < ENROLMENTS_STRANGERS; i++) {
        struct enrol_request request = request_of(i, NOW_MS);
        snprintf(address, sizeof(address), "10.0.0.%u", i / ENROLMENTS_ADDRESS_MAX);
        assert_int_equal(put(enrolments, &request, address, NOW_MS, &entry), LT_OK);
        first = i == 0 ? entry : first;
        if (i == ENROLMENTS_ADDRESS_MAX - 1) {
            struct enrol_request more = request_of(90000, NOW_MS);
            assert_int_equal(put(enrolments, &more, address, NOW_MS, &entry), LT_BUSY);
        }
    }
    return first;
}

/* One address has its share and all strangers have theirs; what is decided makes room. */
static void full(void **state)
{
    struct enrolments *enrolments = *state;
    struct enrolment *entry = NULL;
    struct enrolment *first = fill_with_strangers(enrolments);
    struct enrol_request more = request_of(90001, NOW_MS);
    assert_int_equal(put(enrolments, &more, "10.0.0.9", NOW_MS, &entry), LT_BUSY);
    first->state = ENROL_APPROVED;
    assert_int_equal(put(enrolments, &more, "10.0.0.9", NOW_MS, &entry), LT_OK);
    struct enrol_request once_more = request_of(90002, NOW_MS);
    assert_int_equal(put(enrolments, &once_more, "10.0.0.9", NOW_MS, &entry), LT_BUSY);
}

/* Strangers leave room for agencies, who have one request each. */
static void room_for_sessions(void **state)
{
    struct enrolments *enrolments = *state;
    struct enrolment *entry = NULL;
    fill_with_strangers(enrolments);
    struct enrol_request first = request_of(1000, NOW_MS);
    struct enrol_request second = request_of(1000, NOW_MS + 1);
    second.digest.bytes[0] = 2;
    assert_int_equal(put_session(enrolments, &first, &entry), LT_OK);
    assert_int_equal(put_session(enrolments, &second, &entry), LT_OK);
    assert_null(enrolments_find(enrolments, &first.digest));
    assert_ptr_equal(enrolments_find(enrolments, &second.digest), entry);
    for (uint32_t i = 1; i < ENROLMENTS_MAX - ENROLMENTS_STRANGERS; i++) {
        struct enrol_request request = request_of(1000 + i, NOW_MS);
        assert_int_equal(put_session(enrolments, &request, &entry), LT_OK);
    }
    struct enrol_request more = request_of(2000, NOW_MS);
    assert_int_equal(put_session(enrolments, &more, &entry), LT_BUSY);
    entry->state = ENROL_APPROVED;
    assert_int_equal(put_session(enrolments, &more, &entry), LT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(found_by_code, setup, teardown),
        cmocka_unit_test_setup_teardown(code_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(times, setup, teardown),
        cmocka_unit_test_setup_teardown(full, setup, teardown),
        cmocka_unit_test_setup_teardown(room_for_sessions, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
