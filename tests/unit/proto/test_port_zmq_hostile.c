/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Peers that misbehave with a valid key, and peers that go away: each costs itself only, and the
 * honest one beside it is served.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "port_world.h"
#include "proto/port_zmq_net.h"

#define RAW_PEERS   400
#define MANY_FRAMES 20000

struct pair_of {
    struct world world;
    struct client_zmq *honest;
};

static int setup(void **state)
{
    static struct pair_of both;
    world_open(&both.world);
    world_keys(&both.world, WORLD_AGENCIES);
    both.honest = world_dial(&both.world, 0);
    assert_true(world_link(both.honest, LINK_UP, WORLD_WAIT_MS));
    *state = &both;
    return 0;
}

static int teardown(void **state)
{
    struct pair_of *both = *state;
    client_zmq_close(&both->honest);
    world_close(&both->world);
    return 0;
}

/* A DEALER with the key of agency 2 and whatever else the peer of the test does wrong. */
static void *raw_dial(struct world *world, const void *routing_id, size_t routing_id_size)
{
    int no_linger = 0;
    int no_bound = 0;
    void *dealer = zmq_socket(world->net->context, ZMQ_DEALER);
    assert_non_null(dealer);
    zmq_setsockopt(dealer, ZMQ_LINGER, &no_linger, sizeof(no_linger));
    zmq_setsockopt(dealer, ZMQ_SNDHWM, &no_bound, sizeof(no_bound));
    zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, world->server_public.bytes, 32);
    zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, world->publics[1].bytes, 32);
    zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, world->secrets[1].bytes, 32);
    if (routing_id != NULL) {
        assert_int_equal(zmq_setsockopt(dealer, ZMQ_ROUTING_ID, routing_id, routing_id_size), 0);
    }
    assert_int_equal(zmq_connect(dealer, server_zmq_endpoint(world->server, 0)), 0);
    return dealer;
}

static void test_claimed_route_gets_nothing(void **state)
{
    struct pair_of *both = *state;
    struct world *world = &both->world;
    struct port_frame frame;
    char unwanted[16];
    assert_int_equal(world_say(both->honest, "mine"), LT_OK);
    assert_true(world_hear(world, &frame, WORLD_WAIT_MS));
    struct port_route route = frame.route;

    /* It knows the route, which no peer can; it claims it, speaks and listens. */
    void *thief = raw_dial(world, route.bytes, route.size);
    assert_int_equal(zmq_send(thief, "theirs", 6, 0), 6);
    assert_false(world_hear(world, &frame, 500));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(world->port.send(world->port.self, &route, text_bytes("private")), LT_OK);
        assert_true(is_text(world_told(both->honest, WORLD_WAIT_MS), "private"));
    }
    assert_int_equal(zmq_recv(thief, unwanted, sizeof(unwanted), ZMQ_DONTWAIT), -1);
    zmq_close(thief);
    assert_true(world_served(world, both->honest, "H24.1"));
}

static void test_chosen_route_is_dropped_and_counted(void **state)
{
    struct pair_of *both = *state;
    struct world *world = &both->world;
    struct net_counters now;
    struct port_frame frame;
    void *named = raw_dial(world, "H24.1", 5);
    assert_int_equal(zmq_send(named, "hello", 5, 0), 5);
    assert_int_equal(zmq_send(named, "hello", 5, 0), 5);
    assert_false(world_hear(world, &frame, 500));
    net_counters(world->net, &now);
    assert_int_equal(now.dropped_named, 2);
    assert_true(world_served(world, both->honest, "H24.1"));
    zmq_close(named);
}

static void test_more_than_one_frame_is_dropped_whole(void **state)
{
    struct pair_of *both = *state;
    struct world *world = &both->world;
    struct net_counters now;
    struct port_frame frame;
    void *talker = raw_dial(world, NULL, 0);
    zmq_send(talker, "", 0, ZMQ_SNDMORE);
    zmq_send(talker, "body", 4, 0);
    for (int i = 0; i < 5; i++) {
        zmq_send(talker, "part", 4, i < 4 ? ZMQ_SNDMORE : 0);
    }
    zmq_send(talker, "whole", 5, 0);
    assert_true(world_hear(world, &frame, WORLD_WAIT_MS));
    assert_true(is_text(frame.bytes, "whole"));
    net_counters(world->net, &now);
    assert_int_equal(now.dropped_shape, 2);
    assert_true(world_served(world, both->honest, "H24.1"));
    zmq_close(talker);
}

static void test_frame_of_the_limit_and_one_above(void **state)
{
    struct pair_of *both = *state;
    struct world *world = &both->world;
    struct client_port port = client_zmq_port(both->honest);
    struct port_frame frame;
    uint8_t *large = calloc(1, LT_FRAME_BYTES_MAX + 1);
    assert_non_null(large);

    /* Our own ends refuse to send it ... */
    struct lt_bytes most = {large, LT_FRAME_BYTES_MAX};
    struct lt_bytes over = {large, LT_FRAME_BYTES_MAX + 1};
    assert_int_equal(port.send(port.self, over), LT_FRAME_TOO_LARGE);
    assert_int_equal(port.send(port.self, most), LT_OK);
    assert_true(world_hear(world, &frame, WORLD_WAIT_MS));
    assert_int_equal(frame.bytes.size, LT_FRAME_BYTES_MAX);
    struct port_route route = frame.route;
    assert_int_equal(world->port.send(world->port.self, &route, over), LT_FRAME_TOO_LARGE);
    assert_int_equal(world->port.send(world->port.self, &route, most), LT_OK);
    assert_int_equal(world_told(both->honest, WORLD_WAIT_MS).size, LT_FRAME_BYTES_MAX);

    /* ... and who sends it all the same is cut, with what it queued behind. */
    void *glutton = raw_dial(world, NULL, 0);
    zmq_send(glutton, large, LT_FRAME_BYTES_MAX, 0);
    zmq_send(glutton, large, LT_FRAME_BYTES_MAX + 1, 0);
    zmq_send(glutton, "behind", 6, 0);
    assert_true(world_hear(world, &frame, WORLD_WAIT_MS));
    assert_int_equal(frame.bytes.size, LT_FRAME_BYTES_MAX);
    struct port_route cut = frame.route;
    assert_true(world_served(world, both->honest, "H24.1"));
    int64_t end_ms = world_now_ms() + 2000;
    while (world->port.send(world->port.self, &cut, text_bytes("x")) != LT_PEER_GONE) {
        assert_true(world_now_ms() < end_ms);
        world->port.wait(world->port.self, NULL, 0, 10);
    }
    zmq_close(glutton);
    free(large);
}

static void test_slow_reader_costs_itself_only(void **state)
{
    struct pair_of *both = *state;
    struct world *world = &both->world;
    struct port_frame frame;
    static uint8_t block[64 * 1024];
    enum lt_status status = LT_OK;
    void *slow = raw_dial(world, NULL, 0);
    zmq_send(slow, "hello", 5, 0);
    assert_true(world_hear(world, &frame, WORLD_WAIT_MS));
    struct port_route route = frame.route;
    /* Until its high water, ours and the kernel's buffers are full. */
    for (int i = 0; i < 4000 && status == LT_OK; i++) {
        status =
            world->port.send(world->port.self, &route, (struct lt_bytes){block, sizeof(block)});
        for (int j = 0; j < 50 && status == LT_AGAIN; j++) {
            world->port.wait(world->port.self, NULL, 0, 1);
            status =
                world->port.send(world->port.self, &route, (struct lt_bytes){block, sizeof(block)});
        }
    }
    assert_int_equal(status, LT_AGAIN);
    for (int i = 0; i < 20; i++) {
        assert_true(world_served(world, both->honest, "H24.1"));
    }
    zmq_close(slow);
}

static void test_peer_gone(void **state)
{
    struct pair_of *both = *state;
    struct world *world = &both->world;
    struct port_frame frame;
    struct client_zmq *other = world_dial(world, 2);
    assert_true(world_link(other, LINK_UP, WORLD_WAIT_MS));
    assert_int_equal(world_say(other, "hello"), LT_OK);
    assert_true(world_hear(world, &frame, WORLD_WAIT_MS));
    struct port_route route = frame.route;
    client_zmq_close(&other);
    int64_t end_ms = world_now_ms() + WORLD_WAIT_MS;
    while (world->port.send(world->port.self, &route, text_bytes("x")) != LT_PEER_GONE) {
        assert_true(world_now_ms() < end_ms);
        world->port.wait(world->port.self, NULL, 0, 10);
    }
    struct port_route never = {.bytes = {0, 1, 2, 3, 4}, .size = 5};
    assert_int_equal(world->port.send(world->port.self, &never, text_bytes("x")), LT_PEER_GONE);
    assert_true(world_served(world, both->honest, "H24.1"));
}

static void test_closed_clients_are_gone_one_after_the_other(void **state)
{
    struct pair_of *both = *state;
    struct world *world = &both->world;
    for (int i = 0; i < 10; i++) {
        struct port_frame frame;
        struct client_zmq *other = world_dial(world, 2);
        assert_true(world_link(other, LINK_UP, WORLD_WAIT_MS));
        assert_int_equal(world_say(other, "hello"), LT_OK);
        assert_true(world_hear(world, &frame, WORLD_WAIT_MS));
        struct port_route route = frame.route;
        if (i % 2 == 0) {
            client_zmq_port(other).redial(other);
        }
        client_zmq_close(&other);
        int64_t end_ms = world_now_ms() + 1000;
        while (world->port.send(world->port.self, &route, text_bytes("x")) != LT_PEER_GONE) {
            assert_true(world_now_ms() < end_ms);
            world->port.wait(world->port.self, NULL, 0, 10);
        }
    }
}

static void test_break_shows_once(void **state)
{
    struct pair_of *both = *state;
    struct world *world = &both->world;
    struct client_port port = client_zmq_port(both->honest);
    char endpoint[64];
    snprintf(endpoint, sizeof(endpoint), "%s", server_zmq_endpoint(world->server, 0));
    const char *const endpoints[] = {endpoint};
    struct server_options options = {.endpoints = endpoints,
                                     .endpoints_count = 1,
                                     .secret_key = world->server_secret,
                                     .handshake_ms = WORLD_HANDSHAKE_MS};
    enum lt_status status = LT_CONFIG_BAD;
    server_zmq_close(&world->server);
    for (int i = 0; i < 200 && status != LT_OK; i++) {
        status = server_zmq_open(&world->server, world->net, &options, NULL);
        usleep(10 * 1000);
    }
    assert_int_equal(status, LT_OK);
    world->port = server_zmq_port(world->server);
    /* Nobody asks in the meantime: broken and mended. */
    usleep(700 * 1000);
    assert_int_equal(port.link(port.self), LINK_DOWN);
    assert_int_equal(port.link(port.self), LINK_UP);
    assert_true(world_served(world, both->honest, "H24.1"));
}

static void test_connections_without_handshake(void **state)
{
    struct pair_of *both = *state;
    struct world *world = &both->world;
    struct net_counters now;
    static int raw[RAW_PEERS];
    unsigned port = 0;
    char byte = 0;
    assert_int_equal(sscanf(server_zmq_endpoint(world->server, 0), "tcp://127.0.0.1:%u", &port), 1);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int64_t start_ms = world_now_ms();
    for (int i = 0; i < RAW_PEERS; i++) {
        raw[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_true(raw[i] >= 0);
        assert_int_equal(connect(raw[i], (struct sockaddr *)&address, sizeof(address)), 0);
        if (i % 50 == 0) {
            assert_true(world_served(world, both->honest, "H24.1"));
        }
    }
    struct client_zmq *late = world_dial(world, 3);
    assert_true(world_link(late, LINK_UP, WORLD_WAIT_MS));
    assert_true(world_served(world, late, "H24.4"));
    for (int i = 0; i < RAW_PEERS; i++) {
        /* Cut by the handshake's time; libzmq sends its greeting first. */
        while (recv(raw[i], &byte, 1, 0) > 0) {
        }
        close(raw[i]);
    }
    assert_true(world_now_ms() - start_ms < WORLD_WAIT_MS);
    do {
        net_counters(world->net, &now);
        assert_true(world_now_ms() - start_ms < WORLD_WAIT_MS);
    } while (now.handshake_failed < RAW_PEERS);
    assert_int_equal(now.accepted, RAW_PEERS + 2);
    assert_true(world_served(world, both->honest, "H24.1"));
    client_zmq_close(&late);
}

static void test_rate_of_small_frames(void **state)
{
    struct pair_of *both = *state;
    struct world *world = &both->world;
    static struct port_frame frames[256];
    uint32_t heard = 0;
    uint32_t said = 0;
    int64_t start_ms = world_now_ms();
    while (heard < MANY_FRAMES) {
        while (said < MANY_FRAMES && world_say(both->honest, "one small frame") == LT_OK) {
            said++;
        }
        uint32_t got = world->port.receive(world->port.self, frames, 256);
        world->port.release(world->port.self, frames, got);
        heard += got;
        if (got == 0) {
            world->port.wait(world->port.self, NULL, 0, 1);
        }
        assert_true(world_now_ms() - start_ms < 8000);
    }
    int64_t took_ms = world_now_ms() - start_ms;
    print_message("%u frames of one peer in %lld ms\n", heard, (long long)took_ms);
    assert_int_equal(said, MANY_FRAMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_claimed_route_gets_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chosen_route_is_dropped_and_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_than_one_frame_is_dropped_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frame_of_the_limit_and_one_above, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_reader_costs_itself_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_peer_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closed_clients_are_gone_one_after_the_other, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_break_shows_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connections_without_handshake, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rate_of_small_frames, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
