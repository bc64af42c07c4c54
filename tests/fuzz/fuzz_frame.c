/* SPDX-License-Identifier: EUPL-1.2 */
/* Any bytes as a frame: the decoder takes what the pre-scan took, and what was read can be written
 * and read again without a difference. */
#include <assert.h>
#include <string.h>

#include "proto/message.h"
#include "proto/prescan.h"
#include "seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct frame frame, again;
    struct lt_bytes bytes = {data, size}, first, second;
    struct fault fault;
    fault_init(&fault);
    enum lt_status opened = arena_init(&arena, 64 * 1024, 8 * 1024 * 1024);
    assert(opened == LT_OK);
    enum lt_status scanned = prescan(PRESCAN_FRAME, bytes, NULL);
    enum lt_status status = frame_read(bytes, &arena, &frame, &fault);
    assert(status == scanned || size > LT_FRAME_BYTES_MAX);
    assert(status == fault.status);
    if (status == LT_OK) {
        status = frame_write(&frame, &arena, &first);
        assert(status == LT_OK);
        status = frame_read(first, &arena, &again, NULL);
        assert(status == LT_OK && again.kind == frame.kind);
        status = frame_write(&again, &arena, &second);
        assert(status == LT_OK && first.size == second.size);
        assert(memcmp(first.data, second.data, first.size) == 0);
    }
    arena_deinit(&arena);
    return 0;
}
