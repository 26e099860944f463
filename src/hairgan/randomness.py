"""Counter-based randomness: every draw is a function of (seed, purpose, step).

Nothing here reads a generator whose state depends on history, in the spirit of Philox (Salmon et al. 2011) and of JAX
keys: a run resumed at step k draws what the run that never stopped drew, whatever the number of loader workers. Draws
are made for the whole global batch on the CPU and then sliced, so that they do not depend on the number of processes
or on the device either.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor


def key(seed: int, purpose: str, *counters: int) -> int:
    """Hash `(seed, purpose, counters)` to 63 bits, the same on every machine and Python.

    Args:
        seed: the run's seed.
        purpose: what is drawn, e.g. `"latent"`; two purposes never share draws.
        counters: usually the step, then whatever else distinguishes the draw.
    """
    text = "/".join((str(int(seed)), purpose, *(str(int(c)) for c in counters)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def numpy_generator(seed: int, purpose: str, *counters: int) -> np.random.Generator:
    """A numpy generator for `(seed, purpose, counters)`; costs about 20 us, so draw whole batches from it."""
    return np.random.Generator(np.random.Philox(key=key(seed, purpose, *counters)))


def torch_generator(seed: int, purpose: str, *counters: int) -> torch.Generator:
    """A CPU torch generator for `(seed, purpose, counters)`."""
    return torch.Generator().manual_seed(key(seed, purpose, *counters))


def normal(seed: int, purpose: str, *counters: int, shape: tuple[int, ...]) -> Float[Tensor, ...]:
    """Standard normal draws of `shape`, float32 on the CPU."""
    return torch.randn(shape, generator=torch_generator(seed, purpose, *counters))


def shuffled_position(position: Int[ndarray, " n"], size: int, seed: int, purpose: str) -> Int[ndarray, " n"]:
    """Where positions of an endless, epoch-wise shuffled walk over `size` items point to.

    Every item comes once in each stretch of `size` positions, in an order of its own for each stretch.

    Args:
        position: positions in the walk, 0 and up, e.g. `step * batch_size + arange(batch_size)`.
        size: number of items, at least 1.

    Returns:
        item indices in `[0, size)`.
    """
    out = np.empty_like(position)
    for epoch in np.unique(position // size):
        here = position // size == epoch
        out[here] = numpy_generator(seed, purpose, int(epoch)).permutation(size)[position[here] % size]
    return out
