/* SPDX-License-Identifier: EUPL-1.2 */
/* The verifier: a sound journal has no findings; every flipped bit and every lie is found. */
#include "journal_test.h"

#include "broker/journal/fact_seal.h"
#include "broker/journal/verify.h"

#define FINDINGS_MAX 256

struct found {
    struct verify_finding findings[FINDINGS_MAX];
    uint32_t count;
    uint64_t progress;
};

static void note(void *context, const struct verify_finding *finding)
{
    struct found *found = context;
    assert_true(found->count < FINDINGS_MAX);
    found->findings[found->count++] = *finding;
}

static bool progress(void *context, uint64_t position, uint64_t last, uint64_t bytes)
{
    struct found *found = context;
    assert_true(position <= last || last == 0);
    found->progress = position;
    assert_true(bytes > 0);
    return true;
}

static const struct verify_seals *whose; /* NULL: nobody asks */

static struct verify_report verify(struct desk *desk, struct found *found)
{
    struct verify_report report = {0};
    memset(found, 0, sizeof(*found));
    assert_int_equal(journal_verify(&desk->door, journal_durable(desk->journal), progress, note,
                                    found, whose, &report),
                     LT_OK);
    assert_int_equal(report.findings, found->count);
    return report;
}

static bool has(const struct found *found, uint64_t position, const char *what)
{
    for (uint32_t i = 0; i < found->count; i++) {
        if (found->findings[i].position == position && strcmp(found->findings[i].what, what) == 0) {
            return true;
        }
    }
    return false;
}

static void stage(struct desk *desk, uint8_t kind, int64_t now_ms, struct lt_bytes payload)
{
    struct fact fact;
    assert_int_equal(journal_stage(desk->journal, kind, now_ms, payload, &fact), LT_OK);
}

static void commit(struct desk *desk)
{
    const struct journal_ticket *ticket = NULL;
    assert_int_equal(journal_commit(desk->journal), LT_OK);
    assert_int_equal(poll_answer(desk, &ticket), LT_OK);
}

static void stage_transfer(struct desk *desk, const char *header, const char *body, bool lie)
{
    uint8_t memory[512];
    struct digester *digester = NULL;
    assert_int_equal(digester_open(&digester), LT_OK);
    struct fact_accepted accepted = {
        .from = 3,
        .digest = digest_of_two(digester, text_bytes(header), text_bytes(lie ? "" : body)),
        .header = text_bytes(header),
        .body = text_bytes(body),
        .legs_count = 1,
    };
    digester_close(&digester);
    stage(desk, FACT_ACCEPTED, 2000, fact_write_accepted(memory, sizeof(memory), &accepted));
}

/* Positions 1 (epoch) | 2-4 (transfer, sent, settled) | 5 (notice). */
static void write_sound(struct desk *desk)
{
    uint8_t memory[256];
    struct fact_epoch epoch = {.epoch = 1, .software = text_bytes("test")};
    stage(desk, FACT_EPOCH, 1000, fact_write_epoch(memory, sizeof(memory), &epoch));
    commit(desk);
    stage_transfer(desk, "header", "body", false);
    struct fact_sent_item item = {.position = 2, .leg = 0, .attempt = 1};
    stage(desk, FACT_SENT, 2000, fact_write_sent(memory, sizeof(memory), 4, &item, 1));
    struct fact_settled settled = {
        .position = 2, .attempt = 1, .agency = 4, .outcome = LT_OUTCOME_TAKEN};
    stage(desk, FACT_SETTLED, 2001, fact_write_settled(memory, sizeof(memory), &settled));
    commit(desk);
    stage_number(desk->journal, 2002, 1);
    commit(desk);
}

static void a_sound_journal(void **unused)
{
    (void)unused;
    struct desk desk;
    struct found found;
    desk_init(&desk);
    struct verify_report report = verify(&desk, &found);
    assert_int_equal(report.records, 0);
    assert_int_equal(report.findings, 0);
    write_sound(&desk);
    report = verify(&desk, &found);
    assert_int_equal(report.records, 3);
    assert_int_equal(report.facts, 5);
    assert_int_equal(report.transfers, 1);
    assert_int_equal(report.findings, 0);
    assert_int_equal(report.bytes, journal_used_bytes(desk.journal));
    assert_int_equal(found.progress, 5);
    /* Another owner, and a cut: still sound. */
    journal_close(&desk.journal);
    assert_int_equal(desk_journal(&desk), LT_OK);
    write_record(&desk, 1, 1);
    assert_int_equal(desk.door.cut(desk.door.self, 3, &desk.fault), LT_OK);
    report = verify(&desk, &found);
    assert_int_equal(report.records, 3);
    assert_int_equal(report.findings, 0);
    desk_deinit(&desk);
}

struct measure {
    size_t size;
};

static enum lt_status measure_look(void *context, uint64_t first, struct lt_bytes record)
{
    (void)first;
    ((struct measure *)context)->size = record.size;
    return LT_OK;
}

/* Bit by bit over every record: found, at a position of that record. */
static void every_flipped_bit_is_found(void **unused)
{
    (void)unused;
    static const uint64_t firsts[] = {1, 2, 5};
    static const uint64_t lasts[] = {1, 4, 5};
    struct desk desk;
    struct found found;
    desk_init(&desk);
    write_sound(&desk);
    for (int i = 0; i < 3; i++) {
        struct measure measure = {0};
        assert_int_equal(desk.door.view(desk.door.self, firsts[i], measure_look, &measure), LT_OK);
        for (uint32_t bit = 0; bit < measure.size * 8; bit++) {
            backend_memory_damage(desk.twin, firsts[i], bit);
            (void)verify(&desk, &found);
            bool inside = false;
            for (uint32_t j = 0; j < found.count; j++) {
                uint64_t position = found.findings[j].position;
                inside |= position >= firsts[i] && position <= lasts[i];
                assert_string_not_equal(found.findings[j].what, "gap");
            }
            assert_true(inside);
            if (i < 2) { /* the link of the record behind breaks, too */
                assert_true(has(&found, lasts[i] + 1, "chain"));
            }
            if (bit < RECORD_HEADER_BYTES * 8) {
                assert_true(has(&found, firsts[i], "frame"));
            }
            backend_memory_damage(desk.twin, firsts[i], bit);
        }
    }
    (void)verify(&desk, &found);
    assert_int_equal(found.count, 0);
    desk_deinit(&desk);
}

static void all_damage_is_found_not_only_the_first(void **unused)
{
    (void)unused;
    struct desk desk;
    struct found found;
    desk_init(&desk);
    write_sound(&desk);
    backend_memory_damage(desk.twin, 1, 40 * 8);
    backend_memory_damage(desk.twin, 2, RECORD_HEADER_BYTES * 8 + 1);
    backend_memory_damage(desk.twin, 5, RECORD_HEADER_BYTES * 8 + 1);
    (void)verify(&desk, &found);
    assert_true(has(&found, 1, "frame"));
    assert_true(has(&found, 2, "crc"));
    assert_true(has(&found, 5, "crc"));
    assert_true(has(&found, 2, "chain"));
    assert_true(has(&found, 5, "chain"));
    assert_int_equal(found.count, 5);
    desk_deinit(&desk);
}

static void a_parcel_that_is_not_what_was_accepted(void **unused)
{
    (void)unused;
    struct desk desk;
    struct found found;
    desk_init(&desk);
    stage_transfer(&desk, "header", "body", false);
    stage_transfer(&desk, "header", "body", true);
    commit(&desk);
    struct verify_report report = verify(&desk, &found);
    assert_int_equal(report.transfers, 2);
    assert_int_equal(found.count, 1);
    assert_true(has(&found, 2, "digest"));
    desk_deinit(&desk);
}

static void a_payload_that_does_not_read(void **unused)
{
    (void)unused;
    struct desk desk;
    struct found found;
    desk_init(&desk);
    for (uint8_t kind = FACT_DAMAGED + 1; kind < FACT_KINDS_END; kind++) {
        stage(&desk, kind, 1, text_bytes("?"));
    }
    commit(&desk);
    (void)verify(&desk, &found);
    assert_int_equal(found.count, FACT_KINDS_END - 1);
    for (uint32_t i = 0; i < found.count; i++) {
        assert_int_equal(found.findings[i].position, i + 1);
        assert_string_equal(found.findings[i].what, "payload");
    }
    desk_deinit(&desk);
}

/* ---- records that only somebody who computes crcs could have written ---- */

static struct record_builder builder;

static struct lt_digest append_forged(struct desk *desk, uint64_t first, uint64_t epoch,
                                      int64_t time_ms, const struct lt_digest *before, uint8_t kind,
                                      uint32_t facts_told)
{
    uint8_t memory[1024];
    uint8_t payload[64];
    struct lt_bytes copy;
    struct fault fault;
    struct backend_status at;
    struct digester *digester = NULL;
    struct fact_noticed noticed = {.agency = 1, .cursor = 2};
    desk->door.status(desk->door.self, &at);
    assert_int_equal(digester_open(&digester), LT_OK);
    record_start(&builder, memory, sizeof(memory), first);
    assert_int_equal(record_add(&builder, kind, time_ms,
                                fact_write_noticed(payload, sizeof(payload), &noticed), &copy),
                     LT_OK);
    struct append append = {.epoch = at.epoch, .expected_last = at.last, .facts = facts_told};
    append.record = record_finish(&builder, epoch, time_ms, before);
    append.digest = digest_of(digester, append.record);
    digester_close(&digester);
    enum append_result result;
    fault_init(&fault);
    assert_int_equal(desk->door.append_start(desk->door.self, &append), LT_OK);
    assert_true(desk->door.append_done(desk->door.self, &result, &fault));
    assert_int_equal(result, APPEND_DURABLE);
    return append.digest;
}

static void chain_time_epoch_and_kind(void **unused)
{
    (void)unused;
    struct desk desk;
    struct found found;
    const struct lt_digest none = {0};
    desk_init(&desk);
    struct lt_digest last = append_forged(&desk, 1, 5, 1000, &none, FACT_NOTICED, 1);
    last = append_forged(&desk, 2, 4, 1000, &last, FACT_NOTICED, 1);   /* epoch went down */
    last = append_forged(&desk, 3, 5, 999, &last, FACT_NOTICED, 1);    /* time went back */
    last = append_forged(&desk, 4, 5, 1000, &none, FACT_NOTICED, 1);   /* no link */
    last = append_forged(&desk, 5, 5, 1000, &last, FACT_KINDS_END, 1); /* nobody's kind */
    last = append_forged(&desk, 60, 5, 1000, &last, FACT_NOTICED, 1);  /* under a foreign key */
    last = append_forged(&desk, 7, 5, 1000, &last, FACT_NOTICED, 1);   /* sound again */
    (void)last;
    (void)verify(&desk, &found);
    assert_true(has(&found, 2, "epoch"));
    assert_true(has(&found, 3, "time"));
    assert_true(has(&found, 4, "chain"));
    assert_true(has(&found, 5, "format"));
    assert_true(has(&found, 6, "frame"));
    assert_int_equal(found.count, 5);
    desk_deinit(&desk);
}

static void a_record_that_is_missing(void **unused)
{
    (void)unused;
    struct desk desk;
    struct found found;
    const struct lt_digest none = {0};
    desk_init(&desk);
    struct lt_digest last = append_forged(&desk, 1, 5, 1000, &none, FACT_NOTICED, 3);
    (void)append_forged(&desk, 4, 5, 1000, &last, FACT_NOTICED, 1);
    (void)verify(&desk, &found);
    assert_int_equal(found.count, 1);
    assert_true(has(&found, 2, "gap"));
    desk_deinit(&desk);
}

static void a_first_record_with_a_link(void **unused)
{
    (void)unused;
    struct desk desk;
    struct found found;
    const struct lt_digest some = {.bytes = {1}};
    desk_init(&desk);
    (void)append_forged(&desk, 1, 5, 1000, &some, FACT_NOTICED, 1);
    (void)verify(&desk, &found);
    assert_int_equal(found.count, 1);
    assert_true(has(&found, 1, "chain"));
    desk_deinit(&desk);
}

/* ---- seals ---- */

struct sealed {
    struct desk desk;
    struct found found;
    struct digester *digester;
    struct sign_checker *checker;
    struct signer signer;
    struct seal seal;
    struct lt_digest leaves[2];
    uint64_t batch; /* position of the FACT_SEAL */
    uint32_t learnt;
    uint32_t asked;
    struct verify_seals hooks;
};

static const char *const bodies[2] = {"one", "two"};

static void learn(void *self, const struct fact_registry *fact)
{
    (void)fact;
    ((struct sealed *)self)->learnt++;
}

static bool fits(void *self, uint32_t from, const struct seal_proof *proof,
                 const struct lt_digest *leaf)
{
    struct sealed *s = self;
    s->asked++;
    return from == 3 &&
           seal_proof_check(proof, leaf, s->signer.public_key, s->checker, s->digester) == LT_OK;
}

static struct parcel parcel_of(struct sealed *s, const char *body)
{
    struct parcel parcel = {text_bytes("header"), text_bytes(body), {{0}}};
    parcel.digest = digest_of_two(s->digester, parcel.header, parcel.body);
    return parcel;
}

static void sealed_init(struct sealed *s)
{
    struct fault fault;
    fault_init(&fault);
    memset(s, 0, sizeof(*s));
    desk_init(&s->desk);
    assert_int_equal(digester_open(&s->digester), LT_OK);
    assert_int_equal(sign_checker_open(&s->checker), LT_OK);
    assert_int_equal(signer_generate(SIGN_ED25519, 0, &s->signer, &fault), LT_OK);
    for (uint32_t i = 0; i < 2; i++) {
        struct parcel parcel = parcel_of(s, bodies[i]);
        s->leaves[i] = seal_leaf(s->digester, &parcel);
    }
    assert_int_equal(seal_make(&s->signer, s->digester, s->leaves, 2, &s->seal), LT_OK);
    s->hooks = (struct verify_seals){s, learn, fits};
    whose = &s->hooks;
}

static void sealed_deinit(struct sealed *s)
{
    whose = NULL;
    signer_close(&s->signer);
    sign_checker_close(&s->checker);
    digester_close(&s->digester);
    desk_deinit(&s->desk);
}

static void stage_batch(struct sealed *s, uint32_t from)
{
    uint8_t bytes[SEAL_BYTES_MAX];
    uint8_t memory[FACT_SEAL_BYTES_MAX];
    struct fact_seal fact = {.from = from,
                             .seal = seal_write(bytes, sizeof(bytes), &s->seal),
                             .leaves = s->leaves[0].bytes,
                             .count = 2};
    s->batch = journal_durable(s->desk.journal) + 1;
    stage(&s->desk, FACT_SEAL, 2000, fact_write_seal(memory, sizeof(memory), &fact));
    commit(&s->desk);
}

/* An acceptance that names a place in the batch, or a seal of its own. */
static uint64_t stage_sealed(struct sealed *s, const char *body, uint64_t batch, uint32_t index,
                             const struct seal *own)
{
    uint8_t memory[1024];
    uint8_t link_bytes[SEAL_LINK_BYTES_MAX];
    uint8_t bytes[SEAL_BYTES_MAX];
    struct parcel parcel = parcel_of(s, body);
    struct lt_bytes seal = seal_write(bytes, sizeof(bytes), own == NULL ? &s->seal : own);
    struct seal_link link = {.position = batch, .index = index};
    if (own != NULL) {
        link.seal = seal;
    } else {
        link.digest = digest_of(s->digester, seal);
    }
    struct fact_accepted accepted = {
        .from = 3,
        .digest = parcel.digest,
        .header = parcel.header,
        .body = parcel.body,
        .seal = seal_link_write(link_bytes, sizeof(link_bytes), &link),
        .legs_count = 1,
    };
    stage(&s->desk, FACT_ACCEPTED, 2000, fact_write_accepted(memory, sizeof(memory), &accepted));
    commit(&s->desk);
    return journal_durable(s->desk.journal);
}

static struct seal own_seal(struct sealed *s, const char *body)
{
    struct seal seal;
    struct parcel parcel = parcel_of(s, body);
    struct lt_digest leaf = seal_leaf(s->digester, &parcel);
    assert_int_equal(seal_make(&s->signer, s->digester, &leaf, 1, &seal), LT_OK);
    return seal;
}

static void seals_that_fit(void **unused)
{
    (void)unused;
    struct sealed s;
    sealed_init(&s);
    stage_batch(&s, 3);
    stage_sealed(&s, "one", s.batch, 0, NULL);
    stage_sealed(&s, "two", s.batch, 1, NULL);
    struct seal own = own_seal(&s, "three");
    stage_sealed(&s, "three", 0, 0, &own);
    struct verify_report report = verify(&s.desk, &s.found);
    assert_int_equal(report.findings, 0);
    assert_int_equal(report.seals, 3);
    assert_int_equal(s.asked, 2); /* once for each signature */
    /* What an acceptance names may lie below a cut. */
    assert_int_equal(s.desk.door.cut(s.desk.door.self, s.batch + 1, &s.desk.fault), LT_OK);
    report = verify(&s.desk, &s.found);
    assert_int_equal(report.findings, 0);
    assert_int_equal(report.seals, 1);
    sealed_deinit(&s);
}

static void seals_that_do_not(void **unused)
{
    (void)unused;
    struct sealed s;
    sealed_init(&s);
    stage_batch(&s, 3);
    uint64_t other = stage_sealed(&s, "another body", s.batch, 0, NULL);
    uint64_t place = stage_sealed(&s, "one", s.batch, 1, NULL);
    uint64_t nowhere = stage_sealed(&s, "one", other, 0, NULL);
    struct seal own = own_seal(&s, "three");
    uint64_t moved = stage_sealed(&s, "four", 0, 0, &own);
    uint64_t before = s.batch;
    stage_batch(&s, 4); /* it is agency 3's */
    uint64_t late = stage_sealed(&s, "one", before, 0, NULL);
    struct verify_report report = verify(&s.desk, &s.found);
    assert_true(has(&s.found, other, "seal"));
    assert_true(has(&s.found, place, "seal"));
    assert_true(has(&s.found, nowhere, "seal"));
    assert_true(has(&s.found, moved, "seal"));
    assert_true(has(&s.found, s.batch, "seal"));
    assert_true(has(&s.found, late, "seal")); /* acceptances follow their seal */
    assert_int_equal(report.findings, 6);
    whose = NULL; /* without a registry the bytes are looked at all the same */
    report = verify(&s.desk, &s.found);
    assert_int_equal(report.findings, 4); /* that of one parcel is nothing but its signature */
    sealed_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_journal),
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(all_damage_is_found_not_only_the_first),
        cmocka_unit_test(a_parcel_that_is_not_what_was_accepted),
        cmocka_unit_test(a_payload_that_does_not_read),
        cmocka_unit_test(chain_time_epoch_and_kind),
        cmocka_unit_test(a_record_that_is_missing),
        cmocka_unit_test(a_first_record_with_a_link),
        cmocka_unit_test(seals_that_fit),
        cmocka_unit_test(seals_that_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
