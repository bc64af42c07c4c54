/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Entries live in chunks that appear as a sender goes on; a chunk never moves, and its pointer is
 * published before the first id of it leaves the program. Times are written by the sender before
 * the id is sent and read by a receiver after it came back; the flags are set with atomic or, since
 * a receiver may see a transfer before its sender has seen the verdict.
 */
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "book.h"

#define CHUNK_ENTRIES 4096U
#define CHUNKS_MAX    16384U /* 2^26 transfers of one sender */
#define SENDER_BITS   16
#define NUMBER_BITS   46
#define PER_MS        64 /* numbers that share one millisecond of their ids' time */

enum flag {
    FLAG_SUBMITTED = 1,
    FLAG_ACCEPTED = 2,
    FLAG_DELIVERED = 4,
    FLAG_SETTLED = 8,
};

struct entry {
    _Atomic int64_t submitted_us;
    _Atomic uint32_t flags;
};

struct shelf {
    struct entry *_Atomic chunks[CHUNKS_MAX];
};

struct book {
    uint32_t senders;
    uint16_t run;
    int64_t base_ms;
    struct shelf *shelves;
};

enum lt_status book_open(struct book **ret_book, uint32_t senders, uint16_t run, int64_t base_ms)
{
    struct book *book = calloc(1, sizeof(*book));
    if (book == NULL) {
        return LT_NO_MEMORY;
    }
    book->senders = senders;
    book->run = run & 0xfffU;
    book->base_ms = base_ms;
    book->shelves = calloc(senders, sizeof(*book->shelves));
    if (book->shelves == NULL) {
        free(book);
        return LT_NO_MEMORY;
    }
    *ret_book = book;
    return LT_OK;
}

void book_close(struct book **book_p)
{
    struct book *book = *book_p;
    if (book == NULL) {
        return;
    }
    for (uint32_t i = 0; i < book->senders; i++) {
        for (uint32_t j = 0; j < CHUNKS_MAX; j++) {
            free(atomic_load(&book->shelves[i].chunks[j]));
        }
    }
    free(book->shelves);
    free(book);
    *book_p = NULL;
}

static struct entry *find_entry(const struct book *book, uint32_t sender, uint32_t number)
{
    struct entry *chunk = atomic_load_explicit(
        &book->shelves[sender].chunks[number / CHUNK_ENTRIES], memory_order_acquire);
    return chunk == NULL ? NULL : &chunk[number % CHUNK_ENTRIES];
}

/* ---- ids --------------------------------------------------------------------------------------
 */

static void put_big(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        out[i] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t get_big(const uint8_t *in, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value = value << 8 | in[i];
    }
    return value;
}

struct lt_id book_id(const struct book *book, uint32_t sender, uint32_t number)
{
    struct lt_id id;
    int64_t time_ms = book->base_ms + number / PER_MS;
    put_big(id.bytes, (uint64_t)time_ms, 6);
    put_big(id.bytes + 6, 0x7000U | book->run, 2);
    put_big(id.bytes + 8, 2ULL << 62 | (uint64_t)sender << NUMBER_BITS | number, 8);
    return id;
}

bool book_find(const struct book *book, const struct lt_id *id, uint32_t *ret_sender,
               uint32_t *ret_number)
{
    uint64_t low = get_big(id->bytes + 8, 8);
    uint64_t sender = low >> NUMBER_BITS & ((1U << SENDER_BITS) - 1);
    uint64_t number = low & ((1ULL << NUMBER_BITS) - 1);
    if (get_big(id->bytes + 6, 2) != (0x7000U | book->run) || low >> 62 != 2 ||
        sender >= book->senders || number >= (uint64_t)CHUNKS_MAX * CHUNK_ENTRIES ||
        find_entry(book, (uint32_t)sender, (uint32_t)number) == NULL) {
        return false;
    }
    *ret_sender = (uint32_t)sender;
    *ret_number = (uint32_t)number;
    return true;
}

/* ---- entries ----------------------------------------------------------------------------------
 */

enum lt_status book_submitted(struct book *book, uint32_t sender, uint32_t number, int64_t now_us)
{
    struct entry *entry = find_entry(book, sender, number);
    if (entry == NULL) {
        struct entry *chunk = calloc(CHUNK_ENTRIES, sizeof(*chunk));
        if (chunk == NULL) {
            return LT_NO_MEMORY;
        }
        atomic_store_explicit(&book->shelves[sender].chunks[number / CHUNK_ENTRIES], chunk,
                              memory_order_release);
        entry = &chunk[number % CHUNK_ENTRIES];
    }
    if ((atomic_load(&entry->flags) & FLAG_SUBMITTED) == 0) {
        atomic_store(&entry->submitted_us, now_us);
        atomic_fetch_or(&entry->flags, FLAG_SUBMITTED);
    }
    return LT_OK;
}

/* Sets a flag of an entry that must be there; the flags before. */
static uint32_t mark(struct book *book, uint32_t sender, uint32_t number, enum flag flag)
{
    struct entry *entry = find_entry(book, sender, number);
    assert(entry != NULL);
    return atomic_fetch_or(&entry->flags, (uint32_t)flag);
}

void book_accepted(struct book *book, uint32_t sender, uint32_t number)
{
    (void)mark(book, sender, number, FLAG_ACCEPTED);
}

bool book_delivered(struct book *book, uint32_t sender, uint32_t number)
{
    return (mark(book, sender, number, FLAG_DELIVERED) & FLAG_DELIVERED) != 0;
}

int64_t book_settled(struct book *book, uint32_t sender, uint32_t number, int64_t now_us)
{
    if ((mark(book, sender, number, FLAG_SETTLED) & FLAG_SETTLED) != 0) {
        return -1;
    }
    return now_us - atomic_load(&find_entry(book, sender, number)->submitted_us);
}

bool book_is_settled(const struct book *book, uint32_t sender, uint32_t number)
{
    const struct entry *entry = find_entry(book, sender, number);
    return entry != NULL && (atomic_load(&entry->flags) & FLAG_SETTLED) != 0;
}

static void sum_chunk(struct entry *chunk, struct book_sum *sum)
{
    for (uint32_t i = 0; i < CHUNK_ENTRIES; i++) {
        uint32_t flags = atomic_load_explicit(&chunk[i].flags, memory_order_relaxed);
        sum->submitted += (flags & FLAG_SUBMITTED) != 0;
        sum->accepted += (flags & FLAG_ACCEPTED) != 0;
        sum->settled += (flags & FLAG_SETTLED) != 0;
        sum->lost += (flags & (FLAG_ACCEPTED | FLAG_SETTLED)) == FLAG_ACCEPTED;
    }
}

void book_sum(const struct book *book, struct book_sum *ret_sum)
{
    struct book_sum sum = {0};
    for (uint32_t i = 0; i < book->senders; i++) {
        for (uint32_t j = 0; j < CHUNKS_MAX; j++) {
            struct entry *chunk = atomic_load(&book->shelves[i].chunks[j]);
            if (chunk != NULL) {
                sum_chunk(chunk, &sum);
            }
        }
    }
    *ret_sum = sum;
}
