/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The pre-scan against the schema it claims to know and against bytes made to hurt a decoder. All
 * of it runs on a thread with a stack of 256 KiB, the smallest of the house.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ltp.pb-c.h"

#include "proto/message.h"
#include "proto/prescan.h"
#include "proto/prescan_tables.h"
#include "vectors/samples.h"

#define STACK_BYTES (256 * 1024)

static struct arena arena;
static struct wire_bytes w, inner, innermost;

static int setup(void **state)
{
    (void)state;
    return arena_init(&arena, 64 * 1024, 4 * 1024 * 1024) == LT_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    wire_bytes_free(&w);
    wire_bytes_free(&inner);
    wire_bytes_free(&innermost);
    return 0;
}

/* ---- the tables are the schema ---- */

static enum prescan_type type_of(ProtobufCType type, enum prescan_type listed)
{
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
        return PRESCAN_U32;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        return PRESCAN_U64;
    case PROTOBUF_C_TYPE_BOOL:
        return PRESCAN_BOOL;
    case PROTOBUF_C_TYPE_ENUM:
        return PRESCAN_ENUM;
    case PROTOBUF_C_TYPE_STRING:
        return PRESCAN_TEXT;
    case PROTOBUF_C_TYPE_BYTES:
        return listed == PRESCAN_EXACT ? PRESCAN_EXACT : PRESCAN_BYTES;
    case PROTOBUF_C_TYPE_MESSAGE:
        return PRESCAN_MESSAGE;
    default:
        fail_msg("a type the pre-scan does not know");
        return PRESCAN_U32;
    }
}

static void table_equals(const struct prescan_message *table,
                         const ProtobufCMessageDescriptor *type)
{
    unsigned used = 0;
    unsigned repeated_seen = 0;
    assert_true(table->count <= PRESCAN_NUMBERS_MAX);
    for (uint32_t number = 0; number < table->count; number++) {
        const struct prescan_field *row = &table->fields[number];
        if (!row->name) {
            continue;
        }
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(type, number);
        assert_non_null(field);
        assert_string_equal(row->name, field->name);
        assert_int_equal(row->type, type_of(field->type, row->type));
        assert_int_equal(row->repeated != 0, field->label == PROTOBUF_C_LABEL_REPEATED);
        assert_int_equal(row->choice, (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0);
        if (row->repeated) {
            assert_true(row->repeated <= PRESCAN_REPEATED_MAX);
            assert_int_equal(repeated_seen & (1u << row->repeated), 0);
            repeated_seen |= 1u << row->repeated;
            assert_true(row->count_max > 0 && row->count_max <= PRESCAN_ELEMENTS_MAX);
            assert_true(row->type >= PRESCAN_TEXT); /* a packed list of numbers would not pass */
        }
        if (row->type == PRESCAN_MESSAGE) {
            table_equals(row->message, field->descriptor);
        }
        used++;
    }
    assert_int_equal(used, type->n_fields);
}

static void the_tables_are_the_schema(void **state)
{
    (void)state;
    table_equals(&prescan_frame_message, &lienthong__v1__frame__descriptor);
    table_equals(&prescan_header_message, &lienthong__v1__header__descriptor);
}

/* ---- hostile bytes ---- */

static void frame_gives(enum lt_status expected, const char *field)
{
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(prescan(PRESCAN_FRAME, wire_bytes_view(&w), &fault), expected);
    if (field) {
        assert_string_equal(fault.field, field);
    }
    w.size = 0;
}

static void header_gives(enum lt_status expected, const char *field)
{
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(prescan(PRESCAN_HEADER, wire_bytes_view(&w), &fault), expected);
    if (field) {
        assert_string_equal(fault.field, field);
    }
    w.size = 0;
}

/* Every sample, cut after every byte: never more than a refusal, and what passes can be decoded. */
static void cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t k = 0; k < SAMPLE_KINDS; k++) {
        struct frame frame = sample_frame(&arena, sample_kinds[k], 0), out;
        struct lt_bytes bytes;
        assert_int_equal(frame_write(&frame, &arena, &bytes), LT_OK);
        for (size_t size = 0; size < bytes.size; size++) {
            /* A copy of its own, so that one byte too far is seen by the sanitizer. */
            uint8_t *cut = malloc(size + 1);
            assert_non_null(cut);
            memcpy(cut, bytes.data, size);
            struct lt_bytes view = {cut, size};
            enum lt_status scanned = prescan(PRESCAN_FRAME, view, NULL);
            assert_true(scanned == LT_OK || scanned == LT_FRAME_BAD);
            assert_int_equal(frame_read(view, &arena, &out, NULL), scanned);
            free(cut);
        }
        arena_reset(&arena);
    }
    struct header header = sample_header(&arena, 0), back;
    struct lt_bytes bytes;
    assert_int_equal(header_write(&header, &arena, &bytes), LT_OK);
    for (size_t size = 1; size < bytes.size; size++) {
        struct lt_bytes view = {bytes.data, size};
        enum lt_status status = header_read(view, &arena, &back, NULL);
        assert_true(status == LT_OK || status == LT_HEADER_BAD);
    }
}

/* 58 KB of field 15 inside field 15: the schema has no such nesting, so it is unknown, once. */
static void deep_nesting_is_no_recursion(void **state)
{
    (void)state;
    static uint8_t nest[58 * 1024];
    size_t at = sizeof(nest);
    while (at > 8) {
        innermost.size = 0;
        wire_bytes_tag(&innermost, 15, 2);
        wire_bytes_varint(&innermost, sizeof(nest) - at);
        at -= innermost.size;
        memcpy(nest + at, innermost.data, innermost.size);
    }
    innermost.size = 0;
    wire_bytes_raw(&w, nest + at, sizeof(nest) - at);
    struct frame frame;
    struct lt_bytes view = wire_bytes_view(&w);
    assert_int_equal(prescan(PRESCAN_FRAME, view, NULL), LT_OK);
    assert_int_equal(frame_read(view, &arena, &frame, NULL), LT_OK);
    w.size = 0;
    /* The same on numbers that are messages all the way down as far as the schema goes. */
    wire_bytes_text(&innermost, 1, "name");
    for (int i = 0; i < 20; i++) {
        wire_bytes_inner(&inner, 4, &innermost);
        wire_bytes_inner(&innermost, 1, &inner);
    }
    wire_bytes_inner(&w, 31, &innermost);
    frame_gives(LT_FRAME_BAD, "page.number");
}

/* The schema is four levels deep, so the limit itself is tried on a table that holds itself. */
static const struct prescan_message endless;
static const struct prescan_field endless_fields[] = {
    [1] = {.name = "on", .type = PRESCAN_MESSAGE, .message = &endless},
};
static const struct prescan_message endless = {"endless", endless_fields, 2};

static void depth_n_and_one_more(void **state)
{
    (void)state;
    for (int levels = 1; levels <= PRESCAN_DEPTH_MAX + 1; levels++) {
        struct fault fault;
        fault_init(&fault);
        enum lt_status status = prescan_walk(&endless, wire_bytes_view(&w), &fault);
        assert_int_equal(status, levels <= PRESCAN_DEPTH_MAX ? LT_OK : LT_FRAME_DEEP);
        wire_bytes_inner(&inner, 1, &w);
        wire_bytes_raw(&w, inner.data, inner.size);
        inner.size = 0;
    }
}

static void elements_n_and_one_more(void **state)
{
    (void)state;
    for (unsigned count = PRESCAN_ELEMENTS_MAX; count <= PRESCAN_ELEMENTS_MAX + 1; count++) {
        enum lt_status expected = count > PRESCAN_ELEMENTS_MAX ? LT_FRAME_CROWDED : LT_OK;
        for (unsigned i = 0; i < count; i++) {
            wire_bytes_run(&inner, 1, "", 0);
        }
        wire_bytes_inner(&w, 21, &inner);
        frame_gives(expected, expected == LT_OK ? NULL : "notice.items");
        for (unsigned i = 0; i < count; i++) {
            wire_bytes_text(&w, 6, "H24");
        }
        header_gives(expected, expected == LT_OK ? NULL : "to");
    }
    static const struct {
        uint32_t body, number, most;
    } shorter[] = {{15, 2, 64}, {18, 1, 64},  {19, 1, 64}, {23, 1, 64},
                   {24, 1, 64}, {33, 3, 200}, {34, 1, 64}};
    for (size_t k = 0; k < sizeof(shorter) / sizeof(shorter[0]); k++) {
        for (unsigned count = shorter[k].most; count <= shorter[k].most + 1; count++) {
            for (unsigned i = 0; i < count; i++) {
                wire_bytes_run(&inner, shorter[k].number, "", 0);
            }
            wire_bytes_inner(&w, shorter[k].body, &inner);
            frame_gives(count > shorter[k].most ? LT_FRAME_CROWDED : LT_OK, NULL);
        }
    }
}

static void a_million_empty_messages(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000 * 1000; i++) {
        wire_bytes_run(&inner, 2, "", 0);
    }
    wire_bytes_inner(&w, 15, &inner);
    frame_gives(LT_FRAME_CROWDED, "submit.parcels");
}

/* rows x fields: 16 rows of 1,023 empty pairs, and what is left, are exactly the limit. */
static void fields_n_and_one_more(void **state)
{
    (void)state;
    for (unsigned more = 0; more <= 1; more++) {
        unsigned fields = 1; /* page */
        while (fields < PRESCAN_FIELDS_MAX + more) {
            fields++; /* the row */
            for (unsigned i = 0; i < 1000 && fields < PRESCAN_FIELDS_MAX + more; i++, fields++) {
                wire_bytes_run(&innermost, 1, "", 0);
            }
            wire_bytes_inner(&inner, 4, &innermost);
        }
        wire_bytes_inner(&w, 31, &inner);
        frame_gives(more ? LT_FRAME_CROWDED : LT_OK, NULL);
    }
}

static void unknown_n_and_one_more(void **state)
{
    (void)state;
    for (unsigned count = PRESCAN_UNKNOWN_MAX; count <= PRESCAN_UNKNOWN_MAX + 1; count++) {
        for (unsigned i = 0; i < count / 2; i++) {
            wire_bytes_number(&inner, 900, i);
        }
        wire_bytes_inner(&w, 17, &inner); /* counted over all levels */
        for (unsigned i = count / 2; i < count; i++) {
            wire_bytes_text(&w, 5000, "?");
        }
        frame_gives(count > PRESCAN_UNKNOWN_MAX ? LT_FRAME_CROWDED : LT_OK, NULL);
    }
}

static void unknown_fields_of_every_type(void **state)
{
    (void)state;
    static const uint8_t eight[8];
    wire_bytes_tag(&w, 99, 1);
    wire_bytes_raw(&w, eight, 8);
    wire_bytes_tag(&w, 99, 5);
    wire_bytes_raw(&w, eight, 4);
    wire_bytes_text(&w, 536870911, "the greatest number");
    wire_bytes_number(&w, 4, UINT64_MAX);
    frame_gives(LT_OK, NULL);
    wire_bytes_tag(&w, 99, 1);
    wire_bytes_raw(&w, eight, 7);
    frame_gives(LT_FRAME_BAD, "99");
    wire_bytes_tag(&w, 99, 5);
    wire_bytes_raw(&w, eight, 3);
    frame_gives(LT_FRAME_BAD, "99");
    for (uint32_t type = 3; type <= 7; type++) {
        if (type != 5) {
            wire_bytes_tag(&w, 99, type); /* groups, and types that do not exist */
            frame_gives(LT_FRAME_BAD, "99");
        }
    }
}

static void singular_fields_come_once(void **state)
{
    (void)state;
    wire_bytes_number(&w, 2, 1);
    wire_bytes_number(&w, 2, 1);
    frame_gives(LT_FIELD_TWICE, "seq");
    wire_bytes_text(&inner, 6, "a");
    wire_bytes_text(&inner, 6, "b");
    wire_bytes_inner(&w, 10, &inner);
    frame_gives(LT_FIELD_TWICE, "hello.software");
    wire_bytes_inner(&w, 13, &inner);
    wire_bytes_inner(&w, 14, &inner);
    frame_gives(LT_FRAME_BAD, "bye"); /* two bodies */
    wire_bytes_inner(&w, 13, &inner);
    wire_bytes_inner(&w, 13, &inner);
    frame_gives(LT_FRAME_BAD, "beat");
    /* The same field in two elements is no repetition. */
    wire_bytes_number(&innermost, 2, 1);
    wire_bytes_inner(&inner, 1, &innermost);
    wire_bytes_number(&innermost, 2, 1);
    wire_bytes_inner(&inner, 1, &innermost);
    wire_bytes_inner(&w, 20, &inner);
    frame_gives(LT_OK, NULL);
}

static void wrong_wire_types(void **state)
{
    (void)state;
    for (uint32_t type = 0; type <= 7; type++) {
        static const uint8_t zeros[8];
        wire_bytes_tag(&w, 2, type); /* seq: a varint */
        wire_bytes_raw(&w, zeros, 8);
        w.size -= type == 0 ? 7 : 0;
        frame_gives(type == 0 ? LT_OK : LT_FRAME_BAD, NULL);
        wire_bytes_tag(&w, 13, type); /* beat: a message */
        wire_bytes_raw(&w, zeros, type == 2 ? 1 : 8);
        frame_gives(type == 2 ? LT_OK : LT_FRAME_BAD, NULL);
    }
    wire_bytes_tag(&w, 0, 0);
    wire_bytes_varint(&w, 1);
    frame_gives(LT_FRAME_BAD, NULL);
}

static void texts_are_utf8_without_nul(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        enum lt_status expected;
    } texts[] = {
        {"", 0, LT_OK},
        {"Phường Bến Thành", 22, LT_OK},
        {"a\0b", 3, LT_TEXT_BAD},
        {"0123456\0", 8, LT_TEXT_BAD}, /* eight bytes at a time: see what hides in them */
        {"\0"
         "1234567",
         8, LT_TEXT_BAD},
        {"\1\1\1\1\1\1\1\1\x7f", 9, LT_OK},
        {"01234567 h\xe1\xbb\x93 s\xc6\xa1 0123456\x80", 26, LT_TEXT_BAD},
        {"\0", 1, LT_TEXT_BAD},
        {"\xff", 1, LT_TEXT_BAD},
        {"\xc0\x80", 2, LT_TEXT_BAD},         /* NUL in two bytes */
        {"\xed\xa0\x80", 3, LT_TEXT_BAD},     /* a surrogate */
        {"\xf4\x90\x80\x80", 4, LT_TEXT_BAD}, /* above U+10FFFF */
        {"\xe1\xba", 2, LT_TEXT_BAD},         /* half a rune */
        {"\xf0\x9f\x93\x84", 4, LT_OK},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        wire_bytes_run(&inner, 6, texts[i].bytes, texts[i].size);
        wire_bytes_inner(&w, 10, &inner);
        frame_gives(texts[i].expected, texts[i].expected == LT_OK ? NULL : "hello.software");
        wire_bytes_run(&w, 8, texts[i].bytes, texts[i].size);
        header_gives(texts[i].expected, NULL);
    }
    wire_bytes_run(&w, 2, "\0\xff", 2); /* bytes are not texts */
    header_gives(LT_OK, NULL);
}

static void lengths_n_and_one_more(void **state)
{
    (void)state;
    static const struct {
        uint32_t body, number; /* of the Frame; of the body, or of its item 1 */
        uint32_t item;         /* number of the body's field that holds items; 0: none */
        size_t most, least;    /* least > 0: exact */
    } rules[] = {
        {10, 3, 0, 16, 16},  {10, 6, 0, 128, 0},        {10, 9, 0, 4096, 0}, {11, 8, 0, 128, 0},
        {11, 11, 0, 128, 0}, {12, 2, 0, 1024, 0},       {14, 2, 0, 1024, 0}, {16, 1, 1, 16, 16},
        {16, 3, 1, 16, 16},  {16, 6, 1, 128, 0},        {16, 7, 1, 1024, 0}, {18, 8, 1, 32, 32},
        {19, 1, 1, 16, 16},  {19, 6, 1, 500, 0},        {19, 10, 1, 32, 32}, {20, 1, 1, 16, 16},
        {21, 2, 1, 16, 16},  {21, 4, 1, 128, 0},        {21, 5, 1, 128, 0},  {21, 7, 1, 500, 0},
        {21, 10, 1, 64, 0},  {21, 11, 1, 50, 0},        {30, 2, 0, 128, 0},  {30, 4, 0, 1024, 0},
        {31, 3, 0, 1024, 0}, {31, 5, 0, 1024, 0},       {40, 1, 0, 32, 32},  {41, 1, 0, 32, 32},
        {42, 1, 0, 32, 32},  {42, 3, 0, 256 * 1024, 0}, {43, 1, 0, 32, 32},  {44, 1, 0, 32, 32},
        {44, 3, 0, 1024, 0}, {45, 1, 0, 32, 32},        {23, 2, 1, 16, 16},  {23, 5, 1, 32, 32},
        {24, 2, 1, 16, 16},  {24, 8, 1, 500, 0},        {24, 10, 1, 128, 0}, {34, 3, 1, 16, 16},
        {33, 1, 3, 16, 16},  {33, 4, 3, 32, 32},        {33, 5, 3, 128, 0},  {33, 7, 3, 128, 0},
        {33, 8, 3, 50, 0},   {33, 11, 3, 64, 0},
    };
    static char text[256 * 1024 + 1];
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const size_t sizes[] = {0, rules[i].most, rules[i].most + 1,
                                rules[i].least > 0 ? rules[i].least - 1 : rules[i].most};
        for (int k = 0; k < 4; k++) {
            bool right = sizes[k] == 0 || (sizes[k] <= rules[i].most && sizes[k] >= rules[i].least);
            wire_bytes_run(&innermost, rules[i].number, text, sizes[k]);
            if (rules[i].item) {
                wire_bytes_inner(&inner, rules[i].item, &innermost);
                wire_bytes_inner(&w, rules[i].body, &inner);
            } else {
                wire_bytes_inner(&w, rules[i].body, &innermost);
            }
            frame_gives(right ? LT_OK : LT_FIELD_BAD, NULL);
        }
    }
}

static void numbers_keep_to_their_width(void **state)
{
    (void)state;
    static const uint8_t eleven[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
    const struct {
        uint32_t number;
        uint64_t most;
    } rules[] = {{15, UINT32_MAX}, {4, INT32_MAX}, {26, 1}};
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        wire_bytes_number(&w, rules[i].number, rules[i].most);
        header_gives(LT_OK, NULL);
        wire_bytes_number(&w, rules[i].number, rules[i].most + 1);
        header_gives(LT_FIELD_BAD, NULL);
    }
    wire_bytes_number(&w, 18, (uint64_t)-5); /* ten bytes: a negative skew */
    header_gives(LT_OK, NULL);
    wire_bytes_tag(&w, 18, 0);
    wire_bytes_raw(&w, eleven, sizeof(eleven));
    header_gives(LT_FRAME_BAD, "skew_ms");
    wire_bytes_tag(&w, 18, 0);
    wire_bytes_raw(&w, eleven, 9);
    wire_bytes_varint(&w, 2); /* bit 64 */
    header_gives(LT_FRAME_BAD, "skew_ms");
    /* Tags and lengths in more than five bytes, or over 32 bits. */
    wire_bytes_raw(&w, "\x90\x80\x80\x80\x80\x00\x01", 7);
    frame_gives(LT_FRAME_BAD, NULL);
    wire_bytes_raw(&w, "\x90\x80\x80\x80\x10\x01", 6);
    frame_gives(LT_FRAME_BAD, NULL);
    wire_bytes_raw(&w, "\x90\x80\x80\x80\x00\x01", 6);
    frame_gives(LT_OK, NULL); /* five bytes, if long-winded */
    wire_bytes_raw(&w, "\x6a\xff\xff\xff\xff\x7f", 6);
    frame_gives(LT_FRAME_BAD, "beat");
    wire_bytes_raw(&w, "\x6a\x80\x80\x80\x80\x80\x00", 7);
    frame_gives(LT_FRAME_BAD, "beat");
}

/* A length that leads out of its message, though not out of the frame. */
static void an_inner_length_stays_inside(void **state)
{
    (void)state;
    wire_bytes_tag(&inner, 6, 2);
    wire_bytes_varint(&inner, 5);
    wire_bytes_inner(&w, 10, &inner);
    wire_bytes_raw(&w, "xxxxxxxx", 8);
    frame_gives(LT_FRAME_BAD, "hello.software");
}

/* Any bytes at all: prescan says OK only to what the decoder can read within the arena. */
static void random_bytes(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252ull;
    for (unsigned round = 0; round < 20000; round++) {
        struct frame frame = sample_frame(&arena, sample_kinds[round % SAMPLE_KINDS], round), out;
        struct lt_bytes bytes;
        assert_int_equal(frame_write(&frame, &arena, &bytes), LT_OK);
        wire_bytes_raw(&w, bytes.data, bytes.size);
        for (unsigned i = 0; i < 1 + round % 4; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            w.data[seed % w.size] = (uint8_t)(seed >> 32);
        }
        enum lt_status scanned = prescan(PRESCAN_FRAME, wire_bytes_view(&w), NULL);
        enum lt_status status = frame_read(wire_bytes_view(&w), &arena, &out, NULL);
        assert_int_equal(status, scanned);
        if (status == LT_OK) {
            assert_int_equal(frame_write(&out, &arena, &bytes), LT_OK);
        }
        w.size = 0;
        arena_reset(&arena);
    }
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_tables_are_the_schema, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_at_every_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_nesting_is_no_recursion, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_n_and_one_more, setup, teardown),
        cmocka_unit_test_setup_teardown(elements_n_and_one_more, setup, teardown),
        cmocka_unit_test_setup_teardown(a_million_empty_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_n_and_one_more, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_n_and_one_more, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_fields_of_every_type, setup, teardown),
        cmocka_unit_test_setup_teardown(singular_fields_come_once, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_wire_types, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_are_utf8_without_nul, setup, teardown),
        cmocka_unit_test_setup_teardown(lengths_n_and_one_more, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_keep_to_their_width, setup, teardown),
        cmocka_unit_test_setup_teardown(an_inner_length_stays_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(random_bytes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

static void *run_on_thread(void *ret_failed)
{
    *(int *)ret_failed = run_all();
    return NULL;
}

int main(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int failed = 1;
    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0 ||
        pthread_create(&thread, &attributes, run_on_thread, &failed) != 0) {
        return 1;
    }
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    return failed;
}
