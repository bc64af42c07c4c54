/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_LOG_KEYS_H
#define PROTO_LOG_KEYS_H

#include "checkpoint.h"

/*
 * The keys of one log over its life. The rule by which one key leads to another: while two keys
 * sign, the text of every checkpoint names both, a line "key NAME+ID+KEY" each, and the note
 * carries both signatures. Whoever knows one of them and finds all that true knows the other. It
 * leads forward (an adapter that goes over to the new key) and back (a verifier that knows the new
 * key and reads old checkpoints).
 */
#define LOG_KEYS_MAX 16

/* Does the note, signed by the key that is trusted, name this key, and did that key sign it too? */
bool log_key_named(struct lt_bytes note, const struct note_trust *trust, const char *vkey);

struct log_keys {
    struct digester *digester;
    struct sign_checker *checker;
    char name[NOTE_NAME_MAX + 1];
    struct public_key *keys[LOG_KEYS_MAX];
    uint32_t count;
};

/* Knows the one key of `trust`, whose digester and checker are borrowed. LT_FIELD_BAD. */
LT_CHECK enum lt_status log_keys_open(struct log_keys *ret_keys, const struct note_trust *trust);
void log_keys_close(struct log_keys *keys);

/* Learns what the note teaches; true: there is a key more. */
bool log_keys_learn(struct log_keys *keys, struct lt_bytes note);

/* As checkpoint_open and break_open, by any of the keys. */
LT_CHECK enum lt_status log_keys_checkpoint(const struct log_keys *keys, struct lt_bytes note,
                                            struct checkpoint *ret_checkpoint);
LT_CHECK enum lt_status log_keys_break(const struct log_keys *keys, struct lt_bytes note,
                                       struct break_statement *ret_statement);

#endif
