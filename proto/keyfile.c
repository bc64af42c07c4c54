/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Key files: one line of 64 hexadecimal digits, so that a key can be read over the telephone and
 * compared by eye. A secret lives in a file that only its owner may read, and is refused otherwise:
 * a copied secret is an agency somebody else can be.
 *
 * Keys are made once: an existing secret is never written over, because the agency it stands for
 * would be locked out at once.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "keyfile.h"
#include "port_zmq.h"

#define KEY_DIGITS        64
#define KEY_LINE_BYTES    (KEY_DIGITS + 2) /* newline and NUL */
#define KEYFILE_BYTES_MAX 256

static enum lt_status read_key(const char *path, struct lt_key *ret_key, struct fault *fault)
{
    uint8_t *text = NULL;
    size_t size = 0;
    struct lt_key key;
    char digits[KEY_DIGITS + 1];
    enum lt_status status = file_read(path, KEYFILE_BYTES_MAX, &text, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    size_t end = size;
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r')) {
        end--;
    }
    if (end == KEY_DIGITS) {
        memcpy(digits, text, KEY_DIGITS);
        digits[KEY_DIGITS] = '\0';
    }
    if (end != KEY_DIGITS || !hex_read(key.bytes, sizeof(key.bytes), digits)) {
        status = fault_set(fault, LT_CONFIG_BAD, path, "one line of %d hex digits is wanted",
                           KEY_DIGITS);
    } else {
        *ret_key = key;
    }
    explicit_bzero(&key, sizeof(key));
    explicit_bzero(digits, sizeof(digits));
    explicit_bzero(text, size);
    free(text);
    return status;
}

enum lt_status keyfile_read_secret(const char *path, struct lt_key *ret_key, struct fault *fault)
{
    enum lt_status status = file_secret(path, fault);
    if (status != LT_OK) {
        return status;
    }
    return read_key(path, ret_key, fault);
}

enum lt_status keyfile_read_public(const char *path, struct lt_key *ret_key, struct fault *fault)
{
    return read_key(path, ret_key, fault);
}

static enum lt_status write_key(const char *path, const struct lt_key *key, int mode,
                                struct fault *fault)
{
    char line[KEY_LINE_BYTES];
    hex_write(line, key->bytes, sizeof(key->bytes));
    line[KEY_DIGITS] = '\n';
    enum lt_status status =
        file_write(path, (struct lt_bytes){(const uint8_t *)line, KEY_DIGITS + 1}, mode, fault);
    explicit_bzero(line, sizeof(line));
    return status;
}

enum lt_status keyfile_make(const char *secret_path, const char *public_path, struct fault *fault)
{
    struct lt_key public_key;
    struct lt_key secret_key;
    if (access(secret_path, F_OK) == 0) {
        return fault_set(fault, LT_EXISTS, secret_path, "a secret key is never written over");
    }
    curve_make(&public_key, &secret_key);
    /* The public half first: without its secret it is harmless. */
    enum lt_status status = write_key(public_path, &public_key, 0644, fault);
    if (status == LT_OK) {
        status = write_key(secret_path, &secret_key, 0600, fault);
    }
    explicit_bzero(&secret_key, sizeof(secret_key));
    return status;
}
