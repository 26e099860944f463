import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance

from hairgan.data.parser_augment import (
    SCALES,
    augment_for_parsing,
    draw_color_factors,
    draw_scaled_crops,
    jitter_colors,
)
from hairgan.regions import Region

NEUTRAL = torch.ones(1, 3)
KEEP = torch.zeros(1, dtype=torch.bool)


def test_colors_as_pillow():
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    factors = (1.3, 0.6, 1.4)
    expected = Image.fromarray(pixels)
    for enhance, factor in zip(
        (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color), factors, strict=True
    ):
        expected = enhance(expected).enhance(factor)
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 127.5 - 1
    ours = (jitter_colors(images, torch.tensor([factors]))[0].permute(1, 2, 0) + 1) * 127.5
    assert np.abs(ours.numpy() - np.asarray(expected)).max() < 4  # Pillow rounds after each of the three


def test_crops_stay_inside_and_have_the_published_sizes():
    boxes = draw_scaled_crops(np.random.default_rng(0), 600, 512, 448)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= 1 + 1e-6).all()
    zooms = {round(448 / float(width) / 512, 4) for width in boxes[:, 2]}
    assert zooms == {round(449 / 512, 4), *(scale for scale in SCALES if scale >= 1)}
    whole = draw_scaled_crops(np.random.default_rng(0), 600, 512, 512, scales=(1.0, 2.0))
    assert set(map(tuple, whole[whole[:, 2] == 1].tolist())) == {(0, 0, 1, 1)} and set(whole[:, 2]) == {0.5, 1}
    factors = draw_color_factors(np.random.default_rng(0), 600)
    assert 0.5 <= factors.min() < 0.51
    assert 1.49 < factors.max() <= 1.5


def test_scale_then_crop_by_hand():
    ramp = torch.arange(8.0).expand(1, 3, 8, 8) / 10
    labels = torch.arange(8).expand(1, 8, 8).contiguous()
    # scale 2: 16 pixels wide; the crop of 4 pixels starts at pixel 6, i.e. inside source pixel 3
    box = torch.tensor([[6 / 16, 0.0, 4 / 16, 4 / 16]])
    images, cropped = augment_for_parsing(ramp, labels, factors=NEUTRAL, flips=KEEP, boxes=box, crop_size=4)
    torch.testing.assert_close(images[0, 0, 0], torch.tensor([0.275, 0.325, 0.375, 0.425]))
    assert cropped[0, 0].tolist() == [3, 3, 4, 4]


def test_mirroring_exchanges_left_and_right():
    labels = torch.zeros(1, 4, 4, dtype=torch.int64)
    labels[:, 1, 3] = Region.L_EYE  # the subject's left eye, on the right of the picture
    images = torch.zeros(1, 3, 4, 4)
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    _, mirrored = augment_for_parsing(
        images, labels, factors=NEUTRAL, flips=torch.ones(1, dtype=torch.bool), boxes=whole, crop_size=4
    )
    assert mirrored[0, 1].tolist() == [Region.R_EYE, 0, 0, 0]
    _, kept = augment_for_parsing(images, labels, factors=NEUTRAL, flips=KEEP, boxes=whole, crop_size=4)
    assert torch.equal(kept, labels)


@pytest.mark.parametrize("size", [64, 200])
def test_images_and_labels_stay_together(size):
    torch.manual_seed(0)
    labels = torch.randint(0, 4, (3, size // 8, size // 8)).repeat_interleave(8, 1).repeat_interleave(8, 2)
    images = (labels / 2 - 1)[:, None].repeat(1, 3, 1, 1).float()
    crop = size * 7 // 8
    boxes = torch.from_numpy(draw_scaled_crops(np.random.default_rng(0), 3, size, crop))
    flips = torch.tensor([True, False, True])
    out, out_labels = augment_for_parsing(
        images, labels, factors=NEUTRAL.expand(3, 3), flips=flips, boxes=boxes, crop_size=crop
    )
    assert out.shape == (3, 3, crop, crop)
    assert ((out[:, 0] - (out_labels / 2 - 1)).abs() < 1e-4).float().mean() > 0.7  # all but the squares' edges
