/* SPDX-License-Identifier: EUPL-1.2 */
/* Any bytes as a request to be let in: what reads names one agency, has a code, and is signed; what
 * is typed as a code is one or none. */
#include <assert.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/enrol.h"
#include "seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct enrol_request request;
    char text[64];
    char code[ENROL_CODE_BYTES];
    if (enrol_request_read((struct lt_bytes){data, size}, &request, NULL) == LT_OK) {
        assert(agency_id_valid(text_bytes(request.agency)));
        assert(utf8_valid(text_bytes(request.name)));
        assert(request.spki_size > 0 && request.algorithm != SIGN_NONE);
        assert(enrol_code_read(request.code, code) && strcmp(code, request.code) == 0);
    }
    if (size < sizeof(text)) {
        memcpy(text, data, size);
        text[size] = '\0';
        assert(!enrol_code_read(text, code) || strlen(code) == ENROL_CODE_BYTES - 1);
    }
    return 0;
}
