# SPDX-License-Identifier: EUPL-1.2
"""A real lt-adapter beside the broker of a house, and its local HTTP door."""
import json
import os
import secrets
import signal
import subprocess

from basics import SLOW, wait_for
from door import Door
from world import free_port


class Adapter:
    """One process for some agencies of the house; `options` is more YAML for the top level."""

    def __init__(self, house, agencies, name="adapter", endpoint=None, blob_endpoint=None,
                 options="", of_agency="", keys=None):
        self.house, self.name, self.agencies = house, name, agencies
        self.port = free_port()
        self.tokens = {a: secrets.token_hex(16) for a in agencies}
        self.data = house.path(name)
        self.config = house.path(name + ".yaml")
        text = "endpoint: %s\nserver_key: %s\ndata: %s\nlanguage: en\n%sdrivers:\n" \
               "  http: {listen: 127.0.0.1:%d}\nagencies:\n" \
               % (endpoint or house.endpoint, house.path("broker.pub"), self.data, options,
                  self.port)
        if blob_endpoint:
            text = "blob_endpoint: %s\n" % blob_endpoint + text
        for agency in agencies:
            key = (keys or {}).get(agency, agency)
            text += "  - id: %s\n    key: %s\n    token: %s\n%s" % (
                agency, house.path(key + ".key"), self.tokens[agency], of_agency)
        with open(os.open(self.config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w",
                  encoding="utf-8") as file:
            file.write(text)
        self.process = None

    def command(self, *arguments, **environment):
        """lt-adapter with arguments, to its end."""
        return subprocess.run([os.path.join(self.house.bin, "lt-adapter"), *arguments],
                              capture_output=True, text=True, check=False, timeout=60 * SLOW,
                              stdin=subprocess.DEVNULL, env={**os.environ, **environment})

    def start(self, connected=True, **environment):
        with open(self.house.path(self.name + ".log"), "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.house.bin, "lt-adapter"), "run", "-c", self.config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **environment})
        doors = [self.door(a) for a in self.agencies]
        wait_for(lambda: all(d.connected() if connected else d.call("GET", "/v1/health")[0] == 200
                             for d in doors), 20, "the adapter " + self.name)
        return self

    def door(self, agency=None, token_of=None):
        agency = agency or self.agencies[0]
        return Door(agency, self.port, self.tokens[token_of or agency])

    def log(self):
        with open(self.house.path(self.name + ".log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20 * SLOW)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def problem(answer, status, code, field=None):
    """The answer of a door must be this refusal, complete: what, where, who, what to do."""
    got, body = answer
    assert body is not None, "no answer: status %s" % got
    assert (got, body.get("code")) == (status, code), "%s %s, wanted %s %s" % (got, body, status,
                                                                               code)
    assert field is None or body.get("field") == field, "field %s, wanted %s" % (body, field)
    for part in ("title", "title_en", "who", "do", "do_en"):
        assert body.get(part), "%s is missing: %s" % (part, json.dumps(body))
    return body


def events(door, after=0):
    """All events of the feed behind a cursor, and the next cursor."""
    found = []
    while True:
        status, page = door.call("GET", "/v1/events?after=%d&limit=1000" % after)
        assert status == 200, page
        if not page["events"]:
            return found, after
        found += page["events"]
        after = page["next"]
