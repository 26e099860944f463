"""Metrics on a device without float64, as Apple GPUs are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hairgan import devices
from hairgan.metrics.classification import AttributeScores
from hairgan.metrics.extractors import FeatureExtractor
from hairgan.metrics.generative import FID
from hairgan.metrics.mean_over_images import MeanOverImages
from hairgan.metrics.segmentation import ParsingScores
from hairgan.metrics.statistics import FeatureMoments

GPU = torch.device("meta")
"""Stands for the GPU: its tensors have shapes and types, and no values."""


class LikeApple(TorchDispatchMode):
    """Refuses float64 on the GPU; what is copied from it is zero."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.ops.aten._to_copy.default and args[0].is_meta and kwargs.get("device") == torch.device("cpu"):
            return torch.zeros(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
        result = func(*args, **kwargs)
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor) and tensor.is_meta and tensor.dtype == torch.float64:
                raise TypeError("the GPU has no float64")
        return result


@pytest.fixture(autouse=True)
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(devices, "WITHOUT_FLOAT64", {"meta"})
    with LikeApple():
        yield


class Features(FeatureExtractor):
    num_features, fid_name = 3, "fid"

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)[:, :3]


class Means(MeanOverImages):
    def update(self, values: torch.Tensor) -> None:
        self.add(values)


def test_the_stand_in_refuses_float64():
    with pytest.raises(TypeError, match="no float64"):
        torch.zeros(2, device=GPU).double()
    with pytest.raises(TypeError, match="no float64"):
        torch.zeros(2, dtype=torch.float64).to(GPU)
    assert devices.to_float64(torch.zeros(2, device=GPU)).device.type == "cpu"


def test_means_over_images():
    metric = nn.ModuleDict({"scores": Means(("a", "b"))}).to(GPU)["scores"]  # as in a LightningModule
    metric.update(torch.zeros(2, 4, device=GPU))
    assert metric.device == GPU and metric.sums.dtype == torch.float64 and int(metric.images) == 4
    assert metric.compute().keys() == {"a", "b"}
    metric.reset()
    metric.float().update(torch.zeros(2, 4, device=GPU))
    assert metric.sums.dtype == torch.float64


def test_distances_and_their_statistics():
    metric = FID(Features()).to(GPU)
    for real in (True, False):
        metric.update(torch.zeros(4, 3, 2, 2, device=GPU), real=real)
    assert metric.fake_count == 4 and metric.fake_outer.dtype == torch.float64
    moments = FeatureMoments(3, GPU)
    moments.add(torch.zeros(4, 3, device=GPU))
    assert moments.statistics().to(GPU).covariance.device.type == "cpu"


def test_scores_of_counts():
    for metric in (ParsingScores().to(GPU), AttributeScores().to(GPU)):
        assert all(value.dtype == torch.float32 for value in metric.compute().values())
