/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_LOG_LOG_TEST_H
#define TESTS_UNIT_LOG_LOG_TEST_H

/* A log that follows a journal in memory, with a key of its own, in a folder of its own. */

#include "unit/base/base_test.h"

#include "broker/journal/backend.h"
#include "broker/journal/fact_seed.h"
#include "broker/journal/journal.h"
#include "broker/log/log.h"
#include "broker/log/verify_log.h"
#include "proto/base/file.h"
#include "proto/message.h"

#define LOG_NAME "truc.example/log"

struct log_desk {
    struct backend_memory *twin;
    struct journal_backend door;
    struct journal *journal;
    struct log_store *log;
    struct digester *digester;
    struct sign_checker *checker;
    struct public_key *key;
    char *folder; /* of the test */
    char path[128];
    char key_path[128];
    char public_path[128];
    uint64_t made; /* commits with leaves */
    struct fault fault;
};

static inline void desk_names(void *self, struct leaves *leaves)
{
    (void)self;
    leaves_name(leaves, 1, "H24.1");
    leaves_name(leaves, 2, "H24.2");
    leaves_name(leaves, 3, "H24.15");
}

/* A journal without a record. */
static inline void desk_journal(struct log_desk *desk)
{
    assert_int_equal(backend_memory_open(&desk->twin), LT_OK);
    desk->door = backend_memory_door(desk->twin);
    assert_int_equal(journal_open(&desk->journal, &desk->door, "test", &desk->fault), LT_OK);
    desk->made = 0;
}

static inline void desk_open(struct log_desk *desk)
{
    memset(desk, 0, sizeof(*desk));
    fault_init(&desk->fault);
    desk->folder = folder_take();
    snprintf(desk->path, sizeof(desk->path), "%s/log", desk->folder);
    snprintf(desk->key_path, sizeof(desk->key_path), "%s/log.key", desk->folder);
    snprintf(desk->public_path, sizeof(desk->public_path), "%s/log.pem", desk->folder);
    assert_int_equal(digester_open(&desk->digester), LT_OK);
    assert_int_equal(sign_checker_open(&desk->checker), LT_OK);
    assert_int_equal(
        signer_make_file(SIGN_ECDSA_P256, 0, desk->key_path, desk->public_path, &desk->fault),
        LT_OK);
    assert_int_equal(public_key_from_file(desk->public_path, &desk->key, &desk->fault), LT_OK);
    desk_journal(desk);
}

static inline void desk_close(struct log_desk *desk)
{
    log_store_close(&desk->log);
    journal_close(&desk->journal);
    backend_memory_close(&desk->twin);
    public_key_close(&desk->key);
    sign_checker_close(&desk->checker);
    digester_close(&desk->digester);
    folder_drop(desk->folder);
}

static inline struct log_options desk_options(const struct log_desk *desk)
{
    return (struct log_options){
        .folder = desk->path,
        .backend = desk->door,
        .journal_first = journal_first(desk->journal),
        .journal_last = journal_durable(desk->journal),
        .name = LOG_NAME,
        .names = desk_names,
    };
}

/* The log opened anew with these keys; NULL: none beside. */
static inline enum lt_status desk_log_with(struct log_desk *desk, struct log_options options,
                                           const char *path, const char *next_path)
{
    fault_init(&desk->fault);
    log_store_close(&desk->log);
    assert_int_equal(signer_open_file(path, &options.signer, &desk->fault), LT_OK);
    if (next_path != NULL) {
        assert_int_equal(signer_open_file(next_path, &options.next, &desk->fault), LT_OK);
    }
    enum lt_status status = log_store_open(&desk->log, &options, &desk->fault);
    if (status != LT_OK) {
        signer_close(&options.signer);
        signer_close(&options.next);
    }
    return status;
}

static inline enum lt_status desk_log_as(struct log_desk *desk, bool restored, uint64_t last)
{
    struct log_options options = desk_options(desk);
    options.restored = restored;
    options.journal_last = last;
    return desk_log_with(desk, options, desk->key_path, NULL);
}

static inline enum lt_status desk_log(struct log_desk *desk)
{
    return desk_log_with(desk, desk_options(desk), desk->key_path, NULL);
}

static inline struct note_trust desk_trust(const struct log_desk *desk)
{
    return (struct note_trust){desk->digester, desk->checker, {LOG_NAME, desk->key}};
}

static inline void desk_stage(struct log_desk *desk, uint8_t kind, struct lt_bytes payload)
{
    struct fact fact;
    assert_int_equal(journal_stage(desk->journal, kind, 1790000000000, payload, &fact), LT_OK);
}

static inline void desk_commit(struct log_desk *desk)
{
    const struct journal_ticket *ticket = NULL;
    enum lt_status status = LT_AGAIN;
    assert_int_equal(journal_commit(desk->journal), LT_OK);
    for (int i = 0; i < 1000 && status == LT_AGAIN; i++) {
        status = journal_poll(desk->journal, &ticket, &desk->fault);
    }
    assert_int_equal(status, LT_OK);
}

static inline void desk_seed(struct log_desk *desk)
{
    uint8_t memory[64];
    struct fact_seed seed;
    memset(seed.seed, (int)journal_staged(desk->journal), sizeof(seed.seed));
    desk_stage(desk, FACT_SEED, fact_write_seed(memory, sizeof(memory), &seed));
}

static inline struct lt_id desk_id(uint64_t number)
{
    struct lt_id id = {{1, 2, 3}};
    memcpy(id.bytes + 8, &number, sizeof(number));
    return id;
}

static inline void desk_accept(struct log_desk *desk, uint32_t from)
{
    uint8_t memory[4096];
    struct arena arena;
    struct lt_bytes header_bytes;
    struct header header = {.id = desk_id(journal_staged(desk->journal) + 1),
                            .from = text_bytes("H24.1"),
                            .kind = LT_KIND_STATUS};
    assert_int_equal(arena_init(&arena, 4096, 65536), LT_OK);
    assert_int_equal(header_write(&header, &arena, &header_bytes), LT_OK);
    struct fact_accepted accepted = {.from = from,
                                     .header = header_bytes,
                                     .body = text_bytes("body"),
                                     .legs = {{.agency = 3}, {.agency = 0}},
                                     .legs_count = 2};
    accepted.digest = digest_of_two(desk->digester, accepted.header, accepted.body);
    desk_stage(desk, FACT_ACCEPTED, fact_write_accepted(memory, sizeof(memory), &accepted));
    arena_deinit(&arena);
}

static inline void desk_settle(struct log_desk *desk, uint64_t position)
{
    uint8_t memory[256];
    struct fact_settled settled = {.position = position,
                                   .attempt = 1,
                                   .agency = 3,
                                   .outcome = LT_OUTCOME_TAKEN,
                                   .next = 7,
                                   .reason = text_bytes("tiếp nhận")};
    desk_stage(desk, FACT_SETTLED, fact_write_settled(memory, sizeof(memory), &settled));
}

static inline void desk_epoch(struct log_desk *desk)
{
    uint8_t memory[64];
    struct fact_epoch epoch = {.epoch = 1, .software = text_bytes("test")};
    desk_stage(desk, FACT_EPOCH, fact_write_epoch(memory, sizeof(memory), &epoch));
    desk_commit(desk);
}

/* Records with leaves: each a seed, `each` acceptances and a settlement. */
static inline void desk_records(struct log_desk *desk, uint32_t count, uint32_t each)
{
    for (uint32_t i = 0; i < count; i++) {
        desk_seed(desk);
        for (uint32_t k = 0; k < each; k++) {
            desk_accept(desk, 1 + k % 2);
        }
        desk_settle(desk, journal_staged(desk->journal));
        desk_commit(desk);
        desk->made++;
    }
}

static inline void desk_follow(struct log_desk *desk)
{
    enum lt_status status = LT_OK;
    while (status == LT_OK) {
        status = log_follow(desk->log, journal_durable(desk->journal), &desk->fault);
    }
    assert_int_equal(status, LT_AGAIN);
}

/* Followed to its end, and signed. */
static inline void desk_sign(struct log_desk *desk, int64_t time_ms)
{
    desk_follow(desk);
    assert_int_equal(log_sign(desk->log, time_ms, &desk->fault), LT_OK);
}

static inline struct log_verify_report
desk_verify(struct log_desk *desk, void (*found)(void *context, const struct log_finding *finding),
            void *context)
{
    struct log_verify_report report = {0};
    struct log_verify_options options = {
        .folder = desk->path,
        .backend = &desk->door,
        .journal_first = journal_first(desk->journal),
        .name = LOG_NAME,
        .key = desk->key,
        .names = desk_names,
        .found = found,
        .context = context,
    };
    fault_init(&desk->fault);
    assert_int_equal(log_verify(&options, &report, &desk->fault), LT_OK);
    return report;
}

#endif
