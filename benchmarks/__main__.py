"""`python -m benchmarks gpu --out FILE`: what is fast, measured."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add_gpu(commands.add_parser("gpu", help="training steps and SEAN's forward pass on one GPU"))
    options = parser.parse_args(arguments)
    options.run(options)


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
    from benchmarks.gpu import VARIANTS, WORKS, GPUBenchmark
    from benchmarks.training_steps import Sizes

    models = options.models or list(WORKS)
    if unknown := [name for name in models if name not in WORKS]:
        raise SystemExit(f"there is no model '{unknown[0]}'; known are {', '.join(WORKS)}")
    words = options.variants or [""]
    variants = [name for name in VARIANTS if any(word in name for word in words)]
    if not variants:
        raise SystemExit(f"no variant has one of these words; known are: {'; '.join(VARIANTS)}")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("there is no CUDA GPU that PyTorch can use; --device cpu tries the program")
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
