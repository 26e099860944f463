"""The rule that makes the goldens' weights and inputs, so that only keys and outputs need to be stored.

The goldens are outputs of the reference implementations on CPU, float32, with these weights and inputs. A folder holds
`keys.json` (`net_id` and the state dict's names, shapes and dtypes in the reference's order) and `io.npz`: for each
name the array subsampled `[..., ::step, ::step]` with `step/NAME`, `shape/NAME` and `stats/NAME` (mean, std, L2 and
max|.| before spatial subsampling). Compare relative to the tensor's largest magnitude.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

GOLDEN = Path(__file__).parent


def fill_state(path: Path, seed: int = 0) -> dict[str, Tensor]:
    """The state dict for a `keys.json`."""
    meta = json.loads(path.read_text())
    out: dict[str, Tensor] = {}
    for i, (name, shape, dtype) in enumerate(meta["keys"]):
        leaf = name.rsplit(".", 1)[-1]
        if not dtype.startswith("torch.float"):  # num_batches_tracked
            out[name] = torch.zeros(shape, dtype=getattr(torch, dtype.split(".")[1]))
            continue
        if leaf == "filter":  # high-pass kernel, a constant (w_hpf = 1)
            out[name] = -torch.ones(3, 3)
            out[name][1, 1] = 8.0
            continue
        if leaf == "noise_var":  # ACE noise off
            out[name] = torch.zeros(shape)
            continue
        if leaf == "weight_v":  # made with weight_u
            continue
        g = torch.Generator().manual_seed(seed * 100003 + meta["net_id"] * 5000 + i)
        if leaf == "weight_u":  # old-style spectral norm, 50 power iterations in float64
            matrix = out[name[:-1] + "orig"].double().flatten(1)
            u = torch.randn(shape, generator=g).double()
            u /= u.norm()
            for _ in range(50):
                v = matrix.t() @ u
                v /= v.norm()
                u = matrix @ v
                u /= u.norm()
            out[name], out[name[:-1] + "v"] = u.float(), v.float()
            continue
        if leaf == "running_var":
            w = 0.5 + torch.rand(shape, generator=g)
        elif leaf == "running_mean":
            w = 0.1 * torch.randn(shape, generator=g)
        elif len(shape) >= 2:
            w = torch.randn(shape, generator=g) * math.sqrt(2.0 / math.prod(shape[1:]))
        elif leaf == "weight":  # 1-d norm weight
            w = 1 + 0.1 * torch.randn(shape, generator=g)
        else:  # bias, blending_gamma, blending_beta
            w = 0.1 * torch.randn(shape, generator=g)
        out[name] = w
    return {name: out[name] for name, _, _ in meta["keys"]}


def generator(tag: int, seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed * 100003 + 900000 + tag)


def enlarge(x: Tensor, size: int) -> Tensor:
    factor = size // x.shape[-1]
    return x.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


def image(tag: int, batch: int, size: int = 256, seed: int = 0) -> Tensor:
    g = generator(tag, seed)
    coarse, middle, fine = (enlarge(torch.randn(batch, 3, n, n, generator=g), size) for n in (8, 32, size))
    return (0.5 * coarse + 0.3 * middle + 0.2 * fine).clamp(-1, 1)


def mask(tag: int, batch: int, size: int = 256, seed: int = 0) -> Tensor:
    coarse = torch.rand(batch, 1, 16, 16, generator=generator(tag, seed))
    return (2 * enlarge(coarse, size) - 0.7).clamp(0, 1)


def label(tag: int, batch: int, size: int = 256, n: int = 19, drop: tuple[int, ...] = (), seed: int = 0) -> Tensor:
    """Label maps of shape (batch, 1, size, size), int64."""
    labels = torch.randint(0, n, (batch, 1, 32, 32), generator=generator(tag, seed))
    for dropped in drop:
        labels[labels == dropped] = 0
    return enlarge(labels, size)


def randn(tag: int, *shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=generator(tag, seed))


def onehot(labels: Tensor, n: int = 19) -> Tensor:
    return torch.zeros(labels.shape[0], n, *labels.shape[2:]).scatter_(1, labels, 1.0)


class Golden:
    """One folder of the goldens: `golden.state()`, `golden["y"]`, `golden.error("y", tensor)`."""

    def __init__(self, folder: str) -> None:
        self.folder = GOLDEN / folder
        with np.load(self.folder / "io.npz") as arrays:
            self.arrays: dict[str, Any] = dict(arrays)

    def state(self, seed: int = 0) -> dict[str, Tensor]:
        return fill_state(self.folder / "keys.json", seed)

    def __getitem__(self, name: str) -> Tensor:
        return torch.from_numpy(self.arrays[name])

    def error(self, name: str, value: Tensor) -> float:
        """Largest difference to the golden at its sampled points, relative to the golden tensor's largest magnitude."""
        step = int(self.arrays[f"step/{name}"])
        expected = self[name].double()
        sampled = value.detach().double()
        if step > 1:
            sampled = sampled[..., ::step, ::step]
        assert sampled.shape == expected.shape, f"{name}: {tuple(sampled.shape)} instead of {tuple(expected.shape)}"
        return float((sampled - expected).abs().max() / float(self.arrays[f"stats/{name}"][3]))
