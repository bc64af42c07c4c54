# SPDX-License-Identifier: EUPL-1.2
"""The processes of the demo: keys, configurations, broker, adapters, the operator's tool."""
import csv
import json
import os
import secrets
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CATALOGUE = os.path.join(HERE, "..", "catalogue")


def free_port():
    """Below the range from which the kernel takes ports for outgoing connections."""
    while True:
        with socket.socket() as s:
            port = 20000 + secrets.randbelow(12000)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def read_csv(name):
    with open(os.path.join(CATALOGUE, name), encoding="utf-8-sig") as f:
        return list(csv.DictReader(f))


class Town:
    def __init__(self, binaries, folder):
        self.bin = binaries
        self.folder = folder
        self.processes = {}
        self.keys = {}
        self.tokens = {}
        self.adapters = {}
        self.port = free_port()
        self.blob_port = free_port()
        self.communes = [dict(id="H24." + row["code"], name=f"{row['type']} {row['name_vi']}",
                              code=row["code"]) for row in read_csv("haiphong-communes.csv")]
        self.others = read_csv("sample-agencies.csv")

    # -- keys and registry ---------------------------------------------------------------------

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run(self, *command, check=True):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n"
                               f"{done.stdout}{done.stderr}")
        return done

    def make_key(self, name):
        base = self.path("keys", name)
        self.run(os.path.join(self.bin, "ltctl"), "key", "make", base)
        with open(base + ".pub", encoding="ascii") as f:
            self.keys[name] = f.read().strip()
        return self.keys[name]

    def make_keys(self, progress):
        os.makedirs(self.path("keys"), exist_ok=True)
        names = ["broker", "operator"] + [a["id"] for a in self.communes + self.others]
        for i, name in enumerate(names):
            self.make_key(name)
            self.tokens[name] = secrets.token_hex(16)
            progress(f"keys {i + 1}/{len(names)}")

    def ctl(self, *arguments, check=True):
        return self.run(os.path.join(self.bin, "ltctl"), "--endpoint",
                        f"tcp://127.0.0.1:{self.port}", "--server-key", self.path("keys/broker.pub"),
                        "--key", self.path("keys/operator.key"), *arguments, check=check)

    def ctl_json(self, *arguments):
        return json.loads(self.ctl(*arguments, "--json").stdout or "[]")

    def import_registry(self):
        with open(self.path("agencies.csv"), "w", encoding="utf-8", newline="") as f:
            out = csv.writer(f)
            out.writerow(["id", "name", "kind", "locality", "public_key", "contact"])
            for c in self.communes:
                out.writerow([c["id"], c["name"], "commune", c["code"], self.keys[c["id"]], ""])
            for o in self.others:
                out.writerow([o["id"], o["name"], o["kind"], o["locality"], self.keys[o["id"]], ""])
        self.ctl("registry", "import", self.path("agencies.csv"))
        self.ctl("registry", "import", os.path.join(CATALOGUE, "sample-routes.csv"))

    # -- processes ----------------------------------------------------------------------------

    def start(self, name, *command):
        log = open(self.path(name + ".log"), "ab")
        self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                                stderr=log)
        log.close()

    def start_broker(self):
        config = self.path("lienthongd.yaml")
        with open(config, "w", encoding="utf-8") as f:
            f.write(f"data: {self.path('data')}\n"
                    f"listen: [tcp://127.0.0.1:{self.port}]\n"
                    f"blob_listen: tcp://127.0.0.1:{self.blob_port}\n"
                    f"blob_public: tcp://127.0.0.1:{self.blob_port}\n"
                    f"secret_key: {self.path('keys/broker.key')}\n"
                    "operators:\n  - name: truc-ban\n"
                    f"    public_key: {self.keys['operator']}\n    role: registrar\n"
                    "backoff_first_ms: 500\n")
        self.start("lienthongd", os.path.join(self.bin, "lienthongd"), "--config", config)
        self.wait_for(lambda: self.ctl("status", check=False).returncode == 0, 20, "broker")

    def start_adapter(self, name, agencies, endpoint=None, blob_endpoint=None):
        """agencies: ids. Their software finds the door at adapters[id]."""
        config = self.path(name + ".yaml")
        known = os.path.exists(config)
        if not known:
            port = free_port()
            with open(config, "w", encoding="utf-8") as f:
                f.write(f"endpoint: {endpoint or f'tcp://127.0.0.1:{self.port}'}\n"
                        f"server_key: {self.path('keys/broker.pub')}\n"
                        f"data: {self.path('adapters', name)}\n")
                if blob_endpoint:
                    f.write(f"blob_endpoint: {blob_endpoint}\n")
                f.write(f"drivers:\n  http: {{listen: 127.0.0.1:{port}}}\nagencies:\n")
                for agency in agencies:
                    f.write(f"  - id: {agency}\n    key: {self.path('keys', agency + '.key')}\n"
                            f"    token: {self.tokens[agency]}\n")
                    self.adapters[agency] = port
            os.chmod(config, 0o600)
            os.makedirs(self.path("adapters"), exist_ok=True)
        self.start(name, os.path.join(self.bin, "lt-adapter"), "run", "--config", config)

    def kill(self, name, how=signal.SIGTERM):
        process = self.processes.pop(name)
        process.send_signal(how)
        process.wait(30)

    def stop_all(self):
        for name in sorted(self.processes, key=lambda n: n == "lienthongd"):
            self.processes[name].send_signal(signal.SIGTERM)
        for name in list(self.processes):
            try:
                self.processes[name].wait(30)
            except subprocess.TimeoutExpired:
                self.processes[name].kill()
            del self.processes[name]

    def dead(self):
        return [n for n, p in self.processes.items() if p.poll() is not None]

    @staticmethod
    def wait_for(ready, seconds, what):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if ready():
                return
            time.sleep(0.1)
        raise RuntimeError(f"{what}: not ready within {seconds} s")
