"""Real images' statistics on disk: computed once for a dataset, a domain and an extractor."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from numpy import ndarray

from hairgan.metrics.extractors import FeatureExtractor
from hairgan.metrics.statistics import GaussianStatistics


@dataclass(frozen=True)
class StatisticsKey:
    """All that the statistics depend on: a change of any of it makes another file."""

    dataset: str  # fingerprint of the images, labels and attributes
    size: int
    split: str
    domain: str
    images: str  # hash of the indices, as a domain's definition can change under its name
    extractor: str
    weights: str  # hash of the extractor's weights

    @classmethod
    def of(
        cls, fingerprint: str, size: int, split: str, domain: str, indices: Int[ndarray, " n"],
        extractor: FeatureExtractor,
    ) -> StatisticsKey:  # fmt: skip
        chosen = hashlib.blake2b(np.sort(indices).astype("<i8").tobytes(), digest_size=8).hexdigest()
        return cls(fingerprint, size, split, domain, chosen, extractor.name, extractor.fingerprint)

    @property
    def file_name(self) -> str:
        text = json.dumps(asdict(self), sort_keys=True)
        return f"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}.npz"


class StatisticsCache:
    """A folder of statistics, one npz file a key, written whole or not at all.

    Args:
        folder: made on the first write.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def load(self, key: StatisticsKey) -> GaussianStatistics | None:
        """The statistics under `key`, or None.

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
        """Store statistics; several processes may write the same key at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".partial", delete=False) as file:
            np.savez(
                file,
                key=json.dumps(asdict(key)),  # for people: what is this file?
                count=statistics.count,
                mean=statistics.mean.cpu().numpy(),
                covariance=statistics.covariance.cpu().numpy(),
            )
        os.replace(file.name, self.folder / key.file_name)  # noqa: PTH105
