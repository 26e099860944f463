"""The networks behind FID and LPIPS. Values are comparable only under the same protocol, so each has a name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from hairgan.metrics.extractors import EmbeddedExtractor, FeatureExtractor, TorchFidelityInception, TorchvisionInception
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.registry import METRICS, PROTOCOLS
from hairgan.weights.files import weights_fingerprint


class Protocol:
    """A feature extractor for Fréchet and kernel distances, and a perceptual distance.

    Each network is loaded on first use, so a metric that is not measured needs no weights.

    Args:
        name: one of `PROTOCOLS`.
        inception, alexnet: local files with the weights; None downloads them once.
        device: where the networks run.

    Raises:
        ValueError: an unknown name; on first use, weights that cannot be loaded (the message says which file to put
            where).
    """

    def __init__(
        self,
        name: str = "embedded",
        inception: str | Path | None = None,
        alexnet: str | Path | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        if name not in PROTOCOLS:
            raise ValueError(f"there is no metrics protocol '{name}'; known are {', '.join(PROTOCOLS)}")
        self.name, self.inception, self.alexnet, self.device = name, inception, alexnet, device

    @cached_property
    def extractor(self) -> FeatureExtractor:
        """The network behind Fréchet and kernel distances."""
        if self.name == "embedded":
            return EmbeddedExtractor().to(self.device)
        extractor = TorchvisionInception if self.name == "stargan_v2" else TorchFidelityInception
        return extractor(self.inception).to(self.device)

    @cached_property
    def lpips(self) -> LPIPS:
        """The perceptual distance."""
        weights = "embedded" if self.name == "embedded" else self.alexnet or "torchvision"
        return LPIPS(weights).to(self.device)

    def prepare(self, metrics: Sequence[str]) -> None:
        """Load the networks that the metrics need now, so that missing weights are reported before any work is done."""
        declared = {name: metric for of_family in METRICS.values() for name, metric in of_family.items()}
        for name in metrics:
            if name in declared and (network := declared[name].network) is not None:
                getattr(self, network)

    def describe(self) -> dict[str, Any]:
        """Names and hashes of the networks that were loaded, for the results."""
        facts: dict[str, Any] = {"protocol": self.name, "meaning": PROTOCOLS[self.name].description}
        if "extractor" in vars(self):
            facts |= {"extractor": self.extractor.name, "extractor_hash": self.extractor.fingerprint}
        if "lpips" in vars(self):
            facts |= {"lpips": self.lpips.name, "lpips_hash": weights_fingerprint(self.lpips)}
        return facts
