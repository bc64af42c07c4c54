/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_PROTO_EVIDENCE_WORLD_H
#define TESTS_UNIT_PROTO_EVIDENCE_WORLD_H

/*
 * A world that evidence comes from, small and whole: an axis with a key and a log of eleven
 * commits, two agencies with keys (one under a certificate, one listed), an authority that stamps
 * time. Two transfers: the first sealed in a batch of three, accepted in commit 2 and taken in
 * commit 5; the second sealed alone, accepted in commit 5 and refused in commit 8. Checkpoints of 6
 * and of 11 commits are stamped. Include cmocka.h first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pki_world.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/evidence_judge.h"
#include "proto/message.h"

#define AXIS_NAME "truc.example/log"
#define COMMITS   11
#define STAMPED   6
#define LEAVES    3 /* of every commit */
#define DAY_S     (24 * 3600)
#define NAME_ONE  "H24.15"
#define NAME_TWO  "H24.1"

struct seen {
    enum evidence_check check;
    enum evidence_result result;
    char why[32];
    char detail[160];
    char file[128];
    uint64_t number;
};

struct evidence_world {
    char folder[64];
    char trust[96];
    char authority[160]; /* of stamps: a PEM file */
    int64_t now_s;
    struct digester *digester;
    struct arena arena;
    struct signer axis;
    struct signer one; /* of NAME_ONE, under `leaf` */
    struct signer two; /* of NAME_TWO, listed */
    struct pki root;
    struct pki leaf;
    struct lt_bytes leaves[COMMITS][LEAVES];
    struct lt_digest hashes[COMMITS][LEAVES];
    struct commit_entry entries[COMMITS];
    struct lt_digest commits[COMMITS];
    struct evidence_transfer transfers[2];
    struct evidence evidence;
    struct seen seen[256];
    uint32_t seen_count;
    struct evidence_report report;
};

static inline const char *world_path(const struct evidence_world *w, const char *name)
{
    static char paths[4][160];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", w->folder, name);
    return path;
}

static inline int world_shell(const struct evidence_world *w, const char *script)
{
    char command[8192];
    int size = snprintf(command, sizeof(command), "cd %s && { %s\n} >>log 2>&1", w->folder, script);
    assert_in_range(size, 1, sizeof(command) - 1);
    return system(command); /* NOLINT(cert-env33-c): the other tools are programs */
}

static inline void world_write(const struct evidence_world *w, const char *name,
                               struct lt_bytes content)
{
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(file_write(world_path(w, name), content, 0600, &fault), LT_OK);
}

static inline struct lt_bytes world_read(struct evidence_world *w, const char *name)
{
    uint8_t *data;
    size_t size;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(file_read(world_path(w, name), TAR_FILE_BYTES, &data, &size, &fault), LT_OK);
    struct lt_bytes copy = arena_copy(&w->arena, (struct lt_bytes){data, size});
    free(data);
    return copy;
}

static inline struct lt_bytes world_keep(struct evidence_world *w, struct lt_bytes bytes)
{
    struct lt_bytes copy = arena_copy(&w->arena, bytes);
    assert_non_null(copy.data);
    return copy;
}

static inline struct signer world_signer(const struct evidence_world *w,
                                         enum sign_algorithm algorithm, const char *stem)
{
    char secret[128];
    char public[128];
    struct signer signer;
    struct fault fault;
    fault_init(&fault);
    snprintf(secret, sizeof(secret), "%s/%s.key", w->folder, stem);
    snprintf(public, sizeof(public), "%s/%s.pub", w->folder, stem);
    assert_int_equal(signer_make_file(algorithm, 0, secret, public, &fault), LT_OK);
    assert_int_equal(signer_open_file(secret, &signer, &fault), LT_OK);
    return signer;
}

/* The key of a certificate as a signer. */
static inline struct signer world_signer_of(const struct evidence_world *w, const struct pki *pki)
{
    struct signer signer;
    struct fault fault;
    fault_init(&fault);
    const char *path = world_path(w, "leaf.key");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    PEM_write_PrivateKey(file, pki->key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    chmod(path, 0600);
    assert_int_equal(signer_open_file(path, &signer, &fault), LT_OK);
    return signer;
}

static inline int64_t world_ms(const struct evidence_world *w, int minutes)
{
    return (w->now_s + minutes * 60LL) * 1000;
}

/* -- certificates ---------------------------------------------------------------------------- */

static inline void world_certify(struct evidence_world *w, int64_t from_day, int64_t to_day)
{
    struct pki_wish wish = {.name = "UBND xã thử nghiệm",
                            .issuer = &w->root,
                            .from = w->now_s + from_day * DAY_S,
                            .to = w->now_s + to_day * DAY_S,
                            .usage = "critical,digitalSignature",
                            .serial = 22,
                            .key_of = w->leaf.key == NULL ? NULL : &w->leaf};
    struct pki made = pki_make(&wish);
    pki_free(&w->leaf);
    w->leaf = made;
}

/* The list of revoked ones, valid from an hour of now on, with `serial` on it if not 0. */
static inline struct lt_bytes world_list(struct evidence_world *w, int from_hour, long serial)
{
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    X509_CRL *list =
        pki_list(&w->root, &w->root, w->now_s + from_hour * 3600L, w->now_s + 10 * DAY_S, serial);
    PEM_write_bio_X509_CRL(bio, list);
    long size = BIO_get_mem_data(bio, &text);
    struct lt_bytes copy = world_keep(w, (struct lt_bytes){(const uint8_t *)text, (size_t)size});
    X509_CRL_free(list);
    BIO_free(bio);
    return copy;
}

static inline struct lt_bytes world_der(struct evidence_world *w, const struct pki *pki)
{
    uint8_t der[CERTIFICATE_BYTES_MAX];
    return world_keep(w, pki_der(pki, der));
}

/* -- transfers ------------------------------------------------------------------------------- */

static inline struct lt_bytes world_header(struct evidence_world *w, const struct lt_id *id,
                                           const char *from, struct lt_bytes body)
{
    struct lt_bytes bytes;
    struct header header;
    memset(&header, 0, sizeof(header));
    header.id = *id;
    header.sender_key = text_bytes("khoa-1");
    memset(header.content_digest.bytes, 0x11, sizeof(header.content_digest.bytes));
    header.kind = LT_KIND_FORWARD;
    header.from = text_bytes(from);
    header.case_code = text_bytes("H24.15-261128-0001");
    header.procedure_raw = text_bytes("1.001193");
    header.procedure = text_bytes("1.001193");
    header.created_ms = world_ms(w, -12);
    header.schema_version = 1;
    header.body_type = text_bytes("text/plain");
    header.body_sha256 = digest_of(w->digester, body);
    header.body_size = body.size;
    assert_int_equal(header_write(&header, &w->arena, &bytes), LT_OK);
    return bytes;
}

static inline void world_transfer(struct evidence_world *w, uint32_t at, const char *from,
                                  const char *body)
{
    struct evidence_transfer *transfer = &w->transfers[at];
    memset(transfer, 0, sizeof(*transfer));
    assert_true(id_read(&transfer->id, at == 0 ? "01900000-0000-7000-8000-000000000001"
                                               : "01900000-0000-7000-8000-000000000002"));
    transfer->body = text_bytes(body);
    transfer->header = world_header(w, &transfer->id, from, transfer->body);
    transfer->receipts = arena_zalloc(&w->arena, 4 * sizeof(struct evidence_receipt));
}

static inline struct lt_digest world_digest(const struct evidence_world *w, uint32_t at)
{
    return digest_of_two(w->digester, w->transfers[at].header, w->transfers[at].body);
}

/* Seals a transfer as number `index` of a batch. */
static inline void world_seal(struct evidence_world *w, uint32_t at, const struct signer *signer,
                              uint32_t index, uint32_t batch)
{
    struct lt_digest leaves[SEAL_BATCH_MAX];
    struct evidence_transfer *transfer = &w->transfers[at];
    struct parcel parcel = {transfer->header, transfer->body, world_digest(w, at)};
    struct seal seal;
    memset(leaves, 0x5A, sizeof(leaves));
    leaves[index] = seal_leaf(w->digester, &parcel);
    assert_int_equal(seal_make(signer, w->digester, leaves, batch, &seal), LT_OK);
    assert_int_equal(seal_prove(&seal, w->digester, leaves, batch, index, &transfer->seal), LT_OK);
    transfer->sealed = true;
    transfer->key = public_key_spki(signer->public_key);
}

static inline struct lt_digest world_seal_digest(const struct evidence_world *w, uint32_t at)
{
    uint8_t bytes[SEAL_BYTES_MAX];
    struct lt_digest none;
    memset(&none, 0, sizeof(none));
    return !w->transfers[at].sealed
               ? none
               : digest_of(w->digester,
                           seal_write(bytes, sizeof(bytes), &w->transfers[at].seal.seal));
}

/* -- the log --------------------------------------------------------------------------------- */

static inline uint64_t world_position(uint32_t commit, uint32_t place)
{
    return 100 * commit + 2 + place;
}

static inline void world_leaf(struct evidence_world *w, uint32_t commit, uint32_t place,
                              const struct leaf *leaf)
{
    uint8_t bytes[LEAF_BYTES_MAX];
    w->leaves[commit][place] = world_keep(w, leaf_write(bytes, sizeof(bytes), leaf));
}

static inline struct leaf world_accepted(const struct evidence_world *w, uint32_t at,
                                         uint32_t commit, uint32_t place, int minutes)
{
    struct leaf leaf = {.kind = LEAF_ACCEPTED,
                        .accepted = {.position = world_position(commit, place),
                                     .time_ms = world_ms(w, minutes),
                                     .id = w->transfers[at].id,
                                     .digest = world_digest(w, at),
                                     .seal = world_seal_digest(w, at),
                                     .from = text_bytes(at == 0 ? NAME_ONE : NAME_TWO),
                                     .legs_count = 1}};
    memset(leaf.salt, (int)(commit * 16 + place), sizeof(leaf.salt));
    leaf.accepted.legs[0] = text_bytes(at == 0 ? NAME_TWO : NAME_ONE);
    return leaf;
}

static inline struct leaf world_outcome(const struct evidence_world *w, uint64_t accepted,
                                        uint32_t commit, uint32_t place, int minutes,
                                        const char *agency, enum lt_outcome outcome)
{
    struct leaf leaf = {.kind = LEAF_OUTCOME,
                        .outcome = {.position = world_position(commit, place),
                                    .time_ms = world_ms(w, minutes),
                                    .cause = LEAF_SETTLED,
                                    .accepted = accepted,
                                    .attempt = 1,
                                    .agency = text_bytes(agency),
                                    .outcome = (uint8_t)outcome,
                                    .decided_ms = world_ms(w, minutes)}};
    memset(leaf.salt, (int)(commit * 16 + place), sizeof(leaf.salt));
    return leaf;
}

static inline void world_log(struct evidence_world *w)
{
    for (uint32_t commit = 0; commit < COMMITS; commit++) {
        for (uint32_t place = 0; place < LEAVES; place++) {
            struct leaf other = world_outcome(w, 1, commit, place, -11, "H24.9", LT_OUTCOME_TAKEN);
            world_leaf(w, commit, place, &other);
        }
    }
    struct leaf leaf = world_accepted(w, 0, 2, 1, -10);
    world_leaf(w, 2, 1, &leaf);
    leaf = world_outcome(w, world_position(2, 1), 5, 0, -9, NAME_TWO, LT_OUTCOME_TAKEN);
    world_leaf(w, 5, 0, &leaf);
    leaf = world_accepted(w, 1, 5, 2, -9);
    world_leaf(w, 5, 2, &leaf);
    leaf = world_outcome(w, world_position(5, 2), 8, 1, -8, NAME_ONE, LT_OUTCOME_REFUSED);
    world_leaf(w, 8, 1, &leaf);
    for (uint32_t commit = 0; commit < COMMITS; commit++) {
        uint8_t bytes[COMMIT_BYTES];
        for (uint32_t place = 0; place < LEAVES; place++) {
            w->hashes[commit][place] = merkle_leaf(w->digester, w->leaves[commit][place]);
        }
        w->entries[commit] = (struct commit_entry){
            100 * commit + 1, LEAVES, merkle_root(w->digester, w->hashes[commit], LEAVES)};
        commit_entry_write(bytes, &w->entries[commit]);
        w->commits[commit] = merkle_leaf(w->digester, (struct lt_bytes){bytes, sizeof(bytes)});
    }
}

static inline struct place_proof world_place(const struct evidence_world *w,
                                             const struct lt_digest *leaves, uint64_t size,
                                             uint64_t index)
{
    struct merkle_array array = {w->digester, leaves, size};
    struct merkle_source source = merkle_array_source(&array);
    struct place_proof proof = {.index = index, .size = size};
    assert_int_equal(merkle_source_path(&source, w->digester, size, index, &proof.path), LT_OK);
    return proof;
}

static inline struct evidence_receipt world_receipt(const struct evidence_world *w, uint32_t commit,
                                                    uint32_t place)
{
    struct evidence_receipt receipt = {.position = world_position(commit, place)};
    receipt.proof =
        (struct receipt_proof){.leaf = w->leaves[commit][place],
                               .in_commit = world_place(w, w->hashes[commit], LEAVES, place),
                               .entry = w->entries[commit],
                               .in_log = world_place(w, w->commits, COMMITS, commit)};
    return receipt;
}

static inline struct lt_bytes world_note(struct evidence_world *w, const struct signer *signer,
                                         const struct lt_digest *commits, uint64_t size)
{
    uint8_t text[CHECKPOINT_TEXT_MAX];
    uint8_t note[NOTE_BYTES_MAX];
    size_t note_size;
    struct checkpoint checkpoint = {.origin = AXIS_NAME,
                                    .head = {size, merkle_root(w->digester, commits, size)},
                                    .position = 100 * size,
                                    .time_ms = world_ms(w, -5)};
    assert_int_equal(note_sign(w->digester, signer, AXIS_NAME, checkpoint_write(text, &checkpoint),
                               note, &note_size),
                     LT_OK);
    return world_keep(w, (struct lt_bytes){note, note_size});
}

/* -- time-stamps ----------------------------------------------------------------------------- */

static inline void world_authority(struct evidence_world *w)
{
    static const char script[] =
        "set -e\n"
        "cat >ts.cnf <<'END'\n"
        "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = thu\n"
        "[ca]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n"
        "[stamps]\nextendedKeyUsage = critical,timeStamping\n"
        "keyUsage = critical,digitalSignature\n"
        "[tsa]\ndefault_tsa = good\n"
        "[good]\nserial = serial\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n"
        "accuracy = secs:1\ness_cert_id_alg = sha256\nsigner_digest = sha256\n"
        "END\n"
        "echo 01 >serial\n"
        "for n in goc tsa; do openssl ecparam -name prime256v1 -genkey -noout -out $n.key; done\n"
        "openssl req -x509 -new -key goc.key -subj /CN=goc -days 30 -config ts.cnf -extensions ca "
        "-out goc.crt\n"
        "openssl req -new -key tsa.key -subj /CN=tsa -config ts.cnf -out tsa.csr\n"
        "openssl x509 -req -in tsa.csr -CA goc.crt -CAkey goc.key -CAcreateserial -extfile ts.cnf "
        "-extensions stamps -days 30 -out tsa.crt\n";
    assert_int_equal(world_shell(w, script), 0);
    snprintf(w->authority, sizeof(w->authority), "%s/goc.crt", w->folder);
}

static inline struct lt_bytes world_token(struct evidence_world *w, struct lt_bytes on)
{
    world_write(w, "stamped", on);
    assert_int_equal(world_shell(w, "openssl ts -query -data stamped -sha256 -cert -out q.tsq && "
                                    "openssl ts -reply -config ts.cnf -queryfile q.tsq -signer "
                                    "tsa.crt -inkey tsa.key -out stamped.tsr"),
                     0);
    return world_read(w, "stamped.tsr");
}

static inline struct growth_proof world_growth(const struct evidence_world *w, uint64_t first,
                                               uint64_t second)
{
    struct merkle_array array = {w->digester, w->commits, COMMITS};
    struct merkle_source source = merkle_array_source(&array);
    struct merkle_head head = {first, merkle_root(w->digester, w->commits, first)};
    struct merkle_path path;
    struct growth_proof growth;
    assert_int_equal(merkle_source_consistency(&source, w->digester, first, second, &path), LT_OK);
    growth_proof_make(&growth, &head, second, &path);
    return growth;
}

static inline void world_stamp(struct evidence_world *w, uint64_t size)
{
    struct evidence_stamp *stamp = &w->evidence.stamps[w->evidence.stamps_count++];
    stamp->size = size;
    stamp->note = world_note(w, &w->axis, w->commits, size);
    stamp->token = world_token(w, stamp->note);
    stamp->joined = true;
    stamp->growth = world_growth(w, size, COMMITS);
}

/* -- whom the reader believes ---------------------------------------------------------------- */

static inline void world_trust(struct evidence_world *w)
{
    char text[1024];
    char hex[65];
    FILE *file = fopen(world_path(w, "trust/agencies.pem"), "w");
    assert_non_null(file);
    PEM_write_X509(file, w->root.certificate);
    fclose(file);
    snprintf(text, sizeof(text), "# khoa cua truc\n%s\n", w->evidence.vkey);
    world_write(w, "trust/axis.vkey", text_bytes(text));
    hex_write(hex, public_key_id(w->two.public_key)->bytes, 32);
    snprintf(text, sizeof(text), NAME_TWO " %s\n", hex);
    world_write(w, "trust/agencies.txt", text_bytes(text));
    world_write(w, "trust/tsa.pem", world_read(w, "goc.crt"));
    unlink(world_path(w, "trust/crls.pem"));
}

static inline void world_evidence(struct evidence_world *w)
{
    struct note_key key = {AXIS_NAME, w->axis.public_key};
    memset(&w->evidence, 0, sizeof(w->evidence));
    w->transfers[0].certificate = world_der(w, &w->leaf);
    w->transfers[0].receipts[0] = world_receipt(w, 2, 1);
    w->transfers[0].receipts[1] = world_receipt(w, 5, 0);
    w->transfers[0].receipts_count = 2;
    w->transfers[1].receipts[0] = world_receipt(w, 5, 2);
    w->transfers[1].receipts[1] = world_receipt(w, 8, 1);
    w->transfers[1].receipts_count = 2;
    w->evidence.transfers = w->transfers;
    w->evidence.transfers_count = 2;
    w->evidence.checkpoint_size = COMMITS;
    w->evidence.checkpoint = world_note(w, &w->axis, w->commits, COMMITS);
    w->evidence.axis_key = public_key_spki(w->axis.public_key);
    w->evidence.crls = world_list(w, -48, 0);
    assert_true(note_vkey_write(w->evidence.vkey, w->digester, &key));
}

static inline void world_open(struct evidence_world *w, enum sign_algorithm axis)
{
    memset(w, 0, sizeof(*w));
    struct pki_wish root = {.name = "Root thu nghiem",
                            .basic = "critical,CA:TRUE",
                            .usage = "critical,keyCertSign,cRLSign"};
    snprintf(w->folder, sizeof(w->folder), "/tmp/lt-evidence-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->trust, sizeof(w->trust), "%s/trust", w->folder);
    assert_int_equal(mkdir(w->trust, 0700), 0);
    w->now_s = (int64_t)time(NULL);
    root.from = w->now_s - 900 * DAY_S;
    root.to = w->now_s + 900 * DAY_S;
    assert_int_equal(digester_open(&w->digester), LT_OK);
    assert_int_equal(arena_init(&w->arena, 1 << 20, 1u << 30), LT_OK);
    w->axis = world_signer(w, axis, "axis");
    w->two = world_signer(w, SIGN_ED25519, "two");
    w->root = pki_make(&root);
    world_certify(w, -100, 100);
    w->one = world_signer_of(w, &w->leaf);
    world_transfer(w, 0, NAME_ONE, "{\"chu_ho_so\": \"NGUYỄN VĂN THỬ NGHIỆM\"}");
    world_transfer(w, 1, NAME_TWO, "Từ chối: không thuộc thẩm quyền");
    world_seal(w, 0, &w->one, 1, 3);
    world_seal(w, 1, &w->two, 0, 1);
    world_log(w);
    world_authority(w);
    world_evidence(w);
    world_stamp(w, STAMPED);
    world_stamp(w, COMMITS);
    world_trust(w);
}

static inline void world_close(struct evidence_world *w)
{
    char command[128];
    signer_close(&w->axis);
    signer_close(&w->one);
    signer_close(&w->two);
    pki_free(&w->leaf);
    pki_free(&w->root);
    arena_deinit(&w->arena);
    digester_close(&w->digester);
    snprintf(command, sizeof(command), "rm -rf %s", w->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

/* -- judging --------------------------------------------------------------------------------- */

static inline struct lt_bytes world_tar(struct evidence_world *w)
{
    struct lt_bytes tar;
    struct fault fault;
    fault_init(&fault);
    if (evidence_write(&w->evidence, w->digester, &w->arena, &tar, &fault) != LT_OK) {
        fail_msg("%s: %s", fault.field, fault.detail);
    }
    return tar;
}

static inline void world_found(void *context, const struct evidence_finding *finding)
{
    struct evidence_world *w = context;
    if (w->seen_count == sizeof(w->seen) / sizeof(w->seen[0])) {
        return;
    }
    struct seen *seen = &w->seen[w->seen_count++];
    memset(seen, 0, sizeof(*seen));
    seen->check = finding->check;
    seen->result = finding->result;
    seen->number = finding->number;
    snprintf(seen->why, sizeof(seen->why), "%s", finding->why);
    snprintf(seen->detail, sizeof(seen->detail), "%s", finding->detail);
    snprintf(seen->file, sizeof(seen->file), "%s", finding->file == NULL ? "" : finding->file);
}

/* NULL trust: nobody is believed. */
static inline void world_judge_as(struct evidence_world *w, struct lt_bytes tar, const char *folder)
{
    struct evidence_trust *trust;
    struct arena arena;
    struct fault fault;
    fault_init(&fault);
    w->seen_count = 0;
    w->report = (struct evidence_report){.context = w, .found = world_found};
    assert_int_equal(arena_init(&arena, 1 << 20, 1u << 30), LT_OK);
    assert_int_equal(evidence_trust_open(folder, &trust, &fault), LT_OK);
    assert_int_equal(evidence_judge(tar, trust, &arena, &w->report, NULL, &fault), LT_OK);
    evidence_trust_close(&trust);
    arena_deinit(&arena);
}

static inline void world_judge(struct evidence_world *w, struct lt_bytes tar)
{
    world_judge_as(w, tar, w->trust);
}

static inline void world_print(const struct evidence_world *w)
{
    for (uint32_t i = 0; i < w->seen_count; i++) {
        const struct seen *seen = &w->seen[i];
        print_message("%-10s %-10s %-22s %llu %s %s\n", evidence_check_name(seen->check),
                      evidence_result_name(seen->result), seen->why,
                      (unsigned long long)seen->number, seen->file, seen->detail);
    }
}

static inline bool world_saw(const struct evidence_world *w, enum evidence_check check,
                             enum evidence_result result, const char *why)
{
    for (uint32_t i = 0; i < w->seen_count; i++) {
        const struct seen *seen = &w->seen[i];
        if (seen->check == check && seen->result == result && strcmp(seen->why, why) == 0) {
            return true;
        }
    }
    return false;
}

#define world_expect(w, check, result, why)                                                        \
    do {                                                                                           \
        if (!world_saw(w, EVIDENCE_##check, EVIDENCE_##result, why)) {                             \
            world_print(w);                                                                        \
            fail_msg("no finding %s %s %s", #check, #result, why);                                 \
        }                                                                                          \
    } while (0)

/* -- archives that were tampered with -------------------------------------------------------- */

struct unpacked {
    struct tar_entry *entries;
    uint32_t count;
};

static inline struct unpacked world_unpack(struct evidence_world *w, struct lt_bytes tar)
{
    struct unpacked files = {arena_alloc(&w->arena, 128 * sizeof(struct tar_entry)), 0};
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(tar_read(tar, files.entries, 100, &files.count, &fault), LT_OK);
    return files;
}

static inline struct tar_entry *world_entry(const struct unpacked *files, const char *tail)
{
    for (uint32_t i = 0; i < files->count; i++) {
        size_t name = strlen(files->entries[i].name);
        if (name >= strlen(tail) &&
            strcmp(files->entries[i].name + name - strlen(tail), tail) == 0) {
            return &files->entries[i];
        }
    }
    fail_msg("no file %s", tail);
    return NULL;
}

static inline struct lt_bytes world_pack(struct evidence_world *w, struct unpacked *files)
{
    tar_sort(files->entries, files->count);
    size_t size = tar_size(files->entries, files->count);
    assert_true(size > 0);
    uint8_t *out = arena_alloc(&w->arena, size);
    tar_write(out, files->entries, files->count);
    return (struct lt_bytes){out, size};
}

/* With an index that fits again, as a forger would make it. */
static inline struct lt_bytes world_pack_again(struct evidence_world *w, struct unpacked *files)
{
    struct tar_entry *others = arena_alloc(&w->arena, 128 * sizeof(*others));
    uint32_t count = 0;
    tar_sort(files->entries, files->count);
    for (uint32_t i = 0; i < files->count; i++) {
        if (strcmp(files->entries[i].name, "index.sha256") != 0) {
            others[count++] = files->entries[i];
        }
    }
    world_entry(files, "index.sha256")->content =
        evidence_index(others, count, w->digester, &w->arena);
    return world_pack(w, files);
}

#endif
