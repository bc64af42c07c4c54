/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Lines between agencies and servers, in memory. A link is an agency's end and lives until it is
 * closed; a connection is one life of a line, with a route nobody had before. Frames wait on the
 * connection, each with the time it is due, in order of that time and then of sending.
 *
 * There are no events and no callbacks: every call first does what has become due for its own link,
 * so that a run depends on nothing but the calls and the seed. A server's receive looks at every
 * connection for the frame due first: good for some hundreds of lines, not for thousands.
 *
 * What it does not imitate: fair queueing between connections (the time decides), the memory of the
 * operating system's socket buffers, and inbound frames that survive the end of their connection.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/list.h"
#include "world_net.h"

#define NET_OWNER 0x6e657477U /* of the stream of chance */

struct flying {
    int64_t due_ms;
    uint64_t order;
    size_t size;
    uint8_t data[];
};

enum direction { TO_SERVER, TO_CLIENT };

#define LINE_ROOM (WORLD_TO_CLIENT_MAX + 1) /* the last one sent may have been doubled */

/* One direction of a connection, first due first. */
struct line {
    struct flying *flying[LINE_ROOM];
    uint32_t count;
    int64_t last_due_ms;
    int64_t busy_until_ms;
};

struct connection {
    struct list_node node;
    uint32_t number; /* stands in the route */
    uint32_t server;
    struct world_link *link; /* NULL: the client has vanished */
    struct port_peer peer;
    struct line lines[2];
    int64_t hold_until_ms;
    int64_t ghost_until_ms;
};

struct world_link {
    struct list_node node;
    struct world_net *net;
    struct connection *connection; /* NULL: down */
    struct flying *last;           /* lent to the client until its next receive */
    struct weather weather;
    struct lt_key key;
    uint32_t server;
    int64_t redial_ms;
    bool refused;
};

struct admitted {
    struct lt_key key;
    char user[64];
    bool revoked;
};

struct server_end {
    struct world_net *net;
    uint32_t number;
    bool up;
};

struct world_net {
    struct world *world;
    struct world_random random;
    struct weather weather;
    struct server_end servers[WORLD_SERVERS_MAX];
    struct list links;
    struct list connections;
    struct admitted *admitted;
    uint32_t admitted_count;
    uint32_t admitted_room;
    uint32_t connections_made;
    uint64_t frames_made;
    struct world_net_counters counters;
};

enum lt_status world_net_open(struct world_net **ret_net, struct world *world)
{
    struct world_net *net = calloc(1, sizeof *net);
    if (net == NULL) {
        return LT_NO_MEMORY;
    }
    net->world = world;
    world_random_init(&net->random, world, NET_OWNER);
    net->weather = (struct weather){.delay_ms_min = 1, .delay_ms_max = 5};
    list_init(&net->links);
    list_init(&net->connections);
    for (uint32_t i = 0; i < WORLD_SERVERS_MAX; i++) {
        net->servers[i].net = net;
        net->servers[i].number = i;
    }
    *ret_net = net;
    return LT_OK;
}

void world_net_close(struct world_net **net_p)
{
    struct world_net *net = *net_p;
    if (net == NULL) {
        return;
    }
    struct list_node *node;
    while ((node = list_first(&net->links)) != NULL) {
        struct world_link *link = LIST_ENTRY(node, struct world_link, node);
        world_link_close(&link);
    }
    for (uint32_t i = 0; i < WORLD_SERVERS_MAX; i++) {
        world_net_stop(net, i);
    }
    free(net->admitted);
    free(net);
    *net_p = NULL;
}

void world_net_weather(struct world_net *net, const struct weather *weather)
{
    net->weather = *weather;
    for (struct list_node *node = list_first(&net->links); node != NULL;
         node = list_next(&net->links, node)) {
        LIST_ENTRY(node, struct world_link, node)->weather = *weather;
    }
}

void world_net_counters(const struct world_net *net, struct world_net_counters *ret_counters)
{
    *ret_counters = net->counters;
    for (struct list_node *node = list_first(&net->connections); node != NULL;
         node = list_next(&net->connections, node)) {
        const struct connection *c = LIST_ENTRY(node, struct connection, node);
        ret_counters->in_flight += c->lines[TO_SERVER].count + c->lines[TO_CLIENT].count;
    }
}

/* ---- connections ------------------------------------------------------------------------- */

static void connection_end(struct world_net *net, struct connection *connection)
{
    for (int i = 0; i < 2; i++) {
        struct line *line = &connection->lines[i];
        net->counters.lost += line->count;
        while (line->count > 0) {
            free(line->flying[--line->count]);
        }
    }
    if (connection->link != NULL) {
        connection->link->connection = NULL;
    }
    list_remove(&net->connections, &connection->node);
    free(connection);
}

static void redial_later(struct world_link *link, int64_t ms)
{
    struct world_net *net = link->net;
    link->redial_ms = net->world->mono_ms + ms + (int64_t)world_random_below(&net->random, 200);
}

static struct admitted *find_key(const struct world_net *net, const struct lt_key *key)
{
    for (uint32_t i = 0; i < net->admitted_count; i++) {
        if (memcmp(&net->admitted[i].key, key, sizeof *key) == 0) {
            return &net->admitted[i];
        }
    }
    return NULL;
}

static void connect_now(struct world_link *link, const struct admitted *who)
{
    struct world_net *net = link->net;
    struct connection *connection = calloc(1, sizeof *connection);
    assert(connection != NULL);
    connection->number = ++net->connections_made;
    connection->server = link->server;
    connection->link = link;
    connection->peer.key = link->key;
    memcpy(connection->peer.user, who->user, sizeof connection->peer.user);
    (void)snprintf(connection->peer.address, sizeof connection->peer.address, "10.0.%u.%u",
                   (connection->number >> 8) & 255U, connection->number & 255U);
    list_push(&net->connections, &connection->node);
    link->connection = connection;
    link->refused = false;
    net->counters.connected++;
}

/* Dials when it is time; the answer of the handshake is there at once. */
static void settle_link(struct world_link *link)
{
    struct world_net *net = link->net;
    if (link->connection != NULL || link->redial_ms > net->world->mono_ms) {
        return;
    }
    if (!net->servers[link->server].up) {
        redial_later(link, WORLD_REDIAL_MS);
        return;
    }
    const struct admitted *who = find_key(net, &link->key);
    if (who == NULL || who->revoked) {
        net->counters.refused++;
        link->refused = true;
        /* Revoked: the client's library gives up until somebody tells it to dial again. */
        link->redial_ms = INT64_MAX;
        if (who == NULL) {
            redial_later(link, WORLD_REDIAL_REFUSED_MS);
        }
        return;
    }
    connect_now(link, who);
}

enum lt_status world_net_admit(struct world_net *net, const struct lt_key *key, const char *user)
{
    struct admitted *who = find_key(net, key);
    if (who == NULL && net->admitted_count == net->admitted_room) {
        uint32_t room = net->admitted_room == 0 ? 64 : net->admitted_room * 2;
        struct admitted *more = realloc(net->admitted, room * sizeof *more);
        if (more == NULL) {
            return LT_NO_MEMORY;
        }
        net->admitted = more;
        net->admitted_room = room;
    }
    if (who == NULL) {
        who = &net->admitted[net->admitted_count++];
    }
    memset(who, 0, sizeof *who);
    who->key = *key;
    (void)snprintf(who->user, sizeof who->user, "%s", user);
    return LT_OK;
}

void world_net_revoke(struct world_net *net, const struct lt_key *key)
{
    struct admitted *who = find_key(net, key);
    if (who == NULL) {
        return;
    }
    who->revoked = true;
    struct list_node *next = NULL;
    for (struct list_node *node = list_first(&net->connections); node != NULL; node = next) {
        next = list_next(&net->connections, node);
        struct connection *connection = LIST_ENTRY(node, struct connection, node);
        if (memcmp(&connection->peer.key, key, sizeof *key) != 0) {
            continue;
        }
        struct world_link *link = connection->link;
        connection_end(net, connection);
        if (link != NULL) {
            redial_later(link, WORLD_REDIAL_MS);
        }
    }
}

/* ---- frames ------------------------------------------------------------------------------ */

/* When a frame sent now is due, by the weather. */
static int64_t arrival_ms(struct world_net *net, struct line *line, const struct weather *weather,
                          size_t size)
{
    int64_t at = net->world->mono_ms;
    if (weather->bytes_per_s > 0) {
        at = line->busy_until_ms > at ? line->busy_until_ms : at;
        at += (int64_t)(size * 1000 / weather->bytes_per_s);
        line->busy_until_ms = at;
    }
    uint64_t spread = weather->delay_ms_max > weather->delay_ms_min
                          ? weather->delay_ms_max - weather->delay_ms_min
                          : 0;
    at += weather->delay_ms_min + (int64_t)world_random_below(&net->random, spread + 1);
    at = at > line->last_due_ms ? at : line->last_due_ms;
    if (world_random_chance(&net->random, weather->reorder_permille)) {
        net->counters.reordered++;
        return at + 1 + (int64_t)world_random_below(&net->random, weather->delay_ms_max + 20ULL);
    }
    line->last_due_ms = at;
    return at;
}

static void fly(struct world_net *net, struct line *line, const struct weather *weather,
                struct lt_bytes bytes)
{
    struct flying *flying = malloc(sizeof *flying + bytes.size);
    assert(flying != NULL && line->count < LINE_ROOM);
    flying->size = bytes.size;
    flying->order = ++net->frames_made;
    flying->due_ms = arrival_ms(net, line, weather, bytes.size);
    if (bytes.size > 0) {
        memcpy(flying->data, bytes.data, bytes.size);
    }
    uint32_t at = line->count++;
    while (at > 0 && line->flying[at - 1]->due_ms > flying->due_ms) {
        line->flying[at] = line->flying[at - 1];
        at--;
    }
    line->flying[at] = flying;
}

/* One end sends: pushed back, or taken, whatever then becomes of it. */
static enum lt_status transmit(struct world_net *net, struct connection *connection,
                               enum direction way, struct lt_bytes bytes)
{
    uint32_t most = way == TO_SERVER ? WORLD_TO_SERVER_MAX : WORLD_TO_CLIENT_MAX;
    if (connection->lines[way].count >= most) {
        net->counters.again++;
        return LT_AGAIN;
    }
    net->counters.sent++;
    struct world_link *link = connection->link;
    const struct weather *weather = link != NULL ? &link->weather : &net->weather;
    if (link != NULL && (bytes.size > LT_FRAME_BYTES_MAX ||
                         world_random_chance(&net->random, weather->cut_permille))) {
        net->counters.lost++;
        world_link_cut(link);
        return LT_OK;
    }
    if (world_random_chance(&net->random, weather->drop_permille)) {
        net->counters.dropped++;
        return LT_OK;
    }
    fly(net, &connection->lines[way], weather, bytes);
    if (world_random_chance(&net->random, weather->duplicate_permille)) {
        net->counters.duplicated++;
        fly(net, &connection->lines[way], weather, bytes);
    }
    return LT_OK;
}

static int64_t due_ms(const struct connection *connection, enum direction way)
{
    const struct line *line = &connection->lines[way];
    if (line->count == 0 || (way == TO_CLIENT && connection->link == NULL)) {
        return INT64_MAX;
    }
    int64_t due = line->flying[0]->due_ms;
    return due > connection->hold_until_ms ? due : connection->hold_until_ms;
}

static struct flying *take_first(struct world_net *net, struct connection *connection,
                                 enum direction way)
{
    struct line *line = &connection->lines[way];
    struct flying *first = line->flying[0];
    line->count--;
    memmove(line->flying, line->flying + 1, line->count * sizeof line->flying[0]);
    net->counters.received++;
    return first;
}

/* ---- the server's end -------------------------------------------------------------------- */

static void end_ghosts(struct world_net *net)
{
    struct list_node *next = NULL;
    for (struct list_node *node = list_first(&net->connections); node != NULL; node = next) {
        next = list_next(&net->connections, node);
        struct connection *connection = LIST_ENTRY(node, struct connection, node);
        if (connection->link == NULL && connection->ghost_until_ms <= net->world->mono_ms) {
            connection_end(net, connection);
        }
    }
}

static struct connection *next_to_server(const struct server_end *end)
{
    struct connection *best = NULL;
    int64_t best_due = end->net->world->mono_ms + 1;
    uint64_t best_order = 0;
    for (struct list_node *node = list_first(&end->net->connections); node != NULL;
         node = list_next(&end->net->connections, node)) {
        struct connection *c = LIST_ENTRY(node, struct connection, node);
        int64_t due = due_ms(c, TO_SERVER);
        if (c->server != end->number || due >= INT64_MAX) {
            continue;
        }
        uint64_t order = c->lines[TO_SERVER].flying[0]->order;
        if (due < best_due || (due == best_due && best != NULL && order < best_order)) {
            best = c;
            best_due = due;
            best_order = order;
        }
    }
    return best;
}

static uint32_t server_receive(void *self, struct port_frame *frames, uint32_t count)
{
    const struct server_end *end = self;
    end_ghosts(end->net);
    uint32_t got = 0;
    while (got < count) {
        struct connection *connection = next_to_server(end);
        if (connection == NULL) {
            break;
        }
        struct flying *flying = take_first(end->net, connection, TO_SERVER);
        struct port_frame *frame = &frames[got++];
        memset(frame, 0, sizeof *frame);
        frame->route.size = 5;
        memcpy(frame->route.bytes + 1, &connection->number, sizeof connection->number);
        frame->peer = connection->peer;
        frame->bytes = (struct lt_bytes){flying->data, flying->size};
        frame->handle = flying;
    }
    return got;
}

static void server_release(void *self, struct port_frame *frames, uint32_t count)
{
    (void)self;
    for (uint32_t i = 0; i < count; i++) {
        free(frames[i].handle);
        frames[i].handle = NULL;
        frames[i].bytes = (struct lt_bytes){NULL, 0};
    }
}

static enum lt_status server_send(void *self, const struct port_route *route, struct lt_bytes bytes)
{
    const struct server_end *end = self;
    end_ghosts(end->net);
    uint32_t number = 0;
    assert(route->size == 5);
    memcpy(&number, route->bytes + 1, sizeof number);
    for (struct list_node *node = list_first(&end->net->connections); node != NULL;
         node = list_next(&end->net->connections, node)) {
        struct connection *connection = LIST_ENTRY(node, struct connection, node);
        if (connection->number == number && connection->server == end->number) {
            return transmit(end->net, connection, TO_CLIENT, bytes);
        }
    }
    return LT_PEER_GONE;
}

static void server_wait(void *self, const int *fds, uint32_t fds_count, int timeout_ms)
{
    /* Only the test moves time. */
    (void)self;
    (void)fds;
    (void)fds_count;
    (void)timeout_ms;
}

struct server_port world_net_server(struct world_net *net, uint32_t number)
{
    assert(number < WORLD_SERVERS_MAX);
    return (struct server_port){
        .self = &net->servers[number],
        .receive = server_receive,
        .release = server_release,
        .send = server_send,
        .wait = server_wait,
    };
}

void world_net_start(struct world_net *net, uint32_t number)
{
    assert(number < WORLD_SERVERS_MAX);
    net->servers[number].up = true;
}

void world_net_stop(struct world_net *net, uint32_t number)
{
    assert(number < WORLD_SERVERS_MAX);
    net->servers[number].up = false;
    struct list_node *next = NULL;
    for (struct list_node *node = list_first(&net->connections); node != NULL; node = next) {
        next = list_next(&net->connections, node);
        struct connection *connection = LIST_ENTRY(node, struct connection, node);
        if (connection->server != number) {
            continue;
        }
        if (connection->link != NULL) {
            redial_later(connection->link, WORLD_REDIAL_MS);
        }
        connection_end(net, connection);
    }
}

/* ---- the agency's end -------------------------------------------------------------------- */

static bool client_receive(void *self, struct lt_bytes *ret_bytes)
{
    struct world_link *link = self;
    settle_link(link);
    free(link->last);
    link->last = NULL;
    struct connection *connection = link->connection;
    if (connection == NULL || due_ms(connection, TO_CLIENT) > link->net->world->mono_ms) {
        return false;
    }
    link->last = take_first(link->net, connection, TO_CLIENT);
    *ret_bytes = (struct lt_bytes){link->last->data, link->last->size};
    return true;
}

static enum lt_status client_send(void *self, struct lt_bytes bytes)
{
    struct world_link *link = self;
    settle_link(link);
    if (link->connection == NULL) {
        link->net->counters.again++;
        return LT_AGAIN;
    }
    return transmit(link->net, link->connection, TO_SERVER, bytes);
}

static int client_link(void *self)
{
    struct world_link *link = self;
    settle_link(link);
    if (link->connection != NULL) {
        return LINK_UP;
    }
    return link->refused ? LINK_KEY_REFUSED : LINK_DOWN;
}

static void client_redial(void *self)
{
    struct world_link *link = self;
    world_link_cut(link);
    link->refused = false;
    redial_later(link, WORLD_REDIAL_MS);
}

static int client_fd(void *self)
{
    (void)self;
    return -1;
}

struct world_link *world_net_dial(struct world_net *net, uint32_t number, const struct lt_key *key)
{
    assert(number < WORLD_SERVERS_MAX);
    struct world_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return NULL;
    }
    link->net = net;
    link->server = number;
    link->key = *key;
    link->weather = net->weather;
    link->redial_ms = net->world->mono_ms;
    list_push(&net->links, &link->node);
    return link;
}

void world_link_close(struct world_link **link_p)
{
    struct world_link *link = *link_p;
    if (link == NULL) {
        return;
    }
    if (link->connection != NULL) {
        connection_end(link->net, link->connection);
    }
    free(link->last);
    list_remove(&link->net->links, &link->node);
    free(link);
    *link_p = NULL;
}

struct client_port world_link_port(struct world_link *link)
{
    return (struct client_port){
        .self = link,
        .receive = client_receive,
        .send = client_send,
        .link = client_link,
        .redial = client_redial,
        .fd = client_fd,
    };
}

void world_link_weather(struct world_link *link, const struct weather *weather)
{
    link->weather = *weather;
}

void world_link_cut(struct world_link *link)
{
    if (link->connection == NULL) {
        return;
    }
    link->net->counters.cuts++;
    connection_end(link->net, link->connection);
    redial_later(link, WORLD_REDIAL_MS);
}

void world_link_vanish(struct world_link *link)
{
    struct connection *connection = link->connection;
    if (connection == NULL) {
        return;
    }
    link->net->counters.cuts++;
    connection->link = NULL;
    connection->ghost_until_ms = link->net->world->mono_ms + WORLD_GHOST_MS;
    link->connection = NULL;
    redial_later(link, WORLD_REDIAL_MS);
}

void world_link_hold(struct world_link *link, int64_t ms)
{
    if (link->connection != NULL) {
        link->connection->hold_until_ms = link->net->world->mono_ms + ms;
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t world_net_next_ms(const struct world_net *net)
{
    int64_t next = INT64_MAX;
    for (struct list_node *node = list_first(&net->connections); node != NULL;
         node = list_next(&net->connections, node)) {
        const struct connection *c = LIST_ENTRY(node, struct connection, node);
        next = earlier(next, earlier(due_ms(c, TO_SERVER), due_ms(c, TO_CLIENT)));
    }
    for (struct list_node *node = list_first(&net->links); node != NULL;
         node = list_next(&net->links, node)) {
        const struct world_link *link = LIST_ENTRY(node, struct world_link, node);
        if (link->connection == NULL) {
            next = earlier(next, link->redial_ms);
        }
    }
    return next;
}
