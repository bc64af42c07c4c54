/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Evidence that is whole is proven to the last finding, and the same bytes every time. Everything
 * that can be changed about it is found, by its own name: by a forger who cannot remake the index,
 * and by one who can.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "evidence_world.h"

static struct evidence_world world;

static int setup(void **state)
{
    (void)state;
    world_open(&world, SIGN_ECDSA_P256);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

static void expect_all_proven(void)
{
    if (world.report.counts[EVIDENCE_WRONG] + world.report.counts[EVIDENCE_UNPROVEN] != 0) {
        world_print(&world);
        fail();
    }
}

/* -- what is whole ---------------------------------------------------------------------------- */

static void whole(void **state)
{
    (void)state;
    struct lt_bytes first = world_tar(&world);
    struct lt_bytes second = world_tar(&world);
    assert_true(bytes_equal(first, second));
    world_judge(&world, first);
    expect_all_proven();
    /* archive, index, files, checkpoint, two stamps; two of: receipts, parcel, seal, key, time */
    assert_int_equal(world.report.counts[EVIDENCE_PROVEN], 6 + 2 * 6);
}

static void whole_with_another_axis_key(void **state)
{
    (void)state;
    struct evidence_world other;
    world_open(&other, SIGN_ED25519);
    world_judge(&other, world_tar(&other));
    if (other.report.counts[EVIDENCE_PROVEN] != 18) {
        world_print(&other);
        fail();
    }
    world_close(&other);
}

static void nobody_is_believed(void **state)
{
    (void)state;
    world_judge_as(&world, world_tar(&world), NULL);
    assert_int_equal(world.report.counts[EVIDENCE_WRONG], 0);
    world_expect(&world, CHECKPOINT, UNPROVEN, "no-trust");
    world_expect(&world, ACCEPTED, UNPROVEN, "no-checkpoint");
    world_expect(&world, PARCEL, UNPROVEN, "no-checkpoint");
    world_expect(&world, SEAL, PROVEN, "");
    world_expect(&world, KEY, UNPROVEN, "no-trust");
    world_expect(&world, TIMESTAMP, UNPROVEN, "no-trust");
    world_expect(&world, TIME, UNPROVEN, "no-timestamp");
}

static void body_left_out(void **state)
{
    (void)state;
    struct evidence_transfer *transfer = &world.transfers[0];
    transfer->body_size = transfer->body.size;
    transfer->body_left_out = true;
    transfer->body = (struct lt_bytes){0};
    world_judge(&world, world_tar(&world));
    assert_int_equal(world.report.counts[EVIDENCE_WRONG], 0);
    assert_int_equal(world.report.counts[EVIDENCE_UNPROVEN], 1);
    world_expect(&world, PARCEL, UNPROVEN, "body-left-out");
    transfer->body_size++; /* the seal says how long it was */
    world_judge(&world, world_tar(&world));
    world_expect(&world, SEAL, WRONG, "path-wrong");
}

static void not_sealed(void **state)
{
    (void)state;
    world.transfers[1].sealed = false;
    world.transfers[1].key = (struct lt_bytes){0};
    world_judge(&world, world_tar(&world));
    world_expect(&world, SEAL, WRONG, "seal-missing"); /* it was, as the axis says */
    world_log(&world);
    world_evidence(&world);
    world_judge(&world, world_tar(&world));
    assert_int_equal(world.report.counts[EVIDENCE_WRONG], 0);
    world_expect(&world, SEAL, UNPROVEN, "no-seal");
}

static void without_receipts(void **state)
{
    (void)state;
    world.transfers[0].receipts_count = 0;
    world_judge(&world, world_tar(&world));
    assert_int_equal(world.report.counts[EVIDENCE_WRONG], 0);
    world_expect(&world, ACCEPTED, UNPROVEN, "no-receipt");
    world_expect(&world, PARCEL, UNPROVEN, "no-receipt");
    world_expect(&world, KEY, UNPROVEN, "no-receipt");
    world.transfers[1].receipts[0] = world.transfers[1].receipts[1];
    world.transfers[1].receipts_count = 1;
    world_judge(&world, world_tar(&world));
    world_expect(&world, OUTCOME, UNPROVEN, "no-receipt");
}

/* -- bytes and seals -------------------------------------------------------------------------- */

static void another_message_under_the_seal(void **state)
{
    (void)state;
    world.transfers[0].body = text_bytes("{\"chu_ho_so\": \"NGUYỄN VĂN KHÁC\"}");
    world_judge(&world, world_tar(&world));
    world_expect(&world, PARCEL, WRONG, "digest-wrong");
    world_expect(&world, SEAL, WRONG, "path-wrong");
}

static void header_and_body_swapped(void **state)
{
    (void)state;
    struct evidence_transfer *transfer = &world.transfers[0];
    struct lt_bytes header = transfer->header;
    transfer->header = transfer->body;
    transfer->body = header;
    world_judge(&world, world_tar(&world));
    world_expect(&world, PARCEL, WRONG, "header-bad");
    world_expect(&world, SEAL, WRONG, "path-wrong");
}

/* The digest runs over both as one: the seal knows where the one ends. */
static void cut_elsewhere(void **state)
{
    (void)state;
    struct evidence_transfer *transfer = &world.transfers[0];
    struct wire_both {
        uint8_t bytes[LT_HEADER_BYTES_MAX];
    } both;
    size_t header = transfer->header.size;
    memcpy(both.bytes, transfer->header.data, header);
    memcpy(both.bytes + header, transfer->body.data, transfer->body.size);
    transfer->header = (struct lt_bytes){both.bytes, header + 1};
    transfer->body = (struct lt_bytes){both.bytes + header + 1, transfer->body.size - 1};
    world_judge(&world, world_tar(&world));
    world_expect(&world, SEAL, WRONG, "path-wrong");
}

static void other_seals(void **state)
{
    (void)state;
    struct seal_proof good = world.transfers[0].seal;
    struct seal_proof *seal = &world.transfers[0].seal;
    seal->index = 2; /* the place of another; a path of that length */
    seal->path_count = 1;
    world_judge(&world, world_tar(&world));
    world_expect(&world, SEAL, WRONG, "path-wrong");
    *seal = good;
    seal->seal.batch = 4;
    world_judge(&world, world_tar(&world));
    world_expect(&world, SEAL, WRONG, "seal-bad"); /* it is under the signature */
    *seal = good;
    seal->seal.signature[20] ^= 1;
    world_judge(&world, world_tar(&world));
    world_expect(&world, SEAL, WRONG, "seal-bad");
    *seal = good;
    world.transfers[0].key = public_key_spki(world.two.public_key);
    world_judge(&world, world_tar(&world));
    world_expect(&world, SEAL, WRONG, "seal-key-unknown");
}

/* A seal that fits, and is not the one that the axis took in. */
static void sealed_again(void **state)
{
    (void)state;
    world_seal(&world, 0, &world.one, 0, 2);
    world_judge(&world, world_tar(&world));
    world_expect(&world, SEAL, WRONG, "receipt-wrong");
}

/* -- keys ------------------------------------------------------------------------------------- */

static void judge_certificate(struct lt_bytes lists)
{
    world.evidence.crls = lists;
    world.transfers[0].certificate = world_der(&world, &world.leaf);
    world_judge(&world, world_tar(&world));
}

static void certificates(void **state)
{
    (void)state;
    judge_certificate(world_list(&world, -48, 22));
    world_expect(&world, KEY, WRONG, "seal-key-revoked");
    judge_certificate(world_list(&world, 1, 22)); /* revoked when it had counted */
    expect_all_proven();
    judge_certificate(world_list(&world, 1, 0));
    expect_all_proven();
    judge_certificate((struct lt_bytes){0});
    world_expect(&world, KEY, UNPROVEN, "seal-crl-stale");
    struct lt_bytes good = world_list(&world, -48, 0);
    world_certify(&world, -100, -1);
    judge_certificate(good);
    world_expect(&world, KEY, WRONG, "seal-key-expired");
    world_certify(&world, 1, 100);
    judge_certificate(good);
    world_expect(&world, KEY, WRONG, "seal-key-not-yet-valid");
}

/* The reader's own list counts, and then no other. */
static void own_list(void **state)
{
    (void)state;
    world_write(&world, "trust/crls.pem", world_list(&world, -48, 22));
    world_judge(&world, world_tar(&world));
    world_expect(&world, KEY, WRONG, "seal-key-revoked");
}

static void foreign_certificates(void **state)
{
    (void)state;
    struct pki root = world.root;
    struct pki_wish wish = {.name = "Root khac",
                            .from = world.now_s - DAY_S,
                            .to = world.now_s + DAY_S,
                            .basic = "critical,CA:TRUE",
                            .usage = "critical,keyCertSign,cRLSign"};
    world.root = pki_make(&wish);
    world_certify(&world, -1, 1);
    judge_certificate(world_list(&world, -2, 0));
    world_expect(&world, KEY, UNPROVEN, "seal-chain");
    pki_free(&world.root);
    world.root = root;
    struct pki other = world.leaf; /* a certificate of another key */
    world.leaf = (struct pki){.key = NULL};
    world_certify(&world, -100, 100);
    judge_certificate(world_list(&world, -48, 0));
    world_expect(&world, KEY, WRONG, "certificate-of-another");
    pki_free(&other);
}

static void listed(const char *agency, const char *dates)
{
    char text[256];
    char hex[65];
    hex_write(hex, public_key_id(world.two.public_key)->bytes, 32);
    snprintf(text, sizeof(text), "%s %s %s\n", agency, hex, dates);
    world_write(&world, "trust/agencies.txt", text_bytes(text));
    world_judge(&world, world_tar(&world));
}

static void listed_keys(void **state)
{
    (void)state;
    char dates[64];
    char now[TIME_TEXT_BYTES];
    time_write(now, world_ms(&world, 0));
    listed("H24.9", "");
    world_expect(&world, KEY, WRONG, "key-of-another");
    snprintf(dates, sizeof(dates), "- 2020-01-01T00:00:00Z");
    listed(NAME_TWO, dates);
    world_expect(&world, KEY, WRONG, "seal-key-expired");
    snprintf(dates, sizeof(dates), "%s", now);
    listed(NAME_TWO, dates);
    world_expect(&world, KEY, WRONG, "seal-key-not-yet-valid");
    snprintf(dates, sizeof(dates), "2020-01-01T00:00:00Z %s", now);
    listed(NAME_TWO, dates);
    expect_all_proven();
    world_write(&world, "trust/agencies.txt",
                text_bytes("H24.9 "
                           "0000000000000000000000000000000000000000000000000000000000000000\n"));
    world_judge(&world, world_tar(&world));
    world_expect(&world, KEY, UNPROVEN, "key-not-listed");
}

static void trust_lists_read_whole(void **state)
{
    (void)state;
    struct evidence_trust *trust;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(evidence_trust_open("/nowhere", &trust, &fault), LT_NOT_FOUND);
    world_write(&world, "trust/agencies.txt", text_bytes("H24.9 0011\n"));
    assert_int_equal(evidence_trust_open(world.trust, &trust, &fault), LT_CONFIG_BAD);
    world_write(&world, "trust/agencies.txt", text_bytes("\n"));
    world_write(&world, "trust/axis.vkey", text_bytes("truc+0+AAAA\n"));
    assert_int_equal(evidence_trust_open(world.trust, &trust, &fault), LT_CONFIG_BAD);
    world_write(&world, "trust/axis.vkey", text_bytes("\n"));
    world_write(&world, "trust/agencies.pem", text_bytes("khong phai PEM\n"));
    assert_int_equal(evidence_trust_open(world.trust, &trust, &fault), LT_CONFIG_BAD);
}

/* -- the log ---------------------------------------------------------------------------------- */

static void other_paths(void **state)
{
    (void)state;
    struct evidence_receipt good = world.transfers[0].receipts[0];
    struct evidence_receipt *receipt = &world.transfers[0].receipts[0];
    receipt->proof.in_log = world_place(&world, world.commits, COMMITS, 3);
    world_judge(&world, world_tar(&world));
    world_expect(&world, ACCEPTED, WRONG, "path-wrong");
    *receipt = good;
    receipt->proof.in_commit = world_place(&world, world.hashes[2], LEAVES, 0);
    world_judge(&world, world_tar(&world));
    world_expect(&world, ACCEPTED, WRONG, "path-wrong");
    *receipt = good;
    receipt->proof.in_log = world_place(&world, world.commits, STAMPED, 2);
    world_judge(&world, world_tar(&world));
    world_expect(&world, ACCEPTED, WRONG, "path-length");
    *receipt = good;
    receipt->position++;
    world_judge(&world, world_tar(&world));
    world_expect(&world, ACCEPTED, WRONG, "other-size");
}

static void other_receipts(void **state)
{
    (void)state;
    struct evidence_receipt *receipts = world.transfers[0].receipts;
    receipts[1] = world_receipt(&world, 8, 1); /* an outcome of the other transfer */
    world_judge(&world, world_tar(&world));
    world_expect(&world, OUTCOME, WRONG, "other-transfer");
    receipts[1] = world_receipt(&world, 5, 2); /* the acceptance of the other transfer */
    world_judge(&world, world_tar(&world));
    world_expect(&world, ACCEPTED, WRONG, "other-transfer");
    struct leaf leaf = world_accepted(&world, 0, 5, 1, -2); /* in the log twice */
    world_leaf(&world, 5, 1, &leaf);
    world.hashes[5][1] = merkle_leaf(world.digester, world.leaves[5][1]);
    receipts[1] = world_receipt(&world, 5, 1);
    world_judge(&world, world_tar(&world));
    world_expect(&world, ACCEPTED, WRONG, "accepted-twice");
}

/* What an axis that kept another book says of the same transfer. */
static void receipt_of_another_broker(void **state)
{
    (void)state;
    struct lt_bytes checkpoint = world.evidence.checkpoint;
    struct leaf leaf = world_accepted(&world, 0, 2, 1, -7);
    world_leaf(&world, 2, 1, &leaf);
    world.hashes[2][1] = merkle_leaf(world.digester, world.leaves[2][1]);
    world.entries[2].root = merkle_root(world.digester, world.hashes[2], LEAVES);
    world.transfers[0].receipts[0] = world_receipt(&world, 2, 1);
    world.evidence.checkpoint = checkpoint;
    world_judge(&world, world_tar(&world));
    world_expect(&world, ACCEPTED, WRONG, "path-wrong");
}

static void other_checkpoints(void **state)
{
    (void)state;
    struct signer stranger = world_signer(&world, SIGN_ECDSA_P256, "stranger");
    struct lt_digest commits[COMMITS];
    world.evidence.checkpoint = world_note(&world, &stranger, world.commits, COMMITS);
    world_judge(&world, world_tar(&world));
    world_expect(&world, CHECKPOINT, WRONG, "note-foreign");
    world_expect(&world, ACCEPTED, UNPROVEN, "no-checkpoint");
    memcpy(commits, world.commits, sizeof(commits)); /* a fork of the axis' own */
    commits[9].bytes[0] ^= 1;
    world.evidence.checkpoint = world_note(&world, &world.axis, commits, COMMITS);
    world_judge(&world, world_tar(&world));
    world_expect(&world, CHECKPOINT, PROVEN, "");
    world_expect(&world, ACCEPTED, WRONG, "path-wrong");
    world_expect(&world, TIMESTAMP, WRONG, "other-log");
    world.evidence.checkpoint = world_note(&world, &world.axis, world.commits, 10);
    world_judge(&world, world_tar(&world));
    world_expect(&world, CHECKPOINT, WRONG, "other-size");
    signer_close(&stranger);
}

/* Signed by the key it brings along, which is not the one that is believed. */
static void key_of_its_own(void **state)
{
    (void)state;
    struct signer stranger = world_signer(&world, SIGN_ECDSA_P256, "stranger");
    struct note_key key = {AXIS_NAME, stranger.public_key};
    world.evidence.checkpoint = world_note(&world, &stranger, world.commits, COMMITS);
    world_judge_as(&world, world_tar(&world), NULL);
    world_expect(&world, CHECKPOINT, WRONG, "note-foreign");
    assert_true(note_vkey_write(world.evidence.vkey, world.digester, &key));
    world.evidence.axis_key = public_key_spki(stranger.public_key);
    world.evidence.stamps_count = 0;
    world_judge_as(&world, world_tar(&world), NULL);
    assert_int_equal(world.report.counts[EVIDENCE_WRONG], 0);
    world_judge(&world, world_tar(&world));
    world_expect(&world, CHECKPOINT, WRONG, "note-foreign");
    signer_close(&stranger);
}

/* -- files ------------------------------------------------------------------------------------ */

static void other_files(void **state)
{
    (void)state;
    struct unpacked files = world_unpack(&world, world_tar(&world));
    struct tar_entry extra = {.content = text_bytes("x\n")};
    struct unpacked good = {arena_alloc(&world.arena, 128 * sizeof(struct tar_entry)), files.count};
    memcpy(good.entries, files.entries, files.count * sizeof(struct tar_entry));
    snprintf(extra.name, sizeof(extra.name), "transfers/ghi-chu.txt");
    files.entries[files.count++] = extra;
    world_judge(&world, world_pack(&world, &files));
    world_expect(&world, INDEX, WRONG, "not-listed");
    world_judge(&world, world_pack_again(&world, &files));
    world_expect(&world, FILES, WRONG, "extra");
    assert_false(world_saw(&world, EVIDENCE_INDEX, EVIDENCE_WRONG, "not-listed"));
    memcpy(files.entries, good.entries, good.count * sizeof(struct tar_entry));
    files.count = good.count - 1; /* the last one: a seal's signature */
    world_judge(&world, world_pack(&world, &files));
    world_expect(&world, INDEX, WRONG, "missing");
    world_judge(&world, world_pack_again(&world, &files));
    world_expect(&world, FILES, WRONG, "missing");
    world_entry(&good, "receipts/00000000000000000203.txt")->content = text_bytes("khac\n");
    world_judge(&world, world_pack(&world, &good));
    world_expect(&world, INDEX, WRONG, "digest");
    world_judge(&world, world_pack_again(&world, &good));
    world_expect(&world, FILES, WRONG, "not-read");
}

static void seal_in_parts(void **state)
{
    (void)state;
    struct unpacked files = world_unpack(&world, world_tar(&world));
    struct tar_entry *message = world_entry(&files, "seal.message");
    *message = files.entries[--files.count];
    world_judge(&world, world_pack_again(&world, &files));
    world_expect(&world, FILES, WRONG, "alone");
    world_expect(&world, SEAL, WRONG, "seal-missing");
}

static void listed_twice(void **state)
{
    (void)state;
    char text[16384];
    struct unpacked files = world_unpack(&world, world_tar(&world));
    struct tar_entry *index = world_entry(&files, "index.sha256");
    const uint8_t *end = memchr(index->content.data, '\n', index->content.size);
    size_t line = (size_t)(end - index->content.data) + 1;
    memcpy(text, index->content.data, line);
    memcpy(text + line, index->content.data, index->content.size);
    index->content = (struct lt_bytes){(const uint8_t *)text, line + index->content.size};
    world_judge(&world, world_pack(&world, &files));
    world_expect(&world, INDEX, WRONG, "listed-twice");
}

/* A path cut short, an entry with another place, Base64 of another form: no text of a proof. */
static void other_texts(void **state)
{
    (void)state;
    struct lt_bytes tar = world_tar(&world);
    static const char *const names[] = {"00000000000000000203.txt", "seal.path.txt",
                                        "00000000000000000006.consistency.txt"};
    for (size_t i = 0; i < 3; i++) {
        struct unpacked files = world_unpack(&world, tar);
        struct tar_entry *entry = world_entry(&files, names[i]);
        size_t cut = entry->content.size - 1;
        while (entry->content.data[cut - 1] != '\n') {
            cut--;
        }
        entry->content.size = cut;
        world_judge(&world, world_pack_again(&world, &files));
        world_expect(&world, FILES, WRONG, "not-read");
    }
}

/* -- every byte ------------------------------------------------------------------------------- */

static void small_world(void)
{
    world.evidence.transfers = &world.transfers[1];
    world.evidence.transfers_count = 1;
    world.evidence.stamps_count = 0;
    world.evidence.crls = (struct lt_bytes){0};
}

/* A sanitizer makes it minutes: then one byte in thirteen. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BYTE_STEP 13
#else
#define BYTE_STEP 1
#endif

static void every_byte(void **state)
{
    (void)state;
    uint32_t by[EVIDENCE_CHECKS_END] = {0};
    small_world();
    struct lt_bytes tar = world_tar(&world);
    uint8_t *copy = arena_alloc(&world.arena, tar.size);
    memcpy(copy, tar.data, tar.size);
    struct unpacked files = world_unpack(&world, tar);
    struct lt_bytes readme = world_entry(&files, "README.txt")->content;
    size_t prose = (size_t)(readme.data - tar.data);
    uint32_t tried = 0;
    for (size_t i = 0; i < tar.size; i += BYTE_STEP, tried++) {
        if (i > prose && i < prose + readme.size - 64) {
            i += 36; /* one long file: the rest of it is found as these are */
        }
        copy[i] ^= (uint8_t)(1u << (i % 8));
        world_judge_as(&world, (struct lt_bytes){copy, tar.size}, NULL);
        copy[i] = tar.data[i];
        for (uint32_t k = 0; k < world.seen_count; k++) {
            if (world.seen[k].result == EVIDENCE_WRONG) {
                by[world.seen[k].check]++;
                break;
            }
        }
        if (world.report.counts[EVIDENCE_WRONG] == 0) {
            fail_msg("byte %zu of %zu was not found", i, tar.size);
        }
    }
    print_message("%zu bytes: archive %u, index %u\n", tar.size, by[EVIDENCE_ARCHIVE],
                  by[EVIDENCE_INDEX]);
    assert_int_equal(by[EVIDENCE_ARCHIVE] + by[EVIDENCE_INDEX], tried);
}

/* The first check that finds a turned bit of one byte. */
static enum evidence_check check_changed(struct unpacked *files, struct tar_entry *entry, size_t at)
{
    uint8_t changed[8192];
    uint8_t index[8192];
    uint8_t out[65536];
    struct tar_entry *listed = world_entry(files, "index.sha256");
    struct lt_bytes content = entry->content;
    struct lt_bytes good = listed->content;
    char hex[65];
    assert_true(content.size <= sizeof(changed) && good.size <= sizeof(index));
    memcpy(changed, content.data, content.size);
    changed[at] ^= (uint8_t)(1u << (at % 8));
    memcpy(index, good.data, good.size);
    entry->content.data = changed;
    struct lt_digest digest = digest_of(world.digester, entry->content);
    hex_write(hex, digest.bytes, sizeof(digest.bytes));
    uint8_t *line = memmem(index, good.size, entry->name, strlen(entry->name));
    memcpy(line - 66, hex, 64);
    listed->content.data = index;
    size_t size = tar_size(files->entries, files->count);
    assert_in_range(size, 1, sizeof(out));
    tar_write(out, files->entries, files->count);
    world_judge(&world, (struct lt_bytes){out, size});
    entry->content = content;
    listed->content = good;
    for (uint32_t i = 0; i < world.seen_count; i++) {
        if (world.seen[i].result == EVIDENCE_WRONG) {
            return world.seen[i].check;
        }
    }
    return EVIDENCE_CHECKS_END;
}

/* By a forger who makes a new index: only README.txt is nobody's word. */
static void every_byte_with_a_new_index(void **state)
{
    (void)state;
    uint32_t by[EVIDENCE_CHECKS_END] = {0};
    small_world();
    struct lt_bytes tar = world_tar(&world);
    struct unpacked files = world_unpack(&world, tar);
    for (uint32_t f = 0; f < files.count; f++) {
        struct lt_bytes content = files.entries[f].content;
        bool skip = strcmp(files.entries[f].name, "README.txt") == 0 ||
                    strcmp(files.entries[f].name, "index.sha256") == 0;
        for (size_t i = 0; i < content.size && !skip; i += BYTE_STEP) {
            enum evidence_check check = check_changed(&files, &files.entries[f], i);
            if (check == EVIDENCE_CHECKS_END) {
                fail_msg("byte %zu of %s was not found", i, files.entries[f].name);
            }
            by[check]++;
        }
    }
    for (enum evidence_check check = EVIDENCE_ARCHIVE; check < EVIDENCE_CHECKS_END; check++) {
        print_message("%s %u\n", evidence_check_name(check), by[check]);
    }
    assert_int_equal(by[EVIDENCE_ARCHIVE] + by[EVIDENCE_INDEX], 0);
    assert_true(by[EVIDENCE_FILES] > 0 && by[EVIDENCE_CHECKPOINT] > 0 && by[EVIDENCE_PARCEL] > 0 &&
                by[EVIDENCE_SEAL] > 0 && by[EVIDENCE_ACCEPTED] > 0 && by[EVIDENCE_OUTCOME] > 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(whole),
        CASE(whole_with_another_axis_key),
        CASE(nobody_is_believed),
        CASE(body_left_out),
        CASE(not_sealed),
        CASE(without_receipts),
        CASE(another_message_under_the_seal),
        CASE(header_and_body_swapped),
        CASE(cut_elsewhere),
        CASE(other_seals),
        CASE(sealed_again),
        CASE(certificates),
        CASE(own_list),
        CASE(foreign_certificates),
        CASE(listed_keys),
        CASE(trust_lists_read_whole),
        CASE(other_paths),
        CASE(other_receipts),
        CASE(receipt_of_another_broker),
        CASE(other_checkpoints),
        CASE(key_of_its_own),
        CASE(other_files),
        CASE(seal_in_parts),
        CASE(listed_twice),
        CASE(other_texts),
        CASE(every_byte),
        CASE(every_byte_with_a_new_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
