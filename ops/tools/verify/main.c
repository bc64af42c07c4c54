/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lt-verify: checks an archive of evidence offline. It stands on the protocol's floor alone: no
 * broker, no network, no configuration but the folder of those whom the reader believes.
 *
 * Exit codes: 0 everything is proven; 1 something is wrong; 2 nothing is wrong, and not everything
 * proven; 64 usage; 66 a file cannot be read; 70 no memory, or the library fails.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/file.h"
#include "say.h"

#define EXIT_WRONG    1
#define EXIT_UNPROVEN 2
#define EXIT_USAGE    64
#define EXIT_NO_FILE  66
#define EXIT_SOFTWARE 70
#define ARENA_CHUNK   (1024 * 1024)
#define ARENA_CAP     (1024u * 1024 * 1024)

struct options {
    const char *file;
    const char *trust;
    bool english;
    bool json;
    bool help;
    bool version;
};

static const char help_vi[] =
    "lt-verify TỆP.tar [--trust THƯ-MỤC] [--json] [--lang vi|en]\n"
    "\n"
    "Kiểm tra bằng chứng của trục liên thông, không cần trục và không cần mạng.\n"
    "\n"
    "--trust THƯ-MỤC  danh sách tin cậy; tệp nào cũng có thể không có:\n"
    "                   axis.vkey     khóa ký của trục, mỗi dòng một khóa\n"
    "                   agencies.pem  tổ chức chứng thực; crls.pem  danh sách thu hồi\n"
    "                   agencies.txt  khóa không có chứng thư: ĐƠN-VỊ MÃ-KHÓA [TỪ [ĐẾN]]\n"
    "                   tsa.pem       tổ chức cấp dấu thời gian\n"
    "--json           một đối tượng JSON thay cho lời\n"
    "--lang vi|en     ngôn ngữ\n"
    "\n"
    "Mã thoát: 0 tất cả được chứng minh; 1 có điều sai; 2 không sai nhưng chưa chứng minh hết;\n"
    "64 dùng sai; 66 không đọc được tệp. Xem lt-verify(1).\n";

static const char help_en[] =
    "lt-verify FILE.tar [--trust FOLDER] [--json] [--lang vi|en]\n"
    "\n"
    "Checks evidence of the interconnection axis, without the axis and without a network.\n"
    "\n"
    "--trust FOLDER  the trust list; every file may be missing:\n"
    "                  axis.vkey     signing keys of the axis, one a line\n"
    "                  agencies.pem  certificate authorities; crls.pem  their revocation lists\n"
    "                  agencies.txt  keys without certificates: AGENCY KEY-ID [FROM [TO]]\n"
    "                  tsa.pem       time-stamping authorities\n"
    "--json          one JSON object instead of words\n"
    "--lang vi|en    language\n"
    "\n"
    "Exit status: 0 everything is proven; 1 something is wrong; 2 nothing is wrong, and not\n"
    "everything proven; 64 usage; 66 a file cannot be read. See lt-verify(1).\n";

/* The value of an option: NAME VALUE or NAME=VALUE. */
static bool take_value(char **argv, int *at, const char *name, const char **ret_value)
{
    size_t size = strlen(name);
    if (strcmp(argv[*at], name) == 0 && argv[*at + 1] != NULL) {
        *ret_value = argv[++*at];
        return true;
    }
    if (strncmp(argv[*at], name, size) == 0 && argv[*at][size] == '=') {
        *ret_value = argv[*at] + size + 1;
        return true;
    }
    return false;
}

static bool options_read(char **argv, struct options *ret_options)
{
    const char *language = "vi";
    for (int i = 1; argv[i] != NULL; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            ret_options->json = true;
        } else if (strcmp(argv[i], "--help") == 0) {
            ret_options->help = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            ret_options->version = true;
        } else if (take_value(argv, &i, "--trust", &ret_options->trust) ||
                   take_value(argv, &i, "--lang", &language)) {
            continue;
        } else if (argv[i][0] == '-' || ret_options->file != NULL) {
            return false;
        } else {
            ret_options->file = argv[i];
        }
    }
    ret_options->english = strcmp(language, "en") == 0;
    return (ret_options->english || strcmp(language, "vi") == 0) &&
           (ret_options->file != NULL || ret_options->help || ret_options->version);
}

static void found(void *context, const struct evidence_finding *finding)
{
    say_finding(context, finding);
}

static int complain(const struct fault *fault, int code)
{
    fprintf(stderr, "lt-verify: %s: %s (%s)\n", fault->field, fault->detail,
            lt_error(fault->status)->code);
    return code;
}

static int judge(const struct options *options, struct lt_bytes tar, struct evidence_trust *trust,
                 struct arena *arena)
{
    static const int codes[EVIDENCE_RESULTS_END] = {
        [EVIDENCE_PROVEN] = 0, [EVIDENCE_UNPROVEN] = EXIT_UNPROVEN, [EVIDENCE_WRONG] = EXIT_WRONG};
    struct say say = {.stream = stdout, .english = options->english, .json = options->json};
    struct evidence_report report = {.context = &say, .found = found};
    struct fault fault;
    fault_init(&fault);
    say_begin(&say);
    if (evidence_judge(tar, trust, arena, &report, &fault) != LT_OK) {
        return complain(&fault, EXIT_SOFTWARE);
    }
    say_end(&say, &report);
    if (fflush(stdout) != 0) {
        fault_set(&fault, LT_IO, "stdout", "not all could be written");
        return complain(&fault, EXIT_SOFTWARE);
    }
    return codes[say_result(&report)];
}

static int verify(const struct options *options)
{
    struct evidence_trust *trust = NULL;
    struct arena arena = {.first = NULL};
    struct fault fault;
    uint8_t *data = NULL;
    size_t size = 0;
    int code = 0;
    fault_init(&fault);
    if (file_read(options->file, TAR_BYTES_MAX, &data, &size, &fault) != LT_OK ||
        evidence_trust_open(options->trust, &trust, &fault) != LT_OK) {
        code = complain(&fault, EXIT_NO_FILE);
    } else if (arena_init(&arena, ARENA_CHUNK, ARENA_CAP) != LT_OK) {
        fault_set(&fault, LT_NO_MEMORY, "memory", "%d bytes", ARENA_CHUNK);
        code = complain(&fault, EXIT_SOFTWARE);
    } else {
        code = judge(options, (struct lt_bytes){data, size}, trust, &arena);
        arena_deinit(&arena);
    }
    evidence_trust_close(&trust);
    free(data);
    return code;
}

int main(int argc, char **argv)
{
    struct options options = {.file = NULL};
    (void)argc;
    if (!options_read(argv, &options)) {
        fputs(help_vi, stderr);
        return EXIT_USAGE;
    }
    if (options.help) {
        fputs(options.english ? help_en : help_vi, stdout);
        return 0;
    }
    if (options.version) {
        puts("lt-verify " LT_VERSION);
        return 0;
    }
    return verify(&options);
}
