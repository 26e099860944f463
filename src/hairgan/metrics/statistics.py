"""Gaussian statistics of feature vectors, and the Fréchet distance between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor

from hairgan.devices import float64_device, to_float64


@dataclass(frozen=True)
class GaussianStatistics:
    """Mean and covariance of a set of feature vectors, in float64."""

    count: int
    mean: Float[Tensor, " d"]
    covariance: Float[Tensor, "d d"]  # unbiased: divided by count - 1

    def to(self, device: torch.device | str) -> GaussianStatistics:
        """On a device, or on the CPU if that has no float64."""
        device = float64_device(device)
        if self.mean.device == device:
            return self  # keeps the cached factor
        return GaussianStatistics(self.count, self.mean.to(device), self.covariance.to(device))

    @cached_property
    def factor(self) -> Float[Tensor, "d r"]:
        """F with `covariance = F F^T`, from the eigenvalues that are not rounding noise.

        The covariance of few images has a low rank. Then the eigenvectors are sought in the image of as many random
        directions, which is the whole range of the covariance (Halko et al. 2011, algorithm 4.1).
        """
        covariance = self.covariance.double()
        directions = self.count + 4  # the rank is at most count - 1
        if 4 * directions < len(covariance):
            generator = torch.Generator().manual_seed(0)
            random = torch.randn(len(covariance), directions, generator=generator, dtype=torch.float64)
            basis = torch.linalg.qr(covariance @ random.to(covariance.device)).Q  # d directions
            values, vectors = torch.linalg.eigh(basis.T @ covariance @ basis)
            vectors = basis @ vectors
        else:
            values, vectors = torch.linalg.eigh(covariance)
        kept = values > values[-1].abs() * len(covariance) * torch.finfo(values.dtype).eps
        return vectors[:, kept] * values[kept].sqrt()


class FeatureMoments:
    """Running sums of features and of their outer products, of constant size; sums over processes are exact.

    Attributes:
        count: images seen, float64 scalar.
        total: sum of features (d,), float64.
        outer: sum of outer products (d, d), float64.
    """

    def __init__(self, num_features: int, device: torch.device | str = "cpu") -> None:
        device = float64_device(device)
        self.count = torch.zeros((), dtype=torch.float64, device=device)
        self.total = torch.zeros(num_features, dtype=torch.float64, device=device)
        self.outer = torch.zeros(num_features, num_features, dtype=torch.float64, device=device)

    def add(self, features: Float[Tensor, "b d"]) -> None:
        features = to_float64(features)
        self.count += len(features)
        self.total += features.sum(0)
        self.outer += features.T @ features

    def reduce(self) -> None:
        """Sum over all processes."""
        if dist.is_available() and dist.is_initialized():
            for value in (self.count, self.total, self.outer):
                dist.all_reduce(value)

    def statistics(self) -> GaussianStatistics:
        return gaussian_statistics(self.count, self.total, self.outer)


def gaussian_statistics(
    count: Float[Tensor, ""], total: Float[Tensor, " d"], outer: Float[Tensor, "d d"]
) -> GaussianStatistics:
    """Mean and unbiased covariance from sums.

    Raises:
        ValueError: fewer than two images.
    """
    n = int(count)
    if n < 2:
        raise ValueError(f"a covariance needs at least 2 images, got {n}")
    mean = total / n
    return GaussianStatistics(n, mean, (outer - n * torch.outer(mean, mean)) / (n - 1))


def frechet_distance(a: GaussianStatistics, b: GaussianStatistics) -> float:
    """Fréchet distance between two Gaussians (Dowson & Landau 1982; as FID, Heusel et al. 2017, eq. 6).

    `|mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2))`. With `S = F F^T` from the eigenvalues of each covariance, the
    last trace is the sum of the singular values of `F_a^T F_b`. Eigenvalues that are rounding noise are dropped, so the
    result is finite and real even if a set has fewer images than features, where `sqrtm` of the product fails. Both
    must be on the same device.

    Returns:
        the distance, at least 0, in float64.

    Raises:
        ValueError: the two have different numbers of features, or hold non-finite values.
    """
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"statistics of {len(a.mean)} features cannot be compared with {len(b.mean)} features")
    if not all(x.isfinite().all() for x in (a.mean, b.mean, a.covariance, b.covariance)):
        raise ValueError("the feature statistics hold NaN or infinite values")
    cross = torch.linalg.svdvals(a.factor.T @ b.factor).sum()
    distance = (a.mean - b.mean).double().square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * cross
    return max(distance.item(), 0.0)
