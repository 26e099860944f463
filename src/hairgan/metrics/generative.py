"""Distances between sets of real and generated images: Fréchet and kernel distance of their features.

States have constant size and combine exactly over processes. Every value is named after the features from which it is
computed; the definitions are in `docs/metrics.md`.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

from hairgan.devices import to_float64
from hairgan.metrics.extractors import FeatureExtractor
from hairgan.metrics.float64_states import Float64States
from hairgan.metrics.images import Images, as_bytes
from hairgan.metrics.statistics import GaussianStatistics, frechet_distance, gaussian_statistics


class FID(Float64States):
    """Fréchet distance between real and generated images in the feature space of a network (Heusel et al. 2017).

    Args:
        extractor: the network; it decides which kind of FID this is.
        real: statistics of the real images, which survive `reset()`. If None, real images are added with
            `update(images, real=True)`.
    """

    full_state_update = False
    higher_is_better = False
    is_differentiable = False

    def __init__(self, extractor: FeatureExtractor, real: GaussianStatistics | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.extractor = extractor
        self.real = real
        d = extractor.num_features
        for kind in ("real", "fake"):
            self.add_state(f"{kind}_count", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
            self.add_state(f"{kind}_total", torch.zeros(d, dtype=torch.float64), dist_reduce_fx="sum")
            self.add_state(f"{kind}_outer", torch.zeros(d, d, dtype=torch.float64), dist_reduce_fx="sum")

    @property
    def name(self) -> str:
        """The name of the value, e.g. `fid`."""
        return self.extractor.fid_name

    def update(self, images: Images, real: bool) -> None:
        """Add images, as bytes or as floats in [-1, 1].

        Raises:
            ValueError: an image holds NaN or infinite values; real images although their statistics were given.
        """
        if real and self.real is not None:
            raise ValueError(f"{self.name}: the statistics of {self.real.count} real images were given; add no others")
        features = to_float64(self.extractor(images))
        kind = "real" if real else "fake"
        for state, value in (("count", len(images)), ("total", features.sum(0)), ("outer", features.T @ features)):
            getattr(self, f"{kind}_{state}").add_(value)

    def compute(self) -> Float[Tensor, ""]:
        """The distance.

        Raises:
            ValueError: fewer than two real or two generated images.
        """
        real = self.real.to(self.device) if self.real is not None else self._statistics("real")
        return torch.tensor(frechet_distance(real, self._statistics("fake")), device=self.device)

    def _statistics(self, kind: str) -> GaussianStatistics:
        try:
            return gaussian_statistics(*(getattr(self, f"{kind}_{state}") for state in ("count", "total", "outer")))
        except ValueError as error:
            raise ValueError(f"{self.name}, {kind} images: {error}") from error


class KID(Metric):
    """Kernel inception distance (Binkowski et al. 2018): squared MMD with kernel `(x.y / d + 1)^3`, unbiased.

    A running sum for the cubic kernel would be too large, so up to `capacity` feature vectors per side are kept: all of
    them while they fit, else a uniform sample of the images with the lowest hashes of their bytes. So the sample
    depends on the set of images only, not on batches or processes. The estimate uses all pairs of kept images instead
    of random subsets.

    Args:
        extractor: the network; it decides which kind of KID this is.
        capacity: feature vectors kept per side; 5,000 vectors of 2048 features take 41 MB.
    """

    full_state_update = False
    higher_is_better = False
    is_differentiable = False

    def __init__(self, extractor: FeatureExtractor, capacity: int = 5000, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.extractor = extractor
        self.capacity = capacity
        for kind in ("real", "fake"):
            # a row: priority, then features; an empty row has priority infinity
            empty = torch.zeros(capacity, 1 + self.extractor.num_features)
            empty[:, 0] = torch.inf
            self.add_state(f"{kind}_kept", empty, dist_reduce_fx=self._combine)

    @property
    def name(self) -> str:
        """The name of the value, e.g. `fid`."""
        return self.extractor.fid_name.replace("fid", "kid")

    def update(self, images: Images, real: bool) -> None:
        """Add images, as bytes or as floats in [-1, 1]."""
        state = "real_kept" if real else "fake_kept"
        rows = torch.cat([_priority(as_bytes(images))[:, None], self.extractor(images)], dim=1)
        setattr(self, state, _lowest(torch.cat([getattr(self, state), rows]), self.capacity))

    def _combine(self, kept: Float[Tensor, "processes capacity _"]) -> Float[Tensor, "capacity _"]:
        return _lowest(kept.flatten(0, 1), self.capacity)

    def compute(self) -> Float[Tensor, ""]:
        """The distance, which is unbiased and can be negative.

        Raises:
            ValueError: fewer than two real or two generated images.
        """
        sides = []
        for kind in ("real", "fake"):
            kept: Tensor = getattr(self, f"{kind}_kept")
            features = to_float64(kept[kept[:, 0].isfinite(), 1:])
            if len(features) < 2:
                raise ValueError(f"{self.name} needs at least 2 {kind} images, got {len(features)}")
            sides.append(features)
        x, y = sides
        value = _kernel_mean(x, x) + _kernel_mean(y, y) - 2 * _kernel_mean(x, y)
        return value.float()


def _kernel_mean(x: Tensor, y: Tensor) -> Tensor:
    """Mean of the cubic kernel over all pairs, without the diagonal where both sides are one set."""
    total = torch.zeros((), dtype=x.dtype, device=x.device)
    for rows in torch.split(x, 1024):  # in blocks, for memory
        total += (rows @ y.T / x.shape[1] + 1).pow(3).sum()
    if x is not y:
        return total / (len(x) * len(y))
    diagonal = (x.square().sum(1) / x.shape[1] + 1).pow(3).sum()
    return (total - diagonal) / (len(x) * (len(x) - 1))


def _lowest(rows: Tensor, capacity: int) -> Tensor:
    return rows[rows[:, 0].argsort(stable=True)[:capacity]]


def _priority(images: Tensor) -> Float[Tensor, " b"]:
    """A hash of each image's bytes, uniform in [0, 1) with 24 bits."""
    flat = images.flatten(1).long()
    words = np.random.Philox(key=1).random_raw(flat.shape[1]).view(np.int64)
    mixed = (flat * torch.from_numpy(words).to(flat.device)).sum(1)  # modulo 2^64
    mixed = (mixed ^ ((mixed >> 29) & 0x7FFFFFFFF)) * -0x61C8864680B583EB
    return ((mixed >> 40) & 0xFFFFFF).float() / 2**24
