/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The page of a trail. It is written by one thread and by the signal handler of the same process,
 * read once at the next start. Nothing is synced: the page has to outlive the process, not the
 * machine, because a machine that dies is no sign of a poisoned message.
 */
#include "trail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRAIL_MAGIC "LTTRAIL1"
#define TRAIL_BYTES 4096

struct page {
    char magic[8];
    volatile uint32_t place;
    volatile uint32_t agency;
    volatile uint64_t position;
    volatile int64_t crashed_ms; /* 0: no crash in this life */
    uint32_t crashes_count;
    uint32_t zero;
    struct trail_crash crashes[TRAIL_CRASHES]; /* newest last */
};
_Static_assert(sizeof(struct page) <= TRAIL_BYTES, "one page");

struct trail {
    struct page *page;
};

static enum lt_status map_file(struct trail *trail, const char *path, struct fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fault_set(fault, LT_IO, path, "open: %s", strerrordesc_np(errno));
    }
    int error = posix_fallocate(fd, 0, TRAIL_BYTES);
    void *memory = MAP_FAILED;
    if (error == 0) {
        memory = mmap(NULL, TRAIL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        error = errno;
    }
    close(fd);
    if (memory == MAP_FAILED) {
        return fault_set(fault, LT_IO, path, "map: %s", strerrordesc_np(error));
    }
    trail->page = memory;
    return LT_OK;
}

static void push_crash(struct page *page)
{
    if (page->crashes_count >= TRAIL_CRASHES) {
        memmove(&page->crashes[0], &page->crashes[1],
                (TRAIL_CRASHES - 1) * sizeof(page->crashes[0]));
        page->crashes_count = TRAIL_CRASHES - 1;
    }
    page->crashes[page->crashes_count++] = (struct trail_crash){
        .time_ms = page->crashed_ms,
        .place = page->place,
        .agency = page->agency,
        .position = page->position,
    };
}

enum lt_status trail_open(struct trail **ret_trail, const char *path, struct fault *fault)
{
    struct trail *trail = calloc(1, sizeof(*trail));
    if (trail == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "trail", "no memory");
    }
    enum lt_status status = map_file(trail, path, fault);
    struct page *page = trail->page;
    if (page == NULL) {
        free(trail);
        return status;
    }
    bool reads = memcmp(page->magic, TRAIL_MAGIC, sizeof(page->magic)) == 0 &&
                 page->crashes_count <= TRAIL_CRASHES;
    if (!reads) {
        memset(page, 0, sizeof(*page));
        memcpy(page->magic, TRAIL_MAGIC, sizeof(page->magic));
    } else if (page->crashed_ms != 0) {
        push_crash(page);
    }
    page->crashed_ms = 0;
    trail_at(trail, TRAIL_NOWHERE, 0, 0);
    *ret_trail = trail;
    return LT_OK;
}

void trail_close(struct trail **trail_p)
{
    struct trail *trail = *trail_p;
    if (trail == NULL) {
        return;
    }
    *trail_p = NULL;
    (void)munmap(trail->page, TRAIL_BYTES);
    free(trail);
}

void trail_at(struct trail *trail, enum trail_place place, uint32_t agency, uint64_t position)
{
    struct page *page = trail->page;
    page->place = place;
    page->agency = agency;
    page->position = position;
}

void trail_crashed(struct trail *trail, int64_t now_ms)
{
    trail->page->crashed_ms = now_ms;
}

/* A fold is blamed on its fact, a frame on its agency; elsewhere nobody is. */
static bool same_cause(const struct trail_crash *a, const struct trail_crash *b)
{
    if (a->place != b->place) {
        return false;
    }
    return a->place == TRAIL_FOLD ? a->position == b->position : a->agency == b->agency;
}

bool trail_loop(const struct trail *trail, int64_t now_ms, struct trail_crash *ret_cause)
{
    const struct page *page = trail->page;
    const struct trail_crash *last = &page->crashes[TRAIL_CRASHES - 1];
    if (page->crashes_count < TRAIL_CRASHES || last->place == TRAIL_NOWHERE ||
        (last->place == TRAIL_FRAME && last->agency == 0)) {
        return false;
    }
    for (uint32_t i = 0; i < TRAIL_CRASHES; i++) {
        int64_t age_ms = now_ms - page->crashes[i].time_ms;
        if (!same_cause(&page->crashes[i], last) || age_ms < 0 || age_ms > TRAIL_WINDOW_MS) {
            return false;
        }
    }
    *ret_cause = *last;
    return true;
}

void trail_forget(struct trail *trail)
{
    memset(trail->page->crashes, 0, sizeof(trail->page->crashes));
    trail->page->crashes_count = 0;
}
