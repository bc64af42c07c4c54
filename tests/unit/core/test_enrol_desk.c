/* SPDX-License-Identifier: EUPL-1.2 */
/* The desk of requests at its two doors: strangers cannot use up what agencies have on their
 * sessions, and a session asks for its own agency and key only. */
#include "house_test.h"

#include "broker/core/enrol_desk.h"
#include "proto/enrol.h"

#define ASKS_MAX 16

/* A port where strangers have spoken. */
struct strangers {
    struct port_frame frames[ASKS_MAX];
    uint32_t count;
    struct enrol_answer answers[ASKS_MAX];
    uint32_t answered;
};

static struct house house;
static struct enrol_desk desk;
static struct signer signer;
static struct strangers strangers;

static int open_house(void **state)
{
    (void)state;
    char secret[300], public[300];
    house_init(&house);
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
    house_settle(&house);
    snprintf(secret, sizeof(secret), "%s/sign.key", house.folder);
    snprintf(public, sizeof(public), "%s/sign.pem", house.folder);
    assert_int_equal(signer_make_file(SIGN_ED25519, 0, secret, public, NULL), LT_OK);
    assert_int_equal(signer_open_file(secret, &signer, NULL), LT_OK);
    desk = (struct enrol_desk){.enrolments = NULL};
    memset(&strangers, 0, sizeof(strangers));
    assert_int_equal(enrolments_open(&desk.enrolments), LT_OK);
    enrolments_keep(desk.enrolments, 3600 * 1000);
    house.flow->enrol = enrol_desk_door(&desk);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    enrolments_close(&desk.enrolments);
    signer_close(&signer);
    house_deinit(&house);
    return 0;
}

static struct lt_bytes request_of(const char *agency, const struct lt_key *curve, int64_t back_ms)
{
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    struct lt_bytes der;
    assert_int_equal(enrol_request_make(&signer, agency, "", curve, house.flow->now_ms - back_ms,
                                        memory, &der, NULL),
                     LT_OK);
    return arena_copy(&house.arena, der);
}

/* ---- the strangers' port ---- */

static uint32_t port_receive(void *self, struct port_frame *frames, uint32_t count)
{
    struct strangers *s = self;
    uint32_t n = s->count < count ? s->count : count;
    memcpy(frames, s->frames, n * sizeof(frames[0]));
    s->count = 0;
    return n;
}

static void port_release(void *self, struct port_frame *frames, uint32_t count)
{
    (void)self;
    (void)frames;
    (void)count;
}

static enum lt_status port_send(void *self, const struct port_route *route, struct lt_bytes bytes)
{
    struct strangers *s = self;
    struct frame frame;
    (void)route;
    struct lt_bytes copy = arena_copy(&house.arena, bytes);
    assert_int_equal(frame_read(copy, &house.arena, &frame, NULL), LT_OK);
    assert_int_equal(frame.kind, FRAME_ENROL_ANSWER);
    s->answers[s->answered++] = frame.enrol_answer;
    return LT_OK;
}

static void stranger_says(uint8_t number)
{
    struct lt_key key = house_key(90, number);
    struct frame frame = {.kind = FRAME_ENROL_ASK, .enrol_ask = request_of("H24.77", &key, 0)};
    struct port_frame *in = &strangers.frames[strangers.count++];
    *in = (struct port_frame){.peer = {.user = "stranger", .key = key, .address = "10.0.0.9"}};
    struct lt_bytes bytes;
    assert_int_equal(frame_write(&frame, &house.arena, &bytes), LT_OK);
    in->bytes = bytes;
}

static void strangers_look(void)
{
    struct server_port port = {
        .self = &strangers, .receive = port_receive, .release = port_release, .send = port_send};
    enrol_desk_turn(&desk, house.flow, &port);
}

/* ---- a session ---- */

static struct enrol_answer asked(struct party *party, struct lt_bytes request)
{
    struct frame frame = {.kind = FRAME_ENROL_ASK, .enrol_ask = request};
    party_say(&house, party, &frame);
    return house_heard(&house, party->link, FRAME_ENROL_ANSWER, 1000).enrol_answer;
}

static void its_own_only(void **state)
{
    (void)state;
    struct party a = party_connect(&house, 1);
    struct lt_key own = house_key(1, 1), other = house_key(1, 2);
    struct lt_bytes right = request_of("A", &own, 0);
    assert_int_equal(asked(&a, right).state, ENROL_WAITS);
    assert_int_equal(asked(&a, request_of("B", &own, 0)).code, LT_FIELD_BAD);
    assert_int_equal(asked(&a, request_of("A", &other, 0)).code, LT_ENROL_OTHER_KEY);
    assert_int_equal(asked(&a, (struct lt_bytes){right.data, right.size - 1}).code, LT_FIELD_BAD);
    assert_int_equal(asked(&a, right).state, ENROL_WAITS); /* the session lives */
    assert_non_null(enrolments_at(desk.enrolments, 0));
    assert_null(enrolments_at(desk.enrolments, 1));
    assert_true(enrolments_at(desk.enrolments, 0)->session);
    /* B asks with what A asked: known, and not its own. */
    struct party b = party_connect(&house, 2);
    assert_int_equal(asked(&b, right).code, LT_ENROL_OTHER_KEY);
}

static void strangers_use_up_their_own(void **state)
{
    (void)state;
    struct party a = party_connect(&house, 1);
    struct lt_key own = house_key(1, 1);
    for (uint8_t i = 0; i <= ENROL_READS_MAX; i++) {
        stranger_says(i);
    }
    strangers_look();
    assert_int_equal(strangers.answered, ENROL_READS_MAX + 1);
    assert_int_equal(strangers.answers[ENROL_READS_MAX - 1].state, ENROL_WAITS);
    assert_int_equal(strangers.answers[ENROL_READS_MAX].code, LT_BUSY);
    assert_int_equal(asked(&a, request_of("A", &own, 0)).state, ENROL_WAITS);
    /* Sessions have their bound, too, and it ends with the look. */
    struct enrol_answer last = {.code = 0};
    for (int64_t i = 1; i <= ENROL_READS_MAX; i++) {
        last = asked(&a, request_of("A", &own, i * 1000));
    }
    assert_int_equal(last.code, LT_BUSY);
    world_advance(&house.world, ENROL_LOOK_MS);
    house_turn(&house);
    assert_int_equal(asked(&a, request_of("A", &own, ENROL_READS_MAX * 1000)).state, ENROL_WAITS);
}

/* Without a desk the frame is one that nobody sends: the session ends. */
static void nobody_at_the_desk(void **state)
{
    (void)state;
    struct party a = party_connect(&house, 1);
    struct lt_key own = house_key(1, 1);
    struct frame frame = {.kind = FRAME_ENROL_ASK, .enrol_ask = request_of("A", &own, 0)};
    house.flow->enrol = (struct flow_enrol){.take = NULL};
    party_say(&house, &a, &frame);
    struct frame end = house_heard(&house, a.link, FRAME_NO_SESSION, 1000);
    assert_int_equal(end.ending.code, LT_FRAME_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(its_own_only, open_house, close_house),
        cmocka_unit_test_setup_teardown(strangers_use_up_their_own, open_house, close_house),
        cmocka_unit_test_setup_teardown(nobody_at_the_desk, open_house, close_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
