"""Which networks measure: FID and LPIPS are only comparable under one protocol, so each has a name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hairgan.metrics.extractors import EmbeddedExtractor, FeatureExtractor, TorchFidelityInception, TorchvisionInception
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.pretrained import weights_fingerprint

PROTOCOLS = {
    "embedded": "fixed random networks that ship with hairgan; for trends, never to be quoted as FID or LPIPS",
    "stargan_v2": "as published for StarGAN v2: torchvision's Inception and AlexNet, ImageNet weights",
    "standard": "the TF-ported Inception of the standard FID (torch-fidelity), LPIPS on torchvision's AlexNet",
}


@dataclass(frozen=True)
class Protocol:
    """A feature extractor for Fréchet distances and a perceptual distance, with the protocol's name."""

    name: str
    extractor: FeatureExtractor
    lpips: LPIPS

    def describe(self) -> dict[str, Any]:
        """Names and hashes, for the record."""
        return {
            "protocol": self.name,
            "meaning": PROTOCOLS[self.name],
            "extractor": self.extractor.name,
            "extractor_hash": self.extractor.fingerprint,
            "fid_name": self.extractor.fid_name,
            "lpips_name": self.lpips.name,
            "lpips_hash": weights_fingerprint(self.lpips),
        }


def make_protocol(name: str, inception: str | Path | None = None, alexnet: str | Path | None = None) -> Protocol:
    """The networks of a protocol.

    Args:
        name: one of `PROTOCOLS`.
        inception, alexnet: local files with the weights; None downloads them once.

    Raises:
        ValueError: an unknown name, or weights that are not to be had (the message says which file goes where).
    """
    if name == "embedded":
        return Protocol(name, EmbeddedExtractor(), LPIPS("embedded"))
    if name not in PROTOCOLS:
        raise ValueError(f"there is no metrics protocol '{name}'; known are {', '.join(PROTOCOLS)}")
    inception_of = TorchvisionInception if name == "stargan_v2" else TorchFidelityInception
    return Protocol(name, inception_of(inception), LPIPS(alexnet or "torchvision"))
