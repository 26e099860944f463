from __future__ import annotations

import numpy as np
import torch

from hairgan.data.augment import WHOLE_IMAGE, crop, draw_crops, to_bytes, to_float
from hairgan.randomness import numpy_generator


def test_bytes_survive_the_way_to_floats_and_back():
    images = torch.arange(256, dtype=torch.uint8).repeat(12).reshape(1, 32, 32, 3)
    assert torch.equal(to_bytes(to_float(images)), images)


def test_crop_cuts_the_box_and_enlarges_it():
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor([WHOLE_IMAGE, (0.5, 0.25, 0.5, 0.5)])
    out = crop(images, boxes)
    torch.testing.assert_close(out[0], images[0], atol=1e-5, rtol=0)
    expected = torch.nn.functional.interpolate(images[1:, :, 4:12, 8:16], scale_factor=2, mode="bilinear")[0]
    inside = (slice(None), slice(2, -2), slice(2, -2))
    torch.testing.assert_close(out[1][inside], expected[inside], atol=1e-5, rtol=0)


def test_nearest_crops_keep_labels_whole():
    labels = torch.randint(0, 19, (4, 1, 32, 32), generator=torch.Generator().manual_seed(0)).float()
    boxes = torch.from_numpy(draw_crops(numpy_generator(0, "test"), 4, 1.0))
    assert set(crop(labels, boxes, "nearest").unique().tolist()) <= set(range(19))


def test_drawn_boxes_lie_inside_and_have_the_stated_area_and_aspect():
    boxes = draw_crops(numpy_generator(3, "test"), 4000, 0.5)
    left, top, width, height = boxes.T
    assert (boxes >= 0).all() and (left + width <= 1 + 1e-6).all() and (top + height <= 1 + 1e-6).all()
    cropped = (width < 1) | (height < 1)
    assert 0.45 < cropped.mean() < 0.55
    area, aspect = (width * height)[cropped], (width / height)[cropped]
    assert 0.8 - 1e-3 <= area.min() < 0.82 and area.max() < 1
    assert aspect.min() >= 0.9 - 1e-3 and aspect.max() <= 1.1 + 1e-3


def test_the_number_of_draws_does_not_depend_on_their_values():
    first, second = numpy_generator(0, "a"), numpy_generator(0, "a")
    draw_crops(first, 16, 0.0)
    draw_crops(second, 16, 1.0)
    assert np.array_equal(first.random(4), second.random(4))
