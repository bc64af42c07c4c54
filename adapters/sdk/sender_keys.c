/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A folder of keys, read whole at the start and again when a key is missing, at most every
 * SENDER_KEYS_LOOK_MS: a delivery under a new key is the moment at which somebody may have put it
 * there. A file that is no key is told and passed over; so is what goes beyond SENDER_KEYS_MAX.
 *
 * The folder says whose key it is, so an agency cannot pass another's for its own. Dates and
 * revocation are the axis' to judge at the moment of receipt; here only the signature is looked at.
 */
#include "sender_keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"

struct sender_key {
    char agency[LT_AGENCY_ID_MAX + 1];
    struct public_key *key;
};

struct sender_keys {
    char folder[300];
    struct sender_key *items;
    uint32_t count;
    uint32_t room;
    bool looked;
    int64_t looked_ms;
};

static void forget(struct sender_keys *keys)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        public_key_close(&keys->items[i].key);
    }
    keys->count = 0;
}

static bool room_for_one(struct sender_keys *keys)
{
    if (keys->count < keys->room) {
        return true;
    }
    uint32_t room = keys->room == 0 ? 64 : keys->room * 2;
    struct sender_key *items = NULL;
    if (room <= SENDER_KEYS_MAX) {
        items = realloc(keys->items, room * sizeof(*items));
    }
    if (items == NULL) {
        log_warn("sender-keys-full", "folder=%s keys=%u", keys->folder, keys->count);
        return false;
    }
    keys->items = items;
    keys->room = room;
    return true;
}

static void take_file(struct sender_keys *keys, const char *agency, const char *path)
{
    struct fault fault;
    struct public_key *key = NULL;
    fault_init(&fault);
    if (public_key_from_file(path, &key, &fault) != LT_OK) {
        log_warn("sender-key-unread", "path=%s detail=\"%s\"", path, fault.detail);
        return;
    }
    if (!room_for_one(keys)) {
        public_key_close(&key);
        return;
    }
    struct sender_key *item = &keys->items[keys->count++];
    text_copy(item->agency, sizeof(item->agency), text_bytes(agency));
    item->key = key;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size > end_size && strcmp(text + size - end_size, end) == 0;
}

static void take_agency(struct sender_keys *keys, const char *agency)
{
    char folder[600], path[900];
    snprintf(folder, sizeof(folder), "%s/%.255s", keys->folder, agency);
    DIR *files = opendir(folder);
    struct dirent *entry;
    while (files != NULL && (entry = readdir(files)) != NULL) {
        if (ends_with(entry->d_name, ".pem") || ends_with(entry->d_name, ".crt")) {
            snprintf(path, sizeof(path), "%s/%.255s", folder, entry->d_name);
            take_file(keys, agency, path);
        }
    }
    if (files != NULL) {
        closedir(files);
    }
}

static enum lt_status look(struct sender_keys *keys, struct fault *fault)
{
    DIR *agencies = opendir(keys->folder);
    struct dirent *entry;
    if (agencies == NULL) {
        return fault_set(fault, LT_CONFIG_BAD, "sender_keys", "%.100s: %s", keys->folder,
                         strerrordesc_np(errno));
    }
    forget(keys);
    while ((entry = readdir(agencies)) != NULL) {
        if (agency_id_valid(text_bytes(entry->d_name))) {
            take_agency(keys, entry->d_name);
        }
    }
    closedir(agencies);
    return LT_OK;
}

enum lt_status sender_keys_open(struct sender_keys **ret_keys, const char *folder,
                                struct fault *fault)
{
    struct sender_keys *keys = calloc(1, sizeof(*keys));
    enum lt_status status = LT_OK;
    if (keys == NULL) {
        return LT_NO_MEMORY;
    }
    if (folder != NULL && strlen(folder) >= sizeof(keys->folder)) {
        status = fault_set(fault, LT_CONFIG_BAD, "sender_keys", "the path is too long");
    } else if (folder != NULL && folder[0] != '\0') {
        text_copy(keys->folder, sizeof(keys->folder), text_bytes(folder));
        status = look(keys, fault);
    }
    if (status != LT_OK) {
        sender_keys_close(&keys);
        return status;
    }
    *ret_keys = keys;
    return LT_OK;
}

void sender_keys_close(struct sender_keys **keys_p)
{
    if (*keys_p != NULL) {
        forget(*keys_p);
        free((*keys_p)->items);
    }
    free(*keys_p);
    *keys_p = NULL;
}

static const struct public_key *find(const struct sender_keys *keys, struct lt_bytes agency,
                                     const struct lt_digest *key_id)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        if (bytes_equal(text_bytes(keys->items[i].agency), agency) &&
            digest_equal(public_key_id(keys->items[i].key), key_id)) {
            return keys->items[i].key;
        }
    }
    return NULL;
}

const struct public_key *sender_keys_find(struct sender_keys *keys, struct lt_bytes agency,
                                          const struct lt_digest *key_id, int64_t mono_ms)
{
    struct fault fault;
    const struct public_key *key = find(keys, agency, key_id);
    bool due = !keys->looked || mono_ms - keys->looked_ms >= SENDER_KEYS_LOOK_MS;
    if (key != NULL || keys->folder[0] == '\0' || !due) {
        return key;
    }
    fault_init(&fault);
    keys->looked = true;
    keys->looked_ms = mono_ms;
    if (look(keys, &fault) != LT_OK) {
        log_warn("sender-keys-unread", "detail=\"%s\"", fault.detail);
    }
    return find(keys, agency, key_id);
}
