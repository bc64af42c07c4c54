/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The help of ltctl: a page for each command, in both languages, from help.def. A page says what
 * the command is for, then shows it at work: whoever reads it should be able to do the job at once.
 */
#include <stdbool.h>
#include <string.h>

#include "help.h"

struct page {
    const char *words;
    const char *usage;
    const char *summary[LANGUAGES_END];
    const char *body[LANGUAGES_END];
};

static const struct page pages[] = {
#define HELP(words, usage, vi, vi_body, en, en_body) {words, usage, {vi, en}, {vi_body, en_body}},
#include "help.def"
};

#define PAGES_COUNT (sizeof(pages) / sizeof(pages[0]))

static const char *const fronts[LANGUAGES_END] = {
    "ltctl: công cụ của người vận hành trục liên thông\n\n"
    "Dùng:  ltctl LỆNH [THAM SỐ] [TÙY CHỌN]\n"
    "       ltctl LỆNH --help      giải thích và ví dụ của từng lệnh\n\n",
    "ltctl: the tool of the operators of the interconnection axis\n\n"
    "Usage:  ltctl COMMAND [ARGUMENTS] [OPTIONS]\n"
    "        ltctl COMMAND --help   explains a command, with examples\n\n",
};

static const char *const backs[LANGUAGES_END] = {
    "\nTùy chọn chung:\n"
    "  --endpoint tcp://MÁY:7760   địa chỉ của trục\n"
    "  --server-key HEX|TỆP.pub    khóa công khai của trục\n"
    "  --key TỆP.key               khóa bí mật của bạn (quyền 0600)\n"
    "  --config TỆP                thay cho ~/.config/lienthong/ltctl.yaml\n"
    "  --timeout GIÂY              chờ trả lời, mặc định 5\n"
    "  --json | --csv              cho chương trình khác đọc\n"
    "  --lang vi|en                ngôn ngữ (hoặc biến LT_LANG)\n\n"
    "Mã thoát: 0 tốt, 1 lỗi, 2 sai cách dùng, 3 không tìm thấy, 4 không liên lạc được với trục,\n"
    "          5 có sai lệch (conservation, verify, archive run)\n",
    "\nOptions of every command:\n"
    "  --endpoint tcp://HOST:7760  the broker\n"
    "  --server-key HEX|FILE.pub   the broker's public key\n"
    "  --key FILE.key              your secret key (mode 0600)\n"
    "  --config FILE               instead of ~/.config/lienthong/ltctl.yaml\n"
    "  --timeout SECONDS           to wait for an answer, 5\n"
    "  --json | --csv              for other programs\n"
    "  --lang vi|en                language (or LT_LANG)\n\n"
    "Exit codes: 0 good, 1 error, 2 usage, 3 not found, 4 the broker cannot be reached,\n"
    "            5 findings (conservation, verify, archive run)\n",
};

void help_all(FILE *stream, enum language language, const char *group)
{
    size_t group_size = strlen(group);
    fputs(fronts[language], stream);
    for (size_t i = 0; i < PAGES_COUNT; i++) {
        const struct page *page = &pages[i];
        bool inside = strncmp(page->words, group, group_size) == 0 &&
                      (group_size == 0 || page->words[group_size] == ' ');
        if (inside) {
            fprintf(stream, "  %-18s  %s\n", page->words, page->summary[language]);
        }
    }
    fputs(backs[language], stream);
}

void help_command(FILE *stream, enum language language, const char *words)
{
    for (size_t i = 0; i < PAGES_COUNT; i++) {
        const struct page *page = &pages[i];
        if (strcmp(page->words, words) == 0) {
            fprintf(stream, "%s: %s\n\n  ltctl %s\n\n%s", words, page->summary[language],
                    page->usage, page->body[language]);
            return;
        }
    }
}
