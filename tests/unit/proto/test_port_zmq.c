/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Who gets in, over real loopback TCP: unknown, registered and revoked keys, the key and the agency
 * as the connection says, peers without CURVE, the self test, and what happens when the gate dies.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "port_world.h"
#include "proto/port_zmq_net.h"

static int setup(void **state)
{
    static struct world world;
    world_open(&world);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static struct net_counters counters(struct world *world)
{
    struct net_counters now;
    net_counters(world->net, &now);
    return now;
}

static void test_unknown_key_comes_in_when_registered(void **state)
{
    struct world *world = *state;
    struct client_zmq *client = world_dial(world, 0);

    /* Nothing loaded, then a directory without the key: turned away, and the reader is told. */
    assert_true(world_link(client, LINK_KEY_REFUSED, WORLD_WAIT_MS));
    world_keys(world, 0);
    assert_int_equal(world_say(client, "question"), LT_AGAIN);
    assert_true(counters(world).zap_unknown >= 2);
    assert_int_equal(counters(world).zap_accepted, 0);

    /* Registered later: in by itself, without a redial. */
    world_keys(world, 1);
    assert_true(world_link(client, LINK_UP, WORLD_WAIT_MS));
    assert_true(world_served(world, client, "H24.1"));
    client_zmq_close(&client);
}

static void test_revoked_key_stays_out_until_redial(void **state)
{
    struct world *world = *state;
    struct net_key key = {.user = "H24.1", .revoked = true};
    key.key = world->publics[0];
    assert_int_equal(net_keys(world->net, &key, 1), LT_OK);
    struct client_zmq *client = world_dial(world, 0);
    struct client_port port = client_zmq_port(client);
    assert_true(world_link(client, LINK_KEY_REFUSED, 1000));
    assert_int_equal(counters(world).zap_revoked, 1);
    assert_int_equal(world_say(client, "question"), LT_AGAIN);

    /* libzmq has given up for good; only a redial tries again. */
    world_keys(world, 1);
    assert_false(world_link(client, LINK_UP, 3 * WORLD_HANDSHAKE_MS));
    assert_int_equal(counters(world).zap_accepted, 0);
    port.redial(port.self);
    assert_true(world_link(client, LINK_UP, WORLD_WAIT_MS));
    assert_true(world_served(world, client, "H24.1"));
    client_zmq_close(&client);
}

static void test_wrong_server_key_is_told(void **state)
{
    struct world *world = *state;
    struct lt_key right = world->server_public;
    world_keys(world, 1);
    world->server_public = world->publics[3];
    struct client_zmq *client = world_dial(world, 0);
    world->server_public = right;
    assert_true(world_link(client, LINK_KEY_REFUSED, WORLD_WAIT_MS));
    client_zmq_close(&client);
}

static void test_agency_and_key_are_read_from_the_connection(void **state)
{
    struct world *world = *state;
    struct client_zmq *clients[WORLD_AGENCIES];
    bool seen[WORLD_AGENCIES] = {false};
    world_keys(world, WORLD_AGENCIES);
    for (int i = 0; i < WORLD_AGENCIES; i++) {
        clients[i] = world_dial(world, i);
        assert_true(world_link(clients[i], LINK_UP, WORLD_WAIT_MS));
        assert_int_equal(world_say(clients[i], world_users[i]), LT_OK);
    }
    for (int i = 0; i < WORLD_AGENCIES; i++) {
        struct port_frame frame;
        /* world_hear polls: the first frame then has no properties, the body has. */
        world->port.wait(world->port.self, NULL, 0, 1000);
        assert_true(world_hear(world, &frame, WORLD_WAIT_MS));
        int agency = frame.peer.user[4] - '1';
        assert_in_range(agency, 0, WORLD_AGENCIES - 1);
        assert_false(seen[agency]);
        seen[agency] = true;
        assert_true(is_text(frame.bytes, world_users[agency]));
        assert_string_equal(frame.peer.user, world_users[agency]);
        assert_memory_equal(&frame.peer.key, &world->publics[agency], sizeof(struct lt_key));
        assert_string_equal(frame.peer.address, "127.0.0.1");
    }
    for (int i = 0; i < WORLD_AGENCIES; i++) {
        client_zmq_close(&clients[i]);
    }
}

static void test_batch_is_lent_until_released(void **state)
{
    struct world *world = *state;
    struct port_frame frames[8];
    uint32_t got = 0;
    world_keys(world, 2);
    struct client_zmq *first = world_dial(world, 0);
    struct client_zmq *second = world_dial(world, 1);
    assert_true(world_link(first, LINK_UP, WORLD_WAIT_MS));
    assert_true(world_link(second, LINK_UP, WORLD_WAIT_MS));
    char large[4000];
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    assert_int_equal(world_say(first, large), LT_OK);
    assert_int_equal(world_say(second, "small"), LT_OK);
    usleep(200 * 1000);
    got = world->port.receive(world->port.self, frames, 8);
    assert_int_equal(got, 2);
    for (uint32_t i = 0; i < got; i++) {
        bool from_first = strcmp(frames[i].peer.user, "H24.1") == 0;
        assert_true(is_text(frames[i].bytes, from_first ? large : "small"));
    }
    world->port.release(world->port.self, frames, 1);
    assert_null(frames[0].bytes.data);
    assert_non_null(frames[1].bytes.data);
    assert_int_equal(world->port.receive(world->port.self, frames, 8), 0);
    client_zmq_close(&first);
    client_zmq_close(&second);
}

static void test_peer_without_curve_gets_nothing(void **state)
{
    struct world *world = *state;
    struct port_frame frame;
    world_keys(world, 1);
    void *plain = zmq_socket(world->net->context, ZMQ_DEALER);
    assert_int_equal(zmq_connect(plain, server_zmq_endpoint(world->server, 0)), 0);
    assert_int_equal(zmq_send(plain, "question", 8, 0), 8);
    assert_false(world_hear(world, &frame, 500));
    char answer[8];
    assert_int_equal(zmq_recv(plain, answer, sizeof(answer), ZMQ_DONTWAIT), -1);
    assert_int_equal(counters(world).zap_accepted, 0);
    int no_linger = 0;
    zmq_setsockopt(plain, ZMQ_LINGER, &no_linger, sizeof(no_linger));
    zmq_close(plain);
}

static void test_frame_that_passed_no_gate_is_dropped(void **state)
{
    struct world *world = *state;
    struct port_frame frame;
    world_keys(world, 1);
    struct client_zmq *client = world_dial(world, 0);
    assert_true(world_link(client, LINK_UP, WORLD_WAIT_MS));
    /* As if another gate had let it in: the properties are there, the pass is not ours. */
    world->net->pass[0] = world->net->pass[0] == '0' ? '1' : '0';
    assert_int_equal(world_say(client, "question"), LT_OK);
    assert_false(world_hear(world, &frame, 300));
    assert_int_equal(counters(world).dropped_unauthenticated, 1);
    client_zmq_close(&client);
}

static void test_self_test(void **state)
{
    struct world *world = *state;
    struct fault fault;
    fault_init(&fault);
    for (int i = 0; i < 3; i++) {
        int64_t start_ms = world_now_ms();
        assert_int_equal(server_zmq_self_test(world->server, &fault), LT_OK);
        assert_true(world_now_ms() - start_ms <= 1000);
    }
    assert_int_equal(counters(world).zap_unknown, 3);
}

static struct client_zmq *dial_at(struct world *world, int agency, uint32_t endpoint,
                                  const struct lt_key *server_key)
{
    struct client_options options = {.endpoint = server_zmq_endpoint(world->server, endpoint),
                                     .server_key = *server_key,
                                     .secret_key = world->secrets[agency],
                                     .reconnect_ms = 50,
                                     .handshake_ms = WORLD_HANDSHAKE_MS};
    struct client_zmq *client = NULL;
    assert_int_equal(client_zmq_open(&client, world->net, &options, NULL), LT_OK);
    return client;
}

/* Two keys of ours, an address each, one socket: whoever holds the key of an address comes in there
 * and is marked so; neither key opens the other's address, and the gate stands before both. */
static void test_two_keys_of_ours(void **state)
{
    struct world world = *(struct world *)*state;
    static const char *const endpoints[] = {"tcp://127.0.0.1:*"};
    struct server_options options = {.endpoints = endpoints,
                                     .endpoints_count = 1,
                                     .secret_key = world.server_secret,
                                     .next_endpoint = "tcp://127.0.0.1:*",
                                     .handshake_ms = WORLD_HANDSHAKE_MS};
    struct lt_key next_public;
    struct fault fault;
    fault_init(&fault);
    curve_make(&next_public, &options.next_secret_key);
    assert_int_equal(server_zmq_open(&world.server, world.net, &options, &fault), LT_OK);
    world.port = server_zmq_port(world.server);
    world_keys(&world, 2);
    const struct lt_key *keys[] = {&world.server_public, &next_public};
    for (uint32_t at = 0; at < 2; at++) {
        struct client_zmq *client = dial_at(&world, (int)at, at, keys[at]);
        struct port_frame frame;
        assert_true(world_link(client, LINK_UP, 5000));
        assert_int_equal(world_say(client, "hello"), LT_OK);
        assert_true(world_hear(&world, &frame, 5000));
        assert_string_equal(frame.peer.user, world_users[at]);
        assert_int_equal(frame.peer.next, at == 1);
        assert_int_equal(world.port.send(world.port.self, &frame.route, text_bytes("back")), LT_OK);
        world.port.release(world.port.self, &frame, 1);
        assert_true(bytes_equal(world_told(client, 5000), text_bytes("back")));
        client_zmq_close(&client);
        client = dial_at(&world, (int)at, at, keys[1 - at]); /* the other key at this address */
        assert_false(world_link(client, LINK_UP, 400));
        client_zmq_close(&client);
        client = dial_at(&world, 2, at, keys[at]); /* nobody knows this agency */
        assert_false(world_link(client, LINK_UP, 400));
        client_zmq_close(&client);
    }
    assert_int_equal(server_zmq_self_test(world.server, &fault), LT_OK);
    server_zmq_close(&world.server);
}

static void test_bad_options_are_refused(void **state)
{
    struct world *world = *state;
    static const char *const wrong[] = {"ipc:///nowhere", "tcp://127.0.0.1:99999", "tcp://"};
    struct server_zmq *server = NULL;
    struct client_zmq *client = NULL;
    struct fault fault;
    for (int i = 0; i < 3; i++) {
        struct server_options options = {
            .endpoints = &wrong[i], .endpoints_count = 1, .secret_key = world->server_secret};
        fault_init(&fault);
        assert_int_equal(server_zmq_open(&server, world->net, &options, &fault), LT_CONFIG_BAD);
        assert_string_equal(fault.field, "listen");
        assert_null(server);
    }
    struct server_options no_key = {.endpoints = wrong, .endpoints_count = 1};
    assert_int_equal(server_zmq_open(&server, world->net, &no_key, NULL), LT_CRYPTO);
    const char *taken = server_zmq_endpoint(world->server, 0);
    struct server_options twice = {
        .endpoints = &taken, .endpoints_count = 1, .secret_key = world->server_secret};
    assert_int_equal(server_zmq_open(&server, world->net, &twice, NULL), LT_CONFIG_BAD);
    struct client_options far = {.endpoint = "inproc://x", .secret_key = world->secrets[0]};
    assert_int_equal(client_zmq_open(&client, world->net, &far, NULL), LT_CONFIG_BAD);
}

static void test_curve_keys(void **state)
{
    (void)state;
    struct lt_key first;
    struct lt_key second;
    struct lt_key secret;
    struct lt_key derived;
    memset(&derived, 7, sizeof(derived));
    curve_make(&first, &secret);
    assert_int_equal(curve_public(&secret, &derived), LT_OK);
    assert_memory_equal(&first, &derived, sizeof(first));
    curve_make(&second, &secret);
    assert_memory_not_equal(&first, &second, sizeof(first));
    struct lt_key empty;
    memset(&empty, 0, sizeof(empty));
    assert_int_equal(curve_public(&empty, &second), LT_CRYPTO);
}

/* Runs in a process of its own, before any other thread exists. */
static void test_death_of_the_gate_ends_the_process(void **state)
{
    (void)state;
    int end = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct world world;
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(1);
        }
        signal(SIGABRT, SIG_DFL);
        world_open(&world);
        zmq_ctx_shutdown(world.net->context);
        sleep(5);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_true(WIFSIGNALED(end));
    assert_int_equal(WTERMSIG(end), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_death_of_the_gate_ends_the_process),
        cmocka_unit_test(test_curve_keys),
        cmocka_unit_test_setup_teardown(test_unknown_key_comes_in_when_registered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_revoked_key_stays_out_until_redial, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_server_key_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_agency_and_key_are_read_from_the_connection, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_batch_is_lent_until_released, setup, teardown),
        cmocka_unit_test_setup_teardown(test_peer_without_curve_gets_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frame_that_passed_no_gate_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_self_test, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_keys_of_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_options_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
