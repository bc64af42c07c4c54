/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `evidence`: everything a data folder can prove of one transfer or of all transfers of a case, as
 * an archive that lt-verify checks without the axis. The broker may be running; nothing is asked of
 * it and nothing of its folder is changed.
 *
 * The archive holds bodies, so nobody else may read it. It covers what the newest checkpoint
 * covers: an outcome of this very second may be in the next one.
 */
#include <stdio.h>
#include <string.h>

#include "gather.h"
#include "ltctl.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

#define ARENA_CHUNK (4 * 1024 * 1024)
#define ARENA_CAP   (2048u * 1024 * 1024 - 1)

static void report(const struct ltctl *ltctl, const struct evidence *evidence, size_t bytes)
{
    char said[256];
    char numbers[4][24];
    uint32_t receipts = 0;
    for (uint32_t i = 0; i < evidence->transfers_count; i++) {
        receipts += evidence->transfers[i].receipts_count;
    }
    snprintf(numbers[0], sizeof(numbers[0]), "%u", evidence->transfers_count);
    snprintf(numbers[1], sizeof(numbers[1]), "%u", receipts);
    snprintf(numbers[2], sizeof(numbers[2]), "%u", evidence->stamps_count);
    snprintf(numbers[3], sizeof(numbers[3]), "%zu", bytes);
    PHRASE_FILL(said, sizeof(said), ltctl->language, EVIDENCE_MADE, numbers[0], numbers[1],
                numbers[2], numbers[3]);
    printf("%s\n", said);
}

static enum lt_status make(struct ltctl *ltctl, struct arena *arena, struct digester *digester,
                           struct fault *fault)
{
    const char *const *values = ltctl->options.values;
    const struct gather_options options = {.folder = values[OPTION_DATA],
                                           .archive = values[OPTION_ARCHIVE],
                                           .subject = ltctl->arguments[0],
                                           .chain = values[OPTION_CHAIN],
                                           .crls = values[OPTION_CRL],
                                           .without_bodies = values[OPTION_WITHOUT_BODIES] != NULL};
    struct evidence *evidence = arena_alloc(arena, sizeof(*evidence));
    struct lt_bytes tar;
    if (evidence == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = gather(&options, digester, arena, evidence, fault);
    if (status == LT_OK) {
        status = evidence_write(evidence, digester, arena, &tar, fault);
    }
    if (status == LT_OK) {
        status = file_write(values[OPTION_OUTPUT], tar, 0600, fault);
    }
    if (status == LT_OK) {
        report(ltctl, evidence, tar.size);
    }
    return status;
}

enum exit_code run_evidence(struct ltctl *ltctl)
{
    struct arena arena = {.first = NULL};
    struct digester *digester = NULL;
    struct fault fault;
    fault_init(&fault);
    if (ltctl->options.values[OPTION_DATA] == NULL ||
        ltctl->options.values[OPTION_OUTPUT] == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_EVIDENCE_NEEDS));
    }
    enum lt_status status = arena_init(&arena, ARENA_CHUNK, ARENA_CAP);
    if (status == LT_OK) {
        status = digester_open(&digester);
    }
    if (status == LT_OK) {
        status = make(ltctl, &arena, digester, &fault);
    }
    digester_close(&digester);
    arena_deinit(&arena);
    return status == LT_OK ? EXIT_GOOD : complain(ltctl, status, &fault);
}
