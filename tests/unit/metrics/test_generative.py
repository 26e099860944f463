import numpy as np
import pytest
import torch

from hairgan.metrics.extractors import EmbeddedExtractor, FeatureExtractor
from hairgan.metrics.generative import FID, KID
from hairgan.metrics.statistics import GaussianStatistics


class Pixels(FeatureExtractor):
    """Two bytes of an image, scaled to [0, 1]."""

    name, fid_name, num_features = "pixels", "fid_pixels", 2

    def extract(self, images):
        return images[:, 0, 0, :2].float() / 255


def images_with(values):
    images = torch.zeros(len(values), 3, 8, 8, dtype=torch.uint8)
    images[:, 0, 0, :2] = torch.as_tensor(values)
    images[:, 1, 1, 1] = torch.arange(len(values))  # no two alike
    return images


@pytest.fixture(scope="module")
def pixels():
    return [np.random.default_rng(seed).integers(0, 256, (60, 2)) for seed in range(2)]


def kid_by_definition(x, y):
    def kernel(a, b):
        return (a @ b.T / 2 + 1) ** 3

    xx, yy, (n, m) = kernel(x, x), kernel(y, y), (len(x), len(y))
    inner = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return inner - 2 * kernel(x, y).mean()


def test_fid_by_definition(pixels):
    metric = FID(Pixels())
    for kind, values in zip((True, False), pixels, strict=True):
        for part in images_with(values).split(25):
            metric.update(part, real=kind)
    a, b = (values / 255 for values in pixels)
    product = np.linalg.eigvals(np.cov(a.T) @ np.cov(b.T))
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T)) - 2 * np.sqrt(product).sum()
    assert metric.compute() == pytest.approx(expected, rel=1e-5)
    assert metric.name == "fid_pixels"


def test_given_real_statistics_survive_a_reset(pixels):
    real = GaussianStatistics(9, torch.zeros(2).double(), torch.zeros(2, 2).double())
    metric = FID(Pixels(), real)
    for _ in range(2):
        metric.update(images_with([[255, 0], [255, 0]]), real=False)
        assert metric.compute() == pytest.approx(1)
        metric.reset()
    with pytest.raises(ValueError, match="statistics of 9 real images were given"):
        metric.update(images_with(pixels[0]), real=True)


def test_kid_by_definition(pixels):
    metric = KID(Pixels(), capacity=60)
    for kind, values in zip((True, False), pixels, strict=True):
        for part in images_with(values).split(25):
            metric.update(part, real=kind)
    assert metric.compute() == pytest.approx(kid_by_definition(*(values / 255 for values in pixels)), rel=1e-4)
    assert metric.name == "kid_pixels"


def test_kid_keeps_a_sample_that_depends_on_the_set_alone(pixels):
    values = []
    for order, batch in (([*range(60)], 60), ([*range(59, -1, -1)], 7)):
        metric = KID(Pixels(), capacity=20)
        for part in images_with(pixels[0])[order].split(batch):
            metric.update(part, real=True)
        for part in images_with(pixels[1])[order].split(batch):
            metric.update(part, real=False)
        assert metric.real_kept.shape == (20, 3)
        values.append(metric.compute())
    assert float(values[0]) == pytest.approx(float(values[1]), rel=1e-5)


def test_kid_sample_is_uniform():
    pictures = torch.randint(0, 256, (4000, 3, 8, 8), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    pictures[:, 0, 0, 0] = torch.arange(4000) // 16
    metric = KID(Pixels(), capacity=400)
    metric.update(pictures, real=True)
    kept = metric.real_kept
    assert kept[:, 1].mean() == pytest.approx(0.5, abs=0.05)
    assert 0.08 < kept[:, 0].max() < 0.12  # a tenth of uniform priorities


def test_wrong_use():
    metric = FID(EmbeddedExtractor())
    metric.update(torch.zeros(2, 3, 16, 16), real=True)
    metric.update(torch.zeros(1, 3, 16, 16), real=False)
    with pytest.raises(ValueError, match="fid_embedded, fake images: a covariance needs at least 2 images, got 1"):
        metric.compute()
    with pytest.raises(ValueError, match="needs at least 2 real images, got 0"):
        KID(Pixels(), capacity=4).compute()
