/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One thread, one connection at a time: a question is read whole, kept as a file, answered by
 * `openssl ts -reply` or by the mood of the day, and the connection is closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tsa.h"

#define REQUEST_BYTES 8192
#define REPLY_BYTES   (256 * 1024)

struct tsa {
    char folder[64];
    char root[96];
    char url[64];
    int listener;
    pthread_t thread;
    atomic_bool stop;
    atomic_int mood;
    atomic_uint asked;
};

static const char authorities[] =
    "set -e\n"
    "cat >ts.cnf <<'END'\n"
    "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = thu\n"
    "[ca]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n"
    "[stamps]\nextendedKeyUsage = critical,timeStamping\nkeyUsage = critical,digitalSignature\n"
    "[tsa]\ndefault_tsa = good\n"
    "[good]\nserial = serial\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n"
    "accuracy = secs:1\ness_cert_id_alg = sha256\nsigner_digest = sha256\n"
    "END\n"
    "echo 01 >serial\n"
    "for n in goc goc-khac; do openssl ecparam -name prime256v1 -genkey -noout -out $n.key\n"
    "openssl req -x509 -new -key $n.key -subj /CN=$n -days 30 -config ts.cnf -extensions ca "
    "-out $n.crt; done\n"
    "for p in tsa:goc tsa-khac:goc-khac; do n=${p%:*}; r=${p#*:}\n"
    "openssl ecparam -name prime256v1 -genkey -noout -out $n.key\n"
    "openssl req -new -key $n.key -subj /CN=$n -config ts.cnf -out $n.csr\n"
    "openssl x509 -req -in $n.csr -CA $r.crt -CAkey $r.key -CAcreateserial -extfile ts.cnf "
    "-extensions stamps -days 30 -out $n.crt; done\n";

static void shell(const struct tsa *tsa, const char *script)
{
    char command[4096];
    int size =
        snprintf(command, sizeof(command), "cd %s && { %s\n} >>log 2>&1", tsa->folder, script);
    if (size < 0 || (size_t)size >= sizeof(command) ||
        system(command) != 0) { /* NOLINT(cert-env33-c): the authority is the openssl program */
        fprintf(stderr, "tsa: %s failed, see %s/log\n", script, tsa->folder);
        abort();
    }
}

static size_t read_file(const struct tsa *tsa, const char *name, char *out, size_t room)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", tsa->folder, name);
    FILE *file = fopen(path, "rb");
    size_t size = file == NULL ? 0 : fread(out, 1, room, file);
    if (file != NULL) {
        fclose(file);
    }
    return size;
}

static void write_file(const struct tsa *tsa, const char *name, const char *data, size_t size)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", tsa->folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        abort();
    }
}

/* Reads headers and body; the size of the body, and where it begins. */
static size_t read_question(const struct tsa *tsa, int fd, char *data, const char **ret_body)
{
    size_t have = 0;
    while (!atomic_load(&tsa->stop) && have < REQUEST_BYTES) {
        struct pollfd look = {.fd = fd, .events = POLLIN};
        if (poll(&look, 1, 100) <= 0) {
            continue;
        }
        ssize_t more = read(fd, data + have, REQUEST_BYTES - have);
        if (more <= 0) {
            return 0;
        }
        have += (size_t)more;
        data[have] = '\0';
        const char *end = strstr(data, "\r\n\r\n");
        const char *length = strcasestr(data, "content-length:");
        if (end == NULL || length == NULL) {
            continue;
        }
        size_t size = strtoul(length + 15, NULL, 10);
        *ret_body = end + 4;
        if (have >= (size_t)(*ret_body - data) + size) {
            return size;
        }
    }
    return 0;
}

static void say(int fd, const char *status, const char *type, const char *body, size_t size)
{
    char head[256];
    int head_size =
        snprintf(head, sizeof(head),
                 "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: "
                 "close\r\n\r\n",
                 status, type, size);
    if (send(fd, head, (size_t)head_size, MSG_NOSIGNAL) < 0) {
        return;
    }
    while (size > 0) {
        ssize_t sent = send(fd, body, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        body += sent;
        size -= (size_t)sent;
    }
}

static void answer(struct tsa *tsa, int fd, char *reply)
{
    static const char page[] = "<!DOCTYPE html><title>Đăng nhập</title>";
    static const char type[] = "application/timestamp-reply";
    enum tsa_mood mood = (enum tsa_mood)atomic_load(&tsa->mood);
    size_t size = 0;
    if (mood == TSA_LOGIN) {
        say(fd, "200 OK", "text/html", page, sizeof(page) - 1);
        return;
    }
    if (mood == TSA_BROKEN) {
        say(fd, "500 Internal Server Error", "text/plain", "", 0);
        return;
    }
    if (mood != TSA_AGAIN) {
        shell(tsa, mood == TSA_FOREIGN ? "openssl ts -reply -config ts.cnf -queryfile q.tsq "
                                         "-signer tsa-khac.crt -inkey tsa-khac.key -out r.tsr"
                                       : "openssl ts -reply -config ts.cnf -queryfile q.tsq "
                                         "-signer tsa.crt -inkey tsa.key -out r.tsr");
    }
    size = read_file(tsa, "r.tsr", reply, REPLY_BYTES);
    if (mood == TSA_TRAILING) {
        reply[size++] = 0;
    } else if (mood == TSA_LONG) {
        memset(reply + size, 0, REPLY_BYTES - size);
        size = REPLY_BYTES;
    }
    say(fd, "200 OK", type, reply, size);
}

static void serve(struct tsa *tsa, int fd, char *request, char *reply)
{
    const char *body = NULL;
    size_t size = read_question(tsa, fd, request, &body);
    if (size == 0) {
        return;
    }
    write_file(tsa, "q.tsq", body, size);
    atomic_fetch_add(&tsa->asked, 1u);
    while (atomic_load(&tsa->mood) == TSA_SILENT && !atomic_load(&tsa->stop)) {
        usleep(10000);
    }
    answer(tsa, fd, reply);
}

static void *run(void *self)
{
    struct tsa *tsa = self;
    char *request = malloc(REQUEST_BYTES + 1);
    char *reply = malloc(REPLY_BYTES + 1);
    if (request == NULL || reply == NULL) {
        abort();
    }
    while (!atomic_load(&tsa->stop)) {
        struct pollfd look = {.fd = tsa->listener, .events = POLLIN};
        int fd = poll(&look, 1, 100) > 0 ? accept(tsa->listener, NULL, NULL) : -1;
        if (fd >= 0) {
            serve(tsa, fd, request, reply);
            close(fd);
        }
    }
    free(request);
    free(reply);
    return NULL;
}

struct tsa *tsa_open(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    struct tsa *tsa = calloc(1, sizeof(*tsa));
    if (tsa == NULL) {
        abort();
    }
    snprintf(tsa->folder, sizeof(tsa->folder), "/tmp/lt-tsa-XXXXXX");
    if (mkdtemp(tsa->folder) == NULL) {
        abort();
    }
    snprintf(tsa->root, sizeof(tsa->root), "%s/goc.crt", tsa->folder);
    shell(tsa, authorities);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    tsa->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (tsa->listener < 0 ||
        bind(tsa->listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(tsa->listener, 4) != 0 ||
        getsockname(tsa->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&tsa->thread, NULL, run, tsa) != 0) {
        abort();
    }
    snprintf(tsa->url, sizeof(tsa->url), "http://127.0.0.1:%u/tsa", ntohs(address.sin_port));
    return tsa;
}

void tsa_close(struct tsa *tsa)
{
    char command[128];
    atomic_store(&tsa->stop, true);
    pthread_join(tsa->thread, NULL);
    close(tsa->listener);
    snprintf(command, sizeof(command), "rm -rf %s", tsa->folder);
    if (system(command) != 0) { /* NOLINT(cert-env33-c) */
        fprintf(stderr, "tsa: %s is left\n", tsa->folder);
    }
    free(tsa);
}

void tsa_mood(struct tsa *tsa, enum tsa_mood mood)
{
    atomic_store(&tsa->mood, (int)mood);
}

const char *tsa_url(const struct tsa *tsa)
{
    return tsa->url;
}

const char *tsa_root(const struct tsa *tsa)
{
    return tsa->root;
}

unsigned tsa_asked(const struct tsa *tsa)
{
    return atomic_load(&tsa->asked);
}
