/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ltctl as a process, over real CURVE and TCP, against a scripted operator port: a thread that
 * answers queries as broker/control/query.h says, with a real registry behind agency-put. What is
 * checked: pages, exit codes, silence and its second try, a refused key, imports all or nothing.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/journal/backend.h"
#include "broker/journal/fact.h"
#include "broker/journal/journal.h"
#include "broker/registry/agency.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"
#include "proto/message.h"
#include "proto/port_zmq.h"

#define ROWS_MAX    256
#define OUTPUT_SIZE 65536

struct world {
    char folder[64];
    char ltctl[512];
    char endpoint[64];
    struct net *net;
    struct server_zmq *server;
    pthread_t thread;
    atomic_bool ending;
    struct registry *registry; /* of the thread */
    atomic_uint parked_asked;
    atomic_uint cancel_asked;
    atomic_uint puts; /* for good */
    atomic_uint dry_puts;
    char output[OUTPUT_SIZE];
};

/* ---- the broker's side ---- */

struct answer {
    struct page page;
    struct row rows[ROWS_MAX];
    struct pair fields[ROWS_MAX * 4];
    uint32_t fields_count;
    char texts[4][2 * AGENCY_BYTES_MAX + 1];
};

static void row_start(struct answer *answer)
{
    answer->page.rows = answer->rows;
    answer->rows[answer->page.count++] = (struct row){&answer->fields[answer->fields_count], 0};
}

static void field_add(struct answer *answer, const char *name, const char *value)
{
    answer->fields[answer->fields_count++] = (struct pair){text_bytes(name), text_bytes(value)};
    answer->rows[answer->page.count - 1].count++;
}

static const char *arg(const struct query *query, const char *name, char out[128])
{
    out[0] = '\0';
    for (uint32_t i = 0; i < query->args_count; i++) {
        if (bytes_equal(query->args[i].name, text_bytes(name))) {
            text_copy(out, 128, query->args[i].value);
        }
    }
    return out;
}

static void answer_agencies(struct answer *answer, const struct query *query)
{
    /* Three pages: 200, 200 and 1. */
    uint32_t first = query->cursor.size == 0 ? 0 : query->cursor.data[0] == 'a' ? 200 : 400;
    uint32_t count = first == 400 ? 1 : 200;
    for (uint32_t i = 0; i < count; i++) {
        row_start(answer);
        field_add(answer, "id", first == 400 ? "H24.LAST" : "H24.1");
        field_add(answer, "connected", "1");
    }
    answer->page.cursor = text_bytes(first == 0 ? "a" : first == 200 ? "b" : "");
}

static void answer_get(struct world *world, struct answer *answer, const struct query *query)
{
    char id[128];
    const struct agency *agency = registry_by_id(world->registry, text_bytes(arg(query, "id", id)));
    if (agency == NULL) {
        answer->page.code = LT_NOT_FOUND;
        answer->page.detail = text_bytes("no such agency");
        return;
    }
    uint8_t entry[AGENCY_BYTES_MAX];
    struct lt_bytes bytes = agency_write(entry, sizeof(entry), agency);
    hex_write(answer->texts[0], bytes.data, bytes.size);
    row_start(answer);
    field_add(answer, "id", agency->id);
    field_add(answer, "entry", answer->texts[0]);
}

static void answer_put(struct world *world, struct answer *answer, const struct query *query)
{
    char dry[128];
    struct agency agency;
    struct fault fault;
    fault_init(&fault);
    if (!agency_read(query->payload, &agency)) {
        answer->page.code = LT_FIELD_BAD;
        return;
    }
    enum lt_status status = registry_check(world->registry, &agency, &fault);
    if (status != LT_OK) {
        answer->page.code = (uint32_t)status;
        snprintf(answer->texts[0], sizeof(answer->texts[0]), "%s: %s", fault.field, fault.detail);
        answer->page.detail = text_bytes(answer->texts[0]);
        return;
    }
    bool dry_run = strcmp(arg(query, "dry_run", dry), "1") == 0;
    atomic_fetch_add(dry_run ? &world->dry_puts : &world->puts, 1);
    const struct agency *before = registry_by_id(world->registry, text_bytes(agency.id));
    bool known = before != NULL;
    if (known && before->suspended != agency.suspended) {
        assert_string_equal(arg(query, "reason", dry), "leak");
    }
    if (!dry_run) {
        uint8_t entry[AGENCY_BYTES_MAX];
        agency.number = agency.number != 0 ? agency.number : registry_next_number(world->registry);
        assert_int_equal(
            registry_fold_agency(world->registry, agency_write(entry, sizeof(entry), &agency)),
            LT_OK);
    }
    row_start(answer);
    field_add(answer, "change", known ? "changed" : "added");
}

static void answer_route(struct world *world, struct answer *answer, const struct query *query)
{
    struct route route;
    struct fault fault;
    fault_init(&fault);
    assert_true(route_read(query->payload, &route));
    enum lt_status status = registry_check_route(world->registry, &route, false, &fault);
    answer->page.code = (uint32_t)status;
    if (status == LT_OK) {
        row_start(answer);
        field_add(answer, "change", "added");
    }
}

/* The receiver is asked at first; without a second person it stays there. */
static void answer_cancel(struct world *world, struct answer *answer, const struct query *query)
{
    char text[128];
    assert_string_not_equal(arg(query, "reason", text), "");
    if (atomic_fetch_add(&world->cancel_asked, 1) < 2) {
        answer->page.code = LT_HELD_ASKED;
        return;
    }
    if (strcmp(arg(query, "second", text), "1") != 0) {
        answer->page.code = LT_SECOND_PERSON;
        answer->page.detail = text_bytes("second: asked by thu");
        return;
    }
    row_start(answer);
    field_add(answer, "result", "cancelled");
    field_add(answer, "second", "duyet");
    field_add(answer, "risk", "1");
}

static void answer_gate(struct answer *answer, const struct query *query)
{
    char gate[128];
    char reason[128];
    bool pause = strcmp(arg(query, "gate", gate), "pause") == 0;
    assert_string_equal(arg(query, "reason", reason), "service");
    row_start(answer);
    field_add(answer, "id", "H24.1");
    field_add(answer, "change", "changed");
    field_add(answer, "paused", pause ? "1" : "0");
}

/* False: say nothing. */
static bool answer_query(struct world *world, const struct query *query, struct answer *answer)
{
    char verb[32];
    text_copy(verb, sizeof(verb), query->verb);
    answer->page.number = query->number;
    if (strcmp(verb, "status") == 0) {
        row_start(answer);
        field_add(answer, "intake", "disk-reserve");
        field_add(answer, "open", "12");
    } else if (strcmp(verb, "agencies") == 0) {
        answer_agencies(answer, query);
    } else if (strcmp(verb, "agency-get") == 0) {
        answer_get(world, answer, query);
    } else if (strcmp(verb, "agency-put") == 0) {
        answer_put(world, answer, query);
    } else if (strcmp(verb, "route-put") == 0) {
        answer_route(world, answer, query);
    } else if (strcmp(verb, "conservation") == 0) {
        row_start(answer);
        field_add(answer, "agency", "");
        field_add(answer, "difference", "-1");
    } else if (strcmp(verb, "parked") == 0) {
        return atomic_fetch_add(&world->parked_asked, 1) > 0; /* deaf the first time */
    } else if (strcmp(verb, "routes") == 0) {
        return false;
    } else if (strcmp(verb, "cancel") == 0) {
        answer_cancel(world, answer, query);
    } else if (strcmp(verb, "reroute") == 0) {
        answer->page.code = LT_RECEIVER_HOLDS;
        answer->page.detail = text_bytes("leg: 0");
    } else if (strcmp(verb, "agency-gate") == 0) {
        answer_gate(answer, query);
    } else if (strcmp(verb, "ping") == 0) {
        char id[128];
        row_start(answer);
        field_add(answer, "id", "H24.1");
        field_add(answer, "result",
                  strcmp(arg(query, "id", id), "H24.1") == 0 ? "answered" : "no-answer");
        field_add(answer, "took_ms", "12");
    } else {
        answer->page.code = LT_NOT_FOUND;
        answer->page.detail = text_bytes("no such thing");
    }
    return true;
}

static void frame_answer(struct world *world, const struct server_port *port,
                         const struct port_frame *received, struct arena *arena,
                         struct answer *answer)
{
    struct frame frame;
    struct lt_bytes bytes;
    arena_reset(arena);
    assert_string_equal(received->peer.user, "operator/thu");
    assert_int_equal(frame_read(received->bytes, arena, &frame, NULL), LT_OK);
    assert_int_equal(frame.kind, FRAME_QUERY);
    assert_int_equal(frame.session, 0);
    assert_int_equal(frame.seq, 0);
    memset(answer, 0, sizeof(*answer));
    if (!answer_query(world, &frame.query, answer)) {
        return;
    }
    struct frame out = {.kind = FRAME_PAGE, .page = answer->page};
    assert_int_equal(frame_write(&out, arena, &bytes), LT_OK);
    assert_int_equal(port->send(port->self, &received->route, bytes), LT_OK);
}

static void *serve(void *context)
{
    struct world *world = context;
    struct arena arena;
    struct answer *answer = malloc(sizeof(*answer));
    struct server_port port = server_zmq_port(world->server);
    assert_non_null(answer);
    assert_int_equal(arena_init(&arena, 1 << 20, 1 << 24), LT_OK);
    while (!atomic_load(&world->ending)) {
        struct port_frame frames[4];
        uint32_t count = port.receive(port.self, frames, 4);
        for (uint32_t i = 0; i < count; i++) {
            frame_answer(world, &port, &frames[i], &arena, answer);
        }
        port.release(port.self, frames, count);
        if (count == 0) {
            port.wait(port.self, NULL, 0, 20);
        }
    }
    arena_deinit(&arena);
    free(answer);
    return NULL;
}

/* ---- the world ---- */

static void path_of(const struct world *world, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", world->folder, name);
}

static void put(const struct world *world, const char *name, const char *text)
{
    char path[128];
    path_of(world, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void key_pair(const struct world *world, const char *name, struct lt_key *ret_secret,
                     struct lt_key *ret_public)
{
    char secret[128];
    char public[128];
    char base[64];
    snprintf(base, sizeof(base), "%s.key", name);
    path_of(world, base, secret);
    snprintf(base, sizeof(base), "%s.pub", name);
    path_of(world, base, public);
    assert_int_equal(keyfile_make(secret, public, NULL), LT_OK);
    assert_int_equal(keyfile_read_secret(secret, ret_secret, NULL), LT_OK);
    assert_int_equal(keyfile_read_public(public, ret_public, NULL), LT_OK);
}

static void config_put(const struct world *world, const char *name, const char *key)
{
    char text[512];
    snprintf(text, sizeof(text), "endpoint: %s\nserver_key: broker.pub\nsecret_key: %s.key\n",
             world->endpoint, key);
    put(world, name, text);
}

static int world_open(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    snprintf(world->folder, sizeof(world->folder), "/tmp/lt-line-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    char self[400];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
    assert_true(size > 0);
    self[size] = '\0';
    *strrchr(self, '/') = '\0';
    snprintf(world->ltctl, sizeof(world->ltctl), "%s/../bin/ltctl", self);

    struct lt_key broker_secret;
    struct lt_key ignored;
    struct net_key person = {.user = "operator/thu"};
    key_pair(world, "broker", &broker_secret, &ignored);
    key_pair(world, "thu", &ignored, &person.key);
    key_pair(world, "stranger", &ignored, &ignored);
    const char *const endpoints[] = {"tcp://127.0.0.1:*"};
    const struct server_options options = {
        .endpoints = endpoints, .endpoints_count = 1, .secret_key = broker_secret};
    assert_int_equal(registry_open(&world->registry), LT_OK);
    assert_int_equal(net_open(&world->net, 1, NULL), LT_OK);
    assert_int_equal(server_zmq_open(&world->server, world->net, &options, NULL), LT_OK);
    assert_int_equal(net_keys(world->net, &person, 1), LT_OK);
    snprintf(world->endpoint, sizeof(world->endpoint), "%s", server_zmq_endpoint(world->server, 0));
    config_put(world, "ltctl.yaml", "thu");
    config_put(world, "stranger.yaml", "stranger");
    assert_int_equal(pthread_create(&world->thread, NULL, serve, world), 0);
    *state = world;
    return 0;
}

static int world_close(void **state)
{
    struct world *world = *state;
    char command[128];
    atomic_store(&world->ending, true);
    assert_int_equal(pthread_join(world->thread, NULL), 0);
    server_zmq_close(&world->server);
    net_close(&world->net);
    registry_close(&world->registry);
    snprintf(command, sizeof(command), "rm -rf '%s'", world->folder);
    assert_int_equal(system(command), 0); /* NOLINT: a folder of our own */
    free(world);
    return 0;
}

/* Runs ltctl in the folder; its exit code; both outputs are in world->output. */
static int ltctl(struct world *world, const char *arguments)
{
    char command[2048];
    snprintf(command, sizeof(command), "cd '%s' && '%s' --config ltctl.yaml --lang en %s 2>&1",
             world->folder, world->ltctl, arguments);
    FILE *pipe = popen(command, "r"); /* NOLINT: a command of our own */
    assert_non_null(pipe);
    size_t used = fread(world->output, 1, sizeof(world->output) - 1, pipe);
    world->output[used] = '\0';
    int code = pclose(pipe);
    assert_true(WIFEXITED(code));
    return WEXITSTATUS(code);
}

static void assert_said(const struct world *world, const char *words)
{
    if (strstr(world->output, words) == NULL) {
        print_error("\"%s\" is not in:\n%s\n", words, world->output);
        fail();
    }
}

static void a_question_is_answered(void **state)
{
    struct world *world = *state;
    assert_int_equal(ltctl(world, "status"), 0);
    assert_said(world, "Open legs");
    assert_said(world, lt_error(LT_DISK_RESERVE)->en);
    assert_int_equal(ltctl(world, "status --json"), 0);
    assert_string_equal(world->output, "[\n{\"intake\":\"disk-reserve\",\"open\":12}\n]\n");
}

static void pages_follow_one_another(void **state)
{
    struct world *world = *state;
    assert_int_equal(ltctl(world, "agencies --csv | wc -l"), 0);
    assert_int_equal(strtol(world->output, NULL, 10), 402);
    assert_int_equal(ltctl(world, "agencies | tail -1"), 0);
    assert_said(world, "H24.LAST");
}

static void what_is_not_there_is_three(void **state)
{
    struct world *world = *state;
    assert_int_equal(ltctl(world, "case A-1"), 3);
    assert_said(world, "Not found.");
    assert_said(world, "no such thing");
    assert_int_equal(ltctl(world, "agency show H99"), 3);
}

static void a_sum_that_differs_is_five(void **state)
{
    struct world *world = *state;
    assert_int_equal(ltctl(world, "conservation"), 5);
    assert_said(world, "NOT 0");
}

#define SOME_ID "0199a0b1-2c3d-7e4f-8a5b-6c7d8e9f0a1b"

static void an_act_waits_for_the_receiver_and_for_two_people(void **state)
{
    struct world *world = *state;
    assert_int_equal(ltctl(world, "cancel " SOME_ID " --reason why"), 1);
    assert_int_equal(atomic_load(&world->cancel_asked), 3);
    assert_said(world, "Asking the receiver's system");
    assert_said(world, lt_error(LT_SECOND_PERSON)->en);
    assert_said(world, "asked by thu");
    assert_int_equal(ltctl(world, "cancel " SOME_ID " --reason why --second"), 0);
    assert_said(world, "cancelled");
    assert_said(world, "duyet");
    assert_int_equal(ltctl(world, "reroute " SOME_ID " --to H24.1 --reason why"), 1);
    assert_said(world, lt_error(LT_RECEIVER_HOLDS)->en);
    assert_int_equal(ltctl(world, "hold " SOME_ID " --reason why --second"), 2);
    assert_int_equal(ltctl(world, "hold not-an-id --reason why"), 2);
    assert_int_equal(ltctl(world, "cancel --reason why"), 2);
}

static void gates_and_pings(void **state)
{
    struct world *world = *state;
    assert_int_equal(ltctl(world, "agency pause H24.1 --reason service --csv"), 0);
    assert_said(world, "H24.1,,changed,1");
    assert_int_equal(ltctl(world, "agency open H24.1 --reason service --json"), 0);
    assert_said(world, "\"paused\":false");
    assert_int_equal(ltctl(world, "ping H24.1"), 0);
    assert_said(world, "12");
    assert_int_equal(ltctl(world, "ping H24.2"), 5);
    assert_said(world, "no answer");
}

static void silence_is_asked_twice(void **state)
{
    struct world *world = *state;
    assert_int_equal(ltctl(world, "parked --timeout 1"), 0);
    assert_int_equal(atomic_load(&world->parked_asked), 2);
    assert_int_equal(ltctl(world, "routes --timeout 1"), 4);
    assert_said(world, "does not answer");
}

static void a_refused_key_is_told(void **state)
{
    struct world *world = *state;
    char arguments[128];
    snprintf(arguments, sizeof(arguments), "status --key stranger.key --timeout 4");
    assert_int_equal(ltctl(world, arguments), 4);
    assert_said(world, "does not take your key");
}

static void nobody_at_home_is_told(void **state)
{
    struct world *world = *state;
    assert_int_equal(ltctl(world, "status --endpoint tcp://127.0.0.1:1 --timeout 1"), 4);
    assert_said(world, "No connection to the axis at tcp://127.0.0.1:1");
}

static void an_agency_lives_its_life(void **state)
{
    struct world *world = *state;
    assert_int_equal(ltctl(world, "agency add H24.5 --name 'Đơn vị mẫu' --public-key thu.pub"), 0);
    assert_said(world, "added");
    assert_int_equal(ltctl(world, "agency add H24.5 --name B"), 1);
    assert_said(world, "Already there.");
    assert_int_equal(ltctl(world, "agency suspend H24.5"), 2);
    assert_said(world, "the reason is missing");
    assert_int_equal(ltctl(world, "agency suspend H24.5 --reason ''"), 2);
    assert_int_equal(ltctl(world, "agency suspend H24.5 --reason leak"), 0);
    assert_int_equal(ltctl(world, "agency set H24.5 --contact trực --deny petition,recall"), 0);
    assert_int_equal(ltctl(world, "agency key add H24.5 stranger.pub"), 0);
    assert_int_equal(ltctl(world, "agency key revoke H24.5 thu.pub"), 0);
    assert_int_equal(ltctl(world, "agency key revoke H24.5 00000000"), 3);
    assert_int_equal(ltctl(world, "agency show H24.5 --json"), 0);
    assert_said(world, "\"name\":\"Đơn vị mẫu\"");
    assert_said(world, "\"suspended\":true");
    assert_said(world, "\"contact\":\"trực\"");
    assert_said(world, "\"denied\":\"recall,petition\"");
    assert_said(world, "\"revoked\":true");
    assert_said(world, "\"revoked\":false");
    /* The key of another agency: only the broker knows. */
    assert_int_equal(ltctl(world, "agency add H24.6 --name B --public-key stranger.pub"), 1);
    assert_said(world, "public_key: H24.5");
    assert_int_equal(ltctl(world, "agency set H24.5 --successor h24"), 1);
    assert_said(world, "successor");
}

static void a_good_file_is_imported_once(void **state)
{
    struct world *world = *state;
    put(world, "good.csv", "id,name,kind\nH30.1,Xã A,commune\nH30.2,Sở B,department\n");
    put(world, "routes.yaml",
        "agencies:\n  - {id: H30.3, name: C, kind: other}\n"
        "routes:\n  - {to: H30.3, procedure: 1.001193.000}\n"
        "  - {to: H30.1}\n");
    unsigned puts = atomic_load(&world->puts);
    assert_int_equal(ltctl(world, "registry import good.csv --dry-run"), 0);
    assert_said(world, "Would put 2 agencies (0 unchanged) and 0 routes");
    assert_int_equal(atomic_load(&world->puts), puts);
    assert_int_equal(ltctl(world, "registry import good.csv"), 0);
    assert_said(world, "Put 2 agencies (0 unchanged)");
    assert_int_equal(atomic_load(&world->puts), puts + 2);
    assert_int_equal(ltctl(world, "registry import good.csv"), 0);
    assert_said(world, "Put 0 agencies (2 unchanged)");
    assert_int_equal(atomic_load(&world->puts), puts + 2);
    assert_int_equal(ltctl(world, "registry import routes.yaml"), 0);
    assert_said(world, "1.001193 ");
}

static void a_bad_file_is_not_imported_at_all(void **state)
{
    struct world *world = *state;
    put(world, "twice.csv", "id,name,kind\nH31.1,A,commune\nH31.2,B,commune\nH31.1,C,commune\n");
    put(world, "typo.yaml", "agencies:\n  - id: H31.1\n    nam: A\n");
    put(world, "foreign.yaml",
        "agencies:\n  - {id: H31.1, name: A, kind: other}\n"
        "routes:\n  - {to: H31.9}\n");
    unsigned puts = atomic_load(&world->puts);
    assert_int_equal(ltctl(world, "registry import twice.csv"), 1);
    assert_said(world, "twice.csv, line 4: the id H31.1 stands in line 2 already");
    assert_int_equal(ltctl(world, "registry import typo.yaml"), 1);
    assert_said(world, "typo.yaml, line 3:");
    assert_said(world, "did you mean \"name\"?");
    /* Right by itself, but the broker knows no such receiver: the dry run finds it. */
    assert_int_equal(ltctl(world, "registry import foreign.yaml"), 1);
    assert_said(world, "line 4");
    assert_int_equal(ltctl(world, "registry import nobody.csv"), 3);
    assert_int_equal(atomic_load(&world->puts), puts);
}

static void watch_prints_once_into_a_pipe(void **state)
{
    struct world *world = *state;
    assert_int_equal(ltctl(world, "watch | head -3"), 0);
    assert_null(strchr(world->output, '\033'));
    assert_said(world, "Intake");
}

/* ---- a journal, offline ---- */

static const char marker[] = "một-dấu-vết-trong-sổ";

static void journal_make(const char *folder)
{
    struct backend_lmdb *backend = NULL;
    struct journal *journal = NULL;
    const struct journal_ticket *ticket = NULL;
    const struct backend_lmdb_options options = {.folder = folder, .map_bytes = 1 << 20};
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(backend_lmdb_open(&backend, &options, NULL), LT_OK);
    struct journal_backend door = backend_lmdb_door(backend);
    assert_int_equal(journal_open(&journal, &door, "test", NULL), LT_OK);
    uint8_t memory[256];
    const struct fact_registry change = {
        .change = REGISTRY_AGENCY, .person = text_bytes("thu"), .entry = text_bytes(marker)};
    struct lt_bytes payload = fact_write_registry(memory, sizeof(memory), &change);
    struct fact fact;
    assert_int_equal(journal_stage(journal, FACT_REGISTRY, 1000, payload, &fact), LT_OK);
    assert_int_equal(journal_commit(journal), LT_OK);
    enum lt_status status = LT_AGAIN;
    for (int i = 0; i < 5000 && status == LT_AGAIN; i++) {
        status = journal_poll(journal, &ticket, NULL);
        usleep(1000);
    }
    assert_int_equal(status, LT_OK);
    journal_close(&journal);
    backend_lmdb_close(&backend);
}

static void one_bit_flipped(const char *path)
{
    static char bytes[4 << 20];
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    char *found = memmem(bytes, size, marker, sizeof(marker) - 1);
    assert_non_null(found);
    assert_int_equal(fseek(file, found - bytes, SEEK_SET), 0);
    assert_int_equal(fputc(*found ^ 1, file), *found ^ 1);
    assert_int_equal(fclose(file), 0);
}

static void a_journal_is_verified(void **state)
{
    struct world *world = *state;
    char folder[128];
    char path[160];
    path_of(world, "so", folder);
    snprintf(path, sizeof(path), "%s/journal.mdb", folder);
    journal_make(folder);
    assert_int_equal(ltctl(world, "journal verify so"), 0);
    assert_said(world, "The journal is whole.");
    assert_null(strchr(world->output, '\r')); /* no progress into a pipe */
    one_bit_flipped(path);
    assert_int_equal(ltctl(world, "journal verify so"), 5);
    assert_said(world, "crc");
    assert_said(world, "FINDINGS");
    assert_int_equal(ltctl(world, "journal verify nowhere"), 3);
    /* A backup ends before it, and says where and how to go on. */
    assert_int_equal(ltctl(world, "backup so kho --no-mark"), 1);
    assert_said(world, "record: position ");
    assert_said(world, ": crc");
    assert_said(world, "The backup kho ends before that record");
    assert_said(world, "ltctl journal verify so");
}

/* The file by its name, and what to do about it: not what the broker's own faults ask for. */
static void a_cut_names_what_it_cannot_read(void **state)
{
    struct world *world = *state;
    put(world, "journal.mdb", "");
    assert_int_equal(ltctl(world, "journal cut . --below 5 --archive journal.mdb"), 1);
    assert_said(world, "journal.mdb: Not a directory");
    put(world, "2026-09.lta", "no archive");
    assert_int_equal(ltctl(world, "journal cut . --below 5 --archive ."), 1);
    assert_said(world, "archive: ./2026-09.lta: ");
    assert_said(world, "Nothing was cut.");
    assert_said(world, "ltctl archive verify");
    assert_null(strstr(world->output, "journal verify"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_answered),
        cmocka_unit_test(pages_follow_one_another),
        cmocka_unit_test(what_is_not_there_is_three),
        cmocka_unit_test(a_sum_that_differs_is_five),
        cmocka_unit_test(an_act_waits_for_the_receiver_and_for_two_people),
        cmocka_unit_test(gates_and_pings),
        cmocka_unit_test(silence_is_asked_twice),
        cmocka_unit_test(a_refused_key_is_told),
        cmocka_unit_test(nobody_at_home_is_told),
        cmocka_unit_test(an_agency_lives_its_life),
        cmocka_unit_test(a_good_file_is_imported_once),
        cmocka_unit_test(a_bad_file_is_not_imported_at_all),
        cmocka_unit_test(watch_prints_once_into_a_pipe),
        cmocka_unit_test(a_journal_is_verified),
        cmocka_unit_test(a_cut_names_what_it_cannot_read),
    };
    return cmocka_run_group_tests(tests, world_open, world_close);
}
