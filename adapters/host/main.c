/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lt-adapter: wiring only. The real clock, the real entropy, the drivers this program is built
 * with, and the commands: run, check, checkpoint, enrol, restore, key make. Exit codes: 0 done, 1 a
 * check failed, a restore failed or the adapter could not run, 2 the command line or the
 * configuration is wrong, 3 a restore is not complete, or a request to be let in waits.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "enrol.h"
#include "host.h"
#include "proto/base/clock_os.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/keyfile.h"
#include "restore.h"

#define CONFIG_PATH "/etc/lienthong/lt-adapter.yaml"
#define EXIT_FAILED 1
#define EXIT_USAGE  2
#define EXIT_OPEN   3

static const struct lt_driver *const drivers[] = {
    &lt_driver_http,
    &lt_driver_spool,
    &lt_driver_loopback,
};

static const char usage[] =
    "lt-adapter " LT_VERSION " - bộ nối của một đơn vị với trục liên thông\n"
    "\n"
    "  lt-adapter run   [-c TỆP]                 chạy theo cấu hình\n"
    "  lt-adapter check [-c TỆP] [--lang vi|en]  thử từng bước kết nối và nói cách sửa\n"
    "  lt-adapter checkpoint [--agency MÃ] [--refused] [-c TỆP]\n"
    "                                            in mốc của sổ minh bạch đang tin, hoặc mốc bị từ "
    "chối\n"
    "  lt-adapter restore --since LÚC [--agency MÃ] [--dry-run] [--no-sent] [-c TỆP]\n"
    "                                            sau khi khôi phục cơ sở dữ liệu của đơn vị: đối "
    "chiếu\n"
    "                                            với trục và lấy lại những gì còn thiếu\n"
    "  lt-adapter enrol [--agency MÃ] [--name TÊN] [--wait] [--again|--rotate|--renew] [--batch "
    "TỆP.csv]\n"
    "                   [--to-file TỆP | --certificate TỆP] [-c TỆP]\n"
    "                                            tạo khóa và xin kết nối vào trục; in mã để đọc "
    "cho\n"
    "                                            người quản trị trục\n"
    "  lt-adapter key make TỆP.key               tạo cặp khóa TỆP.key (bí mật) và TỆP.pub\n"
    "  lt-adapter --help | --version\n"
    "\n"
    "  -c, --config TỆP   mặc định " CONFIG_PATH "\n"
    "      --lang vi|en   ngôn ngữ của thông báo; mặc định theo cấu hình, rồi vi\n"
    "      --since LÚC    2026-09-30T00:00:00+07:00, hoặc mili giây từ 1970\n"
    "      --agency MÃ    đơn vị, khi cấu hình có nhiều đơn vị\n"
    "      --dry-run      chỉ đối chiếu\n"
    "      --no-sent      không lấy lại những gì đơn vị đã gửi\n"
    "      --wait         chờ đến khi mọi yêu cầu được quyết định\n"
    "      --again        tạo yêu cầu mới với khóa đang có; --rotate: với khóa mới\n"
    "      --renew        chỉ xin chứng thư mới cho đơn vị có chứng thư còn dưới 60 ngày\n"
    "      --batch TỆP    nhiều đơn vị, mỗi dòng: mã,tên; khóa nằm cạnh khóa đầu tiên của cấu "
    "hình\n"
    "      --to-file TỆP  ghi yêu cầu ra tệp; --certificate TỆP: nhận chứng thư trả về\n";

struct arguments {
    const char *words[3];
    int words_count;
    const char *config;
    const char *language; /* NULL: by the configuration */
    const char *since;    /* NULL: not given */
    const char *agency;   /* NULL: the only one */
    const char *name;     /* NULL: not told; this and what follows: of enrol */
    const char *batch;
    const char *to_file;
    const char *certificate;
    bool dry_run;
    bool no_sent;
    bool wait;
    bool again;
    bool rotate;
    bool renew;
    bool refused;
};

/* Puts an option with its value where it belongs; false: it is one that ends the reading. */
static bool option_take(struct arguments *arguments, int option, const char *value)
{
    const struct {
        int option;
        const char **text;
        bool *flag;
    } places[] = {
        {'c', &arguments->config, NULL},  {'l', &arguments->language, NULL},
        {'s', &arguments->since, NULL},   {'a', &arguments->agency, NULL},
        {'m', &arguments->name, NULL},    {'b', &arguments->batch, NULL},
        {'f', &arguments->to_file, NULL}, {'t', &arguments->certificate, NULL},
        {'d', NULL, &arguments->dry_run}, {'n', NULL, &arguments->no_sent},
        {'w', NULL, &arguments->wait},    {'g', NULL, &arguments->again},
        {'r', NULL, &arguments->rotate},  {'e', NULL, &arguments->renew},
        {'x', NULL, &arguments->refused},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].option == option && places[i].text != NULL) {
            *places[i].text = value;
            return true;
        }
        if (places[i].option == option) {
            *places[i].flag = true;
            return true;
        }
    }
    return false;
}

/* -1 to go on, else the exit code. */
static int arguments_read(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"lang", required_argument, NULL, 'l'},
        {"since", required_argument, NULL, 's'},
        {"agency", required_argument, NULL, 'a'},
        {"refused", no_argument, NULL, 'x'},
        {"name", required_argument, NULL, 'm'},
        {"batch", required_argument, NULL, 'b'},
        {"to-file", required_argument, NULL, 'f'},
        {"certificate", required_argument, NULL, 't'},
        {"dry-run", no_argument, NULL, 'd'},
        {"no-sent", no_argument, NULL, 'n'},
        {"wait", no_argument, NULL, 'w'},
        {"again", no_argument, NULL, 'g'},
        {"rotate", no_argument, NULL, 'r'},
        {"renew", no_argument, NULL, 'e'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    *arguments = (struct arguments){.config = CONFIG_PATH};
    int option;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option_take(arguments, option, optarg)) {
            continue;
        }
        if (option == 'v') {
            puts("lt-adapter " LT_VERSION);
            return 0;
        }
        if (option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        return EXIT_USAGE;
    }
    while (optind < argc && arguments->words_count < 3) {
        arguments->words[arguments->words_count++] = argv[optind++];
    }
    const char *language = arguments->language;
    bool language_known =
        language == NULL || strcmp(language, "vi") == 0 || strcmp(language, "en") == 0;
    return optind == argc && language_known ? -1 : EXIT_USAGE;
}

static enum host_language language_of(const struct arguments *arguments, enum host_language other)
{
    if (arguments->language == NULL) {
        return other;
    }
    return strcmp(arguments->language, "en") == 0 ? HOST_EN : HOST_VI;
}

static enum log_level level_of(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum log_level)i;
        }
    }
    return LOG_INFO_;
}

static enum lt_status config_load(const struct arguments *arguments,
                                  struct host_config **ret_config)
{
    struct fault fault;
    enum host_language language = language_of(arguments, HOST_VI);
    fault_init(&fault);
    enum lt_status status = host_config_read(arguments->config, language, ret_config, &fault);
    if (status != LT_OK) {
        const struct lt_error *error = lt_error(status);
        bool ours = status == LT_CONFIG_BAD; /* the detail is a sentence of its own then */
        char detail[sizeof(fault.field) + sizeof(fault.detail) + 256];
        snprintf(detail, sizeof(detail), "%s%s%s%s%s", fault.field,
                 fault.field[0] == '\0' ? "" : ": ", fault.detail, ours ? "" : ". ",
                 ours ? "" : (language == HOST_EN ? error->en : error->vi));
        const char *mend = language == HOST_EN ? error->do_en : error->do_vi;
        check_failed_line(stderr, language, language == HOST_EN ? "Configuration" : "Cấu hình",
                          detail, ours || mend[0] == '\0' ? NULL : mend);
    }
    return status;
}

/* ---- run ---- */

static void wait_for_end(const sigset_t *signals)
{
    int number = 0;
    while (sigwait(signals, &number) != 0) {
    }
    log_info("stopping", "signal=%d", number);
    sd_notify(0, "STOPPING=1");
}

static int run(const struct arguments *arguments)
{
    struct host_config *config = NULL;
    struct host *host = NULL;
    struct lt_problem problem = {0};
    sigset_t signals;
    if (config_load(arguments, &config) != LT_OK) {
        return EXIT_USAGE;
    }
    log_open("lt-adapter", level_of(config->log_level), clock_os());
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    const struct host_options options = {
        .config = config,
        .drivers = drivers,
        .drivers_count = sizeof(drivers) / sizeof(drivers[0]),
        .clock = clock_os(),
        .entropy = entropy_os(),
    };
    enum lt_status status = host_open(&host, &options, &problem);
    if (status == LT_OK) {
        sd_notify(0, "READY=1");
        log_info("ready", "version=%s agencies=%u endpoint=%s", LT_VERSION, config->agencies_count,
                 config->endpoint);
        wait_for_end(&signals);
        host_close(&host);
        log_info("stopped", "version=%s", LT_VERSION);
    } else {
        const struct lt_error *error = lt_error(status);
        log_error("start-failed", "code=%s field=%s detail=\"%s\" message=\"%s\"", error->code,
                  problem.field, problem.detail,
                  config->language == HOST_EN ? error->en : error->vi);
    }
    host_config_free(&config);
    return status == LT_OK ? 0 : EXIT_FAILED;
}

/* ---- check, key ---- */

static int check(const struct arguments *arguments)
{
    struct host_config *config = NULL;
    if (config_load(arguments, &config) != LT_OK) {
        return EXIT_USAGE;
    }
    log_open("lt-adapter", LOG_ERROR_, clock_os());
    enum host_language language = language_of(arguments, config->language);
    const struct check_options options = {
        .config = config,
        .language = language,
        .clock = clock_os(),
        .entropy = entropy_os(),
        .out = stdout,
    };
    uint32_t failures = check_run(&options);
    if (failures == 0) {
        puts(language == HOST_EN ? "Everything is in order." : "Tất cả đều đạt.");
    } else {
        printf(language == HOST_EN ? "%u to mend.\n" : "%u mục phải sửa.\n", failures);
    }
    host_config_free(&config);
    return failures == 0 ? 0 : EXIT_FAILED;
}

static int checkpoint(const struct arguments *arguments)
{
    struct host_config *config = NULL;
    if (config_load(arguments, &config) != LT_OK) {
        return EXIT_USAGE;
    }
    enum lt_status status = check_checkpoint(config, arguments->agency, arguments->refused, stdout);
    if (status != LT_OK) {
        const struct lt_error *error = lt_error(status);
        bool english = language_of(arguments, config->language) == HOST_EN;
        fprintf(stderr, "lt-adapter: checkpoint: %s (%s)\n", english ? error->en : error->vi,
                error->code);
    }
    host_config_free(&config);
    return status == LT_OK ? 0 : status == LT_CONFIG_BAD ? EXIT_USAGE : EXIT_FAILED;
}

/* Milliseconds since 1970, or ISO 8601 with a zone. */
static bool instant_read(const char *text, int64_t *ret_ms)
{
    size_t digits = strspn(text, "0123456789");
    if (text[digits] == '\0' && digits > 0 && digits <= 15) {
        *ret_ms = strtoll(text, NULL, 10);
        return true;
    }
    return time_read(ret_ms, text);
}

static int restore(const struct arguments *arguments)
{
    static const int codes[] = {
        [RESTORE_DONE] = 0, [RESTORE_INCOMPLETE] = EXIT_OPEN, [RESTORE_FAILED] = EXIT_FAILED};
    struct host_config *config = NULL;
    int64_t since_ms = 0;
    if (arguments->since == NULL || !instant_read(arguments->since, &since_ms)) {
        fputs("lt-adapter: --since 2026-09-30T00:00:00+07:00\n", stderr);
        return EXIT_USAGE;
    }
    if (config_load(arguments, &config) != LT_OK) {
        return EXIT_USAGE;
    }
    log_open("lt-adapter", LOG_WARN_, clock_os());
    signal(SIGPIPE, SIG_IGN);
    const struct restore_options options = {
        .config = config,
        .agency = arguments->agency,
        .since_ms = since_ms,
        .dry_run = arguments->dry_run,
        .sent_too = !arguments->no_sent,
        .language = language_of(arguments, config->language),
        .drivers = drivers,
        .drivers_count = sizeof(drivers) / sizeof(drivers[0]),
        .clock = clock_os(),
        .entropy = entropy_os(),
        .out = stdout,
        .terminal = isatty(STDOUT_FILENO) == 1,
    };
    enum restore_end end = restore_run(&options);
    host_config_free(&config);
    return codes[end];
}

static int enrol(const struct arguments *arguments)
{
    static const int codes[] = {[ENROL_DONE] = 0,
                                [ENROL_OPEN] = EXIT_OPEN,
                                [ENROL_FAILED] = EXIT_FAILED,
                                [ENROL_USAGE] = EXIT_USAGE};
    struct host_config *config = NULL;
    if ((arguments->to_file != NULL && arguments->certificate != NULL) ||
        (arguments->batch != NULL && arguments->agency != NULL)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (config_load(arguments, &config) != LT_OK) {
        return EXIT_USAGE;
    }
    log_open("lt-adapter", LOG_ERROR_, clock_os());
    signal(SIGPIPE, SIG_IGN);
    const struct enrol_options options = {
        .config = config,
        .agency = arguments->agency,
        .name = arguments->name,
        .batch = arguments->batch,
        .to_file = arguments->to_file,
        .certificate = arguments->certificate,
        .wait = arguments->wait,
        .again = arguments->again,
        .rotate = arguments->rotate,
        .renew = arguments->renew,
        .language = language_of(arguments, config->language),
        .clock = clock_os(),
        .entropy = entropy_os(),
        .out = stdout,
    };
    setvbuf(stdout, NULL, _IOLBF, 0); /* a code is read out while we wait */
    enum enrol_end end = enrol_run(&options);
    host_config_free(&config);
    return codes[end];
}

static int key_make(const char *secret_path)
{
    char public_path[CONFIG_PATH_BYTES];
    struct fault fault;
    fault_init(&fault);
    size_t size = strlen(secret_path);
    if (size < 5 || strcmp(secret_path + size - 4, ".key") != 0 || size >= sizeof(public_path)) {
        fprintf(stderr, "lt-adapter: %s: TỆP.key\n", secret_path);
        return EXIT_USAGE;
    }
    snprintf(public_path, sizeof(public_path), "%.*s.pub", (int)(size - 4), secret_path);
    enum lt_status status = keyfile_make(secret_path, public_path, &fault);
    if (status != LT_OK) {
        fprintf(stderr, "lt-adapter: %s: %s: %s\n", lt_error(status)->vi, fault.field,
                fault.detail);
        return EXIT_FAILED;
    }
    printf("%s\n%s\n", secret_path, public_path);
    return 0;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    int code = arguments_read(argc, argv, &arguments);
    if (code >= 0) {
        if (code == EXIT_USAGE) {
            fputs(usage, stderr);
        }
        return code;
    }
    const char *first = arguments.words_count > 0 ? arguments.words[0] : "";
    if (strcmp(first, "run") == 0 && arguments.words_count == 1) {
        return run(&arguments);
    }
    if (strcmp(first, "check") == 0 && arguments.words_count == 1) {
        return check(&arguments);
    }
    if (strcmp(first, "checkpoint") == 0 && arguments.words_count == 1) {
        return checkpoint(&arguments);
    }
    if (strcmp(first, "restore") == 0 && arguments.words_count == 1) {
        return restore(&arguments);
    }
    if (strcmp(first, "enrol") == 0 && arguments.words_count == 1) {
        return enrol(&arguments);
    }
    if (strcmp(first, "key") == 0 && arguments.words_count == 3 &&
        strcmp(arguments.words[1], "make") == 0) {
        return key_make(arguments.words[2]);
    }
    fputs(usage, stderr);
    return EXIT_USAGE;
}
