/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the axis has of an agency's own transfers as JSON, leg by leg: the answer to a status query.
 * Names are those of the other lists of the door; `state` is the leg's and may grow words.
 */
#include <jansson.h>

#include "door_json.h"
#include "proto/base/text.h"
#include "proto/message.h"

static bool set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static bool set_text(json_t *object, const char *name, const char *text)
{
    return text == NULL || text[0] == '\0' || set(object, name, json_string(text));
}

static json_t *leg_form(const struct lt_list_row *row)
{
    char id[ID_TEXT_BYTES];
    char digest[2 * sizeof(row->digest.bytes) + 1];
    struct lt_bytes key = {row->sender_key, row->sender_key_size};
    json_t *object = json_object();
    id_write(id, &row->id);
    hex_write(digest, row->digest.bytes, sizeof(row->digest.bytes));
    bool whole = object != NULL && set_text(object, "id", id) &&
                 set(object, "leg", json_integer(row->leg)) &&
                 set(object, "position", json_integer((json_int_t)row->position)) &&
                 set_text(object, "state", row->state) && set_text(object, "agency", row->agency) &&
                 set_text(object, "case_code", row->case_code) &&
                 set_text(object, "kind", kind_name(row->kind)) &&
                 set_text(object, "digest", digest) &&
                 set(object, "accepted_ms", json_integer(row->accepted_ms)) &&
                 set(object, "since_ms", json_integer(row->since_ms)) &&
                 (row->code == LT_OK || set_text(object, "code", lt_code(row->code))) &&
                 (key.size == 0 || !utf8_valid(key) ||
                  set(object, "sender_key", json_stringn((const char *)key.data, key.size)));
    if (!whole) {
        json_decref(object);
        return NULL;
    }
    return object;
}

char *door_legs_json(const struct lt_list_row *rows, uint32_t count, uint64_t next)
{
    json_t *list = json_array();
    json_t *object = json_object();
    bool whole = list != NULL && object != NULL;
    for (uint32_t i = 0; whole && i < count; i++) {
        whole = json_array_append_new(list, leg_form(&rows[i])) == 0;
    }
    whole = whole && json_object_set(object, "transfers", list) == 0 &&
            set(object, "next", json_integer((json_int_t)next));
    char *text = whole ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(list);
    json_decref(object);
    return text;
}
