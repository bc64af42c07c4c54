/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a query says: its arguments, its cursor, the transfer it names; and where the bytes of a
 * transfer are found again. Texts of a query are UTF-8 without NUL and bounded by the pre-scan;
 * here they get their meaning, and whatever has none is refused with the argument's name and value,
 * so that a mistyped filter never shows more than was asked for.
 */
#include "ask.h"

#include <string.h>

#include "broker/flow/plan.h"
#include "broker/flow/replay.h"
#include "broker/limits.h"
#include "proto/base/text.h"
#include "proto/message.h"

struct lt_bytes ask_arg(const struct ask *ask, const char *name)
{
    for (uint32_t i = 0; i < ask->query->args_count; i++) {
        if (bytes_equal(ask->query->args[i].name, text_bytes(name))) {
            return ask->query->args[i].value;
        }
    }
    return (struct lt_bytes){NULL, 0};
}

bool ask_flag(const struct ask *ask, const char *name)
{
    return bytes_equal(ask_arg(ask, name), text_bytes("1"));
}

enum lt_status ask_bad(struct ask *ask, const char *name)
{
    struct lt_bytes value = ask_arg(ask, name);
    int size = (int)utf8_cut((const char *)value.data, value.size, 80);
    return fault_set(&ask->fault, LT_FIELD_BAD, name, "%.*s", size, (const char *)value.data);
}

enum lt_status ask_missing(struct ask *ask, const char *name)
{
    return fault_set(&ask->fault, LT_FIELD_MISSING, name, "-");
}

enum lt_status ask_text(struct ask *ask, const char *name, char *out, size_t size)
{
    struct lt_bytes value = ask_arg(ask, name);
    if (value.size >= size) {
        return ask_bad(ask, name);
    }
    if (value.size > 0) {
        memcpy(out, value.data, value.size);
    }
    out[value.size] = '\0';
    return LT_OK;
}

enum lt_status ask_number(struct ask *ask, const char *name, uint64_t most, uint64_t *ret_value,
                          bool *ret_given)
{
    struct lt_bytes value = ask_arg(ask, name);
    uint64_t number = 0;
    *ret_given = value.size > 0;
    for (size_t i = 0; i < value.size; i++) {
        uint8_t digit = (uint8_t)(value.data[i] - '0');
        if (digit > 9 || number > (most - digit) / 10) {
            return ask_bad(ask, name);
        }
        number = number * 10 + digit;
    }
    if (*ret_given) {
        *ret_value = number;
    }
    return LT_OK;
}

enum lt_status ask_agency(struct ask *ask, const char *name, uint32_t *ret_number, bool *ret_given)
{
    struct lt_bytes id = ask_arg(ask, name);
    *ret_given = id.size > 0;
    if (!*ret_given) {
        return LT_OK;
    }
    if (!agency_id_valid(id)) {
        return ask_bad(ask, name);
    }
    const struct agency *agency = registry_by_id(ask->flow->registry, id);
    *ret_number = agency == NULL ? AGENCY_NONE : agency->number;
    return LT_OK;
}

enum lt_status ask_code_arg(struct ask *ask, uint16_t *ret_code)
{
    char text[64] = "";
    enum lt_status status = ask_text(ask, "code", text, sizeof(text));
    if (status != LT_OK || text[0] == '\0') {
        return status;
    }
    const struct lt_error *error = lt_error_by_code(text);
    if (error == NULL || error->status == LT_OK) {
        return ask_bad(ask, "code");
    }
    *ret_code = (uint16_t)error->status;
    return LT_OK;
}

enum lt_status ask_plan(struct ask *ask, uint64_t *ret_number, struct plan *ret_plan,
                        struct plan_now *ret_now)
{
    uint64_t number = 0;
    bool given;
    enum lt_status status = ask_number(ask, "number", UINT64_MAX / 2, &number, &given);
    if (status != LT_OK) {
        return status;
    }
    if (!given) {
        return ask_missing(ask, "number");
    }
    status = plan_load(ask->flow, number, ret_plan);
    if (status == LT_OK) {
        status = plan_now_load(ask->flow, number, ret_now);
    }
    if (status == LT_NOT_FOUND) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "plan", "%llu", (unsigned long long)number);
    }
    if (status == LT_OK) {
        *ret_number = number;
    }
    return status;
}

/* ---- the transfer that is meant -------------------------------------------------------------- */

struct candidates {
    uint32_t from; /* AGENCY_NONE + given: nobody; not given: anybody */
    bool from_given;
    uint32_t count;
    struct transfer_key keys[2];
};

static void candidate(struct candidates *found, const struct transfer_key *key)
{
    bool wanted = !found->from_given || key->from == found->from;
    if (wanted && found->count < 2) {
        found->keys[found->count++] = *key;
    }
}

/* Everybody who used the id: ids of two senders are two transfers. */
static enum lt_status find_senders(struct ask *ask, const struct lt_id *id,
                                   struct candidates *found)
{
    uint8_t from_bytes[RECORD_KEY_MAX];
    struct transfer_key from = {.id = *id};
    struct state_entry at;
    enum lt_status status =
        state_seek(ask->flow->state, STATE_TRANSFERS, transfer_key_write(from_bytes, &from), &at);
    while (status == LT_OK && at.found && at.key.size > sizeof(id->bytes) &&
           memcmp(at.key.data, id->bytes, sizeof(id->bytes)) == 0 && ask_look(ask)) {
        struct transfer_key key;
        if (!case_value_read(at.key, &key)) {
            return LT_DAMAGED;
        }
        candidate(found, &key);
        status = state_step(ask->flow->state, &at);
    }
    return status;
}

enum lt_status ask_transfer(struct ask *ask, struct transfer_key *ret_key,
                            struct transfer *ret_transfer)
{
    char text[ID_TEXT_BYTES];
    struct lt_id id;
    struct candidates found = {.from = AGENCY_NONE};
    if (ask_arg(ask, "id").size == 0) {
        return ask_missing(ask, "id");
    }
    if (ask_text(ask, "id", text, sizeof(text)) != LT_OK || !id_read(&id, text)) {
        return ask_bad(ask, "id");
    }
    enum lt_status status = ask_agency(ask, "from", &found.from, &found.from_given);
    if (status == LT_OK) {
        status = find_senders(ask, &id, &found);
    }
    if (status != LT_OK) {
        return status;
    }
    if (found.count == 0) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "id", "%s", text);
    }
    if (found.count > 1) {
        return fault_set(&ask->fault, LT_FIELD_MISSING, "from", "%s: two senders", text);
    }
    *ret_key = found.keys[0];
    status = transfer_load(ask->flow, ret_key, ret_transfer);
    if (status == LT_OK && ret_transfer->code == 0 && ret_transfer->twin.from != 0) {
        *ret_key = ret_transfer->twin;
        status = transfer_load(ask->flow, ret_key, ret_transfer);
    }
    return status;
}

/* ---- pages ------------------------------------------------------------------------------------
 */

enum lt_status ask_cursor(struct ask *ask, size_t size, struct wire_reader *ret_reader,
                          bool *ret_given)
{
    *ret_given = ask->query->cursor.size > 0;
    if (*ret_given && ask->query->cursor.size != size) {
        return fault_set(&ask->fault, LT_FIELD_BAD, "cursor", "of another query");
    }
    wire_read_init(ret_reader, ask->query->cursor);
    return LT_OK;
}

bool ask_look(struct ask *ask)
{
    return ask->looked++ < SCAN_ROWS_MAX;
}

/* ---- bytes ------------------------------------------------------------------------------------
 */

enum lt_status ask_parcel(struct ask *ask, uint64_t position, struct header *ret_header,
                          struct lt_bytes *ret_header_bytes, struct lt_bytes *ret_body)
{
    return parcel_read(ask->flow, position, ret_header, ret_header_bytes, ret_body);
}

enum lt_status ask_staged(enum lt_status status)
{
    if (status == LT_OK || status == LT_BUSY || status == LT_FORMAT_NOT_ENABLED ||
        lt_class(status) == LT_CLASS_STOP) {
        return status;
    }
    return LT_IO; /* staged and not folded: what is shown from now on cannot be trusted */
}

enum lt_status ask_fact(struct ask *ask, enum fact_kind kind, struct lt_bytes payload,
                        uint64_t *ret_position)
{
    if (!flow_room_small(ask->flow)) {
        return LT_BUSY;
    }
    return ask_staged(flow_fact(ask->flow, (uint8_t)kind, payload, ret_position));
}

bool ask_stamps(const struct ask *ask, struct operators_stamps *ret_stamps)
{
    const struct operators_about *about = &ask->operators->about;
    return ask->operators->about_known && about->stamps != NULL &&
           about->stamps(about->self, ask->flow->now_ms, ret_stamps);
}
