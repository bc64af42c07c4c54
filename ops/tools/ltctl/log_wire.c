/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `log checkpoint|consistency|verify` over the operators' port: the broker gives its newest
 * checkpoint and the proof that it extends one that was kept; whether that holds is found out here,
 * against the key in --public-key FILE. Without it the key is the one that the broker tells, which
 * proves nothing against a broker that changed its key, and is said so.
 *
 * Two kept checkpoints are each proven to be a beginning of the newest one, and so of each other.
 * Every answer is checked by itself: a broker that shows one history now and another one then is
 * found by the second proof, which starts at what the first one showed.
 */
#include "log_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "moment.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/receipt.h"

#define PATH_HEX_MAX (2 * 32 * MERKLE_PATH_MAX + 1)

struct desk {
    char name[NOTE_NAME_MAX + 1];
    char told[NOTE_VKEY_MAX]; /* the key as the broker tells it */
    struct public_key *key;
    struct digester *digester;
    struct sign_checker *checker;
    struct checkpoint newest; /* as it was proven last; origin "": none yet */
};

/* One answer, kept beyond its page. */
struct answer {
    uint8_t checkpoint[NOTE_BYTES_MAX];
    uint8_t broken[NOTE_BYTES_MAX];
    uint8_t path[PATH_HEX_MAX / 2];
    struct log_proof proof;
    enum lt_status code;
};

static struct note_trust trust_of(const struct desk *desk)
{
    return (struct note_trust){desk->digester, desk->checker, {desk->name, desk->key}};
}

bool log_finding_code(enum lt_status status)
{
    switch (status) {
    case LT_LOG_FORKED:
    case LT_LOG_ROLLED_BACK:
    case LT_LOG_DAMAGED:
    case LT_NOTE_SIGNATURE:
    case LT_NOTE_FOREIGN:
    case LT_NOTE_BAD:
    case LT_PATH_LENGTH:
    case LT_PATH_WRONG:
        return true;
    default:
        return false;
    }
}

/* ---- asking ---- */

static bool copied(uint8_t *out, size_t size, struct lt_bytes from, struct lt_bytes *ret)
{
    if (from.size > size) {
        return false;
    }
    memcpy(out, from.data, from.size);
    *ret = (struct lt_bytes){out, from.size};
    return true;
}

static bool answer_read(const struct row *row, struct desk *desk, struct answer *answer)
{
    char hex[PATH_HEX_MAX];
    char code[64];
    struct lt_bytes path = row_field(row, "path");
    uint64_t first = 0;
    text_copy(hex, sizeof(hex), path);
    text_copy(code, sizeof(code), row_field(row, "code"));
    text_copy(desk->told, sizeof(desk->told), row_field(row, "key"));
    char number[24];
    text_copy(number, sizeof(number), row_field(row, "first"));
    const struct lt_error *error = code[0] == '\0' ? NULL : lt_error_by_code(code);
    answer->code = error == NULL ? LT_OK : error->status;
    bool read = path.size < sizeof(hex) && hex_read(answer->path, path.size / 2, hex) &&
                number_read(&first, number) && (code[0] == '\0' || error != NULL) &&
                copied(answer->checkpoint, sizeof(answer->checkpoint), row_field(row, "checkpoint"),
                       &answer->proof.checkpoint) &&
                copied(answer->broken, sizeof(answer->broken), row_field(row, "broken"),
                       &answer->proof.broken);
    answer->proof.first = first;
    answer->proof.path = (struct lt_bytes){answer->path, path.size / 2};
    return read;
}

/* `known` NULL: the newest checkpoint alone. */
static enum exit_code ask_proof(struct ltctl *ltctl, struct desk *desk,
                                const struct checkpoint *known, struct answer *answer)
{
    struct question question;
    struct page page;
    question_init(&question, "log-proof");
    question.patient = true;
    if (known != NULL) {
        snprintf(question.numbers[0], sizeof(question.numbers[0]), "%llu",
                 (unsigned long long)known->head.size);
        question_add(&question, "origin", known->origin);
        question_add(&question, "size", question.numbers[0]);
    }
    memset(answer, 0, sizeof(*answer));
    enum exit_code code = ask(ltctl, &question, &page);
    if (code != EXIT_GOOD) {
        return code;
    }
    return page.count == 1 && answer_read(&page.rows[0], desk, answer)
               ? EXIT_GOOD
               : complain(ltctl, LT_FRAME_BAD, NULL);
}

/* ---- whom to believe ---- */

static enum lt_status key_read(struct ltctl *ltctl, struct desk *desk, struct fault *fault)
{
    const char *given = ltctl->options.values[OPTION_PUBLIC_KEY];
    uint8_t *text = NULL;
    size_t size;
    char line[NOTE_VKEY_MAX];
    if (given == NULL) {
        fprintf(stderr, "%s\n", phrase(ltctl->language, PHRASE_LOG_KEY_TOLD));
        memcpy(line, desk->told, sizeof(line));
    } else {
        enum lt_status status = file_read(given, NOTE_VKEY_MAX, &text, &size, fault);
        if (status != LT_OK) {
            return status;
        }
        text_copy(line, sizeof(line), (struct lt_bytes){text, strcspn((char *)text, "\n")});
        free(text);
    }
    enum lt_status status = note_vkey_open(line, desk->digester, desk->name, &desk->key);
    return status == LT_OK
               ? LT_OK
               : fault_set(fault, status, given != NULL ? given : "log-proof", "NAME+ID+KEY");
}

static void desk_close(struct desk *desk)
{
    public_key_close(&desk->key);
    sign_checker_close(&desk->checker);
    digester_close(&desk->digester);
}

/* Asks for the newest checkpoint, for there must be one, and finds the key. */
static enum exit_code desk_open(struct ltctl *ltctl, struct desk *desk, struct answer *answer)
{
    struct fault fault;
    fault_init(&fault);
    memset(desk, 0, sizeof(*desk));
    enum exit_code code = ask_proof(ltctl, desk, NULL, answer);
    if (code != EXIT_GOOD) {
        return code;
    }
    enum lt_status status = digester_open(&desk->digester);
    if (status == LT_OK) {
        status = sign_checker_open(&desk->checker);
    }
    if (status == LT_OK) {
        status = key_read(ltctl, desk, &fault);
    }
    if (status == LT_OK) {
        struct note_trust trust = trust_of(desk);
        status = checkpoint_open(answer->proof.checkpoint, &trust, &desk->newest);
        fault_set(&fault, status, "log-proof", "newest");
    }
    if (status == LT_OK) {
        return EXIT_GOOD;
    }
    code = complain(ltctl, status, &fault);
    return log_finding_code(status) ? EXIT_FINDINGS : code;
}

/* ---- checking ---- */

/* The newest checkpoint extends `known`; what comes next must extend this one. */
static enum lt_status proven(struct desk *desk, const struct checkpoint *known,
                             const struct answer *answer)
{
    struct note_trust trust = trust_of(desk);
    struct checkpoint newest;
    struct break_statement broken;
    if (answer->code != LT_OK) {
        return answer->code;
    }
    enum lt_status status = checkpoint_open(answer->proof.checkpoint, &trust, &newest);
    if (status == LT_OK) {
        status = checkpoint_extends(&trust, known, &newest, &answer->proof, &broken);
    }
    if (status == LT_OK) {
        desk->newest = newest;
    }
    return status;
}

/* A checkpoint in a file, and the log of now. *ret_status: what was found. */
static enum exit_code kept_check(struct ltctl *ltctl, struct desk *desk, const char *path,
                                 struct checkpoint *ret_kept, enum lt_status *ret_status)
{
    uint8_t *bytes = NULL;
    size_t size;
    struct fault fault;
    struct answer answer;
    struct note_trust trust = trust_of(desk);
    fault_init(&fault);
    memset(ret_kept, 0, sizeof(*ret_kept));
    enum lt_status status = file_read(path, NOTE_BYTES_MAX, &bytes, &size, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    *ret_status = checkpoint_open((struct lt_bytes){bytes, size}, &trust, ret_kept);
    free(bytes);
    if (*ret_status != LT_OK) {
        return EXIT_GOOD;
    }
    enum exit_code code = ask_proof(ltctl, desk, ret_kept, &answer);
    if (code == EXIT_GOOD) {
        *ret_status = proven(desk, ret_kept, &answer);
    }
    return code;
}

/* What was shown before is still a beginning of what is shown now. */
static enum exit_code shown_check(struct ltctl *ltctl, struct desk *desk,
                                  enum lt_status *ret_status)
{
    struct answer answer;
    struct checkpoint shown = desk->newest;
    enum exit_code code = ask_proof(ltctl, desk, &shown, &answer);
    if (code == EXIT_GOOD) {
        *ret_status = proven(desk, &shown, &answer);
    }
    return code;
}

/* ---- the commands ---- */

enum exit_code log_wire_checkpoint(struct ltctl *ltctl)
{
    struct desk desk;
    struct answer answer;
    enum exit_code code = desk_open(ltctl, &desk, &answer);
    if (code == EXIT_GOOD) {
        struct lt_bytes note = answer.proof.checkpoint;
        code = fwrite(note.data, 1, note.size, stdout) == note.size && fflush(stdout) == 0
                   ? EXIT_GOOD
                   : EXIT_ERROR;
    }
    desk_close(&desk);
    return code;
}

enum exit_code log_wire_consistency(struct ltctl *ltctl)
{
    struct desk desk;
    struct answer answer;
    struct checkpoint kept[2];
    struct fault fault;
    enum lt_status status = LT_OK;
    fault_init(&fault);
    memset(kept, 0, sizeof(kept));
    enum exit_code code = desk_open(ltctl, &desk, &answer);
    for (uint32_t i = 0; i < ltctl->arguments_count && code == EXIT_GOOD && status == LT_OK; i++) {
        code = kept_check(ltctl, &desk, ltctl->arguments[i], &kept[i], &status);
        fault_set(&fault, status, ltctl->arguments[i], "size %llu",
                  (unsigned long long)kept[i].head.size);
    }
    struct checkpoint end = ltctl->arguments_count == 2 ? kept[1] : desk.newest;
    desk_close(&desk);
    if (code != EXIT_GOOD) {
        return code;
    }
    if (status != LT_OK) {
        code = complain(ltctl, status, &fault);
        return log_finding_code(status) ? EXIT_FINDINGS : code;
    }
    printf("%llu -> %llu: %s\n", (unsigned long long)kept[0].head.size,
           (unsigned long long)end.head.size, phrase(ltctl->language, PHRASE_LOG_EXTENDS));
    return EXIT_GOOD;
}

static void row_show(struct output *output, const char *name, const struct checkpoint *checkpoint,
                     enum lt_status status)
{
    char numbers[3][24];
    snprintf(numbers[0], sizeof(numbers[0]), "%llu", (unsigned long long)checkpoint->head.size);
    snprintf(numbers[1], sizeof(numbers[1]), "%llu", (unsigned long long)checkpoint->position);
    snprintf(numbers[2], sizeof(numbers[2]), "%lld", (long long)checkpoint->time_ms);
    struct pair fields[] = {
        {text_bytes("file"), text_bytes(name)},
        {text_bytes("origin"), text_bytes(checkpoint->origin)},
        {text_bytes("size"), text_bytes(numbers[0])},
        {text_bytes("position"), text_bytes(numbers[1])},
        {text_bytes("time_ms"), text_bytes(numbers[2])},
        {text_bytes("code"), text_bytes(lt_code(status))},
    };
    const struct row row = {fields, 6};
    output_row(output, &row);
}

enum exit_code log_wire_verify(struct ltctl *ltctl)
{
    struct desk desk;
    struct answer answer;
    struct output output;
    struct checkpoint kept;
    bool clean = true;
    enum lt_status status = LT_OK;
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, &columns_log_kept);
    enum exit_code code = desk_open(ltctl, &desk, &answer);
    for (uint32_t i = 0; i < ltctl->arguments_count && code == EXIT_GOOD; i++) {
        code = kept_check(ltctl, &desk, ltctl->arguments[i], &kept, &status);
        if (code == EXIT_GOOD) {
            row_show(&output, ltctl->arguments[i], &kept, status);
            clean = clean && status == LT_OK;
        }
    }
    if (code == EXIT_GOOD) {
        code = shown_check(ltctl, &desk, &status);
    }
    if (code == EXIT_GOOD) {
        row_show(&output, "", &desk.newest, status);
        clean = clean && status == LT_OK;
    }
    desk_close(&desk);
    enum exit_code finished = finish(ltctl, &output, false);
    if (code != EXIT_GOOD || finished != EXIT_GOOD) {
        return code != EXIT_GOOD ? code : finished;
    }
    if (ltctl->mode == OUTPUT_TABLE) {
        printf("%s\n", phrase(ltctl->language, clean ? PHRASE_LOG_PROVEN : PHRASE_LOG_DAMAGED));
    }
    return clean ? EXIT_GOOD : EXIT_FINDINGS;
}
