/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Signed notes and what they say: the published note of Go's package sumdb/note verifies here;
 * what is written is read again; and every way to be wrong has its code. Any byte of a note turned
 * makes it another one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/base/base64.h"
#include "proto/base/text.h"
#include "proto/log_keys.h"

#define NAME "truc.example/log"

static char folder[] = "/tmp/lt-checkpoint-XXXXXX";
static struct digester *digester;
static struct sign_checker *checker;
static struct signer signers[2]; /* Ed25519, P-256 */
static struct signer stranger;

static struct signer signer_new(enum sign_algorithm algorithm, const char *stem)
{
    char secret[128], public[128];
    struct signer signer;
    struct fault fault;
    fault_init(&fault);
    snprintf(secret, sizeof(secret), "%s/%s.key", folder, stem);
    snprintf(public, sizeof(public), "%s/%s.pem", folder, stem);
    assert_int_equal(signer_make_file(algorithm, 0, secret, public, &fault), LT_OK);
    assert_int_equal(signer_open_file(secret, &signer, &fault), LT_OK);
    unlink(secret);
    unlink(public);
    return signer;
}

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    signers[0] = signer_new(SIGN_ED25519, "a");
    signers[1] = signer_new(SIGN_ECDSA_P256, "b");
    stranger = signer_new(SIGN_ED25519, "c");
    assert_int_equal(sign_checker_open(&checker), LT_OK);
    return digester_open(&digester) == LT_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    signer_close(&signers[0]);
    signer_close(&signers[1]);
    signer_close(&stranger);
    sign_checker_close(&checker);
    digester_close(&digester);
    return rmdir(folder);
}

static struct note_trust trust_in(const struct signer *signer, const char *name)
{
    return (struct note_trust){digester, checker, {name, signer->public_key}};
}

static struct checkpoint sample(void)
{
    struct checkpoint checkpoint = {
        .origin = NAME, .head = {.size = 20852163}, .position = 77, .time_ms = 1790000000123};
    memset(checkpoint.head.root.bytes, 0xA7, 32);
    return checkpoint;
}

static struct lt_bytes noted(const struct signer *signer, const char *name, const char *text,
                             uint8_t out[NOTE_BYTES_MAX])
{
    size_t size;
    assert_int_equal(note_sign(digester, signer, name, text_bytes(text), out, &size), LT_OK);
    return (struct lt_bytes){out, size};
}

/* -- the published one --------------------------------------------------------------------------
 */

static void published(void **state)
{
    (void)state;
    static const char text[] =
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "\xE2\x80\x94 PeterNeumann "
        "x08go/ZJkuBS9UG/"
        "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
        "\n";
    static const char key_text[] = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"; /* type, key */
    uint8_t spki[44], key_bytes[64];
    size_t size;
    struct public_key *key;
    struct note note;
    uint32_t id;
    assert_true(hex_read(spki, 12, "302a300506032b6570032100"));
    assert_true(base64_read(key_bytes, &size, key_text, strlen(key_text)));
    assert_int_equal(size, 33);
    memcpy(spki + 12, key_bytes + 1, 32);
    assert_int_equal(public_key_open((struct lt_bytes){spki, 44}, &key, NULL), LT_OK);
    struct note_key note_key = {"PeterNeumann", key};
    assert_true(note_key_id(digester, &note_key, &id));
    assert_int_equal(id, 0xc74f20a3);
    assert_int_equal(note_read(text_bytes(text), &note), LT_OK);
    assert_int_equal(note.count, 1);
    assert_int_equal(note_check(&note, digester, checker, &note_key), LT_OK);
    note_key.name = "PeterNewmann";
    assert_int_equal(note_check(&note, digester, checker, &note_key), LT_NOTE_FOREIGN);
    public_key_close(&key);
    /* The same key as Go's line for it. */
    static const char vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    char name[NOTE_NAME_MAX + 1];
    assert_int_equal(note_vkey_open(vkey, digester, name, &key), LT_OK);
    assert_string_equal(name, "PeterNeumann");
    note_key = (struct note_key){name, key};
    assert_int_equal(note_check(&note, digester, checker, &note_key), LT_OK);
    public_key_close(&key);
}

static void keys_as_lines(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        char line[NOTE_VKEY_MAX], name[NOTE_NAME_MAX + 1];
        struct note_key key = {NAME, signers[i].public_key};
        struct public_key *read;
        assert_true(note_vkey_write(line, digester, &key));
        assert_int_equal(note_vkey_open(line, digester, name, &read), LT_OK);
        assert_string_equal(name, NAME);
        assert_memory_equal(public_key_id(read), public_key_id(key.key), 32);
        public_key_close(&read);
        for (size_t at = 0; at < strlen(line); at++) {
            char kept = line[at];
            line[at] = kept == 'A' ? 'B' : 'A';
            if (i == 0 || at >= strlen(NAME)) { /* of P-256 the id says nothing of the name */
                assert_int_equal(note_vkey_open(line, digester, name, &read), LT_FIELD_BAD);
            }
            line[at] = '\0';
            assert_int_equal(note_vkey_open(line, digester, name, &read), LT_FIELD_BAD);
            line[at] = kept;
        }
    }
}

/* -- ours
 * ------------------------------------------------------------------------------------------ */

static void there_and_back(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct checkpoint given = sample(), read;
        uint8_t text[CHECKPOINT_TEXT_MAX], note[NOTE_BYTES_MAX];
        size_t size;
        given.time_ms = i == 0 ? given.time_ms : 0; /* a suspect clock tells none */
        assert_int_equal(
            note_sign(digester, &signers[i], NAME, checkpoint_write(text, &given), note, &size),
            LT_OK);
        struct note_trust trust = trust_in(&signers[i], NAME);
        assert_int_equal(checkpoint_open((struct lt_bytes){note, size}, &trust, &read), LT_OK);
        assert_string_equal(read.origin, given.origin);
        assert_int_equal(read.head.size, given.head.size);
        assert_true(digest_equal(&read.head.root, &given.head.root));
        assert_int_equal(read.position, 77);
        assert_int_equal(read.time_ms, given.time_ms);
        /* Another broker's key, and this one's under another name. */
        trust = trust_in(&stranger, NAME);
        assert_int_equal(checkpoint_open((struct lt_bytes){note, size}, &trust, &read),
                         LT_NOTE_FOREIGN);
        trust = trust_in(&signers[i], "khac.example/log");
        assert_int_equal(checkpoint_open((struct lt_bytes){note, size}, &trust, &read),
                         LT_NOTE_FOREIGN);
    }
}

/* Every byte of a note turned in one bit: never the same checkpoint again. */
static void every_byte_counts(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct checkpoint given = sample(), read;
        uint8_t text[CHECKPOINT_TEXT_MAX], note[NOTE_BYTES_MAX];
        size_t size;
        struct note_trust trust = trust_in(&signers[i], NAME);
        assert_int_equal(
            note_sign(digester, &signers[i], NAME, checkpoint_write(text, &given), note, &size),
            LT_OK);
        for (size_t at = 0; at < size; at++) {
            for (uint8_t bit = 1; bit != 0; bit = (uint8_t)(bit << 1)) {
                note[at] ^= bit;
                enum lt_status status =
                    checkpoint_open((struct lt_bytes){note, size}, &trust, &read);
                assert_true(status == LT_NOTE_BAD || status == LT_NOTE_SIGNATURE ||
                            status == LT_NOTE_FOREIGN);
                note[at] ^= bit;
            }
        }
        for (size_t cut = 0; cut < size; cut++) {
            assert_int_not_equal(checkpoint_open((struct lt_bytes){note, cut}, &trust, &read),
                                 LT_OK);
        }
    }
}

/* Notes that are none. */
static void bad_notes(void **state)
{
    (void)state;
#define SIGNATURE "\xE2\x80\x94 a AAAAAAA=\n"
    static const char *const bad[] = {
        "",
        "\n\n",
        "a\n",
        "a\n\n",
        "a\n\nb",
        "a\n\n" SIGNATURE "x\n",
        "a\n" SIGNATURE,
        "a\tb\n\n" SIGNATURE,
        "a\r\n\n" SIGNATURE,
        "\xFF\n\n" SIGNATURE,
        "a\n\n- a AAAAAAA=\n",
        "a\n\n\xE2\x80\x94 a AAAA\n",
        "a\n\n\xE2\x80\x94 a  AAAAAAA=\n",
        "a\n\n\xE2\x80\x94 a+b AAAAAAA=\n",
        "a\n\n\xE2\x80\x94  AAAAAAA=\n",
        "a\n\n\xE2\x80\x94 a AAAAAAA\n",
        "a\n\n\xE2\x80\x94 a AAAAAAB=\n",
        "a\n\n\xE2\x80\x94\xE2\x80\x94 a AAAAAAA=\n",
    };
    struct note note;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(note_read(text_bytes(bad[i]), &note), LT_NOTE_BAD);
    }
    char many[2048] = "a\n\n";
    for (uint32_t i = 0; i < NOTE_SIGNATURES_MAX; i++) {
        strcat(many, SIGNATURE);
    }
    assert_int_equal(note_read(text_bytes(many), &note), LT_OK);
    strcat(many, SIGNATURE);
    assert_int_equal(note_read(text_bytes(many), &note), LT_NOTE_BAD);
    assert_int_equal(note_read(text_bytes("a\n\nb\n\n" SIGNATURE), &note), LT_OK);
    assert_true(bytes_equal(note.text, text_bytes("a\n\nb\n"))); /* the last empty line ends it */
}

#define ROOT "p6enp6enp6enp6enp6enp6enp6enp6enp6enp6enp6c="

/* Signed all the same, and still no checkpoint. */
static void bad_checkpoints(void **state)
{
    (void)state;
    static const char *const bad[] = {
        NAME "\n05\n" ROOT "\nposition 7\n",
        NAME "\n\n" ROOT "\nposition 7\n",
        NAME "\n-5\n" ROOT "\nposition 7\n",
        NAME "\n18446744073709551616\n" ROOT "\nposition 7\n",
        NAME "\n5\nAAAA\nposition 7\n",
        NAME "\n5\n" ROOT "\n",
        NAME "\n5\n" ROOT "\nposition  7\n",
        NAME "\n5\n" ROOT "\nposition 7\ntime 2026-09-30\n",
        NAME "\n5\n" ROOT "\nposition 7\ntime 2026-09-30T08:00:00Z\n",
        NAME "\n5\n" ROOT "\nposition 7\n\nmore\n",
        "two words\n5\n" ROOT "\nposition 7\n",
    };
    struct note_trust trust = trust_in(&signers[0], NAME);
    uint8_t note[NOTE_BYTES_MAX];
    struct checkpoint read;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(checkpoint_open(noted(&signers[0], NAME, bad[i], note), &trust, &read),
                         LT_NOTE_BAD);
    }
    static const char more[] = NAME "/3\n0\n" ROOT "\nposition 7\nwitness none\n";
    assert_int_equal(checkpoint_open(noted(&signers[0], NAME, more, note), &trust, &read), LT_OK);
    assert_string_equal(read.origin, NAME "/3");
    static const char *const foreign[] = {
        "khac\n5\n" ROOT "\nposition 7\n",
        NAME "x\n5\n" ROOT "\nposition 7\n",
        NAME "/\n5\n" ROOT "\nposition 7\n",
        NAME "/01\n5\n" ROOT "\nposition 7\n",
        NAME "/4294967296\n5\n" ROOT "\nposition 7\n",
    };
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        assert_int_equal(checkpoint_open(noted(&signers[0], NAME, foreign[i], note), &trust, &read),
                         LT_NOTE_FOREIGN);
    }
}

static void breaks(void **state)
{
    (void)state;
    struct break_statement given = {.from = NAME,
                                    .to = NAME "/1",
                                    .head = {.size = 9},
                                    .position = 40,
                                    .time_ms = 1790000000000,
                                    .by = "truc-ban-1"};
    struct break_statement read;
    struct checkpoint checkpoint;
    struct note_trust trust = trust_in(&signers[0], NAME);
    uint8_t text[CHECKPOINT_TEXT_MAX], note[NOTE_BYTES_MAX];
    size_t size;
    assert_int_equal(note_sign(digester, &signers[0], NAME, break_write(text, &given), note, &size),
                     LT_OK);
    struct lt_bytes bytes = {note, size};
    assert_int_equal(break_open(bytes, &trust, &read), LT_OK);
    assert_string_equal(read.from, given.from);
    assert_string_equal(read.to, given.to);
    assert_int_equal(read.head.size, 9);
    assert_int_equal(read.position, 40);
    assert_int_equal(read.time_ms, given.time_ms);
    assert_string_equal(read.by, given.by);
    /* One is never the other. */
    assert_int_equal(checkpoint_open(bytes, &trust, &checkpoint), LT_NOTE_BAD);
    /* It leads forward only. */
    snprintf(given.from, sizeof(given.from), NAME "/1");
    assert_int_equal(note_sign(digester, &signers[0], NAME, break_write(text, &given), note, &size),
                     LT_OK);
    assert_int_equal(break_open((struct lt_bytes){note, size}, &trust, &read), LT_NOTE_FOREIGN);
}

/* ---- from key to key ---- */

struct rotation {
    char keys[3][NOTE_VKEY_MAX]; /* of signers[0], signers[1], stranger */
    uint8_t text[CHECKPOINT_TEXT_MAX];
    uint8_t note[NOTE_BYTES_MAX];
    size_t size;
};

static const struct signer *signer_at(int i)
{
    return i == 2 ? &stranger : &signers[i];
}

/* A checkpoint that names keys `a` and `b` (-1: none), signed by `first` and `second` (-1). */
static struct lt_bytes rotation_note(struct rotation *r, int a, int b, int first, int second)
{
    struct checkpoint checkpoint = {.origin = NAME, .head = {7, {{1}}}, .position = 30};
    struct lt_bytes text = checkpoint_write(r->text, &checkpoint);
    for (int i = 0; i < 3; i++) {
        struct note_key key = {NAME, signer_at(i)->public_key};
        assert_true(note_vkey_write(r->keys[i], digester, &key));
    }
    text.size = a < 0 ? text.size : checkpoint_add_key(r->text, text.size, r->keys[a]);
    text.size = b < 0 ? text.size : checkpoint_add_key(r->text, text.size, r->keys[b]);
    assert_int_equal(note_sign(digester, signer_at(first), NAME, text, r->note, &r->size), LT_OK);
    if (second >= 0) {
        assert_int_equal(note_cosign(digester, signer_at(second), NAME, r->note, &r->size), LT_OK);
    }
    return (struct lt_bytes){r->note, r->size};
}

static struct note_trust trust_at(int i)
{
    return (struct note_trust){digester, checker, {NAME, signer_at(i)->public_key}};
}

/* Named and signed by both: either key leads to the other. All else leads nowhere. */
static void from_key_to_key(void **state)
{
    (void)state;
    static const struct {
        int a, b, first, second;
        bool leads;
    } cases[] = {
        {0, 1, 0, 1, true},    {0, 1, 1, 0, true},
        {1, 0, 0, 1, true},    {0, 1, 0, -1, false}, /* the new key did not sign */
        {0, -1, 0, 1, false},                        /* it is not named */
        {0, 1, 1, 2, false},                         /* the known key did not sign */
        {0, 2, 0, 1, false},                         /* another key is named */
        {-1, -1, 0, 1, false}, {0, 0, 0, 1, false},
    };
    struct rotation r;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lt_bytes note =
            rotation_note(&r, cases[i].a, cases[i].b, cases[i].first, cases[i].second);
        struct note_trust old = trust_at(0);
        assert_int_equal(log_key_named(note, &old, r.keys[1]), cases[i].leads);
        struct log_keys keys;
        assert_int_equal(log_keys_open(&keys, &old), LT_OK);
        assert_int_equal(log_keys_learn(&keys, note), cases[i].leads);
        assert_int_equal(keys.count, cases[i].leads ? 2 : 1);
        assert_false(log_keys_learn(&keys, note)); /* nothing more in it */
        log_keys_close(&keys);
    }
    struct lt_bytes note = rotation_note(&r, 0, 1, 0, 1);
    struct note_trust new = trust_at(1), foreign = trust_at(2);
    assert_true(log_key_named(note, &new, r.keys[0])); /* and back */
    assert_false(log_key_named(note, &foreign, r.keys[1]));
    assert_false(log_key_named(note, &new, r.keys[2]));
}

/* Every byte of such a note counts. */
static void no_byte_of_a_rotation(void **state)
{
    (void)state;
    struct rotation r;
    (void)rotation_note(&r, 0, 1, 0, 1);
    struct note_trust old = trust_at(0);
    for (size_t i = 0; i < r.size; i++) {
        r.note[i] ^= 1;
        assert_false(log_key_named((struct lt_bytes){r.note, r.size}, &old, r.keys[1]));
        r.note[i] ^= 1;
    }
    assert_true(log_key_named((struct lt_bytes){r.note, r.size}, &old, r.keys[1]));
}

/* Over two rotations what the last key's holder can read goes back to the first. */
static void back_over_two(void **state)
{
    (void)state;
    struct rotation r, s;
    struct lt_bytes first = rotation_note(&r, 0, 1, 0, 1);
    struct lt_bytes second = rotation_note(&s, 1, 2, 1, 2);
    struct checkpoint read;
    struct log_keys keys;
    struct note_trust last = trust_at(2);
    assert_int_equal(log_keys_open(&keys, &last), LT_OK);
    assert_false(log_keys_learn(&keys, first)); /* not yet */
    assert_true(log_keys_learn(&keys, second));
    assert_true(log_keys_learn(&keys, first));
    struct rotation t;
    struct lt_bytes old = rotation_note(&t, -1, -1, 0, -1);
    assert_int_equal(log_keys_checkpoint(&keys, old, &read), LT_OK);
    t.note[2] ^= 1;
    assert_int_equal(log_keys_checkpoint(&keys, old, &read), LT_NOTE_SIGNATURE);
    log_keys_close(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published),
        cmocka_unit_test(keys_as_lines),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(bad_notes),
        cmocka_unit_test(bad_checkpoints),
        cmocka_unit_test(breaks),
        cmocka_unit_test(from_key_to_key),
        cmocka_unit_test(no_byte_of_a_rotation),
        cmocka_unit_test(back_over_two),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
