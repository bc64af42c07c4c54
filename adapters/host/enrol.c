/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Asking the axis to be let in, for one agency or for all tenants of a vendor: each has a line of
 * its own with its own new key, pinned to the axis's key, and asks every few seconds until it is
 * answered (or decided, with --wait). What is asked is signed with the new signing key, so nothing
 * secret travels and nobody can put in a key of his own; the code is made of the request.
 *
 * A line that is not let in is dialled again: the port for strangers has few places and gives them
 * back after a while. Limits: APPLICANTS_MAX agencies at once, ANSWER_MS for the first answer.
 */
#include "enrol.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enrol_keys.h"
#include "proto/base/arena.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"
#include "proto/message.h"
#include "proto/port_zmq.h"
#include "proto/trust.h"
#include "renew.h"

#define APPLICANTS_MAX    CONFIG_AGENCIES_MAX
#define ANSWER_MS         20000
#define ASK_MS            3000
#define BUSY_MS           250
#define REDIAL_MS         5000
#define HANDSHAKE_MS      2000
#define STEP_MS           100
#define DAY_MS            (24 * 3600 * 1000LL)
#define BATCH_BYTES_MAX   (1024 * 1024)
#define ARENA_CHUNK_BYTES (16 * 1024)
#define ARENA_BYTES_MAX   (256 * 1024)

enum applicant_state { ASKING, WAITING, APPROVED, REFUSED, FAILED };

struct applicant {
    char id[LT_AGENCY_ID_MAX + 1];
    char name[ENROL_NAME_BYTES];
    struct enrol_paths paths; /* of the keys that are asked for */
    struct enrol_paths now;   /* of those in use; the same unless this is a rotation */
    struct lt_key secret;
    struct enrol_request request;
    struct lt_bytes der;
    uint8_t memory[ENROL_REQUEST_BYTES_MAX];
    struct client_zmq *line;
    enum applicant_state state;
    int64_t ask_ms;    /* monotonic: the next time */
    int64_t redial_ms; /* monotonic: not before */
    bool told;         /* its code */
    bool advise;       /* the configuration does not name the signing key */
};

struct enrolling {
    const struct enrol_options *options;
    struct applicant *applicants;
    uint32_t count;
    struct arena arena;
    struct client_zmq *lines[APPLICANTS_MAX]; /* those that are waited for */
};

static const char *words(const struct enrolling *enrolling, const char *vi, const char *en)
{
    return enrolling->options->language == HOST_EN ? en : vi;
}

static int64_t mono_of(const struct enrolling *enrolling)
{
    const struct lt_clock *clock = enrolling->options->clock;
    return clock->mono_ms(clock->self);
}

/* ---- telling ---- */

static void tell_failed(const struct enrolling *enrolling, struct applicant *applicant,
                        enum lt_status status, struct lt_bytes detail)
{
    const struct lt_error *error = lt_error(status);
    FILE *out = enrolling->options->out;
    applicant->state = status == LT_ENROL_REFUSED ? REFUSED : FAILED;
    fprintf(out, "%s: %s%s%.*s\n", applicant->id, words(enrolling, error->vi, error->en),
            detail.size > 0 ? " " : "", (int)detail.size, (const char *)detail.data);
    const char *remedy = words(enrolling, error->do_vi, error->do_en);
    if (remedy[0] != '\0') {
        fprintf(out, "  -> %s\n", remedy);
    }
}

static void tell_fault(const struct enrolling *enrolling, struct applicant *applicant,
                       enum lt_status status, const struct fault *fault)
{
    char detail[sizeof(fault->field) + sizeof(fault->detail) + 4];
    snprintf(detail, sizeof(detail), "%s: %s", fault->field, fault->detail);
    tell_failed(enrolling, applicant, status, text_bytes(detail));
}

/* In a batch a line for a table; else words for whoever telephones. */
static void tell_code(const struct enrolling *enrolling, const struct applicant *applicant)
{
    const struct enrol_options *options = enrolling->options;
    if (options->batch != NULL) {
        fprintf(options->out, "%s,%s\n", applicant->id, applicant->request.code);
        return;
    }
    fprintf(options->out, "%s: %s %s\n  %s\n", applicant->id,
            words(enrolling, "mã yêu cầu", "code"), applicant->request.code,
            words(enrolling,
                  "Gọi người quản trị trục và đọc mã này; người đó duyệt đúng yêu cầu có mã này.",
                  "Call the registrar of the axis and read this code out: it names this request."));
}

static void tell_approved(const struct enrolling *enrolling, const struct applicant *applicant,
                          bool certificate)
{
    fprintf(enrolling->options->out, "%s: %s%s%s\n", applicant->id,
            words(enrolling, "đã được duyệt", "approved"),
            certificate ? words(enrolling, ", chứng thư: ", ", certificate: ") : "",
            certificate ? applicant->now.certificate : "");
    if (applicant->advise) {
        fprintf(enrolling->options->out, "  %s signing_key: %s\n",
                words(enrolling, "Ghi vào cấu hình, nếu không trục từ chối lượt chuyển không dấu:",
                      "Put into the configuration, or the axis refuses what is not sealed:"),
                applicant->now.signing_key);
    }
    if (enrolling->options->rotate) {
        fprintf(enrolling->options->out, "  %s\n",
                words(enrolling, "Khóa mới đã thay khóa cũ: khởi động lại lt-adapter để dùng.",
                      "The new keys are in place: restart lt-adapter to use them."));
    }
}

/* ---- who asks ---- */

static bool applicant_add(struct enrolling *enrolling, const char *id, const char *name,
                          const char *key, const char *signing_key)
{
    struct applicant *applicant = &enrolling->applicants[enrolling->count];
    if (enrolling->count == APPLICANTS_MAX) {
        return false;
    }
    memset(applicant, 0, sizeof(*applicant));
    text_copy(applicant->id, sizeof(applicant->id), text_bytes(id));
    text_copy(applicant->name, sizeof(applicant->name), text_bytes(name));
    applicant->advise = signing_key[0] == '\0';
    enrol_paths(key, signing_key, false, &applicant->now);
    enrol_paths(key, signing_key, enrolling->options->rotate, &applicant->paths);
    enrolling->count++;
    return true;
}

static enum enrol_end from_config(struct enrolling *enrolling)
{
    const struct enrol_options *options = enrolling->options;
    for (uint32_t i = 0; i < options->config->agencies_count; i++) {
        const struct host_agency *agency = &options->config->agencies[i];
        if (options->agency == NULL || strcmp(options->agency, agency->id) == 0) {
            (void)applicant_add(enrolling, agency->id, options->name == NULL ? "" : options->name,
                                agency->key, agency->signing_key);
        }
    }
    if (enrolling->count == 0) {
        fprintf(stderr, "lt-adapter: --agency %s: %s\n",
                options->agency == NULL ? "" : options->agency, lt_error(LT_NOT_FOUND)->vi);
        return ENROL_USAGE;
    }
    return ENROL_DONE;
}

/* The folder of the first agency's key. */
static void batch_folder(const struct enrolling *enrolling, char *out, size_t out_size)
{
    const char *key = enrolling->options->config->agencies[0].key;
    const char *slash = strrchr(key, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - key) + 1;
    text_copy(out, out_size, (struct lt_bytes){(const uint8_t *)key, size});
}

/* One line "id,name"; the name may be missing or in quotes. */
static bool batch_line(struct enrolling *enrolling, char *line, const char *folder)
{
    char key[CONFIG_PATH_BYTES];
    char *name = strchr(line, ',');
    if (name != NULL) {
        *name++ = '\0';
        size_t size = strlen(name);
        if (size >= 2 && name[0] == '"' && name[size - 1] == '"') {
            name[size - 1] = '\0';
            name++;
        }
    }
    if (!agency_id_valid(text_bytes(line)) || strlen(folder) + strlen(line) + 5 > sizeof(key)) {
        return false;
    }
    snprintf(key, sizeof(key), "%.200s%.40s.key", folder, line);
    return applicant_add(enrolling, line, name == NULL ? "" : name, key, "");
}

static enum enrol_end from_batch(struct enrolling *enrolling)
{
    const char *path = enrolling->options->batch;
    char folder[CONFIG_PATH_BYTES];
    uint8_t *text = NULL;
    size_t size = 0;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = file_read(path, BATCH_BYTES_MAX, &text, &size, &fault);
    if (status != LT_OK) {
        fprintf(stderr, "lt-adapter: %s: %s\n", path, lt_error(status)->vi);
        return ENROL_USAGE;
    }
    batch_folder(enrolling, folder, sizeof(folder));
    char *rest = NULL;
    char *start =
        size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? (char *)text + 3 : (char *)text;
    char *line = strtok_r(start, "\r\n", &rest);
    enum enrol_end end = ENROL_DONE;
    for (uint32_t number = 1; line != NULL; number++, line = strtok_r(NULL, "\r\n", &rest)) {
        bool heading = number == 1 && strncmp(line, "id", 2) == 0;
        if (!heading && !batch_line(enrolling, line, folder)) {
            fprintf(stderr, "lt-adapter: %s, %u: %s\n", path, number, line);
            end = ENROL_USAGE;
        }
    }
    free(text);
    return enrolling->count == 0 ? ENROL_USAGE : end;
}

/* With --renew: a certificate that is good for long is left alone. */
static bool good_for_long(const struct enrolling *enrolling, const struct applicant *applicant)
{
    const struct lt_clock *clock = enrolling->options->clock;
    int64_t from_ms;
    int64_t to_ms;
    if (!enrolling->options->renew || !enrol_keys_dates(&applicant->now, &from_ms, &to_ms)) {
        return false;
    }
    int64_t days = (to_ms - clock->wall_ms(clock->self)) / DAY_MS;
    if (days < RENEW_DAYS) {
        return false;
    }
    fprintf(enrolling->options->out, "%s: %s %" PRId64 " %s\n", applicant->id,
            words(enrolling, "chứng thư còn", "certificate good for"), days,
            words(enrolling, "ngày", "days"));
    return true;
}

static void prepare(struct enrolling *enrolling, struct applicant *applicant)
{
    const struct enrol_options *options = enrolling->options;
    struct fault fault;
    fault_init(&fault);
    if (good_for_long(enrolling, applicant)) {
        applicant->state = APPROVED;
        return;
    }
    struct enrol_wish wish = {
        .agency = applicant->id,
        .name = applicant->name,
        .again = options->again,
        .renew = options->renew,
        .now_ms = options->clock->wall_ms(options->clock->self),
    };
    enum lt_status status =
        enrol_keys_open(&applicant->paths, &wish, &applicant->secret, applicant->memory,
                        &applicant->der, &applicant->request, &fault);
    if (status != LT_OK) {
        tell_fault(enrolling, applicant, status, &fault);
    }
}

/* ---- by file ---- */

static void write_request(struct enrolling *enrolling, struct applicant *applicant)
{
    struct fault fault;
    fault_init(&fault);
    enum lt_status status =
        enrol_request_write_file(enrolling->options->to_file, applicant->der, &fault);
    if (status != LT_OK) {
        tell_fault(enrolling, applicant, status, &fault);
        return;
    }
    tell_code(enrolling, applicant);
    applicant->state = WAITING;
}

static void take_in(struct enrolling *enrolling, struct applicant *applicant,
                    struct lt_bytes certificate)
{
    struct fault fault;
    fault_init(&fault);
    enum lt_status status =
        enrol_keys_keep(&applicant->paths, &applicant->request, certificate, &fault);
    if (status == LT_OK && enrolling->options->rotate) {
        status = enrol_keys_switch(&applicant->paths, &applicant->now, &fault);
    }
    if (status != LT_OK) {
        tell_fault(enrolling, applicant, status, &fault);
        return;
    }
    applicant->state = APPROVED;
    tell_approved(enrolling, applicant, certificate.size > 0);
}

static void read_certificate(struct enrolling *enrolling, struct applicant *applicant)
{
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    struct lt_bytes der;
    bool certificate = false;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status =
        credential_from_file(enrolling->options->certificate, memory, &der, &certificate, &fault);
    if (status == LT_OK && !certificate) {
        status = fault_set(&fault, LT_FIELD_BAD, "certificate", "none in the file");
    }
    if (status != LT_OK) {
        tell_fault(enrolling, applicant, status, &fault);
        return;
    }
    take_in(enrolling, applicant, der);
}

/* ---- over the line ---- */

static void answered(struct enrolling *enrolling, struct applicant *applicant,
                     const struct enrol_answer *answer)
{
    int64_t now_ms = mono_of(enrolling);
    uint32_t least_ms = answer->code == LT_BUSY ? BUSY_MS : ASK_MS;
    uint32_t retry_ms = answer->retry_after_ms > least_ms ? answer->retry_after_ms : least_ms;
    applicant->ask_ms = now_ms + retry_ms;
    if (answer->state == ENROL_APPROVED) {
        take_in(enrolling, applicant, answer->certificate);
    } else if (answer->state == ENROL_WAITS) {
        applicant->state = WAITING;
        if (!applicant->told) {
            tell_code(enrolling, applicant);
        }
        applicant->told = true;
    } else if (answer->code != LT_BUSY) {
        enum lt_status status = answer->code == 0 ? LT_FRAME_BAD : (enum lt_status)answer->code;
        tell_failed(enrolling, applicant, status, answer->detail);
    }
}

static void receive(struct enrolling *enrolling, struct applicant *applicant)
{
    struct client_port port = client_zmq_port(applicant->line);
    struct lt_bytes bytes;
    while (applicant->state <= WAITING && port.receive(port.self, &bytes)) {
        struct frame frame;
        struct fault fault;
        fault_init(&fault);
        if (frame_read(bytes, &enrolling->arena, &frame, &fault) == LT_OK &&
            frame.kind == FRAME_ENROL_ANSWER) {
            answered(enrolling, applicant, &frame.enrol_answer);
        }
        arena_reset(&enrolling->arena);
    }
}

static void ask(struct enrolling *enrolling, struct applicant *applicant)
{
    struct client_port port = client_zmq_port(applicant->line);
    struct lt_bytes bytes;
    struct frame frame = {.kind = FRAME_ENROL_ASK, .enrol_ask = applicant->der};
    int64_t now_ms = mono_of(enrolling);
    int link = port.link(port.self);
    if (link == LINK_KEY_REFUSED && now_ms >= applicant->redial_ms) {
        applicant->redial_ms = now_ms + REDIAL_MS;
        port.redial(port.self);
    }
    if (link != LINK_UP || now_ms < applicant->ask_ms) {
        return;
    }
    if (frame_write(&frame, &enrolling->arena, &bytes) == LT_OK &&
        port.send(port.self, bytes) == LT_OK) {
        applicant->ask_ms = now_ms + ASK_MS;
    }
    arena_reset(&enrolling->arena);
}

static bool dial_all(struct enrolling *enrolling, struct net *net)
{
    const struct host_config *config = enrolling->options->config;
    struct lt_key server_key;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = hex_read(server_key.bytes, sizeof(server_key.bytes), config->server_key)
                                ? LT_OK
                                : keyfile_read_public(config->server_key, &server_key, &fault);
    for (uint32_t i = 0; status == LT_OK && i < enrolling->count; i++) {
        struct applicant *applicant = &enrolling->applicants[i];
        struct client_options options = {
            .endpoint = config->enrol_endpoint,
            .server_key = server_key,
            .secret_key = applicant->secret,
            .handshake_ms = HANDSHAKE_MS,
            .seed = i,
        };
        if (applicant->state == ASKING) {
            status = client_zmq_open(&applicant->line, net, &options, &fault);
        }
        explicit_bzero(&options.secret_key, sizeof(options.secret_key));
    }
    if (status != LT_OK) {
        fprintf(stderr, "lt-adapter: %s: %s: %s\n", lt_error(status)->vi, fault.field,
                fault.detail);
    }
    return status == LT_OK;
}

/* Is anybody still to be asked? */
static uint32_t open_lines(const struct enrolling *enrolling, struct client_zmq **lines)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < enrolling->count; i++) {
        const struct applicant *applicant = &enrolling->applicants[i];
        bool open =
            applicant->state == ASKING || (applicant->state == WAITING && enrolling->options->wait);
        if (open && applicant->line != NULL) {
            lines[count++] = applicant->line;
        }
    }
    return count;
}

static void talk(struct enrolling *enrolling)
{
    struct client_zmq **lines = enrolling->lines;
    int64_t end_ms = mono_of(enrolling) + ANSWER_MS;
    uint32_t count;
    while ((count = open_lines(enrolling, lines)) > 0 &&
           (enrolling->options->wait || mono_of(enrolling) < end_ms)) {
        client_zmq_wait(lines, count, NULL, 0, STEP_MS);
        for (uint32_t i = 0; i < enrolling->count; i++) {
            struct applicant *applicant = &enrolling->applicants[i];
            if (applicant->line != NULL && applicant->state <= WAITING) {
                receive(enrolling, applicant);
                ask(enrolling, applicant);
            }
        }
    }
}

static void over_the_line(struct enrolling *enrolling)
{
    struct net *net = NULL;
    struct fault fault;
    fault_init(&fault);
    if (net_open(&net, 1, &fault) != LT_OK) {
        fprintf(stderr, "lt-adapter: %s\n", fault.detail);
        return;
    }
    if (dial_all(enrolling, net)) {
        talk(enrolling);
    }
    for (uint32_t i = 0; i < enrolling->count; i++) {
        struct applicant *applicant = &enrolling->applicants[i];
        client_zmq_close(&applicant->line);
        if (applicant->state == ASKING) {
            tell_failed(enrolling, applicant, LT_TIMEOUT,
                        text_bytes(enrolling->options->config->enrol_endpoint));
        }
    }
    net_close(&net);
}

/* ---- all of it ---- */

static enum enrol_end end_of(const struct enrolling *enrolling)
{
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < enrolling->count; i++) {
        const struct applicant *applicant = &enrolling->applicants[i];
        if (applicant->state == REFUSED || applicant->state == FAILED) {
            return ENROL_FAILED;
        }
        waiting += applicant->state != APPROVED;
    }
    return waiting == 0 ? ENROL_DONE : ENROL_OPEN;
}

static enum enrol_end ask_for_all(struct enrolling *enrolling)
{
    const struct enrol_options *options = enrolling->options;
    bool by_file = options->to_file != NULL || options->certificate != NULL;
    if (by_file && enrolling->count != 1) {
        fprintf(stderr, "lt-adapter: --agency %s\n",
                words(enrolling, "thiếu: mỗi tệp một đơn vị", "is missing: one agency a file"));
        return ENROL_USAGE;
    }
    if (!by_file && options->config->enrol_endpoint[0] == '\0') {
        fprintf(stderr, "lt-adapter: enrol_endpoint: %s\n",
                words(enrolling, "thiếu trong cấu hình; hoặc dùng --to-file",
                      "is missing in the configuration; or use --to-file"));
        return ENROL_USAGE;
    }
    for (uint32_t i = 0; i < enrolling->count; i++) {
        prepare(enrolling, &enrolling->applicants[i]);
    }
    struct applicant *first = &enrolling->applicants[0];
    if (!by_file) {
        over_the_line(enrolling);
    } else if (first->state == ASKING && options->to_file != NULL) {
        write_request(enrolling, first);
    } else if (first->state == ASKING) {
        read_certificate(enrolling, first);
    }
    return end_of(enrolling);
}

enum enrol_end enrol_run(const struct enrol_options *options)
{
    struct enrolling enrolling = {.options = options};
    enrolling.applicants = calloc(APPLICANTS_MAX, sizeof(*enrolling.applicants));
    if (enrolling.applicants == NULL ||
        arena_init(&enrolling.arena, ARENA_CHUNK_BYTES, ARENA_BYTES_MAX) != LT_OK) {
        free(enrolling.applicants);
        return ENROL_FAILED;
    }
    enum enrol_end end = options->batch != NULL ? from_batch(&enrolling) : from_config(&enrolling);
    if (end == ENROL_DONE) {
        end = ask_for_all(&enrolling);
    }
    for (uint32_t i = 0; i < enrolling.count; i++) {
        explicit_bzero(&enrolling.applicants[i].secret, sizeof(struct lt_key));
    }
    arena_deinit(&enrolling.arena);
    free(enrolling.applicants);
    return end;
}
