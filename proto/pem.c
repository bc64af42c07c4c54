/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * PEM for what openssl is to read: one text for one DER, and only that text is read back, so that a
 * key or a certificate in evidence can be written in one way only. Nothing of OpenSSL is needed.
 */
#include "pem.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "base/wire.h"

struct lt_bytes pem_write(void *out, size_t size, const char *label, struct lt_bytes der)
{
    char text[BASE64_BYTES(PEM_DER_MAX) + 1];
    char head[64];
    struct wire_writer w;
    wire_write_init(&w, out, size);
    if (der.size == 0 || der.size > PEM_DER_MAX) {
        return (struct lt_bytes){0};
    }
    base64_write(text, der);
    snprintf(head, sizeof(head), "-----BEGIN %s-----\n", label);
    wire_put_raw(&w, head, strlen(head));
    size_t left = strlen(text);
    for (size_t at = 0; left > 0;) {
        size_t line = left < 64 ? left : 64;
        wire_put_raw(&w, text + at, line);
        wire_put_u8(&w, '\n');
        at += line;
        left -= line;
    }
    snprintf(head, sizeof(head), "-----END %s-----\n", label);
    wire_put_raw(&w, head, strlen(head));
    return wire_written(&w);
}

bool pem_read(struct lt_bytes text, const char *label, uint8_t *out, size_t max, size_t *ret_size)
{
    char joined[BASE64_BYTES(PEM_DER_MAX) + 1];
    uint8_t der[PEM_DER_MAX + 4];
    uint8_t again[PEM_TEXT_MAX];
    size_t count = 0;
    size_t size = 0;
    const uint8_t *at = text.size == 0 ? NULL : memchr(text.data, '\n', text.size);
    const uint8_t *end = text.data + text.size;
    while (at != NULL && at < end && *at != '-') {
        if (*at != '\n') {
            if (count == sizeof(joined) - 1) {
                return false;
            }
            joined[count++] = (char)*at;
        }
        at++;
    }
    if (!base64_read(der, &size, joined, count) || size > max || size > PEM_DER_MAX ||
        !bytes_equal(text, pem_write(again, sizeof(again), label, (struct lt_bytes){der, size}))) {
        return false;
    }
    memcpy(out, der, size);
    *ret_size = size;
    return true;
}
