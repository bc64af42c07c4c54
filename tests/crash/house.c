/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The process of the broker. Its ports are picked below the range from which the kernel takes those
 * of outgoing connections: agencies that dial a dead broker every few milliseconds would otherwise
 * meet themselves one day and hold its port.
 *
 * The environment is made before the fork, because this process has threads. Under sanitizers the
 * interposer comes before their library, which they must be told to bear.
 */
#include "house.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "line.h"
#include "proto/base/clock_os.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"
#include "proto/port_zmq.h"

#define PORT_FIRST   20000
#define PORT_COUNT   12000
#define STOP_MS      30000
#define YAML_MAX     2048
#define VARIABLE_MAX 512
#define VARIABLES    10
#define KEPT_MAX     256

extern char **environ;

/* ---- opening ----------------------------------------------------------------------------- */

/* Binds the port and does not listen; from then on whoever reuses addresses may listen there. */
static bool port_hold(int fd, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int reuse = 1;
    return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse)) == 0;
}

/* Ours until the process ends: other tests look for ports, too, also while a broker is down. */
static uint16_t free_port(void)
{
    for (int tries = 0; tries < 200; tries++) {
        uint32_t chance;
        entropy_os()->fill(entropy_os()->self, &chance, sizeof(chance));
        uint16_t port = (uint16_t)(PORT_FIRST + chance % PORT_COUNT);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && port_hold(fd, port)) {
            return port;
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    return 0;
}

static enum lt_status make_keys(struct house *house, struct fault *fault)
{
    char secret[sizeof(house->folder) + 16];
    char public_path[sizeof(house->folder) + 16];
    struct lt_key operator_public;
    (void)snprintf(secret, sizeof(secret), "%s/broker.key", house->folder);
    (void)snprintf(public_path, sizeof(public_path), "%s/broker.pub", house->folder);
    enum lt_status status = keyfile_make(secret, public_path, fault);
    if (status != LT_OK) {
        return status;
    }
    curve_make(&operator_public, &house->operator_secret);
    hex_write(house->operator_text, operator_public.bytes, sizeof(operator_public.bytes));
    return keyfile_read_public(public_path, &house->server_key, fault);
}

static enum lt_status open_notify(struct house *house, struct fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(house->notify, sizeof(house->notify), "@lt-crash-%ld-%u", (long)getpid(),
                   (unsigned)house->port);
    size_t size = strlen(house->notify);
    memcpy(address.sun_path, house->notify, size);
    address.sun_path[0] = '\0';
    /* Abstract names belong to the network a socket was made in. */
    line_enter(house->options.line);
    house->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool bound = house->notify_fd >= 0 &&
                 bind(house->notify_fd, (struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)) == 0;
    int error = errno;
    line_leave(house->options.line);
    return bound ? LT_OK : fault_set(fault, LT_IO, "notify", "%s", strerror(error));
}

void house_configure(struct house *house)
{
    char path[sizeof(house->folder) + 24];
    char yaml[YAML_MAX];
    struct fault fault;
    fault_init(&fault);
    int size = snprintf(yaml, sizeof(yaml),
                        "data: %s\n"
                        "listen: [\"%s\"]\n"
                        "blob_listen: tcp://%s:%u\n"
                        "secret_key: %s/broker.key\n"
                        "operators:\n"
                        "  - name: crash\n"
                        "    public_key: %s\n"
                        "    role: registrar\n"
                        "log_level: info\n"
                        "free_low_mib: %u\n"
                        "attempts_max: 1000\n"
                        "backoff_first_ms: 10\n",
                        house->data, house->endpoint, house->host, (unsigned)house->blob_port,
                        house->folder, house->operator_text, house->free_low_mib);
    (void)snprintf(path, sizeof(path), "%s/lienthongd.yaml", house->folder);
    if (file_write(path, (struct lt_bytes){(const uint8_t *)yaml, (size_t)size}, 0600, &fault) !=
        LT_OK) {
        oracle_fail(house->oracle, NULL, "%s: %s", fault.field, fault.detail);
    }
}

enum lt_status house_open(struct house *house, const struct house_options *options,
                          struct oracle *oracle, struct fault *fault)
{
    memset(house, 0, sizeof(*house));
    house->options = *options;
    house->oracle = oracle;
    house->pid_fd = -1;
    house->notify_fd = -1;
    house->free_low_mib = 1;
    house->port = free_port();
    house->blob_port = free_port();
    (void)snprintf(house->folder, sizeof(house->folder), "%s/lt-crash-XXXXXX", options->parent);
    if (house->port == 0 || house->blob_port == 0 || mkdtemp(house->folder) == NULL) {
        return fault_set(fault, LT_IO, "folder", "%s: %s", options->parent, strerror(errno));
    }
    (void)snprintf(oracle->folder, sizeof(oracle->folder), "%s", house->folder);
    (void)snprintf(house->data, sizeof(house->data), "%s/data", house->folder);
    house->host = options->line == NULL ? "127.0.0.1" : LINE_FAR;
    (void)snprintf(house->endpoint, sizeof(house->endpoint), "tcp://%s:%u", house->host,
                   (unsigned)house->port);
    enum lt_status status = make_keys(house, fault);
    if (status == LT_OK) {
        status = open_notify(house, fault);
    }
    if (status == LT_OK) {
        house_configure(house);
    }
    return status;
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *walk)
{
    (void)stat;
    (void)flag;
    (void)walk;
    return remove(path);
}

void house_clear(struct house *house)
{
    (void)nftw(house->data, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void house_close(struct house *house, bool keep)
{
    if (house->pid != 0) {
        house_kill(house);
    }
    if (house->notify_fd >= 0) {
        close(house->notify_fd);
    }
    if (!keep) {
        (void)nftw(house->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    explicit_bzero(&house->operator_secret, sizeof(house->operator_secret));
}

/* ---- starting ---------------------------------------------------------------------------- */

struct variables {
    char made[VARIABLES][VARIABLE_MAX];
    char *all[VARIABLES + KEPT_MAX + 1];
    uint32_t made_count;
    uint32_t count;
};

static void add_variable(struct variables *variables, const char *name, const char *value)
{
    if (value != NULL) {
        char *made = variables->made[variables->made_count++];
        (void)snprintf(made, VARIABLE_MAX, "%s=%s", name, value);
        variables->all[variables->count++] = made;
    }
}

static void make_variables(const struct house *house, const struct house_faults *faults,
                           struct variables *variables)
{
    char sanitizers[VARIABLE_MAX - 16];
    const char *before = environment_os("ASAN_OPTIONS");
    memset(variables, 0, sizeof(*variables));
    add_variable(variables, "NOTIFY_SOCKET", house->notify);
    if (faults != NULL) {
        (void)snprintf(sanitizers, sizeof(sanitizers), "%s%sverify_asan_link_order=0",
                       before == NULL ? "" : before, before == NULL ? "" : ":");
        add_variable(variables, "ASAN_OPTIONS", sanitizers);
        add_variable(variables, "LD_PRELOAD",
                     faults->shift != NULL ? house->options.clock : house->options.faults);
        add_variable(variables, "LT_FAULT_FILE", faults->file);
        add_variable(variables, "LT_FAULT_KILL", faults->kill);
        add_variable(variables, "LT_FAULT_EIO", faults->eio);
        add_variable(variables, "LT_FAULT_FULL", faults->full);
        add_variable(variables, "LT_FAULT_SHORT", faults->every);
        add_variable(variables, "LT_FAULT_WHILE", faults->marker);
        add_variable(variables, "LT_FAULT_SYNC_MS", faults->sync_ms);
        add_variable(variables, "LT_SHIFT_FILE", faults->shift);
    }
    for (char **one = environ; *one != NULL && variables->count < VARIABLES + KEPT_MAX; one++) {
        bool asan = strncmp(*one, "ASAN_OPTIONS=", 13) == 0;
        if (faults == NULL || !asan) {
            variables->all[variables->count++] = *one;
        }
    }
}

/* In the child: only calls that are safe after a fork of a program with threads. */
static _Noreturn void become(const char *program, char *const *arguments, const char *log,
                             char *const *variables)
{
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) {
        _exit(126);
    }
    execve(program, arguments, variables);
    _exit(127);
}

static pid_t run(struct house *house, const char *program, char *const *arguments,
                 char *const *variables)
{
    char log[sizeof(house->folder) + 8];
    (void)snprintf(log, sizeof(log), "%s/log", house->folder);
    pid_t pid = fork();
    if (pid == 0) {
        line_enter(house->options.line);
        become(program, arguments, log, variables);
    }
    if (pid < 0) {
        oracle_fail(house->oracle, NULL, "fork: %s", strerror(errno));
    }
    return pid;
}

static void drain_notify(struct house *house)
{
    char text[256];
    while (recv(house->notify_fd, text, sizeof(text), 0) > 0) {
    }
}

void house_start(struct house *house, const struct house_faults *faults)
{
    char program[256];
    char config[sizeof(house->folder) + 24];
    char option[] = "--config";
    struct variables variables;
    (void)snprintf(program, sizeof(program), "%s", house->options.broker);
    (void)snprintf(config, sizeof(config), "%s/lienthongd.yaml", house->folder);
    char *const arguments[] = {program, option, config, NULL};
    make_variables(house, faults, &variables);
    drain_notify(house);
    house->ready_ms = 0;
    house->started_ms = clock_os()->mono_ms(clock_os()->self);
    house->pid = run(house, program, arguments, variables.all);
    house->pid_fd = pidfd_open(house->pid, 0);
    if (house->pid_fd < 0) {
        oracle_fail(house->oracle, NULL, "pidfd_open: %s", strerror(errno));
    }
}

void house_look(struct house *house, int64_t now_ms)
{
    char text[256];
    ssize_t size;
    while ((size = recv(house->notify_fd, text, sizeof(text) - 1, 0)) > 0) {
        text[size] = '\0';
        if (strstr(text, "READY=1") != NULL && house->ready_ms == 0) {
            house->ready_ms = now_ms;
        }
    }
}

/* ---- ending ------------------------------------------------------------------------------ */

static void forget(struct house *house)
{
    close(house->pid_fd);
    house->pid_fd = -1;
    house->pid = 0;
    house->ready_ms = 0;
}

bool house_ended(struct house *house, int *ret_wait)
{
    if (house->pid == 0 || waitpid(house->pid, ret_wait, WNOHANG) != house->pid) {
        return false;
    }
    forget(house);
    return true;
}

void house_signal(struct house *house, int signal_number)
{
    (void)kill(house->pid, signal_number);
}

void house_kill(struct house *house)
{
    int wait_status = 0;
    house_signal(house, SIGKILL);
    if (waitpid(house->pid, &wait_status, 0) != house->pid || !WIFSIGNALED(wait_status) ||
        WTERMSIG(wait_status) != SIGKILL) {
        oracle_fail(house->oracle, NULL, "the broker had ended by itself, wait status 0x%x",
                    wait_status);
    }
    forget(house);
}

void house_stop(struct house *house)
{
    int wait_status = 0;
    struct pollfd poll_fd = {.fd = house->pid_fd, .events = POLLIN};
    house_signal(house, SIGTERM);
    if (poll(&poll_fd, 1, STOP_MS) != 1) {
        oracle_fail(house->oracle, NULL, "the broker did not end within %d ms", STOP_MS);
    }
    if (waitpid(house->pid, &wait_status, 0) != house->pid || wait_status != 0) {
        oracle_fail(house->oracle, NULL, "told to end, the broker ended with 0x%x", wait_status);
    }
    forget(house);
}

int house_verify_code(struct house *house)
{
    char program[256];
    char data[sizeof(house->data)];
    char journal[] = "journal";
    char verify[] = "verify";
    int wait_status = 0;
    (void)snprintf(program, sizeof(program), "%s", house->options.ltctl);
    memcpy(data, house->data, sizeof(data));
    char *const arguments[] = {program, journal, verify, data, NULL};
    pid_t pid = run(house, program, arguments, environ);
    if (waitpid(pid, &wait_status, 0) != pid || !WIFEXITED(wait_status)) {
        oracle_fail(house->oracle, NULL, "ltctl journal verify ended with 0x%x", wait_status);
    }
    return WEXITSTATUS(wait_status);
}

void house_verify(struct house *house)
{
    int code = house_verify_code(house);
    if (code != 0) {
        oracle_fail(house->oracle, NULL, "ltctl journal verify ended with %d", code);
    }
}
