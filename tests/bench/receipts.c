/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lt-receipts RECORDS: what a receipt costs, in processor time: the signer's work from a durable
 * record to the frame (leaves, commits, tiles, one signed checkpoint, proofs), the writing of the
 * frame, and the check at the agency that gets it. Records hold 64 acceptances of two agencies and
 * a settlement, or one acceptance and one settlement. No broker: its signer without a thread, over
 * a journal in memory. The last line is one JSON object.
 */
#include "unit/log/log_test.h"

#include <time.h>

#include "broker/core/log_signer.h"
#include "proto/receipt.h"

struct cost {
    double signer_us; /* per receipt */
    double frame_us;
    double check_us;
    uint64_t receipts;
    uint64_t frames;
};

static int64_t spent_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t clock_wall(void *self)
{
    (void)self;
    return 1790000000000;
}

/* Every look is a second later: a checkpoint is always due. */
static int64_t clock_mono(void *self)
{
    return *(int64_t *)self += 1000;
}

static void must(bool truth, const char *what)
{
    if (!truth) {
        fprintf(stderr, "lt-receipts: %s\n", what);
        exit(1);
    }
}

struct reader {
    struct arena arena;
    struct note_trust trust;
};

static void use(struct reader *reader, const struct log_news *news, struct cost *cost)
{
    struct frame frame = {.kind = FRAME_RECEIPTS, .receipts = news->receipts};
    struct checkpoint checkpoint;
    struct lt_bytes bytes;
    int64_t from_ns = spent_ns();
    must(frame_write(&frame, &reader->arena, &bytes) == LT_OK, "no frame");
    int64_t written_ns = spent_ns();
    must(receipts_check(&news->receipts, &reader->trust, &checkpoint) == LT_OK, "not proven");
    cost->frame_us += (double)(written_ns - from_ns) / 1000;
    cost->check_us += (double)(spent_ns() - written_ns) / 1000;
    cost->receipts += news->receipts.count;
    cost->frames++;
    arena_reset(&reader->arena);
}

static void follow(struct log_desk *desk, struct log_signer *signer, struct cost *cost)
{
    struct log_door door = log_signer_door(signer);
    struct reader reader = {.trust = {desk->digester, desk->checker, {LOG_NAME, desk->key}}};
    struct log_news *news = NULL;
    must(arena_init(&reader.arena, 1 << 20, 16 << 20) == LT_OK, "no memory");
    door.tell(door.self, journal_durable(desk->journal), 1790000000000);
    for (uint32_t idle = 0; idle < 4;) {
        int64_t from_ns = spent_ns();
        news = door.take(door.self);
        cost->signer_us += (double)(spent_ns() - from_ns) / 1000;
        idle = news == NULL ? idle + 1 : 0;
        if (news != NULL) {
            use(&reader, news, cost);
            free(news);
        }
    }
    arena_deinit(&reader.arena);
}

/* Rounds as the broker has them: some records become durable, the signer follows and signs once. */
static struct cost measure(uint32_t records, uint32_t each)
{
    struct cost cost = {.receipts = 0};
    struct log_desk desk;
    struct log_signer *signer = NULL;
    int64_t mono_ms = 1000;
    struct lt_clock clock = {&mono_ms, clock_wall, clock_mono};
    desk_open(&desk);
    desk_epoch(&desk);
    struct log_signer_options options = {
        .log = {.folder = desk.path,
                .backend = desk.door,
                .journal_first = journal_first(desk.journal),
                .journal_last = journal_durable(desk.journal),
                .name = LOG_NAME,
                .names = desk_names},
        .signing_key = desk.key_path,
        .checkpoint_ms = 0,
        .clock = &clock,
    };
    must(log_signer_open(&signer, &options, &desk.fault) == LT_OK, "no signer");
    for (uint32_t i = 0; i < records; i += 4) {
        desk_records(&desk, 4, each);
        follow(&desk, signer, &cost);
    }
    log_signer_close(&signer);
    desk_close(&desk);
    must(cost.receipts > 0, "no receipts");
    cost.signer_us /= (double)cost.receipts;
    cost.frame_us /= (double)cost.receipts;
    cost.check_us /= (double)cost.receipts;
    return cost;
}

static void say(const char *what, const struct cost *cost)
{
    printf("%-24s signer %.2f us  frame %.2f us  check %.2f us, per receipt; %.1f in a frame\n",
           what, cost->signer_us, cost->frame_us, cost->check_us,
           (double)cost->receipts / (double)cost->frames);
}

int main(int argc, char **argv)
{
    uint32_t records = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    must(records >= 4, "usage: lt-receipts RECORDS");
    struct cost full = measure(records, 64);
    struct cost few = measure(records, 1);
    say("64 accepted in a record", &full);
    say("1 accepted in a record", &few);
    printf(
        "{\"receipt_64_us\":%.3f,\"receipt_1_us\":%.3f,\"check_64_us\":%.3f,\"check_1_us\":%.3f}\n",
        full.signer_us + full.frame_us, few.signer_us + few.frame_us, full.check_us, few.check_us);
    return 0;
}
