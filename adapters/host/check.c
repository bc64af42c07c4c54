/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an administrator of a commune asks on the first day and on every bad one: why does it not
 * connect? Each step is tried in the order in which a connection is made, so the first failing line
 * is the cause and its second line says what to mend. Vietnamese first, English with --lang en.
 *
 * Limits: 5 s for a TCP connection, 15 s for a session. A handshake that fails looks the same
 * whether the axis does not know our key, has revoked it, or is another axis than the one of
 * server_key; all three remedies are named then, with the public key to compare.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/sdk/session.h"
#include "check_private.h"
#include "enrol_keys.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"
#include "proto/port_zmq.h"
#include "proto/sign.h"
#include "renew.h"

#define CONNECT_MS_MAX    5000
#define SESSION_MS_MAX    15000
#define SESSION_WAIT_MS   100
#define HANDSHAKE_MS      2000
#define SKEW_MS_NOTED     2000
#define SKEW_MS_MAX       60000
#define FREE_BYTES_NOTED  (2048ULL * 1024 * 1024)
#define FREE_BYTES_LEAST  (512ULL * 1024 * 1024)
#define ARENA_CHUNK_BYTES (64 * 1024)
#define ARENA_BYTES_MAX   (4 * 1024 * 1024)
#define DAY_MS            (24 * 3600 * 1000LL)
#define DETAIL_BYTES      CHECK_DETAIL_BYTES

static const char *in_language(enum host_language language, struct words words)
{
    return language == HOST_EN ? words.en : words.vi;
}

static void line_write(FILE *out, enum host_language language, enum level level, const char *what,
                       const char *detail)
{
    static const struct words marks[] = {
        [PASSED] = {"[đạt]   ", "[ok]    "},
        [NOTED] = {"[lưu ý] ", "[note]  "},
        [FAILED] = {"[lỗi]   ", "[failed]"},
    };
    fprintf(out, "%s %s%s%s\n", in_language(language, marks[level]), what,
            detail[0] != '\0' ? ": " : "", detail);
}

static void mend_write(FILE *out, enum host_language language, const char *mend)
{
    if (mend[0] != '\0') {
        fprintf(out, "         %s %s\n", language == HOST_EN ? "mend:" : "cách sửa:", mend);
    }
}

void check_failed_line(FILE *out, enum host_language language, const char *what, const char *detail,
                       const char *mend)
{
    static const struct words manual = {"man lt-adapter giải thích từng khóa cấu hình",
                                        "man lt-adapter explains every key"};
    line_write(out, language, FAILED, what, detail);
    mend_write(out, language, mend != NULL ? mend : in_language(language, manual));
}

const char *check_words(const struct check *check, struct words words)
{
    return in_language(check->options->language, words);
}

void check_say(struct check *check, enum level level, struct words what, const char *detail,
               struct words mend)
{
    enum host_language language = check->options->language;
    FILE *out = check->options->out;
    line_write(out, language, level, in_language(language, what), detail);
    if (level != PASSED) {
        mend_write(out, language, in_language(language, mend));
    }
    check->failures += level == FAILED ? 1 : 0;
}

static void say_status(struct check *check, struct words what, enum lt_status status,
                       const char *detail)
{
    const struct lt_error *error = lt_error(status);
    char text[DETAIL_BYTES];
    snprintf(text, sizeof(text), "%s (%s)", detail,
             in_language(check->options->language, (struct words){error->vi, error->en}));
    check_say(check, FAILED, what, text, (struct words){error->do_vi, error->do_en});
}

/* ---- name and TCP ---- */

static int connect_in_time(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int error = 0;
    socklen_t error_size = sizeof(error);
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        error = errno;
    }
    if (error == EINPROGRESS) {
        struct pollfd waiting = {fd, POLLOUT, 0};
        int ready = poll(&waiting, 1, CONNECT_MS_MAX);
        error = ETIMEDOUT;
        if (ready > 0) {
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
        }
    }
    close(fd);
    return error;
}

static void tcp_check(struct check *check, const struct addrinfo *list, const char *endpoint)
{
    int error = ETIMEDOUT;
    for (const struct addrinfo *address = list; address != NULL && error != 0;
         address = address->ai_next) {
        error = connect_in_time(address);
    }
    char detail[DETAIL_BYTES];
    snprintf(detail, sizeof(detail), "%s%s%s", endpoint, error != 0 ? ": " : "",
             error != 0 ? strerrordesc_np(error) : "");
    check->reachable = error == 0;
    check_say(
        check, error == 0 ? PASSED : FAILED, (struct words){"Kết nối TCP", "TCP connection"},
        detail,
        (struct words){"mở tường lửa chiều ra đến cổng này và hỏi người vận hành trục có đang chạy",
                       "let the firewall pass this port and ask whether the axis is running"});
}

static void endpoint_check(struct check *check)
{
    static const struct words resolving = {"Phân giải tên máy của trục", "Name of the axis"};
    const char *endpoint = check->options->config->endpoint;
    char host[CONFIG_PATH_BYTES];
    char service[8];
    uint16_t port = 0;
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    if (!host_listen_split(endpoint + strlen("tcp://"), host, sizeof(host), &port)) {
        check_say(check, FAILED, resolving, endpoint,
                  (struct words){"tcp://HOST:7760", "tcp://HOST:7760"});
        return;
    }
    snprintf(service, sizeof(service), "%u", port);
    int error = getaddrinfo(host, service, &hints, &list);
    if (error != 0) {
        char detail[DETAIL_BYTES];
        snprintf(detail, sizeof(detail), "%s: %s", host, gai_strerror(error));
        check_say(
            check, FAILED, resolving, detail,
            (struct words){"kiểm tra tên trong endpoint, DNS hoặc tệp hosts của máy này",
                           "look at the name in endpoint, at DNS or this machine's hosts file"});
        return;
    }
    check_say(check, PASSED, resolving, host, (struct words){"", ""});
    tcp_check(check, list, endpoint);
    freeaddrinfo(list);
}

/* ---- keys and session ---- */

static bool server_key_check(struct check *check, struct lt_key *ret_key)
{
    static const struct words what = {"Khóa công khai của trục", "Public key of the axis"};
    const char *text = check->options->config->server_key;
    struct fault fault;
    fault_init(&fault);
    if (hex_read(ret_key->bytes, sizeof(ret_key->bytes), text)) {
        check_say(check, PASSED, what, text, (struct words){"", ""});
        return true;
    }
    enum lt_status status = keyfile_read_public(text, ret_key, &fault);
    if (status != LT_OK) {
        char detail[DETAIL_BYTES];
        snprintf(detail, sizeof(detail), "%s: %s", text, fault.detail);
        check_say(check, FAILED, what, detail,
                  (struct words){"xin tệp .pub của trục từ người vận hành",
                                 "get the .pub file of the axis from its operators"});
        return false;
    }
    check_say(check, PASSED, what, text, (struct words){"", ""});
    return true;
}

static bool agency_key_check(struct check *check, const struct host_agency *agency,
                             struct lt_key *ret_secret, char public_text[65])
{
    static const struct words what = {"Khóa của đơn vị", "Key of the agency"};
    struct lt_key public_key;
    struct fault fault;
    char detail[DETAIL_BYTES];
    fault_init(&fault);
    enum lt_status status = keyfile_read_secret(agency->key, ret_secret, &fault);
    if (status == LT_OK) {
        status = curve_public(ret_secret, &public_key);
    }
    if (status == LT_NOT_FOUND) {
        snprintf(detail, sizeof(detail), "%s, %s", agency->id, agency->key);
        check_say(check, FAILED, what, detail,
                  (struct words){
                      "tạo khóa: lt-adapter key make TỆP.key, rồi gửi TỆP.pub cho người vận hành",
                      "make one: lt-adapter key make FILE.key, then send FILE.pub to the "
                      "operators"});
        return false;
    }
    if (status != LT_OK) {
        snprintf(detail, sizeof(detail), "%s, %s: %s", agency->id, agency->key, fault.detail);
        say_status(check, what, status, detail);
        return false;
    }
    hex_write(public_text, public_key.bytes, sizeof(public_key.bytes));
    snprintf(detail, sizeof(detail), "%s, %s (pub %s)", agency->id, agency->key, public_text);
    check_say(check, PASSED, what, detail, (struct words){"", ""});
    return true;
}

/* How a try at a session ended. */
struct attempt {
    bool stood;
    bool refused; /* the handshake failed, not the network */
    struct told told;
};

/* Steps until the session stands or the line says no. */
static struct attempt session_try(const struct check *check, struct session *session,
                                  struct client_zmq *socket)
{
    const struct lt_clock *clock = check->options->clock;
    struct client_port port = client_zmq_port(socket);
    struct attempt attempt = {.stood = false};
    struct arena arena;
    struct frame frame;
    int64_t start_ms = clock->mono_ms(clock->self);
    if (arena_init(&arena, ARENA_CHUNK_BYTES, ARENA_BYTES_MAX) != LT_OK) {
        return attempt;
    }
    while (!session->open && !attempt.refused &&
           clock->mono_ms(clock->self) < start_ms + SESSION_MS_MAX) {
        client_zmq_wait(&socket, 1, NULL, 0, SESSION_WAIT_MS);
        attempt.refused =
            port.link(port.self) == LINK_KEY_REFUSED || session->last_code == LT_KEY_REVOKED;
        while (!attempt.refused && session_step(session, &arena, &frame)) {
            if (frame.kind == FRAME_WELCOME) {
                text_copy(attempt.told.log_key, sizeof(attempt.told.log_key),
                          frame.welcome.log_key);
            }
            arena_reset(&arena);
        }
    }
    attempt.stood = session->open;
    attempt.told.stood = session->open;
    attempt.told.says =
        (struct axis_says){session->incarnation, session->durable, session->run, session->run_from};
    session_end(session, &arena);
    arena_deinit(&arena);
    return attempt;
}

static void skew_check(struct check *check, int64_t skew_ms)
{
    char detail[DETAIL_BYTES];
    int64_t size_ms = skew_ms < 0 ? -skew_ms : skew_ms;
    enum level level = size_ms > SKEW_MS_MAX ? FAILED : (size_ms > SKEW_MS_NOTED ? NOTED : PASSED);
    snprintf(detail, sizeof(detail), "%+" PRId64 " ms", skew_ms);
    check_say(check, level, (struct words){"Lệch giờ so với trục", "Clock against the axis"},
              detail,
              (struct words){"bật đồng bộ giờ: timedatectl set-ntp true",
                             "turn on time synchronisation: timedatectl set-ntp true"});
}

static void refusal_tell(struct check *check, const char *detail)
{
    static const struct words what = {"Trục không nhận kết nối bằng khóa",
                                      "The axis refuses the keys"};
    static const struct words mend = {
        "gửi khóa công khai ở trên cho người vận hành: khóa chưa được đăng ký hoặc đã bị thu hồi; "
        "nếu "
        "khóa vẫn dùng được thì server_key không phải của trục này, so lại với người vận hành",
        "send the public key above to the operators: it is not registered, or revoked; if it is in "
        "order, server_key is not this axis's: compare it with the operators"};
    check_say(check, FAILED, what, detail, mend);
}

static void session_tell(struct check *check, const struct host_agency *agency,
                         const struct session *session, struct attempt attempt,
                         const char *public_text)
{
    static const struct words what = {"Phiên làm việc với trục", "Session with the axis"};
    char detail[DETAIL_BYTES];
    if (attempt.stood) {
        bool foreign = session->agency[0] != '\0' && strcmp(session->agency, agency->id) != 0;
        snprintf(detail, sizeof(detail), "%s%s%s", agency->id, foreign ? " != " : "",
                 foreign ? session->agency : "");
        check_say(
            check, foreign ? FAILED : PASSED, what, detail,
            (struct words){"khóa này thuộc đơn vị khác: sửa id hoặc key trong cấu hình",
                           "this key is another agency's: mend id or key in the configuration"});
        skew_check(check, session->skew_ms);
    } else if (attempt.refused) {
        snprintf(detail, sizeof(detail), "%s, pub %s", agency->id, public_text);
        refusal_tell(check, detail);
    } else if (session->last_code != LT_OK) {
        say_status(check, what, session->last_code, session->last_detail);
    } else {
        check_say(check, FAILED, what, agency->id,
                  (struct words){"trục không trả lời: kiểm tra cổng có đúng là cổng của trục",
                                 "no answer: see that the port is the axis's"});
    }
}

static void session_check(struct check *check, const struct host_agency *agency,
                          const struct lt_key *server_key, const struct lt_key *secret_key,
                          const char *public_text, struct told *ret_told)
{
    const struct lt_entropy *entropy = check->options->entropy;
    const struct client_options options = {
        .endpoint = check->options->config->endpoint,
        .server_key = *server_key,
        .secret_key = *secret_key,
        .handshake_ms = HANDSHAKE_MS,
    };
    struct net *net = NULL;
    struct client_zmq *socket = NULL;
    struct session session;
    struct lt_id instance;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = net_open(&net, 1, &fault);
    if (status == LT_OK) {
        status = client_zmq_open(&socket, net, &options, &fault);
    }
    if (status != LT_OK) {
        say_status(check, (struct words){"Phiên làm việc với trục", "Session with the axis"},
                   status, fault.detail);
    } else {
        entropy->fill(entropy->self, &instance, sizeof(instance));
        session_init(&session, client_zmq_port(socket), check->options->clock, entropy, &instance,
                     1, ROLE_SENDING, "lt-adapter-check/" LT_VERSION);
        struct attempt attempt = session_try(check, &session, socket);
        session_tell(check, agency, &session, attempt, public_text);
        *ret_told = attempt.told;
    }
    client_zmq_close(&socket);
    if (net != NULL) {
        net_close(&net);
    }
}

/* ---- folders, disk, port ---- */

/* The path itself, or the nearest folder above it that exists. */
static void existing(const char *path, char *out, size_t out_size)
{
    text_copy(out, out_size, text_bytes(path));
    while (access(out, F_OK) != 0) {
        char *slash = strrchr(out, '/');
        if (slash == NULL || slash == out) {
            text_copy(out, out_size, text_bytes(slash == NULL ? "." : "/"));
            return;
        }
        *slash = '\0';
    }
}

static void folder_check(struct check *check, struct words what, const char *path)
{
    char nearest[CONFIG_PATH_BYTES];
    char detail[DETAIL_BYTES];
    existing(path, nearest, sizeof(nearest));
    bool writable = access(nearest, R_OK | W_OK | X_OK) == 0;
    snprintf(detail, sizeof(detail), "%s (uid %u)", path, (unsigned)geteuid());
    check_say(
        check, writable ? PASSED : FAILED, what, detail,
        (struct words){"cấp quyền đọc ghi thư mục cho người dùng chạy lt-adapter (chown, chmod)",
                       "give the user that runs lt-adapter the right to read and write (chown, "
                       "chmod)"});
}

static void disk_check(struct check *check)
{
    static const struct words what = {"Dung lượng đĩa còn trống", "Free disk space"};
    char nearest[CONFIG_PATH_BYTES];
    char detail[DETAIL_BYTES];
    uint64_t free_bytes = 0;
    struct fault fault;
    fault_init(&fault);
    existing(check->options->config->data, nearest, sizeof(nearest));
    enum lt_status status = disk_free(nearest, &free_bytes, &fault);
    if (status != LT_OK) {
        say_status(check, what, status, fault.detail);
        return;
    }
    enum level level = free_bytes < FREE_BYTES_LEAST ? FAILED : NOTED;
    level = free_bytes >= FREE_BYTES_NOTED ? PASSED : level;
    snprintf(detail, sizeof(detail), "%" PRIu64 " MiB (%s)", free_bytes / 1024 / 1024, nearest);
    check_say(check, level, what, detail,
              (struct words){"giải phóng đĩa hoặc chuyển data sang ổ lớn hơn (nên có từ 2 GiB)",
                             "free space, or move data to a larger disk (2 GiB and more is good)"});
}

static int bind_try(const struct addrinfo *address)
{
    int one = 1;
    int error = 0;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0) {
        error = errno;
    }
    close(fd);
    return error;
}

static void listen_check(struct check *check)
{
    static const struct words what = {"Cổng HTTP cục bộ", "Local HTTP port"};
    const char *listen = check->options->config->listen;
    char host[128];
    char service[8];
    uint16_t port = 0;
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char detail[DETAIL_BYTES];
    int error = EADDRNOTAVAIL;
    if (host_listen_split(listen, host, sizeof(host), &port)) {
        snprintf(service, sizeof(service), "%u", port);
        if (getaddrinfo(host, service, &hints, &list) == 0) {
            error = bind_try(list);
            freeaddrinfo(list);
        }
    }
    snprintf(detail, sizeof(detail), "%s%s%s", listen, error != 0 ? ": " : "",
             error != 0 ? strerrordesc_np(error) : "");
    enum level level = error == 0 ? PASSED : (error == EADDRINUSE ? NOTED : FAILED);
    check_say(check, level, what, detail,
              (struct words){
                  "nếu lt-adapter đang chạy thì bình thường; nếu không, đổi drivers.http.listen",
                  "normal while lt-adapter is running; else change drivers.http.listen"});
}

/* ---- the list ---- */

/* The key that transfers are sealed with; its id is what the operators register. */
static void signing_key_check(struct check *check, const struct host_agency *agency)
{
    struct words what = {"Khóa ký", "Signing key"};
    struct signer signer;
    struct fault fault;
    char detail[DETAIL_BYTES];
    if (agency->signing_key[0] == '\0') {
        return;
    }
    fault_init(&fault);
    enum lt_status status = signer_open_file(agency->signing_key, &signer, &fault);
    if (status != LT_OK) {
        snprintf(detail, sizeof(detail), "%s: %s", agency->signing_key, fault.detail);
        check_say(check, FAILED, what, detail,
                  (struct words){"cần khóa riêng dạng PEM, không mật khẩu, quyền 0600",
                                 "wanted is a private key in PEM without a password, mode 0600"});
        return;
    }
    char hex[2 * sizeof(struct lt_digest) + 1];
    hex_write(hex, public_key_id(signer.public_key)->bytes, sizeof(struct lt_digest));
    snprintf(detail, sizeof(detail), "%s %s", agency->signing_key, hex);
    signer_close(&signer);
    check_say(check, PASSED, what, detail, (struct words){"", ""});
}

/* The certificate beside the signing key, when there is one. */
static void certificate_check(struct check *check, const struct host_agency *agency)
{
    static const struct words what = {"Chứng thư của khóa ký", "Certificate of the signing key"};
    struct enrol_paths paths;
    const struct lt_clock *clock = check->options->clock;
    char detail[DETAIL_BYTES];
    char until[TIME_TEXT_BYTES];
    int64_t from_ms;
    int64_t to_ms;
    enrol_paths(agency->key, agency->signing_key, false, &paths);
    if (agency->signing_key[0] == '\0' || !enrol_keys_dates(&paths, &from_ms, &to_ms)) {
        return;
    }
    int64_t days = (to_ms - clock->wall_ms(clock->self)) / DAY_MS;
    enum level level = days < 0 ? FAILED : (days < RENEW_DAYS ? NOTED : PASSED);
    time_write(until, to_ms);
    snprintf(detail, sizeof(detail), "%s, %s (%" PRId64 ")", paths.certificate, until, days);
    check_say(check, level, what, detail,
              (struct words){
                  "bộ nối đang chạy tự xin gia hạn; người quản trị trục chạy ltctl enrol renew",
                  "the running adapter asks by itself; the registrar runs ltctl enrol renew"});
}

static void agency_check(struct check *check, const struct host_agency *agency,
                         const struct lt_key *server_key)
{
    struct lt_key secret_key;
    char public_text[65];
    struct told told = {.stood = false};
    struct log_peek peek;
    bool known = check_peek(check, agency, &peek); /* before the session: it is compared */
    if (agency_key_check(check, agency, &secret_key, public_text) && server_key != NULL &&
        check->reachable) {
        session_check(check, agency, server_key, &secret_key, public_text, &told);
    }
    explicit_bzero(&secret_key, sizeof(secret_key));
    if (!known) {
        memset(&peek, 0, sizeof(peek));
    }
    check_log(check, &peek, &told);
    signing_key_check(check, agency);
    certificate_check(check, agency);
    if (agency->folder[0] != '\0') {
        folder_check(check, (struct words){"Thư mục trao đổi", "Exchange folder"}, agency->folder);
    }
}

uint32_t check_run(const struct check_options *options)
{
    struct check check = {options, 0, false};
    struct lt_key server_key;
    endpoint_check(&check);
    bool known = server_key_check(&check, &server_key);
    for (uint32_t i = 0; i < options->config->agencies_count; i++) {
        agency_check(&check, &options->config->agencies[i], known ? &server_key : NULL);
    }
    folder_check(&check, (struct words){"Thư mục dữ liệu", "Data folder"}, options->config->data);
    disk_check(&check);
    if (options->config->http) {
        listen_check(&check);
    }
    return check.failures;
}
