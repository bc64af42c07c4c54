# SPDX-License-Identifier: EUPL-1.2
"""
One compressed working day of Hải Phòng on loopback: 114 communes, departments, ministry systems,
a broker that is killed, an island that is cut off, a department that goes away, a parked case.
Ends with a table whose sums must balance; exit code 1 if they do not.
"""
import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

from book import Book
from line import Line
from people import Origin, Resolver, UNKNOWN_PROCEDURE
from town import Town

ISLAND = "H24.11914"        # đặc khu Cát Hải
CITY = "H24.110"
ABSENT = "H24.107"          # Văn phòng đăng ký đất đai (mẫu)
PARKED_AT = "H24.106"
CASES_A_DAY = 6800
CITY_SHARE = 126173 / 443221  # the quarter of the seed: 126,173 of 443,221 cases
SCAN_BYTES = 30 * 1024 * 1024


class Day:
    def __init__(self, town, cases, seconds, say):
        self.town = town
        self.cases = cases
        self.seconds = seconds
        self.say = say
        self.book = Book()
        self.stop = threading.Event()
        self.filing = threading.Event()
        self.failures = []
        self.origins = {}
        self.resolvers = {}

    def build(self, seed):
        rnd = random.Random(seed)
        for c in self.town.communes:
            self.origins[c["id"]] = Origin(self.town, c["id"], c["code"], self.book,
                                           rnd.getrandbits(32))
        self.origins[CITY] = Origin(self.town, CITY, "31", self.book, rnd.getrandbits(32))
        for o in self.town.others:
            if o["id"] != CITY:
                self.resolvers[o["id"]] = Resolver(self.town, o["id"], self.book,
                                                   rnd.getrandbits(32))
        # The busiest commune gets about ten times the mean.
        weights = [10 if i == 0 else 1 + rnd.random() for i in range(len(self.town.communes))]
        rnd.shuffle(weights)
        city = round(self.cases * CITY_SHARE)
        chosen = rnd.choices([c["id"] for c in self.town.communes], weights, k=self.cases - city)
        self.plan = [CITY] * city + chosen
        for place in ("H24.11407", "H24.11446", "H24.11074", ISLAND):
            self.plan.append(place)  # An Biên, Phù Liễn, Tứ Kỳ, Cát Hải are in every plan
        rnd.shuffle(self.plan)

    def guard(self, work):
        def run():
            try:
                work()
            except Exception as error:  # a demo must not hang on a failed thread
                self.failures.append(error)
                self.stop.set()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def desks(self, ids):
        mine = [self.origins[i] for i in ids]

        def work():
            while not self.stop.is_set():
                busy = 0
                for origin in mine:
                    origin.send()
                    busy += origin.receive()
                self.stop.wait(0.02 if busy else 0.2)
        return work

    def systems(self, ids):
        mine = [self.resolvers[i] for i in ids]

        def work():
            while not self.stop.is_set():
                busy = 0
                for resolver in mine:
                    busy += resolver.receive()
                    resolver.send()
                self.stop.wait(0.01 if busy else 0.1)
        return work

    def file_cases(self):
        begun = time.monotonic()
        for i, agency in enumerate(self.plan):
            origin = self.origins[agency]
            while not self.stop.is_set() and not origin.new_case():
                time.sleep(0.1)
            ahead = begun + self.seconds * (i + 1) / len(self.plan) - time.monotonic()
            if self.stop.is_set():
                return
            if ahead > 0:
                time.sleep(ahead)
        self.filing.set()

    # -- what happens to the town ---------------------------------------------------------------

    def at(self, share):
        due = self.begun + self.seconds * share
        while time.monotonic() < due and not self.stop.is_set():
            time.sleep(0.05)

    def trouble(self, line, blob_line):
        town = self.town
        self.at(0.10)
        big = random.Random(7).randbytes(SCAN_BYTES)
        island = self.origins[ISLAND]
        paper = None
        while paper is None and not self.stop.is_set():
            paper = island.door.put(big)
        island.new_case(papers=[dict(paper, component="TP-01", name="ban-do-30MB.pdf")])
        self.say("Cát Hải: một bản quét 30 MB lên đường; đường truyền sắp đứt")
        self.at(0.16)
        blob_line.blink()
        self.at(0.20)
        line.cut()
        blob_line.cut()
        self.say("Cát Hải mất liên lạc; vẫn tiếp nhận, hồ sơ nằm tại bộ nối")
        self.at(0.30)
        town.kill("office", signal.SIGTERM)
        self.say("Văn phòng đăng ký đất đai (mẫu) ngừng")
        self.at(0.45)
        town.kill("lienthongd", signal.SIGKILL)
        self.say("lienthongd bị kill -9 giữa chừng")
        time.sleep(0.5)
        town.start_broker()
        self.say("lienthongd chạy lại, đã kiểm tra và tiếp tục")
        self.at(0.60)
        town.start_adapter("office", [ABSENT])
        self.say("Văn phòng đăng ký đất đai (mẫu) trở lại")
        self.at(0.75)
        line.restore()
        blob_line.restore()
        self.say("Cát Hải có đường trở lại; hàng chờ đi theo thứ tự")

    def operate(self):
        """Two parked cases: a system that cannot swallow one, and a procedure nobody knows."""
        poison = self.origins["H24.11074"]
        resolver = self.resolvers[PARKED_AT]
        self.at(0.35)
        code = f"{poison.agency}-261123-{poison.made + 1:04d}"
        resolver.never.add(code)
        while not poison.new_case(procedure="1.001776.000.00.00.H24") and not self.stop.is_set():
            time.sleep(0.1)
        stranger = self.origins["H24.11446"]
        while not stranger.new_case(procedure=UNKNOWN_PROCEDURE) and not self.stop.is_set():
            time.sleep(0.1)
        self.at(0.80)
        parked = []
        while len(parked) < 2 and not self.stop.is_set():
            parked = self.town.ctl_json("parked")
            time.sleep(0.3)
        self.say(f"chờ can thiệp: {len(parked)} hồ sơ; người vận hành xem, sửa và gửi lại")
        self.say("  " + self.town.ctl("where", code).stdout.strip())
        resolver.never.discard(code)
        self.town.ctl("route", "add", "--procedure", "1.999999", "--to", PARKED_AT)
        for row in parked:
            self.town.ctl("replay", row["id"], "--reason", "da sua phia nhan (thu)")

    def run(self, line, blob_line):
        self.begun = time.monotonic()
        ids = list(self.origins)
        for part in (ids[0::3], ids[1::3], ids[2::3]):
            self.guard(self.desks(part))
        self.guard(self.systems(list(self.resolvers)))
        self.guard(self.file_cases)
        happenings = [self.guard(lambda: self.trouble(line, blob_line)), self.guard(self.operate)]
        limit = self.begun + self.seconds + 600
        while not self.stop.is_set() and time.monotonic() < limit:
            self.tick()
            done = self.filing.is_set() and not any(h.is_alive() for h in happenings)
            if done and self.book.open_cases() == 0 and self.quiet():
                break
            time.sleep(0.5)
        self.stop.set()
        if self.failures:
            raise self.failures[0]

    def quiet(self):
        """Nothing waits anywhere: desks, adapters, broker."""
        people = list(self.origins.values()) + list(self.resolvers.values())
        if any(p.waiting for p in people):
            return False
        total = self.town.ctl_json("conservation")[-1]
        return int(total["open"]) == 0 and int(total["counted"]) == 0

    def tick(self):
        cases, done, taken, refused = self.book.summary()
        self.say(f"{time.monotonic() - self.begun:5.0f} s  hồ sơ {cases}  có kết quả {done}  "
                 f"đã nhận {taken}  từ chối {refused}  đang mở {self.book.open_cases()}",
                 passing=True)


def table(day, town):
    """Prints both sides and returns whether everything balances."""
    rows = town.ctl_json("conservation")
    total = rows[-1]
    cases, done, taken, refused = day.book.summary()
    kinds = {a["id"]: a["kind"] for a in town.others}
    groups = {}
    for row in rows[:-1]:
        name = {"department": "sở, ngành (mẫu)", "ministry": "hệ thống bộ (mẫu)"}.get(
            kinds.get(row["agency"]), "cấp xã" if row["agency"].startswith("H24.1") else "khác")
        g = groups.setdefault(name, [0] * 6)
        for i, field in enumerate(("accepted", "taken", "refused", "open", "counted",
                                   "difference")):
            g[i] += int(row[field])
    print(f"\n{'đơn vị nhận':24}{'đã nhận vào':>12}{'đã lấy':>9}{'từ chối':>9}{'mở':>6}"
          f"{'đếm lại':>9}{'lệch':>6}")
    for name, g in sorted(groups.items()):
        print(f"{name:24}{g[0]:>12}{g[1]:>9}{g[2]:>9}{g[3]:>6}{g[4]:>9}{g[5]:>6}")
    print(f"{'tổng cộng':24}{total['accepted']:>12}{total['taken']:>9}{total['refused']:>9}"
          f"{total['open']:>6}{total['counted']:>9}{total['difference']:>6}")
    posted = sum(day.book.posted_count.values())
    checks = [("mọi hồ sơ có kết quả hoặc bị từ chối", day.book.open_cases(), 0),
              ("lượt chuyển đã gửi = trục đã nhận", posted, int(total["accepted"])),
              ("phía nhận đã lấy = trục ghi đã lấy", taken, int(total["taken"])),
              ("phía nhận từ chối = trục ghi từ chối", refused, int(total["refused"])),
              ("trục: nhận vào - kết thúc - mở (P7)", int(total["difference"]), 0),
              ("sai thứ tự trong một hồ sơ (P3)", len(day.book.disorder), 0)]
    print(f"\n{cases} hồ sơ, {done} có kết quả; giao lại do đứt đường hoặc kill: {day.book.twice} lần, "
          "không lần nào có tác dụng hai lần")
    good = True
    for what, left, right in checks:
        good = good and left == right
        print(f"  {'ok ' if left == right else 'SAI'} {what}: {left} = {right}")
    for agency in ("H24.11407", "H24.11446", "H24.11074", ISLAND):
        row = next(r for r in rows if r["agency"] == agency)
        print(f"  {agency} {row.get('name', '')}: kết quả và trạng thái đã về {row['taken']}")
    return good


def write_tour(town, folder):
    """A file to source: ltctl with its keys, the doors of a commune and of a department."""
    with open(town.path("tour"), "w", encoding="utf-8") as f:
        f.write(f"ltctl() {{ {town.bin}/ltctl --endpoint tcp://127.0.0.1:{town.port} "
                f"--server-key {folder}/keys/broker.pub --key {folder}/keys/operator.key "
                '"$@"; }\n')
        for name, agency in (("AN_BIEN", "H24.11407"), ("SO_Y_TE", PARKED_AT)):
            f.write(f"{name}=http://127.0.0.1:{town.adapters[agency]}\n"
                    f'{name}_TOKEN="Authorization: Bearer {town.tokens[agency]}"\n')
        pids = " ".join(str(p.pid) for p in town.processes.values())
        f.write(f"tour_stop() {{ kill {pids}; }}\n")
    os.chmod(town.path("tour"), 0o600)


def teller():
    """Progress on a terminal, single lines when piped."""
    live = sys.stdout.isatty()

    def say(text, passing=False):
        if passing:
            if live:
                print("\r\x1b[K" + text, end="", flush=True)
            return
        print(("\r\x1b[K" if live else "") + text, flush=True)
    return say


def main():
    parser = argparse.ArgumentParser(prog="ops/demo", description=__doc__)
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--fast", action="store_true", help="a twentieth of the day, for CI")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    parser.add_argument("--cases", type=int, help="how many cases")
    parser.add_argument("--seconds", type=int, help="how long the desks file cases")
    options = parser.parse_args()
    cases = options.cases or (CASES_A_DAY // 20 if options.fast else CASES_A_DAY)
    seconds = options.seconds or (22 if options.fast else 150)
    say = teller()
    folder = tempfile.mkdtemp(prefix="lienthong-demo-")
    town = Town(options.bin, folder)
    good = False
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        town.make_keys(lambda text: say(text, passing=True))
        town.start_broker()
        town.import_registry()
        line = Line(town.port)
        blob_line = Line(town.blob_port)
        communes = [c["id"] for c in town.communes if c["id"] != ISLAND]
        town.start_adapter("communes", communes)
        town.start_adapter("island", [ISLAND], f"tcp://127.0.0.1:{line.port}",
                           f"tcp://127.0.0.1:{blob_line.port}")
        town.start_adapter("office", [ABSENT])
        town.start_adapter("city", [o["id"] for o in town.others
                                    if o["kind"] == "department" and o["id"] != ABSENT])
        town.start_adapter("ministries", [o["id"] for o in town.others
                                          if o["kind"] == "ministry"])
        say(f"trục, {len(town.communes)} cấp xã, {len(town.others)} sở ngành và hệ thống bộ (mẫu)")
        town.wait_for(lambda: int(town.ctl_json("status")[0]["connected"]) ==
                      len(town.communes) + len(town.others), 60, "adapters")
        say("tất cả đã nối; bắt đầu một ngày làm việc thu nhỏ")
        day = Day(town, cases, seconds, say)
        day.build(20261123)
        day.run(line, blob_line)
        good = table(day, town) and not town.dead()
        if options.keep:
            write_tour(town, folder)
            print(f"\nđang chạy trong {folder}; xem quanh:\n  . {folder}/tour\n  ltctl status\n"
                  f"  ltctl agencies\n  ltctl where {ISLAND}-261123-0001\n  tour_stop   # dừng tất cả")
    finally:
        if not options.keep:
            town.stop_all()
            if good:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                print(f"nhật ký còn ở {folder}", file=sys.stderr)
    print("\n" + ("CÂN BẰNG" if good else "KHÔNG CÂN BẰNG"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
