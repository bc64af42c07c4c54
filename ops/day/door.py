# SPDX-License-Identifier: EUPL-1.2
"""One agency's local software, as far as the demo needs it: speaks only the local HTTP door."""
import hashlib
import http.client
import json
import threading


class Door:
    """One adapter's HTTP door with one agency's token; a connection per thread, made anew at need."""

    def __init__(self, agency, port, token):
        self.agency = agency
        self.port = port
        self.token = token
        self.local = threading.local()

    def call(self, method, path, body=None, headers=None, raw=False, timeout=30):
        """(status, answer); (0, None) when the adapter is away."""
        head = {"Authorization": "Bearer " + self.token}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
            head["Content-Type"] = "application/json"
        head.update(headers or {})
        for fresh in (False, True):
            try:
                line = getattr(self.local, "line", None)
                if line is None or fresh:
                    line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
                    self.local.line = line
                line.request(method, path, body, head)
                answer = line.getresponse()
                data = answer.read()
                return answer.status, data if raw else (json.loads(data) if data else None)
            except (OSError, http.client.HTTPException):
                self.close()
        return 0, None

    def close(self):
        line = getattr(self.local, "line", None)
        if line is not None:
            line.close()
            self.local.line = None

    def submit(self, key, request):
        """True when it is durable in the adapter; the caller repeats it with the same key."""
        status, answer = self.call("POST", "/v1/transfers", request, {"Idempotency-Key": key})
        if status in (200, 201, 202):
            return answer
        if status not in (0, 429, 503, 507):
            raise RuntimeError(f"{self.agency}: {status} {answer}")
        return None

    def put(self, data):
        """Stores an attachment in the adapter; returns its declaration or None."""
        digest = hashlib.sha256(data).hexdigest()
        status, answer = self.call("PUT", "/v1/attachments/" + digest, data,
                                   {"Content-Type": "application/octet-stream"})
        if status not in (200, 201):
            if status in (0, 429, 503, 507):
                return None
            raise RuntimeError(f"{self.agency}: attachment {status} {answer}")
        return {"sha256": digest, "size": len(data)}

    def inbox(self, limit=100):
        status, answer = self.call("GET", f"/v1/inbox?limit={limit}&lease=60")
        return answer["deliveries"] if status == 200 else []

    def settle(self, delivery, outcome, **answer):
        status, _ = self.call("POST", f"/v1/inbox/{delivery['id']}/{delivery['leg']}/{outcome}",
                              answer or None)
        return status == 200

    def connected(self):
        status, answer = self.call("GET", "/v1/health")
        return status == 200 and answer.get("agency", {}).get("connected", False)

    def state(self):
        status, answer = self.call("GET", "/v1/health")
        return answer.get("agency", {}) if status == 200 else {}
