/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Signed notes: the form in which checkpoints of the log and statements about it travel, so that
 * anybody's tools for transparency logs read them.
 *
 * The reader is strict, because two programs must never see two texts under one signature: UTF-8,
 * no control characters but newlines, one encoding of every signature, bounds on everything. What
 * it does not take is LT_NOTE_BAD. Signatures of unknown keys are passed over, as the specification
 * asks; a signature of the known key that does not fit makes the whole note worthless.
 */
#include "note.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"

#define DASH       "\xE2\x80\x94 " /* em dash, space */
#define DASH_BYTES 4

enum note_type { NOTE_ED25519 = 0x01, NOTE_ECDSA = 0x02 };
#define ED25519_BYTES 32

bool note_name_valid(struct lt_bytes name)
{
    if (name.size == 0 || name.size > NOTE_NAME_MAX || !utf8_valid(name)) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        /* Plain ASCII without spaces: what a name of ours may be is narrower than what a note
         * allows, and so no Unicode space can be in it. */
        if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == '+') {
            return false;
        }
    }
    return true;
}

static uint32_t four(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

bool note_key_id(struct digester *digester, const struct note_key *key, uint32_t *ret_id)
{
    uint8_t text[NOTE_NAME_MAX + 2 + ED25519_BYTES];
    struct lt_bytes spki = public_key_spki(key->key);
    size_t name = strlen(key->name);
    struct lt_digest digest;
    if (!note_name_valid((struct lt_bytes){(const uint8_t *)key->name, name})) {
        return false;
    }
    switch (public_key_algorithm(key->key)) {
    case SIGN_ED25519:
        memcpy(text, key->name, name);
        text[name] = '\n';
        text[name + 1] = NOTE_ED25519;
        memcpy(text + name + 2, spki.data + spki.size - ED25519_BYTES, ED25519_BYTES);
        digest = digest_of(digester, (struct lt_bytes){text, name + 2 + ED25519_BYTES});
        break;
    case SIGN_ECDSA_P256:
        digest = digest_of(digester, spki);
        break;
    default:
        return false;
    }
    *ret_id = four(digest.bytes);
    return true;
}

/* ---- keys as lines ---- */

/* SubjectPublicKeyInfo of an Ed25519 key is this and its 32 bytes (RFC 8410). */
static const uint8_t ed25519_spki[] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03,
                                       0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
#define VKEY_KEY_MAX 128

bool note_vkey_write(char out[NOTE_VKEY_MAX], struct digester *digester, const struct note_key *key)
{
    uint8_t bytes[1 + VKEY_KEY_MAX];
    char text[BASE64_BYTES(sizeof(bytes)) + 1];
    struct lt_bytes spki = public_key_spki(key->key);
    uint32_t id;
    if (!note_key_id(digester, key, &id) || spki.size > VKEY_KEY_MAX) {
        return false;
    }
    bool edwards = public_key_algorithm(key->key) == SIGN_ED25519;
    size_t skipped = edwards ? sizeof(ed25519_spki) : 0;
    bytes[0] = edwards ? NOTE_ED25519 : NOTE_ECDSA;
    memcpy(bytes + 1, spki.data + skipped, spki.size - skipped);
    base64_write(text, (struct lt_bytes){bytes, 1 + spki.size - skipped});
    int size = snprintf(out, NOTE_VKEY_MAX, "%s+%08x+%s", key->name, id, text);
    return size > 0 && size < NOTE_VKEY_MAX;
}

/* The key behind its type. */
static enum lt_status key_open(const uint8_t *bytes, size_t size, struct public_key **ret_key)
{
    uint8_t spki[sizeof(ed25519_spki) + ED25519_BYTES];
    if (size == 1 + ED25519_BYTES && bytes[0] == NOTE_ED25519) {
        memcpy(spki, ed25519_spki, sizeof(ed25519_spki));
        memcpy(spki + sizeof(ed25519_spki), bytes + 1, ED25519_BYTES);
        return public_key_open((struct lt_bytes){spki, sizeof(spki)}, ret_key, NULL);
    }
    if (size > 1 && bytes[0] == NOTE_ECDSA) {
        return public_key_open((struct lt_bytes){bytes + 1, size - 1}, ret_key, NULL);
    }
    return LT_FIELD_BAD;
}

enum lt_status note_vkey_open(const char *text, struct digester *digester,
                              char ret_name[NOTE_NAME_MAX + 1], struct public_key **ret_key)
{
    char name[NOTE_NAME_MAX + 1], again[NOTE_VKEY_MAX];
    uint8_t bytes[1 + VKEY_KEY_MAX + 2];
    size_t size;
    struct public_key *key = NULL;
    const char *plus = strchr(text, '+');
    if (strlen(text) >= NOTE_VKEY_MAX || plus == NULL || plus - text > NOTE_NAME_MAX ||
        strlen(plus) < 10 || plus[9] != '+') {
        return LT_FIELD_BAD;
    }
    text_copy(name, sizeof(name), (struct lt_bytes){(const uint8_t *)text, (size_t)(plus - text)});
    const char *rest = plus + 10;
    if (strlen(rest) > BASE64_BYTES(1 + VKEY_KEY_MAX) ||
        !base64_read(bytes, &size, rest, strlen(rest))) {
        return LT_FIELD_BAD;
    }
    enum lt_status status = key_open(bytes, size, &key);
    if (status != LT_OK) {
        return LT_FIELD_BAD;
    }
    /* Its id and everything else must be what the writer would have written. */
    struct note_key named = {name, key};
    if (!note_vkey_write(again, digester, &named) || strcmp(again, text) != 0) {
        public_key_close(&key);
        return LT_FIELD_BAD;
    }
    memcpy(ret_name, name, sizeof(name));
    *ret_key = key;
    return LT_OK;
}

/* ---- reading ---- */

static bool text_plain(struct lt_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < ' ' && bytes.data[i] != '\n') {
            return false;
        }
    }
    return utf8_valid(bytes);
}

/* The text ends where the last empty line begins; 0: there is none. */
static size_t text_end(struct lt_bytes bytes)
{
    for (size_t i = bytes.size - 1; i >= 2; i--) {
        if (bytes.data[i - 1] == '\n' && bytes.data[i - 2] == '\n') {
            return i - 1;
        }
    }
    return 0;
}

static bool signature_read(struct lt_bytes line, struct note_signature *ret)
{
    uint8_t bytes[4 + SIGNATURE_BYTES_MAX];
    size_t size;
    if (line.size <= DASH_BYTES || memcmp(line.data, DASH, DASH_BYTES) != 0) {
        return false;
    }
    line.data += DASH_BYTES;
    line.size -= DASH_BYTES;
    const uint8_t *space = memchr(line.data, ' ', line.size);
    if (space == NULL) {
        return false;
    }
    ret->name = (struct lt_bytes){line.data, (size_t)(space - line.data)};
    struct lt_bytes rest = {space + 1, line.size - ret->name.size - 1};
    if (!note_name_valid(ret->name) || rest.size > BASE64_BYTES(sizeof(bytes)) ||
        !base64_read(bytes, &size, (const char *)rest.data, rest.size) || size <= 4) {
        return false;
    }
    ret->key_id = four(bytes);
    ret->size = size - 4;
    memcpy(ret->bytes, bytes + 4, ret->size);
    return true;
}

enum lt_status note_read(struct lt_bytes bytes, struct note *ret_note)
{
    if (bytes.size < 4 || bytes.size > NOTE_BYTES_MAX || bytes.data[bytes.size - 1] != '\n' ||
        !text_plain(bytes)) {
        return LT_NOTE_BAD;
    }
    size_t end = text_end(bytes);
    if (end == 0) {
        return LT_NOTE_BAD;
    }
    ret_note->text = (struct lt_bytes){bytes.data, end};
    ret_note->count = 0;
    const uint8_t *at = bytes.data + end + 1, *last = bytes.data + bytes.size;
    while (at < last) {
        const uint8_t *line = memchr(at, '\n', (size_t)(last - at));
        if (ret_note->count == NOTE_SIGNATURES_MAX ||
            !signature_read((struct lt_bytes){at, (size_t)(line - at)},
                            &ret_note->signatures[ret_note->count])) {
            return LT_NOTE_BAD;
        }
        ret_note->count++;
        at = line + 1;
    }
    return ret_note->count > 0 ? LT_OK : LT_NOTE_BAD;
}

enum lt_status note_check(const struct note *note, struct digester *digester,
                          struct sign_checker *checker, const struct note_key *key)
{
    uint32_t id;
    enum lt_status status = LT_NOTE_FOREIGN;
    if (!note_key_id(digester, key, &id)) {
        return LT_NOTE_FOREIGN;
    }
    for (uint32_t i = 0; i < note->count; i++) {
        const struct note_signature *signature = &note->signatures[i];
        if (signature->key_id != id || !bytes_equal(signature->name, text_bytes(key->name))) {
            continue;
        }
        struct lt_bytes bytes = {signature->bytes, signature->size};
        if (!signature_fits(checker, key->key, note->text, bytes)) {
            return LT_NOTE_SIGNATURE;
        }
        status = LT_OK;
    }
    return status;
}

/* ---- signing ---- */

/* The line of one signature over a text, behind what stands in `out` already. */
static enum lt_status sign_line(struct digester *digester, const struct signer *signer,
                                const char *name, struct lt_bytes text, uint8_t *out, size_t *size)
{
    struct note_key key = {name, signer->public_key};
    uint8_t bytes[4 + SIGNATURE_BYTES_MAX];
    char line[BASE64_BYTES(sizeof(bytes)) + 1];
    size_t signature_size, name_size = strlen(name);
    uint32_t id;
    if (!note_key_id(digester, &key, &id)) {
        return LT_NOTE_BAD;
    }
    enum lt_status status = signer_sign(signer, text, bytes + 4, &signature_size);
    if (status != LT_OK) {
        return status;
    }
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(id >> (24 - 8 * i));
    }
    base64_write(line, (struct lt_bytes){bytes, signature_size + 4});
    size_t line_size = strlen(line);
    if (*size + DASH_BYTES + name_size + 1 + line_size + 1 > NOTE_BYTES_MAX) {
        return LT_NOTE_BAD;
    }
    uint8_t *at = out + *size;
    memcpy(at, DASH, DASH_BYTES);
    at += DASH_BYTES;
    memcpy(at, name, name_size);
    at += name_size;
    *at++ = ' ';
    memcpy(at, line, line_size);
    at += line_size;
    *at++ = '\n';
    *size = (size_t)(at - out);
    return LT_OK;
}

enum lt_status note_sign(struct digester *digester, const struct signer *signer, const char *name,
                         struct lt_bytes text, uint8_t *out, size_t *ret_size)
{
    size_t size = text.size + 1;
    if (text.size == 0 || text.data[text.size - 1] != '\n' || size > NOTE_BYTES_MAX) {
        return LT_NOTE_BAD;
    }
    memcpy(out, text.data, text.size);
    out[text.size] = '\n';
    enum lt_status status = sign_line(digester, signer, name, text, out, &size);
    if (status == LT_OK) {
        *ret_size = size;
    }
    return status;
}

enum lt_status note_cosign(struct digester *digester, const struct signer *signer, const char *name,
                           uint8_t *note, size_t *size)
{
    struct note read;
    enum lt_status status = note_read((struct lt_bytes){note, *size}, &read);
    if (status == LT_OK && read.count == NOTE_SIGNATURES_MAX) {
        status = LT_NOTE_BAD;
    }
    return status == LT_OK ? sign_line(digester, signer, name, read.text, note, size) : status;
}
