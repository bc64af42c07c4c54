/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Start and end of the broker under measurement. Everything it has lies in one folder: keys,
 * configuration, data, log; the folder goes with it unless it failed or was to be kept. It is told
 * to end by its process descriptor, so no other process can be hit, and killed only when it does
 * not obey within CLOSE_MS.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"

#define CLOSE_MS 30000
#define KEY_TEXT 65
#define YAML_MAX 2048

/* ---- another's ------------------------------------------------------------------------------- */

static enum lt_status attach(struct broker *broker, const struct bench_options *options,
                             struct fault *fault)
{
    broker->pid = (pid_t)options->pid;
    (void)snprintf(broker->endpoint, sizeof(broker->endpoint), "%s", options->endpoint);
    enum lt_status status = LT_OK;
    if (!hex_read(&broker->server_key, sizeof(broker->server_key), options->server_key)) {
        status = keyfile_read_public(options->server_key, &broker->server_key, fault);
    }
    if (status == LT_OK) {
        status = keyfile_read_secret(options->operator_key, &broker->operator_secret, fault);
    }
    return status;
}

/* ---- our own --------------------------------------------------------------------------------- */

/* A port nobody listens on now. Somebody may take it before the broker does: then it says so. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    uint16_t port = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0;
    }
    if (bind(fd, (struct sockaddr *)&address, size) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        port = ntohs(address.sin_port);
    }
    close(fd);
    return port;
}

static enum lt_status make_keys(struct broker *broker, char operator_text[KEY_TEXT],
                                struct fault *fault)
{
    char secret[192];
    char public_path[192];
    (void)snprintf(secret, sizeof(secret), "%s/broker.key", broker->folder);
    (void)snprintf(public_path, sizeof(public_path), "%s/broker.pub", broker->folder);
    enum lt_status status = keyfile_make(secret, public_path, fault);
    if (status == LT_OK) {
        status = keyfile_read_public(public_path, &broker->server_key, fault);
    }
    struct lt_key operator_public;
    curve_make(&operator_public, &broker->operator_secret);
    hex_write(operator_text, operator_public.bytes, sizeof(operator_public.bytes));
    return status;
}

static enum lt_status write_config(struct broker *broker, char path[192], struct fault *fault)
{
    char operator_text[KEY_TEXT];
    char yaml[YAML_MAX];
    enum lt_status status = make_keys(broker, operator_text, fault);
    if (status != LT_OK) {
        return status;
    }
    uint16_t port = free_port();
    (void)snprintf(broker->endpoint, sizeof(broker->endpoint), "tcp://127.0.0.1:%u", port);
    (void)snprintf(path, 192, "%s/lienthongd.yaml", broker->folder);
    int size =
        snprintf(yaml, sizeof(yaml),
                 "data: %s/data\n"
                 "listen: [\"%s\"]\n"
                 "blob_listen: tcp://127.0.0.1:%u\n"
                 "secret_key: %s/broker.key\n"
                 "operators:\n"
                 "  - name: bench\n"
                 "    public_key: %s\n"
                 "    role: registrar\n"
                 "agency_share_mib: 0\n"
                 "log_level: warn\n",
                 broker->folder, broker->endpoint, free_port(), broker->folder, operator_text);
    return file_write(path, (struct lt_bytes){(const uint8_t *)yaml, (size_t)size}, 0600, fault);
}

/* Beside this program, unless a path is given. */
static void find_program(const struct bench_options *options, const char *self, char out[256])
{
    const char *slash = strrchr(self, '/');
    if (options->broker_bin != NULL) {
        (void)snprintf(out, 256, "%s", options->broker_bin);
    } else if (slash != NULL) {
        (void)snprintf(out, 256, "%.*s/lienthongd", (int)(slash - self), self);
    } else {
        (void)snprintf(out, 256, "lienthongd");
    }
}

static void run_program(const char *program, const char *config, const char *log)
{
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* it does not outlive a bench that was killed */
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) {
        _exit(126);
    }
    execlp(program, program, "--config", config, (char *)NULL);
    (void)dprintf(2, "%s: %s\n", program, strerror(errno));
    _exit(127);
}

static enum lt_status start(struct broker *broker, const struct bench_options *options,
                            const char *self, struct fault *fault)
{
    char program[256];
    char config[192];
    char log[192];
    (void)snprintf(broker->folder, sizeof(broker->folder), "%s/lt-bench-XXXXXX", options->folder);
    if (mkdtemp(broker->folder) == NULL) {
        return fault_set(fault, LT_IO, "--folder", "%s: %s", options->folder, strerror(errno));
    }
    enum lt_status status = write_config(broker, config, fault);
    if (status != LT_OK) {
        return status;
    }
    find_program(options, self, program);
    (void)snprintf(log, sizeof(log), "%s/log", broker->folder);
    broker->pid = fork();
    if (broker->pid == 0) {
        run_program(program, config, log);
    }
    if (broker->pid < 0) {
        broker->pid = 0;
        return fault_set(fault, LT_NO_MEMORY, "fork", "%s", strerror(errno));
    }
    broker->pid_fd = pidfd_open(broker->pid, 0);
    if (broker->pid_fd < 0) {
        return fault_set(fault, LT_IO, "pidfd_open", "%s", strerror(errno));
    }
    return LT_OK;
}

enum lt_status broker_open(struct broker *broker, const struct bench_options *options,
                           const char *self, struct fault *fault)
{
    memset(broker, 0, sizeof(*broker));
    broker->pid_fd = -1;
    broker->keep = options->keep;
    broker->own = options->endpoint == NULL;
    return broker->own ? start(broker, options, self, fault) : attach(broker, options, fault);
}

static bool ended_within(const struct broker *broker, int ms)
{
    struct pollfd poll_fd = {.fd = broker->pid_fd, .events = POLLIN};
    return broker->pid_fd >= 0 && poll(&poll_fd, 1, ms) == 1;
}

bool broker_alive(const struct broker *broker)
{
    return !broker->own || !ended_within(broker, 0);
}

/* ---- the end --------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *walk)
{
    (void)stat;
    (void)flag;
    (void)walk;
    return remove(path);
}

static enum lt_status reap(struct broker *broker, struct fault *fault)
{
    int wait_status = 0;
    if (!ended_within(broker, 0)) {
        (void)kill(broker->pid, SIGTERM);
    }
    if (!ended_within(broker, CLOSE_MS)) {
        (void)kill(broker->pid, SIGKILL);
        (void)waitpid(broker->pid, &wait_status, 0);
        return fault_set(fault, LT_TIMEOUT, "lienthongd", "did not end within %d ms", CLOSE_MS);
    }
    if (waitpid(broker->pid, &wait_status, 0) != broker->pid || !WIFEXITED(wait_status) ||
        WEXITSTATUS(wait_status) != 0) {
        return fault_set(fault, LT_IO, "lienthongd", "wait status 0x%x, see %s/log", wait_status,
                         broker->folder);
    }
    return LT_OK;
}

enum lt_status broker_close(struct broker *broker, struct fault *fault)
{
    enum lt_status status = LT_OK;
    explicit_bzero(&broker->operator_secret, sizeof(broker->operator_secret));
    if (!broker->own) {
        return LT_OK;
    }
    if (broker->pid > 0) {
        status = reap(broker, fault);
    }
    if (broker->pid_fd >= 0) {
        close(broker->pid_fd);
    }
    if (broker->folder[0] != '\0' && status == LT_OK && !broker->keep) {
        (void)nftw(broker->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    return status;
}
