# SPDX-License-Identifier: EUPL-1.2
"""Attachments over the blob port, LTP.md section 13: one file at a time, in memory."""
import time

import zmq
from zmq.utils import z85

import ltp_pb2
import ltp_rules as rules

CHUNK = 256 * 1024
FETCH_CHUNKS = 4
SILENCE_S = 60


class Blobs:
    def __init__(self, endpoint, server_key, secret_key, context=None):
        socket = (context or zmq.Context.instance()).socket(zmq.DEALER)
        for option, value in ((zmq.IMMEDIATE, 1), (zmq.LINGER, 0), (zmq.SNDHWM, 8),
                              (zmq.RCVHWM, 8), (zmq.MAXMSGSIZE, rules.FRAME_BYTES),
                              (zmq.HANDSHAKE_IVL, 4000)):
            socket.setsockopt(option, value)
        socket.curve_secretkey = z85.encode(secret_key)
        socket.curve_publickey = zmq.curve_public(z85.encode(secret_key))
        socket.curve_serverkey = z85.encode(server_key)
        socket.connect(endpoint)
        self.socket = socket

    def close(self):
        self.socket.close(linger=0)

    def send(self, **body):
        if not self.socket.poll(SILENCE_S * 1000, zmq.POLLOUT):
            raise TimeoutError("the blob port does not take anything")
        self.socket.send(ltp_pb2.Frame(**body).SerializeToString())

    def receive(self, sha256):
        """The next message about a file."""
        end = time.monotonic() + SILENCE_S
        while self.socket.poll(max(0, int((end - time.monotonic()) * 1000))):
            frame = rules.frame_read(self.socket.recv())
            kind = frame.WhichOneof("body")
            body = getattr(frame, kind) if kind else None
            if kind == "blob_refused" and body.sha256 == sha256:
                raise rules.Refused(rules.CODES.get(body.code, "unknown-code"), "", body.detail)
            if body is not None and getattr(body, "sha256", b"") == sha256:
                return kind, body
        raise TimeoutError("the blob port is silent")

    def upload(self, data):
        """Returns the SHA-256 and how many bytes really travelled."""
        sha256 = rules.sha256(data)
        self.send(blob_offer=ltp_pb2.BlobOffer(sha256=sha256, size=len(data)))
        position, sent = None, 0
        while True:
            kind, body = self.receive(sha256)
            if kind == "blob_stored":
                return sha256, sent
            if kind != "blob_want":
                continue
            position = body.offset if position is None else position
            while position < min(len(data), body.offset + body.credit * CHUNK):
                piece = data[position:position + CHUNK]
                self.send(blob_chunk=ltp_pb2.BlobChunk(sha256=sha256, offset=position, data=piece,
                                                       size=len(data)))
                position += len(piece)
                sent += len(piece)

    def download(self, sha256):
        data, reached = bytearray(), 0
        while True:
            if len(data) >= reached:
                reached = len(data) + FETCH_CHUNKS * CHUNK
                self.send(blob_fetch=ltp_pb2.BlobFetch(sha256=sha256, offset=len(data),
                                                       credit=FETCH_CHUNKS))
            kind, body = self.receive(sha256)
            if kind != "blob_chunk" or body.offset != len(data):
                continue
            data += body.data
            if len(data) == body.size:
                break
        if rules.sha256(data) != sha256:
            raise rules.Refused("blob-hash-wrong", "", "")
        return bytes(data)
