# SPDX-License-Identifier: EUPL-1.2
"""A broker of our own for a test: keys, configuration, registry, process; all in one folder.

The broker is lienthongd, the registry is filled by ltctl, as an operator would.
"""
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time

import zmq
from zmq.utils import z85

CONFIG = """\
data: {folder}/data
listen: ["{endpoint}"]
blob_listen: {blob_endpoint}
blob_public: {blob_endpoint}
secret_key: {folder}/broker.key
operators:
  - name: truc-ban-1
    public_key: {operator}
    role: registrar
log_level: info
{more}"""


HELD = []  # sockets that hold the ports given until this process ends


def free_port():
    """Below the range from which the kernel takes ports for outgoing connections. Other tests look for ports,
    too, also while a broker is down: so it stays bound, and whoever reuses addresses may listen there."""
    while True:
        probe = socket.socket()
        port = random.SystemRandom().randrange(20000, 32000)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.close()
            continue
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        HELD.append(probe)
        return port


class World:
    def __init__(self, bin_folder, more=""):
        self.bin = bin_folder
        self.folder = tempfile.mkdtemp(prefix="lt-interop-")
        self.endpoint = "tcp://127.0.0.1:%d" % free_port()
        self.blob_endpoint = "tcp://127.0.0.1:%d" % free_port()
        self.process = None
        self.broker = os.path.join(bin_folder, "lienthongd")
        self.environment = {}  # of the broker, beside ours
        self.server_public = self.key_make("broker")[0]
        self.operator_public = self.key_make("operator")[0]
        os.makedirs(self.path("data"), mode=0o700)
        with open(self.path("lienthongd.yaml"), "w", encoding="utf-8") as file:
            file.write(CONFIG.format(folder=self.folder, endpoint=self.endpoint,
                                     blob_endpoint=self.blob_endpoint,
                                     operator=self.operator_public.hex(),
                                     more=more.format(folder=self.folder)))

    def path(self, name):
        return os.path.join(self.folder, name)

    def key_make(self, name):
        """NAME.key (mode 0600) and NAME.pub, 64 hex digits each; (public, secret) as bytes."""
        public, secret = (z85.decode(key) for key in zmq.curve_keypair())
        for suffix, key, mode in ((".key", secret, 0o600), (".pub", public, 0o644)):
            fd = os.open(self.path(name + suffix), os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(fd, "w", encoding="ascii") as file:
                file.write(key.hex() + "\n")
        return public, secret

    def start(self):
        with open(self.path("broker.log"), "ab") as log:
            self.process = subprocess.Popen(
                [self.broker, "--config", self.path("lienthongd.yaml")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.environment})
        host, port = self.endpoint[len("tcp://"):].split(":")
        for _ in range(200):
            if self.process.poll() is not None:
                raise RuntimeError("the broker ended: " + self.log_text())
            try:
                socket.create_connection((host, int(port)), 0.2).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the broker does not listen: " + self.log_text())

    def kill(self):
        """No farewell: as in a power cut."""
        self.process.kill()
        self.process.wait()

    def log_text(self):
        with open(self.path("broker.log"), encoding="utf-8", errors="replace") as log:
            return log.read()[-4000:]

    def ltctl(self, *arguments):
        done = subprocess.run(
            [os.path.join(self.bin, "ltctl"), "--endpoint", self.endpoint,
             "--server-key", self.path("broker.pub"), "--key", self.path("operator.key"),
             *arguments], capture_output=True, text=True, timeout=30, check=False,
            env={**os.environ, "HOME": self.folder})
        if done.returncode != 0:
            raise RuntimeError("ltctl %s: %s%s" % (" ".join(arguments), done.stdout, done.stderr))
        return done.stdout

    def agency_add(self, agency, name, kind, locality):
        """Registers it with a new key; gives the secret."""
        public, secret = self.key_make(agency)
        self.ltctl("agency", "add", agency, "--name", name, "--kind", kind, "--locality", locality,
                   "--public-key", public.hex())
        return secret

    def close(self, keep=False):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
