# SPDX-License-Identifier: EUPL-1.2
"""A telephone line that can be cut: a TCP relay on loopback."""
import socket
import threading


class Line:
    def __init__(self, target_port):
        self.target = target_port
        self.up = True
        self.pairs = []
        self.lock = threading.Lock()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.up:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self.lock:
                self.pairs.append((near, far))
            threading.Thread(target=self.pump, args=(near, far), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near), daemon=True).start()

    def pump(self, source, sink):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                sink.sendall(data)
        except OSError:
            pass
        self.drop(source, sink)

    @staticmethod
    def drop(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def cut(self):
        self.up = False
        self.blink()

    def blink(self):
        """What is on the line is lost; the next dial goes through if the line is up."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            self.drop(*pair)

    def restore(self):
        self.up = True
