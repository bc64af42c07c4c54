/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * State against a map that cannot be wrong: random facts, turns, flushes and crashes by seed, on
 * the inline applier and on the thread. After every step what is looked up and scanned must equal
 * the map; after a crash the facts above the applied position are folded again from a list, as from
 * the journal. A failure prints its seed.
 */
#include "state_test.h"

#define KEYS       160
#define TREES      3
#define PUTS_MAX   6
#define FACTS_MAX  20000
#define VALUE_ROOM 64

static const enum state_tree trees[TREES] = {STATE_TRANSFERS, STATE_LANES, STATE_COUNTS};

struct change {
    uint8_t tree;
    uint8_t key;
    uint8_t size; /* VALUE_ROOM: a deletion */
    uint8_t first;
};

struct listed {
    struct change changes[PUTS_MAX];
    uint32_t count;
};

struct model {
    struct home home;
    uint64_t dice;
    struct listed *facts; /* by position */
    struct change map[TREES][KEYS];
    bool known[TREES][KEYS];
    uint64_t durable;
};

/* Keys of many lengths, so that some are prefixes of others; in rising order by number. */
static struct lt_bytes key_of(uint32_t number, uint8_t out[STATE_KEY_MAX])
{
    uint32_t length = 1 + number % 8;
    memset(out, 'a', length);
    out[0] = (uint8_t)('A' + number / 8);
    return run_of(out, length);
}

static struct lt_bytes value_of(const struct change *change, uint8_t out[VALUE_ROOM])
{
    for (uint32_t i = 0; i < change->size; i++) {
        out[i] = (uint8_t)(change->first + i);
    }
    return run_of(out, change->size);
}

static void fold(struct model *model, const struct listed *listed)
{
    struct state *state = model->home.state;
    state_fold_begin(state, state_folded(state) + 1);
    for (uint32_t i = 0; i < listed->count; i++) {
        const struct change *change = &listed->changes[i];
        uint8_t key[STATE_KEY_MAX];
        uint8_t value[VALUE_ROOM];
        enum state_tree tree = trees[change->tree];
        if (change->size == VALUE_ROOM) {
            state_delete(state, tree, key_of(change->key, key));
        } else {
            state_put(state, tree, key_of(change->key, key), value_of(change, value));
        }
    }
    assert_int_equal(state_fold_end(state), LT_OK);
}

static void fold_new(struct model *model)
{
    uint64_t position = state_folded(model->home.state) + 1;
    if (position >= FACTS_MAX) {
        return;
    }
    struct listed *listed = &model->facts[position];
    listed->count = (uint32_t)(dice(&model->dice) % (PUTS_MAX + 1));
    for (uint32_t i = 0; i < listed->count; i++) {
        struct change *change = &listed->changes[i];
        change->tree = (uint8_t)(dice(&model->dice) % TREES);
        change->key = (uint8_t)(dice(&model->dice) % KEYS);
        change->first = (uint8_t)dice(&model->dice);
        change->size =
            (uint8_t)(dice(&model->dice) % 3 == 0 ? VALUE_ROOM : dice(&model->dice) % VALUE_ROOM);
        model->map[change->tree][change->key] = *change;
        model->known[change->tree][change->key] = change->size != VALUE_ROOM;
    }
    fold(model, listed);
}

static void check_get(struct model *model, uint32_t tree, uint32_t number)
{
    uint8_t key[STATE_KEY_MAX];
    uint8_t value[VALUE_ROOM];
    struct lt_bytes found;
    enum lt_status status = state_get(model->home.state, trees[tree], key_of(number, key), &found);
    if (!model->known[tree][number]) {
        assert_int_equal(status, LT_NOT_FOUND);
        return;
    }
    assert_int_equal(status, LT_OK);
    assert_true(bytes_equal(found, value_of(&model->map[tree][number], value)));
}

/* The scan that was begun at `from` shows what is known from there up to `end`. */
static void check_entries(struct model *model, uint32_t tree, uint32_t from, uint32_t end,
                          uint32_t most, struct state_entry entry)
{
    uint8_t key[STATE_KEY_MAX];
    uint8_t value[VALUE_ROOM];
    for (uint32_t number = from; number < end && most > 0; number++) {
        if (!model->known[tree][number]) {
            continue;
        }
        assert_true(entry.found);
        assert_true(bytes_equal(entry.key, key_of(number, key)));
        assert_true(bytes_equal(entry.value, value_of(&model->map[tree][number], value)));
        assert_int_equal(state_step(model->home.state, &entry), LT_OK);
        most--;
    }
    if (most > 0) {
        assert_false(entry.found);
    }
}

static void check_scan(struct model *model, uint32_t tree, uint32_t from, uint32_t most)
{
    uint8_t key[STATE_KEY_MAX];
    struct state_entry entry;
    struct lt_bytes start = from == 0 ? run_of(NULL, 0) : key_of(from, key);
    assert_int_equal(state_seek(model->home.state, trees[tree], start, &entry), LT_OK);
    check_entries(model, tree, from, KEYS, most, entry);
}

/* Eight keys begin with the same letter; from one of them on, each is the beginning of the next. */
static void check_part(struct model *model, uint32_t tree, uint32_t from)
{
    uint8_t key[STATE_KEY_MAX];
    struct state_entry entry;
    struct lt_bytes start = key_of(from, key);
    size_t same = 1 + dice(&model->dice) % start.size;
    assert_int_equal(state_seek_part(model->home.state, trees[tree], start, same, &entry), LT_OK);
    check_entries(model, tree, from, (from / 8 + 1) * 8, UINT32_MAX, entry);
}

static void check_all(struct model *model)
{
    for (uint32_t tree = 0; tree < TREES; tree++) {
        check_scan(model, tree, 0, UINT32_MAX);
        for (uint32_t number = 0; number < KEYS; number++) {
            check_get(model, tree, number);
        }
    }
}

/* The process dies; what the journal holds beyond the applied position is folded again. */
static void crash(struct model *model)
{
    uint64_t folded = state_folded(model->home.state);
    state_close(&model->home.state);
    home_open(&model->home);
    uint64_t applied = state_applied(model->home.state);
    assert_true(applied <= model->durable);
    while (state_folded(model->home.state) < folded) {
        fold(model, &model->facts[state_folded(model->home.state) + 1]);
    }
    check_all(model);
}

static void step(struct model *model)
{
    struct state *state = model->home.state;
    uint64_t folded = state_folded(state);
    uint32_t what = (uint32_t)(dice(&model->dice) % 1000);
    if (what < 600 && state_room(state)) {
        fold_new(model);
    } else if (what < 700) {
        check_scan(model, (uint32_t)(dice(&model->dice) % TREES),
                   (uint32_t)(dice(&model->dice) % KEYS), (uint32_t)(dice(&model->dice) % 40));
    } else if (what < 750) {
        check_part(model, (uint32_t)(dice(&model->dice) % TREES),
                   (uint32_t)(dice(&model->dice) % KEYS));
    } else if (what < 900) {
        check_get(model, (uint32_t)(dice(&model->dice) % TREES),
                  (uint32_t)(dice(&model->dice) % KEYS));
    } else if (what < 990) {
        model->durable += dice(&model->dice) % (folded - model->durable + 1);
        turn(&model->home, model->durable, (int64_t)(dice(&model->dice) % STATE_SEAL_AFTER_MS));
    } else if (what < 994) {
        model->durable = folded;
        assert_int_equal(state_flush(state, model->durable), LT_OK);
        assert_int_equal(state_applied(state), folded);
    } else if (what < 998) {
        crash(model);
    } else {
        check_all(model);
    }
}

/* The same facts, folded into a state that never was, give the same state. */
static void refold_after_deletion(struct model *model)
{
    struct home *home = &model->home;
    uint64_t folded = state_folded(home->state);
    state_close(&home->state);
    assert_int_equal(unlink(home->path), 0);
    home_open(home);
    assert_int_equal(state_applied(home->state), 0);
    for (uint64_t position = 1; position <= folded; position++) {
        fold(model, &model->facts[position]);
        if (position % 256 == 0) {
            turn(home, position, STATE_SEAL_AFTER_MS);
        }
    }
    check_all(model);
    assert_int_equal(state_flush(home->state, folded), LT_OK);
    check_all(model);
}

static void run(uint64_t seed, bool applier_inline, int steps)
{
    struct model *model = calloc(1, sizeof(*model));
    assert_non_null(model);
    model->facts = calloc(FACTS_MAX, sizeof(*model->facts));
    assert_non_null(model->facts);
    home_init(&model->home, applier_inline);
    model->dice = seed;
    print_message("seed %llu, applier %s\n", (unsigned long long)seed,
                  applier_inline ? "inline" : "thread");
    for (int i = 0; i < steps; i++) {
        step(model);
    }
    check_all(model);
    refold_after_deletion(model);
    home_deinit(&model->home);
    free(model->facts);
    free(model);
}

static void inline_equals_the_map(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        run(seed, true, 4000);
    }
}

static void threaded_equals_the_map(void **unused)
{
    (void)unused;
    for (uint64_t seed = 101; seed <= 106; seed++) {
        run(seed, false, 4000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inline_equals_the_map),
        cmocka_unit_test(threaded_equals_the_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
