/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * FUZZ_TARGET SEEDS [ROUNDS [FIRST]]: the main of a fuzz target where libFuzzer is not linked in.
 * Feeds every seed as it is, then ROUNDS inputs that were mutated from the seeds: bytes flipped,
 * runs dropped, doubled or overwritten, lengths and numbers set to the edges, two seeds spliced.
 * Round n makes the same input on every machine. When a round fails, its number stands in the last
 * line of the output; `SEEDS n n` begins there.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seeds.h"

#define INPUT_BYTES_MAX (512 * 1024)
#define CHANGES_MAX     6

static volatile unsigned long round_now; /* for the handler below only */

/* Only what a signal handler may do. */
static void tell_round(int signal_number)
{
    char line[] = "\nfailed in round 00000000\n";
    unsigned long left = round_now;
    for (size_t at = sizeof(line) - 3; at >= sizeof(line) - 10; at--, left /= 10) {
        line[at] = (char)('0' + left % 10);
    }
    ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)written;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

struct chance {
    uint64_t state;
};

static size_t below(struct chance *chance, size_t bound)
{
    uint64_t x = chance->state += 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return bound > 0 ? (size_t)((x ^ x >> 31) % bound) : 0;
}

struct input {
    uint8_t *data;
    size_t size;
};

static void drop(struct input *input, struct chance *chance)
{
    size_t at = below(chance, input->size + 1);
    size_t size = below(chance, (input->size - at < 64 ? input->size - at : 64) + 1);
    memmove(input->data + at, input->data + at + size, input->size - at - size);
    input->size -= size;
}

/* Puts a run of `from` in at a place, over what is there or before it. */
static void put(struct input *input, const uint8_t *from, size_t from_size, struct chance *chance)
{
    size_t start = below(chance, from_size + 1);
    size_t size = below(chance, (from_size - start < 256 ? from_size - start : 256) + 1);
    size_t at = below(chance, input->size + 1);
    if (input->size + size > INPUT_BYTES_MAX) {
        return;
    }
    uint8_t run[256];
    memcpy(run, from + start, size);
    if (below(chance, 2) == 0) {
        memmove(input->data + at + size, input->data + at, input->size - at);
        input->size += size;
    } else if (at + size > input->size) {
        input->size = at + size;
    }
    memcpy(input->data + at, run, size);
}

static void change(struct input *input, const struct seed *other, struct chance *chance)
{
    static const uint8_t edges[] = {0,    1,    2,   0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff, '\n',
                                    '\r', '\t', ' ', '"',  '{',  '}',  '[',  ']',  ',',  ':',
                                    ';',  '-',  '#', '&',  '*',  '\\', '\'', 0xc0, 0xed, 0xf4};
    static const uint8_t endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    size_t at = below(chance, input->size);
    switch (below(chance, 7)) {
    case 0:
        if (input->size > 0) {
            input->data[at] ^= (uint8_t)(1u << below(chance, 8));
        }
        break;
    case 1:
        if (input->size > 0) {
            input->data[at] = edges[below(chance, sizeof(edges))];
        }
        break;
    case 2:
        drop(input, chance);
        break;
    case 3:
        put(input, input->data, input->size, chance);
        break;
    case 4:
        put(input, other->data, other->size, chance);
        break;
    case 5:
        put(input, endless, sizeof(endless), chance);
        break;
    default:
        input->size = below(chance, input->size + 1);
        break;
    }
}

static void run_round(const struct seed *seeds, size_t count, unsigned long number,
                      struct input *input)
{
    struct chance chance = {number * 0x2545f4914f6cdd1dull};
    const struct seed *first = &seeds[below(&chance, count)];
    input->size = first->size < INPUT_BYTES_MAX ? first->size : INPUT_BYTES_MAX;
    memcpy(input->data, first->data, input->size);
    size_t changes = 1 + below(&chance, CHANGES_MAX);
    for (size_t i = 0; i < changes; i++) {
        change(input, &seeds[below(&chance, count)], &chance);
    }
    /* A copy of its very size: one byte read too far is seen by the sanitizer. */
    uint8_t *exact = malloc(input->size > 0 ? input->size : 1);
    if (!exact) {
        abort();
    }
    memcpy(exact, input->data, input->size);
    LLVMFuzzerTestOneInput(exact, input->size);
    free(exact);
}

int main(int argc, char **argv)
{
    size_t count;
    if (argc < 2) {
        fprintf(stderr, "usage: %s SEEDS [ROUNDS [FIRST]]\n", argv[0]);
        return 2;
    }
    unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    unsigned long first = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
    struct seed *seeds = seeds_read(argv[1], &count);
    struct input input = {malloc(INPUT_BYTES_MAX), 0};
    if (!input.data) {
        return 1;
    }
    signal(SIGABRT, tell_round);
    signal(SIGSEGV, tell_round);
    for (size_t i = 0; i < count; i++) {
        LLVMFuzzerTestOneInput(seeds[i].data, seeds[i].size);
    }
    for (unsigned long i = first; i <= rounds; i++) {
        round_now = i;
        run_round(seeds, count, i, &input);
    }
    printf("%zu seeds, %lu rounds\n", count, rounds);
    free(input.data);
    seeds_free(seeds, count);
    return 0;
}
