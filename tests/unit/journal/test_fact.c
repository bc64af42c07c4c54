/* SPDX-License-Identifier: EUPL-1.2 */
/* Payloads of facts: what is written reads back, cut anywhere it does not, limits at n and n + 1.
 */
#include "unit/base/base_test.h"

#include "broker/journal/fact.h"
#include "broker/journal/format.h"
#include "broker/journal/journal.h"

#define ROOM 1024

static struct lt_digest digest_from(uint8_t first)
{
    struct lt_digest digest;
    for (size_t i = 0; i < sizeof(digest.bytes); i++) {
        digest.bytes[i] = (uint8_t)(first + i);
    }
    return digest;
}

/* Every shorter payload and one longer by a byte is refused. */
static void check_shape(struct lt_bytes payload, bool (*reads)(struct lt_bytes payload))
{
    assert_true(payload.size > 0 && payload.size < ROOM);
    assert_true(reads(payload));
    for (size_t size = 0; size < payload.size; size++) {
        uint8_t *exact = malloc(size + 1); /* so that a sanitizer sees a read behind the end */
        assert_non_null(exact);
        memcpy(exact, payload.data, size);
        assert_false(reads(run_of(exact, size)));
        free(exact);
    }
    uint8_t longer[ROOM + 1];
    memcpy(longer, payload.data, payload.size);
    longer[payload.size] = 0;
    assert_false(reads(run_of(longer, payload.size + 1)));
}

static bool reads_epoch(struct lt_bytes payload)
{
    struct fact_epoch f;
    return fact_read_epoch(payload, &f);
}

static void epoch(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_epoch f = {.epoch = 0x0102030405060708, .software = text_bytes("lienthongd 0.1")};
    struct lt_bytes payload = fact_write_epoch(memory, ROOM, &f);
    check_shape(payload, reads_epoch);
    struct fact_epoch back;
    assert_true(fact_read_epoch(payload, &back));
    assert_int_equal(back.epoch, f.epoch);
    assert_bytes(back.software, "lienthongd 0.1");
    /* Exactly as much memory as it needs, and one byte less. */
    size_t size = payload.size;
    assert_int_equal(fact_write_epoch(memory, size, &f).size, size);
    assert_int_equal(fact_write_epoch(memory, size - 1, &f).size, 0);
}

static bool reads_accepted(struct lt_bytes payload)
{
    struct fact_accepted f;
    return fact_read_accepted(payload, &f);
}

static void accepted(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_accepted f = {
        .from = 70001,
        .digest = digest_from(3),
        .header = text_bytes("header bytes as received"),
        .body = text_bytes("body"),
        .seal = text_bytes("seal!"),
        .legs_count = LT_LEGS_MAX,
    };
    for (uint32_t i = 0; i < LT_LEGS_MAX; i++) {
        f.legs[i] = (struct fact_leg){.agency = 100000 + i, .parked = (uint16_t)(160 + i)};
    }
    struct lt_bytes payload = fact_write_accepted(memory, ROOM, &f);
    check_shape(payload, reads_accepted);
    struct fact_accepted back;
    assert_true(fact_read_accepted(payload, &back));
    assert_int_equal(back.from, 70001);
    assert_memory_equal(&back.digest, &f.digest, sizeof(f.digest));
    assert_bytes(back.header, "header bytes as received");
    assert_bytes(back.body, "body");
    assert_bytes(back.seal, "seal!");
    assert_int_equal(back.legs_count, LT_LEGS_MAX);
    for (uint32_t i = 0; i < LT_LEGS_MAX; i++) {
        assert_int_equal(back.legs[i].agency, 100000 + i);
        assert_int_equal(back.legs[i].parked, 160 + i);
    }
}

static void legs_are_limited(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    const size_t count_at = 4 + 32;
    const size_t leg_bytes = 6;
    /* A payload with one leg more, whole in every other respect. */
    memset(memory, 0, sizeof(memory));
    size_t size = count_at + 1 + LT_LEGS_MAX * leg_bytes + 3 * 4;
    memory[count_at] = LT_LEGS_MAX;
    assert_true(reads_accepted(run_of(memory, size)));
    memory[count_at] = LT_LEGS_MAX + 1;
    assert_false(reads_accepted(run_of(memory, size + leg_bytes)));
    /* None at all is a shape, too. */
    memory[count_at] = 0;
    assert_true(reads_accepted(run_of(memory, count_at + 1 + 3 * 4)));
}

static bool reads_refused(struct lt_bytes payload)
{
    struct fact_refused f;
    return fact_read_refused(payload, &f);
}

static void refused(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_refused f = {.from = 9, .digest = digest_from(100), .code = 65535};
    memset(f.id.bytes, 0xA5, sizeof(f.id.bytes));
    struct lt_bytes payload = fact_write_refused(memory, ROOM, &f);
    check_shape(payload, reads_refused);
    struct fact_refused back;
    assert_true(fact_read_refused(payload, &back));
    assert_int_equal(back.from, 9);
    assert_int_equal(back.code, 65535);
    assert_memory_equal(&back.id, &f.id, sizeof(f.id));
    assert_memory_equal(&back.digest, &f.digest, sizeof(f.digest));
}

static bool reads_sent(struct lt_bytes payload)
{
    struct fact_sent f;
    return fact_read_sent(payload, &f);
}

static void sent(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_sent_item items[20];
    for (uint32_t i = 0; i < 20; i++) {
        items[i] = (struct fact_sent_item){
            .position = UINT64_MAX - i, .leg = (uint8_t)i, .attempt = (uint16_t)(1000 + i)};
    }
    struct lt_bytes payload = fact_write_sent(memory, ROOM, 4711, items, 20);
    check_shape(payload, reads_sent);
    struct fact_sent back;
    assert_true(fact_read_sent(payload, &back));
    assert_int_equal(back.agency, 4711);
    assert_int_equal(back.count, 20);
    for (uint32_t i = 0; i < back.count; i++) {
        struct fact_sent_item item = fact_sent_at(&back, i);
        assert_true(item.position == UINT64_MAX - i);
        assert_int_equal(item.leg, i);
        assert_int_equal(item.attempt, 1000 + i);
    }
    payload = fact_write_sent(memory, ROOM, 1, NULL, 0);
    assert_true(fact_read_sent(payload, &back));
    assert_int_equal(back.count, 0);
    /* A count that promises more than there can be. */
    memset(memory + 4, 0xFF, 4);
    assert_false(fact_read_sent(payload, &back));
}

static bool reads_settled(struct lt_bytes payload)
{
    struct fact_settled f;
    return fact_read_settled(payload, &f);
}

static void settled(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_settled f = {
        .position = 1ULL << 40,
        .leg = 15,
        .attempt = 8,
        .agency = 3499,
        .outcome = LT_OUTCOME_FAILED,
        .code = 161,
        .permanent = true,
        .next = 5,
        .due_ms = -1,
        .decided_ms = 1790000000123,
        .reason = text_bytes("thiếu thành phần hồ sơ"),
    };
    struct lt_bytes payload = fact_write_settled(memory, ROOM, &f);
    check_shape(payload, reads_settled);
    struct fact_settled back;
    assert_true(fact_read_settled(payload, &back));
    assert_true(back.position == f.position);
    assert_int_equal(back.leg, 15);
    assert_int_equal(back.attempt, 8);
    assert_int_equal(back.agency, 3499);
    assert_int_equal(back.outcome, LT_OUTCOME_FAILED);
    assert_int_equal(back.code, 161);
    assert_true(back.permanent);
    assert_int_equal(back.next, 5);
    assert_true(back.due_ms == -1);
    assert_true(back.decided_ms == 1790000000123);
    assert_bytes(back.reason, "thiếu thành phần hồ sơ");
    /* The flag is 0 or 1, nothing else. */
    const size_t permanent_at = 8 + 1 + 2 + 4 + 1 + 2;
    memory[permanent_at] = 0;
    assert_true(fact_read_settled(payload, &back));
    assert_false(back.permanent);
    memory[permanent_at] = 2;
    assert_false(fact_read_settled(payload, &back));
}

static bool reads_returned(struct lt_bytes payload)
{
    struct fact_returned f;
    return fact_read_returned(payload, &f);
}

static void returned(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_returned f = {
        .position = 12, .leg = 3, .agency = 5, .code = 163, .due_ms = INT64_MAX};
    struct lt_bytes payload = fact_write_returned(memory, ROOM, &f);
    check_shape(payload, reads_returned);
    struct fact_returned back;
    assert_true(fact_read_returned(payload, &back));
    assert_int_equal(back.position, 12);
    assert_int_equal(back.leg, 3);
    assert_int_equal(back.agency, 5);
    assert_int_equal(back.code, 163);
    assert_true(back.due_ms == INT64_MAX);
}

static bool reads_act(struct lt_bytes payload)
{
    struct fact_act f;
    return fact_read_act(payload, &f);
}

static void act(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_act f = {
        .position = 77,
        .leg = 1,
        .act = ACT_EXPIRE,
        .next = 8,
        .person = text_bytes("operator-1"),
        .reason = text_bytes("as agreed by telephone"),
    };
    struct lt_bytes payload = fact_write_act(memory, ROOM, &f);
    check_shape(payload, reads_act);
    struct fact_act back;
    assert_true(fact_read_act(payload, &back));
    assert_int_equal(back.position, 77);
    assert_int_equal(back.leg, 1);
    assert_int_equal(back.act, ACT_EXPIRE);
    assert_int_equal(back.next, 8);
    assert_bytes(back.person, "operator-1");
    assert_bytes(back.reason, "as agreed by telephone");
    const size_t act_at = 9;
    memory[act_at] = ACT_REPLAY;
    assert_true(fact_read_act(payload, &back));
    memory[act_at] = 0;
    assert_false(fact_read_act(payload, &back));
    memory[act_at] = ACT_SKIP;
    assert_true(fact_read_act(payload, &back));
    memory[act_at] = ACT_SKIP + 1;
    assert_false(fact_read_act(payload, &back));
    assert_int_equal(back.second.size, 0); /* an act of the first releases says no more */
    assert_false(back.risk);
}

static bool reads_long_act(struct lt_bytes payload)
{
    struct fact_act f;
    return fact_read_act(payload, &f) && f.second.size > 0;
}

static void an_act_of_two_people(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_act f = {
        .position = 77,
        .act = ACT_CANCEL,
        .next = 10,
        .person = text_bytes("operator-1"),
        .reason = text_bytes("the receiver's system is gone"),
        .second = text_bytes("approver-1"),
        .risk = true,
    };
    struct lt_bytes payload = fact_write_act(memory, ROOM, &f);
    check_shape(payload, reads_long_act);
    struct fact_act back;
    assert_true(fact_read_act(payload, &back));
    assert_bytes(back.second, "approver-1");
    assert_true(back.risk);
    /* A tail that says nothing has another spelling: none. */
    f.second.size = 0;
    f.risk = false;
    size_t plain = fact_write_act(memory, ROOM, &f).size;
    memset(memory + plain, 0, 3);
    assert_false(fact_read_act(run_of(memory, plain + 3), &back));
    memory[plain + 2] = 1;
    assert_true(fact_read_act(run_of(memory, plain + 3), &back));
    assert_true(back.risk);
}

static bool reads_rerouted(struct lt_bytes payload)
{
    struct fact_rerouted f;
    return fact_read_rerouted(payload, &f);
}

static bool reads_held(struct lt_bytes payload)
{
    struct fact_held f;
    return fact_read_held(payload, &f);
}

static void rerouted_and_held(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_rerouted rerouted = {
        .position = 9,
        .leg = 2,
        .to = 70000,
        .person = text_bytes("operator-1"),
        .reason = text_bytes("moved to another office"),
        .second = text_bytes("approver-1"),
        .risk = true,
        .attachments_count = 2,
    };
    rerouted.attachments[1] = (struct fact_attachment){.sha256 = digest_from(9), .size = 1 << 20};
    struct lt_bytes payload = fact_write_rerouted(memory, ROOM, &rerouted);
    check_shape(payload, reads_rerouted);
    struct fact_rerouted rerouted_back;
    assert_true(fact_read_rerouted(payload, &rerouted_back));
    assert_int_equal(rerouted_back.leg, 2);
    assert_int_equal(rerouted_back.to, 70000);
    assert_bytes(rerouted_back.person, "operator-1");
    assert_bytes(rerouted_back.second, "approver-1");
    assert_true(rerouted_back.risk);
    assert_int_equal(rerouted_back.attachments_count, 2);
    assert_int_equal(rerouted_back.attachments[1].size, 1 << 20);

    struct fact_held held = {
        .position = 9,
        .leg = 2,
        .attempt = 3,
        .agency = 70000,
        .held = LT_HELD_YES,
        .outcome = LT_OUTCOME_TAKEN,
        .code = 0,
        .decided_ms = -1,
        .by = text_bytes("callback http://127.0.0.1/held"),
        .reason = text_bytes("registered"),
    };
    payload = fact_write_held(memory, ROOM, &held);
    check_shape(payload, reads_held);
    struct fact_held held_back;
    assert_true(fact_read_held(payload, &held_back));
    assert_int_equal(held_back.attempt, 3);
    assert_int_equal(held_back.held, LT_HELD_YES);
    assert_int_equal(held_back.outcome, LT_OUTCOME_TAKEN);
    assert_true(held_back.decided_ms == -1);
    assert_bytes(held_back.by, "callback http://127.0.0.1/held");
    held.held = LT_HELD_NO + 1;
    assert_false(reads_held(fact_write_held(memory, ROOM, &held)));
}

static bool reads_assigned(struct lt_bytes payload)
{
    struct fact_assigned f;
    return fact_read_assigned(payload, &f);
}

static void assigned(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_assigned f = {.position = 5, .person = text_bytes("operator-2"), .legs_count = 2};
    f.legs[0] = (struct fact_leg){.agency = 8};
    f.legs[1] = (struct fact_leg){.agency = 0, .parked = 164};
    struct lt_bytes payload = fact_write_assigned(memory, ROOM, &f);
    check_shape(payload, reads_assigned);
    struct fact_assigned back;
    assert_true(fact_read_assigned(payload, &back));
    assert_int_equal(back.position, 5);
    assert_bytes(back.person, "operator-2");
    assert_int_equal(back.legs_count, 2);
    assert_int_equal(back.legs[0].agency, 8);
    assert_int_equal(back.legs[0].parked, 0);
    assert_int_equal(back.legs[1].agency, 0);
    assert_int_equal(back.legs[1].parked, 164);
}

static bool reads_noticed(struct lt_bytes payload)
{
    struct fact_noticed f;
    return fact_read_noticed(payload, &f);
}

static bool reads_registry(struct lt_bytes payload)
{
    struct fact_registry f;
    return fact_read_registry(payload, &f);
}

static void noticed_and_registry(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_noticed noticed = {.agency = 31, .cursor = 900};
    struct lt_bytes payload = fact_write_noticed(memory, ROOM, &noticed);
    check_shape(payload, reads_noticed);
    struct fact_noticed noticed_back;
    assert_true(fact_read_noticed(payload, &noticed_back));
    assert_int_equal(noticed_back.agency, 31);
    assert_int_equal(noticed_back.cursor, 900);

    struct fact_registry registry = {
        .change = REGISTRY_ROUTE_GONE,
        .person = text_bytes("registrar-1"),
        .entry = text_bytes("an entry"),
    };
    payload = fact_write_registry(memory, ROOM, &registry);
    check_shape(payload, reads_registry);
    struct fact_registry registry_back;
    assert_true(fact_read_registry(payload, &registry_back));
    assert_int_equal(registry_back.change, REGISTRY_ROUTE_GONE);
    assert_bytes(registry_back.person, "registrar-1");
    assert_bytes(registry_back.entry, "an entry");
    memory[0] = 0;
    assert_false(fact_read_registry(payload, &registry_back));
    memory[0] = REGISTRY_RIGHTS + 1;
    assert_false(fact_read_registry(payload, &registry_back));
}

static bool reads_blob(struct lt_bytes payload)
{
    struct fact_blob f;
    return fact_read_blob(payload, &f);
}

static bool reads_blob_gone(struct lt_bytes payload)
{
    struct fact_blob_gone f;
    return fact_read_blob_gone(payload, &f);
}

static void blobs(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_blob blob = {
        .agency = 2, .sha256 = digest_from(50), .size = LT_ATTACHMENT_BYTES_MAX};
    struct lt_bytes payload = fact_write_blob(memory, ROOM, &blob);
    check_shape(payload, reads_blob);
    struct fact_blob blob_back;
    assert_true(fact_read_blob(payload, &blob_back));
    assert_int_equal(blob_back.agency, 2);
    assert_int_equal(blob_back.size, LT_ATTACHMENT_BYTES_MAX);
    assert_memory_equal(&blob_back.sha256, &blob.sha256, sizeof(blob.sha256));

    struct fact_blob_gone gone = {.sha256 = digest_from(60)};
    payload = fact_write_blob_gone(memory, ROOM, &gone);
    check_shape(payload, reads_blob_gone);
    struct fact_blob_gone gone_back;
    assert_true(fact_read_blob_gone(payload, &gone_back));
    assert_memory_equal(&gone_back.sha256, &gone.sha256, sizeof(gone.sha256));
}

static void backup(void **unused)
{
    (void)unused;
    uint8_t memory[128];
    struct fact_backup f = {
        .position = 1ULL << 40, .person = text_bytes("truc-ban-1"), .what = MARK_CARRY};
    struct fact_backup got;
    struct lt_bytes payload = fact_write_backup(memory, sizeof(memory), &f);
    assert_true(fact_read_backup(payload, &got));
    assert_true(got.position == f.position);
    assert_bytes(got.person, "truc-ban-1");
    assert_int_equal(got.what, MARK_CARRY);
    payload.size--; /* as it was written before there was more than backups */
    assert_true(fact_read_backup(payload, &got));
    assert_int_equal(got.what, MARK_BACKUP);
    payload.size--;
    assert_false(fact_read_backup(payload, &got));
    f.what = MARK_CARRIED + 1;
    assert_false(fact_read_backup(fact_write_backup(memory, sizeof(memory), &f), &got));
}

static bool reads_carried(struct lt_bytes payload)
{
    struct fact_carried f;
    return fact_read_carried(payload, &f);
}

static bool reads_cut(struct lt_bytes payload)
{
    struct fact_cut f;
    return fact_read_cut(payload, &f);
}

static void carried_and_cut(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct fact_carried f = {
        .position = 77, .time_ms = 1700000000000, .accepted = text_bytes("the payload")};
    struct lt_bytes payload = fact_write_carried(memory, ROOM, &f);
    check_shape(payload, reads_carried);
    struct fact fact = {.position = 900, .time_ms = 5, .kind = FACT_CARRIED, .payload = payload};
    struct lt_bytes accepted;
    int64_t time_ms = 0;
    assert_false(fact_acceptance(&fact, 900, &time_ms, &accepted));
    assert_true(fact_acceptance(&fact, 77, &time_ms, &accepted));
    assert_true(time_ms == f.time_ms);
    assert_bytes(accepted, "the payload");
    f.proof = text_bytes("the proof");
    payload = fact_write_carried(memory, ROOM, &f);
    struct fact_carried carried;
    assert_true(fact_read_carried(payload, &carried));
    assert_bytes(carried.accepted, "the payload");
    assert_bytes(carried.proof, "the proof");
    fact.payload = payload;
    assert_true(fact_acceptance(&fact, 77, &time_ms, &accepted));
    assert_bytes(accepted, "the payload");
    fact.kind = FACT_ACCEPTED;
    assert_false(fact_acceptance(&fact, 77, &time_ms, &accepted));
    assert_true(fact_acceptance(&fact, 900, &time_ms, &accepted));
    assert_true(time_ms == 5 && accepted.size == payload.size);

    struct fact_cut cut = {.below = 901, .base = digest_from(4), .person = text_bytes("p")};
    struct fact_cut back;
    payload = fact_write_cut(memory, ROOM, &cut);
    check_shape(payload, reads_cut);
    assert_true(fact_read_cut(payload, &back));
    assert_int_equal(back.below, 901);
    assert_memory_equal(&back.base, &cut.base, sizeof(cut.base));
}

static void clock_facts(void **unused)
{
    (void)unused;
    uint8_t memory[128];
    struct fact_clock f = {.change = CLOCK_CONFIRMED,
                           .drift_ms = -3600000,
                           .person = text_bytes("truc-ban-1"),
                           .reason = text_bytes("đã chỉnh")};
    struct fact_clock got;
    struct lt_bytes payload = fact_write_clock(memory, sizeof(memory), &f);
    assert_true(fact_read_clock(payload, &got));
    assert_int_equal(got.change, CLOCK_CONFIRMED);
    assert_true(got.drift_ms == f.drift_ms);
    assert_bytes(got.reason, "đã chỉnh");
    payload.size--;
    assert_false(fact_read_clock(payload, &got));
}

static void format_facts(void **unused)
{
    (void)unused;
    uint8_t memory[128];
    struct fact_format f = {
        .format = 2, .person = text_bytes("duyet-1"), .reason = text_bytes("chạy ổn")};
    struct fact_format got;
    struct lt_bytes payload = fact_write_format(memory, sizeof(memory), &f);
    assert_true(fact_read_format(payload, &got));
    assert_int_equal(got.format, 2);
    assert_bytes(got.person, "duyet-1");
    assert_bytes(got.reason, "chạy ổn");
    payload.size--;
    assert_false(fact_read_format(payload, &got));
    f.format = 0;
    assert_false(fact_read_format(fact_write_format(memory, sizeof(memory), &f), &got));
}

static void the_largest_transfer_fits_a_fact(void **unused)
{
    (void)unused;
    uint8_t *memory = malloc(128 * 1024);
    uint8_t *bytes = calloc(1, LT_BODY_INLINE_MAX);
    assert_non_null(memory);
    assert_non_null(bytes);
    struct fact_accepted f = {
        .header = run_of(bytes, LT_HEADER_BYTES_MAX),
        .body = run_of(bytes, LT_BODY_INLINE_MAX),
        .seal = run_of(bytes, 16 * 1024),
        .legs_count = LT_LEGS_MAX,
    };
    struct lt_bytes payload = fact_write_accepted(memory, 128 * 1024, &f);
    assert_true(payload.size > LT_HEADER_BYTES_MAX + LT_BODY_INLINE_MAX);
    assert_true(reads_accepted(payload));
    free(bytes);
    free(memory);
}

static void kinds_have_names(void **unused)
{
    (void)unused;
    for (uint8_t kind = 0; kind <= FACT_BLOB_GONE; kind++) {
        assert_non_null(fact_kind_name(kind));
        assert_string_not_equal(fact_kind_name(kind), "unknown");
    }
    assert_string_equal(fact_kind_name(FACT_HELD), "held");
    assert_string_equal(fact_kind_name(FACT_REROUTED), "rerouted");
    assert_string_equal(fact_kind_name(FACT_BACKUP), "backup");
    assert_string_equal(fact_kind_name(FACT_INCIDENT), "incident");
    assert_string_equal(fact_kind_name(FACT_TIMED), "timed");
    assert_string_equal(fact_kind_name(FACT_KINDS_END), "unknown");
    assert_string_equal(fact_kind_name(FACT_BLOB_GONE), "blob-gone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epoch),
        cmocka_unit_test(accepted),
        cmocka_unit_test(legs_are_limited),
        cmocka_unit_test(refused),
        cmocka_unit_test(sent),
        cmocka_unit_test(settled),
        cmocka_unit_test(returned),
        cmocka_unit_test(act),
        cmocka_unit_test(an_act_of_two_people),
        cmocka_unit_test(rerouted_and_held),
        cmocka_unit_test(assigned),
        cmocka_unit_test(noticed_and_registry),
        cmocka_unit_test(blobs),
        cmocka_unit_test(backup),
        cmocka_unit_test(carried_and_cut),
        cmocka_unit_test(clock_facts),
        cmocka_unit_test(format_facts),
        cmocka_unit_test(the_largest_transfer_fits_a_fact),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
