/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_NOTE_H
#define PROTO_NOTE_H

#include "digest.h"
#include "sign.h"

/*
 * Signed notes (c2sp.org/signed-note): lines of text, an empty line, and signature lines
 * "— NAME BASE64(key id ‖ signature)". A signature is over the text with its last newline. Two
 * kinds of keys sign here, as the specification numbers them: Ed25519 (0x01) and ECDSA on P-256
 * (0x02, DER signature over SHA-256 of the text; its key id is taken over the
 * SubjectPublicKeyInfo alone).
 */
#define NOTE_BYTES_MAX      4096
#define NOTE_SIGNATURES_MAX 16
#define NOTE_NAME_MAX       128

struct note_signature {
    struct lt_bytes name;
    uint32_t key_id;
    uint8_t bytes[SIGNATURE_BYTES_MAX];
    size_t size;
};

/* What a note's bytes say; the views point into them. */
struct note {
    struct lt_bytes text; /* with its last newline */
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
    uint32_t count;
};

/* A key under the name it signs with. */
struct note_key {
    const char *name;
    const struct public_key *key;
};

bool note_name_valid(struct lt_bytes name); /* 1 to NOTE_NAME_MAX bytes, no space, no plus */

/* False: a key of a kind that does not sign notes. */
LT_CHECK bool note_key_id(struct digester *digester, const struct note_key *key, uint32_t *ret_id);

/*
 * The key as one line that people carry from the broker to those who trust it, name included:
 * NAME+8 hex digits of the key id+BASE64(type ‖ key), as Go's sumdb/note writes it; for P-256 the
 * key is its SubjectPublicKeyInfo.
 */
#define NOTE_VKEY_MAX 512
LT_CHECK bool note_vkey_write(char out[NOTE_VKEY_MAX], struct digester *digester,
                              const struct note_key *key);
/* LT_FIELD_BAD: not such a line, or its parts do not belong together. */
LT_CHECK enum lt_status note_vkey_open(const char *text, struct digester *digester,
                                       char ret_name[NOTE_NAME_MAX + 1],
                                       struct public_key **ret_key);

/* LT_NOTE_BAD: not the form of a signed note. Nothing is verified. */
LT_CHECK enum lt_status note_read(struct lt_bytes bytes, struct note *ret_note);

/* LT_NOTE_FOREIGN: no signature of this key. LT_NOTE_SIGNATURE: one that does not fit. */
LT_CHECK enum lt_status note_check(const struct note *note, struct digester *digester,
                                   struct sign_checker *checker, const struct note_key *key);

/* Writes text and one signature line to `out` (NOTE_BYTES_MAX bytes). The text ends in a newline.
 * LT_CRYPTO; LT_NOTE_BAD when it would not be a note. */
LT_CHECK enum lt_status note_sign(struct digester *digester, const struct signer *signer,
                                  const char *name, struct lt_bytes text, uint8_t *out,
                                  size_t *ret_size);
/* One more signature line behind a note of `*size` bytes. */
LT_CHECK enum lt_status note_cosign(struct digester *digester, const struct signer *signer,
                                    const char *name, uint8_t *note, size_t *size);

#endif
