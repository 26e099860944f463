"""The inputs of an evaluation: the data, and all settings that affect its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool
from numpy import ndarray

from hairgan.data.packed_dataset import PackedDataset
from hairgan.domains import Domains
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.real_statistics import StatisticsCache
from hairgan.losses.stargan import MakeMasks
from hairgan.metrics.registry import MODES, Mode


@dataclass(frozen=True)
class EvaluationData:
    """A packed dataset with its domains.

    Attributes:
        dataset: images, label maps and attributes.
        domains: the K domains.
        membership: which image is in which domain.
    """

    dataset: PackedDataset
    domains: Domains
    membership: Bool[ndarray, "n k"]


@dataclass(frozen=True)
class EvaluationSettings:
    """How networks are measured.

    Attributes:
        metrics: names of some of the family's metrics (`hairgan.metrics.registry.METRICS`).
        split: the split whose images are measured.
        protocol: the networks behind FID and LPIPS.
        judges: the networks that look at outputs.
        modes: StarGAN v2: the sources of styles.
        num_outputs: StarGAN v2: outputs per source.
        max_sources: the largest number of images (StarGAN v2: of sources per target domain); None takes all.
        batch_size: images at a time.
        seed: of latent codes, and of the choices of sources and references.
        device: where the networks are.
        cache: where statistics of real images are kept; None computes them every time.
        make_masks: StarGAN v2: masks for the generator's high-pass skip, from images and their label maps.
    """

    metrics: tuple[str, ...]
    split: str
    protocol: Protocol = field(default_factory=Protocol)
    judges: Judges = field(default_factory=Judges)
    modes: tuple[Mode, ...] = MODES
    num_outputs: int = 10
    max_sources: int | None = None
    batch_size: int = 8
    seed: int = 0
    device: torch.device | str = "cpu"
    cache: StatisticsCache | None = None
    make_masks: MakeMasks | None = None
