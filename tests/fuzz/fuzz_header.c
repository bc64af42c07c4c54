/* SPDX-License-Identifier: EUPL-1.2 */
/* Any bytes as a header: read, checked against the rules, written and read again. */
#include <assert.h>
#include <string.h>

#include "proto/header_check.h"
#include "proto/message.h"
#include "proto/prescan.h"
#include "seeds.h"

#define NOW_MS 1790000000000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct header header, again;
    struct lt_bytes bytes = {data, size}, first, second;
    struct fault fault;
    enum lt_status opened = arena_init(&arena, 16 * 1024, 4 * 1024 * 1024);
    assert(opened == LT_OK);
    enum lt_status scanned = prescan(PRESCAN_HEADER, bytes, NULL);
    enum lt_status status = header_read(bytes, &arena, &header, NULL);
    assert((status == LT_OK) == (scanned == LT_OK && size > 0 && size <= LT_HEADER_BYTES_MAX));
    if (status == LT_OK) {
        fault_init(&fault);
        enum lt_status checked = header_check(&header, NOW_MS, &fault);
        assert(checked == fault.status);
        status = header_write(&header, &arena, &first);
        assert(status == LT_OK);
        if (first.size > 0) {
            status = header_read(first, &arena, &again, NULL);
            assert(status == LT_OK);
            status = header_write(&again, &arena, &second);
            assert(status == LT_OK && first.size == second.size);
            assert(memcmp(first.data, second.data, first.size) == 0);
        }
    }
    arena_deinit(&arena);
    return 0;
}
