/* SPDX-License-Identifier: EUPL-1.2 */
/* The sender's seal at its receiver: out of memory, out of the journal, and of what was carried. */
#include "sealing_test.h"

/* So many deliveries come: the sealed ones each with the proof of its own seal, the others with
 * nothing. */
static void delivered(struct party *receiving, uint32_t sealed, uint32_t plain)
{
    struct house *house = &scene.house;
    while (sealed + plain > 0) {
        struct frame frame;
        assert_true(house_hear(house, receiving->link, FRAME_DELIVER, 5000, &frame));
        for (uint32_t i = 0; i < frame.deliver.count; i++) {
            const struct delivery *delivery = &frame.deliver.items[i];
            struct parcel parcel = {delivery->header, delivery->body, delivery->digest};
            struct lt_digest leaf = seal_leaf(house->digester, &parcel);
            struct seal_proof proof;
            if (delivery->seal.size == 0) {
                assert_true(plain-- > 0);
                continue;
            }
            assert_true(sealed-- > 0);
            assert_true(seal_proof_read(delivery->seal, &proof));
            assert_int_equal(seal_proof_check(&proof, &leaf, scene.signers[OURS].public_key,
                                              scene.checker, house->digester),
                             LT_OK);
        }
    }
}

static void submit_all(void)
{
    struct batch plain = batch_new(2);
    expect(&plain, LT_OK);
    register_key(sender, OURS, 0, 0);
    for (uint32_t count = 1; count <= 7; count += 2) {
        struct batch batch = sealed_batch(count, OURS);
        expect(&batch, LT_OK);
    }
    house_settle(&scene.house);
}

static void empty_cache(void)
{
    memset(scene.house.flow->cache.slots, 0, CACHE_SLOTS * sizeof(struct cached));
}

static void receivers_get_the_seal(void **state)
{
    (void)state;
    struct party receiving = party_connect(&scene.house, 2);
    submit_all();
    party_grant(&scene.house, &receiving, 64);
    delivered(&receiving, 16, 2);
}

static void also_from_the_journal(void **state)
{
    (void)state;
    struct party receiving = party_connect(&scene.house, 2);
    submit_all();
    empty_cache();
    party_grant(&scene.house, &receiving, 64);
    delivered(&receiving, 16, 2);
}

static void also_of_what_was_carried(void **state)
{
    (void)state;
    struct party receiving = party_connect(&scene.house, 2);
    submit_all();
    carry_all();
    empty_cache();
    party_grant(&scene.house, &receiving, 64);
    delivered(&receiving, 16, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(receivers_get_the_seal),
        CASE(also_from_the_journal),
        CASE(also_of_what_was_carried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
