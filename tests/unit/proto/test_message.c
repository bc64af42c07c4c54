/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The message door, both ways. Writing is judged by the generated decoder: every field of every
 * message must hold the value made from its own name, so no two fields can be swapped. Reading is
 * judged by writing again: the bytes must be the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ltp.pb-c.h"

#include "proto/digest.h"
#include "proto/message.h"
#include "proto/prescan.h"
#include "vectors/samples.h"

#define ARENA_BYTES (1024 * 1024)
#define VARIANTS    8

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    return arena_init(&arena, 64 * 1024, ARENA_BYTES) == LT_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static void message_holds(const ProtobufCMessage *message, unsigned v);

static void bytes_hold(const ProtobufCBinaryData *data, const char *name, unsigned v)
{
    struct lt_digest digest = sample_digest(name, v);
    struct lt_bytes text = sample_text(&arena, name, v);
    if (data->len == sizeof(digest.bytes) || data->len == sizeof(struct lt_id)) {
        assert_memory_equal(data->data, digest.bytes, data->len);
        return;
    }
    assert_int_equal(data->len, text.size);
    assert_memory_equal(data->data, text.data, text.size);
}

/* One value of a field, wherever it lies. */
static void value_holds(const ProtobufCFieldDescriptor *field, const void *value, unsigned v)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
        assert_int_equal(*(const uint32_t *)value, sample_u32(field->name, v));
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        assert_int_equal(*(const uint64_t *)value, sample_u64(field->name, v));
        break;
    case PROTOBUF_C_TYPE_BOOL:
        assert_int_equal(*(const protobuf_c_boolean *)value, sample_bool(field->name, v));
        break;
    case PROTOBUF_C_TYPE_ENUM:
        assert_int_equal(*(const uint32_t *)value, sample_enum(field->name, v));
        break;
    case PROTOBUF_C_TYPE_STRING: {
        struct lt_bytes text = sample_text(&arena, field->name, v);
        assert_string_equal(*(const char *const *)value, (const char *)text.data);
        break;
    }
    case PROTOBUF_C_TYPE_BYTES:
        bytes_hold(value, field->name, v);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        assert_non_null(*(const ProtobufCMessage *const *)value);
        message_holds(*(const ProtobufCMessage *const *)value, v);
        break;
    default:
        fail_msg("field %s has a type the house does not use", field->name);
    }
}

static void list_holds(const ProtobufCFieldDescriptor *field, const uint8_t *base, unsigned v)
{
    size_t count;
    const uint8_t *list;
    memcpy(&count, base + field->quantifier_offset, sizeof(count));
    memcpy(&list, base + field->offset, sizeof(list));
    assert_int_equal(count, SAMPLE_ITEMS);
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++) {
        value_holds(field, list + i * sizeof(void *), v + i);
    }
}

static void message_holds(const ProtobufCMessage *message, unsigned v)
{
    const uint8_t *base = (const uint8_t *)message;
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        uint32_t chosen;
        if (strcmp(field->name, "checkpoint") == 0) {
            continue; /* reserved: not in our structs */
        }
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            list_holds(field, base, v);
            continue;
        }
        if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
            memcpy(&chosen, base + field->quantifier_offset, sizeof(chosen));
            if (chosen != field->id) {
                continue;
            }
        }
        value_holds(field, base + field->offset, v);
    }
}

static void assert_bytes_equal(struct lt_bytes a, struct lt_bytes b)
{
    assert_int_equal(a.size, b.size);
    assert_int_equal(memcmp(a.data, b.data, a.size), 0);
}

static void every_frame_goes_round(void **state)
{
    (void)state;
    for (size_t k = 0; k < SAMPLE_KINDS; k++) {
        for (unsigned v = 0; v < VARIANTS; v++) {
            struct fault fault;
            struct frame in = sample_frame(&arena, sample_kinds[k], v), out;
            struct lt_bytes bytes, again;
            fault_init(&fault);
            assert_int_equal(frame_write(&in, &arena, &bytes), LT_OK);
            Lienthong__V1__Frame *wire = lienthong__v1__frame__unpack(NULL, bytes.size, bytes.data);
            assert_non_null(wire);
            assert_int_equal(wire->body_case, sample_kinds[k]);
            message_holds(&wire->base, v);
            lienthong__v1__frame__free_unpacked(wire, NULL);

            assert_int_equal(frame_read(bytes, &arena, &out, &fault), LT_OK);
            assert_int_equal(out.kind, sample_kinds[k]);
            assert_int_equal(fault.status, LT_OK);
            assert_int_equal(frame_write(&out, &arena, &again), LT_OK);
            assert_bytes_equal(bytes, again);
            arena_reset(&arena);
        }
    }
}

static void header_goes_round(void **state)
{
    (void)state;
    for (unsigned v = 0; v < VARIANTS; v++) {
        struct header in = sample_header(&arena, v), out;
        struct lt_bytes bytes, again;
        assert_int_equal(header_write(&in, &arena, &bytes), LT_OK);
        Lienthong__V1__Header *wire = lienthong__v1__header__unpack(NULL, bytes.size, bytes.data);
        assert_non_null(wire);
        message_holds(&wire->base, v);
        lienthong__v1__header__free_unpacked(wire, NULL);

        assert_int_equal(header_read(bytes, &arena, &out, NULL), LT_OK);
        assert_true(out.task.present && out.business.present);
        assert_int_equal(header_write(&out, &arena, &again), LT_OK);
        assert_bytes_equal(bytes, again);
        arena_reset(&arena);
    }
}

static void absent_is_zero(void **state)
{
    (void)state;
    struct header header = {.priority = 1}, out;
    struct lt_bytes bytes;
    assert_int_equal(header_write(&header, &arena, &bytes), LT_OK);
    assert_int_equal(header_read(bytes, &arena, &out, NULL), LT_OK);
    assert_true(id_empty(&out.id));
    assert_true(digest_empty(&out.body_sha256));
    assert_false(out.task.present || out.business.present);
    assert_int_equal(out.to_count + out.aliases_count + out.attachments_count, 0);
    assert_null(out.to);
    assert_int_equal(out.from.size, 0);
    assert_int_equal(out.priority, 1);

    for (size_t k = 0; k < SAMPLE_KINDS; k++) {
        struct frame in = {.kind = sample_kinds[k]}, back;
        assert_int_equal(frame_write(&in, &arena, &bytes), LT_OK);
        assert_int_equal(frame_read(bytes, &arena, &back, NULL), LT_OK);
        assert_int_equal(back.kind, sample_kinds[k]);
        assert_int_equal(back.session, 0);
    }
}

static void a_frame_of_a_newer_peer_is_none(void **state)
{
    (void)state;
    struct wire_bytes w = {0};
    struct frame frame;
    wire_bytes_number(&w, 1, 7);
    wire_bytes_number(&w, 2, 8);
    wire_bytes_text(&w, 4095, "from the future");
    assert_int_equal(frame_read(wire_bytes_view(&w), &arena, &frame, NULL), LT_OK);
    assert_int_equal(frame.kind, FRAME_NONE);
    assert_int_equal(frame.session, 7);
    assert_int_equal(frame.seq, 8);
    wire_bytes_free(&w);
}

/* What a later peer says inside a seal is passed over; a seal that says nothing is none. */
static void the_seal_is_read_field_by_field(void **state)
{
    (void)state;
    struct wire_bytes seal = {0}, submit = {0}, frame = {0};
    struct frame out;
    wire_bytes_text(&seal, 3, "signature");
    wire_bytes_text(&seal, 9, "unknown in the middle");
    wire_bytes_number(&seal, 1, 5);
    wire_bytes_number(&submit, 3, 77);
    wire_bytes_inner(&submit, 1, &seal);
    wire_bytes_number(&frame, 2, 9);
    wire_bytes_inner(&frame, 15, &submit);
    assert_int_equal(frame_read(wire_bytes_view(&frame), &arena, &out, NULL), LT_OK);
    assert_int_equal(out.submit.seal.algorithm, 5);
    assert_bytes_equal(out.submit.seal.signature, text_bytes("signature"));
    assert_int_equal(out.submit.seal.key_id.size, 0);
    assert_int_equal(out.submit.want_bytes, 77);
    struct lt_bytes written;
    assert_int_equal(frame_write(&out, &arena, &written), LT_OK);
    assert_int_equal(frame_read(written, &arena, &out, NULL), LT_OK);
    assert_bytes_equal(out.submit.seal.signature, text_bytes("signature"));
    memset(&out.submit.seal, 0, sizeof(out.submit.seal));
    assert_int_equal(frame_write(&out, &arena, &written), LT_OK);
    assert_int_equal(frame_read(written, &arena, &out, NULL), LT_OK);
    assert_int_equal(out.submit.seal.algorithm, 0);
    assert_int_equal(out.submit.seal.signature.size, 0);
    wire_bytes_free(&seal);
    wire_bytes_free(&submit);
    wire_bytes_free(&frame);
}

static void a_small_arena_is_no_memory(void **state)
{
    (void)state;
    for (size_t k = 0; k < SAMPLE_KINDS; k++) {
        struct frame in = sample_frame(&arena, sample_kinds[k], 0);
        struct lt_bytes bytes, again;
        bool through = false;
        assert_int_equal(frame_write(&in, &arena, &bytes), LT_OK);
        for (size_t cap = 0; !through; cap += 16) {
            struct arena small;
            struct frame out = {.kind = FRAME_NONE};
            assert_int_equal(arena_init(&small, 8192, cap), LT_OK);
            enum lt_status status = frame_read(bytes, &small, &out, NULL);
            assert_true(status == LT_OK || status == LT_NO_MEMORY);
            assert_int_equal(out.kind, status == LT_OK ? sample_kinds[k] : FRAME_NONE);
            arena_reset(&small);
            enum lt_status written = frame_write(&in, &small, &again);
            assert_true(written == LT_OK || written == LT_NO_MEMORY);
            through = status == LT_OK && written == LT_OK;
            assert_true(through || cap < 64 * 1024);
            arena_deinit(&small);
        }
        arena_reset(&arena);
    }
}

static struct frame submit_of(struct parcel *parcels, uint32_t count)
{
    struct frame frame = {.kind = FRAME_SUBMIT};
    frame.submit.parcels = parcels;
    frame.submit.count = count;
    return frame;
}

static void the_largest_frame_and_one_byte_more(void **state)
{
    (void)state;
    static uint8_t body[LT_FRAME_BYTES_MAX];
    struct parcel parcel = {.body = {body, LT_FRAME_BYTES_MAX - 64}};
    struct frame frame = submit_of(&parcel, 1), out;
    struct lt_bytes bytes;
    assert_int_equal(frame_write(&frame, &arena, &bytes), LT_OK);
    parcel.body.size += LT_FRAME_BYTES_MAX - bytes.size;
    assert_int_equal(frame_write(&frame, &arena, &bytes), LT_OK);
    assert_int_equal(bytes.size, LT_FRAME_BYTES_MAX);
    struct arena large;
    assert_int_equal(arena_init(&large, 4096, 2 * LT_FRAME_BYTES_MAX), LT_OK);
    assert_int_equal(frame_read(bytes, &large, &out, NULL), LT_OK);
    bytes.size++;
    assert_int_equal(frame_read(bytes, &large, &out, NULL), LT_FRAME_TOO_LARGE);
    parcel.body.size++;
    assert_int_equal(frame_write(&frame, &arena, &bytes), LT_FRAME_TOO_LARGE);
    arena_deinit(&large);
}

static void the_largest_header_and_one_byte_more(void **state)
{
    (void)state;
    static char text[LT_HEADER_BYTES_MAX];
    memset(text, 'x', sizeof(text));
    struct lt_bytes filler = {(const uint8_t *)text, LT_HEADER_BYTES_MAX - 3};
    struct header header = {.from = filler}, out;
    struct lt_bytes bytes;
    assert_int_equal(header_write(&header, &arena, &bytes), LT_OK);
    assert_int_equal(bytes.size, LT_HEADER_BYTES_MAX);
    assert_int_equal(header_read(bytes, &arena, &out, NULL), LT_OK);
    bytes.size++;
    assert_int_equal(header_read(bytes, &arena, &out, NULL), LT_HEADER_BAD);
    bytes.size = 0;
    assert_int_equal(header_read(bytes, &arena, &out, NULL), LT_HEADER_BAD);
    header.from.size++;
    assert_int_equal(header_write(&header, &arena, &bytes), LT_HEADER_BAD);
}

static void parcels_n_and_one_more(void **state)
{
    (void)state;
    struct parcel parcels[LT_PARCELS_PER_FRAME + 1] = {0};
    struct frame frame = submit_of(parcels, LT_PARCELS_PER_FRAME);
    struct lt_bytes bytes;
    assert_int_equal(frame_write(&frame, &arena, &bytes), LT_OK);
    frame.submit.count++;
    assert_int_equal(frame_write(&frame, &arena, &bytes), LT_FRAME_CROWDED);
}

/* What our reader would refuse does not leave. */
static void bad_texts_are_not_written(void **state)
{
    (void)state;
    static char long_reason[LT_REASON_MAX + 2];
    struct lt_bytes bytes;
    struct header header = {.from = {(const uint8_t *)"A\0B", 3}};
    assert_int_equal(header_write(&header, &arena, &bytes), LT_TEXT_BAD);
    header.from = text_bytes("A\xff");
    assert_int_equal(header_write(&header, &arena, &bytes), LT_TEXT_BAD);

    struct settlement settlement = {.outcome = LT_OUTCOME_REFUSED};
    struct frame frame = {.kind = FRAME_SETTLE, .settle = {&settlement, 1}};
    memset(long_reason, 'x', LT_REASON_MAX);
    settlement.reason = text_bytes(long_reason);
    assert_int_equal(frame_write(&frame, &arena, &bytes), LT_OK);
    long_reason[LT_REASON_MAX] = 'x';
    settlement.reason = text_bytes(long_reason);
    assert_int_equal(frame_write(&frame, &arena, &bytes), LT_FIELD_BAD);
}

/* A header's shape is a decision on a parcel: codes below 100. */
static void header_refusals_are_parcel_decisions(void **state)
{
    (void)state;
    struct wire_bytes w = {0};
    struct header header;
    struct fault fault;
    fault_init(&fault);
    wire_bytes_number(&w, 15, 1);
    wire_bytes_number(&w, 15, 1);
    assert_int_equal(header_read(wire_bytes_view(&w), &arena, &header, &fault), LT_HEADER_BAD);
    assert_int_equal(fault.status, LT_HEADER_BAD);
    assert_string_equal(fault.field, "priority");
    w.size = 0;
    wire_bytes_text(&w, 1, "short id");
    assert_int_equal(header_read(wire_bytes_view(&w), &arena, &header, NULL), LT_FIELD_BAD);
    w.size = 0;
    wire_bytes_text(&w, 5, "H24\xc0\x80");
    assert_int_equal(header_read(wire_bytes_view(&w), &arena, &header, NULL), LT_TEXT_BAD);
    wire_bytes_free(&w);
}

static void parcel_bytes_is_an_upper_bound(void **state)
{
    (void)state;
    static uint8_t data[LT_BODY_INLINE_MAX];
    const size_t sizes[] = {0, 1, 127, 128, 16383, 16384, LT_BODY_INLINE_MAX};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t header_size = sizes[i] < LT_HEADER_BYTES_MAX ? sizes[i] : LT_HEADER_BYTES_MAX;
        struct delivery delivery = {
            .header = {data, header_size},
            .body = {data, sizes[i]},
            .position = UINT64_MAX,
            .leg = UINT32_MAX,
            .attempt = UINT32_MAX,
            .accepted_ms = -1,
            .again = true,
            .digest = sample_digest("digest", 0),
            .restored = true,
        };
        struct delivery two[2] = {delivery, delivery};
        struct frame frame = {.kind = FRAME_DELIVER, .deliver = {two, 1}};
        struct lt_bytes one_bytes, two_bytes;
        assert_int_equal(frame_write(&frame, &arena, &one_bytes), LT_OK);
        frame.deliver.count = 2;
        assert_int_equal(frame_write(&frame, &arena, &two_bytes), LT_OK);
        assert_true(two_bytes.size - one_bytes.size <= parcel_bytes(header_size, sizes[i]));
        arena_reset(&arena);
    }
}

static void names(void **state)
{
    (void)state;
    for (unsigned i = 1; i < LT_KINDS_END; i++) {
        const char *name = kind_name((enum lt_kind)i);
        assert_non_null(name);
        assert_int_equal(kind_by_name(text_bytes(name)), i);
    }
    assert_null(kind_name(LT_KIND_NONE));
    assert_null(kind_name(LT_KINDS_END));
    assert_null(kind_name((enum lt_kind)77));
    assert_int_equal(kind_by_name(text_bytes("")), LT_KIND_NONE);
    assert_int_equal(kind_by_name(text_bytes("kind-77")), LT_KIND_NONE);
    for (size_t k = 0; k < SAMPLE_KINDS; k++) {
        assert_string_not_equal(frame_kind_name(sample_kinds[k]), "unknown");
    }
    assert_string_equal(frame_kind_name((enum frame_kind)29), "unknown");
    assert_string_equal(frame_kind_name((enum frame_kind)48), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_frame_goes_round, setup, teardown),
        cmocka_unit_test_setup_teardown(header_goes_round, setup, teardown),
        cmocka_unit_test_setup_teardown(absent_is_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frame_of_a_newer_peer_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(the_seal_is_read_field_by_field, setup, teardown),
        cmocka_unit_test_setup_teardown(a_small_arena_is_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(the_largest_frame_and_one_byte_more, setup, teardown),
        cmocka_unit_test_setup_teardown(the_largest_header_and_one_byte_more, setup, teardown),
        cmocka_unit_test_setup_teardown(parcels_n_and_one_more, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_texts_are_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(header_refusals_are_parcel_decisions, setup, teardown),
        cmocka_unit_test_setup_teardown(parcel_bytes_is_an_upper_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(names, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
