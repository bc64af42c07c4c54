/* SPDX-License-Identifier: EUPL-1.2 */
/* RFC 8410: the private key is 32 bytes behind a fixed head of PKCS #8. */
#include "seeded_key.h"

#include <string.h>

#include "proto/base/file.h"
#include "proto/pem.h"

#define SECRET_BYTES 32

enum lt_status seeded_key_make(const char *path, const struct lt_entropy *entropy,
                               struct fault *fault)
{
    static const uint8_t head[16] = {0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                     0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
    uint8_t der[sizeof(head) + SECRET_BYTES];
    uint8_t text[PEM_TEXT_MAX];
    memcpy(der, head, sizeof(head));
    entropy->fill(entropy->self, der + sizeof(head), SECRET_BYTES);
    return file_write(
        path, pem_write(text, sizeof(text), "PRIVATE KEY", (struct lt_bytes){der, sizeof(der)}),
        0600, fault);
}

enum lt_status seeded_key_public(const char *path, struct public_key **ret_key, struct fault *fault)
{
    struct signer signer;
    enum lt_status status = signer_open_file(path, &signer, fault);
    if (status == LT_OK) {
        status = public_key_open(public_key_spki(signer.public_key), ret_key, fault);
        signer_close(&signer);
    }
    return status;
}
