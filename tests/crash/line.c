/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two network namespaces, each with a tun device, and a process between that moves IP packets from
 * one to the other. What shall be lost is not written; what shall be late waits in a ring, one for
 * each way, in the order it came. How bad the line is stands in a shared page, so that it can
 * change while connections live: all lost is a line that is cut without anybody being told.
 *
 * The process between dies with its parent. It is the owner of the far namespace, which ends with
 * it and with the broker in it.
 */
#include "line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/world.h"
#include "proto/base/clock_os.h"

#define PACKET_MAX   2048
#define PACKETS      4096 /* on their way, each direction; more are lost, as on any line */
#define ALL_PERMILLE 1000
#define WAIT_MS      1
#define MASK         "255.255.255.0"

struct quality {
    atomic_uint loss_permille;
    atomic_uint delay_ms;
};

struct line {
    struct quality *quality; /* shared with the process between */
    pid_t pid;
    int old_ns;
    int near_ns;
    int far_ns;
};

struct packet {
    int64_t due_ms;
    size_t size;
    uint8_t bytes[PACKET_MAX];
};

struct way {
    int from;
    int to;
    struct packet *ring;
    uint32_t first;
    uint32_t count;
};

/* ---- a network with one device ----------------------------------------------------------- */

static bool set_up(int fd, struct ifreq *request)
{
    return ioctl(fd, SIOCGIFFLAGS, request) == 0 &&
           (request->ifr_flags = (short)(request->ifr_flags | IFF_UP), true) &&
           ioctl(fd, SIOCSIFFLAGS, request) == 0;
}

static bool set_address(int fd, struct ifreq *request, unsigned long what, const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    (void)inet_pton(AF_INET, text, &address.sin_addr);
    memcpy(&request->ifr_addr, &address, sizeof(address));
    return ioctl(fd, what, request) == 0;
}

/* The calling thread gets a new network with loopback and this address; the device, or -1. */
static int network_make(const char *address)
{
    struct ifreq device = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    struct ifreq loopback = {0};
    (void)snprintf(device.ifr_name, sizeof(device.ifr_name), "lt0");
    (void)snprintf(loopback.ifr_name, sizeof(loopback.ifr_name), "lo");
    if (unshare(CLONE_NEWNET) != 0) {
        return -1;
    }
    int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool made = tun >= 0 && fd >= 0 && ioctl(tun, TUNSETIFF, &device) == 0 &&
                set_address(fd, &device, SIOCSIFADDR, address) &&
                set_address(fd, &device, SIOCSIFNETMASK, MASK) && set_up(fd, &device) &&
                set_up(fd, &loopback);
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (!made && tun >= 0) {
        close(tun);
    }
    errno = error;
    return made ? tun : -1;
}

/* ---- the process between ----------------------------------------------------------------- */

static void take(struct way *way, const struct quality *quality, struct world_random *random,
                 int64_t now_ms)
{
    struct packet lost;
    for (;;) {
        bool room = way->count < PACKETS;
        struct packet *packet = room ? &way->ring[(way->first + way->count) % PACKETS] : &lost;
        ssize_t size = read(way->from, packet->bytes, sizeof(packet->bytes));
        if (size <= 0) {
            return;
        }
        packet->size = (size_t)size;
        packet->due_ms = now_ms + atomic_load(&quality->delay_ms);
        if (room && !world_random_chance(random, atomic_load(&quality->loss_permille))) {
            way->count++;
        }
    }
}

static void give(struct way *way, int64_t now_ms)
{
    while (way->count > 0 && way->ring[way->first].due_ms <= now_ms) {
        struct packet *packet = &way->ring[way->first];
        ssize_t put = write(way->to, packet->bytes, packet->size);
        (void)put; /* a full queue of the other side: lost */
        way->first = (way->first + 1) % PACKETS;
        way->count--;
    }
}

static _Noreturn void carry(int near, int far, const struct quality *quality, uint64_t seed)
{
    struct world world;
    struct world_random random;
    struct way ways[2] = {{.from = near, .to = far}, {.from = far, .to = near}};
    const struct lt_clock *clock = clock_os();
    world_init(&world, seed);
    world_random_init(&random, &world, 7);
    for (int i = 0; i < 2; i++) {
        ways[i].ring = calloc(PACKETS, sizeof(struct packet));
        if (ways[i].ring == NULL) {
            _exit(1);
        }
    }
    for (;;) {
        bool waits = ways[0].count + ways[1].count > 0;
        struct pollfd fds[2] = {{.fd = near, .events = POLLIN}, {.fd = far, .events = POLLIN}};
        (void)poll(fds, 2, waits ? WAIT_MS : 100);
        int64_t now_ms = clock->mono_ms(clock->self);
        for (int i = 0; i < 2; i++) {
            take(&ways[i], quality, &random, now_ms);
            give(&ways[i], now_ms);
        }
    }
}

static _Noreturn void live_between(int near, int ready, const struct quality *quality,
                                   uint64_t seed)
{
    char answer = 'n';
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int far = network_make(LINE_FAR);
    answer = far < 0 ? 'n' : 'y';
    if (write(ready, &answer, 1) != 1 || far < 0) {
        _exit(1);
    }
    carry(near, far, quality, seed);
}

/* ---- opening ----------------------------------------------------------------------------- */

/* True: the process between runs, and the far network is known. */
static bool start_between(struct line *line, int near, uint64_t seed)
{
    int ends[2];
    char answer = 'n';
    char path[64];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    line->pid = fork();
    if (line->pid == 0) {
        live_between(near, ends[1], line->quality, seed);
    }
    close(ends[1]);
    bool lives = line->pid > 0 && read(ends[0], &answer, 1) == 1 && answer == 'y';
    close(ends[0]);
    (void)snprintf(path, sizeof(path), "/proc/%ld/ns/net", (long)line->pid);
    line->far_ns = lives ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    return line->far_ns >= 0;
}

enum lt_status line_open(struct line **ret_line, uint64_t seed, struct fault *fault)
{
    struct line *line = calloc(1, sizeof(*line));
    if (line == NULL) {
        return LT_NO_MEMORY;
    }
    *line = (struct line){.far_ns = -1, .near_ns = -1};
    line->old_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    line->quality = mmap(NULL, sizeof(*line->quality), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int near = line->old_ns >= 0 && line->quality != MAP_FAILED ? network_make(LINE_NEAR) : -1;
    line->near_ns = near >= 0 ? open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) : -1;
    bool made = line->near_ns >= 0 && start_between(line, near, seed);
    int error = errno;
    if (near >= 0) {
        close(near); /* the process between holds it */
    }
    if (!made) {
        line_close(&line);
        return fault_set(fault, LT_IO, "line", "%s", strerror(error));
    }
    *ret_line = line;
    return LT_OK;
}

void line_close(struct line **line_p)
{
    struct line *line = *line_p;
    int fds[3] = {line->near_ns, line->far_ns, line->old_ns};
    *line_p = NULL;
    if (line->pid > 0) {
        (void)kill(line->pid, SIGKILL);
        (void)waitpid(line->pid, NULL, 0);
    }
    if (line->old_ns >= 0) {
        (void)setns(line->old_ns, CLONE_NEWNET);
    }
    for (int i = 0; i < 3; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    if (line->quality != MAP_FAILED && line->quality != NULL) {
        (void)munmap(line->quality, sizeof(*line->quality));
    }
    free(line);
}

void line_set(struct line *line, uint32_t loss_permille, uint32_t delay_ms)
{
    atomic_store(&line->quality->loss_permille,
                 loss_permille < ALL_PERMILLE ? loss_permille : ALL_PERMILLE);
    atomic_store(&line->quality->delay_ms, delay_ms);
}

void line_enter(const struct line *line)
{
    if (line != NULL) {
        (void)setns(line->far_ns, CLONE_NEWNET);
    }
}

void line_leave(const struct line *line)
{
    if (line != NULL) {
        (void)setns(line->near_ns, CLONE_NEWNET);
    }
}
