"""Training steps and SEAN's forward pass on one GPU: the plain form in float32 against what `trainer=gpu` can choose.

    PYTHONPATH=src python -m benchmarks gpu --out gpu.json                    # at most 100 seconds
    PYTHONPATH=src python -m benchmarks gpu --models stargan --variants compile --budget 300 --compile-seconds 280 \
        --out compiled.json

It needs PyTorch and this repository, but neither Lightning, Hydra nor wandb. Variants are measured in the order of
their importance and cost; what no longer fits the budget is named and left out, and what fails is recorded with its
error. The file is written anew after every measurement.
"""

from __future__ import annotations

import gc
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import copy_rate, describe_machine, matrix_rates
from benchmarks.measuring import MB, Row, Table, Work, count_gflop, measure, wait_for, whole
from benchmarks.models import MODELS, SEAN, Model, Sizes
from benchmarks.results import read_results, write_results
from benchmarks.training_steps import PlainStep, ShippedStep, Variant
from hairgan.networks.compilation import compile_network
from hairgan.text_tables import aligned_table

PLAIN = "plain float32"
VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(PLAIN, plain=True),
        Variant("float32"),
        Variant("bf16", bf16=True),
        Variant("bf16 channels_last", bf16=True, channels_last=True),
        Variant("tf32", tf32=True),
        Variant("tf32 channels_last", tf32=True, channels_last=True),
        Variant("plain tf32", plain=True, tf32=True),
        Variant("bf16 channels_last compile", bf16=True, channels_last=True, compile=True),
        Variant("tf32 channels_last compile", tf32=True, channels_last=True, compile=True),
        Variant("bf16 channels_last graph", bf16=True, channels_last=True, graph=True),
    )
}
SEAN_FORWARD = "sean_forward"
WORKS = ("stargan", "sean", SEAN_FORWARD, "face_parser", "hair_classifier")
COMPILED = ("hair_classifier", "face_parser", SEAN_FORWARD, "sean", "stargan")
"""The same in the order in which compiled variants are measured: the quickest to compile first."""
PUBLISHED_STEPS = 100_000


class GPUBenchmark:
    """One run, with its budget of seconds and its file."""

    def __init__(
        self,
        device: torch.device,
        sizes: Sizes,
        *,
        budget: float,
        compile_seconds: float,
        seconds: float,
        out: Path | None,
        in_process: bool = False,
    ) -> None:
        self.device, self.sizes, self.out = device, sizes, out
        self.seconds, self.compile_seconds = seconds, compile_seconds
        self.in_process = in_process  # compiled variants, too
        self.start, self.budget = time.perf_counter(), budget
        self.models = {name: model(sizes, device) for name, model in MODELS.items()}
        self.tables = {work: Table(work, [], PLAIN) for work in WORKS}
        self.result: dict[str, Any] = {"kind": "gpu", "started": datetime.now(UTC).isoformat(timespec="seconds")}
        self.bf16_rate: float | None = None
        self.gflop: dict[tuple[str, bool], float] = {}  # of a work, plain or not
        self.terms: dict[str, dict[str, float]] = {}  # of the plain step

    @property
    def left(self) -> float:
        """Seconds of the budget."""
        return self.budget - (time.perf_counter() - self.start)

    def say(self, text: str) -> None:
        print(f"[{time.perf_counter() - self.start:5.1f} s] {text}", flush=True)

    def run(self, works: list[str], variants: list[str]) -> dict[str, Any]:
        self.result |= {
            "machine": describe_machine(self.device),
            "settings": {
                "image_size": self.sizes.image,
                "batch": self.sizes.batch,
                "tiny": self.sizes.tiny,
                "cudnn_benchmark": True,
                "budget_s": self.budget,
            },
        }
        self.say(f"{self.result['machine'].get('gpu', self.result['machine']['processor'])}, torch {torch.__version__}")
        torch.backends.cudnn.benchmark = True
        if not self.in_process:
            self.measure_rates()
        order = order_of(works, variants)
        early = [variant.name for work, variant in order if work == "stargan" and not is_late(variant)]
        profiled = ("stargan", early[-1]) if early else None
        for work, variant in order:
            self.measure_variant(work, variant)
            if (work, variant.name) == profiled:
                self.profile_stargan()
        self.write()
        self.show()
        return self.result

    def measure_rates(self) -> None:
        try:
            on_gpu = self.device.type == "cuda"
            rates = matrix_rates(self.device, 8192 if on_gpu else 256)
            self.bf16_rate = rates["bfloat16"]
            self.result["matrix_tflops"] = rates
            self.result["copy_gb_per_s"] = copy_rate(self.device, 2048 if on_gpu else 16)
            self.say(f"matrix products, TFLOP/s: {rates}; copies, GB/s: {self.result['copy_gb_per_s']}")
        except Exception as error:
            self.result["matrix_tflops"] = {"problem": one_line(error)}
            self.say(f"rates failed: {one_line(error)}")

    def measure_variant(self, work: str, variant: Variant) -> None:
        """Measure one variant of one work, or record why not."""
        name, row, began = f"{work}, {variant.name}", Row(variant.name), time.perf_counter()
        if self.left < (25.0 if is_late(variant) else 5.0):
            row.problem = f"left out: {max(self.left, 0):.0f} s of the budget were left"
            self.say(f"{name}: {row.problem}")
        else:
            try:
                if is_late(variant) and not self.in_process:
                    row = self.measured_elsewhere(work, variant, min(self.left - 3, self.compile_seconds))
                else:
                    row = self.measured(work, variant)
                if row.problem is None:
                    self.derive(work, variant, row)
            except Exception as error:
                row = Row(variant.name, problem=one_line(error))
                row.values["traceback"] = traceback.format_exc()[-2000:]
            finally:
                self.clean()
            took = f"(all took {time.perf_counter() - began:.1f} s)"
            if row.problem is None:
                speed = f"{1000 * row.seconds:.1f} ms, {row.values['images_per_s']:.1f} images/s"
                self.say(f"{name}: {speed}, {row.peak_mb or 0:.0f} MB {took}")
            else:
                self.say(f"{name} failed: {row.problem} {took}")
        self.tables[work].rows.append(row)
        self.write()

    def measured_elsewhere(self, work: str, variant: Variant, seconds: float) -> Row:
        """Measure in a process of its own, which can be ended while it compiles, and whose faults stay its own."""
        with tempfile.TemporaryDirectory() as folder:
            out, log = Path(folder) / "row.json", Path(folder) / "log.txt"
            command = [sys.executable, "-m", "benchmarks", "gpu", "--in-process", "--out", str(out)]
            command += ["--models", work, "--variants", variant.name, "--device", self.device.type]
            command += ["--budget", "100000", "--seconds", str(self.seconds), "--size", str(self.sizes.image)]
            command += ["--batch", str(self.sizes.batch), "--width", "tiny" if self.sizes.tiny else "published"]
            with log.open("w") as text:
                process = subprocess.Popen(command, stdout=text, stderr=text, start_new_session=True)
            try:
                process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                return Row(variant.name, problem=f"stopped after {seconds:.0f} s")
            finally:
                with suppress(ProcessLookupError):  # compilers that it started, too
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if not out.is_file():
                return Row(variant.name, problem=f"its process ended with: {' '.join(log.read_text().split())[-300:]}")
            return Row.from_json(read_results(out)["benchmarks"]["gpu"]["tables"][0]["rows"][0])

    def derive(self, work: str, variant: Variant, row: Row) -> None:
        """Add images per second, arithmetic per second and the hours of a training to a row."""
        row.gflop = self.gflop.get((work, variant.plain)) or row.gflop
        row.values["images_per_s"] = round(self.sizes.batch / row.seconds, 2)
        if row.gflop:
            achieved = row.gflop / 1e3 / row.seconds
            row.values["tflops"] = round(achieved, 2)
            if self.bf16_rate:
                row.values["share_of_bf16_rate"] = round(achieved / self.bf16_rate, 4)
        if work != SEAN_FORWARD:
            row.values["hours_of_100000_steps"] = round(PUBLISHED_STEPS * row.seconds / 3600, 2)

    def measured(self, work: str, variant: Variant) -> Row:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = variant.tf32
        began, before = time.perf_counter(), allocated(self.device)
        run, read_terms = self.prepared(work, variant)
        counting = not is_late(variant) and (work, variant.plain) not in self.gflop  # once for each form
        for number in range(2):
            if counting and number == 0:
                self.gflop[work, variant.plain] = count_gflop(run)
            else:
                whole(run)()
        wait_for(self.device)
        warm_up = time.perf_counter() - began
        options: dict[str, Any] = {"warmups": 0, "device": self.device, "gflop": False}
        repeats = 10 if self.left > 20 else 3
        # the peak of memory that a graph keeps for itself is not seen
        (row,) = measure(
            {variant.name: whole(run)}, repeats=repeats, seconds=self.seconds, memory=not variant.graph, **options
        )
        if row.peak_mb is not None:
            row.peak_mb -= before
        if not variant.graph:
            (parts,) = measure({variant.name: run}, repeats=3, seconds=0.7 * self.seconds, memory=False, **options)
            row.parts_s, row.parts_cpu_s = parts.parts_s, parts.parts_cpu_s
        row.values |= {"warm_up_s": round(warm_up, 2), "tf32": variant.tf32}
        if terms := read_terms():
            row.values["finite"] = all(map(math.isfinite, terms.values()))
        return row

    def prepared(self, work: str, variant: Variant) -> tuple[Work, Callable[[], dict[str, float]]]:
        """The work, and a function that reads the loss terms of its last step. A step is taken before, to compare."""
        if work == SEAN_FORWARD:
            return sean_forward(self.models["sean"], variant), dict
        model = self.models[work]
        if variant.plain:
            plain = PlainStep(model)
            if variant.name == PLAIN:
                for _ in plain():
                    pass
                self.terms[work] = dict(plain.terms)
            return plain, lambda: plain.terms
        shipped = ShippedStep(model, variant)
        if variant.graph:
            return shipped.capture(), lambda: shipped.terms
        if work in self.terms and not variant.compile:
            for _ in shipped():
                pass
            differences = compare(self.terms[work], shipped.terms)
            self.tables[work].values.setdefault("difference_of_losses", {})[variant.name] = differences
        return shipped, lambda: shipped.terms

    def profile_stargan(self) -> None:
        """The kernels of one StarGAN v2 step in bfloat16, channels last, by their time."""
        if self.left < 8 or self.in_process:
            self.say("profile left out: the budget is spent")
            return
        try:
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
            variant = VARIANTS["bf16 channels_last"]
            self.result["profile"] = profile(self.models["stargan"], variant, self.say)
        except Exception as error:
            self.result["profile"] = {"problem": one_line(error)}
            self.say(f"profile failed: {one_line(error)}")
        finally:
            self.clean()

    def clean(self) -> None:
        """Free what the last variant left."""
        torch._dynamo.reset()
        gc.collect()
        if self.device.type == "cuda":
            try:
                torch.cuda.synchronize()
                torch.cuda.empty_cache()
            except Exception as error:  # an error of the device stays
                self.say(f"the device has failed: {one_line(error)}")

    def write(self) -> None:
        tables = [table.as_json() for table in self.tables.values() if table.rows]
        seconds = round(time.perf_counter() - self.start, 1)
        self.result["benchmarks"] = {"gpu": {"what": "training steps on a GPU", "tables": tables, "seconds": seconds}}
        write_results(self.result, self.out)

    def show(self) -> None:
        """Print the tables."""
        columns = ["", "ms", "x", "images/s", "TFLOP/s", "of bf16 rate", "peak MB", "h of 100,000"]
        for table in self.result["benchmarks"]["gpu"]["tables"]:
            rows = []
            for row in table["rows"]:
                if "problem" in row:
                    rows.append([row["name"], *[""] * (len(columns) - 2), row["problem"][:60]])
                    continue
                faster = row.get("times_faster", {}).get("wall")
                cells = [
                    f"{1000 * row['wall_s']['median']:.1f}",
                    f"{faster:.2f}" if faster else "",
                    f"{row['images_per_s']:.1f}",
                    f"{row['tflops']:.1f}" if "tflops" in row else "",
                    f"{row['share_of_bf16_rate']:.1%}" if "share_of_bf16_rate" in row else "",
                    f"{row.get('peak_mb', 0):.0f}",
                    f"{row['hours_of_100000_steps']:.1f}" if "hours_of_100000_steps" in row else "",
                ]
                rows.append([row["name"], *cells])
            print(f"\n{table['title']}\n{aligned_table(columns, rows)}", flush=True)
            for row in table["rows"]:
                if "parts" in row:
                    parts = ", ".join(f"{p} {1000 * v['wall_s']['median']:.1f}" for p, v in row["parts"].items())
                    print(f"  {row['name']}: {parts} ms", flush=True)


def order_of(works: list[str], variants: list[str]) -> list[tuple[str, Variant]]:
    """Works with their variants: for all works the first four variants, then the others, then what is late."""
    early = [VARIANTS[name] for name in variants if not is_late(VARIANTS[name])]
    ordered = [(work, variant) for work in works for variant in early[:4]]
    ordered += [(work, variant) for work in works for variant in early[4:]]
    late = [VARIANTS[name] for name in variants if VARIANTS[name].compile]
    ordered += [(work, variant) for variant in late for work in COMPILED if work in works]
    graphs = [VARIANTS[name] for name in variants if VARIANTS[name].graph]  # a failed capture can break the device
    ordered += [(work, variant) for variant in graphs for work in works if work != "sean"]  # its noise is drawn outside
    return ordered


def is_late(variant: Variant) -> bool:
    """Whether a variant is measured after all others, and its time is limited."""
    return variant.compile or variant.graph


def sean_forward(model: Model, variant: Variant) -> Work:
    """SEAN's forward pass with its style encoder, in evaluation mode."""
    assert isinstance(model, SEAN)
    batch = model.batch()
    if variant.plain:
        generator: Any = model.published_networks()[0].eval()
    else:
        generator = model.networks()["generator"].eval()
        if variant.channels_last:
            generator.to(memory_format=torch.channels_last)
            batch["images"] = batch["images"].contiguous(memory_format=torch.channels_last)
        if variant.compile:
            compile_network(generator, dynamic=False)

    def forward() -> None:
        with torch.no_grad(), torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=variant.bf16):
            generator(batch["labels"], generator.encode_styles(batch["images"], batch["labels"]))

    if not variant.graph:
        return forward
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            forward()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        forward()
    return graph.replay


def profile(model: Any, variant: Variant, say: Callable[[str], None]) -> dict[str, Any]:
    """Kernels of one step, or operations on a CPU: total milliseconds and the longest ones."""
    from torch.profiler import ProfilerActivity

    step = ShippedStep(model, variant)
    for _ in range(2):
        for _ in step():
            pass
    on_gpu = model.device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    began = time.perf_counter()
    with torch.profiler.profile(activities=activities) as profiler:
        for _ in step():
            pass
        if on_gpu:
            torch.cuda.synchronize()
    wall = time.perf_counter() - began

    def own(event: Any) -> float:
        return event.self_device_time_total if on_gpu else event.self_cpu_time_total

    kind = "CUDA" if on_gpu else "CPU"
    events = [event for event in profiler.key_averages() if event.device_type.name == kind and own(event) > 0]
    events.sort(key=own, reverse=True)
    total = sum(map(own, events))
    longest = [
        {"name": event.key[:150], "calls": event.count, "ms": round(own(event) / 1000, 3)} for event in events[:40]
    ]
    say(f"one step under the profiler: {1000 * wall:.0f} ms, of which kernels {total / 1000:.1f} ms")
    for event in longest[:12]:
        say(f"  {event['ms']:8.2f} ms {event['calls']:5d} x {event['name'][:90]}")
    return {
        "wall_ms": round(1000 * wall, 2),
        "kernels_ms": round(total / 1000, 2),
        "kernel_calls": sum(event.count for event in events),
        "longest": longest,
    }


def compare(plain: dict[str, float], shipped: dict[str, float]) -> dict[str, float]:
    """The relative difference of each loss term of the first step."""
    return {
        name: float(f"{abs(value - shipped[name]) / max(abs(value), 1e-12):.2g}")
        for name, value in plain.items()
        if name in shipped
    }


def allocated(device: torch.device) -> float:
    """MB of the GPU's memory that tensors have; 0 on a CPU."""
    return torch.cuda.memory_allocated(device) / MB if device.type == "cuda" else 0.0


def one_line(error: BaseException) -> str:
    """An error's type and text, short."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
