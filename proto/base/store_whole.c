/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Was the file of a store cut short? LMDB does not ask: it maps the file, and the first look at a
 * page behind its end ends the process with a bus error. What the store counts as used is in its
 * file whenever a commit lasts, because room is taken before it writes (room.c); so a shorter file
 * is one that something else has cut: a copy that broke off, a disk that was full under rsync, a
 * repaired file system.
 *
 * Limits: a store of STORE_UNSAFE_NO_SYNC takes no room, and its last pages may be free ones that
 * were never written, so it is not asked. A file that is cut while it is open still ends in a bus
 * error.
 */
#include <string.h>
#include <sys/stat.h>

#include "store.h"

enum lt_status store_whole(struct store *store, const char *path, struct fault *fault)
{
    struct store_stat used;
    struct stat info;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    store_stat(store, &used); /* first: a writer in another process only makes the file longer */
    if (stat(path, &info) != 0) {
        return fault_set(fault, LT_IO, name, "its size cannot be told");
    }
    return (uint64_t)info.st_size >= used.used_bytes
               ? LT_OK
               : fault_set(fault, LT_DAMAGED, name, "cut short: %lld of %llu bytes",
                           (long long)info.st_size, (unsigned long long)used.used_bytes);
}
