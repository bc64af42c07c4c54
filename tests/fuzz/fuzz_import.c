/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Any bytes as an import file, YAML when they begin with 'Y', CSV otherwise: what is taken keeps
 * every rule and comes back from its entry bytes; what is refused is refused with words.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/registry/agency.h"
#include "ops/tools/ltctl/import.h"
#include "proto/base/text.h"
#include "seeds.h"

static void taken_check(const struct import *import)
{
    uint8_t memory[AGENCY_BYTES_MAX];
    assert(import->agencies_count + import->routes_count > 0);
    for (uint32_t i = 0; i < import->agencies_count; i++) {
        const struct agency *agency = &import->agencies[i].agency;
        struct agency back;
        enum lt_status status = agency_check(agency, NULL);
        assert(status == LT_OK);
        bool read = agency_read(agency_write(memory, sizeof(memory), agency), &back);
        assert(read && strcmp(back.id, agency->id) == 0 && strcmp(back.name, agency->name) == 0);
        for (uint32_t n = 0; n < i && i < 64; n++) {
            assert(strcmp(import->agencies[n].agency.id, agency->id) != 0);
        }
    }
    for (uint32_t i = 0; i < import->routes_count; i++) {
        enum lt_status status = route_check(&import->routes[i].route, NULL);
        assert(status == LT_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import *import = NULL;
    struct import_fault fault;
    bool yaml = size > 0 && data[0] == 'Y';
    size_t skipped = yaml ? 1 : 0;
    size -= skipped;
    char *text = malloc(size + 1);
    assert(text != NULL);
    if (size > 0) {
        memcpy(text, data + skipped, size);
    }
    enum lt_status status = import_read_text(yaml, text, size, &import, &fault);
    if (status == LT_OK) {
        taken_check(import);
    } else {
        char said[1024];
        assert(status == LT_CONFIG_BAD && import == NULL);
        for (unsigned language = 0; language < LANGUAGES_END; language++) {
            import_sentence(&fault, (enum language)language, said, sizeof(said));
            assert(said[0] != '\0' && utf8_valid(text_bytes(said)));
        }
    }
    import_close(&import);
    free(text);
    return 0;
}
