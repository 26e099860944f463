"""New hair over a photo without its hair."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hairgan.editing.hair_layer import layer_hair
from hairgan.editing.hair_texture import hair_texture, warp_to
from hairgan.editing.new_hair import HairLayouter, WantedShape
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.plate import remove_hair
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR
from hairgan.photos.alignment import whole_photo
from hairgan.regions import NUM_REGIONS, PALETTE, Region
from tests.unit.heads import draw_labels, paint_head

SIDE = 128


class WearsReference(torch.nn.Module):
    """The hair of the reference at its place; skin below the middle and background above where hair goes."""

    image_size = SIDE

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, source: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        bald = torch.where(source == Region.HAIR, int(Region.BACKGROUND), source)
        new = torch.where(reference == Region.HAIR, int(Region.HAIR), bald)
        return 40 * torch.nn.functional.one_hot(new, NUM_REGIONS).permute(0, 3, 1, 2).float()


def parsed(labels: np.ndarray, hair: tuple[int, int, int]) -> ParsedPhoto:
    picture = paint_head(labels, hair=hair)
    return ParsedPhoto(picture, whole_photo(SIDE, SIDE, SIDE), picture, labels, (labels == Region.HAIR).astype("f4"))


@pytest.fixture
def long_haired() -> ParsedPhoto:
    return parsed(draw_labels(SIDE, length=0.9), (150, 84, 214))


@pytest.fixture
def short_haired() -> ParsedPhoto:
    return parsed(draw_labels(SIDE, length=0.45), (40, 160, 60))


def test_the_plate_shows_what_is_beside_the_hair(long_haired) -> None:
    uncovered = np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32)
    uncovered[HIDDEN_BY_HAIR.index(Region.BACKGROUND)] = 1
    plate = remove_hair(long_haired.crop, long_haired.labels, uncovered)
    hair = long_haired.labels == Region.HAIR
    assert np.abs(plate.picture[hair] - PALETTE[Region.BACKGROUND]).mean() < 6
    np.testing.assert_array_equal(plate.picture[plate.filled == 0], long_haired.crop[plate.filled == 0])
    assert (plate.filled[hair] == 1).all() and (plate.filled == 0).mean() > 0.2


def test_a_crop_without_hair_is_its_own_plate() -> None:
    bald = parsed(draw_labels(SIDE, length=0), (0, 0, 0))
    plate = remove_hair(bald.crop, bald.labels, np.zeros((len(HIDDEN_BY_HAIR), SIDE, SIDE), np.float32))
    np.testing.assert_array_equal(plate.picture, bald.crop)
    assert not plate.filled.any()


def test_new_hair_is_where_the_network_says_and_never_over_the_eyes(long_haired, short_haired) -> None:
    new = HairLayouter(WearsReference())(long_haired, [WantedShape(short_haired.labels)], SIDE)
    wanted = (short_haired.labels == Region.HAIR) & ~np.isin(long_haired.labels, (Region.L_EYE, Region.R_EYE))
    assert ((new.alpha > 0.5) == wanted).mean() > 0.99
    assert (new.alpha[long_haired.labels == Region.L_EYE] < 0.6).all()
    np.testing.assert_allclose(new.uncovered.sum(0), 1, atol=1e-5)
    assert Region.HAIR not in np.unique(new.labels[new.alpha < 0.5])


def test_two_shapes_are_mixed_by_their_shares(long_haired, short_haired) -> None:
    layouter = HairLayouter(WearsReference())
    shapes = [WantedShape(short_haired.labels, 0.9), WantedShape(long_haired.labels, 0.1)]
    mixed = layouter(long_haired, shapes, SIDE).alpha > 0.5
    alone = layouter(long_haired, shapes[:1], SIDE).alpha > 0.5
    assert (mixed == alone).mean() > 0.98


def test_the_layer_has_the_wanted_color_and_leaves_the_rest(long_haired, short_haired) -> None:
    new = HairLayouter(WearsReference())(long_haired, [WantedShape(short_haired.labels)], SIDE)
    wanted = short_haired.hair_color().mean
    layer = layer_hair(long_haired, new, short_haired, short_haired, wanted)
    np.testing.assert_array_equal(layer.picture[layer.changed == 0], long_haired.crop[layer.changed == 0])
    inside = new.alpha == 1
    assert np.abs(layer.picture[inside].mean(0) - (40, 160, 60)).max() < 8
    old_only = (long_haired.labels == Region.HAIR) & (new.alpha == 0)
    assert np.abs(layer.picture[old_only].mean(0) - PALETTE[Region.BACKGROUND]).max() < 12


def test_a_texture_warped_onto_the_same_hair_stays(short_haired) -> None:
    texture = hair_texture(short_haired, SIDE)
    hair = short_haired.labels == Region.HAIR
    warped = warp_to(texture.color + texture.strands, short_haired.labels, short_haired.labels, hair)
    assert np.abs(warped - texture.color - texture.strands)[hair].mean() < 1.0


def test_stripes_reach_from_the_inner_to_the_outer_edge_of_wider_hair() -> None:
    """The donor's inner half is light, its outer half dark: so it is on hair twice as thick."""
    narrow, wide = (draw_labels(SIDE, length=0.45, width=width) for width in (0.25, 0.42))
    y = np.arange(SIDE, dtype=np.float32)
    picture = np.broadcast_to(y[:, None, None], (SIDE, SIDE, 3)).copy()
    warped = warp_to(picture, narrow, wide, wide == Region.HAIR)
    top_of_narrow, top_of_wide = (np.flatnonzero((m == Region.HAIR)[:, SIDE // 2])[0] for m in (narrow, wide))
    assert abs(warped[top_of_wide + 1, SIDE // 2, 0] - top_of_narrow) < 3
