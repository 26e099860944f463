"""The names of an evaluation's metrics, protocols and judges. Nothing slow is imported here, for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

METRICS = {
    "face_parser": ("segmentation", "cost"),
    "hair_classifier": ("attributes", "cost"),
    "hair_layout": ("segmentation", "cost"),
    "stargan": ("fid", "lpips", "domain_accuracy", "identity", "cost"),
    "sean": ("fid", "kid", "reconstruction", "edits", "segmentation", "identity", "editbench", "cost"),
}
"""Metrics by family."""

PROTOCOLS = {
    "embedded": "fixed random networks that ship with hairgan; for trends, never to be quoted as FID or LPIPS",
    "stargan_v2": "as published for StarGAN v2: torchvision's Inception and AlexNet, ImageNet weights",
    "standard": "the TF-ported Inception of the standard FID (torch-fidelity), LPIPS on torchvision's AlexNet",
}
"""Choices of networks behind FID and LPIPS, each with its description."""

Mode = Literal["latent", "reference"]

MODES: tuple[Mode, ...] = ("latent", "reference")
"""Sources of StarGAN v2's styles."""

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class NeededJudge:
    """A judge by name, what it is, and how it is given."""

    name: str
    description: str
    given_as: str


_EMBEDDER = NeededJudge("embedder", "face-embedding network", "FILE.onnx")
NEEDED_JUDGES = {
    ("stargan", "domain_accuracy"): NeededJudge("classifier", "hair classifier", "RUN_OR_BUNDLE"),
    ("stargan", "identity"): _EMBEDDER,
    ("sean", "segmentation"): NeededJudge("parser", "face parser", "RUN_OR_BUNDLE"),
    ("sean", "identity"): _EMBEDDER,
}
"""(family, metric) -> the judge that the metric needs."""
