from dataclasses import replace

import numpy as np
import pytest
import torch

from hairgan.evaluation.real_statistics import StatisticsCache, StatisticsKey, real_statistics
from hairgan.metrics.extractors import EmbeddedExtractor


class CountingExtractor(EmbeddedExtractor):
    def __init__(self):
        super().__init__()
        self.seen = 0

    def extract(self, images):
        self.seen += len(images)
        return super().extract(images)


def test_real_statistics_are_computed_once(data, tmp_path):
    dataset = data.dataset
    extractor, cache = CountingExtractor(), StatisticsCache(tmp_path / "cache")
    train = dataset.split("train")

    def statistics(dataset=dataset, indices=train, domain="red"):
        before = extractor.seen
        result = real_statistics(dataset, indices, extractor, split="train", domain=domain, cache=cache)
        return result, extractor.seen - before

    first, computed = statistics()
    again, recomputed = statistics()
    assert (computed, recomputed) == (28, 0)
    torch.testing.assert_close(first.covariance, again.covariance, rtol=0, atol=0)
    assert again.count == 28
    assert statistics(replace(dataset, fingerprint="another"))[1] == 28
    assert statistics(indices=train[:20])[1] == 20  # the domain's definition changed, not its name
    assert statistics(domain="green")[1] == 28
    assert [*(tmp_path / "cache").glob(".partial*")] == []

    key = StatisticsKey.of(dataset, train, extractor, split="train", domain="red")
    (tmp_path / "cache" / key.file_name).write_bytes(b"PK")
    with pytest.raises(ValueError, match="are damaged: delete the file"):
        statistics()


def test_other_weights_have_other_statistics(data):
    extractor, other = EmbeddedExtractor(), EmbeddedExtractor()
    other.trunk.convs[0].weight.data[0, 0, 0, 0] += 1
    keys = {StatisticsKey.of(data.dataset, np.arange(3), e, split="train", domain="red") for e in (extractor, other)}
    assert len({key.file_name for key in keys}) == 2
