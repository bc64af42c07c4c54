/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The time-stamps of evidence: tokens of others, over other bytes, of other moments; and
 * checkpoints that were stamped when the axis signed with another key.
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

/* A checkpoint that was stamped when another key signed: for those who know that one. */
static void stamped_before_the_key_in_force(void **state)
{
    (void)state;
    char text[2 * NOTE_VKEY_MAX + 8];
    struct evidence_key before;
    struct signer old = world_signer(&world, SIGN_ED25519, "old");
    struct note_key key = {AXIS_NAME, old.public_key};
    assert_true(note_vkey_write(before.vkey, world.digester, &key));
    before.key = public_key_spki(old.public_key);
    struct evidence_stamp *stamp = &world.evidence.stamps[0];
    stamp->note = world_note(&world, &old, world.commits, stamp->size);
    stamp->token = world_token(&world, stamp->note);
    world_judge(&world, world_tar(&world));
    world_expect(&world, TIMESTAMP, WRONG, "note-foreign"); /* nobody says whose it is */
    world.evidence.before[world.evidence.before_count++] = before;
    world_judge(&world, world_tar(&world));
    world_expect(&world, TIMESTAMP, UNPROVEN, "no-trust");
    snprintf(text, sizeof(text), "%s\n%s\n", world.evidence.vkey, before.vkey);
    world_write(&world, "trust/axis.vkey", text_bytes(text));
    world_judge(&world, world_tar(&world));
    assert_int_equal(world.report.counts[EVIDENCE_WRONG], 0);
    assert_int_equal(world.report.counts[EVIDENCE_UNPROVEN], 0);
    signer_close(&old);
}

static void other_tokens(void **state)
{
    (void)state;
    struct evidence_stamp *stamps = world.evidence.stamps;
    struct evidence_stamp good = stamps[0];
    stamps[0].token = stamps[1].token;
    world_judge(&world, world_tar(&world));
    world_expect(&world, TIMESTAMP, WRONG, "wrong-imprint");
    stamps[0] = good;
    stamps[0].growth = world_growth(&world, 5, COMMITS);
    world_judge(&world, world_tar(&world));
    world_expect(&world, TIMESTAMP, WRONG, "other-log");
    stamps[0] = good;
    stamps[0].growth.path.nodes[1].bytes[0] ^= 1;
    world_judge(&world, world_tar(&world));
    world_expect(&world, TIMESTAMP, WRONG, "other-log");
    stamps[0] = good;
    stamps[0].joined = false;
    world_judge(&world, world_tar(&world));
    world_expect(&world, TIMESTAMP, UNPROVEN, "other-log");
    stamps[0] = good;
    world_write(&world, "trust/tsa.pem", world_read(&world, "trust/agencies.pem"));
    world_judge(&world, world_tar(&world));
    world_expect(&world, TIMESTAMP, UNPROVEN, "chain");
}

/* The axis dates an acceptance later than the stamp that covers it, or logs it late. */
static void dates_that_do_not_fit(void **state)
{
    (void)state;
    struct leaf leaf = world_accepted(&world, 0, 2, 1, 60);
    world_log(&world);
    world_leaf(&world, 2, 1, &leaf);
    world.hashes[2][1] = merkle_leaf(world.digester, world.leaves[2][1]);
    uint8_t bytes[COMMIT_BYTES];
    world.entries[2].root = merkle_root(world.digester, world.hashes[2], LEAVES);
    commit_entry_write(bytes, &world.entries[2]);
    world.commits[2] = merkle_leaf(world.digester, (struct lt_bytes){bytes, sizeof(bytes)});
    world_evidence(&world);
    world_stamp(&world, COMMITS);
    world_judge(&world, world_tar(&world));
    world_expect(&world, TIME, WRONG, "stamped-before");
    world_log(&world);
    world_evidence(&world);
    world_stamp(&world, 1); /* now, and without what was accepted ten minutes ago */
    world_stamp(&world, COMMITS);
    world_judge(&world, world_tar(&world));
    assert_int_equal(world.report.counts[EVIDENCE_WRONG], 0);
    world_expect(&world, TIME, UNPROVEN, "logged-late");
}

static void no_stamp_covers(void **state)
{
    (void)state;
    world.evidence.stamps_count = 0;
    world_judge(&world, world_tar(&world));
    assert_int_equal(world.report.counts[EVIDENCE_WRONG], 0);
    world_expect(&world, TIME, UNPROVEN, "no-timestamp");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(stamped_before_the_key_in_force),
        CASE(other_tokens),
        CASE(dates_that_do_not_fit),
        CASE(no_stamp_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
