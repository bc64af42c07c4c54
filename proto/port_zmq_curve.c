/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * CURVE keys through libzmq, which has them from libsodium: the house has no second maker of keys.
 * libzmq speaks Z85 text here; ours are 32 raw bytes, and the text is wiped after its use.
 *
 * A libzmq built without CURVE, or one that has no randomness, ends the process: there is nothing
 * an agency or the broker could safely do without keys.
 */
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/log.h"
#include "port_zmq.h"

#define Z85_BYTES 41 /* 40 characters and a NUL */

_Noreturn static void give_up(void)
{
    log_error("curve-broken", "error=%s", zmq_strerror(zmq_errno()));
    abort();
}

void curve_make(struct lt_key *ret_public, struct lt_key *ret_secret)
{
    char public_text[Z85_BYTES];
    char secret_text[Z85_BYTES];
    if (zmq_curve_keypair(public_text, secret_text) != 0 ||
        zmq_z85_decode(ret_public->bytes, public_text) == NULL ||
        zmq_z85_decode(ret_secret->bytes, secret_text) == NULL) {
        give_up();
    }
    explicit_bzero(secret_text, sizeof(secret_text));
}

enum lt_status curve_public(const struct lt_key *secret, struct lt_key *ret_public)
{
    static const struct lt_key empty;
    char public_text[Z85_BYTES];
    char secret_text[Z85_BYTES];
    struct lt_key key;
    if (memcmp(secret, &empty, sizeof(empty)) == 0) {
        return LT_CRYPTO;
    }
    if (zmq_z85_encode(secret_text, secret->bytes, sizeof(secret->bytes)) == NULL ||
        zmq_curve_public(public_text, secret_text) != 0 ||
        zmq_z85_decode(key.bytes, public_text) == NULL) {
        give_up();
    }
    explicit_bzero(secret_text, sizeof(secret_text));
    *ret_public = key;
    return LT_OK;
}
