#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Attachments that are not what they were said to be, that stop in the middle, or are somebody else's."""
import os

import ltp_pb2
import ltp_rules as rules
from basics import check, wait_for
from hostile import header_of, make
from house import run_cases
from ltp_blobs import CHUNK, Blobs

MOST = 104857600


def blobs(house, client):
    return Blobs(client.blob_endpoint, house.server_public, house.secrets[client.agency])


def naming(client, name, data):
    """A transfer that refers to a file."""
    header = header_of(client.agency, name, "FILE-" + name.decode())
    header.attachments.add(sha256=rules.sha256(data), size=len(data), component="TP.01",
                           name="Đơn.pdf")
    return make(header)


def offer(port, data, size=None):
    """Offers the file; the answer's kind and body."""
    sha256 = rules.sha256(data)
    port.send(blob_offer=ltp_pb2.BlobOffer(sha256=sha256,
                                           size=len(data) if size is None else size))
    return port.receive(sha256)


def chunk(port, sha256, offset, data, size):
    port.send(blob_chunk=ltp_pb2.BlobChunk(sha256=sha256, offset=offset, data=data, size=size))


def refusal(port, sha256, code):
    """The next refusal of the file must have this code; gives its words."""
    try:
        while port.receive(sha256)[0] == "blob_want":
            pass
    except rules.Refused as why:
        check(why.code == code, "%s, wanted %s: %s" % (why.code, code, why.detail))
        return why.detail
    raise AssertionError("stored, wanted " + code)


# ---- the cases ----------------------------------------------------------------------------------

def wrong_hash(house):
    """The bytes are another file's: thrown away, told, and nothing may refer to them."""
    client = house.hostile()
    port = blobs(house, client)
    good, other = os.urandom(CHUNK + 5000), os.urandom(CHUNK + 5000)
    sha256 = rules.sha256(good)
    mark = house.mark()
    kind, want = offer(port, good)
    check(kind == "blob_want" and want.offset == 0, "wanted from the start")
    for at in range(0, len(other), CHUNK):
        chunk(port, sha256, at, other[at:at + CHUNK], len(good))
    check("SHA-256" in refusal(port, sha256, "blob-hash-wrong"), "the refusal says what was found")
    house.log_wait(mark, "blob-refused agency=%s .*code=blob-hash-wrong" % client.agency)
    client.refused("blob-missing", "attachments", naming(client, b"wrong-hash", good))
    check(port.upload(good)[1] == len(good), "the right bytes go up whole: nothing was kept")
    client.passed(naming(client, b"wrong-hash", good))
    port.close()


def cut_in_the_middle(house):
    """What has come stays; the next connection goes on from there, and only then it may be named."""
    client = house.hostile()
    data = os.urandom(40 * CHUNK + 777)  # more than a window: each chunk is answered
    sha256 = rules.sha256(data)
    port = blobs(house, client)
    offer(port, data)
    for at in (0, CHUNK):
        chunk(port, sha256, at, data[at:at + CHUNK], len(data))
    while port.receive(sha256)[1].offset == 0:
        pass  # until the first one has come
    port.close()
    client.refused("blob-missing", "attachments", naming(client, b"cut", data))

    def kept():
        again = blobs(house, client)
        kind, want = offer(again, data)
        again.close()
        return kind == "blob_want" and want.offset
    offset = wait_for(kept, 5, "a new connection is asked for the rest")
    check(0 < offset <= 2 * CHUNK, "asked from %d" % offset)
    again = blobs(house, client)
    sent = again.upload(data)[1]
    check(sent == len(data) - offset, "only the rest travelled: %d" % sent)
    check(again.download(sha256) == data, "it is whole")
    client.passed(naming(client, b"cut", data))
    again.close()


def out_of_step(house):
    """Chunks at the wrong place, beyond the window, of another size, and files over the limit."""
    client = house.hostile()
    port = blobs(house, client)
    data = os.urandom(20 * CHUNK)
    sha256 = rules.sha256(data)
    chunk(port, sha256, 0, data[:CHUNK], len(data))
    check("offer it first" in refusal(port, sha256, "blob-offset"), "a chunk without an offer")
    offer(port, data)
    chunk(port, sha256, 3 * CHUNK, data[:CHUNK], len(data))
    refusal(port, sha256, "blob-offset")
    for size in (0, MOST + 1, 2**63):
        try:
            offer(port, data, size)
            raise AssertionError("an offer of %d bytes was taken" % size)
        except rules.Refused as why:
            check(why.code in ("blob-too-large", "attachment-bad") and why.detail,
                  "%d bytes: %s %s" % (size, why.code, why.detail))
    check(port.upload(data)[0] == sha256, "the port serves on")
    client.passed(naming(client, b"out-of-step", data))
    port.close()


def beyond_credit(house):
    """Chunks past the window end the upload, not the port; the file may come again in order."""
    client = house.hostile()
    port = blobs(house, client)
    data = os.urandom(40 * CHUNK)
    sha256 = rules.sha256(data)
    _, want = offer(port, data)
    beyond = want.offset + want.credit * CHUNK
    check(beyond < len(data), "a window of %d bytes" % beyond)

    def run():
        for at in range(0, len(data), CHUNK):
            chunk(port, sha256, at, data[at:at + CHUNK], len(data))
        while port.receive(sha256)[0] == "blob_want":
            pass
        return "all of it was taken"
    try:
        run()  # the broker may keep up with any speed; then nothing was beyond the window
    except rules.Refused as why:
        check(why.code in ("credit-exceeded", "blob-offset"), why.code)
        while port.socket.poll(300):
            port.socket.recv()
    check(port.upload(data)[0] == sha256, "the file comes again, in order")
    port.close()


def somebody_elses(house):
    """A digest is no key: who did not send or receive the file neither fetches nor names it."""
    owner, thief = house.hostile(), house.hostile()
    data = os.urandom(9000)
    port, theirs = blobs(house, owner), blobs(house, thief)
    port.upload(data)
    owner.passed(naming(owner, b"owned", data))
    try:
        theirs.download(rules.sha256(data))
        raise AssertionError("a stranger fetched a file")
    except rules.Refused as why:
        check(why.code == "blob-not-yours", why.code)
    thief.refused("blob-missing", "attachments", naming(thief, b"stolen", data))
    check(theirs.upload(data)[1] == len(data), "it must really have the bytes")
    thief.passed(naming(thief, b"stolen", data))
    port.close()
    theirs.close()


def over_the_quota(house):
    """An agency's own quota, to the byte: the last one fits, one more is refused, others pay nothing."""
    full, other = house.hostile(), house.hostile()
    house.ltctl("agency", "set", full.agency, "--quota-mib", "1")
    port, theirs = blobs(house, full), blobs(house, other)
    port.upload(os.urandom(1048576 - 100))
    over, fits = os.urandom(101), os.urandom(100)
    port.send(blob_offer=ltp_pb2.BlobOffer(sha256=rules.sha256(over), size=len(over)))
    refusal(port, rules.sha256(over), "blob-quota")
    port.upload(fits)
    one = os.urandom(1)
    port.send(blob_offer=ltp_pb2.BlobOffer(sha256=rules.sha256(one), size=1))
    refusal(port, rules.sha256(one), "blob-quota")
    check(theirs.upload(over)[1] == 101, "another agency has its own")
    house.ltctl("agency", "set", full.agency, "--quota-mib", "2")
    check(port.upload(one)[1] == 1, "with a larger one it goes on")
    port.close()
    theirs.close()


def not_blobs(house):
    """Bytes that are no frame, and frames of the other port: refused by name, the port serves on."""
    client = house.hostile()
    port = blobs(house, client)
    mark = house.mark()
    for data in (b"", b"\xff" * 5000, ltp_pb2.Frame(beat=ltp_pb2.Beat()).SerializeToString()):
        port.socket.send(data)
        check(port.socket.poll(5000), "an answer to %r" % data[:8])
        answer = rules.frame_read(port.socket.recv())
        check(rules.CODES[answer.blob_refused.code] == "frame-bad", answer)
    house.log_wait(mark, "blob-frame-bad agency=%s status=frame-bad" % client.agency)
    check(port.upload(b"y" * 5000)[0], "the port serves on")
    port.socket.send(bytes(321 * 1024))  # over the limit: this connection is cut, no other
    again = blobs(house, client)
    check(again.upload(b"z" * 5000)[0], "the port serves on")
    port.close()
    again.close()


if __name__ == "__main__":
    run_cases([wrong_hash, cut_in_the_middle, out_of_step, beyond_credit, somebody_elses,
               over_the_quota, not_blobs], __doc__)
