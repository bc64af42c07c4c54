/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds_unpack SEEDS CORPUS: writes every seed as raw bytes, where libFuzzer starts from. */
#include <stdio.h>

#include "seeds.h"

int main(int argc, char **argv)
{
    size_t count;
    if (argc != 3) {
        fprintf(stderr, "usage: %s SEEDS CORPUS\n", argv[0]);
        return 2;
    }
    struct seed *seeds = seeds_read(argv[1], &count);
    for (size_t i = 0; i < count; i++) {
        char path[1024];
        snprintf(path, sizeof(path), "%s/%s", argv[2], seeds[i].name);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(seeds[i].data, 1, seeds[i].size, file) != seeds[i].size ||
            fclose(file) != 0) {
            fprintf(stderr, "%s: cannot be written\n", path);
            return 1;
        }
    }
    seeds_free(seeds, count);
    return 0;
}
