"""CPU seconds from a command to its answer: help, mistakes, imports, and the first step of a run.

    python -m benchmarks.start_up --repeats 5 --out start_up.json
    python -m benchmarks.start_up --root ../older_checkout     # the programs of another checkout

Each command is a process of its own, of which the system tells the CPU seconds, with those of processes that it waited
for. Commands take turns. What is imported, rather than how long it takes, is tested in
`tests/integration/test_start_up.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl

from benchmarks.machine import describe_machine
from benchmarks.measuring import Row, Table

if TYPE_CHECKING:
    from benchmarks.measuring import Settings

ROOT = Path(__file__).resolve().parents[1]

HAIRGAN = [sys.executable, "-m", "hairgan"]
ANSWERS: dict[str, tuple[list[str], float]] = {
    # name -> command and target in CPU seconds
    "hairgan --help": ([*HAIRGAN, "--help"], 1.2),
    "hairgan dye --help": ([*HAIRGAN, "dye", "--help"], 1.2),
    "hairgan editbench --help": ([*HAIRGAN, "editbench", "--help"], 1.2),
    "hairgan dye nothere.jpg": ([*HAIRGAN, "dye", "nothere.jpg", "--color", "auburn"], 0.3),
    "train.py --help": ([sys.executable, "train.py", "--help"], 1.2),
    "train.py --cfg job": ([sys.executable, "train.py", "--cfg", "job"], 1.2),
    "train.py --hydra-help": ([sys.executable, "train.py", "--hydra-help"], 1.2),
    "train.py mod<TAB>": ([sys.executable, "train.py", "-sc", "query=bash"], 1.2),
    "train.py model=stargn": ([sys.executable, "train.py", "model=stargn"], 1.2),
    "train.py lambda_ds=2": ([sys.executable, "train.py", "lambda_ds=2"], 1.2),
    "train.py -m steps=5,-1": ([sys.executable, "train.py", "-m", "steps=5,-1"], 1.2),
    "evaluate.py --help": ([sys.executable, "evaluate.py", "--help"], 1.2),
    "evaluate.py --cfg job": ([sys.executable, "evaluate.py", "--cfg", "job"], 1.2),
    "evaluate.py metrcs=[fid]": ([sys.executable, "evaluate.py", "metrcs=[fid]"], 1.2),
    "sweep.py --help": ([sys.executable, "sweep.py", "--help"], 1.2),
    "sweep.py --cfg job": ([sys.executable, "sweep.py", "--cfg", "job"], 1.2),
}
QUICK = ("hairgan --help", "train.py --help", "train.py model=stargn")
IMPORTS: dict[str, tuple[str, float | None]] = {
    # name -> code and target as a multiple of the first
    "import torch": ("import torch", None),
    "from hairgan import Salon": ("from hairgan import Salon", 1.3),
}
LIGHTNING = "import torch, pytorch_lightning"
FIRST_STEP = "first step of a second quickstart"
FIRST_STEP_TARGET = 1.5
COMPLETION = {"COMP_LINE": "python train.py mod", "COMP_POINT": "19", "COMP_CWORD": "2"}
SECONDS_FILE = "HAIRGAN_BENCHMARK_SECONDS"
"""Environment variable that names the file for the CPU seconds until the first step."""


class StopAfterFirstStep(pl.Callback):
    """Writes the CPU seconds of this process so far into the file of `SECONDS_FILE`, and ends the process."""

    def on_train_batch_end(self, *arguments: Any, **options: Any) -> None:
        times = os.times()
        seconds = times.user + times.system + times.children_user + times.children_system
        Path(os.environ[SECONDS_FILE]).write_text(str(seconds))
        os._exit(0)


def tables(settings: Settings) -> Iterator[Table]:
    """The tables of `python -m benchmarks start_up`; with `quick` a few answers, without the imports of training."""
    yield from start_up_tables(settings.repeats, quick=settings.quick)


def start_up_tables(repeats: int, *, root: Path = ROOT, quick: bool = False) -> Iterator[Table]:
    """Measure the programs of a checkout.

    Args:
        repeats: timed runs of each command, after one that is not timed.
        root: folder of the checkout.
        quick: only a few answers, and not the slow imports of training.
    """
    with tempfile.TemporaryDirectory() as byte_code:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (root / "src", root, ROOT)))}
        environment |= {"WANDB_MODE": "offline", "PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": byte_code} | COMPLETION
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # without byte code, a third of the time is compiling
        yield from _tables(repeats, root, environment, quick)


def _tables(repeats: int, root: Path, environment: Mapping[str, str], quick: bool) -> Iterator[Table]:

    def command(words: Sequence[str]) -> Callable[[], float]:
        return lambda: cpu_seconds(words, root, environment)

    asked = {name: ANSWERS[name] for name in (QUICK if quick else ANSWERS)}
    rows = in_turns({name: command(words) for name, (words, _) in asked.items()}, repeats)
    for row, (_, target) in zip(rows, asked.values(), strict=True):
        row.values["target, CPU s"] = target
    yield Table("answers and mistakes", rows)

    works = {name: command([sys.executable, "-c", code]) for name, (code, _) in IMPORTS.items()}
    yield multiples("imports", in_turns(works, repeats), {name: target for name, (_, target) in IMPORTS.items()})

    if quick:
        return
    with tempfile.TemporaryDirectory() as folder:
        works = {
            LIGHTNING: command([sys.executable, "-c", LIGHTNING]),
            FIRST_STEP: lambda: first_step(root, Path(folder), environment),
        }
        rows = in_turns(works, repeats)
    yield multiples("the first step", rows, {LIGHTNING: None, FIRST_STEP: FIRST_STEP_TARGET})


def in_turns(works: Mapping[str, Callable[[], float]], repeats: int) -> list[Row]:
    """The wall and CPU seconds of pieces of work that return their CPU seconds."""
    rows = {name: Row(name) for name in works}
    for number in range(repeats + 1):
        for name, work in works.items():
            start = time.perf_counter()
            cpu = work()
            if number:  # files have been read once, and the data of the quickstart is there
                rows[name].wall_s.append(time.perf_counter() - start)
                rows[name].cpu_s.append(cpu)
    return list(rows.values())


def multiples(title: str, rows: list[Row], targets: Mapping[str, float | None]) -> Table:
    """A table of rows as multiples of the first, with their targets."""
    for row in rows[1:]:
        ratios = [seconds / base for seconds, base in zip(row.cpu_s, rows[0].cpu_s, strict=True)]
        row.values["times the first"] = round(statistics.median(ratios), 3)
        row.values["target, times the first"] = targets[row.name]
    return Table(title, rows)


def cpu_seconds(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    """The CPU seconds of a command, whose output is dropped; it may end with an error."""
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0  # waited for above
    return usage.ru_utime + usage.ru_stime


def first_step(root: Path, folder: Path, environment: Mapping[str, str]) -> float:
    """The CPU seconds from `python train.py experiment=quickstart` to the end of its first step.

    Args:
        folder: for data and runs; the first call draws the data.
    """
    seconds = folder / "seconds"
    seconds.unlink(missing_ok=True)
    words = ["experiment=quickstart", f"paths.outputs={folder}", f"paths.cache={folder}"]
    words.append("+callbacks.stop={_target_:benchmarks.start_up.StopAfterFirstStep}")
    done = subprocess.run(
        [sys.executable, "train.py", *words],
        cwd=root, env={**environment, SECONDS_FILE: str(seconds)}, capture_output=True, text=True,
    )  # fmt: skip
    if not seconds.exists():
        raise ValueError(f"the quickstart did not start: {done.stderr[-500:]}")
    return float(seconds.read_text())


def main() -> None:
    """Measure, print the medians, and write everything as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="timed runs of each command")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the checkout to measure")
    parser.add_argument("--quick", action="store_true", help="a few answers, without the slow imports of training")
    parser.add_argument("--out", type=Path, help="file for the measurements, JSON")
    options = parser.parse_args()
    found = []
    for table in start_up_tables(options.repeats, root=options.root.resolve(), quick=options.quick):
        found.append(table.as_json())
        print(f"\n{table.title}")
        for row in table.rows:
            extra = ", ".join(f"{name}: {value}" for name, value in row.values.items())
            print(f"  {row.name:36} {statistics.median(row.cpu_s):7.2f} CPU s  {extra}", flush=True)
    if options.out:
        options.out.write_text(json.dumps({"machine": describe_machine(), "tables": found}, indent=1))


if __name__ == "__main__":
    main()
