/* SPDX-License-Identifier: EUPL-1.2 */
/* The world of the simulation: what the broker and the agencies may rely on in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "harness/world_net.h"
#include "proto/base/text.h"

struct scene {
    struct world world;
    struct world_net *net;
    struct server_port server;
    struct world_link *links[2];
    struct client_port ports[2];
    struct lt_key keys[2];
};

static const struct weather calm = {.delay_ms_min = 2, .delay_ms_max = 2};

static void scene_open(struct scene *scene, uint64_t seed)
{
    memset(scene, 0, sizeof *scene);
    world_init(&scene->world, seed);
    assert_int_equal(world_net_open(&scene->net, &scene->world), LT_OK);
    world_net_weather(scene->net, &calm);
    world_net_start(scene->net, 0);
    scene->server = world_net_server(scene->net, 0);
    static const char *const users[2] = {"G11.1", "G11.2"};
    for (int i = 0; i < 2; i++) {
        memset(&scene->keys[i], i + 1, sizeof scene->keys[i]);
        assert_int_equal(world_net_admit(scene->net, &scene->keys[i], users[i]), LT_OK);
        scene->links[i] = world_net_dial(scene->net, 0, &scene->keys[i]);
        scene->ports[i] = world_link_port(scene->links[i]);
    }
}

static enum lt_status say(struct scene *scene, int who, const char *text)
{
    return scene->ports[who].send(scene->ports[who].self, text_bytes(text));
}

/* The next frame at the server, as text; its route in *route. */
static bool hear(struct scene *scene, char *out, size_t size, struct port_frame *ret_frame)
{
    struct port_frame frame;
    if (scene->server.receive(scene->server.self, &frame, 1) == 0) {
        return false;
    }
    text_copy(out, size, frame.bytes);
    *ret_frame = frame;
    scene->server.release(scene->server.self, &frame, 1);
    return true;
}

static enum lt_status answer(struct scene *scene, const struct port_frame *to, const char *text)
{
    return scene->server.send(scene->server.self, &to->route, text_bytes(text));
}

static void test_frames_need_time(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, 1);
    char text[16];
    struct port_frame frame;
    assert_int_equal(say(&scene, 0, "one"), LT_OK);
    assert_int_equal(say(&scene, 1, "two"), LT_OK);
    assert_false(hear(&scene, text, sizeof text, &frame));
    assert_int_equal(world_net_next_ms(scene.net), scene.world.mono_ms + 2);
    world_advance(&scene.world, 1);
    assert_false(hear(&scene, text, sizeof text, &frame));
    world_advance(&scene.world, 1);

    assert_true(hear(&scene, text, sizeof text, &frame));
    assert_string_equal(text, "one");
    assert_string_equal(frame.peer.user, "G11.1");
    assert_memory_equal(&frame.peer.key, &scene.keys[0], sizeof scene.keys[0]);
    assert_int_equal(answer(&scene, &frame, "yes"), LT_OK);
    assert_true(hear(&scene, text, sizeof text, &frame));
    assert_string_equal(frame.peer.user, "G11.2");

    world_advance(&scene.world, 2);
    struct lt_bytes bytes;
    assert_true(scene.ports[0].receive(scene.ports[0].self, &bytes));
    assert_true(bytes_equal(bytes, text_bytes("yes")));
    assert_false(scene.ports[0].receive(scene.ports[0].self, &bytes));
    assert_false(scene.ports[1].receive(scene.ports[1].self, &bytes));
    world_net_close(&scene.net);
    assert_null(scene.net);
}

static void test_high_water(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, 2);
    for (int i = 0; i < WORLD_TO_SERVER_MAX; i++) {
        assert_int_equal(say(&scene, 0, "x"), LT_OK);
    }
    assert_int_equal(say(&scene, 0, "x"), LT_AGAIN);
    assert_int_equal(say(&scene, 1, "other"), LT_OK);

    world_advance(&scene.world, 2);
    char text[16];
    struct port_frame frame;
    assert_true(hear(&scene, text, sizeof text, &frame));
    assert_int_equal(say(&scene, 0, "x"), LT_OK);
    for (int i = 0; i < WORLD_TO_CLIENT_MAX; i++) {
        assert_int_equal(answer(&scene, &frame, "y"), LT_OK);
    }
    assert_int_equal(answer(&scene, &frame, "y"), LT_AGAIN);
    world_net_close(&scene.net);
}

static void test_keys(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, 3);
    struct lt_key stranger;
    memset(&stranger, 9, sizeof stranger);
    struct world_link *link = world_net_dial(scene.net, 0, &stranger);
    struct client_port port = world_link_port(link);
    assert_int_equal(port.link(port.self), LINK_KEY_REFUSED);
    assert_int_equal(port.send(port.self, text_bytes("x")), LT_AGAIN);

    /* Registered later: it comes by itself. */
    assert_int_equal(world_net_admit(scene.net, &stranger, "G11.9"), LT_OK);
    world_advance(&scene.world, WORLD_REDIAL_REFUSED_MS + 200);
    assert_int_equal(port.link(port.self), LINK_UP);

    /* Revoked: cut at once, and refused for good until told to dial again. */
    world_net_revoke(scene.net, &stranger);
    assert_int_equal(port.link(port.self), LINK_DOWN);
    world_advance(&scene.world, 3600 * 1000);
    assert_int_equal(port.link(port.self), LINK_KEY_REFUSED);
    assert_int_equal(world_net_admit(scene.net, &stranger, "G11.9"), LT_OK);
    world_advance(&scene.world, 3600 * 1000);
    assert_int_equal(port.link(port.self), LINK_KEY_REFUSED);
    port.redial(port.self);
    world_advance(&scene.world, WORLD_REDIAL_MS + 200);
    assert_int_equal(port.link(port.self), LINK_UP);
    world_net_close(&scene.net);
}

static void test_cut_loses_what_was_queued(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, 4);
    char text[16];
    struct port_frame before;
    struct port_frame after;
    assert_int_equal(say(&scene, 0, "first"), LT_OK);
    world_advance(&scene.world, 2);
    assert_true(hear(&scene, text, sizeof text, &before));
    assert_int_equal(say(&scene, 0, "lost"), LT_OK);
    assert_int_equal(answer(&scene, &before, "lost too"), LT_OK);
    world_link_cut(scene.links[0]);
    assert_int_equal(scene.ports[0].link(scene.ports[0].self), LINK_DOWN);
    assert_int_equal(answer(&scene, &before, "x"), LT_PEER_GONE);

    world_advance(&scene.world, WORLD_REDIAL_MS + 200);
    struct lt_bytes bytes;
    assert_false(scene.ports[0].receive(scene.ports[0].self, &bytes));
    assert_int_equal(say(&scene, 0, "again"), LT_OK);
    world_advance(&scene.world, 2);
    assert_true(hear(&scene, text, sizeof text, &after));
    assert_string_equal(text, "again");
    assert_false(hear(&scene, text, sizeof text, &after));
    assert_memory_not_equal(&before.route, &after.route, sizeof after.route);
    struct world_net_counters counters;
    world_net_counters(scene.net, &counters);
    assert_int_equal(counters.lost, 2);
    assert_int_equal(counters.cuts, 1);
    world_net_close(&scene.net);
}

static void test_oversize_cuts(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, 5);
    static const uint8_t large[LT_FRAME_BYTES_MAX + 1];
    struct client_port port = scene.ports[0];
    assert_int_equal(port.send(port.self, (struct lt_bytes){large, LT_FRAME_BYTES_MAX}), LT_OK);
    assert_int_equal(port.link(port.self), LINK_UP);
    assert_int_equal(port.send(port.self, (struct lt_bytes){large, LT_FRAME_BYTES_MAX + 1}), LT_OK);
    assert_int_equal(port.link(port.self), LINK_DOWN);
    world_advance(&scene.world, 10);
    char text[4];
    struct port_frame frame;
    assert_false(hear(&scene, text, sizeof text, &frame));
    world_net_close(&scene.net);
}

static void test_server_stops_and_starts(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, 6);
    assert_int_equal(say(&scene, 0, "lost"), LT_OK);
    world_net_stop(scene.net, 0);
    assert_int_equal(scene.ports[0].link(scene.ports[0].self), LINK_DOWN);
    world_advance(&scene.world, 5000);
    assert_int_equal(scene.ports[0].link(scene.ports[0].self), LINK_DOWN);
    world_net_start(scene.net, 0);
    world_advance(&scene.world, WORLD_REDIAL_MS + 200);
    assert_int_equal(scene.ports[0].link(scene.ports[0].self), LINK_UP);
    char text[16];
    struct port_frame frame;
    assert_false(hear(&scene, text, sizeof text, &frame));
    world_net_close(&scene.net);
}

static void test_vanished_and_held(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, 7);
    char text[16];
    struct port_frame frame;
    assert_int_equal(say(&scene, 0, "hello"), LT_OK);
    assert_int_equal(say(&scene, 1, "hello"), LT_OK);
    world_advance(&scene.world, 2);
    assert_true(hear(&scene, text, sizeof text, &frame));

    /* The server goes on sending to nobody until keepalive notices. */
    world_link_vanish(scene.links[0]);
    assert_int_equal(answer(&scene, &frame, "x"), LT_OK);
    world_advance(&scene.world, WORLD_GHOST_MS - 1);
    assert_int_equal(answer(&scene, &frame, "x"), LT_OK);
    world_advance(&scene.world, 1);
    assert_int_equal(answer(&scene, &frame, "x"), LT_PEER_GONE);
    assert_int_equal(scene.ports[0].link(scene.ports[0].self), LINK_UP);

    assert_true(hear(&scene, text, sizeof text, &frame));
    world_link_hold(scene.links[1], 300);
    assert_int_equal(answer(&scene, &frame, "late"), LT_OK);
    world_advance(&scene.world, 299);
    struct lt_bytes bytes;
    assert_false(scene.ports[1].receive(scene.ports[1].self, &bytes));
    world_advance(&scene.world, 1);
    assert_true(scene.ports[1].receive(scene.ports[1].self, &bytes));
    world_net_close(&scene.net);
}

static void test_slow_link(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, 8);
    const struct weather slow = {.bytes_per_s = 1000};
    world_link_weather(scene.links[0], &slow);
    assert_int_equal(say(&scene, 0, "0123456789"), LT_OK); /* 10 ms of line each */
    assert_int_equal(say(&scene, 0, "0123456789"), LT_OK);
    char text[16];
    struct port_frame frame;
    world_advance(&scene.world, 19);
    assert_true(hear(&scene, text, sizeof text, &frame));
    assert_false(hear(&scene, text, sizeof text, &frame));
    world_advance(&scene.world, 1);
    assert_true(hear(&scene, text, sizeof text, &frame));
    world_net_close(&scene.net);
}

/* A stormy run; returns a digest of all that happened. */
static uint64_t storm(uint64_t seed, struct world_net_counters *ret_counters, uint32_t *ret_behind)
{
    struct scene scene;
    scene_open(&scene, seed);
    const struct weather weather = {
        .drop_permille = 50,
        .duplicate_permille = 50,
        .reorder_permille = 100,
        .cut_permille = 2,
        .delay_ms_min = 1,
        .delay_ms_max = 30,
    };
    world_net_weather(scene.net, &weather);
    uint64_t trace = 14695981039346656037U;
    uint32_t last[2] = {0, 0};
    for (uint32_t i = 1; i <= 4000; i++) {
        (void)scene.ports[i % 2].send(scene.ports[i % 2].self,
                                      (struct lt_bytes){(const uint8_t *)&i, sizeof i});
        world_advance(&scene.world, 4);
        struct port_frame frames[8];
        uint32_t got = scene.server.receive(scene.server.self, frames, 8);
        for (uint32_t f = 0; f < got; f++) {
            uint32_t number;
            memcpy(&number, frames[f].bytes.data, sizeof number);
            trace = (trace ^ number ^ (uint64_t)scene.world.mono_ms << 32) * 1099511628211U;
            *ret_behind += number < last[number % 2];
            last[number % 2] = number;
            (void)scene.server.send(scene.server.self, &frames[f].route, frames[f].bytes);
        }
        scene.server.release(scene.server.self, frames, got);
        struct lt_bytes bytes;
        while (scene.ports[i % 2].receive(scene.ports[i % 2].self, &bytes)) {
            trace = (trace ^ bytes.data[0]) * 1099511628211U;
        }
    }
    world_net_counters(scene.net, ret_counters);
    world_net_close(&scene.net);
    return trace;
}

static void test_storm_repeats(void **state)
{
    (void)state;
    struct world_net_counters c = {0};
    struct world_net_counters again;
    uint32_t behind = 0;
    uint32_t unused = 0;
    uint64_t first = storm(42, &c, &behind);
    assert_true(first == storm(42, &again, &unused));
    assert_memory_equal(&c, &again, sizeof c);
    assert_true(first != storm(43, &again, &unused));

    assert_int_equal(c.sent + c.duplicated, c.received + c.dropped + c.lost + c.in_flight);
    assert_true(c.sent > 4000 && c.received > 3000);
    assert_in_range(c.dropped, c.sent / 40, c.sent / 10);
    assert_in_range(c.duplicated, c.sent / 40, c.sent / 10);
    assert_true(c.cuts > 0 && c.connected > c.cuts / 2 && behind > 20);
}

static void test_calm_keeps_order(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, 9);
    const struct weather uneven = {.delay_ms_min = 1, .delay_ms_max = 200};
    world_link_weather(scene.links[0], &uneven);
    uint8_t expected = 0;
    for (uint8_t i = 0; i < 200; i++) {
        while (scene.ports[0].send(scene.ports[0].self, (struct lt_bytes){&i, 1}) == LT_AGAIN) {
            world_advance(&scene.world, 10);
            struct port_frame frame;
            while (scene.server.receive(scene.server.self, &frame, 1) == 1) {
                assert_int_equal(frame.bytes.data[0], expected++);
                scene.server.release(scene.server.self, &frame, 1);
            }
        }
    }
    assert_true(expected >= 190);
    world_net_close(&scene.net);
}

static void test_clocks_and_chance(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 11);
    struct world_clock straight;
    struct world_clock fast;
    world_clock_init(&straight, &world, 0);
    world_clock_init(&fast, &world, 90000);
    const struct lt_clock *a = &straight.clock;
    const struct lt_clock *b = &fast.clock;
    int64_t mono = a->mono_ms(a->self);
    assert_int_equal(b->wall_ms(b->self) - a->wall_ms(a->self), 90000);
    world_advance(&world, 7);
    int64_t wall = a->wall_ms(a->self);
    world_step_wall(&world, -3600000);
    assert_int_equal(a->mono_ms(a->self), mono + 7);
    assert_int_equal(a->wall_ms(a->self), wall - 3600000);

    uint8_t one[40];
    uint8_t two[40];
    struct world_entropy first;
    struct world_entropy second;
    world_entropy_init(&first, &world, 5);
    world_entropy_init(&second, &world, 5);
    first.entropy.fill(first.entropy.self, one, sizeof one);
    second.entropy.fill(second.entropy.self, two, sizeof two);
    assert_memory_equal(one, two, sizeof one);
    world_entropy_init(&second, &world, 6);
    second.entropy.fill(second.entropy.self, two, sizeof two);
    assert_memory_not_equal(one, two, sizeof one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_need_time),
        cmocka_unit_test(test_high_water),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_cut_loses_what_was_queued),
        cmocka_unit_test(test_oversize_cuts),
        cmocka_unit_test(test_server_stops_and_starts),
        cmocka_unit_test(test_vanished_and_held),
        cmocka_unit_test(test_slow_link),
        cmocka_unit_test(test_storm_repeats),
        cmocka_unit_test(test_calm_keeps_order),
        cmocka_unit_test(test_clocks_and_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
