/* SPDX-License-Identifier: EUPL-1.2 */
/* Any bytes as a signed note: what is read is of the note's own bytes; a checkpoint or break
 * statement that is read writes itself again, but for lines that are passed over. */
#include <assert.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/checkpoint.h"
#include "seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lt_bytes bytes = {data, size};
    struct note note;
    if (note_read(bytes, &note) != LT_OK) {
        return 0;
    }
    assert(note.text.data == data && note.text.size < size && note.count > 0);
    uint8_t text[CHECKPOINT_TEXT_MAX];
    struct checkpoint checkpoint, again;
    struct break_statement statement;
    if (checkpoint_read(note.text, &checkpoint) == LT_OK) {
        struct lt_bytes written = checkpoint_write(text, &checkpoint);
        assert(written.size <= note.text.size);
        assert(memcmp(written.data, note.text.data, written.size) == 0);
        enum lt_status status = checkpoint_read(written, &again);
        assert(status == LT_OK && again.head.size == checkpoint.head.size);
    }
    if (break_read(note.text, &statement) == LT_OK) {
        assert(bytes_equal(break_write(text, &statement), note.text));
    }
    return 0;
}
