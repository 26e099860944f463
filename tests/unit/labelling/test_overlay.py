import numpy as np
import pytest

from hairgan.labelling.overlay import overlay, region_shares
from hairgan.regions import PALETTE, Region


def test_overlay_leaves_the_background():
    image = np.full((2, 2, 3), 100, np.uint8)
    labels = np.array([[0, 0], [Region.HAIR, Region.SKIN]], np.uint8)
    result = overlay(image, labels)
    assert (result[0] == 100).all()
    expected = 50 + PALETTE[[Region.HAIR, Region.SKIN]] / 2
    assert np.abs(result[1] - expected).max() <= 0.5


def test_shares():
    shares = region_shares(np.array([[13, 13, 1, 0]], np.uint8))
    assert shares["hair"] == 0.5
    assert shares["skin"] == shares["background"] == 0.25
    assert sum(shares.values()) == pytest.approx(1)
