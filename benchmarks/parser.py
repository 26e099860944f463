"""Speed of the face parser: images per second in float32, plain and with optimizations that keep its outputs.

    python benchmarks/parser.py --threads 2 --size 512

Compares, in one run, the plain network, batch norm folded into the convolutions, the channels-last layout, and ONNX
Runtime on the exported file. Rounds alternate between the variants and the fastest round of each counts, so that other
work on the machine affects all of them alike. Weights are random: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import onnxruntime
import torch
from torch import Tensor

from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.resnet import fold_batch_norm
from hairgan.text_tables import markdown_table
from hairgan.weights.onnx import export_onnx


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512, help="side of the images, px")
    parser.add_argument("--batch", type=int, default=1, help="images at a time")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--rounds", type=int, default=7, help="timed calls of each way")
    parser.add_argument("--depth", type=int, default=18, choices=(18, 34, 50))
    parser.add_argument("--width", type=int, default=64, help="base width; 64 as published")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    network = BiSeNet(arguments.depth, arguments.width).eval()
    images = torch.rand(arguments.batch, 3, arguments.size, arguments.size) * 2 - 1
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        ways = _ways(network, images, arguments.threads, Path(folder))
        expected = network(images)
        seconds = {name: float("inf") for name in ways}
        outputs = {name: call() for name, call in ways.items()}  # warm-up
        for _ in range(arguments.rounds):
            for name, call in ways.items():
                start = time.perf_counter()
                call()
                seconds[name] = min(seconds[name], time.perf_counter() - start)
        plain = seconds["as published, with auxiliary heads"]
        rows = []
        for name, output in outputs.items():
            difference = float((output - expected).abs().max())
            same = float((output.argmax(1) == expected.argmax(1)).float().mean())
            rate = arguments.batch / seconds[name]
            speedup = plain / seconds[name]
            rows.append([name, f"{rate:.2f}", f"{speedup:.2f}", f"{difference:.1e}", f"{100 * same:.4f} %"])
        print(markdown_table(["way", "images/s", "x", "largest difference of a logit", "same labels"], rows))


def _ways(network: BiSeNet, images: Tensor, threads: int, folder: Path) -> dict[str, Callable[[], Tensor]]:
    channels_last = fold_batch_norm(network)
    folded = fold_batch_norm(network).to(memory_format=torch.contiguous_format)
    export_onnx(network, {"images": images}, folder / "parser.onnx", outputs=["logits"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(folder / "parser.onnx", options, providers=["CPUExecutionProvider"])
    array = images.numpy()
    return {
        "as published, with auxiliary heads": lambda: network.with_auxiliary(images)[0],
        "main head only": lambda: network(images),
        "and batch norm folded": lambda: folded(images),
        "and channels-last": lambda: channels_last(images),
        "ONNX Runtime": lambda: torch.from_numpy(session.run(None, {"images": array})[0]),
    }


if __name__ == "__main__":
    main()
