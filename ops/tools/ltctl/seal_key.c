/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Signing keys: made, and those of an agency registered, revoked, listed. The broker knows what a
 * key is and since when it is registered, so only DER travels; a PEM file is read here, the first
 * certificate of it or else the first public key.
 *
 * To revoke, a file or the first 8 digits of the key id are enough. There is no way back.
 */
#include <stdio.h>
#include <string.h>

#include "ltctl.h"
#include "proto/base/text.h"
#include "proto/digest.h"
#include "proto/trust.h"

#define PATH_BYTES     512
#define SAID_MAX       1200
#define HEX_DIGITS     "0123456789abcdef"
#define KEY_PREFIX_MIN 8

enum exit_code run_seal_key_make(struct ltctl *ltctl)
{
    const char *name = ltctl->arguments[0];
    char secret[PATH_BYTES];
    char public[PATH_BYTES];
    char text[2 * sizeof(struct lt_digest) + 1];
    char said[SAID_MAX];
    struct public_key *key = NULL;
    struct fault fault;
    fault_init(&fault);
    if (name[0] == '\0' || strlen(name) + 16 > sizeof(secret)) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_KEY_NAME_BAD));
    }
    snprintf(secret, sizeof(secret), "%s.seal.key", name);
    snprintf(public, sizeof(public), "%s.seal.pem", name);
    enum lt_status status = signer_make_file(SIGN_ECDSA_P256, 0, secret, public, &fault);
    if (status == LT_OK) {
        status = public_key_from_file(public, &key, &fault);
    }
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    hex_write(text, public_key_id(key)->bytes, sizeof(public_key_id(key)->bytes));
    public_key_close(&key);
    printf("%s\n", text);
    PHRASE_FILL(said, sizeof(said), ltctl->language, KEY_MADE, secret, public);
    fprintf(stderr, "%s\n", said);
    return EXIT_GOOD;
}

enum exit_code run_seal_key_add(struct ltctl *ltctl)
{
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct lt_bytes der = {NULL, 0};
    bool certificate = false;
    struct question question;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status =
        credential_from_file(ltctl->arguments[1], memory, &der, &certificate, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    question_init(&question, "seal-key-put");
    question_add(&question, "id", ltctl->arguments[0]);
    question.query.payload = der;
    enum exit_code code = question_moment(ltctl, &question, OPTION_FROM, question.numbers[0]);
    if (code == EXIT_GOOD) {
        code = question_moment(ltctl, &question, OPTION_TO, question.numbers[1]);
    }
    question_add(&question, "dry_run", ltctl->options.values[OPTION_DRY_RUN] != NULL ? "1" : NULL);
    return code == EXIT_GOOD ? ask_all(ltctl, &question, &columns_change_seal_key, 0) : code;
}

/* The key id of a file as digits. */
static enum exit_code id_of_file(struct ltctl *ltctl, const char *path,
                                 char ret_digits[2 * sizeof(struct lt_digest) + 1])
{
    struct public_key *key = NULL;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = public_key_from_file(path, &key, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    hex_write(ret_digits, public_key_id(key)->bytes, sizeof(struct lt_digest));
    public_key_close(&key);
    return EXIT_GOOD;
}

enum exit_code run_seal_key_revoke(struct ltctl *ltctl)
{
    const char *key = ltctl->arguments[1];
    char digits[2 * sizeof(struct lt_digest) + 1];
    struct question question;
    if (strlen(key) < KEY_PREFIX_MIN || strspn(key, HEX_DIGITS) != strlen(key)) {
        enum exit_code code = id_of_file(ltctl, key, digits);
        if (code != EXIT_GOOD) {
            return code;
        }
        key = digits;
    }
    question_init(&question, "seal-key-revoke");
    question_add(&question, "id", ltctl->arguments[0]);
    question_add(&question, "key", key);
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    question_add(&question, "dry_run", ltctl->options.values[OPTION_DRY_RUN] != NULL ? "1" : NULL);
    return ask_all(ltctl, &question, &columns_change_seal_key, 0);
}

enum exit_code run_seal_key_list(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "seal-keys");
    question_add(&question, "id", ltctl->arguments[0]);
    return ask_all(ltctl, &question, &columns_seal_keys, 0);
}
