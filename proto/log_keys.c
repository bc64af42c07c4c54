/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Following a log from key to key. A line that names a key is worth nothing by itself: the note has
 * to be signed by a key that is known and by the one that is named, over the very text that names
 * it, and both have the log's one name. So nobody brings in a key who does not hold a known one,
 * and nobody can be given a key whose holder did not agree.
 *
 * Keys are only added. At LOG_KEYS_MAX no more are learnt: what they signed is foreign.
 */
#include "log_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define KEY_WORD "key "

/* The next line of the text that names a key, copied; false: no more. */
static bool key_line(struct lt_bytes *rest, char out[NOTE_VKEY_MAX])
{
    while (rest->size > 0) {
        const uint8_t *end = memchr(rest->data, '\n', rest->size);
        size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
        struct lt_bytes line = {rest->data, size};
        size += end != NULL;
        rest->data += size;
        rest->size -= size;
        size_t word = sizeof(KEY_WORD) - 1;
        if (line.size > word && line.size - word < NOTE_VKEY_MAX &&
            memcmp(line.data, KEY_WORD, word) == 0) {
            text_copy(out, NOTE_VKEY_MAX, (struct lt_bytes){line.data + word, line.size - word});
            return true;
        }
    }
    return false;
}

/* Is it a key of this name that signed the note? */
static bool key_signed(const struct note *note, const char *vkey, const char *name,
                       struct digester *digester, struct sign_checker *checker,
                       struct public_key **ret_key)
{
    char named[NOTE_NAME_MAX + 1];
    struct public_key *key = NULL;
    if (note_vkey_open(vkey, digester, named, &key) != LT_OK) {
        return false;
    }
    struct note_key wanted = {name, key};
    if (strcmp(named, name) != 0 || note_check(note, digester, checker, &wanted) != LT_OK) {
        public_key_close(&key);
        return false;
    }
    *ret_key = key;
    return true;
}

bool log_key_named(struct lt_bytes bytes, const struct note_trust *trust, const char *vkey)
{
    struct note note;
    struct checkpoint checkpoint;
    struct public_key *key = NULL;
    char line[NOTE_VKEY_MAX];
    if (checkpoint_open(bytes, trust, &checkpoint) != LT_OK || note_read(bytes, &note) != LT_OK) {
        return false;
    }
    struct lt_bytes rest = note.text;
    bool named = false;
    while (!named && key_line(&rest, line)) {
        named = strcmp(line, vkey) == 0 &&
                key_signed(&note, line, trust->key.name, trust->digester, trust->checker, &key);
    }
    public_key_close(&key);
    return named;
}

enum lt_status log_keys_open(struct log_keys *ret_keys, const struct note_trust *trust)
{
    struct log_keys keys = {.digester = trust->digester, .checker = trust->checker};
    struct lt_bytes name = text_bytes(trust->key.name);
    if (!note_name_valid(name)) {
        return LT_FIELD_BAD;
    }
    text_copy(keys.name, sizeof(keys.name), name);
    enum lt_status status = public_key_open(public_key_spki(trust->key.key), &keys.keys[0], NULL);
    if (status == LT_OK) {
        keys.count = 1;
        *ret_keys = keys;
    }
    return status;
}

void log_keys_close(struct log_keys *keys)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        public_key_close(&keys->keys[i]);
    }
    keys->count = 0;
}

static bool known(const struct log_keys *keys, const struct public_key *key)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        if (bytes_equal(public_key_spki(keys->keys[i]), public_key_spki(key))) {
            return true;
        }
    }
    return false;
}

bool log_keys_learn(struct log_keys *keys, struct lt_bytes bytes)
{
    struct note note;
    struct checkpoint checkpoint;
    char line[NOTE_VKEY_MAX];
    uint32_t before = keys->count;
    if (note_read(bytes, &note) != LT_OK || note.count < 2 ||
        log_keys_checkpoint(keys, bytes, &checkpoint) != LT_OK) {
        return false;
    }
    struct lt_bytes rest = note.text;
    while (keys->count < LOG_KEYS_MAX && key_line(&rest, line)) {
        struct public_key *key = NULL;
        if (key_signed(&note, line, keys->name, keys->digester, keys->checker, &key) &&
            !known(keys, key)) {
            keys->keys[keys->count++] = key;
            key = NULL;
        }
        public_key_close(&key);
    }
    return keys->count > before;
}

static struct note_trust trust_of(const struct log_keys *keys, uint32_t i)
{
    return (struct note_trust){keys->digester, keys->checker, {keys->name, keys->keys[i]}};
}

enum lt_status log_keys_checkpoint(const struct log_keys *keys, struct lt_bytes note,
                                   struct checkpoint *ret_checkpoint)
{
    enum lt_status status = LT_NOTE_FOREIGN;
    for (uint32_t i = 0; i < keys->count && status == LT_NOTE_FOREIGN; i++) {
        struct note_trust trust = trust_of(keys, i);
        status = checkpoint_open(note, &trust, ret_checkpoint);
    }
    return status;
}

enum lt_status log_keys_break(const struct log_keys *keys, struct lt_bytes note,
                              struct break_statement *ret_statement)
{
    enum lt_status status = LT_NOTE_FOREIGN;
    for (uint32_t i = 0; i < keys->count && status == LT_NOTE_FOREIGN; i++) {
        struct note_trust trust = trust_of(keys, i);
        status = break_open(note, &trust, ret_statement);
    }
    return status;
}
