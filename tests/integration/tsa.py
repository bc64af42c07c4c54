# SPDX-License-Identifier: EUPL-1.2
"""A time-stamping authority on loopback for tests in Python: `openssl ts` behind an HTTP port. The
broker's own tests in C have one with more moods (tests/harness/tsa.c)."""
import http.server
import os
import subprocess
import threading

CONFIG = """\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = thu
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[stamps]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
[tsa]
default_tsa = good
[good]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
signer_digest = sha256
"""
MAKE = """
set -e
echo 01 >serial
for n in goc goc-khac tsa tsa-khac; do openssl ecparam -name prime256v1 -genkey -noout -out $n.key; done
for n in goc goc-khac; do
openssl req -x509 -new -key $n.key -subj /CN=$n -days 30 -config ts.cnf -extensions ca -out $n.crt
done
for p in tsa:goc tsa-khac:goc-khac; do
n=${p%:*}; r=${p#*:}
openssl req -new -key $n.key -subj /CN=$n -config ts.cnf -out $n.csr
openssl x509 -req -in $n.csr -CA $r.crt -CAkey $r.key -CAcreateserial -extfile ts.cnf \\
    -extensions stamps -days 30 -out $n.crt
done
"""


class Authority:
    """`signer` is "tsa", or "tsa-khac", which nobody trusts. Not open until begin(); without a port
    it is asked by answer() alone."""

    def __init__(self, folder, port=None):
        self.folder, self.port = folder, port
        self.signer, self.asked, self.server = "tsa", 0, None
        os.makedirs(folder)
        with open(self.path("ts.cnf"), "w", encoding="ascii") as file:
            file.write(CONFIG)
        subprocess.run(["sh", "-c", MAKE], cwd=folder, check=True, capture_output=True, timeout=120)

    def path(self, name):
        return os.path.join(self.folder, name)

    def url(self):
        return "http://127.0.0.1:%d/tsa" % self.port

    def root(self):
        return self.path("goc.crt")

    def begin(self):
        authority = self

        class Door(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", self.port), Door)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, question):
        with open(self.path("q.tsq"), "wb") as file:
            file.write(question)
        subprocess.run(["openssl", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "q.tsq",
                        "-signer", self.signer + ".crt", "-inkey", self.signer + ".key",
                        "-out", "r.tsr"], cwd=self.folder, check=True, capture_output=True,
                       timeout=60)
        self.asked += 1
        with open(self.path("r.tsr"), "rb") as file:
            return file.read()

    def end(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
