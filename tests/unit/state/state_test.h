/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_STATE_STATE_TEST_H
#define TESTS_UNIT_STATE_STATE_TEST_H

/* A state in a folder of its own, and folding in one line. */

#include "unit/base/base_test.h"

#include "broker/state/state.h"

struct home {
    char *folder;
    char path[256];
    struct state_options options;
    struct state *state;
    int64_t now_ms;
};

static inline void home_open(struct home *home)
{
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = state_open(&home->state, &home->options, &fault);
    if (status != LT_OK) {
        fail_msg("%s: %s %s", lt_code(status), fault.field, fault.detail);
    }
}

static inline void home_init(struct home *home, bool applier_inline)
{
    char *folder = folder_take();
    memset(home, 0, sizeof(*home));
    snprintf(home->path, sizeof(home->path), "%s/state.mdb", folder);
    home->options = (struct state_options){
        .path = home->path,
        .map_bytes = 64 * 1024 * 1024,
        .applier_inline = applier_inline,
        .no_sync = true,
        .seed = 7,
    };
    home->folder = folder;
    home_open(home);
}

static inline void home_deinit(struct home *home)
{
    state_close(&home->state);
    folder_drop(home->folder);
}

/* One fact that puts (value) or deletes (NULL) one key. */
static inline void fold_one(struct home *home, enum state_tree tree, const char *key,
                            const char *value)
{
    state_fold_begin(home->state, state_folded(home->state) + 1);
    if (value != NULL) {
        state_put(home->state, tree, text_bytes(key), text_bytes(value));
    } else {
        state_delete(home->state, tree, text_bytes(key));
    }
    assert_int_equal(state_fold_end(home->state), LT_OK);
}

/* A turn in which everything folded is durable, or nothing new is. */
static inline void turn(struct home *home, uint64_t durable, int64_t later_ms)
{
    home->now_ms += later_ms;
    assert_int_equal(state_turn(home->state, durable, home->now_ms), LT_OK);
}

static inline void assert_has(struct home *home, enum state_tree tree, const char *key,
                              const char *value)
{
    struct lt_bytes found;
    enum lt_status status = state_get(home->state, tree, text_bytes(key), &found);
    if (value == NULL) {
        assert_int_equal(status, LT_NOT_FOUND);
        return;
    }
    assert_int_equal(status, LT_OK);
    assert_bytes(found, value);
}

/* The keys and values from `from` on, as "a=1 b=2 ". */
static inline void assert_scan(struct home *home, enum state_tree tree, const char *from,
                               const char *expected)
{
    char seen[512] = "";
    struct state_entry entry;
    assert_int_equal(state_seek(home->state, tree, text_bytes(from), &entry), LT_OK);
    while (entry.found) {
        size_t length = strlen(seen);
        snprintf(seen + length, sizeof(seen) - length, "%.*s=%.*s ", (int)entry.key.size,
                 (const char *)entry.key.data, (int)entry.value.size,
                 (const char *)entry.value.data);
        assert_int_equal(state_step(home->state, &entry), LT_OK);
    }
    assert_string_equal(seen, expected);
}

#endif
