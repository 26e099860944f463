import pytest
import torch
from skimage.metrics import structural_similarity

from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.reconstruction import Reconstruction


def test_known_errors():
    metric = Reconstruction(LPIPS("embedded"))
    truth = torch.full((2, 3, 32, 32), 100, dtype=torch.uint8)
    images = truth.clone()
    images[1] += 51  # a fifth of the range; the first image is exact
    metric.update(images, truth)
    scores = metric.compute()
    assert scores["rmse"] == pytest.approx(0.1)
    assert scores["psnr"] == pytest.approx((100 + 13.9794) / 2)
    assert 0.5 < scores["ssim"] < 1
    assert scores["lpips_embedded"] > 0


def test_ssim_equals_skimage():
    generator = torch.Generator().manual_seed(0)
    truth = torch.randint(0, 256, (1, 3, 40, 40), generator=generator).to(torch.uint8)
    images = (truth.float() * 0.8 + 20).to(torch.uint8)
    metric = Reconstruction(LPIPS("embedded"))
    metric.update(images, truth)
    expected = structural_similarity(
        images[0].numpy(), truth[0].numpy(), channel_axis=0, gaussian_weights=True, use_sample_covariance=False,
        data_range=255, full=True,
    )[1].mean()  # fmt: skip
    assert metric.compute()["ssim"] == pytest.approx(expected, abs=2e-3)  # they treat borders differently


def test_under_autocast_the_scores_are_the_same():
    """A validation step runs in the training's precision, in which the variances of smooth images vanish."""
    rows = torch.linspace(100, 140, 32).view(1, 1, 32, 1)
    truth = (rows * torch.ones(2, 3, 32, 32)).to(torch.uint8)
    images = truth + torch.arange(32, dtype=torch.uint8) % 3
    scores = []
    for enabled in (False, True):
        metric = Reconstruction(LPIPS("embedded"))
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            metric.update(images, truth)
        scores.append(metric.compute())
    assert 0.5 < scores[0]["ssim"] < 1
    for name, value in scores[0].items():
        torch.testing.assert_close(scores[1][name], value)


def test_wrong_use():
    metric = Reconstruction(LPIPS("embedded"))
    with pytest.raises(ValueError, match="has seen no images"):
        metric.compute()
    with pytest.raises(ValueError, match=r"differ in shape: \(1, 3, 16, 16\) and \(1, 3, 32, 32\)"):
        metric.update(torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 32, 32))
