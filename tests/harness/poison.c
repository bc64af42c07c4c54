/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Loaded with LD_PRELOAD, this stands in front of protobuf-c's one decoder and ends the program
 * when the bytes hold the text in LT_POISON: a message that crashes the broker, made without a
 * fault in the broker.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef void *unpack_call(const void *descriptor, void *allocator, size_t size,
                          const uint8_t *bytes);

void *protobuf_c_message_unpack(const void *descriptor, void *allocator, size_t size,
                                const uint8_t *bytes);

void *protobuf_c_message_unpack(const void *descriptor, void *allocator, size_t size,
                                const uint8_t *bytes)
{
    unpack_call *real;
    void *found = dlsym(RTLD_NEXT, "protobuf_c_message_unpack");
    const char *marker = getenv("LT_POISON");
    if (found == NULL || (marker != NULL && marker[0] != '\0' && size > 0 &&
                          memmem(bytes, size, marker, strlen(marker)) != NULL)) {
        abort();
    }
    memcpy(&real, &found, sizeof real);
    return real(descriptor, allocator, size, bytes);
}
