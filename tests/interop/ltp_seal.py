# SPDX-License-Identifier: EUPL-1.2
"""Seals of LTP/1 (LTP.md section 16), with Python's cryptography for the signatures alone.

Sealer(key)            seals the parcels of a Submit
leaf, root, path       the tree, as RFC 6962 has it
check, proof_check     a whole Submit; one parcel by itself
proof_read             the proof that comes with a delivery (Delivery.seal)
delivery_check         whether a delivery is what the sender of a key sealed
"""
import hashlib
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

DOMAIN = b"lienthong/seal/1"
ECDSA_P256, ED25519, RSA = 1, 2, 3


def _sha256(*runs):
    digest = hashlib.sha256()
    for run in runs:
        digest.update(run)
    return digest.digest()


def leaf(header, body, digest):
    return _sha256(b"\0", digest, struct.pack(">II", len(header), len(body)))


def _split(count):
    """The largest power of two below count."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    left = _split(len(leaves))
    return _sha256(b"\1", root(leaves[:left]), root(leaves[left:]))


def path(leaves, index):
    if len(leaves) == 1:
        return []
    left = _split(len(leaves))
    if index < left:
        return path(leaves[:left], index) + [root(leaves[left:])]
    return path(leaves[left:], index - left) + [root(leaves[:left])]


def path_root(one, index, count, nodes):
    """Where a path leads; None: it has not the length of its place."""
    if index >= count or (count == 1) != (not nodes):
        return None
    if count == 1:
        return one
    left = _split(count)
    if index < left:
        inner = path_root(one, index, left, nodes[:-1])
        return inner and _sha256(b"\1", inner, nodes[-1])
    inner = path_root(one, index - left, count - left, nodes[:-1])
    return inner and _sha256(b"\1", nodes[-1], inner)


def message(algorithm, batch, key_id, tree_root):
    return DOMAIN + struct.pack(">II", algorithm, batch) + key_id + tree_root


def spki_of(public_key):
    return public_key.public_bytes(serialization.Encoding.DER,
                                   serialization.PublicFormat.SubjectPublicKeyInfo)


def algorithm_of(public_key):
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return ECDSA_P256
    return ED25519 if isinstance(public_key, ed25519.Ed25519PublicKey) else RSA


def signed_by(public_key, signature, data):
    try:
        if isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        elif isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            public_key.verify(signature, data)
        return True
    except InvalidSignature:
        return False


class Sealer:
    def __init__(self, private_key):
        self.key = private_key
        self.algorithm = algorithm_of(private_key.public_key())
        self.key_id = _sha256(spki_of(private_key.public_key()))

    def sign(self, data):
        if self.algorithm == ECDSA_P256:
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == RSA:
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(data)

    def seal(self, parcels):
        """The fields of a Seal over parcels with header, body, digest."""
        leaves = [leaf(p.header, p.body, p.digest) for p in parcels]
        signature = self.sign(message(self.algorithm, len(leaves), self.key_id, root(leaves)))
        return {"algorithm": self.algorithm, "key_id": self.key_id, "signature": signature,
                "batch": len(leaves)}


def check_root(spki, algorithm, key_id, signature, batch, tree_root):
    public_key = serialization.load_der_public_key(spki)
    if key_id != _sha256(spki):
        return "seal-key-unknown"
    if algorithm != algorithm_of(public_key):
        return "seal-bad"
    data = message(algorithm, batch, key_id, tree_root)
    return "ok" if signed_by(public_key, signature, data) else "seal-bad"


def check(spki, algorithm, key_id, signature, batch, leaves):
    """The code of a seal over leaves."""
    if batch != len(leaves):
        return "seal-wrong-batch"
    return check_root(spki, algorithm, key_id, signature, batch, root(leaves))


def proof_check(spki, algorithm, key_id, signature, batch, tree_root, index, one, nodes):
    """The code of one parcel's proof."""
    found = path_root(one, index, batch, nodes)
    if found is None:
        return "path-length"
    if found != tree_root:
        return "path-wrong"
    return check_root(spki, algorithm, key_id, signature, batch, tree_root)


def proof_read(data):
    """(algorithm, batch, key id, signature, index, root, path) of Delivery.seal; ValueError."""
    try:
        form, algorithm, batch = struct.unpack_from(">BII", data)
        at = 9 + 32
        key_id = data[9:at]
        size, = struct.unpack_from(">H", data, at)
        signature = data[at + 2:at + 2 + size]
        at += 2 + size
        index, = struct.unpack_from(">I", data, at)
        tree_root = data[at + 4:at + 36]
        count = data[at + 36]
    except (struct.error, IndexError) as error:
        raise ValueError("cut short") from error
    nodes = [data[at + 37 + 32 * i:at + 69 + 32 * i] for i in range(count)]
    if form != 1 or len(signature) != size or len(data) != at + 37 + 32 * count:
        raise ValueError("not a seal's proof")
    return algorithm, batch, key_id, signature, index, tree_root, nodes


def delivery_check(spki, delivery):
    """The code of the seal that came with a delivery, by the sender's key; None: it has none."""
    if not delivery.seal:
        return None
    algorithm, batch, key_id, signature, index, tree_root, nodes = proof_read(delivery.seal)
    one = leaf(delivery.header, delivery.body, delivery.digest)
    return proof_check(spki, algorithm, key_id, signature, batch, tree_root, index, one, nodes)
