# SPDX-License-Identifier: EUPL-1.2
"""What the agencies' software does on a working day: one thread files, another sends and receives."""
import random

from door import Door

# Real codes (ops/catalogue/README.md); shares are the demo's.
PROCEDURES = [("1.001776.000.00.00.H24", 12, "trợ cấp xã hội hàng tháng"),
              ("1.012781.000.00.00.H24", 18, "đất đai"),
              ("1.004222.000.00.00.H24", 14, "đăng ký thường trú"),
              ("1.004194.000.00.00.H24", 8, "đăng ký tạm trú"),
              ("1.013225.000.00.00.H24", 10, "giấy phép xây dựng nhà ở riêng lẻ"),
              ("1.001193.000.00.00.H24", 16, "khai sinh"),
              ("3.000722.000.00.00.H24", 8, "liên thông khai sinh, thường trú, BHYT"),
              ("1.001612.000.00.00.H24", 8, "hộ kinh doanh"),
              ("1.014027.000.00.00.H24", 6, "trợ cấp hưu trí xã hội")]
UNKNOWN_PROCEDURE = "1.999999.000.00.00.H24"


class Origin:
    """A reception desk: hands cases over, supplies what is asked for, takes results back."""

    def __init__(self, town, agency, locality, book, seed):
        self.door = Door(agency, town.adapters[agency], town.tokens[agency])
        self.agency = agency
        self.locality = locality
        self.book = book
        self.random = random.Random(seed)
        self.waiting = []  # (key, request) not yet durable in the adapter
        self.scans = []
        self.made = 0

    def scan(self):
        """One of this desk's scanned papers; the same paper is the same attachment."""
        if len(self.scans) < 6:
            data = self.random.randbytes(self.random.randint(8, 60) * 1024)
            paper = self.door.put(data)
            if paper is None:
                return None
            self.scans.append(paper)
        return dict(self.random.choice(self.scans))

    def attachments(self):
        papers = {}
        for i in range(self.random.randint(2, 5)):
            paper = self.scan()
            if paper is None:
                return None
            papers[paper["sha256"]] = dict(paper, component=f"TP-{i + 1:02d}", name=f"{i + 1}.pdf")
        return list(papers.values())

    def new_case(self, procedure=None, papers=None):
        papers = papers if papers is not None else self.attachments()
        if papers is None:
            return False
        self.made += 1
        code = f"{self.agency}-261123-{self.made:04d}"
        if procedure is None:
            codes = [p[0] for p in PROCEDURES]
            procedure = self.random.choices(codes, [p[1] for p in PROCEDURES])[0]
        request = {"kind": "forward", "case_code": code, "procedure": procedure,
                   "locality": self.locality,
                   "business": {"status": 2, "channel": self.random.choice([1, 2, 2, 2, 3])},
                   "body": {"owner": "NGUYỄN VĂN THỬ NGHIỆM", "note": "dữ liệu thử"},
                   "attachments": papers}
        self.book.posted(code, self.agency, "forward")
        self.waiting.append((f"{code}/forward", request))
        return True

    def send(self):
        while self.waiting:
            key, request = self.waiting[0]
            if self.door.submit(key, request) is None:
                return
            self.book.recorded(key)
            self.waiting.pop(0)

    def receive(self):
        got = 0
        for d in self.door.inbox():
            got += 1
            if not self.door.settle(d, "taken"):
                continue
            if not self.book.taken(d, self.agency):
                continue
            if d["kind"] == "supplement-request":
                request = {"kind": "supplement", "case_code": d["case_code"], "to": [d["from"]],
                           "reply_to": d["id"], "procedure": d.get("procedure"),
                           "body": {"note": "bổ sung theo yêu cầu (thử)"}}
                self.book.posted(d["case_code"], self.agency, "supplement")
                self.waiting.append((f"{d['case_code']}/supplement", request))
        return got


class Resolver:
    """A department or ministry system: takes cases at its pace, answers with status and result."""

    def __init__(self, town, agency, book, seed):
        self.door = Door(agency, town.adapters[agency], town.tokens[agency])
        self.agency = agency
        self.book = book
        self.random = random.Random(seed)
        self.waiting = []
        self.never = set()  # case codes this system cannot swallow until it is mended

    def answer(self, d, kind, status, note):
        request = {"kind": kind, "case_code": d["case_code"], "to": [d["from"]],
                   "reply_to": d["id"], "procedure": d.get("procedure"),
                   "business": {"status": status}, "body": {"note": note}}
        self.book.posted(d["case_code"], self.agency, kind)
        self.waiting.append((f"{d['case_code']}/{kind}/{d['kind']}", request))

    def send(self):
        while self.waiting:
            key, request = self.waiting[0]
            if self.door.submit(key, request) is None:
                return
            self.book.recorded(key)
            self.waiting.pop(0)

    def receive(self):
        got = 0
        for d in self.door.inbox():
            got += 1
            if d["case_code"] in self.never:
                self.door.settle(d, "failed", code="receiver-never", permanent=True,
                                 reason="logic không hợp lệ (thử)")
                continue
            if self.random.random() < 0.02:
                self.door.settle(d, "later", retry_after_s=1)
                continue
            if d["kind"] == "forward" and self.random.random() < 0.03:
                if self.door.settle(d, "refused", code="ineligible",
                                    reason="chưa đủ điều kiện (thử)"):
                    self.book.refused(d, self.agency)
                continue
            if not self.door.settle(d, "taken") or not self.book.taken(d, self.agency):
                continue
            if d["kind"] == "forward":
                self.answer(d, "status", 4, "đang xử lý (thử)")
                if self.random.random() < 0.10:
                    self.answer(d, "supplement-request", 5, "đề nghị bổ sung (thử)")
                else:
                    self.answer(d, "result", 9, "kết quả (thử)")
            elif d["kind"] == "supplement":
                self.answer(d, "result", 9, "kết quả (thử)")
        return got
