/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lt-replay plays stories: each FILE.case is read whole, a broker is opened in a world of its own,
 * and the statements are carried out one after the other. The first thing that is not as expected
 * ends the program with status 1 and says where; 2 is for a file that does not read. The same file
 * gives the same run, to the byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

static bool play(const char *path, bool verbose)
{
    struct script script;
    struct stage *stage = malloc(sizeof(*stage));
    if (stage == NULL || !script_read(&script, path)) {
        free(stage);
        return false;
    }
    stage_open(stage, &script, verbose);
    for (uint32_t i = 0; i < script.count; i++) {
        stage->statement = &script.statements[i];
        if (verbose) {
            fprintf(stderr, "%10lld ms  %s\n", (long long)stage->world.mono_ms,
                    stage->statement->text);
        }
        act_run(stage);
    }
    stage_end(stage);
    printf("%s: %u statements, %lld s of the world\n", path, script.count,
           (long long)(stage->world.mono_ms / 1000));
    stage_close(stage);
    script_free(&script);
    free(stage);
    return true;
}

int main(int argc, char **argv)
{
    bool verbose = argc > 1 && strcmp(argv[1], "--verbose") == 0;
    int first = verbose ? 2 : 1;
    if (argc <= first) {
        fprintf(stderr, "usage: lt-replay [--verbose] FILE.case ...\n");
        return 2;
    }
    for (int i = first; i < argc; i++) {
        if (!play(argv[i], verbose)) {
            return 2;
        }
    }
    return 0;
}
