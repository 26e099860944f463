"""The face parser (BiSeNet): one image of 512 px as published, and a training step.

Ways to parse: as published with its auxiliary heads, the main head alone, batch norm folded into the convolutions, the
channels-last layout (what `hairgan parse` and `label` use), bfloat16, and ONNX Runtime on the exported file, if it is
installed. Weights are random: speed does not depend on them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.measuring import Settings, Table, Work, largest_difference, measure
from benchmarks.models import FaceParser, Sizes
from benchmarks.training_steps import Variant, step_table
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.resnet import fold_batch_norm


def tables(settings: Settings) -> Iterator[Table]:
    with tempfile.TemporaryDirectory() as folder:
        yield parsing(settings, Path(folder))
    sizes = Sizes(64, 2, tiny=True, portraits=True) if settings.quick else Sizes(256, 8, portraits=True)
    variants = [
        Variant("plain", plain=True),
        Variant("float32"),
        Variant("float32 channels_last", channels_last=True),
        Variant("bf16 channels_last", bf16=True, channels_last=True),
    ]
    model = FaceParser(sizes, torch.device("cpu"))
    yield step_table(f"training step, {sizes.image} px, batch {sizes.batch}", model, variants, settings)


@torch.inference_mode()
def parsing(settings: Settings, folder: Path) -> Table:
    """Logits of one image."""
    size = 64 if settings.quick else 512
    torch.manual_seed(0)
    network = BiSeNet(18, 8 if settings.quick else 64).eval()
    images = torch.rand(1, 3, size, size) * 2 - 1
    channels_last = fold_batch_norm(network)
    folded = fold_batch_norm(network).to(memory_format=torch.contiguous_format)

    def in_bf16() -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return channels_last(images).float()

    works: dict[str, Work] = {
        "as published, with auxiliary heads": lambda: network.with_auxiliary(images)[0],
        "main head only": lambda: network(images),
        "and batch norm folded": lambda: folded(images),
        "and channels-last": lambda: channels_last(images),
        "and bf16": in_bf16,
    }
    if (runtime := onnx_runtime(network, images, settings, folder)) is not None:
        works["ONNX Runtime"] = runtime
    expected = network(images)
    works = settings.measured(works)
    outputs = {name: work() for name, work in works.items()}
    rows = measure(works, repeats=settings.repeats, seconds=60)
    for row in rows:
        row.values["largest difference"] = largest_difference(expected, outputs[row.name])
        same = float((outputs[row.name].argmax(1) == expected.argmax(1)).float().mean())
        row.values["same labels"] = round(same, 6)
        if row.name == "ONNX Runtime":
            row.gflop = None  # not PyTorch's
    return Table(f"parsing one image, {size} px", rows, "as published, with auxiliary heads")


def onnx_runtime(network: BiSeNet, images: Tensor, settings: Settings, folder: Path) -> Work | None:
    """The exported network; None without ONNX Runtime, and in quick runs, because exporting takes many seconds."""
    if settings.quick:
        return None
    try:
        import onnxruntime
    except ImportError:
        return None
    from hairgan.weights.onnx import export_onnx

    export_onnx(network, {"images": images}, folder / "parser.onnx", outputs=["logits"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    session = onnxruntime.InferenceSession(folder / "parser.onnx", options, providers=["CPUExecutionProvider"])
    array = images.numpy()
    return lambda: torch.from_numpy(session.run(None, {"images": array})[0])
