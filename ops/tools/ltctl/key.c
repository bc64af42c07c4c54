/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `key make`: a CURVE pair of an agency, an operator or a broker, as NAME.key (secret, mode 0600)
 * and NAME.pub. Works without a broker. An existing NAME.key is never written over.
 */
#include <stdio.h>
#include <string.h>

#include "ltctl.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"

#define PATH_BYTES 512
#define SAID_MAX   1200

enum exit_code run_key_make(struct ltctl *ltctl)
{
    const char *name = ltctl->arguments[0];
    char secret[PATH_BYTES];
    char public[PATH_BYTES];
    struct fault fault;
    struct lt_key key;
    fault_init(&fault);
    if (name[0] == '\0' || strlen(name) + 5 > sizeof(secret)) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_KEY_NAME_BAD));
    }
    snprintf(secret, sizeof(secret), "%s.key", name);
    snprintf(public, sizeof(public), "%s.pub", name);
    enum lt_status status = keyfile_make(secret, public, &fault);
    if (status == LT_OK) {
        status = keyfile_read_public(public, &key, &fault);
    }
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    char text[2 * sizeof(key.bytes) + 1];
    char said[SAID_MAX];
    hex_write(text, key.bytes, sizeof(key.bytes));
    printf("%s\n", text);
    PHRASE_FILL(said, sizeof(said), ltctl->language, KEY_MADE, secret, public);
    fprintf(stderr, "%s\n", said);
    return EXIT_GOOD;
}
