/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The log against a naive tree over its own entries, over two levels of tiles; restarts; and
 * every byte of what stands on disk, edited: each is found by a named check.
 */
#include <sys/stat.h>

#include "log_test.h"

#define FINDINGS_MAX 64

/* ---- the tree ---- */

/* Every commit of the journal again, naively. */
struct naive {
    struct log_desk *desk;
    struct leaves *leaves;
    struct lt_digest hashes[1024];
    uint32_t count;
    uint64_t next;
};

static enum lt_status naive_take(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct naive *naive = context;
    struct record record;
    (void)first;
    assert_int_equal(record_read(bytes, &record, NULL), LT_OK);
    assert_int_equal(leaves_make(naive->leaves, &record), LT_OK);
    naive->next = record.first + record.count;
    if (naive->leaves->count > 0) {
        struct commit_entry entry = {
            record.first, naive->leaves->count,
            merkle_root(naive->desk->digester, naive->leaves->hashes, naive->leaves->count)};
        uint8_t entry_bytes[COMMIT_BYTES];
        commit_entry_write(entry_bytes, &entry);
        naive->hashes[naive->count++] =
            merkle_leaf(naive->desk->digester, run_of(entry_bytes, COMMIT_BYTES));
    }
    return LT_OK;
}

static void naive_make(struct naive *naive, struct log_desk *desk)
{
    memset(naive, 0, sizeof(*naive));
    naive->desk = desk;
    naive->next = 1;
    assert_int_equal(leaves_open(&naive->leaves), LT_OK);
    desk_names(NULL, naive->leaves);
    while (desk->door.view(desk->door.self, naive->next, naive_take, naive) == LT_OK) {
    }
    leaves_close(&naive->leaves);
}

static void every_commit_is_in(struct log_desk *desk, const struct naive *naive,
                               const struct merkle_head *head)
{
    struct merkle_path path;
    for (uint64_t index = 0; index < head->size; index += 1 + head->size / 60) {
        assert_int_equal(log_path(desk->log, index, &path, &desk->fault), LT_OK);
        assert_int_equal(merkle_path_check(desk->digester, &naive->hashes[index], index, head->size,
                                           path.nodes, path.count, &head->root),
                         LT_OK);
    }
}

static void as_the_naive_tree(void **state)
{
    (void)state;
    struct log_desk desk;
    static struct naive naive;
    desk_open(&desk);
    desk_epoch(&desk); /* no leaves: no commit */
    assert_int_equal(desk_log(&desk), LT_OK);
    uint64_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 513, 700};
    struct merkle_head before = {0, merkle_root(desk.digester, NULL, 0)};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        desk_records(&desk, (uint32_t)(sizes[i] - desk.made), 1);
        desk_follow(&desk);
        assert_true(log_unsigned(desk.log));
        assert_int_equal(log_sign(desk.log, 1790000000000, &desk.fault), LT_OK);
        assert_false(log_unsigned(desk.log));
        naive_make(&naive, &desk);
        struct checkpoint checkpoint;
        struct note_trust trust = desk_trust(&desk);
        assert_int_equal(checkpoint_open(log_checkpoint(desk.log), &trust, &checkpoint), LT_OK);
        assert_int_equal(checkpoint.head.size, sizes[i]);
        assert_int_equal(checkpoint.position, journal_durable(desk.journal));
        struct lt_digest root = merkle_root(desk.digester, naive.hashes, naive.count);
        assert_true(digest_equal(&checkpoint.head.root, &root));
        struct merkle_path path;
        assert_int_equal(log_consistency(desk.log, before.size, &path, &desk.fault), LT_OK);
        assert_int_equal(merkle_consistency_check(desk.digester, &before, &checkpoint.head,
                                                  path.nodes, path.count),
                         LT_OK);
        every_commit_is_in(&desk, &naive, &checkpoint.head);
        before = checkpoint.head;
        /* Opened anew it stands where it stood. */
        assert_int_equal(desk_log(&desk), LT_OK);
        assert_int_equal(log_size(desk.log), sizes[i]);
        assert_false(log_unsigned(desk.log));
    }
    struct merkle_path path;
    assert_int_equal(log_path(desk.log, 700, &path, &desk.fault), LT_NOT_FOUND);
    assert_int_equal(log_consistency(desk.log, 701, &path, &desk.fault), LT_NOT_FOUND);
    desk_close(&desk);
}

static void each_lie_has_its_code(const struct receipts *told, const struct note_trust *trusted)
{
    const struct receipts receipts = *told;
    const struct receipt_item *items = told->items;
    struct note_trust trust = *trusted;
    struct checkpoint checkpoint;
    struct receipts lie = receipts;
    lie.items = (struct receipt_item[]){
        {0, items[1].leaf}, {2, items[0].leaf}, items[2]}; /* paths of other leaves */
    assert_int_equal(receipts_check(&lie, &trust, &checkpoint), LT_PATH_WRONG);
    lie = receipts;
    lie.log_path.size -= 32; /* truncated */
    assert_int_equal(receipts_check(&lie, &trust, &checkpoint), LT_PATH_LENGTH);
    lie = receipts;
    lie.nodes.size -= 32;
    assert_int_equal(receipts_check(&lie, &trust, &checkpoint), LT_PATH_LENGTH);
    lie = receipts;
    lie.log_path.size -= 1;
    assert_int_equal(receipts_check(&lie, &trust, &checkpoint), LT_PATH_LENGTH);
    lie = receipts;
    lie.index = 1; /* another commit's place, which asks for a longer path */
    assert_int_equal(receipts_check(&lie, &trust, &checkpoint), LT_PATH_LENGTH);
    lie = receipts;
    lie.position++;
    assert_int_equal(receipts_check(&lie, &trust, &checkpoint), LT_PATH_WRONG);
    lie = receipts;
    lie.items = (struct receipt_item[]){items[0], {2, text_bytes("leaf")}, items[2]};
    assert_int_equal(receipts_check(&lie, &trust, &checkpoint), LT_RECEIPT_WRONG);
    lie = receipts;
    lie.count = 0;
    assert_int_equal(receipts_check(&lie, &trust, &checkpoint), LT_RECEIPT_WRONG);
    struct note_trust other = trust; /* of another broker */
    other.key.name = "khac.example/log";
    assert_int_equal(receipts_check(&receipts, &other, &checkpoint), LT_NOTE_FOREIGN);
}

/* A receipt as it is sent: some leaves of a commit, verified from the bytes alone. */
static void receipts_verify(void **state)
{
    (void)state;
    struct log_desk desk;
    desk_open(&desk);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 3, 9);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(log_follow(desk.log, journal_durable(desk.journal), &desk.fault), LT_OK);
    }
    const struct leaves *leaves = log_leaves(desk.log);
    assert_int_equal(leaves->count, 10);
    assert_int_equal(log_sign(desk.log, 0, &desk.fault), LT_OK);
    struct merkle_path path;
    static struct merkle_multi multi;
    const uint32_t indices[] = {0, 2, 9};
    struct receipt_item items[3];
    assert_int_equal(log_path(desk.log, 2, &path, &desk.fault), LT_OK);
    assert_int_equal(
        merkle_multi_of(desk.digester, leaves->hashes, leaves->count, indices, 3, &multi), LT_OK);
    for (int i = 0; i < 3; i++) {
        items[i] = (struct receipt_item){indices[i], leaves->items[indices[i]].bytes};
    }
    struct receipts receipts = {.checkpoint = log_checkpoint(desk.log),
                                .index = 2,
                                .position = leaves->first,
                                .leaves = leaves->count,
                                .log_path = run_of(path.nodes, path.count * 32),
                                .items = items,
                                .count = 3,
                                .nodes = run_of(multi.nodes, multi.count * 32)};
    struct note_trust trust = desk_trust(&desk);
    struct checkpoint checkpoint;
    assert_int_equal(receipts_check(&receipts, &trust, &checkpoint), LT_OK);
    struct leaf leaf;
    assert_true(leaf_read(items[0].leaf, &leaf));
    assert_int_equal(leaf.kind, LEAF_ACCEPTED);
    assert_bytes(leaf.accepted.from, "H24.1");
    assert_bytes(leaf.accepted.legs[0], "H24.15");
    assert_int_equal(leaf.accepted.legs[1].size, 0);
    assert_true(leaf_read(items[2].leaf, &leaf));
    assert_int_equal(leaf.outcome.cause, LEAF_SETTLED);
    assert_int_equal(leaf.outcome.outcome, LT_OUTCOME_TAKEN);
    each_lie_has_its_code(&receipts, &trust);
    desk_close(&desk);
}

/* Records from before there was a log have no seed and no leaves. */
static void without_a_seed(void **state)
{
    (void)state;
    struct log_desk desk;
    desk_open(&desk);
    desk_accept(&desk, 1);
    desk_commit(&desk);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_follow(&desk);
    assert_int_equal(log_size(desk.log), 0);
    assert_int_equal(log_position(desk.log), 1);
    assert_int_equal(log_sign(desk.log, 0, &desk.fault), LT_OK); /* of the empty tree */
    desk_seed(&desk);
    desk_accept(&desk, 4); /* an agency nobody has named */
    desk_commit(&desk);
    assert_int_equal(log_follow(desk.log, 3, &desk.fault), LT_AGENCY_UNKNOWN);
    desk_close(&desk);
}

/* ---- lost tiles, cuts ---- */

/* Tiles that are gone or turned are made again from a journal that is whole, to the byte. */
static void made_again(void **state)
{
    (void)state;
    struct log_desk desk;
    char path[256];
    uint8_t *before = NULL, *after = NULL;
    size_t size;
    desk_open(&desk);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 300, 1);
    desk_sign(&desk, 0);
    snprintf(path, sizeof(path), "%s/tile/0/001", desk.path);
    assert_int_equal(file_read(path, 1 << 20, &before, &size, NULL), LT_OK);
    assert_int_equal(size, 44 * 32);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(desk_log(&desk), LT_OK);
    assert_int_equal(log_size(desk.log), 300);
    desk_records(&desk, 1, 1);
    desk_sign(&desk, 0);
    assert_int_equal(file_read(path, 1 << 20, &after, &size, NULL), LT_OK);
    assert_int_equal(size, 45 * 32);
    assert_memory_equal(before, after, 44 * 32);
    free(before);
    free(after);
    /* A journal that was cut cannot: the start is refused. */
    assert_int_equal(desk.door.cut(desk.door.self, 40, &desk.fault), LT_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(desk_log(&desk), LT_LOG_DAMAGED);
    desk_close(&desk);
}

/* A cut changes nothing for tiles that are there. */
static void cut(void **state)
{
    (void)state;
    struct log_desk desk;
    struct merkle_path path;
    desk_open(&desk);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 300, 1);
    desk_sign(&desk, 0);
    assert_int_equal(desk.door.cut(desk.door.self, journal_durable(desk.journal), &desk.fault),
                     LT_OK);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 5, 1);
    desk_sign(&desk, 0);
    assert_int_equal(log_path(desk.log, 7, &path, &desk.fault), LT_OK);
    assert_int_equal(log_consistency(desk.log, 299, &path, &desk.fault), LT_OK);
    desk_close(&desk);
}

/* ---- every byte ---- */

struct found {
    uint32_t count;
    char what[FINDINGS_MAX][16];
};

static void found_take(void *context, const struct log_finding *finding)
{
    struct found *found = context;
    if (found->count < FINDINGS_MAX) {
        text_copy(found->what[found->count++], 16, text_bytes(finding->what));
    }
}

static struct log_verify_report look(struct log_desk *desk, struct found *found)
{
    memset(found, 0, sizeof(*found));
    struct log_verify_report report = desk_verify(desk, found_take, found);
    assert_int_equal(report.findings, found->count);
    return report;
}

static enum lt_status log_with(struct log_desk *desk, const char *path, const char *next_path)
{
    return desk_log_with(desk, desk_options(desk), path, next_path);
}

static uint32_t signatures(const struct log_desk *desk)
{
    struct note note;
    assert_int_equal(note_read(log_checkpoint(desk->log), &note), LT_OK);
    return note.count;
}

/* One key, both, the other: the same statement is signed again when the keys are others, and only
 * then; a key that comes without a time for both is foreign. */
static void from_key_to_key(void **state)
{
    (void)state;
    struct log_desk desk;
    char next_path[160], public_path[160];
    struct public_key *next = NULL;
    struct checkpoint before, after;
    desk_open(&desk);
    struct note_trust old = desk_trust(&desk);
    snprintf(next_path, sizeof(next_path), "%s/log-2.key", desk.folder);
    snprintf(public_path, sizeof(public_path), "%s/log-2.pem", desk.folder);
    assert_int_equal(signer_make_file(SIGN_ED25519, 0, next_path, public_path, &desk.fault), LT_OK);
    assert_int_equal(public_key_from_file(public_path, &next, &desk.fault), LT_OK);
    struct note_trust new = {desk.digester, desk.checker, {LOG_NAME, next}};
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 20, 1);
    desk_sign(&desk, 1790000000000);
    assert_int_equal(checkpoint_open(log_checkpoint(desk.log), &old, &before), LT_OK);
    assert_int_equal(log_with(&desk, next_path, NULL), LT_LOG_DAMAGED);
    assert_int_equal(log_with(&desk, desk.key_path, desk.key_path), LT_CONFIG_BAD);

    for (int i = 0; i < 2; i++) {
        assert_int_equal(log_with(&desk, desk.key_path, next_path), LT_OK);
        assert_int_equal(signatures(&desk), 2);
        assert_int_equal(checkpoint_open(log_checkpoint(desk.log), &old, &after), LT_OK);
        assert_int_equal(checkpoint_open(log_checkpoint(desk.log), &new, &after), LT_OK);
        assert_memory_equal(&after, &before, sizeof(before));
        assert_false(log_unsigned(desk.log));
    }
    desk_records(&desk, 5, 1);
    desk_sign(&desk, 1790000001000);
    assert_int_equal(signatures(&desk), 2);

    assert_int_equal(log_with(&desk, next_path, NULL), LT_OK);
    assert_int_equal(signatures(&desk), 1);
    assert_int_equal(checkpoint_open(log_checkpoint(desk.log), &old, &after), LT_NOTE_FOREIGN);
    assert_int_equal(log_with(&desk, desk.key_path, NULL), LT_LOG_DAMAGED); /* no way back */
    assert_int_equal(log_with(&desk, next_path, NULL), LT_OK);

    /* All of it verifies by the new key, and by the old one as far as that goes. */
    struct found found;
    struct public_key *first = desk.key;
    desk.key = next;
    struct log_verify_report report = look(&desk, &found);
    assert_int_equal(found.count, 0);
    assert_int_equal(report.checkpoints, 4);
    desk.key = first;
    public_key_close(&next);
    desk_close(&desk);
}

static bool has(const struct found *found, const char *what)
{
    for (uint32_t i = 0; i < found->count; i++) {
        if (strcmp(found->what[i], what) == 0) {
            return true;
        }
    }
    return false;
}

static void flip(const char *path, off_t at, uint8_t bit)
{
    uint8_t byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= bit;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void every_byte(void **state)
{
    (void)state;
    struct log_desk desk;
    struct found found;
    static const struct {
        const char *file;
        off_t step;
        const char *whats[3];
    } files[] = {
        {"tile/0/000", 41, {"hash"}},        {"tile/0/001", 7, {"root"}},
        {"tile/1/000", 1, {"root"}},         {"tile/entries/000", 97, {"entry"}},
        {"tile/entries/001", 11, {"entry"}}, {"checkpoints", 1, {"frame", "note", "order"}},
    };
    desk_open(&desk);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 200, 1);
    desk_sign(&desk, 1790000000000);
    desk_records(&desk, 70, 1);
    desk_sign(&desk, 1790000001000);
    struct log_verify_report report = look(&desk, &found);
    assert_int_equal(report.findings, 0);
    assert_int_equal(report.commits, 270);
    assert_int_equal(report.compared, 270);
    assert_int_equal(report.checkpoints, 2);
    for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
        char path[256];
        uint8_t *bytes = NULL;
        size_t size;
        snprintf(path, sizeof(path), "%s/%s", desk.path, files[f].file);
        assert_int_equal(file_read(path, 1 << 20, &bytes, &size, NULL), LT_OK);
        free(bytes);
        for (off_t at = 0; at < (off_t)size; at += files[f].step) {
            uint8_t bit = (uint8_t)(1 << (at % 8));
            flip(path, at, bit);
            look(&desk, &found);
            bool named = false;
            for (int w = 0; w < 3 && files[f].whats[w] != NULL; w++) {
                named = named || has(&found, files[f].whats[w]);
            }
            if (!named) {
                fail_msg("%s byte %ld: %u findings, first %s", files[f].file, (long)at, found.count,
                         found.what[0]);
            }
            flip(path, at, bit);
        }
    }
    /* And the journal: a leaf that is not what was logged. */
    backend_memory_damage(desk.twin, journal_durable(desk.journal) - 30, 8 * 400);
    look(&desk, &found);
    assert_true(has(&found, "journal"));
    desk_close(&desk);
}

/* Checkpoints that a crash cut short are taken off; what was issued stands. */
static void cut_short(void **state)
{
    (void)state;
    struct log_desk desk;
    struct found found;
    char path[256];
    struct stat info;
    desk_open(&desk);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 3, 1);
    desk_sign(&desk, 0);
    snprintf(path, sizeof(path), "%s/checkpoints", desk.path);
    assert_int_equal(stat(path, &info), 0);
    desk_records(&desk, 3, 1);
    desk_sign(&desk, 0);
    for (off_t left = info.st_size + 1; left < info.st_size + 200; left += 13) {
        assert_int_equal(truncate(path, left), 0);
        look(&desk, &found);
        assert_true(has(&found, "frame"));
        assert_int_equal(desk_log(&desk), LT_OK);
        assert_int_equal(log_size(desk.log), 3);
        desk_follow(&desk);
        assert_int_equal(log_size(desk.log), 6);
        assert_int_equal(log_sign(desk.log, 0, &desk.fault), LT_OK);
        look(&desk, &found);
        assert_int_equal(found.count, 0);
    }
    desk_close(&desk);
}

/* A tile that filled is written before anything is signed for it: stopped there, the log is
 * in order, and what is added later takes that place. */
static void beyond_what_is_signed(void **state)
{
    (void)state;
    struct log_desk desk;
    struct found found;
    char path[256];
    struct stat info;
    desk_open(&desk);
    snprintf(path, sizeof(path), "%s/tile/0/001", desk.path);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 510, 1);
    desk_sign(&desk, 0);
    desk_records(&desk, 3, 1);
    desk_follow(&desk);
    log_store_close(&desk.log);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 256 * 32);
    struct log_verify_report report = look(&desk, &found);
    assert_int_equal(found.count, 0);
    assert_int_equal(report.commits, 510);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_sign(&desk, 0);
    report = look(&desk, &found);
    assert_int_equal(found.count, 0);
    assert_int_equal(report.compared, 513);

    /* No tile is longer than full. */
    assert_int_equal(truncate(path, 256 * 32 + 1), 0);
    look(&desk, &found);
    assert_true(has(&found, "length"));
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_naive_tree),
        cmocka_unit_test(receipts_verify),
        cmocka_unit_test(without_a_seed),
        cmocka_unit_test(made_again),
        cmocka_unit_test(cut),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(beyond_what_is_signed),
        cmocka_unit_test(from_key_to_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
