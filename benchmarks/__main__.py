"""Measure speed, memory and arithmetic.

python -m benchmarks all --out FILE              everything; hours of one core
python -m benchmarks stargan sean --out FILE     some; `python -m benchmarks list` names them
python -m benchmarks all --out FILE --resume     the rest, after it was stopped
python -m benchmarks all --quick                 in seconds, to see that everything runs
python -m benchmarks gpu --out FILE              training steps on a CUDA card
python -m benchmarks compare A.json B.json       what a change gained or lost
python -m benchmarks page [FILES]                the tables of docs/performance.md, from benchmarks/measured
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.names import BENCHMARKS
from benchmarks.results import read_results


def main(arguments: Sequence[str] | None = None) -> None:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["list"]:
        print("\n".join(f"{name:16} {what}" for name, what in BENCHMARKS.items()))
        return
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if given[:1] == ["gpu"]:
        parser.description = "Training steps and SEAN's forward pass on one CUDA card."
        add_gpu(parser)
    elif given[:1] == ["compare"]:
        parser.description = "What a change gained or lost, from two files of measurements."
        parser.add_argument("files", nargs=2, type=Path, metavar="FILE")
        parser.set_defaults(run=compare)
    elif given[:1] == ["page"]:
        parser.description = "Write the tables of docs/performance.md, from files of measurements."
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: those of benchmarks/measured")
        parser.set_defaults(run=page)
    else:
        add_run(parser)
        given.insert(0, "run")
    options = parser.parse_args(given[1:])
    try:
        options.run(options)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error


def add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"all, or some of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="very small, to see that everything runs")
    parser.add_argument("--out", type=Path, help="file for the measurements, JSON")
    parser.add_argument("--resume", action="store_true", help="keep what the file has, and measure the rest")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--repeats", type=int, help="timed runs of each work; default 3, with --quick 1")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    names = list(BENCHMARKS) if options.names == ["all"] else options.names
    if unknown := [name for name in names if name not in BENCHMARKS]:
        raise ValueError(f"there is no benchmark '{unknown[0]}'; known are all, {', '.join(BENCHMARKS)}")
    for option in ("threads", "repeats"):
        value = getattr(options, option)
        if value is not None and value < 1:
            raise ValueError(f"--{option} must be 1 or more, not {value}")
    check_out(options.out)
    if options.resume and options.out is None:
        raise ValueError("--resume continues the file that --out names")
    earlier = read_results(options.out) if options.resume else None
    from benchmarks.measuring import Settings
    from benchmarks.running import run_benchmarks
    from hairgan.memory import keep_freed_memory
    from lightning_modules.launch.precision import SLOW, bfloat16_cost

    keep_freed_memory()  # as train.py, evaluate.py and hairgan do; here for all forms alike
    repeats = options.repeats or (1 if options.quick else 3)
    bf16 = options.quick or bfloat16_cost() < SLOW
    if not bf16:
        print("bfloat16 is not measured: it is slower than float32 on this CPU")
    result = run_benchmarks(names, Settings(options.quick, options.threads, repeats, bf16), options.out, earlier)
    if failed := [name for name, entry in result["benchmarks"].items() if "problem" in entry]:
        raise SystemExit(f"failed: {', '.join(failed)}")


def compare(options: argparse.Namespace) -> None:
    from benchmarks.results import compare
    from hairgan.text_tables import aligned_table

    columns, rows, notes = compare(*map(read_results, options.files))
    print("\n".join(notes))
    print(aligned_table(columns, rows) if rows else "the two files have no work in common")


def page(options: argparse.Namespace) -> None:
    from benchmarks.page import MEASURED, PAGE, measured_files, write_page

    files = options.files or measured_files()
    if not files:
        raise ValueError(f"there is no file of measurements: python -m benchmarks all --out {MEASURED / 'cpu.json'}")
    write_page(files)
    print(f"wrote {PAGE}")


def check_out(out: Path | None) -> None:
    """Refuse a file that cannot be written, before anything is measured."""
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise ValueError(f"--out {out}: {'this is a folder' if out.is_dir() else f'there is no folder {out.parent}'}")


def add_gpu(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, help="file for the measurements, JSON")
    parser.add_argument("--budget", type=float, default=100, help="seconds in all; what does not fit is left out")
    parser.add_argument("--compile-seconds", type=float, default=90, help="most seconds for one compiled variant")
    parser.add_argument("--seconds", type=float, default=1.5, help="seconds of timed runs for a variant")
    parser.add_argument("--device", default="cuda", help="cuda, or cpu to try the program")
    parser.add_argument("--size", type=int, default=256, help="image side in pixels")
    parser.add_argument("--batch", type=int, default=8, help="images in a batch")
    parser.add_argument("--width", choices=("published", "tiny"), default="published", help="widths of the networks")
    parser.add_argument(
        "--models", nargs="+", metavar="MODEL", help="of: stargan sean sean_forward face_parser hair_classifier"
    )
    parser.add_argument("--variants", nargs="+", metavar="WORD", help="only variants whose name has one of these words")
    parser.add_argument("--in-process", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=gpu)


def gpu(options: argparse.Namespace) -> None:
    import torch

    from benchmarks.gpu import VARIANTS, WORKS, GPUBenchmark
    from benchmarks.models import Sizes

    check_out(options.out)
    models = options.models or list(WORKS)
    if unknown := [name for name in models if name not in WORKS]:
        raise ValueError(f"there is no model '{unknown[0]}'; known are {', '.join(WORKS)}")
    words = options.variants or [""]
    variants = [name for name in VARIANTS if any(word in name for word in words)]
    if not variants:
        raise ValueError(f"no variant has one of these words; known are: {'; '.join(VARIANTS)}")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("there is no CUDA GPU that PyTorch can use; --device cpu tries the program")
    sizes = Sizes(options.size, options.batch, tiny=options.width == "tiny")
    benchmark = GPUBenchmark(
        torch.device(options.device),
        sizes,
        budget=options.budget,
        compile_seconds=options.compile_seconds,
        seconds=options.seconds,
        out=options.out,
        in_process=options.in_process,
    )
    benchmark.run(models, variants)


if __name__ == "__main__":
    main()
