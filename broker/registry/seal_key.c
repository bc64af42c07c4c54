/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Signing keys of agencies: their entries as bytes, the rules of an entry from outside, and the
 * table of all of them. The table is one array sorted by agency and key id, so a key is found by a
 * binary search and those of an agency lie together; changes are some a year.
 *
 * Reading an entry is structural, as everywhere in the registry: whether the DER inside is a key is
 * asked before it becomes a fact (seal_key_make) and again when it is first used, so a fact that
 * was accepted by a library of yesterday costs that key, never the start.
 *
 * A key is opened when the first seal names it: opening costs more than finding, and most keys of
 * most agencies are never asked for in the life of a process. Each entry is an allocation of its
 * own; memory grows by doubling and is bounded by the agencies and SEAL_KEYS_AGENCY_MAX.
 */
#include "seal_key.h"

#include <stdlib.h>
#include <string.h>

#include "broker/limits.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"
#include "proto/digest.h"

#define ENTRY_VERSION    1
#define FLAG_REVOKED     1u
#define FLAG_CERTIFICATE 2u
#define FLAGS_KNOWN      (FLAG_REVOKED | FLAG_CERTIFICATE)
#define SLOTS_FIRST      64

struct slot {
    struct seal_key key;
    struct public_key *public_key; /* NULL: not opened yet */
    bool unusable;                 /* its bytes are no key */
    uint8_t der[];
};

struct seal_keys {
    struct slot **slots;
    uint32_t count;
    uint32_t capacity;
};

/* ---- one entry ---- */

struct lt_bytes seal_key_write(void *memory, size_t size, const struct seal_key *key)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u8(&w, ENTRY_VERSION);
    wire_put_u32(&w, key->agency);
    wire_put_raw(&w, key->id.bytes, sizeof(key->id.bytes));
    wire_put_u8(&w, (uint8_t)((key->revoked ? FLAG_REVOKED : 0) |
                              (key->certificate ? FLAG_CERTIFICATE : 0)));
    wire_put_i64(&w, key->from_ms);
    wire_put_i64(&w, key->to_ms);
    wire_put_i64(&w, key->since_ms);
    wire_put_run16(&w, key->der);
    return wire_written(&w);
}

bool seal_key_read(struct lt_bytes bytes, struct seal_key *ret_key)
{
    struct wire_reader r;
    struct seal_key key;
    memset(&key, 0, sizeof(key));
    wire_read_init(&r, bytes);
    r.bad |= wire_u8(&r) != ENTRY_VERSION;
    key.agency = wire_u32(&r);
    wire_raw(&r, key.id.bytes, sizeof(key.id.bytes));
    uint8_t flags = wire_u8(&r);
    r.bad |= (flags & ~FLAGS_KNOWN) != 0;
    key.revoked = (flags & FLAG_REVOKED) != 0;
    key.certificate = (flags & FLAG_CERTIFICATE) != 0;
    key.from_ms = wire_i64(&r);
    key.to_ms = wire_i64(&r);
    key.since_ms = wire_i64(&r);
    key.der = wire_run16(&r);
    if (!wire_read_done(&r) || key.agency == 0 || key.der.size == 0 ||
        key.der.size > CERTIFICATE_BYTES_MAX) {
        return false;
    }
    *ret_key = key;
    return true;
}

struct lt_bytes seal_key_key_write(void *memory, size_t size, const struct seal_key *key)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u8(&w, 'S');
    wire_put_u32(&w, key->agency);
    wire_put_raw(&w, key->id.bytes, sizeof(key->id.bytes));
    return wire_written(&w);
}

static enum lt_status open_der(const struct seal_key *key, struct public_key **ret_key,
                               struct fault *fault)
{
    return key->certificate ? certificate_key(key->der, ret_key, fault)
                            : public_key_open(key->der, ret_key, fault);
}

enum lt_status seal_key_make(struct lt_bytes der, struct seal_key *ret_key, struct fault *fault)
{
    struct seal_key key;
    struct public_key *opened = NULL;
    struct certificate_about about;
    memset(&key, 0, sizeof(key));
    key.der = der;
    key.certificate = certificate_about(der, &about) == LT_OK;
    enum lt_status status = open_der(&key, &opened, fault);
    if (status != LT_OK) {
        return status;
    }
    key.id = *public_key_id(opened);
    public_key_close(&opened);
    *ret_key = key;
    return LT_OK;
}

enum lt_status seal_key_at(const struct seal_key *key, int64_t now_ms, struct fault *fault)
{
    char text[TIME_TEXT_BYTES];
    if (key->revoked) {
        return fault_set(fault, LT_SEAL_KEY_REVOKED, "seal.key_id", "revoked by the registrar");
    }
    if (now_ms < key->from_ms) {
        time_write(text, key->from_ms);
        return fault_set(fault, LT_SEAL_KEY_EARLY, "seal.key_id", "valid from %s", text);
    }
    if (key->to_ms != 0 && now_ms >= key->to_ms) {
        time_write(text, key->to_ms);
        return fault_set(fault, LT_SEAL_KEY_EXPIRED, "seal.key_id", "valid until %s", text);
    }
    return LT_OK;
}

/* ---- all of them ---- */

enum lt_status seal_keys_open(struct seal_keys **ret_keys)
{
    struct seal_keys *keys = calloc(1, sizeof(*keys));
    if (keys == NULL) {
        return LT_NO_MEMORY;
    }
    *ret_keys = keys;
    return LT_OK;
}

static void slot_free(struct slot *slot)
{
    public_key_close(&slot->public_key);
    free(slot);
}

void seal_keys_close(struct seal_keys **keys_p)
{
    struct seal_keys *keys = *keys_p;
    if (keys == NULL) {
        return;
    }
    for (uint32_t i = 0; i < keys->count; i++) {
        slot_free(keys->slots[i]);
    }
    free(keys->slots);
    free(keys);
    *keys_p = NULL;
}

static int compare(const struct seal_key *key, uint32_t agency, const struct lt_digest *id)
{
    if (key->agency != agency) {
        return key->agency < agency ? -1 : 1;
    }
    return memcmp(key->id.bytes, id->bytes, sizeof(id->bytes));
}

/* The index of the first key not before (agency, id). */
static uint32_t lower_bound(const struct seal_keys *keys, uint32_t agency,
                            const struct lt_digest *id)
{
    uint32_t low = 0;
    uint32_t high = keys->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&keys->slots[middle]->key, agency, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct slot *slot_find(const struct seal_keys *keys, uint32_t agency,
                              const struct lt_digest *id)
{
    uint32_t at = lower_bound(keys, agency, id);
    bool found = at < keys->count && compare(&keys->slots[at]->key, agency, id) == 0;
    return found ? keys->slots[at] : NULL;
}

static bool grow(struct seal_keys *keys)
{
    uint32_t capacity = keys->capacity == 0 ? SLOTS_FIRST : 2 * keys->capacity;
    if (keys->count < keys->capacity) {
        return true;
    }
    struct slot **slots = keys->count >= AGENCIES_MAX * SEAL_KEYS_AGENCY_MAX
                              ? NULL
                              : realloc(keys->slots, capacity * sizeof(struct slot *));
    if (slots == NULL) {
        return false;
    }
    keys->slots = slots;
    keys->capacity = capacity;
    return true;
}

enum lt_status seal_keys_fold(struct seal_keys *keys, struct lt_bytes entry)
{
    struct seal_key key;
    if (!seal_key_read(entry, &key)) {
        return LT_DAMAGED;
    }
    struct slot *slot = malloc(sizeof(*slot) + key.der.size);
    if (slot == NULL || !grow(keys)) {
        free(slot);
        return LT_NO_MEMORY;
    }
    slot->key = key;
    slot->key.der.data = slot->der;
    slot->public_key = NULL;
    slot->unusable = false;
    memcpy(slot->der, key.der.data, key.der.size);
    uint32_t at = lower_bound(keys, key.agency, &key.id);
    if (at < keys->count && compare(&keys->slots[at]->key, key.agency, &key.id) == 0) {
        slot_free(keys->slots[at]);
    } else {
        memmove(&keys->slots[at + 1], &keys->slots[at], (keys->count - at) * sizeof(slot));
        keys->count++;
    }
    keys->slots[at] = slot;
    return LT_OK;
}

const struct seal_key *seal_keys_find(const struct seal_keys *keys, uint32_t agency,
                                      const struct lt_digest *id)
{
    const struct slot *slot = slot_find(keys, agency, id);
    return slot == NULL ? NULL : &slot->key;
}

const struct seal_key *seal_keys_nth(const struct seal_keys *keys, uint32_t agency, uint32_t index)
{
    static const struct lt_digest first;
    uint32_t at = lower_bound(keys, agency, &first);
    bool there = index < keys->count - at && keys->slots[at + index]->key.agency == agency;
    return there ? &keys->slots[at + index]->key : NULL;
}

bool seal_keys_any(const struct seal_keys *keys, uint32_t agency)
{
    return keys->count > 0 && seal_keys_nth(keys, agency, 0) != NULL;
}

struct public_key *seal_keys_public(struct seal_keys *keys, uint32_t agency,
                                    const struct lt_digest *id)
{
    struct slot *slot = slot_find(keys, agency, id);
    if (slot == NULL || slot->unusable) {
        return NULL;
    }
    if (slot->public_key == NULL && open_der(&slot->key, &slot->public_key, NULL) != LT_OK) {
        slot->unusable = true;
        return NULL;
    }
    return public_key_keep(slot->public_key);
}

/* ---- what is wrong between entries ---- */

static bool valid_at(const struct seal_key *key, int64_t at_ms)
{
    return seal_key_at(key, at_ms, NULL) == LT_OK;
}

/* How many of the agency's other keys are valid when `key` begins. */
static uint32_t valid_beside(const struct seal_keys *keys, const struct seal_key *key,
                             int64_t at_ms)
{
    const struct seal_key *other;
    uint32_t count = 0;
    for (uint32_t i = 0; (other = seal_keys_nth(keys, key->agency, i)) != NULL; i++) {
        count += !digest_equal(&other->id, &key->id) && valid_at(other, at_ms);
    }
    return count;
}

static enum lt_status room_check(const struct seal_keys *keys, const struct seal_key *key,
                                 struct fault *fault)
{
    const struct seal_key *other;
    bool known = seal_keys_find(keys, key->agency, &key->id) != NULL;
    if (!known && seal_keys_nth(keys, key->agency, SEAL_KEYS_AGENCY_MAX - 1) != NULL) {
        return fault_set(fault, LT_NO_MEMORY, "seal_key", "> %d of one agency",
                         SEAL_KEYS_AGENCY_MAX);
    }
    if (key->revoked) {
        return LT_OK;
    }
    /* The count of valid keys rises only where one begins. */
    bool many = valid_beside(keys, key, key->from_ms) >= SEAL_KEYS_VALID_MAX;
    for (uint32_t i = 0; !many && (other = seal_keys_nth(keys, key->agency, i)) != NULL; i++) {
        many = valid_at(key, other->from_ms) && valid_at(other, other->from_ms) &&
               !digest_equal(&other->id, &key->id) &&
               valid_beside(keys, key, other->from_ms) >= SEAL_KEYS_VALID_MAX;
    }
    return many ? fault_set(fault, LT_FIELD_BAD, "seal_key", "> %d valid keys at once",
                            SEAL_KEYS_VALID_MAX)
                : LT_OK;
}

enum lt_status seal_keys_check(const struct seal_keys *keys, const struct seal_key *key,
                               struct fault *fault)
{
    if (key->to_ms != 0 && key->to_ms <= key->from_ms) {
        return fault_set(fault, LT_FIELD_BAD, "to", "to <= from");
    }
    for (uint32_t i = 0; i < keys->count; i++) {
        const struct seal_key *other = &keys->slots[i]->key;
        if (other->agency != key->agency && digest_equal(&other->id, &key->id)) {
            return fault_set(fault, LT_EXISTS, "seal_key", "agency number %u has it",
                             other->agency);
        }
    }
    return room_check(keys, key, fault);
}
