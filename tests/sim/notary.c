/* SPDX-License-Identifier: EUPL-1.2 */
/* The log in the world of the sim; any lie ends the run with its seed. */
#include "notary.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/core/broker.h"
#include "broker/core/log_signer.h"
#include "broker/log/verify_log.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/receipt.h"

#define NAME          "sim/log"
#define CHECKPOINT_MS 200

struct notary {
    char folder[200];
    char log_path[220];
    char key_path[220];
    const struct lt_clock *clock;
    struct oracle *oracle;
    struct log_signer *signer;
    struct broker *broker;
    struct digester *digester;
    struct sign_checker *checker;
    struct public_key *key;
    struct checkpoint newest; /* of all that were seen */
    uint64_t receipts;
    uint32_t findings;
    uint64_t *got; /* positions of leaves that came to whom they are owed */
    uint32_t got_count;
    uint32_t got_room;
    uint64_t asked; /* receipts that had been lost on the way */
};

struct notary *notary_open(const char *folder, const struct lt_clock *clock, struct oracle *oracle)
{
    char public_path[240];
    struct fault fault;
    struct notary *notary = calloc(1, sizeof(*notary));
    assert(notary != NULL);
    fault_init(&fault);
    snprintf(notary->folder, sizeof(notary->folder), "%s/notary", folder);
    snprintf(notary->log_path, sizeof(notary->log_path), "%s/log", notary->folder);
    snprintf(notary->key_path, sizeof(notary->key_path), "%s/log.key", notary->folder);
    snprintf(public_path, sizeof(public_path), "%s.pub", notary->key_path);
    notary->clock = clock;
    notary->oracle = oracle;
    enum lt_status status = folder_make(notary->folder, 0700, &fault);
    assert(status == LT_OK);
    status = log_key_make(notary->key_path, &fault);
    assert(status == LT_OK);
    status = public_key_from_file(public_path, &notary->key, &fault);
    assert(status == LT_OK);
    status = digester_open(&notary->digester);
    assert(status == LT_OK);
    status = sign_checker_open(&notary->checker);
    assert(status == LT_OK);
    return notary;
}

static int drop_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

void notary_close(struct notary **notary_p)
{
    struct notary *notary = *notary_p;
    if (notary == NULL) {
        return;
    }
    free(notary->got);
    public_key_close(&notary->key);
    sign_checker_close(&notary->checker);
    digester_close(&notary->digester);
    (void)nftw(notary->folder, drop_one, 8, FTW_DEPTH | FTW_PHYS);
    free(notary);
    *notary_p = NULL;
}

static void got_add(struct notary *notary, uint64_t position)
{
    if (notary->got_count == notary->got_room) {
        notary->got_room = notary->got_room == 0 ? 1024 : 2 * notary->got_room;
        notary->got = realloc(notary->got, notary->got_room * sizeof(*notary->got));
        assert(notary->got != NULL);
    }
    notary->got[notary->got_count++] = position;
}

static bool got_has(const struct notary *notary, uint64_t position)
{
    bool has = false;
    for (uint32_t i = 0; i < notary->got_count && !has; i++) {
        has = notary->got[i] == position;
    }
    return has;
}

/* A restore gives the positions above it to other facts. */
static void forget_above(struct notary *notary, uint64_t position)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < notary->got_count; i++) {
        if (notary->got[i] <= position) {
            notary->got[kept++] = notary->got[i];
        }
    }
    notary->got_count = kept;
}

static void tell_names(void *self, struct leaves *leaves)
{
    const struct notary *notary = self;
    const struct registry *registry = broker_flow(notary->broker)->registry;
    const struct agency *agency;
    for (uint32_t i = 0; (agency = registry_at(registry, i)) != NULL; i++) {
        leaves_name(leaves, agency->number, agency->id);
    }
}

void notary_begin(struct notary *notary, struct broker *broker, struct backend_memory *backend,
                  bool restored)
{
    struct fault fault;
    if (notary == NULL) {
        return;
    }
    fault_init(&fault);
    notary->broker = broker;
    const struct journal *journal = broker_flow(broker)->journal;
    struct log_signer_options options = {
        .log = {.folder = notary->log_path,
                .backend = backend_memory_door(backend),
                .journal_first = journal_first(journal),
                .journal_last = journal_durable(journal),
                .name = NAME,
                .restored = restored,
                .names = tell_names,
                .names_self = notary},
        .signing_key = notary->key_path,
        .checkpoint_ms = CHECKPOINT_MS,
        .clock = notary->clock,
    };
    enum lt_status status = log_signer_open(&notary->signer, &options, &fault);
    if (status != LT_OK) {
        fprintf(stderr, "sim: log: %s %s %s\n", lt_code(status), fault.field, fault.detail);
        oracle_fail(notary->oracle, "the log does not open", NULL);
    }
    forget_above(notary, restored ? journal_durable(journal) : UINT64_MAX);
    struct log_door door = log_signer_door(notary->signer);
    broker_attach_log(broker, &door);
}

void notary_end(struct notary *notary, struct broker *broker)
{
    if (notary == NULL) {
        return;
    }
    broker_attach_log(broker, &(struct log_door){0});
    log_signer_close(&notary->signer);
}

bool notary_covers(const struct notary *notary, uint64_t below)
{
    uint64_t position;
    return notary == NULL ||
           (log_reaches(notary->log_path, &position, NULL) == LT_OK && position + 1 >= below);
}

uint32_t notary_began(const struct notary *notary)
{
    struct fault fault;
    uint32_t incarnation = 0;
    fault_init(&fault);
    if (notary != NULL && log_began(notary->log_path, NAME, &incarnation, &fault) != LT_OK) {
        oracle_fail(notary->oracle, "the log does not tell its incarnation", NULL);
    }
    return incarnation;
}

void notary_take(struct notary *notary, const char *agency, const struct receipts *receipts)
{
    struct checkpoint checkpoint;
    if (notary == NULL) {
        return;
    }
    struct note_trust trust = {notary->digester, notary->checker, {NAME, notary->key}};
    if (receipts_check(receipts, &trust, &checkpoint) != LT_OK) {
        oracle_fail(notary->oracle, "a receipt is not proven", NULL);
    }
    for (uint32_t i = 0; i < receipts->count; i++) {
        struct leaf leaf;
        bool reads = leaf_read(receipts->items[i].leaf, &leaf);
        struct lt_bytes whose =
            leaf.kind == LEAF_ACCEPTED ? leaf.accepted.from : leaf.outcome.agency;
        if (!reads || !bytes_equal(whose, text_bytes(agency))) {
            oracle_fail(notary->oracle, "a receipt is somebody else's", NULL);
        }
        got_add(notary,
                leaf.kind == LEAF_ACCEPTED ? leaf.accepted.position : leaf.outcome.position);
    }
    if (strcmp(checkpoint.origin, notary->newest.origin) != 0) {
        notary->newest = checkpoint; /* a restore in between */
    }
    if (checkpoint.head.size == notary->newest.head.size &&
        !digest_equal(&checkpoint.head.root, &notary->newest.head.root)) {
        oracle_fail(notary->oracle, "two logs of one size", NULL);
    }
    if (checkpoint.head.size > notary->newest.head.size) {
        notary->newest = checkpoint;
    }
    notary->receipts += receipts->count;
}

/* ---- what is owed ---- */

/* Asks as the agency would, and hears the answer: false when there is none. */
static bool ask(struct notary *notary, uint32_t agency, uint64_t position)
{
    struct log_door door = log_signer_door(notary->signer);
    struct log_wish wish = {.agency = agency, .number = ++notary->asked, .position = position};
    const struct agency *entry = registry_by_number(broker_flow(notary->broker)->registry, agency);
    bool answered = false;
    bool pushed = door.ask(door.self, &wish);
    assert(pushed && entry != NULL);
    struct log_news *news = door.take(door.self);
    while (news != NULL) {
        if (news->kind == NEWS_RECEIPTS && news->agency == agency) {
            notary_take(notary, entry->id, &news->receipts);
            answered = got_has(notary, position);
        }
        free(news);
        news = door.take(door.self);
    }
    return answered;
}

/* An acceptance is owed to its sender, a settlement to whoever settled. */
static enum lt_status look_owed(void *context, const struct fact *fact)
{
    struct notary *notary = context;
    struct fact_accepted accepted = {.from = 0};
    struct fact_settled settled = {.agency = 0};
    uint32_t agency = 0;
    if (fact->kind == FACT_ACCEPTED && fact_read_accepted(fact->payload, &accepted)) {
        agency = accepted.from;
    } else if (fact->kind == FACT_SETTLED && fact_read_settled(fact->payload, &settled)) {
        agency = settled.agency;
    }
    if (agency != 0 && !got_has(notary, fact->position) && !ask(notary, agency, fact->position)) {
        fprintf(stderr, "sim: log: nothing for agency %u at %llu\n", agency,
                (unsigned long long)fact->position);
        oracle_fail(notary->oracle, "a receipt that is owed is not given", NULL);
    }
    return LT_OK;
}

static void found(void *context, const struct log_finding *finding)
{
    struct notary *notary = context;
    notary->findings++;
    fprintf(stderr, "sim: log: %s at %s: %s\n", finding->what, finding->place,
            lt_code(finding->status));
}

uint64_t notary_judge(struct notary *notary, struct broker *broker, struct backend_memory *backend)
{
    struct log_verify_report report;
    struct fault fault;
    if (notary == NULL) {
        return 0;
    }
    fault_init(&fault);
    struct journal_backend door = backend_memory_door(backend);
    struct log_verify_options options = {
        .folder = notary->log_path,
        .backend = &door,
        .journal_first = journal_first(broker_flow(broker)->journal),
        .names = tell_names,
        .names_self = notary,
        .name = NAME,
        .key = notary->key,
        .found = found,
        .context = notary,
    };
    enum lt_status status = log_verify(&options, &report, &fault);
    if (status != LT_OK || notary->findings > 0 ||
        (strcmp(report.newest.origin, notary->newest.origin) == 0 &&
         report.commits < notary->newest.head.size)) {
        fprintf(stderr, "sim: log: %s %s %s, %llu commits\n", lt_code(status), fault.field,
                fault.detail, (unsigned long long)report.commits);
        oracle_fail(notary->oracle, "the log does not verify", NULL);
    }
    uint64_t came = notary->receipts;
    const struct journal *journal = broker_flow(broker)->journal;
    if (journal_walk(journal, journal_first(journal), look_owed, notary) != LT_OK) {
        oracle_fail(notary->oracle, "the journal does not read", NULL);
    }
    if (came == 0) {
        oracle_fail(notary->oracle, "no receipt came", NULL);
    }
    return came;
}
