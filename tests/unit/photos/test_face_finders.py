"""Face finders: from label maps, from landmarks, with a detector."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hairgan.networks.fan import FAN
from hairgan.photos.face_finders import (
    FANFinder,
    MTCNNFinder,
    RegionFinder,
    centered_square,
    five_of_98,
    points_from_labels,
)
from hairgan.photos.parser import FaceParser
from hairgan.regions import SWAP_LEFT_RIGHT, Region
from tests.unit.heads import POINTS, PaletteParser, draw_labels, paint_head


@pytest.mark.parametrize("swapped", [False, True])
def test_points_from_a_label_map(swapped: bool) -> None:
    """Sides are told by the picture, so that parsers that confuse left and right do no harm."""
    labels = draw_labels(400)
    found = points_from_labels(SWAP_LEFT_RIGHT[labels] if swapped else labels)
    assert found is not None
    assert np.abs(found / 400 - POINTS).max() < 0.01


def test_glasses_stand_in_for_eyes() -> None:
    labels = draw_labels(400)
    eyes = np.isin(labels, (Region.L_EYE, Region.R_EYE))
    labels[180:205, 130:270] = Region.EYE_G
    found = points_from_labels(labels)
    assert eyes.any() and found is not None
    assert np.abs(found[:2, 1] / 400 - 0.48).max() < 0.02 and found[0, 0] < 0.45 * 400 < 0.55 * 400 < found[1, 0]


@pytest.mark.parametrize("hidden", [[Region.L_EYE], [Region.L_EYE, Region.R_EYE], [Region.U_LIP, Region.L_LIP]])
def test_no_points_without_eyes_or_mouth(hidden: list[Region]) -> None:
    labels = draw_labels(400)
    labels[np.isin(labels, hidden)] = Region.SKIN
    assert points_from_labels(labels) is None


def test_the_parser_finds_the_face_that_fills_a_photo() -> None:
    photo = np.zeros((600, 500, 3), np.uint8)
    photo[100:500, 60:460] = paint_head(draw_labels(400))
    (face,) = RegionFinder(FaceParser(PaletteParser(256)))(photo)
    assert np.abs(face.points - (POINTS * 400 + (60, 100)))[[0, 1, 3, 4]].max() < 3
    assert RegionFinder(FaceParser(PaletteParser(64)))(np.zeros((40, 90, 3), np.uint8)) == []


class KnowingFAN(FAN):
    """Knows where the points are in the whole photo, and sees what it is shown through the crop's brightness ramps."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.weight = nn.Parameter(torch.zeros(1))
        self.calls = 0

    def landmarks(self, images: Tensor) -> Tensor:
        self.calls += 1
        red, green = (images[0, c].double().numpy() for c in (0, 1))  # red grows along x, green along y
        where = np.indices((256, 256))[::-1] + 0.5
        points = np.zeros((98, 2))
        for indices, (x, y) in zip(([*range(60, 68), 96], [*range(68, 76), 97], [54], [76], [82]), POINTS, strict=True):
            distance = (red - (2 * x - 1)) ** 2 + (green - (2 * y - 1)) ** 2
            nearest = np.unravel_index(distance.argmin(), distance.shape)
            points[indices] = where[:, nearest[0], nearest[1]]
        return torch.from_numpy(points)[None].float()


def test_fan_looks_twice() -> None:
    ramp = np.linspace(0, 255, 512)
    photo = np.stack(np.broadcast_arrays(ramp[None], ramp[:, None], 0 * ramp[None]), axis=2).round().astype(np.uint8)
    fan = KnowingFAN()
    (face,) = FANFinder(fan)(photo)
    assert fan.calls == 2
    assert np.abs(face.points / 512 - POINTS).max() < 0.01


def test_five_of_98() -> None:
    landmarks = np.arange(196, dtype=np.float64).reshape(98, 2)
    five = five_of_98(landmarks)
    assert five[0] == pytest.approx(landmarks[[*range(60, 68), 96]].mean(0))
    assert five[3:] == pytest.approx(landmarks[[76, 82]])


def test_without_the_detectors_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MTCNNFinder, "available", staticmethod(lambda: False))
    with pytest.raises(ValueError, match=r"install -e '\.\[faces\]'"):
        MTCNNFinder()


@pytest.mark.skipif(not MTCNNFinder.available(), reason="the extra 'faces' is not installed")
def test_the_detector_on_empty_pictures() -> None:
    finder = MTCNNFinder()
    assert finder(np.full((300, 4000, 3), 127, np.uint8)) == []
    assert finder(np.zeros((20, 20, 3), np.uint8)) == []


def test_the_square_around_a_photo() -> None:
    square = centered_square(300, 600, 128)
    assert square.corners[0] == pytest.approx([0, -150]) and square.corners[2] == pytest.approx([600, 450])
