"""Drawn people whose hair a photo can be given."""

from __future__ import annotations

import numpy as np
import pytest

from hairgan.editing.drawn_donors import drawn_donor
from hairgan.regions import Region


@pytest.mark.parametrize("number", range(6))
def test_strands_of_a_perm_are_seen(number) -> None:
    """In black hair they would not be."""
    color = drawn_donor("long_perm", number, 128).hair_color()
    assert color.mean[0] > 25 and color.spread[0] > 4


@pytest.mark.parametrize("number", range(8))
def test_blond_donors_are_blond(number) -> None:
    """In colored light blond hair is orange or olive."""
    lightness, a, b = drawn_donor("blond", number, 128).hair_color().mean
    hue = np.degrees(np.arctan2(b, a))
    assert lightness > 55 and 65 < hue < 90 and np.hypot(a, b) > 20


def test_straight_donors_have_no_curls() -> None:
    """The strands of curls change their direction: beside those of straight hair, as many run across as along."""

    def slant(straight: bool) -> float:
        values = []
        for number in range(6):
            donor = drawn_donor("bob", number, 128, straight)
            below = donor.labels == Region.HAIR
            below[:64] = False
            lightness = donor.crop.mean(axis=2)
            down, across = np.gradient(lightness)
            values.append(np.abs(down[below]).mean() / np.abs(across[below]).mean())
        return max(values)

    assert slant(True) < 0.75 < slant(False)


def test_a_domain_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no domain 'mullet'; the domains are bang"):
        drawn_donor("mullet", 0, 64)
