/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_EVIDENCE_H
#define PROTO_EVIDENCE_H

#include "pem.h"
#include "proof_text.h"
#include "seal.h"
#include "tar.h"

/*
 * Evidence: what is known of some transfers, as one archive that anybody can check without the
 * axis, by lt-verify or by openssl and a shell (ops/evidence.md). The same evidence is the same
 * bytes, whoever writes it and when.
 *
 *   README.txt                        what it is and how it is checked; proves nothing itself
 *   index.sha256                      of every other file, as sha256sum writes it
 *   authorities/axis.vkey axis.pem    the key that the axis is said to sign with; further lines and
 *   axis-before-N.pem                 are keys it signed with before (log_keys.h), for stamps of
 * then authorities/chain.pem crl.pem     authorities between, and lists of revoked certificates
 *   checkpoints/SIZE.note             the signed checkpoint that all proofs lead to
 *   timestamps/SIZE.note .tsr .consistency.txt    a stamped checkpoint, the token on it, and the
 *                                     proof that it and the other are of one log
 *   transfers/ID/header.bin body.bin  the bytes as they came; body.left-out: its size instead
 *   transfers/ID/seal.bin             the sender's seal (proto/seal.h)
 *   transfers/ID/seal.path.txt        the transfer's place under it
 *   transfers/ID/seal.message seal.sig seal.key.pem seal.cert.pem   the same for openssl
 *   transfers/ID/receipts/POSITION.txt    a leaf of the log, and the way to the checkpoint
 *
 * SIZE and POSITION have 20 digits. What a file says twice it must say alike.
 */
#define EVIDENCE_TRANSFERS_MAX 256
#define EVIDENCE_RECEIPTS_MAX  256 /* of one transfer */
#define EVIDENCE_STAMPS_MAX    16
#define EVIDENCE_BEFORE_MAX    15 /* keys of the axis before the one in force */

struct evidence_receipt {
    uint64_t position;
    struct receipt_proof proof;
};

struct evidence_transfer {
    struct lt_id id;
    struct lt_bytes header;
    struct lt_bytes body;
    bool body_left_out;
    uint64_t body_size; /* of one that is left out */
    bool sealed;
    struct seal_proof seal;
    struct lt_bytes key; /* SubjectPublicKeyInfo that it was sealed with; empty: not known */
    struct lt_bytes certificate;       /* DER, of that key; empty: it has none */
    struct evidence_receipt *receipts; /* in order of position */
    uint32_t receipts_count;
};

struct evidence_stamp {
    uint64_t size;
    struct lt_bytes note;
    struct lt_bytes token;
    bool joined;                /* there is a proof of growth */
    struct growth_proof growth; /* from the smaller to the larger of it and the checkpoint */
};

struct evidence_key {
    char vkey[NOTE_VKEY_MAX];
    struct lt_bytes key; /* SubjectPublicKeyInfo of the same */
};

struct evidence {
    struct evidence_transfer *transfers;
    uint32_t transfers_count;
    uint64_t checkpoint_size;
    struct lt_bytes checkpoint; /* a signed note; empty: there is none */
    char vkey[NOTE_VKEY_MAX];   /* "": not known */
    struct lt_bytes axis_key;   /* SubjectPublicKeyInfo of the same */
    struct evidence_key before[EVIDENCE_BEFORE_MAX];
    uint32_t before_count;
    struct lt_bytes chain; /* PEM */
    struct lt_bytes crls;  /* PEM */
    struct evidence_stamp stamps[EVIDENCE_STAMPS_MAX];
    uint32_t stamps_count;
};

/* The archive, in the arena. LT_FIELD_BAD: something in it has no file form; LT_NO_MEMORY. */
LT_CHECK enum lt_status evidence_write(const struct evidence *evidence, struct digester *digester,
                                       struct arena *arena, struct lt_bytes *ret_tar,
                                       struct fault *fault);

/* Every file but README.txt and index.sha256, in order; `entries` has TAR_ENTRIES_MAX places. */
LT_CHECK enum lt_status evidence_files(const struct evidence *evidence, struct arena *arena,
                                       struct tar_entry *entries, uint32_t *ret_count,
                                       struct fault *fault);

/* The text of index.sha256, in the arena; data NULL when there is no room. */
struct lt_bytes evidence_index(const struct tar_entry *entries, uint32_t count,
                               struct digester *digester, struct arena *arena);

/* What stands in README.txt. */
struct lt_bytes evidence_readme(void);

#endif
