"""Export to ONNX; every file is checked to compute the same as the network."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from hairgan.extras import how_to_install
from hairgan.files import put_in_place

OPSET = 18


def export_onnx(
    network: nn.Module,
    inputs: Mapping[str, Tensor],
    path: Path | str,
    *,
    outputs: Sequence[str],
    dynamic: Mapping[str, Sequence[int]] | None = None,
    checks: Sequence[Mapping[str, Tensor]] = (),
    tolerance: float = 1e-3,
) -> float:
    """Write a network to an ONNX file and compare the two with ONNX Runtime on the CPU.

    Args:
        network: in evaluation mode, on the CPU; its `forward` is exported.
        inputs: example inputs by the names they get in the file, in the order of `forward`'s arguments.
        path: the file; after an error, no partial file is left.
        outputs: names of the outputs.
        dynamic: input name -> axes of any size; their example sizes must be at least 2. Other axes are fixed.
        checks: further inputs to compare on, e.g. of other sizes.
        tolerance: largest absolute difference that is accepted.

    Returns:
        the largest absolute difference found.

    Raises:
        ValueError: the network is in training mode, a difference exceeds the tolerance, or the extra `onnx` is missing.
    """
    if missing := [name for name in ("onnx", "onnxruntime", "onnxscript") if not importlib.util.find_spec(name)]:
        raise ValueError(f"export to ONNX needs {', '.join(missing)}: {how_to_install('onnx')}")
    if network.training:
        raise ValueError("a network in training mode cannot be exported: call .eval() first")
    path, dynamic = Path(path), dynamic or {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        file = Path(folder) / path.name
        torch.onnx.export(
            network,
            tuple(inputs.values()),
            file,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=tuple(dict.fromkeys(dynamic.get(name, ()), torch.export.Dim.DYNAMIC) for name in inputs),
            opset_version=OPSET,
            external_data=False,
            dynamo=True,
            verbose=False,
        )
        difference = max(_difference(network, file, example) for example in (inputs, *checks))
        if not difference <= tolerance:
            raise ValueError(
                f"the ONNX file differs from the network by {difference:.3g}, more than the {tolerance:.3g} allowed"
            )
        put_in_place(file, path)
    return difference


def _difference(network: nn.Module, file: Path, inputs: Mapping[str, Tensor]) -> float:
    import onnxruntime  # an optional extra

    with torch.inference_mode():
        expected = network(*inputs.values())
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    computed = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    pairs = zip(computed, (expected,) if isinstance(expected, Tensor) else expected, strict=True)
    return max(float((torch.from_numpy(ours) - theirs).abs().max()) for ours, theirs in pairs)
