/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_DRIVERS_SPOOL_FOLDER_H
#define ADAPTERS_DRIVERS_SPOOL_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/export.h>
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Folders that others write into, perhaps over SMB: only names, sizes, times and renames are relied
 * on; no locks, no links, no notifications.
 */
#define FOLDER_PATH_BYTES 1024
#define FOLDER_FILES_MAX  8192 /* looked at in one scan */

/* How a file looks from outside. */
struct folder_mark {
    uint64_t inode;
    int64_t size;
    int64_t changed_ns;
};

struct folder_file {
    char name[256];
    struct folder_mark mark;
    bool ready;            /* stands still since the last scan, or was renamed into place */
    bool told;             /* by the caller: a passing failure was logged */
    int64_t first_seen_ms; /* monotonic */
};

/* The regular files of a folder, oldest first; dot files are passed over. */
struct folder_scan {
    struct folder_file *files;
    uint32_t count;
};

/* Scans again, comparing with what `scan` holds from the last time. LT_IO, LT_NO_MEMORY keep it. */
LT_CHECK enum lt_status folder_scan_again(struct folder_scan *scan, const char *path,
                                          int64_t now_ms);
void folder_scan_free(struct folder_scan *scan);
struct folder_file *folder_scan_find(const struct folder_scan *scan,
                                     const char *name); /* or NULL */

/* True when it is a regular file; fills the mark. */
bool folder_look(const char *path, struct folder_mark *ret_mark);
bool folder_mark_equal(const struct folder_mark *a, const struct folder_mark *b);

/* A plain file name: no separators, no leading dot, no control bytes. */
bool folder_name_safe(const char *name);
/* A name from outside made safe for Linux and Windows, cut to out_size. */
void folder_name_clean(char *out, size_t out_size, const char *name);

/* Appears whole or not at all: written under a dot name, synced, renamed over what is there. */
LT_CHECK enum lt_status folder_put(const char *path, struct lt_bytes content);
LT_CHECK enum lt_status folder_copy(const char *from, const char *to);
/* Renames over what is there; copies when the other place is another file system. */
LT_CHECK enum lt_status folder_move(const char *from, const char *to);
bool folder_exists(const char *path);
/* A file, or a folder with the files in it. */
void folder_remove(const char *path);
/* Removes what was last changed before this time. */
void folder_tidy(const char *path, int64_t before_wall_ms);

#endif
