"""Feature statistics of real images: computed once per set of images and extractor, then kept on disk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from jaxtyping import Int, Int64
from numpy import ndarray

from hairgan.data.packed_dataset import PackedDataset
from hairgan.evaluation.batches import is_distributed, local_batches, sum_over_processes
from hairgan.files import write_whole
from hairgan.metrics.extractors import FeatureExtractor
from hairgan.metrics.statistics import FeatureMoments, GaussianStatistics


@dataclass(frozen=True)
class StatisticsKey:
    """Everything that the statistics depend on: if any of it changes, another file is used."""

    dataset: str  # fingerprint of the images, labels and attributes
    size: int
    split: str
    domain: str
    images: str  # hash of the indices: a domain can keep its name and change its definition
    extractor: str
    weights: str  # hash of the extractor's weights

    @classmethod
    def of(
        cls,
        dataset: PackedDataset,
        indices: Int[ndarray, " n"],
        extractor: FeatureExtractor,
        *,
        split: str,
        domain: str,
    ) -> StatisticsKey:
        chosen = hashlib.blake2b(np.sort(indices).astype("<i8").tobytes(), digest_size=8).hexdigest()
        return cls(dataset.fingerprint, dataset.size, split, domain, chosen, extractor.name, extractor.fingerprint)

    @property
    def file_name(self) -> str:
        text = json.dumps(asdict(self), sort_keys=True)
        return f"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}.npz"


class StatisticsCache:
    """A folder of statistics, one npz file per key.

    Args:
        folder: created with the first file.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def load(self, key: StatisticsKey) -> GaussianStatistics | None:
        """The statistics stored under `key`, or None.

        Raises:
            ValueError: the file is damaged.
        """
        file = self.folder / key.file_name
        if not file.is_file():
            return None
        try:
            with np.load(file, allow_pickle=False) as stored:
                mean, covariance = (torch.from_numpy(stored[name]) for name in ("mean", "covariance"))
                return GaussianStatistics(int(stored["count"]), mean, covariance)
        except Exception as error:
            raise ValueError(f"the cached statistics {file} are damaged: delete the file") from error

    def save(self, key: StatisticsKey, statistics: GaussianStatistics) -> None:
        """Store statistics; several runs may write the same key at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with write_whole(self.folder / key.file_name) as file:
            np.savez(
                file,
                key=json.dumps(asdict(key)),  # for people who look into the file; it is not read
                count=statistics.count,
                mean=statistics.mean.cpu().numpy(),
                covariance=statistics.covariance.cpu().numpy(),
            )


def real_statistics(
    dataset: PackedDataset,
    indices: Int64[ndarray, " m"],
    extractor: FeatureExtractor,
    *,
    split: str,
    domain: str,
    batch_size: int = 32,
    device: torch.device | str = "cpu",
    cache: StatisticsCache | None = None,
) -> GaussianStatistics:
    """Feature statistics of some images of a dataset, from the cache if it has them.

    Args:
        indices: of the images.
        split, domain: what the images are, for the key of the cache and for messages.
        batch_size: images at a time.
        device: where the extractor is.
        cache: None computes the statistics every time.

    Raises:
        ValueError: fewer than two images.
    """
    if len(indices) < 2:
        raise ValueError(f"domain {domain} has {len(indices)} images in split {split}; statistics need at least 2")
    key = StatisticsKey.of(dataset, indices, extractor, split=split, domain=domain)
    stored = cache.load(key) if cache is not None else None
    if _true_in_every_process(stored is not None, device):
        assert stored is not None
        return stored
    moments = FeatureMoments(extractor.num_features, device)
    for chosen in local_batches(indices, batch_size):
        pixels = torch.from_numpy(dataset.images[chosen]).to(device)
        moments.add(extractor(pixels.permute(0, 3, 1, 2)))
    moments.reduce()
    statistics = moments.statistics()
    if cache is not None and (not is_distributed() or dist.get_rank() == 0):
        cache.save(key, statistics)
    return statistics


def _true_in_every_process(condition: bool, device: torch.device | str) -> bool:
    false_here = torch.tensor(float(not condition), device=device)
    sum_over_processes(false_here)
    return not false_here.item()
