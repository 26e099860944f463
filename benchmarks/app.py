"""A load test of `hairgan app` over the loopback address: how long visitors wait, what is lost, and what memory does.

    python benchmarks/app.py           # the table of docs/app.md: 50 visitors, 200 edits; some minutes
    python benchmarks/app.py --quick   # 4 visitors, 12 edits

The command is started with the networks that ship. Every visitor is a session of its own with a photo of its own, a
drawn person, and asks for the next edit as soon as it has the last. Memory is the server's resident set: after one edit
per visitor ("start": sessions, photos in memory and the allocator's pools are there), and after the last.
"""

from __future__ import annotations

import argparse
import io
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from PIL import Image

from hairgan.portraits import portrait
from hairgan.text_tables import markdown_table

COLORS = ("auburn", "blond", "black", "copper", "silver")
LONGEST = 900.0  # s, of the whole test


@dataclass
class Tally:
    """What the visitors saw."""

    seconds: list[float] = field(default_factory=list)
    """From asking to having, per edit."""
    lost: list[str] = field(default_factory=list)
    """Answers that were no edit."""
    waiting: int = 0
    most_waiting: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Visitor:
    """One session: a cookie, a photo, and edits one after the other."""

    def __init__(self, url: str, number: int, size: int, tally: Tally) -> None:
        self.url, self.number, self.tally = url, number, tally
        self.http = httpx.Client(timeout=LONGEST, trust_env=False)
        self.http.get(f"{url}config").raise_for_status()
        file = io.BytesIO()
        Image.fromarray(portrait(5, number, size).image).save(file, "PNG")
        answer = self.http.post(f"{url}gradio_api/upload", files={"files": (f"{number}.png", file.getvalue())})
        self.photo = answer.raise_for_status().json()[0]

    def edit(self, turn: int) -> None:
        """Ask for an edit, wait for it and fetch it."""
        tally, call = self.tally, f"{self.url}gradio_api/call/dye"
        photo = {"path": self.photo, "meta": {"_type": "gradio.FileData"}}
        data = [photo, COLORS[(self.number + turn) % len(COLORS)], None, 1.0, "shipped"]
        start = time.perf_counter()
        with tally.lock:
            tally.waiting += 1
            tally.most_waiting = max(tally.most_waiting, tally.waiting)
        event = self.http.post(call, json={"data": data}).raise_for_status().json()["event_id"]
        lines = self.http.get(f"{call}/{event}").text.splitlines()
        done = "event: complete" in lines
        found = json.loads(lines[lines.index("event: complete") + 1].removeprefix("data: ")) if done else None
        got = found and self.http.get(f"{self.url}gradio_api/file={found[0]['path']}")
        with tally.lock:
            tally.waiting -= 1
            if got and got.status_code == 200 and got.content.startswith(b"\x89PNG"):
                tally.seconds.append(time.perf_counter() - start)
            else:
                tally.lost.append(" ".join(lines)[:200])


def resident_mib(process: int) -> float:
    """The resident set of a process in MiB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {process} states no resident set")


def visit_at_once(visitors: list[Visitor], turns: range) -> None:
    """All visitors at once, each with its edits one after the other."""

    def visit(visitor: Visitor) -> None:
        for turn in turns:
            visitor.edit(turn)

    threads = [threading.Thread(target=visit, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)


def start_server(places: int) -> tuple[subprocess.Popen[bytes], str, float]:
    """The command, its page's address, and the seconds until the page answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.perf_counter()
    command = [sys.executable, "-m", "hairgan", "app", "--port", str(port), "--waiting", str(places)]
    process = subprocess.Popen([*command, "--patience", str(LONGEST)], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    while process.poll() is None and time.perf_counter() - start < 300:
        try:
            httpx.get(url, timeout=5, trust_env=False).raise_for_status()
            return process, url, time.perf_counter() - start
        except httpx.HTTPError:
            time.sleep(0.1)
    process.kill()
    raise SystemExit("the salon did not start")


def main() -> None:
    """Run the test and print a table; exit code 1 if an edit was lost."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="4 visitors, 12 edits")
    options.add_argument("--size", type=int, default=256, help="side of the photos in px")
    given = options.parse_args()
    people, edits = (4, 12) if given.quick else (50, 200)
    process, url, page = start_server(places=people + 8)
    try:
        tally = Tally()
        visitors = [Visitor(url, number, given.size, tally) for number in range(people)]
        visitors[0].edit(0)  # the networks are loaded
        tally.seconds.clear()
        visit_at_once(visitors, range(1))
        first = resident_mib(process.pid)
        start = time.perf_counter()
        visit_at_once(visitors, range(1, edits // people))
        wall = time.perf_counter() - start
        last = resident_mib(process.pid)
    finally:
        process.terminate()
        process.wait(60)
    later = tally.seconds[people:]
    rows = [
        ["page after the command", f"{page:.1f} s"],
        ["visitors, edits", f"{people}, {len(tally.seconds)}"],
        ["most at a time", str(tally.most_waiting)],
        ["edits per second", f"{len(later) / wall:.2f}"],
        ["wait, median", f"{statistics.median(tally.seconds):.1f} s"],
        ["wait, 95th percentile", f"{statistics.quantiles(tally.seconds, n=20)[-1]:.1f} s"],
        ["lost", str(len(tally.lost))],
        ["memory, start and end", f"{first:.0f} and {last:.0f} MiB ({100 * (last / first - 1):+.1f} %)"],
    ]
    print(markdown_table(["", "measured"], rows))
    for answer in tally.lost[:3]:
        print(answer)
    sys.exit(bool(tally.lost))


if __name__ == "__main__":
    main()
