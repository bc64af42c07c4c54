/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lt-verify: checks archives of evidence offline, each by itself and then each against each: are
 * they of one log? It stands on the protocol's floor alone: no broker, no network, no configuration
 * but the folder of those whom the reader believes.
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
#define FILES_MAX     8
#define ARENA_CHUNK   (1024 * 1024)
#define ARENA_CAP     (1024u * 1024 * 1024)

struct options {
    const char *files[FILES_MAX];
    uint32_t files_count;
    const char *proofs[FILES_MAX];
    uint32_t proofs_count;
    const char *trust;
    bool english;
    bool json;
    bool help;
    bool version;
};

static const char help_vi[] =
    "lt-verify TỆP.tar... [--trust THƯ-MỤC] [--consistency TỆP]... [--json] [--lang vi|en]\n"
    "\n"
    "Kiểm tra bằng chứng của trục liên thông, không cần trục và không cần mạng. Nhiều tệp (tối đa\n"
    "8) còn được đối chiếu với nhau: có cùng một sổ minh bạch không.\n"
    "\n"
    "--trust THƯ-MỤC  danh sách tin cậy; tệp nào cũng có thể không có:\n"
    "                   axis.vkey     khóa ký của trục, mỗi dòng một khóa\n"
    "                   agencies.pem  tổ chức chứng thực; crls.pem  danh sách thu hồi\n"
    "                   agencies.txt  khóa không có chứng thư: ĐƠN-VỊ MÃ-KHÓA [TỪ [ĐẾN]]\n"
    "                   tsa.pem       tổ chức cấp dấu thời gian\n"
    "--consistency TỆP  bằng chứng nối tiếp giữa hai mốc ký (ltctl log consistency ... -o TỆP)\n"
    "--json           một đối tượng JSON thay cho lời\n"
    "--lang vi|en     ngôn ngữ\n"
    "\n"
    "Mã thoát: 0 tất cả được chứng minh; 1 có điều sai; 2 không sai nhưng chưa chứng minh hết;\n"
    "64 dùng sai; 66 không đọc được tệp. Xem lt-verify(1).\n";

static const char help_en[] =
    "lt-verify FILE.tar... [--trust FOLDER] [--consistency FILE]... [--json] [--lang vi|en]\n"
    "\n"
    "Checks evidence of the interconnection axis, without the axis and without a network. Several\n"
    "files (at most 8) are held against each other, too: are they of one log?\n"
    "\n"
    "--trust FOLDER  the trust list; every file may be missing:\n"
    "                  axis.vkey     signing keys of the axis, one a line\n"
    "                  agencies.pem  certificate authorities; crls.pem  their revocation lists\n"
    "                  agencies.txt  keys without certificates: AGENCY KEY-ID [FROM [TO]]\n"
    "                  tsa.pem       time-stamping authorities\n"
    "--consistency FILE  that one checkpoint extends another (ltctl log consistency ... -o FILE)\n"
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
    const char *proof;
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
        } else if (take_value(argv, &i, "--consistency", &proof)) {
            if (ret_options->proofs_count == FILES_MAX) {
                return false;
            }
            ret_options->proofs[ret_options->proofs_count++] = proof;
        } else if (argv[i][0] == '-' || ret_options->files_count == FILES_MAX) {
            return false;
        } else {
            ret_options->files[ret_options->files_count++] = argv[i];
        }
    }
    ret_options->english = strcmp(language, "en") == 0;
    return (ret_options->english || strcmp(language, "vi") == 0) &&
           (ret_options->files_count > 0 || ret_options->help || ret_options->version);
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

/* What one run looks at; archives and proofs stay until its end. */
struct run {
    const struct options *options;
    struct arena arena;
    struct say say;
    struct evidence_report report;
    struct lt_bytes tars[FILES_MAX];
    const struct evidence_view *views[FILES_MAX];
    struct growth_proof proofs[FILES_MAX];
    struct fault fault;
};

static bool read_all(struct run *run, const char *path, size_t max, struct lt_bytes *ret_bytes)
{
    uint8_t *data = NULL;
    size_t size = 0;
    if (file_read(path, max, &data, &size, &run->fault) != LT_OK) {
        return false;
    }
    *ret_bytes = arena_copy(&run->arena, (struct lt_bytes){data, size});
    free(data);
    if (ret_bytes->data == NULL) {
        fault_set(&run->fault, LT_NO_MEMORY, path, "%zu bytes", size);
    }
    return ret_bytes->data != NULL;
}

/* Everything that is looked at, before anything is said. */
static int read_files(struct run *run)
{
    struct evidence_trust *trust = NULL;
    struct lt_bytes text;
    if (evidence_trust_open(run->options->trust, &trust, &run->fault) != LT_OK) {
        return complain(&run->fault, EXIT_NO_FILE);
    }
    evidence_trust_close(&trust);
    for (uint32_t i = 0; i < run->options->files_count; i++) {
        if (!read_all(run, run->options->files[i], TAR_BYTES_MAX, &run->tars[i])) {
            return complain(&run->fault, EXIT_NO_FILE);
        }
    }
    for (uint32_t i = 0; i < run->options->proofs_count; i++) {
        const char *path = run->options->proofs[i];
        if (!read_all(run, path, PROOF_TEXT_MAX, &text)) {
            return complain(&run->fault, EXIT_NO_FILE);
        }
        if (!growth_proof_read(text, &run->proofs[i])) {
            fault_set(&run->fault, LT_FIELD_BAD, path, "no proof of consistency");
            return complain(&run->fault, EXIT_NO_FILE);
        }
    }
    return 0;
}

static int judge(struct run *run, uint32_t at)
{
    struct evidence_trust *trust = NULL;
    int code = 0;
    if (evidence_trust_open(run->options->trust, &trust, &run->fault) != LT_OK) {
        return complain(&run->fault, EXIT_NO_FILE);
    }
    if (run->options->files_count > 1) {
        say_archive(&run->say, run->options->files[at], NULL);
    }
    if (evidence_judge(run->tars[at], trust, &run->arena, &run->report, &run->views[at],
                       &run->fault) != LT_OK) {
        code = complain(&run->fault, EXIT_SOFTWARE);
    }
    evidence_trust_close(&trust);
    return code;
}

static int compare(struct run *run)
{
    const struct options *options = run->options;
    for (uint32_t i = 0; i < options->files_count; i++) {
        for (uint32_t j = i + 1; j < options->files_count; j++) {
            if (run->views[i] == NULL || run->views[j] == NULL) {
                continue; /* told already: it is no archive */
            }
            say_archive(&run->say, options->files[i], options->files[j]);
            if (evidence_compare(run->views[i], run->views[j], run->proofs, options->proofs_count,
                                 &run->arena, &run->report) != LT_OK) {
                fault_set(&run->fault, LT_NO_MEMORY, options->files[j], "not compared");
                return complain(&run->fault, EXIT_SOFTWARE);
            }
        }
    }
    return 0;
}

static int look(struct run *run)
{
    static const int codes[EVIDENCE_RESULTS_END] = {
        [EVIDENCE_PROVEN] = 0, [EVIDENCE_UNPROVEN] = EXIT_UNPROVEN, [EVIDENCE_WRONG] = EXIT_WRONG};
    int code = read_files(run);
    if (code != 0) {
        return code;
    }
    say_begin(&run->say);
    for (uint32_t i = 0; i < run->options->files_count && code == 0; i++) {
        code = judge(run, i);
    }
    code = code == 0 ? compare(run) : code;
    if (code != 0) {
        return code;
    }
    say_end(&run->say, &run->report);
    if (fflush(stdout) != 0) {
        fault_set(&run->fault, LT_IO, "stdout", "not all could be written");
        return complain(&run->fault, EXIT_SOFTWARE);
    }
    return codes[say_result(&run->report)];
}

static int verify(const struct options *options)
{
    struct run run = {
        .options = options,
        .say = {.stream = stdout, .english = options->english, .json = options->json}};
    run.report = (struct evidence_report){.context = &run.say, .found = found};
    fault_init(&run.fault);
    if (arena_init(&run.arena, ARENA_CHUNK, ARENA_CAP) != LT_OK) {
        fault_set(&run.fault, LT_NO_MEMORY, "memory", "%d bytes", ARENA_CHUNK);
        return complain(&run.fault, EXIT_SOFTWARE);
    }
    int code = look(&run);
    arena_deinit(&run.arena);
    return code;
}

int main(int argc, char **argv)
{
    struct options options = {.files_count = 0};
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
