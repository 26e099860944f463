import numpy as np
import pytest
import scipy.linalg
import torch

from hairgan.metrics.statistics import FeatureMoments, GaussianStatistics, frechet_distance


def moments(features):
    m = FeatureMoments(features.shape[1])
    for part in features.split(7):
        m.add(part)
    return m.statistics()


def test_moments_are_mean_and_unbiased_covariance():
    features = torch.randn(50, 6, generator=torch.Generator().manual_seed(0)) + 100
    statistics = moments(features)
    np.testing.assert_allclose(statistics.mean, features.double().mean(0), rtol=1e-12)
    np.testing.assert_allclose(statistics.covariance, np.cov(features.double().numpy().T), rtol=1e-8, atol=1e-8)


def test_distance_of_two_known_gaussians():
    a = GaussianStatistics(10, torch.tensor([0.0, 1.0]).double(), torch.diag(torch.tensor([4.0, 9.0])).double())
    b = GaussianStatistics(10, torch.tensor([3.0, 1.0]).double(), torch.diag(torch.tensor([1.0, 25.0])).double())
    assert frechet_distance(a, b) == pytest.approx(9 + (2 - 1) ** 2 + (3 - 5) ** 2, rel=1e-12)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-12)


def test_distance_equals_scipy_where_scipy_is_stable():
    rng = np.random.default_rng(0)
    a, b = (
        moments(torch.from_numpy(rng.normal(size=(300, 20)) @ rng.normal(size=(20, 20)) + shift)) for shift in (0, 1)
    )
    root = scipy.linalg.sqrtm(a.covariance.numpy() @ b.covariance.numpy()).real
    expected = ((a.mean - b.mean) ** 2).sum() + np.trace(a.covariance + b.covariance - 2 * torch.from_numpy(root))
    assert frechet_distance(a, b) == pytest.approx(float(expected), rel=1e-9)


def test_fewer_images_than_features():
    # in a subspace of 3 of 200 dimensions the distance is that of the 3 coordinates
    rng = np.random.default_rng(1)
    basis = torch.linalg.qr(torch.from_numpy(rng.normal(size=(200, 3))))[0]
    x, y = (torch.from_numpy(rng.normal(size=(40, 3)) * scale) for scale in (1.0, 2.0))
    assert frechet_distance(moments(x @ basis.T), moments(y @ basis.T)) == pytest.approx(
        frechet_distance(moments(x), moments(y)), rel=1e-9
    )
    few = moments(torch.from_numpy(rng.normal(size=(5, 200))))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-9)


def test_the_factor_of_few_images_is_that_of_all_eigenvalues():
    """Over eight orders of magnitude; the shorter way is taken, as its factor has no more columns than the rank."""
    rng = np.random.default_rng(2)
    scales = torch.logspace(0, -4, 300, dtype=torch.float64)
    few, other = (moments(torch.from_numpy(rng.normal(size=(30, 300))) * scales + 0.1) for _ in range(2))
    assert few.factor.shape == (300, 29)
    torch.testing.assert_close(few.factor @ few.factor.T, few.covariance, rtol=0, atol=1e-12)
    as_if_many = [GaussianStatistics(10**6, each.mean, each.covariance) for each in (few, other)]
    assert frechet_distance(few, other) == pytest.approx(frechet_distance(*as_if_many), rel=1e-9)


def test_wrong_use():
    with pytest.raises(ValueError, match="at least 2 images, got 1"):
        moments(torch.zeros(1, 3))
    a, b = (moments(torch.eye(n)) for n in (3, 4))
    with pytest.raises(ValueError, match="3 features cannot be compared with 4"):
        frechet_distance(a, b)
