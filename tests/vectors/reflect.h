/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_VECTORS_REFLECT_H
#define TESTS_VECTORS_REFLECT_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "ltp.pb-c.h"
#include "proto/base/text.h"

/*
 * A decoded message as JSON by the names of the schema: numbers and enums as numbers, texts as
 * texts, bytes as hex, messages as objects, repeated fields as arrays; what is absent or zero is
 * left out. It reads the generated descriptors only, never the code under test.
 */
static inline json_t *hex_json(const void *data, size_t size)
{
    char *text = malloc(2 * size + 1);
    assert(text);
    hex_write(text, data, size);
    json_t *value = json_string(text);
    free(text);
    return value;
}

static inline json_t *message_json(const ProtobufCMessage *message);

/* NULL: the zero value. */
static inline json_t *value_json(const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM: {
        uint32_t number;
        memcpy(&number, at, sizeof(number));
        return number ? json_integer(number) : NULL;
    }
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64: {
        int64_t number;
        memcpy(&number, at, sizeof(number));
        return number ? json_integer(number) : NULL;
    }
    case PROTOBUF_C_TYPE_BOOL: {
        protobuf_c_boolean truth;
        memcpy(&truth, at, sizeof(truth));
        return truth ? json_true() : NULL;
    }
    case PROTOBUF_C_TYPE_STRING: {
        const char *text;
        memcpy(&text, at, sizeof(text));
        return *text ? json_string(text) : NULL;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        ProtobufCBinaryData data;
        memcpy(&data, at, sizeof(data));
        return data.len ? hex_json(data.data, data.len) : NULL;
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *inner;
        memcpy(&inner, at, sizeof(inner));
        return inner ? message_json(inner) : NULL;
    }
    default:
        abort();
    }
}

static inline json_t *list_json(const ProtobufCFieldDescriptor *field, const uint8_t *base)
{
    size_t count;
    const uint8_t *list;
    memcpy(&count, base + field->quantifier_offset, sizeof(count));
    memcpy(&list, base + field->offset, sizeof(list));
    json_t *array = count ? json_array() : NULL;
    for (size_t i = 0; i < count; i++) {
        json_t *value = value_json(field, list + i * sizeof(void *));
        json_array_append_new(array, value ? value : json_string(""));
    }
    return array;
}

static inline json_t *message_json(const ProtobufCMessage *message)
{
    const uint8_t *base = (const uint8_t *)message;
    json_t *object = json_object();
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        json_t *value = NULL;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            value = list_json(field, base);
        } else {
            uint32_t chosen = field->id;
            if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
                memcpy(&chosen, base + field->quantifier_offset, sizeof(chosen));
            }
            value = chosen == field->id ? value_json(field, base + field->offset) : NULL;
        }
        if (value) {
            json_object_set_new(object, field->name, value);
        }
    }
    return object;
}

#endif
