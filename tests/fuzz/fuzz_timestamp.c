/* SPDX-License-Identifier: EUPL-1.2 */
/* Any bytes as an authority's answer: what is believed is believed to say one thing, twice. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/timestamp.h"
#include "seeds.h"

/* The root of the authority behind the seed; its key is gone. */
static const char root[] = "-----BEGIN CERTIFICATE-----\n"
                           "MIIBYjCCAQigAwIBAgIUPB2CuNTc33dymeKZgTE5rHqxSBowCgYIKoZIzj0EAwIw\n"
                           "DjEMMAoGA1UEAwwDZ29jMCAXDTI2MTEyODE3MTc0MFoYDzIxMjYxMTA0MTcxNzQw\n"
                           "WjAOMQwwCgYDVQQDDANnb2MwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATCuWAM\n"
                           "gNOTjpThvdxzqKiSoW2lKd+jBVAxCBn/TFwcZaKpM9NjVS+7zZITN1aWjqrvLhbW\n"
                           "hNtTzc+8GvzvqF4so0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIB\n"
                           "BjAdBgNVHQ4EFgQUZZHYYjna9W+7rZLz2IbC9vS2mAMwCgYIKoZIzj0EAwIDSAAw\n"
                           "RQIgLiSew1VpGa+fyrQbqzQ3f8pGTEw4jgqgUK5O4H0K2YcCIQDL6ANnPC6UgRPa\n"
                           "vLVhOt2v7gOGk2ys3Pr6NBx0wD3jnQ==\n"
                           "-----END CERTIFICATE-----\n";

static struct timestamp_trust *open_trust(void)
{
    struct timestamp_trust *trust = NULL;
    char path[] = "/tmp/lt-fuzz-root-XXXXXX";
    int fd = mkstemp(path);
    assert(fd >= 0);
    ssize_t written = write(fd, root, sizeof(root) - 1);
    assert(written == (ssize_t)sizeof(root) - 1);
    close(fd);
    enum lt_status status = timestamp_trust_open(path, NULL, &trust, NULL);
    assert(status == LT_OK);
    unlink(path);
    return trust;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct timestamp_trust *trust;
    struct timestamp_question question = {.nonce = 0};
    struct timestamp first;
    struct timestamp second;
    if (trust == NULL) {
        trust = open_trust();
    }
    memset(question.digest.bytes, 0xA5, sizeof(question.digest.bytes));
    struct lt_bytes reply = {data, size};
    enum timestamp_finding found = timestamp_check(trust, &question, reply, &first, NULL);
    assert(found < TIMESTAMP_FINDINGS_END);
    enum timestamp_finding again = timestamp_check(trust, &question, reply, &second, NULL);
    assert(found == again);
    if (found == TIMESTAMP_GOOD) {
        assert(first.time_ms == second.time_ms && strcmp(first.serial, second.serial) == 0);
        assert(strcmp(first.policy, "1.2.3.4.1") == 0);
    }
    return 0;
}
