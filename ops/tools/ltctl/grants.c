/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Lists of kinds, procedures and receivers between a registrar's text and an entry of rights. Used
 * by the command line and by import files, so that both mean the same.
 *
 * Kinds are said as what may be sent; the registry keeps what may not, so that a kind of a later
 * release is allowed until somebody says no.
 */
#include "grants.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/message.h"

#define SEPARATORS ", ;\t"
#define KINDS_ALL  ((1u << LT_KINDS_END) - 2u)

static bool is_all(const char *text)
{
    return strcmp(text, "all") == 0;
}

/* The next word, or an empty run at the end. */
static struct lt_bytes word_next(const char **at)
{
    *at += strspn(*at, SEPARATORS);
    size_t size = strcspn(*at, SEPARATORS);
    struct lt_bytes word = {(const uint8_t *)*at, size};
    *at += size;
    return word;
}

bool grants_kinds(const char *text, uint32_t *ret_denied)
{
    uint32_t allowed = is_all(text) ? KINDS_ALL : 0;
    struct lt_bytes word;
    for (const char *at = text; allowed != KINDS_ALL && (word = word_next(&at)).size > 0;) {
        enum lt_kind kind = kind_by_name(word);
        if (kind == LT_KIND_NONE) {
            return false;
        }
        allowed |= 1u << kind;
    }
    if (allowed == 0) {
        return false;
    }
    *ret_denied = KINDS_ALL & ~allowed;
    return true;
}

static bool procedure_add(struct rights *rights, struct lt_bytes word)
{
    char normal[LT_PROCEDURE_MAX + 2];
    bool open = word.data[word.size - 1] == '*';
    if (open || word.size > LT_PROCEDURE_MAX) {
        return rights_add_procedure(rights, word);
    }
    procedure_normalise(normal, sizeof(normal), word);
    return rights_add_procedure(rights, text_bytes(normal));
}

bool grants_procedures(const char *text, struct rights *rights)
{
    struct rights made = *rights;
    struct lt_bytes word;
    made.procedures_count = 0;
    memset(made.procedures, 0, sizeof(made.procedures));
    for (const char *at = text; !is_all(text) && (word = word_next(&at)).size > 0;) {
        if (!procedure_add(&made, word)) {
            return false;
        }
    }
    if (made.procedures_count == 0 && !is_all(text)) {
        return false;
    }
    rights_sort(&made);
    *rights = made;
    return true;
}

bool grants_receivers(const char *text, struct rights *rights)
{
    struct rights made = *rights;
    struct lt_bytes word;
    made.receivers_count = 0;
    memset(made.receivers, 0, sizeof(made.receivers));
    for (const char *at = text; !is_all(text) && (word = word_next(&at)).size > 0;) {
        if (!rights_add_receiver(&made, word)) {
            return false;
        }
    }
    if (made.receivers_count == 0 && !is_all(text)) {
        return false;
    }
    rights_sort(&made);
    *rights = made;
    return true;
}

/* ---- backwards ---- */

static void word_add(char *out, size_t out_size, const char *word)
{
    size_t used = strlen(out);
    size_t size = strlen(word);
    if (used + size + 2 <= out_size) {
        if (used > 0) {
            out[used++] = ',';
        }
        memcpy(out + used, word, size + 1);
    }
}

void grants_kinds_write(char *out, size_t out_size, uint32_t denied)
{
    text_copy(out, out_size, text_bytes(denied == 0 ? "all" : ""));
    for (unsigned kind = 1; denied != 0 && kind < LT_KINDS_END; kind++) {
        if ((denied >> kind & 1u) == 0) {
            word_add(out, out_size, kind_name((enum lt_kind)kind));
        }
    }
}

void grants_procedures_write(char out[GRANTS_TEXT_BYTES], const struct rights *rights)
{
    text_copy(out, GRANTS_TEXT_BYTES, text_bytes(rights->procedures_count == 0 ? "all" : ""));
    for (uint32_t i = 0; i < rights->procedures_count; i++) {
        word_add(out, GRANTS_TEXT_BYTES, rights->procedures[i]);
    }
}

void grants_receivers_write(char out[GRANTS_TEXT_BYTES], const struct rights *rights)
{
    text_copy(out, GRANTS_TEXT_BYTES, text_bytes(rights->receivers_count == 0 ? "all" : ""));
    for (uint32_t i = 0; i < rights->receivers_count; i++) {
        word_add(out, GRANTS_TEXT_BYTES, rights->receivers[i]);
    }
}
