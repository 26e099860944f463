import pytest
import torch

from hairgan.metrics.color import ciede2000, rgb_to_lab
from hairgan.metrics.hair_edits import (
    HairColorDistance,
    HairShapeIoU,
    OutsideHairChange,
)
from hairgan.metrics.perceptual import LPIPS
from hairgan.regions import Region


def left_half(count=1, size=32, columns=16):
    mask = torch.zeros(count, size, size, dtype=torch.bool)
    mask[:, :, :columns] = True
    return mask


def test_outside_change_by_hand():
    source = torch.full((1, 3, 32, 32), 100, dtype=torch.uint8)
    edited = source.clone()
    edited[:, :, :, :20] = 7  # old hair and new hair together
    metric = OutsideHairChange(LPIPS("embedded"))
    metric.update(source, edited, left_half(columns=16), left_half(columns=20))
    assert {k: float(v) for k, v in metric.compute().items()} == pytest.approx(
        {"outside_psnr": 100, "outside_ssim": 1, "outside_lpips_embedded": 0, "outside_bytes_changed": 0}
    )
    edited[:, 0, :16, 20:] += 51  # one of three channels in half of what is outside
    metric.reset()
    metric.update(source, edited, left_half(columns=16), left_half(columns=20))
    scores = metric.compute()
    assert scores["outside_bytes_changed"] == pytest.approx(1 / 6)
    assert scores["outside_psnr"] == pytest.approx(13.9794 + 7.7815, abs=1e-3)  # -10 log10(0.04 / 6)
    assert 0 < scores["outside_ssim"] < 0.99
    assert scores["outside_lpips_embedded"] > 0


def test_an_image_with_hair_everywhere_does_not_count():
    source = torch.full((2, 3, 32, 32), 100, dtype=torch.uint8)
    hair = torch.stack([left_half()[0], torch.ones(32, 32, dtype=torch.bool)])
    edited = source.clone()
    edited[0, :, :, 16:] += 51
    metric = OutsideHairChange(LPIPS("embedded"))
    metric.update(source, edited, hair, hair)
    assert metric.compute()["outside_psnr"] == pytest.approx(13.9794, abs=1e-3)


def test_hair_iou_by_hand():
    wanted, parsed = (torch.full((3, 8, 8), int(Region.SKIN)) for _ in range(2))
    wanted[0, :, :4], parsed[0, :, 2:6] = Region.HAIR, Region.HAIR  # 2 columns of 6
    wanted[1] = Region.HAIR  # nothing found; the third is bald in both
    metric = HairShapeIoU()
    metric.update(parsed, wanted)
    assert metric.compute()["hair_iou"] == pytest.approx((1 / 3 + 0 + 1) / 3)


def test_hair_color_is_taken_away_from_the_border():
    size, hair = 128, left_half(2, 128, 64)
    edited = torch.zeros(2, 3, size, size, dtype=torch.uint8)
    edited[:, :, :, :62] = torch.tensor([120, 60, 30], dtype=torch.uint8).view(3, 1, 1)  # the border is blended
    reference = torch.full((2, 3, size, size), 40, dtype=torch.uint8)
    metric = HairColorDistance()
    metric.update(edited, hair, reference, torch.stack([hair[0], torch.zeros_like(hair[0])]))
    colors = rgb_to_lab(torch.tensor([[120.0, 60, 30], [40, 40, 40]]) / 255)
    assert metric.compute()["hair_color_distance"] == pytest.approx(float(ciede2000(colors[:1], colors[1:])), rel=1e-4)


def test_wrong_use():
    with pytest.raises(ValueError, match="HairShapeIoU has seen no images"):
        HairShapeIoU().compute()
    with pytest.raises(ValueError, match=r"differ in shape: \(1, 16, 16\) and \(1, 32, 32\)"):
        HairColorDistance().update(torch.zeros(1, 3, 16, 16), left_half(), torch.zeros(1, 3, 16, 16), left_half())
