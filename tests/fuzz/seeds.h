/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_FUZZ_SEEDS_H
#define TESTS_FUZZ_SEEDS_H

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls; every target defines it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seed {
    char name[128]; /* file name without .hex */
    uint8_t *data;
    size_t size;
};

/*
 * The files of a folder in order of their names; NAME.hex holds pairs of hex digits with any blanks
 * between them, every other file is taken as it is. Ends the program when the folder cannot be read
 * or holds nothing: a test without seeds would test nothing.
 */
struct seed *seeds_read(const char *folder, size_t *ret_count);
void seeds_free(struct seed *seeds, size_t count);

#endif
