"""Counter-based randomness: every draw is a function of (seed, purpose, step).

Nothing here reads a generator whose state depends on history, in the spirit of Philox (Salmon et al. 2011) and of JAX
keys: a run resumed at step k draws the same as an uninterrupted run, with any number of loader workers. Draws are made
for the whole global batch on the CPU and then sliced, so that they do not depend on the number of processes or on the
device either.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import torch
from jaxtyping import Float, Int, UInt64
from numpy import ndarray
from torch import Tensor


def key(seed: int, purpose: str, *counters: int) -> int:
    """Hash `(seed, purpose, counters)` to 63 bits, the same on every machine and Python.

    Args:
        seed: the run's seed.
        purpose: what is drawn, e.g. `"latent"`; two purposes never share draws.
        counters: usually the step, then anything else that distinguishes the draw.
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


ROUNDS = 8


def shuffled_position(position: Int[ndarray, " n"], size: int, seed: int, purpose: str) -> Int[ndarray, " n"]:
    """The items at some positions of an endless sequence of `size` items, shuffled anew in each epoch.

    Every item occurs once in each epoch of `size` positions; each epoch has its own order. The cost depends on the
    number of positions, not on `size`: about 0.1 ms for a batch.

    An epoch's order is a Feistel network (Luby & Rackoff 1988) on pairs of digits with the base `sqrt(size)`, rounded
    up. What it maps to numbers of `size` and above is mapped again (Black & Rogaway 2002, "Ciphers with arbitrary
    finite domains").

    Args:
        position: positions in the sequence, 0 and up, e.g. `step * batch_size + arange(batch_size)`.
        size: number of items, at least 1.

    Returns:
        item indices in `[0, size)`.
    """
    base = np.uint64(math.isqrt(size - 1) + 1)
    out = np.empty_like(position)
    for epoch in np.unique(position // size):
        keys = [np.uint64(key(seed, purpose, int(epoch), number)) for number in range(ROUNDS)]
        in_epoch = position // size == epoch
        items = _feistel((position[in_epoch] % size).astype(np.uint64), base, keys)
        while (outside := items >= size).any():
            items[outside] = _feistel(items[outside], base, keys)
        out[in_epoch] = items.astype(out.dtype)
    return out


def _feistel(numbers: UInt64[ndarray, " n"], base: np.uint64, keys: list[np.uint64]) -> UInt64[ndarray, " n"]:
    """A permutation of `[0, base^2)`."""
    left, right = np.divmod(numbers, base)
    for round_key in keys:
        left, right = right, (left + _mixed(right + round_key) % base) % base
    return left * base + right


def _mixed(numbers: UInt64[ndarray, " n"]) -> UInt64[ndarray, " n"]:
    """A hash of 64-bit integers (Steele et al. 2014, "Fast splittable pseudorandom number generators")."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def permuted_position(position: Int[ndarray, " n"], size: int, seed: int, purpose: str) -> Int[ndarray, " n"]:
    """As `shuffled_position`, in the order of older runs, for which the order of the whole epoch is made each time."""
    out = np.empty_like(position)
    for epoch in np.unique(position // size):
        in_epoch = position // size == epoch
        out[in_epoch] = numpy_generator(seed, purpose, int(epoch)).permutation(size)[position[in_epoch] % size]
    return out
