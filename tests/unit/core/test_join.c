/* SPDX-License-Identifier: EUPL-1.2 */
/* Submissions under verification: whatever order the verifier makes, that of receipt is kept. */
#include "house_test.h"

#define CASE_CODE "000.00.01.H24-260105-0001"
#define HEARD_MAX 512

static const char *const sender = "H24.1";
static const char *const receiver = "H24.15";
#define SENDER_KEY   1
#define RECEIVER_KEY 2
#define OTHER_KEY    3

struct scene {
    struct house house;
    struct slow_verifier slow;
    struct verdict_item heard[HEARD_MAX];
    uint32_t heard_count;
    uint32_t keys;
};

static struct scene scene;

static int set_up(void **state)
{
    struct house *house = &scene.house;
    (void)state;
    memset(&scene, 0, sizeof(scene));
    house_init(house);
    add_agency(house, sender, SENDER_KEY);
    add_agency(house, receiver, RECEIVER_KEY);
    add_agency(house, "H24.2", OTHER_KEY);
    house_settle(house);
    assert_int_equal(slow_verifier_init(&scene.slow, &house->world, 9), LT_OK);
    house->slow = &scene.slow;
    broker_close(&house->broker);
    house_open_broker(house);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    house_deinit(&scene.house);
    slow_verifier_deinit(&scene.slow);
    return 0;
}

/* The delays of the next frames, in the order received. */
#define DELAYS(...)                                                                                \
    do {                                                                                           \
        static const int64_t script_[] = {__VA_ARGS__};                                            \
        scene.slow.script = script_;                                                               \
        scene.slow.script_count = sizeof(script_) / sizeof(script_[0]);                            \
    } while (0)

static struct lt_id new_id(void)
{
    struct house *house = &scene.house;
    return uuid7_next(&house->ids, &house->clock.clock, &house->entropy.entropy);
}

/* What is zero gets a value of its own. */
struct sent {
    const char *from;
    const char *sender_key;
    const char *body;
    struct lt_id id;
    struct lt_id after;
    bool spoiled; /* its digest is wrong */
    uint32_t attachments;
};

static struct parcel write_parcel(const struct sent *sent)
{
    struct house *house = &scene.house;
    struct header header;
    struct lt_bytes to = text_bytes(receiver);
    struct parcel parcel = {.body = text_bytes(sent->body == NULL ? "{}" : sent->body)};
    char key[32];
    memset(&header, 0, sizeof(header));
    snprintf(key, sizeof(key), "k-%u", ++scene.keys);
    header.id = sent->id;
    header.sender_key = text_bytes(sent->sender_key == NULL ? key : sent->sender_key);
    header.content_digest = digest_of(house->digester, header.sender_key);
    header.kind = LT_KIND_FORWARD;
    header.from = text_bytes(sent->from == NULL ? sender : sent->from);
    header.to = &to;
    header.to_count = 1;
    header.case_code = text_bytes(CASE_CODE);
    header.after = sent->after;
    header.created_ms = house->world.wall_ms;
    header.schema_version = 1;
    header.body_size = parcel.body.size;
    header.body_sha256 = digest_of(house->digester, parcel.body);
    struct attachment attachments[LT_ATTACHMENTS_MAX];
    for (uint32_t i = 0; i < sent->attachments; i++) {
        attachments[i] = (struct attachment){.sha256 = {{(uint8_t)i, 1}}, .size = 1};
    }
    header.attachments = attachments;
    header.attachments_count = sent->attachments;
    assert_int_equal(header_write(&header, &house->arena, &parcel.header), LT_OK);
    parcel.digest = digest_of_two(house->digester, parcel.header, parcel.body);
    parcel.digest.bytes[0] ^= sent->spoiled ? 1 : 0;
    return parcel;
}

/* One Submit with one parcel; it is received, and waits for the verifier or is decided. */
static void submit(struct party *party, const struct sent *sent)
{
    struct parcel parcel = write_parcel(sent);
    struct frame frame = {.kind = FRAME_SUBMIT, .submit = {.parcels = &parcel, .count = 1}};
    uint64_t put = scene.slow.put;
    party_say(&scene.house, party, &frame);
    for (int i = 0; i < 20 && scene.slow.put == put; i++) {
        house_turn(&scene.house);
    }
}

/* The verdict on a transfer, within so many ms; NULL: none came. */
static const struct verdict_item *verdict(struct party *party, const struct lt_id *id, int64_t ms)
{
    int64_t end_ms = scene.house.world.mono_ms + ms;
    for (;;) {
        for (uint32_t i = 0; i < scene.heard_count; i++) {
            if (memcmp(&scene.heard[i].id, id, sizeof(*id)) == 0) {
                return &scene.heard[i];
            }
        }
        struct frame frame;
        int64_t left_ms = end_ms - scene.house.world.mono_ms;
        if (left_ms <= 0 ||
            !house_hear(&scene.house, party->link, FRAME_VERDICT, left_ms, &frame)) {
            return NULL;
        }
        for (uint32_t i = 0; i < frame.verdict.count; i++) {
            assert_true(scene.heard_count < HEARD_MAX);
            scene.heard[scene.heard_count++] = frame.verdict.items[i];
        }
    }
}

static uint64_t accepted_at(struct party *party, const struct lt_id *id, int64_t ms)
{
    const struct verdict_item *item = verdict(party, id, ms);
    assert_non_null(item);
    assert_int_equal(item->code, LT_OK);
    assert_true(item->position > 0);
    return item->position;
}

static void later_frame_waits_for_the_earlier(void **state)
{
    (void)state;
    struct party party = party_connect(&scene.house, SENDER_KEY);
    struct sent first = {.id = new_id()};
    struct sent second = {.id = new_id(), .after = first.id};
    DELAYS(200, 1);
    submit(&party, &first);
    submit(&party, &second);
    assert_null(verdict(&party, &second.id, 100));
    uint64_t first_at = accepted_at(&party, &first.id, 500);
    assert_true(first_at < accepted_at(&party, &second.id, 500));
    assert_int_equal(scene.house.flow->verifying, 0);
    assert_int_equal(scene.house.flow->verifying_bytes, 0);
}

static void a_frame_too_small_for_the_verifier_waits_too(void **state)
{
    (void)state;
    scene.slow.inline_bytes = 1000;
    broker_close(&scene.house.broker);
    house_open_broker(&scene.house);
    struct party party = party_connect(&scene.house, SENDER_KEY);
    char body[2000];
    memset(body, 'x', sizeof(body));
    body[sizeof(body) - 1] = '\0';
    struct sent large = {.id = new_id(), .body = body};
    struct sent small = {.id = new_id(), .after = large.id};
    struct sent alone = {.id = new_id(), .after = small.id};
    DELAYS(200, 1);
    submit(&party, &large);
    submit(&party, &small);
    assert_null(verdict(&party, &small.id, 100));
    uint64_t large_at = accepted_at(&party, &large.id, 500);
    uint64_t small_at = accepted_at(&party, &small.id, 500);
    assert_true(large_at < small_at);
    /* With nothing of its agency under way it needs no verifier. */
    uint64_t put = scene.slow.put;
    submit(&party, &alone);
    assert_true(small_at < accepted_at(&party, &alone.id, 500));
    assert_int_equal(scene.slow.put, put);
}

static void after_holds_over_two_sessions(void **state)
{
    (void)state;
    struct party one = party_connect_as(&scene.house, SENDER_KEY, 1);
    struct party two = party_connect_as(&scene.house, SENDER_KEY, 2);
    struct sent first = {.id = new_id()};
    struct sent second = {.id = new_id(), .after = first.id};
    DELAYS(200, 1);
    submit(&one, &first);
    submit(&two, &second);
    /* Not "predecessor unknown": it waits for the other session's verdict. */
    assert_null(verdict(&two, &second.id, 100));
    uint64_t first_at = accepted_at(&one, &first.id, 500);
    assert_true(first_at < accepted_at(&two, &second.id, 500));
}

static void a_frame_that_came_first_does_not_wait_for_its_predecessor(void **state)
{
    (void)state;
    struct party one = party_connect_as(&scene.house, SENDER_KEY, 1);
    struct party two = party_connect_as(&scene.house, SENDER_KEY, 2);
    struct sent first = {.id = new_id()};
    struct sent second = {.id = new_id(), .after = first.id};
    DELAYS(1, 200);
    submit(&two, &second);
    submit(&one, &first);
    const struct verdict_item *item = verdict(&two, &second.id, 100);
    assert_non_null(item);
    assert_int_equal(item->code, LT_PREDECESSOR_UNKNOWN);
    accepted_at(&one, &first.id, 500);
}

static void the_first_asker_of_an_id_is_the_first_decided(void **state)
{
    (void)state;
    struct party one = party_connect_as(&scene.house, SENDER_KEY, 1);
    struct party two = party_connect_as(&scene.house, SENDER_KEY, 2);
    struct sent first = {.id = new_id(), .sender_key = "k-a"};
    struct sent other_bytes = {.id = first.id, .sender_key = "k-b"};
    struct sent same_key = {.id = new_id(), .sender_key = "k-a"};
    DELAYS(200, 1, 1);
    submit(&one, &first);
    submit(&two, &other_bytes);
    submit(&two, &same_key);
    assert_null(verdict(&two, &same_key.id, 100));
    uint64_t at = accepted_at(&one, &first.id, 500);
    const struct verdict_item *twin = verdict(&two, &same_key.id, 500);
    assert_non_null(twin);
    assert_int_equal(twin->code, LT_OK);
    assert_memory_equal(&twin->known_as, &first.id, sizeof(first.id));
    assert_int_equal(twin->position, at);
    /* Session two was told of a conflict under the same id; session one was told "accepted". */
    uint32_t conflicts = 0;
    for (uint32_t i = 0; i < scene.heard_count; i++) {
        conflicts += scene.heard[i].code == LT_ID_CONFLICT ? 1 : 0;
    }
    assert_int_equal(conflicts, 1);
}

static void another_agency_does_not_wait(void **state)
{
    (void)state;
    struct party slow = party_connect(&scene.house, SENDER_KEY);
    struct party quick = party_connect(&scene.house, OTHER_KEY);
    struct sent first = {.id = new_id()};
    struct sent other = {.id = new_id(), .from = "H24.2"};
    DELAYS(5000, 1);
    submit(&slow, &first);
    submit(&quick, &other);
    accepted_at(&quick, &other.id, 100);
    accepted_at(&slow, &first.id, 6000);
}

static void what_is_wrong_is_found_by_the_verifier(void **state)
{
    (void)state;
    struct party party = party_connect(&scene.house, SENDER_KEY);
    struct sent good = {.id = new_id()};
    struct sent bad = {.id = new_id(), .spoiled = true};
    struct sent foreign = {.id = new_id(), .from = "H24.2"};
    DELAYS(30, 20, 10);
    submit(&party, &good);
    submit(&party, &bad);
    submit(&party, &foreign);
    accepted_at(&party, &good.id, 500);
    const struct verdict_item *item = verdict(&party, &bad.id, 500);
    assert_non_null(item);
    assert_int_equal(item->code, LT_DIGEST_WRONG);
    item = verdict(&party, &foreign.id, 500);
    assert_non_null(item);
    assert_int_equal(item->code, LT_FROM_FOREIGN);
}

static void what_a_session_leaves_behind_is_dropped(void **state)
{
    (void)state;
    struct flow *flow = scene.house.flow;
    struct party party = party_connect_as(&scene.house, SENDER_KEY, 1);
    struct party other = party_connect_as(&scene.house, SENDER_KEY, 2);
    struct sent left = {.id = new_id(), .sender_key = "k-left"};
    struct sent behind = {.id = new_id()};
    struct frame bye = {.kind = FRAME_BYE};
    DELAYS(200, 1);
    submit(&party, &left);
    submit(&other, &behind);
    party_say(&scene.house, &party, &bye);
    accepted_at(&other, &behind.id, 500);
    assert_int_equal(flow->counters.accepted, 1);
    assert_int_equal(flow->verifying, 0);
    /* The sender asks again, and it is the first time. */
    submit(&other, &left);
    const struct verdict_item *item = verdict(&other, &left.id, 500);
    assert_non_null(item);
    assert_int_equal(item->code, LT_OK);
    assert_int_equal(flow->counters.accepted, 2);
    assert_int_equal(flow->counters.known, 0);
}

static void a_full_verifier_costs_nobody_a_place(void **state)
{
    (void)state;
    struct party party = party_connect(&scene.house, SENDER_KEY);
    struct sent sent[8];
    struct lt_id before = {{0}};
    scene.slow.delay_ms_max = 50;
    scene.slow.full_permille = 500;
    for (int i = 0; i < 8; i++) {
        sent[i] = (struct sent){.id = new_id(), .after = before};
        before = sent[i].id;
        submit(&party, &sent[i]);
    }
    uint64_t last = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t at = accepted_at(&party, &sent[i].id, 1000);
        assert_true(at > last);
        last = at;
    }
    assert_true(scene.slow.put < 8);
}

static void frames_under_verification_are_bounded(void **state)
{
    (void)state;
    struct flow *flow = scene.house.flow;
    struct party party = party_connect(&scene.house, SENDER_KEY);
    struct frame want = {.kind = FRAME_BEAT, .beat = {.want_bytes = SUBMIT_SESSION_BYTES_MAX}};
    struct lt_id ids[VERIFY_FRAMES_MAX + 4];
    party_say(&scene.house, &party, &want);
    for (int i = 0; i < 20; i++) {
        house_turn(&scene.house);
    }
    scene.slow.delay_ms_max = 0;
    int64_t delays[VERIFY_FRAMES_MAX + 4];
    for (uint32_t i = 0; i < VERIFY_FRAMES_MAX + 4; i++) {
        delays[i] = 30000;
    }
    scene.slow.script = delays;
    scene.slow.script_count = VERIFY_FRAMES_MAX + 4;
    for (uint32_t i = 0; i < VERIFY_FRAMES_MAX + 4; i++) {
        ids[i] = new_id();
        submit(&party, &(struct sent){.id = ids[i]});
        assert_true(flow->verifying <= VERIFY_FRAMES_MAX);
    }
    assert_int_equal(flow->verifying, VERIFY_FRAMES_MAX);
    assert_true(flow->verifying_bytes <= (uint64_t)VERIFY_BYTES_MAX);
    assert_int_equal(flow->counters.accepted, 0);
    uint64_t last = 0;
    for (uint32_t i = 0; i < VERIFY_FRAMES_MAX + 4; i++) {
        uint64_t at = accepted_at(&party, &ids[i], 70000);
        assert_true(at > last);
        last = at;
    }
    assert_int_equal(flow->verifying_bytes, 0);
}

/* Decoded they are several times what came: "no memory" would be said again for ever. */
static void the_fullest_headers_can_be_kept(void **state)
{
    (void)state;
    struct party party = party_connect(&scene.house, SENDER_KEY);
    struct frame want = {.kind = FRAME_BEAT, .beat = {.want_bytes = SUBMIT_SESSION_BYTES_MAX}};
    struct parcel parcels[LT_PARCELS_PER_FRAME];
    struct lt_id ids[LT_PARCELS_PER_FRAME];
    uint64_t bytes = 0;
    uint32_t count = 0;
    party_say(&scene.house, &party, &want);
    for (int i = 0; i < 20; i++) {
        house_turn(&scene.house);
    }
    for (; count < LT_PARCELS_PER_FRAME && bytes < LT_SUBMIT_BYTES_MAX - 4096; count++) {
        ids[count] = new_id();
        parcels[count] =
            write_parcel(&(struct sent){.id = ids[count], .attachments = LT_ATTACHMENTS_MAX});
        bytes += parcels[count].header.size + parcels[count].body.size;
    }
    assert_true(bytes > LT_SUBMIT_BYTES_MAX / 2);
    struct frame frame = {.kind = FRAME_SUBMIT, .submit = {.parcels = parcels, .count = count}};
    DELAYS(50);
    party_say(&scene.house, &party, &frame);
    for (uint32_t i = 0; i < count; i++) {
        const struct verdict_item *item = verdict(&party, &ids[i], 500);
        assert_non_null(item);
        assert_int_equal(item->code, LT_BLOB_MISSING);
    }
    assert_int_equal(scene.slow.put, 1);
}

static void draining_waits_for_the_verifier(void **state)
{
    (void)state;
    struct party party = party_connect(&scene.house, SENDER_KEY);
    struct sent sent = {.id = new_id()};
    DELAYS(300);
    submit(&party, &sent);
    broker_drain(scene.house.broker);
    for (int i = 0; i < 100; i++) {
        house_turn(&scene.house);
        assert_false(broker_drained(scene.house.broker));
    }
    const struct verdict_item *item = verdict(&party, &sent.id, 500);
    assert_non_null(item);
    assert_int_equal(item->code, LT_DRAINING);
    assert_true(broker_drained(scene.house.broker));
}

static void closing_with_frames_under_verification(void **state)
{
    (void)state;
    struct party party = party_connect(&scene.house, SENDER_KEY);
    struct sent sent = {.id = new_id()};
    DELAYS(1000, 1);
    submit(&party, &sent);
    submit(&party, &(struct sent){.id = new_id()});
    assert_int_equal(scene.house.flow->verifying, 2);
    broker_close(&scene.house.broker);
    house_open_broker(&scene.house);
    party = party_connect(&scene.house, SENDER_KEY);
    submit(&party, &sent);
    accepted_at(&party, &sent.id, 500);
}

#define JOIN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOIN_TEST(later_frame_waits_for_the_earlier),
        JOIN_TEST(a_frame_too_small_for_the_verifier_waits_too),
        JOIN_TEST(after_holds_over_two_sessions),
        JOIN_TEST(a_frame_that_came_first_does_not_wait_for_its_predecessor),
        JOIN_TEST(the_first_asker_of_an_id_is_the_first_decided),
        JOIN_TEST(another_agency_does_not_wait),
        JOIN_TEST(what_is_wrong_is_found_by_the_verifier),
        JOIN_TEST(what_a_session_leaves_behind_is_dropped),
        JOIN_TEST(a_full_verifier_costs_nobody_a_place),
        JOIN_TEST(frames_under_verification_are_bounded),
        JOIN_TEST(the_fullest_headers_can_be_kept),
        JOIN_TEST(draining_waits_for_the_verifier),
        JOIN_TEST(closing_with_frames_under_verification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
