/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The commands about one agency: add, set, show, suspend, resume, key add, key revoke. All but
 * `add` begin with the present entry and change what the options name.
 *
 * Keys: a rotation adds the new one, both are valid, then the old one is revoked; revoking is for
 * ever and cuts live sessions. Four keys are remembered, revoked ones included; the oldest revoked
 * one makes room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "moment.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define SAID_MAX       512
#define RATE_MAX       1000000
#define QUOTA_MIB_MAX  (64ULL * 1024 * 1024)
#define KEY_PREFIX_MIN 8
#define MIB            (1024ULL * 1024)

static enum exit_code value_bad(const struct ltctl *ltctl, const char *name, const char *value,
                                const char *allowed)
{
    char said[SAID_MAX];
    PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_BAD, name, value, allowed);
    return complain_usage(ltctl, said);
}

/* A text of an option into its room, when the option is there. */
static enum exit_code text_take(const struct ltctl *ltctl, enum option option, char *out,
                                size_t out_size)
{
    const char *text = ltctl->options.values[option];
    if (text == NULL) {
        return EXIT_GOOD;
    }
    if (strlen(text) >= out_size) {
        char allowed[48];
        snprintf(allowed, sizeof(allowed), "<= %zu byte", out_size - 1);
        return value_bad(ltctl, option_text(option), text, allowed);
    }
    text_copy(out, out_size, text_bytes(text));
    return EXIT_GOOD;
}

static enum exit_code id_take(const struct ltctl *ltctl, struct agency *agency)
{
    const char *id = ltctl->arguments[0];
    if (!agency_id_valid(text_bytes(id))) {
        return value_bad(ltctl, "id", id, "1..35 [0-9A-Z.]");
    }
    text_copy(agency->id, sizeof(agency->id), text_bytes(id));
    return EXIT_GOOD;
}

/* "petition,recall" as bits; "none" for no kind at all. */
static enum exit_code denied_take(const struct ltctl *ltctl, struct agency *agency)
{
    const char *at = ltctl->options.values[OPTION_DENY];
    uint32_t denied = 0;
    if (at == NULL) {
        return EXIT_GOOD;
    }
    for (bool none = strcmp(at, "none") == 0; !none && *at != '\0';) {
        size_t size = strcspn(at, ",");
        enum lt_kind kind = kind_by_name((struct lt_bytes){(const uint8_t *)at, size});
        if (kind == LT_KIND_NONE) {
            return value_bad(ltctl, "deny", at, "none, forward,result,petition ...");
        }
        denied |= 1u << kind;
        at += size + (at[size] == ',');
    }
    agency->kinds_denied = denied;
    return EXIT_GOOD;
}

enum exit_code entry_numbers_take(const struct ltctl *ltctl, struct agency *agency)
{
    uint64_t rate;
    uint64_t quota_mib;
    enum exit_code code = option_number(ltctl, OPTION_RATE, 0, RATE_MAX, agency->rate_per_s, &rate);
    if (code == EXIT_GOOD) {
        code = option_number(ltctl, OPTION_QUOTA_MIB, 0, QUOTA_MIB_MAX,
                             agency->blob_quota_bytes / MIB, &quota_mib);
    }
    if (code == EXIT_GOOD) {
        agency->rate_per_s = (uint32_t)rate;
        agency->blob_quota_bytes = ltctl->options.values[OPTION_QUOTA_MIB] != NULL
                                       ? quota_mib * MIB
                                       : agency->blob_quota_bytes;
    }
    return code;
}

enum exit_code agency_options(const struct ltctl *ltctl, struct agency *agency)
{
    const char *kind = ltctl->options.values[OPTION_KIND];
    if (kind != NULL) {
        agency->kind = agency_kind_by_name(text_bytes(kind));
        if (agency->kind == 0) {
            return value_bad(ltctl, "kind", kind, "commune, department, ministry, other");
        }
    }
    enum exit_code code = text_take(ltctl, OPTION_NAME, agency->name, sizeof(agency->name));
    if (code == EXIT_GOOD) {
        code = text_take(ltctl, OPTION_LOCALITY, agency->locality, sizeof(agency->locality));
    }
    if (code == EXIT_GOOD) {
        code = text_take(ltctl, OPTION_CONTACT, agency->contact, sizeof(agency->contact));
    }
    if (code == EXIT_GOOD) {
        code = text_take(ltctl, OPTION_SUCCESSOR, agency->successor, sizeof(agency->successor));
        /* Without a date here: at once. */
        bool named = ltctl->options.values[OPTION_SUCCESSOR] != NULL;
        agency->successor_from_ms = named ? 0 : agency->successor_from_ms;
    }
    if (code == EXIT_GOOD) {
        code = entry_numbers_take(ltctl, agency);
    }
    return code == EXIT_GOOD ? denied_take(ltctl, agency) : code;
}

static enum exit_code put_and_show(struct ltctl *ltctl, const struct agency *agency)
{
    struct output output;
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    bool dry_run = ltctl->options.values[OPTION_DRY_RUN] != NULL;
    enum exit_code code = entry_put(ltctl, agency, dry_run, &output);
    enum exit_code finished = finish(ltctl, &output, false);
    return code != EXIT_GOOD ? code : finished;
}

/* ---- keys ---- */

static enum exit_code key_take(struct ltctl *ltctl, const char *text, struct agency_key *ret_key)
{
    struct fault fault;
    fault_init(&fault);
    memset(ret_key, 0, sizeof(*ret_key));
    enum lt_status status = public_key_read(text, &ret_key->key, &fault);
    if (status != LT_OK) {
        (void)complain(ltctl, status, &fault);
        return value_bad(ltctl, "public-key", text, "64 hex / NAME.pub");
    }
    return EXIT_GOOD;
}

static enum exit_code date_take(struct ltctl *ltctl, enum option option, int64_t *ret_ms)
{
    const char *text = ltctl->options.values[option];
    if (text != NULL && !moment_read(ret_ms, text, ltctl->clock->wall_ms(ltctl->clock->self))) {
        return value_bad(ltctl, option_text(option), text, "2026-09-30, \"30/09/2026 15:00\"");
    }
    return EXIT_GOOD;
}

static enum exit_code key_enter(struct ltctl *ltctl, struct agency *agency,
                                const struct agency_key *key)
{
    if (entry_key_add(agency, key)) {
        return EXIT_GOOD;
    }
    char said[SAID_MAX];
    PHRASE_FILL(said, sizeof(said), ltctl->language, KEYS_FULL, agency->id);
    return complain_usage(ltctl, said);
}

enum exit_code run_agency_key_add(struct ltctl *ltctl)
{
    struct agency agency;
    struct agency_key key;
    enum exit_code code = key_take(ltctl, ltctl->arguments[1], &key);
    if (code == EXIT_GOOD) {
        code = date_take(ltctl, OPTION_FROM, &key.from_ms);
    }
    if (code == EXIT_GOOD) {
        code = date_take(ltctl, OPTION_TO, &key.to_ms);
    }
    if (code == EXIT_GOOD) {
        code = entry_get(ltctl, ltctl->arguments[0], true, &agency);
    }
    if (code == EXIT_GOOD) {
        code = key_enter(ltctl, &agency, &key);
    }
    return code == EXIT_GOOD ? put_and_show(ltctl, &agency) : code;
}

/* The one key that begins with these digits; NULL when none or several do. */
static struct agency_key *key_find(struct agency *agency, const char *prefix)
{
    struct agency_key *found = NULL;
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        char text[2 * sizeof(struct lt_key) + 1];
        hex_write(text, agency->keys[i].key.bytes, sizeof(agency->keys[i].key.bytes));
        if (strncasecmp(text, prefix, strlen(prefix)) == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = &agency->keys[i];
        }
    }
    return found;
}

enum exit_code run_agency_key_revoke(struct ltctl *ltctl)
{
    struct agency agency;
    const char *prefix = ltctl->arguments[1];
    struct lt_key whole;
    char digits[2 * sizeof(struct lt_key) + 1];
    if (strspn(prefix, "0123456789abcdefABCDEF") != strlen(prefix)) {
        struct agency_key key; /* a file: the whole key */
        enum exit_code read = key_take(ltctl, prefix, &key);
        if (read != EXIT_GOOD) {
            return read;
        }
        whole = key.key;
        hex_write(digits, whole.bytes, sizeof(whole.bytes));
        prefix = digits;
    }
    if (strlen(prefix) < KEY_PREFIX_MIN) {
        return value_bad(ltctl, "public-key", prefix, ">= 8 hex");
    }
    enum exit_code code = entry_get(ltctl, ltctl->arguments[0], true, &agency);
    if (code != EXIT_GOOD) {
        return code;
    }
    struct agency_key *found = key_find(&agency, prefix);
    if (found == NULL) {
        struct fault fault;
        fault_init(&fault);
        return complain(ltctl, fault_set(&fault, LT_NOT_FOUND, agency.id, "%s", prefix), &fault);
    }
    found->revoked = true;
    return put_and_show(ltctl, &agency);
}

/* ---- add, set, suspend, resume ---- */

enum exit_code run_agency_add(struct ltctl *ltctl)
{
    struct agency agency;
    struct agency known;
    memset(&agency, 0, sizeof(agency));
    agency.kind = AGENCY_COMMUNE;
    enum exit_code code = id_take(ltctl, &agency);
    if (code == EXIT_GOOD && ltctl->options.values[OPTION_NAME] == NULL) {
        code = complain_usage(ltctl, phrase(ltctl->language, PHRASE_NAME_MISSING));
    }
    if (code == EXIT_GOOD) {
        code = agency_options(ltctl, &agency);
    }
    const char *public_key = ltctl->options.values[OPTION_PUBLIC_KEY];
    if (code == EXIT_GOOD && public_key != NULL) {
        code = key_take(ltctl, public_key, &agency.keys[0]);
        agency.keys_count = 1;
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    code = entry_get(ltctl, agency.id, false, &known);
    if (code == EXIT_GOOD) {
        struct fault fault;
        fault_init(&fault);
        return complain(ltctl, fault_set(&fault, LT_EXISTS, known.id, "%s", known.name), &fault);
    }
    return code == EXIT_NOT_FOUND ? put_and_show(ltctl, &agency) : code;
}

enum exit_code run_agency_set(struct ltctl *ltctl)
{
    struct agency agency;
    enum exit_code code = entry_get(ltctl, ltctl->arguments[0], true, &agency);
    if (code == EXIT_GOOD) {
        code = agency_options(ltctl, &agency);
    }
    return code == EXIT_GOOD ? put_and_show(ltctl, &agency) : code;
}

/* From a day on, or at once; "-" takes the successor away. */
enum exit_code run_agency_successor(struct ltctl *ltctl)
{
    struct agency agency;
    const char *successor = ltctl->arguments[1];
    bool none = strcmp(successor, "-") == 0;
    int64_t from_ms = 0;
    if (!none && !agency_id_valid(text_bytes(successor))) {
        return value_bad(ltctl, "id", successor, "1..35 [0-9A-Z.]");
    }
    enum exit_code code = date_take(ltctl, OPTION_FROM, &from_ms);
    if (code == EXIT_GOOD) {
        code = entry_get(ltctl, ltctl->arguments[0], true, &agency);
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    text_copy(agency.successor, sizeof(agency.successor), text_bytes(none ? "" : successor));
    agency.successor_from_ms = none ? 0 : from_ms;
    return put_and_show(ltctl, &agency);
}

static enum exit_code suspend(struct ltctl *ltctl, bool suspended)
{
    const char *const *values = ltctl->options.values;
    struct agency agency;
    bool reason = values[OPTION_REASON] != NULL && values[OPTION_REASON][0] != '\0';
    if (!reason && values[OPTION_DRY_RUN] == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_REASON_MISSING));
    }
    enum exit_code code = entry_get(ltctl, ltctl->arguments[0], true, &agency);
    if (code != EXIT_GOOD) {
        return code;
    }
    agency.suspended = suspended;
    return put_and_show(ltctl, &agency);
}

enum exit_code run_agency_suspend(struct ltctl *ltctl)
{
    return suspend(ltctl, true);
}

enum exit_code run_agency_resume(struct ltctl *ltctl)
{
    return suspend(ltctl, false);
}

/* ---- show ---- */

static void denied_write(char *out, size_t out_size, uint32_t denied)
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned kind = 1; kind < LT_KINDS_END; kind++) {
        if ((denied >> kind & 1u) != 0 && used < out_size) {
            int size = snprintf(out + used, out_size - used, "%s%s", used > 0 ? "," : "",
                                kind_name((enum lt_kind)kind));
            used += (size_t)size;
        }
    }
}

static void agency_show(struct output *output, const struct agency *agency)
{
    char number[16];
    char rate[16];
    char quota[24];
    char denied[512];
    char from[24];
    snprintf(from, sizeof(from), "%lld", (long long)agency->successor_from_ms);
    snprintf(number, sizeof(number), "%u", agency->number);
    snprintf(rate, sizeof(rate), "%u", agency->rate_per_s);
    snprintf(quota, sizeof(quota), "%llu", (unsigned long long)agency->blob_quota_bytes);
    denied_write(denied, sizeof(denied), agency->kinds_denied);
    struct pair fields[] = {
        {text_bytes("id"), text_bytes(agency->id)},
        {text_bytes("number"), text_bytes(number)},
        {text_bytes("name"), text_bytes(agency->name)},
        {text_bytes("kind"), text_bytes(agency_kind_name(agency->kind))},
        {text_bytes("locality"), text_bytes(agency->locality)},
        {text_bytes("contact"), text_bytes(agency->contact)},
        {text_bytes("successor"), text_bytes(agency->successor)},
        {text_bytes("successor_from_ms"), text_bytes(agency->successor_from_ms != 0 ? from : "")},
        {text_bytes("suspended"), text_bytes(agency->suspended ? "1" : "0")},
        {text_bytes("paused"), text_bytes(agency->paused ? "1" : "0")},
        {text_bytes("draining"), text_bytes(agency->draining ? "1" : "0")},
        {text_bytes("rate_per_s"), text_bytes(agency->rate_per_s != 0 ? rate : "")},
        {text_bytes("blob_quota_bytes"), text_bytes(agency->blob_quota_bytes != 0 ? quota : "")},
        {text_bytes("denied"), text_bytes(denied)},
    };
    const struct row row = {fields, sizeof(fields) / sizeof(fields[0])};
    output_section(output, &columns_agency);
    output_row(output, &row);
}

static void keys_show(struct output *output, const struct agency *agency)
{
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        const struct agency_key *key = &agency->keys[i];
        char text[2 * sizeof(key->key) + 1];
        char from[24];
        char to[24];
        hex_write(text, key->key.bytes, sizeof(key->key.bytes));
        snprintf(from, sizeof(from), "%lld", (long long)key->from_ms);
        snprintf(to, sizeof(to), "%lld", (long long)key->to_ms);
        struct pair fields[] = {
            {text_bytes("public_key"), text_bytes(text)},
            {text_bytes("from_ms"), text_bytes(from)},
            {text_bytes("to_ms"), text_bytes(to)},
            {text_bytes("revoked"), text_bytes(key->revoked ? "1" : "0")},
        };
        const struct row row = {fields, sizeof(fields) / sizeof(fields[0])};
        if (i == 0) {
            output_section(output, &columns_keys);
        }
        output_row(output, &row);
    }
}

enum exit_code run_agency_show(struct ltctl *ltctl)
{
    struct agency agency;
    enum exit_code code = entry_get(ltctl, ltctl->arguments[0], true, &agency);
    if (code != EXIT_GOOD) {
        return code;
    }
    struct output output;
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    agency_show(&output, &agency);
    keys_show(&output, &agency);
    return finish(ltctl, &output, false);
}
