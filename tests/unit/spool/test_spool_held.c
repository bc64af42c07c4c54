/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The index held/ of a local system that can only write files: what it says, what its absence says,
 * and a delivery that lies unanswered.
 */
#include "unit/sdk/sdk_test.h"

#include <sys/stat.h>

#include <lienthong/adapter.h>

#define ONE "019b0304-0506-7008-8000-000000000001"
#define TWO "019b0304-0506-7008-8000-000000000002"

struct desk {
    struct bench b;
    char *folder;
    struct lt_tenant tenant;
    struct lt_driver_options options;
    void *self;
    uint64_t number;
};

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct lt_problem problem = {0};
    assert_non_null(desk);
    bench_init(&desk->b);
    desk->folder = folder_take();
    desk->tenant =
        (struct lt_tenant){.client = desk->b.client, .agency = US, .folder = desk->folder};
    desk->options = (struct lt_driver_options){
        .tenants = &desk->tenant, .tenants_count = 1, .poll_ms = 40, .clock = clock_os()};
    assert_int_equal(lt_driver_spool.open(&desk->self, &desk->options, &problem), LT_OK);
    connect_line(&desk->b, 5);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    lt_driver_spool.close(&desk->self);
    bench_deinit(&desk->b);
    folder_drop(desk->folder);
    free(desk);
    return 0;
}

static void put(const struct desk *desk, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", desk->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void index_make(const struct desk *desk)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/held", desk->folder);
    assert_int_equal(mkdir(path, 0770), 0);
}

static struct held_said asked(struct desk *desk, const char *id, uint32_t leg)
{
    struct held_item item = {.number = ++desk->number, .leg = leg};
    struct frame frame = {.kind = FRAME_HELD_ASK, .held_ask = {&item, 1}};
    assert_true(id == NULL || id_read(&item.id, id));
    line_say(&desk->b.line, &frame);
    frame.kind = FRAME_NONE;
    for (int i = 0; i < 500; i++) {
        step(&desk->b);
        if (line_hear(&desk->b.line, &frame)) {
            break;
        }
        usleep(10000);
    }
    assert_int_equal(frame.kind, FRAME_HELD_ANSWER);
    assert_int_equal(frame.held_answer.items[0].number, desk->number);
    return frame.held_answer.items[0];
}

static void without_an_index_nothing_is_known(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(asked(desk, ONE, 0).held, LT_HELD_UNKNOWN);
    assert_int_equal(asked(desk, NULL, 0).held, LT_HELD_UNKNOWN);
    index_make(desk);
    assert_int_equal(asked(desk, ONE, 0).held, LT_HELD_NO);
    assert_int_equal(asked(desk, NULL, 0).held, LT_HELD_YES); /* a ping */
}

static void files_and_lines_are_the_index(void **state)
{
    struct desk *desk = *state;
    index_make(desk);
    put(desk, "held/" ONE "-0", "");
    put(desk, "held/" ONE "-1.json", "{\"held\":true,\"outcome\":\"refused\"}");
    put(desk, "held/" ONE "-2", "taken, I think");
    put(desk, "held/held.csv",
        "id,leg,outcome,digest\n" TWO ",0,taken,\n\"" TWO "\";3\r\n" TWO ",4,perhaps\n");
    assert_int_equal(asked(desk, ONE, 0).held, LT_HELD_YES);
    struct held_said refused = asked(desk, ONE, 1);
    assert_int_equal(refused.held, LT_HELD_YES);
    assert_int_equal(refused.outcome, LT_OUTCOME_REFUSED);
    assert_int_equal(asked(desk, ONE, 2).held, LT_HELD_UNKNOWN);
    assert_int_equal(asked(desk, ONE, 3).held, LT_HELD_NO);
    assert_int_equal(asked(desk, TWO, 0).outcome, LT_OUTCOME_TAKEN);
    assert_int_equal(asked(desk, TWO, 3).held, LT_HELD_YES);
    assert_int_equal(asked(desk, TWO, 4).held, LT_HELD_UNKNOWN);
    assert_int_equal(asked(desk, TWO, 5).held, LT_HELD_NO);
}

static void deliver_one(struct desk *desk)
{
    struct digester *digester = NULL;
    struct lt_bytes to = text_bytes(US);
    struct delivery item = {.position = 1, .attempt = 1, .body = text_bytes("{}")};
    struct header header = {
        .sender_key = text_bytes("their-key"),
        .kind = LT_KIND_FORWARD,
        .from = text_bytes(THEM),
        .to = &to,
        .to_count = 1,
        .case_code = text_bytes("HS-1"),
        .created_ms = desk->b.time.wall_ms,
        .schema_version = 1,
        .body_size = 2,
    };
    assert_true(id_read(&header.id, ONE));
    assert_int_equal(digester_open(&digester), LT_OK);
    header.body_sha256 = digest_of(digester, item.body);
    assert_int_equal(header_write(&header, &desk->b.line.arena, &item.header), LT_OK);
    item.digest = digest_of_two(digester, item.header, item.body);
    digester_close(&digester);
    struct frame frame = {.kind = FRAME_DELIVER, .deliver = {&item, 1}};
    line_say(&desk->b.line, &frame);
    step(&desk->b);
}

static void what_lies_unanswered_is_not_denied(void **state)
{
    struct desk *desk = *state;
    char path[512];
    index_make(desk);
    deliver_one(desk);
    snprintf(path, sizeof(path), "%s/in/" ONE "-0.json", desk->folder);
    for (int i = 0; i < 400 && access(path, F_OK) != 0; i++) {
        usleep(10000);
    }
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(asked(desk, ONE, 0).held, LT_HELD_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_an_index_nothing_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(files_and_lines_are_the_index, setup, teardown),
        cmocka_unit_test_setup_teardown(what_lies_unanswered_is_not_denied, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
